#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a compiler does not know. Each finding names the right way.

To add a rule: a function with @rule, and in rules_test.py a fixture that breaks it and one that keeps it.
To make an exception: the table beside the rule, with the reason.
"""
import fnmatch
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402
from tree import Tree  # noqa: E402

# ---- tables ----

# The design's table: a folder may use itself, and these. The longest matching folder owns a file.
MAY_USE = {
    "base": [],
    "base/systemd": ["base"],
    "sync/model": ["base"],
    "sync/wire": ["base", "sync/model"],
    "sync/link": ["base", "sync/model"],
    "sync/store": ["base"],
    "firmware": ["base", "sync/model"],
    "gitops/policy": ["base", "sync/model"],
    "gitops": ["base", "sync/model", "gitops/policy"],
    "edge_agent": ["base", "base/systemd", "sync/model", "sync/wire", "sync/link", "sync/store", "firmware", "gitops/policy"],
    "hub": ["base", "sync/model", "sync/wire", "sync/link", "sync/store", "firmware", "gitops", "gitops/policy",
            "hub/seal", "hub/web"],
    "hub/seal": ["base", "sync/model"],
    "hub/web": ["base"],
    "hub/cli": ["base", "sync/model", "firmware", "gitops", "gitops/policy"],
    "test": None,  # everything
}

# Which folder speaks to which library; everyone else goes through that folder.
LIBRARIES = {
    r"mosquitto(_broker)?\.h": ["sync/link"],
    r"lmdb\.h": ["sync/store"],
    r"zstd(_errors)?\.h": ["sync/wire", "edge_agent"],
    r"git2(/.*|\.h)": ["gitops"],
    r"yaml-cpp/.*": ["gitops"],
    r"sodium(/.*|\.h)": ["base", "sync/store"],  # sync/store: the checksum in each record
    r"openssl/.*": ["sync/link", "gitops", "edge_agent", "hub", "hub/cli"],
    r"httplib\.h": ["hub", "hub/cli"],
    r"spdlog/.*|fmt/.*": ["hub"],
    r"CLI/.*": ["hub", "hub/cli"],
    r"dbus/.*": ["base/systemd"],
}

# Deciding code: functions from values to values. Globs of files.
DECIDING = [
    "base/backoff*", "sync/model/*", "sync/wire/*", "gitops/policy/*", "gitops/application*", "gitops/claims_check*",
    "gitops/finding*", "gitops/manifest*", "gitops/placement*", "gitops/references_check*", "gitops/render*",
    "gitops/repository_url*", "gitops/resources_check*", "gitops/revision_text*", "gitops/section_room*",
    "gitops/selector*", "gitops/template*", "gitops/validate*", "edge_agent/apply_order*", "edge_agent/cron_step*", "edge_agent/jetpack*", "edge_agent/job_step*", "edge_agent/machine_conditions*",
    "edge_agent/machine_metrics*", "edge_agent/memory_info*", "edge_agent/plan*", "edge_agent/replica_step*", "edge_agent/section_step*", "hub/assign*",
]
DECIDING_HEADERS = {
    r"thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|latch|barrier|stop_token|pthread\.h":
        "deciding code has no threads: return a value and let the caller act on it",
    r"ctime|time\.h|sys/time\.h|sys/timerfd\.h":
        "take a base::Clock&, or better the time as a base::WallTime or base::MonotonicTime value",
    r"random|sys/random\.h":
        "take a base::Random&",
    r"fstream|filesystem|fcntl\.h|sys/stat\.h|dirent\.h|iostream|stdio\.h":
        "take the content as a value; files are read behind base::Host or sync::Store",
    r"unistd\.h|sys/.*|netinet/.*|arpa/.*|netdb\.h|poll\.h|signal\.h|csignal|spawn\.h|linux/.*":
        "deciding code makes no system calls: put them behind a seam (base::Host, sync::Link, sync::Store)",
}
DECIDING_OUR_HEADERS = {
    "base/linux_host.hpp": "take base::Host values (FileInfo, ProcessStatus), not the host",
    "base/system_clock.hpp": "take a base::Clock&, or better a time as a value",
    "base/system_random.hpp": "take a base::Random&",
    "base/event_loop.hpp": "return a value; the engine around you owns the loop",
    "base/log.hpp": "return an Error or an event; it is logged once, at the top of the loop",
}
DECIDING_CALLS = {
    r"\b(getenv|secure_getenv)\s*\(": "take the value as an argument",
    r"\bstd::(rand|srand|random_device)\b|\b(rand|random)\(\)": "take a base::Random&",
    r"(?<!> )\bf?open\s*\(|\bprintf\s*\(": "take or return the content as a value",
    r"\bstd::(shared_ptr|make_shared)\b": "ownership is by value or std::unique_ptr here",
}

# The one place that asks the kernel for the time, and what measures or waits beneath everything else.
MAY_ASK_TIME = ["base/system_clock.cpp", "base/event_loop.cpp", "base/shim_launch.cpp", "base/shim/*", "test/*"]
NOW = r"\b\w+_clock::now\b|\bclock_gettime\s*\(|\bgettimeofday\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)"

# What the agent is linked from; <iostream> and what drags it in cost 540 KB in a static program, fmt 577 KB.
AGENT_LINKED = ["base", "base/systemd", "sync/model", "sync/wire", "sync/link", "sync/store", "firmware", "gitops/policy", "edge_agent"]
HEAVY = r"iostream|sstream|fstream|istream|ostream|iomanip|regex|locale|format|fmt/.*|spdlog/.*"

# Files that may `throw`, each with its reason.
MAY_THROW = {
    # "gitops/yaml_reader.cpp": "stops yaml-cpp's event parser at a limit; caught in the same file",
}

# Tests that are skipped, each with its reason.
MAY_SKIP = {
    "sync/store/lmdb_store_test.cpp": "a full and a read-only disk need a mount namespace, which a container may refuse",
    "base/host_as_user_contract.cpp": "it is the run as an ordinary user that it would start",
    "base/host_files_contract.cpp": "only root may give files away",
    "base/linux_files_contract.cpp": "full and read-only disks need mounts; root may enter every folder",
    "base/linux_probe_contract.cpp": "only root can become another user",
    "base/shim_contract.cpp": "another user, full disks and memory limits need root and a container that allows them",
}

# Headers that may include <nlohmann/json.hpp>, each with its reason.
MAY_INCLUDE_JSON = {}

# Functions that may be longer, each with its reason.
MAY_BE_LONG = {}
FUNCTION_LINES_MAX = 70

VAGUE_NAMES = r"(^|[/_])(utils?|common|helpers?|managers?|misc|stuff)([_./]|$)"

# The words of the design, and what people write instead.
WORDS = {
    r"(target|goal)[ _]states?": "desired state",
    r"observed[ _]states?": "actual",
    r"black[ _]?list\w*|block[ _]?list\w*|deny[ _]?list\w*": "quarantine",
    r"state[ _]reports?|status[ _]reports?": "snapshot",
    r"heart[ _]?beats?": "beacon",
    r"config(uration)?[ _]drift": "drift",
}
MAY_USE_WORDS = ["test/style/*"]

ROOT = {"base", "sync", "firmware", "gitops", "edge_agent", "hub", "deploy", "test", "cmake", "docs",
        "CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "LICENSE"}

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_FILES = r"\.(cpp|hpp|py|sh|cmake|js|css|html|service|conf|ya?ml)$|(^|/)CMakeLists\.txt$|packages\.txt$"
# Data, not source: read byte for byte by tests.
SPDX_EXEMPT = ["test/fuzz/*", "*/golden/*", "*/testdata/*"]

# Tables of files and globs; one that matches no file any more guards nothing.
FILE_TABLES = [DECIDING, MAY_ASK_TIME, MAY_THROW, MAY_SKIP, MAY_INCLUDE_JSON, MAY_BE_LONG, MAY_USE_WORDS, SPDX_EXEMPT]
TABLES_FILE = "test/style/rules.py"

# ---- rules ----

RULES = {}


def rule(function):
    RULES[function.__name__.replace("_", "-")] = function
    return function


def owner(path):
    return max((f for f in MAY_USE if path.startswith(f + "/")), key=len, default=None)


def any_glob(path, globs):
    return any(fnmatch.fnmatch(path, glob) for glob in globs)


def may_use(folder, other):
    return MAY_USE[folder] is None or other == folder or other in MAY_USE[folder]


@rule
def folder_table(tree):
    """A folder includes only what the design's table lets it use."""
    for file in tree.cpp():
        folder = owner(file.path)
        for line, header, quoted in file.includes:
            if not quoted:
                if folder and owner(header):
                    yield file.path, line, f'write #include "{header}": angle brackets are for libraries'
                continue
            other = owner(header)
            if other is None:
                yield file.path, line, f'"{header}" is not a path from the root; write #include "{folder or "folder"}/{os.path.basename(header)}"'
            elif folder and not may_use(folder, other):
                yield (file.path, line, f"{folder} may not use {other} ({folder} may use: {', '.join(MAY_USE[folder]) or 'nothing of ours'}); "
                       "move what both need down to a folder both may use, or pass it in as a value")


@rule
def link_table(tree):
    """The link list of a folder's CMakeLists.txt is within the same table."""
    for folder, uses in MAY_USE.items():
        file = tree.files.get(folder + "/CMakeLists.txt")
        if not file or uses is None:
            continue
        text = "\n".join(re.sub(r"#.*", "", line) for line in file.lines)
        for call in re.finditer(r"holdfast_library\(\s*(\w+)(.*?)\)", text, re.S):
            names = {f.replace("/", "_"): f for f in MAY_USE}
            section = re.search(r"\bUSES\s+([a-z_\s]+?)(?=\s+[A-Z]|\s*$)", call[2], re.S)
            for name in section[1].split() if section else []:
                if not may_use(folder, names.get(name, name)):
                    line = text[:call.start()].count("\n") + 1
                    yield file.path, line, f"{folder} may not link {name}; it may use: {', '.join(uses) or 'nothing of ours'}"


@rule
def library_adapters(tree):
    """Each foreign library is spoken to in its own folder only."""
    for file in tree.cpp():
        folder = owner(file.path)
        if file.path.startswith("test/"):
            continue
        for line, header, quoted in file.includes:
            for pattern, folders in LIBRARIES.items():
                if not quoted and re.fullmatch(pattern, header) and folder not in folders:
                    yield file.path, line, f"<{header}> belongs to {' and '.join(folders)}; call what that folder offers, or add it there"


@rule
def fakes_in_tests_only(tree):
    """Fakes are for tests and the simulator."""
    for file in tree.cpp():
        if not file.is_test:
            for line, header, _ in file.includes:
                if os.path.basename(header).startswith("fake_"):
                    yield file.path, line, f"{header} is for tests; take the seam's interface and let the caller choose"


@rule
def gtest_in_tests_only(tree):
    for file in tree.cpp():
        if not file.is_test:
            for line, header, _ in file.includes:
                if re.match(r"g(test|mock)/", header):
                    yield file.path, line, f"<{header}> outside a test; name the file *_test.cpp or *_contract.hpp"


@rule
def deciding_is_pure(tree):
    """Deciding code reads no clock, file or socket and starts no thread, itself or through a header of ours."""
    for file in tree.cpp():
        if not any_glob(file.path, DECIDING) or file.is_test:
            continue
        for line, header, quoted in file.includes:
            for pattern, right_way in DECIDING_HEADERS.items():
                if not quoted and re.fullmatch(pattern, header):
                    yield file.path, line, f"<{header}> in deciding code: {right_way}"
                    break
        for header, chain in tree.closure(file.path).items():
            if header in DECIDING_OUR_HEADERS:
                through = "" if len(chain) == 2 else f" (by way of {', '.join(chain[1:-1])})"
                line = next(n for n, h, _ in file.includes if h == chain[1])
                yield file.path, line, f"{header} in deciding code{through}: {DECIDING_OUR_HEADERS[header]}"
        for pattern, right_way in DECIDING_CALLS.items():
            for line, match in file.matches(pattern):
                yield file.path, line, f"{match[0].strip()} in deciding code: {right_way}"


@rule
def one_clock(tree):
    """The time comes from base::Clock everywhere, so that the simulator can hold it."""
    for file in tree.cpp():
        if not any_glob(file.path, MAY_ASK_TIME):
            for line, match in file.matches(NOW):
                yield file.path, line, f"{match[0].strip()}: take a base::Clock& and ask wall() or monotonic()"


@rule
def agent_stays_small(tree):
    for file in tree.cpp():
        if owner(file.path) in AGENT_LINKED and not file.is_test:
            for line, header, quoted in file.includes:
                if not quoted and re.fullmatch(HEAVY, header):
                    yield (file.path, line, f"<{header}> is linked into the agent and costs half a megabyte there; log with base/log.hpp, "
                           "build text with std::string and std::to_string")


@rule
def licence_line(tree):
    """Every source file opens with the SPDX line (scripts: after #!)."""
    for file in tree.files.values():
        script = file.text.startswith("#!")
        if not (script or re.search(SPDX_FILES, file.path)) or any_glob(file.path, SPDX_EXEMPT):
            continue
        at = 1 if script or (file.lines and file.lines[0].lower().startswith("<!doctype")) else 0
        if len(file.lines) <= at or SPDX not in file.lines[at]:
            yield file.path, at + 1, f"the first line is a comment with {SPDX}"


@rule
def header_opening(tree):
    """A header says once, at the top, what it is for and who may call it from where."""
    for file in tree.cpp():
        if not file.is_header:
            continue
        if "#pragma once" not in file.lines[:40]:
            yield file.path, 1, "#pragma once after the opening comment"
        if not file.is_test and not any(line.startswith("// Threads:") for line in file.lines[:40]):
            yield file.path, 1, "the opening comment says what the file is for and ends with its thread rule: // Threads: …"


@rule
def own_header_first(tree):
    for file in tree.cpp():
        own = re.sub(r"\.cpp$", ".hpp", file.path)
        if own == file.path or own not in tree.files or not file.includes:
            continue
        included = [header for _, header, _ in file.includes]
        if own in included and included[0] != own:
            yield file.path, file.includes[0][0], f'#include "{own}" comes first, so that the header stands on its own'


@rule
def no_throw(tree):
    for file in tree.cpp():
        if not any_glob(file.path, MAY_THROW) and not file.is_test:
            for line, _ in file.matches(r"\bthrow\b"):
                yield file.path, line, "no throw: return fail(Code::k…, \"…\"); an adapter that must is listed in MAY_THROW of test/style/rules.py"


@rule
def plain_names(tree):
    for path in tree.files:
        match = re.search(VAGUE_NAMES, path)
        if match:
            yield path, 1, f"'{match[2]}' says nothing: name the file after the noun it holds"


@rule
def one_expected(tree):
    for file in tree.cpp():
        for line, header, _ in file.includes:
            if header == "expected" or (header == "tl/expected.hpp" and file.path != "base/result.hpp"):
                yield file.path, line, "base::Result of base/result.hpp; only that file knows which expected is in use"
        for line, match in file.matches(r"\b(std|tl)::(un)?expected\b"):
            if file.path != "base/result.hpp":
                yield file.path, line, f"{match[0]}: write base::Result<T>, base::Status and base::fail(…)"


@rule
def json_out_of_headers(tree):
    for file in tree.cpp():
        if file.is_header and not any_glob(file.path, MAY_INCLUDE_JSON):
            for line, header, _ in file.includes:
                if header in ("nlohmann/json.hpp", "spdlog/spdlog.h", "CLI/CLI.hpp"):
                    yield file.path, line, f"<{header}> costs every includer 3 to 6 seconds: include <nlohmann/json_fwd.hpp> or hide it in the .cpp"


@rule
def no_skipped_tests(tree):
    pattern = r"\bGTEST_SKIP\b|\bDISABLED_\w+|pytest\.(mark\.)?(skip|xfail)\w*|@unittest\.skip|\.skipTest\("
    for file in tree.files.values():
        if not file.path.endswith((".cpp", ".hpp", ".py")) or file.path in MAY_SKIP or file.path.startswith("test/style/"):
            continue
        for number, line in enumerate(file.lines, 1):
            match = re.search(pattern, line)
            if match:
                yield file.path, number, f"{match[0]}: a skipped test proves nothing; mend it, or list the file with the reason in MAY_SKIP of test/style/rules.py"


@rule
def words(tree):
    """The design's words and no synonyms, in names and in prose."""
    for file in tree.files.values():
        if any_glob(file.path, MAY_USE_WORDS) or any_glob(file.path, SPDX_EXEMPT):
            continue
        for number, line in enumerate(file.lines, 1):
            for pattern, word in WORDS.items():
                match = re.search(rf"\b(?:{pattern})\b", line, re.I)
                if match:
                    yield file.path, number, f"'{match[0]}': the word is {word} (docs/ARCHITECTURE.md)"


@rule
def root_is_tidy(tree):
    for entry in sorted({path.split("/")[0] for path in tree.files}):
        if entry not in ROOT and not entry.startswith("."):
            yield entry, 1, "the root holds the folders of the design's table, cmake, docs and a few files; find its place in one of them"


@rule
def nothing_unfinished(tree):
    for file in tree.files.values():
        if file.path.startswith("test/style/") or not re.search(r"\.(cpp|hpp|py|sh|cmake|js|css|html)$|(^|/)[^.]+$", file.path):
            continue
        for number, line in enumerate(file.lines, 1):
            match = re.search(r"\b(TODO|FIXME|XXX)\b", line)
            if match:
                yield file.path, number, f"{match[0]}: finish it, or write an issue and say here what holds today"


@rule
def limits_are_explained(tree):
    page = tree.files.get("docs/limits.md")
    for limits in tree.files.values():
        if not page or not limits.path.startswith("base/limits/"):
            continue
        for line, match in limits.matches(r"\bconstexpr\s+[\w:]+\s+(k\w+)"):
            if match[1] not in page.text:
                yield limits.path, line, f"{match[1]} is not explained in docs/limits.md"


@rule
def options_are_explained(tree):
    """Options, configuration members and environment variables stand in docs/configuration.md, and nothing else does."""
    page = tree.files.get(pages.CONFIGURATION)
    if not page:
        return
    there = pages.explained(page)
    for program, names in pages.configured(tree).items():
        rows = there.get(program, {})
        for name, (path, line) in names.items():
            if name not in rows:
                yield path, line, f"{name} of {program} is not explained: write a row for it in {page.path}, under ## {program}"
        for name, line in rows.items():
            if name not in names:
                yield page.path, line, f"{program} has no {name}: take the row out, or name it as the source does (test/style/pages.py says where it looks)"


def both_ways(page, there, known, unexplained, unknown):
    """What the source has and the page does not, and the other way round; `{name}` and `{page}` stand in the messages."""
    for name, (path, line) in known.items():
        if name not in there:
            yield path, line, unexplained.format(name=name, page=page.path)
    for name, line in there.items():
        if name not in known:
            yield page.path, line, unknown.format(name=name, page=page.path)


@rule
def reasons_are_explained(tree):
    """Each reason of a condition or an event stands in docs/troubleshooting.md, and nothing else does."""
    page = tree.files.get(pages.TROUBLES)
    if not page:
        return
    yield from both_ways(page, pages.reasons_explained(page), pages.reasons(tree),
                         "nobody explains the reason {name}: write a row for it in {page}: what it means, and what to do",
                         "no code gives the reason {name}: take the row out, or name it as the source does (REASONS of test/style/pages.py says where it looks)")


@rule
def metrics_are_explained(tree):
    """Each metric stands in docs/metrics.md, and nothing else does."""
    page = tree.files.get(pages.METRICS)
    if not page:
        return
    yield from both_ways(page, pages.metrics_explained(page), pages.metrics(tree),
                         "{name} is not explained: write a row for it in {page}",
                         "nobody measures {name}: take the row out, or name it as the source does")


@rule
def facts_are_explained(tree):
    """Each fact of a machine stands in docs/facts.md, and nothing else does."""
    page = tree.files.get(pages.FACTS)
    if not page:
        return
    yield from both_ways(page, pages.facts_explained(page), pages.facts(tree),
                         "the fact {name} is not explained: write a row for it in {page}, with the place that it is read from",
                         "nobody tells the fact {name}: take the row out, or name it as the source does")


@rule
def tables_are_whole(tree):
    """What follows a row of a table is another row, or an empty line: anything else shows as a row of its own making."""
    for page in tree.files.values():
        if not page.path.endswith(".md"):
            continue
        is_code = False
        for number, line in enumerate(page.lines[1:], 2):
            is_code ^= line.startswith("```")
            if not is_code and page.lines[number - 2].startswith("|") and line.strip() and not line.startswith("|"):
                yield page.path, number, "this line breaks a table: make it a row, or put an empty line before it"


def functions(file):
    """(first line, last line) of what ends with a } of its own at the left edge, or in a class."""
    code = file.code.splitlines()
    for last, line in enumerate(file.lines, 1):
        end = re.fullmatch(r"( {0,2})}", line)
        if end:
            first = next((n for n in range(last - 1, 0, -1) if re.match(end[1] + r"[^\s#}]", code[n - 1])), last)
            yield first, last


@rule
def short_functions(tree):
    for file in tree.cpp():
        if file.path not in MAY_BE_LONG:
            for first, last in functions(file):
                if last - first >= FUNCTION_LINES_MAX:
                    yield (file.path, first, f"a function of {last - first + 1} lines; at most {FUNCTION_LINES_MAX}: give what it does in "
                           "steps a function each, or list the file with the reason in MAY_BE_LONG of test/style/rules.py")


@rule
def tables_are_current(tree):
    """Each file and glob in the tables above still matches something."""
    rules = tree.files.get(TABLES_FILE)
    for table in FILE_TABLES if rules else []:
        for glob in table:
            if not any(fnmatch.fnmatch(path, glob) for path in tree.files):
                line = next((n for n, text in enumerate(rules.lines, 1) if f'"{glob}"' in text), 1)
                yield TABLES_FILE, line, f'"{glob}" matches no file: name the file as it is called now, or take the entry out'


@rule
def plain_text(tree):
    for file in tree.files.values():
        if any_glob(file.path, SPDX_EXEMPT) or not re.search(r"\.(cpp|hpp|py|sh|cmake|txt)$|(^|/)[^.]+$", file.path):
            continue
        if file.path == "LICENSE":
            continue
        for number, line in enumerate(file.lines, 1):
            if line.rstrip() != line:
                yield file.path, number, "white space at the end of the line"
            if "\t" in line and not file.is_cpp:
                yield file.path, number, "a tab; indent with spaces"
        if file.text and not file.text.endswith("\n"):
            yield file.path, len(file.lines), "no newline at the end of the file"


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    tree = Tree.load(root)
    failed = 0
    for name, check in RULES.items():
        findings = sorted(set(check(tree)))
        failed += bool(findings)
        for path, line, message in findings:
            print(f"{path}:{line}: {name}: {message}")
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
