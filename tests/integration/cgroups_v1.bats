# SPDX-License-Identifier: Apache-2.0
# Control groups of version 1: each resource by the file that the kernel shows and by its effect.

load helpers

setup() {
    common_setup
    requires cgroup_v1
}

# value CONTROLLER FILE: of the running container
value() { cat "$(cgroup_dir "$1")/$1.$2"; }

resources() { # JSON: merged into linux.resources; the container then runs
    config --argjson r "$1" '.linux.resources += $r'
    args sleep 100
    ctr_running
}

@test "memory: limit, reservation, swap, swappiness, disableOOMKiller" {
    requires v1_memory
    resources '{"memory": {"limit": 67108864, "reservation": 33554432, "swappiness": 7, "disableOOMKiller": true}}'
    assert_equal "$(value memory limit_in_bytes)" 67108864
    assert_equal "$(value memory soft_limit_in_bytes)" 33554432
    assert_equal "$(value memory swappiness)" 7
    assert_has "$(value memory oom_control)" "oom_kill_disable 1"
}

@test "memory: swap is memory and swap together" {
    requires v1_memory
    has_file memory/memory.memsw.limit_in_bytes
    resources '{"memory": {"limit": 67108864, "swap": 134217728}}'
    assert_equal "$(value memory memsw.limit_in_bytes)" 134217728
    assert_equal "$(value memory limit_in_bytes)" 67108864
}

@test "memory: -1 is no limit" {
    requires v1_memory
    resources '{"memory": {"limit": -1}}'
    assert_equal "$(value memory limit_in_bytes)" 9223372036854771712
}

@test "memory: a container above its limit is killed" {
    requires v1_memory
    config '.linux.resources.memory = {"limit": 20971520}'
    args testinit alloc 10
    ctr_run
    assert_equal "$output" "alloc: 10"
    args testinit alloc 100
    ctr_run
    assert_status 137
    assert_equal "$output" ""
}

@test "memory: swap below the limit is an error" {
    config '.linux.resources.memory = {"limit": 67108864, "swap": 33554432}'
    assert_refused /linux/resources/memory
}

@test "cpu: shares, quota, period" {
    requires v1_cpu
    resources '{"cpu": {"shares": 512, "quota": 50000, "period": 200000}}'
    assert_equal "$(value cpu shares) $(value cpu cfs_quota_us) $(value cpu cfs_period_us)" "512 50000 200000"
}

@test "cpu: burst and idle" {
    requires v1_cpu
    has_file cpu/cpu.cfs_burst_us
    not_on runc "1.1 does not know them"
    resources '{"cpu": {"quota": 50000, "period": 100000, "burst": 20000}}'
    assert_equal "$(value cpu cfs_burst_us)" 20000
    must rt delete --force "$CTR"
    has_file cpu/cpu.idle
    config '.linux.resources.cpu = {}'
    resources '{"cpu": {"idle": 1}}'
    assert_equal "$(value cpu idle)" 1
}

@test "cpu: a quota throttles" {
    requires v1_cpu
    config '.linux.resources.cpu = {"quota": 10000, "period": 100000}'
    args testinit burn 1000
    ctr_run
    assert_status 0
    local got
    got=$(sed -n 's/^cpu: //p' <<<"$output")
    [ "$got" -lt 400 ] || fail "$got ms of processor time in a second at 10 %"
}

@test "cpu: realtime values reach the files, or the error names them" {
    requires v1_cpu
    has_file cpu/cpu.rt_runtime_us
    config '.linux.resources.cpu = {"realtimeRuntime": 0, "realtimePeriod": 500000}'
    resources '{}'
    assert_equal "$(value cpu rt_period_us)" 500000
}

@test "cpuset: cpus and mems" {
    requires v1_cpuset
    resources '{"cpu": {"cpus": "0", "mems": "0"}}'
    assert_equal "$(value cpuset cpus) $(value cpuset mems)" "0 0"
    assert_equal "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(state_of pid)/status")" 0
}

@test "cpuset: what nobody asked for is the parent's" {
    requires v1_cpuset
    resources '{}'
    assert_equal "$(value cpuset cpus)" "$(cat /sys/fs/cgroup/cpuset/cpuset.cpus)"
    assert_equal "$(value cpuset mems)" "$(cat /sys/fs/cgroup/cpuset/cpuset.mems)"
}

@test "cpuset: a processor that is not there is an error that names the value" {
    requires v1_cpuset
    config '.linux.resources.cpu = {"cpus": "4000"}'
    assert_refused /linux/resources/cpu/cpus
}

@test "pids: the limit and its effect" {
    requires v1_pids
    config '.linux.resources.pids = {"limit": 6}'
    args testinit forks 20
    ctr_run
    assert_has "$output" "error: EAGAIN" "forks: 5"
    args sleep 100
    ctr_running
    assert_equal "$(value pids max)" 6
}

@test "pids: -1 is no limit" {
    requires v1_pids
    resources '{"pids": {"limit": -1}}'
    assert_equal "$(value pids max)" max
}

@test "blkio: throttling of a device" {
    requires v1_blkio
    local device
    device=$(cat /sys/block/*/dev | grep -v '^7:\|^1:' | head -n 1)
    [ -n "$device" ] || device=7:0
    resources '{"blockIO": {
        "throttleReadBpsDevice": [{"major": '${device%:*}', "minor": '${device#*:}', "rate": 1048576}],
        "throttleWriteBpsDevice": [{"major": '${device%:*}', "minor": '${device#*:}', "rate": 2097152}],
        "throttleReadIOPSDevice": [{"major": '${device%:*}', "minor": '${device#*:}', "rate": 300}],
        "throttleWriteIOPSDevice": [{"major": '${device%:*}', "minor": '${device#*:}', "rate": 400}]}}'
    assert_equal "$(value blkio throttle.read_bps_device)" "$device 1048576"
    assert_equal "$(value blkio throttle.write_bps_device)" "$device 2097152"
    assert_equal "$(value blkio throttle.read_iops_device)" "$device 300"
    assert_equal "$(value blkio throttle.write_iops_device)" "$device 400"
}

@test "hugetlb of a hybrid host: the limit is in cgroup2's file" {
    requires cgroup_v2
    not_on runc "1.1 looks at v1 only"
    local size dir
    dir=$(cgroup2_dir)
    grep -qw hugetlb "$dir/cgroup.controllers" || skip_because "cgroup2 has no hugetlb controller here"
    size=2MB
    resources '{"hugepageLimits": [{"pageSize": "'"$size"'", "limit": 4194304}]}'
    assert_equal "$(cat "$(cgroup_dir unified)/hugetlb.$size.max")" 4194304
}

@test "a controller that the machine does not have: the error names it" {
    [ ! -d /sys/fs/cgroup/net_cls ] || skip_because "this machine has net_cls"
    not_on runc "1.1 ignores it"
    config '.linux.resources.network = {"classID": 1048577}'
    assert_refused /linux/resources/network
}

device_rules() { config --argjson d "$1" '.linux.resources.devices = $d'; }

@test "devices: without a rule that allows it nothing opens" {
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "m"}, {"allow": true, "type": "b", "access": "m"},
        {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]'
    args sh -c 'testinit mknod /tmp/loop b 7 0; testinit mknod /tmp/fuse c 10 229; testinit open /tmp/loop r; testinit open /tmp/fuse r; testinit open /dev/null rw'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "mknod: 0 mknod: 0 open: EPERM open: EPERM open: 0 "
}

@test "devices: read and write are allowed each by itself, mknod always" {
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "r"}]'
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    args sh -c 'testinit open /fuse r; testinit open /fuse w; testinit mknod /tmp/k c 10 229'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: 0 open: EPERM mknod: 0 "
    rm "$BUNDLE/rootfs/tmp/k"
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "wm"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: EPERM open: 0 mknod: 0 "
}

# The first of them denies all, also the nodes that the init makes.
@test "devices: the rules are complete before the init is there" {
    only_estiva "it looks at the order of its own calls"
    requires strace
    device_rules '[{"allow": false, "access": "rwm"}]'
    args true
    in_view strace -f -o "$T/calls" -e trace=openat,clone3 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    assert_equal "$(awk '/clone3\(/ { exit } /devices\.(allow|deny)/ { lines++ } END { print (lines > 1) }' "$T/calls")" 1
    assert_equal "$(awk '/clone3\(/ { cloned = 1 } cloned && /devices\.(allow|deny)/' "$T/calls")" ""
}

@test "devices: a later rule that version 1 cannot express is an error, not a hole" {
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    args sh -c 'testinit open /fuse r; testinit open /fuse w'
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "access": "rwm"}, {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "w"}]'
    [ "$KIND" = estiva ] || return 0
    # The exception list of version 1 can't take a part of an earlier exception back.
    assert_refused /linux/resources/devices/2
    device_rules '[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}, {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "w"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: 0 open: EPERM "
}

@test "devices: allow all, then deny one" {
    mknod "$BUNDLE/rootfs/fuse" c 10 229
    args sh -c 'rm -f /tmp/loop; testinit open /fuse r; testinit mknod /tmp/loop b 7 0'
    device_rules '[{"allow": true, "access": "rwm"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: 0 mknod: 0 "
    device_rules '[{"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]'
    ctr_run
    assert_equal "$(tr '\n' ' ' <<<"$output")" "open: EPERM mknod: 0 "
}

@test "devices: the default devices always work" {
    device_rules '[{"allow": false, "access": "rwm"}]'
    in_container 'echo x >/dev/null; head -c 1 /dev/zero | wc -c; head -c 1 /dev/urandom | wc -c; exec 5<>/dev/ptmx && echo pty'
    assert_equal "$(tr '\n' ' ' <<<"$output")" "1 1 pty "
}

@test "devices: bad access and type are errors" {
    not_on runc "1.1 takes them"
    device_rules '[{"allow": true, "type": "c", "access": "rx"}]'
    assert_refused /linux/resources/devices/0/access
    device_rules '[{"allow": true, "type": "q", "access": "r"}]'
    assert_refused /linux/resources/devices/0/type
}

@test "cgroupsPath: absolute is taken from the mount of each hierarchy" {
    config --arg c "/$CTR/deeper/place" '.linux.cgroupsPath = $c'
    args sleep 100
    ctr_running
    local pid controller
    pid=$(state_of pid)
    for controller in memory pids freezer devices; do
        assert_has "$(cat "/proc/$pid/cgroup")" ":$controller:/$CTR/deeper/place"
    done
    must rt delete --force "$CTR"
    [ ! -d "/sys/fs/cgroup/pids/$CTR/deeper/place" ] || fail "it is left"
    # Parents that the path names may be others' too: the runtime need not remove them.
    find /sys/fs/cgroup -maxdepth 4 -depth -type d -path "*$CTR*" -exec rmdir {} +
}

@test "cgroupsPath: relative is a place of the runtime's choice, the same each time" {
    config --arg c "$CTR-relative" '.linux.cgroupsPath = $c'
    args sleep 100
    ctr_running
    local first
    first=$(grep :pids: "/proc/$(state_of pid)/cgroup")
    assert_has "$first" "$CTR-relative"
    must rt delete --force "$CTR"
    ctr_running
    assert_equal "$(grep :pids: "/proc/$(state_of pid)/cgroup")" "$first"
}

@test "cgroupsPath absent: a place named after the container" {
    config 'del(.linux.cgroupsPath)'
    args sleep 100
    ctr_running
    assert_has "$(grep :pids: "/proc/$(state_of pid)/cgroup")" "$CTR"
}

@test "cgroupsPath: .. does not leave the hierarchy" {
    config --arg c "/../../../../../../tmp/$CTR-out" '.linux.cgroupsPath = $c'
    args true
    ctr_run
    [ ! -e "/tmp/$CTR-out" ] || fail "made outside"
    find /sys/fs/cgroup -maxdepth 4 -depth -type d -path "*$CTR*" -exec rmdir {} + 2>/dev/null || true
}

@test "all hierarchies hold the container, cgroup2 of a hybrid host as well" {
    args sleep 100
    ctr_running
    local pid
    pid=$(state_of pid)
    assert_equal "$(grep -vc "/$CTR$" "/proc/$pid/cgroup")" 0
    [ "$(cgroup_mode)" != hybrid ] || assert_equal "$(cat "$(cgroup_dir unified)/cgroup.procs")" "$pid"
}

@test "in a view of v1 only it works as well" {
    use_v1_view
    config '.linux.resources.pids = {"limit": 6}'
    args testinit forks 20
    ctr_run
    assert_has "$output" "forks: 5"
}

@test "delete removes sub-groups that the container made" {
    config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    script 'mkdir -p /sys/fs/cgroup/pids/a/b /sys/fs/cgroup/freezer/c; echo $$ >/sys/fs/cgroup/pids/a/b/cgroup.procs; sleep 100'
    ctr_running
    wait_for 5 test -d "$(cgroup_dir pids)/a/b"
    must rt delete --force "$CTR"
    assert_nothing_left
}

@test "a cgroup that holds other processes is refused" {
    only_estiva "older peers take it"
    local dir=/sys/fs/cgroup/pids/$CTR
    mkdir "$dir"
    sleep 300 3>&- &
    echo $! >"$dir/cgroup.procs"
    at_end "kill $!; sleep 0.2; rmdir $dir"
    args true
    capture create --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ] || fail "taken"
    assert_has "$stderr" cgroup
    kill -0 $! || fail "its process was ended"
}

@test "a frozen container is killed and deleted" {
    args sleep 100
    ctr_running
    echo FROZEN >"$(cgroup_dir freezer)/freezer.state"
    must rt delete --force "$CTR"
    assert_nothing_left
}
