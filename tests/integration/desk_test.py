"""A desk that several persons share: opened by passphrase or badge, locked again by itself."""
import subprocess
import time
import unittest

from bad_case import BadCase
from case import foot_gate
from park import until


class Desk(BadCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()
        key = cls.park.home / "li.key"
        cls.park.cli("key", "make", key)
        cls.park.cli("key", "add", "li", "--public", f"{key}.pub", "--role", "operator")
        cls.key = key
        done = cls.desk("add", "li", "--key-file", key, typed="correct horse\ncorrect horse\n")
        assert done.returncode == 0, done.stderr
        key.rename(key.with_suffix(".away"))

    @classmethod
    def desk(cls, *args, typed=""):
        return subprocess.run(cls.park.command("desk", *args), env=cls.park.env, input=typed, capture_output=True,
                              text=True, timeout=60, check=False)

    def setUp(self):
        super().setUp()
        self.desk("lock")
        self.addCleanup(self.desk, "lock")

    def at_desk(self):
        return self.park.try_cli("status", "--key", "desk")

    def locked(self):
        done = self.at_desk()
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("the desk is locked", done.stderr)
        self.assertIn("工作台已锁定", done.stderr)

    def test_passphrase(self):
        self.locked()
        wrong = self.desk("unlock", "li", typed="wrong horse\n")
        self.assertEqual(wrong.returncode, 4)
        self.assertIn("does not open li's key", wrong.stderr)
        self.locked()
        self.assertEqual(self.desk("unlock", "li", typed="correct horse\n").returncode, 0)
        self.assertEqual(self.at_desk().returncode, 0)
        self.assertIn("li is unlocked", self.desk("show").stdout)
        self.assertEqual(self.desk("lock").returncode, 0)
        self.locked()

    def test_badge(self):
        self.assertEqual(self.desk("unlock", "li", typed="0004501234\n").returncode, 4)
        self.assertEqual(self.desk("badge", "li", typed="correct horse\n0004501234\n").returncode, 0)
        self.assertEqual(self.desk("unlock", "li", typed="0004501234\n").returncode, 0)
        self.assertEqual(self.at_desk().returncode, 0)
        self.assertEqual(self.desk("lock").returncode, 0)
        secret = self.park.home / "desk" / "desk.secret"
        kept = secret.read_text(encoding="ascii")
        secret.write_text("0" * 64, encoding="ascii")  # the file of another desk: the badge opens nothing there
        self.assertEqual(self.desk("unlock", "li", typed="0004501234\n").returncode, 4)
        secret.write_text(kept, encoding="ascii")

    def test_it_locks_by_itself(self):
        began = time.monotonic()
        self.assertEqual(self.desk("unlock", "li", "--seconds", "2", typed="correct horse\n").returncode, 0)
        self.assertEqual(self.at_desk().returncode, 0)
        until("the desk is locked", lambda: self.desk("show").returncode == 4)
        took = time.monotonic() - began
        print(f"desk locked by itself after {took:.1f} s, told 2 s after the last command")
        self.assertGreaterEqual(took, 1)
        self.locked()
        too_long = self.desk("unlock", "li", "--seconds", "301", typed="correct horse\n")
        self.assertEqual(too_long.returncode, 2)

    def test_nothing_in_clear(self):
        secret = (self.key.with_suffix(".away")).read_text(encoding="ascii").split("secret = ")[1].strip()
        for path in (self.park.home / "desk").iterdir():
            if path.is_file():
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
                self.assertNotIn(secret, path.read_text(encoding="utf-8"))
        self.assertEqual((self.park.home / "desk").stat().st_mode & 0o777, 0o700)

    def test_short_or_different_passphrases(self):
        away = self.key.with_suffix(".away")
        for typed in ("short\nshort\n", "long enough\nlong enouGh\n", ""):
            done = self.desk("add", "other", "--key-file", away, typed=typed)
            self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse((self.park.home / "desk" / "other.desk").exists())


if __name__ == "__main__":
    unittest.main()
