"""Goal: at a zone that asks for authenticated badges only a DESFire card that knows its own key enters, whatever else is
held to the reader; whoever leaves, leaves. Method: real controller, agent and parkgate-nfc on emulated readers, and every
card that an attacker could bring."""
import os
import pathlib
import sys
import tempfile
import unittest

from case import PARK_YAML, UIDS, ParkCase
from park import GREEN, RED, Board, Gate, Lane

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit/seal"))
from an10922_check import derive  # noqa: E402

AID, SYSTEM = "3042f5", "4e585020416275"
MASTER = "00112233445566778899aabbccddeeff"
OTHER_KEY = "a8dd63a3b89d54b37ca802473fda9176"
UID_KEY = "0f0e0d0c0b0a09080706050403020100"

FILES = tempfile.TemporaryDirectory(prefix="keys-")
unittest.addModuleCleanup(FILES.cleanup)


def key_file(name, key):
    path = pathlib.Path(FILES.name) / name
    path.write_text(key + "\n", encoding="ascii")
    path.chmod(0o600)
    return str(path)


def desfire(**more):
    return {"desfire_aid": AID, "desfire_key_no": 1, "desfire_key_file": key_file("master", MASTER),
            "desfire_system_id": SYSTEM, "exchange_ms": 1000, **more}


def gates():
    two_keys = {"desfire_uid_key_no": 2, "desfire_uid_key_file": key_file("uid", UID_KEY)}
    return [Gate("gate-a", [Board("board-a", [
        Lane("safe-in", zone="safe", reader_more=desfire()),
        Lane("safe-out", "out", zone="safe", reader_more=desfire()),
        Lane("two-in", zone="safe", reader_more=desfire(**two_keys)),
        Lane("plain-in", zone="safe")])])]


def key_of(uid):
    """The card's own key, by the independent implementation."""
    return derive(bytes.fromhex(MASTER), bytes.fromhex(uid + AID + SYSTEM)).hex()


def genuine(uid, more=""):
    return f"desfire {uid} key1={key_of(uid)} {more}".rstrip()


def attacks(uid):
    """What is held to the reader by whoever has seen this card once, and the reason why it does not enter."""
    return [(f"desfire {uid} key1={OTHER_KEY}", "card-not-authentic"),  # wrong key
            (f"desfire {uid} key1={key_of(UIDS[-1])}", "card-not-authentic"),  # another card's
            (f"desfire {uid} replay", "card-not-authentic"),            # replayed challenge
            *[(genuine(uid, f"cut={cut}"), "card-not-authentic") for cut in (0, 1, 2, 9, 16, 17)],
            (genuine(uid, "slow=350"), "relay-suspected"),
            (f"card {uid}", "card-not-authentic"),                      # cloned UID
            (f"card {uid} sak=20", "card-not-authentic"),
            (f"desfire {uid} mute", "card-not-authentic"),
            (genuine(uid, "random"), "card-random-id")]


class Desfire(ParkCase):
    GATES = staticmethod(gates)
    YAML = PARK_YAML.replace("tenants:", "  - {name: safe, title: Safe, minimum_class: authenticated}\ntenants:").replace(
        "zones: [yard]", "zones: [yard, safe]")

    def setUp(self):
        self.who, self.uid = self.person()

    def show(self, lane, card):
        """Holds a card there: the light, and the presentation as it was recorded."""
        park = self.park
        park.reader(lane).remove()
        wanted = {"kind": "presentation", "lane": lane}
        before = len(self.seen(lane))
        light = park.turnstile(lane).after(lane, lambda: park.reader(lane).do(card))["colour"]
        return light, park.wait_events(f"the read of {card!r}", wanted, before + 1)[-1]

    def seen(self, lane):
        return [event for event in self.park.events() if event["kind"] == "presentation" and event["lane"] == lane]

    def enters(self, lane="safe-in", card=None):
        light, event = self.show(lane, card or genuine(self.uid))
        self.assertEqual((light, event["verdict"], event["who"]), (GREEN, "grant", self.who), event)
        self.assertIn("card proved itself", event["text"])
        self.park.push(lane)

    def leaves(self, card):
        light, event = self.show("safe-out", card)
        self.assertEqual((light, event["verdict"]), (GREEN, "grant"), card)
        self.park.push("safe-out")

    def is_refused(self, card, reason, lane="safe-in"):
        light, event = self.show(lane, card)
        self.assertEqual((light, event["verdict"], event["reason"]), (RED, "deny", reason), card)
        self.assertTrue(self.park.turnstile(lane).do(f"push {lane} 200").startswith("blocked"))
        return event

    def test_no_attack_enters_and_everybody_leaves(self):
        self.who, self.uid = self.person(assigned=False)
        before, bad = len(self.seen("safe-in")), attacks(self.uid)
        self.is_refused(genuine(self.uid), "no-assignment")  # what the replaying card has recorded
        for card, reason in bad:
            event = self.is_refused(card, reason)
            if reason == "relay-suspected":
                self.assertRegex(event["text"], r"card answered too slowly, 1[0-4]\d\d ms")
        seen = self.seen("safe-in")[before:]
        self.assertEqual([event["verdict"] for event in seen], ["deny"] * (1 + len(bad)))
        self.assign(self.who)
        self.enters()
        for card in [genuine(self.uid), *(card for card, _ in bad)]:
            self.leaves(card)
        self.assert_verified()

    def test_a_uid_alone_is_too_weak(self):
        self.is_refused(genuine(self.uid), "class-too-weak", "plain-in")
        self.is_refused(f"card {self.uid}", "class-too-weak", "plain-in")
        self.is_refused(genuine(self.uid, "random"), "card-random-id", "plain-in")

    def test_a_random_id_with_two_keys(self):
        two = f"key2={UID_KEY} random"
        self.is_refused(genuine(self.uid, "random"), "card-not-authentic", "two-in")
        self.is_refused(f"desfire {self.uid} key1={OTHER_KEY} {two}", "card-not-authentic", "two-in")
        self.enters("two-in", genuine(self.uid, two))
        self.who, self.uid = self.person()
        self.enters("two-in", genuine(self.uid, two))

    def test_a_reader_that_lost_its_key(self):
        self.park.reader("safe-in").remove()
        agent, path = self.park.agents["gate-a"], pathlib.Path(FILES.name) / "master"
        for spoil, why in ((lambda: path.chmod(0o640), "others may read"),
                           (lambda: path.write_text("0" * 32 + "\n"), "the factory's key"),
                           (lambda: path.write_text(MASTER[:-1] + "\n"), "not one key of 32 hex digits"),
                           (lambda: path.write_text(MASTER + "00\n"), "not one key of 32 hex digits"),
                           (path.unlink, "No such file")):
            agent.end()
            spoil()
            self.park.start_agent("gate-a")
            self.assertIn(why, agent.wait_event("card_key_failed reader=safe-in-badge"))
            agent.wait_event("device name=safe-in-badge state=2")
            agent.wait_event("controller_welcome")
            key_file("master", MASTER)
        self.is_refused(genuine(self.uid), "card-not-authentic")
        self.leaves(genuine(self.uid))
        self.park.reader("safe-in").remove()
        agent.end()
        self.park.start_agent("gate-a")
        self.park.wait_gate("gate-a")
        self.enters()


if __name__ == "__main__":
    unittest.main()
