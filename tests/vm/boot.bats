# SPDX-License-Identifier: Apache-2.0
# Containers of cais after the machine was reset under them: before-boot has made them.
# Guests: boot

load vm

setup() {
    [ -n "${GUEST-}" ] || skip_because "runs in a guest of the VM lab: tests/vm/run"
    command -v cais >/dev/null || skip_because "no cais here: before-boot has not run (tests/vm/run --guest boot does it), or make has built none"
}

unit_is_done() { systemctl is-active --quiet cais-restart.service; }
error_of() { cais inspect "$1" | jq -r '.[0].State.Error'; }
status_of() { cais inspect "$1" | jq -r '.[0].State.Status'; }

@test "the unit starts at the boot what has a policy for it, and nothing else" {
    wait_for 10 unit_is_done
    assert_equal "$(cais ps --format json | jq -r .Names | sort | xargs)" "always unless"
    assert_equal "$(cais logs always)" $'started\nstarted'
    assert_equal "$(cais exec always busybox cat /kept)" "in the first boot"
}

@test "what ran without a policy has exited: host restarted; with --rm it is gone" {
    wait_for 10 unit_is_done
    assert_has "$(cais ps -a)" "Exited (255)"
    assert_equal "$(status_of none) $(error_of none)" "exited host restarted"
    assert_equal "$(cais ps -a --format json | jq -r .Names | sort | xargs)" "always none stopped unless"
}

@test "what was stopped stays so, and can be started" {
    wait_for 10 unit_is_done
    assert_equal "$(status_of stopped) $(error_of stopped)" "exited "
    cais start stopped none
    assert_equal "$(status_of stopped) $(status_of none)" "running running"
    assert_equal "$(cais exec none busybox cat /kept)" "in the first boot"
    cais rm -f always unless stopped none
    assert_equal "$(cais ps -a --format json)" ""
}
