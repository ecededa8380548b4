"""Goal: lanes open when told and never otherwise, every turn of an arm is reported, and exit buttons
work whatever else is dead. Method: parkgate-board and libmodbus, started by the real launcher, on
the emulated turnstile; its turn log and its wire log are the witnesses."""
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from gatelib import (DOWN, FORCED, HELD, IN, NOT_TAKEN, OUT, PASSED, PEERS, TAILGATED, UP,  # noqa: E402
                     Gate, Peer, is_alive, wait_until)
from peerlib import directory  # noqa: E402

LANES = ("in1:coil=0,passage=0,tamper=1,button=2,held=3", "out1:coil=1,passage=4,button=5")


def lane_lines(board="b1", pass_ms=3000):
    return [f"lane in1 {board} {IN} 0 1000 {pass_ms} 0 1 2 3 0",
            f"lane out1 {board} {OUT} 1 1000 {pass_ms} 4 -1 5 -1 1"]


class BoardCase(unittest.TestCase):
    peer_options = ()
    transport = "tcp"
    flash = counters = 1
    pass_ms = 3000

    def setUp(self):
        self.place = directory()
        self.dir = self.place.name
        self.addCleanup(self.place.cleanup)
        self.wire_log = os.path.join(self.dir, "wire")
        link = os.path.join(self.dir, "bus")
        line = ("--tcp", "127.0.0.1:0") if self.transport == "tcp" else ("--rtu", link)
        lanes = [word for lane in LANES for word in ("--lane", lane)]
        self.peer = Peer(os.path.join(PEERS, "peer-turnstile"), *line, *lanes, *self.peer_options,
                         "--wire-log", self.wire_log, control=os.path.join(self.dir, "ctl"))
        self.addCleanup(self.peer.stop)
        address = self.peer.ready["tcp"] if self.transport == "tcp" else link
        self.board = (f"board b1 {self.transport} {address} 1 20 flash={self.flash} "
                      f"counters={self.counters}")
        self.gate = Gate(self.dir, [self.board, *lane_lines(pass_ms=self.pass_ms)])
        self.addCleanup(self.gate.__exit__)
        self.gate.expect(f"state b1 {UP}")

    def passage(self, lane, kind, grant=0, late=0, seconds=10):
        line = self.gate.expect(f"report b1 {lane} kind=1 passage={kind} grant={grant} ", seconds,
                                f"late={late}")
        return line

    def writes(self):
        with open(self.wire_log, encoding="utf-8") as file:
            return [re.sub(r"t_us=\d+ ", "", line.strip()) for line in file]

    def openings(self):
        """Writes that could open something."""
        return [line for line in self.writes()
                if "addr=0x01" in line or ("fn=5" in line and "values=0" not in line)]


class TcpTest(BoardCase):
    def test_a_grant_opens_by_one_write_and_the_turn_comes_back(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.assertTrue(self.peer.do("push in1").startswith("turned"))
        self.assertIn(f"direction={IN}", self.passage("in1", PASSED, 1))
        self.assertEqual(self.openings(), ["fn=6 addr=0x0100 values=10 answer=ok"])

    def test_a_grant_not_used_is_not_taken(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.passage("in1", NOT_TAKEN, 1)

    def test_the_same_grant_opens_once(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 duplicate")
        self.assertEqual(len(self.openings()), 1)

    def test_an_expired_command_and_a_foreign_lane_open_nothing(self):
        self.gate.order(f"open in1 1 0 {IN}")
        self.gate.expect("opened in1 1 expired")
        self.gate.order(f"open in9 2 2000 {IN}")
        self.gate.expect("open-failed in9 2 not-found")
        self.assertEqual(self.openings(), [])

    def test_two_grants_let_two_through(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.order(f"open in1 2 2000 {IN}")
        self.gate.expect("opened in1 2 opened")
        self.assertTrue(self.peer.do("push in1").startswith("turned"))
        self.passage("in1", PASSED, 1)
        self.assertTrue(self.peer.do("push in1").startswith("turned"))
        self.passage("in1", PASSED, 2)
        self.assertTrue(self.peer.do("push in1").startswith("blocked"))

    def test_a_second_grant_after_a_quick_passage_gets_a_pulse_of_its_own(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.peer.do("push in1")
        self.passage("in1", PASSED, 1)
        self.gate.order(f"open in1 2 2000 {IN}")
        self.gate.expect("opened in1 2 opened")
        self.assertTrue(self.peer.do("push in1").startswith("turned"))
        self.passage("in1", PASSED, 2)

    def test_tailgater_and_intruder(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.peer.do("tailgate in1")
        self.passage("in1", PASSED, 1)
        self.passage("in1", TAILGATED, 1)
        self.peer.do("force out1")
        self.passage("out1", FORCED)

    def test_tamper(self):
        self.peer.do("tamper in1 on")
        self.gate.expect("report b1 in1 kind=3", containing="on=1")
        self.peer.do("tamper in1 off")
        self.gate.expect("report b1 in1 kind=3", containing="on=0")

    def test_held_open(self):
        self.peer.do("hold in1 on")
        self.passage("in1", HELD, seconds=15)
        self.peer.do("hold in1 off")
        self.passage("in1", 7)

    def test_the_button_is_answered_by_the_agent(self):
        self.peer.do("button out1")
        self.gate.expect("button out1")
        self.gate.expect("opened out1 1001 opened")
        self.assertTrue(self.peer.do("push out1").startswith("turned"))
        self.passage("out1", PASSED, 1001)
        self.assertEqual(len(self.openings()), 1)

    def test_the_button_opens_alone_while_the_agent_hangs(self):
        self.gate.order("hang")
        began = time.monotonic()
        self.peer.do("button out1")
        self.peer.do("wait out1 relay on 2000")
        waited = time.monotonic() - began
        self.assertGreater(waited, 0.28)
        self.assertLess(waited, 0.4)
        self.assertTrue(self.peer.do("push out1").startswith("turned"))
        self.gate.kill_worker()
        late = self.gate.expect("report b1 out1 kind=2", containing="late=1")
        press = re.search(r"press=(\d+)", late)[1]
        self.gate.expect("report b1 out1 kind=1 passage=1 grant=0", containing=f"press={press}")
        self.assertEqual(len(self.openings()), 1)

    def test_the_button_opens_alone_while_the_agent_is_dead(self):
        os.kill(self.gate.process.pid, signal.SIGKILL)
        self.gate.process.wait()
        wait_until(lambda: not is_alive(self.gate.worker), "the end of the worker")
        began = time.monotonic()
        self.peer.do("button out1")
        self.peer.do("wait out1 relay on 2000")
        self.assertLess(time.monotonic() - began, 0.4)
        os.kill(self.gate.pids["b1"], signal.SIGTERM)

    def test_a_killed_worker_loses_no_report(self):
        self.gate.order("keep 0")
        self.peer.do("force in1")
        self.passage("in1", FORCED)
        self.gate.kill_worker()
        self.passage("in1", FORCED)
        time_before = time.monotonic()
        while time.monotonic() < time_before + 2.5:  # an acknowledged report never comes again
            self.assertEqual([x for x in self.gate.drain() if x.startswith("report")], [])
            time.sleep(0.05)

    def test_a_killed_board_process_opens_nothing_and_works_on(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        os.kill(self.gate.pids["b1"], signal.SIGKILL)
        self.gate.expect(f"state b1 {DOWN}")
        self.gate.expect(f"state b1 {UP}")
        self.assertEqual(len(self.openings()), 1)
        self.gate.order(f"open in1 2 2000 {IN}")
        self.gate.expect("opened in1 2 opened")

    def test_a_board_process_started_without_an_agent_still_serves_the_button(self):
        os.kill(self.gate.worker, signal.SIGSTOP)
        pid = self.gate.pids["b1"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.board_pid() not in (0, pid), "the next board process")
        requests = self.requests()
        wait_until(lambda: self.requests() > requests + 4, "its first looks")
        self.peer.do("button out1")
        self.peer.do("wait out1 relay on 2000")
        os.kill(self.gate.worker, signal.SIGCONT)

    def test_a_board_process_that_hangs_is_taken_over(self):
        pid = self.gate.pids["b1"]
        os.kill(self.gate.worker, signal.SIGSTOP)
        os.kill(pid, signal.SIGSTOP)
        try:
            with subprocess.Popen([os.path.join(os.environ["HELPERS_DIR"], "parkgate-board"), "--name", "b1",
                                   "--socket", os.path.join(self.dir, "nobody.sock"), "--run", self.dir],
                                  stderr=subprocess.DEVNULL) as second:
                wait_until(lambda: self.board_pid() not in (0, pid), "the process that takes over")
                second.terminate()
        finally:
            os.kill(self.gate.worker, signal.SIGCONT)

    def requests(self):
        return int(self.peer.do("board").split("requests=")[1].split()[0])

    def board_pid(self):
        try:
            with open(os.path.join(self.dir, "b1.lock"), encoding="ascii") as file:
                return int(file.read().strip() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def test_a_vanished_board_is_down_and_what_turned_meanwhile_is_late(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.peer.do("vanish")
        self.assertTrue(self.peer.do("push in1").startswith("turned"))
        self.peer.do("force out1")
        self.gate.expect(f"state b1 {DOWN}", 3)
        self.gate.order(f"open in1 2 2000 {IN}")
        self.gate.expect("opened in1 2 board-refused")
        self.peer.do("return")
        self.gate.expect(f"state b1 {UP}")
        self.passage("in1", PASSED, 1, late=1)
        self.passage("out1", FORCED, late=1)
        self.assertEqual(len(self.openings()), 1)

    def test_a_board_that_loses_power_makes_no_turn_and_no_opening(self):
        self.peer.do("force in1")
        self.passage("in1", FORCED)
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.peer.do("restart")
        self.gate.expect(f"state b1 {UP}")
        self.passage("in1", NOT_TAKEN, 1)
        self.assertEqual(len(self.openings()), 1)
        self.assertEqual([x for x in self.gate.heard if "passage=3" in x][1:], [])

    def test_a_mute_board_stalls_nobody(self):
        self.peer.do("mute on")
        self.gate.expect(f"state b1 {DOWN}", 3)
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 board-refused", 2)
        self.peer.do("mute off")
        self.gate.expect(f"state b1 {UP}")
        self.assertEqual([x for x in self.gate.heard if x.startswith("exited")], [])

    def test_an_opening_nobody_confirmed_is_told_and_its_turn_too(self):
        """A question to the mute board may be under way when the grant comes: then nothing is written (refused),
        and nothing turns. Else the write was done and not confirmed (silent), and the turn is told late."""
        self.peer.do("mute acts")
        self.gate.order(f"open in1 1 2000 {IN}")
        refused = "board-refused" in self.gate.expect("opened in1 1 board-", 2)
        opened = self.peer.ask("push in1 500")
        self.peer.do("mute off")
        if refused:
            self.assertFalse(opened.startswith("ok turned"), opened)
        if opened.startswith("ok turned"):
            self.passage("in1", PASSED, 1, late=1)

    def test_it_shows_what_it_is_told_and_then_goes_dark(self):
        self.gate.order("show in1 1 2 700 请通行 Please_pass")
        self.peer.do("wait in1 line2 Please_pass")
        shown = self.peer.do("show in1")
        self.assertIn('line1="请通行"', shown)
        self.assertIn("colour=green", shown)
        self.assertIn("sounds=1", shown)
        self.peer.do("wait in1 colour off")
        self.peer.do('wait in1 line1 ""')

    def test_displays_do_not_delay_an_opening(self):
        for round_number in range(20):
            self.gate.order(f"show in1 1 1 0 {'长' * 30}{round_number % 10} {'x' * 32}")
            self.gate.order(f"show out1 2 1 0 {'长' * 30}{round_number % 10} {'y' * 32}")
        began = time.monotonic()
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.assertLess(self.gate.at - began, 0.1)

    def test_a_changed_setup_is_taken_while_it_runs(self):
        self.gate.configure([self.board, f"lane in2 b1 {IN} 0 1000 3000 0 -1 -1 -1 -1"])
        self.gate.order("configure")
        self.gate.expect("started b1")
        self.gate.order(f"open in2 1 2000 {IN}")
        self.gate.expect("opened in2 1", 3)
        self.gate.order(f"open in1 2 2000 {IN}")
        self.gate.expect("open-failed in1 2 not-found")

    def test_a_hung_board_process_is_killed(self):
        pid = self.gate.pids["b1"]
        os.kill(pid, signal.SIGSTOP)
        self.gate.order(f"open in1 1 1000 {IN}")
        self.gate.expect("opened in1 1 helper-lost", 5)
        self.gate.expect(f"state b1 {DOWN} its helper hangs", 5)
        self.gate.expect(f"exited b1 {pid} status=137")
        self.gate.expect(f"state b1 {UP}", 5)
        self.assertEqual(self.openings(), [])


class WrapTest(BoardCase):
    peer_options = ("--counter-start", "65535")

    def test_a_counter_that_wraps_counts_one(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.peer.do("push in1")
        self.passage("in1", PASSED, 1)
        self.assertEqual([x for x in self.gate.drain() if "passage=3" in x], [])


class RtuTest(BoardCase):
    transport = "rtu"

    def test_grant_turn_and_button(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.peer.do("push in1")
        self.passage("in1", PASSED, 1)
        self.peer.do("button out1")
        self.gate.expect("opened out1 1001 opened")

    def test_a_pulled_line_comes_back(self):
        self.peer.do("vanish")
        self.gate.expect(f"state b1 {DOWN}", 4)
        self.peer.do("return")
        self.gate.expect(f"state b1 {UP}")
        self.assertEqual(self.openings(), [])


class PlainBoardTest(BoardCase):
    """A board with neither flash-on nor counters."""
    peer_options = ("--no-flash", "--no-counters")
    flash = counters = 0

    def test_coil_on_then_off(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        self.peer.do("push in1")
        self.passage("in1", PASSED, 1)
        self.peer.do("wait in1 relay off 3000")

    def test_a_killed_process_leaves_nothing_open(self):
        self.gate.order(f"open in1 1 2000 {IN}")
        self.gate.expect("opened in1 1 opened")
        os.kill(self.gate.pids["b1"], signal.SIGKILL)
        self.peer.do("wait in1 relay off 1000")

    def test_outages_make_nothing(self):
        self.peer.do("vanish")
        self.gate.expect(f"state b1 {DOWN}", 3)
        self.peer.do("force in1")
        self.peer.do("return")
        self.gate.expect(f"state b1 {UP}")
        self.peer.do("button out1")
        self.gate.expect("opened out1 1001 opened")
        self.assertEqual([x for x in self.gate.heard if x.startswith("report")], [])


class WronglyConfiguredTest(PlainBoardTest):
    """Said to have what it has not: it works all the same."""
    flash = counters = 1


class BollardTest(BoardCase):
    """The emulated bollard has no guard of its own: what keeps it down is parkgate-board alone."""

    def setUp(self):
        self.place = directory()
        self.dir = self.place.name
        self.addCleanup(self.place.cleanup)
        self.wire_log = os.path.join(self.dir, "wire")
        self.peer = Peer(os.path.join(PEERS, "peer-turnstile"), "--tcp", "127.0.0.1:0", "--lane",
                         "dock:coil=2,passage=8,crush=9,manual=10,button=11,bollard", *self.peer_options,
                         "--wire-log", self.wire_log, control=os.path.join(self.dir, "ctl"))
        self.addCleanup(self.peer.stop)
        self.board = f"board b1 tcp {self.peer.ready['tcp']} 1 20 flash={self.flash} counters={self.counters}"
        self.gate = Gate(self.dir, [self.board, f"lane dock b1 {IN} 2 500 {self.pass_ms} 8 -1 11 -1 -1",
                                    "guard dock b1 2 9 10"])
        self.addCleanup(self.gate.__exit__)
        self.gate.expect(f"state b1 {UP}")
        self.passage("dock", 10)  # its release is in place
        self.passage("dock", 12)  # and nothing stands there

    def tearDown(self):
        self.assertIn("violations=0", self.peer.do("show dock"))

    def drive(self, grant):
        self.gate.order(f"open dock {grant} 2000 {IN}")
        self.gate.expect(f"opened dock {grant} opened")
        self.assertTrue(self.peer.do("drive dock").startswith("on"))

    def stays_down(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.assertIn("position=down", self.peer.do("show dock"))
            time.sleep(0.02)

    def test_it_sinks_for_a_grant_and_rises_behind_the_vehicle(self):
        self.drive(1)
        self.peer.do("leave dock")
        self.passage("dock", PASSED, 1)
        self.peer.do("wait dock position up 4000")

    def test_it_never_rises_under_a_vehicle_however_long_it_stands(self):
        self.drive(1)
        self.passage("dock", NOT_TAKEN, 1)  # its time is over, and it still stands there
        self.stays_down(1.5)
        self.peer.do("leave dock")
        self.peer.do("wait dock position up 4000")

    def test_what_stands_before_it_opens_nothing(self):
        self.peer.do("wait dock position up")
        before = len(self.openings())
        self.assertEqual(self.peer.do("drive dock 700"), "blocked")
        self.assertEqual(len(self.openings()), before)

    def test_two_trucks_nose_to_tail(self):
        for grant in (1, 2):
            self.gate.order(f"open dock {grant} 2000 {IN}")
            self.gate.expect(f"opened dock {grant} opened")
        self.peer.do("drive dock")
        self.peer.do("drive dock")  # the second is on it before the first has left
        self.stays_down(0.6)
        self.peer.do("leave dock")
        self.passage("dock", PASSED, 1)
        self.stays_down(0.6)
        self.peer.do("leave dock")
        self.passage("dock", PASSED, 2)
        self.peer.do("wait dock position up 4000")

    def test_a_second_truck_without_a_grant_is_a_tailgater_and_is_not_crushed(self):
        self.drive(1)
        self.peer.do("drive dock")
        self.peer.do("leave dock")
        self.passage("dock", PASSED, 1)
        self.stays_down(1.5)
        self.peer.do("leave dock")
        self.gate.expect("report b1 dock kind=1", containing=f"passage={TAILGATED}")

    def test_a_board_process_killed_in_mid_passage_leaves_it_down(self):
        self.drive(1)
        for _ in range(3):
            os.kill(self.gate.pids["b1"], signal.SIGKILL)
            self.gate.expect(f"state b1 {UP}")
            self.stays_down(0.3)
        self.peer.do("leave dock")
        self.peer.do("wait dock position up 6000")

    def test_a_board_process_told_to_end_in_mid_passage_leaves_it_down(self):
        self.drive(1)
        os.kill(self.gate.pids["b1"], signal.SIGTERM)
        self.gate.expect("exited b1")
        self.stays_down(0.5)

    def test_the_agent_killed_in_mid_passage_changes_nothing(self):
        self.drive(1)
        self.gate.kill_worker()
        self.stays_down(0.5)
        self.peer.do("leave dock")
        self.passage("dock", PASSED, 1)
        self.peer.do("wait dock position up 4000")

    def test_a_line_that_is_cut_in_mid_passage_leaves_it_down(self):
        self.drive(1)
        self.peer.do("vanish")
        self.gate.expect(f"state b1 {DOWN}", 3)
        self.stays_down(0.5)
        self.peer.do("return")
        self.gate.expect(f"state b1 {UP}")
        self.stays_down(0.5)
        self.peer.do("leave dock")
        self.peer.do("wait dock position up 6000")

    def test_a_pulled_release_is_told_and_passages_are_by_hand(self):
        self.peer.do("release dock on")
        self.passage("dock", 9)
        self.assertTrue(self.peer.do("drive dock").startswith("on"))
        self.peer.do("leave dock")
        self.passage("dock", 8)
        self.peer.do("release dock off")
        self.passage("dock", 10)
        self.assertEqual([x for x in self.gate.heard if f"passage={FORCED}" in x], [])


class PlainBollardTest(BollardTest):
    """On a board with neither flash-on nor counters."""
    peer_options = ("--no-flash", "--no-counters")
    flash = counters = 0


if __name__ == "__main__":
    unittest.main(verbosity=2)
