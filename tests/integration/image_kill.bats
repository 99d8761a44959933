# SPDX-License-Identifier: Apache-2.0
# SIGKILL at random points of load, import, pull, commit, tag, rmi and prune, two commands at a time on one store:
# afterwards verify is content, prune leaves nothing that nobody refers to, and the digests are the same.
# ESTIVA_FULL=1: 500 kills, else 60.

load image

setup() { image_setup; }

# A registry on loopback with an image of several layers; FILE comes into being when it listens.
serve_image() { # FILE
    local servers=$SOURCE_DIR/tests/image
    "$PYTHON" "$servers/images.py" "$T/content" app 1 docker layers=4 size=400000 >/dev/null
    jq -n --arg t "$T" --arg ready "$1" '{root: ($t + "/content"), log: ($t + "/requests"), ready: $ready,
        listen: [{role: "registry", port: 5000}]}' >"$T/registry.json"
    "${NET[@]}" "$PYTHON" "$servers/server.py" "$T/registry.json" 3>&- >"$T/registry.log" 2>&1 &
    at_end kill $!
    wait_for 30 test -e "$1"
}

@test "a store outlives its commands" {
    use_own_net
    serve_image "$T/ready"
    $LAYERS image "$T/one" gzip
    $LAYERS image "$T/two" none
    busybox_image
    cais save -o "$T/three.tar" busy:1
    good --storage unpacked bundle busy:1 "$T/b"
    at_end "[ ! -e '$T/b' ] || cais unbundle '$T/b'"
    cp /bin/busybox "$T/b/rootfs/root/copy"
    rm -r "$T/b/rootfs/etc"
    cais rmi --force busy:1 >/dev/null
    local kills=60
    [ "${ESTIVA_FULL:-0}" != 1 ] || kills=500
    run in_net "$PYTHON" "$HERE/image_kill.py" "$CAIS" "$T/store" "$T/run" "$kills" localhost:5000/app:1 "$T/b" \
        "$T/three.tar" "$T/one" "$T/two"
    echo "$output" >&2
    assert_status 0
    assert_has "$output" ": 0 damaged" " killed: " commit import load prune pull rmi
}
