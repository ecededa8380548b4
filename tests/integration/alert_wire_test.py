"""Goal: no alert moves an arm: with real gates and an emulated board, alerts of what its inputs tell are raised, carried to
their ends, and the board's line sees no write of a coil or a flash-on. Method: inputs of the board switched while nobody
passes; the line's own log of writes, which is shown to see a write when a guard opens."""
import os
import sys
import unittest

from case import ParkCase
from park import until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import wirelog  # noqa: E402

BOARD = "gate-a-board"
ROUNDS = 30


class AlertWire(ParkCase):
    def writes(self, begin):
        """Writes of coils, and of flash-on registers; a display's text is neither."""
        found = []
        for _, what in wirelog.read(self.park.wire_log(BOARD), begin):
            function, address = wirelog.part(what, "fn"), wirelog.part(what, "addr")
            if function in ("5", "15") or (function in ("6", "16") and 0x100 <= int(address, 16) < 0x200):
                found.append(" ".join(part for part in what.split() if part.startswith(("fn=", "addr=", "values="))))
        return found

    def mark(self):
        return self.park.wire_log(BOARD).stat().st_size

    def alert(self, kind):
        return next((row for row in self.park.rows("alert", "list", "--kind", kind)), None)

    def test_the_line_is_silent(self):
        board = self.park.turnstile("gate-a-in")
        begin = self.mark()
        for number in range(ROUNDS):
            board.do("tamper gate-a-in on")
            row = until("an alert stands", lambda: self.alert("device-tamper"))
            board.do("tamper gate-a-in off")
            decided = "confirm" if number % 2 else "reject"
            for step in ("ack", "dispatch", decided, "close"):
                self.park.cli("alert", step, row["alert"], "--reason", "test")
            until("its fault has ended", lambda: not [fault for fault in self.park.rows("status")
                                                      if fault["fault"] == "device-tamper"])
        self.assertEqual(self.writes(begin), [])
        self.park.cli("lane", "open", "gate-a-in", "--reason", "test")
        until("a guard's order is seen there", lambda: self.writes(begin))
        stats = [row for row in self.park.rows("alert", "stats") if row["kind"] == "device-tamper"]
        self.assertEqual(stats[0]["closed"], ROUNDS)
        self.assertEqual((stats[0]["confirmed"], stats[0]["rejected"]), (ROUNDS // 2, ROUNDS // 2))
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
