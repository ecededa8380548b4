"""Goal: a seed that fails can be played again, as it was. Method: one fails on purpose; the command that it prints must fail at the same
moment with the same digest, in a process of its own; and a seed that holds gives one digest in two processes."""
import os
import pathlib
import re
import subprocess
import unittest

SIM = pathlib.Path(os.environ["PARKGATE_BUILD_DIR"], "tests", "sim", "sim")


def play(*arguments):
    done = subprocess.run([str(SIM), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


class Again(unittest.TestCase):
    def test_a_failing_seed_prints_the_command_that_plays_it_again(self):
        status, said = play("--seed", "21", "--fail-at", "1800")
        self.assertEqual(status, 1)
        failed = re.search(r"^sim: FAILED seed 21, 1800\.000000 s after its begin: asked: .*digest [0-9a-f]{16}$", said, re.M)
        command = re.search(r"^sim: play it again: sim (.*)$", said, re.M)
        self.assertTrue(failed and command, said)
        status, again = play(*command[1].split())
        self.assertEqual(status, 1)
        self.assertIn(failed[0], again)
        self.assertGreater(len(again), len(said))  # it tells what happens

    def test_the_same_seed_gives_the_same_digest_in_another_process(self):
        for seed in ("21", "22"):
            first, second = play("--seed", seed), play("--seed", seed)
            digests = [re.search(r"digest ([0-9a-f]{16})", said)[1] for _, said in (first, second)]
            self.assertEqual(digests[0], digests[1])
            self.assertEqual((first[0], second[0]), (0, 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
