#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pull from a registry that behaves: what is said, what is asked, what is chosen, what is kept.

load helpers

REGISTRY='{"role": "registry", "port": 5000}'
R=localhost:5000

short() { cut -c8-19 <<<"$1"; }

@test "pull: docker's words, and an image that can be used" {
    serve "$REGISTRY"
    image app/web 1.0 docker layers=2
    capture cais pull $R/app/web:1.0
    assert_status 0
    assert_equal "$(head -n 1 <<<"$output")" "1.0: Pulling from app/web"
    for layer in $(made '.layers[]'); do
        assert_has "$output" "$(short "$layer"): Pulling fs layer" "$(short "$layer"): Pull complete"
    done
    assert_equal "$(tail -n 2 <<<"$output")" "Digest: $(made .digest)
Status: Downloaded newer image for $R/app/web:1.0"
    assert_equal "$stderr" ""
    capture cais images --format json
    assert_equal "$(jq -r '.Repository, .Tag, .ID, .Digest' <<<"$output")" "$R/app/web
1.0
$(made .config)
$(made .digest)"
    capture cais export $R/app/web:1.0
    assert_status 0
    capture cais verify
    assert_status 0
}

@test "pull: what is here is not asked for again, a HEAD is enough" {
    serve "$REGISTRY"
    image app latest docker layers=3
    capture cais pull $R/app
    assert_status 0
    assert_equal "$(count registry '.method == "GET" and .path != "/v2/"')" 5 # manifest, configuration, layers
    : >"$LOG"
    capture cais pull $R/app
    assert_status 0
    assert_equal "$(tail -n 1 <<<"$output")" "Status: Image is up to date for $R/app:latest"
    assert_equal "$(requests registry true | jq -r '.method + " " + .path')" "GET /v2/
HEAD /v2/app/manifests/latest"
    # Another image on the same layers.
    image app 2 docker layers=4
    : >"$LOG"
    capture cais pull $R/app:2
    assert_status 0
    for layer in $(made '.layers[:3][]'); do assert_has "$output" "$(short "$layer"): Already exists"; done
    assert_has "$output" "$(short "$(made '.layers[3]')"): Pull complete"
    assert_equal "$(count registry '.path | contains("/blobs/")')" 2
}

@test "pull: quiet, JSON, and bars on a terminal" {
    serve "$REGISTRY"
    image app latest oci layers=2 size=300000
    capture cais pull -q $R/app
    assert_status 0
    assert_equal "$output$stderr" "$R/app:latest"
    cais rmi $R/app >"$T/out" && cais prune >"$T/out"
    capture cais pull --progress=json $R/app
    assert_status 0
    assert_equal "$(jq -r 'select(.id == null) | .status' <<<"$output" | head -n 1)" "latest: Pulling from app"
    local last
    last=$(short "$(made '.layers[1]')")
    assert_equal "$(jq -rs --arg id "$last" 'map(select(.id == $id))[-1].status' <<<"$output")" "Pull complete"
    assert_equal "$(jq -rs --arg id "$last" 'map(select(.id == $id and .status == "Downloading"))[0].progressDetail.total' <<<"$output")" \
        "$(made '.sizes[1]')"
    cais rmi $R/app >"$T/out" && cais prune >"$T/out"
    in_net script -qec "stty cols 100 rows 30; '$CAIS' --root '$ROOT' --run-root '$T/run-root' pull $R/app" "$T/typescript" >"$T/out" 3>&-
    # The lines of the layers were written over, and stand once at the end.
    run -0 sed -e 's/.*\x1b\[J//' <(tr -d '\r\n' <"$T/typescript")
    assert_has "$output" "$last: Pull complete" "Status: Downloaded newer image"
    assert_lacks "$output" "Pulling fs layer" "Downloading ["
    assert_has "$(cat "$T/typescript")" $'\x1b[2A\x1b[J'
}

@test "pull: the image of an index that fits, or the one that is asked for" {
    serve "$REGISTRY"
    image multi latest index
    capture cais pull --platform linux/arm/v7 $R/multi
    assert_status 0
    assert_has "$output" "Digest: $(made .digest)"
    assert_equal "$(cais inspect $R/multi | jq -r '.[0].Architecture')" arm
    assert_equal "$(cais images -q --no-trunc)" "$(made .images.armv7.config)"
    # The name is the other's from now on.
    capture cais pull --platform arm64 $R/multi
    assert_status 0
    assert_equal "$(cais images --format json | jq -r "select(.Tag == \"latest\").ID")" "$(made .images.arm64v8.config)"
    capture cais pull --platform linux/mips64 $R/multi
    assert_error "no image for linux/mips64" "linux/amd64" "linux/arm/v6" "linux/s390x"
    assert_lacks "$stderr" unknown
    capture cais pull --platform 'linux/../x' $R/multi
    assert_error "option --platform"
    if [ "$(uname -m)" = x86_64 ]; then
        capture cais pull $R/multi
        assert_status 0
        assert_equal "$(cais images --format json | jq -r 'select(.Tag == "latest").ID')" "$(made .images.amd64.config)"
    fi
}

@test "pull: docker's list of manifests, and registries that tell no digest or answer no HEAD" {
    serve "$REGISTRY"
    image multi latest index kind=docker
    capture cais pull --platform linux/arm64 $R/multi
    assert_status 0
    assert_equal "$(cais images -q --no-trunc)" "$(made .images.arm64v8.config)"
    local how
    for how in '"drop_headers": ["Docker-Content-Digest"]' '"status": 405'; do
        faults '[{"match": "HEAD registry", '"$how"'}]'
        : >"$LOG"
        capture cais pull --platform linux/arm64 $R/multi
        assert_status 0
        assert_has "$output" "Digest: $(made .digest)" "Image is up to date"
        assert_equal "$(count registry '.path | contains("/blobs/")')" 0
    done
}

# The most layers that were under way at once, as the registry's log has it; an end may be that of a pull before.
most_at_once() {
    jq -rs 'map(select(.path // "" | contains("/blobs/")) | select(.to == "registry" or .to == "registry done"))
        | reduce .[] as $one ({now: [], most: 0};
            .now = (.now - [$one.path] + (if $one.to == "registry" then [$one.path] else [] end)) | .most = ([.most, (.now | length)] | max))
        | .most' "$LOG"
}

@test "pull: layers come side by side, as many as --parallel allows" {
    serve "$REGISTRY"
    image app latest docker layers=7 size=200000
    faults '[{"match": "GET registry /v2/app/blobs", "slow": 400000}]'
    local most
    for most in 1 3; do
        : >"$LOG"
        rm -rf "$ROOT"
        capture cais pull --parallel $most $R/app
        assert_status 0
        assert_equal "$(most_at_once)" $most
    done
    capture cais pull --parallel 0 $R/app
    assert_error "--parallel"
}

@test "pull: plain HTTP from another machine only where the configuration says so" {
    echo '127.0.0.2 registry.test' >"$T/hosts"
    in_net mount --bind "$T/hosts" /etc/hosts
    serve '{"role": "registry", "address": "127.0.0.2", "port": 5000}'
    image app latest docker
    capture cais pull --retry 0 registry.test:5000/app
    assert_error registry.test:5000
    assert_equal "$(count registry)" 0
    echo 'registry.test:5000 http' >"$CONFIG/cais/registries"
    capture cais pull registry.test:5000/app
    assert_status 0
    # What it redirects to needs the same.
    image app 2 docker salt=x
    serve '{"role": "cdn", "address": "127.0.0.2", "port": 5002}'
    faults '[{"match": "GET registry .*blobs", "redirect": "http://registry.test:5002/x"}]'
    capture cais pull --retry 0 registry.test:5000/app:2
    assert_error "plain HTTP at registry.test:5002"
    assert_equal "$(count cdn)" 0
}

@test "pull: by digest, and what it names is what comes" {
    serve "$REGISTRY"
    image app latest docker
    capture cais pull "$R/app@$(made .digest)"
    assert_status 0
    assert_equal "$(requests registry '.method == "HEAD" and (.path | contains("latest"))')" ""
    assert_equal "$(cais images -q --no-trunc)" "$(made .config)"
    faults '[{"match": "manifests", "replace": "{\"schemaVersion\": 2, \"mediaType\": \"application/vnd.docker.distribution.manifest.v2+json\"}"}]'
    image other latest docker salt=x
    capture cais pull "$R/other@$(made .digest)"
    assert_error "the manifest's digest is" "$(made .digest)"
}

@test "pull: an image of 2015 (schema 1)" {
    serve "$REGISTRY"
    image library/ubuntu 15.04 schema1 layers=3
    capture cais pull $R/library/ubuntu:15.04
    assert_status 0
    assert_has "$output" "Digest: $(made .digest)" "Status: Downloaded newer image"
    assert_equal "$(cais inspect $R/library/ubuntu:15.04 | jq -c '.[0].RootFS.diff_ids')" "$(jq -c .diff_ids <<<"$made")"
    assert_has "$(cais history $R/library/ubuntu:15.04)" "layer 2"
    capture cais pull $R/library/ubuntu:15.04
    assert_has "$output" "Image is up to date"
}

@test "pull: tokens for what is public, near names, and what is denied" {
    serve '{"role": "registry", "port": 5000, "auth": {"kind": "token", "realm": "http://127.0.0.1:5001/token", "service": "s"}}' \
        '{"role": "token", "port": 5001, "users": {"ada": "s3cret"}, "public": "^open/", "life": 1}'
    image open/app stable docker
    image closed/app 1 docker
    capture cais pull $R/open/app:stable
    assert_status 0
    # One token is enough for manifest, configuration and layers.
    assert_equal "$(count token)" 1
    capture cais pull $R/open/app:stabel
    assert_error "no manifest stabel" "did you mean $R/open/app:stable?"
    capture cais pull $R/closed/app:1
    assert_error "closed/app" "denied" "cais login"
    login_file $R ada s3cret
    capture cais pull $R/closed/app:1
    assert_status 0
    assert_equal "$(requests registry '(.authorization // "") | startswith("Basic")')" ""
}

@test "pull: by a command that needs the image" {
    serve "$REGISTRY"
    image app 1 docker
    capture cais bundle --unpack --pull never $R/app:1 "$T/bundle"
    assert_error "there is no such image"
    capture cais bundle --unpack $R/app:1 "$T/bundle"
    assert_status 0
    assert_equal "$output" ""
    assert_equal "$(head -n 2 <<<"$stderr")" "Unable to find image '$R/app:1' locally
1: Pulling from app"
    assert_has "$(cat "$T/bundle/rootfs/etc/issue")" "Test image"
    capture cais bundle --unpack $R/app:1 "$T/again"
    assert_equal "$stderr" ""
    capture cais bundle --unpack -q "$R/app@$(made .digest)" "$T/third"
    assert_status 0
    assert_equal "$stderr" ""
    # The tag that was meant is here, under its own name.
    capture cais bundle --unpack -q $R/app "$T/fourth"
    assert_error "no manifest latest" "here is $R/app:1"
    [ ! -e "$T/fourth" ]
}

@test "pull: blobs on another host get no credentials, and its address is not shown" {
    serve '{"role": "registry", "port": 5000, "blobs": "http://127.0.0.1:5002/store", "auth": {"kind": "basic", "users": {"ada": "pw"}}}' \
        '{"role": "cdn", "port": 5002}'
    image app latest docker
    capture cais pull $R/app
    assert_error "user name and password" "cais login $R"
    login_file $R ada pw
    capture cais pull $R/app
    assert_status 0
    assert_equal "$(count cdn)" 3
    assert_equal "$(requests cdn .authorization)" ""
    faults '[{"match": "GET cdn", "status": 403, "body": "no"}]'
    image app 2 docker salt=y
    capture cais --debug pull --retry 0 $R/app:2
    assert_error "403"
    assert_lacks "$output$stderr" very-secret
    assert_equal "$(cais images --format json | jq -r .Tag)" latest
}

@test "pull: mirrors in their order, then the registry" {
    serve '{"role": "registry", "port": 5000}' '{"role": "registry", "name": "near", "port": 5003}'
    image library/app 1 docker
    image mirror/library/app 1 docker
    mkdir -p "$CONFIG/cais"
    # One that is down, one that works.
    printf '[[registry]]\nprefix = "reg.example"\nlocation = "localhost:5000"\n[[registry.mirror]]\nlocation = "localhost:5009"\ninsecure = true\n[[registry.mirror]]\nlocation = "localhost:5003/mirror"\n' \
        >"$CONTAINERS_REGISTRIES_CONF"
    capture cais pull reg.example/library/app:1
    assert_status 0
    assert_has "$stderr" "mirror localhost:5009"
    assert_equal "$(count registry)" 0
    [ "$(count near)" -gt 3 ]
    assert_has "$(cais images)" reg.example/library/app
    # What the mirror lacks comes from the registry, and nobody is told.
    image library/other 1 docker salt=z
    capture cais pull reg.example/library/other:1
    assert_status 0
    [ "$(count registry)" -gt 3 ]
    assert_lacks "$stderr" 5003
}

@test "pull: pulls that are left are told when they are few" {
    serve '{"role": "registry", "port": 5000, "headers": {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "9;w=21600"}}'
    image app latest docker
    capture cais pull $R/app
    assert_status 0
    assert_has "$stderr" "9 of 100 pulls in 6 hours are left" "a login may have more"
}

@test "pull: two at once fetch each layer once" {
    serve "$REGISTRY"
    image app latest docker layers=3 size=200000
    faults '[{"match": "GET registry /v2/app/blobs", "slow": 200000}]'
    cais pull $R/app >"$T/one" 2>&1 &
    local one=$!
    capture cais pull $R/app
    assert_status 0
    wait $one
    for layer in $(made '.layers[]'); do
        assert_equal "$(count registry ".path | endswith(\"$layer\")")" 1
    done
    capture cais verify
    assert_status 0
}

@test "pull: a layer that was damaged on the disk comes anew" {
    serve "$REGISTRY"
    image app latest docker
    cais pull $R/app >"$T/out"
    local layer
    layer=$ROOT/layers/$(made '.diff_ids[1]' | tr : -)
    printf x | dd of="$layer/tar" bs=1 seek=700 conv=notrunc status=none
    jq '.synced = false' "$layer/record.json" >"$T/record" && cp "$T/record" "$layer/record.json"
    capture cais pull $R/app
    assert_status 0
    assert_has "$stderr" "the layer is damaged"
    assert_has "$output" "Pull complete"
    capture cais verify
    assert_status 0
}
