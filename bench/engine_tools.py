# SPDX-License-Identifier: Apache-2.0
"""The contenders of bench/engine: how each runs, lists and ends containers of
the image `busy`, on its bridge network."""

import os
import subprocess
import time

from image_tools import Docker, Podman, Tool

FIRST_PORT = 8000
# Of the engines, as far as they stay with a container or without one.
PROCESSES = {"cais": ["cais", "cais-shim", "estiva", "estiva-exit"],
             "docker": ["dockerd", "containerd", "containerd-shim", "docker-proxy"], "podman": ["podman", "conmon", "netavark"]}


def make_machine():
    """Of the network and mount namespaces that we are in: a way out, which leads nowhere, and an empty /run."""
    for words in ("link set lo up", "link add a0 type veth peer name a1", "address add 10.99.0.1/24 dev a0", "link set a0 up",
                  "link set a1 up"):
        subprocess.run(["ip", *words.split()], check=True)
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("1")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.mkdir("/run/lock")


def own_processes():
    """{pid: name} of those in our network namespace."""
    found, here = {}, os.readlink("/proc/self/ns/net")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") == here:
                with open(f"/proc/{pid}/comm") as file:
                    found[int(pid)] = file.read().strip()
        except OSError:
            continue
    return found


def share_of(pid):
    """KiB, proportional."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


class Engine:
    """Beside a Tool: the commands that all have."""
    port = FIRST_PORT
    remove_words = ["rm", "-f"]

    def run_true(self):
        return self.call(*self.command, *self.run_words, "--rm", "busy", "true")

    def run_published(self):
        Engine.port += 1
        return self.call(*self.command, *self.run_words, "--rm", "-p", f"{Engine.port}:80", "busy", "true")

    def ps(self):
        return self.call(*self.command, "ps")

    def ids(self, *words):
        return subprocess.run([*self.command, "ps", "-q", *words], capture_output=True, text=True, check=True).stdout.split()

    def running(self):
        return len(self.ids())

    def remove_all(self):
        if ids := self.ids("-a"):
            subprocess.run([*self.command, *self.remove_words, *ids], check=True, stdout=subprocess.DEVNULL)

    def processes(self):
        names = [name[:15] for name in PROCESSES[self.name]]
        return {pid: name for pid, name in own_processes().items() if name in names}

    def resident(self):
        """KiB of the engine's own processes."""
        return sum(map(share_of, self.processes()))

    def staying(self):
        """The names of its processes that are there a moment after the last container."""
        end = time.monotonic() + 5
        while True:
            found = sorted(set(self.processes().values()))
            if not found or time.monotonic() > end:
                return ", ".join(found)
            time.sleep(0.1)


class CaisEngine(Engine, Tool):
    name, run_words = "cais", ["run"]

    def __init__(self, place, build):
        super().__init__(place, "busy")
        self.command = [f"{build}/cais", "--root", f"{place}/root", "--run-root", "/run/cais"]

    def begin(self, image):
        super().begin()
        self.call(*self.command, "import", image, "busy")

    def end(self):
        self.remove_all()
        super().end()


class DockerEngine(Engine, Docker):
    name, run_words, network = "docker", ["run"], []

    def __init__(self, place):
        super().__init__(place, "busy")

    def begin(self, image):
        super().begin()
        self.command = self.client
        self.call(*self.command, "import", image, "busy")

    def end(self):
        self.remove_all()
        super().end()


class PodmanEngine(Engine, Podman):
    name, remove_words = "podman", ["rm", "-f", "-t", "0"]  # else it waits ten seconds for each
    run_words = ["run", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]

    def __init__(self, place):
        super().__init__(place, "busy")
        self.command = [*self.podman, "--network-config-dir", f"{place}/networks"]

    def begin(self, image):
        super().begin()
        self.call(*self.command, "import", "-q", image, "busy")

    def end(self):
        self.remove_all()
        super().end()


def contenders(place, build):
    tools = [CaisEngine(f"{place}/cais", build), DockerEngine(f"{place}/docker"), PodmanEngine(f"{place}/podman")]
    return {tool.name: tool for tool in tools}
