# SPDX-License-Identifier: Apache-2.0
"""Fixtures: `fleet` on the hub that most tests share; `own_fleet` with a hub that a test may stop, kill or starve."""
import itertools
import signal
import sys
import threading

import pytest

import machine
from fleet import Fleet
from hub import Hub

_numbers = itertools.count(1)


def pytest_configure(config):
    # Ended from outside, a run still ends what it started. A worker may be a thread, where no handler can be set: its
    # controller ends it.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=143))
    config.addinivalue_line("markers", "long: minutes rather than seconds; only in test/run --all")


@pytest.fixture(scope="session")
def shared_hub():
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "5s")
    try:
        yield hub.start()
    finally:
        hub.remove()
        machine.remove_folder(folder)


def _fleet(hub, folder):
    fleet = Fleet(hub, folder, f"t{next(_numbers)}")
    try:
        yield fleet
    finally:
        fleet.remove()


@pytest.fixture
def fleet(shared_hub):
    folder = machine.new_folder()
    try:
        yield from _fleet(shared_hub, folder)
    finally:
        machine.remove_folder(folder)


@pytest.fixture
def own_fleet():
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "5s")
    try:
        yield from _fleet(hub.start(), folder)
    finally:
        hub.remove()
        machine.remove_folder(folder)


@pytest.fixture
def short_lived():
    """A fleet whose node certificates hold for 12 seconds."""
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "5s", "--node-certificate-life", "12s")
    try:
        yield from _fleet(hub.start(), folder)
    finally:
        hub.remove()
        machine.remove_folder(folder)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """The last log lines of hub and agents stand under a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for name in ("fleet", "own_fleet", "short_lived"):
        if name in item.funcargs:
            for file, text in item.funcargs[name].logs().items():
                report.sections.append((file, text))


sys.dont_write_bytecode = True
