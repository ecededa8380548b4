#!/usr/bin/python3
"""The end of scripts/test.sh: what failed, what ran by family, and the closing line.

    test-report.py [--some] [--also NAME=passed|failed] JUNIT.xml...

--some: a file may be missing, no test of that build was asked for. Status 1 when a test failed or was
skipped, a file is missing, or nothing ran.
"""
import argparse
import collections
import os
import re
import sys
import xml.etree.ElementTree

import testlog


def gather(paths, some):
    results = []
    for path in paths:
        try:
            results += testlog.read(path)
        except (OSError, xml.etree.ElementTree.ParseError) as problem:
            if not (some and isinstance(problem, FileNotFoundError)):
                print(f"{path}: {problem}")
                results.append(testlog.Result(os.path.basename(path), testlog.FAILED))
    return results


# What a person wants to see of tests that passed: times beside their bounds, and how much a campaign did.
TELLING = re.compile(r"\(bound [\d.]+ s\)$|^\d+ kills: |^kills=\d+|^nothing lost|\d+ executions|^campaign \S+: |\d+ entries replayed|^passed alone")


def tell(paths):
    for path in filter(os.path.exists, paths):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            for line in (case.findtext("system-out") or "").splitlines():
                if TELLING.search(line):
                    print(f"   {case.get('name')}: {line.split(' ... ')[-1].lstrip('.')}")


WHY = re.compile(r"FAIL|ERROR|Error|Failure|MUST|abort|runtime error|Sanitizer|\bnot \b.*\bwithin\b|!=")
WHY_LINES, WHY_CHARS = 12, 300


def why(paths):
    """Of each program that failed: the lines that say why, or its last ones. Long logs are not kept everywhere."""
    for path in filter(os.path.exists, paths):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            if case.get("status") == "run":
                continue
            lines = [line for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
            telling = [line for line in lines if WHY.search(line)] or lines
            print(f"-- {case.get('name')}")
            for line in telling[-WHY_LINES:]:
                print(f"   {line[:WHY_CHARS]}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--some", action="store_true")
    arguments.add_argument("--also", action="append", default=[])
    arguments.add_argument("paths", nargs="+")
    options = arguments.parse_args()

    tell(options.paths)
    results = gather(options.paths, options.some)
    results += [testlog.Result(*also.split("=")) for also in options.also]
    families = collections.Counter(".".join(r.name.split("/")[0].split(".")[:2]) for r in results)
    print("== tests by family: " + ", ".join(f"{name} {n}" for name, n in sorted(families.items())))
    bad = [result for result in results if result.state != testlog.PASSED]
    why(options.paths)
    for result in bad:
        print(f"{result.state}: {result.name}")
    print(f"{len(results) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main())
