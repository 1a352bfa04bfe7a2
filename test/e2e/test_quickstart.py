# SPDX-License-Identifier: Apache-2.0
"""deploy/quickstart as a person ends it; the story itself is `deploy/quickstart --check`, which test/run e2e runs after these."""
import os
import signal
import subprocess

import machine
from waiting import until


def test_ctrl_c_ends_the_quickstart_and_all_that_it_started():
    folder = machine.new_folder()
    log = folder / "log"
    with open(log, "w") as out:
        # A session of its own, as a terminal gives it; what Python ignores must not be ignored there.
        quickstart = subprocess.Popen(["deploy/quickstart", "--nodes", "1", "--dir", str(folder / "q")], stdout=out, stderr=out, start_new_session=True,
                                      env={**os.environ, "HOLDFAST_BIN": str(machine.BIN)},
                                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        until("it is up", lambda: "It is yours until Ctrl-C" in log.read_text(), 60)
        os.killpg(quickstart.pid, signal.SIGINT)
        assert quickstart.wait(20) == 130, machine.tail(log)
        words = str(folder / "q").encode()
        left = [pid for pid in machine.pids() if any(words in word for word in machine.command_of(pid) or [])]
        assert not left, "something still runs"
    finally:
        if quickstart.poll() is None:
            os.killpg(quickstart.pid, signal.SIGTERM)
            quickstart.wait(30)
        machine.remove_folder(folder)
