# SPDX-License-Identifier: Apache-2.0
"""Two hubs with one fleet's keys, by mistake: a copy was started while the first one was only out of reach. One of the two is refused
by every node and says so; nothing flaps, and nothing is deleted or restarted."""
import os
import signal
import subprocess

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


def test_a_copied_folder_does_not_take_the_running_hubs_broker(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    broker = hub.broker_pid()
    copy = hub.folder / "copy"
    subprocess.run(["cp", "-a", hub.data, copy], check=True)
    listen, embedded = (machine.free_port() for _ in range(2))
    refused = hub.command("serve", "--listen", f"127.0.0.1:{listen}", "--broker", f"embedded:{embedded}", data=copy, code=1).stderr
    assert f"{copy}: this folder was copied from {hub.data}, whose hub runs here" in refused
    assert hub.broker_pid() == broker and node.status()["connected"]
    hub.stop()
    hub.data = copy
    hub.start()
    until("with the first one stopped it takes its place", lambda: node.status()["connected"] and hub.is_ready(), 60)


def test_a_folder_that_is_moved_or_called_by_another_name_keeps_its_hub(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    hub.stop()
    first = hub.data
    hub.data = hub.folder / "another-name"
    hub.data.symlink_to(first)
    hub.start()
    until("it is back", lambda: node.status()["connected"] and hub.is_ready(), 60)
    hub.stop()
    hub.data.unlink()
    hub.data = first.rename(hub.folder / "moved")
    hub.start()
    until("it is back again", lambda: node.status()["connected"] and hub.is_ready(), 60)


def test_who_takes_the_others_place_at_a_broker_is_named_by_the_other(own_fleet):
    hub = own_fleet.hub
    until("it is connected", hub.is_ready)
    thief = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(hub.broker_port), "--cert", hub.certificate("client"),
                              "--key", hub.key("client"), "--cafile", hub.certificate("ca"), "-V", "5", "-t", "hf/1/#"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("the hub says so", lambda: "same identity" in hub.daemon.log.read_text(), 60)
    finally:
        thief.kill()
        thief.wait()


def test_a_hub_that_reaches_no_broker_says_why(own_fleet):
    hub = own_fleet.hub
    hub.stop()
    alone = machine.Daemon("hub", [machine.program("holdfast-hub"), "serve", "--data", str(hub.data), "--listen", f"127.0.0.1:{hub.port}",
                                   "--broker", "mqtts://127.0.0.1:1"], hub.folder / "alone.log")
    alone.start([])
    try:
        until("its log has the cause", lambda: "the broker is not reached" in alone.log.read_text(), 20)
        assert "127.0.0.1:1: " in alone.log.read_text()
    finally:
        alone.kill()
