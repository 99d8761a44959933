# SPDX-License-Identifier: Apache-2.0
# Common ground of the integration tests: a temporary directory, a busybox bundle and a state
# root of its own for each test, the runtime under test (RUNTIME, default the built estiva),
# and a teardown that fails the test when a cgroup, mount, process or record is left.

bats_require_minimum_version 1.5.0

HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
SOURCE_DIR=${HERE%/tests/integration}
# shellcheck source=tests/integration/assertions.bash
. "$HERE/assertions.bash"
BUILD=${BUILD:-$SOURCE_DIR/build}
[[ $BUILD == /* ]] || BUILD=$PWD/$BUILD
RUNTIME=${RUNTIME:-$BUILD/estiva}
PROGRAMS=${PROGRAMS:-$BUILD/tests/programs}
PYTHON=${PYTHON:-/usr/bin/python3}
# A command of the runtime that takes longer hangs; seconds.
RT_TIMEOUT=${RT_TIMEOUT:-30}
# By how much time-outs of tests are longer: a guest without hardware virtualisation is slow.
TIME_FACTOR=${TIME_FACTOR:-1}

# ---- skips --------------------------------------------------------------------------------

skip_because() {
    if [ "${CI_STRICT:-0}" = 1 ]; then
        fail "skipped although CI_STRICT=1: $*"
    fi
    skip "$*"
}

# Sets KIND; the runtime is asked once per run of bats.
find_kind() {
    local cache=${BATS_RUN_TMPDIR:-$T}/kind
    [ -s "$cache" ] || "$RUNTIME" --version >"$cache"
    read -r KIND _ <"$cache"
}

# A test of behaviour that the specification does not demand and other runtimes lack.
only_estiva() {
    [ "$KIND" = estiva ] || skip_because "estiva only: ${1:-}"
}

not_on() { # KIND REASON
    [ "$KIND" != "$1" ] || skip_because "not on $1: $2"
}

requires() {
    local need
    for need in "$@"; do
        case $need in
        root) [ "$EUID" = 0 ] || skip_because "needs root" ;;
        cgroup_v1) [ "$(cgroup_mode)" != v2 ] || skip_because "needs cgroup v1 controllers" ;;
        cgroup_v2) [ -n "$(cgroup2_dir)" ] || skip_because "needs a cgroup2 hierarchy" ;;
        v1_*) [ -d "/sys/fs/cgroup/${need#v1_}" ] || skip_because "needs the v1 controller ${need#v1_}, mounted at /sys/fs/cgroup/${need#v1_}" ;;
        python) [ -x "$PYTHON" ] || skip_because "needs $PYTHON" ;;
        userns) [ "$(cat /proc/sys/user/max_user_namespaces)" -gt 0 ] || skip_because "needs user namespaces" ;;
        every_cpu) [ "$(nproc)" = "$(getconf _NPROCESSORS_ONLN)" ] || skip_because "this shell is bound to some CPUs" ;;
        two_cpus) [ "$(nproc)" -gt 1 ] || skip_because "this shell may use one CPU only" ;;
        time_ns) [ -e /proc/self/ns/time ] || skip_because "needs time namespaces (Linux 5.6)" ;;
        *) command -v "$need" >/dev/null || skip_because "needs the command $need" ;;
        esac
    done
}

has_file() { [ -e "/sys/fs/cgroup/$1" ] || skip_because "there is no /sys/fs/cgroup/$1"; }

# ---- cgroup views -------------------------------------------------------------------------

cgroup_mode() { # v1, hybrid or v2, by what is mounted
    if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
        echo v2
    elif [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then
        echo hybrid
    else
        echo v1
    fi
}

cgroup2_dir() {
    case $(cgroup_mode) in
    v2) echo /sys/fs/cgroup ;;
    hybrid) echo /sys/fs/cgroup/unified ;;
    esac
}

# From here on `rt` sees cgroup2 only, or v1 only. The view is a mount namespace that a
# sleeping process holds; the mounts of the host stay as they are.
use_v2_view() {
    requires cgroup_v2
    [ "$(cgroup_mode)" != v2 ] || return 0
    hold_view 'mount --rbind /sys/fs/cgroup/unified /sys/fs/cgroup'
}

# Makes the latter, in a mount namespace of its own.
V1_VIEW='mount -t tmpfs v1 /mnt && cd /sys/fs/cgroup &&
    for c in *; do
        [ $c = unified ] || { mkdir /mnt/$c && mount --bind $c /mnt/$c; } || exit
    done && cd / && mount --move /mnt /sys/fs/cgroup'

use_v1_view() {
    requires cgroup_v1
    [ "$(cgroup_mode)" = hybrid ] || return 0
    hold_view "$V1_VIEW"
}

hold_view() { # SCRIPT that makes the view
    [ -z "$VIEW_PID" ] || return 0
    unshare --mount --propagation private sh -c \
        "$1 && : >'$T/view-ready' && exec sleep 600" 3>&- >"$T/view-log" 2>&1 &
    VIEW_PID=$!
    wait_for 5 test -e "$T/view-ready"
    VIEW=(nsenter --target "$VIEW_PID" --mount --)
}

in_view() { "${VIEW[@]}" "$@"; }

# The container's directory in a v1 controller or (controller "unified") in cgroup2.
cgroup_dir() { # CONTROLLER [ID]
    local name=${2:-$CTR}
    if [ "$1" = unified ]; then
        echo "$(cgroup2_dir)/$name"
    else
        echo "/sys/fs/cgroup/$1/$name"
    fi
}

# ---- bundles ------------------------------------------------------------------------------

# One busybox root per run of bats; each test gets a tree of hard links to it. What every test does is done with few
# processes: their start is what most tests cost.
template_rootfs() {
    template_bundle
    echo "$TEMPLATE/rootfs"
}

template_bundle() { # sets TEMPLATE
    TEMPLATE=${BATS_RUN_TMPDIR:-$T}/bundle.template
    [ ! -d "$TEMPLATE" ] || return 0
    (
        exec 9>"$TEMPLATE.lock"
        flock 9
        [ ! -d "$TEMPLATE" ] || exit 0
        build_rootfs "$TEMPLATE.new/rootfs" && mv "$TEMPLATE.new" "$TEMPLATE"
    ) || fail "no busybox root file system"
}

build_rootfs() { # DIR
    mkdir -p "$1"/{bin,sbin,etc,dev,proc,sys,tmp,root,home,var,usr/bin}
    cp /bin/busybox "$1/bin/busybox" || return
    # One process for 400 links: a guest of the VM lab needs seconds for so many.
    /bin/busybox --list | "$PYTHON" -c 'import os, sys
for applet in sys.stdin.read().split():
    if applet != "busybox": os.symlink("busybox", f"{sys.argv[1]}/bin/{applet}")' "$1" || return
    cp "$PROGRAMS/testinit" "$1/bin/testinit" || return
    chmod 1777 "$1/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nship:x:1000:1000::/home:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\ntty:x:5:\nship:x:1000:\n' >"$1/etc/group"
}

new_bundle() { # DIR [CGROUP]
    local json
    template_bundle
    cp -a --link --no-target-directory "$TEMPLATE" "$1"
    cp --remove-destination "$TEMPLATE"/rootfs/etc/* "$1/rootfs/etc/"
    json=$(<"$HERE/base-config.json")
    printf '%s\n' "${json/REPLACED//${2:-$CTR}}" >"$1/config.json"
}

# Edits the bundle's config.json: config [JQ-OPTION...] FILTER
config() {
    jq "$@" "$BUNDLE/config.json" >"$T/config.new" || fail "jq: $*"
    cat "$T/config.new" >"$BUNDLE/config.json"
}

args() {
    jq '.process.args = $ARGS.positional' "$BUNDLE/config.json" --args -- "$@" >"$T/config.new" ||
        fail "jq: args"
    cat "$T/config.new" >"$BUNDLE/config.json"
}

script() { args sh -c "$1"; }

# All capabilities that this machine can give.
all_caps() {
    local caps
    caps=$(capsh --decode="$(awk '/^CapBnd/ { print $2 }' /proc/self/status)" |
        sed 's/.*=//' | tr a-z A-Z | tr , '\n' | jq -R . | jq -s -c .)
    config --argjson c "$caps" '.process.capabilities |=
        (.bounding = $c | .effective = $c | .permitted = $c)'
}

# ---- the runtime --------------------------------------------------------------------------

rt() {
    "${VIEW[@]}" timeout --foreground -k 5 "$RT_TIMEOUT" "${WITHOUT[@]}" \
        "$RUNTIME" --root "$STATE" "$@" 3>&-
}

# From here on the runtime finds that these system calls (a,b,c) do not exist.
without() { WITHOUT=("$PROGRAMS/nosys" "$1" --); }

# What Linux 5.1 to 5.3 lacks, but for pidfd (docs/adr/0023). A file named *_old_kernel.bats is a link to another test
# file and runs all of it there.
OLD_KERNEL=setns-pidfd,clone3,openat2,fsopen,fsconfig,fsmount,fspick,open_tree,move_mount,mount_setattr,pidfd_getfd,close_range,faccessat2

as_old_kernel() { [[ $BATS_TEST_FILENAME == *_old_kernel.bats ]]; }

# So, or in the guest whose kernel is old (tests/vm/run), which lacks no more than mount_setattr and close_range's flags.
on_old_kernel() { as_old_kernel || [ "${GUEST-}" = old ]; }

# For commands that leave a container behind: its output goes to $T/out and $T/err.
rt_detached() {
    rt "$@" </dev/null >"$T/out" 2>"$T/err"
}

# As `run --separate-stderr rt`, for commands that may leave a container behind: with a pipe for
# its output `run` would wait for the container's end.
capture() {
    status=0
    rt "$@" </dev/null >"$T/captured.out" 2>"$T/captured.err" || status=$?
    output=$(cat "$T/captured.out")
    stderr=$(cat "$T/captured.err")
}

# Shows what a failed rt_detached wrote.
must() {
    local rc=0
    "$@" || rc=$?
    [ $rc = 0 ] || fail "$* ended with $rc: $(cat "$T/out" "$T/err" 2>/dev/null)"
}

ctr_create() { must rt_detached create --bundle "$BUNDLE" "$@" "$CTR"; }

ctr_start() { must rt start "$CTR"; }

# A container that runs until it is killed.
ctr_running() {
    must rt_detached run --detach --bundle "$BUNDLE" "$@" "$CTR"
}

# Runs the container in the foreground; sets status, output (stdout), stderr.
ctr_run() {
    run --separate-stderr rt run --bundle "$BUNDLE" "$@" "$CTR" </dev/null
}

# Runs a shell script in the container and demands status 0.
in_container() {
    script "$1"
    ctr_run
    assert_status 0
}

state_of() { rt state "${2:-$CTR}" | jq -r ".$1"; }

wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1 * TIME_FACTOR))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "timeout waiting for: $*"
        sleep 0.05
    done
}

status_is() { [ "$(state_of status "${2:-}" 2>/dev/null)" = "$1" ]; }

wait_status() { # STATUS [ID]
    wait_for 10 status_is "$1" "${2:-$CTR}"
}

# Gone, or a zombie that its parent has not reaped.
process_gone() { ! grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

# ---- assertions ---------------------------------------------------------------------------

assert_match() { # TEXT EXTENDED-REGEX
    [[ $1 =~ $2 ]] || fail "'$1' does not match '$2'"
}

# The create of the bundle fails, its error has all PARTs and nothing is left. Parts that
# begin with a slash are JSON paths, which only estiva promises.
assert_refused() { # PART...
    local part
    capture create --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ] || fail "create succeeded"
    for part in "$@"; do
        [[ $part != /* ]] || [ "$KIND" = estiva ] || continue
        assert_has "$stderr" "$part"
    done
    [ "$KIND" != estiva ] || assert_status 1
    assert_nothing_left
}

# ---- set-up, leak check -------------------------------------------------------------------

setup() { common_setup; }
teardown() { common_teardown; }

common_setup() {
    requires root
    [ -x "$RUNTIME" ] || fail "no runtime $RUNTIME: run make, or set RUNTIME"
    printf -v CTR 'it-%08x' "$SRANDOM"
    T=${TMPDIR:-/tmp}/estiva-$CTR
    mkdir -m 755 "$T"
    find_kind
    STATE=$T/state
    BUNDLE=$T/bundle
    VIEW=()
    VIEW_PID=
    WITHOUT=()
    ! as_old_kernel || without "$OLD_KERNEL"
    CLEANUPS=()
    [ "$KIND" != crun ] || use_v1_view # crun refuses a hybrid host
    new_bundle "$BUNDLE"
    cd "$T"
}

# Runs at teardown, last added first.
at_end() { CLEANUPS+=("$*"); }

common_teardown() {
    local rc=0 id i
    [ -n "${T-}" ] || return 0
    cd /
    for id in $(records); do
        rt delete --force "$id" || { echo "delete --force $id: status $?"; rc=1; }
    done
    for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do
        eval "${CLEANUPS[i]}" || { echo "clean-up: ${CLEANUPS[i]}"; rc=1; }
    done
    leaks || { rc=1; sweep; }
    [ -z "$VIEW_PID" ] || kill "$VIEW_PID"
    rm -rf --one-file-system "$T"
    return $rc
}

assert_nothing_left() { leaks || fail "something is left"; }

# The containers that there are; without a directory of one the runtime need not be asked.
records() {
    local entry
    for entry in "$STATE"/*/; do
        [ ! -d "$entry" ] || { rt list -q 2>/dev/null; return; }
    done
}

# Prints what the test's containers left and fails if there is anything.
leaks() {
    local found=() lines line
    mapfile -t lines < <(records)
    found+=("${lines[@]/#/record: }")
    mapfile -t lines < <(left_cgroups)
    found+=("${lines[@]/#/cgroup: }")
    mapfile -t lines </proc/self/mountinfo
    for line in "${lines[@]}"; do
        [[ $line != *"$T"* || $line == *"$T/own-"* ]] || found+=("mount: $line")
    done
    mapfile -t lines < <(left_processes)
    found+=("${lines[@]/#/process: }")
    [ ${#found[@]} = 0 ] || { printf '%s\n' "left behind:" "${found[@]}"; return 1; }
}

# After a leak was reported: makes room for the next test.
sweep() {
    local dir pid
    for pid in $(left_processes | cut -d ' ' -f 1); do
        kill -KILL "$pid"
    done
    for dir in $(left_cgroups); do
        find "$dir" -depth -type d -exec rmdir {} +
    done
    for dir in $(awk -v t="$T" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo); do
        umount -l "$dir"
    done
}

left_cgroups() {
    local dir
    for dir in /sys/fs/cgroup/{,*/,*/*/,*/*/*/}*"$CTR"*/; do
        [ ! -d "$dir" ] || echo "${dir%/}"
    done
}

# Processes of the runtime or of a container: their command line or their cgroup names the test.
# A zombie is not counted: it belongs to whoever has to reap it.
left_processes() {
    local file dir
    for file in $(grep -lsaF -- "$STATE" /proc/[0-9]*/cmdline; grep -lsF "$CTR" /proc/[0-9]*/cgroup); do
        dir=${file%/*}
        ! process_gone "${dir#/proc/}" || continue
        echo "${dir#/proc/} $(tr '\0' ' ' 2>/dev/null <"$dir/cmdline")"
    done
}
