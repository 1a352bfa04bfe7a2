# SPDX-License-Identifier: Apache-2.0
"""Drift to healed. One node, 100 files and 100 processes of one application; each key drifts once, so that no backoff is
in the way. A file: from the write by hand returning to the content being Git's again. A process: from kill -9
returning to another process of that name being recorded as running."""
import os
import signal
import time

from manifests import file, shell
from result import Result
from stage import stage

COUNT = 100


def wait(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not healed"
        time.sleep(0.0003)


def measure(quick):
    count = 30 if quick else COUNT
    with stage() as fleet:
        node = fleet.node()
        objects = {f"f{i}.yaml": file(f"f{i}", f"/etc/bench/{i}", f"content of {i}\n") for i in range(count)}
        objects |= {f"p{i}.yaml": shell(f"p{i}", "exec sleep 100000") for i in range(count)}
        fleet.app(objects=objects)
        files, processes = [], []
        for i in range(count):
            path, wanted = node.path(f"/etc/bench/{i}"), f"content of {i}\n"
            path.write_text("by hand\n")
            began = time.monotonic()
            wait(lambda: path.read_text() == wanted)
            files.append((time.monotonic() - began) * 1000)
        for i in range(count):
            pid = node.process(f"p{i}")[0]
            os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            wait(lambda: (node.process(f"p{i}") or (pid,))[0] != pid)
            processes.append((time.monotonic() - began) * 1000)
    return [Result("drift to healed, a file", "ms", files, "drift", 100),
            Result("drift to healed, a process", "ms", processes, "drift", 100)]
