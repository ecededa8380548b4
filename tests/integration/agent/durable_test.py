"""Goal: no entry opens by a verdict that is not on the disk. Method: the read is committed; before the controller says
`grant`, the running worker loses the right to write; the arm must not turn, and the next person must get in again."""
import resource
import unittest

from agentlib import *  # noqa: F403


def may_write(gate, may):
    _, hard = resource.prlimit(gate.worker(), resource.RLIMIT_FSIZE)
    resource.prlimit(gate.worker(), resource.RLIMIT_FSIZE, (hard if may else 0, hard))


class Durable(unittest.TestCase):
    def test_an_entry_waits_for_its_verdict_on_the_disk(self):
        with Gate() as gate:
            gate.begin()
            for number in range(3):  # the gate decides alone when the verdict below comes too late
                mark, since = gate.controller.mark(), gate.log.count()
                gate.post("cam-in", f"浙A1000{number}")
                read = gate.controller.heard("event", since=mark, kind=PRESENTATION, lane="in-1")
                may_write(gate, False)
                gate.controller.do(f"verdict {read['seq']} {GRANT} {GRANTED}")
                gate.log.wait(lambda line: line.startswith("store_failed"), since)
                may_write(gate, True)
                self.assertEqual(gate.pulses("in-1"), 0)
            gate.controller.do(f"auto verdict {GRANT} {GRANTED}")
            gate.post("cam-in", "浙A20003")
            gate.board.do("wait in-1 pulses 1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
