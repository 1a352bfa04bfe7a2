# SPDX-License-Identifier: Apache-2.0
"""Events of a node on the real programs: the agent dies at each point, or the power is cut there, and what it tells afterwards
is told once, and never taken by the hub for what it has already."""
import http.client
import random

import pytest

from crash_layer import ALL_LOST, KILL, CrashLayer, Points
from manifests import file
from waiting import until

FILES_MAX = 200


def put_right(node, name):
    return node.text(f"/etc/{name}") == "right\n"


def is_stored(node):
    try:
        return node.answers() and node.metrics()["holdfast_agent_outbox_events"] == 0
    except (OSError, http.client.HTTPException):
        return False  # it dies while it is asked


@pytest.mark.parametrize("stride", [pytest.param(11, id="some"), pytest.param(1, id="all", marks=pytest.mark.long)])
@pytest.mark.parametrize("power", [pytest.param(KILL, id="kill"), pytest.param(ALL_LOST, id="power"), pytest.param(7, id="power-in-part")])
def test_an_agent_that_dies_anywhere_tells_each_event_once(own_fleet, folder, power, stride):
    node, hub = own_fleet.node(), own_fleet.hub
    names = [f"{when}{number}" for number in range(FILES_MAX // stride + 8) for when in ("before", "after")]
    own_fleet.app(objects={"all.yaml": [file(name, f"/etc/{name}", "right\n") for name in names]})
    node.stop()
    layer = CrashLayer("holdfast-agent", folder, node.data, node.root, peer=hub.broker_port)
    points = Points(stride, 1 + random.randrange(stride))
    for number, point in enumerate(points):
        before, after = f"before{number}", f"after{number}"
        node.put(f"/etc/{before}", "by hand\n")
        node.wrapper = layer.at(point, power)
        node.start(wait=False)
        until(f"it dies at {point}, or is done", lambda: not node.agent.runs() or (put_right(node, before) and is_stored(node)), 40)
        points.note(layer.death())
        node.kill()
        node.wrapper = []
        node.start()
        until(f"it is put right, after a death at {layer.death()}", lambda: put_right(node, before))
        node.put(f"/etc/{after}", "by hand\n")
        until("so is the next", lambda: put_right(node, after))
        until(f"all is stored, after a death at {layer.death()}", lambda: is_stored(node), 40)
        told = {event["resource"]: event["count"] for event in hub.events("DriftHealed", node.name)}
        assert told.get(f"File/{after}") == 1, f"{layer.death()}: {told}"
        # Between the file and the event a death leaves the file alone.
        assert told.get(f"File/{before}", 0) <= 1, f"{layer.death()}: {told}"
        assert layer.death() or told.get(f"File/{before}") == 1, told
        node.stop()
    print(*points.deaths, sep="\n")
    assert len(points.deaths) > 30 / stride, points.deaths
    assert any(".segment" in death for death in points.deaths) or stride > 1, points.deaths
