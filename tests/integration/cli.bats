# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, suggestions, version, spec, features, list, the log file.

load helpers

fails() { # WORD...: of the bare command line
    run --separate-stderr "$RUNTIME" "$@" </dev/null
    [ "$status" -ne 0 ] || fail "'$*' succeeded"
}

@test "--help and help name every command" {
    local word command
    for word in --help -h help; do
        run --separate-stderr "$RUNTIME" $word
        assert_status 0
        for command in create start run state kill delete list spec features; do
            assert_has "$output" "$command"
        done
    done
}

@test "each command has a help that names its options" {
    local command
    for command in create start run state kill delete list spec features; do
        run --separate-stderr "$RUNTIME" $command --help
        assert_status 0
        assert_has "$output" "$command"
    done
    run "$RUNTIME" run --help
    assert_has "$output" --bundle --console-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --detach --keep
    run "$RUNTIME" delete --help
    assert_has "$output" --force
}

@test "--version: name, version, version of the specification" {
    run --separate-stderr "$RUNTIME" --version
    assert_status 0
    assert_match "${lines[0]}" "^$KIND version [0-9]+\.[0-9]+"
    assert_has "$output" "spec: 1."
    run --separate-stderr "$RUNTIME" -v
    assert_match "${lines[0]}" "^$KIND version "
}

@test "an unknown command: an error with a suggestion" {
    fails crate
    [ "$KIND" != estiva ] || assert_has "$stderr" crate "did you mean create?"
    [ "$KIND" != estiva ] || assert_status 1
}

@test "an unknown option: an error with a suggestion" {
    fails create --bundel x y
    [ "$KIND" != estiva ] || assert_has "$stderr" --bundel "did you mean --bundle?"
    fails --rooot /x list
    [ "$KIND" != estiva ] || assert_has "$stderr" "did you mean --root?"
}

@test "missing and surplus words are errors" {
    local command
    for command in create start run state kill delete; do
        fails $command
    done
    only_estiva "refuses surplus words"
    for command in create start run state delete; do
        fails --root "$STATE" $command one two
        assert_has "$stderr" usage
    done
    fails
    fails list --format
    fails list --format yaml
    fails --log-format xml list
}

@test "options may be joined with =, short ones with their value; -- ends them" {
    only_estiva "one way of reading words"
    args true
    must "$RUNTIME" --root="$STATE" run --bundle="$BUNDLE" "$CTR" </dev/null
    must "$RUNTIME" --root "$STATE" run -b"$BUNDLE" -- "$CTR" </dev/null
    fails --root "$STATE" run --detach=yes "$CTR"
}

candidates() { # WORD...: without their help
    "$RUNTIME" complete -- "$@" | cut -f1 | tr '\n' ' '
}

@test "complete: commands, options, values and ids come from the tables" {
    only_estiva "a command of its own"
    local command long
    for command in $("$RUNTIME" --help | sed -n '/^Options:/q; s/^  \([a-z]*\) .*/\1/p'); do
        assert_has " $(candidates '')" " $command "
        for long in $("$RUNTIME" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\?\(--[a-z0-9-]*\).*/\2/p'); do
            assert_has " $(candidates "$command" -)" " $long "
        done
    done
    assert_equal "$(candidates --log-f)" "--log-format "
    assert_equal "$(candidates --log-format j)" "json "
    assert_equal "$(candidates --debug --log-format=)" "text json "
    assert_equal "$(candidates list -f '')" "table json "
    assert_equal "$(candidates run --bundle '')" ":directory "
    assert_equal "$(candidates run --bundle=x --pid-file '')" ":file "
    assert_equal "$(candidates kill some TE)" "TERM "
    assert_equal "$(candidates run '')$(candidates kill some TERM '')$(candidates list --quiet=)" ""
    fails complete -- no-such-command ''
    fails complete
}

@test "complete: ids of the named root, where a command takes one that exists" {
    only_estiva "a command of its own"
    script 'sleep 100'
    ctr_create
    assert_equal "$(candidates --root "$STATE" delete --force '')" "$CTR "
    assert_equal "$(candidates "--root=$STATE" kill "${CTR%?}")" "$CTR "
    assert_equal "$(candidates --root "$STATE" state "x$CTR")$(candidates --root "$STATE" run '')" ""
    assert_equal "$(candidates --root "$T/none" state '')" ""
}

# bash_completes WORD...: COMPREPLY after the tab key behind the last word, its words sorted.
bash_completes() {
    PATH=${RUNTIME%/*}:$PATH bash -c '
        source "$0"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        $(complete -p estiva | sed "s/.*-F \([^ ]*\).*/\1/") estiva "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd " "' \
        "$SOURCE_DIR/contrib/completions/bash/estiva" estiva "$@"
}

@test "the completion of bash: commands, options, values, files, ids" {
    only_estiva "its completion"
    mkdir -p "$T/here/dir"
    : >"$T/here/file"
    cd "$T/here"
    assert_equal "$(bash_completes sta)" "start state"
    assert_equal "$(bash_completes run --no-p)" --no-pivot
    assert_equal "$(bash_completes list --format =)" "json table"
    assert_equal "$(bash_completes list --format = t)" table
    assert_equal "$(bash_completes --root = "$STATE" list -)" "--format --quiet"
    assert_equal "$(bash_completes --root '')" dir
    assert_equal "$(bash_completes --log '')" "dir file"
    assert_equal "$(bash_completes run --pid-file = f)" file
    assert_equal "$(bash_completes no-such-command '')" ""
    script 'sleep 100'
    ctr_create
    assert_equal "$(bash_completes --root "$STATE" start '')" "$CTR"
}

@test "the completions of zsh and fish ask estiva; where the shells are installed, they can read them" {
    only_estiva "its completions"
    local zsh=$SOURCE_DIR/contrib/completions/zsh/_estiva fish=$SOURCE_DIR/contrib/completions/fish/estiva.fish
    assert_has "$(grep -v '^#' "$zsh")" ' complete -- '
    assert_has "$(grep -v '^#' "$fish")" ' complete -- '
    assert_equal "$(head -n 1 "$zsh")" "#compdef estiva cais"
    ! command -v zsh >/dev/null || zsh -n "$zsh"
    ! command -v fish >/dev/null || fish -n "$fish"
}

@test "make install DESTDIR: program, a man page for each command, completions, nothing else; it runs" {
    only_estiva "its build"
    requires make
    local config=$BUILD pages=() command
    [ -e "$config/config.mk" ] || config=$SOURCE_DIR
    env -u MAKEFLAGS -u MAKELEVEL make -C "$SOURCE_DIR" BUILD="$BUILD" CONFIG="$config" DESTDIR="$T/dest" prefix=/usr \
        install-files >"$T/out" 2>"$T/err" || fail "$(cat "$T/out" "$T/err")"
    if command -v lowdown >/dev/null; then
        pages=(usr/share/man/man1/estiva.1)
        for command in $("$RUNTIME" complete -- '' | cut -f1); do pages+=("usr/share/man/man1/estiva-$command.1"); done
        pages+=(usr/share/man/man1/cais.1)
        for command in $("$BUILD/cais" complete -- '' | cut -f1); do pages+=("usr/share/man/man1/cais-$command.1"); done
        pages+=(usr/share/man/man5/cais-registries.5 usr/share/man/man8/cais-shim.8)
    fi
    assert_equal "$(cd "$T/dest" && find . -type f -printf '%P\n' | LC_ALL=C sort)" "$(printf '%s\n' \
        usr/bin/{cais,cais-shim,estiva} usr/share/bash-completion/completions/{cais,estiva} \
        usr/share/fish/vendor_completions.d/{cais,estiva}.fish \
        usr/share/zsh/site-functions/_estiva "${pages[@]}" | LC_ALL=C sort)"
    assert_equal "$("$T/dest/usr/bin/estiva" --version)" "$("$RUNTIME" --version)"
}

@test "the man page of each command has the options of its help, and no others" {
    only_estiva "its manual"
    local program command page
    for program in "$RUNTIME" "$BUILD/cais"; do
        [ -x "$program" ] || fail "there is no $program"
        for command in $("$program" complete -- '' | cut -f1); do
            [ "$command" != container ] || continue # its page has those of container prune
            page=$SOURCE_DIR/man/${program##*/}-$command.1.md
            assert_equal "$command: $(sed '1,/^# OPTIONS/d; /^# /,$d' "$page" | grep '^\*\*-' | grep -o '\*\*--[a-z0-9-]*' | tr -d '*' | sort | paste -sd ' ')" \
                "$command: $("$program" "$command" --help | sed -n 's/^ \{2,6\}\(-., \)\?\(--[a-z0-9-]*\).*/\2/p' | sort | paste -sd ' ')"
            assert_has "$(sed -n '3p' "$page")" "${program##*/}-$command - $("$program" "$command" --help | sed -n '3p')"
        done
    done
}

@test "help has headings, examples and exit statuses; errors of a command line say what to do" {
    only_estiva "the words"
    assert_has "$("$RUNTIME" --help)" "A container's life:" "Look at containers:" "Exit status:"
    assert_has "$("$RUNTIME" exec --help)" "Examples:" "estiva exec -t web sh"
    fails list --root /x
    assert_has "$stderr" "--root stands before the command: estiva --root ... list"
    fails --bundle /x run one
    assert_has "$stderr" "those of a command stand after it"
    fails checkpoint one
    assert_has "$stderr" "not built yet"
}

@test "spec writes a configuration that runs, and does not overwrite" {
    mv "$BUNDLE/config.json" "$T/first.json"
    run --separate-stderr "$RUNTIME" spec --bundle "$BUNDLE"
    assert_status 0
    jq -e '.ociVersion and .process.args and .root.path' "$BUNDLE/config.json" >/dev/null
    echo '{}' >"$BUNDLE/config.json"
    fails spec --bundle "$BUNDLE"
    assert_equal "$(cat "$BUNDLE/config.json")" '{}'
    rm "$BUNDLE/config.json"
    cd "$BUNDLE"
    run --separate-stderr "$RUNTIME" spec
    assert_status 0
    config --arg c "/$CTR" '.process.terminal = false | .process.args = ["echo", "from spec"] |
        .linux.cgroupsPath = $c | del(.process.rlimits)'
    ctr_run
    assert_status 0
    assert_equal "$output" "from spec"
}

@test "spec --rootless has a user namespace and no devices rule" {
    mv "$BUNDLE/config.json" "$T/first.json"
    run --separate-stderr "$RUNTIME" spec --bundle "$BUNDLE" --rootless
    assert_status 0
    assert_equal "$(jq '[.linux.namespaces[].type] | index("user") != null' "$BUNDLE/config.json")" true
    assert_equal "$(jq '.linux.uidMappings | length' "$BUNDLE/config.json")" 1
}

@test "features: valid JSON with what the specification demands" {
    not_on runc "1.1 is older than the document"
    not_on crun "1.8 has fewer"
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" features
    [ "$status" -eq 0 ] || run --separate-stderr "$RUNTIME" features
    assert_status 0
    local json=$output
    jq -e '.ociVersionMin and .ociVersionMax and (.hooks | length == 6) and (.mountOptions | index("rro"))' <<<"$json" >/dev/null
    jq -e '.linux | (.namespaces | length == 8) and (.capabilities | index("CAP_SYS_ADMIN")) and
        .cgroup.v1 and .cgroup.v2 and .seccomp.enabled and (.seccomp.actions | index("SCMP_ACT_ERRNO"))
        and .apparmor.enabled and .netDevices.enabled and .mountExtensions.idmap.enabled
        and (.intelRdt | .enabled and .schemata and .monitoring) and (.memoryPolicy.modes | index("MPOL_BIND"))
        and (.seccomp.archs | index("SCMP_ARCH_X86_64")) and (.seccomp.operators | index("SCMP_CMP_EQ"))' <<<"$json" >/dev/null
}

@test "features: every property of the document has a value; nothing that runc has is missing" {
    only_estiva "its own document"
    local json pointer ours
    json=$("$RUNTIME" features)
    while read -r pointer _; do
        [[ $pointer == /* ]] || continue
        jq -e --arg p "${pointer#/}" 'getpath($p / "/") != null' <<<"$json" >/dev/null || fail "$pointer is missing"
    done <"$SOURCE_DIR/oci-spec/properties/features.txt"
    jq -e '.annotations["io.github.seccomp.libseccomp.version"] and .potentiallyUnsafeConfigAnnotations != []' <<<"$json" >/dev/null
    if command -v runc >/dev/null; then
        # acl and noacl: file systems have them, mounts do not; checkpoints and the agent of seccomp are still to come.
        ours=$(jq -n --argjson a "$(runc features)" --argjson b "$json" '[($a | paths(scalars) as $p |
            select($p[-1] | type == "number") | {list: $p[:-1], value: getpath($p)})] |
            map(select(.value as $v | .list as $l | $b | getpath($l) | index([$v]) | not)) | map(.value) | join(" ")' -r)
        for pointer in $ours; do
            [[ $pointer =~ ^(acl|noacl|SCMP_ACT_NOTIFY|bundle|org\.opencontainers\.runc\..*)$ ]] || fail "runc has $pointer"
        done
    fi
}

@test "features tells the truth: every mount option it lists is taken" {
    only_estiva "checks the list"
    local option
    for option in $("$RUNTIME" features | jq -r '.mountOptions[]'); do
        case $option in
        *bind | remount | *idmap | *-nofollow | copy-symlink) continue ;; # need a source or a mount of their own
        esac
        config --arg o "$option" '.mounts |= map(select(.destination != "/t")) | .mounts += [{destination: "/t", type: "tmpfs", source: "t", options: [$o]}]'
        "$RUNTIME" plan --bundle "$BUNDLE" >/dev/null 2>"$T/err" || fail "$option: $(cat "$T/err")"
    done
}

@test "--log text and --log json: an error is in the file, level, msg, time" {
    run --separate-stderr rt --log "$T/text" state nobody
    [ "$status" -ne 0 ]
    assert_has "$(cat "$T/text")" "does not exist"
    run --separate-stderr rt --log "$T/json" --log-format json state nobody
    [ "$status" -ne 0 ]
    assert_has "$stderr" "does not exist"
    local line
    line=$(tail -n 1 "$T/json")
    assert_equal "$(jq -r .level <<<"$line")" error
    assert_has "$(jq -r .msg <<<"$line")" "does not exist"
    # RFC 3339, as engines parse it.
    assert_match "$(jq -r .time <<<"$line")" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'
}

@test "--log appends and is made even when the command fails" {
    echo first >"$T/log"
    rt --log "$T/log" state nobody 2>/dev/null || true
    assert_equal "$(head -n 1 "$T/log")" first
    [ "$(wc -l <"$T/log")" -gt 1 ]
    rt --log "$T/new" state nobody 2>/dev/null || true
    [ -s "$T/new" ]
}

@test "--log to a place that does not exist is an error" {
    run --separate-stderr rt --log "$T/no/such/dir" list
    [ "$status" -ne 0 ]
    assert_has "$stderr" "$T/no/such/dir"
}

@test "output to a full device is an error, not silence" {
    only_estiva "others ignore it"
    run --separate-stderr sh -c '"$0" features >/dev/full' "$RUNTIME"
    assert_status 1
    assert_has "${stderr,,}" "no space left"
}

# In a mount namespace whose /run and /dev have sockets where the journal and the system log listen.
logged() { # COMMAND...: what arrives, in $T/datagrams
    requires python
    rm -rf "$T/own-dev"
    mkdir "$T/own-dev"
    unshare --mount --propagation private sh -c '
        mount -t tmpfs t /run && mkdir -p /run/systemd/journal && touch "$0/null" && mount --bind /dev/null "$0/null" &&
        mount --bind "$0" /dev || exit
        listener=$1 out=$2
        shift 2
        "$PYTHON" -c "$listener" "$out" & pid=$!
        until [ -S /dev/log ] && [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
        "$@"
        wait $pid' "$T/own-dev" '
import select, socket, sys
sockets = []
for path in ("/run/systemd/journal/socket", "/dev/log"):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    sockets.append(s)
ready = select.select(sockets, [], [], 10)[0]
while ready:
    open(sys.argv[1], "ab").write(ready[0].recv(65536) + b"\n")
    ready = select.select(sockets, [], [], 0.3)[0]
' "$T/datagrams" "$RUNTIME" --root "$STATE" "$@" 2>"$T/err"
}

@test "--log journald:NAME and syslog:NAME speak to their sockets" {
    only_estiva "1.8 of crun needs libsystemd"
    export PYTHON
    logged --log journald:ship state nobody
    assert_has "$(tr -d '\000' <"$T/datagrams")" PRIORITY=3 SYSLOG_IDENTIFIER=ship MESSAGE "does not exist"
    assert_has "$(cat "$T/err")" "does not exist"
    rm "$T/datagrams"
    logged --log syslog:ship state nobody
    assert_match "$(cat "$T/datagrams")" '^<11>ship: .*does not exist'
    run --separate-stderr rt --log file:"$T/plain" state nobody
    assert_has "$(cat "$T/plain")" "does not exist"
    run --separate-stderr unshare --mount sh -c 'mount -t tmpfs t /run; "$@"' sh "$RUNTIME" --log journald:x --root "$STATE" list
    [ "$status" -ne 0 ]
    assert_has "$stderr" --log journal
}

@test "--log-level says how much is said" {
    only_estiva "its warnings"
    config '.mounts += [{"destination": "relative", "type": "tmpfs", "source": "t"}]'
    run --separate-stderr rt plan --bundle "$BUNDLE"
    assert_has "$stderr" "warning:" relative
    run --separate-stderr rt --log-level error plan --bundle "$BUNDLE"
    assert_equal "$stderr" ""
    fails --log-level loud list
}

@test "options of older shims and other runtimes are taken" {
    only_estiva "others have some of them"
    must rt --rootless=false --criu /usr/sbin/criu --debug list
    must rt --rootless auto --cgroup-manager cgroupfs list
    must rt --systemd-cgroup list
    fails --root "$STATE" --systemd-cgroup create --bundle "$BUNDLE" "$CTR"
    assert_has "$stderr" systemd "not built yet"
    fails --root "$STATE" --cgroup-manager systemd run --bundle "$BUNDLE" "$CTR"
    assert_has "$stderr" systemd "not built yet"
    fails --cgroup-manager none list
    assert_nothing_left
}

@test "--cgroup-manager disabled: no cgroup of its own, limits refused, device rules said to limit nothing" {
    not_on runc "it has no such option"
    not_on crun "1.8 wants systemd for it"
    args cat /proc/self/cgroup
    config '.linux.resources = {"devices": [{"allow": false, "access": "rwm"}]}'
    run --separate-stderr rt --cgroup-manager disabled run --bundle "$BUNDLE" "$CTR"
    assert_status 0
    assert_equal "$(grep -v ':name=systemd:' <<<"$output")" "$(grep -v ':name=systemd:' /proc/self/cgroup)"
    assert_has "$stderr" /linux/resources/devices
    args sleep 100
    must rt_detached --cgroup-manager=disabled run --detach --bundle "$BUNDLE" "$CTR"
    assert_equal "$(state_of status)" running
    local verb
    for verb in pause ps "update --pids-limit 5" "events --stats"; do
        # shellcheck disable=SC2086
        capture $verb "$CTR"
        assert_status 1
        assert_has "$stderr" cgroup
    done
    must rt delete --force "$CTR"
    config '.linux.resources.pids = {"limit": 5}'
    capture --cgroup-manager disabled create --bundle "$BUNDLE" "$CTR"
    assert_status 1
    assert_has "$stderr" /linux/resources/pids/limit disabled
    assert_nothing_left
}

@test "help of a command; what is built in" {
    only_estiva "the words"
    run --separate-stderr "$RUNTIME" help update
    assert_has "$output" "usage: estiva update" --pids-limit
    fails help crate
    assert_has "$stderr" "did you mean create?"
    run --separate-stderr "$RUNTIME" --version
    assert_has "$output" "rundir: /run/estiva" +SECCOMP "libseccomp: 2."
    run --separate-stderr env XDG_RUNTIME_DIR=/run/user/0 "$RUNTIME" --version
    assert_has "$output" "rundir: /run/estiva"
    run --separate-stderr env XDG_RUNTIME_DIR=/run/user/9 setpriv --reuid 9 --regid 9 --clear-groups "$RUNTIME" --version
    [ "$status" != 0 ] || assert_has "$output" "rundir: /run/user/9/estiva"
}

@test "kill and delete by regular expression" {
    not_on runc "it has no such option"
    args sleep 100
    local id
    for id in "$CTR-a" "$CTR-b" "x$CTR"; do
        config --arg c "/$id" '.linux.cgroupsPath = $c'
        must rt_detached run --detach --bundle "$BUNDLE" "$id"
    done
    must rt kill --regex "^$CTR-[ab]\$" KILL
    wait_status stopped "$CTR-a"
    wait_status stopped "$CTR-b"
    status_is running "x$CTR"
    only_estiva "the status"
    capture kill --regex "$CTR" KILL
    assert_status 1
    assert_equal "$(grep -c "not running" <<<"$stderr")" 2
    wait_status stopped "x$CTR"
    must rt delete --regex "^$CTR"
    assert_equal "$(rt list --quiet)" "x$CTR"
    must rt delete --force --regex "$CTR"
    assert_nothing_left
    capture delete --regex '('
    assert_has "$stderr" "regular expression"
    must rt delete --regex nothing
}

@test "spec --config names the file" {
    not_on runc "it has no such option"
    run --separate-stderr "$RUNTIME" spec --bundle "$T" --config other.json
    assert_status 0
    jq -e .ociVersion "$T/other.json" >/dev/null
    fails spec --bundle "$T" -f other.json
}

@test "an error is one line that begins with the program's name" {
    only_estiva "the form of a message"
    fails --root "$STATE" state nobody
    assert_equal "${#stderr_lines[@]}" 1
    assert_match "$stderr" '^estiva: '
}

@test "words with control characters are quoted in errors" {
    only_estiva "the form of a message"
    fails --root "$STATE" state $'x\e[31m\nfaked: line'
    assert_equal "${#stderr_lines[@]}" 1
    assert_lacks "$stderr" $'\e'
}
