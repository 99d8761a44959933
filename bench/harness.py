# SPDX-License-Identifier: Apache-2.0
"""Contenders, and the operations they are timed at.  Each operation is checked
by its effect, untimed, right after it: a runtime that does less than it was
asked for is not in the race."""

import json
import os
import re
import select
import shutil
import subprocess
import time
from dataclasses import dataclass, field

CGROUP_ROOT = "/sys/fs/cgroup"
CGROUP_PARENT = "/estiva-bench"
HANG_SECONDS = 30
HUGE_LIMIT = 8 << 20  # bytes; huge pages are what a hybrid host leaves to cgroup2


class Fault(Exception):
    """A command failed or its effect is not what was asked for."""


class Meter:
    """The process that starts and times the commands (meter.c)."""

    def __init__(self, program, output):
        self.output = output
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *fields):
        self.process.stdin.write("\t".join(fields) + "\n")
        if not select.select([self.process.stdout], [], [], HANG_SECONDS)[0]:
            raise SystemExit(f"bench: no end after {HANG_SECONDS} s: {' '.join(fields)}")
        return [int(word) for word in self.process.stdout.readline().split()]

    def run(self, command):
        """(wall ms, user+system ms); a failing command is a Fault with what it wrote."""
        status, wall, user, system = self.ask("run", self.output, *command)
        if status:
            raise Fault(f"{os.path.basename(command[0])}: status {status}: {self.text().strip()[-300:]}")
        return wall / 1e6, (user + system) / 1e3

    def reap(self, pid):
        self.ask("reap", str(pid))

    def text(self):
        with open(self.output, errors="replace") as file:
            return file.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Contender:
    name: str
    program: str
    work: str
    version: str = ""
    cold: bool = False
    bundles: dict = field(default_factory=dict)
    left_out: set = field(default_factory=set)  # operations that it can't do here
    pid: int = 0

    @property
    def key(self):
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower()).strip("-")

    @property
    def root(self):
        return f"{self.work}/state/{self.key}"

    @property
    def cgroup(self):
        return f"{CGROUP_PARENT}/{self.key}"

    def operations(self):
        """A cold cache matters only to those that load the filter."""
        return ["run", "create"] if self.cold else [name for name in OPERATIONS if name not in self.left_out]

    def command(self, *arguments):
        return [self.program, "--root", self.root, *arguments]

    def run_command(self, mode="exit"):
        return self.command("run", "-b", self.bundles[mode], "c")

    def create_command(self):
        return self.command("create", "-b", self.bundles["pause"], "--pid-file", f"{self.work}/state/{self.key}.pid", "c")

    def forget_cache(self):
        """No container of ours exists at this point: all that is there is cache."""
        shutil.rmtree(self.root, ignore_errors=True)

    def update_command(self):
        return self.command("update", "-r", f"{self.work}/state/update.json", "c")

    def read_cgroup(self, file):
        with open(f"{CGROUP_ROOT}{self.cgroup}/{file}") as opened:
            return opened.read()

    def read_pid(self):
        with open(f"{self.work}/state/{self.key}.pid") as file:
            self.pid = int(file.read())

    def executes_payload(self):
        return os.readlink(f"/proc/{self.pid}/exe").endswith("/payload")

    def check_gone(self):
        for path in (f"{self.root}/c", CGROUP_ROOT + self.cgroup):
            if os.path.exists(path):
                raise Fault(f"{os.path.basename(path)} of {self.name} is left behind")


class Floor(Contender):
    """The kernel's price alone: one program, one operation."""

    def operations(self):
        return ["run"]

    def run_command(self, mode="exit"):
        return [self.program, f"{self.work}/rootfs", f"{self.work}/etc", CGROUP_ROOT + self.cgroup,
                f"{self.work}/filter", "/bin/payload", mode]


def wait_for(effect, fault, seconds=2):
    deadline = time.monotonic() + seconds
    while not effect():
        if time.monotonic() > deadline:
            raise Fault(fault)
        time.sleep(0.001)


def created(contender, meter):
    contender.read_pid()
    if contender.executes_payload():
        raise Fault("create has started the program")


def started(contender, meter):
    wait_for(contender.executes_payload, "start has not started the program")


def state_told(contender, meter):
    state = json.loads(meter.text())
    if (state["status"], state["pid"]) != ("running", contender.pid):
        raise Fault(f"state says {state['status']}, pid {state['pid']}")


def frozen(contender, meter):
    wait_for(lambda: "frozen 1" in contender.read_cgroup("cgroup.events"), "pause has not frozen the cgroup")


def thawed(contender, meter):
    wait_for(lambda: "frozen 0" in contender.read_cgroup("cgroup.events"), "resume has not thawed the cgroup")


def updated(contender, meter):
    if int(contender.read_cgroup("hugetlb.2MB.max").replace("max", "-1")) != HUGE_LIMIT:
        raise Fault("update has not changed the limit")


def ended(contender, meter):
    meter.reap(contender.pid)


def gone(contender, meter):
    meter.reap(contender.pid)
    contender.check_gone()


def make_running(contender, meter):
    meter.run(contender.create_command())
    contender.read_pid()
    meter.run(contender.command("start", "c"))
    started(contender, meter)


@dataclass
class Operation:
    command: object  # contender -> argument vector
    after: object = None  # checks the effect
    before: object = None  # untimed preparation
    optional: bool = False  # who can't do it takes part without


# In this order the operations are the life of one container, and of a second for the last.
# crun takes no_new_privileges from the configuration for the first process alone, so `exec` asks for it.
OPERATIONS = {
    "run": Operation(lambda c: c.run_command(), lambda c, m: c.check_gone()),
    "create": Operation(lambda c: c.create_command(), created),
    "start": Operation(lambda c: c.command("start", "c"), started),
    "state": Operation(lambda c: c.command("state", "c"), state_told),
    "exec": Operation(lambda c: c.command("exec", "--no-new-privs", "c", "/bin/payload", "exec")),
    "pause": Operation(lambda c: c.command("pause", "c"), frozen),
    "resume": Operation(lambda c: c.command("resume", "c"), thawed),
    "update": Operation(lambda c: c.update_command(), updated, optional=True),
    "kill": Operation(lambda c: c.command("kill", "c", "KILL"), ended),
    "delete": Operation(lambda c: c.command("delete", "c"), gone),
    "delete -f": Operation(lambda c: c.command("delete", "-f", "c"), gone, make_running),
}


def write_update(work):
    """What `update` asks for, as a file: no flag of the peers names huge pages."""
    limits = {"hugepageLimits": [{"pageSize": "2MB", "limit": HUGE_LIMIT}]}
    with open(f"{work}/state/update.json", "w") as file:
        json.dump(limits, file)


def perform(contender, name, meter, wrapper=()):
    """One operation with its preparation and its check; returns the times."""
    operation = OPERATIONS[name]
    if contender.cold:
        contender.forget_cache()
    if operation.before:
        operation.before(contender, meter)
    times = meter.run([*wrapper, *operation.command(contender)])
    if operation.after:
        operation.after(contender, meter)
    if contender.cold and name == "create":
        meter.run(contender.command("delete", "-f", "c"))
        gone(contender, meter)
    return times


def remove_leftovers(parent=CGROUP_ROOT + CGROUP_PARENT):
    """Ends what a failed operation may have left, so that the next series starts clean."""
    if not os.path.isdir(parent):
        return
    with open(f"{parent}/cgroup.kill", "w") as file:
        file.write("1")
    for directory, _, _ in os.walk(parent, topdown=False):
        for _ in range(100):
            try:
                os.rmdir(directory)
                break
            except OSError:
                time.sleep(0.01)
