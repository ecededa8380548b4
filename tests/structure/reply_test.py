"""Goal: what opens a VZenith camera's barrier is written by one function, which one caller reaches with a grant.
Method: the vendor's words in all sources of ours."""
import re
import unittest

import tree

# What an answer opens or switches with, as it stands in C: the word ok in quotes of its own, and the vendor's names.
OPENS = re.compile(r'\\"ok\\"|white_list_operate|manualTigger')


def sources():
    for path in tree.sources():
        if path.endswith((".c", ".h")) and not path.startswith("tests/"):
            yield path, tree.text(path)


def functions(text):
    """(name, body) of each function, as clang-format leaves them: braces in the first column."""
    return re.findall(r"^[a-z][^\n;=]*?\b(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", text, re.M | re.S)


class Reply(unittest.TestCase):
    def test_one_function_writes_what_opens(self):
        found = []
        for path, text in sources():
            inside = [name for name, body in functions(text) for _ in OPENS.findall(body)]
            self.assertEqual(len(inside), len(OPENS.findall(text)), f"{path}: outside of any function")
            found += [(path, name) for name in inside]
        self.assertEqual(found, [("reader-agent/driver/replies.c", "write_opening")])

    def test_it_has_one_caller_which_looks_at_the_grant_first(self):
        callers = [(path, name, body) for path, text in sources() for name, body in functions(text)
                   for _ in re.findall(r"\bwrite_opening\(", body)]
        self.assertEqual([(path, name) for path, name, _ in callers], [("reader-agent/driver/replies.c", "replies_answer")])
        body = callers[0][2]
        self.assertRegex(body, r"state != STATE_GRANTED \|\| !lives\(")
        self.assertLess(body.index("STATE_GRANTED"), body.index("write_opening("))

    def test_a_slot_is_granted_by_an_opening_or_an_order_only(self):
        text = tree.text("reader-agent/driver/replies.c")
        granting = sorted(name for name, body in functions(text) if "state = STATE_GRANTED" in body)
        self.assertEqual(granting, ["replies_open", "replies_poll"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
