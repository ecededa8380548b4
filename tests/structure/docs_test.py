"""Goal: the documents that the README and the acceptance table promise are there, whole and of this version.
Method: their text; links in Markdown lead to tracked files."""
import os
import re
import tomllib
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

    def test_the_hard_wired_loop_comes_first(self):
        for page, first, second in (("docs/integrating-a-device.md", "**Hard-wired first.**", "**Software second**"),
                                    ("docs/integrating-a-device.zh-CN.md", "**硬线在先", "**软件在后**"),
                                    ("docs/operating.md", "**The hard-wired loop comes first.**", "What follows is the software, second")):
            text = tree.text(page)
            self.assertIn(first, text, page)
            self.assertLess(text.index(first), text.index(second), page)

    def test_links_lead_somewhere(self):
        for path in tree.tracked():
            if path.endswith(".md"):
                for target in LINK.findall(tree.text(path)):
                    if not re.match(r"[a-z]+:", target):
                        full = os.path.join(tree.ROOT, os.path.dirname(path), target)
                        self.assertTrue(os.path.exists(full), f"{path}: {target}")

    def test_readme_says_first_what_it_is_and_what_is_built(self):
        text = tree.text("README.md")
        first = "\n".join(text.splitlines()[:25])
        for word in ("logistics park", "scripts/demo.sh", "scripts/test.sh"):
            self.assertIn(word, first)
        self.assertRegex(first, r"!\[[^]]+\]\(\S+\.(svg|png)\)")
        self.assertRegex(text, r"(?m)^\| \| built \| not built \|$")

    def test_readme_in_chinese_has_the_same_parts(self):
        english, chinese = tree.text("README.md"), tree.text("README.zh-CN.md")
        for pattern in (r"(?m)^## ", r"(?m)^\|", r"(?m)^```"):
            self.assertEqual(len(re.findall(pattern, english)), len(re.findall(pattern, chinese)), pattern)
        self.assertEqual({target for target in LINK.findall(english) if not target.startswith("README")},
                         {target for target in LINK.findall(chinese) if not target.startswith("README")})

    def test_integrating_a_device_is_whole(self):
        english, chinese = tree.text("docs/integrating-a-device.md"), tree.text("docs/integrating-a-device.zh-CN.md")
        for chapter in ("Wiring", "Fail-safe", "The fire loop", "The rising bollard", "Device settings", "Wiegand",
                        "A new driver, step by step"):
            self.assertIn(f"\n## {chapter}\n", english)
        for chapter in ("接线", "失效安全", "消防联动", "升降柱", "设备设置", "韦根", "开发新驱动"):
            self.assertIn(f"\n## {chapter}\n", chinese)
        steps = english[english.index("## A new driver"):]
        files = {name for name in re.findall(r"`((?:schema|reader-agent|admin-cli|controller|tests)/[\w./-]+)`", steps) if "acme" not in name}
        self.assertGreater(len(files), 5)
        for name in files:
            self.assertTrue(os.path.exists(os.path.join(tree.ROOT, name)), name)
        header = re.sub(r"(?s)/\*.*?\*/", "", tree.text("reader-agent/driver/http_driver.h"))
        members = re.search(r"(?s)\nstruct http_driver \{(.*?)\n\};", header)[1].split(";")[:-1]
        self.assertGreater(len(members), 10)
        for member in members:
            name = re.search(r"\(\*(\w+)\)\(|(\w+)$", member.strip())
            self.assertIn(f"`{name[1] or name[2]}`", steps)

    def test_the_device_tables_name_every_driver(self):
        drivers = re.findall(r'\{"([a-z-]+)", +DRIVER_', tree.text("admin-cli/park_yaml.c"))
        self.assertGreaterEqual(len(drivers), 9)
        for path in ("README.md", "README.zh-CN.md"):
            table = re.search(r"(?s)\n\| `driver` .*?\n\n|\n\| [^|]*`driver`.*?\n\n", tree.text(path))[0]
            for driver in drivers:
                self.assertIn(f"`{driver}`", table, path)

    def test_architecture_draws_the_flow_and_names_every_room(self):
        text = tree.text("docs/ARCHITECTURE.md")
        self.assertRegex(text, r"(?s)```.*parkgate-nfc.*parkgate-controller.*?```")
        with open(os.path.join(tree.ROOT, "tests", "structure", "rooms.toml"), "rb") as file:
            rooms = [room["path"].rstrip("/") for room in tomllib.load(file)["room"]]
        known = re.search(r"(?s)\n## \d+\. Rooms\n(.*?)\n## ", text)[1]
        for room in rooms:
            name = room.split("/")[-1]
            self.assertTrue(f"`{room}`" in known or f"`{name}`" in known or f"`{room}/main.c`" in known
                            or room.startswith("tests/") or room == "reader-agent", room)

    def test_operating_names_every_verb_of_the_day(self):
        text = tree.text("docs/operating.md")
        for words in ("init", "apply", "status", "events --follow", "person import", "badge add", "badge revoke",
                      "assignment add", "agent enroll", "agent revoke", "key add", "lane open", "headcount verify",
                      "journal verify", "journal head", "backup", "restore", "who"):
            self.assertTrue(f"parkgate {words}" in text, words)

    def test_every_program_has_a_manual(self):
        manuals = {os.path.basename(path).split(".")[0] for path in tree.tracked()
                   if path.startswith("docs/man/") and path.endswith(".scd")}
        self.assertLessEqual({"parkgate", "parkgate-agent", "parkgate-board", "parkgate-controller", "parkgate-nfc",
                              "parkgate-terminal", "parkgate-viid", "parkgate-webhook"},
                             manuals)


if __name__ == "__main__":
    unittest.main(verbosity=2)
