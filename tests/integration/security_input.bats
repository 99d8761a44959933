#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hostile values: numbers at and past their limits, names that lead elsewhere,
# sizes that overflow, files of the image that never end.

load security

setup() { sec_setup; }
teardown() { sec_teardown; }

ids_inside() { sed -n "s/^$1:\t//p" <<<"$output" | tr '\t' ' '; }

@test "CVE-2016-3697: a numeric uid is not looked up in the image's passwd" {
    bundle b 'cat /proc/self/status'
    printf '1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n' >"$T/b/rootfs/etc/passwd"
    printf '1000:x:0:\n' >"$T/b/rootfs/etc/group"
    edit b '.process.user = {uid: 1000, gid: 1000}'
    run_bundle b
    ran_well
    [ "$(ids_inside Uid)" = "1000 1000 1000 1000" ]
    [ "$(ids_inside Gid)" = "1000 1000 1000 1000" ]
}

@test "CVE-2024-40635 CVE-2026-30892: user and group ids up to the last valid one arrive exactly" {
    bundle b 'cat /proc/self/status'
    for n in 0 1 65534 65536 2147483647 2147483648 4294967294; do
        edit b '.process.user = {uid: ($n | tonumber), gid: ($n | tonumber), additionalGids: [($n | tonumber)]}' --arg n "$n"
        run_bundle b
        echo "id $n: exit $status"
        ran_well
        [ "$(ids_inside Uid)" = "$n $n $n $n" ]
        [ "$(ids_inside Gid)" = "$n $n $n $n" ]
        [ "$(ids_inside Groups)" = "$n " ]
    done
}

# pointer JQ-PATH: the same as a JSON pointer.
pointer() { sed -E 's/\[([0-9]+)\]/.\1/g; s/^|\./\//g' <<<"$1"; }

# bad_value NAME JQ-PATH: sets that place of the config to each JSON text of standard input; all
# must be refused with their JSON path. Text is put in with sed: jq would round large numbers.
bad_value() {
    local value
    cp "$T/$1/config.json" "$T/$1/saved"
    while read -r value; do
        jq ".$2 = \"@value@\"" "$T/$1/saved" | VALUE=$value awk '{
            i = index($0, "\"@value@\"")
            print i ? substr($0, 1, i - 1) ENVIRON["VALUE"] substr($0, i + 9) : $0 }' >"$T/$1/config.json"
        grep -qF -- "$value" "$T/$1/config.json"
        run_bundle "$1"
        echo "$2 = ${value:0:80}: exit $status: ${output:0:300}"
        refused "$(pointer "$2")"
    done
    mv "$T/$1/saved" "$T/$1/config.json"
}

@test "CVE-2024-40635 CVE-2026-30892: ids that are no ids are refused" {
    bundle b
    edit b '.process.user.additionalGids = [7]'
    values=$(printf '%s\n' -1 4294967295 4294967296 99999999999 18446744073709551616 1.5 '"1"' '""' '"1x"' true)
    for place in 'process.user.uid' 'process.user.gid' 'process.user.additionalGids[0]'; do
        bad_value b "$place" <<<"$values"
    done
}

@test "CVE-2021-43784: large mappings, environments and paths arrive exactly or are refused" {
    bundle b 'cat /proc/self/uid_map'
    chmod 755 "$T/b" "$T/b/rootfs"
    # The kernel's limits for one mapping are 340 lines and one page.
    edit b '.linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [range(340) | {containerID: ., hostID: (1000 + 2 * .), size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    expected=$(jq -r '.linux.uidMappings[] | "\(.containerID) \(.hostID) \(.size)"' "$T/b/config.json")
    run_bundle b
    ran_well
    [ "$(awk '{print $1, $2, $3}' <<<"$output")" = "$expected" ]
    # 70 KB of them would have wrapped a 16-bit length.
    edit b '.linux.uidMappings = [range(6000) | {containerID: ., hostID: (100000 + 2 * .), size: 1}]'
    run_bundle b
    echo "6000 mappings: exit $status: ${output:0:300}"
    refused /linux/uidMappings

    bundle e
    edit e '.process.args = ["/bin/env"] | .process.env = ["PATH=/bin", "HOME=/"] + [range(65533) | "V\(.)=x"]'
    run_bundle e
    ran_well
    [ "$output" = "$(jq -r '.process.env[]' "$T/e/config.json")" ]

    bundle p
    edit p '.linux.cgroupsPath = "/" + $tag + ("/x" * 35000)' --arg tag "$TAG"
    run_bundle p
    echo "70 KB cgroupsPath: exit $status: ${output:0:300}"
    refused /linux/cgroupsPath
}

@test "runc-hugetlb-page-size: no path in a page size or in a unified key" {
    mkdir -p "$T/host"
    bundle b
    # The kernel's list is hugepages-*kB; these are not on it, or would lead out of the group.
    edit b '.linux.resources = {hugepageLimits: [{pageSize: "2MB", limit: 0}]}'
    view_v2
    if [ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] && grep -qw hugetlb /sys/fs/cgroup/{,unified/}cgroup.controllers 2>&-; then
        run_bundle b
        ran_well
    fi
    bad_value b 'linux.resources.hugepageLimits[0].pageSize' <<'VALUES'
"x/../../y"
"../2MB"
"2MB/.."
"2MB/"
"2MB/../../x"
""
"."
".."
"2mb"
"2MB.max"
"2MB\n"
VALUES
    # A size that the kernel does not have is known when its file is missing.
    bad_value b 'linux.resources.hugepageLimits[0]' <<<'{"pageSize": "3MB", "limit": 0}'
    for key in '../x' 'a/b' '/memory.max' '' . .. 'memory.max/' 'memory.high\n' 'x/../../y'; do
        edit b '.linux.resources = {unified: {($k): "1"}}' --arg k "$(printf '%b' "$key")"
        run_bundle b
        echo "unified '$key': exit $status: $output"
        refused /linux/resources/unified
    done
}

@test "CVE-2022-0811 GHSA-w2j5: sysctl keys and values outside the container's namespaces are refused" {
    bundle b
    pattern=$(cat /proc/sys/kernel/core_pattern)
    for key in kernel.core_pattern kernel/core_pattern kernel.hostname vm.swappiness fs.file-max kernel.shm_rmid_forced/../core_pattern \
        ../kernel/core_pattern net.ipv4.ip_forward net/ipv4/ip_forward kernel.shmmax+ 'kernel.shmmax ' '' . kernel \
        fs.mqueue.../../kernel/core_pattern net.../kernel/core_pattern fs/mqueue/../../kernel/core_pattern kernel.shmmax/ user.max_user_namespaces; do
        edit b '.linux.sysctl = {($k): "1"}' --arg k "$key"
        run_bundle b
        echo "key '$key': exit $status: $output"
        refused /linux/sysctl
    done
    for value in $'1\n2' $'1\nkernel.core_pattern=x' $'x\ty\n'; do
        edit b '.linux.sysctl = {"kernel.shmmax": $v}' --arg v "$value"
        run_bundle b
        echo "value '$value': exit $status: $output"
        refused /linux/sysctl
    done
    [ "$(cat /proc/sys/kernel/core_pattern)" = "$pattern" ]
}

@test "CVE-2022-0811: sysctl keys of the container's own namespaces are set there only" {
    bundle b 'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_default_ttl /proc/sys/fs/mqueue/msg_default'
    host=$(cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_default_ttl /proc/sys/fs/mqueue/msg_default)
    edit b '.linux.namespaces += [{type: "network"}]
        | .linux.sysctl = {"kernel.shm_rmid_forced": "1", "net/ipv4/ip_default_ttl": "77", "fs.mqueue.msg_default": "9"}'
    run_bundle b
    ran_well
    [ "$output" = $'1\n77\n9' ]
    [ "$(cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_default_ttl /proc/sys/fs/mqueue/msg_default)" = "$host" ]
}

@test "CVE-2026-61801: passwd and group of the image are endless, a FIFO or a device" {
    bundle b 'echo "HOME=$HOME"'
    edit b '.process.env = ["PATH=/bin"]'
    cd "$T/b/rootfs/etc"
    for make in "truncate -s 1G passwd" "mkfifo passwd" "ln -s /dev/zero passwd" "mknod passwd c 1 5" \
        "ln -s passwd passwd" "mkdir passwd"; do
        rm -rf passwd group
        $make
        cp -a "passwd" group 2>/dev/null || [ -L passwd ] || truncate -s 1G group
        start=${EPOCHREALTIME/./}
        run_bundle b
        took=$((${EPOCHREALTIME/./} - start))
        echo "$make: exit $status after $took us: ${output:0:300}"
        ran_well
        [ "$output" = HOME=/ ]
        [ "$took" -lt 1000000 ]
    done
    cd "$BATS_TEST_DIRNAME"
}

@test "crun-1.28-hardening: long names, deep links and odd bytes end in an answer" {
    bundle b
    mkdir "$T/payload"
    HOST=$(snapshot "$T/host")
    long=$(printf 'a%.0s' {1..255})
    deep=$(printf '/d%.0s' {1..2040})
    mkdir "$T/b/rootfs/loop"
    for n in {1..60}; do ln -s "$((n + 1))" "$T/b/rootfs/loop/$n"; done
    ln -s ../loop/self "$T/b/rootfs/loop/self"
    for destination in "/$long" "/${long}a" "/$long/$long/$long" "$deep" "$deep$deep" /loop/1/x /loop/self/x \
        /.. /../../.. "/tmp/$(printf '\377\376')" '/tmp/]:x' $'/tmp/new\nline'; do
        cp "$T/b/config.json" "$T/b/saved"
        bind b "$T/payload" "$destination"
        run_bundle b
        echo "destination ${destination:0:60} (${#destination}): exit $status: ${output:0:200}"
        [ "$status" -lt 124 ]
        left_nothing "$ID"
        mv "$T/b/saved" "$T/b/config.json"
    done
    unchanged "$T/host" "$HOST"
}
