# SPDX-License-Identifier: Apache-2.0
# Seccomp: actions, arguments, architectures, flags, what is newer than a profile, errors.
# Guests: old

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

# What the static test program needs, and what the runtimes still call after the filter is on.
ENOUGH='"read", "write", "open", "openat", "openat2",
    "close", "close_range", "fstat", "newfstatat", "mmap", "munmap", "mprotect", "brk", "execve", "execveat",
    "exit", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64",
    "readlink", "readlinkat", "getrandom", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "fcntl",
    "prctl", "capset", "capget", "setuid", "setgid", "setgroups", "setresuid", "setresgid", "getdents64", "getpid",
    "getppid", "futex", "nanosleep", "epoll_pwait", "epoll_ctl", "sched_yield", "sigaltstack", "gettid",
    "tgkill", "poll", "ppoll", "recvfrom", "recvmsg", "sendto", "sendmsg", "stat", "lstat", "faccessat",
    "faccessat2", "access", "chdir", "fchdir", "umask", "ioctl", "clone", "dup3", "fstatfs", "getcwd", "keyctl", "mount", "statx"'

@test "default deny with a list of allowed calls, defaultErrnoRet" {
    profile '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 99, "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"action": "SCMP_ACT_ALLOW", "names": ['"$ENOUGH"']}]}'
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

# Tried, since a kernel that has it built in may have it switched off; 20 is getpid.
needs_32_bit() {
    [[ "$("$PROGRAMS/testinit" syscall32 20 2>&1)" =~ ^syscall32:\ [0-9]+$ ]] ||
        skip_because "int 0x80 makes no system call on this machine (no ia32 emulation); the guests of make check-vm have it"
}

@test "several architectures: the 32-bit entry is filtered as well" {
    needs_32_bit
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
    needs_32_bit
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

# Rules that libseccomp must put in order (ADR 18), with an x86-64 that is filtered alone.
@test "rules that overlap have libseccomp's order" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 77}]},
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 1, "op": "SCMP_CMP_EQ", "value": 6}]}]}'
    local call
    for call in "77 6 EPERM" "77 5 EIO" "78 6 EPERM" "78 5 EBADF"; do
        read -r fd offset expected <<<"$call"
        args testinit syscall lseek "$fd" "$offset" 0
        ctr_run
        assert_equal "$call: $output" "$call: lseek: $expected"
    done
}

@test "a rule without arguments wins over all others of its call" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 77}]},
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22}]}'
    args testinit syscall lseek 77 0 0
    ctr_run
    assert_equal "$output" "lseek: EPERM"
}

@test "rules that contradict each other are refused" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 77}]},
        {"names": ["kcmp", "lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 77}]}]}'
    assert_refused "/linux/seccomp/syscalls/1 lseek"
    [ "$KIND" != estiva ] || assert_has "$stderr" "contradicts an earlier rule"
}

@test "an architecture of the other byte order is refused" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X"], "syscalls": []}'
    assert_refused /linux/seccomp/architectures/1
}

@test "a filter that is too long for the kernel is refused" {
    only_estiva "says why"
    jq '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [range(1100) | {"names": ["lseek"],
        "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": (. * 4294967297)}]}]}' \
        "$BUNDLE/config.json" >"$T/config.json"
    mv "$T/config.json" "$BUNDLE/config.json"
    assert_refused /linux/seccomp "instructions"
}

# 435 is clone3 on every architecture; calls that are newer stay out of what is enough.
newest_is_clone3() { # DEFAULT-AND-MORE
    profile '{'"$1"', "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5},
        {"action": "SCMP_ACT_ALLOW", "names": ['"$ENOUGH"']}]}'
    config '.linux.seccomp.syscalls[1].names -= ["close_range", "openat2", "faccessat2"]'
}

@test "what is newer than the profile is ENOSYS, what it leaves out is the default" {
    local call
    not_on crun "knows no ENOSYS"
    newest_is_clone3 '"defaultAction": "SCMP_ACT_ERRNO"'
    for call in "436 ENOSYS" "999 ENOSYS" "435 EIO" "434 EPERM" "kcmp EPERM"; do
        # shellcheck disable=SC2086
        args testinit syscall ${call% *} 1 1 0
        ctr_run
        assert_equal "$output" "${call% *}: ${call#* }"
    done
    not_on runc "kills itself"
    newest_is_clone3 '"defaultAction": "SCMP_ACT_KILL_PROCESS"'
    args testinit syscall 999
    ctr_run
    assert_equal "$output" "999: ENOSYS"
}

@test "of an architecture that is not listed nothing is newer" {
    not_on crun "knows no ENOSYS"
    newest_is_clone3 '"defaultAction": "SCMP_ACT_ERRNO"'
    config '.linux.seccomp.architectures = []'
    args testinit syscall 999
    ctr_run
    assert_equal "$output" "999: EPERM"
}

@test "where the default lets calls pass, nothing is newer" {
    profile '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG"}, {"names": ["kcmp"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}]}'
    args testinit syscall 434 1 0 # pidfd_open of itself
    ctr_run
    assert_equal "$output" "434: 3"
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
