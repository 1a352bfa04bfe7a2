# SPDX-License-Identifier: Apache-2.0
"""Deleting needs proof: what goes when Git says so, and what stays whatever happens."""
import pytest

from manifests import application, file, shell
from waiting import holds, until

TWO = {"motd.yaml": file("motd", "/etc/motd", "hello\n"), "issue.yaml": file("issue", "/etc/issue", "welcome\n")}


def test_a_file_removed_from_git_is_removed_and_nothing_else_is(fleet):
    node = fleet.node()
    node.put("/etc/foreign", "not ours\n")
    app = fleet.app(objects=TWO)
    app.remove("motd.yaml").push()
    until("the file is gone", lambda: node.text("/etc/motd") is None)
    assert node.files() == {"/etc/issue", "/etc/foreign"}
    assert node.text("/etc/foreign") == "not ours\n"


def test_a_process_removed_from_git_is_ended_and_nothing_else_is(fleet):
    node = fleet.node()
    app = fleet.app(objects={"a.yaml": shell("a", "exec sleep 1000"), "b.yaml": shell("b", "exec sleep 1000")})
    kept = node.process("b")
    app.remove("a.yaml").push()
    until("the process has ended", lambda: node.process("a") is None)
    assert node.process("b") == kept


def test_a_file_that_was_there_before_is_taken_over_only_because_git_names_it(fleet):
    node = fleet.node()
    node.put("/etc/motd", "by hand\n")
    fleet.app(objects=TWO)
    assert node.text("/etc/motd") == "hello\n"


def test_prune_disabled_keeps_what_carries_it(fleet):
    node = fleet.node()
    app = fleet.app(objects={**TWO, "kept.yaml": file("kept", "/etc/kept", "x", annotations={"holdfast.dev/prune": "disabled"})})
    app.remove("kept.yaml").remove("motd.yaml").commit()
    until("the other one is gone", lambda: node.text("/etc/motd") is None)
    assert node.text("/etc/kept") == "x"


def test_an_emptied_application_is_refused_and_everything_stays(fleet):
    node = fleet.node()
    app = fleet.app(objects=TWO)
    app.remove("motd.yaml").remove("issue.yaml").write("README.md", "nothing here\n")
    app.commit("Empty it")
    until("the hub says why", lambda: "EmptyRefused" in app.hub.conditions(app.name))
    holds("everything stays", lambda: node.text("/etc/motd") and node.text("/etc/issue"), 1)
    why = app.hub.why(node.name, "File/motd")[0]
    assert "EmptyRefused" in why["blockedBy"], why


def test_an_emptied_application_is_pruned_where_it_allows_that(fleet):
    node = fleet.node()
    app = fleet.app(objects=TWO, allowEmpty=True)
    app.remove("motd.yaml").remove("issue.yaml").write("README.md", "nothing here\n").commit("Empty it")
    until("both files are gone", lambda: node.files() == set())


def test_a_repository_emptied_as_a_whole_deletes_nothing(fleet):
    node = fleet.node()
    app, other = fleet.app(objects=TWO), fleet.app("other", {"o.yaml": file("o", "/etc/o", "o")})
    fleet.git.git("rm", "--quiet", "-r", ".")
    app.commit("Empty everything")
    app.hub.cli("sync", other.name, code=None)
    until("the hub says why", lambda: app.hub.conditions(app.name) and app.hub.conditions(other.name))
    holds("everything stays", lambda: node.files() == {"/etc/motd", "/etc/issue", "/etc/o"}, 1)
    assert "ComparisonError" in app.hub.why(node.name, "File/motd")[0]["blockedBy"]
    fleet.git.git("revert", "--no-edit", "HEAD")
    app.settled()
    other.settled()
    assert node.files() == {"/etc/motd", "/etc/issue", "/etc/o"}


def test_a_path_renamed_in_git_deletes_nothing(fleet):
    node = fleet.node()
    app = fleet.app(objects=TWO)
    fleet.git.git("mv", app.path, "apps/renamed")
    app.commit("Rename the path")
    until("the hub says why", lambda: app.hub.conditions(app.name))
    holds("everything stays", lambda: node.text("/etc/motd") and node.text("/etc/issue"), 1)
    why = app.hub.why(node.name, "File/motd")[0]
    assert app.path in why["blockedBy"], why
    inode = node.path("/etc/motd").stat().st_ino
    app.path = "apps/renamed"
    app.create().settled()
    assert node.path("/etc/motd").stat().st_ino == inode


def test_git_that_cannot_be_reached_deletes_nothing_and_serves_what_is_held(fleet):
    node = fleet.node("before")
    app = fleet.app(objects=TWO)
    fleet.git.folder.rename(fleet.folder / "away")
    app.hub.cli("sync", app.name, code=None)
    until("the hub says so", lambda: "ComparisonError" in app.hub.conditions(app.name))
    holds("everything stays", lambda: node.text("/etc/motd") and node.text("/etc/issue"), 1)
    late = fleet.node("late")
    until("a new node is served without Git", lambda: late.files() == {"/etc/motd", "/etc/issue"})
    assert "ComparisonError" in app.hub.why(node.name, "File/motd")[0]["blockedBy"]


def test_file_a_renamed_to_file_b_on_the_same_path_is_an_adoption(fleet):
    node = fleet.node()
    app = fleet.app(objects={"a.yaml": file("a", "/etc/motd", "hello\n")})
    before = node.path("/etc/motd").stat()
    app.remove("a.yaml").write("b.yaml", file("b", "/etc/motd", "hello\n")).push()
    after = node.path("/etc/motd").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert node.resource(app.name, "File/b") and not node.resource(app.name, "File/a")


def test_a_claim_that_moves_to_another_application_is_never_gone_in_between(fleet):
    node = fleet.node()
    giver, taker = fleet.app("giver", objects=TWO), fleet.app("taker", {"t.yaml": file("t", "/etc/t", "t")})
    inode = node.path("/etc/motd").stat().st_ino
    giver.remove("motd.yaml")
    taker.write("motd.yaml", TWO["motd.yaml"])
    taker.commit("Move motd")
    giver.hub.cli("sync", giver.name)
    giver.settled()
    taker.settled()
    assert node.path("/etc/motd").stat().st_ino == inode
    assert node.resource(taker.name, "File/motd")


def test_a_label_changed_by_a_person_prunes_like_a_removal(fleet):
    node = fleet.node(role="camera")
    app = fleet.app(objects=TWO, selector={"fleet": fleet.label, "role": "camera"})
    app.hub.label_node(node.name, role="gateway")
    until("both files are gone", lambda: node.files() == set())


def test_a_fact_that_is_gone_prunes_nothing(fleet):
    node = fleet.node(start=False)
    facts = fleet.folder / "agent.json"
    node.options = ["--config", str(facts)]
    facts.write_text('{"facts": {"camera": "fitted"}}')
    node.start()
    until("the fact is a label", lambda: "facts.holdfast.dev/camera" in fleet.hub.get("nodes", node.name)["metadata"]["labels"])
    app = fleet.app(objects=TWO, selector={"fleet": fleet.label, "facts.holdfast.dev/camera": "fitted"})
    node.stop()
    facts.write_text('{"facts": {}}')
    node.start()
    until("the fact is gone", lambda: "facts.holdfast.dev/camera" not in fleet.hub.get("nodes", node.name)["metadata"]["labels"])
    holds("everything stays", lambda: node.text("/etc/motd") and node.text("/etc/issue"), 1)
    assert "Orphaned" in str(app.hub.why(node.name, "File/motd")[0])


def test_deleting_an_application_leaves_its_resources(fleet):
    node = fleet.node()
    app = fleet.app(objects=TWO)
    app.hub.cli("delete", "application", app.name)
    until("the node no longer holds it", lambda: node.section(app.name) is None)
    assert node.files() == {"/etc/motd", "/etc/issue"}


def test_deleting_an_application_with_the_resources_finalizer_prunes(fleet):
    node = fleet.node()
    app = fleet.app(objects=TWO, finalizers=["resources-finalizer.argocd.argoproj.io"])
    app.hub.cli("delete", "application", app.name)
    until("both files are gone", lambda: node.files() == set())
    until("the application is gone", lambda: app.hub.application(app.name) is None)


def many(count):
    return {f"f{i:02}.yaml": file(f"f{i:02}", f"/etc/many/{i:02}", f"{i}\n") for i in range(count)}


def test_a_prune_beyond_the_limit_waits_for_a_person_while_the_rest_is_applied(fleet):
    node = fleet.node()
    app = fleet.app(objects=many(30), maxPrune="50%")
    for i in range(20):
        app.remove(f"f{i:02}.yaml")
    app.write("new.yaml", file("new", "/etc/new", "new\n"))
    app.commit("Remove 20 of 30")
    until("what is new is applied", lambda: node.text("/etc/new") == "new\n")
    until("the prune is held", lambda: node.section(app.name)["phase"] == "Held")
    assert len(node.files()) == 31
    message = node.section(app.name)["message"]
    assert "20" in message and "--confirm-prune" in message
    app.hub.cli("sync", app.name, "--confirm-prune")
    until("20 are gone", lambda: len(node.files()) == 11)
    app.settled()


def test_ten_deletes_are_allowed_whatever_the_limit_says(fleet):
    node = fleet.node()
    app = fleet.app(objects=many(12), maxPrune="1%")
    for i in range(10):
        app.remove(f"f{i:02}.yaml")
    app.push()
    until("ten are gone", lambda: len(node.files()) == 2)


@pytest.mark.parametrize("path", ["/etc/motd", "/etc/deep/er/motd"])
def test_a_delete_of_a_file_that_is_gone_already_is_done(fleet, path):
    node = fleet.node()
    app = fleet.app(objects={"a.yaml": file("a", path, "x", ), "b.yaml": file("b", "/b", "b")}, selfHeal=False)
    node.path(path).unlink()
    app.remove("a.yaml").push()
    assert node.resource(app.name, "File/a") is None
