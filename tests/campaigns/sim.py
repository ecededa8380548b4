#!/usr/bin/python3
"""The simulation: whole parks under one seed each, with faults of every kind, until they come to rest (tests/sim).

    tests/campaigns/sim.py [--seconds S] [--seed N]

Plays seeds from N x 1,000,000 on. A seed in which something does not hold ends the run with the command that plays it again.
First one seed is played twice, which must give the same digest.
"""
import re
import subprocess

from campaignlib import Campaign, Failed, build_dir

SEEDS_A_RUN = 1_000_000
SLICE_S = 20
ENOUGH = 20  # seeds, for something of everything


class Simulation(Campaign):
    name, unit = "sim", "seeds"

    def sim(self, *arguments):
        program = build_dir() / "tests" / "sim" / "sim"
        if not program.exists():
            raise Failed(f"{program} is not built: ninja -C {build_dir()} sim")
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=3600, check=False)
        if done.returncode != 0:
            raise Failed(f"status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        counts = re.search(r"^sim: (\d+) seeds from \d+, (\d+) simulated hours, (\d+) entries by gates alone, (\d+) fires", done.stdout, re.M)
        return [int(count) for count in counts.groups()]

    def play(self):
        seed = self.seed % SEEDS_A_RUN * SEEDS_A_RUN
        totals = self.sim("--seed", str(seed), "--seeds", "1", "--twice")
        yield totals[0]
        while True:
            slice_s = max(1, int(min(SLICE_S, self.left())))
            more = self.sim("--seed", str(seed + totals[0]), "--seconds", str(slice_s))
            totals = [sum(pair) for pair in zip(totals, more)]
            if self.left() <= 0:
                self.tell(*totals)
            yield more[0]

    def tell(self, seeds, hours, alone, fires):
        self.say(f"{hours} simulated hours, {alone} entries by gates alone, {fires} fires")
        if seeds >= ENOUGH and (alone == 0 or fires == 0):
            raise Failed("no gate was alone, or nothing burned: the faults do not do what they should")
        for part, count in (("hours", hours), ("alone", alone), ("fires", fires)):
            print(f"cases.{part}={count}")


if __name__ == "__main__":
    Simulation.main()
