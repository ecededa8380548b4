"""Goal: docs/reliability.md is true: its tables are those that the kept totals give, each campaign, fuzz target and seeded bug stands in
it, every seeded bug still fits the tree and was caught, and all shares of CI together fit their time. Method: reads the tree."""
import json
import pathlib
import re
import sys
import tomllib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "campaigns"))
import report  # noqa: E402
import run  # noqa: E402

MUST_BE_SEEDED = ("acknowledge-before-commit", "open-before-the-verdict-is-durable", "dedupe-removed", "zap-off",
                  "live-key-check-removed", "lease-compared-the-wrong-way", "fire-path-through-the-agent", "chain-check-skipped",
                  "nometasync", "passage-counted-twice", "late-passage-moves-presence")


class Reliability(unittest.TestCase):
    def setUp(self):
        self.page = report.PAGE.read_text(encoding="utf-8")
        self.bugs = tomllib.loads((report.BUGS / "bugs.toml").read_text(encoding="utf-8"))

    def test_the_page_is_what_the_totals_say(self):
        self.assertEqual(self.page, report.fresh_page(self.page), "scripts/campaign.sh --report")

    def test_each_campaign_ran_for_half_an_hour(self):
        totals = json.loads(report.TOTALS.read_text(encoding="utf-8"))
        self.assertEqual({name: totals.get(name, {}).get("seconds", 0) for name in run.shares()
                          if totals.get(name, {}).get("seconds", 0) < 1800}, {}, "scripts/campaign.sh NAME --hours 0.5")

    def test_every_campaign_is_told(self):
        for name in run.shares():
            self.assertEqual(len(re.findall(rf"(?m)^\| `{name}` \| \D", self.page)), 1, f"what {name} does")

    def test_every_fuzz_target_is_told(self):
        section = self.page.split("## What each fuzz target reads")[1].split("\n## ")[0]
        told = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))))
        there = {path.stem.removeprefix("fuzz_") for path in (ROOT / "tests" / "fuzz").glob("fuzz_*.c")}
        self.assertEqual(told, there, "its table in docs/reliability.md")

    def test_every_fuzz_target_ran(self):
        kept = json.loads(report.TOTALS.read_text(encoding="utf-8"))["fuzz"]["parts"]
        there = {path.stem for path in (ROOT / "tests" / "fuzz").glob("fuzz_*.c")}
        self.assertEqual(there - set(kept), set(), "scripts/campaign.sh fuzz --hours 0.5")

    def test_seeded_bugs_fit_the_tree(self):
        self.assertGreaterEqual(len(self.bugs), 30)
        self.assertEqual([name for name in MUST_BE_SEEDED if name not in self.bugs], [])
        for name, bug in self.bugs.items():
            for change in bug.get("changes", [bug]):
                text = (ROOT / change["file"]).read_text(encoding="utf-8")
                self.assertEqual(text.count(change["find"]), 1, f"{name} in {change['file']}: renew its text")

    def test_every_seeded_bug_was_caught(self):
        kept = json.loads((report.BUGS / "caught.json").read_text(encoding="utf-8"))
        self.assertEqual([name for name in self.bugs if kept.get(name, {}).get("campaign") != self.bugs[name]["campaign"]], [],
                         "tests/bugs/run.py --keep --only ...")

    def test_the_shares_of_ci_fit_their_time(self):
        self.assertLessEqual(run.budget(run.shares())[2], run.BUDGET_S)

    def test_goals_are_those_of_the_issue(self):
        goals = {name: row["goal"] for name, row in run.shares().items()}
        for name, goal in {"power": 1_000_000, "kills": 10_000, "network": 10_000, "sim": 100_000, "fuzz": 1_000_000_000,
                           "laxness": 1_000_000, "bundles": 100_000, "journals": 100_000}.items():
            self.assertEqual(goals[name], goal, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
