# SPDX-License-Identifier: Apache-2.0
"""Commit to applied on 3 nodes: from starting `holdfast sync` (after `git commit` returned) to the new content being on all
three. The fetch, the rendering, the signature, the broker, the store and the fsyncs of three agents are in it."""
import subprocess
import time

import machine
from manifests import file
from result import Result
from stage import stage


def measure(quick):
    rounds = 20 if quick else 100
    with stage() as fleet:
        nodes = [fleet.node(f"n{i}") for i in range(3)]
        app = fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "begin\n"),
                                 **{f"f{i}.yaml": file(f"f{i}", f"/etc/f/{i}", f"{i}\n") for i in range(20)}})
        command = [machine.program("holdfast"), "--config", str(fleet.hub.data / "admin.yaml"), "sync", app.name]
        taken = []
        for i in range(rounds):
            wanted = f"commit {i}\n"
            app.write("motd.yaml", file("motd", "/etc/motd", wanted))
            fleet.git.commit(f"Commit {i}")
            began = time.monotonic()
            sync = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            left = list(nodes)
            while left:
                left = [node for node in left if node.text("/etc/motd") != wanted]
                assert time.monotonic() < began + 30, "not applied"
                time.sleep(0.0005)
            taken.append((time.monotonic() - began) * 1000)
            assert sync.wait() == 0
            # The next commit begins when this one is over everywhere, reports included.
            app.settled()
    return [Result("commit to applied on 3 nodes after `holdfast sync`", "ms", taken, "commit", 500)]
