# SPDX-License-Identifier: Apache-2.0
# What tests demand; a failure shows status, output and stderr as the test has them.

fail() {
    printf '%s\n' "$*" >&2
    printf -- '--- status %s\n--- stdout\n%s\n--- stderr\n%s\n' \
        "${status-}" "${output-}" "${stderr-}" >&2
    exit 1
}

assert_status() { [ "$status" -eq "$1" ] || fail "status $status instead of $1"; }

assert_equal() { # ACTUAL EXPECTED
    [ "$1" = "$2" ] || fail "got '$1' instead of '$2'"
}

assert_has() { # TEXT PART...
    local text=$1 part
    shift
    for part in "$@"; do
        [[ $text == *"$part"* ]] || fail "no '$part' in '$text'"
    done
}

assert_lacks() { # TEXT PART...
    local text=$1 part
    shift
    for part in "$@"; do
        [[ $text != *"$part"* ]] || fail "'$part' must not be in '$text'"
    done
}
