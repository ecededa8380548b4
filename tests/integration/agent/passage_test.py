"""Goal: a passage goes step by step, and a lane opens only behind a durable verdict. Method: cameras,
turnstile and controller are emulated; the controller's answers are given, held back or contradicted by
hand, the agent's worker is killed in between, and the arm's own pulses tell what really opened."""
import unittest

from agentlib import *  # noqa: F403


class Passage(unittest.TestCase):
    def test_grant_opens_and_the_passage_names_its_presentation(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="in-1", outcome=0)
            self.assertEqual(gate.pulses("in-1"), 0)
            gate.controller.do(f"verdict {read['seq']} {GRANT} {GRANTED}")
            gate.board.do("wait in-1 pulses 1")
            gate.board.do("push in-1")
            passed = gate.controller.heard("event", kind=PASSAGE, lane="in-1", passage=PASSED)
            self.assertEqual(passed["presentation"], read["seq"])
            gate.board.do("wait in-1 colour green")

    def test_denied_stays_shut_and_is_shown(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="in-1", outcome=0)
            gate.controller.do(f"verdict {read['seq']} {DENY} {NO_ASSIGNMENT}")
            gate.board.do("wait in-1 colour red")
            self.assertEqual(gate.pulses("in-1"), 0)

    def test_silent_controller_shuts_entries_and_not_exits(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="in-1", outcome=0)
            acted = gate.controller.heard("event", kind=ACTED, presentation=read["seq"])
            self.assertEqual((acted["outcome"], acted["reason"]), (str(DENY + 1), str(SILENT)))
            late = int(acted["received"]) - int(read["received"])
            self.assertTrue(290000 <= late <= 700000, late)
            # the verdict that comes now is nobody's any more
            gate.controller.do(f"verdict {read['seq']} {GRANT} {GRANTED}")
            gate.post("cam-out", "浙A54321")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="out-1", outcome=0)
            acted = gate.controller.heard("event", kind=ACTED, presentation=read["seq"])
            self.assertEqual((acted["outcome"], acted["reason"]), (str(GRANT + 1), str(EXIT)))
            gate.board.do("wait out-1 pulses 1")
            self.assertEqual(gate.pulses("in-1"), 0)

    def test_after_three_missed_deadlines_the_gate_decides_at_once(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat")
            for number in range(3):
                mark = gate.controller.mark()
                gate.post("cam-in", f"浙A1000{number}")
                read = gate.controller.heard("event", since=mark, kind=PRESENTATION, outcome=0)
            gate.controller.heard("event", kind=ACTED, presentation=read["seq"])
            gate.post("cam-out", "浙A20000")
            own = gate.controller.heard("event", kind=PRESENTATION, lane="out-1")
            self.assertEqual((own["outcome"], own["source"]), (str(GRANT + 1), str(BY_AGENT)))
            gate.board.do("wait out-1 pulses 1")
            gate.controller.do("auto ack")
            gate.post("cam-out", "浙A20001")  # served in time: asked again from now on
            gate.controller.do("auto verdict 2 1")
            mark = gate.controller.mark()
            gate.post("cam-in", "浙A20002")
            gate.controller.heard("event", since=mark, kind=PRESENTATION, lane="in-1", outcome=0)
            gate.board.do("wait in-1 pulses 1")

    def test_history_and_doubled_posts_open_nothing(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto verdict 2 1")
            gate.post("cam-in", "浙A12345", "--uuid", "11111111-2222-3333-4444-555555555555")
            gate.board.do("wait in-1 pulses 1")
            gate.kill_worker()
            gate.log.wait(lambda line: "agent_started" in line, gate.log.count())
            mark = gate.controller.mark()
            gate.controller.heard("hello", since=mark - 1)
            gate.post("cam-in", "浙A12345", "--uuid", "11111111-2222-3333-4444-555555555555")
            gate.log.wait(lambda line: "read_replayed" in line)
            self.assertEqual(gate.pulses("in-1"), 1)

    def test_an_exit_terminal_that_counts_from_one_again_lets_people_out(self):
        with Gate() as gate:
            gate.begin()
            again = ("--uuid", "11111111-2222-3333-4444-555555555555")
            gate.post("cam-out", "浙A12345", *again)
            gate.board.do("wait out-1 pulses 1")
            gate.board.do("push out-1")
            gate.post("cam-out", "浙A12346", *again)
            gate.board.do("wait out-1 pulses 2")

    def test_stale_read_opens_nothing_at_an_exit_either(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto verdict 2 2")
            for number in range(3):
                gate.post("cam-out", f"浙A3000{number}")
            gate.board.do("wait out-1 pulses 1")
            pulses = gate.pulses("out-1")
            gate.post("cam-out", "浙A30009", "--ago", "60")
            own = gate.controller.heard("event", kind=PRESENTATION, lane="out-1", reason=STALE)
            self.assertEqual(own["outcome"], str(DENY + 1))
            gate.board.do("wait out-1 colour red")
            self.assertEqual(gate.pulses("out-1"), pulses)

    def test_killed_before_the_verdict_nothing_opens_afterwards(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="in-1", outcome=0)
            mark = gate.controller.mark()
            gate.kill_worker()
            gate.log.wait(lambda line: "presentations_closed" in line)
            gate.controller.heard("hello", since=mark)
            gate.controller.do(f"verdict {read['seq']} {GRANT} {GRANTED}")
            acted = gate.controller.heard("event", kind=ACTED, presentation=read["seq"])
            self.assertEqual((acted["outcome"], acted["reason"]), (str(DENY + 1), str(SILENT)))
            self.assertEqual(gate.pulses("in-1"), 0)

    def test_after_a_crash_the_presentation_is_the_same_and_what_was_done_is_told(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat", "auto welcome 1")
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION, lane="in-1", outcome=0)
            gate.controller.do(f"verdict {read['seq']} {GRANT} {GRANTED}")
            gate.board.do("wait in-1 pulses 1")
            mark = gate.controller.mark()
            gate.kill_worker()
            again = gate.controller.heard("event", since=mark, kind=PRESENTATION, seq=read["seq"])
            self.assertEqual(again["digest"], read["digest"])
            acted = gate.controller.heard("event", since=mark, kind=ACTED, presentation=read["seq"])
            self.assertEqual((acted["outcome"], acted["source"]), (str(GRANT + 1), str(BY_CONTROLLER)))
            self.assertEqual(gate.pulses("in-1"), 1)

    def test_exit_button(self):
        with Gate() as gate:
            gate.begin()
            gate.board.do("button out-1")
            press = gate.controller.heard("event", kind=BUTTON, lane="out-1")
            self.assertEqual((press["outcome"], press["reason"], press["late"]),
                             (str(GRANT + 1), str(EXIT_BUTTON), "0"))
            gate.board.do("wait out-1 pulses 1")
            gate.board.do("push out-1")
            passed = gate.controller.heard("event", kind=PASSAGE, lane="out-1", passage=PASSED)
            self.assertEqual(passed["presentation"], press["seq"])

    def test_exit_button_while_the_agent_hangs(self):
        with Gate() as gate:
            gate.begin()
            worker = gate.worker()
            os.kill(worker, signal.SIGSTOP)
            try:
                gate.board.do("button out-1")
                gate.board.do("wait out-1 pulses 1")
            finally:
                os.kill(worker, signal.SIGCONT)
            press = gate.controller.heard("event", kind=BUTTON, lane="out-1")
            self.assertEqual((press["outcome"], press["late"], press["source"]),
                             (str(GRANT + 1), "1", str(BY_BOARD)))
            gate.board.do("push out-1")
            passed = gate.controller.heard("event", kind=PASSAGE, lane="out-1", passage=PASSED)
            self.assertEqual(passed["presentation"], press["seq"])
            self.assertEqual(len([e for e in gate.controller.all("event") if e["kind"] == str(BUTTON)]), 1)
            self.assertEqual(gate.pulses("out-1"), 1)

    def test_what_a_board_did_while_the_whole_agent_was_dead_is_recorded(self):
        with Gate() as gate:
            gate.begin()
            os.kill(gate.agent.pid, signal.SIGKILL)
            gate.agent.wait(timeout=15)
            gate.board.do("button out-1")
            gate.board.do("wait out-1 pulses 1")
            gate.board.do("push out-1")
            gate.board.do("wait out-1 relay off 5000")
            mark = gate.controller.mark()
            gate.start()
            press = gate.controller.heard("event", since=mark, kind=BUTTON, lane="out-1", late=1)
            passed = gate.controller.heard("event", since=mark, kind=PASSAGE, lane="out-1", passage=PASSED)
            self.assertEqual(passed["presentation"], press["seq"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
