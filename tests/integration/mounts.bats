# SPDX-License-Identifier: Apache-2.0
# Mounts of the configuration: every type and option, order, missing targets, errors.
# mounts_old_kernel.bats runs the same tests without the mount API of Linux 5.2 and later.
# Guests: old

load mounts

@test "bind: a directory, read and written" {
    mkdir "$T/data"
    echo here >"$T/data/file"
    mount_of /mnt/data bind "$T/data" bind
    in_container 'cat /mnt/data/file; echo back >/mnt/data/new'
    assert_equal "$output" here
    assert_equal "$(cat "$T/data/new")" back
}

@test "bind: a file onto a file that does not exist" {
    echo content >"$T/file"
    mount_of /etc/deep/down/file none "$T/file" bind ro
    in_container 'cat /etc/deep/down/file; echo x >/etc/deep/down/file || echo refused'
    assert_equal "$output" "content
refused"
    assert_equal "$(cat "$T/file")" content
}

@test "bind: the source is relative to the bundle" {
    mkdir "$BUNDLE/data"
    echo here >"$BUNDLE/data/file"
    mount_of /mnt none data bind
    cd /
    in_container 'cat /mnt/file'
    assert_equal "$output" here
}

@test "bind: the options decide, whatever the type says" {
    mkdir "$T/data"
    mount_of /mnt tmpfs "$T/data" rbind
    in_container 'echo x >/mnt/proof'
    [ -e "$T/data/proof" ]
}

@test "an empty option means nothing" {
    mkdir "$T/data"
    mount_of /mnt/data bind "$T/data" "" rbind ""
    mount_of /mnt/tmp tmpfs tmpfs "" mode=700
    in_container 'echo x >/mnt/data/new; stat -c %a /mnt/tmp'
    assert_equal "$output" 700
    [ -e "$T/data/new" ]
}

@test "bind takes one mount, rbind the tree" {
    nested_source
    mount_of /one none "$T/own-nested" bind
    mount_of /tree none "$T/own-nested" rbind
    in_container 'cat /one/file /tree/file /tree/sub/file; ls /one/sub'
    assert_equal "$output" "outer
outer
inner"
}

@test "bind: a device, a fifo, a socket" {
    mkfifo "$T/fifo"
    "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/sock"
    mount_of /dev/nothing none /dev/null bind
    mount_of /mnt/fifo none "$T/fifo" bind
    mount_of /mnt/sock none "$T/sock" bind
    in_container 'stat -c %F /dev/nothing /mnt/fifo /mnt/sock; echo x >/dev/nothing'
    assert_equal "$output" "character special file
fifo
socket"
}

@test "bind: a missing source is an error that names it" {
    mount_of /mnt none "$T/missing" bind
    assert_refused /mounts/7 "$T/missing"
}

@test "bind ro: the container may not write, the host may" {
    mkdir "$T/data"
    mount_of /mnt none "$T/data" bind ro
    in_container 'touch /mnt/x 2>&1 || echo refused'
    assert_has "$output" "Read-only file system" refused
    touch "$T/data/still"
}

@test "bind: flags of the source stay when nothing else is asked" {
    only_estiva "others clear what mount(2) does not repeat"
    mkdir "$T/own-src"
    mount -t tmpfs -o nosuid,nodev,noexec own-src "$T/own-src"
    at_end umount "$T/own-src"
    mount_of /mnt none "$T/own-src" bind ro
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(flags_of /mnt)" ro nosuid nodev noexec
}

@test "bind: flags of the source may be cleared" {
    mkdir "$T/own-src"
    mount -t tmpfs -o nosuid,nodev,noexec own-src "$T/own-src"
    at_end umount "$T/own-src"
    mount_of /mnt none "$T/own-src" bind suid dev exec rw
    in_container 'cat /proc/self/mountinfo'
    [ "$KIND" != estiva ] || lacks_flags "$(flags_of /mnt)" nosuid nodev noexec ro
    has_flags "$(flags_of /mnt)" rw
}

@test "a link inside the root as destination is followed inside the root" {
    mkdir "$T/data" "$BUNDLE/rootfs/real"
    echo here >"$T/data/file"
    ln -s /real "$BUNDLE/rootfs/link"
    mount_of /link none "$T/data" bind
    in_container 'cat /real/file'
    assert_equal "$output" here
}

@test "mounts are done in the order of the list" {
    mkdir "$T/a" "$T/b"
    echo a >"$T/a/name"
    echo b >"$T/b/name"
    mount_of /mnt tmpfs tmpfs
    mount_of /mnt/in none "$T/a" bind
    mount_of /top none "$T/a" bind
    mount_of /top none "$T/b" bind
    mount_of /gone/in none "$T/a" bind
    mount_of /gone tmpfs tmpfs
    in_container 'cat /mnt/in/name /top/name; ls -A /gone'
    assert_equal "$output" "a
b"
}

@test "a destination that does not exist is made, 0755" {
    mount_of /new/place/here tmpfs tmpfs
    in_container 'grep -c " /new/place/here " /proc/self/mountinfo; stat -c %a /new /new/place'
    assert_equal "$output" "1
755
755"
}

@test "a relative destination means relative to /" {
    not_on crun "takes it from the root too, tested by others"
    mount_of mnt/rel tmpfs tmpfs
    in_container 'grep -c " /mnt/rel " /proc/self/mountinfo'
    assert_equal "$output" 1
}

@test "tmpfs: size, mode, uid and gid" {
    mount_of /t tmpfs tmpfs size=1m mode=751 uid=12 gid=34
    in_container 'stat -c "%a %u %g" /t; dd if=/dev/zero of=/t/f bs=1k count=2000 2>&1; ls -s /t/f'
    assert_equal "${lines[0]}" "751 12 34"
    assert_has "$output" "No space left on device"
}

@test "tmpfs: flags of mount and of superblock" {
    mount_of /t tmpfs tmpfs ro nosuid nodev noexec noatime nodiratime sync dirsync lazytime
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(flags_of /t)" ro nosuid nodev noexec noatime nodiratime
    has_flags "$(super_of /t)" sync dirsync
    [ "$KIND" = crun ] || has_flags "$(super_of /t)" lazytime
}

@test "tmpfs: the opposite options" {
    mount_of /t tmpfs tmpfs ro nosuid nodev noexec noatime nodiratime sync \
        rw suid dev exec atime diratime async
    in_container 'cat /proc/self/mountinfo; touch /t/x'
    lacks_flags "$(flags_of /t)" ro nosuid nodev noexec noatime nodiratime
    lacks_flags "$(super_of /t)" ro sync
}

@test "tmpfs: relatime is the default, strictatime and noatime are not" {
    mount_of /a tmpfs tmpfs
    mount_of /b tmpfs tmpfs strictatime
    mount_of /c tmpfs tmpfs relatime
    mount_of /d tmpfs tmpfs noatime
    [ "$KIND" = runc ] || mount_of /e tmpfs tmpfs defaults # runc 1.1 hands it to the kernel
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(flags_of /a)" relatime rw
    lacks_flags "$(flags_of /b)" relatime noatime
    has_flags "$(flags_of /c)" relatime
    has_flags "$(flags_of /d)" noatime
    [ "$KIND" = runc ] || has_flags "$(flags_of /e)" rw relatime
}

@test "tmpfs: nosymfollow" {
    not_on crun "unknown there"
    not_on runc "1.1 does not know it"
    mount_of /t tmpfs tmpfs nosymfollow
    in_container 'ln -s /etc/passwd /t/l; cat /t/l 2>&1 || echo refused; grep " /t " /proc/self/mountinfo'
    assert_has "$output" refused nosymfollow
}

@test "proc shows the container's processes, sysfs its network" {
    in_container 'ls -d /proc/[0-9]* | wc -l; ls /sys/class/net; readlink /proc/self'
    assert_has "$output" lo
    [ "${lines[0]}" -lt 5 ] || fail "host processes"
    assert_lacks "$output" eth
}

@test "proc takes data options" {
    mount_of /proc2 proc proc hidepid=2
    in_container 'grep " /proc2 " /proc/self/mountinfo'
    assert_match "$output" 'hidepid=(2|invisible)'
}

@test "devpts is an instance of its own, ptmx works" {
    in_container 'ls /dev/pts; stat -c %a /dev/pts/ptmx; readlink /dev/ptmx; exec 3<>/dev/ptmx; ls /dev/pts'
    assert_equal "$output" "ptmx
666
pts/ptmx
0
ptmx"
}

@test "mqueue: queues are the container's" {
    script 'testinit mq /estiva-test-queue; ls /dev/mqueue'
    ctr_run
    assert_equal "$output" "mq_open: 0
estiva-test-queue"
}

@test "cgroup (v1): controllers below a tmpfs, the container's own part, read-only" {
    requires v1_pids v1_memory
    in_container 'ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs | head -n 1;
        mkdir /sys/fs/cgroup/pids/x 2>&1 || echo refused; mkdir /sys/fs/cgroup/x 2>&1 || echo refused; cat /proc/self/mountinfo'
    assert_has "$output" memory pids freezer
    # runc 1.1 leaves the tmpfs writable.
    [ "$KIND" = runc ] || assert_equal "$(grep -c '^refused' <<<"$output")" 2
    assert_has "$output" " /$CTR /sys/fs/cgroup/pids "
    has_flags "$(flags_of /sys/fs/cgroup/pids)" ro nosuid nodev noexec
    has_flags "$(flags_of /sys/fs/cgroup)" nosuid nodev noexec
}

@test "cgroup (v1) with a cgroup namespace shows the same" {
    requires v1_pids
    config '.linux.namespaces += [{"type": "cgroup"}]'
    in_container 'cat /sys/fs/cgroup/pids/cgroup.procs | head -n 1; cat /proc/self/cgroup'
    assert_equal "${lines[0]}" 1
    assert_has "$output" :pids:/
    assert_lacks "$output" "$CTR"
}

@test "cgroup (v1): writable when asked" {
    requires v1_pids
    config '(.mounts[] | select(.type == "cgroup")).options = []'
    in_container 'mkdir /sys/fs/cgroup/pids/inner && rmdir /sys/fs/cgroup/pids/inner && echo done'
    assert_equal "$output" "done"
}

@test "cgroup (v2): one hierarchy, read-only or writable" {
    use_v2_view
    config '.linux.namespaces += [{"type": "cgroup"}]'
    in_container 'cat /sys/fs/cgroup/cgroup.procs | head -n 1; mkdir /sys/fs/cgroup/x 2>&1 || echo refused'
    assert_equal "${lines[0]}" 1
    assert_has "$output" refused
    config '(.mounts[] | select(.type == "cgroup")).options = ["rw"]'
    in_container 'mkdir /sys/fs/cgroup/inner && rmdir /sys/fs/cgroup/inner && echo done'
    assert_equal "$output" "done"
}

@test "cgroup (v2) without a cgroup namespace: the container's own part only" {
    not_on runc "1.1 shows the whole tree"
    use_v2_view
    in_container 'cat /sys/fs/cgroup/cgroup.procs | head -n 1; ls -d /sys/fs/cgroup/it-* 2>/dev/null; cat /proc/self/mountinfo'
    assert_equal "${lines[0]}" 1
    assert_has "$output" " /$CTR /sys/fs/cgroup "
}

@test "overlay" {
    mkdir "$T/lower" "$T/upper" "$T/work"
    echo low >"$T/lower/file"
    mount_of /merged overlay overlay "lowerdir=$T/lower" "upperdir=$T/upper" "workdir=$T/work"
    in_container 'cat /merged/file; echo up >/merged/file'
    assert_equal "$output" low
    assert_equal "$(cat "$T/lower/file") $(cat "$T/upper/file")" "low up"
}

@test "overlay: a list of layers that fsconfig does not take, with propagation" {
    local name lower=""
    for name in a b c d e f; do
        mkdir -p "$T/layer-$name-$(printf '%060d' 0)"
        lower+=:$T/layer-$name-$(printf '%060d' 0)
    done
    echo low >"${lower##*:}/file"
    mkdir "$T/upper" "$T/work"
    mount_of /merged overlay overlay "lowerdir=${lower#:}" "upperdir=$T/upper" "workdir=$T/work" private
    in_container 'cat /merged/file'
    assert_equal "$output" low
}

@test "propagation of a mount: private, slave, shared, unbindable" {
    mount_of /p tmpfs tmpfs private
    mount_of /s tmpfs tmpfs shared
    mount_of /l tmpfs tmpfs shared slave
    mount_of /u tmpfs tmpfs unbindable
    mount_of /rs tmpfs tmpfs rshared
    mount_of /rp tmpfs tmpfs rprivate
    mount_of /rl tmpfs tmpfs rslave
    mount_of /ru tmpfs tmpfs runbindable
    in_container 'cat /proc/self/mountinfo'
    assert_lacks "$(info_of /p)$(info_of /rp)" shared: master: unbindable
    assert_has "$(info_of /s)" shared:
    assert_has "$(info_of /rs)" shared:
    assert_has "$(info_of /u)" unbindable
    assert_has "$(info_of /ru)" unbindable
}

@test "rshared bind: what the host mounts later appears inside, and back" {
    mkdir "$T/own-prop"
    mount -t tmpfs own-prop "$T/own-prop"
    at_end umount "$T/own-prop"
    mount --make-shared "$T/own-prop"
    mkdir "$T/own-prop/later"
    mount_of /both none "$T/own-prop" rbind rshared
    mount_of /down none "$T/own-prop" rbind rslave
    mount_of /none none "$T/own-prop" rbind rprivate
    config '.linux.rootfsPropagation = "rslave"'
    script 'while [ ! -e /both/later/end ]; do sleep 0.05; done; ls /down/later /none/later'
    ctr_running
    mount -t tmpfs own-late "$T/own-prop/later"
    at_end umount "$T/own-prop/later"
    touch "$T/own-prop/later/end"
    wait_status stopped
    assert_equal "$(cat "$T/out")" "/down/later:
end

/none/later:"
}

@test "recursive attributes: rro and friends reach the mounts below" {
    not_on runc "1.1 does not know them"
    nested_source
    mount_of /plain none "$T/own-nested" rbind ro
    mount_of /all none "$T/own-nested" rbind rro rnosuid rnodev rnoexec rnoatime rnosymfollow
    if on_old_kernel; then
        assert_refused /mounts/8
        assert_has "$stderr" mount_setattr
        return
    fi
    [ "$KIND" != crun ] || config '.mounts[-1].options -= ["rnosymfollow"]'
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(flags_of /plain)" ro
    has_flags "$(flags_of /plain/sub)" rw
    has_flags "$(flags_of /all)" ro nosuid nodev noexec noatime
    has_flags "$(flags_of /all/sub)" ro nosuid nodev noexec noatime
    [ "$KIND" = crun ] || has_flags "$(flags_of /all/sub)" nosymfollow
}

@test "recursive attributes: the clearing ones" {
    not_on runc "1.1 does not know them"
    ! on_old_kernel || return 0
    mkdir -p "$T/own-nested"
    mount -t tmpfs -o nosuid,nodev,noexec,ro,noatime own-n "$T/own-nested"
    at_end umount "$T/own-nested"
    mount_of /all none "$T/own-nested" rbind rrw rsuid rdev rexec rrelatime rdiratime
    mount_of /strict none "$T/own-nested" rbind rstrictatime
    in_container 'cat /proc/self/mountinfo'
    has_flags "$(flags_of /all)" rw relatime
    lacks_flags "$(flags_of /all)" nosuid nodev noexec noatime
    lacks_flags "$(flags_of /strict)" relatime noatime
}

@test "mountinfo lists the mounts in the order of the configuration" {
    mkdir "$T/data"
    touch "$T/data/file"
    mount_of /t1 tmpfs tmpfs
    mount_of /b1 none "$T/data" bind
    mount_of /t2 tmpfs tmpfs ro
    mount_of /b2 none "$T/data/file" bind ro
    mount_of /b3 none "$T/data" rbind runbindable
    mount_of /t3 tmpfs tmpfs
    in_container 'awk "\$5 ~ /^.[tb][123]$/ { print \$5 }" /proc/self/mountinfo | xargs'
    assert_equal "$output" "/t1 /b1 /t2 /b2 /b3 /t3"
}

@test "a shared volume behind a new file system: the host keeps its mounts" {
    nested_source
    mount --bind "$T/own-nested" "$T/own-nested"
    at_end umount -R "$T/own-nested"
    mount --make-rshared "$T/own-nested"
    mount -t tmpfs own-late "$T/own-nested/sub"
    touch "$T/own-nested/sub/late"
    mount_of /t tmpfs tmpfs
    mount_of /shared none "$T/own-nested" rbind rshared
    in_container 'ls /shared/sub; mount -t tmpfs inside /shared/sub && umount /shared/sub; ls /shared/sub'
    assert_equal "$output" "late
late"
    [ -e "$T/own-nested/sub/late" ]
}

@test "a bind mount behind a new file system keeps attributes and propagation" {
    nested_source
    mount_of /t tmpfs tmpfs
    mount_of /slave none "$T/own-nested" rbind rslave ro noexec
    mount_of /private none "$T/own-nested" rbind rprivate nosuid
    mount_of /unbindable none "$T/own-nested" rbind runbindable nodev
    config '.linux.namespaces += [{"type": "cgroup"}]'
    in_container 'cat /proc/self/mountinfo; ls /slave/sub /private/sub /unbindable/sub; grep -c ldisc /proc/self/mountinfo || true'
    has_flags "$(flags_of /slave)" ro noexec
    has_flags "$(flags_of /private)" rw nosuid
    lacks_flags "$(flags_of /private)" noexec
    has_flags "$(flags_of /unbindable)" nodev
    assert_has "$(info_of /unbindable)" unbindable
    assert_lacks "$(info_of /private)" master: shared:
    assert_equal "${lines[-1]}" 0
}

@test "remount changes what is mounted" {
    mount_of /t tmpfs tmpfs
    mount_of /t tmpfs tmpfs remount ro nosuid
    in_container 'cat /proc/self/mountinfo; touch /t/x 2>&1 || echo refused'
    has_flags "$(flags_of /t)" ro
    assert_has "$output" refused
}

@test "a file system type that does not exist is an error" {
    mount_of /t no-such-fs none
    assert_refused /mounts/7
    [ "$KIND" != estiva ] || assert_has "$stderr" no-such-fs
}

@test "an option that the file system refuses is an error that names the mount" {
    mount_of /t tmpfs tmpfs no-such-option=1
    assert_refused /mounts/7
}

@test "a directory bound onto a file is an error" {
    mkdir "$T/data"
    mount_of /etc/passwd none "$T/data" bind
    assert_refused /mounts/7
}

@test "mounts below /proc: only the few that emulation needs" {
    echo fake >"$T/fake"
    mount_of /proc/uptime none "$T/fake" bind
    in_container 'cat /proc/uptime'
    assert_equal "$output" fake
    not_on crun "allows all"
    config '.mounts[-1].destination = "/proc/version"'
    assert_refused /mounts/7
}

@test "mounts of a failed create are gone" {
    mkdir "$T/data"
    mount_of /a none "$T/data" rbind
    mount_of /b none "$T/missing" bind
    assert_refused
    assert_equal "$(grep -cF "$T" /proc/self/mountinfo)" 0
}

@test "forty mounts" {
    mkdir "$T/many"
    config --arg s "$T/many" '.mounts += [range(40) | {destination: "/many/\(.)", source: $s, options: ["bind", "ro"]}]'
    in_container 'grep -c " /many/" /proc/self/mountinfo'
    assert_equal "$output" 40
}

@test "bind sources that only the host's root can reach, in a user namespace" {
    requires userns
    mkdir -p "$T/own-closed/dir"
    echo seen | tee "$T/own-closed/dir/file" >"$T/own-closed/file"
    chmod 700 "$T/own-closed"
    config --arg s "$T/own-closed" '.mounts += [
            {"destination": "/dir", "source": ($s + "/dir"), "options": ["bind", "ro"]},
            {"destination": "/file", "source": ($s + "/file"), "options": ["bind"]}]
        | .linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    in_container 'cat /dir/file /file; grep " /dir " /proc/self/mountinfo'
    assert_match "$output" $'^seen\nseen\n.* /dir ro,'
}
