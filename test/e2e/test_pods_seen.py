# SPDX-License-Identifier: Apache-2.0
"""What is seen of pods: their logs at the hub and on the node, a flood that is bounded, what a node cannot do, and all of it without an agent."""
import json
import subprocess
from pathlib import Path

from test_pods import WAITS, engine, inspect, is_running, node_with, pod  # noqa: F401
from manifests import file
from waiting import until

SAYS = "echo out of it; echo trouble >&2; " + WAITS
FLOODS = "i=0; while [ $i -lt 400000 ]; do echo line $i of a flood that goes on and on and on; i=$((i+1)); done; " + WAITS


def deployment(name, script):
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(name, script)["spec"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}}


def engine_option(engine):
    return "--engine", str(engine.socket)


def test_logs_are_read_at_the_hub_and_on_the_node_and_without_an_agent(fleet, engine):
    node = node_with(fleet, engine)
    fleet.app(objects={"web.yaml": pod("web", SAYS), "shop.yaml": deployment("shop", "echo sold; " + WAITS)})
    until("it has said something", lambda: "trouble" in fleet.hub.cli("logs", node.name, "Pod/web").stdout)
    assert fleet.hub.cli("logs", node.name, "Pod/web").stdout.splitlines() == ["out of it", "trouble"]
    assert fleet.hub.cli("logs", node.name, "Pod/web", "--tail", "1").stdout == "trouble\n"
    assert fleet.hub.cli("logs", node.name, "Pod/web", "--since", "1h", "-c", "app").stdout.startswith("out of it")
    sold = fleet.hub.cli("logs", node.name, "Deployment/shop").stdout.splitlines()
    assert sorted(sold) == ["shop-0/app | sold", "shop-1/app | sold"]
    line = json.loads(fleet.hub.cli("logs", node.name, "Pod/web", "--tail", "1", "-o", "json").stdout)
    assert (line["stream"], line["process"]) == ("stderr", "web/app")
    assert "there are no containers" in fleet.hub.cli("logs", node.name, "Pod/none", code=1).stderr
    assert "it has: app" in fleet.hub.cli("logs", node.name, "Pod/web", "-c", "side", code=1).stderr
    assert "shop-1/app" in fleet.hub.cli("logs", node.name).stdout
    node.kill()
    assert "out of it" in node.command("logs", "Pod/web", *engine_option(engine)).stdout
    assert "sold" in node.command("logs", *engine_option(engine)).stdout


def memory_kb(pid):
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0])


def test_a_flood_is_bounded_on_the_disk_in_memory_and_in_an_answer(fleet, engine):
    node = node_with(fleet, engine)
    fleet.app(objects={"web.yaml": pod("web", FLOODS)})
    before = memory_kb(node.agent.pid)
    until("the end of the flood is there", lambda: "line 399999 of" in fleet.hub.cli("logs", node.name, "Pod/web", "--tail", "1").stdout, 120)
    kept = sum(path.stat().st_size for path in Path(inspect(engine, "web")["HostConfig"]["LogConfig"]["Path"]).parent.glob("ctr.log*"))
    assert kept <= 11 * 2**20, kept
    said = fleet.hub.cli("logs", node.name, "Pod/web").stdout
    assert said.endswith("line 399999 of a flood that goes on and on and on\n")
    assert 1000 < said.count("\n") and len(said) <= 2**20
    assert memory_kb(node.agent.pid) - before < 8 * 1024


def test_a_gpu_is_refused_where_there_is_none_and_the_rest_goes_on(fleet, engine):
    node = node_with(fleet, engine)
    app = fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")})
    resources = {"limits": {"nvidia.com/gpu": 1}}
    app.write("eye.yaml", pod("eye", WAITS, resources=resources)).commit("See")
    section = lambda: node.section(app.name)  # noqa: E731
    until("it says so", lambda: section()["phase"] == "Unschedulable")
    assert "Pod/eye: nvidia.com/gpu: 1 is asked for, and this node has no GPU" in section()["message"]
    assert inspect(engine, "eye") is None
    assert (node.root / "etc/a").read_text() == "a\n"


def addresses():
    return {word for word in subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()}


def test_the_nodes_address_is_in_the_environment_and_an_onlooker_sees_pods(fleet, engine):
    node = node_with(fleet, engine)
    env = [{"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]
    app = fleet.app(objects={"web.yaml": pod("web", WAITS, env=env), "a.yaml": file("a", "/etc/a", "a\n")})
    host = next(one for one in inspect(engine, "web")["Config"]["Env"] if one.startswith("HOST="))
    assert host.removeprefix("HOST=") in addresses()

    node.kill()
    out = node.command("why", "File/a", *engine_option(engine))
    assert out.returncode == 0 and "File/a" in out.stdout, out.stderr
    plan = node.command("plan", "-o", "json", "--root", str(node.root), *engine_option(engine))
    assert plan.returncode == 0 and json.loads(plan.stdout) == {"actions": [], "withheld": []}, plan.stdout
    assert is_running(engine, "web")
    assert app.name in node.command("status", *engine_option(engine)).stdout
