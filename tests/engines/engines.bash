# SPDX-License-Identifier: Apache-2.0
# Common ground of the tests that run a real engine. Each file starts its engine once, as root, in a network and a mount
# namespace of its own and with its state below $T; the engine is told a wrapper as its runtime, which notes each call and
# becomes the runtime under test: ENGINE_RUNTIME (a path, or runc, or crun; default: the built estiva).
# At the end everything that was started ends, and what stays behind fails the file.

load ../integration/helpers

ENGINES=$SOURCE_DIR/tests/engines
SNIPPETS=$SOURCE_DIR/contrib/engines
ENGINE_RUNTIME=$(command -v "${ENGINE_RUNTIME:-$BUILD/estiva}" || echo "${ENGINE_RUNTIME:-$BUILD/estiva}")
REGISTRY=127.0.0.1:5000

setup() { cd "$T"; }
teardown() { :; }

# ---- the file's surroundings ----------------------------------------------------------------

engines_begin() { # COMMAND-IT-NEEDS...
    local tool
    [ "$(id -u)" = 0 ] || fail "not root"
    for tool; do command -v "$tool" >/dev/null || fail "there is no $tool: contrib/setup test installs it"; done
    [ -x "$ENGINE_RUNTIME" ] || fail "no runtime $ENGINE_RUNTIME: run make, or set ENGINE_RUNTIME"
    export T EN NS_PID
    T=$(mktemp -d "${TMPDIR:-/tmp}/estiva-en.XXXXXX")
    chmod 755 "$T"
    # Names of cgroups and containers; engines want them in lower case.
    EN=en-$(tr '[:upper:]' '[:lower:]' <<<"${T##*.}")
    mkdir "$T/bin" "$T/log"
    : >"$T/pids"
    make_wrapper
    hold_namespace
}

# The engine's environment may be empty (podman), so the wrapper has nothing to look up.
make_wrapper() {
    : >"$T/calls"
    cat >"$T/bin/estiva" <<WRAPPER
#!/bin/bash
printf '%s\n' "\$*" >>$T/calls
exec $ENGINE_RUNTIME "\$@"
WRAPPER
    chmod 755 "$T/bin/estiva"
}

hold_namespace() {
    local view=host
    # crun refuses a hybrid host.
    [ "$(cgroup_mode)" != hybrid ] || [[ ${ENGINE_RUNTIME##*/} != crun* ]] || view=v1
    unshare --net --mount --propagation private "$ENGINES/namespace" "$T" $view \
        </dev/null 3>&- >"$T/log/namespace" 2>&1 &
    NS_PID=$!
    wait_for 10 test -e "$T/namespace-ready" -o ! -d /proc/$NS_PID
    [ -e "$T/namespace-ready" ] || fail "no namespace: $(cat "$T/log/namespace")"
}

# A command of the test inside the engine's namespaces.
inside() { nsenter --target "$NS_PID" --net --mount --wd="$PWD" -- "$@" 3>&-; }

# daemon NAME COMMAND...: runs until the end of the file; its output is $T/log/NAME.
daemon() {
    local name=$1
    shift
    nsenter --target "$NS_PID" --net --mount -- "$@" </dev/null 3>&- 4>&- >"$T/log/$name" 2>&1 &
    echo $! >>"$T/pids"
}

# ready SECONDS COMMAND...: like wait_for; what a daemon said is shown when it never is.
ready() {
    local end=$((SECONDS + $1)) file
    shift
    until inside "$@" >"$T/log/ready" 2>&1; do
        if [ $SECONDS -ge $end ]; then
            for file in "$T"/log/*; do
                echo "--- $file"
                tail -n 10 "$file"
            done >&2
            fail "not ready: $*"
        fi
        sleep 0.1
    done
}

# Ends the daemons, last started first, then the namespaces, and demands that nothing is left.
engines_end() {
    local pid left
    [ -n "${T-}" ] && [ -d "$T" ] || return 0
    for pid in $(tac "$T/pids"); do end_process "$pid"; done
    left=$(left_behind)
    sweep_engine
    end_process "$NS_PID"
    rm -rf --one-file-system "$T"
    [ -z "$left" ] || fail "left behind: $left"
}

end_process() { # PID: TERM, then KILL
    local end=$((SECONDS + 20))
    kill -TERM "$1" 2>/dev/null || return 0
    until process_gone "$1"; do
        [ $SECONDS -lt $end ] || { echo "$1 ignores TERM: $(tr '\0' ' ' <"/proc/$1/cmdline")" >&2; kill -KILL "$1"; break; }
        sleep 0.05
    done
}

left_behind() {
    engine_processes | sed 's/^/process: /'
    left_cgroups | grep -v "/$EN\$" | sed 's/^/cgroup: /'
    grep -F "$T" /proc/self/mountinfo | sed 's/^/mount: /'
}

# Whatever lives in the namespaces, or names the folder of the file.
engine_processes() {
    local pid there
    there=$(readlink "/proc/$NS_PID/ns/mnt" | sed 's/[][]/\\&/g')
    {
        find /proc/[0-9]*/ns/mnt -maxdepth 0 -lname "$there"
        grep -lsaF -- "$T" /proc/[0-9]*/cmdline
        grep -lsF -- "$EN" /proc/[0-9]*/cgroup
    } 2>/dev/null | cut -d / -f 3 | sort -u | while read -r pid; do
        [ "$pid" = "$NS_PID" ] || process_gone "$pid" || echo "$pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
    done
}

# The parent that the engine was told stays: it is not the runtime's to remove.
left_cgroups() { find /sys/fs/cgroup -maxdepth 4 -type d -name "*$EN*" 2>/dev/null; }

sweep_engine() {
    local pid dir
    for pid in $(engine_processes | cut -d ' ' -f 1); do kill -KILL "$pid" 2>/dev/null || true; done
    for dir in $(left_cgroups); do
        wait_for 5 cgroup_empty "$dir"
        find "$dir" -depth -type d -exec rmdir {} + || true
    done
}

cgroup_empty() { [ -z "$(find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; }

# ---- images ---------------------------------------------------------------------------------

# Prints the path of a docker archive; made once for all files of a run of bats.
image_file() { # busybox|nginx
    local shared=${BATS_RUN_TMPDIR:-$T}/image-$1.tar
    (
        exec 9>"$shared.lock"
        flock 9
        [ ! -f "$shared" ] || exit 0
        rm -rf "$shared.root"
        "rootfs_$1" "$shared.root"
        [ "$1" != nginx ] || set -- nginx 'Cmd=["nginx"]' 'ExposedPorts={"8080/tcp": {}}'
        # A pod's sandbox runs what its image says.
        [ "$1" != busybox ] || set -- busybox 'Cmd=["sleep", "100000"]'
        "$PYTHON" "$ENGINES/image.py" "$shared.root" "$REGISTRY/$1:1" "$shared.new" "${@:2}"
        mv "$shared.new" "$shared"
        rm -rf "$shared.root"
    ) >&2 || fail "no image $1"
    echo "$shared"
}
IMAGE=$REGISTRY/busybox:1
NGINX=$REGISTRY/nginx:1

rootfs_busybox() { build_rootfs "$1"; }

# Debian's own nginx with the libraries it is linked with, and a busybox to look around.
rootfs_nginx() { # DIR
    local file
    build_rootfs "$1"
    mkdir -p "$1"/{usr/sbin,etc/nginx,var/log/nginx,var/lib/nginx,srv,run}
    cp /usr/sbin/nginx "$1/usr/sbin/nginx"
    ldd /usr/sbin/nginx | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$1${file%/*}"
        cp -L "$file" "$1$file"
    done
    echo 'a ship in port' >"$1/srv/index.html"
    cat >"$1/etc/nginx/nginx.conf" <<'CONF'
daemon off;
user root;
pid /run/nginx.pid;
error_log stderr;
events {}
http { access_log off; server { listen 8080; root /srv; } }
CONF
}

# ---- proof ----------------------------------------------------------------------------------

calls_of() { # VERB ID: the calls of the runtime, as the wrapper noted them
    grep -E "(^| )$1 (.* )?$2( |\$)" "$T/calls"
}

# The runtime was called with each VERB for the container ID.
assert_called() { # ID VERB...
    local id=$1 verb
    shift
    for verb; do
        calls_of "$verb" "$id" >/dev/null || fail "no $verb of $id in: $(grep -F "$id" "$T/calls" || cat "$T/calls")"
    done
}

# Runs a command in the namespaces on a terminal of its own and follows the steps of terminal.py.
on_pty() { # STEPS COMMAND...
    local steps=$1
    shift
    run inside timeout -k 5 60 "$PYTHON" "$HERE/terminal.py" drive "$steps" "$@"
}

# What the kernel says of the container's cgroup: cgroup_value PID CONTROLLER V1-FILE V2-FILE
cgroup_value() {
    local path
    if [ "$(cgroup_mode)" = v2 ]; then
        path=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")/$4
    else
        path=/sys/fs/cgroup/$2$(sed -n "s/^[0-9]*:$2://p" "/proc/$1/cgroup")/$3
    fi
    cat "$path"
}
