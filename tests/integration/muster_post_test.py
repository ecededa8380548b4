"""A muster post knows who is inside: the list lies there closed, a fire state or the muster key opens it, each opening is on record;
other gates hold no name. Real processes; the controller is killed, the post restarted, the disk searched for names."""
import os
import re
import resource
import signal
import stat
import subprocess
import unittest

from case import ParkCase, foot_gate
from park import Refused, until
import stores
from proxy import ParkByProxy

POST, OTHER = "gate-a", "gate-b"
SECRET_NAMES = ("测试1", "测试2")


class ParkWithKey(ParkByProxy):
    """Its park file has a muster key, and gate-a is the post."""

    def make(self):
        key = self._run(self.programs.path("parkgate"), "muster", "key", self.directory / "muster.key", "--json")
        public = re.search(r"[0-9a-f]{64}", key)[0]
        self.park_yaml = self.park_yaml.replace("park: {", "park: {muster_key: " + f'"{public}", ')
        super().make()

    def park_file(self):
        return super().park_file().replace(f"gates:\n  - name: {POST}\n", f"gates:\n  - name: {POST}\n    muster_post: true\n")


class MusterPost(ParkCase):
    PARK = ParkWithKey
    GATES = staticmethod(lambda: [foot_gate(POST), foot_gate(OTHER)])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.park.directory / "muster.key"
        cls.home = cls.park.agent_home(POST)
        cls.inside = [cls.person(), cls.person(tenant="cold-chain")]
        for lane, (_, uid) in zip((f"{POST}-in", f"{OTHER}-in"), cls.inside):
            cls.park.tap(lane, uid)
            cls.park.push(lane)
        until("two are inside", lambda: int(cls.park.cli("who")["inside"]) == 2)

    def setUp(self):
        """A list with both is there."""
        until("all openings before are told", lambda: not list(self.home.glob("muster-opened.*")) and
              all(row["told"] == "yes" for row in self.park.rows("muster", "gates")))
        self.head = int(self.park.cli("journal", "head")["seq"])
        if self.counted() != 2:
            self.new_list()
            until("the list has come", lambda: self.counted() == 2, 10)

    def new_list(self):
        """A post that has just come gets one at once."""
        self.assertEqual(self.park.agents[POST].end(), 0)
        self.park.start_agent(POST)

    def tearDown(self):
        park = self.park
        if not park.controller.runs():
            park.start_controller()
        until("the post is online", lambda: park.gate_state(POST) == "online")
        park.turnstile(POST).do("fire off")
        until("no board's input says fire", lambda: not any(
            word and not word.endswith("*") for row in park.rows("emergency", "show") for word in row["fire"].split(",")))
        if park.cli("emergency", "show")["emergency"] != "none":
            until("it is over", lambda: park.cli("emergency", "end", "--reason", "over"))
        until("names are closed", lambda: self.look().returncode == 1)

    def look(self, *more):
        return subprocess.run([self.park.programs.path("parkgate-agent"), "--dir", str(self.home), "--muster", *map(str, more)],
                              capture_output=True, text=True, timeout=30, check=False)

    def counted(self):
        found = re.search(r"^inside 在园: (\d+)$", self.look().stdout, re.M)
        return int(found[1]) if found else None

    def openings(self):
        return [event["text"] for event in self.park.events() if event["kind"] == "muster-opened" and int(event["seq"]) > self.head]

    def assert_closed(self, done):
        self.assertEqual(done.returncode, 1, done.stderr)
        for name in SECRET_NAMES:
            self.assertNotIn(name, done.stdout)
        self.assertIn("names are closed: no emergency is on here; give --key FILE, the muster key", done.stderr)
        self.assertIn("姓名未公开", done.stderr)

    def assert_open(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split("\t") for line in done.stdout.splitlines()]
        for name, tenant, (handle, _) in zip(SECRET_NAMES, ("sun-express", "cold-chain"), self.inside):
            row = next(row for row in rows if row[0] == name)
            self.assertEqual((row[1], row[2], row[4]), (tenant, "yard", handle))

    def in_the_clear(self, directory):
        """Files below it in which a name, or the list's key, stands."""
        found = []
        for path in directory.rglob("*"):
            if path.is_file() and any(name.encode() in path.read_bytes() for name in SECRET_NAMES):
                found.append(path)
        return found

    # --- closed, and who has it ---

    def test_closed_without_emergency_or_key(self):
        done = self.look()
        self.assert_closed(done)
        self.assertIn("sun-express\tyard\t1", done.stdout)
        self.assertIn("gates not heard 未报全的出入口: none", done.stdout)
        self.assertLess(int(re.search(r"^age 距今: (\d+) s$", done.stdout, re.M)[1]), 90)
        path = self.home / "muster"
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(path.read_bytes()[8:40], bytes(32))  # no key beside it
        self.assertEqual(self.in_the_clear(self.home), [])
        self.assertEqual(self.openings(), [])

    def test_other_gates_hold_counts_only(self):
        other = self.park.agent_home(OTHER)
        self.assertEqual([path for path in other.rglob("muster*")], [])
        self.assertEqual(self.in_the_clear(other), [])
        done = subprocess.run([self.park.programs.path("parkgate-agent"), "--dir", str(other), "--muster", "--key", str(self.key)],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds no list: is this gate a muster post", done.stderr)
        until("the post's copy says who is inside", lambda: sorted(stores.places(self.home)) == self.handles())
        until("the other gate's copy counts them", lambda: self.counted_at(other) == 2)
        self.assertEqual(stores.places(other), [])
        self.assert_no_handle_moves(other)

    def handles(self):
        return sorted(handle.replace("-", "") for handle, _ in self.inside)

    def counted_at(self, home):
        """Persons in the yard, by a gate's copy."""
        with stores.transaction(home / "copy") as txn:
            found = [stores.Message("CountRecord", value[4:]).value for key, value in stores.rows(txn, "zone_now") if key.startswith(b"yard")]
        return found[0] if found else 0

    def assert_no_handle_moves(self, home):
        """While somebody goes out and in again, looked at all the time."""
        for lane, expected in ((f"{POST}-out", 1), (f"{POST}-in", 2)):
            self.park.reader(lane).remove()
            self.park.tap(lane, self.inside[0][1])
            until("it stands open, and nobody is named", lambda: stores.places(home) == [], 5)
            self.park.push(lane)
            until("counted", lambda: self.counted_at(home) == expected)
            self.assertEqual(stores.places(home), [])

    def apply(self, name, text):
        path = self.park.directory / name
        path.write_text(text, encoding="utf-8")
        self.park.cli("apply", path)

    def test_a_rule_that_asks_brings_presence_and_takes_it_away(self):
        other = self.park.agent_home(OTHER)
        until("counts only", lambda: stores.places(other) == [])
        self.apply("rule.yaml", self.park.park_file() + "passback:\n  - {name: once, mode: soft, zones: [yard]}\n")
        until("it knows who is inside", lambda: sorted(stores.places(other)) == self.handles())
        self.apply("no-rule.yaml", self.park.park_file())
        until("and knows it no more", lambda: stores.places(other) == [] and self.counted_at(other) == 2)

    # --- the guard's key ---

    def test_the_muster_key_opens_with_everything_else_dead(self):
        self.park.controller.kill()
        self.assert_open(self.look("--key", self.key))
        self.park.start_controller()
        text = until("the opening is on record", self.openings)[0]
        self.assertRegex(text, r"^names opened by the muster key: 2 persons, \d+ s old, user \w+$")
        until("nothing waits", lambda: not list(self.home.glob("muster-opened.*")))
        self.assertEqual(len(self.openings()), 1)

    def test_another_key_opens_nothing(self):
        other = self.park.directory / "other.key"
        self.park.cli("muster", "key", other)
        done = self.look("--key", other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the list is closed to another muster key", done.stderr)
        self.assertNotIn(SECRET_NAMES[0], done.stdout)
        with self.assertRaises(Refused):
            self.park.cli("muster", "key", other)  # never over one that is there
        garbage = self.park.directory / "garbage.key"
        garbage.write_text("no key")
        self.assertIn("this is no muster key", self.look("--key", garbage).stderr)
        self.assertEqual(self.openings(), [])

    # --- fire ---

    def fire(self):
        self.park.turnstile(POST).do("fire on")
        return until("names are open", lambda: (done := self.look()).returncode == 0 and done)

    def test_fire_opens_it_with_the_controller_dead(self):
        park = self.park
        self.assert_closed(self.look())
        park.controller.kill()
        self.assert_open(self.fire())
        os.kill(park.worker(POST), signal.SIGKILL)
        self.assert_open(self.look())
        self.assertEqual(park.agents[POST].end(), 0)  # and a power cut in the middle of it
        self.assert_open(self.look())
        park.start_agent(POST)
        self.assert_open(self.look())
        park.start_controller()
        until("openings are on record", lambda: len(self.openings()) >= 4)
        self.assertRegex(self.openings()[0], r"^names opened by the emergency: 2 persons, \d+ s old, user \w+$")

    def test_a_crash_before_the_fire_forgets_no_key(self):
        park = self.park
        park.controller.kill()
        mark = park.agents[POST].mark()
        os.kill(park.worker(POST), signal.SIGKILL)
        park.agents[POST].wait_event("agent_started", since=mark)
        self.assert_closed(self.look())
        self.assert_open(self.fire())
        park.start_controller()
        until("the controller has heard", lambda: park.cli("emergency", "show")["emergency"] == "fire")

    def test_a_box_started_anew_needs_the_key(self):
        """What a thief of the box has: the list, closed. So has the post after a power cut, until the controller speaks."""
        park = self.park
        park.controller.kill()
        self.assertEqual(park.agents[POST].end(), 0)
        park.start_agent(POST)
        park.turnstile(POST).do("fire on")
        park.agents[POST].wait_event("fire")
        self.assert_closed(self.look())
        self.assert_open(self.look("--key", self.key))
        park.start_controller()
        until("a new list opens", lambda: self.look().returncode == 0)

    def test_an_evacuation_opens_it_and_its_end_closes_it(self):
        self.park.cli("emergency", "start", "--reason", "gas")
        until("names are open", lambda: self.look().returncode == 0)
        self.assert_open(self.look())
        self.park.cli("emergency", "end", "--reason", "gas is off")
        until("names are closed", lambda: self.look().returncode == 1)
        self.assertEqual((self.home / "muster").read_bytes()[8:40], bytes(32))

    def test_a_full_disk_hinders_nobody(self):
        worker = self.park.worker(POST)
        size = (self.home / "muster").stat().st_size
        _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, hard))
        try:
            self.assert_open(self.fire())
        finally:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))
        until("the controller has heard", lambda: self.park.cli("emergency", "show")["emergency"] == "fire")

    # --- what it says of its age ---

    def test_gates_not_heard_are_named(self):
        park = self.park
        os.kill(park.worker(OTHER), signal.SIGSTOP)
        try:
            until("it is away", lambda: park.gate_state(OTHER) == "away")
            self.new_list()
            until("the list says so", lambda: f"gates not heard 未报全的出入口: {OTHER}" in self.look().stdout)
        finally:
            os.kill(park.worker(OTHER), signal.SIGCONT)
            until("it is back", lambda: park.gate_state(OTHER) == "online")

    # --- the park file ---

    def test_apply_wants_the_key_and_takes_the_list_back(self):
        park = self.park
        without = park.directory / "without.yaml"
        without.write_text(re.sub(r'muster_key: "[0-9a-f]{64}", ', "", park.park_file()), encoding="utf-8")
        with self.assertRaises(Refused) as caught:
            park.cli("apply", without)
        self.assertIn(f"gate {POST} is a muster post, and the park has no muster_key; make one: parkgate muster key FILE", caught.exception.text)
        no_post = park.directory / "no-post.yaml"
        no_post.write_text(park.park_file().replace("    muster_post: true\n", ""), encoding="utf-8")
        park.cli("apply", no_post)
        until("the list is gone", lambda: not (self.home / "muster").exists())
        whole = park.directory / "whole.yaml"
        whole.write_text(park.park_file(), encoding="utf-8")
        park.cli("apply", whole)
        until("it comes again", lambda: self.counted() == 2, 90)


if __name__ == "__main__":
    unittest.main()
