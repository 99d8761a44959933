# SPDX-License-Identifier: Apache-2.0
# plan: prints what create would do, and does nothing.

load helpers

setup() {
    common_setup
    only_estiva "the command"
}

@test "the plan names root, mounts, cgroup, program, in order" {
    args /bin/true one
    run --separate-stderr "$RUNTIME" plan --bundle "$BUNDLE"
    assert_status 0
    assert_has "$output" "namespace pid new" "rootfs $BUNDLE/rootfs" "mount /proc type proc" "/$CTR" /bin/true
    local before after
    before=$(grep -n '^mount /proc' <<<"$output" | cut -d : -f 1)
    after=$(grep -n '^mount /dev/shm' <<<"$output" | cut -d : -f 1)
    [ "$before" -lt "$after" ]
}

@test "nothing is made" {
    run "$RUNTIME" --root "$STATE" plan --bundle "$BUNDLE"
    assert_status 0
    [ ! -e "$STATE/$CTR" ]
    assert_nothing_left
}

@test "the same input gives the same plan" {
    run "$RUNTIME" plan --bundle "$BUNDLE"
    local first=$output
    run "$RUNTIME" plan --bundle "$BUNDLE"
    assert_equal "$output" "$first"
}

@test "what create refuses, plan refuses with the same words" {
    config '.process.cwd = "relative"'
    run --separate-stderr "$RUNTIME" plan --bundle "$BUNDLE"
    assert_status 1
    assert_has "$stderr" /process/cwd
    local planned=${stderr#*: }
    capture create --bundle "$BUNDLE" "$CTR"
    assert_has "$stderr" /process/cwd
    assert_equal "${planned#plan: }" "$(sed 's/^estiva: //; s/^create: //' <<<"$stderr")"
}

@test "-f takes another configuration" {
    mv "$BUNDLE/config.json" "$T/other.json"
    run --separate-stderr "$RUNTIME" plan --bundle "$BUNDLE" --config "$T/other.json"
    assert_status 0
    assert_has "$output" "rootfs $BUNDLE/rootfs"
}

@test "resources become files and values" {
    requires cgroup_v1
    config '.linux.resources.memory = {"limit": 67108864} | .linux.resources.pids = {"limit": 77}'
    run --separate-stderr "$RUNTIME" plan --bundle "$BUNDLE"
    assert_status 0
    assert_has "$output" "memory.limit_in_bytes = 67108864" "pids.max = 77"
}
