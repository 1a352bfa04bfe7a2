# SPDX-License-Identifier: Apache-2.0
"""A hub's keys, changed as people change them."""
import shutil


def rotate(hub, what, *options, code=0):
    """Of a hub that is stopped. The recovery key lies where a person keeps it."""
    return hub.command("rotate", what, "--recovery-key", str(hub.folder / "recovery.key"), *options, code=code)


def take_offline(hub):
    shutil.move(hub.data / "recovery.key", hub.folder / "recovery.key")
