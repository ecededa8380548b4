#!/usr/bin/env python3
"""What must come of the demo's morning, counted from morning.txt and the roster files alone.

It shares no code with Parkgate or with demo.py and reads nothing that they write: the rules of docs/decision-rules.md
stand here a second time, in the plainest form that this story needs.

usage: expect.py START-EPOCH [MORNING.TXT [DATA-DIR]]      prints JSON
"""
import collections
import csv
import datetime
import glob
import io
import json
import os
import shlex
import sys

PARK_TIME = datetime.timezone(datetime.timedelta(hours=8))  # Asia/Shanghai: no summer time
HEADS = {"badge": ["卡号", "badge uid", "门禁卡号", "card", "工牌号", "uid", "门禁卡", "card number"],
         "shift": ["班次", "shift", "班组"], "plate": ["车牌号"], "tenant": ["租户"]}
SHIFT_WORDS = {"白班": "day", "夜班": "night"}
POSTING = ("b-face", "c-in", "c-out", "c-dock", "c-vz", "c-gate")  # devices with a clock of their own
EXITS = ("a-out", "b-out", "c-out", "d-out")


def rows(path):
    """One roster file as dictionaries with the keys of HEADS, whatever its form."""
    raw = open(path, "rb").read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    first = text.splitlines()[0]
    separator = max(",;\t", key=first.count)
    table = list(csv.reader(io.StringIO(text), delimiter=separator))
    names = [next((key for key, heads in HEADS.items() if head.lower() in heads), head) for head in table[0]]
    return [dict(zip(names, line)) for line in table[1:] if line]


def ranged(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Morning:
    def __init__(self, start, story, data):
        self.start = datetime.datetime.fromtimestamp(start // 60 * 60, PARK_TIME)
        self.shifts, self.windows, self.tenants, self.steps = {}, {}, {}, []
        self.office, self.passback = [], []
        for line in open(story, encoding="utf-8"):
            words = shlex.split(line, comments=True)
            if words:
                self.read(words)
        self.people = {}   # "tenant:shift N" -> key
        for path in sorted(glob.glob(os.path.join(data, "[1-8]-*.csv"))):
            tenant = os.path.basename(path)[2:-4]
            count = collections.Counter()
            for row in rows(path):
                shift = SHIFT_WORDS.get(row["shift"], row["shift"]) or "none"
                count[shift] += 1
                self.people[f"{tenant}:{shift} {count[shift]}"] = (tenant, shift)
        self.trucks = [row["tenant"] for row in rows(os.path.join(data, "vehicles.csv"))]

    def at(self, distance):
        sign = -1 if distance[0] == "-" else 1
        hours, minutes = distance[1:].split(":")
        return self.start + sign * datetime.timedelta(hours=int(hours), minutes=int(minutes))

    def read(self, words):
        if words[0] == "shift":
            self.shifts[words[1]] = (self.at(words[2]), self.at(words[3]), int(words[5]))
        elif words[0] == "window":
            self.windows[words[1]] = (self.at(words[2]), self.at(words[3]))
        elif words[0] == "tenant":
            self.tenants[words[1]] = dict(zip(words[2::2], words[3::2]))
        elif words[0] == "office":
            self.office.append(words[1:])
        elif words[0] == "passback":
            self.passback += words[1:]
        elif words[0] != "phase":
            self.steps.append(words)


class Count:
    def __init__(self, morning):
        self.m = morning
        self.duties = {who: [(tenant, shift)] if shift != "none" else [] for who, (tenant, shift) in morning.people.items()}
        self.revoked, self.suspended, self.closed = set(), set(), set()
        self.booked, self.hosts, self.forgiven = set(), {}, set()
        for verb, *rest in morning.office:
            self.do_office(verb, rest)
        self.refusals = collections.Counter()
        self.passages = collections.Counter()
        self.turns = collections.defaultdict(collections.Counter)
        self.days = collections.defaultdict(lambda: {"persons": set(), "entries": 0, "exits": 0, "present": 0})
        self.inside, self.came_by = {}, {}
        self.openings, self.faults = collections.Counter(), collections.Counter()
        self.posts = collections.Counter()

    def do_office(self, verb, rest):
        if verb == "suspend-tenant":
            self.closed.add(rest[0])
            return
        if verb == "booking":
            self.booked.add((rest[0], " ".join(rest[1:])))
            return
        if verb == "visitor":
            self.hosts[rest[0]] = " ".join(rest[1:])
            return
        who = [f"{rest[0]} {n}" for n in ranged(rest[1])]
        if verb == "suspend-person":
            self.suspended.update(who)
        elif verb == "revoke-badge":
            self.revoked.update(who)
        elif verb == "also-works-for":
            self.duties[who[0]].append((rest[2], rest[3]))

    # --- the rules that the story needs ---

    def cut_date(self, tenant, when):
        cut = self.m.tenants[tenant].get("cut")
        minute = self.m.at(cut) if cut else when.replace(hour=0, minute=0)
        before = (when.hour, when.minute) < (minute.hour, minute.minute)
        return when.date() - datetime.timedelta(days=1 if before else 0)

    def valid(self, duty, when):
        tenant, shift = duty
        begin, end, early = self.m.shifts[shift]
        in_shift = begin - datetime.timedelta(minutes=early) <= when < end
        return in_shift or begin.date() in (when.date(), self.cut_date(tenant, when))

    def attribution(self, who, when):
        """Tenant and business day of an entry."""
        if who in self.hosts:
            tenant, _ = self.m.people[self.hosts[who]]
            return tenant, self.cut_date(tenant, when)
        home, _ = self.m.people[who]
        valid = [duty for duty in self.duties[who] if self.valid(duty, when)]
        running = []
        for duty in valid:
            begin, end, early = self.m.shifts[duty[1]]
            if begin - datetime.timedelta(minutes=early) <= when < end:
                running.append(duty)
        if running:
            best = min(running, key=lambda duty: abs(self.m.shifts[duty[1]][0] - when))
            return best[0], self.m.shifts[best[1]][0].date()
        if valid:
            assert len(valid) == 1, "the story has no one between two shifts"
            return valid[0][0], self.m.shifts[valid[0][1]][0].date()  # of one day only: cut hour, kept inside it
        return home, self.cut_date(home, when)

    def open_now(self, tenant, when):
        hours = self.m.tenants[tenant].get("hours")
        return hours is None or self.m.windows[hours][0] <= when < self.m.windows[hours][1]

    def person(self, who, when):
        valid = [duty for duty in self.duties[who] if self.valid(duty, when)]
        if who in self.revoked:
            return "credential-revoked"
        if valid and all(tenant in self.closed for tenant, _ in valid):
            return "tenant-suspended"
        if who in self.suspended:
            return "person-suspended"
        if not valid:
            return "no-assignment"
        if not any(self.open_now(tenant, when) for tenant, _ in valid):
            return "out-of-schedule"
        passback = self.m.people[who][0] in self.m.passback and who in self.inside and who not in self.forgiven
        return "anti-passback" if passback else "granted"

    def truck(self, tenant, when):
        if tenant in self.closed:
            return "tenant-suspended"
        return "granted" if self.open_now(tenant, when) else "out-of-schedule"

    # --- steps ---

    def clock_known(self, lane):
        self.posts[lane] += 1
        return self.posts[lane] >= 3

    def verdict(self, lane, reason):
        if lane in EXITS:
            return True
        if lane in POSTING and not self.clock_known(lane):
            reason = "clock-unknown"
        if reason != "granted":
            self.refusals[reason] += 1
        return reason == "granted"

    def through(self, lane, who, kind="pass"):
        """An arm turned for a granted read; `who` None: nobody the park counts."""
        self.turns[lane]["pass"] += 1
        self.passages[lane] += 1
        if kind == "tailgate":
            self.turns[lane]["tailgate"] += 1
        if who is None:
            return
        key = self.inside.pop(who, None)
        if lane in EXITS:
            day = self.days[key or self.attribution(who, self.m.start)]
            day["exits"] += 1
            day["present"] -= key is not None
            return
        if key is not None:
            self.days[key]["present"] -= 1
        key = self.attribution(who, self.m.start)
        day = self.days[key]
        day["persons"].add(who)
        day["entries"] += 1
        day["present"] += 1
        self.inside[who], self.came_by[who] = key, lane
        self.forgiven.discard(who)

    def with_driver(self, lane, number, *drivers):
        """A truck's plate, then the badges of drivers until one of them is its own."""
        owner = self.m.trucks[int(number) - 1]
        reason = self.truck(owner, self.m.start)
        if self.verdict(lane, "driver-needed" if reason == "granted" else reason) or reason != "granted":
            return
        for who in (" ".join(drivers[at:at + 2]) for at in range(0, len(drivers), 2)):
            if (number, who) in self.booked or self.m.people[who][0] == owner:
                self.through(lane, who)
                return
            self.refusals["driver-wrong"] += 1

    def camera(self, lane, verb, number):
        """A camera that opens a barrier by itself: nothing there counts turns."""
        if verb == "vz-history":
            self.refusals["history"] += 1
        elif verb == "vz-half":
            self.faults["body-aside"] += 1
        else:
            reason = "credential-unknown" if verb == "vz-stranger" else self.truck(self.m.trucks[int(number) - 1], self.m.start)
            self.openings[lane] += self.verdict(lane, reason)

    def step(self, lane, verb, *rest):
        now = self.m.start
        if verb == "force":
            self.turns[lane]["forced"] += 1
        elif verb == "button":
            self.through(lane, None)
        elif verb in ("card", "stranger", "lookalike", "plate-text"):
            if self.verdict(lane, "credential-unknown"):
                self.through(lane, None)
        elif verb in ("no-plate", "unread"):
            if self.verdict(lane, "no-plate" if verb == "no-plate" else "plate-not-read"):
                self.through(lane, None)
        elif verb in ("plate", "replay", "stale", "bollard"):
            for number in ranged(rest[0]):
                reason = "stale-read" if verb == "stale" else self.truck(self.m.trucks[number - 1], now)
                if self.verdict(lane, reason):
                    self.through(lane, None)
        elif verb == "truck":
            self.with_driver(lane, *rest)
        elif verb.startswith("vz"):
            self.camera(lane, verb, *rest)
        elif verb == "visitor":
            if self.came_by.get(self.hosts[rest[0]]) == lane and self.hosts[rest[0]] in self.inside:
                self.through(lane, rest[0])
            else:
                self.refusals["escort-needed"] += 1
        elif verb == "by-hand":  # a turn that nobody was granted, and no break-in
            self.turns[lane]["pass"] += 1
            self.faults["manual-release"] += 1
        elif verb == "drill-out":  # a fire: open for everybody, and nobody is known
            self.turns[lane]["pass"] += int(rest[0])
        elif verb == "drill-in":
            self.refusals["emergency-closed"] += len(ranged(rest[1]))
        elif verb == "clone":
            self.refusals["card-not-authentic"] += 1
        elif verb == "forgive":
            self.forgiven.add(" ".join(rest))
        elif verb == "scene":
            pass
        elif verb == "history":  # judged before the clock; nor does it measure one
            self.refusals["history"] += 1
        elif verb == "expired":
            if self.verdict(lane, "credential-expired"):
                self.through(lane, None)
        else:
            for number in ranged(rest[1]):
                who = f"{rest[0]} {number}"
                if self.verdict(lane, self.person(who, now)):
                    self.refusals["repeat"] += verb == "tap-twice"
                    self.through(lane, who, verb)

    def answer(self):
        for words in self.m.steps:
            self.step(*words)
        return {"headcount": {f"{tenant} {day}": {**figures, "persons": len(figures["persons"])}
                              for (tenant, day), figures in sorted(self.days.items(), key=str)},
                "inside": len(self.inside), "refusals": dict(sorted(self.refusals.items())),
                "passages": dict(sorted(self.passages.items())),
                "openings": dict(self.openings), "faults": dict(self.faults),
                "turns": {lane: dict(sorted(kinds.items())) for lane, kinds in sorted(self.turns.items())}}


def main(start, story=None, data=None):
    here = os.path.dirname(os.path.abspath(__file__))
    morning = Morning(int(start), story or os.path.join(here, "morning.txt"), data or os.path.join(here, "data"))
    json.dump(Count(morning).answer(), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
