# SPDX-License-Identifier: Apache-2.0
"""What a person, a script and a monitoring system can see."""
import os
import pathlib
import re
import subprocess

from manifests import file, shell
from waiting import until

BOTH = {"a.yaml": file("a", "/etc/a", "a\n"), "web.yaml": shell("web", "echo one; echo two >&2; exec sleep 1000")}


def promtool(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr + done.stdout


def test_metrics_of_hub_and_agent_are_as_prometheus_wants_them(fleet):
    node = fleet.node()
    fleet.app(objects=BOTH)
    of_hub, of_agent = fleet.hub.api("GET", "/metrics")[1], node.local("/metrics")
    promtool(of_hub)
    promtool(of_agent)
    assert 'holdfast_hub_nodes{state="ready"}' in of_hub
    assert "holdfast_agent_connected 1" in of_agent


def test_the_page_of_metrics_has_what_the_programs_give(fleet):
    node = fleet.node()
    fleet.app(objects=BOTH)
    rows = (pathlib.Path(__file__).parents[2] / "docs/metrics.md").read_text()
    rows = set(re.findall(r"^\| `(holdfast_\w+)` \| (\w+) \|", rows, re.MULTILINE))

    def agrees():
        text = fleet.hub.api("GET", "/metrics")[1] + node.local("/metrics")
        given = set(re.findall(r"^# TYPE (holdfast_\w+) (\w+)$", text, re.MULTILINE))
        assert given == rows, f"only on the page: {sorted(rows - given)}; only given: {sorted(given - rows)}"
        return True

    until("the programs give what the page says, and no more", agrees)


def test_a_node_shows_what_its_machine_is_and_is_labelled_by_it(fleet):
    node = fleet.node()
    until("it has reported", lambda: fleet.hub.get("nodes", node.name)["status"].get("facts"))
    seen = fleet.hub.get("nodes", node.name)
    facts, labels = seen["status"]["facts"], seen["metadata"]["labels"]
    processors = len([path for path in pathlib.Path("/sys/devices/system/cpu").glob("cpu[0-9]*")])
    total = int(re.search(r"MemTotal: +(\d+) kB", pathlib.Path("/proc/meminfo").read_text())[1])
    assert facts["cpus"] == str(processors) and facts["memory"] == f"{total // 1024}Mi", facts
    assert re.fullmatch(r"\d+Mi", facts["disk"]) and facts["kernel"] == os.uname().release, facts
    for name in ("arch", "cpus", "memory", "disk"):
        assert labels[f"facts.holdfast.dev/{name}"] == facts[name]
    text = fleet.hub.cli("get", "node", node.name, "-o", "yaml").stdout
    assert re.search(rf'^ +memory: "?{facts["memory"]}"?$', text, re.MULTILINE) and "MemoryPressure" in text, text
    assert "holdfast_agent_memory_available_bytes " in fleet.hub.cli("diagnose", node.name).stdout


def test_why_names_commit_file_and_line(fleet):
    node = fleet.node()
    app = fleet.app(create=False)
    app.write("all.yaml", [file("first", "/etc/first", "1\n"), file("second", "/etc/second", "2\n")])
    revision = fleet.git.commit("Two files")
    app.create().settled(revision)
    why = app.hub.why(node.name, "File/second")[0]
    line = 1 + next(number for number, text in enumerate((fleet.git.folder / app.path / "all.yaml").read_text().splitlines())
                    if text == "---")
    assert (why["commit"], why["file"]) == (revision, f"{app.path}/all.yaml")
    assert abs(why["line"] - line) <= 1, (why, line)
    text = app.hub.cli("why", node.name, "File/second").stdout
    assert revision[:7] in text and "all.yaml:" in text


def test_logs_are_read_through_the_hub_and_followed_by_cursor(fleet):
    node = fleet.node()
    fleet.app(objects=BOTH)
    out = fleet.hub.cli("logs", node.name, "Process/web").stdout
    assert "one" in out and "two" in out
    assert fleet.hub.cli("logs", node.name, "Process/none", code=1).stderr
    assert "web" in fleet.hub.cli("logs", node.name).stdout


def test_logs_of_a_chatty_process_stay_bounded(fleet):
    node = fleet.node()
    fleet.app(objects={"chat.yaml": shell("chat", "i=0; while [ $i -lt 400000 ]; do echo line $i of many that nobody reads; i=$((i+1)); done; exec sleep 1000")})
    until("the last line is there", lambda: "line 399999" in node.command("logs", "Process/chat").stdout, 60)
    kept = sum(path.stat().st_size for path in (node.data / "logs").rglob("*") if path.is_file())
    assert kept <= 9 << 20, f"{kept} bytes of logs are kept"


def test_diagnose_answers(fleet):
    node = fleet.node()
    assert node.uid in fleet.hub.cli("diagnose", node.name).stdout


def test_the_same_failure_again_and_again_goes_quiet(fleet):
    app = fleet.app(create=False)
    app.write("a.yaml", BOTH["a.yaml"])
    app.commit(sync=False)
    app.create(url=f"file://{fleet.folder}/nowhere")
    until("it failed", lambda: "ComparisonError" in app.hub.conditions(app.name))
    for _ in range(12):
        app.hub.cli("sync", app.name, code=None)
    lines = [line for line in fleet.hub.daemon.log.read_text(errors="replace").splitlines() if f"{fleet.folder}/nowhere" in line]
    assert 1 <= len(lines) <= 8, "\n".join(lines)


def test_events_tell_the_story_and_are_counted_not_repeated(fleet):
    node = fleet.node()
    app = fleet.app(objects=BOTH)
    assert app.hub.events("RevisionInForce", app.name)
    for _ in range(3):
        node.path("/etc/a").write_text("by hand\n")
        until("it is put back", lambda: node.text("/etc/a") == "a\n", 30)
    healed = until("it is told", lambda: app.hub.events("DriftHealed", node.name))
    assert len(healed) <= 2, healed


def test_every_command_has_help_and_a_wrong_one_is_told_apart_by_exit_code(fleet):
    import machine
    for name in ("holdfast", "holdfast-hub", "holdfast-agent"):
        assert subprocess.run([machine.program(name), "--help"], capture_output=True).returncode == 0
        assert subprocess.run([machine.program(name), "no-such-thing"], capture_output=True).returncode == 2
        version = subprocess.run([machine.program(name), "version" if name == "holdfast" else "--version"], capture_output=True, text=True)
        assert version.returncode == 0 and "0." in version.stdout
    assert fleet.hub.cli("get", "nodes", "nobody", code=1).stderr.startswith("holdfast: ")
    assert fleet.hub.cli("completion", "bash").stdout and fleet.hub.cli("completion", "zsh").stdout
