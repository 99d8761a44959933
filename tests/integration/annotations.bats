# SPDX-License-Identifier: Apache-2.0
# Annotations that runtimes have agreed on beside the specification: what they do, and which are refused by name.

load helpers

annotation() { config --arg n "$1" --arg v "$2" '.annotations[$n] = $v'; }

# talking_hook KIND: adds a hook that writes a line to each of its outputs
talking_hook() {
    printf '#!/bin/sh\ncat >/dev/null\necho "$1 out"\necho "$1 err" >&2\n' >"$T/talk"
    chmod 755 "$T/talk"
    config --arg k "$1" --arg p "$T/talk" '.hooks[$k] += [{path: $p, args: ["talk", $k]}]'
}

@test "run.oci.hooks.stdout and .stderr: files that hooks of every kind append to" {
    not_on runc "does not know it"
    not_on crun "1.8 opens them with no mode"
    local kind
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do talking_hook $kind; done
    cp "$T/talk" "$BUNDLE/rootfs/talk"
    config '.hooks.startContainer[0].path = "/talk"'
    annotation run.oci.hooks.stdout "$T/out.log"
    annotation run.oci.hooks.stderr "$T/err.log"
    echo before >"$T/out.log"
    args true
    ctr_create
    ctr_start
    wait_status stopped
    must rt delete "$CTR"
    assert_equal "$(cat "$T/out.log")" "before
prestart out
createRuntime out
createContainer out
startContainer out
poststart out
poststop out"
    assert_equal "$(grep -c err "$T/err.log")" 6
}

@test "run.oci.hooks.stdout alone: what hooks write to the other is in the error" {
    not_on runc "does not know it"
    not_on crun "1.8 drops it"
    printf '#!/bin/sh\necho aloud\necho the reason >&2\nexit 3\n' >"$T/talk"
    chmod 755 "$T/talk"
    config --arg p "$T/talk" '.hooks.createRuntime = [{path: $p}]'
    annotation run.oci.hooks.stdout "$T/out.log"
    assert_refused "exit status 3" "the reason"
    assert_equal "$(cat "$T/out.log")" aloud
}

@test "run.oci.hooks.stdout: a path that can't be opened, or is relative, is an error that names it" {
    only_estiva "the others have other words"
    talking_hook createRuntime
    annotation run.oci.hooks.stdout "$T/no/such/file"
    assert_refused /annotations/run.oci.hooks.stdout
    annotation run.oci.hooks.stdout log
    assert_refused /annotations/run.oci.hooks.stdout "not absolute"
}

@test "run.oci.keep_original_groups: the caller's groups stay" {
    not_on runc "does not know it"
    args testinit ids
    annotation run.oci.keep_original_groups 1
    run --separate-stderr setpriv --groups 7,8 -- \
        timeout 30 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    assert_status 0
    assert_has "$output" "groups: 7 8"
}

@test "run.oci.mount_context_type: checked" {
    only_estiva "the others look only when they mount"
    annotation run.oci.mount_context_type secret
    assert_refused /annotations/run.oci.mount_context_type
}

@test "run.oci.seccomp_fail_unknown_syscall: names that nobody knows are errors, but for the value 0" {
    only_estiva "the others let calls pass that do what is done anyway"
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls":
        [{"names": ["uname"], "action": "SCMP_ACT_ALLOW"}, {"names": ["kcmp", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}'
    in_container true
    annotation run.oci.seccomp_fail_unknown_syscall 0
    in_container true
    annotation run.oci.seccomp_fail_unknown_syscall 1
    assert_refused /linux/seccomp/syscalls/1/names/1 no_such_call
    config '.linux.seccomp.syscalls[1].names = ["kcmp"]'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EPERM"
}

@test "run.oci.delegate-cgroup: only where cgroup v2 is all there is" {
    not_on runc "does not know it"
    [ "$(cgroup_mode)" != v2 ] || skip_because "cgroup v2 is all there is here: cgroups_v2.bats has what it does then"
    annotation run.oci.delegate-cgroup payload
    assert_refused /annotations/run.oci.delegate-cgroup
    annotation run.oci.delegate-cgroup ""
    in_container true
}

@test "what asks for another kind of runtime is refused by its name" {
    only_estiva "the others have handlers, or ignore them"
    local name
    for name in run.oci.handler krun.cpus run.oci.systemd.force_cgroup_v1 run.oci.seccomp.plugins; do
        annotation "$name" x
        assert_refused "/annotations/$name"
        config 'del(.annotations)'
    done
    annotation module.wasm.image/variant compat
    assert_refused "/annotations/module.wasm.image~1variant" handlers
}

@test "what belongs to systemd and checkpoints has no effect without them" {
    annotation org.systemd.property.TimeoutStopUSec "uint64 123456789"
    annotation org.criu.config /no/such/file
    annotation run.oci.systemd.subgroup sub
    in_container true
}

@test "features lists the unsafe ones, and that there is no checkpoint" {
    only_estiva "its own list"
    local json
    json=$("$RUNTIME" features)
    jq -e '.potentiallyUnsafeConfigAnnotations | index("run.oci.") and index("org.criu.config")
        and index("org.systemd.property.")' <<<"$json" >/dev/null
    assert_equal "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$json")" false
}
