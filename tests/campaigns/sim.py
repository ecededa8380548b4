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


class Simulation(Campaign):
    name, unit = "sim", "seeds"

    def sim(self, *arguments):
        program = build_dir() / "tests" / "sim" / "sim"
        if not program.exists():
            raise Failed(f"{program} is not built: ninja -C {build_dir()} sim")
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=3600, check=False)
        if done.returncode != 0:
            raise Failed(f"status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        counts = re.search(r"^sim: (\d+) seeds from \d+, (\d+) simulated hours", done.stdout, re.M)
        return int(counts[1]), int(counts[2])

    def play(self):
        seed = self.seed % SEEDS_A_RUN * SEEDS_A_RUN
        seeds, hours = self.sim("--seed", str(seed), "--seeds", "1", "--twice")
        yield seeds
        while True:
            slice_s = max(1, int(min(SLICE_S, self.left())))
            count, more = self.sim("--seed", str(seed + seeds), "--seconds", str(slice_s))
            seeds, hours = seeds + count, hours + more
            if self.left() <= 0:
                self.say(f"{hours} simulated hours")
                print(f"cases.hours={hours}")
            yield count


if __name__ == "__main__":
    Simulation.main()
