# SPDX-License-Identifier: Apache-2.0
# The tutorial's world, all of it local: a network namespace, a registry with the tutorial's images that stands for
# Docker Hub, an archive of packages. Everything is below one directory and ends with the process that made it.
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(SOURCE, "build")))
ROOT_FILES = os.path.join(BUILD, "cache", "debian-rootfs")
PACKAGES = os.path.join(BUILD, "cache", "tutorial-packages")
REGISTRY = "localhost:5000"
ARCHIVE = "10.111.0.1"
LEFT_OUT = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/icu")
# Name, when it was made, files of its own, and whether it has pacman.
HUB_IMAGES = [
    ("ubuntu:15.04", "Oct 1 2024",
     {"etc/issue": "Ubuntu 15.04 \\n \\l\n", "etc/apt/sources.list": f"deb [trusted=yes] http://{ARCHIVE}:8000/apt ./\n"}, False),
    ("base/archlinux", "Sep 1 2024",
     {"etc/issue": "Arch Linux \\r (\\l)\n", "etc/pacman.conf": "[options]\nArchitecture = x86_64\nSigLevel = Never\n"
      f"[extra]\nServer = http://{ARCHIVE}:8000/pacman\n"}, True),
]


def missing():
    """Why there can be no world here, or nothing."""
    if os.geteuid() != 0:
        return "not root"
    for path in (ROOT_FILES, PACKAGES):
        if not os.path.isdir(path):
            return f"no {path}: contrib/setup test"
    for program in ("docker-registry", "ip", "nft", "curl"):
        if not shutil.which(program):
            return f"no {program}"
    return None


def unpack(package, tree):
    """As dpkg does: /lib stays the link that it is."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as files:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", tree], stdin=files.stdout, check=True)
    if files.returncode != 0:
        raise RuntimeError(f"{package} can't be unpacked")


class World:
    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="cais-tutorial-")
        os.chmod(self.top, 0o755)
        self.processes = []
        self.home = os.path.join(self.top, "home")
        os.makedirs(os.path.join(self.home, ".config", "cais"))
        with open(os.path.join(self.home, ".config", "cais", "registries"), "w", encoding="ascii") as file:
            file.write(f"docker.io mirror {REGISTRY}\n")
        self.env = {"HOME": self.home, "PATH": f"{BUILD}:{os.environ['PATH']}", "TERM": "xterm", "LANG": "C.UTF-8"}
        holder = self.start(["unshare", "--net", "--mount", "--propagation", "private", "sleep", "3600"], inside=False)
        self.enter = ["nsenter", "--target", str(holder.pid), "--net", "--mount", "--"]
        self.wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        for line in ("link set lo up", "link add outside type veth peer name far", f"addr add {ARCHIVE}/24 dev outside", "link set outside up", "link set far up"):
            self.inside("ip", *line.split())

    def start(self, argv, inside=True):
        log = open(os.path.join(self.top, f"log-{len(self.processes)}"), "wb")  # pylint: disable=consider-using-with
        process = subprocess.Popen((self.enter if inside else []) + argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
        self.processes.append(process)
        return process

    def inside(self, *argv):
        done = subprocess.run(self.enter + list(argv), env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def cais(self, *argv, store="store"):
        return self.inside("cais", "--root", os.path.join(self.top, store), "--run-root", os.path.join(self.top, f"run-{store}"),
                           *argv)

    @staticmethod
    def wait_until(holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError("the world does not begin")
            time.sleep(0.05)

    def answers(self, address, port):
        test = f"exec 3<>/dev/tcp/{address}/{port}"
        return subprocess.run(self.enter + ["bash", "-c", test], capture_output=True, check=False).returncode == 0

    def fill(self):
        """The registry has the images; the archive answers."""
        config = os.path.join(self.top, "registry.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write("version: 0.1\nlog: {level: error}\n"
                       f"storage: {{filesystem: {{rootdirectory: {self.top}/registry}}}}\nhttp: {{addr: '127.0.0.1:5000'}}\n")
        self.start(["docker-registry", "serve", config])
        self.start(["python3", "-m", "http.server", "--bind", ARCHIVE, "--directory", PACKAGES, "8000"])
        self.wait_until(lambda: self.answers("127.0.0.1", 5000) and self.answers(ARCHIVE, 8000))
        for name, date, files, tools in HUB_IMAGES:
            self.push(name, date, files, tools)

    def push(self, name, date, files, tools):
        tree = os.path.join(self.top, "tree")
        subprocess.run(["cp", "-a", "--reflink=auto", ROOT_FILES, tree], check=True)
        if tools:
            for package in glob.glob(os.path.join(PACKAGES, "tools", "*.deb")):
                unpack(package, tree)
        for path, text in files.items():
            with open(os.path.join(tree, path), "w", encoding="ascii") as file:
                file.write(text)
        tar = os.path.join(self.top, "image.tar")
        subprocess.run(["tar", "-C", tree, "-cf", tar, *(f"--exclude=./{path}/*" for path in LEFT_OUT), "."], check=True)
        shutil.rmtree(tree)
        self.env["SOURCE_DATE_EPOCH"] = subprocess.check_output(["date", "-d", date, "+%s"], text=True).strip()
        path = name if "/" in name else f"library/{name}"
        self.cais("import", tar, f"{REGISTRY}/{path}", store="hub")
        self.cais("push", "-q", "--compression", "none", f"{REGISTRY}/{path}", store="hub")
        del self.env["SOURCE_DATE_EPOCH"]
        os.unlink(tar)

    def close(self):
        ids = self.cais("ps", "-aq").split()
        if ids:
            self.cais("rm", "-f", *ids)
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait()
        left = [line.split()[4] for line in open("/proc/self/mountinfo", encoding="ascii") if self.top in line]
        for place in reversed(left):
            subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self.top)
        return left
