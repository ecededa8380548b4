"""Goal: without --once the park stays up for the reader's own commands, which it prints; --keep leaves the park in its
place. Method: the demo played whole; each printed command is typed; then Ctrl-C."""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 400


class Stay(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="keep-")
        self.addCleanup(directory.cleanup)
        self.place = pathlib.Path(directory.name) / "park"
        self.demo = subprocess.Popen(["bash", ROOT / "scripts/demo.sh", "--keep", self.place], cwd=ROOT, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.end)
        watchdog = threading.Timer(DEADLINE_S, self.end)
        watchdog.start()
        self.addCleanup(watchdog.cancel)

    def end(self):
        if self.demo.poll() is None:
            os.killpg(self.demo.pid, signal.SIGKILL)
            self.demo.wait()
        self.demo.stdout.close()

    def until(self, wanted):
        """What the demo printed, up to the line that holds `wanted`."""
        lines = []
        for line in self.demo.stdout:
            lines.append(line.rstrip("\n"))
            if wanted in line:
                return lines
        self.fail(f"the demo ended before {wanted!r}:\n" + "\n".join(lines[-40:]))

    def test_the_park_stays_and_is_kept(self):
        lines = self.until("Ctrl-C ends it")
        self.assertTrue([line for line in lines if line.startswith("All as expected")], "\n".join(lines[-60:]))
        begin = next(i for i, line in enumerate(lines) if "The park stays up" in line)
        commands = [line.strip() for line in lines[begin + 1:] if line.startswith("  ")]
        self.assertGreaterEqual(len(commands), 9)
        for command in commands:
            words = shlex.split(command, comments=True)
            if "--follow" in words:
                words.remove("--follow")
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        os.killpg(self.demo.pid, signal.SIGINT)
        self.demo.stdout.read()
        self.assertEqual(self.demo.wait(60), 0)
        kept = self.place / "park"
        self.assertTrue((kept / "store" / "data.mdb").exists())
        program = next(path for path in (pathlib.Path(os.environ["PARKGATE_BUILD_DIR"]) / "controller").glob("parkgate-controller"))
        verified = subprocess.run([program, "--verify", "--dir", kept], capture_output=True, text=True, timeout=60, check=False)
        self.assertTrue(re.search(r"^result=good$", verified.stdout, re.M), verified.stdout)
        again = subprocess.run(["bash", ROOT / "scripts/demo.sh", "--once", "--keep", self.place], cwd=ROOT, text=True,
                               capture_output=True, timeout=60, check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("is not empty; name a new directory", again.stdout + again.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
