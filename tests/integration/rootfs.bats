# SPDX-License-Identifier: Apache-2.0
# The root file system: pivot_root and --no-pivot, read-only, propagation, masked and read-only
# paths, devices and the links of /dev.
# Guests: old

load helpers

mountinfo_of() { awk -v p="$1" '$5 == p { line = $0 } END { print line }' <<<"$output"; }

# What a container sees of the host must not differ with the way in.
host_is_hidden() { # [OPTION]
    mkdir "$T/own-secret"
    mount -t tmpfs own-secret "$T/own-secret"
    at_end umount "$T/own-secret"
    touch "$T/own-secret/canary"
    script 'cat /proc/self/mountinfo; echo ROOT $(ls -d /* | tr "\n" " "); ls /proc/1/root/../; ls / | sort | tr "\n" " "'
    ctr_run "$@"
    assert_status 0
    assert_lacks "$output" own-secret canary "$T/own"
    assert_has "$output" "ROOT /bin /dev /etc /home /proc /root /sbin /sys /tmp /usr /var"
    # The first mount is the container's root and nothing is mounted over or above it.
    assert_equal "$(awk '$5 == "/"' <<<"$output" | wc -l)" 1
}

@test "pivot_root hides the host" { host_is_hidden; }

@test "--no-pivot hides the host" { host_is_hidden --no-pivot; }

@test "--no-pivot: the rest works" {
    script 'cat /proc/self/status >/dev/null && echo ok >/dev/stderr && ls /dev/pts && cd ../../.. && pwd'
    ctr_run --no-pivot
    assert_status 0
    assert_has "$output" ptmx
}

@test "a root outside of the bundle, absolute" {
    mv "$BUNDLE/rootfs" "$T/elsewhere"
    config --arg r "$T/elsewhere" '.root.path = $r'
    in_container 'cat /etc/passwd | head -n 1'
    assert_has "$output" root:
}

@test "read-only root: nothing can be written, mounts stay writable" {
    config '.root.readonly = true'
    in_container 'touch /x /etc/passwd /bin/busybox 2>&1 | grep -c "Read-only file system"; touch /dev/shm/x && echo shm'
    assert_equal "$output" "3
shm"
    [ ! -e "$BUNDLE/rootfs/x" ]
}

@test "a writable root is written" {
    in_container 'echo x >/written'
    assert_equal "$(cat "$BUNDLE/rootfs/written")" x
}

@test "read-only root with missing mount points: they are made before" {
    config '.root.readonly = true | .mounts += [{"destination": "/new/point", "type": "tmpfs", "source": "tmpfs"}]'
    in_container 'touch /new/point/x && echo ok'
    assert_equal "$output" ok
}

@test "rootfsPropagation" {
    local value
    for value in private rprivate slave rslave unbindable runbindable shared rshared; do
        [ "$KIND$value" != runcrunbindable ] || continue # cannot bind what it made unbindable
        [ "$KIND$value" != runcunbindable ] || continue
        config --arg v "$value" '.linux.rootfsPropagation = $v'
        in_container 'cat /proc/self/mountinfo'
        case $value in
        *shared) assert_has "$(mountinfo_of /)" shared: ;;
        *unbindable) assert_has "$(mountinfo_of /)" unbindable ;;
        *slave) assert_lacks "$(mountinfo_of /)" shared: unbindable ;;
        *) assert_lacks "$(mountinfo_of /)" shared: master: unbindable ;;
        esac
    done
}

@test "what a container mounts never reaches the host, whatever the propagation" {
    all_caps
    local value
    for value in "" rshared rslave rprivate; do
        config --arg v "$value" 'if $v == "" then . else .linux.rootfsPropagation = $v end'
        in_container 'mount -t tmpfs leak /home && touch /home/x'
        [ ! -e "$BUNDLE/rootfs/home/x" ] || fail "$value leaks"
        assert_equal "$(grep -cF "$BUNDLE" /proc/self/mountinfo)" 0
    done
}

@test "rootfsPropagation: an unknown value is an error" {
    config '.linux.rootfsPropagation = "sideways"'
    assert_refused /linux/rootfsPropagation
}

@test "masked paths: files are empty, directories empty and read-only, missing ones ignored" {
    mkdir "$BUNDLE/rootfs/hidden"
    echo secret >"$BUNDLE/rootfs/hidden/file"
    echo secret >"$BUNDLE/rootfs/plain"
    config '.linux.maskedPaths += ["/hidden", "/plain", "/no/such", "/hidden"]'
    in_container 'ls -A /hidden; touch /hidden/x 2>&1 || echo refused; wc -c </plain; cat /proc/keys | wc -c; ls -A /sys/firmware | wc -l'
    assert_has "$output" refused
    assert_lacks "$output" secret
    assert_equal "$(tail -n 3 <<<"$output" | tr '\n' ' ')" "0 0 0 "
    assert_equal "$(cat "$BUNDLE/rootfs/hidden/file")" secret
}

@test "a masked path that is a link masks what it points to, inside the root" {
    not_on runc "1.1 follows it as the kernel does"
    echo secret >"$BUNDLE/rootfs/target"
    ln -s /target "$BUNDLE/rootfs/link"
    config '.linux.maskedPaths = ["/link"]'
    script 'cat /link | wc -c'
    ctr_run
    # Either refused or masked: never shown.
    [ "$status" -ne 0 ] || assert_equal "$output" 0
}

@test "read-only paths" {
    mkdir -p "$BUNDLE/rootfs/fixed/in"
    config '.linux.readonlyPaths += ["/fixed", "/no/such", "/etc/passwd"]'
    in_container 'touch /fixed/x 2>&1 || echo no1; echo x >>/etc/passwd || echo no2; echo 1 >/proc/sys/kernel/msgmax || echo no3; touch /tmp/ok; cat /proc/self/mountinfo'
    assert_has "$output" no1 no2 no3
    assert_match "$(mountinfo_of /fixed | awk '{ print $6 }')" '^ro'
    # The flags of the mount below are kept.
    assert_match "$(mountinfo_of /proc/sys | awk '{ print $6 }')" 'nosuid,nodev,noexec'
}

@test "read-only paths reach mounts below" {
    config '.mounts += [{"destination": "/tree", "type": "tmpfs", "source": "t"}] |
        .linux.readonlyPaths += ["/tree"]'
    in_container 'touch /tree/x 2>&1 || echo refused'
    assert_has "$output" refused
}

@test "masked and read-only: relative paths are errors" {
    not_on runc "1.1 takes them"
    not_on crun "takes them"
    config '.linux.maskedPaths = ["relative"]'
    assert_refused /linux/maskedPaths/0
    config '.linux.maskedPaths = [] | .linux.readonlyPaths = ["relative"]'
    assert_refused /linux/readonlyPaths/0
}

@test "default devices" {
    in_container 'cd /dev; for d in null zero full tty random urandom; do stat -c "%n %F %t:%T %a %u:%g" $d; done'
    assert_equal "$output" "null character special file 1:3 666 0:0
zero character special file 1:5 666 0:0
full character special file 1:7 666 0:0
tty character special file 5:0 666 0:0
random character special file 1:8 666 0:0
urandom character special file 1:9 666 0:0"
}

@test "links of /dev" {
    in_container 'cd /dev; for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done'
    assert_equal "$output" "fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx"
}

@test "devices of the config: type, number, mode, owner, directories on the way" {
    config '.linux.devices = [
        {"path": "/dev/deep/char", "type": "c", "major": 10, "minor": 229, "fileMode": 384, "uid": 11, "gid": 22},
        {"path": "/dev/block", "type": "b", "major": 7, "minor": 0, "fileMode": 432},
        {"path": "/dev/unbuffered", "type": "u", "major": 1, "minor": 3},
        {"path": "/dev/fifo", "type": "p", "fileMode": 420}]'
    [ "$KIND" = estiva ] || config 'del(.linux.devices[3])' # others fail on them
    in_container 'cd /dev; stat -c "%n %F %t:%T %a %u:%g" deep/char block unbuffered; [ ! -e fifo ] || stat -c "%n %F %a" fifo'
    assert_equal "${lines[0]}" "deep/char character special file a:e5 600 11:22"
    assert_equal "${lines[1]}" "block block special file 7:0 660 0:0"
    assert_match "${lines[2]}" '^unbuffered character special file 1:3 666 0:0'
    [ "$KIND" != estiva ] || assert_equal "${lines[3]}" "fifo fifo 644"
}

@test "a device that is there already and matches is kept, another kind is an error" {
    not_on runc "1.1 does not look"
    not_on crun "tested on the others"
    config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.devices =
        [{"path": "/dev/thing", "type": "c", "major": 1, "minor": 3}]'
    rm -rf "$BUNDLE/rootfs/dev"
    mkdir "$BUNDLE/rootfs/dev"
    mknod -m 666 "$BUNDLE/rootfs/dev/thing" c 1 3
    in_container 'echo x >/dev/thing'
    rm "$BUNDLE/rootfs/dev/thing"
    echo plain >"$BUNDLE/rootfs/dev/thing"
    assert_refused /linux/devices/0
    assert_equal "$(cat "$BUNDLE/rootfs/dev/thing")" plain
}

@test "/dev of the image without a tmpfs" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    in_container 'echo x >/dev/null; [ -c /dev/zero ] && [ -L /dev/stdin ] && echo fine'
    assert_equal "$output" fine
}

@test "a container without any mount" {
    not_on runc "1.1 needs /proc"
    config '.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
    args testinit exit 5
    ctr_run
    assert_status 5
}
