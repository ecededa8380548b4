"""An old journal loses its beginning behind a checkpoint, on real processes: killed in between it goes on; what is left verifies,
counts the same and is checked by openssl alone; a backup of it can be restored; a snapshot that was changed is named.

Method: the controller's first entries are written with its clock 1,200 days back (moved_clock.so), the others now."""
import re
import shutil
import struct
import subprocess
import unittest

from audit_test import shell_blocks
from case import ParkCase
from park import Park, Refused, until

DAYS = 1200


class OldPark(Park):
    """Its controller began long ago."""

    def make(self):
        super().make()
        self.moved = self.directory / "moved"
        self.moved.write_bytes(struct.pack("=q", -DAYS * 24 * 3600 * 1000000))
        self.controller.env = {**self.env, "MOVED_CLOCK": str(self.moved),
                               "LD_PRELOAD": str(self.programs.build / "tests/integration/moved_clock.so")}


class Truncation(ParkCase):
    PARK = OldPark
    START = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        park = cls.park
        park.start_controller()
        for _ in range(20):
            for word in ("suspend", "resume"):
                park.cli("tenant", word, "cold-chain", "--reason", "a while")
        cls.old = int(park.cli("journal", "head")["seq"])
        park.controller.end()
        park.controller.env = park.env
        park.start()
        cls.second = park.directory / "second"
        park.cli("key", "make", cls.second)
        park.cli("key", "add", "second", "--public", f"{cls.second}.pub", "--role", "admin")
        cls.one, cls.uid = cls.person()
        park.tap("gate-a-in", cls.uid)
        park.push("gate-a-in")
        until("the passage is counted", lambda: str((cls.headcount(cls) or {}).get("present")) == "1")

    def program(self, *args):
        return subprocess.run([self.park.programs.path("parkgate-controller"), *map(str, args)], capture_output=True, text=True,
                              timeout=120, check=False, env=self.park.env)

    def state(self):
        done = subprocess.run([self.park.programs.path("parkgate"), "--dir", self.park.home, "audit", "checkpoints", "--json"],
                              capture_output=True, text=True, timeout=60, check=True, env=self.park.env)
        return done.stdout

    def test_1_nothing_goes_without_a_checkpoint_and_a_backup(self):
        park = self.park
        for sentence, before in (("behind no checkpoint", lambda: None), ("no backup holds", lambda: park.cli("audit", "checkpoint"))):
            before()
            with self.assertRaises(Refused) as refused:
                park.cli("audit", "truncate", "--before", self.old, "--reason", "term")
            self.assertIn(sentence, str(refused.exception))
        park.cli("backup", park.directory / "before")
        with self.assertRaises(Refused) as refused:  # of today
            park.cli("audit", "truncate", "--before", self.old + 4, "--reason", "term")
        self.assertRegex(str(refused.exception), "is not 1095 days old|behind no checkpoint")

    def test_2_what_is_left_is_whole(self):
        park = self.park
        self.assertEqual(park.cli("audit", "checkpoint")["result"], "good")
        before = self.headcount()
        asked = park.cli("audit", "truncate", "--before", self.old, "--reason", "term")["approval"]
        self.assertEqual(park.cli("--key", self.second, "approval", "grant", asked)["state"], "asked")
        park.controller.wait_event("truncation_began")
        park.controller.kill()  # on record, and not removed
        left = park.home / "store.verify-killed"  # as a job leaves it that is killed with its controller
        left.mkdir(mode=0o700)
        for name in ("data.mdb", "owner"):
            (left / name).touch(mode=0o600)
        park.start_controller()
        park.controller.wait_event("verify_copies_removed")
        self.assertFalse(left.exists())
        park.wait_gate("gate-a")
        until("the entries are gone", lambda: '"ended"' in self.state(), timeout=120)
        notes = park.cli("journal", "verify")
        self.assertEqual((notes["result"], int(notes["first_seq"])), ("good", self.old))
        notes = park.cli("audit", "verify", "--anchors", park.agent_home("gate-a") / "anchors")
        self.assertEqual((notes["finding"], int(notes["first_seq"])), ("whole", self.old))
        self.assertEqual(park.cli("headcount", "verify")["result"], "good")
        self.assertEqual(self.headcount(), before)
        with self.assertRaises(Refused) as refused:
            park.cli("journal", "show", 1)
        self.assertIn("was cut off", str(refused.exception))
        park.tap("gate-a-out", self.uid)
        park.push("gate-a-out")
        until("the passage is counted", lambda: str(self.headcount()["present"]) == "0")
        self.assertEqual(park.cli("headcount", "verify")["result"], "good")
        self.assertEqual(park.cli("journal", "verify")["result"], "good")
        self.assertNotIn("audit-break", [row["fault"] for row in park.rows("status")])

    def test_3_openssl_checks_what_is_left(self):
        park, place = self.park, self.park.directory / "export"
        notes = park.cli("audit", "export", place, "--reason", "audit")
        self.assertEqual((notes["result"], int(notes["first_seq"])), ("good", self.old))
        snapshot = next((park.home / "checkpoints").glob("*.snapshot"))
        shutil.copy(snapshot, place)
        done = subprocess.run(["sh", "-c", shell_blocks("audit.md")[0]], cwd=place, capture_output=True, text=True, timeout=200,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(f"the journal begins behind entry {self.old - 1}", done.stdout)
        self.assertIn(f"chain: {notes['entries']} entries fit", done.stdout)
        self.assertRegex(done.stdout, r"checkpoint of entry \d+: signed, and of this chain")
        data = bytearray((place / snapshot.name).read_bytes())
        data[-20] ^= 1
        (place / snapshot.name).write_bytes(data)
        done = subprocess.run(["sh", "-c", shell_blocks("audit.md")[0]], cwd=place, capture_output=True, text=True, timeout=200,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the snapshot is another one", done.stdout)

    def test_4_a_backup_of_it_is_restored_and_a_changed_snapshot_named(self):
        park = self.park
        backup, again = park.directory / "after", park.directory / "again"
        park.cli("backup", backup)
        done = self.program("--restore", backup, again)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.program("--verify", "--dir", again)
        self.assertIn("result=good", done.stdout)
        self.assertTrue(re.search(rf"^first_seq={self.old}$", done.stdout, re.M), done.stdout)
        snapshot = next((again / "checkpoints").glob("*.snapshot"))
        data = snapshot.read_bytes()
        snapshot.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        done = self.program("--verify", "--dir", again)
        self.assertEqual(done.returncode, 1)
        self.assertIn("was altered", done.stdout)
        snapshot.unlink()
        self.assertIn("is missing", self.program("--verify", "--dir", again).stdout)
        shutil.copy(next((park.home / "checkpoints").glob("*.snapshot")), snapshot)
        self.assertIn("result=good", self.program("--verify", "--dir", again).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
