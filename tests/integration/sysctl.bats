# SPDX-License-Identifier: Apache-2.0
# linux.sysctl: what belongs to the container's namespaces is set, everything else refused.

load helpers

sysctl() { # KEY VALUE
    config --arg k "$1" --arg v "$2" '.linux.sysctl = {($k): $v}'
}

@test "network, IPC and message queue keys are set, inside only" {
    local before
    before=$(cat /proc/sys/kernel/shm_rmid_forced)
    config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1",
        "fs.mqueue.msg_max": "77", "kernel.msgmax": "9000", "net.ipv4.ping_group_range": "5 10",
        "kernel.sem": "250 32000 32 99"}'
    in_container 'cd /proc/sys; cat net/ipv4/ip_forward kernel/shm_rmid_forced fs/mqueue/msg_max kernel/msgmax net/ipv4/ping_group_range kernel/sem'
    assert_equal "$(tr '\t' ' ' <<<"$output")" "1
1
77
9000
5 10
250 32000 32 99"
    assert_equal "$(cat /proc/sys/kernel/shm_rmid_forced)" "$before"
}

@test "keys with slashes, and dots in the name of an interface" {
    not_on runc "1.1 mixes them up"
    not_on crun "1.8 mixes them up"
    config '.linux.sysctl = {"net/ipv4/conf/lo/arp_notify": "1"}'
    in_container 'cat /proc/sys/net/ipv4/conf/lo/arp_notify'
    assert_equal "$output" 1
}

@test "kernel.domainname" {
    sysctl kernel.domainname sub.example
    in_container 'cat /proc/sys/kernel/domainname'
    assert_equal "$output" sub.example
}

@test "kernel.hostname is refused: hostname is the place for it" {
    not_on crun "takes it"
    sysctl kernel.hostname other
    assert_refused '/linux/sysctl/kernel.hostname'
}

@test "keys of the whole machine are refused" {
    local key
    for key in kernel.panic vm.swappiness fs.file-max kernel.core_pattern kernel.printk; do
        sysctl $key "$(cat "/proc/sys/${key//.//}")"
        assert_refused "/linux/sysctl/$key"
    done
}

@test "keys are refused when the namespace is the host's" {
    sysctl net.ipv4.ip_forward 1
    config 'del(.linux.namespaces[] | select(.type == "network"))'
    assert_refused /linux/sysctl/net.ipv4.ip_forward
    sysctl kernel.msgmax 9000
    config 'del(.linux.namespaces[] | select(.type == "ipc"))'
    assert_refused /linux/sysctl/kernel.msgmax
}

@test "keys are refused when the namespace that is joined is the host's" {
    only_estiva "others look at the network namespace only, or not at all"
    local type file key
    while read -r type file key; do
        new_bundle "$T/$type"
        BUNDLE=$T/$type
        sysctl "$key" "$(cat "/proc/sys/${key//.//}")"
        config --arg t "$type" --arg p "/proc/$$/ns/$file" \
            '.linux.namespaces |= map(if .type == $t then .path = $p else . end) | del(.hostname)'
        assert_refused "/linux/sysctl/$key" "it would change the host"
    done <<'END'
network net net.ipv4.ip_forward
ipc ipc kernel.msgmax
uts uts kernel.domainname
END
}

@test "a key that does not exist, and one that leaves /proc/sys, are errors" {
    sysctl net.ipv4.no_such_key 1
    assert_refused /linux/sysctl/net.ipv4.no_such_key
    sysctl net/../../../../tmp/x 1
    assert_refused
    sysctl net/../kernel/panic 1
    assert_refused
}

@test "a value that the kernel refuses is an error that names the key" {
    sysctl net.ipv4.ip_forward notanumber
    assert_refused ip_forward
}
