# SPDX-License-Identifier: Apache-2.0
# exec and the container that it enters: its state, its namespaces, its root, its cgroups, its record.
# Guests: old

load helpers
load exec

@test "an unknown container: does not exist" {
    ex_fails no-such-container true
    assert_has "$stderr" "does not exist"
    only_estiva "ids are checked"
    ex_fails ../x true
    assert_has "$stderr" "invalid"
}

@test "a stopped container is refused" {
    args true
    ctr_running
    wait_status stopped
    ex_fails "$CTR" true
    assert_has "${stderr,,}" stopped
}

@test "a container that is only created can be entered" {
    args sleep 1000
    ctr_create
    ex_ok "$CTR" sh -c 'cat /proc/1/stat | wc -l; hostname'
    assert_equal "$output" "1
estiva-test"
    assert_equal "$(state_of status)" created
    ctr_start
    assert_equal "$(state_of status)" running
}

@test "config.json is not read: it may change or go" {
    not_on runc "reads it"
    entered
    config '.process.env = ["PATH=/nowhere"] | .process.user.uid = 5'
    ex_ok "$CTR" id -u
    assert_equal "$output" 0
    rm "$BUNDLE/config.json"
    ex_ok "$CTR" id -u
    assert_equal "$output" 0
}

@test "a container without a process: only by a document" {
    only_estiva "the others don't make one"
    config 'del(.process)'
    ctr_create
    ex_fails "$CTR" true
    assert_has "$stderr" "no process" --process
    jq -n '{cwd: "/", args: ["hostname"], env: ["PATH=/bin"]}' >"$T/process.json"
    ex_ok --process "$T/process.json" "$CTR"
    assert_equal "$output" estiva-test
}

@test "a paused container is refused" {
    entered
    must rt pause "$CTR"
    ex_fails "$CTR" true
    assert_has "${stderr,,}" paused
    must rt resume "$CTR"
    ex_ok "$CTR" true
}

@test "--ignore-paused waits until the container is resumed" {
    not_on crun "has no such option"
    entered
    must rt pause "$CTR"
    { rt exec --ignore-paused "$CTR" sh -c 'echo ran' </dev/null >"$T/said" 2>&1; echo "status $?" >>"$T/said"; } &
    sleep 0.5
    assert_equal "$(cat "$T/said")" ""
    must rt resume "$CTR"
    wait_for 10 grep -q status "$T/said"
    assert_equal "$(cat "$T/said")" "ran
status 0"
}

has_processes() { # COUNT DIRECTORY
    [ "$(wc -l <"$2/cgroup.procs")" = "$1" ]
}

@test "--ignore-paused: a container that ends meanwhile is not running, whatever the kernel says" {
    only_estiva "its words"
    requires cgroup_v2
    entered
    must rt pause "$CTR"
    { local rc=0; rt exec --ignore-paused "$CTR" true </dev/null >"$T/said" 2>&1 || rc=$?; echo "status $rc" >>"$T/said"; } &
    wait_for 10 has_processes 2 "$(cgroup_dir unified)"
    kill -KILL "$(state_of pid)"
    wait_status stopped
    echo 0 >"$(cgroup_dir unified)/cgroup.freeze"
    wait_for 10 grep -q status "$T/said"
    assert_has "$(cat "$T/said")" "container not running" "status 255"
}

@test "a record of an older version says that it can't be entered; all else works" {
    only_estiva "our own record"
    entered
    jq -c '.version = 1' "$STATE/$CTR/record.json" >"$T/record"
    cp "$T/record" "$STATE/$CTR/record.json"
    rm "$STATE/$CTR/exec"
    ex_fails "$CTR" true
    assert_has "$stderr" "version 1" exec "make the container again"
    assert_equal "$(state_of status)" running
    must rt kill "$CTR" KILL
    wait_status stopped
    must rt delete "$CTR"
    assert_nothing_left
}

@test "what exec needs is for its owner only, and goes with the container" {
    only_estiva "our own files"
    entered
    assert_equal "$(stat -c '%a %u' "$STATE/$CTR/exec")" "600 0"
    must rt delete --force "$CTR"
    assert_nothing_left
}

# ---- namespaces and root

KINDS="mnt net uts pid ipc cgroup user time"

# The process is where the container's init is, in every kind.
in_all_namespaces() {
    local kind init
    init=$(state_of pid)
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    for kind in $KINDS; do
        [ -e "/proc/self/ns/$kind" ] || continue
        assert_equal "$kind $(readlink "/proc/$(cat "$T/pid")/ns/$kind")" "$kind $(readlink "/proc/$init/ns/$kind")"
    done
}

@test "all namespaces of the container" {
    requires time_ns
    config '.linux.namespaces += [{"type": "cgroup"}]'
    entered
    in_all_namespaces
}

@test "time namespace" {
    requires time_ns
    not_on runc "1.1 does not know it"
    not_on crun "1.8 does not enter it"
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 86400000}}'
    entered
    in_all_namespaces
    ex_ok "$CTR" testinit clocks
    [ "$(sed -n 's/^boottime: //p' <<<"$output")" -gt 86400000 ] || fail "$output"
}

@test "user namespace: the user is the container's root, or as mapped" {
    requires userns
    config '.linux.namespaces += [{"type": "user"}, {"type": "cgroup"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
    chown -R -h 100000:200000 "$BUNDLE/rootfs"
    entered
    in_all_namespaces
    assert_equal "$(stat -c '%u:%g' "/proc/$(cat "$T/pid")")" 100000:200000
    ex_ok -u 1000:1000 "$CTR" sh -c 'testinit ids; id -u >/tmp/made'
    assert_has "$output" "uid: 1000 1000" "gid: 1000 1000"
    assert_equal "$(stat -c '%u:%g' "$BUNDLE/rootfs/tmp/made")" 101000:201000
    only_estiva "the form of a message"
    ex_fails -u 70000 "$CTR" true
    assert_has "$stderr" "--user: 70000 is not mapped"
}

@test "user namespace: standard streams that are pipes can be opened again by name" {
    requires userns
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
    chown -R -h 100000:200000 "$BUNDLE/rootfs"
    entered
    { rt exec "$CTR" sh -c 'echo again >/dev/stdout && echo and >/dev/stderr' </dev/null | cat >"$T/out"; } 2>&1 |
        cat >"$T/err"
    assert_equal "$(cat "$T/out" "$T/err")" "again
and"
}

@test "namespaces that the container inherited, entered from other ones" {
    not_on crun "1.8 stays where the caller is"
    requires time_ns
    config 'del(.linux.namespaces[] | select(.type | IN("network", "ipc", "uts")))
        | .mounts |= map(select(.type != "mqueue" and .type != "sysfs" and .type != "cgroup")) | del(.hostname)'
    entered
    local kind init
    init=$(state_of pid)
    must "${VIEW[@]}" "${WITHOUT[@]}" unshare --net --ipc --uts "$RUNTIME" --root "$STATE" exec --detach --pid-file "$T/pid" "$CTR" \
        sleep 1000 </dev/null >"$T/out" 2>"$T/err" 3>&-
    for kind in net ipc uts; do
        assert_equal "$(readlink "/proc/$(cat "$T/pid")/ns/$kind")" "$(readlink "/proc/$init/ns/$kind")"
    done
}

@test "a container in the host's pid namespace" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    entered
    ex_ok "$CTR" sh -c 'exec testinit ids'
    in_all_namespaces
}

@test "namespaces that were joined by path" {
    args sleep 1000
    unshare --net --ipc --uts sleep 1000 3>&- >/dev/null 2>&1 &
    at_end "kill $!"
    sleep 0.3
    config --arg p "/proc/$!/ns" '.linux.namespaces |= map(if .type == "network" then .path = "\($p)/net"
        elif .type == "ipc" then .path = "\($p)/ipc" elif .type == "uts" then .path = "\($p)/uts" else . end)'
    ctr_running
    in_all_namespaces
}

@test "a container in a joined mount namespace: the container's root, not the namespace's" {
    only_estiva "runc 1.1 refuses it, crun shows the namespace's"
    unshare --mount --propagation private sleep 1000 3>&- >/dev/null 2>&1 &
    at_end "kill $!"
    sleep 0.3
    config --arg p "/proc/$!/ns/mnt" '.linux.namespaces |= map(if .type == "mount" then .path = $p else . end)'
    entered
    echo here >"$BUNDLE/rootfs/marker"
    ex_ok "$CTR" cat /marker
    assert_equal "$output" here
    in_all_namespaces
}

@test "--no-pivot: the container's root" {
    entered_by_move() { args sleep 1000 && ctr_running --no-pivot; }
    entered_by_move
    echo here >"$BUNDLE/rootfs/marker"
    ex_ok "$CTR" cat /marker
    assert_equal "$output" here
}

# ---- cgroups

groups_of() { sed 's/^[0-9]*://' "/proc/$1/cgroup" | sort; }

sub_group() { # CONTROLLER NAME: makes one below the container's
    mkdir "$(cgroup_dir "$1")/$2"
    for file in cpuset.cpus cpuset.mems; do
        [ ! -e "$(cgroup_dir "$1")/$2/$file" ] || cat "$(cgroup_dir "$1")/$file" >"$(cgroup_dir "$1")/$2/$file"
    done
}

@test "the process is in the container's cgroups" {
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_equal "$(groups_of "$(cat "$T/pid")")" "$(groups_of "$(state_of pid)")"
    assert_has "$(groups_of "$(cat "$T/pid")")" "$CTR"
}

@test "v1: --cgroup CONTROLLER:PATH, several, the others stay" {
    requires cgroup_v1 v1_pids v1_memory
    not_on crun "1.8 has no --cgroup"
    entered
    sub_group pids inner
    sub_group memory deep
    sub_group memory deep/er
    ex_ok --cgroup pids:inner --cgroup memory:/deep/./er/ --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" "pids:/$CTR/inner" "memory:/$CTR/deep/er" "devices:/$CTR
"
}

@test "v1: --cgroup with several controllers and one path" {
    requires cgroup_v1 v1_pids v1_memory
    not_on crun "1.8 has no --cgroup"
    entered
    sub_group pids inner
    sub_group memory inner
    ex_ok --cgroup pids,memory:inner --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" "pids:/$CTR/inner" "memory:/$CTR/inner"
}

@test "--cgroup that is wrong: an error that says what" {
    only_estiva "the form of a message"
    entered
    ex_fails --cgroup missing "$CTR" true
    assert_has "$stderr" "--cgroup" "/missing"
    assert_lacks "$stderr" "o such file"
    ex_fails --cgroup nonsense:x "$CTR" true
    assert_has "$stderr" --cgroup nonsense
    ex_fails --cgroup a --cgroup b "$CTR" true
    assert_has "$stderr" --cgroup controller
    ex_fails --cgroup ../x "$CTR" true
    assert_has "$stderr" --cgroup "leads out"
}

@test "v2: the cgroup, and one below it by --cgroup" {
    not_on crun "1.8 has no --cgroup"
    use_v2_view
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" ":/$CTR"
    mkdir "$(cgroup_dir unified)/inner"
    ex_ok --cgroup inner --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" ":/$CTR/inner"
}

# The container's processes are in a cgroup below, as those of systemd: the kernel lets none into its own.
occupied() {
    local group controller
    group=$(cgroup_dir unified)
    # Those that make the kernel keep processes out.
    controller=$(grep -owE 'hugetlb|memory|io|rdma|misc' "$group/cgroup.controllers" | head -n 1)
    [ -n "$controller" ] || skip_because "cgroup2 has none of hugetlb, memory, io, rdma, misc for the container"
    mkdir "$group/init"
    state_of pid >"$group/init/cgroup.procs"
    echo "+$controller" >"$group/cgroup.subtree_control"
}

@test "v2: where the container has left its cgroup for one below, there" {
    use_v2_view
    entered
    occupied
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" ":/$CTR/init"
}

@test "v2: --cgroup / means the container's own cgroup and no other" {
    not_on crun "1.8 has no --cgroup"
    use_v2_view
    entered
    ex_ok --cgroup / --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_has "$(groups_of "$(cat "$T/pid")")" ":/$CTR"
    kill -KILL "$(cat "$T/pid")"
    wait_for 5 process_gone "$(cat "$T/pid")"
    occupied
    ex_fails --cgroup / "$CTR" true
}

@test "a cgroup that has vanished: an error that is not taken for a missing program" {
    only_estiva "the form of a message"
    use_v2_view
    entered
    state_of pid >"$(cgroup2_dir)/cgroup.procs"
    rmdir "$(cgroup_dir unified)"
    ex_fails "$CTR" true
    assert_has "$stderr" "cgroup" "is gone"
    assert_lacks "${stderr,,}" "no such file"
}

@test "processes of exec end with the container" {
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    must rt kill "$CTR" KILL
    wait_status stopped
    wait_for 5 process_gone "$(cat "$T/pid")"
    must rt delete "$CTR"
    assert_nothing_left
}

@test "processes of exec in a container without a pid namespace end with its deletion" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    must rt delete --force "$CTR"
    wait_for 5 process_gone "$(cat "$T/pid")"
    assert_nothing_left
}

runs_in_container() { # ARGUMENT...: a process with this command line
    local pid
    for pid in $(rt ps -f json "$CTR" | jq '.[]'); do
        [ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" != "$* " ] || return 0
    done
    return 1
}

@test "exec in the foreground ends with its container" {
    entered
    { local rc=0; rt exec "$CTR" sleep 1234 </dev/null >/dev/null 2>&1 || rc=$?; echo $rc >"$T/status"; } &
    wait_for 10 runs_in_container sleep 1234
    must rt delete --force "$CTR"
    wait_for 10 test -s "$T/status"
    assert_equal "$(cat "$T/status")" 137
}

# ---- scheduling: what only the parent may set, and what holds for exec alone

cpus_of() { awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$1/status"; }

@test "scheduler, io priority and memory policy of the container hold for exec" {
    not_on runc "1.1 has none of them"
    not_on crun "1.8 has none of them"
    config '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5} | .process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}
        | .process.user = {"uid": 1000, "gid": 1000}'
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    local pid
    pid=$(cat "$T/pid")
    assert_has "$(chrt -p "$pid")" SCHED_BATCH
    assert_equal "$(awk '{ print $19 }' "/proc/$pid/stat")" 5
    assert_equal "$(ionice -p "$pid")" "best-effort: prio 6"
}

@test "a scheduler that forbids clone: exec works all the same" {
    not_on runc "1.1 has none"
    not_on crun "1.8 has none"
    requires every_cpu # only a task that may run on each may have it
    local scheduler='{"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 100000000, "period": 100000000}'
    entered
    jq -n --argjson s "$scheduler" '{cwd: "/", args: ["sleep", "1000"], env: ["PATH=/bin"], scheduler: $s}' >"$T/process.json"
    ex_ok --detach --pid-file "$T/pid" --process "$T/process.json" "$CTR"
    assert_has "$(chrt -p "$(cat "$T/pid")")" SCHED_DEADLINE
}

@test "rlimits in a user namespace" {
    requires userns
    config '.linux.namespaces += [{"type": "user"}] | .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
    chown -R -h 100000:200000 "$BUNDLE/rootfs"
    entered
    ex_ok -u 5 "$CTR" testinit rlimits
    assert_has "$output" "NOFILE: 100 200"
}

@test "execCPUAffinity: final; without one the CPUs of the cgroup, whatever the caller's are" {
    not_on runc "1.1 has none"
    not_on crun "1.8 has none"
    requires two_cpus
    entered
    must "${WITHOUT[@]}" taskset -c 0 "$RUNTIME" --root "$STATE" exec --detach --pid-file "$T/pid" "$CTR" sleep 1000 \
        </dev/null >"$T/out" 2>"$T/err" 3>&-
    assert_equal "$(cpus_of "$(cat "$T/pid")")" "$(cpus_of "$(state_of pid)")"
    jq -n '{cwd: "/", args: ["sleep", "1000"], env: ["PATH=/bin"], execCPUAffinity: {initial: "0", final: "1"}}' >"$T/process.json"
    ex_ok --detach --pid-file "$T/pid" --process "$T/process.json" "$CTR"
    assert_equal "$(cpus_of "$(cat "$T/pid")")" 1
    rt delete --force "$CTR"
    config '.process.execCPUAffinity = {"final": "0"}'
    entered
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    assert_equal "$(cpus_of "$(cat "$T/pid")") $(cpus_of "$(state_of pid)")" "0 0-$(($(nproc) - 1))"
}
