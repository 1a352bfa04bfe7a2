# SPDX-License-Identifier: Apache-2.0
"""Units on a real systemd: installed, enabled and started with one daemon-reload; restarted for a reason and no other;
healed, rolled back, given back; and the agent's death is nothing to them."""
import pytest

from manifests import config_map, file, unit
from systemd_machine import SystemdMachine
from waiting import holds, until

INSTALL = "\n[Install]\nWantedBy=multi-user.target\n"


def service(command, more=""):
    return f"[Unit]\nDescription=of a test\n[Service]\nExecStart={command}\n{more}{INSTALL}"


SLEEPS = service("/bin/sleep infinity")


@pytest.fixture(scope="module")
def systemd():
    import machine

    folder = machine.new_folder()
    there = SystemdMachine(folder / "machine").start()
    try:
        yield there
    finally:
        there.remove()
        machine.remove_folder(folder)


@pytest.fixture
def node(fleet, systemd):
    """Its files are the machine's, and so are its units."""
    node = fleet.node(start=False)
    node.root = systemd.root
    node.options = ["--system-bus", systemd.bus]
    node.start()
    yield node


def healthy(node, application, brief):
    resource = node.resource(application, brief)
    return resource is not None and (resource["sync"], resource["health"]) == ("Synced", "Healthy")


def test_a_unit_is_installed_enabled_started_and_pruned(fleet, systemd, node):
    before = systemd.reads()
    app = fleet.app(objects={"a.yaml": [unit("a", "hf-a.service", SLEEPS), unit("b", "hf-b.service", SLEEPS),
                                        unit("c", "hf-c.service", SLEEPS), file("motd", "/etc/motd-a", "a\n")]})
    assert systemd.reads() == before + 1, "one daemon-reload for all"
    for name in ("hf-a.service", "hf-b.service", "hf-c.service"):
        assert systemd.is_active(name) and systemd.is_enabled(name)
    app.remove("a.yaml").write("b.yaml", file("motd", "/etc/motd-a", "b\n")).push("Remove the units")
    assert not systemd.is_active("hf-a.service")
    until("its file is gone", lambda: node.text("/etc/systemd/system/hf-a.service") is None)
    until("systemd has forgotten it", lambda: systemd.shows("hf-a.service", "LoadState") == "not-found")
    assert not (systemd.root / "etc/systemd/system/multi-user.target.wants/hf-a.service").is_symlink()


def test_other_content_and_keys_of_restart_on_restart_it_and_nothing_else_does(fleet, systemd, node):
    def objects(content=SLEEPS, fps="10", enabled=True):
        return [config_map("settings", fps=fps),
                unit("r", "hf-r.service", content, enabled=enabled, restartOn=["ConfigMap/settings"])]

    def pid():
        return systemd.shows("hf-r.service", "MainPID")

    app = fleet.app(objects={"a.yaml": objects()})
    first = pid()
    app.write("a.yaml", objects(enabled=False)).push("Not enabled any more")
    assert pid() == first and not systemd.is_enabled("hf-r.service")
    app.write("a.yaml", objects(fps="20", enabled=False)).push("Another setting")
    second = pid()
    assert second not in (first, "0")
    app.write("a.yaml", objects(content=service("/bin/sleep 100000"), fps="20")).push("Another command")
    third = pid()
    assert third not in (second, "0")
    assert "100000" in systemd.run("cat", f"/proc/{third}/cmdline").stdout
    node.kill()
    node.start()
    until("it is adopted", lambda: healthy(node, app.name, "Unit/r"))
    holds("it is not restarted", lambda: pid() == third, 3)


def test_what_hands_do_is_put_right(fleet, systemd, node):
    fleet.app(objects={"a.yaml": unit("h", "hf-h.service", SLEEPS)})
    systemd.systemctl("stop", "hf-h.service")
    until("it is started", lambda: systemd.is_active("hf-h.service"), 10)
    systemd.systemctl("disable", "hf-h.service")
    until("it is enabled", lambda: systemd.is_enabled("hf-h.service"), 20)
    pid = systemd.shows("hf-h.service", "MainPID")
    node.path("/etc/systemd/system/hf-h.service").write_text(service("/bin/sleep 1"))
    until("its file is put back", lambda: node.text("/etc/systemd/system/hf-h.service") == SLEEPS, 10)
    until("systemd has read it", lambda: systemd.shows("hf-h.service", "NeedDaemonReload") == "no", 10)
    assert systemd.shows("hf-h.service", "MainPID") == pid


def test_a_drop_in_for_a_unit_of_the_distribution_and_its_return(fleet, systemd, node):
    name = "systemd-journald.service"
    drop_in = {"name": "10-hf.conf", "content": "[Service]\nEnvironment=HF=1\n"}
    app = fleet.app(objects={"a.yaml": [unit("d", name, dropIn=drop_in, enabled=None, state=None),
                                        file("motd", "/etc/motd-d", "a\n")]})
    assert "HF=1" in systemd.shows(name, "Environment")
    app.write("a.yaml", file("motd", "/etc/motd-d", "a\n")).push("Remove the drop-in")
    until("systemd has forgotten it", lambda: "HF=1" not in systemd.shows(name, "Environment"))
    assert systemd.is_active(name)


def test_one_that_fails_rolls_its_application_back(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": unit("f", "hf-f.service", SLEEPS)})
    for bad in (service("/bin/false"), "[Service]\nType=simple\n" + INSTALL):
        app.write("a.yaml", unit("f", "hf-f.service", bad)).commit("One that fails")
        until("it is quarantined", lambda: (node.section(app.name) or {}).get("phase") == "Quarantined", 60)
        until("the good one runs again", lambda: systemd.is_active("hf-f.service"), 30)
        assert node.text("/etc/systemd/system/hf-f.service") == SLEEPS
        app.write("a.yaml", unit("f", "hf-f.service", SLEEPS)).push("The good one")


def test_a_start_that_systemd_refuses_is_told_with_its_cause_and_not_tried_for_ever(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": file("motd", "/etc/motd-s", "a\n")})
    socket = "[Socket]\nListenStream=/run/hf-lonely\n[Install]\nWantedBy=sockets.target\n"
    revision = app.write("s.yaml", unit("s", "hf-lonely.socket", socket)).commit("A socket without its service")
    until("it is quarantined", lambda: (node.section(app.name) or {}).get("phase") == "Quarantined", 60)
    assert "systemd did not start hf-lonely.socket" in node.section(app.name)["message"]

    def told():
        messages = [one["message"] for one in app.status().get("conditions", []) if one["type"] == "Quarantined"]
        return messages and node.name in messages[0] and revision[:10] in messages[0] and "hf-lonely.socket" in messages[0]

    until("the hub names node, commit and cause", told)
    node.agent.kill()
    node.start()
    holds("nothing is said to be put right", lambda: not fleet.hub.events("DriftHealed", node.name), 3)


def test_a_condition_that_is_not_met_fails_at_once(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": unit("c", "hf-cond.service", SLEEPS)})
    app.write("a.yaml", unit("c", "hf-cond.service", service("/bin/sleep infinity") + "[Unit]\nConditionPathExists=/nowhere\n")).commit("Never")
    until("it is quarantined", lambda: (node.section(app.name) or {}).get("phase") == "Quarantined", 60)
    assert "ConditionNotMet" in node.section(app.name)["message"]
    until("the good one runs again", lambda: systemd.is_active("hf-cond.service"), 30)


def test_the_agents_death_is_nothing_to_a_unit(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": unit("k", "hf-k.service", SLEEPS)})
    pid = systemd.shows("hf-k.service", "MainPID")
    for _ in range(3):
        node.kill()
        assert systemd.is_active("hf-k.service")
        node.start()
        until("it is adopted", lambda: healthy(node, app.name, "Unit/k"))
    assert systemd.shows("hf-k.service", "MainPID") == pid
    node.kill()
    systemd.systemctl("stop", "hf-k.service")
    node.start()
    until("what was stopped meanwhile is started", lambda: systemd.is_active("hf-k.service"), 20)


def test_a_systemd_that_executes_itself_anew_is_found_again(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": unit("x", "hf-x.service", SLEEPS)})
    pid = systemd.shows("hf-x.service", "MainPID")
    systemd.systemctl("daemon-reexec")
    until("it is well", lambda: healthy(node, app.name, "Unit/x"))
    assert systemd.shows("hf-x.service", "MainPID") == pid
    systemd.systemctl("stop", "hf-x.service")
    until("it is started", lambda: systemd.is_active("hf-x.service"), 30)


def test_a_bus_that_is_started_anew_is_found_again(fleet, systemd, node):
    app = fleet.app(objects={"a.yaml": unit("y", "hf-y.service", SLEEPS)})
    pid = systemd.shows("hf-y.service", "MainPID")
    systemd.systemctl("stop", "dbus.socket", "dbus.service")
    until("it is told that nothing is known", lambda: node.resource(app.name, "Unit/y")["reason"] == "Unobservable")
    systemd.systemctl("start", "dbus.socket", "dbus.service")
    until("it is well", lambda: healthy(node, app.name, "Unit/y"))
    assert systemd.shows("hf-y.service", "MainPID") == pid
    systemd.systemctl("stop", "hf-y.service")
    until("it is started", lambda: systemd.is_active("hf-y.service"), 30)


def test_one_that_hangs_in_its_start_is_replaced_by_what_comes_next(fleet, systemd, node):
    hangs = service("/bin/sleep infinity", "Type=notify\nTimeoutStartSec=infinity\n")
    app = fleet.app("hangs", create=False)
    app.write("a.yaml", unit("g", "hf-g.service", hangs))
    fleet.git.commit("One that hangs")
    app.create()
    until("it hangs", lambda: systemd.shows("hf-g.service", "ActiveState") == "activating")
    other = fleet.app("other", objects={"a.yaml": file("o", "/etc/hf-o", "o\n")})
    assert node.text("/etc/hf-o") == "o\n", "others go on"
    app.write("a.yaml", unit("g", "hf-g.service", SLEEPS)).push("One that does not")
    until("it runs", lambda: systemd.shows("hf-g.service", "ActiveState") == "active", 30)
    until("it is well", lambda: healthy(node, app.name, "Unit/g"))
    assert healthy(node, other.name, "File/o")


def test_one_that_hangs_in_its_stop_keeps_nothing_else_from_going_on(fleet, systemd, node):
    stays = service("/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
                    "TimeoutStopSec=infinity\nSendSIGKILL=no\n")
    app = fleet.app("stays", objects={"a.yaml": [unit("z", "hf-z.service", stays), file("m", "/etc/hf-m", "m\n")]})
    app.remove("a.yaml").write("b.yaml", file("m", "/etc/hf-m", "m\n")).commit("Remove it")
    until("it is being stopped", lambda: systemd.shows("hf-z.service", "ActiveState") == "deactivating")
    fleet.app("after", objects={"a.yaml": file("n", "/etc/hf-n", "n\n")})
    assert node.text("/etc/hf-n") == "n\n"
    assert node.text("/etc/systemd/system/hf-z.service") == stays
    systemd.systemctl("kill", "-s", "KILL", "hf-z.service")
    until("its file is gone", lambda: node.text("/etc/systemd/system/hf-z.service") is None, 30)
    systemd.systemctl("reset-failed")


def test_templates_timers_sockets_and_mounts(fleet, systemd, node):
    def objects(seconds, description="a"):
        template = f"[Service]\nExecStart=/bin/sleep {seconds}\n" + INSTALL
        socket = f"[Unit]\nDescription={description}\n[Socket]\nListenStream=/run/hf-so.sock\n" + INSTALL
        return [file("template", "/etc/systemd/system/hf-te@.service", template),
                unit("instance", "hf-te@a.service", restartOn=["File/template"]),
                unit("timer", "hf-ti.timer", "[Timer]\nOnCalendar=daily\nUnit=hf-te@b.service\n" + INSTALL),
                unit("service", "hf-so.service", "[Service]\nExecStart=/bin/sleep infinity\n", enabled=None,
                     state=None),
                unit("socket", "hf-so.socket", socket),
                unit("mount", "mnt-hf.mount", "[Mount]\nWhat=tmpfs\nWhere=/mnt/hf\nType=tmpfs\n" + INSTALL)]

    names = ("hf-te@a.service", "hf-ti.timer", "hf-so.socket", "mnt-hf.mount")
    app = fleet.app(objects={"a.yaml": objects(1000)})
    assert [name for name in names if not systemd.is_active(name)] == []
    systemd.systemctl("start", "hf-so.service")
    app.write("a.yaml", objects(2000, "b")).push("Another template and another socket")
    assert "2000" in systemd.shows("hf-te@a.service", "ExecStart")
    for name in names:
        until(f"{name} runs", lambda: systemd.is_active(name), 30)
    assert systemd.shows("hf-so.socket", "Description") == "b"
    app.write("a.yaml", file("m", "/etc/hf-q", "q\n")).push("Remove them")
    until("none is left", lambda: [name for name in names if systemd.is_active(name)] == [], 30)


def test_names_that_mean_another_unit_and_units_of_other_tools_are_told(fleet, systemd, node):
    fleet.app("mine", objects={"a.yaml": unit("n", "hf-n.service", SLEEPS + "Alias=hf-nn.service\n")})
    pid = systemd.shows("hf-n.service", "MainPID")
    systemd.run("systemd-run", "--unit", "hf-tool.service", "/bin/sleep", "infinity")
    tools = systemd.shows("hf-tool.service", "MainPID")
    for name, of, words in (("alias", "hf-nn.service", "another name of hf-n.service"),
                            ("transient", "hf-tool.service", "/run/systemd/transient/hf-tool.service")):
        app = fleet.app(name, create=False)
        app.write("a.yaml", unit(name, of, SLEEPS if name == "transient" else None, enabled=None))
        fleet.git.commit("One that is another's")
        app.create()
        until(f"{name} is told", lambda: words in (node.section(app.name) or {}).get("message", ""))
    assert systemd.shows("hf-n.service", "MainPID") == pid
    assert systemd.shows("hf-tool.service", "MainPID") == tools
    systemd.systemctl("stop", "hf-tool.service")


def test_a_service_that_writes_its_status_all_the_time_costs_next_to_nothing(fleet, systemd, node):
    noisy = service("/bin/sh -c 'while :; do systemd-notify --status=$$(date +%%N); done'", "NotifyAccess=all\n")
    fleet.app(objects={"a.yaml": unit("noisy", "hf-noisy.service", noisy)})
    holds("it runs", lambda: systemd.is_active("hf-noisy.service"), 3)
    before = node.cpu_seconds()
    holds("it runs", lambda: systemd.is_active("hf-noisy.service"), 10)
    assert node.cpu_seconds() - before < 1
    systemd.systemctl("stop", "hf-noisy.service")
    until("it is started", lambda: systemd.is_active("hf-noisy.service"), 10)


def test_unenrolled_with_prune_nothing_of_it_is_left(fleet, systemd, node):
    fleet.app(objects={"a.yaml": unit("u", "hf-u.service", SLEEPS)})
    node.stop()
    done = node.command("unenroll", "--prune", "--root", str(node.root), "--system-bus", systemd.bus)
    assert done.returncode == 0, done.stderr
    assert not systemd.is_active("hf-u.service")
    assert node.text("/etc/systemd/system/hf-u.service") is None
    assert systemd.shows("hf-u.service", "LoadState") == "not-found"


def test_a_sandbox_has_no_systemd_and_says_so_and_the_rest_goes_on(fleet):
    node = fleet.node()
    units = fleet.app("units", create=False)
    units.write("a.yaml", unit("s", "hf-s.service", SLEEPS))
    fleet.git.commit("Add units")
    units.create()
    fleet.app("files", objects={"a.yaml": file("a", "/etc/a", "a\n")})
    until("it says why", lambda: "no systemd here" in (node.section(units.name) or {}).get("message", ""))
    assert node.section(units.name)["phase"] == "Unschedulable"
    assert node.text("/etc/a") == "a\n"
