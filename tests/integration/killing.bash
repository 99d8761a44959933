# SPDX-License-Identifier: Apache-2.0
# For tests that kill cais at each of its steps, in a network namespace of the test's own.

load image

# A system call of these is a step; the kill comes before it is done. (A file that openat makes is written to next.)
STEPS='mkdirat,?renameat,renameat2,unlinkat,mount,umount2,move_mount,setns,unshare,write,sendto,sendmsg'
STEPS+=',kill,pidfd_send_signal,clone,?clone3,?vfork,fsync,fdatasync'
# The log is $T/calls.
TRACE=(strace -q -e signal=none -e "trace=$STEPS")

killing_setup() {
    image_setup
    requires strace
    use_own_net
    at_end no_images
    at_end nothing_left
    at_end remove_containers
    busybox_image
}

state_value() { sed -n "s/^$1=//p" "$T/run/containers/$CID/state"; }

elements() { in_net nft list ruleset | grep -E ' : [0-9a-f.:]+ \. [0-9]+'; }
no_pairs() { ! in_net ip -o link | grep -q veth; }
own_processes() {
    local file dir
    for file in $(grep -lsF "$CID" /proc/[0-9]*/cgroup); do
        dir=${file%/cgroup}
        process_gone "${dir#/proc/}" || echo "$file"
    done
}

# Of what does not run. The kernel takes pairs of devices down when it likes.
nothing_left() {
    local left
    left=$(
        elements
        find "$T/run/containers" "$T/run/runtime" -mindepth 1 -maxdepth 1 2>/dev/null
        grep -F -e "$T/run/containers" -e "$T/store/containers" /proc/self/mountinfo
        [ -z "${CID-}" ] || own_processes
        [ -z "${CID-}" ] || find /sys/fs/cgroup -maxdepth 4 -name "*$CID*" 2>/dev/null
        in_net ss -ltnH "sport = 8080"
        pgrep -f "cais-shim $T/run" || true
    )
    [ -z "$left" ] || { echo "left: $left"; return 1; }
    wait_for 5 no_pairs
}
# With the last container the mount of its image goes too.
no_images() { [ -z "$(find "$T/run/images" -mindepth 1)" ]; }

is_up() { [[ $(cais ps) == *" Up "* ]]; }

# STEP has those in $T/calls that had an effect, as what strace is to inject there: it counts each call by itself.
find_steps() {
    wait_for 5 grep -q exited "$T/calls"
    mapfile -t STEP < <(awk -F '[(]' '/[(]/ { n[$1]++; if (!/ = -1 /) print $1 ":signal=KILL:when=" n[$1] }' "$T/calls")
    [ ${#STEP[@]} -gt 1 ] || fail "few steps: $(<"$T/calls")"
}
