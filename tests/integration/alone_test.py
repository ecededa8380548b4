"""A gate that is alone, on real processes: the controller is killed, and each of two gates goes on by its copy: known people
enter, strangers and suspended ones do not, everybody leaves; each verdict says on what it rests. When the controller is back
it counts every passage once, and lists where two gates apart knew too little."""
import datetime
import hashlib
import re
import time
import unittest

from case import PARK_YAML, ParkCase
from park import Board, Gate, GREEN, Lane, RED, until

ANSWER_S = 0.3  # a lane waits so long for the controller
MARGIN_S = 1.0  # reader, disk, board and display, on a machine that does other things
REPEAT_S = 5.2  # then a read of the same badge is judged anew
NOW = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8)))


def closed_hours():
    """A window that is hours away from now."""
    return f"{(NOW.hour + 8) % 24:02}:00", f"{(NOW.hour + 9) % 24:02}:00"


YAML = PARK_YAML.replace("title: Cold Chain, zones: [yard]", "title: Cold Chain, zones: [yard, vault]").replace("tenants:", "  - {name: vault, title: Vault, parent: yard, high_risk: true}\ntenants:").replace(
    "zones: [yard, vault]}\nshifts", "zones: [yard, vault]}\n  - {name: night-watch, title: Night Watch, zones: [yard, vault], schedule: later}\nshifts") + """
passback:
  - {name: once, mode: hard, zones: [yard], for: [staff, day]}
schedules:
  - name: later
    windows:
      - {from: "%s", to: "%s"}
""" % closed_hours()


def gate(name):
    return Gate(name, [Board(f"{name}-board", [Lane(f"{name}-in"), Lane(f"{name}-out", "out", button=True),
                                               Lane(f"{name}-vault", zone="vault", outer_zone="yard", lease_over="authenticated")])])


class AloneCase(ParkCase):
    YAML = YAML
    GATES = staticmethod(lambda: [gate("gate-a"), gate("gate-b")])

    def setUp(self):
        if not self.park.controller.runs():  # the test before failed
            self.together()
        self.take_cards_away()

    def take_cards_away(self):
        """A helper that is started reads what lies there."""
        for reader in self.park.readers.values():
            reader.do("remove")

    def change_lease(self, gate_name, at, value):
        """Changes what the gate remembers of its lease (reader-agent/store/lease_file.c)."""
        path = self.park.agent_home(gate_name) / "lease"
        body = bytearray(path.read_bytes()[:-32])
        body[at:at + len(value)] = value
        path.write_bytes(bytes(body) + hashlib.sha256(body).digest())

    def forget_time(self, gate_name):
        """As a box finds its lease after a power cut: of another boot, in which the controller was heard."""
        self.change_lease(gate_name, 5, b"before".ljust(32, b"!"))

    def copied(self):
        """Until every gate's copy stands at the head of the journal."""
        head = int(self.park.cli("journal", "head")["seq"])

        def there():
            return all(row["copy_lag"] == 0 for row in self.park.rows("agent", "list"))
        until("all copies are whole", there)
        return head

    def apart(self):
        """The controller is killed in the middle of whatever it does."""
        self.park.controller.kill()

    def together(self):
        self.park.start_controller()
        for name in self.park.agents:
            until(f"{name} is back", lambda name=name: self.park.gate_state(name) == "online")

    def try_in(self, lane, uid, colour):
        self.park.reader(lane).remove()
        begun = time.monotonic()
        seen = self.park.tap(lane, uid)
        self.assertEqual(seen["colour"] == GREEN, colour == GREEN, seen)
        return time.monotonic() - begun

    def walk(self, lane, uid):
        self.try_in(lane, uid, GREEN)
        self.park.push(lane)

    def verdicts(self, lane, since, count):
        """What was decided at a lane after entry `since` of the journal, once that many verdicts have come."""
        def there():
            events = [event for event in self.park.events() if event["lane"] == lane and int(event["seq"]) > since]
            found = [event for event in events if event["kind"] == "presentation"]
            for event in events:
                if event["kind"] == "acted":  # decided when nobody had answered: an event of its own says how
                    read = [read for read in found if int(read["seq"]) < int(event["seq"])][-1]
                    read.update({key: event[key] for key in ("verdict", "reason", "text")})
            decided = [event for event in found if event["text"] or event["reason"] == "controller-silent"]
            return found if len(decided) >= count else None
        return until(f"{count} verdicts of {lane}", there)

    def reasons(self, lane, since, count):
        return [event["reason"] for event in self.verdicts(lane, since, count)]


class Alone(AloneCase):
    def test_a_day_apart(self):
        park = self.park
        known, badge = self.person()
        _, inside = self.person()
        _, revoked = self.person()
        ill, suspended = self.person()
        _, late = self.person("night-watch")
        _, twice = self.person()
        park.cli("badge", "revoke", "--uid", revoked, "--reason", "lost")
        park.cli("person", "suspend", ill, "--reason", "papers")
        self.walk("gate-a-in", inside)
        head = self.copied()
        self.apart()
        self.assertLess(self.try_in("gate-a-in", badge, GREEN), ANSWER_S + MARGIN_S)
        park.push("gate-a-in")
        entered = time.monotonic()
        self.try_in("gate-b-in", inside, RED)  # ... and by the copy
        for uid in ("04DEADBEEF0011", revoked, suspended, late):
            self.try_in("gate-a-in", uid, RED)
        self.walk("gate-a-out", inside)
        self.walk("gate-a-out", "04DEADBEEF0022")
        self.assertEqual(park.press("gate-a-out")["colour"], GREEN)
        park.push("gate-a-out")
        self.walk("gate-a-in", twice)  # at one gate, and with the same badge at the other: nobody can know
        self.walk("gate-b-in", twice)
        until("a second read is no repeat", lambda: time.monotonic() > entered + REPEAT_S)
        self.try_in("gate-a-in", badge, RED)  # is inside by the gate's own event
        self.together()
        told = self.verdicts("gate-a-in", head, 7)
        self.assertEqual([(event["verdict"], event["reason"]) for event in told],
                         [("grant", "granted"), ("deny", "credential-unknown"), ("deny", "credential-revoked"), ("deny", "person-suspended"),
                          ("deny", "out-of-schedule"), ("grant", "granted"), ("deny", "anti-passback")])
        for event in told:
            self.assertRegex(event["text"], r"^offline, by journal \d+, \d+ s old$")
            self.assertGreaterEqual(int(event["text"].split()[3].rstrip(",")), head)  # what came while it was killed, too
        self.assertEqual(told[0]["who"], known)
        self.assertEqual(self.reasons("gate-b-in", head, 2), ["anti-passback", "granted"])
        self.assertEqual(self.reasons("gate-a-out", head, 2), ["exit", "exit"])
        park.wait_events("all passages", {"kind": "passage", "text": "passed"}, 7)
        self.assertEqual(self.headcount(), {"persons": 3, "entries": 4, "exits": 1, "present": 2})
        conflicts = [event for event in park.events("--kind", "fault") if "apart from the controller" in event["text"]]
        self.assertEqual(len(conflicts), 1, conflicts)
        self.assert_verified()

    def damage(self, gate_name, handle):
        """Flips a byte of each record of a gate's copy that stands under this handle."""
        path = self.park.agent_home(gate_name) / "copy" / "data.mdb"
        data, key, flipped = path.read_bytes(), bytes.fromhex(handle), 0
        with open(path, "r+b", buffering=0) as file:
            at = data.find(key)
            while at >= 0:
                if data[at - 4:at] == b"\0\0\x10\0":  # an LMDB node: no flags, a key of 16 bytes
                    file.seek(at + 16 + 6)
                    file.write(bytes([data[at + 16 + 6] ^ 1]))
                    flipped += 1
                at = data.find(key, at + 1)
        self.assertGreater(flipped, 0)

    def test_a_flipped_byte(self):
        """The record is refused and no other; the controller feeds the copy anew."""
        park = self.park
        _, fine = self.person()
        hurt, broken = self.person()
        head = self.copied()
        self.apart()
        park.agents["gate-b"].kill()
        self.damage("gate-b", hurt)
        park.start_agent("gate-b")
        park.agents["gate-b"].wait_event("copy_record_refused")
        self.wait_reader("gate-b-in-badge", "gate-b")
        self.try_in("gate-b-in", broken, RED)
        self.walk("gate-b-in", fine)
        self.try_in("gate-b-in", broken, RED)
        self.walk("gate-b-out", broken)
        self.together()
        self.assertEqual(self.reasons("gate-b-in", head, 3), ["controller-silent", "granted", "controller-silent"])
        park.agents["gate-b"].wait_event("copy_taken")
        self.copied()
        states = park.wait_events("damaged, and whole again", lambda event: event["kind"] == "device" and "gate-b.copy" in event["text"], 2)
        self.assertEqual(sorted(event["text"].split()[1] for event in states), ["down", "up"])
        until("the fault has ended", lambda: "device-down" not in [row["fault"] for row in park.rows("status")])
        self.apart()
        self.try_in("gate-b-in", broken, GREEN)
        self.together()
        self.assert_verified()

    def wait_reader(self, device, gate_name):
        self.park.agents[gate_name].wait_event(f"device name={re.escape(device)} state=1")

    def alone_for(self, gate_name, minutes):
        """The gate's box starts anew, having been alone for so long."""
        self.take_cards_away()
        self.park.agents[gate_name].kill()
        self.change_lease(gate_name, 61, int(minutes * 60e6).to_bytes(8, "big"))
        self.park.start_agent(gate_name)
        for lane in ("in", "out", "vault"):
            self.wait_reader(f"{gate_name}-{lane}-badge", gate_name)

    def test_the_lease(self):
        """An hour into zones of high risk, a day elsewhere; then each lane's policy; nobody is kept from leaving."""
        park = self.park
        _, badge = self.person("cold-chain")
        _, second = self.person("cold-chain")
        _, third = self.person("cold-chain")
        head = self.copied()
        self.assertLess(int(park.gate_row("gate-b")["lease_left_s"]), 24 * 3600 + 1)
        self.assertGreater(int(park.gate_row("gate-b")["lease_left_s"]), 23 * 3600)
        self.apart()
        self.walk("gate-b-in", badge)
        self.walk("gate-b-vault", badge)
        self.alone_for("gate-b", 61)
        self.walk("gate-b-in", second)
        self.try_in("gate-b-vault", second, RED)
        self.alone_for("gate-b", 24 * 60)
        self.try_in("gate-b-in", third, RED)
        self.try_in("gate-b-vault", second, RED)
        self.try_in("gate-b-vault", "04DEADBEEF0033", RED)
        self.walk("gate-b-out", second)
        self.walk("gate-b-out", "04DEADBEEF0044")
        self.together()
        self.assertEqual(self.reasons("gate-b-in", head, 3), ["granted", "granted", "lease-over"])
        self.assertEqual(self.reasons("gate-b-vault", head, 4), ["granted", "lease-class", "lease-class", "credential-unknown"])
        self.assertEqual(self.reasons("gate-b-out", head, 2), ["exit", "exit"])
        self.copied()
        until("the lease is whole again", lambda: int(park.gate_row("gate-b")["lease_left_s"]) > 23 * 3600)
        self.assert_verified()

    def test_the_time_is_not_known(self):
        """A box that was switched off and on again without a controller cannot know what day it is."""
        park = self.park
        _, badge = self.person()
        head = self.copied()
        self.apart()
        park.agents["gate-b"].kill()
        self.forget_time("gate-b")
        park.start_agent("gate-b")
        park.agents["gate-b"].wait_event("gate_clock known=no")
        for lane in ("gate-b-in", "gate-b-out"):
            self.wait_reader(f"{lane}-badge", "gate-b")
        self.try_in("gate-b-in", badge, RED)
        self.walk("gate-b-out", badge)
        self.together()
        self.assertEqual(self.reasons("gate-b-in", head, 1), ["gate-clock-unknown"])
        self.assertEqual(self.reasons("gate-b-out", head, 1), ["exit"])
        until("the gate knows the time", lambda: park.gate_row("gate-b")["clock_unknown"] == "no")

    def test_restarts_in_the_middle(self):
        """Killed again and again while copies are made, they are whole in the end; an agent that is killed goes on alone."""
        park = self.park
        roster = park.directory / "roster.csv"
        roster.write_text("name,kind,external,badge\n" + "".join(f"测试,day,E{n},04AA{n:010X}\n" for n in range(1500)))
        park.cli("person", "import", roster, "--tenant", "cold-chain")
        for _ in range(3):
            park.agents["gate-a"].kill()
            park.start_agent("gate-a")
            park.controller.kill()
            park.start_controller()
        self.copied()
        self.apart()
        badge = "04AA0000000007"
        park.agents["gate-a"].kill()
        park.start_agent("gate-a")
        self.wait_reader("gate-a-in-badge", "gate-a")
        self.try_in("gate-a-in", badge, RED)
        self.together()


if __name__ == "__main__":
    unittest.main()
