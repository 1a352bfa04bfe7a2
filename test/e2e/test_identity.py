# SPDX-License-Identifier: Apache-2.0
"""A node's identity: certificates that rotate, revocation that bites, machines that leave and return."""
import shutil
import signal
import subprocess
import time

import pytest

import machine
from hub import API
from manifests import file, process
from node import Node
from waiting import holds, until

MOTD = {"motd.yaml": file("motd", "/etc/motd", "hello\n")}


def serial(node):
    return subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", str(node.data / "node.crt")],
                          capture_output=True, text=True).stdout


def stolen(node, folder):
    """(certificate, key, ca) as a thief copies them."""
    folder.mkdir()
    for name in ("node.crt", "node.key", "ca.crt"):
        shutil.copy(node.data / name, folder / name)
    return folder / "node.crt", folder / "node.key", folder / "ca.crt"


def mosquitto(program, hub, identity, *arguments, client=None):
    certificate, key, authority = identity
    words = [program, "-h", "127.0.0.1", "-p", str(hub.broker_port), "--insecure", "--cafile", str(authority), "-V", "5"]
    if certificate:
        words += ["--cert", str(certificate), "--key", str(key)]
    if client:
        words += ["-i", client]
    try:
        return subprocess.run([*words, *arguments], capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired:  # refused, it may begin anew for ever
        return subprocess.CompletedProcess(words, 124, "", "no end within 20 s")


def publishes(hub, identity, topic, **options):
    return mosquitto("mosquitto_pub", hub, identity, "-q", "1", "-t", topic, "-m", "x", **options)


# ---- rotation ----


def test_a_certificate_is_renewed_in_time_and_the_node_is_never_seen_to_leave(short_lived):
    node, hub = short_lived.node(), short_lived.hub
    until("it is connected", lambda: node.status()["connected"])
    first, key = serial(node), (node.data / "node.key").read_text()
    ends = node.metrics()["holdfast_agent_certificate_expiry_timestamp_seconds"]
    until("another certificate has taken its place", lambda: serial(node) != first, 20)
    assert (node.data / "node.key").read_text() != key, "the key is new, too"
    assert not list(node.data.glob("node.next.*"))
    until("it is connected with it", lambda: node.status()["connected"])
    assert node.metrics()["holdfast_agent_certificate_expiry_timestamp_seconds"] > ends
    assert hub.get("nodes", node.name)["spec"]["certificate"]["notAfter"] == node.status()["certificate"]["notAfter"]
    holds("the hub sees it", lambda: hub.get("nodes", node.name)["status"]["conditions"][0]["status"] == "True", 3)


def test_a_node_that_was_away_until_its_certificate_expired_gets_back_by_itself(short_lived):
    node, hub = short_lived.node(), short_lived.hub
    app = short_lived.app(objects=MOTD)
    node.stop()
    identity = (node.data / "node.crt", node.data / "node.key", node.data / "ca.crt")
    until("its certificate has expired", lambda: publishes(hub, identity, f"{node.topic}/up").returncode != 0, 30)
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).commit()
    node.start()
    until("it has what was committed meanwhile", lambda: node.text("/etc/motd") == "after\n", 30)


def test_a_renewal_waits_for_a_hub_that_is_away(short_lived):
    node, hub = short_lived.node(), short_lived.hub
    first = serial(node)
    hub.stop()
    until("it says why it is not renewed", lambda: node.status()["certificate"].get("error"), 20)
    holds("it keeps what it has", lambda: serial(node) == first, 1)
    hub.start()
    until("it is renewed", lambda: serial(node) != first, 40)
    until("it is connected", lambda: node.status()["connected"], 30)


def test_an_agent_that_is_killed_while_it_renews_comes_back(short_lived):
    node = short_lived.node()
    for _ in range(3):
        before = serial(node)
        until("a renewal begins", lambda: list(node.data.glob("node.next.*")) or serial(node) != before, 30)
        node.kill()
        node.start()
    until("it is connected", lambda: node.status()["connected"], 30)
    after = serial(node)
    until("and renews", lambda: serial(node) != after, 40)


# ---- revocation ----


@pytest.mark.parametrize("way", ["delete", "revoke"])
def test_a_node_that_is_cut_off_loses_its_session_at_once_and_does_not_come_back(own_fleet, way):
    node, other, hub = own_fleet.node("bad"), own_fleet.node("good"), own_fleet.hub
    own_fleet.app(objects=MOTD)
    identity = stolen(node, own_fleet.folder / "loot")
    assert publishes(hub, identity, f"{node.topic}/up/x").returncode == 0
    until("it is connected", lambda: node.status()["connected"])
    if way == "delete":
        hub.cli("delete", "node", node.name)
    else:
        status, body = hub.api("PATCH", f"{API}/nodes/{node.name}", {"spec": {"revoked": True}}, kind="application/merge-patch+json")
        assert status == 200, body
    until("its session is over", lambda: not node.status()["connected"], 5)
    assert publishes(hub, identity, f"{node.topic}/up/x").returncode != 0, "its certificate opens nothing"
    holds("it stays out", lambda: not node.status()["connected"], 3)
    hub.stop()
    hub.start()
    assert publishes(hub, identity, f"{node.topic}/up/x").returncode != 0, "nor after a restart of the hub"
    machine.send(hub.broker_pid(), signal.SIGKILL)
    until("the good node is back", lambda: other.status()["connected"], 30)
    assert publishes(hub, identity, f"{node.topic}/up/x").returncode != 0, "nor after one of the broker"
    assert node.text("/etc/motd") == "hello\n", "workloads stay"


def test_a_node_that_is_taken_back_connects_again(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    for revoked in (True, False):
        hub.api("PATCH", f"{API}/nodes/{node.name}", {"spec": {"revoked": revoked}}, kind="application/merge-patch+json")
        until(f"revoked {revoked}", lambda: node.status()["connected"] != revoked, 30)


# ---- what a node's own certificate opens, and what it does not ----


def test_a_stolen_certificate_opens_its_own_topics_alone(own_fleet):
    node, other, hub = own_fleet.node("mine"), own_fleet.node("other"), own_fleet.hub
    until("both are connected", lambda: node.status()["connected"] and other.status()["connected"])
    node.stop()
    identity = stolen(node, own_fleet.folder / "loot")
    bad = hub.metrics()["holdfast_hub_bad_messages_total"]
    refused = other.metrics()["holdfast_agent_messages_refused_total"]
    for topic in (f"{other.topic}/up", f"{other.topic}/dn", f"{other.topic}/up/presence", f"{node.topic}/dn", "hf/1/x", "x"):
        publishes(hub, identity, topic)
    filters = ["#", "$SYS/#", "hf/1/+/+/up/#", "hf/1/#", f"{other.topic}/#", f"{node.topic}/up/#", "+/+/+/+/+"]
    words = [word for topic in filters for word in ("-t", topic)]
    heard = subprocess.Popen(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(hub.broker_port), "--insecure", "--cafile", str(identity[2]), "--cert",
                              str(identity[0]), "--key", str(identity[1]), "-V", "5", "-W", "4", "-v", *words], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    other.stop()
    other.start()
    until("the other is back", lambda: other.status()["connected"])
    assert other.uid not in heard.communicate(timeout=20)[0]
    assert hub.metrics()["holdfast_hub_bad_messages_total"] == bad
    assert other.metrics()["holdfast_agent_messages_refused_total"] <= refused


def test_the_client_id_is_the_certificates_whatever_is_asked_for(own_fleet):
    node, other, hub = own_fleet.node("mine"), own_fleet.node("other"), own_fleet.hub
    until("both are connected", lambda: node.status()["connected"] and other.status()["connected"])
    node.stop()
    identity = stolen(node, own_fleet.folder / "loot")
    connects = other.metrics()["holdfast_agent_connects_total"]
    for name in (other.uid, "holdfast-hub", "holdfast-broker-admin"):
        publishes(hub, identity, f"{node.topic}/up/x", client=name)
    holds("nobody lost a session", lambda: other.metrics()["holdfast_agent_connects_total"] == connects and hub.is_ready(), 2)


def test_who_has_no_certificate_gets_no_connection(fleet):
    hub = fleet.hub
    authority = hub.certificate("ca")
    assert publishes(hub, (None, None, authority), "hf/1/0/x/up").returncode != 0
    plain = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(hub.broker_port), "-t", "hf/1/0/x/up", "-m", "x"]
    assert subprocess.run(plain, capture_output=True, timeout=20).returncode != 0
    secret = (hub.data / "broker/admin.password").read_text()
    told = subprocess.run([*plain, "-u", "holdfast-broker-admin", "-P", secret], capture_output=True, timeout=20)
    assert told.returncode != 0, "the password is for the socket in the hub's own folder"
    assert (hub.data / "broker").stat().st_mode & 0o777 == 0o700


# ---- leaving, returning, taking a place ----


def enroll_again(fleet, node, *options):
    token = fleet.hub.token(*options)
    done = node.enroll(token["hub"], token["caSha256"], token["token"])
    assert done.returncode == 0, done.stderr
    return done


def test_unenroll_keeps_what_runs_and_the_next_enrolment_knows_it_again(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects={**MOTD, "web.yaml": process("web", ["/bin/sleep", "1000"])})
    until("it runs", lambda: node.process("web"))
    running, uid = node.process("web"), node.uid
    refused = node.command("unenroll")
    assert refused.returncode == 1 and "stop the agent first" in refused.stderr
    node.stop()
    done = node.command("unenroll")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert hub.get("nodes", node.name) is None, "the hub was told"
    assert not [path.name for path in node.data.iterdir() if path.name.startswith("node.")]
    assert node.process("web") == running and node.text("/etc/motd") == "hello\n"
    assert "not enrolled" in node.command("run").stderr
    enroll_again(own_fleet, node, "--label", f"fleet={own_fleet.label}")
    assert node.uid != uid
    node.start()
    app.settled()
    assert node.process("web") == running, "adopted, not restarted"
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).remove("web.yaml").push()
    assert node.text("/etc/motd") == "after\n"
    until("what it made before it left is deleted by Git alone", lambda: node.process("web") is None)


def test_unenroll_prune_deletes_what_the_agent_made_and_works_without_a_hub(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    node.put("/etc/mine", "a person's\n")
    own_fleet.app(objects={**MOTD, "web.yaml": process("web", ["/bin/sleep", "1000"])})
    until("it runs", lambda: node.process("web"))
    node.stop()
    hub.stop()
    done = node.command("unenroll", "--prune", "--root", str(node.root))
    assert done.returncode == 0, done.stderr
    assert f"holdfast delete node {node.name}" in done.stderr, "it says what is left to do"
    assert node.process("web") is None and node.files() == {"/etc/mine"}
    hub.start()
    hub.cli("delete", "node", node.name)
    enroll_again(own_fleet, node, "--label", f"fleet={own_fleet.label}")
    node.start()
    until("it gets all anew", lambda: node.text("/etc/motd") == "hello\n" and node.process("web"), 20)


def test_new_hardware_takes_the_place_of_a_node_and_the_old_one_is_refused(own_fleet):
    old, hub = own_fleet.node("cam", place="door"), own_fleet.hub
    own_fleet.app(objects=MOTD)
    new = Node(old.name, own_fleet.folder / "new")
    own_fleet.nodes.append(new)
    enroll_again(own_fleet, new, "--replace", old.name)
    new.start()
    until("the new one holds what the old one held", lambda: new.text("/etc/motd") == "hello\n", 20)
    node = hub.get("nodes", old.name)
    assert node["spec"]["uid"] == new.uid and node["spec"]["replaces"] == old.uid and node["metadata"]["labels"]["place"] == "door"
    until("the old one is cut off", lambda: not old.status()["connected"], 10)
    old.stop()
    old.start()
    holds("it stays out", lambda: not old.status()["connected"], 3)
    assert old.text("/etc/motd") == "hello\n", "its workloads stay"
    assert new.status()["connected"]


def test_a_machine_waits_until_a_person_approves_of_it(own_fleet):
    hub = own_fleet.hub
    node = Node(f"{own_fleet.label}-n", own_fleet.folder / "n")
    own_fleet.nodes.append(node)
    token = hub.token("--approve")
    words = [machine.program("holdfast-agent"), "enroll", "--hub", token["hub"], "--ca-sha256", token["caSha256"], "--token", token["token"],
             "--name", node.name, "--data", str(node.data)]
    for attempt in range(2):
        waiting = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        until("the hub shows it", lambda: hub.get("nodes", node.name))
        assert "holdfast approve" in waiting.stderr.readline()
        if attempt == 0:
            waiting.kill()
            waiting.wait()
    assert "Pending" in hub.cli("get", "nodes").stdout
    hub.cli("approve", node.name)
    assert waiting.wait(timeout=20) == 0
    node.start()
    until("it is connected", lambda: node.status()["connected"])


def test_a_node_that_was_cut_off_as_a_clone_comes_back_when_a_person_says_so(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    hub.api("PATCH", f"{API}/nodes/{node.name}", {"spec": {"clone": "two machines"}}, kind="application/merge-patch+json")
    until("it is cut off", lambda: not node.status()["connected"], 10)
    assert "Cloned" in hub.cli("get", "nodes").stdout
    hub.cli("approve", node.name)
    until("it is back", lambda: node.status()["connected"], 30)


def test_a_token_with_serials_is_for_those_machines_alone(own_fleet):
    node = Node(f"{own_fleet.label}-n", own_fleet.folder / "n")
    own_fleet.nodes.append(node)
    serials = own_fleet.folder / "serials"
    serials.write_text("# ours\nSN-NOBODY-HAS\n")
    token = own_fleet.hub.token("--serials", str(serials))
    done = node.enroll(token["hub"], token["caSha256"], token["token"])
    assert done.returncode == 1 and "token is not valid" in done.stderr
    until("what the hub keeps from it is in the hub's own log",
          lambda: f"token {token['token'].split('.')[0]} is for other machines" in own_fleet.hub.daemon.log.read_text(), 5)


def test_what_was_typed_wrong_leaves_nothing_behind(own_fleet):
    token = own_fleet.hub.token()
    files = {"is empty": "\n", "holds more than a token": f"{token['token']} {token['token']}\n"}
    for wrong, content in files.items():
        (own_fleet.folder / "token").write_text(content)
        node = Node(f"{own_fleet.label}-{len(wrong)}", own_fleet.folder / str(len(wrong)))
        done = node.command("enroll", "--hub", token["hub"], "--ca-sha256", token["caSha256"], "--token-file", own_fleet.folder / "token")
        assert done.returncode == 1 and wrong in done.stderr and not node.data.exists(), done.stderr
    done = node.enroll(token["hub"] + "/api", token["caSha256"], token["token"])
    assert done.returncode == 1 and "has a path" in done.stderr and not node.data.exists(), done.stderr


def test_nobody_enrols_into_a_hubs_folder_nor_makes_a_hub_of_a_nodes(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    token = hub.token()
    other = Node(f"{own_fleet.label}-m", own_fleet.folder / "m")
    other.data = hub.data
    done = other.enroll(token["hub"], token["caSha256"], token["token"])
    assert done.returncode == 1 and "is the data folder of a hub" in done.stderr
    for command in (["rotate", "sealing-key"], ["serve"]):
        assert "is the data folder of an agent" in hub.command(*command, data=node.data, code=1).stderr
    assert hub.is_ready()
