# SPDX-License-Identifier: Apache-2.0
# Terminals: a shell on a real pseudo terminal, and consoles handed over by --console-socket.

load helpers
load terminal

setup() {
    common_setup
    requires python
    config '.process.terminal = true'
}

# on_terminal STEPS: runs the container on a terminal and follows the steps of terminal.py
on_terminal() {
    rt_on_terminal "$1" run --bundle "$BUNDLE" "$CTR"
}

shell() { args sh -i; config '.process.env += ["PS1=PROMPT> "]'; }

@test "a prompt, a command, Ctrl-D, the exit status" {
    shell
    on_terminal 'expect PROMPT> 
        send echo $((40+2)) from $(hostname)\n
        expect 42 from estiva-test
        expect PROMPT> 
        send (exit 7)\n
        expect PROMPT> 
        send \x04'
    assert_status 7
    assert_has "$output" "mode cooked at the end"
    assert_nothing_left
}

@test "the program has the terminal as its controlling one" {
    args testinit tty
    on_terminal ''
    assert_status 0
    assert_has "$output" "isatty0: 1 /dev/" "isatty1: 1" "isatty2: 1" "ctty: 0" "session: 1" "foreground: 1"
}

@test "window size: the caller's at the start, its changes later" {
    shell
    on_terminal 'size 33 99
        expect PROMPT> 
        send stty size\n
        expect 33 99
        expect PROMPT> 
        size 44 111
        sleep 0.3
        send stty size\n
        expect 44 111
        expect PROMPT> 
        send exit\n'
    assert_status 0
}

@test "consoleSize of the config without the caller's size" {
    not_on crun "1.8 sets it later"
    config '.process.consoleSize = {"height": 51, "width": 132}'
    args sh -c 'sleep 0.3; stty size'
    start_receiver
    must rt_detached run -d --console-socket "$T/sock" --bundle "$BUNDLE" "$CTR"
    wait_for 5 grep -q "51 132" "$T/console"
}

@test "Ctrl-C interrupts the program, not the runtime" {
    shell
    on_terminal 'expect PROMPT> 
        send sleep 100\n
        sleep 0.4
        send \x03
        expect PROMPT> 
        send echo still $((1+1))\n
        expect still 2
        expect PROMPT> 
        send exit 3\n'
    assert_status 3
}

@test "job control: Ctrl-Z, jobs, fg" {
    shell
    on_terminal 'expect PROMPT> 
        send sleep 77\n
        sleep 0.4
        send \x1a
        expect Stopped
        expect PROMPT> 
        send jobs\n
        expect sleep 77
        expect PROMPT> 
        send fg\n
        expect sleep 77
        sleep 0.2
        send \x03
        expect PROMPT> 
        send exit\n'
    assert_has "$output" "mode cooked at the end"
    assert_nothing_left
}

@test "the caller's terminal is raw meanwhile and as before afterwards" {
    shell
    on_terminal 'expect PROMPT> 
        mode
        send exit 0\n'
    assert_status 0
    assert_has "$output" "mode raw" "mode cooked at the end"
}

@test "SIGTERM to the runtime: the container ends, the terminal is restored" {
    args sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
    on_terminal 'expect up
        mode
        signal SIGTERM'
    assert_status 9
    assert_has "$output" "mode raw" "mode cooked at the end"
    assert_nothing_left
}

@test "a program killed by a signal: the status and the terminal" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    args testinit kill 9
    on_terminal ''
    assert_status 137
    assert_has "$output" "mode cooked at the end"
}

@test "a failing run restores the terminal and says why" {
    args /no/such/program
    on_terminal ''
    [ "$status" -ne 0 ]
    assert_has "${output,,}" "no such file or directory" "mode cooked at the end"
    assert_nothing_left
}

@test "all output arrives, to the last byte" {
    args sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done; printf END'
    on_terminal ''
    assert_status 0
    assert_equal "$(grep -c '^line' <<<"$output")" 3000
    assert_has "$output" $'line 2999\nEND'
}

# As systemd does.
@test "a program that closes its terminal, and opens it again later" {
    args sh -c 'echo closed; exec </dev/null >/dev/null 2>&1; sleep 1; echo back >/dev/console; exit 5'
    on_terminal 'expect closed
        sleep 0.4
        send typed meanwhile\n
        expect back'
    assert_status 5
    assert_equal "$stderr" ""
}

@test "the terminal is the container's /dev/console, a device of its own devpts" {
    args sh -c 'stat -c %F /dev/console; ls /dev/pts; echo to-console >/dev/console; grep " /dev/console " /proc/self/mountinfo | cut -d " " -f 9'
    on_terminal ''
    assert_status 0
    assert_has "$output" "character special file" to-console devpts
}

@test "the terminal belongs to the program's user" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    args sh -c 'stat -L -c %u /proc/self/fd/0; echo again >/dev/tty; echo out >/dev/stdout'
    on_terminal ''
    assert_status 0
    assert_has "$output" 1000 again out
}

start_receiver() {
    mkfifo "$T/typed"
    exec 8<>"$T/typed"
    timeout 60 "$PYTHON" "$HERE/terminal.py" receive "$T/sock" "$T/console" <&8 3>&- >"$T/receiver" 2>&1 &
    RECEIVER=$!
    at_end "kill $RECEIVER 2>/dev/null || true"
    wait_for 5 test -S "$T/sock"
}

@test "--console-socket: one message, one descriptor, the name of the terminal" {
    shell
    start_receiver
    must rt_detached create --console-socket "$T/sock" --bundle "$BUNDLE" "$CTR"
    wait_for 5 grep -q '^console ' "$T/console"
    assert_match "$(head -n 1 "$T/console" | tr -d '\r')" '^console (/dev/pts/[0-9]+|.*ptmx) 1$'
    ctr_start
    wait_for 5 grep -q 'PROMPT>' "$T/console"
    printf 'echo $((6*7)) typed\n' >&8
    wait_for 5 grep -q '42 typed' "$T/console"
    printf 'exit\n' >&8
    wait_status stopped
}

@test "run --detach with --console-socket" {
    args testinit tty
    start_receiver
    must rt_detached run --detach --console-socket "$T/sock" --bundle "$BUNDLE" "$CTR"
    wait_status stopped
    wait_for 5 grep -q 'foreground: 1' "$T/console"
    assert_has "$(cat "$T/console")" "isatty0: 1" "ctty: 0"
}

@test "terminal and detached without --console-socket is an error" {
    args true
    assert_refused socket
    capture run --detach --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ]
    assert_nothing_left
}

@test "--console-socket without a terminal is an error" {
    not_on crun "ignores it"
    config '.process.terminal = false'
    args true
    start_receiver
    capture create --console-socket "$T/sock" --bundle "$BUNDLE" "$CTR"
    [ "$status" -ne 0 ]
    assert_nothing_left
}

@test "--console-socket that is missing, no socket, or has nobody behind is an error" {
    args true
    touch "$T/file"
    "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/dead"
    local path
    for path in "$T/missing" "$T/file" "$T/dead"; do
        capture create --console-socket "$path" --bundle "$BUNDLE" "$CTR"
        [ "$status" -ne 0 ] || fail "$path is taken"
        [ "$KIND" != estiva ] || assert_has "$stderr" "$path"
        assert_nothing_left
    done
}

@test "--console-socket with a long path" {
    not_on crun "1.8 truncates it"
    not_on runc "1.1 cannot"
    local dir
    dir=$T/$(printf "d%.0s" {1..100})
    mkdir -p "$dir"
    args testinit tty
    cd "$dir"
    timeout 60 "$PYTHON" "$HERE/terminal.py" receive sock "$T/console" </dev/null 3>&- >"$T/receiver" 2>&1 &
    at_end "kill $! 2>/dev/null || true"
    wait_for 5 test -S "$dir/sock"
    must rt_detached create --console-socket "$dir/sock" --bundle "$BUNDLE" "$CTR"
    wait_for 5 grep -q '^console ' "$T/console"
}

@test "a terminal in a user namespace" {
    config '.linux.namespaces += [{"type": "user"}] |
        .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
        .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    args sh -c 'testinit tty; echo again >/dev/tty'
    on_terminal ''
    assert_status 0
    assert_has "$output" "isatty0: 1" "ctty: 0" again
}
