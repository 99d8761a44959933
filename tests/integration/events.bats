# SPDX-License-Identifier: Apache-2.0
# events: statistics in runc's form, and what happens to a container as it happens.

load helpers

follow() { # OPTION...: events of the container, into $T/events
    "${VIEW[@]}" "$RUNTIME" --root "$STATE" events "$@" "$CTR" >"$T/events" 2>"$T/events.err" 3>&- &
    EVENTS_PID=$!
    at_end "kill $EVENTS_PID 2>/dev/null || true"
}

# The watch is set once the process sleeps in poll(2).
watching() { grep -q '^[0-9]* ([^)]*) S' "/proc/$EVENTS_PID/stat" && grep -q poll "/proc/$EVENTS_PID/wchan" ||
    [ "$(cut -d' ' -f1 "/proc/$EVENTS_PID/syscall")" = 7 ]; }

types() { jq -r .type "$T/events" | tr '\n' ' '; }

has_type() { jq -se --arg t "$1" 'any(.[]; .type == $t)' "$T/events" >/dev/null; }

sleeps() { [ "$(tr '\0' ' ' <"/proc/$(state_of pid)/cmdline")" = "sleep 100 " ]; }
ended() { process_gone "$EVENTS_PID"; }

@test "--stats: one line with what the container uses" {
    not_on crun "it has no events"
    requires cgroup_v1
    config '.linux.resources += {"memory": {"limit": 67108864}, "pids": {"limit": 50}}'
    script 'dd if=/dev/zero of=/tmp/x bs=1M count=8 2>/dev/null; testinit burn 300; exec sleep 100'
    ctr_running
    wait_for 10 sleeps
    capture events --stats "$CTR"
    assert_status 0
    assert_equal "$(wc -l <<<"$output")" 1
    jq -e --arg id "$CTR" '.type == "stats" and .id == $id and (.data |
        .cpu.usage.total > 2000000 and .cpu.usage.user > 0 and (.cpu.usage.percpu | length) > 0
        and .memory.usage.limit == 67108864 and .memory.usage.usage > 4096 and .memory.usage.max >= 8388608
        and .memory.raw.pgfault > 0 and .memory.cache >= 0
        and .pids.current == 1 and .pids.limit == 50
        and (.cpuset.cpus | length) > 0 and (.hugetlb | type) == "object")' <<<"$output" >/dev/null || fail "$output"
}

@test "--stats has runc's keys" {
    only_estiva "compares with runc"
    requires cgroup_v1
    requires runc
    args sleep 100
    ctr_running
    capture events --stats "$CTR"
    local ours=$output
    must rt delete --force "$CTR"
    runc --root "$T/runc" run --detach --bundle "$BUNDLE" "$CTR" </dev/null >/dev/null 2>&1
    at_end "runc --root '$T/runc' delete --force '$CTR'"
    runc --root "$T/runc" events --stats "$CTR" >"$T/theirs"
    # Leaves that are 0 are left out by both, so some keys come and go.
    local shape='[.data | paths(type != "number") | map(if type == "number" then 0 else . end) | join(".")] | unique'
    local missing
    missing=$(jq -n --argjson a "$(jq "$shape" <<<"$ours")" --argjson b "$(jq "$shape" "$T/theirs")" -c '$b - $a')
    assert_equal "$missing" '[]'
    jq -e '.data.cpu.psi.some | has("avg10", "avg60", "avg300", "total")' <<<"$ours" >/dev/null ||
        [ ! -e /sys/fs/cgroup/unified/cpu.pressure ]
}

@test "--stats on cgroup v2" {
    not_on crun "it has no events"
    use_v2_view
    script 'testinit burn 300; exec sleep 100'
    ctr_running
    wait_for 10 sleeps
    capture events --stats "$CTR"
    jq -e '.data.cpu.usage.total > 2000000' <<<"$output" >/dev/null || fail "$output"
    [ ! -e /sys/fs/cgroup/unified/cpu.pressure ] || [ "$KIND" != estiva ] ||
        jq -e '.data.cpu.psi.some.total >= 0 and .data.memory.psi.full.avg10 >= 0 and .data.blkio.psi' <<<"$output" >/dev/null
}

@test "the stream: statistics at the interval, exit at the end, then it ends" {
    only_estiva "the others have no exit event"
    args sleep 100
    ctr_running
    follow --interval 200ms
    wait_for 10 eval '[ "$(grep -c stats "$T/events")" -ge 2 ]'
    must rt kill "$CTR" KILL
    wait_for 5 ended
    assert_equal "$(tail -n 1 "$T/events" | jq -c 'del(.data)')" "{\"type\":\"exit\",\"id\":\"$CTR\"}"
}

@test "pause and resume are told without looking at the clock" {
    only_estiva "its own events"
    requires cgroup_v2
    args sleep 100
    ctr_running
    follow --interval 1h
    wait_for 5 watching
    must rt pause "$CTR"
    wait_for 5 has_type pause
    must rt resume "$CTR"
    wait_for 5 has_type resume
    must rt kill "$CTR" KILL
    wait_for 5 ended
    assert_equal "$(types)" "pause resume exit "
}

@test "out of memory is told" {
    not_on crun "it has no events"
    requires v1_memory
    config '.linux.resources.memory = {"limit": 20971520}'
    script 'until [ -e /tmp/go ]; do sleep 0.05; done; testinit alloc 60; exec sleep 100'
    ctr_running
    follow --interval 1h
    wait_for 5 watching
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 10 has_type oom
    assert_equal "$(jq -c 'select(.type == "oom")' "$T/events" | head -n 1)" "{\"type\":\"oom\",\"id\":\"$CTR\"}"
    must rt kill "$CTR" KILL
    wait_for 5 ended
}

@test "a limit of processes that is met is told" {
    only_estiva "its own event"
    requires v1_pids
    config '.linux.resources.pids = {"limit": 6}'
    script 'until [ -e /tmp/go ]; do sleep 0.05; done; testinit forks 10; exec sleep 100'
    ctr_running
    follow --interval 300ms
    wait_for 5 watching
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 10 has_type limit
    jq -se 'map(select(.type == "limit"))[0].data | .controller == "pids" and .event == "max" and .count >= 1 and .total >= .count' "$T/events" >/dev/null || fail "$(cat "$T/events")"
    must rt kill "$CTR" KILL
    wait_for 5 ended
}

@test "pressure is told where it was asked for" {
    only_estiva "its own option"
    requires cgroup_v2
    [ -e "$(cgroup2_dir)/cpu.pressure" ] || skip_because "there is no $(cgroup2_dir)/cpu.pressure: the kernel was built, or booted, without PSI"
    script 'until [ -e /tmp/go ]; do sleep 0.05; done
        for i in 1 2 3; do taskset 1 testinit burn 6000 >/dev/null & done; wait; exec sleep 100'
    ctr_running
    follow --interval 1h --psi cpu:some:100ms/2s
    wait_for 5 watching
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 15 has_type pressure
    jq -se 'map(select(.type == "pressure"))[0].data == {"resource": "cpu", "kind": "some"}' "$T/events" >/dev/null
    must rt kill "$CTR" KILL
    wait_for 5 ended
}

@test "events: what can't be" {
    only_estiva "the form of a message"
    args sleep 100
    ctr_running
    local words
    for words in '--interval 0s' '--interval 5' '--interval -1s' '--interval x' '--psi memory' '--psi disk:some:1ms/1s' \
        '--psi memory:most:1ms/1s' '--psi memory:some:1/1s'; do
        # shellcheck disable=SC2086
        capture events $words "$CTR"
        assert_status 1
        assert_has "$stderr" "${words%% *}"
    done
    must rt kill "$CTR" KILL
    wait_status stopped
    capture events --stats "$CTR"
    assert_has "$stderr" "not running"
    capture events nobody
    assert_has "$stderr" "does not exist"
}
