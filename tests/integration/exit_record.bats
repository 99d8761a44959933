# SPDX-License-Identifier: Apache-2.0
# wait, and --exit-record: how a container ended.
# Guests: old

load helpers

KERNEL_TELLS=0 # PIDFD_INFO_EXIT
[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1)" != 6.15 ] || KERNEL_TELLS=1

setup() {
    common_setup
    only_estiva "the others have neither"
}

# wait in the background; its end is in $T/waited
waits() {
    { rt wait "$CTR" >"$T/said" 2>&1 </dev/null 3>&- || echo "status $?" >>"$T/said"; touch "$T/waited"; } &
}

ended() { wait_for 10 test -e "$T/waited"; }

record() { jq -r "$1" "$STATE/$CTR/exit.json"; }

# KEY VALUE: what the record says; before Linux 6.15 nothing, where the init's parent was quicker.
told() {
    if [ $KERNEL_TELLS = 1 ]; then echo ".$1"; else echo "(.$1 // $2)"; fi
}

watcher() { grep -lsx estiva-exit /proc/[0-9]*/comm | cut -d / -f 3 | while read -r pid; do
    ! grep -qs "$STATE/$CTR" <(readlink "/proc/$pid/fd/"*) || echo "$pid"
done; }

# At most 200 KiB of its own; sets KIB.
small() {
    KIB=$(awk '/^Private_(Clean|Dirty):/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup")
    [ "$KIB" -le 200 ]
}

# It has its name a moment after create has ended.
has_watcher() { [ -n "$(watcher)" ]; }
the_watcher() { wait_for 10 has_watcher >&2 && watcher; }

@test "wait, there before the end, prints the status" {
    [ $KERNEL_TELLS = 1 ] || skip_because "needs Linux 6.15 (PIDFD_INFO_EXIT)"
    args sh -c 'trap "exit 42" TERM; while :; do sleep 0.05; done'
    ctr_running
    waits
    sleep 0.3
    [ ! -e "$T/waited" ] || fail "it did not wait: $(cat "$T/said")"
    must rt kill "$CTR" TERM
    ended
    assert_equal "$(cat "$T/said")" 42
    rm "$T/waited"
    must rt delete "$CTR"
    ctr_running
    waits
    sleep 0.3
    must rt delete --force "$CTR"
    ended
    assert_equal "$(cat "$T/said")" 137
}

@test "wait for a container that is created only" {
    [ $KERNEL_TELLS = 1 ] || skip_because "needs Linux 6.15 (PIDFD_INFO_EXIT)"
    args testinit exit 3
    ctr_create
    waits
    sleep 0.3
    [ ! -e "$T/waited" ] || fail "it did not wait: $(cat "$T/said")"
    ctr_start
    ended
    assert_equal "$(cat "$T/said")" 3
}

@test "wait after the end: the status is unknown, and is said to be" {
    args true
    ctr_running
    wait_status stopped
    capture wait "$CTR"
    assert_status 1
    assert_equal "$output" ""
    assert_has "$stderr" "exit status is unknown" --exit-record
    capture wait no-such-container
    assert_status 1
    assert_has "$stderr" "does not exist"
}

@test "--exit-record: the status is there after the end too" {
    args testinit exit 7
    ctr_create --exit-record
    ctr_start
    wait_status stopped
    wait_for 5 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record "[$(told status 7), .signal, .oomKills] | map(tostring) | join(\" \")")" "7 null null"
    assert_equal "$(stat -c '%a %u' "$STATE/$CTR/exit.json")" "600 0"
    capture wait "$CTR"
    if [ "$(record .status)" = 7 ]; then
        assert_equal "$status $output" "0 7"
    else
        assert_has "$stderr" "exit status is unknown"
    fi
    must rt delete "$CTR"
    assert_nothing_left
}

@test "--exit-record: a signal, times, usage; run --detach" {
    args testinit burn 100000
    must rt_detached run --detach --exit-record --bundle "$BUNDLE" "$CTR"
    sleep 0.5
    must rt kill "$CTR" KILL
    wait_for 5 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record "[$(told status 137), $(told signal 9)] | join(\" \")")" "137 9"
    [ "$(record .finished)" -ge $(($(date +%s) - 30)) ] || fail "$(record .)"
    [ -d /sys/fs/cgroup/cpuacct ] || [ -n "$(cgroup2_dir)" ] || skip_because "neither cpuacct nor cgroup2, which count CPU time, is mounted below /sys/fs/cgroup"
    [ "$(record .cpuMicroseconds)" -gt 2000 ] || fail "$(record .)"
    [ ! -d /sys/fs/cgroup/memory ] || [ "$(record .peakMemory)" -gt 10000 ] || fail "$(record .)"
}

@test "--exit-record: cgroup v2 tells the CPU time too" {
    use_v2_view
    args testinit burn 200
    ctr_create --exit-record
    ctr_start
    wait_for 5 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record "$(told status 0)")" 0
    [ "$(record .cpuMicroseconds)" -gt 2000 ] || fail "$(record .)"
}

@test "--exit-record: killed for memory by the container's own limit" {
    requires v1_memory
    args testinit alloc 200
    config '.linux.resources.memory.limit = 33554432'
    ctr_create --exit-record
    ctr_start
    wait_for 20 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record "[$(told status 137), $(told signal 9), .oomOrigin] | join(\" \")")" "137 9 own"
    [ "$(record .peakMemory)" -le 33554432 ] || fail "$(record .)"
}

@test "--exit-record: killed for memory by the limit of an ancestor" {
    requires v1_memory
    local group=/sys/fs/cgroup/memory/$CTR-parent
    mkdir "$group"
    at_end "find /sys/fs/cgroup -maxdepth 3 -depth -type d -path '*/$CTR-parent*' -exec rmdir {} +"
    echo 33554432 >"$group/memory.limit_in_bytes"
    args testinit alloc 200
    config --arg p "/$CTR-parent/$CTR" '.linux.cgroupsPath = $p'
    ctr_create --exit-record
    ctr_start
    wait_for 20 test -e "$STATE/$CTR/exit.json"
    assert_equal "$(record "[$(told status 137), .oomOrigin] | join(\" \")")" "137 ancestor"
}

@test "the watcher: one small process outside the container, with nothing of the caller's" {
    args sleep 1000
    BIG=$(printf '%0100000d' 0) ctr_create --exit-record 9</etc/passwd
    ctr_start
    local pid
    pid=$(the_watcher)
    [[ $pid =~ ^[0-9]+$ ]] || fail "watchers: $pid"
    assert_equal "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" /dev/null
    assert_lacks "$(readlink "/proc/$pid/fd/"*)" /etc/passwd pipe:
    assert_equal "$(readlink "/proc/$pid/cwd")" /
    ! grep -q "$CTR" "/proc/$pid/cgroup" || fail "it is in the container's cgroup"
    wait_for 5 small "$pid" || fail "$KIB KiB: $(grep -B 24 '^VmFlags' "/proc/$pid/smaps" | grep -E '^[0-9a-f]+-|^Rss')"
    must rt delete --force "$CTR"
    wait_for 5 process_gone "$pid"
    assert_nothing_left
}

@test "a watcher that was killed or stopped does not keep delete waiting" {
    args sleep 1000
    ctr_create --exit-record
    kill -KILL "$(the_watcher)"
    must rt delete --force "$CTR"
    ctr_create --exit-record
    local pid
    pid=$(the_watcher)
    kill -STOP "$pid"
    must rt delete --force "$CTR"
    kill -KILL "$pid"
    assert_nothing_left
}

@test "without --exit-record nothing of ours stays" {
    args sleep 1000
    ctr_running
    assert_equal "$(watcher)" ""
    [ ! -e "$STATE/$CTR/exit.lock" ] || fail "exit.lock"
}

@test "a create that fails late leaves no watcher" {
    args sleep 1000
    capture create --exit-record --pid-file "$T/missing/pid" --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ] || fail "create succeeded"
    wait_for 5 eval '[ -z "$(watcher)" ]'
    assert_nothing_left
}
