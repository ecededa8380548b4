"""Gates and keys: a box joins only with its one-time code; a key revoked under traffic gets nothing applied any more; a
board that vanishes in mid-passage loses no turn; a second controller does not start. Each on real processes."""
import os
import stat
import subprocess
import threading
import unittest

from case import ParkCase, foot_gate
from park import GREEN, Refused, until


class Enrol(ParkCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.park.agent_home("gate-a")

    def join(self, code, directory):
        ticket = self.park.cli("agent", "enroll", "gate-a") if code is None else self.ticket
        args = ["--join", "--dir", self.park.directory / directory, "--gate", "gate-a", "--controller", ticket["agents"],
                "--enrol", ticket["enrol"], "--server-key", ticket["server_key"], "--code", code or ticket["code"]]
        return subprocess.run([self.park.programs.path("parkgate-agent"), *map(str, args)], capture_output=True, text=True, check=False)

    def test_wrong_code(self):
        self.ticket = self.park.cli("agent", "enroll", "gate-a")
        wrong = ("A" if self.ticket["code"][0] != "A" else "B") + self.ticket["code"][1:]
        for _ in range(5):
            done = self.join(wrong, "thief")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("the code is wrong, used or over 15 minutes old; ask for a new one", done.stderr)
            self.assertIn("注册码错误、已使用或超过 15 分钟；请重新申请", done.stderr)
        done = self.join(self.ticket["code"], "thief")  # five wrong tries have spent the right one
        self.assertEqual(done.returncode, 1)
        self.assertFalse((self.park.directory / "thief" / "agent.conf").exists())
        self.assertEqual(self.park.gate_state("gate-a"), "online")

    def test_private_key_stays_on_the_box(self):
        mode = stat.S_IMODE(os.stat(self.home / "agent.key").st_mode)
        self.assertEqual(mode, 0o600)
        public_only = [line for line in self.park.controller.lines if line and "secret" in line]
        self.assertEqual(public_only, [])


class Revoked(ParkCase):
    def test_revoked_under_traffic(self):
        park = self.park
        people = [self.person()[1] for _ in range(6)]
        stop = threading.Event()

        def traffic():
            number = 0
            while not stop.is_set():
                park.reader("gate-a-in").card(people[number % 6])
                park.reader("gate-a-in").do("wait reads 1 2000")
                number += 1
            park.reader("gate-a-in").hang_up()
        thread = threading.Thread(target=traffic)
        thread.start()
        try:
            park.wait_events("traffic", {"kind": "presentation", "lane": "gate-a-in"}, 10)
            park.cli("agent", "revoke", "gate-a", "--reason", "box stolen")
            head = park.cli("journal", "head")["seq"]
            until("more is read at the gate", lambda: int(park.reader("gate-a-in").values("show")["reads"]) > 0)
            park.reader("gate-a-in").do("wait reads 5 10000")
            self.assertNotEqual(park.gate_state("gate-a"), "online")
        finally:
            stop.set()
            thread.join()
        after = [event for event in park.events() if event["seq"] > head and event["gate"] == "gate-a"
                 and event["kind"] in ("presentation", "passage", "exit-button", "acted")]
        self.assertEqual(after, [])
        self.assert_verified()


class Board(ParkCase):
    def test_vanishes_in_mid_passage(self):
        park = self.park
        _, uid = self.person()
        board = park.turnstile("gate-a")
        self.assertEqual(park.tap("gate-a-in", uid)["colour"], GREEN)
        board.do("vanish")
        board.do("push gate-a-in 3000")  # the relay is on: he goes through while nobody looks
        self.assertEqual(board.turns("gate-a-in"), 1)
        until("the gate says that its board is gone", lambda: int(park.gate_row("gate-a")["devices_down"]) > 0)
        board.do("return")
        event = park.wait_events("the passage comes late", lambda event: event["kind"] == "passage" and event["text"].startswith("passed"))[-1]
        self.assertEqual(event["lane"], "gate-a-in")
        self.assertEqual(self.headcount(), {"persons": 1, "entries": 1, "exits": 0, "present": 1})
        until("the board is back", lambda: int(park.gate_row("gate-a")["devices_down"]) == 0)
        self.assertEqual(park.tap("gate-a-out", uid)["colour"], GREEN)
        park.push("gate-a-out")


class Controller(ParkCase):
    def start_another(self):
        return subprocess.run(self.park.controller.args, capture_output=True, text=True, timeout=60, check=False)

    def test_second_on_the_same_store(self):
        done = self.start_another()
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"is owned by process \d+; stop it first")
        self.assertEqual(self.park.gate_state("gate-a"), "online")

    def test_world_readable_key(self):
        self.park.controller.end()
        key = self.park.home / "controller.key"
        os.chmod(key, 0o644)
        done = self.start_another()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chmod 600", done.stderr)
        os.chmod(key, 0o600)
        self.park.start_controller()
        until("the gate is back", lambda: self.park.gate_state("gate-a") == "online")

    def test_unreachable_is_3(self):
        self.park.controller.end()
        try:
            with self.assertRaises(Refused) as caught:
                self.park.cli("status")
            self.assertEqual(caught.exception.status, 3)
        finally:
            self.park.start_controller()


if __name__ == "__main__":
    unittest.main()
