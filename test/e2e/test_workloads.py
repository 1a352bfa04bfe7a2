# SPDX-License-Identifier: Apache-2.0
"""Deployments, Jobs and CronJobs on a real container engine, podman, which each test serves itself."""
import json
import time

from manifests import file
from test_pods import IMAGE, WAITS, engine, node_with  # noqa: F401  (engine is a fixture)
from waiting import holds, until

ENDS_WELL = "echo done"


def template(script, **of_pod):
    return {"metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": IMAGE, "command": ["sh", "-c", script]}], **of_pod}}


def deployment(name, script, replicas=1, **spec):
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(script), **spec}}


def job(name, script, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"template": template(script, restartPolicy="Never"), **spec}}


def cron_job(name, script, schedule="* * * * *", **spec):
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
            "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": template(script, restartPolicy="Never")}}, **spec}}


def revision(number):
    """A program that waits, another one for each number."""
    return f": revision {number}; {WAITS}"


def running(engine, name):
    """{container: id} of the pods of that workload that run."""
    return {container: found[0] for container, found in engine.containers().items()
            if container.startswith(f"hf.default.{name}") and found[2] == "running"}


def script_of(engine, container):
    config = json.loads(engine.podman("inspect", container))[0]["Config"]
    return json.dumps([config["Entrypoint"], config["Cmd"]])


def story(engine, name):
    """What happened to its containers, as podman noted it: [(+1 or -1, container)]."""
    steps = {"start": 1, "died": -1}
    out = []
    for line in engine.podman("events", "--stream=false", "--since", "10m", "--format", "json").splitlines():
        event = json.loads(line)
        if event["Status"] in steps and event["Name"].startswith(f"hf.default.{name}"):
            out.append((steps[event["Status"]], event["Name"]))
    return out


def least_running(steps, at_first):
    """The fewest that ran at a time, from when `at_first` did."""
    count, least = 0, None
    for step, _ in steps:
        count += step
        if least is None and count == at_first:
            least = count
        elif least is not None:
            least = min(least, count)
    return least


def all_of(engine, name, number, replicas):
    there = running(engine, name)
    return len(there) == replicas and all(f"revision {number};" in script_of(engine, one) for one in there)


def test_a_change_goes_round_without_a_gap(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1), replicas=2)})
    assert len(running(engine, "web")) == 2
    app.write("web.yaml", deployment("web", revision(2), replicas=2)).push("Change it", seconds=60)
    assert all_of(engine, "web", 2, 2)
    assert least_running(story(engine, "web"), 2) >= 2, story(engine, "web")
    assert node.resource(app.name, "Deployment/web")["health"] == "Healthy"
    app.write("web.yaml", deployment("web", revision(3), replicas=1)).push("Change it, and fewer", seconds=60)
    until("one is left", lambda: all_of(engine, "web", 3, 1))


def test_one_replica_is_replaced_by_starting_the_new_one_first(fleet, engine):
    node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1))})
    app.write("web.yaml", deployment("web", revision(2))).push("Change it")
    assert all_of(engine, "web", 2, 1)
    assert least_running(story(engine, "web"), 1) >= 1, story(engine, "web")


def test_recreate_stops_before_it_starts(fleet, engine):
    node_with(fleet, engine)
    recreate = {"strategy": {"type": "Recreate"}}
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1), **recreate)})
    app.write("web.yaml", deployment("web", revision(2), **recreate)).push("Change it")
    assert all_of(engine, "web", 2, 1)
    assert [step for step, _ in story(engine, "web")] == [1, -1, 1]


def test_fewer_replicas_are_no_prune(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1), replicas=3)})
    before = running(engine, "web")
    app.write("web.yaml", deployment("web", revision(1), replicas=1)).push("Fewer")
    until("two are gone", lambda: len(engine.containers()) == 1)
    assert running(engine, "web").items() <= before.items(), "the one that stays was not touched"
    assert not fleet.hub.events("Pruned", node.name)


def test_killed_during_a_change_the_agent_goes_on_where_it_was(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1), replicas=3)})
    app.write("web.yaml", deployment("web", revision(2), replicas=3, minReadySeconds=1)).commit("Change it")
    until("the change has begun", lambda: len(story(engine, "web")) > 3)
    node.kill()
    there = running(engine, "web")
    holds("all run on without an agent", lambda: running(engine, "web") == there, 0.5)
    node.start()
    until("all are of the new revision", lambda: all_of(engine, "web", 2, 3), 60)
    assert least_running(story(engine, "web"), 3) >= 3, story(engine, "web")


def test_a_revision_that_never_gets_ready_leaves_the_old_one(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": deployment("web", revision(1))})
    before = running(engine, "web")
    app.write("web.yaml", deployment("web", "exit 3", minReadySeconds=2, progressDeadlineSeconds=4)).commit("Break it")
    until("it went back", lambda: (node.section(app.name) or {}).get("phase") == "Quarantined", 90)
    assert "ProgressDeadlineExceeded" in node.section(app.name)["message"]
    until("the broken one is gone", lambda: set(engine.containers()) == set(before))
    assert running(engine, "web") == before


def test_a_job_runs_once(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"migrate.yaml": job("migrate", ENDS_WELL)})
    assert node.resource(app.name, "Job/migrate")["reason"] == "Completed"
    node.kill()
    node.start()
    until("it is known", lambda: (node.resource(app.name, "Job/migrate") or {}).get("reason") == "Completed")
    assert [step for step, _ in story(engine, "migrate")] == [1, -1]
    app.write("a.yaml", file("a", "/etc/a", "a\n")).remove("migrate.yaml").push("Take it out")
    until("it is gone", lambda: not engine.containers())


def test_a_job_that_fails_fails_its_revision(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")})
    app.write("migrate.yaml", job("migrate", "exit 3", backoffLimit=0)).commit("A job")
    until("it went back", lambda: (node.section(app.name) or {}).get("phase") == "Quarantined", 60)
    assert "exited with code 3" in node.section(app.name)["message"]


def test_unenroll_prune_leaves_none_of_them(fleet, engine):
    node = node_with(fleet, engine)
    fleet.app(objects={"web.yaml": deployment("web", revision(1), replicas=2), "migrate.yaml": job("migrate", ENDS_WELL),
                       "report.yaml": cron_job("report", ENDS_WELL)})
    assert len(engine.containers()) >= 3
    node.stop()
    done = node.command("unenroll", "--prune", "--root", str(node.root), "--engine", str(engine.socket))
    assert done.returncode == 0, done.stderr
    assert engine.containers() == {}


def test_a_cron_job_starts_by_the_clock(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"report.yaml": cron_job("report", ENDS_WELL)})
    assert node.resource(app.name, "CronJob/report")["health"] == "Healthy"
    began = time.time()
    until("its minute came", lambda: story(engine, "report"), 65)
    minute = int(story(engine, "report")[0][1].split("-")[1].split(".")[0])
    assert began - 60 < minute * 60 <= time.time()
