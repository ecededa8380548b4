"""kill -9 of every process of a park under traffic; afterwards nothing is lost, doubled or opened without a verdict.

Method: two gates with emulated readers and turnstiles; badges are shown and exit buttons pressed without a pause while
processes are killed, singly and together, at seeded moments: any, some milliseconds after a badge was shown, some
milliseconds after an arm was released. At intervals the traffic stops, the park settles, and the journal, the agents'
outboxes and the arms' own turn logs are compared. Now and then the controller hangs (SIGSTOP) instead, and goes on.

    tests/crash/kills.py --kills 200 --minutes 10 --seed 7
"""
import argparse
import collections
import os
import pathlib
import random
import signal
import statistics
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "integration"))
from audit import Audit  # noqa: E402
from case import PARK_YAML, foot_gate, id_number, today  # noqa: E402
from park import Daemon, Park, Refused, descendants, processes, until  # noqa: E402

GATES = ("gate-a", "gate-b")
PEOPLE_PER_LANE = 24
PASS_MS = 2000  # a grant that nobody uses ends after this
STRANGER = "04DEADBEEF0001"  # nobody holds it
STOPS_S = (0.3, 1, 3, 7)  # a controller that hangs
FIRST_VERDICT_S = 2.0


def lanes():
    return [f"{gate}-{way}" for gate in GATES for way in ("in", "out")]


# --- processes ---

class Processes:
    """Who can be killed, by name: `controller`, `agent gate-a`, `launcher gate-a`, `board gate-a`, `nfc gate-a-in`."""

    def __init__(self, park):
        self.park = park
        self.names = ["controller", "launcher controller"]
        for gate in GATES:
            self.names += [f"agent {gate}", f"launcher {gate}", f"board {gate}", f"nfc {gate}-in", f"nfc {gate}-out"]

    def daemon(self, owner):
        return self.park.controller if owner == "controller" else self.park.agents[owner]

    def pid(self, name):
        """The pid of the process of this name; None while there is none."""
        role, _, owner = name.partition(" ")
        if role == "launcher":
            daemon = self.daemon(owner)
            return daemon.pid if daemon.runs() else None
        if role in ("controller", "agent"):
            return self._worker(self.daemon(owner or "controller"))
        gate = owner if role == "board" else owner.rpartition("-")[0]
        device = f"{owner}-board" if role == "board" else f"{owner}-badge"
        run = str(self.park.agent_home(gate) / "run")
        found = [pid for pid, _, args in processes() if args[:1] == [f"parkgate-{role}"] and device in args and run in args]
        return max(found, default=None)

    @staticmethod
    def _worker(daemon):
        """The launcher's child that runs the daemon itself: forked, so its words are the launcher's."""
        if not daemon.runs():
            return None
        own = [pid for pid, args in descendants(daemon.pid) if args == daemon.args]
        return own[0] if own else None

    def start_again(self, owner):
        """After its launcher was killed: what a service manager does."""
        old = self.daemon(owner)
        old.process.wait(20)
        fresh = Daemon(old.name, old.args, old.log_path, old.env)
        if owner == "controller":
            self.park.controller = fresh
        else:
            self.park.agents[owner] = fresh
        fresh.start()

    def end_orphans(self):
        """Helpers outlive a killed launcher; the next one's take over, and wait for nothing else."""
        for pid, _, args in list(processes()):
            if args and args[0].startswith("parkgate-") and any(str(self.park.directory) in arg for arg in args):
                try:
                    os.kill(pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass


TOGETHER = (
    ("controller", "agent gate-a"), ("controller", "agent gate-b"), ("agent gate-a", "agent gate-b"),
    ("agent gate-a", "board gate-a"), ("agent gate-b", "board gate-b"), ("controller", "board gate-a"),
    ("board gate-a", "nfc gate-a-in"), ("controller", "agent gate-a", "agent gate-b"),
    ("launcher controller", "agent gate-b"), ("launcher gate-a", "board gate-a"),
    ("controller", "agent gate-a", "board gate-a", "nfc gate-a-in", "nfc gate-a-out"),
)


# --- traffic ---

class Traffic:
    """One thread a lane: somebody shows a badge or presses the button, walks when the arm opens, and leaves."""

    def __init__(self, park, seed, people):
        self.park, self.people = park, people
        self.running, self.parked = threading.Event(), set()
        self.over, self.shown = threading.Event(), threading.Condition()
        self.counts, self.last_shown, self.failures = collections.Counter(), None, []
        self.threads = [threading.Thread(target=self._lane, args=(lane, random.Random(f"{seed} {lane}")), daemon=True)
                        for lane in lanes()]
        for thread in self.threads:
            thread.start()

    def begin(self):
        self.running.set()

    def pause(self):
        """Until every lane is empty."""
        self.running.clear()
        until("every lane is empty", lambda: self.failures or len(self.parked) == len(self.threads), 60)

    def end(self):
        self.over.set()
        self.running.set()
        for thread in self.threads:
            thread.join(60)

    def _lane(self, lane, rng):
        people, number = self.people[lane], 0
        try:
            while True:
                self.running.wait()
                self.parked.discard(lane)
                while self.running.is_set() and not self.over.is_set():
                    self._once(lane, rng, people[number % len(people)])
                    number += 1
                if self.over.is_set():
                    return
                self.parked.add(lane)
        except Exception as error:  # the campaign must hear of it
            self.failures.append(f"{lane}: {error!r}")

    def _once(self, lane, rng, uid):
        board, reader = self.park.turnstile(lane), self.park.reader(lane)
        before = board.show(lane)
        pressed = lane.endswith("out") and rng.random() < 0.3
        if lane.endswith("in") and rng.random() < 0.1:
            uid = STRANGER  # must never be let in; the audit sees to it
        if pressed:
            board.do(f"button {lane} 60")
        else:
            reader.card(uid)
        with self.shown:
            self.last_shown = lane
            self.shown.notify_all()
        self.counts["buttons pressed" if pressed else "badges shown"] += 1
        answer = self._answer(board, lane, before)
        self.counts[answer] += 1
        if not pressed:
            reader.do("remove")
            reader.ask("wait polls 4 800")

    @staticmethod
    def _answer(board, lane, before):
        """turned, denied or nothing: what the person at the lane sees within 4 s."""
        end = time.monotonic() + 4
        while time.monotonic() < end:
            now = board.show(lane)
            if int(now["turns"]) > int(before["turns"]):
                return "turned"
            if int(now["sounds"]) > int(before["sounds"]) and now["colour"] == "red":
                return "denied"
            threading.Event().wait(0.01)
        return "no answer"


# --- the campaign ---

class Campaign:
    def __init__(self, options, directory):
        self.options = options
        self.rng = random.Random(options.seed)
        self.park = Park(directory, PARK_YAML, [foot_gate(name) for name in GATES])
        self.kills, self.moments, self.restarts = collections.Counter(), collections.Counter(), []
        self.board_kills = collections.defaultdict(list)  # gate: wall times
        self.agent_kills = collections.Counter()  # gate: how often
        self.checks = self.stops = 0

    def run(self):
        self.processes = Processes(self.park)
        try:
            with self.park as park:
                self.audit = Audit(park, GATES)
                self.enlist()
                until("each gate has its copy", self.copies_are_whole, 60)
                for lane, delay in zip(lanes(), (0, 30, 120, 300)):
                    park.turnstile(lane).do(f"auto {lane} on {delay}")
                self.traffic = Traffic(park, self.options.seed, self.people)
                self.kill_many()
                self.traffic.end()
                self.measure_first_verdict()
        finally:
            self.processes.end_orphans()
        self.report()

    def enlist(self):
        self.people, number = {}, 0
        rows = ["姓名,身份证号,类别,卡号,班次,开始日期,结束日期"]
        for lane in lanes():
            self.people[lane] = []
            for _ in range(PEOPLE_PER_LANE):
                number += 1
                uid = f"04C0FFEE{number:06X}"
                self.people[lane].append(uid)
                rows.append(f"测试{number},{id_number(number)},day,{uid},all-day,{today()},{today()}")
        path = self.park.directory / "people.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        self.park.cli("person", "import", path, "--tenant", "sun-express")

    def copies_are_whole(self):
        return all(row["copy_sequence"] and row["copy_lag"] == 0 for row in self.park.rows("agent", "list"))

    def kill_many(self):
        end = time.monotonic() + self.options.minutes * 60
        done = since_check = 0
        self.traffic.begin()
        while done < self.options.kills and time.monotonic() < end and not self.traffic.failures:
            done += self.kill_some()
            if done - since_check >= self.options.check_every:
                since_check = done
                self.check()
        if done > since_check:
            self.check()

    def stop_controller(self):
        """It hangs, and goes on."""
        pid = self.processes.pid("controller")
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            threading.Event().wait(self.rng.choice(STOPS_S))
            os.kill(pid, signal.SIGCONT)
            self.stops += 1

    def kill_some(self):
        if self.rng.random() < 0.06:
            self.wait_for_moment()
            self.stop_controller()
        targets = (self.rng.choice(self.processes.names),) if self.rng.random() < 0.65 else self.rng.choice(TOGETHER)
        self.wait_for_moment()
        before = {name: self.processes.pid(name) for name in targets}
        began, killed = time.monotonic(), 0
        for name, pid in before.items():
            if pid is not None:
                killed += self.kill(name, pid)
        for name in targets:
            if name.startswith("launcher "):
                self.processes.start_again(name.split(" ")[1])
        if self.rng.random() < 0.8:  # else the next comes while these are not back yet
            self.wait_back(before, began)
        return killed

    def kill(self, name, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return 0
        role, _, owner = name.partition(" ")
        self.kills[f"{role} {owner}" if name == "launcher controller" else role] += 1
        if role == "board" or (role == "launcher" and owner in GATES):  # the new launcher's board process takes over
            self.board_kills[owner].append(time.time())
        if role == "agent" or (role == "launcher" and owner in GATES):
            self.agent_kills[owner] += 1
        return 1

    def wait_back(self, before, began):
        for name, old in before.items():
            until(f"{name} is started again", lambda name=name, old=old: self.processes.pid(name) not in (None, old))
        self.restarts.append(time.monotonic() - began)

    def wait_for_moment(self):
        kind = self.rng.choice(("any moment", "after a badge", "after an opening"))
        lane, delay_ms = self.rng.choice(lanes()), self.rng.choice((0, 1, 2, 4, 8, 15, 30, 60, 120, 300))
        if kind == "any moment":
            delay_ms = self.rng.randrange(100, 900)
        elif kind == "after a badge":
            with self.traffic.shown:
                self.traffic.last_shown = None
                self.traffic.shown.wait_for(lambda: self.traffic.last_shown == lane or self.traffic.failures, 5)
        else:
            board = self.park.turnstile(lane)
            board.ask(f"wait {lane} pulses {int(board.show(lane)['pulses']) + 1} 5000")
        threading.Event().wait(delay_ms / 1000)
        self.moments[kind] += 1

    # --- checks ---

    def settled(self):
        rows = {row["gate"]: row for row in self.park.rows("agent", "list")}
        return all(rows[gate]["state"] == "online" and int(rows[gate]["devices_down"] or 0) == 0 for gate in GATES) and \
            self.audit.nothing_waits()

    def check(self):
        """Stops the traffic, waits until all is said, compares, and goes on."""
        self.traffic.pause()
        if self.traffic.failures:
            raise AssertionError("; ".join(self.traffic.failures))
        end_of_grants = time.monotonic() + PASS_MS / 1000 + 4
        until("arms are at rest", lambda: time.monotonic() > end_of_grants)
        until("the park is settled", self.settled, 90)
        self.audit.check(self.board_kills, self.agent_kills)
        self.checks += 1
        print(f"  after {sum(self.kills.values())} kills: {self.audit.line()}", flush=True)
        self.traffic.begin()

    def measure_first_verdict(self):
        """Kills the controller and shows badge after badge until one opens."""
        self.first_verdicts = []
        lane, uids = f"{GATES[0]}-in", self.people[f"{GATES[1]}-in"]
        for _ in range(self.options.measure):
            until("the park is settled", self.settled, 60)
            before = self.processes.pid("controller")
            began = time.monotonic()
            self.kill("controller", before)
            number = 0
            while self.park.tap(lane, uids[number % len(uids)])["colour"] != "green":
                self.park.reader(lane).remove()
                number += 1
                if time.monotonic() - began > 30:
                    raise TimeoutError("no verdict of the controller within 30 s of its end")
            self.first_verdicts.append(time.monotonic() - began)
            self.park.reader(lane).remove()
            uids = uids[number + 1:] + uids[:number + 1]

    # --- the end ---

    def report(self):
        total = sum(self.kills.values())
        print(f"{total} kills: " + ", ".join(f"{count} {what}" for what, count in sorted(self.kills.items())))
        print(f"the controller stopped for up to {max(STOPS_S)} s: {self.stops} times")
        print("moments: " + ", ".join(f"{count} {what}" for what, count in sorted(self.moments.items())))
        print("traffic: " + ", ".join(f"{count} {what}" for what, count in sorted(self.traffic.counts.items())))
        print(f"checks: {self.checks}; {self.audit.line()}")
        if self.restarts:
            print(f"kill to new process: median {statistics.median(self.restarts):.2f} s, worst {max(self.restarts):.2f} s")
        bound = "bound 2 s" if self.is_release() else "no bound: not a release build"
        if self.first_verdicts:
            print("controller killed to first verdict: " + ", ".join(f"{took:.2f}" for took in self.first_verdicts) + f" s ({bound})")
        if total < self.options.least:
            raise AssertionError(f"only {total} kills, at least {self.options.least} are asked for")
        if self.is_release() and self.first_verdicts and max(self.first_verdicts) >= FIRST_VERDICT_S:
            raise AssertionError("restart to first verdict takes too long")

    def is_release(self):
        return "PARKGATE_SANITIZE:BOOL=ON" not in (self.park.programs.build / "CMakeCache.txt").read_text(encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="kills the processes of a park under traffic")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10, help="ends then, checks included or not")
    parser.add_argument("--least", type=int, default=50, help="fewer kills are a failure")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--check-every", type=int, default=50, help="kills between two checks")
    parser.add_argument("--measure", type=int, default=5, help="kills for the time to the first verdict")
    parser.add_argument("--keep", help="a new directory that is left there")
    options = parser.parse_args()
    print(f"seed {options.seed}; replay: tests/crash/kills.py --seed {options.seed} --kills {options.kills} "
          f"--minutes {options.minutes:g} --least {options.least}", flush=True)
    with tempfile.TemporaryDirectory(prefix="kills-") as directory:
        campaign = Campaign(options, options.keep or directory)
        try:
            campaign.run()
        except (AssertionError, TimeoutError, Refused) as error:
            print(f"FAILED after {sum(campaign.kills.values())} kills: {error}", file=sys.stderr)
            for daemon in [campaign.park.controller, *campaign.park.agents.values()]:
                if daemon:
                    print(f"--- {daemon.name}\n{daemon.tail(40)}", file=sys.stderr)
            return 1
    print("nothing lost, nothing doubled, nothing opened without a verdict")
    return 0


if __name__ == "__main__":
    sys.exit(main())
