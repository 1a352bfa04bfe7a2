# SPDX-License-Identifier: Apache-2.0
"""Every point at which a death matters, on the real programs: killed there, or the power cut, started again, and compared.
With a stride only every n-th point: all of them take their time (`test/run --all sim`)."""
import random
import shutil
import subprocess

import pytest

import machine
from crash_layer import ALL_LOST, KILL, CrashLayer, Points
from hub import Hub
from manifests import file, shell
from waiting import until

POWER_CUTS = [pytest.param(KILL, id="kill"), pytest.param(ALL_LOST, id="power"), pytest.param(7, id="power-in-part")]


def strides(some):
    return pytest.mark.parametrize("stride", [pytest.param(some, id="some"),
                                              pytest.param(1, id="all", marks=pytest.mark.long)])


class Rounds:
    """One application that changes in every round: a file is changed, one made, one removed, a process gets another
    spec, and one stays as it is."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.node = fleet.node()
        self.number = 0
        self.app = fleet.app(objects={"steady.yaml": shell("steady", "exec sleep 100000"), **self.files(0)})
        self.node.put("/etc/app/foreign", "not ours\n")
        self.steady = self.node.process("steady")

    @staticmethod
    def files(number):
        return {"same.yaml": file("same", "/etc/app/same", f"round {number}"),
                f"new-{number}.yaml": file(f"new-{number}", f"/etc/app/new-{number}", f"made in {number}"),
                "changing.yaml": shell("changing", f"exec sleep 10{number:04}")}

    def commit(self):
        self.app.remove(f"new-{self.number}.yaml")
        self.number += 1
        for name, what in self.files(self.number).items():
            self.app.write(name, what)
        return self.app.commit(f"Round {self.number}")

    def wanted(self):
        return {"/etc/app/same": f"round {self.number}", "/etc/app/foreign": "not ours\n",
                f"/etc/app/new-{self.number}": f"made in {self.number}"}

    def is_there(self):
        assert {path: self.node.text(path) for path in self.node.files()} == self.wanted()
        pid = (self.node.process("changing") or (0,))[0]
        assert f"10{self.number:04}".encode() in machine.command_of(pid), self.node.run_record("changing")
        assert self.node.process("steady"), self.node.run_record("steady")
        return True

    def is_told(self):
        try:
            snapshot = self.node.status()["snapshot"]
        except OSError:  # it died between two questions
            return False
        assert snapshot["applied"] == snapshot["accepted"], snapshot
        return self.is_there()


@strides(some=13)
@pytest.mark.parametrize("power", POWER_CUTS)
def test_an_agent_that_dies_anywhere_ends_in_the_same_place(own_fleet, folder, power, stride):
    rounds = Rounds(own_fleet)
    node = rounds.node
    node.stop()
    layer = CrashLayer("holdfast-agent", folder, node.data, node.root, peer=own_fleet.hub.broker_port)
    points = Points(stride, 1 + random.randrange(stride))
    for point in points:
        node.wrapper = layer.at(point, power)
        node.start(wait=False)
        rounds.commit()
        until(f"it dies at {point}, or is done",
              lambda: not node.agent.runs() or (node.answers() and rounds.is_told()), 30)
        death = layer.death()
        points.note(death)
        node.kill()
        if power is not KILL:
            machine.end_processes_of(node.data)
            rounds.steady = None
        node.wrapper = []
        node.start()
        until(f"all is as Git says, after a death at {death}", rounds.is_told, 40)
        rounds.steady = rounds.steady or node.process("steady")
        assert node.process("steady") == rounds.steady, f"restarted without cause, after a death at {death}"
        assert node.stop() == 0
    print(*points.deaths, sep="\n")
    assert len(points.deaths) > 60 / stride, points.deaths


@strides(some=41)  # a hub tells at most every five seconds
@pytest.mark.parametrize("power", POWER_CUTS)
def test_a_hub_that_dies_anywhere_ends_in_the_same_place(own_fleet, folder, power, stride):
    rounds = Rounds(own_fleet)
    hub = own_fleet.hub
    hub.stop()
    layer = CrashLayer("holdfast-hub", folder, hub.data, peer=hub.broker_port)
    points = Points(stride, 1 + random.randrange(stride))
    for point in points:
        hub.wrapper = layer.at(point, power)
        hub.start(wait=False)
        until(f"it dies at {point}, or is ready", lambda: not hub.daemon.runs() or hub.is_ready(), 30)
        if hub.daemon.runs():
            rounds.commit()
            until(f"it dies at {point}, or is done", lambda: not hub.daemon.runs() or is_done(rounds), 40)
        death = layer.death()
        points.note(death)
        cut(hub, power)
        hub.wrapper = []
        hub.start()
        if death:
            rounds.commit()
        until(f"all is as Git says, after a death at {death}", lambda: is_done(rounds), 60)
        assert rounds.node.process("steady") == rounds.steady, f"restarted without cause, after a death at {death}"
        hub.stop()
    print(*points.deaths, sep="\n")
    assert len(points.deaths) > 60 / stride, points.deaths


def cut(hub, power):
    """The broker, which outlives its hub, outlives no power cut."""
    hub.kill()
    if power is not KILL:
        machine.end_processes_of(hub.data)


def is_done(rounds):
    try:
        status = rounds.app.status()
    except OSError as error:
        raise AssertionError(str(error)) from error
    assert (status.get("sync"), status.get("health")) == ("Synced", "Healthy"), status
    return rounds.is_told()


@strides(some=13)
@pytest.mark.parametrize("power", POWER_CUTS)
def test_a_first_start_that_dies_anywhere_can_be_begun_again(folder, power, stride):
    points = Points(stride, 1 + random.randrange(stride))
    for point in points:
        hub = Hub(folder / f"at-{point}")
        hub.folder.mkdir()
        layer = CrashLayer("holdfast-hub", hub.folder, hub.data, peer=hub.broker_port)
        try:
            hub.wrapper = layer.at(point, power)
            hub.start(wait=False)
            until(f"it dies at {point}, or is ready", lambda: not hub.daemon.runs() or hub.is_ready(), 30)
            death = layer.death()
            points.note(death)
            cut(hub, power)
            hub.wrapper = []
            hub.start()
            assert hub.token()["token"], death
        finally:
            hub.remove()
    print(*points.deaths, sep="\n")
    assert len(points.deaths) > 60 / stride, points.deaths


@strides(some=13)
@pytest.mark.parametrize("power", POWER_CUTS)
def test_an_enrolment_that_dies_anywhere_can_be_begun_again(own_fleet, folder, power, stride):
    points = Points(stride, 1 + random.randrange(stride))
    for point in points:
        data = folder / f"at-{point}"
        layer = CrashLayer("holdfast-agent", data.parent / f"of-{point}", data, peer=own_fleet.hub.port)
        done = enroll(own_fleet.hub, f"node-{point}", data, layer.at(point, power))
        death = layer.death()
        points.note(death)
        assert (done.returncode == 0) == (death is None), f"{death}: {done.stderr}"
        if death and not (data / "node.json").exists():
            again = enroll(own_fleet.hub, f"again-{point}", data)
            assert again.returncode == 0, f"{death}: {again.stderr}"
    print(*points.deaths, sep="\n")


def enroll(hub, name, data, wrapper=()):
    token = hub.token()
    return subprocess.run([*wrapper, machine.program("holdfast-agent"), "enroll", "--hub", token["hub"], "--ca-sha256",
                           token["caSha256"], "--token", token["token"], "--name", name, "--data", str(data)],
                          capture_output=True, text=True, timeout=60)


def files_of(folder):
    """What a restore is about: not what LMDB and locks leave beside it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(("store-", "lock", "."))
            and not path.relative_to(folder).parts[0].startswith(("run", "logs", "mirrors", "broker", "before-restore"))}


@strides(some=13)
@pytest.mark.parametrize("power", POWER_CUTS)
def test_a_restore_that_dies_anywhere_is_ended_by_the_same_command(own_fleet, folder, power, stride):
    hub = own_fleet.hub
    hub.command("backup", "--to", str(folder / "backup"))
    own_fleet.node(start=False)
    hub.stop()
    points = Points(stride, 1 + random.randrange(stride))
    wanted = {name: content for name, content in files_of(folder / "backup").items() if name != "backup.json"}
    wanted["recovery.key"] = (hub.data / "recovery.key").read_bytes()
    before = files_of(hub.data)
    assert before["store"] != wanted["store"]
    for point in points:
        data = folder / f"at-{point}/hub"
        shutil.copytree(hub.data, data, ignore=shutil.ignore_patterns("run", "logs", "*.sock"))
        data.chmod(0o700)
        layer = CrashLayer("holdfast-hub", folder / f"of-{point}", data, peer=hub.port)
        command = [machine.program("holdfast-hub"), "restore", "--data", str(data), "--from", str(folder / "backup")]
        subprocess.run([*layer.at(point, power), *command], capture_output=True, timeout=60)
        death = layer.death()
        points.note(death)
        again = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert again.returncode == 0, f"{death}: {again.stderr}"
        assert files_of(data) == wanted, death
        aside = data / "before-restore-1"
        assert {**files_of(aside), "recovery.key": wanted["recovery.key"]} == before, death
        shutil.rmtree(data.parent)
    print(*points.deaths, sep="\n")
    assert len(points.deaths) > 40 / stride, points.deaths
