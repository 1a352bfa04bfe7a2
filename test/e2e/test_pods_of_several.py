# SPDX-License-Identifier: Apache-2.0
"""Pods of several containers on a real container engine, podman: one network, init containers in order, sidecars, and that nothing is left."""
import json
import os
import signal
import time

import machine
from manifests import file
from test_pods import IGNORES, IMAGE, WAITS, engine, inspect, name_of, node_with  # noqa: F401  (engine is a fixture)
from waiting import holds, until

KEPT = "/srv/kept"


def notes(what):
    return f"echo {what} >> /kept/notes"


def container(name, script, **more):
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "kept", "mountPath": "/kept"}], **more}


def sidecar(name, script, **more):
    return container(name, script, restartPolicy="Always", **more)


def spec_of(init=(), containers=(), **more):
    return {"initContainers": list(init), "containers": list(containers),
            "volumes": [{"name": "kept", "hostPath": {"path": KEPT, "type": "DirectoryOrCreate"}}], **more}


def pod(name, init=(), containers=(), **more):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec_of(init, containers, **more)}


def usual(revision=1, **more):
    """An init container that takes its time and notes that it ran, a sidecar, and two containers."""
    return pod("web", [container("one", f"sleep 0.3; {notes(f'one-{revision}')}"), sidecar("side", WAITS)],
               [container("app", f": revision {revision}; httpd -f -p 8080 & {WAITS}"), container("log", WAITS)], **more)


def noted(node):
    return (node.text(f"{KEPT}/notes") or "").split()


def states(engine):
    """{container in its pod: state}"""
    return {name.split(".")[-1]: found[2] for name, found in engine.containers().items()}


ALL_UP = {"_network": "running", "one": "exited", "side": "running", "app": "running", "log": "running"}


def is_healthy(node, app, what="Pod/web"):
    return (node.resource(app.name, what) or {}).get("health") == "Healthy"


def test_they_share_a_network_and_start_after_the_init_containers(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": usual(), "a.yaml": file("a", "/etc/a", "a\n")})
    assert is_healthy(node, app)
    assert states(engine) == ALL_UP
    assert noted(node) == ["one-1"]
    engine.podman("exec", name_of("web", "log"), "sh", "-c", "nc 127.0.0.1 8080 </dev/null")
    assert engine.podman("exec", name_of("web", "log"), "sh", "-c", "hostname").strip() == "web"
    before = engine.containers()
    node.kill()
    node.start()
    until("the new agent knows it", lambda: is_healthy(node, app))
    assert engine.containers() == before
    app.remove("web.yaml").push("Take it out")
    until("all of it is gone", lambda: not engine.containers())
    assert noted(node) == ["one-1"]


def test_which_init_container_is_waited_for_is_said(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", [container("one", notes("one")),
                                                     container("two", "test -e /kept/go || { sleep 0.2; exit 3; }")],
                                             [container("app", WAITS)])}, create=False)
    app.create()
    said = lambda: node.resource(app.name, "Pod/web") or {}  # noqa: E731
    until("it backs off", lambda: said().get("reason") == "CrashLoopBackOff")
    assert said()["message"].startswith("Init:CrashLoopBackOff: container two exited with code 3"), said()
    assert states(engine)["app"] == "created"
    node.put(f"{KEPT}/go", "")
    until("it goes on", lambda: is_healthy(node, app), 40)
    assert noted(node) == ["one"], "the first one is not run again"


def test_a_sidecar_does_not_keep_a_job_from_completing(fleet, engine):
    node = node_with(fleet, engine)
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
           "spec": {"template": {"spec": spec_of([sidecar("side", f"trap '{notes('side')}; exit 0' TERM; while :; do sleep 1000 & wait; done")],
                                                 [container("app", f"sleep 0.5; {notes('app')}")], restartPolicy="Never")}}}
    app = fleet.app(objects={"job.yaml": job, "a.yaml": file("a", "/etc/a", "a\n")})
    assert node.resource(app.name, "Job/migrate")["reason"] == "Completed"
    until("none of it runs", lambda: set(states(engine).values()) == {"exited"})
    assert noted(node) == ["app", "side"]
    app.remove("job.yaml").push("Take it out")
    until("all of it is gone", lambda: not engine.containers())


def test_a_job_fails_by_its_init_container(fleet, engine):
    node = node_with(fleet, engine)
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
           "spec": {"backoffLimit": 0, "template": {"spec": spec_of([container("one", "exit 4")], [container("app", notes("app"))],
                                                                    restartPolicy="Never")}}}
    app = fleet.app(objects={"job.yaml": job}, create=False)
    app.create()
    until("it is said", lambda: "container one exited with code 4" in ((node.section(app.name) or {}).get("message") or ""))
    assert noted(node) == []


def test_a_deployment_of_several_goes_round_without_a_gap(fleet, engine):
    node = node_with(fleet, engine)

    def deployment(revision):
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
                "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                         "template": {"metadata": {"labels": {"app": "web"}}, "spec": usual(revision)["spec"]}}}
    app = fleet.app(objects={"web.yaml": deployment(1)})
    first = {name for name in engine.containers()}
    app.write("web.yaml", deployment(2)).push("Change it", seconds=60)
    until("the old one is gone", lambda: states(engine) == ALL_UP and not first & set(engine.containers()), 30)
    assert noted(node) == ["one-1", "one-2"]


def test_without_its_network_all_of_it_begins_anew(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": usual()})
    before = engine.containers()
    os.kill(inspect(engine, "web", "_network")["State"]["Pid"], signal.SIGKILL)
    until("it begins anew", lambda: noted(node) == ["one-1", "one-1"])
    until("all of it runs", lambda: states(engine) == ALL_UP and is_healthy(node, app))
    assert {name: one[0] for name, one in engine.containers().items()} == {name: one[0] for name, one in before.items()}
    until("the hub heard why", lambda: any("all of the pod is started again" in str(event)
                                           for event in fleet.hub.events("Restarted", node.name)))
    nets = {os.readlink(f"/proc/{inspect(engine, 'web', one)['State']['Pid']}/ns/net") for one in ("_network", "side", "app", "log")}
    assert len(nets) == 1, "all in the new one"


def test_taken_away_by_hand_it_is_made_anew(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": usual()})
    before = inspect(engine, "web", "log")["Id"]
    node.kill()
    for one in ("app", "log", "side", "one", "_network"):
        engine.podman("rm", "--force", "--time", "0", name_of("web", one))
    node.start()
    until("all of it runs", lambda: states(engine) == ALL_UP and is_healthy(node, app), 40)
    assert inspect(engine, "web", "log")["Id"] != before


def test_killed_at_any_moment_the_agent_goes_on_and_restarts_nothing(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": usual(1)})
    for revision, pause in enumerate((0.1, 0.3, 0.5, 0.8, 1.2, 1.8), start=2):
        app.write("web.yaml", usual(revision)).commit(f"Revision {revision}")
        time.sleep(pause)
        node.kill()
        running = {name: inspect(engine, "web", name)["State"]["Pid"] for name, state in states(engine).items()
                   if state == "running" and f"revision {revision}" in json.dumps(inspect(engine, "web", "app") or {})}
        node.start()
        until(f"revision {revision} runs", lambda: states(engine) == ALL_UP and is_healthy(node, app)
              and f"revision {revision}" in json.dumps(inspect(engine, "web", "app")), 40)
        for name, pid in running.items():
            if name != "one":
                assert inspect(engine, "web", name)["State"]["Pid"] == pid, f"{name} of revision {revision} ran already"
        assert noted(node).count(f"one-{revision}") == 1
    app.write("a.yaml", file("a", "/etc/a", "a\n")).remove("web.yaml").commit("Take it out")
    until("it ends", lambda: set(states(engine)) != set(ALL_UP) or "exited" in (states(engine).get("app"), states(engine).get("log")))
    node.kill()
    node.start()
    until("all of it is gone", lambda: not engine.containers())


def test_they_end_in_order_within_one_grace(fleet, engine):
    node = node_with(fleet, engine)

    def ends(name):
        return f"trap 'sleep 0.3; {notes(name)}; exit 0' TERM; while :; do sleep 1000 & wait; done"
    app = fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n"), "web.yaml": pod(
        "web", [sidecar("first", ends("first")), sidecar("second", ends("second"))],
        [container("app", ends("app")), container("log", IGNORES)], terminationGracePeriodSeconds=3)})
    began = time.monotonic()
    app.remove("web.yaml").push("Take it out")
    until("all of it is gone", lambda: not engine.containers())
    assert noted(node) == ["app", "second", "first"]
    assert 3 <= time.monotonic() - began < 15


def test_with_the_network_of_the_node_none_owns_it(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(
        objects={"web.yaml": pod("web", [container("one", notes("one"))], [container("app", WAITS), container("log", WAITS)],
                                 hostNetwork=True), "a.yaml": file("a", "/etc/a", "a\n")})
    assert states(engine) == {"one": "exited", "app": "running", "log": "running"}
    app.remove("web.yaml").push("Take it out")
    until("all of it is gone", lambda: not engine.containers())
    assert noted(node) == ["one"]


def test_unenroll_prune_leaves_none_of_them(fleet, engine):
    node = node_with(fleet, engine)
    port = machine.free_port()
    fleet.app(objects={"web.yaml": pod("web", [sidecar("side", WAITS)], [
        container("app", WAITS, ports=[{"containerPort": 80, "hostPort": port}]), container("log", WAITS)])})
    holds("all of it is there", lambda: set(states(engine)) == {"_network", "side", "app", "log"}, 0.1)
    node.stop()
    done = node.command("unenroll", "--prune", "--root", str(node.root), "--engine", str(engine.socket))
    assert done.returncode == 0, done.stderr
    assert not engine.containers()
