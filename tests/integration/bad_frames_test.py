"""Frames that no agent of ours would send: each is refused with its number and sentence, changes nothing that is counted,
and the next good frame is served. Method: a gate's enrolled key in the hands of a test that speaks the link itself."""
import shutil
import struct
import subprocess
import unittest

import stores
from bad_case import BadCase, PlayedGate, digest_of
from case import foot_gate
from park import until
from stores import ENTRY_EVENT, ENTRY_EVENT_REFUSED, ENTRY_FAULT
from contract import KeyPair, Speaker, envelope, one_field, pack

APPLIED, REFUSED, RETRY = 1, 2, 3


class Frames(BadCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()
        cls.park.join("gate-a")
        cls.gate = PlayedGate(cls.park, "gate-b")

    def setUp(self):
        self.speaker = self.gate.connect()
        self.addCleanup(self.gate.close)
        self.gate.hello()
        super().setUp()

    def refused(self):
        return self.park.cli("status")["frames_refused"]

    def refuse_frame(self, frame, number, why):
        """One more frame is refused, with this sentence in the log, and nothing else happens."""
        before, since = self.refused(), self.park.controller.mark()
        self.speaker.send(frame)
        self.gate.barrier()
        self.assertEqual(self.refused(), before + 1)
        line = self.park.controller.wait_event("frame_refused", since=since)
        self.assertIn(f"error={number} why=\"{why}\"", line)
        self.assert_nothing_changed()

    def test_truncated(self):
        self.refuse_frame(envelope(5, b"")[:10], 100, "frame of 10 bytes is shorter than its envelope")

    def test_not_ours(self):
        self.refuse_frame(b"XX" + envelope(5, b"")[2:], 102, "protocol version of another program is not spoken here (1 to 2)")

    def test_unknown_version(self):
        self.refuse_frame(envelope(5, pack("Event", self.gate.event()), 1, version=9), 102,
                          "protocol version 9 is not spoken here (1 to 2)")

    def test_wrong_kind(self):
        for kind in (32, 6, 999):
            self.refuse_frame(envelope(kind, b""), 103, f"message kind {kind} is not expected here")

    def test_broken_bodies(self):
        event = pack("Event", self.gate.event())
        for body, why in ((event[:-4], "a field is cut off"), (b"\x07", "a field number is broken"),
                          (b"\x0f\x00", "a field has an unknown wire type"), (one_field(7, 1) * 5000, "too many elements")):
            self.refuse_frame(envelope(5, body, 1), 104, f"message of kind 5 cannot be read: {why}")

    def test_oversized_frame_ends_its_connection(self):
        """libzmq cuts whoever sends more than the limit; the next connection is served."""
        self.speaker.send(envelope(5, bytes(70000), 1))
        self.gate.connect()
        self.gate.hello()
        self.gate.barrier()
        self.assert_nothing_changed()

    def test_oversized_event(self):
        event = {**self.gate.event(), 99: [b"x" * 250] * 20}
        self.assertEqual(self.gate.send(event), (REFUSED, 101))
        refused, fault = self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)
        self.assertEqual((refused.body.error, refused.body.event_sequence, fault.body.word), (101, event["sequence"], "event-refused"))
        self.assertRegex(self.rows_text()[0][0], r"^frame of \d+ bytes is over the limit of 4096$")
        self.assertRegex(self.rows_text()[0][1], r"^报文 \d+ 字节，超过上限 4096$")

    def test_unknown_key(self):
        """The port for agents does not even let it speak; the command line says what to do."""
        with Speaker(self.gate.endpoint, self.gate.server_key, KeyPair.fresh()) as stranger:
            stranger.say("Hello", {"gate": "gate-b", "version_oldest": 1, "version": 2})
            self.gate.barrier()
            self.assertEqual(list(stranger.frames(0.5)), [])
        directory = self.park.directory / "stranger"
        directory.mkdir()
        keys = KeyPair.fresh()
        for name, text in (("stranger.key", f"public = {keys.public.decode()}\nsecret = {keys.secret.decode()}\n"),
                           ("operator.conf", (self.park.home / "operator.conf").read_text(encoding="utf-8")
                            .replace("admin.key", "stranger.key"))):
            (directory / name).write_text(text, encoding="utf-8")
            (directory / name).chmod(0o600)
        done = subprocess.run([self.park.programs.path("parkgate"), "status", "--dir", directory], env=self.park.env,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assert_says(done, 4, "this key is not known; ask an admin to add it", "此密钥未登记；请管理员添加")
        self.assert_nothing_changed()

    def test_a_gate_key_is_no_operator(self):
        """Nor is an operator's key a gate: each port knows its own."""
        admin = KeyPair.of_file(self.park.home / "admin.key")
        with Speaker(self.gate.endpoint, self.gate.server_key, admin) as speaker:
            speaker.say("Hello", {"gate": "gate-b", "version_oldest": 1, "version": 2})
            self.gate.barrier()
            self.assertEqual(list(speaker.frames(0.5)), [])
        operators = (self.park.home / "operator.conf").read_text(encoding="utf-8").split("endpoint = ")[1].split()[0]
        with Speaker(operators, self.gate.server_key, self.gate.keys) as speaker:
            speaker.say("Request", {"verb": "lane.open", "arg": ["lane", "reason"], "value": [b"gate-a-in", b"mine"]}, 1)
            self.assertEqual(list(speaker.frames(0.5)), [])
        self.assert_nothing_changed()

    def test_hello_for_another_gate(self):
        self.gate.say_hello(gate="gate-a")
        refused = self.speaker.hear("HelloRefused")
        self.assertEqual((refused.error, refused.arg[:2]), (201, ["gate-a", "gate-b"]))
        self.assert_nothing_changed()

    def test_hello_of_a_version_to_come(self):
        self.gate.say_hello(version_oldest=7, version=9)
        self.assertEqual(self.speaker.hear("HelloRefused").error, 102)
        self.assert_nothing_changed()

    def test_another_gates_lane(self):
        self.assertEqual(self.gate.send(self.gate.event(lane="gate-a-in")), (REFUSED, 200))
        refused, fault = self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)
        self.assertEqual((refused.body.error, refused.body.arg[:2]), (200, ["gate-a-in", "gate-b"]))
        self.assertEqual((fault.body.word, fault.body.gate), ("event-refused", "gate-b"))
        self.assertEqual(self.rows_text()[0], ("lane gate-a-in does not belong to gate gate-b", "通道 gate-a-in 不属于出入口 gate-b"))

    def test_a_lane_that_nobody_has(self):
        self.assertEqual(self.gate.send(self.gate.event(lane="nowhere")), (REFUSED, 200))
        self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)

    def test_event_before_welcome(self):
        """Of a key that did not say HELLO to this controller: answered `retry`, nothing taken."""
        self.gate.close()
        self.park.controller.end()
        self.park.start_controller()
        self.speaker = self.gate.connect()
        event = self.gate.event()
        self.assertEqual(self.gate.send(event), (RETRY, 0))
        self.assert_nothing_changed()

    def test_wrong_epoch(self):
        self.assertEqual(self.gate.send(self.gate.event(epoch=self.gate.epoch + 3)), (RETRY, 203))
        self.assert_nothing_changed()

    def test_known_sequence(self):
        """The same bytes again are answered again; other bytes are refused, kept aside and told."""
        event = self.gate.event()
        self.assertEqual(self.gate.send(event), (APPLIED, 0))
        self.assert_added(ENTRY_EVENT)
        self.mark()
        for _ in range(3):
            self.assertEqual(self.gate.send(event), (APPLIED, 0))
        self.assert_nothing_changed()
        self.assertEqual(self.gate.send({**event, "lane": "gate-b-out"}), (REFUSED, 202))
        refused, fault = self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)
        self.assertEqual((refused.body.event_sequence, fault.body.word), (event["sequence"], "sequence-changed"))
        sequence, epoch = event["sequence"], event["epoch"]
        self.assertEqual(self.rows_text(), [
            (f"sequence {sequence} of epoch {epoch} came before with another content; the event is kept aside",
             f"纪元 {epoch} 的序号 {sequence} 曾以不同内容到达；该事件已隔离"),
            ("gate gate-b sent a known sequence with another content; look into quarantine",
             "出入口 gate-b 以不同内容重发已知序号；请检查隔离区")])
        self.mark()
        self.assertEqual(self.gate.send(event), (APPLIED, 0))  # what was applied stays applied
        self.assert_nothing_changed()

    def test_events_without_sense(self):
        for changes, why in (({"kind": 77}, "its kind is unknown"), ({"lane": ""}, "its lane is missing"),
                             ({"credential": b"04A"}, "its credential is not in normal form"),
                             ({"received_us": 0}, "its time is missing")):
            self.mark()
            event = self.gate.event(**changes)
            self.assertEqual(self.gate.send(event), (REFUSED, 204), why)
            self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)
            self.assertEqual(self.rows_text()[0][0], f"event {event['sequence']}: {why}; it is kept aside")

    def test_poison(self):
        """An event that was in work at two crashes running is kept aside at the third start, and the next one is served."""
        self.gate.close()
        self.park.controller.end()
        event = self.gate.event()
        page = struct.pack("<I32s", 0, bytes(32)) + struct.pack("<I32s", 1, digest_of(event)) + bytes(36 * 7)
        in_work = self.park.home / "store" / "in-work"
        self.assertEqual(in_work.stat().st_size, len(page))
        in_work.write_bytes(struct.pack("<I32s", 1, digest_of(event)) + page[36:])  # the second crash, found at this start
        self.park.start_controller()
        self.speaker = self.gate.connect()
        self.gate.hello()
        self.mark()
        self.assertEqual(self.gate.send(event), (REFUSED, 205))
        refused, fault = self.assert_added(ENTRY_EVENT_REFUSED, ENTRY_FAULT)
        self.assertEqual((refused.body.error, fault.body.word), (205, "poison-event"))
        self.assertEqual(self.rows_text()[0], (f"event {event['sequence']} was in work at two crashes; it is kept aside",
                                               f"处理事件 {event['sequence']} 时两次崩溃；已隔离"))
        self.assertEqual(self.gate.send(self.gate.event()), (APPLIED, 0))

    def test_verify_still_holds(self):
        self.assert_verified()


class Restored(BadCase):
    """The gate's box is put back to an earlier state: a new epoch is ordered, nothing is taken twice, and it is told."""

    def goes_in(self, uid, number):
        """Shows the badge, walks, and takes the badge away: what lies there is read again after each start."""
        self.assertEqual(self.park.tap("gate-a-in", uid)["colour"], "green")
        self.park.push("gate-a-in")
        self.park.wait_events("the passage", {"kind": "passage"}, number)
        self.park.reader("gate-a-in").remove()

    def test_restored_image(self):
        park, home = self.park, self.park.agent_home("gate-a")
        _, first = self.person()
        _, second = self.person()
        self.goes_in(first, 1)
        park.agents["gate-a"].end()
        shutil.copytree(home, park.directory / "image", ignore=shutil.ignore_patterns("*.sock"))
        park.start_agent("gate-a")
        park.wait_gate("gate-a")
        self.goes_in(second, 2)
        until("all is acknowledged", lambda: not stores.Outbox(home).pending)
        park.agents["gate-a"].end()
        shutil.rmtree(home)
        shutil.move(park.directory / "image", home)
        before = self.headcount()
        self.mark()
        park.start_agent("gate-a")
        park.wait_gate("gate-a")
        epochs = [entry.body.epoch for entry in self.added() if entry.kind == stores.ENTRY_EPOCH]
        faults = [entry.body for entry in self.added() if entry.kind == ENTRY_FAULT and entry.body.word == "outbox-restored"]
        self.assertEqual(epochs, [2])
        self.assertEqual([(fault.text, fault.text_zh) for fault in faults],
                         [("the outbox of gate gate-a was wiped or restored; a new epoch was ordered",
                           "出入口 gate-a 的发件箱被清空或还原；已启用新纪元")])
        self.assertEqual([entry for entry in self.added() if entry.kind == ENTRY_EVENT_REFUSED], [])
        until("all is acknowledged", lambda: not stores.Outbox(home).pending)
        self.assertEqual(self.headcount(), before)
        _, third = self.person()
        self.goes_in(third, 3)
        self.assertEqual(self.headcount()["entries"], before["entries"] + 1)
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
