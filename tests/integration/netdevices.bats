# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: devices of the host that move into the container, with what they were, and back when it is not made.
# The "host" of each test is a network namespace of its own.

load helpers

setup() {
    common_setup
    requires ip jq
    not_on runc "1.1 is older than the property"
    not_on crun "1.8 is older than the property"
    unshare --net sleep 600 3>&- &
    HOST=$!
    at_end "kill $HOST"
    wait_for 5 own_network "$HOST"
    VIEW=(nsenter --target "$HOST" --net --)
    on_host ip link set lo up
    config '.linux.namespaces |= map(select(.type != "network")) + [{"type": "network"}]'
    script 'ip -o addr show; ip -o link show'
}

own_network() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
on_host() { nsenter --target "$HOST" --net -- "$@"; }

# veth NAME: with its peer NAME-peer.
veth() { on_host ip link add "$1" address 02:00:00:00:00:"$2" mtu 1400 type veth peer name "$1-p"; }

devices() { config --argjson d "$1" '.linux.netDevices = $d'; }

# Everything of the host's devices that a failure could change.
look() {
    on_host ip -j link show | jq -S 'map(del(.ifindex, .link_index, .link, .operstate, .stats64, .txqlen, .linkmode) |
        .flags -= ["NO-CARRIER", "LOWER_UP", "M-DOWN"])'
    on_host ip -j addr show | jq -S '[.[].addr_info[]?] | map(del(.valid_life_time, .preferred_life_time, .tentative)) | sort'
    on_host ip route show | sed 's/ linkdown//'
    on_host ip -6 route show | grep -v '^fe80\|proto kernel\|^anycast' || true
}

unchanged() {
    local now
    now=$(look)
    [ "$now" = "$before" ] || { diff <(echo "$before") <(echo "$now") >&2; fail "the host's devices changed"; }
}

@test "name, MTU and hardware address stay, and the device is up" {
    veth dev0 01
    devices '{"dev0": {}}'
    ctr_run
    assert_status 0
    assert_match "$output" 'dev0(@[^:]*)?: <[^>]*\bUP\b[^>]*> mtu 1400 .*02:00:00:00:00:01'
    run on_host ip link show dev0
    [ "$status" -ne 0 ]
}

@test "a new name" {
    veth dev0 02
    devices '{"dev0": {"name": "inside0"}}'
    ctr_run
    assert_status 0
    assert_match "$output" 'inside0(@[^:]*)?: <[^>]*\bUP\b[^>]*> mtu 1400 .*02:00:00:00:00:02'
    assert_lacks "$output" dev0:
}

@test "permanent global addresses come along, others do not" {
    veth dev0 03
    on_host ip addr add 192.0.2.7/24 brd + label dev0:web dev dev0
    on_host ip addr add 192.0.2.8/24 dev dev0
    on_host ip addr add 198.51.100.1 peer 198.51.100.2/32 dev dev0
    on_host ip addr add 2001:db8::5/64 nodad dev dev0
    on_host ip addr add 169.254.9.9/16 scope link dev dev0
    on_host ip addr add 203.0.113.9/24 dev dev0 valid_lft 1000 preferred_lft 1000
    devices '{"dev0": {"name": "in"}}'
    ctr_run
    assert_status 0
    assert_has "$output" "192.0.2.7/24 brd 192.0.2.255 scope global in:web" "192.0.2.8/24" \
        "198.51.100.1 peer 198.51.100.2/32" "2001:db8::5/64"
    assert_lacks "$output" 169.254.9.9 203.0.113.9
}

@test "a template takes the first name that is free" {
    shared_network eth0 eth2
    veth dev0 04
    veth dev1 05
    devices '{"dev0": {"name": "eth%d"}, "dev1": {"name": "eth%d"}}'
    ctr_run
    assert_status 0
    assert_match "$output" 'eth1(@[^:]*)?: .*02:00:00:00:00:04'
    assert_match "$output" 'eth3(@[^:]*)?: .*02:00:00:00:00:05'
}

# A second network namespace, with these devices, that the container joins.
shared_network() {
    unshare --net sleep 600 3>&- &
    SHARED=$!
    at_end "kill $SHARED"
    wait_for 5 own_network "$SHARED"
    local name
    for name; do nsenter --target "$SHARED" --net -- ip link add "$name" type veth peer name "$name-p"; done
    config --arg p "/proc/$SHARED/ns/net" '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)'
}

@test "a device keeps its name where the other namespace has one of the host's name" {
    shared_network dev0
    veth dev0 06
    devices '{"dev0": {"name": "mine"}}'
    ctr_run
    assert_status 0
    assert_match "$output" 'mine(@[^:]*)?: .*02:00:00:00:00:06'
}

@test "a name that is taken is an error, and nothing has changed" {
    shared_network eth0
    veth dev0 07
    on_host ip addr add 192.0.2.7/24 dev dev0
    on_host ip link set dev0 up
    devices '{"dev0": {"name": "eth0"}}'
    before=$(look)
    assert_refused /linux/netDevices/dev0 "exists in the container's network namespace"
    unchanged
}

@test "a device that is not there: those that went before are back as they were" {
    veth dev0 08
    on_host ip link add br0 type bridge
    on_host ip link set dev0 master br0
    on_host ip link set dev0-p up
    on_host ip link set br0 up
    on_host ip addr add 192.0.2.7/24 label dev0:web dev dev0
    on_host ip addr add 2001:db8::5/64 nodad dev dev0
    on_host ip addr add 169.254.9.9/16 scope link dev dev0
    on_host ip link set dev0 up
    on_host ip route add 10.9.0.0/16 via 192.0.2.1 dev dev0 onlink metric 77
    on_host ip -6 route add 2001:db8:9::/48 via 2001:db8::1 dev dev0
    veth dev1 09
    devices '{"dev0": {"name": "first"}, "dev1": {}, "nothing": {}}'
    before=$(look)
    assert_refused /linux/netDevices/nothing 'there is no "nothing"'
    unchanged
}

@test "a failure that comes later: the devices are back" {
    veth dev0 0a
    on_host ip addr add 192.0.2.7/24 dev dev0
    on_host ip link set dev0 up
    devices '{"dev0": {"name": "in"}}'
    args /no/such/program
    before=$(look)
    assert_refused "no such file"
    unchanged
    # A hook of the host sees the device gone, and fails.
    printf '#!/bin/sh\n! ip link show dev0 && exit 3\nexit 0\n' >"$T/hook"
    chmod 755 "$T/hook"
    script true
    config --arg h "$T/hook" '.hooks.createRuntime = [{"path": $h, "env": ["PATH=/sbin:/bin:/usr/sbin:/usr/bin"]}]'
    assert_refused "exit status 3"
    unchanged
}

@test "in a user namespace" {
    veth dev0 0b
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown 100000:100000 "$BUNDLE/rootfs"
    devices '{"dev0": {"name": "in"}}'
    ctr_run
    assert_status 0
    assert_match "$output" 'in(@[^:]*)?: <[^>]*\bUP\b.*02:00:00:00:00:0b'
}

@test "the end of the container moves nothing back" {
    veth dev0 0c
    shared_network
    devices '{"dev0": {}}'
    ctr_run
    assert_status 0
    run on_host ip link show dev0
    [ "$status" -ne 0 ]
    run nsenter --target "$SHARED" --net -- ip link show dev0
    assert_status 0
}

@test "what can't move is an error with the kernel's reason" {
    on_host ip link add br9 type bridge
    devices '{"br9": {}}'
    before=$(look)
    assert_refused /linux/netDevices/br9
    unchanged
}

@test "bad names and a missing namespace are refused before anything" {
    local name
    for name in .. . a/b 'a b' a:b averyveryverylongname; do
        devices "$(jq -n --arg n "$name" '{($n): {}}')"
        assert_refused /linux/netDevices "is no name of a network device"
        devices "$(jq -n --arg n "$name" '{dev0: {name: $n}}')"
        assert_refused /linux/netDevices/dev0/name
    done
    for name in 'eth%s' '%d%d' '100%'; do
        devices "$(jq -n --arg n "$name" '{dev0: {name: $n}}')"
        assert_refused /linux/netDevices/dev0/name "%d"
    done
    devices '{"a": {"name": "x"}, "b": {"name": "x"}}'
    assert_refused /linux/netDevices/b/name "given twice"
    devices '{"dev0": {}}'
    config '.linux.namespaces |= map(select(.type != "network"))'
    assert_refused /linux/netDevices "needs a network namespace"
}
