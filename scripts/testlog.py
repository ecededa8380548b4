"""What a test run left behind: one Result for every test function, from ctest's JUnit files.

A ctest entry is a cmocka program, a Python unittest program or one plain test. The first two are read
function by function; names are `unit.access.decide_test/each_rule`, `peers.pn532/Pn532.test_mute`, and
`demo.once` for a plain one. A program that failed without a failed function, or that died inside one, is a
failure too.
"""
import re
import xml.etree.ElementTree
from typing import NamedTuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
UNNAMED = "ran without names (unittest needs -v)"

CMOCKA_LINE = re.compile(r"\[( RUN      |       OK |  FAILED  |  SKIPPED |  ERROR   )\] (\w+)\s*$")
CMOCKA_STATE = {" RUN      ": FAILED, "       OK ": PASSED, "  FAILED  ": FAILED,
                "  SKIPPED ": SKIPPED, "  ERROR   ": FAILED}
UNITTEST_NAME = re.compile(r"^(test\w*) \((?:__main__\.)?([\w.]+)\)")
UNITTEST_COUNT = re.compile(r"^Ran (\d+) tests? in ", re.M)
UNITTEST_STATE = re.compile(r"(?:^|\.\.\. ?)(ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$")


class Result(NamedTuple):
    name: str
    state: str


def cmocka_functions(text):
    """{function: state}; one that began and never ended has failed."""
    states = {}
    for line in text.splitlines():
        match = CMOCKA_LINE.search(line)
        if match:
            states[match[2]] = CMOCKA_STATE[match[1]]
    return states


def unittest_functions(text):
    states = {}
    current = None
    for line in text.splitlines():
        match = UNITTEST_NAME.match(line)
        if match:
            path = match[2]
            current = path if path.endswith("." + match[1]) else f"{path}.{match[1]}"
            states[current] = FAILED
        match = UNITTEST_STATE.search(line)
        if current and match:
            word = match[1].split()[0]
            states[current] = {"ok": PASSED, "skipped": SKIPPED, "expected": PASSED}.get(word, FAILED)
            current = None
    return states


def results_of(name, ctest_state, text):
    functions = cmocka_functions(text) or unittest_functions(text)
    count = UNITTEST_COUNT.search(text)
    if count and int(count[1]) > len(functions):
        return [Result(name, UNNAMED)]
    if not functions:
        return [Result(name, ctest_state)]
    results = [Result(f"{name}/{function}", state) for function, state in functions.items()]
    if ctest_state != PASSED and all(result.state == PASSED for result in results):
        results.append(Result(name, ctest_state))
    return results


def read(path):
    """The results of one JUnit file. OSError or ParseError: there is none, or it is cut short."""
    results = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        state = {"run": PASSED, "fail": FAILED}.get(case.get("status"), SKIPPED)
        results += results_of(case.get("name"), state, case.findtext("system-out") or "")
    return results
