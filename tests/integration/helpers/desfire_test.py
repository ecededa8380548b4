"""Goal: only a DESFire card that knows its own key is authenticated, and the master key stays with the
agent. Method: parkgate-nfc on the emulated reader, with cards of every kind an attacker could bring;
libfreefare, foreign code, against the same emulated card; and the memory of both processes searched."""
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from gatelib import DOWN, PEERS, UP, Gate, Peer, is_alive  # noqa: E402
from peerlib import directory  # noqa: E402

# The vector of AN10922: master key, application, system identifier; a card and its own key.
MASTER = "00112233445566778899aabbccddeeff"
AID = "3042f5"
SYSTEM = "4e585020416275"
CARD = "04782e21801d80"
KEY = "a8dd63a3b89d54b37ca802473fda9175"
OTHER_KEY = "a8dd63a3b89d54b37ca802473fda9176"
UID_KEY = "0f0e0d0c0b0a09080706050403020100"
GIVEN, FAILED, SLOW, RANDOM_ID = 1, 2, 3, 4
BADGE, NOBODY = 1, 0
UID_ONLY, AUTHENTICATED, BEARER = 1, 2, 0


class DesfireTest(unittest.TestCase):
    def setUp(self):
        self.place = directory()
        self.addCleanup(self.place.cleanup)
        self.dir = self.place.name
        self.link = os.path.join(self.dir, "reader")
        self.chip = Peer(os.path.join(PEERS, "peer-pn532"), "--link", self.link,
                         control=os.path.join(self.dir, "chip"))
        self.addCleanup(self.chip.stop)

    def gate_of(self, limit_ms=1000, master=MASTER, uid_key="-", state=UP):
        self.gate = Gate(self.dir, self.config(limit_ms, master, uid_key))
        self.addCleanup(lambda: self.gate.__exit__())
        self.gate.expect(f"state r1 {state}")

    def config(self, limit_ms=1000, master=MASTER, uid_key="-"):
        return [f"reader r1 pn532_uart:{self.link}",
                f"cards r1 {AID} 1 {master} {SYSTEM} {limit_ms} {0 if uid_key == '-' else 2} {uid_key}"]

    def put(self, card):
        self.chip.do("remove")
        self.chip.do("wait polls 6 20000")
        self.chip.do(card)

    def read(self, card):
        """What is told of a card that is put there: UID, kind, class, proof, milliseconds."""
        self.gate.drain()
        self.put(card)
        line = self.gate.expect("read r1", 20)
        match = re.fullmatch(r"read r1 (\w+) kind=(\d) class=(\d) live=1 proof=(\d) ms=(\d+)", line)
        self.assertIsNotNone(match, line)
        return (match[1], *(int(x) for x in match.groups()[1:]))

    def expect(self, card, uid, kind, cclass, proof):
        got = self.read(card)
        self.assertEqual(got[:4], (uid, kind, cclass, proof), card)
        return got[4]

    def is_refused(self, card, uid=CARD):
        self.expect(card, uid, BADGE, UID_ONLY, FAILED)

    def proves(self, card=f"desfire {CARD} key1={KEY}"):
        ms = self.expect(card, CARD, BADGE, AUTHENTICATED, GIVEN)
        self.assertGreater(ms, 0)

    def test_a_card_that_knows_its_key(self):
        self.gate_of()
        for _ in range(3):
            self.proves()
        self.assertIn("proofs=3", self.chip.do("show"))

    def test_wrong_keys(self):
        self.gate_of()
        for key in (OTHER_KEY, MASTER, "00" * 16):
            self.is_refused(f"desfire {CARD} key1={key}")
        self.is_refused(f"desfire {CARD} key2={KEY}")  # under another number
        self.is_refused(f"desfire {CARD} aid=3042f6 key1={KEY}")
        self.is_refused(f"desfire 04782e21801d81 key1={KEY}", "04782e21801d81")  # another card's key
        self.assertIn("proofs=0", self.chip.do("show"))
        self.proves()

    def test_a_cloned_uid(self):
        self.gate_of()
        self.is_refused(f"card {CARD}")
        self.is_refused(f"card {CARD} sak=20")
        self.is_refused("card 04a1b2c3", "04a1b2c3")
        self.proves()

    def test_a_replayed_challenge(self):
        self.gate_of()
        self.proves()
        for _ in range(3):
            self.is_refused(f"desfire {CARD} replay")
        self.assertIn("proofs=1", self.chip.do("show"))

    def test_truncated_answers(self):
        self.gate_of()
        for cut in range(18):  # a whole answer has 18 bytes
            self.is_refused(f"desfire {CARD} key1={KEY} cut={cut}")
        self.proves(f"desfire {CARD} key1={KEY} cut=18")

    def test_a_slow_card(self):
        self.gate_of(limit_ms=150)
        ms = self.expect(f"desfire {CARD} key1={KEY} slow=60", CARD, BADGE, UID_ONLY, SLOW)
        self.assertGreaterEqual(ms, 180)
        self.is_refused(f"desfire {CARD} key1={KEY} slow=800")  # given up, not waited for
        self.assertEqual(self.process_count(), 1)

    def process_count(self):
        return len({line.split()[2] for line in self.gate.heard if line.startswith("started r1")})

    def test_a_mute_card(self):
        self.gate_of()
        self.is_refused(f"desfire {CARD} mute")
        self.proves()

    def test_a_random_id_without_the_scheme(self):
        self.gate_of()
        uid, kind, cclass, proof, _ = self.read(f"desfire {CARD} key1={KEY} random")
        self.assertEqual((uid[:2], len(uid), kind, cclass, proof), ("08", 8, NOBODY, BEARER, RANDOM_ID))

    def test_a_random_id_with_two_keys(self):
        self.gate_of(uid_key=UID_KEY)
        for _ in range(3):
            self.proves(f"desfire {CARD} key1={KEY} key2={UID_KEY} random")
        self.proves()  # and one that shows its own
        for keys in (f"key1={KEY}", f"key1={KEY} key2={KEY}"):
            uid, kind, cclass, proof, _ = self.read(f"desfire {CARD} {keys} random")
            self.assertEqual((uid[:2], kind, cclass, proof), ("08", NOBODY, BEARER, FAILED))
        self.is_refused(f"desfire {CARD} key1={OTHER_KEY} key2={UID_KEY} random")
        self.assertEqual(self.read(f"desfire {CARD} key1={KEY} key2={UID_KEY} random cut=17")[3], FAILED)

    def test_a_reader_without_its_key(self):
        self.gate_of(master="-", state=f"{DOWN} a key file of its cards cannot be read")
        self.is_refused(f"desfire {CARD} key1={KEY}")
        self.gate.configure(self.config())
        self.gate.order("configure")
        self.gate.expect(f"state r1 {UP}")
        self.proves()

    def test_what_is_asked_changes_without_a_restart(self):
        self.gate_of()
        self.proves()
        self.gate.configure([f"reader r1 pn532_uart:{self.link}"])
        self.gate.order("configure")
        self.expect(f"desfire {CARD} key1={KEY}", CARD, BADGE, UID_ONLY, 0)
        self.assertEqual(self.process_count(), 1)

    def test_the_next_worker_gives_keys_too(self):
        self.gate_of()
        pid = self.gate.pids["r1"]
        self.proves()
        self.gate.kill_worker()
        self.gate.expect(f"state r1 {UP}")
        self.proves()
        self.assertTrue(is_alive(pid))

    def test_the_master_key_is_in_no_helper(self):
        self.gate_of()
        self.proves()
        words = {"master": bytes.fromhex(MASTER), "card": bytes.fromhex(KEY), "aid": bytes.fromhex(AID)}
        self.assertIn("master", self.found_in(self.gate.worker, words))  # the search finds what is there
        # The card's key is wiped after its one use.
        self.assertEqual(self.found_in(self.gate.pids["r1"], words), {"aid"})

    @staticmethod
    def found_in(pid, words):
        """Which of the words stand where the process can write. A sanitizer's shadow is left out by its size."""
        found, step, overlap = set(), 1 << 20, 32
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
            for line in maps:
                begin, end = (int(x, 16) for x in line.split()[0].split("-"))
                if line.split()[1][:2] != "rw" or end - begin > 1 << 26:
                    continue
                for at in range(begin, end, step):
                    try:
                        mem.seek(at)
                        chunk = mem.read(min(step + overlap, end - at))
                    except (OSError, OverflowError, ValueError):
                        break  # pages that nobody may read
                    found |= {name for name, word in words.items() if word in chunk}
        return found

    def test_the_keys_are_locked_in_memory(self):
        self.gate_of()
        with open(f"/proc/{self.gate.worker}/status", encoding="utf-8") as file:
            locked = int(re.search(r"VmLck:\s+(\d+)", file.read())[1])
        with open(f"/proc/{self.gate.worker}/maps", encoding="utf-8") as file:
            sanitized = "libasan" in file.read()  # its mlock() does nothing, and says that it did
        self.assertTrue(locked > 0 or sanitized, locked)

    def freefare(self, key_no, key):
        program = os.environ["FREEFARE"]
        self.assertTrue(os.path.exists(program), "build it with libfreefare-dev (apt-packages.txt)")
        run = subprocess.run([program, f"pn532_uart:{self.link}", AID, str(key_no), key], timeout=60,
                             stdout=subprocess.PIPE, text=True, check=True,
                             env=dict(os.environ, LIBNFC_LOG_LEVEL="0"))
        return run.stdout.split("\n")[:-1]

    def test_libfreefare_agrees(self):
        self.chip.do(f"desfire {CARD} key1={KEY} key2={UID_KEY} random")
        good = ["selected ok", "authenticated ok", f"uid {CARD}"]
        self.assertEqual(self.freefare(1, KEY), good)
        self.assertEqual(self.freefare(2, UID_KEY), good)
        for key_no, key in ((1, OTHER_KEY), (1, UID_KEY), (3, KEY)):
            self.assertEqual(self.freefare(key_no, key), ["selected ok", "authenticated failed"])
        self.chip.do(f"desfire {CARD} aid=010203 key1={KEY}")
        self.assertEqual(self.freefare(1, KEY), ["selected failed"])
        self.chip.do(f"desfire {CARD} key1={KEY}")
        self.assertEqual(self.freefare(1, KEY), good)
        self.gate_of()
        self.proves()  # ours, of the card that libfreefare took


if __name__ == "__main__":
    unittest.main(verbosity=2)
