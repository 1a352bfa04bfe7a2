# SPDX-License-Identifier: Apache-2.0
"""The way to the hub: one port for API and MQTT, told apart by what a client offers (ALPN), and a node's profile."""
import os
import socket
import ssl
import subprocess
from pathlib import Path

from waiting import until


def publishes(node, port, *options):
    """mosquitto_pub as the node, to this port."""
    return subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "--insecure", "-V", "5",
                           "--cafile", str(node.data / "ca.crt"), "--cert", str(node.data / "node.crt"),
                           "--key", str(node.data / "node.key"), "-i", node.uid, "-q", "1",
                           "-t", f"{node.topic}/up", "-m", "x", *options], capture_output=True, text=True, timeout=30)


def listening_ports(pid):
    """Ports of 127.0.0.1 that this process listens on."""
    own = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.exists() or entry.is_symlink()}
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own}


def test_mqtt_goes_through_the_hubs_own_port(own_fleet):
    node, hub = own_fleet.node(), own_fleet.hub
    until("it is connected", lambda: node.status()["connected"])
    node.stop()  # one client with its name at a time
    done = publishes(node, hub.port, "--tls-alpn", "mqtt")
    assert done.returncode == 0, done.stderr
    assert publishes(node, hub.port).returncode != 0, "who offers nothing has come to the API"
    assert hub.is_ready()


def test_what_is_no_tls_is_closed_and_the_silent_wait_alone(own_fleet):
    hub = own_fleet.hub
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert plain.recv(100) == b""
    silent = [socket.create_connection(("127.0.0.1", hub.port), timeout=20) for _ in range(200)]
    assert hub.is_ready(), "they keep nobody out"
    silent[0].settimeout(20)
    assert silent[0].recv(1) == b"", "10 s for a ClientHello"
    for one in silent:
        one.close()


def test_the_api_behind_the_port_answers_nobody_who_comes_by_another_way(own_fleet):
    hub = own_fleet.hub
    inner = listening_ports(hub.daemon.pid) - {hub.port}
    assert inner, "the API's own port"
    trusts_all = ssl._create_unverified_context()
    for port in inner:
        with trusts_all.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
            connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b" 403 " in connection.recv(1000).splitlines()[0]


def test_a_frugal_node_is_held_like_any_other(own_fleet):
    node = own_fleet.node(start=False)
    node.options = ["--profile", "frugal"]
    node.start()
    until("it is connected", lambda: node.status()["connected"])
    node.stop()
    wrong = node.command("run", "--profile", "lavish")
    assert wrong.returncode != 0 and "prompt and frugal" in wrong.stderr


def test_one_address_does_not_take_all_the_places_of_the_api(own_fleet):
    hub = own_fleet.hub
    context = ssl._create_unverified_context()  # whose door this is does not matter here
    held, turned_away = [], 0
    try:
        for _ in range(40):
            line = socket.create_connection(("127.0.0.1", hub.port), 5, source_address=("127.0.0.2", 0))
            try:
                held.append(context.wrap_socket(line))
            except OSError:
                turned_away += 1
        assert len(held) == 32 and turned_away == 8
        assert hub.is_ready(), "another address is served"
    finally:
        for line in held:
            line.close()
    until("and then the first one again", lambda: is_served(hub, "127.0.0.2"), 10)


def is_served(hub, source):
    line = socket.create_connection(("127.0.0.1", hub.port), 5, source_address=(source, 0))
    try:
        with ssl._create_unverified_context().wrap_socket(line):
            return True
    except OSError:
        return False
