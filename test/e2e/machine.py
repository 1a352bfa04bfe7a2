# SPDX-License-Identifier: Apache-2.0
"""The machine under the tests: programs, free ports, short folders (a Unix socket's path has room for 107 bytes),
and the end of every process that a test's folder holds, for a workload outlives its agent on purpose."""
import errno
import hashlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CGROUPS = Path("/sys/fs/cgroup")
FAMILY_DIGITS = 8
BIN = Path(os.environ.get("HOLDFAST_BIN", ROOT / "build/release/bin"))


def program(name):
    path = BIN / name
    assert path.exists(), f"{path} is not there; build it with cmake/build-release"
    return str(path)


# Below what the kernel gives to outgoing connections: a port of a hub that is stopped stays its own. Another process that
# runs tests begins elsewhere.
PORTS = range(15_000, 32_000)
_ports = itertools.count(os.getpid() * 379)


def free_port():
    for number in _ports:
        port = PORTS[number % len(PORTS)]
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def new_folder():
    parent = os.environ.get("TMPDIR", "/tmp")
    if len(parent) > 60:
        parent = "/tmp"
    return Path(tempfile.mkdtemp(prefix="hf", dir=parent))


def tail(path, lines=25):
    try:
        return "".join(open(path, errors="replace").readlines()[-lines:])
    except OSError as error:
        return f"({error})"


class Daemon:
    """A program that stays: started, stopped, killed, started again; its output goes to a file."""

    def __init__(self, name, command, log):
        self.name, self.command, self.log = name, command, Path(log)
        self.process = None

    def start(self, wrapper=(), environment=None):
        assert not self.runs(), f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*wrapper, *self.command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True,
                                            env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.process.pid

    def see(self, path):
        """A path as the program sees it: one with a disk of its own has its own files there."""
        return Path(path) if Path(path).exists() or not self.process else Path(f"/proc/{self.pid}/root{path}")

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds=15):
        if not self.runs():
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {seconds} s of SIGTERM:\n{tail(self.log)}")

    def kill(self):
        if self.runs():
            self.process.kill()
            self.process.wait()


# ---- processes, from /proc ----


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def start_time(pid):
    """With the pid it is a process's identity."""
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return []


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def tree_of(roots):
    """The given processes and all beneath them."""
    found = set(roots)
    parents = {pid: parent_of(pid) for pid in pids()}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise


def root_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/root").encode()
    except OSError:
        return b""


def processes_of(folder):
    """Those with the folder in their command line, or with their root in it, and their children."""
    own = str(folder).encode()

    def is_inside(word):
        return word == own or word.startswith(own + b"/")

    inside = [pid for pid in pids() if is_inside(root_of(pid)) or any(map(is_inside, command_of(pid)))]
    return tree_of(inside) - {os.getpid()}


def end_processes_of(folder):
    for _ in range(100):
        left = [pid for pid in processes_of(folder) if is_alive(pid)]
        if not left:
            return
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)
    raise AssertionError(f"processes of {folder} cannot be ended: {left}")


def cgroups_of(run_folder):
    """Those of its agent, the outer ones first; their name is made from its run folder."""
    family = "holdfast-" + hashlib.sha256(str(run_folder).encode()).hexdigest()[:FAMILY_DIGITS]
    # Not by glob, which fails when a group of another test vanishes under it.
    found = [Path(folder) for folder, _, _ in os.walk(CGROUPS) if Path(folder).name == family]
    return [*found, *(process for group in found for process in group.glob("process-*"))]


def remove_cgroups(run_folder):
    """Empty groups stay while there is no agent to remove them."""
    for group in reversed(cgroups_of(run_folder)):
        try:
            group.rmdir()
        except OSError:
            pass


def remove_folder(folder):
    end_processes_of(folder)
    shutil.rmtree(folder, ignore_errors=True)
