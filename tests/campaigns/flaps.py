#!/usr/bin/python3
"""Links that come and go, restarts: none of it pulses a relay, and none shuts an exit that an emergency holds open.

    tests/campaigns/flaps.py [--seconds S] [--seed N]

Three gates: a board with flash-on and counters, one with neither, one on a serial line. The lines between gates and controller and
between helpers and boards are cut and joined (a reset of the connection; a board that is mute for a moment on the serial line), now
and then for so long that the gate says the controller is gone; agents, helpers and controller are killed, or ended and started as
at an upgrade. Meanwhile lanes are opened by orders and badges, now and then. Counted are the boards' own pulses: a relay that goes from off
to on. None where nobody asked; never more than were asked for. While an emergency is on: no exit's coil is taken back, no
entry pulses.
"""
import collections
import contextlib
import os
import signal
import sys
import tempfile
import threading

from campaignlib import Campaign, Failed
from case import PARK_YAML, ParkCase, foot_gate
from park import Refused, until
from proxy import ParkByProxy

import wirelog

GATES = ("flash", "bare", "serial")
FLAPS, LONG_S = 25, 6.5  # of one line in one round; silence that the agent notices


def gates():
    flash, bare, serial = (foot_gate(name) for name in GATES)
    bare.boards[0].flash = bare.boards[0].counters = False
    serial.boards[0].rtu, serial.boards[0].counters = True, False
    for gate in (flash, bare, serial):
        for lane in gate.lanes:
            lane.open_ms = lane.pass_ms = 500
    return [flash, bare, serial]


class Flaps(Campaign):
    name, unit = "flaps", "losses and returns of a link, and restarts"

    def play(self):
        with tempfile.TemporaryDirectory(prefix="flaps-") as directory, ParkByProxy(directory, PARK_YAML, gates()) as park:
            self.park, self.did = park, collections.Counter()
            self.lanes = [lane.name for gate in park.gates for lane in gate.lanes]
            self.asked = collections.Counter()
            self.emergency = False
            case = type("People", (ParkCase,), {"park": park, "people": 0})
            self.badges = [case.person()[1] for _ in range(2)]
            self.pulses = {lane: self.pulses_of(lane) for lane in self.lanes}
            self.marks = {name: park.wire_log(f"{name}-board").stat().st_size for name in GATES}
            try:
                while True:
                    yield self.round()
            finally:
                self.say(", ".join(f"{count} {what}" for what, count in sorted(self.did.items())))

    def round(self):
        kinds = [self.links, self.links, self.board_links, self.worker, self.helper, self.controller, self.upgrade]
        kind = self.rng.choice(kinds + ([self.silence] if self.left() > 3 * LONG_S else []))
        if self.rng.random() < 0.3:
            self.switch_emergency()
        asker = threading.Thread(target=self.ask_some) if self.rng.random() < 0.5 else None
        self.failure = None
        if asker:
            asker.start()
        try:
            count = kind()
        finally:
            if asker:
                asker.join()
        self.did[kind.__name__.replace("_", " ")] += count
        self.settle()
        self.judge(kind.__name__)
        return count

    # --- what is done ---

    @staticmethod
    def together(acts):
        """All at once; the first that fails, fails."""
        failures = []

        def run(act):
            try:
                act()
            except Exception as error:  # the campaign must hear of it
                failures.append(error)
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise Failed(f"{failures[0]!r}")

    @staticmethod
    def many(act):
        for _ in range(FLAPS):
            act()

    def links(self):
        self.together([lambda line=line: self.many(line.flap) for line in self.park.lines.values()])
        return FLAPS * len(self.park.lines)

    def board_links(self):
        acts = [lambda line=line: self.many(line.flap) for line in self.park.board_lines.values()]
        self.together([*acts, lambda: self.many(self.serial_flap)])
        return FLAPS * (len(acts) + 1)

    def serial_flap(self):
        board = self.park.turnstile("serial-board")
        board.do("mute on")
        threading.Event().wait(self.rng.choice((0.02, 0.1, 0.3)))
        board.do("mute off")

    def silence(self):
        gate = self.rng.choice(GATES)
        agent = self.park.agents[gate]
        mark = agent.mark()
        self.park.lines[gate].cut()
        agent.wait_event("controller_silent", since=mark)
        mark = agent.mark()
        self.park.lines[gate].join()
        agent.wait_event("controller_welcome", since=mark)
        return 1

    def kill(self, pid):
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(pid, signal.SIGKILL)

    def worker(self):
        for gate in GATES:
            old = self.park.worker(gate)
            self.kill(old)
            until("the worker is back", lambda gate=gate, old=old: self.park.worker(gate) not in (None, old))
        return len(GATES)

    def helper(self):
        for gate in GATES:
            old = self.park.helper(gate, f"{gate}-board")
            self.kill(old)
            until("the helper is back", lambda gate=gate, old=old: self.park.helper(gate, f"{gate}-board") not in (None, old))
        return len(GATES)

    def controller(self):
        old = self.park.worker("controller")
        self.kill(old)
        until("the controller is back", lambda: self.park.worker("controller") not in (None, old))
        return 1

    def upgrade(self):
        """Everything ends as it should and begins again."""
        for daemon in [self.park.controller, *self.park.agents.values()]:
            if daemon.end() != 0:
                raise Failed(f"{daemon.name} ended badly:\n{daemon.tail()}")
        self.park.start_controller()
        for gate in GATES:
            self.park.start_agent(gate)
        return 1 + len(GATES)

    def switch_emergency(self):
        self.emergency = not self.emergency
        if self.emergency:
            self.park.cli("emergency", "start", "--reason", "campaign")
        else:
            self.park.cli("emergency", "end", "--reason", "campaign")
        relay = "on" if self.emergency else "off"
        for gate in GATES:
            self.park.turnstile(f"{gate}-out").do(f"wait {gate}-out relay {relay} 20000")
        self.settle()
        for lane in self.lanes:
            self.pulses[lane] = self.pulses_of(lane)
        self.marks = {name: self.park.wire_log(f"{name}-board").stat().st_size for name in GATES}

    def ask_some(self):
        """Orders and badges while it goes on; who asks may be refused, or not be heard."""
        for _ in range(3):
            lane = self.rng.choice(self.lanes)
            self.asked[lane] += 1
            if self.rng.random() < 0.5:
                with contextlib.suppress(Refused):
                    self.park.cli("lane", "open", lane, "--reason", "campaign")
            else:
                self.park.reader(lane).card(self.rng.choice(self.badges))
                with contextlib.suppress(AssertionError):
                    self.park.reader(lane).do("wait reads 1 2000")
                self.park.reader(lane).do("remove")
        self.park.reader(lane).hang_up()

    # --- what must hold ---

    def settle(self):
        for gate in GATES:
            until(f"{gate} is online", lambda gate=gate: self.park.gate_state(gate) == "online")
            until(f"the board of {gate} is up", lambda gate=gate: int(self.park.gate_row(gate).get("devices_down") or 0) == 0)
        if not self.emergency:
            for lane in self.lanes:
                self.park.turnstile(lane).do(f"wait {lane} relay off 10000")

    def pulses_of(self, lane):
        return int(self.park.turnstile(lane).show(lane)["pulses"])

    def judge(self, what):
        for lane in self.lanes:
            now = self.pulses_of(lane)
            if now - self.pulses[lane] > self.asked[lane]:
                raise Failed(f"{what}: {lane} pulsed {now - self.pulses[lane]} times, asked for were {self.asked[lane]}")
            if self.emergency and now != self.pulses[lane]:
                raise Failed(f"{what}: {lane} pulsed in an emergency")
            self.did["openings"] += now - self.pulses[lane]
            self.pulses[lane] = now
        self.asked.clear()
        for gate in GATES:
            path = self.park.wire_log(f"{gate}-board")
            written = [what for _, what in wirelog.read(path, self.marks[gate])]
            self.marks[gate] = path.stat().st_size
            shut = [line for line in written if wirelog.shuts(line, 1, 1, False)]
            if self.emergency and (shut or self.park.turnstile(f"{gate}-out").show(f"{gate}-out")["relay"] != "on"):
                raise Failed(f"{what}: the exit of {gate} was shut in an emergency: {shut}")


if __name__ == "__main__":
    Flaps.main()
