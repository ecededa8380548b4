"""Nobody is forced to use a face: in the demo's own park a person without one passes every lane, each by another credential.
Read from the park as it is applied: beside each face terminal stands another kind of reader; then somebody really goes
through every lane, in and out, by badge, plate or the exit's button."""
import datetime
import os
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo"))
from case import id_number  # noqa: E402
from demo import PARK_TIME, Story, desfire_card, gates  # noqa: E402
from park import GREEN, YELLOW, Park  # noqa: E402

UID, PLATE = "04A1B2C3D4E5F6", "浙A12345"


class Faceless(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="park-")
        cls.addClassCleanup(directory.cleanup)
        cls.now = datetime.datetime.now(PARK_TIME)
        cls.story = Story(cls.now.timestamp())
        cls.gates = gates(pathlib.Path(directory.name) / "key")
        cls.park = Park(directory.name, cls.story.park_yaml(), cls.gates)
        cls.park.__enter__()
        cls.addClassCleanup(cls.park.stop)
        tenant = next(name for name, more in cls.story.tenants.items() if "hours" not in more)
        shift = next(name for name, (begin, end, _) in cls.story.shifts.items() if begin <= cls.now < end)
        cls.person = cls.park.cli("person", "add", "--tenant", tenant, "--kind", "day", "--name", "无面",
                                  "--id-number", id_number(1))["person"]
        cls.park.cli("badge", "add", cls.person, UID)
        day = cls.story.day_of(shift)
        cls.park.cli("assignment", "add", cls.person, "--tenant", tenant, "--shift", shift, "--from", day, "--to", day)
        cls.park.cli("vehicle", "add", PLATE, "--tenant", tenant)

    def readers(self):
        """{lane: [what its readers are]}, as the park shows them."""
        lanes = {row["name"]: [] for row in self.park.rows("park", "show") if row["kind"] == "lane"}
        for row in self.park.rows("park", "show"):
            if row["kind"] == "reader":
                lane, what = re.match(r"lane ([^,]+), ([^,]+)", row["text"]).groups()
                lanes[lane].append(what)
        return lanes

    def test_beside_each_face_terminal_stands_another_reader(self):
        lanes = self.readers()
        self.assertEqual(set(lanes), {lane.name for gate in self.gates for lane in gate.lanes})
        faces = {lane: [what for what in readers if what.startswith("terminal")] for lane, readers in lanes.items()}
        self.assertTrue(any(faces.values()), "the demo has a face terminal")
        for lane, readers in lanes.items():
            self.assertTrue(set(readers) - set(faces[lane]), f"{lane}: {readers}")

    def test_without_another_reader_the_park_is_refused(self):
        text = (self.park.directory / "park.yaml").read_text(encoding="utf-8")
        alone = re.sub(r"  - name: b-face-badge\n(    .*\n)+", "", text)
        self.assertNotEqual(alone, text)
        path = self.park.directory / "alone.yaml"
        path.write_text(alone, encoding="utf-8")
        done = self.park.try_cli("apply", path)
        self.assertEqual(done.returncode, 5)
        self.assertIn("lane b-face: its only reader is a face terminal, and nobody is forced to use a face; add a reader "
                      "for badges, plates, PINs or QR codes", done.stderr)

    def show_badge(self, lane):
        """The badge, which proves itself where the lane asks for it."""
        card = desfire_card(UID) if lane.reader_more else f"card {UID}"
        return self.park.turnstile(lane.name).after(lane.name, lambda: self.park.reader(lane.name).do(card))["colour"]

    def walk(self, lane):
        self.assertEqual(self.show_badge(lane), GREEN, lane.name)
        self.park.push(lane.name)
        self.park.reader(lane.name).remove()

    def drive(self, lane):
        for _ in range(3):  # a camera's clock is measured by its first posts
            self.park.post(lane.name, "anpr --plate 浙A00000")
        light = self.park.post(lane.name, f"anpr --plate {PLATE}")["colour"]
        if lane.badge:
            self.assertEqual(light, YELLOW, lane.name)
            light = self.show_badge(lane)
        self.assertEqual(light, GREEN, lane.name)
        (self.park.drive if lane.bollard else self.park.push)(lane.name)

    def drive_by_its_camera(self, lane):
        camera = self.park.camera(lane.name)
        for plate in ["浙A00000"] * 3 + [PLATE]:
            camera.post(plate)
        self.assertEqual(camera.openings, 1, lane.name)

    def test_every_lane_is_passed(self):
        lanes = [lane for gate in self.gates for lane in gate.lanes]
        on_foot = [lane for lane in lanes if lane.reader not in ("plate", "vzenith")]
        entries = [lane for lane in on_foot if lane.direction == "in"]
        exits = [lane for lane in on_foot if lane.direction == "out"]
        for number in range(max(len(entries), len(exits))):
            self.walk(entries[number % len(entries)])
            self.walk(exits[number % len(exits)])
        for lane in lanes:
            if lane.reader == "plate":
                self.drive(lane)
            elif lane.reader == "vzenith":
                self.drive_by_its_camera(lane)
        self.assertEqual({lane.name for lane in lanes}, set(self.readers()))
        self.assertEqual(self.park.rows("face", "sync", "--person", self.person), [])


if __name__ == "__main__":
    unittest.main()
