# SPDX-License-Identifier: Apache-2.0
"""What happens to the way between node and hub, and what it costs while there is none. A node that cannot connect asks
again after a random part of a window of seconds, so these tests wait for minutes at the most, and mostly less."""
import contextlib
import json
import os
import signal
import socket
import threading
import time

import pytest

import machine
from fleet import Fleet
from hub import Hub
from manifests import file
from network import MachineAddress, Network
from waiting import until

SECONDS = 60
CPU_SHARE_MAX = 0.01
CPU_WATCHED_SECONDS = 10


def connected(node):
    return node.metrics()["holdfast_agent_connected"] == 1


def reconnects(node):
    until("it is connected again", lambda: connected(node), SECONDS)


@contextlib.contextmanager
def costs_next_to_nothing(node):
    """The agent's share of one core within, and for as long as it takes to tell."""
    begin, before = time.monotonic(), node.cpu_seconds()
    yield
    time.sleep(max(0.0, CPU_WATCHED_SECONDS - (time.monotonic() - begin)))
    share = (node.cpu_seconds() - before) / (time.monotonic() - begin)
    assert share <= CPU_SHARE_MAX, f"{share:.2%} of a core"


@contextlib.contextmanager
def mute_server(*ports):
    """Accepts whoever comes, and never says a word."""
    listeners, held = [], []

    def accept(listener):
        with contextlib.suppress(OSError):
            while True:
                held.append(listener.accept()[0])

    for port in ports:
        listener = socket.create_server(("127.0.0.1", port))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
    try:
        yield held
    finally:
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in held:
            connection.close()


@pytest.fixture
def joined(own_fleet):
    node = own_fleet.node()
    until("it is connected", lambda: connected(node))
    return node


def stop_all(hub):
    hub.stop()
    pid = hub.broker_pid()
    if pid:
        os.kill(pid, signal.SIGKILL)
        until("the broker is gone", lambda: not machine.is_alive(pid))


def test_a_broker_that_is_killed_under_tls_is_found_again(own_fleet, joined):
    for _ in range(3):
        before = joined.metrics()["holdfast_agent_connects_total"]
        os.kill(own_fleet.hub.broker_pid(), signal.SIGKILL)
        until("it has come again", lambda: joined.metrics()["holdfast_agent_connects_total"] > before, SECONDS)
        reconnects(joined)


def broker_shim(hub):
    folder = str(hub.data / "run/broker").encode()
    for pid in machine.pids():
        words = machine.command_of(pid)
        if words and words[0].endswith(b"holdfast-shim") and folder in words:
            return pid
    return None


@pytest.mark.parametrize("hub_runs", [True, False])
def test_a_broker_that_lost_its_shim_is_ended_and_started_anew(own_fleet, joined, hub_runs):
    hub = own_fleet.hub
    broker, before = hub.broker_pid(), joined.metrics()["holdfast_agent_connects_total"]
    if not hub_runs:
        hub.stop()
    os.kill(broker_shim(hub), signal.SIGKILL)
    if not hub_runs:
        hub.start()
    until("another broker runs under a shim", lambda: hub.broker_pid() not in (None, broker) and broker_shim(hub), 20)
    assert not machine.is_alive(broker)
    until("it has come again", lambda: joined.metrics()["holdfast_agent_connects_total"] > before, SECONDS)
    reconnects(joined)
    assert "runs already" not in hub.daemon.log.read_text()


def test_a_closed_port_costs_next_to_nothing_and_is_tried_again(own_fleet, joined):
    stop_all(own_fleet.hub)
    until("it has noticed", lambda: not connected(joined))
    with costs_next_to_nothing(joined):
        pass
    own_fleet.hub.start()
    reconnects(joined)


def test_a_broker_that_accepts_and_says_nothing_is_given_up(own_fleet, joined):
    hub = own_fleet.hub
    stop_all(hub)
    with mute_server(hub.broker_port, hub.port) as held:
        with costs_next_to_nothing(joined):
            until("it was given up and tried again", lambda: len(held) >= 2, SECONDS)
        assert not connected(joined)
    hub.start()
    reconnects(joined)


def test_a_frozen_broker_is_given_up_when_it_comes_back_all_goes_on(own_fleet, joined):
    app = own_fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")})
    broker = own_fleet.hub.broker_pid()
    os.kill(broker, signal.SIGSTOP)
    try:
        with costs_next_to_nothing(joined):
            app.write("a.yaml", file("a", "/etc/a", "b\n")).commit()
    finally:
        os.kill(broker, signal.SIGCONT)
    app.settled(seconds=SECONDS)
    assert joined.text("/etc/a") == "b\n"


def with_hosts(hosts):
    """A wrapper: the program sees this file as /etc/hosts."""
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh"]


def test_a_name_that_cannot_be_resolved_costs_next_to_nothing_and_is_asked_again():
    folder = machine.new_folder()
    unknown, known = "127.0.0.1 localhost\n", "127.0.0.1 localhost hub.holdfast.test\n"
    hosts, always = folder / "hosts", folder / "hosts.always"
    hosts.write_text(known)
    always.write_text(known)
    hub = Hub(folder, "--poll", "5s", "--advertise", "hub.holdfast.test")
    hub.client_wrapper = with_hosts(always)
    fleet = Fleet(hub, folder, "dns")
    try:
        hub.start()
        node = fleet.node(start=False, enroll_wrapper=with_hosts(hosts))
        hosts.write_text(unknown)
        node.wrapper = with_hosts(hosts)
        node.start()
        with costs_next_to_nothing(node):
            until("it says why", lambda: "hub.holdfast.test" in node.agent.log.read_text(), SECONDS)
        assert not connected(node)
        hosts.write_text(known)
        reconnects(node)
    finally:
        fleet.remove()
        hub.remove()
        machine.remove_folder(folder)


@pytest.fixture
def behind_a_proxy():
    """(fleet, proxy's address, its log, wrapper): a hub that a node's network does not reach, and tinyproxy between."""
    folder = machine.new_folder()
    hub = Hub(folder, "--poll", "5s")
    fleet = Fleet(hub, folder, "proxy")
    configuration = folder / "tinyproxy.conf"
    log = folder / "tinyproxy.log"
    port = machine.free_port()
    proxy = machine.Daemon("tinyproxy", ["tinyproxy", "-d", "-c", str(configuration)], folder / "tinyproxy.out")
    with MachineAddress() as address, Network() as network:
        hub.address = address.ip
        configuration.write_text(f'Port {port}\nListen {network.machine_ip}\nTimeout 600\nMaxClients 50\nLogFile "{log}"\n'
                                 f'LogLevel Info\nAllow {network.ip}\nBasicAuth robot s3cret\n')
        try:
            hub.start()
            proxy.start()
            yield fleet, f"{network.machine_ip}:{port}", log, network.inside
        finally:
            fleet.remove()
            hub.remove()
            proxy.kill()
            machine.remove_folder(folder)


def test_a_node_whose_only_way_out_is_a_proxy_enrols_connects_and_holds(behind_a_proxy):
    fleet, proxy, log, inside = behind_a_proxy
    ways = {"none": "none", "unknown": f"http://{proxy}", "wrong": f"http://robot:wrong@{proxy}"}
    refused = {}
    for name, way in ways.items():
        with pytest.raises(AssertionError) as failure:
            fleet.node(name, start=False, enroll_wrapper=inside, enroll_options=["--proxy", way])
        refused[name] = str(failure.value)
    assert "407" in refused["wrong"] or "401" in refused["wrong"], refused
    assert "wrong@" not in refused["wrong"], "no secret is repeated"
    way = f"http://robot:s3cret@{proxy}"
    config = fleet.folder / "agent.json"
    config.write_text(json.dumps({"proxy": way}))
    node = fleet.node(start=False, enroll_wrapper=inside, enroll_options=["--config", str(config)])
    node.wrapper = inside
    node.options = ["--config", str(config)]
    node.start()
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "through\n")})
    assert node.text("/etc/a") == "through\n"
    assert f"CONNECT {fleet.hub.address}:" in log.read_text()
    assert "s3cret" not in node.agent.log.read_text()
