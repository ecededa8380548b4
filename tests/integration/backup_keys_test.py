"""The person keys of a backup live 30 days: on real processes whose clock is moved (moved_clock.so: no sanitizer beside it)."""
import shutil
import unittest

import stores
from keys_case import KeysCase


class BackupKeys(KeysCase):
    def test_keys_of_a_backup_live_30_days(self):
        """Restored later they are left out; where the backup was written they are destroyed with the next rewriting."""
        park = self.park
        person, _ = self.person(assigned=False)
        key = self.key_of(person)
        near, gone = park.directory / "backup-month", park.directory / "elsewhere-month"
        park.cli("backup", near)
        shutil.copytree(near, gone)
        for path in near.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        home, done = self.restored(gone, "restored-29", days=29)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(stores.files_with(key, home), [])
        home, done = self.restored(gone, "restored-31", days=31)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("older than 30 days and are not restored", done.stdout)
        self.assertIn("已超过 30 天", done.stdout)
        self.assertEqual(stores.files_with(key, home), [])
        self.assertFalse((home / "keys").exists())
        job = ("--config", park.home / "controller.conf", "--job", "wipe-keys")
        self.assertIn("backups_left=", self.controller(*job, days=29).stdout)
        self.assertNotEqual(stores.files_with(key, near), [])
        self.assertEqual(self.controller(*job, days=31).stdout, "backups_left=0\n")
        self.assertEqual(stores.files_with(key, near), [])
        self.assertFalse((near / "person-keys").exists())
        self.assertTrue((near / "store" / "data.mdb").exists())
        self.assertEqual(self.key_of(person), key)  # the park's own are as they were


if __name__ == "__main__":
    unittest.main()
