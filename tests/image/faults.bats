#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# pull from registries that break off, refuse, lie or never end: what came stays, what is wrong is never kept.

load helpers

REGISTRY='{"role": "registry", "port": 5000}'
R=localhost:5000
QUICK=(--retry-delay 10ms)

good_image() { # the store is whole and has nothing but the image NAME
    capture cais verify
    assert_status 0
    assert_equal "$(cais images --format json | jq -r '.Repository + ":" + .Tag')" "$1"
}

# No image; and of layers only what is what it is called.
nothing_kept() {
    local layer
    assert_equal "$(cais images -q)" ""
    assert_equal "$(ls "$ROOT/images" "$ROOT/names")" "$(printf '%s:\n\n%s:' "$ROOT/images" "$ROOT/names")"
    for layer in "$ROOT"/layers/sha256-*; do
        [ ! -e "$layer" ] || assert_equal "sha256-$(sha256sum <"$layer/tar" | cut -d' ' -f1)" "${layer##*/}"
    done
}

@test "faults: a cut connection is taken up where it broke" {
    serve "$REGISTRY"
    image app latest docker layers=2 size=3000000
    local layer
    layer=$(made '.layers[1]')
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "cut": 1500000, "times": 1}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_status 0
    assert_equal "$(requests registry ".path | endswith(\"$layer\")" | jq -r '.range // "all"')" "all
bytes=1500000-"
    good_image $R/app:latest
}

@test "faults: a killed pull is continued by the next command" {
    serve "$REGISTRY"
    image app latest docker layers=2 size=3000000
    local layer part have
    layer=$(made '.layers[1]')
    part=$ROOT/ingest/$(tr : - <<<"$layer").part
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "stall": 2000000, "times": 1}]'
    cais_alone pull $R/app
    local pid=$!
    wait_for 30 eval "[ \"\$(stat -c %s '$part' 2>/dev/null)\" = 2000000 ]"
    kill -KILL $pid
    wait $pid || true
    : >"$LOG"
    capture cais pull $R/app
    assert_status 0
    assert_equal "$(requests registry ".path | endswith(\"$layer\")" | jq -r .range)" "bytes=2000000-"
    assert_equal "$(find "$ROOT/ingest" -type f)" ""
    good_image $R/app:latest
}

@test "faults: ranges that are ignored, or answered wrongly" {
    serve "$REGISTRY"
    image app latest docker layers=2 size=3000000
    local layer how answers=(lie)
    layer=$(made '.layers[1]')
    [ "${ESTIVA_FULL:-0}" != 1 ] || answers=(ignore lie size)
    for how in "${answers[@]}"; do
        faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "cut": 1500000, "times": 1},
                 {"match": "GET registry /v2/app/blobs/'"$layer"'", "range": "'$how'"}]'
        capture cais pull "${QUICK[@]}" $R/app
        assert_status 0
        good_image $R/app:latest
        cais rmi $R/app >"$T/out"
        cais prune >"$T/out"
    done
}

@test "faults: what an earlier command left may be wrong" {
    serve "$REGISTRY"
    image app latest docker layers=2
    mkdir -p "$ROOT/ingest"
    head -c 500 /dev/urandom >"$ROOT/ingest/$(made '.layers[1]' | tr : -).part"
    capture cais pull $R/app
    assert_status 0
    good_image $R/app:latest
}

@test "faults: busy and broken servers are asked again, as they wish" {
    serve "$REGISTRY"
    image app latest docker
    faults '[{"match": "HEAD registry", "status": 429, "headers": {"Retry-After": "1"}, "times": 1},
             {"match": "GET registry .*manifests", "status": 503, "times": 2},
             {"match": "GET registry .*blobs/'"$(made '.layers[1]')"'", "status": 500, "times": 1}]'
    local begun=$SECONDS
    capture cais pull "${QUICK[@]}" $R/app
    assert_status 0
    [ $((SECONDS - begun)) -ge 1 ] || fail "it did not wait"
    assert_has "$output" "$(made '.layers[1]' | cut -c8-19): Retrying in 1 second (localhost:5000: status 500"
    good_image $R/app:latest
}

@test "faults: a server that asks for too much patience, or is down for good, gets an error" {
    serve "$REGISTRY"
    image app latest docker
    faults '[{"match": "GET registry .*manifests", "status": 429, "headers": {"Retry-After": "86400"}, "body": "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"pull rate limit\\u001b[31m\"}]}"}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "status 429" "pull rate limit" "86400 seconds"
    assert_lacks "$stderr" $'\x1b'
    faults '[{"match": "blobs", "status": 502}]'
    capture cais pull "${QUICK[@]}" --retry 2 $R/app
    assert_error "status 502"
    # The manifest's configuration comes before the layers: three attempts and no more.
    assert_equal "$(count registry ".path | endswith(\"$(made .config)\")")" 3
    nothing_kept
}

@test "faults: a bit is wrong: digest and layer are named, nothing stays" {
    serve "$REGISTRY"
    image app latest docker size=50000
    local layer
    layer=$(made '.layers[1]')
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "flip": 40000}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "layer ${layer:7:12}: the gzip data is damaged"
    nothing_kept
    [ ! -e "$ROOT/ingest/$(tr : - <<<"$layer").part" ]
    image plain latest docker size=50000 compress=none
    faults '[{"match": "GET registry /v2/plain/blobs/'"$(made '.layers[1]')"'", "flip": 40000}]'
    capture cais pull "${QUICK[@]}" $R/plain
    assert_error "layer $(made '.layers[1]' | cut -c8-19): what came has another digest"
    nothing_kept
    image app latest docker size=50000
    faults '[{"match": "GET registry /v2/app/manifests", "flip": 20}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_status 125
    faults '[{"match": "GET registry /v2/app/blobs/'"$(made .config)"'", "flip": 20}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "its digest is" "$(made .config)"
    faults '[]'
    capture cais pull $R/app
    assert_status 0
    good_image $R/app:latest
}

@test "faults: a layer that is not what the configuration says" {
    serve "$REGISTRY"
    image app latest docker lie=diffid
    capture cais pull $R/app
    assert_error "diffID" "$(made '.layers[1]' | cut -c8-19)"
    nothing_kept
}

@test "faults: bodies that do not end, or are not as long as announced" {
    serve "$REGISTRY"
    image app latest docker size=50000
    local layer
    layer=$(made '.layers[1]')
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "endless": true}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "more than" "bytes"
    rm -rf "$ROOT" # the first bytes of what does not end were the layer's: the next command would go on with them
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "length": 60000}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "announces 60000 bytes"
    faults '[{"match": "manifests", "endless": true}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "larger than 4194304 bytes"
    faults '[{"match": "GET registry /v2/app/blobs/'"$layer"'", "stall": 100}]'
    capture cais pull "${QUICK[@]}" --timeout 1s --retry 0 $R/app
    assert_status 125
    nothing_kept
}

@test "faults: redirects that lead astray" {
    certificate server localhost
    trust localhost:5000
    serve '{"role": "registry", "port": 5000, "tls": {"cert": "'"$T/server.crt"'", "key": "'"$T/server.key"'"}}' '{"role": "cdn", "port": 5002}'
    image app latest docker
    faults '[{"match": "GET registry .*blobs", "redirect": "http://127.0.0.1:5002/x"}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "from https to http"
    faults '[{"match": "GET registry .*blobs", "redirect": "https://localhost:5000/v2/app/blobs/again"}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "more than 10 redirects"
    faults '[{"match": "GET registry .*blobs", "redirect": "file:///etc/passwd"}]'
    capture cais pull "${QUICK[@]}" $R/app
    assert_error "redirect of localhost:5000"
    assert_equal "$(count cdn)" 0
}

@test "faults: a full disk" {
    serve "$REGISTRY"
    image app latest docker size=3000000
    mkdir -p "$ROOT"
    in_net mount -t tmpfs -o size=66m tmpfs "$ROOT"
    capture cais pull $R/app
    assert_status 125
    assert_has "$stderr" "layer $(made '.layers[1]' | cut -c8-19)" "bytes that are free"
    assert_equal "$(cais images -q)" ""
}

@test "faults: a disk that fills up while layers come: the store stays whole, and with room the pull goes on" {
    serve "$REGISTRY"
    # Each has room by itself, all three with their compressed forms have not.
    image app latest docker layers=4 size=30000000
    mkdir -p "$ROOT"
    in_net mount -t tmpfs -o size=100m tmpfs "$ROOT"
    capture cais pull $R/app
    assert_status 125
    assert_has "$stderr" "layer " "No space left on device"
    assert_equal "$(cais images -q)" ""
    capture cais verify
    assert_status 0
    : >"$LOG"
    in_net mount -o remount,size=400m "$ROOT"
    capture cais pull $R/app
    assert_status 0
    assert_has "$(requests registry '.path | contains("/blobs/")' | jq -r '.range // "all"')" "bytes="
    good_image $R/app:latest
    # What is given up leaves nothing.
    cais rmi $R/app >"$T/out"
    in_net mount -o remount,size=100m "$ROOT"
    capture cais pull $R/app
    assert_status 125
    cais prune >"$T/out"
    assert_equal "$(in_net find "$ROOT" -type f ! -name lock)" ""
}
