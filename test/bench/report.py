# SPDX-License-Identifier: Apache-2.0
"""The measures as docs/benchmarks.md and as JSON."""
import dataclasses
import datetime
import json as json_
import os
import platform
import subprocess

from result import Result


def _cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def machine_line():
    memory = next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    release = next((line.split("=")[1].strip().strip('"') for line in open("/etc/os-release") if line.startswith("PRETTY_NAME")), "")
    return f"{_cpu()}, {os.cpu_count()} cores, {int(memory) // 1048576} GiB; {release}, Linux {platform.release()}, {platform.machine()}"


def circumstances(quick, programs):
    """Of one measure, when it begins: what it says without them nobody can judge. `programs` were built before, maybe of another
    commit: then by their time."""
    commit = _output("git", "-C", os.path.dirname(__file__), "describe", "--always", "--dirty")
    if programs:
        built = datetime.datetime.fromtimestamp(os.path.getmtime(os.path.join(programs, "holdfast-agent")))
        commit += f", programs of {built:%Y-%m-%d %H:%M}"
    return {
        "commit": commit,
        "date": datetime.date.today().isoformat(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "machine": machine_line(),
        "quick": quick,
    }


TEXT = """# Benchmarks

Written by `test/bench/run --docs`; every number is measured by that command and by nothing else. One row is repeated by
`test/bench/run --only NAME` with the name in its last column. Percentiles are by nearest rank. What each measure does
stands at the head of `test/bench/measure_*.py`. Measures that were taken apart from the others stand here as they were taken.

| measure | unit | n | p50 | p99 | max | target | | repeat |
|---|---|--:|--:|--:|--:|---|---|---|
{rows}

{notes}

| repeat | commit | date | load average when it began | machine |
|---|---|---|--:|---|
{taken}
"""


@dataclasses.dataclass
class Shown:
    """What the report says of one --only NAME, in lines."""
    rows: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    taken: list = dataclasses.field(default_factory=list)


def keep(folder, name, results, when):
    """Beside what was measured before: a measure of an hour need not be taken again with one of a minute."""
    path = folder / f"{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    values = [{**vars(result), **result.summary()} for result in results]
    path.write_text(json_.dumps({"when": when, "results": values}, indent=1) + "\n")


def kept(folder, names):
    """The newest of each measure that was ever taken here, in this order: (name, when, results)."""
    for name in names:
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        data = json_.loads(path.read_text())
        fields = {field.name for field in dataclasses.fields(Result)}
        yield name, data["when"], [Result(**{key: value for key, value in one.items() if key in fields}) for one in data["results"]]


def shown(name, when, results):
    how = name + (" (--quick)" if when["quick"] else "")
    return Shown(
        rows=["| " + " | ".join([*result.cells(), name]) + " |" for result in results],
        notes=[f"- {name}: {result.name}: {result.note}" for result in results if result.note],
        taken=[f"| {how} | {when['commit']} | {when['date']} | {when['load']} | {when['machine']} |"])


def read_report(path, names):
    """What a report says of each: lines as write_report() makes them."""
    report = {name: Shown() for name in names}
    for line in path.read_text().splitlines() if path.exists() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("- ") and line[2:].split(":")[0] in report:
            report[line[2:].split(":")[0]].notes.append(line)
        elif len(cells) == 9 and cells[8] in report:
            report[cells[8]].rows.append(line)
        elif len(cells) == 5 and cells[0].split(" ")[0] in report:
            report[cells[0].split(" ")[0]].taken.append(line)
    return report


def write_report(path, measures, names):
    """Of these, in this order; one that is not among `measures` stands as it stood."""
    report = read_report(path, names) | {name: shown(name, when, results) for name, when, results in measures}
    lines = {part: "\n".join(line for name in names for line in getattr(report[name], part)) for part in ("rows", "notes", "taken")}
    path.write_text(TEXT.format(**lines))
