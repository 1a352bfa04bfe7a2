# SPDX-License-Identifier: Apache-2.0
"""The most memory that an agent ever takes, each peak counted anew by the kernel (clear_refs): 1,000 sessions that end and come
again (--quick: 10); a desired state of 1 MiB, and a change in it; an outbox of events of a time offline told; logs shipped. The agent is
alone in its root and holds 200 resources. A session ends as for a node that is cut off: its client id is taken over at the broker."""
import base64
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from manifests import file, shell
from measure_memory import OBJECTS, in_own_root, peak, rollup
from result import Result
from stage import stage
from waiting import until

PEAK_KB_MAX = 14_336
DRIFT_ROUNDS = 4  # each repair of the same file waits three times as long as the one before
LARGE_FILES, LARGE_BYTES = 4, 192 * 1024  # base64 makes 256 KiB of each: 1 MiB in all, and nothing to press out of it
CHATTER = "i=0; while [ $i -lt 60000 ]; do echo line $i of many that somebody reads; i=$((i+1)); done; exec sleep 100000"


def count_anew(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def end_session(hub, node):
    folder = hub.data / "broker"
    subprocess.run(["mosquitto_pub", "--unix", folder / "admin.sock", "-u", "holdfast-broker-admin",
                    "-P", (folder / "admin.password").read_text(), "-i", node.uid, "-t", "hf/1/none", "-n"], check=True, timeout=10)


def reconnects(fleet, node, rounds):
    """Peak, and what is resident afterwards: a leak shows there."""
    count_anew(node.agent.pid)
    for _ in range(rounds):
        before = node.metrics()["holdfast_agent_connects_total"]
        end_session(fleet.hub, node)
        until("it is back", lambda: node.metrics()["holdfast_agent_connects_total"] > before
              and node.metrics()["holdfast_agent_connected"] == 1, 60)
    return peak(node.agent.pid)


def noise(seed):
    return base64.b64encode(random.Random(seed).randbytes(LARGE_BYTES)).decode()


def large_state(fleet, node):
    count_anew(node.agent.pid)
    app = fleet.app("large", objects={f"l{i}.yaml": file(f"l{i}", f"/srv/large/{i}", noise(i)) for i in range(LARGE_FILES)},
                    create=False).create()
    fleet.hub.cli("sync", app.name)  # it is seldom that this hub asks Git by itself
    app.settled(seconds=60)
    app.write("l0.yaml", file("l0", "/srv/large/0", noise(99))).push(seconds=60)
    return peak(node.agent.pid)


def outbox_replay(fleet, node):
    """Hub and broker are away while hands change every file again and again; then all of it is told."""
    fleet.hub.kill()
    os.kill(fleet.hub.broker_pid(), signal.SIGKILL)
    until("it knows", lambda: node.metrics()["holdfast_agent_connected"] == 0, 120)
    for turn in range(DRIFT_ROUNDS):
        for i in range(180):
            node.put(f"/etc/bench/{i}", f"by hand {turn}\n")
        until("all is put right", lambda: all("by hand" not in node.text(f"/etc/bench/{i}") for i in range(180)), 400)
    waiting = node.metrics()["holdfast_agent_outbox_events"]
    count_anew(node.agent.pid)
    fleet.hub.start()
    until("all is told", lambda: node.metrics()["holdfast_agent_outbox_events"] == 0, 300)
    return peak(node.agent.pid), waiting


def log_shipping(fleet, node):
    count_anew(node.agent.pid)
    shipped = 0
    for _ in range(10):
        shipped += len(fleet.hub.cli("logs", node.name, "Process/chat").stdout)
    fleet.hub.cli("diagnose", node.name)
    return peak(node.agent.pid), shipped


def measure(quick):
    rounds = 10 if quick else 1_000
    with stage() as fleet:
        node = fleet.node(start=False)
        in_own_root(node, "/bin/sh")
        fleet.app(objects={**OBJECTS, "chat.yaml": shell("chat", CHATTER)})
        first = peak(node.agent.pid)
        time.sleep(10)
        before = rollup(node.agent.pid)["Rss"]
        logs, shipped = log_shipping(fleet, node)
        events, waiting = outbox_replay(fleet, node)
        large = large_state(fleet, node)
        resident = rollup(node.agent.pid)["Rss"]
        sessions = reconnects(fleet, node, rounds)
        after = rollup(node.agent.pid)["Rss"]

    def row(name, value, note=""):
        return Result(name, "kB", [value], "peak", PEAK_KB_MAX, "max", note)

    return [row("agent, 200 resources: peak RSS from its start to all applied", first, f"{before} kB once it is quiet"),
            row("… while 2 MB of logs are shipped", logs, f"{shipped:,} bytes shown"),
            row("… while an outbox is told", events, f"{waiting:.0f} events of a time offline"),
            row("… while a desired state of 1 MiB arrives and is changed", large),
            row(f"… through {rounds:,} sessions that ended", sessions, f"{resident} kB before, {after} kB after them")]
