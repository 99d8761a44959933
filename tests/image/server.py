#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registries, token services, content networks and proxies for the tests, in one process.

server.py CONFIG    CONFIG is JSON: {"root": content, "log": requests as JSON lines, "faults": file, "ready": file made
                    when all listen, "listen": [{"role": "registry"|"token"|"cdn"|"proxy"|"front", "name": ..., "port": ...}]}
A listener may have: address, tls {cert, key, client_ca}, auth {kind: basic|token, users, realm, service, scheme_first},
headers (of all its answers), blobs (base URL to which blobs are redirected), min_chunk, no_pieces, life (s), to (the port
that a front passes requests on to), hosts and login (of a proxy), jwt {key, cert, issuer} (of a token service: tokens that others can check).
How much of a body was read, and that an answer is over, are lines of the log too: {"to": "NAME body"}, {"to": "NAME done"}.
"""
import json
import os
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from content import Content
from faults import Cut, Faults, Sender
from front import Front
from proxy import Proxy, tunnel
from roles import Auth, Cdn, Registry, Token


class World:
    """What all listeners share."""

    def __init__(self, config):
        self.content = Content(config["root"])
        self.faults = Faults(config.get("faults", ""))
        self.log_path = config["log"]
        self.lock = threading.Lock()
        self.auth = Auth()

    def log(self, record):
        with self.lock, open(self.log_path, "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world = None
    options = None
    role = None

    def log_message(self, *_):
        pass

    def handle_any(self):
        name = self.options.get("name", self.options["role"])
        record = {"to": name, "method": self.command, "path": self.path, "host": self.headers.get("Host", "")}
        for header in ("Authorization", "Range", "Accept", "Content-Range", "Content-Type", "User-Agent"):
            if header in self.headers:
                record[header.lower()] = ", ".join(self.headers.get_all(header))
        self.rule = self.world.faults.find(f"{self.command} {name} {self.path}")
        record["client"] = self.client_address[1]
        self.world.log(record)
        try:
            self.answer()
        except (Cut, BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.world.log({"to": f"{name} done", "path": self.path})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def do_CONNECT(self):
        self.world.log({"to": self.options.get("name", "proxy"), "method": "CONNECT", "path": self.path,
                        "authorization": self.headers.get("Authorization", "")})
        tunnel(self)

    def answer(self):
        rule = self.rule
        if "redirect" in rule:
            self.drain()
            return self.reply(307, b"", {"Location": rule["redirect"], **rule.get("headers", {})})
        if "status" in rule:
            self.drain()
            return self.reply(rule["status"], rule.get("body", "").encode(), rule.get("headers", {}))
        return self.role(self).answer()

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(min(size, self.rule.get("take", size)))
        self.world.log({"to": f"{self.options.get('name', self.options['role'])} body", "method": self.command,
                        "path": self.path, "size": len(data)})
        return data

    def drain(self):
        if self.command in ("POST", "PUT", "PATCH"):
            self.body()

    def reply(self, status, data, headers=None):
        """An answer whose body is bytes, or an open file and its length."""
        rule = self.rule
        all_headers = {**self.options.get("headers", {}), **(headers or {}), **rule.get("add_headers", {})}
        if "replace" in rule:
            data = rule["replace"].encode()
        file, size = data if isinstance(data, tuple) else (None, len(data))
        self.send_response(status)
        for name, value in all_headers.items():
            if name not in rule.get("drop_headers", []):
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, one)
        if rule.get("endless"):
            self.close_connection = True
        elif "Content-Length" not in all_headers and status != 204:
            self.send_header("Content-Length", rule.get("length", size))
        self.end_headers()
        if self.command == "HEAD":
            return
        sender = Sender(rule, self.wfile.write)
        if file is None:
            sender.send(data)
        else:
            while size > 0 and (piece := file.read(min(size, 1 << 16))):
                sender.send(piece)
                size -= len(piece)
        sender.finish()


def listen(world, options):
    roles = {"registry": Registry, "token": Token, "cdn": Cdn, "proxy": Proxy, "front": Front}
    handler = type("Bound", (Handler,), {"world": world, "options": options, "role": roles[options["role"]]})
    server = ThreadingHTTPServer((options.get("address", "127.0.0.1"), options["port"]), handler)
    server.daemon_threads = True
    tls = options.get("tls")
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls["cert"], tls["key"])
        if "client_ca" in tls:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(tls["client_ca"])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    world = World(config)
    for options in config["listen"]:
        listen(world, options)
    with open(config["ready"], "w", encoding="utf-8") as ready:
        ready.write(str(os.getpid()))
    threading.Event().wait()


if __name__ == "__main__":
    main()
