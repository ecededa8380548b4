#!/usr/bin/python3
"""Failing calls: every Nth write, fsync, open and malloc fails in turn; what follows is a clean error or a restart.

    tests/campaigns/calls.py [--seconds S] [--seed N] [--only stores|processes] [--agent SCENARIO]

stores     The controller's state machine (start, HELLO, event, passage, batch, import slice, key, backup) and a gate's stores (first
           start, start, read), in a process a case under tests/campaigns/calls/failing.c. Judged from outside: the stores open, what
           was acknowledged is there, nobody got in who must not.
processes  parkgate-agent with its helpers, between a controller moved by hand and an emulated turnstile: it starts, a plate is read,
           somebody walks, while the Nth call fails in whichever of its processes comes there first. Judged by the arm's own log and
           by what the controller was told.
"""
import errno
import os
import pathlib
import re
import subprocess
import sys
import time

from campaignlib import Campaign, Failed, ROOT, build_dir, built, fresh_dir
from stores import Outbox

SUBJECTS = ("controller", "agent")
# Kind, error, how many such calls a start makes, and how many some reads make.
PROCESS_FAILURES = (("write", errno.EIO, 90, 24), ("write", errno.ENOSPC, 90, 24), ("sync", errno.EIO, 60, 12),
                    ("open", errno.EMFILE, 220, 12), ("malloc", errno.ENOMEM, 4000, 4000))


class Calls(Campaign):
    name, unit = "calls", "failing calls"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--only", choices=("stores", "processes"))
        parser.add_argument("--agent", metavar="SCENARIO", help="this one of the gate's stores alone")

    def play(self):
        only = self.options.only
        if self.options.agent:
            yield self.stores("agent", max(5, self.left()))
            return
        if only != "processes":
            seconds = self.left() / (2 if only is None else 1)
            for subject, part in zip(SUBJECTS, (0.8, 0.2)):
                yield self.stores(subject, max(5, seconds * part))
        while only != "stores":
            yield self.processes()

    def stores(self, subject, seconds):
        environment = {**os.environ, "LD_PRELOAD": built("failing.so"), "TMPDIR": fresh_dir() or "/tmp"}
        command = [built(f"calls_{subject}"), "run", str(int(seconds)), str(self.rng.randrange(1 << 31))]
        command += [self.options.agent] if self.options.agent else []
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 300, check=False)
        counts = re.search(r"^cases=(\d+) of (\d+)", done.stdout, re.M)
        if done.returncode != 0 or not counts:
            failed = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("["))
            raise Failed(f"calls_{subject}: {failed}\n{done.stderr[-1000:]}")
        self.say(f"{subject}: {counts[1]} of the {counts[2]} calls that can fail")
        return int(counts[1])

    # --- real processes ---

    def processes(self):
        build = build_dir()
        os.environ.update(PEERS_DIR=str(build / "tests" / "peers"), AGENT_DIR=str(build / "reader-agent"),
                          FAKE=str(build / "tests" / "integration" / "agent" / "fake-controller"))
        sys.path.insert(0, str(ROOT / "tests" / "integration" / "agent"))
        import agentlib  # reads the environment when it is imported
        kind, error, *most = self.rng.choice(PROCESS_FAILURES)
        at_start = self.rng.random() < 0.4
        case = f"{kind}:{self.rng.randrange(1, most[0 if at_start else 1])}:{error}"
        try:
            return self.one_gate(agentlib, case, at_start)
        except (AssertionError, TimeoutError, OSError) as problem:
            raise Failed(f"FAILING={case}, {'at the start' if at_start else 'at work'}: {problem}") from problem

    def one_gate(self, agentlib, case, at_start):
        with agentlib.Gate() as gate:
            done = gate.join()
            assert done.returncode == 0, done.stderr
            with open(os.path.join(gate.dir, "agent.conf"), "a", encoding="utf-8") as conf:
                conf.write(f"http_address = 127.0.0.1\nhttp_port = {gate.http}\n")
            gate.controller.do("auto heartbeat", "auto welcome 1", "auto ack", "auto verdict 2 1")
            once = pathlib.Path(gate.path) / "once"
            if at_start:
                once.touch()
            start_failing(gate, case, once)
            gate.controller.heard("hello", timeout=30, gate="g")
            gate.controller.do(f"config 1 {gate.board_port} yes")
            gate.controller.heard("heartbeat", timeout=30, b1=1)
            gate.board.do("auto in-1 on")
            if not at_start:
                once.touch()
            self.walk(agentlib, gate)
            self.judge(agentlib, gate)
            return 0 if once.exists() else 1  # 0: no process made so many calls

    @staticmethod
    def walk(agentlib, gate):
        """Plates are read until two arms have turned after the failure."""
        end, number = time.monotonic() + 30, 0
        while gate.pulses("in-1") < 2:
            assert time.monotonic() < end, "nobody gets in any more"
            number += 1
            try:
                gate.post("cam-in", f"浙A3{number:04d}")
                gate.board.do(f"wait in-1 pulses {min(number, 2)} 1500")
            except (AssertionError, OSError, RuntimeError):
                pass  # refused while it restarts; the person comes again

    @staticmethod
    def judge(agentlib, gate):
        """Each turn has a presentation of its own that was told, and a grant that the agent has on its disk."""
        def turns():
            with open(os.path.join(gate.path, "turns"), encoding="utf-8") as log:
                return len([line for line in log if line.strip()])

        def shown():
            return {event["seq"]: event for event in gate.controller.all("event") if event["kind"] == str(agentlib.PRESENTATION)}
        end = time.monotonic() + 20
        while len(shown()) < turns() and time.monotonic() < end:
            gate.controller.heard("heartbeat", since=gate.controller.mark())
        assert 0 < turns() <= len(shown()), f"{turns()} turns for {len(shown())} presentations"
        granted = [acted for acted in Outbox(gate.dir).acted.values() if acted.outcome == agentlib.GRANT]
        assert turns() <= len(granted), f"{turns()} turns, and {len(granted)} grants on the gate's disk"
        digests = {}
        for event in gate.controller.all("event"):
            place = event["epoch"], event["seq"]
            assert digests.setdefault(place, event["digest"]) == event["digest"], f"two events are number {place}"


def start_failing(gate, case, once):
    """The agent with the library; its log as agentlib keeps it."""
    wrapper = ["/usr/bin/env", f"LD_PRELOAD={built('failing.so')}", f"FAILING={case}:{once}"]
    try:
        gate.start(wrapper)
    except AssertionError:
        gate.agent.wait(timeout=15)  # its launcher itself ended: what starts services starts it again
        gate.start(wrapper)


if __name__ == "__main__":
    Calls.main()
