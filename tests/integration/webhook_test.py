"""Goal: who listens outside is told of each alert, signed, in order and once, though receiver, webhook or controller are
down meanwhile; nothing about a person leaves. Method: real processes; a receiver that is down, then busy, then refuses,
and that checks each signature with hmac of Python's own."""
import hashlib
import hmac
import http.server
import json
import os
import secrets
import signal
import socket
import stat
import threading
import unittest

from case import ParkCase, foot_gate
from park import Daemon, until

KEYS = ["seq", "alert", "event", "kind", "lane", "priority"]


class Receiver:
    """Answers 200, or what `answers` says next; keeps what it took."""

    def __init__(self, port, secret):
        self.taken, self.tried, self.answers, self.wrong = [], [], [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stamp, _, mac = self.headers["X-Parkgate-Signature"].removeprefix("t=").partition(",v1=")
                wanted = hmac.new(bytes.fromhex(secret), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
                line = json.loads(body)
                if mac != wanted or self.headers["X-Parkgate-Delivery"] != str(line["seq"]) or list(line) != KEYS:
                    receiver.wrong.append((body, dict(self.headers)))
                status = receiver.answers.pop(0) if receiver.answers else 200
                receiver.tried.append(line)
                if status == 200:
                    receiver.taken.append(line)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self, event):
        return [line for line in self.taken if line["event"] == event]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Webhook(ParkCase):
    GATES = staticmethod(lambda: [foot_gate(name) for name in ("gate-a", "gate-b", "gate-c")])
    START = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.socket = str(cls.park.devices / "alerts.sock")
        with open(cls.park.home / "controller.conf", "a", encoding="utf-8") as conf:
            conf.write(f"alert_socket = {cls.socket}\n")
        cls.park.start_controller()
        for gate in ("gate-a", "gate-b", "gate-c"):
            cls.park.join(gate)
        cls.port, cls.secret = cls.park.ports.block(), secrets.token_hex(32)
        cls.home = cls.park.directory / "webhook"
        cls.home.mkdir()
        (cls.home / "secret").write_text(cls.secret + "\n", encoding="ascii")
        (cls.home / "webhook.conf").write_text(
            f"socket = {cls.socket}\nurl = http://127.0.0.1:{cls.port}/alerts\nsecret_file = {cls.home}/secret\n"
            f"dir = {cls.home}\n", encoding="ascii")
        cls.webhook = Daemon("webhook", [cls.park.programs.path("parkgate-webhook"), "--config", cls.home / "webhook.conf"],
                             cls.park.logs / "webhook.log", cls.park.env)
        cls.addClassCleanup(cls.webhook.kill)

    def lines(self, first, wanted):
        """What a plain reader of the socket is told, until `wanted` lines came."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(20)
            line.connect(self.socket)
            line.sendall(first)
            return [json.loads(text) for _, text in zip(range(wanted), line.makefile("rb"))]

    def open_alerts(self, kind):
        return [int(row["alert"]) for row in self.park.rows("alert", "list", "--kind", kind)]

    def carry_to_its_end(self, number):
        for step in ("ack", "dispatch", "confirm", "close"):
            self.park.cli("alert", step, number, "--reason", "test")

    def test_nothing_is_lost_and_nothing_comes_twice(self):
        park = self.park
        self.webhook.start()
        self.webhook.wait_event("webhook_connected")
        until("it knows where it begins", (self.home / "cursor").exists)
        park.cli("agent", "revoke", "gate-a", "--reason", "test")
        self.webhook.wait_event("webhook_failed")  # nobody listens
        park.cli("agent", "revoke", "gate-b", "--reason", "test")
        self.webhook.kill()  # in the middle of its tries
        park.cli("agent", "revoke", "gate-c", "--reason", "test")
        park.controller.kill()
        park.start_controller()
        receiver = Receiver(self.port, self.secret)
        self.addCleanup(receiver.stop)
        receiver.answers = [503, 429, 500]
        self.webhook.start()
        raised = until("all three came", lambda: [line for line in receiver.events("raised") if line["kind"] == "gate-quarantined"][2:]
                       and [line for line in receiver.events("raised") if line["kind"] == "gate-quarantined"])
        self.assertEqual([line["priority"] for line in raised], [1, 1, 1])
        self.assertEqual(sorted(line["alert"] for line in raised), sorted(self.open_alerts("gate-quarantined")))
        self.assertGreater(len(receiver.tried), len(receiver.taken))

        # An outage in the middle of the work, and a receiver that wants one of them not at all.
        first, second, third = sorted(line["alert"] for line in raised)
        receiver.stop()
        self.carry_to_its_end(first)
        receiver = Receiver(self.port, self.secret)
        self.addCleanup(receiver.stop)
        until("it is told that the first is closed", lambda: [x for x in receiver.events("closed") if x["alert"] == first])
        until("it is up to date", lambda: self.cursor() >= receiver.taken[-1]["seq"])
        receiver.answers = [400] * 5
        self.carry_to_its_end(second)
        self.webhook.wait_event("webhook_dead_letter")
        self.carry_to_its_end(third)
        until("the next one comes all the same", lambda: [x for x in receiver.events("closed") if x["alert"] == third])
        dead = [json.loads(line) for line in (self.home / "dead-letters").read_text(encoding="ascii").splitlines()]
        self.assertEqual(len(dead), 1)
        self.assertNotIn(dead[0]["seq"], [line["seq"] for line in receiver.taken])
        self.assertEqual(receiver.wrong, [])
        for line in receiver.taken:
            self.assertEqual(list(line), KEYS)
        seqs = [line["seq"] for line in receiver.taken]
        self.assertEqual(seqs, sorted(set(seqs)))
        self.webhook.send(signal.SIGTERM)
        self.webhook.wait()

        # The socket by itself: the same, to whoever may read it, from wherever he was.
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o600)
        told = self.lines(b"after 0\n", 4)
        self.assertEqual([list(line) for line in told], [KEYS] * 4)
        again = self.lines(b"after %d\n" % told[1]["seq"], 2)
        self.assertEqual(again, told[2:])
        self.assertEqual(self.lines(b"now\n", 1)[0]["event"], "begin")
        for wrong in (b"after\n", b"after x\n", b"after 1 \n", b"\n", b"x" * 100, b"after -1\n"):
            with self.subTest(wrong=wrong), socket.socket(socket.AF_UNIX) as line:
                line.settimeout(20)
                line.connect(self.socket)
                line.sendall(wrong)
                try:
                    self.assertEqual(line.recv(100), b"")
                except ConnectionResetError:
                    pass
        self.assertEqual(park.cli("journal", "verify")["result"], "good")

    def cursor(self):
        return int((self.home / "cursor").read_text(encoding="ascii"))

    def test_what_is_wrong_is_said(self):
        for text, why in (("", "socket"), (f"socket = {self.socket}\nurl = x\nsecret_file = /none\ndir = /tmp\n", "/none")):
            with self.subTest(why=why):
                conf = self.home / "wrong.conf"
                conf.write_text(text, encoding="ascii")
                wrong = Daemon("webhook", [self.park.programs.path("parkgate-webhook"), "--config", conf],
                               self.park.logs / "wrong.log", self.park.env)
                wrong.start()
                self.assertIn(why, wrong.wait_event("webhook_stopped"))
                self.assertEqual(wrong.wait(), 1)


if __name__ == "__main__":
    unittest.main()
