# SPDX-License-Identifier: Apache-2.0
"""Decides whether one run of a validation program was good.

Most programs print checks (TAP): good means that the program ended well, made at least one check and none failed.
Eight programs print no check. For those the record of the runtime's calls is read here against runtime-spec 1.3.
"""

import dataclasses
import pathlib
import re

CHECK = re.compile(r"^(ok|not ok)\b(?: \d+)?(.*)$")


@dataclasses.dataclass
class Call:
    """One call of the runtime: `output` is the bundle's file of that name just after it, "" when there was none."""

    command: str
    container: str
    status: int
    stdout: str
    stderr: str
    output: str


@dataclasses.dataclass
class Run:
    """What one run of a program left behind; `status` is None after a timeout."""

    program: str
    status: int | None
    stdout: str
    stderr: str
    calls: list


def read_calls(trace):
    """The calls in `trace` (a directory written by the recorder), in their order."""

    def text(directory, name):
        path = directory / name
        return path.read_text(errors="replace") if path.exists() else ""

    calls = []
    for directory in sorted((d for d in pathlib.Path(trace).iterdir() if d.name.isdigit()), key=lambda d: int(d.name)):
        command, _, container = text(directory, "command").strip().partition(" ")
        status = text(directory, "status").strip()
        calls.append(Call(command, container, int(status) if status else -1, text(directory, "stdout"),
                          text(directory, "stderr"), text(directory, "output")))
    return calls


def only(calls, command):
    """The first call of `command`, or a failed one when the program never came to it."""
    return next((c for c in calls if c.command == command), Call(command, "", -1, "", "it was not called", ""))


def failed(call):
    lines = call.stderr.strip().splitlines() or ["no message"]
    return f"{call.command} ended with {call.status}: {lines[-1]}"


def judge_hooks(run):
    """Both hooks of each kind run once, in the listed order, in their phase."""
    expected = ""
    for command, kind in (("create", "pre-start"), ("start", "post-start"), ("delete", "post-stop")):
        expected += f"{kind}1 called\n{kind}2 called\n"
        call = only(run.calls, command)
        if call.status != 0:
            return failed(call)
        if call.output != expected:
            return f"after {command} the hooks had written {call.output!r}"
    return None


def judge_prestart(run):
    """prestart belongs to create since runtime-spec 1.0.2; the program still expects it in start."""
    create = only(run.calls, "create")
    if create.status != 0:
        return failed(create)
    return None if create.output == "pre-start called\n" else f"after create the file had {create.output!r}"


def judge_prestart_fail(run):
    """A failing prestart hook: create fails, no process runs, no container is left."""
    create = only(run.calls, "create")
    if create.status == 0:
        return "create succeeded although its prestart hook failed"
    if any(c.output for c in run.calls):
        return "the container's process ran although the prestart hook failed"
    return "the container is still there" if only(run.calls, "state").status == 0 else None


def judge_poststart(run):
    """The hook runs in start, not in create. Its order with what the process writes is not the runtime's."""
    create, start = only(run.calls, "create"), only(run.calls, "start")
    if create.status != 0 or start.status != 0:
        return failed(create if create.status != 0 else start)
    if create.output:
        return f"after create the file had {create.output!r}"
    if start.output.count("post-start called\n") != 1:
        return f"when start returned the file had {start.output!r}"
    last = run.calls[-1].output
    return None if sorted(last.splitlines()) == ["post-start called", "process called"] else f"at last the file had {last!r}"


def judge_poststart_fail(run):
    """A failing poststart hook (runtime-spec 1.3): start fails, no further hook runs, the container is stopped."""
    start = only(run.calls, "start")
    if start.status == 0:
        return "start succeeded although its poststart hook failed"
    if start.status < 0:
        return failed(only(run.calls, "create"))
    if start.output:
        return "the hook after the failed one was called"
    after = next((c for c in run.calls if c.command == "state"), None)
    if after and after.status == 0 and '"running"' in after.stdout:
        return "the container still runs although its poststart hook failed"
    return None


def judge_poststop(run):
    """The hook runs in delete, and not before."""
    delete = only(run.calls, "delete")
    if delete.status != 0:
        return failed(delete)
    early = [c.command for c in run.calls[:run.calls.index(delete)] if "post-stop" in c.output]
    if early:
        return f"the hook was called by {early[0]}"
    return None if delete.output == "process called\npost-stop called\n" else f"after delete the file had {delete.output!r}"


def judge_poststop_fail(run):
    """A failing poststop hook is a warning: delete succeeds and the next hook runs."""
    delete = only(run.calls, "delete")
    if delete.status != 0:
        return failed(delete)
    return None if delete.output == "post-stop called\n" else f"after delete the file had {delete.output!r}"


def judge_process_rlimits_fail(run):
    """An rlimit that does not exist is an error of create."""
    create = only(run.calls, "create")
    if create.status == 0:
        return "create accepted the resource limit RLIMIT_TEST"
    return failed(create) if create.status < 0 else None


REPORT_ONLY = {
    "hooks": judge_hooks,
    "poststart": judge_poststart,
    "poststart_fail": judge_poststart_fail,
    "poststop": judge_poststop,
    "poststop_fail": judge_poststop_fail,
    "prestart": judge_prestart,
    "prestart_fail": judge_prestart_fail,
    "process_rlimits_fail": judge_process_rlimits_fail,
}


def checks(stdout):
    """(ok, text) of each check at the start of a line. One the program marks TODO is a gap of the program."""
    found = []
    for line in stdout.splitlines():
        match = CHECK.match(line)
        if match and "# TODO" not in match[2]:
            found.append((match[1] == "ok", match[2].strip(" -")))
    return found


def judge_checks(run):
    made = checks(run.stdout)
    bad = [text for ok, text in made if not ok]
    if bad:
        return f"{len(bad)} of {len(made)} checks: {bad[0]}"
    if run.status != 0:
        lines = [x for x in run.stderr.splitlines() if x.strip()] or ["no message"]
        return f"the program ended with {run.status}: {lines[0]}"
    if not made:
        lines = [x for x in run.stderr.splitlines() if x.strip()] or ["no message"]
        return f"no check was made: {lines[0]}"
    if all("# SKIP" in text for _, text in made):
        return f"the program skipped every check: {made[0][1]}"
    return None


def judge(run):
    """None when the run was good, else what was wrong, on one line."""
    if run.status is None:
        return "the program did not end in time"
    return REPORT_ONLY.get(run.program, judge_checks)(run)
