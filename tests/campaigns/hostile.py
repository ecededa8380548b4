#!/usr/bin/python3
"""A hostile peer: the stolen key of one gate, storms of handshakes, frames that no program of ours would send.

    tests/campaigns/hostile.py [--seconds S] [--seed N]

tests/bench/hostile.py measures the verdict times of honest gates with and without the attacks.

The key of one gate asks every verb of the operators' port, at that port and at its own, sends every kind of message with bodies
drawn from nothing, and events of a lane that is not its own; raw sockets and wrong keys storm the port, stop in the middle
of the handshake, send frames of a megabyte. Meanwhile honest gates of the same park send events. Nothing that the thief says may
be done: the journal holds nothing of it but refusals, what honest gates sent is all acknowledged, and once the key is revoked its gate
shows as quarantined and not even a good event of it is applied. A case is a frame, a request or a connection.
"""
import contextlib
import re
import socket
import sys
import tempfile
import threading

import zmq

from campaignlib import Campaign, Failed, ROOT, build_dir
import contract
import stores

sys.path.insert(0, str(ROOT / "tests" / "bench"))
import stage  # noqa: E402
from bad_case import PlayedGate  # noqa: E402

GATES, PERSONS, RATE = 5, 200, 200
ATTACK_S = 300  # one round, on a busy machine too
THIEF = f"g-{GATES:03}"
KINDS = [*range(1, 20), 32, 33, 48, 49, 99, 65535]
LANE_OF_ANOTHER = "g-001-in"


def verbs():
    return re.findall(r'^    \{"([a-z.]+)"', (ROOT / "schema" / "verbs.c").read_text(encoding="utf-8"), re.M)


class Attack:
    """Everything the holder of one gate's key may try. `count` rises with each."""

    def __init__(self, park, rng):
        self.park, self.rng, self.count, self.over = park, rng, 0, threading.Event()
        self.gate = PlayedGate(park, THIEF, joined=True)
        self.operators = (park.home / "operator.conf").read_text(encoding="utf-8").split("endpoint = ")[1].split()[0]
        self.address = self.gate.endpoint.removeprefix("tcp://").rsplit(":", 1)

    def request(self, verb):
        return contract.pack("Request", {"verb": verb, "arg": ["reason"], "value": [b"because"]})

    def foreign_verbs(self):
        """At the operators' port nothing answers; at its own the frame is refused."""
        asked = verbs()
        if len(asked) < 50:
            raise Failed(f"only {len(asked)} verbs were found in schema/verbs.c")
        with contract.Speaker(self.operators, self.gate.server_key, self.gate.keys) as speaker:
            with contextlib.suppress(zmq.Again):  # it was refused before all was said
                for verb in asked:
                    speaker.send(contract.envelope(32, self.request(verb), 1))
            if frames := list(speaker.frames(1)):
                raise Failed(f"the operators' port answered a gate's key: {frames[0].kind} {frames[0].message}")
        for verb in asked:
            self.gate.speaker.send(contract.envelope(32, self.request(verb), 1))
        self.count += 2 * len(asked)

    def every_kind(self):
        for kind in KINDS:
            if kind in (1, 5, 9):  # its own words: see the events below
                continue
            body = self.rng.randbytes(self.rng.choice((0, 1, 20, 300, 4000)))
            self.gate.speaker.send(contract.envelope(kind, body, self.rng.randrange(1 << 20)))
            self.count += 1

    def foreign_lane(self):
        """An event of a lane that belongs to another gate is refused."""
        answer = self.gate.send(self.gate.event(lane=LANE_OF_ANOTHER, reader=f"{LANE_OF_ANOTHER}-badge"))
        self.count += 1
        if answer[0] == 1:
            raise Failed("an event of another gate's lane was applied")

    def huge_frames(self):
        self.gate.speaker.send(contract.envelope(5, bytes(1 << 20), 1))
        self.count += 1
        self.gate.connect()
        self.gate.hello()

    def handshakes(self, count=20):
        """Raw connections that say nothing, half a greeting or rubbish; and whole handshakes with keys nobody knows."""
        raw = []
        for _ in range(count):
            connection = socket.create_connection(self.address, 5)
            connection.send(self.rng.choice((b"", b"\xff" + bytes(8) + b"\x7f", self.rng.randbytes(64))) or b"\xff")
            raw.append(connection)
        speakers = [contract.Speaker(self.gate.endpoint, self.gate.server_key, contract.KeyPair.fresh()) for _ in range(count)]
        for speaker in speakers:
            speaker.say("Heartbeat", {"wall_us": 1})
        threading.Event().wait(0.05)
        for thing in raw + speakers:
            thing.close()
        self.count += 2 * count

    def once(self):
        self.foreign_verbs()
        self.every_kind()
        self.gate.connect()
        self.gate.hello()
        self.foreign_lane()
        self.huge_frames()
        self.handshakes()

    def begin(self):
        self.gate.connect()
        self.gate.hello()

    def for_ever(self):
        while not self.over.is_set():
            self.once()


class Hostile(Campaign):
    name, unit = "hostile", "hostile frames, requests and connections"

    def play(self):
        with tempfile.TemporaryDirectory(prefix="hostile-") as directory:
            self.stage = stage.Stage(directory, GATES, build_dir().resolve())
            try:
                yield from self.work()
            finally:
                self.stage.close()

    def honest(self, seconds):
        """Honest gates at work: their figures."""
        figures = self.load.ask("run", "honest", RATE, seconds)
        if figures["unanswered"] or figures["refused"] or figures["acks"] < figures["sent"]:
            raise Failed(f"honest gates suffered: {figures}")
        return figures

    def prepare(self):
        self.stage.load_roster(0, PERSONS)
        self.load = stage.Line(self.stage.program("bench-load"))
        self.stage.open_fleet(self.load, "honest", GATES - 1, PERSONS)
        self.thief = Attack(self.stage.park, self.rng)
        self.thief.begin()

    def work(self):
        self.prepare()
        before = len(stores.journal(self.stage.park.home))
        while self.left() > 6:
            done, failure = self.thief.count, []
            thread = threading.Thread(target=self.attack_once, args=(failure,))
            thread.start()
            self.honest(2)
            thread.join(ATTACK_S)
            if thread.is_alive():
                raise Failed(f"one round of the attack is not over after {ATTACK_S} s")
            if failure:
                raise Failed(f"the attack ended otherwise than it must: {failure}")
            yield self.thief.count - done
        self.nothing_was_done(before)
        self.quarantined()

    def attack_once(self, failure):
        try:
            self.thief.once()
        except zmq.Again:  # a connection that a busy port refused in its handshake takes nothing, for ever
            self.thief.begin()
        except Exception as error:  # told by the thread that waits
            failure.append(repr(error))

    def nothing_was_done(self, before):
        """Since then only events of honest gates, refusals, and faults."""
        for entry in stores.journal(self.stage.park.home)[before:]:
            if entry.kind == stores.ENTRY_EVENT and entry.body.gate == THIEF:
                raise Failed(f"an event of the stolen key stands in the journal: {dict(entry.body)}")
            if entry.kind not in (stores.ENTRY_EVENT, stores.ENTRY_EVENT_REFUSED, stores.ENTRY_FAULT, stores.ENTRY_EPOCH):
                raise Failed(f"entry {entry.sequence} of kind {entry.kind} was made while only gates spoke")
        refused = int(self.stage.park.cli("status")["frames_refused"])
        self.say(f"{refused} frames refused")
        if refused < 50:
            raise Failed("fewer frames were refused than were sent")
        for noun in ("journal", "headcount"):
            if (result := self.stage.park.cli(noun, "verify", timeout=600)["result"]) not in ("good", "equal"):
                raise Failed(f"{noun} verify says {result}")

    def quarantined(self):
        """The key is revoked: a good event of it is not applied, and its gate shows so."""
        park = self.stage.park
        park.cli("agent", "revoke", THIEF, "--reason", "stolen")
        head = len(stores.journal(park.home))
        gate = self.thief.gate  # its connection is from before: only the handshake would be judged anew
        gate.say_hello()
        try:
            gate.speaker.hear("Welcome", timeout=1)
            raise Failed("a revoked key was welcomed")
        except TimeoutError:
            pass
        gate.speaker.say("Event", gate.event())
        try:
            ack = gate.speaker.hear("Ack", timeout=1)
            if 1 in ack.answer:
                raise Failed("an event of a revoked key was applied")
        except TimeoutError:
            pass
        new = stores.journal(park.home)[head:]
        if any(entry.kind == stores.ENTRY_EVENT and entry.body.gate == THIEF for entry in new):
            raise Failed("an event of a revoked key stands in the journal")
        state = next(row["state"] for row in park.rows("agent", "list") if row["gate"] == THIEF)
        if state != "quarantined":
            raise Failed(f"the gate of the revoked key shows as {state}")


if __name__ == "__main__":
    Hostile.main()
