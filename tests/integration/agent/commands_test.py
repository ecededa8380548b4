"""Goal: a command opens once, for two seconds of the controller's clock, and a captured one never again. Method: a
controller moved by hand that keeps the frame of an OPEN and sends it again, whatever has happened in between."""
import os
import unittest

from agentlib import COMMAND, Gate

AGAIN = int(os.environ.get("COMMANDS_AGAIN", "100000"))
BATCH = 500
EXPIRED = "2"


class Commands(unittest.TestCase):
    def setUp(self):
        self.gate = Gate()
        self.addCleanup(self.gate.close)
        self.gate.begin()
        self.controller = self.gate.controller
        self.number = 100

    def heartbeat(self):
        self.controller.heard("heartbeat", since=self.controller.mark())

    def result(self, *words):
        self.controller.do(*words)
        number = words[-1].split()[1]
        return self.controller.heard("event", kind=COMMAND, command=number)["result"]

    def again(self, count):
        """In batches, each followed by a command that is void and answered: then the batch was worked off."""
        for done in range(0, count, BATCH):
            self.controller.do(f"again {min(BATCH, count - done)}")
            self.number += 1
            self.assertEqual(self.result(f"command {self.number} g in-1 1 0"), EXPIRED)
        return count

    def restart(self):
        mark = self.controller.mark()
        self.gate.kill_worker()
        taken = self.controller.heard("hello", since=mark)["command"]
        self.assertEqual(taken, str(self.number))
        self.controller.heard("heartbeat", since=mark)

    def test_a_captured_open_opens_nothing(self):
        self.heartbeat()
        self.assertEqual(self.result("capture 100 g in-1 1 2000"), "1")
        self.gate.board.do("push in-1")
        sent = self.again(AGAIN // 2)
        self.restart()
        sent += self.again(AGAIN // 4)
        # The controller's clock goes back to the moment at which it was issued, and both start again.
        self.controller.do("clock -30000")
        self.restart()
        sent += self.again(AGAIN - sent)
        self.assertEqual(self.gate.pulses("in-1"), 1)
        missed = [line for line in self.controller.out.lines if line.startswith("not-sent")]
        self.assertEqual(missed, [])
        print(f"a captured OPEN was sent again {sent} times: 1 opening in all")
        self.assertGreater(sent, 0)

    def test_age_is_counted_by_the_controllers_clock(self):
        self.heartbeat()
        self.assertEqual(self.result("clock -2500", "capture 101 g in-1 1 2000"), EXPIRED)
        self.assertEqual(self.result("clock 60000", "capture 102 g in-1 1 2000"), EXPIRED)  # not issued yet
        self.controller.do("clock 0")
        self.heartbeat()
        self.heartbeat()
        self.assertEqual(self.result("capture 103 g in-1 1 2000"), "1")
        self.gate.board.do("wait in-1 pulses 1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
