# SPDX-License-Identifier: Apache-2.0
# Common ground of the tests that run inside a guest of the VM lab: pure cgroup v2 with every controller. A guest is slow
# and its clock means little, so a test compares counters, not times.

load ../integration/helpers

setup() { guest_setup; }

guest_setup() {
    [ -n "${GUEST-}" ] || skip_because "runs in a guest of the VM lab: tests/vm/run"
    common_setup
    config '.linux.namespaces += [{"type": "cgroup"}]'
}

group() { cgroup_dir unified; }
value() { cat "$(group)/$1"; } # FILE of the container's cgroup

# One number of a file of `key value` lines: counter FILE KEY
counter() { awk -v key="$2" '$1 == key { print $2 }' "$(group)/$1"; }

resources() { # JSON: merged into linux.resources; the container then runs
    config --argjson r "$1" '.linux.resources += $r'
    ctr_running
}
