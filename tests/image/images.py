#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the images of the tests: busybox-static and a few files, the same bytes each time.

images.py ROOT REPOSITORY TAG RECIPE [KEY=VALUE...]    into the content of a test registry; prints what was made as JSON
Recipes: docker, oci, index, schema1, confused. Keys: layers=N size=BYTES (of random content in each) seed=TEXT
architecture=NAME compress=gzip|none salt=TEXT (other content, other digests) lie=diffid (of the last layer).
"""
import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile

from content import Content, digest_of, unpadded

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
TYPES = {
    "oci": {"index": OCI + "index.v1+json", "manifest": OCI + "manifest.v1+json", "config": OCI + "config.v1+json",
            "gzip": OCI + "layer.v1.tar+gzip", "none": OCI + "layer.v1.tar"},
    "docker": {"index": DOCKER + "distribution.manifest.list.v2+json", "manifest": DOCKER + "distribution.manifest.v2+json",
               "config": DOCKER + "container.image.v1+json", "gzip": DOCKER + "image.rootfs.diff.tar.gzip",
               "none": DOCKER + "image.rootfs.diff.tar"},
    "schema1": DOCKER + "distribution.manifest.v1+prettyjws",
}
TIME = 1420070400  # 2015


def tar_of(entries):
    """entries: (name, kind, content); kind is "dir", "link" or a mode."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.mtime = TIME
            info.mode = 0o755
            if kind == "dir":
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif kind == "link":
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.mode, info.size = kind, len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def base_layer(salt):
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    entries = [(name, "dir", None) for name in ("bin", "etc", "dev", "proc", "sys", "tmp", "root")]
    entries.append(("bin/busybox", 0o755, busybox))
    entries += [(f"bin/{name}", "link", "busybox") for name in ("sh", "cat", "ls", "true", "false", "echo", "id", "sleep")]
    entries.append(("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n"))
    entries.append(("etc/group", 0o644, b"root:x:0:\n"))
    entries.append(("etc/issue", 0o644, f"Test image {salt}\n".encode()))
    return tar_of(entries)


def data_layer(number, size, salt):
    content = random.Random(f"{number} {salt}").randbytes(size)
    return tar_of([("data", "dir", None), (f"data/{number}", 0o644, content)])


def tars_of(options):
    salt, size = options.get("salt", ""), int(options.get("size", "1000"))
    return [base_layer(salt)] + [data_layer(n, size, salt) for n in range(1, int(options.get("layers", "2")))]


def compressed(tar, how):
    return gzip.compress(tar, 1, mtime=0) if how == "gzip" else tar


def write_image(content, repository, kind, options, tag=None):
    """One image; what it is made of."""
    types, how = TYPES[kind], options.get("compress", "gzip")
    tars = tars_of(options)
    blobs = [compressed(tar, how) for tar in tars]
    diff_ids = [digest_of(tar) for tar in tars]
    if options.get("lie") == "diffid":
        diff_ids[-1] = digest_of(b"another tar")
    config = json.dumps({
        "created": "2015-01-01T00:00:00Z", "architecture": options.get("architecture", "amd64"), "os": "linux",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created": "2015-01-01T00:00:00Z", "created_by": f"layer {n}"} for n in range(len(tars))],
    }).encode()
    manifest = {
        "schemaVersion": 2, "mediaType": types["manifest"],
        "config": {"mediaType": types["config"], "digest": content.add_blob(repository, config), "size": len(config)},
        "layers": [{"mediaType": types[how], "digest": content.add_blob(repository, blob), "size": len(blob)} for blob in blobs],
    }
    text = json.dumps(manifest).encode()
    digest = content.add_manifest(repository, text, types["manifest"], tag)
    return {"digest": digest, "size": len(text), "mediaType": types["manifest"], "config": manifest["config"]["digest"],
            "layers": [layer["digest"] for layer in manifest["layers"]], "diff_ids": [digest_of(tar) for tar in tars],
            "sizes": [len(blob) for blob in blobs]}


PLATFORMS = [("amd64", ""), ("arm", "v6"), ("arm", "v7"), ("arm64", "v8"), ("s390x", "")]


def write_index(content, repository, kind, options, tag):
    made, entries = {}, []
    for architecture, variant in PLATFORMS:
        salt = f"{options.get('salt', '')} {architecture}{variant}".strip()
        image = write_image(content, repository, kind, {**options, "architecture": architecture, "salt": salt})
        platform = {"os": "linux", "architecture": architecture, **({"variant": variant} if variant else {})}
        entries.append({"mediaType": image["mediaType"], "digest": image["digest"], "size": image["size"], "platform": platform})
        made[architecture + variant] = image
    entries.insert(0, {**entries[-1], "platform": {"os": "unknown", "architecture": "unknown"},
                       "annotations": {"vnd.docker.reference.type": "attestation-manifest"}})
    text = json.dumps({"schemaVersion": 2, "mediaType": TYPES[kind]["index"], "manifests": entries}).encode()
    digest = content.add_manifest(repository, text, TYPES[kind]["index"], tag)
    return {"digest": digest, "images": made}


def write_schema1(content, repository, options, tag):
    """As Docker 1.8 pushed it: newest first, signed (by nobody), with an entry that has no layer."""
    tars = tars_of(options)
    layers, history = [], []
    for number, tar in enumerate(tars):
        entry = {"id": hashlib.sha256(tar).hexdigest(), "created": "2015-01-01T00:00:00Z", "os": "linux",
                 "container_config": {"Cmd": ["/bin/sh", "-c", f"layer {number}"]}}
        layers.insert(0, {"blobSum": content.add_blob(repository, compressed(tar, "gzip"))})
        history.insert(0, entry)
    layers.insert(0, {"blobSum": content.add_blob(repository, compressed(tar_of([]), "gzip"))})
    history.insert(0, {"id": "f" * 64, "parent": history[0]["id"], "created": "2015-01-02T00:00:00Z", "architecture": "amd64",
                       "os": "linux", "docker_version": "1.8.2", "throwaway": True, "author": "tests",
                       "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]}, "container_config": {"Cmd": ["#(nop) CMD"]}})
    document = {"schemaVersion": 1, "name": repository, "tag": tag, "architecture": "amd64", "fsLayers": layers,
                "history": [{"v1Compatibility": json.dumps(entry)} for entry in history]}
    payload = json.dumps(document, indent=3)
    body, tail = payload[:-2], payload[-2:]
    protected = {"formatLength": len(body), "formatTail": unpadded(tail.encode()), "time": "2015-01-02T00:00:00Z"}
    signature = {"header": {"alg": "ES256"}, "signature": unpadded(b"s" * 64), "protected": unpadded(json.dumps(protected).encode())}
    text = body + ',\n   "signatures": ' + json.dumps([signature]) + tail
    digest = digest_of(payload.encode())
    content.add_manifest(repository, text.encode(), TYPES["schema1"], tag, digest)
    return {"digest": digest, "layers": [layer["blobSum"] for layer in reversed(layers[1:])],
            "diff_ids": [digest_of(tar) for tar in tars]}


def write_confused(content, repository, options, tag):
    """A manifest that is an index too (CVE-2021-41190)."""
    image = write_image(content, repository, "oci", options)
    document = json.loads(content.manifest(repository, image["digest"])[2])
    del document["mediaType"]
    document["manifests"] = [{"mediaType": image["mediaType"], "digest": image["digest"], "size": image["size"]}]
    text = json.dumps(document).encode()
    return {"digest": content.add_manifest(repository, text, TYPES["oci"]["manifest"], tag)}


def main():
    root, repository, tag, recipe = sys.argv[1:5]
    options = dict(word.split("=", 1) for word in sys.argv[5:])
    os.makedirs(root, exist_ok=True)
    content = Content(root)
    if recipe in ("docker", "oci"):
        made = write_image(content, repository, recipe, options, tag)
    elif recipe == "index":
        made = write_index(content, repository, options.get("kind", "oci"), options, tag)
    else:
        made = {"schema1": write_schema1, "confused": write_confused}[recipe](content, repository, options, tag)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
