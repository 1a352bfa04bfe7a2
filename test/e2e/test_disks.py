# SPDX-License-Identifier: Apache-2.0
"""Full and read-only disks: a clear error that names the place, nothing half-applied, and healed when there is room.
Each disk is a tmpfs in a mount namespace of the program, so that nothing is left mounted whatever happens."""
import base64
import random
import subprocess

import pytest

import machine
from fleet import Fleet
from hub import Hub
from manifests import file, shell
from waiting import holds, until

SMALL = {"a.yaml": file("a", "/etc/a", "a\n")}
BIG = file("a", "/etc/a", "x" * 3_000_000)


def on_small_disk(folder, size="2m", mounted="rw"):
    """A wrapper: the program runs with this folder on a disk of its own, where what was in it before is kept."""
    script = ('cp -a "$1" "$1.before" && mount -t tmpfs -o size="$2" disk "$1" && cp -a "$1.before/." "$1" && rm -rf "$1.before"'
              ' && mount -o remount,size="$2","$3" "$1" && shift 3 && exec "$@"')
    return ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), size, mounted]


def inside(node_or_hub, *command):
    pid = getattr(node_or_hub, "agent", None) or node_or_hub.daemon
    done = subprocess.run(["nsenter", "--target", str(pid.pid), "--mount", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_inside(node):
    return set(inside(node, "find", str(node.root), "-type", "f", "-printf", "/%P\n").split())


def content(node, path):
    return inside(node, "cat", str(node.path(path)))


def fill(node, folder):
    inside(node, "sh", "-c", f"dd if=/dev/zero of={folder}/filler bs=64k status=none || true; sync; dd if=/dev/zero of={folder}/filler2 bs=512 status=none || true")


def free(node, folder):
    inside(node, "rm", "-f", f"{folder}/filler", f"{folder}/filler2")


def node_on_disk(fleet, part, size="2m"):
    node = fleet.node(start=False)
    node.wrapper = on_small_disk(getattr(node, part), size)
    return node.start()


def test_a_file_that_does_not_fit_leaves_the_old_one_whole_and_arrives_when_there_is_room(fleet):
    node = node_on_disk(fleet, "root")
    app = fleet.app(objects=SMALL)
    app.write("a.yaml", BIG).commit()

    def told():
        resource = node.resource(app.name, "File/a")
        assert "space" in (resource.get("reason", "") + resource.get("message", "")).lower(), resource
        assert "/etc/a" in resource.get("message", ""), resource
        return True

    until("it is told", told)
    assert content(node, "/etc/a") == "a\n"
    assert files_inside(node) == {"/etc/a"}, "no piece of the new one is left"
    assert node.section(app.name)["phase"] != "Quarantined", "a full disk is not the revision's fault"
    inside(node, "mount", "-o", "remount,size=16m", str(node.root))
    app.settled(seconds=60)
    assert len(content(node, "/etc/a")) == 3_000_000


def test_drift_on_a_full_disk_is_healed_when_there_is_room(fleet):
    node = node_on_disk(fleet, "root")
    app = fleet.app(objects={"a.yaml": file("a", "/etc/a", "a" * 100_000)})
    path = node.path("/etc/a")
    fill(node, node.root)
    # What cutting it short frees is a page less than writing it again takes; were it cut to nothing first, the agent
    # could come between.
    inside(node, "sh", "-c", f"printf 'by hand' | dd of={path} conv=notrunc status=none && truncate --size=7 {path}")

    def told():
        resource = node.resource(app.name, "File/a")
        assert "space" in (resource.get("reason", "") + resource.get("message", "")).lower(), resource
        return True

    until("it is told", told)
    assert content(node, "/etc/a") == "by hand", "nothing half-written"
    free(node, node.root)
    until("it is put back", lambda: content(node, "/etc/a") == "a" * 100_000, 60)
    app.settled()


def test_a_read_only_disk_is_named_and_what_waited_is_applied_when_it_is_writable_again(fleet):
    node = node_on_disk(fleet, "root")
    app = fleet.app(objects=SMALL)
    inside(node, "mount", "-o", "remount,ro", str(node.root))
    app.write("a.yaml", file("a", "/etc/a", "new\n")).write("p.yaml", shell("p", "exec sleep 1000")).commit()

    def told():
        resource = node.resource(app.name, "File/a")
        assert "read-only" in (resource.get("reason", "") + resource.get("message", "")).lower(), resource
        return True

    until("it is told", told)
    assert content(node, "/etc/a") == "a\n"
    inside(node, "mount", "-o", "remount,rw", str(node.root))
    app.settled(seconds=60)
    assert content(node, "/etc/a") == "new\n"


def incompressible(letter, size):
    """Text that stays as large in the store as it is, the same for the same letter."""
    return base64.b64encode(random.Random(letter).randbytes(size * 3 // 4)).decode()[:size]


def test_an_agent_whose_own_disk_is_full_keeps_what_it_holds_and_goes_on_when_there_is_room(fleet):
    node = node_on_disk(fleet, "data", "128m")
    app = fleet.app(objects={**SMALL, "p.yaml": shell("p", "exec sleep 1000")})
    fill(node, node.data)
    # Commit after commit, until the room that its store has taken beforehand is used up.
    for letter in "bcdefgh":
        kept = node.text("/etc/a")
        for i in range(2):
            app.write(f"large-{i}.yaml", file(f"large-{i}", f"/srv/large-{i}", incompressible(letter, 3_500_000)))
        revision = app.write("a.yaml", file("a", "/etc/a", letter)).commit()
        until("the node says something of it", lambda: node.text("/etc/a") == letter or "the disk is full" in node.agent.log.read_text())
        if node.text("/etc/a") != letter:
            break
    assert "the disk is full" in node.agent.log.read_text(), "the store never needed more room"
    holds("nothing is half-applied", lambda: node.text("/etc/a") == kept, 2)
    node.path("/etc/a").unlink()
    until("drift is healed even so", lambda: node.text("/etc/a") == kept, 5)
    free(node, node.data)
    app.settled(revision, seconds=90)
    assert node.text("/etc/a") == letter and node.text("/srv/large-1") == incompressible(letter, 3_500_000)


def test_a_data_disk_that_is_nearly_full_is_a_condition_and_an_event_and_so_is_its_end(fleet):
    node = node_on_disk(fleet, "data", "256m")

    def condition(status, reason):
        seen = {each["type"]: each for each in fleet.hub.get("nodes", node.name)["status"].get("conditions", [])}.get("DiskPressure", {})
        assert (seen.get("status"), seen.get("reason")) == (status, reason), seen
        return seen

    until("there is room", lambda: condition("False", "DiskSufficient"))
    inside(node, "sh", "-c", f"fallocate -l $(($(df -k --output=avail {node.data} | tail -n 1) - 12000))k {node.data}/filler")
    told = until("it is told", lambda: condition("True", "DiskLow"), 90)
    assert "4 % (11 of 256 MiB)" in told["message"], told
    sent = node.metrics()['holdfast_agent_snapshots_sent_total{how="whole"}'], node.metrics()['holdfast_agent_snapshots_sent_total{how="delta"}']
    until("its event is there", lambda: len(fleet.hub.events("DiskPressure", node.name)) == 1)
    free(node, node.data)
    until("it is over", lambda: condition("False", "DiskSufficient"), 90)
    until("that is an event, too", lambda: len(fleet.hub.events("DiskSufficient", node.name)) == 1)
    assert len(fleet.hub.events("DiskPressure", node.name)) == 1
    now = node.metrics()['holdfast_agent_snapshots_sent_total{how="whole"}'], node.metrics()['holdfast_agent_snapshots_sent_total{how="delta"}']
    assert sum(now) == sum(sent) + 1, "readings that change are no reason to send"


def test_an_agent_whose_own_disk_is_read_only_names_it_and_loses_nothing(fleet):
    node = fleet.node()
    app = fleet.app(objects={**SMALL, "p.yaml": shell("p", "exec sleep 1000")})
    process = node.process("p")
    node.stop()
    app.write("a.yaml", file("a", "/etc/a", "b\n")).commit()
    node.wrapper = on_small_disk(node.data, "256m", "ro")
    node.start(wait=False)
    assert node.agent.process.wait(10) == 1
    said = machine.tail(node.agent.log, 5)
    assert str(node.data) in said and "Read-only file system" in said, said
    assert node.process("p") == process, "the workload goes on"
    node.wrapper = []
    node.start()
    app.settled()
    assert node.text("/etc/a") == "b\n" and node.process("p") == process


@pytest.fixture
def fleet_of_hub(request):
    """With a hub of its own; the parameter, where given, is the wrapper's disk."""
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "5s")
    if hasattr(request, "param"):
        hub.data.mkdir(mode=0o700)
        hub.wrapper = on_small_disk(hub.data, request.param)
    fleet = Fleet(hub, folder, "disk")
    try:
        hub.start()
        yield fleet
    finally:
        fleet.remove()
        hub.remove()
        machine.remove_folder(folder)


@pytest.mark.parametrize("fleet_of_hub", ["64m"], indirect=True)
def test_a_hub_whose_disk_is_full_says_so_and_loses_nothing(fleet_of_hub):
    fleet = fleet_of_hub
    hub, node = fleet.hub, fleet.node()
    app = fleet.app(objects=SMALL)
    fill(hub, hub.data)
    app.write("a.yaml", file("a", "/etc/a", "y" * 1_000_000)).commit()
    holds("the hub and the node go on", lambda: hub.is_ready() and node.text("/etc/a") == "a\n", 3)
    node.path("/etc/a").unlink()
    until("drift is healed even so", lambda: node.text("/etc/a") == "a\n", 5)
    log = hub.daemon.log.read_text()
    assert "the disk is full" in log or "No space left" in log, "it is said in the log"
    free(hub, hub.data)
    app.settled(seconds=90)
    assert len(node.text("/etc/a")) == 1_000_000


def test_a_hub_starts_on_a_full_disk_and_its_broker_comes_when_there_is_room(own_fleet):
    hub = own_fleet.hub
    hub.stop()
    machine.end_processes_of(hub.data)
    until("the broker is gone", lambda: hub.broker_pid() is None)
    small = on_small_disk(hub.data, "64m")
    # The last blocks, too: a whole page is what any file of these would need.
    hub.wrapper = [*small, "sh", "-c", 'dd if=/dev/zero of="$1/filler" bs=4k status=none 2>/dev/null; shift; exec "$@"', "sh", str(hub.data)]
    hub.start(wait=False)
    until("it answers", lambda: hub.daemon.log.read_text().count(" ready\n") == 2, 30)
    assert hub.get("nodes") == []
    assert not hub.is_ready(), "without a broker"
    log = hub.daemon.log.read_text()
    assert "the broker could not be told who is revoked" in log and "No space left on device" in log
    free(hub, hub.data)
    until("then it is", hub.is_ready, 60)


def test_a_hub_whose_disk_is_read_only_names_it_and_loses_nothing(fleet_of_hub):
    fleet = fleet_of_hub
    hub, node = fleet.hub, fleet.node()
    app = fleet.app(objects=SMALL)
    hub.stop()
    hub.wrapper = on_small_disk(hub.data, "256m", "ro")
    hub.start(wait=False)
    assert hub.daemon.process.wait(10) == 1
    said = machine.tail(hub.daemon.log, 5)
    assert str(hub.data) in said and "Read-only file system" in said, said
    hub.wrapper = []
    hub.start()
    app.write("a.yaml", file("a", "/etc/a", "b\n")).commit()
    app.settled()
    assert node.text("/etc/a") == "b\n"
