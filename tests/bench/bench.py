#!/usr/bin/env python3
"""Measures the controller beside the work that cannot be avoided, on this machine, in one run.

    bench.py [--short] [--build DIR] [--out DIR] [--only PART,...]

Writes OUT/bench.json and OUT/bench.md, a table with the limit beside each figure. docs/benchmarks.md tells what is
measured and how; scripts/bench.sh builds, installs what is missing and calls this."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import postgres
from report import Report
from stage import Line, Stage, roster_file

FULL = {"small": 10_000, "large": 1_000_000, "rates": [100, 1000, 5000], "seconds": 4, "rounds": 3, "boxes": 50, "gates": 100,
        "flood_s": 4, "clients": [1, 8, 50], "pg_s": 8, "window": 20}
SHORT = {"small": 200, "large": 1000, "rates": [100, 300], "seconds": 1, "rounds": 1, "boxes": 4, "gates": 6, "flood_s": 1,
         "clients": [1, 8], "pg_s": 2, "window": 8}
PARTS = ["small", "import", "large", "postgres"]


def say(text):
    print(f"== {datetime.datetime.now():%H:%M:%S} {text}", flush=True)


def disk_figures(directory, times=400):
    """fdatasync of 4 KiB, in microseconds."""
    path = pathlib.Path(directory, "sync")
    taken = []
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    for number in range(times):
        os.pwrite(fd, b"x" * 4096, 4096 * number)
        begun = time.perf_counter()
        os.fdatasync(fd)
        taken.append((time.perf_counter() - begun) * 1e6)
    os.close(fd)
    path.unlink()
    taken.sort()
    return {"p50_us": taken[len(taken) // 2], "p99_us": taken[len(taken) * 99 // 100]}


def machine(directory):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), "?")
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load_before": os.getloadavg(),
            "niceness": os.nice(0), "fdatasync_4k": disk_figures(directory), "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": subprocess.run(["git", "-C", pathlib.Path(__file__).parent, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()}


class Bench:
    def __init__(self, size, build, directory):
        self.size, self.build, self.directory = size, pathlib.Path(build), pathlib.Path(directory)
        self.result = {"machine": machine(directory)}
        self.stage = None
        self.servers = []
        self.load = Line(self.program("bench-load"))

    def program(self, name):
        return self.build / "tests" / "bench" / name

    # --- servers beside the controller ---

    def bare(self, name, *words):
        """Starts a bare server and opens a fleet of that name at it."""
        server = Line(self.program("bench-bare"), *words)
        self.servers.append(server)
        at = server.read()
        self.load.ask("open", name, "bare", at["endpoint"], at["key"], "-", self.size["boxes"], words[-1] if len(words) > 2 else 1000)
        return server

    def store_dir(self, name):
        return self.directory / name

    def controller_fleet(self, persons, boxes=None):
        """The controller anew, so that its gauges begin at zero, and a fresh fleet at it."""
        self.load.ask("close", "gates")
        self.stage.restart()
        return self.stage.open_fleet(self.load, "gates", boxes or self.size["boxes"], persons)

    def open_bare(self, persons):
        self.bare("echo", "echo", "tcp://127.0.0.1:*")
        for work in ("same", "least"):
            self.bare(f"joined-{work}", "joined", "tcp://127.0.0.1:*", self.store_dir(f"{work}-{persons}"), work, persons)

    def close_bare(self, persons):
        for name in ("echo", "joined-same", "joined-least"):
            self.load.ask("close", name)
        for server in self.servers:
            server.end()
        self.servers.clear()

    # --- what is measured ---

    def loop(self, persons, command, *words):
        """The bare store loop in a process of its own; it owns the store, so the joined server is not there then."""
        line = Line(self.program("bench-bare"), "loop", self.store_dir(f"loop-same-{persons}"), "same", persons)
        line.read()
        answer = line.ask(command, *words)
        line.end()
        return answer

    def rate_round(self, persons, rate):
        seconds = self.size["seconds"]
        figures = {"echo": self.load.ask("run", "echo", rate, seconds),
                   "loop": self.loop(persons, "run", rate, seconds),
                   "joined": self.load.ask("run", "joined-same", rate, seconds)}
        self.controller_fleet(persons)
        figures["parkgate"] = self.load.ask("run", "gates", rate, seconds)
        figures["gauges"] = self.stage.gauges()
        return figures

    def rates(self, name, persons):
        table = self.result.setdefault(name, {}).setdefault("rates", {})
        for rate in self.size["rates"]:
            table[rate] = []
            for number in range(self.size["rounds"]):
                table[rate].append(self.rate_round(persons, rate))
                d = table[rate][-1]["parkgate"]["verdict"]
                say(f"{name} {rate}/s round {number + 1}: verdict p50 {d['p50_us']:.0f} p99 {d['p99_us']:.0f} us")

    def floods(self, name, persons):
        seconds, window = self.size["flood_s"], self.size["window"]
        table = self.result.setdefault(name, {}).setdefault("floods", [])
        for _ in range(self.size["rounds"]):
            row = {"echo": self.load.ask("flood", "echo", window, seconds),
                   "loop": self.loop(persons, "flood", seconds),
                   "joined": self.load.ask("flood", "joined-same", window, seconds),
                   "joined-least": self.load.ask("flood", "joined-least", window, seconds)}
            self.controller_fleet(persons)
            row["parkgate"] = self.load.ask("flood", "gates", window, seconds)
            row["gauges"] = self.stage.gauges()
            table.append(row)
            say(f"{name} flood: " + ", ".join(f"{key} {value['acks_per_s']:.0f}/s" for key, value in row.items() if key != "gauges"))

    def part_small(self):
        persons = self.size["small"]
        self.stage = Stage(self.directory / "small", self.size["gates"], self.build)
        self.stage.load_roster(0, persons)
        self.open_bare(persons)
        self.rates("small", persons)
        self.close_bare(persons)

    def part_import(self):
        """Verdicts at 1,000/s without and with a large import beside them."""
        if self.stage is None:
            self.stage = Stage(self.directory / "small", self.size["gates"], self.build)
            self.stage.load_roster(0, self.size["small"])
        rate = max(rate for rate in self.size["rates"] if rate <= 1000)
        path = roster_file(self.directory / "beside.csv", self.size["small"], self.size["large"])
        result = self.result["import_beside"] = {"rate": rate}
        self.controller_fleet(self.size["small"])
        result["without"] = self.load.ask("run", "gates", rate, 3 * self.size["seconds"])
        done = {}

        def work():
            begun = time.monotonic()
            try:
                done["answer"] = self.stage.park.cli("person", "import", path, timeout=3600)
            except Exception as error:  # pylint: disable=broad-except; told below, in the thread that waits
                done["error"] = str(error)
            done["seconds"] = time.monotonic() - begun
        thread = threading.Thread(target=work)
        thread.start()
        result["with"] = []
        while thread.is_alive():
            result["with"].append(self.load.ask("run", "gates", rate, self.size["seconds"]))
        thread.join()
        if "error" in done:
            raise ChildProcessError(done["error"])
        result["seconds"] = done["seconds"]
        result["gauges"] = self.stage.gauges()
        say(f"import beside {rate}/s: {done['seconds']:.1f} s; p99 {result['without']['verdict']['p99_us']:.0f} without, "
            f"{statistics.median(run['verdict']['p99_us'] for run in result['with']):.0f} us with it")

    def end_stage(self):
        if self.stage is not None:
            self.load.ask("close", "gates")
            self.stage.close()
            self.stage = None

    def part_large(self):
        self.end_stage()
        persons = self.size["large"]
        self.stage = Stage(self.directory / "large", self.size["gates"], self.build)
        path = roster_file(self.directory / "large.csv", 0, persons)
        begun = time.monotonic()
        answer = self.stage.park.cli("person", "import", path, timeout=3600)
        result = self.result["large"] = {"import_s": time.monotonic() - begun, "import": answer, "import_gauges": self.stage.gauges(),
                                         "import_anonymous_mib": self.stage.anonymous_mib()}
        say(f"import of {persons}: {result['import_s']:.1f} s")
        result["starts"] = [self.start_to_verdict(persons) for _ in range(self.size["rounds"])]
        say("start to first verdict: " + ", ".join(f"{seconds:.2f} s" for seconds in result["starts"]))
        self.open_bare(persons)
        self.rates("large", persons)
        self.floods("large", persons)
        result["anonymous_mib"] = self.stage.anonymous_mib()
        self.controller_fleet(persons, self.size["gates"])
        result["all_gates"] = {"boxes": self.size["gates"], **self.load.ask("run", "gates", max(self.size["rates"][:2]), self.size["seconds"])}
        result["all_gates_anonymous_mib"] = self.stage.anonymous_mib()
        self.close_bare(persons)
        self.end_stage()

    def start_to_verdict(self, persons):
        """From starting the program to the first verdict in a gate's hands; the gate tries from the beginning."""
        self.load.ask("close", "gates")
        self.stage.stop_controller()
        begun = time.monotonic()
        starter = threading.Thread(target=self.stage.start)
        starter.start()
        self.stage.open_fleet(self.load, "gates", 1, persons)
        answer = self.load.ask("first", "gates")
        seconds = time.monotonic() - begun
        starter.join()
        return seconds if answer["verdicts"] > 0 else float("inf")

    def part_postgres(self):
        self.end_stage()
        if not postgres.is_there():
            say("PostgreSQL 15 is not installed: left out")
            return
        database = postgres.Postgres(self.size["large"], self.directory)
        table = self.result["postgres"] = {}
        try:
            for shape in ("statements", "function"):
                for clients in self.size["clients"]:
                    table.setdefault(shape, {})[clients] = database.run(shape, clients, self.size["pg_s"])
                    say(f"PostgreSQL, {shape}, {clients} clients: {table[shape][clients]['per_s']:.0f}/s")
        finally:
            database.stop()

    def close(self):
        try:
            self.end_stage()
        finally:
            for server in self.servers:
                server.end()
            self.load.end()
        self.result["machine"]["load_after"] = os.getloadavg()


def write_json(out, result):
    (out / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--build", default=os.environ.get("PARKGATE_BUILD_DIR", "build/release"))
    parser.add_argument("--out", default="build/bench")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, help="of each rate; the tables show their median")
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    size = dict(SHORT if options.short else FULL)
    size["rounds"] = options.rounds or size["rounds"]
    with tempfile.TemporaryDirectory(prefix="parkgate-bench-", dir=os.environ.get("BENCH_DIR")) as directory:
        bench = Bench(size, pathlib.Path(options.build).resolve(), directory)
        bench.result["size"] = size
        try:
            for part in PARTS:
                if part in options.only.split(","):
                    say(part)
                    getattr(bench, f"part_{part}")()
                    write_json(out, bench.result)
        finally:
            bench.close()
            write_json(out, bench.result)
    text = Report(bench.result).text()
    (out / "bench.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
