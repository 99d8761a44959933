#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais-shim by itself: a bundle, its file and a client of its socket. RUNTIME may be another runtime.

load helpers

SHIM=${SHIM:-$BUILD/cais-shim}
CLIENT="$PYTHON $HERE/shim.py"

setup() {
    [ -x "$SHIM" ] || skip_because "there is no $SHIM: run make (not with ./configure --without-cais)"
    common_setup
    requires python
    RUN=$T/run
    mkdir "$RUN"
    printf '#!/bin/sh\necho "$@" >%s/after\n' "$T" >"$T/after-exit"
    chmod 755 "$T/after-exit"
    at_end shim_ends
}

# The shim goes with its container.
shim_ends() {
    rt delete --force "$CTR" 2>/dev/null || true
    wait_for 10 shim_gone
}
shim_gone() { ! pgrep -f "^$SHIM $RUN\$" >/dev/null; }

conf() { # LINE...
    printf '%s\n' version=1 "id=$CTR" "runtime=$(realpath "$(command -v "$RUNTIME")")" runtime=--root "runtime=$STATE" \
        "bundle=$BUNDLE" "log=$T/log" "after-exit=$T/after-exit" after-exit=cleaned "$@" >"$RUN/shim.conf"
}

# Starts the shim; sets report.
shim() { # LINE...
    conf "$@"
    report=$(timeout 20 "$SHIM" "$RUN" </dev/null 2>"$T/shim.err" 3>&-) || true
}

created() {
    shim "$@"
    assert_match "$report" '^pid=[1-9]'
}

client() { # STEP...
    run --separate-stderr timeout 90 $CLIENT "$RUN/shim.sock" "$@" 3>&-
    assert_status 0
}

terminal() {
    config '.process.terminal = true'
    script "$1"
}

messages() { sed 's/^[^ ]* //' "$T/log"; }
value() { sed -n "s/^$1=//p" "$RUN/exit"; }

@test "pipes: both streams, the log, the exit record, the command after it" {
    script 'echo out; echo err >&2; printf part; exit 3'
    created
    client hello start exit end print
    assert_equal "$output" "welcome 1 phase 1 terminal 0 replay 0
started
exit 3 0 0
output b'out\\npart' errors b'err\\n' lost 0"
    assert_equal "$(messages | sort)" $'stderr F err\nstdout F out\nstdout P part'
    assert_match "$(head -1 "$T/log")" '^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z std'
    assert_equal "$(value code) $(value signal) $(value oom) $(value reason)" "3 0 no "
    [ "$(value finished-ns)" -gt "$(value started-ns)" ] || fail "$(cat "$RUN/exit")"
    assert_equal "$(cat "$T/after")" cleaned
}

@test "input reaches the program and ends with that of the first client that had some" {
    script 'cat; echo the end'
    created input=once
    client hello start send:'one\n' expect:'one\n' drop
    wait_for 10 test -s "$T/after"
    assert_equal "$(value code) $(messages | tail -1)" "0 stdout F the end"
}

@test "a client that detaches leaves the input open" {
    script 'cat; echo the end'
    created input=once
    client hello start send:'one\n' expect:'one\n' detach
    client hello send:'two\n' expect:'two\n' eof exit
    assert_has "$output" "exit 0 0 0"
}

@test "a terminal has its size before the program runs, and others later" {
    terminal 'stty size; read a; stty size'
    created terminal=yes rows=33 columns=77
    client hello start expect:'33 77' size:44x88 send:'\r' expect:'44 88' exit
    assert_has "$output" "exit 0"
}

@test "a terminal may be closed by all its users and opened again" {
    terminal 'exec 0<&- 1>&- 2>&-; sleep 0.5; exec 0<>/dev/console 1>&0 2>&0; echo back; read line; echo "got $line"'
    created terminal=yes
    client hello start expect:back send:'x\r' expect:'got x' exit
    assert_has "$output" "exit 0"
}

@test "who comes later sees what the terminal shows since it was cleared, all see what follows" {
    terminal 'echo old; printf "\033[H\033[2J"; echo new; read a; echo "got $a"; read b'
    created terminal=yes
    client hello start expect:new detach
    (timeout 90 $CLIENT "$RUN/shim.sock" hello expect:'got x' exit print >"$T/other" 3>&-) &
    local other=$!
    wait_for 20 grep -q welcome "$T/other"
    client hello:40x100 expect:new send:'x\r' expect:'got x' send:'\r' exit print
    assert_lacks "$output" old
    wait "$other" || fail "the other client: $(cat "$T/other")"
    assert_has "$(cat "$T/other")" "exit 0 0 0"
}

@test "a signal, and the end by one" {
    script 'trap "echo usr; exec sleep 50" USR1; echo ready; while :; do sleep 0.05; done'
    created
    client hello start expect:ready signal:10 expect:usr signal:9 exit
    assert_has "$output" "exit 137 9 0"
    assert_equal "$(value code) $(value signal)" "137 9"
}

@test "a client that does not read stops nobody for longer than its patience" {
    script 'head -c 1500000 /dev/zero | tr "\0" x; echo; echo done >&2; read a'
    created input=once
    (timeout 90 $CLIENT "$RUN/shim.sock" patience:300 hello until:"$T/done" expect:xxxx exit print >"$T/slow" 3>&-) &
    local slow=$!
    wait_for 20 grep -q welcome "$T/slow"
    client hello start errors:done touch:"$T/done" send:'\n' exit print
    assert_has "$output" "exit 0 0 0" "lost 0"
    wait "$slow" || fail "the slow client: $(tail -c 300 "$T/slow")"
    assert_match "$(tail -c 100 "$T/slow")" 'lost [1-9]'
}

@test "the log is rotated" {
    script 'i=0; while [ $i -lt 300 ]; do echo "line $i of the log"; i=$((i+1)); done'
    created log-max-size=4096 log-max-files=3
    client hello start exit end
    assert_equal "$(find "$T" -maxdepth 1 -name 'log*' -printf '%f\n' | sort | tr '\n' ' ')" "log log.1 log.2 "
    assert_equal "$(tail -qn1 "$T/log" | cut -d' ' -f4-)" "line 299 of the log"
    for file in "$T"/log*; do [ "$(stat -c %s "$file")" -le 4096 ] || fail "$file is too large"; done
    assert_equal "$(cat "$T"/log.2 "$T"/log.1 "$T"/log | cut -d' ' -f5 | sort -n | uniq -d)" ""
}

@test "what the runtime refuses is reported, and nothing stays" {
    config '.process.args = ["/no/such/program"]'
    shim
    assert_match "$report" '^pid=0'
    assert_has "$report" error= /no/such/program
    wait_for 5 shim_gone
    assert_nothing_left
}

@test "bad files are refused by line" {
    shim "rows=many"
    assert_has "$report" "shim.conf" "rows" "many"
    shim "colour=red"
    assert_has "$report" "unknown key" "colour"
    shim held=9:0
    assert_has "$report" "shim.conf" "no descriptor"
    rm "$RUN/shim.conf"
    assert_has "$(timeout 20 "$SHIM" "$RUN")" "error=" "shim.conf"
}

@test "a container that is not started goes with its only client" {
    script 'echo never'
    created
    client hello drop
    wait_for 10 shim_gone
    assert_nothing_left
    assert_equal "$(cat "$T/log")" ""
}

@test "out of memory is told apart from another kill" {
    requires cgroup_v1
    script 'tail /dev/zero'
    config '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
    created
    client hello start exit
    assert_match "$output" 'exit [1-9][0-9]* [0-9]+ 1'
    assert_equal "$(value oom)" yes
}

@test "the shim of an idle container takes at most 0.4 MB" {
    terminal 'echo ready; read a'
    created terminal=yes
    client hello start expect:ready detach
    pss() { awk '/^Pss:/ { print $2 }' "/proc/$(pgrep -f "^$SHIM $RUN\$")/smaps_rollup"; }
    small() { [ "$(pss)" -le 400 ]; }
    wait_for 5 small
    client hello send:'\r' exit
}

@test "nobody waits for the report any more: no container is made" {
    local out
    conf
    exec {out}> >(:)
    wait "$!"
    timeout 20 "$SHIM" "$RUN" </dev/null >&"$out" 2>"$T/shim.err" 3>&- || true
    exec {out}>&-
    wait_for 10 shim_gone
    [ ! -e "$RUN/pid" ] || fail "a container was made"
    assert_nothing_left
}
