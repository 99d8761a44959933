#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Registries of an attacker, or one between us and them.

load helpers

REGISTRY='{"role": "registry", "port": 5000}'
R=localhost:5000
QUICK=(--retry-delay 10ms)

nothing_kept() {
    assert_equal "$(cais images -q)" ""
    cais prune --all >/dev/null
    assert_equal "$(find "$ROOT" -type f ! -name lock)" ""
}

# image app TAG, with its manifest changed by a filter; its digest is printed.
changed_manifest() { # TAG JQ-FILTER
    local text digest
    image app "$1" docker
    text=$(jq -c "$2" "$CONTENT/blobs/$(made .digest | tr : -)")
    digest=$(printf %s "$text" | sha256sum | cut -d' ' -f1)
    printf %s "$text" >"$CONTENT/blobs/sha256-$digest"
    made .mediaType | tr -d '\n' >"$CONTENT/repos/app/_manifests/sha256-$digest"
    printf %s "sha256:$digest" >"$CONTENT/repos/app/_tags/$1"
}

@test "CVE-2020-15157: an address within a manifest is asked for nothing, and gets no credentials" {
    serve '{"role": "registry", "port": 5000, "auth": {"kind": "basic", "users": {"ada": "pw"}}}' \
        '{"role": "cdn", "name": "thief", "port": 5002, "challenge": "Basic realm=\"localhost:5000\""}'
    login_file $R ada pw
    local type
    for type in rootfs.diff.tar.gzip rootfs.foreign.diff.tar.gzip; do
        changed_manifest latest '.layers[] |= (.urls = ["http://127.0.0.1:5002/" + .digest] |
            .mediaType = "application/vnd.docker.image.'$type'") | .config.urls = ["http://127.0.0.1:5002/config"]'
        capture cais pull "${QUICK[@]}" $R/app
        assert_status 0
        cais rmi $R/app >/dev/null && cais prune --all >/dev/null
    done
    assert_equal "$(count thief)" 0
    # Nor does another host that a blob is redirected to, whatever it asks for.
    image app 2 docker salt=x
    faults '[{"match": "GET registry .*blobs", "redirect": "http://127.0.0.1:5002/x"}]'
    capture cais pull "${QUICK[@]}" --retry 0 $R/app:2
    assert_status 125
    [ "$(count thief)" -gt 0 ] || fail "the other host was not asked at all"
    assert_equal "$(requests thief '.authorization != null')" ""
    nothing_kept
}

@test "CVE-2014-5277: what does not speak TLS is not asked in plain HTTP" {
    echo '127.0.0.2 registry.test' >"$T/hosts"
    in_net mount --bind "$T/hosts" /etc/hosts
    serve '{"role": "registry", "address": "127.0.0.2", "port": 443}' '{"role": "registry", "name": "plain", "address": "127.0.0.2", "port": 80}' \
        '{"role": "registry", "name": "other", "address": "127.0.0.2", "port": 5000}'
    image app latest docker
    login_file registry.test ada pw
    local name
    for name in registry.test registry.test:5000; do
        capture cais pull "${QUICK[@]}" --retry 0 $name/app
        assert_error "$name"
    done
    assert_equal "$(cat "$LOG")" ""
    nothing_kept
}

@test "CVE-2014-8178 CVE-2014-8179: other content under the digest that was asked for" {
    serve "$REGISTRY"
    local digest path
    image other latest docker salt=evil
    local evil
    evil=$(cat "$CONTENT/blobs/$(made .digest | tr : -)")
    image app latest docker
    digest=$(made .digest)
    # A whole other image, with a header that says what was asked for.
    faults "$(jq -nc --arg text "$evil" --arg digest "$digest" \
        '[{match: "GET registry /v2/app/manifests/sha256", replace: $text, add_headers: {"Docker-Content-Digest": $digest}}]')"
    capture cais pull "${QUICK[@]}" "$R/app@$digest"
    assert_error "digest is" "$digest"
    nothing_kept
    for path in config layers[0]; do
        faults '[{"match": "GET registry /v2/app/blobs/'"$(jq -r ".$path | if type == \"object\" then .digest else . end" <<<"$made")"'", "flip": 100}]'
        capture cais pull "${QUICK[@]}" $R/app
        assert_status 125
        nothing_kept
    done
    faults '[]'
    capture cais pull "$R/app@$digest"
    assert_status 0
}

@test "CVE-2021-41190: a manifest that is an index too, and types that differ" {
    serve "$REGISTRY"
    image app confused confused
    capture cais pull $R/app:confused
    assert_status 125
    assert_has "$stderr" "app:confused" "manifests"
    nothing_kept
    image app latest docker
    faults '[{"match": "GET registry /v2/app/manifests", "add_headers": {"Content-Type": "application/vnd.oci.image.index.v1+json"}}]'
    capture cais pull $R/app
    assert_error "is announced as" "calls itself"
    nothing_kept
}

@test "CVE-2024-3727: digests of a registry that are paths" {
    serve "$REGISTRY"
    local pointer
    for pointer in .config.digest '.layers[1].digest'; do
        changed_manifest latest "$pointer = \"sha256:../../../../../../etc/passwd\""
        capture cais pull "${QUICK[@]}" $R/app
        assert_error "is no digest" "etc/passwd"
        assert_equal "$(requests registry '.path | contains("passwd")')" ""
    done
    nothing_kept
    image app latest docker
    # The HEAD had said it: the digest that was asked for is what counts.
    faults '[{"match": "GET registry /v2/app/manifests", "add_headers": {"Docker-Content-Digest": "sha256:../../etc"}}]'
    capture cais pull $R/app
    assert_status 0
    faults '[{"match": "manifests", "add_headers": {"Docker-Content-Digest": "sha256:../../etc"}}]'
    image app 2 docker salt=x
    capture cais pull $R/app:2
    [ "$status" = 0 ] || assert_error "digest"
    assert_equal "$(find "$T" -name '*passwd*' -o -name 'etc')" ""
}
