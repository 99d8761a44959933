# SPDX-License-Identifier: Apache-2.0
"""What the drivers have in common that kill commands of cais at random moments: image_kill.py, containers_kill.py."""
import os
import random
import subprocess
import sys
import time


class Cais:
    """One store and run root."""

    def __init__(self, program, store, run_root):
        self.store, self.run_root = store, run_root
        self.line = [program, "--root", store, "--run-root", run_root]

    def start(self, *words):
        return subprocess.Popen([*self.line, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def good(self, *words):
        process = self.start(*words)
        try:
            out = process.communicate(timeout=60)[0].decode()
        except subprocess.TimeoutExpired:
            process.kill()
            sys.exit(f"{words}: hangs")
        if process.returncode:
            sys.exit(f"{words}: status {process.returncode}: {out}")
        return out


def begin(variable):
    """The seed is printed; the environment's VARIABLE repeats it."""
    seed = int(os.environ.get(variable, time.time_ns() % 1_000_000))
    print("seed", seed, flush=True)
    random.seed(seed)


def files_below(*folders):
    return [os.path.join(folder, name) for top in folders for folder, _, files in os.walk(top) for name in files]
