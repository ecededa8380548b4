"""The journal's head is signed and kept by the export and the gate; the check of the journal finds what somebody with the
controller's disk did to it, and openssl finds it without us: the lines of docs/audit.md, run as they are printed."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from case import ParkCase
from park import Daemon, Refused, until

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
NEEDLE, FORGED = "turnstile under repair", "turnstile was never on"


def shell_blocks(page):
    return re.findall(r"(?s)```sh\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"))


class Audit(ParkCase):
    def setUp(self):
        self.own = self.park.home / "anchors" / "park"
        self.gates = self.park.agent_home("gate-a") / "anchors"
        until("the head is anchored, and the gate has it", lambda: self.own.exists() and self.gates.exists())

    def program(self, *args):
        return subprocess.run([self.park.programs.path("parkgate-controller"), *map(str, args)], capture_output=True, text=True,
                              timeout=120, check=False, env=self.park.env)

    def notes(self, done):
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line and "\t" not in line)

    def copy_of_directory(self, name):
        place = self.park.directory / name
        self.park.controller.end()
        try:
            shutil.copytree(self.park.home, place)
        finally:
            self.park.start_controller()
            self.park.wait_gate("gate-a")
        conf = place / "controller.conf"
        conf.write_text(conf.read_text().replace(str(self.park.home), str(place)))
        return place

    def openssl(self, place):
        done = subprocess.run(["sh", "-c", shell_blocks("audit.md")[0]], cwd=place, capture_output=True, text=True, timeout=200,
                              check=False)
        self.assertEqual(done.stderr, "")
        return done

    def anchored_up_to(self, path):
        return max(int(line.split()[0]) for line in path.read_text().splitlines() if not line.startswith("key "))

    def test_both_languages_print_the_same_lines(self):
        self.assertEqual(shell_blocks("audit.md"), shell_blocks("audit.zh-CN.md"))
        self.assertEqual(len(shell_blocks("audit.md")), 2)

    def test_a_journal_that_is_whole(self):
        notes = self.park.cli("audit", "verify")
        self.assertEqual((notes["result"], notes["finding"]), ("good", "whole"))
        self.assertGreater(int(notes["anchored_seq"]), 0)
        head = self.park.cli("audit", "head")
        self.assertEqual(head["export"], "good")
        self.assertEqual(int(head["anchored_seq"]), self.anchored_up_to(self.own))
        with_gate = self.park.cli("audit", "verify", "--anchors", self.gates)
        self.assertEqual(with_gate["result"], "good")
        self.assertEqual(self.gates.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.own.stat().st_mode & 0o777, 0o600)
        with self.assertRaises(Refused) as refused:
            self.park.cli("audit", "verify", "--anchors", self.park.directory / "none")
        self.assertIn("No such file", str(refused.exception))

    def test_openssl_alone_checks_an_export(self):
        place = self.park.directory / "export"
        notes = self.park.cli("audit", "export", place, "--reason", "yearly audit")
        self.assertEqual(notes["result"], "good")
        with open(place / "anchors.txt", "a", encoding="ascii") as anchors:
            anchors.write(self.gates.read_text())
        for file in place.iterdir():
            if file.suffix != ".pub":
                self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        done = self.openssl(place)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"chain: {notes['entries']} entries fit", done.stdout)
        self.assertNotIn("anchors: 0 fit", done.stdout)
        self.assertNotIn("not signed", done.stdout)
        key = subprocess.run(["sh", "-c", shell_blocks("audit.md")[1]], cwd=place, capture_output=True, text=True, check=True)
        self.assertEqual(key.stdout, self.park.cli("audit", "head")["sign_key"])
        lines = (place / "entries.txt").read_text().splitlines()
        data = bytearray((place / "entries.bin").read_bytes())
        fifth = sum(int(line.split()[1]) for line in lines[:4])
        data[fifth + 5] ^= 1
        (place / "entries.bin").write_bytes(data)
        done = self.openssl(place)
        self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (1, "entry 5: altered, missing or inserted"))
        data[fifth + 5] ^= 1
        (place / "entries.bin").write_bytes(data)
        (place / "entries.txt").write_text("\n".join(lines[:10]) + "\n")  # the end is cut off
        done = self.openssl(place)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the journal has another entry there, or none", done.stdout)
        with self.assertRaises(Refused) as refused:
            self.park.cli("audit", "export", place, "--reason", "again")
        self.assertIn("name a new directory", str(refused.exception))

    def test_an_altered_entry_is_named(self):
        self.park.cli("tenant", "suspend", "cold-chain", "--reason", NEEDLE)
        sequence = self.park.cli("journal", "head")["seq"]
        self.park.cli("tenant", "resume", "cold-chain", "--reason", "as before")
        place = self.copy_of_directory("altered")
        data = place / "store" / "data.mdb"
        content = data.read_bytes()
        self.assertIn(NEEDLE.encode(), content)
        data.write_bytes(content.replace(NEEDLE.encode(), FORGED.encode()))
        done = self.program("--audit", "--dir", place)
        self.assertEqual(done.returncode, 1)
        notes = self.notes(done)
        self.assertEqual((notes["finding"], notes["at_seq"]), ("altered", str(sequence)))
        self.assertIn(f"entry {sequence} was altered", notes["failed"])

    def test_an_older_store_laid_there_by_hand_is_found(self):
        """The gate's word raises the alarm at its HELLO; the job names what is missing; a restore would have said so."""
        park = self.park
        before = self.copy_of_directory("older")
        last = int(self.notes(self.program("--audit", "--dir", before))["seq"])
        for word in ("suspend", "resume"):
            park.cli("tenant", word, "cold-chain", "--reason", "a while")
        head = int(park.cli("journal", "head")["seq"])
        park.controller.end()  # its next start anchors within seconds
        park.start_controller()
        park.wait_gate("gate-a")
        until("the gate has an anchor of that", lambda: self.anchored_up_to(self.gates) >= head)
        park.controller.end()
        kept = park.directory / "kept"
        shutil.copytree(park.home / "store", kept)
        shutil.copy(before / "store" / "data.mdb", park.home / "store" / "data.mdb")
        try:
            done = self.program("--audit", "--dir", park.home)
            notes = self.notes(done)
            self.assertEqual((done.returncode, notes["finding"], int(notes["at_seq"])), (1, "cut", last + 1))
            (park.home / "anchors" / "park").rename(park.directory / "park-away")  # who writes the disk takes our own away
            park.start_controller()
            park.wait_gate("gate-a")
            until("the alarm", lambda: "audit-break" in [row["fault"] for row in park.rows("status")])
            self.assertIn("contradicts", [row["anchor"] for row in park.rows("audit", "anchors")])
            with self.assertRaises(Refused) as refused:  # the evidence is kept
                park.cli("audit", "verify")
            self.assertRegex(str(refused.exception), "cut off|rewritten")
        finally:
            park.controller.end()
            shutil.copy(kept / "data.mdb", park.home / "store" / "data.mdb")
            park.start_controller()
            park.wait_gate("gate-a")
        self.assertEqual(park.cli("audit", "verify")["result"], "good")

    def test_a_restored_backup_is_explained(self):
        """The same loss, but by `restore`: the journal says so, the gates' anchors are of what was left, and nothing is an alarm."""
        park = self.park
        place, again, lost = (park.directory / name for name in ("backup", "again", "lost"))
        backup = int(park.cli("backup", place)["seq"])
        for word in ("suspend", "resume"):
            park.cli("tenant", word, "cold-chain", "--reason", "a while")
        head = int(park.cli("journal", "head")["seq"])
        park.controller.end()
        park.start_controller()
        park.wait_gate("gate-a")
        until("the gate has an anchor of that", lambda: self.anchored_up_to(self.gates) >= head)
        park.controller.end()
        done = self.program("--restore", place, again)
        self.assertEqual(done.returncode, 0, done.stderr)
        lost.mkdir()
        for name in ("store", "keys"):
            (park.home / name).rename(lost / name)
            (again / name).rename(park.home / name)
        (again / "restored").rename(park.home / "restored")
        park.start_controller()
        park.wait_gate("gate-a")
        park.cli("recover", "--checked")
        until("the recovery ends", lambda: park.cli("recover", "show")["recovery"] == "ended")
        notes = park.cli("audit", "verify")
        self.assertEqual((notes["result"], int(notes["restores"]), int(notes["left_from"])), ("good", 1, backup + 1))
        self.assertGreaterEqual(int(notes["left_upto"]), head)
        self.assertNotIn("audit-break", [row["fault"] for row in park.rows("status")])
        self.assertEqual(park.rows("events", "--kind", "restored", "--after", 0)[0]["text"], f"from a backup that ends at entry {backup}")
        self.assertEqual(park.cli("audit", "verify", "--anchors", self.gates)["result"], "good")

    def test_the_key_is_replaced_by_a_word_of_the_one_before(self):
        before = self.park.cli("audit", "head")["sign_key"]
        done = subprocess.run([self.park.programs.path("parkgate"), "server", "resign", self.park.home], env=self.park.env, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        after = self.park.cli("audit", "head")["sign_key"]
        self.assertNotEqual(before, after)
        until("the journal names it", lambda: after in [row["text"].split()[-1] for row in
                                                        self.park.rows("events", "--kind", "sign-key", "--after", 0)])
        until("the old key is gone", lambda: not (self.park.home / "sign.key.old").exists())
        self.assertNotIn("sign-key-changed", [row["text"] for row in self.park.rows("events", "--kind", "fault", "--after", 0)])
        self.assertEqual(self.park.cli("audit", "verify")["result"], "good")

    def test_who_looked_and_who_opened(self):
        person, _ = self.person()
        self.park.cli("person", "show", person, "--reason", "letter 17")
        self.park.cli("lane", "open", "gate-a-in", "--reason", "badge forgotten")
        looked = self.park.rows("audit", "lookups")
        self.assertIn(("admin", "lookup"), [(row["actor"], row["kind"]) for row in looked])
        self.assertTrue(any("letter 17" in row["text"] for row in looked), looked)
        opened = self.park.rows("audit", "opens")
        self.assertTrue(any(row["kind"] == "command" and row["lane"] == "gate-a-in" and "badge forgotten" in row["text"]
                            for row in opened), opened)
        self.assertNotIn("测试", str(looked) + str(opened))


if __name__ == "__main__":
    unittest.main(verbosity=2)
