"""Figures for a monitoring system, from the command line and from the controller's port: the format by a strict reader,
the figures beside the truth, the port's bounds against real sockets. The reader itself is tried with bad pages."""
import contextlib
import socket
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

import exposition
from case import ParkCase, foot_gate
from park import GREEN, until

GOOD = b"""# HELP a_total Things.
# TYPE a_total counter
a_total 3
# HELP b Level.
# TYPE b gauge
b{x="1",y="a\\"b\\\\c\\nd"} -2.5
b{x="2",y=""} +Inf
# HELP t_seconds Times.
# TYPE t_seconds histogram
t_seconds_bucket{le="0.5"} 1
t_seconds_bucket{le="+Inf"} 4
t_seconds_sum 3.5
t_seconds_count 4
"""

BAD = (
    (b"a_total 3\n# HELP b", b"a_total 3\n\n# HELP b"), (b"a_total 3\n", b"a_total 3 \n"),
    (b"a_total 3\n", b"a_total  3\n"), (b"a_total 3\n", b"a_total 3\r\n"), (b"a_total 3\n", b"a_total three\n"),
    (b"a_total 3\n", b"a_total -3\n"), (b"a_total 3\n", b"a_total{} 3\n"), (b"a_total 3\n", b"a-total 3\n"),
    (b"a_total 3\n", b"a_total 3\na_total 4\n"), (b"a_total 3\n", b""), (b"a_total 3\n", b"a_total 0x3\n"),
    (b"# TYPE a_total counter\n", b""), (b"# HELP a_total Things.\n", b""), (b"a_total counter", b"a_total count"),
    (b"# HELP a_total Things.\n# TYPE a_total counter\n", b"# TYPE a_total counter\n# HELP a_total Things.\n"),
    (b"a_total counter", b"a_total gauge"), (b"Things.", b"Thi\\ngs\\."), (b"# HELP a_total", b"#HELP a_total"),
    (b'x="1",y', b'x="1", y'), (b'x="1",y', b'x="1"y'), (b'x="1",y', b'x="1",x'), (b'x="1",y', b'__x="1",y'),
    (b'y=""}', b'y="",}'), (b'y=""}', b"y=}"), (b'y=""}', b'y="\\t"}'), (b'y=""}', b'y="""}'), (b'x="2"', b'2x="2"'),
    (b'le="0.5"} 1', b'le="0.5"} 5'), (b'le="+Inf"} 4', b'le="9"} 4'), (b"_count 4", b"_count 5"),
    (b"t_seconds_sum 3.5\n", b""), (b't_seconds_bucket{le="0.5"} 1\n', b"t_seconds_bucket 1\n"),
    (b"t_seconds_count 4\n", b"t_seconds_count 4\nb 4\n"), (b"t_seconds_count 4\n", b"t_seconds_count 4"),
    (b"Things.", b"Th\x01ings."), (b"t_seconds_sum 3.5", b"t_seconds 3.5"),
)


class Reader(unittest.TestCase):
    def test_a_good_page(self):
        families = exposition.read(GOOD)
        self.assertEqual(list(families), ["a_total", "b", "t_seconds"])
        self.assertEqual(exposition.value_of(families, "b", x="1", y='a"b\\c\nd'), -2.5)
        self.assertEqual(exposition.value_of(families, "t_seconds_count"), 4)

    def test_bad_pages_are_refused(self):
        for old, new in BAD:
            with self.subTest(new=new):
                self.assertEqual(GOOD.count(old), 1)
                with self.assertRaises(exposition.Wrong):
                    exposition.read(GOOD.replace(old, new))


class Metrics(ParkCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])
    START = False  # gate-b never joins

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metrics_port = cls.park.ports.block()
        conf = cls.park.home / "controller.conf"
        conf.write_text(conf.read_text() + f"metrics_port = {cls.metrics_port}\n")
        cls.park.start_controller()
        gate = cls.park.gates[0].name
        cls.park.join(gate)
        cls.park.start_agent(gate)
        cls.park.wait_gate(gate)

    def printed(self, *more):
        program = self.park.programs.path("parkgate")
        done = subprocess.run([program, "--dir", str(self.park.home), "status", "--metrics", *more], env=self.park.env,
                              capture_output=True, timeout=60, check=True)
        return done.stdout

    def scrape(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=20) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            return answer.read()

    def connected(self):
        return socket.create_connection(("127.0.0.1", self.metrics_port), timeout=20)

    def test_both_ways_give_a_page_of_the_same_metrics(self):
        pages = [exposition.read(self.printed()), exposition.read(self.scrape())]
        self.assertEqual(list(pages[0]), list(pages[1]))
        for families in pages:
            self.assertGreater(len(families), 40)
            self.assertGreater(exposition.check_bounds(families), 10)
            self.assertTrue(all(name.startswith("parkgate_") for name in families))

    def test_figures_are_those_of_the_controller(self):
        self.person()
        until("the gate is heard", lambda: exposition.value_of(exposition.read(self.printed()), "parkgate_gate_online",
                                                               gate="gate-a") == 1)
        families = exposition.read(self.printed())
        head = int(self.park.cli("journal", "head")["seq"])
        self.assertLessEqual(exposition.value_of(families, "parkgate_journal_entries_total"), head)
        self.assertGreater(exposition.value_of(families, "parkgate_journal_entries_total"), 5)
        self.assertEqual(exposition.value_of(families, "parkgate_gate_online", gate="gate-b"), 0)
        self.assertEqual(exposition.value_of(families, "parkgate_zone_persons_limit", zone="yard"), 100)
        self.assertEqual(exposition.value_of(families, "parkgate_agents"), 1)
        for name in ("parkgate_commit_seconds_count", "parkgate_turn_seconds_count", "parkgate_anonymous_bytes",
                     "parkgate_store_disk_free_bytes", "parkgate_store_used_bytes"):
            labels = {"store": "store"} if "store" in name else {}
            self.assertGreater(exposition.value_of(families, name, **labels), 0, name)
        fds = exposition.value_of(families, "parkgate_open_fds")
        self.assertTrue(10 < fds < exposition.value_of(families, "parkgate_open_fds_limit"), fds)

    def test_json_and_the_other_language(self):
        rows = self.park.rows("status", "--metrics")
        agents = [row for row in rows if row["metric"] == "parkgate_agents"]
        self.assertEqual([(row["labels"], row["value"], row["bound"]) for row in agents], [("", "1", "200")])
        chinese = exposition.read(self.printed("--lang", "zh"))
        self.assertEqual(chinese["parkgate_agents"].help, "已握手的出入口代理数。")
        self.assertEqual(list(chinese), list(exposition.read(self.printed())))

    def test_no_person_is_shown(self):
        person, uid = self.person()
        pages = (self.printed() + self.scrape()).decode()
        for secret in (person, uid, uid.lower(), "测试", "33010219900101"):
            self.assertNotIn(secret, pages)

    def test_the_port_serves_one_thing(self):
        for method, path, status in (("POST", "/metrics", 405), ("DELETE", "/metrics", 405), ("GET", "/", 404),
                                     ("GET", "/metrics/", 404), ("GET", "/../metrics", 404)):
            with self.subTest(method=method, path=path), self.connected() as line:
                line.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
                answer = line.makefile("rb").read()
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer)
                self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_the_port_is_on_loopback_alone(self):
        with open("/proc/net/tcp", encoding="ascii") as table:
            listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
        self.assertEqual([address for address in listening if address.endswith(f":{self.metrics_port:04X}")],
                         [f"0100007F:{self.metrics_port:04X}"])

    def test_many_who_ask_at_once_hold_nothing_up(self):
        """Idle connections and a crowd of scrapes; operators are served meanwhile."""
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                stack.enter_context(self.connected()).sendall(b"GET /metr")
            self.assertEqual(self.park.cli("status")["park"], "Test Park")
        answers = []

        def ask():
            with contextlib.suppress(OSError, urllib.error.URLError):
                answers.append(self.scrape())
        crowd = [threading.Thread(target=ask) for _ in range(20)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join(60)
        self.assertEqual(self.park.cli("status")["park"], "Test Park")
        for page in answers:
            exposition.read(page)
        until("a scrape is answered again", self.scrape)


class AgentMetrics(ParkCase):
    """One box with its own port: a passage, then the controller gone."""

    START = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metrics_port = cls.park.ports.block()
        cls.park.start_controller()
        cls.park.join("gate-a")
        with open(cls.park.agent_home("gate-a") / "agent.conf", "a", encoding="utf-8") as conf:
            conf.write(f"metrics_port = {cls.metrics_port}\n")
        cls.park.start_agent("gate-a")
        cls.park.wait_gate("gate-a")

    def figures(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=20) as answer:
            families = exposition.read(answer.read())
        self.assertGreater(exposition.check_bounds(families), 5)
        return families

    def value(self, name, **labels):
        return exposition.value_of(self.figures(), name, **labels)

    def test_a_box_shows_its_own(self):
        families = self.figures()
        self.assertEqual(exposition.value_of(families, "parkgate_agent_link_up"), 1)
        self.assertEqual(exposition.value_of(families, "parkgate_agent_alone"), 0)
        self.assertEqual(exposition.value_of(families, "parkgate_agent_device_up", device="gate-a-board"), 1)
        person, uid = self.person()
        reader, board = self.park.reader("gate-a-in"), self.park.turnstile("gate-a")
        self.assertEqual(board.after("gate-a-in", lambda: reader.card(uid))["colour"], GREEN)
        reader.remove()
        families = until("its verdict is counted", lambda: (lambda f: f if exposition.value_of(
            f, "parkgate_agent_answer_seconds_count") == 1 else None)(self.figures()))
        longest = exposition.value_of(families, "parkgate_agent_answer_longest_seconds")
        self.assertTrue(0 < longest < exposition.value_of(families, "parkgate_agent_answer_longest_seconds_limit"))
        self.assertEqual(exposition.value_of(families, "parkgate_agent_answer_seconds_sum"), longest)
        until("the outbox is empty", lambda: self.value("parkgate_agent_outbox_events") == 0)
        page = "".join(f"{name}{labels}" for family in self.figures().values() for name, labels, _ in family.samples)
        for secret in (person, uid, uid.lower()):
            self.assertNotIn(secret, page)

    def test_b_alone(self):
        """After the other: the controller ends, and the box says so, with what waits for it."""
        self.park.controller.end()
        until("it decides by itself", lambda: self.value("parkgate_agent_alone") == 1)
        until("the link is down", lambda: self.value("parkgate_agent_link_up") == 0)
        self.assertGreater(self.value("parkgate_agent_controller_silence_seconds"), 0)
        reader = self.park.reader("gate-a-in")
        reader.card("04DEADBEEF0101")
        until("the read waits in the outbox", lambda: self.value("parkgate_agent_outbox_events") > 0)
        reader.remove()


class PortTaken(ParkCase):
    START = False

    def test_the_controller_serves_without_its_port(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            conf = self.park.home / "controller.conf"
            conf.write_text(conf.read_text() + f"metrics_port = {other.getsockname()[1]}\n")
            self.park.start_controller()
            line = self.park.controller.wait_event("metrics_port_failed")
            self.assertIn(f'what="metrics: cannot listen on 127.0.0.1 port {other.getsockname()[1]}: '
                          'Address already in use"', line)
            self.assertEqual(self.park.cli("status")["park"], "Test Park")


if __name__ == "__main__":
    unittest.main(verbosity=2)
