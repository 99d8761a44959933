# SPDX-License-Identifier: Apache-2.0
# The session keyring: a new one for each container, or the caller's with --no-new-keyring.

load helpers

@test "a container has a session keyring of its own" {
    args testinit keyring
    ctr_run
    assert_status 0
    local first
    first=$(sed -n 's/^session: //p' <<<"$output")
    assert_match "$first" '^[0-9]+$'
    assert_has "$output" "$CTR"
    ctr_run
    [ "$(sed -n 's/^session: //p' <<<"$output")" != "$first" ] || fail "the same keyring twice"
    assert_lacks "$output" "$("$PROGRAMS/testinit" keyring | sed -n 's/^session: //p')"
}

@test "--no-new-keyring keeps the caller's" {
    args testinit keyring
    ctr_run --no-new-keyring
    assert_status 0
    assert_equal "$(sed -n 's/^session: //p' <<<"$output")" \
        "$("$PROGRAMS/testinit" keyring | sed -n 's/^session: //p')"
}

@test "the program owns the new keyring" {
    config '.process.user = {"uid": 1000, "gid": 1000}'
    args testinit keyring
    ctr_run
    assert_match "$output" 'session: [0-9]+'
}
