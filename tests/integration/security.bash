# SPDX-License-Identifier: Apache-2.0
# What the security tests share: a place of its own for each test, bundles, a
# host canary, calls of the runtime under a time limit, and a check that a
# refused or ended container left nothing behind. bash 5, bats 1.8, jq.

# The tests print numbers; every tool must print them alike.
export LC_ALL=C

SEC_LIB=$BATS_TEST_DIRNAME
CALL_LIMIT=${ESTIVA_CALL_LIMIT:-20} # seconds for one call of the runtime

eval "$(grep '^OLD_KERNEL=' "$SEC_LIB/helpers.bash")"

if [ "${ESTIVA_FULL:-0}" = 1 ]; then ROUNDS=2000; else ROUNDS=100; fi

sec_setup() {
    [ "$(id -u)" = 0 ] || lacks "not root"
    : "${RUNTIME:=${BUILD:-$SEC_LIB/../../build}/estiva}"
    [ -x "$RUNTIME" ] || { echo "no runtime at $RUNTIME"; return 1; }
    RUNTIME=$(realpath -s "$RUNTIME") # tests change directory
    case $("$RUNTIME" --version | head -n 1) in
    estiva*) IS_ESTIVA=1 ;;
    *) IS_ESTIVA=0 ;;
    esac
    T=$(mktemp -d "${TMPDIR:-/tmp}/sec.XXXXXX")
    chmod 755 "$T"
    TAG=sec${T##*.}
    N=0
    BACKGROUND=()
    VIEW=()
    sec_programs
    mkdir "$T/host"
    echo "host secret $TAG" >"$T/host/canary"
}

# Attacks go against a copy of the runtime: sets RUNTIME, INSTALLED and BINARY, what the copy is.
use_copy() {
    INSTALLED=$RUNTIME
    mkdir "$T/program"
    RUNTIME=$T/program/$(basename "$INSTALLED")
    cp "$INSTALLED" "$RUNTIME"
    BINARY=$(stat -c '%i %a %u:%g %s' "$RUNTIME"; sha256sum <"$RUNTIME")
}

# A skip with its reason; under CI_STRICT=1 what is lacking is a failure.
lacks() {
    if [ "${CI_STRICT:-0}" = 1 ]; then
        echo "lacking: $1"
        exit 1
    fi
    skip "$1"
}

# Static programs come from the build; without one they are compiled once per run of bats.
sec_programs() {
    local dir=${BUILD:-$SEC_LIB/../../build}/tests/programs source name
    if [ -x "$dir/exchanger" ] && [ -x "$dir/exe_attack" ] && [ -x "$dir/proc_spy" ] &&
        [ -x "$dir/console_sink" ] && [ -x "$dir/nosys" ]; then
        PROGRAMS=$dir
        return
    fi
    PROGRAMS=$BATS_RUN_TMPDIR/sec-programs
    mkdir -p "$PROGRAMS"
    for name in exchanger exe_attack proc_spy console_sink nosys; do
        source=$SEC_LIB/programs/$name.c
        [ "$PROGRAMS/$name" -nt "$source" ] && continue
        cc -static -O2 -Wall -D_GNU_SOURCE -o "$PROGRAMS/$name.$$" "$source"
        mv "$PROGRAMS/$name.$$" "$PROGRAMS/$name"
    done
}

sec_teardown() {
    [ -n "${T:-}" ] || return 0
    local pid id leak=0
    for pid in "${BACKGROUND[@]}"; do
        kill -KILL "$pid" 2>/dev/null || :
    done
    for id in "$T"/state/*; do
        [ ! -e "$id" ] || rt delete -f "${id##*/}" || echo "delete -f: $?"
    done
    if grep -F "$T" /proc/self/mountinfo; then
        echo "mounts left on the host (above)"
        leak=1
        grep -F "$T" /proc/self/mountinfo | cut -d ' ' -f 5 | tac |
            while read -r id; do umount -l "$id"; done
    fi
    if cgroups_of "$TAG" | grep .; then
        echo "control groups left (above)"
        leak=1
        remove_cgroups
    fi
    rm -rf --one-file-system "$T"
    return $leak
}

remove_cgroups() {
    local group try
    for try in {1..10}; do
        for group in $(cgroups_of "$TAG"); do
            xargs -r kill -KILL <"$group/cgroup.procs" 2>/dev/null || :
            find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :
        done
        cgroups_of "$TAG" | grep -q . || return 0
        sleep 0.2
    done
    echo "control groups stay"
}

cgroups_of() {
    find /sys/fs/cgroup -maxdepth 4 -type d -name "*$1*" 2>/dev/null
}

# One call of the runtime. Descriptor 3 belongs to bats and must not stay open in a container.
rt() {
    timeout -k 2 "$CALL_LIMIT" "${VIEW[@]}" "$RUNTIME" --root "$T/state" "$@" 3>&-
}

# From here on the runtime sees cgroup v2 only, which on a hybrid host takes a mount namespace of its own.
view_v2() {
    [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || return 0
    [ -d /sys/fs/cgroup/unified ] || lacks "no cgroup2 is mounted at /sys/fs/cgroup or at its unified"
    VIEW=(unshare -m --propagation private sh -c 'mount --rbind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"' sh)
}

# new_id: ID becomes a name that this test has not used.
new_id() {
    N=$((N + 1))
    ID=$TAG-$N
}

# bundle NAME [SCRIPT]: $T/NAME with busybox, our programs and a config; SCRIPT is run by sh.
bundle() {
    local root=$T/$1/rootfs name
    mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,root,vol}
    chmod 1777 "$root/tmp"
    cp --reflink=auto "$(command -v busybox)" "$root/bin/busybox"
    for name in sh cat ls stat grep sleep touch mount umount id head tail echo env wc readlink \
        mkdir rm ln mv cp kill dd sha256sum test true chown chmod find tr sed awk cut; do
        ln -s busybox "$root/bin/$name"
    done
    cp "$PROGRAMS"/{exchanger,exe_attack,proc_spy} "$root/bin/"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    base_config | jq --arg cgroup "/$TAG-$1" --arg script "${2:-true}" \
        '.linux.cgroupsPath = $cgroup | .process.args = ["/bin/sh", "-c", $script]' \
        >"$T/$1/config.json"
}

base_config() {
    cat <<'JSON'
{
  "ociVersion": "1.0.2",
  "root": {"path": "rootfs", "readonly": false},
  "hostname": "sec",
  "process": {
    "user": {"uid": 0, "gid": 0}, "cwd": "/", "terminal": false,
    "env": ["PATH=/bin", "HOME=/root"], "args": ["true"],
    "noNewPrivileges": true,
    "capabilities": {
      "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD"],
      "effective": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD"],
      "permitted": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_MKNOD"]
    }
  },
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}
  ],
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]
  }
}
JSON
}

# edit BUNDLE FILTER [jq options]: change its config.json.
edit() {
    local file=$T/$1/config.json filter=$2
    shift 2
    jq "$filter" "$@" <"$file" >"$file.new"
    mv "$file.new" "$file"
}

# bind BUNDLE SOURCE DESTINATION [OPTION...]: append a bind mount.
bind() {
    edit "$1" '.mounts += [{destination: $d, source: $s, type: "bind", options: (["rbind"] + $ARGS.positional)}]' \
        --arg s "$2" --arg d "$3" --args "${@:4}"
}

# run_bundle NAME [OPTION...]: `run` under a new ID; sets ID, status and output.
run_bundle() {
    local name=$1
    shift
    new_id
    run rt run --bundle "$T/$name" "$@" "$ID"
}

# start_bundle NAME: run it detached, its output in $T/ID.out; sets ID and PID.
start_bundle() {
    local name=$1
    shift
    new_id
    rt run -d --pid-file "$T/$ID.pid" --bundle "$T/$name" "$@" "$ID" >"$T/$ID.out" 2>&1 </dev/null || {
        cat "$T/$ID.out"
        return 1
    }
    PID=$(cat "$T/$ID.pid")
}

# The last run ended as a container's own success.
ran_well() {
    [ "$status" -eq 0 ] || { echo "exit $status: $output"; return 1; }
}

# refused [JSON PATH]: the last run ended with an error of the runtime (not a crash, not
# the time limit), said why, and left nothing. The path is asked of estiva only: peers do
# not promise one.
refused() {
    if [ "$status" -eq 0 ] || [ "$status" -ge 124 ] || [ -z "$output" ]; then
        echo "expected an error, got exit $status: $output"
        return 1
    fi
    left_nothing "$ID"
    [ "$IS_ESTIVA" = 1 ] || return 0
    grep -q '^estiva: ' <<<"$output" || { echo "no error line: $output"; return 1; }
    [ -z "${1:-}" ] || grep -qF -- "$1" <<<"$output" || { echo "does not name $1: $output"; return 1; }
}

left_nothing() {
    if [ -e "$T/state/$1" ]; then
        echo "$1 left its record"
        return 1
    fi
    if grep -F "$T" /proc/self/mountinfo; then
        echo "$1 left mounts on the host"
        return 1
    fi
}

# snapshot DIR: everything of a directory that an escape would change.
snapshot() {
    find "$1" -printf '%P %i %y %m %U:%G %T@ %s %l\n' | sort
    find "$1" -type f -exec sha256sum {} + | sort
}

# unchanged DIR BEFORE: the host's canary directory is what it was.
unchanged() {
    diff <(echo "$2") <(snapshot "$1") || { echo "the host's $1 changed (above)"; return 1; }
}

# unchanged, in every 20th round and the last: what an escape changes stays changed.
still_unchanged() {
    [ $((round % 20)) -ne 0 ] && [ "$round" -ne "$ROUNDS" ] || unchanged "$@"
}

# absent PATTERN FILE: `! grep` alone would not fail a test.
absent() {
    if grep -E -- "$1" "$2"; then
        echo "found $1 (above)"
        return 1
    fi
}

# wait_for CONDITION...: at most 10 s, five looks a second.
wait_for() {
    local i
    for i in {1..50}; do
        "$@" && return 0
        sleep 0.2
    done
    echo "still false after 10 s: $*"
    return 1
}

# start_exchanger DIR A B: a container of its own swaps DIR/A and DIR/B until stop_exchanger.
start_exchanger() {
    XDIR=$1
    [ -d "$T/exchanger" ] || bundle exchanger
    edit exchanger '.process.args = ["/bin/exchanger", "/vol/" + $a, "/vol/" + $b, "/vol/.swaps"]
        | .mounts = [.mounts[] | select(.destination != "/vol")]' --arg a "$2" --arg b "$3"
    bind exchanger "$1" /vol
    rm -f "$1/.swaps"
    start_bundle exchanger
    XID=$ID
    wait_for test -e "$1/.swaps"
}

# stop_exchanger LEAST: it must have swapped at least that often, else nothing was raced.
stop_exchanger() {
    rt kill "$XID" TERM
    wait_for test -s "$XDIR/.swaps"
    local swaps
    swaps=$(cat "$XDIR/.swaps")
    rt delete -f "$XID"
    echo "$swaps swaps"
    [ "$swaps" -ge "$1" ]
}
