#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The bridge network of cais: addresses, published ports, what is left. All in a network namespace of the test's own,
# with one address besides the loopback's, and without IPv6.

load network

setup() {
    image_setup
    use_own_net
    ipv6_off
    in_net ip address add 192.0.2.1/32 dev lo
    at_end nothing_left
    at_end remove_containers
    busybox_image
}

@test "two at once: by localhost, by the host's address, from a container, by its own published port" {
    serve one -p 8080:80
    serve two -p 6660:80
    answers 127.0.0.1:8080 one
    answers 127.0.0.1:6660 two
    says 192.0.2.1:8080 one || fail "by the host's address"
    good exec two timeout 3 wget -q -O- http://192.0.2.1:8080/
    assert_equal "$output" one
    good exec one timeout 3 wget -q -O- http://192.0.2.1:8080/
    assert_equal "$output" one
    good exec two timeout 3 wget -q -O- "http://$(address_of one)/"
    assert_equal "$output" one
    good ps --filter name=one
    assert_has "$output" "0.0.0.0:8080->80/tcp"
    good port one
    assert_equal "$output" "80/tcp -> 0.0.0.0:8080"
    assert_equal "$(cais inspect one | jq -c '.[0].NetworkSettings.Ports')" '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}'
}

@test "stop takes the port away, start brings it back, rm leaves nothing" {
    serve one -p 127.0.0.1:8080:80
    answers 127.0.0.1:8080 one
    silent 192.0.2.1:8080 one || fail "published at one address, answers at another"
    good stop one
    silent 127.0.0.1:8080 one || fail "answers after stop"
    ! elements || fail "an element is left"
    good port one
    assert_equal "$output" ""
    good start one
    answers 127.0.0.1:8080 one
    good rm -f one
    nothing_left || fail "something is left"
}

@test "nobody is kept waiting by the firewall, which closes a socket only when what was deleted has gone" {
    requires strace
    good run --rm -p 8080:80 busy:1 true
    "${NET[@]}" strace -f -o "$T/calls" -e trace=execve,socket,close \
        "$CAIS" --root "$T/store" --run-root "$T/run" run --rm -p 8080:80 busy:1 true 3>&-
    # Each close of a socket of nftables: before the program's end, or as the last that the command after it does.
    assert_equal "$(awk '
        { split($2, call, /[()]/) }
        call[1] == "execve" && /_after-exit/ { after = $1 }
        call[1] == "socket" && /NETLINK_NETFILTER\)/ { slow[$1, $NF] = 1 }
        call[1] == "close" {
            if ($1 == after) last = slow[$1, call[2]] ? "last" : "too early"
            else if (slow[$1, call[2]]) print after ? "too late" : "in time"
            delete slow[$1, call[2]]
        }
        END { print last }' "$T/calls" | sort -u)" $'in time\nlast'
}

@test "a port that is taken: by a container, by a program; nothing is left" {
    serve one -p 8080:80
    refused "driver failed programming external connectivity" "Bind for 0.0.0.0:8080 failed: port is already allocated" \
        "the container one has it" -- run --name two -p 7070:70 -p 8080:80 busy:1 true
    refused "Bind for 127.0.0.1:8080 failed" -- run --rm -p 127.0.0.1:8080:80 busy:1 true
    good ps -a --filter name=two
    assert_has "$output" Created
    # Neither the container nor its runtime got the socket that holds the port.
    assert_match "$(in_net ss -ltnpH "sport = 8080")" 'users:\(\("cais-shim",pid=[0-9]+,fd=[0-9]+\)\)$'
    assert_equal "$(elements | wc -l)" 1
    assert_equal "$(pairs | wc -l)" 1
    in_net timeout 20 busybox nc -l -p 9090 3>&- &
    local other=$!
    wait_for 5 listens 9090
    refused "Bind for 0.0.0.0:9090 failed: port is already allocated" "another program" -- run --rm -p 9090:80 busy:1 true
    # And nobody else gets one of ours.
    run in_net timeout 2 busybox nc -l -p 8080
    assert_has "$output" "Address already in use"
    kill "$other"
}

@test "any free port, ranges, udp" {
    good run -d --name one -p 80 -p 7000-7001:70-71 -p 5353:53/udp busy:1 sleep 100
    good port one 80
    assert_match "$output" '^0\.0\.0\.0:[0-9]+$'
    [ "${output##*:}" -gt 1023 ] || fail "no free port: $output"
    assert_has "$(cais ps)" "0.0.0.0:7000-7001->70-71/tcp" "0.0.0.0:5353->53/udp"
    echo_udp "$(echo "$T"/run/containers/*/netns)" AF_INET
    wait_for 5 echoes 127.0.0.1
    refused "only tcp and udp" -- run -p 80:80/sctp busy:1 true
    refused "Bind for [::1]:80 failed: the host has no IPv6" -- run --rm -p '[::1]:80:80' busy:1 true
}

@test "port add and port rm: at once, held, shown, kept over a restart" {
    serve one -p 8080:80
    serve two
    answers 127.0.0.1:8080 one
    good port add one 8081:80 127.0.0.1:8082:80
    assert_equal "$output" $'80/tcp -> 0.0.0.0:8080\n80/tcp -> 0.0.0.0:8081\n80/tcp -> 127.0.0.1:8082'
    says 192.0.2.1:8081 one || fail "does not answer at the port that was added"
    says 127.0.0.1:8082 one || fail "nor at one address"
    silent 192.0.2.1:8082 one || fail "answers at another address"
    good exec two timeout 3 wget -q -O- http://192.0.2.1:8081/
    assert_equal "$output" one
    assert_has "$(cais ps)" "0.0.0.0:8081->80/tcp" "127.0.0.1:8082->80/tcp"
    assert_equal "$(cais inspect one | jq -c '[.[0].NetworkSettings.Ports["80/tcp"][].HostPort]')" '["8080","8081","8082"]'
    assert_equal "$(cais inspect one | jq -c '[.[0].HostConfig.PortBindings["80/tcp"][].HostPort]')" '["8080","8081","8082"]'
    # The shim has the sockets, and nobody else.
    for port in 8080 8081 8082; do
        assert_match "$(holders $port)" 'users:\(\("cais-shim",pid=[0-9]+,fd=[0-9]+\)\)$'
    done
    good port rm one 8080:80
    silent 127.0.0.1:8080 one || fail "answers at a port that was taken away"
    assert_equal "$(holders 8080)" ""
    says 127.0.0.1:8081 one || fail "the others went too"
    good port add two 8080:80
    says 127.0.0.1:8080 two || fail "the port can't be used again"
    good restart -t 0 one
    answers 127.0.0.1:8081 one
    says 127.0.0.1:8080 two || fail "the start took a port that was given up"
    good port one
    assert_equal "$output" $'80/tcp -> 0.0.0.0:8081\n80/tcp -> 127.0.0.1:8082'
    good port rm one 80
    good port one
    assert_equal "$output" ""
    silent 127.0.0.1:8081 one || fail "answers though nothing is published"
    assert_equal "$(elements | wc -l)" 1
    good rm -f one two
    nothing_left || fail "something is left"
}

@test "port add and port rm: ranges, any free port, udp; what is refused changes nothing" {
    good run -d --name one -p 7000-7002:70-72 -p 80 busy:1 sleep 100
    serve two -p 8080:80
    good port add one 9000-9001:90-91/udp
    good port rm one 7001:71
    assert_has "$(cais ps --filter name=one)" "0.0.0.0:7000->70/tcp, 0.0.0.0:7002->72/tcp" "0.0.0.0:9000-9001->90-91/udp"
    good port one 80
    local free=${output##*:}
    good port rm one "$free:80"
    good port add one 80
    good port one 80
    assert_match "$output" '^0\.0\.0\.0:[0-9]+$'
    state() { cais port one; elements; cais inspect one | jq -c '.[0].HostConfig.PortBindings'; holders 7003; holders 7004; }
    local before
    before=$(state)
    refused "Bind for 0.0.0.0:8080 failed: port is already allocated" "the container two has it" -- port add one 8080:81
    # All of a range, or nothing.
    in_net timeout 20 busybox nc -l -p 7004 3>&- &
    local other=$!
    wait_for 5 listens 7004
    before=$(state)
    refused "Bind for 0.0.0.0:7004 failed" "another program" -- port add one 7003-7004:70-71
    refused "Bind for 0.0.0.0:7000 failed" -- port add one 7000:70
    refused "No public port '71/tcp' published for one" -- port rm one 71
    refused "No public port '7000:70/udp' published for one" -- port rm one 7000:70/udp
    refused "has a port that is none" -- port add one x:80
    refused "only tcp and udp" -- port add one 80:80/sctp
    refused "the host has no IPv6" -- port add one '[::1]:80:80'
    refused "no IPv6 address between" -- port add one '[x]:80:80'
    refused "No such container" -- port add nobody 80:80
    refused "an operand is missing" "usage: cais port" -- port add one
    assert_equal "$(state)" "$before"
    kill "$other"
    good run -d --name host --network host busy:1 sleep 100
    refused "has the network host" -- port add host 80:80
    good run -d --name shares --network container:one busy:1 sleep 100
    refused "conflicting options" -- port add shares 80:80
    good stop -t 0 one
    refused "Container one is not running" -- port add one 7003:70
    good start one
    assert_has "$(cais ps --filter name=one)" "0.0.0.0:7000->70/tcp, 0.0.0.0:7002->72/tcp" "0.0.0.0:9000-9001->90-91/udp"
    good port one 80
}

@test "container:NAME: one network for two, with its address and hosts" {
    serve one -p 8080:80
    good run -d --name two --network container:one busy:1 sleep 100
    good exec two timeout 3 wget -q -O- http://127.0.0.1/
    assert_equal "$output" one
    assert_equal "$(cais exec two cat /etc/hosts)" "$(cais exec one cat /etc/hosts)"
    assert_equal "$(cais inspect two | jq -r '.[0].HostConfig.NetworkMode')" "container:$(cais inspect one | jq -r '.[0].Id')"
    refused "conflicting options: port publishing" -- run -p 80:80 --network container:one busy:1 true
    refused "No such container: three" -- run --network container:three busy:1 true
    good stop -t 0 two
    says 127.0.0.1:8080 one || fail "the end of one ended the other's network"
    good stop -t 0 one
    try start two
    assert_status 1
    assert_has "$stderr" "cannot join network of a non running container"
}

@test "after a flush of the firewall the next command makes all anew" {
    serve one -p 8080:80
    answers 127.0.0.1:8080 one
    in_net nft flush ruleset
    silent 127.0.0.1:8080 one || fail "answers without rules"
    good ps
    says 127.0.0.1:8080 one || fail "not healed"
}

@test "SIGKILL of the shim, or of a command that had just joined: the next one cleans up" {
    serve one -p 8080:80
    local shim
    shim=$(state_value shim)
    kill -KILL "$shim"
    wait_for 10 process_gone "$shim"
    assert_has "$(cais ps -a)" "Exited (137)"
    nothing_left || fail "something is left"
    # As if the starter had been killed before there was a shim.
    good start one
    local dir
    dir=$(echo "$T"/run/containers/*)
    cp "$dir/network" "$T/network"
    good stop one
    mkdir "$dir"
    cp "$T/network" "$dir/network"
    : >"$dir/netns"
    mount --bind "/proc/$NET_PID/ns/net" "$dir/netns"
    in_net nft add element inet "$(in_net nft list tables | sed 's/.* //')" published '{ tcp . 8080 : 10.1.1.1 . 80 }'
    good ps
    ! grep "$dir" /proc/self/mountinfo || fail "the namespace is pinned still"
    ! elements || fail "an element is left"
    good start one
    answers 127.0.0.1:8080 one
}

@test "in the container: address, name, route, name servers; the way out; other networks" {
    good run --rm --hostname here --add-host gate:host-gateway busy:1 sh -c 'ip -o -4 addr show eth0; cat /etc/hosts; ip route; ls /sys/class/net'
    assert_match "$output" 'inet (10\.[0-9]+\.0|172\.[0-9]+\.0)\.2/16'
    local address=${BASH_REMATCH[0]#inet }
    assert_has "$output" "${address%/16}"$'\there' "${address%.*}.1"$'\tgate' "default via ${address%.*}.1"
    assert_has "$output" eth0
    good run --rm --network none busy:1 ls /sys/class/net
    assert_equal "$output" lo
    good run --rm --network host busy:1 ip -o -4 addr show lo
    assert_has "$output" 192.0.2.1
    try run --rm --network host -p 80:80 busy:1 true
    assert_has "$stderr" "Published ports are discarded"
    # What leaves has the host's address, and comes back.
    in_net sh -c 'ip link add out type veth peer name far && ip addr add 198.51.100.1/24 dev out && ip link set out up'
    unshare --net sleep 100 3>&- &
    local far=$!
    at_end "kill $far"
    wait_for 5 moved "$far"
    mkdir "$T/far"
    echo far >"$T/far/index.html"
    nsenter "--net=/proc/$far/ns/net" sh -c 'ip addr add 198.51.100.2/24 dev far && ip link set far up'
    nsenter "--net=/proc/$far/ns/net" busybox httpd -f -p 80 -h "$T/far" 3>&- &
    at_end "kill $!"
    wait_for 5 says 198.51.100.2 far
    good run --rm busy:1 timeout 3 wget -q -O- http://198.51.100.2/
    assert_equal "$output" far
    # Nobody out there reaches a port that is not published.
    serve one -p 8080:80
    answers 192.0.2.1:8080 one
    local from_far=(nsenter "--net=/proc/$far/ns/net")
    "${from_far[@]}" ip route add default via 198.51.100.1
    assert_equal "$("${from_far[@]}" timeout 1 busybox wget -q -O- http://198.51.100.1:8080/)" one
    run "${from_far[@]}" timeout 0.5 busybox wget -q -O- "http://$(address_of one)/"
    assert_status 124
}

# The links are made beside the runtime; what it sets is for links that are there.
@test "a pair has one queue each way; --sysctl reaches its end in the container; a start that fails leaves no pair" {
    good run --rm busy:1 sh -c 'cd /sys/class/net/eth0/queues && echo *'
    assert_equal "$output" "rx-0 tx-0"
    good run --rm --sysctl net.ipv4.conf.eth0.log_martians=1 busy:1 cat /proc/sys/net/ipv4/conf/eth0/log_martians
    assert_equal "$output" 1
    try run --rm --sysctl net.ipv4.conf.eth9.log_martians=1 busy:1 true
    assert_status 125
    assert_has "$stderr" eth9
    try run --rm busy:1 /no/such
    assert_status 127
    nothing_left || fail "something is left"
}

@test "another runtime joins it too; without nft it is refused before anything is made" {
    requires runc
    serve one --runtime runc -p 8080:80
    answers 127.0.0.1:8080 one
    good rm -f one
    in_net nft flush ruleset
    mkdir "$T/bin"
    ln -s "$(command -v env)" "$T/bin/env"
    run --separate-stderr in_net unshare --mount sh -c 'mount --bind /dev/null "$1" && shift && exec "$@"' - \
        "$(readlink -f "$(command -v nft)")" "$CAIS" --root "$T/store" --run-root "$T/run" run --rm busy:1 true 3>&-
    assert_status 125
    assert_has "$stderr" "--network host"
}
