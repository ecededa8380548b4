"""The demo's scene with the police station: a signed list, two persons, one listed truck, two that look like it, a guard, the hits.

What is expected is counted by hand: of three trucks the park's list has one; a named person says which of the others it is.
"""
from park import until
from station import Station, person, vehicle

CONTACT = "duty desk 0571-110"  # of each entry, for the guard
LISTED, CONFIRMED = "浙A7K8B2", "浙A7K3B2"  # the cameras took 8 for 3 once: the guard saw the truck


class StationScene:
    def __init__(self, park, people, home, say):
        self.park, self.say = park, say
        self.worker = people.by_who["steel-works:day 70"]["badge"]  # does not come this morning
        self.station = Station(park, home / "station")
        self.keys = home

    def key(self, name, role, *more):
        path = self.keys / f"{name}.key"
        self.park.cli("key", "make", path)
        self.park.cli("key", "add", name, "--public", f"{path}.pub", "--role", role, *more)
        return path

    def begins(self):
        """The office makes the authority, by two persons; the station pushes; an officer countersigns the one person on the list."""
        park, station = self.park, self.station
        self.officer, deputy = self.key("officer-lin", "security"), self.key("deputy-chen", "admin")
        lanes = [lane.name for gate in park.gates if gate.name == "gate-c" for board in gate.boards for lane in board.lanes]
        self.guard = self.key("guard-wu", "guard", "--lanes", ",".join(lanes))
        asked = park.cli("authority", "add", "hz-police", "--title", "West Station", "--title-zh", "城西派出所", "--public",
                         station.keys / "link.pub", "--sign", station.keys / "sign.pub", "--refresh", "24", "--reason", "agreement 2026-7")
        park.cli("approval", "grant", asked["approval"], "--key", deputy)
        station.say("key", station.keys)
        station.push(vehicle("v-7Qk2", LISTED) + person("p-03xZ", badge=self.worker))
        self.bundle = station.home / f"{station.number}.bundle"
        self.say("the station pushed a signed list: 1 truck, which acts at once, 1 person, who waits · 派出所推送签名布控：车辆立即生效，人员待会签")
        waiting = park.rows("watch", "list", "--waiting", "--key", self.officer)
        for row in waiting:
            park.cli("watch", "countersign", row["entry"], "--key", self.officer)
        self.say(f"officer-lin countersigned {len(waiting)} person entry · 保安负责人已会签")

    def alerts(self, kind):
        return self.park.rows("alert", "list", "--kind", kind, "--key", self.guard)

    def work_off(self, alert, step, why):
        """One alert to its end, step by step, by the guard's own key."""
        number = str(alert["alert"])
        steps = [("ack",), ("dispatch", "--reason", "to the lane"), (step, "--reason", why)]
        if step == "confirm":  # what is rejected is closed by that
            steps.append(("close", "--reason", why))
        for words in steps:
            self.park.cli("alert", words[0], number, *words[1:], "--key", self.guard)

    def ends(self, result):
        """The guard of these lanes carries the alerts to their end; then the station reads what it gets, and no more."""
        candidates = until("two trucks look like the listed one", lambda: self.both("watch-candidate", 2), 30)
        hits = until("the listed truck is an alert", lambda: self.both("watch-hit", 1), 30)
        told = self.park.cli("alert", "show", str(hits[0]["alert"]), "--key", self.guard)
        result.fact("the guard reads whom to call", told.get("contact") == CONTACT, told.get("contact", "nobody"))
        self.work_off(hits[0], "confirm", "the truck of the list, left to the police")
        for alert in candidates:
            shown = self.park.cli("watch", "candidate", str(alert["alert"]), "--key", self.guard)
            is_it = CONFIRMED in shown.values()
            self.work_off(alert, *(("confirm", "the plate was looked at") if is_it else ("reject", "another truck")))
        told = self.station.say("hits")["rows"]
        result.fact("the station's hits", [row["how"] for row in told] == ["exact", "confirmed"] and {row["id"] for row in told} == {"v-7Qk2"},
                    f"{len(told)}: {', '.join(row['how'] for row in told)}; of the rejected one nothing")
        receipt = until("the receipt says that the gates have it", self.at_gates, 30)
        states = {row["id"]: row["state"] for row in receipt["rows"]}
        result.fact("the park's receipt", receipt["notes"]["signature"] == "good" and states == {"v-7Qk2": "acting", "p-03xZ": "acting"},
                    f"signature {receipt['notes']['signature']}, {' '.join(f'{key} {state}' for key, state in states.items())}")

    def both(self, kind, count):
        rows = self.alerts(kind)
        return rows if len(rows) >= count else None

    def at_gates(self):
        receipt = self.station.receipt(self.bundle)
        return receipt if receipt["notes"].get("at_gates_us") else None

