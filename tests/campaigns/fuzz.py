#!/usr/bin/python3
"""Fuzzing of every parser of foreign bytes, of the message handlers as a state machine, and of stored records.

    tests/campaigns/fuzz.py [--seconds S] [--only fuzz_turn]

Each program of build/clang/tests/fuzz runs for its part of the time, two at once, through tests/fuzz/run.py: its kept corpus first,
then what libFuzzer makes of it. Prints the executions of each. What was found stays beside the program; a finding ends the run.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

from campaignlib import Campaign, Failed, ROOT

JOBS = 2


class Fuzz(Campaign):
    name, unit = "fuzz", "executions"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--only", nargs="+")

    def play(self):
        programs = sorted((ROOT / "build" / "clang" / "tests" / "fuzz").glob("fuzz_*"))
        programs = [path for path in programs if path.suffix == "" and path.is_file() and os.access(path, os.X_OK)
                    and (not self.options.only or path.name in self.options.only)]
        if not programs:
            raise Failed("no fuzz programs in build/clang: scripts/campaign.sh fuzz builds them")
        seconds = max(5, int(self.left() * JOBS / len(programs)))
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            for path, count in zip(programs, pool.map(lambda path: self.run(path, seconds), programs)):
                print(f"cases.{path.name}={count}", flush=True)
                self.cases += count
        yield 0

    @staticmethod
    def run(path, seconds):
        done = subprocess.run([sys.executable, "-B", str(ROOT / "tests" / "fuzz" / "run.py"), str(path),
                               str(ROOT / "tests" / "fuzz" / "corpus" / path.name)], capture_output=True, text=True, errors="replace",
                              env={**os.environ, "PARKGATE_FUZZ_SECONDS": str(seconds)}, check=False)
        counts = re.search(r"(\d+) replayed, (\d+) executions", done.stdout)
        if done.returncode != 0 or not counts:
            raise Failed(f"{path.name}:\n{done.stdout[-6000:]}{done.stderr[-1000:]}")
        return int(counts[1]) + int(counts[2])


if __name__ == "__main__":
    Fuzz.main()
