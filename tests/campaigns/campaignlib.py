"""What all campaigns share: the command line, the time they have, the programs, and how they say what ran.

A campaign is a program that takes --seconds and --seed, stops by itself when its time is over, ends with status 1 at the first
thing that does not hold, after it printed the command that plays it again, and prints `cases=N` last.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "crash"), str(ROOT / "tests" / "peers")]


class Failed(Exception):
    """Something that must hold does not."""


def build_dir():
    return pathlib.Path(os.environ.get("PARKGATE_BUILD_DIR", ROOT / "build" / "release"))


def built(name):
    """A program or library of tests/campaigns."""
    path = build_dir() / "tests" / "campaigns" / name
    if not path.exists():
        raise Failed(f"{path} is not built: ninja -C {build_dir()} {name}")
    return str(path)


def fresh_dir():
    """Where temporary directories go: memory when there is some, since a campaign writes much and keeps nothing."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Campaign:
    """One run: `play()` yields the number of cases after each step and is asked for steps until the time is over."""

    name = unit = None

    def __init__(self, options):
        self.options = options
        self.seed = options.seed
        self.rng = random.Random(options.seed)
        self.begun = time.monotonic()
        self.cases = 0

    @classmethod
    def arguments(cls, parser):
        pass

    def left(self):
        return self.options.seconds - (time.monotonic() - self.begun)

    def say(self, text):
        print(text, flush=True)

    def play(self):
        raise NotImplementedError

    @classmethod
    def main(cls):
        parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__,
                                         formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--seconds", type=float, default=30)
        parser.add_argument("--seed", type=int, default=int(time.time()))
        cls.arguments(parser)
        run = cls(parser.parse_args())
        script = pathlib.Path(sys.argv[0]).name
        print(f"seed {run.seed}; again: tests/campaigns/{script} --seed {run.seed} --seconds {run.options.seconds:g}", flush=True)
        status = 0
        try:
            for count in run.play():  # play() may also add to run.cases itself
                run.cases += count
                if run.left() <= 0:
                    break
        except (Failed, AssertionError, TimeoutError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"FAILED: {error}", flush=True)
            status = 1
        if run.cases == 0:
            print("FAILED: nothing ran", flush=True)
            status = 1
        print(f"campaign {cls.name}: {run.cases} {cls.unit} in {time.monotonic() - run.begun:.0f} s")
        print(f"cases={run.cases}", flush=True)
        sys.exit(status)
