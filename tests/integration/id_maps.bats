# SPDX-License-Identifier: Apache-2.0
# Id-mapped mounts: owners inside and outside, whose mappings, errors.
# id_maps_old_kernel.bats runs the same tests without mount_setattr: there each bundle is refused.
# Guests: old

load mounts

# map_ids IDS-IN-SOURCE IDS-IN-CONTAINER COUNT: the last mount maps users and groups so
map_ids() {
    config --argjson f "$1" --argjson t "$2" --argjson n "$3" \
        '.mounts[-1] |= (.uidMappings = [{containerID: $f, hostID: $t, size: $n}] | .gidMappings = .uidMappings)'
}

# A test of what Linux 5.12 brought: before it, the bundle is refused with the property's path.
refused_on_old_kernel() { # JSON-PATH
    on_old_kernel || return 1
    assert_refused "$1"
    [ "$KIND" != estiva ] || assert_has "$stderr" mount_setattr
}

@test "id-mapped bind mount: owners are seen mapped" {
    not_on runc "1.1 does not know it"
    mkdir "$T/data"
    touch "$T/data/file" "$T/data/other"
    chown 1000:1000 "$T/data/file"
    chown 77:77 "$T/data/other"
    mount_of /mnt none "$T/data" bind
    config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 5000, size: 1}],
        gidMappings: [{containerID: 1000, hostID: 6000, size: 1}]}'
    ! refused_on_old_kernel /mounts/7/uidMappings || return 0
    in_container 'stat -c "%u %g" /mnt/file /mnt/other'
    assert_equal "$output" "5000 6000
65534 65534"
}

@test "id-mapped bind mount: what is made inside has the source's ids outside" {
    not_on runc "1.1 does not know it"
    mkdir "$T/data"
    chown 1000:1000 "$T/data"
    mount_of /mnt none "$T/data" bind idmap
    map_ids 1000 0 10
    ! refused_on_old_kernel /mounts/7/uidMappings || return 0
    in_container 'touch /mnt/new && mkdir /mnt/dir && chown 3:4 /mnt/dir && stat -c "%u %g" /mnt/new /mnt/dir'
    assert_equal "$output" "0 0
3 4"
    assert_equal "$(stat -c '%u %g' "$T/data/new" "$T/data/dir")" "1000 1000
1003 1004"
}

@test "idmap maps one mount, ridmap the tree" {
    not_on runc "1.1 does not know it"
    not_on crun "1.8 has no ridmap"
    nested_source
    mount_of /one none "$T/own-nested" rbind idmap
    map_ids 0 5000 10
    ! refused_on_old_kernel /mounts/7/uidMappings || return 0
    mount_of /tree none "$T/own-nested" rbind ridmap ro
    map_ids 0 5000 10
    in_container 'stat -c "%n %u" /one/file /one/sub/file /tree/file /tree/sub/file; touch /tree/x 2>&1 || echo refused'
    assert_has "$output" "/one/file 5000" "/one/sub/file 0" "/tree/file 5000" "/tree/sub/file 5000" refused
}

@test "an id-mapped bind mount behind a new file system" {
    not_on runc "1.1 does not know it"
    mkdir "$T/data"
    touch "$T/data/file"
    mount_of /t tmpfs tmpfs
    mount_of /mnt none "$T/data" bind idmap ro
    map_ids 0 5000 10
    ! refused_on_old_kernel /mounts/8/uidMappings || return 0
    in_container 'stat -c "%u %g" /mnt/file; touch /mnt/x 2>&1 || echo refused'
    assert_has "$output" "5000 5000" refused
}

@test "idmap without mappings has those of the container's user namespace" {
    not_on runc "1.1 does not know it"
    requires userns
    mkdir "$T/data"
    touch "$T/data/file"
    mount_of /plain none "$T/data" bind
    mount_of /mapped none "$T/data" bind idmap
    config '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'
    ! refused_on_old_kernel /mounts/8/options || return 0
    mkdir "$BUNDLE/rootfs/plain" "$BUNDLE/rootfs/mapped"
    in_container 'stat -c "%u %g" /plain/file /mapped/file; touch /mapped/new; chown 7:8 /mapped/new'
    assert_equal "$output" "65534 65534
0 0"
    assert_equal "$(stat -c '%u %g' "$T/data/new")" "7 8"
}

@test "idmap without mappings has those of the user namespace that is joined" {
    only_estiva "the others want the mappings repeated"
    requires userns
    mkdir "$T/data"
    touch "$T/data/file"
    unshare --user --propagation unchanged sleep 60 3>&- &
    local pid=$!
    at_end "kill $pid"
    wait_for 5 sh -c "[ \"\$(readlink /proc/$pid/ns/user)\" != \"\$(readlink /proc/self/ns/user)\" ]"
    echo "0 100000 10" >/proc/$pid/uid_map
    echo "0 100000 10" >/proc/$pid/gid_map
    mount_of /mapped none "$T/data" bind idmap
    config --arg p "/proc/$pid/ns/user" '.linux.namespaces += [{"type": "user", "path": $p}]'
    ! refused_on_old_kernel /mounts/7/options || return 0
    mkdir "$BUNDLE/rootfs/mapped"
    in_container 'stat -c "%u %g" /mapped/file'
    assert_equal "$output" "0 0"
}

@test "idmap without mappings and without a user namespace is an error" {
    not_on runc "1.1 does not know it"
    not_on crun "1.8 takes it"
    mkdir "$T/data"
    mount_of /mnt none "$T/data" bind idmap
    assert_refused /mounts/7/options
}

@test "id mappings of a mount: both or none" {
    not_on runc "1.1 does not know it"
    not_on crun "takes one"
    mkdir "$T/data"
    mount_of /mnt none "$T/data" bind
    config '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 5000, size: 1}]}'
    assert_refused /mounts/7/gidMappings
    config '.mounts[-1] |= (.gidMappings = .uidMappings | del(.uidMappings))'
    assert_refused /mounts/7/uidMappings
}

@test "a file system that can't be id-mapped is an error that names it" {
    not_on runc "1.1 does not know it"
    mkdir "$T/data"
    mount_of /first none "$T/data" bind idmap
    map_ids 0 5000 10
    mount_of /mnt none /proc/sys/fs bind idmap
    map_ids 0 5000 10
    if on_old_kernel; then
        assert_refused /mounts/7/uidMappings
    else
        assert_refused /mounts/8/uidMappings
        [ "$KIND" != estiva ] || assert_has "$stderr" "proc at " "supports id-mapped mounts"
    fi
}

@test "only a bind mount can be id-mapped" {
    not_on runc "1.1 does not know it"
    not_on crun "maps a new file system too"
    mount_of /t tmpfs tmpfs idmap
    map_ids 0 5000 10
    assert_refused /mounts/7/uidMappings
}

@test "mappings within the option (crun's form)" {
    not_on runc "does not know them"
    mkdir "$T/data"
    echo x >"$T/data/file"
    chown 1003:2004 "$T/data/file"
    mount_of /mnt none "$T/data" bind "idmap=uids=1000-5000-10#0-0-1;gids=2000-6000-10"
    ! refused_on_old_kernel /mounts/7/options/1 || return 0
    in_container 'stat -c %u:%g /mnt/file'
    assert_equal "$output" 5003:6004
}

@test "mappings within the option, by ids of the container" {
    only_estiva "the words of crun 1.8 are other"
    mkdir "$T/data"
    echo x >"$T/data/file"
    chown 1003:2004 "$T/data/file"
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown 100000:100000 "$BUNDLE/rootfs"
    mount_of /mnt none "$T/data" bind "idmap=uids=@1000-50-10;gids=@2000-60-10"
    ! refused_on_old_kernel /mounts/7/options/1 || return 0
    in_container 'stat -c %u:%g /mnt/file'
    assert_equal "$output" 53:64
}
