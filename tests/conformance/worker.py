# SPDX-License-Identifier: Apache-2.0
"""Runs validation programs against one runtime. `run` starts it inside a cgroup view; it prints one JSON line a program.

Programs that use the fixed control groups take turns; the others run side by side (they mostly wait).
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import cleanup
import judge

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 60  # seconds for one program; the slowest good one needs 15
PARALLEL = 4
# They send a signal without knowing whether the container's program listens: on a busy machine it may come too early.
RACES = ("killsig",)
TRIES = 3

cgroup_turn = threading.Lock()
running = set()  # process ids of programs; each leads a process group


def uses_fixed_cgroups(program):
    return program.startswith("linux_cgroups_") or program in ("delete_resources", "delete_only_create_resources")


def execute(program, arguments, scratch):
    """The program's Run. Its containers are gone afterwards, whatever happened."""
    trace, temporary = scratch / "trace", scratch / "tmp"
    trace.mkdir()
    temporary.mkdir()
    environment = dict(os.environ, RUNTIME=str(HERE / "recorder"), CONFORMANCE_RUNTIME=arguments.runtime,
                       CONFORMANCE_TRACE=str(trace), TMPDIR=str(temporary))
    with open(scratch / "stdout", "w+", errors="replace") as out, open(scratch / "stderr", "w+", errors="replace") as err:
        process = subprocess.Popen([arguments.programs / program], cwd=arguments.programs, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        running.add(process.pid)
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        running.discard(process.pid)
        cleanup.end_session(process.pid)
        cleanup.delete_containers(arguments.runtime, trace / "root")
        out.seek(0)
        err.seek(0)
        return judge.Run(program, status, out.read(), err.read(), judge.read_calls(trace))


def write_log(path, run, verdict):
    calls = "".join(f"{c.command} {c.container}: {c.status}\n{c.stderr}" for c in run.calls)
    path.write_text(f"# verdict: {verdict or 'good'}\n# status: {run.status}\n# calls\n{calls}"
                    f"# stdout\n{run.stdout}\n# stderr\n{run.stderr}")


def run_program(program, arguments):
    started = time.monotonic()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="conformance-"))
    scratch.chmod(0o755)  # a mapped root must reach its bundle
    fixed = uses_fixed_cgroups(program)
    try:
        with cgroup_turn if fixed else contextlib.nullcontext():
            run = execute(program, arguments, scratch)
            stuck = cleanup.remove_groups({c.container for c in run.calls if c.command == "create"}, fixed)
        verdict = judge.judge(run)
        write_log(arguments.logs / f"{program}.log", run, verdict)
    finally:
        cleanup.unmount_below(scratch)
        shutil.rmtree(scratch)
    if stuck:
        verdict = f"control groups are left: {', '.join(stuck)}"
    return {"program": program, "bad": verdict, "seconds": round(time.monotonic() - started, 1)}


def result_of(program, arguments):
    for _ in range(TRIES if program in RACES else 1):
        result = run_program(program, arguments)
        if not result["bad"]:
            break
    return result


def stop(*_):
    """SIGTERM, SIGINT: the running programs end, their containers are taken away as ever, no further program starts."""
    for group in list(running):
        os.killpg(group, signal.SIGKILL)
    raise SystemExit(1)


def run_all(arguments):
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        try:
            for done in concurrent.futures.as_completed([pool.submit(result_of, n, arguments) for n in arguments.names]):
                print(json.dumps(done.result()), flush=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="+")
    arguments = parser.parse_args()
    arguments.logs.mkdir(parents=True, exist_ok=True)
    cleanup.remove_groups(set(), True)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    run_all(arguments)


if __name__ == "__main__":
    sys.exit(main())
