"""Goal: a gate alone has no fallback but its copy: no site code opens anything, and no grant is made up.
Method: the words in all sources; every place of the agent that writes a grant without decide(), by file and function."""
import re
import unittest

import tree

SITE_CODE = re.compile(r"site[ _-]?code|facility[ _-]?code|card[ _-]?prefix", re.I)
GRANT = re.compile(r"outcome = OUTCOME_GRANT\b")
# An exit button's press, a command of a guard, an exit whose commit failed.
MAY_GRANT = {("reader-agent/app/lanes.c", "button_draft"), ("reader-agent/app/commands.c", "draft_of"),
             ("reader-agent/core/presentation.c", "presentation_act")}


def sources():
    for path in tree.sources():
        if path.endswith((".c", ".h", ".proto")) and not path.startswith("tests/"):
            yield path, tree.text(path)


def grants(path, text):
    """Functions of this source that write a grant by themselves."""
    found = set()
    for name, body in re.findall(r"^[a-z][^\n;=]*?\b(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", text, re.M | re.S):
        if GRANT.search(body):
            found.add((path, name))
    return found


class Fallback(unittest.TestCase):
    def test_no_source_knows_a_site_code(self):
        for path, text in sources():
            self.assertIsNone(SITE_CODE.search(text), path)

    def test_no_grant_is_made_up_at_a_gate(self):
        found = set()
        for path, text in sources():
            if path.startswith("reader-agent/"):
                found |= grants(path, text)
        self.assertEqual(found, MAY_GRANT)

    def test_the_search_finds_what_it_looks_for(self):
        self.assertIsNotNone(SITE_CODE.search("if (badge.site_code == ours)"))
        self.assertEqual(grants("x.c", "static void f(void)\n{\n    v.outcome = OUTCOME_GRANT;\n}\n"), {("x.c", "f")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
