"""A bus with one or several boards behind parkgate-board, with a fire panel: for the tests of fire and for its campaign.

Times are the emulated board's own: from the change of its fire input to the write that opened an exit."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from gatelib import IN, OUT, PEERS, UP, Gate, Peer, wait_until  # noqa: E402

import wirelog  # noqa: E402  (beside peerlib, which gatelib found)

FIRE_ON, INPUT_ENDED, RESET, UNREACHED = 1, 2, 3, 4
NONE, FIRE, EVACUATION = 0, 1, 2
FIRE_INPUT, RESET_INPUT = 30, 31
COILS = {"in": 0, "out": 1, "way": 2}  # an entry and two exits beside each other


class Bus:
    def __init__(self, directory, rtu=False, boards=1, flash=1, counters=1, broadcast=0, hearing=(1,), stubborn=False,
                 start=True):
        self.directory, self.units = directory, list(range(1, boards + 1))
        self.wire_log = os.path.join(directory, "wire")
        link = os.path.join(directory, "bus")
        words = ["--rtu", link] if rtu else ["--tcp", "127.0.0.1:0"]
        words += ["--wire-log", self.wire_log, "--turn-log", os.path.join(directory, "turns")]
        words += [] if flash else ["--no-flash"]
        words += [] if counters else ["--no-counters"]
        for unit in self.units:
            words += ["--board", str(unit)] if unit > 1 else []
            words += ["--stubborn"] if stubborn else []
            words += ["--fire", str(FIRE_INPUT), "--reset", str(RESET_INPUT)] if unit in hearing else []
            words += ["--lane", f"in{unit}:coil=0,passage=0,tamper=1", "--lane", f"out{unit}:coil=1,passage=4,button=5,frees",
                      "--lane", f"way{unit}:coil=2,passage=8,frees"]
        self.peer = Peer(os.path.join(PEERS, "peer-turnstile"), *words, control=os.path.join(directory, "ctl"))
        address = link if rtu else self.peer.ready["tcp"]
        self.config = []
        for unit in self.units:
            fire = f" fire={FIRE_INPUT} reset={RESET_INPUT} broadcast={broadcast}" if unit in hearing else ""
            self.config += [f"board b{unit} {'rtu' if rtu else 'tcp'} {address} {unit} 20 flash={flash} counters={counters}{fire}",
                            f"lane in{unit} b{unit} {IN} 0 1000 3000 0 1 -1 -1 -1",
                            f"lane out{unit} b{unit} {OUT} 1 1000 3000 4 -1 5 -1 -1",
                            f"lane way{unit} b{unit} {OUT} 2 1000 3000 8 -1 -1 -1 -1"]
        self.gate, self.seen = None, 0
        self.sequence = 0
        if start:
            self.gate = Gate(directory, self.config)
            for unit in self.units:
                if not any(line.startswith(f"state b{unit} {UP}") for line in self.gate.heard):
                    self.gate.expect(f"state b{unit} {UP}", 20)

    def stop(self):
        if self.gate is not None:
            self.gate.__exit__()
            self.gate = None
        self.peer.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def exits(self, units=None):
        return [f"{way}{unit}" for unit in units or self.units for way in ("out", "way")]

    def log(self):
        """(wall time in us, what stands behind it)"""
        return wirelog.read(self.wire_log)

    def mark(self):
        if self.gate is not None:
            self.gate.drain()
            self.seen = len(self.gate.heard)
        return len(self.log())

    def requests(self):
        return int(re.search(r"requests=(\d+)", self.peer.do("board"))[1])

    def relay(self, lane):
        return re.search(r"relay=(\w+)", self.peer.do(f"show {lane}"))[1]

    def wait_open(self, units=None, ms=3000):
        for lane in self.exits(units):
            self.peer.do(f"wait {lane} relay on {ms}")

    def wait_shut(self, units=None, ms=3000):
        for lane in self.exits(units):
            self.peer.do(f"wait {lane} relay off {ms}")

    def opened_ms(self, since, units=None):
        """From the fire input to the last exit's first write of on, of each unit; a unit without one is not in it."""
        log = self.log()[since:]
        begun = next(at for at, what in log if what.startswith("fire=on"))
        times = {}
        for unit in units or self.units:
            for coil in (1, 2):
                hit = next((at for at, what in log if at >= begun and wirelog.opens(what, unit, coil, len(self.units) > 1)), None)
                if hit is not None:
                    times[unit] = max(times.get(unit, 0), (hit - begun) / 1000)
        return times

    def entry_writes(self, since):
        """Writes that could open an entry."""
        return [what for _, what in self.log()[since:]
                if any(wirelog.opens(what, unit, 0, len(self.units) > 1) or wirelog.flashes(what, unit, 0, len(self.units) > 1)
                       for unit in self.units)]

    def entry_is_refused(self, unit):
        self.sequence += 1
        self.gate.order(f"open in{unit} {self.sequence} 2000 {IN}")
        self.gate.expect(f"opened in{unit} {self.sequence} emergency")

    def look(self):
        """Until the board was looked at twice: an input is held for longer than a poll."""
        looks = self.requests()
        wait_until(lambda: self.requests() > looks + 4 * len(self.units), "two looks")

    def turn_key(self, unit=1):
        self.look()
        self.peer.do(f"reset on {unit}")
        self.wait_shut()
        self.peer.do(f"reset off {unit}")


__all__ = ["Bus", "wait_until"]
