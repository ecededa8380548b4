#!/usr/bin/python3
"""Plays campaigns and keeps what they reached.

    run.py NAME... | all [--hours H | --seconds S] [--seed N] [--totals FILE]
    run.py --list | --budget
    run.py --merge FILE

Without --hours: each once, for its share of CI (shares.toml), and nothing is kept. With --hours: each for so long, in pieces of
at most ten minutes with a seed each, added to the totals file (tests/campaigns/totals.json) after every piece; several may run at
once. --merge adds the totals of another tree. A campaign that ran no case has failed; the first that fails ends the run with
status 1. --budget says how long the shares of CI take on two processors.
"""
import argparse
import datetime
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOTALS = HERE / "totals.json"
BUDGET_S = 300  # all shares of CI together, on two processors
PIECE_S = 600
LATE_S = 900  # beyond its time; then it hangs


def shares():
    return tomllib.loads((HERE / "shares.toml").read_text(encoding="utf-8"))


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def command_of(row, seconds, seed):
    words = row["command"]
    values = {"seconds": f"{seconds:g}", "minutes": f"{seconds / 60:.2f}", "seed": str(seed)}
    named = any("{" in word for word in words)
    words = [word.format(**values) if "{" in word else word for word in words]
    first = [sys.executable, "-B"] if words[0].endswith(".py") else []
    return first + [str(ROOT / words[0]), *words[1:]] + ([] if named else ["--seconds", values["seconds"], "--seed", values["seed"]])


def play(name, row, seconds, seed):
    """One run: (cases, {part: cases}, seconds), or ends the program."""
    begun = time.monotonic()
    command = command_of(row, seconds, seed)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
                               env={"PARKGATE_BUILD_DIR": str(ROOT / "build" / "release"), **os.environ})
    lines = []
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        status = process.wait(timeout=LATE_S)
    finally:
        if process.poll() is None:
            process.kill()
    text = "".join(lines)
    cases = sum(map(int, re.findall(row.get("count", r"^cases=(\d+)$"), text, re.M)))
    parts = {part: int(count) for part, count in re.findall(r"^cases\.(\S+)=(\d+)$", text, re.M)}
    if status != 0:
        sys.exit(f"campaign {name} FAILED with status {status}; again: {' '.join(command)}")
    if cases == 0:
        sys.exit(f"campaign {name} FAILED: no case ran")
    return cases, parts, time.monotonic() - begun


def add(totals, name, new):
    entry = totals.setdefault(name, {"cases": 0, "seconds": 0, "runs": []})
    entry["cases"] += new["cases"]
    entry["seconds"] = round(entry["seconds"] + new["seconds"], 1)
    for part, count in new.get("parts", {}).items():
        entry.setdefault("parts", {})
        entry["parts"][part] = entry["parts"].get(part, 0) + count
    entry["runs"] = (entry["runs"] + new["runs"])[-50:]


def keep(path, news):
    """Adds {campaign: what ran} to the totals, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        totals = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for name, new in news.items():
            add(totals, name, new)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(totals, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        fresh.replace(path)


def budget(table):
    """Seconds of the shares that run side by side, two at a time, and of those that run alone."""
    together = sum(row["seconds"] for row in table.values() if not row.get("serial", False))
    alone = sum(row["seconds"] for row in table.values() if row.get("serial", False))
    return together, alone, together / 2 + alone


def play_long(name, row, options):
    end = time.monotonic() + options.hours * 3600
    seed = options.seed
    while (left := end - time.monotonic()) > 0:
        cases, parts, seconds = play(name, row, min(PIECE_S, max(left, 5)), seed)
        keep(options.totals, {name: {"cases": cases, "seconds": round(seconds, 1), "parts": parts, "runs": [
            {"date": datetime.date.today().isoformat(), "commit": commit(), "cases": cases, "seconds": round(seconds, 1),
             "seed": seed}]}})
        seed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--budget", action="store_true")
    parser.add_argument("--merge", type=pathlib.Path, metavar="FILE", help="adds these totals to ours")
    parser.add_argument("--ci", choices=("together", "alone"), help="the names that CI plays, for CMake")
    parser.add_argument("--hours", type=float, help="for each; adds to the totals")
    parser.add_argument("--seconds", type=float, help="for each, in place of its share of CI")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--totals", type=pathlib.Path, default=TOTALS)
    options = parser.parse_args()
    table = shares()
    if options.ci:
        print(";".join(name for name, row in table.items() if row["seconds"] and row.get("serial", False) == (options.ci == "alone")))
        return
    if options.budget:
        together, alone, wall = budget(table)
        print(f"{together} s two at a time, {alone} s alone: {wall:.0f} s of at most {BUDGET_S}")
        return
    if options.merge:
        keep(options.totals, json.loads(options.merge.read_text(encoding="utf-8")))
        return
    if options.list or not options.names:
        for name, row in table.items():
            print(f"{name:12} {row['goal']:>13,} {row['unit']}")
        return
    names = list(table) if options.names == ["all"] else options.names
    for name in names:
        if name not in table:
            sys.exit(f"no campaign {name}; there are {', '.join(table)}")
    for name in names:
        row = table[name]
        if options.hours:
            play_long(name, row, options)
            continue
        seconds = options.seconds or row["seconds"] or 30
        cases, _, took = play(name, row, seconds, options.seed)
        print(f"campaign {name}: {cases:,} {row['unit']} in {took:.0f} s; goal of all runs {row['goal']:,}")
        if not options.seconds and cases < row.get("least", 1):
            sys.exit(f"campaign {name} FAILED: {cases} cases, at least {row['least']} are asked for in its share of CI")


if __name__ == "__main__":
    main()
