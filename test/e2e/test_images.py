# SPDX-License-Identifier: Apache-2.0
"""Images on their way from a registry to a running container, with a real podman: pulled ahead of the switch, gone on with where
they broke off, refused where they are not what they should be, collected when nobody needs them."""
import hashlib
import json
import random
import re

import pytest

import busybox
from podman_service import PodmanService
from registry import Registry, busybox_layer, layer_of
from waiting import holds, until

MEGABYTE = 1_000_000


@pytest.fixture
def engine(own_fleet):
    engine = PodmanService(own_fleet.folder / "podman")
    try:
        yield engine.start()
    finally:
        for node in own_fleet.nodes:
            node.remove()
        engine.remove()


@pytest.fixture
def registry(own_fleet):
    registry = Registry(own_fleet.folder / "registry")
    yield registry
    registry.close()


@pytest.fixture
def node(own_fleet, engine, registry):
    """Its registry is spoken to without TLS."""
    node = own_fleet.node(start=False)
    config = node.folder / "agent.json"
    config.write_text(json.dumps({"registries": {registry.name: {"plainHttp": True}}}))
    node.options = ["--engine", str(engine.socket), "--config", str(config)]
    return node.start()


def pod(image, name="web", **container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "app", "image": image, **container}]}}


def push(registry, tag, size=MEGABYTE, **options):
    """An image that sleeps, with a layer of its own of that size."""
    payload = random.Random(tag).randbytes(size)
    return registry.push("team/app", tag, [busybox_layer(), layer_of({"data": payload})], **options)


def by_digest(registry, pushed):
    return f"{registry.name}/team/app@{pushed.index or pushed.manifest}"


def runs(engine, image=None):
    """The container, when it runs: of that image where one is given."""
    found = engine.containers().get("hf.default.web.app")
    return found if found and found[2] == "running" and (image is None or found[1].endswith(image)) else None


def image_id(pushed):
    return pushed.config.removeprefix("sha256:")


def health(node, app):
    return (node.resource(app.name, "Pod/web") or {}).get("message", "")


def test_a_new_image_is_pulled_while_the_old_one_runs(own_fleet, node, engine, registry):
    old, new = push(registry, "1", index=True), push(registry, "2", size=2 * MEGABYTE)
    app = own_fleet.app(objects={"pod.yaml": pod(by_digest(registry, old))})
    first = until("the pod runs", lambda: runs(engine, image_id(old)))
    registry.stall_at[new.layers[1]] = MEGABYTE // 2
    app.write("pod.yaml", pod(by_digest(registry, new))).commit()
    until("it tells how far it is", lambda: re.search(r"pulling \d of \d MB", health(node, app)), 40)
    assert runs(engine)[0] == first[0], "the old one runs until the new image is there"
    registry.stall_at.clear()
    until("the new one runs", lambda: runs(engine, image_id(new)))
    names = engine.images()
    assert f"{registry.name}/team/app:hf-{new.manifest.removeprefix('sha256:')}" in names, names
    app.settled()


def test_a_pull_goes_on_at_90_percent_through_a_kill_of_the_agent(own_fleet, node, engine, registry):
    pushed = push(registry, "1", size=4 * MEGABYTE)
    layer = pushed.layers[1]
    size = registry.size(layer)
    part = node.data / "images/blobs/sha256" / (layer.removeprefix("sha256:") + ".part")
    registry.stall_at[layer] = size * 9 // 10
    app = own_fleet.app()
    app.write("pod.yaml", pod(by_digest(registry, pushed))).commit(sync=False)
    app.create()
    until("90 % are there", lambda: part.exists() and part.stat().st_size >= size * 9 // 10 - 16_384, 60)
    node.kill()
    kept = part.stat().st_size
    registry.stall_at.clear()
    node.start()
    until("the pod runs", lambda: runs(engine, image_id(pushed)), 60)
    assert registry.asked(layer)[-1]["Range"] == f"bytes={kept}-{size - 1}"
    assert registry.sent[layer] < size + 200_000, "what was there was not sent again"


def test_a_wrong_digest_never_runs(own_fleet, node, engine, registry):
    good, bad = push(registry, "1"), push(registry, "2")
    app = own_fleet.app(objects={"pod.yaml": pod(by_digest(registry, good))})
    first = until("the pod runs", lambda: runs(engine, image_id(good)))
    registry.wrong.add(bad.layers[1])
    app.write("pod.yaml", pod(by_digest(registry, bad))).commit()
    until("it says so", lambda: bad.layers[1].removeprefix("sha256:") in json.dumps(node.status()), 60)
    holds("the old one runs on", lambda: runs(engine) and runs(engine)[0] == first[0], 2)
    assert not any("hf-" + bad.manifest.removeprefix("sha256:") in name for name in engine.images())


def test_another_architecture_is_told_and_nothing_is_touched(own_fleet, node, engine, registry):
    good, bad = push(registry, "1"), push(registry, "2", arch="s390x")
    app = own_fleet.app(objects={"pod.yaml": pod(by_digest(registry, good))})
    first = until("the pod runs", lambda: runs(engine, image_id(good)))
    app.write("pod.yaml", pod(by_digest(registry, bad))).commit()
    until("it says so", lambda: "linux/s390x" in json.dumps(node.status()), 60)
    assert runs(engine)[0] == first[0]


def test_what_was_pulled_runs_without_the_registry(own_fleet, node, engine, registry):
    pushed = push(registry, "1")
    app = own_fleet.app(objects={"pod.yaml": pod(f"{registry.name}/team/app:1")})
    first = until("the pod runs", lambda: runs(engine, image_id(pushed)))
    registry.close()
    node.stop()
    engine.podman("rm", "--force", "--time", "0", "hf.default.web.app")
    node.start()
    again = until("it runs again", lambda: runs(engine, image_id(pushed)))
    assert again[0] != first[0]
    app.settled()


def sealed(fleet, name, config):
    """A Secret with the credentials of a registry, as it may stand in Git."""
    source = fleet.folder / "secret.json"
    source.write_text(json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"},
                                  "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": json.dumps(config)}}))
    return fleet.hub.cli("seal", "-f", str(source)).stdout


def test_a_private_registry_is_shown_what_a_sealed_secret_holds(own_fleet, node, engine, registry):
    pushed = push(registry, "1")
    registry.user = ("robot", "hunter2")
    web = pod(by_digest(registry, pushed))
    app = own_fleet.app()
    app.write("pod.yaml", web).commit(sync=False)
    app.create()
    until("it says what is missing", lambda: "imagePullSecrets" in json.dumps(node.status()), 40)
    assert not runs(engine)

    web["spec"]["imagePullSecrets"] = [{"name": "registry"}]
    config = {"auths": {registry.name: {"username": "robot", "password": "hunter2"}}}
    app.write("pod.yaml", web).write("registry.yaml", sealed(own_fleet, "registry", config)).commit()
    until("the pod runs", lambda: runs(engine, image_id(pushed)), 40)
    app.settled()
    node.stop()
    told = [file for file in node.data.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
    assert not told and "hunter2" not in node.agent.log.read_text(), told


def forget_what_is_needed(node):
    """As if for a year nobody had needed any image. The agent does not run."""
    file = node.data / "images/book.json"
    book = json.loads(file.read_text())
    for image in book["images"]:
        image["unneededSince"] = 1
    text = json.dumps(book["images"], sort_keys=True, separators=(",", ":"))
    book["digest"] = hashlib.sha256(text.encode()).hexdigest()
    file.write_text(json.dumps(book, sort_keys=True, separators=(",", ":")))


@pytest.mark.long
def test_images_of_last_good_states_stay_and_others_go(own_fleet, node, engine, registry):
    first, second = push(registry, "1"), push(registry, "2")
    engine.podman("load", "--input", str(busybox.write_archive(own_fleet.folder / "foreign.tar", "foreign.test/mine:1")))
    app = own_fleet.app(objects={"pod.yaml": pod(by_digest(registry, first))})
    app.write("pod.yaml", pod(by_digest(registry, second))).push()
    ours = {name for name in engine.images() if ":hf-" in name}
    assert len(ours) == 2

    node.stop()
    forget_what_is_needed(node)
    node.start()
    book = node.data / "images/book.json"
    until("it has looked", lambda: all(image["unneededSince"] == 0 for image in json.loads(book.read_text())["images"]), 90)
    assert ours < set(engine.images()), "one runs, the other is a last good state"

    own_fleet.hub.cli("delete", "application", app.name)
    until("the application has left the node", lambda: node.section(app.name) is None, 60)
    if runs(engine):
        engine.podman("rm", "--force", "--time", "0", "hf.default.web.app")
    node.stop()
    forget_what_is_needed(node)
    node.start()
    until("they are gone", lambda: set(engine.images()) == {"foreign.test/mine:1"}, 90)
    until("and their blobs", lambda: not list((node.data / "images/blobs/sha256").iterdir()))
