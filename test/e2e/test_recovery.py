# SPDX-License-Identifier: Apache-2.0
"""Three losses of a hub: its store, all of it but the recovery key, all of it. Nodes keep what they hold and run, and come under a
hub again; nothing is restarted or deleted."""
import os
import shutil

import machine
from fleet import Fleet
from hub import Hub
from manifests import file, process
from waiting import holds, until

APP = {"motd.yaml": file("motd", "/etc/motd", "before\n"), "web.yaml": process("web", ["/bin/sleep", "1000"])}


def lose(hub, *names):
    """A fire: the hub's process, its broker and these files of its data, or all of them."""
    hub.kill()
    machine.end_processes_of(hub.data)
    until("the broker is gone", lambda: hub.broker_pid() is None)
    if not names:
        shutil.rmtree(hub.data)
    for name in names:
        (hub.data / name).unlink()


def running(node):
    until("it runs", lambda: node.process("web"))
    return node.process("web")


def comes_back(fleet, app, node, before):
    """Under its old uid; what people and Git say is said again, and then all is as it was."""
    hub = fleet.hub
    until("the hub has taken it back", lambda: hub.get("nodes", node.name), 90)
    assert hub.get("nodes", node.name)["spec"]["uid"] == node.uid
    assert "Readmitted" in {event["reason"] for event in hub.events(name=node.name)}
    until("it says what it holds", lambda: hub.get("nodes", node.name)["status"].get("agentVersion"), 30)
    assert node.text("/etc/motd") == "before\n" and node.process("web") == before
    hub.label_node(node.name, fleet=fleet.label)
    app.create().settled()
    assert node.process("web") == before, "adopted, not restarted"
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
    assert node.text("/etc/motd") == "after\n" and node.process("web") == before
    assert hub.cli("diagnose", node.name).returncode == 0, "it takes commands: counters go on above the lost ones"
    assert not [event for event in hub.events() if event["reason"] in ("Pruned", "GenerationAhead", "Refused")]


def test_loss_of_the_store_is_not_taken_for_a_new_hub_and_nodes_come_back(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    hub.cli("diagnose", node.name)
    lose(hub, "store", "store-lock")
    refused = hub.command("serve", code=1)
    assert "is a disk not mounted" in refused.stderr and "holdfast-hub recover" in refused.stderr
    assert "leave --recovery-key" in hub.command("recover", "--recovery-key", str(hub.data / "recovery.key"), "--trust", "x", code=1).stderr
    hub.command("recover")
    assert "nothing is lost" in hub.command("recover", code=1).stderr
    hub.start()
    comes_back(own_fleet, app, node, before)


def test_an_empty_store_is_a_lost_one(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    hub.cli("diagnose", node.name)
    lose(hub, "store-lock")
    os.truncate(hub.data / "store", 0)
    for command in ("serve", "check"):
        refused = hub.command(command, code=1).stderr
        assert f"{hub.data}/store is empty" in refused and "holdfast-hub recover" in refused
    hub.command("recover")
    assert f"the store of the data folder {hub.data} is sound" in hub.command("check").stdout
    hub.start()
    comes_back(own_fleet, app, node, before)


def test_a_damaged_store_is_named_with_the_ways_out(own_fleet):
    hub = own_fleet.hub
    hub.stop()
    (hub.data / "store").write_bytes(b"x" * 20_000)
    for command in ("serve", "check"):
        refused = hub.command(command, code=1).stderr
        assert f"{hub.data}/store" in refused and "holdfast-hub restore" in refused and "move the file away" in refused
    assert "if it is damaged, move it away" in hub.command("recover", code=1).stderr


def test_a_file_of_the_hubs_identity_that_is_lost_is_named_and_not_made_anew(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    until("it is connected", lambda: node.status()["connected"])
    hub.stop()
    aside = hub.folder / "aside"
    aside.mkdir()
    for name in ("ca.key", "ca.crt", "hub.json", "recovery.key.pub", "trust.json", "signing.key"):
        shutil.move(hub.data / name, aside / name)
        refused = hub.command("serve", code=1).stderr
        assert f"{hub.data}/{name} is missing while" in refused and "from a backup" in refused
        assert not (hub.data / name).exists()
        shutil.copy(aside / name, hub.data / name)
        (hub.data / name).write_text("{")
        refused = hub.command("serve", code=1).stderr
        assert f"{hub.data}/{name}: " in refused and "from a backup" in refused
        shutil.copy(aside / name, hub.data / name)
    for name in ("trust.json", "signing.key"):
        (hub.data / name).unlink()
    shutil.copy(node.data / "trust.json", hub.data / "trust.json")
    assert "rotate signing-key" in hub.command("serve", code=1).stderr
    hub.command("rotate", "signing-key", "--recovery-key", str(hub.data / "recovery.key"))
    hub.start()
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
    assert node.text("/etc/motd") == "after\n" and node.process("web") == before
    hub.stop()
    for path in hub.data.iterdir():
        if path.is_file() and not path.name.startswith("store"):
            path.unlink()
    refused = hub.command("serve", code=1).stderr
    assert f"{hub.data}/ca.key is missing while {hub.data}/store holds" in refused and not (hub.data / "ca.key").exists()


def test_loss_of_all_but_the_recovery_key(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    key = hub.folder / "recovery.key"
    shutil.copy(hub.data / "recovery.key", key)
    lose(hub)
    assert "give --recovery-key FILE and --trust FILE" in hub.command("recover", code=1).stderr
    other = hub.folder / "other.key"
    other.write_text("7" * 64)
    assert "not signed by the recovery key" in hub.command("recover", "--recovery-key", str(other), "--trust", str(node.data / "trust.json"), code=1).stderr
    hub.command("recover", "--recovery-key", str(key), "--trust", str(node.data / "trust.json"))
    hub.start()
    comes_back(own_fleet, app, node, before)
    assert not (hub.data / "recovery.key").exists(), "it stays where it is kept"
    node.stop()
    node.start()
    until("it comes with its new certificate", lambda: node.status()["connected"])
    assert node.process("web") == before


def test_who_is_excepted_or_was_deleted_since_is_not_taken_back(own_fleet):
    good, bad, hub = own_fleet.node("good"), own_fleet.node("bad"), own_fleet.hub
    until("both are connected", lambda: good.status()["connected"] and bad.status()["connected"])
    assert bad.uid in hub.cli("get", "nodes", "-o", "wide").stdout
    lose(hub, "store", "store-lock")
    for wrong in ("../x", "not-a-uid", good.name, good.uid.upper()):
        refused = hub.command("recover", "--except", wrong, code=2).stderr
        assert "--except" in refused and "spec.uid" in refused
    assert "--readmit" in hub.command("recover", "--readmit", "99999h", code=2).stderr
    hub.command("recover", "--except", bad.uid)
    hub.start()
    until("one is taken back", lambda: hub.get("nodes", good.name), 60)
    hub.cli("delete", "node", good.name)
    for node in (good, bad):
        node.stop()
        node.start()
    until("they are heard", lambda: "not taken back" in hub.daemon.log.read_text(), 30)
    holds("neither is let in", lambda: not hub.get("nodes"), 3)


def test_loss_of_everything_re_home(own_fleet):
    node, lost = own_fleet.node(), own_fleet.hub
    own_fleet.app(objects=APP)
    node.put("/etc/mine", "a person's\n")
    before, uid = running(node), node.uid
    lose(lost)
    node.put("/etc/motd", "while nobody listened\n")
    until("it is put right", lambda: node.text("/etc/motd") == "before\n")
    other = Hub(own_fleet.folder / "other", "--poll", "5s")
    other.folder.mkdir()
    fleet = None
    try:
        fleet = Fleet(other.start(), own_fleet.folder / "new", "rehomed")
        fleet._git = own_fleet.git
        token = other.token("--label", "fleet=rehomed")
        words = [token["hub"], token["caSha256"], token["token"]]
        assert "--re-home" in node.enroll(*words).stderr
        assert "stop the agent first" in node.enroll(*words, "--re-home").stderr
        node.stop()
        done = node.enroll(*words, "--re-home")
        assert done.returncode == 0, done.stderr
        assert node.uid != uid and not list(node.data.glob("node.re-home*"))
        assert node.process("web") == before
        node.start()
        until("it is connected", lambda: node.status()["connected"])
        assert node.text("/etc/motd") == "before\n" and node.process("web") == before
        app = fleet.app(create=False)
        app.create().settled()
        assert node.process("web") == before, "adopted, not restarted"
        app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).push()
        assert node.text("/etc/motd") == "after\n" and node.text("/etc/mine") == "a person's\n"
        until("the new hub heard what the old one did not", lambda: other.events("DriftHealed", node.name))
    finally:
        if fleet:
            fleet.remove()
        other.remove()


def back_up(hub):
    """While it runs, as people do it every night."""
    target = hub.folder / "backup"
    hub.command("backup", "--to", str(target))
    return target


def restore(hub, backup):
    hub.stop()
    said = hub.command("restore", "--from", str(backup)).stdout
    assert (hub.data / "before-restore-1/store").exists() and "before-restore-1" in said
    hub.start()


def test_a_backup_is_checked_before_it_replaces_anything(own_fleet):
    hub = own_fleet.hub
    backup = back_up(hub)
    assert not (backup / "recovery.key").exists(), "its copy is kept elsewhere"
    assert "is sound" in hub.command("check", data=backup).stdout
    assert "give each backup a folder of its own" in hub.command("backup", "--to", str(backup), code=1).stderr
    assert "stop the hub first" in hub.command("restore", "--from", str(backup), code=1).stderr
    assert "--to" in hub.command("backup", code=2).stderr
    hub.stop()
    shutil.move(backup / "backup.json", hub.folder / "backup.json")
    for command in (["restore", "--from", str(backup)], ["check"]):
        refused = hub.command(*command, code=1, data=backup if command == ["check"] else None)
        assert "backup.json" in refused.stderr and "not finished" in refused.stderr
    shutil.move(hub.folder / "backup.json", backup / "backup.json")
    nowhere = hub.command("rotate", "sealing-key", code=1, data=hub.folder / "nowhere").stderr
    assert "nowhere is not there" in nowhere and "stop the hub" not in nowhere
    good = (backup / "store").read_bytes()
    (backup / "store").write_bytes(good[:len(good) // 2])
    for command in (["restore", "--from", str(backup)], ["check"]):
        refused = hub.command(*command, code=1, data=backup if command == ["check"] else None)
        assert "store: not what was backed up" in refused.stderr
    (backup / "store").write_bytes(good)
    (hub.data / "restoring").write_text("{}")
    assert "type the same" in hub.command("serve", code=1).stderr.lower()
    (hub.data / "restoring").unlink()
    hub.start()


def test_a_hub_restored_from_an_old_backup_raises_the_epoch_and_deletes_nothing(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    backup = back_up(hub)
    for content in ("one\n", "two\n", "three\n"):
        app.write("motd.yaml", file("motd", "/etc/motd", content)).push()
    held = node.status()["snapshot"]["accepted"]
    restore(hub, backup)
    until("its epoch is raised", lambda: hub.events("EpochRaised", node.name), 60)
    assert held in hub.events("EpochRaised", node.name)[0]["message"]
    app.settled(seconds=60)
    assert int(node.status()["snapshot"]["accepted"].split(".")[0]) == int(held.split(".")[0]) + 1
    assert node.text("/etc/motd") == "three\n" and node.process("web") == before
    app.write("motd.yaml", file("motd", "/etc/motd", "four\n")).push()
    assert node.text("/etc/motd") == "four\n" and node.process("web") == before
    assert not hub.events("Pruned") and not hub.events("Refused")


def test_a_restored_hub_whose_git_was_rewritten_waits_for_a_person(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects=APP)
    before = running(node)
    backup = back_up(hub)
    first = own_fleet.git.head()
    app.write("motd.yaml", file("motd", "/etc/motd", "lost in a rewrite\n")).push()
    hub.stop()
    own_fleet.git.git("reset", "-q", "--hard", first)
    app.write("motd.yaml", file("motd", "/etc/motd", "instead\n"))
    own_fleet.git.commit("Another history")
    restore(hub, backup)
    until("it says what it waits for", lambda: "history" in "".join(
        c["message"] for c in hub.get("nodes", node.name)["status"]["conditions"] if c["type"] == "GenerationAhead"), 60)
    holds("nothing is sent", lambda: node.text("/etc/motd") == "lost in a rewrite\n", 3)
    assert "above generation" in hub.cli("approve", node.name).stdout
    until("then it is", lambda: node.text("/etc/motd") == "instead\n", 30)
    assert node.process("web") == before
