# SPDX-License-Identifier: Apache-2.0
# Every command on a container in every state: what works, what is refused in which words, and that a refused command
# changes nothing.

load helpers

STATES="created running paused stopped unknown half"

# A container in that state.
make() { # STATE
    case $1 in
    unknown) return ;;
    half)
        mkdir -p "$STATE/$CTR"
        return
        ;;
    esac
    args sleep 100
    ctr_create
    [ "$1" != created ] || return 0
    ctr_start
    [ "$1" != paused ] || must rt pause "$CTR"
    [ "$1" != stopped ] || { must rt kill "$CTR" KILL && wait_status stopped; }
}

remains() { # STATE: it is as it was made
    case $1 in
    unknown) [ ! -e "$STATE/$CTR" ] ;;
    half) [ -z "$(ls -A "$STATE/$CTR")" ] ;;
    *) status_is "$1" ;;
    esac || fail "the state $1 has changed"
}

# in_states COMMAND-WORD... -- RESULT...: for each of STATES what comes out, "ok" or a part of the error
in_states() {
    local words=() state
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    for state in $STATES; do
        make "$state"
        capture "${words[@]}"
        echo "# $state: ${words[*]}: $status $stderr"
        if [ "$1" = ok ]; then
            assert_status 0
        else
            assert_status 1
            assert_has "$stderr" "$1"
            assert_lacks "${stderr,,}" "no such file" "not permitted" "permission denied"
            remains "$state"
        fi
        must rt delete --force "$CTR"
        assert_nothing_left
        shift
    done
}

setup() {
    common_setup
    only_estiva "the words of its errors"
    STRANGE="does not exist"
}

@test "state" { in_states state "$CTR" -- ok ok ok ok "$STRANGE" "half made"; }

@test "start" {
    in_states start "$CTR" -- ok "in the running state" "in the paused state" "in the stopped state" "$STRANGE" "half made"
}

@test "kill" { in_states kill "$CTR" KILL -- ok ok ok "not running" "$STRANGE" "half made"; }

@test "kill --all" { in_states kill --all "$CTR" 9 -- ok ok ok ok "$STRANGE" "half made"; }

@test "delete" {
    in_states delete "$CTR" -- ok "not stopped: running" "not stopped: paused" ok "$STRANGE" "half made"
}

@test "delete --force" { in_states delete --force "$CTR" -- ok ok ok ok ok ok; }

@test "pause" {
    in_states pause "$CTR" -- "in the created state" ok "in the paused state" "in the stopped state" "$STRANGE" "half made"
}

@test "resume" {
    in_states resume "$CTR" -- "in the created state" "in the running state" ok "in the stopped state" "$STRANGE" "half made"
}

@test "ps" { in_states ps "$CTR" -- ok ok ok ok "$STRANGE" "half made"; }

@test "update" {
    requires v1_pids
    in_states update --pids-limit 9 "$CTR" -- ok ok ok "not running" "$STRANGE" "half made"
}

@test "events --stats" { in_states events --stats "$CTR" -- ok ok ok "not running" "$STRANGE" "half made"; }

@test "mounts add" {
    in_states mounts add "$CTR" '{"destination": "/t", "type": "tmpfs", "source": "t"}' -- \
        ok ok ok "not running" "$STRANGE" "half made"
}

@test "mounts remove" {
    in_states mounts remove "$CTR" '{"destination": "/proc"}' -- ok ok ok "not running" "$STRANGE" "half made"
}

@test "create and run with an id that is taken" {
    STATES="created running paused stopped half"
    in_states create --bundle "$BUNDLE" "$CTR" -- exists exists exists exists exists
    in_states run --bundle "$BUNDLE" "$CTR" -- exists exists exists exists exists
}
