"""Goal: the benchmarks stay alive: each part runs, answers everything and fills its table. Method: the whole run with a
tiny park and no PostgreSQL; no figure is judged."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench  # noqa: E402
import watched  # noqa: E402
from report import Report  # noqa: E402

TINY = {**bench.SHORT, "small": 100, "large": 300, "rates": [200], "gates": 3, "boxes": 2, "window": 4}


class Smoke(unittest.TestCase):
    def test_every_part_runs_and_everything_is_answered(self):
        with tempfile.TemporaryDirectory(prefix="bench-smoke-") as directory:
            run = bench.Bench(TINY, pathlib.Path(os.environ["PARKGATE_BUILD_DIR"]), directory)
            run.result["size"] = TINY
            try:
                for part in ("small", "import", "large"):
                    getattr(run, f"part_{part}")()
            finally:
                run.close()
        for rounds in (run.result[name]["rates"][200] for name in ("small", "large")):
            self.assertEqual(len(rounds), 1)
            for who in ("echo", "joined", "parkgate"):
                with self.subTest(who=who):
                    self.assertEqual(rounds[0][who]["unanswered"], 0)
                    self.assertEqual(rounds[0][who]["acks"], rounds[0][who]["sent"])
                    self.assertGreater(rounds[0][who]["sent"], 0)
            self.assertEqual((rounds[0]["parkgate"]["denied"], rounds[0]["parkgate"]["refused"]), (0, 0))
        flood = run.result["large"]["floods"][0]["parkgate"]
        self.assertEqual((flood["unanswered"], flood["refused"], flood["retried"]), (0, 0, 0))
        self.assertGreater(flood["acks"], 0)
        text = Report(run.result).text()
        for words in ("durable rate against (ab)", "start to first verdict", "import of 300 persons", "events/s"):
            self.assertIn(words, text)

    def test_a_list_is_measured(self):
        figures = watched.main(["--build", os.environ["PARKGATE_BUILD_DIR"], "--entries", "400", "--vehicles", "200", "--gates", "3",
                                "--rounds", "1", "--seconds", "1", "--rate", "200"])
        for name in ("without", "with"):
            self.assertEqual(len(figures[name]), 1)
            self.assertTrue(all(value > 0 for value in figures[name][0].values()), figures)


if __name__ == "__main__":
    unittest.main(verbosity=2)
