# SPDX-License-Identifier: Apache-2.0
"""What the source says that pages in docs/ must explain, and what the pages explain.

Both are read from text, so each comparison goes both ways: where the source is written in a new form, so that a pattern here finds
less than before, the page names what seems not to exist, and the rule fails instead of guarding nothing.
"""
import re

CONFIGURATION = "docs/configuration.md"
TROUBLES = "docs/troubleshooting.md"
METRICS = "docs/metrics.md"
FACTS = "docs/facts.md"

# Program: (files, pattern of a name, what stands before the name).
CONFIGURED = {
    "holdfast-hub": [
        (r"hub/main_hub\.cpp", r'(?:add_option|add_flag|set_version_flag)\(\s*"(--[\w-]+)"', ""),
        (r"hub/hub_options\.cpp", r'\.(?:optional|required|each)\(\s*"(\w+)"', ""),
        (r"deploy/systemd/holdfast-hub\.service", r"\$(\w+)", ""),
    ],
    "holdfast-agent": [
        (r"edge_agent/agent_options\.cpp", r'\{"([\w-]+)", (?:no|required|optional)_argument', "--"),
        (r"edge_agent/agent_options\.cpp", r'first == "(--[\w-]+)"', ""),
        (r"edge_agent/agent_options\.cpp", r'\.(?:optional|required|each)\(\s*"(\w+)"', ""),
        (r"deploy/systemd/holdfast-agent\.service", r"\$(\w+)", ""),
    ],
    "holdfast": [
        (r"hub/cli/command_line\.cpp", r'(?:add_option|add_flag|set_version_flag)\(\s*"(--[\w-]+)"', ""),
    ],
}
COMMANDS = "hub/cli/command_table.cpp"

# Whose environment a file reads; the first that fits.
ENVIRONMENT = [(r"hub/cli/.*", "holdfast"), (r"(hub|gitops)/.*", "holdfast-hub"), (r"edge_agent/.*", "holdfast-agent")]
VARIABLE = r'\b(?:getenv|variable)\(\s*"(\w+)"|"((?:https?|no|all|HTTPS?|NO|ALL)_(?:proxy|PROXY))"'


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def command_options():
    """Of the table of commands: a row begins with {"name", kGroup; its options follow by literal, or by the name of one that several share."""
    return re.compile(r'\{"(?P<command>[a-z ]+)",\s*k[A-Z]\w+,|(?P<later>\blater\()|\{\s*"(?P<option>--[\w-]+)"|[{,]\s*(?P<shared>\w+)(?P<call>\()?')


def options_of_commands(file):
    """(line, "get --watch")"""
    shared = {"output": "--output"}
    declared = re.compile(r'OptionSpec (\w+)\{"(--[\w-]+)".*?\};|OptionSpec output\(.*?\n\}', re.S)
    for match in declared.finditer(file.text):
        if match[1]:
            shared[match[1]] = match[2]
    text = declared.sub(lambda match: "\n" * match[0].count("\n"), file.text)
    command = None
    for match in command_options().finditer(text):
        if match["later"]:
            command = None
        command = match["command"] or command
        option = match["option"] or shared.get(match["shared"])
        if command and option:
            yield line_of(text, match.start()), f"{command} {option}"


def configured(tree):
    """{program: {name: (path, line)}} as the source has it."""
    out = {program: {} for program in CONFIGURED}
    for file in tree.files.values():
        if file.is_test:
            continue
        for program, patterns in CONFIGURED.items():
            for path, pattern, before in patterns:
                for match in re.finditer(pattern, file.text) if re.fullmatch(path, file.path) else []:
                    out[program].setdefault(before + match[1], (file.path, line_of(file.text, match.start())))
        program = next((program for path, program in ENVIRONMENT if file.is_cpp and re.fullmatch(path, file.path)), None)
        for match in re.finditer(VARIABLE, file.text) if program else []:
            out[program].setdefault(match[1] or match[2], (file.path, line_of(file.text, match.start())))
    if COMMANDS in tree.files:
        for line, name in options_of_commands(tree.files[COMMANDS]):
            out["holdfast"].setdefault(name, (COMMANDS, line))
    return out


def quoted(cell):
    """The first word of each `…`."""
    return [text.split()[0] for text in re.findall(r"`([^`]+)`", cell)]


def explained(page):
    """{program: {name: line}} as the page has it: the first cell of each row; of `holdfast` with each command in the second."""
    out, program = {}, None
    for number, line in enumerate(page.lines, 1):
        heading = re.match(r"## (\S+)", line)
        if heading:
            program = heading[1]
            out[program] = {}
        if program is None or not line.startswith("| `"):
            continue
        cells = re.split(r"(?<!\\)\|", line)
        names = [name.rpartition(".")[2] if not name.startswith("-") else name for name in quoted(cells[1])]
        if program == "holdfast" and names[0].startswith("--"):
            commands = re.findall(r"`([^`]+)`", cells[2])
            names = [f"{command} {name}" for command in commands for name in names] or names
        for name in names:
            if not re.search(r"(^|\s)-\w$", name):  # a short form stands beside its long one
                out[program].setdefault(name, number)
    return out


# Where a reason of a condition, an event, a resource or an application on a node is written down: files, and what holds its name.
CODE_OF_BOTH = r"(?:edge_agent|hub)/[^/]+\.[ch]pp"
WORD = r'"([A-Z][a-z]+(?:[A-Z][a-z]*)*)"'
ARGUMENTS = r'((?:"(?:\\.|[^"\\])*"|[^;"])*)'  # to the end of the statement, texts with a semicolon included
REASONS = [
    (CODE_OF_BOTH, r"\breason = ([^;}\n]*)"),
    (CODE_OF_BOTH, r"\b(?:normal|warning)\((\s*\"\w+\")"),
    (CODE_OF_BOTH, r"\b(?:tell|show|keep_trouble)\(([^;{}\"]*\"\w+\")"),
    (CODE_OF_BOTH, r"\bcondition\(before," + ARGUMENTS),
    (CODE_OF_BOTH, r"\bHealth::\w+, (\"\w+\")"),
    (CODE_OF_BOTH, r"\bWithheldReason::\w+: return (\"\w+\")"),
    (r"edge_agent/machine_conditions\.cpp", r"\.type = (\"\w+\")"),
    (r"edge_agent/node_snapshot\.cpp", r"\bout\.push_back\(\s*\{" + ARGUMENTS),
    (r"hub/application_book\.hpp", r"\bstring_view k\w+ =\s*(\"\w+\");"),
    (r"sync/model/snapshot\.cpp", r"\bSectionPhase::\w+, (\"\w+\")"),
    (r"base/result\.cpp", r"\bCode::\w+: return (\"\w+\")"),
]
STATUSES = {"True", "False", "Unknown"}


def reasons(tree):
    """{reason: (path, line)} as the source has it."""
    out = {}
    for file in tree.cpp():
        for path, pattern in REASONS if not file.is_test else []:
            for match in re.finditer(pattern, file.text) if re.fullmatch(path, file.path) else []:
                for word in re.finditer(WORD, match[1]):
                    if word[1] not in STATUSES:
                        out.setdefault(word[1], (file.path, line_of(file.text, match.start(1) + word.start())))
    return out


def reasons_explained(page):
    """{reason: line}: what looks like one in the first cell of a row."""
    out = {}
    for number, line in enumerate(page.lines, 1):
        for word in re.findall(WORD.replace('"', "`"), line.split("|")[1]) if line.startswith("| `") else []:
            out.setdefault(word, number)
    return out


# Where a metric gets its name: files, pattern, what stands before the name.
MEASURED = [
    (r"(?:edge_agent|hub)/.*\.cpp", r'"(holdfast_(?:agent|hub)_\w+)"', ""),
    (r"edge_agent/engine_metrics\.cpp", r'\b(?:count|level|seconds)\(\s*"(\w+)"', "holdfast_agent_"),
]


def metrics(tree):
    """{metric: (path, line)} as the source has it. What ends with _ is only the beginning of a name."""
    out = {}
    for file in tree.cpp():
        for path, pattern, before in MEASURED if not file.is_test else []:
            for match in re.finditer(pattern, file.text) if re.fullmatch(path, file.path) else []:
                if not match[1].endswith("_"):
                    out.setdefault(before + match[1], (file.path, line_of(file.text, match.start())))
    return out


def metrics_explained(page):
    """{metric: line}: the first cell of each row."""
    rows = [(number, quoted(line.split("|")[1])) for number, line in enumerate(page.lines, 1) if line.startswith("| `holdfast_")]
    return {name: number for number, names in rows for name in names}


# Where a fact of a machine gets its name; one that ends with a dot has what it is of behind it.
TOLD = r'\bput\(out, "(\w+)"|\bout\["(\w+)\.?"(?: \+ \w+)?\] = '


def facts(tree):
    """{fact: (path, line)} as the source has it."""
    out = {}
    for file in tree.cpp():
        if re.fullmatch(r"edge_agent/(board|machine)_facts\.cpp", file.path):
            for match in re.finditer(TOLD, file.text):
                out.setdefault(match[1] or match[2], (file.path, line_of(file.text, match.start())))
    return out


def facts_explained(page):
    """{fact: line}: the first cell of each row of the first table below ## Facts."""
    out, is_there = {}, False
    for number, line in enumerate(page.lines, 1):
        is_there |= line == "## Facts"
        if is_there and out and not line:
            break
        if is_there and line.startswith("| `"):
            out[quoted(line.split("|")[1])[0].removesuffix(".NAME")] = number
    return out
