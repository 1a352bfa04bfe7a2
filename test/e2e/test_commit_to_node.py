# SPDX-License-Identifier: Apache-2.0
"""The way of a commit: from Git to what the nodes hold, and how a person follows it."""
import json

import machine
from hub import Hub
from git_repository import GitRepository
from manifests import application, config_map, file, shell
from waiting import until


def test_a_commit_is_applied_on_every_node_that_the_placement_selects(fleet):
    camera, gateway = fleet.node("camera", role="camera"), fleet.node("gateway", role="gateway")
    selector = {"fleet": fleet.label, "role": "camera"}
    app = fleet.app("cameras", {"motd.yaml": file("motd", "/etc/motd", "hold fast\n", mode="0640")}, selector=selector)
    assert camera.text("/etc/motd") == "hold fast\n"
    assert camera.path("/etc/motd").stat().st_mode & 0o7777 == 0o640
    assert gateway.files() == set()

    app.write("motd.yaml", file("motd", "/etc/motd", "hold faster\n")).push()
    assert camera.text("/etc/motd") == "hold faster\n"
    assert gateway.files() == set()


def test_one_file_of_several_documents_templates_and_a_config_map(fleet):
    node = fleet.node(site="hamburg")
    fleet.app(objects={"all.yaml": [
        config_map("settings", level="debug"),
        file("site", "/etc/site", "{{ .node.name }} at {{ .node.labels.site }}, {{ .node.labels.floor | default \"1\" }}\n"),
        {"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {"name": "level"},
         "spec": {"path": "/etc/level", "contentFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}}}},
        file("raw", "/etc/raw", "{{ untouched }}", annotations={"holdfast.dev/template": "disabled"}),
    ]})
    assert node.text("/etc/site") == f"{node.name} at hamburg, 1\n"
    assert node.text("/etc/level") == "debug"
    assert node.text("/etc/raw") == "{{ untouched }}"


def test_a_process_runs_and_a_changed_spec_restarts_it_once(fleet):
    node = fleet.node()
    app = fleet.app(objects={"web.yaml": shell("web", "echo one; exec sleep 1000")})
    first = node.process("web")
    assert first
    app.write("web.yaml", shell("web", "echo two; exec sleep 1000")).push()
    second = node.process("web")
    assert second and second != first
    assert not machine.is_alive(first[0])


def test_polling_finds_a_commit_that_nobody_announces(fleet):
    node = fleet.node()
    app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "one\n")})
    app.write("motd.yaml", file("motd", "/etc/motd", "two\n")).commit(sync=False)
    until("the poll brings the commit", lambda: node.text("/etc/motd") == "two\n")


def test_wait_diff_and_history_tell_a_script_by_exit_code(fleet):
    node = fleet.node()
    app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "one\n")}, automated=False, create=False)
    app.create()
    assert app.hub.cli("wait", app.name, "--for", "synced", "--timeout", "1s", code=3).stderr
    app.hub.cli("sync", app.name)
    app.hub.cli("wait", app.name, "--for", "synced", "--timeout", "20s")
    app.hub.cli("wait", app.name, "--for", "healthy", "--timeout", "20s")
    app.hub.cli("diff", app.name, code=0)

    revision = app.write("motd.yaml", file("motd", "/etc/motd", "two\n")).commit("Say two", sync=False)
    app.hub.api("POST", f"/apis/holdfast.dev/v1/applications/{app.name}/refresh")
    until("the newer commit is seen", lambda: "File/motd" in app.hub.cli("diff", app.name, code=None).stdout)
    app.hub.cli("diff", app.name, code=3)
    assert node.text("/etc/motd") == "one\n", "without syncPolicy.automated a person decides"
    app.hub.cli("sync", app.name)
    app.settled(revision)
    assert node.text("/etc/motd") == "two\n"
    history = app.hub.cli("history", app.name).stdout
    assert revision[:7] in history and "Say two" in history


def test_rollback_goes_back_to_a_revision_of_the_history_until_sync(fleet):
    node = fleet.node()
    app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "one\n")})
    first = fleet.git.head()
    second = app.write("motd.yaml", file("motd", "/etc/motd", "two\n")).push()
    app.hub.cli("rollback", app.name, first[:10])
    app.settled(first)
    assert node.text("/etc/motd") == "one\n"
    app.hub.cli("sync", app.name)
    app.settled(second)
    assert node.text("/etc/motd") == "two\n"


def test_the_hub_manages_itself_from_a_folder_of_applications():
    folder = machine.new_folder()
    git = GitRepository(folder / "git")
    git.write("fleet/one.yaml", application("one", git.url, "apps/one", {}))
    git.write("fleet/two.yaml", application("two", git.url, "apps/two", {}))
    git.write("apps/one/a.yaml", file("a", "/a", "a"))
    git.write("apps/two/b.yaml", file("b", "/b", "b"))
    git.commit("A fleet")
    hub = Hub(folder, "--source", git.url, "--path", "fleet", "--poll", "1s")
    try:
        hub.start()
        until("both applications are there", lambda: {app["metadata"]["name"] for app in hub.get("applications")} >= {"one", "two"})
        git.remove("fleet/two.yaml")
        git.commit("Without two")
        until("two is gone", lambda: hub.application("two") is None)
        assert hub.application("one")
        git.remove("fleet")
        git.commit("Without any")
        until("emptiness is refused", lambda: hub.conditions("root"))
        assert hub.application("one"), "an emptied folder of Applications deletes none"
    finally:
        hub.remove()
        machine.remove_folder(folder)


def test_output_for_scripts_is_json_and_yaml_that_hold(fleet):
    node = fleet.node()
    fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "x")})
    listed = json.loads(fleet.hub.cli("get", "nodes", "-o", "json").stdout)
    assert node.name in [item["metadata"]["name"] for item in listed["items"]]
    named = fleet.hub.cli("get", "nodes", "-l", f"fleet={fleet.label}", "-o", "name").stdout.split()
    assert [name.split("/")[-1] for name in named] == [node.name]
    assert "Ready" in fleet.hub.cli("describe", "node", node.name).stdout
    until("its report is there", lambda: "File/motd" in fleet.hub.cli("get", "resources", "--node", node.name).stdout)
