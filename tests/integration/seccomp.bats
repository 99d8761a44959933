# SPDX-License-Identifier: Apache-2.0
# Seccomp: actions, arguments, architectures, flags, the cache of compiled filters, errors.

load helpers

profile() { config --argjson p "$1" '.linux.seccomp = $p'; }

deny() { # NAME ACTION-AND-MORE
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["'"$1"'"], '"$2"'}]}'
}

@test "SCMP_ACT_ERRNO: EPERM by default, any errno by errnoRet" {
    args testinit syscall kcmp 1 1 0
    deny kcmp '"action": "SCMP_ACT_ERRNO"'
    ctr_run
    assert_equal "$output" "kcmp: EPERM"
    deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 38'
    ctr_run
    assert_equal "$output" "kcmp: ENOSYS"
    deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 5'
    ctr_run
    assert_equal "$output" "kcmp: EIO"
}

@test "the process is in filter mode" {
    deny kcmp '"action": "SCMP_ACT_ERRNO"'
    in_container 'grep -E "^Seccomp:" /proc/self/status | tr -d "\t"'
    assert_equal "$output" "Seccomp:2"
}

@test "without a profile there is no filter" {
    in_container 'grep -E "^Seccomp:" /proc/self/status | tr -d "\t"'
    assert_equal "$output" "Seccomp:0"
}

@test "default deny with a list of allowed calls, defaultErrnoRet" {
    # What the static test program needs, and what the runtime still calls after the filter is on.
    profile '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 99, "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": ["read", "write", "open", "openat", "openat2",
        "close", "close_range", "fstat", "newfstatat", "mmap", "munmap", "mprotect", "brk", "execve", "execveat",
        "exit", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64",
        "readlink", "readlinkat", "getrandom", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "fcntl",
        "prctl", "capset", "capget", "setuid", "setgid", "setgroups", "setresuid", "setresgid", "getdents64", "getpid",
        "getppid", "futex", "nanosleep", "epoll_pwait", "epoll_ctl", "sched_yield", "sigaltstack", "gettid",
        "tgkill", "poll", "ppoll", "recvfrom", "recvmsg", "sendto", "sendmsg", "stat", "lstat", "faccessat",
        "faccessat2", "access", "chdir", "fchdir", "umask", "ioctl", "clone", "dup3", "fstatfs", "getcwd", "keyctl", "mount", "statx"]}]}'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EADDRNOTAVAIL"
}

@test "SCMP_ACT_KILL_PROCESS and SCMP_ACT_KILL end the process with SIGSYS" {
    args testinit syscall kcmp 1 1 0
    local action
    for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL SCMP_ACT_KILL_THREAD; do
        [ "$KIND$action" != runcSCMP_ACT_KILL_THREAD ] || continue
        deny kcmp '"action": "'$action'"'
        ctr_run
        assert_status $((128 + 31))
    done
}

@test "SCMP_ACT_TRAP sends SIGSYS" {
    deny kcmp '"action": "SCMP_ACT_TRAP"'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_status $((128 + 31))
}

@test "SCMP_ACT_LOG and SCMP_ACT_ALLOW let it pass" {
    args testinit syscall getppid
    deny getppid '"action": "SCMP_ACT_LOG"'
    ctr_run
    assert_equal "$output" "getppid: 0"
    deny getppid '"action": "SCMP_ACT_ALLOW"'
    [ "$KIND" = estiva ] || return 0
    ctr_run
    assert_equal "$output" "getppid: 0"
}

@test "SCMP_ACT_TRACE without a tracer: ENOSYS" {
    deny kcmp '"action": "SCMP_ACT_TRACE", "errnoRet": 5'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: ENOSYS"
}

# personality(VALUE) is refused when the argument compares true.
compares() { # OP VALUE [VALUETWO]
    deny personality '"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "op": "SCMP_CMP_'"$1"'",
        "value": '"$2"', "valueTwo": '"${3:-0}"'}]'
}

refused() { # PERSONALITY...
    local value
    for value; do
        args testinit syscall personality "$value"
        ctr_run
        assert_equal "$value $output" "$value personality: EPERM"
    done
}

allowed() {
    local value
    for value; do
        args testinit syscall personality "$value"
        ctr_run
        assert_equal "$value $output" "$value personality: 0"
    done
}

@test "arguments: every comparison" {
    compares EQ 8; refused 8; allowed 0
    compares NE 8; refused 0; allowed 8
    compares LT 8; refused 0; allowed 8
    compares LE 8; refused 8; allowed 0x20000
    compares GT 8; refused 0x20000; allowed 8
    compares GE 8; refused 8; allowed 0
    compares MASKED_EQ 8 8; refused 8 0x20008; allowed 0x20000
}

@test "arguments of 64 bits are compared exactly" {
    deny lseek '"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": 4294967297}]'
    args testinit syscall lseek 77 4294967297 0
    ctr_run
    assert_equal "$output" "lseek: EPERM"
    args testinit syscall lseek 77 1 0
    ctr_run
    assert_equal "$output" "lseek: EBADF"
}

@test "arguments: several of one rule hold together, several rules each alone" {
    deny lseek '"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [
        {"index": 0, "op": "SCMP_CMP_EQ", "value": 77}, {"index": 1, "op": "SCMP_CMP_EQ", "value": 5}]'
    args testinit syscall lseek 77 5 0
    ctr_run
    assert_equal "$output" "lseek: EPERM"
    args testinit syscall lseek 77 6 0
    ctr_run
    assert_equal "$output" "lseek: EBADF"
    # Two conditions on one argument are alternatives (runc's reading, which engines rely on).
    deny lseek '"action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [
        {"index": 1, "op": "SCMP_CMP_EQ", "value": 5}, {"index": 1, "op": "SCMP_CMP_EQ", "value": 6}]'
    local offset
    [ "$KIND" != crun ] || return 0
    for offset in 5 6; do
        args testinit syscall lseek 77 $offset 0
        ctr_run
        assert_equal "$output" "lseek: EPERM"
    done
}

@test "several architectures: the 32-bit entry is filtered as well" {
    [ "$(uname -m)" = x86_64 ] || skip_because "needs x86-64"
    "$PROGRAMS/testinit" syscall32 20 | grep -q '[0-9]' || skip_because "no 32-bit entry in this kernel"
    # kcmp is 349 there.
    args testinit syscall32 349
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]}'
    ctr_run
    assert_equal "$output" "syscall32: EIO"
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EIO"
}

@test "an architecture that is not listed is killed" {
    "$PROGRAMS/testinit" syscall32 20 | grep -q '[0-9]' || skip_because "no 32-bit entry in this kernel"
    args testinit syscall32 349
    deny kcmp '"action": "SCMP_ACT_ERRNO"'
    ctr_run
    assert_status $((128 + 31))
}

@test "without architectures the machine's own is filtered" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]}'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EIO"
}

@test "system calls of other architectures and unknown names are ignored" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call", "breakpoint", "kcmp"], "action": "SCMP_ACT_ERRNO"}]}'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EPERM"
}

@test "flags: TSYNC, LOG, SPEC_ALLOW" {
    [ "$KIND" = estiva ] || skip_because "estiva only: older peers know some of them"
    local flag
    for flag in SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW; do
        profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["'$flag'"], "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO"}]}'
        args testinit syscall kcmp 1 1 0
        ctr_run
        assert_equal "$output" "kcmp: EPERM"
    done
}

@test "with and without no_new_privs, as a user" {
    local nnp
    deny kcmp '"action": "SCMP_ACT_ERRNO"'
    args testinit syscall kcmp 1 1 0
    for nnp in true false; do
        config --argjson n $nnp '.process.noNewPrivileges = $n | .process.user = {"uid": 1000, "gid": 1000} | .process.capabilities = {}'
        ctr_run
        assert_equal "$output" "kcmp: EPERM"
    done
}

@test "the cached filter is the compiled one: the same effect cold, warm, and after a change" {
    local round
    args testinit syscall kcmp 1 1 0
    for round in 1 2 3; do
        deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 5'
        ctr_run
        assert_equal "$output" "kcmp: EIO"
    done
    deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 22'
    ctr_run
    assert_equal "$output" "kcmp: EINVAL"
}

@test "a damaged cache is not used" {
    only_estiva "has a cache"
    args testinit syscall kcmp 1 1 0
    deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 5'
    ctr_run
    local files file
    files=$(find "$STATE" -type f)
    [ -n "$files" ] || fail "no cache below the state root"
    for file in $files; do
        dd if=/dev/zero of="$file" bs=1 count=64 seek=16 conv=notrunc 2>/dev/null
    done
    ctr_run
    assert_equal "$output" "kcmp: EIO"
    for file in $files; do : >"$file"; done
    ctr_run
    assert_equal "$output" "kcmp: EIO"
}

@test "a cache file that others could write is not used" {
    only_estiva "has a cache"
    args testinit syscall kcmp 1 1 0
    deny kcmp '"action": "SCMP_ACT_ERRNO", "errnoRet": 5'
    ctr_run
    find "$STATE" -type f -exec chmod 666 {} + -exec truncate -s 0 {} +
    ctr_run
    assert_equal "$output" "kcmp: EIO"
}

@test "SCMP_ACT_NOTIFY is refused" {
    only_estiva "others have it"
    deny kcmp '"action": "SCMP_ACT_NOTIFY"'
    assert_refused /linux/seccomp/syscalls/0/action "not supported"
}

@test "errors: unknown action, operator, flag, architecture, errnoRet where none is" {
    deny kcmp '"action": "SCMP_ACT_MAYBE"'
    assert_refused /linux/seccomp/syscalls/0/action
    compares ALMOST 1
    assert_refused /linux/seccomp/syscalls/0/args/0/op
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NO_SUCH"], "syscalls": []}'
    [ "$KIND" != estiva ] || assert_refused /linux/seccomp/flags/0
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_ABACUS"], "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO"}]}'
    assert_refused /linux/seccomp/architectures/0
    only_estiva "checks errnoRet"
    deny kcmp '"action": "SCMP_ACT_KILL", "errnoRet": 5'
    assert_refused /linux/seccomp/syscalls/0/errnoRet
    profile '{"architectures": ["SCMP_ARCH_X86_64"]}'
    assert_refused /linux/seccomp
}
