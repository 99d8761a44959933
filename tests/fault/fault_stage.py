# SPDX-License-Identifier: Apache-2.0
# A container brought to a stage of its life, for tests of the commands on one that is there; shared by `kill` and `later`.
import json
import os

import fault_bundle
from fault_case import CONTAINER, HANG_SECONDS
from fault_world import Child, controllers, read


def prepare(runtime, stage):
    """A container in the given stage: the process that owns its pipes, and a problem or None."""
    if not stage:
        return None, None
    child = Child(runtime.operation("create"), runtime.error_file)
    if not child.wait(HANG_SECONDS) or child.code != 0:
        return child, f"create ended with {child.code}: {read(runtime.error_file).strip()}"
    if stage == "created":
        return child, None
    code, _, message = runtime.call("start", CONTAINER)
    if code != 0 or not child.wait_output(HANG_SECONDS):
        return child, f"start ended with {code}: {message.strip()}"
    runtime.enter()
    if stage == "paused":
        code, _, message = runtime.call("pause", CONTAINER)
        if code != 0:
            return child, f"pause ended with {code}: {message.strip()}"
    if stage == "stopped":
        child.close_stdin()
        runtime.world.drain(HANG_SECONDS)
    return child, None


def update_arguments(runtime):
    """`update` with a value for every controller that there is, and other device rules."""
    have = controllers()
    new = {"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 237, "access": "r"}]}
    if "memory" in have:
        new["memory"] = {"limit": 192 << 20, "reservation": 32 << 20}
    if "pids" in have:
        new["pids"] = {"limit": 48}
    if "cpu" in have:
        new["cpu"] = {"shares": 256, "quota": 80000, "period": 200000}
    if "hugetlb" in have:
        new["hugepageLimits"] = [{"pageSize": "2MB", "limit": 6 << 20}]
    return runtime.argv("update", "--resources", write_json(runtime, "resources", new), CONTAINER)


def exec_arguments(runtime):
    """`exec` that stays, of a process that differs from the container's in all that it can."""
    limits = [{"type": "RLIMIT_NOFILE", "soft": 256, "hard": 768}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
    kept = ["CAP_CHOWN", "CAP_KILL"]
    process = dict(fault_bundle.process(False), cwd="/scratch", env=["PATH=/first:/", "OTHER=three"], rlimits=limits, oomScoreAdj=432)
    process["user"] = {"uid": 1002, "gid": 1003, "umask": 0o077, "additionalGids": [7, 2001]}
    process["capabilities"] = {kind: kept for kind in process["capabilities"]}
    process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 3}
    process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    return runtime.argv("exec", "--pid-file", runtime.pid_file, "--process", write_json(runtime, "process", process), CONTAINER)


def detached_exec_arguments(runtime):
    """`exec` that only starts the program, most of which is the container's own."""
    options = ["--detach", "--pid-file", runtime.pid_file, "--cwd", "/data", "--env", "OTHER=three", "--cap", "CAP_CHOWN"]
    return runtime.argv("exec", *options, CONTAINER, "probe", *fault_bundle.TRIED_PATHS)


def write_json(runtime, name, value):
    path = os.path.join(runtime.world.directory, name + ".json")
    with open(path, "w", encoding="ascii") as f:
        json.dump(value, f)
    return path
