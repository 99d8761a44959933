#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands of cais are killed at each of their steps, that is before every system call that changes something (without
# ESTIVA_FULL=1 at every third): the next command cleans up, and `ps -a` tells the truth.

load killing

setup() { killing_setup; }

traced() { # STRACE-OPTION... -- ARGUMENT...
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    timeout --foreground -k 5 60 "${NET[@]}" "${TRACE[@]}" -o "$T/calls" "${options[@]}" \
        "$CAIS" --root "$T/store" --run-root "$T/run" "$@" </dev/null >/dev/null 2>&1 3>&-
}

# PREPARE, the command killed, JUDGE; for each step.
at_each_step() { # PREPARE JUDGE ARGUMENT...
    local prepare=$1 judge=$2 every=3 at missed=0
    shift 2
    [ "${ESTIVA_FULL:-0}" != 1 ] || every=1
    for at in first counted; do # the first time there is more to do
        remove_containers
        $prepare
        traced -- "$@" || fail "$*: $(<"$T/calls")"
    done
    find_steps
    [ ${#STEP[@]} -gt 12 ] || every=1
    for ((at = 0; at < ${#STEP[@]}; at += every)); do
        remove_containers
        $prepare
        # What a commit of the same second has written need not be written again.
        ! traced -e "inject=${STEP[at]}" -- "$@" || missed=$((missed + 1))
        echo "step ${STEP[at]}: $(tail -n 1 "$T/calls")"
        wait_for 10 settled
        SHOWN=$(cais ps -a)
        $judge
    done
    [ $((missed * every * 5)) -lt ${#STEP[@]} ] || fail "$missed steps were not reached, of $((${#STEP[@]} / every))"
}

# No shim works at its container's end, which the command may have brought about.
settled() {
    local state init
    ! pgrep -f "$T/run _after-exit" >/dev/null || return 1
    for state in "$T"/run/containers/*/state; do
        init=$(sed -n 's/^init=//p' "$state" 2>/dev/null) || continue
        ! grep -qs phase=running "$state" || ! process_gone "$init" || return 1
    done
}

none() { :; }
some() { good run -d --name one -p 8080:80 busy:1 sleep 1000 && CID=$output; }
paused() { some && good pause one; }
runtime_says() { "$RUNTIME" --root "$T/run/runtime" state "$CID" | jq -r .status; }

# Up and with a process that goes on, or with nothing left.
is_true() {
    CID=$(cais ps -aq --no-trunc)
    [[ $SHOWN != *" Created "* ]] || remove_containers # its root file system is mounted for its first start
    [[ $SHOWN == *" Up "* ]] || { nothing_left; return; }
    [[ $SHOWN != *Paused* ]] || fail "paused for ever: $SHOWN"
    assert_equal "$(runtime_says)" running
}
goes_on() {
    [[ $SHOWN == *" Up "* && $SHOWN != *Paused* ]] || fail "it does not run: $SHOWN"
    assert_equal "$(runtime_says)" running
}
is_paused_or_goes_on() {
    [[ $SHOWN != *Paused* ]] || { assert_equal "$(runtime_says)" paused; return; }
    goes_on
}

@test "run" { at_each_step none is_true run -d --name one -p 8080:80 busy:1 sleep 1000; }
@test "rm -f" { at_each_step some is_true rm -f one; }
@test "commit: the container that it paused goes on" { at_each_step some goes_on commit one made:1; }
@test "pause" { at_each_step some is_paused_or_goes_on pause one; }
@test "unpause" { at_each_step paused is_paused_or_goes_on unpause one; }

# A container that has ended and writes a line to /log at each start; after a snapshot it has two.
ended() { good run --network none --name one busy:1 sh -c 'echo x >>/log' && CID=$(cais ps -aq --no-trunc); }
kept() { ended && good snap one a && good start -a one; }
rolled_back() { kept && good rollback one a; }
log_lines() { cais cp one:/log - | tar -xO | wc -l; }
has_snapshot() { cais snap ls --format json one | jq -r .Name | grep -qx "$1"; }

# Its directories are those that its record names, and no command has anything to do for it.
layers_are_named() {
    local bundle=$T/store/containers/$CID/bundle
    assert_equal "$(cd "$bundle/.cais" && printf '%s\n' upper* | sort)" \
        "$(jq -r '.upper, (.snapshots // [])[].files' "$bundle/.cais/bundle.json" | sort)"
    [ ! -e "$T/store/containers/$CID/unswept" ] || fail "a mark is left"
    [[ $SHOWN == *" Up "* ]] || nothing_left
}
is_whole() { layers_are_named && assert_equal "$(log_lines)" "$1"; }
snapped_or_not() { is_whole 1; }
goes_on_snapped_or_not() { goes_on && layers_are_named; }
back_or_not() {
    if has_snapshot undone-1; then is_whole 1; else is_whole 2; fi
}
undone_or_not() {
    local lines
    lines=$(log_lines)
    [ "$lines" = 1 ] || [ "$lines" = 2 ] || fail "$lines lines"
    is_whole "$lines"
}
removed_or_not() { is_whole 2; }

@test "snap" { at_each_step ended snapped_or_not snap one b; }
@test "snap of a running container: it goes on" { at_each_step some goes_on_snapped_or_not snap one b; }
@test "rollback" { at_each_step kept back_or_not rollback one a; }
@test "rollback to the image" { at_each_step kept layers_are_named rollback one image; }
@test "undo" { at_each_step rolled_back undone_or_not undo one; }
@test "snap rm" { at_each_step kept removed_or_not snap rm one a; }

@test "the init dies before start: an error, no wait for its own lock" {
    good create --name one -p 8080:80 busy:1 sleep 1000
    CID=$output
    # Between the greeting and the request to start.
    traced -e inject=sendmsg:delay_enter=3s:when=2 -- start one &
    local starter=$!
    wait_for 10 grep -qs phase=created "$T/run/containers/$CID/state"
    kill -KILL "$(state_value init)"
    ! wait "$starter" || fail "start of a dead container succeeded"
    assert_has "$(cais ps -a)" " Created "
    nothing_left
}

@test "rm -f beside a start: it has gone, whichever came first" {
    local i starter
    for i in {1..10}; do
        good create --name one busy:1 sleep 1000
        CID=$output
        cais start one >/dev/null 2>&1 &
        starter=$!
        good rm -f one
        wait "$starter" || true
        nothing_left
    done
}
