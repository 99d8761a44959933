# SPDX-License-Identifier: Apache-2.0
# One worker's surroundings: it is process 1 of a pid namespace with a private mount and network
# namespace and cgroups of its own, so that whatever a command leaves behind is seen and can be removed.
import os
import select
import shutil
import signal
import subprocess
import time

CGROUP_ROOT = "/sys/fs/cgroup"
CGROUP_FILES = ["memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.max", "memory.low", "pids.max", "cpu.shares",
                "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.max", "cpu.weight", "cpuset.cpus", "cpuset.mems", "devices.list",
                "hugetlb.2MB.max", "hugetlb.2MB.limit_in_bytes", "freezer.state", "cgroup.freeze", "cgroup.type"]


def read(path, default=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return default


def namespaces_of(pid):
    """The names in /proc/PID/ns and what they stand for; nothing for a process that is gone."""
    try:
        return {n: os.readlink(f"/proc/{pid}/ns/{n}") for n in os.listdir(f"/proc/{pid}/ns")}
    except OSError:
        return {}


def mount_points():
    return sorted(line.split()[4] for line in read("/proc/self/mountinfo").splitlines())


def enter_view(view, scratch):
    """Mounts what this worker shall see at /sys/fs/cgroup; its mount namespace is private."""
    unified = CGROUP_ROOT + "/unified"
    if view == "v2" and os.path.isdir(unified):
        subprocess.run(["mount", "--rbind", unified, CGROUP_ROOT], check=True)
    elif view == "v1":
        top = os.path.join(scratch, "v1")
        os.makedirs(top)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", top], check=True)
        for name in os.listdir(CGROUP_ROOT):
            source = os.path.join(CGROUP_ROOT, name)
            if name != "unified" and os.path.ismount(source):
                os.makedirs(os.path.join(top, name))
                subprocess.run(["mount", "--bind", source, os.path.join(top, name)], check=True)
        subprocess.run(["mount", "--move", top, CGROUP_ROOT], check=True)


def hierarchies():
    """Mount points of the cgroup hierarchies in this view."""
    if os.path.exists(CGROUP_ROOT + "/cgroup.procs"):
        return [CGROUP_ROOT]
    return [p for p in (os.path.join(CGROUP_ROOT, n) for n in sorted(os.listdir(CGROUP_ROOT)))
            if os.path.ismount(p) and not os.path.islink(p)]


def controllers():
    found = set()
    for path in hierarchies():
        found.update(read(path + "/cgroup.controllers").split())
        if not os.path.exists(path + "/cgroup.controllers"):
            found.add(os.path.basename(path))
    return found


class World:
    def __init__(self, directory, name):
        self.directory = directory
        self.group = "/" + name
        self.root = os.path.join(directory, "state")
        self.hierarchies = hierarchies()
        for hierarchy in self.hierarchies:
            os.makedirs(hierarchy + self.group, exist_ok=True)
            for file in ("cpuset.cpus", "cpuset.mems"):
                path = hierarchy + self.group + "/" + file
                if os.path.exists(path) and not read(path).strip():
                    with open(path, "w", encoding="ascii") as f:
                        f.write(read(hierarchy + "/" + file))
        self.namespaces = namespaces_of("self")
        self.mark_clean()

    def mark_clean(self):
        """What exists now is not a leftover."""
        self.mounts = mount_points()
        self.links = self.network_links()
        self.files = self.state_files()

    @staticmethod
    def network_links():
        return sorted(line.split(":")[0].strip() for line in read("/proc/self/net/dev").splitlines() if ":" in line)

    def state_files(self):
        return sorted(os.path.join(top, n) for top, dirs, files in os.walk(self.root) for n in dirs + files)

    def cgroups(self):
        return [os.path.join(top, d) for h in self.hierarchies for top, dirs, _ in os.walk(h + self.group) for d in dirs]

    @staticmethod
    def drain(timeout):
        """Reaps until no descendant is left; False when some still live after `timeout` seconds."""
        end = time.monotonic() + timeout
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                if time.monotonic() > end:
                    return False
                time.sleep(0.001)

    @staticmethod
    def processes():
        result = []
        for pid in os.listdir("/proc"):
            if pid.isdigit() and pid != "1":
                text = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() or read(f"/proc/{pid}/comm").strip()
                result.append(f"{text[:80]} [{pid}]")
        return result

    def leftovers(self, grace=0.5):
        """Everything that should be gone, as text; processes get `grace` seconds to finish dying."""
        found = [] if self.drain(grace) else ["process " + p for p in self.processes()]
        found += ["cgroup " + g for g in self.cgroups()]
        found += ["state " + f for f in self.state_files() if f not in self.files]
        found += ["mount " + m for m in difference(mount_points(), self.mounts)]
        found += ["link " + l for l in difference(self.network_links(), self.links)]
        return found

    def clean(self):
        """Removes by force what a failed case left, so that the next one starts from nothing."""
        for _ in range(3):
            for hierarchy in self.hierarchies:
                for top, _, _ in os.walk(hierarchy + self.group):
                    thaw(top)
            for pid in [p for p in os.listdir("/proc") if p.isdigit() and p != "1"]:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if self.drain(1):
                break
        for mount in sorted(difference(mount_points(), self.mounts), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
        for path in sorted(self.cgroups(), reverse=True):
            remove_directory(path)
        for path in self.state_files():
            if path not in self.files:
                shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else remove_file(path)

    def close(self):
        self.clean()
        for hierarchy in self.hierarchies:
            remove_directory(hierarchy + self.group)


def difference(now, before):
    rest = list(before)
    return [x for x in now if not (x in rest and not rest.remove(x))]


def thaw(path):
    for file, value in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        try:
            with open(os.path.join(path, file), "w", encoding="ascii") as f:
                f.write(value)
        except OSError:
            pass


def remove_directory(path):
    for _ in range(50):
        try:
            os.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)


def remove_file(path):
    try:
        os.unlink(path)
    except OSError:
        pass


class Child:
    """A command with pipes for standard input and output; its standard error goes to a file."""

    def __init__(self, argv, error_file):
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        error = os.open(error_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        actions = [(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate((stdin, stdout, error))]
        self.pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, file_actions=actions,
                                  setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
        self.code, self.output = None, ""
        for fd in (stdin, stdout, error):
            os.close(fd)
        os.set_blocking(self.stdout, False)

    def reap(self):
        """Collects every ended process of the world; remembers this command's exit status."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.code = os.waitstatus_to_exitcode(status)

    def read_output(self, wait):
        """False at end of file."""
        if not select.select([self.stdout], [], [], wait)[0]:
            return True
        data = os.read(self.stdout, 65536)
        self.output += data.decode("utf-8", "replace")
        return bool(data)

    def wait(self, timeout, until_output=False):
        """Until the command ended or (until_output) the probe said all it knows; False when neither came in time."""
        if self.code is not None:
            return True
        end, open_output = time.monotonic() + timeout, True
        pidfd = os.pidfd_open(self.pid)
        try:
            while time.monotonic() < end:
                self.reap()
                if self.code is not None or (until_output and self.complete()):
                    return True
                fds = [pidfd] + ([self.stdout] if open_output else [])
                if self.stdout in select.select(fds, [], [], 0.1)[0]:
                    open_output = self.read_output(0)
            return False
        finally:
            os.close(pidfd)

    def wait_output(self, timeout):
        """Until the probe said all it knows or no process has the other end any more."""
        end = time.monotonic() + timeout
        while not self.complete() and time.monotonic() < end:
            if not self.read_output(0.1):
                break
        return self.complete()

    def complete(self):
        return self.output.endswith("\nend\n")

    def close_stdin(self):
        if self.stdin >= 0:
            os.close(self.stdin)
        self.stdin = -1

    def close(self):
        self.close_stdin()
        os.close(self.stdout)


def call(argv, error_file, timeout=20):
    """Runs a command to its end: exit status (None: it hung and was killed) and output."""
    child = Child(argv, error_file)
    child.close_stdin()
    if not child.wait(timeout):
        os.kill(child.pid, signal.SIGKILL)
        child.wait(2)
        child.code = None
    elif child.read_output(0):
        child.read_output(0)
    child.close()
    return child.code, child.output
