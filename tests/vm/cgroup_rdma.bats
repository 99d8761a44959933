# SPDX-License-Identifier: Apache-2.0
# Limits on RDMA devices, by file and by what a program gets of a device that is all software.
# Guests: qemu old

load vm

node=/dev/infiniband/uverbs0

limits() { value rdma.max | xargs; } # before Linux 6 a line ends with a space

setup() {
    guest_setup
    # It stays until the guest is thrown away: the kernel's driver has crashed as it was taken down.
    if [ ! -e /sys/class/infiniband/rxe0 ]; then
        must ip link add rdma-under type dummy
        must ip link set rdma-under up
        must modprobe ib_uverbs
        must rdma link add rxe0 type rxe netdev rdma-under
    fi
    wait_for 5 test -c $node
    config --argjson major $((0x$(stat -c %t $node))) --argjson minor $((0x$(stat -c %T $node))) --arg path $node '
        .linux.devices = [{path: $path, type: "c", major: $major, minor: $minor, fileMode: 438}] |
        .linux.resources.devices += [{allow: true, type: "c", major: $major, minor: $minor, access: "rw"}]'
}

@test "without a limit the program gets all that it asks for" {
    args testinit rdma $node 3 5
    ctr_run
    assert_equal "$output" $'contexts: 3\ndomains: 5'
}

@test "handles and objects above the limit are refused" {
    args testinit rdma $node 3 5
    config '.linux.resources.rdma = {"rxe0": {"hcaHandles": 2, "hcaObjects": 4}}'
    ctr_run
    assert_equal "$output" $'context: EAGAIN\ndomain: EAGAIN\ncontexts: 2\ndomains: 4'
    config '.linux.resources.rdma = {"rxe0": {"hcaHandles": 0}}'
    ctr_run
    assert_has "$output" "context: EAGAIN" "contexts: 0"
}

@test "the files; update raises one limit and leaves the other" {
    only_estiva "the peers here have no option for it"
    script "until [ -e /tmp/go ]; do sleep 0.05; done; testinit rdma $node 3 5; exec sleep 1000"
    resources '{"rdma": {"rxe0": {"hcaHandles": 2, "hcaObjects": 4}}}'
    assert_equal "$(limits)" "rxe0 hca_handle=2 hca_object=4"
    capture events --stats "$CTR"
    assert_equal "$(jq -c .data.rdma.rxe0.limit <<<"$output")" '{"hca_handle":2,"hca_object":4}'
    echo '{"rdma": {"rxe0": {"hcaHandles": 3}}}' >"$T/r.json"
    must rt update --resources "$T/r.json" "$CTR"
    assert_equal "$(limits)" "rxe0 hca_handle=3 hca_object=4"
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 20 grep -q domains: "$T/out"
    assert_equal "$(cat "$T/out")" $'domain: EAGAIN\ncontexts: 3\ndomains: 4'
}

@test "a limit on a device that is not there is an error that names it" {
    config '.linux.resources.rdma = {"rxe7": {"hcaHandles": 2}}'
    assert_refused /linux/resources/rdma/rxe7
}
