"""A face terminal that posts access events: a subject of a person who consented passes live; what the terminal marks as
history opens nothing, ever; nothing of age or sex is kept."""
import unittest

from case import ParkCase
from park import GREEN, RED, Board, Gate, Lane


class Face(ParkCase):
    GATES = staticmethod(lambda: [Gate("gate-b", [Board("board-b", [Lane("face-in", reader="face")])])])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.who, _ = cls.person()
        cls.park.cli("face", "attach", cls.who, "E1001", "--consent", "paper 17", "--purpose", "entry")
        for _ in range(3):
            cls.park.post("face-in", "access --employee E9999")

    def test_without_consent_no_face(self):
        who, _ = self.person()
        done = self.park.try_cli("face", "attach", who, "E1002", "--purpose", "entry")
        self.assertNotEqual(done.returncode, 0)

    def test_live_opens_history_does_not(self):
        self.assertEqual(self.park.post("face-in", "access --employee E1001 --current-event false --ago 900")["colour"], RED)
        event = self.park.wait_events("history", {"kind": "presentation", "reason": "history"})[-1]
        self.assertEqual(event["verdict"], "deny")
        self.assertEqual(self.park.turnstile("face-in").show("face-in")["pulses"], "0")
        self.assertEqual(self.park.post("face-in", "access --employee E1001 --demographics")["colour"], GREEN)
        self.park.push("face-in")
        event = self.park.wait_events("the passage", {"kind": "passage", "text": "passed"})[-1]
        self.assertEqual(event["who"], self.who)

    def test_stranger(self):
        self.assertEqual(self.park.post("face-in", "access --employee E7777")["colour"], RED)


if __name__ == "__main__":
    unittest.main()
