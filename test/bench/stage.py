# SPDX-License-Identifier: Apache-2.0
"""A hub and a fleet for one measure, and everything ended afterwards."""
import contextlib

import machine
from fleet import Fleet
from hub import Hub


@contextlib.contextmanager
def stage(address="127.0.0.1"):
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "1h")
    hub.address = address
    fleet = Fleet(hub, folder, "bench")
    try:
        hub.start()
        yield fleet
    finally:
        fleet.remove()
        hub.remove()
        machine.remove_folder(folder)
