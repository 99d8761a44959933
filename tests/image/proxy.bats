#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A registry of plain HTTP and a forward proxy, as a company's network has them. (TLS through a proxy: hub.bats.)

load helpers

R=registry.example:5000
PROXY=http://proxy.example:3128

# Only the proxy knows where registry.example is.
behind_proxy() { # [JQ-FILTER of the proxy]
    serve '{"role": "registry", "address": "127.0.0.2", "port": 5000}' \
        "$(jq -c "${1-.}" <<<'{"role": "proxy", "address": "127.0.0.5", "port": 3128, "hosts": {"registry.example": "127.0.0.2"}}')"
    know "127.0.0.5 proxy.example"
    echo "$R http" >"$CONFIG/cais/registries"
    image app 1 docker layers=2
}

know() { # LINE of /etc/hosts
    [ -e "$T/hosts" ] || { : >"$T/hosts" && in_net mount --bind "$T/hosts" /etc/hosts; }
    echo "$1" >>"$T/hosts"
}

asked() { requests proxy true | jq -r '.method + " " + .path'; }

@test "proxy: a registry of plain HTTP is pulled from and pushed to through http_proxy" {
    behind_proxy
    capture cais pull $R/app:1
    assert_error "$R: Could not resolve host"
    export http_proxy=$PROXY
    capture cais pull $R/app:1
    assert_status 0
    assert_has "$(asked)" "HEAD http://$R/v2/app/manifests/1" "GET http://$R/v2/app/blobs/$(made '.layers[1]')"
    assert_equal "$(requests registry true | jq -r .host | sort -u)" "$R"
    capture cais tag $R/app:1 $R/copy:1
    capture cais push $R/copy:1
    assert_status 0
    assert_has "$(asked)" "PUT http://$R/v2/copy/manifests/1"
}

@test "proxy: HTTP_PROXY and all_proxy are as good; with https_proxy beside it TLS is tried through it" {
    behind_proxy
    local variable
    for variable in HTTP_PROXY all_proxy ALL_PROXY; do
        : >"$LOG"
        export "$variable=$PROXY"
        ROOT=$T/$variable
        capture cais pull -q $R/app:1
        unset "$variable"
        assert_status 0
        assert_has "$(asked)" "HEAD http://$R/v2/app/manifests/1"
    done
    assert_has "$(asked)" "CONNECT $R"
    : >"$LOG"
    export HTTP_PROXY=http://127.0.0.5:1 http_proxy=$PROXY https_proxy=$PROXY
    ROOT=$T/both
    capture cais pull $R/app:1
    assert_status 0
    assert_equal "$(asked | head -n 1)" "CONNECT $R"
}

@test "proxy: no_proxy goes round it, by host, domain, port, address and network" {
    behind_proxy
    know "127.0.0.2 registry.example"
    in_net ip address add 192.0.2.7/32 dev lo
    serve '{"role": "registry", "name": "numbered", "address": "192.0.2.7", "port": 5000}'
    echo "192.0.2.7:5000 http" >>"$CONFIG/cais/registries"
    export http_proxy=$PROXY https_proxy=$PROXY
    local pattern name
    for pattern in registry.example .example "a.lan, $R" '*' 192.0.2.7 192.0.2.0/24; do
        name=$R/app:1
        [[ $pattern != 192* ]] || name=192.0.2.7:5000/app:1
        export no_proxy=$pattern
        ROOT=$T/root-${#pattern}
        capture cais pull -q "$name"
        assert_status 0
    done
    assert_equal "$(count proxy)" 0
    export no_proxy=registry.example:5001,192.0.2.0/24
    ROOT=$T/through
    capture cais pull $R/app:1
    assert_status 0
    assert_has "$(asked)" "HEAD http://$R/v2/app/manifests/1"
}

@test "proxy: what is wrong with it is said with its name, without its password" {
    behind_proxy '.login = "ada:s3cret"'
    export http_proxy=http://127.0.0.5:3129
    capture cais pull --retry 0 $R/app:1
    assert_error "$R: through the proxy http://127.0.0.5:3129: " "Connection refused" "http_proxy names the proxy"
    export http_proxy=http://ada:s3cret@nowhere.example:3128
    capture cais pull --retry 0 $R/app:1
    assert_error "$R: through the proxy http://nowhere.example:3128: " "Could not resolve proxy" "http_proxy names the proxy"
    [[ $stderr != *s3cret* ]] || fail "the password is in: $stderr"
    export http_proxy=$PROXY
    capture cais pull --retry 0 $R/app:1
    assert_error "$R: the proxy $PROXY asks for a login, status 407" "http://NAME:PASSWORD@HOST:PORT"
    export http_proxy=http://ada:s3cret@proxy.example:3128
    capture cais pull $R/app:1
    assert_status 0
    # A proxy that does not get to the registry answers itself.
    echo "other.example:5000 http" >>"$CONFIG/cais/registries"
    capture cais pull --retry 0 other.example:5000/app:1
    assert_error "other.example:5000: through the proxy $PROXY: status 502"
    [[ $stderr != *s3cret* ]] || fail "the password is in: $stderr"
}
