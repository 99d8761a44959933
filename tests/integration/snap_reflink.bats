#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais snap of a running container where the file system can share blocks between files (XFS with reflink), and where it
# can't: what a snapshot takes, and that it is the same in both.

load image

setup() {
    image_setup
    requires mkfs.xfs filefrag
    grep -qw xfs /proc/filesystems || modprobe -q xfs 2>/dev/null || skip_because "the kernel has no XFS, or can not load it here"
}

# The store is a file system of its own in a file; `umount` frees the loop device.
store_on_xfs() { # reflink=0|1
    truncate -s 512M "$T/disk"
    mkfs.xfs -q -m "$1" "$T/disk"
    mkdir "$T/store"
    mount -t xfs -o loop "$T/disk" "$T/store"
    at_end umount "$T/store"
    at_end remove_all
    busybox_image
}

used() { sync -f "$T/store" && df -k --output=used "$T/store" | tail -n 1; } # KiB
shares() { filefrag -v "$1" | grep -q shared; }

# The snapshot `a` of a container with a file of 32 MiB, whose last block is not full; GROWN: KiB that it took.
snapshot() {
    head -c $((32 * 1024 * 1024 + 100)) /dev/urandom >"$T/big"
    detached --name one busy:1 sleep 1000
    BUNDLE=$T/store/containers/$CID/bundle
    good cp "$T/big" one:/big
    local before
    before=$(used)
    good snap one a
    GROWN=$(($(used) - before))
    COPY=$BUNDLE/.cais/$(jq -r '.snapshots[0].files' "$BUNDLE/.cais/bundle.json")/big
    OWN=$BUNDLE/.cais/$(jq -r .upper "$BUNDLE/.cais/bundle.json")/big
    [ "$COPY" != "$OWN" ] || fail "the snapshot is where the container writes"
}

# Whoever writes to one of them leaves the other as it was.
stays_right() {
    cmp "$T/big" "$COPY"
    good exec one sh -c 'echo changed 1<>/big; echo more >>/big'
    cmp "$T/big" "$COPY"
    assert_equal "$(head -c 7 "$OWN") $(tail -c 5 "$OWN")" "changed more"
    cmp <(tail -c +9 "$T/big") <(tail -c +9 "$OWN" | head -c -5)
    good rollback --force one a
    good cp one:/big "$T/back"
    cmp "$T/big" "$T/back"
}

@test "with reflink a snapshot shares the blocks of its files, and stays what it is" {
    store_on_xfs reflink=1
    snapshot
    shares "$COPY" || fail "no block is shared: $(filefrag -v "$COPY")"
    [ "$GROWN" -lt 2048 ] || fail "the snapshot took $GROWN KiB"
    stays_right
}

@test "without reflink it is a copy, and the same" {
    store_on_xfs reflink=0
    snapshot
    ! shares "$COPY" || fail "the file system shares blocks: $(filefrag -v "$COPY")"
    [ "$GROWN" -ge $((32 * 1024)) ] || fail "the snapshot took $GROWN KiB only"
    stays_right
}
