"""Keys of persons: two persons for a strong one, replaced in one step, and the way back to a lost last admin key."""
import pathlib
import unittest

from bad_case import BadCase
from case import foot_gate


class KeyCase(BadCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()

    def make_key(self, name):
        path = self.park.home / f"{name}.key"
        self.park.cli("key", "make", path)
        return path

    def as_key(self, path, *args):
        return self.park.cli(*args, "--key", path)


class TwoPersons(KeyCase):
    def test_two_persons_and_replacing(self):
        bo, carla = self.make_key("bo"), self.make_key("carla")
        self.park.cli("key", "add", "bo", "--public", f"{bo}.pub", "--role", "admin")
        asked = self.park.cli("key", "add", "carla", "--public", f"{carla}.pub", "--role", "security")
        number = str(asked["approval"])
        self.assertEqual(asked["state"], "waiting")
        own = self.park.try_cli("approval", "grant", number)
        self.assertEqual(own.returncode, 4)
        self.assertIn("another person decides here", own.stderr)
        self.as_key(bo, "approval", "grant", number)
        self.as_key(carla, "status")
        new = self.make_key("carla-new")
        self.as_key(carla, "key", "replace", "carla", "--public", f"{new}.pub", "--reason", "new computer")
        self.as_key(new, "status")
        gone = self.park.try_cli("status", "--key", carla)
        self.assertEqual(gone.returncode, 4)


class LastAdmin(KeyCase):
    def test_the_way_back(self):
        lost = self.park.home / "admin.key"
        aside = lost.with_suffix(".lost")
        new = self.make_key("found")
        lost.rename(aside)
        self.addCleanup(aside.rename, lost)  # for the tests after this one
        self.assertNotEqual(self.park.try_cli("status", "--key", new).returncode, 0)
        self.park.cli("admin", "recover", self.park.home, "--name", "found", "--public", f"{new}.pub", "--reason", "key lost")
        note = pathlib.Path(self.park.home, "recovery.pb")
        self.assertEqual(note.stat().st_mode & 0o777, 0o600)
        self.assertNotEqual(self.park.try_cli("status", "--key", new).returncode, 0, "not before the controller starts again")
        self.restart()
        self.assertFalse(note.exists())
        self.as_key(new, "status")
        rows = self.park.rows("events", "--kind", "recovery", "--key", new)
        self.assertEqual([row["text"] for row in rows], ["found: key lost"])
        faults = self.park.rows("events", "--kind", "fault", "--key", new)
        self.assertTrue(any("admin key found was made on the controller's machine" in row["text"] for row in faults))
        self.assertEqual(self.park.cli("journal", "verify", "--key", new)["result"], "good")

    def restart(self):
        self.park.controller.end()
        self.park.start_controller()

    def test_a_note_that_others_could_write_is_not_taken(self):
        self.park.controller.end()
        note = pathlib.Path(self.park.home, "recovery.pb")
        note.write_bytes(b"\n\x04mine")
        note.chmod(0o644)
        self.park.start_controller()
        self.park.controller.wait_event("recovery_refused")
        note.unlink()


if __name__ == "__main__":
    unittest.main()
