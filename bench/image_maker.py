# SPDX-License-Identifier: Apache-2.0
"""The images of the comparison, as OCI layouts below a folder that keeps them
from run to run: a compiler tool chain on Debian, a small one of busybox, and
the two hard ones, a layer with a file of ten sparse gibibytes and one of a
million entries."""

import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import tarfile

TOOL_CHAIN = """build-essential clang-14 llvm-14-dev lld-14 gfortran gnat golang-go rustc ghc
openjdk-17-jdk-headless libboost1.74-dev""".split()
SUITE = "bookworm"
LEVEL = 6  # of gzip, as docker and others have it
MILLION = 1_000_000
SPARSE_SIZE = 10 << 30
BLOCK = 512


def say(text):
    print(f"bench: {text}", flush=True)


class Layout:
    """An OCI layout in the making; its one image has the tag latest."""

    def __init__(self, path):
        self.path = path
        self.layers, self.diff_ids = [], []
        os.makedirs(f"{path}/blobs/sha256")

    def add_blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{self.path}/blobs/sha256/{digest}", "wb") as file:
            file.write(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def add_layer(self, tar):
        """`tar`: a file, of any size."""
        packed = f"{self.path}/packed"
        plain = hashlib.sha256()
        with open(tar, "rb") as source, open(packed, "wb") as file:
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=LEVEL, mtime=0, filename="") as out:
                while piece := source.read(1 << 20):
                    plain.update(piece)
                    out.write(piece)
        with open(packed, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{digest}",
                            "size": os.path.getsize(packed)})
        self.diff_ids.append(f"sha256:{plain.hexdigest()}")
        os.replace(packed, f"{self.path}/blobs/sha256/{digest}")

    def finish(self):
        config = {"architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"), "os": "linux",
                  "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/bin:/bin"]},
                  "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
                  "history": [{"created_by": "bench/images"} for _ in self.layers]}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                               **self.add_blob(json.dumps(config).encode())},
                    "layers": self.layers}
        entry = {"mediaType": manifest["mediaType"], **self.add_blob(json.dumps(manifest).encode()),
                 "annotations": {"org.opencontainers.image.ref.name": "latest"}}
        with open(f"{self.path}/index.json", "w") as file:
            json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
        with open(f"{self.path}/oci-layout", "w") as file:
            file.write('{"imageLayoutVersion": "1.0.0"}')


def make(cache, name):
    """The path of the layout; made once, whole or not at all."""
    path, new = f"{cache}/{name}", f"{cache}/{name}.new"
    if not os.path.isdir(path):
        say(f"making the image {name}")
        shutil.rmtree(new, ignore_errors=True)
        work = f"{cache}/work"
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        layout = Layout(new)
        MAKERS[name](layout, work)
        layout.finish()
        shutil.rmtree(work)
        os.rename(new, path)
    return path


def packed_size(path):
    with open(f"{path}/index.json") as file:
        digest = json.load(file)["manifests"][0]["digest"]
    with open(f"{path}/blobs/{digest.replace(':', '/')}") as file:
        return sum(layer["size"] for layer in json.load(file)["layers"])


def tar_of(root, target, *names):
    subprocess.run(["tar", "--sort=name", "--numeric-owner", "--xattrs", "-C", root, "-cf", target, *names], check=True)


def make_tool_chain(layout, work):
    root = f"{work}/root"
    mirror = subprocess.run("grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d | head -n 1",
                            shell=True, capture_output=True, text=True).stdout.strip() or "http://deb.debian.org/debian"
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(TOOL_CHAIN)}", SUITE, root, mirror],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(f"{root}/var/cache/apt/archives")
    parts = {"base": [name for name in sorted(os.listdir(root)) if name != "usr"], "lib": ["usr/lib"],
             "rest": [f"usr/{name}" for name in sorted(os.listdir(f"{root}/usr")) if name != "lib"]}
    for name, members in parts.items():
        tar_of(root, f"{work}/{name}.tar", *members)
        layout.add_layer(f"{work}/{name}.tar")
        os.unlink(f"{work}/{name}.tar")


def busybox_root(root):
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        os.makedirs(f"{root}/{name}")
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    for name in ("sh", "true", "mkdir", "head", "cat"):
        os.symlink("busybox", f"{root}/bin/{name}")


def make_busybox(layout, work):
    busybox_root(f"{work}/root")
    tar_of(f"{work}/root", f"{work}/layer.tar", ".")
    layout.add_layer(f"{work}/layer.tar")


def make_small(layout, work):
    make_busybox(layout, work)
    for number in range(2):
        folder = f"{work}/data{number}/data{number}"
        os.makedirs(folder)
        chance = random.Random(number)
        for each in range(500):
            with open(f"{folder}/{each}", "wb") as file:
                file.write(chance.randbytes(20_000))
        tar_of(f"{work}/data{number}", f"{work}/data.tar", f"data{number}")
        layout.add_layer(f"{work}/data.tar")


def make_sparse(layout, work):
    make_busybox(layout, work)
    with open(f"{work}/holes", "wb") as file:
        for offset in range(0, SPARSE_SIZE, 1 << 30):
            file.seek(offset)
            file.write(b"data")
        file.truncate(SPARSE_SIZE)
    subprocess.run(["tar", "--sparse", "--format=posix", "-C", work, "-cf", f"{work}/sparse.tar", "holes"], check=True)
    layout.add_layer(f"{work}/sparse.tar")


def make_million(layout, work):
    make_busybox(layout, work)
    with open(f"{work}/million.tar", "wb") as file:
        for number in range(MILLION):
            entry = tarfile.TarInfo(f"m/{number // 1000}/{number}")
            file.write(entry.tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(2 * BLOCK))
    layout.add_layer(f"{work}/million.tar")


MAKERS = {"toolchain": make_tool_chain, "small": make_small, "sparse": make_sparse, "million": make_million}
