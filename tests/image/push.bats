#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# push: only what is missing is sent, in a form that others read; uploads that break off go on where they were.

load helpers

REGISTRY='{"role": "registry", "port": 5000}'
R=localhost:5000
QUICK=(--retry-delay 10ms)

# An image of our own: one layer that no registry has seen.
own_image() { # NAME [BYTES that do not compress]
    mkdir -p "$T/fs/bin" "$T/fs/etc"
    cp /bin/busybox "$T/fs/bin/"
    head -c "${2-100000}" /dev/urandom >"$T/fs/etc/noise"
    tar -C "$T/fs" -cf "$T/fs.tar" .
    cais import "$T/fs.tar" "$1" >"$T/out"
    DIFF_ID=sha256:$(sha256sum <"$T/fs.tar" | cut -d' ' -f1)
}

manifest_of() { # REPOSITORY TAG: as the registry has it
    cat "$CONTENT/blobs/$(tr : - <"$CONTENT/repos/$1/_tags/$2")"
}

@test "push: an image of ours, and pulled again it is the same" {
    serve "$REGISTRY"
    own_image $R/team/own:1
    local id digest
    id=$(cais images -q --no-trunc)
    capture cais push $R/team/own:1
    assert_status 0
    digest=$(cat "$CONTENT/repos/team/own/_tags/1")
    assert_equal "$(head -n 1 <<<"$output")" "The push refers to repository [$R/team/own]"
    assert_has "$output" "${DIFF_ID:7:12}: Pushed"
    assert_equal "$(tail -n 1 <<<"$output")" "1: digest: $digest size: $(manifest_of team/own 1 | wc -c)"
    assert_equal "$(manifest_of team/own 1 | jq -r '.layers[0].mediaType')" application/vnd.oci.image.layer.v1.tar+gzip
    # Again: nothing is sent. And a pull has nothing to do.
    : >"$LOG"
    capture cais push $R/team/own:1
    assert_has "$output" "${DIFF_ID:7:12}: Layer already exists" "digest: $digest"
    assert_equal "$(count registry '.method == "POST"')" 0
    capture cais pull $R/team/own:1
    assert_has "$output" "Image is up to date"
    ROOT=$T/other
    capture cais pull $R/team/own:1
    assert_status 0
    assert_equal "$(cais images -q --no-trunc)" "$id"
    capture cais verify
    assert_status 0
}

@test "push: what was pulled goes back as it came, mounted from its neighbour" {
    serve "$REGISTRY"
    image library/app 1 docker layers=3
    cais pull $R/library/app:1 >"$T/out"
    cais tag $R/library/app:1 $R/team/copy:2
    : >"$LOG"
    capture cais push $R/team/copy:2
    assert_status 0
    for id in $(made '.diff_ids[]'); do assert_has "$output" "${id:7:12}: Mounted from library/app"; done
    assert_equal "$(cat "$CONTENT/repos/team/copy/_tags/2")" "$(made .digest)"
    # Nothing but the configuration was sent.
    assert_equal "$(requests registry '.method == "PUT" and (.path | contains("uploads"))' | wc -l)" 1
}

@test "push: to a registry that has nothing of it the layers are compressed anew; the ID stays" {
    serve "$REGISTRY"
    image library/app 1 docker layers=2
    cais pull $R/library/app:1 >"$T/out"
    rm -r "$CONTENT"
    capture cais push --compression zstd $R/library/app:1 $R/far/app:z
    assert_status 0
    assert_equal "$(manifest_of far/app z | jq -r '.mediaType, .layers[0].mediaType, .config.digest')" \
        "application/vnd.oci.image.manifest.v1+json
application/vnd.oci.image.layer.v1.tar+zstd
$(made .config)"
    capture cais push --compression none -q $R/library/app:1 $R/plain/app:1
    assert_status 0
    assert_equal "$output" "$(cat "$CONTENT/repos/plain/app/_tags/1")"
    ROOT=$T/other
    capture cais pull $R/far/app:z
    assert_status 0
    assert_equal "$(cais images -q --no-trunc)" "$(made .config)"
}

@test "push: logins with a password and with a token; a denial says so" {
    serve '{"role": "registry", "port": 5000, "auth": {"kind": "token", "realm": "http://127.0.0.1:5001/token", "service": "s"}}' \
        '{"role": "token", "port": 5001, "users": {"ada": "s3cret"}, "public": "^open/"}' \
        '{"role": "registry", "name": "basic", "port": 5002, "auth": {"kind": "basic", "users": {"ada": "pw"}}}'
    own_image open/app:1
    capture cais push open/app:1 $R/open/app:1
    assert_error "access to open/app is denied" "cais login"
    login_file $R ada s3cret
    capture cais push open/app:1 $R/open/app:1
    assert_status 0
    assert_has "$(requests token | tail -n 1)" "repository:open/app:pull,push"
    login_file localhost:5002 ada pw
    capture cais push open/app:1 localhost:5002/x/y:1
    assert_status 0
}

@test "push: connections that break, sessions that vanish, answers that wait" {
    serve "$REGISTRY"
    own_image $R/own:1
    faults '[{"match": "PUT registry .*uploads", "status": 503, "times": 1},
             {"match": "PUT registry .*uploads", "status": 404, "times": 1},
             {"match": "PUT registry .*uploads", "cut": 0, "times": 1},
             {"match": "POST registry .*uploads", "status": 429, "headers": {"Retry-After": "1"}, "times": 1}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_status 0
    assert_has "$output" "${DIFF_ID:7:12}: Retrying in 1 second (localhost:5000: status 503" "session is gone"
    rm -r "$CONTENT"
    faults '[{"match": "PUT registry .*uploads", "status": 500}]'
    capture cais push "${QUICK[@]}" --retry 1 $R/own:1
    assert_error "layer ${DIFF_ID:7:12}" "status 500"
    [ ! -e "$CONTENT/repos/own/_tags" ]
    assert_equal "$(find "$ROOT/ingest" -type f)" ""
    faults '[{"match": "PUT registry .*manifests", "status": 400, "body": "{\"errors\": [{\"code\": \"MANIFEST_INVALID\", \"message\": \"no\"}]}"}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_error "manifest 1: status 400, no"
}

# Bytes of bodies that a registry has read, of requests by METHOD.
bytes_read() { # NAME METHOD
    jq -s --arg to "$1 body" --arg method "$2" '[.[] | select(.to == $to and .method == $method) | .size] | add // 0' "$LOG"
}

pieces() { requests "${1-registry}" '.method == "PATCH"' | jq -r '."content-range"'; }

blob_size() { manifest_of "$1" "$2" | jq '.layers[0].size'; }

second_piece() { [ "$(pieces | wc -l)" = 2 ]; }

@test "push: an upload that is cut goes on where it was" {
    serve "$REGISTRY"
    own_image $R/own:1 40000000
    # The second piece is cut and its beginning stays; what follows is refused; is cut and forgotten; is kept in part.
    faults '[{"match": "PATCH registry", "skip": 1, "times": 1, "take": 8000000},
             {"match": "PATCH registry", "skip": 1, "times": 1, "status": 503},
             {"match": "PATCH registry", "skip": 1, "times": 1, "take": 1000000, "forget": true},
             {"match": "PATCH registry", "skip": 1, "times": 1, "keep": 3000000},
             {"match": "PUT registry .*digest", "times": 1, "status": 502},
             {"match": "PUT registry .*digest", "times": 1, "cut": 0}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_status 0
    assert_has "$output" "${DIFF_ID:7:12}: Retrying in" "${DIFF_ID:7:12}: Pushed"
    local size all
    size=$(blob_size own 1)
    assert_equal "$(pieces)" "0-16777215
16777216-33554431
24777216-$((size - 1))
24777216-$((size - 1))
24777216-$((size - 1))
27777216-$((size - 1))"
    assert_equal "$(count registry '.method == "POST" and (.path | contains("uploads"))')" 2 # the other: the configuration's
    assert_equal "$(bytes_read registry PATCH)" $((size + 2 * (size - 24777216) - 3000000 + 1000000))
    # All bytes that were sent, the lost ones too.
    all=$(bytes_read registry PATCH)
    [ "$all" -lt $((2 * size)) ] || fail "$all bytes for $size"
    ROOT=$T/other
    faults '[]'
    capture cais pull $R/own:1
    assert_status 0
    capture cais verify
    assert_status 0
}

@test "push: a session that is lost begins anew; one that has something else, too" {
    serve "$REGISTRY"
    own_image $R/own:1 40000000
    faults '[{"match": "PATCH registry", "skip": 1, "times": 1, "take": 1000},
             {"match": "GET registry .*uploads", "times": 1, "status": 404}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_status 0
    assert_equal "$(pieces | cut -d- -f1 | tr '\n' ' ')" "0 16777216 0 16777216 33554432 "
    # One that says to have more than it has: the digest tells.
    rm -r "$CONTENT"
    : >"$LOG"
    faults '[{"match": "PATCH registry", "skip": 1, "times": 1, "take": 1000, "forget": true},
             {"match": "GET registry .*uploads", "times": 1, "add_headers": {"Range": "0-40000000"}},
             {"match": "PUT registry .*digest", "times": 1, "status": 400, "body": "{\\"errors\\": [{\\"code\\": \\"DIGEST_INVALID\\"}]}"}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_status 0
    # One that loses what it had again and again gets the blob as a whole.
    rm -r "$CONTENT"
    : >"$LOG"
    faults '[{"match": "PATCH registry .*step=[1-9]", "status": 404}]'
    capture cais push "${QUICK[@]}" $R/own:1
    assert_status 0
    assert_equal "$(pieces | cut -d- -f1 | tr '\n' ' ')" "0 16777216 0 16777216 "
    assert_has "$(requests registry '.method == "PUT"' | head -n 1)" digest
    ROOT=$T/other
    capture cais pull $R/own:1
    assert_status 0
}

@test "push: registries that want large pieces, or take none" {
    local code
    serve '{"role": "registry", "port": 5000, "min_chunk": 20000000}' \
        '{"role": "registry", "name": "none405", "port": 5405, "no_pieces": 405}' \
        '{"role": "registry", "name": "none404", "port": 5404, "no_pieces": 404}' \
        '{"role": "registry", "name": "none416", "port": 5416, "no_pieces": 416}'
    own_image own:1 40000000
    cais push own:1 $R/own:1 >"$T/out"
    assert_equal "$(pieces | cut -d- -f1 | tr '\n' ' ')" "0 20000000 40000000 "
    for code in 405 404 416; do
        rm -r "$CONTENT"
        capture cais push --retry 0 own:1 localhost:5$code/own:1
        assert_status 0
        assert_equal "$(pieces none$code)" 0-16777215
        [ "$(bytes_read none$code PUT)" -gt 40000000 ] || fail "it was not sent as a whole"
    done
}

@test "push: after a killed one the next sends only the layer that it was at" {
    serve "$REGISTRY"
    image app 1 docker layers=2 size=40000000
    cais pull $R/app:1 >"$T/out"
    rm -r "$CONTENT"
    : >"$LOG"
    faults '[{"match": "PATCH registry", "skip": 1, "times": 1, "take": 1000, "hold": true}]'
    cais_alone push $R/app:1
    local pid=$!
    wait_for 60 second_piece
    kill -KILL $pid
    wait $pid || true
    [ ! -e "$CONTENT/repos/app/_tags" ]
    : >"$LOG"
    capture cais push $R/app:1
    assert_status 0
    assert_has "$output" "$(made '.diff_ids[0]' | cut -c8-19): Layer already exists" "$(made '.diff_ids[1]' | cut -c8-19): Pushed"
    assert_equal "$(pieces | head -n 1)" 0-16777215
    cais prune >"$T/out"
    assert_equal "$(find "$ROOT/ingest" -type f)" ""
    capture cais verify
    assert_status 0
}

@test "push: sessions on another host get no credentials" {
    serve '{"role": "registry", "port": 5000, "auth": {"kind": "basic", "users": {"ada": "pw"}}}' '{"role": "registry", "name": "store", "port": 5004}'
    login_file $R ada pw
    own_image $R/own:1
    faults '[{"match": "POST registry .*uploads", "status": 202, "headers": {"Location": "http://127.0.0.1:5004/v2/own/blobs/uploads/1?key=very-secret"}}]'
    capture cais --debug push "${QUICK[@]}" --retry 0 $R/own:1
    assert_status 125
    [ "$(count store '.method == "PUT"')" -ge 1 ]
    assert_equal "$(requests store '.authorization != null')" ""
    assert_lacks "$output$stderr" very-secret
}

@test "push: what can't be pushed" {
    serve "$REGISTRY"
    own_image own:1
    capture cais push nothing:1 $R/x:1
    assert_error "there is no such image"
    capture cais push own:1 "$R/x@sha256:$(printf '0%.0s' {1..64})"
    assert_error "under a tag"
    capture cais push --compression-level 12 own:1 $R/x:1
    assert_error "option --compression-level"
    printf x | dd of="$ROOT/layers/${DIFF_ID/:/-}/tar" bs=1 seek=3000 conv=notrunc status=none
    capture cais push own:1 $R/x:1
    assert_error "$DIFF_ID" "the layer is damaged"
    [ ! -e "$CONTENT/repos/x" ]
}
