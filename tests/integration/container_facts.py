# SPDX-License-Identifier: Apache-2.0
"""What there is of cais's containers, by the kernel and the files of shims, not by cais."""
import glob
import json
import os
import re
import subprocess


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def names(folder):
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def values(path):
    return dict(line.split("=", 1) for line in read(path).splitlines())


def alive(state, who):
    """Who the state names by number and start time, and who is no zombie."""
    fields = read(f"/proc/{state.get(who, 0)}/stat").rpartition(")")[2].split()
    return len(fields) > 19 and fields[0] not in "ZX" and fields[19] == state[f"{who}-start"]


def lives(pid):
    """A zombie does not."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])


def output(*line):
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout


class Facts:
    def __init__(self, cais):
        self.cais = cais
        self.kept, self.run = f"{cais.store}/containers", f"{cais.run_root}/containers"
        self.runtime = os.path.join(os.path.dirname(cais.line[0]), "estiva")
        self.ever = set()  # IDs

    @property
    def images(self):
        found = json.loads("[" + ",".join(read(path) for path in glob.glob(f"{self.cais.store}/names/[!.]*")) + "]")
        return [each["name"] for each in found if "made" in each["name"]]

    def states(self):
        return {name: values(f"{self.run}/{name}/state") for name in names(self.run)}

    def processes(self, word):
        """Of our run root, with that word in the command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            words = read(f"/proc/{pid}/cmdline").split("\0")
            if any(each.startswith(self.cais.run_root) for each in words) and any(each.endswith(word) for each in words):
                found.append(int(pid))
        return found

    def after_exits(self):
        return self.processes("_after-exit")

    def unsettled(self):
        """Ends that their shims, or what these became, still work at."""
        ending = [name for name, state in self.states().items()
                  if state.get("phase") == "running" and alive(state, "shim") and not alive(state, "init")]
        return ending + self.after_exits()

    def running(self):
        return {name: state for name, state in self.states().items()
                if state.get("phase") == "running" and alive(state, "shim") and alive(state, "init")}

    def frozen(self, name):
        return json.loads(output(self.runtime, "--root", f"{self.cais.run_root}/runtime", "state", name) or "{}").get("status") == "paused"

    def untrue(self, shown, began):
        """Of what `ps -a` said at a time: what was not so then. What has changed since is no lie."""
        found = []
        running = self.running()
        for each in shown:
            name, said = each["ID"], each["State"]
            says_it_runs, runs = said in ("running", "paused"), name in running
            exit_record = values(f"{self.kept}/{name}/exit")
            if says_it_runs and not runs:
                gone = not os.path.exists(f"{self.kept}/{name}")
                if not gone and int(exit_record.get("finished-ns", 0)) < began:
                    found.append(f"{said}, but it does not run: {name}")
            elif runs and not says_it_runs:
                if int(running[name]["started-ns"]) < began:
                    found.append(f"{said}, but it runs: {name}")
            elif runs and self.frozen(name) != (said == "paused"):
                found.append(f"{said}, but its processes are {'' if self.frozen(name) else 'not '}frozen: {name}")
        return found

    def left_behind(self, shown):
        """Of what does not run, or is not shown at all."""
        kept, running = set(names(self.kept)), self.running()
        self.ever |= kept | set(names(self.run))
        found = [f"directory of no container: {name}" for name in kept - shown]
        found += [f"run directory: {name} {names(f'{self.run}/{name}')}" for name in names(self.run) if name not in running]
        found += [f"record of the runtime: {name}" for name in names(f"{self.cais.run_root}/runtime") if name not in running]
        found += self.left_mounts(running)
        shims = {int(state["shim"]) for state in running.values()}
        found += [f"shim: {pid}" for pid in self.processes("cais-shim") if pid not in shims]
        found += [f"after-exit command: {pid}" for pid in self.after_exits()]
        found += self.left_in_cgroups(running)
        return found + self.left_layers() + self.left_of_network(running)

    def left_layers(self):
        """Of files that were written, those that no record names."""
        found = []
        for path in glob.glob(f"{self.kept}/*/bundle/.cais/bundle.json"):
            try:
                record = json.loads(read(path))
            except ValueError:  # it goes just now
                continue
            named = {record["upper"], *(each["files"] for each in record.get("snapshots", []))}
            there = {name for name in names(os.path.dirname(path)) if name.startswith("upper")}
            found += [f"layer: {path}: {name}" for name in named ^ there]
        return found

    def left_mounts(self, running):
        points = [line.split()[4] for line in read("/proc/self/mountinfo").splitlines()]
        ours = [point for point in points if point.startswith((self.kept, self.run))]
        return [f"mount: {point}" for point in ours if not any(name in point for name in {*running, *self.fresh()})]

    def fresh(self):
        """Those that nobody has started yet: their root file systems are mounted for that."""
        return {name for name in names(self.kept) if not os.path.exists(f"{self.kept}/{name}/exit")}

    def left_in_cgroups(self, running):
        gone = self.ever - set(running)
        found = [f"cgroup: {path}" for depth in ("*", "*/*", "*/*/*") for path in glob.glob(f"/sys/fs/cgroup/{depth}/")
                 if os.path.basename(path.rstrip("/")) in gone]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            text = read(f"/proc/{pid}/cgroup")
            if any(name in text for name in gone) and lives(pid):
                found.append(f"process: {pid} " + read(f"/proc/{pid}/cmdline").replace("\0", " "))
        return found

    def left_of_network(self, running):
        ends = {name: read(f"{self.run}/{name}/network") for name in running}
        links, elements = set(), set()
        for text in ends.values():
            here = dict(line.split("=", 1) for line in text.splitlines())
            links |= {here.get("link", "")} - {""}
            ports = re.findall(r"^port=(?:[0-9.]+:)?(\d+):(\d+)", text, re.M)
            elements |= {(int(outer), here["address"], int(inner)) for outer, inner in ports}
        there = {link["ifname"] for link in json.loads(output("ip", "-j", "link") or "[]") if link["ifname"].startswith("veth")}
        found = [f"device, there or not: {name}" for name in links ^ there]
        return found + [f"published port, there or not: {each}" for each in elements ^ self.elements()]

    @staticmethod
    def elements():
        found = set()
        for each in json.loads(output("nft", "-j", "list", "ruleset") or '{"nftables": []}')["nftables"]:
            for key, value in each.get("map", {}).get("elem", []):
                found.add((key["concat"][-1], *value["concat"]))
        return found

    def left_of_images(self):
        points = [line.split()[4] for line in read("/proc/self/mountinfo").splitlines()]
        return [f"mount: {point}" for point in points if point.startswith((self.cais.store, self.cais.run_root))]
