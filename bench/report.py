# SPDX-License-Identifier: Apache-2.0
"""From samples to tables: statistics, ratios against the newest crun, the bars
and whether they are met; as Markdown for people and pages, as JSON for programs."""

import datetime
import json
import os
import re
import statistics

OURS = "estiva"
# Largest ratio to the newest crun, of the minimum and of the median.
RATIO_BARS = {"run": (0.35, 0.35), "create": (0.40, 0.40), "start": (0.32, 0.32), "state": (0.32, 0.32),
              "exec": (0.30, 0.30), "kill": (0.32, 0.32), "delete": (0.32, 0.32), "delete -f": (None, 0.10)}
RATE_BAR = 1 / 3  # of the newest crun's time to make and start a container, many in a row
PEAK_KIB_BAR = 1536
SYSTEM_CALLS_BAR = 250
FILTER_LOAD_BAR = 0.25  # of the newest crun's, minimum and median


def cell(samples, traced):
    wall = sorted(wall for wall, _ in samples)
    calls, tasks, execs, peaks, protections = zip(*traced)
    return {
        "min": round(wall[0], 3),
        "median": round(statistics.median(wall), 3),
        "p90": round(wall[len(wall) * 9 // 10], 3),
        "cpu": round(statistics.median(cpu for _, cpu in samples), 3),
        "syscalls": int(statistics.median(calls)),
        "tasks": int(statistics.median(tasks)),
        "execs": int(statistics.median(execs)),
        "peak_kib": max(peaks),
        "protection": protections[-1],
    }


def newest_crun(contenders):
    cruns = [c for c in contenders if re.fullmatch(r"crun [\d.]+", c.name)]
    return max(cruns, key=lambda c: [int(n) for n in c.version.split(".")]).name if cruns else None


def bars(operations, reference):
    """Rows of what, measured, bar; nothing where there is no crun to compare with."""
    rows = []
    for name, (least, middle) in RATIO_BARS.items() if reference else ():
        ours, theirs = operations[name][OURS], operations[name][reference]
        if least:
            rows.append((f"{name}, minimum", round(ours["min"] / theirs["min"], 3), least))
        rows.append((f"{name}, median", round(ours["median"] / theirs["median"], 3), middle))
    peak = max(by_name[OURS]["peak_kib"] for by_name in operations.values())
    rows.append(("peak memory of any operation, KiB", peak, PEAK_KIB_BAR))
    rows.append(("system calls of a run", operations["run"][OURS]["syscalls"], SYSTEM_CALLS_BAR))
    return [{"what": what, "measured": measured, "bar": bar, "met": measured <= bar} for what, measured, bar in rows]


def summarize(rounds, contenders, refused, times, traces, instructions):
    operations = {op: {name: cell(samples, traces[op][name]) for name, samples in by_name.items()}
                  for op, by_name in times.items()}
    reference = newest_crun(contenders)
    return {
        "date": datetime.date.today().isoformat(),
        "rounds": rounds,
        "kernel": os.uname().release.split("-")[0],
        "machine": os.uname().machine,
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "floor_filter_instructions": instructions,
        "versions": {c.name: c.version for c in contenders if c.version},
        "refused": refused,
        "reference": reference,
        "operations": operations,
        "bars": bars(operations, reference) if any(c.name == OURS for c in contenders) else [],
    }


def add_filters(results, filters):
    results["filters"] = {name: {"instructions": int(count), "min_us": least, "median_us": middle}
                          for name, (count, least, middle) in filters.items()}
    ours, theirs = (results["filters"].get(name) for name in (OURS, results["reference"]))
    for key, what in (("min_us", "minimum"), ("median_us", "median")) if ours and theirs else ():
        measured = round(ours[key] / theirs[key], 3)
        results["bars"].append({"what": f"filter load, {what}", "measured": measured, "bar": FILTER_LOAD_BAR,
                                "met": measured <= FILTER_LOAD_BAR})
    return results


def add_growth(results, growth):
    results["growth"] = growth
    ours, theirs = (growth["rates"].get(name) for name in (OURS, results["reference"]))
    for workers, ours_rate, their_rate in zip(("one worker", "two workers"), ours or (), theirs or ()):
        measured = round(their_rate / ours_rate, 3)
        results["bars"].append({"what": f"create and start, many in a row, {workers}", "measured": measured,
                                "bar": round(RATE_BAR, 3), "met": measured <= RATE_BAR})


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def names(results):
    return list(results["operations"]["run"])


def wall_table(results):
    operations = results["operations"]
    rows = []
    for name in names(results):
        cells = [by_name.get(name) for by_name in operations.values()]
        rows.append([name] + [f"{c['min']:.2f} / {c['median']:.2f}" if c else "" for c in cells])
    return table(["ms, minimum / median", *operations], rows)


def processor_table(results):
    operations = results["operations"]
    rows = [[name] + [f"{by_name[name]['cpu']:.2f}" if name in by_name else "" for by_name in operations.values()]
            for name in names(results)]
    return table(["user + system ms, median", *operations], rows)


def call_table(results):
    operations = results["operations"]
    rows = [[name] + [by_name[name]["syscalls"] if name in by_name else "" for by_name in operations.values()]
            for name in names(results)]
    return table(["system calls", *operations], rows)


def process_table(results):
    rows = []
    for name in names(results):
        run = results["operations"]["run"][name]
        peak = max(by_name[name]["peak_kib"] for by_name in results["operations"].values() if name in by_name)
        rows.append([name, peak, run["tasks"], run["execs"], run["protection"].replace("-", " ")])
    return table(["", "largest peak of memory, KiB", "tasks of a run", "execs of it", "binary protected by"], rows)


def filter_table(results):
    return table(["seccomp filter", "instructions", "us to load, minimum", "median"],
                 [[name, *row.values()] for name, row in results["filters"].items()])


def growth_rows(growth):
    """(what, {name: [minimum, median]}) of every measured surrounding."""
    for count, by_name in growth["mounts"].items():
        yield f"run, {count} mounts more on the host", by_name
    yield "run, after 150 ms of quiet", growth["quiet"]
    for size, operation in ((size, operation) for size in next(iter(growth["crowds"].values()))
                            for operation in ("create", "start", "delete")):
        yield f"{operation}, {size} containers are there", {
            name: by_size[size][operation] for name, by_size in growth["crowds"].items()}


def growth_table(results):
    growth = results.get("growth")
    if not growth:
        return "Not measured in this run."
    columns = list(growth["quiet"])
    rows = [[what] + [f"{by_name[name][0]:.2f} / {by_name[name][1]:.2f}" if name in by_name else "" for name in columns]
            for what, by_name in growth_rows(growth)]
    series = [[name, *growth["rates"][name], *growth["waiting"][name]] for name in growth["rates"]]
    return (table(["ms, minimum / median", *columns], rows) + "\n\n" +
            table(["1,000 made and started", "per second, one worker", "two workers", "an init that waits: KiB, its share of pages",
                   "its own"], series))


def bar_table(results):
    if not results["bars"]:
        return "No bars: estiva is not among the contenders that run."
    rows = [[row["what"], row["measured"], row["bar"], "met" if row["met"] else "**missed**"] for row in results["bars"]]
    return table([f"against {results['reference']}", "measured", "at most", ""], rows)


def conditions(results):
    versions = sorted({name.split(",")[0] for name in results["versions"]} - {OURS})
    text = (f"{results['date']}, {results['rounds']} interleaved rounds; Linux {results['kernel']}, {results['machine']}, "
            f"{results['cpus']} CPUs, load average {results['load']} at the end; estiva {results['versions'].get(OURS, '(does not run)')} with {', '.join(versions)}; "
            f"the floor's filter has {results['floor_filter_instructions']} instructions.")
    for name, reason in results["refused"].items():
        text += f" {name} could not take part: {' '.join(reason.split())}."
    return text


BLOCKS = {"conditions": conditions, "wall": wall_table, "bars": bar_table, "processor": processor_table,
          "calls": call_table, "processes": process_table, "filters": filter_table,
          "growth": growth_table}


def text(results):
    return "\n\n".join(make(results) for make in BLOCKS.values())


def write_json(results, path):
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def update_page(results, path):
    """Renews what stands between "<!-- bench: NAME -->" and "<!-- /bench -->"."""
    with open(path) as file:
        page = file.read()
    for name, make in BLOCKS.items():
        pattern = rf"(<!-- bench: {name} -->\n).*?(<!-- /bench -->)"
        body = make(results)
        page, found = re.subn(pattern, lambda m: f"{m[1]}{body}\n{m[2]}", page, flags=re.S)
        if found != 1:
            raise SystemExit(f"bench: {path} has {found} places for the table {name}, not one")
    with open(path, "w") as file:
        file.write(page)
