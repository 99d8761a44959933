#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile containers against `exec`: what can be seen of the process that comes in, what it brings along, where its
# options lead. The container is there first and may be prepared for it.

load security

setup() {
    sec_setup
    use_copy
}

teardown() {
    RUNTIME=$INSTALLED
    sec_teardown
}

binary_unchanged() {
    [ "$(stat -c '%i %a %u:%g %s' "$RUNTIME"; sha256sum <"$RUNTIME")" = "$BINARY" ] || {
        echo "the runtime's binary changed"
        return 1
    }
}

# enter ARGUMENT...: exec in the container $ID; sets status and output.
enter() { run rt exec "$@"; }

with_caps() { # BUNDLE CAP...: those besides the usual ones
    edit "$1" '.process.capabilities |= with_entries(.value += $ARGS.positional)' --args "${@:2}"
}

ALL_CAPS='["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_CHROOT", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_CHOWN", "CAP_FOWNER",
    "CAP_FSETID", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_LINUX_IMMUTABLE",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_BPF", "CAP_PERFMON", "CAP_CHECKPOINT_RESTORE"]'

privileged() {
    edit "$1" '.process.capabilities = {bounding: $c, effective: $c, permitted: $c}
        | .process.noNewPrivileges = false' --argjson c "$ALL_CAPS"
}

# spied_on ROUNDS: proc_spy of the bundle `spy` looks on while exec runs so often; what it found is in $T/found.
spied_on() {
    local round
    edit spy '.process.args = ["/bin/proc_spy", $c]' --arg c "$T/host/canary"
    start_bundle spy
    wait_for grep -q ready "$T/$ID.out"
    for ((round = 1; round <= $1; round++)); do
        enter "$ID" sleep 0.05
        ran_well
    done
    rt kill "$ID" TERM
    wait_for grep -q ^looked "$T/$ID.out"
    sort "$T/$ID.out" | uniq -c | tail -n 20
    sort -u "$T/$ID.out" >"$T/found"
    # It saw as many processes as there were, and could trace the program itself: so the looks are worth something.
    grep -q '^TRACED .*/busybox$' "$T/found"
    [ "$(sed -n 's/^looked [0-9]* times at \([0-9]*\) .*/\1/p' "$T/found")" -gt "$1" ]
}

@test "CVE-2016-9962: exec shows no way to the host, and can't be traced before it is the program" {
    [ "$ROUNDS" -gt 500 ] && rounds=500 || rounds=30
    bundle spy
    spied_on "$rounds"
    absent ESCAPE "$T/found"
    grep -v '^TRACED .*/busybox$' "$T/found" >"$T/traced"
    absent '^TRACED' "$T/traced"
    absent '^POWER' "$T/found"
}

@test "CVE-2016-9962: to a container that may trace all it sees, exec shows nothing more powerful than itself" {
    [ "$ROUNDS" -gt 500 ] && rounds=500 || rounds=30
    bundle spy
    with_caps spy CAP_SYS_PTRACE
    spied_on "$rounds"
    absent ESCAPE "$T/found"
    absent '^POWER' "$T/found"
}

# attack_by_scan PROGRAM...: exec of it, often, in a container that attacks every executable that is not its own.
attack_by_scan() {
    [ -d "$T/attacker" ] || bundle attacker
    privileged attacker
    edit attacker '.process.args = ["/bin/exe_attack", "5", "scan"]'
    start_bundle attacker
    wait_for grep -q scanning "$T/$ID.out"
    ran=0
    for _ in {1..8}; do
        enter "$ID" "$@"
        echo "exec: exit $status: $output"
        [ "$status" -lt 124 ] || [ "$status" -eq 255 ]
        [ "$status" -eq 255 ] || ran=1
    done
    wait_for grep -q '^made' "$T/$ID.out"
    sed 's/^[0-9]* //' "$T/$ID.out" | sort | uniq -c
    binary_unchanged
    absent ' WROTE: OK' "$T/$ID.out"
    # What is refused before there is a process of the container can't be attacked.
    [ "$ran" = 0 ] || grep -qE ' open to read: ' "$T/$ID.out" || { echo "the attacker saw no process"; return 1; }
}

@test "CVE-2019-5736: exec of /proc/self/exe" {
    attack_by_scan /proc/self/exe --version
}

@test "CVE-2019-5736: exec of a script of the interpreter /proc/self/exe" {
    bundle attacker
    printf '#!/proc/self/exe\n' >"$T/attacker/rootfs/tmp/script"
    chmod 755 "$T/attacker/rootfs/tmp/script"
    attack_by_scan /tmp/script
}

@test "CVE-2019-5736: the runtime that waits for exec, seen from the host's pid namespace" {
    bundle attacker
    privileged attacker
    edit attacker '.linux.namespaces |= [.[] | select(.type != "pid")]'
    bundle victim 'sleep 100'
    start_bundle victim
    "$RUNTIME" --root "$T/state" exec "$ID" sleep 4 >/dev/null 2>&1 </dev/null 3>&- &
    runtime=$!
    BACKGROUND+=("$runtime")
    sleep 0.5
    edit attacker '.process.args = ["/bin/exe_attack", "6", $p]' --arg p "$runtime"
    start_bundle attacker
    wait_for grep -q '^made' "$T/$ID.out"
    cat "$T/$ID.out"
    binary_unchanged
    absent ' WROTE: OK' "$T/$ID.out"
}

@test "CVE-2024-21626: the working directory or the program of exec is a descriptor of the runtime" {
    bundle b 'sleep 1000'
    start_bundle b
    secret=$(cat "$T/host/canary")
    for n in {3..20}; do
        for place in "/proc/self/fd/$n" "/proc/thread-self/fd/$n" "/proc/1/fd/$n"; do
            enter --cwd "$place" "$ID" sh -c "ls; cat ../../../../../../../../$T/host/canary"
            [[ "$output" != *"$secret"* ]] || { echo "cwd $place: $output"; return 1; }
            [ "$status" -ne 0 ]
            [ "$place" = "/proc/self/fd/$n" ] || continue
            enter "$ID" "$place"
            [[ "$output" != *"$secret"* ]]
            [ "$status" -ne 0 ]
        done
    done
}

@test "CVE-2024-21626: descriptors that the caller of exec leaks do not reach the container" {
    bundle b 'sleep 1000'
    start_bundle b
    for n in {5..18}; do eval "exec $n<'$T/host'"; done
    enter "$ID" sh -c 'for n in /proc/self/fd/*; do echo "open ${n##*/}"; done'
    ran_well
    run grep -cE '^open ([5-9]|1[0-9])$' <<<"$output"
    [ "$output" -eq 0 ]
}

@test "CVE-2022-29162 CVE-2022-24769 CVE-2022-27649 CVE-2022-27650 CVE-2022-27651 CVE-2022-27652 CVE-2025-27612: exec --cap makes nothing inheritable" {
    bundle b 'sleep 1000'
    start_bundle b
    for options in "--cap CAP_NET_RAW" "--cap CAP_NET_RAW --user 1000" ""; do
        # shellcheck disable=SC2086
        enter $options "$ID" grep ^Cap /proc/self/status
        ran_well
        grep -qx $'CapInh:\t0000000000000000' <<<"$output"
        grep -qx $'CapAmb:\t0000000000000000' <<<"$output"
    done
    run timeout "$CALL_LIMIT" setpriv --inh-caps +chown,+setuid "$RUNTIME" --root "$T/state" exec "$ID" grep ^Cap /proc/self/status
    ran_well
    grep -qx $'CapInh:\t0000000000000000' <<<"$output"
}

@test "CVE-2026-30892 CVE-2024-40635: exec -u: ids arrive exactly, what is no id is refused" {
    bundle b 'sleep 1000'
    edit b '.process.user = {uid: 7, gid: 7}'
    start_bundle b
    for n in 0 1 65534 65536 2147483648 4294967294; do
        enter -u "$n:$n" "$ID" sh -c 'grep -E "^(Uid|Gid):" /proc/self/status'
        echo "id $n: exit $status: $output"
        ran_well
        [ "$output" = "$(printf 'Uid:\t%s\t%s\t%s\t%s\nGid:\t%s\t%s\t%s\t%s' "$n" "$n" "$n" "$n" "$n" "$n" "$n" "$n")" ]
    done
    enter -u 1 "$ID" id -u
    ran_well
    [ "$output" = 1 ]
    for text in -1 1: : :1 a 1x 1:x 4294967295 1:4294967295 4294967296 99999999999 18446744073709551616 " 1" "1 " 0x1 1:2:3 1.5 root ""; do
        [ "$IS_ESTIVA" = 1 ] || [ -n "$text" ] || continue
        enter -u "$text" "$ID" sh -c 'echo RAN as $(id -u)'
        echo "-u '$text': exit $status: $output"
        [[ "$output" != *RAN* ]]
        [ "$status" -ne 0 ]
    done
}

@test "CVE-2016-3697: exec -u: a number is not looked up in the image's passwd" {
    bundle b 'sleep 1000'
    printf '1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n' >"$T/b/rootfs/etc/passwd"
    start_bundle b
    enter -u 1000 "$ID" grep ^Uid /proc/self/status
    ran_well
    [ "$output" = $'Uid:\t1000\t1000\t1000\t1000' ]
}

@test "CVE-2026-61801: passwd of the container is endless, a FIFO or a device when exec looks for HOME" {
    bundle b 'sleep 1000'
    edit b '.process.env = ["PATH=/bin"]'
    start_bundle b
    cd "$T/b/rootfs/etc"
    for make in "truncate -s 1G passwd" "mkfifo passwd" "ln -s /dev/zero passwd" "mknod passwd c 1 5" "ln -s passwd passwd"; do
        rm -rf passwd
        $make
        start=${EPOCHREALTIME/./}
        enter "$ID" sh -c 'echo "HOME=$HOME"'
        took=$((${EPOCHREALTIME/./} - start))
        echo "$make: exit $status after $took us: ${output:0:300}"
        ran_well
        [ "$output" = HOME=/ ]
        [ "$took" -lt 2000000 ]
    done
    cd "$BATS_TEST_DIRNAME"
}

@test "CVE-2021-43784: an environment of 65,535 variables, arguments of half a megabyte" {
    bundle b 'sleep 1000'
    start_bundle b
    jq -n '{cwd: "/", args: ["/bin/env"], env: (["PATH=/bin", "HOME=/"] + [range(65533) | "V\(.)=x"])}' >"$T/process.json"
    enter --process "$T/process.json" "$ID"
    ran_well
    [ "$output" = "$(jq -r '.env[]' "$T/process.json")" ]
    jq -n '{cwd: "/", env: ["PATH=/bin"], args: ["/bin/sh", "-c", "echo $#", "sh", (range(5) | "x" * 100000)]}' >"$T/process.json"
    enter --process "$T/process.json" "$ID"
    ran_well
    [ "$output" = 5 ]
    # More than the kernel takes.
    jq -n '{cwd: "/", env: ["PATH=/bin"], args: ["/bin/echo", "x" * 200000]}' >"$T/process.json"
    enter --process "$T/process.json" "$ID"
    [ "$status" -ne 0 ]
}

@test "runc-exec-cgroup: exec --cgroup does not lead to another container" {
    bundle b 'sleep 1000'
    bundle b-other 'sleep 1000'
    start_bundle b-other
    start_bundle b
    for path in "../$TAG-b-other" "x/../../$TAG-b-other" .. "/../$TAG-b-other" "../$TAG-b/../$TAG-b-other"; do
        enter --cgroup "$path" "$ID" sh -c 'echo RAN'
        echo "--cgroup $path: exit $status: $output"
        [[ "$output" != *RAN* ]]
        [ "$status" -ne 0 ]
    done
    [ "$IS_ESTIVA" = 1 ] || return 0
    [ -d /sys/fs/cgroup/pids ] || return 0
    enter --cgroup "pids:../$TAG-b-other" "$ID" sh -c 'echo RAN'
    [[ "$output" != *RAN* ]]
}

@test "youki-exec-seccomp: the filter of the container holds for exec" {
    bundle b 'sleep 1000'
    edit b '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    for nnp in true false; do
        edit b '.process.noNewPrivileges = $n' --argjson n "$nnp"
        start_bundle b
        enter "$ID" sh -c 'grep ^Seccomp: /proc/self/status; mkdir /tmp/made; true'
        echo "$output"
        [[ "$output" == *$'Seccomp:\t2'* ]]
        enter "$ID" mkdir /tmp/made
        [ "$status" -eq 159 ] # SIGSYS
        enter --user 1000 "$ID" mkdir /tmp/made
        [ "$status" -eq 159 ]
        [ ! -e "$T/b/rootfs/tmp/made" ]
        # What the kernel wanted of the loader for it is not the program's.
        enter "$ID" sh -c 'grep ^CapPrm /proc/self/status; grep ^CapPrm /proc/1/status'
        [ "$(sort -u <<<"$output" | wc -l)" = 1 ]
        rt delete -f "$ID"
    done
}

@test "CVE-2025-52565: /dev/pts/ptmx of the running container is something else when exec wants a terminal" {
    bundle b 'sleep 1000'
    with_caps b CAP_SYS_ADMIN
    start_bundle b
    for script in 'mknod /tmp/f p; mount --bind /tmp/f /dev/pts/ptmx' 'touch /tmp/g; mount --bind /tmp/g /dev/pts/ptmx' \
        'mount -t tmpfs t /dev/pts; ln -s /dev/null /dev/pts/ptmx' 'rm /dev/pts/ptmx; mkdir /dev/pts/ptmx'; do
        enter "$ID" sh -c "$script"
        ran_well
        enter --tty "$ID" sh -c 'echo RAN'
        echo "$script: exit $status: $output"
        [[ "$output" != *RAN* ]]
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
    done
}

@test "CVE-2019-16884 CVE-2025-52881 CVE-2025-62596: what exec writes to a procfs does not land in the container's" {
    bundle b 'mount -t tmpfs t /proc && mkdir /proc/self /proc/thread-self /proc/1 &&
        for d in self thread-self 1; do for f in oom_score_adj setgroups uid_map; do echo untouched >/proc/$d/$f; done; done &&
        echo ready; sleep 1000'
    with_caps b CAP_SYS_ADMIN
    start_bundle b
    wait_for grep -q ready "$T/$ID.out"
    jq -n '{cwd: "/", env: ["PATH=/bin"], args: ["sleep", "1000"], oomScoreAdj: 77}' >"$T/process.json"
    # To refuse it is an answer too, which runc gives.
    if rt exec --detach --pid-file "$T/exec.pid" --process "$T/process.json" "$ID" >/dev/null 2>&1 </dev/null; then
        [ "$(cat "/proc/$(cat "$T/exec.pid")/oom_score_adj")" = 77 ]
    else
        [ "$IS_ESTIVA" = 0 ]
    fi
    [ "$(cat "/proc/$PID/root/proc/"*/{oom_score_adj,setgroups,uid_map} | sort -u)" = untouched ]
}

@test "CVE-2019-14271: exec loads no library, locale or name service, and nothing of the container's but its passwd" {
    command -v strace >/dev/null || lacks "no strace"
    bundle b 'sleep 1000'
    edit b '.process.env = ["PATH=/bin"]'
    start_bundle b
    run timeout -k 2 "$CALL_LIMIT" strace -f -qq -s 300 -o "$T/trace" -e trace=open,openat,openat2,execve \
        "$RUNTIME" --root "$T/state" exec --user 1000 "$ID" true 3>&-
    ran_well
    # What comes after the last exec is the program's own.
    sed '/execve("\/bin\/true"/,$d' "$T/trace" >"$T/ours"
    grep -q '"etc/passwd"\|"/etc/passwd"' "$T/ours"
    absent 'libnss|nsswitch\.conf|/gconv|/locale|charset|etc/group' "$T/ours"
}

@test "crun-1.31-hardening: mounts add and remove bring no process of ours into the container's sight" {
    [ "$IS_ESTIVA" = 1 ] || "$RUNTIME" mounts add --help >/dev/null 2>&1 || lacks "$RUNTIME has no command mounts add"
    bundle spy
    edit spy '.process.args = ["/bin/proc_spy", $c]' --arg c "$T/host/canary"
    start_bundle spy
    wait_for grep -q ready "$T/$ID.out"
    for _ in {1..30}; do
        run rt mounts add "$ID" '{"destination": "/tmp/later", "type": "tmpfs", "source": "tmpfs"}'
        ran_well
        run rt mounts remove "$ID" '{"destination": "/tmp/later"}'
        ran_well
    done
    enter "$ID" sleep 0.3 # what it sees of that shows that it looked
    ran_well
    rt kill "$ID" TERM
    wait_for grep -q ^looked "$T/$ID.out"
    sort "$T/$ID.out" | uniq -c
    [ "$(sed -n 's/^looked [0-9]* times at \([0-9]*\) .*/\1/p' "$T/$ID.out")" -gt 0 ]
    grep -v '^TRACED .*/busybox$' "$T/$ID.out" >"$T/found"
    absent '^(TRACED|ESCAPE|POWER)' "$T/found"
}
