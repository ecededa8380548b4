"""A controller's disk is lost: from the newest backup and from what the gates keep, the counts are as they were. Real
processes; the park's directory is erased between two passages."""
import os
import shutil
import struct
import subprocess
import unittest

import stores
from case import ParkCase, foot_gate
from park import until


class Recover(ParkCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a"), foot_gate("gate-b")])

    def walk(self, lane, uid):
        counted = len([event for event in self.park.events() if event["kind"] == "passage"])
        self.park.tap(lane, uid)
        self.park.push(lane)
        until("the passage counts", lambda: len([event for event in self.park.events() if event["kind"] == "passage"]) > counted)

    def figures(self):
        rows = self.park.rows("headcount")
        return [{key: value for key, value in row.items() if key != "revision"} for row in rows], self.park.cli("who")["inside"]

    def lose_the_disk(self, backup):
        park = self.park
        kept = park.directory / f"kept-{backup.name}"
        kept.mkdir()
        own = [name for name in os.listdir(park.home) if name not in
               ("store", "keys", "controller.conf", "controller.key", "index.key", "genesis.pb", "gates.key", "recovery.key",
                "sign.key", "sign.pub")]
        for name in own:  # an operator's files lie elsewhere, too
            shutil.move(park.home / name, kept / name)
        shutil.rmtree(park.home)
        done = subprocess.run([park.programs.path("parkgate-controller"), "--restore", backup, park.home], text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in own:
            shutil.move(kept / name, park.home / name)

    def recovered(self):
        self.assertEqual(self.park.cli("recover", "--checked")["recovery"], "asking")
        until("the recovery ends", lambda: self.park.cli("recover", "show")["recovery"] == "ended")

    def test_a_gate_that_lost_its_keys(self):
        """The outbox is whole, the day keys are gone: the private half of the recovery key, which the backup has, opens it."""
        park = self.park
        people = [self.person()[1] for _ in range(2)]
        backup = park.directory / "backup-of-keys"
        park.cli("backup", backup)
        self.assertEqual((backup / "recovery.key").stat().st_mode & 0o777, 0o600)
        self.walk("gate-a-in", people[0])
        self.walk("gate-b-in", people[1])
        before = self.figures()
        park.controller.end()
        park.reader("gate-b-in").remove()
        park.agents["gate-b"].end()
        shutil.rmtree(park.agent_home("gate-b") / "keys")
        self.lose_the_disk(backup)
        park.start_controller()
        park.start_agent("gate-b")
        for gate in ("gate-a", "gate-b"):
            park.wait_gate(gate)
        self.assertNotEqual(self.figures(), before)
        self.recovered()
        self.assertEqual(self.figures(), before)
        self.walk("gate-b-out", people[1])
        self.assert_verified()

    def test_what_nobody_can_read_is_said(self):
        """A row of gate a's outbox is damaged; gate b lost its keys, and the backup's recovery key is not the one they are closed to."""
        park = self.park
        people = [self.person()[1] for _ in range(2)]
        backup = park.directory / "backup-of-others"
        park.cli("backup", backup)
        (backup / "recovery.key").write_text(os.urandom(32).hex() + "\n")
        self.walk("gate-a-in", people[0])
        self.walk("gate-b-in", people[1])
        park.controller.end()
        for lane in ("gate-a-in", "gate-b-in"):
            park.reader(lane).remove()
        for gate in ("gate-a", "gate-b"):
            park.agents[gate].end()
        kept = stores.Outbox(park.agent_home("gate-a"))
        read = max(place for place, row in kept.events.items() if row.kind == stores.PRESENTATION)
        stores.damage(park.agent_home("gate-a") / "store", "outbox", struct.pack(">IQ", *read))
        shutil.rmtree(park.agent_home("gate-b") / "keys")
        self.lose_the_disk(backup)
        park.start_controller()
        for gate in ("gate-a", "gate-b"):
            park.start_agent(gate)
            park.wait_gate(gate)
        self.recovered()
        lost = {row["gate"]: int(row["lost"]) for row in park.rows("recover", "show")}
        self.assertEqual(lost["gate-a"], 1)
        self.assertGreater(lost["gate-b"], 1)
        told = [row["text"] for row in park.rows("events", "--kind", "fault", "--after", 0) if "nobody can read" in row["text"]]
        self.assertEqual(sorted(text.split()[1] for text in told), ["gate-a", "gate-b"])

    def wait_copies(self):
        """Until every gate's copy holds all that the journal does."""
        def whole():
            return all(row["copy_lag"] == 0 for row in self.park.rows("agent", "list"))
        until("the gates' copies are whole", whole)

    def test_erased_disk(self):
        """Gate b is away at first, and joins later."""
        park = self.park
        people = [self.person()[1] for _ in range(4)]
        revoked = self.person()
        badge = park.rows("badge", "list", revoked[0])[0]["credential"]
        self.walk("gate-a-in", people[0])
        self.walk("gate-b-in", people[1])
        backup = park.directory / "backup"
        park.cli("backup", backup)
        self.walk("gate-a-in", people[2])
        self.walk("gate-b-in", people[3])
        self.walk("gate-b-out", people[0])
        new = self.person()  # since the backup
        unseen = self.person("cold-chain")
        park.cli("badge", "revoke", badge, "--reason", "lost")
        self.walk("gate-a-in", new[1])
        before = self.figures()
        self.wait_copies()
        park.controller.end()
        for lane in ("gate-b-in", "gate-b-out"):
            park.reader(lane).remove()  # else its next start reads it again
        park.agents["gate-b"].end()
        self.lose_the_disk(backup)
        park.start_controller()
        park.wait_gate("gate-a")
        self.assertNotEqual(self.figures(), before)
        self.assertIn("recovering", [row["fault"] for row in park.rows("status")])
        self.assertEqual({row["gate"] for row in park.rows("recover")}, {"gate-a", "gate-b"})  # whose keys are live
        self.assertEqual(park.cli("recover", "show")["recovery"], "waiting")
        self.assertEqual(park.cli("recover", "--checked")["recovery"], "asking")
        rows = lambda: {row["gate"]: row for row in park.rows("recover", "show")}
        until("gate a has given all", lambda: rows()["gate-a"]["state"] == "done")
        self.assertEqual(rows()["gate-b"]["state"], "away")
        self.assertEqual(park.cli("recover", "show")["recovery"], "asking")
        self.assertNotEqual(self.figures(), before)
        park.start_agent("gate-b")
        until("the recovery ends", lambda: park.cli("recover", "show")["recovery"] == "ended")
        park.wait_gate("gate-b")
        self.assertEqual(self.figures(), before)
        for row in rows().values():
            self.assertEqual(row["state"], "done")
            self.assertGreater(int(row["fresh"]), 0)
        self.assertEqual(int(rows()["gate-a"]["persons"]), 2)
        self.waits(new)
        self.nameless(new, unseen)
        self.assertEqual(park.rows("badge", "list", revoked[0])[0]["state"], "revoked")
        self.walk("gate-a-out", people[2])  # and the park goes on
        self.walk("gate-b-out", new[1])
        self.assertEqual(int(self.figures()[1]), int(before[1]) - 2)
        self.wait_copies()  # fed anew, by the controller that was built again
        self.assert_verified()

    def waits(self, new):
        """Both gates' copies tell of him; whose the badge is, one alone has read."""
        park = self.park
        waiting = park.rows("recover", "waiting")
        self.assertEqual([(row["person"], row["what"], row["gate"]) for row in waiting], [(new[0], "credential", "gate-a")])
        done = park.cli("recover", "confirm", "--person", new[0], "--reason", "known to the tenant")
        self.assertEqual(int(done["confirmed"]), 1)
        self.assertEqual(park.rows("recover", "waiting"), [])

    def nameless(self, new, unseen):
        park = self.park
        back = {row["person"]: row for row in park.rows("recover", "persons")}
        self.assertEqual(set(back), {new[0], unseen[0]})
        self.assertEqual(back[unseen[0]]["tenant"], "cold-chain")
        shown = {row["field"]: row["value"] for row in park.rows("person", "show", new[0], "--reason", "recovery")}
        self.assertEqual(shown["name"], "(not known since a recovery)")
        self.assertEqual(park.cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", "王五",
                                  "--person", new[0])["person"], new[0])
        shown = {row["field"]: row["value"] for row in park.rows("person", "show", new[0], "--reason", "recovery")}
        self.assertEqual(shown["name"], "王五")
        self.assertEqual([row["person"] for row in park.rows("recover", "persons")], [unseen[0]])


if __name__ == "__main__":
    unittest.main()
