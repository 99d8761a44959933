# SPDX-License-Identifier: Apache-2.0
# podman with the runtime of contrib/engines/podman-containers.conf: what people do with it in a day.

load engines

setup_file() {
    engines_begin podman conmon
    mkdir -p "$T/net"
    {
        sed "s|/usr/bin/estiva|$T/bin/estiva|" "$SNIPPETS/podman-containers.conf"
        # No right to raise limits here, no journal, no systemd.
        printf '[containers]\ndefault_ulimits = []\n[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "%s"\n' "$T/net"
    } >"$T/containers.conf"
    printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$T/run" "$T/graph" >"$T/storage.conf"
    podman load -i "$(image_file busybox)"
}

teardown_file() {
    [ ! -f "${T-}/storage.conf" ] || podman rm --all --force --time 0 >/dev/null
    engines_end
}

teardown() { [ ! -d "${T-}" ] || podman rm --all --force --time 0 >/dev/null; }

podman() {
    inside env CONTAINERS_CONF="$T/containers.conf" CONTAINERS_STORAGE_CONF="$T/storage.conf" \
        podman --cgroup-manager cgroupfs --events-backend file --tmpdir "$T/tmp" "$@"
}

# Options that every container gets: a cgroup that names the file, a log that is a file.
COMMON=(--cgroup-parent "/${EN-}" --log-driver k8s-file)

start() { # [OPTION...] -- COMMAND...: a container in the background; sets id
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    id=$(podman run --detach "${COMMON[@]}" "${options[@]}" "$IMAGE" "$@")
}

inspect() { podman inspect --format "{{$1}}" "$id"; }

@test "smoke: run prints, ends with the program's status, leaves nothing" {
    run podman run "${COMMON[@]}" --name one "$IMAGE" sh -c 'echo hello from $(hostname); exit 7'
    assert_status 7
    assert_has "$output" "hello from"
    id=$(inspect .Id || podman inspect --format '{{.Id}}' one)
    assert_called "$id" create start delete
    assert_equal "$(podman inspect --format '{{.OCIRuntime}}' one)" estiva
}

@test "smoke: exec in a container that runs, and stop" {
    start -- sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    run podman exec "$id" sh -c 'echo inside; exit 5'
    assert_status 5
    assert_has "$output" inside
    assert_called "$id" exec
    podman stop --time 10 "$id"
    assert_equal "$(inspect .State.ExitCode)" 3
    assert_called "$id" kill
}

@test "run -it on a terminal" {
    on_pty 'expect #
size 30 100
sleep 0.5
send stty size; tty; exit 4\n
expect 30 100
expect /dev/pts/0' env CONTAINERS_CONF="$T/containers.conf" CONTAINERS_STORAGE_CONF="$T/storage.conf" \
        podman --cgroup-manager cgroupfs --events-backend file --tmpdir "$T/tmp" run -it "${COMMON[@]}" --name pty "$IMAGE" sh
    assert_status 4
    assert_called "$(podman inspect --format '{{.Id}}' pty)" create
    grep -q -- '--console-socket' "$T/calls"
}

@test "exec -it on a terminal, as another user, elsewhere, with an environment" {
    start -- sleep 1000
    on_pty 'expect $
send id -u; pwd; echo $SHIP; exit 6\n
expect 1000
expect /tmp
expect estiva' env CONTAINERS_CONF="$T/containers.conf" CONTAINERS_STORAGE_CONF="$T/storage.conf" \
        podman --cgroup-manager cgroupfs --events-backend file --tmpdir "$T/tmp" \
        exec -it --user 1000 --workdir /tmp --env SHIP=estiva "$id" sh
    assert_status 6
}

@test "exec: a program that is not there is 127, one that is not executable 126" {
    start -- sleep 1000
    run -127 podman exec "$id" /no/such/program
    run podman exec "$id" /etc/passwd
    assert_status 126
    run podman exec "$id" /etc
    assert_status 126
    run -127 podman run --rm "${COMMON[@]}" "$IMAGE" /no/such/program
    run podman run --rm "${COMMON[@]}" "$IMAGE" /etc/passwd
    assert_status 126
}

@test "kill with a signal of the container's choice" {
    start -- sh -c 'trap "echo caught >/proc/1/fd/1" USR1; while :; do sleep 0.1; done'
    sleep 1
    podman kill --signal USR1 "$id"
    wait_for 10 eval 'podman logs "$id" | grep -q caught'
    podman kill "$id"
    assert_equal "$(podman wait "$id")" 137
    [ "$(calls_of kill "$id" | wc -l)" -ge 2 ]
}

@test "stop: KILL after the time that TERM had" {
    start -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
    podman stop --time 1 "$id"
    assert_equal "$(inspect .State.ExitCode)" 137
}

@test "pause and unpause" {
    start -- sleep 1000
    podman pause "$id"
    assert_equal "$(inspect .State.Status)" paused
    run podman exec "$id" true
    [ "$status" -ne 0 ]
    podman unpause "$id"
    assert_equal "$(inspect .State.Status)" running
    assert_called "$id" pause resume
}

@test "limits at run, and update" {
    start --memory 64m --pids-limit 50 --cpu-shares 512 -- sleep 1000
    local pid
    pid=$(inspect .State.Pid)
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 67108864
    assert_equal "$(cgroup_value "$pid" pids pids.max pids.max)" 50
    podman update --memory 96m --memory-swap 96m --cpu-shares 256 "$id"
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 100663296
    assert_called "$id" update
}

@test "inspect, logs, top, stats tell of it" {
    start --name teller --env SHIP=estiva -- sh -c 'echo one line; sleep 1000'
    assert_equal "$(inspect .State.Status) $(inspect .OCIRuntime)" "running estiva"
    assert_has "$(podman logs "$id")" "one line"
    assert_has "$(podman top "$id" comm)" sleep
    assert_has "$(podman stats --no-stream --format '{{.Name}} {{.PIDs}}' "$id")" "teller 1"
}

@test "healthcheck run" {
    start --health-cmd 'test -e /tmp/healthy' --health-interval disable -- sleep 1000
    run podman healthcheck run "$id"
    assert_status 1
    podman exec "$id" touch /tmp/healthy
    podman healthcheck run "$id"
    [ "$(calls_of exec "$id" | wc -l)" = 3 ]
}

@test "a network of its own: two containers talk, a port is published" {
    start --name server --publish 8081:8080 -- sh -c 'while :; do echo ahoy | nc -l -p 8080; done'
    local address
    address=$(inspect .NetworkSettings.IPAddress)
    run podman run --rm "${COMMON[@]}" "$IMAGE" sh -c "nc $address 8080 </dev/null"
    assert_has "$output" ahoy
    run inside "$PYTHON" -c 'import socket; print(socket.create_connection(("10.99.0.1", 8081), 5).recv(99).decode())'
    assert_has "$output" ahoy
}

@test "a pod, volumes, read-only, a user, capabilities, init" {
    mkdir "$T/data"
    echo cargo >"$T/data/file"
    podman volume create hold >/dev/null
    run podman run --rm "${COMMON[@]}" --read-only --user 1000 --cap-drop all --init \
        --volume "$T/data:/data:ro" --volume hold:/hold --tmpfs /scratch "$IMAGE" \
        sh -c 'cat /data/file; id -u; touch /x; echo x >/scratch/x && grep CapEff /proc/self/status; cat /proc/1/comm'
    assert_has "$output" cargo 1000 "Read-only file system" "0000000000000000"
    assert_match "$output" '(catatonit|podman-init)'
}

@test "a container starts again" {
    run podman run "${COMMON[@]}" --name again "$IMAGE" sh -c 'echo x >>/count; wc -l </count'
    assert_has "$output" 1
    run podman start --attach again
    assert_has "$output" 2
    [ "$(calls_of create "$(podman inspect --format '{{.Id}}' again)" | wc -l)" = 2 ]
}
