"""Goal: a disk that is full or fails takes configuration first, then entries, never an exit and nothing that was acknowledged,
and all goes on by itself when there is room again. Method: real processes whose stores lie on a small tmpfs, or on ext4 on a
loop device, that the test fills, breaks and mends.

The device mapper's error target is no part of this machine's kernel: a failing disk is ext4 that was shut down (EIO)."""
import os
import pathlib
import signal
import tempfile
import unittest

import stores
from case import PARK_YAML, ParkCase, foot_gate
from disks import Disk
from park import GREEN, Park, until

CONTROLLER_MIB, GATE_MIB, SHORT_MIB = 96, 24, 24


class DiskPark(Park):
    """The controller's directory and the gate's lie on disks of their own, where they are given."""

    def __init__(self, directory, gates, controller=None, gate=None):
        super().__init__(directory, PARK_YAML, gates, start=False)
        self.disk, self.gate_disk = None, None
        if controller:
            self.disk = Disk(pathlib.Path(directory) / "disk", controller, CONTROLLER_MIB)
            self.home = self.disk.path / "park"
        if gate:
            self.gate_disk = Disk(pathlib.Path(directory) / "gate-disk", gate, GATE_MIB)

    def agent_home(self, gate):
        return self.gate_disk.path / gate if self.gate_disk else super().agent_home(gate)

    def stop(self):
        try:
            super().stop()
        finally:
            for disk in (self.disk, self.gate_disk):
                if disk:
                    disk.give_back()


class Base(ParkCase):
    CONTROLLER = GATE = None
    strangers = 0

    @classmethod
    def setUpClass(cls):
        if cls.CONTROLLER is None and cls.GATE is None:
            raise unittest.SkipTest("what the cases share")
        directory = tempfile.TemporaryDirectory(prefix="park-")
        cls.addClassCleanup(directory.cleanup)
        cls.park = DiskPark(directory.name, [foot_gate()], cls.CONTROLLER, cls.GATE)
        cls.park.__enter__()
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()
        cls.people = 0

    def passages(self):
        return len([event for event in self.park.events() if event["kind"] == "passage"])

    def walk(self, lane, uid):
        """Lets somebody through; a person's way is through, whatever the lane says first."""
        park = self.park
        shown = park.tap(lane, uid)
        park.reader(lane).remove()
        if shown["colour"] == GREEN:
            park.push(lane)
        return shown["colour"] == GREEN

    def stranger(self):
        """Somebody whom nobody knows goes out, as everybody may."""
        Base.strangers += 1
        self.assertTrue(self.walk("gate-a-out", f"04FE{Base.strangers:010X}"))

    def denied(self, uids, disk=None):
        """Entries are, once what is free in the file is used up as well."""
        while self.walk("gate-a-in", next(uids)):
            for _ in range(10 if disk else 0):
                disk.fill()
                self.stranger()

    def use_up(self, daemon, disk, event, name):
        """Events until this daemon's log has `event`: free pages of its file are used first."""
        mark = daemon.mark()
        for _ in range(300):
            if any(line and event in line for line in daemon.lines[mark:]):
                return
            disk.fill(name=name)
            self.stranger()
        self.fail(f"{event} did not come")

    def outbox(self):
        return stores.Outbox(self.park.agent_home("gate-a"))

    def assert_no_false_acknowledgement(self):
        """What a gate need not send again stands in the journal."""
        outbox = self.outbox()
        kept = {(entry.body.epoch, entry.body.event_sequence) for entry in stores.journal(self.park.home)
                if entry.kind in stores.EVENT_ENTRIES}
        answered = set(outbox.events) - set(outbox.pending)
        self.assertEqual(answered - kept, set())
        return len(answered)

    def all_answered(self):
        until("all events are acknowledged", lambda: not self.outbox().pending, 60)


class Controller:
    """The controller's disk."""

    def test_full_disk(self):
        park, disk = self.park, self.park.disk
        uids = iter([self.person()[1] for _ in range(8)])
        spare = self.person()
        badge = park.rows("badge", "list", spare[0])[0]["credential"]
        ballast = park.home / "store" / "ballast"
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        # 1: configuration goes first, and the ballast is whole
        disk.fill(SHORT_MIB << 20)
        until("the disk is short", lambda: "store-short" in [row["fault"] for row in park.rows("status")])
        self.assert_no_configuration()
        self.assertGreater(ballast.stat().st_size, 15 << 20)
        park.cli("badge", "revoke", badge, "--reason", "lost")  # rights can be taken away
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        # 2: events go on while there is ballast
        self.use_up(park.controller, disk, "ballast_spent", "filler")
        self.assertFalse(ballast.exists())
        self.assert_no_configuration()
        before = self.passages()
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        until("it counts", lambda: self.passages() == before + 1)
        # 3: nothing is left
        disk.fill(name="filler-2")
        self.assert_full(next(uids))
        # 4: a restart while it is full
        park.controller.kill()
        park.start_controller()
        until("the gate is back", lambda: park.gate_state("gate-a") == "online")
        self.assert_full(next(uids))
        # 5: room again, and nobody does anything
        disk.empty()
        until("there is room", lambda: "store-short" not in [row["fault"] for row in park.rows("status")])
        self.assertGreater(ballast.stat().st_size, 15 << 20)
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        self.all_answered()
        self.assertGreater(self.assert_no_false_acknowledgement(), 10)
        self.person()
        turns = sum(park.turnstile("gate-a").turns(lane) for lane in ("gate-a-in", "gate-a-out"))
        self.assertEqual(self.passages(), turns)
        self.assert_verified()

    def assert_no_configuration(self):
        refused = self.park.try_cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", "李四", "--json")
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn('"number":130', refused.stderr)
        self.assertIn(f"free disk space at {self.park.home}", refused.stderr)

    def assert_full(self, uid):
        park = self.park
        until("the store is full", lambda: park.cli("status")["state"] == "store-full")
        self.assertFalse(self.walk("gate-a-in", uid))
        self.stranger()
        self.assertEqual(park.cli("status")["state"], "store-full")
        self.assert_no_false_acknowledgement()


class FullTmpfs(Controller, Base):
    CONTROLLER = "tmpfs"


class FullExt4(Controller, Base):
    CONTROLLER = "ext4"


class Gate:
    """The gate's disk."""

    def test_full_disk(self):
        park, disk, agent = self.park, self.park.gate_disk, self.park.agents["gate-a"]
        uids = iter([self.person()[1] for _ in range(40)])
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        self.use_up(agent, disk, "store_failed", "filler")  # the ballast, then what is free in the file
        self.denied(uids, disk)
        self.stranger()  # nobody is kept in
        agent.kill()
        park.start_agent("gate-a")  # with a full disk
        for device in ("gate-a-board", "gate-a-in-badge", "gate-a-out-badge"):
            agent.wait_event(f"device name={device} state=1")
        self.stranger()
        disk.empty()
        until("entries go on", lambda: self.walk("gate-a-in", next(uids)))
        if self.GATE == "tmpfs":  # once is enough: it is looked after once a minute
            until("the ballast is there again", (park.agent_home("gate-a") / "store" / "ballast").exists, 90)
        self.all_answered()
        self.assert_no_false_acknowledgement()
        self.assert_verified()


class GateTmpfs(Gate, Base):
    GATE = "tmpfs"


class GateExt4(Gate, Base):
    GATE = "ext4"


class FailingDisks(Base):
    """EIO at everything, until the disk is mended."""

    CONTROLLER = GATE = "ext4"

    def test_1_failing_gate(self):
        park, agent = self.park, self.park.agents["gate-a"]
        uids = iter([self.person()[1] for _ in range(20)])
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        park.gate_disk.break_down()
        mark = agent.mark()
        self.denied(uids)
        self.stranger()
        park.gate_disk.mend()
        agent.wait_event("store_works_again", since=mark)
        until("entries go on", lambda: self.walk("gate-a-in", next(uids)))
        self.all_answered()
        late = [event for event in park.events() if event["reason"] == "agent-error"]
        self.assertEqual(len(late), 1)
        self.assert_verified()

    def test_1_read_only_gate(self):
        """As a disk that the kernel mounted read-only: an agent that runs goes on as with one that fails. One that is started
        then does not come up; the exit button is its board's, and all goes on when the disk is mended. What the board did
        meanwhile is in no record: the helper that keeps it knows the run directory of the disk as it was."""
        park, agent = self.park, self.park.agents["gate-a"]
        uids = iter([self.person()[1] for _ in range(20)])
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        before = len([event for event in park.events() if event["reason"] == "agent-error"])
        park.gate_disk.turn_read_only()
        mark = agent.mark()
        self.denied(uids)
        self.stranger()
        agent.wait_event("store_failed", since=mark)
        os.kill(park.worker("gate-a"), signal.SIGKILL)
        agent.wait_event("agent_stopped", since=mark)
        board = park.turnstile("gate-a-out")
        pulses = int(board.show("gate-a-out")["pulses"])
        board.do("button gate-a-out")
        board.do(f"wait gate-a-out pulses {pulses + 1}")
        park.push("gate-a-out")
        park.gate_disk.mend()
        agent.wait_event("agent_started", since=mark)
        until("entries go on", lambda: self.walk("gate-a-in", next(uids)))
        self.all_answered()
        self.assertLessEqual(len([event for event in park.events() if event["reason"] == "agent-error"]), before + 1)
        self.assert_verified()

    def test_2_failing_controller(self):
        """Its store is opened anew by a restart; what was acknowledged is there, and what was not comes again."""
        park = self.park
        uids = iter([self.person()[1] for _ in range(20)])
        self.assertTrue(self.walk("gate-a-in", next(uids)))
        self.all_answered()
        known = self.assert_no_false_acknowledgement()
        park.disk.break_down()
        self.stranger()
        self.denied(uids)
        self.stranger()
        self.assertGreater(len(self.outbox().pending), 0)
        park.controller.kill()
        park.disk.mend()
        park.start_controller()
        until("the gate is back", lambda: park.gate_state("gate-a") == "online")
        self.all_answered()
        self.assertGreater(self.assert_no_false_acknowledgement(), known)
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
