# SPDX-License-Identifier: Apache-2.0
# create, start, state, kill, delete, list: what each does, and what each refuses in a wrong state.
# Guests: old

load helpers

fails() { # COMMAND...: the runtime fails; its error is in stderr
    capture "$@"
    [ "$status" -ne 0 ] || fail "$* succeeded"
    [ "$KIND" != estiva ] || assert_status 1
}

@test "create, start, kill, delete walk through created, running, stopped" {
    args sleep 100
    ctr_create
    assert_equal "$(state_of status)" created
    ctr_start
    assert_equal "$(state_of status)" running
    must rt kill "$CTR" KILL
    wait_status stopped
    must rt delete "$CTR"
    fails state "$CTR"
    assert_has "$stderr" "does not exist"
    assert_nothing_left
}

@test "the program does not run before start" {
    script 'echo started >/tmp/proof; sleep 100'
    ctr_create
    sleep 0.3
    [ ! -e "$BUNDLE/rootfs/tmp/proof" ] || fail "it ran at create"
    ctr_start
    wait_for 5 test -e "$BUNDLE/rootfs/tmp/proof"
}

@test "state has the fields of the specification" {
    config '.annotations = {"org.example.load": "42 / \"x\""}'
    args sleep 100
    ctr_create
    assert_equal "$(state_of ociVersion | grep -cE '^1\.[0-9]+\.[0-9]+')" 1
    assert_equal "$(state_of id)" "$CTR"
    assert_equal "$(state_of bundle)" "$BUNDLE"
    assert_equal "$(state_of 'annotations["org.example.load"]')" '42 / "x"'
    local pid
    pid=$(state_of pid)
    assert_has "$(cat "/proc/$pid/cgroup")" "$CTR"
    ctr_start
    assert_equal "$(state_of pid)" "$pid"
    must rt kill "$CTR" KILL
    wait_status stopped
    assert_equal "$(state_of 'pid // 0')" 0
}

@test "a relative bundle path becomes absolute in the state" {
    args sleep 100
    cd "$BUNDLE"
    must rt_detached create --bundle . "$CTR"
    assert_equal "$(state_of bundle)" "$BUNDLE"
}

@test "the bundle is the working directory by default" {
    args sleep 100
    cd "$BUNDLE"
    must rt_detached create "$CTR"
    cd "$T"
    assert_equal "$(state_of bundle)" "$BUNDLE"
}

@test "pid file: complete, decimal, no newline, the pid of the state, relative to the caller" {
    args sleep 100
    must rt_detached create --bundle "$BUNDLE" --pid-file some.pid "$CTR"
    assert_match "$(od -c "$T/some.pid" | head -c 4000)" '^0000000 +[0-9]'
    assert_equal "$(tr -d '0-9' <"$T/some.pid" | wc -c)" 0
    assert_equal "$(cat "$T/some.pid")" "$(state_of pid)"
    assert_equal "$(find "$T" -maxdepth 1 -name '*some.pid*' | wc -l)" 1
}

@test "an existing pid file is replaced, not written through a link" {
    args sleep 100
    echo canary >"$T/canary"
    ln -s canary "$T/pid"
    must rt_detached create --bundle "$BUNDLE" --pid-file "$T/pid" "$CTR"
    [ "$KIND" = crun ] || assert_equal "$(cat "$T/canary")" canary
    assert_equal "$(cat "$T/pid")" "$(state_of pid)"
}

@test "start: unknown id, twice, after the end" {
    args sleep 100
    fails start "$CTR"
    assert_has "$stderr" "does not exist"
    ctr_create
    ctr_start
    fails start "$CTR"
    must rt kill "$CTR" KILL
    wait_status stopped
    fails start "$CTR"
    assert_equal "$(state_of status)" stopped
}

@test "state, kill, delete of an unknown id say that it does not exist" {
    local command
    for command in state kill delete; do
        fails $command "$CTR"
        assert_has "$stderr" "does not exist"
    done
}

@test "delete --force of an unknown id succeeds" {
    run --separate-stderr rt delete --force "$CTR"
    assert_status 0
}

@test "kill of a stopped container says that it is not running" {
    args true
    ctr_running
    wait_status stopped
    fails kill "$CTR" KILL
    [ "$KIND" = crun ] || assert_has "$stderr" "container not running"
}

@test "kill --all of a stopped container is not an error" {
    args true
    ctr_running
    wait_status stopped
    run --separate-stderr rt kill --all "$CTR" KILL
    assert_status 0
}

@test "kill of a created container" {
    args sleep 100
    ctr_create
    must rt kill "$CTR" KILL
    wait_status stopped
}

@test "kill sends TERM by default" {
    args testinit catch
    ctr_running
    wait_for 5 grep -q ready "$T/out"
    must rt kill "$CTR"
    wait_status stopped
    assert_equal "$(tail -n 1 "$T/out")" "signal: 15"
}

@test "kill takes names with and without SIG, in any case, and numbers" {
    args testinit catch
    ctr_running
    wait_for 5 grep -q ready "$T/out"
    must rt kill "$CTR" USR1
    wait_for 5 grep -q 'signal: 10' "$T/out"
    must rt kill "$CTR" SIGUSR2
    wait_for 5 grep -q 'signal: 12' "$T/out"
    must rt kill "$CTR" sighup
    wait_for 5 grep -q 'signal: 1$' "$T/out"
    must rt kill "$CTR" 37
    wait_for 5 grep -q 'signal: 37' "$T/out"
}

@test "kill takes RTMIN+n" {
    not_on runc "has no names for real-time signals"
    args testinit catch
    ctr_running
    wait_for 5 grep -q ready "$T/out"
    must rt kill "$CTR" RTMIN+3
    wait_for 5 grep -q 'signal: 37' "$T/out"
    must rt kill "$CTR" SIGRTMAX-1
    wait_for 5 grep -q 'signal: 63' "$T/out"
}

@test "kill refuses signals that do not exist and sends nothing" {
    args testinit catch
    ctr_running
    wait_for 5 grep -q ready "$T/out"
    local bad
    for bad in NOSUCH 0x9 65 -3 9x ''; do
        [ "$KIND$bad" != runc ] || continue # takes an empty word as TERM
        fails kill -- "$CTR" "$bad"
    done
    assert_equal "$(state_of status)" running
    assert_equal "$(cat "$T/out")" ready
}

@test "kill --all reaches every process of a container without its own pid namespace" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    script 'sleep 1000 & sleep 1000 & echo up; wait'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    local pids
    pids=$(cat "$(cgroup_dir "$(any_controller)")/cgroup.procs")
    assert_equal "$(wc -l <<<"$pids")" 3
    must rt kill --all "$CTR" KILL
    local pid
    for pid in $pids; do
        wait_for 5 process_gone "$pid"
    done
}

any_controller() { [ "$(cgroup_mode)" = v2 ] && echo unified || echo pids; }

@test "SIGKILL ends every process of a container without its own pid namespace" {
    not_on runc "1.1 needs --all"
    not_on crun "needs --all"
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    script 'sleep 1000 & sleep 1000 & echo up; wait'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    local pid pids
    pids=$(cat "$(cgroup_dir "$(any_controller)")/cgroup.procs")
    must rt kill "$CTR" KILL
    for pid in $pids; do
        wait_for 5 process_gone "$pid"
    done
}

@test "delete of a running container is refused and changes nothing" {
    args sleep 100
    ctr_running
    fails delete "$CTR"
    assert_equal "$(state_of status)" running
}

# docs/adr/0022: against the letter of the specification, as engines want it
@test "delete ends a created container" {
    args sleep 100
    ctr_create
    local pid
    pid=$(state_of pid)
    must rt delete "$CTR"
    process_gone "$pid" || fail "$pid is alive"
    assert_nothing_left
}

@test "delete --force ends a running container" {
    args sleep 100
    ctr_running
    local pid
    pid=$(state_of pid)
    must rt delete --force "$CTR"
    process_gone "$pid" || fail "$pid is alive"
    assert_nothing_left
}

@test "delete --force ends a created container" {
    args sleep 100
    ctr_create
    local pid
    pid=$(state_of pid)
    must rt delete --force "$CTR"
    process_gone "$pid" || fail "$pid is alive"
    assert_nothing_left
}

@test "delete --force ends left-over processes of a stopped container" {
    not_on runc "1.1 leaves them"
    not_on crun "tested on its own"
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    script 'sleep 1000 & echo up'
    ctr_running
    wait_for 5 grep -q up "$T/out"
    wait_status stopped
    must rt delete --force "$CTR"
    assert_nothing_left
}

@test "an id can be used again after delete" {
    args true
    ctr_running
    wait_status stopped
    must rt delete "$CTR"
    ctr_running
    wait_status stopped
}

# Both wait for the container's lock; the first to have it runs the hook, which gives the id away at once.
@test "delete --force, twice at once: a new container of that id, made in between, stays" {
    only_estiva "its lock"
    args sleep 100
    new_bundle "$T/second" "$CTR-second"
    config --arg script "exec '$RUNTIME' --root '$STATE' run -d --bundle '$T/second' '$CTR' </dev/null >'$T/hook' 2>&1" '
        .hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", $script]}]'
    jq '.process.args = ["sleep", "100"] | del(.hooks)' "$T/second/config.json" >"$T/config.new"
    cat "$T/config.new" >"$T/second/config.json"
    ctr_running
    exec 8<"$STATE/$CTR"
    flock 8
    local deletes=() one
    for one in 1 2; do
        rt delete --force "$CTR" </dev/null >"$T/delete.$one" 2>&1 8<&- &
        deletes+=($!)
    done
    wait_for 10 waiting_for_lock 2 "$STATE/$CTR"
    exec 8<&-
    wait "${deletes[0]}" || fail "$(cat "$T"/delete.*)"
    wait "${deletes[1]}" || fail "$(cat "$T"/delete.*)"
    assert_equal "$(state_of status)" running
    assert_equal "$(state_of bundle)" "$T/second"
}

# proc(5), locks: those that wait have "->".
waiting_for_lock() { # COUNT FILE
    [ "$(grep -c -- "-> FLOCK .*:$(stat -c %i "$2") " /proc/locks)" = "$1" ]
}

@test "create of an id in use is refused and leaves the first one alone" {
    args sleep 100
    ctr_running
    fails create --bundle "$BUNDLE" "$CTR"
    assert_equal "$(state_of status)" running
    new_bundle "$T/second" "$CTR-second"
    fails run --bundle "$T/second" "$CTR"
    assert_equal "$(state_of status)" running
    assert_equal "$(state_of bundle)" "$BUNDLE"
}

@test "bad ids are refused before anything is made" {
    local id
    for id in "" . .. a/b ../x /abs 'sp ace' $'new\nline' 'star*' "$(printf 'x%.0s' {1..1100})"; do
        fails create --bundle "$BUNDLE" -- "$id"
    done
    assert_equal "$(find "$STATE" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l)" 0
    assert_nothing_left
}

@test "ids with dots, plus, dash and underscore work" {
    local id=a.B_1+c-2.$CTR
    args true
    run --separate-stderr rt run --bundle "$BUNDLE" "$id" </dev/null
    assert_status 0
}

@test "edits of config.json after create have no effect" {
    script 'hostname'
    ctr_create
    script 'echo changed'
    config '.hostname = "changed" | .process.env = []'
    ctr_start
    wait_status stopped
    assert_equal "$(cat "$T/out")" estiva-test
}

@test "the bundle's config.json may vanish after create" {
    args sleep 100
    ctr_create
    rm "$BUNDLE/config.json"
    ctr_start
    assert_equal "$(state_of status)" running
    must rt delete --force "$CTR"
}

@test "-f takes another config file" {
    not_on runc "has no -f"
    script 'echo other'
    mv "$BUNDLE/config.json" "$T/other.json"
    run --separate-stderr rt run --bundle "$BUNDLE" --config "$T/other.json" "$CTR" </dev/null
    assert_status 0
    assert_equal "$output" other
}

@test "list shows every container, as table, as ids, as JSON" {
    args sleep 100
    ctr_create
    new_bundle "$T/second" "$CTR-second"
    jq '.process.args = ["true"] | .annotations = {"a": "b"}' "$T/second/config.json" >"$T/c"
    cp "$T/c" "$T/second/config.json"
    must rt_detached run -d --bundle "$T/second" "$CTR-second"
    wait_status stopped "$CTR-second"
    run --separate-stderr rt list
    assert_status 0
    assert_match "${lines[0]}" '^ID +PID +STATUS +BUNDLE +CREATED'
    assert_match "$output" "$CTR +$(state_of pid) +created +$BUNDLE "
    assert_match "$output" "$CTR-second +0 +stopped "
    assert_equal "$(rt list -q | sort | tr '\n' ' ')" "$CTR $CTR-second "
    local json
    json=$(rt list --format json)
    assert_equal "$(jq -r --arg i "$CTR" '.[] | select(.id == $i) | .status' <<<"$json")" created
    assert_equal "$(jq -r --arg i "$CTR-second" '.[] | select(.id == $i) | .annotations.a' <<<"$json")" b
    assert_equal "$(jq '[.[] | .ociVersion, .pid, .bundle, .created | . == null] | any' <<<"$json")" false
}

@test "list of an empty root: a header, nothing, an empty JSON list" {
    run --separate-stderr rt list
    assert_status 0
    assert_equal "${#lines[@]}" 1
    assert_equal "$(rt list -q)" ""
    assert_match "$(rt list -f json)" '^(\[\]|null)$'
}

@test "roots are worlds of their own" {
    args sleep 100
    ctr_create
    assert_equal "$("$RUNTIME" --root "$T/other" list -q)" ""
}

@test "a container outlives the command that made it and is a child of its caller's reaper" {
    args sleep 100
    local pid parent
    ctr_running
    pid=$(state_of pid)
    parent=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
    assert_lacks "$(tr '\0' ' ' <"/proc/$parent/cmdline")" "$STATE"
    assert_equal "$(grep -lsaF -- "$STATE" /proc/[0-9]*/cmdline)" ""
}

@test "create in parallel: ten containers, all run, all go" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8 9 10; do
        new_bundle "$T/p$i" "$CTR-$i"
        rt run --bundle "$T/p$i" "$CTR-$i" </dev/null >"$T/log$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || fail "a container failed: $(cat "$T"/log*)"
    done
    assert_nothing_left
}
