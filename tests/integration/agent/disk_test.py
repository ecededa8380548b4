"""Goal: a full disk shuts entries and no exit, and what an exit did then is on record later. Method: the
running worker may write no file beyond a few bytes; people come, the limit goes, the events follow."""
import resource
import unittest

from agentlib import *  # noqa: F403


def full_disk(gate, full):
    _, hard = resource.prlimit(gate.worker(), resource.RLIMIT_FSIZE)
    resource.prlimit(gate.worker(), resource.RLIMIT_FSIZE, (0 if full else hard, hard))


class Disk(unittest.TestCase):
    def test_full_disk(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto verdict 2 1")
            full_disk(gate, True)
            gate.post("cam-in", "浙A10001", expect=503)
            gate.log.wait(lambda line: line.startswith("store_failed"))
            self.assertEqual(gate.pulses("in-1"), 0)
            gate.post("cam-out", "浙A10002", expect=503)
            gate.board.do("push out-1")
            gate.board.do("button out-1")
            gate.board.do("wait out-1 pulses 2")
            gate.board.do("push out-1")
            mark = gate.controller.mark()
            full_disk(gate, False)
            late = gate.controller.heard("event", since=mark, kind=PRESENTATION, lane="out-1", late=1)
            self.assertEqual((late["outcome"], late["reason"], late["source"]),
                             (str(GRANT + 1), str(AGENT_ERROR), str(BY_AGENT)))
            passed = gate.controller.heard("event", since=mark, kind=PASSAGE, presentation=late["seq"])
            self.assertEqual(passed["passage"], str(PASSED))
            press = gate.controller.heard("event", since=mark, kind=BUTTON, late=1)
            self.assertEqual((press["source"], press["reason"]), (str(BY_BOARD), str(EXIT_BUTTON)))
            passed = gate.controller.heard("event", since=mark, kind=PASSAGE, presentation=press["seq"])
            self.assertEqual(passed["passage"], str(PASSED))
            gate.post("cam-in", "浙A10003")
            gate.board.do("wait in-1 pulses 1")

    def test_killed_while_the_disk_is_full(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in", "浙A10001")  # the controller says nothing: waits at the crash
            _, hard = resource.prlimit(gate.agent.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(gate.agent.pid, resource.RLIMIT_FSIZE, (0, hard))  # every worker to come
            since = gate.log.count()
            gate.kill_worker()
            gate.log.wait(lambda line: "agent_started" in line, since)
            gate.log.wait(lambda line: line.startswith("helper_joined") and "b1" in line, since)
            gate.board.do("button out-1")
            gate.board.do("wait out-1 pulses 1")
            gate.board.do("push out-1")
            gate.post("cam-out", "浙A10002", expect=503)
            gate.board.do("wait out-1 pulses 2")
            gate.log.wait(lambda line: line.startswith("presentations_not_closed"), since)
            resource.prlimit(gate.worker(), resource.RLIMIT_FSIZE, (hard, hard))
            gate.log.wait(lambda line: line.startswith("presentations_closed"), since)
            self.assertEqual(gate.pulses("in-1"), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
