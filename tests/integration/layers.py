#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes layers and images to test with: every kind of file and dialect of tar, and layers of an attacker.

layers.py image DIR HOW...   OCI layouts, one image "t" of several layers, compressed by gzip, zstd, none; several HOW: DIR-HOW
layers.py single DIR         NAME.tar: layers that are an image by themselves, of every dialect
layers.py hostile DIR        tars that must be refused; NAME.tar beside NAME.rule, a part of the error
layers.py many FILE COUNT    a plain tar of COUNT empty files, a thousand in each directory
layers.py rootfs FILE DIR    a plain tar of a directory, named ./...
"""
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile

EPOCH = 1_400_000_000


class Layer:
    def __init__(self, dialect=tarfile.PAX_FORMAT):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=dialect)

    def add(self, name, kind=tarfile.REGTYPE, data=b"", mode=0o644, uid=0, gid=0, link="", pax=None, mtime=EPOCH, dev=(0, 0)):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid, info.linkname, info.mtime = kind, mode, uid, gid, link, mtime
        info.size, info.pax_headers = len(data), pax or {}
        info.devmajor, info.devminor = dev
        self.tar.addfile(info, io.BytesIO(data))
        return self

    def dir(self, name, mode=0o755, **more):
        return self.add(name, tarfile.DIRTYPE, mode=mode, **more)

    def done(self):
        self.tar.close()
        return self.bytes.getvalue()


def gnu_sparse():
    """Made by GNU tar itself, in the three PAX versions and its own."""
    out = []
    for form in (["--format=gnu"], ["--format=posix", "--sparse-version=0.0"], ["--format=posix", "--sparse-version=0.1"],
                 ["--format=posix", "--sparse-version=1.0"]):
        work = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip()
        name = "sparse" + form[-1].split("=")[1]
        with open(os.path.join(work, name), "wb") as file:
            for at in range(0, 40):
                file.seek(at * 100_000 + 77)
                file.write(b"part %d" % at)
            file.truncate(5_000_000)
        os.utime(os.path.join(work, name), (EPOCH, EPOCH))
        out.append(subprocess.run(["tar", "-C", work, "--sparse", "--hole-detection=raw", "--owner=0", "--group=0", *form,
                                   "-cf", "-", name], capture_output=True, check=True).stdout)
        subprocess.run(["rm", "-rf", work], check=True)
    return out


def image_layers():
    base = Layer()
    base.dir("./", 0o755)
    for name in ("bin", "etc", "usr", "usr/lib", "usr/bin", "var", "gone", "opaque", "opaque/sub", "mixed", "tmp"):
        base.dir(name + "/", 0o1777 if name == "tmp" else 0o755)
    base.dir("closed/", 0o700, uid=33, gid=33)
    base.add("lib", tarfile.SYMTYPE, link="usr/lib", mode=0o777)
    base.add("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\nship:x:1000:1001::/home/ship:/bin/sh\n")
    base.add("etc/group", data=b"root:x:0:\nship:x:1001:\ncrew:x:50:ship\n")
    base.add("etc/old", data=b"old", mode=0o600, uid=70000, gid=3_000_000)
    base.add("gone/file", data=b"1").add("opaque/lower", data=b"2").add("opaque/sub/lower", data=b"3")
    base.add("mixed/file", data=b"x" * 1000).add("mixed/link", tarfile.LNKTYPE, link="mixed/file")
    base.add("usr/bin/su", data=b"su" * 700, mode=0o4755)
    base.add("usr/bin/cap", data=b"cap", mode=0o755,
             pax={"SCHILY.xattr.security.capability": b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".decode("latin1")})
    base.add("null", tarfile.CHRTYPE, mode=0o666, dev=(1, 3)).add("disk", tarfile.BLKTYPE, mode=0o660, dev=(8, 300))
    base.add("fifo", tarfile.FIFOTYPE, mode=0o622)
    base.add("closed/deep", data=b"deep").add("empty", data=b"")
    base.add("long/" + "d" * 200 + "/" + "f" * 200, data=b"long")
    base.add("longlink", tarfile.SYMTYPE, link="x/" * 300 + "end", mode=0o777)
    base.add("attr", data=b"a", pax={"SCHILY.xattr.user.note": "hello", "SCHILY.xattr.trusted.overlay.opaque": "y",
                                     "SCHILY.xattr.security.selinux": "x"})
    base.add("new\nline \u00e9", data=b"odd")
    for i in range(300):
        base.add(f"var/file-{i:03}", data=b"%d" % i)
    for name in ("!", "+", "-", "."  + "a", "..b", "~"):
        base.add("mixed/" + name, data=b"sorted around . and ..")
    change = Layer(tarfile.GNU_FORMAT)
    change.add("gone/.wh.file").add(".wh.empty").dir("etc/", 0o711)
    change.add("opaque/upper", data=b"4").add("opaque/.wh..wh..opq")
    change.add("lib/through", data=b"by a lower link")
    change.add("closed/more", data=b"more")
    change.add("cross", tarfile.LNKTYPE, link="mixed/file")
    change.add("etc/old", data=b"new")
    change.add(".wh..wh.plnk/17.9", data=b"aufs")
    change.add("g/" + "n" * 150, data=b"gnu long name")
    top = Layer(tarfile.USTAR_FORMAT)
    top.add("etc/old", data=b"newer").add("etc/old", data=b"newest")
    top.add("early", data=b"first").add("late", tarfile.LNKTYPE, link="early")
    top.add(".wh.var").dir("var/", 0o700).add("var/new", data=b"after all")
    top.add("mixed2", data=b"file over nothing").add("closed", data=b"file over directory")
    return [base.done(), change.done(), top.done(), *gnu_sparse()[1:]]  # umoci does not read GNU's own form


def as_v7(data):
    """A plain tar as Unix of 1979 wrote it: nothing behind the link's name, a directory is a name with a slash at its end."""
    out, at = bytearray(data), 0
    while any(out[at:at + 512]):
        block = out[at:at + 512]
        size = int(bytes(block[124:135]).rstrip(b"\0 ") or b"0", 8)
        if block[156:157] in b"05":
            block[156] = 0
        block[257:512] = bytes(255)
        out[at:at + 512] = with_header(block, 156, block[156:157])
        at += 512 + (size + 511) // 512 * 512
    return bytes(out)


def singles():
    base, _, top, *_ = image_layers()
    yield "base", base
    yield "top", top
    for data, name in zip(gnu_sparse(), ("gnu", "pax00", "pax01", "pax10")):
        yield "sparse-" + name, data
    for name, dialect in (("gnu", tarfile.GNU_FORMAT), ("ustar", tarfile.USTAR_FORMAT)):
        layer = Layer(dialect)
        layer.add("a/" * 40 + "deep", data=b"d" * 511, mtime=1).add("b" * 90, data=b"e" * 513)
        layer.add("link", tarfile.SYMTYPE, link="a/" * 40 + "deep", mode=0o777).add("a" + "/b" * 30 + "/last", data=b"z" * 4096)
        layer.add("many/first", data=b"1")
        for i in range(700):
            layer.add(f"many/{i:05}" + "n" * (i % 80), data=b"x" * (i % 3), mode=0o600 + i % 64, uid=i, gid=i * 7)
        yield "names-" + name, layer.done()
    old = Layer(tarfile.USTAR_FORMAT).dir("d/", 0o750, uid=7).add("d/file", data=b"f" * 700, mode=0o4711, gid=8, mtime=1)
    old.add("d/hard", tarfile.LNKTYPE, link="d/file").add("soft", tarfile.SYMTYPE, link="d/file", mode=0o777)
    yield "v7", as_v7(old.add("n" * 100, data=b"a name that fills its field").done())


def compressed(data, how):
    if how == "gzip":  # two members
        return gzip.compress(data[:1000], 6, mtime=0) + gzip.compress(data[1000:], 1, mtime=0)
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
    return data


def write_image(directory, how, tars):
    os.makedirs(directory + "/blobs/sha256")

    def put(data, media):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{directory}/blobs/sha256/{digest}", "wb") as file:
            file.write(data)
        return {"mediaType": media, "digest": "sha256:" + digest, "size": len(data)}

    suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[how]
    layers = [put(compressed(t, how), "application/vnd.oci.image.layer.v1.tar" + suffix) for t in tars]
    config = {"created": "2024-01-02T03:04:05Z", "architecture": "amd64", "os": "linux", "author": "A. Tester",
              "config": {"Env": ["PATH=/bin:/usr/bin", "NAME=value"], "Entrypoint": ["/bin/entry"], "Cmd": ["one", "two"],
                         "WorkingDir": "/work/dir", "User": "ship", "ExposedPorts": {"80/tcp": {}},
                         "Labels": {"label": "text", "org.opencontainers.image.author": "label wins"}, "StopSignal": "SIGQUIT"},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]},
              "history": [{"created": "2024-01-02T03:04:05Z", "created_by": f"layer {i}"} for i in range(len(tars))]}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": put(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"), "layers": layers}
    entry = put(json.dumps(manifest).encode(), manifest["mediaType"])
    entry["annotations"] = {"org.opencontainers.image.ref.name": "t"}
    with open(directory + "/index.json", "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
    with open(directory + "/oci-layout", "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')


def with_header(data, offset, field):
    """The first header with other bytes at an offset, and a right checksum."""
    block = bytearray(data[:512])
    block[offset:offset + len(field)] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data[512:]


def write_many(path, count, one_directory=False):
    """One header, changed in place: tarfile would take a minute for a million. One directory's are in random order."""
    numbers = list(range(count))
    if one_directory:
        random.Random(1).shuffle(numbers)
    block = bytearray(tarfile.TarInfo("m/000/000000").tobuf(tarfile.USTAR_FORMAT)[:512])
    rest = sum(block) - sum(block[2:12]) - sum(block[148:156]) + 8 * 32
    with open(path, "wb") as file:
        for number in numbers:
            block[2:12] = name = b"%010d" % number if one_directory else b"%03d/%06d" % (number // 1000, number)
            block[148:156] = b"%06o\0 " % (rest + sum(name))
            file.write(block)
        file.write(bytes(1024))


def hostile():
    one = Layer().add("file", data=b"x").done()
    pax = tarfile.TarInfo("x")
    pax.type, pax.size = tarfile.XHDTYPE, 8 << 20
    yield "dotdot", Layer().add("a/../../etc/x", data=b"x").done(), "its path has"
    yield "dotdot-link", Layer().add("l", tarfile.LNKTYPE, link="../../etc/passwd").done(), "its path has"
    yield "through-own-link", Layer().add("a", tarfile.SYMTYPE, link="/etc").add("a/x", data=b"x").done(), "passes through the symbolic link"
    yield "through-own-relative", Layer().add("a", tarfile.SYMTYPE, link="../../..").add("a/etc/x").done(), "passes through the symbolic link"
    yield "below-a-file", Layer().add("a").add("a/x").done(), "which is no directory"
    yield "link-to-nothing", Layer().add("l", tarfile.LNKTYPE, link="etc/shadow").done(), "which is not there"
    yield "link-to-directory", Layer().dir("d/").add("l", tarfile.LNKTYPE, link="d").done(), "hard link to a directory"
    yield "root-is-a-link", Layer().add("./", tarfile.SYMTYPE, link="/etc").done(), "is no directory"
    yield "whiteout-of-nothing", Layer().add("d/.wh.").done(), "names no file"
    yield "whiteout-of-dotdot", Layer().add("d/.wh...").done(), "names no file"
    yield "whiteout-directory", Layer().add(".wh.d/file").done(), "begins with .wh."
    yield "long-name", Layer().add("n" * 256).done(), "more than 255 bytes"
    yield "long-path", Layer().add("/".join(["n" * 200] * 21)).done(), "more than 4096 bytes"
    yield "huge-header", pax.tobuf(tarfile.USTAR_FORMAT) + bytes(8 << 20), "extended header has"
    yield "checksum", one[:10] + b"!" + one[11:], "checksum"
    yield "cut", one[:512], "ends within"
    yield "negative-size", with_header(one, 124, b"\xff" * 12), "negative"
    yield "huge-size", with_header(one, 124, b"\x80\xff" + b"\xff" * 10), "64 bits"
    yield "absurd-size", with_header(one, 124, b"\x80\0\0\0\x7f" + b"\xff" * 7), ""
    yield "type", with_header(one, 156, b"Z"), "unknown"
    yield "sparse-bomb", Layer().add("s", pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 60)},
                                     data=b"0\n".ljust(512, b"\0")).done(), "1 TiB"
    yield "sparse-order", Layer().add("s", pax={"GNU.sparse.map": "100,5,0,5", "GNU.sparse.size": "1000"}, data=b"x" * 10).done(), "sparse map"
    yield "sparse-beyond", Layer().add("s", pax={"GNU.sparse.map": "999,10", "GNU.sparse.size": "1000"}, data=b"x" * 10).done(), "sparse map"
    yield "xattr-huge", Layer().add("x", pax={f"SCHILY.xattr.user.{i}": "v" * 60000 for i in range(4)}).done(), "128 KiB"
    yield "pax-length", Layer().add("x", pax={"comment": "c"}).done().replace(b"comment", b"c\0mment").replace(b"13 c", b"99 c"), ""
    yield "device-link", Layer().add("l", tarfile.LNKTYPE, link="").done(), "link to nothing"


def main():
    verb, target = sys.argv[1:3]
    if verb == "image":
        hows, tars = sys.argv[3:], image_layers()
        for how in hows:
            write_image(target if len(hows) == 1 else f"{target}-{how}", how, tars)
    elif verb == "many":
        write_many(target, int(sys.argv[3]), sys.argv[4:] == ["one-directory"])
    elif verb == "single":
        os.makedirs(target)
        for name, data in singles():
            with open(f"{target}/{name}.tar", "wb") as file:
                file.write(data)
    elif verb == "hostile":
        os.makedirs(target)
        for name, data, rule in hostile():
            with open(f"{target}/{name}.tar", "wb") as file:
                file.write(data)
            with open(f"{target}/{name}.rule", "w", encoding="utf-8") as file:
                file.write(rule)
    else:
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
            tar.add(sys.argv[3], arcname=".")


if __name__ == "__main__":
    main()
