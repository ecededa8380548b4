"""Goal: a gate joins once, with a key of its own that nobody else can read, and says in both languages
why it does not start. Method: the real program against the enrolment port of a fake controller, and
directories spoiled in one way each."""
import unittest

from agentlib import *  # noqa: F403


class Join(unittest.TestCase):
    def test_join(self):
        with Gate() as gate:
            done = gate.join()
            self.assertEqual(done.returncode, 0, done.stderr)
            asked = gate.controller.heard("enrol")
            self.assertEqual((asked["verb"], asked["gate"], asked["code"]), ("agent.join", "g", "123456"))
            with open(os.path.join(gate.dir, "agent.key"), encoding="utf-8") as key:
                self.assertIn(asked["key"], key.read())
            modes = {name: oct(os.stat(os.path.join(gate.dir, name)).st_mode & 0o777)
                     for name in (".", "agent.key", "agent.conf")}
            self.assertEqual(modes, {".": "0o700", "agent.key": "0o600", "agent.conf": "0o600"})
            again = gate.join()
            self.assertEqual(again.returncode, 1)
            self.assertIn("exists already", again.stderr)

    def test_wrong_code_leaves_no_configuration(self):
        with Gate() as gate:
            done = gate.join(code="000000")
            self.assertEqual(done.returncode, 1)
            self.assertIn("the code is wrong, used or over 15 minutes old; ask for a new one", done.stderr)
            self.assertIn("注册码错误", done.stderr)
            self.assertFalse(os.path.exists(os.path.join(gate.dir, "agent.conf")))
            first = gate.controller.heard("enrol")["key"]
            self.assertEqual(gate.join().returncode, 0)
            self.assertEqual(gate.controller.all("enrol")[1]["key"], first)

    def test_nobody_answers(self):
        with Gate() as gate:
            done = gate.join(enrol=f"tcp://127.0.0.1:{free_port()}")
            self.assertEqual(done.returncode, 3)
            self.assertIn("does not answer", done.stderr)
            self.assertFalse(os.path.exists(os.path.join(gate.dir, "agent.conf")))

    def test_bad_arguments(self):
        with Gate() as gate:
            for change in ({"gate": "Nord!"}, {"server-key": "short"}, {"controller": "udp://x"}):
                done = gate.join(**change)
                self.assertEqual(done.returncode, 2, change)
                self.assertFalse(os.path.exists(gate.dir))
            done = subprocess.run([AGENT], capture_output=True, text=True, timeout=20)
            self.assertEqual((done.returncode, done.stderr),
                             (2, "parkgate-agent: --dir is missing\nparkgate-agent: 缺少 --dir\n"))

    def run_once(self, gate):
        return subprocess.run([AGENT, "--dir", gate.dir], capture_output=True, text=True, timeout=30)

    def test_refuses_to_start(self):
        with Gate() as gate:
            self.assertEqual(self.run_once(gate).returncode, 5)
            self.assertEqual(gate.join().returncode, 0)
            key = os.path.join(gate.dir, "agent.key")
            os.chmod(key, 0o644)
            done = self.run_once(gate)
            self.assertEqual(done.returncode, 1)
            self.assertIn("chmod", done.stderr)
            os.chmod(key, 0o600)
            os.chmod(gate.dir, 0o755)
            done = self.run_once(gate)
            self.assertEqual(done.returncode, 1)
            self.assertIn("chmod 700", done.stderr)
            os.chmod(gate.dir, 0o700)
            with open(os.path.join(gate.dir, "agent.conf"), "a", encoding="utf-8") as conf:
                conf.write("colour = blue\n")
            done = self.run_once(gate)
            self.assertEqual(done.returncode, 5)
            self.assertIn("colour", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
