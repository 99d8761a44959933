# SPDX-License-Identifier: Apache-2.0
# cais commit: from what was changed in a bundle to an image, and back to a bundle with the same files.

load image

setup() { image_setup; }

# The configuration of an image, by a filter.
config_of() { cais inspect "$1" | jq -c ".[0]$2"; }

tree_of() { $TREE "$1" --no-directory-times; }

# Changes of every kind; the same at any time.
change_all() { # ROOTFS
    local root=$1
    mkdir -p "$root/srv/data/empty" "$root/srv/one"
    echo data >"$root/srv/data/file"
    ln "$root/srv/data/file" "$root/srv/data/second"
    ln -s ../data "$root/srv/one/link"
    mkfifo "$root/srv/fifo"
    mknod "$root/srv/null" c 1 3
    dd if=/dev/zero of="$root/srv/sparse" bs=1 count=0 seek=3000000 2>/dev/null
    echo "end" >>"$root/srv/sparse"
    chown 33:44 "$root/srv/data" && chmod 2750 "$root/srv/data"
    "$PYTHON" -c 'import os, sys
os.setxattr(sys.argv[1], "user.note", b"hello")
os.setxattr(sys.argv[2], "security.capability", bytes.fromhex("0100000200200000" + 24 * "0"))' "$root/srv/data/file" "$root/srv/sparse"
    touch "$root/srv/"$'new\nline' "$root/srv/$(printf 'n%.0s' {1..200})"
    rm -rf "${root:?}/usr" "$root/etc/group"
    echo x >>"$root/etc/passwd"
    find "$root/srv" "$root/etc" -newermt 2020-01-01 -exec touch -h -d @1500000000 {} +
}

@test "commit and bundle again: the same files, in both tiers and unpacked, for estiva, runc and crun" {
    requires runc crun
    busybox_image
    local how runtime number=1
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        [ "$how" != "--storage index bundle" ] || has_index || continue
        number=$((number + 1))
        # shellcheck disable=SC2086
        good $how busy:1 "$T/b"
        change_all "$T/b/rootfs"
        tree_of "$T/b/rootfs" >"$T/expected"
        good commit "$T/b" "busy:$number"
        assert_match "$output" "^sha256:[0-9a-f]{64}$"
        assert_equal "$stderr" ""
        good unbundle "$T/b"
        # shellcheck disable=SC2086
        good $how "busy:$number" "$T/b"
        tree_of "$T/b/rootfs" >"$T/found"
        diff "$T/expected" "$T/found" || fail "$how: another tree"
        good diff "$T/b"
        assert_equal "$output" ""
        jq '.process.args = ["cat", "/srv/one/link/second"]' "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
        for runtime in "${RUNTIMES[@]}"; do
            run_bundle "$runtime" "$T/b"
            assert_equal "$output" data
        done
        good unbundle "$T/b"
    done
    assert_equal "$(left_overs)" ""
    assert_nothing_left
}

@test "umoci unpacks the tree that was committed" {
    requires umoci
    busybox_image
    good bundle busy:1 "$T/b"
    change_all "$T/b/rootfs"
    good commit "$T/b" busy:2
    tree_of "$T/b/rootfs" >"$T/expected"
    good save --format oci -o "$T/oci" busy:2
    umoci unpack --image "$T/oci:2" "$T/u" >/dev/null 2>&1
    tree_of "$T/u/rootfs" >"$T/found"
    diff "$T/expected" "$T/found" || fail "umoci has another tree"
    good verify
    good unbundle "$T/b"
}

@test "the same changes give the same image, by SOURCE_DATE_EPOCH and in any tier" {
    busybox_image
    local how ids=()
    export SOURCE_DATE_EPOCH=1600000000
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        [ "$how" != "--storage index bundle" ] || has_index || continue
        # shellcheck disable=SC2086
        good $how busy:1 "$T/b"
        change_all "$T/b/rootfs"
        touch "$T/b/rootfs/root/now" # newer than the epoch: becomes it
        good commit "$T/b" "busy:2"
        ids+=("$output")
        good unbundle "$T/b"
    done
    [ "${#ids[@]}" -gt 1 ] || fail "one way only"
    assert_equal "$(printf '%s\n' "${ids[@]}" | sort -u | wc -l)" 1
    assert_equal "$(config_of busy:2 .Created)" '"2020-09-13T12:26:40Z"'
    SOURCE_DATE_EPOCH=soon refused SOURCE_DATE_EPOCH '"soon"' -- import "$T/busybox.tar" x:1
}

@test "changes to the configuration, in a Dockerfile's words" {
    busybox_image
    good bundle busy:1 "$T/b"
    good commit -c 'CMD ["sleep", "9"]' -c 'ENV A=1 B="two words"' -c ENTRYPOINT='["/bin/sh", "-c"]' -c 'CMD ["last"]' \
        -c 'WORKDIR /srv' -c 'WORKDIR data' -c 'USER ship' -c 'EXPOSE 80 53/udp' -c 'LABEL k=v' -c 'STOPSIGNAL SIGQUIT' \
        --author Me -m 'a comment' "$T/b" busy:2
    local c='config_of busy:2'
    assert_equal "$($c .Config.Entrypoint)" '["/bin/sh","-c"]'
    assert_equal "$($c .Config.Cmd)" '["last"]'
    assert_equal "$($c .Config.Env)" '["A=1","B=two words"]'
    assert_equal "$($c .Config.WorkingDir)" '"/srv/data"'
    assert_equal "$($c .Config.User)" '"ship"'
    assert_equal "$($c '.Config.ExposedPorts|keys')" '["53/udp","80/tcp"]'
    assert_equal "$($c .Config.Labels.k)" '"v"'
    assert_equal "$($c .Config.StopSignal)" '"SIGQUIT"'
    good history --no-trunc --format json busy:2
    assert_equal "$(jq -r '.Comment' <<<"$output" | head -1)" "a comment"
    # Nothing was changed: no layer, but a step of the history.
    assert_equal "$(config_of busy:2 '.RootFS.diff_ids|length')" 1
    assert_equal "$(wc -l <<<"$output")" 2
    good bundle busy:2 "$T/b2"
    assert_equal "$(jq -c '[.process.cwd, .process.user.uid, .process.args]' "$T/b2/config.json")" \
        '["/srv/data",1000,["/bin/sh","-c","last"]]'
    good unbundle "$T/b" "$T/b2"
}

@test "what is no change is named, and no image is made" {
    busybox_image
    good bundle busy:1 "$T/b"
    echo 1 >"$T/b/rootfs/root/1"
    local change
    for change in 'RUN true' 'EXPOSE many' 'ENV x' 'STOPSIGNAL NO'; do
        refused "change" "\"$change\"" -- commit -c "$change" "$T/b" busy:2
    done
    refused "capital letters" -- commit "$T/b" UPPER:1
    refused "is no bundle that cais made" -- commit "$T" busy:2
    assert_equal "$(cais images -q | wc -l)" 1
    assert_equal "$(ls "$T/store/layers" | wc -l)" 1
    assert_equal "$(left_overs)" ""
    good unbundle "$T/b"
}

@test "import --change" {
    busybox_image
    good import --change 'CMD ["ls"]' -c 'ENV A=b' "$T/busybox.tar" own:1
    assert_equal "$(config_of own:1 .Config.Cmd)" '["ls"]'
    assert_equal "$(config_of own:1 .Config.Env)" '["A=b"]'
    refused '"RUN x"' -- import --change 'RUN x' "$T/busybox.tar" own:2
    assert_equal "$(cais images | grep -c own)" 1
}

@test "--dry-run tells size, caches, volumes and likely secrets, and makes nothing" {
    busybox_image
    good import -c 'VOLUME /data' "$T/busybox.tar" vol:1
    good bundle vol:1 "$T/b"
    good commit --dry-run "$T/b"
    assert_equal "$output" "no new layer: nothing was changed"
    local root=$T/b/rootfs before
    mkdir -p "$root/var/lib/apt/lists" "$root/data" "$root/root/.ssh" "$root/srv"
    head -c 300000 /dev/zero >"$root/var/lib/apt/lists/index"
    echo lost >"$root/data/lost"
    printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n' >"$root/root/.ssh/id"
    echo ls >"$root/root/.ash_history"
    head -c 500000 /dev/urandom >"$root/srv/large"
    rm "$root/etc/group"
    before=$(find "$T/store" | sort | cksum)
    good commit --dry-run "$T/b" vol:2
    assert_has "$output" "11 added" "1 deleted" "500 kB  /srv/large" "300 kB  /var/lib/apt/lists" "5 B  /data" \
        "/root/.ssh/id: a private key" "/root/.ash_history: what was typed at a prompt"
    assert_equal "$(find "$T/store" | sort | cksum)" "$before"
    local size=${output#layer: }
    good commit "$T/b" vol:2
    assert_equal "${size%% kB*}" "$(cais history --format json vol:2 | jq -s '.[0].Size / 100 | round / 10')"
    # What is left out is neither in the layer nor in what is told of it.
    good commit --dry-run --clean --exclude .ash_history --exclude '/root/.ssh' --exclude 'srv/l*' --exclude /data "$T/b"
    assert_lacks "$output" apt ssh ash srv data
    good commit --clean --exclude '.ash*' --exclude '/root/.ssh' "$T/b" vol:3
    good diff vol:3 vol:1
    assert_has "$output" "A /srv/large" "D /etc/group"
    assert_lacks "$output" lists/ .ssh ash
    good unbundle "$T/b"
}

@test "a layer in place, a directory in place: commit takes them in" {
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    good bundle "rootfs:$T/busybox.tar" "$T/b"
    echo 1 >"$T/b/rootfs/root/1"
    good commit "$T/b" tar:1
    good unbundle "$T/b"
    cp -a "$(template_rootfs)" "$T/tree"
    good bundle "dir:$T/tree" "$T/b"
    echo 1 >"$T/b/rootfs/root/1"
    good commit "$T/b" tree:1
    good unbundle "$T/b"
    rm -rf "$T/tree" "$T/busybox.tar"
    local name
    for name in tar:1 tree:1; do
        assert_equal "$(config_of $name '.RootFS.diff_ids|length')" 2
        good bundle $name "$T/b"
        assert_equal "$(cat "$T/b/rootfs/root/1")" 1
        cmp "$T/b/rootfs/bin/busybox" /bin/busybox
        good unbundle "$T/b"
    done
    good verify
}

@test "a socket, a name that means a deletion, and who writes meanwhile are no obstacle" {
    requires python
    busybox_image
    good bundle busy:1 "$T/b"
    "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/b/rootfs/root/s"
    touch "$T/b/rootfs/root/.wh.evil" "$T/b/rootfs/root/good"
    good commit "$T/b" busy:2
    assert_has "$stderr" "is a socket" ".wh.evil\" has a name that means a deletion"
    good diff busy:2
    assert_equal "$output" "C /root
A /root/good"
    # A writer that appends, truncates, renames and removes all the time.
    (cd "$T/b/rootfs/root" && while [ -e go ]; do
        for i in 1 2 3 4 5; do head -c 100000 /dev/zero >>grow; : >grow; mv grow other; mkdir -p "d$i"; rm -rf d$((i - 1)); done
    done) 3>&- &
    local writer=$!
    touch "$T/b/rootfs/root/go"
    for _ in 1 2 3; do good commit "$T/b" busy:3; done
    rm "$T/b/rootfs/root/go"
    wait $writer || true
    good verify
    good unbundle "$T/b"
    assert_equal "$(left_overs)" ""
}

@test "no room for the layer: a clear error, nothing is left" {
    mkdir "$T/store"
    mount -t tmpfs -o size=110m small "$T/store"
    at_end umount "$T/store"
    busybox_image
    good --storage unpacked bundle busy:1 "$T/b"
    head -c 60000000 /dev/zero >"$T/b/rootfs/root/large"
    local before
    before=$(find "$T/store" -type f | sort)
    refused "bytes that are free" "make room" -- commit "$T/b" busy:2
    assert_equal "$(left_overs)" ""
    assert_equal "$(find "$T/store" -type f | sort)" "$before"
    good unbundle "$T/b"
}
