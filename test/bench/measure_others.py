# SPDX-License-Identifier: Apache-2.0
"""The same work with CFEngine's cf-agent and with ansible-playbook: 1,000 files as they should be with nothing to do, and one
of them changed by hand. Theirs is a run from start to end, as a schedule or a person starts it; Holdfast's is its full pass, and the
time from the change to the repair. What passes until the others are started at all (5 minutes by default for CFEngine) is not in it."""
import os
import subprocess
import time

import machine
from measure_drift import wait
from measure_pass import FILES, many_files, passes, warm_up
from result import Result
from stage import stage

RUN_SECONDS_MAX = 1800  # of one run of another tool


def run(command, environment):
    """(milliseconds, peak kB)"""
    command = ["timeout", "--kill-after=10", str(RUN_SECONDS_MAX), *command]
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment})
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code not in (124, 137), f"{command[3]} did not end in {RUN_SECONDS_MAX} s\n{output[-3000:]}"
    assert code == 0, output[-3000:]
    return (time.monotonic() - began) * 1000, usage.ru_maxrss


class Cfengine:
    name = "cf-agent"
    rounds_max = 10

    def __init__(self, folder):
        self.files = folder / "cf/files"
        self.files.mkdir(parents=True)
        promises = "\n".join(
            f'    "{self.files}/{i:03}" create => "true", perms => mode_0644, edit_defaults => empty_it, edit_line => insert("content of {i}");'
            for i in range(FILES))
        (folder / "cf/policy.cf").write_text(f"""
body common control {{ bundlesequence => {{ "main" }}; }}
bundle agent main {{
  files:
{promises}
}}
body perms mode_0644 {{ mode => "0644"; }}
body edit_defaults empty_it {{ empty_file_before_editing => "true"; edit_backup => "false"; }}
bundle edit_line insert(text) {{ insert_lines: "$(text)"; }}
""")
        os.chmod(folder / "cf/policy.cf", 0o600)
        self.command = ["cf-agent", "--no-lock", "--file", str(folder / "cf/policy.cf")]
        work = folder / "cf/work"
        self.environment = {"CFENGINE_TEST_OVERRIDE_WORKDIR": str(work)}
        for name in ("bin", "inputs", "ppkeys", "state", "outputs"):
            (work / name).mkdir(mode=0o700, parents=True)
        work.chmod(0o700)
        # It checks its policy by the program that it expects there, and runs only with a key of its own.
        (work / "bin/cf-promises").symlink_to("/usr/bin/cf-promises")
        run(["cf-key"], self.environment)
        run(self.command, self.environment)  # makes the files


class Ansible:
    name = "ansible-playbook"
    rounds_max = 1  # each takes minutes: it runs a module for every file

    def __init__(self, folder):
        home = folder / "ansible"
        source, self.files = home / "source", home / "files"
        source.mkdir(parents=True)
        self.files.mkdir()
        for i in range(FILES):
            for place in (source, self.files):
                (place / f"{i:03}").write_text(f"content of {i}\n")
                (place / f"{i:03}").chmod(0o644)
        # A folder copied as a whole: the quickest way that its own modules offer; a loop over 1,000 tasks takes minutes.
        (home / "play.yml").write_text(f"""
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {{src: {source}/, dest: {self.files}/, mode: "0644"}}
""")
        self.command = ["ansible-playbook", "-i", "localhost,", str(home / "play.yml")]
        self.environment = {"HOME": str(home), "ANSIBLE_LOCAL_TEMP": str(home / "tmp"), "ANSIBLE_REMOTE_TEMP": str(home / "tmp"),
                            "ANSIBLE_PIPELINING": "1", "LC_ALL": "C.UTF-8"}


def measure_other(tool, rounds):
    assert len(list(tool.files.iterdir())) == FILES
    idle, drifted, memory = [], [], 0
    for i in range(min(rounds, tool.rounds_max)):
        time_ms, kilobytes = run(tool.command, tool.environment)
        idle.append(time_ms)
        memory = max(memory, kilobytes)
        path = tool.files / f"{i:03}"
        path.write_text("by hand\n")
        drifted.append(run(tool.command, tool.environment)[0])
        assert path.read_text() == f"content of {i}\n"
    return idle, drifted, memory


def measure_holdfast(rounds):
    with stage() as fleet:
        node = fleet.node()
        fleet.app(objects=many_files())
        warm_up(node)
        idle = passes(node, rounds)
        drifted = []
        for i in range(rounds):
            path = node.path(f"/etc/bench/{i:03}")
            path.write_text("by hand\n")
            began = time.monotonic()
            wait(lambda: path.read_text() == f"content of {i}\n")
            drifted.append((time.monotonic() - began) * 1000)
    return idle, drifted


def compare(make_tool, repeat, quick):
    rounds = 3 if quick else 10
    idle, drifted = measure_holdfast(rounds)
    ours = Result("1,000 files, nothing to do: holdfast-agent", "ms", idle, repeat)
    ours_drift = Result("1,000 files, one changed by hand: holdfast-agent", "ms", drifted, repeat)
    folder = machine.new_folder()
    try:
        tool = make_tool(folder)
        idle, drifted, memory = measure_other(tool, rounds)
    finally:
        machine.remove_folder(folder)
    result = Result(f"1,000 files, nothing to do: {tool.name}", "ms", idle, repeat)
    result.note = f"{result.percentile(0.5) / max(ours.percentile(0.5), 0.5):,.0f} times holdfast-agent's; peak {memory} kB"
    drift = Result(f"1,000 files, one changed by hand: {tool.name}", "ms", drifted, repeat)
    drift.note = f"{drift.percentile(0.5) / ours_drift.percentile(0.5):,.0f} times holdfast-agent's, if started at that very moment"
    return [ours, ours_drift, result, drift]


def measure(quick):
    return compare(Cfengine, "others", quick)


def measure_ansible(quick):
    return compare(Ansible, "ansible", quick)
