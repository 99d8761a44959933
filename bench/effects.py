# SPDX-License-Identifier: Apache-2.0
"""Judges what the payload reports from inside a container against config.json."""

import os

import bundle

CAPABILITY_SET = "00000000a80425fb"  # bundle.CAPABILITIES as /proc/PID/status writes them
NAMESPACE_LINKS = {"mount": "mnt", "network": "net"}


def sections(report):
    found, name = {}, None
    for line in report.splitlines():
        if line.startswith("== "):
            name = line[3:]
            found[name] = []
        elif name:
            found[name].append(line)
    return found


def status_faults(lines):
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    wanted = {"Seccomp": "2", "NoNewPrivs": "1", "NSpid": "1", "CapInh": "0" * 16,
              "CapPrm": CAPABILITY_SET, "CapEff": CAPABILITY_SET, "CapBnd": CAPABILITY_SET}
    return [f"{key} is {status.get(key)}, not {value}" for key, value in wanted.items() if status.get(key) != value]


def mount_faults(lines):
    mounts = {}
    for line in lines:
        left, right = line.split(" - ", 1)
        _, _, _, root, point, options = left.split()[:6]
        mounts[point] = (root, options.split(","), right.split()[0])
    faults = []
    if not mounts.get("/", ("",))[0].endswith("/rootfs"):
        faults.append("the root is not the bundle's")
    for row in bundle.mounts(""):
        if row["destination"] not in mounts:
            faults.append(f"{row['destination']} is not mounted")
        elif row["type"] not in ("bind", "cgroup") and mounts[row["destination"]][2] != row["type"]:
            faults.append(f"{row['destination']} is not a {row['type']}")
    for path in filter(os.path.exists, bundle.MASKED):
        root, options, kind = mounts.get(path, ("", [], ""))
        if not (root == "/null" or (kind == "tmpfs" and "ro" in options)):
            faults.append(f"{path} is not masked")
    for path in filter(os.path.exists, bundle.READONLY):
        if "ro" not in mounts.get(path, ("", [], ""))[1]:
            faults.append(f"{path} is not read-only")
    return faults


def namespace_faults(found):
    faults = []
    for name in bundle.NAMESPACES:
        link = f"/proc/self/ns/{NAMESPACE_LINKS.get(name, name)}"
        inside = "".join(found.get(link, []))
        if not inside or inside == os.readlink(link):
            faults.append(f"no {name} namespace of its own")
    return faults


def faults(report):
    """What is wrong with the container that printed this report."""
    found = sections(report)
    result = status_faults(found.get("/proc/self/status", []))
    result += mount_faults(found.get("/proc/self/mountinfo", []))
    result += namespace_faults(found)
    files = [line.split()[3:5] for line in found.get("/proc/self/limits", []) if line.startswith("Max open files")]
    if files != [["1024", "1024"]]:
        result.append(f"the limit of open files is {files}")
    if found.get("device outside the list") != ["refused"]:
        result.append("a device outside the list can be opened")
    if found.get("device in the list") != ["opened"]:
        result.append("/dev/null can't be opened")
    return result
