# SPDX-License-Identifier: Apache-2.0
# SELinux labels of the process, of its keyring and of file systems; the domain container_t is the lab's (lab.cil).
# Guests: selinux

load vm

PROCESS=system_u:system_r:container_t:s0:c1,c2
FILES=system_u:object_r:container_file_t:s0:c1,c2

setup() {
    guest_setup
    [ -z "${T-}" ] || chcon -R "$FILES" "$BUNDLE/rootfs"
    config --arg p "$PROCESS" --arg f "$FILES" '.process.selinuxLabel = $p | .linux.mountLabel = $f'
}

# Labels as the host sees them in the container's mount namespace.
file_label() { stat -c %C "/proc/$(state_of pid)/root$1"; }

@test "the program has the label and is confined by it" {
    mkdir "$T/secret"
    echo secret >"$T/secret/file"
    chcon -R system_u:object_r:etc_t:s0 "$T/secret"
    chcon system_u:object_r:shadow_t:s0 "$T/secret/file"
    config --arg s "$T/secret" '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["bind"]}]'
    in_container 'cat /proc/self/attr/current; cat /mnt/file || echo refused'
    assert_has "$output" "$PROCESS" refused
    assert_lacks "$output" secret
}

@test "file systems have the mount label, but for proc, sysfs and cgroups" {
    args sleep 1000
    ctr_running
    local path
    for path in /dev /dev/null /dev/pts /dev/shm /dev/mqueue; do
        assert_equal "$(file_label $path)" "$FILES"
    done
    assert_has "$(file_label /proc)" :proc_t:
    assert_has "$(file_label /sys)" :sysfs_t:
    # What covers a masked directory too.
    assert_equal "$(file_label /proc/acpi)" "$FILES"
}

@test "a label with commas goes through mount(2) too" {
    without "$OLD_KERNEL"
    args sleep 1000
    ctr_running
    assert_equal "$(file_label /dev)" "$FILES"
    assert_equal "$(file_label /dev/mqueue)" "$FILES"
    assert_equal "$(cat "/proc/$(state_of pid)/attr/current" | tr -d '\0')" "$PROCESS"
}

@test "a mount with a label of its own keeps it" {
    local own=system_u:object_r:container_file_t:s0:c7
    config --arg o "context=\"$own\"" '.mounts += [{destination: "/own", type: "tmpfs", source: "t", options: [$o]}]'
    args sleep 1000
    ctr_running
    assert_equal "$(file_label /own)" "$own"
}

@test "run.oci.mount_context_type: another kind of context" {
    not_on runc "does not know it"
    not_on crun "1.8 writes it in another place"
    config '.annotations["run.oci.mount_context_type"] = "rootcontext"'
    args sh -c 'mkdir /dev/shm/sub; exec sleep 1000'
    ctr_running
    assert_equal "$(file_label /dev/shm)" "$FILES"
    grep ' /dev/shm ' "/proc/$(state_of pid)/mountinfo" | grep -q rootcontext=
}

@test "the session keyring has the process's label" {
    args testinit keyring
    ctr_run
    assert_status 0
    assert_has "$output" "label: $PROCESS"
}

@test "in a user namespace, in a joined pid namespace" {
    args sleep 1000
    ctr_running
    new_bundle "$T/second" "$CTR-second"
    chcon -R "$FILES" "$T/second/rootfs"
    jq --arg pid "$(state_of pid)" --arg p "$PROCESS" '.process.selinuxLabel = $p |
        .linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end)
        | .process.args = ["cat", "/proc/self/attr/current"]' "$T/second/config.json" >"$T/new"
    cp "$T/new" "$T/second/config.json"
    run --separate-stderr rt run --bundle "$T/second" "$CTR-second" </dev/null
    assert_status 0
    assert_has "$output" "$PROCESS"
    must rt delete --force "$CTR"
    config '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings =
        [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chown 100000:100000 "$BUNDLE/rootfs"
    in_container 'cat /proc/self/attr/current'
    assert_has "$output" "$PROCESS"
}

@test "CVE-2019-16884 CVE-2025-52881: a /proc that is none, and one with false files, change nothing" {
    not_on runc "1.1 writes below the container's /proc"
    config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
    mkdir -p "$BUNDLE"/rootfs/proc/{self,thread-self}/attr
    echo false | tee "$BUNDLE"/rootfs/proc/{self,thread-self}/attr/{exec,keycreate} >/dev/null
    chcon -R "$FILES" "$BUNDLE/rootfs/proc"
    args sleep 1000
    ctr_running
    wait_for 5 grep -q "$PROCESS" "/proc/$(state_of pid)/attr/current"
    assert_equal "$(cat "$BUNDLE"/rootfs/proc/*/attr/* | sort -u)" false
}

@test "a label that the policy does not know is an error that names it" {
    config '.process.selinuxLabel = "system_u:system_r:no_such_t:s0"'
    assert_refused /process/selinuxLabel no_such_t
    config --arg p "$PROCESS" '.process.selinuxLabel = $p | .linux.mountLabel = "nothing"'
    assert_refused /linux/mountLabel nothing
}

@test "AppArmor is asked for where there is none: an error" {
    config '.process.apparmorProfile = "box"'
    assert_refused /process/apparmorProfile
}

@test "no label: the one of whoever creates it" {
    config 'del(.process.selinuxLabel, .linux.mountLabel)'
    in_container 'cat /proc/self/attr/current'
    assert_has "$output" :unconfined_t:
}
