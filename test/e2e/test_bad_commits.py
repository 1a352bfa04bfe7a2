# SPDX-License-Identifier: Apache-2.0
"""A commit that is wrong or hostile: the last good revision stays in force, the place is named, nobody else suffers."""
import os

import pytest

import machine
from manifests import config_map, file, shell, to_yaml
from waiting import holds, until

GOOD = {"good.yaml": file("good", "/etc/good", "good\n")}


def alias_bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


def file_yaml(**spec):
    return to_yaml({**file("bad", "/etc/bad", "bad"), "spec": {"path": "/etc/bad", "content": "bad", **spec}}).decode()


# name: (content of apps/app/bad.yaml, words that the message must hold)
BAD = {
    "no YAML": ("a: [1, 2\nb: }\n", ["bad.yaml"]),
    "an alias bomb": (alias_bomb(), ["bad.yaml", "alias"]),
    "deep nesting": ("a: " + "[" * 10_000 + "]" * 10_000 + "\n", ["bad.yaml"]),
    "a key twice": ("apiVersion: holdfast.dev/v1\nkind: File\nkind: Process\nmetadata: {name: bad}\n", ["bad.yaml:3", "kind"]),
    "binary": (bytes(range(256)) * 64, ["bad.yaml"]),
    "not UTF-8": (b"apiVersion: holdfast.dev/v1\nkind: File\nmetadata: {name: bad}\nspec: {path: /etc/bad, content: '\xff\xfe'}\n",
                  ["bad.yaml", "UTF-8"]),
    "an unknown kind": ("apiVersion: holdfast.dev/v1\nkind: Fiel\nmetadata: {name: bad}\nspec: {}\n", ["bad.yaml:", "Fiel"]),
    "an unknown field": (file_yaml(conten="typo"), ["bad.yaml:", "File/bad", "conten"]),
    "a wrong value": (file_yaml(mode="9999"), ["bad.yaml:", "File/bad", "mode"]),
    "a path out of the root": (file_yaml(path="../../etc/passwd"), ["bad.yaml:", "File/bad", "path"]),
    "a path with .. inside": (file_yaml(path="/etc/../../etc/passwd"), ["bad.yaml:", "File/bad", "path"]),
    "a template of an unknown root": (file_yaml(content="{{ .nod.name }}"), ["bad.yaml", "nod", "File/bad"]),
    "a template that does not end": (file_yaml(content="{{ .node.name "), ["bad.yaml", "File/bad"]),
    "a reference to nothing": (to_yaml({"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {"name": "bad"},
                                        "spec": {"path": "/etc/bad", "contentFrom": {"configMapKeyRef": {"name": "no", "key": "x"}}}}),
                               ["bad.yaml", "File/bad"]),
    "two resources with one claim": (to_yaml([file("one", "/etc/same", "1"), file("two", "/etc/same", "2")]),
                                     ["File/one", "File/two", "/etc/same"]),
    "one name twice": (to_yaml([file("good", "/etc/other", "1")]), ["File/good"]),
    "a file of 50 MB": ("# " + "x" * 50_000_000 + "\n", ["bad.yaml"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_place_and_the_last_good_revision_stays(fleet, name):
    content, words = BAD[name]
    node = fleet.node()
    app = fleet.app(objects=GOOD)
    good = fleet.git.head()
    app.write("good.yaml", file("good", "/etc/good", "changed in the bad commit\n")).write("bad.yaml", content)
    bad = app.commit("A bad commit")

    def told():
        message = " ".join(app.hub.conditions(app.name).values())
        assert all(word in message for word in words), message
        return message

    until(f"the condition holds {words}", told)
    holds("nothing of it arrives", lambda: node.text("/etc/good") == "good\n", 0.3)
    assert node.files() == {"/etc/good"}
    status = app.status()
    assert status["revision"] == good and status["sync"] in ("OutOfSync", "Unknown"), status

    app.remove("bad.yaml").push()
    assert node.text("/etc/good") == "changed in the bad commit\n"
    assert bad != fleet.git.head()


def test_a_template_that_one_node_has_no_value_for_keeps_that_node_as_it_is_and_the_others_go_on(fleet):
    with_site, without = fleet.node("with", site="hamburg"), fleet.node("without")
    app = fleet.app(objects=GOOD)
    app.write("good.yaml", file("good", "/etc/good", "at {{ .node.labels.site }}\n"))
    app.commit()
    until("it is on the one", lambda: with_site.text("/etc/good") == "at hamburg\n")
    until("the other is named", lambda: any(without.name in text and "site" in text for text in app.hub.conditions(app.name).values()))
    assert without.text("/etc/good") == "good\n"
    assert app.status()["nodes"]["failed"] == 1


def test_a_bad_commit_shows_in_get_describe_and_events(fleet):
    fleet.node()
    app = fleet.app(objects=GOOD)
    app.write("bad.yaml", file_yaml(conten="typo")).commit()
    until("it is seen", lambda: "InvalidManifest" in app.hub.conditions(app.name))
    assert "InvalidManifest" in app.hub.cli("get", "applications").stdout
    described = app.hub.cli("describe", "application", app.name).stdout
    assert "bad.yaml:" in described and "conten" in described
    until("there is an event", lambda: app.hub.events(name=app.name, reason="InvalidManifest"))
    assert "InvalidManifest" in app.hub.cli("get", "events").stdout


def test_a_file_name_that_is_not_utf8_is_named_cleanly_and_the_hub_starts_again_on_it(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects=GOOD)
    bad = os.fsencode(own_fleet.git.folder / app.path / "bad") + b"\xff.yaml"
    with open(bad, "wb") as target:
        target.write(b"kind: [\n")
    own_fleet.git.git("branch", os.fsdecode(b"l\xe4uft"))
    app.commit("A name of another century")
    until("it is told", lambda: "bad" in " ".join(app.hub.conditions(app.name).values()))
    app.create(revision="nowhere")
    until("the branch is missed", lambda: "nowhere" in " ".join(app.hub.conditions(app.name).values()))
    app.hub.stop()
    app.hub.start()
    holds("everything stays", lambda: node.text("/etc/good") == "good\n", 0.5)
    os.remove(bad)
    app.create().write("good.yaml", file("good", "/etc/good", "mended\n")).push()
    assert node.text("/etc/good") == "mended\n"


def test_an_application_too_large_for_a_node_is_refused_and_no_other_suffers(fleet):
    node = fleet.node()
    other = fleet.app("other", {"o.yaml": file("o", "/etc/o", "one\n")})
    app = fleet.app(objects=GOOD)
    for i in range(7):
        app.write(f"large-{i}.yaml", file(f"large-{i}", f"/etc/large-{i}", chr(97 + i) * 3_900_000))
    app.commit("Too large")
    until("the size is named", lambda: "several applications" in " ".join(app.hub.conditions(app.name).values()))
    other.write("o.yaml", file("o", "/etc/o", "two\n")).push()
    assert node.text("/etc/o") == "two\n" and node.files() == {"/etc/o", "/etc/good"}
    late = fleet.node("late")
    until("a new node gets the last good ones", lambda: late.files() == {"/etc/o", "/etc/good"})


def test_much_that_fits_reaches_a_new_node_in_several_messages(fleet):
    import random
    random.seed(7)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
    for i in range(4):
        fleet.app(f"part-{i}", {"f.yaml": file(f"f{i}", f"/srv/{i}", "".join(random.choices(letters, k=600_000)))}, create=False).create()
    node = fleet.node()
    until("all of it is there", lambda: node.files() == {f"/srv/{i}" for i in range(4)}, 40)


def test_validate_finds_the_same_without_a_hub_and_tells_by_exit_code(fleet):
    app = fleet.app()
    app.write("good.yaml", GOOD["good.yaml"])
    folder = str(fleet.git.folder / app.path)
    fleet.hub.cli("validate", folder, code=0)
    app.write("bad.yaml", file_yaml(conten="typo"))
    done = fleet.hub.cli("validate", folder, code=1)
    assert "bad.yaml:" in done.stdout + done.stderr and "conten" in done.stdout + done.stderr


def test_one_application_broken_and_the_others_go_on(fleet):
    node = fleet.node()
    broken = fleet.app("broken", {"a.yaml": file("a", "/etc/a", "a\n")})
    sound = fleet.app("sound", {"b.yaml": file("b", "/etc/b", "b\n")})
    broken.write("a.yaml", "kind: [\n")
    sound.write("b.yaml", file("b", "/etc/b", "new\n"))
    broken.commit("Break one, change the other")
    sound.hub.cli("sync", sound.name)
    sound.settled()
    assert node.text("/etc/b") == "new\n" and node.text("/etc/a") == "a\n"
    node.path("/etc/a").write_text("by hand\n")
    until("the broken one's last good state is kept", lambda: node.text("/etc/a") == "a\n", 5)


def test_a_process_that_cannot_start_stops_no_other_application(fleet):
    node = fleet.node()
    fast = {"limit": 1, "backoff": {"duration": "100ms", "maxDuration": "200ms"}}
    broken = fleet.app("broken", retry=fast)
    broken.write("p.yaml", {**shell("p", ""), "spec": {"command": ["/no/such/program"]}})
    sound = fleet.app("sound", {"b.yaml": file("b", "/etc/b", "b\n")})
    broken.create()
    until("it is Degraded", lambda: broken.status().get("health") == "Degraded")
    assert "/no/such/program" in str(broken.hub.why(node.name, "Process/p")[0])
    sound.write("b.yaml", file("b", "/etc/b", "new\n")).push()
    assert node.text("/etc/b") == "new\n"


def test_two_applications_with_one_claim_the_owner_keeps_it_and_both_are_named(fleet):
    node = fleet.node()
    owner = fleet.app("owner", {"a.yaml": file("a", "/etc/same", "of the owner\n")})
    thief = fleet.app("another", {"b.yaml": file("b", "/etc/b", "b\n")})
    thief.write("a.yaml", file("stolen", "/etc/same", "of the thief\n")).commit()

    def told():
        text = str(thief.hub.why(node.name, "File/stolen")) + str(thief.status())
        assert owner.name in text and thief.name in text and "/etc/same" in text, text
        return True

    until("both are named", told)
    holds("the owner keeps it", lambda: node.text("/etc/same") == "of the owner\n", 0.5)
    assert owner.status()["health"] == "Healthy"
    owner.write("a.yaml", file("a", "/etc/elsewhere", "of the owner\n")).commit("Give it up")
    thief.hub.cli("sync", thief.name)
    until("it is handed over", lambda: node.text("/etc/same") == "of the thief\n")
    until("and the owner's is elsewhere", lambda: node.text("/etc/elsewhere") == "of the owner\n")


def test_a_symlink_in_git_is_not_followed(fleet):
    node = fleet.node()
    app = fleet.app(objects=GOOD)
    (fleet.git.folder / app.path / "link.yaml").symlink_to("/etc/passwd")
    app.commit("A link out of the repository")
    holds("nothing breaks", lambda: node.text("/etc/good") == "good\n", 0.5)
    assert "root:" not in str(app.status()), "nothing of the linked file is shown"


def test_a_symlink_on_the_node_does_not_lead_out_of_the_root(fleet):
    node = fleet.node()
    outside = fleet.folder / "outside"
    outside.mkdir()
    node.path("/srv").symlink_to(outside)
    app = fleet.app(create=False, retry={"limit": 0})
    app.write("a.yaml", [file("a", "/srv/a", "escaped\n"), file("b", "/etc/b", "b\n"), config_map("c", x="y")])
    app.commit()
    app.create()
    until("it is told", lambda: "/srv" in str(app.hub.why(node.name, "File/a")[0]["message"]))
    assert list(outside.iterdir()) == []


def test_a_hostile_commit_takes_no_hub_down_and_little_memory(own_fleet):
    own_fleet.node()
    app = own_fleet.app(objects=GOOD)
    pid = own_fleet.hub.daemon.pid
    app.write("bomb.yaml", alias_bomb()).write("deep.yaml", BAD["deep nesting"][0]).write("big.yaml", BAD["a file of 50 MB"][0])
    app.commit()
    until("it is refused", lambda: app.hub.conditions(app.name))
    peak = next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM:"))
    assert peak < 400_000, f"peak of the hub: {peak} kB"
    assert own_fleet.hub.daemon.pid == pid and own_fleet.hub.daemon.runs()
    assert machine.is_alive(pid)
