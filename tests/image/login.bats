#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# login and logout, and with them all kinds of authorisation: password, token service, identity token, helpers.

load helpers

BASIC='{"role": "registry", "port": 5000, "auth": {"kind": "basic", "users": {"ada": "s3cret:x"}}}'
TOKEN='{"role": "registry", "port": 5000, "auth": {"kind": "token", "realm": "http://127.0.0.1:5001/token", "service": "a, b", "basic_first": true}}'
SERVICE='{"role": "token", "port": 5001, "users": {"ada": "s3cret"}, "refresh_token": "long-lived"}'

@test "login: a password is checked, then kept for its owner alone" {
    serve "$BASIC"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_status 0
    assert_equal "$output" "Login Succeeded"
    assert_equal "$(jq -r '.auths["localhost:5000"].auth' "$HOME/.docker/config.json" | base64 -d)" ada:s3cret:x
    assert_equal "$(stat -c %a "$HOME/.docker/config.json")" 600
    assert_equal "$(stat -c %a "$HOME/.docker")" 700
}

@test "login: a wrong password is kept nowhere and shown nowhere" {
    serve "$BASIC"
    capture cais --debug --log "$T/log" login -u ada --password-stdin localhost:5000 <<<'wrong-password'
    assert_error "localhost:5000" "denied"
    [ ! -e "$HOME/.docker/config.json" ]
    assert_lacks "$output$stderr$(cat "$T/log")" wrong-password "$(printf 'ada:wrong-password' | base64 -w0)"
}

@test "login: a token service on another host checks the password" {
    serve "$TOKEN" "$SERVICE"
    capture cais login -u ada --password-stdin localhost:5000 <<<s3cret
    assert_status 0
    assert_equal "$(requests token '.path' | jq -r .path)" '/token?service=a,%20b&account=ada'
    # The registry itself never saw the password.
    assert_equal "$(requests registry '(.authorization // "") | startswith("Basic")')" ""
    capture cais login -u ada --password-stdin localhost:5000 <<<wrong
    assert_error "token for localhost:5000" "does not take user name and password"
}

@test "login: https stays https: a token service in plain HTTP is not asked" {
    certificate server localhost
    trust localhost:5000
    serve "$(jq -c --arg T "$T" '.tls = {cert: ($T + "/server.crt"), key: ($T + "/server.key")}' <<<"$TOKEN")" "$SERVICE"
    capture cais login -u ada --password-stdin localhost:5000 <<<s3cret
    assert_error "plain HTTP"
    assert_equal "$(count token)" 0
}

@test "login: the certificate counts on loopback too" {
    certificate server localhost
    serve "$(jq -c --arg T "$T" '.tls = {cert: ($T + "/server.crt"), key: ($T + "/server.key")}' <<<"$BASIC")"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_error "localhost:5000" "certs.d"
    assert_equal "$(count registry)" 0
    trust localhost:5000
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_status 0
    # A certificate for another name.
    certificate other other.example
    serve '{"role": "registry", "port": 5002, "tls": {"cert": "'"$T/other.crt"'", "key": "'"$T/other.key"'"}}'
    trust localhost:5002
    capture cais login -u ada --password-stdin localhost:5002 <<<x
    assert_error "localhost:5002"
}

@test "login: a client certificate where the registry wants one" {
    certificate server localhost
    certificate client ada
    trust localhost:5000
    serve '{"role": "registry", "port": 5000, "tls": {"cert": "'"$T/server.crt"'", "key": "'"$T/server.key"'", "client_ca": "'"$T/ca.crt"'"}}'
    capture cais login -u ada --password-stdin localhost:5000 <<<x
    assert_error "localhost:5000"
    cp "$T/client.crt" "$CONFIG/cais/certs.d/localhost:5000/client.cert"
    cp "$T/client.key" "$CONFIG/cais/certs.d/localhost:5000/client.key"
    capture cais login -u ada --password-stdin localhost:5000 <<<x
    assert_status 0
}

@test "login: what else is in docker's file stays" {
    serve "$BASIC"
    mkdir "$HOME/.docker"
    echo '{"HttpHeaders": {"X": "1.50"}, "auths": {"quay.io": {"auth": "eDp5", "email": "e"}}}' >"$HOME/.docker/config.json"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_status 0
    assert_equal "$(jq -c '[.HttpHeaders.X, .auths["quay.io"].email, (.auths | length)]' "$HOME/.docker/config.json")" '["1.50","e",2]'
    capture cais logout localhost:5000
    assert_status 0
    assert_equal "$output" "Removing login credentials for localhost:5000"
    assert_equal "$(jq -c '.auths | keys' "$HOME/.docker/config.json")" '["quay.io"]'
    capture cais logout localhost:5000
    assert_status 0
    assert_equal "$output" "Not logged in to localhost:5000"
}

@test "login: a broken file of credentials is an error and stays as it is" {
    serve "$BASIC"
    mkdir "$HOME/.docker"
    echo '{"auths": ' >"$HOME/.docker/config.json"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_error "$HOME/.docker/config.json"
    assert_equal "$(cat "$HOME/.docker/config.json")" '{"auths": '
}

@test "login: docker's credential helpers keep and forget" {
    serve "$BASIC"
    mkdir "$HOME/.docker" "$T/bin"
    cat >"$T/bin/docker-credential-jar" <<EOF
#!/bin/sh
echo "\$1" >>"$T/calls"
echo "a warning" >&2
case \$1 in
store) cat >"$T/jar" ;;
get) cat >/dev/null; [ -e "$T/jar" ] && cat "$T/jar" || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm -f "$T/jar" ;;
esac
EOF
    chmod +x "$T/bin/docker-credential-jar"
    PATH=$T/bin:$PATH
    echo '{"credHelpers": {"localhost:5000": "jar"}}' >"$HOME/.docker/config.json"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_status 0
    assert_equal "$(jq -c . "$T/jar")" '{"ServerURL":"localhost:5000","Username":"ada","Secret":"s3cret:x"}'
    assert_lacks "$(cat "$HOME/.docker/config.json")" auth\"
    capture cais logout localhost:5000
    assert_status 0
    [ ! -e "$T/jar" ]
    echo '{"credsStore": "../../bin/sh"}' >"$HOME/.docker/config.json"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_error "no valid name"
    echo '{"credsStore": "nowhere"}' >"$HOME/.docker/config.json"
    capture cais login -u ada --password-stdin localhost:5000 <<<'s3cret:x'
    assert_error "docker-credential-nowhere is not in PATH"
}

@test "login: a pull asks the helper, and says what it says" {
    serve "$BASIC"
    image app latest docker
    mkdir "$HOME/.docker" "$T/bin"
    printf '#!/bin/sh\ncat >"%s/asked"\n[ ! -e "%s/locked" ] || { echo "the jar is locked"; exit 1; }\necho %s\n' "$T" "$T" \
        "'{\"ServerURL\": \"localhost:5000\", \"Username\": \"ada\", \"Secret\": \"s3cret:x\"}'" >"$T/bin/docker-credential-jar"
    chmod +x "$T/bin/docker-credential-jar"
    PATH=$T/bin:$PATH
    echo '{"credsStore": "jar"}' >"$HOME/.docker/config.json"
    capture cais pull localhost:5000/app
    assert_status 0
    assert_equal "$(cat "$T/asked")" localhost:5000
    : >"$T/locked"
    capture cais pull localhost:5000/app
    assert_error "docker-credential-jar" "the jar is locked"
}

@test "login: podman's file, and the one that REGISTRY_AUTH_FILE names" {
    serve "$BASIC"
    image app latest docker
    login_file localhost:5000 ada 's3cret:x'
    mkdir -p "$XDG_RUNTIME_DIR/containers"
    mv "$HOME/.docker/config.json" "$XDG_RUNTIME_DIR/containers/auth.json"
    capture cais pull localhost:5000/app
    assert_status 0
    # It alone counts.
    export REGISTRY_AUTH_FILE=$T/mine.json
    echo '{"auths": {}}' >"$REGISTRY_AUTH_FILE"
    capture cais pull localhost:5000/app
    assert_error "user name and password"
    mv "$XDG_RUNTIME_DIR/containers/auth.json" "$REGISTRY_AUTH_FILE"
    capture cais pull localhost:5000/app
    assert_status 0
}

@test "login: an identity token is shown to the token service alone, in a body" {
    serve "$TOKEN" "$SERVICE"
    image app latest docker
    mkdir "$HOME/.docker"
    echo '{"auths": {"localhost:5000": {"identitytoken": "long-lived"}}}' >"$HOME/.docker/config.json"
    capture cais pull localhost:5000/app
    assert_status 0
    assert_equal "$(requests token true | jq -r '.method + " " + .path')" "POST /token"
    assert_lacks "$(cat "$LOG")" long-lived
    echo '{"auths": {"localhost:5000": {"identitytoken": "out-of-date"}}}' >"$HOME/.docker/config.json"
    capture cais --debug pull localhost:5000/app
    assert_error "token for localhost:5000" "status 401"
    assert_lacks "$output$stderr" out-of-date
}

@test "login: unreachable, no registry, wrong words" {
    capture cais login -u ada --password-stdin localhost:5000 <<<x
    assert_error "localhost:5000" "refused"
    serve '{"role": "cdn", "port": 5000}'
    capture cais login -u ada --password-stdin localhost:5000 <<<x
    assert_error "status 404"
    capture cais login -u ada localhost:5000 <<<x
    assert_error "no terminal"
    capture cais login --password-stdin localhost:5000 <<<x
    assert_error "needs --username"
    capture cais login -u a:b --password-stdin localhost:5000 <<<x
    assert_error "no colon"
    capture cais login -u a --password-stdin localhost:5000 </dev/null
    assert_error "the password is empty"
    capture cais login -u a --password-stdin 'local host' <<<x
    assert_error '"local host"' "no registry"
}
