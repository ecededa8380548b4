"""Goal: nothing of the product reads, derives or keeps what a person is: gender, ethnicity, religion, health, mood, age group.
Method: the words in all sources, messages and tables, comments and quoted text left out; columns of a roster that carry such
things are read by nobody."""
import re
import unittest

import tree

WORDS = re.compile(r"(?<![a-z])(gender|sexe?s?|ethnic\w*|religio\w*|emotion\w*|mood\w*|health_(?:state|data|status|code)|disab(?:led|ility)|stranger\w*|"
                   r"age_group|beauty|glasses|race)(?![a-z])", re.I)
COLUMNS = ("性别", "民族", "宗教", "健康状况", "gender", "nation")


def code(text):
    """Without comments and text in quotes."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S))


class Privacy(unittest.TestCase):
    def test_no_source_reads_or_derives_what_a_person_is(self):
        looked = 0
        for path in tree.sources():
            if path.startswith(("tests/", "docs/")):
                continue
            found = WORDS.findall(code(tree.text(path)))
            looked += 1
            self.assertEqual(found, [], path)
        self.assertGreater(looked, 300)

    def test_no_column_of_a_roster_is_such_a_thing(self):
        headings = dict(re.findall(r'\{"([^"]+)",\s*(COLUMN_\w+)\s*\}', tree.text("admin-cli/roster_header.c")))
        self.assertGreater(len(headings), 50)
        for column in COLUMNS:
            self.assertEqual(headings.get(column, "COLUMN_KNOWN_UNUSED"), "COLUMN_KNOWN_UNUSED", column)

    def test_the_search_finds_what_it_looks_for(self):
        self.assertIsNotNone(WORDS.search(code("identity->gender = id[16] % 2;")))
        self.assertIsNotNone(WORDS.search(code("uint32 health_state = 3;")))
        self.assertIsNone(WORDS.search(code('/* gender is never read */ x("mood"); is_missing_sextant();')))


if __name__ == "__main__":
    unittest.main(verbosity=2)
