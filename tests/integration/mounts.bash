# SPDX-License-Identifier: Apache-2.0
# Common ground of the tests of mounts: adds mounts to the bundle and looks at mountinfo.

load helpers

# mount DESTINATION TYPE SOURCE [OPTION...]: appends a mount to the config
mount_of() {
    local destination=$1 type=$2 source=$3
    shift 3
    jq --arg d "$destination" --arg t "$type" --arg s "$source" \
        '.mounts += [{destination: $d, type: $t, source: $s, options: $ARGS.positional}]' \
        "$BUNDLE/config.json" --args -- "$@" >"$T/config.new" || fail jq
    cat "$T/config.new" >"$BUNDLE/config.json"
}

# The mount options, optional fields and superblock options of a mount point, from mountinfo.
info_of() { awk -v p="$1" '$5 == p { line = $0 } END { print line }' <<<"$output"; }
flags_of() { awk -v p="$1" '$5 == p { f = $6 } END { print f }' <<<"$output"; }
super_of() { info_of "$1" | sed 's/.* - //' | awk '{ print $3 }'; }

has_flags() { # LIST FLAG...
    local list=,$1, flag
    shift
    for flag in "$@"; do
        [[ $list == *,$flag,* ]] || fail "no flag $flag in $list"
    done
}

lacks_flags() {
    local list=,$1, flag
    shift
    for flag in "$@"; do
        [[ $list != *,$flag,* ]] || fail "flag $flag in $list"
    done
}

# A directory on the host with a file, and a tmpfs with a file below it.
nested_source() {
    mkdir -p "$T/own-nested/sub"
    echo outer >"$T/own-nested/file"
    mount -t tmpfs own-sub "$T/own-nested/sub"
    at_end umount "$T/own-nested/sub"
    echo inner >"$T/own-nested/sub/file"
}
