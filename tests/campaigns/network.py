#!/usr/bin/python3
"""A bad network between a controller and its gates: cut, one-way, 30 % loss, resets, slow. Needs root and nftables.

    tests/campaigns/network.py [--seconds S] [--seed N]

The controller lives in a network namespace of its own, joined by a pair of virtual links; the gates' agents with emulated readers
and turnstiles stay outside. People pass without a pause while the link is broken in one of five ways for 0.1 to 8 s and heals
again. At intervals the traffic stops, the park settles, and journal, outboxes and the arms' own turn logs are compared as in
tests/crash (audit.py): nothing lost, nothing doubled, no gap, no turn without a verdict, headcount equal; who is known was let in,
by a gate that was alone as well, and no stranger ever.

Where no namespace can be made the campaign fails: it is never skipped.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading

from campaignlib import Campaign, Failed
from case import PARK_YAML, foot_gate
from kills import GATES, Campaign as Kills
from park import Daemon, Park, Refused

LOSS_PERCENT = 30
SLOW = ("rate", "64kbit", "burst", "4kb", "latency", "800ms")
LENGTHS_S = (0.05, 0.1, 0.1, 0.2, 0.2, 0.3, 0.5, 0.5, 1, 2, 7)


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)}: {done.stderr.strip()}")


class Namespace:
    """A namespace with the address `inside`, reached from here as from `outside`."""

    def __init__(self):
        number = os.getpid() % 16000
        self.name, self.link = f"pg-{os.getpid()}", f"pg{os.getpid()}"
        self.outside, self.inside = (f"10.213.{number // 64}.{number % 64 * 4 + last}" for last in (1, 2))

    def __enter__(self):
        try:
            run("ip", "netns", "add", self.name)
            run("ip", "link", "add", f"{self.link}a", "type", "veth", "peer", "name", f"{self.link}b", "netns", self.name)
            run("ip", "addr", "add", f"{self.outside}/30", "dev", f"{self.link}a")
            run("ip", "link", "set", f"{self.link}a", "up")
            self.inner("ip", "addr", "add", f"{self.inside}/30", "dev", f"{self.link}b")
            self.inner("ip", "link", "set", f"{self.link}b", "up")
            self.inner("ip", "link", "set", "lo", "up")
        except Failed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", f"{self.link}a"], capture_output=True, check=False)

    def prefix(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    def inner(self, *words, text=None):
        run(*self.prefix(*words), text=text)

    # --- what is done to the link ---

    def rules(self, way_in, way_out):
        """What happens to packets of the link, into the controller's machine and out of it; None: nothing."""
        chains = [f"chain {hook} {{\n type filter hook {hook} priority 0; policy accept;\n {edge} \"{self.link}b\" {rule}\n }}\n"
                  for hook, edge, rule in (("input", "iifname", way_in), ("output", "oifname", way_out)) if rule]
        self.inner("nft", "-f", "-", text="flush ruleset\n" + ("table inet bad {\n" + "".join(chains) + "}\n" if chains else ""))

    def break_it(self, kind):
        loss = f"numgen random mod 100 < {LOSS_PERCENT} drop"
        if kind == "slow":
            self.inner("tc", "qdisc", "replace", "dev", f"{self.link}b", "root", "tbf", *SLOW)
        elif kind == "down":
            run("ip", "link", "set", f"{self.link}a", "down")
        else:
            self.rules(*{"cut": ("drop", "drop"), "deaf": ("drop", None), "mute": (None, "drop"), "loss": (loss, loss),
                         "reset": ("meta l4proto tcp reject with tcp reset", None)}[kind])

    def heal(self, kind):
        if kind == "slow":
            self.inner("tc", "qdisc", "del", "dev", f"{self.link}b", "root")
        elif kind == "down":
            run("ip", "link", "set", f"{self.link}a", "up")
        else:
            self.rules(None, None)


KINDS = ("cut", "down", "deaf", "mute", "loss", "reset", "slow")


class ParkBehind(Park):
    """A park whose controller lives in the namespace."""

    def __init__(self, namespace, *arguments):
        super().__init__(*arguments)
        self.namespace = namespace

    def make(self):
        super().make()
        old = self.controller
        self.controller = Daemon(old.name, self.namespace.prefix(*old.args), old.log_path, old.env)

    def here(self, endpoint):
        return re.sub(r"//[^:/]+:", f"//{self.namespace.inside}:", endpoint)

    def command(self, *args):
        return self.namespace.prefix(*super().command(*args))

    def _run(self, *args, **more):
        if "init" in args[1:2]:
            args = (*args, "--bind", "0.0.0.0")
        return super()._run(*args, **more)


class Cycles(Kills):
    """tests/crash/kills.py with broken links in place of kills."""

    def __init__(self, options, directory, namespace):
        super().__init__(options, directory)
        self.namespace = namespace
        self.park = ParkBehind(namespace, directory, PARK_YAML, [foot_gate(name) for name in GATES])

    def kill_some(self):
        kind = self.rng.choice(KINDS)
        threading.Event().wait(self.rng.uniform(0, 0.4))
        self.namespace.break_it(kind)
        threading.Event().wait(self.rng.choice(LENGTHS_S))
        self.namespace.heal(kind)
        threading.Event().wait(self.rng.choice((0, 0, 0.05, 0.2, 1)))
        self.kills[kind] += 1
        return 1

    def measure_first_verdict(self):
        self.first_verdicts = []

    def report(self):
        print("; ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items())))
        print("traffic: " + ", ".join(f"{count} {what}" for what, count in sorted(self.traffic.counts.items())))
        print(f"checks: {self.checks}; {self.audit.line()}", flush=True)


class Network(Campaign):
    name, unit = "network", "broken links"

    @classmethod
    def arguments(cls, parser):
        parser.add_argument("--keep", help="a new directory that is left there")

    def play(self):
        with Namespace() as namespace, tempfile.TemporaryDirectory(prefix="network-") as directory:
            options = argparse.Namespace(seed=self.seed, kills=1 << 30, minutes=max(self.left() - 8, 5) / 60, least=1, check_every=60,
                                         measure=0)
            cycles = Cycles(options, self.options.keep or directory, namespace)
            try:
                cycles.run()
            except Refused as error:
                raise Failed(str(error)) from error
            finally:
                for daemon in [cycles.park.controller, *cycles.park.agents.values()]:
                    if daemon and self.failing():
                        print(f"--- {daemon.name}\n{daemon.tail(25)}")
            if cycles.audit.alone == 0:
                raise Failed("no gate ever had to decide alone: nothing was cut for long enough")
            yield sum(cycles.kills.values())

    @staticmethod
    def failing():
        return sys.exc_info()[0] is not None


if __name__ == "__main__":
    Network.main()
