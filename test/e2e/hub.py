# SPDX-License-Identifier: Apache-2.0
"""A real hub with its own Mosquitto, spoken to as people do: by the command line and the API."""
import base64
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import yaml

import machine
from waiting import until

API = "/apis/holdfast.dev/v1"
X509_V_FLAG_NO_CHECK_TIME = 0x200000


class Hub:
    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.data = self.folder / "hub"
        self.address = "127.0.0.1"
        self.port = machine.free_port()
        self.broker_port = machine.free_port()
        self.options = list(options)
        self.daemon = machine.Daemon("hub", [], self.folder / "hub.log")
        self.wrapper = []
        self.client_wrapper = []  # of the command line
        self.keeps_our_time = True  # False: its certificates are of a day that has not come here

    # ---- its life ----

    def start(self, wait=True):
        self.daemon.command = [machine.program("holdfast-hub"), "serve", "--data", str(self.data), "--listen",
                               f"{self.address}:{self.port}", "--broker", f"embedded:{self.broker_port}", *self.options]
        self.daemon.start(self.wrapper)
        if wait:
            until("the hub is ready", self.is_ready, 30)
        return self

    @property
    def client_file(self):
        return self.daemon.see(self.data / "admin.yaml")

    def is_ready(self):
        assert self.daemon.runs(), f"the hub ended: {machine.tail(self.daemon.log)}"
        if not self.client_file.exists():
            return False
        try:
            return self.api("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self):
        return self.daemon.stop()

    def kill(self):
        self.daemon.kill()

    def remove(self):
        self.kill()
        machine.end_processes_of(self.data)
        machine.remove_cgroups(self.data / "run")

    def broker_pid(self):
        configuration = str(self.data / "broker/mosquitto.conf").encode()
        for pid in machine.pids():
            words = machine.command_of(pid)
            if words and words[0].endswith(b"mosquitto") and configuration in words:
                return pid
        return None

    # ---- the API ----

    def api(self, method, path, body=None, token=None, kind="application/json"):
        client = yaml.safe_load(self.client_file.read_text())
        authority = base64.b64decode(client["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        if token is None:
            token = client["users"][0]["user"]["token"]
        request = urllib.request.Request(f"https://{self.address}:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {token}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, context=self._tls(authority), timeout=60) as answer:
                return answer.status, self._read(answer)
        except urllib.error.HTTPError as error:
            return error.code, self._read(error)
        except urllib.error.URLError as error:
            raise OSError(str(error)) from error

    def _tls(self, authority):
        context = ssl.create_default_context(cadata=authority)
        if not self.keeps_our_time:
            context.verify_flags |= X509_V_FLAG_NO_CHECK_TIME
        return context

    @staticmethod
    def _read(answer):
        text = answer.read().decode()
        return json.loads(text) if "json" in (answer.headers.get("Content-Type") or "") else text

    def get(self, kind, name=None):
        """The object, None where there is none; without a name the list's items."""
        status, body = self.api("GET", f"{API}/{kind}" + (f"/{name}" if name else ""))
        if status == 404 and name:
            return None
        assert status == 200, body
        return body if name else body["items"]

    def application(self, name):
        return self.get("applications", name)

    def conditions(self, name):
        """{type: message} of an application."""
        status = (self.application(name) or {}).get("status", {})
        return {condition["type"]: condition.get("message", "") for condition in status.get("conditions", [])}

    def events(self, reason=None, name=None):
        return [event for event in self.get("events") if reason in (None, event["reason"])
                and name in (None, event["involvedObject"]["name"])]

    def label_node(self, name, **labels):
        """A person's hand; None takes a label away."""
        status, body = self.api("PATCH", f"{API}/nodes/{name}", {"metadata": {"labels": labels}},
                                kind="application/merge-patch+json")
        assert status == 200, body

    def why(self, node, brief):
        return json.loads(self.cli("why", node, brief, "-o", "json").stdout)["items"]

    def metrics(self):
        lines = [line for line in self.api("GET", "/metrics")[1].splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    # ---- the command line ----

    def cli(self, *arguments, code=0, data=None, environment=None):
        """`code` None: any."""
        done = subprocess.run([*self.client_wrapper, machine.program("holdfast"), "--config", str(self.client_file), *arguments],
                              capture_output=True, text=True, timeout=120, input=data,
                              env={**os.environ, "NO_COLOR": "1", **(environment or {})})
        assert code is None or done.returncode == code, \
            f"holdfast {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def command(self, verb, *options, code=0, data=None):
        """holdfast-hub itself, on its own data folder or another."""
        done = subprocess.run([*self.wrapper, machine.program("holdfast-hub"), verb, *options, "--data", str(data or self.data)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == code, f"holdfast-hub {verb}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def apply(self, objects):
        """Through `holdfast apply`; JSON is YAML."""
        return self.cli("apply", "-f", "-", data="\n---\n".join(map(json.dumps, objects)))

    def token(self, *options):
        return json.loads(self.cli("token", "create", "-o", "json", *options).stdout)

    # ---- its trust ----

    def certificate(self, name):
        return str(self.data / f"{name}.crt")

    def key(self, name):
        return str(self.data / f"{name}.key")
