# SPDX-License-Identifier: Apache-2.0
"""What the pulling child makes of a registry, and of what may be wrong with one: goes on where it broke off, believes no byte
that is not of the digest, and tells nobody what is for the registry alone."""
import json
import random
import signal
import subprocess
import time

import pytest

import machine
from registry import Registry, architecture, layer_of
from waiting import until

MEGABYTE = 1_000_000


@pytest.fixture
def folder():
    folder = machine.new_folder()
    yield folder
    machine.remove_folder(folder)


@pytest.fixture
def registry(folder):
    registry = Registry(folder / "registry")
    yield registry
    registry.close()


def payload(size, seed=1):
    """Bytes that do not pack."""
    return random.Random(seed).randbytes(size)


def one_layer(registry, size=2 * MEGABYTE, **options):
    return registry.push("team/app", "1", [layer_of({"data": payload(size)})], **options)


class Pull:
    """The child, as the agent starts it."""

    def __init__(self, folder, registry, image=None, **job):
        self.store = folder / "images/blobs/sha256"
        self.job = {"architecture": architecture(), "image": f"{image or registry.name + '/team/app:1'}", "os": "linux",
                    "plain": not registry.ca_file, "rate": "0", "store": str(self.store), **job}
        if registry.ca_file:
            self.job.setdefault("caFile", str(registry.ca_file))
        self.process = None

    def start(self, wrapper=()):
        self.process = subprocess.Popen([*wrapper, machine.program("holdfast-agent"), "pull-image"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={})
        self.process.stdin.write(json.dumps(self.job).encode())
        self.process.stdin.close()
        return self

    def end(self, seconds=30):
        said = self.process.stdout.read().decode().splitlines()
        self.process.wait(seconds)
        return [json.loads(line) for line in said]

    def run(self, **options):
        """Its last word."""
        return self.start(**options).end()[-1]

    def size(self, digest, suffix=""):
        try:
            return (self.store / (digest.removeprefix("sha256:") + suffix)).stat().st_size
        except FileNotFoundError:
            return None


def test_an_image_is_fetched_by_tag_and_by_digest(folder, registry):
    pushed = one_layer(registry, index=True)
    pull = Pull(folder, registry)
    done = pull.run()
    assert (done["manifest"], done["asked"], done["config"]) == tuple(
        digest.removeprefix("sha256:") for digest in (pushed.manifest, pushed.index, pushed.config)), done
    assert pull.size(pushed.layers[0]) == registry.size(pushed.layers[0])
    before = registry.sent[pushed.layers[0]]
    again = Pull(folder, registry, f"{registry.name}/team/app@{pushed.index}").run()
    assert again["manifest"] == done["manifest"] and registry.sent[pushed.layers[0]] == before, "fetched once"


def test_a_connection_that_is_cut_at_90_percent_goes_on_there(folder, registry):
    pushed = one_layer(registry)
    layer, size = pushed.layers[0], registry.size(pushed.layers[0])
    registry.cut_at[layer] = size * 9 // 10
    done = Pull(folder, registry).run()
    assert "manifest" in done, done
    assert [asked.get("Range") for asked in registry.asked(layer)] == [None, f"bytes={size * 9 // 10}-{size - 1}"]
    assert registry.sent[layer] == size


def test_a_pull_that_is_killed_at_90_percent_goes_on_there(folder, registry):
    pushed = one_layer(registry)
    layer, size = pushed.layers[0], registry.size(pushed.layers[0])
    registry.stall_at[layer] = size * 9 // 10
    pull = Pull(folder, registry).start()
    until("90 % are there", lambda: (pull.size(layer, ".part") or 0) >= size * 9 // 10 - 16_384)
    pull.process.send_signal(signal.SIGKILL)
    pull.end()
    kept = pull.size(layer, ".part")
    registry.stall_at.clear()
    assert "manifest" in Pull(folder, registry).run()
    assert registry.asked(layer)[-1]["Range"] == f"bytes={kept}-{size - 1}"


@pytest.mark.parametrize("spoil", ["longer", "other bytes", "whole and wrong"])
def test_what_a_power_cut_left_is_not_believed(folder, registry, spoil):
    pushed = one_layer(registry)
    layer, size = pushed.layers[0], registry.size(pushed.layers[0])
    pull = Pull(folder, registry)
    pull.store.mkdir(parents=True)
    name = layer.removeprefix("sha256:")
    left = {"longer": (name + ".part", b"x" * (size + 1)), "other bytes": (name + ".part", bytes(size // 2)),
            "whole and wrong": (name, bytes(size))}
    file, content = left[spoil]
    (pull.store / file).write_bytes(content)
    assert "manifest" in pull.run()
    assert pull.size(layer) == size and pull.size(layer, ".part") is None


def test_a_registry_without_ranges_does_not_cost_what_is_there(folder, registry):
    pushed = one_layer(registry)
    registry.ranges = False
    registry.cut_at[pushed.layers[0]] = MEGABYTE
    assert "manifest" in Pull(folder, registry).run()


def test_a_registry_that_sends_another_range_is_asked_for_all_of_it(folder, registry):
    pushed = one_layer(registry)
    registry.cut_at[pushed.layers[0]] = MEGABYTE
    registry.ranges = "wrong"
    assert "manifest" in Pull(folder, registry).run()
    assert [asked.get("Range") for asked in registry.asked(pushed.layers[0])] == [None, f"bytes={MEGABYTE}-{registry.size(pushed.layers[0]) - 1}", None]


@pytest.mark.parametrize("which", ["layer", "config", "manifest"])
def test_wrong_bytes_are_refused_and_not_kept(folder, registry, which):
    pushed = one_layer(registry, size=100_000)
    digest = {"layer": pushed.layers[0], "config": pushed.config, "manifest": pushed.manifest}[which]
    registry.wrong.add(digest)
    pull = Pull(folder, registry, f"{registry.name}/team/app@{pushed.manifest}")
    failed = pull.run()
    assert failed["code"] == "Corrupt", failed
    assert digest.removeprefix("sha256:") in failed["message"], failed
    assert pull.size(digest) is None
    registry.wrong.clear()
    assert "manifest" in pull.run()


@pytest.mark.parametrize("index", [False, True])
def test_another_architecture_is_refused_before_its_layers(folder, registry, index):
    pushed = one_layer(registry, arch="s390x", index=index)
    failed = Pull(folder, registry).run()
    assert failed["code"] == "Unsupported" and "linux/s390x" in failed["message"], failed
    assert pushed.layers[0] not in registry.sent


def test_an_image_that_the_engine_has_is_not_fetched(folder, registry):
    pushed = one_layer(registry)
    done = Pull(folder, registry, present=[pushed.config.removeprefix("sha256:")]).run()
    assert done["inEngine"] and pushed.layers[0] not in registry.sent


def test_the_rate_is_held(folder, registry):
    one_layer(registry, size=600_000)
    begin = time.monotonic()
    said = Pull(folder, registry, rate="300000").start().end()
    assert "manifest" in said[-1]
    assert time.monotonic() - begin > 1.5
    assert [word for word in said if "bytes" in word], "it tells how far it is"


def test_without_room_not_a_byte_is_fetched(folder, registry):
    pushed = one_layer(registry, size=4 * MEGABYTE)
    disk = folder / "disk"
    disk.mkdir()
    mounted = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=66m none {disk} && exec "$0" "$@"']
    pull = Pull(folder, registry, store=str(disk / "images/blobs/sha256"))
    failed = pull.run(wrapper=mounted)
    assert failed["code"] == "NoSpace", failed
    assert "no room for it" in failed["message"] and pushed.layers[0] not in registry.sent, failed


# ---- who may ----


def test_a_token_is_got_and_shown(folder, registry):
    one_layer(registry)
    registry.user = ("robot", "secret")
    failed = Pull(folder, registry).run()
    assert failed["code"] == "Permission" and "imagePullSecrets" in failed["message"], failed
    assert "manifest" in Pull(folder, registry, user="robot", password="secret").run()
    assert registry.asked("/token")[-1]["Authorization"].startswith("Basic ")


def test_anonymous_tokens_are_got_too(folder, registry):
    one_layer(registry)
    registry.user = ()
    assert "manifest" in Pull(folder, registry).run()


def test_basic_is_spoken(folder, registry):
    one_layer(registry)
    registry.basic = ("robot", "secret")
    assert Pull(folder, registry).run()["code"] == "Permission"
    failed = Pull(folder, registry, user="robot", password="wrong").run()
    assert failed["code"] == "Permission" and "wrong" not in failed["message"]
    assert "manifest" in Pull(folder, registry, user="robot", password="secret").run()


def test_where_a_blob_is_redirected_nobody_sees_a_credential(folder, registry):
    pushed = one_layer(registry)
    other = Registry(folder / "other")
    try:
        registry.basic = ("robot", "secret")
        registry.redirect = other.url
        for file in registry.folder.iterdir():
            if file.is_file():
                (other.folder / file.name).write_bytes(file.read_bytes())
        assert "manifest" in Pull(folder, registry, user="robot", password="secret").run()
        seen = other.asked("/elsewhere/")
        assert seen and all("Authorization" not in headers for headers in seen), seen
        assert registry.asked(pushed.layers[0])[-1]["Authorization"].startswith("Basic ")
    finally:
        other.close()


@pytest.mark.parametrize("status,code", [(429, "Unavailable"), (503, "Unavailable"), (404, "NotFound"), (403, "Permission")])
def test_a_refusal_has_a_name(folder, registry, status, code):
    one_layer(registry)
    registry.refuse = [(status, {"Retry_After": "42"})]
    failed = Pull(folder, registry).run()
    assert failed["code"] == code, failed
    assert f"HTTP status {status}" in failed["message"] and failed["retryAfterS"] == 42, failed


def test_tls_is_believed_by_the_ca_that_is_named_and_by_no_other(folder):
    registry = Registry(folder / "tls", tls=True)
    try:
        one_layer(registry)
        assert "manifest" in Pull(folder, registry).run()
        failed = Pull(folder, registry, caFile="").run()
        assert failed["code"] == "Unavailable" and "not believed" in failed["message"], failed
        failed = Pull(folder, registry, image=f"127.0.0.1:{registry.port}/team/app:1").run()
        assert failed["code"] == "Unavailable", failed
    finally:
        registry.close()


def test_a_registry_that_is_not_there_is_unavailable(folder, registry):
    one_layer(registry)
    registry.close()
    assert Pull(folder, registry).run()["code"] == "Unavailable"


def test_it_dies_with_who_started_it(folder, registry):
    pushed = one_layer(registry)
    registry.stall_at[pushed.layers[0]] = 100
    pull = Pull(folder, registry)
    (folder / "job").write_text(json.dumps(pull.job))
    command = f"{machine.program('holdfast-agent')} pull-image < {folder}/job & echo $!; exec sleep 100"
    agent = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, text=True)
    child = int(agent.stdout.readline())
    until("it fetches", lambda: pull.size(pushed.layers[0], ".part") is not None)
    agent.kill()
    agent.wait()
    until("it is gone", lambda: not machine.is_alive(child))
