# SPDX-License-Identifier: Apache-2.0
# For tests of cais: a store and a run root of the test's own below $T, images to begin with, and a check at the end
# that no mount is left.

load helpers

CAIS=${CAIS:-$BUILD/cais}
LAYERS="$PYTHON $HERE/layers.py"
TREE="$PYTHON $HERE/tree.py"

image_setup() {
    [ -x "$CAIS" ] || skip_because "there is no $CAIS: run make (not with ./configure --without-cais)"
    common_setup
    requires python
    unset CAIS_STORAGE
    NET=()
}

# From here on cais, and what `in_net` runs, is in a network namespace of the test's own.
use_own_net() {
    requires nft nsenter ip
    unshare --net sleep 3600 3>&- &
    NET_PID=$!
    at_end kill "$NET_PID"
    wait_for 5 has_own_net
    NET=(nsenter "--net=/proc/$NET_PID/ns/net" --)
    in_net ip link set lo up
}
has_own_net() { [ "$(readlink "/proc/$NET_PID/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
in_net() { "${NET[@]}" "$@"; }

cais() { timeout --foreground -k 5 60 "${NET[@]}" "$CAIS" --root "$T/store" --run-root "$T/run" "$@" 3>&-; }

# Sets status, output, stderr.
try() { run --separate-stderr cais "$@"; }

good() {
    try "$@"
    assert_status 0
}

# The error is docker's status and has all PARTs.
refused() { # PART... -- ARGUMENT...
    local parts=() part
    while [ "$1" != -- ]; do parts+=("$1"); shift; done
    shift
    try "$@"
    assert_status 125
    for part in "${parts[@]}"; do assert_has "$stderr" "$part"; done
}

# An image of busybox: busy:1.
busybox_image() {
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    good import "$T/busybox.tar" busy:1
}

# In the background; CID is its ID.
detached() {
    good run --network host -d "$@"
    assert_match "$output" '^[0-9a-f]{64}$'
    CID=$output
}

remove_containers() {
    local ids
    mapfile -t ids < <(cais ps -aq)
    [ ${#ids[@]} = 0 ] || cais rm -f "${ids[@]}" >/dev/null
}

# Directories of containers. What --rm took away has gone for every command; its files go a moment later.
container_dirs() { find "$T/run/containers" "$T/store/containers" -mindepth 1 -maxdepth 1 ! -name .lock 2>/dev/null; }
no_container_dirs() { [ -z "$(container_dirs)" ]; }

# At the end: whatever the test did, nothing of a container may be left.
remove_all() {
    local i left
    remove_containers 2>/dev/null || true
    for ((i = 0; i < 60; i++)); do
        left=$(container_dirs; pgrep -af "cais-shim $T/run") || true
        [ -n "$left" ] || return 0
        sleep 0.05
    done
    echo "left: $left"
    return 1
}

# Directories that hold what only a command in progress needs; nothing else may be in them.
left_overs() { find "$T/store/ingest" "$T/store/leases" "$T/store/trash" -mindepth 1; }

# The kernel mounts an index from its file (tier 1).
needs_index() { has_index || skip_because "needs EROFS from a file (Linux 6.12) and a store that is on no tmpfs"; }
kernel_has_index() {
    grep -qw erofs /proc/filesystems && [ "$(stat -f -c %T "$T")" != tmpfs ] &&
        [ "$(printf '%s\n' 6.12 "$(uname -r)" | sort -V | head -n 1)" = 6.12 ]
}
# Where the kernel can and cais does not, nothing may be skipped for it.
has_index() {
    [ "$(cais info | grep -c '^storage: *index')" != 1 ] || return 0
    ! kernel_has_index || fail "the kernel mounts an index from its file, and cais does not: $(cais info)"
    return 1
}

# Starts the bundle by the runtime and sets status, output and stderr. crun refuses a host with both versions of control
# groups: it sees version 1 alone, in a mount namespace of its own.
run_bundle() { # RUNTIME DIR
    local view=()
    [ "${1##*/}" != crun ] || [ "$(cgroup_mode)" != hybrid ] ||
        view=(unshare --mount --propagation private sh -c "$V1_VIEW && exec \"\$@\"" -)
    run --separate-stderr timeout -k 5 30 "${view[@]}" "$1" --root "$T/state-${1##*/}" run --bundle "$2" "$CTR" </dev/null
}

# Those that a bundle must run with.
RUNTIMES=("$BUILD/estiva" runc crun)
