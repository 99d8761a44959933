# SPDX-License-Identifier: Apache-2.0
# Security of SCMP_ACT_NOTIFY: the agent is asked or the call does not happen, whatever the profile leaves to it, and
# what makes this so stays out of the container's hands.
# Guests: old

load helpers
load seccomp_agent

# Each of them is a call that a runtime makes, or may make, once the filter is on.
OWN_CALLS=(brk capget capset clone close close_range dup3 execve execveat exit_group faccessat faccessat2 fchdir fcntl
    futex getdents64 getpid getppid ioctl lseek mmap mprotect munmap newfstatat openat openat2 poll ppoll prctl read
    readlinkat recvfrom recvmsg rt_sigaction rt_sigprocmask sendmsg sendto seccomp setresgid setresuid)

@test "crun-1002 runc-4328: the profile leaves the runtime's own calls to the agent" {
    requires python
    start_agent
    notify "${OWN_CALLS[@]}"
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_status 0
    assert_has "$output" "kcmp: "
    [ "$(wc -l <"$T/agent.log")" -gt 1 ] || fail "the agent was never asked"
    # So with what is set up after create.
    ctr_create
    ctr_start
    wait_status stopped
}

@test "crun-1002 runc-4328: exec with a profile that leaves the runtime's own calls to the agent" {
    requires python
    start_agent
    notify "${OWN_CALLS[@]}"
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]'
    args sleep 300
    ctr_running
    capture exec "$CTR" testinit syscall kcmp 1 1 0
    assert_status 0
    assert_has "$output" "kcmp: "
    [ "$(grep -c descriptors "$T/agent.log")" = 2 ] || fail "exec brought the agent no listener"
}

@test "crun-1002: a profile that forbids what hands the listener over" {
    requires python
    only_estiva "others hang or run"
    start_agent
    local call
    RT_TIMEOUT=10
    for call in write read; do
        notify kcmp -- '.linux.seccomp.syscalls += [{"names": ["'$call'"], "action": "SCMP_ACT_ERRNO"}]'
        script 'touch /tmp/ran'
        capture run --bundle "$BUNDLE" "$CTR"
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "$call: it ran, or it hung"
        [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "$call: the program ran"
        [ $call = read ] || assert_has "$stderr" "has to allow write"
        assert_nothing_left
    done
}

@test "notify-descriptors: neither listener nor agent's socket is in the container" {
    requires python
    start_agent
    notify kcmp
    in_container 'ls -l /proc/self/fd 2>/dev/null'
    assert_has "$output" "2 -> "
    assert_lacks "$output" seccomp socket: "3 -> "
    args sleep 300
    ctr_running
    capture exec "$CTR" ls -l /proc/self/fd
    assert_has "$output" "2 -> "
    assert_lacks "$output" seccomp socket: "3 -> "
}

@test "notify-waiting: a created container holds no socket of the agent" {
    requires python
    only_estiva "others have loaded the filter by then"
    start_agent
    notify kcmp
    args true
    ctr_create
    [ ! -s "$T/agent.log" ] || fail "the agent was called before the start"
    local fd
    for fd in /proc/"$(state_of pid)"/fd/*; do
        assert_lacks "$(readlink "$fd")" seccomp
    done
}

@test "notify-no-agent: without an answer from an agent the call does not happen" {
    requires python
    start_agent die
    notify mkdir mkdirat
    script 'sleep 1; mkdir /tmp/made; :'
    ctr_run
    assert_status 0
    [ ! -e "$BUNDLE/rootfs/tmp/made" ] || fail "it happened"
}
