"""Goal: what nobody may be told of the watch list is asked in no place but where a read is decided.
Method: the words in all sources: who asks for the guard's check, and who writes that fact."""
import re
import unittest

import tree

ASKED_BY = {"controller/app/ingest_read.c", "reader-agent/app/alone.c"}
FACT = re.compile(r"\bguard_check\s*=[^=]")
# decide's own default, for lanes that ask nothing.
WRITTEN_BY = ASKED_BY | {"common/access/decide.c"}


def sources():
    for path in tree.sources():
        if not path.startswith("tests/"):
            yield path, tree.text(path)


class Bounds(unittest.TestCase):
    def test_only_who_decides_on_a_read_asks_for_the_guards_check(self):
        asking = {path for path, text in sources() if '"common/facts/guard_check.h"' in text}
        self.assertEqual(asking, ASKED_BY | {"common/facts/guard_check.c"})

    def test_the_fact_is_written_where_a_read_is_decided(self):
        self.assertEqual({path for path, text in sources() if FACT.search(text)}, WRITTEN_BY)

    def test_the_search_finds_what_it_looks_for(self):
        self.assertIsNotNone(FACT.search("facts->guard_check = GUARD_CHECK_NONE;"))
        self.assertIsNone(FACT.search("facts->guard_check == GUARD_CHECK_NONE"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
