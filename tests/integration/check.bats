# SPDX-License-Identifier: Apache-2.0
# estiva check: what it finds in a bundle and on the host, that it says all of it, and that it makes nothing.

load helpers

setup() {
    common_setup
    only_estiva "its own command"
    requires jq
}

# check_json [OPTION...]: sets $status and $output
check_json() { run --separate-stderr "$RUNTIME" --root "$STATE" check --format json "$@" "$BUNDLE"; }

# found KIND PATH MESSAGE: there is this finding
found() {
    jq -e --arg k "$1" --arg p "$2" --arg m "$3" '.findings | any(.kind == $k and .path == $p and
        (.message + " " + (.hint // "") | contains($m)))' <<<"$output" >/dev/null || fail "no $1 at $2 with $3: $output"
}

# finds KIND PATH MESSAGE EDIT [ARG...]: alone, in a bundle that is good but for this
finds() {
    local kind=$1 path=$2 message=$3
    cp "$BUNDLE/config.json" "$T/good.json"
    config "${@:5}" "$4"
    check_json
    assert_status 1
    found "$kind" "$path" "$message"
    [ "$(jq '.findings | map(select(.severity == "error")) | length' <<<"$output")" = 1 ] || fail "more than one error: $output"
    cp "$T/good.json" "$BUNDLE/config.json"
}

warns() { # KIND PATH MESSAGE EDIT
    cp "$BUNDLE/config.json" "$T/good.json"
    config "$4"
    check_json
    assert_status 0
    found "$1" "$2" "$3"
    check_json --strict
    assert_status 1
    cp "$T/good.json" "$BUNDLE/config.json"
}

@test "a good bundle has nothing against it, and nothing is made" {
    check_json --strict
    assert_status 0
    assert_equal "$(jq -c '[.bundle, .ok, .findings]' <<<"$output")" "[\"$BUNDLE\",true,[]]"
    run "$RUNTIME" --root "$STATE" check "$BUNDLE"
    assert_status 0
    assert_equal "$output" ""
    cd "$BUNDLE"
    run "$RUNTIME" --root "$STATE" check
    assert_status 0
    [ ! -e "$STATE" ] || [ -z "$(ls -A "$STATE")" ]
}

@test "properties that nobody heeds" {
    warns unknown /process/argz "did you mean args?" '.process.argz = ["x"]'
    warns unknown /mounts/0/optoins "did you mean options?" '.mounts[0].optoins = []'
    warns unknown /linux/seccmp "did you mean seccomp?" '.linux.seccmp = {}'
    warns other-platform /windows "another platform" '.windows = {}'
    [ ! -d /sys/fs/resctrl/info ] || warns removed /linux/intelRdt/enableCMT "no longer" '.linux.intelRdt = {"closID": "/", "enableCMT": true}'
    warns deprecated /hooks/prestart "is deprecated" '.hooks.prestart = [{"path": "/bin/true"}]'
    sed 's/^{/{"hostname": "twice",/' "$BUNDLE/config.json" >"$T/twice.json"
    run "$RUNTIME" check --format json --config "$T/twice.json" "$BUNDLE"
    assert_status 0
    found twice /hostname "the last one counts"
}

@test "what is refused, all of it in one run, each by its place in the document" {
    config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1}, {"type": "RLIMIT_X", "soft": 1, "hard": 1},
        {"type": "RLIMIT_NOFILE", "soft": 2, "hard": 2}] |
        .process.cwd = "relative" | .mounts[1].options += ["nosuchflag=1"] | .mounts += [
        {"destination": "/a", "source": "/nowhere/at/all", "options": ["bind", "bogus"]},
        {"destination": "", "source": "/", "options": ["bind"]},
        {"destination": "/b", "source": "/nowhere/at/all", "options": ["bind"]}] |
        .linux.sysctl = {"kernel.panic": "1"}'
    local at
    at=$(jq '.mounts | length' "$BUNDLE/config.json")
    check_json
    assert_status 1
    found invalid /process/rlimits/1/type RLIMIT_X
    found invalid /process/rlimits/2/type "given twice"
    found invalid "/mounts/$((at - 3))/options/1" bogus
    found invalid "/mounts/$((at - 2))/destination" "is required"
    # Found after one before it was left out: the place is that of the document.
    found host "/mounts/$((at - 1))/source" "is not there"
    found invalid /linux/sysctl/kernel.panic ""
    found invalid /process/cwd ""
}

@test "text: a line for each" {
    config '.process.argz = ["x"] | .process.rlimits = [{"type": "RLIMIT_X", "soft": 1, "hard": 1}]'
    run "$RUNTIME" check "$BUNDLE"
    assert_status 1
    assert_equal "${#lines[@]}" 2
    assert_has "$output" 'warning: /process/argz: is no property' 'error: /process/rlimits/0/type: '
}

@test "files and objects that are missing on the host or in the root" {
    finds host /process/args/0 "is not in the root file system" '.process.args = ["/no/such/program"]'
    finds host /process/args/0 "is no program" '.process.args = ["/etc/passwd"]'
    finds host /process/args/0 "is not in the root file system" '.process.args = ["nosuchprogram"]'
    finds host /root/path "is not there" '.root.path = "nothing"'
    finds host /linux/namespaces/0/path "is not there" '.linux.namespaces[0].path = "/proc/1/ns/nothing"'
    finds host /hooks/createRuntime/0/path "is no program" '.hooks.createRuntime = [{"path": "/etc/passwd"}]'
    finds host /linux/netDevices/nodev0 "there is no" '.linux.netDevices = {"nodev0": {}}'
    [ -d /sys/fs/resctrl/info ] || finds host /linux/intelRdt "no resctrl file system is mounted" '.linux.intelRdt = {"closID": "x"}'
}

@test "what the kernel does not have" {
    finds host /process/rlimits/0/hard "sysctl fs.nr_open" \
        '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 9999999999}]'
    finds host /linux/sysctl/net.no.such "no such parameter" '.linux.sysctl["net.no.such"] = "1"'
    finds host /linux/memoryPolicy/nodes "does not have" '.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0,900"}'
    warns host /mounts/0/type "no file system" '.mounts[0] = {"destination": "/x", "type": "nosuchfs", "source": "x"}'
    [ -e /sys/module/apparmor ] || finds unsupported /process/apparmorProfile "no AppArmor" '.process.apparmorProfile = "x"'
}

@test "capabilities that are not ours to give are a warning, as they are for create" {
    requires setpriv
    config '.process.capabilities.permitted = ["CAP_CHOWN", "CAP_SYS_TIME"] | .process.capabilities.bounding = ["CAP_SYS_TIME"]'
    run setpriv --bounding-set -sys_time --inh-caps -sys_time -- "$RUNTIME" check --format json "$BUNDLE"
    assert_status 0
    found ignored /process/capabilities/permitted/1 CAP_SYS_TIME
    assert_equal "$(jq '[.findings[] | select(.path == "/process/capabilities/permitted/0")] | length' <<<"$output")" 0
}

@test "no document, and one that is none" {
    rm "$BUNDLE/config.json"
    run "$RUNTIME" check "$BUNDLE"
    assert_status 1
    assert_has "$output" config.json
    echo '{"ociVersion": ' >"$BUNDLE/config.json"
    check_json
    assert_status 1
    found json "" line
    echo '{"ociVersion": "9.0.0"}' >"$BUNDLE/config.json"
    check_json
    assert_status 1
    found unsupported /ociVersion "" || found invalid /ociVersion ""
}
