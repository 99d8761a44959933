# SPDX-License-Identifier: Apache-2.0
# Every word that may be an option of a mount: what it does to the mount, seen from inside; where nothing can be seen,
# what the kernel is told.
# mount_options_old_kernel.bats runs the same tests without the mount API of Linux 5.2 and later.
# Guests: old

load mounts

# A tmpfs of the host with another below it, both mounted with these options.
source_with() { # OPTIONS
    mkdir -p "$T/own-src"
    mount -t tmpfs -o "$1" own-src "$T/own-src"
    at_end umount "$T/own-src"
    mkdir "$T/own-src/sub" 2>/dev/null || { mount -o remount,rw "$T/own-src" && mkdir "$T/own-src/sub" && mount -o "remount,$1" "$T/own-src"; }
    mount -t tmpfs -o "$1" own-sub "$T/own-src/sub"
    at_end umount "$T/own-src/sub"
}

# SOURCE-FLAGS | OPTIONS | flags that it then has | that it has not
on_a_mount="
ro|rw|rw|ro
nosuid|suid||nosuid
nodev|dev||nodev
noexec|exec||noexec
noatime|atime|relatime|noatime
noatime|relatime|relatime|noatime
noatime|norelatime|relatime|noatime
noatime|strictatime||noatime,relatime
strictatime|nostrictatime|relatime|
nodiratime|diratime||nodiratime
rw|ro|ro|
rw|nosuid,nodev,noexec|nosuid,nodev,noexec|
rw|noatime|noatime|relatime
rw|nodiratime|nodiratime|
rw|strictatime||relatime
rw|ro,rw|rw|ro
rw|nosuid,suid||nosuid
rw|defaults|rw|nosuid,nodev,noexec"

recursive="
ro|rrw|rw|ro
nosuid|rsuid||nosuid
nodev|rdev||nodev
noexec|rexec||noexec
noatime|ratime|relatime|noatime
noatime|rrelatime|relatime|noatime
noatime|rnorelatime|relatime|noatime
noatime|rstrictatime||noatime,relatime
strictatime|rnostrictatime|relatime|
nodiratime|rdiratime||nodiratime
rw|rro|ro|
rw|rnosuid,rnodev,rnoexec|nosuid,nodev,noexec|
rw|rnoatime|noatime|relatime
rw|rnodiratime|nodiratime|
rw|rnosymfollow|nosymfollow|
nosymfollow|rsymfollow||nosymfollow
rw|rnosymfollow,rsymfollow||nosymfollow"

check_flags() { # MOUNT-POINT HAS LACKS
    [ -z "$2" ] || has_flags "$(flags_of "$1")" ${2//,/ }
    [ -z "$3" ] || lacks_flags "$(flags_of "$1")" ${3//,/ }
}

each_of() { # TABLE BIND: a container for each row
    local flags options has lacks words
    while IFS='|' read -r flags options has lacks; do
        [ -n "$options" ] || continue
        if [ "$flags" = nosymfollow ] && ! mount_knows_nosymfollow; then continue; fi
        source_with "$flags"
        config '.mounts |= map(select(.destination != "/m"))'
        IFS=, read -ra words <<<"$options"
        mount_of /m none "$T/own-src" "$2" "${words[@]}"
        in_container 'cat /proc/self/mountinfo'
        check_flags /m "$has" "$lacks"
        [ "$2" = bind ] || check_flags /m/sub "$has" "$lacks"
        umount "$T/own-src/sub" "$T/own-src"
        CLEANUPS=()
    done <<<"$1"
}

# util-linux 2.39.
mount_knows_nosymfollow() { [[ $(mount --version) =~ \ 2\.(39|[4-9]) ]]; }

@test "attributes of a bind mount, set and cleared" {
    not_on crun "clears what it does not set"
    not_on runc "clears what it does not set"
    each_of "$on_a_mount" bind
}

@test "recursive attributes, set and cleared" {
    not_on crun "1.8 does not know all of them"
    not_on runc "1.1 does not know them"
    if on_old_kernel; then
        source_with rw
        mount_of /m none "$T/own-src" rbind rro
        assert_refused /mounts/7 mount_setattr
        return
    fi
    each_of "$recursive" rbind
}

@test "symbolic links: nosymfollow and symfollow" {
    not_on crun "1.8 does not know them"
    not_on runc "1.1 does not know them"
    mount_of /a tmpfs tmpfs nosymfollow
    mount_of /b tmpfs tmpfs nosymfollow symfollow
    mount_of /c tmpfs tmpfs symfollow
    in_container 'for d in a b c; do ln -s /etc/passwd /$d/l; cat /$d/l >/dev/null 2>&1 && echo $d; done; cat /proc/self/mountinfo'
    assert_has "$output" $'b\nc\n'
    assert_lacks "$output" $'a\n'
    has_flags "$(flags_of /a)" nosymfollow
}

@test "the file system: sync, dirsync, lazytime and back" {
    not_on crun "1.8 does not know lazytime"
    mount_of /a tmpfs tmpfs sync dirsync lazytime
    mount_of /b tmpfs tmpfs sync async dirsync lazytime nolazytime
    mount_of /c tmpfs tmpfs async nolazytime
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(super_of /a)" sync dirsync lazytime
    has_flags "$(super_of /b)" dirsync
    lacks_flags "$(super_of /b)" sync lazytime
    lacks_flags "$(super_of /c)" sync dirsync lazytime
}

@test "rsync and its like, of crun: nothing sets flags of file systems below a mount, so they are refused" {
    only_estiva "crun takes them"
    local word
    mkdir "$T/data"
    for word in rsync rasync rdirsync rmand rnomand; do
        mount_of /m none "$T/data" rbind "$word"
        assert_refused /mounts/7/options/1 "$word"
        config '.mounts |= map(select(.destination != "/m"))'
    done
}

# What the kernel is told of the mount whose source is named: the flags of mount(2).
told() { # OPTION...
    mount_of /t tmpfs probe-me "$@"
    strace -f -o "$T/trace" -e trace=mount "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    config '.mounts |= map(select(.destination != "/t"))'
    grep -o 'mount("probe-me", [^)]*)' "$T/trace"
}

@test "silent, iversion and mand have no effect to see: the kernel is told" {
    requires strace
    not_on crun "1.8 does not know them"
    not_on runc "does it all from another process"
    script true
    assert_has "$(told silent iversion mand)" MS_SILENT MS_I_VERSION MS_MANDLOCK
    assert_lacks "$(told silent loud iversion noiversion mand nomand)" MS_SILENT MS_I_VERSION MS_MANDLOCK
    assert_lacks "$(told loud noiversion nomand)" MS_SILENT MS_I_VERSION MS_MANDLOCK
}

@test "src-nofollow: a link as source is mounted itself, dest-nofollow: one as destination is covered" {
    not_on runc "does not know them"
    not_on crun "1.8 does not know them"
    mkdir "$T/data"
    echo content >"$T/data/file"
    ln -s /etc/passwd "$T/data/link"
    ln -s /etc/group "$BUNDLE/rootfs/etc/link"
    cp "$BUNDLE/rootfs/etc/group" "$T/group"
    mount_of /mnt/link none "$T/data/link" bind src-nofollow
    mount_of /etc/link none "$T/data/file" bind dest-nofollow
    in_container 'readlink /mnt/link; cat /mnt/link /etc/link; cat /etc/group'
    assert_equal "$output" "/etc/passwd
$(cat "$BUNDLE/rootfs/etc/passwd")
content
$(cat "$T/group")"
}

@test "copy-symlink: a link as source is made anew, anything else is bound" {
    not_on runc "does not know it"
    not_on crun "1.8 does not know it"
    mkdir "$T/data"
    ln -s ../somewhere "$T/data/link"
    echo content >"$T/data/file"
    mount_of /etc/new/link none "$T/data/link" bind copy-symlink
    mount_of /mnt/file none "$T/data/file" bind copy-symlink
    in_container 'readlink /etc/new/link; cat /mnt/file; cat /proc/self/mountinfo'
    assert_has "$output" $'../somewhere\ncontent\n'
    [ -z "$(info_of /etc/new/link)" ]
    # Once more: it is there. Another link is not replaced.
    in_container 'readlink /etc/new/link'
    ln -sfn elsewhere "$T/data/link"
    assert_refused /mounts/7/destination "is not the link"
}

@test "copy-symlink: never outside the root" {
    not_on runc "does not know it"
    not_on crun "1.8 does not know it"
    mkdir "$T/outside"
    ln -s target "$T/link"
    ln -s "$T/outside" "$BUNDLE/rootfs/away"
    mount_of /away/link none "$T/link" bind copy-symlink
    in_container true
    [ -z "$(ls -A "$T/outside")" ]
}

@test "sysfs in a user namespace without a network namespace: the host's, read-only" {
    not_on runc "refuses it"
    not_on crun "binds it writable, with the control groups below it"
    config '.linux.namespaces |= map(select(.type != "network")) + [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings |
        .mounts |= map(select(.destination != "/sys/fs/cgroup")) | (.mounts[] | select(.type == "sysfs")).options -= ["ro"]'
    chown 100000:100000 "$BUNDLE/rootfs"
    if on_old_kernel; then # the mounts below it could not be made read-only
        assert_refused /mounts/3 "Operation not permitted"
        return
    fi
    in_container 'cd /sys/class/net && echo *; cat /proc/self/mountinfo; mkdir /sys/fs/cgroup/x 2>&1 || echo refused'
    assert_has "$output" "$(cd /sys/class/net && echo *)" refused
    local line
    while read -r line; do
        has_flags "$(awk '{ print $6 }' <<<"$line")" ro nosuid nodev noexec
    done < <(awk '$5 ~ "^/sys"' <<<"$output")
    [ -n "$(info_of /sys)" ]
}

@test "a word that is no option is an error that names it" {
    mkdir "$T/data"
    mount_of /m none "$T/data" bind rosuid
    assert_refused /mounts/7/options/1 rosuid
    config '.mounts |= map(select(.destination != "/m"))'
    mount_of /m tmpfs tmpfs src-nofollow
    [ "$KIND" != estiva ] || assert_refused /mounts/7/options src-nofollow
}
