#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Debian's docker-registry, and the other tools: what we push is read by skopeo, umoci, podman and docker, and what
# they write by us.

load helpers

R=localhost:5000

# An image of ours in the registry.
pushed() { # NAME
    mkdir -p "$T/fs/bin" "$T/fs/etc"
    cp /bin/busybox "$T/fs/bin/"
    ln -s busybox "$T/fs/bin/true"
    echo "Made by us" >"$T/fs/etc/issue"
    tar -C "$T/fs" -cf "$T/fs.tar" .
    cais import "$T/fs.tar" "$1" >"$T/out"
    cais push -q "$1" >"$T/out"
    ID=$(cais images -q --no-trunc "$1")
}

# The sha256 of all names, modes and contents below a directory.
tree_hash() {
    (cd "$1" && find . -mindepth 1 -printf '%P %y %m %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}

@test "registry: docker-registry without a login, up and down" {
    requires docker-registry
    real_registry 5000
    pushed $R/team/app:1
    ROOT=$T/other
    capture cais pull $R/team/app:1
    assert_status 0
    assert_equal "$(cais images -q --no-trunc)" "$ID"
    capture cais push $R/team/app:1 $R/team/mounted:2
    assert_status 0
    assert_has "$output" "Mounted from team/app"
    capture cais pull $R/team/app:2
    assert_error "no manifest 2" "did you mean $R/team/app:1?"
}

@test "registry: docker-registry with TLS and a password" {
    requires docker-registry htpasswd
    certificate server localhost
    htpasswd -Bbn ada s3cret >"$T/users"
    real_registry 5000 "http: {addr: '127.0.0.1:5000', tls: {certificate: '$T/server.crt', key: '$T/server.key'}}
auth: {htpasswd: {realm: tests, path: '$T/users'}}"
    trust $R
    capture cais pull $R/team/app:1
    assert_error "user name and password"
    capture cais login -u ada --password-stdin $R <<<wrong
    assert_error denied
    capture cais login -u ada --password-stdin $R <<<s3cret
    assert_status 0
    pushed $R/team/app:1
    ROOT=$T/other
    capture cais pull $R/team/app:1
    assert_status 0
    # skopeo reads our file of credentials.
    in_net skopeo inspect --authfile "$HOME/.docker/config.json" --cert-dir "$CONFIG/cais/certs.d/$R" "docker://$R/team/app:1" >"$T/inspected"
    assert_equal "$(jq -r '.Layers | length' "$T/inspected")" 1
}

@test "registry: docker-registry with a token service, which it believes by its certificate" {
    requires docker-registry openssl
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Tokens of the tests" -keyout "$T/token.key" -out "$T/token.crt" 2>"$T/out"
    real_registry 5000 "auth: {token: {realm: 'http://127.0.0.1:5001/token', service: registry.tests, issuer: tests, rootcertbundle: '$T/token.crt'}}"
    serve "$(jq -nc --arg T "$T" '{role: "token", port: 5001, users: {ada: "s3cret"}, public: "^open/",
        jwt: {key: ($T + "/token.key"), cert: ($T + "/token.crt"), issuer: "tests"}}')"
    capture cais login -u ada --password-stdin $R <<<wrong
    assert_error "does not take user name and password"
    capture cais login -u ada --password-stdin $R <<<s3cret
    assert_status 0
    pushed $R/team/app:1
    cais tag $R/team/app:1 $R/open/app:1
    cais push -q $R/open/app:1 >"$T/out"
    ROOT=$T/other
    capture cais pull $R/team/app:1
    assert_status 0
    assert_equal "$(cais images -q --no-trunc)" "$ID"
    # Strangers get what is public, and no more.
    cais logout $R >"$T/out"
    capture cais pull $R/team/app:1
    assert_error "access to team/app is denied" "cais login"
    ROOT=$T/third
    capture cais pull $R/open/app:1
    assert_status 0
    capture cais push $R/open/app:1
    assert_error "access to open/app is denied"
}

# Bytes of bodies that the front has read of a push of 40 MB that compress to as much.
pushed_through_front() { # NAME
    : >"$LOG"
    mkdir -p "$T/fs"
    head -c 40000000 /dev/urandom >"$T/fs/noise"
    tar -C "$T/fs" -cf "$T/fs.tar" .
    cais import "$T/fs.tar" "$1" >"$T/out"
    capture cais push --retry-delay 10ms "$1"
    assert_status 0
    SENT=$(jq -s '[.[] | select(.to == "front body" and (.path | contains("uploads"))) | .size] | add' "$LOG")
}

@test "registry: docker-registry gets a cut upload's rest, or all of it anew where it has given up what it had" {
    requires docker-registry
    real_registry 5001
    serve '{"role": "front", "port": 5000, "to": 5001}'
    # A front reads a request whole, so that a piece that is cut never gets to the registry.
    faults '[{"match": "PATCH front", "skip": 1, "times": 1, "take": 8000000},
             {"match": "PATCH front", "skip": 2, "times": 1, "status": 502}]'
    pushed_through_front $R/app:1
    [ "$SENT" -lt 80000000 ] || fail "$SENT bytes for 40000000"
    assert_equal "$(requests front '.method == "PATCH"' | jq -r '."content-range" | split("-")[0]' | tr '\n' ' ')" \
        "0 16777216 16777216 33554432 33554432 "
    # A connection of its own that is cut: what it has then is not what it counted, and it drops it.
    faults '[{"match": "PATCH front", "skip": 1, "times": 1, "take": 8000000, "pass": true}]'
    pushed_through_front $R/app:2
    ROOT=$T/other
    capture cais pull $R/app:1
    assert_status 0
    capture cais pull $R/app:2
    assert_status 0
}

@test "interop: skopeo and umoci read what we push, and we what they push" {
    requires skopeo umoci docker-registry
    local digest
    real_registry 5000
    pushed $R/app:1
    in_net skopeo copy --src-tls-verify=false "docker://$R/app:1" "oci:$T/layout:1" >"$T/out"
    umoci unpack --image "$T/layout:1" "$T/unpacked"
    cais bundle --unpack $R/app:1 "$T/bundle"
    assert_equal "$(tree_hash "$T/unpacked/rootfs")" "$(tree_hash "$T/bundle/rootfs")"
    # Theirs: changed by umoci, sent by skopeo in both forms and with zstd.
    echo "Changed by umoci" >"$T/unpacked/rootfs/etc/issue"
    umoci repack --image "$T/layout:2" "$T/unpacked"
    for form in oci v2s2; do
        in_net skopeo copy --dest-tls-verify=false --format $form "oci:$T/layout:2" "docker://$R/theirs:$form" >"$T/out"
        capture cais pull $R/theirs:$form
        assert_status 0
        cais bundle --unpack $R/theirs:$form "$T/bundle-$form"
        assert_equal "$(tree_hash "$T/bundle-$form/rootfs")" "$(tree_hash "$T/unpacked/rootfs")"
    done
    in_net skopeo copy --dest-tls-verify=false --dest-compress-format zstd --dest-compress "oci:$T/layout:2" "docker://$R/theirs:zstd" >"$T/out"
    capture cais pull $R/theirs:zstd
    assert_status 0
    # Our zstd.
    cais push -q --compression zstd $R/app:1 $R/zstd:1 >"$T/digest"
    in_net skopeo inspect --tls-verify=false "docker://$R/zstd:1" >"$T/inspected"
    assert_equal "$(jq -r .Digest "$T/inspected")" "$(cat "$T/digest")"
}

@test "interop: podman runs the way there and back" {
    slow
    requires podman docker-registry
    real_registry 5000
    pushed $R/app:1
    : >"$CONTAINERS_REGISTRIES_CONF"
    local podman=(podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs)
    in_net "${podman[@]}" pull -q --tls-verify=false $R/app:1 >"$T/out"
    assert_equal "sha256:$(in_net "${podman[@]}" images -q --no-trunc | cut -d: -f2)" "$ID"
    in_net "${podman[@]}" tag $R/app:1 $R/back:1
    in_net "${podman[@]}" push -q --tls-verify=false $R/back:1
    capture cais pull $R/back:1
    assert_status 0
    cais bundle --unpack $R/back:1 "$T/bundle"
    assert_has "$(cat "$T/bundle/rootfs/etc/issue")" "Made by us"
    # And by archives.
    local format
    for format in docker-archive oci-archive; do
        cais save --format $format -o "$T/ours-$format.tar" $R/app:1
        "${podman[@]}" rmi -f "$ID" >"$T/out"
        "${podman[@]}" load -q -i "$T/ours-$format.tar" >"$T/out"
        assert_equal "sha256:$("${podman[@]}" images -q --no-trunc | cut -d: -f2)" "$ID"
        "${podman[@]}" tag "$ID" $R/theirs:$format
        "${podman[@]}" save -q --format $format -o "$T/theirs-$format.tar" $R/theirs:$format
        capture cais load "$T/theirs-$format.tar"
        assert_status 0
        assert_has "$output" "theirs:$format"
        assert_equal "$(cais inspect $R/theirs:$format | jq -c '.[0].RootFS.diff_ids')" "$(cais inspect $R/app:1 | jq -c '.[0].RootFS.diff_ids')"
    done
}

@test "interop: docker runs the way there and back" {
    slow
    requires dockerd docker docker-registry containerd
    real_registry 5000
    pushed $R/app:1
    in_net dockerd --data-root "$T/docker" --exec-root "$T/docker-run" --pidfile "$T/docker.pid" -H "unix://$T/docker.sock" \
        --storage-driver vfs --iptables=false --bridge none >"$T/dockerd.log" 2>&1 3>&- &
    PIDS+=($!)
    wait_for 60 test -S "$T/docker.sock"
    local docker=(docker -H "unix://$T/docker.sock")
    wait_for 60 eval "\"\${docker[@]}\" version >\"$T/out\" 2>&1"
    "${docker[@]}" pull -q $R/app:1
    assert_equal "$("${docker[@]}" images -q --no-trunc)" "$ID"
    "${docker[@]}" tag $R/app:1 $R/back:1
    "${docker[@]}" push -q $R/back:1
    capture cais pull $R/back:1
    assert_status 0
    # And by archives.
    cais save -o "$T/ours.tar" $R/app:1
    "${docker[@]}" rmi -f "$ID" >"$T/out"
    "${docker[@]}" load -q -i "$T/ours.tar" >"$T/out"
    assert_equal "$("${docker[@]}" images -q --no-trunc)" "$ID"
    "${docker[@]}" tag "$ID" $R/theirs:1
    "${docker[@]}" save -o "$T/theirs.tar" $R/theirs:1
    capture cais load "$T/theirs.tar"
    assert_status 0
    assert_equal "$output" "Loaded image: $R/theirs:1"
    assert_equal "$(cais images -q --no-trunc $R/theirs:1)" "$ID"
    kill "$(cat "$T/docker.pid")"
    wait_for 30 eval "[ ! -e '$T/docker.pid' ]"
}
