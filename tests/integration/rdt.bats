# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt: groups of resctrl. The tests' machines have no processor with RDT: resctrl.py stands in for the kernel,
# and the runtime finds it by a table of mounts that names it as one.

load helpers

setup() {
    common_setup
    not_on runc "finds resctrl by its magic number"
    not_on crun "finds resctrl by its magic number"
    requires python
    [ -e /dev/fuse ] || skip_because "needs /dev/fuse"
    R=$T/own-resctrl
    mkdir "$R"
    "$PYTHON" "$HERE/resctrl.py" "$R" 3>&- >"$T/resctrl-log" 2>&1 &
    at_end "umount '$R'"
    wait_for 10 mountpoint -q "$R"
    { cat /proc/self/mountinfo; echo "999 1 0:999 / $R rw shared:1 - resctrl resctrl rw"; } >"$T/mountinfo"
    # The table that the runtime reads is that of its own process.
    VIEW=(unshare --mount --propagation private)
    printf '#!/bin/sh\nmount --bind %s /proc/$$/mountinfo && exec %s "$@"\n' "$T/mountinfo" "$RUNTIME" >"$T/runtime"
    chmod 755 "$T/runtime"
    PLAIN=$RUNTIME RUNTIME=$T/runtime
    args sleep 1000
}

rdt() { config --argjson r "$1" '.linux.intelRdt = $r'; }
groups() { find "$R" -mindepth 1 -maxdepth 1 -type d ! -name mon_groups ! -name mon_data ! -name info -printf '%f\n' | sort | xargs; }
lines() { tr -d ' ' <"$R/$1/schemata"; }
assert_in() { # DIR: the container's process is there
    assert_equal "$(cat "$R/$1/tasks")" "$(state_of pid)"
}

@test "without closID: a group of its own, which goes with the container" {
    rdt '{"l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:0=20;1=70"}'
    ctr_create
    assert_in "$CTR"
    assert_equal "$(lines "$CTR")" $'L3:0=7f0;1=1f\nMB:0=20;1=70'
    ctr_start
    assert_in "$CTR"
    must rt delete --force "$CTR"
    assert_equal "$(groups)" ""
}

@test "without closID and without schemata: still a group of its own" {
    rdt '{}'
    ctr_running
    assert_in "$CTR"
    assert_equal "$(lines "$CTR")" $'L3:0=7ff;1=7ff\nMB:0=100;1=100'
}

@test "exec: its process is cloned by one that is in the container's group" {
    rdt '{}'
    ctr_running
    rt exec "$CTR" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    wait_for 5 eval '[ "$(wc -l <"$R/$CTR/tasks")" = 2 ]'
    assert_has "$(cat "$R/$CTR/tasks")" "$(state_of pid)"
    must rt delete --force "$CTR"
}

@test "MB lines of l3CacheSchema give way to memBwSchema, schemata come last" {
    rdt '{"l3CacheSchema": "MB:0=50;1=50\nL3:0=f;1=f", "memBwSchema": "MB:0=20;1=70", "schemata": ["L3:0=3", "MB:1=90"]}'
    ctr_running
    assert_equal "$(lines "$CTR")" $'L3:0=3;1=f\nMB:0=20;1=90'
    must rt delete --force "$CTR"
    rdt '{"l3CacheSchema": "MB:0=50;1=50\nL3:0=f;1=f"}'
    ctr_running
    assert_equal "$(lines "$CTR")" $'L3:0=f;1=f\nMB:0=50;1=50'
}

@test "closID alone: a group that is there, and stays" {
    mkdir "$R/gold"
    rdt '{"closID": "gold"}'
    ctr_running
    assert_in gold
    must rt delete --force "$CTR"
    assert_equal "$(groups)" gold
}

@test "closID alone: a group that is not there is an error" {
    rdt '{"closID": "gold"}'
    assert_refused /linux/intelRdt/closID "is not there"
    assert_equal "$(groups)" ""
}

@test "closID with schemata: made if missing, and then removed" {
    rdt '{"closID": "silver", "schemata": ["L3:0=f;1=f0"]}'
    ctr_running
    assert_in silver
    assert_equal "$(lines silver)" $'L3:0=f;1=f0\nMB:0=100;1=100'
    must rt delete --force "$CTR"
    assert_equal "$(groups)" ""
}

@test "closID with schemata: a group that is there has to have them" {
    mkdir "$R/gold"
    echo 'L3:0=0f0;1=7' >"$R/gold/schemata"
    rdt '{"closID": "gold", "l3CacheSchema": "L3:1=007;0=F0"}'
    ctr_running
    assert_in gold
    must rt delete --force "$CTR"
    rdt '{"closID": "gold", "l3CacheSchema": "L3:0=f0;1=8"}'
    assert_refused /linux/intelRdt/closID "allows something else"
    assert_equal "$(lines gold)" $'L3:0=f0;1=7\nMB:0=100;1=100'
}

@test "a group that we made and another uses stays" {
    rdt '{"closID": "silver", "schemata": ["MB:0=30;1=30"]}'
    ctr_running
    sleep 1000 3>&- &
    at_end "kill $!"
    echo $! >"$R/silver/tasks"
    must rt delete --force "$CTR"
    assert_equal "$(groups)" silver
    assert_has "$(cat "$R/silver/tasks")" $!
}

@test "closID \"/\" is the root group" {
    rdt '{"closID": "/", "enableMonitoring": true}'
    ctr_running
    assert_in .
    assert_in "mon_groups/$CTR"
    must rt delete --force "$CTR"
    [ ! -e "$R/mon_groups/$CTR" ]
}

@test "monitoring: a group for it in the container's group" {
    mkdir "$R/gold"
    rdt '{"closID": "gold", "enableMonitoring": true}'
    ctr_running
    assert_in gold
    assert_in "gold/mon_groups/$CTR"
    must rt delete --force "$CTR"
    [ -e "$R/gold/mon_groups" ]
    [ ! -e "$R/gold/mon_groups/$CTR" ]
}

@test "what the kernel refuses is an error with its reason, and nothing is left" {
    rdt '{"schemata": ["L2:0=f"]}'
    assert_refused /linux/intelRdt/schemata "Unknown or unsupported resource name 'L2'"
    assert_equal "$(groups)" ""
    mkdir "$R/a" "$R/b" "$R/c"
    rdt '{}'
    assert_refused /linux/intelRdt "No space left" "no class of service"
    assert_equal "$(groups)" "a b c"
}

@test "a failure that comes later removes the group" {
    rdt '{"schemata": ["L3:0=f"], "enableMonitoring": true}'
    args /no/such/program
    assert_refused "no such file"
    assert_equal "$(groups)" ""
}

@test "the container's own group must not be there yet" {
    mkdir "$R/$CTR"
    rdt '{}'
    assert_refused /linux/intelRdt "File exists"
    assert_equal "$(groups)" "$CTR"
}

@test "bad values; and no resctrl at all" {
    local name
    for name in .. a/b info mon_groups mon_data; do
        config --arg n "$name" '.linux.intelRdt = {"closID": $n}'
        assert_refused /linux/intelRdt/closID "is no name of a group"
    done
    rdt '{"memBwSchema": "L3:0=f"}'
    assert_refused /linux/intelRdt/memBwSchema 'does not start with "MB'
    rdt '{"memBwSchema": "MB:0=5\nL3:0=1"}'
    assert_refused /linux/intelRdt/memBwSchema "more than one line"
    rdt '{"schemata": ["L3:0=1", "nothing"]}'
    assert_refused /linux/intelRdt/schemata/1
    RUNTIME=$PLAIN
    rdt '{}'
    assert_refused /linux/intelRdt "no resctrl file system is mounted"
}

@test "update: new schemata, with the other limits or not at all" {
    rdt '{"l3CacheSchema": "L3:0=7f0;1=1f"}'
    ctr_running
    must rt update --l3-cache-schema L3:0=f --mem-bw-schema MB:1=30 "$CTR"
    assert_equal "$(lines "$CTR")" $'L3:0=f;1=1f\nMB:0=100;1=30'
    capture update --l3-cache-schema L2:0=f "$CTR"
    [ "$status" -ne 0 ]
    assert_has "$stderr" /linux/intelRdt "Unknown or unsupported resource name 'L2'"
    capture update --mem-bw-schema L3:0=f "$CTR"
    [ "$status" -ne 0 ]
    assert_has "$stderr" memBwSchema
    # A limit that the kernel refuses takes the schemata back.
    capture update --l3-cache-schema L3:0=1 --cpuset-cpus 4000 "$CTR"
    [ "$status" -ne 0 ]
    assert_equal "$(lines "$CTR")" $'L3:0=f;1=1f\nMB:0=100;1=30'
}
