# SPDX-License-Identifier: Apache-2.0
"""What travels between a real hub and real agents over a real broker: small changes as deltas, large sections in parts that go
on where they were."""
import base64
import os

import pytest

from manifests import file
from waiting import until

WINDOW = 4 * 128 * 1024  # what a hub sends beyond what a node said it has


def states(node, how):
    return node.metrics()[f'holdfast_agent_states_received_total{{how="{how}"}}']


def change(app, content, **wait):
    app.write("motd.yaml", file("motd", "/etc/motd", content)).push(**wait)


def start_app(fleet):
    objects = {f"f{i}.yaml": file(f"f{i}", f"/etc/many/{i}", os.urandom(200).hex()) for i in range(12)}
    return fleet.app(objects={**objects, "motd.yaml": file("motd", "/etc/motd", "one\n")})


def test_a_one_line_change_travels_as_a_delta_and_so_does_what_the_node_reports(own_fleet):
    node = own_fleet.node()
    app = start_app(own_fleet)
    until("the node has reported", lambda: own_fleet.hub.metrics()['holdfast_hub_snapshots_received_total{how="whole"}'])
    before, sent = node.metrics(), own_fleet.hub.metrics()["holdfast_hub_desired_states_delta_total"]
    change(app, "two\n")
    after = node.metrics()
    assert node.text("/etc/motd") == "two\n"
    assert states(node, "delta") == before['holdfast_agent_states_received_total{how="delta"}'] + 1
    assert own_fleet.hub.metrics()["holdfast_hub_desired_states_delta_total"] == sent + 1
    assert after["holdfast_agent_received_bytes_total"] - before["holdfast_agent_received_bytes_total"] < 600
    until("what the node reports is a delta, too",
          lambda: own_fleet.hub.metrics()['holdfast_hub_snapshots_received_total{how="delta"}'])
    assert node.metrics()['holdfast_agent_snapshots_sent_total{how="delta"}'] > 0
    lost = own_fleet.hub.metrics()
    assert lost['holdfast_hub_bases_lost_total{direction="down"}'] == lost['holdfast_hub_bases_lost_total{direction="up"}'] == 0


def test_a_restarted_hub_sends_the_whole_once_and_then_deltas_again(own_fleet):
    node = own_fleet.node()
    app = start_app(own_fleet)
    node.stop()
    until("the hub sees that it is away", lambda: app.status()["nodes"]["ready"] == 0)
    app.write("motd.yaml", file("motd", "/etc/motd", "two\n")).commit()
    until("the hub has made what is next", lambda: own_fleet.hub.metrics()["holdfast_hub_nodes_unsent"] == 1)
    own_fleet.hub.kill()
    own_fleet.hub.start()
    node.start()
    app.settled()
    assert node.text("/etc/motd") == "two\n"
    assert (states(node, "whole"), states(node, "delta")) == (1, 0)
    change(app, "three\n")
    change(app, "four\n")
    assert (states(node, "whole"), states(node, "delta")) == (1, 2)
    # One that died and holds what its node holds goes on with deltas at once.
    own_fleet.hub.kill()
    own_fleet.hub.start()
    app.settled()
    change(app, "five\n")
    assert (states(node, "whole"), states(node, "delta")) == (1, 3)


def part_bytes(node):
    return node.metrics()["holdfast_agent_part_bytes_total"]


@pytest.fixture
def large(own_fleet):
    """A node, and an application that is about to have five megabytes which hardly compress."""
    node = own_fleet.node()
    app = own_fleet.app(objects={"motd.yaml": file("motd", "/etc/motd", "one\n")})
    contents = {f"/srv/large/{i}": base64.b64encode(os.urandom(562_500)).decode() for i in range(7)}
    for i, (path, content) in enumerate(contents.items()):
        app.write(f"large{i}.yaml", file(f"large{i}", path, content))
    return node, app, contents


def test_a_section_of_five_mebibytes_arrives_and_survives_kill_9_of_agent_and_hub_in_the_middle(own_fleet, large):
    node, app, contents = large
    total = sum(map(len, contents.values()))
    app.commit("Large")
    first = until("a part of it is there", lambda: part_bytes(node), every=0.001)
    node.kill()
    node.start()
    second = until("some more is there", lambda: part_bytes(node), every=0.001)
    assert first + second < total, "the hub is killed while some of it is still to come"
    own_fleet.hub.kill()
    there = part_bytes(node)
    own_fleet.hub.start()
    app.settled(seconds=60)
    assert {path: node.text(path) for path in contents} == contents
    # What the first agent stored was not stored again by the second, nor sent again by the second hub.
    slack = 20_000  # of JSON around the contents
    assert first + part_bytes(node) <= total + slack
    assert own_fleet.hub.metrics()["holdfast_hub_part_bytes_total"] <= total + slack - first - there + WINDOW


def test_a_small_change_of_a_large_section_comes_on_its_own(own_fleet, large):
    node, app, _ = large
    for number in range(2, 7):
        app.remove(f"large{number}.yaml")
    app.push(seconds=60)
    stored = part_bytes(node)
    assert stored > 1_500_000, "more than a message holds, however well it compresses"
    received = node.metrics()["holdfast_agent_received_bytes_total"]
    change(app, "two\n")
    assert node.text("/etc/motd") == "two\n"
    assert part_bytes(node) == stored
    assert node.metrics()["holdfast_agent_received_bytes_total"] - received < 2_000
