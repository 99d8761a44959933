# SPDX-License-Identifier: Apache-2.0
# What the runtime tells others by a socket: NOTIFY_SOCKET of systemd (sd_notify(3)), --pidfd-socket.
# Guests: old

load helpers

setup() {
    common_setup
    requires python
}

listen() { # KIND SOCKET: what comes in is in $T/told
    "$PYTHON" "$HERE/receiver.py" "$1" "$2" </dev/null 3>&- >"$T/told" 2>&1 &
    at_end "kill $! 2>/dev/null || true"
    wait_for 10 grep -q ready "$T/told"
}

told() { grep -v '^ready$' "$T/told"; }

systemd() { # [KIND]: is our parent from here on
    listen "${1:-notify}" "$T/systemd"
    export NOTIFY_SOCKET=$T/systemd
}

# ---- NOTIFY_SOCKET

@test "create and start: start waits until the container is ready, and names its init" {
    args sh -c 'sleep 0.3; testinit notify STATUS=x READY=1; sleep 1000'
    systemd
    ctr_create
    assert_equal "$(told)" ""
    must rt start "$CTR"
    assert_equal "$(told)" "READY=1
MAINPID=$(state_of pid)
barrier"
    assert_equal "$(state_of status)" running
}

@test "run --detach waits until the container is ready" {
    args sh -c 'sleep 0.3; testinit notify READY=1; sleep 1000'
    systemd
    must rt_detached run --detach --bundle "$BUNDLE" "$CTR"
    assert_equal "$(told)" "READY=1
MAINPID=$(state_of pid)
barrier"
}

@test "run in the foreground: ready is passed on, we stay the main process" {
    not_on runc "1.1 looks for process 0 and gives up after 0.1 s"
    not_on crun "names the container's process"
    args sh -c 'sleep 0.3; testinit notify READY=1; sleep 0.3; exit 7'
    systemd
    capture run --bundle "$BUNDLE" "$CTR"
    assert_status 7
    assert_equal "$(told)" READY=1
}

@test "an abstract socket of the host" {
    not_on crun "takes it for a path"
    args sh -c 'testinit notify READY=1; sleep 1000'
    listen notify "@$CTR"
    export NOTIFY_SOCKET=@$CTR
    must rt_detached run --detach --bundle "$BUNDLE" "$CTR"
    assert_has "$(told)" READY=1 MAINPID
}

@test "the container can't say more than that it is ready" {
    not_on crun "passes messages on as they are"
    args sh -c 'testinit notify MAINPID=1 "STATUS=READY=1" READY=0 XREADY=1 "MAINPID=1
READY=1
BUSERROR=x"; sleep 1000'
    systemd
    ctr_create
    must rt start "$CTR"
    assert_equal "$(told)" "READY=1
MAINPID=$(state_of pid)
barrier"
}

@test "a container that ends before it is ready does not keep start waiting" {
    args true
    systemd
    ctr_create
    must rt start "$CTR"
    assert_equal "$(told)" ""
    wait_status stopped
}

@test "a container that says so and ends at once was ready" {
    not_on crun "loses it"
    not_on runc "loses it"
    args testinit notify READY=1
    systemd
    ctr_create
    must rt start "$CTR"
    assert_has "$(told)" READY=1 MAINPID
}

@test "any user can speak, with a read-only root and in a user namespace too" {
    requires userns
    config '.process.user = {"uid": 1000, "gid": 1000} | .root.readonly = true | .linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    mkdir -p "$BUNDLE/rootfs/run"
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    args sh -c 'testinit notify READY=1; sleep 1000'
    systemd
    ctr_create
    must rt start "$CTR"
    assert_has "$(told)" READY=1
}

@test "the variable is the container's own path; exec does not have it" {
    config '.process.env += ["NOTIFY_SOCKET=/of/the/image"]'
    args sh -c 'env | grep NOTIFY >/tmp/env; testinit notify READY=1; sleep 1000'
    systemd
    must rt_detached run --detach --bundle "$BUNDLE" "$CTR"
    assert_equal "$(cat "$BUNDLE/rootfs/tmp/env")" NOTIFY_SOCKET=/run/notify/notify.sock
    only_estiva "what the image says stays"
    capture exec "$CTR" sh -c 'env | grep NOTIFY'
    assert_equal "$output" NOTIFY_SOCKET=/of/the/image
}

@test "start waits without the container's lock: it can be deleted meanwhile" {
    only_estiva "our own lock"
    args sleep 1000
    systemd
    ctr_create
    { rt start "$CTR" </dev/null >/dev/null 2>&1 3>&-; echo "status $?" >"$T/started"; } &
    wait_for 10 eval '[ "$(state_of status)" = running ]'
    sleep 0.2
    [ ! -e "$T/started" ] || fail "start did not wait"
    must rt delete --force "$CTR"
    wait_for 10 test -s "$T/started"
    assert_equal "$(cat "$T/started")" "status 0"
    assert_nothing_left
}

@test "nobody at NOTIFY_SOCKET: an error before the program has run, and again once somebody is there" {
    only_estiva "the others tell after it has run"
    args sh -c 'touch /tmp/ran; testinit notify READY=1; sleep 1000'
    export NOTIFY_SOCKET=$T/systemd
    ctr_create
    capture start "$CTR"
    assert_status 1
    assert_has "$stderr" NOTIFY_SOCKET "$T/systemd"
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "it ran"
    systemd
    must rt start "$CTR"
    assert_has "$(told)" READY=1
}

@test "without NOTIFY_SOCKET nothing is mounted and nobody waits" {
    args sh -c 'grep -c /run/notify /proc/self/mountinfo; env | grep -c NOTIFY; true'
    capture run --bundle "$BUNDLE" "$CTR"
    assert_equal "$output" "0
0"
}

# ---- --pidfd-socket

@test "--pidfd-socket of create and of run" {
    not_on runc "1.1 has none"
    not_on crun "1.8 has none"
    args sleep 1000
    listen pidfd "$T/pidfd"
    must rt_detached create --pidfd-socket "$T/pidfd" --bundle "$BUNDLE" "$CTR"
    assert_equal "$(told)" "standard $(state_of pid)"
    rt delete --force "$CTR"
    rm "$T/pidfd"
    listen pidfd "$T/pidfd"
    must rt_detached run --detach --pidfd-socket "$T/pidfd" --bundle "$BUNDLE" "$CTR"
    assert_equal "$(told)" "standard $(state_of pid)"
}

@test "--pidfd-socket of exec" {
    not_on runc "1.1 has none"
    not_on crun "1.8 has none"
    args sleep 1000
    ctr_running
    listen pidfd "$T/pidfd"
    must rt_detached exec --detach --pidfd-socket "$T/pidfd" --pid-file "$T/pid" "$CTR" sleep 1000
    assert_equal "$(told)" "setns $(cat "$T/pid")"
}

@test "the annotation run.oci.pidfd_receiver" {
    not_on runc "has it not"
    args sleep 1000
    config --arg p "$T/pidfd" '.annotations["run.oci.pidfd_receiver"] = $p'
    listen pidfd "$T/pidfd"
    ctr_create
    assert_match "$(told)" " $(state_of pid)\$"
}

@test "--pidfd-socket that nobody listens on: an error, and nothing is left" {
    only_estiva "the others have none"
    args sleep 1000
    capture create --pidfd-socket "$T/missing" --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" "pidfd socket" "$T/missing"
    config --arg p "$T/missing" '.annotations["run.oci.pidfd_receiver"] = $p'
    capture create --bundle "$BUNDLE" "$CTR"
    assert_has "$stderr" "/annotations/run.oci.pidfd_receiver"
    assert_nothing_left
    config '.annotations["run.oci.pidfd_receiver"] = "pidfd"'
    assert_refused /annotations/run.oci.pidfd_receiver absolute
}
