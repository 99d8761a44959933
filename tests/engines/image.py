#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a docker archive, which every engine loads, with one layer out of a root file system.

image.py ROOTFS NAME:TAG OUTPUT.tar [KEY=JSON...]    KEY: of the image's config, as Cmd='["sh"]'
"""
import hashlib
import io
import json
import sys
import tarfile


def layer_of(rootfs):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(rootfs, arcname=".", filter=owned_by_root)
    return data.getvalue()


def owned_by_root(member):
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    return member


def add(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def main(rootfs, name, output, *settings):
    layer = layer_of(rootfs)
    config = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    for setting in settings:
        key, _, value = setting.partition("=")
        config[key] = json.loads(value)
    image = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z", "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "image.py"}],
    }).encode()
    config_name = hashlib.sha256(image).hexdigest() + ".json"
    with tarfile.open(output, mode="w") as tar:
        add(tar, config_name, image)
        add(tar, "layer.tar", layer)
        add(tar, "manifest.json", json.dumps(
            [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode())


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
