#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root file systems whose symbolic links lead to the host: /proc, /sys, /dev and
# what is in it, mount points, working directory. No race here; see security_races.bats.

load security

setup() { sec_setup; }
teardown() { sec_teardown; }

# Makes NAME of the bundle's root a symbolic link instead of what bundle() made.
link_in() {
    rm -rf "$T/$1/rootfs/${2:?}"
    ln -s "$3" "$T/$1/rootfs/$2"
}

before_host() { HOST=$(snapshot "$T/host"); }
host_unchanged() { unchanged "$T/host" "$HOST"; }

@test "CVE-2019-19921 CVE-2025-54867: /proc or /sys of the image is a symbolic link" {
    bundle b 'cat /tmp/x/version; exit 0'
    before_host
    for link in proc:/tmp/x proc:tmp/x proc:../../host "proc:$T/host" sys:.. sys:/ "sys:$T/host"; do
        rm -rf "$T/b/rootfs/proc" "$T/b/rootfs/sys" "$T/b/rootfs/tmp/x"
        mkdir -p "$T/b/rootfs/proc" "$T/b/rootfs/sys" "$T/b/rootfs/tmp/x"
        link_in b "${link%%:*}" "${link#*:}"
        edit b '.mounts |= ([.[] | select(.destination != "/sys")] +
            [{destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]}])'
        echo "link $link"
        run_bundle b
        refused
        [ -z "$(ls "$T/b/rootfs/tmp/x")" ]
    done
    host_unchanged
}

@test "CVE-2019-16884: a label is not written to a /proc that is no procfs" {
    bundle b 'cat /proc/self/attr/current'
    mkdir -p "$T/fake/self/attr/apparmor" "$T/fake/thread-self/attr/apparmor" "$T/fake/self/task"
    for file in self/attr/exec self/attr/apparmor/exec thread-self/attr/exec thread-self/attr/apparmor/exec; do
        echo fake >"$T/fake/$file"
    done
    FAKE=$(snapshot "$T/fake")
    for label in apparmorProfile selinuxLabel; do
        for mount in '{destination: "/proc", type: "tmpfs", source: "tmpfs"}' \
            '{destination: "/proc", type: "bind", source: $fake, options: ["rbind"]}' \
            '{destination: "/proc/self", type: "bind", source: ($fake + "/self"), options: ["rbind"]}'; do
            cp "$T/b/config.json" "$T/b/saved"
            edit b ".process.$label = \"label_of_test\" | .mounts += [$mount]" --arg fake "$T/fake"
            run_bundle b
            echo "$label, $mount: exit $status: $output"
            refused
            unchanged "$T/fake" "$FAKE"
            mv "$T/b/saved" "$T/b/config.json"
        done
        # Where the security module is, tests/vm shows that the label is in effect whatever is in the container's /proc.
        [ ! -e /sys/fs/selinux/enforce ] && [ ! -e /sys/module/apparmor ] || continue
        cp "$T/b/config.json" "$T/b/saved"
        edit b ".process.$label = \"label_of_test\""
        run_bundle b
        refused "/process/$label"
        mv "$T/b/saved" "$T/b/config.json"
    done
}

@test "CVE-2023-27561 CVE-2023-28642: the same with other spellings of the destination" {
    bundle b
    link_in b proc /tmp/x
    mkdir "$T/b/rootfs/tmp/x"
    for destination in //proc /proc/ /./proc /tmp/../proc /proc/.; do
        edit b '.mounts[0].destination = $d' --arg d "$destination"
        echo "destination $destination"
        run_bundle b
        refused
        [ -z "$(ls "$T/b/rootfs/tmp/x")" ]
    done
}

@test "CVE-2023-27561: procfs below a symbolic link stays inside the root" {
    bundle b '[ -e /tmp/x/proc/version ] || [ ! -e /elsewhere ]'
    before_host
    ln -s "$T/host" "$T/b/rootfs/elsewhere"
    edit b '.mounts[0].destination = "/elsewhere/proc"'
    run_bundle b
    echo "exit $status: $output"
    [ "$status" -lt 124 ]
    host_unchanged
}

@test "CVE-2019-18837: the last component of a mount point is a symbolic link to the host" {
    bundle b 'grep -c " /" /proc/self/mountinfo >/dev/null'
    mkdir "$T/payload"
    echo payload >"$T/payload/file"
    ln -s "$T/host" "$T/b/rootfs/to-dir"
    ln -s "$T/host/canary" "$T/b/rootfs/to-file"
    ln -s "$T/host/new" "$T/b/rootfs/to-new"
    ln -s "../../../../../../../../$T/host/new" "$T/b/rootfs/to-relative"
    before_host
    for mount in "payload /to-dir" "payload/file /to-file" "payload /to-new" "payload/file /to-new" \
        "payload /to-relative/deeper" "payload/file /to-dir/created"; do
        cp "$T/b/config.json" "$T/b/saved"
        bind b "$T/${mount% *}" "${mount#* }"
        run_bundle b
        echo "$mount: exit $status: $output"
        [ "$status" -lt 124 ]
        host_unchanged
        mv "$T/b/saved" "$T/b/config.json"
    done
}

# Root file system whose /dev is LINK; the host's directory has a name that set-up of /dev would replace, and only
# that: another one could end it earlier.
dev_is() {
    rm -rf "$T/b" "$T/host"
    mkdir "$T/host"
    echo "host's ptmx" >"$T/host/ptmx"
    bundle b
    link_in b dev "$1"
    before_host
}

@test "CVE-2026-41579 CVE-2026-47766: /dev of the image is a symbolic link to the host" {
    for link in "$T/host" "../../../../../../../..$T/host" ../../host; do
        for mounts in '.' '.mounts |= [.[] | select(.destination | startswith("/dev") | not)]'; do
            dev_is "$link"
            edit b "$mounts"
            run_bundle b
            echo "run with /dev -> $link, $mounts: exit $status: $output"
            [ "$status" -lt 124 ]
            host_unchanged
            new_id
            # Not by `run`: the container keeps its pipe open.
            rt create --bundle "$T/b" "$ID" </dev/null >"$T/$ID.out" 2>&1 && rt start "$ID" || :
            rt delete -f "$ID" || :
            host_unchanged
        done
    done
}

@test "CVE-2026-41579: a host directory bound on /dev keeps its names, however the destination is spelled" {
    for destination in /dev //dev /dev/ /./dev /tmp/../dev /to-dev; do
        dev_is dev
        rm "$T/b/rootfs/dev"
        mkdir "$T/b/rootfs/dev"
        ln -s dev "$T/b/rootfs/to-dev"
        edit b '.mounts |= [.[] | select(.destination | startswith("/dev") | not)]'
        bind b "$T/host" "$destination"
        run_bundle b
        echo "$destination: exit $status: $output"
        [ "$status" -lt 124 ]
        host_unchanged
    done
}

@test "CVE-2026-88264: /dev/console of the image is a symbolic link to a new file of the host" {
    bundle b 'test -c /dev/console || echo no console'
    edit b '.mounts |= [.[] | select(.destination != "/dev")]'
    mkdir "$T/b/rootfs/dev/pts"
    for link in "$T/host/new" "../../../../../../../..$T/host/new" "../../../host/new"; do
        rm -f "$T/b/rootfs/dev/console"
        ln -s "$link" "$T/b/rootfs/dev/console"
        before_host
        edit b '.process.terminal = false'
        run_bundle b
        echo "/dev/console -> $link: exit $status: $output"
        [ "$status" -lt 124 ]
        host_unchanged
        edit b '.process.terminal = true'
        run_on_terminal b
        host_unchanged
    done
}

# run_on_terminal NAME: run it with a console socket; what it printed is in $output, its exit in $status.
run_on_terminal() {
    new_id
    "$PROGRAMS/console_sink" "$T/$ID.sock" >"$T/$ID.tty" 2>&1 3>&- &
    local sink=$!
    BACKGROUND+=("$sink")
    wait_for test -S "$T/$ID.sock"
    status=0
    rt run -d --console-socket "$T/$ID.sock" --bundle "$T/$1" "$ID" >"$T/$ID.out" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        wait_for stopped "$ID"
        wait "$sink"
    fi
    output=$(cat "$T/$ID.out" "$T/$ID.tty")
    echo "on a terminal: exit $status: $output"
    rt delete -f "$ID" || :
}

stopped() { [ "$(rt state "$1" | jq -r .status)" = stopped ]; }

@test "CVE-2026-88265: /dev/null of the image leads to a bind-mounted file of the host" {
    bundle b 'echo clobbered; echo clobbered >&2'
    edit b '.mounts |= [.[] | select(.destination != "/dev")]
        | .process.user = {"uid": 1000, "gid": 1000}'
    mkdir "$T/b/rootfs/dev/pts"
    bind b "$T/host/canary" /canary rw
    ln -s /canary "$T/b/rootfs/dev/null"
    before_host
    new_id
    run bash -c '"$@" | cat' pipe timeout 20 "$RUNTIME" --root "$T/state" run --bundle "$T/b" "$ID" 3>&-
    echo "pipe: exit $status: $output"
    host_unchanged
    new_id
    run /usr/bin/python3 - "$RUNTIME" "$T/state" "$T/b" "$ID" <<'PY'
import socket, subprocess, sys
runtime, root, bundle, container = sys.argv[1:]
ours, theirs = socket.socketpair()
done = subprocess.run([runtime, "--root", root, "run", "--bundle", bundle, container],
                      stdin=theirs, stdout=theirs, stderr=theirs, timeout=20)
theirs.close()
print(done.returncode, ours.recv(65536).decode())
sys.exit(done.returncode)
PY
    echo "socketpair: exit $status: $output"
    host_unchanged
    [ "$status" -ne 0 ]
}

@test "CVE-2026-115521: a read-only root stays so with a fake /proc/self/fd in the image" {
    bundle b 'touch /probe; exit 0'
    run_bundle b
    ran_well
    [ -e "$T/b/rootfs/probe" ]
    rm "$T/b/rootfs/probe"
    edit b '.root.readonly = true | .mounts |= [.[] | select(.destination != "/proc")]'
    mkdir -p "$T/b/rootfs/proc/self/fd" "$T/b/rootfs/proc/thread-self/fd"
    mkdir "$T/b/rootfs/decoy"
    for n in {0..40}; do
        ln -s /decoy "$T/b/rootfs/proc/self/fd/$n"
        ln -s /decoy "$T/b/rootfs/proc/thread-self/fd/$n"
    done
    run_bundle b
    echo "new mount API: exit $status: $output"
    [ ! -e "$T/b/rootfs/probe" ]
    without_new_mount_calls b
    echo "mount(2): exit $status: $output"
    [ ! -e "$T/b/rootfs/probe" ]
    # The same with the image's fake bound over /proc by the config.
    bind b "$T/b/rootfs/proc" /proc
    run_bundle b
    [ ! -e "$T/b/rootfs/probe" ]
    without_new_mount_calls b
    [ ! -e "$T/b/rootfs/probe" ]
}

# run_bundle on a kernel that lacks mount_setattr, as strace plays it.
without_new_mount_calls() {
    command -v strace >/dev/null || lacks "no strace"
    new_id
    run timeout -k 2 "$CALL_LIMIT" strace -f -qq -o "$T/strace" -e trace=mount_setattr \
        -e inject=mount_setattr:error=ENOSYS "$RUNTIME" --root "$T/state" run --bundle "$T/$1" "$ID" 3>&-
}

@test "CVE-2024-21626: the working directory or the program is a descriptor of the runtime" {
    bundle b "ls; cat ../../../../../../../../$T/host/canary"
    secret=$(cat "$T/host/canary")
    for n in {3..20}; do
        for place in "/proc/self/fd/$n" "/proc/thread-self/fd/$n" "/proc/1/fd/$n"; do
            edit b '.process.cwd = $d' --arg d "$place"
            run_bundle b
            [[ "$output" != *"$secret"* ]] || { echo "cwd $place: $output"; return 1; }
            [ "$status" -ne 0 ] && [ "$status" -lt 124 ]
            [ "$place" = "/proc/self/fd/$n" ] || continue
            edit b '.process.cwd = "/" | .process.args = [$d]' --arg d "$place"
            run_bundle b
            [[ "$output" != *"$secret"* ]]
            [ "$status" -ne 0 ] && [ "$status" -lt 124 ]
            edit b '.process.args = ["/bin/sh", "-c", $s]' --arg s "ls; cat ../../../../../../../../$T/host/canary"
        done
    done
}

@test "CVE-2024-21626: descriptors that the caller leaks do not reach the container" {
    bundle b 'for n in /proc/self/fd/*; do echo "open ${n##*/}"; done'
    for n in {5..18}; do eval "exec $n<'$T/host'"; done
    run_bundle b
    ran_well
    # The shell's own listing opens the directory as one more descriptor while it reads.
    run grep -cE '^open ([5-9]|1[0-9])$' <<<"$output"
    echo "with leaks: $output"
    [ "$output" -eq 0 ]
    new_id
    exec 4<"$T/host/canary"
    edit b '.process.args[2] = "cat <&3; test ! -e /proc/self/fd/5 && test ! -e /proc/self/fd/6"'
    run timeout "$CALL_LIMIT" "$RUNTIME" --root "$T/state" run --preserve-fds 1 --bundle "$T/b" "$ID" 3<"$T/host/canary"
    ran_well
    [ "$output" = "$(cat "$T/host/canary")" ]
}
