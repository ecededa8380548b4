"""What the tests of figures that protect people share: many gates that keep copies, a flow of events, and something that an
operator does, shown at gate after gate until it acts there."""
import os
import tempfile
import time
import unittest

from stage import GRANT, Line, Stage
from park import until

GATES, RATE, PERSONS = 50, 1000, 2000
COMMAND_AT_S = 0.2  # into each slot
REST_S = 3  # events flow on so long, for the last one's copies


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class ActCase(unittest.TestCase):
    MORE = 0  # persons beside those of the flow

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="act-")
        cls.addClassCleanup(directory.cleanup)
        cls.stage = Stage(directory.name, GATES, os.environ["PARKGATE_BUILD_DIR"])
        cls.addClassCleanup(cls.stage.close)
        cls.stage.load_roster(0, PERSONS + cls.MORE)
        cls.prepare()
        cls.load = Line(cls.stage.program("bench-load"))
        cls.addClassCleanup(cls.load.end)
        opened = cls.load.ask("open", "gates", "fed", cls.stage.endpoint, cls.stage.server_key, cls.stage.directory, GATES, PERSONS)
        print(f"{opened['boxes']} gates have their copies after {opened['seconds']:.1f} s", flush=True)

    @classmethod
    def prepare(cls):
        """Before the gates come."""

    def play(self, first, rounds, slot_s, act):
        """While events flow: in each of `rounds` slots act(round) is called once, and person (or vehicle) first + round is shown at
        gate after gate. Returns what bench-load says: of the probes and copies, and its figures."""
        self.load.process.stdin.write(f"revoke gates {RATE} {int(rounds * slot_s) + REST_S} {first} {int(slot_s * 1000)}\n")
        self.load.process.stdin.flush()
        begin_s = self.load.read()["begin_ns"] / 1e9
        for number in range(rounds):
            due = begin_s + number * slot_s + COMMAND_AT_S
            until("the next is due", lambda due=due: time.monotonic() >= due, 120)
            act(number)
        return self.load.read(), self.load.read()

    def acted_after(self, told, person, began, wanted=None):
        """Seconds from `began` to the first verdict behind the last grant at any gate; `wanted`: what it is."""
        shown = [probe for probe in told["probes"] if probe[1] == person]
        self.assertEqual(len(shown), GATES)
        self.assertTrue(all(answered for _, _, _, answered, _ in shown))
        last_grant = max((answered for *_, answered, outcome in shown if outcome == GRANT), default=0)
        acted = [(answered, outcome) for *_, answered, outcome in shown if outcome != GRANT and answered > last_grant]
        if not acted:
            return float("inf")  # a grant was the last word
        if wanted is not None:
            self.assertEqual({outcome for _, outcome in acted}, {wanted})
        return min(acted)[0] / 1e9 - began

    @staticmethod
    def copied_after(told, sequence, began):
        """Of each gate: seconds from `began` until its copy had this journal sequence."""
        found = []
        for gate in range(GATES):
            times = [at for box, at_sequence, at in told["copies"] if box == gate and at_sequence >= sequence and at / 1e9 > began]
            found.append(min(times) / 1e9 - began if times else float("inf"))
        return found

    def judge(self, what, bound_s, measured, flowed):
        """Prints each figure with its bound; are all within it, and did the events flow?"""
        for name, values in measured.items():
            print(f"{what}, {GATES} gates, {flowed:.0f} events/s: {name} after p50 {quantile(values, 0.5):.3f} s, "
                  f"p99 {quantile(values, 0.99):.3f} s, most {max(values):.3f} s of {len(values)} (bound {bound_s:.0f} s)", flush=True)
        return flowed >= 0.95 * RATE and all(quantile(values, 0.99) <= bound_s for values in measured.values())
