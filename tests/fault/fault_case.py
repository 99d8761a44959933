# SPDX-License-Identifier: Apache-2.0
# One disturbed run of `create` or `run` and its verdict. A case passes when the command failed and nothing
# is left, or when it succeeded and the container is in every observed fact the one of an undisturbed run.
import errno
import json
import os
import re
import shutil
import signal
import time
from collections import namedtuple

from fault_world import CGROUP_FILES, Child, call, difference, namespaces_of, read, remove_file

CONTAINER = "faulty"
PROBE_EXIT = 7
HANG_SECONDS = 20  # of a command that takes a few milliseconds, on a machine that may be busy
# man 2: these calls always succeed or never return; a failure of theirs is no fault a program has to expect.
# rt_sigprocmask fails for a bad address or a bad `how` only; glibc's posix_spawn relies on that.
UNFAILABLE = {"exit", "exit_group", "rt_sigreturn", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
              "umask", "set_tid_address", "sched_yield", "sync", "restart_syscall", "getpgrp", "rt_sigprocmask"}
# Calls that remove: when one of them fails once, something may stay, as long as the command says so.
REMOVALS = {"rmdir", "unlink", "unlinkat", "umount2", "kill", "pidfd_send_signal"}
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS)
LATE_HOOKS = ("poststart", "poststop")

Target = namedtuple("Target", "process call number")
Fault = namedtuple("Fault", "target error")
Verdict = namedtuple("Verdict", "outcome reasons hit stderr")


class Observation:
    """What one run of a command did."""

    def __init__(self):
        self.code, self.facts, self.events = None, [], []
        self.hit = self.hang = self.container_ran = False
        self.problems, self.stderr, self.left = [], "", []


class Runtime:
    def __init__(self, program, faulter, names, world, bundle, cold=False):
        """`names` of system calls by their numbers, as text."""
        self.program, self.faulter, self.world, self.bundle, self.cold = program, faulter, world, bundle, cold
        self.unfailable = "".join(f",{number}" for number, name in names.items() if name in UNFAILABLE) + ","
        self.error_file = os.path.join(world.directory, "stderr")
        self.report = os.path.join(world.directory, "report")
        self.pid_file = os.path.join(world.directory, "pid")
        self.hook_log = os.path.join(bundle, "data", "hooklog", "log")
        self.init, self.inside = 0, {}

    def enter(self):
        """From now on the probe is another process than the init of the container that is there, in its namespaces."""
        self.init = int(read(self.pid_file) or 0)
        self.inside = namespaces_of(self.init)
        remove_file(self.pid_file)

    def argv(self, *arguments):
        return [self.program, "--root", self.world.root, *arguments]

    def operation(self, name):
        return self.argv(name, "--bundle", self.bundle, "--pid-file", self.pid_file, CONTAINER)

    def traced(self, argv, *options):
        return [self.faulter, "-t", str(HANG_SECONDS), "-o", self.report, "-u", self.unfailable, *options, "--", *argv]

    def call(self, *arguments):
        code, output = call(self.argv(*arguments), self.error_file)
        return code, output, read(self.error_file)

    def reset(self):
        if self.cold:
            shutil.rmtree(self.world.root, ignore_errors=True)
        self.init, self.inside = 0, {}
        for path in (self.pid_file, self.hook_log, self.report):
            remove_file(path)
        with open(self.hook_log, "w", encoding="ascii"):
            pass
        os.chmod(self.hook_log, 0o666)

    def events(self):
        return [line.split() for line in read(self.report).splitlines()]


def probe_pid(init):
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != init and read(f"/proc/{pid}/comm").strip() == "probe":
            return int(pid)
    return 0


def normalise_mounts(lines):
    """mountinfo without what differs from one mount to the next: ids, device numbers, peer groups."""
    index = {line.split()[0]: n for n, line in enumerate(lines)}
    result = []
    for n, line in enumerate(lines):
        fields = line.split()
        fields[1] = str(index.get(fields[1], "outside"))
        fields[2] = "0:x" if fields[2].startswith("0:") else fields[2]
        result.append("mount: %d %s" % (n, re.sub(r"(shared|master|propagate_from):\d+", r"\1", " ".join(fields[1:]))))
    return result


def where(name, value, runtime):
    if runtime.world.namespaces.get(name) == value:
        return "host"
    return "container" if runtime.inside.get(name) == value else "new"


def normalise(output, runtime):
    facts, mount_lines = [], []
    for line in output.splitlines():
        if line.startswith("mount: "):
            mount_lines.append(line[7:])
        elif line.startswith("ns "):
            name, _, value = line[3:].partition(": ")
            facts.append(f"ns {name}: {where(name, value, runtime)}")
        else:
            facts.append(line)
    return facts + normalise_mounts(mount_lines)


def outside_facts(runtime, with_state):
    """The container as the host sees it while the probe waits."""
    pid, facts, world = probe_pid(runtime.init), [], runtime.world
    facts.append("pid file: " + ("right" if pid_file_names(runtime, pid) else "wrong"))
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        number, names, path = line.split(":", 2)
        facts.append(f"outside cgroup {names or number}: {path}")
    for path in world.cgroups():
        facts += [f"{path}/{name}: {line}" for name in CGROUP_FILES if os.path.exists(f"{path}/{name}")
                  for line in read(f"{path}/{name}").splitlines()]
        facts.append(f"{path} holds the probe: {str(pid) in read(path + '/cgroup.procs').split()}")
    facts += [f"outside mounts: {m}" for m in difference(world_mounts(), world.mounts)]
    if with_state:
        facts += state_facts(runtime, pid)
    return facts


def pid_file_names(runtime, pid):
    """`run` and `exec` write it when the program may run already."""
    end = time.monotonic() + 5
    while read(runtime.pid_file).strip() != str(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def world_mounts():
    return sorted(line.split()[4] for line in read("/proc/self/mountinfo").splitlines())


def state_facts(runtime, pid):
    code, output, _ = runtime.call("state", CONTAINER)
    try:
        state = json.loads(output)
    except ValueError:
        return [f"state: status {code}, no JSON"]
    state["pid"] = "right" if state.get("pid") == pid else "wrong"
    return [f"state {k}: {json.dumps(state[k], sort_keys=True)}" for k in sorted(state) if k not in ("created", "owner")]


def look_at_probe(runtime, child, seen, with_state=False):
    seen.container_ran = bool(child.output)
    if child.complete():
        seen.facts = normalise(child.output, runtime) + outside_facts(runtime, with_state)


def observe_probe(runtime, child, seen, with_state=False):
    look_at_probe(runtime, child, seen, with_state)
    child.close_stdin()


def observe_run(runtime, child, seen):
    finished = child.wait(HANG_SECONDS + 5, until_output=True)
    observe_probe(runtime, child, seen)
    finished = finished and child.wait(HANG_SECONDS + 5)
    seen.code, seen.hang = child.code, not finished
    seen.container_ran = seen.container_ran or bool(child.output)


def observe_create(runtime, child, seen):
    finished = child.wait(HANG_SECONDS + 5)
    seen.code, seen.hang = child.code, not finished
    if not finished or child.code != 0:
        return
    seen.stderr = read(runtime.error_file)
    code, _, message = runtime.call("start", CONTAINER)
    if code != 0:
        seen.code = 1
        seen.stderr += message
        seen.problems += ["start hung"] if code is None else []
        runtime.call("delete", "--force", CONTAINER)
        return
    child.wait_output(5)
    observe_probe(runtime, child, seen, with_state=True)
    runtime.world.drain(5)
    code, _, message = runtime.call("delete", CONTAINER)
    if code != 0:
        seen.problems.append(f"delete of the stopped container ended with {code}: {message.strip()}")


def warm_up(runtime, operation):
    """A run that may leave caches in the state directory: from now on they are not leftovers."""
    observe(runtime, operation, "-l", forgiving=True)
    runtime.world.mark_clean()


def observe(runtime, operation, *options, forgiving=False):
    """Runs the operation under the faulter; everything is looked at, and nothing is left, afterwards."""
    seen = Observation()
    runtime.reset()
    child = Child(runtime.traced(runtime.operation(operation), *options), runtime.error_file)
    (observe_run if operation == "run" else observe_create)(runtime, child, seen)
    child.close()
    seen.stderr = seen.stderr or read(runtime.error_file)
    seen.events = runtime.events()
    seen.hang = seen.hang or ["hang"] in seen.events
    seen.hit = any(e[0] in ("inject", "kill") for e in seen.events)
    seen.left = runtime.world.leftovers()
    seen.facts += ["hooks: " + line for line in read(runtime.hook_log).splitlines()]
    code, _, message = runtime.call("delete", "--force", CONTAINER)
    if code != 0 and not says_unknown(message):
        seen.problems.append(f"delete --force afterwards ended with {code}: {message.strip()}")
    after = runtime.world.leftovers()
    if after and not forgiving:
        seen.problems.append("left even after delete --force: " + ", ".join(after))
        runtime.world.clean()
    return seen


def says_unknown(message):
    return any(text in message for text in ("does not exist", "not found", "No such file"))


def succeeded(operation, seen):
    return seen.code == (PROBE_EXIT if operation == "run" else 0)


def judge(operation, seen, baseline, call_name):
    reasons = list(seen.problems)
    if seen.hang:
        reasons.append(f"hung for {HANG_SECONDS} s")
    removal_said = call_name in REMOVALS and seen.stderr.strip()
    if seen.left and not removal_said:
        reasons.append("left: " + ", ".join(seen.left))
    # glibc's malloc aborts by itself when the break stops moving between its two steps.
    out_of_heap = call_name == "brk" and "malloc" in seen.stderr
    reasons += [] if seen.hang or out_of_heap else crashes(seen)
    if not succeeded(operation, seen):
        if seen.code == 0:
            reasons.append("exit status 0 but the container did not do its work")
        elif not seen.stderr.strip():
            reasons.append("failed without a message")
        return "failed", reasons
    reasons += differences(seen, baseline)
    return "succeeded", reasons


def crashes(seen):
    """The command must never die of a signal, none of its processes of a fault of its own."""
    deaths = [(int(e[1]), int(e[2]) - 128) for e in seen.events if e[0] == "signal"]
    return [f"process {p} died of {signal.Signals(n).name}" for p, n in deaths if p == 1 or n in CRASHES]


def differences(seen, baseline):
    missing, extra = difference(baseline, seen.facts), difference(seen.facts, baseline)
    # The specification: a late hook that fails is a warning, the container goes on.
    if seen.stderr.strip():
        missing = [m for m in missing if not m.startswith(tuple(f"hooks: {h}" for h in LATE_HOOKS))]
    return [f"swallowed: no longer '{m}'" for m in missing] + [f"swallowed: now '{e}'" for e in extra]


def run_case(runtime, operation, fault, baseline, call_name):
    target = fault.target
    error = str(getattr(errno, fault.error))
    seen = observe(runtime, operation, "-p", str(target.process), "-n", str(target.call), "-e", error)
    outcome, reasons = judge(operation, seen, baseline, call_name)
    return Verdict(outcome, reasons, seen.hit, seen.stderr.strip())


def list_calls(runtime, operation):
    """An undisturbed run: its facts and every call that can be made to fail."""
    seen = observe(runtime, operation, "-l")
    targets = [Target(int(e[1]), int(e[2]), int(e[3])) for e in seen.events if e[0] == "call"]
    return seen, targets


def has_threads(runtime):
    """Whether the last observed run used threads, which makes call numbers differ from run to run."""
    return any(e[0] == "thread" for e in runtime.events())
