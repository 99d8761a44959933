# SPDX-License-Identifier: Apache-2.0
# Seccomp: SCMP_ACT_NOTIFY, what the agent is told, what happens without one, flags.
# Guests: old

load helpers
load seccomp_agent

@test "the agent answers: run, run --detach, create and start" {
    requires python
    start_agent "$KCMP=76"
    notify kcmp
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
    script 'testinit syscall kcmp 1 1 0 >/tmp/answer; sleep 300'
    ctr_running
    wait_for 10 grep -q ENOTUNIQ "$BUNDLE/rootfs/tmp/answer"
    rt delete --force "$CTR"
    rm "$BUNDLE/rootfs/tmp/answer"
    ctr_create
    ctr_start
    wait_for 10 grep -q ENOTUNIQ "$BUNDLE/rootfs/tmp/answer"
    assert_equal "$(asked "$KCMP")" 3
}

@test "what the agent is told: one document and one descriptor a connection, which is closed" {
    requires python
    start_agent
    notify kcmp
    config '.annotations = {"port": "Lisboa"}'
    args sleep 300
    ctr_running
    wait_for 5 test -s "$T/agent.log"
    assert_equal "$(wc -l <"$T/agent.log")" 1
    told() { jq -c "$1" "$T/agent.log"; }
    assert_equal "$(told .descriptors)" 1
    assert_equal "$(told .document.fds)" '["seccompFd"]'
    assert_equal "$(told .document.metadata)" '"for the \"agent\""'
    assert_equal "$(told .document.pid)" "$(state_of pid)"
    assert_equal "$(told '[.document.state | .id, .bundle, .pid, .annotations.port]')" \
        "$(jq -nc '$ARGS.positional | .[2] |= tonumber' --args "$CTR" "$BUNDLE" "$(state_of pid)" Lisboa)"
    assert_match "$(told .document.state.status)" '"(creating|created)"'
    assert_match "$(told .document.ociVersion)" '^"1\.[0-9]'
    [ "$KIND" != estiva ] || assert_equal "$(told '.document | keys')" '["fds","metadata","ociVersion","pid","state"]'
}

@test "the agent dies: its calls do not exist any more" {
    requires python
    start_agent die
    notify kcmp
    script 'until [ -e /tmp/dead ]; do sleep 0.05; done; testinit syscall kcmp 1 1 0 >/tmp/answer'
    ctr_create
    ctr_start
    wait_for 10 process_gone "$AGENT_PID"
    : >"$BUNDLE/rootfs/tmp/dead"
    wait_for 10 grep -q . "$BUNDLE/rootfs/tmp/answer"
    assert_equal "$(cat "$BUNDLE/rootfs/tmp/answer")" "kcmp: ENOSYS"
}

@test "exec: the agent answers its calls too, and is told of that process" {
    requires python
    start_agent "$KCMP=76"
    notify kcmp
    args sleep 300
    ctr_running
    wait_for 5 test -s "$T/agent.log"
    capture exec "$CTR" testinit syscall kcmp 1 1 0
    assert_equal "$output" "kcmp: ENOTUNIQ"
    must rt_detached exec --detach --pid-file "$T/pid" "$CTR" sleep 300
    wait_for 5 eval '[ "$(grep -c document "$T/agent.log")" = 3 ]'
    assert_equal "$(jq -c 'select(.document) | [.descriptors, .document.fds]' "$T/agent.log" | sort -u)" '[1,["seccompFd"]]'
    assert_equal "$(tail -n 1 "$T/agent.log" | jq -c '.document | [.pid, .state.pid, .state.id, .state.status, .metadata]')" \
        "$(jq -nc '$ARGS.positional | .[:2] |= map(tonumber)' --args "$(cat "$T/pid")" "$(state_of pid)" "$CTR" running 'for the "agent"')"
    kill -KILL "$(cat "$T/pid")"
}

@test "exec: execve and what limits need may be left to the agent" {
    requires python
    start_agent
    notify execve prlimit64 setsid
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]'
    args sleep 300
    ctr_running
    capture exec "$CTR" sh -c 'ulimit -n; echo done'
    assert_equal "$output" "100
done"
}

@test "exec: without its agent nothing runs and nothing stays; once there is one again it goes" {
    requires python
    start_agent "$KCMP=76"
    notify kcmp
    args sleep 300
    ctr_running
    kill "$AGENT_PID"
    wait_for 5 process_gone "$AGENT_PID"
    local before
    before=$(rt ps --format json "$CTR")
    capture exec "$CTR" touch /tmp/ran
    [ "$status" -ne 0 ] || fail "it ran"
    [ "$KIND" != estiva ] || assert_equal "$status" 255
    [ "$KIND" != estiva ] || assert_has "$stderr" "seccomp agent $AGENT" "Connection refused"
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "it ran"
    assert_equal "$(rt ps --format json "$CTR")" "$before"
    assert_equal "$(state_of status)" running
    start_agent "$KCMP=76"
    capture exec "$CTR" testinit syscall kcmp 1 1 0
    assert_equal "$output" "kcmp: ENOTUNIQ"
}

@test "exec: a listener that can't be handed over ends the process" {
    requires python
    only_estiva "others take it by other calls"
    start_agent
    notify kcmp
    args sleep 300
    ctr_running
    local before
    before=$(rt ps --format json "$CTR")
    without pidfd_getfd
    capture exec "$CTR" touch /tmp/ran
    assert_status 255
    assert_has "$stderr" SCMP_ACT_NOTIFY "Linux 5.6"
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "it ran"
    WITHOUT=()
    assert_equal "$(rt ps --format json "$CTR")" "$before"
}

@test "without an agent: refused, and nothing ran" {
    notify kcmp
    script 'touch /tmp/ran'
    capture run --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ] || fail "it ran"
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "the program ran"
    [ "$KIND" != estiva ] || assert_has "$stderr" /linux/seccomp/listenerPath "$AGENT" "No such file" "the seccomp agent must listen"
    assert_nothing_left
    assert_refused /linux/seccomp/listenerPath
    : >"$AGENT"
    assert_refused /linux/seccomp/listenerPath
}

@test "an agent that does not listen: start fails, the container stays created until there is one" {
    requires python
    only_estiva "others connect in create"
    start_agent "$KCMP=76"
    kill "$AGENT_PID"
    wait_for 5 process_gone "$AGENT_PID"
    notify kcmp
    script 'testinit syscall kcmp 1 1 0 >/tmp/answer; sleep 300'
    ctr_create
    capture start "$CTR"
    assert_status 1
    assert_has "$stderr" "seccomp agent $AGENT" "Connection refused"
    assert_equal "$(state_of status)" created
    [ ! -e "$BUNDLE/rootfs/tmp/answer" ] || fail "the program ran"
    rm "$AGENT"
    start_agent "$KCMP=76"
    ctr_start
    wait_for 10 grep -q ENOTUNIQ "$BUNDLE/rootfs/tmp/answer"
    rt delete --force "$CTR"
    kill "$AGENT_PID"
    wait_for 5 process_gone "$AGENT_PID"
    rm "$BUNDLE/rootfs/tmp/answer"
    capture run --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" "Connection refused"
    [ ! -e "$BUNDLE/rootfs/tmp/answer" ] || fail "the program ran"
    assert_nothing_left
}

@test "a path longer than a socket's address" {
    requires python
    local long
    long=$T/$(printf '%0150d' 0)
    mkdir "$long"
    AGENT=$long/socket
    (cd "$long" && exec "$PYTHON" "$HERE/seccomp_agent.py" socket ../agent.log "$KCMP=76" 3>&-) &
    at_end "kill $!"
    wait_for 10 test -S "$AGENT"
    notify kcmp
    args testinit syscall kcmp 1 1 0
    only_estiva "others do not reach it"
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
}

@test "listenerPath without SCMP_ACT_NOTIFY has no meaning" {
    notify kcmp -- '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EPERM"
}

@test "errors: defaultAction, write, no listenerPath, a relative one, metadata alone" {
    requires python
    start_agent
    notify kcmp -- '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"'
    assert_refused /linux/seccomp/defaultAction
    notify kcmp write
    [ "$KIND" = crun ] || assert_refused /linux/seccomp/syscalls/0/names/1 write
    only_estiva "older peers take the rest"
    notify kcmp -- 'del(.linux.seccomp.listenerMetadata) | del(.linux.seccomp.listenerPath)'
    assert_refused /linux/seccomp/listenerPath "is required"
    notify kcmp -- '.linux.seccomp.listenerPath = "agent.sock"'
    assert_refused /linux/seccomp/listenerPath absolute
    notify kcmp -- '.linux.seccomp.listenerPath = "@agent"'
    assert_refused /linux/seccomp/listenerPath absolute
    notify kcmp -- 'del(.linux.seccomp.listenerPath)'
    assert_refused /linux/seccomp/listenerMetadata listenerPath
    notify kcmp -- '.linux.seccomp.syscalls[0].errnoRet = 5'
    assert_refused /linux/seccomp/syscalls/0/errnoRet
    notify kcmp -- '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ALLOW" | .linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
    assert_refused /linux/seccomp/flags/0 SCMP_ACT_NOTIFY
}

# The flags that the kernel is given with the filter.
loaded_flags() {
    WITHOUT=(strace -f -qq -e trace=seccomp -o "$T/strace")
    ctr_run
    WITHOUT=()
    sed -n 's/.*seccomp(SECCOMP_SET_MODE_FILTER, \(.*\), {len=.*/\1/p' "$T/strace"
}

@test "every flag reaches the kernel; without a list it is SPEC_ALLOW" {
    requires python strace
    only_estiva "others add some and leave some out"
    local flags='["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
    local all=${flags/]/, \"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}
    args testinit syscall kcmp 1 1 0
    if [ "${GUEST-}" = old ]; then # Linux before 5.19; and strace of a container does not end there
        start_agent "$KCMP=76"
        notify kcmp -- '.linux.seccomp.flags = '"$all"
        assert_refused /linux/seccomp/flags/3 "5.19"
        return
    fi
    notify kcmp -- '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO" | .linux.seccomp.flags = '"$flags"
    assert_equal "$(loaded_flags)" "SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW"
    config '.linux.seccomp.flags = []'
    assert_equal "$(loaded_flags)" 0
    config 'del(.linux.seccomp.flags)'
    assert_equal "$(loaded_flags)" SECCOMP_FILTER_FLAG_SPEC_ALLOW
    start_agent "$KCMP=76"
    notify kcmp -- '.linux.seccomp.flags = '"$all"
    assert_equal "$(loaded_flags)" \
        "SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW|SECCOMP_FILTER_FLAG_NEW_LISTENER|SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
}

@test "features tells the truth: every action, operator, architecture and flag it lists is taken" {
    requires python
    only_estiva "lists what it takes"
    local features
    start_agent
    features=$("$RUNTIME" features | jq -c .linux.seccomp)
    assert_equal "$(jq -c '[.actions, .operators, .archs, .knownFlags] | map(length)' <<<"$features")" '[9,7,23,4]'
    notify kcmp -- '.linux.seccomp.syscalls += [('"$features"'.actions - ["SCMP_ACT_NOTIFY"] | to_entries[] |
            {"names": ["getppid"], "action": .value, "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": .key}]}),
        ('"$features"'.operators | to_entries[] |
            {"names": ["lseek"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "op": .value, "value": .key}]})] |
        .linux.seccomp.flags = '"$features"'.supportedFlags'
    args true
    ctr_run
    assert_status 0
}

@test "on Linux before 5.6 SCMP_ACT_NOTIFY is refused, and nothing ran" {
    requires python
    only_estiva "others have another way"
    start_agent
    notify kcmp
    script 'touch /tmp/ran'
    without pidfd_getfd
    capture run --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" SCMP_ACT_NOTIFY "Linux 5.6"
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "the program ran"
    assert_nothing_left
}

# ---- annotations of crun

annotation() { config --arg n "$1" --arg v "$2" '.annotations[$n] = $v'; }

# The bundle leaves kcmp to an agent that only an annotation or a variable names.
unnamed_agent() { notify kcmp -- 'del(.linux.seccomp.listenerMetadata, .linux.seccomp.listenerPath)'; }

@test "run.oci.seccomp.receiver: the agent of a profile that names none, of exec too; listenerPath goes first" {
    requires python
    only_estiva "others have a protocol of their own for it"
    start_agent "$KCMP=76"
    unnamed_agent
    annotation run.oci.seccomp.receiver "$AGENT"
    script 'testinit syscall kcmp 1 1 0 >/tmp/answer; sleep 300'
    ctr_create
    ctr_start
    wait_for 10 grep -q ENOTUNIQ "$BUNDLE/rootfs/tmp/answer"
    capture exec "$CTR" testinit syscall kcmp 1 1 0
    assert_equal "$output" "kcmp: ENOTUNIQ"
    assert_equal "$(asked "$KCMP")" 2
    rt delete --force "$CTR"
    notify kcmp
    annotation run.oci.seccomp.receiver /no/such/socket
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
}

@test "run.oci.seccomp.receiver: a relative path, and one without a socket, are errors that name it" {
    only_estiva "others look when the container is started"
    unnamed_agent
    annotation run.oci.seccomp.receiver agent.sock
    assert_refused /annotations/run.oci.seccomp.receiver absolute
    annotation run.oci.seccomp.receiver "$AGENT"
    assert_refused "/annotations/run.oci.seccomp.receiver $AGENT" "No such file"
    config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: EPERM"
}

@test "RUN_OCI_SECCOMP_RECEIVER: the same, where no annotation is" {
    requires python
    only_estiva "others have a protocol of their own for it"
    start_agent "$KCMP=76"
    unnamed_agent
    args testinit syscall kcmp 1 1 0
    export RUN_OCI_SECCOMP_RECEIVER=agent.sock
    assert_refused RUN_OCI_SECCOMP_RECEIVER absolute
    export RUN_OCI_SECCOMP_RECEIVER=$AGENT
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
    annotation run.oci.seccomp.receiver "$AGENT.other"
    assert_refused "/annotations/run.oci.seccomp.receiver $AGENT.other"
    config 'del(.annotations) | del(.linux.seccomp)'
    RUN_OCI_SECCOMP_RECEIVER=agent.sock
    in_container true
}

word() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }

# A filter as the kernel takes it, in base64: it returns RESULT (linux/seccomp.h) for the call and lets all others pass.
program() { # NUMBER RESULT
    printf "\x20\0\0\0\0\0\0\0\x15\0\0\x01$(word "$1")\x06\0\0\0$(word "$2")\x06\0\0\0\0\0\xff\x7f" | base64 -w 0
}

@test "run.oci.seccomp_bpf_data: a filter as it is, for exec too, in the place of the profile's rules" {
    not_on runc "does not know it"
    annotation run.oci.seccomp_bpf_data "$(program "$KCMP" $((0x00050000 | 76)))"
    args testinit syscall kcmp 1 1 0
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp", "mkdir"], "action": "SCMP_ACT_ERRNO"}]}'
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
    [ "$KIND" != estiva ] || assert_has "$stderr" "/linux/seccomp: " run.oci.seccomp_bpf_data
    script 'mkdir /tmp/made; exec sleep 300'
    ctr_running
    wait_for 5 test -d "$BUNDLE/rootfs/tmp/made"
    assert_equal "$(awk '/^Seccomp:/ { print $2 }' "/proc/$(state_of pid)/status")" 2
    capture exec "$CTR" testinit syscall kcmp 1 1 0
    assert_equal "$output" "kcmp: ENOTUNIQ"
}

@test "run.oci.seccomp_bpf_data: a filter that leaves a call to the agent" {
    requires python
    only_estiva "others have a protocol of their own for it"
    start_agent "$KCMP=76"
    annotation run.oci.seccomp_bpf_data "$(program "$KCMP" $((0x7fc00000)))"
    args testinit syscall kcmp 1 1 0
    assert_refused /linux/seccomp/listenerPath "is required"
    annotation run.oci.seccomp.receiver "$AGENT"
    ctr_run
    assert_equal "$output" "kcmp: ENOTUNIQ"
    assert_equal "$(asked "$KCMP")" 1
}

@test "run.oci.seccomp_bpf_data: what is none is refused by its name, and nothing runs without it" {
    only_estiva "others take half of one"
    local text
    script 'touch /tmp/ran'
    for text in '' '!!!!' "$(printf '\6\0\0\0\0\0\xff' | base64)" "$(printf '\6\0\0\0\0\0\xff\x7f\6' | base64)" \
        "$(for _ in {1..4097}; do printf '\6\0\0\0\0\0\xff\x7f'; done | base64 -w 0)"; do
        annotation run.oci.seccomp_bpf_data "$text"
        assert_refused /annotations/run.oci.seccomp_bpf_data
    done
    # Instructions, but no filter: one that falls off its end, and one that jumps there.
    for text in "$(printf '\x20\0\0\0\0\0\0\0' | base64)" "$(printf '\x05\0\0\0\x09\0\0\0\6\0\0\0\0\0\xff\x7f' | base64)"; do
        annotation run.oci.seccomp_bpf_data "$text"
        capture run --bundle "$BUNDLE" "$CTR"
        assert_status 1
        assert_has "$stderr" /annotations/run.oci.seccomp_bpf_data "Invalid argument"
        assert_nothing_left
    done
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "the program ran"
}
