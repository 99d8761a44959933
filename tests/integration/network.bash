# SPDX-License-Identifier: Apache-2.0
# For tests of the bridge network.

load image

# /proc/sys/net/ipv6/conf/DEVICE/SETTING of the test's own network.
ipv6_setting() { in_net cat "/proc/sys/net/ipv6/conf/$1/$2"; }
set_ipv6() { # DEVICE/SETTING VALUE
    in_net sh -c "echo $2 >/proc/sys/net/ipv6/conf/$1"
}
has_ipv6() { [ "$(ipv6_setting all disable_ipv6 2>/dev/null)" = 0 ]; }
ipv6_off() {
    ! has_ipv6 || { set_ipv6 all/disable_ipv6 1 && set_ipv6 default/disable_ipv6 1; }
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

moved() { # to the network namespace of PID, once that has one of its own
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        in_net ip link set far netns "$1" && nsenter "--net=/proc/$1/ns/net" ip link show far >/dev/null
}
