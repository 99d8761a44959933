# SPDX-License-Identifier: Apache-2.0
# SIGKILL at random points of load, import, tag, rmi and prune, two commands at a time on one store: afterwards verify
# is content, prune leaves nothing, and the images are the same. ESTIVA_FULL=1: 500 kills, else 60.

load image

setup() { image_setup; }

@test "a store outlives its commands" {
    $LAYERS image "$T/one" gzip
    $LAYERS image "$T/two" none
    busybox_image
    cais save -o "$T/three.tar" busy:1
    cais rmi busy:1 >/dev/null
    local kills=60
    [ "${ESTIVA_FULL:-0}" != 1 ] || kills=500
    run "$PYTHON" "$HERE/image_kill.py" "$CAIS" "$T/store" "$T/run" "$kills" "$T/one" "$T/two" "$T/three.tar"
    echo "$output" >&2
    assert_status 0
    assert_has "$output" ": 0 damaged" "killed"
}
