#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works with containers and sends SIGKILL to one of those who work, at random moments: to a command of cais, a shim, a
container's init, the command after an end. After each of them one `cais ps -a`; then that is true which it said, and
nothing is left of what does not run (container_facts.py).

containers_kill.py CAIS STORE RUN-ROOT MOMENTS IMAGE   in a network namespace of its own; exits 0 if all was well.
The seed is printed; CONTAINERS_KILL_SEED repeats it, but not the machine's mood.
"""
import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

from container_facts import Facts, alive, lives
from killing import Cais, begin, files_below

CAIS = Cais(*sys.argv[1:4])
MOMENTS, IMAGE = int(sys.argv[4]), sys.argv[5]
FACTS = Facts(CAIS)
SLOTS = 4
PATIENCE = 60  # seconds; then a command hangs

LONG = ["sleep", "1000"]
SHORT = ["sh", "-c", "echo out; sleep 0.2; exit 3"]
STATUSES = (0, 3, 137)
KILLED = collections.Counter()


def make(slot):
    words = ["--name", f"c{slot}"]
    words += random.choice([["-p", f"{8000 + slot}:80"]] * 4 + [["--network", "host"], ["--network", "none"]])
    image = random.choice([IMAGE, IMAGE, *FACTS.images])
    kind = random.randrange(4)
    if kind == 0:
        return ["run", "--rm", *words, image, *SHORT]
    if kind == 1:
        return ["run", "-d", "--restart", "on-failure:2", *words, image, *random.choice([LONG, SHORT])]
    return ["run", "-d", *words, image, *(LONG if kind == 2 else SHORT)]


def use(name):
    verb = random.choice(["exec", "stop", "start", "start", "restart", "commit", "commit", "rm", "attach", "pause", "unpause", "snap", "rollback", "undo"])
    if verb == "exec":
        return ["exec", name, "sh", "-c", "sleep 0.1"]
    if verb in ("rollback", "undo"):
        return [verb, "-f", name, *(["image"] if verb == "rollback" else [])]
    if verb in ("stop", "restart"):
        return [verb, "-t", "0", name]
    if verb == "commit":
        return ["commit", name, f"made:{random.randrange(3)}"]
    return ["rm", "-f", name] if verb == "rm" else [verb, name]


def some_command(shown):
    slot = random.randrange(SLOTS)
    name = f"c{slot}"
    return use(name) if any(each["Names"] == name for each in shown) else make(slot)


def kill(pid, whom):
    """And it is dead, if it is not frozen."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    KILLED[whom] += 1
    eventually(lambda: lives(pid), 5)


def kill_after_exit():
    """Where none is at work a container is ended."""
    states = [state for state in FACTS.states().values() if alive(state, "init")]
    if not FACTS.after_exits() and states:
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(int(random.choice(states)["init"]), signal.SIGKILL)
    deadline = time.monotonic() + 0.5
    while not FACTS.after_exits() and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(random.expovariate(1 / 0.02))
    for pid in FACTS.after_exits()[:1]:
        kill(pid, "_after-exit")


def kill_one(processes):
    whom = random.choice(["cais", "cais", "shim", "init", "_after-exit"])
    if whom == "_after-exit":
        return kill_after_exit()
    if whom == "cais":
        process = random.choice(processes)
        if process.poll() is None:
            kill(process.pid, " ".join(["cais", process.args[len(CAIS.line)]]))
        return None
    states = [state for state in FACTS.states().values() if alive(state, whom)]
    if states:
        kill(int(random.choice(states)[whom]), whom)
    return None


def finish(process):
    words = process.args[len(CAIS.line):]
    if words[0] == "attach":
        process.kill()
    try:
        return f"{' '.join(words)}: {process.wait(PATIENCE)}"
    except subprocess.TimeoutExpired:
        with open(f"/proc/{process.pid}/wchan", encoding="ascii") as file:
            wrong([f"{words} hangs in {file.read()}"], [])


def wrong(what, story):
    print("\n".join([*story, *(f"WRONG: {each}" for each in what)]))
    sys.exit(1)


def show():
    """What `ps -a` says, and when it was asked."""
    began = time.time_ns()
    return [json.loads(line) for line in CAIS.good("ps", "-a", "--no-trunc", "--format", "json").splitlines()], began


def eventually(judge, seconds=15):
    """What goes on by itself may take its time: an end that was not the shim's, devices that the kernel takes down."""
    deadline = time.monotonic() + seconds
    while (found := judge()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def moment(shown):
    processes = [CAIS.start(*some_command(shown)) for _ in range(random.choice([1, 1, 2]))]
    time.sleep(random.expovariate(1 / 0.06))
    before = KILLED.copy()
    kill_one(processes)
    story = [finish(process) for process in processes]
    story.append(f"killed: {dict(KILLED - before)}")
    eventually(FACTS.unsettled)
    shown, began = show()
    story += [f"{each['Names']} {each['ID'][:12]}: {each['Status']}" for each in shown]
    found = eventually(lambda: FACTS.untrue(shown, began) + FACTS.left_behind({each["ID"] for each in shown}))
    if found:
        wrong(found, story)
    for each in shown:
        if each["State"] == "exited" and not any(f"Exited ({status})" in each["Status"] for status in STATUSES):
            wrong([f"a status that nobody ended with: {each['Status']}"], story)
    return shown


def main():
    begin("CONTAINERS_KILL_SEED")
    shown = []
    for _ in range(MOMENTS):
        shown = moment(shown)
    print(CAIS.good("verify").strip())
    ids = [each["ID"] for each in show()[0]]
    if ids:
        CAIS.good("rm", "-f", *ids)
    CAIS.good("prune")
    found = eventually(lambda: FACTS.left_behind(set()) + FACTS.left_of_images())
    found += files_below(*(os.path.join(CAIS.store, each) for each in ("ingest", "leases", "trash", "bundles")))
    if found:
        wrong(found, ["after rm -f of all:"])
    print(f"{MOMENTS} moments, {sum(KILLED.values())} killed: {dict(KILLED)}")


main()
