# SPDX-License-Identifier: Apache-2.0
# exec with a terminal: --tty, --console-socket, --pidfd-socket.

load helpers
load terminal

setup() {
    common_setup
    requires python
    args sleep 1000
    ctr_running
}

# on_terminal STEPS EXEC-ARGUMENT...: exec on a terminal that follows the steps of terminal.py
on_terminal() { rt_on_terminal "$1" exec "${@:2}"; }

start_receiver() { # its output is in $T/console
    timeout 60 "$PYTHON" "$HERE/terminal.py" receive "$T/sock" "$T/console" </dev/null 3>&- >"$T/receiver" 2>&1 &
    at_end "kill $! 2>/dev/null || true"
    wait_for 5 test -S "$T/sock"
}

@test "--tty: a shell with a prompt, a size, its status; the caller's terminal is restored" {
    on_terminal 'size 33 99
        expect PROMPT> 
        mode
        send stty size\n
        expect 33 99
        expect PROMPT> 
        size 44 111
        sleep 0.3
        send stty size\n
        expect 44 111
        expect PROMPT> 
        send exit 7\n' --tty -e 'PS1=PROMPT> ' "$CTR" sh -i
    assert_status 7
    assert_has "$output" "mode raw" "mode cooked at the end"
}

@test "--tty: the controlling terminal, a session, the foreground; owned by the user" {
    on_terminal '' -t -u 1000 "$CTR" sh -c 'testinit tty; stat -L -c %u /proc/self/fd/0; echo again >/dev/tty'
    assert_status 0
    assert_has "$output" "isatty0: 1 /dev/" "isatty1: 1" "isatty2: 1" "ctty: 0" "foreground: 1" 1000 again
}

@test "-t=false: none, whatever the document says" {
    not_on crun "--process wins"
    not_on runc "--process wins"
    jq -n '{cwd: "/", terminal: true, args: ["/bin/testinit", "tty"]}' >"$T/process.json"
    on_terminal '' -t=false --process "$T/process.json" "$CTR"
    assert_status 0
    capture exec -t=false "$CTR" testinit tty
    assert_has "$output" "isatty0: 0"
}

@test "a failing exec restores the terminal and says why" {
    on_terminal '' -t "$CTR" /no/such/program
    [ "$KIND" = crun ] || assert_status 255
    assert_has "${output,,}" "no such file or directory" "mode cooked at the end"
}

@test "--console-socket with --detach" {
    start_receiver
    must rt_detached exec --detach --tty --console-socket "$T/sock" --pid-file "$T/pid" "$CTR" testinit tty
    wait_for 5 grep -q 'foreground: 1' "$T/console"
    assert_match "$(head -n 1 "$T/console" | tr -d '\r')" '^console (/dev/pts/[0-9]+|.*ptmx) 1$'
    assert_has "$(cat "$T/console")" "isatty0: 1" "ctty: 0"
}

@test "--console-socket, as conmon gives it: with --process" {
    start_receiver
    jq -n '{cwd: "/", terminal: true, args: ["sh", "-c", "sleep 0.3; stty size"], env: ["PATH=/bin"], consoleSize: {height: 51, width: 132}}' \
        >"$T/process.json"
    must rt_detached exec --process "$T/process.json" --detach --tty --console-socket "$T/sock" "$CTR"
    not_on crun "1.8 sets the size later"
    wait_for 5 grep -q "51 132" "$T/console"
}

@test "a terminal that nobody takes, and a socket without a terminal, are errors" {
    not_on crun "1.8 takes both"
    capture exec --detach --tty "$CTR" true
    assert_status 255
    assert_has "$stderr" console
    start_receiver
    capture exec --detach --console-socket "$T/sock" "$CTR" true
    [ "$status" -ne 0 ]
    capture exec --detach --tty --console-socket "$T/missing" "$CTR" true
    assert_status 255
    [ "$KIND" != estiva ] || assert_has "$stderr" "$T/missing"
}

@test "a terminal in a user namespace" {
    requires userns
    rt delete --force "$CTR"
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    ctr_running
    on_terminal '' -t "$CTR" sh -c 'testinit tty; echo again >/dev/tty; id -u'
    assert_status 0
    assert_has "$output" "isatty0: 1" "ctty: 0" again 0
}

@test "an image without a devpts: an error that says so" {
    only_estiva "the form of a message"
    rt delete --force "$CTR"
    config 'del(.mounts[] | select(.type == "devpts"))'
    ctr_running
    capture exec --tty "$CTR" true
    assert_status 255
    assert_has "$stderr" /dev/pts
}
