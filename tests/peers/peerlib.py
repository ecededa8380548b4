"""Starts emulated devices from Python tests and talks to their control sockets (standard library only)."""
import os
import socket
import subprocess
import tempfile


class Peer:
    """One running peer. Waits for its "ready" line; `ready` holds the line's key=value pairs."""

    def __init__(self, program, *options, control=None):
        self.control_path = control
        args = [program, "--die-with-parent", *options]
        if control:
            args += ["--control", control]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        if not line or line[0] != "ready":
            raise RuntimeError(f"{program} did not start (status {self.process.wait()})")
        self.ready = dict(word.split("=", 1) for word in line[1:])
        self.stream = None
        self.socket = None

    def ask(self, command, timeout=30):
        """Gives one command, returns the whole answer line."""
        if self.stream is None:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(self.control_path)
            self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.socket.settimeout(timeout)
        self.stream.write(command + "\n")
        self.stream.flush()
        return self.stream.readline().rstrip("\n")

    def do(self, command, timeout=30):
        """Gives one command that must succeed, returns what follows "ok "."""
        answer = self.ask(command, timeout)
        if answer != "ok" and not answer.startswith("ok "):
            raise AssertionError(f"{command!r} was answered {answer!r}")
        return answer[3:]

    def stop(self):
        """Ends the peer; returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout=10)
        self.process.stdout.close()
        if self.stream is not None:
            self.stream.close()
            self.socket.close()
            self.stream = None
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def directory():
    """A short temporary directory: Unix socket paths have 107 bytes."""
    return tempfile.TemporaryDirectory(prefix="peer-", dir=os.environ.get("TMPDIR", "/tmp"))
