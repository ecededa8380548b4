#!/usr/bin/python3
"""A controller that hangs, and 200 boxes that come back at once.

    tests/campaigns/hang.py [--seconds S] [--seed N] [--boxes 100]

Emulated gate boxes (tests/bench/load.c) send events at a steady rate while the controller is stopped (SIGSTOP) for 0.2 to 4 s and goes
on; every event must be acknowledged in the end, none refused. Between two stops all boxes leave, and 200 come at once: two with the
key of each of 100 gates (more a park does not have), as when boxes are replaced. All must be welcomed; then one of each goes on.
At the end the journal and the headcount are verified. A case is a stop, or the return of one box.
"""
import concurrent.futures
import os
import signal
import sys
import tempfile
import threading

from campaignlib import Campaign, Failed, ROOT, build_dir

sys.path.insert(0, str(ROOT / "tests" / "bench"))
import stage  # noqa: E402

PERSONS = 300
RATE = 300
STOPS_S = (0.2, 0.5, 1, 2, 4)  # these boxes say HELLO once; real agents meet longer stops in tests/crash/kills.py
WELCOME_S = 15.0


class Hang(Campaign):
    name, unit = "hang", "stops of the controller and returns of a gate"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--boxes", type=int, default=100, help="gates; twice as many boxes come at once")

    def play(self):
        with tempfile.TemporaryDirectory(prefix="hang-") as directory:
            self.stage = self.make_stage(directory)
            try:
                self.stage.load_roster(0, PERSONS)
                self.load, self.other = (stage.Line(self.stage.program("bench-load")) for _ in range(2))
                yield self.gather()
                while self.left() > 5:
                    yield self.stop_once()
                    yield self.gather()
                self.load.end()
                self.other.end()
                self.verify()
            finally:
                self.stage.close()

    def make_stage(self, directory):
        """As stage.Stage, with several boxes joining at a time."""
        made = stage.Stage.__new__(stage.Stage)
        made.directory, made.gates, made.build = stage.pathlib.Path(directory), self.options.boxes, build_dir().resolve()
        made.park = stage.Park(made.directory, stage.park_file(made.gates), build=made.build, start=False)
        made.park.park_file = lambda: stage.park_file(made.gates)
        made.park.start_devices()
        made.park.make()
        made.metrics_port = None
        made.start()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(made.park.join, [f"g-{number:03}" for number in range(1, made.gates + 1)]))
        return made

    def gather(self):
        """Two boxes of each gate come at once and leave; then one of each comes and stays."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            both = list(pool.map(self.open, (self.load, self.other)))
        self.say(f"{sum(opened['boxes'] for opened in both)} boxes welcomed in {max(opened['seconds'] for opened in both):.2f} s")
        for load in (self.load, self.other):
            load.ask("close", "crowd")
        return sum(opened["boxes"] for opened in [*both, self.open(self.load)])

    def open(self, load):
        opened = self.stage.open_fleet(load, "crowd", self.options.boxes, PERSONS)
        if opened["boxes"] != self.options.boxes or opened["seconds"] > WELCOME_S:
            raise Failed(f"{opened['boxes']} of {self.options.boxes} boxes were welcomed, in {opened['seconds']} s")
        return opened

    def stop_once(self):
        length = self.rng.choice(STOPS_S)
        pid = self.stage.worker

        def stop():
            threading.Event().wait(self.rng.uniform(0.2, 1.0))
            os.kill(pid, signal.SIGSTOP)
            threading.Event().wait(length)
            os.kill(pid, signal.SIGCONT)
        stopper = threading.Thread(target=stop)
        stopper.start()
        figures = self.load.ask("run", "crowd", RATE, 3)
        stopper.join()
        self.say(f"stopped for {length:g} s: {figures['sent']} sent, {figures['acks']} acknowledged, {figures['unanswered']} unanswered")
        if figures["unanswered"] or figures["refused"] or figures["acks"] < figures["sent"]:
            raise Failed(f"events were lost or refused: {figures}")
        self.load.ask("close", "crowd")
        return 1

    def verify(self):
        for noun in ("journal", "headcount"):
            result = self.stage.park.cli(noun, "verify", timeout=600)["result"]
            if result not in ("good", "equal"):
                raise Failed(f"{noun} verify says {result}")


if __name__ == "__main__":
    Hang.main()
