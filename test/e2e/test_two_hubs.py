# SPDX-License-Identifier: Apache-2.0
"""Two hubs with one fleet's keys, by mistake: a copy was started while the first one was only out of reach. One of the two is refused
by every node and says so; nothing flaps, and nothing is deleted or restarted."""
import os
import signal

import pytest

import machine
from fleet import Fleet
from hub import Hub
from manifests import file, process
from network import MachineAddress
from waiting import holds, until


def cut_off(hub):
    """As when the network to its machine is gone: it is frozen, and its broker answers nobody."""
    os.kill(hub.daemon.pid, signal.SIGSTOP)
    os.kill(hub.broker_pid(), signal.SIGKILL)


def back(hub):
    os.kill(hub.daemon.pid, signal.SIGCONT)


def ahead(hub, node):
    conditions = hub.get("nodes", node.name)["status"].get("conditions", [])
    return "".join(condition["message"] for condition in conditions if condition["type"] == "GenerationAhead")


def epoch_of(node):
    return int(node.status()["snapshot"]["accepted"].split(".")[0])


@pytest.fixture
def hubs():
    """The first one, and one that is not there yet, at another address that nodes know, too."""
    folder = machine.new_folder()
    with MachineAddress() as one, MachineAddress() as two:
        options = ["--poll", "5s", "--advertise", one.ip, "--advertise", two.ip]
        first, second = Hub(folder / "first", *options), Hub(folder / "second", *options)
        for hub in (first, second):
            hub.folder.mkdir()
        first.address, second.address = one.ip, two.ip
        second.port, second.broker_port = first.port, first.broker_port
        try:
            yield first.start(), second
        finally:
            for hub in (first, second):
                if hub.daemon.runs():
                    back(hub)
                hub.remove()
            machine.remove_folder(folder)


def test_of_two_hubs_with_the_same_keys_one_is_refused_and_says_so(hubs):
    first, second = hubs
    fleet = Fleet(first, first.folder, "two")
    try:
        node = fleet.node()
        app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "one\n"), "web.yaml": process("web", ["/bin/sleep", "1000"])})
        running = node.process("web")
        first.command("backup", "--to", str(first.folder / "backup"))
        app.write("motd.yaml", file("motd", "/etc/motd", "two\n")).push()

        epoch = epoch_of(node)

        cut_off(first)
        second.command("restore", "--from", str(first.folder / "backup"))
        second.start()
        until("the second one goes on above what the node holds", lambda: second.events("EpochRaised", node.name), 90)
        until("and the node follows it", lambda: epoch_of(node) == epoch + 1, 60)
        accepted = node.status()["snapshot"]["accepted"]

        cut_off(second)
        back(first)
        until("the first one says what it sees", lambda: "another hub is at work" in ahead(first, node), 90)
        assert "is stopped, and this one was started anew" in ahead(first, node)
        assert first.events("GenerationAhead", node.name)
        app.write("motd.yaml", file("motd", "/etc/motd", "three\n")).commit()
        holds("it is not listened to", lambda: (node.text("/etc/motd"), node.status()["snapshot"]["accepted"]) == ("two\n", accepted), 8)

        first.stop()  # as it asked for; the second one stays away for good
        first.start()
        until("it goes on", lambda: node.text("/etc/motd") == "three\n", 90)
        assert node.process("web") == running and not first.events("Pruned")
    finally:
        fleet.remove()
