# SPDX-License-Identifier: Apache-2.0
"""podman that serves its socket from a folder of its own: nothing of the machine's is seen or touched, and nothing is left."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import machine
from waiting import until


def _limit(name, number):
    most = min(resource.getrlimit(number)[1], 1024)
    return f'"{name}={most}:{most}"'


class PodmanService:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        (self.folder / "networks").mkdir()
        # podman takes no longer than 50 characters for it.
        self.run_folder = Path(tempfile.mkdtemp(prefix="hfp", dir="/tmp"))
        self.socket = self.run_folder / "engine.sock"
        limits = ", ".join([_limit("nofile", resource.RLIMIT_NOFILE), _limit("nproc", resource.RLIMIT_NPROC)])
        (self.folder / "containers.conf").write_text(
            f"[containers]\ndefault_ulimits = [{limits}]\ndefault_sysctls = []\nlog_driver = \"k8s-file\"\n"
            "[engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nlock_type = \"file\"\n"
            f"[network]\nnetwork_backend = \"netavark\"\nnetwork_config_dir = \"{self.folder}/networks\"\n")
        (self.folder / "storage.conf").write_text(
            f"[storage]\ndriver = \"vfs\"\nrunroot = \"{self.run_folder}/run\"\ngraphroot = \"{self.folder}/root\"\n")
        (self.folder / "registries.conf").write_text("unqualified-search-registries = []\n")
        self.daemon = machine.Daemon("podman", self._command("system", "service", "--time", "0", f"unix://{self.socket}"),
                                     self.folder / "podman.log")

    def _command(self, *words):
        return ["podman", "--root", f"{self.folder}/root", "--runroot", f"{self.run_folder}/run", "--tmpdir",
                f"{self.folder}/libpod", "--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs",
                "--log-level", "error", *words]

    @property
    def _environment(self):
        return {"CONTAINERS_CONF": f"{self.folder}/containers.conf", "CONTAINERS_STORAGE_CONF": f"{self.folder}/storage.conf",
                "CONTAINERS_REGISTRIES_CONF": f"{self.folder}/registries.conf", "TMPDIR": f"{self.folder}/tmp",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def start(self):
        self.daemon.start(environment=self._environment)
        until("podman serves its socket", self.socket.exists)
        return self

    def stop(self):
        self.daemon.stop()

    def podman(self, *words):
        done = subprocess.run(self._command(*words), capture_output=True, text=True, timeout=60,
                              env={**os.environ, **self._environment})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def images(self):
        """{name: id}"""
        listed = json.loads(self.podman("images", "--no-trunc", "--format", "json") or "[]")
        return {name: image["Id"] for image in listed for name in image.get("Names") or [image["Id"]]}

    def containers(self):
        """{name: (id, image id, state)}"""
        listed = json.loads(self.podman("ps", "--all", "--no-trunc", "--format", "json") or "[]")
        return {one["Names"][0]: (one["Id"], one["ImageID"], one["State"]) for one in listed}

    def remove(self):
        self.daemon.kill()
        subprocess.run(self._command("rm", "--all", "--force", "--time", "0"), capture_output=True, timeout=300,
                       env={**os.environ, **self._environment})
        for pid in machine.pids():
            if any(str(self.folder).encode() in word for word in machine.command_of(pid)):
                machine.send(pid, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for path in reversed([path for path in mounts if path.startswith((f"{self.folder}/", f"{self.run_folder}/"))]):
            subprocess.run(["umount", "--lazy", path], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.run_folder, ignore_errors=True)
