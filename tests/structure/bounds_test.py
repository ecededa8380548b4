"""Goal: what the watch list must never do, it has no way to do: nobody asks for it but who decides on a read, and from a hit,
a candidate or an alert no way leads to a lane. Method: the words in all sources: who includes what, and what such a file names."""
import re
import unittest

import tree

DECIDES = {"controller/app/ingest_read.c", "reader-agent/app/alone.c"}
FACT = re.compile(r"\bguard_check\s*=[^=]")
LOOKS = re.compile(r"\b(watch_find_match|watch_find_target|watch_look)\(")
# Files that know of hits, candidates or alerts; each by its name, so that a new one is one of them.
ABOUT = re.compile(r"(^|/)(hits?|hit_store|project_hit|candidates|alikes|watch_\w+|alert\w*|verbs_alert\w*|verbs_hits|"
                   r"project_watch|project_alert|alert_\w+)\.[ch]$")
# What moves a lane, or makes a verdict: commands, modes, verdicts, grants, openings.
LANE = re.compile(r"\b(agents_command|lane_command|batch_verdict|verdict_sent|lane_mode_\w+|LANE_MODE_\w+|ENTRY_COMMAND|ENTRY_LANE_STATE|"
                  r"OUTCOME_\w+|VERB_OPEN|VERB_FREE|VERB_LOCK|decide|lane_perform|MESSAGE_COMMAND|MESSAGE_VERDICT|"
                  r"emergency_start|OPENED_BY_STAFF)\b")


def sources():
    for path in tree.sources():
        if not path.startswith("tests/"):
            yield path, tree.text(path)


def about(path):
    return not path.startswith(("reader-agent/", "common/store/")) and ABOUT.search(path)


def code(text):
    """Without comments and text in quotes."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"/\*.*?\*/", "", text, flags=re.S))


class Bounds(unittest.TestCase):
    def test_only_who_decides_on_a_read_asks_for_the_guards_check(self):
        asking = {path for path, text in sources() if '"common/facts/guard_check.h"' in text}
        self.assertEqual(asking, DECIDES | {"common/facts/guard_check.c"})

    def test_the_fact_is_written_where_a_read_is_decided(self):
        self.assertEqual({path for path, text in sources() if FACT.search(text)}, DECIDES | {"common/access/decide.c"})

    def test_only_a_read_is_held_against_the_list(self):
        asking = {path for path, text in sources() if LOOKS.search(code(text))}
        rooms = {"common/facts/watch_look.c", "common/facts/watch_look.h", "common/facts/watch_store.c", "common/facts/watch_store.h"}
        self.assertEqual(asking - rooms, DECIDES)

    def test_no_way_leads_from_a_hit_or_an_alert_to_a_lane(self):
        looked = {path for path, _ in sources() if about(path)}
        self.assertTrue({"controller/app/hits.c", "controller/app/candidates.c", "controller/app/alerts.c",
                         "controller/core/alert.c", "common/facts/watch_store.c"} <= looked, looked)
        for path in looked:
            self.assertIsNone(LANE.search(code(tree.text(path))), path)

    def test_the_search_finds_what_it_looks_for(self):
        self.assertIsNotNone(FACT.search("facts->guard_check = GUARD_CHECK_NONE;"))
        self.assertIsNone(FACT.search("facts->guard_check == GUARD_CHECK_NONE"))
        self.assertIsNotNone(LANE.search(code("TRY(agents_command(ctl, &command));")))
        self.assertIsNone(LANE.search(code('/* a guard\'s agents_command() */ x("VERB_OPEN");')))
        self.assertTrue(about("controller/app/hits.c") and about("controller/app/verbs_alerts.c"))
        self.assertFalse(about("controller/app/white.c"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
