# SPDX-License-Identifier: Apache-2.0
# mounts add, mounts remove: in a container that runs, all or none, and never outside of it.

load helpers

setup() {
    common_setup
    only_estiva "Debian's crun has no such command"
    mkdir "$T/own-source"
    echo hello >"$T/own-source/file"
}

running() {
    args sleep 100
    ctr_running "$@"
}

mounts() { capture mounts "$@"; }

bind() { # DESTINATION [OPTION...]
    local destination=$1
    shift
    jq -nc --arg d "$destination" --arg s "$T/own-source" '{destination: $d, source: $s, options: (["bind"] + $ARGS.positional)}' --args "$@"
}

added() { # JSON
    mounts add "$CTR" "$1"
    [ "$status" = 0 ] || fail "mounts add $1"
}

refused() { # JSON PART...
    local before
    before=$(table)
    mounts add "$CTR" "$1"
    [ "$status" = 1 ] || fail "mounts add $1: status $status"
    shift
    assert_has "$stderr" "$@"
    assert_equal "$(table)" "$before"
}

table() { cat "/proc/$(state_of pid)/mountinfo"; }

# What the container sees.
inside() { nsenter --target "$(state_of pid)" --mount --root -- "$@"; }

@test "a bind mount, a tmpfs, a file: there at once, with their options, on targets that are made" {
    running
    added "$(bind /new/dir ro nosuid)"
    assert_equal "$(inside cat /new/dir/file)" hello
    assert_match "$(table | grep ' /new/dir ')" ' ro,nosuid,'
    added '[{"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=700"]},
        {"destination": "/scratch/below", "type": "tmpfs", "source": "tmpfs"}]'
    assert_equal "$(inside stat -c '%a' /scratch)" 700
    assert_equal "$(table | grep -c scratch)" 2
    jq -nc --arg s "$T/own-source/file" '{destination: "/etc/added", source: $s, options: ["bind"]}' >"$T/mount.json"
    added "$T/mount.json"
    assert_equal "$(inside cat /etc/added)" hello
    assert_equal "$(grep -c "$T/own-source" /proc/self/mountinfo)" 0
}

@test "remove: what was added and what was there; the directories stay" {
    config '.mounts += [{"destination": "/first", "type": "tmpfs", "source": "tmpfs"}]'
    running
    mkdir "$T/own-source/sub"
    added "[$(bind /a), $(bind /a/sub)]"
    mounts remove "$CTR" '[{"destination": "/a"}, {"destination": "/a/sub"}, {"destination": "/first"}]'
    assert_status 0
    assert_equal "$(table | grep -cE ' /(a|first)')" 0
    inside test -d /first
}

@test "remove: not a mount, not there, a link: an error, and the others are back" {
    running
    added "$(bind /a)"
    ln -s /proc/kcore "$BUNDLE/rootfs/kcore"
    ln -s /a "$BUNDLE/rootfs/link"
    local wrong
    for wrong in /etc /none /link /kcore; do
        mounts remove "$CTR" "[{\"destination\": \"$wrong\"}, {\"destination\": \"/a\"}]"
        assert_status 1
        assert_has "$stderr" "$wrong"
        assert_lacks "${stderr,,}" "no such file"
        assert_equal "$(inside cat /a/file)" hello
    done
}

@test "one that can't be made takes those before it back, targets too" {
    running
    refused "[$(bind /x/y), {\"destination\": \"/z\", \"source\": \"$T/none\", \"options\": [\"bind\"]}]" /mounts/1/source none
    [ ! -e "$BUNDLE/rootfs/x" ] || fail "/x is left"
    refused "[$(bind /x/y), {\"destination\": \"/z\", \"type\": \"tmpfs\", \"source\": \"t\", \"options\": [\"size=lots\"]}]" /mounts/1
    [ ! -e "$BUNDLE/rootfs/x" ] && [ ! -e "$BUNDLE/rootfs/z" ] || fail "a target is left"
    refused "[$(bind /x), $(bind /proc/self)]" /mounts/1/destination
    refused '{"destination": "/p", "type": "proc", "source": "proc"}' /mounts/0/type proc
    refused '{"destination": "/tmp", "type": "none", "options": ["remount", "ro"]}' /mounts/0/options
    refused '{"destination": "/", "type": "tmpfs", "source": "t"}' /mounts/0/destination
    refused '{"destination": "x", "type": "tmpfs", "source": "t"}' /mounts/0/destination
    refused '[{"type": "tmpfs"}]' destination
    refused '[' mounts
    refused "$T/none.json" none.json
}

@test "in a user namespace: the targets belong to the container's root" {
    requires userns
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    chmod 755 "$T" "$BUNDLE"
    running
    added "[$(bind /made/here), {\"destination\": \"/t\", \"type\": \"tmpfs\", \"source\": \"t\"}]"
    assert_equal "$(stat -c %u "$BUNDLE/rootfs/made")" 100000
    assert_equal "$(inside cat /made/here/file)" hello
    assert_equal "$(nsenter --target "$(state_of pid)" --mount --root --user --setuid 0 --setgid 0 -- stat -c %u /t)" 0
}

@test "a paused and a created container take mounts; others are told" {
    args sleep 100
    ctr_create
    added "$(bind /a)"
    ctr_start
    assert_equal "$(inside cat /a/file)" hello
    must rt pause "$CTR"
    added "$(bind /b)"
    must rt resume "$CTR"
    must rt kill "$CTR" KILL
    wait_status stopped
    mounts add "$CTR" "$(bind /c)"
    assert_has "$stderr" "not running"
    mounts add nobody "$(bind /c)"
    assert_has "$stderr" "does not exist"
    mounts change "$CTR" "$(bind /c)"
    assert_has "$stderr" change
}

@test "a container without a mount namespace of its own is refused" {
    config '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths, .root.readonly)'
    args sleep 100
    ctr_running
    mounts add "$CTR" "$(bind /a)"
    assert_status 1
    assert_has "$stderr" "mount namespace"
}

@test "before Linux 5.12: an error that says so, and nothing is made" {
    running
    without mount_setattr
    refused "$(bind /new)" "Linux 5.12"
    [ ! -e "$BUNDLE/rootfs/new" ] || fail "the target was made"
}

@test "links of the container lead inside it, to the root of the host never" {
    running
    mkdir "$T/own-victim"
    ln -s "$T/own-victim" "$BUNDLE/rootfs/absolute"
    ln -s "../../../../../../../../$T/own-victim" "$BUNDLE/rootfs/upwards"
    ln -s /proc/self/root "$BUNDLE/rootfs/magic"
    added "$(bind /absolute)"
    added "$(bind /upwards/deep)"
    refused "$(bind /magic/x)" /mounts/0
    [ ! -e "$T/own-victim/file" ] && [ ! -e "$T/own-victim/deep" ] || fail "the host's directory was reached"
    assert_equal "$(grep -c own-victim /proc/self/mountinfo)" 0
    assert_equal "$(inside cat "$T/own-victim/file")" hello
}

@test "a target that is exchanged for a link all the time is never followed to the host" {
    running
    mkdir "$T/own-victim" "$BUNDLE/rootfs/target"
    ln -s "$T/own-victim" "$BUNDLE/rootfs/link"
    "$PROGRAMS/exchanger" "$BUNDLE/rootfs/target" "$BUNDLE/rootfs/link" "$T/swaps" 3>&- &
    local exchanger=$!
    at_end "kill $exchanger 2>/dev/null || true"
    local i worked=0
    for ((i = 0; i < 30; i++)); do
        mounts add "$CTR" "$(bind /target/here)"
        [ "$status" -ne 0 ] || worked=$((worked + 1))
        [ ! -e "$T/own-victim/here" ] || fail "the host's directory was reached in round $i"
        [ "$(grep -c own-victim /proc/self/mountinfo)" = 0 ] || fail "mounted on the host in round $i"
    done
    kill "$exchanger"
    wait_for 5 test -s "$T/swaps"
    [ "$(cat "$T/swaps")" -gt 100 ] || fail "only $(cat "$T/swaps") exchanges"
    [ $worked -gt 0 ] || fail "not one of $i mounts was made: $stderr"
}
