# SPDX-License-Identifier: Apache-2.0
"""Clocks that are wrong by months and decades, by a preloaded layer in the real programs (clock_layer.cpp)."""
import os
import shutil
import time

import pytest

import machine
from manifests import file, process
from rotation import rotate, take_offline
from signpost import Signpost
from waiting import until

LIBRARY = machine.BIN.parent / "lib/libholdfast-clock-layer.so"
SYSTEM = "/usr/sbin:/usr/bin:/usr/local/sbin"
DAY = 24 * 3600
DAYS_AWAY = 548  # a year and a half


def clock(seconds):
    """Words before a command: its clock is so many seconds ahead."""
    assert LIBRARY.exists(), f"{LIBRARY} is not there; build it with: ninja -C build/dev preload-layers"
    return ["env", f"LD_PRELOAD={LIBRARY}", f"HOLDFAST_CLOCK_OFF={int(seconds)}"]


def later(hub, days):
    """The hub is stopped, and starts again with a machine on which so many days have passed."""
    hub.stop()
    machine.end_processes_of(hub.data)
    hub.keeps_our_time = False
    passed = clock(days * DAY)
    # The broker gets a clean environment, and is looked for in PATH.
    programs = hub.folder / f"day-{days}"
    programs.mkdir()
    (programs / "mosquitto").write_text(f'#!/bin/sh\nexec {" ".join(passed)} {shutil.which("mosquitto", path=SYSTEM)} "$@"\n')
    (programs / "mosquitto").chmod(0o755)
    hub.wrapper = [*passed, f"PATH={programs}:{os.environ['PATH']}"]
    hub.client_wrapper = passed


@pytest.mark.parametrize("off", [pytest.param(-time.time(), id="1970"), pytest.param(900 * DAY, id="ahead")])
def test_18_months_away_and_a_wrong_clock(own_fleet, off):
    """Meanwhile one rotation of the CA, two of the signing key, and the hub has moved; the node comes back by itself."""
    node, hub = own_fleet.node(), own_fleet.hub
    app = own_fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "before\n"),
                                 "web.yaml": process("web", ["/bin/sleep", "1000"])})
    until("it runs", lambda: node.process("web"))
    running = node.process("web")
    take_offline(hub)
    node.stop()
    later(hub, DAYS_AWAY // 2)
    rotate(hub, "signing-key")
    hub.start()
    old_port = hub.port
    later(hub, DAYS_AWAY)
    rotate(hub, "ca")
    rotate(hub, "signing-key")
    hub.port, hub.broker_port = machine.free_port(), machine.free_port()
    hub.options += ["--recovery-key", str(hub.folder / "recovery.key")]
    hub.start()
    admin = hub.client_file.read_text()
    hub.client_file.write_text(admin.replace(f":{old_port}", f":{hub.port}"))
    app.write("motd.yaml", file("motd", "/etc/motd", "after\n")).commit()
    post = Signpost(hub.folder, old_port, hub.data / "trust.json")
    node.wrapper = clock(off)
    try:
        node.start()
        until("it has what was committed meanwhile", lambda: node.text("/etc/motd") == "after\n", 90)
    finally:
        post.remove()
    assert node.process("web") == running, "nothing was restarted"
