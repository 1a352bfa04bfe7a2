# SPDX-License-Identifier: Apache-2.0
"""kill -9 of agents, hub and broker at random through commits: it converges, no process was restarted
without cause, and nothing foreign was deleted."""
import os
import random
import signal
import time

import pytest

from manifests import file, shell
from waiting import until

NODES = 3


class Chaos:
    def __init__(self, fleet, seed):
        self.fleet, self.random = fleet, random.Random(seed)
        self.nodes = [fleet.node(f"n{i}") for i in range(NODES)]
        self.app = fleet.app(objects={"web.yaml": shell("web", "exec sleep 100000"), "f0.yaml": self.file(0, "0")})
        self.files = {0: "0"}
        self.commits = 0
        self.kills = 0
        for node in self.nodes:
            node.put("/etc/many/foreign", "not ours\n")
        self.processes = [node.process("web") for node in self.nodes]

    @staticmethod
    def file(number, content):
        return file(f"f{number}", f"/etc/many/{number}", content)

    def commit(self):
        self.commits += 1
        number = self.random.randrange(12)
        if number in self.files and self.random.random() < 0.4 and len(self.files) > 2:
            del self.files[number]
            self.app.remove(f"f{number}.yaml")
        else:
            self.files[number] = f"commit {self.commits}"
            self.app.write(f"f{number}.yaml", self.file(number, self.files[number]))
        self.fleet.git.commit(f"Commit {self.commits}")
        self.fleet.hub.cli("sync", self.app.name, code=None)

    def kill_agent(self):
        node = self.random.choice(self.nodes)
        node.kill()
        self.kills += 1
        time.sleep(self.random.random() * 0.3)
        node.start(wait=False)

    def kill_hub(self):
        self.fleet.hub.kill()
        self.kills += 1
        time.sleep(self.random.random() * 0.3)
        self.fleet.hub.start(wait=False)

    def kill_broker(self):
        pid = self.fleet.hub.broker_pid()
        if pid:
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def edit_by_hand(self):
        node = self.random.choice(self.nodes)
        number = self.random.choice(sorted(self.files))
        if node.text(f"/etc/many/{number}") is not None:
            node.put(f"/etc/many/{number}", "by hand\n")

    def run(self, kills):
        steps = [self.commit] * 4 + [self.kill_agent] * 4 + [self.kill_hub, self.kill_broker, self.edit_by_hand]
        while self.kills < kills:
            self.random.choice(steps)()
            time.sleep(self.random.random() * 0.2)

    def converged(self):
        wanted = {f"/etc/many/{number}": content for number, content in self.files.items()} | {"/etc/many/foreign": "not ours\n"}
        for node in self.nodes:
            assert {path: node.text(path) for path in node.files()} == wanted, node.name
        return True


def storm(fleet, kills, seed=None):
    seed = seed or random.randrange(1_000_000)
    print(f"seed {seed}")
    chaos = Chaos(fleet, seed)
    chaos.run(kills)
    until("the hub is ready", fleet.hub.is_ready, 30)
    for node in chaos.nodes:
        until("the agent answers", node.answers)
    fleet.hub.cli("sync", chaos.app.name, code=None)
    until(f"every node is as Git says (seed {seed})", chaos.converged, 90)
    chaos.app.settled(seconds=60)
    assert [node.process("web") for node in chaos.nodes] == chaos.processes, "a process was restarted without cause"


def test_a_hundred_kills_at_random_through_commits(own_fleet):
    storm(own_fleet, 100)


@pytest.mark.long
@pytest.mark.parametrize("part", range(5))
def test_a_thousand_kills_at_random_through_commits(own_fleet, part):
    storm(own_fleet, 200)
