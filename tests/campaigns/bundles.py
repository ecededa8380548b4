#!/usr/bin/python3
"""No bundle of the watch list is taken that is not exactly right.

    tests/campaigns/bundles.py [--seconds S] [--cases N] [--seed N]

Runs build/.../tests/campaigns/bundles (bundles/bundles.c says what it does): good bundles, each spoilt in one of many ways, through
the park's own check; each case is a mutated bundle that was refused.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PARKGATE_BUILD_DIR", ROOT / "build" / "release"))

if __name__ == "__main__":
    program = str(BUILD / "tests" / "campaigns" / "bundles")
    os.execv(program, [program, *sys.argv[1:]])
