# SPDX-License-Identifier: Apache-2.0
# The runtime on a terminal of the tests' own.

# rt_on_terminal STEPS COMMAND...: follows the steps of terminal.py; sets status, output, stderr.
rt_on_terminal() {
    run --separate-stderr timeout -k 5 60 "$PYTHON" "$HERE/terminal.py" drive "$1" \
        "${VIEW[@]}" "${WITHOUT[@]}" "$RUNTIME" --root "$STATE" "${@:2}" 3>&-
    output=${output//$'\r'/}
}
