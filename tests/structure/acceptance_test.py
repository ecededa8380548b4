"""Goal: the acceptance check and the counting of tests cannot be fooled: a test that is missing, failed, skipped
or cut short is never taken for a passed one. Method: made logs and tables, then the real table's form."""
import importlib.util
import os
import sys
import tempfile
import unittest

import tree

SCRIPTS = os.path.join(tree.ROOT, "scripts")
sys.path.insert(0, SCRIPTS)
import testlog  # noqa: E402 pylint: disable=wrong-import-position

SPEC = importlib.util.spec_from_file_location("check_acceptance", os.path.join(SCRIPTS, "check-acceptance.py"))
check_acceptance = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_acceptance)

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] good
[       OK ] good
[ RUN      ] bad
[  ERROR   ] --- 1 != 2
[  FAILED  ] bad
[ RUN      ] crashed
"""
UNITTEST = """test_good (__main__.Case.test_good) ... ok
test_described (__main__.Case.test_described)
What it is for. ... ok
test_bad (__main__.Case.test_bad) ... FAIL
test_loud (__main__.Case.test_loud) ... noise
ok
test_skipped (__main__.Case.test_skipped) ... skipped 'no reader'
test_cut (__main__.Case.test_cut) ...
"""


def states(name, state, text):
    return {result.name: result.state for result in testlog.results_of(name, state, text)}


class Counting(unittest.TestCase):
    def test_cmocka_functions(self):
        self.assertEqual(states("u", "failed", CMOCKA),
                         {"u/good": "passed", "u/bad": "failed", "u/crashed": "failed"})

    def test_unittest_functions(self):
        self.assertEqual(states("p", "failed", UNITTEST),
                         {"p/Case.test_good": "passed", "p/Case.test_described": "passed", "p/Case.test_bad": "failed",
                          "p/Case.test_loud": "passed", "p/Case.test_skipped": "skipped", "p/Case.test_cut": "failed"})

    def test_a_program_that_fails_after_its_functions(self):
        self.assertEqual(states("u", "failed", "[ RUN      ] good\n[       OK ] good\n"),
                         {"u/good": "passed", "u": "failed"})

    def test_a_plain_test(self):
        self.assertEqual(states("demo.once", "passed", "all as expected"), {"demo.once": "passed"})

    def test_a_run_without_names_is_no_pass(self):
        self.assertEqual(states("p", "passed", "...\n---\nRan 3 tests in 1.2s\n\nOK\n"), {"p": testlog.UNNAMED})

    def test_junit_states(self):
        cases = "".join(f'<testcase name="{name}" status="{status}"><system-out/></testcase>'
                        for name, status in (("a", "run"), ("b", "fail"), ("c", "notrun"), ("d", "disabled")))
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "x.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"<testsuite>{cases}</testsuite>")
            self.assertEqual([result.state for result in testlog.read(path)],
                             ["passed", "failed", "skipped", "skipped"])


class Acceptance(unittest.TestCase):
    RAN = {"u.a_test/good": "passed", "u.a_test/bad": "failed", "u.b_test/one": "passed", "u.b_test/two": "passed",
           "p.c/Case.test_x": "passed", "p.c/Case.test_y": "skipped"}

    def judge(self, *lines):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "acceptance.md")
            with open(path, "w", encoding="utf-8") as file:
                file.write("| sentence | tests | command |\n|---|---|---|\n" + "\n".join(lines) + "\n")
            wrong, opened, closed = check_acceptance.check(path, self.RAN)
            return len(wrong), len(opened), closed

    def test_what_passes(self):
        self.assertEqual(self.judge("| S. | `u.a_test/good` | `x` |", "| S \\| T. | `u.b_test` | `x` |",
                                    "| S. | `p.c/test_x` `u.a_test/good` | `x` |"), (0, 0, 3))

    def test_what_does_not(self):
        for tests in ("`u.a_test/bad`", "`u.a_test`", "`u.a_test/gone`", "`u.gone`", "`u.a_test/goo`", "`u.a`",
                      "`p.c/test_y`", "`p.c`", "", "later", "`u.a_test/bad` open: the rest"):
            with self.subTest(tests=tests):
                self.assertEqual(self.judge(f"| S. | {tests} | `x` |")[0], 1)
        self.assertEqual(self.judge("| S. | `u.b_test` |")[0], 1)

    def test_open_rows_are_listed(self):
        self.assertEqual(self.judge("| S. | open: not built | none |", "| S. | `u.b_test` open: half of `x` | `x` |"),
                         (0, 2, 0))

    def test_the_table_is_well_formed(self):
        rows = list(check_acceptance.rows(tree.text("docs/acceptance.md")))
        self.assertGreater(len(rows), 120)
        for number, cells in rows:
            self.assertEqual(len(cells), 3, f"docs/acceptance.md:{number}")
            self.assertTrue(cells[0] and cells[2], f"docs/acceptance.md:{number}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
