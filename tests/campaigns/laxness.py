#!/usr/bin/python3
"""A gate alone is never laxer than its controller.

    tests/campaigns/laxness.py [--seconds S] [--cases N] [--seed N]

Runs build/.../tests/campaigns/laxness (laxness/laxness.c says what it does): random controllers, copies of them that are whole,
late, cut short, wrong or damaged, own events on top, leases and clocks; each case is a read that both judge.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PARKGATE_BUILD_DIR", ROOT / "build" / "release"))

if __name__ == "__main__":
    program = str(BUILD / "tests" / "campaigns" / "laxness")
    os.execv(program, [program, *sys.argv[1:]])
