#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What test/run counts is what happened: nothing that failed, crashed or never ran counts as passed."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tally  # noqa: E402


def case(name, result="COMPLETED", failed=False, status="RUN"):
    failures = ', "failures": [{"failure": "x", "type": ""}]' if failed else ""
    return f'{{"name": "{name}", "status": "{status}", "result": "{result}"{failures}}}'


def program(*cases):
    return f'{{"testsuites": [{{"name": "Digest", "testsuite": [{", ".join(cases)}]}}]}}'


def ctest(*programs):
    rows = "".join(f'<testcase name="{name}" status="{status}"/>' for name, status in programs)
    return f"<testsuite>{rows}</testsuite>"


class Tally(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def put(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def gtest(self, junit, **programs):
        for name, text in programs.items():
            self.put(name + ".json", text)
        return list(tally.gtest(self.put("junit.xml", junit), self.folder.name))

    def test_cases_of_a_program_count_one_by_one(self):
        found = self.gtest(ctest(("base_test", "fail")),
                           base_test=program(case("a"), case("b", failed=True), case("c", result="SKIPPED")))
        self.assertEqual([result for _, result in found], ["passed", "failed", "skipped"])

    def test_a_program_that_crashed_is_a_failure(self):
        found = self.gtest(ctest(("base_test", "fail")))
        self.assertEqual([result for _, result in found], ["failed"])

    def test_a_sanitizer_report_after_the_last_case_is_a_failure(self):
        found = self.gtest(ctest(("base_test", "fail")), base_test=program(case("a")))
        self.assertEqual([result for _, result in found], ["passed", "failed"])

    def test_pytest_errors_and_failures_are_failures(self):
        rows = ('<testcase classname="t" name="a"/><testcase classname="t" name="b"><failure/></testcase>'
                '<testcase classname="t" name="c"><error/></testcase><testcase classname="t" name="d"><skipped/></testcase>')
        found = list(tally.pytest(self.put("junit.xml", f"<testsuites><testsuite>{rows}</testsuite></testsuites>")))
        self.assertEqual([result for _, result in found], ["passed", "failed", "failed", "skipped"])

    def test_what_passes_only_at_the_second_try_is_told_apart(self):
        first = ('<testcase classname="t" name="a"><failure/></testcase><testcase classname="t" name="b"><failure/></testcase>'
                 '<testcase classname="t" name="c"/>')
        second = '<testcase classname="t" name="a"/><testcase classname="t" name="b"><failure/></testcase>'
        found = dict(tally.pytest(self.put("first.xml", f"<x>{first}</x>"), self.put("second.xml", f"<x>{second}</x>")))
        self.assertEqual(found, {"t.a": "again", "t.b": "failed", "t.c": "passed"})

    def test_lines_of_programs(self):
        for text, code, want in [
            ("2000 passed, 0 failed\n", "0", (2000, 0, 0)),
            ("1 passed, 1 failed\n3 passed, 2 failed, 1 skipped\n", "1", (3, 2, 1)),
            ("5 passed, 0 failed\nthen it crashed\n", "139", (5, 1, 0)),
            ("no such line\n", "0", (1, 0, 0)),
            ("no such line\n", "1", (0, 1, 0)),
        ]:
            with self.subTest(text=text, code=code):
                results = [result for _, result in tally.line(self.put("log", text), code, "x")]
                self.assertEqual(tuple(results.count(kind) for kind in ("passed", "failed", "skipped")), want)


if __name__ == "__main__":
    unittest.main()
