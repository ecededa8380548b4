"""Goal: an outbox full of what nobody has answered lets nobody in and everybody out, counts what it could not record,
and goes on by itself. Method: a gate whose outbox holds 20 events, a controller that answers none of them."""
import unittest

from agentlib import *  # noqa: F403

UNRECORDED = 14
OUTBOX_FULL = 52


def show(gate, camera, plate):
    """Posted, whatever the answer: 200, or 503 when it could not be recorded."""
    subprocess.run([os.path.join(PEERS, "peer-hikvision"), "anpr", "--url", f"http://127.0.0.1:{gate.http}/hik/{camera}",
                    "--plate", plate, "--picture", "0"], capture_output=True, timeout=30, check=False)


class Room(unittest.TestCase):
    def full_gate(self, gate):
        gate.begin()
        gate.stop_agent()
        with open(os.path.join(gate.dir, "agent.conf"), "a", encoding="utf-8") as conf:
            conf.write("outbox_events = 20\n")
        gate.controller.do("auto off", "auto heartbeat", "auto welcome 1", "auto verdict 2 1")
        self.begun = gate.controller.mark()  # what was answered before is not sent again
        gate.start()
        gate.log.wait(lambda line: line.startswith("device ") and "state=1" in line)
        gate.log.wait(lambda line: line.startswith("controller_welcome"))
        for number in range(20):  # read and passage, each
            show(gate, "cam-in", f"浙A3{number:04d}")
            if any(line.startswith("outbox_full") for line in gate.log.lines):
                break
        gate.log.wait(lambda line: line.startswith("outbox_full"))

    def test_full_outbox(self):
        with Gate() as gate:
            self.full_gate(gate)
            opened = gate.pulses("in-1")
            mark = gate.controller.mark()
            beat = gate.controller.heard("heartbeat", since=mark, permille=1000)
            self.assertEqual(beat["from"], min((event["seq"] for event in gate.controller.all("event", self.begun)), key=int))
            for number in range(3):
                gate.post("cam-in", f"浙A4{number:04d}")
            line, _ = gate.log.wait(lambda line: line.startswith("verdict ") and "reason=outbox-full" in line)
            self.assertIn("outcome=deny", line)
            gate.board.do("wait in-1 colour yellow")
            self.assertEqual(gate.pulses("in-1"), opened)
            show(gate, "cam-out", "浙A50000")
            gate.board.do("wait out-1 pulses 1")  # in the reserve, or late
            for number in range(5):  # more than the reserve holds
                show(gate, "cam-out", f"浙A6{number:04d}")
            gate.log.wait(lambda line: line.startswith("late_event_counted"))
            gate.board.do("push out-1")
            gate.controller.heard("heartbeat", since=gate.controller.mark())  # a tick wrote the counters
            self.assertEqual(gate.pulses("in-1"), opened)
            gate.kill_worker()  # what was counted outlives it
            gate.log.wait(lambda line: "agent_started" in line, gate.log.count() - 1)
            mark = gate.controller.mark()
            gate.controller.do("auto ack")
            told = gate.controller.heard("event", since=mark, kind=UNRECORDED, timeout=30)
            self.assertGreaterEqual(int(told["entries"]), 3)
            self.assertGreaterEqual(int(told["exits"]), 1)
            gate.log.wait(lambda line: line.startswith("outbox_has_room"))
            gate.controller.heard("heartbeat", since=gate.controller.mark(), pending=0, **{"from": 0})
            gate.post("cam-in", "浙A70000")
            gate.board.do(f"wait in-1 pulses {opened + 1}")
            self.assertEqual(len([event for event in gate.controller.all("event", mark)
                                  if event["kind"] == str(UNRECORDED)]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
