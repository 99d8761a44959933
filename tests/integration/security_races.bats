#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container that swaps names in a shared volume while another one starts.
# 100 rounds each; 2,000 with ESTIVA_FULL=1.

load security

setup() { sec_setup; }
teardown() {
    if [ -n "${STARTED:-}" ]; then echo "# $STARTED of $ROUNDS rounds started" >&3; fi
    sec_teardown
}

# race NAME CHECK...: start it ROUNDS times; CHECK is called after each round. STARTED counts the
# rounds in which the container ran, REFUSED those in which the runtime said no.
race() {
    local name=$1
    shift
    STARTED=0
    for ((round = 1; round <= ROUNDS; round++)); do
        run_bundle "$name"
        [ "$status" -lt 124 ] || { echo "round $round: exit $status: $output"; return 1; }
        [ "$status" -ne 0 ] || STARTED=$((STARTED + 1))
        "$@" || { echo "round $round: exit $status: $output"; return 1; }
    done
}

@test "CVE-2021-30465 (CVE-2018-15664 CVE-2024-9676 CVE-2026-76061): mount point swapped for a link to the host" {
    mkdir -p "$T/volume/dir" "$T/payload" "$T/host/source"
    echo payload >"$T/payload/from"
    echo host >"$T/host/source/from"
    ln -s "../../../../../../../../../..$T/host/source" "$T/volume/link"
    # Would the second mount land on the host's path, then the third, of that path, would show it, or the second
    # would be nowhere below the root.
    bundle b 'cat /third/from; grep -q "/payload /" /proc/self/mountinfo || echo ESCAPED
        cat /vol/dir/../../host/canary 2>&-; true'
    bind b "$T/volume" /vol
    bind b "$T/payload" /vol/dir
    bind b "$T/host/source" /third
    HOST=$(snapshot "$T/host")
    start_exchanger "$T/volume" dir link
    check() {
        still_unchanged "$T/host" "$HOST" && { [ "$status" -ne 0 ] || [ "$output" = host ]; }
    }
    race b check
    stop_exchanger "$ROUNDS"
    [ "$STARTED" -gt 0 ]
}

@test "a read-only volume on the old mount API: the directory that was mounted on is exchanged meanwhile" {
    mkdir -p "$T/volume/dir" "$T/volume/other" "$T/payload"
    # Were the mount looked for by its path again, the volume would get its attributes, or nothing would.
    bundle b 'awk '"'"'$4 ~ "/payload$" { p = $6 } $5 == "/vol" { v = $6 } END { print p " " v }'"'"' /proc/self/mountinfo'
    bind b "$T/volume" /vol
    bind b "$T/payload" /vol/dir
    edit b '.mounts[-1].options += ["ro", "noexec"]'
    start_exchanger "$T/volume" dir other
    check() {
        [ "$status" -ne 0 ] || { [[ "$output" == ro,*noexec*" rw,"* ]] && [[ "$output" != *" "*noexec* ]]; }
    }
    VIEW=("$PROGRAMS/nosys" "$OLD_KERNEL" --)
    race b check
    stop_exchanger "$ROUNDS"
    [ "$STARTED" -gt 0 ]
}

@test "CVE-2024-45310: mount point to be created below a directory swapped for a link to the host" {
    mkdir -p "$T/volume/dir" "$T/payload"
    echo x >"$T/payload/file"
    ln -s "../../../../../../../../../..$T/host" "$T/volume/link"
    bundle b
    bind b "$T/volume" /vol
    bind b "$T/payload" /vol/dir/made-1/below
    bind b "$T/payload/file" /vol/dir/touched-1
    HOST=$(snapshot "$T/host")
    start_exchanger "$T/volume" dir link
    # A name of its own for each round: what exists already need not be made.
    check() {
        sed -i "s/-$round\b/-$((round + 1))/" "$T/b/config.json"
        still_unchanged "$T/host" "$HOST"
    }
    race b check
    stop_exchanger "$ROUNDS"
}

@test "CVE-2025-31133 CVE-2025-62161: /dev/null swapped for a link while paths are masked" {
    echo "not masked" >"$T/host/proc-file"
    mkdir "$T/dev"
    for node in null:3 zero:5 full:7 random:8 urandom:9 tty; do
        if [ "$node" = tty ]; then mknod -m 666 "$T/dev/tty" c 5 0; continue; fi
        mknod -m 666 "$T/dev/${node%:*}" c 1 "${node#*:}"
    done
    mkdir -p "$T/dev/pts" "$T/dev/shm" "$T/dev/mqueue"
    ln -s /proc/sys/kernel/core_pattern "$T/dev/evil"
    bundle b 'for f in /masked /proc/timer_list /proc/kcore; do
        [ -e $f ] || continue
        [ -c $f ] && [ "$(stat -c %t:%T $f)" = 1:3 ] && [ -z "$(head -c 64 $f)" ] || { echo "UNMASKED $f"; head -c 64 $f; }
    done'
    echo secret >"$T/b/rootfs/masked"
    edit b '.mounts |= [.[] | select(.destination | startswith("/dev") | not)]
        | .linux.maskedPaths = ["/masked", "/proc/timer_list", "/proc/kcore"]'
    bind b "$T/dev" /dev
    HOST=$(snapshot "$T/host")
    pattern=$(cat /proc/sys/kernel/core_pattern)
    start_exchanger "$T/dev" null evil
    check() {
        [[ "$output" != *UNMASKED* ]] && [ "$(cat /proc/sys/kernel/core_pattern)" = "$pattern" ] &&
            still_unchanged "$T/host" "$HOST"
    }
    race b check
    stop_exchanger "$ROUNDS"
}

@test "CVE-2025-31133: /dev/null is a link or a regular file of the image" {
    bundle b 'if [ -c /masked ]; then head -c 64 /masked; else echo UNMASKED; head -c 64 /masked; fi'
    echo secret >"$T/b/rootfs/masked"
    mkdir -p "$T/b/rootfs/dev/pts"
    edit b '.mounts |= [.[] | select(.destination != "/dev")] | .linux.maskedPaths = ["/masked"]'
    HOST=$(snapshot "$T/host")
    for make in "ln -s /etc/passwd" "ln -s ../etc/passwd" "ln -s $T/host/canary" \
        "ln -s ../../../../../../../..$T/host/canary" "cp $T/host/canary"; do
        rm -f "$T/b/rootfs/dev/null"
        $make "$T/b/rootfs/dev/null"
        run_bundle b
        echo "$make: exit $status: $output"
        [ "$status" -lt 124 ]
        [[ "$output" != *UNMASKED* && "$output" != *secret* ]]
        unchanged "$T/host" "$HOST"
    done
}

# One round on a terminal; sets status and output as run_bundle does.
terminal_round() {
    new_id
    "$PROGRAMS/console_sink" "$T/sock.$N" >"$T/tty" 2>&1 3>&- &
    local sink=$!
    for _ in {1..100}; do
        [ -S "$T/sock.$N" ] && break
        sleep 0.02
    done
    status=0
    rt run -d --console-socket "$T/sock.$N" --bundle "$T/$1" "$ID" >"$T/out" 2>&1 </dev/null || status=$?
    # A refused start may come before anything was sent; the sink would wait for ever.
    [ "$status" -eq 0 ] || kill "$sink" 2>/dev/null || :
    wait "$sink" 2>/dev/null || :
    output=$(cat "$T/out" "$T/tty")
    rt delete -f "$ID" >/dev/null 2>&1 || :
    rm -f "$T/sock.$N"
}

@test "CVE-2025-52565: /dev/pts swapped for a link while the console is set up" {
    mkdir -p "$T/dev/pts" "$T/dev/shm"
    for n in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$T/dev/${n%:*}" c 1 "${n#*:}"; done
    mknod -m 666 "$T/dev/tty" c 5 0
    touch "$T/dev/console"
    ln -s pts/ptmx "$T/dev/ptmx"
    ln -s /decoy "$T/dev/evil"
    bundle b 'set -- $(stat -c "%t" /dev/console); [ "$1" = 88 ] && [ "$(stat -f -c %T /dev/console)" = devpts ] &&
        echo is-devpts || { echo NOT-DEVPTS; ls -l /dev/console; }'
    mkdir "$T/b/rootfs/decoy"
    for n in {0..9}; do echo decoy >"$T/b/rootfs/decoy/$n"; done
    edit b '.process.terminal = true | .mounts |= [.[] | select(.destination != "/dev")]'
    edit b '.mounts |= ([.[0]] + [{destination: "/dev", source: $s, type: "bind", options: ["rbind"]}] + .[1:])' --arg s "$T/dev"
    HOST=$(snapshot "$T/b/rootfs/decoy")
    start_exchanger "$T/dev" pts evil
    STARTED=0
    for ((round = 1; round <= ROUNDS; round++)); do
        terminal_round b
        [[ "$output" != *NOT-DEVPTS* ]] || { echo "round $round: $output"; return 1; }
        [ "$status" -ne 0 ] || STARTED=$((STARTED + 1))
        still_unchanged "$T/b/rootfs/decoy" "$HOST"
    done
    stop_exchanger "$ROUNDS"
}

@test "CVE-2025-52565: names of pseudo-terminals in the image are links" {
    bundle b '[ "$(stat -f -c %T /dev/console)" = devpts ] && echo is-devpts || { echo NOT-DEVPTS; ls -l /dev; }'
    edit b '.process.terminal = true | .mounts |= [.[] | select(.destination | startswith("/dev") | not)]'
    mkdir -p "$T/b/rootfs/dev/pts"
    for n in {0..20}; do ln -s "../../../../../../../../..$T/host/canary" "$T/b/rootfs/dev/pts/$n"; done
    mknod -m 666 "$T/b/rootfs/dev/ptmx" c 5 2
    mknod -m 666 "$T/b/rootfs/dev/pts/ptmx" c 5 2
    HOST=$(snapshot "$T/host")
    terminal_round b
    echo "exit $status: $output"
    [[ "$output" != *NOT-DEVPTS* ]]
    unchanged "$T/host" "$HOST"
}

@test "CVE-2025-52881 CVE-2025-62596: a fake /proc/sys gets no sysctl" {
    mkdir -p "$T/host/sys/kernel" "$T/host/proc/sys/kernel"
    echo 7 >"$T/host/sys/kernel/shm_rmid_forced"
    echo 7 >"$T/host/proc/sys/kernel/shm_rmid_forced"
    bundle b 'sleep 30'
    edit b '.linux.sysctl = {"kernel.shm_rmid_forced": "1"}'
    ln -s /proc "$T/b/rootfs/to-proc"
    HOST=$(snapshot "$T/host")
    real=$(cat /proc/sys/kernel/shm_rmid_forced)
    for mount in "$T/host/sys /proc/sys" "$T/host/sys /to-proc/sys" "$T/host/proc /proc" \
        "$T/host/sys/kernel /proc/sys/kernel" "$T/host/sys/kernel/shm_rmid_forced /proc/sys/kernel/shm_rmid_forced"; do
        cp "$T/b/config.json" "$T/b/saved"
        bind b "${mount% *}" "${mount#* }"
        echo "mount $mount"
        if start_bundle b; then
            # It started: then the setting must have reached the container's own namespace.
            value=$(nsenter -t "$PID" -i cat /proc/sys/kernel/shm_rmid_forced)
            rt delete -f "$ID"
            echo "started, value $value"
            [ "$value" = 1 ]
        fi
        unchanged "$T/host" "$HOST"
        [ "$(cat /proc/sys/kernel/shm_rmid_forced)" = "$real" ]
        mv "$T/b/saved" "$T/b/config.json"
    done
}

@test "CVE-2025-52881: a volume raced with a link to /proc gets no sysctl" {
    mkdir -p "$T/volume/dir/sys" "$T/fake/kernel"
    echo 7 >"$T/fake/kernel/shm_rmid_forced"
    ln -s ../proc "$T/volume/link"
    bundle b
    edit b '.linux.sysctl = {"kernel.shm_rmid_forced": "1"}'
    bind b "$T/volume" /vol
    bind b "$T/fake" /vol/dir/sys
    FAKE=$(snapshot "$T/fake")
    start_exchanger "$T/volume" dir link
    race b still_unchanged "$T/fake" "$FAKE"
    stop_exchanger "$ROUNDS"
}

@test "CVE-2019-19921: /proc swapped for a link between two containers of one root" {
    # The swap moves the name /proc away after the mount too; where procfs may never be is /elsewhere.
    bundle b '[ ! -e /elsewhere/version ] || echo MISPLACED'
    mkdir "$T/b/rootfs/elsewhere"
    ln -s /elsewhere "$T/b/rootfs/link"
    start_exchanger "$T/b/rootfs" proc link
    check() { [[ "$output" != *MISPLACED* ]]; }
    race b check
    stop_exchanger "$ROUNDS"
}
