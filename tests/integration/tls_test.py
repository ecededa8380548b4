"""TLS is each device's own choice: a gate with both ports takes the camera that can and the one that cannot."""
import subprocess
import unittest

from case import ParkCase
from park import Board, Gate, Lane, until


class Tls(ParkCase):
    GATES = staticmethod(lambda: [Gate("gate-c", [Board("gate-c-board", [Lane("c-in", reader="plate"),
                                                                        Lane("c-out", "out", reader="plate")])])])
    START = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        park = cls.park
        park.start_controller()
        park.join("gate-c")
        home = park.agent_home("gate-c")
        cls.cert, cls.port = home / "gate.pem", park.http_ports["gate-c"] + 1
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", home / "gate.key",
                        "-out", cls.cert], check=True, capture_output=True)
        with open(home / "agent.conf", "a", encoding="utf-8") as conf:
            conf.write(f"http_cert = {cls.cert}\nhttp_key = {home}/gate.key\nhttps_port = {cls.port}\n")
        park.start_agent("gate-c")
        until("the gate is online", lambda: park.gate_state("gate-c") == "online")

    def post(self, url, plate, *more):
        program = self.park.programs.path("peer-hikvision")
        return subprocess.run([program, "anpr", "--url", url, "--plate", plate, *more], capture_output=True, text=True,
                              timeout=60, check=False)

    def test_one_posts_plain_and_one_over_tls(self):
        plain = self.park.url("c-out")
        secure = self.park.url("c-in").replace("http://", "https://").replace(f":{self.port - 1}/", f":{self.port}/")
        until("the plain port answers", lambda: self.post(plain, "浙A00001").returncode == 0)
        done = self.post(secure, "浙A00002", "--ca-file", str(self.cert))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for lane in ("c-in", "c-out"):
            self.park.wait_events(f"a read at {lane}", {"kind": "presentation", "lane": lane})
        self.assertNotEqual(self.post(secure.replace("https", "http"), "浙A00003").returncode, 0)
        self.assertNotEqual(self.post(secure, "浙A00004").returncode, 0, "a device that does not know the certificate")


if __name__ == "__main__":
    unittest.main()
