# SPDX-License-Identifier: Apache-2.0
# run: exit status, standard streams, signals, --detach, --keep, --pid-file.

load helpers

@test "the exit status is the program's" {
    local code
    for code in 0 1 42 255; do
        args testinit exit $code
        ctr_run
        assert_status $code
    done
    assert_nothing_left
}

@test "a program killed by a signal: 128 + signal" {
    # A signal without handler does not reach pid 1 from within: its parent sends it.
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    local signal
    for signal in 9 15 6; do
        args testinit kill $signal
        ctr_run
        assert_status $((128 + signal))
    done
}

@test "standard output and error pass, each on its own" {
    script 'echo to-out; echo to-err >&2'
    ctr_run
    assert_status 0
    assert_equal "$output" to-out
    assert_equal "$stderr" to-err
}

@test "standard input passes, its end too" {
    script 'cat; echo end'
    run --separate-stderr rt run --bundle "$BUNDLE" "$CTR" < <(printf 'one\ntwo\n')
    assert_equal "$output" "one
two
end"
}

@test "a megabyte through a pipe in both directions" {
    args cat
    head -c 1000000 /dev/urandom >"$T/in"
    rt run --bundle "$BUNDLE" "$CTR" <"$T/in" | cat >"$T/copy"
    cmp "$T/in" "$T/copy"
}

@test "streams may be files, /dev/null and closed pipes" {
    script 'echo x; echo y >&2'
    must rt_detached run --bundle "$BUNDLE" "$CTR"
    assert_equal "$(cat "$T/out" "$T/err")" "x
y"
    rt run --bundle "$BUNDLE" "$CTR" </dev/null >/dev/null 2>&1
}

@test "nothing is left after run, also after a failure" {
    args true
    ctr_run
    assert_nothing_left
    args /no/such/program
    ctr_run
    [ "$status" -ne 0 ] || fail "it ran"
    assert_nothing_left
}

@test "--keep leaves the stopped container" {
    args true
    ctr_run --keep
    assert_status 0
    assert_equal "$(state_of status)" stopped
    must rt delete "$CTR"
    assert_nothing_left
}

@test "--detach returns at once, the container runs on" {
    args sleep 100
    SECONDS=0
    ctr_running
    [ $SECONDS -lt 5 ] || fail "it waited"
    assert_equal "$(state_of status)" running
}

@test "--pid-file of run holds the pid while it runs" {
    script 'sleep 100'
    ctr_running --pid-file "$T/pid"
    assert_equal "$(cat "$T/pid")" "$(state_of pid)"
}

# Starts `run` in the background, without timeout(1) in between; its pid is in RUN_PID.
run_in_background() {
    "${VIEW[@]}" "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" \
        </dev/null >"$T/out" 2>"$T/err" 3>&- &
    RUN_PID=$!
}

@test "signals to the runtime reach the container" {
    args testinit catch
    run_in_background
    wait_for 5 grep -q ready "$T/out"
    local signal
    for signal in HUP INT USR1 USR2 QUIT; do
        kill -$signal "$RUN_PID"
        wait_for 5 grep -q "signal: $(kill -l $signal)$" "$T/out"
    done
    kill -TERM "$RUN_PID"
    local rc=0
    wait "$RUN_PID" || rc=$?
    assert_equal "$rc" 0
    assert_equal "$(tail -n 1 "$T/out")" "signal: 15"
    assert_nothing_left
}

@test "a container killed from outside: run ends with 137 and cleans" {
    args sleep 100
    run_in_background
    wait_status running
    must rt kill "$CTR" KILL
    local rc=0
    wait "$RUN_PID" || rc=$?
    assert_equal "$rc" 137
    assert_nothing_left
}

@test "a stopped and continued container does not end run" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    args sleep 6
    run_in_background
    wait_status running
    local pid
    pid=$(state_of pid)
    kill -STOP "$pid"
    sleep 0.3
    kill -0 "$RUN_PID"
    kill -CONT "$pid"
    wait "$RUN_PID"
}

@test "orphans of the container die with it" {
    script 'sleep 1000 & sleep 1000 & exit 3'
    ctr_run
    assert_status 3
    assert_nothing_left
}

@test "processes that outlive pid 1 of a container without a pid namespace are ended" {
    not_on runc "1.1 leaves them"
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    script 'sleep 1000 </dev/null >/dev/null 2>&1 & exit 3'
    ctr_run
    assert_status 3
    assert_nothing_left
}

@test "an error goes to stderr, one line, status 1" {
    only_estiva "the form of a message"
    rm "$BUNDLE/config.json"
    ctr_run
    assert_status 1
    assert_equal "$output" ""
    assert_equal "${#stderr_lines[@]}" 1
    assert_match "$stderr" '^estiva: .*config\.json'
}
