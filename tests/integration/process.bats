# SPDX-License-Identifier: Apache-2.0
# The process object of the configuration, each property seen from inside.

load helpers

@test "cwd is entered, and created when it is missing" {
    config '.process.cwd = "/var/new/deep"'
    in_container 'pwd; ls -ld . | cut -c1-10'
    assert_equal "${lines[0]}" /var/new/deep
    assert_equal "${lines[1]}" drwxr-xr-x
}

@test "cwd below a link stays inside the root" {
    mkdir "$T/outside"
    ln -s "../../../../../../..$T/outside" "$BUNDLE/rootfs/link"
    config '.process.cwd = "/link/sub"'
    script pwd
    ctr_run
    [ ! -e "$T/outside/sub" ] || fail "made on the host"
}

@test "cwd that the user may not enter: an error, or the root's right to enter" {
    mkdir -m 700 "$BUNDLE/rootfs/closed"
    config '.process.cwd = "/closed" | .process.user = {"uid": 1000, "gid": 1000}'
    script 'pwd'
    ctr_run
    # Entered before the change of user, as engines rely on; what is inside stays closed.
    assert_status 0
    assert_equal "$output" /closed
}

@test "env passes exactly: spaces, newlines, equal signs, empty values, order" {
    config '.process.env = ["PATH=/bin", "HOME=/x", "A=b c", "N=1\n2", "E==x=", "EMPTY=", "Z=ü"]'
    args testinit env
    ctr_run
    assert_status 0
    assert_equal "$output" "[PATH=/bin]
[HOME=/x]
[A=b c]
[N=1
2]
[E==x=]
[EMPTY=]
[Z=ü]"
}

@test "env: of duplicates the last one counts" {
    not_on crun "keeps both"
    config '.process.env = ["PATH=/bin", "HOME=/x", "A=1", "B=2", "A=3"]'
    args testinit env
    ctr_run
    assert_status 0
    assert_lacks "$output" "[A=1]"
    assert_has "$output" "[A=3]" "[B=2]"
}

@test "env: nothing of the caller's reaches the container" {
    export SECRET_OF_THE_CALLER=1 _OCI_SYNCPIPE=3 NOTIFY_SOCKET_X=1
    args testinit env
    ctr_run
    assert_status 0
    assert_equal "$(grep -vE '^\[(PATH|TERM|HOME)=' <<<"$output")" ""
}

@test "HOME comes from the image's passwd when the config has none" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    in_container 'echo $HOME'
    assert_equal "$output" /home
}

@test "HOME is / for a user that passwd does not know" {
    config '.process.user = {"uid": 4242, "gid": 4242}'
    in_container 'echo $HOME'
    assert_equal "$output" /
}

@test "HOME of the config is kept" {
    config '.process.env += ["HOME=/set"]'
    in_container 'echo $HOME'
    assert_equal "$output" /set
}

@test "args pass exactly" {
    args testinit args '' 'a b' $'x\ny' '*' '--' '-x'
    ctr_run
    assert_status 0
    assert_equal "$output" "0: []
1: [a b]
2: [x
y]
3: [*]
4: [--]
5: [-x]"
}

@test "args[0] is looked up in the container's PATH, not in the caller's" {
    mkdir "$BUNDLE/rootfs/own" "$T/callers"
    ln -s /bin/testinit "$BUNDLE/rootfs/own/prog"
    printf '#!/bin/sh\necho wrong\n' >"$T/callers/prog"
    chmod 755 "$T/callers/prog"
    config '.process.env = ["PATH=/nowhere:/own"]'
    args prog args found
    PATH=$T/callers:$PATH ctr_run
    assert_status 0
    assert_equal "$output" "0: [found]"
}

@test "a missing program: the error says so, at create" {
    args no-such-program
    ctr_create_fails
    assert_has "$stderr" no-such-program 'executable file' 'not found in $PATH'
}

@test "a missing program with a path: no such file or directory" {
    args /bin/no-such-program
    ctr_create_fails
    assert_has "$stderr" /bin/no-such-program "no such file or directory"
}

@test "a program that may not be executed: permission denied" {
    printf 'x' >"$BUNDLE/rootfs/bin/plain"
    args /bin/plain
    ctr_create_fails
    assert_has "$stderr" "permission denied"
}

@test "a directory as program: permission denied" {
    not_on runc "1.1 says is a directory"
    args /etc
    ctr_create_fails
    assert_has "$stderr" "permission denied"
}

ctr_create_fails() {
    capture create --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ] || fail "create succeeded"
    # docker's client reads these words in this case; crun writes them otherwise.
    if [ "$KIND" != estiva ]; then
        stderr=${stderr,,}
        stderr=${stderr//\$path/\$PATH}
    fi
    assert_nothing_left
}

@test "a file that is no program: run fails, nothing is left" {
    printf 'no magic' >"$BUNDLE/rootfs/bin/data"
    chmod 755 "$BUNDLE/rootfs/bin/data"
    args /bin/data
    ctr_run
    [ "$status" -ne 0 ] || fail "it ran"
    assert_has "${stderr,,}" "exec format error"
    assert_nothing_left
}

@test "uid, gid and additional groups" {
    config '.process.user = {"uid": 1234, "gid": 5678, "additionalGids": [10, 20, 5678]}'
    args testinit ids
    ctr_run
    assert_status 0
    assert_has "$output" "uid: 1234 1234" "gid: 5678 5678" "groups: 10 20 5678"
}

@test "no additional groups: none of the caller's are kept" {
    args testinit ids
    run --separate-stderr setpriv --groups 7,8 -- \
        timeout 30 "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null
    assert_status 0
    assert_match "$output" $'groups:( 0)?\n'
}

@test "umask: as configured, 0022 otherwise" {
    args testinit ids
    umask 0
    ctr_run
    assert_has "$output" "umask: 0022"
    config '.process.user.umask = 63'
    ctr_run
    assert_has "$output" "umask: 0077"
}

@test "rlimits" {
    config '.process.rlimits = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 1048576},
        {"type": "RLIMIT_STACK", "soft": 4194304, "hard": 8388608},
        {"type": "RLIMIT_CPU", "soft": 60, "hard": 120},
        {"type": "RLIMIT_FSIZE", "soft": 4096, "hard": 8192},
        {"type": "RLIMIT_DATA", "soft": 1073741824, "hard": 1073741824},
        {"type": "RLIMIT_AS", "soft": 1073741825, "hard": 1073741826}]'
    args testinit rlimits
    ctr_run
    assert_status 0
    assert_has "$output" "NOFILE: 100 200" "CORE: 0 1048576" "STACK: 4194304 8388608" \
        "CPU: 60 120" "FSIZE: 4096 8192" "DATA: 1073741824 1073741824" "AS: 1073741825 1073741826"
}

@test "every rlimit type is known" {
    local name
    config '.process.rlimits = [("AS","CORE","CPU","DATA","FSIZE","LOCKS","MEMLOCK","MSGQUEUE",
        "NOFILE","NPROC","RSS","RTPRIO","RTTIME","SIGPENDING","STACK") |
        {"type": ("RLIMIT_" + .), "soft": 1, "hard": 2}] |
        .process.rlimits |= map(if .type | IN("RLIMIT_AS", "RLIMIT_STACK", "RLIMIT_DATA", "RLIMIT_NOFILE",
        "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_MEMLOCK") then .soft = 60000000 | .hard = 60000000 else . end)
        | .process.rlimits |= map(if .type | IN("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_MEMLOCK") then .soft = 900 | .hard = 901 else . end)
        | .process.rlimits |= map(if .type | IN("RLIMIT_RTPRIO", "RLIMIT_MSGQUEUE") then .soft = 0 | .hard = 0 else . end)'
    args testinit rlimits
    ctr_run
    assert_status 0
    assert_has "$output" "RSS: 1 2" "LOCKS: 1 2" "SIGPENDING: 1 2" "RTTIME: 1 2" "CORE: 1 2" \
        "NPROC: 900 901" "MEMLOCK: 900 901" "NOFILE: 900 901" "RTPRIO: 0 0" "MSGQUEUE: 0 0"
}

@test "an rlimit that may not be set is an error that names it" {
    [ "$(ulimit -Hn)" -lt 2000000000 ] || skip_because "the hard limit of open files is as high as can be"
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 2000000000, "hard": 2000000000}]'
    assert_refused /process/rlimits/0
}

@test "without rlimits the caller's are kept" {
    args testinit rlimits
    ulimit -n 333
    ctr_run
    assert_has "$output" "NOFILE: 333 333"
}

caps_of() { grep "^Cap$1" <<<"$output" | awk '{ print $2 }'; }

@test "the five capability sets" {
    # Bits: CHOWN 0, DAC_OVERRIDE 1, KILL 5, SETGID 6, NET_BIND_SERVICE 10.
    config '.process.capabilities = {
        "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID", "CAP_NET_BIND_SERVICE"],
        "permitted": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SETGID"],
        "effective": ["CAP_CHOWN", "CAP_DAC_OVERRIDE"],
        "inheritable": ["CAP_KILL", "CAP_SETGID"],
        "ambient": ["CAP_KILL"]} | .process.user = {"uid": 1000, "gid": 1000}'
    in_container 'cat /proc/self/status'
    # After execve of a user's program: permitted and effective are what is ambient.
    assert_equal "$(caps_of Inh)" 0000000000000060
    assert_equal "$(caps_of Prm)" 0000000000000020
    assert_equal "$(caps_of Eff)" 0000000000000020
    assert_equal "$(caps_of Bnd)" 0000000000000463
    assert_equal "$(caps_of Amb)" 0000000000000020
}

@test "inheritable without bounding is a warning, not an error" {
    not_on crun "fails"
    not_on runc "1.1 fails"
    config '.process.capabilities = {"bounding": ["CAP_CHOWN"], "inheritable": ["CAP_CHOWN", "CAP_KILL"]}'
    in_container 'cat /proc/self/status'
    assert_equal "$(caps_of Inh)" 0000000000000001
    [ "$KIND" != estiva ] || assert_has "$stderr" CAP_KILL
}

@test "capabilities of root after execve" {
    config '.process.capabilities = {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"]}'
    in_container 'cat /proc/self/status'
    assert_equal "$(caps_of Bnd)" 0000000000000021
    assert_equal "$(caps_of Prm)" 0000000000000021
    assert_equal "$(caps_of Inh)" 0000000000000000
    assert_equal "$(caps_of Amb)" 0000000000000000
}

@test "no capabilities object: none at all" {
    not_on runc "1.1 keeps what it was started with"
    not_on crun "keeps what it was started with"
    config 'del(.process.capabilities)'
    in_container 'cat /proc/self/status'
    local set
    for set in Inh Prm Eff Bnd Amb; do
        assert_equal "$set $(caps_of $set)" "$set 0000000000000000"
    done
}

@test "empty sets: none at all" {
    config '.process.capabilities = {"bounding": [], "effective": [], "permitted": [], "inheritable": [], "ambient": []}'
    in_container 'cat /proc/self/status; chown 1 /tmp 2>&1 || echo refused'
    local set
    for set in Inh Prm Eff Bnd Amb; do
        assert_equal "$set $(caps_of $set)" "$set 0000000000000000"
    done
    assert_has "$output" refused
}

@test "a capability that does not exist is a warning, not an error" {
    config '.process.capabilities.bounding += ["CAP_NO_SUCH"] | .process.capabilities.effective += ["CAP_NO_SUCH"]'
    script 'echo fine'
    run --separate-stderr rt --log "$T/log" --log-format json run --bundle "$BUNDLE" "$CTR" </dev/null
    assert_status 0
    assert_equal "$output" fine
    [ "$KIND" = crun ] || assert_has "$(cat "$T/log")$stderr" CAP_NO_SUCH
    [ "$KIND" != estiva ] || assert_equal "$(jq -r 'select(.msg | contains("CAP_NO_SUCH")) | .level' "$T/log" | head -n 1)" warning
}

@test "a capability that the machine cannot give is a warning, not an error" {
    grep -q '^CapBnd:.*ff$' /proc/self/status || skip_because "the bounding set lacks one of the first eight capabilities"
    capsh --has-p=cap_sys_resource 2>/dev/null && skip_because "this machine can give CAP_SYS_RESOURCE, which the test takes for one that it cannot"
    not_on crun "fails"
    not_on runc "1.1 fails"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_RESOURCE"])'
    script 'grep CapBnd /proc/self/status'
    run --separate-stderr rt --log "$T/log" run --bundle "$BUNDLE" "$CTR" </dev/null
    assert_status 0
    assert_equal "$(caps_of Bnd)" 00000000a80425fb
}

@test "no_new_privs on and off" {
    args testinit ids
    ctr_run
    assert_has "$output" "no_new_privs: 0"
    config '.process.noNewPrivileges = true'
    ctr_run
    assert_has "$output" "no_new_privs: 1"
}

@test "oomScoreAdj is set, and untouched when absent" {
    local own
    own=$(cat /proc/self/oom_score_adj)
    in_container 'cat /proc/self/oom_score_adj'
    assert_equal "$output" "$own"
    config '.process.oomScoreAdj = 777'
    in_container 'cat /proc/self/oom_score_adj'
    assert_equal "$output" 777
}

@test "no signal is blocked or ignored" {
    args testinit signals
    (trap '' USR1 PIPE; ctr_run; assert_equal "$output" "")
}

@test "the process leads a session of its own" {
    args testinit ids
    ctr_run
    assert_has "$output" "pid: 1" "sid: 1" "pgrp: 1"
}

@test "personality LINUX32" {
    not_on runc "1.1 ignores it"
    config '.linux.personality = {"domain": "LINUX32"}'
    in_container 'uname -m'
    assert_equal "$output" i686
}
