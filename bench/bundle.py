# SPDX-License-Identifier: Apache-2.0
"""The bundle every contender starts: a config.json of the shape and size that
docker writes for a default container, and a root file system that holds the
payload.  The seccomp profile is made from this machine's own system call table,
with the default profile's structure: allow by name, refuse the rest, a few
rules on arguments, three ABIs."""

import json
import os
import re
import shutil

HEADERS = "/usr/include/{triplet}/asm/unistd_{abi}.h"
CAPABILITIES = """AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD
NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT""".split()

# What a container without further capabilities may not call, and what is
# allowed for some arguments only (clone, clone3, personality, socket).
REFUSED = set("""_sysctl acct add_key bpf clock_adjtime clock_adjtime64 clock_settime
clock_settime64 clone clone3 create_module delete_module fanotify_init finit_module
fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module
io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load
kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount
move_pages nfsservctl open_by_handle_at open_tree perf_event_open personality
pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace
query_module quotactl quotactl_fd reboot request_key set_mempolicy
set_mempolicy_home_node setdomainname sethostname setns settimeofday socket stime
swapoff swapon sysfs syslog umount umount2 unshare uselib userfaultfd ustat
vhangup vm86 vm86old vserver""".split())

MASKED = ["/proc/" + name for name in """acpi asound interrupts kcore keys latency_stats
sched_debug scsi timer_list timer_stats""".split()]
MASKED += ["/sys/firmware", "/sys/devices/virtual/powercap"]
READONLY = ["/proc/" + name for name in "bus fs irq sys sysrq-trigger".split()]
NAMESPACES = ["cgroup", "ipc", "mount", "network", "pid", "uts"]
ETC_FILES = ["hostname", "hosts", "resolv.conf"]


def system_calls(abi):
    """Names and numbers of one ABI: "64", "32" or "x32"."""
    numbers = {}
    with open(HEADERS.format(triplet=f"{os.uname().machine}-linux-gnu", abi=abi)) as header:
        for line in header:
            found = re.match(r"#define __NR_(\w+)\s+(?:\(__X32_SYSCALL_BIT \+ )?(\d+)", line)
            if found:
                numbers[found[1]] = int(found[2])
    return numbers


def allowed_names():
    return sorted((set(system_calls("64")) | set(system_calls("32"))) - REFUSED)


def seccomp():
    def allow(name, *arguments):
        rule = {"names": [name], "action": "SCMP_ACT_ALLOW"}
        keys = ("index", "value", "valueTwo", "op")
        rule["args"] = [dict(zip(keys, argument)) for argument in arguments]
        return rule

    rules = [{"names": allowed_names(), "action": "SCMP_ACT_ALLOW"}]
    # AF_VSOCK (40) reaches the host of a virtual machine.
    rules += [allow("socket", (0, 40, 0, "SCMP_CMP_NE"))]
    rules += [allow("personality", (0, value, 0, "SCMP_CMP_EQ"))
              for value in (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)]
    # No new namespace: none of the CLONE_NEW* bits.
    rules += [allow("clone", (0, 0x7E020000, 0, "SCMP_CMP_MASKED_EQ"))]
    # A C library falls back to clone, whose flags a filter can read.
    rules += [{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            "syscalls": rules}


def device_rules():
    rules = [{"allow": False, "access": "rwm"}]
    for kind, major, minor, access in (
            ("c", 1, 5, "rwm"), ("c", 1, 3, "rwm"), ("c", 1, 9, "rwm"), ("c", 1, 8, "rwm"),
            ("c", 5, 0, "rwm"), ("c", 5, 1, "rwm"), ("c", None, None, "m"), ("b", None, None, "m"),
            ("c", 136, None, "rwm"), ("c", 5, 2, "rwm"), ("c", 10, 200, "rwm")):
        rule = {"allow": True, "type": kind, "major": major, "minor": minor, "access": access}
        rules.append({key: value for key, value in rule.items() if value is not None})
    return rules


def mounts(etc):
    safe = ["nosuid", "noexec", "nodev"]
    table = [
        ("/proc", "proc", "proc", safe),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts",
         ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        ("/sys", "sysfs", "sysfs", safe + ["ro"]),
        ("/sys/fs/cgroup", "cgroup", "cgroup", safe + ["ro"]),
        ("/dev/mqueue", "mqueue", "mqueue", safe),
        ("/dev/shm", "tmpfs", "shm", safe + ["mode=1777", "size=67108864"]),
    ]
    table += [(f"/etc/{name}", "bind", f"{etc}/{name}", ["rbind", "rprivate"]) for name in ETC_FILES]
    keys = ("destination", "type", "source", "options")
    return [dict(zip(keys, row)) for row in table]


def config(work, arguments, cgroup):
    capabilities = ["CAP_" + name for name in CAPABILITIES]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False, "user": {"uid": 0, "gid": 0}, "args": arguments, "cwd": "/",
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "HOSTNAME=bench"],
            "capabilities": {name: capabilities for name in ("bounding", "effective", "permitted")},
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": True,
        },
        "root": {"path": f"{work}/rootfs", "readonly": False},
        "hostname": "bench",
        "mounts": mounts(f"{work}/etc"),
        "linux": {
            "resources": {"devices": device_rules()},
            "cgroupsPath": cgroup,
            "namespaces": [{"type": name} for name in NAMESPACES],
            "maskedPaths": MASKED,
            "readonlyPaths": READONLY,
            "seccomp": seccomp(),
        },
    }


def make_rootfs(work, payload):
    for name in ("bin", "dev", "etc", "proc", "sys"):
        os.makedirs(f"{work}/rootfs/{name}", exist_ok=True)
    shutil.copy(payload, f"{work}/rootfs/bin/payload")
    os.makedirs(f"{work}/etc", exist_ok=True)
    for name in ETC_FILES:
        open(f"{work}/rootfs/etc/{name}", "w").close()
        with open(f"{work}/etc/{name}", "w") as file:
            file.write("127.0.0.1 bench\n")


def make_bundle(work, label, mode, cgroup):
    """Writes WORK/bundles/LABEL/MODE and returns its path."""
    return write_bundle(f"{work}/bundles/{label}/{mode}", config(work, ["/bin/payload", mode], cgroup))


def make_bundles(work, cgroup, count):
    """Of that many containers that wait, side by side."""
    document = config(work, ["/bin/payload", "pause"], "")
    paths = []
    for number in range(count):
        document["linux"]["cgroupsPath"] = f"{cgroup}/{number}"
        paths.append(write_bundle(f"{work}/bundles/many/{number}", document))
    return paths


def write_bundle(path, document):
    os.makedirs(path, exist_ok=True)
    with open(f"{path}/config.json", "w") as file:
        json.dump(document, file, indent=1)
    return path
