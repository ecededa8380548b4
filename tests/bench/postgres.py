"""The same work as one PostgreSQL transaction an event, driven by pgbench on loopback: a cluster of its own, in a
directory of its own, run by a user without privileges, with synchronous_commit on."""
import glob
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "pg"
BIN = "/usr/lib/postgresql/15/bin"
SETTINGS = {"listen_addresses": "'127.0.0.1'", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
            "shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "100", "autovacuum": "on"}


def is_there():
    return os.access(f"{BIN}/initdb", os.X_OK)


class Postgres:
    def __init__(self, persons, parent=None):
        self.persons = persons
        self.user = "postgres" if os.geteuid() == 0 else None
        self.directory = self._make_directory(parent)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.scripts = {name: shutil.copy(HERE / f"{name}.sql", self.directory) for name in ("schema", "statements", "function")}
        for script in self.scripts.values():
            os.chmod(script, 0o644)
        self.data = f"{self.directory}/data"
        self._run(f"{BIN}/initdb", "-D", self.data, "-A", "trust", "-U", "bench", "--locale=C", "-E", "UTF8")
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{key} = {value}\n" for key, value in SETTINGS.items())
            conf.write(f"port = {self.port}\nunix_socket_directories = '{self.directory}'\n")
        self._run(f"{BIN}/pg_ctl", "-D", self.data, "-l", f"{self.directory}/log", "-w", "start")
        self._run(f"{BIN}/psql", *self._where(), "-q", "-v", "ON_ERROR_STOP=1", "-v", f"persons={persons}", "-f",
                  self.scripts["schema"])
        self._run(f"{BIN}/psql", *self._where(), "-q", "-c", "CHECKPOINT")

    def _make_directory(self, parent):
        """Below `parent`, or with the system's temporary files where its user may not go there."""
        for place in (parent, None):
            path = tempfile.mkdtemp(prefix="bench-pg-", dir=place)
            if self.user is None:
                return path
            os.chown(path, pwd.getpwnam(self.user).pw_uid, -1)
            if place is not None:
                os.chmod(place, 0o755)
            if subprocess.run(["runuser", "-u", self.user, "--", "test", "-w", path], check=False).returncode == 0:
                return path
            shutil.rmtree(path)
        raise PermissionError(f"{self.user} can write no directory of ours")

    def _where(self):
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "postgres"]

    def _run(self, *command):
        command = (["runuser", "-u", self.user, "--"] if self.user else []) + list(command)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              check=False, cwd=self.directory)
        if done.returncode != 0:
            raise ChildProcessError(f"{command}: {done.stdout}")
        return done.stdout

    def run(self, shape, clients, seconds):
        """{"per_s", "p50_us", "p99_us"} of `shape`: statements or function."""
        for old in glob.glob(f"{self.directory}/lat*"):
            os.unlink(old)
        text = self._run(f"{BIN}/pgbench", *self._where(), "-n", "-M", "prepared", "-f", self.scripts[shape], "-c", str(clients),
                         "-j", str(min(2, clients)), "-T", str(seconds), "-D", f"persons={self.persons}", "-l",
                         "--log-prefix", f"{self.directory}/lat")
        times = sorted(int(line.split()[2]) for path in glob.glob(f"{self.directory}/lat*") for line in open(path, encoding="utf-8"))
        return {"per_s": float(re.search(r"tps = ([\d.]+)", text)[1]), "p50_us": times[len(times) // 2],
                "p99_us": times[len(times) * 99 // 100]}

    def stop(self):
        try:
            self._run(f"{BIN}/pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
