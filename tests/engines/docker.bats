# SPDX-License-Identifier: Apache-2.0
# Docker with estiva as its default runtime (contrib/engines/docker-daemon.json).

load docker

setup_file() { dockerd_begin; }
teardown_file() { dockerd_end; }
teardown() { [ ! -S "${T-}/docker.sock" ] || remove_containers; }

on_docker_pty() { # STEPS DOCKER-ARGUMENT...
    on_pty "$1" env DOCKER_CONFIG="$T/config" docker -H "unix://$T/docker.sock" "${@:2}"
}

@test "smoke: run prints, ends with the program's status, leaves nothing" {
    run docker run --name one "$IMAGE" sh -c 'echo hello from $(hostname); exit 7'
    assert_status 7
    assert_has "$output" "hello from"
    assert_called "$(id_of one)" create start delete
    assert_equal "$(docker info --format '{{.DefaultRuntime}}') $(inspect .HostConfig.Runtime one)" "estiva estiva"
}

@test "smoke: exec in a container that runs, and stop" {
    start -- sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
    run docker exec "$id" sh -c 'echo inside; exit 5'
    assert_status 5
    assert_has "$output" inside
    docker stop --time 10 "$id"
    assert_equal "$(inspect .State.ExitCode)" 3
    assert_called "$id" exec kill delete
}

@test "run -it on a terminal" {
    on_docker_pty 'expect #
size 30 100
signal SIGWINCH
sleep 1
send stty size; tty; exit 4\n
expect 30 100
expect /dev/pts/0' run -it --name pty "$IMAGE" sh
    assert_status 4
    calls_of create "$(id_of pty)" | grep -q -- --console-socket
}

@test "exec -it on a terminal, as another user, elsewhere, with an environment" {
    start -- sleep 1000
    on_docker_pty 'expect $
send id -u; pwd; echo $SHIP; exit 6\n
expect 1000
expect /tmp
expect estiva' exec -it --user 1000 --workdir /tmp --env SHIP=estiva "$id" sh
    assert_status 6
}

@test "exec: a program that is not there, one that is not executable" {
    start -- sleep 1000
    # Docker 20.10 makes 126 of both.
    run docker exec "$id" nosuchprogram
    assert_match "$status" '^12[67]$'
    assert_has "$output" nosuchprogram
    run docker exec "$id" /etc/passwd
    assert_status 126
}

@test "run: a program that is not there is 127, one that is not executable 126" {
    run -127 docker run --rm "$IMAGE" /no/such/program
    run docker run --rm "$IMAGE" /etc/passwd
    assert_status 126
}

@test "stop: KILL after the time that TERM had" {
    start -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
    docker stop --time 1 "$id"
    assert_equal "$(inspect .State.ExitCode)" 137
}

@test "pause and unpause" {
    start -- sleep 1000
    docker pause "$id"
    assert_equal "$(inspect .State.Status)" paused
    docker unpause "$id"
    assert_equal "$(inspect .State.Status)" running
    assert_called "$id" pause resume
}

@test "limits at run, and update" {
    start --memory 64m --pids-limit 50 --cpus 0.5 -- sleep 1000
    local pid
    pid=$(inspect .State.Pid)
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 67108864
    assert_equal "$(cgroup_value "$pid" pids pids.max pids.max)" 50
    docker update --memory 96m --memory-swap 96m --pids-limit 60 "$id"
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 100663296
    assert_equal "$(cgroup_value "$pid" pids pids.max pids.max)" 60
    assert_called "$id" update
}

@test "a container above its memory is killed, and docker says why" {
    run docker run --name hungry --memory 32m --memory-swap 32m "$IMAGE" testinit alloc 100
    assert_status 137
    assert_equal "$(inspect .State.OOMKilled hungry)" true
}

@test "top, stats, logs" {
    start --name teller -- sh -c 'echo one line; sleep 1000; true'
    assert_has "$(docker top "$id")" "sleep 1000"
    assert_called "$id" ps
    assert_equal "$(docker stats --no-stream --format '{{.Name}} {{.PIDs}}' "$id")" "teller 2"
    assert_has "$(docker logs "$id")" "one line"
}

@test "restart policy: on failure, so often and no more" {
    start --restart on-failure:2 -- sh -c 'echo x; exit 9'
    ended() { [ "$(inspect .State.Status)" = exited ] && [ "$(inspect .RestartCount)" = 2 ]; }
    wait_for 30 ended
    assert_equal "$(docker logs "$id" | grep -c x)" 3
    assert_equal "$(calls_of create "$id" | wc -l)" 3
}

@test "a health check, run by exec" {
    start --health-cmd 'test -e /tmp/healthy' --health-interval 1s --health-retries 1 -- sleep 1000
    health_is() { [ "$(inspect .State.Health.Status)" = "$1" ]; }
    wait_for 20 health_is unhealthy
    docker exec "$id" touch /tmp/healthy
    wait_for 20 health_is healthy
    assert_called "$id" exec
}

@test "nginx behind a published port" {
    docker load -i "$(image_file nginx)"
    id=$(docker run --detach --publish 8082:8080 "$NGINX")
    fetch() {
        inside "$PYTHON" -c 'import urllib.request; print(urllib.request.urlopen("http://10.99.0.1:8082/", timeout=5).read().decode())'
    }
    wait_for 20 eval 'fetch >"$T/page" 2>/dev/null'
    assert_has "$(cat "$T/page")" "a ship in port"
    assert_called "$id" create start
}

@test "docker build, the classic one: every step is a container" {
    mkdir -p "$T/context"
    echo cargo >"$T/context/file"
    printf 'FROM %s\nCOPY file /file\nRUN cat /file >/copy && id -u >>/copy\nUSER 1000\nCMD ["cat", "/copy"]\n' "$IMAGE" \
        >"$T/context/Dockerfile"
    local before
    before=$(grep -c ' create ' "$T/calls")
    docker build --tag built:1 "$T/context"
    [ "$(grep -c ' create ' "$T/calls")" -gt "$before" ] || fail "no container was made"
    run docker run --rm built:1
    assert_equal "$output" "cargo
0"
}

@test "volumes, read-only, a user, no capabilities, init, a tmpfs, ulimits" {
    mkdir -p "$T/volume"
    echo cargo >"$T/volume/file"
    run docker run --rm --read-only --user 1000 --cap-drop ALL --init --security-opt no-new-privileges \
        --volume "$T/volume:/data:ro" --tmpfs /scratch --ulimit nofile=100:200 "$IMAGE" \
        sh -c 'cat /data/file; id -u; touch /x; echo x >/scratch/x && grep -E "CapEff|NoNewPrivs" /proc/self/status; ulimit -n; cat /proc/1/comm'
    assert_has "$output" cargo 1000 "Read-only file system" 0000000000000000 "100" docker-init
}

@test "a container that was stopped starts again" {
    docker run --name again "$IMAGE" sh -c 'echo x >>/count; wc -l </count'
    run docker start --attach again
    assert_has "$output" 2
    assert_equal "$(calls_of create "$(id_of again)" | wc -l)" 2
}
