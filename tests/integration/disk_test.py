"""Goal: a disk that is full or fails takes configuration first, then entries, never an exit and nothing that was acknowledged,
and all goes on by itself when there is room again. Method: real processes whose stores lie on a small tmpfs, or on ext4 on a
loop device, that the test fills, breaks and mends.

The device mapper's error target is no part of this machine's kernel: a failing disk is ext4 that was shut down (EIO)."""
import pathlib
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
                    disk.unmount()


class Base(ParkCase):
    CONTROLLER = GATE = None

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
        people = [self.person() for _ in range(3)]
        badge = park.rows("badge", "list", people[2][0])[0]["credential"]
        ballast = park.home / "store" / "ballast"
        self.assertTrue(self.walk("gate-a-in", people[0][1]))
        # 1: configuration goes first, and the ballast is whole
        disk.fill(SHORT_MIB << 20)
        until("the disk is short", lambda: "store-short" in [row["fault"] for row in park.rows("status")])
        refused = park.try_cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", "李四", "--json")
        self.assertEqual(refused.returncode, 1, refused)
        self.assertIn('"number":130', refused.stderr)
        self.assertIn(f"free disk space at {park.home}", refused.stderr)
        self.assertGreater(ballast.stat().st_size, 15 << 20)
        park.cli("badge", "revoke", badge, "--reason", "lost")  # rights can be taken away
        self.assertTrue(self.walk("gate-a-out", people[0][1]))
        # 2: events go on while there is ballast
        disk.fill()
        self.use_up("gate-a-in", people[0][1], "ballast_spent")
        self.assertFalse(ballast.exists())
        self.assertEqual(park.try_cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", "李四").returncode, 1)
        before = self.passages()
        self.assertTrue(self.walk("gate-a-in", people[1][1]))
        self.assertTrue(self.walk("gate-a-out", people[1][1]))
        until("both count", lambda: self.passages() == before + 2)
        # 3: nothing is left
        disk.fill(name="filler-2")
        until("the store is full", lambda: park.cli("status")["state"] == "store-full")
        self.assertFalse(self.walk("gate-a-in", people[1][1]))
        self.assertTrue(self.walk("gate-a-out", people[0][1]))
        self.assert_no_false_acknowledgement()
        # 4: a restart while it is full
        park.controller.kill()
        park.start_controller()
        until("the gate is back", lambda: park.gate_state("gate-a") == "online")
        self.assertEqual(park.cli("status")["state"], "store-full")
        self.assertFalse(self.walk("gate-a-in", people[1][1]))
        self.assertTrue(self.walk("gate-a-out", people[0][1]))
        self.assert_no_false_acknowledgement()
        # 5: room again, and nobody does anything
        disk.empty()
        until("there is room", lambda: "store-short" not in [row["fault"] for row in park.rows("status")])
        self.assertGreater(ballast.stat().st_size, 15 << 20)
        self.assertTrue(self.walk("gate-a-in", people[1][1]))
        self.all_answered()
        self.assertGreater(self.assert_no_false_acknowledgement(), 10)
        self.person()
        turns = sum(park.turnstile("gate-a").turns(lane) for lane in ("gate-a-in", "gate-a-out"))
        self.assertEqual(self.passages(), turns)
        self.assert_verified()

    def use_up(self, lane, uid, event):
        """Events until the controller's log has this: free pages of its file are used first."""
        mark = 0
        for _ in range(200):
            if any(line and event in line for line in self.park.controller.lines[mark:]):
                return
            self.assertTrue(self.walk(lane, uid))
            lane = "gate-a-out" if lane == "gate-a-in" else "gate-a-in"
            self.park.disk.fill()
        self.fail(f"{event} did not come")


class FullTmpfs(Controller, Base):
    CONTROLLER = "tmpfs"


class FullExt4(Controller, Base):
    CONTROLLER = "ext4"


class Gate:
    """The gate's disk."""

    def test_full_disk(self):
        park, disk, agent = self.park, self.park.gate_disk, self.park.agents["gate-a"]
        people = [self.person() for _ in range(2)]
        self.assertTrue(self.walk("gate-a-in", people[0][1]))
        self.assertTrue(self.walk("gate-a-out", people[0][1]))
        for _ in range(2):
            disk.fill()
            lane, opened = "gate-a-in", True
            for _ in range(200):  # the ballast, then what is free in the file
                opened = self.walk(lane, people[0][1])
                if not opened:
                    break
                lane = "gate-a-out" if lane == "gate-a-in" else "gate-a-in"
                disk.fill()
            self.assertEqual((opened, lane), (False, "gate-a-in"))
            agent.wait_event("store_failed")
            self.assertTrue(self.walk("gate-a-out", people[1][1]))  # nobody is kept in
            self.assertFalse(self.walk("gate-a-in", people[1][1]))
            agent.kill()
            park.start_agent("gate-a")  # with a full disk
            until("the boards are up", lambda: agent.wait_event("device name=gate-a-board state=1"))
            agent.wait_event("device name=gate-a-out-badge state=1")
            self.assertTrue(self.walk("gate-a-out", people[1][1]))
            disk.empty()
            until("the outbox can be written", lambda: self.walk("gate-a-in", people[1][1]))
            self.assertTrue(self.walk("gate-a-out", people[1][1]))
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

    def test_failing_gate(self):
        park, agent = self.park, self.park.agents["gate-a"]
        _, uid = self.person()
        self.assertTrue(self.walk("gate-a-in", uid))
        self.assertTrue(self.walk("gate-a-out", uid))
        park.gate_disk.break_down()
        mark = agent.mark()
        self.assertFalse(self.walk("gate-a-in", uid))
        self.assertTrue(self.walk("gate-a-out", uid))
        park.gate_disk.mend()
        agent.wait_event("store_works_again", since=mark)
        self.assertTrue(self.walk("gate-a-in", uid))
        self.all_answered()
        late = [event for event in park.events() if event["reason"] == "agent-error"]
        self.assertEqual(len(late), 1)
        self.assert_verified()

    def test_failing_controller(self):
        """It ends itself rather than go on; the gate decides alone, and what was acknowledged is there afterwards."""
        park = self.park
        _, uid = self.person()
        self.assertTrue(self.walk("gate-a-in", uid))
        self.all_answered()
        known = self.assert_no_false_acknowledgement()
        park.disk.break_down()
        self.assertTrue(self.walk("gate-a-out", uid))
        self.assertTrue(self.walk("gate-a-in", uid))
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
