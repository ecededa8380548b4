"""Runs one libFuzzer program: every file of its corpus first, then fuzzing for PARKGATE_FUZZ_SECONDS.

    run.py PROGRAM CORPUS

Prints how many inputs ran; a run of none, an empty corpus or any finding is a failure. What libFuzzer
finds new stays beside the program (PROGRAM.found), a crashing input too (its path is printed).
"""
import os
import re
import subprocess
import sys


def executions(command):
    """Runs the command; the number of executed units. A finding or no count: says so and exits."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    count = re.search(r"stat::number_of_executed_units: *(\d+)", text)
    if done.returncode != 0 or not count:
        print(text[-20000:])
        sys.exit(f"{command[0]}: status {done.returncode}")
    return int(count[1])


def main():
    program, corpus = sys.argv[1:]
    seconds = max(5, int(os.environ.get("PARKGATE_FUZZ_SECONDS", "5")))
    found = program + ".found"
    os.makedirs(found, exist_ok=True)
    seeds = sum(len(files) for _, _, files in os.walk(corpus))
    limits = ["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
              f"-artifact_prefix={found}-crash-"]
    replayed = executions([program, "-runs=0", *limits, corpus])
    fuzzed = executions([program, f"-max_total_time={seconds}", *limits, found, corpus])
    print(f"{os.path.basename(program)}: {seeds} seeds, {replayed} replayed, {fuzzed} executions in {seconds} s")
    if min(seeds, replayed, fuzzed) == 0:
        sys.exit("nothing ran")


if __name__ == "__main__":
    main()
