"""Erasing a person, with real processes: his key's bytes are in no file of the controller, the gates or the backups that are
where they were written; a backup that was taken away is restored without it; the controller killed on the way changes nothing."""
import os
import shutil
import unittest

import stores
from keys_case import KeysCase
from park import until


class Erase(KeysCase):
    def walk(self, lane, uid):
        counted = len([event for event in self.park.events() if event["kind"] == "passage"])
        self.park.tap(lane, uid)
        self.park.push(lane)
        until("the passage counts", lambda: len([event for event in self.park.events() if event["kind"] == "passage"]) > counted)

    def state(self, person):
        rows = {row["person"]: row for row in self.park.rows("person", "erasures", "--all")}
        return rows[person] if person in rows else {"state": "unknown"}

    def ended(self, person):
        until("the erasure ends", lambda: self.state(person)["state"] == "ended", timeout=90)

    def test_erased_keys_are_in_no_file(self):
        park = self.park
        person, uid = self.person()
        other, _ = self.person()
        self.walk("gate-a-in", uid)
        self.walk("gate-a-out", uid)
        near, far, gone = park.directory / "backup-near", park.directory / "backup-far", park.directory / "elsewhere"
        park.cli("backup", near)
        park.cli("backup", far)
        shutil.move(far, gone)  # a medium in a safe
        key, kept = self.key_of(person), self.key_of(other)
        before = stores.files_with(key, park.directory)
        self.assertIn(str(park.home / "keys" / "data.mdb"), before)
        self.assertIn(str(near / "person-keys" / "data.mdb"), before)
        answer = park.rows("person", "erase", person, "--reason", "he asked")
        self.assertEqual({row["kept"] for row in answer}, {"passages", "attendance", "lookups", "disclosures"})
        self.ended(person)
        self.assertEqual(int(self.state(person)["backups_left"]), 1)
        self.assertEqual(stores.files_with(key, park.directory, but=[gone]), [])
        self.assertIn(str(near / "person-keys" / "data.mdb"), stores.files_with(kept, near))  # theirs alone is gone
        self.assertEqual(self.key_of(other), kept)
        self.restores(person, key, kept, near, gone)
        park.cli("journal", "verify")
        park.cli("headcount", "verify")

    def restores(self, person, key, kept, near, gone):
        """The backup that nobody could reach has the key; with the list of who was erased it does not come back."""
        erased = self.park.home / "erased"
        self.assertIn(person, erased.read_text())
        home, done = self.restored(gone, "restored-blind")
        self.assertIn("--erased", done.stdout)
        self.assertNotEqual(stores.files_with(key, home), [])
        home, done = self.restored(gone, "restored", erased)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(stores.files_with(key, home), [])
        self.assertNotEqual(stores.files_with(kept, home), [])
        self.assertEqual((home / "erased").read_text(), erased.read_text())
        bad = self.park.directory / "bad-list"
        bad.write_text("parkgate erased 1\nnobody\n")
        home, done = self.restored(gone, "restored-bad", bad)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("line 2: not a handle and a day", done.stderr)
        self.assertEqual(stores.files_with(key, home), [])  # nothing of it is left where it failed
        home, done = self.restored(near, "restored-near")
        self.assertEqual(stores.files_with(key, home), [])

    def moments(self, person):
        """Places between the first step and the last; the last one has come when any other was missed."""
        keys = self.park.home / "keys"
        erased = self.park.home / "erased"
        done = lambda: erased.exists() and person in erased.read_text()
        return [lambda: True,
                lambda: (self.park.home / "keys.rewrite").exists() or done(),
                lambda: (self.park.home / "keys.rewrite" / "data.mdb").exists() or done(),
                lambda: (keys / "data.old").exists() or done(),
                done,
                lambda: self.state(person)["state"] == "key-gone" or self.state(person)["state"] == "ended"]

    def test_killed_on_the_way(self):
        park = self.park
        erased = []
        for number in range(6):
            person, _ = self.person(assigned=False)
            erased.append((person, self.key_of(person)))
            park.cli("person", "erase", person, "--reason", "he asked")
            until(f"place {number} on the way", self.moments(person)[number])
            park.controller.kill()
            park.start_controller()
            park.wait_gate("gate-a")
        for person, key in erased:
            self.ended(person)
            self.assertEqual(stores.files_with(key, park.directory), [])
        self.assertEqual([name for name in os.listdir(park.home / "keys") if name == "data.old"], [])
        park.cli("journal", "verify")


if __name__ == "__main__":
    unittest.main()
