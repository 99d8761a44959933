# SPDX-License-Identifier: Apache-2.0
# Hooks of all six kinds: order, namespaces, state on stdin, environment, timeout, failure.

load helpers

# A hook program on the host that appends to $T/hooks.log what it finds. Its words are on the
# command line: NAME, then options.
host_hook() {
    cat >"$T/hook" <<'END'
#!/bin/sh
# hook LOG NAME [sleep N] [exit N]: one line in LOG
log=$1 name=$2
state=$(cat)
status=$(printf %s "$state" | sed 's/.*"status": *"\([a-z]*\)".*/\1/')
pid=$(printf %s "$state" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
printf '%s' "$state" >"$log.$name.json"
env >"$log.$name.env"
echo "$name status=$status pid=$pid mnt=$(readlink /proc/self/ns/mnt) uts=$(readlink /proc/self/ns/uts)" >>"$log"
[ "$3" != sleep ] || sleep "$4"
[ "$3" != exit ] || { echo "words of the hook" >&2; exit "$4"; }
END
    chmod 755 "$T/hook"
    : >"$T/hooks.log"
}

# hook KIND NAME [WORD...]: adds a hook that runs $T/hook
hook() {
    local kind=$1 name=$2
    shift 2
    jq --arg k "$kind" --arg p "$T/hook" --arg l "$T/hooks.log" --arg n "$name" \
        '.hooks[$k] += [{path: $p, args: (["hook", $l, $n] + $ARGS.positional), env: ["PATH=/usr/bin:/bin"]}]' \
        "$BUNDLE/config.json" --args -- "$@" >"$T/config.new" || fail jq
    cat "$T/config.new" >"$BUNDLE/config.json"
}

names() { cut -d ' ' -f 1 "$T/hooks.log" | tr '\n' ' '; }
field() { sed -n "s/^$1 .*$2=\([^ ]*\).*/\1/p" "$T/hooks.log"; }

@test "order: prestart, createRuntime, createContainer | startContainer, poststart | poststop" {
    not_on runc "1.1 runs poststart at create"
    host_hook
    hook poststop f
    hook createRuntime b1
    hook createRuntime b2
    hook prestart a
    hook createContainer c
    hook poststart e
    # startContainer runs inside: its program and its log are the container's.
    printf '#!/bin/sh\ncat >/tmp/state; hostname >/tmp/start-hook\n' >"$BUNDLE/rootfs/bin/hook"
    chmod 755 "$BUNDLE/rootfs/bin/hook"
    config '.hooks.startContainer = [{path: "/bin/hook", env: ["PATH=/bin"]}]'
    args sleep 100
    ctr_create
    assert_equal "$(names)" "a b1 b2 c "
    [ ! -e "$BUNDLE/rootfs/tmp/start-hook" ] || fail "startContainer ran at create"
    ctr_start
    assert_equal "$(cat "$BUNDLE/rootfs/tmp/start-hook")" estiva-test
    assert_equal "$(names)" "a b1 b2 c e "
    must rt kill "$CTR" KILL
    wait_status stopped
    assert_equal "$(names)" "a b1 b2 c e "
    must rt delete "$CTR"
    assert_equal "$(names)" "a b1 b2 c e f "
}

@test "the status that each hook is told, and the pid" {
    host_hook
    hook prestart a
    hook createRuntime b
    hook createContainer c
    hook poststart e
    hook poststop f
    args sleep 100
    ctr_create
    local pid
    pid=$(state_of pid)
    ctr_start
    must rt delete --force "$CTR"
    # prestart is older than the status creating: it is told created, as the OCI validation programs want
    [ "$KIND" != estiva ] || assert_equal "$(field a status) $(field b status) $(field c status)" "created creating creating"
    [ "$KIND" = runc ] || assert_equal "$(field e status)" running
    assert_equal "$(field f status)" stopped
    assert_equal "$(field a pid) $(field b pid) $(field e pid)" "$pid $pid $pid"
    local name
    for name in a b c e f; do
        assert_equal "$(jq -r .id "$T/hooks.log.$name.json")" "$CTR"
        assert_equal "$(jq -r .bundle "$T/hooks.log.$name.json")" "$BUNDLE"
        assert_match "$(jq -r .ociVersion "$T/hooks.log.$name.json")" '^1\.'
    done
}

@test "state on stdin: annotations, one line, slashes not escaped" {
    host_hook
    config '.annotations = {"a/b": "c/d"}'
    hook createRuntime b
    args true
    ctr_run
    assert_status 0
    assert_equal "$(jq -r '.annotations["a/b"]' "$T/hooks.log.b.json")" c/d
    assert_has "$(cat "$T/hooks.log.b.json")" "$BUNDLE" a/b
}

@test "namespaces: prestart and createRuntime in the runtime's, createContainer in the container's" {
    host_hook
    hook prestart a
    hook createRuntime b
    hook createContainer c
    hook poststart e
    hook poststop f
    args sleep 100
    ctr_running
    local pid own
    pid=$(state_of pid)
    own=$(readlink /proc/self/ns/uts)
    assert_equal "$(field a uts) $(field b uts) $(field e uts)" "$own $own $own"
    assert_equal "$(field c uts)" "$(readlink "/proc/$pid/ns/uts")"
    assert_equal "$(field c mnt)" "$(readlink "/proc/$pid/ns/mnt")"
    assert_equal "$(field a mnt)" "$(in_view readlink /proc/self/ns/mnt)"
    must rt delete --force "$CTR"
    assert_equal "$(field f uts)" "$own"
}

@test "args: args[0] is passed as it is" {
    printf '#!/bin/sh\ncat /proc/$$/cmdline | tr "\\0" " " >%s/words\n' "$T" >"$T/hook"
    chmod 755 "$T/hook"
    config --arg p "$T/hook" '.hooks.createRuntime = [{path: $p, args: ["ignored by sh", "one", "t w o"]}]'
    args true
    ctr_run
    assert_status 0
    assert_has "$(cat "$T/words")" "one t w o"
}

@test "env: exactly what the hook's env says, nothing of the caller or of the container" {
    host_hook
    hook createRuntime b
    hook createContainer c
    config '.hooks.createRuntime[0].env = ["PATH=/usr/bin:/bin", "ONLY=this"] |
        .hooks.createContainer[0].env = ["PATH=/usr/bin:/bin", "ONLY=that"] | .process.env += ["IMAGE=1"]'
    args true
    export CALLER=1
    ctr_run
    assert_status 0
    assert_equal "$(grep -vE '^(PWD|SHLVL|_|OLDPWD)=' "$T/hooks.log.b.env" | sort | tr '\n' ' ')" "ONLY=this PATH=/usr/bin:/bin "
    assert_equal "$(grep -vE '^(PWD|SHLVL|_|OLDPWD)=' "$T/hooks.log.c.env" | sort | tr '\n' ' ')" "ONLY=that PATH=/usr/bin:/bin "
}

@test "env absent: neither the caller's nor the image's environment" {
    not_on crun "inherits its own"
    not_on runc "1.1 gives the image's environment"
    printf '#!/bin/sh\n/usr/bin/env >%s/env\n' "$T" >"$T/hook"
    chmod 755 "$T/hook"
    config --arg p "$T/hook" '.hooks.createContainer = [{path: $p}] | .process.env += ["LD_PRELOAD=/evil.so"]'
    args true
    export CALLER=1
    ctr_run
    assert_status 0
    assert_equal "$(grep -E 'CALLER|LD_PRELOAD|TERM' "$T/env")" ""
}

# fails KIND: the kind's first of two hooks fails at create, the second does not run.
create_fails_by() {
    host_hook
    hook "$1" bad exit 7
    hook "$1" second
    script 'echo ran >/tmp/ran'
    ctr_run
    [ "$status" -ne 0 ] || fail "the failure of $1 is ignored"
    assert_equal "$(names)" "bad "
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "the program ran"
    [ "$KIND" = crun ] || assert_has "$stderr" "words of the hook"
    [ "$KIND" != estiva ] || assert_has "$stderr" "/hooks/$1/0" 7
    assert_nothing_left
}

@test "a failing prestart hook ends the creation" { create_fails_by prestart; }
@test "a failing createRuntime hook ends the creation" { create_fails_by createRuntime; }
@test "a failing createContainer hook ends the creation" { create_fails_by createContainer; }

@test "a failed creation runs the poststop hooks" {
    host_hook
    hook createRuntime bad exit 1
    hook poststop f
    args true
    ctr_run
    [ "$status" -ne 0 ]
    assert_equal "$(names)" "bad f "
}

@test "a failing startContainer hook: start fails, the program does not run, nothing is left" {
    printf '#!/bin/sh\nexit 3\n' >"$BUNDLE/rootfs/bin/hook"
    chmod 755 "$BUNDLE/rootfs/bin/hook"
    config '.hooks.startContainer = [{path: "/bin/hook"}]'
    script 'echo ran >/tmp/ran'
    ctr_run
    [ "$status" -ne 0 ]
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ]
    [ "$KIND" != estiva ] || assert_has "$stderr" /hooks/startContainer/0
    assert_nothing_left
}

@test "a failing startContainer hook at start: the container is stopped and destroyed" {
    not_on runc "leaves it"
    not_on crun "leaves it"
    host_hook
    hook poststop f
    printf '#!/bin/sh\nexit 3\n' >"$BUNDLE/rootfs/bin/fails"
    chmod 755 "$BUNDLE/rootfs/bin/fails"
    config '.hooks.startContainer = [{path: "/bin/fails"}]'
    script 'echo ran >/tmp/ran'
    ctr_create
    capture start "$CTR"
    [ "$status" -ne 0 ] || fail "start succeeded"
    assert_has "$stderr" /hooks/startContainer/0
    [ ! -e "$BUNDLE/rootfs/tmp/ran" ] || fail "the program ran"
    assert_equal "$(names)" "f "
    assert_nothing_left
}

@test "a failing poststart hook: the container is stopped and destroyed (1.3)" {
    not_on runc "1.1 ignores it"
    not_on crun "1.8 ignores it"
    host_hook
    hook poststart bad exit 1
    hook poststop f
    args sleep 100
    ctr_create
    local pid
    pid=$(state_of pid)
    capture start "$CTR"
    [ "$status" -ne 0 ] || fail "start succeeded"
    assert_has "$stderr" /hooks/poststart/0
    process_gone "$pid" || fail "it still runs"
    assert_equal "$(names)" "bad f "
    assert_nothing_left
}

@test "a failing poststop hook is a warning, the others run, delete succeeds" {
    not_on runc "1.1 ends with the first"
    host_hook
    hook poststop bad exit 1
    hook poststop next
    args true
    ctr_running
    wait_status stopped
    run --separate-stderr rt --log "$T/log" delete "$CTR"
    assert_status 0
    assert_equal "$(names)" "bad next "
    assert_nothing_left
    [ "$KIND" != estiva ] || assert_has "$(cat "$T/log")" /hooks/poststop/0
}

@test "timeout: a hook that takes too long is killed and has failed" {
    not_on runc "1.1 waits for the hook's orphans"
    host_hook
    hook createRuntime slow sleep 60
    config '.hooks.createRuntime[0].timeout = 1'
    args true
    SECONDS=0
    ctr_run
    [ "$status" -ne 0 ] || fail "it ran"
    [ $SECONDS -lt 20 ] || fail "took $SECONDS seconds"
    local file
    for file in $(grep -lsaF "$T/hooks.log" /proc/[0-9]*/cmdline); do
        process_gone "$(basename "${file%/cmdline}")" || fail "the hook lives: $file"
    done
    assert_nothing_left
}

@test "timeout: a hook in time is fine; a timeout that is not positive is an error" {
    host_hook
    hook createRuntime quick
    config '.hooks.createRuntime[0].timeout = 30'
    args true
    ctr_run
    assert_status 0
    only_estiva "checks it"
    config '.hooks.createRuntime[0].timeout = 0'
    assert_refused /hooks/createRuntime/0/timeout
}

@test "a hook that never reads its input and one that floods its output" {
    printf '#!/bin/sh\nexec <&-\nhead -c 3000000 /dev/zero\nhead -c 3000000 /dev/zero >&2\n' >"$T/hook"
    chmod 755 "$T/hook"
    config --arg p "$T/hook" '.hooks.createRuntime = [{path: $p, env: ["PATH=/usr/bin:/bin"]}] |
        .annotations = {big: ([range(20000)] | map("0123456789") | join(""))}'
    in_container 'echo fine'
    assert_equal "$output" fine
}

@test "a missing hook program is an error that names it" {
    config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
    args true
    assert_refused /hooks/createRuntime/0 /no/such/hook
}

@test "a relative hook path is an error" {
    not_on runc "1.1 takes it"
    not_on crun "takes it"
    config '.hooks.prestart = [{path: "hook"}]'
    assert_refused /hooks/prestart/0/path
}

@test "createRuntime hooks find the container's namespaces by the pid of the state" {
    cat >"$T/hook" <<'END'
#!/bin/sh
pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
/usr/bin/nsenter -t $pid -n /usr/bin/env ip link add from-hook type veth peer name of-hook
END
    chmod 755 "$T/hook"
    config --arg p "$T/hook" '.hooks.createRuntime = [{path: $p, env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
    in_container 'ls /sys/class/net'
    assert_has "$output" from-hook
}

@test "createContainer hooks can mount into the container before the root changes" {
    cat >"$T/hook" <<END
#!/bin/sh
mount -t tmpfs by-hook $BUNDLE/rootfs/home && echo hi >$BUNDLE/rootfs/home/by-hook
END
    chmod 755 "$T/hook"
    config --arg p "$T/hook" '.hooks.createContainer = [{path: $p, env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
    in_container 'cat /home/by-hook'
    assert_equal "$output" hi
    assert_equal "$(ls -A "$BUNDLE/rootfs/home")" ""
}
