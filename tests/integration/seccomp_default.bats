# SPDX-License-Identifier: Apache-2.0
# The default seccomp filter of cais (contrib/seccomp): what it stops, what works under it, how it is changed.

load image

setup() {
    image_setup
    busybox_image
    P=(--rm --network none -v "$PROGRAMS:/programs:ro")
}

# `good run` by a runtime; crun as in run_bundle.
run_by() { # RUNTIME ARGUMENT...
    local view=()
    [ "${1##*/}" != crun ] || [ "$(cgroup_mode)" != hybrid ] ||
        view=(unshare --mount --propagation private sh -c "$V1_VIEW && exec \"\$@\"" -)
    run --separate-stderr timeout -k 5 60 "${view[@]}" "$CAIS" --root "$T/store" --run-root "$T/run" run --runtime "$@" 3>&-
    assert_status 0
}

# Sets `lines` to what the calls of docker's deny list end with.
try_calls() { # OPTION...
    run_by "${BY:-$BUILD/estiva}" "${P[@]}" "$@" busy:1 /programs/denied_calls
    [ ${#lines[@]} -ge 40 ] || fail "it tried ${#lines[@]} calls: $output"
}

# Where there are no calls of i386, the program says so.
assert_all_stopped() {
    assert_equal "$(grep -vE ' EPERM$|^no_i386 ok$' <<<"$output")" "clone3 ENOSYS"
}

mode() { awk '/^Seccomp:/ { print $2 }' <<<"$output"; }

@test "each call of docker's deny list is stopped, by whichever runtime" {
    requires runc crun
    local BY
    for BY in "${RUNTIMES[@]}"; do
        try_calls
        assert_all_stopped
    done
}

@test "it is the filter that stops them: with it and all capabilities they stay stopped, without it none is" {
    good create busy:1 true
    jq .linux.seccomp "$T/store/containers/$output/bundle/config.json" >"$T/default.json"
    good rm "$output"
    try_calls --cap-add ALL --security-opt seccomp="$T/default.json"
    assert_all_stopped
    try_calls --cap-add ALL --security-opt seccomp=unconfined
    assert_equal "$(grep ' EPERM$' <<<"$output")" ""
}

@test "capabilities open what they are for" {
    local script='mount -t tmpfs t /tmp && umount /tmp && unshare -m true && hostname other && hostname'
    try run "${P[@]}" busy:1 sh -c "$script"
    assert_status 1
    good run "${P[@]}" --cap-add SYS_ADMIN busy:1 sh -c "$script"
    assert_equal "$output" other
    try_calls --cap-add SYS_ADMIN
    assert_has "$output" "mount EFAULT" "clone3 EINVAL" "setns EBADF" "reboot EPERM" "kcmp EPERM" "keyctl EPERM"
    try_calls --cap-add SYS_PTRACE --cap-add sys_time
    assert_has "$output" "kcmp ESRCH" "clock_settime EFAULT" "mount EPERM" "clone3 ENOSYS"
    good run "${P[@]}" busy:1 chroot / true
    try run "${P[@]}" --cap-drop SYS_CHROOT busy:1 chroot / true
    assert_status 1
}

@test "a filter by default, for exec too; none with --privileged and seccomp=unconfined" {
    good run "${P[@]}" busy:1 cat /proc/self/status
    assert_equal "$(mode)" 2
    good run "${P[@]}" --user 1000 --cap-drop ALL busy:1 cat /proc/self/status
    assert_equal "$(mode)" 2
    good run "${P[@]}" --privileged busy:1 cat /proc/self/status
    assert_equal "$(mode)" 0
    good run "${P[@]}" --security-opt seccomp=unconfined busy:1 cat /proc/self/status
    assert_equal "$(mode)" 0
    good run "${P[@]}" --privileged --security-opt seccomp=builtin busy:1 cat /proc/self/status
    assert_equal "$(mode)" 2
    good run -d --network none --name filtered busy:1 sleep 100
    good exec filtered cat /proc/self/status
    assert_equal "$(mode)" 2
    good rm -f filtered
}

@test "seccomp=FILE: docker's form and OCI's; it is kept with the container" {
    cat >"$T/docker.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28, "args": null, "comment": "",
   "includes": {"minKernel": "3.0"}, "excludes": {"caps": ["CAP_MKNOD"]}}]}
END
    try run "${P[@]}" --security-opt seccomp="$T/docker.json" busy:1 mkdir /tmp/x
    assert_has "$stderr" "No space left"
    good run "${P[@]}" --security-opt seccomp:"$T/docker.json" --cap-add MKNOD busy:1 mkdir /tmp/x
    jq '{defaultAction, syscalls: [.syscalls[] | {names, action, errnoRet}]}' "$T/docker.json" >"$T/oci.json"
    good create --network none --name kept --security-opt seccomp="$T/oci.json" busy:1 mkdir /tmp/x
    rm "$T/oci.json"
    try start -a kept
    assert_has "$stderr" "No space left"
    good rm kept
}

@test "seccomp=FILE: a bad profile is refused with its name and the place, and nothing is made" {
    local file=$T/bad.json
    refused "$file" "No such file" -- run --security-opt seccomp="$file" busy:1 true
    echo '{"defaultAction": "SCMP_ACT_ALLOW"' >"$file"
    refused "$file" -- run --security-opt seccomp="$file" busy:1 true
    echo '{"defaultAction": "SCMP_ACT_ALOW"}' >"$file"
    refused "$file" /defaultAction SCMP_ACT_ALOW -- run --security-opt seccomp="$file" busy:1 true
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}' >"$file"
    refused "$file" /syscalls/0 names -- run --security-opt seccomp="$file" busy:1 true
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"name": "a", "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}' >"$file"
    refused "$file" /syscalls/0/args/0/index -- create --security-opt seccomp="$file" busy:1 true
    refused "option --security-opt" "seccomp=FILE" -- run --security-opt seccomp= busy:1 true
    assert_equal "$(cais ps -aq)" ""
}

# Programs of this host, in a root file system that has nothing else.
host_programs() {
    local program
    for program in python3 gcc nginx; do
        command -v "/usr/bin/$program" "/usr/sbin/$program" >/dev/null || skip_because "no $program: contrib/setup test installs it"
    done
    mkdir -p "$T/host"/{usr,etc,dev,proc,sys,tmp,run,root,var/log/nginx,var/lib/nginx}
    for program in bin sbin lib lib64; do ln -s "usr/$program" "$T/host/$program"; done
    printf 'root:x:0:0:root:/root:/bin/sh\nship:x:1000:1000::/home:/bin/sh\n' >"$T/host/etc/passwd"
    printf 'root:x:0:\nship:x:1000:\n' >"$T/host/etc/group"
    tar -C "$T/host" -c . | cais import - host:1 >/dev/null
    P+=(-v /usr:/usr:ro)
}

@test "gcc, python and nginx work under it" {
    host_programs
    good run "${P[@]}" host:1 sh -c 'echo "int main(void) { return 42; }" >/tmp/a.c && gcc -O2 -o /tmp/a /tmp/a.c && /tmp/a; echo $?'
    assert_equal "$output" 42
    good run "${P[@]}" host:1 /usr/bin/python3 -c '
import asyncio, multiprocessing, subprocess, tempfile, threading
results = []
thread = threading.Thread(target=lambda: results.append(subprocess.check_output(["id", "-u"], text=True).strip()))
thread.start(); thread.join()
with multiprocessing.get_context("fork").Pool(2) as pool: results.append(sum(pool.map(abs, [-1, -2])))
results.append(asyncio.run(asyncio.wait_for(asyncio.sleep(0, "slept"), 5)))
print(*results)'
    assert_equal "$output" "0 3 slept"
    cat >"$T/nginx.conf" <<'END'
user ship;
worker_processes 2;
error_log stderr;
pid /run/nginx.pid;
events {}
http {
    access_log off;
    server { listen 8080; listen unix:/run/http; location / { return 200 "hello by $server_port"; } }
}
END
    good run "${P[@]}" -v "$T/nginx.conf:/etc/nginx.conf:ro" host:1 sh -c 'nginx -c /etc/nginx.conf && /usr/bin/python3 -c "
import urllib.request
print(urllib.request.urlopen(\"http://127.0.0.1:8080/\").read().decode())" && nginx -c /etc/nginx.conf -s quit'
    assert_equal "$output" "hello by 8080"
}

@test "families of sockets: unix, IP and netlink, others by capability, AF_ALG and AF_VSOCK never" {
    host_programs
    local script='
import errno, socket
for family, kind, protocol in (1, 1, 0), (2, 1, 0), (10, 2, 0), (16, 3, 0), (16, 3, 9), (17, 3, 0), (38, 5, 0), (40, 1, 0), (29, 3, 1):
    try: socket.socket(family, kind, protocol); print(family, protocol, "ok")
    except OSError as error: print(family, protocol, errno.errorcode[error.errno])'
    good run "${P[@]}" host:1 /usr/bin/python3 -c "$script"
    assert_equal "${lines[*]}" "1 0 ok 2 0 ok 10 0 ok 16 0 ok 16 9 EPROTONOSUPPORT 17 0 EPERM 38 0 EPERM 40 0 EPERM 29 1 EPERM"
    good run "${P[@]}" --cap-add NET_RAW host:1 /usr/bin/python3 -c "$script"
    assert_has "${lines[*]}" "17 0 ok 38 0 EPERM 40 0 EPERM 29 1 EPERM"
    good run "${P[@]}" --cap-add NET_ADMIN --cap-add NET_RAW host:1 /usr/bin/python3 -c "$script"
    assert_has "${lines[*]}" "1 0 ok 2 0 ok 10 0 ok 16 0 ok" "17 0 ok 38 0 EPERM 40 0 EPERM"
    assert_lacks "${lines[*]}" "29 1 EPERM"
}

# A package for the container to install, in a repository of one directory.
make_repository() { # DIR
    local size sum
    mkdir -p "$1" "$T/package/DEBIAN" "$T/package/usr/bin"
    printf 'Package: ship\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: a test\n' >"$T/package/DEBIAN/control"
    printf '#!/bin/sh\nset -e\nuseradd --system --create-home --home-dir /home/sailor sailor\n' >"$T/package/DEBIAN/postinst"
    printf '#!/bin/sh\necho ship sails\n' >"$T/package/usr/bin/ship"
    chmod 755 "$T/package/DEBIAN/postinst" "$T/package/usr/bin/ship"
    dpkg-deb --root-owner-group --build "$T/package" "$1/ship.deb" >/dev/null
    size=$(stat -c %s "$1/ship.deb") sum=$(sha256sum "$1/ship.deb")
    { cat "$T/package/DEBIAN/control"; printf 'Filename: ./ship.deb\nSize: %s\nSHA256: %s\n' "$size" "${sum%% *}"; } >"$1/Packages"
}

@test "Debian: apt, dpkg, a package's scripts and su work under it" {
    local cache=$BUILD/cache/debian-rootfs
    [ -x "$cache/usr/bin/apt-get" ] || skip_because "no $cache: contrib/setup test makes it"
    requires dpkg-deb
    make_repository "$T/repository"
    good run "${P[@]}" -v "$T/repository:/repository:ro" "$cache" sh -ec '
        rm -f /etc/apt/sources.list.d/*
        echo "deb [trusted=yes] file:/repository ./" >/etc/apt/sources.list
        apt-get -q update
        apt-get -q -y install ship
        ship
        su sailor -s /bin/sh -c "id -un"
        dpkg -s ship | grep Status
        apt-get -q -y purge ship
        dpkg --audit
        grep Seccomp: /proc/self/status'
    assert_has "$output" "ship sails" sailor "Status: install ok installed" "Removing ship" $'Seccomp:\t2'
    assert_lacks "$stderr" "not permitted"
    [ ! -e "$cache/usr/bin/ship" ] || fail "the cache was changed"
}
