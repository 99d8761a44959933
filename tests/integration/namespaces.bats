# SPDX-License-Identifier: Apache-2.0
# Namespaces: each new, each joined by path, each inherited; user namespaces; clock offsets.

load helpers

KINDS="mnt net uts pid ipc cgroup user time"

spec_name() {
    case $1 in mnt) echo mount ;; net) echo network ;; *) echo "$1" ;; esac
}

ns_of() { readlink "/proc/$1/ns/$2"; }

# A process that holds a new namespace of a kind; its pid is in HOLDER.
hold_namespace() { # KIND
    case $1 in
    pid) unshare --pid --fork --kill-child sleep 300 3>&- >/dev/null 2>&1 & ;;
    user) unshare --user sleep 300 3>&- >/dev/null 2>&1 & ;;
    time) unshare --time --fork --kill-child sleep 300 3>&- >/dev/null 2>&1 & ;;
    mnt) unshare --mount --propagation private sleep 300 3>&- >/dev/null 2>&1 & ;;
    *) unshare "--$1" sleep 300 3>&- >/dev/null 2>&1 & ;;
    esac
    HOLDER=$!
    at_end "kill $HOLDER"
    sleep 0.2
    case $1 in pid | time) HOLDER=$(pgrep -P "$HOLDER" | head -n 1) ;; esac
    [ "$(ns_of "$HOLDER" "$1")" != "$(ns_of self "$1")" ] || fail "no new namespace"
    [ "$1" != user ] || echo '0 0 65536' | tee "/proc/$HOLDER/uid_map" >"/proc/$HOLDER/gid_map"
}

@test "new namespaces differ from the host's, the others are the host's" {
    requires time_ns
    config '.linux.namespaces += [{"type": "cgroup"}]'
    args sleep 100
    ctr_running
    local kind pid
    pid=$(state_of pid)
    for kind in mnt net uts pid ipc cgroup; do
        [ "$(ns_of "$pid" $kind)" != "$(ns_of self $kind)" ] || fail "$kind is the host's"
    done
    for kind in user time; do
        assert_equal "$(ns_of "$pid" $kind)" "$(ns_of self $kind)"
    done
}

@test "each namespace that is not listed is inherited" {
    local kind pid
    for kind in net ipc pid; do
        jq --arg t "$(spec_name $kind)" 'del(.linux.namespaces[] | select(.type == $t))' \
            "$HERE/base-config.json" >"$T/base"
        jq --arg c "/$CTR" '.linux.cgroupsPath = $c | .process.args = ["sleep", "100"]
            | .mounts |= map(select(.type != "mqueue"))' "$T/base" >"$BUNDLE/config.json"
        # With the host's network sysfs belongs to it: bind it, as engines do.
        [ $kind != net ] || config '(.mounts[] | select(.type == "sysfs")) |=
            (.type = "none" | .source = "/sys" | .options = ["rbind", "ro"])
            | .mounts |= map(select(.type != "cgroup"))'
        ctr_running
        pid=$(state_of pid)
        assert_equal "$(ns_of "$pid" $kind)" "$(ns_of self $kind)"
        [ "$(ns_of "$pid" mnt)" != "$(ns_of self mnt)" ] || fail "no mount namespace"
        must rt delete --force "$CTR"
    done
}

@test "without a mount namespace: the container's mounts go with it, those from before stay" {
    only_estiva "others leave them"
    config '.linux.namespaces |= map(select(.type != "mount")) | .root.path = "./link/" |
        .mounts = [{"destination": "/ours", "type": "tmpfs", "source": "tmpfs"},
            {"destination": "/both", "type": "tmpfs", "source": "tmpfs"}] |
        del(.linux.maskedPaths, .linux.readonlyPaths, .root.readonly)'
    ln -s rootfs "$BUNDLE/link"
    local root=$BUNDLE/rootfs one
    mkdir "$root/theirs" "$root/both"
    for one in theirs both; do
        mount -t tmpfs before "$root/$one"
        at_end umount "$root/$one"
        : >"$root/$one/kept"
    done
    args sleep 100
    ctr_running
    assert_equal "$(grep -c " $root/ours \| $root/both " /proc/self/mountinfo)" 3
    must rt delete --force "$CTR"
    assert_equal "$(grep -c " $root/" /proc/self/mountinfo)" 2
    [ -e "$root/theirs/kept" ] && [ -e "$root/both/kept" ] || fail "a mount from before has gone"
    [ ! -e "$STATE/$CTR" ] || fail "its state is left"
}

joins() { # KIND [FILTER]: the container is in the holder's namespace of that kind
    local kind=$1
    hold_namespace "$kind"
    config --arg t "$(spec_name "$kind")" --arg p "/proc/$HOLDER/ns/$kind" \
        'del(.linux.namespaces[] | select(.type == $t)) | .linux.namespaces += [{type: $t, path: $p}]'
    [ -z "${2-}" ] || config "$2"
    args sleep 100
    ctr_running
    assert_equal "$(ns_of "$(state_of pid)" "$kind")" "$(ns_of "$HOLDER" "$kind")"
}

@test "join a network namespace" { joins net; }
@test "join a UTS namespace" {
    joins uts
    assert_equal "$(nsenter -t "$HOLDER" -u hostname)" estiva-test
}
@test "join an IPC namespace" { joins ipc; }
@test "join a pid namespace" { joins pid; }
@test "join a pid namespace without the mount API: what the image has at /proc leads nowhere" {
    only_estiva "others have no such steps"
    local number
    mkdir -p "$BUNDLE/rootfs/proc/self/fd" "$BUNDLE/rootfs/decoy"
    for number in {3..40}; do ln -s /decoy "$BUNDLE/rootfs/proc/self/fd/$number"; done
    without "$OLD_KERNEL"
    joins pid
    WITHOUT=()
    capture exec "$CTR" sh -c 'readlink /proc/self; ls /decoy | wc -l; grep -c " /proc proc " /proc/mounts'
    assert_match "$output" $'^[0-9]+\n0\n[1-9]'
}
@test "join a cgroup namespace" { joins cgroup; }
@test "join a mount namespace" {
    not_on runc "1.1 refuses a root in a joined mount namespace on this kernel"
    joins mnt
}
@test "join a user namespace" {
    not_on runc "1.1 wants the maps again"
    joins user
}
@test "join a time namespace" {
    requires time_ns
    not_on runc "1.1 does not know it"
    joins time
}

@test "two containers share namespaces of the first, as in a pod" {
    args sleep 100
    ctr_running
    local pid kind
    pid=$(state_of pid)
    new_bundle "$T/second" "$CTR-second"
    jq --arg p "/proc/$pid/ns" '.process.args = ["sleep", "100"] | .linux.namespaces = [{type: "mount"},
        {type: "network", path: "\($p)/net"}, {type: "ipc", path: "\($p)/ipc"},
        {type: "pid", path: "\($p)/pid"}, {type: "uts", path: "\($p)/uts"}] | del(.hostname)' \
        "$T/second/config.json" >"$T/c"
    cp "$T/c" "$T/second/config.json"
    must rt_detached run -d --bundle "$T/second" "$CTR-second"
    local second
    second=$(state_of pid "$CTR-second")
    for kind in net ipc pid uts; do
        assert_equal "$(ns_of "$second" $kind)" "$(ns_of "$pid" $kind)"
    done
    # The pod's pid namespace goes on without the second one.
    must rt kill "$CTR-second" KILL
    wait_status stopped "$CTR-second"
    assert_equal "$(state_of status)" running
}

@test "the same type twice is an error" {
    config '.linux.namespaces += [{"type": "uts"}]'
    assert_refused /linux/namespaces/5
}

@test "a path of another type is an error" {
    hold_namespace net
    config --arg p "/proc/$HOLDER/ns/net" '(.linux.namespaces[] | select(.type == "ipc")).path = $p'
    assert_refused /linux/namespaces/4
}

@test "a path that is no namespace, is missing or is relative is an error" {
    local path
    touch "$T/file"
    for path in "$T/file" "$T/missing" proc/self/ns/ipc; do
        config --arg p "$path" '(.linux.namespaces[] | select(.type == "ipc")).path = $p'
        assert_refused /linux/namespaces/4
    done
}

@test "an unknown type is an error" {
    config '.linux.namespaces += [{"type": "flavour"}]'
    assert_refused /linux/namespaces/5
}

with_userns() { # maps 0-65535 to 100000
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
    chown -R -h 100000:200000 "$BUNDLE/rootfs"
}

@test "user namespace: maps, owner of files, full container" {
    requires userns
    with_userns
    in_container 'cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; touch /tmp/made; hostname; ls /sys/class/net'
    assert_equal "$(awk '{ print $1, $2, $3 }' <<<"${lines[0]}")" "0 100000 65536"
    assert_equal "$(awk '{ print $1, $2, $3 }' <<<"${lines[1]}")" "0 200000 65536"
    assert_equal "${lines[2]} ${lines[3]} ${lines[4]} ${lines[5]}" "0 0 estiva-test lo"
    assert_equal "$(stat -c '%u %g' "$BUNDLE/rootfs/tmp/made")" "100000 200000"
}

@test "user namespace: several maps" {
    requires userns
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 10, "hostID": 300000, "size": 1}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    in_container 'cat /proc/self/uid_map | wc -l; awk "NR == 2 { print \$1, \$2, \$3 }" /proc/self/uid_map'
    assert_equal "$output" "2
10 300000 1"
}

@test "user namespace: processes run as the mapped host user, with a cgroup, as another user too" {
    requires userns
    with_userns
    config '.process.user = {"uid": 1000, "gid": 1000, "additionalGids": [5]}'
    args sleep 100
    ctr_running
    local pid
    pid=$(state_of pid)
    assert_equal "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" 101000
    assert_equal "$(awk '/^Gid/ { print $2 }' "/proc/$pid/status")" 201000
    assert_equal "$(awk '/^Groups/ { print $2 }' "/proc/$pid/status")" 200005
    assert_has "$(cat "/proc/$pid/cgroup")" "$CTR"
}

@test "user namespace: devices are usable" {
    requires userns
    with_userns
    in_container 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 1 /dev/urandom | wc -c; [ -c /dev/full ] && echo full'
    assert_equal "$(tr '\n' ' ' <<<"$output")" "4 1 full "
}

@test "user namespace: standard streams that are pipes can be opened again by name" {
    requires userns
    with_userns
    script 'echo again >/dev/stdout && echo and >/dev/stderr'
    { rt run --bundle "$BUNDLE" "$CTR" </dev/null | cat >"$T/out"; } 2>&1 | cat >"$T/err"
    assert_equal "$(cat "$T/out" "$T/err")" "again
and"
}

@test "user namespace without maps is an error" {
    config '.linux.namespaces += [{"type": "user"}]'
    assert_refused
}

@test "maps without a user namespace are an error" {
    not_on runc "1.1 ignores them"
    not_on crun "makes one"
    config '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 10}]'
    assert_refused /linux/uidMappings
}

@test "a user that the maps do not have is an error" {
    requires userns
    with_userns
    config '.process.user.uid = 70000'
    assert_refused /process/user/uid
}

@test "time namespace: both clocks are moved" {
    requires time_ns
    not_on runc "1.1 does not know it"
    config '.linux.namespaces += [{"type": "time"}] |
        .linux.timeOffsets = {"monotonic": {"secs": 1000000, "nanosecs": 5}, "boottime": {"secs": 2000000}}'
    args testinit clocks
    ctr_run
    assert_status 0
    local now
    now=$(cut -d . -f 1 /proc/uptime)
    [ "$(sed -n 's/^monotonic: //p' <<<"$output")" -gt 1000000 ] || fail monotonic
    [ "$(sed -n 's/^boottime: //p' <<<"$output")" -ge $((now + 1999990)) ] || fail boottime
}

@test "negative time offsets" {
    requires time_ns
    not_on runc "1.1 does not know it"
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": -100}}'
    args testinit clocks
    ctr_run
    assert_status 0
    local now
    now=$(cut -d . -f 1 /proc/uptime)
    [ "$(sed -n 's/^boottime: //p' <<<"$output")" -le $((now - 99)) ] || fail "boottime, uptime $now"
}

@test "time offsets without a new time namespace are an error" {
    not_on runc "1.1 does not know it"
    config '.linux.timeOffsets = {"monotonic": {"secs": 5}}'
    assert_refused /linux/timeOffsets
}

@test "hostname and domainname" {
    [ "$KIND" = runc ] || config '.domainname = "test.example"'
    in_container 'hostname; cat /proc/sys/kernel/domainname'
    assert_equal "${lines[0]}" estiva-test
    [ "$KIND" = runc ] || assert_equal "${lines[1]}" test.example
    [ "$(hostname)" != estiva-test ]
}

@test "hostname without a UTS namespace is an error" {
    config 'del(.linux.namespaces[] | select(.type == "uts"))'
    assert_refused /hostname
}

@test "domainname without a UTS namespace is an error" {
    not_on runc "1.1 does not know it"
    config 'del(.linux.namespaces[] | select(.type == "uts")) | del(.hostname) | .domainname = "x.y"'
    assert_refused /domainname
}

@test "loopback is up in a new network namespace" {
    in_container 'ip addr show lo; ping -c 1 127.0.0.1 >/dev/null && echo up'
    assert_has "$output" "127.0.0.1/8" up
}
