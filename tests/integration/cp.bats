#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais cp: files in and out of containers that run and that do not, by docker's rules.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
    mkdir -p "$T/tree/sub" "$T/out"
    echo one >"$T/tree/one"
    echo two >"$T/tree/sub/two"
    ln "$T/tree/one" "$T/tree/same"
    ln -s sub/two "$T/tree/link"
    chmod 640 "$T/tree/sub/two"
    touch -d '2001-02-03 04:05:06' "$T/tree/one"
}

made() { # NAME OPTION...: one that was never started
    good create --network host --name "$@"
}
list() { (cd "$1" && find . -printf '%P %y %m %l\n' | sort); }
# What is in the container, by the running or the next process.
inside() { cais exec "$@" 2>&1; }

@test "cp: a tree goes in and comes out the same, of a running container and a stopped one" {
    detached --name one busy:1 sleep 100
    made two busy:1 true
    for name in one two; do
        good cp "$T/tree" "$name:/srv"
        assert_match "$stderr" "^Successfully copied .* to $name:/srv$"
        good cp -q "$name:/srv" "$T/out/$name"
        assert_equal "$stderr" ""
        assert_equal "$(list "$T/out/$name")" "$(list "$T/tree")"
        assert_equal "$(cat "$T/out/$name"/{one,same,link})" "$(cat "$T/tree"/{one,same,link})"
        [ "$T/out/$name/one" -ef "$T/out/$name/same" ] || fail "no hard link any more"
        assert_equal "$(stat -c %Y "$T/out/$name/one")" "$(stat -c %Y "$T/tree/one")"
    done
    assert_equal "$(inside one cat /srv/sub/two)" two
    good start two
    good diff two
    assert_has "$output" "A /srv/sub/two"
    # A stopped one has nothing mounted afterwards either.
    good stop one
    good cp one:/srv/one "$T/out/single"
    assert_equal "$(cat "$T/out/single")" one
    ! grep -F "$(cais inspect one | jq -r '.[0].BundlePath')" /proc/self/mountinfo || fail "mounted"
}

@test "cp: into a directory, over a file, under a new name; what does not fit is refused" {
    detached --name one busy:1 sh -c 'mkdir -p /d/tree /e; echo old >/f; sleep 100'
    wait_for 5 inside one test -e /f
    good cp "$T/tree" one:/d
    good cp "$T/tree/one" one:/f
    good cp "$T/tree/one" one:/e/
    good cp "$T/tree/." one:/e
    good cp "$T/tree/one" one:d/new
    good exec one sh -c 'cat /d/tree/sub/two /f /e/one /e/sub/two /d/new; ls -A /d /e; ls -A / | grep cais-cp || true'
    assert_equal "${lines[*]}" "two one one two one /d: new tree /e: link one same sub"
    refused "cannot copy directory" -- cp "$T/tree" one:/f
    refused "not a directory" -- cp "$T/tree/one" one:/f/
    refused "no such directory" -- cp "$T/tree/one" one:/g/
    refused "Could not find the file /no/such in container one" -- cp one:/no/such "$T/out"
    refused "Could not find the file /no in container one" -- cp "$T/tree/one" one:/no/such
    refused "$T/none: no such file or directory" -- cp "$T/none" one:/d
    refused "invalid output path: directory \"$T/none\" does not exist" -- cp one:/f "$T/none/f"
    refused "must specify at least one container source" -- cp "$T/tree" "$T/out"
    refused "copying between containers is not supported" -- cp one:/f one:/g
    refused "No such container: nobody" -- cp nobody:/f "$T/out"
    refused "cannot overwrite directory \"tree\" with non-directory" -- cp "$(touch "$T/out/tree" && echo "$T/out/tree")" one:/d
    refused "cannot overwrite non-directory \"tree\" with directory" -- cp one:/d/tree "$T/out"
    mknod "$T/device" c 1 3
    refused "must be a directory or a regular file" -- cp one:/f "$T/device"
    [ -c "$T/device" ] || fail "the device was replaced"
    assert_equal "$(ls -A "$T/out")" tree
}

@test "cp: links, with and without -L" {
    detached --name one busy:1 sh -c 'mkdir /d; echo data >/d/file; ln -s /d /dir; ln -s d/file /link; ln -s /made /gone; sleep 100'
    wait_for 5 inside one test -L /gone
    good cp one:/link "$T/out/"
    assert_equal "$(readlink "$T/out/link")" d/file
    good cp -L one:/link "$T/out/copy"
    assert_equal "$(cat "$T/out/copy")" data
    good cp one:/dir/ "$T/out/d1"
    assert_equal "$(cat "$T/out/d1/file")" data
    # Of a destination the links are followed.
    good cp "$T/tree/one" one:/dir
    good cp "$T/tree/one" one:/link
    good cp "$T/tree/one" one:/gone
    good exec one sh -c 'cat /d/one /d/file /made; for f in /dir /link /gone; do readlink $f; done'
    assert_equal "${lines[*]}" "one one one /d d/file /made"
}

@test "cp: a tar to standard output, and from standard input" {
    detached --name one busy:1 sh -c 'mkdir -p /d/e; echo data >/d/e/file; ln /d/e/file /d/e/same; mkfifo /d/pipe; chown 7:8 /d/e/file; chmod 4755 /d/e/file; mkdir /back; sleep 100'
    wait_for 5 inside one test -d /back
    cais cp one:/d - >"$T/d.tar"
    assert_equal "$(tar -tf "$T/d.tar" | sort | tr '\n' ' ')" "d/ d/e/ d/e/file d/e/same d/pipe "
    assert_has "$(tar --numeric-owner -tvf "$T/d.tar" d/e/file)" "-rwsr-xr-x 7/8"
    cais cp one:/d/. - | tar -x -C "$T/out"
    assert_equal "$(cat "$T/out/e/file")" data
    gzip "$T/d.tar"
    cais cp - one:/back <"$T/d.tar.gz"
    good exec one sh -c 'cat /back/d/e/same; stat -c "%a %u:%g %h" /back/d/e/file; stat -c %F /back/d/pipe'
    assert_equal "${lines[*]}" "data 4755 7:8 2 fifo"
    # From one container to another, and back to itself.
    made two busy:1 true
    cais cp one:/d - | cais cp - two:/
    cais cp one:/d - | cais cp - one:/back/d
    good cp -q two:/d/e/file "$T/out/again"
    assert_equal "$(cat "$T/out/again")" data
    status=0
    cais cp - one:/d/e/file <"$T/d.tar.gz" 2>"$T/err" || status=$?
    assert_status 125
    assert_has "$(cat "$T/err")" 'destination "one:/d/e/file" must be a directory'
    status=0
    head -c 700 "$T/d.tar.gz" | gzip -c | cais cp - one:/back 2>"$T/err" || status=$?
    assert_status 125
}

@test "cp: owners and bits, with and without -a" {
    chown 5:6 "$T/tree/one"
    chmod 4755 "$T/tree/one"
    detached --name one busy:1 sleep 100
    good cp "$T/tree/one" one:/plain
    good cp -a "$T/tree/one" one:/kept
    good exec one stat -c '%a %u:%g' /plain /kept
    assert_equal "${lines[*]}" "755 0:0 4755 5:6"
    good cp one:/kept "$T/out/plain"
    good cp -a one:/kept "$T/out/kept"
    assert_equal "$(stat -c '%a %u:%g' "$T/out/plain" "$T/out/kept" | tr '\n' ' ')" "755 $(id -u):$(id -g) 4755 5:6 "
}

@test "cp: volumes, of a container that runs and one that does not; what is read-only stays so" {
    mkdir -p "$T/volume" "$T/fixed"
    echo host >"$T/volume/file"
    detached --name one -v "$T/volume:/vol" -v "$T/fixed:/fixed:ro" --tmpfs /scratch busy:1 sh -c 'echo here >/scratch/x; sleep 100'
    made two -v "$T/volume:/vol" -v "$T/fixed:/fixed:ro" --read-only busy:1 true
    wait_for 5 inside one test -e /scratch/x
    good cp one:/scratch/x "$T/out/"
    assert_equal "$(cat "$T/out/x")" here
    for name in one two; do
        good cp "$name:/vol/file" "$T/out/"
        assert_equal "$(cat "$T/out/file")" host
        good cp "$T/tree/one" "$name:/vol/$name"
        assert_equal "$(cat "$T/volume/$name")" one
        refused "is marked read-only" -- cp "$T/tree/one" "$name:/fixed/"
        assert_equal "$(ls -A "$T/fixed")" ""
    done
    refused "container rootfs is marked read-only" -- cp "$T/tree/one" two:/srv
    refused "cannot copy a directory into itself" -- cp "$T/volume" one:/vol
    # A file that is a mount can be read, and is not replaced.
    good cp one:/etc/hostname "$T/out/"
    assert_match "$(cat "$T/out/hostname")" '^[0-9a-f]{12}$'
    refused "mount of its own" -- cp "$T/tree/one" one:/etc/hostname
    made three -v "$T/volume/file:/file" busy:1 true
    refused "mount of its own" -- cp "$T/tree/one" three:/file
    assert_match "$(cais exec one cat /etc/hostname)" '^[0-9a-f]{12}$'
    ! grep -F "$T/volume" /proc/self/mountinfo || fail "a volume is still mounted"
}

@test "cp: sparse files stay so; the kernel's files are left out; a paused container" {
    detached --name one busy:1 sh -c 'dd if=/dev/zero of=/big bs=1 count=1 seek=100M 2>/dev/null; echo done >/mark; sleep 100'
    wait_for 5 inside one test -e /mark
    good pause one
    good cp one:/big "$T/out/"
    assert_equal "$(stat -c %s "$T/out/big")" 104857601
    [ "$(stat -c %b "$T/out/big")" -lt 100 ] || fail "not sparse"
    good unpause one
    refused "file system of the kernel" -- cp one:/proc/self "$T/out/"
    good cp one:/ "$T/out/all"
    assert_equal "$(find "$T/out/all/proc" "$T/out/all/sys" -mindepth 1)" ""
    assert_equal "$(cat "$T/out/all/mark")" "done"
    assert_has "$stderr" "is a device; it is left out"
    [ ! -e "$T/out/all/dev/null" ] || fail "a device was made on the host"
}
