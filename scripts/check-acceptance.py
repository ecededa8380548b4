#!/usr/bin/python3
"""Checks docs/acceptance.md against a test run: every test it names exists, ran and passed.

    check-acceptance.py docs/acceptance.md JUNIT.xml...

A row is `| sentence | tests | command |`; tests are names in backticks, `CTEST` or `CTEST/FUNCTION` as
scripts/testlog.py makes them; `CTEST` alone means every function of it. A row without a test must say
`open: REASON` in that column; such rows are listed and allowed. Status 1 when a name is not in the run, did
not pass, or a row has neither.
"""
import re
import sys

import testlog

ROW = re.compile(r"^\|(.*)\|\s*$")


def rows(text):
    """(line number, sentence, tests, command) of every table row below a heading row."""
    for number, line in enumerate(text.splitlines(), 1):
        match = ROW.match(line)
        if not match:
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", match[1])]
        if cells[0] in ("sentence", "") or set(cells[0]) <= set("-: "):
            continue
        yield number, cells


def judge(name, states):
    """None when the test ran and passed, else what is wrong."""
    hits = [state for known, state in states.items()
            if known == name or known.startswith(name + "/")
            or re.sub(r"/[\w.]+\.", "/", known) == name]
    if not hits:
        return "did not run, or does not exist"
    bad = [state for state in hits if state != testlog.PASSED]
    return bad[0] if bad else None


def check(path, states):
    wrong, opened, closed = [], [], 0
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for number, cells in rows(text):
        where = f"{path}:{number}"
        if len(cells) != 3:
            wrong.append(f"{where}: {len(cells)} columns, not 3")
            continue
        sentence, tests, _ = cells
        reason = re.search(r"\bopen: *(\S.*)", tests)
        names = re.findall(r"`([^`]+)`", tests[:reason.start()] if reason else tests)
        if reason:
            opened.append(f"{where}: {sentence[:70]}: {reason[1]}")
        elif not names:
            wrong.append(f"{where}: neither a test nor `open: REASON`: {sentence[:70]}")
        else:
            closed += 1
        for name in names:
            problem = judge(name, states)
            if problem:
                wrong.append(f"{where}: {name}: {problem}")
    return wrong, opened, closed


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    states = {}
    for path in sys.argv[2:]:
        for result in testlog.read(path):
            states[result.name] = result.state
    wrong, opened, closed = check(sys.argv[1], states)
    for line in opened:
        print(f"open: {line}")
    for line in wrong:
        print(f"wrong: {line}")
    print(f"== acceptance: {closed} sentences with tests that ran, {len(opened)} open, {len(wrong)} wrong")
    return 1 if wrong or not closed else 0


if __name__ == "__main__":
    sys.exit(main())
