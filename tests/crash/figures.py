"""The times that protect people, measured on real processes, each printed beside its bound. Release builds only.

Method: processes are stopped (SIGSTOP) or killed while somebody stands at a lane; the emulated devices say when the arm
was released and the display lit."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import stores  # noqa: E402
from case import ParkCase, foot_gate  # noqa: E402
from park import GREEN, descendants, processes, until  # noqa: E402

ANSWER_S, POLL_S, SILENT_S, RESTART_S, READER_DOWN_S = 0.300, 0.020, 6.0, 2.0, 5.0
READ_S = 0.100  # a badge reader's own time, and the display's
NOISE_S = 0.150  # of a busy machine
OUTBOX = int(os.environ.get("PARKGATE_OUTBOX_EVENTS", "20000"))


def worker(daemon):
    return next(pid for pid, args in descendants(daemon.pid) if args == daemon.args)


class FigureCase(ParkCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people_at_hand = [cls.person() for _ in range(45)]
        cls.uids = [uid for _, uid in cls.people_at_hand[:10]]
        del cls.people_at_hand[:10]

    def figure(self, what, values, bound):
        print(f"{what}: " + ", ".join(f"{value:.3f}" for value in values) + f" s (bound {bound:.3f} s)", flush=True)
        self.assertLessEqual(max(values), bound + NOISE_S, what)

    def stop(self, *pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(self.go_on, pid)

    @staticmethod
    def go_on(pid):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def settle(self):
        until("the gate is online", lambda: self.park.gate_state("gate-a") == "online")
        self.park.wait_gate("gate-a")
        board = self.park.turnstile("gate-a")
        for lane in ("gate-a-in", "gate-a-out"):
            until("the arms are locked", lambda lane=lane: board.show(lane)["relay"] == "off")

    def press(self):
        """Seconds from the press of the exit button to the arm's release."""
        board = self.park.turnstile("gate-a")
        pulses = int(board.show("gate-a-out")["pulses"])
        began = time.monotonic()
        board.do("button gate-a-out 100")
        board.do(f"wait gate-a-out pulses {pulses + 1} 10000")
        took = time.monotonic() - began
        board.do("push gate-a-out 3000")
        until("the arm is locked again", lambda: board.show("gate-a-out")["relay"] == "off")
        return took

    def late_presses(self, count):
        self.park.wait_events("presses told late", lambda event: event["kind"] == "exit-button" and "late" in event["text"], count, 60)

    def shown(self, lane, uid):
        """(seconds from showing the badge to the light, its colour); who may goes through."""
        board, reader = self.park.turnstile(lane), self.park.reader(lane)
        sounds = int(board.show(lane)["sounds"])
        began = time.monotonic()
        reader.card(uid)
        board.do(f"wait {lane} sounds {sounds + 1} 15000")
        took = time.monotonic() - began
        colour = board.show(lane)["colour"]
        if colour == GREEN:
            self.park.push(lane)
        reader.remove()
        return took, colour


class Figures(FigureCase):
    def test_exit_button_without_an_agent(self):
        self.settle()
        agent = self.park.agents["gate-a"]
        before = len([event for event in self.park.events("--kind", "exit-button") if "late" in event["text"]])
        stopped = (worker(agent), agent.pid)
        self.stop(*stopped)
        self.figure("exit button, agent stopped, to the arm's release", [self.press() for _ in range(3)], ANSWER_S + POLL_S)
        for pid in stopped:
            self.go_on(pid)
        self.late_presses(before + 3)
        os.kill(agent.pid, signal.SIGKILL)
        agent.process.wait(20)
        self.figure("exit button, agent killed, to the arm's release", [self.press() for _ in range(3)], ANSWER_S + POLL_S)
        boards = {pid: parent for pid, parent, args in processes() if args[:1] == ["parkgate-board"]
                  and str(self.park.agent_home("gate-a") / "run") in args}
        helpers = [pid for pid, parent in boards.items() if parent not in boards]  # a child of it writes its file
        self.assertEqual(len(helpers), 1, "the board's process outlives its agent")
        self.park.start_agent("gate-a")
        self.settle()

    def test_controller_silent(self):
        self.settle()
        until("the gate has its copy", lambda: str(self.park.rows("agent", "list")[0]["copy_lag"]) == "0")
        pid = worker(self.park.controller)
        self.stop(pid)
        entries = [self.shown("gate-a-in", uid) for uid in self.uids[:5]]
        strangers = [self.shown("gate-a-in", f"04C0FFEE0000{number:02X}") for number in range(5)]
        exits = [self.shown("gate-a-out", uid) for uid in self.uids[5:8]]
        self.go_on(pid)
        self.assertEqual({colour for _, colour in entries}, {GREEN})  # by the gate's copy
        self.assertNotIn(GREEN, [colour for _, colour in strangers])
        self.assertEqual({colour for _, colour in exits}, {GREEN})
        self.figure("controller silent, badge at an entry to the gate's own light", [took for took, _ in entries], ANSWER_S + READ_S)
        self.figure("controller silent, a stranger to the refusal", [took for took, _ in strangers], ANSWER_S + READ_S)
        self.figure("controller silent, badge at an exit to the green light", [took for took, _ in exits], ANSWER_S + READ_S)
        self.park.wait_events("refusals", {"kind": "presentation", "verdict": "deny", "reason": "credential-unknown"}, 5, 60)

    def test_reader_down(self):
        self.settle()
        began = time.time()
        self.park.reader("gate-a-in").do("mute on")
        row = until("the fault", lambda: [row for row in self.park.rows("status") if "gate-a-in-badge" in row["text"]])[0]
        self.figure("mute reader to the fault", [int(row["since_us"]) / 1e6 - began], READER_DOWN_S)
        self.park.reader("gate-a-in").do("mute off")
        self.settle()

    def by_controller(self, since, count):
        """{handle: whether the controller's verdict was acted on} of those shown at the entry since that entry of the journal."""
        def there():
            events = [entry.body for entry in stores.journal(self.park.home)[since:] if entry.kind == stores.ENTRY_EVENT]
            alone = {event.presentation for event in events if event.kind == stores.ACTED}
            shown = {event.holder.hex(): event.event_sequence not in alone and not event.offline and event.outcome > 0
                     for event in events if event.kind == stores.PRESENTATION and event.lane == "gate-a-in"}
            return shown if len(shown) >= count and not stores.Outbox(self.park.agent_home("gate-a")).pending else None
        return until(f"{count} verdicts", there)

    def test_restart_to_first_verdict(self):
        """People come one after the other, and nobody is kept waiting: the first whom the controller lets in, not the gate's copy."""
        people, alone, took = iter(self.people_at_hand), [], []
        for _ in range(3):
            self.settle()
            since, shown = int(self.park.cli("journal", "head")["seq"]), {}
            restarted = self.park.controller.mark()
            began = time.monotonic()
            os.kill(worker(self.park.controller), signal.SIGKILL)
            while time.monotonic() - began < RESTART_S + NOISE_S:
                handle, uid = next(people)
                seconds, colour = self.shown("gate-a-in", uid)
                self.assertEqual(colour, GREEN)
                shown[handle] = (time.monotonic() - began, seconds)
            self.park.controller.wait_event("controller_ready", since=restarted)
            by_controller = self.by_controller(since, len(shown))
            self.assertEqual(set(by_controller), set(shown))
            alone += [shown[handle][1] for handle in shown if not by_controller[handle]]
            verdicts = [shown[handle][0] for handle in shown if by_controller[handle]]
            self.assertTrue(verdicts, f"no verdict of the controller within {RESTART_S} s of its end")
            took.append(min(verdicts))
        self.assertTrue(alone, "no gate was alone")
        self.figure("controller killed, the gate's own light meanwhile", alone, ANSWER_S + READ_S)
        self.figure("controller killed to its first verdict after the restart", took, RESTART_S)

    def test_revoked_badge(self):
        self.settle()
        took = []
        for _ in range(3):
            _, uid = self.person()
            self.park.cli("badge", "revoke", "--uid", uid, "--reason", "lost")
            seconds, colour = self.shown("gate-a-in", uid)
            self.assertNotEqual(colour, GREEN)
            took.append(seconds)
        self.figure("badge revoked, shown at once, to the refusal", took, ANSWER_S + READ_S)


class FullOutbox(FigureCase):
    GATES = staticmethod(lambda: [foot_gate()])

    def shown_until_answered(self, lane, uid):
        """What a reader gave to the agent that was killed is lost: then it is shown again."""
        board, reader = self.park.turnstile(lane), self.park.reader(lane)
        sounds, end = int(board.show(lane)["sounds"]), time.monotonic() + 30
        while int(board.show(lane)["sounds"]) == sounds:
            self.assertLess(time.monotonic(), end, "nobody answers")
            reader.card(uid)
            try:
                board.do(f"wait {lane} sounds {sounds + 1} 500")
            except AssertionError:
                pass
            reader.remove()
        self.assertEqual(board.show(lane)["colour"], GREEN)
        self.park.push(lane)

    """A gate that comes back with a long outbox while its controller is dead; PARKGATE_OUTBOX_EVENTS says how long."""

    def test_restart_with_a_long_outbox(self):
        self.settle()
        park, agent, home = self.park, self.park.agents["gate-a"], self.park.agent_home("gate-a")
        park.controller.kill()
        agent.end()
        filled = subprocess.run([str(park.programs.build / "tests/bench/bench-outbox"), home, str(OUTBOX), "gate-a-in",
                                 "gate-a-in-badge"], capture_output=True, text=True, check=False)
        self.assertEqual(filled.returncode, 0, filled.stderr)
        park.start_agent("gate-a")
        for device in ("gate-a-board", "gate-a-in-badge", "gate-a-out-badge"):
            agent.wait_event(f"device name={device} state=1")
        took, own = [], []
        for uid in self.uids[:3]:
            began = time.monotonic()
            os.kill(worker(agent), signal.SIGKILL)
            self.shown_until_answered("gate-a-out", uid)
            took.append(time.monotonic() - began)
            while self.shown("gate-a-in", uid)[1] != GREEN:
                self.assertLess(time.monotonic() - began, 120 + OUTBOX / 5000)
            own.append(time.monotonic() - began)
        print(f"{OUTBOX} own events, agent killed, to the first entry by its copy: " + ", ".join(f"{value:.3f}" for value in own) + " s")
        self.figure(f"agent with {OUTBOX} events killed, badge at an exit to the green light", took, RESTART_S)


if __name__ == "__main__":
    unittest.main()
