# SPDX-License-Identifier: Apache-2.0
"""What a node does alone: it starts without a network, and the agent's death touches no workload."""
import json
import os
import signal

import machine
from manifests import file, shell
from waiting import holds, until

BOTH = {"a.yaml": file("a", "/etc/a", "a\n"), "web.yaml": shell("web", "echo serving; exec sleep 1000")}

# No interface but a loopback that is down.
NO_NETWORK = ["unshare", "--net"]


def test_a_node_started_with_no_network_converges_from_its_store(fleet):
    node = fleet.node()
    app = fleet.app(objects=BOTH)
    node.stop()
    machine.end_processes_of(node.data)
    node.path("/etc/a").unlink()
    node.wrapper = NO_NETWORK
    node.start()
    until("file and process are there", lambda: node.text("/etc/a") == "a\n" and node.process("web"), 10)
    until("the section is applied", lambda: node.section(app.name)["phase"] == "Synced", 10)
    assert node.status()["connected"] is False
    done = node.command("why", "File/a")
    assert done.returncode == 0 and "a.yaml" in done.stdout and fleet.git.head()[:7] in done.stdout, done


def test_status_why_plan_and_logs_work_with_no_agent_at_all(fleet):
    node = fleet.node()
    app = fleet.app(objects=BOTH)
    node.stop()
    node.path("/etc/a").unlink()
    status = json.loads(node.command("status", "-o", "json").stdout)
    assert status["running"] is False
    assert [section["name"] for section in status["snapshot"]["sections"]] == [app.name]
    assert "a.yaml" in node.command("why", "File/a").stdout
    assert "File/a" in node.command("plan").stdout
    assert "serving" in node.command("logs", "Process/web").stdout
    assert node.text("/etc/a") is None, "looking changes nothing"


def test_an_agent_killed_leaves_its_processes_and_the_next_one_adopts_them(fleet):
    node = fleet.node()
    app = fleet.app(objects=BOTH)
    before = node.process("web")
    node.kill()
    holds("the process goes on", lambda: node.process("web") == before, 0.5)
    node.start()
    app.settled()
    assert node.process("web") == before
    node.stop()
    node.start()
    app.settled()
    assert node.process("web") == before
    killed = node.kill_process("web")
    until("the adopted process is put back", lambda: (node.process("web") or (killed,))[0] != killed, 5)


def test_a_process_that_ended_while_no_agent_ran_is_started_again(fleet):
    node = fleet.node()
    app = fleet.app(objects=BOTH)
    before = node.process("web")
    node.kill()
    node.kill_process("web")
    until("it is gone", lambda: node.process("web") is None)
    node.start()
    until("it runs again", lambda: node.process("web") not in (None, before), 10)
    app.settled()


def test_what_changed_in_git_while_a_node_was_away_reaches_it_when_it_returns(fleet):
    here, away = fleet.node("here"), fleet.node("away")
    app = fleet.app(objects={**BOTH, "old.yaml": file("old", "/etc/old", "old\n")})
    process = away.process("web")
    away.stop()
    until("the hub sees that it is away", lambda: app.status()["nodes"]["ready"] == 1)
    app.remove("old.yaml").write("a.yaml", file("a", "/etc/a", "new\n"))
    app.push(ready=1)
    assert here.text("/etc/a") == "new\n"
    status = app.status()["nodes"]
    assert (status["deferred"], status["failed"]) == (1, 0), "an absent node is deferred, never failed"
    assert away.text("/etc/a") == "a\n"
    away.start()
    app.settled()
    assert away.files() == {"/etc/a"} and away.text("/etc/a") == "new\n"
    assert away.process("web") == process


def test_a_hub_restart_restarts_nothing_and_sends_nothing(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects=BOTH)
    before, broker = node.process("web"), own_fleet.hub.broker_pid()
    own_fleet.hub.kill()
    own_fleet.hub.start()
    app.settled(seconds=40)
    assert node.process("web") == before
    assert own_fleet.hub.broker_pid() == broker, "the broker outlives the hub and is adopted"
    assert own_fleet.hub.metrics()["holdfast_hub_desired_states_sent_total"] == 0


def test_a_node_whose_key_is_torn_holds_what_it_has_and_says_why(fleet):
    node = fleet.node()
    fleet.app(objects=BOTH)
    node.stop()
    key = (node.data / "node.key").read_text()
    (node.data / "node.key").write_text(key[:40])
    node.path("/etc/a").unlink()
    node.start()
    until("what it holds is put back", lambda: node.text("/etc/a") == "a\n")
    assert "node.key" in node.status()["certificate"]["error"] and not node.status()["connected"]
    assert "cannot be used" in node.command("status").stdout
    (node.data / "node.key").write_text(key)
    until("it is back with its key", lambda: node.status()["connected"] and "error" not in node.status()["certificate"], 30)


def test_two_agents_never_share_a_data_folder(fleet):
    node = fleet.node()
    second = node.command("run", "--root", str(node.root))
    assert second.returncode == 1
    assert str(node.data) in second.stderr
    assert node.answers()


def test_an_agent_stopped_by_sigterm_ends_with_0(fleet):
    node = fleet.node()
    assert node.stop() == 0
    assert not os.path.exists(f"/proc/{node.agent.pid}") or not machine.is_alive(node.agent.pid)


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(fleet):
    node = fleet.node()
    app = fleet.app(objects={**BOTH, "deaf.yaml": shell("deaf", "trap '' TERM; while :; do sleep 0.1; done",
                                                        terminationGracePeriodSeconds=1)})
    pid, _ = node.process("deaf")
    os.kill(pid, signal.SIGTERM)
    holds("it is deaf", lambda: machine.is_alive(pid), 0.3)
    app.remove("deaf.yaml").push()
    until("it was killed", lambda: not machine.is_alive(pid), 10)
