# SPDX-License-Identifier: Apache-2.0
"""A TPM of a test's own: swtpm, with tpm2-abrmd between on a D-Bus that nobody else is on."""
import os
import socket
import subprocess
from pathlib import Path

import machine
from waiting import until

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


def two_free_ports():
    """The first of two that follow each other: tpm2-tss takes the control port to be the next one."""
    while True:
        port = machine.free_port()
        with socket.socket() as second:
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


class Tpm:
    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "state").mkdir(parents=True)
        self.port = two_free_ports()
        self.bus_socket = self.folder / "bus"
        self.bus = machine.Daemon("dbus-daemon", [], self.folder / "bus.log")
        self.chip = machine.Daemon("swtpm", [], self.folder / "swtpm.log")
        self.manager = machine.Daemon("tpm2-abrmd", [], self.folder / "abrmd.log")

    @property
    def environment(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.bus_socket}", "TPM2OPENSSL_TCTI": "tabrmd:"}

    @property
    def wrapper(self):
        return ["env", *("=".join(pair) for pair in self.environment.items())]

    def start(self):
        channels = [word for name, port in (("--server", self.port), ("--ctrl", self.port + 1))
                    for word in (name, f"type=tcp,port={port},bindaddr=127.0.0.1")]
        self.chip.command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}", *channels,
                             "--flags", "not-need-init,startup-clear"]
        self.chip.start()
        self.start_manager()
        return self

    def start_manager(self):
        configuration = self.folder / "bus.conf"
        configuration.write_text(BUS.format(socket=self.bus_socket))
        self.bus_socket.unlink(missing_ok=True)
        self.bus.command = ["dbus-daemon", "--nofork", f"--config-file={configuration}"]
        self.bus.start()
        until("the bus is there", self.bus_socket.exists)
        root = ["--allow-root"] if os.geteuid() == 0 else []
        self.manager.command = ["tpm2-abrmd", *root, f"--tcti=swtpm:host=127.0.0.1,port={self.port}"]
        until("the resource manager has found the TPM", self._manager_runs)

    def _manager_runs(self):
        if not self.manager.runs():
            self.manager.start(environment=self.environment)
        asked = subprocess.run(["dbus-send", f"--bus=unix:path={self.bus_socket}", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                                "org.freedesktop.DBus.NameHasOwner", "string:com.intel.tss2.Tabrmd"], capture_output=True, text=True)
        return "true" in asked.stdout

    def lose_manager(self):
        """Both, as it is when the bus is restarted under everybody."""
        self.manager.kill()
        self.bus.kill()

    def remove(self):
        for daemon in (self.manager, self.bus, self.chip):
            daemon.kill()
