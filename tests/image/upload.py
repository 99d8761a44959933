#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies a tag of a test registry's content into a real registry, by plain requests and without any client of ours.

upload.py ROOT REPOSITORY TAG URL [USER:PASSWORD]
"""
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from content import Content


class Remote:
    def __init__(self, base, login):
        self.base = base
        self.headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()} if login else {}

    def call(self, method, url, data=None, headers=None):
        request = urllib.request.Request(urllib.parse.urljoin(self.base, url), data=data, method=method,
                                         headers={**self.headers, **(headers or {})})
        return urllib.request.urlopen(request, timeout=30)

    def has(self, url):
        try:
            self.call("HEAD", url).close()
            return True
        except urllib.error.HTTPError:
            return False

    def put_blob(self, name, digest, data):
        if self.has(f"/v2/{name}/blobs/{digest}"):
            return
        location = self.call("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
        mark = "&" if "?" in location else "?"
        self.call("PUT", f"{location}{mark}digest={digest}", data, {"Content-Type": "application/octet-stream"}).close()


def copy(content, remote, name, selector):
    digest, media_type, text = content.manifest(name, selector)
    document = json.loads(text)
    for child in document.get("manifests", []):
        copy(content, remote, name, child["digest"])
    blobs = [document["config"]] if "config" in document else []
    for blob in blobs + document.get("layers", []):
        with open(content.blob_path(name, blob["digest"]), "rb") as file:
            remote.put_blob(name, blob["digest"], file.read())
    where = digest if ":" in selector else selector
    remote.call("PUT", f"/v2/{name}/manifests/{where}", text, {"Content-Type": media_type}).close()


def main():
    root, name, tag, url = sys.argv[1:5]
    copy(Content(root), Remote(url, sys.argv[5] if len(sys.argv) > 5 else ""), name, tag)


if __name__ == "__main__":
    main()
