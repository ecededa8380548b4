"""Goal: the tree holds none of the calls, marks and places that the house rules out. Method: patterns over
every tracked text file, C with its comments and strings taken away; then a bad line for each pattern."""
import re
import unittest

import tree

# Calls with no bound, a hidden shell, hidden state, or a result that cannot be checked.
CALLS = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|strtok|usleep|system|popen|"
                   r"alloca|tmpnam|mktemp)\s*\(")
# Unfinished work. The words are put together here, so that this file does not hold them.
MARKS = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X:")) + r")\b")
# A place outside the tree that only one machine has.
PLACES = re.compile("|".join((r"\.\./sha" "red", "/wo" "rk/", "/ro" "ot/", "/ho" "me/")))
SLEEPS = re.compile(r"(?<![\w.>])(sleep|nanosleep|clock_nanosleep|thrd_sleep)\s*\(|\b(time|asyncio)\.sleep\b|"
                    r"(?m:^\s*sleep\s+[\d.$])")
# The one pause that is none: a short breath in a Python loop that asks for the thing itself.
BREATH = re.compile(r"^ +(time\.sleep\(0\.0\d+\))$")
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """C without comments and strings; the lines stay where they are."""
    return COMMENT_OR_STRING.sub(lambda match: "\n" * match[0].count("\n"), text)


def hits(pattern, path, text):
    return [f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()}"
            for match in pattern.finditer(text)]


def without_breaths(text):
    """The text without such pauses: the nearest line above that is indented less begins with `while`."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if BREATH.match(line):
            indent = len(line) - len(line.lstrip())
            heads = (head for head in reversed(lines[:at])
                     if head.strip() and len(head) - len(head.lstrip()) < indent)
            if next(heads, "").lstrip().startswith("while "):
                lines[at] = ""
    return "\n".join(lines)


def is_text(path):
    return not path.startswith(("tests/data/", "tests/fuzz/corpus/")) and "\0" not in tree.text(path)


class Words(unittest.TestCase):
    def check(self, pattern, paths, strip=False):
        paths = list(paths)
        self.assertGreater(len(paths), 10)
        found = []
        for path in paths:
            text = tree.text(path)
            found += hits(pattern, path, bare(text) if strip else text)
        self.assertEqual(found, [], "\n".join(["", *found]))

    def test_no_forbidden_calls(self):
        self.check(CALLS, tree.sources(), strip=True)

    def test_nothing_unfinished(self):
        self.check(MARKS, filter(is_text, tree.tracked()))

    def test_no_machine_of_ours(self):
        self.check(PLACES, filter(is_text, tree.tracked()))

    def test_tests_do_not_sleep(self):
        found = []
        for path in tree.tracked():
            if path.startswith("tests/") and path.endswith((".c", ".h", ".py", ".sh")):
                found += hits(SLEEPS, path, without_breaths(tree.text(path)))
        self.assertEqual(found, [], "\n".join(["", *found]))

    def test_mutable_state_stays_in_functions_arguments(self):
        """No mutable variable at file scope in the pure rooms: lines that begin with `static` and are
        neither const nor functions."""
        variable = re.compile(r"^static (?!const\b|inline\b|_Atomic\b|_Static_assert)[^(\n]*(=|;)", re.M)
        paths = [path for path in tree.sources()
                 if path.startswith(("common/access/", "controller/core/", "controller/app/", "reader-agent/core/"))]
        found = []
        for path in paths:
            text = bare(tree.text(path))
            found += [hit for hit in hits(variable, path, text) if " const " not in hit and "*const" not in hit]
        self.assertGreater(len(paths), 10)
        self.assertEqual(found, [])

    def test_bad_lines_are_seen(self):
        for pattern, line in ((CALLS, "    strcpy(a, b);"), (CALLS, "x = atoi (y);"), (CALLS, "if (!system(c))"),
                              (MARKS, "/* TO" "DO later */"), (PLACES, "see ../sha" "red/x"),
                              (PLACES, "cd /ro" "ot/x"), (SLEEPS, "sle" "ep(1);"), (SLEEPS, "    time.sle" "ep(1)"),
                              (SLEEPS, "\nsle" "ep 5\n")):
            self.assertEqual(len(hits(pattern, "x", line)), 1, line)
        self.assertEqual(hits(SLEEPS, "x", without_breaths("while not x():\n    y()\n    time.sle" "ep(0.05)\n")), [])
        for text in ("while not x():\n    time.sle" "ep(0.5)\n", "while not x():\n    y()\ntime.sle" "ep(0.05)\n",
                     "    time.sle" "ep(0.05)\n"):
            self.assertEqual(len(hits(SLEEPS, "x", without_breaths(text))), 1, text)
        for pattern, line in ((CALLS, "clock_system()"), (CALLS, "my_sprintf(a)"), (CALLS, "snprintf(a)"),
                              (SLEEPS, "no_sle" "ep(1)")):
            self.assertEqual(hits(pattern, "x", line), [], line)
        self.assertEqual(bare('a("strcpy(x)"); /* gets(\n) */ b'), "a(); \n b")


if __name__ == "__main__":
    unittest.main(verbosity=2)
