"""Goal: the documents that the README and the acceptance table promise are there, whole and of this version.
Method: their text; links in Markdown lead to tracked files."""
import os
import re
import unittest

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")


class Docs(unittest.TestCase):
    def test_licence_is_apache_2(self):
        text = tree.text("LICENSE")
        self.assertIn("Apache License\n                           Version 2.0, January 2004", text)
        self.assertIn("END OF TERMS AND CONDITIONS", text)

    def test_changelog_knows_this_version(self):
        version = re.search(r"project\(parkgate VERSION (\S+)", tree.text("CMakeLists.txt"))[1]
        self.assertRegex(tree.text("CHANGELOG.md"), rf"(?m)^## {re.escape(version)}\b")

    def test_security_says_how_to_report_and_what_is_in_scope(self):
        text = tree.text("SECURITY.md")
        self.assertIn("security@", text)
        for word in ("## Report", "## In scope", "## Supported versions"):
            self.assertIn(word, text)

    def test_links_lead_somewhere(self):
        for path in tree.tracked():
            if path.endswith(".md"):
                for target in LINK.findall(tree.text(path)):
                    if not re.match(r"[a-z]+:", target):
                        full = os.path.join(tree.ROOT, os.path.dirname(path), target)
                        self.assertTrue(os.path.exists(full), f"{path}: {target}")

    def test_every_program_has_a_manual(self):
        manuals = {os.path.basename(path).split(".")[0] for path in tree.tracked()
                   if path.startswith("docs/man/") and path.endswith(".scd")}
        self.assertLessEqual({"parkgate", "parkgate-agent"}, manuals)


if __name__ == "__main__":
    unittest.main(verbosity=2)
