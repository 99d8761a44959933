# SPDX-License-Identifier: Apache-2.0
# Many containers one after another and at once leave nothing; delete --force removes whatever is left of one; records
# of an older version are read. With ESTIVA_FULL=1 ten thousand and two hundred, else a sample.

load helpers

CYCLES=60 AT_ONCE=20
if [ "${ESTIVA_FULL:-0}" = 1 ]; then
    CYCLES=10000 AT_ONCE=200
    export BATS_TEST_TIMEOUT=3600
fi

# The namespaces, mounts, files and groups that there are of ours.
traces() {
    find /sys/fs/cgroup -maxdepth 4 -type d -name "*$CTR*" 2>/dev/null
    grep -F "$T" /proc/self/mountinfo
    find "$STATE" -mindepth 1 ! -path "$STATE/.seccomp*"
}

@test "containers one after another: create, start, kill, delete; nothing adds up" {
    requires python
    args sleep 100
    in_view "$PYTHON" "$HERE/cycles.py" "$CYCLES" "$BUNDLE" "$CTR" "$RUNTIME" --root "$STATE" 3>&-
    assert_equal "$(traces)" ""
    assert_nothing_left
}

one_of_many() { # NUMBER
    local id=$CTR-$1
    jq --arg c "/$id" '.linux.cgroupsPath = $c' "$BUNDLE/config.json" >"$T/many/$1.json"
    {
        rt create --bundle "$BUNDLE" --config "$T/many/$1.json" "$id" </dev/null && rt start "$id" && rt state "$id" &&
            rt kill "$id" KILL && rt delete --force "$id"
    } >"$T/many/$1.out" 2>&1 && : >"$T/many/$1.good"
}

@test "containers at once" {
    only_estiva "--config"
    args sleep 100
    mkdir "$T/many"
    local i pids=()
    for ((i = 0; i < AT_ONCE; i++)); do
        one_of_many "$i" 3>&- &
        pids+=($!)
    done
    # Not all jobs: one is bats' own clock.
    wait "${pids[@]}"
    for ((i = 0; i < AT_ONCE; i++)); do
        [ -e "$T/many/$i.good" ] || fail "container $i: $(cat "$T/many/$i.out")"
    done
    assert_equal "$(traces)" ""
    assert_nothing_left
}

gone_by_force() {
    must rt delete --force "$CTR"
    assert_equal "$(traces)" ""
    assert_nothing_left
    must rt delete --force "$CTR"
}

@test "delete --force: frozen, also one that froze a group of its own" {
    args sleep 100
    ctr_running
    must rt pause "$CTR"
    gone_by_force
    [ -n "$(cgroup2_dir)" ] || return 0
    ctr_running
    mkdir "$(cgroup_dir unified)/inner"
    echo "$(state_of pid)" >"$(cgroup_dir unified)/inner/cgroup.procs"
    echo 1 >"$(cgroup_dir unified)/inner/cgroup.freeze"
    gone_by_force
}

@test "delete --force: its cgroup was removed by hand" {
    args sleep 100
    ctr_running
    local pid dir
    pid=$(state_of pid)
    for dir in /sys/fs/cgroup/*/"$CTR"; do
        echo "$pid" >"${dir%/*}/cgroup.procs"
        rmdir "$dir"
    done
    gone_by_force
    process_gone "$pid"
}

@test "delete --force: its bundle is gone" {
    args sleep 100
    ctr_running
    rm -rf "$BUNDLE"
    gone_by_force
}

@test "delete --force: its init was killed from outside, created or running" {
    args sleep 100
    local stage pid
    for stage in created running; do
        ctr_create
        [ $stage = created ] || ctr_start
        pid=$(state_of pid)
        kill -KILL "$pid"
        wait_for 5 process_gone "$pid"
        assert_equal "$(state_of status)" stopped
        gone_by_force
    done
}

@test "delete --force: its record is torn, empty or missing" {
    only_estiva "its record"
    args sleep 100
    local damage
    for damage in 'truncate -s 40' 'truncate -s 0' 'rm'; do
        ctr_running
        must rt kill "$CTR" KILL
        wait_status stopped
        find /sys/fs/cgroup -maxdepth 2 -name "$CTR" -exec rmdir {} +
        $damage "$STATE/$CTR/record.json"
        capture state "$CTR"
        assert_status 1
        capture delete "$CTR"
        assert_status 1
        gone_by_force
    done
}

@test "a record of a newer version is left alone, also by force" {
    only_estiva "its record"
    args sleep 100
    ctr_create
    cp "$STATE/$CTR/record.json" "$T/record"
    jq '.version = 99' "$T/record" >"$STATE/$CTR/record.json"
    capture delete --force "$CTR"
    assert_status 1
    assert_has "$stderr" "version 99"
    cp "$T/record" "$STATE/$CTR/record.json"
    gone_by_force
}

old_record() { # [PID [START-TIME]]: into the state directory
    mkdir -p "$STATE/$CTR"
    sed -e "s|ID|$CTR|g" -e "s|BUNDLE|$BUNDLE|g" "$HERE/records/version-1.json" |
        jq --argjson p "${1:-26085}" --argjson s "${2:-1}" '.pid = $p | .startTime = $s' >"$STATE/$CTR/record.json"
}

@test "a record of version 1 is read: of a container that has stopped" {
    only_estiva "its record"
    old_record
    assert_equal "$(state_of status)" stopped
    assert_equal "$(rt list --format json | jq -r '.[0] | .id + " " + .bundle + " " + .annotations["org.example"]')" "$CTR $BUNDLE old"
    must rt delete "$CTR"
    assert_has "$(cat "$BUNDLE/poststop")" "$CTR"
    assert_nothing_left
}

@test "a record of version 1 is read: of a container that runs, and every command works" {
    only_estiva "its record"
    requires cgroup_v1 cgroup_v2
    args sleep 100
    ctr_running
    local pid start
    pid=$(state_of pid)
    start=$(jq .startTime "$STATE/$CTR/record.json")
    old_record "$pid" "$start"
    assert_equal "$(state_of status)" running
    must rt pause "$CTR"
    assert_equal "$(state_of status)" paused
    must rt resume "$CTR"
    assert_equal "$(rt ps --format json "$CTR")" "[$pid]"
    must rt update --pids-limit 7 "$CTR"
    must rt events --stats "$CTR"
    must rt mounts add "$CTR" '{"destination": "/t", "type": "tmpfs", "source": "t"}'
    must rt kill "$CTR" KILL
    wait_status stopped
    must rt delete "$CTR"
    # The old record names two hierarchies only.
    find /sys/fs/cgroup -maxdepth 2 -name "$CTR" -exec rmdir {} +
}
