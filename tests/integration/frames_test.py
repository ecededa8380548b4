"""What a hostile, broken, old or restored box can send: each is refused with its number, changes nothing, and the
controller goes on. A box in Python speaks to a real controller with the key of an enrolled gate."""
import unittest

from case import ParkCase, foot_gate
import wire
from wire import ACK, APPLIED, EVENT, HELLO, HELLO_REFUSED, REFUSED, RETRY, VERDICT, WELCOME, Box, digest, frame


class Frames(ParkCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])
    START = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.park.start_controller()
        for gate in ("gate-a", "gate-b"):
            cls.park.join(gate)
        cls.people = 0
        conf = (cls.park.home / "controller.pub").read_text(encoding="ascii")
        cls.server_key = conf.split()[-1]

    def box(self, gate="gate-a", **more):
        keys = wire.key_pair(self.park.agent_home(gate) / "agent.key") if gate else None
        box = Box(f"tcp://127.0.0.1:{self.park.port_base}", self.server_key, keys, **more)
        self.addCleanup(box.close)
        return box

    def welcomed(self, gate="gate-a"):
        box = self.box(gate)
        self.assertEqual(box.hello(gate)[0], WELCOME)
        return box

    def head(self):
        """Of the journal without faults: a gate that falls silent is one, whatever the test does."""
        return max(event["seq"] for event in self.park.events() if event["kind"] != "fault")

    def assert_refused_frame(self, data, error, head):
        mark = self.park.controller.mark()
        box = self.box()
        box.send(data)
        line = self.park.controller.wait_event("frame_refused", since=mark)
        self.assertIn(f"error={error}", line)
        self.assertEqual(self.head(), head, "the journal has grown")
        self.assertIsNone(box.receive(*range(1, 64), timeout=0.2))

    def test_broken_frames_change_nothing(self):
        hello = wire.pack({5: 1, 6: 2, 7: "gate-a"})
        head = self.head()
        for data, error in ((b"P", 100), (b"PG", 100), (frame(HELLO, hello)[:15], 100), (frame(HELLO, hello, version=3), 102),
                            (frame(HELLO, hello, version=0), 102), (frame(999, hello), 103), (frame(ACK, hello), 103),
                            (frame(wire.REQUEST, hello), 103), (frame(HELLO, b"\x0a\xff"), 104), (frame(HELLO, b"\xff" * 300), 104)):
            with self.subTest(size=len(data), error=error):
                self.assert_refused_frame(data, error, head)
        self.welcomed()

    def test_wrong_magic(self):
        self.assert_refused_frame(frame(HELLO, b"", magic=b"GP"), "", self.head())

    def test_oversized_frame_ends_the_connection(self):
        head = self.head()
        box = self.box()
        box.send(frame(HELLO, b"\0" * 70000))
        self.assertIsNone(box.receive(WELCOME, HELLO_REFUSED, timeout=0.5))
        self.assertEqual(self.head(), head)
        self.welcomed()

    def test_messages_of_another_shape(self):
        """Empty, or of more frames than one: dropped before they are looked at."""
        head = self.head()
        hello = frame(HELLO, wire.pack({5: 1, 6: 2, 7: "gate-a"}))
        for parts in ([b""], [hello, b"more"], [b"", hello]):
            box = self.box()
            box.send(*parts)
            self.assertIsNone(box.receive(WELCOME, timeout=0.3))
        self.assertEqual(self.head(), head)

    def test_chosen_connection_id(self):
        """A box that names its own connection could take another's: it is not heard."""
        box = self.box(identity=b"gate-b")
        self.assertIsNone(box.hello("gate-a", timeout=0.5))

    def test_unknown_key(self):
        head = self.head()
        box = self.box(gate=None)
        box.send(frame(HELLO, wire.pack({5: 1, 6: 2, 7: "gate-a"})))
        self.assertIsNone(box.receive(WELCOME, HELLO_REFUSED, timeout=0.5))
        self.assertEqual(self.head(), head)

    def test_hello_for_another_gate(self):
        head = self.head()
        kind, _, fields = self.box("gate-a").hello("gate-b")
        self.assertEqual((kind, fields[1]), (HELLO_REFUSED, [201]))
        self.assertEqual(self.head(), head)

    def test_event_before_hello(self):
        box = self.box("gate-b")
        box.epoch = 77
        body = box.event(1, "gate-b-in", "04A1B2C3D4E5F6", "gate-b-in-badge")
        self.assertEqual(box.say_event(1, body)[0], RETRY)

    def refused(self, body, sequence, box):
        """Refused for good: kept aside under its number, and no presentation of it."""
        before = len(self.park.events("--kind", "presentation"))
        aside = len(self.park.events("--kind", "event-refused"))
        answer, error = box.say_event(sequence, body)
        self.assertEqual(answer, REFUSED)
        self.assertEqual(len(self.park.events("--kind", "event-refused")), aside + 1)
        self.assertEqual(len(self.park.events("--kind", "presentation")), before)
        return error

    def test_another_gates_lane(self):
        box = self.welcomed()
        body = box.event(1001, "gate-b-in", "04A1B2C3D4E5F6", "gate-b-in-badge")
        self.assertEqual(self.refused(body, 1001, box), 200)
        self.assertIn("lane gate-b-in does not belong to gate gate-a", self.park.events("--kind", "event-refused")[-1]["text"])

    def test_credential_out_of_form(self):
        box = self.welcomed()
        self.assertEqual(self.refused(box.event(1101, "gate-a-in", "04A1", "gate-a-in-badge"), 1101, box), 204)

    def test_sequence_again(self):
        box = self.welcomed()
        _, uid = self.person()
        body = box.event(1201, "gate-a-in", uid, "gate-a-in-badge")
        self.assertEqual(box.say_event(1201, body), (APPLIED, 0))
        head = self.head()
        self.assertEqual(box.say_event(1201, body), (APPLIED, 0))  # the same again: answered, and nothing more
        self.assertEqual(self.head(), head)
        other = box.event(1201, "gate-a-in", "04DEADBEEF0001", "gate-a-in-badge")
        self.assertEqual(self.refused(other, 1201, box), 202)
        faults = [row["text"] for row in self.park.events("--kind", "fault")]
        self.assertTrue(any("content" in text or "sequence" in text for text in faults), faults)

    def test_verdict_is_for_the_asker_alone(self):
        box, other = self.welcomed("gate-a"), self.welcomed("gate-b")
        _, uid = self.person()
        body = box.event(1301, "gate-a-in", uid, "gate-a-in-badge")
        box.send(frame(EVENT, body, 1301))
        kind, _, fields = box.receive(VERDICT)
        self.assertEqual((kind, fields[2], fields[3]), (VERDICT, [1301], [wire.GRANT]))
        self.assertIsNone(other.receive(VERDICT, timeout=0.3))

    def test_restored_image_gets_a_new_epoch(self):
        box = self.welcomed("gate-b")
        first = box.epoch
        body = box.event(5, "gate-b-in", "04A1B2C3D4E5F6", "gate-b-in-badge")
        self.assertEqual(box.say_event(5, body)[0], APPLIED)
        self.assertEqual(box.hello("gate-b", last=5, digest=digest(body))[0], WELCOME)
        self.assertEqual(box.epoch, first)
        faults = len(self.park.events("--kind", "fault"))
        self.assertEqual(box.hello("gate-b", last=3, digest=digest(b"an older event"))[0], WELCOME)
        self.assertEqual(box.epoch, first + 1)
        self.assertEqual(len(self.park.events("--kind", "fault")), faults + 1)

    def test_agent_of_the_version_before(self):
        """Version 1 does not know `note` nor presentation_epoch, and says something that we do not know."""
        box = self.box("gate-b")
        kind, _, fields = box.hello("gate-b", version=1, more={77: "of another time"})
        self.assertEqual((kind, fields[1]), (WELCOME, [1]))
        body = box.event(9001, "gate-b-in", "04DEADBEEF0003", "gate-b-in-badge", f88=7)
        self.assertEqual(box.say_event(9001, body, version=1), (APPLIED, 0))
        self.assertEqual(self.park.events("--kind", "presentation")[-1]["reason"], "credential-unknown")

    def test_unknown_operator_key(self):
        key = self.park.directory / "stranger.key"
        self.assertEqual(self.park.try_cli("key", "make", key).returncode, 0)
        done = self.park.try_cli("status", "--key", key)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("this key is not known; ask an admin to add it", done.stderr)

    @classmethod
    def tearDownClass(cls):
        for noun in ("journal", "headcount"):
            result = cls.park.cli(noun, "verify")["result"]
            assert result == "good", (noun, result)


if __name__ == "__main__":
    unittest.main()
