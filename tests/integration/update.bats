# SPDX-License-Identifier: Apache-2.0
# update: new limits for a running container, by option, file and standard input; what is refused changes nothing.

load helpers

setup() {
    common_setup
    requires cgroup_v1
}

# value CONTROLLER FILE: of the running container
value() { cat "$(cgroup_dir "$1")/$1.$2"; }

running_with() { # JSON: merged into linux.resources
    config --argjson r "$1" '.linux.resources += $r'
    args sleep 100
    ctr_running
}

update() { # OPTION...
    capture update "$@" "$CTR"
    [ "$status" = 0 ] || fail "update $* failed"
}

refused() { # OPTION... -- PART...: update fails, its error has each part
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    capture update "${words[@]}" "$CTR"
    [ "$status" -ne 0 ] || fail "update ${words[*]} succeeded"
    assert_has "$stderr" "$@"
}

@test "every option reaches its file" {
    not_on runc "1.1 has no burst and no idle"
    not_on crun "1.8 has no burst and no idle"
    running_with '{}'
    update --cpu-period 200000 --cpu-quota 80000 --cpu-share 300 --cpu-burst 10000
    assert_equal "$(value cpu cfs_period_us) $(value cpu cfs_quota_us) $(value cpu shares) $(value cpu cfs_burst_us)" \
        "200000 80000 300 10000"
    update --memory 64m --memory-reservation 32M --memory-swap 128mb
    assert_equal "$(value memory limit_in_bytes) $(value memory soft_limit_in_bytes) $(value memory memsw.limit_in_bytes)" \
        "67108864 33554432 134217728"
    update --pids-limit 33
    assert_equal "$(value pids max)" 33
    update --cpuset-cpus 0 --cpuset-mems 0
    assert_equal "$(value cpuset cpus) $(value cpuset mems)" "0 0"
    if [ -e "$(cgroup_dir blkio)/blkio.bfq.weight" ]; then
        update --blkio-weight 200
        assert_equal "$(value blkio bfq.weight)" 200
    fi
    if [ -e "$(cgroup_dir cpu)/cpu.idle" ]; then
        update --cpu-idle 1
        assert_equal "$(value cpu idle)" 1
    fi
}

@test "one half of the quota leaves the other" {
    running_with '{"cpu": {"quota": 50000, "period": 200000}}'
    update --cpu-quota 60000
    assert_equal "$(value cpu cfs_quota_us) $(value cpu cfs_period_us)" "60000 200000"
    update --cpu-period 100000
    assert_equal "$(value cpu cfs_quota_us) $(value cpu cfs_period_us)" "60000 100000"
    update --cpu-quota -1
    assert_equal "$(value cpu cfs_quota_us)" -1
}

@test "memory and swap: up, down and away, each from one call" {
    has_file memory/memory.memsw.limit_in_bytes
    running_with '{"memory": {"limit": 67108864, "swap": 67108864}}'
    update --memory 134217728 --memory-swap 134217728
    assert_equal "$(value memory limit_in_bytes) $(value memory memsw.limit_in_bytes)" "134217728 134217728"
    update --memory 33554432 --memory-swap 50331648
    assert_equal "$(value memory limit_in_bytes) $(value memory memsw.limit_in_bytes)" "33554432 50331648"
    update --memory-swap 67108864
    assert_equal "$(value memory limit_in_bytes) $(value memory memsw.limit_in_bytes)" "33554432 67108864"
    update --memory -1
    assert_equal "$(value memory limit_in_bytes) $(value memory memsw.limit_in_bytes)" \
        "9223372036854771712 9223372036854771712"
}

@test "--resources: a file, standard input in both forms, options before the file" {
    not_on crun "1.8 has no standard input"
    running_with '{}'
    echo '{"pids": {"limit": 40}, "cpu": {"shares": 256}}' >"$T/r.json"
    update --resources "$T/r.json"
    assert_equal "$(value pids max) $(value cpu shares)" "40 256"
    rt update --resources=- "$CTR" <<<'{"pids": {"limit": 41}}'
    assert_equal "$(value pids max) $(value cpu shares)" "41 256"
    rt update --resources - "$CTR" <<<'{"pids": {"limit": 42}}'
    assert_equal "$(value pids max)" 42
    only_estiva "the others drop the options"
    update -r "$T/r.json" --pids-limit 43
    assert_equal "$(value pids max)" 43
}

@test "what dockerd and kubelet send: zeros ask for nothing" {
    not_on crun "1.8 has no standard input"
    running_with '{"cpu": {"shares": 512}, "memory": {"limit": 67108864}}'
    rt update --resources=- "$CTR" <<<'{"blockIO": {"weight": 0}, "pids": {"limit": 20}, "memory": {"limit": 0, "reservation": 0,
        "swap": 0, "kernel": 0}, "cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": "", "mems": ""}}'
    assert_equal "$(value cpu shares) $(value memory limit_in_bytes) $(value pids max)" "512 67108864 20"
}

@test "a refused value takes back those before it" {
    only_estiva "the others leave them"
    running_with '{"cpu": {"quota": 50000, "period": 200000, "shares": 400}, "memory": {"limit": 67108864}, "pids": {"limit": 10}}'
    refused --memory 33554432 --cpu-quota 70000 --cpu-share 100 --cpuset-cpus 4000 --pids-limit 5 -- \
        /linux/resources/cpu/cpus cpuset.cpus 4000
    assert_equal "$(value memory limit_in_bytes) $(value cpu cfs_quota_us) $(value cpu shares) $(value pids max)" \
        "67108864 50000 400 10"
    # By hand and with everything that has a shape of its own.
    [ -e "$(cgroup_dir blkio)/blkio.throttle.read_bps_device" ] || skip_because "the group has no blkio.throttle.read_bps_device: the kernel was built without throttling"
    local device
    device=$(cat /sys/block/*/dev | head -n 1)
    [ -n "$device" ] || skip_because "needs a block device in /sys/block"
    jq -n --arg d "$device" '($d / ":" | map(tonumber)) as [$a, $b] |
        {blockIO: {throttleReadBpsDevice: [{major: $a, minor: $b, rate: 1048576}]}}' >"$T/r.json"
    update --resources "$T/r.json"
    jq '.blockIO.throttleReadBpsDevice[0].rate = 2097152 | .blockIO.throttleWriteBpsDevice = [{major: 250, minor: 999, rate: 1}]' \
        "$T/r.json" >"$T/bad.json"
    refused --resources "$T/bad.json" -- /linux/resources/blockIO/throttleWriteBpsDevice/0
    assert_equal "$(value blkio throttle.read_bps_device)" "$device 1048576"
}

@test "values that can't be: the error names option or property" {
    only_estiva "the form of a message"
    running_with '{"memory": {"limit": 67108864}}'
    local before
    before=$(cat "$(cgroup_dir memory)"/memory.*limit_in_bytes "$(cgroup_dir cpu)"/cpu.{shares,cfs_quota_us} "$(cgroup_dir pids)/pids.max")
    refused --memory lots -- --memory lots
    refused --memory 5q -- --memory
    refused --memory -2 -- --memory
    refused --cpu-quota x -- --cpu-quota
    refused --cpu-period -1 -- --cpu-period
    refused --cpu-idle 7 -- /linux/resources/cpu/idle
    refused --blkio-weight 5 -- /linux/resources/blockIO/weight
    refused --memory 64m --memory-swap 32m -- /linux/resources/memory/swap
    refused --l3-cache-schema L3:0=f -- intelRdt
    refused --resources "$T/none.json" -- --resources none.json
    echo '{"memory": {"limit": "1g"}}' >"$T/r.json"
    refused --resources "$T/r.json" -- /memory/limit
    echo '{' >"$T/r.json"
    refused --resources "$T/r.json" -- --resources
    assert_equal "$(cat "$(cgroup_dir memory)"/memory.*limit_in_bytes "$(cgroup_dir cpu)"/cpu.{shares,cfs_quota_us} "$(cgroup_dir pids)/pids.max")" "$before"
}

@test "the kernel-memory options are taken and ignored, and say so" {
    only_estiva "a warning"
    running_with '{}'
    update --kernel-memory 64m --kernel-memory-tcp 64m --pids-limit 9
    assert_has "$stderr" kernel-memory ignored
    assert_equal "$(value pids max)" 9
}

@test "checkBeforeUpdate: a limit below what is in use is refused, also by a later update" {
    only_estiva "1.1 and 1.8 do not know it"
    config '.linux.resources.memory = {"limit": 268435456, "checkBeforeUpdate": true}'
    script 'dd if=/dev/zero of=/tmp/big bs=1M count=40 2>/dev/null; exec sleep 100'
    config '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]'
    ctr_running
    wait_for 10 eval '[ "$(value memory usage_in_bytes)" -gt 41000000 ]'
    refused --memory 20m -- /linux/resources/memory/limit "in use"
    assert_equal "$(value memory limit_in_bytes)" 268435456
    update --memory 100m
    rt update --resources=- "$CTR" <<<'{"memory": {"limit": 83886080, "checkBeforeUpdate": false}}'
    assert_equal "$(value memory limit_in_bytes)" 83886080
}

@test "a new limit of processes holds" {
    script 'until [ -e /tmp/go ]; do sleep 0.05; done; testinit forks 20 >/tmp/forks; exec sleep 100'
    config '.linux.resources.pids = {"limit": 100}'
    ctr_running
    update --pids-limit 8
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 10 test -s "$BUNDLE/rootfs/tmp/forks"
    [ "$(sed 's/[^0-9]//g' "$BUNDLE/rootfs/tmp/forks")" -lt 8 ] || fail "$(cat "$BUNDLE/rootfs/tmp/forks")"
}

device_watch() { # a container that tells, each 50 ms, whether it may read /fuse and write /dev/null
    mknod "$BUNDLE/rootfs/fuse" c 10 237
    config '.linux.resources.devices = [{"allow": false, "access": "rwm"}]'
    script 'while :; do testinit open /fuse r; testinit open /dev/null rw; sleep 0.02; done >/tmp/seen'
    ctr_running
    wait_for 5 test -s "$BUNDLE/rootfs/tmp/seen"
}

last_two() { tail -n 2 "$BUNDLE/rootfs/tmp/seen" | sort | tr '\n' ' '; }

device_rules_change() {
    device_watch
    assert_has "$(last_two)" EPERM
    local loop='{"allow": true, "type": "c", "major": 10, "minor": 237, "access": "rw"}'
    rt update --resources=- "$CTR" <<<'{"devices": [{"allow": false, "access": "rwm"}, '"$loop"']}'
    wait_for 5 eval '[ "$(last_two)" = "open: 0 open: 0 " ]'
    # Again the same; then back.
    rt update --resources=- "$CTR" <<<'{"devices": [{"allow": false, "access": "rwm"}, '"$loop"']}'
    wait_for 5 eval '[ "$(last_two)" = "open: 0 open: 0 " ]'
    rt update --resources=- "$CTR" <<<'{"devices": [{"allow": false, "access": "rwm"}]}'
    wait_for 5 eval '[[ "$(last_two)" = *EPERM* ]]'
    rt update --resources=- "$CTR" <<<'{"devices": [{"allow": true, "access": "rwm"}]}'
    wait_for 5 eval '[ "$(last_two)" = "open: 0 open: 0 " ]'
    rt update --resources=- "$CTR" <<<'{"devices": [{"allow": false, "access": "rwm"}]}'
    wait_for 5 eval '[[ "$(last_two)" = *EPERM* ]]'
    echo '{"devices": [{"allow": true, "type": "x"}]}' >"$T/r.json"
    refused --resources "$T/r.json" -- /linux/resources/devices/0/type
    # Whatever the rules were, the null device was never refused.
    assert_equal "$(awk 'NR % 2 == 0 && /EPERM/' "$BUNDLE/rootfs/tmp/seen" | wc -l)" 0
}

@test "device rules of a running container change, and no device that both lists allow is ever refused" {
    only_estiva "the others do not change them"
    requires v1_devices
    device_rules_change
}

@test "device rules on cgroup v2: the program is replaced, and is the only one" {
    only_estiva "the others do not change them"
    use_v2_view
    device_rules_change
}

@test "update of a container in each state" {
    not_on crun "a stopped container has no cgroup there"
    args sleep 100
    ctr_create
    update --pids-limit 11
    assert_equal "$(value pids max)" 11
    ctr_start
    must rt pause "$CTR"
    update --pids-limit 12 --memory 64m
    assert_equal "$(value pids max)" 12
    must rt resume "$CTR"
    must rt kill "$CTR" KILL
    wait_status stopped
    refused --pids-limit 13 -- "not running"
    must rt delete "$CTR"
    refused --pids-limit 13 -- "does not exist"
}

@test "a cgroup that has vanished is an error in its own words" {
    only_estiva "the form of a message"
    args sleep 100
    ctr_running
    local dir
    dir=$(cgroup_dir pids)
    cat "$dir/cgroup.procs" >/sys/fs/cgroup/pids/cgroup.procs
    rmdir "$dir"
    refused --pids-limit 13 -- vanished
    assert_lacks "${stderr,,}" "no such file"
}
