# SPDX-License-Identifier: Apache-2.0
# Bad configurations: each MUST of the specification is an error that names the JSON path, and
# nothing is left. One test for each object; each line is one case.

load helpers

# case_of PATH FILTER: the base configuration changed by FILTER is refused and the error has PATH
case_of() {
    local part
    jq "$2" "$T/base.json" >"$BUNDLE/config.json" || fail "jq: $2"
    capture create --bundle "$BUNDLE" "$CTR"
    if [ "$status" -eq 0 ]; then
        rt delete --force "$CTR"
        [ "$KIND" = estiva ] || return 0 # other runtimes are lenient
        fail "taken: $2"
    fi
    if [ "$KIND" = estiva ]; then
        assert_equal "$2: $status" "$2: 1"
        [[ $stderr == *"$1"* ]] || fail "$2: no '$1' in '$stderr'"
        assert_equal "$(wc -l <<<"$stderr")" 1
    fi
}

setup() {
    common_setup
    args sleep 100
    cp "$BUNDLE/config.json" "$T/base.json"
}

refuses_document() {
    assert_refused
    [ "$KIND" != estiva ] || assert_has "$stderr" config.json
}

@test "the document: not there, empty, no JSON, another type, duplicate, too deep, NUL" {
    local text
    rm "$BUNDLE/config.json"
    refuses_document
    for text in '' '{' '[]' '"x"' '{} x' '{"a" 1}' 'null' $'{"ociVersion": "1.0.2",}'; do
        printf '%s' "$text" >"$BUNDLE/config.json"
        refuses_document
    done
    printf '{"annotations": {"a": "\\u0000"}, "ociVersion": "1.0.2"}' >"$BUNDLE/config.json"
    assert_refused
    "$PYTHON" -c 'print("{\"ociVersion\": " + "[" * 100000 + "]" * 100000 + "}")' >"$BUNDLE/config.json"
    assert_refused
    printf '{"ociVersion": "1.0.2", "hostname": "\xff\xfe"}' >"$BUNDLE/config.json"
    assert_refused
}

@test "the document: a directory, a fifo, a huge file" {
    rm "$BUNDLE/config.json"
    mkdir "$BUNDLE/config.json"
    refuses_document
    rmdir "$BUNDLE/config.json"
    only_estiva "others read them"
    mkfifo "$BUNDLE/config.json"
    refuses_document
    rm "$BUNDLE/config.json"
    truncate -s 2G "$BUNDLE/config.json"
    refuses_document
}

@test "unknown properties are ignored" {
    config '.unknown = 1 | .process.unknown = {"deep": [1, 2]} | .linux.resources.memory.unknown = "x" | .mounts[0].unknown = true | .annotations = {"x.y": "z"}'
    args true
    ctr_run
    assert_status 0
}

@test "properties of other platforms are ignored" {
    config '.windows = {"layerFolders": ["x"]} | .solaris = {"milestone": "x"} | .vm = {"kernel": {"path": "/k"}} | .zos = {}'
    args true
    ctr_run
    assert_status 0
}

@test "ociVersion" {
    case_of /ociVersion 'del(.ociVersion)'
    case_of /ociVersion '.ociVersion = ""'
    case_of /ociVersion '.ociVersion = "abc"'
    case_of /ociVersion '.ociVersion = "2.0.0"'
    case_of /ociVersion '.ociVersion = 1'
    assert_nothing_left
}

@test "ociVersion: every 1.x is taken" {
    local version
    args true
    for version in 1.0.0 1.0.2 1.0.2-dev 1.1.0 1.2.1 1.3.0 1.9.0+build; do
        config --arg v "$version" '.ociVersion = $v'
        ctr_run
        assert_status 0
    done
}

@test "root" {
    case_of /root 'del(.root)'
    case_of /root/path 'del(.root.path)'
    case_of /root/path '.root.path = ""'
    case_of /root/path '.root.path = "missing"'
    case_of /root/path '.root.path = "config.json"'
    case_of /root/path '.root.path = 5'
    case_of /root/readonly '.root.readonly = "yes"'
    assert_nothing_left
}

@test "process" {
    case_of /process/cwd '.process.cwd = "relative"'
    case_of /process/cwd 'del(.process.cwd)'
    case_of /process/args 'del(.process.args)'
    case_of /process/args '.process.args = []'
    case_of /process/args/0 '.process.args = [""]'
    case_of /process/args/1 '.process.args = ["sleep", 100]'
    case_of /process/env/0 '.process.env = ["NOEQUALS"]'
    case_of /process/env/1 '.process.env = ["A=b", "=x"]'
    case_of /process/env '.process.env = "A=b"'
    case_of /process/terminal '.process.terminal = 1'
    case_of /process/noNewPrivileges '.process.noNewPrivileges = "true"'
    case_of /process/oomScoreAdj '.process.oomScoreAdj = 2000'
    case_of /process/oomScoreAdj '.process.oomScoreAdj = 1.5'
    assert_nothing_left
}

@test "process.user" {
    case_of /process/user/uid '.process.user.uid = -1'
    case_of /process/user/uid '.process.user.uid = 4294967295'
    case_of /process/user/uid '.process.user.uid = 4294967296'
    case_of /process/user/uid '.process.user.uid = "root"'
    case_of /process/user/gid '.process.user.gid = 99999999999'
    case_of /process/user/additionalGids '.process.user.additionalGids = [-5]'
    case_of /process/user/umask '.process.user.umask = 65536'
    assert_nothing_left
}

@test "process.rlimits" {
    case_of /process/rlimits/0/type '.process.rlimits = [{"type": "RLIMIT_BEANS", "soft": 1, "hard": 1}]'
    case_of /process/rlimits/0/type '.process.rlimits = [{"type": "NOFILE", "soft": 1, "hard": 1}]'
    case_of /process/rlimits/0/type '.process.rlimits = [{"soft": 1, "hard": 1}]'
    case_of /process/rlimits/1/type '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]'
    case_of /process/rlimits/0/soft '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 5, "hard": 1}]'
    case_of /process/rlimits/0/hard '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": -1}]'
    assert_nothing_left
}

@test "mounts" {
    case_of /mounts/7/destination '.mounts += [{"type": "tmpfs", "source": "t"}]'
    case_of /mounts/7/destination '.mounts += [{"destination": "", "type": "tmpfs", "source": "t"}]'
    case_of /mounts/7 '.mounts += [{"destination": "/x"}]'
    case_of /mounts/7 '.mounts += [{"destination": "/x", "options": ["bind"]}]'
    case_of /mounts/7/options/0 '.mounts += [{"destination": "/x", "type": "tmpfs", "source": "t", "options": [1]}]'
    case_of /mounts '.mounts = {}'
    assert_nothing_left
}

@test "hooks" {
    case_of /hooks/prestart/0/path '.hooks.prestart = [{"args": ["x"]}]'
    case_of /hooks/createRuntime/0/path '.hooks.createRuntime = [{"path": "relative"}]'
    case_of /hooks/poststop/1/timeout '.hooks.poststop = [{"path": "/bin/true"}, {"path": "/bin/true", "timeout": -1}]'
    case_of /hooks/poststart/0/env/0 '.hooks.poststart = [{"path": "/bin/true", "env": ["X"]}]'
    case_of /hooks/createContainer '.hooks.createContainer = {}'
    assert_nothing_left
}

@test "annotations" {
    case_of /annotations '.annotations = {"": "x"}'
    case_of /annotations '.annotations = {"a": 1}'
    case_of /annotations '.annotations = ["a"]'
    assert_nothing_left
}

@test "linux.namespaces, maps, offsets" {
    case_of /linux/namespaces/5 '.linux.namespaces += [{"type": "pid"}]'
    case_of /linux/namespaces/5/type '.linux.namespaces += [{"type": "PID"}]'
    case_of /linux/namespaces/5/type '.linux.namespaces += [{}]'
    case_of /linux/namespaces/5/path '.linux.namespaces += [{"type": "user", "path": "relative"}]'
    case_of /linux/uidMappings '.linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1}]'
    case_of /linux/uidMappings '.linux.namespaces += [{"type": "user"}]'
    case_of /linux/uidMappings/0/size '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 1000, "size": 0}] | .linux.gidMappings = [{"containerID": 0, "hostID": 1000, "size": 1}]'
    case_of /linux/timeOffsets '.linux.timeOffsets = {"boottime": {"secs": 1}}'
    case_of /linux/timeOffsets '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"realtime": {"secs": 1}}'
    assert_nothing_left
}

@test "linux.devices" {
    case_of /linux/devices/0/type '.linux.devices = [{"path": "/dev/x", "type": "z", "major": 1, "minor": 3}]'
    case_of /linux/devices/0/path '.linux.devices = [{"type": "c", "major": 1, "minor": 3}]'
    case_of /linux/devices/0/path '.linux.devices = [{"path": "dev/x", "type": "c", "major": 1, "minor": 3}]'
    case_of /linux/devices/0/major '.linux.devices = [{"path": "/dev/x", "type": "c", "minor": 3}]'
    case_of /linux/devices/0/fileMode '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 99999}]'
    assert_nothing_left
}

@test "linux.resources" {
    case_of /linux/resources/memory/limit '.linux.resources.memory.limit = "1g"'
    case_of /linux/resources/memory/swap '.linux.resources.memory = {"limit": 1000000, "swap": 10}'
    case_of /linux/resources/memory/swappiness '.linux.resources.memory.swappiness = 999'
    case_of /linux/resources/cpu/shares '.linux.resources.cpu.shares = -1'
    case_of /linux/resources/cpu/period '.linux.resources.cpu.period = -1'
    case_of /linux/resources/pids/limit '.linux.resources.pids.limit = 1.5'
    case_of /linux/resources/devices/0/access '.linux.resources.devices = [{"allow": true, "access": "x"}]'
    case_of /linux/resources/devices/0/allow '.linux.resources.devices = [{"access": "r"}]'
    case_of /linux/resources/devices/0/type '.linux.resources.devices = [{"allow": true, "type": "x", "access": "r"}]'
    case_of /linux/resources/hugepageLimits/0/pageSize '.linux.resources.hugepageLimits = [{"pageSize": "huge", "limit": 1}]'
    case_of /linux/resources/blockIO/weight '.linux.resources.blockIO.weight = 5000'
    assert_nothing_left
}

@test "linux: paths, propagation, personality, seccomp, sysctl" {
    case_of /linux/maskedPaths/0 '.linux.maskedPaths = ["x"]'
    case_of /linux/readonlyPaths/0 '.linux.readonlyPaths = ["x"]'
    case_of /linux/rootfsPropagation '.linux.rootfsPropagation = "public"'
    case_of /linux/personality/domain '.linux.personality = {"domain": "BSD"}'
    case_of /linux/seccomp/defaultAction '.linux.seccomp = {"syscalls": []}'
    case_of /linux/seccomp/defaultAction '.linux.seccomp = {"defaultAction": "ALLOW"}'
    case_of /linux/seccomp/syscalls/0/names '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}'
    case_of /linux/sysctl/kernel.panic '.linux.sysctl = {"kernel.panic": "1"}'
    case_of /linux/cgroupsPath '.linux.cgroupsPath = 5'
    assert_nothing_left
}

@test "scheduler, io priority, CPUs, memory policy" {
    only_estiva "the others check some of it, some of them nothing"
    case_of /process/scheduler/policy '.process.scheduler = {"policy": "SCHED_FAST"}'
    case_of /process/scheduler/priority '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 100}'
    case_of /process/scheduler/nice '.process.scheduler = {"policy": "SCHED_OTHER", "nice": 20}'
    case_of /process/scheduler/runtime '.process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 3000, "deadline": 2000}'
    case_of /process/scheduler/flags/0 '.process.scheduler = {"policy": "SCHED_OTHER", "flags": ["RESET"]}'
    case_of /process/ioPriority/class '.process.ioPriority = {"class": "BE", "priority": 4}'
    case_of /process/ioPriority/priority '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": -1}'
    case_of /process/execCPUAffinity/initial '.process.execCPUAffinity = {"initial": "3-1"}'
    case_of /linux/memoryPolicy/mode '.linux.memoryPolicy = {"mode": "BIND", "nodes": "0"}'
    case_of /linux/memoryPolicy/nodes '.linux.memoryPolicy = {"mode": "MPOL_BIND"}'
    case_of /linux/memoryPolicy/flags '.linux.memoryPolicy = {"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_NUMA_BALANCING"]}'
    assert_nothing_left
}

@test "a label that would confine nothing is refused by its path" {
    only_estiva "crun lets some of it pass"
    [ -e /sys/module/apparmor ] || case_of /process/apparmorProfile '.process.apparmorProfile = "x"'
    # Of SELinux's mount label a kernel without it knows nothing: that is a warning.
    case_of /process/selinuxLabel '.process.selinuxLabel = "a:b:c:s0"'
    [ ! -d /sys/fs/selinux ] || case_of /linux/mountLabel '.linux.mountLabel = "a:b:c:s0"'
    assert_nothing_left
}

@test "process absent: create works, start is an error" {
    not_on runc "1.1 demands it"
    not_on crun "demands it"
    config 'del(.process)'
    capture create --bundle "$BUNDLE" "$CTR"
    assert_status 0
    assert_equal "$(state_of status)" created
    capture start "$CTR"
    assert_status 1
    assert_has "$stderr" process
    must rt delete --force "$CTR"
}

@test "the bundle: missing, a file, not readable as such" {
    capture create --bundle "$T/missing" "$CTR"
    [ "$status" -ne 0 ]
    assert_has "$stderr" "$T/missing"
    capture create --bundle "$T/base.json" "$CTR"
    [ "$status" -ne 0 ]
    assert_nothing_left
}

@test "--pid-file in a directory that does not exist" {
    capture create --bundle "$BUNDLE" --pid-file "$T/no/such/pid" "$CTR"
    [ "$status" -ne 0 ]
    [ "$KIND" != estiva ] || assert_has "$stderr" "$T/no/such"
    assert_nothing_left
}

@test "--root that is a file" {
    touch "$T/file"
    run --separate-stderr "$RUNTIME" --root "$T/file" list
    [ "$status" -ne 0 ]
    [ "$KIND" != estiva ] || assert_has "$stderr" "$T/file"
}
