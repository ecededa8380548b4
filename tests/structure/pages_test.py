"""Goal: the pages say of the code what the code says of itself: verbs, columns, faults, exit codes, log events, files.
Method: words taken from the sources by patterns must stand in the page that promises to have all of them."""
import re
import unittest

import tree


def table_rows(text):
    """Cells of the rows of all Markdown tables; a `\\|` in a cell is no border."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


def code_words(text):
    return re.findall(r"`([^`]+)`", re.sub(r"(?ms)^```.*?^```$", "", text))


class Architecture(unittest.TestCase):
    def setUp(self):
        self.text = tree.text("docs/ARCHITECTURE.md")

    def test_sources_that_it_names_exist(self):
        tracked = set(tree.tracked())
        stems = {path.rsplit("/", 1)[-1] for path in tracked}
        names = [word for word in code_words(self.text) if re.fullmatch(r"[\w./-]+\.(c|h|py|toml|md)", word)]
        self.assertGreater(len(names), 40)
        for name in names:
            self.assertTrue(name in tracked or name in stems, name)

    def test_decisions_are_numbered_and_whole(self):
        pages = sorted(path for path in tree.tracked() if path.startswith("docs/decisions/"))
        self.assertGreaterEqual(len(pages), 8)
        for number, path in enumerate(pages, 1):
            text = tree.text(path)
            self.assertTrue(path.rsplit("/", 1)[-1].startswith(f"{number:03}-"), path)
            for word in ("Context", "Choice", "Why", "Refused", "Consequences"):
                self.assertIn(f"**{word}.**", text, path)


class Grammar(unittest.TestCase):
    def setUp(self):
        self.text = tree.text("schema/GRAMMAR.md")
        self.rows = table_rows(self.text[self.text.index("One request, one reply."):])
        self.verbs = re.findall(r'^    \{"([a-z.]+)", ', tree.text("schema/verbs.c"), re.M)

    def test_no_title_of_a_column_stands_twice(self):
        names = re.findall(r'^    \{"(\w+)", COLUMN_', tree.text("admin-cli/words.c"), re.M)
        self.assertGreater(len(names), 200)
        self.assertEqual([name for name in sorted(set(names)) if names.count(name) > 1], [])

    def test_every_verb_has_its_row(self):
        named = set()
        for row in self.rows:
            first, *others = [word.strip() for word in row[0].split("/")]
            named |= {first} | {first.rsplit(".", 1)[0] + "." + other for other in others}
        self.assertGreater(len(self.verbs), 40)
        self.assertEqual(named - {"verb", "---", ""}, set(self.verbs))

    def test_every_column_and_note_of_an_answer_is_named(self):
        columns, notes = set(), set()
        for path in tree.tracked():
            if re.match(r"controller/(app|job)/.*\.[ch]$", path):
                text = re.sub(r'"\s*\n\s*"', "", tree.text(path))
                for found in re.findall(r'"((?:columns=)?[a-z_0-9]+(?:,[a-z_0-9]+)+)(?:\\n)?"', text):
                    columns |= set(found.removeprefix("columns=").split(","))
                notes |= set(re.findall(r'answer_note(?:_number)?\([^,()]+, "([a-z_]+)"', text))
        words = set(re.findall(r"[a-z_0-9]+", " ".join(" ".join(row) for row in self.rows)))
        self.assertGreater(len(columns), 50)
        self.assertGreater(len(notes), 30)
        self.assertEqual((columns | notes) - words, set())

    def test_every_word_of_an_entry_is_named(self):
        source = tree.text("controller/app/entry_words.c")
        words = set(re.findall(r'\{ENTRY_[A-Z_]+,\s*"([a-z-]+)"', source)) - {"event"}
        words |= set(re.findall(r'\[EVENT_[A-Z]+\] = "([a-z-]+)"', source))
        words |= set(re.findall(r'\[PASSAGE_[A-Z_]+\] = "([a-z-]+)"', source))
        text = self.text[self.text.index("`events` says `kind`"):]
        self.assertGreater(len(words), 30)
        for word in words:
            self.assertRegex(text, rf"(?<![a-z-]){word}(?![a-z-])")


class Operating(unittest.TestCase):
    def setUp(self):
        self.text = tree.text("docs/operating.md")

    def section(self, title):
        begin = self.text.index(f"\n## {title}\n")
        return self.text[begin:self.text.index("\n## ", begin + 1)]

    def test_every_red_lane_is_explained(self):
        rows = re.split(r"\n    \[REASON_\w+\] = \{", tree.text("schema/reasons.c"))[1:]
        words = [re.search(r'\.name = "([a-z-]+)"', row)[1] for row in rows if ".light = GREEN" not in row]
        self.assertGreater(len(words), 40)
        self.assertEqual([word for word in words if f"| `{word}` |" not in self.text], [])
        self.assertEqual([word for word in words if f"| `{word}` |" not in tree.text("docs/runbook.zh-CN.md")], [])

    def test_every_fault_word_is_explained_in_chinese(self):
        words = re.findall(r'struct fault_kind fault_\w+ = \{\s*"([a-z-]+)"', tree.text("controller/app/faults.c"))
        self.assertEqual([word for word in words if f"| `{word}` |" not in tree.text("docs/runbook.zh-CN.md")], [])

    def test_every_fault_word_is_explained(self):
        words = re.findall(r'struct fault_kind fault_\w+ = \{\s*"([a-z-]+)"', tree.text("controller/app/faults.c"))
        rows = [code_words(row[0])[0] for row in table_rows(self.section("Faults")) if code_words(row[0])]
        self.assertGreater(len(words), 10)
        self.assertEqual(sorted(rows), sorted(words))

    def test_every_alert_is_explained(self):
        kinds = re.findall(r'^    (?:\[\w+\] = )?\{"([a-z-]+)", [1-5], (?:true|false),', tree.text("controller/core/alert_kind.c"), re.M)
        rows = {code_words(row[0])[0] for title in ("Faults", "Alerts") for row in table_rows(self.section(title)) if code_words(row[0])}
        self.assertGreater(len(kinds), 50)
        self.assertEqual(set(kinds) - rows, set())
        self.assertEqual([kind for kind in kinds if f"| `{kind}` |" not in tree.text("docs/runbook.zh-CN.md")], [])

    def test_every_exit_code_is_explained(self):
        codes = re.findall(r"EXIT_[A-Z_]+ = (\d)", tree.text("schema/errors.h"))
        rows = [row[0] for row in table_rows(self.section("Exit codes")) if row[0].isdigit()]
        self.assertEqual(rows, codes)

    def test_log_events_are_real_and_the_controllers_errors_are_all_there(self):
        said = {}
        call = re.compile(r'log_(event|warning|error)\((?:[^";]*\? )?"([a-z_]+)"(?: : "([a-z_]+)")?')
        for path in tree.sources():
            for level, *names in call.findall(tree.text(path)):
                for name in filter(None, names):
                    said.setdefault(name, set()).add((path.split("/")[0], level))
        begin = self.text.index("\n## Log events\n")
        named = {word for row in table_rows(self.text[begin:]) for word in code_words(row[0])}
        self.assertGreater(len(named), 50)
        self.assertEqual(named - set(said), set())
        errors = {name for name, where in said.items() if ("controller", "error") in where}
        self.assertEqual(errors - named - {"launcher_gone"}, set())

    def test_every_role_is_explained(self):
        roles = re.findall(r'\[ROLE_[A-Z]+\] = "([a-z]+)"', tree.text("schema/verbs.c"))
        rows = {row[0] for row in table_rows(self.section("Keys and roles"))}
        self.assertEqual(set(roles) - {"agent"} - rows, set())

    def test_the_ports_are_those_of_init(self):
        base = int(re.search(r"PORT_BASE_DEFAULT = (\d+)", tree.text("admin-cli/init.c"))[1])
        for number, of in enumerate(("gates", "staff", "new gates", "police stations")):
            self.assertIn(f"{base + number} for {of}", self.text)
        self.assertIn(f"`stations` of controller.conf ({base + 3})", self.text)

    def test_commands_that_it_shows_exist(self):
        table = set(re.findall(r'^    \{"([a-z]+)", "([a-z]*)", ', tree.text("admin-cli/commands.c"), re.M))
        shown = [words.split() for words in re.findall(r"(?:^|`)parkgate ((?!-)[a-z]+(?: [a-z]+)?)", self.text, re.M)]
        self.assertGreater(len(shown), 30)
        for noun, *verb in shown:
            self.assertTrue((noun, "") in table or (noun, verb[0] if verb else "") in table, f"{noun} {verb}")


def sections(path):
    """Of each section in order: how many table rows it has, and its text."""
    parts = re.split(r"(?m)^## ", tree.text(path))[1:]
    return [(len(table_rows(part)), part) for part in parts]


class BothLanguages(unittest.TestCase):
    def test_the_pages_of_list_and_privacy_have_the_same_parts(self):
        for page in ("docs/privacy", "docs/watch-list"):
            english, chinese = sections(f"{page}.md"), sections(f"{page}.zh-CN.md")
            self.assertGreater(len(english), 7)
            self.assertEqual([rows for rows, _ in english], [rows for rows, _ in chinese], page)

    def test_the_same_laws_by_their_numbers(self):
        found = []
        for path in ("docs/privacy.md", "docs/privacy.zh-CN.md"):
            rows = [row[0] for row in table_rows(sections(path)[1][1])[2:]]
            found.append([sorted(re.findall(r"\d+", re.sub(r"[–—]| to ", " ", row))) for row in rows])
        self.assertGreater(len(found[0]), 12)
        self.assertEqual(found[0], found[1])

    def test_what_is_not_built_on_purpose_is_named(self):
        words = {"docs/privacy.md": ("contact tracing", "mood", "disputes", "companions", "search by face"),
                 "docs/privacy.zh-CN.md": ("接触追踪", "情绪", "纠纷", "同行人", "以人脸或图片搜索")}
        for path, wanted in words.items():
            text = next(part for rows, part in sections(path) if part.startswith(("Not built", "有意不做")))
            self.assertEqual([word for word in wanted if word not in text], [], path)


class Picture(unittest.TestCase):
    def test_the_picture_is_of_a_run_that_came_out_right(self):
        picture = tree.text("docs/demo.svg")
        self.assertIn("scripts/demo.sh --once", picture)
        self.assertIn("All as expected", picture)


if __name__ == "__main__":
    unittest.main(verbosity=2)
