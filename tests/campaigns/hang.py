#!/usr/bin/python3
"""A controller that hangs, and 200 boxes that come back at once.

    tests/campaigns/hang.py [--seconds S] [--seed N] [--boxes 100]

Emulated gate boxes (tests/bench/load.c) send events at a steady rate while the controller is stopped (SIGSTOP) for 0.2 to 4 s and goes
on; every event must be acknowledged in the end, none refused or sent back. Between two stops all boxes lose their connections and come
back, each with its key and its outbox, by two new connections at once, as over a link that flaps: 200 returns of the 100 gates that a
park has at most. Each must be welcomed, as the box that it was: no new epoch, nothing told of a second box. At the end the journal and
the headcount are verified. A case is a stop, or a return.
"""
import concurrent.futures
import os
import signal
import sys
import tempfile
import threading

from campaignlib import Campaign, Failed, ROOT, build_dir
import stores

sys.path.insert(0, str(ROOT / "tests" / "bench"))
import stage  # noqa: E402

PERSONS = 300
RATE = 300
STOPS_S = (0.2, 0.5, 1, 2, 4)  # these boxes say HELLO once; real agents meet longer stops in tests/crash/kills.py
WELCOME_S = 15.0
RETURNS = 2  # of each box, at once
TOLD = ("outbox-restored", "gate-floods", "two-boxes", "event-refused", "sequence-changed")


class Hang(Campaign):
    name, unit = "hang", "stops of the controller and returns of a gate"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--boxes", type=int, default=100, help="gates; twice as many returns come at once")

    def play(self):
        with tempfile.TemporaryDirectory(prefix="hang-") as directory:
            self.stage = self.make_stage(directory)
            try:
                self.stage.load_roster(0, PERSONS)
                self.load = stage.Line(self.stage.program("bench-load"))
                self.in_time(self.stage.open_fleet(self.load, "crowd", self.options.boxes, PERSONS))
                before = len(stores.journal(self.stage.park.home))
                yield self.come_back()
                while self.left() > 5:
                    yield self.stop_once()
                    yield self.come_back()
                self.load.end()
                self.nothing_told(before)
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

    def in_time(self, opened):
        if opened["seconds"] > WELCOME_S:
            raise Failed(f"the boxes were welcomed in {opened['seconds']} s")
        return opened

    def come_back(self):
        """All boxes leave, and come back by two connections each."""
        back = self.in_time(self.stage.return_fleet(self.load, "crowd", RETURNS))
        self.say(f"{back['returns']} returns welcomed in {back['seconds']:.2f} s")
        if back["returns"] != RETURNS * self.options.boxes or back["anew"]:
            raise Failed(f"of {back['returns']} returns {back['anew']} were taken for a box with another outbox")
        return back["returns"]

    def nothing_told(self, before):
        """Boxes that come back are no fault, and need no epoch."""
        for entry in stores.journal(self.stage.park.home)[before:]:
            if entry.kind == stores.ENTRY_EPOCH or (entry.kind == stores.ENTRY_FAULT and entry.body.word in TOLD):
                raise Failed(f"entry {entry.sequence} was made though every box came back as it was: {entry.kind} {dict(entry.body)}")

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
        if any(figures[which] for which in ("unanswered", "refused", "retried")) or figures["acks"] < figures["sent"]:
            raise Failed(f"events were lost or refused: {figures}")
        return 1

    def verify(self):
        for noun in ("journal", "headcount"):
            result = self.stage.park.cli(noun, "verify", timeout=600)["result"]
            if result not in ("good", "equal"):
                raise Failed(f"{noun} verify says {result}")


if __name__ == "__main__":
    Hang.main()
