#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of cais: from run to rm, with docker's words and exit statuses.

load image

setup() {
    image_setup
    at_end remove_all
    busybox_image
}

ready_twice() { [ "$(grep -c ready "$T/store/containers/$CID/log")" = 2 ]; }
condition() { cais inspect "$CID" | jq -r .[0].State.Status; }
is_condition() { [ "$(condition)" = "$1" ]; }

@test "run: output, errors and exit status are the program's" {
    try run --network host busy:1 sh -c 'echo out; echo err >&2; exit 3'
    assert_status 3
    assert_equal "$output" out
    assert_equal "$stderr" err
    try run --network host --pid host busy:1 sh -c 'kill -9 $$'
    assert_status 137
    try run --network host --rm busy:1 /no/such/program
    assert_status 127
    assert_has "$stderr" /no/such/program
    try run --network host --rm busy:1 /etc/passwd
    assert_status 126
    refused "no-such" -- run --pull never no-such true
    assert_equal "$(cais ps -aq | wc -l)" 2
}

@test "run -i: standard input up to its end; options behind the image are the program's" {
    status=0
    output=$(printf 'one\ntwo\n' | cais run --network host -i --rm busy:1 grep -v one) || status=$?
    assert_status 0
    assert_equal "$output" two
    try run --network host --rm busy:1 echo -d --name x
    assert_equal "$output" "-d --name x"
    try run --network host --rm -t -i busy:1 true
    assert_status 125
    assert_has "$stderr" "the input device is not a TTY"
}

@test "the name of the host, its files, variables, user, directory" {
    try run --network host --rm --name here -e A=1 -e B=x=y -w /tmp -u ship busy:1 sh -c 'hostname; cat /etc/hostname; echo $A $B $HOME; pwd; id -u'
    assert_status 0
    local host=${lines[0]}
    assert_match "$host" '^[0-9a-f]{12}$'
    assert_equal "${lines[*]:1}" "$host 1 x=y /home /tmp 1000"
    try run --network host --rm --hostname ship1 --entrypoint /bin/echo --add-host pier:10.0.0.9 busy:1 hello
    assert_equal "$output" hello
    try run --network host --rm --add-host pier:10.0.0.9 busy:1 grep pier /etc/hosts
    assert_equal "$output" $'10.0.0.9\tpier'
}

@test "ps: header, columns, json, filters; names and prefixes; near names" {
    good ps
    assert_match "$output" '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$'
    detached --name first busy:1 sleep 100
    good create --network host busy:1 echo a long command line
    good ps
    assert_equal "${#lines[@]}" 2
    assert_match "${lines[1]}" "^${CID:0:12} +busy:1 +\"sleep 100\" +.* ago +Up .* +first$"
    good ps -a
    assert_equal "${#lines[@]}" 3
    assert_match "${lines[1]}" '"echo a long command…" +.* ago +Created +[a-z]+_[a-z]+[0-9]*$'
    good ps -a --format json --filter name=first
    assert_equal "$(jq -r .State <<<"$output")" running
    good ps -aq --filter status=created
    assert_equal "${#lines[@]}" 1
    good inspect "${CID:0:6}"
    assert_equal "$(jq -r '.[0].Name' <<<"$output")" /first
    refused "No such container: firts" "did you mean first?" -- logs firts
    refused "already in use" -- run --name first busy:1 true
}

@test "ps --filter: one of several values of a name, each label, each name" {
    detached --name first --label x=1 --label y=2 busy:1 sleep 100
    good create --network host --name second --label x=1 busy:1 true
    names() { cais ps -a --format json "$@" | jq -r .Names | sort | tr '\n' ' '; }
    assert_equal "$(names --filter status=running --filter status=created)" "first second "
    assert_equal "$(names --filter name=first --filter id="$CID" --filter name=second)" "first "
    assert_equal "$(names --filter label=x=1 --filter label=y)" "first "
    assert_equal "$(names --filter restart-policy=no --filter label=x)" "first second "
    assert_equal "$(names --filter restart-policy=always)" ""
    refused 'filter "status=up"' "running" -- ps --filter status=up
    refused 'filter "colour"' "restart-policy" -- ps --filter colour=red
}

@test "ps --size and df: what containers wrote, and with their images" {
    detached --name one busy:1 sh -c 'mkdir -p /a/b && echo hello world >/a/b/c && ln /a/b/c /a/d && echo ready && exec sleep 100'
    wait_for 10 grep -q ready "$T/store/containers/$CID/log"
    local image
    image=$(cais images --format json | jq .Size)
    good ps --size
    assert_match "${lines[0]}" ' NAMES +SIZE$'
    assert_match "${lines[1]}" " one +12B \\(virtual $(awk -v bytes="$image" 'BEGIN { printf "%.3gMB", (bytes + 12) / 1e6 }')\\)\$"
    assert_equal "$(cais ps -s --format json | jq -r .Size)" "$(sed 's/.* one  *//' <<<"${lines[1]}")"
    assert_equal "$(cais ps --format json | jq -r .Size)" 0B
    assert_equal "$(cais ps -sq)" "${CID:0:12}"
    good snap one
    assert_match "$(cais ps -s --format json | jq -r .Size)" '^12B '
    assert_match "$(cais df)" $'\nContainers +1 .*\nStopped containers +0 +0 B'
    good stop -t 0 one
    assert_match "$(cais df)" $'\nContainers +1 .*\nStopped containers +1 '
    assert_equal "$(cais df --format json | jq '.Containers == .["Stopped containers"] and .Containers > 12')" true
}

disk_waits() { # ARGUMENT...
    strace -f -qq -o "$T/calls" -e trace=fsync,fdatasync,syncfs,sync \
        "$CAIS" --root "$T/store" --run-root "$T/run" "$@" >/dev/null 3>&-
    grep -c sync "$T/calls" || true
}

@test "a run of an image that is here waits for no disk" {
    requires strace
    good run --rm --network none busy:1 true
    assert_equal "$(disk_waits run --rm --network none busy:1 true)" 0
    [ "$(disk_waits import "$T/busybox.tar" busy:2)" -gt 0 ] || fail "an import is not written to disk"
}

@test "start, stop, restart: a stopped one comes back with its files" {
    detached busy:1 sh -c 'echo x >>/kept; trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
    wait_for 10 grep -q ready "$T/store/containers/$CID/log"
    good stop "${CID:0:12}"
    assert_equal "$output" "${CID:0:12}"
    good ps -a
    assert_has "$output" "Exited (5)"
    good start "$CID"
    is_condition running || fail "$(condition)"
    wait_for 10 ready_twice
    assert_equal "$(cat "$T/store/containers/$CID/bundle/rootfs/kept")" $'x\nx'
    good kill -s TERM "$CID"
    good wait "$CID"
    assert_equal "$output" 5
    good rm "$CID"
    try start "$CID"
    assert_status 1
    assert_has "$stderr" "No such container"
}

@test "stop does not wait for a program that ignores the signal" {
    detached busy:1 sh -c 'sleep 100; true'
    local before=$SECONDS
    good stop "$CID"
    [ $((SECONDS - before)) -lt 8 ] || fail "stop took $((SECONDS - before)) s"
    assert_has "$stderr" "ignores signal 15"
    assert_has "$(cais ps -a)" "Exited (137)"
}

@test "rm: a running one only by force; --rm leaves nothing" {
    detached busy:1 sleep 100
    try rm "$CID"
    assert_status 1
    assert_has "$stderr" "You cannot remove a running container"
    good rm -f "$CID"
    good run --network host --rm busy:1 true
    assert_equal "$(cais ps -aq)" ""
    good rm -f no-such
}

@test "--timeline: where the time went, as text, trace and picture" {
    local step
    try run --network none --rm --timeline --timeline-file "$T/t.json" busy:1 echo hello
    assert_status 0
    assert_equal "$output" hello
    for step in image "bundle of the image" "mounts of the root file system" "shim, and create by the runtime" \
        "start by the runtime" "until the first output" "the program, and what follows its end"; do
        assert_match "$stderr" "(^|"$'\n'")$step +[0-9]+\.[0-9]{2} +[0-9]+\.[0-9]{2}"
        jq -e --arg s "$step" '.traceEvents | any(.name == $s and .ph == "X" and .ts >= 0 and .dur >= 0)' "$T/t.json" >/dev/null ||
            fail "$step: $(cat "$T/t.json")"
    done
    good run --network none --rm --timeline-file "$T/t.svg" busy:1 true
    assert_equal "$stderr" ""
    "$PYTHON" -c 'import sys, xml.etree.ElementTree as e; assert len(e.parse(sys.argv[1]).getroot()) > 12' "$T/t.svg"
    refused no/such/dir -- run --timeline-file no/such/dir/t busy:1 true
    assert_equal "$(cais ps -aq)" ""
}

@test "many at once: each comes and goes, none takes another for half-made" {
    local i pids=()
    for ((i = 0; i < 24; i++)); do
        { cais run --network none --rm busy:1 echo "$i" >"$T/said.$i" 2>&1 || echo "status $?" >>"$T/said.$i"; } &
        pids+=($!)
    done
    wait "${pids[@]}"
    for ((i = 0; i < 24; i++)); do assert_equal "$(cat "$T/said.$i")" "$i"; done
    assert_equal "$(cais ps -aq)" ""
}

is_up() { cais ps -q --filter "name=$1" | grep -q .; }

# It would keep the file system from being taken down, and pay for that at its end.
@test "run: who waits for a container keeps nothing of it in use" {
    "$CAIS" --root "$T/store" --run-root "$T/run" run --rm --network none --name held busy:1 sleep 60 3>&- &
    local client=$!
    wait_for 10 is_up held
    assert_equal "$(find "/proc/$client/fd" -lname "$T/store/containers/*")" ""
    good kill held
    wait "$client" || true
    assert_equal "$(cais ps -aq)" ""
    wait_for 10 no_container_dirs
    ! grep "$T/store" /proc/self/mountinfo
}

@test "logs: all, the last lines, with times, followed to the end" {
    detached busy:1 sh -c 'echo one; echo two >&2; sleep 0.3; echo three; sleep 1; echo four'
    run --separate-stderr timeout 30 "$CAIS" --root "$T/store" --run-root "$T/run" logs -f "$CID" 3>&-
    assert_equal "$output" $'one\nthree\nfour'
    assert_equal "$stderr" two
    good logs -n 1 "$CID"
    assert_equal "$output" four
    good logs -t --tail 2 "$CID"
    assert_match "${lines[0]}" '^20[0-9]{2}-.*Z three$'
    good logs --since 1h "$CID"
    assert_has "$output" one
}

@test "logs --follow leaves nothing out where the log was rotated twice meanwhile" {
    detached --log-opt max-size=1m --log-opt max-file=4 busy:1 sleep 100
    local log="$T/store/containers/$CID/log" follower
    line() { echo "2026-01-31T23:59:59.000000000Z stdout F $1"; }
    line one >>"$log"
    cais logs -f "$CID" >"$T/followed" 3>&- &
    follower=$!
    at_end "kill $follower 2>/dev/null || true"
    wait_for 10 grep -q one "$T/followed"
    follower=$(pgrep -n -f "$CAIS .* logs -f $CID")
    kill -STOP "$follower"
    line two >>"$log"
    mv "$log" "$log.2"
    line three >"$log.1"
    line four >"$log"
    kill -CONT "$follower"
    wait_for 10 grep -q four "$T/followed"
    assert_equal "$(<"$T/followed")" $'one\ntwo\nthree\nfour'
}

@test "a record that a power failure left empty: the others are there, and rm -f removes it" {
    detached --name one busy:1 sleep 100
    good create --network host --name two busy:1 true
    local id=$output
    : >"$T/store/containers/$id/container.json"
    good ps -a
    assert_equal "${#lines[@]}" 2
    assert_has "$output" " one"
    assert_has "$stderr" "container ${id:0:12}" "container.json" "rm -f"
    good exec one true
    good rm -f "$id"
    [ ! -e "$T/store/containers/$id" ] || fail "it is there"
    good ps -a
    assert_equal "$stderr" ""
}

@test "exec, by another runtime: output, input, status, user, in the background" {
    requires runc
    detached --runtime runc busy:1 sleep 100
    try exec "$CID" sh -c 'echo out; echo err >&2; exit 4'
    assert_status 4
    assert_equal "$output $stderr" "out err"
    assert_equal "$(echo typed | cais exec -i "$CID" cat)" typed
    good exec -u ship -w /tmp -e A=b "$CID" sh -c 'id -u; pwd; echo $A'
    assert_equal "$output" $'1000\n/tmp\nb'
    try exec "$CID" /no/such
    assert_status 127
    good exec -d "$CID" sh -c 'echo done >/mark'
    wait_for 5 cais exec "$CID" test -s /mark
    good stop "$CID"
    refused "is not running" -- exec "$CID" true
}

@test "limits, capabilities, volumes reach the container" {
    mkdir "$T/share"
    echo given >"$T/share/file"
    try run --network host --rm -v "$T/share:/share:ro" -v kept:/kept --tmpfs /scratch --cap-drop all --cap-add chown --ulimit nofile=99 \
        --read-only --memory 64m busy:1 sh -c \
        'cat /share/file; touch /share/x /x 2>&1 | wc -l; echo v >/kept/v; touch /scratch/y && grep CapEff /proc/self/status; ulimit -n'
    assert_equal "${lines[*]}" "given 2 CapEff:	0000000000000001 99"
    good run --network host --rm -v kept:/k busy:1 cat /k/v
    assert_equal "$output" v
    refused "is no capability" "NET_ADMIN" -- run --cap-add NET_ADMIM busy:1 true
    refused "--volume" "absolute path" -- run -v /a:b busy:1 true
    refused "--network" "bridge, host, none" -- run --network bridge7 busy:1 true
    assert_equal "$(cais ps -aq)" ""
    try run --rm --network none busy:1 ls /sys/class/net
    assert_equal "$output" lo
}

@test "commit keeps what run was told, of a running container and a stopped one; diff lists what was changed" {
    detached -e SHIP=here -w /tmp -u ship --expose 80 --label a=b busy:1 sh -c 'echo one >file; echo ready; while :; do sleep 0.05; done'
    wait_for 10 grep -q ready "$T/store/containers/$CID/log"
    good diff "$CID"
    assert_equal "$output" $'C /tmp\nA /tmp/file'
    good commit -a Ann -m "a step" -c 'ENV MORE=x' "$CID" kept:1
    is_condition running || fail "$(condition) after commit"
    good stop "$CID"
    good commit "$CID" kept:2
    good inspect kept:1
    assert_equal "$(jq -c '.[0].Config | [.User, .WorkingDir, .Cmd[0], .ExposedPorts, .Labels]' <<<"$output")" \
        '["ship","/tmp","sh",{"80/tcp":{}},{"a":"b"}]'
    good run --network host --rm kept:1 sh -c 'cat file; echo $SHIP $MORE; id -u'
    assert_equal "$output" $'one\nhere x\n1000'
    good diff kept:2
    assert_equal "$output" $'C /tmp\nA /tmp/file'
    refused "No such container: nobody" -- commit nobody kept:3
}

@test "pause and unpause, rename, top, update" {
    detached --name one busy:1 sleep 100
    good pause one
    assert_has "$(cais ps)" "(Paused)"
    refused "is paused" -- exec one true
    good unpause one
    good rename one two
    good top two
    assert_has "$output" "sleep 100"
    good update --memory 32m --pids-limit 50 two
    assert_equal "$(cais inspect two | jq .[0].HostConfig.Memory)" 33554432
}

@test "run --init: a process 1 of ours passes signals on, buries orphans, has the program's status" {
    try run --network host --init --rm busy:1 sh -c 'cat /proc/1/comm; echo $$; exit 5'
    assert_status 5
    assert_equal "${lines[0]}" docker-init
    [ "${lines[1]}" != 1 ] || fail "the program is process 1"
    # Without it a shell that has no handler for a signal is not ended by it.
    detached --name one --init busy:1 sleep 100
    good stop -t 20 one
    assert_equal "$(cais inspect one | jq -c '.[0] | [.State.ExitCode, .HostConfig.Init]')" "[143,true]"
    detached --name two --init busy:1 sh -c 'for i in 1 2 3; do (sleep 0.1 & ) ; done; trap "exit 9" USR1; echo ready; while :; do sleep 0.1; done'
    wait_for 5 said_ready two
    wait_for 5 no_zombies two
    good kill -s USR1 two
    wait_for 5 ended_with two 9
    assert_lacks "$(cais diff two)" docker-init
    try run --network host --init --rm busy:1 /no/such
    assert_status 127
    assert_has "$stderr" 'docker-init: "/no/such"' "No such file"
    try run --network host --init --rm busy:1 /etc/passwd
    assert_status 126
    try run --network host --init --rm busy:1 sh -c 'echo x >/sbin/docker-init'
    assert_has "$stderr" "Read-only file system"
    good run --network host --init --pid host --rm busy:1 sh -c 'ls /sbin/docker-init 2>&1 || true'
    assert_has "$output" "No such file"
}

said_ready() { cais logs "$1" | grep -q ready; }
no_zombies() { [ "$(cais exec "$1" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l')" = 0 ]; }
ended_with() { [ "$(cais inspect "$1" | jq -r '.[0].State | "\(.Status) \(.ExitCode)"')" = "exited $2" ]; }
