#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes whole images of an attacker; what is wrong with a single layer is in layers.py.

hostile_images.py confused|malformed|digests DIR    OCI layouts NAME that must be refused; NAME.rule: a part of the error
hostile_images.py archives DIR                      docker-archives NAME.tar whose paths lead out, and NAME.rule
hostile_images.py packed DIR                        layouts with damaged or unknown compression
hostile_images.py links DIR CANARY                  an image in DIR/links whose links lead to the directory CANARY
hostile_images.py overlay DIR                       an image in DIR/overlay whose attributes would be orders to overlayfs
hostile_images.py bomb DIR gzip|zstd                an image in DIR/bomb of little size, whose layer unpacks to 1 GiB
hostile_images.py huge DIR                          archives with a document of 1 GiB
"""
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zlib

from layers import Layer, with_header, write_image

OCI = "application/vnd.oci.image."
INDEX, MANIFEST = OCI + "index.v1+json", OCI + "manifest.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """A good image that can be changed: its documents are written anew, with digests that fit."""

    def __init__(self, directory, tars=(), how="none"):
        self.directory = directory
        write_image(directory, how, list(tars) or [Layer().add("file", data=b"x").done()])
        self.index = self.read("index.json")
        self.manifest = self.read(self.path(self.index["manifests"][0]["digest"]))
        self.config = self.read(self.path(self.manifest["config"]["digest"]))
        del self.config["config"]["User"]
        self.write()

    def path(self, digest):
        return "blobs/" + digest.replace(":", "/")

    def read(self, name):
        with open(f"{self.directory}/{name}", encoding="utf-8") as file:
            return json.load(file)

    def put(self, data):
        with open(f"{self.directory}/{self.path(digest_of(data))}", "wb") as file:
            file.write(data)
        return {"digest": digest_of(data), "size": len(data)}

    def write(self, config=None, manifest=None, index=None):
        """Texts in place of what stands in the members."""
        self.manifest["config"] |= self.put(config or json.dumps(self.config).encode())
        self.index["manifests"][0] |= self.put(manifest or json.dumps(self.manifest).encode())
        with open(f"{self.directory}/index.json", "wb") as file:
            file.write(index or json.dumps(self.index).encode())


def case(directory, name, rule):
    with open(f"{directory}/{name}.rule", "w", encoding="utf-8") as file:
        file.write(rule)
    return Layout(f"{directory}/{name}")


def confused(directory):
    """Documents that mean one thing to one reader and another to the next."""
    both = case(directory, "manifest-and-index", "/manifests")
    both.manifest["manifests"] = both.index["manifests"]
    both.write()
    both = case(directory, "index-and-manifest", "/layers")
    both.index["layers"] = both.manifest["layers"]
    both.write()
    both = case(directory, "index-with-config", "/config")
    both.index["config"] = both.manifest["config"]
    both.write()
    old = case(directory, "manifest-of-schema-1-too", "/fsLayers")
    old.manifest["fsLayers"] = [{"blobSum": old.manifest["layers"][0]["digest"]}]
    old.write()
    lie = case(directory, "manifest-called-index", "/config")
    lie.index["manifests"][0]["mediaType"] = INDEX
    del lie.manifest["mediaType"]
    lie.write()
    lie = case(directory, "type-within-differs", "/mediaType")
    lie.manifest["mediaType"] = INDEX
    lie.write()


def malformed(directory):
    changes = {
        "no-config": ("/config", lambda m: m.pop("config")),
        "config-is-null": ("/config", lambda m: m.update(config=None)),
        "layers-are-null": ("layers", lambda m: m.update(layers=None)),
        "layers-are-text": ("/layers", lambda m: m.update(layers="all")),
        "layer-is-null": ("/layers/0", lambda m: m.update(layers=[None])),
        "layer-is-empty": ("/layers/0", lambda m: m.update(layers=[{}])),
        "more-layers": ("layers", lambda m: m.update(layers=m["layers"] * 3)),
        "negative-size": ("/layers/0/size", lambda m: m["layers"][0].update(size=-1)),
        "size-is-text": ("/layers/0/size", lambda m: m["layers"][0].update(size="1")),
        "version-1": ("/schemaVersion", lambda m: m.update(schemaVersion=1)),
        "deep": ("", lambda m: m.update(annotations={"a": json.loads("[" * 900 + "]" * 900)})),
    }
    for name, (rule, change) in changes.items():
        layout = case(directory, name, rule)
        change(layout.manifest)
        layout.manifest.setdefault("config", None)
        text = json.dumps({key: value for key, value in layout.manifest.items()
                           if key != "config" or name != "no-config"}).encode()
        layout.manifest["config"] = {}
        layout.write(manifest=text)
    for name, rule, text in (("no-json", "", b"\x00\xff{"), ("cut", "", b'{"schemaVersion": 2, "config": {'),
                             ("twice", "", b'{"schemaVersion": 2, "schemaVersion": 2}'), ("a-list", "", b"[]"),
                             ("number", "", b"1e999"), ("nothing", "", b"")):
        case(directory, "text-" + name, rule).write(manifest=text or b" ")
    for name, rule, change in (("no-rootfs", "/rootfs", lambda c: c.pop("rootfs")),
                               ("diff-ids-null", "/history", lambda c: c["rootfs"].update(diff_ids=None)),
                               ("diff-id-number", "/rootfs/diff_ids/0", lambda c: c["rootfs"].update(diff_ids=[7])),
                               ("history-lies", "/history", lambda c: c.update(history=[{}] * 9)),
                               ("config-list", "/config", lambda c: c.update(config=[1]))):
        layout = case(directory, "config-" + name, rule)
        change(layout.config)
        layout.write()


PATHS = {"dots": "sha256:../../../../etc/passwd", "slash": "sha256:/etc/passwd", "short": "sha256:12", "none": "",
         "upper": "sha256:" + "A" * 64, "name": "../../evil:" + "a" * 64, "nul": "sha256:" + "a" * 63 + "\0",
         "long": "sha256:" + "a" * 65, "half": "sha256:" + "a" * 60 + "/../"}


def pointer_or_nul(name, pointer):
    return "NUL" if name == "nul" else pointer


def digests(directory):
    for name, digest in PATHS.items():
        layout = case(directory, "index-" + name, pointer_or_nul(name, "/manifests/0/digest"))
        layout.index["manifests"][0]["digest"] = digest
        with open(f"{layout.directory}/index.json", "w", encoding="utf-8") as file:
            json.dump(layout.index, file)
        for place, pointer in (("config", "/config/digest"), ("layers", "/layers/0/digest")):
            layout = case(directory, f"{place}-{name}", pointer_or_nul(name, pointer))
            (layout.manifest[place] if place == "config" else layout.manifest[place][0])["digest"] = digest
            layout.index["manifests"][0] |= layout.put(json.dumps(layout.manifest).encode())
            with open(f"{layout.directory}/index.json", "w", encoding="utf-8") as file:
                json.dump(layout.index, file)
        layout = case(directory, "diff-id-" + name, pointer_or_nul(name, "/rootfs/diff_ids/0"))
        layout.config["rootfs"]["diff_ids"] = [digest]
        layout.write()


def archives(directory):
    layer = Layer().add("file", data=b"x").done()
    config = json.dumps({"architecture": "amd64", "os": "linux",
                         "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}}).encode()

    def write(name, rule, config_path, layer_path, links=()):
        entry = [{"Config": config_path, "RepoTags": ["evil:1"], "Layers": [layer_path]}]
        with tarfile.open(f"{directory}/{name}.tar", "w") as tar:
            for path, data in (("c.json", config), ("l/layer.tar", layer), ("manifest.json", json.dumps(entry).encode())):
                info = tarfile.TarInfo(path)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            for path, kind, target in links:
                info = tarfile.TarInfo(path)
                info.type, info.linkname = kind, target
                tar.addfile(info)
        with open(f"{directory}/{name}.rule", "w", encoding="utf-8") as file:
            file.write(rule)

    for name, path in (("dots", "../../../../../../etc/passwd"), ("absolute", "/etc/passwd"), ("proc", "/proc/self/environ")):
        write(f"config-{name}", "has no", path, "l/layer.tar")
        write(f"layer-{name}", "has no", "c.json", path)
    write("link-out", "has no", "c.json", "out", [("out", tarfile.SYMTYPE, "../../../../../../etc/passwd")])
    write("link-absolute", "has no", "c.json", "out", [("out", tarfile.SYMTYPE, "/etc/passwd")])
    write("link-to-itself", "has no", "c.json", "out", [("out", tarfile.SYMTYPE, "out")])
    write("hard-link-out", "its path has", "c.json", "out", [("out", tarfile.LNKTYPE, "../../etc/passwd")])


def packed(directory):
    """Layers that no decoder can finish; a decoder that waits for more would hang."""
    tar = Layer().add("file", data=os.urandom(300_000)).done()
    whole = gzip.compress(tar, mtime=0)
    frame = subprocess.run(["zstd", "-q", "-c"], input=tar, capture_output=True, check=True).stdout
    cases = {"gzip-cut": whole[:len(whole) // 2], "gzip-head": whole[:10], "gzip-sum": whole[:-8] + bytes(8),
             "gzip-noise": whole[:100] + os.urandom(1000) + whole[1100:], "gzip-tail": whole + b"\x1f\x8b\x08\x00",
             "zstd-cut": frame[:len(frame) // 2], "zstd-head": frame[:6], "zstd-window": b"\x28\xb5\x2f\xfd\x00\xff" + bytes(90),
             "xz": b"\xfd7zXZ\x00" + bytes(200), "bzip2": b"BZh9" + bytes(200), "nothing": b"", "deflate": zlib.compress(tar)}
    for name, data in cases.items():
        layout = Layout(f"{directory}/{name}")
        layout.manifest["layers"][0] |= layout.put(data) | {"mediaType": OCI + "layer.v1.tar+gzip"}
        layout.config["rootfs"]["diff_ids"] = [digest_of(tar)]
        layout.write()


def links(directory, canary):
    """What is written through links of a lower layer, or made of hard links to them."""
    up = "../" * 20 + canary.lstrip("/")
    lower = Layer().add("absolute", tarfile.SYMTYPE, link=canary).add("relative", tarfile.SYMTYPE, link=up)
    lower.add("file", tarfile.SYMTYPE, link=canary + "/canary").dir("etc/")
    upper = Layer().add("absolute/one", data=b"1").add("relative/two", data=b"2")
    upper.dir("absolute/", mode=0o777).add("relative/canary", data=b"overwritten", mode=0o777)
    upper.add("hard", tarfile.LNKTYPE, link="file").add("relative/.wh.canary-dir").add("absolute/.wh..wh..opq")
    last = Layer().add("file", data=b"a file now").dir("hard/", mode=0o777).add("hard/x", data=b"x")
    Layout(f"{directory}/links", [lower.done(), upper.done(), last.done()])


def overlay(directory):
    """Of the upper of two layers: what overlayfs takes as its own (CVE-2023-2640, CVE-2023-32629, and redirects)."""
    lower = Layer().dir("shown/").add("shown/file", data=b"lower").dir("secret/", mode=0o700).add("secret/key", data=b"key")
    lower.add("plain", data=b"plain")
    upper = Layer()
    for prefix in ("trusted.overlay.", "user.overlay."):
        for key, value in (("opaque", "y"), ("redirect", "/secret"), ("metacopy", ""), ("origin", "x"), ("whiteout", "y")):
            upper.dir(f"{prefix}{key}/", pax={f"SCHILY.xattr.{prefix}{key}": value})
            upper.add(f"{prefix}{key}/file", data=b"f", pax={f"SCHILY.xattr.{prefix}{key}": value or "y"})
        upper.dir("shown/", pax={f"SCHILY.xattr.{prefix}opaque": "y", f"SCHILY.xattr.{prefix}redirect": "/secret"})
        upper.add("plain", data=b"plain", pax={f"SCHILY.xattr.{prefix}metacopy": "y", f"SCHILY.xattr.{prefix}redirect": "/secret/key"})
    Layout(f"{directory}/overlay", [lower.done(), upper.done()])


def bomb(directory, how):
    """A file of 1 GiB of zeros; both formats may stand behind each other, so that a mebibyte is packed once."""
    layout = Layout(f"{directory}/bomb")
    head = with_header(Layer().add("zeros").done(), 124, b"%011o\0" % (1 << 30))[:512]

    def pack(data):
        if how == "gzip":
            return gzip.compress(data, mtime=0)
        return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout

    layout.manifest["layers"][0] |= layout.put(pack(head) + pack(bytes(1 << 20)) * 1024) | {"mediaType": OCI + "layer.v1.tar+" + how}
    layout.write()


def huge(directory):
    """Archives with a document of 1 GiB, which is a hole of the file."""
    for format_name, members in (("oci", ("oci-layout", "index.json")), ("docker", ("manifest.json",))):
        with open(f"{directory}/{format_name}.tar", "wb") as file:
            for name in members:
                size = 1 << 30 if name.endswith(".json") else 0
                file.write(with_header(Layer().add(name).done(), 124, b"%011o\0" % size)[:512])
            file.truncate(file.tell() + (1 << 30) + 1024)


def main():
    verb, directory, *more = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    {"confused": confused, "malformed": malformed, "digests": digests, "archives": archives, "packed": packed,
     "links": links, "overlay": overlay, "bomb": bomb, "huge": huge}[verb](directory, *more)


main()
