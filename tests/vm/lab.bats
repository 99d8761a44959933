# SPDX-License-Identifier: Apache-2.0
# The guests themselves: that each is the machine which the other tests take it for.
# Guests: qemu old selinux apparmor

load vm

setup() {
    [ -n "${GUEST-}" ] || skip_because "runs in a guest of the VM lab: tests/vm/run"
}

@test "cgroup v2 alone, with its controllers" {
    assert_equal "$(cgroup_mode)" v2
    local controller
    for controller in cpu cpuset io memory pids hugetlb rdma; do
        grep -qw $controller /sys/fs/cgroup/cgroup.controllers || fail "no $controller"
    done
}

@test "systemd is the init" {
    assert_equal "$(cat /proc/1/comm)" systemd
    systemctl is-active --quiet dbus.service
}

@test "the kernel is the one that the name says" {
    case $GUEST in
    old) assert_match "$(uname -r)" '^5\.10\.' ;;
    *) assert_match "$(uname -r)" '^6\.' ;;
    esac
}

@test "the security module is the one that the name says" {
    assert_has "$(cat /sys/kernel/security/lsm)" yama
    case $GUEST in
    selinux) assert_equal "$(getenforce)" Enforcing ;;
    apparmor) assert_equal "$(cat /sys/module/apparmor/parameters/enabled)" Y ;;
    *) assert_lacks "$(cat /sys/kernel/security/lsm)" selinux apparmor ;;
    esac
}
