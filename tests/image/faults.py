# SPDX-License-Identifier: Apache-2.0
"""Faults of the test registry: rules in a file that is read anew for each request, and bodies sent by them.

A rule: {"match": "^GET registry /v2/.*/blobs/", "skip": 1, "times": 2, ...}; "skip" requests that match are left in
peace, then "times" (default: all) are treated. What a rule may do:
  status, headers, body         answer this
  cut: N                        close the connection after N bytes of the body
  stall: N                      after N bytes send nothing more, and keep the connection
  slow: N                       N bytes a second
  flip: N                       one bit of byte N is wrong
  length: N                     announce N bytes
  endless: true                 never end the body
  redirect: URL                 to there
  add_headers, drop_headers     change those of the right answer
  range: "ignore"|"lie"|"size"  200 in place of 206; another first byte; another size
  replace: TEXT                 another body
  take: N                       close the connection after N bytes of the request's body; "forget": none of them stays;
                                "hold": keep the connection
  keep: N                       of a piece of an upload, and answer 503
"""
import json
import re
import threading
import time

CHUNK = 64 * 1024


class Faults:
    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.counts = {}

    def rules(self):
        try:
            with open(self.path, encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return []

    def find(self, words):
        """The rule for "METHOD name /path", or an empty one."""
        with self.lock:
            for rule in self.rules():
                if not re.search(rule["match"], words):
                    continue
                key = json.dumps(rule, sort_keys=True)
                self.counts[key] = count = self.counts.get(key, 0) + 1
                first = rule.get("skip", 0)
                if first < count <= first + rule.get("times", 1 << 30):
                    return rule
        return {}


class Cut(Exception):
    """The connection ends here."""


class Sender:
    """Sends a body as a rule wants it."""

    def __init__(self, rule, write):
        self.rule = rule
        self.write = write
        self.sent = 0

    def send(self, data):
        flip = self.rule.get("flip")
        if flip is not None and self.sent <= flip < self.sent + len(data):
            data = bytearray(data)
            data[flip - self.sent] ^= 1
        for limit, act in ((self.rule.get("cut"), self.cut), (self.rule.get("stall"), self.stall)):
            if limit is not None and self.sent + len(data) >= limit:
                self.put(data[: limit - self.sent])
                act()
        self.put(data)

    def put(self, data):
        speed = self.rule.get("slow")
        step = max(speed // 10, 1) if speed else CHUNK
        for at in range(0, len(data), step):
            self.write(bytes(data[at : at + step]))
            if speed:
                time.sleep(step / speed)
        self.sent += len(data)

    def cut(self):
        raise Cut

    def stall(self):
        time.sleep(600)
        raise Cut

    def finish(self):
        while self.rule.get("endless"):
            self.write(b"x" * CHUNK)
