#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais why: each way in which a container ends, or does not begin.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
}

is_exited() { [ "$(cais inspect "$1" | jq -r .[0].State.Status)" = exited ]; }
told() { # NAME PART...
    good why "$1"
    shift
    assert_has "$output" "$@"
}
fact() { cais why --format json "$1" | jq -r "$2"; }

@test "why: created, running, paused, ended by itself, with the last lines of the log" {
    good create --network host --name new busy:1 true
    told new "It was created and never started"
    detached --name up busy:1 sleep 100
    told up "It runs, as process"
    good pause up
    told up "It is paused" "cais unpause"
    good unpause up
    try run --network host --name good busy:1 sh -c 'for i in $(seq 20); do echo line $i; done'
    told good "with status 0." "ended by itself, with success" "Last lines of its log:" "| line 11" "| line 20"
    assert_lacks "$output" "line 10"
    good why -n 1 good
    assert_lacks "$output" "line 19"
    try run --network host --name three busy:1 sh -c 'printf "\033[31mred\n"; exit 3'
    told three "with status 3." "the program's own documentation" 'red'
    assert_lacks "$output" $'\033'
    try run --network host --name missing busy:1 sh -c nothing-of-that-name
    told missing "with status 127." "a command that is not there" "nothing-of-that-name: not found"
    try run --network host --name locked busy:1 sh -c /etc/passwd
    told locked "with status 126." "can't be executed"
    try run --network host --name shell busy:1 sh -c 'exit 143'
    told shell "143 is 128 and 15" SIGTERM
    refused "No such container: nobody" -- why nobody
}

@test "why: signals: of cais stop and kill, of a program's own fault, of others" {
    detached --name stopped busy:1 sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
    wait_for 5 handles_term stopped
    good stop stopped
    told stopped "with status 7." "cais stop had sent it SIGTERM"
    detached --name killed busy:1 sleep 100
    good kill killed
    told killed "ended by SIGKILL (9; the status is 128 and that)" "cais kill had sent it SIGKILL"
    assert_equal "$(fact killed '"\(.ExitCode) \(.Signal) \(.Sent[0].By) \(.Sent[0].Signal) \(.OOMKilled)"')" "137 9 kill 9 false"
    detached --name shot busy:1 sleep 100
    kill -KILL "$(cais inspect shot | jq .[0].State.Pid)"
    wait_for 10 is_exited shot
    told shot "No cais command sent it"
    assert_lacks "$output" "had sent"
    try run --network host --pid host --name crashed busy:1 sh -c 'kill -SEGV $$'
    told crashed "ended by SIGSEGV (11" "memory that is not its own"
}
handles_term() { # its shell has set the trap
    local pid mask
    pid=$(cais inspect "$1" | jq .[0].State.Pid)
    mask=$(sed -n 's/^SigCgt:\s*//p' "/proc/$pid/status")
    [ $((0x$mask >> 14 & 1)) = 1 ]
}

@test "why: memory, and whose limit it was" {
    try run --network host --name eater -m 24m busy:1 tail /dev/zero
    [ "$status" = 137 ] || fail "status $status: $stderr"
    told eater "because memory was used up (OOM)" "That was its own limit"
    assert_equal "$(fact eater '"\(.OOMKilled) \(.OOMLimit)"')" "true container"
    # The same end of a container with another limit: it was not its own.
    local record
    record=$(echo "$T"/store/containers/*/container.json)
    sed -i 's/"24m"/"400m"/' "$record"
    told eater "That was not its own limit"
    sed -i 's/"400m"/""/' "$record"
    told eater "It has no limit of its own" "the host's memory"
    assert_equal "$(fact eater .OOMLimit)" other
}

@test "why: the shim killed, the host restarted, a start that was refused, a restart policy" {
    detached --name lost busy:1 sleep 100
    local shim
    shim=$(sed -n 's/^shim=//p' "$T"/run/containers/*/state)
    kill -KILL "$shim"
    wait_for 5 process_gone "$shim"
    told lost "Its cais-shim was killed"
    good rm lost
    detached --name booted busy:1 sleep 100
    local state init
    state=$(echo "$T"/run/containers/*/state)
    cp "$state" "$T/state"
    good stop -t 0 booted
    mkdir -p "${state%/*}"
    sed 's/^boot=.*/boot=another/' "$T/state" >"$state"
    told booted "The host was restarted while it ran"
    assert_equal "$(fact booted .Reason)" "host restarted"
    good create --network host --name never busy:1 /no/such
    try start never
    assert_status 1
    told never "The last start, " "was refused: " "/no/such" "no such file or directory"
    assert_has "$(fact never .StartError)" /no/such
    good create --network host --name again -v "$T/volume:/vol" busy:1 true
    rm -rf "$T/volume"
    try start again
    assert_status 1
    told again "was refused" "$T/volume"
    mkdir "$T/volume"
    good start again
    wait_for 10 is_exited again
    told again "with success"
    assert_lacks "$output" refused
    try run --network host --name thrice -d --restart on-failure:2 busy:1 false
    # The second time is written down before it begins.
    wait_for 20 tells thrice "Its restart policy is on-failure:2; it was restarted 2 times."
}
tells() { [[ $(cais why "$1") == *"$2"* ]]; } # CONTAINER TEXT
