#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cais cp with containers that attack it: links in every place, a swap of names in a loop, libraries of their own, files
# that wait or do something when they are opened. 100 rounds of the race; 1,000 with ESTIVA_FULL=1.

load image

if [ "${ESTIVA_FULL:-0}" = 1 ]; then ROUNDS=1000; else ROUNDS=100; fi

setup() {
    image_setup
    at_end remove_all
    busybox_image
    mkdir "$T/host" "$T/out"
    echo "host secret $T" >"$T/host/canary"
    echo evil >"$T/evil"
    CANARY=$(snapshot)
}

# Whatever an escape would change or make.
snapshot() {
    find "$T/host" -printf '%P %i %y %m %U:%G %T@ %s %l\n' | sort
    sha256sum "$T/host/canary"
}
unchanged() { diff <(echo "$CANARY") <(snapshot) || fail "the host's files changed (above)"; }
# The canary's text is nowhere below what was copied.
no_secret() { ! grep -rqF "host secret" "$@" || fail "a file of the host came out"; }
ready() { cais exec "$1" test -e /ready 2>/dev/null; }

attacker() { # NAME SCRIPT OPTION...: a container that runs the script as its own root, then sleeps
    local name=$1 script=$2
    shift 2
    detached --name "$name" "$@" busy:1 sh -c "$script; : >/ready; exec sleep 1000"
    wait_for 10 ready "$name"
}

@test "CVE-2018-15664: links in the container lead nowhere else than below its root" {
    local up=../../../../../../../../../../../../../..
    attacker bad "ln -s $T/host /abs; ln -s $up$T/host /up; ln -s $T/host/canary /file; ln -s $T/host/new /new
        ln -s /proc/1/root /magic; ln -s /proc/self/cwd /cwd; ln -s /proc/self/fd /fds; mkdir /tree; ln -s $T/host /tree/link"
    for running in yes no; do
        for path in /abs/canary /up/canary /magic$T/host/canary /cwd/host/canary "$up$T/host/canary" "/..$T/host/canary"; do
            try cp "bad:$path" "$T/out/"
            assert_status 125
        done
        try cp -L bad:/file "$T/out/"
        assert_status 125
        good cp bad:/file "$T/out/"
        [ -L "$T/out/file" ] || fail "a link came out as something else"
        rm "$T/out/file"
        for path in /abs/ /up/ /abs/new /up/new /file /new /magic"$T"/host/ /fds/0 /tree/link/new; do
            try cp "$T/evil" "bad:$path"
            unchanged
        done
        mkdir -p "$T/evils/link"
        cp "$T/evil" "$T/evils/link/canary"
        refused "cannot overwrite non-directory" -- cp "$T/evils/." bad:/tree
        tar -C "$T" -c --transform 's,evil,link/canary,' evil | {
            status=0
            cais cp - bad:/tree 2>"$T/err" || status=$?
            assert_status 125
            assert_has "$(cat "$T/err")" "a symbolic link or another file is in the way"
        }
        unchanged
        no_secret "$T/out"
        [ "$running" = no ] || good stop bad
    done
}

@test "CVE-2018-15664: a directory that is exchanged for a link to the host all the time, and a file" {
    mkdir -p "$T/volume/dir/sub" "$T/volume/files"
    echo mine | tee "$T/volume/dir/canary" >"$T/volume/files/plain"
    # What is relative ends at the root of a running container anyway.
    ln -s "$T/host" "$T/volume/link"
    ln -s "$T/host/canary" "$T/volume/files/link"
    detached --name racer -v "$T/volume:/vol" -v "$PROGRAMS:/programs" busy:1 \
        /programs/exchanger /vol/dir /vol/link /vol/swaps-1
    detached --name racer2 -v "$T/volume:/vol" -v "$PROGRAMS:/programs" busy:1 \
        /programs/exchanger /vol/files/plain /vol/files/link /vol/swaps-2
    wait_for 10 test -e "$T/volume/swaps-1"
    wait_for 10 test -e "$T/volume/swaps-2"
    local worked=0 round
    for ((round = 1; round <= ROUNDS; round++)); do
        rm -rf "$T/out"
        mkdir "$T/out"
        case $((round % 5)) in
        0) try cp racer:/vol "$T/out/" ;;
        1) try cp racer:/vol/dir/canary "$T/out/" ;;
        2) try cp -L racer:/vol/files/plain "$T/out/" ;;
        3) try cp "$T/evil" "racer:/vol/dir/evil-$round" ;;
        4) try cp "$T/evil" racer:/vol/files/plain ;;
        esac
        [ "$status" = 0 ] || [ "$status" = 125 ] || fail "round $round: status $status: $stderr"
        [ "$status" != 0 ] || worked=$((worked + 1))
        no_secret "$T/out"
    done
    unchanged
    [ "$worked" -gt 0 ] || fail "no round worked"
    cais kill -s TERM racer racer2
    wait_for 10 test -s "$T/volume/swaps-1"
    wait_for 10 test -s "$T/volume/swaps-2"
    [ "$(cat "$T/volume/swaps-1")" -ge "$ROUNDS" ] && [ "$(cat "$T/volume/swaps-2")" -ge "$ROUNDS" ] ||
        fail "too few swaps to be a race"
}

@test "CVE-2018-15664: what comes out of a container is no way into the host at the next copy" {
    attacker bad "mkdir -p /first /second/link; ln -s $T/host /first/link; echo evil >/second/link/canary; ln -s $T/host/canary /first/file; echo evil >/second/file"
    good cp bad:/first/. "$T/out"
    refused "cannot overwrite non-directory" -- cp bad:/second/. "$T/out"
    good cp bad:/second/file "$T/out/file2"
    rm "$T/out/link"
    good cp bad:/second/. "$T/out"
    [ ! -L "$T/out/file" ] || fail "written through a link, or not at all"
    unchanged
}

@test "CVE-2019-14271: no library, name service or program of the container is used; nobody enters it" {
    requires strace
    attacker bad 'mkdir -p /lib /usr/lib /etc; for f in libnss_files.so.2 libc.so.6 ld-linux-x86-64.so.2; do echo evil >/lib/$f; cp /lib/$f /usr/lib/; done
        echo "passwd: evil" >/etc/nsswitch.conf; echo "root:x:12345:12345::/:/evil" >/etc/passwd; mkdir /d; echo data >/d/file; chown 7:8 /d/file'
    for step in "cp -a bad:/d $T/out/" "cp -a $T/evil bad:/d/" "cp bad:/d -"; do
        # shellcheck disable=SC2086
        strace -f -o "$T/trace" -e trace=open,openat,openat2,execve,execveat,setns,chroot,pivot_root,mmap \
            "$CAIS" --root "$T/store" --run-root "$T/run" $step >/dev/null 2>&1 3>&- || fail "$step: $(tail -n 3 "$T/trace")"
        # What is opened once the container is, by its process's directory of /proc.
        sed -n '/"\/proc\/[0-9]*", O_[A-Z|_]*PATH/,$p' "$T/trace" >"$T/behind"
        [ -s "$T/behind" ] || fail "$step: the container was not opened"
        if grep -E 'libnss|nsswitch|\.so|/passwd|/gconv|/locale|PROT_EXEC' "$T/behind"; then fail "$step: seen above"; fi
        if grep -E 'setns\(|chroot\(|pivot_root\(' "$T/trace"; then fail "$step: entered, above"; fi
        assert_equal "$(grep -c 'execve' "$T/trace")" 1
    done
    assert_equal "$(stat -c %u:%g "$T/out/d/file")" 7:8
}

@test "cp: devices and pipes of a container are not opened, and nothing with privilege comes out" {
    attacker bad 'mkdir /d; mkfifo /d/pipe; mknod /d/zero c 1 5; cp /bin/busybox /d/su; chmod 6755 /d/su; ln -s pipe /d/alias; nc -l -U -p /d/s 2>/dev/null & :' \
        --cap-add MKNOD
    good cp bad:/d "$T/out/"
    [ ! -e "$T/out/d/zero" ] || fail "a device was made"
    [ -p "$T/out/d/pipe" ] || fail "no pipe"
    assert_equal "$(stat -c %a "$T/out/d/su")" 755
    good cp bad:/d/pipe "$T/out/p"
    [ -p "$T/out/p" ] || fail "no pipe"
    try cp -L bad:/d/alias "$T/out/a"
    [ -p "$T/out/a" ] || fail "no pipe"
    requires strace
    strace -f -o "$T/trace" -e trace=open,openat,openat2 "$CAIS" --root "$T/store" --run-root "$T/run" \
        cp bad:/d "$T/out/" >/dev/null 2>&1 3>&-
    ! grep -E '"(zero|pipe)"' "$T/trace" | grep -v O_PATH || fail "opened (above)"
}

@test "cp: archives that name places outside are refused" {
    attacker bad "mkdir /d; ln -s $T/host /d/link"
    mkdir "$T/x"
    for name in "../../../../../../..$T/host/new" "a/../../new" "/..$T/host/new"; do
        tar -P -C "$T" -c --transform "s,^evil\$,$name," evil >"$T/x/a.tar"
        status=0
        cais cp - bad:/d <"$T/x/a.tar" 2>"$T/err" || status=$?
        assert_status 125
        assert_has "$(cat "$T/err")" '..'
    done
    # A hard link to what is behind a link, and a link of the archive's own that is then walked through.
    "$PYTHON" - "$T/x/b.tar" "$T/x/c.tar" "$T/host" <<'PY'
import io, sys, tarfile
def add(tar, name, kind=tarfile.REGTYPE, link="", data=b""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, link, len(data)
    tar.addfile(member, io.BytesIO(data))
with tarfile.open(sys.argv[1], "w") as tar:
    add(tar, "hard", tarfile.LNKTYPE, "link/canary")
with tarfile.open(sys.argv[2], "w") as tar:
    add(tar, "way", tarfile.SYMTYPE, sys.argv[3])
    add(tar, "way/new", data=b"evil\n")
PY
    for file in b c; do
        status=0
        cais cp - bad:/d <"$T/x/$file.tar" 2>"$T/err" || status=$?
        assert_status 125
        unchanged
    done
    # At the root links are followed, and stay below it.
    cais cp - bad:/ <"$T/x/c.tar" 2>"$T/err" || true
    unchanged
    [ ! -e "$T/host/new" ] || fail "written outside"
}
