# SPDX-License-Identifier: Apache-2.0
# --exit-record on cgroup v2: every number against the kernel's own, and whose memory limit it was that killed.
# Guests: qemu old

load vm

setup() {
    guest_setup
    only_estiva "the others have none"
}

# Before Linux 6.15 the status is unknown where the init's parent was quicker.
recorded() {
    ctr_create --exit-record
    ctr_start
    wait_for 10 test -e "$STATE/$CTR/exit.json"
}

record() { jq -r "$1" "$STATE/$CTR/exit.json"; }

# The kernel is asked the same afterwards: the cgroup is there until delete. memory.peak is of Linux 5.19.
has_peak() { [ -e "$(group)/memory.peak" ]; }

assert_peak() {
    if has_peak; then
        assert_equal "$(record .peakMemory)" "$(value memory.peak)"
    else
        assert_equal "$(record .peakMemory)" null
    fi
}

@test "no kill: peak memory and CPU time are the cgroup's, nothing is said of a kill" {
    script 'testinit alloc 20; testinit burn 500'
    recorded
    assert_equal "$(record '[.oomKills, .oomOrigin] | map(tostring) | join(" ")')" "null null"
    assert_peak
    ! has_peak || [ "$(record .peakMemory)" -ge 20971520 ] || fail "$(record .)"
    local used
    used=$(counter cpu.stat usage_usec)
    [ "$(record .cpuMicroseconds)" -le "$used" ] || fail "more than $used: $(record .)"
    [ "$(record .cpuMicroseconds)" -gt $((used / 2)) ] || fail "of $used: $(record .)"
    [ "$(record .finished)" -ge $(($(date +%s) - 300)) ] || fail "$(record .)"
}

@test "killed for memory by the container's own limit" {
    args testinit alloc 100
    config '.linux.resources.memory = {"limit": 33554432, "swap": 33554432}'
    recorded
    assert_equal "$(record '[.status // 137, .oomKills, .oomOrigin] | join(" ")')" "137 1 own"
    assert_peak
    ! has_peak || [ "$(record .peakMemory)" -le 33554432 ] || fail "$(record .)"
}

@test "a child that was killed counts too" {
    script 'testinit alloc 100; testinit alloc 100; exit 3'
    config '.linux.resources.memory = {"limit": 33554432, "swap": 33554432}'
    recorded
    assert_equal "$(record '[.status // 3, .oomKills, .oomOrigin] | join(" ")')" "3 2 own"
}

@test "killed for memory by the limit of a cgroup above the container's" {
    local parent
    parent=$(cgroup2_dir)/$CTR-parent
    mkdir "$parent"
    at_end "find $parent -depth -type d -exec rmdir {} +"
    echo 33554432 >"$parent/memory.max"
    echo 0 >"$parent/memory.swap.max"
    args testinit alloc 100
    config --arg p "/$CTR-parent/$CTR" '.linux.cgroupsPath = $p | .linux.resources.memory = {"limit": 1073741824}'
    recorded
    assert_equal "$(record '[.status // 137, .oomKills, .oomOrigin] | join(" ")')" "137 1 ancestor"
}

@test "killed for memory by the limit of a cgroup that the container has made" {
    script 'until [ -e /tmp/go ]; do sleep 0.1; done; testinit alloc 100; exit 5'
    config '.linux.resources.memory = {"limit": 1073741824}'
    ctr_create --exit-record
    ctr_start
    mkdir "$(group)/inner"
    echo "$(state_of pid)" >"$(group)/inner/cgroup.procs"
    echo +memory >"$(group)/cgroup.subtree_control"
    echo 33554432 >"$(group)/inner/memory.max"
    echo 0 >"$(group)/inner/memory.swap.max"
    touch "$BUNDLE/rootfs/tmp/go"
    wait_for 10 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record '[.status // 5, .oomKills, .oomOrigin] | join(" ")')" "5 1 own"
}
