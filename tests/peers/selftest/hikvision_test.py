"""The emulated cameras and terminals send what the devices' documents say: a small HTTP server keeps each
request, and Python's own XML, JSON and MIME readers take the bodies apart."""
import hashlib
import http.server
import json
import os
import re
import subprocess
import threading
import unittest
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

PROGRAM = os.path.join(os.environ["PEERS_DIR"], "peer-hikvision")
SPACES = {"isapi": "http://www.isapi.org/ver20/XMLSchema",
          "hikvision": "http://www.hikvision.com/ver20/XMLSchema",
          "std-cgi": "http://www.std-cgi.com/ver10/XMLSchema"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def authorized(self):
        scheme = self.server.digest
        if scheme is None:
            return True
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', self.headers.get("Authorization", "")))
        hashed = (lambda text: hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[scheme],
                                           text.encode()).hexdigest())
        first, second = hashed("camera:gate:secret"), hashed("POST:" + self.path)
        right = hashed(":".join((first, fields.get("nonce", ""), fields.get("nc", ""),
                                 fields.get("cnonce", ""), "auth", second)))
        return fields.get("response") == right

    def do_POST(self):
        body = self.body()
        status = self.server.status
        if not self.authorized():
            status = 401
        else:
            self.server.requests.append((self.client_address, self.headers, body))
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", f'Digest realm="gate", nonce="n1", qop="auth", '
                             f'algorithm={self.server.digest}')
        self.send_header("Content-Length", "0")
        self.end_headers()


class Hikvision(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.requests, self.server.status, self.server.digest = [], 200, None
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hik"

    def run_peer(self, *words, text=None):
        run = subprocess.run([PROGRAM, *words, "--url", self.url], input=text, text=True, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return run.returncode, run.stdout, run.stderr

    def post(self, *words):
        """Posts one event; returns its Content-Type and body."""
        status, out, error = self.run_peer(*words)
        self.assertEqual((status, out), (0, "200\n"), error)
        _, headers, body = self.server.requests.pop()
        return headers["Content-Type"], body

    def parts(self, kind, body, eol=b"\r\n"):
        """Takes a multipart body apart by Content-Length: a list of (header text, content)."""
        boundary = re.fullmatch("multipart/form-data; boundary=(.+)", kind).group(1).encode()
        found = []
        while not body.startswith(b"--" + boundary + b"--" + eol):
            head, body = body.split(eol + eol, 1)
            self.assertTrue(head.startswith(b"--" + boundary + eol))
            length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
            found.append((head.decode(), body[:length]))
            self.assertEqual(body[length:length + len(eol)], eol)
            body = body[length + len(eol):]
        self.assertEqual(body, b"--" + boundary + b"--" + eol)
        return found

    def test_anpr_multipart(self):
        kind, body = self.post("anpr", "--plate", "浙A12345", "--uuid", "U1", "--device-uuid", "D1")
        parts = self.parts(kind, body)
        self.assertEqual(kind, "multipart/form-data; boundary=boundary")
        self.assertEqual([re.search(' name="([^"]+)"', head).group(1) for head, _ in parts],
                         ["anpr.xml", "licensePlatePicture.jpg", "detectionPicture.jpg"])
        root = ElementTree.fromstring(parts[0][1])
        value = {e.tag.split("}")[1]: e.text for e in root.iter()}
        self.assertEqual(root.tag, "{%s}EventNotificationAlert" % SPACES["isapi"])
        for name, wanted in (("licensePlate", "浙A12345"), ("eventType", "ANPR"), ("UUID", "U1"),
                             ("deviceUUID", "D1"), ("direction", "forward"), ("picNum", "2"),
                             ("confidenceLevel", "98"), ("plateCharBelieve", ",".join(["99"] * 7))):
            self.assertEqual(value[name], wanted, name)
        for typo in ("palteTypeByGAT", "vehicelRect", "vehileModel", "plateColorByGAT", "plateRect"):
            self.assertIn(typo, value)
        age = datetime.now(timezone.utc) - datetime.fromisoformat(value["dateTime"])
        self.assertLess(abs(age.total_seconds()), 30)
        for _, picture in parts[1:]:
            self.assertEqual((picture[:3], picture[-2:], len(picture)),
                             (b"\xff\xd8\xff", b"\xff\xd9", 2000))

    def test_anpr_spaces_prefix_bare(self):
        for space, uri in SPACES.items():
            for prefix in ("", "ns1"):
                kind, body = self.post("anpr", "--plate", "unknown", "--ns", space, "--form", "bare",
                                       "--confidence", "98.5", "--prefix", prefix)
                root = ElementTree.fromstring(body)
                self.assertEqual(root.tag, "{%s}EventNotificationAlert" % uri)
                self.assertEqual(b"<ns1:licensePlate>unknown<" in body, prefix != "")
                self.assertEqual(b"UUID>" in body.replace(b"deviceUUID>", b""), space != "std-cgi")
                self.assertEqual(b"vehicleInfo" in body, space != "std-cgi")
                self.assertIn(b"confidenceLevel>98.5<", body)
                self.assertTrue(kind.startswith("application/xml"))
                self.assertTrue(body.startswith(b"<?xml "))

    def test_anpr_oddities(self):
        kind, body = self.post("anpr", "--plate", "A<&B", "--no-decl", "--no-datetime", "--boundary",
                               "MIME_boundary", "--picture-no-name", "--picture-boundary",
                               "--picture", "300", "--xml-part", "xml_file", "--lf-only")
        self.assertEqual(kind, "multipart/form-data; boundary=MIME_boundary")
        parts = self.parts(kind, body, b"\n")
        self.assertIn('name="xml_file"', parts[0][0])
        self.assertTrue(parts[0][1].startswith(b"<EventNotificationAlert"))
        self.assertNotIn(b"dateTime", parts[0][1])
        self.assertIn(b"<licensePlate>A&lt;&amp;B<", parts[0][1])
        for head, picture in parts[1:]:
            self.assertNotIn(" name=", head)
            self.assertIn("application/octet-stream", head)
            self.assertIn(b"--MIME_boundary", picture)

    def test_time_and_other_events(self):
        _, body = self.post("other", "--event", "fielddetection", "--form", "bare", "--time",
                            "1970-01-01T00:00:09+08:00")
        self.assertIn(b"<eventType>fielddetection<", body)
        self.assertIn(b"<dateTime>1970-01-01T00:00:09+08:00<", body)
        self.assertNotIn(b"ANPR", body)
        _, body = self.post("anpr", "--plate", "A", "--form", "bare", "--ago", "3600")
        text = re.search(rb"<dateTime>([^<]+)<", body).group(1).decode()
        age = datetime.now(timezone.utc) - datetime.fromisoformat(text)
        self.assertAlmostEqual(age.total_seconds(), 3600, delta=30)

    def test_access_json(self):
        kind, body = self.post("access", "--employee", "E01", "--name", '张"三', "--serial", "77")
        self.assertTrue(kind.startswith("application/json"))
        envelope = json.loads(body)
        event = envelope["AccessControllerEvent"]
        self.assertEqual(envelope["eventType"], "AccessControllerEvent")
        self.assertEqual((event["majorEventType"], event["subEventType"], event["serialNo"],
                          event["frontSerialNo"], event["employeeNoString"], event["name"],
                          event["currentEvent"]), (5, 75, 77, 76, "E01", '张"三', True))
        self.assertNotIn("age", event)
        self.assertLess(event["FaceRect"]["x"], 1)

    def test_access_variants(self):
        _, body = self.post("access", "--card", "12345", "--major", "5", "--minor", "1",
                            "--current-event", "false", "--no-eventtype", "--no-datetime",
                            "--demographics")
        envelope = json.loads(body)
        event = envelope["AccessControllerEvent"]
        self.assertNotIn("eventType", envelope)
        self.assertNotIn("dateTime", envelope)
        self.assertEqual((event["currentEvent"], event["cardNo"], event["age"]), (False, "12345", 34))
        _, body = self.post("access", "--current-event", "absent", "--minor", "21")
        self.assertNotIn("currentEvent", json.loads(body)["AccessControllerEvent"])

    def test_access_multipart(self):
        for eol, words in ((b"\r\n", ()), (b"\n", ("--lf-only",))):
            kind, body = self.post("access", "--employee", "E01", "--form", "multipart", *words)
            parts = self.parts(kind, body, eol)
            self.assertEqual(kind, "multipart/form-data; boundary=MIME_boundary")
            self.assertEqual(len(parts), 2)
            self.assertIn("application/json", parts[0][0])
            self.assertIn("AccessControllerEvent", json.loads(parts[0][1]))
            self.assertEqual(parts[1][1][:3], b"\xff\xd8\xff")

    def test_serials_and_uuids_differ(self):
        lines = "access --employee E1\n" * 3 + "anpr --plate A --form bare\n" * 3
        status, out, error = self.run_peer("batch", "-", text=lines)
        self.assertEqual((status, out), (0, "".join(f"{n} 200\n" for n in range(1, 7))), error)
        serials = [json.loads(b)["AccessControllerEvent"]["serialNo"]
                   for _, _, b in self.server.requests[:3]]
        self.assertEqual(serials, list(range(serials[0], serials[0] + 3)))
        uuids = {re.search(b"<UUID>(.*?)<", b).group(1) for _, _, b in self.server.requests[3:]}
        self.assertEqual(len(uuids), 3)
        self.assertEqual(len({address for address, _, _ in self.server.requests}), 1)  # keep-alive

    def test_batch_goes_on_and_reports(self):
        lines = "# a comment\n\n+1 anpr --plate '浙A 1'\nfly\naccess --expect 404\n+x anpr\n" \
                "anpr --plate B\n"
        status, out, error = self.run_peer("batch", "-", text=lines)
        self.assertEqual((status, out), (2, "3 200\n5 200\n7 200\n"))
        self.assertIn("line 4: fly is no kind of posting", error)
        self.assertIn("line 6: a delay is +MILLISECONDS", error)

    def test_repeat_is_the_same_bytes(self):
        status, out, _ = self.run_peer("access", "--employee", "E01", "--repeat", "3")
        self.assertEqual((status, out), (0, "200\n" * 3))
        self.assertEqual(len({body for _, _, body in self.server.requests}), 1)

    def test_raw_and_huge(self):
        kind, body = self.post("raw", "--file", __file__, "--content-type", "text/x-garbage")
        with open(__file__, "rb") as file:
            self.assertEqual((kind, body), ("text/x-garbage", file.read()))
        for words in ((), ("--chunked",)):
            _, body = self.post("huge", "--bytes", "3000000", *words)
            self.assertEqual(body, b"x" * 3000000)

    def test_digest(self):
        for scheme in ("MD5", "SHA-256"):
            self.server.digest = scheme
            self.post("anpr", "--plate", "A", "--digest", "camera:secret")
            self.post("huge", "--bytes", "100000", "--user", "camera", "--password", "secret")
            status, out, _ = self.run_peer("anpr", "--plate", "A", "--digest", "camera:wrong",
                                           "--expect", "401")
            self.assertEqual((status, out), (0, "401\n"))
            self.assertEqual(self.run_peer("anpr", "--plate", "A")[0], 1)

    def test_exit_status(self):
        self.server.status = 503
        self.assertEqual(self.run_peer("anpr", "--plate", "A")[:2], (1, "503\n"))
        self.assertEqual(self.run_peer("anpr", "--plate", "A", "--expect", "503")[0], 0)
        self.url = "http://127.0.0.1:1/"
        self.assertEqual(self.run_peer("anpr", "--plate", "A")[:2], (3, "0\n"))
        for words in (("anpr",), ("fly",), ("raw",), ("huge",), ("anpr", "--employee", "E"),
                      ("anpr", "--plate", "A", "--form", "json"), ("access", "--form", "bare"),
                      ("anpr", "--plate", "A", "--ns", "other"), ("access", "--serial", "-1"),
                      ("raw", "--file", "/nowhere"), ("batch", "/nowhere")):
            self.assertEqual(self.run_peer(*words)[0], 2, words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
