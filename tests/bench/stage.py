"""What the benchmarks run on: a park of many gates, a roster, the controller, and the two bench programs.

Everything lies in one directory that the caller gives. Nothing here judges a figure."""
import datetime
import json
import pathlib
import re
import subprocess
import sys
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "integration"))
from park import Daemon, Park, Ports, Refused, descendants, started  # noqa: E402,F401

TENANTS = 50
GRANT, REVIEW = 2, 1  # enum outcome
VEHICLES = 1 << 30  # as FLEET_VEHICLES in fleet.h


def park_file(gates):
    """Two lanes a gate, in and out of one zone; no agent runs, so no address is ever used."""
    lines = ["park: {name: bench, title: Bench, time_zone: Asia/Shanghai}", "zones:", "  - {name: yard, title: Yard}",
             "tenants:"]
    lines += [f"  - {{name: t-{n:02}, title: Tenant {n}, zones: [yard]}}" for n in range(1, TENANTS + 1)]
    lines += ["shifts:", '  - {name: all-day, from: "00:00", to: "00:00", early_minutes: 0}', "gates:"]
    names = [f"g-{n:03}" for n in range(1, gates + 1)]
    lines += [f"  - {{name: {gate}}}" for gate in names]
    lines += ["boards:"] + [f"  - {{name: {gate}-board, gate: {gate}, transport: tcp, address: '127.0.0.1:1', fire_input: 63}}" for gate in names]
    lines += ["lanes:"]
    for gate in names:
        for coil, way in enumerate(("in", "out")):
            lines.append(f"  - {{name: {gate}-{way}, gate: {gate}, direction: {way}, zone: yard, board: {gate}-board, "
                         f"open_coil: {coil}, passage_input: {coil}}}")
    lines += ["readers:"]
    lines += [f"  - {{name: {gate}-{way}-badge, lane: {gate}-{way}, driver: nfc, device: 'pn532_uart:/dev/{gate}-{way}'}}"
              for gate in names for way in ("in", "out")]
    return "\n".join(lines) + "\n"


def badge(person):
    """As fleet_badge() in fleet.c."""
    return f"045152{person:08X}"


def plate(vehicle):
    """As fleet_plate() in fleet.c."""
    return f"浙{'ABCDEFGHJKLMNPQRSTUVWXYZ'[vehicle // 100000]}{vehicle % 100000:05}"


def id_number(person):
    """A right check character; no two are equal below ten million."""
    born = datetime.date(1965, 1, 1) + datetime.timedelta(days=person // 1000 % 14000)
    body = f"{330102 + person // 14000000:06}{born:%Y%m%d}{person % 1000:03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def roster_file(path, first, count):
    """Persons first..first+count-1, each with ID number, telephone, badge and an assignment around today."""
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
    begin, end = today - datetime.timedelta(days=2), today + datetime.timedelta(days=30)
    with open(path, "w", encoding="utf-8") as out:
        out.write("tenant,name,id_number,phone,badge,kind,shift,from,to\n")
        for person in range(first, first + count):
            out.write(f"t-{person % TENANTS + 1:02},Person {person},{id_number(person)},199{person % 10**8:08},"
                      f"{badge(person)},day,all-day,{begin},{end}\n")
    return path


class Line:
    """A program that answers each line on its standard input with one line of JSON."""

    def __init__(self, *command):
        self.process = started([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.process.args[0]} ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ChildProcessError(f"{self.process.args[0]}: {answer['error']}")
        return answer

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


class Stage:
    """A park of `gates` gates whose boxes have joined, in `directory`; the controller runs."""

    def __init__(self, directory, gates, build):
        self.directory, self.gates, self.build = pathlib.Path(directory), gates, pathlib.Path(build)
        self.park = Park(self.directory, park_file(gates), build=build, start=False)
        self.park.park_file = lambda: park_file(gates)
        self.park.start_devices()
        self.park.make()
        self.metrics_port = self.open_metrics()
        self.start()
        for number in range(1, gates + 1):
            self.park.join(f"g-{number:03}")

    def program(self, name):
        return str(self.build / "tests" / "bench" / name)

    def start(self):
        self.park.start_controller()

    def stop_controller(self):
        self.park.controller.end(60)

    def restart(self):
        self.stop_controller()
        self.start()

    def open_metrics(self):
        """A port for the controller's figures; some builds have none."""
        if b"metrics_port" not in pathlib.Path(self.park.programs.path("parkgate-controller")).read_bytes():
            return None
        port = self.park.ports.block()
        with open(self.park.home / "controller.conf", "a", encoding="utf-8") as conf:
            conf.write(f"metrics_port = {port}\n")
        return port

    def gauges(self):
        """{name or name{labels}: value} of the controller; empty where it has no port for them."""
        if self.metrics_port is None:
            return {}
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as page:
            text = page.read().decode()
        wanted = re.findall(r"(?m)^(parkgate_(?:inside_quantile|commit_quantile|turn_work|turns_late|turn_inputs|turn_rows|anonymous)"
                            r"\S*) (\S+)$", text)
        return {name: float(value) for name, value in wanted if "_bucket" not in name}

    @property
    def worker(self):
        """The process that works; the first one only starts it and its helpers."""
        return descendants(self.park.controller.pid)[0][0]

    @property
    def endpoint(self):
        return f"tcp://127.0.0.1:{self.park.port_base}"

    @property
    def server_key(self):
        text = (self.directory / "g-001" / "agent.conf").read_text()
        return re.search(r"(?m)^server_key\s*=\s*(\S+)", text)[1]

    def load_roster(self, first, count):
        path = roster_file(self.directory / f"roster-{first}.csv", first, count)
        return self.park.cli("person", "import", path, timeout=1800)

    def load_vehicles(self, first, count):
        path = self.directory / f"vehicles-{first}.csv"
        path.write_text("plate,tenant\n" + "".join(f"{plate(vehicle)},t-01\n" for vehicle in range(first, first + count)), encoding="utf-8")
        return self.park.cli("vehicle", "import", path, timeout=1800)

    def open_fleet(self, load, name, boxes, persons):
        return load.ask("open", name, "gate", self.endpoint, self.server_key, self.directory, boxes, persons)

    def return_fleet(self, load, name, times):
        """Every box of it leaves and comes back, by so many connections at once."""
        return load.ask("return", name, "gate", self.endpoint, self.server_key, self.directory, times)

    def anonymous_mib(self):
        text = pathlib.Path(f"/proc/{self.worker}/smaps_rollup").read_text()
        return int(re.search(r"(?m)^Anonymous:\s+(\d+) kB", text)[1]) / 1024

    def close(self):
        self.park.stop()
