"""A gate's clock that is wrong, on real processes: its wall clock is moved while it works and while it is apart. Everybody is
told at one second and at five; no move gives a lease back what was spent; what was known of the time outlives a kill; no
move opens a lane.

Method: moved_clock.so puts an offset, which stands in a file, on what the agent sees of CLOCK_REALTIME."""
import struct
import unittest

from alone_test import AloneCase, gate
from park import RED, Park, until

SECOND, HOUR = 1000000, 3600 * 1000000


class MovedPark(Park):
    """Gate-b's box has a clock of its own."""

    def make(self):
        super().make()
        self.moved = self.directory / "moved"
        self.move(0)
        self.agents["gate-b"].env = {**self.env, "MOVED_CLOCK": str(self.moved),
                                     "LD_PRELOAD": str(self.programs.build / "tests/integration/moved_clock.so")}

    def move(self, us):
        """The box's clock is so far from ours from now on."""
        with open(self.moved, "r+b" if self.moved.exists() else "w+b", buffering=0) as file:
            file.write(struct.pack("=q", us))


class Clock(AloneCase):
    PARK = MovedPark
    GATES = staticmethod(lambda: [gate("gate-b")])

    def setUp(self):
        self.park.move(0)
        super().setUp()

    def faults(self):
        return {row["fault"] for row in self.park.rows("status")}

    def pulses(self):
        return {lane: self.park.turnstile(lane).show(lane)["pulses"] for lane in ("gate-b-in", "gate-b-out", "gate-b-vault")}

    def jumps(self, at_least):
        """How far the box's clock jumped, as it told, in milliseconds."""
        lines = [line for line in self.park.agents["gate-b"].lines if line and "clock_jumped" in line]
        return [int(line.split("ms=")[1].split()[0]) for line in lines] if len(lines) >= at_least else None

    def calm(self):
        until("no fault of a clock stands", lambda: not self.faults() & {"clock-off", "clock-untrusted", "gate-clock-unknown"}, 30)

    def test_told_at_one_second_and_untrusted_at_five(self):
        park = self.park
        _, badge = self.person("cold-chain")
        self.copied()
        self.calm()
        before = self.pulses()
        for us in (2 * SECOND, -2 * SECOND):
            park.move(us)
            until("it is told", lambda: "clock-off" in self.faults())
            self.assertFalse(self.faults() & {"clock-untrusted", "gate-clock-unknown"})
            until("it is told how far", lambda us=us: abs(int(park.gate_row("gate-b")["offset_ms"]) - us // 1000) < 500)
        for us in (HOUR, -HOUR):
            park.move(us)
            until("it is not trusted", lambda: {"clock-off", "clock-untrusted", "gate-clock-unknown"} <= self.faults())
            self.assertEqual(park.gate_row("gate-b")["clock_unknown"], "yes")
        self.assertEqual(self.pulses(), before)
        self.walk("gate-b-in", badge)  # the controller knows the time
        park.move(0)
        self.calm()
        self.walk("gate-b-out", badge)
        jumps = park.wait_events("the jumps", {"kind": "clock-jump"}, 5)
        self.assertGreaterEqual(len(jumps), 5)
        self.assert_verified()

    def alone(self):
        self.copied()
        self.calm()
        head = int(self.park.cli("journal", "head")["seq"])
        self.apart()
        return head

    def test_a_clock_that_runs_ahead_ends_a_lease_for_good(self):
        """An hour is all that a zone of high risk has."""
        park = self.park
        _, badge = self.person("cold-chain")
        _, second = self.person("cold-chain")
        head = self.alone()
        self.walk("gate-b-in", badge)
        self.walk("gate-b-vault", badge)
        before = self.pulses()
        park.move(HOUR + 60 * SECOND)
        until("the jump is seen", lambda: self.jumps(1))
        self.assertEqual(self.pulses(), before)
        self.walk("gate-b-in", second)  # 23 hours are left
        self.try_in("gate-b-vault", second, RED)
        park.move(0)  # what was spent stays spent
        until("the jump is seen", lambda: self.jumps(2))
        self.try_in("gate-b-vault", second, RED)
        park.move(-HOUR)
        until("the jump is seen", lambda: self.jumps(3))
        self.try_in("gate-b-vault", second, RED)
        self.kill_and_start()
        self.try_in("gate-b-vault", second, RED)
        self.walk("gate-b-out", badge)
        park.move(0)
        self.together()
        self.assertEqual(self.reasons("gate-b-vault", head, 5), ["granted"] + 4 * ["lease-class"])
        self.assertEqual(self.reasons("gate-b-out", head, 1), ["exit"])
        self.assert_verified()

    def kill_and_start(self):
        park = self.park
        self.take_cards_away()
        park.agents["gate-b"].kill()
        park.start_agent("gate-b")
        for lane in ("in", "out", "vault"):
            park.agents["gate-b"].wait_event(f"device name=gate-b-{lane}-badge state=1")

    def test_what_was_known_of_the_time_outlives_a_kill(self):
        """Set back while the process is dead: it is told by the mark on the disk, and no verdict is of an earlier time."""
        park = self.park
        _, badge = self.person("cold-chain")
        head = self.alone()
        self.walk("gate-b-in", badge)
        before = self.pulses()
        park.agents["gate-b"].kill()
        park.move(-HOUR)
        self.take_cards_away()
        park.start_agent("gate-b")
        step = until("the mark on the disk tells", lambda: self.jumps(1))[0]
        self.assertLess(step, -HOUR // 1000 + 60000)  # the mark may be of a test before
        for lane in ("in", "out"):
            park.agents["gate-b"].wait_event(f"device name=gate-b-{lane}-badge state=1")
        self.assertEqual(self.pulses(), before)
        self.walk("gate-b-out", badge)
        self.together()
        told = park.wait_events("the jump", lambda event: event["kind"] == "clock-jump" and int(event["seq"]) > head)
        self.assertEqual(len(told), 1)
        until("its clock is not trusted", lambda: "clock-untrusted" in self.faults())
        places = [event for event in park.events() if int(event["seq"]) > head and event["kind"] == "passage"]
        self.assertEqual([event["lane"] for event in places], ["gate-b-in", "gate-b-out"])
        park.move(0)
        self.calm()
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
