#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# IPv6 on the bridge network of cais. All in a network namespace of the test's own, with one global address; the host
# does not forward IPv6 unless the test says so.

load network

setup() {
    image_setup
    use_own_net
    [ -d /proc/sys/net/ipv6 ] || skip_because "there is no /proc/sys/net/ipv6: the kernel has no IPv6, or was booted without"
    set_ipv6 all/disable_ipv6 0
    set_ipv6 default/disable_ipv6 0
    in_net ip address add 2001:db8::1/128 dev lo nodad
    at_end nothing_left
    at_end no_relay
    at_end remove_containers
    busybox_image
}

forward() { set_ipv6 all/forwarding 1; }
network_of() { cais inspect "$1" | jq -r ".[0].NetworkSettings.$2"; }
address_v6_of() { network_of "$1" GlobalIPv6Address; }
gateway_v6() { in_net ip -o -6 address show scope global | sed -n 's,.* cais-.* inet6 \(fd[0-9a-f:]*\)/64 .*,\1,p'; }
elements_v6() { in_net nft list ruleset | grep -E ' : [0-9a-f]*:[0-9a-f:]+ \. [0-9]+'; }
shims() { pgrep -f "cais-shim $T/run" | wc -l; }
relays() { [ "$(shims)" = $(($1 + $2)) ]; } # SHIMS RELAYS
no_relay() { wait_for 10 relays 0 0; }

own_net() { echo "/proc/$NET_PID/ns/net"; }
net_of() { network_of "$1" SandboxKey; }
# What an accepted connection sends comes back, at port 90 of all addresses of IPv4.
echo_server='import socket, threading
listener = socket.create_server(("0.0.0.0", 90), backlog=100)
print("ready")
def serve(peer):
    while data := peer.recv(65536): peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
    peer.close()
while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()'

# Says at port 80 who asks.
who_server='import socket
listener = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready")
while True:
    peer, name = listener.accept()
    peer.sendall(name[0].encode())
    peer.close()'

# Asks the web server at PORT of [::1], waits for the file GO in the middle of it, and prints the answer.
slow_client='import os, socket, sys, time
port, go = int(sys.argv[1]), sys.argv[2]
peer = socket.create_connection(("::1", port))
peer.sendall(b"GET / HTTP/1.0\r\n")
time.sleep(0.1)
print("asked")
while not os.path.exists(go): time.sleep(0.02)
peer.sendall(b"\r\n")
print(peer.makefile().read())'

@test "by [::1], by the host's address, from a container: without forwarding, which stays as it is" {
    serve one -p 8080:80
    serve two
    answers '[::1]:8080' one
    says '[2001:db8::1]:8080' one || fail "by the host's address"
    says 127.0.0.1:8080 one || fail "no longer by IPv4"
    good exec two timeout 3 wget -q -O- "http://[$(gateway_v6)]:8080/"
    assert_equal "$output" one
    good exec one timeout 3 wget -q -O- "http://[$(gateway_v6)]:8080/"
    assert_equal "$output" one
    good exec two timeout 3 wget -q -O- "http://[$(address_v6_of one)]/"
    assert_equal "$output" one
    good ps --filter name=one
    assert_has "$output" "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"
    good port one
    assert_equal "$output" $'80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080'
    assert_equal "$(cais inspect one | jq -c '.[0].NetworkSettings.Ports')" \
        '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]}'
    ! elements_v6 || fail "rules for what the host does not forward"
    assert_equal "$(ipv6_setting all forwarding)" 0
    good exec one ip -6 route
    assert_lacks "$output" default
}

@test "in the container and on the bridge: addresses, names, no ear for router advertisements" {
    good run --rm --hostname here busy:1 sh -c 'ip -o -6 address show eth0; cat /etc/hosts; cat /proc/sys/net/ipv6/conf/eth0/accept_ra'
    assert_match "$output" 'inet6 (fd[0-9a-f:]+::2)/64 scope global'
    local address=${BASH_REMATCH[1]}
    assert_has "$output" "$address"$'\there' $'\n0'
    assert_lacks "$output" tentative
    assert_equal "$(gateway_v6)" "${address%2}1"
    assert_equal "$(ipv6_setting "$(in_net ip -o link | sed -n 's/.*\(cais-[^:]*\):.*/\1/p')" accept_ra)" 0
    good run -d --name one busy:1 sleep 100
    assert_equal "$(network_of one GlobalIPv6Address) $(network_of one GlobalIPv6PrefixLen) $(network_of one IPv6Gateway)" \
        "${address%2}3 64 "
    assert_equal "$(network_of one Networks.bridge.GlobalIPv6Address)" "${address%2}3"
}

@test "on a host that forwards: by rules, with the client's address, tcp and udp; the way out" {
    forward
    in_net sh -c 'ip link add out type veth peer name far && ip addr add 2001:db8:1::1/64 dev out nodad && ip link set out up'
    unshare --net sleep 100 3>&- &
    local far=$!
    at_end "kill $far"
    wait_for 5 moved "$far"
    local from_far=(nsenter "--net=/proc/$far/ns/net")
    "${from_far[@]}" sh -c 'ip addr add 2001:db8:1::2/64 dev far nodad && ip link set far up'
    mkdir "$T/far"
    echo far >"$T/far/index.html"
    "${from_far[@]}" busybox httpd -f -p 80 -h "$T/far" 3>&- &
    at_end "kill $!"
    wait_for 5 says '[2001:db8:1::2]' far
    # What leaves has the host's address, and comes back.
    good run --rm busy:1 timeout 3 wget -q -O- 'http://[2001:db8:1::2]/'
    assert_equal "$output" far
    good run -d --name one -p 8080:80 -p 5353:53/udp busy:1 sleep 100
    good run -d --name two busy:1 sleep 100
    background "$T/who" "$(net_of one)" "$who_server"
    assert_equal "$(in_net timeout 3 busybox nc 2001:db8::1 8080 </dev/null)" 2001:db8::1
    assert_equal "$("${from_far[@]}" timeout 3 busybox nc 2001:db8:1::1 8080 </dev/null)" 2001:db8:1::2
    assert_equal "$(in_net timeout 3 busybox nc ::1 8080 </dev/null)" "::ffff:$(network_of one Gateway)"
    assert_equal "$(cais exec two timeout 3 nc 2001:db8::1 8080 </dev/null)" "$(gateway_v6)"
    assert_equal "$(cais exec one timeout 3 nc 2001:db8::1 8080 </dev/null)" "$(gateway_v6)"
    assert_equal "$(elements_v6 | wc -l)" 2
    assert_equal "$(network_of one IPv6Gateway)" "$(gateway_v6)"
    # Nobody out there reaches a port that is not published.
    "${from_far[@]}" ip -6 route add default via 2001:db8:1::1
    run "${from_far[@]}" timeout 0.5 busybox wget -q -O- "http://[$(address_v6_of one)]/"
    assert_status 124
    echo_udp "$(net_of one)" AF_INET6
    wait_for 5 echoes 2001:db8::1
    echoes ::1 || fail "udp at [::1], where no rule applies"
    assert_has "$(cais ps)" "[::]:5353->53/udp"
}

@test "udp where the host does not forward: by [::1], by the host's address, many at once; port add and port rm; the end" {
    good run -d --name one -p 5353:53/udp busy:1 sleep 100
    echo_udp "$(net_of one)" AF_INET
    wait_for 5 echoes ::1
    echoes 2001:db8::1 || fail "not by the host's address"
    echoes 127.0.0.1 || fail "no longer by IPv4"
    assert_has "$(cais ps)" "0.0.0.0:5353->53/udp, [::]:5353->53/udp"
    run in_net "$PYTHON" -c 'import socket
peers = []
for i in range(50):
    peer = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    peer.settimeout(10)
    peer.connect(("::1", 5353))
    peers.append(peer)
for turn in range(3):
    for i, peer in enumerate(peers): peer.send(b"%d %d" % (turn, i))
    for i, peer in enumerate(peers): assert peer.recv(100) == b"%d %d" % (turn, i)
print("all")'
    assert_equal "$output" all
    relays 1 1 || fail "$(shims) processes"
    good port add one '[::1]:5454:53/udp'
    wait_for 5 echoes ::1 5454
    echoes ::1 || fail "the other port does not answer any more"
    good port rm one 5353:53/udp
    ! echoes ::1 || fail "answers at a port that was taken away"
    assert_equal "$(in_net ss -lunH 'sport = 5353')" ""
    echoes ::1 5454 || fail "the other port does not answer any more"
    good run -d --name two -p 5353:53/udp busy:1 sleep 100
    good rm -f one two
    assert_equal "$(in_net ss -lunH 'sport = 5353 or sport = 5454')" ""
    no_relay
}

@test "one address; what can't be is refused" {
    serve one -p '[::1]:8080:80' -p '[2001:db8::1]:8081:80' -p '[::]:8082:80'
    answers '[::1]:8080' one
    silent '[2001:db8::1]:8080' one || fail "published at one address, answers at another"
    says '[2001:db8::1]:8081' one || fail "not at the host's address"
    silent '[::1]:8081' one || fail "published at the host's address, answers at [::1]"
    says '[2001:db8::1]:8082' one || fail "not at all of IPv6"
    silent 127.0.0.1:8082 one || fail "published at IPv6, answers at IPv4"
    good port one
    assert_equal "$output" $'80/tcp -> [::1]:8080\n80/tcp -> [2001:db8::1]:8081\n80/tcp -> [::]:8082'
    refused "Bind for [2001:db8::5]:80 failed" -- run --rm -p '[2001:db8::5]:80:80' busy:1 true
    refused "a link's own address" -- run --rm -p '[fe80::1]:80:80' busy:1 true
    refused "is an IPv4 address: write it as one" -- run --rm -p '[::ffff:127.0.0.1]:80:80' busy:1 true
    refused "no IPv6 address between" -- run --rm -p '[x]:80:80' busy:1 true
}

@test "a port that is taken: by a container, by a program; nothing is left" {
    serve one -p 8080:80
    refused "Bind for [::1]:8080 failed: port is already allocated" "the container one has it" -- run --rm -p '[::1]:8080:80' busy:1 true
    assert_match "$(holders 8080)" 'cais-shim.*'$'\n''.*cais-shim'
    background "$T/other" "$(own_net)" 'import socket, time
s = socket.create_server(("::1", 9090), family=socket.AF_INET6)
print("ready")
time.sleep(100)'
    refused "Bind for [::]:9090 failed: port is already allocated" "another program" -- run --rm -p 9090:80 busy:1 true
    assert_equal "$(holders 9090 | grep -c cais)" 0
    assert_equal "$(pairs | wc -l)" 1
    # IPv4 is another matter.
    serve two -p 127.0.0.1:9090:80
    answers 127.0.0.1:9090 two
}

@test "port add and port rm: at once, held, shown; a connection that is open goes on" {
    serve one -p 8080:80
    serve two
    answers '[::1]:8080' one
    background "$T/slow" "$(own_net)" "$slow_client" 8080 "$T/go"
    good port add one 8081:80 '[::1]:8082:80'
    assert_has "$output" "[::]:8080" "[::]:8081" "[::1]:8082"
    says '[::1]:8081' one || fail "does not answer at the port that was added"
    says '[2001:db8::1]:8081' one || fail "nor at the host's address"
    says '[::1]:8082' one || fail "nor at one address"
    assert_has "$(cais ps)" "[::]:8080->80/tcp" "[::]:8081->80/tcp" "[::1]:8082->80/tcp"
    good port rm one 8080:80
    silent '[::1]:8080' one || fail "answers at a port that was taken away"
    assert_equal "$(holders 8080)" ""
    good port add two 8080:80
    says '[::1]:8080' two || fail "the port can't be used again"
    good port rm one '[::1]:8082:80'
    assert_equal "$(holders 8082)" ""
    touch "$T/go"
    wait_for 5 grep -q '^one$' "$T/slow"
    good restart -t 0 one
    answers '[::1]:8081' one
}

@test "the relay: many at once, both ways, half closed; to what listens at one family only; it ends by itself" {
    good run -d --name one -p 8080:80 -p 9090:90 -p 9191:91 busy:1 sh -c 'mkdir /w && echo six >/w/index.html &&
        exec httpd -f -h /w -p "[$(sed -n "s/^\(fd[0-9a-f:]*\)\t.*/\1/p" /etc/hosts)]:80"'
    answers '[::1]:8080' six
    background "$T/echo" "$(net_of one)" "$echo_server"
    run in_net "$PYTHON" -c 'import os, socket, threading
failed = []
def ask():
    data, got = os.urandom(300000), b""
    with socket.create_connection(("::1", 9090), timeout=30) as peer:
        def send():
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        while part := peer.recv(65536): got += part
        sender.join()
    if got != data: failed.append(len(got))
threads = [threading.Thread(target=ask) for _ in range(50)]
for each in threads: each.start()
for each in threads: each.join()
print("bad", failed)'
    assert_equal "$output" "bad []"
    # Nobody listens there.
    run in_net timeout 5 busybox wget -q -O- 'http://[::1]:9191/'
    [ "$status" != 0 ] && [ "$status" != 124 ] || fail "status $status"
    relays 1 1 || fail "$(shims) processes"
    wait_for 15 relays 1 0
    says '[::1]:8080' six || fail "not a second time"
}

@test "the end, with an open connection: nothing stays; so after SIGKILL of the shim" {
    serve one -p 8080:80
    answers '[::1]:8080' one
    background "$T/slow" "$(own_net)" "$slow_client" 8080 "$T/never"
    relays 1 1 || fail "$(shims) processes"
    good rm -f one
    assert_equal "$(holders 8080)" ""
    no_relay
    nothing_left || fail "something is left"
    serve one -p 8080:80
    answers '[::1]:8080' one
    local shim
    shim=$(state_value shim)
    kill -KILL "$shim"
    wait_for 10 process_gone "$shim"
    assert_has "$(cais ps -a)" "Exited (137)"
    no_relay
    good start one
    answers '[::1]:8080' one
}

@test "after a flush of the firewall the next command makes all anew" {
    forward
    serve one -p 8080:80
    answers '[2001:db8::1]:8080' one
    elements_v6 || fail "no rule"
    in_net nft flush ruleset
    says '[::1]:8080' one || fail "the relay needs no rules"
    good ps
    elements_v6 || fail "not healed"
    says '[2001:db8::1]:8080' one || fail "not healed"
}

@test "a host without IPv6, and one that gets it later" {
    ipv6_off
    serve one -p 8080:80
    answers 127.0.0.1:8080 one
    assert_equal "$(address_v6_of one)" ""
    assert_equal "$(cais port one)" "80/tcp -> 0.0.0.0:8080"
    assert_lacks "$(in_net nft list ruleset)" published_v6
    refused "Bind for [::1]:7070 failed: the host has no IPv6" -- run --rm -p '[::1]:7070:80' busy:1 true
    set_ipv6 all/disable_ipv6 0
    set_ipv6 default/disable_ipv6 0
    serve two -p 8081:80
    answers '[::1]:8081' two
    says 127.0.0.1:8080 one || fail "the first is gone"
    assert_has "$(in_net nft list ruleset)" published_v6
    assert_match "$(gateway_v6)" '^fd'
    ipv6_off
    serve three -p 8082:80
    answers 127.0.0.1:8082 three
    says 127.0.0.1:8080 one && says 127.0.0.1:8081 two || fail "one of the others is gone"
}
