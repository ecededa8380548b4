"""A controller that must not run, and a disk that is full: it refuses, says why and what to do, and changes nothing."""
import ctypes
import os
import pathlib
import re
import resource
import subprocess
import tempfile
import unittest

import stores
from bad_case import BadCase, PlayedGate
from case import PARK_YAML, foot_gate, id_number
from park import Park, descendants, until

LIBC = ctypes.CDLL(None, use_errno=True)


def worker(daemon):
    return next(pid for pid, args in descendants(daemon.pid) if args == daemon.args)


class Start(BadCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()

    def setUp(self):
        if not self.park.controller.runs():
            self.park.start_controller()
        super().setUp()

    def start_another(self, **more):
        return subprocess.run(self.park.controller.args, capture_output=True, text=True, timeout=60, check=False, **more)

    def refused(self, why, **more):
        done = self.start_another(**more)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, f'controller_refused error=\\S+ what="{why}"')
        self.assertNotIn("controller_ready", done.stderr)
        return done

    def unchanged_after(self):
        """Started as it should be, it goes on where it was."""
        self.park.start_controller()
        self.assert_nothing_changed()

    def test_second_on_the_same_store(self):
        store = re.escape(str(self.park.home / "store"))
        self.refused(f"store {store} is owned by process {worker(self.park.controller)}; stop it first")
        self.assertTrue(self.park.controller.runs())
        self.assert_nothing_changed()

    def test_world_readable_key(self):
        for name in ("controller.key", "index.key"):
            key = self.park.home / name
            self.park.controller.end()
            key.chmod(0o644)
            self.refused(f".*{re.escape(str(key))}.* run: chmod 600 {re.escape(str(key))}")
            key.chmod(0o600)
            self.unchanged_after()

    def test_world_readable_store(self):
        self.park.controller.end()
        data = self.park.home / "store" / "data.mdb"
        data.chmod(0o644)
        self.refused(f".*{re.escape(str(data))}.*chmod.*")
        data.chmod(0o600)
        self.unchanged_after()

    def test_too_few_descriptors(self):
        self.park.controller.end()
        self.refused(".*1024.*", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)))
        self.unchanged_after()

    def test_damaged_key_file(self):
        self.park.controller.end()
        key = self.park.home / "controller.key"
        good = key.read_text(encoding="ascii")
        key.write_text("public = none\n", encoding="ascii")
        self.refused(f".*{re.escape(str(key))} is no key file.*")
        key.write_text(good, encoding="ascii")
        self.unchanged_after()


class FullDisk(BadCase):
    """The store's file system has no room left: configuration changes nothing, events go on (integration.disk: until the
    ballast is spent), and all is as before when there is room."""

    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="park-")
        cls.addClassCleanup(directory.cleanup)
        disk = pathlib.Path(directory.name, "disk")
        cls.mounted = cls.mount(disk)
        cls.park = Park(disk, PARK_YAML, cls.GATES(), start=False)
        cls.park.logs, cls.park.turn_logs = disk.with_name("logs"), disk.with_name("turns")  # these have room
        print("full disk:", "a tmpfs of 64 MB" if cls.mounted else "no file may grow (RLIMIT_FSIZE)")
        cls.addClassCleanup(cls.park.stop)
        cls.park.__enter__()
        cls.park.start_controller()
        cls.park.join("gate-a")
        cls.gate = PlayedGate(cls.park, "gate-b")
        cls.people = 0

    @classmethod
    def mount(cls, home):
        home.mkdir(mode=0o755)
        if LIBC.mount(b"none", os.fsencode(home), b"tmpfs", 0, b"size=64m,mode=0755") != 0:
            return False
        cls.addClassCleanup(LIBC.umount2, os.fsencode(home), 2)
        return True

    def fill(self):
        if not self.mounted:
            size = (self.park.home / "store" / "data.mdb").stat().st_size
            resource.prlimit(worker(self.park.controller), resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            return
        with open(self.park.home / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass

    def free(self):
        if self.mounted:
            (self.park.home / "filler").unlink(missing_ok=True)
        else:
            resource.prlimit(worker(self.park.controller), resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def add_person(self):
        type(self).people += 1
        return self.park.try_cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", "测试",
                                 "--id-number", id_number(self.people))

    def test_full_disk(self):
        park = self.park
        self.gate.connect()
        self.gate.hello()
        self.fill()
        self.addCleanup(self.free)
        done = next(done for done in (self.add_person() for _ in range(400)) if done.returncode != 0)
        where = str(park.home / "store")
        self.assert_says(done, 1, "the disk is nearly full: what adds to the park or to rights is refused so that "
                         "gates' events go on; "
                         f"free disk space at {where}",
                         f"磁盘即将用尽：为保证出入口事件继续记录，拒绝新增与授权；请释放 {where} 的磁盘空间")
        # The refusal comes first, the alert of it with the controller's next tick: the one entry that a short disk adds.
        until("the shortage is on record", lambda: "store-short" in [row["fault"] for row in park.rows("status")])
        self.mark()
        refused = [self.add_person().returncode for _ in range(5)]
        self.assertEqual(refused, [1] * 5)
        self.assert_nothing_changed()
        self.assertEqual(park.try_cli("headcount").returncode, 0)  # what is there can be read
        event = self.gate.event()  # the ballast is for such
        until("the event is applied", lambda: self.gate.send(event) == (1, 0))
        self.assert_added(stores.ENTRY_EVENT)
        self.free()
        until("there is room again", lambda: self.add_person().returncode == 0)
        self.assert_verified()


class FileLimit(FullDisk):
    """The same where no file may grow, and no ballast helps: a limit of file sizes is a full disk, not the controller's end."""

    @classmethod
    def mount(cls, home):
        home.mkdir(mode=0o755)
        return False

    def test_full_disk(self):
        park, pid = self.park, worker(self.park.controller)
        self.gate.connect()
        self.gate.hello()
        self.fill()
        self.addCleanup(self.free)
        done = next(done for done in (self.add_person() for _ in range(400)) if done.returncode != 0)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, "the disk is nearly full|storage is full")
        self.assertIn(str(park.home / "store"), done.stderr)
        self.assertEqual([self.add_person().returncode for _ in range(5)], [1] * 5)
        self.assertEqual(park.try_cli("headcount").returncode, 0)
        self.free()
        until("there is room again", lambda: self.add_person().returncode == 0)
        event = self.gate.event()
        until("the event is applied", lambda: self.gate.send(event) == (1, 0))
        self.assertEqual(worker(park.controller), pid)
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
