# SPDX-License-Identifier: Apache-2.0
"""Pods on a real container engine: podman, which each test serves itself, with an image of one program."""
import json
import os
import signal
import time

import pytest

import busybox
import machine
from manifests import config_map, file
from podman_service import PodmanService
from waiting import holds, until

IMAGE = "holdfast.test/busybox:1"
WAITS = "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"
IGNORES = "trap '' TERM; while :; do sleep 1000; done"


def pod(name, script, annotations=None, image=IMAGE, of_pod=None, **container):
    spec = {"containers": [{"name": "app", "image": image, "command": ["sh", "-c", script], **container}],
            **(of_pod or {})}
    metadata = {"name": name, **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def name_of(name, container="app"):
    return f"hf.default.{name}.{container}"


@pytest.fixture
def engine(tmp_path):
    podman = PodmanService(tmp_path / "podman")
    try:
        podman.start()
        podman.podman("load", "--input", str(busybox.write_archive(tmp_path / "image.tar", IMAGE)))
        yield podman
    finally:
        podman.remove()


def node_with(fleet, engine, **options):
    node = fleet.node(start=False, **options)
    node.options += ["--engine", str(engine.socket)]
    return node.start()


def inspect(engine, name, container="app"):
    """None: there is none."""
    if name_of(name, container) not in engine.containers():
        return None
    return json.loads(engine.podman("inspect", name_of(name, container)))[0]


def is_running(engine, name):
    found = engine.containers().get(name_of(name))
    return found is not None and found[2] == "running"


def test_a_commit_becomes_a_container_and_its_removal_ends_it(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), "a.yaml": file("a", "/etc/a", "a\n")})
    assert is_running(engine, "web")
    assert node.resource(app.name, "Pod/web")["health"] == "Healthy"
    app.remove("web.yaml").push("Take it out")
    until("it is gone", lambda: inspect(engine, "web") is None)
    until("the hub heard of it", lambda: fleet.hub.events("Pruned", node.name))


def test_renamed_by_hand_and_stopped_it_is_made_anew_and_counted_once(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS)})
    engine.podman("rename", name_of("web"), "of-a-person")
    engine.podman("stop", "of-a-person")
    until("one of the right name runs", lambda: is_running(engine, "web"))
    until("the renamed one is gone", lambda: "of-a-person" not in engine.containers())
    until("the hub heard why", lambda: any("was renamed to of-a-person" in event["message"]
                                           for event in fleet.hub.events("DriftHealed", node.name)))
    assert node.resource(app.name, "Pod/web")["sync"] == "Synced"


def test_killed_by_hand_it_runs_again_and_another_agent_adopts_it(fleet, engine):
    node = node_with(fleet, engine)
    fleet.app(objects={"web.yaml": pod("web", WAITS)})
    before = inspect(engine, "web")
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    until("it runs again", lambda: is_running(engine, "web") and inspect(engine, "web")["State"]["Pid"] != before["State"]["Pid"])
    assert inspect(engine, "web")["Id"] == before["Id"]
    until("the hub heard of it", lambda: fleet.hub.events("Restarted", node.name))
    pid = inspect(engine, "web")["State"]["Pid"]
    node.kill()
    holds("it runs without an agent", lambda: is_running(engine, "web"), 0.5)
    node.start()
    until("the new agent knows it", lambda: node.resource(fleet.apps[0].name, "Pod/web")["health"] == "Healthy")
    after = inspect(engine, "web")
    assert (after["Id"], after["State"]["Pid"]) == (before["Id"], pid)


def test_removed_by_hand_it_is_made_again(fleet, engine):
    node_with(fleet, engine)
    fleet.app(objects={"web.yaml": pod("web", WAITS)})
    before = inspect(engine, "web")["Id"]
    engine.podman("rm", "--force", "--time", "0", name_of("web"))
    until("there is another", lambda: is_running(engine, "web"))
    assert inspect(engine, "web")["Id"] != before


def test_a_change_exchanges_it_and_a_neighbour_is_left_alone(fleet, engine):
    node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), "other.yaml": pod("other", WAITS)})
    web, other = inspect(engine, "web"), inspect(engine, "other")
    app.write("web.yaml", pod("web", WAITS, env=[{"name": "A", "value": "b"}])).push("Change it")
    assert inspect(engine, "web")["Id"] != web["Id"]
    assert "A=b" in inspect(engine, "web")["Config"]["Env"]
    assert inspect(engine, "other")["State"]["Pid"] == other["State"]["Pid"]


def test_one_that_ignores_sigterm_is_killed_after_its_grace(fleet, engine):
    node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", IGNORES, of_pod={"terminationGracePeriodSeconds": 2}),
                             "a.yaml": file("a", "/etc/a", "a\n")})
    began = time.monotonic()
    app.remove("web.yaml").push("Take it out")
    until("it is gone", lambda: inspect(engine, "web") is None)
    assert 2 <= time.monotonic() - began < 15


def test_an_engine_that_goes_and_comes_back_costs_nothing(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), "a.yaml": file("a", "/etc/a", "a\n")})
    before = inspect(engine, "web")
    engine.stop()
    until("it is said", lambda: node.resource(app.name, "Pod/web")["reason"] == "EngineDown")
    node.path("/etc/a").write_text("by hand\n")
    until("files are healed meanwhile", lambda: node.text("/etc/a") == "a\n")
    engine.start()
    until("it is known again", lambda: node.resource(app.name, "Pod/web")["health"] == "Healthy", 40)
    after = inspect(engine, "web")
    assert (after["Id"], after["State"]["Pid"]) == (before["Id"], before["State"]["Pid"])


def test_without_an_engine_it_waits_and_says_so(fleet, engine):
    engine.stop()
    engine.socket.unlink(missing_ok=True)
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS)}, create=False)
    app.create()
    until("it is said", lambda: "container engine" in ((node.section(app.name) or {}).get("message") or ""))
    engine.start()
    until("it runs", lambda: is_running(engine, "web"), 60)


def test_a_node_that_does_no_containers_is_unschedulable(fleet):
    node = fleet.node()
    app = fleet.app(objects={"web.yaml": pod("web", WAITS)}, create=False)
    app.create()
    until("it is said", lambda: (node.section(app.name) or {}).get("phase") == "Unschedulable")
    assert "--engine none" in node.section(app.name)["message"]


def test_a_missing_image_is_said_and_the_old_one_goes_on(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS)})
    before = inspect(engine, "web")["Id"]
    app.write("web.yaml", pod("web", WAITS, image="holdfast.test/other:1", imagePullPolicy="Never"))
    app.commit("Another image")
    until("it is said", lambda: node.resource(app.name, "Pod/web")["reason"] == "ErrImageNeverPull")
    assert is_running(engine, "web") and inspect(engine, "web")["Id"] == before


def test_one_that_ends_again_and_again_backs_off(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", "exit 3")}, create=False)
    app.create()
    until("it is said", lambda: (node.resource(app.name, "Pod/web") or {}).get("reason") == "CrashLoopBackOff")
    assert "exited with code 3" in node.resource(app.name, "Pod/web")["message"]


def test_unenroll_prune_leaves_no_container(fleet, engine):
    node = node_with(fleet, engine)
    fleet.app(objects={"web.yaml": pod("web", WAITS, ports=[{"containerPort": 80, "hostPort": machine.free_port()}])})
    node.stop()
    done = node.command("unenroll", "--prune", "--root", str(node.root), "--engine", str(engine.socket))
    assert done.returncode == 0, done.stderr
    assert inspect(engine, "web") is None


# ---- its parts ----

def test_files_of_a_config_map_change_in_the_running_container(fleet, engine):
    node_with(fleet, engine)
    mounted = {"volumeMounts": [{"name": "v", "mountPath": "/v"}],
               "of_pod": {"volumes": [{"name": "v", "configMap": {"name": "conf"}}]}}
    app = fleet.app(objects={"web.yaml": pod("web", WAITS, **mounted), "conf.yaml": config_map("conf", a="one")})
    before = inspect(engine, "web")
    assert engine.podman("exec", name_of("web"), "cat", "/v/a") == "one"
    app.write("conf.yaml", config_map("conf", a="two")).push("Change it")
    until("it sees it", lambda: engine.podman("exec", name_of("web"), "cat", "/v/a") == "two")
    assert inspect(engine, "web")["State"]["Pid"] == before["State"]["Pid"]


def test_probes_by_command_and_by_http_gate_and_restart(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod(
        "web", "touch /tmp/alive; httpd -f -p 8080 -h /tmp & " + WAITS,
        readinessProbe={"httpGet": {"port": 8080, "path": "/alive"}, "periodSeconds": 1},
        livenessProbe={"exec": {"command": ["cat", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 2})})
    before = inspect(engine, "web")["State"]["Pid"]
    assert node.resource(app.name, "Pod/web")["health"] == "Healthy"
    engine.podman("exec", name_of("web"), "busybox", "rm", "/tmp/alive")
    until("it was started again", lambda: is_running(engine, "web") and inspect(engine, "web")["State"]["Pid"] != before, 30)
    until("the hub heard why", lambda: any("liveness" in str(event) for event in fleet.hub.events("Restarted", node.name)))
