# SPDX-License-Identifier: Apache-2.0
# A Debian root file system made by debootstrap (tests/debian-rootfs), in the foreground, detached and on a terminal.

load helpers
load terminal

setup() {
    common_setup
    CACHE=$BUILD/cache/debian-rootfs
    [ -x "$CACHE/usr/bin/apt-get" ] || skip_because "no $CACHE: contrib/setup test makes it"
    rm -rf "$BUNDLE/rootfs"
    cp -a --reflink=auto "$CACHE" "$BUNDLE/rootfs"
    # What a Debian system expects and docker gives.
    config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_ERRNO"}]}'
}

@test "Debian in the foreground: its tools see a system" {
    script 'cat /etc/os-release | head -n 1; dpkg -l | wc -l; id -un; ls /proc/self >/dev/null; perl -e "print 6*7, \"\n\""; getent passwd root'
    ctr_run
    assert_status 0
    assert_has "$output" "Debian GNU/Linux" 42 "root:x:0:0"
}

@test "Debian detached: it runs, is inspected, killed and deleted" {
    args bash -c 'trap "echo stopping; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
    ctr_running --pid-file "$T/pid"
    wait_for 10 grep -q ready "$T/out"
    assert_equal "$(state_of status)" running
    assert_equal "$(cat "$T/pid")" "$(state_of pid)"
    must rt kill "$CTR" TERM
    wait_status stopped
    assert_equal "$(tail -n 1 "$T/out")" stopping
    must rt delete "$CTR"
    assert_nothing_left
}

@test "Debian on a terminal: bash with prompt, size, Ctrl-C, job control, Ctrl-D" {
    requires python
    config '.process.terminal = true | .process.env += ["PS1=PROMPT> "]'
    args bash --norc -i
    rt_on_terminal 'size 30 100
        expect PROMPT> 
        send stty size\n
        expect 30 100
        expect PROMPT> 
        size 40 120
        sleep 0.3
        send stty size\n
        expect 40 120
        expect PROMPT> 
        send sleep 50\n
        sleep 0.4
        send \x03
        expect PROMPT> 
        send sleep 60\n
        sleep 0.4
        send \x1a
        expect Stopped
        expect PROMPT> 
        send fg\n
        expect sleep 60
        sleep 0.2
        send \x03
        expect PROMPT> 
        send (exit 5)\n
        expect PROMPT> 
        send \x04' run --bundle "$BUNDLE" "$CTR"
    assert_status 5
    assert_has "$output" "mode cooked at the end"
    assert_nothing_left
}

@test "Debian: a package's scripts and a user's login work" {
    script 'useradd -m tester && su - tester -c "id -un; pwd" && dpkg --audit && apt-get --version | head -n 1'
    ctr_run
    assert_status 0
    assert_has "$output" tester /home/tester apt
}

@test "Debian with a read-only root and tmpfs for what is written" {
    config '.root.readonly = true | .mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "t"}, {"destination": "/run", "type": "tmpfs", "source": "t"}]'
    script 'touch /tmp/x /run/y && ! touch /etc/z 2>/dev/null && echo fine'
    ctr_run
    assert_status 0
    assert_equal "$output" fine
}
