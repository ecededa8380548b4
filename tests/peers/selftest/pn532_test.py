"""The emulated PN532 is a reader for Debian's unmodified nfc-list, card by card and fault by fault: each
test puts something into the field or onto the line and reads what nfc-list and the peer say of it."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from peerlib import Peer, directory  # noqa: E402

PROGRAM = os.path.join(os.environ["PEERS_DIR"], "peer-pn532")
CONTROL = os.path.join(os.environ["PEERS_DIR"], "peer-ctl")
CARDS = {"04A1B2C3": ("00 04", "08"),
         "04A1B2C3D4E5F6": ("00 44", "00"),
         "04A1B2C3D4E5F6070809": ("00 84", "00")}


class Pn532(unittest.TestCase):
    def setUp(self):
        self.directory = directory()
        self.addCleanup(self.directory.cleanup)
        self.start()

    def start(self, *options):
        self.link = os.path.join(self.directory.name, "reader")
        self.peer = Peer(PROGRAM, "--link", self.link, *options,
                         control=os.path.join(self.directory.name, "control"))
        self.addCleanup(self.peer.stop)

    def nfc_list(self):
        """Returns status (0 opened the reader, 1 could not, negative killed by a signal), text and the
        fields of the first card (None: no card)."""
        environment = dict(os.environ, LIBNFC_DEVICE="pn532_uart:" + self.link,
                           LIBNFC_LOG_LEVEL="1", LC_ALL="C")
        environment.pop("LD_PRELOAD", None)
        run = subprocess.run(["nfc-list"], env=environment, timeout=60, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        fields = re.findall(r"(ATQA|UID|SAK|ATS)[^:]*: *([0-9a-f ]*[0-9a-f])", run.stdout)
        card = {name: re.sub(" +", " ", value).upper() for name, value in fields}
        opened = "Unable to open" not in run.stdout
        return run.returncode or (0 if opened else 1), run.stdout, card or None

    def test_each_uid_length(self):
        for uid, (atqa, sak) in CARDS.items():
            self.peer.do("card " + uid)
            status, text, card = self.nfc_list()
            self.assertEqual(status, 0, text)
            self.assertEqual(card["UID"].replace(" ", ""), uid)
            self.assertEqual((card["ATQA"], card["SAK"]), (atqa, sak))
            self.assertNotIn("error\tlibnfc.driver", text)

    def test_no_card_then_card_then_none(self):
        for command, there in (("remove", False), ("card 01020304", True), ("remove", False)):
            self.peer.do(command)
            status, text, card = self.nfc_list()
            self.assertEqual((status, card is not None), (0, there), text)

    def test_type_4(self):
        self.peer.do("card 04A1B2C3D4E5F6 sak=20 ats=067577810280")
        card = self.nfc_list()[2]
        self.assertEqual((card["SAK"], card["ATS"]), ("20", "75 77 81 02 80"))

    def test_card_at_start_and_pace(self):
        self.peer.stop()
        self.start("--pace", "--card", "DEADBEEF")
        self.assertEqual(self.nfc_list()[2]["UID"], "DE AD BE EF")

    def test_faults_on_the_line_keep_it_from_opening(self):
        for fault in ("checksum", "garbage", "truncate"):
            self.peer.do("card 04A1B2C3")
            self.peer.do(f"fault {fault} 100")
            status, text, card = self.nfc_list()
            self.assertNotEqual(status, 0, fault + text)
            self.assertIsNone(card)
            self.peer.do("fault none")
            self.assertEqual(self.nfc_list()[2]["UID"], "04 A1 B2 C3")

    def test_faults_that_kill_the_library(self):
        for fault in ("status", "ats"):
            self.peer.do("card 04A1B2C3")
            self.peer.do(f"fault {fault} 5")
            status, text, _ = self.nfc_list()
            self.assertLess(status, 0, fault + text)
            self.peer.do("fault none")
            self.assertEqual(self.nfc_list()[2]["UID"], "04 A1 B2 C3")

    def test_mute_and_gone(self):
        self.peer.do("card 04A1B2C3")
        self.peer.do("mute on")
        self.assertNotEqual(self.nfc_list()[0], 0)
        self.peer.do("mute off")
        self.assertEqual(self.nfc_list()[0], 0)
        self.peer.do("gone")
        self.assertFalse(os.path.lexists(self.link))
        self.assertNotEqual(self.nfc_list()[0], 0)
        self.peer.do("back")
        self.assertEqual(self.nfc_list()[2]["UID"], "04 A1 B2 C3")

    def test_wait_counts_polls(self):
        self.assertTrue(self.peer.ask("wait polls 1 0").startswith("error timeout"))
        self.peer.do("card 04A1B2C3")
        command = [CONTROL, self.peer.control_path, "wait reads 1 30000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as waiting:
            while waiting.poll() is None:
                self.nfc_list()
            self.assertRegex(waiting.stdout.read(), "^ok [1-9]")

    def test_bad_commands(self):
        for command in ("", "card", "card 0102", "card 01020304 sak=zz", "mute", "mute maybe",
                        "desfire", "desfire 04A1B2C3", "desfire 04A1B2C3D4E5F6 key14=00", "desfire 04A1B2C3D4E5F6 fast",
                        "desfire 04A1B2C3D4E5F6 key1=0011", "fault", "fault fire", "fault ats 0", "wait coffee", "open"):
            self.assertTrue(self.peer.ask(command).startswith("error"), command)
        self.assertIn("card=none", self.peer.do("show"))

    def test_quit_cleans_up(self):
        self.peer.do("quit")
        self.assertEqual(self.peer.process.wait(timeout=10), 0)
        self.assertEqual(os.listdir(self.directory.name), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
