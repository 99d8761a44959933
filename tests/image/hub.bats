#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker Hub's own ways, on a stand-in that answers to its host names: the default host, library/, a token service and
# a content network on other hosts, rate limits; with an authority of the test's own.

load helpers

HUB_HOSTS=(registry-1.docker.io auth.docker.io production.cloudflare.docker.com)

# In the namespace these names mean loopback, and port 443 is ours.
hub() { # [JQ-FILTER of the registry's listener]
    local certificate headers
    certificate hub "${HUB_HOSTS[@]}"
    printf '127.0.0.%s\n' "2 registry-1.docker.io" "3 auth.docker.io" "4 production.cloudflare.docker.com" >"$T/hosts"
    in_net mount --bind "$T/hosts" /etc/hosts
    export SSL_CERT_FILE=$T/ca.crt
    certificate='{"cert": "'"$T/hub.crt"'", "key": "'"$T/hub.key"'"}'
    headers='{"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600", "docker-ratelimit-source": "192.0.2.7"}'
    serve "$(jq -c "${1-.}" <<<'{"role": "registry", "name": "hub", "address": "127.0.0.2", "port": 443, "tls": '"$certificate"',
            "blobs": "https://production.cloudflare.docker.com/registry-v2/docker", "headers": '"$headers"',
            "auth": {"kind": "token", "realm": "https://auth.docker.io/token", "service": "registry.docker.io"}}')" \
        '{"role": "token", "address": "127.0.0.3", "port": 443, "tls": '"$certificate"', "users": {"ada": "s3cret"}, "public": "^library/(hello|hello-world|busybox)$"}' \
        '{"role": "cdn", "address": "127.0.0.4", "port": 443, "tls": '"$certificate"'}'
}

@test "hub: a short name is library's, with latest; token and content come from other hosts" {
    hub
    image library/hello latest index
    capture cais pull --platform linux/amd64 hello
    assert_status 0
    assert_equal "$(head -n 1 <<<"$output")" "latest: Pulling from library/hello"
    assert_equal "$(tail -n 1 <<<"$output")" "Status: Downloaded newer image for hello:latest"
    assert_equal "$stderr" ""
    assert_equal "$(requests token true | jq -r .path)" \
        "/token?service=registry.docker.io&scope=repository:library/hello:pull"
    assert_equal "$(count cdn)" 3
    assert_equal "$(requests cdn '.authorization != null')" ""
    assert_equal "$(cais images --format json | jq -r '.Repository + ":" + .Tag')" hello:latest
    capture cais pull -q hello
    assert_equal "$output" docker.io/library/hello:latest
    # A HEAD does not count, and is all that a second pull needs: one for the token, one that is answered.
    assert_equal "$(requests hub '.path | contains("manifests")' | jq -r .method | sort | uniq -c | tr -s ' ' | paste -sd,)" \
        " 2 GET, 4 HEAD"
}

@test "hub: a login is kept under docker's key and used with the token service only" {
    hub
    image ada/private 1 docker
    capture cais pull ada/private:1
    assert_error "access to ada/private is denied" "cais login"
    capture cais login -u ada --password-stdin <<<s3cret
    assert_status 0
    assert_equal "$(jq -r '.auths | keys[]' "$HOME/.docker/config.json")" https://index.docker.io/v1/
    capture cais pull index.docker.io/ada/private:1
    assert_status 0
    assert_equal "$(requests hub '(.authorization // "") | startswith("Basic")')" ""
    capture cais logout
    assert_equal "$output" "Removing login credentials for docker.io"
    capture cais pull ada/private:2
    assert_status 125
}

@test "hub: pulls that are left, and none" {
    hub '.headers["ratelimit-remaining"] = "3;w=21600"'
    image library/hello latest docker
    capture cais pull hello
    assert_status 0
    assert_has "$stderr" "3 of 100 pulls in 6 hours are left"
    image library/hello 2 docker salt=x
    faults '[{"match": "GET hub .*manifests", "status": 429, "headers": {"Retry-After": "21600"}, "body": "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"You have reached your pull rate limit.\"}]}"}]'
    capture cais pull --retry-delay 10ms hello:2
    assert_error "status 429" "You have reached your pull rate limit."
}

@test "hub: a mirror first, as people without its network have it" {
    hub
    serve '{"role": "registry", "name": "mirror", "port": 5000}'
    image library/hello latest docker
    echo 'docker.io mirror localhost:5000' >"$CONFIG/cais/registries"
    capture cais pull hello
    assert_status 0
    assert_equal "$(count hub)" 0
    assert_equal "$(cais images --format json | jq -r .Repository)" hello
}

@test "hub: contrib/hub-check, as it would find Hub" {
    slow
    hub
    image library/hello-world latest index
    image library/busybox 1.36 index salt=b
    capture in_net env CAIS="$CAIS" CAIS_HUB_USER=ada CAIS_HUB_PASSWORD=s3cret "$SOURCE_DIR/contrib/hub-check"
    assert_status 0
    assert_equal "$(tail -n 1 <<<"$output")" "10 passed, 0 failed, 0 skipped"
    # It sees a Hub that does not do what it should.
    faults '[{"match": "HEAD hub", "drop_headers": ["Docker-Content-Digest"]}, {"match": "GET cdn", "flip": 100}]'
    capture in_net env CAIS="$CAIS" "$SOURCE_DIR/contrib/hub-check"
    assert_status 1
    assert_has "$output" "not ok  pull of a short name"
}

@test "hub: through a proxy, which sees no request and gets no credentials of the registry" {
    hub
    serve '{"role": "proxy", "address": "127.0.0.5", "port": 3128}'
    printf '127.0.0.5 proxy.example\n' >>"$T/hosts"
    image library/hello latest docker
    export https_proxy=http://proxy.example:3128
    capture cais pull hello
    assert_status 0
    assert_equal "$(requests proxy true | jq -r '.method + " " + .path' | sort -u)" "CONNECT auth.docker.io:443
CONNECT production.cloudflare.docker.com:443
CONNECT registry-1.docker.io:443"
    assert_equal "$(requests proxy '.authorization != ""')" ""
    # What no_proxy names is asked directly.
    : >"$LOG"
    export no_proxy=docker.io
    capture cais pull hello
    assert_status 0
    assert_equal "$(count proxy)" 0
    unset no_proxy
    export https_proxy=http://127.0.0.5:3129
    capture cais pull --retry 0 hello
    assert_error "registry-1.docker.io: through the proxy http://127.0.0.5:3129: " "refused" "https_proxy names the proxy"
}
