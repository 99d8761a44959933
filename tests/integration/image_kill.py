#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills commands of cais at random points, two at a time on one store, and looks at what is left.

image_kill.py CAIS STORE RUN-ROOT KILLS ARCHIVE...   exits 0 if the store is whole in the end.
Each archive holds one image. The seed is printed; IMAGE_KILL_SEED repeats it.
"""
import json
import os
import random
import subprocess
import sys
import time

CAIS, STORE, RUN, KILLS, ARCHIVES = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:]


def start(*words):
    return subprocess.Popen([CAIS, "--root", STORE, "--run-root", RUN, *words], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def good(*words):
    process = start(*words)
    out = process.communicate(timeout=60)[0].decode()
    if process.returncode:
        sys.exit(f"{words}: status {process.returncode}: {out}")
    return out


def images():
    return sorted({json.loads(line)["ID"] for line in good("images", "--format", "json").splitlines()})


def some_command(names):
    verb = random.choice(["load", "load", "load", "rmi", "tag", "prune", "import"])
    if verb == "load":
        return ["load", random.choice(ARCHIVES)]
    if verb == "import":
        return ["import", random.choice(ARCHIVES), "imported:1"]
    if verb == "rmi":
        return ["rmi", "--force", random.choice(names)]
    if verb == "tag":
        return ["tag", random.choice(names), f"tag{random.randrange(3)}:1"]
    return ["prune", "--all"]


def left():
    return [os.path.join(folder, name) for folder, _, files in os.walk(STORE) for name in files if name != "lock"]


def main():
    seed = int(os.environ.get("IMAGE_KILL_SEED", time.time_ns() % 1_000_000))
    print("seed", seed)
    random.seed(seed)
    names = []
    for archive in ARCHIVES:
        names.append(good("load", archive).split("Loaded image: ")[1].strip())
    before = images()
    killed = 0
    while killed < KILLS:
        pair = [start(*some_command(names)) for _ in range(2)]
        time.sleep(random.expovariate(1 / 0.02))
        for process in pair:
            if random.random() < 0.75:
                if process.poll() is None:
                    killed += 1
                process.kill()
            process.communicate(timeout=60)
    print(good("verify").strip())
    for archive in ARCHIVES:
        good("load", archive)
    good("verify")
    missing = [image for image in before if image not in images()]
    if missing:
        sys.exit(f"images have other IDs: {missing}")
    good("prune", "--all")
    if left():
        sys.exit(f"left behind: {left()}")
    print(killed, "killed")


main()
