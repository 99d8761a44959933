#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the kernel's resctrl file system, which needs a processor with RDT (no machine of the tests has one).

It behaves as Documentation/filesystems/resctrl.rst says as far as a runtime can see it: a directory made in the root is
a group with its files, one made in mon_groups a monitoring group; a task is in one group and in one monitoring group of
it; a schemata line is checked, and why it was refused stands in info/last_cmd_status; there are four groups at most.
Usage: resctrl.py DIR   (mounts there by FUSE and serves until it is unmounted)
"""
import errno
import os
import re
import stat
import sys

import fusepy as fuse

DEFAULT = {"L3": {"0": "7ff", "1": "7ff"}, "MB": {"0": "100", "1": "100"}}


def fail(code):
    raise fuse.FuseOSError(code)


class Group:
    def __init__(self):
        self.schemata = {name: dict(domains) for name, domains in DEFAULT.items()}
        self.tasks = set()
        self.monitors = {}  # name -> tasks


class Resctrl(fuse.Operations):
    def __init__(self):
        self.groups = {"": Group()}
        self.status = "ok"

    # A path is (group, monitoring group or None, file or None).
    def resolve(self, path):
        parts = [part for part in path.split("/") if part]
        name = parts.pop(0) if parts and parts[0] in self.groups else ""
        group = self.groups[name]
        if len(parts) >= 2 and parts[0] == "mon_groups":
            if parts[1] not in group.monitors:
                fail(errno.ENOENT)
            return name, parts[1], "/".join(parts[2:])
        return name, None, "/".join(parts)

    def is_directory(self, path):
        _, monitor, file = self.resolve(path)
        return file in ("", "mon_data") or (monitor is None and file in ("mon_groups", "info"))

    def content(self, path):
        name, monitor, file = self.resolve(path)
        group = self.groups[name]
        if file == "tasks":
            tasks = group.tasks if monitor is None else group.monitors[monitor]
            return "".join(f"{pid}\n" for pid in sorted(tasks) if os.path.exists(f"/proc/{pid}"))
        if file == "schemata" and monitor is None:
            return "".join(f"{resource:>6}:" + ";".join(f"{d}={v}" for d, v in sorted(domains.items())) + "\n"
                           for resource, domains in sorted(group.schemata.items()))
        if file == "info/last_cmd_status" and name == "":
            return self.status + "\n"
        return fail(errno.ENOENT)

    def getattr(self, path, fh=None):
        if self.is_directory(path):
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": len(self.content(path))}

    def readdir(self, path, fh):
        name, monitor, file = self.resolve(path)
        group = self.groups[name]
        if file == "mon_groups":
            return [".", "..", *group.monitors]
        if file:
            return [".", ".."]
        names = ["tasks", "mon_data"] + (["info"] if path == "/" else []) + ([] if monitor else ["schemata", "mon_groups"])
        return [".", "..", *names, *([n for n in self.groups if n] if path == "/" else [])]

    def mkdir(self, path, mode):
        parts = [part for part in path.split("/") if part]
        if len(parts) == 1:
            if parts[0] in self.groups or parts[0] in ("info", "mon_groups", "mon_data"):
                fail(errno.EEXIST)
            if len(self.groups) == 4:
                fail(errno.ENOSPC)
            self.groups[parts[0]] = Group()
            return
        name, monitor, file = self.resolve("/" + "/".join(parts[:-1]))
        if monitor is not None or file != "mon_groups":
            fail(errno.EPERM)
        if parts[-1] in self.groups[name].monitors:
            fail(errno.EEXIST)
        self.groups[name].monitors[parts[-1]] = set()

    def rmdir(self, path):
        name, monitor, file = self.resolve(path)
        if file or (name == "" and monitor is None):
            fail(errno.EPERM)
        if monitor is not None:
            del self.groups[name].monitors[monitor]
        else:
            self.groups[""].tasks |= self.groups.pop(name).tasks

    def refuse(self, status):
        self.status = status
        fail(errno.EINVAL)

    def write_schemata(self, group, text):
        if not text.endswith("\n"):
            fail(errno.EINVAL)
        new = {name: dict(domains) for name, domains in group.schemata.items()}
        for line in text.splitlines():
            resource, _, rest = line.strip().partition(":")
            if resource not in new:
                self.refuse(f"Unknown or unsupported resource name '{resource}'")
            for domain in rest.split(";"):
                number, _, value = domain.partition("=")
                if number not in new[resource] or not re.fullmatch("[0-9a-fA-F]+", value):
                    self.refuse(f"Bad domain or value '{domain}'")
                new[resource][number] = value.lstrip("0") or "0"
        group.schemata = new

    def write_task(self, name, monitor, pid):
        if not os.path.exists(f"/proc/{pid}"):
            fail(errno.ESRCH)
        group = self.groups[name]
        if monitor is not None:
            if pid not in group.tasks:
                self.refuse("Can't move task to different control group")
            group.monitors[monitor].add(pid)
            return
        for other in self.groups.values():
            other.tasks.discard(pid)
            for tasks in other.monitors.values():
                tasks.discard(pid)
        group.tasks.add(pid)

    def open(self, path, flags):
        self.content(path)
        return 0

    def truncate(self, path, length, fh=None):
        self.content(path)

    def read(self, path, size, offset, fh):
        return self.content(path).encode()[offset:offset + size]

    def write(self, path, data, offset, fh):
        name, monitor, file = self.resolve(path)
        self.status = "ok"
        if file == "schemata" and monitor is None:
            self.write_schemata(self.groups[name], data.decode())
        elif file == "tasks":
            self.write_task(name, monitor, int(data))
        else:
            fail(errno.EACCES)
        return len(data)


if __name__ == "__main__":
    fuse.FUSE(Resctrl(), sys.argv[1], foreground=True, nothreads=True, direct_io=True, fsname="resctrl")
