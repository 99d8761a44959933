# SPDX-License-Identifier: Apache-2.0
# The bundle of the fault tests: a root file system with nothing but the probe and a config.json that
# uses as many properties as one container can, so that every step of the runtime has calls to fail.
import json
import os
import shutil

CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE"]
# Paths that the probe tries to read and to write.
TRIED_PATHS = ["/proc/kcore", "/proc/timer_list", "/proc/sys/kernel/domainname", "/proc/bus", "/proc/irq", "/masked-dir",
               "/masked-file", "/readonly", "/readonly/file", "/data", "/data/file", "/data-rw", "/scratch", "/dev/shm",
               "/proc/sys/net/core/somaxconn", "/proc/sys/kernel/msgmax", "/sys/fs/cgroup", "/dev/fuse", "/etc"]
USER_NAMESPACE_BASE = 100000


def make_rootfs(rootfs, probe):
    for name in ("proc", "sys", "dev", "tmp", "etc", "data", "data-rw", "scratch", "hooklog", "masked-dir/inner", "readonly", "work",
                 "first"):
        os.makedirs(os.path.join(rootfs, name))
    os.chmod(os.path.join(rootfs, "tmp"), 0o751)  # a tmpfs without mode= takes it over
    with open(os.path.join(rootfs, "etc/passwd"), "w", encoding="ascii") as f:
        f.write("root:x:0:0::/root:/bin/sh\nfaulty:x:1000:1001::/home/faulty:/bin/sh\n")
    for name in ("masked-file", "readonly/file"):
        with open(os.path.join(rootfs, name), "w", encoding="ascii") as f:
            f.write("content\n")
        os.chmod(os.path.join(rootfs, name), 0o666)
    # PATH finds the first; a search that goes on after an error would run the second.
    for name in ("first/probe", "probe"):
        shutil.copy(probe, os.path.join(rootfs, name))
        os.chmod(os.path.join(rootfs, name), 0o755)


def mounts(data):
    nodev = ["nosuid", "noexec", "nodev"]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": nodev},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": nodev + ["mode=1777", "size=64k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": nodev},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": nodev + ["ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": nodev + ["relatime", "ro"]},
        {"destination": "/scratch", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777", "noexec"]},
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]},
        {"destination": "/data", "type": "bind", "source": data, "options": ["rbind", "ro", "nosuid", "rprivate"]},
        {"destination": "/data-rw", "type": "bind", "source": data, "options": ["bind", "rw", "noatime", "slave"]},
        {"destination": "/data-rw/file", "type": "bind", "source": os.path.join(data, "file"), "options": ["bind", "ro"]},
        {"destination": "/hooklog", "type": "bind", "source": os.path.join(data, "hooklog"), "options": ["bind", "rw"]},
    ]


def hooks(probe, log):
    def one(kind, program=probe, file=log):
        return [{"path": program, "args": ["probe", "hook", kind, file], "env": ["KIND=" + kind], "timeout": 20}]
    return {
        "prestart": one("prestart"),
        "createRuntime": one("createRuntime"),
        "createContainer": one("createContainer"),
        "startContainer": one("startContainer", "/probe", "/hooklog/log"),
        "poststart": one("poststart"),
        "poststop": one("poststop"),
    }


def seccomp():
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"] if os.uname().machine == "x86_64" else [],
        "syscalls": [
            {"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
            {"names": ["swapon", "swapoff", "reboot"], "action": "SCMP_ACT_ERRNO"},
            {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
        ],
    }


def resources(controllers):
    result = {"devices": [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "access": "m"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 8, "access": "rwm"},
        {"allow": True, "type": "c", "major": 5, "minor": 2, "access": "rwm"},
        {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
    ]}
    if "memory" in controllers:
        result["memory"] = {"limit": 128 << 20, "reservation": 64 << 20}
    if "pids" in controllers:
        result["pids"] = {"limit": 64}
    if "cpu" in controllers:
        result["cpu"] = {"shares": 512, "quota": 90000, "period": 100000}
    if "cpuset" in controllers:
        result.setdefault("cpu", {}).update({"cpus": "0", "mems": "0"})
    if "hugetlb" in controllers:
        result["hugepageLimits"] = [{"pageSize": "2MB", "limit": 4 << 20}]
    return result


def process(user_namespace):
    limits = [("RLIMIT_NOFILE", 512, 1024), ("RLIMIT_CORE", 0, 0), ("RLIMIT_STACK", 4 << 20, 8 << 20)]
    return {
        "terminal": False,
        "user": {"uid": 1000, "gid": 1001, "umask": 0o027, "additionalGids": [5, 6, 2000]},
        "args": ["probe"] + TRIED_PATHS,
        "env": ["PATH=/first:/", "FACT=one two"],
        "cwd": "/work",
        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
        "rlimits": [{"type": t, "soft": s, "hard": h} for t, s, h in limits],
        "noNewPrivileges": True,
        "oomScoreAdj": 300 if user_namespace else 321,
    }


def make_config(bundle, cgroups_path, controllers, user_namespace, time_namespace):
    data = os.path.join(bundle, "data")
    kinds = ["pid", "network", "ipc", "uts", "mount", "cgroup"]
    linux = {
        "cgroupsPath": cgroups_path,
        "resources": resources(controllers),
        "sysctl": {"net.core.somaxconn": "256", "kernel.msgmax": "65536", "net.ipv4.ip_unprivileged_port_start": "77"},
        "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o660, "uid": 0, "gid": 0}],
        "maskedPaths": ["/proc/kcore", "/proc/timer_list", "/masked-dir", "/masked-file", "/does-not-exist"],
        "readonlyPaths": ["/proc/bus", "/proc/irq", "/proc/sys", "/readonly"],
        "rootfsPropagation": "slave",
        "seccomp": seccomp(),
    }
    if user_namespace:
        kinds.append("user")
        mapping = [{"containerID": 0, "hostID": USER_NAMESPACE_BASE, "size": 65536}]
        linux.update({"uidMappings": mapping, "gidMappings": mapping})
    if time_namespace:
        kinds.append("time")
        linux["timeOffsets"] = {"monotonic": {"secs": 5000, "nanosecs": 0}, "boottime": {"secs": 7000, "nanosecs": 0}}
    linux["namespaces"] = [{"type": kind} for kind in kinds]
    return {
        "ociVersion": "1.0.2",
        "process": process(user_namespace),
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "faulty",
        "mounts": mounts(data),
        "hooks": hooks(os.path.join(bundle, "hook"), os.path.join(data, "hooklog", "log")),
        "annotations": {"org.example.fault": "yes"},
        "linux": linux,
    }


def make_bundle(bundle, probe, config):
    rootfs, data = os.path.join(bundle, "rootfs"), os.path.join(bundle, "data")
    make_rootfs(rootfs, probe)
    os.makedirs(os.path.join(data, "hooklog"))
    shutil.copy(probe, os.path.join(bundle, "hook"))
    with open(os.path.join(data, "file"), "w", encoding="ascii") as f:
        f.write("data\n")
    os.chmod(os.path.join(data, "file"), 0o666)
    os.chmod(data, 0o777)
    os.chmod(os.path.join(data, "hooklog"), 0o777)
    if any(n["type"] == "user" for n in config["linux"]["namespaces"]):
        for top, directories, files in os.walk(rootfs):
            for name in directories + files:
                os.chown(os.path.join(top, name), USER_NAMESPACE_BASE, USER_NAMESPACE_BASE)
        os.chown(rootfs, USER_NAMESPACE_BASE, USER_NAMESPACE_BASE)
    with open(os.path.join(bundle, "config.json"), "w", encoding="ascii") as f:
        json.dump(config, f, indent=1)
