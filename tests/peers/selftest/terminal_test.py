"""The emulated face terminal keeps people, opens only as its settings say, and proves both: Python's own HTTP client with
its own digest against it, and a small server that it posts to."""
import http.server
import json
import os
import sys
import threading
import unittest
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import peerlib  # noqa: E402

AC = "/ISAPI/AccessControl/"


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "Authorization" not in self.headers:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Digest realm="gate", nonce="n1", qop="auth", algorithm=MD5')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.bodies.append(json.loads(body)["AccessControllerEvent"])
        with self.server.heard:
            self.server.heard.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Terminal(unittest.TestCase):
    def setUp(self):
        self.sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
        self.sink.bodies, self.sink.heard = [], threading.Condition()
        self.addCleanup(self.sink.server_close)
        self.addCleanup(self.sink.shutdown)
        threading.Thread(target=self.sink.serve_forever, daemon=True).start()
        directory = peerlib.directory()
        self.addCleanup(directory.cleanup)
        self.peer = peerlib.Peer(os.path.join(os.path.dirname(HERE), "peer_terminal.py"), "--listen", "127.0.0.1:0",
                                 "--account", "gate:secret", "--url", f"http://127.0.0.1:{self.sink.server_port}/hik/f",
                                 "--poster", os.path.join(os.environ["PEERS_DIR"], "peer-hikvision"),
                                 control=os.path.join(directory.name, "t.ctl"))
        self.addCleanup(self.peer.stop)

    def ask(self, method, name, body=None, password="secret"):
        """(status, JSON) of one request."""
        base = f"http://{self.peer.ready['http']}"
        accounts = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        accounts.add_password(None, base, "gate", password)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPDigestAuthHandler(accounts))
        request = urllib.request.Request(base + AC + name, method=method, data=json.dumps(body).encode() if body else None)
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def add(self, number):
        return self.ask("POST", "UserInfo/Record?format=json", {"UserInfo": {"employeeNo": number, "userType": "normal"}})

    def search(self, number):
        _, answer = self.ask("POST", "UserInfo/Search?format=json", {"UserInfoSearchCond": {
            "searchID": "1", "searchResultPosition": 0, "maxResults": 5, "EmployeeNoList": [{"employeeNo": number}]}})
        return answer["UserInfoSearch"]["numOfMatches"]

    def test_without_the_account_nothing(self):
        self.assertEqual(self.ask("GET", "AcsCfg?format=json", password="wrong")[0], 401)
        self.assertEqual(self.peer.do("requests AcsCfg"), "0")

    def test_people_are_kept_and_shown(self):
        self.assertEqual(self.add("E1")[1]["statusCode"], 1)
        self.assertEqual(self.add("E1")[1]["subStatusCode"], "employeeNoAlreadyExist")
        self.add("E2")
        self.assertEqual(self.peer.do("people"), "E1 E2")
        self.assertEqual(json.loads(self.peer.do("person E1")), {"employeeNo": "E1", "userType": "normal"})
        self.assertEqual((self.search("E1"), self.search("E3")), (1, 0))

    def test_a_deletion_takes_its_time(self):
        self.add("E1")
        self.peer.do("enrol E1")
        self.peer.do("deletion 300")
        body = {"UserInfoDetail": {"mode": "byEmployeeNo", "EmployeeNoList": [{"employeeNo": "E1"}]}}
        self.assertEqual(self.ask("PUT", "UserInfoDetail/Delete?format=json", body)[1]["statusCode"], 1)
        progress = self.ask("GET", "UserInfoDetail/DeleteProcess?format=json")[1]["UserInfoDetailDeleteProcess"]["status"]
        self.assertEqual((progress, self.search("E1")), ("processing", 1))
        while progress == "processing":
            progress = self.ask("GET", "UserInfoDetail/DeleteProcess?format=json")[1]["UserInfoDetailDeleteProcess"]["status"]
        self.assertEqual((progress, self.search("E1"), self.peer.do("people")), ("success", 0, ""))
        self.assertIn("faces=0", self.peer.do("show"))

    def look(self, answer=None):
        """Somebody looks; the answer to remoteCheck, or none."""
        result = []
        looker = threading.Thread(target=lambda: result.append(self.second.do("look E1 1500")))
        looker.start()
        if answer:
            with self.sink.heard:
                self.sink.heard.wait_for(lambda: any(body.get("remoteCheck") for body in self.sink.bodies), 10)
            serial = [body["serialNo"] for body in self.sink.bodies if body.get("remoteCheck")][-1]
            self.ask("PUT", "remoteCheck?format=json", {"RemoteCheck": {"serialNo": serial, "checkResult": answer}})
        looker.join(10)
        return result[0]

    def test_it_opens_as_it_is_told(self):
        self.add("E1")
        self.peer.do("enrol E1")
        self.second = peerlib.Peer.__new__(peerlib.Peer)
        self.second.control_path, self.second.stream, self.second.socket = self.peer.control_path, None, None
        self.assertEqual(self.look("success"), "opened")
        self.sink.bodies.clear()
        self.assertEqual(self.look("failed"), "refused")
        self.assertNotIn(21, [body["subEventType"] for body in self.sink.bodies])
        self.assertTrue(self.look().startswith("timeout"))
        self.peer.do("set offlineDevCheckOpenDoorEnabled true")
        self.assertEqual(self.look(), "offline")
        self.peer.do("set remoteCheckDoorEnabled false")
        self.assertEqual(self.look(), "alone")
        self.assertIn("unlocks=3", self.peer.do("show"))
        self.assertEqual(self.sink.bodies[-1]["subEventType"], 21)
        self.assertEqual(self.peer.do("look E9"), "stranger")
        self.second.stream.close()
        self.second.socket.close()


if __name__ == "__main__":
    unittest.main()
