# SPDX-License-Identifier: Apache-2.0
# Memory limits of cgroup v2, by the file that the kernel shows and by what happens to a process that wants more.
# Guests: qemu old

load vm

setup_file() {
    [ -n "${GUEST-}" ] || return 0
    fallocate -l 256M /var/tmp/swap
    chmod 600 /var/tmp/swap
    mkswap -q /var/tmp/swap
    swapon /var/tmp/swap
}

teardown_file() { [ -z "${GUEST-}" ] || swapoff /var/tmp/swap; }

# The init outlives its child, so that the counters of the cgroup can be read.
allocates() { # MIB RESOURCES-JSON
    script "testinit alloc $1; echo ended: \$?; exec sleep 1000"
    resources "$2"
    wait_for 10 grep -q ended: "$T/out"
}

@test "limit, swap (memory and swap together), reservation" {
    args sleep 1000
    resources '{"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432}}'
    assert_equal "$(value memory.max)" 67108864
    assert_equal "$(value memory.swap.max)" 33554432
    assert_equal "$(value memory.low)" 33554432
}

@test "-1 is no limit" {
    args sleep 1000
    resources '{"memory": {"limit": -1, "swap": -1}}'
    assert_equal "$(value memory.max) $(value memory.swap.max)" "max max"
}

@test "below the limit nothing happens" {
    allocates 30 '{"memory": {"limit": 67108864, "swap": 67108864}}'
    assert_equal "$(cat "$T/out")" "alloc: 30
ended: 0"
    assert_equal "$(counter memory.events oom_kill)" 0
}

@test "above the limit without swap: killed, and the cgroup says so" {
    allocates 100 '{"memory": {"limit": 33554432, "swap": 33554432}}'
    assert_equal "$(grep -v Killed "$T/out")" "ended: 137"
    assert_equal "$(counter memory.events oom_kill)" 1
    assert_equal "$(value memory.swap.max)" 0
}

@test "above the limit with swap: it lives, partly in swap" {
    allocates 100 '{"memory": {"limit": 33554432, "swap": 234881024}}'
    assert_equal "$(cat "$T/out")" "alloc: 100
ended: 0"
    assert_equal "$(counter memory.events oom_kill)" 0
    [ "$(counter memory.events max)" -gt 0 ] || fail "the limit was never met"
}

@test "above limit and swap together: killed" {
    allocates 100 '{"memory": {"limit": 33554432, "swap": 50331648}}'
    assert_equal "$(grep -v Killed "$T/out")" "ended: 137"
    assert_equal "$(counter memory.events oom_kill)" 1
    assert_equal "$(value memory.swap.max)" 16777216
}

@test "an init that is killed for memory ends with 137" {
    args testinit alloc 100
    config '.linux.resources.memory = {"limit": 33554432, "swap": 33554432}'
    ctr_run
    assert_status 137
    assert_equal "$output" ""
}

@test "swap below the limit, and swap without a limit, are errors" {
    config '.linux.resources.memory = {"limit": 67108864, "swap": 33554432}'
    assert_refused /linux/resources/memory
    not_on runc "1.1 takes it"
    not_on crun "1.8 takes it"
    config '.linux.resources.memory = {"swap": 33554432}'
    assert_refused /linux/resources/memory/swap
}

@test "unified: memory.high slows down, and kills nobody" {
    allocates 60 '{"unified": {"memory.high": "33554432"}}'
    assert_equal "$(value memory.high)" 33554432
    assert_has "$(cat "$T/out")" "alloc: 60"
    [ "$(counter memory.events high)" -gt 0 ] || fail "it was never met"
    assert_equal "$(counter memory.events oom_kill)" 0
}
