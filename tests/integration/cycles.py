#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cycles.py COUNT BUNDLE ID RUNTIME-AND-OPTIONS...: the life of a container, COUNT times: create, start, kill, delete.
Now and then the descriptors of its program are counted: as many as the first had."""
import os
import subprocess
import sys
import tempfile
import time

LOOK_EVERY, PATIENCE = 20, 60


def call(runtime, *words):
    """What it wrote to standard error, or None if it succeeded."""
    with tempfile.TemporaryFile() as errors:  # a pipe would stay open in the container
        status = subprocess.run([*runtime, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                timeout=PATIENCE, check=False).returncode
        errors.seek(0)
        return None if status == 0 else f"status {status}: {errors.read().decode(errors='replace')}"


def must(number, *line):
    if (problem := call(*line)) is not None:
        sys.exit(f"container {number}: {line[1]}: {problem}")


def until(done, what):
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            sys.exit(f"not within {PATIENCE} s: {what}")
        time.sleep(0.002)


def descriptors(pid):
    def runs():
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read() == "sleep\n"
    until(runs, "the program of the container")
    return len(os.listdir(f"/proc/{pid}/fd"))


def main(count, bundle, name, *runtime):
    first = None
    for number in range(int(count)):
        pid_file = f"{bundle}/pid"
        must(number, runtime, "create", "--bundle", bundle, "--pid-file", pid_file, name)
        must(number, runtime, "start", name)
        if number % LOOK_EVERY == 0:
            with open(pid_file, encoding="utf-8") as file:
                found = descriptors(int(file.read()))
            first = first or found
            if found != first:
                sys.exit(f"the program of container {number} has {found} descriptors, that of the first had {first}")
        must(number, runtime, "kill", name, "KILL")

        def deleted():
            problem = call(runtime, "delete", name)
            if problem is not None and "not stopped" not in problem:
                sys.exit(f"container {number}: delete: {problem}")
            return problem is None
        until(deleted, f"delete of container {number}")


main(*sys.argv[1:])
