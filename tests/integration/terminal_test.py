"""A face terminal that the agent speaks to: it asks before it opens and opens only for our grant; who decides alone, or
opens unasked, is told; subjects are added and deleted with acknowledgement, and what is not acknowledged stays visible,
whoever was down or killed in between."""
import json
import os
import signal
import unittest

from case import ParkCase
from park import RED, Board, Gate, Lane, until

KNOWN_FIELDS = {"employeeNo", "userType", "Valid", "doorRight", "RightPlan"}


def terminal_gate(name="gate-f", lane="face-in", control="asks", tls=False):
    return Gate(name, [Board(f"{name}-board", [Lane(lane, reader="face", terminal=control, tls=tls,
                                                   passage=control != "asks")])])


class TerminalCase(ParkCase):
    GATES = staticmethod(lambda: [terminal_gate()])
    LANE = "face-in"
    subjects = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.START:
            cls.know_the_clock()

    @classmethod
    def know_the_clock(cls):
        """Live reads by which the gate measures the terminal's clock."""
        for _ in range(3):
            cls.park.terminal(cls.LANE).do("card 0A0B0C0D")

    @property
    def terminal(self):
        return self.park.terminal(self.LANE)

    def attach(self, person, subject=None):
        """Attaches a new subject; returns it and its credential."""
        if subject is None:
            type(self).subjects += 1
            subject = f"E{1000 + type(self).subjects}"
        notes = self.park.cli("face", "attach", person, subject, "--consent", "paper 17", "--purpose", "entry")
        return subject, notes["credential"]

    def enrolled(self):
        """A person whose face the terminal knows."""
        person, uid = self.person()
        subject, credential = self.attach(person)
        self.terminal.do(f"wait known {subject} 20000")
        self.terminal.do(f"enrol {subject}")
        return person, uid, subject, credential

    def syncs(self, *more):
        return self.park.rows("face", "sync", *more)

    def wait_state(self, person, order, state):
        def there():
            rows = self.syncs("--person", person)
            return rows and all((row["order"], row["state"]) == (order, state) for row in rows) and rows
        return until(f"{order} is {state}", there)

    def faults(self, word):
        return [row for row in self.park.rows("status") if row["fault"] == word]


class Asks(TerminalCase):
    def test_grant_opens_and_counts(self):
        person, _, subject, _ = self.enrolled()
        alerts = [e for e in self.park.events() if e["kind"] == "unasked"]
        self.assertEqual(self.terminal.do(f"look {subject}"), "opened")
        event = self.park.wait_events("the passage", lambda e: e["kind"] == "passage" and e["who"] == person)[-1]
        self.assertEqual(event["text"], "unsensed")
        self.assertEqual(self.terminal.values("show")["last"], "asked")
        self.assertEqual([e for e in self.park.events() if e["kind"] == "unasked"], alerts)

    def test_deny_stays_shut(self):
        person, _ = self.person(assigned=False)
        subject, _ = self.attach(person)
        self.terminal.do(f"wait known {subject} 20000")
        self.terminal.do(f"enrol {subject}")
        before = self.terminal.values("show")["unlocks"]
        shown = self.park.turnstile(self.LANE).after(self.LANE, lambda: self.assertEqual(
            self.terminal.do(f"look {subject}"), "refused"))
        self.assertEqual(shown["colour"], RED)
        self.assertEqual(self.terminal.values("show")["unlocks"], before)

    def test_only_a_number_and_a_validity_are_sent(self):
        _, _, subject, _ = self.enrolled()
        kept = json.loads(self.terminal.do(f"person {subject}"))
        self.assertEqual(set(kept), KNOWN_FIELDS)
        self.assertEqual(set(kept["Valid"]), {"enable", "beginTime", "endTime", "timeType"})

    def test_removing_deletes_there_with_acknowledgement(self):
        person, _, subject, credential = self.enrolled()
        self.wait_state(person, "add", "done")
        self.terminal.do("deletion 700")
        self.park.cli("face", "remove", credential, "--reason", "consent withdrawn")
        self.wait_state(person, "delete", "done")
        self.assertNotIn(subject, self.terminal.do("people").split())
        self.assertEqual(self.terminal.do(f"look {subject}"), "stranger")
        self.terminal.do("deletion 0")

    def test_a_door_unlocked_unasked_is_an_alert(self):
        self.terminal.do("unlock")
        self.park.wait_events("the alert", lambda e: e["kind"] == "fault" and "unlocked its door" in e["text"])
        self.assertTrue([e for e in self.park.events() if e["kind"] == "unasked" and e["lane"] == self.LANE])

    def test_a_guards_opening_opens_the_terminals_door(self):
        """At a lane with a board the board opens; the terminal's relay stays as it is."""
        before = self.terminal.values("show")["unlocks"]
        self.park.cli("lane", "open", self.LANE, "--reason", "parcel")
        self.park.turnstile(self.LANE).do(f"wait {self.LANE} pulses 1 10000")
        self.assertEqual(self.terminal.values("show")["unlocks"], before)

    def test_by_badge_without_a_face(self):
        person, uid = self.person()
        self.assertEqual(self.park.tap(self.LANE, uid)["colour"], "green")
        self.park.push(self.LANE)

    def test_a_subject_that_is_not_deleted_yet_is_given_to_nobody_else(self):
        person, _, subject, credential = self.enrolled()
        other, _ = self.person()
        self.terminal.do("mute on")
        self.park.cli("face", "remove", credential, "--reason", "left")
        done = self.park.try_cli("face", "attach", other, subject, "--consent", "paper 18", "--purpose", "entry")
        self.assertEqual(done.returncode, 1)
        self.assertIn("this subject is still at terminal face-in-face for somebody else", done.stderr)
        self.terminal.do("mute off")
        self.wait_state(person, "delete", "done")
        self.attach(other, subject)
        self.terminal.do(f"wait known {subject} 20000")

    def test_what_it_refuses_is_shown_as_failed(self):
        self.terminal.do("refuse UserInfo/Record deviceFull 1")
        person, _ = self.person()
        self.attach(person)
        rows = self.wait_state(person, "add", "failed")
        self.assertEqual(rows[0]["note"], "deviceFull")
        self.assertTrue(rows[0]["since_us"])

    def test_one_that_it_knew_before_is_taken_over(self):
        self.terminal.do("plant E7001")
        person, _ = self.person()
        self.attach(person, "E7001")
        self.wait_state(person, "add", "done")
        self.assertIn("Valid", json.loads(self.terminal.do("person E7001")))


class Silent(TerminalCase):
    """Whoever is away: the orders wait, and in the end the terminal knows exactly whom it should."""

    def test_a_terminal_that_is_down_is_served_later(self):
        self.terminal.do("mute on")
        person, _ = self.person()
        subject, _ = self.attach(person)
        rows = self.syncs()
        self.assertEqual([(row["order"], row["state"]) for row in rows if row["person"] == person], [("add", "wanted")])
        self.assertGreaterEqual(int(self.park.cli("status")["subjects_open"]), 1)
        until("device-down is told", lambda: self.faults("device-down"))
        self.assertEqual(len(self.wait_state(person, "add", "wanted")), 1)
        self.terminal.do("mute off")
        self.terminal.do(f"wait known {subject} 60000")
        self.wait_state(person, "add", "done")
        until("nothing is open", lambda: self.park.cli("status")["subjects_open"] == "0" or
              int(self.park.cli("status")["subjects_open"]) == 0)
        until("device-down has ended", lambda: not self.faults("device-down"))

    def test_agent_and_helper_killed_in_the_middle(self):
        before = set(self.terminal.do("people").split())
        people = [self.person()[0] for _ in range(4)]
        attached = [self.attach(person) for person in people]
        for person in people:
            self.wait_state(person, "add", "done")
        self.terminal.do("deletion 1500")
        for _, credential in attached[:2]:
            self.park.cli("face", "remove", credential, "--reason", "left")
        self.terminal.do("wait request UserInfoDetail/DeleteProcess 20000")
        agent = self.park.agents["gate-f"]
        helper = self.park.helper("gate-f", "face-in-face")
        self.assertIsNotNone(helper)
        os.kill(helper, signal.SIGKILL)
        self.terminal.do("wait request UserInfoDetail/DeleteProcess 30000")
        agent.kill()
        late, _ = self.person()
        subject, _ = self.attach(late)
        self.park.start_agent("gate-f")
        self.park.wait_gate("gate-f")
        for person in people[:2]:
            self.wait_state(person, "delete", "done")
        self.wait_state(late, "add", "done")
        wanted = {subject for subject, _ in attached[2:]} | {subject}
        self.assertEqual(set(self.terminal.do("people").split()), before | wanted)
        self.terminal.do("deletion 0")
        self.assert_verified()


class Alone(TerminalCase):
    """A terminal whose settings let it decide by itself, from the start of the agent on."""

    START = False

    def test_settings_that_are_wrong_are_a_fault_until_mended(self):
        self.terminal.do("set remoteCheckDoorEnabled false")
        self.park.start()
        self.know_the_clock()
        rows = until("the fault stands", lambda: self.faults("terminal-decides"))
        self.assertEqual(rows[0]["lane"], self.LANE)
        person, _, subject, _ = self.enrolled()
        self.assertEqual(self.terminal.do(f"look {subject}"), "alone")
        self.park.wait_events("the alert", lambda e: e["kind"] == "unasked")
        self.terminal.do("set remoteCheckDoorEnabled true")
        until("mended", lambda: not self.faults("terminal-decides"))
        self.terminal.do("set offlineDevCheckOpenDoorEnabled true")
        os.kill(self.park.helper("gate-f", "face-in-face"), signal.SIGKILL)  # settings are read at start
        until("the fault stands again", lambda: self.faults("terminal-decides"))
        self.terminal.do("set offlineDevCheckOpenDoorEnabled false")
        until("mended again", lambda: not self.faults("terminal-decides"))
        self.terminal.do("unset offlineDevCheckOpenDoorEnabled")
        os.kill(self.park.helper("gate-f", "face-in-face"), signal.SIGKILL)
        until("what cannot be read counts as wrong", lambda: self.faults("terminal-decides"))


class NoRelay(TerminalCase):
    """A terminal whose relay is not on the lane: our board opens, and its own door events say nothing."""

    GATES = staticmethod(lambda: [terminal_gate(control="no-relay")])

    def test_our_board_opens(self):
        self.terminal.do("set remoteCheckDoorEnabled false")
        person, _, subject, _ = self.enrolled()
        turnstile = self.park.turnstile(self.LANE)
        shown = turnstile.after(self.LANE, lambda: self.terminal.do(f"look {subject}"))
        self.assertEqual(shown["colour"], "green")
        self.park.push(self.LANE)
        event = self.park.wait_events("the passage", lambda e: e["kind"] == "passage" and e["who"] == person)[-1]
        self.assertEqual(event["text"], "passed")
        self.assertFalse([e for e in self.park.events() if e["kind"] == "unasked"])
        self.assertFalse(self.faults("terminal-decides"))


class NoBoard(TerminalCase):
    """A lane without a board: the terminal's relay is all that opens it, for badges and guards, too."""

    GATES = staticmethod(lambda: [Gate("gate-f", [Board("gate-f-board", [
        Lane("face-in", reader="face", terminal="asks", passage=False, display=False, board=None)])])])

    def test_a_guards_opening_opens_the_terminals_door(self):
        before = int(self.terminal.values("show")["unlocks"])
        self.park.cli("lane", "open", self.LANE, "--reason", "parcel")
        until("its door opened", lambda: int(self.terminal.values("show")["unlocks"]) > before)
        self.assertEqual(self.terminal.values("show")["last"], "remote")
        self.park.wait_events("the passage", {"kind": "passage", "text": "unsensed"})

    def test_a_badge_opens_the_terminals_door(self):
        person, uid = self.person()
        before = int(self.terminal.values("show")["unlocks"])
        self.park.reader(self.LANE).card(uid)
        until("its door opened", lambda: int(self.terminal.values("show")["unlocks"]) > before)
        self.park.wait_events("the passage", lambda e: e["kind"] == "passage" and e["who"] == person)
        self.assertFalse([e for e in self.park.events() if e["kind"] == "unasked"])

    def test_an_opening_that_it_refuses_is_no_passage(self):
        self.terminal.do("refuse remoteCheck deviceBusy 1")
        person, _, subject, _ = self.enrolled()
        self.assertTrue(self.terminal.do(f"look {subject} 1500").startswith("timeout"))
        event = self.park.wait_events("the end of it", lambda e: e["kind"] == "passage" and e["who"] == person)[-1]
        self.assertEqual(event["text"], "not-taken")


class Tls(TerminalCase):
    """Spoken to by https: a certificate that nobody vouches for is not spoken to."""

    GATES = staticmethod(lambda: [terminal_gate(tls=True)])
    START = False

    def test_only_a_trusted_certificate_is_spoken_to(self):
        self.park.start_controller()
        self.park.join("gate-f")
        self.park.start_agent("gate-f")
        until("it is not trusted", lambda: self.faults("device-down"))
        self.assertTrue([e for e in self.park.events() if "its certificate is not trusted" in e["text"]])
        self.assertEqual(self.terminal.do("requests AcsCfg"), "0")
        person, _ = self.person()
        subject, _ = self.attach(person)
        self.wait_state(person, "add", "wanted")
        conf = self.park.agent_home("gate-f") / "agent.conf"
        conf.write_text(conf.read_text() + f"terminal_ca = {self.park.devices}/terminal.pem\n")
        self.park.agents["gate-f"].end()
        self.park.start_agent("gate-f")
        self.wait_state(person, "add", "done")
        until("nothing is wrong any more", lambda: not self.faults("terminal-decides"))


if __name__ == "__main__":
    unittest.main()
