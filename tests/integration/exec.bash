# SPDX-License-Identifier: Apache-2.0
# Common ground of the tests of exec: a container to enter and the ways to call it.

# With what the configuration says by then.
entered() {
    args sleep 1000
    ctr_running
}

ex() { capture exec "$@"; }

# exec [OPTION...] ID PROGRAM...; it ends with status 0.
ex_ok() {
    ex "$@"
    assert_status 0
}

# It never ran: the error is in stderr, in small letters.
ex_fails() {
    ex "$@"
    [ "$status" -ne 0 ] || fail "exec $* succeeded"
    [ "$KIND" = crun ] || assert_status 255
    assert_equal "$output" ""
    stderr=${stderr,,}
}
