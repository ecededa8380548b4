"""Goal: whenever the agent is killed, no turn of an arm is lost, doubled or without a verdict before it.
Method: people walk through both lanes while the worker is killed again and again at moments drawn from
PARKGATE_SEED (printed); then the arms' own turn log is compared with the events that the controller got."""
import random
import unittest

from agentlib import *  # noqa: F403

KILLS = int(os.environ.get("PARKGATE_KILLS", "15"))


class Walkers(threading.Thread):
    """Shows a plate at one camera again and again; what is refused while the agent is dead does not count."""

    def __init__(self, gate, camera, stop):
        super().__init__(daemon=True)
        self.gate, self.camera, self.stopped = gate, camera, stop
        self.posted = 0

    def run(self):
        number = 0
        while not self.stopped.is_set():
            number = (number + 1) % 10000
            try:
                self.gate.post(self.camera, f"浙A2{number:04d}")
                self.posted += 1
            except AssertionError:
                self.stopped.wait(0.05)


class Crash(unittest.TestCase):
    def test_kill_at_any_moment(self):
        seed = int(os.environ.get("PARKGATE_SEED", str(time.time_ns() % 1000000)))
        print(f"replay with: PARKGATE_SEED={seed} PARKGATE_KILLS={KILLS}", flush=True)
        draw = random.Random(seed)
        with Gate() as gate:
            gate.begin()
            gate.controller.do("auto verdict 2 1")
            gate.board.do("auto in-1 on")
            gate.board.do("auto out-1 on")
            stop = threading.Event()
            walkers = [Walkers(gate, camera, stop) for camera in ("cam-in", "cam-out")]
            for walker in walkers:
                walker.start()
            slowest = 0.0
            for _ in range(KILLS):
                stop.wait(draw.uniform(1.05, 1.6))  # up for a second: started again without a longer wait
                mark = gate.log.count()
                killed = time.monotonic()
                gate.kill_worker()
                gate.log.wait(lambda line: line.startswith("agent_started"), mark)
                slowest = max(slowest, time.monotonic() - killed)
            stop.set()
            for walker in walkers:
                walker.join()
            self.check(gate, slowest)
            print(f"kills={KILLS} posts={sum(walker.posted for walker in walkers)} slowest_restart_s={slowest:.2f}")
            self.assertGreater(sum(walker.posted for walker in walkers), KILLS)

    def turns(self, gate):
        with open(os.path.join(gate.path, "turns"), encoding="utf-8") as log:
            return [fields("turn " + line) for line in log if line.strip()]

    def check(self, gate, slowest):
        def settled():
            return len(self.passed(gate)) >= len(self.turns(gate)) and \
                gate.controller.all("heartbeat")[-1]["pending"] == "0"
        end = time.monotonic() + 30
        while not settled() and time.monotonic() < end:
            gate.controller.heard("heartbeat", since=gate.controller.mark())
        turns, passed = self.turns(gate), self.passed(gate)
        self.assertGreater(len(turns), 0)
        self.assertEqual(len(passed), len(turns))
        owners = [event["presentation"] for event in passed.values()]
        self.assertEqual(len(owners), len(set(owners)), "one presentation let two through")
        granted = {seq for seq, event in self.events(gate).items()
                   if event["kind"] in (str(PRESENTATION), str(BUTTON)) and event["outcome"] in ("0", str(GRANT + 1))}
        self.assertLessEqual(set(owners), granted)
        self.assertLess(slowest, 2.0)

    def events(self, gate):
        """By sequence; a sequence that came twice came with the same bytes."""
        found = {}
        for event in gate.controller.all("event"):
            known = found.setdefault(event["seq"], event)
            self.assertEqual((known["epoch"], known["digest"]), (event["epoch"], event["digest"]))
        return found

    def passed(self, gate):
        return {seq: event for seq, event in self.events(gate).items()
                if event["kind"] == str(PASSAGE) and event["passage"] == str(PASSED)}


if __name__ == "__main__":
    unittest.main(verbosity=2)
