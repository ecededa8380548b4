"""What a gate that is alone makes of several reads, and of cards that prove themselves, on real processes: two reads by one badge
that wait for a silent controller open once; a plate and its driver's badge belong together as ever; at a zone that asks for
authenticated cards the genuine one enters and its copies do not, and after the lease no other card does anywhere."""
import datetime
import json
import os
import signal
import time
import unittest
import urllib.request

import desfire_test
import stores
from alone_test import AloneCase
from case import today
from desfire_test import genuine
from park import Board, Gate, GREEN, Lane, RED, YELLOW, descendants, until

PLATES = ("浙A12345", "浙A54321")
ANSWER_MS = 1000


def reading_gates():
    trucks = [Lane("truck-in", reader="plate", keypad=True, driver=True, unknown_clock="grant", open_ms=1000),
              Lane("truck-out", "out", reader="plate", open_ms=1000)]
    return [Gate("gate-a", [Board("board-a", [Lane("badge-in", keypad=True, unknown_clock="grant", answer_ms=ANSWER_MS), Lane("a-out", "out", button=True)])]),
            Gate("gate-t", [Board("board-t", trucks)])]


class Reads(AloneCase):
    GATES = staticmethod(reading_gates)

    def stop(self, daemon):
        """The process that works stands still: its lines are up, and nobody answers."""
        pid = next(pid for pid, args in descendants(daemon.pid) if args == daemon.args)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(self.go_on, pid)
        return pid

    @staticmethod
    def go_on(pid):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def post(self, keypad, uid):
        """Told and kept; what becomes of it is not waited for."""
        body = json.dumps({"kind": "badge", "value": uid}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.park.http_ports['gate-a']}/json/{keypad}", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)

    def told_of(self, lane, since, count):
        """The verdicts that were acted on, in the order of the gate's reads; None: they have not all come."""
        journal = [entry for entry in stores.journal(self.park.home)[since:] if entry.kind == stores.ENTRY_EVENT]
        rows, told = {str(row["seq"]): row for row in self.park.events()}, {}
        for entry in journal:
            body = entry.body
            if body.lane == lane and body.kind == stores.PRESENTATION and body.offline:
                told[body.event_sequence] = rows[str(entry.sequence)]
            if body.lane == lane and body.kind == stores.ACTED:
                told[body.presentation] = rows[str(entry.sequence)]
        return [told[read] for read in sorted(told)] if len(told) >= count else None

    def blocked(self, lane):
        self.assertTrue(self.park.turnstile(lane).do(f"push {lane} 200").startswith("blocked"))

    def test_two_reads_of_one_badge_wait_for_a_silent_controller(self):
        """Both are due in one turn of the agent's loop: the second is judged with the first one's grant in sight."""
        park = self.park
        _, uid = self.person()
        head = self.copied()
        board = park.turnstile("badge-in")
        turns, sounds = board.turns("badge-in"), int(board.show("badge-in")["sounds"])
        controller = self.stop(park.controller)
        self.post("badge-in-keypad", uid)
        self.post("badge-in-keypad", uid)
        posted = time.monotonic()
        agent = self.stop(park.agents["gate-a"])
        until("both are due", lambda: time.monotonic() > posted + ANSWER_MS / 1000)
        self.go_on(agent)
        board.do(f"wait badge-in sounds {sounds + 1} 10000")
        park.push("badge-in")
        self.go_on(controller)  # it judges both as they came: nothing of that may open an arm now
        told = until("both verdicts", lambda: self.told_of("badge-in", head, 2))
        self.assertEqual([(event["verdict"], event["reason"]) for event in told], [("grant", "granted"), ("deny", "repeat")])
        for event in told:
            self.assertRegex(event["text"], rf"^offline, by journal {head}, \d+ s old$")
        park.wait_events("the passage", {"kind": "passage", "lane": "badge-in", "text": "passed"})
        self.blocked("badge-in")
        self.assertEqual(board.turns("badge-in"), turns + 1)
        self.assert_verified()

    def book(self, plate):
        """A truck, and (its driver, his badge)."""
        driver, badge = self.person("cold-chain", assigned=False)
        self.park.cli("booking", "add", plate, "--tenant", "sun-express", "--driver", driver, "--zone", "yard",
                      "--from", today() - datetime.timedelta(days=1), "--until", today() + datetime.timedelta(days=1))
        return driver, badge

    def test_a_plate_and_its_drivers_badge(self):
        """Neither half opens, nor does another's badge; the other half does, whichever came first."""
        park = self.park
        (zhou, zhou_badge), (xu, xu_badge) = (self.book(plate) for plate in PLATES)
        _, other = self.person("cold-chain", assigned=False)
        head = self.copied()
        self.apart()
        self.assertEqual(park.keyed("truck-in", "badge", zhou_badge)["colour"], YELLOW)
        self.blocked("truck-in")
        self.assertEqual(park.post("truck-in", f"anpr --plate {PLATES[0]}")["colour"], GREEN)
        park.push("truck-in")
        self.assertEqual(park.post("truck-in", f"anpr --plate {PLATES[1]}")["colour"], YELLOW)
        self.blocked("truck-in")
        self.assertEqual(park.keyed("truck-in", "badge", other)["colour"], RED)
        self.blocked("truck-in")
        self.assertEqual(park.keyed("truck-in", "badge", xu_badge)["colour"], GREEN)
        park.push("truck-in")
        self.assertEqual(park.post("truck-out", f"anpr --plate {PLATES[0]}")["colour"], GREEN)
        park.push("truck-out")
        self.together()
        told = until("all verdicts", lambda: self.told_of("truck-in", head, 5))
        self.assertEqual([event["reason"] for event in told], ["driver-needed", "granted", "driver-needed", "driver-wrong", "granted"])
        for event in told:
            self.assertRegex(event["text"], r"^offline, by journal \d+, \d+ s old$")
        park.wait_events("both ways in, and out", {"kind": "passage", "text": "passed"}, 3)
        inside = [row["person"] for row in park.rows("who", "--tenant", "sun-express") if row["person"] in (zhou, xu)]
        self.assertEqual(inside, [xu])  # he came with his truck, as the other left with his
        self.assert_verified()


def card_gates():
    return [Gate("gate-a", [Board("board-a", [
        Lane("safe-in", zone="safe", reader_more=desfire_test.desfire(), lease_over="authenticated"),
        Lane("safe-out", "out", zone="safe", reader_more=desfire_test.desfire()),
        Lane("yard-in", lease_over="authenticated")])])]


class Cards(AloneCase):
    GATES = staticmethod(card_gates)
    YAML = desfire_test.Desfire.YAML

    def light(self, lane, card):
        self.park.reader(lane).remove()
        return self.park.turnstile(lane).after(lane, lambda: self.park.reader(lane).do(card))["colour"]

    def refused(self, lane, card):
        self.assertNotEqual(self.light(lane, card), GREEN, card)
        self.assertTrue(self.park.turnstile(lane).do(f"push {lane} 200").startswith("blocked"))

    def passes(self, lane, card):
        self.assertEqual(self.light(lane, card), GREEN, card)
        self.park.push(lane)

    def lease_is_over(self):
        self.take_cards_away()
        self.park.agents["gate-a"].kill()
        self.change_lease("gate-a", 61, int(24 * 3600e6).to_bytes(8, "big"))
        self.park.start_agent("gate-a")
        for lane in ("safe-in", "safe-out", "yard-in"):
            self.park.agents["gate-a"].wait_event(f"device name={lane}-badge state=1")

    def test_a_card_that_proves_itself(self):
        park = self.park
        who, uid = self.person()
        other, second = self.person()
        head = self.copied()
        self.apart()
        for card, _ in desfire_test.attacks(uid):
            self.refused("safe-in", card)
        self.passes("safe-in", genuine(uid))
        self.passes("safe-out", f"card {uid}")  # nobody is kept in
        self.passes("yard-in", f"card {second}")  # where a UID is enough
        self.lease_is_over()
        self.refused("yard-in", f"card {uid}")
        for card, _ in desfire_test.attacks(second):
            self.refused("safe-in", card)
        self.passes("safe-in", genuine(second))
        self.together()
        attacks = [reason for _, reason in desfire_test.attacks(uid)]
        told = self.verdicts("safe-in", head, 2 * len(attacks) + 2)
        self.assertEqual([event["reason"] for event in told], [*attacks, "granted", *attacks, "granted"])
        self.assertEqual([event["who"] for event in told if event["verdict"] == "grant"], [who, other])
        for event in told:
            self.assertIn("offline, by journal", event["text"])
        self.assertEqual(self.reasons("yard-in", head, 2), ["granted", "lease-class"])
        until("all passages", lambda: len(park.events("--kind", "passage")) == 4)
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
