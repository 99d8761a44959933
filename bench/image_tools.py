# SPDX-License-Identifier: Apache-2.0
"""The contenders: what each does from an empty store until /bin/true of the
image has ended with 0, and with an image and a container that are there.  An
operation that a tool does not have is None."""

import json
import os
import shutil
import subprocess
import time

# 2,000 files and 200 MB.
CHANGES = ("mkdir /w; i=0; while [ $i -lt 2000 ]; do echo $i >/w/$i; i=$((i+1)); done; "
           "head -c 200000000 /dev/urandom >/w/big")
HANG_SECONDS = 1800


class Fault(Exception):
    """A command failed."""


def call(*command, **options):
    """Runs it; (seconds, KiB that it had in memory at most)."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options) as child:
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise Fault(f"{' '.join(command)}: status {child.returncode}: {output.decode(errors='replace')[-500:]}")
    return time.monotonic() - start, usage.ru_maxrss


def set_command(bundle, arguments):
    with open(f"{bundle}/config.json") as file:
        config = json.load(file)
    config["process"].update({"args": arguments, "terminal": False})
    with open(f"{bundle}/config.json", "w") as file:
        json.dump(config, file)


class Tool:
    """`place` is a folder of its own; begin() makes it empty, end() leaves nothing."""

    def __init__(self, place, image):
        self.place, self.image = place, image
        self.memory = 0  # KiB, of the largest process that we start

    def call(self, *command, **options):
        seconds, memory = call(*command, **options)
        self.memory = max(self.memory, memory)
        return seconds

    def begin(self):
        os.makedirs(self.place)

    def end(self):
        shutil.rmtree(self.place, ignore_errors=True)

    def cold_true(self):
        """Pull, make runnable, run."""
        raise NotImplementedError

    # Of a container with CHANGES; the image is there.
    change = diff = commit = None
    rmi = None


class Cais(Tool):
    def __init__(self, place, image, build, storage):
        super().__init__(place, image)
        self.build = build
        self.run_root = f"/run/{os.path.basename(place)}"
        self.cais = [f"{build}/cais", "--root", f"{place}/root", "--run-root", self.run_root, "--storage", storage]
        help_text = subprocess.run([f"{build}/cais", "--help"], capture_output=True, text=True).stdout
        self.has = {line.split()[0] for line in help_text.splitlines() if line.startswith("  ") and line.split()}
        if "commit" not in self.has or "diff" not in self.has:
            self.diff = self.commit = None

    def run_bundle(self, arguments):
        set_command(f"{self.place}/bundle", arguments)
        name = f"bench-{os.getpid()}-{time.monotonic_ns()}"
        self.call(f"{self.build}/estiva", "--root", f"{self.place}/state", "run", "--bundle", f"{self.place}/bundle", name)

    def cold_true(self):
        if "run" in self.has:
            self.call(*self.cais, "run", "--rm", "--network", "none", self.image, "/bin/true")
            return
        self.call(*self.cais, "bundle", self.image, f"{self.place}/bundle")
        self.run_bundle(["/bin/true"])

    def change(self):
        if not os.path.isdir(f"{self.place}/bundle"):
            self.call(*self.cais, "bundle", self.image, f"{self.place}/bundle")
        self.run_bundle(["/bin/sh", "-c", CHANGES])

    def diff(self):
        self.call(*self.cais, "diff", f"{self.place}/bundle")

    def commit(self):
        self.call(*self.cais, "commit", f"{self.place}/bundle", "changed:1")

    def forget(self):
        if os.path.isdir(f"{self.place}/bundle"):
            self.call(*self.cais, "unbundle", f"{self.place}/bundle")
        if self.commit is not None:
            self.call(*self.cais, "rmi", "changed:1")

    def rmi(self):
        self.call(*self.cais, "rmi", self.image)

    def end(self):
        if os.path.isdir(f"{self.place}/bundle"):
            subprocess.run([*self.cais, "unbundle", f"{self.place}/bundle"], capture_output=True)
        shutil.rmtree(self.run_root, ignore_errors=True)
        super().end()


class Docker(Tool):
    """Its daemon is started before the clock."""
    network = ["--iptables=false", "--ip-masq=false", "--bridge", "none"]

    def begin(self):
        super().begin()
        self.log = open(f"{self.place}/log", "w")
        self.client = ["docker", "-H", f"unix://{self.place}/socket"]
        self.daemon = subprocess.Popen(
            ["dockerd", "--data-root", f"{self.place}/data", "--exec-root", "/run/docker", "--pidfile", f"{self.place}/pid",
             "-H", f"unix://{self.place}/socket", *self.network],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while subprocess.run([*self.client, "info"], capture_output=True).returncode:
            if time.monotonic() > end or self.daemon.poll() is not None:
                raise Fault(f"dockerd does not answer, see {self.place}/log")
            time.sleep(0.1)

    def run(self, *arguments):
        self.call(*self.client, "run", "--network", "none", *arguments)

    def cold_true(self):
        self.run("--rm", self.image, "/bin/true")

    def change(self):
        self.run("--name", "changed", self.image, "/bin/sh", "-c", CHANGES)

    def diff(self):
        self.call(*self.client, "diff", "changed")

    def commit(self):
        self.call(*self.client, "commit", "changed", "changed:1")

    def forget(self):
        self.call(*self.client, "rm", "changed")
        self.call(*self.client, "rmi", "changed:1")

    def rmi(self):
        self.call(*self.client, "rmi", self.image)

    def end(self):
        self.daemon.terminate()
        self.daemon.wait(60)
        self.log.close()
        super().end()


class Podman(Tool):
    """/run is the namespace's own; podman wants a short path there. By runc, as docker: crun refuses a hybrid layout of
    cgroups. Its own limits are more than root may set in some surroundings."""

    def __init__(self, place, image):
        super().__init__(place, image)
        self.podman = ["podman", "--root", f"{place}/root", "--runroot", "/run/podman", "--storage-driver", "overlay",
                       "--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", "runc"]

    def run(self, *arguments):
        self.call(*self.podman, "run", "--tls-verify=false", "--network", "none",
                  "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", *arguments)

    def cold_true(self):
        self.run("--rm", self.image, "/bin/true")

    def change(self):
        self.run("--name", "changed", self.image, "/bin/sh", "-c", CHANGES)

    def diff(self):
        self.call(*self.podman, "diff", "changed")

    def commit(self):
        self.call(*self.podman, "commit", "-q", "changed", "changed:1")

    def forget(self):
        self.call(*self.podman, "rm", "changed")
        self.call(*self.podman, "rmi", "changed:1")

    def rmi(self):
        self.call(*self.podman, "rmi", self.image)

    def end(self):
        subprocess.run(["umount", "-q", f"{self.place}/root/overlay"], capture_output=True)
        super().end()


class Umoci(Tool):
    """skopeo fetches, umoci unpacks, runc runs."""

    def cold_true(self):
        layout, bundle = f"{self.place}/layout", f"{self.place}/bundle"
        self.call("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{self.image}", f"oci:{layout}:latest")
        self.call("umoci", "unpack", "--image", f"{layout}:latest", bundle)
        set_command(bundle, ["/bin/true"])
        self.call("runc", "--root", f"{self.place}/state", "run", "--bundle", bundle, f"bench-{os.getpid()}")
