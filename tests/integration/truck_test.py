"""Trucks before a plate camera that posts as the real ones do: an exact plate opens, one that differs in a character
does not, an old or repeated post opens nothing. The gate answers every post; the arm's turns are counted."""
import unittest

from case import ParkCase
from park import GREEN, RED, YELLOW, Board, Gate, Lane


def truck_gate():
    lanes = [Lane("truck-in", reader="plate", open_ms=1000), Lane("truck-out", "out", reader="plate", open_ms=1000)]
    return [Gate("gate-c", [Board("board-c", lanes)])]


class Truck(ParkCase):
    GATES = staticmethod(truck_gate)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.park.cli("vehicle", "add", "浙A12345", "--tenant", "sun-express")
        # A camera's clock is measured by its first posts: until then it lets nobody in.
        lights = [cls.park.post("truck-in", "anpr --plate 浙A00000")["colour"] for _ in range(3)]
        assert lights == [YELLOW, YELLOW, RED], lights

    def last(self, reason):
        return self.park.wait_events(reason, {"kind": "presentation", "lane": "truck-in", "reason": reason})[-1]

    def turns(self):
        return self.park.turnstile("truck-in").turns("truck-in")

    def test_exact_plate_opens(self):
        turns = self.turns()
        self.assertEqual(self.park.post("truck-in", "anpr --plate 浙A12345")["colour"], GREEN)
        self.park.push("truck-in")
        self.assertEqual(self.turns(), turns + 1)

    def test_lookalike_does_not(self):
        for plate in ("浙A12346", "浙A1234S", "浙B12345"):
            self.assertEqual(self.park.post("truck-in", f"anpr --plate {plate}")["colour"], RED)
        self.assertEqual(self.last("credential-unknown")["verdict"], "deny")

    def test_no_plate_and_unread(self):
        self.assertEqual(self.park.post("truck-in", "anpr --plate 无车牌")["colour"], RED)
        self.last("no-plate")
        self.assertEqual(self.park.post("truck-in", "anpr --plate unknown")["colour"], YELLOW)
        self.last("plate-not-read")

    def test_old_post_opens_nothing(self):
        turns = self.turns()
        self.assertEqual(self.park.post("truck-in", "anpr --plate 浙A12345 --ago 60")["colour"], RED)
        self.last("stale-read")
        self.assertEqual(self.turns(), turns)

    def test_repeated_post_is_one_event(self):
        event = "anpr --plate 浙A99999 --uuid 0f8fad5b-d9cb-469f-a165-70867728950e"
        self.park.post("truck-in", event)
        before = len(self.park.wait_events("it", {"kind": "presentation"}))
        self.assertEqual(self.park.poster("truck-in").post(event), 200)
        self.park.post("truck-in", "anpr --plate 浙A88888")
        self.assertEqual(len(self.park.wait_events("the next", {"kind": "presentation"}, before + 1)), before + 1)

    def test_exit_opens_for_every_plate(self):
        for plate in ("浙A12345", "沪C00001", "unknown"):
            self.assertEqual(self.park.post("truck-out", f"anpr --plate {plate}")["colour"], GREEN)
            self.park.push("truck-out")

    def test_garbage_changes_nothing(self):
        before = len(self.park.events("--kind", "presentation"))
        for event, status in (("huge --bytes 5000000", 413), ("other --event linedetection", 200)):
            self.assertEqual(self.park.poster("truck-in").post(event + f" --expect {status}"), status)
        self.park.post("truck-in", "anpr --plate 浙A77777")
        self.assertEqual(len(self.park.wait_events("the next", {"kind": "presentation"}, before + 1)), before + 1)


if __name__ == "__main__":
    unittest.main()
