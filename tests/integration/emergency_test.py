"""Fire and evacuation through the whole chain: a board's input, its helper, the gate's agent, the controller, the other gates and
their boards; and with any of them dead. Real processes; times are the emulated boards' own, from the fire input to each exit's coil."""
import contextlib
import os
import re
import resource
import signal
import sys
import unittest

from case import ParkCase, foot_gate
from park import RED, Board, Lane, Refused, until
from proxy import ParkByProxy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import wirelog  # noqa: E402

OWN_MS = 1000        # from its fire input to its exits, whatever else is dead
PARK_MS = 5000       # to the exits of other boards, over agent, controller and agent
EXITS = {"gate-a-board": 1, "yard-1": 0, "yard-2": 0, "gate-b-board": 1}  # board: its exit's coil
ENTRIES = {"gate-a-board": 0, "gate-b-board": 0}
OWN = "gate-a-board"


def exit_board(name):
    return Board(name, [Lane(f"{name}-out", "out", reader=None, button=True)])


def gates():
    gate_a, gate_b = foot_gate("gate-a"), foot_gate("gate-b")
    gate_a.boards += [exit_board("yard-1"), exit_board("yard-2")]
    gate_b.boards[0].rtu, gate_b.boards[0].counters = True, False
    return [gate_a, gate_b]


class Emergency(ParkCase):
    PARK = ParkByProxy
    GATES = staticmethod(gates)

    def setUp(self):
        self.marks = {board: self.park.wire_log(board).stat().st_size for board in EXITS}
        self.head = int(self.park.cli("journal", "head")["seq"])

    def tearDown(self):
        """Everything lives, nothing burns, and every exit is shut again."""
        park = self.park
        for board in EXITS:
            for command in ("mute off", "fire off"):
                park.turnstile(board).do(command)
        for line in park.lines.values():
            line.join()
        if not park.controller.runs():
            park.start_controller()
        for gate, agent in park.agents.items():
            if not agent.runs():
                park.start_agent(gate)
            until(f"{gate} is online", lambda gate=gate: park.gate_state(gate) == "online")
        until("no board's input says fire", lambda: not any(self.words_of_fire()))
        with contextlib.suppress(Refused):
            park.cli("emergency", "end", "--reason", "the test is over")
        self.wait_shut()
        until("the park is quiet", lambda: park.cli("emergency", "show")["emergency"] == "none")

    def words_of_fire(self):
        """Boards whose input says so still."""
        return [word for row in self.park.rows("emergency", "show") for word in row["fire"].split(",") if word and not word.endswith("*")]

    # --- what boards did ---

    def log(self, board, begin=None):
        return wirelog.read(self.park.wire_log(board), self.marks[board] if begin is None else begin)

    def fire(self, board=OWN):
        self.park.turnstile(board).do("fire on")
        return next(at for at, what in reversed(self.log(board)) if what.startswith("fire=on"))

    def wait_open(self, *boards):
        for board in boards or EXITS:
            lane = self.exit_of(board)
            self.park.turnstile(board).do(f"wait {lane} relay on 10000")

    def wait_shut(self, *boards):
        for board in boards or EXITS:
            self.park.turnstile(board).do(f"wait {self.exit_of(board)} relay off 15000")

    @staticmethod
    def exit_of(board):
        return f"{board.removesuffix('-board')}-out"

    def times(self, what, begun, *boards, own_ms=OWN_MS, own=OWN):
        """Prints and checks how long each board's exit took."""
        took = {}
        for board in boards:
            opened = next(at for at, written in self.log(board) if at >= begun and wirelog.opens(written, 1, EXITS[board], False))
            took[board] = (opened - begun) / 1000
        print(f"{what}: " + ", ".join(f"{board} {ms:.0f} ms" for board, ms in took.items()), file=sys.stderr)
        for board, ms in took.items():
            self.assertLessEqual(ms, own_ms if board == own else PARK_MS, board)

    def assert_no_entry_opened(self):
        for board, coil in ENTRIES.items():
            opened = [what for _, what in self.log(board) if wirelog.opens(what, 1, coil, False) or wirelog.flashes(what, 1, coil, False)]
            self.assertEqual(opened, [], board)

    def assert_held(self, board, since):
        """From then on nothing took the exit's coil back."""
        begin = [what for at, what in self.log(board) if at >= since]
        self.assertEqual([what for what in begin if wirelog.shuts(what, 1, EXITS[board], False)], [])
        self.assertEqual(self.park.turnstile(board).show(self.exit_of(board))["relay"], "on")

    def assert_entry_denied(self, gate, reason="emergency-closed"):
        _, uid = self.person()
        shown = self.park.tap(f"{gate}-in", uid)
        self.assertEqual(shown["colour"], RED)
        self.park.reader(f"{gate}-in").remove()
        event = self.park.wait_events("the read is on record", lambda event: int(event["seq"]) > self.head and
                                      event["kind"] == "presentation" and event["lane"] == f"{gate}-in")[-1]
        self.assertEqual((event["verdict"], event["reason"]), ("deny", reason))

    def wait_state(self, state):
        return until(f"the controller says {state}", lambda: (show := self.park.cli("emergency", "show"))["emergency"] == state and show)

    def entries(self, kind):
        return [event for event in self.park.events() if event["kind"] == kind and int(event["seq"]) > self.head]

    def wait_taken(self):
        until("every gate has taken it", lambda: all(row["taken"] == "yes" for row in self.park.rows("emergency", "show")))

    def reset_by_key(self):
        board = self.park.turnstile(OWN)
        board.do("fire off")
        until("the input's end is known", lambda: not self.words_of_fire())
        board.do("reset on")
        self.wait_state("none")
        board.do("reset off")
        self.wait_shut()

    # --- everything alive ---

    def test_everything_alive(self):
        park = self.park
        begun = self.fire()
        self.wait_open()
        self.times("everything alive", begun, *EXITS, own_ms=250)
        shown = self.wait_state("fire")
        self.assertEqual((shown["by"], shown["admits"]), ("gate-a/gate-a-board", "no"))
        self.wait_taken()
        status = park.cli("status")
        self.assertEqual((status["state"], status["emergency_by"], status["emergency_entries"]), ("fire", "gate-a/gate-a-board", "closed"))
        self.assertIn("fire", [row["fault"] for row in park.rows("status")])
        self.assertEqual(park.cli("muster")["emergency"], "fire")
        self.assertEqual(park.cli("muster", "--names", "--reason", "fire")["emergency"], "fire")
        for gate in ("gate-a", "gate-b"):
            self.assert_entry_denied(gate)
        self.assert_no_entry_opened()
        self.assertEqual(park.tap("gate-b-out", "04FFFFFFFFFFFF")["relay"], "on")  # unknown, and leaves
        with self.assertRaisesRegex(Refused, "gate-a-board"):
            park.cli("emergency", "end", "--reason", "it burns still")
        self.assertEqual([event["text"].split(":")[0] for event in self.entries("emergency")], ["fire by gate-a/gate-a-board"])
        self.reset_by_key()
        words = [re.search(r"fire\S*", event["text"])[0] for event in self.entries("fire")]
        self.assertEqual(words, ["fire", "fire-input-ended", "fire-reset"])
        self.assert_verified()

    def test_fire_at_a_serial_board(self):
        begun = self.fire("gate-b-board")
        self.wait_open()
        self.times("from a serial board", begun, *EXITS, own="gate-b-board")
        self.wait_state("fire")
        self.assert_entry_denied("gate-a")

    def test_ended_by_a_person_with_a_reason(self):
        park = self.park
        self.fire()
        self.wait_open()
        self.wait_state("fire")
        park.turnstile(OWN).do("fire off")
        until("the input's end is known", lambda: not self.words_of_fire())
        begun = self.log(OWN)[-1][0]
        self.assert_entry_denied("gate-a")
        self.assert_held(OWN, begun)
        with self.assertRaises(Refused):
            park.cli("emergency", "end")
        park.cli("emergency", "end", "--reason", "false alarm, panel reset")
        self.wait_shut()
        self.assertEqual(park.cli("emergency", "show")["emergency"], "none")
        self.assertIn("false alarm, panel reset", self.entries("emergency")[-1]["text"])
        until("the boards said so", lambda: any("fire-reset by order" in event["text"] for event in self.entries("fire")))

    def test_an_evacuation_opens_by_a_persons_key(self):
        self.park.cli("emergency", "start", "--reason", "gas")
        self.wait_open()
        self.wait_state("evacuation")
        self.assert_entry_denied("gate-b")
        self.assert_no_entry_opened()
        self.park.cli("emergency", "end", "--reason", "gas is off")
        self.wait_shut()

    # --- something dead ---

    def test_controller_dead_before_the_fire(self):
        park = self.park
        park.controller.kill()
        begun = self.fire()
        self.wait_open(OWN, "yard-1", "yard-2")  # the whole gate's, whoever is dead
        self.times("controller dead", begun, OWN, "yard-1", "yard-2")
        _, uid = None, "04FFFFFFFFFF01"
        self.assertEqual(park.tap("gate-a-in", uid)["colour"], RED)
        park.reader("gate-a-in").remove()
        self.assertEqual(park.turnstile("gate-b-board").show("gate-b-out")["relay"], "off")
        back = self.log(OWN)[-1][0]
        park.start_controller()
        self.wait_state("fire")
        self.wait_open()
        self.times("controller back", back, "gate-b-board")
        self.assert_held(OWN, begun)
        self.wait_taken()
        self.assert_entry_denied("gate-b")
        self.assertEqual(len([event for event in self.entries("emergency") if event["text"].startswith("fire by")]), 1)
        self.reset_by_key()
        self.assert_verified()

    def test_link_cut_before_the_fire(self):
        park = self.park
        park.lines["gate-a"].cut()
        begun = self.fire()
        self.wait_open(OWN, "yard-1", "yard-2")
        self.times("link cut", begun, OWN, "yard-1", "yard-2")
        self.assertEqual(park.tap("gate-a-in", "04FFFFFFFFFF02")["colour"], RED)
        park.reader("gate-a-in").remove()
        self.assertEqual(park.cli("emergency", "show")["emergency"], "none")
        park.lines["gate-a"].join()
        self.wait_state("fire")
        self.wait_open()
        self.reset_by_key()
        self.assert_verified()

    def test_agent_stopped(self):
        worker = self.park.worker("gate-a")
        os.kill(worker, signal.SIGSTOP)
        try:
            begun = self.fire()
            self.wait_open(OWN)
            self.times("agent stopped", begun, OWN)
        finally:
            os.kill(worker, signal.SIGCONT)
        self.wait_state("fire")
        self.wait_open()
        self.reset_by_key()

    def test_agent_and_its_launcher_killed(self):
        park = self.park
        worker = park.worker("gate-a")
        park.agents["gate-a"].kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        begun = self.fire()
        self.wait_open(OWN)
        self.times("agent killed", begun, OWN)
        park.turnstile(OWN).do("fire off")
        park.turnstile(OWN).do("fire on")
        self.assertEqual(park.cli("emergency", "show")["emergency"], "none")
        park.start_agent("gate-a")
        self.wait_state("fire")
        self.wait_open()
        self.assert_held(OWN, begun)
        self.reset_by_key()
        self.assert_verified()

    def test_disk_of_the_agent_full(self):
        park = self.park
        worker = park.worker("gate-a")
        _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, hard))
        try:
            begun = self.fire()
            self.wait_open(OWN)
            self.times("disk full", begun, OWN)
            self.wait_state("fire")  # told without a record
            self.wait_open()
            park.turnstile("gate-a-board").do("button gate-a-out")
        finally:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))
        self.wait_state("fire")
        self.wait_open()
        self.reset_by_key()
        self.assert_verified()

    def test_mute_boards_are_named(self):
        park = self.park
        for mute in (["yard-1"], ["yard-1", "yard-2", "gate-b-board"]):
            with self.subTest(mute=mute):
                for board in mute:
                    park.turnstile(board).do("mute on")
                begun = self.fire()
                alive = [board for board in EXITS if board not in mute]
                self.wait_open(*alive)
                self.times(f"{len(mute)} mute", begun, *alive)
                until("the silent boards are named", lambda mute=mute: {
                    board for board in EXITS for row in park.rows("status")
                    if row["fault"] == "fire-unreached" and f"board {board} " in row["text"]} == set(mute))
                for board in mute:
                    park.turnstile(board).do("mute off")
                self.wait_open()
                until("they are named no more", lambda: "fire-unreached" not in [row["fault"] for row in park.rows("status")])
                self.reset_by_key()
                self.setUp()

    # --- restarts ---

    def test_every_restart_keeps_it(self):
        park = self.park
        self.fire()
        self.wait_open()
        self.wait_taken()
        park.turnstile(OWN).do("fire off")
        until("the input's end is known", lambda: not self.words_of_fire())
        since = self.log(OWN)[-1][0]
        number = park.cli("emergency", "show")["number"]
        for name in ("controller", "gate-a", "gate-b"):
            os.kill(park.worker(name), signal.SIGKILL)
            self.still_on(since)
        for gate, board in (("gate-a", OWN), ("gate-b", "gate-b-board")):
            old = park.helper(gate, board)
            os.kill(old, signal.SIGKILL)
            until("the helper is back", lambda gate=gate, board=board, old=old: park.helper(gate, board) not in (None, old))
            self.still_on(since)
        self.assertEqual(park.controller.end(), 0)  # as at an upgrade
        for gate in park.agents:
            self.assertEqual(park.agents[gate].end(), 0)
        park.start_controller()
        for gate in park.agents:
            park.start_agent(gate)
        self.still_on(since)
        self.assertEqual(park.cli("emergency", "show")["number"], number)  # nothing new was told to gates
        park.cli("emergency", "end", "--reason", "seen, quiet")
        self.wait_shut()
        self.assert_verified()

    def still_on(self, since):
        until("the controller answers", lambda: self.park.cli("emergency", "show")["emergency"] == "fire")
        until("both gates are there", lambda: all(self.park.gate_state(gate) == "online" for gate in self.park.agents))
        until("the input is quiet, and known to be", lambda: not self.words_of_fire())
        for board in EXITS:
            self.assert_held(board, since)
        self.assert_entry_denied("gate-a")
        self.assert_entry_denied("gate-b")


if __name__ == "__main__":
    unittest.main()
