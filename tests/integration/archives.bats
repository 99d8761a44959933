# SPDX-License-Identifier: Apache-2.0
# Formats: what cais writes others read, and the other way round; images used where they lie.

load image

setup() { image_setup; }

diff_ids() { cais inspect "$1" | jq -c '.[0].RootFS.diff_ids'; }

@test "save and load: docker-archive, oci-archive and layout keep the image's ID" {
    busybox_image
    local id format
    id=$(cais images -q)
    for format in docker-archive oci-archive oci; do
        good save --format $format --output "$T/out.$format" busy:1
        good rmi busy:1
        good load "$T/out.$format"
        assert_equal "$output" "Loaded image: busy:1"
        assert_equal "$(cais images -q)" "$id"
    done
    cais save busy:1 >"$T/piped.tar"
    good rmi busy:1
    cais load <"$T/piped.tar"
    assert_equal "$(cais images -q)" "$id"
    gzip -k "$T/piped.tar"
    good rmi busy:1
    good load "$T/piped.tar.gz"
    assert_equal "$(cais images -q)" "$id"
}

# Tags and full names, as they stand in the layout.
named() { jq -c '[.manifests[].annotations | ."org.opencontainers.image.ref.name" // .]' "$1/index.json"; }

@test "a layout gets further images: those of other tags stay, the same tag is replaced, skopeo finds each" {
    requires skopeo
    busybox_image
    local first second
    first=$(cais images -q)
    good import --change "ENV second=1" "$T/busybox.tar" busy:2
    second=$(cais inspect busy:2 | jq -r '.[0].Id')
    good save --format oci -o "$T/layout" busy:1
    good copy busy:2 "oci:$T/layout"
    assert_equal "$(named "$T/layout")" '["1","2"]'
    assert_equal "$(skopeo inspect --config "oci:$T/layout:1" | jq -c .config.Env)" null
    assert_equal "$(skopeo inspect --config "oci:$T/layout:2" | jq -c .config.Env)" '["second=1"]'
    good save --format oci -o "$T/layout" busy:2
    assert_equal "$(named "$T/layout")" '["1","2"]'
    # What skopeo adds stays too, and the other way round.
    skopeo --insecure-policy copy -q "oci:$T/layout:2" "oci:$T/layout:3"
    good tag busy:2 busy:1
    good save --format oci -o "$T/layout" busy:1
    assert_equal "$(named "$T/layout" | jq -c sort)" '["1","2","3"]'
    assert_equal "$(skopeo inspect --config "oci:$T/layout:1" | jq -c .config.Env)" '["second=1"]'
    refused "holds 3 images, choose one" "oci:PLACE:TAG: 2, 3, 1" "cais load takes them all" -- copy "oci:$T/layout" one:1
    good copy "oci:$T/layout:3" one:1
    assert_equal "$(cais inspect one:1 | jq -r '.[0].Id')" "$second"
    good rmi -f one:1 busy:1 busy:2
    good load "$T/layout"
    assert_has "$output" "Loaded image: busy:1" "Loaded image: busy:2" "Loaded image: layout:3"
    assert_equal "$(cais inspect busy:1 busy:2 layout:3 | jq -r '.[].Id' | sort -u)" "$second"
    [ "$first" != "$second" ] || fail "there is one image only"
}

# Of what was copied from PLACE.
id_at() { # PLACE
    good copy "$1" chosen:1
    cais inspect chosen:1 | jq -r '.[0].Id'
    good rmi chosen:1
}

@test "a tag behind a layout, or an archive of one, chooses an image: oci:DIR:TAG" {
    busybox_image
    good import --change "ENV second=1" "$T/busybox.tar" busy:2
    local first second place
    first=$(cais inspect busy:1 | jq -r '.[0].Id') second=$(cais inspect busy:2 | jq -r '.[0].Id')
    good save --format oci -o "$T/layout" busy:1 busy:2
    good save --format oci-archive -o "$T/both.tar" busy:1 busy:2
    good save --format oci -o "$T/a:2" busy:1
    for place in "oci:$T/layout" "$T/layout" "oci-archive:$T/both.tar" "$T/both.tar"; do
        assert_equal "$(id_at "$place:1") $(id_at "$place:2")" "$first $second"
    done
    # What exists under the whole name has no tag.
    assert_equal "$(id_at "oci:$T/a:2") $(id_at "oci:$T/a:2:1")" "$first $first"
    good bundle "oci:$T/layout:2" "$T/b"
    assert_has "$(jq -c .process.env "$T/b/config.json")" second=1
    good unbundle "$T/b"
    good run --rm --network host "oci:$T/layout:2" sh -c 'echo $second'
    assert_equal "$output" 1
    good load "oci:$T/layout:2"
    assert_equal "$output" "Loaded image: busy:2"
    refused "$T/layout" 'no image has the tag "3"' "its tags: 1, 2" -- load "oci:$T/layout:3"
    refused "holds 2 images, choose one" "oci:PLACE:TAG: 1, 2" -- bundle "oci:$T/layout" "$T/b"
    refused "is no OCI layout, so no tag" -- load "$T/busybox.tar:1"
    refused "No such file" -- load "oci:$T/nowhere:1"
    # podman writes a full name there.
    jq -c '.manifests[1].annotations = {"org.opencontainers.image.ref.name": "docker.io/library/busy:2"}' \
        "$T/layout/index.json" >"$T/index" && cp "$T/index" "$T/layout/index.json"
    assert_equal "$(id_at "oci:$T/layout:docker.io/library/busy:2")" "$second"
}

@test "a layout is not written to where it is none, and is as before where something is wrong" {
    busybox_image
    good save --format oci -o "$T/layout" busy:1
    good tag busy:1 other:2
    local before bad
    for bad in '{' '{"schemaVersion":2}' '{"schemaVersion":2,"manifests":[],"layers":[]}'; do
        echo "$bad" >"$T/layout/index.json"
        before=$(cd "$T/layout" && find . -type f -exec sha256sum {} + | sort)
        refused "$T/layout" "index.json" -- save --format oci -o "$T/layout" other:2
        assert_equal "$(cd "$T/layout" && find . -type f -exec sha256sum {} + | sort)" "$before"
    done
    mkdir "$T/home" "$T/empty"
    echo mine >"$T/home/file"
    refused "$T/home" "is neither empty nor an OCI layout" -- copy other:2 "oci:$T/home"
    assert_equal "$(ls -A "$T/home")" file
    refused "Not a directory" -- save --format oci -o "$T/busybox.tar" other:2
    good save --format oci -o "$T/empty" other:2
    assert_equal "$(find "$T/empty" "$T/layout" -name '*.new')" ""
}

@test "the name of a digest is no tag of a docker-archive, which docker would load nothing of" {
    busybox_image
    good save --format oci -o "$T/layout" busy:1
    local digest
    digest=$(jq -r '.manifests[0].digest' "$T/layout/index.json")
    jq --arg n "docker.io/library/busy@$digest" \
        '.manifests[0].annotations = {"io.containerd.image.name": $n}' "$T/layout/index.json" >"$T/index"
    cp "$T/index" "$T/layout/index.json"
    good rmi busy:1
    good load "$T/layout"
    assert_equal "$output" "Loaded image: busy@$digest"
    good save -o "$T/d.tar" "busy@$digest"
    assert_equal "$(tar -xOf "$T/d.tar" manifest.json | jq -c '.[0].RepoTags')" "[]"
    assert_equal "$(tar -xOf "$T/d.tar" index.json | jq -c '.manifests[0].annotations')" \
        "{\"io.containerd.image.name\":\"docker.io/library/busy@$digest\"}"
    good tag "busy@$digest" busy:2
    good save -o "$T/d.tar" busy:2
    assert_equal "$(tar -xOf "$T/d.tar" manifest.json | jq -c '.[0].RepoTags')" '["busy:2"]'
}

@test "two commands write to one layout at once: both images are in it" {
    busybox_image
    local i pids=()
    for i in {1..6}; do good tag busy:1 "busy:t$i"; done
    for i in {1..6}; do
        cais save --format oci -o "$T/layout" "busy:t$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    assert_equal "$(named "$T/layout" | jq -c sort)" '["t1","t2","t3","t4","t5","t6"]'
    good load "$T/layout"
}

@test "--output of a device, a pipe or a link goes there and leaves it what it is; what is beside a file stays" {
    busybox_image
    mknod "$T/null" c 1 3
    good save -o "$T/null" busy:1
    [ -c "$T/null" ] || fail "the device is gone: $(ls -l "$T/null")"
    mkfifo "$T/pipe"
    cat "$T/pipe" >"$T/piped.tar" 3>&- &
    good save -o "$T/pipe" busy:1
    wait $!
    [ -p "$T/pipe" ] || fail "the pipe is gone: $(ls -l "$T/pipe")"
    ln -s linked.tar "$T/link"
    good export -o "$T/link" busy:1
    [ -L "$T/link" ] || fail "the link is gone: $(ls -l "$T/link")"
    tar -tf "$T/linked.tar" >/dev/null
    echo mine >"$T/out.tar.new"
    good save -o "$T/out.tar" busy:1
    cmp "$T/out.tar" "$T/piped.tar"
    assert_equal "$(cd "$T" && cat out.tar*new && echo out.tar*new)" "mine
out.tar.new"
}

@test "skopeo and umoci read what cais writes" {
    requires skopeo umoci
    busybox_image
    local ids
    ids=$(diff_ids busy:1)
    cais save --format docker-archive -o "$T/d.tar" busy:1
    cais save --format oci-archive -o "$T/o.tar" busy:1
    cais save --format oci -o "$T/layout" busy:1
    skopeo --insecure-policy copy -q "docker-archive:$T/d.tar" "oci:$T/from-d:1"
    skopeo --insecure-policy copy -q "oci-archive:$T/o.tar" "oci:$T/from-o:1"
    for layout in "$T/from-d:1" "$T/from-o:1" "$T/layout:1"; do
        umoci unpack --image "$layout" "$T/u" >/dev/null 2>&1 || fail "umoci does not read $layout"
        cmp "$T/u/rootfs/bin/busybox" /bin/busybox
        rm -rf "$T/u"
        assert_equal "$(skopeo inspect --config "oci:$layout" | jq -c .rootfs.diff_ids)" "$ids"
    done
}

@test "cais reads what skopeo and umoci write, old docker-archives with links among them" {
    requires skopeo umoci
    $LAYERS image "$T/img" gzip
    skopeo --insecure-policy copy -q "oci:$T/img:t" "docker-archive:$T/d.tar:some/name:5"
    skopeo --insecure-policy copy -q "oci:$T/img:t" "oci-archive:$T/o.tar:tag"
    good load "$T/d.tar"
    assert_equal "$output" "Loaded image: some/name:5"
    good load "$T/o.tar"
    good load "$T/img"
    assert_equal "$(diff_ids some/name:5)" "$(diff_ids img:t)"
    # Before docker 25: a directory for each layer, equal ones as links.
    mkdir -p "$T/old/"{a,b}
    cp "$T/img/blobs/sha256/"* "$T/old/" 2>/dev/null || true
    printf 'x' >"$T/f" && tar -C "$T" -cf "$T/old/a/layer.tar" f && ln -s ../a/layer.tar "$T/old/b/layer.tar"
    local sum
    sum=$(sha256sum <"$T/old/a/layer.tar" | cut -d' ' -f1)
    jq -n --arg d "sha256:$sum" '{architecture: "amd64", os: "linux", rootfs: {type: "layers", diff_ids: [$d, $d]}}' >"$T/old/c.json"
    echo '[{"Config":"c.json","RepoTags":["old:1"],"Layers":["a/layer.tar","b/layer.tar"]}]' >"$T/old/manifest.json"
    tar -C "$T/old" -cf "$T/old.tar" a b c.json manifest.json
    good load "$T/old.tar"
    assert_equal "$(diff_ids old:1)" "[\"sha256:$sum\",\"sha256:$sum\"]"
}

@test "an archive in place: nothing is imported, at most a hundredth of it is written" {
    needs_index
    dd if=/dev/urandom of="$T/big" bs=1M count=20 status=none
    mkdir -p "$T/root/bin" "$T/root/etc" && cp "$T/big" "$T/root/big" && cp /bin/busybox "$T/root/bin/"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import "$T/rootfs.tar" big:1
    local archive size written place
    for format in docker-archive oci-archive oci; do cais save --format $format -o "$T/$format.out" big:1; done
    good rmi big:1
    size=$(stat -c %s "$T/docker-archive.out")
    for place in "$T/docker-archive.out" "oci-archive:$T/oci-archive.out" "$T/oci.out" "rootfs:$T/rootfs.tar"; do
        good bundle "$place" "$T/b"
        cmp "$T/b/rootfs/big" "$T/big" || fail "$place has other files"
        written=$(du -sx --block-size=1 --exclude=rootfs "$T/b" "$T/store" | awk '{ sum += $1 } END { print sum }')
        [ "$written" -le $((size / 100)) ] || fail "$place: $written bytes written"
        good unbundle "$T/b"
    done
    mkdir -p "$T/root/usr"
    good bundle "dir:$T/root" "$T/b"
    echo x >"$T/b/rootfs/usr/new"
    [ ! -e "$T/root/usr/new" ] || fail "the directory itself was written to"
    good unbundle "$T/b"
    assert_equal "$(cais images -q)" ""
}

@test "a compressed archive used by a bundle, and one with a layer of another digest" {
    $LAYERS image "$T/lie" none
    local blob
    blob=$(find "$T/lie/blobs" -size +100k)
    sed -i 's/root:x:0:0/toor:x:0:0/' "$blob"
    refused "sha256:" -- load "$T/lie"
    refused "sha256:" -- bundle "$T/lie" "$T/b"
    [ ! -e "$T/b" ] || fail "a bundle is left"
    cais prune >/dev/null
    assert_equal "$(left_overs)" ""
    $LAYERS image "$T/img" gzip
    good bundle --unpack "$T/img" "$T/b"
    [ -e "$T/b/rootfs/etc/passwd" ] || fail "no files"
    good unbundle "$T/b"
}

@test "export: an image's files and a bundle's as one tar, both the same" {
    busybox_image
    good bundle busy:1 "$T/b"
    cais export busy:1 >"$T/image.tar"
    cais export "$T/b" >"$T/bundle.tar"
    assert_equal "$(tar -tf "$T/image.tar" | sort)" "$(tar -tf "$T/bundle.tar" | sort)"
    mkdir "$T/x" && tar -C "$T/x" -xpf "$T/image.tar"
    diff <($TREE "$T/x" --no-directory-times | tail -n +2) <($TREE "$T/b/rootfs" --no-directory-times | tail -n +2)
    good import "$T/image.tar" flat:1
    good unbundle "$T/b"
}

@test "copy between formats, into the store and out of it" {
    busybox_image
    good copy busy:1 "oci:$T/layout"
    good copy "oci:$T/layout" "docker-archive:$T/d.tar"
    good copy "docker-archive:$T/d.tar" copied:2
    assert_equal "$(diff_ids copied:2)" "$(diff_ids busy:1)"
    refused "does not say which format" -- copy busy:1 "$T/somewhere"
}

@test "an archive of docker before 1.10 is refused by name, everywhere but as a root file system" {
    local id
    id=$(printf 'a%.0s' {1..64})
    mkdir -p "$T/v1/$id" && echo x >"$T/f" && tar -C "$T" -cf "$T/v1/$id/layer.tar" f
    echo 1.0 >"$T/v1/$id/VERSION"
    echo '{"id":"'"$id"'","created":"2014-01-01T00:00:00Z","os":"linux"}' >"$T/v1/$id/json"
    echo '{"old":{"1":"'"$id"'"}}' >"$T/v1/repositories"
    tar -C "$T/v1" -cf "$T/v1.tar" "$id" repositories
    gzip -k "$T/v1.tar"
    local place
    for place in "$T/v1.tar" "$T/v1.tar.gz" "docker-archive:$T/v1.tar"; do
        refused "before 1.10" "have docker 1.10 to 28 load it and save it again" -- load "$place"
        refused "before 1.10" -- bundle "$place" "$T/b"
        [ ! -e "$T/b" ] || fail "a bundle is left"
    done
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
    good import "$T/v1.tar" files:1
}

@test "archives that are none" {
    echo text >"$T/text"
    refused "the archive ends" -- load "$T/text"
    tar -C "$T" -cf "$T/other.tar" text
    refused "holds no image" "cais import" -- load "$T/other.tar"
    refused "No such file" -- load "$T/missing.tar"
    : >"$T/empty"
    refused "" -- load "$T/empty"
    mkdir "$T/dir" && echo '{"imageLayoutVersion":"1.0.0"}' >"$T/dir/oci-layout"
    refused "index.json" -- load "$T/dir"
    echo '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../etc/passwd","size":1}]}' >"$T/dir/index.json"
    refused "/manifests/0/digest" -- load "$T/dir"
}
