#!/usr/bin/python3
"""No bundle of the watch list is taken that is not exactly right.

    tests/campaigns/bundles.py [--seconds S] [--seed N]

Good bundles, each spoilt in one of many ways; each case is a mutated bundle that was refused. Two thirds of the time through the
park's own check (bundles/bundles.c), one third pushed to a whole controller, where nothing may change (bundles/controller.c).
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PARKGATE_BUILD_DIR", ROOT / "build" / "release"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    for program, share in (("bundles", 2 / 3), ("bundles_controller", 1 / 3)):
        done = subprocess.run([str(BUILD / "tests" / "campaigns" / program), "--seconds", f"{max(options.seconds * share, 1):g}", "--seed",
                               str(options.seed)], check=False)
        if done.returncode != 0:
            sys.exit(f"again: {program} --seconds {options.seconds * share:g} --seed {options.seed}")
