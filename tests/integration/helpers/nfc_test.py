"""Goal: a badge reader's cards arrive once, and each of its troubles is known within 5 seconds.
Method: parkgate-nfc and libnfc, started by the real launcher, on the emulated PN532."""
import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from gatelib import DOWN, PEERS, UP, Gate, Peer, is_alive, wait_until  # noqa: E402
from peerlib import directory  # noqa: E402


class NfcTest(unittest.TestCase):
    def setUp(self):
        self.place = directory()
        self.dir = self.place.name
        self.link = os.path.join(self.dir, "reader")
        self.chip = self.make_chip()
        self.gate = Gate(self.dir, [f"reader r1 pn532_uart:{self.link}"])
        self.addCleanup(self.place.cleanup)
        self.addCleanup(lambda: self.chip.stop())
        self.addCleanup(lambda: self.gate.__exit__())
        self.gate.expect(f"state r1 {UP}")

    def make_chip(self):
        return Peer(os.path.join(PEERS, "peer-pn532"), "--link", self.link,
                    control=os.path.join(self.dir, "chip"))

    def test_each_card_once(self):
        for uid in ("04a1b2c3", "04112233445566", "04112233445566778899"):
            self.chip.do(f"card {uid}")
            line = self.gate.expect("read r1")
            self.assertEqual(line, f"read r1 {uid} kind=1 class=1 live=1 proof=0 ms=0")
            self.chip.do("wait reads 5")
            self.chip.do("remove")
            self.chip.do("wait polls 5")
        self.assertEqual([x for x in self.gate.drain() if x.startswith("read")], [])
        self.chip.do("card 04a1b2c3")
        self.gate.expect("read r1 04a1b2c3")

    def test_random_uid_identifies_nobody(self):
        self.chip.do("card 08a1b2c3")
        self.assertEqual(self.gate.expect("read r1"), "read r1 08a1b2c3 kind=0 class=0 live=1 proof=4 ms=0")

    def test_a_mute_reader_is_down_and_comes_back(self):
        began = time.monotonic()
        self.chip.do("mute on")
        self.gate.expect(f"state r1 {DOWN}", 5)
        self.assertLess(self.gate.at - began, 5)
        self.chip.do("mute off")
        self.gate.expect(f"state r1 {UP}", 12)

    def test_a_pulled_reader_is_down_and_comes_back(self):
        began = time.monotonic()
        self.chip.do("gone")
        self.gate.expect(f"state r1 {DOWN}", 5)
        self.assertLess(self.gate.at - began, 5)
        self.chip.do("back")
        self.chip.do("card 04a1b2c3")
        self.gate.expect(f"state r1 {UP}", 12)
        self.gate.expect("read r1 04a1b2c3")

    def test_broken_frames_do_not_stop_it(self):
        for kind in ("checksum", "garbage", "truncate"):
            self.chip.do(f"fault {kind} 1")
            self.chip.do("card 04a1b2c3")
            self.gate.expect("read r1 04a1b2c3", 15)
            self.chip.do("remove")
            self.chip.do("wait polls 6 15000")

    def test_a_killed_reader_process_comes_back(self):
        pid = self.gate.pids["r1"]
        os.kill(pid, signal.SIGKILL)
        self.gate.expect(f"state r1 {DOWN}", 5)
        self.gate.expect(f"state r1 {UP}", 5)
        self.chip.do("card 04a1b2c3")
        self.gate.expect("read r1 04a1b2c3")

    def test_a_hung_reader_process_is_killed(self):
        pid = self.gate.pids["r1"]
        os.kill(pid, signal.SIGSTOP)
        self.gate.expect(f"state r1 {DOWN} its helper hangs", 5)
        self.gate.expect(f"exited r1 {pid} status=137")
        self.gate.expect(f"state r1 {UP}", 5)

    def test_it_is_unprivileged(self):
        with open(f"/proc/{self.gate.pids['r1']}/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        self.assertEqual(set(status["CapEff"].strip()), {"0"})
        self.assertNotIn("0", status["Uid"].split())

    def test_a_card_on_the_reader_is_told_to_the_next_worker(self):
        self.gate.kill_worker()
        self.gate.expect(f"state r1 {UP}")
        self.chip.do("card 04a1b2c3")
        self.gate.expect("read r1 04a1b2c3")

    def test_the_next_launcher_takes_over(self):
        pid = self.gate.pids["r1"]
        os.kill(self.gate.process.pid, signal.SIGKILL)
        self.gate.process.wait()
        self.assertTrue(is_alive(pid))
        self.gate.start()
        wait_until(lambda: not is_alive(pid), "the end of the old process")
        wait_until(lambda: self.is_served_by_another(pid), "the new process")
        self.chip.do("card 04a1b2c3")
        self.gate.expect("read r1 04a1b2c3")

    def is_served_by_another(self, pid):
        self.gate.drain()
        with open(os.path.join(self.dir, "r1.lock"), encoding="ascii") as file:
            return file.read().strip() not in ("", str(pid))

    def test_no_device_is_down_at_once(self):
        self.gate.configure(["reader r2 pn532_uart:/nonexistent/reader"])
        self.gate.order("configure")
        self.gate.expect(f"state r2 {DOWN} no reader answers at pn532_uart:/nonexistent/reader", 5)
        self.gate.expect("exited r2", containing="status=4")


if __name__ == "__main__":
    unittest.main(verbosity=2)
