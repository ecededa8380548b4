"""Goal: docs/watch-list.md is true for who has no program of ours: its lists are taken as they stand, its openssl lines judge a bundle, and
a reader written from the page alone finds what was signed. Method: the real command line over the page's own examples, in both languages;
openssl; protobuf's wire format read here by hand."""
import datetime
import hashlib
import hmac
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARKGATE = os.path.join(os.environ["PARKGATE_BUILD_DIR"], "admin-cli", "parkgate")
PAGES = ("docs/watch-list.md", "docs/watch-list.zh-CN.md")
MATCHING = bytes(range(32))


def blocks(page):
    return re.findall(r"(?ms)^```\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"))


def in_future(text):
    """The page's dates, as far ahead of today as they may be."""
    soon = (datetime.date.today() + datetime.timedelta(days=40)).isoformat()
    return re.sub(r"2026-\d\d-\d\d", soon, text)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """[(number, value)]: numbers and bytes, in order."""
    at, found = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found.append((tag >> 3, value))
    return found


def parts(file):
    """(manifest, signature, [chunk]) of a bundle's file."""
    assert file[:8] == b"PGWATCH1"
    size = struct.unpack(">I", file[8:12])[0]
    manifest, at = file[12:12 + size], 12 + size
    signature, at = file[at:at + 64], at + 64
    chunks = []
    while at < len(file):
        size = struct.unpack(">I", file[at:at + 4])[0]
        chunks.append(file[at + 4:at + 4 + size])
        at += 4 + size
    return manifest, signature, chunks


def with_length(text):
    return struct.pack(">I", len(text)) + text


class WatchPage(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        self.run_line("watch", "keygen", "keys")
        match = self.dir / "keys" / "match.key"
        match.write_text(MATCHING.hex() + "\n")
        match.chmod(0o600)

    def run_line(self, *words):
        done = subprocess.run([PARKGATE, *words], cwd=self.dir, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def sign(self, text, out, *more):
        (self.dir / "list.csv").write_text(in_future(text), encoding="utf-8")
        return self.run_line("watch", "sign", "list.csv", "--authority", "west-station", "--park", "north-park", "--sign-key",
                             "keys/sign.key", "--match-key", "keys/match.key", "--out", out, *more)

    def list_of(self, page, first):
        return next(block for block in blocks(page) if block.startswith(first))

    def test_the_lists_of_both_pages_say_the_same(self):
        entries = []
        for page, first in zip(PAGES, ("change,id", "变更,编号")):
            self.sign(self.list_of(page, first), f"b-{first[:2]}")
            manifest, _, chunks = parts((self.dir / f"b-{first[:2]}").read_bytes())
            values = dict(fields(manifest)[:10])
            self.assertEqual((values[1], values[2], values[3], values[4], values[7]), (1, b"west-station", b"north-park", 1, 3))
            self.assertEqual([value for number, value in fields(manifest) if number == 11], [hashlib.sha256(chunks[0]).digest()])
            changes = [dict(fields(value)) for number, value in fields(chunks[0]) if number == 2]
            entries.append([{number: value for number, value in fields(change[2]) if number not in (8, 9)} if change[1] == 1
                            else change for change in changes])
        self.assertEqual(entries[0], entries[1])
        person, withdrawn, vehicle = entries[0]
        self.assertEqual([person[1], withdrawn[3], vehicle[1]], [b"p-03xZ", b"v-2Mm1", b"v-7Qk2"])
        self.assertEqual(vehicle[4].decode(), "京A12345")
        self.assertEqual(person[4], hmac.new(MATCHING, with_length(b"parkgate watch identity") + with_length(b"11010519491231002X"),
                                             "sha256").digest())
        self.assertNotIn(b"19491231", b"".join(path.read_bytes() for path in self.dir.glob("b-*")))

    def test_the_json_of_both_pages_renews(self):
        for page in PAGES:
            self.sign(self.list_of(page, "[{"), f"j-{len(page)}")
            _, _, chunks = parts((self.dir / f"j-{len(page)}").read_bytes())
            change = dict(fields(dict(fields(chunks[0]))[2]))
            self.assertEqual((change[1], change[3], change[5].decode()), (2, b"p-03xZ", "立字〔2026〕41号"))

    def openssl(self, page):
        lines = next(block for block in blocks(page) if "openssl pkeyutl" in block)
        return subprocess.run(["sh", "-e", "-c", lines], cwd=self.dir, capture_output=True, text=True, check=False)

    def test_openssl_judges_a_bundle_by_the_lines_of_the_page(self):
        self.sign(self.list_of(PAGES[0], "change,id"), "bundle-7")
        sound = (self.dir / "bundle-7").read_bytes()
        size = len(parts(sound)[0])
        for page in PAGES:
            (self.dir / "bundle-7").write_bytes(sound)
            self.assertEqual(self.openssl(page).returncode, 0, self.openssl(page).stderr)
            for at in (12, 12 + size - 1, 12 + size, 12 + size + 63):
                changed = bytearray(sound)
                changed[at] ^= 1
                (self.dir / "bundle-7").write_bytes(changed)
                self.assertNotEqual(self.openssl(page).returncode, 0, at)

    def test_the_digest_is_the_base_of_the_next(self):
        out = self.sign(self.list_of(PAGES[0], "change,id"), "bundle-7")
        digest = hashlib.sha256(parts((self.dir / "bundle-7").read_bytes())[0]).hexdigest()
        self.assertIn(digest, out)
        self.sign("id\n", "bundle-8", "--after", "bundle-7")
        self.assertEqual(dict(fields(parts((self.dir / "bundle-8").read_bytes())[0]))[5].hex(), digest)
        self.sign("id\n", "bundle-9", "--number", "2", "--previous", digest)
        self.assertEqual(dict(fields(parts((self.dir / "bundle-9").read_bytes())[0]))[5].hex(), digest)

    def test_both_pages_have_the_same_parts(self):
        english, chinese = ((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
        for pattern in (r"(?m)^## ", r"(?m)^\|", r"(?m)^```", r"(?m)^- ", r"`[a-z-]+`"):
            self.assertEqual(len(re.findall(pattern, english)) > 0, len(re.findall(pattern, chinese)) > 0, pattern)
        for pattern in (r"(?m)^## ", r"(?m)^\|", r"(?m)^```", r"(?m)^- "):
            self.assertEqual(len(re.findall(pattern, english)), len(re.findall(pattern, chinese)), pattern)

    def test_the_closed_lists_are_those_of_the_program(self):
        source = (ROOT / "schema/watch.c").read_text(encoding="utf-8")
        words = re.findall(r'\[WATCH_(?:CATEGORY|INSTRUCTION|ACTION)_\w+\] = "([a-z-]+)"', source)
        self.assertEqual(len(words), 14)
        for page in PAGES:
            text = (ROOT / page).read_text(encoding="utf-8")
            self.assertEqual([word for word in words if f"`{word}`" not in text], [], page)
        joined = re.sub(r'"\s*\n\s*"', "", source)
        english, chinese = ((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
        sentences = re.findall(r'\{"([^"]{20,})",\s*"([^"]+)"\s*\}', joined)
        self.assertEqual(len(sentences), 7)
        for en, zh in sentences:
            self.assertIn(en, english)
            self.assertIn(zh, chinese)

    def test_the_bounds_are_those_of_the_program(self):
        limits = (ROOT / "schema/limits.h").read_text(encoding="utf-8")
        values = {name: int(value) for name, value in re.findall(r"LIMIT_(WATCH_\w+) = (\d+)", limits)}
        for page in PAGES:
            text = (ROOT / page).read_text(encoding="utf-8")
            for name in ("PERSONS", "PERSON_DAYS", "PERSON_DAYS_DEFAULT", "VEHICLE_DAYS", "AHEAD_DAYS", "NAME_BYTES", "BASIS_BYTES", "ID_BYTES",
                         "CHANGES_PER_CHUNK"):
                self.assertRegex(text, rf"\b{values['WATCH_' + name]}\b", name)
            self.assertIn(f"{values['WATCH_CHUNKS'] * values['WATCH_CHANGES_PER_CHUNK']:,}", text)
            self.assertIn(f"{values['WATCH_CHUNK_BYTES']:,}", text)
            self.assertEqual(values["WATCH_BUNDLE_S"], 7 * 86400)


if __name__ == "__main__":
    unittest.main(verbosity=2)
