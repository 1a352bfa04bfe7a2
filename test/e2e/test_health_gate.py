# SPDX-License-Identifier: Apache-2.0
"""What counts as healthy, what waits for it, and the way back when it never comes."""
import machine
from manifests import file, process, shell
from waiting import holds, until

QUICK = {"limit": 1, "backoff": {"duration": "200ms", "maxDuration": "500ms"}}
NEVER_READY = {"readinessProbe": {"exec": {"command": ["/bin/false"]}, "periodSeconds": 1}}
READY = {"readinessProbe": {"exec": {"command": ["/bin/true"]}, "periodSeconds": 1}}


def test_a_revision_that_never_gets_ready_is_rolled_back_and_quarantined(fleet):
    node = fleet.node()
    app = fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000", **READY), "a.yaml": file("a", "/etc/a", "good\n")},
                    deadline_seconds=2, retry=QUICK)
    app.write("web.yaml", shell("web", "exec sleep 2000", **NEVER_READY)).write("a.yaml", file("a", "/etc/a", "bad\n"))
    app.write("made.yaml", file("made", "/etc/made", "by the bad one\n"))
    bad = app.commit("Never ready")
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 40)
    assert node.text("/etc/a") == "good\n"
    assert node.text("/etc/made") is None, "what the failed revision made is gone"
    until("the good process runs", lambda: node.process("web") and b"1000" in b" ".join(machine.command_of(node.process("web")[0])))
    until("the hub shows it", lambda: app.status()["health"] == "Degraded" and app.status()["nodes"]["failed"] == 1)
    until("its events came", lambda: app.hub.events("RolledBack", node.name) and app.hub.events("Quarantined", node.name))
    until("why names it", lambda: "uarantine" in app.hub.why(node.name, "Process/web")[0]["blockedBy"])
    assert bad[:7] in node.command("why", "Process/web").stdout

    running = node.process("web")
    node.stop()
    node.start()
    holds("the quarantine survives a restart", lambda: node.process("web") == running and node.text("/etc/a") == "good\n", 2)

    app.write("web.yaml", shell("web", "exec sleep 3000", **READY)).push("Mend it")
    assert node.text("/etc/a") == "bad\n" and node.text("/etc/made") == "by the bad one\n"


def test_a_process_that_crashes_at_once_is_rolled_back(fleet):
    node = fleet.node()
    app = fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000")}, deadline_seconds=2, retry=QUICK)
    app.write("web.yaml", shell("web", "echo cannot; exit 7")).commit()
    until("it is quarantined", lambda: node.section(app.name)["phase"] == "Quarantined", 40)
    until("the good one runs", lambda: node.process("web"))
    assert "cannot" in node.command("logs", "Process/web").stdout


def test_a_first_revision_that_fails_stays_where_it_is_and_is_degraded(fleet):
    node = fleet.node()
    app = fleet.app(create=False, deadline_seconds=1, retry=QUICK)
    app.write("all.yaml", [shell("web", "exec sleep 1000", **NEVER_READY), file("a", "/etc/a", "a\n")])
    app.commit()
    app.create()
    until("it is Degraded", lambda: app.status().get("health") == "Degraded", 30)
    assert node.text("/etc/a") == "a\n"


def test_waves_and_dependencies_wait_for_health(fleet):
    node = fleet.node()
    flag = node.path("/ready")
    app = fleet.app(create=False)
    app.write("all.yaml", [
        process("first", ["/bin/sleep", "1000"], annotations={"argocd.argoproj.io/sync-wave": "-1"},
                readinessProbe={"exec": {"command": ["/usr/bin/test", "-e", str(flag)]}, "periodSeconds": 1}),
        file("second", "/etc/second", "2\n"),
        file("third", "/etc/third", "3\n", annotations={"holdfast.dev/depends-on": "File/second"}),
    ])
    app.commit()
    app.create()
    until("the first runs", lambda: node.process("first"))
    holds("the second waits", lambda: node.text("/etc/second") is None, 1)
    flag.write_text("")
    app.settled()
    assert node.text("/etc/second") == "2\n" and node.text("/etc/third") == "3\n"


def test_a_liveness_probe_that_fails_restarts_the_process(fleet):
    node = fleet.node()
    flag = node.path("/alive")
    flag.write_text("")
    fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000", livenessProbe={
        "exec": {"command": ["/usr/bin/test", "-e", str(flag)]}, "periodSeconds": 1, "failureThreshold": 2})})
    before = node.process("web")
    flag.unlink()
    until("it was restarted", lambda: node.process("web") not in (None, before), 15)


def test_a_restart_policy_is_followed(fleet):
    node = fleet.node()
    app = fleet.app(objects={
        "once.yaml": shell("once", "echo done", restartPolicy="Never"),
        "on-failure.yaml": shell("on-failure", "echo fine; exit 0", restartPolicy="OnFailure"),
        "always.yaml": shell("always", "exec sleep 1000", restartPolicy="Always"),
    })
    assert node.resource(app.name, "Process/once")["health"] == "Healthy"
    holds("what is done stays done", lambda: node.process("once") is None and node.process("on-failure") is None, 1)
    assert node.process("always")


def test_a_process_that_keeps_crashing_backs_off_and_says_so(fleet):
    node = fleet.node()
    app = fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000")})
    for _ in range(2):
        killed = until("it runs", lambda: node.process("web"))
        node.kill_process("web")
        until("it ended", lambda: node.process("web") != killed)
    until("it says so", lambda: node.resource(app.name, "Process/web")["reason"] == "CrashLoopBackOff", 5)
    until("it is put back all the same", lambda: node.process("web"), 20)
