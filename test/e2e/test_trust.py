# SPDX-License-Identifier: Apache-2.0
"""Who may speak: tokens, pins, certificates, topics, and what comes in that nobody should have sent."""
import os
import subprocess

import pytest

import machine
from hub import API
from manifests import file
from waiting import holds, until

MOTD = {"motd.yaml": file("motd", "/etc/motd", "hello\n")}


def mosquitto_pub(port, topic, payload, certificate, key, authority):
    identity = ["--cert", str(certificate), "--key", str(key)] if certificate else []
    return subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "--insecure", "--cafile", str(authority), *identity,
                           "-V", "5", "-q", "1", "-t", topic, "-s" if payload else "-n"], input=payload, capture_output=True, timeout=20)


def openssl(*arguments, cwd=None):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=cwd)


# ---- enrolment ----


@pytest.mark.parametrize("name", ["wrong", "of another token", "cut", "empty secret"])
def test_a_wrong_token_is_refused_without_saying_why(fleet, name):
    token = fleet.hub.token()
    head, secret = token["token"].split(".")
    bad = {"wrong": f"{head}.{'0' * len(secret)}", "of another token": f"{head}.{fleet.hub.token()['token'].split('.')[1]}",
           "cut": token["token"][:-1], "empty secret": f"{head}."}[name]
    node = fleet_node(fleet)
    done = node.enroll(token["hub"], token["caSha256"], bad)
    assert done.returncode == 1
    assert "token" in done.stderr and "holdfast token create" in done.stderr
    assert secret not in done.stderr
    assert not (node.data / "node.json").exists()
    assert fleet.hub.get("nodes", node.name) is None


def fleet_node(fleet, name="n"):
    from node import Node
    node = Node(f"{fleet.label}-{name}", fleet.folder / name)
    fleet.nodes.append(node)
    return node


def test_a_used_up_and_an_expired_token_are_refused(fleet):
    token = fleet.hub.token()
    first, second, third = (fleet_node(fleet, name) for name in "abc")
    assert first.enroll(token["hub"], token["caSha256"], token["token"]).returncode == 0
    assert second.enroll(token["hub"], token["caSha256"], token["token"]).returncode == 1
    short = fleet.hub.token("--ttl", "1s")
    until("it expired", lambda: "expired" in fleet.hub.cli("get", "enrollmenttokens").stdout)
    assert third.enroll(short["hub"], short["caSha256"], short["token"]).returncode == 1


def test_a_hub_with_another_ca_than_the_pinned_one_gets_no_token(fleet):
    token = fleet.hub.token()
    node = fleet_node(fleet)
    done = node.enroll(token["hub"], "ab" * 32, token["token"])
    assert done.returncode == 1 and "pinned" in done.stderr, done.stderr
    assert node.enroll(token["hub"], token["caSha256"], token["token"]).returncode == 0, "the token was not used up"


def test_private_keys_are_for_their_owner_alone(fleet):
    node = fleet.node()
    for folder, names in ((node.data, ["node.key", "node.json"]), (fleet.hub.data, ["ca.key", "signing.key", "recovery.key", "admin.yaml"])):
        assert folder.stat().st_mode & 0o077 == 0
        for name in names:
            assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_a_node_deleted_at_the_hub_gets_nothing_more_and_its_files_stay(fleet):
    node = fleet.node()
    app = fleet.app(objects=MOTD)
    fleet.hub.cli("delete", "node", node.name)
    app.write("motd.yaml", file("motd", "/etc/motd", "not for you\n")).commit()
    holds("it keeps what it has", lambda: node.text("/etc/motd") == "hello\n", 1)


# ---- the API ----


@pytest.mark.parametrize("token", ["", "wrong", "0" * 64])
def test_without_the_right_token_the_api_says_401_and_nothing_else(fleet, token):
    for path in (f"{API}/applications", f"{API}/nodes", "/metrics", "/apis"):
        assert fleet.hub.api("GET", path, token=token)[0] in (401, 429)
    assert fleet.hub.api("GET", "/healthz", token=token)[0] == 200


def test_requests_out_of_all_proportion_are_refused_and_the_hub_goes_on(fleet):
    try:
        assert fleet.hub.api("POST", f"{API}/applications", {"x": "y" * 6_000_000})[0] == 413
    except OSError:
        pass  # refused before it was read: the answer may be lost with the connection while the client still sends
    assert not [name for name in fleet.hub.get("applications") if "x" in name]
    assert fleet.hub.api("POST", f"{API}/applications", {"kind": "Application"})[0] in (400, 422)
    assert fleet.hub.is_ready()


# ---- certificates ----


def authority_of(hub):
    return hub.certificate("ca")


def signed_certificate(fleet, subject, authority, authority_key, start, end):
    """By `openssl ca`, which takes a start and an end."""
    folder = fleet.folder / "ca"
    folder.mkdir()
    (folder / "index.txt").write_text("")
    (folder / "ca.cnf").write_text(f"""
[ca]
default_ca=own
[own]
database={folder}/index.txt
new_certs_dir={folder}
rand_serial=yes
default_md=sha256
policy=any
[any]
commonName=supplied
""")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
            "-keyout", str(folder / "leaf.key"), "-out", str(folder / "leaf.csr"))
    openssl("ca", "-batch", "-notext", "-config", str(folder / "ca.cnf"), "-cert", str(authority), "-keyfile", str(authority_key),
            "-startdate", start, "-enddate", end, "-in", str(folder / "leaf.csr"), "-out", str(folder / "leaf.crt"))
    return folder / "leaf.crt", folder / "leaf.key"


def test_an_expired_certificate_of_the_right_ca_is_refused_by_the_broker(fleet):
    node, hub = fleet.node(), fleet.hub
    topic = f"{node.topic}/up"
    expired = signed_certificate(fleet, node.uid, authority_of(hub), hub.key("ca"), "20200101000000Z", "20200201000000Z")
    done = mosquitto_pub(hub.broker_port, topic, b"x", *expired, authority_of(hub))
    assert done.returncode != 0
    holds("the node stays connected", lambda: node.status()["connected"], 0.3)


def test_a_certificate_of_another_ca_is_refused_by_the_broker(fleet):
    node, hub = fleet.node(), fleet.hub
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=foreign",
            "-keyout", "foreign.key", "-out", "foreign.crt", cwd=fleet.folder)
    foreign = signed_certificate(fleet, node.uid, fleet.folder / "foreign.crt", fleet.folder / "foreign.key", "20200101000000Z", "20990101000000Z")
    assert mosquitto_pub(hub.broker_port, f"{node.topic}/up", b"x", *foreign, authority_of(hub)).returncode != 0
    assert mosquitto_pub(hub.broker_port, f"{node.topic}/up", b"x", None, None, authority_of(hub)).returncode != 0, "none at all is refused too"


def test_an_agent_with_a_foreign_certificate_never_connects_and_still_heals(fleet):
    node = fleet.node()
    fleet.app(objects=MOTD)
    node.stop()
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={node.uid}",
            "-keyout", str(node.data / "node.key"), "-out", str(node.data / "node.crt"))
    node.start()
    node.path("/etc/motd").unlink()
    until("it is healed", lambda: node.text("/etc/motd") == "hello\n", 5)
    holds("it does not connect", lambda: node.status()["connected"] is False, 1)


# ---- what nobody should send ----

GARBAGE = {"empty": b"", "a byte": b"\0", "text": b"hello", "random": bytes(os.urandom(2000)), "zeros": bytes(200_000),
           "a zstd bomb": None}


def zstd_bomb():
    """One frame of 4 GB of zeros in a few hundred bytes: window 8 MB, 128 KB RLE blocks."""
    block = (1 << 1 | 131072 << 3).to_bytes(3, "little") + b"\0"
    last = (1 | 1 << 1 | 131072 << 3).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd" + b"\x00" + b"\x68" + block * 32_000 + last


def payloads():
    return {name: zstd_bomb() if payload is None else payload for name, payload in GARBAGE.items()}


def test_garbage_from_a_nodes_own_certificate_is_counted_and_changes_nothing(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=MOTD)
    for topic in (f"{node.topic}/up", f"{node.topic}/up/presence", f"{node.topic}/up/x", f"hf/1/999/{node.uid}/up"):
        for payload in payloads().values():
            done = mosquitto_pub(hub.broker_port, topic, payload, node.data / "node.crt", node.data / "node.key", node.data / "ca.crt")
            assert done.returncode == 0, done.stderr
    until("it is counted", lambda: hub.metrics()["holdfast_hub_bad_messages_total"] > 0)
    assert hub.daemon.runs()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push(seconds=60)
    assert node.text("/etc/motd") == "after\n"


def test_garbage_from_the_hubs_certificate_is_counted_by_the_agent_and_changes_nothing(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=MOTD)
    hub.stop()
    before = node.agent.pid
    for payload in payloads().values():
        done = mosquitto_pub(hub.broker_port, f"{node.topic}/dn", payload, hub.certificate("client"), hub.key("client"),
                             hub.certificate("ca"))
        assert done.returncode == 0, done.stderr
    until("it is counted", lambda: node.metrics()["holdfast_agent_messages_refused_total"] > 0)
    assert node.agent.runs() and node.agent.pid == before
    assert node.text("/etc/motd") == "hello\n"
    hub.start()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push(seconds=60)


def test_a_node_can_neither_write_to_another_nor_read_what_is_for_it(own_fleet):
    mine, other = own_fleet.node("mine"), own_fleet.node("other")
    own_fleet.app(objects=MOTD)
    hub = own_fleet.hub
    before = other.metrics()["holdfast_agent_messages_refused_total"]
    for topic in (f"{other.topic}/dn", f"{other.topic}/up", "hf/1/x"):
        mosquitto_pub(hub.broker_port, topic, b"garbage", mine.data / "node.crt", mine.data / "node.key", mine.data / "ca.crt")
    heard = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(hub.broker_port), "--insecure", "--cafile", str(mine.data / "ca.crt"),
                            "--cert", str(mine.data / "node.crt"), "--key", str(mine.data / "node.key"), "-V", "5", "-W", "2", "-v",
                            "-t", "#", "-t", f"hf/1/+/{other.uid}/#"], capture_output=True, timeout=20)
    assert other.uid.encode() not in heard.stdout
    assert other.metrics()["holdfast_agent_messages_refused_total"] == before


def test_a_daemon_that_is_refused_ends_with_a_clear_error(fleet):
    node = fleet_node(fleet)
    done = node.command("run")
    assert done.returncode == 1 and "enroll" in done.stderr
    second = subprocess.run([machine.program("holdfast-hub"), "serve", "--data", str(fleet.hub.data)], capture_output=True, text=True, timeout=30)
    assert second.returncode == 1 and str(fleet.hub.data) in second.stderr
    third = subprocess.run([machine.program("holdfast-hub"), "serve", "--data", str(fleet.folder / "h"), "--listen",
                            f"127.0.0.1:{fleet.hub.port}", "--broker", f"embedded:{machine.free_port()}"], capture_output=True, text=True, timeout=30)
    assert third.returncode == 1 and str(fleet.hub.port) in third.stderr
    machine.end_processes_of(fleet.folder / "h")
