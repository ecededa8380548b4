"""Devices that fail while the park runs: a reader that goes, goes mute or talks nonsense is reported within 5 s and comes
back by itself; a mute board stalls no other; an exit button is answered even while the agent hangs. Every wait is for the
thing itself, every bound is measured."""
import os
import signal
import time
import unittest

from case import ParkCase
from park import GREEN, Board, Gate, Lane, descendants, until

DOWN_S = 5.0  # a dead reader is reported within


def gates():
    return [Gate("gate-a", [Board("board-1", [Lane("in-1"), Lane("out-1", "out", button=True)]), Board("board-2", [Lane("in-2")])])]


class Devices(ParkCase):
    GATES = staticmethod(gates)

    def faults_of(self, word):
        return [row for row in self.park.rows("status") if word in f"{row['fault']} {row['text']}"]

    def enter(self, lane):
        _, uid = self.person()
        self.assertEqual(self.park.tap(lane, uid)["colour"], GREEN)
        self.park.push(lane)

    def assert_down_and_back(self, spoil, heal):
        begun = time.monotonic()
        spoil()
        until("the reader is reported down", lambda: self.faults_of("in-1-badge"))
        self.assertLess(time.monotonic() - begun, DOWN_S + 1.0)  # and a second for the question
        self.enter("in-2")  # the neighbour's reader works on
        heal()
        until("the reader is back", lambda: not self.faults_of("in-1-badge"))
        self.enter("in-1")

    def test_reader_is_unplugged(self):
        reader = self.park.reader("in-1")
        self.assert_down_and_back(lambda: reader.do("gone"), reader.back)

    def test_reader_goes_mute(self):
        reader = self.park.reader("in-1")
        self.assert_down_and_back(lambda: reader.do("mute on"), lambda: reader.do("mute off"))

    def test_reader_talks_nonsense(self):
        reader = self.park.reader("in-1")
        for fault in ("checksum 2", "garbage 2", "truncate 2"):
            reader.do(f"fault {fault}")
            until(f"{fault} was answered", lambda: reader.values("show")["left"] in ("0", ""))
            reader.do("wait polls 3 15000")
            self.enter("in-1")

    def test_reader_that_kills_libnfc(self):
        """libnfc 1.8.0 aborts on an ATS of length 0: the helper dies, and nothing else; it is started again."""
        before = self.park.helper("gate-a", "in-1-badge")
        self.assertIsNotNone(before)
        self.park.tolerated = f"=={before}=="
        reader = self.park.reader("in-1")
        reader.do("fault ats 1")
        reader.card("04D1D2D3D4D5D6", "sak=20")
        until("a new helper runs", lambda: self.park.helper("gate-a", "in-1-badge") not in (None, before))
        reader.do("fault none")
        reader.remove()
        self.enter("in-1")

    def test_mute_board_stalls_no_other(self):
        board = self.park.turnstile("board-1")
        board.do("mute on")
        try:
            for _ in range(3):
                begun = time.monotonic()
                self.enter("in-2")
                self.assertLess(time.monotonic() - begun, 3.0)
            until("the board is reported down", lambda: self.faults_of("board-1"))
        finally:
            board.do("mute off")
        until("the board is back", lambda: not self.faults_of("board-1"))
        self.enter("in-1")

    def test_exit_button_while_the_agent_hangs(self):
        park = self.park
        agent = park.agents["gate-a"]
        hung = [pid for pid, args in descendants(agent.pid) if args and args[0].endswith("parkgate-agent")] or [agent.pid]
        turnstile = park.turnstile("out-1")
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            turnstile.do("button out-1")
            self.assertTrue(turnstile.do("push out-1 2000").startswith("turned"))
            self.assertLess(time.monotonic() - begun, 1.5)
        finally:
            for pid in hung:
                os.kill(pid, signal.SIGCONT)
        # On record by the board's late report, or by the press that the agent found when it woke.
        event = park.wait_events("the press", {"kind": "exit-button"})[-1]
        self.assertEqual((event["lane"], event["verdict"], event["reason"]), ("out-1", "grant", "exit-button"))
        passed = park.wait_events("its passage", lambda event: event["kind"] == "passage" and event["lane"] == "out-1")
        self.assertEqual([event["text"].split()[0] for event in passed], ["passed"])


if __name__ == "__main__":
    unittest.main()
