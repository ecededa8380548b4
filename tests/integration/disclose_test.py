"""A lawful demand with real processes: asked, agreed to by two others, taken as a file that openssl checks without us by the lines
of docs/privacy.md; a file that was changed is found by them and by us; its person is told; the auditor reads the log without names.

Method: what is asked for must be over, so the passage is of yesterday: controller and gate begin with clocks a day back
(moved_clock.so). A build with sanitizers has none; there the day that is asked for has no passage."""
import datetime
import os
import pathlib
import re
import shutil
import stat
import struct
import subprocess
import unittest

from case import ParkCase, today
from park import Park, Refused, until

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def shell_block(page):
    return re.findall(r"(?s)```sh\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"))[0]


def yesterday():
    return today() - datetime.timedelta(days=1)


class YesterdaysPark(Park):
    """Its clocks can be moved (`moved`), unless the build has sanitizers, and are a day back."""

    def make(self):
        super().make()
        library = self.programs.build / "tests/integration/moved_clock.so"
        self.moved = self.directory / "moved" if library.exists() else None
        if self.moved:
            self.move(-24 * 3600 * 1000000)
            for daemon in (self.controller, *self.agents.values()):
                daemon.env = {**self.env, "MOVED_CLOCK": str(self.moved), "LD_PRELOAD": str(library)}

    def move(self, us):
        with open(self.moved, "r+b" if self.moved.exists() else "w+b", buffering=0) as file:
            file.write(struct.pack("=q", us))


class Disclose(ParkCase):
    PARK = YesterdaysPark

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one, uid = cls.person()
        cls.walk(uid)
        if cls.park.moved:
            cls.park.agents["gate-a"].end()
            cls.park.move(0)
        cls.keys = {}
        for name, role in (("anna", "security"), ("bo", "security"), ("carla", "security"), ("audit", "auditor")):
            path = cls.park.directory / name
            cls.park.cli("key", "make", path)
            cls.park.cli("key", "add", name, "--public", f"{path}.pub", "--role", role)
            cls.keys[name] = path

    def ask(self, person, *more):
        return self.cli_as("anna", "disclose", "ask", "--document", f"D-{more}", "--authority", "East Station", "--officer", "071234",
                           "--basis", "Criminal Procedure Law 136", "--fields", "name,passages", "--persons", person,
                           "--from", yesterday(), "--to", yesterday(), *more)["approval"]

    def cli_as(self, who, *args):
        return self.park.cli("--key", self.keys[who], *args)

    def agreed(self, number):
        self.assertEqual(self.cli_as("bo", "approval", "grant", number)["state"], "waiting")
        return self.cli_as("carla", "approval", "grant", number)["disclosure"]

    @classmethod
    def walk(cls, uid):
        cls.park.tap("gate-a-in", uid)
        cls.park.push("gate-a-in")
        until("the passage counts", lambda: [event for event in cls.park.events() if event["kind"] == "passage"])

    def openssl(self, place):
        return subprocess.run(["sh", "-c", shell_block("privacy.md")], cwd=place, capture_output=True, text=True, timeout=60, check=False)

    def test_both_languages_print_the_same_lines(self):
        self.assertEqual(shell_block("privacy.md"), shell_block("privacy.zh-CN.md"))

    def test_a_demand_from_its_asking_to_its_log(self):
        person = self.one
        asked = self.ask(person)
        shown = {row["field"]: row["value"] for row in self.park.rows("--key", self.keys["bo"], "approval", "show", asked)}
        self.assertEqual((shown["persons"], shown["officer"]), (person, "071234"))
        with self.assertRaises(Refused):
            self.cli_as("anna", "approval", "grant", asked)
        number = self.agreed(asked)
        place = self.park.directory / "handed"
        place.mkdir()
        notes = self.cli_as("anna", "disclose", "file", number, place / "file")
        file, public = place / "file", place / "file.pub"
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        text = file.read_text(encoding="utf-8")
        self.assertIn("\n1\tname\t测试1\n", text)
        self.assertEqual(text.count(f"\n1\tpassage\t{yesterday()}T"), 1 if self.park.moved else 0)
        self.assertNotIn(person, text)
        taken = [row for row in self.park.rows("retention", "exports") if row["kind"] == "disclosure"]
        self.assertIn(f"\ndelete_by\t{taken[0]['delete_by']}\t", text)
        self.park.cli("retention", "deleted", taken[0]["export"], "--how", "handed over, no copy kept")
        self.assertEqual([row for row in self.park.rows("retention", "exports") if row["kind"] == "disclosure"], [])
        self.assertEqual(notes["sign_key"], self.park.cli("audit", "head")["sign_key"])
        self.checked_and_changed(place, file, public, notes["sign_key"])
        self.told_and_logged(number, person)

    def checked_and_changed(self, place, file, public, key):
        done = self.openssl(place)
        self.assertEqual((done.returncode, done.stdout), (0, f"the file is what {key} signed\n"), done.stderr)
        self.assertEqual(self.park.cli("disclose", "check", file, public)["result"], "good")
        whole = file.read_bytes()
        for changed in (whole.replace("测试1".encode(), "测试2".encode()), whole.replace(b"passage", b"Passage"),
                        whole.replace(b"\nofficer", b"\n\nofficer"), whole.replace(b"\nsignature ", b"\nsignature 1"),
                        b"".join(whole.splitlines(keepends=True)[1:])):
            self.assertNotEqual(changed, whole)
            file.chmod(0o600)
            file.write_bytes(changed)
            self.assertNotEqual(self.openssl(place).returncode, 0)
            with self.assertRaises(Refused) as refused:
                self.park.cli("disclose", "check", file, public)
            self.assertIn(f"is not what the park's key {key} signed", str(refused.exception))
            self.assertRegex(str(refused.exception), "所签不符：(最后一行不是签名|内容已被改动|签名无效)")
        file.write_bytes(whole)
        shutil.copy(public, place / "again.pub")
        with self.assertRaises(Refused):  # a file that is there is never written over
            self.cli_as("anna", "disclose", "file", 1, file)

    def told_and_logged(self, number, person):
        due = self.park.rows("disclose", "due")
        self.assertEqual([row["person"] for row in due], [person])
        self.park.cli("disclose", "told", number, "--person", person, "--how", "letter")
        self.assertEqual(self.park.rows("disclose", "due"), [])
        log = self.park.rows("--key", self.keys["audit"], "disclose", "list")
        row = next(row for row in log if int(row["disclosure"]) == int(number))
        self.assertEqual((row["state"], row["agreed_by"], int(row["persons"])), ("handed-out", "bo, carla", 1))
        looked = self.park.rows("--key", self.keys["audit"], "audit", "lookups")
        self.assertIn("disclosure", [row["kind"] for row in looked])
        self.assertNotIn(person, str(log) + str(looked))
        self.assertNotIn("测试", str(log) + str(looked))
        self.park.cli("journal", "verify")

    def test_what_the_program_refuses(self):
        person, _ = self.person()
        period = ["--from", yesterday(), "--to", yesterday()]
        tries = [(["--persons", "all", *period], "never everybody, a tenant or a zone"),
                 (["--persons", person, "--from", yesterday()], "a period has a first and a last day"),
                 (["--persons", person, "--from", yesterday(), "--to", today()], f"and is over: {today()}"),
                 (["--lane", "gate-a-in", "--day", today()], f"and is over: {today()}"),
                 (["--persons", ",".join(f"{n:032x}" for n in range(1, 22)), *period], "not found"),
                 (["--lane", "gate-a-in"], "a period has a first and a last day")]
        for more, words in tries:
            with self.assertRaises(Refused) as refused:
                self.cli_as("anna", "disclose", "ask", "--document", "R-1", "--authority", "A", "--officer", "071", "--basis", "B",
                            "--fields", "passages", *more)
            self.assertIn(words, str(refused.exception))
        with self.assertRaises(Refused) as refused:
            self.cli_as("anna", "disclose", "ask", "--document", "R-1", "--authority", "A", "--officer", "071", "--basis", "B",
                        "--fields", "faces", "--persons", person, *period)
        self.assertEqual(refused.exception.status, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
