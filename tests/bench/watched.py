#!/usr/bin/python3
"""What a watch list adds to a decision: plates read at entries of a park with a list of vehicles and of one without, in turns.

    tests/bench/watched.py [--entries 1000000] [--vehicles 10000] [--rounds 5] [--seconds 5] [--rate 1000] [--build build/release]

Two controllers, each with the same vehicles; one has the list, staged by bundles that a station signed and pushed (which takes most of
the time). The vehicles that come are not on the list, and no camera would take one for a listed one: a hit is work of another kind,
and seldom. Printed of each round: processor time of the controller's own thread a read, verdict p50 and p99 at --rate, and the
highest durable rate; at the end the medians, and what the list added. Judged by nobody: docs/benchmarks.md keeps a recorded run.
"""
import argparse
import pathlib
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stage import Line, Stage, plate  # noqa: E402
from station import Station, vehicle  # noqa: E402

BUNDLE, WINDOW = 200_000, 20
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
GROUPS = ("0ODQ", "8B3", "1ILT7", "UVY", "2Z", "MNHW", "5S", "EF", "6GC", "KX", "4A", "浙沪渝", "苏粤鲁", "皖赣晋", "川京", "冀翼")
BONES = {one: group[0] for group in GROUPS for one in group}


def skeleton(text):
    """Plates that cameras may take for one another have the same (common/access/plate_alike.h)."""
    return "".join(BONES.get(one, one) for one in text)


def is_alike(one, other):
    return sum(a != b for a, b in zip(one, other)) <= 2


def listed_plates(count, vehicles):
    """Ordinary plates of the whole country, half of them with letters in the number; none is one of the park's or like one."""
    dice, own, found = random.Random(5), {}, set()
    for text in map(plate, range(vehicles)):
        own.setdefault(skeleton(text), []).append(text)
    while len(found) < count:
        number = [dice.choice("0123456789") for _ in range(5)]
        for place in dice.sample(range(5), dice.choice((0, 0, 1, 2))):
            number[place] = dice.choice(LETTERS)
        text = dice.choice(PROVINCES) + dice.choice(LETTERS) + "".join(number)
        if number != list("00000") and not any(is_alike(text, one) for one in own.get(skeleton(text), ())):
            found.add(text)
    return sorted(found)


class Watched:
    def __init__(self, options, directory):
        self.options, self.directory = options, pathlib.Path(directory)
        self.stages, self.figures = {}, {"without": [], "with": []}
        self.load = Line(pathlib.Path(options.build) / "tests" / "bench" / "bench-load")

    def prepare(self):
        for name in self.figures:
            stage = self.stages[name] = Stage(self.directory / name, self.options.gates, self.options.build)
            stage.load_vehicles(0, self.options.vehicles)
        self.push(self.stages["with"].park)
        for name, stage in self.stages.items():
            self.load.ask("open", name, "plates", stage.endpoint, stage.server_key, stage.directory, self.options.gates, self.options.vehicles)

    def push(self, park):
        station = Station(park)
        station.joins()
        plates = listed_plates(self.options.entries, self.options.vehicles)
        begun = time.monotonic()
        for first in range(0, len(plates), BUNDLE):
            some = plates[first:first + BUNDLE]
            station.push("".join(vehicle(f"v{first + n:07}", text) for n, text in enumerate(some)), timeout=3600)
            print(f"{first + len(some)} entries after {time.monotonic() - begun:.0f} s", flush=True)

    def thread_s(self, name):
        """Processor time of the thread that decides; those of the sockets are beside it."""
        return int(pathlib.Path(f"/proc/{self.stages[name].worker}/schedstat").read_text().split()[0]) / 1e9

    def round(self, name):
        begun = self.thread_s(name)
        run = self.load.ask("run", name, self.options.rate, self.options.seconds)
        reads = self.options.rate * (self.options.seconds + 1)  # the first second is not in its figures
        took = (self.thread_s(name) - begun) / reads * 1e6
        flood = self.load.ask("flood", name, WINDOW, self.options.seconds)
        if run["unanswered"] or run["refused"]:
            raise RuntimeError(f"{name}: not all were answered: {run}")
        row = {"thread us a read": took, "p50 us": run["verdict"]["p50_us"], "p99 us": run["verdict"]["p99_us"], "reads/s": flood["acks_per_s"]}
        self.figures[name].append(row)
        print(f"{name:8} " + ", ".join(f"{what} {value:.0f}" for what, value in row.items()), flush=True)

    def work(self):
        for _ in range(self.options.rounds):
            for name in self.figures:
                self.round(name)
        for what in self.figures["with"][0]:
            without, listed = (statistics.median(row[what] for row in self.figures[name]) for name in ("without", "with"))
            print(f"{what}: {without:.0f} without, {listed:.0f} with {self.options.entries} entries: {listed / without - 1:+.0%}", flush=True)

    def close(self):
        self.load.end()
        for stage in self.stages.values():
            stage.close()


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--vehicles", type=int, default=50_000)  # so many that none comes again soon
    parser.add_argument("--gates", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--directory", help="where the stores lie; the default is the system's for temporary files")
    return parser.parse_args(words)


def main(words=None):
    options = options_of(words)
    with tempfile.TemporaryDirectory(prefix="watched-", dir=options.directory) as directory:
        bench = Watched(options, directory)
        try:
            bench.prepare()
            bench.work()
        finally:
            bench.close()
    return bench.figures


if __name__ == "__main__":
    main()
