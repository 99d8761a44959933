# SPDX-License-Identifier: Apache-2.0
"""What the test registry has, as files, so that a test can change it while the registry runs.

blobs/ALGORITHM-HEX             content
repos/NAME/_tags/TAG            a digest
repos/NAME/_manifests/ALGORITHM-HEX    the media type of a manifest
repos/NAME/_blobs/ALGORITHM-HEX        empty: the repository has this blob
"""
import base64
import hashlib
import os


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def unpadded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Content:
    def __init__(self, root):
        self.root = root

    def _path(self, *parts):
        return os.path.join(self.root, *(part.replace(":", "-") for part in parts))

    def _write(self, path, data):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "wb") as out:
            out.write(data)
        os.replace(path + ".new", path)

    def _read(self, path):
        try:
            with open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def add_blob(self, repository, data):
        digest = digest_of(data)
        self._write(self._path("blobs", digest), data)
        self.link_blob(repository, digest)
        return digest

    def link_blob(self, repository, digest):
        self._write(self._path("repos", repository, "_blobs", digest), b"")

    def blob_path(self, repository, digest):
        path = self._path("blobs", digest)
        known = os.path.exists(self._path("repos", repository, "_blobs", digest)) if repository else True
        return path if known and os.path.exists(path) else None

    def add_manifest(self, repository, data, media_type, tag=None, digest=None):
        digest = digest or digest_of(data)
        self._write(self._path("blobs", digest), data)
        self._write(self._path("repos", repository, "_manifests", digest), media_type.encode())
        if tag:
            self._write(self._path("repos", repository, "_tags", tag), digest.encode())
        return digest

    def resolve(self, repository, selector):
        if ":" in selector:
            return selector
        digest = self._read(self._path("repos", repository, "_tags", selector))
        return digest.decode() if digest else None

    def manifest(self, repository, selector):
        """(digest, media type, text), or None."""
        digest = self.resolve(repository, selector)
        media_type = digest and self._read(self._path("repos", repository, "_manifests", digest))
        if not media_type:
            return None
        return digest, media_type.decode(), self._read(self._path("blobs", digest))

    def tags(self, repository):
        folder = self._path("repos", repository, "_tags")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else None
