# SPDX-License-Identifier: Apache-2.0
"""Agent start to first reconcile from LMDB: 200 resources, no network (a network namespace without interfaces). As the agent
tells it (holdfast_agent_first_reconcile_seconds: from having read its options to every section having been compared with the host), and
as seen from outside: from starting the program to a file that was deleted before being back."""
import subprocess
import time

from manifests import file
from result import Result
from stage import stage
from waiting import until

METRIC = "holdfast_agent_first_reconcile_seconds"


def measure(quick):
    rounds = 10 if quick else 50
    with stage() as fleet:
        node = fleet.node()
        fleet.app(objects={f"f{i}.yaml": file(f"f{i}", f"/etc/bench/{i}", f"content of {i}\n") for i in range(200)})
        node.stop()
        node.wrapper = ["unshare", "--net"]
        told, seen = [], []
        for _ in range(rounds):
            node.start()
            told.append(until("it reconciled", lambda: node.metrics().get(METRIC)) * 1000)
            node.stop()
            path = node.path("/etc/bench/199")
            path.unlink()
            began = time.monotonic()
            node.start(wait=False)
            while not path.exists():
                assert time.monotonic() < began + 30
                time.sleep(0.0003)
            seen.append((time.monotonic() - began) * 1000)
            until("it answers", node.answers)
            node.stop()
        began = time.monotonic()
        for _ in range(20):
            subprocess.run(["unshare", "--net", "true"], check=True)
        base = (time.monotonic() - began) / 20 * 1000
    return [Result("agent start to first reconcile, 200 resources, no network: as the agent tells it", "ms", told, "start", 50),
            Result("… from outside, to a deleted file being back", "ms", seen, "start", 50,
                   note=f"in it is making a network namespace: `unshare --net true` takes {base:.1f} ms")]
