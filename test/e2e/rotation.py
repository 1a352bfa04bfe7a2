# SPDX-License-Identifier: Apache-2.0
"""A hub's keys, changed as people change them."""
import shutil
import subprocess

import machine


def rotate(hub, what, *options, code=0):
    """Of a hub that is stopped. The recovery key lies where a person keeps it."""
    done = subprocess.run([*hub.wrapper, machine.program("holdfast-hub"), "rotate", what, "--data", str(hub.data), "--recovery-key",
                           str(hub.folder / "recovery.key"), *options], capture_output=True, text=True, timeout=30)
    assert done.returncode == code, done.stderr
    return done


def take_offline(hub):
    shutil.move(hub.data / "recovery.key", hub.folder / "recovery.key")
