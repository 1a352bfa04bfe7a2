# SPDX-License-Identifier: Apache-2.0
"""Containers, on a podman of the measure's own, behind a proxy that notes when the engine had a call to answer; our share is the
rest of the time.

apply to container running: from a File of the same section being written, which is the first thing that is applied, to the engine's
answer to `start`. Killed to running again: from the engine telling that a container ended to its answer to `start`.
Then 50 containers, 50 processes and 500 files on one node: a pass with nothing to do, and the agent's memory alone in its root.
Last, 20 containers from the commit to all running, and the same 20 by `podman kube play`."""
import contextlib
import json
import os
import signal
import time

import yaml

import busybox
from engine_proxy import EngineProxy
from manifests import file, process
from measure_memory import in_own_root, peak, rollup
from measure_pass import passes, warm_up
from podman_service import PodmanService
from result import Result
from stage import stage
from waiting import until

IMAGE = "holdfast.test/busybox:1"
ROUNDS = 100
AT_A_TIME = 25  # podman is slow at removing many
TWENTY = 20
FIFTY = 50


def pod(name, value="0"):
    """On the node's network, so that neither side sets one up."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"hostNetwork": True, "terminationGracePeriodSeconds": 1, "containers": [
                {"name": "app", "image": IMAGE, "imagePullPolicy": "Never", "command": ["sleep", "1000000"],
                 "env": [{"name": "VALUE", "value": value}]}]}}


@contextlib.contextmanager
def engine(folder):
    podman = PodmanService(folder / "podman")
    try:
        podman.start()
        podman.podman("load", "--input", str(busybox.write_archive(folder / "image.tar", IMAGE)))
        yield podman
    finally:
        podman.remove()


def running(podman, prefix="hf."):
    return [name for name, (_, _, state) in podman.containers().items() if name.startswith(prefix) and state == "running"]


def pid_of(podman, name):
    return json.loads(podman.podman("inspect", name))[0]["State"]["Pid"]


def started(proxy, since):
    """When the engine had answered the first `start` since then."""
    calls = [call for call in proxy.of(since, "POST", "/start") if call.ended]
    return min((call.ended for call in calls), default=None)


def cpu_ms(pid):
    """To the nanosecond, not by the clock of 10 ms."""
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1e6


def apply_one(app, node, proxy, i):
    """A new Pod and a new File in one commit; our share of it, and what processor time all of it took the agent, in ms."""
    before = cpu_ms(node.agent.pid)
    app.write(f"p{i}.yaml", pod(f"p{i}")).write(f"f{i}.yaml", file(f"f{i}", f"/etc/f{i}", "x\n"))
    since = time.time()
    app.push(f"Pod {i}")
    began = node.path(f"/etc/f{i}").stat().st_mtime_ns / 1e9
    ended = started(proxy, since)
    return (ended - began - proxy.busy(began, ended)) * 1000, cpu_ms(node.agent.pid) - before


def kill_one(podman, proxy, i):
    """Each container once, so that no back-off is in the way; our share and all of it in ms."""
    pid = pid_of(podman, f"hf.default.p{i}.app")
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    ended = until("it is started again", lambda: started(proxy, killed), every=0.002)
    told = proxy.heard_of_event(killed)
    return (ended - told - proxy.busy(told, ended)) * 1000, (ended - killed) * 1000


def measure_shares(fleet, node, podman, proxy, rounds):
    """[apply, its processor time, killed, killed with the engine's time], each in ms."""
    applied, killed = [], []
    app = fleet.app(objects={"first.yaml": file("first", "/etc/first", "x\n")})
    for begin in range(0, rounds, AT_A_TIME):
        batch = range(begin, min(begin + AT_A_TIME, rounds))
        applied += [apply_one(app, node, proxy, i) for i in batch]
        killed += [kill_one(podman, proxy, i) for i in batch]
        for i in batch:
            app.remove(f"p{i}.yaml")
        app.push("Take them out", seconds=120)
        until("they are gone", lambda: not podman.containers(), 120, every=0.5)
    return [*map(list, zip(*applied)), *map(list, zip(*killed))]


def load():
    objects = {f"c{i}.yaml": pod(f"c{i}") for i in range(FIFTY)}
    objects |= {f"p{i}.yaml": process(f"p{i}", ["/bin/sleep", "1000000"]) for i in range(FIFTY)}
    return objects | {f"f{i}.yaml": file(f"f{i}", f"/etc/bench/{i}", f"content of {i}\n") for i in range(10 * FIFTY)}


def kube_play(podman, folder):
    """Seconds from the command to its end, when all of them run."""
    documents = folder / "pods.yaml"
    documents.write_text(yaml.safe_dump_all([pod(f"k{i}") for i in range(TWENTY)]))
    began = time.monotonic()
    podman.podman("kube", "play", "--quiet", str(documents))
    took = time.monotonic() - began
    assert len([name for name in running(podman, "k") if name.endswith("-app")]) == TWENTY
    return took


def measure(quick):
    rounds = 10 if quick else ROUNDS
    results = []
    with stage() as fleet, engine(fleet.folder) as podman:
        proxy = EngineProxy(podman.socket, fleet.folder / "engine.sock")
        node = fleet.node(start=False)
        node.options += ["--engine", proxy.path]
        node.start()
        applied, spent, shares, totals = measure_shares(fleet, node, podman, proxy, rounds)
        results += [Result("apply to container running, our share", "ms", applied, "containers", 30),
                    Result("… processor time of the agent, from the commit to its being told healthy", "ms", spent, "containers"),
                    Result("container killed to running again, our share", "ms", shares, "containers", 50),
                    Result("… with the engine's", "ms", totals, "containers")]
    with stage() as fleet, engine(fleet.folder) as podman:
        node = fleet.node(start=False)
        node.folder.mkdir(exist_ok=True)
        # As in its root of its own, where the engine's socket has to be.
        proxy = EngineProxy(podman.socket, node.folder / "engine.sock")
        in_own_root(node, options=["--engine", "/engine.sock"])
        app = fleet.app(objects=load(), create=False)
        app.create()
        app.settled(seconds=300)
        warm_up(node)
        before = len(proxy.calls)
        times = passes(node, 10 if quick else 50)
        asked = len(proxy.calls) - before
        time.sleep(30 if quick else 120)
        memory = rollup(node.agent.pid)
        results += [Result("pass over 50 containers, 50 processes and 500 files, nothing to do", "ms", times, "containers", 50,
                           note=f"{asked} calls of the engine in {len(times)} passes"),
                    Result("agent with that load, alone in its root: PSS", "kB", [memory["Pss"]], "containers", 8192, "max"),
                    Result("… private dirty", "kB", [memory["Private_Dirty"]], "containers"),
                    Result("… peak RSS", "kB", [peak(node.agent.pid)], "containers")]
    with stage() as fleet, engine(fleet.folder) as podman:
        node = fleet.node(start=False)
        node.options += ["--engine", str(podman.socket)]
        node.start()
        app = fleet.app(objects={"first.yaml": file("first", "/etc/first", "x\n")})
        for i in range(TWENTY):
            app.write(f"p{i}.yaml", pod(f"p{i}"))
        began = time.monotonic()
        app.commit("Twenty")
        until("all of them run", lambda: len(running(podman)) == TWENTY, 120, every=0.05)
        ours = time.monotonic() - began
        theirs = kube_play(podman, fleet.folder)
        results += [Result("20 containers from the commit to all running", "s", [ours], "containers",
                           note=f"{ours / theirs:.2f} of podman kube play"),
                    Result("the same 20 by podman kube play", "s", [theirs], "containers")]
    return results
