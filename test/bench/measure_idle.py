# SPDX-License-Identifier: Apache-2.0
"""What a node costs while nothing happens, 30 minutes long, eleven after its start (--quick: one minute, at once): bytes on a network of its own, by profile and
scaled to a month; bytes to a disk of its own (ext4 on a loop device, by the kernel's count); processor time and wakeups.
Then one line is changed, and the bytes to the disk are counted again. 200 resources: 180 files, 20 processes."""
import contextlib
import os
import subprocess
import time
from pathlib import Path

import machine
from manifests import file
from measure_memory import OBJECTS
from network import MachineAddress, Network
from result import Result
from stage import stage
from waiting import until

MONTH_SECONDS = 30 * 86_400
SECTOR = 512
SETTLE_SECONDS = 30
# A machine whose clock nobody keeps right is told of once, ten minutes after the start of its agent: that is no idling.
START_SECONDS = 660


@contextlib.contextmanager
def disk(folder):
    """An ext4 file system at this folder, made whole at once, so that the kernel writes nothing for itself later."""
    image = folder.with_name(folder.name + ".ext4")
    subprocess.run(["truncate", "-s", "256M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image], check=True)
    device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True, text=True).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", device, folder], check=True)
    try:
        yield Path(device).name
    finally:
        subprocess.run(["umount", "--lazy", folder], check=False)
        subprocess.run(["losetup", "--detach", device], check=False)
        image.unlink()


def written(device):
    os.sync()
    return int(Path(f"/sys/block/{device}/stat").read_text().split()[6]) * SECTOR


def cpu_seconds(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wakeups(pid):
    """Every time that a thread of it gave the processor up of its own accord it had been woken before."""
    lines = (line for task in Path(f"/proc/{pid}/task").iterdir() for line in (task / "status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def measure(quick):
    seconds = 60 if quick else 1_800
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(MachineAddress()).ip
        networks = {profile: stack.enter_context(Network(reaches=address)) for profile in ("prompt", "frugal")}
        fleet = stack.enter_context(stage(address))
        device = stack.enter_context(disk(fleet.folder / "prompt"))
        nodes = {}
        for profile, network in networks.items():
            node = nodes[profile] = fleet.node(profile, start=False, enroll_wrapper=network.inside)
            node.wrapper = network.inside
            node.agent.log = fleet.folder / f"{profile}.log"  # not on its disk
            node.options = ["--profile", profile]
            node.start()
        app = fleet.app(objects=OBJECTS)
        stack.callback(fleet.remove)  # before its disk goes
        time.sleep(SETTLE_SECONDS if quick else START_SECONDS)
        prompt = nodes["prompt"]
        pid = prompt.agent.pid
        before = {profile: network.ip_bytes() for profile, network in networks.items()}
        disk_before, cpu_before, wakeups_before, begin = written(device), cpu_seconds(pid), wakeups(pid), time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - begin
        cpu, woken = cpu_seconds(pid) - cpu_before, wakeups(pid) - wakeups_before
        disk_idle = written(device) - disk_before
        month = {profile: (network.ip_bytes() - before[profile]) * MONTH_SECONDS / passed for profile, network in networks.items()}
        assert all(node.metrics()["holdfast_agent_connected"] == 1 for node in nodes.values())
        disk_before = written(device)
        app.write("f0.yaml", file("f0", "/etc/bench/0", "another line\n")).push(seconds=60)
        until("the slower one has it, too", lambda: nodes["frugal"].text("/etc/bench/0") == "another line\n", 60)
        time.sleep(SETTLE_SECONDS)
        disk_change = written(device) - disk_before
        machine.end_processes_of(fleet.folder)
    counted = f"counted for {passed / 60:.0f} min"
    return [Result("idle traffic in a month, profile prompt, IP headers included", "MB", [month["prompt"] / 1e6], "idle", 10, "max", counted),
            Result("idle traffic in a month, profile frugal, IP headers included", "MB", [month["frugal"] / 1e6], "idle", 1, "max",
                   counted + "; the beacon, every 5 to 6 h, may not be in it"),
            Result("written to the disk while nothing happened", "bytes", [disk_idle], "idle", 0, "max", counted),
            Result("written to the disk for one line changed", "bytes", [disk_change], "idle", 65_536, "max"),
            Result("idle processor time", "% of a core", [100 * cpu / passed], "idle", 0.1, "max", counted),
            Result("wakeups", "1/s", [woken / passed], "idle")]
