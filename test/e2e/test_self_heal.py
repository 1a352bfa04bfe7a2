# SPDX-License-Identifier: Apache-2.0
"""Drift is healed by events, with and without a hub, and only what drifted is touched."""
import os
import signal

from manifests import file, shell
from waiting import holds, until


def stat_of(node, path):
    try:
        return node.path(path).stat()
    except FileNotFoundError:
        return None


def test_a_file_changed_by_hand_is_put_back_and_its_neighbour_is_not_touched(fleet):
    node = fleet.node()
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "as git says\n"), "b.yaml": file("b", "/etc/b", "b\n")})
    before = stat_of(node, "/etc/b")
    node.path("/etc/a").write_text("by hand\n")
    until("it is put back", lambda: node.text("/etc/a") == "as git says\n", 5)
    after = stat_of(node, "/etc/b")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    until("the hub heard of it", lambda: fleet.hub.events("DriftHealed", node.name))


def test_a_file_appended_to_and_one_replaced_by_rename_are_put_back(fleet):
    node = fleet.node()
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n"), "b.yaml": file("b", "/etc/b", "b\n")})
    with node.path("/etc/a").open("a") as handle:
        handle.write("more\n")
    node.put("/etc/b.new", "swapped\n")
    node.path("/etc/b.new").rename(node.path("/etc/b"))
    until("both are put back", lambda: (node.text("/etc/a"), node.text("/etc/b")) == ("a\n", "b\n"), 5)


def test_a_chmod_is_put_back(fleet):
    node = fleet.node()
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n", mode="0640")})
    os.chmod(node.path("/etc/a"), 0o666)
    until("the mode is put back", lambda: stat_of(node, "/etc/a").st_mode & 0o7777 == 0o640, 5)


def test_a_file_deleted_by_hand_is_put_back_and_so_is_its_folder(fleet):
    node = fleet.node()
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n"), "b.yaml": file("b", "/opt/tool/etc/b", "b\n")})
    node.path("/etc/a").unlink()
    until("the file is back", lambda: node.text("/etc/a") == "a\n", 5)
    # In one step: taken away piece by piece, it would be put back in between.
    node.path("/opt/tool").rename(fleet.folder / "taken-away")
    until("the file and its folders are back", lambda: node.text("/opt/tool/etc/b") == "b\n", 5)


def test_a_symlink_in_the_place_of_a_file_is_replaced_and_never_followed(fleet):
    node = fleet.node()
    outside = fleet.folder / "outside"
    outside.write_text("precious\n")
    fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")})
    link = fleet.folder / "link"
    link.symlink_to(outside)
    link.replace(node.path("/etc/a"))
    until("it is a file again", lambda: not node.path("/etc/a").is_symlink() and node.text("/etc/a") == "a\n", 5)
    assert outside.read_text() == "precious\n"


def test_a_process_killed_by_hand_is_put_back_at_once(fleet):
    node = fleet.node()
    fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000"), "other.yaml": shell("other", "exec sleep 1000")})
    other = node.process("other")
    killed = node.kill_process("web")
    until("it runs again", lambda: (node.process("web") or (killed,))[0] != killed, 5)
    assert node.process("other") == other


def test_a_process_ended_with_its_shim_is_put_back(fleet):
    node = fleet.node()
    fleet.app(objects={"web.yaml": shell("web", "exec sleep 1000")})
    before = node.process("web")
    shim = int(node.run_record("web")["shim"].split()[0])
    os.kill(shim, signal.SIGKILL)
    holds("the workload outlives its shim", lambda: node.process("web") == before, 0.5)
    node.kill_process("web")
    until("it runs again", lambda: node.process("web") not in (None, before), 10)


def test_without_self_heal_drift_is_shown_and_left_alone(fleet):
    node = fleet.node()
    app = fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")}, selfHeal=False)
    node.path("/etc/a").write_text("by hand\n")
    until("it is shown", lambda: node.resource(app.name, "File/a")["sync"] == "OutOfSync", 5)
    until("the hub shows it", lambda: app.status()["sync"] == "OutOfSync")
    assert node.text("/etc/a") == "by hand\n"


def test_drift_is_healed_while_the_broker_is_away(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n"), "web.yaml": shell("web", "exec sleep 1000")})
    os.kill(own_fleet.hub.broker_pid(), signal.SIGSTOP)
    try:
        node.path("/etc/a").write_text("by hand\n")
        killed = node.kill_process("web")
        until("the file is put back", lambda: node.text("/etc/a") == "a\n", 5)
        until("the process is put back", lambda: (node.process("web") or (killed,))[0] != killed, 5)
    finally:
        os.kill(own_fleet.hub.broker_pid(), signal.SIGCONT)
    os.kill(own_fleet.hub.broker_pid(), signal.SIGKILL)
    app.write("a.yaml", file("a", "/etc/a", "after\n")).push(seconds=60)
    assert node.text("/etc/a") == "after\n"


def test_drift_is_healed_while_the_hub_is_away_and_the_next_commit_arrives_when_it_is_back(own_fleet):
    node = own_fleet.node()
    app = own_fleet.app(objects={"a.yaml": file("a", "/etc/a", "a\n")})
    own_fleet.hub.stop()
    node.path("/etc/a").write_text("by hand\n")
    until("it is put back", lambda: node.text("/etc/a") == "a\n", 5)
    own_fleet.hub.start()
    app.settled(seconds=40)
    app.write("a.yaml", file("a", "/etc/a", "after\n")).push(seconds=40)
