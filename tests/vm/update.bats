# SPDX-License-Identifier: Apache-2.0
# update on cgroup v2: every limit by file, pairs that one file holds, what is refused, and effects.
# Guests: qemu old

load vm

update() { # OPTION...
    capture update "$@" "$CTR"
    [ "$status" = 0 ] || fail "update $* failed"
}

refused() { # PART OPTION...
    local part=$1
    shift
    capture update "$@" "$CTR"
    assert_status 1
    assert_has "$stderr" "$part"
}

setup() {
    guest_setup
    only_estiva "the peers here are older"
    args sleep 1000
}

@test "every option reaches its file" {
    resources '{}'
    update --memory 64m --memory-reservation 32m --memory-swap 96m --pids-limit 33 --cpu-share 512 --cpuset-cpus 0 --cpuset-mems 0
    assert_equal "$(value memory.max) $(value memory.low) $(value memory.swap.max)" "67108864 33554432 33554432"
    assert_equal "$(value pids.max) $(value cpu.weight) $(value cpuset.cpus) $(value cpuset.mems)" "33 59 0 0"
    update --cpu-period 200000 --cpu-quota 50000
    assert_equal "$(value cpu.max)" "50000 200000"
    update --pids-limit -1 --cpu-quota -1 --memory -1
    assert_equal "$(value pids.max) $(value cpu.max) $(value memory.max) $(value memory.swap.max)" "max max 200000 max max"
}

@test "halves: quota and period, swap and the limit of memory" {
    resources '{"cpu": {"quota": 50000, "period": 200000}, "memory": {"limit": 67108864, "swap": 67108864}}'
    update --cpu-quota 60000
    assert_equal "$(value cpu.max)" "60000 200000"
    update --cpu-period 100000
    assert_equal "$(value cpu.max)" "60000 100000"
    update --memory-swap 96m
    assert_equal "$(value memory.max) $(value memory.swap.max)" "67108864 33554432"
    update --memory 32m
    assert_equal "$(value memory.max) $(value memory.swap.max)" "33554432 33554432"
}

@test "unified, and a refused value takes back those before it" {
    resources '{"memory": {"limit": 67108864}, "pids": {"limit": 20}}'
    echo '{"unified": {"memory.high": "50331648", "pids.max": "30"}}' >"$T/r.json"
    update --resources "$T/r.json"
    assert_equal "$(value memory.high) $(value pids.max)" "50331648 30"
    echo '{"memory": {"limit": 100663296}, "pids": {"limit": 40}, "unified": {"memory.high": "lots"}}' >"$T/r.json"
    refused memory.high --resources "$T/r.json"
    assert_equal "$(value memory.max) $(value pids.max) $(value memory.high)" "67108864 30 50331648"
    refused cpuset.cpus --memory 32m --cpuset-cpus 4000
    assert_equal "$(value memory.max)" 67108864
    refused /linux/resources/cpu/realtimeRuntime --cpu-rt-runtime 1000
}

@test "io: one more limit of a device leaves its others" {
    local device
    device=$(cat "/sys/block/$(basename "$(findmnt -n -o SOURCE /)")/dev")
    resources '{}'
    limit() { # KEY RATE
        jq -n --arg k "$1" --argjson r "$2" --arg d "$device" \
            '{blockIO: {($k): [{major: ($d / ":")[0] | tonumber, minor: ($d / ":")[1] | tonumber, rate: $r}]}}' >"$T/r.json"
        update --resources "$T/r.json"
    }
    limit throttleReadBpsDevice 1048576
    limit throttleWriteIOPSDevice 500
    assert_equal "$(value io.max)" "$device rbps=1048576 wbps=max riops=max wiops=500"
}

@test "checkBeforeUpdate counts memory and swap" {
    script 'dd if=/dev/zero of=/tmp/big bs=1M count=40 2>/dev/null; exec sleep 1000'
    config '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]'
    resources '{"memory": {"limit": 134217728, "checkBeforeUpdate": true}}'
    wait_for 20 eval '[ "$(value memory.current)" -gt 41000000 ]'
    refused "in use" --memory 20m
    assert_equal "$(value memory.max)" 134217728
    update --memory 64m
}

@test "a new limit of processes holds, a lower one of memory kills" {
    script 'until [ -e /tmp/go ]; do sleep 0.05; done; testinit forks 20 >/tmp/forks; testinit alloc 60; exec sleep 1000'
    resources '{"pids": {"limit": 100}, "memory": {"limit": 134217728, "swap": 134217728}}'
    update --pids-limit 8 --memory 24m --memory-swap 24m
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 20 test -s "$BUNDLE/rootfs/tmp/forks"
    [ "$(sed 's/[^0-9]//g' "$BUNDLE/rootfs/tmp/forks")" -lt 8 ] || fail "$(cat "$BUNDLE/rootfs/tmp/forks")"
    wait_for 20 eval '[ "$(counter memory.events oom_kill)" -gt 0 ]'
}

@test "events: out of memory and limits as they happen, statistics of every controller" {
    script 'until [ -e /tmp/go ]; do sleep 0.05; done; testinit forks 20 >/dev/null; testinit alloc 60; exec sleep 1000'
    resources '{"pids": {"limit": 8}, "memory": {"limit": 25165824, "swap": 25165824}}'
    capture events --stats "$CTR"
    jq -e '.data | .memory.usage.limit == 25165824 and .memory.swap.limit == 25165824 and .pids.limit == 8 and .pids.current >= 1
        and .cpu.usage.total > 0 and .memory.usage.usage > 0 and (.cpuset.cpus | length) > 0' <<<"$output" >/dev/null || fail "$output"
    rt events --interval 1h "$CTR" >"$T/events" 3>&- &
    local events=$!
    sleep 3
    : >"$BUNDLE/rootfs/tmp/go"
    wait_for 30 eval 'jq -se "any(.[]; .type == \"oom\")" "$T/events" >/dev/null'
    jq -se 'any(.[]; .type == "limit" and .data.controller == "pids" and .data.event == "max") and
        any(.[]; .type == "limit" and .data.controller == "memory" and .data.event == "oom_kill" and .data.count > 0)' "$T/events" >/dev/null ||
        fail "$(cat "$T/events")"
    must rt pause "$CTR"
    must rt resume "$CTR"
    must rt kill "$CTR" KILL
    wait $events
    assert_equal "$(jq -r .type "$T/events" | grep -v limit | uniq | tr '\n' ' ')" "oom pause resume exit "
}
