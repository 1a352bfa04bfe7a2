# SPDX-License-Identifier: Apache-2.0
"""Events of a node: kept in its outbox until the hub has stored them, and at the hub exactly once."""
import os
import signal

from manifests import file
from waiting import holds, until

SECONDS = 60
FILES = 10


def waiting(node):
    return node.metrics()["holdfast_agent_outbox_events"]


def heal(node, number):
    """Makes one event: somebody's hand changes a file, and the agent puts it right."""
    node.put(f"/etc/f{number}", "by hand\n")
    until(f"f{number} is put right", lambda: node.text(f"/etc/f{number}") == "right\n")


def healed(fleet, node):
    """[(resource, count)] in the order in which they came to the hub."""
    events = [event for event in fleet.hub.events("DriftHealed") if event["involvedObject"]["name"] == node.name]
    events.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [(event["resource"], event["count"]) for event in events]


def all_of(numbers):
    return [(f"File/f{number}", 1) for number in numbers]


def go_offline(fleet):
    fleet.hub.kill()
    os.kill(fleet.hub.broker_pid(), signal.SIGKILL)


def with_files(fleet):
    node = fleet.node()
    fleet.app(objects={f"f{number}.yaml": file(f"f{number}", f"/etc/f{number}", "right\n") for number in range(FILES)})
    until("all is told", lambda: waiting(node) == 0)
    return node


def test_peers_failure_4_no_event_is_lost_between_agent_and_hub(own_fleet):
    node, hub = with_files(own_fleet), own_fleet.hub
    go_offline(own_fleet)
    for number in (0, 1, 2):
        heal(node, number)
    until("the last is written, too", lambda: waiting(node) == 3)
    node.kill()
    node.start()
    for number in (3, 4):
        heal(node, number)
    until("they wait on the disk", lambda: waiting(node) == 5)

    hub.start()
    until("the hub has taken them", lambda: len(healed(own_fleet, node)) == 5, SECONDS)
    hub.kill()  # before it has stored them, or, now and then, just after
    assert waiting(node) in (0, 5), "all of a batch, or nothing of it"
    hub.start()
    until("they come again, and are stored", lambda: waiting(node) == 0, SECONDS)
    assert healed(own_fleet, node) == all_of(range(5))

    heal(node, 5)
    until("the hub has taken it", lambda: len(healed(own_fleet, node)) == 6, SECONDS)
    node.kill()  # before it has heard of it
    node.start()
    heal(node, 6)
    until("all is stored", lambda: waiting(node) == 0, SECONDS)
    hub.kill()
    hub.start()
    assert healed(own_fleet, node) == all_of(range(7)), "each once, and in order"
    assert hub.events("EventsLost") == []
    assert node.metrics()["holdfast_agent_outbox_lost_total"] == 0


def test_what_is_stored_is_neither_sent_nor_written_again(own_fleet):
    node = with_files(own_fleet)
    heal(node, 0)
    until("it is stored", lambda: waiting(node) == 0, SECONDS)
    segments = sorted((node.data / "outbox").iterdir())
    times = [segment.stat().st_mtime_ns for segment in segments]
    node.kill()
    node.start()
    until("it is connected again", lambda: node.metrics()["holdfast_agent_connected"] == 1, SECONDS)
    holds("nothing waits", lambda: waiting(node) == 0, 2)
    assert [segment.stat().st_mtime_ns for segment in segments] == times
    assert healed(own_fleet, node) == all_of([0])


def test_a_damaged_outbox_costs_what_cannot_be_read_and_says_so(own_fleet):
    node = with_files(own_fleet)
    go_offline(own_fleet)
    for number in (0, 1, 2):
        heal(node, number)
    until("all three wait", lambda: waiting(node) >= 3)
    node.kill()
    for segment in (node.data / "outbox").iterdir():
        content = segment.read_bytes()
        at = content.find(b"File/f1")
        if at >= 0:
            segment.write_bytes(content[:at] + bytes(7) + content[at + 7:])
    node.start()
    heal(node, 3)
    own_fleet.hub.start()
    until("the rest is stored", lambda: waiting(node) == 0, SECONDS)
    assert healed(own_fleet, node) == all_of([0, 2, 3])
    assert [event["message"].split()[0] for event in own_fleet.hub.events("EventsLost", node.name)] == ["1"]


def test_without_a_folder_for_it_events_are_told_as_they_happen(own_fleet):
    node = with_files(own_fleet)
    node.kill()
    folder = node.data / "outbox"
    folder.rename(node.data / "outbox.away")
    folder.write_text("no folder\n")
    node.start()
    until("it is connected again", lambda: node.metrics()["holdfast_agent_connected"] == 1, SECONDS)
    heal(node, 0)
    until("it is told", lambda: healed(own_fleet, node) == all_of([0]))
    lines = node.agent.log.read_text().splitlines()
    assert len([line for line in lines if "the outbox cannot be used" in line]) == 1, "said once"


def test_who_leaves_the_fleet_takes_nothing_along_that_was_not_told(own_fleet):
    node = with_files(own_fleet)
    go_offline(own_fleet)
    heal(node, 0)
    node.kill()
    assert (node.data / "outbox").exists()
    own_fleet.hub.start()
    done = node.command("unenroll", "--keep")
    assert done.returncode == 0, done.stderr
    assert not (node.data / "outbox").exists()
