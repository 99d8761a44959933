# SPDX-License-Identifier: Apache-2.0
# Processor limits of cgroup v2: weight, quota, burst, idle, cpuset; by file and by effect.
# Guests: qemu old

load vm

refused_or_file() { # JSON-PATH FILE VALUE: by whether the kernel has the file
    if [ -e "/sys/fs/cgroup/system.slice/$2" ]; then
        args sleep 1000
        ctr_running
        assert_equal "$(value "$2")" "$3"
    else
        assert_refused "$1"
    fi
}

@test "shares are a weight; their ends are its ends" {
    args sleep 1000
    resources '{"cpu": {"shares": 2}}'
    assert_equal "$(value cpu.weight)" 1
    must rt delete --force "$CTR"
    resources '{"cpu": {"shares": 262144}}'
    assert_equal "$(value cpu.weight)" 10000
}

@test "shares: the default of one is the default of the other" {
    not_on runc "1.1 has the old conversion"
    not_on crun "1.8 has the old conversion"
    args sleep 1000
    resources '{"cpu": {"shares": 1024}}'
    assert_equal "$(value cpu.weight)" 100
}

@test "quota and period" {
    args sleep 1000
    resources '{"cpu": {"quota": 20000, "period": 50000}}'
    assert_equal "$(value cpu.max)" "20000 50000"
    must rt delete --force "$CTR"
    resources '{"cpu": {"quota": -1, "period": 50000}}'
    assert_equal "$(value cpu.max)" "max 50000"
}

@test "a quota throttles" {
    script 'testinit burn 3000; exec sleep 1000'
    resources '{"cpu": {"quota": 10000, "period": 100000}}'
    wait_for 20 grep -q cpu: "$T/out"
    [ "$(counter cpu.stat nr_throttled)" -gt 0 ] || fail "never throttled"
    # 300 ms of 3 s are what the quota gives it.
    assert_match "$(cat "$T/out")" '^cpu: [1-6][0-9][0-9]$'
}

@test "without a quota nothing is throttled" {
    script 'testinit burn 1000; exec sleep 1000'
    resources '{}'
    wait_for 20 grep -q cpu: "$T/out"
    assert_equal "$(counter cpu.stat nr_throttled)" 0
}

@test "burst" {
    only_estiva "older peers do not know it"
    config '.linux.resources.cpu = {"quota": 20000, "period": 100000, "burst": 10000}'
    refused_or_file /linux/resources/cpu/burst cpu.max.burst 10000
}

@test "idle" {
    only_estiva "older peers do not know it"
    config '.linux.resources.cpu = {"idle": 1}'
    refused_or_file /linux/resources/cpu/idle cpu.idle 1
}

@test "realtime is an error" {
    only_estiva "others ignore it"
    config '.linux.resources.cpu = {"realtimeRuntime": 1000, "realtimePeriod": 100000}'
    assert_refused /linux/resources/cpu/realtime
}

@test "cpuset: the processors and nodes that are named, and no others" {
    requires two_cpus
    script 'grep _allowed_list: /proc/self/status; nproc; exec sleep 1000'
    resources '{"cpu": {"cpus": "1", "mems": "0"}}'
    wait_for 10 test "$(wc -l <"$T/out")" = 3
    assert_equal "$(value cpuset.cpus) $(value cpuset.mems)" "1 0"
    assert_equal "$(tr -d '\t' <"$T/out")" "Cpus_allowed_list:1
Mems_allowed_list:0
1"
}

@test "cpuset: a processor that does not exist is an error" {
    config '.linux.resources.cpu = {"cpus": "77"}'
    capture create --bundle "$BUNDLE" "$CTR"
    if [ "$KIND" = estiva ]; then
        [ "$status" -ne 0 ] || fail "taken"
        assert_has "$stderr" /linux/resources/cpu/cpus
        assert_nothing_left
    fi
}
