"""Goal: nothing that was promised to the outbox is lost, doubled or sent under a wrong name, whatever the
controller does. Method: a controller moved by hand that forgets, refuses, orders a new epoch, repeats its
commands or goes away."""
import unittest

from agentlib import *  # noqa: F403


def clear_text(gate, word):
    for root, _, names in os.walk(gate.dir):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if word.encode() in file.read():
                        return path
    return None


class Link(unittest.TestCase):
    def test_events_are_sent_until_answered(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat")
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION)
            mark = gate.controller.mark()
            gate.controller.do(f"ack {read['seq']} {RETRY} 0")
            gate.controller.heard("hello", since=mark)  # it may have forgotten us
            gate.controller.do("welcome 1 0")
            again = gate.controller.heard("event", since=mark, seq=read["seq"])
            self.assertEqual(again["digest"], read["digest"])
            gate.controller.do("auto ack", f"ack {read['seq']} {APPLIED} 0")
            gate.controller.heard("heartbeat", since=gate.controller.mark(), pending=0)
            self.assertIsNone(clear_text(gate, "浙A12345"))
            self.assertIsNone(clear_text(gate, "A12345"))

    def test_refused_for_good_is_kept_aside(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat")
            gate.post("cam-in")
            read = gate.controller.heard("event", kind=PRESENTATION)
            gate.controller.heard("event", kind=ACTED)
            for event in gate.controller.all("event"):
                gate.controller.do(f"ack {event['seq']} {REFUSED if event is read else APPLIED} 0")
            gate.controller.do(f"ack {read['seq']} {REFUSED} 204")
            gate.log.wait(lambda line: "event_refused" in line and "error=204" in line)
            gate.controller.heard("heartbeat", since=gate.controller.mark(), pending=0)

    def test_new_epoch_renumbers_what_was_not_answered(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat")
            gate.post("cam-out")
            read = gate.controller.heard("event", kind=PRESENTATION)
            acted = gate.controller.heard("event", kind=ACTED, presentation=read["seq"])
            self.assertEqual((read["epoch"], acted["epoch"]), ("1", "1"))
            mark = gate.controller.mark()
            gate.controller.do("auto ack", "welcome 7 0")
            moved = gate.controller.heard("event", since=mark, kind=PRESENTATION, epoch=7)
            told = gate.controller.heard("event", since=mark, kind=ACTED, epoch=7)
            self.assertEqual(told["presentation"], moved["seq"])
            self.assertEqual(moved["captured"], read["captured"])
            gate.board.do("push out-1")  # opened under its old name
            passed = gate.controller.heard("event", since=mark, kind=PASSAGE, epoch=7, passage=PASSED)
            self.assertEqual(passed["presentation"], moved["seq"])
            seqs = sorted({int(event["seq"]) for event in gate.controller.all("event", mark)
                           if event["epoch"] == "7"})
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)))

    def test_command_opens_once_for_the_right_gate_key_and_time(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("command 10 g in-1 1 2000")
            done = gate.controller.heard("event", kind=COMMAND, command=10)
            self.assertEqual((done["result"], done["outcome"], done["reason"]), ("1", "3", str(STAFF)))
            gate.board.do("push in-1")
            self.assertEqual(gate.pulses("in-1"), 1)
            gate.controller.do("command 10 g in-1 1 2000", "command 9 g in-1 1 2000",
                               "command 11 other in-1 1 2000", "command 12 g in-1 1 2000 wrong-key")
            gate.controller.do("command 13 g in-1 1 0")
            late = gate.controller.heard("event", kind=COMMAND, command=13)
            self.assertEqual(late["result"], "2")
            gate.controller.do("command 14 g nowhere 1 2000", "command 15 g out-1 2 2000")
            self.assertEqual(gate.controller.heard("event", kind=COMMAND, command=14)["result"], "3")
            self.assertEqual(gate.controller.heard("event", kind=COMMAND, command=15)["result"], "3")
            mark = gate.controller.mark()
            gate.kill_worker()
            self.assertEqual(gate.controller.heard("hello", since=mark)["command"], "15")
            gate.log.wait(lambda line: "controller_welcome" in line, gate.log.count() - 1)
            gate.controller.do("command 15 g in-1 1 2000", "command 16 g in-1 1 2000")
            gate.controller.heard("event", kind=COMMAND, command=16)
            gate.board.do("wait in-1 pulses 2")
            taken = [event["command"] for event in gate.controller.all("event") if event["kind"] == str(COMMAND)]
            self.assertEqual(sorted(set(taken)), ["10", "13", "14", "15", "16"])

    def test_starts_and_works_with_the_controller_dead(self):
        with Gate() as gate:
            gate.begin()
            agents, enrol = gate.controller.ready["agents"], gate.controller.ready["enrol"]
            gate.stop_agent()
            gate.controller.stop()
            gate.start()
            gate.log.wait(lambda line: line.startswith("device ") and "state=1" in line)
            gate.post("cam-out", "浙A70000")
            gate.board.do("wait out-1 pulses 1")
            gate.post("cam-in", "浙A70001")
            gate.board.do("wait in-1 colour yellow")
            gate.controller = Controller(gate.path, agents, enrol)
            gate.controller.do("auto heartbeat", "auto welcome 1", "auto ack")
            own = gate.controller.heard("event", kind=PRESENTATION, lane="out-1", timeout=20)
            self.assertEqual((own["outcome"], own["reason"]), (str(GRANT + 1), str(EXIT)))
            own = gate.controller.heard("event", kind=PRESENTATION, lane="in-1")
            self.assertEqual((own["outcome"], own["reason"]), (str(DENY + 1), str(SILENT)))

    def test_configuration_is_applied_without_a_restart(self):
        with Gate() as gate:
            gate.begin()
            gate.post("cam-in")
            gate.controller.do(f"config 2 {gate.board_port} no")
            gate.log.wait(lambda line: "config_stored" in line and "version=2" in line)
            gate.log.wait(lambda line: "devices_configured" in line and "readers=0" in line)
            with self.assertRaises(AssertionError):
                gate.post("cam-in")
            gate.controller.do(f"config 3 {gate.board_port} yes")
            gate.log.wait(lambda line: "config_stored" in line and "version=3" in line)
            gate.controller.do("auto verdict 2 1")
            gate.post("cam-in")
            gate.board.do("wait in-1 pulses 1")

    def test_board_that_goes_is_told_within_five_seconds(self):
        with Gate() as gate:
            gate.begin()
            gate.board.do("vanish")
            gate.controller.heard("event", kind=DEVICE, reader="b1", state=2, timeout=5)
            gate.controller.heard("heartbeat", since=gate.controller.mark(), b1=2)
            gate.board.do("return")
            mark = gate.controller.mark()
            gate.controller.heard("event", since=mark - 1, kind=DEVICE, reader="b1", state=1)

    def test_welcome_says_what_is_applied(self):
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto off", "auto heartbeat")
            gate.post("cam-in")
            acted = gate.controller.heard("event", kind=ACTED)
            mark = gate.controller.mark()
            gate.controller.do(f"welcome 1 {acted['seq']}")
            gate.controller.heard("heartbeat", since=mark, pending=0)

    def test_long_backlog_goes_out_in_a_window(self):
        with Gate() as gate:
            gate.begin()
            agents, enrol = gate.controller.ready["agents"], gate.controller.ready["enrol"]
            gate.controller.stop()
            gate.log.wait(lambda line: line.startswith("controller_silent"))
            people = 400
            batch = "".join(f"anpr --plate 浙A3{number:04d} --picture 0\n" for number in range(people))
            url = f"http://127.0.0.1:{gate.http}/hik/cam-in"
            subprocess.run([os.path.join(PEERS, "peer-hikvision"), "batch", "-", "--url", url], input=batch,
                           text=True, check=True, timeout=120, stdout=subprocess.DEVNULL)
            gate.controller = Controller(gate.path, agents, enrol)
            gate.controller.do("auto heartbeat", "auto welcome 1")
            gate.controller.heard("hello", timeout=30)
            gate.controller.out.wait(lambda _: len(self.seqs(gate)) >= 256, timeout=20)
            gate.controller.heard("heartbeat", since=gate.controller.mark())
            self.assertEqual(len(self.seqs(gate)), 256)  # BACKLOG_WINDOW
            mark = gate.controller.mark()
            gate.post("cam-in", "浙A99999")  # live: does not wait behind the others
            gate.controller.heard("event", since=mark, kind=PRESENTATION, outcome=0, timeout=3)
            gate.controller.do("auto ack", "auto verdict 0 26")
            gate.controller.heard("heartbeat", since=gate.controller.mark(), pending=0, timeout=40)
            self.assertGreaterEqual(sum(event["kind"] == str(PRESENTATION) for event in self.seqs(gate).values()),
                                    people + 1)

    @staticmethod
    def seqs(gate):
        return {event["seq"]: event for event in gate.controller.all("event")}

    def test_the_listener_starts_once_its_address_is_there(self):
        with Gate() as gate:
            with socket.create_server(("127.0.0.1", gate.http)):
                gate.begin()
                gate.log.wait(lambda line: line.startswith("http_listener_failed"))
            gate.controller.do("auto verdict 2 2")
            wait = time.monotonic() + 15
            while True:
                try:
                    gate.post("cam-out")
                    break
                except AssertionError:
                    self.assertLess(time.monotonic(), wait)
            gate.board.do("wait out-1 pulses 1")

    def test_badge_reader_that_is_unplugged(self):
        with Gate() as gate:
            line = os.path.join(gate.path, "reader")
            with peerlib.Peer(os.path.join(PEERS, "peer-pn532"), "--link", line,
                              control=os.path.join(gate.path, "reader.ctl")) as reader:
                gate.begin()
                gate.controller.do("auto verdict 2 1", f"config 2 {gate.board_port} {line}")
                gate.controller.heard("event", kind=DEVICE, reader="nfc-in", state=1)
                reader.do("card 04A1B2C3D4E5F6")
                read = gate.controller.heard("event", kind=PRESENTATION, reader="nfc-in", size=7)
                self.assertEqual((read["offset_unknown"], read["outcome"]), ("0", "0"))
                gate.board.do("wait in-1 pulses 1")
                mark = gate.controller.mark()
                reader.do("gone")
                gate.controller.heard("event", since=mark, kind=DEVICE, reader="nfc-in", state=2, timeout=5)
                reader.do("back")
                gate.controller.heard("event", since=mark, kind=DEVICE, reader="nfc-in", state=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
