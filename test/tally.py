# SPDX-License-Identifier: Apache-2.0
"""Counts what a part of test/run did: prints `passed failed skipped`, then a line for each test that failed.

  tally.py gtest JUNIT FOLDER    ctest's JUnit file, and the folder where each GoogleTest program wrote <program>.json
  tally.py pytest JUNIT [AGAIN]  AGAIN: of what failed and was run once more; a line `again: NAME` for each that passed then
  tally.py line LOG EXIT NAME    the last line "N passed, N failed" of a log; without one, the exit code is one test
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as xml


def cases_of(path):
    """(name, result) of each case a GoogleTest program ran."""
    with open(path, encoding="utf-8") as file:
        for suite in json.load(file)["testsuites"]:
            for case in suite["testsuite"]:
                skipped = case.get("result") == "SKIPPED"
                result = "failed" if case.get("failures") else "skipped" if skipped else "passed"
                if case.get("status") == "RUN":
                    yield f"{suite['name']}.{case['name']}", result


def gtest(junit, folder):
    for program in xml.parse(junit).getroot().iter("testcase"):
        name, failed = program.get("name"), program.get("status") == "fail"
        path = os.path.join(folder, name + ".json")
        cases = list(cases_of(path)) if os.path.exists(path) else []
        yield from ((f"{name}: {case}", result) for case, result in cases)
        if failed and not any(result == "failed" for _, result in cases):
            yield f"{name}: did not end well (crash, sanitizer report or time limit)", "failed"
        elif not failed and not cases:
            yield name, "passed"


def pytest_cases(junit):
    """An error at the end of a test that passed is a second row of the same name: the worse counts."""
    order = ("failed", "skipped", "passed")
    results = {}
    for case in xml.parse(junit).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        result = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        name = f"{case.get('classname')}.{case.get('name')}"
        results[name] = min(result, results.get(name, result), key=order.index)
    return results


def pytest(junit, again=None):
    second = pytest_cases(again) if again else {}
    for name, result in pytest_cases(junit).items():
        if result == "failed" and second.get(name) == "passed":
            yield name, "again"
        else:
            yield name, result


def line(log, code, name):
    with open(log, encoding="utf-8", errors="replace") as file:
        found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", file.read(), re.M)
    passed, failed, skipped = (int(n or 0) for n in found[-1]) if found else (int(code == "0"), int(code != "0"), 0)
    if code != "0" and failed == 0:
        failed = 1
    yield from [(name, "passed")] * passed + [(name, "failed")] * failed + [(name, "skipped")] * skipped


def main():
    results = list({"gtest": gtest, "pytest": pytest, "line": line}[sys.argv[1]](*sys.argv[2:]))
    counts = [sum(result == kind for _, result in results) for kind in ("passed", "failed", "skipped")]
    counts[0] += sum(result == "again" for _, result in results)
    print(*counts)
    for name in (name for name, result in results if result == "again"):
        print(f"again: {name}")
    for name in dict.fromkeys(name for name, result in results if result == "failed"):
        print(name)


if __name__ == "__main__":
    main()
