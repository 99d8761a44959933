# SPDX-License-Identifier: Apache-2.0
# The limit on processes of cgroup v2, by file and by a fork that is refused; what the cgroup is worth to kill and freeze.
# Guests: qemu old

load vm

@test "a fork above the limit is refused" {
    args testinit forks 20
    config '.linux.resources.pids = {"limit": 6}'
    ctr_run
    assert_has "$output" "error: EAGAIN" "forks: 5"
}

@test "the files" {
    args sleep 1000
    resources '{"pids": {"limit": 6}}'
    assert_equal "$(value pids.max) $(value pids.current)" "6 1"
    must rt delete --force "$CTR"
    resources '{"pids": {"limit": -1}}'
    assert_equal "$(value pids.max)" max
}

@test "pause and resume: by the cgroup's own file" {
    not_on crun "tested on the others"
    script 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; done'
    resources '{}'
    must rt pause "$CTR"
    assert_equal "$(value cgroup.freeze) $(counter cgroup.events frozen)" "1 1"
    assert_equal "$(state_of status)" paused
    local count
    count=$(cat "$BUNDLE/rootfs/tmp/count")
    sleep 1
    assert_equal "$(cat "$BUNDLE/rootfs/tmp/count")" "$count"
    must rt resume "$CTR"
    assert_equal "$(state_of status)" running
    counts_on() { [ "$(cat "$BUNDLE/rootfs/tmp/count")" != "$count" ]; }
    wait_for 10 counts_on
}

@test "kill --all reaches the whole tree, also where there is no cgroup.kill" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    script 'for i in 1 2 3 4 5; do sleep 1000 & done; echo up; wait'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    local pids pid
    pids=$(value cgroup.procs)
    assert_equal "$(wc -w <<<"$pids")" 6
    must rt kill --all "$CTR" KILL
    for pid in $pids; do wait_for 5 process_gone "$pid"; done
    must rt delete "$CTR"
    assert_nothing_left
}
