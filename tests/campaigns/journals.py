#!/usr/bin/python3
"""Whatever is done to a journal is found, and named where it begins.

    tests/campaigns/journals.py [--seconds S] [--cases N] [--seed N]

Runs build/.../tests/campaigns/journals (journals/journals.c says what it does): journals with keys that were replaced and backups
that were restored, anchors of them at the export and at gates, and what somebody with the controller's disk can make of them. Each
case is one tampered journal, or one that only looks so; the check that `parkgate audit verify` runs must say of each what is true.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PARKGATE_BUILD_DIR", ROOT / "build" / "release"))

if __name__ == "__main__":
    program = str(BUILD / "tests" / "campaigns" / "journals")
    os.execv(program, [program, *sys.argv[1:]])
