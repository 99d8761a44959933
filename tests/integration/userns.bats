#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais run --userns auto: users of the container's own, by estiva, runc and crun, on both ways to keep an image's files.

load image

setup() {
    image_setup
    requires userns
    at_end no_mounts_left
    at_end remove_all
    busybox_image
    MANY=600
}

no_mounts_left() { ! grep "$T/store/containers" /proc/self/mountinfo; }

# As cais; crun refuses a hybrid host and gets all its commands in the view.
by() { # RUNTIME ARGUMENT...
    local view=()
    [ "$1" != crun ] || view=("${VIEW[@]}")
    shift
    timeout --foreground -k 5 60 "${view[@]}" "${NET[@]}" "$CAIS" --root "$T/store" --run-root "$T/run" "$@" 3>&-
}

# Calls CHECK with each runtime.
for_each_runtime() { # CHECK
    local runtime
    requires runc crun
    use_v1_view
    for runtime in "${RUNTIMES[@]}"; do
        "$1" "$runtime" || fail "$1 by $runtime"
    done
}

pid_of() { cais inspect "$1" | jq '.[0].State.Pid'; }
first_id() { awk 'NR == 1 { print $2 }' "/proc/$(pid_of "$1")/uid_map"; }
upper() { echo "$T/store/containers/$1/bundle/.cais/upper"; }
uids_of() { awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$1/status"; }

# Starts the container NAME with users of its own; FIRST is the host's id of its root.
own_users() { # NAME ARGUMENT...
    good run -d --userns auto --name "$@"
    FIRST=$(first_id "$1")
    [ "$FIRST" -ge 65536 ] || fail "its ids begin at $FIRST"
}

root_is_nobody() { # RUNTIME
    local storage pid first id
    for storage in index unpacked; do
        [ $storage = unpacked ] || has_index || continue
        id=$(CAIS_STORAGE=$storage by "$1" run -d --userns auto --network none --runtime "$1" busy:1 sh -c \
            'touch /made /tmp/t; mkdir /dir; chown 5:6 /tmp/t; rm /bin/vi; echo more >>/etc/hosts; echo done >/ready; exec sleep 600')
        wait_for 10 test -s "$(upper "$id")/ready"
        pid=$(pid_of "$id")
        first=$(first_id "$id")
        assert_equal "$(tr -s ' ' <"/proc/$pid/uid_map")" " 0 $first 65536"
        [ "$first" -ge 65536 ]
        assert_equal "$(uids_of "$pid")" "$first $first $first $first"
        assert_equal "$(by "$1" exec "$id" sh -c 'id -u; id -g; stat -c %u:%g / /bin/busybox /tmp/t /made /etc/hosts; tail -n 1 /etc/hosts')" \
            $'0\n0\n0:0\n0:0\n5:6\n0:0\n0:0\nmore'
        assert_equal "$(by "$1" exec -u ship "$id" sh -c 'id -u; touch /tmp/own /etc/not 2>/dev/null; stat -c %u:%g /tmp/own; ls /etc/not 2>&1 | wc -l')" \
            $'1000\n1000:1000\n1'
        # What is on disk is as the container has it, so that images are made of it as always.
        assert_equal "$(cd "$(upper "$id")" && stat -c '%n %u:%g' made dir tmp/t tmp/own)" $'made 0:0\ndir 0:0\ntmp/t 5:6\ntmp/own 1000:1000'
        assert_equal "$(by "$1" top "$id" | awk 'NR == 2 { print $1 }')" 0
        assert_equal "$(cais inspect "$id" | jq -c '.[0].HostConfig | [.UsernsMode, .IDMappings.UidMap]')" "[\"auto\",[\"0:$first:65536\"]]"
        by "$1" rm -f "$id" >/dev/null
    done
}

@test "root inside is nobody outside; files on disk have the container's ids; exec" {
    for_each_runtime root_is_nobody
    no_mounts_left
}

again_and_attached() { # RUNTIME
    local id
    id=$(by "$1" create -i --userns auto --network none --runtime "$1" busy:1 sh -c 'read line; echo "$line $(id -u) $(cat /proc/sys/kernel/hostname) $(stat -c %u /again 2>/dev/null)"; touch /again')
    assert_equal "$(echo one | by "$1" start -ai "$id" | cut -d' ' -f1,2)" "one 0"
    assert_equal "$(echo two | by "$1" start -ai "$id" | cut -d' ' -f1,2,4)" "two 0 0"
    by "$1" start "$id" >/dev/null
    assert_equal "$(echo three | by "$1" attach "$id" | cut -d' ' -f1,2,4)" "three 0 0"
    by "$1" rm -f "$id" >/dev/null
}

@test "started again it has the same ids and its files; attach" {
    for_each_runtime again_and_attached
}

@test "ranges of two containers have nothing in common; one comes back after rm" {
    local one two
    own_users one --network none busy:1 sleep "$MANY"
    one=$FIRST
    own_users two --network none busy:1 sleep "$MANY"
    two=$FIRST
    [ $((one - two)) -ge 65536 ] || [ $((two - one)) -ge 65536 ] || fail "$one and $two"
    good stop -t 0 one
    own_users three --network none busy:1 sleep "$MANY"
    [ "$FIRST" != "$one" ] || fail "an ended container lost its ids"
    good rm one
    own_users four --network none busy:1 sleep "$MANY"
    assert_equal "$FIRST" "$one"
    good run --rm --userns auto:size=1000 --network none busy:1 cat /proc/self/uid_map /proc/self/gid_map
    assert_equal "$(awk '{ print $1, $3 }' <<<"$output")" $'0 1000\n0 1000'
}

@test "many made at once have ranges of their own" {
    local i pids=() maps
    for i in {1..8}; do
        cais create --userns auto --network none busy:1 true >/dev/null &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    maps=$(cais ps -aq | xargs -n 1 "$CAIS" --root "$T/store" --run-root "$T/run" inspect | jq -r '.[0].HostConfig.IDMappings.UidMap[0]')
    assert_equal "$(sort -u <<<"$maps" | wc -l)" 8
}

@test "mappings that were asked for; size; what is refused" {
    good run --rm --userns auto:size=3000,uidmapping=1000:5000:10,gidmapping=0:7000:1 --network none busy:1 cat /proc/self/uid_map
    assert_equal "$(awk '{ print $1, $3 }' <<<"$output")" $'0 1000\n1000 10\n1010 1990'
    assert_equal "$(awk '$1 == 1000 { print $2 }' <<<"$output")" 5000
    refused "--userns" "size" -- create --userns auto:size=0 busy:1 true
    refused "host's root" -- create --userns auto:uidmapping=0:0:1 busy:1 true
    refused "mapped already" -- create --userns auto:uidmapping=0:5000:2,uidmapping=1:9000:1 busy:1 true
    refused "beyond its size" -- create --userns auto:size=10,uidmapping=10:5000:1 busy:1 true
    refused "CONTAINER:HOST:COUNT" -- create --userns auto:uidmapping=0:x:1 busy:1 true
    refused "none of size" -- create --userns auto:map=1 busy:1 true
    refused "neither host nor auto" -- create --userns container:one busy:1 true
    refused "no user 1000" "size=1001" -- create --userns auto:size=1000 -u ship busy:1 true
    refused "no range of 4000000000 ids" -- create --userns auto:size=4000000000 busy:1 true
    refused "--pid host and --userns auto" -- create --userns auto --pid host busy:1 true
    refused "--ipc host and --userns auto" -- create --userns auto --ipc host busy:1 true
    assert_equal "$(cais ps -aq)" ""
}

@test "commit and run: with users of its own or the host's, owners are the same" {
    local how
    own_users one --network none busy:1 sh -c 'echo data >/file; chown 5:6 /file; chown 7:8 /etc/passwd; rm /bin/vi; echo >/ready; exec sleep 600'
    wait_for 10 test -e "$(upper "$(cais inspect one | jq -r .[0].Id)")/ready"
    good diff one
    assert_has "$output" "A /file" "C /etc/passwd" "D /bin/vi"
    good commit one kept:1
    for how in auto host; do
        good run --rm --network none --userns $how kept:1 sh -c 'stat -c %u:%g /file /etc/passwd /bin/busybox; cat /file; ls /bin/vi 2>&1 | wc -l'
        assert_equal "$output" $'5:6\n7:8\n0:0\ndata\n1'
    done
}

networks() { # RUNTIME
    local id
    id=$(by "$1" run -d --userns auto --runtime "$1" -p 8080:80 busy:1 sh -c \
        'mkdir /w; echo mapped >/w/index.html; exec httpd -f -p 80 -h /w')
    wait_for 5 answers_mapped
    # The network namespace belongs to its users: what is in /proc/sys/net is theirs too.
    assert_equal "$(by "$1" exec "$id" sh -c 'stat -c %u /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ping_group_range | tr -s "\t " " "; ls /sys/class/net | sort | tr "\n" " "')" \
        $'0\n0 65535\neth0 lo '
    by "$1" stop -t 0 "$id" >/dev/null
    ! answers_mapped || return 1
    by "$1" start "$id" >/dev/null
    wait_for 5 answers_mapped
    by "$1" rm -f "$id" >/dev/null
}
answers_mapped() { [ "$(in_net timeout 1 busybox wget -q -O- http://127.0.0.1:8080/ 2>/dev/null)" = mapped ]; }

@test "the bridge network, a published port" {
    use_own_net
    at_end remove_containers
    networks "$BUILD/estiva"
    requires runc
    networks runc
    assert_equal "$(in_net ip -o link | grep -c veth)" 0
}

@test "the network of the host, of another container, none; --privileged, --uts host, --cgroupns host" {
    local how
    use_own_net
    at_end remove_containers
    good run -d --name other busy:1 sleep "$MANY"
    for how in "--network host" "--network container:other" "--network none" --privileged "--uts host" "--cgroupns host" --read-only --init; do
        # shellcheck disable=SC2086
        good run --rm --userns auto $how busy:1 sh -c 'id -u; awk "{ print \$1, \$3 }" /proc/self/uid_map; ls /sys/class/net >/dev/null && echo sys; ls / >/dev/null && echo done'
        assert_equal "$output" $'0\n0 65536\nsys\ndone'
    done
    # All capabilities, over what is its own alone.
    good run --rm --userns auto --privileged busy:1 sh -c 'mount -t tmpfs none /tmp && echo mounted; mknod /dev/disk b 8 0 2>/dev/null || echo none; cat /proc/sys/vm/swappiness >/tmp/v; { cat /tmp/v >/proc/sys/vm/swappiness; } 2>/dev/null || echo denied'
    assert_equal "$output" $'mounted\nnone\ndenied'
}

@test "volumes: a bind mount as it is, or id-mapped; a volume with a name; a file; read-only" {
    mkdir "$T/share"
    touch "$T/share/file"
    chown 1000:1000 "$T/share/file"
    good run --rm --userns auto --network none -v "$T/share:/share" busy:1 sh -c 'stat -c %u:%g /share /share/file; touch /share/new 2>&1 | wc -l'
    assert_equal "$output" $'65534:65534\n65534:65534\n1'
    good run --rm --userns auto --network none -v "$T/share:/share:idmap" busy:1 sh -c 'stat -c %u:%g /share /share/file; touch /share/new; chown 7:8 /share/new'
    assert_equal "$output" $'0:0\n1000:1000'
    assert_equal "$(stat -c %u:%g "$T/share/new")" 7:8
    good run --rm --userns auto --network none --mount "type=bind,source=$T/share/file,target=/file,idmap,ro" busy:1 sh -c 'stat -c %u:%g /file; echo x 2>/dev/null >/file || echo denied'
    assert_equal "$output" $'1000:1000\ndenied'
    # One container after another, each with ids of its own or with the host's.
    for how in auto host auto; do
        good run --rm --userns $how --network none -v kept:/kept busy:1 sh -c 'echo line >>/kept/log; stat -c %u:%g /kept /kept/log; wc -l </kept/log'
        assert_has "$output" $'0:0\n0:0'
    done
    assert_equal "${lines[2]}" 3
    wait_for 5 no_container_dirs
    assert_equal "$(cat "$T/store/volumes/kept/_data/log" | wc -l)" 3
}

@test "a volume survives a container that was killed with its shim" {
    mkdir "$T/share"
    touch "$T/share/file"
    own_users one --network none -v kept:/kept -v "$T/share:/share:idmap" busy:1 sh -c 'echo data >/kept/file; echo >/ready; exec sleep 600'
    wait_for 10 test -s "$T/store/volumes/kept/_data/file"
    kill -9 "$(sed -n 's/^shim=//p' "$T"/run/containers/*/state)"
    wait_for 5 is_exited one
    good rm -f one
    assert_equal "$(cat "$T/store/volumes/kept/_data/file")" data
    [ -e "$T/share/file" ] || fail "the host's files are gone"
}
is_exited() { [ "$(cais inspect "$1" | jq -r '.[0].State.Status')" = exited ]; }

@test "a device of the host, under its own name or another" {
    good run --rm --userns auto --network none --device /dev/zero:/dev/nil --device /dev/full busy:1 sh -c \
        'head -c 3 /dev/nil | wc -c; echo x 2>/dev/null >/dev/full || echo full; echo x >/dev/null && echo null'
    assert_equal "$output" $'3\nfull\nnull'
}

@test "cp, of a container that runs and of one that has ended" {
    local state
    own_users one --network none busy:1 sh -c 'mkdir /d; echo out >/d/file; chown 5:6 /d/file; echo >/ready; exec sleep 600'
    wait_for 10 test -e "$(upper "$(cais inspect one | jq -r .[0].Id)")/ready"
    echo in >"$T/in"
    chown 9:10 "$T/in"
    for state in running exited; do
        good cp "$T/in" one:/d/in
        good cp -a "$T/in" one:/d/archived
        assert_equal "$(cd "$(upper "$(cais inspect one | jq -r .[0].Id)")/d" && stat -c %u:%g in archived)" $'0:0\n9:10'
        good cp -a one:/d/file "$T/copy"
        assert_equal "$(stat -c %u:%g "$T/copy") $(cat "$T/copy")" "5:6 out"
        cais cp one:/d - >"$T/out.tar"
        assert_equal "$(tar --numeric-owner -tvf "$T/out.tar" d/file | awk '{ print $2 }')" 5/6
        cais cp - one:/tmp <"$T/out.tar"
        good stop -t 0 one
    done
    good start one
    good exec one stat -c %u:%g /tmp/d/file /d/in /d/archived
    assert_equal "$output" $'5:6\n0:0\n9:10'
}

@test "hostile: a program with the set-user-ID bit of root gives nobody the host's root" {
    requires setpriv
    cp -a "$(template_rootfs)" "$T/root"
    cp "$PROGRAMS/testinit" "$T/root/bin/suid"
    chmod 4755 "$T/root/bin/suid"
    $LAYERS rootfs "$T/rootfs.tar" "$T/root"
    good import "$T/rootfs.tar" suid:1
    mkdir -m 777 "$T/share"
    own_users one --network none -v "$T/share:/share" suid:1 sh -c 'cp /bin/busybox /share/sh; chmod 4755 /share/sh; echo >/share/ready; exec sleep 600'
    wait_for 10 test -e "$T/share/ready"
    # What root makes in the host's directory is owned by an id that is nobody's.
    assert_equal "$(stat -c '%u %a' "$T/share/sh")" "$FIRST 4755"
    # Files of the image and of the container are root's on disk: nobody of the host comes to them.
    as_other() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
    local id
    id=$(cais inspect one | jq -r .[0].Id)
    for user in 65534 "$FIRST"; do
        ! as_other "$user" ls "$(upper "$id")" 2>/dev/null || fail "$user sees the upper directory"
        ! as_other "$user" ls "$T/store/layers" 2>/dev/null || fail "$user sees the layers"
        ! as_other "$user" ls "$T/store" 2>/dev/null || fail "$user lists the store"
        ! as_other "$user" cat "$T/store/containers/$id/container.json" 2>/dev/null || fail "$user reads the record"
    done
    ! as_other 65534 ls "$T/store/containers/$id/bundle" 2>/dev/null || fail "another user comes into the bundle"
    # In its root file system they are its own root's, by whatever way one comes there.
    assert_equal "$(stat -c '%u %a' "$T/store/containers/$id/bundle/rootfs/bin/suid")" "$FIRST 4755"
    # Another container of the same image is another user.
    own_users two --network none suid:1 sleep "$MANY"
    ! as_other "$FIRST" ls "$T/store/containers/$id/bundle" 2>/dev/null || fail "another container's root comes into the bundle"
}

@test "hostile: who is root inside can't change what is the host's" {
    own_users one --network host --cap-add all busy:1 sleep "$MANY"
    # What would do no harm, were it let through.
    good exec --privileged one sh -c 'for file in /proc/sys/vm/swappiness /proc/sys/kernel/core_pattern; do
            cat $file >/tmp/value; { cat /tmp/value >$file; } 2>/dev/null && echo "wrote $file"; done
        ip link set lo mtu "$(cat /sys/class/net/lo/mtu)" 2>/dev/null && echo "changed lo"
        mount -o remount,rw /sys 2>/dev/null && echo "mounted /sys for writing"
        mknod /tmp/null c 1 3 2>/dev/null && cat /tmp/null 2>/dev/null && echo "made a device"
        stat -c %u /proc/sys/kernel/core_pattern /sys/kernel'
    assert_equal "$output" $'65534\n65534'
}

@test "a file system that can't be id-mapped: the error says so, and nothing is left" {
    mkdir -p "$T/low" "$T/over/"{l,u,w,m}
    cp -a "$(template_rootfs)/." "$T/over/l"
    mount -t overlay overlay -o "lowerdir=$T/over/l,upperdir=$T/over/u,workdir=$T/over/w" "$T/over/m"
    at_end umount "$T/over/m"
    refused "can't be id-mapped" "over/m" -- run --userns auto --network none --rm "$T/over/m" true
    good run --rm --network none "$T/over/m" true
    good create --name one --userns auto --network none -v "$T/over/m:/m:idmap" busy:1 true
    try start one
    assert_status 1
    assert_has "$stderr" "can't be id-mapped" '"/m"'
    no_mounts_left
    good rm one
}

# As /sbin/setcap writes it: version 2, effective, CAP_NET_RAW.
PING_CAPABILITY=0100000200200000000000000000000000000000
@test "capabilities of files: those of the image hold inside, those given inside are the image's after commit" {
    local how
    good bundle busy:1 "$T/b"
    mkdir "$T/b/rootfs/opt"
    cp /bin/busybox "$T/b/rootfs/opt/busybox"
    "$PYTHON" -c 'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex(sys.argv[2]))' "$T/b/rootfs/opt/busybox" $PING_CAPABILITY
    good commit "$T/b" cap:1
    good unbundle "$T/b"
    # Copied up by a change of its mode: the kernel writes them anew.
    own_users one --network none --cap-add setfcap cap:1 sh -c 'chmod 751 /opt/busybox; echo >/ready; exec sleep 600'
    wait_for 10 test -e "$(upper "$(cais inspect one | jq -r .[0].Id)")/ready"
    good commit one cap:2
    good bundle cap:2 "$T/b"
    assert_equal "$("$PYTHON" -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' "$T/b/rootfs/opt/busybox")" $PING_CAPABILITY
    good unbundle "$T/b"
    for how in cap:1 cap:2; do
        good run --rm --network none --userns auto --cap-add net_raw -u ship:0 "$how" /opt/busybox cat /proc/self/status
        assert_match "$output" $'CapEff:\t0*2000\n'
    done
}
