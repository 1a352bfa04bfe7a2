# SPDX-License-Identifier: Apache-2.0
"""A sandboxed node: the real agent, whose files live under a folder of its own."""
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import machine
from waiting import until


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("agent", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Node:
    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.root = self.folder / "root"
        self.root.mkdir(parents=True)
        self.options = []
        self.wrapper = []
        self.agent = machine.Daemon(f"agent of {name}", [], self.folder / "agent.log")

    # ---- its life ----

    def enroll(self, hub_url, ca_sha256, token, *options, wrapper=()):
        return self.command("enroll", "--hub", hub_url, "--ca-sha256", ca_sha256, "--token", token, "--name", self.name,
                            *options, wrapper=wrapper)

    def start(self, wait=True):
        self.agent.command = [machine.program("holdfast-agent"), "run", "--data", str(self.data), "--root",
                              str(self.root), *self.options]
        self.agent.start(self.wrapper)
        if wait:
            until(f"the agent of {self.name} answers", self.answers)
        return self

    def answers(self):
        assert self.agent.runs(), f"the agent of {self.name} ended: {machine.tail(self.agent.log)}"
        try:
            return self.local("/healthz") == "ok\n"
        except OSError:
            return False

    def stop(self):
        return self.agent.stop()

    def kill(self):
        self.agent.kill()

    def cpu_seconds(self):
        """That its agent has used so far."""
        with open(f"/proc/{self.agent.pid}/stat") as stat:
            words = stat.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def remove(self):
        self.agent.kill()
        machine.end_processes_of(self.data)
        machine.remove_cgroups(self.data / "run")

    # ---- what it says ----

    def command(self, verb, *arguments, wrapper=()):
        return subprocess.run([*wrapper, machine.program("holdfast-agent"), verb, *arguments, "--data", str(self.data)],
                              capture_output=True, text=True, timeout=60)

    def local(self, path, method="GET"):
        connection = _UnixConnection(self.agent.see(self.data / "agent.sock"))
        connection.request(method, path)
        body = connection.getresponse().read().decode()
        connection.close()
        return body

    def status(self):
        return json.loads(self.local("/v1/status"))

    def section(self, application):
        for section in self.status()["snapshot"]["sections"]:
            if section["name"] == application:
                return section
        return None

    def resource(self, application, brief):
        kind, name = brief.split("/")
        for resource in (self.section(application) or {"resources": []})["resources"]:
            if (resource["kind"], resource["name"]) == (kind, name):
                return resource
        return None

    def metrics(self):
        """{'name{label="x"}': value}"""
        lines = [line for line in self.local("/metrics").splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    @property
    def uid(self):
        return json.loads((self.data / "node.json").read_text())["uid"]

    @property
    def topic(self):
        shard = hashlib.sha256(self.uid.encode()).digest()[1]
        return f"hf/1/{shard}/{self.uid}"

    # ---- what it holds ----

    def path(self, path):
        return self.root / path.lstrip("/")

    def text(self, path):
        try:
            return self.path(path).read_text()
        except FileNotFoundError:
            return None

    def put(self, path, content):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(content)

    def files(self):
        """Every file under its root, as a set of absolute paths on the node."""
        return {"/" + str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def run_record(self, process):
        """The shim's record of a process of namespace default, as {key: value}."""
        for folder in (self.data / "run").glob(f"default.{process}-*"):
            try:
                lines = (folder / "state").read_text().splitlines()
            except OSError:
                continue
            return dict(line.split("=", 1) for line in lines if "=" in line)
        return {}

    def process(self, name):
        """(pid, start time) of the workload when it runs, else None."""
        record = self.run_record(name)
        if record.get("phase") != "running":
            return None
        pid, started = map(int, record["pid"].split())
        try:
            return (pid, started) if machine.is_alive(pid) and machine.start_time(pid) == started else None
        except OSError:
            return None

    def kill_process(self, name, number=signal.SIGKILL):
        pid, _ = self.process(name)
        os.kill(pid, number)
        return pid
