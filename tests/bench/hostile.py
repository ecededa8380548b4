#!/usr/bin/python3
"""Verdict times of honest gates with and without a hostile peer beside them (tests/campaigns/hostile.py), round by round in turns.

    tests/bench/hostile.py [--rounds 5] [--seconds 8]

Prints p50 and p99 of each kind, the medians over the rounds, and the share that the attacks cost. Judged by nothing: a figure of a
machine that does something else beside it says little. docs/benchmarks.md keeps a recorded run.
"""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "campaigns"))
from hostile import Hostile  # noqa: E402


class Bench(Hostile):
    name, unit = "hostile, measured", "hostile frames, requests and connections"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--rounds", type=int, default=5)
        parser.set_defaults(seconds=8)  # of a round

    def work(self):
        self.prepare()
        times = {"without": [], "with": []}
        for number in range(2 * self.options.rounds):
            kind = ("without", "with")[number % 2]
            self.thief.over.clear()
            thread = threading.Thread(target=self.thief.for_ever, daemon=True)
            if kind == "with":
                thread.start()
            times[kind].append(self.honest(int(self.options.seconds))["verdict"])
            self.thief.over.set()
            if kind == "with":
                thread.join(60)
        for kind, runs in times.items():
            self.say(f"{kind:8} verdict p50 {middle(runs, 'p50_us'):.2f} ms, p99 {middle(runs, 'p99_us'):.2f} ms "
                     f"(p99 of the rounds: {', '.join(format(run['p99_us'] / 1000, '.2f') for run in runs)})")
        share = middle(times["with"], "p99_us") / middle(times["without"], "p99_us") - 1
        self.say(f"p99 under attack: {share:+.0%} (goal: within 20 %); {self.thief.count} hostile acts")
        yield self.thief.count


def middle(runs, which):
    return sorted(run[which] for run in runs)[len(runs) // 2] / 1000


if __name__ == "__main__":
    Bench.main()
