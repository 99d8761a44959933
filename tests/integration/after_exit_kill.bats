#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cais _after-exit` is killed at each of its steps, that is before every system call that changes something: the next
# command cleans up, `ps -a` tells the truth, the container can be started again.

load killing

setup() {
    killing_setup
    own_programs
}

# cais beside a cais-shim whose last command is $T/after: the same under strace, if $T/when says where to kill it.
own_programs() {
    local shim=${CAIS%/*}/cais-shim
    mkdir "$T/bin"
    cp "$CAIS" "$T/bin/cais"
    ln -s "$(readlink -f "$RUNTIME")" "$T/bin/estiva"
    printf '#!/bin/sh\nsed -i "0,/^after-exit=/s||after-exit=%s\\n&|" "$1/shim.conf" && exec %s "$1"\n' \
        "$T/after" "$(readlink -f "$shim")" >"$T/bin/cais-shim"
    cat >"$T/after" <<END
#!/bin/sh
[ -e $T/when ] || exec "\$@"
read -r when <$T/when
exec ${TRACE[*]} -D -o $T/calls \$when "\$@"
END
    chmod +x "$T/bin/cais-shim" "$T/after"
    CAIS=$T/bin/cais
}

# The program ends, and the command after its end, which has its shim's number, is gone.
program_ends() {
    local shim
    shim=$(state_value shim)
    kill -TERM "$(state_value init)"
    wait_for 20 process_gone "$shim"
}

one() { good run -d --name one --pid host -p 8080:80 "$@" busy:1 sleep 1000 && CID=$output; }

# The program has ended then.
trace_steps() {
    echo >"$T/when"
    program_ends
    find_steps
    rm "$T/when"
}

# COMMAND after a kill at each step; it leaves a container that runs.
at_each_step() { # COMMAND...
    local step
    for step in "${STEP[@]}"; do
        echo "-e inject=$step" >"$T/when"
        program_ends
        rm "$T/when"
        echo "step $step: $(tail -n 1 "$T/calls")"
        "$@"
    done
}

is_exited() {
    assert_has "$(cais ps -a)" "Exited (143)"
    nothing_left
    good start one
}

@test "each step: exited with its status, nothing is left, starts again" {
    one
    trace_steps
    good start one
    at_each_step is_exited
}

is_gone() {
    assert_equal "$(cais ps -aq)" ""
    nothing_left
    [ -z "$(find "$T/store/containers" -mindepth 1 -name '[0-9a-f]*')" ] || fail "its directory is left"
    one --rm
}

@test "each step with --rm: it has gone" {
    one --rm
    trace_steps
    one --rm
    at_each_step is_gone
}

# The next command does not wait for the restart, which comes by itself. A new one each time, whose restart does not wait long.
is_restarted() {
    local shown
    shown=$(cais ps -a)
    [[ $shown == *" Up "* || $shown == *"Restarting (143)"* ]] || fail "$shown"
    wait_for 20 is_up
    ! process_gone "$(state_value init)" || fail "up without a process: $shown"
    wait_for 5 promise_kept
    good rm -f one
    one --restart always
}
promise_kept() { [ ! -e "$T/store/containers/$CID/restarting" ]; }

@test "each step with --restart: the next command sees to it that it is restarted" {
    one --restart always
    trace_steps
    wait_for 5 is_up
    good rm -f one
    one --restart always
    at_each_step is_restarted
}

@test "a restart that was broken off: not after stop, not beyond the policy's number" {
    one --restart always
    printf 'boot=%s\nby=1\nby-start=1\n' "$(cat /proc/sys/kernel/random/boot_id)" >"$T/promise"
    good stop -t 0 one
    cp "$T/promise" "$T/store/containers/$CID/restarting"
    cais ps -a >/dev/null
    promise_kept || fail "the promise is still there"
    assert_has "$(cais ps -a)" "Exited"
    good rm one
    good run -d --name one --pid host --restart on-failure:1 busy:1 sh -c 'exit 3'
    CID=$output
    has_ended_twice() { [ "$(cais inspect one | jq -c '.[0] | [.RestartCount, .State.Status]')" = '[1,"exited"]' ]; }
    wait_for 20 has_ended_twice
    wait_for 5 promise_kept
    cp "$T/promise" "$T/store/containers/$CID/restarting"
    cais ps -a >/dev/null
    promise_kept || fail "the promise is still there"
    has_ended_twice || fail "$(cais inspect one)"
}
