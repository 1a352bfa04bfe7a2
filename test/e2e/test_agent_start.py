# SPDX-License-Identifier: Apache-2.0
"""An agent whose own files are missing or bad: it runs, heals what it holds, and says what a person can do."""
import os
import signal

import pytest

import machine
from manifests import file, process
from node import Node
from waiting import holds, until

FILES = {"motd.yaml": file("motd", "/etc/motd", "hello\n"), "old.yaml": file("old", "/etc/old", "old\n")}


@pytest.fixture
def held(own_fleet):
    """A node that holds an application, and was stopped."""
    node = own_fleet.node()
    own_fleet.app(objects=FILES)
    until("it has both", lambda: node.text("/etc/old") == "old\n")
    node.stop()
    return node


def spoil(node, how):
    path = node.data / "trust.json"
    whole = path.read_text()
    path.unlink()
    if how == "bad":
        path.write_text("{}")
    return whole


def heals(node):
    node.put("/etc/motd", "by hand\n")
    until("it is healed", lambda: node.text("/etc/motd") == "hello\n", 10)


@pytest.mark.parametrize("how", ["bad", "missing"])
def test_an_agent_without_a_trust_document_heals_and_a_person_gives_it_another(own_fleet, held, how):
    node, app = held, own_fleet.apps[0]
    app.remove("old.yaml").commit()
    spoil(node, how)
    node.start()
    heals(node)
    trust = node.status()["trust"]
    assert trust["version"] == "0" and str(node.data / "trust.json") in trust["error"]
    assert f"holdfast-agent trust FILE --data {node.data}" in trust["error"]
    told = node.command("status").stdout
    assert "not connected" in told and "Trust:       cannot be used: " + trust["error"] in told
    holds("it believes nobody, and deletes nothing", lambda: not node.status()["connected"] and node.text("/etc/old") == "old\n", 2)
    broken = own_fleet.folder / "broken.json"
    broken.write_text((own_fleet.hub.data / "trust.json").read_text().replace("brokers", "borkers"))
    refused = node.command("trust", str(broken))
    assert refused.returncode == 1 and str(broken) in refused.stderr and "not signed by the recovery key" in refused.stderr
    done = node.command("trust", str(own_fleet.hub.data / "trust.json"))
    assert done.returncode == 0 and "is in force" in done.stdout, done.stderr
    app.settled()
    until("what Git took away is gone", lambda: node.text("/etc/old") is None)
    assert node.status()["trust"]["version"] != "0" and "error" not in node.status()["trust"]


def test_an_agent_that_does_not_run_is_given_a_trust_document_for_its_next_start(own_fleet, held):
    node = held
    spoil(node, "bad")
    assert "motd" in node.command("status").stdout, "looking on works without one, too"
    done = node.command("trust", str(own_fleet.hub.data / "trust.json"))
    assert done.returncode == 0 and "next start" in done.stdout, done.stderr
    node.start()
    until("it is connected", lambda: node.status()["connected"])
    conditions = {one["type"]: one["status"] for one in node.status()["snapshot"]["conditions"]}
    assert conditions["StateVerified"] == "True"


def test_a_trust_document_that_is_put_back_is_found(held):
    node = held
    whole = spoil(node, "missing")
    node.start()
    heals(node)
    (node.data / "trust.json").write_text(whole)
    until("it is connected", lambda: node.status()["connected"], 40)


def test_a_node_file_that_is_cut_short_is_named_with_the_way_out(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects={**FILES, "web.yaml": process("web", ["/bin/sleep", "1000"])})
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
    running = node.process("web")
    node.stop()
    path = node.data / "node.json"
    path.write_text(path.read_text()[:40])
    ended = node.command("run")
    assert ended.returncode == 1 and str(path) in ended.stderr and "token create --replace" in ended.stderr, ended.stderr
    token = hub.token("--replace", node.name)
    done = node.enroll(token["hub"], token["caSha256"], token["token"])
    assert done.returncode == 0, done.stderr
    node.start()
    app.write("motd.yaml", file("motd", "/etc/motd", "later\n")).push()
    assert node.text("/etc/motd") == "later\n" and node.process("web") == running, "kept, not restarted"


def test_a_relative_data_folder_is_as_good_as_an_absolute_one(own_fleet):
    node = own_fleet.node(start=False)
    node.agent.command = [machine.program("holdfast-agent"), "run", "--data", os.path.relpath(node.data), "--root", os.path.relpath(node.root)]
    node.agent.start(())
    own_fleet.app(objects={"web.yaml": process("web", ["/bin/sleep", "1000"])})
    assert node.process("web")


def test_a_relative_data_folder_of_a_hub_is_as_good_too(own_fleet):
    hub, node = own_fleet.hub, own_fleet.node()
    hub.stop()
    os.kill(hub.broker_pid(), signal.SIGKILL)
    hub.daemon.command = [machine.program("holdfast-hub"), "serve", "--data", os.path.relpath(hub.data), "--listen", f"{hub.address}:{hub.port}",
                          "--broker", f"embedded:{hub.broker_port}", *hub.options]
    hub.daemon.start(())
    until("the node is back", lambda: node.status()["connected"], 40)


def test_labels_that_the_token_does_not_grant_are_said(own_fleet):
    node = Node(f"{own_fleet.label}-n", own_fleet.folder / "n")
    own_fleet.nodes.append(node)
    token = own_fleet.hub.token("--label", "site=a")
    done = node.enroll(token["hub"], token["caSha256"], token["token"], "--label", "site=a", "--label", "role=vault")
    assert done.returncode == 0, done.stderr
    assert "label role=vault was not granted" in done.stderr and "site" not in done.stderr


def test_a_token_that_could_not_do_what_it_says_is_refused(fleet):
    refused = fleet.hub.cli("token", "create", "--label", "facts.holdfast.dev/x=1", code=None)
    assert refused.returncode != 0 and "facts.holdfast.dev/x" in refused.stderr
    refused = fleet.hub.cli("token", "create", "--ttl", "0s", code=None)
    assert refused.returncode != 0 and "ttl" in refused.stderr
