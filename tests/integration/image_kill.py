#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills commands of cais at random points, two at a time on one store, and looks at what is left.

image_kill.py CAIS STORE RUN-ROOT KILLS PULLED BUNDLE ARCHIVE...   exits 0 if the store is whole in the end.
Each archive holds one image; PULLED is a reference to an image of a registry that answers; BUNDLE, of cais, is committed.
The seed is printed; IMAGE_KILL_SEED repeats it.
"""
import collections
import json
import os
import random
import re
import subprocess
import sys
import time

from killing import begin, files_below

CAIS, STORE, RUN, KILLS, PULLED, BUNDLE, *ARCHIVES = sys.argv[1:]
KILLS = int(KILLS)
IMPORTED, COMMITTED = "imported:1", "committed:1"
VERBS = ["load", "load", "import", "import", "pull", "pull", "commit", "commit", "rmi", "rmi", "tag", "prune"]
# What one command may rightly say of what the other does meanwhile.
REFUSALS = re.compile("there is no such image|another command has removed|is not in the store any more|"
                      "the layer is not in the store")
ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}  # the same commit is the same image


class Command:
    """One that is started, and killed when it has run for `life` seconds; None: it runs to its end."""

    def __init__(self, words, life=None):
        self.words, self.began = words, time.monotonic()
        self.dies = None if life is None else self.began + life
        self.killed = False
        self.process = subprocess.Popen([CAIS, "--root", STORE, "--run-root", RUN, *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)

    def end(self):
        if self.dies is not None:
            time.sleep(max(0, self.dies - time.monotonic()))
            self.killed = self.process.poll() is None
            self.process.kill()
        try:
            out = self.process.communicate(timeout=60)[0].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            sys.exit(f"{self.words}: still runs after a minute")
        return self.process.returncode, out


def good(*words):
    status, out = Command(words).end()
    if status:
        sys.exit(f"{words}: status {status}: {out}")
    return out


def records(place):
    for name in os.listdir(f"{STORE}/{place}"):
        with open(f"{STORE}/{place}/{name}", encoding="utf-8") as file:
            yield json.load(file)


def identities():
    """Each image's manifest, configuration and layers."""
    return {(r["manifest"]["digest"], r["config"], *r["diffIds"]) for r in records("images")}


def some_command(verb, names):
    if verb == "load":
        return ["load", random.choice(ARCHIVES)]
    if verb == "import":
        return ["import", ARCHIVES[0], IMPORTED]
    if verb == "pull":
        return ["pull", "--quiet", PULLED]
    if verb == "commit":
        return ["commit", BUNDLE, COMMITTED]
    if verb == "rmi":
        return ["rmi", "--force", random.choice(names)]
    if verb == "tag":
        return ["tag", random.choice(names), f"tag{random.randrange(3)}:1"]
    return ["prune", "--all"]


def make_all():
    """Every image anew; their names."""
    names = [good("load", archive).split("Loaded image: ")[1].strip() for archive in ARCHIVES]
    good("import", ARCHIVES[0], IMPORTED)
    good("pull", "--quiet", PULLED)
    good("commit", BUNDLE, COMMITTED)
    return [*names, IMPORTED, PULLED, COMMITTED]


def kill_some(names):
    """Until there were enough that were killed before their end. How many of each verb."""
    killed, seconds = collections.Counter(), collections.defaultdict(lambda: 0.02)
    while killed.total() < KILLS or set(VERBS) - {"tag"} - set(killed):
        pair = []
        for _ in range(2):
            verb = random.choice(VERBS)
            life = random.uniform(0, 1.2 * seconds[verb]) if random.random() < 0.75 else None
            pair.append(Command(some_command(verb, names), life))
        for command in sorted(pair, key=lambda each: each.dies or float("inf")):
            status, out = command.end()
            verb = command.words[0]
            if command.killed:
                killed[verb] += 1
            elif command.dies is None:
                seconds[verb] = (seconds[verb] + time.monotonic() - command.began) / 2
                if status and not (status == 125 and REFUSALS.search(out)):
                    sys.exit(f"{command.words}: status {status}: {out}")
    return killed


def object_digests(place):
    return {name.replace("-", ":", 1) for name in os.listdir(f"{STORE}/{place}")}


def unreferenced():
    """What no image and no bundle needs, read from the records without any help of cais."""
    images, bundles = list(records("images")), list(records("bundles"))
    layers = {digest for each in images + bundles for digest in each["diffIds"]}
    blobs = {digest for each in images for digest in (each["manifest"]["digest"], each["config"], *each.get("blobs", []))}
    nobody = [name for place in ("ingest", "leases", "trash") for name in os.listdir(f"{STORE}/{place}")]
    known = {each["manifest"]["digest"] for each in images}
    nameless = [each["name"] for each in records("names") if each["image"] not in known]
    return sorted((object_digests("layers") - layers) | (object_digests("blobs") - blobs)) + nobody + nameless


def left():
    return [path for path in files_below(STORE) if os.path.basename(path) != "lock"]


def main():
    begin("IMAGE_KILL_SEED")
    names = make_all()
    before = identities()
    killed = kill_some(names)
    print(good("verify").strip())
    good("prune")
    if unreferenced():
        sys.exit(f"nothing refers to {unreferenced()}")
    make_all()
    good("verify")
    if before - identities():
        sys.exit(f"images have other digests: {before - identities()}")
    good("unbundle", BUNDLE)
    good("prune", "--all")
    if left():
        sys.exit(f"left behind: {left()}")
    print(killed.total(), "killed:", ", ".join(f"{count} {verb}" for verb, count in sorted(killed.items())))


main()
