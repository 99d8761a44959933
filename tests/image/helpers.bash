# SPDX-License-Identifier: Apache-2.0
# Common ground of the tests that need a registry: a network namespace of the test's own with nothing but loopback, its
# own home and store, certificates, and registries inside: ours, which can misbehave, and Debian's docker-registry.

bats_require_minimum_version 1.5.0

SOURCE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HERE=$SOURCE_DIR/tests/image
BUILD=$(realpath -m "${BUILD:-$SOURCE_DIR/build}")
# shellcheck source=tests/integration/assertions.bash
. "$SOURCE_DIR/tests/integration/assertions.bash"
CAIS=${CAIS:-$BUILD/cais}
PYTHON=${PYTHON:-/usr/bin/python3}
# A command that takes longer hangs; seconds.
CAIS_TIMEOUT=${CAIS_TIMEOUT:-60}
export PYTHONDONTWRITEBYTECODE=1

skip_because() {
    [ "${CI_STRICT:-0}" != 1 ] || fail "skipped although CI_STRICT=1: $*"
    skip "$*"
}

# A test that takes long; what it is about has a small one beside it.
slow() { [ "${ESTIVA_FULL:-0}" = 1 ] || skip "only with ESTIVA_FULL=1"; }

requires() {
    local need
    for need in "$@"; do
        command -v "$need" >/dev/null || skip_because "needs the command $need"
    done
}

# ---- the namespace --------------------------------------------------------------------------

setup() { registry_setup; }
teardown() { registry_teardown; }

registry_setup() {
    [ "$(id -u)" = 0 ] || skip_because "needs root"
    [ -x "$CAIS" ] || fail "no $CAIS: run make"
    T=$(mktemp -d "${TMPDIR:-/tmp}/cais-it.XXXXXX")
    PIDS=()
    ROOT=$T/root
    HOME=$T/home
    CONTENT=$T/content
    LOG=$T/requests
    FAULTS=$T/faults.json
    CONFIG=$HOME/.config
    mkdir -p "$HOME" "$CONTENT" "$CONFIG/cais/certs.d"
    : >"$LOG"
    echo '[]' >"$FAULTS"
    unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME XDG_RUNTIME_DIR CONTAINERS_REGISTRIES_CONF SSL_CERT_FILE \
        SSL_CERT_DIR https_proxy http_proxy HTTPS_PROXY HTTP_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SOURCE_DATE_EPOCH
    export HOME
    export XDG_RUNTIME_DIR=$T/run CONTAINERS_REGISTRIES_CONF=$T/registries.conf
    unshare --net --mount --propagation private sh -c "ip link set lo up && : >'$T/net-ready' && exec sleep 900" 3>&- &
    NET_PID=$!
    PIDS+=("$NET_PID")
    wait_for 10 test -e "$T/net-ready"
    cd "$T"
}

registry_teardown() {
    local pid
    [ -n "${T-}" ] || return 0
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${PIDS[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    cd /
    rm -rf --one-file-system "$T"
}

in_net() { nsenter --target "$NET_PID" --net --mount -- "$@"; }
# In the background $! is the command itself, not a shell around it.
in_net_exec() { exec nsenter --target "$NET_PID" --net --mount -- "$@"; }

wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "timeout waiting for: $*"
        sleep 0.05
    done
}

# ---- cais -----------------------------------------------------------------------------------

cais() { in_net timeout --foreground -k 5 "$CAIS_TIMEOUT" "$CAIS" --root "$ROOT" --run-root "$T/run-root" "$@" 3>&-; }

# In the background, as one process, which is the test's to end: $!.
cais_alone() {
    nsenter --target "$NET_PID" --net --mount -- "$CAIS" --root "$ROOT" --run-root "$T/run-root" "$@" >"$T/alone" 2>&1 3>&- &
    PIDS+=($!)
}

# Sets status, output (stdout) and stderr.
capture() { run --separate-stderr "$@"; }

# ---- servers --------------------------------------------------------------------------------

# Starts our registries: serve LISTENER-JSON...; see server.py.
serve() {
    local ready=$T/ready-${#PIDS[@]}
    jq -n --arg root "$CONTENT" --arg log "$LOG" --arg faults "$FAULTS" --arg ready "$ready" \
        '{root: $root, log: $log, faults: $faults, ready: $ready, listen: $ARGS.positional | map(fromjson)}' \
        --args -- "$@" >"$ready.json"
    in_net_exec "$PYTHON" "$HERE/server.py" "$ready.json" 3>&- >"$ready.log" 2>&1 &
    PIDS+=($!)
    wait_for 20 server_is_ready "$ready" $!
}

server_is_ready() { # FILE PID
    [ -e "$1" ] || { kill -0 "$2" 2>/dev/null || fail "the server ended: $(cat "$1.log")"; false; }
}

# Debian's docker-registry on a port: real_registry PORT [YAML of further settings]
real_registry() {
    local config=$T/registry-$1.yml
    requires docker-registry
    printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n' \
        "$T/registry-$1" >"$config"
    if [[ $'\n'${2-} == *$'\n'http:* ]]; then
        printf '%s\n' "$2" >>"$config"
    else
        printf 'http: {addr: "127.0.0.1:%s"}\n%s\n' "$1" "${2-}" >>"$config"
    fi
    in_net_exec docker-registry serve "$config" 3>&- >"$T/registry-$1.log" 2>&1 &
    PIDS+=($!)
    wait_for 20 port_is_open "$1"
}

port_is_open() { in_net bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

# An authority and certificates by it: certificate NAME HOST...; leaves NAME.crt and NAME.key, the authority is ca.crt.
certificate() {
    local name=$1 host names=''
    shift
    if [ ! -e "$T/ca.crt" ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Authority of the tests" \
            -keyout "$T/ca.key" -out "$T/ca.crt" 2>/dev/null
    fi
    for host; do
        case $host in
        *[a-z]*) names+=",DNS:$host" ;;
        *) names+=",IP:$host" ;;
        esac
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$T/$name.key" 2>/dev/null |
        openssl x509 -req -CA "$T/ca.crt" -CAkey "$T/ca.key" -CAcreateserial -days 2 -out "$T/$name.crt" \
            -extfile <(echo "subjectAltName=${names#,}") 2>/dev/null
}

trust() { # HOST...
    local host
    for host; do
        mkdir -p "$CONFIG/cais/certs.d/$host"
        cp "$T/ca.crt" "$CONFIG/cais/certs.d/$host/ca.crt"
    done
}

faults() { printf '%s' "$1" >"$FAULTS"; }

image() { # REPOSITORY TAG RECIPE [KEY=VALUE...]; what was made is JSON in $made
    made=$("$PYTHON" "$HERE/images.py" "$CONTENT" "$@")
}

made() { jq -r "$1" <<<"$made"; }

# Requests that a listener got: requests NAME [JQ-CONDITION]
requests() { jq -c --arg to "$1" "select(.to == \$to and (${2-true}))" "$LOG"; }

count() { requests "$@" | wc -l; }

login_file() { # HOST USER PASSWORD
    mkdir -p "$HOME/.docker"
    jq -n --arg host "$1" --arg auth "$(printf %s:%s "$2" "$3" | base64 -w0)" '{auths: {($host): {auth: $auth}}}' \
        >"$HOME/.docker/config.json"
}

# One line on stderr that has all PARTs, status 125.
assert_error() { # PART...
    assert_status 125
    assert_has "$stderr" "$@"
}
