# SPDX-License-Identifier: Apache-2.0
"""What each kind of listener answers: a registry (distribution-spec), a token service, a content network."""
import base64
import json
import os
import re
import secrets
import subprocess
import threading
import time
import urllib.parse

from content import digest_of, unpadded
from faults import Cut


class Auth:
    """Tokens that were given, for all token services and registries of a process."""

    def __init__(self):
        self.tokens = {}
        self.refresh = {}
        self.lock = threading.Lock()

    def give(self, scopes, life):
        token = "tok-" + secrets.token_hex(24)
        with self.lock:
            self.tokens[token] = (set(scopes), time.time() + life)
        return token

    def allows(self, token, scope):
        with self.lock:
            scopes, until = self.tokens.get(token, (set(), 0))
        kind, name, actions = scope.rsplit(":", 2) if scope.count(":") >= 2 else (scope, "", "")
        given = {a for s in scopes if s.startswith(f"{kind}:{name}:") for a in s.rsplit(":", 1)[1].split(",")}
        return until > time.time() and set(actions.split(",")) <= given


def basic_user(header, users):
    """The user of a Basic header, None if it is wrong, "" if there is none."""
    if not header.lower().startswith("basic "):
        return ""
    try:
        user, password = base64.b64decode(header[6:]).decode().split(":", 1)
    except ValueError:
        return None
    return user if users.get(user) == password else None


class Role:
    def __init__(self, handler):
        self.h = handler
        self.options = handler.options
        self.world = handler.world
        self.url = urllib.parse.urlsplit(handler.path)
        self.query = urllib.parse.parse_qs(self.url.query)

    def error(self, status, code, message="", headers=None):
        body = json.dumps({"errors": [{"code": code, "message": message or code.lower().replace("_", " ")}]}).encode()
        self.h.reply(status, body, {"Content-Type": "application/json", **(headers or {})})

    def send_blob(self, path, headers):
        """With ranges."""
        size = os.path.getsize(path)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.h.headers.get("Range", ""))
        lie = self.h.rule.get("range")
        headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", **headers}
        with open(path, "rb") as file:
            if not wanted or lie == "ignore":
                return self.h.reply(200, (file, size), headers)
            first = int(wanted[1])
            last = min(int(wanted[2] or size - 1), size - 1)
            if first > last:
                return self.error(416, "RANGE_INVALID", headers={"Content-Range": f"bytes */{size}"})
            file.seek(first)
            shown = first + (7 if lie == "lie" else 0)
            headers["Content-Range"] = f"bytes {shown}-{last}/{size + (1 if lie == 'size' else 0)}"
            return self.h.reply(206, (file, last - first + 1), headers)


class Cdn(Role):
    def answer(self):
        if self.h.headers.get("Authorization"):
            return self.error(400, "AUTHORIZATION_NOT_WANTED", "only one auth mechanism allowed")
        if self.options.get("challenge"):
            return self.error(401, "UNAUTHORIZED", headers={"WWW-Authenticate": self.options["challenge"]})
        path = self.world.content.blob_path(None, os.path.basename(self.url.path))
        return self.send_blob(path, {}) if path else self.error(404, "BLOB_UNKNOWN")


class Token(Role):
    def answer(self):
        users = self.options.get("users", {})
        if self.h.command == "POST":
            form = urllib.parse.parse_qs(self.h.body().decode())
            if form.get("refresh_token", [""])[0] != self.options.get("refresh_token"):
                return self.error(401, "UNAUTHORIZED", "wrong refresh token")
            return self.give(form.get("scope", [""])[0].split(), True)
        user = basic_user(self.h.headers.get("Authorization", ""), users)
        if user is None:
            return self.error(401, "UNAUTHORIZED", "incorrect username or password")
        return self.give([s for one in self.query.get("scope", []) for s in one.split()], bool(user))

    def give(self, wanted, known):
        """Strangers may pull what is public; users everything."""
        public = re.compile(self.options.get("public", "^$"))
        granted = []
        for scope in wanted:
            kind, name, actions = scope.rsplit(":", 2)
            if known:
                granted.append(scope)
            elif public.search(name):
                granted.append(f"{kind}:{name}:" + ",".join(a for a in actions.split(",") if a == "pull"))
        life = self.options.get("life", 300)
        token = self.signed(granted, life) if "jwt" in self.options else self.world.auth.give(granted, life)
        answer = {self.options.get("member", "token"): token, "expires_in": life}
        self.h.reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


    def signed(self, granted, life):
        """A token that docker-registry can check: a JWT with the certificate of its key."""
        jwt, now = self.options["jwt"], int(time.time())
        with open(jwt["cert"], encoding="ascii") as file:
            certificate = "".join(line.strip() for line in file if "-----" not in line)
        access = [dict(zip(("type", "name", "actions"), scope.rsplit(":", 2))) for scope in granted]
        claims = {"iss": jwt["issuer"], "sub": "someone", "aud": self.query.get("service", [""])[0], "exp": now + life,
                  "nbf": now - 60, "iat": now, "jti": secrets.token_hex(8),
                  "access": [{**one, "actions": one["actions"].split(",")} for one in access]}
        parts = [{"typ": "JWT", "alg": "RS256", "x5c": [certificate]}, claims]
        text = ".".join(unpadded(json.dumps(part).encode()) for part in parts)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", jwt["key"]], input=text.encode(),
                                   capture_output=True, check=True).stdout
        return f"{text}.{unpadded(signature)}"


class Registry(Role):
    uploads = {}

    def answer(self):
        match = re.fullmatch(r"/v2/(?:(.+)/(manifests|blobs|tags|referrers)/(.*))?", self.url.path)
        if not match:
            self.h.drain()
            return self.error(404, "NOT_FOUND")
        name, kind, rest = match.groups()
        challenge = self.challenge(name)
        if challenge:
            self.h.drain()
            return self.error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})
        if not name:
            return self.h.reply(200, b"{}", {"Content-Type": "application/json"})
        if kind == "tags":
            return self.tags(name)
        if kind == "manifests":
            return self.put_manifest(name, rest) if self.h.command == "PUT" else self.manifest(name, rest)
        if kind == "blobs" and rest.startswith("uploads/"):
            return self.upload(name, rest[len("uploads/"):])
        return self.blob(name, rest)

    def challenge(self, name):
        """What the answer 401 has to say, or None: go on."""
        auth = self.options.get("auth")
        if not auth:
            return None
        header = self.h.headers.get("Authorization", "")
        basic = f'Basic realm="{auth.get("basic_realm", "a registry, of tests")}"'
        if auth["kind"] == "basic":
            return None if basic_user(header, auth["users"]) else basic
        actions = "pull" if self.h.command in ("GET", "HEAD") else "pull,push"
        scope = f"repository:{name}:{actions}" if name else ""
        if header.startswith("Bearer ") and (not scope or self.world.auth.allows(header[7:], scope)):
            return None
        words = f'Bearer realm="{auth["realm"]}",service="{auth["service"]}"' + (f',scope="{scope}"' if scope else "")
        if header.startswith("Bearer "):
            words += ',error="insufficient_scope"' if header[7:] in self.world.auth.tokens else ',error="invalid_token"'
        return f"{basic}, {words}" if auth.get("basic_first") else words

    def tags(self, name):
        tags = self.world.content.tags(name)
        if tags is None:
            return self.error(404, "NAME_UNKNOWN")
        return self.h.reply(200, json.dumps({"name": name, "tags": tags}).encode(), {"Content-Type": "application/json"})

    def manifest(self, name, selector):
        found = self.world.content.manifest(name, selector)
        if not found:
            return self.error(404, "MANIFEST_UNKNOWN" if self.world.content.tags(name) else "NAME_UNKNOWN")
        digest, media_type, text = found
        return self.h.reply(200, text, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def put_manifest(self, name, selector):
        text = self.h.body()
        document = json.loads(text)
        for one in [document.get("config"), *document.get("layers", [])]:
            if one and not self.world.content.blob_path(name, one["digest"]):
                return self.error(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown: {one['digest']}")
        for one in document.get("manifests", []):
            if not self.world.content.manifest(name, one["digest"]):
                return self.error(400, "MANIFEST_UNKNOWN", f"manifest unknown: {one['digest']}")
        media_type = self.h.headers.get("Content-Type", "")
        if document.get("mediaType", media_type) != media_type:
            return self.error(400, "MANIFEST_INVALID", "mediaType and Content-Type differ")
        tag = None if ":" in selector else selector
        digest = self.world.content.add_manifest(name, text, media_type, tag)
        if not tag and digest != selector:
            return self.error(400, "DIGEST_INVALID")
        return self.h.reply(201, b"", {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest})

    def blob(self, name, digest):
        path = self.world.content.blob_path(name, digest)
        if not path:
            return self.error(404, "BLOB_UNKNOWN")
        base = self.options.get("blobs")
        if base and self.h.command == "GET":
            return self.h.reply(307, b"", {"Location": f"{base}/{digest}?signature=very-secret"})
        return self.send_blob(path, {"Docker-Content-Digest": digest})

    def upload(self, name, session):
        method = self.h.command
        if method == "POST":
            return self.begin(name)
        if session not in self.uploads:
            self.h.drain()
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if method == "GET":
            return self.accepted(name, session, 204)
        data = self.h.body()
        if "take" in self.h.rule:
            self.uploads[session] += b"" if self.h.rule.get("forget") else data
            time.sleep(600 if self.h.rule.get("hold") else 0)
            raise Cut
        if method == "PATCH":
            return self.patch(name, session, data)
        data = self.uploads.pop(session) + data
        if digest_of(data) != self.query["digest"][0]:
            return self.error(400, "DIGEST_INVALID")
        digest = self.world.content.add_blob(name, data)
        return self.h.reply(201, b"", {"Location": f"/v2/{name}/blobs/{digest}"})

    def begin(self, name):
        self.h.drain()
        mount = self.query.get("mount", [""])[0]
        source = self.query.get("from", [""])[0]
        if mount and source and self.world.content.blob_path(source, mount):
            self.world.content.link_blob(name, mount)
            return self.h.reply(201, b"", {"Location": f"/v2/{name}/blobs/{mount}"})
        session = secrets.token_hex(8)
        self.uploads[session] = b""
        return self.accepted(name, session, 202)

    def patch(self, name, session, data):
        if self.options.get("no_pieces"):
            return self.error(self.options["no_pieces"], "UNSUPPORTED")
        have = len(self.uploads[session])
        span = re.fullmatch(r"(\d+)-(\d+)", self.h.headers.get("Content-Range", f"{have}-{have + len(data) - 1}"))
        if int(span[1]) != have:
            return self.error(416, "BLOB_UPLOAD_INVALID", headers={"Range": f"0-{max(have - 1, 0)}"})
        keep = self.h.rule.get("keep")
        self.uploads[session] += data if keep is None else data[:keep]
        if keep is not None:
            return self.error(503, "UNAVAILABLE")
        return self.accepted(name, session, 202)

    def accepted(self, name, session, status):
        have = len(self.uploads[session])
        headers = {"Location": f"/v2/{name}/blobs/uploads/{session}?state=a%2Fb&step={have}", "Range": f"0-{max(have - 1, 0)}"}
        if "min_chunk" in self.options:
            headers["OCI-Chunk-Min-Length"] = str(self.options["min_chunk"])
        self.h.reply(status, b"", headers)
