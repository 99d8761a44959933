# SPDX-License-Identifier: Apache-2.0
# Bundles of images: what is in them, that runtimes run them, and that nothing is left of them.

load image

setup() { image_setup; }

# busybox with a configuration: layout $T/oci, image "cfg".
configured_image() { # UMOCI-CONFIG-OPTION...
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    umoci init --layout "$T/oci" && umoci new --image "$T/oci:cfg" && umoci raw add-layer --image "$T/oci:cfg" "$T/busybox.tar"
    umoci config --image "$T/oci:cfg" "$@"
}

@test "both tiers give the tree that umoci unpacks, for every kind of file and layer" {
    requires umoci
    needs_index
    $LAYERS image "$T/img" gzip
    umoci unpack --image "$T/img:t" "$T/umoci" >/dev/null 2>&1
    # aufs' own files, which umoci makes; the working directory, which cais makes.
    rm -rf "$T/umoci/rootfs/.wh..wh.plnk"
    mkdir -p "$T/umoci/rootfs/work/dir"
    $TREE "$T/umoci/rootfs" --no-directory-times >"$T/expected"
    [ "$(wc -l <"$T/expected")" -gt 40 ] || fail "a small tree: $(cat "$T/expected")"
    good load "$T/img"
    local how
    for how in index unpacked; do
        good --storage $how bundle img:t "$T/b"
        $TREE "$T/b/rootfs" --no-directory-times >"$T/found"
        diff "$T/expected" "$T/found" || fail "$how is not what umoci unpacks"
        good unbundle "$T/b"
    done
    good bundle --unpack img:t "$T/b"
    $TREE "$T/b/rootfs" --no-directory-times >"$T/found"
    diff "$T/expected" "$T/found" || fail "--unpack is not what umoci unpacks"
    good unbundle "$T/b"
    assert_equal "$(left_overs)" ""
}

@test "gzip of several members, zstd and plain layers give the same image" {
    requires zstd
    local how id first=
    $LAYERS image "$T/img" none gzip zstd
    for how in none gzip zstd; do
        good load "$T/img-$how"
        id=$(cais inspect "img-$how:t" | jq -c '.[0].RootFS.diff_ids')
        [ "${first:=$id}" = "$id" ] || fail "$how has other diffIDs"
    done
    assert_equal "$(ls "$T/store/layers" | wc -l)" 6
}

# What the kernel shows of an image's index is what libarchive reads in its layers' tars and fsck.erofs in the index.
assert_index() { # IMAGE
    local fsck=$BUILD/erofs/bin/fsck.erofs layers index devices
    good --storage index bundle "$1" "$T/b"
    index=$(basename "$(find "$T/run/images" -mindepth 1 -maxdepth 1 -type d)")
    mapfile -t layers < <(cais inspect "$1" | jq -r --arg place "$T/store/layers/" \
        '.[0].RootFS.diff_ids[] | $place + sub(":"; "-") + "/tar"')
    $TREE "$T/run/images/$index" >"$T/mounted"
    good unbundle "$T/b"
    "$PYTHON" "$HERE/archive_tree.py" "${layers[@]}" >"$T/listed"
    diff "$T/listed" "$T/mounted" || fail "$1: libarchive lists other files"
    mapfile -t devices < <(jq -r --arg root "$T/store/" '.devices[] | $root + .' "$T/store/indexes/$index/record.json")
    run "$fsck" "${devices[@]/#/--device=}" "$T/store/indexes/$index/index"
    assert_status 0
    "$PYTHON" "$HERE/erofs_join.py" "$T/store/indexes/$index/index" "$T/joined" "${devices[@]}"
    run "$fsck" --xattrs --extract="$T/extracted" "$T/joined"
    assert_status 0
    $TREE "$T/extracted" >"$T/found"
    # It changes owners after it has set attributes, and so the kernel drops capabilities.
    diff <(sed 's/security\.capability=[0-9a-f]* \?//' "$T/mounted") "$T/found" || fail "$1: fsck.erofs extracts other files"
    rm -rf "$T/extracted" "$T/joined"
}

@test "every index: fsck.erofs takes out of it, and libarchive of the tars, what the kernel shows" {
    local fsck=$BUILD/erofs/bin/fsck.erofs count=0 image
    [ -x "$fsck" ] || skip_because "no $fsck: contrib/setup test fetches it"
    requires bsdtar # and so libarchive
    needs_index
    $LAYERS image "$T/img" none
    good load "$T/img"
    busybox_image
    $LAYERS single "$T/single"
    for image in "$T/single"/*.tar; do
        good import "$image" "$(basename "$image" .tar):1"
        count=$((count + 1))
    done
    [ "$count" -gt 5 ] || fail "only $count layers"
    good bundle busy:1 "$T/b2"
    mkdir -p "$T/b2/rootfs/srv/empty"
    cp /bin/busybox "$T/b2/rootfs/srv/copy"
    ln "$T/b2/rootfs/srv/copy" "$T/b2/rootfs/srv/second"
    mkfifo "$T/b2/rootfs/srv/fifo"
    rm -r "$T/b2/rootfs/usr"
    good commit "$T/b2" busy:2
    good unbundle "$T/b2"
    for image in $(cais images --format json | jq -r '.Repository + ":" + .Tag'); do assert_index "$image"; done
}

@test "estiva, runc and crun run a bundle, in both tiers and unpacked" {
    requires runc crun
    busybox_image
    local how runtime
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        [ "$how" != "--storage index bundle" ] || has_index || continue
        # shellcheck disable=SC2086
        good $how busy:1 "$T/b"
        jq '.process.args = ["sh", "-c", "echo in $(id -u) $(cat /etc/passwd | wc -l); echo new >/root/file; ls /root"]' \
            "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
        for runtime in "${RUNTIMES[@]}"; do
            run_bundle "$runtime" "$T/b"
            assert_status 0
            assert_has "$output" "in 0 2" file
        done
        good unbundle "$T/b"
        [ ! -e "$T/b" ] || fail "the bundle is left"
    done
    assert_nothing_left
}

@test "how images become directories is asked where the store is, not where mounts are" {
    needs_index
    mkdir -p "$T/tmpfs"
    mount -t tmpfs tmpfs "$T/tmpfs"
    at_end umount "$T/tmpfs"
    assert_match "$("$CAIS" --root "$T/store" --run-root "$T/tmpfs/run" info)" "storage: *index"
    assert_match "$("$CAIS" --root "$T/tmpfs/store" --run-root "$T/tmpfs/run" info)" "storage: *unpacked"
    assert_match "$("$CAIS" --root "$T/store" --run-root "$T/tmpfs/run" info)" "storage: *index"
    assert_equal "$(left_overs)" ""
}

@test "config.json says what the image says" {
    requires umoci
    configured_image --config.entrypoint /bin/echo --config.cmd hello --config.env A=1 --config.workingdir /made/here \
        --config.user ship --config.label k=v --config.stopsignal SIGQUIT --config.exposedports 80/tcp --author Me
    good bundle "oci:$T/oci" "$T/b"
    local c=$T/b/config.json
    assert_equal "$(jq -c .process.args "$c")" '["/bin/echo","hello"]'
    assert_equal "$(jq -c .process.user "$c")" '{"uid":1000,"gid":1000,"additionalGids":[1000]}'
    assert_equal "$(jq -r .process.cwd "$c")" /made/here
    [ -d "$T/b/rootfs/made/here" ] || fail "no working directory"
    assert_equal "$(jq -c '.process.env' "$c")" '["A=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","HOME=/home"]'
    assert_equal "$(jq -r '.annotations["org.opencontainers.image.stopSignal"]' "$c")" SIGQUIT
    assert_equal "$(jq -r '.annotations["org.opencontainers.image.exposedPorts"]' "$c")" 80/tcp
    assert_equal "$(jq -r '.annotations.k' "$c")" v
    good unbundle "$T/b"
}

@test "users and groups come from the image's own files" {
    requires umoci
    local pair user
    configured_image --config.cmd true
    for pair in "=0:0:[0]" "ship=1000:1000:[1000]" "1000=1000:1000:[1000]" "7=7:0:[0]" "ship:tty=1000:5:[5]" "7:9=7:9:[9]"; do
        user=${pair%%=*}
        umoci config --image "$T/oci:cfg" --config.user "$user"
        good bundle "$T/oci" "$T/b"
        assert_equal "$user=$(jq -r '.process.user | "\(.uid):\(.gid):\(.additionalGids)"' "$T/b/config.json")" "$pair"
        good unbundle "$T/b"
    done
    for user in nobody-here 4294967296 0:nogroup 99999999999999999999; do
        umoci config --image "$T/oci:cfg" --config.user "$user"
        refused "${user#*:}" -- bundle "$T/oci" "$T/b"
        [ ! -e "$T/b" ] || fail "a bundle is left"
    done
}

@test "a bundle keeps its image: rmi names it, --force removes it, the bundle goes on" {
    busybox_image
    good bundle busy:1 "$T/b"
    refused "is used by the bundle $T/b" -- rmi busy:1
    good prune --all
    good inspect busy:1
    good rmi --force busy:1
    [ -e "$T/b/rootfs/bin/busybox" ] || fail "the bundle lost its files"
    [ "$(ls "$T/store/layers" | wc -l)" = 1 ] || fail "a layer in use is gone"
    good unbundle "$T/b"
    good prune
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
}

@test "after a boot a bundle is mounted again, with what was written" {
    busybox_image
    good bundle busy:1 "$T/b"
    echo mine >"$T/b/rootfs/root/mine"
    umount "$T/b/rootfs"
    for dir in "$T"/run/images/*; do [ ! -d "$dir" ] || umount "$dir" 2>/dev/null || true; done
    [ ! -e "$T/b/rootfs/root" ] || fail "still mounted"
    good mount "$T/b"
    assert_equal "$(cat "$T/b/rootfs/root/mine")" mine
    good mount "$T/b"
    good unbundle "$T/b"
}

@test "what can't be made leaves nothing: a file in the way, no image, an unknown user" {
    busybox_image
    mkdir -p "$T/b"
    echo '{}' >"$T/b/config.json"
    refused "has config.json already" -- bundle busy:1 "$T/b"
    assert_equal "$(cat "$T/b/config.json")" '{}'
    refused "no such image" -- bundle --pull never nothing:1 "$T/new"
    [ ! -e "$T/new" ] || fail "a directory is left"
    refused "is no bundle that cais made" -- unbundle "$T/b"
    assert_nothing_left
}
