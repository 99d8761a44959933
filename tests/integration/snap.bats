#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais snap, rollback, undo: what a container's files were before, by looking at them.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
    mkdir "$T/work"
}

# A container that does at each start what is in $T/work/do.
made() { # STORAGE
    : >"$T/work/do"
    good --storage "$1" create --network none --name one -v "$T/work:/work" -w /deep/dir busy:1 sh -e /work/do
    CID=$output
    BUNDLE=$T/store/containers/$CID/bundle
}
does() { # COMMAND
    echo "$1" >"$T/work/do"
    try start -a one
    assert_status 0
}

each_tier() { # FUNCTION
    local storage
    for storage in index unpacked; do
        [ "$storage" != index ] || has_index || continue
        made "$storage"
        "$1"
        good rm -f one
        assert_equal "$(cd "$T/store/containers" && ls)" ""
    done
}

# Of a container that does not run.
with_files() { # COMMAND...
    good mount "$BUNDLE"
    "$@"
    umount "$BUNDLE/rootfs"
}
# Not what each start makes where it is missing.
tree() { $TREE "$BUNDLE/rootfs" --no-directory-times | grep -vE '^etc/(hosts|hostname|resolv.conf) '; }
tree_now() { with_files tree; }
same_tree() { # NAME
    tree_now >"$T/now"
    diff "$T/$1" "$T/now" >&2 || fail "another tree than $1"
}
snapshots() { cais snap ls --format json one | jq -r '[.Name, .StandsOn] | join("<")' | paste -sd ' '; }

# The directories that there are are those that the record names.
layers_are_named() {
    local named there
    named=$(jq -r '.upper, (.snapshots // [])[].files' "$BUNDLE/.cais/bundle.json" | sort)
    there=$(find "$BUNDLE/.cais" -maxdepth 1 -name 'upper*' -printf '%f\n' | sort)
    assert_equal "$there" "$named"
    [ ! -e "$T/store/containers/$CID/unswept" ] || fail "a mark is left"
}

# Of every kind: files, links, an opaque directory, whiteouts, attributes, those of the root too.
FIRST='mkdir -p /srv/deep/er /srv/gone; echo one >/srv/deep/file; ln /srv/deep/file /srv/second; ln -s deep /srv/link
mkfifo /srv/fifo; dd if=/dev/zero of=/srv/sparse bs=1 count=0 seek=3000000 2>/dev/null; echo end >>/srv/sparse
chmod 2750 /srv/deep; chown 33:44 /srv/deep /srv/deep/file; chmod 4755 /srv/second
rm -r /usr; rm /etc/group; echo x >>/etc/passwd; chmod 711 /'
SECOND='rm -r /srv; mkdir /srv; echo two >/srv/new; mkdir /usr; echo back >/usr/back; rm /etc/passwd
echo g >/etc/group; rm -r /root; echo file >/root; chmod 755 /'
more_attributes() {
    "$PYTHON" -c 'import os, sys
os.setxattr(sys.argv[1], "user.note", b"hello")
os.setxattr(sys.argv[2], "security.capability", bytes.fromhex("0100000200200000" + 24 * "0"))
os.setxattr(sys.argv[3], "user.top", b"root")' "$BUNDLE/rootfs/srv/deep" "$BUNDLE/rootfs/srv/sparse" "$BUNDLE/rootfs"
    mknod "$BUNDLE/rootfs/srv/null" c 1 3
}

there_and_back() {
    does :
    tree_now >"$T/created"
    does "$FIRST"
    with_files more_attributes
    tree_now >"$T/first"
    good snap one a
    assert_equal "$output" a
    same_tree first
    does "$SECOND"
    tree_now >"$T/second"
    ! cmp -s "$T/first" "$T/second" || fail "nothing was changed"
    same_tree second
    good rollback one a
    assert_equal "$output" a
    assert_has "$stderr" "kept as snapshot undone-1" "cais undo one"
    same_tree first
    good undo one
    assert_equal "$output" undone-1
    same_tree second
    good undo one
    same_tree first
    good rollback one image
    does :
    same_tree created
    good undo one
    same_tree first
    does 'cat /srv/second'
    assert_equal "$output" one
    layers_are_named
}

@test "snap, rollback, undo of a stopped one, in both tiers: all kinds of files and attributes" { each_tier there_and_back; }

without_mount_points() { grep -vE '^(work|deep|deep/dir|etc/(hosts|hostname|resolv.conf)) '; }

# The same changes in one layer and in several.
seen_whole() {
    does "$FIRST"
    does "$SECOND"
    good diff one
    local in_one=$output
    good commit one "in:one"
    good rollback one image
    assert_equal "$(cais diff one)" ""
    does "$FIRST"
    good snap one a
    does "$SECOND"
    good snap one
    assert_equal "$output" snap-1
    good diff one
    assert_equal "$output" "$in_one"
    assert_has "$in_one" "D /etc/passwd" "A /srv/new" "C /root" "C /etc/group" "D /usr/bin"
    good commit one "in:several"
    # In a directory that hides the image's from the layer below.
    does 'cp /etc/group /etc/copy; echo more >/usr/more'
    good diff one
    assert_has "$output" "D /usr/bin" "A /usr/back" "A /usr/more"
    tree_now | without_mount_points >"$T/whole"
    good commit one "in:more"
    good bundle in:more "$T/b"
    $TREE "$T/b/rootfs" --no-directory-times | without_mount_points >"$T/found"
    good unbundle "$T/b"
    diff "$T/whole" "$T/found" >&2 || fail "another tree in the image"
    good diff in:one in:several
    assert_equal "$(grep -v '^C' <<<"$output")" ""
}

@test "diff and commit see everything since the image, over several layers" { each_tier seen_whole; }

since() {
    does "$FIRST"
    good snap one a
    good diff --since a one
    assert_equal "$output" ""
    does 'rm /srv/second; echo more >/srv/deep/er/more; touch /etc/hostname2; rmdir /srv/gone; echo f >/srv/gone'
    good diff --since a one
    assert_equal "$output" "C /etc
A /etc/hostname2
C /srv
C /srv/deep
C /srv/deep/er
A /srv/deep/er/more
C /srv/gone
D /srv/second"
    good snap one b
    good diff --since b one
    assert_equal "$output" ""
    good rollback one a
    good diff --since b one
    assert_has "$output" "A /srv/second" "D /etc/hostname2" "D /srv/deep/er/more"
    assert_equal "$(cais diff --since image one)" "$(cais diff one)"
    refused "No such snapshot: iamge" "did you mean image?" -- diff --since iamge one
    refused "--since" "needs a container" -- diff --since a busy:1
}

@test "diff --since" { each_tier since; }

live_root() { echo "$T/store/containers/$CID/bundle/rootfs"; }
live_tree() { $TREE "$(live_root)" --no-directory-times; }

@test "a running container: the snapshot is a copy; rollback only by --force, which starts it again" {
    detached --name one busy:1 sleep 1000
    BUNDLE=$T/store/containers/$CID/bundle
    good exec one sh -ec "$FIRST"
    more_attributes
    live_tree >"$T/first"
    good snap one a
    assert_equal "$(cais ps --format json | jq -r .State)" running
    [ "$(stat -c %h "$BUNDLE/.cais/upper-1/srv/second")" = 2 ] || fail "a hard link is lost"
    [ "$(stat -c %b "$BUNDLE/.cais/upper-1/srv/sparse")" -lt 1000 ] || fail "a hole is filled"
    good exec one sh -ec "$SECOND"
    live_tree >"$T/second"
    good diff --since a one
    assert_has "$output" "A /srv/new" "D /srv/second" "D /etc/passwd" "A /etc/group"
    refused "Container one is running" "--force" -- rollback one a
    refused "No such snapshot: b" -- rollback --force one b
    assert_equal "$(cais ps --format json | jq -r .State)" running
    good rollback --force one a
    assert_equal "$output" a
    assert_equal "$(cais ps --format json | jq -r .State)" running
    live_tree >"$T/now"
    diff "$T/first" "$T/now" >&2 || fail "another tree after the rollback"
    refused "Container one is running" -- undo one
    good undo -f one
    live_tree >"$T/now"
    diff "$T/second" "$T/now" >&2 || fail "another tree after undo"
    good pause one
    good snap one paused
    assert_has "$(cais ps)" "(Paused)"
    assert_equal "$(snapshots)" "a<image undone-1<image paused<undone-1"
    layers_are_named
}

@test "a shell in the container goes on, in its files" {
    detached --name one busy:1 sh -c 'while sleep 0.05; do echo x >>/log; done'
    good exec one sh -c 'until [ -s /log ]; do :; done; echo before >/file'
    good snap one
    good exec one sh -c 'lines=$(wc -l </log); until [ "$(wc -l </log)" -gt "$lines" ]; do :; done; echo after >/file'
    good rollback -f one
    good exec one cat /file
    assert_equal "$output" before
}

@test "names: by default, taken, near, reserved" {
    made unpacked
    refused "there is no snapshot to go back to" "cais snap makes one" -- rollback one
    refused "there is nothing to undo" -- undo one
    good snap one
    assert_equal "$output" snap-1
    good snap one tested
    good snap one
    assert_equal "$output" snap-2
    refused "there is a snapshot tested already" -- snap one tested
    refused "Invalid snapshot name (../x)" -- snap one ../x
    refused "image: stands for the files of the image" -- snap one image
    refused "No such snapshot: testd" "did you mean tested?" -- rollback one testd
    refused "No such container: onee" "did you mean one?" -- snap onee
    refused "an operand is missing" "usage: cais snap" -- snap rm one
    refused "too many operands" -- snap one a b
    good complete -- rollback one ''
    assert_equal "$output" $'image\nsnap-1\nsnap-2\ntested'
    good complete -- snap r
    assert_has "$output" rm
    good rollback one
    assert_equal "$output" snap-2
    good create --network none --name ls busy:1 true
    good snap ls # the container of that name
    assert_equal "$output" snap-1
}

@test "snap ls, inspect, and snap rm: what others stand on stays until they go" {
    made unpacked
    does 'dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null'
    good snap one a
    does 'echo b >/file'
    good snap one b
    does 'echo c >/file'
    good snap ls one
    assert_match "${lines[0]}" '^NAME +STANDS ON +CREATED +SIZE$'
    assert_match "${lines[1]}" '^a +image +.* ago +5\.[0-9]+ MB$'
    assert_match "${lines[2]}" '^b +a +'
    assert_match "${lines[3]}" '^\(now\) +b +'
    good inspect one
    assert_equal "$(jq -r '.[0] | .StandsOn, .Snapshots[1].Name, .Snapshots[1].StandsOn' <<<"$output" | paste -sd ' ')" "b b a"
    good snap rm one a
    assert_equal "$output" a
    assert_has "$stderr" "its files stay"
    refused "No such snapshot: a" -- rollback one a
    assert_equal "$(snapshots)" "b<(removed)"
    does 'ls -s /big >/dev/null; cat /file'
    assert_equal "$output" c
    good rollback one image
    assert_equal "$(snapshots)" "b<(removed) undone-1<b"
    refused "image: stands for the files of the image" -- snap rm one image
    good snap rm one undone-1 b
    assert_equal "$stderr" ""
    refused "there is nothing to undo" -- undo one
    layers_are_named
    assert_equal "$(find "$BUNDLE/.cais" -name 'upper*' | wc -l)" 1
    does 'ls /big 2>/dev/null || echo none'
    assert_equal "$output" none
}

@test "cp, rename, start, prune: as without snapshots" {
    made unpacked
    does 'dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null'
    good snap one a
    good cp one:/big "$T/big"
    [ "$(stat -c %s "$T/big")" = 5242880 ] || fail "another file"
    echo in >"$T/in"
    good cp "$T/in" one:/in
    good diff --since a one
    assert_equal "$output" "A /in"
    good rename one two
    good snap ls two
    assert_has "$output" "a  "
    output=$(echo y | cais container prune)
    assert_has "$output" "Total reclaimed space: 5."
    assert_equal "$(cd "$T/store/containers" && ls)" ""
}

@test "a container that goes at its end can't be rolled back while it runs; a directory in use is left alone" {
    detached --rm --name one busy:1 sleep 1000
    good snap one
    refused "is removed when it ends (--rm)" -- rollback -f one
    good rm -f one
    made unpacked
    good mount "$BUNDLE"
    (cd "$BUNDLE/rootfs" && exec sleep 1000 3>&-) &
    local holder=$!
    at_end kill "$holder"
    wait_for 5 is_in "$holder"
    refused "rootfs" "busy" -- snap one
    assert_equal "$(snapshots)" ""
    layers_are_named
}
is_in() { [ "$(readlink "/proc/$1/cwd")" = "$BUNDLE/rootfs" ]; }

@test "what a killed command left is swept by the next" {
    made unpacked
    does 'echo 1 >/file'
    good snap one a
    mkdir -p "$BUNDLE/.cais/upper-7/srv"
    touch "$BUNDLE/.cais/upper-7/srv/file" "$T/store/containers/$CID/unswept"
    cais ps >/dev/null
    layers_are_named
    good rollback one image
    # As `create` made it.
    with_files test -d "$BUNDLE/rootfs/deep/dir"
    does 'pwd'
    assert_equal "$output" /deep/dir
}
