# SPDX-License-Identifier: Apache-2.0
"""Writes the results into docs/conformance.md, between its two marker lines; the rest of the page is written by hand."""

import datetime
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


def provenance(versions, build, top):
    commit = first_line("git", "-C", str(top), "describe", "--always", "--dirty", "--abbrev=10")
    return [f"- {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, commit {commit}, Linux {os.uname().release}",
            f"- programs: Debian's golang-github-opencontainers-runtime-tools {(build / 'conformance/version').read_text().strip()},"
            f" built with {first_line('go', 'version')}",
            *(f"- {line}" for line in versions.values())]


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


def body(programs, columns, versions, rows, build, top):
    causes = Causes()
    heads = [f"{runtime} {view}" for runtime, view in columns]
    lines = [*provenance(versions, build, top), "", f"| program | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
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


def write(page, programs, columns, versions, rows, build):
    page = pathlib.Path(page)
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    new = "\n".join(body(programs, columns, versions, rows, build, page.parent.parent))
    page.write_text(f"{before}{BEGIN}\n{new}\n{END}{after}")
