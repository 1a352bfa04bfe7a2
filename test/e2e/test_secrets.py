# SPDX-License-Identifier: Apache-2.0
"""Secrets, sealed end to end: in the Files that ask for them and nowhere else."""
import base64
import ctypes
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

from hub import API
from manifests import file, process
from waiting import holds, until

CANARY = "canary-4f1d9c-never-in-clear"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_zstd = ctypes.CDLL("libzstd.so.1")
_zstd.ZSTD_decompress.restype = ctypes.c_size_t
_zstd.ZSTD_compress.restype = ctypes.c_size_t
_zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong


def secret(value=CANARY, name="db"):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": {"password": value}}


def file_from_secret(name="pw", path="/etc/pw", mode=None):
    manifest = file(name, path, "")
    del manifest["spec"]["content"]
    manifest["spec"]["contentFrom"] = {"secretKeyRef": {"name": "db", "key": "password"}}
    if mode:
        manifest["spec"]["mode"] = mode
    return manifest


def seal(fleet, what, *options, code=0):
    """As a person does; what it prints goes to Git."""
    source = fleet.folder / "secret.json"
    source.write_text(json.dumps(what))
    done = fleet.hub.cli("seal", "-f", str(source), *options, code=code)
    source.unlink()
    return done.stdout if code == 0 else done.stderr


def unpacked(data):
    """The bytes, and what is in every zstd frame among them."""
    out = [data]
    at = data.find(ZSTD_MAGIC)
    while at >= 0:
        rest = data[at:]
        size = _zstd.ZSTD_getFrameContentSize(rest, ctypes.c_size_t(len(rest)))
        if 0 < size < 1 << 25:
            length = _zstd.ZSTD_findFrameCompressedSize(rest, ctypes.c_size_t(len(rest)))
            buffer = ctypes.create_string_buffer(size)
            got = _zstd.ZSTD_decompress(buffer, ctypes.c_size_t(size), rest, ctypes.c_size_t(min(length & 0xFFFFFFFF, len(rest))))
            if got == size:
                out.append(buffer.raw)
        at = data.find(ZSTD_MAGIC, at + 4)
    return out


def forms(text):
    """The text itself, its hex, and its base64 however it falls within longer bytes."""
    raw = text.encode()
    found = {raw, raw.hex().encode()}
    for skip in range(3):
        inner = raw[skip:len(raw) - (len(raw) - skip) % 3]
        found.add(base64.b64encode(inner))
    return found


def holds_canary(data, text=CANARY):
    return any(form in piece for piece in unpacked(data) for form in forms(text))


def files_with_canary(*folders, text=CANARY):
    found = set()
    for folder in folders:
        for path in Path(folder).rglob("*"):
            try:
                if path.is_file() and not path.is_symlink() and holds_canary(path.read_bytes(), text):
                    found.add(path)
            except OSError:
                continue  # gone meanwhile
    return found


class Spy:
    """Hears everything that goes through the broker, as its administrator, who normally may hear nothing."""

    def __init__(self, hub):
        acl = hub.data / "broker/acl"
        acl.write_text(acl.read_text() + "\nuser holdfast-broker-admin\ntopic read #\n")
        os.kill(hub.broker_pid(), signal.SIGHUP)
        time.sleep(0.5)
        password = (hub.data / "broker/admin.password").read_text()
        self.heard = subprocess.Popen(["mosquitto_sub", "--unix", str(hub.data / "broker/admin.sock"), "-u", "holdfast-broker-admin", "-P",
                                       password, "-i", "spy", "-V", "5", "-t", "#", "-F", "%t %x"], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)

    def messages(self):
        """[(topic, payload)]"""
        self.heard.terminate()
        lines = self.heard.communicate(timeout=10)[0].splitlines()
        return [(topic, bytes.fromhex(payload)) for topic, _, payload in (line.partition(" ") for line in lines)]


def everything_the_api_says(fleet, app):
    hub, said = fleet.hub, []
    for kind in ("nodes", "applications", "resources", "events", "projects", "enrollmenttokens"):
        said.append(hub.cli("get", kind, "-o", "json", code=None).stdout)
        said.append(hub.cli("get", kind, code=None).stdout)
    for node in fleet.nodes:
        said.append(hub.cli("describe", "node", node.name).stdout)
        said.append(hub.cli("diagnose", node.name, code=None).stdout)
        for brief in ("File/pw", "Secret/db"):
            said.append(hub.cli("why", node.name, brief, "-o", "json").stdout)
            said.append(node.command("why", brief, "-o", "json").stdout)
        said += [node.command(verb, "-o", "json").stdout for verb in ("status", "plan")]
        said.append(node.local("/metrics"))
    said.append(hub.cli("describe", "application", app.name).stdout)
    said.append(hub.cli("history", app.name).stdout)
    said.append(hub.cli("diff", app.name, code=None).stdout)
    said.append(hub.cli("render", str(fleet.git.folder / app.path), "--allow-plain-secrets").stdout)
    said.append(hub.api("GET", "/metrics")[1])
    said.append(json.dumps(hub.api("GET", f"{API}/sealingkey")[1]))
    return said


def generation(node):
    return node.status()["snapshot"]["applied"]


def test_a_secret_is_in_the_file_and_nowhere_else(own_fleet):
    fleet, hub = own_fleet, own_fleet.hub
    nodes = [fleet.node("a"), fleet.node("b")]
    spy = Spy(hub)
    sealed = seal(fleet, secret())
    assert CANARY not in sealed and "kind: SealedSecret" in sealed
    app = fleet.app(objects={"db.yaml": sealed, "pw.yaml": file_from_secret(), "motd.yaml": file("motd", "/etc/motd", "hi\n")})
    for node in nodes:
        assert node.text("/etc/pw") == CANARY
        assert node.path("/etc/pw").stat().st_mode & 0o777 == 0o600
    # Drift is healed, a changed value shown, before everything is searched.
    nodes[0].put("/etc/pw", "by hand")
    until("it is healed", lambda: nodes[0].text("/etc/pw") == CANARY)
    for said in everything_the_api_says(fleet, app):
        assert not holds_canary(said.encode())
    assert "++++++++" in hub.cli("render", str(fleet.git.folder / app.path)).stdout
    heard = spy.messages()
    assert any("/dn" in topic for topic, _ in heard) and any("/up" in topic for topic, _ in heard)
    assert any(b'"kind":"Secret"' in piece for _, payload in heard for piece in unpacked(payload)), "the sealed one was heard"
    for topic, payload in heard:
        assert not holds_canary(payload), topic
    expected = {node.path("/etc/pw") for node in nodes}
    assert files_with_canary(fleet.folder, hub.folder) == expected
    for node in nodes:
        node.stop()
    hub.stop()
    assert files_with_canary(fleet.folder, hub.folder) == expected, "nor is it left when they end"


def packed(data):
    out = ctypes.create_string_buffer(len(data) + 1024)
    size = _zstd.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:size]


def test_the_search_finds_a_canary_where_there_is_one(tmp_path):
    for name, data in {"plain": CANARY.encode(), "base64": base64.b64encode(b"x" + CANARY.encode()), "hex": CANARY.encode().hex().encode()}.items():
        (tmp_path / name).write_bytes(b"before" + data + b"after")
    text = random.Random(1).choices(CANARY, k=4000)  # letters enough for a code of their own: nothing stands there as it is
    frame = packed("".join(text).encode() + CANARY.encode())
    assert CANARY.encode() not in frame
    (tmp_path / "packed.zst").write_bytes(b"before" + frame + b"after")
    found = {path.name for path in files_with_canary(tmp_path)}
    assert {"plain", "base64", "hex", "packed.zst"} <= found


def test_nothing_is_sent_or_started_again_when_nothing_changed(own_fleet):
    fleet, hub = own_fleet, own_fleet.hub
    node = fleet.node()
    app = fleet.app(objects={"db.yaml": seal(fleet, secret()), "pw.yaml": file_from_secret(),
                             "web.yaml": process("web", ["/bin/sleep", "1000"])})
    until("it runs", lambda: node.process("web"))
    running, applied, written = node.process("web"), generation(node), node.path("/etc/pw").stat()
    section = node.section(app.name)["applied"]

    def is_as_before():
        now = node.path("/etc/pw").stat()
        assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
        assert (node.process("web"), generation(node), node.section(app.name)["applied"]) == (running, applied, section)
        return True

    fleet.git.write("apps/else/note.yaml", file("note", "/etc/note", "x"))
    app.commit("Something else")
    holds("an unrelated commit changes nothing", is_as_before, 3)
    hub.stop()
    hub.start()
    until("the node is back", lambda: node.status()["connected"])
    holds("nor does another start of the hub", is_as_before, 3)
    node.stop()
    node.start()
    until("the node is back", lambda: node.status()["connected"])
    holds("nor one of the agent", is_as_before, 3)


def test_a_plain_secret_in_git_is_refused_with_the_way_out(fleet):
    node = fleet.node()
    app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "good\n")})
    app.write("db.yaml", secret()).commit()
    until("it is refused", lambda: "holdfast seal -f" in fleet.hub.conditions(app.name).get("InvalidManifest", ""))
    said = fleet.hub.conditions(app.name)["InvalidManifest"]
    assert f"{app.path}/db.yaml:2: Secret/db" in said and not holds_canary(said.encode())
    assert node.text("/etc/motd") == "good\n"
    done = fleet.hub.cli("validate", str(fleet.git.folder / app.path), code=1)
    assert "db.yaml:2" in done.stdout and not holds_canary(done.stdout.encode())


def test_a_project_may_allow_plain_secrets(own_fleet):
    fleet, hub = own_fleet, own_fleet.hub
    node = fleet.node()
    hub.apply([{"apiVersion": "holdfast.dev/v1", "kind": "Project", "metadata": {"name": "default"}, "spec": {"allowPlainSecrets": True}}])
    app = fleet.app(objects={"db.yaml": secret(), "pw.yaml": file_from_secret()})
    assert node.text("/etc/pw") == CANARY
    assert "++++++++" in hub.cli("render", str(fleet.git.folder / app.path), "--allow-plain-secrets").stdout
    for said in everything_the_api_says(fleet, app):
        assert not holds_canary(said.encode())
    mirrors = hub.data / "mirrors"
    found = {path for path in files_with_canary(fleet.folder, hub.folder) if fleet.git.folder not in path.parents and mirrors not in path.parents}
    assert found == {node.path("/etc/pw")}, "beyond Git it is as secret as a sealed one"


def test_a_ciphertext_under_another_name_is_refused(fleet):
    node = fleet.node()
    app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "good\n")})
    app.write("db.yaml", seal(fleet, secret(name="other")).replace("name: other", "name: db"))
    app.write("pw.yaml", file_from_secret()).commit()
    until("it is said", lambda: fleet.hub.events("SecretUnreadable", app.name))
    event = fleet.hub.events("SecretUnreadable", app.name)[0]
    assert "sealed for another place" in event["message"]
    assert node.text("/etc/pw") is None and node.text("/etc/motd") == "good\n"


def test_a_node_makes_a_new_key_and_goes_on_reading_what_the_old_one_opened(own_fleet):
    fleet, hub = own_fleet, own_fleet.hub
    node = fleet.node()
    app = fleet.app(objects={"db.yaml": seal(fleet, secret()), "pw.yaml": file_from_secret()})
    assert node.text("/etc/pw") == CANARY
    section, written = node.section(app.name)["applied"], node.path("/etc/pw").stat()
    key_file = node.data / "sealing.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    hub.stop()
    done = node.command("rotate-sealing-key")
    assert done.returncode == 0 and "a new sealing key is in force" in done.stdout, done.stderr
    assert len(key_file.read_text().splitlines()) == 2
    node.put("/etc/pw", "by hand")
    until("the old generation is still readable", lambda: node.text("/etc/pw") == CANARY)
    node.stop()
    assert node.command("rotate-sealing-key").returncode == 0, "nor need it run"
    node.start()
    node.put("/etc/pw", "by hand")
    until("after another one, too", lambda: node.text("/etc/pw") == CANARY)
    written = node.path("/etc/pw").stat()
    hub.start()
    until("it is sealed to the new key", lambda: node.section(app.name)["applied"] != section, 40)
    app.settled()
    now = node.path("/etc/pw").stat()
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns), "the same content is not written again"


def test_the_hub_makes_a_new_key_and_goes_on_opening_what_the_old_one_sealed(own_fleet):
    fleet, hub = own_fleet, own_fleet.hub
    node = fleet.node()
    old = seal(fleet, secret())
    app = fleet.app(objects={"db.yaml": old, "pw.yaml": file_from_secret()})
    assert "stop the hub first" in hub.command("rotate", "sealing-key", code=1).stderr
    hub.stop()
    hub.command("rotate", "sealing-key")
    hub.start()
    later = fleet.node("late")
    until("the old one is opened for a new node", lambda: later.text("/etc/pw") == CANARY, 40)
    new = seal(fleet, secret("another value"))
    key_of = [line for line in old.splitlines() if line.startswith("  key:")]
    assert key_of != [line for line in new.splitlines() if line.startswith("  key:")]
    app.write("db.yaml", new).push()
    assert node.text("/etc/pw") == later.text("/etc/pw") == "another value"
    assert (hub.data / "sealing.key").stat().st_mode & 0o777 == 0o600


def test_seal_works_without_a_hub(fleet):
    key = fleet.hub.api("GET", f"{API}/sealingkey")[1]["publicKey"]
    public = fleet.folder / "sealing.pub"
    public.write_text(key + "\n")
    for given in (key, str(public)):
        assert "kind: SealedSecret" in seal(fleet, secret(), "--key", given)
    node = fleet.node()
    fleet.app(objects={"db.yaml": seal(fleet, secret(), "--key", str(public)), "pw.yaml": file_from_secret(mode="0640")})
    assert node.text("/etc/pw") == CANARY
    assert node.path("/etc/pw").stat().st_mode & 0o777 == 0o640
    assert "not a Secret" in seal(fleet, file("a", "/a", "x"), code=1)


def test_nobody_of_the_same_user_looks_into_a_hub(own_fleet):
    """CAP_SYS_PTRACE opens everything to root, so here nobody has it."""
    without = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    hub = own_fleet.hub
    hub.stop()
    hub.wrapper = without
    hub.start()
    other = subprocess.Popen([*without, "sleep", "100"])
    try:
        def may_look_into(pid):
            return subprocess.run([*without, "readlink", f"/proc/{pid}/exe"], capture_output=True).returncode == 0

        until("it is what setpriv has become", lambda: may_look_into(other.pid))
        assert not may_look_into(hub.daemon.pid)
    finally:
        other.kill()
        other.wait()


def test_facts_cannot_place_a_secret(fleet):
    node = fleet.node()
    arch = os.uname().machine
    facts = node.status()["snapshot"]["facts"]
    app = fleet.app(objects={"db.yaml": seal(fleet, secret()), "pw.yaml": file_from_secret()}, create=False)
    app.create(selector={"facts.holdfast.dev/arch": facts.get("arch", arch)})
    until("it is refused", lambda: "reads labels from facts" in fleet.hub.conditions(app.name).get("InvalidManifest", ""))
    assert node.text("/etc/pw") is None
