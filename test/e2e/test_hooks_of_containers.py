# SPDX-License-Identifier: Apache-2.0
"""Jobs and Pods as hooks on a real container engine: a migration before the new version, whoever is killed meanwhile."""
from test_hooks import HOOK, ONCE, POLICY
from test_pods import WAITS, engine, is_running, name_of, node_with, pod  # noqa: F401  (engine is a fixture)
from test_workloads import deployment, job, revision, running, story
from waiting import holds, until


def as_hook(manifest, stage, policy=None):
    manifest["metadata"]["annotations"] = {HOOK: stage, **({POLICY: policy} if policy else {})}
    return manifest


def starts(engine, name):
    return [step for step, _ in story(engine, name)].count(1)


def test_a_migration_that_fails_keeps_the_old_version_and_one_that_ends_well_lets_the_new_one_come(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"all.yaml": [deployment("web", revision(1))]}, retry=ONCE)
    before = running(engine, "web")
    assert len(before) == 1
    app.write("all.yaml", [deployment("web", revision(2)), as_hook(job("migrate", "exit 3", backoffLimit=0), "PreSync")]).commit()
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 60)
    assert running(engine, "web") == before, "the old one was not touched"
    assert starts(engine, "migrate") == 1
    assert "Job/migrate" in node.section(app.name)["message"] and "code 3" in node.section(app.name)["message"]
    until("the hub says why", lambda: "code 3" in fleet.hub.why(node.name, "Deployment/web")[0]["blockedBy"])

    app.write("all.yaml", [deployment("web", revision(3)),
                           as_hook(job("migrate", "echo mended", backoffLimit=0), "PreSync", "HookSucceeded")])
    app.push("Mend it", seconds=60)
    after = running(engine, "web")
    assert len(after) == 1 and after != before
    until("what its policy deletes is gone", lambda: name_of("migrate") not in engine.containers())
    steps = story(engine, "")
    runs = starts(engine, "migrate")  # to look at once is to try again what had failed, too
    mended = [index for index, step in enumerate(steps) if step == (1, name_of("migrate"))][-1]
    new_one = [index for index, (step, name) in enumerate(steps) if step == 1 and name.startswith("hf.default.web")][-1]
    assert mended < new_one, steps
    resource = node.resource(app.name, "Job/migrate")
    assert (resource["sync"], resource["health"]) == ("Synced", "Healthy"), "not missing"
    holds("it is not run again", lambda: starts(engine, "migrate") == runs, 2)
    assert "Nothing is to be done." in node.command("plan").stdout
    assert "another revision" in node.command("why", "Job/migrate").stdout


def test_an_agent_that_is_killed_does_not_run_a_job_or_a_pod_twice(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(create=False)
    app.write("all.yaml", [as_hook(job("first", WAITS, backoffLimit=0), "PreSync"),
                           as_hook(pod("second", WAITS, of_pod={"restartPolicy": "Never"}), "PostSync"),
                           deployment("web", revision(1))])
    app.commit()
    app.create()
    for name in ("first", "second"):
        until("it runs", lambda: is_running(engine, name), 60)
        container = engine.containers()[name_of(name)]
        for _ in range(2):
            node.kill()
            node.start()
            until("it is waited for", lambda: node.section(app.name)["phase"] == "Applying")
        assert engine.containers()[name_of(name)] == container
        assert bool(running(engine, "web")) == (name == "second")
        node.kill()
        engine.podman("kill", "--signal", "TERM", name_of(name))  # on which it exits with 0
        until("it ended while nobody looked", lambda: not is_running(engine, name))
        node.start()
    app.settled(seconds=60)
    assert starts(engine, "first") == 1 and starts(engine, "second") == 1


def test_a_pod_that_does_not_end_in_time_is_stopped_and_the_old_version_stays(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"all.yaml": [deployment("web", revision(1))]}, retry=ONCE, deadline_seconds=8)
    before = running(engine, "web")
    slow = pod("migrate", WAITS, of_pod={"restartPolicy": "Never", "terminationGracePeriodSeconds": 2})
    app.write("all.yaml", [deployment("web", revision(2)), as_hook(slow, "PreSync")]).commit()
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 60)
    until("it is stopped", lambda: not is_running(engine, "migrate"), 30)
    assert running(engine, "web") == before
    assert node.section(app.name)["reason"] == "ProgressDeadlineExceeded"
