# SPDX-License-Identifier: Apache-2.0
"""The programs that are known to be bad, each with its cause: reads expectations.tsv, and checks it against the rule
that where runc or crun is good, estiva is good."""

import dataclasses
import os
import pathlib
import re

VIEWS = ("hybrid", "v1", "v2")
PEERS = ("runc", "crun")
SOMETIMES = "sometimes: "
RACE = "race of the program: "
DIFFERENCE = "difference: "
# bit numbers of linux/capability.h
CAPABILITIES = {"CAP_SYS_RESOURCE": 24}


@dataclasses.dataclass
class Expectation:
    program: str
    runtimes: list
    views: list
    cause: str

    def covers(self, program, runtime, view):
        return (self.program == program and view in self.views
                and (runtime in self.runtimes or self.runtimes == ["*"]))


def machine_has(what):
    if what == "-":
        return False
    if what.startswith("/"):
        return pathlib.Path(what).exists()
    if what.startswith("Linux<"):
        numbers = [tuple(int(n) for n in version.split(".")[:2]) for version in (os.uname().release, what[6:])]
        return numbers[0] < numbers[1]
    effective = re.search(r"^CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text(), re.MULTILINE)[1]
    return bool(int(effective, 16) >> CAPABILITIES[what] & 1)


def load(path=pathlib.Path(__file__).with_name("expectations.tsv")):
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 5 or not all(fields):
            raise SystemExit(f"{path.name}:{number}: five columns are needed: program, runtimes, views, unless, cause")
        views = VIEWS if fields[2] == "*" else fields[2].split(",")
        if set(views) - set(VIEWS):
            raise SystemExit(f"{path.name}:{number}: no such view: {fields[2]}")
        if not machine_has(fields[3]):
            rows.append(Expectation(fields[0], fields[1].split(","), list(views), fields[4]))
    return rows


def cause(rows, program, runtime, view):
    """Why `program` is expected to be bad, or None when it is expected to be good."""
    return next((row.cause for row in rows if row.covers(program, runtime, view)), None)


def as_expected(bad, why):
    """`bad` is the verdict on a run (None: good), `why` the cause to be bad (None: it should be good)."""
    return bool(why and why.startswith((SOMETIMES, RACE))) or bool(bad) == bool(why)


def broken_rules(rows, programs):
    """Where the lines would let estiva be bad although a peer is good, without owning up to the difference, or now good
    and now bad."""
    broken = []
    for program in programs:
        for view in VIEWS:
            why = cause(rows, program, "estiva", view)
            if not why or why.startswith(DIFFERENCE):
                continue
            if why.startswith(SOMETIMES):
                broken.append(f"{program} ({view}): one result must be expected of estiva")
            for peer in PEERS:
                peer_why = cause(rows, "*", peer, view) or cause(rows, program, peer, view)
                if not peer_why or peer_why.startswith(SOMETIMES):
                    broken.append(f"{program} ({view}): estiva is expected to be bad, {peer} to be good")
    return broken
