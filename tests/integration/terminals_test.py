"""Uniview and ZKTeco terminals, keypads and Wiegand readers at a real gate: a live pass opens, what is sent again or marked
as history opens nothing, strangers leave no trace, one card is one badge at every reader, and a keypad's digits are in no
file in clear."""
import http.client
import json
import subprocess
import sys
import time
import unittest

from case import ParkCase
from park import GREEN, RED, REPOSITORY, Board, Gate, Lane

sys.path.insert(0, str(REPOSITORY / "tests" / "peers"))
from terminals import AccTerminal, AttTerminal, Uniview  # noqa: E402

CARD = 0x04A1B2C3  # the UID 04A1B2C3
TURNED = int.from_bytes(CARD.to_bytes(4, "big"), "little")


def bits34(value):
    """34 bits of a Wiegand line."""
    data = f"{value:032b}"
    return str(data[:16].count("1") % 2) + data + str(1 - data[16:].count("1") % 2)


def terminal_gate():
    known = {"unknown_clock": "grant"}  # a reader without a clock of its own
    posting = [Lane("unv-in", reader="uniview"), Lane("att-in", reader="zkteco-att", reader_more={"device_id": "CN1"}),
               Lane("acc-in", reader="zkteco-acc", reader_more={"device_id": "CN2"}), Lane("w34-in", reader="json", **known)]
    more = [Lane("w34r-in", reader="json", reader_more={"reversed": True}, **known), Lane("nfc-in"),
            Lane("accr-in", reader="zkteco-acc", reader_more={"device_id": "CN3", "reversed": True}),
            Lane("qr-out", direction="out", reader="json", button=True)]
    return [Gate("gate-t", [Board("board-t", posting), Board("board-u", more)])]


class Terminals(ParkCase):
    GATES = staticmethod(terminal_gate)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port = cls.park.http_ports["gate-t"]
        cls.port = port
        cls.unv = Uniview("127.0.0.1", port)
        cls.att = AttTerminal("127.0.0.1", port, "CN1")
        cls.acc = AccTerminal("127.0.0.1", port, "CN2")
        cls.accr = AccTerminal("127.0.0.1", port, "CN3", slashes=True)
        cls.who, _ = cls.person()
        for subject in ("1001", "00042"):
            cls.park.cli("face", "attach", cls.who, subject, "--consent", "paper 17", "--purpose", "entry")
        cls.holder, _ = cls.person(uid=f"{CARD:08X}")
        # A terminal's clock is measured by its first posts: until then it lets nobody in.
        for number in range(3):
            cls.at("unv-in", lambda: cls.unv.person(900 + number))
            cls.at("att-in", lambda: cls.punch(f"90{number}"))
            cls.at("acc-in", lambda: cls.event(cls.acc, pin=f"90{number}"))
            cls.at("accr-in", lambda: cls.event(cls.accr, pin=f"90{number}"))

    @classmethod
    def at(cls, lane, act):
        """Does what must be acknowledged; the light that the lane shows then."""
        def do():
            if not act():
                raise AssertionError(f"{lane}: not acknowledged")
        return cls.park.turnstile(lane).after(lane, do)["colour"]

    @classmethod
    def punch(cls, pin, **more):
        cls.att.punch(pin, **more)
        return cls.att.send()

    @staticmethod
    def event(terminal, **more):
        terminal.event(**more)
        return terminal.send()

    def json(self, lane, event, status=200):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", f"/json/{lane}-json", json.dumps(event), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        self.assertEqual(answer.status, status)
        return said

    def count(self, **wanted):
        return len([event for event in self.park.events() if all(event.get(key) == value for key, value in wanted.items())])

    def pulses(self, lane):
        return int(self.park.turnstile(lane).show(lane)["pulses"])

    # --- at an exit ---

    def test_a_reader_that_counts_anew_shuts_no_exit(self):
        """It has no clock, and after a restart gives the same ids again to other people's reads."""
        for value in ("visit/one", "visit/two"):
            self.assertEqual(self.at("qr-out", lambda: self.json("qr-out", {"kind": "qr", "value": value, "event": "1"})), GREEN)
        self.park.wait_events("both", {"kind": "presentation", "lane": "qr-out", "reason": "exit", "verdict": "grant"}, 2)

    # --- Uniview ---

    def test_uniview_live_opens_and_history_does_not(self):
        pulses = self.pulses("unv-in")
        self.assertEqual(self.at("unv-in", lambda: self.unv.person(1001, history=True, at=time.time() - 900)), RED)
        self.assertEqual(self.pulses("unv-in"), pulses)
        self.park.wait_events("history", {"lane": "unv-in", "reason": "history", "verdict": "deny"})
        self.assertEqual(self.at("unv-in", lambda: self.unv.person(1001, picture=200000)), GREEN)
        self.park.push("unv-in")
        self.assertEqual(self.park.wait_events("it", {"kind": "passage", "lane": "unv-in"})[-1]["who"], self.who)

    def test_uniview_strangers_leave_no_trace(self):
        before = self.count(kind="presentation", lane="unv-in")
        for lib, status in ((2, 1), (1, 1), (3, 2), (4, 6), (3, 0)):
            self.assertTrue(self.unv.person(1001, lib=lib, status=status))
        self.assertTrue(self.unv.heartbeat())
        self.assertEqual(self.at("unv-in", lambda: self.unv.person(7777)), RED)
        self.park.wait_events("the last", {"kind": "presentation", "lane": "unv-in"}, before + 1)
        self.assertEqual(self.count(kind="presentation", lane="unv-in"), before + 1)

    def test_uniview_ten_times_is_once(self):
        before = self.count(kind="presentation", lane="unv-in")
        body = self.unv.body(8888)
        self.assertEqual(self.at("unv-in", lambda: self.unv.post(body)), RED)
        for _ in range(9):
            self.assertTrue(self.unv.post(body))
        self.assertEqual(self.at("unv-in", lambda: self.unv.person(8889)), RED)
        self.park.wait_events("both", {"kind": "presentation", "lane": "unv-in"}, before + 2)
        self.assertEqual(self.count(kind="presentation", lane="unv-in"), before + 2)

    # --- ZKTeco ---

    def test_attendance_conversation(self):
        options = self.att.handshake()
        self.assertEqual([options[key] for key in ("ErrorDelay", "Delay", "Realtime", "Encrypt")], ["30", "10", "1", "None"])
        self.assertEqual(self.att.poll(), [])
        self.assertEqual(self.att.call("GET", "getrequest"), (200, "OK"))
        self.assertEqual(AttTerminal("127.0.0.1", self.port, "CN999").call("GET", "cdata")[0], 403)

    def test_attendance_punch_opens_once(self):
        self.att.punch("00042")
        pulses = self.pulses("att-in")
        self.assertEqual(self.at("att-in", lambda: self.att.send(keep=True)), GREEN)
        self.park.push("att-in")
        for _ in range(3):
            self.assertTrue(self.att.send(keep=True))
        self.att.waiting.clear()
        self.assertEqual(self.at("att-in", lambda: self.punch("42")), RED)  # another person
        self.assertEqual(self.pulses("att-in"), pulses + 1)

    def test_a_kept_table_opens_nothing_and_one_garbage_line_stops_nothing(self):
        pulses, aside = self.pulses("att-in"), self.count(kind="body-aside", lane="att-in")
        history = self.count(kind="presentation", lane="att-in", reason="history")
        for ago in (4000, 3000, 2000, 1000):
            self.att.punch("00042", at=time.time() - ago)
        self.att.waiting.insert(2, "%%% no record at all %%%")
        self.assertTrue(self.att.send(keep=True))
        self.assertTrue(self.att.send())
        self.park.wait_events("four", {"kind": "presentation", "lane": "att-in", "reason": "history"}, history + 4)
        self.park.wait_events("garbage", {"kind": "body-aside", "lane": "att-in"}, aside + 1)
        self.assertEqual(self.count(kind="presentation", lane="att-in", reason="history"), history + 4)
        self.assertEqual(self.pulses("att-in"), pulses)

    def test_access_conversation(self):
        options = self.acc.register()
        self.assertEqual(options["Realtime"], "1")
        self.assertTrue(self.acc.code)
        self.assertEqual(self.acc.poll(), [])
        self.assertEqual(self.acc.call("POST", "cdata", b"user uid=1\tpin=7", table="tabledata", tablename="user", count="1"),
                         (200, "user=1"))
        self.assertEqual(self.acc.call("POST", "cdata", b"time=2025-06-02 08:00:00\tsensor=01", table="rtstate"), (200, "OK"))
        self.assertEqual(AccTerminal("127.0.0.1", self.port, "CN1x").call("GET", "cdata")[0], 403)

    def test_access_events(self):
        self.assertEqual(self.at("acc-in", lambda: self.event(self.acc, pin="00042")), GREEN)
        self.park.push("acc-in")
        before = self.count(kind="presentation", lane="acc-in")
        aside = self.count(kind="body-aside", lane="acc-in")
        self.assertTrue(self.event(self.acc, card="99", event=27))  # a card that nobody registered
        self.assertTrue(self.event(self.acc, event=200))
        self.assertTrue(self.event(self.acc, pin="00042", event=777))
        self.park.wait_events("the unknown event", {"kind": "body-aside", "lane": "acc-in"}, aside + 1)
        self.assertEqual(self.count(kind="presentation", lane="acc-in"), before)

    # --- one card everywhere ---

    def test_one_card_is_one_badge_everywhere(self):
        shown = [("nfc-in", None), ("acc-in", lambda: self.event(self.acc, card=str(CARD), verify=4)),
                 ("accr-in", lambda: self.event(self.accr, card=str(TURNED), verify=4)),
                 ("w34-in", lambda: self.json("w34-in", {"kind": "bits", "value": bits34(CARD)})["taken"] == 1),
                 ("w34r-in", lambda: self.json("w34r-in", {"kind": "bits", "value": bits34(TURNED)})["taken"] == 1)]
        for lane, act in shown:
            if act is None:
                self.assertEqual(self.park.tap(lane, f"{CARD:08X}")["colour"], GREEN, lane)
            else:
                self.assertEqual(self.at(lane, act), GREEN, lane)
            self.park.push(lane)
            event = self.park.wait_events(lane, {"kind": "passage", "lane": lane, "text": "passed"})[-1]
            self.assertEqual(event["who"], self.holder, lane)
        self.assertEqual(self.at("w34-in", lambda: self.json("w34-in", {"kind": "bits", "value": bits34(TURNED)})), RED)

    def test_wiegand_26_is_enrolled_by_what_the_reader_sends(self):
        who, _ = self.person()
        line = {"kind": "bits", "value": "10111101110110010011011101"}  # facility 123, card 45678
        self.assertEqual(self.at("w34-in", lambda: self.json("w34-in", line)), RED)
        self.park.cli("badge", "add", who, "--wiegand", "26:123-45678")
        time_over = time.monotonic() + 0.3
        while time.monotonic() < time_over:  # what comes sooner is a bounce of the contact
            self.assertEqual(self.json("w34-in", {"kind": "alive"})["taken"], 0)
        self.assertEqual(self.at("w34-in", lambda: self.json("w34-in", line)), GREEN)
        self.park.push("w34-in")
        wrong = {"kind": "bits", "value": "0" + line["value"][1:]}
        self.assertEqual(self.json("w34-in", wrong), {"result": "ok", "events": 1, "taken": 0})

    # --- a keypad ---

    def test_what_is_typed_at_a_keypad_is_in_no_file(self):
        for digits in ("48291377", "482913779182734650"):
            self.assertEqual(self.at("w34-in", lambda: self.json("w34-in", {"kind": "pin", "value": digits})), RED)
        self.assertEqual(self.json("w34-in", {"events": [{"kind": "pin", "value": ["48291377"]}, {"kind": "dog"}]})["result"],
                         "aside")
        found = subprocess.run(["grep", "-r", "-l", "-a", "-e", "48291377", str(self.park.directory)], capture_output=True,
                               text=True, check=False)
        self.assertEqual((found.returncode, found.stdout), (1, ""))



if __name__ == "__main__":
    unittest.main()
