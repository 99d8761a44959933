# SPDX-License-Identifier: Apache-2.0
# Starts the workers of a test in namespaces of their own, gives each one its share of the cases and
# collects their results. Shared by `run`, `later`, `kill` and `selftest`.
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import fault_bundle
from fault_case import Runtime
from fault_world import World, controllers, enter_view

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
WORKERS = 2
THREADS = "the runtime has threads: the order of its system calls differs from run to run"


def build_directory():
    return os.path.abspath(os.environ.get("BUILD", os.path.join(TOP, "build")))


def runtime_path():
    return os.path.abspath(os.environ.get("RUNTIME", os.path.join(build_directory(), "estiva")))


def program(name):
    return os.path.join(build_directory(), "tests", "fault", name)


def missing():
    """One sentence about what keeps the test from running, or None."""
    for path in (runtime_path(), program("faulter"), program("probe")):
        if not os.access(path, os.X_OK):
            return f"{path} is missing: run make first"
    if os.geteuid() != 0:
        return "not root: the fault tests make containers without a user namespace"
    return None


def call_names():
    """Numbers of system calls to names, from the C library's header by the compiler."""
    compiler = os.environ.get("CC", "cc").split()
    text = subprocess.run(compiler + ["-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"], check=True,
                          capture_output=True, text=True).stdout
    return {int(number): name for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", text, re.M)}


def good_run(run):
    """Of three undisturbed runs the one of fewest calls: some wait for the kernel now and then, and what counts is what
    each run does."""
    return min((run() for _ in range(3)), key=lambda seen: len(seen.calls))


def is_covered(covered, cases):
    """Whether enough cases came about: a round of waiting for the kernel may not come again."""
    return cases > 0 and covered >= min(0.95 * cases, cases - 4)


def has_time_namespace(runtime):
    result = subprocess.run([runtime, "features"], capture_output=True, text=True, check=False)
    try:
        return "time" in json.loads(result.stdout)["linux"]["namespaces"]
    except (ValueError, KeyError, TypeError):
        return False


def make_runtime(task):
    """The world, bundle and runtime of one worker process."""
    directory = task["directory"]
    os.makedirs(directory)
    enter_view(task["view"], directory)
    world = World(directory, task["group"])
    bundle = os.path.join(directory, "bundle")
    config = fault_bundle.make_config(bundle, world.group + "/c", controllers(), task["variant"] == "userns",
                                      has_time_namespace(task["runtime"]))
    fault_bundle.make_bundle(bundle, program("probe"), config)
    os.chmod(directory, 0o755)
    return Runtime(task["runtime"], program("faulter"), task["names"], world, bundle, cold=task["variant"] == "cold")


def worker_command(script):
    return ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--net", "--ipc", "--mount-proc",
            "--propagation", "private", sys.executable, script, "--worker"]


def send(**result):
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


class Suite:
    """Counts results and prints one line for each failure and a last line with the numbers."""

    def __init__(self, verbose=False):
        self.passed = self.failed = self.skipped = 0
        self.verbose = verbose

    def record(self, name, reasons, stderr=""):
        if not reasons:
            self.passed += 1
            if self.verbose:
                print(f"ok {name}")
            return
        self.failed += 1
        print(f"not ok {name}")
        for reason in reasons[:8]:
            print(f"    {reason}")
        if stderr:
            print(f"    stderr: {stderr[-300:]}")
        sys.stdout.flush()

    def skip(self, name, reason):
        if os.environ.get("CI_STRICT") == "1":
            self.record(name, [f"skipped in a strict run: {reason}"])
            return
        self.skipped += 1
        print(f"skip {name}: {reason}")

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def run_workers(script, task, on_result):
    """Runs WORKERS copies of the script, each with its share of the task; on_result gets every line they send."""
    top = tempfile.mkdtemp(prefix="estiva-fault-")
    os.chmod(top, 0o755)
    children = []
    try:
        for index in range(WORKERS):
            share = dict(task, index=index, workers=WORKERS, directory=os.path.join(top, str(index)),
                         group=f"estiva-fault-{os.getpid()}-{index}")
            child = subprocess.Popen(worker_command(script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            child.stdin.write(json.dumps(share))
            child.stdin.close()
            children.append(child)
        read_results(children, on_result)
    finally:
        for child in children:
            child.kill()
            child.wait()
        shutil.rmtree(top, ignore_errors=True)


def read_results(children, on_result):
    import selectors
    selector = selectors.DefaultSelector()
    buffers = {}
    for child in children:
        os.set_blocking(child.stdout.fileno(), False)
        selector.register(child.stdout.fileno(), selectors.EVENT_READ, child)
        buffers[child.stdout.fileno()] = b""
    while buffers:
        for key, _ in selector.select():
            data = os.read(key.fd, 65536)
            *lines, buffers[key.fd] = (buffers[key.fd] + data).split(b"\n")
            for line in lines:
                on_result(json.loads(line))
            if not data:
                selector.unregister(key.fd)
                del buffers[key.fd]
                if key.data.wait() != 0:
                    on_result({"kind": "broken", "text": f"a worker ended with status {key.data.returncode}"})
