# SPDX-License-Identifier: Apache-2.0
# Descriptors: none leaks, --preserve-fds, socket activation.

load helpers

# Runs without rt: that closes the descriptors in question.
bare() { timeout --foreground -k 5 "$RT_TIMEOUT" "${VIEW[@]}" "$RUNTIME" --root "$STATE" "$@"; }

@test "a container has 0, 1, 2 and nothing else" {
    args testinit fds
    exec 5</etc/hostname 6>"$T/six" 77</
    run --separate-stderr bare run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    exec 5<&- 6>&- 77<&-
    assert_status 0
    assert_equal "$(cut -d : -f 1 <<<"$output" | sort -n | tr '\n' ' ')" "0 1 2 "
}

@test "a created container holds only what it needs: no host directory, no state" {
    args sleep 100
    exec 5</etc/hostname 77</
    must bare create --bundle "$BUNDLE" "$CTR" </dev/null >"$T/out" 2>"$T/err" 3>&-
    exec 5<&- 77<&-
    local pid target
    pid=$(state_of pid)
    for target in "/proc/$pid/fd/"*; do
        assert_lacks "$(readlink "$target")" /etc/hostname /etc/passwd "$BUNDLE"
        [ "$(readlink "$target")" != / ] || fail "$target is a root directory"
    done
}

@test "standard streams that the caller has closed are the null device, not a file of the runtime" {
    only_estiva "others leave them closed"
    args sleep 100
    bare create --bundle "$BUNDLE" "$CTR" <&- >&- 2>&- 3>&- || fail "create: status $?"
    ctr_start
    bare exec --detach --pid-file "$T/pid" "$CTR" sleep 100 <&- >&- 2>&- 3>&- || fail "exec: status $?"
    local pid stream
    for pid in "$(state_of pid)" "$(cat "$T/pid")"; do
        for stream in 0 1 2; do
            assert_equal "$(readlink "/proc/$pid/fd/$stream")" /dev/null
        done
    done
}

@test "--preserve-fds keeps so many descriptors, at their place" {
    echo three >"$T/three"
    echo four >"$T/four"
    script 'cat <&3; cat <&4; testinit fds'
    run --separate-stderr bare run --bundle "$BUNDLE" --preserve-fds 2 "$CTR" \
        </dev/null 3<"$T/three" 4<"$T/four" 5<"$T/four"
    assert_status 0
    assert_has "$output" three four
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 5
}

@test "--preserve-fds of a descriptor that is not open is an error" {
    not_on crun "ignores it"
    not_on runc "takes a descriptor of its own for it"
    args true
    run --separate-stderr bare run --bundle "$BUNDLE" --preserve-fds 2 "$CTR" \
        </dev/null 3<"$T" 4<&-
    [ "$status" -ne 0 ] || fail "it ran"
    assert_has "$stderr" "--preserve-fds: descriptor 4 is not open"
    assert_nothing_left
}

@test "--preserve-fds with more than there can be is an error" {
    only_estiva "its words"
    args true
    local count
    for count in 4294967293 4294967295 1000000; do
        run --separate-stderr bare run --bundle "$BUNDLE" --preserve-fds "$count" "$CTR" </dev/null 3>&-
        assert_status 1
        assert_has "$stderr" "is not open"
        assert_nothing_left
    done
}

@test "socket activation: descriptors, LISTEN_FDS, LISTEN_PID=1 and LISTEN_FDNAMES pass" {
    not_on runc "1.1 does not look at LISTEN_PID in the same way"
    echo socket >"$T/three"
    script 'cat <&3; env | grep LISTEN | sort; testinit fds'
    run --separate-stderr sh -c 'LISTEN_FDS=1 LISTEN_FDNAMES=web LISTEN_PID=$$ exec "$0" "$@"' \
        "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3<"$T/three"
    assert_status 0
    assert_has "$output" socket LISTEN_FDS=1 LISTEN_PID=1 LISTEN_FDNAMES=web
}

@test "socket activation for another process is none of ours" {
    not_on runc "1.1 has no such rule"
    not_on crun "has no such rule"
    script 'env | grep -c LISTEN; testinit fds'
    run --separate-stderr env LISTEN_FDS=1 LISTEN_PID=1 \
        "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3<"$T"
    assert_status 0
    assert_equal "${lines[0]}" 0
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 3
}

@test "socket activation and --preserve-fds add up, sockets first" {
    not_on runc "1.1 has no such rule"
    not_on crun "counts differently"
    echo socket >"$T/three"
    echo kept >"$T/four"
    script 'cat <&3; cat <&4'
    run --separate-stderr sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"' "$RUNTIME" \
        --root "$STATE" run --bundle "$BUNDLE" --preserve-fds 1 "$CTR" \
        </dev/null 3<"$T/three" 4<"$T/four"
    assert_status 0
    assert_equal "$output" "socket
kept"
}

@test "fifty descriptors of a careless caller do not get in" {
    args testinit fds
    local i
    for ((i = 10; i < 60; i++)); do eval "exec $i</"; done
    run --separate-stderr bare run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    for ((i = 10; i < 60; i++)); do eval "exec $i<&-"; done
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 3
}

@test "without close_range descriptors are closed as well" {
    without close_range
    args testinit fds
    exec 5</etc/hostname 77</
    run --separate-stderr timeout 30 "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" run \
        --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    exec 5<&- 77<&-
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 3
}

@test "without close_range: also those above a limit that was lowered since" {
    without close_range
    args testinit fds
    exec 900</
    run --separate-stderr sh -c 'ulimit -n 200; exec "$@"' - timeout 30 "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" run \
        --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    exec 900<&-
    assert_equal "$(grep -cE '^[0-9]+: ' <<<"$output")" 3
}

@test "without close_range: a high limit costs no call for each number below it" {
    requires strace
    only_estiva "it is about how it is done"
    without close_range
    script true
    run --separate-stderr sh -c 'ulimit -n "$(ulimit -H -n)"; exec "$@"' - timeout 60 strace -f -o "$T/trace" \
        -e trace=fcntl,close "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$CTR" </dev/null 3>&-
    assert_status 0
    [ "$(wc -l <"$T/trace")" -lt 3000 ] || fail "$(wc -l <"$T/trace") calls"
}
