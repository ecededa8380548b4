"""Keys of a gate and of the controller are replaced at work: the gate goes on, nothing is counted twice or lost."""
import unittest

from case import ParkCase
from park import GREEN, until


class Rekey(ParkCase):
    def setUp(self):
        self.before = self.passages()

    def passages(self):
        return len(self.park.events("--kind", "passage"))

    def walk(self, lane, uid):
        self.assertEqual(self.park.tap(lane, uid)["colour"], GREEN)
        self.park.push(lane)
        self.before += 1
        self.park.reader(lane).remove()  # a helper that starts again would read it once more
        self.park.wait_events("the passage", {"kind": "passage", "text": "passed"}, self.before)

    def in_and_out_with(self, between):
        """A worker enters, keys are replaced, he leaves: counted once, and gone."""
        _, uid = self.person()
        self.walk("gate-a-in", uid)
        there = self.headcount()
        between()
        self.walk("gate-a-out", uid)
        now = self.headcount()
        self.assertEqual((now["persons"], now["entries"], now["exits"], now["present"]),
                         (there["persons"], there["entries"], there["exits"] + 1, there["present"] - 1))
        self.assert_verified()

    def gate_keys(self):
        """State and public half of the gate's keys, the oldest first."""
        rows = [row for row in self.park.rows("key", "list") if row["name"] == "gate:gate-a"]
        return [(row["state"], row["public"]) for row in sorted(rows, key=lambda row: row["added_us"])]

    def online(self):
        until("the gate is online", lambda: self.park.gate_state("gate-a") == "online")

    def start_again(self):
        self.park.agents["gate-a"].end()
        self.park.start_agent("gate-a")
        self.park.wait_gate("gate-a")

    def test_a_gate_replaces_its_own_key(self):
        def rekey():
            count = len(self.gate_keys())
            self.park.cli("agent", "rekey", "gate-a", "--reason", "yearly")
            until("the old key has ended", lambda: [state for state, _ in self.gate_keys()] == ["revoked"] * count + ["live"])
            self.online()
        self.in_and_out_with(rekey)
        home = self.park.agent_home("gate-a")
        self.assertIn(self.gate_keys()[-1][1], (home / "agent.key").read_text(encoding="ascii"))
        self.assertFalse((home / "agent.key.next").exists())
        self.start_again()
        self.in_and_out_with(rekey)

    def next_server_key(self):
        self.park.cli("server", "rekey", self.park.home)
        until("the gate has kept it", lambda: self.park.gate_row("gate-a").get("server_key") == "kept")

    def test_the_controllers_key(self):
        old = (self.park.home / "controller.pub").read_text(encoding="ascii")
        self.next_server_key()

        def switch():
            mark = self.park.agents["gate-a"].mark()
            self.park.cli("server", "switch", self.park.home)
            self.park.agents["gate-a"].wait_event("server_key_replaced", since=mark)
            self.online()
        self.in_and_out_with(switch)
        self.assertNotEqual((self.park.home / "controller.pub").read_text(encoding="ascii"), old)
        self.assertIn("controller: answers by its new key now",
                      [row["text"] for row in self.park.rows("events", "--kind", "key-replace")])
        self.start_again()

    def test_a_gate_that_was_away_tries_both(self):
        self.next_server_key()
        self.park.agents["gate-a"].end()
        self.park.cli("server", "switch", self.park.home)
        self.park.start_agent("gate-a")
        self.park.agents["gate-a"].wait_event("server_key_replaced", timeout=60)
        self.park.wait_gate("gate-a")
        self.in_and_out_with(lambda: None)

    def index_keys(self):
        return (self.park.home / "index.key").read_text(encoding="ascii").split()

    def restart_controller(self):
        self.park.controller.end()
        self.park.start_controller()
        self.online()

    def test_the_index_key(self):
        old = self.index_keys()
        self.in_and_out_with(lambda: self.park.cli("server", "reindex", self.park.home))
        self.assertEqual(len(self.index_keys()), len(old) + 1)
        self.assertEqual(self.index_keys()[1:], old)
        self.assertFalse((self.park.home / "index.key.next").exists())
        self.assertIn(f"index: a new key, {len(old) + 1} in all",
                      [row["text"] for row in self.park.rows("events", "--kind", "key-replace")])
        _, before = self.person()
        self.in_and_out_with(self.restart_controller)
        self.assertEqual(self.park.tap("gate-a-in", before)["colour"], GREEN)
        self.park.reader("gate-a-in").remove()

    def test_the_index_key_when_nobody_works(self):
        self.park.controller.end()
        try:
            done = self.park.try_cli("server", "reindex", self.park.home)
        finally:
            self.park.start_controller()
            self.online()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertFalse((self.park.home / "index.key.next").exists())
        done = self.park.try_cli("server", "reindex", self.park.home / "store")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("not the directory of a park (no index.key)", done.stderr)

    def test_switching_needs_a_next_key(self):
        done = self.park.try_cli("server", "switch", self.park.home)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("first run: parkgate server rekey", done.stderr)


if __name__ == "__main__":
    unittest.main()
