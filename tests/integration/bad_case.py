"""What the tests of bad input share: the journal before and after, and a gate that a test plays itself."""
import hashlib
import os
import tempfile
import time

import stores
from case import ParkCase
from park import Park
from contract import KeyPair, Speaker, pack

AWAY = "gate-away"  # a gate played by a test falls silent when it likes; that fault says nothing here


class BadCase(ParkCase):
    """assert_added(): exactly these entries are new. None: the journal's head and its hash are the same.
    A subclass with `start_park` gets a park that is made, and starts of it what it needs."""

    start_park = None

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="park-")
        cls.addClassCleanup(directory.cleanup)
        cls.park = Park(directory.name, cls.YAML, cls.GATES(), start=cls.start_park is None)
        cls.addClassCleanup(cls.park.stop)
        cls.park.__enter__()
        cls.people = 0
        if cls.start_park:
            cls.start_park()

    def setUp(self):
        super().setUp()
        self.mark()

    def mark(self):
        self.head = self.park.cli("journal", "head")
        return self.head

    def added(self):
        new = stores.journal(self.park.home)[self.head["seq"]:]
        return [entry for entry in new if not (entry.kind == stores.ENTRY_FAULT and entry.body.word == AWAY)]

    def assert_added(self, *kinds):
        """The kinds of the new entries, in their order; returns these."""
        new = self.added()
        self.assertEqual([entry.kind for entry in new], list(kinds), [(entry.kind, entry.body) for entry in new])
        return new

    def assert_nothing_changed(self):
        self.assert_added()
        now = self.park.cli("journal", "head")
        if now["seq"] == self.head["seq"]:
            self.assertEqual(now["hash"], self.head["hash"])

    def assert_says(self, done, status, *texts):
        """A command's exit code and words; both languages are always there."""
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)

    def rows_text(self):
        """text and text_zh of the entries since the mark, as `parkgate events` shows them."""
        return [(row["text"], row["text_zh"]) for row in self.park.events() if row["seq"] > self.head["seq"]]


class PlayedGate:
    """An enrolled gate whose agent is the test. Events are as a well-made agent would send them, until told otherwise."""

    def __init__(self, park, gate, joined=False):
        self.park, self.gate = park, gate
        if not joined:
            park.join(gate)
        self.keys = KeyPair.of_file(park.agent_home(gate) / "agent.key")
        conf = dict(line.split(" = ", 1) for line in (park.agent_home(gate) / "agent.conf").read_text(encoding="utf-8").splitlines()
                    if " = " in line)
        self.endpoint, self.server_key = conf["controller"], conf["server_key"]
        self.speaker, self.store_id, self.epoch, self.sequence, self.last = None, os.urandom(16), 0, 0, b""

    def connect(self, keys=None):
        self.close()
        self.speaker = Speaker(self.endpoint, self.server_key, keys or self.keys)
        return self.speaker

    def close(self):
        if self.speaker:
            self.speaker.close()
            self.speaker = None

    def say_hello(self, **changes):
        self.speaker.say("Hello", {"store_id": self.store_id, "epoch": self.epoch, "last_sequence": self.sequence,
                                   "last_digest": self.last, "version_oldest": 1, "version": 2, "gate": self.gate,
                                   "wall_us": int(time.time() * 1e6), **changes})

    def hello(self, **changes):
        self.say_hello(**changes)
        welcome = self.speaker.hear("Welcome")
        if welcome.epoch != self.epoch:
            self.epoch, self.sequence, self.last = welcome.epoch, 0, b""
        return welcome

    def event(self, **changes):
        """A presentation of an unknown badge at this gate's first lane, with the next sequence."""
        now = int(time.time() * 1e6)
        return {"epoch": self.epoch, "sequence": self.sequence + 1, "kind": stores.PRESENTATION,
                "lane": f"{self.gate}-in", "reader": f"{self.gate}-in-badge", "captured_us": now, "received_us": now,
                "credential_kind": 1, "credential_class": 1, "credential": bytes.fromhex("04DDDDDDDDDDDD"), "direction": 1,
                **changes}

    def send(self, event):
        """Sends it and returns (answer, error) of its acknowledgement."""
        self.speaker.say("Event", event)
        ack = self.speaker.hear("Ack", lambda ack: event["sequence"] in ack.sequence)
        at = ack.sequence.index(event["sequence"])
        if (ack.answer[at], event["epoch"]) in ((1, self.epoch), (2, self.epoch)) and event["sequence"] > self.sequence:
            self.sequence, self.last = event["sequence"], digest_of(event)
        return ack.answer[at], ack.error[at]

    def barrier(self):
        """Everything sent before has been worked off."""
        self.speaker.say("Heartbeat", {"wall_us": int(time.time() * 1e6)})
        self.speaker.hear("Heartbeat")


def digest_of(event):
    return hashlib.sha256(pack("Event", event)).digest()
