"""Goal: the contract in schema/ is flat, bounded in one place and written down whole. Method: the .proto files,
limits.h, kinds.h, errors.h and GRAMMAR.md as text."""
import re
import unittest

import tree

SCALARS = {"bool", "bytes", "string", "uint32", "uint64", "int32", "int64", "sint32", "sint64", "fixed32", "fixed64"}
FIELD = re.compile(r"^\s*(?:repeated |optional )?([\w.]+) (\w+) = (\d+)(?: \[[^]]*\])?;", re.M)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def protos():
    return [path for path in tree.tracked() if path.endswith(".proto")]


class Schema(unittest.TestCase):
    def test_messages_are_flat(self):
        count = 0
        for path in protos():
            text = re.sub(r"//[^\n]*", "", tree.text(path))
            self.assertNotRegex(text, r"\b(oneof|group|map<|extend|enum)\b", path)
            for message, body in re.findall(r"message (\w+) \{([^{}]*)\}", text):
                fields = FIELD.findall(body)
                self.assertEqual(len(fields), body.count(";"), f"{path}: {message}")
                self.assertEqual(len({number for _, _, number in fields}), len(fields), f"{path}: {message}")
                for kind, name, _ in fields:
                    count += 1
                    self.assertIn(kind, SCALARS, f"{path}: {message}.{name}")
        self.assertGreater(count, 100)

    def test_limits_stand_in_one_header(self):
        defined = re.compile(r"(?m)^\s*(?:#\s*define\s+)?(LIMIT_\w+)(?:\s*=|\s+[\d(])")
        for path in tree.sources():
            if path != "schema/limits.h":
                self.assertEqual(defined.findall(tree.text(path)), [], path)
        self.assertGreater(len(defined.findall(tree.text("schema/limits.h"))), 20)

    def test_the_frame_is_capped_at_64_kib(self):
        self.assertRegex(tree.text("schema/limits.h"), r"LIMIT_FRAME_BYTES\b[ =]+\(?(65536|64 \* 1024)\b")

    def test_the_grammar_names_every_message(self):
        grammar = tree.text("schema/GRAMMAR.md")
        kinds = re.findall(r"MESSAGE_(\w+) = \d+", tree.text("schema/kinds.h"))
        self.assertGreater(len(kinds), 10)
        for kind in kinds:
            self.assertTrue(kind.replace("_", "-") in grammar, kind)
        for word in ("store id", "epoch", "expire"):
            self.assertTrue(word in grammar, word)

    def test_errors_have_stable_numbers_and_two_languages(self):
        rows = re.findall(r'\bX\((\d+), (\w+), EXIT_\w+,[\s\\]*"((?:\\.|[^"])*)",[\s\\]*"((?:\\.|[^"])*)"\)',
                          tree.text("schema/errors.h"))
        self.assertGreater(len(rows), 50)
        numbers = [int(number) for number, *_ in rows]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(len({name for _, name, *_ in rows}), len(rows))
        for number, name, english, chinese in rows:
            if re.search(r"[a-z]", re.sub(r"%\d", "", english)):
                self.assertRegex(chinese, CHINESE, name)
            self.assertIsNone(CHINESE.search(english), name)
            self.assertEqual(set(re.findall(r"%\d", english)), set(re.findall(r"%\d", chinese)), f"{number} {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
