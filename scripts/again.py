#!/usr/bin/python3
"""Tests with deadlines that failed beside others are run once more alone (scripts/test.sh): which, and what then counts.

    again.py failed JUNIT.xml REGEX       the failed ones whose names match, as a regular expression, or nothing
    again.py merge JUNIT.xml AGAIN.xml    those that passed take the place of the failed ones, and say so
"""
import re
import sys
import xml.etree.ElementTree

SAYS = "passed alone; it had failed beside others"


def failed(path, regex):
    cases = xml.etree.ElementTree.parse(path).iter("testcase")
    return "|".join(re.escape(case.get("name")) for case in cases if case.get("status") == "fail" and re.match(regex, case.get("name")))


def merge(path, again):
    tree = xml.etree.ElementTree.parse(path)
    passed = {case.get("name"): case for case in xml.etree.ElementTree.parse(again).iter("testcase") if case.get("status") == "run"}
    root = tree.getroot()
    for place, case in enumerate(list(root)):
        if case.tag == "testcase" and case.get("name") in passed:
            better = passed[case.get("name")]
            out = better.find("system-out")
            out.text = f"{out.text or ''}\n{SAYS}\n"
            root[place] = better
            print(f"{case.get('name')}: {SAYS}")
    tree.write(path, encoding="utf-8", xml_declaration=True)


def main():
    what, path, more = sys.argv[1:]
    if what == "failed":
        print(failed(path, more))
    else:
        merge(path, more)


if __name__ == "__main__":
    main()
