# SPDX-License-Identifier: Apache-2.0
"""Keeps the results of each runtime in $BUILD/conformance/results, and writes them into docs/conformance.md between its
two marker lines; the rest of the page is written by hand."""

import datetime
import json
import os
import pathlib
import subprocess

import expectations
import judge

BEGIN = "<!-- results: written by tests/conformance/run --table -->"
END = "<!-- end of results -->"


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else "unknown"


def store(build, runtime, version, views):
    """Keeps one runtime's results: `views` has a dictionary of results by program for each view."""
    kept = build / "conformance/results" / f"{runtime}.json"
    kept.parent.mkdir(exist_ok=True)
    linux = ".".join(os.uname().release.split(".")[:2])
    origin = f"{version}, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, Linux {linux}"
    kept.write_text(json.dumps({"origin": origin, "views": views}))


def load(build):
    """(lines on what was run, results by program) of each runtime and view: estiva first, then by name."""
    kept = sorted((build / "conformance/results").glob("*.json"), key=lambda p: (p.stem != "estiva", p.stem))
    documents = {p.stem: json.loads(p.read_text()) for p in kept}
    columns = {(runtime, view): results for runtime, d in documents.items() for view, results in d["views"].items()}
    programs = (build / "conformance/version").read_text().strip()
    origins = [f"- {runtime}: {d['origin']}" for runtime, d in documents.items()]
    commit = first_line("git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=10")
    origins.append(f"- this project: commit {commit}")
    origins.append(f"- programs: Debian's golang-github-opencontainers-runtime-tools {programs}, {first_line('go', 'version')}")
    return origins, columns


class Causes:
    """Numbers the causes in the order of their first use."""

    def __init__(self):
        self.texts = []

    def number(self, text):
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def cell(result, cause, causes):
    if result is None:
        return "not run"
    if not result["bad"]:
        return "good"
    return f"bad ({causes.number(cause)})" if cause else f"**bad**: {result['bad'].replace('|', '/')}"


def body(programs, rows, build):
    causes = Causes()
    origins, columns = load(build)
    heads = [f"{runtime} {view}" for runtime, view in columns]
    lines = [*origins, "", f"| program | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for program in programs:
        cells = [cell(results.get(program), expectations.cause(rows, program, *column), causes)
                 for column, results in columns.items()]
        mark = " (r)" if program in judge.REPORT_ONLY else ""
        lines.append(f"| {program}{mark} | {' | '.join(cells)} |")
    good = [sum(not r["bad"] for r in results.values()) for results in columns.values()]
    lines.append(f"| **good of {len(programs)}** | {' | '.join(str(n) for n in good)} |")
    lines += ["", "(r): the program only reports; the result is our check of the runtime's calls.", "", "Causes:", ""]
    lines += [f"{number}. {text}" for number, text in enumerate(causes.texts, 1)]
    return lines


def write(page, programs, rows, build):
    page = pathlib.Path(page)
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    new = "\n".join(body(programs, rows, build))
    page.write_text(f"{before}{BEGIN}\n{new}\n{END}{after}")
