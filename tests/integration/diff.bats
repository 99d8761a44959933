# SPDX-License-Identifier: Apache-2.0
# cais diff: what a container changed, and how images differ.

load image

setup() { image_setup; }

# A bundle of busy:1 in every way that there is, and what is done in it by a command of the host's shell.
each_way() { # COMMAND
    local how
    for how in "--storage index bundle" "--storage unpacked bundle" "bundle --unpack"; do
        [ "$how" != "--storage index bundle" ] || has_index || continue
        # shellcheck disable=SC2086
        good $how busy:1 "$T/b"
        "$1" "$how"
        good unbundle "$T/b"
    done
}

change_some() {
    local root=$T/b/rootfs
    echo new >"$root/etc/new"
    echo more >>"$root/etc/passwd"
    mkdir -p "$root/srv/deep/er"
    touch "$root/srv/deep/er/file"
    rm -rf "${root:?}/usr"
    chmod 700 "$root/root"
    # Touched, and the same again: copied up, but no change.
    local group=$root/etc/group
    cp -a "$group" "$T/group" && cat "$T/group" >"$group" && touch -r "$T/group" "$group"
    ln -s /etc/new "$root/etc/link"
}

changed_lines() {
    good diff "$T/b"
    assert_equal "$output" ""
    change_some
    good diff "$T/b"
    assert_equal "$output" "C /etc
A /etc/link
A /etc/new
C /etc/passwd
C /root
A /srv
A /srv/deep
A /srv/deep/er
A /srv/deep/er/file
D /usr"
}

@test "diff of a bundle: parents that changed, a deleted tree once, sorted; what is the same again is no change" {
    busybox_image
    each_way changed_lines
}

after_a_run() {
    jq '.process.args = ["sh", "-c", "echo x >/root/file; rm -f /etc/group"]' "$T/b/config.json" >"$T/c" && cp "$T/c" "$T/b/config.json"
    local runtime
    for runtime in "${RUNTIMES[@]}"; do
        run_bundle "$runtime" "$T/b"
        assert_status 0
        good diff "$T/b"
        assert_equal "$output" "C /etc
D /etc/group
C /root
A /root/file"
    done
}

@test "after a run by estiva, runc and crun no internals of theirs show" {
    requires runc crun
    busybox_image
    each_way after_a_run
}

@test "new files are told from their directory; one that is old is looked at" {
    requires strace
    busybox_image
    good bundle busy:1 "$T/b"
    mkdir "$T/b/rootfs/w"
    (cd "$T/b/rootfs/w" && seq 500 | xargs touch)
    echo more >>"$T/b/rootfs/etc/passwd"
    strace -f -o "$T/calls" -e trace=newfstatat "$CAIS" --root "$T/store" --run-root "$T/run" diff "$T/b" >"$T/lines"
    assert_equal "$(grep -c '^A /w/' "$T/lines")" 500
    assert_equal "$(grep -c '^C /etc/passwd$' "$T/lines")" 1
    (($(wc -l <"$T/calls") < 100)) || fail "$(tail "$T/calls")"
    good unbundle "$T/b"
}

@test "--size, --json, --content" {
    busybox_image
    good bundle busy:1 "$T/b"
    printf 'one\ntwo\n' >"$T/b/rootfs/root/text"
    printf 'a\0b' >"$T/b/rootfs/root/binary"
    sed -i 's/^ship:.*/ship:x:7:7::\/:\/bin\/sh/' "$T/b/rootfs/etc/passwd"
    rm "$T/b/rootfs/etc/group"
    good diff --size "$T/b"
    assert_has "$output" "A       8 B /root/text" "D           /etc/group"
    good diff --json "$T/b"
    assert_equal "$(jq -c 'select(.path == "/root/text")' <<<"$output")" \
        '{"kind":"A","path":"/root/text","type":"file","size":8,"sizeBefore":0}'
    assert_equal "$(jq -r 'select(.kind == "D") | .path' <<<"$output")" /etc/group
    good diff --content "$T/b"
    assert_has "$output" "--- /etc/passwd
+++ /etc/passwd
@@ -1,2 +1,2 @@
 root:" "+ship:x:7:7::/:/bin/sh" "--- /dev/null
+++ /root/text
@@ -0,0 +1,2 @@
+one
+two" "A /root/binary
not compared line by line: no text, or a large one" "+++ /dev/null"
    good diff --json --content "$T/b"
    assert_equal "$(jq -r 'select(.path == "/root/text") | .diff' <<<"$output" | tail -3 | head -2)" "+one
+two"
    good unbundle "$T/b"
}

# Files and the lists that dpkg and pacman keep of them.
install_by_hand() { # ROOT PACKAGE PATH...
    local root=$1 package=$2 path
    shift 2
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/pacman/local/p-$package-1-1"
    printf '%%FILES%%\n' >"$root/var/lib/pacman/local/p-$package-1-1/files"
    for path in "$@"; do
        mkdir -p "$root/${path%/*}"
        echo "$package" >"$root/$path"
        printf '%s\n' "${path%/*}" "$path" >>"$root/var/lib/dpkg/info/$package.list"
        echo "$package" >"$root/$path.p"
        echo "${path#/}.p" >>"$root/var/lib/pacman/local/p-$package-1-1/files"
    done
}

change_packages() {
    local root=$T/b/rootfs
    install_by_hand "$root" new /opt/new/1 /opt/new/2
    rm -r "$root/opt/old" "$root/var/lib/dpkg/info/old.list" "$root/var/lib/pacman/local/p-old-1-1"
    echo by-hand >"$root/etc/kept.conf"
    echo x >"$root/root/mine"
    good diff --by-package "$T/b"
    assert_equal "$(sed 's/  */ /g' <<<"$output")" "packages added: 2
 new 2 files
 p-new 2 files
packages deleted: 2
 old 1 file
 p-old 0 files
packages with changed files: 1
 kept
 C /etc/kept.conf
of no package: 1
 A /root/mine
package managers' own files: 4"
    good diff --by-package --json "$T/b"
    assert_equal "$(jq -r 'select(.path == "/opt/new/1.p" or .path == "/etc/kept.conf") | .package' <<<"$output" | paste -sd ' ')" "kept p-new"
}

@test "--by-package: what was installed, what was changed by hand" {
    $LAYERS rootfs "$T/busybox.tar" "$(template_rootfs)"
    mkdir "$T/base" && tar -C "$T/base" -xf "$T/busybox.tar"
    install_by_hand "$T/base" old /opt/old/file
    install_by_hand "$T/base" kept /etc/kept.conf
    tar -C "$T/base" -cf "$T/base.tar" .
    good import "$T/base.tar" busy:1
    each_way change_packages
    refused --by-package -- diff --by-package --size busy:1
}

@test "names of an attacker do not reach the terminal" {
    busybox_image
    good bundle busy:1 "$T/b"
    touch "$T/b/rootfs/root/"$'\e[31mred\n\xff' "$T/b/rootfs/root/été"
    good diff "$T/b"
    assert_equal "$output" "C /root
A /root/\\x1b[31mred\\x0a\\xff
A /root/été"
    good diff --json "$T/b"
    jq -e . <<<"$output" >/dev/null
    good unbundle "$T/b"
}

@test "an image: what its last layer did; two images; a bundle and an image" {
    busybox_image
    good bundle busy:1 "$T/b"
    echo 1 >"$T/b/rootfs/root/1"
    good commit "$T/b" busy:2
    good diff busy:2
    assert_equal "$output" "C /root
A /root/1"
    good diff busy:2 busy:1
    assert_equal "$output" "C /root
A /root/1"
    good diff busy:1 busy:2
    assert_equal "$output" "C /root
D /root/1"
    good diff busy:1 busy:1
    assert_equal "$output" ""
    rm "$T/b/rootfs/root/1"
    good diff "$T/b" busy:2
    assert_equal "$output" "C /root
D /root/1"
    good diff "$T/b" busy:1
    assert_equal "$output" ""
    refused "no such image" -- diff "$T/b" nothing:1
    refused "is no bundle that cais made" -- diff "$T"
    good unbundle "$T/b"
}

@test "files over directories, directories over files, opaque directories, whiteouts of a lower layer" {
    busybox_image
    good bundle busy:1 "$T/b"
    local root=$T/b/rootfs
    rm -rf "${root:?}/usr" && echo file >"$root/usr"
    rm "$root/etc/group" && mkdir "$root/etc/group" && touch "$root/etc/group/x"
    rm -rf "$root/root" && mkdir "$root/root"
    good diff "$T/b"
    assert_has "$output" "C /usr" "C /etc/group" "A /etc/group/x"
    assert_lacks "$output" "/usr/"
    good commit "$T/b" busy:2
    good unbundle "$T/b"
    local how
    for how in index unpacked; do
        [ $how != index ] || has_index || continue
        good --storage $how bundle busy:2 "$T/b"
        good diff "$T/b"
        assert_equal "$output" ""
        [ -f "$T/b/rootfs/usr" ] && [ -f "$T/b/rootfs/etc/group/x" ] && [ -d "$T/b/rootfs/root" ] || fail "$how is another tree"
        rm -r "$T/b/rootfs/etc/group"
        mkdir -p "$T/b/rootfs/etc"
        good diff "$T/b"
        assert_equal "$output" "C /etc
D /etc/group"
        good unbundle "$T/b"
    done
}
