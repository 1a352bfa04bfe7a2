# SPDX-License-Identifier: Apache-2.0
"""The measures as docs/benchmarks.md and as JSON."""
import datetime
import json as json_
import os
import platform
import subprocess
import sys
from pathlib import Path


def _cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def machine_lines():
    memory = next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    release = next((line.split("=")[1].strip().strip('"') for line in open("/etc/os-release") if line.startswith("PRETTY_NAME")), "")
    return [
        f"{_cpu()}, {os.cpu_count()} cores, {int(memory) // 1048576} GiB; {release}, Linux {platform.release()}, {platform.machine()}",
        f"load average when it began {', '.join(f'{load:.1f}' for load in os.getloadavg())}",
        f"commit {_output('git', 'rev-parse', '--short', 'HEAD')}, {datetime.date.today().isoformat()}",
    ]


START = machine_lines()

TEXT = """# Benchmarks

Written by `test/bench/run{arguments}`; every number is measured by that command and by nothing else. One row is repeated by
`test/bench/run --only NAME` with the name in its last column. Percentiles are by nearest rank. What each measure does
stands at the head of `test/bench/measure_*.py`.

Machine: {machine}

| measure | unit | n | p50 | p99 | max | target | | repeat |
|---|---|--:|--:|--:|--:|---|---|---|
{rows}

{notes}"""


def write_report(folder, results, json=True):
    rows = "\n".join("| " + " | ".join([*result.cells(), result.repeat]) + " |" for result in results)
    notes = "\n".join(f"- {result.name}: {result.note}" for result in results if result.note)
    text = TEXT.format(arguments="".join(f" {word}" for word in sys.argv[1:]), machine="; ".join(START) + ".", rows=rows, notes=notes)
    (Path(folder) / "benchmarks.md").write_text(text.rstrip() + "\n")
    if json:
        (Path(folder) / "benchmarks.json").write_text(json_.dumps(
            [{**vars(result), **result.summary()} for result in results], indent=1) + "\n")
