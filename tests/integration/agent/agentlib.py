"""An agent between a controller moved by hand and an emulated turnstile (standard library only)."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PEERS = os.environ["PEERS_DIR"]
AGENT = os.path.join(os.environ["AGENT_DIR"], "parkgate-agent")
FAKE = os.environ["FAKE"]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "peers"))
import peerlib  # noqa: E402

DENY, REVIEW, GRANT = 0, 1, 2
PRESENTATION, PASSAGE, BUTTON, ACTED, COMMAND, DEVICE, TAMPER, SUBJECT, UNASKED, ASIDE = range(1, 11)
APPLIED, REFUSED, RETRY = 1, 2, 3
BY_CONTROLLER, BY_AGENT, BY_BOARD = 1, 2, 3
PASSED, NOT_TAKEN, UNSENSED = 1, 2, 6
GRANTED, EXIT, EXIT_BUTTON, STAFF, AGENT_ERROR, HISTORY, STALE, SILENT = 1, 2, 3, 5, 6, 7, 9, 13
NO_ASSIGNMENT = 26


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lines:
    """The lines of a process's output as they come; waiting is for the line itself."""

    def __init__(self, stream):
        self.lines = []
        self.more = threading.Condition()
        self.ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            with self.more:
                self.lines.append(line.rstrip("\n"))
                self.more.notify_all()
        with self.more:
            self.ended = True
            self.more.notify_all()

    def wait(self, wanted, since=0, timeout=15):
        """The first line from `since` on for which wanted(line) is true; with its place."""
        end = time.monotonic() + timeout
        with self.more:
            while True:
                for at in range(since, len(self.lines)):
                    if wanted(self.lines[at]):
                        return self.lines[at], at
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    tail = "\n".join(self.lines[-25:])
                    raise AssertionError(f"waited in vain for a line; the last ones:\n{tail}")
                self.more.wait(left)

    def count(self):
        with self.more:
            return len(self.lines)


def fields(line):
    return dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)


class Controller:
    """The fake controller. heard() waits for something that the agent says."""

    def __init__(self, directory, agents="tcp://127.0.0.1:*", enrol="tcp://127.0.0.1:*"):
        self.process = subprocess.Popen(
            [FAKE, os.path.join(directory, "controller.key"), agents, enrol],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.out = Lines(self.process.stdout)
        ready, _ = self.out.wait(lambda line: line.startswith("ready "))
        self.ready = fields(ready)

    def do(self, *commands):
        for command in commands:
            since = self.out.count()
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            self.out.wait(lambda line: line == "done", since)

    def mark(self):
        return self.out.count()

    def heard(self, what, /, since=0, timeout=15, **wanted):
        def fits(line):
            if not line.startswith(what + " "):
                return False
            got = fields(line)
            return all(got.get(key) == str(value) for key, value in wanted.items())
        line, _ = self.out.wait(fits, since, timeout)
        return fields(line)

    def all(self, kind, since=0):
        with self.out.more:
            return [fields(line) for line in self.out.lines[since:] if line.startswith(kind + " ")]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Gate:
    """One joined gate `g` with a board, two lanes and two cameras."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="pg-", dir=os.environ.get("TMPDIR", "/tmp"))
        self.path = self.temporary.name
        self.dir = os.path.join(self.path, "gate")
        self.http = free_port()
        self.agent = None
        self.log = None
        self.board = peerlib.Peer(
            os.path.join(PEERS, "peer-turnstile"), "--tcp", "127.0.0.1:0",
            "--turn-log", os.path.join(self.path, "turns"),
            "--wire-log", os.path.join(self.path, "wire"),
            "--lane", "in-1:coil=0,passage=0,button=1,display=0",
            "--lane", "out-1:coil=1,passage=4,button=5,display=1",
            control=os.path.join(self.path, "board.ctl"))
        self.board_port = self.board.ready["tcp"].rsplit(":", 1)[1]
        self.controller = Controller(self.path)

    def join(self, code="123456", **changes):
        arguments = {"dir": self.dir, "gate": "g", "controller": self.controller.ready["agents"],
                     "enrol": self.controller.ready["enrol"],
                     "server-key": self.controller.ready["server_key"], "code": code, **changes}
        command = [AGENT, "--join"]
        for name, value in arguments.items():
            command += ["--" + name, value]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def start(self, wrapper=()):
        self.agent = subprocess.Popen([*wrapper, AGENT, "--dir", self.dir], stderr=subprocess.PIPE, text=True)
        self.log = Lines(self.agent.stderr)
        self.log.wait(lambda line: "agent_started" in line)

    def begin(self, readers="yes"):
        """Joined, started, welcomed, configured; the cameras' port and the board are up."""
        done = self.join()
        assert done.returncode == 0, done.stderr
        with open(os.path.join(self.dir, "agent.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"http_address = 127.0.0.1\nhttp_port = {self.http}\n")
        self.controller.do("auto heartbeat", "auto welcome 1", "auto ack")
        self.start()
        self.controller.heard("hello", gate="g")
        self.controller.do(f"config 1 {self.board_port} {readers}")
        self.controller.heard("event", kind=DEVICE, reader="b1", state=1)

    def worker(self):
        """The worker's process id: the launcher's child that is no helper."""
        for pid in os.listdir("/proc"):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                    parts = stat.read().rsplit(")", 1)
            except (OSError, ValueError):
                continue
            if parts[1].split()[1] == str(self.agent.pid) and "(parkgate-agent" in parts[0]:
                return int(pid)
        raise AssertionError("the agent has no worker")

    def kill_worker(self):
        os.kill(self.worker(), signal.SIGKILL)

    def post(self, camera, plate="浙A12345", *options, expect=200):
        url = f"http://127.0.0.1:{self.http}/hik/{camera}"
        done = subprocess.run(
            [os.path.join(PEERS, "peer-hikvision"), "anpr", "--url", url, "--plate", plate,
             "--expect", str(expect), "--picture", "0", *options],
            capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"{done.stdout} {done.stderr}"

    def pulses(self, lane):
        words = dict(word.split("=", 1) for word in self.board.do(f"show {lane}").split(" ")
                     if word.startswith(("pulses=", "colour=", "turns=")))
        return int(words["pulses"])

    def stop_agent(self):
        if self.agent is not None and self.agent.poll() is None:
            self.agent.terminate()
            status = self.agent.wait(timeout=15)
            assert status == 0, f"the agent ended with {status}"
        if self.agent is not None:
            with self.log.more:
                broken = [line for line in self.log.lines if "Sanitizer" in line or "runtime error" in line]
            assert not broken, broken
            self.agent.stderr.close()
            self.agent = None

    def close(self):
        self.stop_agent()
        self.controller.stop()
        self.board.stop()
        self.temporary.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and self.log is not None:
            sys.stderr.write("\n".join(self.log.lines[-60:]) + "\n")
            sys.stderr.write("\n".join(self.controller.out.lines[-40:]) + "\n")
        self.close()
