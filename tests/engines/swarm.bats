# SPDX-License-Identifier: Apache-2.0
# Docker Swarm: a service's tasks are containers of the daemon's default runtime. One node; no routing mesh, for which
# the kernels of some test machines lack IPVS, so services have no VIP.

load docker

setup_file() {
    dockerd_begin
    docker swarm init --advertise-addr 10.99.0.1 --listen-addr 10.99.0.1:2377 >/dev/null
}

teardown_file() {
    [ ! -S "${T-}/docker.sock" ] || docker swarm leave --force >/dev/null || true
    dockerd_end
}

teardown() {
    local services
    services=$(docker service ls --quiet 2>/dev/null)
    # shellcheck disable=SC2086 # one word each
    [ -z "$services" ] || docker service rm $services >/dev/null
    wait_for 30 none_left
}

none_left() { [ -z "$(docker ps --quiet --filter label=com.docker.swarm.service.name)" ]; }

service() { # NAME [OPTION...] -- COMMAND...
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    docker service create --quiet --no-resolve-image --endpoint-mode dnsrr --name "$name" "${options[@]}" "$IMAGE" "$@" >/dev/null
}

tasks_of() { docker ps --quiet --no-trunc --filter "label=com.docker.swarm.service.name=$1"; }
has_tasks() { [ "$(tasks_of "$1" | wc -l)" = "$2" ]; }

@test "smoke: a service with two replicas, each by the runtime" {
    service two --replicas 2 -- sleep 1000
    has_tasks two 2
    local id
    for id in $(tasks_of two); do
        assert_called "$id" create start
        assert_equal "$(inspect .HostConfig.Runtime "$id")" estiva
    done
}

@test "a killed task comes back as another container" {
    service back --restart-delay 0s -- sleep 1000
    local id
    id=$(tasks_of back)
    docker kill "$id" >/dev/null
    replaced() { has_tasks back 1 && [ "$(tasks_of back)" != "$id" ]; }
    wait_for 30 replaced
    assert_called "$id" kill delete
    assert_called "$(tasks_of back)" create start
}

@test "scale, rolling update, rollback" {
    service roll --replicas 1 --env VERSION=1 --stop-grace-period 1s --update-delay 0s --update-monitor 1s \
        --rollback-monitor 1s -- sleep 1000
    docker service scale --detach roll=3 >/dev/null
    wait_for 30 has_tasks roll 3
    versions() { for id in $(tasks_of roll); do docker exec "$id" sh -c 'echo $VERSION'; done | sort | uniq -c | xargs; }
    docker service update --quiet --no-resolve-image --env-add VERSION=2 roll >/dev/null
    assert_equal "$(versions)" "3 2"
    docker service update --quiet --rollback roll >/dev/null
    assert_equal "$(versions)" "3 1"
}

@test "secrets and configs are files in the container" {
    echo word | docker secret create word - >/dev/null
    echo setting | docker config create setting - >/dev/null
    service keeper --secret word --config source=setting,target=/etc/setting -- sleep 1000
    local id
    id=$(tasks_of keeper)
    assert_equal "$(docker exec "$id" cat /run/secrets/word /etc/setting)" "word
setting"
    assert_has "$(docker exec "$id" grep /run/secrets/word /proc/mounts)" tmpfs ro
}

@test "limits of a service" {
    service small --limit-memory 64m --limit-cpu 0.5 --limit-pids 50 --ulimit nofile=100:200 --read-only -- sleep 1000
    local pid
    pid=$(inspect .State.Pid "$(tasks_of small)")
    assert_equal "$(cgroup_value "$pid" memory memory.limit_in_bytes memory.max)" 67108864
    assert_equal "$(cgroup_value "$pid" pids pids.max pids.max)" 50
    assert_match "$(grep 'open files' "/proc/$pid/limits")" '100 +200'
}

@test "a task that ends with an error is started again, so often and no more" {
    service fails --restart-condition on-failure --restart-max-attempts 2 --restart-delay 0s --detach -- sh -c 'exit 9'
    failed_thrice() { [ "$(docker service ps --format '{{.CurrentState}}' fails | grep -c Failed)" = 3 ]; }
    wait_for 40 failed_thrice
}
