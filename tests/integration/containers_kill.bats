#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGKILL of a shim or a container, a boot since, and whatever dies at random moments: the next command cleans up, and `ps -a` tells the truth.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
}

state_value() { sed -n "s/^$1=//p" "$T/run/containers/$CID/state"; }

# No mount, no process, no run directory of a container that does not run.
left() {
    grep -F "$T/store/containers" /proc/self/mountinfo
    find "$T/run/containers" -mindepth 1 -maxdepth 1 2>/dev/null
    "$RUNTIME" --root "$T/run/runtime" list -q
}
is_clean() { [ -z "$(left)" ]; }
assert_clean() { is_clean || fail "left: $(left)"; }

@test "the shim is killed: the container ends, and its record says why" {
    detached busy:1 sleep 100
    local init shim
    init=$(state_value init) shim=$(state_value shim)
    kill -KILL "$shim"
    wait_for 10 process_gone "$shim"
    assert_has "$(cais ps -a)" "Exited (137)"
    assert_equal "$(cais inspect "$CID" | jq -r .[0].State.Error)" "its shim was killed"
    process_gone "$init" || fail "the container's process lives"
    assert_clean
    good start "$CID"
    assert_has "$(cais ps)" "Up "
}

@test "the shim is killed while a command waits for the end" {
    detached busy:1 sleep 100
    local shim
    shim=$(state_value shim)
    cais wait "$CID" >"$T/waited" 3>&- &
    local waits=$!
    has_socket() { [ -n "$(find "/proc/$(pgrep -n -f "$CAIS .* wait $CID")/fd" -lname 'socket:*')" ]; }
    wait_for 10 has_socket
    kill -KILL "$shim"
    wait "$waits" || fail "status $?"
    assert_equal "$(<"$T/waited")" 137
}

@test "a boot since: exited, and nobody's process is touched" {
    detached busy:1 sleep 100
    local shim init
    shim=$(state_value shim) init=$(state_value init)
    kill -STOP "$shim"
    sleep 100 3>&- &
    local other=$!
    # As if the numbers were others' now.
    sed -i "s/^boot=.*/boot=00000000-0000-0000-0000-000000000000/; s/^init=.*/init=$other/; s/^shim=.*/shim=$other/" \
        "$T/run/containers/$CID/state"
    assert_has "$(cais ps -a)" "Exited (255)"
    assert_equal "$(cais inspect "$CID" | jq -r .[0].State.Error)" "host restarted"
    process_gone "$other" && fail "another's process was killed"
    kill "$other"
    kill -KILL "$shim"
    process_gone "$init" || kill -KILL "$init"
    wait_for 10 process_gone "$shim"
    assert_clean
}

@test "the container's process is killed from outside" {
    detached busy:1 sleep 100
    kill -KILL "$(state_value init)"
    good wait "$CID"
    assert_has "$(cais ps -a)" "Exited (137)"
    wait_for 10 is_clean
}

@test "commands, shims, inits and what follows an end are killed at random moments" {
    local moments=40
    [ "${ESTIVA_FULL:-0}" != 1 ] || moments=500
    use_own_net
    run in_net "$PYTHON" "$HERE/containers_kill.py" "$CAIS" "$T/store" "$T/run" "$moments" busy:1 3>&-
    echo "$output" >&2
    assert_status 0
    assert_has "$output" ": 0 damaged" "moments"
}
