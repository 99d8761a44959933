#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --restart where nobody was there to follow it: after a boot, after SIGKILL of the shim; and what ends it.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
}

NO_BOOT=00000000-0000-0000-0000-000000000000

value_of() { sed -n "s/^$2=//p" "$T/run/containers/$1/state"; } # ID KEY
kill_shim() { # ID
    local shim
    shim=$(value_of "$1" shim)
    kill -KILL "$shim"
    wait_for 10 process_gone "$shim"
}

# As a boot leaves it: no process, no mount, no run root, and what ran did so in another boot.
after_boot() {
    local state id
    for state in "$T"/run/containers/*/state; do
        id=${state%/state} id=${id##*/}
        kill_shim "$id"
        "$RUNTIME" --root "$T/run/runtime" delete --force "$id"
    done
    awk -v dir="$T/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r state; do
        umount -l "$state"
    done
    rm -rf "$T/run"
    find "$T/store/containers" -name running -exec sed -i "s/^boot=.*/boot=$NO_BOOT/" {} +
}

running() { cais ps --format json | jq -r .Names | sort | tr '\n' ' '; }
state_of() { cais inspect "$1" | jq -r '.[0] | "\(.State.Status) \(.RestartCount)"'; } # "running 1"
is_now() { [ "$(state_of "$1")" = "$2" ]; }
# Nobody is at work on a restart.
settled() { [ ! -e "$T/store/containers/$1/restarting" ]; }

@test "a boot since, and the run root gone with it: what ran has exited, with --rm it is gone" {
    detached --name one busy:1 sleep 100
    detached --name two --rm busy:1 sleep 100
    detached --name three busy:1 sh -c 'exit 3'
    good wait three
    good create --network host --name four busy:1 true
    after_boot
    good ps -a --format json
    assert_equal "$(jq -r '.Names + " " + .Status' <<<"$output" | sed 's/) .* ago/)/' | sort)" \
        $'four Created\none Exited (255)\nthree Exited (3)'
    assert_equal "$(cais inspect one | jq -r '.[0].State.Error')" "host restarted"
    good start one
    assert_equal "$(running)" "one "
    good stop -t 0 one
    is_now one "exited 0" || fail "$(state_of one)"
    assert_equal "$(cais inspect one | jq -r '.[0].State.ExitCode')" 137
}

@test "start --all --filter should-start-on-boot=true: by the policy, as docker's daemon does" {
    detached --name always --restart always busy:1 sleep 100
    detached --name unless --restart unless-stopped busy:1 sleep 100
    detached --name stopped --restart unless-stopped busy:1 sleep 100
    detached --name killed --restart unless-stopped busy:1 sleep 100
    detached --name again --restart always busy:1 sleep 100
    detached --name failing --restart on-failure busy:1 sleep 100
    detached --name none busy:1 sleep 100
    good create --network host --name never --restart always busy:1 true
    good stop -t 0 stopped again
    good kill killed
    good ps -a --filter should-start-on-boot=true --format json
    assert_equal "$(jq -r .Names <<<"$output" | sort | tr '\n' ' ')" "again always unless "
    after_boot
    assert_equal "$(running)" ""
    good start --all --filter should-start-on-boot=true
    assert_equal "$output" $'always\nunless\nagain'
    assert_equal "$(running)" "again always unless "
    is_now always "running 0" || fail "$(state_of always)"
    good start --all --filter restart-policy=on-failure --filter restart-policy=unless-stopped
    assert_equal "$output" $'stopped\nkilled\nfailing'
    refused "needs --all" -- start --filter name=none none
    refused "stands alone" -- start --all none
    refused "multiple containers" -- start --all -a
    refused "an operand is missing" -- start
    refused 'filter "colour"' "should-start-on-boot" -- start --all --filter colour=red
    refused "is none of true, false" -- start --all --filter should-start-on-boot=yes
}

@test "the shim is killed: the next command sees to the restart, and does not wait for it" {
    detached --name one --restart always busy:1 sleep 100
    kill_shim "$CID"
    cais ps -a >/dev/null
    wait_for 20 is_now one "running 1"
    detached --name two --restart on-failure:1 busy:1 sleep 100
    kill_shim "$CID"
    cais ps -a >/dev/null
    wait_for 20 is_now two "running 1"
    # That was all that its policy allows.
    kill_shim "$CID"
    cais ps -a >/dev/null
    wait_for 5 settled "$CID"
    is_now two "exited 1" || fail "$(state_of two)"
}

@test "a restart that was to come is forgotten with a boot" {
    detached --name one busy:1 sh -c 'exit 3'
    good wait one
    wait_for 5 settled "$CID"
    good update --restart always one
    assert_equal "$(cais inspect one | jq -r '.[0].HostConfig.RestartPolicy.Name')" always
    printf 'boot=%s\nby=1\nby-start=1\n' "$NO_BOOT" >"$T/store/containers/$CID/restarting"
    is_now one "exited 0" || fail "$(state_of one)"
    settled "$CID" || fail "the promise is still there"
    is_now one "exited 0" || fail "$(state_of one)"
    # One of this boot is kept.
    printf 'boot=%s\nby=1\nby-start=1\n' "$(cat /proc/sys/kernel/random/boot_id)" >"$T/store/containers/$CID/restarting"
    cais ps >/dev/null
    has_restarted() { [[ $(state_of one) != *" 0" ]]; }
    wait_for 20 has_restarted
}

@test "kill ends it for good; a signal that is not for the end does not" {
    detached --name one --restart always busy:1 sh -c 'trap "exit 3" USR1; echo ready; while :; do sleep 0.05; done'
    wait_for 10 grep -q ready "$T/store/containers/$CID/log"
    good kill -s USR1 one
    wait_for 20 is_now one "running 1"
    good kill one
    wait_for 5 settled "$CID"
    is_now one "exited 1" || fail "$(state_of one)"
}

@test "a shim that is told to end, as by a host that goes down, ends the container, and nobody restarts it" {
    detached --name one --restart always busy:1 sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
    wait_for 10 grep -q ready "$T/store/containers/$CID/log"
    local shim
    shim=$(value_of "$CID" shim)
    kill -TERM "$shim"
    wait_for 20 process_gone "$shim"
    is_now one "exited 0" || fail "$(state_of one)"
    settled "$CID" || fail "a restart is promised"
    assert_equal "$(cais inspect one | jq -r '.[0].State.ExitCode')" 3
    assert_equal "$(cais ps -a --filter should-start-on-boot=true --format json | jq -r .Names)" one
}

@test "update --restart of a container that goes with its end is refused" {
    detached --name one --rm busy:1 sleep 100
    try update --restart always one
    assert_status 1
    assert_has "$stderr" "AutoRemove is enabled"
}

@test "start begins to count anew" {
    detached --name one --restart on-failure:1 busy:1 sh -c 'echo x; exit 3'
    has_run() { [ "$(cais logs one | wc -l)" = "$1" ]; } # TIMES
    wait_for 20 has_run 2
    good wait one
    wait_for 5 settled "$CID"
    good start one
    wait_for 20 has_run 4
    wait_for 20 is_now one "exited 1"
    assert_equal "$(cais inspect one | jq -c '.[0].HostConfig.RestartPolicy')" \
        '{"Name":"on-failure","MaximumRetryCount":1}'
}

# It has ended for the seventh time, and 6.4 seconds pass before it is started again. Its status is the number of its ends.
backs_off() { # NAME
    detached --name "$1" --restart always busy:1 sh -c 'echo x >>/ends; exit $(wc -l </ends)'
    wait_for 30 waits_after "$1" 6
}
# After that many restarts it has ended again: by its status, since it is counted as restarted before it runs.
waits_after() { # NAME RESTARTS
    [ "$(cais inspect "$1" | jq -r '.[0] | "\(.State.Status) \(.RestartCount) \(.State.ExitCode)"')" = "restarting $2 $(($2 + 1))" ]
}
# Who has promised the restart; between two promises there is nobody.
waiter() {
    local _
    for _ in {1..100}; do
        sed -n 's/^by=//p' "$T/store/containers/$CID/restarting" 2>/dev/null | grep . && return
        sleep 0.05
    done
    return 1
}

@test "a back-off is Restarting in ps, its filters and inspect, whoever of cais waits" {
    backs_off one
    assert_match "$(cais ps)" 'Restarting \(7\) .* ago'
    assert_equal "$(cais ps --format json | jq -r '.State + " " + .Names')" "restarting one"
    assert_equal "$(cais ps --filter status=restarting --format json | jq -r .Names)" one
    assert_equal "$(cais ps -aq --filter status=exited)$(cais ps -q --filter exited=7)" ""
    assert_equal "$(cais inspect one | jq -c '.[0].State | [.Status, .Running, .Restarting, .Paused, .Pid, .ExitCode]')" \
        '["restarting",true,true,false,0,7]'
    assert_has "$(cais why one)" "about to be started again"
    local first
    first=$(waiter)
    kill -KILL "$first"
    wait_for 10 process_gone "$first"
    # Nobody waits now, but the next command sees to it that somebody does.
    is_now one "restarting 6" || fail "$(state_of one)"
    [ "$(waiter)" != "$first" ] && ! process_gone "$(waiter)" || fail "it is said to restart, and nobody will do it"
}

@test "during a back-off: start has nothing to do, stop is its end, exec and others say what docker says" {
    backs_off one
    good start one
    is_now one "restarting 6" || fail "start did not leave it to the policy: $(state_of one)"
    refused "is restarting, wait until the container is running" -- exec one true
    refused "cannot attach to a restarting container" -- attach one
    for command in "kill -s USR1" pause top rm; do
        try $command one
        [ "$status" != 0 ] || fail "$command did what it can't do"
    done
    assert_has "$stderr" "You cannot remove a restarting container"
    local waits
    waits=$(waiter)
    good stop one
    is_now one "exited 6" || fail "$(state_of one)"
    assert_match "$(cais ps -a)" 'Exited \(7\)'
    wait_for 5 process_gone "$waits"
    good start one
    [[ $(state_of one) == *" "[0-4] ]] || fail "it did not begin anew: $(state_of one)"
}

@test "a back-off ends by kill, rm -f or restart; wait waits for the end after it" {
    backs_off one
    local waits
    cais wait one >"$T/waited" 3>&- &
    wait_for 20 grep -qx 8 "$T/waited"
    wait_for 5 waits_after one 7
    waits=$(waiter)
    good restart one
    [[ $(state_of one) == *" "[0-4] ]] || fail "it did not begin anew: $(state_of one)"
    wait_for 5 process_gone "$waits"
    backs_off two
    good kill two
    is_now two "exited 6" || fail "$(state_of two)"
    good start two
    wait_for 20 is_now two "restarting 4"
    waits=$(waiter)
    good rm -f two
    wait_for 5 process_gone "$waits"
    assert_equal "$(cais ps -a --format json | jq -r .Names)" one
}
