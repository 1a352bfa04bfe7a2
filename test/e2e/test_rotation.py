# SPDX-License-Identifier: Apache-2.0
"""Keys, CA and addresses change while nodes are there, and while they are away: nobody is locked out."""
import json
import shutil
import subprocess

import pytest

import machine
from manifests import file, process
from rotation import rotate, take_offline
from signpost import Signpost
from waiting import holds, until

APP = {"motd.yaml": file("motd", "/etc/motd", "before\n"), "web.yaml": process("web", ["/bin/sleep", "1000"])}


def trust_of(node):
    return int(json.loads(json.loads((node.data / "trust.json").read_text())["document"])["version"])


@pytest.mark.parametrize("option", [(), ("--drop-old",)])
def test_a_new_signing_key_reaches_nodes_before_what_it_signs(own_fleet, option):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    until("it runs", lambda: node.process("web"))
    running, refused = node.process("web"), node.metrics()["holdfast_agent_messages_refused_total"]
    take_offline(hub)
    hub.stop()
    rotate(hub, "signing-key", *option)
    hub.start()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
    assert node.text("/etc/motd") == "after\n" and trust_of(node) == 2
    assert node.status()["trust"] == {"version": "2"}
    assert node.metrics()["holdfast_agent_messages_refused_total"] == refused and not hub.events("Refused")
    node.stop()
    node.start()
    until("it is back", lambda: node.status()["connected"])
    assert node.process("web") == running


def test_nodes_that_stay_connected_believe_a_dropped_key_no_longer_than_the_hub_takes_to_start(own_fleet):
    """The broker goes on without the hub: no node says hello, and nothing is sent that the new key signed."""
    node, hub = own_fleet.node(), own_fleet.hub
    own_fleet.app(objects=APP)
    until("it is connected", lambda: node.status()["connected"])
    take_offline(hub)
    hub.stop()
    rotate(hub, "signing-key", "--drop-old")
    hub.start()
    until("it has the new document", lambda: trust_of(node) == 2, 20)
    until("and the hub shows that it has", lambda: hub.get("nodes", node.name)["status"]["trustVersion"] == 2, 20)
    assert "TrustBehind" not in [one["type"] for one in hub.get("nodes", node.name)["status"]["conditions"]]


def test_who_starts_anew_and_cannot_verify_what_a_dropped_key_signed_is_given_it_by_todays(own_fleet):
    """Nothing changes in Git: without it, nothing would be deleted there until the next commit."""
    node, hub = own_fleet.node(), own_fleet.hub
    own_fleet.app(objects=APP)
    until("it runs", lambda: node.process("web"))
    running = node.process("web")
    take_offline(hub)
    hub.stop()
    rotate(hub, "signing-key", "--drop-old")
    hub.start()
    until("it has the new document", lambda: trust_of(node) == 2, 20)
    node.stop()
    node.start()

    def doubts():
        return node.agent.log.read_text().count("is not verified")

    def verified():
        conditions = node.status()["snapshot"]["conditions"]
        return {one["type"]: one["status"] for one in conditions}["StateVerified"] == "True"

    until("it could not verify what it holds", lambda: doubts() == 1, 20)
    until("and is given it anew", verified, 30)
    node.stop()
    node.start()
    until("it is back", lambda: node.status()["connected"])
    assert verified() and doubts() == 1 and node.process("web") == running and not hub.events("Refused")


def test_a_new_ca_reaches_nodes_that_are_there_and_revocation_still_bites(own_fleet):
    node, bad, hub = own_fleet.node(), own_fleet.node("bad"), own_fleet.hub
    app = own_fleet.app(objects=APP)
    take_offline(hub)
    hub.stop()
    rotate(hub, "ca")
    hub.start()
    until("both have learnt the new CA, over HTTPS", lambda: trust_of(node) == 2 and trust_of(bad) == 2, 60)
    until("and are back with their old certificates", lambda: node.status()["connected"] and bad.status()["connected"], 60)
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
    assert node.text("/etc/motd") == "after\n"
    hub.cli("delete", "node", bad.name)
    until("a certificate of the old CA is revoked as well", lambda: not bad.status()["connected"], 10)
    holds("it stays out, the other stays in", lambda: not bad.status()["connected"] and node.status()["connected"], 3)
    own_fleet.node("new")
    until("who enrols now is of the new CA", lambda: own_fleet.nodes[-1].status()["connected"])


def test_who_was_away_while_everything_changed_comes_back_by_itself(short_lived):
    node, hub = short_lived.node(), short_lived.hub
    app = short_lived.app(objects=APP)
    until("it runs", lambda: node.process("web"))
    running = node.process("web")
    take_offline(hub)
    node.stop()
    certificate = (node.data / "node.crt").read_text()
    old_port = hub.port
    for keys in (["signing-key"], ["ca", "signing-key"]):
        hub.stop()
        for key in keys:
            rotate(hub, key)
        hub.start()
    hub.stop()
    hub.port, hub.broker_port = machine.free_port(), machine.free_port()
    hub.options += ["--recovery-key", str(hub.folder / "recovery.key")]
    hub.start()
    until("its certificate has expired", lambda: subprocess.run(["openssl", "x509", "-checkend", "0", "-noout"], input=certificate, text=True,
                                                                capture_output=True).returncode != 0, 20)
    admin = hub.client_file.read_text()
    hub.client_file.write_text(admin.replace(f":{old_port}", f":{hub.port}"))
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).commit()
    post = Signpost(hub.folder, old_port, hub.data / "trust.json")
    try:
        node.start()
        until("it has what was committed meanwhile", lambda: node.text("/etc/motd") == "after\n", 90)
    finally:
        post.remove()
    assert trust_of(node) == 5
    assert node.process("web") == running, "nothing was restarted"


def test_a_document_from_a_file_is_taken_by_an_agent_that_runs_and_by_one_that_does_not(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    take_offline(hub)
    hub.stop()
    for version, runs in ((2, True), (3, False)):
        rotate(hub, "signing-key")
        if not runs:
            node.stop()
        done = node.command("trust", str(hub.data / "trust.json"))
        assert done.returncode == 0, done.stderr
        if not runs:
            node.start()
        assert trust_of(node) == version and node.status()["trust"]["version"] == str(version)
    assert "already" in node.command("trust", str(hub.data / "trust.json")).stdout
    broken = hub.folder / "broken.json"
    broken.write_text((hub.data / "trust.json").read_text().replace("brokers", "borkers"))
    done = node.command("trust", str(broken))
    assert done.returncode == 1 and "not signed by the recovery key" in done.stderr


def test_a_rotation_wants_the_right_key_and_a_hub_that_is_stopped(own_fleet):
    hub = own_fleet.hub
    shutil.copy(hub.data / "recovery.key", hub.folder / "recovery.key")
    assert "stop the hub first" in rotate(hub, "ca", code=1).stderr
    hub.stop()
    (hub.folder / "recovery.key").write_text("7" * 64)
    assert "not the recovery key" in rotate(hub, "ca", code=1).stderr
    assert "--drop-old" in rotate(hub, "ca", "--drop-old", code=2).stderr
    hub.start()
