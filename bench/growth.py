# SPDX-License-Identifier: Apache-2.0
"""What the length of a series, a full host and a quiet spell do to a runtime:
many containers one after another and by two workers, containers and mounts that
are there already, control groups that nobody has touched for a while, and what
a container that waits or runs keeps in memory.  Ours and the newest crun; the
floor where it has the operation."""

import ctypes
import os
import statistics
import threading
import time

import bundle
import harness

MANY = 1000
CROWDS = (0, 100, 1000)
HOST_MOUNTS = (0, 1000, 4000)
QUIET_SECONDS = 0.15
ROUNDS = 15
LIFE = ("create", "start", "kill", "delete")
MS_BIND, MNT_DETACH = 4096, 2

libc = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


class Crowd:
    """Containers 0 to N of one contender, each in a cgroup of its own."""

    def __init__(self, contender, bundles, place):
        self.contender, self.bundles, self.place, self.count = contender, bundles, place, 0
        self.lock = threading.Lock()

    def next(self, most):
        with self.lock:
            if self.count >= most:
                return None
            self.count += 1
            return self.count - 1

    def start_one(self, number, meter):
        command = self.contender.command
        meter.run(command("create", "-b", self.bundles[number], "--pid-file", f"{self.place}/{number}.pid", f"m{number}"))
        meter.run(command("start", f"m{number}"))

    def grow(self, most, meters):
        """Seconds until `most` are there, by one worker a meter."""
        faults = []

        def work(meter):
            try:
                while (number := self.next(most)) is not None:
                    self.start_one(number, meter)
            except harness.Fault as fault:
                faults.append(fault)

        workers = [threading.Thread(target=work, args=(meter,)) for meter in meters]
        begin = time.monotonic()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if faults:
            raise faults[0]
        return time.monotonic() - begin

    def pids(self):
        for number in range(self.count):
            with open(f"{self.place}/{number}.pid") as file:
                yield int(file.read())

    def end(self, meter):
        """All of them killed at once, then taken away one by one."""
        for pid in self.pids():
            os.kill(pid, 9)
        for number in range(self.count):
            meter.run(self.contender.command("delete", "-f", f"m{number}"))
        self.count = 0


def cell(samples):
    return [round(min(samples), 3), round(statistics.median(samples), 3)]


def interleaved(contenders, operations, meter, rounds=ROUNDS, pause=0):
    """{operation: {name: [minimum, median] in ms}}"""
    times = {operation: {} for operation in operations}
    for number in range(rounds):
        first = number % len(contenders)
        for operation in operations:
            for contender in contenders[first:] + contenders[:first]:
                if operation in contender.operations():
                    time.sleep(pause)
                    wall, _ = harness.perform(contender, operation, meter)
                    times[operation].setdefault(contender.name, []).append(wall)
    return {operation: {name: cell(samples) for name, samples in by_name.items()} for operation, by_name in times.items()}


def crowds(contender, bundles, meter, work):
    """What one more container takes beside those that are there."""
    crowd, rows = Crowd(contender, bundles, f"{work}/state/many"), {}
    for size in CROWDS:
        crowd.grow(size, [meter])
        rows[size] = {operation: by_name[contender.name] for operation, by_name in interleaved([contender], LIFE, meter).items()}
    crowd.end(meter)
    return rows


def rates(contenders, bundles, meters, work):
    """{name: containers made and started in a second by one worker, by two}"""
    found = {}
    for workers in (1, 2):
        for contender in contenders:
            crowd = Crowd(contender, bundles, f"{work}/state/many")
            seconds = crowd.grow(len(bundles), meters[:workers])
            found.setdefault(contender.name, []).append(round(len(bundles) / seconds, 1))
            for meter in meters[:workers]:
                check_resident(contender, crowd, meter)
            crowd.end(meters[0])
    return found


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return {int(word) for word in file.read().split()}


def check_resident(contender, crowd, meter):
    """The meter adopts what a command leaves behind: that may be the containers alone."""
    left = children_of(meter.process.pid) - set(crowd.pids())
    if left:
        raise harness.Fault(f"{contender.name} leaves {len(left)} processes behind")


def host_mounts(contenders, meter, work):
    """{mounts that the host has more: run}"""
    place, rows, made = f"{work}/state/mounts", {}, 0
    for count in HOST_MOUNTS:
        for number in range(made, count):
            path = f"{place}/{number}".encode()
            os.makedirs(path)
            checked(libc.mount(path, path, None, MS_BIND, None), "mount")
        made = count
        rows[count] = interleaved(contenders, ["run"], meter)["run"]
    for number in range(made):
        checked(libc.umount2(f"{place}/{number}".encode(), MNT_DETACH), "umount")
    return rows


def waiting_memory(contenders, meter):
    """{name: KiB of a created container's init: its share, what is its own alone}"""
    found = {}
    for contender in contenders:
        harness.perform(contender, "create", meter)
        with open(f"/proc/{contender.pid}/smaps_rollup") as file:
            values = dict(line.split(":", 1) for line in file.read().splitlines()[1:])
        found[contender.name] = [int(values[key].split()[0]) for key in ("Pss", "Anonymous")]
        for operation in LIFE[1:]:
            harness.perform(contender, operation, meter)
    return found


def series(running, meter, work, say):
    floor = [c for c in running if isinstance(c, harness.Floor)]
    cruns = [c for c in running if c.name.startswith("crun ") and not c.cold]
    newest = max(cruns, key=lambda c: [int(n) for n in c.version.split(".")], default=None)
    rivals = [c for c in running if c.name == "estiva"] + ([newest] if newest else [])
    os.makedirs(f"{work}/state/many", exist_ok=True)
    bundles = bundle.make_bundles(work, f"{harness.CGROUP_PARENT}/many", MANY)
    second = harness.Meter(meter.process.args[0], f"{work}/state/output2")
    try:
        say("memory of an init that waits; control groups after a quiet spell; mounts of the host")
        results = {
            "waiting": waiting_memory(rivals, meter),
            "quiet": interleaved(rivals + floor, ["run"], meter, pause=QUIET_SECONDS)["run"],
            "mounts": host_mounts(rivals + floor, meter, work),
        }
        say(f"{CROWDS[-1]} containers beside each other, {len(rivals)} times; then the rates")
        results["crowds"] = {contender.name: crowds(contender, bundles, meter, work) for contender in rivals}
        results["rates"] = rates(rivals, bundles, [meter, second], work)
        return results
    finally:
        second.end()
