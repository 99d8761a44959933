#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container gets without asking and what the host shows of it:
# capabilities, masks, control groups, hooks' environment, state files, sockets,
# and which files and programs of the host the runtime touches.

load security

setup() { sec_setup; }
teardown() { sec_teardown; }

spec_into() {
    (cd "$1" && rt spec "${@:2}")
}

@test "CVE-2016-8867 CVE-2022-29162: spec gives no inheritable and no ambient capability" {
    mkdir "$T/new"
    spec_into "$T/new"
    jq -e '.process.capabilities | ((.inheritable // []) + (.ambient // []) | length) == 0' "$T/new/config.json"
    jq -e '.process.noNewPrivileges == true' "$T/new/config.json"
    for dangerous in SYS_ADMIN SYS_PTRACE SYS_MODULE SYS_RAWIO DAC_READ_SEARCH NET_ADMIN BPF PERFMON; do
        jq -e --arg c "CAP_$dangerous" '[.process.capabilities[][]] | index($c) == null' "$T/new/config.json"
    done
}

@test "CVE-2017-16539 CVE-2018-10892: spec masks what the host's hardware and keys show" {
    mkdir "$T/new"
    spec_into "$T/new"
    jq -r '.linux.maskedPaths[]' "$T/new/config.json" | sort >"$T/masks"
    cat "$T/masks"
    for path in /proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats \
        /proc/sched_debug /proc/scsi /proc/interrupts /sys/firmware /sys/devices/virtual/powercap; do
        grep -qx "$path" "$T/masks" || { echo "$path is not masked"; return 1; }
    done
    for cpu in /sys/devices/system/cpu/cpu[0-9]*/thermal_throttle; do
        [ ! -e "$cpu" ] || grep -qx "$cpu" "$T/masks" || { echo "$cpu is not masked"; return 1; }
    done
    for path in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
        jq -e --arg p "$path" '.linux.readonlyPaths | index($p)' "$T/new/config.json"
    done
    jq -e '.mounts[] | select(.type == "cgroup" or .destination == "/sys") | .options | index("ro")' "$T/new/config.json"
}

@test "CVE-2022-29162 CVE-2022-24769 CVE-2022-27649 CVE-2022-27650 CVE-2022-27651 CVE-2022-27652 CVE-2025-27612: nothing inheritable" {
    bundle b 'grep ^Cap /proc/self/status'
    run_bundle b
    ran_well
    grep -qx $'CapInh:\t0000000000000000' <<<"$output"
    grep -qx $'CapAmb:\t0000000000000000' <<<"$output"
    edit b '.process.user = {uid: 1000, gid: 1000}'
    run_bundle b
    ran_well
    for set in Inh Prm Eff Amb; do grep -qx "Cap$set:"$'\t0000000000000000' <<<"$output"; done
    # Even a caller with inheritable capabilities of its own passes none on.
    new_id
    run timeout "$CALL_LIMIT" setpriv --inh-caps +chown,+setuid "$RUNTIME" --root "$T/state" run --bundle "$T/b" "$ID" 3>&-
    ran_well
    grep -qx $'CapInh:\t0000000000000000' <<<"$output"
}

cgroup_mount() {
    edit "$1" '.mounts += [{destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]},
        {destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}]'
}

@test "CVE-2022-0492: no release_agent and nothing of the control groups can be opened for writing" {
    bundle b 'find /sys/fs/cgroup -type f | head -n 3
        for f in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release -o -name cgroup.procs -o -name tasks \
            -o -name devices.allow -o -name cgroup.subtree_control); do
            if (: >>$f) 2>/tmp/error; then echo "WRITABLE $f"; fi
        done
        mount -o remount,rw /sys/fs/cgroup 2>/tmp/error && echo REMOUNTED
        mount -t cgroup -o rdma none /tmp 2>/tmp/error && echo MOUNTED
        mount -t cgroup2 none /tmp 2>/tmp/error && echo MOUNTED; true'
    cgroup_mount b
    for own_namespace in '.' '.linux.namespaces += [{type: "cgroup"}]'; do
        edit b "$own_namespace"
        run_bundle b
        echo "$own_namespace: $output"
        ran_well
        grep -q /sys/fs/cgroup/ <<<"$output"
        if grep -E 'WRITABLE|MOUNTED' <<<"$output"; then return 1; fi
    done
}

@test "CVE-2023-25809: a user namespace without a cgroup namespace can't write the host's groups" {
    # On v1 the groups are mounted into a tmpfs, which is the container's own.
    bundle b 'for f in $(find /sys/fs/cgroup -type d); do
            [ "$(stat -f -c %T $f)" != tmpfs ] || continue
            echo "tried $f"
            if touch $f/probe 2>/tmp/error || mkdir $f/probe-dir 2>/tmp/error; then echo "WRITABLE $f"; fi
        done; find /sys/fs/cgroup | wc -l'
    cgroup_mount b
    # As rootless engines write it: without ro.
    edit b '.mounts[-1].options -= ["ro"]
        | .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
        | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    chown -R 100000:100000 "$T/b/rootfs"
    for view in true view_v2; do
        $view
        run_bundle b
        echo "$view: exit $status: $output"
        ran_well
        grep -q "^tried /sys/fs/cgroup" <<<"$output"
        if grep WRITABLE <<<"$output"; then return 1; fi
        [ "$(cgroups_of probe-dir)" = "" ]
    done
}

# as_user COMMAND...: as uid 1000 without any capability.
as_user() {
    timeout -k 2 "$CALL_LIMIT" setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set -all --inh-caps -all \
        env -i PATH="$PATH" HOME=/tmp XDG_RUNTIME_DIR="$T/user" "$@" 3>&-
}

@test "CVE-2014-8989 CVE-2023-25809: without privilege setgroups is denied and the host's groups are safe" {
    bundle b 'cat /proc/self/setgroups /proc/self/gid_map; (: >>/sys/fs/cgroup/cgroup.procs) 2>/tmp/error && echo WRITABLE
        (: >>/sys/fs/cgroup/unified/cgroup.procs) 2>/tmp/error && echo WRITABLE; true'
    mkdir "$T/user"
    cgroup_mount b
    edit b '.linux |= del(.cgroupsPath) | .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: 1000, size: 1}]
        | .mounts |= map(select(.type != "cgroup" and .type != "sysfs"))
        | .mounts += [{destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"]}]'
    chown -R 1000:1000 "$T/b" "$T/user"
    new_id
    run as_user "$RUNTIME" --root "$T/user/state" run --bundle "$T/b" "$ID"
    echo "exit $status: $output"
    ran_well
    [ "${lines[0]}" = deny ]
    [ "$(awk '{print $1, $2, $3}' <<<"${lines[1]}")" = "0 1000 1" ]
    if grep WRITABLE <<<"$output"; then return 1; fi
}

@test "CVE-2025-23266: a hook sees neither the image's environment nor its root as working directory" {
    bundle b
    printf '#!/bin/sh\n{ env; echo "cwd $(pwd -P)"; } >>%s\n' "$T/log" >"$T/hook"
    chmod 755 "$T/hook"
    edit b '.process.env += ["LD_PRELOAD=/evil.so", "IMAGE_VARIABLE=1"]
        | .hooks = {prestart: [{path: $h}], createRuntime: [{path: $h}], createContainer: [{path: $h, env: ["OWN=1"]}],
            poststart: [{path: $h}], poststop: [{path: $h}]}' --arg h "$T/hook"
    export CALLERS_VARIABLE=1
    run_bundle b
    ran_well
    absent 'LD_PRELOAD|IMAGE_VARIABLE' "$T/log"
    absent "^cwd .*rootfs" "$T/log"
    [ "$(grep -c '^cwd ' "$T/log")" -eq 5 ]
    grep -q '^OWN=1' "$T/log"
    # Without `env` a hook's environment is empty: not the caller's either.
    absent CALLERS_VARIABLE "$T/log"
}

@test "CVE-2021-41103 CVE-2024-25621: state is closed to others whatever the caller's umask" {
    bundle b 'sleep 30'
    for mask in 0000 0777 0022; do
        rm -rf "$T/state"
        (umask "$mask" && rt create --bundle "$T/b" "$TAG-mask" </dev/null >"$T/mask.out" 2>&1)
        find "$T/state" -printf '%m %y %p\n'
        [[ "$(stat -c %a "$T/state")" =~ ^7[01][01]$ ]]
        [ "$(find "$T/state" -mindepth 1 -perm /022 \( -type f -o -type d \) | wc -l)" -eq 0 ]
        # A directory below that others may enter would be enough to reach a readable file.
        [ "$(stat -c %a "$T/state" | cut -c 3)" = 0 ] ||
            [ "$(find "$T/state" -mindepth 1 -maxdepth 1 -perm /007 ! -type l | wc -l)" -eq 0 ] ||
            [ "$(find "$T/state" -mindepth 2 -perm /006 ! -type l | wc -l)" -eq 0 ]
        rt delete -f "$TAG-mask"
    done
}

@test "CVE-2020-15257: no abstract socket is left for containers of the host's network" {
    bundle b 'sleep 30'
    # A network namespace of its own: only this runtime's sockets are in it.
    "$PROGRAMS/console_sink" "$T/sock" >"$T/tty" 2>&1 3>&- &
    BACKGROUND+=($!)
    wait_for test -S "$T/sock"
    edit b '.process.terminal = true'
    run unshare -n bash -c '
        set -e
        "$1" --root "$2" create --console-socket "$4" --bundle "$3" c </dev/null
        "$1" --root "$2" state c >/dev/null
        cat /proc/net/unix
        "$1" --root "$2" start c
        cat /proc/net/unix
        "$1" --root "$2" delete -f c' sh "$RUNTIME" "$T/state" "$T/b" "$T/sock" 3>&-
    echo "$output"
    ran_well
    [ "$(grep -c '^Num' <<<"$output")" -eq 2 ]
    if grep -E ' @' <<<"$output"; then return 1; fi
}

# traced NAME FILTER: run the bundle under strace; the log is $T/trace.
traced() {
    command -v strace >/dev/null || lacks "no strace"
    new_id
    run timeout -k 2 "$CALL_LIMIT" strace -f -y -qq -s 300 -o "$T/trace" -e "trace=$2" \
        "${VIEW[@]}" "$RUNTIME" --root "$T/state" run --bundle "$T/$1" "$ID" 3>&-
    ran_well
}

@test "CVE-2019-14271: no name service, locale or library is loaded by the runtime" {
    bundle b
    edit b '.process.args = ["/bin/busybox", "true"] | .process.env = ["PATH=/bin"]'
    traced b open,openat,openat2
    # The runtime's own start may read ld.so.cache if it is dynamic; entering the container may not.
    if grep -E 'libnss|nsswitch\.conf|/gconv|/locale|charset' "$T/trace"; then return 1; fi
    grep -q rootfs "$T/trace"
}

@test "CVE-2026-84042: nothing is run but the runtime, the container's program and its hooks" {
    bundle b
    mkdir "$T/path"
    for name in newuidmap newgidmap sh ip iptables modprobe mount criu passt pasta estiva runc crun; do
        printf '#!/bin/busybox sh\necho "$0" >>%s\n' "$T/ran" >"$T/path/$name"
        chmod 755 "$T/path/$name"
    done
    edit b '.process.args = ["/bin/busybox", "true"] | .linux.namespaces += [{type: "network"}, {type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
        | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    chown -R 100000:100000 "$T/b/rootfs"
    PATH=$T/path:$PATH traced b execve,execveat
    cat "$T/trace"
    [ ! -e "$T/ran" ]
    if grep -vE "execve(at)?\(.*($RUNTIME|/proc/self/fd/|/proc/self/exe|memfd|/bin/busybox|\"\")|resumed|\+\+\+|---" "$T/trace" |
        grep exec; then return 1; fi
}

@test "CVE-2025-24965: nothing below the root is reached by a path from the host's root" {
    [ "$IS_ESTIVA" = 1 ] || lacks "a law of estiva; peers resolve paths themselves"
    bundle b
    mkdir "$T/payload"
    bind b "$T/payload" /made/here
    traced b open,openat,openat2,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,unlink,unlinkat,mount,move_mount,open_tree,chmod,fchmodat,chown,fchownat,stat,newfstatat,readlink,readlinkat,rename,renameat2
    grep -q '/b/rootfs"' "$T/trace"
    if grep -E "\"$T/b/rootfs/[^\"]" "$T/trace"; then return 1; fi
}

@test "linux-6.17-bpf-prog-query: bpf(2) is given the whole union" {
    bundle b
    # Device rules are programs on v2 only.
    view_v2
    edit b '.linux.resources = {devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwm"}]}'
    traced b bpf
    # 0x58 reaches past prog_query.revision, the last field that the kernel writes.
    awk '/BPF_PROG_QUERY/ && match($0, /}, [0-9]+\)/) {
        size = substr($0, RSTART + 3, RLENGTH - 4)
        if (size + 0 < 88) { print "short: " $0; bad = 1 }
    } END { exit bad }' "$T/trace"
}
