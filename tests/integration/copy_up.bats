# SPDX-License-Identifier: Apache-2.0
# tmpcopyup: a tmpfs that starts with what the image has at its place.
# copy_up_old_kernel.bats runs the same tests without the mount API of Linux 5.2 and later.
# Guests: old

load mounts

setup() {
    common_setup
    SEED=$BUNDLE/rootfs/seed
    mkdir "$SEED"
}

# What `show` prints of a tree must be the same before and in the copy.
show() { # DIR
    (cd "$1" && find . -mindepth 1 ! -type d -printf '%P %y %m %U %G %s %l %T@\n' &&
        find . -mindepth 1 -type d -printf '%P %y %m %U %G %T@\n') | sort
}

# The copy, seen from the host while the container runs.
running_copy() {
    args sleep 60
    ctr_running
    COPY=/proc/$(state_of pid)/root/seed
}

@test "tmpcopyup: what was there is copied in, the image stays as it is" {
    not_on crun "tested on the others"
    mkdir -p "$SEED/dir"
    echo kept >"$SEED/dir/file"
    ln -s dir "$SEED/link"
    chmod 640 "$SEED/dir/file"
    chown 7:8 "$SEED/dir/file"
    mount_of /seed tmpfs tmpfs tmpcopyup
    in_container 'cat /seed/link/file; stat -c "%a %u %g" /seed/dir/file; readlink /seed/link; rm -r /seed/dir; stat -f -c %T /seed'
    assert_equal "$output" "kept
640 7 8
dir
tmpfs"
    [ -e "$SEED/dir/file" ]
}

@test "tmpcopyup: type, mode, owner, time, size of everything" {
    only_estiva "the others copy less"
    mkdir -p "$SEED/deep/er/still" "$SEED/sticky" "$SEED/empty"
    chmod 1777 "$SEED/sticky"
    chmod 0 "$SEED/empty"
    head -c 3000000 /dev/urandom >"$SEED/deep/er/large"
    : >"$SEED/deep/nothing"
    echo x >"$SEED/setuid"
    chown 12:13 "$SEED/setuid" "$SEED/deep/er"
    chmod 6755 "$SEED/setuid"
    ln -s /etc/passwd "$SEED/absolute"
    ln -s ../../../../../../../../etc/passwd "$SEED/up"
    ln -s nowhere "$SEED/dangling"
    chown -h 3:4 "$SEED/dangling"
    mkfifo -m 620 "$SEED/fifo"
    mknod -m 600 "$SEED/device" c 1 3
    "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SEED/socket"
    find "$SEED" -depth -exec touch -h -d '2001-02-03 04:05:06.789' {} +
    mount_of /seed tmpfs tmpfs tmpcopyup
    show "$SEED" >"$T/before"
    running_copy
    show "$COPY" >"$T/copied"
    diff "$T/before" "$T/copied" || fail "the copy differs"
    cmp "$SEED/deep/er/large" "$COPY/deep/er/large"
    assert_equal "$(stat -c %t:%T "$COPY/device")" 1:3
    show "$SEED" | diff "$T/before" - || fail "the image has changed"
}

@test "tmpcopyup: hard links, holes, extended attributes" {
    only_estiva "the others copy each name, fill holes, drop attributes"
    requires python
    mkdir "$SEED/dir"
    echo linked >"$SEED/one"
    ln "$SEED/one" "$SEED/dir/two"
    truncate -s 1T "$SEED/sparse"
    echo end >>"$SEED/sparse"
    echo x >"$SEED/attributes"
    "$PYTHON" -c '
import os, sys
os.setxattr(sys.argv[1], "trusted.example", b"kept")
os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))' "$SEED/attributes"
    mount_of /seed tmpfs tmpfs tmpcopyup
    running_copy
    assert_equal "$(stat -c %i "$COPY/one")" "$(stat -c %i "$COPY/dir/two")"
    assert_equal "$(stat -c %h "$COPY/one")" 2
    assert_equal "$(stat -c %s "$COPY/sparse")" "$(stat -c %s "$SEED/sparse")"
    assert_equal "$(tail -c 4 "$COPY/sparse")" end
    attributes() { "$PYTHON" -c 'import os, sys; print({n: os.getxattr(sys.argv[1], n) for n in sorted(os.listxattr(sys.argv[1]))})' "$1"; }
    assert_equal "$(attributes "$COPY/attributes")" "$(attributes "$SEED/attributes")"
    assert_has "$(attributes "$COPY/attributes")" security.capability trusted.example
}

@test "tmpcopyup: mode and owner of the directory, unless the options say others" {
    not_on runc "leaves the owner"
    not_on crun "leaves the owner"
    chmod 2750 "$SEED"
    chown 5:6 "$SEED"
    mkdir -p "$BUNDLE/rootfs/said"
    chown 5:6 "$BUNDLE/rootfs/said"
    mount_of /seed tmpfs tmpfs tmpcopyup
    mount_of /said tmpfs tmpfs tmpcopyup mode=711 uid=9
    mount_of /new tmpfs tmpfs tmpcopyup
    in_container 'stat -c "%a %u %g" /seed /said; ls /new'
    assert_equal "$output" "2750 5 6
711 9 0"
}

@test "tmpcopyup with ro and other options: filled, then sealed" {
    not_on runc "1.1 can't write to it"
    not_on crun "tested on the others"
    echo kept >"$SEED/file"
    mount_of /seed tmpfs tmpfs tmpcopyup ro noexec nosuid private
    in_container 'cat /seed/file; touch /seed/x 2>&1 || echo refused; cat /proc/self/mountinfo'
    assert_has "$output" kept refused
    has_flags "$(flags_of /seed)" ro noexec nosuid
    lacks_flags "$(flags_of /seed)" nodev
}

@test "tmpcopyup: what does not fit is an error that names the mount and the file" {
    mkdir "$SEED/dir"
    head -c 3000000 /dev/zero >"$SEED/dir/large"
    mount_of /seed tmpfs tmpfs tmpcopyup size=1m
    assert_refused /mounts/7
    [ "$KIND" != estiva ] || assert_has "$stderr" '"dir/large"' "No space left"
    config '.mounts[-1].options = ["tmpcopyup", "nr_inodes=2"]'
    assert_refused /mounts/7
}

@test "tmpcopyup in a user namespace" {
    not_on runc "1.1 can't copy a fifo"
    not_on crun "tested on the others"
    requires userns
    echo kept >"$SEED/file"
    ln "$SEED/file" "$SEED/second"
    ln -s file "$SEED/link"
    mkfifo "$SEED/fifo"
    chown -R -h 100007:100008 "$SEED"
    mount_of /seed tmpfs tmpfs tmpcopyup
    config '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = .linux.uidMappings'
    in_container 'cat /seed/link; stat -c "%u %g" /seed/file; ls /seed'
    assert_equal "$output" "kept
7 8
fifo
file
link
second"
}

@test "tmpcopyup is an option of a tmpfs" {
    not_on runc "ignores it elsewhere"
    not_on crun "ignores it elsewhere"
    mkdir "$T/data"
    mount_of /seed none "$T/data" bind tmpcopyup
    assert_refused /mounts/7/options
    config '.mounts[-1] |= (.type = "proc" | .options = ["tmpcopyup"])'
    assert_refused /mounts/7/options
}

@test "tmpcopyup: directories without an end are an error" {
    only_estiva "a limit"
    "$PYTHON" -c '
import os, sys
os.chdir(sys.argv[1])
for _ in range(1200):
    os.mkdir("d")
    os.chdir("d")' "$SEED"
    mount_of /seed tmpfs tmpfs tmpcopyup
    assert_refused /mounts/7
}
