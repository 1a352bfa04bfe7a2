# SPDX-License-Identifier: Apache-2.0
"""Hooks with real programs: run to their end at their stage, once for each attempt, whoever is killed."""
from manifests import file, shell
from waiting import holds, until

HOOK = "argocd.argoproj.io/hook"
POLICY = "argocd.argoproj.io/hook-delete-policy"
ONCE = {"limit": 0, "backoff": {"duration": "200ms", "maxDuration": "500ms"}}


def hook(name, stage, script, policy=None):
    annotations = {HOOK: stage, **({POLICY: policy} if policy else {})}
    return shell(name, script, annotations=annotations, restartPolicy="Never")


class Book:
    """What hooks write down, one line a run."""

    def __init__(self, node, path="/book"):
        self.path = node.path(path)

    def note(self, word, then="true"):
        return f"echo {word} >> {self.path}; {then}"

    def words(self):
        return self.path.read_text().split() if self.path.exists() else []


def version(number):
    return [file("a", "/etc/a", f"{number}\n"), shell("web", f"exec sleep {number}000")]


def test_a_presync_hook_that_fails_leaves_the_old_version_running(fleet):
    node = fleet.node()
    book = Book(node)
    app = fleet.app(objects={"all.yaml": version(1)}, retry=ONCE)
    running = node.process("web")
    app.write("all.yaml", [*version(2), hook("migrate", "PreSync", book.note("migrate", "exit 3"))]).commit()
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 30)
    assert node.process("web") == running and node.text("/etc/a") == "1\n"
    assert book.words() == ["migrate"]
    assert "Process/migrate: Failed: exited with code 3" in node.section(app.name)["message"]
    until("the hub says why", lambda: "exited with code 3" in fleet.hub.why(node.name, "Process/web")[0]["blockedBy"])

    app.write("all.yaml", [*version(3), hook("migrate", "PreSync", book.note("mended"))]).push("Mend it")
    assert node.text("/etc/a") == "3\n" and book.words()[-1] == "mended" and book.words().count("mended") == 1


def test_stages_follow_each_other_and_a_hook_that_is_over_is_in_order(fleet):
    node = fleet.node()
    book = Book(node)
    app = fleet.app(create=False)
    app.write("all.yaml", [
        *version(1),
        hook("before", "PreSync", book.note(f"before-$(test -e {node.path('/etc/a')} && echo late || echo first)")),
        hook("after", "PostSync", book.note(f"after-$(cat {node.path('/etc/a')})"), policy="HookSucceeded"),
        hook("failed", "SyncFail", book.note("failed")),
    ])
    app.commit()
    app.create()
    app.settled()
    assert book.words() == ["before-first", "after-1"]
    resource = node.resource(app.name, "Process/before")
    assert (resource["sync"], resource["health"], resource["reason"]) == ("Synced", "Healthy", "HookSucceeded")
    until("what its policy deletes is gone", lambda: not node.run_record("after"))
    for name in ("after", "failed"):
        assert node.resource(app.name, f"Process/{name}")["sync"] == "Synced", "not missing"
    assert node.run_record("before")
    holds("none is run again", lambda: len(book.words()) == 2, 2)
    assert "Nothing is to be done." in node.command("plan").stdout
    assert "another revision" in node.command("why", "Process/before").stdout
    assert "runs with the next revision" in fleet.hub.why(node.name, "Process/before")[0]["next"]
    shown = [line for line in fleet.hub.cli("get", "resources").stdout.splitlines() if app.name in line]
    assert len(shown) == 5 and not any("OutOfSync" in line or "Missing" in line for line in shown), shown
    fleet.hub.cli("diff", app.name)


def test_syncfail_runs_before_the_way_back(fleet):
    node = fleet.node()
    book = Book(node)
    app = fleet.app(objects={"all.yaml": version(1)}, retry=ONCE)
    app.write("all.yaml", [
        *version(2),
        hook("check", "PostSync", book.note("check", "exit 1")),
        hook("tell", "SyncFail", book.note(f"tell-$(cat {node.path('/etc/a')})")),
    ]).commit()
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 30)
    assert book.words() == ["check", "tell-2"]
    assert node.text("/etc/a") == "1\n"


def test_an_agent_that_is_killed_does_not_run_a_hook_twice(fleet):
    node = fleet.node()
    book = Book(node)
    app = fleet.app(create=False)
    gate = node.path("/gate")
    app.write("all.yaml", [*version(1), hook("migrate", "PreSync", book.note("migrate", f"while ! test -e {gate}; do sleep 0.05; done"))])
    app.commit()
    app.create()
    until("it runs", lambda: book.words() == ["migrate"])
    running = until("its shim says so", lambda: node.process("migrate"))
    for _ in range(3):
        node.kill()
        node.start()
        until("it is waited for", lambda: node.resource(app.name, "Process/migrate")["reason"] == "HookRunning")
    assert node.process("migrate") == running and node.text("/etc/a") is None
    node.kill()
    gate.write_text("")
    until("it ended while nobody looked", lambda: node.process("migrate") is None)
    node.start()
    app.settled()
    assert book.words() == ["migrate"] and node.text("/etc/a") == "1\n"


def test_a_hook_that_cannot_be_one_is_refused_with_its_line(fleet):
    fleet.node()
    app = fleet.app(objects={"all.yaml": version(1)})
    bad = shell("migrate", "true", annotations={HOOK: "PreSync"})
    app.write("bad.yaml", bad).commit()
    until("the hub says so", lambda: any("bad.yaml" in message and "write Never or OnFailure" in message
                                         for message in fleet.hub.conditions(app.name).values()))
