#!/usr/bin/python3
"""Fire: whatever is dead, every exit whose own board answers opens in time, no entry opens, and the state holds until it is reset.

    tests/campaigns/fire.py [--seconds S] [--seed N] [--cases N] [--only KIND]

Each world is a bus of emulated boards behind the real parkgate-board: Modbus TCP, several boards behind one address, or a serial
line with and without the broadcast. In each, fires follow each other; before each, something is killed, stopped or made mute, and
meanwhile entries are asked for, the key is turned too early, the helper is killed. Times are the board's own, from its fire input
to the last exit's coil; they are printed for each kind of bus. TCP: 99 of 100 within 250 ms; all: within 1,000 ms.
"""
import os
import pathlib
import signal
import sys
import tempfile

from campaignlib import ROOT, Campaign, Failed, build_dir, fresh_dir

os.environ.setdefault("PEERS_DIR", str(build_dir() / "tests" / "peers"))
os.environ.setdefault("HELPERS_DIR", str(build_dir() / "reader-agent"))
os.environ.setdefault("GATE", str(build_dir() / "tests" / "integration" / "helpers" / "helper-gate"))
sys.path.insert(0, str(ROOT / "tests" / "integration" / "helpers"))
from firelib import Bus  # noqa: E402
from gatelib import is_alive, wait_until  # noqa: E402

LIMIT_MS, TCP_P99_MS, FLASH_MS = 1000, 250, 250
KINDS = {
    "tcp": {"boards": 1},
    "gateway": {"boards": 3, "counters": 0},
    "serial": {"rtu": True, "boards": 4, "counters": 0},
    "serial-broadcast": {"rtu": True, "boards": 4, "counters": 0, "broadcast": 1},
    "serial-alone": {"rtu": True, "boards": 1},
}
DEAD = ("nothing", "agent-stopped", "agent-killed", "launcher-killed", "disk-hangs", "disk-gone", "helper-again")
FIRES = 6


class Fire(Campaign):
    name, unit = "fire", "fires"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--cases", type=int, default=0, help="end after so many fires, whatever the time")
        parser.add_argument("--only", choices=KINDS)

    def play(self):
        self.times, self.did = {kind: [] for kind in KINDS}, {}
        kinds = [self.options.only] if self.options.only else list(KINDS)
        try:
            while True:
                for kind in kinds:
                    yield self.world(kind, self.rng.choice(DEAD))
                    if self.options.cases and self.cases >= self.options.cases:
                        return
        finally:
            self.figures()

    def world(self, kind, dead):
        options = dict(KINDS[kind], stubborn=self.rng.random() < 0.3, flash=self.rng.choice((0, 1, 1)))
        with tempfile.TemporaryDirectory(prefix="fire-", dir=fresh_dir()) as directory, Bus(directory, **options) as bus:
            self.where = f"{kind}, {dead}"
            self.did[dead] = self.did.get(dead, 0) + FIRES
            self.kill(bus, dead)
            for number in range(FIRES):
                self.fire(bus, kind, dead, number)
        return FIRES

    def check(self, holds, what):
        if not holds:
            raise Failed(f"{self.where}: {what}")

    def kill(self, bus, dead):
        bus.hears = dead in ("nothing", "disk-hangs", "disk-gone", "helper-again")
        if dead == "agent-stopped":
            os.kill(bus.gate.worker, signal.SIGSTOP)
        if dead in ("agent-killed", "launcher-killed"):
            os.kill(bus.gate.process.pid, signal.SIGKILL)  # the launcher; without it nobody starts the agent again
            os.kill(bus.gate.worker, signal.SIGKILL)
            wait_until(lambda: not is_alive(bus.gate.worker), "the agent's end")
        if dead in ("disk-hangs", "disk-gone"):
            for scribe in children(bus.gate.pid_of("b1")):
                os.kill(scribe, signal.SIGSTOP if dead == "disk-hangs" else signal.SIGKILL)

    def fire(self, bus, kind, dead, number):
        mute = [unit for unit in bus.units[1:] if self.rng.random() < 0.25]
        alive = [unit for unit in bus.units if unit not in mute]
        if bus.hears and self.rng.random() < 0.4:  # somebody is on the way when it begins
            bus.sequence += 1
            bus.gate.order(f"open {self.rng.choice(('in', 'out'))}{self.rng.choice(alive)} {bus.sequence} 2000 1")
            bus.gate.expect("opened ")
        for unit in mute:
            bus.peer.do(f"mute on {unit}")
        for _ in range(self.rng.randrange(3)):
            self.flicker(bus)
        mark = bus.mark()
        bus.peer.do("fire on 1")
        bus.wait_open(alive, 5000)
        times = bus.opened_ms(mark, alive)
        self.check(set(times) == set(alive), f"boards {alive} answer, and {sorted(times)} were opened")
        self.times[kind] += times.values()
        self.check(max(times.values()) <= LIMIT_MS, f"an exit opened after {max(times.values()):.0f} ms")
        begun = mark + next(i for i, (_, what) in enumerate(bus.log()[mark:]) if what.startswith("fire=on"))
        self.provoke(bus, alive, dead, number)
        for unit in mute:
            bus.peer.do(f"mute off {unit}")
        bus.wait_open(None, 8000)  # those that came back, too
        bus.peer.do("fire off 1")
        bus.look()
        self.stays_open(bus, bus.units, "an exit shut when the input fell silent")
        if bus.hears:
            bus.entry_is_refused(self.rng.choice(bus.units))
        self.check(bus.entry_writes(begun) == [], f"an entry was opened: {bus.entry_writes(begun)}")
        bus.turn_key()

    def stays_open(self, bus, units, what):
        """But for the moment that a board's own timer takes, when it ends a flash-on of before the fire."""
        for lane in bus.exits(units):
            self.check(bus.peer.ask(f"wait {lane} relay on {FLASH_MS}").startswith("ok"), what)

    def flicker(self, bus):
        """A loop that breaks for less than a poll, or for longer: the latch may fall, and is reset."""
        bus.peer.do("fire on 1")
        bus.peer.do("fire off 1")
        bus.look()
        bus.peer.do("reset on 1")
        bus.look()
        bus.peer.do("reset off 1")
        bus.wait_shut([1])

    def provoke(self, bus, alive, dead, number):
        if dead == "helper-again" and number % 2 == 0:
            os.kill(bus.gate.pid_of("b1"), signal.SIGKILL)
            bus.gate.expect("started b1", 20)
            since = len(bus.gate.heard)
            for unit in alive:  # in any order
                if not any(news.startswith(f"state b{unit} 1") for news in bus.gate.heard[since:]):
                    bus.gate.expect(f"state b{unit} 1", 20)
        if bus.hears:
            bus.entry_is_refused(self.rng.choice(alive))
        bus.peer.do("reset on 1")  # while it burns
        bus.look()
        bus.peer.do("reset off 1")
        self.stays_open(bus, alive, "the key ended a fire that burns")

    def figures(self):
        for kind, times in self.times.items():
            if not times:
                continue
            times.sort()
            p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
            self.say(f"{kind}: {len(times)} boards opened; ms p50 {times[len(times) // 2]:.1f}, p99 {p99:.1f}, worst {times[-1]:.1f}")
            if kind in ("tcp", "gateway"):  # of fewer than a hundred, p99 is the worst
                self.where = kind
                self.check(p99 <= TCP_P99_MS, f"99 of 100 took {p99:.0f} ms")
        self.say("fires with: " + ", ".join(f"{dead} {count}" for dead, count in sorted(self.did.items())))


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


if __name__ == "__main__":
    sys.exit(Fire.main())
