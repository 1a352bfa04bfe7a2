# SPDX-License-Identifier: Apache-2.0
"""Containers that misbehave, and an engine that hangs or is full: a clear word on it, and everything else on the node goes on."""
import os
import signal
import subprocess
from pathlib import Path

import pytest

import busybox
import machine
from manifests import file
from podman_service import PodmanService
from test_pods import IMAGE, WAITS, engine, inspect, is_running, node_with, pod  # noqa: F401
from waiting import holds, until

LOG_BYTES_MAX = 10 << 20  # kContainerLogBytesMax
ASKED_SECONDS = 30        # kEngineAskTimeout
COMMANDS_LEFT_MAX = 16    # kProbeCommandsLeftMax


def pids_of(command):
    words = [word.encode() for word in command]
    return [pid for pid in machine.pids() if machine.command_of(pid) == words]


def count_of(command):
    return len(pids_of(command))


def written_by(command):
    """Bytes, by all that run it."""
    return sum(int(line.split()[1]) for pid in pids_of(command) for line in Path(f"/proc/{pid}/io").read_text().splitlines()
               if line.startswith("wchar"))


def cpu_seconds(pid):
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def goes_on(node):
    """Another resource of the section is looked after as ever."""
    node.path("/etc/a").write_text("by hand\n")
    until("the neighbour is healed", lambda: node.text("/etc/a") == "a\n")


A = {"a.yaml": file("a", "/etc/a", "a\n")}


def test_one_that_floods_its_log_fills_no_disk_and_costs_the_agent_nothing(fleet, engine):
    node = node_with(fleet, engine)
    chatter = ["yes", f"line {os.getpid()} that nobody reads"]
    app = fleet.app(objects={"web.yaml": pod("web", "", command=chatter, of_pod={"terminationGracePeriodSeconds": 1}), **A})
    log = Path(inspect(engine, "web")["HostConfig"]["LogConfig"]["Path"])
    before = cpu_seconds(node.agent.pid)
    until("more was said than is kept", lambda: written_by(chatter) > 2 * LOG_BYTES_MAX, 60)
    assert cpu_seconds(node.agent.pid) - before < 0.5
    assert log.stat().st_size <= LOG_BYTES_MAX + (1 << 20)
    assert node.resource(app.name, "Pod/web")["health"] == "Healthy"
    goes_on(node)
    app.remove("web.yaml").push("Take it out")
    until("it is gone", lambda: inspect(engine, "web") is None)


def test_one_that_forks_is_ended_with_all_it_made(fleet, engine):
    node = node_with(fleet, engine)
    child = ["/bin/sleep", str(1_000_000 + os.getpid())]
    script = f"i=0; while [ $i -lt 50 ]; do {' '.join(child)} & i=$((i+1)); done; wait"
    app = fleet.app(objects={"web.yaml": pod("web", script, of_pod={"terminationGracePeriodSeconds": 1}), **A})
    until("it has forked", lambda: count_of(child) == 50)
    before = inspect(engine, "web")["State"]["Pid"]
    os.kill(before, signal.SIGKILL)
    until("it was started again", lambda: is_running(engine, "web") and inspect(engine, "web")["State"]["Pid"] != before)
    until("it has forked as often, and nothing is left of the first", lambda: count_of(child) == 50)
    goes_on(node)
    app.remove("web.yaml").push("Take it out")
    until("nothing of it is left", lambda: inspect(engine, "web") is None and count_of(child) == 0)


@pytest.mark.long
def test_one_whose_path_is_not_there_waits_for_it_and_the_others_go_on(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects=A)
    volume = {"name": "data", "hostPath": {"path": "/srv/data", "type": "Directory"}}
    web = pod("web", WAITS, of_pod={"volumes": [volume]}, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    app.write("web.yaml", web).write("other.yaml", pod("other", WAITS)).write("b.yaml", file("b", "/etc/b", "b\n"))
    app.commit("Two pods and a file")
    until("the others are there", lambda: is_running(engine, "other") and node.text("/etc/b") == "b\n")
    status = node.resource(app.name, "Pod/web")
    assert (status["reason"], status["health"]) == ("FailedMount", "Degraded")
    assert "pod web: volume data: /srv/data is not there" in status["message"]
    until("the hub heard of it", lambda: fleet.hub.events("FailedMount", node.name))
    assert not fleet.hub.events("Failed", node.name)
    node.path("/srv/data").mkdir(parents=True)
    until("it runs", lambda: is_running(engine, "web"), 60)
    app.settled()


def test_a_probe_that_never_returns_is_not_run_for_ever(fleet, engine):
    node = node_with(fleet, engine)
    command = ["sleep", str(2_000_000 + os.getpid())]
    probe = {"exec": {"command": command}, "periodSeconds": 1, "timeoutSeconds": 1}
    app = fleet.app(objects=A)
    app.write("web.yaml", pod("web", WAITS, readinessProbe=probe)).commit("A pod")
    until("it is said", lambda: "is run again when one of these has ended" in (node.resource(app.name, "Pod/web") or {}).get("message", ""), 60)
    assert node.resource(app.name, "Pod/web")["reason"] == "NotReady"
    holds("no more of them are made", lambda: count_of(command) <= COMMANDS_LEFT_MAX, 5)
    goes_on(node)
    files = open_files(node.agent.pid)
    holds("none of them costs the agent a file", lambda: open_files(node.agent.pid) <= files + 2, 5)
    # As a liveness probe it fails like any other, and what it left ends with its container.
    app.write("web.yaml", pod("web", WAITS, livenessProbe={**probe, "failureThreshold": 2})).commit("Another probe")
    until("the hub heard why it was started again", lambda: any(
        "liveness" in str(event) for event in fleet.hub.events("Restarted", node.name)), 60)
    assert count_of(command) <= COMMANDS_LEFT_MAX
    app.remove("web.yaml").push("Take it out", seconds=60)
    until("nothing of it is left", lambda: inspect(engine, "web") is None and count_of(command) == 0)


@pytest.mark.long
def test_an_engine_that_hangs_is_told_and_what_runs_is_left_alone(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), **A})
    before, files = inspect(engine, "web"), open_files(node.agent.pid)
    os.kill(engine.daemon.pid, signal.SIGSTOP)
    try:
        app.write("new.yaml", pod("new", WAITS)).commit("One more")
        until("it is told", lambda: "container engine" in str(node.section(app.name)), ASKED_SECONDS + 15)
        goes_on(node)
        assert open_files(node.agent.pid) <= files + 8
    finally:
        os.kill(engine.daemon.pid, signal.SIGCONT)
    until("the new one runs", lambda: is_running(engine, "new"), 90)
    app.settled(seconds=90)
    after = inspect(engine, "web")
    assert (after["Id"], after["State"]["Pid"]) == (before["Id"], before["State"]["Pid"])
    until("no call is left", lambda: open_files(node.agent.pid) <= files)


@pytest.mark.long
def test_an_agent_that_starts_beside_an_engine_that_hangs_looks_after_the_rest(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), **A})
    before = inspect(engine, "web")
    node.stop()
    os.kill(engine.daemon.pid, signal.SIGSTOP)
    try:
        node.start()
        goes_on(node)
        until("it is told", lambda: node.resource(app.name, "Pod/web").get("reason") == "EngineDown", 3 * ASKED_SECONDS)
        goes_on(node)
    finally:
        os.kill(engine.daemon.pid, signal.SIGCONT)
    until("it is known again", lambda: node.resource(app.name, "Pod/web")["health"] == "Healthy", 2 * ASKED_SECONDS)
    after = inspect(engine, "web")
    assert (after["Id"], after["State"]["Pid"]) == (before["Id"], before["State"]["Pid"])


@pytest.fixture
def small_disk(tmp_path):
    """An engine whose disk has 32 MiB."""
    podman = PodmanService(tmp_path / "podman")
    root = podman.folder / "root"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", root], check=True)
    try:
        podman.start()
        podman.podman("load", "--input", str(busybox.write_archive(tmp_path / "image.tar", IMAGE)))
        yield podman
    finally:
        podman.remove()


@pytest.mark.long
def test_an_engine_whose_disk_is_full_is_told_and_once_there_is_room_it_goes_on(fleet, small_disk):
    node = node_with(fleet, small_disk)
    app = fleet.app(objects={"web.yaml": pod("web", WAITS), **A},
                    retry={"limit": 100, "backoff": {"duration": "1s", "maxDuration": "2s"}})
    before = inspect(small_disk, "web")
    filler = small_disk.folder / "root" / "filler"
    with open(filler, "wb") as out:
        try:
            while True:
                out.write(b"x" * 65536)
                out.flush()
        except OSError:
            pass
    app.write("new.yaml", pod("new", WAITS)).commit("One more")
    until("it is told", lambda: "no space left" in str(node.section(app.name)))
    goes_on(node)
    assert inspect(small_disk, "web")["State"]["Pid"] == before["State"]["Pid"]
    filler.unlink()
    until("the new one runs", lambda: is_running(small_disk, "new"), 60)
    app.settled()
    after = inspect(small_disk, "web")
    assert (after["Id"], after["State"]["Pid"]) == (before["Id"], before["State"]["Pid"])
