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


def is_listened_on(port):
    """Without a connection: swtpm has room for one."""
    with open("/proc/net/tcp") as table:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in table)


class Tpm:
    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "state").mkdir(parents=True)
        self.port = 0
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
        until("the TPM is there", self._chip_listens)
        self.start_manager()
        return self

    def _chip_listens(self):
        if not self.chip.runs():  # a port may have been taken meanwhile
            self.port = two_free_ports()
            channels = [word for name, port in (("--server", self.port), ("--ctrl", self.port + 1))
                        for word in (name, f"type=tcp,port={port},bindaddr=127.0.0.1")]
            self.chip.command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}", *channels,
                                 "--flags", "not-need-init,startup-clear"]
            self.chip.start()
        return is_listened_on(self.port) and is_listened_on(self.port + 1) and self.chip.runs()

    def start_manager(self):
        configuration = self.folder / "bus.conf"
        configuration.write_text(BUS.format(socket=self.bus_socket))
        self.bus_socket.unlink(missing_ok=True)
        self.bus.command = ["dbus-daemon", "--nofork", f"--config-file={configuration}"]
        self.bus.start()
        until("the bus answers", lambda: self._ask_bus("org.freedesktop.DBus.GetId"))
        root = ["--allow-root"] if os.geteuid() == 0 else []
        self.manager.command = ["tpm2-abrmd", *root, f"--tcti=swtpm:host=127.0.0.1,port={self.port}"]
        for _ in range(5):
            self.manager.start(environment=self.environment)
            try:
                return until("the resource manager is on the bus", self._is_on_bus, 4)
            except AssertionError:
                self.manager.kill()  # seen once under load: it ran and never got there
        raise AssertionError(f"no resource manager: {machine.tail(self.manager.log)}")

    def _is_on_bus(self):
        return self.manager.runs() and "true" in self._ask_bus("org.freedesktop.DBus.NameHasOwner", "string:com.intel.tss2.Tabrmd")

    def _ask_bus(self, *question):
        return subprocess.run(["dbus-send", f"--bus=unix:path={self.bus_socket}", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                               *question], capture_output=True, text=True).stdout

    def lose_manager(self):
        """Both, as it is when the bus is restarted under everybody."""
        self.manager.kill()
        self.bus.kill()

    def remove(self):
        for daemon in (self.manager, self.bus, self.chip):
            daemon.kill()
