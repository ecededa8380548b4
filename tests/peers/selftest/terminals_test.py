"""Goal: the emulated Uniview and ZKTeco terminals say what the real ones do, and take an answer as they do. Method: a server
of Python's own that records each request and gives the answers of a list."""
import http.server
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminals import AccTerminal, AttTerminal, Uniview  # noqa: E402


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answers = [], []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, body))
        status, text = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Terminals(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def terminal(self, kind, *args, **more):
        terminal = kind("127.0.0.1", self.port, *args, **more)
        self.addCleanup(terminal.http.close)
        return terminal

    def test_uniview(self):
        terminal = self.terminal(Uniview)
        self.server.answers = [(200, '{"Response":{"StatusCode":0}}'), (200, '{"Response":{"StatusCode":1}}'), (503, "{}")]
        self.assertTrue(terminal.person(5, history=True))
        self.assertFalse(terminal.person(5))
        self.assertFalse(terminal.person(5))
        method, path, body = self.server.requests[0]
        self.assertEqual((method, path), ("POST", "/LAPI/V1.0/System/Event/Notification/PersonVerification"))
        self.assertTrue(body.endswith(b"}\r\n"))  # counted in the declared length
        said = json.loads(body)
        self.assertEqual((said["NotificationType"], said["LibMatInfoList"][0]["LibType"]), (1, 3))
        for key in ("Seq", "DeviceCode", "Timestamp", "FaceInfoList", "CardInfoList", "GateInfoList", "LibMatInfoNum"):
            self.assertIn(key, said)

    def test_attendance_keeps_what_is_not_accepted(self):
        terminal = self.terminal(AttTerminal, "SN1")
        self.server.answers = [(200, "GET OPTION FROM: SN1\nDelay=10\n"), (503, ""), (200, "error"), (200, "OK: 2"), (200, "OK")]
        self.assertEqual(terminal.handshake(), {"Delay": "10"})
        terminal.punch("00042", at=0)
        terminal.punch("7", at=0, verify_first=True)
        self.assertEqual([terminal.send(), terminal.send(), terminal.send()], [False, False, True])
        self.assertEqual(terminal.waiting, [])
        self.assertEqual(terminal.poll(), [])
        _, path, body = self.server.requests[1]
        self.assertIn("/iclock/cdata?SN=SN1&table=ATTLOG", path)
        self.assertEqual(body, b"00042\t1970-01-01 08:00:00\t0\t15\t0\t0\t0\n7\t1970-01-01 08:00:00\t15\t0\t0\t0\t0\n")
        self.assertEqual(self.server.requests[1][2], self.server.requests[3][2])

    def test_access(self):
        terminal = self.terminal(AccTerminal, "SN2", slashes=True)
        self.server.answers = [(200, "registry=ok\nRegistryCode=ab\n"), (200, "RegistryCode=ab\n"), (200, "Realtime=1\n"), (200, "OK")]
        self.assertEqual(terminal.register(), {"Realtime": "1"})
        terminal.event(pin="7", card="99", at=0)
        self.assertTrue(terminal.send())
        self.assertEqual([path.split("?")[0] for _, path, _ in self.server.requests],
                         ["/iclock/cdata", "/iclock/registry", "/iclock/push", "/iclock/cdata"])
        fields = dict(field.split("=") for field in self.server.requests[3][2].decode().strip().split("\t"))
        self.assertEqual([fields[key] for key in ("time", "pin", "cardno", "event", "verifytype")],
                         ["1970/01/01 08:00:00", "7", "99", "0", "15"])


if __name__ == "__main__":
    unittest.main()
