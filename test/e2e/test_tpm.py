# SPDX-License-Identifier: Apache-2.0
"""A node whose key is in a TPM: it does all that others do, and its disk alone is of no use to anybody."""
import os
import shutil
import signal
import subprocess

import pytest

import machine
from manifests import file, shell
from node import Node
from tpm import Tpm
from waiting import holds, until

MOTD = {"motd.yaml": file("motd", "/etc/motd", "hello\n"), "web.yaml": shell("web", "exec sleep 1000")}
BEGINS = "-----BEGIN TSS2 PRIVATE KEY-----"


@pytest.fixture(scope="module")
def tpms():
    """Of two machines."""
    folder = machine.new_folder()
    both = [Tpm(folder / name) for name in ("own", "other")]
    try:
        yield [tpm.start() for tpm in both]
    finally:
        for tpm in both:
            tpm.remove()
        machine.remove_folder(folder)


@pytest.fixture
def tpm(tpms, monkeypatch):
    """The one of this machine, for every program that the test starts."""
    for name, value in tpms[0].environment.items():
        monkeypatch.setenv(name, value)
    return tpms[0]


def with_tpm(fleet, **options):
    return fleet.node(enroll_options=["--tpm"], **options)


def key(node):
    return (node.data / "node.key").read_text()


def public_key_of_certificate(node):
    return subprocess.run(["openssl", "x509", "-noout", "-pubkey", "-in", str(node.data / "node.crt")], capture_output=True,
                          text=True, check=True).stdout


def public_key_by_tpm(node):
    """As tpm2-openssl reads it, with no code of ours between; it loads the key into the TPM."""
    return subprocess.run(["openssl", "pkey", "-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2", "-in",
                           str(node.data / "node.key"), "-pubout"], capture_output=True, text=True, check=True).stdout


def is_connected(node):
    return node.status()["connected"]


def trouble(node):
    return node.status().get("brokerError", "")


def loaded_libraries(pid):
    with open(f"/proc/{pid}/maps") as maps:
        return {os.path.basename(line.split()[-1]) for line in maps if "/" in line}


# ---- its life ----


def test_a_node_with_its_key_in_a_tpm_gets_what_is_committed(fleet, tpm):
    node = with_tpm(fleet)
    app = fleet.app(objects=MOTD)
    assert node.text("/etc/motd") == "hello\n"
    assert key(node).startswith(BEGINS) and key(node).count("-----BEGIN") == 1, "no key of its own lies on the disk"
    assert public_key_of_certificate(node) == public_key_by_tpm(node)
    assert node.status()["certificate"]["key"] == "tpm"
    assert "in the TPM" in node.command("status").stdout
    loaded = loaded_libraries(node.agent.pid)
    assert not [name for name in loaded if "tpm2" in name or "tss2" in name or "libgio" in name], "the child has them, not the agent"
    before = node.process("web")
    node.stop()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).commit()
    node.start()
    until("it is back after a restart", lambda: node.text("/etc/motd") == "after\n")
    assert node.process("web") == before


def test_a_node_without_one_is_as_it_always_was(fleet, tpm):
    node = fleet.node()
    until("it is connected", lambda: is_connected(node))
    assert key(node).startswith("-----BEGIN PRIVATE KEY-----")
    assert "key" not in node.status()["certificate"]
    assert "TPM" not in node.command("status").stdout


def test_a_renewal_makes_the_next_key_in_the_tpm_too_and_the_node_is_never_seen_to_leave(short_lived, tpm):
    node, hub = with_tpm(short_lived), short_lived.hub
    until("it is connected", lambda: is_connected(node))
    first, old = public_key_of_certificate(node), key(node)
    until("another certificate has taken its place", lambda: public_key_of_certificate(node) != first, 20)
    until("with its key", lambda: key(node) != old and not list(node.data.glob("node.next.*")))
    assert key(node).startswith(BEGINS)
    assert public_key_of_certificate(node) == public_key_by_tpm(node)
    until("it is connected with it", lambda: is_connected(node))
    holds("the hub sees it", lambda: hub.get("nodes", node.name)["status"]["conditions"][0]["status"] == "True", 3)
    node.stop()
    ends = node.data / "node.crt"
    until("the certificate has expired", lambda: subprocess.run(["openssl", "x509", "-checkend", "0", "-noout", "-in", str(ends)],
                                                                capture_output=True).returncode != 0, 30)
    node.start()
    until("it proves by its TPM who it is, and is back", lambda: is_connected(node), 30)


def test_unenroll_tells_the_hub_by_proof_of_the_tpms_key(fleet, tpm):
    node = with_tpm(fleet)
    until("it is connected", lambda: is_connected(node))
    node.stop()
    done = node.command("unenroll")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert fleet.hub.get("nodes", node.name) is None
    assert not (node.data / "node.key").exists()


def test_a_new_home_does_not_take_the_key_out_of_the_tpm(fleet, tpm):
    node = with_tpm(fleet)
    old, uid = key(node), node.uid
    fleet.hub.cli("delete", "node", node.name)
    token = fleet.hub.token("--label", f"fleet={fleet.label}")
    node.stop()
    done = node.enroll(token["hub"], token["caSha256"], token["token"], "--re-home")
    assert done.returncode == 0, done.stderr
    assert node.uid != uid and key(node) != old and key(node).startswith(BEGINS)
    node.start()
    until("it is connected", lambda: is_connected(node))


# ---- what may be missing ----


def test_without_its_tpm_a_node_holds_what_it_has_says_why_and_comes_back(fleet, tpm):
    node = with_tpm(fleet)
    app = fleet.app(objects=MOTD)
    before = node.process("web")
    tpm.lose_manager()
    try:
        holds("who is connected needs no signature", lambda: is_connected(node), 1)
        node.stop()
        node.path("/etc/motd").unlink()
        node.start()
        until("drift is healed", lambda: node.text("/etc/motd") == "hello\n")
        until("it says why it is not connected", lambda: "no TPM answers at tabrmd:" in trouble(node))
        assert "tpm2-abrmd" in trouble(node) and "TPM2OPENSSL_TCTI" in trouble(node)
        node.put("/etc/motd", "by hand\n")
        until("and goes on healing", lambda: node.text("/etc/motd") == "hello\n")
        assert node.process("web") == before and not is_connected(node)
        assert "no TPM answers" in node.command("status").stdout
    finally:
        tpm.start_manager()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).commit()
    until("it is back by itself", lambda: node.text("/etc/motd") == "after\n", 30)


def test_a_tpm_that_never_answers_holds_nothing_up(fleet, tpm):
    node = with_tpm(fleet)
    fleet.app(objects=MOTD)
    node.stop()
    tpm.manager.process.send_signal(signal.SIGSTOP)
    try:
        node.start()
        until("it says why it is not connected", lambda: "did not answer in time" in trouble(node), 20)
        node.put("/etc/motd", "by hand\n")
        until("drift is healed at once: it is not asked again so soon", lambda: node.text("/etc/motd") == "hello\n", 3)
        left = [pid for pid in machine.tree_of([node.agent.pid]) if machine.command_of(pid)[:1] == [machine.program("holdfast-tpm").encode()]]
        assert not left, "the child was ended"
    finally:
        tpm.manager.process.send_signal(signal.SIGCONT)


def test_a_disk_in_another_machine_connects_nowhere_and_says_why(fleet, tpm, tpms):
    node = with_tpm(fleet)
    fleet.app(objects=MOTD)
    node.stop()
    node.path("/etc/motd").unlink()
    node.wrapper = tpms[1].wrapper
    node.start()
    until("what it holds is put back", lambda: node.text("/etc/motd") == "hello\n")
    until("it says why it is not connected", lambda: "not of this machine's TPM" in trouble(node))
    holds("it stays out", lambda: not is_connected(node), 2)
    node.stop()
    left = node.command("unenroll", wrapper=node.wrapper)
    assert left.returncode == 0 and "not of this machine's TPM" in left.stderr, left.stderr
    assert fleet.hub.get("nodes", node.name), "nor can it say that it is that node"


def test_enrolling_says_what_is_missing_for_a_key_in_a_tpm(fleet, tpm, monkeypatch):
    node = Node(f"{fleet.label}-n", fleet.folder / "n")
    fleet.nodes.append(node)
    token = fleet.hub.token("--label", f"fleet={fleet.label}")
    words = (token["hub"], token["caSha256"], token["token"])

    def refused(*wrapper):
        done = node.enroll(*words, "--tpm", wrapper=wrapper)
        assert done.returncode == 1 and not (node.data / "node.key").exists()
        return done.stderr

    assert "apt-get install tpm2-openssl" in refused("env", f"OPENSSL_MODULES={fleet.folder}")
    assert "/dev/tpmrm0" in refused("env", "TPM2OPENSSL_TCTI=device:/dev/no-such-tpm")
    alone = fleet.folder / "bin"
    alone.mkdir()
    shutil.copy(machine.program("holdfast-agent"), alone)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(machine, "BIN", alone)
        assert "needs the program holdfast-tpm" in refused()
    # The same token, once all is there; and without --tpm it would not be the same key.
    assert node.enroll(*words[:2], "wrong", "--tpm").returncode == 1
    other = node.enroll(*words)
    assert other.returncode == 1 and "with --tpm" in other.stderr, other.stderr
    assert node.enroll(*words, "--tpm").returncode == 0


def test_a_person_can_ask_whether_the_tpm_will_do(tpm, tpms):
    checked = subprocess.run([machine.program("holdfast-tpm"), "check"], capture_output=True, text=True, timeout=20)
    assert checked.returncode == 0 and " ms" in checked.stdout, checked
    nowhere = subprocess.run([machine.program("holdfast-tpm"), "check"], capture_output=True, text=True, timeout=20,
                             env={**os.environ, "TPM2OPENSSL_TCTI": "device:/dev/no-such-tpm"})
    assert nowhere.returncode == 11 and "no TPM answers" in nowhere.stderr, nowhere
    wrong = subprocess.run([machine.program("holdfast-tpm")], capture_output=True, text=True, timeout=20)
    assert wrong.returncode == 2 and "check" in wrong.stderr, wrong
