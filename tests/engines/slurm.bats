# SPDX-License-Identifier: Apache-2.0
# Slurm with contrib/engines/slurm-oci.conf: `srun --container`. One machine is controller and node.

load engines

setup_file() {
    engines_begin slurmctld slurmd srun munged
    export SLURM_CONF=$T/slurm/slurm.conf
    mkdir -p "$T"/slurm/{state,spool} "$T/munge"
    write_slurm_conf
    sed "s|/usr/bin/estiva|$T/bin/estiva|" "$SNIPPETS/slurm-oci.conf" >"$T/slurm/oci.conf"
    begin_munge
    daemon slurmctld slurmctld -D -f "$SLURM_CONF"
    daemon slurmd slurmd -D -f "$SLURM_CONF"
    ready 60 sh -c 'sinfo --noheader --format %T | grep -qx idle'
    slurm_bundle "$T/bundle"
}

teardown_file() { engines_end; }

teardown() { [ ! -d "${T-}/slurm" ] || inside scancel --user root >/dev/null 2>&1 || true; }

write_slurm_conf() {
    local name
    name=$(hostname -s)
    cat >"$SLURM_CONF" <<CONF
ClusterName=lab
SlurmctldHost=$name(10.99.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$T/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
KillWait=5
ReturnToService=2
StateSaveLocation=$T/slurm/state
SlurmdSpoolDir=$T/slurm/spool
SlurmctldPidFile=$T/slurm/slurmctld.pid
SlurmdPidFile=$T/slurm/slurmd.pid
NodeName=$name NodeAddr=10.99.0.1 CPUs=$(nproc)
PartitionName=all Nodes=$name Default=YES
CONF
    echo CgroupPlugin=cgroup/v1 >"$T/slurm/cgroup.conf"
}

begin_munge() {
    head -c 1024 /dev/urandom >"$T/munge/key"
    chmod 400 "$T/munge/key"
    daemon munged munged --foreground --force --key-file "$T/munge/key" --socket "$T/munge/socket" \
        --pid-file "$T/munge/pid" --log-file "$T/munge/log" --seed-file "$T/munge/seed"
    ready 20 test -S "$T/munge/socket"
}

# Slurm writes a configuration of its own from the bundle's: arguments, environment, directory.
slurm_bundle() { # DIR
    local template
    template=$(template_rootfs)
    mkdir -p "$1"
    cp -a "$template" "$1/rootfs"
    jq --arg cgroup "/$EN" '.linux.cgroupsPath = $cgroup' "$HERE/base-config.json" >"$1/config.json"
}

srun() { inside timeout -k 5 60 srun --container "$T/bundle" "$@"; }

# The id that Slurm gave to the container of the last step: node.user.job.step.task
last_id() { grep -oE "$(hostname -s)\.root\.[0-9]+\.[0-9]+\.[0-9]+" "$T/calls" | tail -n 1; }

@test "smoke: srun runs a container, prints, ends with its status" {
    run srun sh -c 'echo hello from process $$; ls -d /proc/1; exit 7'
    assert_has "$output" "hello from process 1"
    assert_status 7
    local id
    id=$(last_id)
    assert_called "$id" run
}

@test "environment, directory and input reach the program" {
    SHIP=estiva run --separate-stderr inside timeout -k 5 60 srun --container "$T/bundle" sh -c 'echo $SHIP; cat' <<<cargo
    assert_status 0
    assert_equal "$output" "estiva
cargo"
}

@test "the root file system is the bundle's" {
    echo mark >"$T/bundle/rootfs/mark"
    run --separate-stderr srun cat /mark
    assert_equal "$output" mark
}

@test "sbatch: a job whose script is in the container" {
    printf '#!/bin/sh\necho from $(cat /mark2)\n' >"$T/job"
    echo batch >"$T/bundle/rootfs/mark2"
    inside sbatch --wait --container "$T/bundle" --output "$T/job.out" "$T/job"
    assert_has "$(cat "$T/job.out")" "from batch"
    assert_called "$(grep -oE "$(hostname -s)\.root\.[0-9]+\.[^ ]+" "$T/calls" | tail -n 1)" run
}

# Slurm 22.05 signals the runtime's process, not the container: `run` has to pass it on.
@test "scancel: TERM reaches the program" {
    inside timeout 60 srun --container "$T/bundle" \
        sh -c 'trap "echo caught >/caught; exit 0" TERM; : >/listens; while :; do sleep 0.2; done' </dev/null >"$T/cancelled" 2>&1 &
    local srun_pid=$!
    running() { grep -qs . "$(echo /sys/fs/cgroup/*/"$EN"/cgroup.procs | cut -d ' ' -f 1)"; }
    wait_for 20 test -e "$T/bundle/rootfs/listens"
    inside scancel --user root
    wait "$srun_pid" || true
    gone() { ! running; }
    wait_for 20 gone
    assert_equal "$(cat "$T/bundle/rootfs/caught")" caught
    assert_called "$(last_id)" run
}

@test "a program that is not there is an error of the step" {
    run srun /no/such/program
    [ "$status" -ne 0 ]
    assert_has "$output" /no/such/program
}
