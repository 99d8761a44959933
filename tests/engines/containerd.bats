# SPDX-License-Identifier: Apache-2.0
# containerd by its client ctr: the runc v2 shim with another binary, which is what BinaryName in a configuration says too.

load containerd

setup_file() {
    containerd_begin
    ctr images import "$(image_file busybox)"
}

teardown_file() {
    [ ! -S "${T-}/containerd.sock" ] || remove_tasks
    engines_end
}

teardown() { [ ! -S "${T-}/containerd.sock" ] || remove_tasks; }

remove_tasks() {
    local id
    for id in $(ctr task list --quiet); do ctr task rm --force "$id" >/dev/null 2>&1 || true; done
    for id in $(ctr container list --quiet); do ctr container rm "$id"; done
}

ctr_run() { # [OPTION...] -- ID COMMAND...
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    ctr run --runc-binary "$T/bin/estiva" "${options[@]}" "$IMAGE" "$@"
}

task_is() { ctr task list | grep -qE "^$1 +[0-9]+ +$2"; }
pid_of() { ctr task list | awk -v id="$1" '$1 == id { print $2 }'; }

@test "smoke: run prints, ends with the program's status, leaves nothing" {
    run ctr_run --rm -- "$EN-one" sh -c 'echo hello; exit 7'
    assert_status 7
    assert_has "$output" hello
    assert_called "$EN-one" create start delete
    grep -q -- '--log-format json .*create --bundle .*--pid-file' "$T/calls"
}

@test "smoke: exec, then kill" {
    ctr_run --detach -- "$EN-two" sleep 1000
    run ctr task exec --exec-id e1 "$EN-two" sh -c 'echo inside; exit 5'
    assert_status 5
    assert_has "$output" inside
    ctr task kill --signal SIGKILL "$EN-two"
    wait_for 10 task_is "$EN-two" STOPPED
    run ctr task delete "$EN-two"
    assert_has "$output" "exit code 137"
    assert_called "$EN-two" exec kill delete
}

@test "run and exec on a terminal" {
    on_pty 'expect #
send stty size; tty; exit 4\n
expect /dev/pts/0' ctr -a "$T/containerd.sock" -n "$EN" run --rm --tty --runc-binary "$T/bin/estiva" "$IMAGE" "$EN-pty" sh
    assert_status 4
    calls_of create "$EN-pty" | grep -q -- --console-socket
    ctr_run --detach -- "$EN-pty2" sleep 1000
    on_pty 'expect #
send pwd; exit 6\n
expect /tmp' ctr -a "$T/containerd.sock" -n "$EN" task exec --tty --cwd /tmp --exec-id e2 "$EN-pty2" sh
    assert_status 6
}

@test "pause and resume" {
    ctr_run --detach -- "$EN-pause" sleep 1000
    ctr task pause "$EN-pause"
    task_is "$EN-pause" PAUSED
    ctr task resume "$EN-pause"
    task_is "$EN-pause" RUNNING
    assert_called "$EN-pause" pause resume
}

@test "ps: the processes of the container; metrics" {
    ctr_run --detach -- "$EN-ps" sh -c 'sleep 1000; true'
    listed() { [ "$(ctr task ps "$EN-ps" | grep -cE '^[0-9]')" = 2 ]; }
    wait_for 10 listed
    assert_called "$EN-ps" ps
    assert_has "$(ctr task metrics "$EN-ps")" memory
}

@test "limits" {
    ctr_run --detach --memory-limit 67108864 --cpu-quota 50000 --cpu-period 100000 -- "$EN-limits" sleep 1000
    assert_equal "$(cgroup_value "$(pid_of "$EN-limits")" memory memory.limit_in_bytes memory.max)" 67108864
    assert_equal "$(cgroup_value "$(pid_of "$EN-limits")" cpu cpu.cfs_quota_us cpu.max)" 50000
}

@test "a program that is not there: an error with its name" {
    run ctr_run --rm -- "$EN-none" /no/such/program
    [ "$status" -ne 0 ]
    assert_has "$output" /no/such/program
    assert_has "${output,,}" "no such file or directory"
}

@test "mounts, an environment, a seccomp profile, host network" {
    mkdir -p "$T/volume"
    echo cargo >"$T/volume/file"
    run ctr_run --rm --net-host --seccomp --env SHIP=estiva --cwd /tmp \
        --mount "type=bind,src=$T/volume,dst=/data,options=rbind:ro" -- "$EN-many" \
        sh -c 'cat /data/file; id -u; echo $SHIP; pwd; grep Seccomp: /proc/self/status'
    assert_status 0
    assert_equal "$(tr -d '\t\r' <<<"$output")" "cargo
0
estiva
/tmp
Seccomp:2"
}

@test "twenty containers at once" {
    local i pids=()
    for i in {1..20}; do
        ctr_run --detach -- "$EN-n$i" sleep 1000 &
        pids+=($!)
    done
    wait "${pids[@]}" # not all jobs: one is bats' own clock
    assert_equal "$(ctr task list | grep -c RUNNING)" 20
    remove_tasks
    assert_equal "$(ctr task list --quiet | wc -l)" 0
}
