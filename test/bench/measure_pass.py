# SPDX-License-Identifier: Apache-2.0
"""A full pass over 1,000 files with nothing to do (holdfast_agent_full_pass_seconds of the agent, asked for by POST
/v1/sync), and what it costs: processor time of the agent for each pass."""
import os
import time

from manifests import file
from result import Result
from stage import stage
from waiting import until

FILES = 1000
RACY_SECONDS = 2.5


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def passes(node, rounds):
    times = []
    for _ in range(rounds):
        before = node.metrics()["holdfast_agent_full_passes_total"]
        node.local("/v1/sync", "POST")
        after = until("the pass is over", lambda: (node.metrics() if node.metrics()["holdfast_agent_full_passes_total"] > before else None),
                      every=0.005)
        times.append(after["holdfast_agent_full_pass_seconds"] * 1000)
    return times


def warm_up(node):
    """What was written within two seconds is hashed at each look (a stamp that young proves nothing); then a pass is only stats."""
    time.sleep(RACY_SECONDS)
    passes(node, 2)


def many_files():
    return {"all.yaml": [file(f"f{i}", f"/etc/bench/{i:03}", f"content of {i}\n") for i in range(FILES)]}


def measure(quick):
    rounds = 20 if quick else 100
    with stage() as fleet:
        node = fleet.node()
        fleet.app(objects=many_files())
        warm_up(node)
        before = cpu_ms(node.agent.pid)
        times = passes(node, rounds)
        spent = (cpu_ms(node.agent.pid) - before) / rounds
    return [Result("full pass over 1,000 files, nothing to do", "ms", times, "pass", 30),
            Result("… processor time of the agent for each, asking and answering included", "ms", [spent], "pass",
                   note=f"mean over {rounds} passes, by the kernel's clock of 10 ms")]
