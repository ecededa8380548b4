"""A station pushes a watch list over its own port: keys, two persons, a signed bundle, an officer's countersignature, a
listed worker at the gate, the receipt; a controller that is killed in the middle of a large bundle; a suspension."""
import json
import os
import signal
import subprocess
import unittest

import stores
from case import ParkCase, id_number
from park import until
from station import Station, person, vehicle


class Watch(ParkCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        park = cls.park
        cls.station = Station(park)
        cls.officer = cls.key("officer", "security")
        cls.station.joins()

    @classmethod
    def key(cls, name, role):
        path = cls.park.home / f"{name}.key"
        cls.park.cli("key", "make", path)
        cls.park.cli("key", "add", name, "--public", f"{path}.pub", "--role", role)
        return path

    def countersign(self, count=1):
        rows = self.park.rows("watch", "list", "--waiting", "--key", self.officer)
        self.assertEqual(len(rows), count)
        for row in rows:
            self.park.cli("watch", "countersign", row["entry"], "--key", self.officer)

    def tap(self, uid):
        colour = self.park.tap("gate-a-in", uid)["colour"]
        self.park.reader("gate-a-in").remove()
        return colour

    @staticmethod
    def sentence(refused):
        return json.loads(refused.stderr)["error"]["en"]

    def last_reason(self):
        return self.park.events("--kind", "presentation")[-1]["reason"]

    def test_a_listed_worker_is_asked_to_the_desk(self):
        _, by_badge = self.person()
        _, by_number = self.person()
        identity = id_number(self.people)
        until("the roster was walked", lambda: self.park.rows("authority", "list")[0]["people_hashed"] == "yes")
        self.station.push(person("w-badge", badge=by_badge) + person("w-number", identity=identity))
        bundle = self.station.home / f"{self.station.number}.bundle"
        receipt = self.station.receipt(bundle)
        self.assertEqual({row["id"]: row["state"] for row in receipt["rows"]}, {"w-badge": "waiting", "w-number": "waiting"})
        self.countersign(2)
        for uid in (by_badge, by_number):
            self.assertEqual(self.tap(uid), "yellow")
            self.assertEqual(self.last_reason(), "guard-check")
        until("the gate has it", lambda: self.station.receipt(bundle)["notes"].get("at_gates_us"))
        receipt = self.station.receipt(bundle)
        self.assertEqual({row["state"] for row in receipt["rows"]}, {"acting"})
        self.assertEqual({row["officer"] for row in receipt["rows"]}, {"officer"})
        self.assertEqual(receipt["notes"]["signature"], "good")
        self.park.cli("authority", "suspend", "hz-police", "--reason", "court", "--key", self.officer)
        self.assertEqual(self.tap(by_number), "green")
        self.park.push("gate-a-in")
        refused = self.station.say("push", bundle, check=False)
        self.assertEqual(refused.returncode, 4)
        self.assertIn("authority hz-police is suspended", self.sentence(refused))
        asked = self.park.cli("authority", "resume", "hz-police", "--reason", "settled")
        self.park.cli("approval", "grant", asked["approval"], "--key", self.officer)
        self.assert_verified()

    def test_a_killed_controller_goes_on_where_it_was(self):
        count = 4000
        rows = "".join(vehicle(f"v{n:06}", f"浙C{n:05}") for n in range(10000, 10000 + count))
        bundle = self.station.sign(rows)
        pushing = subprocess.Popen([*self.push_args(bundle)], env=self.park.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(pushing.wait)
        self.addCleanup(pushing.kill)
        until("a part of it was taken", lambda: self.park.rows("events", "--kind", "watch-slice"))
        os.kill(self.park.worker("controller"), signal.SIGKILL)
        pushing.kill()
        until("the controller is back", lambda: self.park.try_cli("status").returncode == 0)
        before = self.station.status()
        applied = int(before["number"]) >= self.station.number  # the kill came too late
        if not applied:
            self.assertEqual(before["vehicles"], 0)
            self.assertEqual(int(before["open"]), self.station.number)
            self.assertGreater(int(before["next"]), 1)
            self.station.say("push", bundle)
        after = self.station.status()
        self.assertEqual(int(after["number"]), self.station.number)
        self.assertEqual(int(after["vehicles"]), count)
        self.assertEqual(self.park.cli("journal", "verify")["result"], "good")
        until("the gate asks it again", lambda: self.park.gate_state("gate-a") == "online", 60)

    def test_a_large_one_says_how_far_it_is(self):
        """Of 1,200 changes: the push ends when the gate has them, and says so; the status goes on saying it."""
        told = self.station.push("".join(vehicle(f"w{n:06}", f"浙D{n:05}") for n in range(10000, 11200)))
        self.assertEqual((told["gates_with_it"], told["gates_online"]), (1, 1))
        status = until("it was written down that all have it", lambda: (now := self.station.status()).get("at_gates_us") and now)
        self.assertEqual((status["gates_with_it"], status["gates_online"]), (1, 1))

    def test_the_key_of_a_refused_entry_is_in_no_file(self):
        _, badge = self.person()
        before = self.watch_keys()
        self.station.push(person("w-refused", badge=badge))
        key, = self.watch_keys() - before
        row, = self.park.rows("watch", "list", "--waiting", "--key", self.officer)
        self.park.cli("watch", "refuse", row["entry"], "--reason", "no ground", "--key", self.officer)
        self.assertNotIn(key, self.watch_keys())
        self.keys_rewritten()
        self.assertEqual(stores.files_with(key, self.park.directory), [])

    def watch_keys(self):
        with stores.transaction(self.park.home / "keys") as txn:
            return {value for _, value in stores.rows(txn, "watch")}

    def push_args(self, bundle):
        return [self.park.programs.path("parkgate"), "watch", "push", str(bundle), "--controller",
                f"tcp://127.0.0.1:{self.park.port_base + 3}", "--server-key", str(self.park.home / "controller.pub"), "--key",
                str(self.station.keys / "link.key")]

    def test_the_ports_are_apart(self):
        station = [str(self.station.keys / "link.key"), "--controller", f"tcp://127.0.0.1:{self.park.port_base + 1}"]
        self.assertEqual(self.park.try_cli("watch", "status", "--key", *station).returncode, 4)
        admin = self.park.try_cli("status", "--controller", f"tcp://127.0.0.1:{self.park.port_base + 3}")
        self.assertEqual(admin.returncode, 4)

    def test_a_refused_bundle_names_its_change(self):
        number = int(self.station.status()["number"])
        bundle = self.station.sign("withdraw,nobody,,,,,,,,,,,\n")
        refused = self.station.say("push", bundle, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertEqual(self.sentence(refused), 'change 1, entry "nobody": no entry of this id is live')
        status = self.station.status()
        self.assertEqual(int(status["number"]), number)
        self.assertIn("nobody", status["refused_why"])


if __name__ == "__main__":
    unittest.main()
