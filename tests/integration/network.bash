# SPDX-License-Identifier: Apache-2.0
# For tests of the bridge network.

load image

# /proc/sys/net/ipv6/conf/DEVICE/SETTING of the test's own network.
ipv6_setting() { in_net cat "/proc/sys/net/ipv6/conf/$1/$2"; }
set_ipv6() { # DEVICE/SETTING VALUE
    in_net sh -c "echo $2 >/proc/sys/net/ipv6/conf/$1"
}
ipv6_off() {
    [ ! -d /proc/sys/net/ipv6 ] || { set_ipv6 all/disable_ipv6 1 && set_ipv6 default/disable_ipv6 1; }
}

elements() { in_net nft list ruleset | grep -E ' : [0-9a-f.:]+ \. [0-9]+'; }
pairs() { in_net ip -o link | grep veth; }
no_pairs() { # within 3 s
    local i
    for i in {1..60}; do pairs || return 0; sleep 0.05; done
    return 1
}

# Of containers that have ended; the kernel takes their pairs down when it likes.
nothing_left() {
    ! elements && [ -z "$(ls "$T/run/containers" 2>/dev/null)" ] &&
        ! grep "$T/run/containers" /proc/self/mountinfo && no_pairs >/dev/null
}

# A web server in a container, that says WORD.
serve() { # WORD OPTION...
    local word=$1
    shift
    good run -d --name "$word" "$@" busy:1 sh -c "mkdir -p /w && echo $word >/w/index.html && exec httpd -f -p 80 -h /w"
}

fetch() { in_net timeout 1 busybox wget -q -O- "http://$1/"; }
says() { [ "$(fetch "$1")" = "$2" ]; }
answers() { wait_for 5 says "$@"; }
silent() { ! says "$@" 2>/dev/null; }
address_of() { cais inspect "$1" | jq -r '.[0].NetworkSettings.IPAddress'; }
listens() { in_net ss -ltnH "sport = $1" | grep -q .; }
holders() { in_net ss -ltnpH "sport = $1"; }
state_value() { sed -n "s/^$1=//p" "$T"/run/containers/*/state; }

# A program of Python in a network namespace; it says on standard output, which is FILE, that it has begun.
background() { # FILE NAMESPACE ARGUMENT...
    nsenter "--net=$2" -- "$PYTHON" -uc "${@:3}" >"$1" 3>&- &
    at_end "kill $! 2>/dev/null || true"
    wait_for 10 test -s "$1"
}

# At port 53 of a network namespace, published as 5353.
echo_udp() { # NAMESPACE FAMILY
    background "$T/udp" "$1" 'import socket, sys
s = socket.socket(getattr(socket, sys.argv[1]), socket.SOCK_DGRAM)
s.bind(("", 53))
print("ready")
while True: s.sendto(*s.recvfrom(100))' "$2"
}
# The answer comes from where the question went to.
echoes() { # ADDRESS [PORT]
    [ "$(in_net "$PYTHON" -c 'import socket, sys
family, _, _, _, place = socket.getaddrinfo(*sys.argv[1:3], type=socket.SOCK_DGRAM)[0]
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect(place)
s.send(b"hello")
print(s.recv(100).decode())' "$1" "${2:-5353}" 2>/dev/null)" = hello ]
}

moved() { # to the network namespace of PID, once that has one of its own
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        in_net ip link set far netns "$1" && nsenter "--net=/proc/$1/ns/net" ip link show far >/dev/null
}
