#!/usr/bin/python3
"""Seeded bugs: each is put into a copy of the tree, and the campaign that must catch it is run.

    tests/bugs/run.py [--only NAME...] [--rotate DAY --count 3 | --seconds S] [--jobs 2] [--keep] [--list | --check]

A bug (bugs.toml) is a line or two of a file, found by its text, and what stands there instead. The copy is an overlay in a
mount namespace of its own, so that its build goes on from the objects of build/release and writes nothing of the tree; where there
is no overlay, a real copy that is built anew. The campaign must end with an error that says what the row expects: a bug that is not
caught, one whose text is not found any more, and one that does not compile are all failures. --rotate DAY --count N plays N bugs
of that day (days since 1970), so that days in a row play all; --seconds S plays bugs of today for so long, but none that took
longer, when it was caught last, than is left. Whatever is played, every row must fit the tree; --check looks at that alone. --keep writes into caught.json, for
docs/reliability.md, who caught each and by which words.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "release"
KEPT = HERE / "caught.json"
RUN_S = 400  # no campaign takes longer over a bug
SAID_MAX = 120

# What a campaign is: what it needs built, how it is run. {seed} and {seconds} are the row's, or these.
CAMPAIGNS = tomllib.loads((HERE / "campaigns.toml").read_text(encoding="utf-8"))


def bugs():
    rows = tomllib.loads((HERE / "bugs.toml").read_text(encoding="utf-8"))
    for name, row in rows.items():
        if row["campaign"] not in CAMPAIGNS:
            sys.exit(f"{name}: there is no campaign {row['campaign']}")
    return rows


class NotCaught(Exception):
    pass


# --- inside the copy ---

def with_bug(tree, name, row):
    """The files that the bug changes, by their paths, as they are with it."""
    changed = {}
    for change in row.get("changes", [row]):
        path = tree / change["file"]
        text = changed.get(path) or path.read_text(encoding="utf-8")
        if text.count(change["find"]) != 1:
            raise NotCaught(f"its text stands {text.count(change['find'])} times in {change['file']}: renew the row of {name}")
        changed[path] = text.replace(change["find"], change["replace"])
    return changed


def put_bug(tree, name, row):
    for path, text in with_bug(tree, name, row).items():
        path.write_text(text, encoding="utf-8")


def check(rows):
    """The tree changes and its rows stay behind: none may, even one that is not played today."""
    stale = []
    for name, row in rows.items():
        try:
            with_bug(ROOT, name, row)
        except (NotCaught, OSError) as why:
            stale.append(f"{name}: {why}")
    if stale:
        sys.exit("\n".join(stale))


def build_and_run(tree, name, row):
    campaign = CAMPAIGNS[row["campaign"]]
    build = tree / "build" / "release"
    done = subprocess.run(["ninja", "-C", str(build), "-j", os.environ.get("BUG_JOBS", "1"), *campaign["targets"]], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise NotCaught(f"it does not compile:\n{done.stdout[-3000:]}")
    values = {"build": str(build), "root": str(tree), "python": f"{sys.executable} -B", "seconds": str(row.get("seconds", 20)),
              "seed": str(row.get("seed", 1))}
    command = (campaign["command"] + " " + row.get("more", "")).format(**values)
    environment = {**os.environ, "PARKGATE_BUILD_DIR": str(build)}
    try:
        ran = subprocess.run(command.split(), cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", timeout=RUN_S, check=False)
        status, output = ran.returncode, ran.stdout
    except subprocess.TimeoutExpired as late:
        status, output = -1, (late.stdout or b"").decode("utf-8", "replace")
    if status == 0:
        raise NotCaught(f"{row['campaign']} did not notice:\n{output[-1500:]}")
    said = re.search(row.get("says", campaign["says"]), output)
    if not said:
        raise NotCaught(f"{row['campaign']} failed, and not for this:\n{output[-3000:]}")
    return said[0]


# --- the copies ---

def in_overlay(name):
    """Runs this program again in a mount namespace where the tree is a copy of itself."""
    with tempfile.TemporaryDirectory(prefix="bug-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as memory:
        for part in ("changes", "work"):
            (pathlib.Path(memory) / part).mkdir()
        mount = (f"mount -t overlay parkgate-bug -o lowerdir={ROOT},upperdir={memory}/changes,workdir={memory}/work {ROOT} && "
                 f"cd {ROOT} && exec {sys.executable} -B {HERE}/run.py --here {name}")
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", mount], capture_output=True, text=True,
                              errors="replace", check=False)


def has_overlay():
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as memory:
        for part in ("changes", "work"):
            (pathlib.Path(memory) / part).mkdir()
        mount = f"mount -t overlay try -o lowerdir={ROOT},upperdir={memory}/changes,workdir={memory}/work {ROOT}"
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", mount], capture_output=True,
                              check=False).returncode == 0


def in_copy(name, row):
    """A copy with a build of its own, kept for the next bug."""
    tree = ROOT / "build" / "bugs" / "tree"
    for path in subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], stdout=subprocess.PIPE, check=True).stdout.decode().split("\0"):
        source, copy = ROOT / path, tree / path
        if path and source.is_file() and not (copy.is_file() and copy.read_bytes() == source.read_bytes()):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    subprocess.run(["cmake", "-S", str(tree), "-B", str(tree / "build" / "release"), "-G", "Ninja"], capture_output=True, check=True)
    os.environ["BUG_JOBS"] = str(os.cpu_count())
    put_bug(tree, name, row)
    return build_and_run(tree, name, row)


def play(name, row, overlay):
    """(caught, what it said, seconds)"""
    begun = time.monotonic()
    try:
        if overlay:
            done = in_overlay(name)
            caught, said = done.returncode == 0, (done.stdout if done.returncode in (0, 1) else done.stdout + done.stderr).strip()
        else:
            caught, said = True, in_copy(name, row)
    except NotCaught as why:
        caught, said = False, str(why)
    return caught, said, time.monotonic() - begun


def chosen(options, rows):
    names = list(rows)
    if options.only:
        for name in options.only:
            if name not in rows:
                sys.exit(f"no bug {name}; there are {', '.join(names)}")
        return options.only
    if options.rotate is None and options.seconds is None:
        return names
    day = options.rotate if options.rotate is not None else int(time.time()) // 86400
    count = options.count if options.seconds is None else len(names)
    first = day * options.count % len(names)
    return (names[first:] + names[:first])[:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--rotate", type=int, metavar="DAY")
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", help="not used: what is played goes by the day")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rows = bugs()
    if options.here:
        try:
            put_bug(ROOT, options.here, rows[options.here])
            print(build_and_run(ROOT, options.here, rows[options.here]))
        except NotCaught as why:
            print(why)
            sys.exit(1)
        return
    if options.list:
        for name, row in rows.items():
            print(f"{name:36} {row['campaign']:18} {row.get('file', row.get('changes', [{}])[0].get('file', ''))}")
        return
    check(rows)
    if options.check:
        print(f"{len(rows)} seeded bugs fit the tree")
        return
    if not (BUILD / "build.ninja").exists():
        sys.exit(f"{BUILD} is not there: scripts/campaign.sh builds it")
    overlay = has_overlay()
    if not overlay:
        options.jobs = 1
    sys.exit(run_all(chosen(options, rows), rows, options, overlay))


def kept_so_far():
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def next_of(waiting, kept, left):
    """The first that fits into the time; None: none does."""
    return next((name for name in waiting if kept.get(name, {}).get("seconds", 0) <= left), None)


def keep(name, row, said, took):
    """Without a row: it was not caught, whoever caught it before."""
    kept = kept_so_far()
    kept.pop(name, None)
    if row is not None:
        kept[name] = {"campaign": row["campaign"], "date": datetime.date.today().isoformat(), "seconds": round(took),
                      "said": " ".join(said.split())[:SAID_MAX]}
    fresh = KEPT.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(KEPT)


def run_all(names, rows, options, overlay):
    end = time.monotonic() + (options.seconds if options.seconds is not None else 1e9)
    begun, caught, missed, waiting, kept = time.monotonic(), 0, [], list(names), kept_so_far()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {}
        while waiting or running:
            while len(running) < options.jobs and (name := next_of(waiting, kept, end - time.monotonic())):
                waiting.remove(name)
                running[pool.submit(play, name, rows[name], overlay)] = name
            if not running:
                break
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                good, said, took = future.result()
                caught += good
                missed += [] if good else [name]
                if options.keep:
                    keep(name, rows[name] if good else None, said, took)
                print(f"{'caught' if good else 'NOT CAUGHT'}: {name} by {rows[name]['campaign']} in {took:.0f} s: <{said}>", flush=True)
            if time.monotonic() >= end:
                waiting.clear()
    print(f"campaign bugs: {caught} of {caught + len(missed)} seeded bugs caught in {time.monotonic() - begun:.0f} s; {len(rows)} in all")
    print(f"cases={caught}")
    if missed:
        print(f"not caught: {', '.join(missed)}; again: tests/bugs/run.py --only {' '.join(missed)}")
    return 1 if missed or not caught else 0


if __name__ == "__main__":
    main()
