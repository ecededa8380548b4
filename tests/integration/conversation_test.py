"""The conversation's own rules, on a real controller: an agent of the version before is served, a verdict goes to who
asked and to nobody else, and a connection of another shape is not heard. Method: gates that the test plays itself."""
import unittest

import zmq

from bad_case import BadCase, PlayedGate
from case import foot_gate
from contract import KINDS, envelope, pack

GRANT, APPLIED = 2, 1


class Conversation(BadCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()
        cls.gate, cls.other = PlayedGate(cls.park, "gate-a"), PlayedGate(cls.park, "gate-b")

    def setUp(self):
        for gate in (self.gate, self.other):
            gate.connect()
            self.addCleanup(gate.close)
            gate.hello()
        super().setUp()

    def test_agent_of_the_version_before(self):
        """Version 1 does not know presentation_epoch, and says something that nobody here knows."""
        self.assertEqual(self.other.hello(version=1, version_oldest=1).version, 1)
        event = self.other.event()
        self.other.speaker.say("Event", {**event, 88: 7, 99: b"of another time"}, version=1)
        ack = self.other.speaker.hear("Ack")
        self.assertEqual((ack.sequence, ack.answer), ([event["sequence"]], [APPLIED]))
        self.other.sequence += 1
        _, uid = self.person()
        self.other.speaker.say("Event", self.other.event(credential=bytes.fromhex(uid)), version=1)
        self.assertEqual(self.other.speaker.hear("Verdict").outcome, GRANT)
        self.other.speaker.hear("Ack")

    def test_verdict_is_for_the_asker_alone(self):
        _, uid = self.person()
        event = self.gate.event(credential=bytes.fromhex(uid))
        self.gate.speaker.say("Event", event)
        verdict = self.gate.speaker.hear("Verdict")
        self.assertEqual((verdict.sequence, verdict.outcome), (event["sequence"], GRANT))
        self.assertEqual([frame for frame in self.other.speaker.frames(0.3) if frame.kind == KINDS["Verdict"]], [])

    def test_messages_of_another_shape(self):
        """Empty, or of more frames than one: dropped before anything in them is looked at."""
        hello = envelope(KINDS["Hello"], pack("Hello", {"gate": "gate-a", "version_oldest": 1, "version": 2}))
        for parts in ([b""], [hello, b"more"], [b"", hello]):
            speaker = self.gate.connect()
            speaker.socket.send_multipart(parts)
            self.assertEqual(list(speaker.frames(0.3)), [])
        self.assert_nothing_changed()

    def test_chosen_connection_id(self):
        """Who names its own connection could take another's: it is not heard, with a good key or not."""
        speaker = self.gate.connect()
        endpoint = speaker.socket.last_endpoint
        speaker.socket.disconnect(endpoint)
        speaker.socket.setsockopt(zmq.IDENTITY, b"gate-b")
        speaker.socket.connect(endpoint)
        self.gate.say_hello()
        self.assertEqual(list(speaker.frames(0.5)), [])
        self.assert_nothing_changed()


if __name__ == "__main__":
    unittest.main()
