# SPDX-License-Identifier: Apache-2.0
# dockerd with contrib/engines/docker-daemon.json, for the suites of Docker and of Docker Swarm.

load engines

dockerd_begin() {
    engines_begin dockerd docker containerd
    sed "s|/usr/bin/estiva|$T/bin/estiva|" "$SNIPPETS/docker-daemon.json" |
        jq --arg t "$T" --arg cgroup "/$EN" --arg registry "$REGISTRY" '. + {
            "data-root": ($t + "/data"), "exec-root": ($t + "/exec"), "pidfile": ($t + "/docker.pid"),
            "hosts": ["unix://" + $t + "/docker.sock"], "cgroup-parent": $cgroup,
            "insecure-registries": [$registry], "features": {"buildkit": false}, "shutdown-timeout": 5}' \
            >"$T/daemon.json"
    daemon dockerd dockerd --config-file "$T/daemon.json"
    ready 60 docker -H "unix://$T/docker.sock" info
    docker load -i "$(image_file "${1:-busybox}")"
}

dockerd_end() {
    [ ! -S "${T-}/docker.sock" ] || remove_containers
    engines_end
}

docker() { inside env DOCKER_BUILDKIT=0 DOCKER_CONFIG="$T/config" docker -H "unix://$T/docker.sock" "$@"; }

remove_containers() {
    local ids
    ids=$(docker ps --all --quiet)
    # shellcheck disable=SC2086 # one word each
    [ -z "$ids" ] || docker rm --force $ids >/dev/null
}

start() { # [OPTION...] -- COMMAND...: a container in the background; sets id
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    id=$(docker run --detach "${options[@]}" "$IMAGE" "$@")
}

inspect() { docker inspect --format "{{$1}}" "${2:-$id}"; }

id_of() { docker inspect --format '{{.Id}}' "$1"; }
