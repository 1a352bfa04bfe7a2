# SPDX-License-Identifier: Apache-2.0
"""Ten thousand restarts on a real agent, of real processes and real containers: nothing of it adds up. The same on fakes, and on a
clock that can be turned, is edge_agent/engine_soak_test.cpp.

What ends is started again at once the first time and ever later from then on, so each round begins with a commit that makes all of
them anew; then each is killed by hand, and has to run again."""
import dataclasses
import json
import os
import signal
import time
from pathlib import Path

import pytest

import machine
from manifests import file, process
from test_pods import WAITS, engine, node_with, pod  # noqa: F401
from waiting import until

RESTARTS = 10_000
PROCESSES, CONTAINERS = 100, 5
WARM_ROUNDS = 12  # until then last good states, the outbox and other bounded things fill
LONGER = 120
MEMORY_SLACK_KB, DISK_SLACK_BYTES = 512, 1 << 20


def objects(turn):
    """Each in every turn another one."""
    containers = [pod(f"c{i}", WAITS, env=[{"name": "TURN", "value": str(turn)}],
                      of_pod={"hostNetwork": True, "terminationGracePeriodSeconds": 5}) for i in range(CONTAINERS)]
    return [file("turn", "/etc/turn", f"{turn}\n"), *containers,
            *(process(f"p{i}", ["/bin/sleep", "1000000"], env=[{"name": "TURN", "value": str(turn)}]) for i in range(PROCESSES))]


def running(node, engine):
    """{name: pid}"""
    found = {f"p{i}": node.process(f"p{i}") for i in range(PROCESSES)}
    listed = json.loads(engine.podman("ps", "--format", "json"))
    return {**{name: identity[0] for name, identity in found.items() if identity}, **{one["Names"][0]: one["Pid"] for one in listed}}


def kill_all(node, engine):
    before = running(node, engine)
    assert len(before) == PROCESSES + CONTAINERS
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_again():
        now = running(node, engine)
        left = [name for name, pid in before.items() if now.get(name) in (None, pid)]
        assert not left, f"{len(left)} were not started again: {left[:5]}"
        return True

    until("all of them run again", all_again, LONGER, every=0.2)
    return len(before)


@dataclasses.dataclass
class Held:
    """What the agent and its node hold."""
    files: int
    threads: int
    children: int  # and theirs: shims, and what they run
    of_the_data: int  # processes that have its folder in their command line
    groups: int
    containers: int
    memory_kb: int
    disk_bytes: int

    def is_no_more_than(self, other):
        slack = dataclasses.replace(other, memory_kb=other.memory_kb + MEMORY_SLACK_KB, disk_bytes=other.disk_bytes + DISK_SLACK_BYTES)
        return all(getattr(self, one.name) <= getattr(slack, one.name) for one in dataclasses.fields(self))


def held(node, engine):
    pid = node.agent.pid
    memory = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return Held(files=len(os.listdir(f"/proc/{pid}/fd")), threads=len(os.listdir(f"/proc/{pid}/task")),
                children=len(machine.tree_of([pid])), of_the_data=len(machine.processes_of(node.data)),
                groups=len(machine.cgroups_of(node.data / "run")), containers=len(engine.containers()),
                memory_kb=int(memory["Private_Dirty"].split()[0]),
                disk_bytes=sum(path.lstat().st_blocks * 512 for path in node.data.rglob("*")))


@pytest.mark.long
def test_ten_thousand_restarts_leave_nothing_behind(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"all.yaml": objects(0)}, create=False).create()
    app.settled(seconds=LONGER)
    restarts, turn, warm, began = 0, 0, None, time.monotonic()
    while restarts < RESTARTS:
        restarts += kill_all(node, engine)
        turn += 1
        app.write("all.yaml", objects(turn)).push(f"Turn {turn}", seconds=LONGER)
        if turn == WARM_ROUNDS:
            warm = held(node, engine)
        if turn % WARM_ROUNDS == 0:
            print(f"{restarts} restarts after {time.monotonic() - began:.0f} s: {held(node, engine)}", flush=True)

    def as_before():
        now = held(node, engine)
        assert now.is_no_more_than(warm), f"{now}, and after {WARM_ROUNDS} rounds {warm}"
        return True

    # What a burst of work took is given back a while later.
    until("nothing has added up", as_before, LONGER)
