# SPDX-License-Identifier: Apache-2.0
"""Takes away what a validation program left: containers, processes, control groups and mounts.

Only what is named after the program's own containers or after the paths written into the programs is touched.
"""

import os
import pathlib
import signal
import subprocess
import time

# the control groups that the programs ask for by name (their cgroups package)
TEST_GROUPS = {"cgrouptest", "testdir"}
CGROUP_ROOT = pathlib.Path("/sys/fs/cgroup")
DEPTH = 3  # below the root of a hierarchy: PARENT/testdir/cgrouptest or MANAGER/CONTAINER


def delete_containers(runtime, root):
    if not root.is_dir():
        return
    for directory in root.iterdir():
        if not directory.is_dir():
            continue
        try:
            subprocess.run([runtime, "--root", str(root), "delete", "--force", directory.name],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            pass  # remove_groups kills what is left


def session_members(session):
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            # pid (name) state ppid pgrp session: the name may hold anything
            if int((directory / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                yield int(directory.name)
        except (OSError, IndexError):
            continue


def end_session(session):
    """Kills what a program started and did not end: some set up process groups of their own."""
    for _ in range(50):
        members = list(session_members(session))
        if not members:
            return
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)


def find_groups(names):
    """Control groups whose own name is in `names`, highest first, each hierarchy once."""
    found = []
    for base, directories, _ in os.walk(CGROUP_ROOT):
        depth = len(pathlib.Path(base).relative_to(CGROUP_ROOT).parts)
        hits = [d for d in directories if d in names]
        found += [pathlib.Path(base, d) for d in hits]
        directories[:] = [] if depth > DEPTH else [d for d in directories if d not in hits]
    return found


def remove_group(group):
    """Thaws, kills and removes `group` and all below it. A group that another process took away is no error."""
    subgroups = [pathlib.Path(base) for base, _, _ in os.walk(group, topdown=False)]
    for directory in subgroups:
        for name, value in (("freezer.state", "THAWED"), ("cgroup.freeze", "0"), ("cgroup.kill", "1")):
            try:
                (directory / name).write_text(value)
            except OSError:
                pass
        try:
            for pid in (directory / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass
    for directory in subgroups:
        for _ in range(20):
            try:
                directory.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.1)


def remove_groups(containers, fixed):
    """Removes the groups of `containers`, and the fixed ones on request. Returns what can't be removed."""
    names = set(containers) | (TEST_GROUPS if fixed else set())
    for group in find_groups(names):
        remove_group(group)
    return [str(group) for group in find_groups(names)]


def unmount_below(directory):
    """Mounts below `directory`, which is about to be deleted with all it holds."""
    points = [line.split()[1] for line in open("/proc/self/mounts", encoding="utf-8")]
    for point in sorted((p for p in points if p.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", "-l", point], check=True)
