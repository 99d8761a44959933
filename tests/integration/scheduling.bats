# SPDX-License-Identifier: Apache-2.0
# How the container's process is scheduled: scheduler, io priority, CPUs, memory policy.

load helpers

setup() {
    common_setup
    args testinit scheduler
}

scheduler() { config --argjson s "$1" '.process.scheduler = $s'; }

# On v1 a cgroup has no realtime bandwidth until it is given some.
with_realtime() {
    [ ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] ||
        jq '.linux.resources.cpu |= (.realtimeRuntime = 1000 | .realtimePeriod = 1000000)' "$1/config.json" >"$T/new"
    [ ! -e "$T/new" ] || cp "$T/new" "$1/config.json"
}

@test "scheduler: nice of SCHED_OTHER and SCHED_BATCH" {
    scheduler '{"policy": "SCHED_OTHER", "nice": 7}'
    ctr_run
    assert_status 0
    assert_has "$output" "policy: 0" "nice: 7" "priority: 0"
    scheduler '{"policy": "SCHED_BATCH", "nice": -5}'
    ctr_run
    assert_has "$output" "policy: 3" "nice: -5"
}

@test "scheduler: SCHED_FIFO and SCHED_RR with a priority" {
    with_realtime "$BUNDLE"
    scheduler '{"policy": "SCHED_FIFO", "priority": 3}'
    ctr_run
    assert_status 0
    assert_has "$output" "policy: 1" "priority: 3"
    scheduler '{"policy": "SCHED_RR", "priority": 99}'
    ctr_run
    assert_has "$output" "policy: 2" "priority: 99"
}

@test "scheduler: SCHED_IDLE" {
    scheduler '{"policy": "SCHED_IDLE"}'
    ctr_run
    assert_has "$output" "policy: 5"
}

@test "scheduler: SCHED_DEADLINE with its three times" {
    requires every_cpu # only a task that may run on each may have it
    scheduler '{"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 50000000, "period": 100000000}'
    ctr_run
    assert_status 0
    assert_has "$output" "policy: 6" "runtime: 1000000" "deadline: 50000000" "period: 100000000"
}

@test "scheduler: flags" {
    scheduler '{"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_RESET_ON_FORK"]}'
    ctr_run
    assert_status 0
    assert_has "$output" "flags: 0x1"
    scheduler '{"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 50000000,
        "flags": ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_RESET_ON_FORK"]}'
    ctr_run
    assert_has "$output" "policy: 6" "flags: 0x7"
}

@test "scheduler: the host's privilege is enough, also for a user namespace" {
    not_on runc "its init sets the scheduler itself, without that privilege"
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown 100000:100000 "$BUNDLE/rootfs"
    with_realtime "$BUNDLE"
    scheduler '{"policy": "SCHED_RR", "priority": 2}'
    config '.process.ioPriority = {"class": "IOPRIO_CLASS_RT", "priority": 1} |
        .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 78}]'
    ctr_run
    assert_status 0
    assert_has "$output" "policy: 2" "priority: 2" "ioprio: 0x2001"
    args testinit rlimits
    ctr_run
    assert_has "$output" "NOFILE: 77 78"
}

@test "scheduler: a joined pid namespace changes nothing" {
    args sleep 60
    ctr_running
    new_bundle "$T/second" "$CTR-second"
    jq --arg pid "$(state_of pid)" '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end)
        | .process.args = ["testinit", "scheduler"] | .process.scheduler = {"policy": "SCHED_FIFO", "priority": 4}
        | .process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}' "$T/second/config.json" >"$T/new"
    cp "$T/new" "$T/second/config.json"
    with_realtime "$T/second"
    run --separate-stderr rt run --bundle "$T/second" "$CTR-second" </dev/null
    assert_status 0
    assert_has "$output" "policy: 1" "priority: 4" "ioprio: 0x4006"
}

@test "io priority: of the process and of its group" {
    local class
    for class in RT:0x2005 BE:0x4005 IDLE:0x6005; do
        config --arg c "IOPRIO_CLASS_${class%:*}" '.process.ioPriority = {"class": $c, "priority": 5}'
        ctr_run
        assert_status 0
        assert_has "$output" "ioprio: ${class#*:}" "ioprio of group: ${class#*:}"
    done
}

@test "scheduler, io priority: what the kernel refuses without a privilege is an error that names it" {
    only_estiva "capabilities of the runtime taken away"
    scheduler '{"policy": "SCHED_FIFO", "priority": 3}'
    run --separate-stderr setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice -- \
        timeout 30 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    assert_status 1
    assert_has "$stderr" "/process/scheduler: sched_setattr: Operation not permitted" CAP_SYS_NICE
    assert_nothing_left
}

@test "CPUs: those of the cgroup, not those of the one who starts" {
    only_estiva "Debian's runc and crun are older than this"
    requires two_cpus
    local all
    all=$(grep Cpus_allowed_list /proc/self/status)
    args grep Cpus_allowed_list /proc/self/status
    run --separate-stderr taskset 1 timeout 30 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    assert_status 0
    assert_equal "$output" "$all"
    config '.linux.resources.cpu.cpus = "0"'
    ctr_run
    assert_has "$output" $'list:\t0'
    assert_lacks "$output" -
}

@test "execCPUAffinity: checked, and not for the init" {
    not_on runc "older than the property"
    not_on crun "older than the property"
    local all
    all=$(grep Cpus_allowed_list /proc/self/status)
    args grep Cpus_allowed_list /proc/self/status
    config '.process.execCPUAffinity = {"initial": "0", "final": "0"}'
    ctr_run
    assert_status 0
    assert_equal "$output" "$all"
    config '.process.execCPUAffinity = {"initial": "0-65535", "final": "0-65536"}'
    assert_refused /process/execCPUAffinity/final 65535
}

memory_policy() { config --argjson p "$1" '.linux.memoryPolicy = $p'; }

@test "memory policy: modes and flags" {
    not_on runc "older than the property"
    not_on crun "older than the property"
    local case
    while read -r mode nodes flags number; do
        memory_policy "{\"mode\": \"$mode\", \"nodes\": \"${nodes#-}\", \"flags\": [${flags#-}]}"
        ctr_run
        assert_status 0
        assert_has "$output" "mempolicy: $number"
    done <<'TABLE'
MPOL_DEFAULT - - 0
MPOL_PREFERRED 0 - 0x1
MPOL_BIND 0 - 0x2
MPOL_INTERLEAVE 0 - 0x3
MPOL_LOCAL - - 0x4
MPOL_PREFERRED - - 0x4
MPOL_PREFERRED_MANY 0 - 0x5
MPOL_WEIGHTED_INTERLEAVE 0 - 0x6
MPOL_BIND 0 "MPOL_F_STATIC_NODES" 0x8002
MPOL_INTERLEAVE 0 "MPOL_F_RELATIVE_NODES" 0x4003
MPOL_BIND 0 "MPOL_F_NUMA_BALANCING","MPOL_F_STATIC_NODES" 0xa002
TABLE
}

@test "memory policy: the pages are where it says" {
    not_on runc "older than the property"
    not_on crun "older than the property"
    memory_policy '{"mode": "MPOL_BIND", "nodes": "0"}'
    in_container 'cat /proc/self/numa_maps'
    assert_has "$output" "bind:0"
    assert_lacks "$output" default
}

@test "memory policy: a node that is not there" {
    not_on runc "older than the property"
    not_on crun "older than the property"
    memory_policy '{"mode": "MPOL_BIND", "nodes": "1023"}'
    assert_refused /linux/memoryPolicy "Invalid argument" "not there"
}

@test "features tells the truth: every memory policy it lists is taken" {
    only_estiva "checks the list"
    local mode flag nodes
    for mode in $("$RUNTIME" features | jq -r '.linux.memoryPolicy.modes[]'); do
        case $mode in
        MPOL_DEFAULT | MPOL_LOCAL) nodes= ;;
        *) nodes=0 ;;
        esac
        memory_policy "{\"mode\": \"$mode\", \"nodes\": \"$nodes\"}"
        ctr_run
        assert_status 0
    done
    for flag in $("$RUNTIME" features | jq -r '.linux.memoryPolicy.flags[]'); do
        memory_policy "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": [\"$flag\"]}"
        ctr_run
        assert_status 0
    done
}
