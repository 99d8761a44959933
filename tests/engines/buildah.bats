# SPDX-License-Identifier: Apache-2.0
# buildah: every RUN of a build is a container of the runtime. The configuration is podman's.

load engines

setup_file() {
    engines_begin buildah podman
    # The image comes in by podman, which shares its storage.
    storage podman load -i "$(image_file busybox)"
}

teardown_file() {
    [ ! -d "${T-}" ] || storage buildah rm --all >/dev/null
    engines_end
}

storage() {
    [ -f "$T/storage.conf" ] ||
        printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' "$T/run" "$T/graph" >"$T/storage.conf"
    inside env CONTAINERS_STORAGE_CONF="$T/storage.conf" TMPDIR="$T" "$@"
}

buildah() { storage buildah "$@"; }
# As a build asks: no network to set up, and a cgroup that names the file.
OPTIONS=(--runtime "${T-}/bin/estiva" --network host --cgroup-parent "/${EN-}")

@test "smoke: bud runs every step of a Dockerfile in a container" {
    mkdir -p "$T/context"
    echo cargo >"$T/context/file"
    printf 'FROM %s\nCOPY file /file\nRUN cat /file >/copy && id -u >>/copy\nUSER 1000\nRUN id -u >/tmp/user\n' "$IMAGE" \
        >"$T/context/Dockerfile"
    buildah bud "${OPTIONS[@]}" --layers=false --tag built "$T/context"
    [ "$(grep -c ' create \|^create ' "$T/calls")" = 2 ] || fail "$(cat "$T/calls")"
    local id
    id=$(grep -oE 'buildah-buildah[0-9]+' "$T/calls" | head -n 1)
    assert_called "$id" create start state delete
    local container
    container=$(buildah from built)
    run buildah run --runtime "$T/bin/estiva" --network host "$container" -- cat /copy /tmp/user
    assert_has "$output" "cargo
0
1000"
}

@test "a step that fails fails the build" {
    printf 'FROM %s\nRUN exit 9\n' "$IMAGE" >"$T/Dockerfile"
    run buildah bud "${OPTIONS[@]}" -f "$T/Dockerfile" "$T/log"
    [ "$status" -ne 0 ]
    assert_has "$output" 9
}

@test "run: status, a volume, a user, a terminal" {
    local container
    container=$(buildah from "$IMAGE")
    run buildah run --runtime "$T/bin/estiva" --network host "$container" -- sh -c 'exit 7'
    assert_status 7
    mkdir -p "$T/volume"
    run buildah run --runtime "$T/bin/estiva" --network host --user 1000 --volume "$T/volume:/data" "$container" -- \
        sh -c 'id -u; ls -d /data'
    assert_has "$output" 1000 /data
    on_pty 'expect #
send tty; exit 4\n
expect /dev/' env CONTAINERS_STORAGE_CONF="$T/storage.conf" TMPDIR="$T" \
        buildah run --tty --runtime "$T/bin/estiva" --network host "$container" -- sh
    assert_status 4
    grep -q -- --console-socket "$T/calls"
}
