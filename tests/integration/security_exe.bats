#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile containers against the runtime's own binary and against a container
# that is being made: /proc/PID/exe, remounts and clones, descriptors, ptrace.
# Each test attacks a copy of the runtime, never the installed one.

load security

setup() {
    sec_setup
    use_copy
}

teardown() {
    chattr -i "$RUNTIME" 2>/dev/null || :
    # What an attack has spoilt can't clean up after itself.
    RUNTIME=$INSTALLED
    sec_teardown
}

binary_unchanged() {
    [ "$(stat -c '%i %a %u:%g %s' "$RUNTIME"; sha256sum <"$RUNTIME")" = "$BINARY" ] || {
        echo "the runtime's binary changed"
        return 1
    }
}

ALL_CAPS='["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
    "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_MKNOD",
    "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_LINUX_IMMUTABLE", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PACCT", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON",
    "CAP_BPF", "CAP_CHECKPOINT_RESTORE", "CAP_NET_BROADCAST"]'

# Full capabilities in the host's user namespace. /proc/PID/exe asks for a superset of the target's
# capabilities, and the runtime is root of the host.
privileged() {
    edit "$1" '.process.capabilities = {bounding: $c, effective: $c, permitted: $c}
        | .process.noNewPrivileges = false' --argjson c "$ALL_CAPS"
}

share_host_pids() { edit "$1" '.linux.namespaces |= [.[] | select(.type != "pid")]'; }

join_pids_of() {
    edit "$1" '.linux.namespaces |= [.[] | if .type == "pid" then .path = $p else . end]' --arg p "/proc/$2/ns/pid"
}

# attack_report FILE: it made its attempts, and they got as far as the executable itself.
attack_report() {
    grep -E '^made [0-9]+ attempts on [1-9]' "$1"
    for what in 'open to read: OK' 'open to write' 'reopen to write' 'remount bind' 'remount' 'mount_setattr' \
        'open_tree' 'reopen to write afterwards' 'open_tree afterwards'; do
        grep -qE "^[0-9]+ $what" "$1" || { echo "not attempted: $what"; cat "$1"; return 1; }
    done
    if grep -E ' WROTE: OK' "$1"; then cat "$1"; return 1; fi
}

@test "CVE-2019-5736: CAP_SYS_ADMIN against /proc/PID/exe of a created init" {
    bundle victim
    bundle attacker
    privileged attacker
    share_host_pids attacker
    new_id
    rt create --pid-file "$T/victim.pid" --bundle "$T/victim" "$ID" </dev/null >"$T/victim.out" 2>&1
    victim=$ID
    edit attacker '.process.args = ["/bin/exe_attack", "6", $p]' --arg p "$(cat "$T/victim.pid")"
    start_bundle attacker
    wait_for grep -q waiting "$T/$ID.out"
    rt start "$victim"
    wait_for grep -q '^made' "$T/$ID.out"
    cat "$T/$ID.out"
    attack_report "$T/$ID.out"
    rt delete -f "$victim"
    binary_unchanged
}

@test "CVE-2019-5736: CAP_SYS_ADMIN against /proc/PID/exe of the runtime in the foreground" {
    bundle victim 'sleep 2'
    bundle attacker
    privileged attacker
    share_host_pids attacker
    "$RUNTIME" --root "$T/state" run --bundle "$T/victim" "$TAG-victim" >/dev/null 2>&1 </dev/null 3>&- &
    runtime=$!
    BACKGROUND+=("$runtime")
    wait_for running "$TAG-victim"
    edit attacker '.process.args = ["/bin/exe_attack", "8", $p]' --arg p "$runtime"
    start_bundle attacker
    wait_for grep -q '^made' "$T/$ID.out"
    cat "$T/$ID.out"
    wait "$runtime"
    binary_unchanged
    attack_report "$T/$ID.out"
}

# way_without CALLS: what the init of a created container runs from where these system calls (a,b,c) do not exist.
way_without() {
    new_id
    "$PROGRAMS/nosys" "$1" -- strace -qq -e trace=execve,execveat -o "$T/execs" "$RUNTIME" --root "$T/state" \
        create --pid-file "$T/pid" --bundle "$T/victim" "$ID" </dev/null >"$T/created.out" 2>&1 3>&-
    EXE=/proc/$(cat "$T/pid")/exe
    EXECS=$(grep -c . "$T/execs")
    cat "$T/execs"
    TARGET=$(readlink "$EXE")
    FILESYSTEM=$(stat -f -c %T "$EXE")
    if (: >>"$EXE") 2>/dev/null; then
        echo "$EXE can be opened for writing"
        return 1
    fi
    [ "$(sha256sum <"$EXE")" = "$(sha256sum <"$RUNTIME")" ]
    rt delete -f "$ID"
}

@test "CVE-2019-5736: every way to protect the binary" {
    [ "$IS_ESTIVA" = 1 ] || lacks "other runtimes have other ways"
    bundle victim
    # In place: one execution, a detached mount of the binary alone.
    way_without fspick
    [ "$EXECS $TARGET" = "1 /" ]
    # By a second execution from that mount.
    way_without mremap
    [ "$EXECS $TARGET" = "2 /" ]
    # From an overlay without an upper layer.
    way_without mount_setattr
    [ "$EXECS $FILESYSTEM" = "2 overlayfs" ]
    # From a sealed copy in memory.
    way_without mount_setattr,fsopen
    [ "$EXECS" = 2 ]
    [[ $TARGET == /memfd:* ]]
    # By none: an error, and no container.
    new_id
    run "$PROGRAMS/nosys" mount_setattr,fsopen,memfd_create -- "$RUNTIME" --root "$T/state" create --bundle "$T/victim" "$ID"
    [ "$status" = 1 ]
    [[ $output == *"binary can't be protected"* ]]
    [ ! -e "$T/state/$ID" ]
    binary_unchanged
}

@test "CVE-2019-5736: CAP_LINUX_IMMUTABLE against an immutable binary" {
    local said
    said=$(chattr +i "$RUNTIME" 2>&1) || lacks "no immutable file can be made in ${TMPDIR:-/tmp}: $said"
    bundle victim
    bundle attacker
    privileged attacker
    share_host_pids attacker
    new_id
    rt create --pid-file "$T/victim.pid" --bundle "$T/victim" "$ID" </dev/null >"$T/victim.out" 2>&1
    victim=$ID
    edit attacker '.process.args = ["/bin/exe_attack", "6", $p]' --arg p "$(cat "$T/victim.pid")"
    start_bundle attacker
    wait_for grep -q waiting "$T/$ID.out"
    rt start "$victim"
    wait_for grep -q '^made' "$T/$ID.out"
    cat "$T/$ID.out"
    attack_report "$T/$ID.out"
    rt delete -f "$victim"
    lsattr "$RUNTIME"
    [[ "$(lsattr "$RUNTIME")" == *i*" "* ]]
    binary_unchanged
}

running() { [ "$(rt state "$1" 2>/dev/null | jq -r .status)" = running ]; }

# Runs victims in the pid namespace of an attacker that looks for executables that are not its own.
attack_by_scan() {
    [ -d "$T/attacker" ] || bundle attacker
    privileged attacker
    edit attacker '.process.args = ["/bin/exe_attack", "5", "scan"]'
    start_bundle attacker
    attacker=$ID
    wait_for grep -q scanning "$T/$attacker.out"
    edit victim '.root.path = $r' --arg r "$T/attacker/rootfs"
    join_pids_of victim "$PID"
    for _ in {1..8}; do
        run_bundle victim
        echo "victim: exit $status: $output"
        [ "$status" -lt 124 ]
    done
    wait_for grep -q '^made' "$T/$attacker.out"
    sed 's/^[0-9]* //' "$T/$attacker.out" | sort | uniq -c
    binary_unchanged
    absent ' WROTE: OK' "$T/$attacker.out"
    grep -qE ' open to read: ' "$T/$attacker.out" || { echo "the attacker saw no process"; return 1; }
}

@test "CVE-2019-5736: the program of the container is a link to /proc/self/exe" {
    bundle victim
    edit victim '.process.args = ["/proc/self/exe", "--version"]'
    attack_by_scan
}

@test "CVE-2019-5736: the program of the container is a script of the interpreter /proc/self/exe" {
    bundle victim
    edit victim '.process.args = ["/tmp/script"]'
    bundle attacker
    printf '#!/proc/self/exe\n' >"$T/attacker/rootfs/tmp/script"
    chmod 755 "$T/attacker/rootfs/tmp/script"
    attack_by_scan
}

@test "CVE-2019-5736: a hook in the container is /proc/self/exe" {
    bundle victim
    edit victim '.hooks = {startContainer: [{path: "/proc/self/exe", args: ["x", "--version"]}]}'
    attack_by_scan
}

@test "CVE-2020-14298 CVE-2020-14300: make check-security runs the tests of CVE-2016-9962 and CVE-2019-5736" {
    # And the files that it names hold them: this one is among security_*.bats.
    grep -A 2 '^check-security:' "$SEC_LIB/../../Makefile" | grep -F 'tests/integration/security_*.bats'
    grep -qF '@test "CVE-2016-9962' "$BATS_TEST_FILENAME"
    grep -qF '@test "CVE-2019-5736' "$BATS_TEST_FILENAME"
    [[ "${BATS_TEST_FILENAME##*/}" == security_*.bats ]]
}

@test "CVE-2016-9962 crun-1.31-hardening: a container of a joined pid namespace shows no way to the host while it starts" {
    [ "$ROUNDS" -gt 500 ] && rounds=500 || rounds=30
    bundle victim 'sleep 0.05'
    bundle spy
    # The spy has the victim's own capabilities: exactly those dumpable would let in.
    edit spy '.process.args = ["/bin/proc_spy", $c]' --arg c "$T/host/canary"
    start_bundle spy
    spy=$ID
    wait_for grep -q ready "$T/$spy.out"
    join_pids_of victim "$PID"
    for ((round = 1; round <= rounds; round++)); do
        run_bundle victim
        ran_well
    done
    grep -q '^TRACED .*/busybox$' "$T/$spy.out" # the program itself: so tracing is possible at all
    new_id
    rt create --bundle "$T/victim" "$ID" </dev/null >"$T/created.out" 2>&1
    sleep 0.5
    rt start "$ID"
    rt kill "$spy" TERM
    wait_for grep -q ^looked "$T/$spy.out"
    sort "$T/$spy.out" | uniq -c | tail -n 20
    sort -u "$T/$spy.out" >"$T/found"
    absent ESCAPE "$T/found"
    grep -v '^TRACED .*/busybox$' "$T/found" >"$T/traced"
    absent '^TRACED' "$T/traced"
    [ "$(sed -n 's/^looked [0-9]* times at \([0-9]*\) .*/\1/p' "$T/$spy.out")" -gt "$rounds" ]
}

@test "CVE-2016-9962: a created init is not dumpable and holds no directory of the host" {
    bundle victim
    new_id
    rt create --pid-file "$T/pid" --bundle "$T/victim" "$ID" </dev/null >"$T/created.out" 2>&1
    pid=$(cat "$T/pid")
    # A process that is not dumpable has its /proc files owned by the real root, whoever it is.
    ls -l "/proc/$pid/fd"
    for fd in /proc/"$pid"/fd/*; do
        if [ -d "$fd" ]; then
            echo "$fd is the directory $(readlink "$fd")"
            nothing_of_the_host "$fd"
        fi
    done
    nothing_of_the_host "/proc/$pid/root"
    nothing_of_the_host "/proc/$pid/cwd"
}

nothing_of_the_host() {
    for up in . .. ../.. ../../../.. ../../../../../../../..; do
        if [ -e "$1/$up/$T/host/canary" ]; then
            echo "$1/$up leads to the host"
            return 1
        fi
    done
}
