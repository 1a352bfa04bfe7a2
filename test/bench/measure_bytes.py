# SPDX-License-Identifier: Apache-2.0
"""Bytes on the wire, as the agent counts its messages (MQTT, TLS and TCP come on top): an agent that joins and holds what
it shall hold; one line of one of 12 applications changed. The sizes of single frames are tests (sync/wire/sizes_test.cpp)."""
import time

from manifests import file
from result import Result
from stage import stage
from waiting import until

APPLICATIONS = 12
QUIET_SECONDS = 2


def counted(node):
    metrics = node.metrics()
    return metrics["holdfast_agent_received_bytes_total"], metrics["holdfast_agent_sent_bytes_total"]


def quiet(node):
    """Waits until nothing more is said."""
    last, since = counted(node), time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        time.sleep(0.1)
        if counted(node) != last:
            last, since = counted(node), time.monotonic()
    return last


def join(node):
    node.stop()
    node.start()
    until("it is connected", lambda: node.metrics()["holdfast_agent_connected"] == 1)
    return sum(quiet(node))


def measure(quick):
    rounds = 5 if quick else 20
    with stage() as fleet:
        node = fleet.node()
        apps = [fleet.app(f"app{i}", objects={"motd.yaml": file(f"motd{i}", f"/etc/motd{i}", "begin\n")}, create=False)
                for i in range(APPLICATIONS)]
        for app in apps:
            app.create().settled()
        down, up = [], []
        for i in range(rounds):
            before = quiet(node)
            app = apps[i % APPLICATIONS]
            app.write("motd.yaml", file(f"motd{i % APPLICATIONS}", f"/etc/motd{i % APPLICATIONS}", f"line {i}\n")).push()
            after = quiet(node)
            down.append(after[0] - before[0])
            up.append(after[1] - before[1])
        join(node)
        joins = [join(node) for _ in range(rounds)]
    return [Result("an equal join, both ways", "bytes", joins, "bytes", 200),
            Result("one line of one of 12 applications changed, to the node", "bytes", down, "bytes", 500),
            Result("the same, from the node: accepted, applied, snapshots, events", "bytes", up, "bytes", 1500)]
