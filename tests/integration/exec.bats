# SPDX-License-Identifier: Apache-2.0
# exec: the process as the options, a document and the container have it; statuses, streams, terminals, errors.
# Guests: old

load helpers
load exec

@test "the exit status is the program's" {
    entered
    local code
    for code in 0 1 42 255; do
        ex "$CTR" testinit exit $code
        assert_status $code
    done
}

@test "a program killed by a signal: 128 + signal" {
    entered
    local signal
    for signal in 9 15 6; do
        ex "$CTR" testinit kill $signal
        assert_status $((128 + signal))
    done
}

@test "standard streams pass, the end of the input too" {
    entered
    run --separate-stderr rt exec "$CTR" sh -c 'cat; echo end; echo to-err >&2' < <(printf 'one\ntwo\n')
    assert_status 0
    assert_equal "$output" "one
two
end"
    assert_equal "$stderr" to-err
}

@test "options end at the id: those of the program are its own" {
    entered
    ex_ok "$CTR" testinit args --cwd /x -t --help -h -- y
    assert_equal "$output" "0: [--cwd]
1: [/x]
2: [-t]
3: [--help]
4: [-h]
5: [--]
6: [y]"
}

@test "the program may be set apart from the id by --" {
    not_on runc "takes it for the program"
    not_on crun "takes it for the program"
    entered
    ex_ok "$CTR" -- testinit args -- x
    assert_equal "$output" "0: [--]
1: [x]"
}

@test "what no option sets is as the configuration has it" {
    config '.process.env = ["PATH=/bin", "HOME=/x", "A=1"] | .process.cwd = "/var" | .process.noNewPrivileges = true
        | .process.user = {"uid": 1000, "gid": 1001, "umask": 63, "additionalGids": [7, 8]}
        | .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}] | .process.oomScoreAdj = 123
        | .linux.personality = {"domain": "LINUX32"}'
    entered
    ex_ok "$CTR" sh -c 'pwd; cat /proc/self/oom_score_adj; testinit syscall personality 0xffffffff'
    assert_equal "$output" "/var
123
personality: 8"
    ex_ok "$CTR" testinit env
    assert_equal "$output" "[PATH=/bin]
[HOME=/x]
[A=1]"
    ex_ok "$CTR" testinit ids
    assert_has "$output" "uid: 1000 1000" "gid: 1001 1001" "groups: 7 8" "no_new_privs: 1"
    [ "$KIND" = crun ] || assert_has "$output" "umask: 0077"
    ex_ok "$CTR" testinit rlimits
    assert_has "$output" "NOFILE: 100 200"
}

@test "umask of the container" {
    not_on crun "1.8 has 0022 then"
    config '.process.user.umask = 63'
    entered
    ex_ok "$CTR" testinit ids
    assert_has "$output" "umask: 0077"
}

@test "--cwd" {
    entered
    ex_ok --cwd /var "$CTR" pwd
    assert_equal "$output" /var
    ex_fails --cwd var "$CTR" pwd
    [ "$KIND" != estiva ] || assert_has "$stderr" "--cwd: is not absolute"
    ex_fails --cwd /no/such "$CTR" pwd
    [ "$KIND" != estiva ] || assert_has "$stderr" "--cwd"
}

@test "--cwd that only root may enter, as another user" {
    mkdir -m 700 "$BUNDLE/rootfs/closed"
    config '.process.capabilities = {}'
    entered
    ex_ok --cwd /closed --user 1000:1000 "$CTR" sh -c 'pwd; id -u'
    assert_equal "$output" "/closed
1000"
}

@test "--env adds, the last of several values counts" {
    config '.process.env = ["PATH=/bin", "HOME=/x", "A=1"]'
    entered
    ex_ok --env B=2 -e A=3 -e C= -e "D=x y=z" "$CTR" testinit env
    assert_has "$output" "[PATH=/bin]" "[A=3]" "[B=2]" "[C=]" "[D=x y=z]"
    [ "$KIND" = crun ] || assert_lacks "$output" "[A=1]"
    only_estiva "an error for what is no variable"
    ex_fails -e novalue "$CTR" true
    assert_has "$stderr" --env novalue name=value
}

@test "nothing of the caller's environment gets in" {
    entered
    export SECRET_OF_THE_CALLER=1 _OCI_SYNCPIPE=3 NOTIFY_SOCKET=/run/x
    ex_ok "$CTR" testinit env
    assert_equal "$(grep -vE '^\[(PATH|TERM|HOME)=' <<<"$output")" ""
}

@test "HOME comes from the image's passwd for the user of --user" {
    entered
    ex_ok "$CTR" sh -c 'echo $HOME'
    assert_equal "$output" /root
    ex_ok --user 1000 "$CTR" sh -c 'echo $HOME'
    assert_equal "$output" /home
    ex_ok --user 1000 --env HOME=/set "$CTR" sh -c 'echo $HOME'
    assert_equal "$output" /set
}

@test "--user sets the uid, and the gid where it is named; --additional-gids adds" {
    config '.process.user = {"uid": 1, "gid": 2, "additionalGids": [3]}'
    entered
    ex_ok --user 1234 "$CTR" testinit ids
    assert_has "$output" "uid: 1234 1234"
    [ "$KIND" = crun ] || assert_has "$output" "gid: 2 2"
    ex_ok -u 1234:5678 "$CTR" testinit ids
    assert_has "$output" "uid: 1234 1234" "gid: 5678 5678"
    not_on crun "has no --additional-gids"
    ex_ok -g 10 --additional-gids 11 "$CTR" testinit ids
    assert_has "$output" "uid: 1 1" "gid: 2 2" "groups: 3 10 11"
}

caps_of() { grep "^Cap$1" <<<"$output" | awk '{ print $2 }'; }

@test "--cap adds to bounding, permitted and effective, and only where inheritable to ambient" {
    config '.process.capabilities = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]}'
    entered
    ex_ok --cap CAP_NET_RAW "$CTR" cat /proc/self/status
    assert_equal "$(caps_of Bnd)" 0000000000002020
    assert_equal "$(caps_of Prm)" 0000000000002020
    assert_equal "$(caps_of Eff)" 0000000000002020
    assert_equal "$(caps_of Inh) $(caps_of Amb)" "0000000000000000 0000000000000000"
    rt delete --force "$CTR"
    config '.process.capabilities |= (.bounding = ["CAP_NET_RAW"] | .inheritable = ["CAP_NET_RAW"])
        | .process.user = {"uid": 1000, "gid": 1000}'
    entered
    not_on runc "1.1 fails on an inheritable set that it can't make ambient"
    ex_ok --cap CAP_NET_RAW "$CTR" cat /proc/self/status
    assert_equal "$(caps_of Inh) $(caps_of Amb)" "0000000000002000 0000000000002000"
    only_estiva "an unknown name is an error"
    ex_fails --cap CAP_NONSENSE "$CTR" true
    assert_has "$stderr" --cap cap_nonsense
}

@test "--no-new-privs, and off again by =false" {
    entered
    ex_ok --no-new-privs "$CTR" testinit ids
    assert_has "$output" "no_new_privs: 1"
    rt delete --force "$CTR"
    not_on crun "knows no =false"
    config '.process.noNewPrivileges = true'
    entered
    ex_ok --no-new-privs=false "$CTR" testinit ids
    assert_has "$output" "no_new_privs: 0"
}

@test "labels of a kernel without them are refused by name" {
    only_estiva "the others differ by version"
    local absent=()
    grep -qw selinuxfs /proc/filesystems || absent+=(--process-label)
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || absent+=(--apparmor)
    [ ${#absent[@]} -gt 0 ] || skip_because "the kernel has both SELinux and AppArmor"
    entered
    local option
    for option in "${absent[@]}"; do
        ex_fails "$option" a:b:c:d "$CTR" true
        assert_has "$stderr" "$option"
    done
}

document() { # FILTER [JQ-OPTION...]: $T/process.json
    jq -n "$@" >"$T/process.json"
}

@test "--process: the document counts; what it leaves out is the container's" {
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}] | .process.oomScoreAdj = 123
        | .process.env += ["OF=CONTAINER"]'
    entered
    document '{cwd: "/var", args: ["sh", "-c", "pwd; cat /proc/self/oom_score_adj; testinit env; testinit ids; testinit rlimits; cat /proc/self/status"],
        env: ["PATH=/bin", "X=1"], user: {uid: 1000, gid: 1001, additionalGids: [5]}}'
    ex_ok --process "$T/process.json" "$CTR"
    assert_has "$output" "/var" 123 "[X=1]" "[HOME=/home]" "uid: 1000 1000" "gid: 1001 1001" "groups: 5" "NOFILE: 100 200"
    assert_lacks "$output" "[OF="
    assert_match "$(caps_of Bnd)" '^00000000[0-9a-f]*[1-9a-f]'
    document '{cwd: "/", args: ["sh", "-c", "testinit rlimits; cat /proc/self/status"], env: ["PATH=/bin"], user: {uid: 0, gid: 0},
        rlimits: [{type: "RLIMIT_NOFILE", soft: 50, hard: 60}], noNewPrivileges: true, capabilities: {bounding: ["CAP_KILL"]}}'
    ex_ok --process "$T/process.json" "$CTR"
    assert_has "$output" "NOFILE: 50 60"
    assert_equal "$(caps_of Bnd) $(caps_of Eff)" "0000000000000020 0000000000000000"
    assert_match "$output" 'NoNewPrivs:.1'
}

@test "--process without env: HOME is there" {
    not_on runc "1.1 leaves it out"
    entered
    document '{cwd: "/", args: ["/bin/testinit", "env"], user: {uid: 1000, gid: 1000}}'
    ex_ok --process "$T/process.json" "$CTR"
    assert_equal "$output" "[HOME=/home]"
}

@test "--process: errors name the property of the document and the file" {
    only_estiva "JSON paths"
    entered
    document '{cwd: "/", args: ["true"], user: {uid: 4294967295, gid: 0}}'
    ex_fails -p "$T/process.json" "$CTR"
    assert_has "$stderr" "/user/uid: " "${T,,}/process.json"
    document '{cwd: "/", args: []}'
    ex_fails -p "$T/process.json" "$CTR"
    assert_has "$stderr" "/args: " "${T,,}/process.json"
    document '{cwd: "/", args: ["true"], rlimits: [{type: "RLIMIT_NOFILE", soft: 5, hard: 6}, {type: "RLIMIT_NOFILE", soft: 5, hard: 6}]}'
    ex_fails -p "$T/process.json" "$CTR"
    assert_has "$stderr" "/rlimits/1/type: " twice
    echo '{' >"$T/process.json"
    ex_fails -p "$T/process.json" "$CTR"
    assert_has "$stderr" "${T,,}/process.json"
    ex_fails -p "$T/missing" "$CTR"
    assert_has "$stderr" --process missing
    assert_lacks "$stderr" "no such file"
    document '{cwd: "/", args: ["true"]}'
    ex_fails -p "$T/process.json" "$CTR" true
    assert_has "$stderr" --process exclude
}

@test "a program that is missing, may not be executed or is a directory: what engines read" {
    printf 'x' >"$BUNDLE/rootfs/bin/plain"
    entered
    ex_fails "$CTR" no-such-program
    assert_has "$stderr" no-such-program "executable file" "not found in \$path"
    ex_fails "$CTR" /bin/no-such-program
    assert_has "$stderr" "no such file or directory"
    ex_fails "$CTR" /bin/plain
    assert_has "$stderr" "permission denied"
    not_on runc "1.1 says is a directory"
    ex_fails "$CTR" /etc
    assert_has "$stderr" "permission denied"
}

@test "an error of exec surfaces with --detach too, and leaves no pid file" {
    printf 'no magic' >"$BUNDLE/rootfs/bin/data"
    chmod 755 "$BUNDLE/rootfs/bin/data"
    entered
    ex_fails --detach --pid-file "$T/pid" "$CTR" no-such-program
    assert_has "$stderr" "not found in"
    ex_fails --detach --pid-file "$T/pid" "$CTR" /bin/data
    assert_has "$stderr" "exec format error"
    [ ! -e "$T/pid" ] || fail "a pid file"
}

@test "no program, no id, a wrong option: usage errors" {
    only_estiva "the form of a message"
    entered
    ex "$CTR"
    assert_status 1
    assert_has "$stderr" "no program" usage
    ex
    assert_status 1
    ex --nonsense "$CTR" true
    assert_status 1
    assert_has "$stderr" --nonsense
    ex --preserve-fds x "$CTR" true
    assert_status 1
}

@test "--detach returns when the program runs; --pid-file has its number" {
    entered
    SECONDS=0
    ex_ok --detach --pid-file "$T/pid" "$CTR" sleep 1000
    [ $SECONDS -lt $((5 * TIME_FACTOR)) ] || fail "it waited"
    local pid
    pid=$(cat "$T/pid")
    assert_equal "$(wc -l <"$T/pid")" 0
    assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 "
    assert_equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(state_of pid)/ns/pid")"
}

@test "a pid file that can't be written: an error, and no process" {
    entered
    local before
    before=$(rt ps -f json "$CTR" 2>/dev/null || true)
    ex_fails --detach --pid-file "$T/no/such/pid" "$CTR" sleep 999
    assert_lacks "$(tr '\0' ' ' 2>/dev/null </proc/[0-9]*/cmdline || true)" "sleep 999"
    [ "$KIND" != estiva ] || assert_equal "$(rt ps -f json "$CTR")" "$before"
}

@test "the process of --detach becomes a child of the next subreaper" {
    requires python
    entered
    run "$PYTHON" - "$T/pid" "$RUNTIME" --root "$STATE" exec --detach --pid-file "$T/pid" "$CTR" testinit exit 7 <<'PY'
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
pid = os.spawnv(os.P_WAIT, sys.argv[2], sys.argv[2:])
assert pid == 0, pid
child = int(open(sys.argv[1]).read())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
    assert_status 0
    assert_equal "$output" 7
}

@test "--preserve-fds" {
    entered
    echo three >"$T/three"
    echo four >"$T/four"
    run --separate-stderr timeout 30 "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" exec --preserve-fds 2 "$CTR" \
        sh -c 'cat <&3; cat <&4; testinit fds' </dev/null 3<"$T/three" 4<"$T/four" 5<"$T/four"
    assert_status 0
    assert_has "$output" three four
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 5
}

@test "descriptors of a careless caller do not get in" {
    entered
    exec 5</etc/hostname 77</
    run --separate-stderr timeout 30 "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" exec "$CTR" testinit fds </dev/null 3>&-
    exec 5<&- 77<&-
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 3
}

@test "socket activation: LISTEN_PID is the process's own number" {
    only_estiva "runc and crun say 1"
    entered
    echo socket >"$T/three"
    run --separate-stderr sh -c 'LISTEN_FDS=1 LISTEN_FDNAMES=web LISTEN_PID=$$ exec "$0" "$@"' \
        "$RUNTIME" --root "$STATE" exec "$CTR" \
        sh -c 'cat <&3; env | grep LISTEN | sort; [ $LISTEN_PID = $$ ] && echo mine' </dev/null 3<"$T/three"
    assert_status 0
    assert_has "$output" socket LISTEN_FDS=1 LISTEN_FDNAMES=web mine
}

@test "standard streams that are pipes can be opened again by name, as another user" {
    entered
    { rt exec -u 1000 "$CTR" sh -c 'echo again >/dev/stdout && echo and >/dev/stderr' </dev/null | cat >"$T/out"; } 2>&1 |
        cat >"$T/err"
    assert_equal "$(cat "$T/out" "$T/err")" "again
and"
}

@test "no signal is ignored or blocked" {
    entered
    trap '' USR1 HUP
    ex_ok "$CTR" testinit signals
    trap - USR1 HUP
    assert_equal "$output" ""
}

@test "a session of its own, a keyring of its own" {
    entered
    ex_ok "$CTR" sh -c 'echo $$; testinit ids; testinit keyring'
    assert_has "$output" "_ses.$CTR"
    assert_lacks "$output" "$("$PROGRAMS/testinit" keyring | sed -n 's/^session: //p')"
    ex_ok "$CTR" sh -c 'exec testinit ids'
    local pid
    pid=$(sed -n 's/^pid: //p' <<<"$output")
    assert_has "$output" "sid: $pid" "pgrp: $pid"
}

@test "signals to the runtime reach the program" {
    entered
    "${VIEW[@]}" "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" exec "$CTR" testinit catch </dev/null >"$T/said" 2>&1 3>&- &
    local runtime=$! signal rc=0
    wait_for 5 grep -q ready "$T/said"
    for signal in HUP INT USR1 QUIT; do
        kill -$signal "$runtime"
        wait_for 5 grep -q "signal: $(kill -l $signal)$" "$T/said"
    done
    kill -TERM "$runtime"
    wait "$runtime" || rc=$?
    assert_equal "$rc" 0
    assert_equal "$(state_of status)" running
}
