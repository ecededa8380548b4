#!/usr/bin/python3
"""Power cuts: what two processes wrote to their stores is recorded, and every state is judged that a cut may leave behind.

    tests/campaigns/power.py [--seconds S] [--seed N]

Each round plays new work of the controller and of a gate (tests/campaigns/power/*.c) under the recorder, then the replayer
judges states drawn from all possible ones. First, and once in each run, the negative control: the same work with
MDB_NOMETASYNC, in which the replayer must find losses; when it finds none, the campaign fails.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import time

from campaignlib import Campaign, Failed, built, fresh_dir

SUBJECTS = ("controller", "agent")
INPUTS = 60
NOMETASYNC = "0x40000"
CONTROL_STATES = 120


class Power(Campaign):
    name, unit = "power", "crash states"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--only", choices=SUBJECTS)
        parser.add_argument("--work", type=int, help="the seed of one recording ...")
        parser.add_argument("--state", help="... and the one state of it that is judged")
        parser.add_argument("--states", type=int, default=2500, help="judged of each recording")

    def play(self):
        self.rate = {}  # states a second, so that a round fits into what time is left
        subjects = (self.options.only,) if self.options.only else SUBJECTS
        with tempfile.TemporaryDirectory(prefix="power-", dir=fresh_dir()) as directory:
            self.directory = pathlib.Path(directory)
            if self.options.work is not None:
                yield self.one_state(subjects[0])
                return
            for subject in subjects:
                self.negative_control(subject)
            while True:
                yield sum(self.round(subject, self.rng.randrange(1, 1 << 31)) for subject in subjects)

    def record(self, subject, seed, **env):
        log = self.directory / "log"
        done = subprocess.run([built(f"power_{subject}"), "work", str(seed), str(INPUTS)], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "LD_PRELOAD": built("power_record.so"), "POWER_LOG": str(log), **env}, check=False)
        if done.returncode != 0:
            raise Failed(f"the work of {subject}, seed {seed}, failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return log

    def replay(self, subject, seed, log, *more):
        """(judged, lost, first loss)"""
        images = self.directory / "images"
        subprocess.run(["rm", "-rf", str(images)], check=True)
        images.mkdir()
        command = [built(f"power_{subject}"), "replay", str(log), "--dir", str(images), "--seed", str(seed), *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
        counts = re.search(r"operations=\d+ possible=\d+ judged=(\d+) lost=(\d+)(?:\n(first: .*))?", done.stdout)
        if not counts or done.returncode not in (0, 1):
            raise Failed(f"the replayer of {subject} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return int(counts[1]), int(counts[2]), counts[3]

    def negative_control(self, subject):
        log = self.record(subject, 1, POWER_MDB_FLAGS=NOMETASYNC)
        begun = time.monotonic()
        judged, lost, _ = self.replay(subject, 1, log, "--states", str(CONTROL_STATES), "--all")
        self.rate[subject] = judged / (time.monotonic() - begun)
        self.say(f"negative control of {subject}, MDB_NOMETASYNC: {lost} of {judged} states lost something")
        if lost == 0:
            raise Failed("the rig is broken: it finds no loss where the store is told not to wait for its disk")

    def one_state(self, subject):
        log = self.record(subject, self.options.work)
        judged, lost, first = self.replay(subject, self.options.work, log, "--only", self.options.state)
        if lost:
            raise Failed(first)
        return judged

    def round(self, subject, seed):
        log = self.record(subject, seed)
        states = max(100, min(self.options.states, int(self.left() * self.rate[subject] / 2)))
        judged, lost, first = self.replay(subject, seed, log, "--states", str(states))
        if lost:
            raise Failed(f"{subject}, seed {seed}: {first}\n"
                         f"again: tests/campaigns/power.py --only {subject} --work {seed} --state {first.split(':')[1].split()[1]}")
        return judged


if __name__ == "__main__":
    Power.main()
