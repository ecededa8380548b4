"""A gate of helper-gate with its helpers, for tests: gives orders, waits for news with a deadline."""
import os
import queue
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../peers"))
from peerlib import Peer  # noqa: E402

PEERS = os.environ["PEERS_DIR"]
HELPERS = os.environ["HELPERS_DIR"]
GATE = os.environ["GATE"]

UP, DOWN = "1", "2"
PASSED, NOT_TAKEN, FORCED, HELD, TAILGATED, UNSENSED, HELD_ENDED = range(1, 8)
IN, OUT = 1, 2


class Gate:
    def __init__(self, directory, config):
        self.directory = directory
        self.config_path = os.path.join(directory, "config")
        self.orders_path = os.path.join(directory, "orders")
        self.configure(config)
        os.mkfifo(self.orders_path)
        self.orders = os.open(self.orders_path, os.O_RDWR)
        self.pids = {}
        self.start()

    def start(self):
        self.news = queue.Queue()
        self.heard = []
        self.process = subprocess.Popen(
            [GATE, HELPERS, self.directory, self.config_path, self.orders_path],
            stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        self.worker = int(self.expect("worker").split()[1])

    def _listen(self, stream):
        for line in stream:
            self.news.put((time.monotonic(), line.rstrip("\n")))

    def configure(self, config):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in config))

    def order(self, text):
        os.write(self.orders, (text + "\n").encode())

    def expect(self, beginning, seconds=10, containing=""):
        """The first news that begins so and contains that; what comes before is kept in `heard`."""
        end = time.monotonic() + seconds
        while True:
            try:
                at, line = self.news.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(
                    f"nothing like {beginning!r} {containing!r} came; heard {self.heard[-20:]}") from None
            self.heard.append(line)
            words = line.split()
            if words[0] == "started":
                self.pids[words[1]] = int(words[2])
            if line.startswith(beginning) and containing in line:
                self.at = at
                return line

    def pid_of(self, name):
        """That the helper was started may be told after what the helper itself has said already."""
        if name not in self.pids:
            self.expect(f"started {name} ")
        return self.pids[name]

    def drain(self):
        """All news that have come by now."""
        lines = []
        while not self.news.empty():
            lines.append(self.news.get()[1])
        self.heard += lines
        return lines

    def kill_worker(self):
        os.kill(self.worker, signal.SIGKILL)
        self.worker = int(self.expect("worker").split()[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=10)
        for pid in self.pids.values():  # those of a launcher that a test killed go on otherwise
            if is_alive(pid):
                os.kill(pid, signal.SIGTERM)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        os.close(self.orders)


def report(lane, passage, grant=0, late=0):
    """The words of a passage report, in their order."""
    return f"{lane} kind=1 passage={passage} grant={grant} ", f"late={late}"


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def wait_until(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came: {what}")
        time.sleep(0.002)
