"""A person at a turnstile, end to end: the badge is read, the arm turns, the headcount follows; and whoever must not
enter does not. Each step waits for what it caused: the display, the arm's turn, the journal's entry."""
import datetime
import unittest

from case import ParkCase, today
from park import GREEN, RED


class Person(ParkCase):
    def passages(self, lane, count):
        return self.park.wait_events(f"{count} passages at {lane}", {"kind": "passage", "lane": lane, "text": "passed"}, count)

    def test_badge_turns_the_arm_and_counts(self):
        park = self.park
        who, uid = self.person("cold-chain")
        seen = park.tap("gate-a-in", uid)
        self.assertEqual(seen["colour"], GREEN)
        park.turnstile("gate-a").do("wait gate-a-in line1 请通行")
        park.turnstile("gate-a").do('wait gate-a-in line2 "Please pass"')
        park.push("gate-a-in")
        event = self.passages("gate-a-in", 1)[-1]
        self.assertEqual((event["who"], event["tenant"]), (who, "cold-chain"))
        self.assertEqual(self.headcount("cold-chain"), {"persons": 1, "entries": 1, "exits": 0, "present": 1})
        self.assertIn(who, [row["person"] for row in park.rows("who", "--tenant", "cold-chain")])
        self.assertEqual(park.tap("gate-a-out", uid)["colour"], GREEN)
        park.push("gate-a-out")
        self.passages("gate-a-out", 1)
        self.assertEqual(self.headcount("cold-chain"), {"persons": 1, "entries": 1, "exits": 1, "present": 0})
        self.assert_verified()

    def test_grant_alone_is_no_passage(self):
        _, uid = self.person()
        turns = self.park.turnstile("gate-a-in").turns("gate-a-in")
        before = self.headcount()
        self.assertEqual(self.park.tap("gate-a-in", uid)["colour"], GREEN)
        self.park.wait_events("not taken", lambda event: event["kind"] == "passage" and event["text"].startswith("not-taken"))
        self.assertEqual(self.park.turnstile("gate-a-in").turns("gate-a-in"), turns)
        self.assertEqual(self.headcount(), before)

    def refused(self, uid, reason):
        self.park.reader("gate-a-in").remove()
        before = len(self.park.events("--kind", "presentation"))
        self.assertEqual(self.park.tap("gate-a-in", uid)["colour"], RED)
        event = self.park.wait_events("the refusal", {"kind": "presentation"}, before + 1)[-1]
        self.assertEqual((event["verdict"], event["reason"]), ("deny", reason))
        self.assertTrue(self.park.turnstile("gate-a-in").do("push gate-a-in 200").startswith("blocked"))

    def test_stranger(self):
        self.refused("04DEADBEEF0011", "credential-unknown")

    def test_revoked_badge(self):
        _, uid = self.person()
        self.park.cli("badge", "revoke", "--uid", uid, "--reason", "lost")
        self.refused(uid, "credential-revoked")

    def test_expired_badge(self):
        who, _ = self.person()
        self.park.cli("badge", "add", who, "04EE00EE00EE01", "--until", today() - datetime.timedelta(days=1))
        self.refused("04EE00EE00EE01", "credential-expired")

    def test_suspended(self):
        who, uid = self.person()
        self.park.cli("person", "suspend", who, "--reason", "papers")
        self.refused(uid, "person-suspended")

    def test_no_assignment(self):
        _, uid = self.person(assigned=False)
        self.refused(uid, "no-assignment")

    def test_nobody_is_kept_from_leaving(self):
        """A stranger's card and the exit button open the exit; nobody is counted."""
        park = self.park
        self.assertEqual(park.tap("gate-a-out", "04DEADBEEF0022")["colour"], GREEN)
        park.push("gate-a-out")
        self.assertEqual(park.press("gate-a-out")["colour"], GREEN)
        park.push("gate-a-out")
        self.assertTrue(park.wait_events("the press", {"kind": "exit-button", "verdict": "grant", "reason": "exit-button"}))

    def test_uids_of_4_and_10_bytes(self):
        for uid in ("3A5B7C9D", "04112233445566778899"):
            _, uid = self.person(uid=uid)
            self.park.reader("gate-a-in").remove()
            self.assertEqual(self.park.tap("gate-a-in", uid)["colour"], GREEN)
            self.park.push("gate-a-in")

    def test_lock_holds_entries_and_never_exits(self):
        park = self.park
        _, uid = self.person()
        park.cli("lane", "lock", "gate-a-in", "--reason", "drill")
        self.addCleanup(park.cli, "lane", "normal", "gate-a-in", "--reason", "drill over")
        self.refused(uid, "lane-locked")
        self.assertNotEqual(self.park.try_cli("lane", "lock", "gate-a-out", "--reason", "drill").returncode, 0)


if __name__ == "__main__":
    unittest.main()
