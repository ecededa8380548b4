"""The record can be checked, kept and brought back: journal head and verify, a journal altered on disk, backup with the
person keys apart, restore into an empty place. The chain is recomputed here from LMDB, without our code."""
import os
import pathlib
import shutil
import subprocess
import unittest

import stores
from case import ParkCase
from park import Daemon, Refused

NEEDLE, FORGED = "turnstile under repair", "turnstile was never on"


class Records(ParkCase):
    START = False  # the controller alone; its gate never joins

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.park.start_controller()

    def setUp(self):
        self.who, _ = self.person()

    def controller_program(self, *args, **more):
        program = self.park.programs.path("parkgate-controller")
        return subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=120, check=False,
                              env=self.park.env, **more)

    def test_head_is_the_hash_of_the_chain(self):
        head = self.park.cli("journal", "head")
        entries = stores.journal(self.park.home)  # raises where the chain does not hold
        self.assertEqual(int(head["seq"]), len(entries))
        with stores.transaction(os.path.join(self.park.home, "store")) as txn:
            last = list(stores.rows(txn, "journal"))[-1][1]
        self.assertEqual(head["hash"], last[:32].hex())

    def test_show_names_kind_and_actor(self):
        head = self.park.cli("journal", "head")
        shown = self.park.cli("journal", "show", head["seq"])
        self.assertEqual((shown["kind"], shown["actor"], shown["hash"]), ("assignment", "admin", head["hash"]))
        with self.assertRaises(Refused) as refused:
            self.park.cli("journal", "show", int(head["seq"]) + 1)
        self.assertEqual(refused.exception.status, 1)

    def test_an_altered_entry_is_named(self):
        place = self.park.directory / "altered"
        self.park.cli("tenant", "suspend", "cold-chain", "--reason", NEEDLE)
        sequence = self.park.cli("journal", "head")["seq"]
        self.park.cli("backup", place)
        data = place / "store" / "data.mdb"
        content = data.read_bytes()
        self.assertIn(NEEDLE.encode(), content)
        data.write_bytes(content.replace(NEEDLE.encode(), FORGED.encode()))
        conf = (place / "controller.conf").read_text().replace(f"{self.park.home}/store", f"{place}/store")
        (place / "controller.conf").write_text(conf)
        done = self.controller_program("--verify", "--dir", place)
        self.assertIn(f"failed=entry {sequence} was altered: its chain hash does not fit", done.stdout)
        self.park.cli("tenant", "resume", "cold-chain", "--reason", "as before")
        self.assert_verified()

    def test_backup_keeps_the_person_keys_apart(self):
        place = self.park.directory / "backup"
        notes = self.park.cli("backup", place)
        self.assertEqual(notes["keys"], f"{place}/person-keys")
        self.assertEqual(sorted(os.listdir(place)), ["controller.conf", "controller.key", "gates.key", "index.key", "person-keys", "recovery.key",
                                                   "sign.key", "store"])
        for file in place.rglob("*"):
            if file.is_file():
                self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        with stores.transaction(place / "person-keys") as txn:
            keys = [value for _, value in stores.rows(txn, "holder")]
        self.assertTrue(keys)
        journal = (place / "store" / "data.mdb").read_bytes()
        self.assertFalse([key for key in keys if key in journal])
        with self.assertRaises(Refused) as refused:
            self.park.cli("backup", place)
        self.assertIn("name a new directory", str(refused.exception))

    def test_restore_brings_back_head_names_and_keys(self):
        backup, place = self.park.directory / "kept", self.park.directory / "again"
        seq = self.park.cli("backup", backup)["seq"]
        name = [row["value"] for row in self.park.rows("person", "show", self.who, "--reason", "check") if row["field"] == "name"]
        env = {**self.park.env, "PATH": os.path.dirname(self.park.programs.path("parkgate-controller")) + ":" + os.environ["PATH"]}
        done = subprocess.run([self.park.programs.path("parkgate"), "restore", backup, place], env=env, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"journal entry {seq}", done.stdout)
        self.assertEqual(self.controller_program("--verify", "--dir", place).stdout.splitlines()[-1], "result=good")
        again = subprocess.run([self.park.programs.path("parkgate"), "restore", backup, place], env=env, text=True,
                               capture_output=True, timeout=60, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("name a new directory", again.stderr)
        self.park.controller.end()
        twin = Daemon("twin", [self.park.programs.path("parkgate-controller"), "--dir", place],
                      self.park.logs / "twin.log", self.park.env)
        try:
            twin.start()
            twin.wait_event("controller_ready")
            shown = self.park.rows("person", "show", self.who, "--reason", "check")
            self.assertEqual([row["value"] for row in shown if row["field"] == "name"], name)
            self.assertGreater(int(self.park.cli("journal", "head")["seq"]), int(seq))
        finally:
            twin.end()
            self.park.start_controller()

    def test_second_controller_on_the_same_store(self):
        twin = self.park.directory / "twin"
        twin.mkdir()
        for name in ("controller.conf", "controller.key", "index.key"):
            shutil.copy(self.park.home / name, twin / name)
        head = self.park.cli("journal", "head")
        done = self.controller_program("--dir", twin)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'controller_refused error=busy what="store .*/park/store is owned by process \d+; stop it first"')
        self.assertEqual(self.park.cli("journal", "head"), head)

    def test_key_that_others_can_read(self):
        key = pathlib.Path(self.park.home) / "index.key"
        self.park.controller.end()
        try:
            key.chmod(0o644)
            done = self.controller_program("--dir", self.park.home)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{key} may be read by others; run: chmod 600 {key}", done.stderr)
        finally:
            key.chmod(0o600)
            self.park.start_controller()


if __name__ == "__main__":
    unittest.main()
