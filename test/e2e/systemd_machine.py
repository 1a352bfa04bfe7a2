# SPDX-License-Identifier: Apache-2.0
"""A machine with systemd, in which a node's agent keeps units: test/systemd/machine. The agent runs outside, with the
machine's files as its root and its bus by --system-bus."""
import subprocess
from pathlib import Path

MACHINE = Path(__file__).resolve().parents[1] / "systemd" / "machine"


class SystemdMachine:
    def __init__(self, folder):
        self.folder = Path(folder)

    def start(self):
        done = subprocess.run([MACHINE, "start", self.folder], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        # What systemd runs whenever it reads its files.
        generator = self.root / "etc/systemd/system-generators/count"
        generator.parent.mkdir(parents=True, exist_ok=True)
        generator.write_text("#!/bin/sh\necho read >> /run/reads\n")
        generator.chmod(0o755)
        return self

    def remove(self):
        subprocess.run([MACHINE, "stop", self.folder], capture_output=True, timeout=120)

    @property
    def root(self):
        return self.folder / "root"

    @property
    def bus(self):
        return (self.folder / "bus-address").read_text().strip()

    def run(self, *command):
        return subprocess.run([MACHINE, "in", self.folder, *command], capture_output=True, text=True, timeout=60)

    def systemctl(self, *arguments):
        return self.run("systemctl", *arguments).stdout.strip()

    def shows(self, unit, name):
        return self.systemctl("show", "--value", "--property", name, unit)

    def is_active(self, unit):
        return self.systemctl("is-active", unit) == "active"

    def is_enabled(self, unit):
        return self.systemctl("is-enabled", unit) == "enabled"

    def reads(self):
        """How often systemd has read its files."""
        return len(self.run("cat", "/run/reads").stdout.splitlines())
