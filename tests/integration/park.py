"""A whole park for tests and the demo: controller, gate agents and emulated devices in one directory.

    with Park(tmp, PARK_YAML, gates=[Gate("gate-a", [Board("board-a", [Lane("in-1"), Lane("out-1", "out", button=True)])])]) as park:
        who = park.cli("person", "add", "--tenant", "t1", "--kind", "day", "--name", "王伟", "--id-number", ID)["person"]
        park.cli("badge", "add", who, "04A1B2C3D4E5F6")
        park.reader("in-1").card("04A1B2C3D4E5F6")
        park.turnstile("gate-a").do("push in-1")

PARK_YAML is a park file without gates, boards, lanes and readers: those are written from the Gate objects, with the
addresses that the emulated devices turned out to have. Nothing here sleeps: whatever is started is asked until it
answers, against a deadline. Needs the standard library only.
"""
import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "peers"))
import peer_vzenith  # noqa: E402
from peerlib import Peer  # noqa: E402

DEADLINE_S = 30.0
PULSE_RTU_MS = 400
FIRE_INPUT, RESET_INPUT = "30", "31"  # of every board; four lanes need the inputs below 16


def until(what, question, timeout=DEADLINE_S):
    """Asks until the answer is true, and returns it. `question` raising OSError or Refused counts as "not yet"."""
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            if answer := question():
                return answer
        except (OSError, Refused) as error:
            last = error
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout:g} s: {what}" + (f" ({last})" if last else ""))
        threading.Event().wait(0.02)  # the next question, not a guess at how long it takes


class Refused(Exception):
    """A command ended with another status than 0."""

    def __init__(self, args, status, text):
        super().__init__(f"{' '.join(map(str, args))}: status {status}: {text.strip()}")
        self.status, self.text = status, text


# --- programs ---

def build_directory():
    """PARKGATE_BUILD_DIR, or the first build tree in the repository that holds the programs."""
    named = os.environ.get("PARKGATE_BUILD_DIR")
    tries = [pathlib.Path(named)] if named else [REPOSITORY / "build" / kind for kind in ("release", "asan", ".")]
    for path in tries:
        if (path / "CMakeCache.txt").exists():
            return path.resolve()
    raise FileNotFoundError(f"no build tree in {', '.join(map(str, tries))}; build first or set PARKGATE_BUILD_DIR")


class Programs:
    """Where the programs of one build tree lie."""

    def __init__(self, build=None):
        self.build = pathlib.Path(build).resolve() if build else build_directory()

    def path(self, name):
        for room in ("controller", "reader-agent", "admin-cli", "tests/peers"):
            if (found := self.build / room / name).exists():
                return str(found)
        raise FileNotFoundError(f"{name} is not built in {self.build}")


# What ends with its parent ends with the thread that started it: all is started by one that lives as long as we do.
STARTER = concurrent.futures.ThreadPoolExecutor(1)
LIBC = ctypes.CDLL(None)


def started(*args, **more):
    """A child process that gets SIGTERM when we end, however that comes, and no Ctrl-C that is meant for us."""
    def end_with_parent():
        LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    return STARTER.submit(subprocess.Popen, *args, preexec_fn=end_with_parent, start_new_session=True, **more).result()


class Daemon:
    """A program that runs on and logs lines to standard error. They go to a file, and can be waited for."""

    def __init__(self, name, args, log_path, env=None):
        self.name, self.args, self.log_path, self.env = name, list(map(str, args)), pathlib.Path(log_path), env
        self.process, self.lines, self.condition, self.reader = None, [], threading.Condition(), None
        self.seen_off = False  # its end was the test's wish

    def start(self):
        self.lines, self.seen_off = [], False
        self.process = started(self.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=self.env)
        self.reader = threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True)
        self.reader.start()
        return self

    def _read(self, process, lines):
        """Into the lines of this start: helpers outlive a killed launcher, and go on writing."""
        with open(self.log_path, "ab", buffering=0) as log:
            for line in process.stderr:
                log.write(line)
                with self.condition:
                    lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                    self.condition.notify_all()
        process.stderr.close()
        with self.condition:
            lines.append(None)  # the end
            self.condition.notify_all()

    def wait_event(self, event, timeout=DEADLINE_S, since=0):
        """The first log line from number `since` on that holds this word (or regular expression)."""
        pattern = re.compile(rf"(?<![\w-]){event}(?![\w-])")
        end = time.monotonic() + timeout
        with self.condition:
            at = since
            while True:
                for line in self.lines[at:]:
                    if line is None:
                        raise ChildProcessError(f"{self.name} ended before it said {event}:\n{self.tail()}")
                    if pattern.search(line):
                        return line
                at = max(at, len(self.lines))
                if not self.condition.wait(max(0.0, end - time.monotonic())) and time.monotonic() > end:
                    raise TimeoutError(f"{self.name} did not say {event} within {timeout:g} s:\n{self.tail()}")

    def mark(self):
        """How many lines there are: give it as `since`."""
        with self.condition:
            return len(self.lines)

    def tail(self, count=15):
        return "\n".join(line for line in self.lines[-count:] if line)

    @property
    def pid(self):
        return self.process.pid

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        if self.runs():
            self.process.send_signal(number)

    def end(self, timeout=20):
        """Asks it to end (SIGTERM) and returns its status."""
        self.send(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def wait(self, timeout=20):
        if self.process is None:
            return None
        self.seen_off = True
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise TimeoutError(f"{self.name} did not end within {timeout:g} s:\n{self.tail()}") from None
        self.reader.join(5)
        return status


def processes():
    """(pid, parent's pid, command line) of all processes."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            stat = pathlib.Path("/proc", entry, "stat").read_text()
            args = pathlib.Path("/proc", entry, "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            yield int(entry), int(stat.rsplit(")", 1)[1].split()[1]), args[:-1]


def descendants(pid):
    """[(pid, command line)] of all that a process started, and they in turn."""
    table = list(processes())
    found, wanted = [], {pid}
    while wanted:
        level = [(child, args) for child, parent, args in table if parent in wanted]
        found += level
        wanted = {child for child, _ in level}
    return found


# --- ports ---

class Ports:
    """Blocks of free TCP ports below the range that the system hands out, reserved among all parks of this machine."""

    BLOCK, FIRST, LAST = 8, 20000, 32000

    def __init__(self):
        self.locks = []

    def block(self):
        start = self.FIRST + os.getpid() * self.BLOCK * 4 % (self.LAST - self.FIRST) // self.BLOCK * self.BLOCK
        for step in range((self.LAST - self.FIRST) // self.BLOCK):
            port = self.FIRST + (start - self.FIRST + step * self.BLOCK) % (self.LAST - self.FIRST)
            lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lock.bind(f"\0parkgate-test-ports-{port}")
                for i in range(self.BLOCK):
                    with socket.socket() as probe:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        probe.bind(("127.0.0.1", port + i))
                self.locks.append(lock)
                return port
            except OSError:
                lock.close()
        raise OSError("no free block of TCP ports")

    def release(self):
        for lock in self.locks:
            lock.close()
        self.locks.clear()


# --- what a park is made of ---

FACES = ("face", "uniview", "zkteco-att")  # a lane with one of them has a badge reader, too


class Lane:
    """One turnstile or barrier. `reader`: badge, face, plate, a driver of the park file that posts, or None; a lane with a face
    terminal has a badge reader, too, and one that asks for the driver, unless it has a keypad. A VZenith camera opens by itself: see Gate.
    `tls`: by https, with a certificate of its own. `reader_more`: more keys of its entry.
    `keypad`: beside the reader stands one that posts the plain JSON (PINs, badges of a driver); keyed().
    `terminal`: the agent speaks to the face terminal, and it asks ("asks"; then no passage sensor) or not ("no-relay")."""

    def __init__(self, name, direction="in", zone="yard", reader="badge", button=False, display=True, outer_zone=None,
                 passage=True, open_ms=3000, pass_ms=5000, terminal=None, tls=False, reader_more=None, keypad=False,
                 **more):
        self.name, self.direction, self.zone, self.reader = name, direction, zone, reader
        self.button, self.display, self.outer_zone, self.passage = button, display, outer_zone, passage
        self.open_ms, self.pass_ms, self.terminal, self.more = open_ms, pass_ms, terminal, more
        self.reader_more, self.tls, self.keypad = reader_more or {}, tls, keypad
        self.bollard = more.get("actuator") == "bollard"
        self.badge = reader in ("badge", *FACES) or (more.get("driver", False) and not keypad)


GREEN, RED, YELLOW = "green", "red", "yellow"  # of a display


class Board:
    """A turnstile board with up to four lanes, over Modbus TCP or RTU. `options`: more of peer-turnstile's."""

    def __init__(self, name, lanes, rtu=False, counters=True, flash=True, options=(), **more):
        self.name, self.lanes, self.rtu, self.counters, self.flash = name, lanes, rtu, counters, flash
        self.options = ["--fire", FIRE_INPUT, "--reset", RESET_INPUT, *options]
        self.more = {"fire_input": FIRE_INPUT, "reset_input": RESET_INPUT, **more}


class Gate:
    """`boardless`: lanes that no board opens."""

    def __init__(self, name, boards=(), title=None, title_zh=None, boardless=()):
        self.name, self.boards, self.title, self.title_zh = name, list(boards), title, title_zh
        self.boardless = list(boardless)

    @property
    def lanes(self):
        return [lane for board in self.boards for lane in board.lanes] + self.boardless


class Device:
    """An emulated device. Every thread has its own line to it, so that one may wait while others act."""

    def __init__(self, peer):
        self.peer, self.local, self.sockets = peer, threading.local(), []

    def _line(self):
        if not hasattr(self.local, "stream"):
            self.local.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.local.socket.connect(self.peer.control_path)
            self.local.stream = self.local.socket.makefile("rw", encoding="utf-8")
            self.sockets += [self.local.stream, self.local.socket]
        return self.local

    def ask(self, command, timeout=60):
        line = self._line()
        line.socket.settimeout(timeout)
        line.stream.write(command + "\n")
        line.stream.flush()
        return line.stream.readline().rstrip("\n")

    def do(self, command, timeout=60):
        """Gives one command that must succeed; returns what follows "ok "."""
        answer = self.ask(command, timeout)
        if answer != "ok" and not answer.startswith("ok "):
            raise AssertionError(f"{command!r} was answered {answer!r}")
        return answer[3:]

    def values(self, command):
        """The key=value pairs of an answer."""
        return dict(re.findall(r'(\w+)=("[^"]*"|\S*)', self.do(command)))

    def hang_up(self):
        """Ends this thread's line."""
        if hasattr(self.local, "stream"):
            self.local.stream.close()
            self.local.socket.close()
            del self.local.stream, self.local.socket

    def stop(self):
        for line in self.sockets:
            with contextlib.suppress(OSError):
                line.close()
        self.peer.stop()


class Reader(Device):
    """An emulated badge reader."""

    def __init__(self, peer, link):
        super().__init__(peer)
        self.link = link
        self.give_to_helper()

    def give_to_helper(self):
        """The helper programs give up root: the reader's line must be theirs, as udev makes it on a real box."""
        if os.geteuid() == 0:
            os.chown(os.path.realpath(self.link), pwd.getpwnam("nobody").pw_uid, -1)

    def card(self, uid, more=""):
        return self.do(f"card {uid} {more}".rstrip())

    def remove(self):
        """Takes the card away and waits until the reader has seen that (its driver forgets a card after three polls)."""
        self.do("remove")
        self.do("wait polls 5 10000")

    def back(self):
        self.do("back")
        self.give_to_helper()


class Turnstile(Device):
    """An emulated board."""

    def show(self, lane):
        return {key: value.strip('"') for key, value in self.values(f"show {lane}").items()}

    def after(self, lane, act):
        """Does `act` and waits for the verdict that the lane's display then shows: `show` of that moment."""
        shown = int(self.show(lane)["sounds"])
        act()
        self.do(f"wait {lane} sounds {shown + 1} 15000")
        return self.show(lane)

    def turns(self, lane):
        return int(self.do(f"turns {lane}"))


class Poster:
    """A plate camera or a face terminal: posts to its gate over one connection."""

    def __init__(self, programs, url):
        self.url, self.lock = url, threading.Lock()
        self.process = started([programs.path("peer-hikvision"), "batch", "-", "--url", url], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)

    def post(self, line):
        """Posts one event ("anpr --plate ..."); returns the HTTP status, 0 for none."""
        with self.lock:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().split()
        if len(answer) < 2:
            raise ChildProcessError(f"peer-hikvision ended at {line!r}")
        return int(answer[1])

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(10)


DRIVERS = {"badge": "nfc", "face": "hik-access", "plate": "hik-anpr"}


def yaml_list(key, entries):
    text = f"{key}:\n" if entries else ""
    for entry in entries:
        mark = "-"
        for name, value in entry.items():
            if value is not None:
                text += f"  {mark} {name}: {str(value).lower() if isinstance(value, bool) else value}\n"
                mark = " "
    return text


class Park:
    """See the head of this file. `env` is added to the environment of all programs. `start` False stops after
    `parkgate init`; then start_controller(), and for each gate join(), start_agent() and wait_gate() are the test's."""

    def __init__(self, directory, park_yaml, gates=(), build=None, env=None, start=True):
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.park_yaml, self.gates, self.start_all = park_yaml, list(gates), start
        self.programs = Programs(build)
        self.env = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
        self.home = self.directory / "park"
        self.logs = self.directory / "logs"
        self.turn_logs, self.wire_logs = self.directory / "turns", self.directory / "wires"
        self.devices = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # socket paths are short
        self.devices.chmod(0o755)
        self.ports = Ports()
        self.controller, self.agents = None, {}
        self.readers, self.boards, self.posters, self.terminals = {}, {}, {}, {}
        self.http_ports = {}
        self.port_base = None
        self.tolerated = None  # a word of a sanitizer's report that is no error: a test provokes another's mistake

    def __enter__(self):
        try:
            self.start_devices()
            self.make()
            if self.start_all:
                self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # --- emulated devices ---

    def start_devices(self):
        self.logs.mkdir(exist_ok=True)
        self.turn_logs.mkdir(exist_ok=True)
        self.wire_logs.mkdir(exist_ok=True)
        for gate in self.gates:
            if any(lane.reader not in ("badge", None) or lane.keypad for lane in gate.lanes):
                self.http_ports[gate.name] = self.ports.block()
            for board in gate.boards:
                self._start_board(board)
            for lane in gate.lanes:
                if lane.badge:
                    self._start_reader(lane)
                if lane.terminal:
                    self.start_terminal(lane)

    def wire_log(self, board):
        """What was written to the board: wirelog.py reads it."""
        return self.wire_logs / f"{board}.log"

    def _start_board(self, board):
        words = ["--rtu", str(self.devices / f"{board.name}.tty")] if board.rtu else ["--tcp", "127.0.0.1:0"]
        words += ["--turn-log", str(self.turn_logs / f"{board.name}.log"), "--wire-log", str(self.wire_log(board.name))]
        words += [] if board.counters else ["--no-counters", "--pulse-ms", str(PULSE_RTU_MS)]
        words += [] if board.flash else ["--no-flash"]
        for number, lane in enumerate(board.lanes):
            beside = "crush={},manual={},bollard" if lane.bollard else "tamper={},held={}"
            wires = f"{lane.name}:coil={number},display={number},{beside.format(4 * number + 1, 4 * number + 3)}"
            wires += f",passage={4 * number}" if lane.passage else ""
            wires += ",frees" if lane.direction == "out" and not lane.bollard else ""  # a held coil keeps an exit open
            words += ["--lane", wires + (f",button={4 * number + 2}" if lane.button else "")]
        peer = STARTER.submit(Peer, self.programs.path("peer-turnstile"), *words, *board.options,
                              control=str(self.devices / f"{board.name}.ctl")).result()
        device = self.boards[board.name] = Turnstile(peer)
        board.address = str(self.devices / f"{board.name}.tty") if board.rtu else peer.ready["tcp"]
        if board.rtu and os.geteuid() == 0:
            os.chown(os.path.realpath(board.address), pwd.getpwnam("nobody").pw_uid, -1)
        return device

    def _start_reader(self, lane):
        link = str(self.devices / lane.name)
        peer = STARTER.submit(Peer, self.programs.path("peer-pn532"), "--link", link,
                              control=str(self.devices / f"{lane.name}.ctl")).result()
        self.readers[lane.name] = Reader(peer, link)

    def start_terminal(self, lane, port=0):
        """The emulated face terminal of a lane; tests that need it later give start_terminal() the port it is to have."""
        account = self.directory / "terminal.secret"
        account.write_text("secret\n")
        account.chmod(0o600)
        script = REPOSITORY / "tests" / "peers" / "peer_terminal.py"
        cert, key = self.devices / "terminal.pem", self.devices / "terminal.key"
        if lane.tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            key, "-out", cert], check=True, capture_output=True)
        peer = STARTER.submit(Peer, str(script), "--listen", f"127.0.0.1:{port}", "--account", "gate:secret", "--url",
                              self.url(lane.name), "--poster", self.programs.path("peer-hikvision"),
                              *(["--cert", str(cert), "--cert-key", str(key)] if lane.tls else []),
                              control=str(self.devices / f"{lane.name}.face")).result()
        lane.terminal_address = f"{'https://' if lane.tls else ''}{peer.ready['http']}"
        self.terminals[lane.name] = Device(peer)

    def terminal(self, lane):
        return self.terminals[lane]

    def reader(self, lane):
        return self.readers[lane]

    def turnstile(self, name):
        """By its board's name, a lane's name, or its gate's name when that has one board."""
        if name in self.boards:
            return self.boards[name]
        for gate in self.gates:
            if gate.name == name and len(gate.boards) == 1:
                return self.boards[gate.boards[0].name]
            for board in gate.boards:
                if any(lane.name == name for lane in board.lanes):
                    return self.boards[board.name]
        raise KeyError(name)

    def poster(self, lane):
        """The camera or terminal of a lane."""
        if lane not in self.posters:
            self.posters[lane] = Poster(self.programs, self.url(lane))
        return self.posters[lane]

    def camera(self, lane):
        """A VZenith camera at a lane, with a barrier of its own."""
        return peer_vzenith.Camera(self.url(lane))

    # --- what people do: each waits for the light and returns what the display shows ---

    def tap(self, lane, uid):
        """Shows a badge."""
        return self.turnstile(lane).after(lane, lambda: self.reader(lane).card(uid))

    def post(self, lane, event):
        """Posts an event that is judged, as the lane's camera or terminal."""
        def act():
            if (status := self.poster(lane).post(event)) != 200:
                raise AssertionError(f"{lane}: the gate answered {event!r} with {status}")
        return self.turnstile(lane).after(lane, act)

    def keyed(self, lane, kind, value):
        """The lane's keypad says what was shown or typed there."""
        gate = next(gate.name for gate in self.gates if any(other.name == lane for other in gate.lanes))
        url = f"http://127.0.0.1:{self.http_ports[gate]}/json/{lane}-keypad"
        body = json.dumps({"kind": kind, "value": value}).encode()

        def act():
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                answer.read()
        return self.turnstile(lane).after(lane, act)

    def press(self, lane):
        """Presses the exit button."""
        return self.turnstile(lane).after(lane, lambda: self.turnstile(lane).do(f"button {lane}"))

    def push(self, lane):
        """Somebody goes through; an error if the arm does not turn."""
        answer = self.turnstile(lane).do(f"push {lane} 5000")
        if not answer.startswith("turned"):
            raise AssertionError(f"{lane}: the light is green, and the arm does not turn: {answer}")
        return answer

    def drive(self, lane):
        """A vehicle drives over the bollard, which rises behind it."""
        turnstile = self.turnstile(lane)
        if not (answer := turnstile.do(f"drive {lane} 5000")).startswith("on"):
            raise AssertionError(f"{lane}: the light is green, and the bollard stays up: {answer}")
        turnstile.do(f"leave {lane}")
        turnstile.do(f"wait {lane} position up 10000")

    def url(self, lane):
        gate, kind = next((gate.name, other.reader) for gate in self.gates for other in gate.lanes if other.name == lane)
        return f"http://127.0.0.1:{self.http_ports[gate]}/{'vz' if kind == 'vzenith' else 'hik'}/{self.reader_name(lane)}"

    def reader_name(self, lane):
        kind = next(other.reader for gate in self.gates for other in gate.lanes if other.name == lane)
        return f"{lane}-{kind}"

    # --- the park file ---

    def park_file(self):
        gates, boards, lanes, readers = [], [], [], []
        for gate in self.gates:
            gates.append({"name": gate.name, "title": gate.title, "title_zh": gate.title_zh})
            for board in gate.boards:
                boards.append({"name": board.name, "gate": gate.name, "transport": "rtu" if board.rtu else "tcp",
                               "address": board.address, "flash": board.flash, "counters": board.counters,
                               "poll_ms": None if board.counters else 50,
                               "shortest_pulse_ms": None if board.counters else PULSE_RTU_MS, **board.more})
                for number, lane in enumerate(board.lanes):
                    lanes.append({**self._lane_entry(gate, lane), **self._wires(board, number, lane), **lane.more})
            lanes += [{**self._lane_entry(gate, lane), **lane.more} for lane in gate.boardless]
            for lane in gate.lanes:
                if lane.reader:
                    readers.append(self._reader_entry(lane))
                if lane.badge and lane.reader != "badge":
                    readers.append(self._badge_entry(lane))
                if lane.keypad:
                    readers.append({"name": f"{lane.name}-keypad", "lane": lane.name, "driver": "json", "device": "127.0.0.1"})
        return "".join([self.park_yaml.rstrip("\n") + "\n", yaml_list("gates", gates), yaml_list("boards", boards),
                        yaml_list("lanes", lanes), yaml_list("readers", readers)])

    @staticmethod
    def _lane_entry(gate, lane):
        return {"name": lane.name, "gate": gate.name, "direction": lane.direction, "zone": lane.zone,
                "outer_zone": lane.outer_zone, "subject": "vehicles" if lane.reader in ("plate", "vzenith") else None,
                "open_ms": lane.open_ms, "pass_ms": lane.pass_ms}

    @staticmethod
    def _wires(board, number, lane):
        return {"board": board.name, "open_coil": number,
                "passage_input": 4 * number if lane.passage else None,
                "crush_input" if lane.bollard else "tamper_input": 4 * number + 1,
                "button_input": 4 * number + 2 if lane.button else None,
                "manual_input" if lane.bollard else "held_input": 4 * number + 3,
                "display": number if lane.display else None}

    def _reader_entry(self, lane):
        if lane.reader == "badge":
            return {**self._badge_entry(lane), **lane.reader_more}
        spoken_to = {"user": "gate", "secret_file": self.directory / "terminal.secret", "control": lane.terminal,
                     "terminal": lane.terminal_address} if lane.terminal else {}
        return {"name": self.reader_name(lane.name), "lane": lane.name, "driver": DRIVERS.get(lane.reader, lane.reader),
                "device": "127.0.0.1", **spoken_to, **lane.reader_more}

    def _badge_entry(self, lane):
        return {"name": f"{lane.name}-badge", "lane": lane.name, "driver": DRIVERS["badge"],
                "device": f"pn532_uart:{self.readers[lane.name].link}"}

    # --- controller and agents ---

    def make(self):
        """parkgate init."""
        park_file = self.directory / "park.yaml"
        park_file.write_text(self.park_file(), encoding="utf-8")
        self.port_base = self.ports.block()
        self._run(self.programs.path("parkgate"), "init", self.home, "--park", park_file, "--port-base", self.port_base)
        self.controller = Daemon("controller", [self.programs.path("parkgate-controller"), "--dir", self.home],
                                 self.logs / "controller.log", self.env)
        for gate in self.gates:
            self.agents[gate.name] = Daemon(f"agent {gate.name}",
                                            [self.programs.path("parkgate-agent"), "--dir", self.agent_home(gate.name)],
                                            self.logs / f"{gate.name}.log", self.env)

    def start(self):
        self.start_controller()
        for gate in self.gates:
            self.join(gate.name)
            self.start_agent(gate.name)
        for gate in self.gates:
            self.wait_gate(gate.name)

    def start_controller(self):
        self.controller.start()
        self.controller.wait_event("controller_ready")

    def agent_home(self, gate):
        return self.directory / gate

    def join(self, gate, code=None):
        """Enrols the gate's box: a one-time code from the controller, the box makes its own key."""
        ticket = self.cli("agent", "enroll", gate)
        self._run(self.programs.path("parkgate-agent"), "--join", "--dir", self.agent_home(gate), "--gate", gate,
                  "--controller", self.agents_endpoint(gate, ticket), "--enrol", self.here(ticket["enrol"]),
                  "--server-key", ticket["server_key"], "--code", code or ticket["code"])
        if gate in self.http_ports:
            with open(self.agent_home(gate) / "agent.conf", "a", encoding="utf-8") as conf:
                conf.write(f"http_address = 127.0.0.1\nhttp_port = {self.http_ports[gate]}\n")

    def agents_endpoint(self, gate, ticket):
        """Where the gate's agent finds the controller."""
        return self.here(ticket["agents"])

    @staticmethod
    def here(endpoint):
        return re.sub(r"//(0\.0\.0\.0|\*):", "//127.0.0.1:", endpoint)

    def start_agent(self, gate):
        self.agents[gate].start()
        self.agents[gate].wait_event("agent_started")

    def gate_of(self, name):
        return next(gate for gate in self.gates if gate.name == name)

    def wait_gate(self, name):
        """Until this run of the agent was welcomed, its readers and boards are up, its port answers, and the controller
        says so too."""
        gate, agent = self.gate_of(name), self.agents[name]
        agent.wait_event("controller_welcome")
        badges = [f"{lane.name}-badge" for lane in gate.lanes if lane.badge]
        for device in badges + [board.name for board in gate.boards]:
            agent.wait_event(f"device name={re.escape(device)} state=1")
        if name in self.http_ports:
            until(f"the port of {name} answers", lambda: socket.create_connection(("127.0.0.1", self.http_ports[name]), 1).close() is None)
        until(f"gate {name} is online", lambda: self.gate_state(name) == "online")
        until(f"all devices of {name} are up", lambda: int(self.gate_row(name).get("devices_down") or 0) == 0)

    def gate_row(self, name):
        return next((row for row in self.rows("agent", "list") if row["gate"] == name), {})

    def gate_state(self, name):
        return self.gate_row(name).get("state")

    def worker(self, name):
        """The process that does a daemon's work, by "controller" or a gate's name: its launcher's child. None: there is none."""
        daemon = self.controller if name == "controller" else self.agents[name]
        found = [pid for pid, args in descendants(daemon.pid) if args == daemon.args] if daemon.runs() else []
        return found[0] if found else None

    def helper(self, gate, device):
        """The pid of parkgate-nfc or parkgate-board for a reader or board of this gate; None: it does not run."""
        for pid, args in descendants(self.agents[gate].pid):
            if device in args or f"--name={device}" in args:
                return pid
        return None

    # --- the command line ---

    def _run(self, *args, timeout=120, input=None):
        done = subprocess.run(list(map(str, args)), env=self.env, capture_output=True, text=True, timeout=timeout,
                              input=input, check=False)
        if done.returncode != 0:
            raise Refused([pathlib.Path(args[0]).name, *args[1:]], done.returncode, done.stderr or done.stdout)
        return done.stdout

    def command(self, *args):
        return [self.programs.path("parkgate"), *map(str, args), "--dir", str(self.home), "--yes"]

    def try_cli(self, *args, timeout=120):
        """The same, whatever comes of it: returncode, stdout, stderr."""
        return subprocess.run(self.command(*args), env=self.env, capture_output=True, text=True, timeout=timeout, check=False)

    def answer(self, *args, timeout=120):
        """{"notes": {...}, "rows": [...]} of one command."""
        text = self._run(*self.command(*args), "--json", timeout=timeout)
        return json.loads(text) if text.strip() else {"notes": {}, "rows": []}

    def cli(self, *args, timeout=120):
        """Runs `parkgate NOUN VERB ...`, which must end with 0; returns the answer's notes."""
        return self.answer(*args, timeout=timeout)["notes"]

    def rows(self, *args, timeout=120):
        return self.answer(*args, timeout=timeout)["rows"]

    def text(self, *args, timeout=120):
        """The same as a person sees it."""
        return self._run(*self.command(*args), timeout=timeout)

    def events(self, *more):
        """All events so far, oldest first."""
        rows, after = [], 0
        while True:
            answer = self.answer("events", "--limit", "200", "--after", after, *more)
            rows += answer["rows"]
            after = int(answer["notes"]["after"])
            if after >= int(answer["notes"]["head"]):
                return rows

    def wait_events(self, what, wanted, count=1, timeout=DEADLINE_S):
        """Until `count` events fit `wanted` (a mapping of column to value, or a function); returns those."""
        def fits(event):
            return wanted(event) if callable(wanted) else all(event.get(key) == value for key, value in wanted.items())

        def there():
            found = [event for event in self.events() if fits(event)]
            return found if len(found) >= count else None
        return until(what, there, timeout)

    # --- the end ---

    def stop(self):
        """Ends everything; what was told to end and did not is an error, but only once all is gone."""
        errors = []
        for daemon in [*self.agents.values(), *([self.controller] if self.controller else [])]:
            try:
                errors += [] if daemon.process is None or daemon.seen_off else self._end(daemon)
            except TimeoutError as error:
                errors.append(str(error))
        for log in sorted(self.logs.glob("*.log")):
            text = log.read_text(errors="replace")
            for found in re.finditer(r"^.*(ERROR: \w+Sanitizer|runtime error:).*$", text, re.M):
                if not (self.tolerated and self.tolerated in found[0]):
                    errors.append(f"{log.name}: {text[found.start():found.start() + 3000]}")
        for thing in [*self.posters.values(), *self.terminals.values(), *self.readers.values(), *self.boards.values()]:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                thing.stop()
        for devices in (self.posters, self.terminals, self.readers, self.boards):
            devices.clear()
        self.ports.release()
        shutil.rmtree(self.devices, ignore_errors=True)
        if errors:
            raise RuntimeError("; ".join(errors))

    @staticmethod
    def _end(daemon):
        if not daemon.runs():
            return [f"{daemon.name} ended by itself with {daemon.wait()}:\n{daemon.tail()}"]
        status = daemon.end()
        return [f"{daemon.name} ended with {status}:\n{daemon.tail()}"] if status != 0 else []
