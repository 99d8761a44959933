# SPDX-License-Identifier: Apache-2.0
# Control groups of version 2. On a hybrid host in a view that shows cgroup2 only: the
# controllers it has, freezing, killing and device programs for real.
# Guests: qemu old

load helpers

setup() {
    common_setup
    requires cgroup_v2
    use_v2_view
    config '.linux.namespaces += [{"type": "cgroup"}]'
}

group() { cgroup_dir unified; }

device_rules() { config --argjson d "$1" '.linux.resources.devices = $d'; }

has_controller() {
    grep -qw "$1" "$(cgroup2_dir)/cgroup.controllers"
}

@test "the container is in its group and sees itself at the root of its namespace" {
    args sleep 100
    ctr_running
    assert_equal "$(cat "$(group)/cgroup.procs")" "$(state_of pid)"
    must rt delete --force "$CTR"
    in_container 'grep ^0: /proc/self/cgroup'
    assert_equal "$output" 0::/
}

@test "hugetlb: limit and reservation" {
    has_controller hugetlb || skip_because "cgroup2 has no hugetlb controller here"
    config '.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 8388608}]'
    args sleep 100
    ctr_running
    assert_equal "$(cat "$(group)/hugetlb.2MB.max")" 8388608
    [ "$KIND" != estiva ] || assert_equal "$(cat "$(group)/hugetlb.2MB.rsvd.max")" 8388608
}

@test "hugetlb: a page size that does not exist is an error" {
    config '.linux.resources.hugepageLimits = [{"pageSize": "3MB", "limit": 8388608}]'
    assert_refused /linux/resources/hugepageLimits/0
}

@test "devices by an eBPF program: deny, allow, each access by itself" {
    # mknod is among the rules that every runtime adds.
    not_on crun "cannot raise the memory lock limit here"
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    mknod "$BUNDLE/rootfs/loop" b 7 0
    args sh -c 'testinit open /fuse r; testinit open /fuse w; testinit open /loop r; rm -f /tmp/k; testinit mknod /tmp/k c 10 229; testinit open /dev/null rw'
    device_rules '[{"allow": false, "access": "rwm"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: EPERM open: EPERM open: EPERM mknod: 0 open: 0 "
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "r"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: 0 open: EPERM open: EPERM mknod: 0 open: 0 "
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "w"}, {"allow": true, "type": "b", "major": 7, "access": "r"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: EPERM open: 0 open: 0 mknod: 0 open: 0 "
}

@test "devices: a later rule overrides an earlier one" {
    not_on crun "cannot raise the memory lock limit here"
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    args sh -c 'testinit open /fuse r; testinit open /fuse w'
    device_rules '[{"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "w"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: 0 open: EPERM "
}

@test "devices: the program is attached before the init mounts a disk" {
    only_estiva "it looks at the order of its own calls"
    requires strace
    device_rules '[{"allow": false, "access": "rwm"}]'
    config '.mounts += [{"destination": "/tmp", "type": "ext4", "source": "/dev/no-such-disk"}]'
    run in_view strace -f -o "$T/calls" -e trace=bpf,clone3 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    [ "$status" != 0 ] || fail "it was mounted"
    assert_equal "$(awk '/clone3\(/ { exit } /BPF_PROG_ATTACH/ { n++ } END { print n }' "$T/calls")" 1
    assert_nothing_left
}

@test "devices: a program is attached even for a created container, and gone after delete" {
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    args testinit open /fuse r
    ctr_create
    ctr_start
    wait_status stopped
    assert_equal "$(cat "$T/out")" "open: EPERM"
    must rt delete "$CTR"
    assert_nothing_left
}

@test "a frozen container is killed and deleted" {
    args sleep 100
    ctr_running
    echo 1 >"$(group)/cgroup.freeze"
    must rt delete --force "$CTR"
    assert_nothing_left
}

@test "kill --all reaches the whole tree" {
    config 'del(.linux.namespaces[] | select(.type == "pid")) | (.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    script 'mkdir /sys/fs/cgroup/a; sleep 1000 & echo $! >/sys/fs/cgroup/a/cgroup.procs; sleep 1000 & echo up; wait'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    local pids pid
    pids=$(cat "$(group)/cgroup.procs" "$(group)/a/cgroup.procs")
    must rt kill --all "$CTR" KILL
    for pid in $pids; do wait_for 5 process_gone "$pid"; done
    must rt delete "$CTR"
    assert_nothing_left
}

@test "unified: a file of a controller that is there" {
    has_controller hugetlb || skip_because "cgroup2 has no hugetlb controller here"
    config '.linux.resources.unified = {"hugetlb.2MB.max": "4194304", "cgroup.max.depth": "3"}'
    args sleep 100
    ctr_running
    assert_equal "$(cat "$(group)/hugetlb.2MB.max") $(cat "$(group)/cgroup.max.depth")" "4194304 3"
}

@test "unified: a path, a missing controller, a missing file are errors" {
    config '.linux.resources.unified = {"../x": "1"}'
    assert_refused
    config '.linux.resources.unified = {"nothing.max": "1"}'
    assert_refused nothing.max
    config '.linux.resources.unified = {"hugetlb.nothing": "1"}'
    assert_refused hugetlb.nothing
}

@test "a limit whose controller is missing is an error that names it" {
    ! has_controller pids || skip_because "this machine has the pids controller in cgroup2"
    config '.linux.resources.pids = {"limit": 5}'
    assert_refused /linux/resources/pids
}

@test "what version 2 cannot do is an error" {
    only_estiva "others ignore it"
    config '.linux.resources.memory = {"swappiness": 5}'
    assert_refused /linux/resources/memory/swappiness
}

@test "cgroupsPath relative and absent" {
    args sleep 100
    config --arg c "$CTR-relative" '.linux.cgroupsPath = $c'
    ctr_running
    assert_has "$(grep ^0: "/proc/$(state_of pid)/cgroup")" "$CTR-relative"
    must rt delete --force "$CTR"
    config 'del(.linux.cgroupsPath)'
    ctr_running
    assert_has "$(grep ^0: "/proc/$(state_of pid)/cgroup")" "$CTR"
}

@test "delegation: with a user namespace and a writable mount the files are the container's" {
    not_on runc "1.1 does not do it by cgroupfs"
    not_on crun "tested on the others"
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        (.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    in_container 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && cat /sys/fs/cgroup/mine/cgroup.procs | wc -l'
    [ "$output" -ge 1 ]
}

@test "delegation: not for a read-only mount" {
    in_userns
    args sleep 100
    ctr_running
    assert_equal "$(stat -c %u "$(group)/cgroup.procs")" 0
}

delegate_to() { config --arg n "$1" '.annotations["run.oci.delegate-cgroup"] = $n'; }

in_userns() {
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
}

# Processes of a cgroup of the container's: members BELOW
members() { sort -n "$(group)$1/cgroup.procs" | tr '\n' ' '; }

@test "run.oci.delegate-cgroup: processes are in a group below, limits above, and the namespace begins above" {
    not_on runc "does not know it"
    not_on crun "1.8 does it for systemd only"
    delegate_to payload/./one/
    script 'grep ^0: /proc/self/cgroup; exec sleep 100'
    ! has_controller hugetlb || config '.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 8388608}]'
    ctr_running
    wait_for 5 grep -q . "$T/out"
    assert_equal "$(cat "$T/out")" 0::/payload/one
    assert_equal "$(members /payload/one)" "$(state_of pid) "
    assert_equal "$(members "")$(members /payload)" ""
    assert_equal "$(cat "$(group)/payload/one/cgroup.controllers")" "$(cat "$(group)/cgroup.controllers")"
    if has_controller hugetlb; then
        assert_equal "$(cat "$(group)/hugetlb.2MB.max")" 8388608
        # Without a limit: the kernel prints its largest number, or "max".
        assert_match "$(cat "$(group)/payload/one/hugetlb.2MB.max")" '^(max|[0-9]{19})$'
    fi
    capture exec "$CTR" grep ^0: /proc/self/cgroup
    assert_equal "$output" 0::/payload/one
    must rt pause "$CTR"
    assert_equal "$(state_of status)" paused
    must rt resume "$CTR"
    must rt kill --all "$CTR" KILL
    wait_status stopped
    must rt delete "$CTR"
    assert_nothing_left
}

@test "run.oci.delegate-cgroup: exec goes where the init has gone" {
    not_on runc "does not know it"
    not_on crun "1.8 does it for systemd only"
    delegate_to payload
    config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    script 'mkdir /sys/fs/cgroup/payload/init.scope && echo $$ >/sys/fs/cgroup/payload/init.scope/cgroup.procs && echo up && exec sleep 100'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    capture exec "$CTR" grep ^0: /proc/self/cgroup
    assert_equal "$output" 0::/payload/init.scope
}

@test "run.oci.delegate-cgroup: the group is the container's, its own is not" {
    not_on runc "does not know it"
    not_on crun "1.8 does it for systemd only"
    delegate_to payload
    in_userns
    args sleep 100
    ctr_running
    assert_equal "$(stat -c %u "$(group)" "$(group)/cgroup.procs" "$(group)/payload" "$(group)/payload/cgroup.procs" |
        tr '\n' ' ')" "0 0 100000 100000 "
    must rt delete --force "$CTR"
    # As a manager inside does it.
    config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    in_container 'cd /sys/fs/cgroup/payload && mkdir a && echo $$ >a/cgroup.procs && grep ^0: /proc/self/cgroup'
    assert_equal "$output" 0::/payload/a
}

@test "run.oci.delegate-cgroup: without a cgroup namespace, in a joined pid namespace, without clone3" {
    not_on runc "does not know it"
    not_on crun "1.8 does it for systemd only"
    delegate_to payload
    config 'del(.linux.namespaces[] | select(.type == "cgroup"))'
    without clone3
    args sleep 100
    ctr_running
    WITHOUT=()
    assert_equal "$(members /payload)" "$(state_of pid) "
    new_bundle "$T/second" "$CTR-second"
    jq --arg pid "$(state_of pid)" '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end)
        | .annotations["run.oci.delegate-cgroup"] = "payload" | .process.args = ["grep", "^0:", "/proc/self/cgroup"]' \
        "$T/second/config.json" >"$T/new"
    cp "$T/new" "$T/second/config.json"
    run --separate-stderr rt run --bundle "$T/second" "$CTR-second" </dev/null
    assert_status 0
    assert_match "$output" "$CTR-second/payload$"
}

@test "run.oci.delegate-cgroup: a path that leads up or nowhere is an error, and so is one without a cgroup" {
    only_estiva "older peers have it for systemd only"
    local bad
    for bad in .. ../x a/../../b / ./.; do
        delegate_to "$bad"
        assert_refused /annotations/run.oci.delegate-cgroup
    done
    delegate_to payload
    capture --cgroup-manager disabled create --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" /annotations/run.oci.delegate-cgroup "needs a cgroup"
    assert_nothing_left
    delegate_to ""
    in_container 'grep ^0: /proc/self/cgroup'
    assert_equal "$output" 0::/
}

@test "run.oci.delegate-cgroup: a frozen group that is there already is refused" {
    only_estiva "others hang in it"
    local own
    own=$(cgroup2_dir)/$CTR
    delegate_to payload
    mkdir -p "$own/payload"
    at_end "rmdir '$own/payload' '$own' 2>/dev/null || :"
    echo 1 >"$own/payload/cgroup.freeze"
    capture create --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" "$CTR/payload" frozen
    assert_nothing_left
}

@test "without clone3 the container is in its group as well" {
    without clone3
    args sleep 100
    ctr_running
    assert_equal "$(cat "$(group)/cgroup.procs")" "$(state_of pid)"
}
