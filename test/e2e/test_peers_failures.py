# SPDX-License-Identifier: Apache-2.0
"""What users of other systems suffered, one test each, by the number in the list that Holdfast keeps of them: reports in the
trackers of KubeEdge, k3s, IoT Edge, balena, Karmada, Ankaios, flightctl, Greengrass and CFEngine."""
import os
import random
import signal
import struct
import uuid

import pytest

import machine
from manifests import file, shell
from waiting import holds, until

SECONDS = 60


def counted(node, name="web", **spec):
    """A process that leaves a line in a file at each start."""
    starts = node.folder / f"{name}.starts"
    return shell(name, f'echo "$$" >> "{starts}"; exec sleep 1000', **spec), starts


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def after_a_reboot(folder):
    """A wrapper: the machine has another boot id, and no network at all."""
    boot_id = folder / "boot_id"
    boot_id.write_text(f"{uuid.uuid4()}\n")
    script = f'mount --bind "{boot_id}" /proc/sys/kernel/random/boot_id && exec "$@"'
    return ["unshare", "--mount", "--net", "sh", "-c", script, "sh"]


def test_1_workloads_run_again_after_a_reboot_offline(own_fleet):
    node = own_fleet.node()
    web, starts = counted(node)
    own_fleet.app(objects={"web.yaml": web, "a.yaml": file("a", "/etc/a", "a\n")})
    own_fleet.hub.kill()
    for number in (2, 3):
        node.kill()
        machine.end_processes_of(node.data)
        node.path("/etc/a").unlink()
        node.wrapper = after_a_reboot(node.folder)
        node.start()
        until("all is there", lambda: node.process("web") and node.text("/etc/a") == "a\n", 10)
        assert len(lines(starts)) == number, "started once by each boot"


def test_2_reconnecting_restarts_and_doubles_nothing_and_makes_up_for_a_delete_that_was_missed(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    web, starts = counted(node)
    app = own_fleet.app(objects={"web.yaml": web, "a.yaml": file("a", "/etc/a", "a\n"), "b.yaml": file("b", "/etc/b", "b\n")})
    node.put("/etc/foreign", "mine\n")
    running = node.process("web")
    for _ in range(3):
        connects = node.metrics()["holdfast_agent_connects_total"]
        os.kill(hub.broker_pid(), signal.SIGKILL)
        until("it came again", lambda: node.metrics()["holdfast_agent_connects_total"] > connects, SECONDS)
    hub.kill()
    hub.start()
    app.settled(seconds=SECONDS)
    node.kill()
    app.remove("b.yaml").commit("While it was away", sync=False)
    node.start()
    app.settled(seconds=SECONDS)
    until("what was removed meanwhile is gone", lambda: node.text("/etc/b") is None)
    assert node.process("web") == running and len(lines(starts)) == 1
    assert node.files() == {"/etc/a", "/etc/foreign"}


def test_7_healthy_is_not_said_of_what_is_not(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    flag = node.folder / "flag"
    flag.write_text("")
    ready = {"readinessProbe": {"exec": {"command": ["/usr/bin/test", "-e", str(flag)]}, "periodSeconds": 1, "failureThreshold": 1}}
    app = own_fleet.app(objects={"web.yaml": counted(node, **ready)[0]})
    flag.unlink()
    until("it is not healthy", lambda: app.status()["health"] != "Healthy")
    assert hub.cli("wait", "application", app.name, "--for", "health=Healthy", "--timeout", "1s", code=None).returncode != 0
    flag.write_text("")
    app.settled()
    node.agent.process.send_signal(signal.SIGSTOP)
    os.kill(hub.broker_pid(), signal.SIGKILL)  # so that the broker notices who is silent without the wait for its ping
    until("nothing is known of it", lambda: app.status()["health"] == "Unknown", SECONDS)
    assert app.status()["nodes"]["ready"] == 0, "nor counted as ready"
    node.agent.process.send_signal(signal.SIGCONT)
    app.settled(seconds=SECONDS)


def zero_a_page(store):
    with open(store, "r+b") as data:
        for page in range(2, max(3, store.stat().st_size // 4096)):
            data.seek(page * 4096)
            data.write(bytes(4096))


def cut_short(store):
    os.truncate(store, store.stat().st_size // 2 // 4096 * 4096 + 100)


def overwrite(store):
    store.write_bytes(os.urandom(store.stat().st_size))


def lead_astray(store):
    """Pages that look sound and point anywhere: what LMDB trusts, and may crash on."""
    anywhere = random.Random(9)
    with open(store, "r+b") as data:
        for page in range(2, store.stat().st_size // 4096):
            data.seek(page * 4096 + 16)
            data.write(anywhere.randbytes(24))


def lose_the_free_pages(store):
    """The root of LMDB's list of free pages, as the newer of its first two pages has it: all reads, nothing can be written."""
    with open(store, "r+b") as data:
        metas = [struct.unpack_from("<I36xQ56xQ", data.read(4096), 40) for _ in range(2)]
        size, root, _ = max(metas, key=lambda meta: meta[2])
        data.seek(root * size)
        data.write(bytes(size))


def empty(store):
    os.truncate(store, 0)


def gone(store):
    store.unlink()


def lose_the_key(store):
    store.with_name("store-key").unlink()


@pytest.mark.parametrize("damage", [zero_a_page, cut_short, overwrite, lead_astray, lose_the_free_pages, empty, gone, lose_the_key], ids=lambda function: function.__name__)
@pytest.mark.parametrize("offline", [True, False], ids=["offline", "online"])
def test_9_a_damaged_store_is_rebuilt_and_nothing_is_restarted_or_deleted(own_fleet, damage, offline):
    node = own_fleet.node()
    web, starts = counted(node)
    app = own_fleet.app(objects={"web.yaml": web, "a.yaml": file("a", "/etc/a", "a\n")})
    node.put("/etc/foreign", "mine\n")
    running = node.process("web")
    if offline:
        own_fleet.hub.kill()
        os.kill(own_fleet.hub.broker_pid(), signal.SIGKILL)
    node.kill()
    damage(node.data / "store")
    node.start()
    assert node.process("web") == running
    if offline:
        holds("all that was there stays", lambda: node.process("web") == running and
              node.files() == {"/etc/a", "/etc/foreign"}, 2)
        own_fleet.hub.start()
    app.settled(seconds=SECONDS)
    assert node.process("web") == running and len(lines(starts)) == 1
    app.remove("a.yaml").push(seconds=SECONDS)
    until("what Git no longer says goes, though the store was lost", lambda: node.files() == {"/etc/foreign"})


def test_9_a_store_that_is_damaged_while_the_agent_runs_is_rebuilt_without_a_person(own_fleet):
    node = own_fleet.node()
    web, starts = counted(node)
    app = own_fleet.app(objects={"web.yaml": web, "a.yaml": file("a", "/etc/a", "a\n")})
    running = node.process("web")
    lose_the_free_pages(node.data / "store")
    app.write("b.yaml", file("b", "/etc/b", "b\n")).push(seconds=SECONDS)
    assert node.text("/etc/b") == "b\n"
    assert (node.data / "store.corrupt-1").exists()
    assert node.process("web") == running and len(lines(starts)) == 1
