"""Goal: a gate that comes back with a long backlog answers people first, hands all of it over once, and opens for none of it.
Method: a real gate whose outbox is filled with 10,000 reads at its exit, which would all be granted to whoever stood there."""
import subprocess
import unittest

import stores
from case import ParkCase, foot_gate
from park import GREEN, until

BACKLOG = 10000


def pending(home):
    with stores.transaction(home / "store") as txn:
        return sum(1 for _ in stores.rows(txn, "pending"))


class Backlog(ParkCase):
    GATES = staticmethod(lambda: [foot_gate()])

    def test_live_first_and_nothing_of_the_backlog_opens(self):
        park, agent = self.park, self.park.agents["gate-a"]
        _, uid = self.person()
        home = park.agent_home("gate-a")
        agent.end()
        park.controller.end()
        filled = subprocess.run([str(park.programs.build / "tests/bench/bench-outbox"), home, str(BACKLOG), "gate-a-out",
                                 "gate-a-out-badge"], capture_output=True, text=True, check=False)
        self.assertEqual(filled.returncode, 0, filled.stderr)
        park.start_agent("gate-a")
        for device in ("gate-a-board", "gate-a-in-badge", "gate-a-out-badge"):
            agent.wait_event(f"device name={device} state=1")
        park.start_controller()
        agent.wait_event("controller_welcome")
        self.assertEqual(park.tap("gate-a-in", uid)["colour"], GREEN)
        park.push("gate-a-in")
        until("all is handed over", lambda: pending(home) == 0, 120)
        self.assertEqual(park.turnstile("gate-a-out").show("gate-a-out")["pulses"], "0")
        entries = [entry for entry in stores.journal(park.home) if entry.kind == stores.ENTRY_EVENT]
        places = [entry.place for entry in entries]
        self.assertEqual(len(places), len(set(places)))  # each once
        reads = [entry.body.lane for entry in entries if entry.body.kind == stores.PRESENTATION]
        self.assertEqual(reads.count("gate-a-out"), BACKLOG)
        behind = len(reads) - 1 - reads.index("gate-a-in")
        self.assertGreater(behind, 1000, "the backlog was over before somebody came")
        print(f"the live read was recorded before {behind} of {BACKLOG} of the backlog")
        until("the passage counts", lambda: (self.headcount() or {}).get("entries") == 1)
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
