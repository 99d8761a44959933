# SPDX-License-Identifier: Apache-2.0
# cais run --rm: a container in the foreground, by estiva, runc and crun, and that nothing is left of it.

load image

setup() {
    image_setup
    requires runc crun
    busybox_image
}

# As `try`, by a runtime; crun as in run_bundle. Standard input is this function's. Not by bats' `run`, which takes the
# status 127 for a mistake in the test.
try_run() { # RUNTIME ARGUMENT...
    local view=() runtime=$1
    shift
    [ "${runtime##*/}" != crun ] || [ "$(cgroup_mode)" != hybrid ] ||
        view=(unshare --mount --propagation private sh -c "$V1_VIEW && exec \"\$@\"" -)
    status=0
    output=$(timeout -k 5 60 "${view[@]}" "$CAIS" --root "$T/store" --run-root "$T/run" run --network host --rm --runtime "$runtime" "$@" 2>"$T/stderr" 3>&-) || status=$?
    stderr=$(cat "$T/stderr")
}

# No directory, mount, or container of a runtime.
assert_gone() {
    wait_for 5 no_container_dirs
    assert_equal "$(grep -c "$T/store/containers" /proc/self/mountinfo)" 0
    assert_equal "$(find "$T/run/runtime" -type f)" ""
}

@test "output, status, arguments, environment, user, directory; nothing is left" {
    local runtime
    for runtime in "${RUNTIMES[@]}"; do
        try_run "$runtime" -e A=1 -u ship -w /made/here busy:1 sh -c 'echo $A $(id -u) $PWD $0 "$@"; echo err >&2; exit 7' zero one two </dev/null
        assert_status 7
        assert_equal "$output" "1 1000 /made/here zero one two"
        assert_equal "$stderr" err
        assert_gone
    done
    assert_nothing_left
}

@test "the image's own command, --entrypoint, flags behind the image" {
    good import -c 'ENTRYPOINT ["echo", "entry"]' -c 'CMD ["cmd"]' "$T/busybox.tar" own:1
    good run --network host --rm own:1
    assert_equal "$output" "entry cmd"
    good run --network host --rm own:1 -t --rm
    assert_equal "$output" "entry -t --rm"
    good run --network host --rm --entrypoint ls own:1 -d /etc
    assert_equal "$output" /etc
    refused "No command specified" -- run busy:1
    assert_gone
}

@test "standard input: with -i ours, else none" {
    try_run "$BUILD/estiva" -i busy:1 cat < <(printf 'line\n')
    assert_equal "$output" line
    try_run "$BUILD/estiva" busy:1 cat < <(printf 'line\n')
    assert_status 0
    assert_equal "$output" ""
    assert_gone
}

@test "a terminal: -i -t gives one of its own, with our size" {
    local runtime
    for runtime in "${RUNTIMES[@]}"; do
        [ "${runtime##*/}" != crun ] || [ "$(cgroup_mode)" != hybrid ] || continue # the view of try_run has no terminal
        run "$PYTHON" "$HERE/in_terminal.py" 33 101 timeout 60 "$CAIS" --root "$T/store" --run-root "$T/run" \
            run --network host --rm --runtime "$runtime" -i -t busy:1 sh -c 'tty; stty size; echo $TERM; read line; echo got $line'
        assert_has "$output" /dev/ "33 101" xterm "got typed"
    done
    refused "not a TTY" -- run -i -t busy:1 true
    assert_gone
}

@test "the host's network, names and a host name of its own" {
    good run --network host --rm busy:1 sh -c 'ls -l /proc/self/ns/net; hostname; cat /etc/hostname /etc/resolv.conf'
    assert_has "$output" "$(readlink /proc/self/ns/net)" "$(cat /etc/resolv.conf)"
    assert_match "$output" $'\n[0-9a-f]{12}\n[0-9a-f]{12}\n'
}

@test "docker's statuses: no image 125, not executable 126, not found 127, a signal 128 and its number" {
    local runtime
    for runtime in "${RUNTIMES[@]}"; do
        try_run "$runtime" busy:1 nosuch </dev/null
        assert_status 127
        assert_has "$stderr" 'exec: "nosuch": executable file not found in $PATH'
        try_run "$runtime" busy:1 /etc/passwd </dev/null
        assert_status 126
        assert_has "$stderr" 'exec: "/etc/passwd": permission denied'
        try_run "$runtime" busy:1 sh -c 'sh -c "kill -9 \$\$"; exit $?' </dev/null
        assert_status 137
    done
    refused "neither beside cais nor in PATH" -- run --runtime nosuch busy:1 true
    refused "nothing:1" -- run --pull never nothing:1 true
    refused "no user" -- run -u nosuch busy:1 true
    assert_gone
}

@test "images in place: an archive, a tar, a directory" {
    cais save -o "$T/image.tar" busy:1
    cp -a "$(template_rootfs)" "$T/tree"
    local place
    for place in "$T/image.tar" "rootfs:$T/busybox.tar" "dir:$T/tree"; do
        good run --network host --rm "$place" sh -c 'echo x >/root/x; ls /root'
        assert_equal "$output" x
    done
    [ ! -e "$T/tree/root/x" ] || fail "the directory was written to"
    assert_gone
}

@test "a signal to cais reaches the container, which outlives a killed cais" {
    "$CAIS" --root "$T/store" --run-root "$T/run" run --network host --rm busy:1 sh -c 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.1; done' >"$T/out" 2>&1 3>&- &
    local pid=$!
    wait_for 10 grep -q ready "$T/out"
    kill -TERM $pid
    local rc=0
    wait $pid || rc=$?
    assert_equal "$rc" 3
    assert_has "$(cat "$T/out")" caught
    assert_gone
    "$CAIS" --root "$T/store" --run-root "$T/run" run --network host --rm busy:1 sh -c 'echo ready; sleep 100' >"$T/out2" 2>&1 3>&- &
    pid=$!
    wait_for 10 grep -q ready "$T/out2"
    kill -KILL $pid
    wait $pid || true
    good ps -q
    good rm -f "$output"
    assert_gone
    assert_nothing_left
}
