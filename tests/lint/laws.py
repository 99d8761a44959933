#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the laws (rules.py) over the files of this repository, and each rule over its samples.

One rule is one test and its samples are another; the last line counts them.
"""
import os
import subprocess
import sys

import rules
import samples
from cxx import Source

SKIPPED_FOLDERS = ("build", "autom4te.cache", ".git")
GENERATED = ("configure", "configure~", "config.status", "config.log", "config.mk", "config.h")


class Tree:
    """Files by path; rules see nothing else, so that samples can stand for the repository."""

    def __init__(self, files):
        self.files = files
        self._cxx = [Source(p, t) for p, t in sorted(files.items()) if p.endswith((".cc", ".h", ".c"))]

    def cxx(self):
        return self._cxx

    def language(self, path):
        first = self.files[path].split("\n", 1)[0]
        if path.endswith(".py") or first.startswith("#!") and "python" in first:
            return "python"
        if path.endswith((".sh", ".bash", ".bats")) or first.startswith("#!") and first.endswith("sh"):
            return "shell"
        if path.endswith((".cc", ".h", ".c", ".go")):
            return "code"
        return None

    def sources(self):
        return [(p, t) for p, t in sorted(self.files.items()) if self.language(p)]

    def documents(self):
        return [(p, t) for p, t in sorted(self.files.items()) if p.endswith(".md")]

    def resolve(self, header):
        for folder in ("include/", "src/", "include/estiva/"):
            if folder + header in self.files:
                return folder + header
        return None

    def exists(self, path):
        return path in self.files or any(p.startswith(path.rstrip("/") + "/") for p in self.files)


def repository():
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [p for p in listed.stdout.split("\0") if p]
    else:  # an unpacked release has no .git
        paths = [os.path.normpath(os.path.join(d, f)) for d, _, files in os.walk(".") for f in files
                 if not os.path.normpath(d).startswith(SKIPPED_FOLDERS) and f not in GENERATED]
    files = {}
    for path in paths:
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                files[path] = file.read()
    return Tree(files)


def check_samples(rule):
    bad, good = samples.SAMPLES[rule.__name__]
    problems = []
    for files in bad:
        if not list(rule(Tree(files))):
            problems.append(f"{rule.__name__} does not see what is wrong with its bad sample {sorted(files)}")
    for files in good:
        problems += [f"{rule.__name__} finds fault with a good sample: {p}:{n}: {m}" for p, n, m in rule(Tree(files))]
    return problems


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    tree, passed, failed = repository(), 0, 0
    for rule in rules.RULES:
        for problems in (check_samples(rule), [f"{p}:{n}: {m} [{rule.__name__}]" for p, n, m in rule(tree)]):
            print(*problems, sep="\n", end="\n" if problems else "")
            passed, failed = passed + (not problems), failed + bool(problems)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
