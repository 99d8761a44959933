#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images of an attacker, and who writes in a root file system while cais reads it.

load image

setup() {
    image_setup
    mkdir -p "$T/host/canary-dir"
    echo "host secret" >"$T/host/canary"
    HOST=$(host_tree)
}

host_tree() { $TREE "$T/host"; }
assert_host() { [ "$(host_tree)" = "$HOST" ] || fail "the host's files were changed: $(host_tree)"; }

hostile() { "$PYTHON" "$HERE/hostile_images.py" "$@"; }

assert_store_is_empty() {
    cais prune --all >/dev/null
    assert_equal "$(find "$T/store" -type f ! -name lock)" ""
}

# Each image below DIR is refused for its reason, read or used in place.
refuse_all() { # DIR LEAST
    local rule place count=0
    for rule in "$1"/*.rule; do
        place=${rule%.rule}
        [ -e "$place" ] || place+=.tar
        refused "$(cat "$rule")" "cais: " -- load "$place"
        refused "$(cat "$rule")" "cais: " -- bundle --unpack "$place" "$T/b"
        [ ! -e "$T/b" ] || fail "$place: a bundle is left"
        count=$((count + 1))
    done
    [ "$count" -ge "$2" ] || fail "only $count images"
    assert_host
    assert_store_is_empty
}

# Calls CHECK with the root file system of a bundle, made in each way.
in_each_way() { # IMAGE CHECK
    local how
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        [ "$how" != "--storage index bundle" ] || has_index || continue
        # shellcheck disable=SC2086
        good $how "$1" "$T/b"
        "$2" "$T/b/rootfs" || fail "$how: $2"
        good unbundle "$T/b"
    done
}

@test "CVE-2021-41190: a document that is a manifest and an index, or is not what it is called" {
    hostile confused "$T/evil"
    refuse_all "$T/evil" 6
}

@test "CVE-2021-21285: manifests and configurations that make no sense" {
    hostile malformed "$T/evil"
    refuse_all "$T/evil" 20
}

@test "CVE-2024-3727: what is no digest is never a path" {
    hostile digests "$T/evil"
    refuse_all "$T/evil" 30
}

@test "CVE-2014-9358: an archive's paths and links stay in it" {
    hostile archives "$T/evil"
    refuse_all "$T/evil" 8
}

@test "CVE-2021-20291 CVE-2014-9357: a layer that no decoder can finish, and formats that are not read" {
    local image count=0
    hostile packed "$T/evil"
    for image in "$T"/evil/*; do
        refused "cais: " -- load "$image"
        count=$((count + 1))
    done
    [ "$count" -ge 12 ] || fail "only $count images"
    assert_store_is_empty
}

@test "CVE-2017-14992: bombs of gzip and zstd end where the disk does, and leave its space" {
    local how
    mkdir "$T/store"
    mount -t tmpfs -o size=200m small "$T/store"
    at_end umount "$T/store"
    for how in gzip zstd; do
        hostile bomb "$T/$how" $how
        [ "$(du -s --block-size=1M "$T/$how" | cut -f1)" -lt 20 ] || fail "that is no bomb"
        refused "bytes that are free" "whether it is what it claims to be" -- load "$T/$how/bomb"
        cais prune >/dev/null
        assert_store_is_empty
        [ "$(df --output=used --block-size=1M "$T/store" | tail -n 1)" -lt 2 ] || fail "$how: space is lost"
    done
}

@test "CVE-2023-25153: a document of an archive that does not fit into memory" {
    local archive
    hostile huge "$T/evil"
    for archive in "$T"/evil/*.tar; do
        run --separate-stderr bash -c 'ulimit -v 700000; exec timeout 60 "$@"' - "$CAIS" --root "$T/store" --run-root "$T/run" load "$archive"
        assert_status 125
        assert_has "$stderr" "at most 4194304 are read"
    done
    assert_store_is_empty
}

@test "CVE-2014-6407 CVE-2014-9356 CVE-2021-32760: links of a layer that what comes later is written through" {
    hostile links "$T/evil" "$T/host"
    good load "$T/evil/links"
    inside() {
        assert_host
        # What the links say is below the root.
        [ "$(cat "$1$T/host/one")$(cat "$1$T/host/two")" = 12 ] || return 1
        [ "$(cat "$1/file")" = "a file now" ] && [ -f "$1/hard/x" ]
    }
    in_each_way links:t inside
    cais export links:t >"$T/out.tar"
    ! grep -q "host secret" "$T/out.tar" || fail "the export has the host's file"
    assert_host
}

@test "CVE-2021-29136: a layer whose root is no directory" {
    $LAYERS hostile "$T/evil"
    good import "$T/evil/root-is-a-link.tar" evil:1
    local how
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        # shellcheck disable=SC2086
        refused "is no directory" -- $how evil:1 "$T/b"
        [ ! -e "$T/b" ] || fail "a bundle is left"
    done
    refused "is no directory" -- export evil:1
}

@test "CVE-2023-2640 CVE-2023-32629: attributes of a layer are no orders to the overlay" {
    hostile overlay "$T/evil"
    good load "$T/evil/overlay"
    as_given() {
        local dir
        [ "$(cat "$1/plain")" = plain ] && [ "$(ls "$1/shown")" = file ] && [ "$(cat "$1/shown/file")" = lower ] || return 1
        for dir in "$1"/{trusted,user}.overlay.*/; do
            [ "$(ls "$dir")" = file ] && [ "$(cat "$dir/file")" = f ] || { echo "$dir: $(ls -l "$dir")"; return 1; }
        done
        "$PYTHON" -c 'import os, sys
for folder, dirs, files in os.walk(sys.argv[1]):
    for name in dirs + files:
        found = [a for a in os.listxattr(os.path.join(folder, name)) if "overlay" in a]
        if found: sys.exit(f"{name}: {found}")' "$1"
    }
    in_each_way overlay:t as_given
}

@test "CVE-2021-41091 CVE-2021-41103 CVE-2024-25621: another user of the host reaches no file of an image" {
    requires setpriv
    chmod 755 "$T"
    umask 0
    busybox_image
    chmod 4755 "$T/busybox.tar"
    good --storage unpacked bundle busy:1 "$T/b"
    good bundle --unpack busy:1 "$T/b2"
    local place
    # A bundle is where its owner wants it, and others may look at it as far as they come there; they change nothing.
    as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    as_other ls "$T" >/dev/null || fail "the other user does not come this far"
    for place in store run store/layers run/images; do
        ! as_other ls "$T/$place" >/dev/null 2>&1 || fail "$place is open: $(stat -c %A "$T/$place")"
    done
    for place in b b/rootfs b2 b2/rootfs b2/rootfs/bin; do
        ! as_other touch "$T/$place/new" 2>/dev/null || fail "$place is open: $(stat -c %A "$T/$place")"
    done
    ! as_other sh -c "echo >>'$T/b2/config.json'" 2>/dev/null || fail "config.json is open"
    good unbundle "$T/b" "$T/b2"
}

@test "CVE-2018-15664 CVE-2019-10152 CVE-2019-18466: directories that become links while they are read" {
    local rounds=15 round swaps good=0 pid
    [ "${ESTIVA_FULL:-0}" != 1 ] || rounds=200
    busybox_image
    good --storage unpacked bundle busy:1 "$T/b"
    mkdir -p "$T/b/rootfs/srv/dir/canary-dir"
    echo own >"$T/b/rootfs/srv/dir/canary"
    ln -s "$T/host" "$T/b/rootfs/srv/link"
    "$BUILD/tests/programs/exchanger" "$T/b/rootfs/srv/dir" "$T/b/rootfs/srv/link" "$T/swaps" 3>&- &
    pid=$!
    at_end "kill $pid 2>/dev/null || true"
    wait_for 10 test -e "$T/swaps"
    for ((round = 0; round < rounds; round++)); do
        try commit "$T/b" raced:1
        [ "$status" = 0 ] && good=$((good + 1)) || assert_status 125
        try diff --content "$T/b"
        assert_lacks "$output$stderr" "host secret"
        cais export "$T/b" >"$T/out.tar" || true
        ! grep -aq "host secret" "$T/out.tar" "$T"/store/layers/*/tar || fail "the host's file was taken in"
    done
    kill "$pid"
    wait "$pid" || true
    swaps=$(cat "$T/swaps")
    [ "$swaps" -gt "$rounds" ] && [ "$good" -gt 0 ] || fail "$swaps swaps, $good commits"
    grep -aq "own" "$T"/store/layers/*/tar || fail "nothing of the directory was ever taken in"
    assert_host
    good unbundle "$T/b"
}

@test "CVE-2019-14271: users of an image are found without the host's or the image's name service" {
    requires strace
    local command
    mkdir -p "$T/root/etc" "$T/root/lib/x86_64-linux-gnu" "$T/root/home/ship"
    echo 'ship:x:1000:1001::/home/ship:/bin/sh' >"$T/root/etc/passwd"
    echo 'passwd: evil files' >"$T/root/etc/nsswitch.conf"
    cp /bin/busybox "$T/root/lib/x86_64-linux-gnu/libnss_evil.so.2"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import -c 'USER ship' -c 'CMD ["true"]' "$T/rootfs.tar" named:1
    for command in "bundle named:1 $T/b" "diff $T/b" "commit $T/b named:2" "export $T/b" "unbundle $T/b"; do
        # shellcheck disable=SC2086
        strace -f -qq -o "$T/trace" -e trace=open,openat,openat2,execve "$CAIS" --root "$T/store" --run-root "$T/run" $command >"$T/out"
        # The image's own files are data: below a descriptor, and never by the loader.
        ! grep -E '"/.*(libnss|nsswitch)' "$T/trace" || fail "$command asks the name service"
        [ "$(grep -c execve "$T/trace")" = 1 ] || fail "$command starts a program: $(grep execve "$T/trace")"
        [[ $command != bundle* ]] || grep -q passwd "$T/trace" || fail "the image's passwd was not read"
    done
    assert_equal "$(cais inspect named:2 | jq -r '.[0].Config.User')" ship
}

@test "CVE-2024-40635: an image's user that is no user id is refused, never root" {
    local user
    mkdir -p "$T/root/etc"
    echo 'root:x:0:0::/:/bin/sh' >"$T/root/etc/passwd"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    for user in 2147483648 4294967295 4294967296 18446744073709551616 -1 1.5 0x0 1:4294967296 0:99999999999; do
        good import -c "USER $user" "$T/rootfs.tar" user:1
        refused "$(cut -d: -f2- <<<"$user")" -- bundle user:1 "$T/b"
        [ ! -e "$T/b" ] || fail "a bundle is left"
    done
    good import -c "USER 2147483647:2147483647" "$T/rootfs.tar" user:1
    good bundle user:1 "$T/b"
    assert_equal "$(jq -c '[.process.user.uid, .process.user.gid]' "$T/b/config.json")" '[2147483647,2147483647]'
    good unbundle "$T/b"
}

# The groups of a process, by number; the first of them is the effective one.
groups_in() { sed -n 's/^Gid:\t[0-9]*\t\([0-9]*\).*/\1/p; s/^Groups:[\t ]*\(.*[0-9]\) *$/\1/p' | tr '\n' ' '; }

@test "CVE-2022-36109 CVE-2023-25173: supplementary groups are the image's for that user, the primary one among them" {
    local runtime user groups
    requires runc
    at_end remove_all
    cp -a "$(template_rootfs)" "$T/root"
    printf 'root:x:0:0:root:/root:/bin/sh\nship:x:1000:1000::/home:/bin/sh\ntwin:x:1000:1000::/:/bin/sh\n' >"$T/root/etc/passwd"
    printf 'root:x:0:\nwheel:x:10:root,ann\nship:x:1000:\ncrew:x:2000:ann,ship\nkeys:x:3000:ship\nother:x:4000:shipyard,twin\n' >"$T/root/etc/group"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import -c 'USER ship' "$T/rootfs.tar" ship:1
    good import "$T/rootfs.tar" root:1
    for runtime in "$BUILD/estiva" runc; do
        run_groups() { # IMAGE OPTION...
            good run --rm --network none --runtime "$runtime" "${@:2}" "$1" cat /proc/self/status
            groups_in <<<"$output"
        }
        assert_equal "$(run_groups ship:1)" "1000 1000 2000 3000 "
        assert_equal "$(run_groups root:1)" "0 0 10 "
        while read -r user groups; do
            assert_equal "$user: $(run_groups root:1 -u "$user")" "$user: $groups "
        done <<'END'
ship 1000 1000 2000 3000
1000 1000 1000 2000 3000
root 0 0 10
0 0 0 10
7 0 0
7:9 9 9
ship:wheel 10 10
0:4000 4000 4000
END
        assert_equal "$(run_groups ship:1 --group-add other --group-add 5)" "1000 5 1000 2000 3000 4000 "
        good run -d --name groups --network none --runtime "$runtime" --group-add 5 root:1 sleep 100
        good exec groups cat /proc/self/status
        assert_equal "$(groups_in <<<"$output")" "0 0 5 10 "
        good exec -u ship groups cat /proc/self/status
        assert_equal "$(groups_in <<<"$output")" "1000 5 1000 2000 3000 "
        good exec -u ship:wheel groups cat /proc/self/status
        assert_equal "$(groups_in <<<"$output")" "10 5 10 "
        good rm -f groups
    done
}

@test "CVE-2022-36109 CVE-2023-25173: what a group is refused stays refused when a program changes the group" {
    at_end remove_all
    cp -a "$(template_rootfs)" "$T/root"
    # Owned by the user's group, which alone may not read it; and a program that runs as another group.
    echo "group secret" >"$T/root/denied"
    chown 0:1000 "$T/root/denied"
    chmod 604 "$T/root/denied"
    cp "$PROGRAMS/opened" "$T/root/bin/opened"
    chown 0:5 "$T/root/bin/opened"
    chmod 2755 "$T/root/bin/opened"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import "$T/rootfs.tar" denied:1
    good run --rm --network none -u ship denied:1 opened /denied
    assert_equal "$output" "5 denied"
    # As anybody else may.
    good run --rm --network none -u 7:7 denied:1 opened /denied
    assert_equal "$output" "5 opened"
    good run -d --name one --network none denied:1 sleep 100
    good exec -u ship one opened /denied
    assert_equal "$output" "5 denied"
}

@test "CVE-2026-61801: passwd of an image that never ends, waits, or is the host's" {
    local kind file
    for kind in link fifo device huge line many; do
        for file in passwd group; do
            rm -rf "$T/evil"
            mkdir -p "$T/evil/etc"
            echo 'ship:x:7:7::/:/bin/sh' >"$T/evil/etc/passwd"
            rm -f "$T/evil/etc/$file"
            case $kind in
            link) ln -s "../../../../../../../$T/outside" "$T/evil/etc/$file"; echo 'ship:x:66:66:ship::' >"$T/outside" ;;
            fifo) mkfifo "$T/evil/etc/$file" ;;
            device) mknod "$T/evil/etc/$file" c 1 5 ;;
            huge) truncate -s 5G "$T/evil/etc/$file" ;;
            line) head -c 3000000 /dev/zero | tr '\0' x >"$T/evil/etc/$file" ;;
            many) yes 'ship:x:66' | head -c 30000000 >"$T/evil/etc/$file" ;;
            esac
            tar -C "$T/evil" --sparse -cf "$T/evil.tar" .
            good import -c 'USER ship:ship' "$T/evil.tar" evil:1
            refused "cais: " -- bundle --unpack evil:1 "$T/b"
            assert_lacks "$stderr" 66
            [ ! -e "$T/b" ] || fail "$kind: a bundle is left"
        done
    done
}

@test "CVE-2022-23648: a volume of the image that is a link to the host" {
    at_end remove_all
    cp -a "$(template_rootfs)" "$T/root"
    ln -s "$T/host" "$T/root/data"
    ln -s "../../../../../../../../../..$T/host" "$T/root/data2"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import -c 'VOLUME /data /data2 /../../..'"$T/host" "$T/rootfs.tar" vol:1
    local volume
    for volume in "" "-v named:/data" "-v other:/data2"; do
        # shellcheck disable=SC2086
        try run --rm --network none $volume vol:1 sh -c 'cat /data/canary /data2/canary; echo end; echo x >/data/new; echo x >/data2/new'
        assert_has "$output" end
        assert_lacks "$output" "host secret"
        assert_host
    done
    ! grep -r "host secret" "$T/store/volumes" 2>/dev/null || fail "a volume has the host's file"
}
