# SPDX-License-Identifier: Apache-2.0
# AppArmor profiles: in effect from the program's exec on, whatever the container's /proc is; and nothing else confined.
# Guests: apparmor

load vm

setup() {
    guest_setup
    PROFILE=box-$CTR
    cat >"$T/profile" <<END
profile $PROFILE flags=(attach_disconnected) {
    file, capability, signal, network, mount,
    deny /tmp/** w,
}
END
    apparmor_parser --replace --skip-cache "$T/profile"
    at_end "apparmor_parser --remove '$T/profile'"
    config --arg p "$PROFILE" '.process.apparmorProfile = $p'
}

@test "the profile is that of the program and confines it" {
    in_container 'cat /proc/self/attr/current; echo x >/tmp/file || echo refused; echo x >/root/file && echo wrote'
    assert_has "$output" "$PROFILE (enforce)" refused wrote
}

@test "without no_new_privs, with it, and with a seccomp filter" {
    local filter
    for filter in null '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'; do
        for nnp in true false; do
            config --argjson n $nnp --argjson f "$filter" '.process.noNewPrivileges = $n | .linux.seccomp = $f'
            in_container 'cat /proc/self/attr/current'
            assert_equal "$output" "$PROFILE (enforce)"
        done
    done
}

@test "as another user, in a user namespace, in a joined pid namespace" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    in_container 'cat /proc/self/attr/current'
    assert_equal "$output" "$PROFILE (enforce)"
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown 100000:100000 "$BUNDLE/rootfs"
    in_container 'cat /proc/self/attr/current'
    assert_equal "$output" "$PROFILE (enforce)"
}

@test "in a joined pid namespace" {
    args sleep 1000
    ctr_running
    new_bundle "$T/second" "$CTR-second"
    jq --arg pid "$(state_of pid)" --arg p "$PROFILE" '.process.apparmorProfile = $p |
        .linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end)
        | .process.args = ["cat", "/proc/self/attr/current"]' "$T/second/config.json" >"$T/new"
    cp "$T/new" "$T/second/config.json"
    run --separate-stderr rt run --bundle "$T/second" "$CTR-second" </dev/null
    assert_status 0
    assert_equal "$output" "$PROFILE (enforce)"
}

@test "while the container is created its init is not confined; hooks of the host never are" {
    printf '#!/bin/sh\ncat >/dev/null\ncat /proc/self/attr/current >>"$1"\n' >"$T/hook"
    chmod 755 "$T/hook"
    config --arg h "$T/hook" --arg l "$T/log" '.hooks = {createRuntime: [{path: $h, args: ["hook", $l]}], createContainer: [{path: $h, args: ["hook", $l]}]}'
    args sleep 1000
    ctr_create
    assert_equal "$(sort -u "$T/log")" unconfined
    assert_equal "$(wc -l <"$T/log")" 2
    ctr_start
    wait_for 5 grep -q "$PROFILE" "/proc/$(state_of pid)/attr/current"
}

@test "CVE-2019-16884 CVE-2025-52881: a /proc that is none, and one with false files, change nothing" {
    not_on runc "1.1 writes below the container's /proc"
    config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
    mkdir -p "$BUNDLE/rootfs/proc/self/attr/apparmor" "$BUNDLE/rootfs/proc/thread-self/attr/apparmor"
    local file
    for file in self/attr/exec self/attr/apparmor/exec thread-self/attr/exec thread-self/attr/apparmor/exec; do
        echo false >"$BUNDLE/rootfs/proc/$file"
    done
    args sleep 1000
    ctr_running
    wait_for 5 grep -q "$PROFILE (enforce)" "/proc/$(state_of pid)/attr/current"
    assert_equal "$(cat "$BUNDLE"/rootfs/proc/self/attr/exec "$BUNDLE"/rootfs/proc/*/attr/apparmor/exec | sort -u)" false
}

@test "a profile that is not loaded is an error that names it" {
    config '.process.apparmorProfile = "no-such-profile"'
    assert_refused /process/apparmorProfile no-such-profile
    # Engines would take these words for a program that is missing.
    [ "$KIND" != estiva ] || assert_lacks "$stderr" "o such file"
}

@test "no profile: none" {
    config 'del(.process.apparmorProfile)'
    in_container 'cat /proc/self/attr/current'
    assert_equal "$output" unconfined
}

@test "the old files of the kernel are enough" {
    # attr/apparmor is of Linux 5.8; without openat2 the fallback of the procfs guard is taken too.
    without openat2
    in_container 'cat /proc/self/attr/current'
    assert_equal "$output" "$PROFILE (enforce)"
}
