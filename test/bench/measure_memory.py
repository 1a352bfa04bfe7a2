# SPDX-License-Identifier: Apache-2.0
"""Memory of an agent with 200 resources (180 files, 20 processes) connected over mTLS, alone in a root of its own, so that nobody
shares its pages: program, shim and workload are copied into a folder that is its root. After 5 minutes (--quick: 30 s)."""
import os
import shutil
import subprocess
import time

import machine
from manifests import file, process
from result import Result
from stage import stage
from waiting import until


def rollup(pid):
    values = {}
    for line in open(f"/proc/{pid}/smaps_rollup"):
        name, _, rest = line.partition(":")
        if rest.strip().endswith("kB"):
            values[name] = int(rest.split()[0])
    return values


def peak(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))


def copy_program(path, root):
    """With what it is linked to, each to the same place under the root."""
    wanted = [str(path)]
    wanted += [word for word in subprocess.run(["ldd", str(path)], capture_output=True, text=True).stdout.split() if word.startswith("/")]
    for source in wanted:
        target = root / source.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


OBJECTS = {f"f{i}.yaml": file(f"f{i}", f"/etc/bench/{i}", f"content of {i}\n" * 10) for i in range(180)}
OBJECTS |= {f"p{i}.yaml": process(f"p{i}", ["/bin/sleep", "1000000"]) for i in range(20)}


def in_own_root(node, *programs, options=()):
    """Runs the agent of `node` with node.folder as its root; its files are the same ones, seen as /data and /root."""
    root = node.folder
    for name in ("holdfast-agent", "holdfast-shim"):
        copy_program(machine.program(name), root)
        shutil.copy(machine.program(name), root / name)
    for program in ("/bin/sleep", *programs):
        copy_program(program, root)
    for name in ("proc", "dev"):
        (root / name).mkdir()
    # A program that was just copied is dirty until it is written back, and the kernel counts its pages to whoever maps them.
    os.sync()
    script = 'mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev" && exec chroot "$1" /holdfast-agent run --data /data --root /root "${@:2}"'
    node.agent.command = ["unshare", "--mount", "bash", "-c", script, "bash", str(root), *options]
    node.agent.start()
    until("the agent answers", node.answers)
    until("it is connected", lambda: node.status()["connected"])


def measure(quick):
    seconds = 30 if quick else 300
    with stage() as fleet:
        node = fleet.node(start=False)
        in_own_root(node)
        fleet.app(objects=OBJECTS)
        time.sleep(seconds)
        agent = rollup(node.agent.pid)
        most = peak(node.agent.pid)
        shims = []
        for i in range(20):
            shim = rollup(int(node.run_record(f"p{i}")["shim"].split()[0]))
            shims.append(shim["Private_Dirty"] + shim["Private_Clean"])
        status = node.status()
        assert status["connected"] and len(status["snapshot"]["sections"][0]["resources"]) == 200
    after = f"after {seconds} s"
    return [Result(f"agent, 200 resources, alone in its root: PSS {after}", "kB", [agent["Pss"]], "memory", 6144, "max"),
            Result("… RSS", "kB", [agent["Rss"]], "memory"),
            Result("… private dirty", "kB", [agent["Private_Dirty"]], "memory", 2560, "max"),
            Result("… peak RSS", "kB", [most], "memory", 14336, "max"),
            Result("a shim: private", "kB", shims, "memory", 300, "max")]
