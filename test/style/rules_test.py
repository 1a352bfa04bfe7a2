#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule bites on the fixture that breaks it, says the right way, and leaves the fixture that keeps it alone."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402
from tree import Tree  # noqa: E402

TOP = "// SPDX-License-Identifier: Apache-2.0\n// What it is for.\n// Threads: plain values.\n"

TABLED = {glob.replace("*", "x"): "" for table in rules.FILE_TABLES for glob in table}


def function(lines, indent=""):
    """One of so many lines, all told."""
    return f"{indent}int f(int a,\n{indent}      int b) {{\n" + f"{indent}  if (a) {{\n{indent}  }}\n" + \
        f"{indent}  ++a;\n" * (lines - 5) + f"{indent}}}\n"


CONFIGURED = {
    "hub/main_hub.cpp": 'serve.add_option("--data", typed.data, "Folder");\n',
    "hub/hub_options.cpp": 'in.optional("data", out.data)\n',
    "hub/broker.cpp": 'std::getenv("PATH")\n',
    "hub/broker_test.cpp": 'std::getenv("TEST_ONLY")\n',
    "deploy/systemd/holdfast-hub.service": "ExecStart=/usr/bin/holdfast-hub serve $HUB_OPTIONS\n",
    "edge_agent/agent_options.cpp": '{"root", required_argument, nullptr, kRoot},\n',
    "hub/cli/command_table.cpp": 'OptionSpec output(std::string_view words) {\n  return {"--output", "-o"};\n}\n'
                                 '{"get",\n kLook,\n {output("json")},\n run_get},\n'
                                 'const OptionSpec timeout{"--timeout", "", "DURATION"};\n'
                                 '{"sync",\n kApp,\n {{"--revision", "", "REV"},\n timeout},\n run_sync},\n'
                                 '{"wait",\n kApp,\n {timeout},\n run_wait},\nlater("plan", kGit),\n',
}
CONFIGURATION = """# Configuration
| `--not` | of a program |
## holdfast-hub
| `--data DIR`, `data` | folder |
| `PATH` | where |
| `HUB_OPTIONS` | unit |
## holdfast-agent
| `--root DIR` | folder |
## holdfast
| `--output FORMAT`, `-o` | `get` | FORMAT |
| `--revision REV` | `sync` | REV |
| `--timeout DURATION` | `sync`, `wait` | DURATION |
"""

REASONS = {  # each way in which the source writes one down
    "Assigned": ("hub/node_keeper.cpp", 'placing.reason = "Assigned";\n'),
    "Chosen": ("edge_agent/section_end.cpp", 'record.reason = is_late ? "Chosen" : base::to_string(error.code());\n'),
    "Given": ("edge_agent/healer.cpp", '{.health = Health::kDegraded, .reason = "Given", .message = "Not one"});\n'),
    "Warned": ("edge_agent/engine.cpp", 'parts_.events.warning("Warned", {}, why);\n'),
    "Normal": ("edge_agent/engine.cpp", 'parts_.events.normal(\n    "Normal", {}, why);\n'),
    "Told": ("hub/node_talk.cpp", 'context_.tell(node, sync::EventType::kWarning,\n   "Told", "Not");\n'),
    "Kept": ("edge_agent/section_walker.cpp", 'end_.keep_trouble(record, "Kept", why);\n'),
    "Shown": ("hub/node_keeper.cpp", 'show(application, "Shown",\n "a text");\n'),
    "Type": ("hub/status_keeper.cpp", 'condition(before, "Type", "False", "Because",\n "a text; and more", now);\n'),
    "Because": ("hub/status_keeper.cpp", 'condition(before, "Type", "False", "Because",\n "a text; and more", now);\n'),
    "Unwell": ("edge_agent/supervisor.cpp", 'return {Health::kDegraded, "Unwell", detail};\n'),
    "Withheld": ("edge_agent/plan.cpp", 'case WithheldReason::kX: return "Withheld";\n'),
    "Own": ("edge_agent/node_snapshot.cpp", 'out.push_back(\n {"Own",\n ok ? "True" : "False", ok ? "a; b" : "", ok ? "Fine" : "Poor"});\n'),
    "Poor": ("edge_agent/node_snapshot.cpp", 'out.push_back(\n {"Own",\n ok ? "True" : "False", ok ? "a; b" : "", ok ? "Fine" : "Poor"});\n'),
    "Pressure": ("edge_agent/machine_conditions.cpp", '{.type = "Pressure",\n .see = see_it},\n'),
    "Named": ("hub/application_book.hpp", 'inline constexpr std::string_view kNamed = "Named";\n'),
    "Phase": ("sync/model/snapshot.cpp", '{SectionPhase::kPhase, "Phase"},\n'),
    "Code": ("base/result.cpp", 'case Code::kCode: return "Code";\n'),
}


def troubles(but=None):
    return "".join(f"| `{reason}` | means | do |\n" for reason in [*REASONS, "Fine"] if reason != but)


def reason_sources():
    out = {"hub/fake_fleet.cpp": 'x.reason = "OfATest";\n',
           "hub/context.cpp": 'void Context::tell(const Entry& about, std::string reason) {\n  record({"Application", about}, reason);\n}\n'}
    for path, text in REASONS.values():
        out[path] = out.get(path, "") + text
    return out

MEASURED = {
    "hub/metrics.cpp": 'plain("holdfast_hub_writes_total", "Writes.", n);\n',
    "hub/metrics_test.cpp": 'EXPECT_EQ("holdfast_hub_of_a_test", x);\n',
    "edge_agent/engine_metrics.cpp": 'counter(std::string("holdfast_agent_") + name);\nlevel(\n  "waiting", "Waits.", n);\n',
}
METRICS = "| `holdfast_hub_writes_total` | counter | | |\n| `holdfast_agent_waiting` | gauge | | |\n"

TOLD = {
    "edge_agent/board_facts.cpp": 'if (x) put(out, "model", model);\nout["network." + name] = kind_of(x);\n',
    "edge_agent/machine_facts.cpp": 'out["os"] = "linux";\n',
    "edge_agent/board_facts_test.cpp": 'put(out, "of_a_test", x);\n',
}
FACTS = "## Facts\n\n| `model` | is |\n| `network.NAME` | is |\n| `os` | is |\n\n| `board` of an Orin | is |\n"


# (rule, what is wrong, files, part of the finding's message)
BREAKS = [
    ("folder-table", "a folder includes one above it",
     {"base/digest.cpp": '#include "hub/hub.hpp"\n'}, "base may not use hub"),
    ("folder-table", "gitops includes sync/wire",
     {"gitops/render.cpp": '#include "sync/wire/frame.hpp"\n'}, "gitops may not use sync/wire"),
    ("folder-table", "the agent includes gitops beyond its policy",
     {"edge_agent/engine.cpp": '#include "gitops/policy/window.hpp"\n#include "gitops/render.hpp"\n'},
     "edge_agent may not use gitops"),
    ("folder-table", "the hub includes the agent",
     {"hub/fleet.cpp": '#include "edge_agent/plan.hpp"\n'}, "hub may not use edge_agent"),
    ("folder-table", "a file below a folder follows the folder's row",
     {"edge_agent/drivers/file.cpp": '#include "hub/hub.hpp"\n'}, "edge_agent may not use hub"),
    ("folder-table", "a relative include", {"base/a.cpp": '#include "b.hpp"\n'}, '#include "base/b.hpp"'),
    ("folder-table", "our header in angle brackets", {"base/a.cpp": "#include <base/b.hpp>\n"}, "angle brackets"),
    ("link-table", "a link list beyond the table",
     {"sync/store/CMakeLists.txt": "holdfast_library(sync_store\n  USES base gitops LINKS lmdb)\n"},
     "sync/store may not link gitops"),
    ("library-adapters", "LMDB outside its adapter", {"hub/fleet.cpp": "#include <lmdb.h>\n"}, "belongs to sync/store"),
    ("library-adapters", "libgit2 in the agent", {"edge_agent/a.cpp": "#include <git2/repository.h>\n"}, "belongs to gitops"),
    ("fakes-in-tests-only", "a fake in a program",
     {"edge_agent/engine.cpp": '#include "base/fake_clock.hpp"\n'}, "take the seam's interface"),
    ("gtest-in-tests-only", "a test in a source", {"base/a.cpp": "#include <gtest/gtest.h>\n"}, "*_test.cpp"),
    ("deciding-is-pure", "a clock header", {"edge_agent/plan.cpp": "#include <ctime>\n"}, "take a base::Clock&"),
    ("deciding-is-pure", "a thread header", {"hub/assign_step.hpp": "#include <mutex>\n"}, "no threads"),
    ("deciding-is-pure", "a file header", {"sync/wire/frame.cpp": "#include <fstream>\n"}, "take the content as a value"),
    ("deciding-is-pure", "a socket header", {"gitops/policy/window.cpp": "#include <sys/socket.h>\n"}, "behind a seam"),
    ("deciding-is-pure", "a system call's header", {"gitops/placement.cpp": "#include <unistd.h>\n"}, "behind a seam"),
    ("deciding-is-pure", "the environment", {"gitops/template.cpp": 'auto x = getenv("HOME");\n'}, "as an argument"),
    ("deciding-is-pure", "chance", {"hub/assign.cpp": "std::random_device d;\n"}, "take a base::Random&"),
    ("deciding-is-pure", "a file", {"edge_agent/plan.cpp": "return open(path);\n"}, "as a value"),
    ("deciding-is-pure", "shared ownership", {"sync/model/a.hpp": "std::shared_ptr<int> p;\n"}, "std::unique_ptr"),
    ("deciding-is-pure", "by way of a header of ours",
     {"edge_agent/plan.cpp": '#include "edge_agent/order.hpp"\n',
      "edge_agent/order.hpp": '#include "base/linux_host.hpp"\n'}, "by way of edge_agent/order.hpp"),
    ("one-clock", "a clock of its own", {"hub/poll.cpp": "auto t = std::chrono::steady_clock::now();\n"}, "base::Clock&"),
    ("one-clock", "the C way", {"hub/poll.cpp": "auto t = time(nullptr);\n"}, "base::Clock&"),
    ("agent-stays-small", "iostream", {"base/a.cpp": "#include <iostream>\n"}, "half a megabyte"),
    ("agent-stays-small", "fmt", {"edge_agent/a.cpp": "#include <fmt/format.h>\n"}, "half a megabyte"),
    ("licence-line", "a source without it", {"base/a.cpp": "int a;\n"}, "SPDX-License-Identifier"),
    ("licence-line", "a script without it", {"test/run": "#!/bin/bash\necho\n"}, "SPDX-License-Identifier"),
    ("header-opening", "no pragma", {"base/a.hpp": TOP}, "#pragma once"),
    ("header-opening", "no thread rule", {"base/a.hpp": "// What it is for.\n#pragma once\n"}, "// Threads:"),
    ("own-header-first", "another first",
     {"base/a.cpp": '#include <string>\n#include "base/a.hpp"\n', "base/a.hpp": TOP}, "stands on its own"),
    ("no-throw", "an exception", {"gitops/a.cpp": "void f() { throw 1; }\n"}, "return fail"),
    ("plain-names", "utils", {"base/string_utils.cpp": ""}, "name the file after the noun"),
    ("plain-names", "a folder", {"hub/common/a.cpp": ""}, "name the file after the noun"),
    ("plain-names", "manager", {"edge_agent/process_manager.hpp": ""}, "name the file after the noun"),
    ("one-expected", "the standard's header", {"base/a.cpp": "#include <expected>\n"}, "base::Result"),
    ("one-expected", "the type by its name", {"hub/a.cpp": "tl::expected<int, int> x;\n"}, "base::Result<T>"),
    ("json-out-of-headers", "json in a header", {"hub/a.hpp": "#include <nlohmann/json.hpp>\n"}, "json_fwd"),
    ("no-skipped-tests", "a skipped test", {"base/a_test.cpp": "GTEST_SKIP();\n"}, "MAY_SKIP"),
    ("no-skipped-tests", "a disabled test", {"base/a_test.cpp": "TEST(A, DISABLED_b) {}\n"}, "MAY_SKIP"),
    ("no-skipped-tests", "a skipped pytest", {"test/e2e/test_a.py": "@pytest.mark.skip\n"}, "MAY_SKIP"),
    ("words", "a synonym in a comment", {"hub/a.cpp": "// the target state of a node\n"}, "desired state"),
    ("words", "a synonym in a name", {"hub/a.cpp": "int blacklisted;\n"}, "quarantine"),
    ("root-is-tidy", "a folder of its own", {"scripts/a.sh": ""}, "find its place"),
    ("nothing-unfinished", "a note to self", {"hub/a.cpp": "// TODO: later\n"}, "finish it"),
    ("limits-are-explained", "a limit nobody explains",
     {"base/limits/hub.hpp": "inline constexpr auto kMostThings = 3;\n", "docs/limits.md": "# Limits\n"}, "kMostThings"),
    *(("options-are-explained", what, {**CONFIGURED, "docs/configuration.md": CONFIGURATION.replace(row, instead)}, message)
      for what, row, instead, message in [
          ("an option nobody explains", "`--data DIR`, ", "", "--data of holdfast-hub is not explained: write a row for it in docs/configuration.md"),
          ("a member of the file nobody explains", ", `data`", "", "data of holdfast-hub is not explained"),
          ("a variable nobody explains", "| `PATH` | where |\n", "", "PATH of holdfast-hub is not explained"),
          ("a variable of the unit nobody explains", "| `HUB_OPTIONS` | unit |\n", "", "HUB_OPTIONS of holdfast-hub is not explained"),
          ("an option of the agent nobody explains", "| `--root DIR` | folder |\n", "", "--root of holdfast-agent is not explained"),
          ("an option of one command nobody explains", ", `wait` |", " |", "wait --timeout of holdfast is not explained"),
          ("an option that several commands share", "`get` | FORMAT", "| FORMAT", "get --output of holdfast is not explained"),
          ("a row of an option that is gone", "`--data DIR`", "`--data DIR`, `--gone`", "holdfast-hub has no --gone"),
          ("a row of a command that lacks it", "`wait`", "`wait`, `get`", "holdfast has no get --timeout"),
      ]),
    *(("reasons-are-explained", f"{reason} nobody explains", {**reason_sources(), "docs/troubleshooting.md": troubles(but=reason)},
       f"the reason {reason}: write a row for it in docs/troubleshooting.md") for reason in REASONS),
    ("reasons-are-explained", "a row of what no code gives",
     {**reason_sources(), "docs/troubleshooting.md": troubles() + "| `Fine`, `GoneLongAgo` | means | do |\n"}, "no code gives the reason GoneLongAgo"),
    ("metrics-are-explained", "a metric of the hub", {**MEASURED, "docs/metrics.md": METRICS.replace("hub_w", "hub_W")}, "holdfast_hub_writes_total is not explained"),
    ("metrics-are-explained", "a metric of the agent", {**MEASURED, "docs/metrics.md": METRICS.replace("waiting", "waited")}, "holdfast_agent_waiting is not explained"),
    ("tables-are-whole", "a draft between two rows", {"docs/a.md": "| a |\n|---|\nRAW b\n| c |\n"}, "breaks a table"),
    ("facts-are-explained", "a fact that a page does not have", {**TOLD, "docs/facts.md": FACTS.replace("| `os` | is |\n", "")}, "the fact os is not explained"),
    ("facts-are-explained", "one of several", {**TOLD, "docs/facts.md": FACTS.replace("network", "net")}, "the fact network is not explained"),
    ("facts-are-explained", "a row of what nobody tells", {**TOLD, "docs/facts.md": FACTS.replace("`model`", "`modell`")}, "nobody tells the fact modell"),
    ("metrics-are-explained", "a row of none", {**MEASURED, "docs/metrics.md": METRICS.replace("waiting", "waited")}, "nobody measures holdfast_agent_waited"),
    ("short-functions", "one line too many", {"base/a.cpp": function(rules.FUNCTION_LINES_MAX + 1)}, "a function of 71 lines"),
    ("short-functions", "a member", {"base/a.hpp": "class A {\n" + function(100, "  ") + "};\n"}, "a function of 100 lines"),
    ("short-functions", "a test", {"base/a_test.cpp": "TEST(A, Holds) {\n" + "  f();\n" * 80 + "}\n"}, "a function of 82 lines"),
    ("tables-are-current", "a glob that matches nothing",
     {rules.TABLES_FILE: "", **{path: text for path, text in TABLED.items() if path != "hub/assignx"}},
     '"hub/assign*" matches no file'),
    ("plain-text", "white space at the end", {"base/a.cpp": "int a; \n"}, "white space"),
    ("plain-text", "a tab", {"test/run": "#!/bin/bash\n\techo\n"}, "a tab"),
    ("plain-text", "no newline at the end", {"base/a.cpp": "int a;"}, "no newline"),
]

# (rule, what is right, files)
KEEPS = [
    ("folder-table", "down the table",
     {"hub/a.cpp": '#include "hub/a.hpp"\n#include "gitops/render.hpp"\n#include "sync/wire/frame.hpp"\n'}),
    ("folder-table", "a commented include", {"base/a.cpp": '// #include "hub/hub.hpp"\n'}),
    ("folder-table", "the simulator uses everything",
     {"test/sim/a.cpp": '#include "hub/a.hpp"\n#include "edge_agent/a.hpp"\n'}),
    ("link-table", "within the table",
     {"gitops/CMakeLists.txt": "holdfast_library(gitops USES base sync_model gitops_policy LINKS yaml git2)\n"}),
    ("library-adapters", "in its adapter", {"sync/store/lmdb_store.cpp": "#include <lmdb.h>\n"}),
    ("fakes-in-tests-only", "a fake in a test", {"edge_agent/a_test.cpp": '#include "base/fake_clock.hpp"\n'}),
    ("gtest-in-tests-only", "a contract suite", {"base/host_contract.hpp": "#include <gtest/gtest.h>\n"}),
    ("deciding-is-pure", "values only",
     {"edge_agent/plan.cpp": '#include <vector>\n#include "base/clock.hpp"\n// reads no fopen() nor <mutex>\n',
      "base/clock.hpp": "#include <chrono>\n"}),
    ("deciding-is-pure", "a variable that is called open", {"edge_agent/plan.cpp": "std::vector<int> open(3);\n"}),
    ("deciding-is-pure", "its test may read golden files", {"edge_agent/plan_test.cpp": "#include <fstream>\n"}),
    ("deciding-is-pure", "code that does not decide", {"edge_agent/engine.cpp": "#include <unistd.h>\n"}),
    ("one-clock", "the real clock", {"base/system_clock.cpp": "clock_gettime(CLOCK_BOOTTIME, &t);\n"}),
    ("one-clock", "in a string", {"hub/a.cpp": 'f("steady_clock::now");\n'}),
    ("agent-stays-small", "the hub may", {"hub/a.cpp": "#include <iostream>\n"}),
    ("agent-stays-small", "an agent's test may", {"edge_agent/a_test.cpp": "#include <sstream>\n"}),
    ("licence-line", "first, or after #!",
     {"base/a.cpp": TOP, "test/run": "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n"}),
    ("licence-line", "a fuzz corpus is data", {"test/fuzz/manifest/bomb.yaml": "a: &a [*a]\n"}),
    ("header-opening", "as it should be", {"base/a.hpp": TOP + "#pragma once\n"}),
    ("own-header-first", "own first", {"base/a.cpp": '#include "base/a.hpp"\n#include <string>\n', "base/a.hpp": TOP}),
    ("no-throw", "the word in a comment or a name", {"gitops/a.cpp": "// yaml-cpp may throw\nint throws;\n"}),
    ("plain-names", "nouns", {"base/digest.cpp": "", "hub/fleet.cpp": ""}),
    ("one-expected", "behind the alias", {"base/result.hpp": "#include <tl/expected.hpp>\ntl::expected<int, int> x;\n"}),
    ("json-out-of-headers", "the forward header", {"hub/a.hpp": "#include <nlohmann/json_fwd.hpp>\n"}),
    ("no-skipped-tests", "tests that run", {"base/a_test.cpp": "TEST(A, holds) {}\n"}),
    ("words", "the words of the design", {"hub/a.cpp": "// the desired state of a node; the stateful target\n"}),
    ("root-is-tidy", "what the design names", {"README.md": "", "hub/a.cpp": "", ".clang-tidy": ""}),
    ("nothing-unfinished", "mkstemp's pattern", {"base/a.cpp": 'f("a-XXXXXX");\n'}),
    ("limits-are-explained", "one that is explained",
     {"base/limits/hub.hpp": "inline constexpr auto kMostThings = 3;\n", "docs/limits.md": "kMostThings: 3\n"}),
    ("options-are-explained", "each has its row", {**CONFIGURED, "docs/configuration.md": CONFIGURATION}),
    ("reasons-are-explained", "each has its row, and what else people see",
     {**reason_sources(), "docs/troubleshooting.md": troubles() + "| `holdfast: … 401` | means | `Elsewhere` |\n"}),
    ("tables-are-whole", "an empty line ends it", {"docs/a.md": "| a |\n|---|\n| b |\n\nText.\n"}),
    ("facts-are-explained", "each has its row", {**TOLD, "docs/facts.md": FACTS}),
    ("metrics-are-explained", "each has its row", {**MEASURED, "docs/metrics.md": METRICS}),
    ("short-functions", "at the limit", {"base/a.cpp": function(rules.FUNCTION_LINES_MAX) * 2}),
    ("short-functions", "a namespace and a table are none",
     {"base/a.cpp": "namespace a {\n" + "int b;\n" * 100 + "}  // namespace a\nconst int kB[] = {\n" + "  1,\n" * 100 + "};\n"}),
    ("tables-are-current", "globs that match", {rules.TABLES_FILE: "", **TABLED}),
    ("plain-text", "plain", {"base/a.cpp": "int a;\n"}),
]


def findings(name, files):
    return list(rules.RULES[name](Tree(files)))


class Rules(unittest.TestCase):
    maxDiff = None

    def test_every_rule_has_a_fixture_that_breaks_it_and_one_that_keeps_it(self):
        self.assertEqual(sorted(rules.RULES), sorted({row[0] for row in BREAKS}))
        self.assertEqual(sorted(rules.RULES), sorted({row[0] for row in KEEPS}))

    def test_every_row_of_the_folder_table_names_rows(self):
        for folder, uses in rules.MAY_USE.items():
            for other in uses or []:
                self.assertIn(other, rules.MAY_USE, folder)

    def test_exceptions_have_reasons(self):
        for table in (rules.MAY_THROW, rules.MAY_SKIP, rules.MAY_INCLUDE_JSON, rules.MAY_BE_LONG):
            for path, reason in table.items():
                self.assertGreater(len(reason), 10, path)


def breaks(name, files, message):
    def test(self):
        found = findings(name, files)
        self.assertTrue(found, "the rule did not bite")
        self.assertTrue(any(message in text for _, _, text in found), f"no finding says '{message}': {found}")
        self.assertTrue(all(line >= 1 for _, line, _ in found))
    return test


def keeps(name, files):
    return lambda self: self.assertEqual(findings(name, files), [])


for number, (name, what, files, message) in enumerate(BREAKS):
    setattr(Rules, f"test_{name}_bites_on_{what}".replace(" ", "_").replace("-", "_"), breaks(name, files, message))
for number, (name, what, files) in enumerate(KEEPS):
    setattr(Rules, f"test_{name}_keeps_{what}".replace(" ", "_").replace("-", "_"), keeps(name, files))

if __name__ == "__main__":
    unittest.main()
