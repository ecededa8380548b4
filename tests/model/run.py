#!/usr/bin/python3
"""The rules of docs/decision-rules.md, played twice: by the real controller and by tests/model/rules.py.

    tests/model/run.py --events 1000000 [--seed S] [--seconds N] [--drive build/tests/model/model_drive]

Each world is a random park with people in it, drawn from seed and world number. Every verdict is compared, and from
time to time every figure of the headcount, who is inside, and each zone's count. Status 0: all agreed; the last line
says how many events that were. 1: they differ; the first difference is shown with the model's reasoning and the
command that plays that world again. --trace shows every step of it.
"""
import argparse
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import story  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BUILT = os.path.join(HERE, "..", "..", "build", "tests", "model", "model_drive")
EVENTS_PER_WORLD = 3000


class Pipe:
    """Commands go ahead, answers come in bunches and are checked in order."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, encoding="utf-8")
        self.lines, self.waiting = [], []

    def put(self, words, check):
        self.lines.append("\t".join(str(w) for w in words) + "\n")
        self.waiting.append(check)
        if len(self.lines) >= 200:
            self.flush()

    def flush(self):
        self.process.stdin.write("".join(self.lines) + "flush\n")
        self.process.stdin.flush()
        self.lines, waiting = [], self.waiting
        self.waiting = []
        for check in waiting:
            rows = []
            while True:
                words = self.answer()
                if words[0] != "r":
                    break
                rows.append(words[1:])
            check(words, rows)

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise story.Differ("the driver ended")
            if line[0] != "[" and line.split("\t")[0].strip() in ("ok", "v", "t", "a", "r"):
                return line.rstrip("\n").split("\t")
            if "error" in line.lower() or "refused" in line:
                raise story.Differ("the driver says: " + line + (self.process.stdout.readline()))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", type=int, help="only this world")
    parser.add_argument("--seconds", type=float, help="begin no world after so long")
    parser.add_argument("--drive", default=BUILT)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--figures", type=int, default=500, help="compare the figures after so many events")
    return parser.parse_args()


def main():
    args = arguments()
    begun, agreed, verdicts = time.monotonic(), 0, {}
    pipe = Pipe(args.drive)
    world = args.world or 0
    while agreed < args.events and (args.seconds is None or time.monotonic() - begun < args.seconds):
        number = min(EVENTS_PER_WORLD, args.events - agreed)
        tale = story.Story(pipe, random.Random(f"{args.seed}/{world}"), args.trace, args.figures)
        try:
            tale.play(number, None if args.seconds is None else begun + args.seconds)
        except story.Differ as differ:
            print(f"{differ}\nseed {args.seed}, world {world}, event {tale.events}\n"
                  f"again: tests/model/run.py --seed {args.seed} --world {world} --events {EVENTS_PER_WORLD} --trace")
            return 1
        agreed += tale.events
        for reason, count in tale.verdicts.items():
            verdicts[reason] = verdicts.get(reason, 0) + count
        world += 1
        if args.world is not None:
            break
    pipe.close()
    for reason, count in sorted(verdicts.items(), key=lambda item: -item[1]):
        print(f"{count:9} {reason}")
    print(f"{agreed} events agreed in {world - (args.world or 0)} worlds, seed {args.seed}, "
          f"{time.monotonic() - begun:.0f} s")
    return 0 if agreed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
