"""What the integration tests share: one small park and the people who use it."""
import datetime
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from park import Board, Gate, Lane, Park, until  # noqa: E402

PARK_YAML = """
park: {name: test-park, title: Test Park, time_zone: Asia/Shanghai}
zones:
  - {name: yard, title: Yard, capacity: 100}
tenants:
  - {name: sun-express, title: Sun Express, zones: [yard]}
  - {name: cold-chain, title: Cold Chain, zones: [yard]}
shifts:
  - {name: all-day, from: "00:00", to: "00:00", early_minutes: 0}
"""

UIDS = [f"04A1B2C3D4E5{n:02X}" for n in range(1, 100)]


def id_number(number):
    """An ID number with a right check character; no two are equal."""
    body = f"33010219900101{number:03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def today():
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


def foot_gate(name="gate-a"):
    return Gate(name, [Board(f"{name}-board", [Lane(f"{name}-in"), Lane(f"{name}-out", "out", button=True)])])


class ParkCase(unittest.TestCase):
    """A park that lives as long as the test class. Subclasses name its gates."""

    GATES = staticmethod(lambda: [foot_gate()])
    YAML = PARK_YAML
    PARK = Park
    START = True  # False: the test starts controller and agents itself

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="park-")
        cls.addClassCleanup(directory.cleanup)
        cls.park = cls.PARK(directory.name, cls.YAML, cls.GATES(), start=cls.START)
        cls.park.__enter__()
        cls.addClassCleanup(cls.park.stop)
        cls.people = 0

    @classmethod
    def person(cls, tenant="sun-express", uid=None, assigned=True):
        """A new person with a badge and an assignment from yesterday to tomorrow; returns (handle, uid)."""
        cls.people += 1
        uid = uid or UIDS[cls.people]
        person = cls.park.cli("person", "add", "--tenant", tenant, "--kind", "day", "--name", f"测试{cls.people}",
                              "--id-number", id_number(cls.people))["person"]
        cls.park.cli("badge", "add", person, uid)
        if assigned:
            cls.assign(person, tenant)
        return person, uid

    @classmethod
    def keys_rewritten(cls):
        """Somebody is erased: by that what other keys left in the file of person keys goes, too."""
        person, _ = cls.person(assigned=False)
        cls.park.cli("person", "erase", person, "--reason", "he asked")
        until("the keys are rewritten", lambda: {row["person"]: row["state"] for row in cls.park.rows("person", "erasures", "--all")}
              [person] != "begun", timeout=90)

    @classmethod
    def assign(cls, person, tenant="sun-express"):
        day = datetime.timedelta(days=1)
        cls.park.cli("assignment", "add", person, "--tenant", tenant, "--shift", "all-day",
                     "--from", today() - day, "--to", today() + day)

    def headcount(self, tenant="sun-express"):
        rows = [row for row in self.park.rows("headcount", "--date", today()) if row["tenant"] == tenant]
        return {key: rows[0][key] for key in ("persons", "entries", "exits", "present")} if rows else None

    def assert_verified(self):
        """The journal's chain, the tables and the headcounts agree."""
        for noun in ("journal", "headcount"):
            self.assertEqual(self.park.cli(noun, "verify")["result"], "good", noun)


if __name__ == "__main__":
    sys.exit("this is no test")
