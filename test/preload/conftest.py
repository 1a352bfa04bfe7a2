# SPDX-License-Identifier: Apache-2.0
"""The end-to-end tests' hub, nodes and repository, with programs of the dev build: a preloaded library reaches only what is
linked dynamically."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402

import machine  # noqa: E402
from fixtures import *  # noqa: E402,F401,F403


@pytest.fixture
def folder():
    made = machine.new_folder()
    yield made
    machine.remove_folder(made)
