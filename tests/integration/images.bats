# SPDX-License-Identifier: Apache-2.0
# The store of cais as a user meets it: images come in, have names, are looked at, and go.

load image

setup() { image_setup; }

@test "a kernel that mounts an index from its file is used so" {
    needs_index
}

@test "help, version and what is unknown" {
    good --help
    assert_has "$output" "usage: cais" bundle import "--run-root"
    good --version
    assert_match "$output" "^cais version [0-9]"
    refused 'unknown command "imags"' "did you mean images" -- imags
    refused 'unknown command "build"' "cais commit and cais import" -- build .
    refused "an operand is missing" "usage: cais tag" -- tag x
}

@test "an empty store has a header and nothing else" {
    good images
    assert_equal "$output" "REPOSITORY          TAG                 IMAGE ID            CREATED             VIRTUAL SIZE"
    good images -q
    assert_equal "$output" ""
    good verify
    assert_equal "$output" "0 images, 0 layers: 0 damaged"
}

@test "import, tag, untag, inspect, history, rmi" {
    busybox_image
    local id=${output#sha256:}
    assert_match "$output" "^sha256:[0-9a-f]{64}$"
    good images --format json
    assert_equal "$(jq -r '.Repository + ":" + .Tag + " " + .ID' <<<"$output")" "busy:1 sha256:$id"
    good tag busy:1 other/name:2
    good images
    assert_match "$output" "busy +1 +${id:0:12} +"
    assert_match "$output" "other/name +2 +${id:0:12} +"
    good inspect "${id:0:4}"
    assert_equal "$(jq -r '.[0].RepoTags | join(" ")' <<<"$output")" "busy:1 other/name:2"
    assert_equal "$(jq -r '.[0].Os' <<<"$output")" linux
    good history other/name:2
    assert_has "$output" "cais import"
    refused "has several names" -- rmi "${id:0:12}"
    good rmi busy:1
    assert_equal "$output" "Untagged: busy:1"
    good untag other/name:2
    good images
    assert_match "$output" "<none> +<none> +${id:0:12}"
    good rmi "${id:0:12}"
    assert_has "$output" "Deleted: sha256:$id"
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
}

@test "history shows a stranger's words, and nothing of them steers the terminal" {
    busybox_image
    good import -m $'red\e[31m ünd' "$T/busybox.tar" loud:1
    good history loud:1
    assert_has "$output" 'red\x1b[31m ünd'
    [[ $output != *$'\e'* ]] || fail "an escape sequence is in it"
}

@test "what is not there is suggested" {
    busybox_image
    refused 'there is no such image' "there is busy:1" -- inspect busy
    refused 'there is no such image' "did you mean busy:1" -- inspect busi:1
    refused '"zzz"' -- rmi zzz
    refused "is no digest" -- inspect busy@sha256:12
    good inspect busy:1
}

@test "the same content twice is stored once; names move" {
    busybox_image
    good tag busy:1 keep:1
    $LAYERS rootfs "$T/second.tar" "$T/bundle"
    good import "$T/second.tar" busy:1
    good images --format json
    assert_equal "$(jq -rs 'map(.Repository) | sort | join(" ")' <<<"$output")" "busy keep"
    assert_equal "$(jq -rs 'map(.ID) | unique | length' <<<"$output")" 2
    good import "$T/busybox.tar" again:1
    assert_equal "$(ls "$T/store/layers" | wc -l)" 2
}

@test "prune: unnamed images, and with --all those that nothing uses" {
    busybox_image
    good untag busy:1
    good prune
    assert_has "$output" "Deleted: sha256:" "Total reclaimed space: "
    good import "$T/busybox.tar" busy:1
    good prune
    good inspect busy:1
    good prune --all
    refused "no such image" -- inspect busy:1
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
}

@test "a damaged layer is found, named and removed; the image can be loaded again" {
    busybox_image
    local tar
    tar=$(echo "$T"/store/layers/*/tar)
    printf X | dd of="$tar" bs=1 seek=100000 conv=notrunc status=none
    try verify
    assert_status 1
    assert_has "$output" "the layer is damaged" "1 damaged"
    refused "the layer is not in the store" -- bundle busy:1 "$T/b"
    [ ! -e "$T/b" ] || fail "a bundle is left"
    good import "$T/busybox.tar" busy:1
    good verify
}

@test "what is not known to be on disk is read again, never trusted" {
    busybox_image
    local record
    record=$(echo "$T"/store/layers/*/record.json)
    assert_equal "$(jq .synced "$record")" true
    jq '.synced = false' "$record" >"$T/r" && cp "$T/r" "$record"
    good history busy:1
    assert_equal "$(jq .synced "$record")" true
    jq '.synced = false' "$record" >"$T/r" && cp "$T/r" "$record"
    truncate -s 500000 "${record%/*}/tar"
    refused "the layer is damaged" -- bundle busy:1 "$T/b"
    [ ! -e "${record%/*}" ] || fail "the damaged layer is left"
}

@test "layers of an attacker: the error names entry and rule, and nothing is left" {
    $LAYERS hostile "$T/hostile"
    local tar rule count=0
    for tar in "$T"/hostile/*.tar; do
        rule=$(cat "${tar%.tar}.rule")
        try import "$tar" evil:1
        # What only a merged tree can tell comes with the first use.
        [ "$status" -ne 0 ] || try bundle evil:1 "$T/evil"
        assert_status 125
        assert_has "$stderr" "$rule" "cais: "
        assert_match "$stderr" "entry|member"
        [ ! -e "$T/evil" ] || fail "$tar: a bundle is left"
        cais rmi evil:1 >/dev/null 2>&1 || true
        count=$((count + 1))
    done
    [ "$count" -gt 20 ] || fail "only $count layers"
    cais prune >/dev/null
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
}

@test "control bytes in a name reach no terminal" {
    $PYTHON -c 'import sys, tarfile, io
with tarfile.open(sys.argv[1], "w") as tar:
    info = tarfile.TarInfo("a\x1b]0;owned\x07/../x"); tar.addfile(info)' "$T/control.tar"
    refused '\x1b' "its path has" -- import "$T/control.tar"
    [[ $stderr != *$'\x1b'* ]] || fail "an escape in: $stderr"
}

@test "a full disk: a clear error, the store as it was" {
    mkdir "$T/small"
    mount -t tmpfs -o size=3m own-small "$T/small"
    at_end "umount '$T/small'"
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    run --separate-stderr "$CAIS" --root "$T/small/store" --run-root "$T/run" import "$T/busybox.tar" busy:1
    assert_status 125
    assert_has "$stderr" "free"
    assert_equal "$(find "$T/small/store/layers" "$T/small/store/images" "$T/small/store/names" -type f)" ""
}

# Runs cais and fails if it had more than MIB in memory at any time.
within_memory() { # MIB ARGUMENT...
    local most=$1
    shift
    "$PYTHON" -c 'import resource, subprocess, sys
subprocess.run(sys.argv[2:], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
sys.exit(f"{peak:.1f} MiB, at most {sys.argv[1]}" if peak > int(sys.argv[1]) else 0)' \
        "$most" "$CAIS" --root "$T/store" --run-root "$T/run" "$@" 3>&-
}

# ESTIVA_FULL=1: a million, within what a pull of one layer may take.
many() {
    count=300000 most=40
    if [ "${ESTIVA_FULL:-0}" = 1 ]; then count=1000000 most=80; fi
    $LAYERS many "$T/many.tar" $count "$@"
}

@test "a sparse file of 10 GiB takes little memory and little of the disk" {
    needs_index
    local how
    mkdir "$T/sparse"
    truncate -s 10G "$T/sparse/large"
    printf end | dd of="$T/sparse/large" bs=1 seek=5368709120 conv=notrunc status=none
    tar --format=posix --sparse -C "$T/sparse" -cf "$T/sparse.tar" .
    within_memory 40 import "$T/sparse.tar" sparse:1
    for how in "--storage index bundle" "--storage unpacked bundle"; do
        # shellcheck disable=SC2086
        within_memory 40 $how sparse:1 "$T/b"
        assert_equal "$(stat -c %s "$T/b/rootfs/large")" 10737418240
        assert_equal "$(dd if="$T/b/rootfs/large" bs=1 skip=5368709119 count=4 status=none | od -An -c | tr -d ' ')" '\0end'
        good unbundle "$T/b"
    done
    [ "$(du -s --block-size=1 "$T/store" | cut -f1)" -lt 2000000 ] || fail "it is stored with its holes"
}

@test "one directory of very many entries in random order takes no more memory" {
    needs_index
    local count most
    many one-directory
    within_memory $most import "$T/many.tar" many:1
    rm "$T/many.tar"
    within_memory $most --storage index bundle many:1 "$T/b"
    # All are there, each by its name: the kernel looks for them in blocks that must be sorted.
    [ "$(ls "$T/b/rootfs/m" | wc -l)" = $count ] || fail "not all files are there"
    (cd "$T/b/rootfs/m" && stat -c %s 0000000000 0000012345 "$(printf %010d $((count - 1)))" >"$T/sizes")
    within_memory $most diff "$T/b"
    within_memory $most verify
    good unbundle "$T/b"
}

@test "a layer of very many entries takes little memory: on its way in, its index, a comparison, a check" {
    needs_index
    local count most
    many
    within_memory $most import "$T/many.tar" many:1
    rm "$T/many.tar"
    within_memory $most --storage index bundle many:1 "$T/b"
    [ "$(ls "$T/b/rootfs/m/123" | wc -l)" = 1000 ] || fail "not all files are there"
    touch "$T/b/rootfs/m/new"
    within_memory $most diff "$T/b"
    within_memory $most commit "$T/b" many:2
    within_memory $most verify
    good unbundle "$T/b"
}
