"""Goal: fire at an input opens every exit whose board answers and no entry, whatever else is dead, until a keyed
reset. Method: parkgate-board with the real launcher on emulated boards, on TCP and on a serial line; the relays, the
wire log and the turn log are the witnesses."""
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from firelib import (EVACUATION, FIRE, FIRE_INPUT, FIRE_ON, INPUT_ENDED, NONE, RESET, RESET_INPUT, UNREACHED,
                     Bus)  # noqa: E402
from gatelib import DOWN, IN, OUT, UP, Gate, is_alive, wait_until  # noqa: E402
from peerlib import directory  # noqa: E402

import wirelog  # noqa: E402  (beside peerlib)

BY_HAND, PASSED, NOT_TAKEN = 8, 1, 2
LIMIT_MS = 1000


class FireCase(unittest.TestCase):
    def bus(self, **options):
        place = directory()
        self.addCleanup(place.cleanup)
        bus = Bus(place.name, **options)
        self.addCleanup(bus.stop)
        return bus

    def report(self, bus, unit, change, seconds=10):
        self.told(bus, f"report b{unit} b{unit} kind=4 ", f"fire={change}", seconds)

    def kept(self, bus):
        """How often its fire file was written, and whether it says that the fire is told."""
        with open(os.path.join(bus.directory, "b1.fire"), "rb") as file:
            places = [file.read(1024) for _ in range(2)]
        return max(struct.unpack(">QBB", place[4:14])[::2] for place in places)

    def flash_end(self, bus, unit):
        return next(at for at, what in bus.log() if wirelog.flashes(what, unit, 1, len(bus.units) > 1)) + 1000000

    def opens_again(self, bus, unit, within_ms=250):
        """After the board's own timer shut it: the flash-on was of 1,000 ms."""
        ends = self.flash_end(bus, unit)

        def written():
            return [at for at, what in bus.log() if at >= ends and wirelog.opens(what, unit, 1, len(bus.units) > 1)]
        wait_until(written, "a write after the flash-on's end")
        shut_ms = (written()[0] - ends) / 1000
        print(f"shut by a flash-on for {shut_ms:.0f} ms")
        self.assertLessEqual(shut_ms, within_ms)

    def told(self, bus, beginning, containing, seconds=10):
        """Among what came since the last mark(), or comes."""
        heard = bus.gate.heard[bus.seen:]
        if not any(line.startswith(beginning) and containing in line for line in heard):
            bus.gate.expect(beginning, seconds, containing)


class OneBoardTest(FireCase):
    def test_fire_opens_exits_and_entries_stay_closed_until_the_key(self):
        bus = self.bus()
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.report(bus, 1, FIRE_ON)
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        self.assertEqual(bus.relay("in1"), "off")
        bus.entry_is_refused(1)
        self.told(bus, "state b1 1", "fire: its exits are held open")
        bus.peer.do("fire off")
        self.report(bus, 1, INPUT_ENDED)
        bus.entry_is_refused(1)  # it latches
        bus.wait_open()
        bus.turn_key()
        self.report(bus, 1, RESET)
        bus.gate.order(f"open in1 99 2000 {IN}")
        bus.gate.expect("opened in1 99 opened")
        self.assertEqual(len(bus.entry_writes(mark)), 1)

    def test_the_key_ends_nothing_while_it_burns(self):
        bus = self.bus()
        bus.peer.do("fire on")
        bus.wait_open()
        self.report(bus, 1, FIRE_ON)
        bus.peer.do("reset on")
        bus.look()
        bus.peer.do("fire off")
        self.report(bus, 1, INPUT_ENDED)
        bus.entry_is_refused(1)  # turned before, held since: no edge
        bus.peer.do("reset off")
        bus.entry_is_refused(1)
        bus.turn_key()
        self.report(bus, 1, RESET)

    def test_arms_turn_freely_and_nobody_forced_them(self):
        bus = self.bus()
        bus.peer.do("fire on")
        bus.wait_open()
        for _ in range(3):
            self.assertTrue(bus.peer.do("push out1 2000").startswith("turned"))
            bus.gate.expect("report b1 out1 kind=1", 10, f"passage={BY_HAND}")

    def test_whoever_has_a_grant_out_is_counted_all_the_same(self):
        bus = self.bus()
        bus.peer.do("fire on")
        bus.wait_open()
        mark = bus.mark()
        bus.gate.order(f"open out1 7 2000 {OUT}")
        bus.gate.expect("opened out1 7 opened")
        self.assertEqual([what for _, what in bus.log()[mark:] if "fn=6" in what], [])  # it would end in off
        bus.peer.do("push out1 2000")
        bus.gate.expect("report b1 out1 kind=1", 10, f"passage={PASSED} grant=7 ")

    def test_an_entry_that_waits_is_void_and_shut(self):
        bus = self.bus()
        bus.gate.order(f"open in1 1 2000 {IN}")
        bus.gate.expect("opened in1 1 opened")
        bus.peer.do("fire on")
        bus.gate.expect("report b1 in1 kind=1", 10, f"passage={NOT_TAKEN} grant=1 ")
        bus.wait_open()
        bus.peer.do("wait in1 relay off 1000")
        self.assertTrue(bus.peer.do("push in1 100").startswith("blocked"))

    def test_a_flash_on_that_runs_does_not_shut_an_exit_for_good(self):
        bus = self.bus(stubborn=True)
        bus.gate.order(f"open out1 1 2000 {OUT}")
        bus.gate.expect("opened out1 1 opened")
        bus.peer.do("fire on")
        bus.wait_open()
        self.opens_again(bus, 1)

    def test_it_works_with_launcher_agent_and_helper_line_dead(self):
        bus = self.bus()
        pid = bus.gate.pids["b1"]
        os.kill(bus.gate.process.pid, signal.SIGKILL)
        os.kill(bus.gate.worker, signal.SIGKILL)
        wait_until(lambda: not is_alive(bus.gate.worker), "the agent's end")
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        self.assertTrue(is_alive(pid))

    def test_it_works_with_the_agent_stopped(self):
        bus = self.bus()
        os.kill(bus.gate.worker, signal.SIGSTOP)
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        os.kill(bus.gate.worker, signal.SIGCONT)
        self.report(bus, 1, FIRE_ON, 20)

    def test_a_helper_that_is_killed_leaves_exits_open_and_goes_on_with_it(self):
        for flash in (1, 0):
            with self.subTest(flash=flash):
                bus = self.bus(flash=flash)
                bus.peer.do("fire on")
                bus.wait_open()
                self.report(bus, 1, FIRE_ON)
                wait_until(lambda bus=bus: self.kept(bus)[1], "its fire is kept")
                bus.peer.do("fire off")
                self.report(bus, 1, INPUT_ENDED)
                mark = bus.mark()
                os.kill(bus.gate.pids["b1"], signal.SIGKILL)
                bus.gate.expect("started b1")
                self.told(bus, "state b1 1", "fire: its exits are held open")
                self.report(bus, 1, FIRE_ON)  # said again: reports died with it
                bus.entry_is_refused(1)
                self.assertEqual([what for _, what in bus.log()[mark:] if "values=0" in what and "addr=0x0001" in what], [])
                self.assertEqual({bus.relay(lane) for lane in bus.exits()}, {"on"})
                bus.turn_key()
                bus.stop()

    def test_a_setup_that_comes_again_shuts_nothing(self):
        bus = self.bus()
        bus.peer.do("fire on")
        bus.wait_open()
        mark = bus.mark()
        bus.gate.configure([line.replace(" 1000 3000", " 2000 4000") for line in bus.config])
        bus.gate.order("configure")
        bus.entry_is_refused(1)
        self.assertEqual([what for _, what in bus.log()[mark:] if "values=0" in what and "addr=0x0001" in what], [])
        self.assertEqual({bus.relay(lane) for lane in bus.exits()}, {"on"})

    def test_a_lane_that_comes_meanwhile_moves_no_release_to_an_entry(self):
        bus = self.bus()
        lanes = bus.config[1:]
        bus.gate.configure(bus.config[:1] + lanes[1:])  # the exits alone
        bus.gate.order("configure")
        bus.peer.do("fire on")
        bus.wait_open()
        mark = bus.mark()
        bus.gate.configure(bus.config)  # the entry comes first now
        bus.gate.order("configure")
        self.look_at_releases(bus, mark)
        bus.entry_is_refused(1)
        self.assertEqual(bus.relay("in1"), "off")
        bus.gate.configure(bus.config[:2] + [lanes[1].replace(f" b1 {OUT} ", f" b1 {IN} ")] + lanes[2:])
        bus.gate.order("configure")  # out1 is an entry now
        bus.peer.do("wait out1 relay off 3000")
        self.assertEqual(bus.relay("way1"), "on")

    def look_at_releases(self, bus, mark):
        wait_until(lambda: sum("fn=15" in what for _, what in bus.log()[mark:]) >= 2, "two more releases")
        self.assertEqual(bus.entry_writes(mark), [])

    def test_a_board_that_was_away_is_named_and_opened_when_it_answers(self):
        bus = self.bus()
        bus.peer.do("fire on")
        bus.wait_open()
        self.report(bus, 1, FIRE_ON)
        bus.peer.do("restart")  # its relays fell off
        bus.wait_open()
        bus.peer.do("mute on")
        self.report(bus, 1, UNREACHED)
        bus.peer.do("mute off")
        bus.wait_open()
        self.told(bus, "state b1 1", "fire: its exits are held open")


    def test_a_coil_that_is_refused_keeps_no_other_exit_shut_and_is_named(self):
        bus = self.bus()
        # The board has 8 relays. A lane before the others, and one in a run with a relay that it has.
        ghosts = [f"lane ghost b1 {OUT} 12 1000 3000 -1 -1 -1 -1 -1", f"lane half b1 {OUT} 3 1000 3000 -1 -1 -1 -1 -1",
                  f"lane half2 b1 {OUT} 8 1000 3000 -1 -1 -1 -1 -1", f"lane half3 b1 {OUT} 7 1000 3000 -1 -1 -1 -1 -1"]
        bus.gate.configure(bus.config[:1] + ghosts + bus.config[1:])
        bus.gate.order("configure")
        bus.mark()
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        self.report(bus, 1, UNREACHED)
        self.told(bus, f"state b1 {DOWN}", "it refuses to open an exit")
        wait_until(lambda: any("fn=5 addr=0x0007 values=1 answer=ok" in what for _, what in bus.log()[mark:]),
                   "the relay beside the one that is refused")
        bus.entry_is_refused(1)
        bus.mark()
        bus.gate.configure(bus.config)
        bus.gate.order("configure")
        self.told(bus, f"state b1 {UP}", "fire: its exits are held open")  # nobody is sent away from open doors


class DiskTest(FireCase):
    def works_after_a_restart(self, bus):
        bus.mark()
        os.kill(bus.gate.pids["b1"], signal.SIGKILL)
        bus.gate.expect("started b1")
        self.told(bus, "state b1 1", "")
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        bus.entry_is_refused(1)

    def test_a_full_disk_keeps_no_exit_shut_and_its_setup_is_kept(self):
        """Nothing can be written, so that nothing of it depends on the disk; then the agent is dead, too."""
        bus = self.bus()
        resource.prlimit(bus.gate.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        self.works_after_a_restart(bus)
        os.kill(bus.gate.worker, signal.SIGSTOP)
        bus.peer.do("fire off")
        bus.turn_key()
        os.kill(bus.gate.pids["b1"], signal.SIGKILL)
        wait_until(lambda: self.helper_of(bus) not in (0, bus.gate.pids["b1"]), "the next helper")
        mark = bus.mark()
        bus.peer.do("fire on")
        bus.wait_open()
        self.assertLessEqual(bus.opened_ms(mark)[1], LIMIT_MS)
        os.kill(bus.gate.worker, signal.SIGCONT)

    def helper_of(self, bus):
        with open(f"/proc/{bus.gate.process.pid}/task/{bus.gate.process.pid}/children", encoding="ascii") as file:
            children = file.read().split()
        for pid in children:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read().strip() == "parkgate-board" and is_alive(int(pid)):
                    return int(pid)
        return 0

    def test_files_that_can_only_be_read_keep_no_exit_shut(self):
        """A program that runs cannot be opened for writing, whoever asks: it stands for a disk that is read-only."""
        place = directory()
        self.addCleanup(place.cleanup)
        for ending in ("lock", "fire", "board"):
            path = os.path.join(place.name, f"b1.{ending}")
            shutil.copy("/bin/sleep", path)
            process = subprocess.Popen([path, "60"])
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        bus = Bus(place.name)
        self.addCleanup(bus.stop)
        self.works_after_a_restart(bus)


class FakeBoard:
    """A board whose writes of coils can be refused, and later taken."""

    def __init__(self):
        self.burning, self.refuses = False, False
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _answer(self, body):
        function, first, count = struct.unpack(">BHH", body[:5])
        if function == 2:
            bits = [self.burning and first + i == FIRE_INPUT for i in range(count)]
            data = bytes(sum(1 << i for i, bit in enumerate(bits[at:at + 8]) if bit) for at in range(0, count, 8))
            return bytes([2, len(data)]) + data
        if function in (3, 4):
            return bytes([function, 2 * count]) + bytes(2 * count)
        return bytes([function | 0x80, 4]) if self.refuses and function in (5, 15) else body[:5]

    def _serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as wire:
                while len(head := wire.read(7)) == 7:
                    answer = self._answer(wire.read(struct.unpack(">H", head[4:6])[0] - 1))
                    connection.sendall(head[:4] + struct.pack(">H", len(answer) + 1) + head[6:] + answer)


class RefusalTest(FireCase):
    def test_people_are_told_when_what_was_refused_is_open_after_all(self):
        place, board = directory(), FakeBoard()
        self.addCleanup(place.cleanup)
        self.addCleanup(board.server.close)
        config = [f"board b1 tcp {board.address} 1 20 flash=1 counters=0 fire={FIRE_INPUT} reset={RESET_INPUT} broadcast=0",
                  f"lane out1 b1 {OUT} 1 1000 3000 4 -1 5 -1 -1"]
        with Gate(place.name, config) as gate:
            gate.expect(f"state b1 {UP}")
            board.refuses = board.burning = True
            gate.expect(f"state b1 {DOWN} fire or emergency: it refuses to open an exit")
            board.refuses = False
            gate.expect(f"state b1 {UP} fire: its exits are held open")


class OrderTest(FireCase):
    def test_an_evacuation_opens_by_order_and_outlives_agent_and_helper(self):
        bus = self.bus()
        bus.gate.order(f"release 5 {EVACUATION} 0 0")
        bus.wait_open()
        bus.entry_is_refused(1)
        os.kill(bus.gate.process.pid, signal.SIGKILL)
        os.kill(bus.gate.pids["b1"], signal.SIGKILL)
        wait_until(lambda: not is_alive(bus.gate.pids["b1"]), "the helper's end")
        bus.gate.process.wait()
        bus.gate.start()
        bus.gate.expect(f"state b1 {UP}", 15, "emergency: its exits are held open")
        bus.entry_is_refused(1)
        bus.gate.order(f"release 4 {NONE} 0 0")  # an older one says nothing
        bus.entry_is_refused(1)
        bus.gate.order(f"release 6 {NONE} 0 0")
        bus.wait_shut()

    def test_an_agent_that_lost_its_count_opens_all_the_same(self):
        bus = self.bus()
        bus.gate.order(f"release 9 {NONE} 0 0")
        bus.gate.order(f"release 1 {FIRE} 0 0")
        bus.wait_open()
        bus.gate.order(f"release 1 {NONE} 0 0")
        bus.wait_shut()

    def test_fire_ends_by_order_only_when_quiet_and_only_by_a_later_one(self):
        bus = self.bus()
        bus.gate.order(f"release 5 {NONE} 1 0")
        bus.peer.do("fire on")
        bus.wait_open()
        self.report(bus, 1, FIRE_ON)
        bus.gate.order(f"release 6 {FIRE} 0 0")
        bus.gate.order(f"release 7 {NONE} 1 0")  # while it burns
        bus.entry_is_refused(1)
        bus.peer.do("fire off")
        self.report(bus, 1, INPUT_ENDED)
        bus.gate.order(f"release 7 {NONE} 1 0")  # said again
        bus.entry_is_refused(1)
        bus.wait_open()
        bus.gate.order(f"release 8 {NONE} 0 0")  # not an end
        bus.entry_is_refused(1)
        bus.gate.order(f"release 9 {NONE} 1 0")
        self.report(bus, 1, RESET)
        bus.wait_shut()

    def test_an_end_while_it_burns_is_answered_by_the_fire(self):
        """Whoever forced the end hears that it burns still."""
        bus = self.bus()
        bus.peer.do("fire on")
        self.report(bus, 1, FIRE_ON)
        bus.mark()
        bus.gate.order(f"release 7 {NONE} 1 0")
        self.report(bus, 1, FIRE_ON)
        bus.entry_is_refused(1)

    def test_a_restart_says_an_old_fire_late_and_one_that_burns_anew(self):
        bus = self.bus()
        bus.peer.do("fire on")
        self.report(bus, 1, FIRE_ON)
        wait_until(lambda: self.kept(bus)[1], "its fire is kept")
        for burning in (True, False):
            if not burning:
                count = self.kept(bus)[0]
                bus.peer.do("fire off")
                self.report(bus, 1, INPUT_ENDED)
                wait_until(lambda: self.kept(bus)[0] > count, "its quiet input is kept")
            bus.mark()
            os.kill(bus.gate.pids["b1"], signal.SIGKILL)
            bus.gate.expect("started b1")
            self.told(bus, "report b1 b1 kind=4 ", f"late=1 on=1 direction=0 fire={FIRE_ON}")
            if burning:
                self.told(bus, "report b1 b1 kind=4 ", f"late=0 on=1 direction=0 fire={FIRE_ON}")
            else:
                self.told(bus, "report b1 b1 kind=4 ", f"late=1 on=1 direction=0 fire={INPUT_ENDED}")
                bus.look()
                bus.gate.drain()
                self.assertFalse([line for line in bus.gate.heard[bus.seen:] if f"late=0 on=1 direction=0 fire={FIRE_ON}" in line])

    def test_a_park_may_say_that_entries_run_on(self):
        bus = self.bus()
        bus.gate.order(f"release 1 {NONE} 0 1")
        bus.peer.do("fire on")
        bus.wait_open()
        bus.gate.order(f"open in1 1 2000 {IN}")
        bus.gate.expect("opened in1 1 opened")


class SerialBusTest(FireCase):
    def setUp(self):
        self.line = self.bus(rtu=True, boards=4, counters=0)

    def test_not_more_than_one_order_comes_before_a_look_that_is_due(self):
        bus = self.line
        mark = bus.mark()
        os.kill(bus.gate.pids["b1"], signal.SIGSTOP)
        for number, lane in enumerate(["in2", "out2", "way2"] * 4, 100):
            bus.gate.order(f"open {lane} {number} 20000 {IN if lane == 'in2' else OUT}")
        bus.peer.do("fire on 1")
        due = time.monotonic() + 0.1  # its poll is 20 ms: a look is due when it goes on
        wait_until(lambda: time.monotonic() > due, "a poll's time")
        os.kill(bus.gate.pids["b1"], signal.SIGCONT)
        bus.wait_open()
        log = [what for _, what in bus.log()[mark:]]
        begun = next(i for i, what in enumerate(log) if what.startswith("fire=on"))
        opened = next(i for i, what in enumerate(log) if i > begun and wirelog.opens(what, 1, 1, True))
        before = [what for what in log[begun:opened] if wirelog.part(what, "fn") in ("5", "6", "15")]
        print(f"{len(before)} writes before the first exit")
        self.assertLessEqual(len(before), 2, before)  # those of one order

    def test_all_boards_of_the_line_open_and_reset_together(self):
        bus = self.line
        mark = bus.mark()
        bus.peer.do("fire on 1")
        bus.wait_open()
        times = bus.opened_ms(mark)
        self.assertEqual(set(times), set(bus.units))
        self.assertLessEqual(max(times.values()), LIMIT_MS)
        self.report(bus, 1, FIRE_ON)
        for unit in bus.units:
            bus.entry_is_refused(unit)
        bus.peer.do("fire off 1")
        self.report(bus, 1, INPUT_ENDED)
        bus.turn_key()
        self.report(bus, 1, RESET)
        self.assertEqual(bus.entry_writes(mark), [])

    def test_mute_boards_are_named_and_hold_nobody_up(self):
        bus = self.line
        for mute in ((3,), (2, 3, 4)):
            with self.subTest(mute=mute):
                for unit in mute:
                    bus.peer.do(f"mute on {unit}")
                mark = bus.mark()
                bus.peer.do("fire on 1")
                alive = [unit for unit in bus.units if unit not in mute]
                bus.wait_open(alive)
                self.assertLessEqual(max(bus.opened_ms(mark, alive).values()), LIMIT_MS)
                for unit in mute:
                    self.report(bus, unit, UNREACHED)
                for unit in mute:
                    bus.peer.do(f"mute off {unit}")
                bus.wait_open()
                bus.peer.do("fire off 1")
                self.report(bus, 1, INPUT_ENDED)
                bus.turn_key()
                self.report(bus, 1, RESET)

    def test_a_mute_board_takes_no_neighbours_turns(self):
        """While it burns every board that answers has its looks: exit buttons and arms are worth something still."""
        bus = self.line
        bus.peer.do("mute on 3")
        bus.peer.do("fire on 1")
        bus.wait_open([1, 2, 4])
        self.report(bus, 3, UNREACHED)
        os.kill(bus.gate.pids["b1"], signal.SIGKILL)
        bus.gate.expect("started b1")
        since = len(bus.gate.heard)
        self.report(bus, 3, UNREACHED)
        for unit in (2, 4):
            if not any(news.startswith(f"state b{unit} 1") for news in bus.gate.heard[since:]):
                bus.gate.expect(f"state b{unit} 1")

    def test_one_board_down_leaves_the_others_at_work(self):
        bus = self.line
        bus.peer.do("mute on 2")
        bus.gate.expect("state b2 2")
        bus.gate.order(f"open in3 1 2000 {IN}")
        bus.gate.expect("opened in3 1 opened")
        self.assertTrue(bus.peer.do("push in3").startswith("turned"))
        bus.gate.expect("report b3 in3 kind=1", 10, f"passage={PASSED} grant=1 ")
        bus.peer.do("mute off 2")
        bus.gate.expect("state b2 1", 15)
        bus.gate.order(f"open in2 2 2000 {IN}")
        bus.gate.expect("opened in2 2 opened")


class BroadcastTest(FireCase):
    def test_it_goes_out_first_and_opens_boards_that_hear_and_do_not_answer(self):
        bus = self.bus(rtu=True, boards=3, counters=0, broadcast=1)
        bus.peer.do("mute acts 3")
        mark = bus.mark()
        bus.peer.do("fire on 1")
        bus.wait_open()
        writes = [what for _, what in bus.log()[mark:] if "fn=15" in what]
        self.assertEqual([what.split("unit=")[1].split()[0] for what in writes[:3]], ["1", "2", "3"])
        times = bus.opened_ms(mark)
        self.assertLessEqual(max(times.values()), LIMIT_MS)
        self.assertLess(max(times.values()) - min(times.values()), 5)  # one frame

    def test_without_it_boards_are_told_one_by_one(self):
        bus = self.bus(rtu=True, boards=3, counters=0)
        mark = bus.mark()
        bus.peer.do("fire on 1")
        bus.wait_open()
        self.assertEqual(bus.peer.do("show in2").count("relay=off"), 1)
        self.assertEqual(set(bus.opened_ms(mark)), {1, 2, 3})


class GatewayTest(FireCase):
    def test_a_flash_on_of_a_board_with_neighbours_does_not_shut_its_exit_either(self):
        bus = self.bus(boards=3, counters=0, stubborn=True)
        bus.gate.order(f"open out2 1 2000 {OUT}")
        bus.gate.expect("opened out2 1 opened")
        wait_until(lambda: time.time() * 1e6 > self.flash_end(bus, 2) - 600000, "the flash-on to run for a while")
        bus.peer.do("fire on 1")
        bus.wait_open()
        self.opens_again(bus, 2)

    def test_a_flash_on_of_a_helper_that_was_killed_does_not_either(self):
        bus = self.bus(boards=3, counters=0, stubborn=True)
        bus.gate.order(f"open out2 1 2000 {OUT}")
        bus.gate.expect("opened out2 1 opened")
        os.kill(bus.gate.pids["b1"], signal.SIGKILL)
        bus.peer.do("fire on 1")
        bus.gate.expect("started b1", 20)
        bus.wait_open()
        self.opens_again(bus, 2)

    def test_boards_behind_one_address_are_one_bus(self):
        bus = self.bus(boards=3)
        bus.peer.do("mute on 2")
        mark = bus.mark()
        bus.peer.do("fire on 1")
        bus.wait_open([1, 3])
        self.assertLessEqual(max(bus.opened_ms(mark, [1, 3]).values()), LIMIT_MS)
        self.report(bus, 2, UNREACHED)
        bus.peer.do("mute off 2")
        bus.wait_open()


if __name__ == "__main__":
    unittest.main(verbosity=2)
