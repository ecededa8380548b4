"""Two reads that belong together, with real processes: a badge before a reader and a PIN at the keypad beside it, and a
truck whose driver shows his badge at the window. Lights are read from the displays, turns from the arms; the headcount is
counted again from the journal."""
import datetime
import unittest

from case import ParkCase, today
from park import GREEN, RED, YELLOW, Board, Gate, Lane

PLATE, PIN = "浙A12345", "8306"


def gates():
    lanes = [Lane("safe-in", keypad=True, second="pin", unknown_clock="grant"), Lane("safe-out", "out", button=True)]
    trucks = [Lane("truck-in", reader="plate", keypad=True, driver=True, unknown_clock="grant", open_ms=1000),
              Lane("truck-out", "out", reader="plate", open_ms=1000)]
    return [Gate("gate-s", [Board("board-s", lanes)]), Gate("gate-t", [Board("board-t", trucks)])]


class Pairing(ParkCase):
    GATES = staticmethod(gates)

    def pin_file(self, digits):
        path = self.park.directory / "pin"
        path.write_text(digits + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path

    def last(self, lane, reason):
        return self.park.wait_events(reason, {"kind": "presentation", "lane": lane, "reason": reason})[-1]

    def driver(self):
        handle, uid = self.person(tenant="cold-chain", assigned=False)
        return handle, uid

    def test_badge_and_pin(self):
        person, uid = self.person()
        self.park.cli("pin", "set", person, "--pin-file", self.pin_file(PIN))
        turns = self.park.turnstile("safe-in").turns("safe-in")
        self.assertEqual(self.park.tap("safe-in", uid)["colour"], YELLOW)
        self.assertEqual(self.park.keyed("safe-in", "pin", "9417")["colour"], RED)
        self.assertEqual(self.last("safe-in", "second-wrong")["who"], person)
        self.assertEqual(self.park.keyed("safe-in", "pin", PIN)["colour"], GREEN)
        self.park.push("safe-in")
        self.assertEqual(self.park.turnstile("safe-in").turns("safe-in"), turns + 1)
        self.assertEqual(self.last("safe-in", "granted")["who"], person)
        self.park.wait_events("passage", {"kind": "passage", "lane": "safe-in", "who": person})
        self.assertEqual(self.park.keyed("safe-in", "pin", PIN)["colour"], RED)  # a PIN alone names nobody
        self.assertEqual(self.park.tap("safe-out", uid)["colour"], GREEN)  # nobody is asked on the way out
        self.park.push("safe-out")

    def test_pin_is_in_no_file(self):
        person, uid = self.person()
        digits = "739164825"
        self.park.cli("pin", "set", person, "--pin-file", self.pin_file(digits))
        self.assertEqual(self.park.tap("safe-in", uid)["colour"], YELLOW)
        self.assertEqual(self.park.keyed("safe-in", "pin", digits)["colour"], GREEN)
        (self.park.directory / "pin").unlink()
        for path in self.park.directory.rglob("*"):
            if path.is_file() and path.suffix != ".ctl":
                self.assertNotIn(digits.encode(), path.read_bytes(), path)

    def test_weak_pin_is_refused(self):
        person, _ = self.person()
        for digits in ("1234", "0000", "12"):
            done = self.park.try_cli("pin", "set", person, "--pin-file", self.pin_file(digits))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn(f'"{digits}"', done.stderr)
        done = self.park.try_cli("pin", "set", person)
        self.assertEqual((done.returncode, "give --pin-file" in done.stderr), (2, True), done.stderr)

    def test_truck_and_driver(self):
        zhou, zhou_uid = self.driver()
        _, xu_uid = self.driver()
        day = today()
        self.park.cli("booking", "add", PLATE, "--tenant", "sun-express", "--driver", zhou, "--zone", "yard",
                      "--from", day - datetime.timedelta(days=1), "--until", day + datetime.timedelta(days=1))
        self.assertEqual(self.park.post("truck-in", f"anpr --plate {PLATE}")["colour"], YELLOW)
        self.assertEqual(self.park.keyed("truck-in", "badge", xu_uid)["colour"], RED)
        self.last("truck-in", "driver-wrong")
        self.assertEqual(self.park.keyed("truck-in", "badge", zhou_uid)["colour"], GREEN)
        self.park.push("truck-in")
        self.park.wait_events("the truck is in", {"kind": "passage", "lane": "truck-in"})
        self.assertEqual([row["person"] for row in self.park.rows("who", "--tenant", "sun-express") if row["person"] == zhou], [zhou])
        self.assertEqual(self.park.post("truck-out", f"anpr --plate {PLATE}")["colour"], GREEN)
        self.park.push("truck-out")
        self.park.wait_events("the truck is out", {"kind": "passage", "lane": "truck-out"})
        self.assertEqual([row for row in self.park.rows("who", "--tenant", "sun-express") if row["person"] == zhou], [])
        self.assertEqual(self.park.cli("headcount", "verify")["result"], "good")
        self.assertEqual(self.park.cli("journal", "verify")["result"], "good")


if __name__ == "__main__":
    unittest.main()
