# SPDX-License-Identifier: Apache-2.0
# ps, pause, resume: the processes of a container.

load helpers

fails() { # COMMAND...: the runtime fails; its error is in stderr
    capture "$@"
    [ "$status" -ne 0 ] || fail "$* succeeded"
}

ticks_of() { wc -l <"$BUNDLE/rootfs/tmp/ticks"; }

ticking() { # a container that writes a line every 20 ms
    script 'while :; do echo tick >>/tmp/ticks; sleep 0.02; done'
    ctr_running
    wait_for 5 test -s "$BUNDLE/rootfs/tmp/ticks"
}

@test "pause stops every process, resume lets them go on" {
    ticking
    must rt pause "$CTR"
    assert_equal "$(state_of status)" paused
    local before
    before=$(ticks_of)
    sleep 0.3
    assert_equal "$(ticks_of)" "$before"
    must rt resume "$CTR"
    assert_equal "$(state_of status)" running
    wait_for 5 eval "[ \"\$(ticks_of)\" -gt $before ]"
}

@test "pause and resume in a state that has no use for them" {
    only_estiva "the others let a created container be paused"
    args sleep 100
    ctr_create
    fails pause "$CTR"
    assert_has "$stderr" "cannot pause container" created
    fails resume "$CTR"
    assert_has "$stderr" "cannot resume container" created
    ctr_start
    fails resume "$CTR"
    assert_has "$stderr" running
    must rt pause "$CTR"
    fails pause "$CTR"
    assert_has "$stderr" paused
    must rt resume "$CTR"
    must rt kill "$CTR" KILL
    wait_status stopped
    fails pause "$CTR"
    assert_has "$stderr" stopped
    fails pause none
    assert_has "$stderr" "does not exist"
}

@test "a paused container: kill reaches it, delete --force removes it" {
    not_on crun "a signal to a paused container waits for resume"
    ticking
    must rt pause "$CTR"
    must rt kill "$CTR" KILL
    wait_status stopped
    must rt delete "$CTR"
    assert_nothing_left
    ticking
    must rt pause "$CTR"
    must rt delete --force "$CTR"
    assert_nothing_left
}

@test "ps: the container's processes and no other, as a table and as JSON" {
    not_on crun "its table has one column"
    script 'sleep 101 & sleep 102 & wait'
    ctr_running
    wait_for 5 eval '[ "$(rt ps --format json "$CTR" | jq length)" = 3 ]'
    capture ps "$CTR"
    assert_equal "$(wc -l <<<"$output")" 4
    assert_has "$(head -n 1 <<<"$output")" UID PID CMD
    assert_has "$output" "sleep 101" "sleep 102"
    assert_equal "$(rt ps --format json "$CTR" | jq 'index('"$(state_of pid)"') != null')" true
}

@test "ps: arguments behind the id are for ps" {
    not_on crun "it takes none"
    script 'sleep 101 & sleep 102 & wait'
    ctr_running
    wait_for 5 eval '[ "$(rt ps --format json "$CTR" | jq length)" = 3 ]'
    capture ps "$CTR" -e -o pid,args
    assert_equal "$(wc -l <<<"$output")" 4
    assert_lacks "$output" UID
    fails ps "$CTR" -e -o args
    assert_has "$stderr" PID
}

@test "ps of a container that has stopped shows no process" {
    not_on crun "it refuses"
    args true
    ctr_running
    wait_status stopped
    capture ps --format json "$CTR"
    assert_match "$output" '^(\[\]|null)$'
}
