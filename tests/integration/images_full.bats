# SPDX-License-Identifier: Apache-2.0
# A store on a disk that is full: at whichever file or page it ends, the error says so, the store is whole, and what is
# left of the attempt goes with the next prune. Room can be made on a full disk.

load image

setup() {
    image_setup
    mkdir "$T/small"
    mount -t tmpfs -o size=200m,nr_inodes=2000 own-small "$T/small"
    at_end "umount '$T/small'"
}

cais() { timeout --foreground -k 5 60 "$CAIS" --root "$T/small/store" --run-root "$T/run" --storage unpacked "$@" 3>&-; }

# Room for so many more files, or pages; everything in use stays.
room_for() { # files|pages COUNT
    local used
    if [ "$1" = files ]; then
        used=$(stat -f -c '%c %d' "$T/small" | awk '{print $1 - $2}')
        mount -o "remount,nr_inodes=$((used + $2))" "$T/small"
    else
        used=$(stat -f -c '%b %f' "$T/small" | awk '{print $1 - $2}')
        mount -o "remount,size=$(((used + $2) * 4096))" "$T/small"
    fi
}
enough_room() { mount -o remount,size=200m,nr_inodes=2000 "$T/small"; }

# What an attempt was making; it goes with its end and waits for no prune.
half_made() { find "$T/small/store" -name '*.new' -o -path '*/blobs/.*' -o -path '*/names/.*' -o -path '*/images/.*'; }

in_store() { find "$T/small/store" -type f ! -name lock -printf '%P\n' | sort; }

# The command with room for nothing, for one file or page, for two, and so on until it succeeds.
refused_until_there_is_room() { # files|pages COMMAND...
    local what=$1 before count
    shift
    enough_room
    before=$(in_store)
    for ((count = 0; count < 100; ++count)); do
        room_for "$what" $count
        try "$@"
        [ "$status" -ne 0 ] || break
        assert_status 125
        assert_has "$stderr" "cais: " "No space left on device"
        assert_equal "$(half_made)" ""
        enough_room
        good verify
        assert_has "$output" " 0 damaged"
        good prune
        assert_equal "$(in_store)" "$before"
    done
    [ $count -ge 1 ] && [ $count -lt 100 ] || fail "it had room after $count $what"
    enough_room
    good verify
    assert_has "$output" " 0 damaged"
}

# What is made of a busybox, outside of the small disk.
archives() {
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    cais import "$T/busybox.tar" busy:1 >"$T/out"
    cais save -o "$T/busy.tar" busy:1
    cais rmi busy:1 >"$T/out"
    cais prune -a >"$T/out"
}

@test "full: import and load, at each file that they make" {
    archives
    refused_until_there_is_room files import "$T/busybox.tar" busy:1
    cais rmi busy:1 >"$T/out"
    refused_until_there_is_room files load -i "$T/busy.tar"
    good inspect busy:1
}

@test "full: load, tag and commit, at each page that they write where the layers are there" {
    archives
    cais import "$T/busybox.tar" busy:1 >"$T/out"
    refused_until_there_is_room pages tag busy:1 other:1
    refused_until_there_is_room pages load -i "$T/busy.tar"
    good bundle busy:1 "$T/b"
    good commit "$T/b" changed:1
    refused_until_there_is_room pages commit -c 'LABEL a=b' "$T/b" changed:2
    good unbundle "$T/b"
}

@test "full: commit of changes and a bundle's root file system, at each file that they make" {
    archives
    cais import "$T/busybox.tar" busy:1 >"$T/out"
    good bundle busy:1 "$T/b"
    echo new >"$T/b/rootfs/new"
    refused_until_there_is_room files commit "$T/b" changed:1
    good unbundle "$T/b"
}

@test "full: a root file system that was not unpacked whole leaves nothing, and is unpacked when there is room" {
    archives
    cais import "$T/busybox.tar" busy:1 >"$T/out"
    local what
    for what in "files 3" "pages 3"; do
        # shellcheck disable=SC2086
        room_for $what
        try bundle busy:1 "$T/b"
        assert_status 125
        assert_has "$stderr" "No space left on device"
        assert_equal "$(find "$T/small/store/ingest" -mindepth 1)" ""
        [ ! -e "$T/b" ] || fail "a bundle is left"
        enough_room
    done
    good bundle busy:1 "$T/b"
    good unbundle "$T/b"
}

# The command with an input that stops after 5 MB until the disk is full.
while_it_fills() { # FILE ARGUMENT...
    local file=$1
    shift
    { head -c 5000000 "$file" && fill_when_begun >&2 && tail -c +5000001 "$file"; } | cais "$@"
}
fill_when_begun() {
    wait_for 30 something_came
    dd if=/dev/zero of="$T/small/filler" bs=64K status=none 2>/dev/null || true
}
something_came() { [ -n "$(find "$T/small/store/ingest" -type f -size +0 2>/dev/null)" ]; }

@test "full: while a layer comes in through a pipe, compressed or not, and while an archive does" {
    archives
    local what before verb
    mkdir "$T/big"
    head -c 20000000 /dev/urandom >"$T/big/noise"
    tar -C "$T/big" -cf "$T/big.tar" .
    gzip -1 -k "$T/big.tar"
    cais import "$T/big.tar" big:1 >"$T/out"
    cais save -o "$T/archive.tar" big:1
    cais rmi big:1 >"$T/out"
    before=$(in_store)
    for what in big.tar big.tar.gz archive.tar; do
        verb=(import - big:1)
        [ $what != archive.tar ] || verb=(load)
        run --separate-stderr while_it_fills "$T/$what" "${verb[@]}"
        assert_status 125
        assert_has "$stderr" "No space left on device"
        assert_equal "$(half_made)" ""
        rm "$T/small/filler"
        good verify
        assert_has "$output" " 0 damaged"
        good prune
        assert_equal "$(in_store)" "$before"
    done
}

@test "full: what is there can be looked at, used and removed" {
    archives
    cais import "$T/busybox.tar" busy:1 >"$T/out"
    good bundle busy:1 "$T/b"
    good unbundle "$T/b"
    room_for files 0
    room_for pages 0
    good images
    assert_has "$output" busy
    good inspect busy:1
    good history busy:1
    good rmi busy:1
    good prune -a
    assert_equal "$(in_store)" ""
}

# A store with room.
away() { timeout --foreground -k 5 60 "$CAIS" --root "$T/store" --run-root "$T/run" --storage unpacked "$@" 3>&-; }

@test "full: what leaves the store leaves nothing half, and a layout keeps what it had" {
    archives
    local how before
    away import "$T/busybox.tar" busy:1
    away import --change 'LABEL a=b' "$T/busybox.tar" other:1
    rm -rf "$T/small/store"
    mount -o remount,size=300k "$T/small"
    for how in "save -o $T/small/out busy:1" "save --format oci -o $T/small/out busy:1" "export -o $T/small/out busy:1" \
        "copy busy:1 oci:$T/small/out" "copy busy:1 oci-archive:$T/small/out" "bundle --unpack busy:1 $T/small/out"; do
        # shellcheck disable=SC2086
        run --separate-stderr away $how
        assert_status 125
        assert_has "$stderr" "No space left on device"
        [[ $how == bundle* ]] || assert_has "$stderr" "$T/small/out: "
        assert_equal "$(ls -A "$T/small")" ""
    done
    enough_room
    away save --format oci -o "$T/small/layout" other:1
    before=$(cd "$T/small/layout" && find . -type f -exec sha256sum {} + | sort)
    room_for pages 3
    run --separate-stderr away save --format oci -o "$T/small/layout" busy:1
    assert_status 125
    assert_equal "$(cd "$T/small/layout" && find . -type f -exec sha256sum {} + | sort)" "$before"
}
