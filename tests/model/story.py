"""One world: a random park, its people, and what happens there, told to both sides at once."""
import parks
import times
import wire
from rules import Model
from times import MINUTE, SECOND

TURN = 5000  # a turn takes so long


class Differ(Exception):
    pass


class Story:
    def __init__(self, pipe, rng, trace, often):
        self.pipe, self.rng, self.trace, self.often = pipe, rng, trace, often
        self.park, self.now = parks.draw(rng)
        self.model = Model(self.park)
        self.events, self.verdicts, self.last_shown = 0, {}, None
        self.sequence = [0, 0]
        self.people, self.trucks, self.badges, self.faces, self.plates = [], [], [], [], []
        self.shown = []    # (lane, way in, sequence, grant) without a report yet
        self.older = []    # reads, to show one again
        self.banned = set()

    # --- saying it to the controller ---

    def say(self, *words):
        def check(answer, rows):
            if answer[0] not in ("ok", "t") or int(answer[1]) != now:
                raise Differ(f"{words[0]}: answer {answer}, the story's time is {now}")
            if answer[0] == "t" and answer[2] != "0":
                raise Differ(f"{answer[2]} events were not applied")
        now = self.now
        self.pipe.put(words, check)

    def turn(self):
        self.now += TURN
        self.say("turn")

    def passes(self, us):
        self.now += us
        self.say("pass", us)

    def ask(self, verb, may_refuse=False, **values):
        """The notes of the answer; None: refused."""
        got = {}

        def check(answer, rows):
            got["error"], got["rows"] = int(answer[2]), rows
            got["notes"] = dict(note.split("=", 1) for note in answer[3:])
            if got["error"] and not may_refuse:
                raise Differ(f"{verb} {values} refused: {answer}")
        words = [verb]
        for name, value in values.items():
            words += [name.rstrip("_"), value]
        self.pipe.put(["list"] + words, check)
        self.now += TURN
        self.pipe.flush()
        if self.trace:
            print("  ask", *words, got["error"], got["notes"])
        return None if got["error"] else got

    # --- beginning ---

    def begin(self):
        start = self.now
        self.say("world", start, self.park.time_zone, self.rng.randrange(1, 1 << 30))
        for row in wire.rows_of(self.park):
            self.say("row", row.hex())
        self.now += 2 * TURN
        self.say("apply")
        for gate in (0, 1):
            self.now += 3 * TURN
            self.say("gate", gate, f"gate-{gate}")
        self.pipe.flush()
        kinds = [wire.STAFF] * 6 + [wire.DAY_WORKER] * 3 + [wire.DRIVER] * 2 + [wire.VISITOR] * 3
        for number, kind in enumerate(kinds):
            self.hire(number, kind)
        for number in range(3):
            self.add_truck(number)
        for who, kind in zip(self.people, kinds):
            if kind == wire.VISITOR:
                self.invite(who)

    def today(self):
        return self.model.calendar.day(self.now)

    def hire(self, number, kind):
        rng, model = self.rng, self.model
        home = rng.choice(list(self.park.tenants))
        who = self.ask("person.add", tenant=home, kind=wire.KIND_WORDS[kind], name=f"P{number}")["notes"]["person"]
        model.holders[who] = {"home": home, "kind": kind, "vehicle": False, "suspended_by": set()}
        self.people.append(who)
        for more in range(rng.choice((1, 1, 2))):
            self.add_badge(who, number * 16 + more)
        if rng.random() < 0.3:
            self.add_face(who, number)
        if rng.random() < 0.7:
            self.model.pins[who] = b"%d" % (739105 + number * 2)
            self.ask("pin.set", person=who, pin=self.model.pins[who].decode())
        if kind != wire.VISITOR:
            for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
                self.assign(who)
        for clearance in self.park.clearances:
            if rng.random() < 0.5:
                self.clear(who, clearance)

    def add_badge(self, who, number):
        uid = bytes((0x7f, 0x10, number, 0x33))
        until, limit = self.until()
        self.ask("badge.add", person=who, uid=uid.hex(), **limit)
        self.model.credentials[(wire.BADGE, uid)] = {"holder": who, "until": until, "revoked": False}
        self.badges.append(uid)

    def add_face(self, who, number):
        subject = f"subject-{number}"
        self.ask("face.attach", person=who, subject=subject, consent="form-1", purpose="gate")
        self.model.credentials[(wire.FACE, subject.encode())] = {"holder": who, "until": 0, "revoked": False}
        self.faces.append(subject.encode())

    def until(self, share=0.15):
        """(instant exclusive or 0, argument)."""
        if self.rng.random() >= share:
            return 0, {}
        day = self.today() + self.rng.randrange(2)
        return self.model.calendar.instant(day + 1, 0), {"until": times.date_text(day)}

    def assign(self, who):
        rng = self.rng
        first = self.today() + rng.randrange(-2, 2)
        last = first + rng.choice((0, 0, 1, 5, 20))
        tenant = self.model.holders[who]["home"] if rng.random() < 0.7 else rng.choice(list(self.park.tenants))
        shift = rng.choice(list(self.park.shifts))
        mine = self.model.assignments.setdefault(who, [])
        if any(a["tenant"] == tenant for a in mine):
            return
        got = self.ask("assignment.add", True, person=who, tenant=tenant, shift=shift,
                       from_=times.date_text(first), to=times.date_text(last))
        if got:
            mine.append({"tenant": tenant, "shift": shift, "from": first, "to": last,
                         "handle": got["notes"]["assignment"]})
            mine.sort(key=lambda a: a["handle"])

    def clear(self, who, clearance):
        until, limit = self.until(0.3)
        since = self.now
        if self.rng.random() < 0.2:
            day = self.today() + 1
            since, limit = self.model.calendar.instant(day, 0), {"from_": times.date_text(day)}
            until = 0
        self.ask("clearance.add", person=who, clearance=clearance, **limit)
        self.model.clearances[(who, clearance)] = {"from": since, "until": until, "removed": False}

    def moment(self, us):
        """The next whole minute, as an argument and as the instant that it means."""
        day, of_day = self.model.calendar.local(us)
        minute = of_day // MINUTE + 1
        day, minute = day + minute // 1440, minute % 1440
        return (f"{times.date_text(day)}T{minute // 60:02}:{minute % 60:02}",
                self.model.calendar.instant(day, minute))

    def window(self):
        begin, from_us = self.moment(self.now + self.rng.choice((-3600, -60, 60, 600)) * SECOND)
        end, until_us = self.moment(self.now + self.rng.choice((300, 3600, 40000, 200000)) * SECOND)
        return from_us, until_us, {"from_": begin, "until": end}

    def invite(self, who):
        hosts = [p for p in self.people if self.model.holders[p]["kind"] != wire.VISITOR]
        host = self.rng.choice(hosts)
        tenant = self.model.holders[host]["home"]
        from_us, until_us, limits = self.window()
        mine = self.model.visits.setdefault(who, [])
        if until_us <= from_us:
            return
        got = self.ask("visitor.add", True, tenant=tenant, person=who, host=host, **limits)
        if got:
            mine.append({"tenant": tenant, "host": host, "from": from_us, "until": until_us, "order": len(mine),
                         "handle": got["notes"]["visit"]})

    def add_truck(self, number):
        rng = self.rng
        plate = f"浙A1234{number}"
        home = rng.choice(list(self.park.tenants))
        until, limit = self.until(0.3)
        drivers = rng.sample(self.people, rng.choice((0, 0, 1, 2)))
        zones = rng.choice(([], ["yard"], ["hall"]))
        got = self.ask("vehicle.add", tenant=home, plate=plate, zones=",".join(zones), drivers=",".join(drivers), **limit)
        who = got["notes"]["vehicle"]
        self.model.holders[who] = {"home": home, "kind": 0, "vehicle": True, "suspended_by": set(), "standing": True,
                                   "from": 0, "until": until, "zones": zones, "drivers": drivers}
        self.model.credentials[(wire.PLATE, plate.encode())] = {"holder": who, "until": 0, "revoked": False}
        self.trucks.append(who)
        self.plates.append(plate.encode())

    # --- events ---

    def show(self):
        rng = self.rng
        lane_name = self.pick_lane()
        lane = self.park.lanes[lane_name]
        way_in = lane["direction"] == wire.IN or (lane["direction"] == wire.BOTH and rng.random() < 0.5)
        if self.older and rng.random() < 0.08:
            lane_name, way_in, read = rng.choice(self.older)
            read = dict(read, captured=self.now - rng.choice((0, 1000, 3_000_000)), received=self.now, device_event="")
        else:
            read = self.read_at(lane)
        self.older = self.older[-20:] + [(lane_name, way_in, read)]
        self.present(lane_name, way_in, read)

    def pick_lane(self):
        return self.rng.choice(list(self.park.lanes))

    def read_at(self, lane):
        rng = self.rng
        read = {"captured": self.now - rng.choice((0, 0, 0, 1000, 700_000, 4_000_000)), "received": self.now,
                "offset_unknown": False, "history": False, "raw": "", "device_event": "", "proof": wire.PROOF_NONE}
        if rng.random() < 0.05:
            read["captured"] = self.now + rng.choice((-5_000_000, -5_000_001, -60_000_000, 2_000_000, 5_000_000,
                                                      5_000_001, 60_000_000))
        read["offset_unknown"] = rng.random() < 0.03
        read["history"] = rng.random() < 0.02
        read["device_event"] = f"e{rng.randrange(10000)}" if rng.random() < 0.3 else ""
        if lane["vehicles"]:
            self.plate(read)
        else:
            self.person(read)
        if lane["second"] and rng.random() < 0.6:
            self.second(lane, read)
        read["class"] = Model.class_of(read)
        return read

    def second(self, lane, read):
        """What fits to the read that waits there, mostly."""
        name = next(n for n, l in self.park.lanes.items() if l is lane)
        waiting = self.model.pending.get(name)
        holder = waiting["known"]["holder"] if waiting and self.rng.random() < 0.8 else self.rng.choice(self.people)
        read["proof"] = wire.PROOF_NONE
        if self.rng.random() < 0.6:
            read["kind"], read["credential"] = wire.PIN, self.model.pins.get(holder, b"864209")
            return
        kind = wire.FACE if self.rng.random() < 0.6 else wire.BADGE
        own = [key for key, c in self.model.credentials.items() if key[0] == kind and c["holder"] == holder]
        if own:
            read["kind"], read["credential"] = self.rng.choice(own)

    def plate(self, read):
        read["kind"] = wire.PLATE
        draw = self.rng.random()
        read["credential"] = self.rng.choice(self.plates)
        if draw < 0.05:
            read["credential"], read["raw"], read["sent_kind"] = b"", "无车牌", 0
        elif draw < 0.1:
            read["credential"], read["raw"], read["sent_kind"] = b"", self.rng.choice(("", "unknown")), 0
        elif draw < 0.15:
            read["credential"] = "浙A99999".encode()

    def person(self, read):
        rng = self.rng
        draw = rng.random()
        if draw < 0.1 and self.faces:
            read["kind"], read["credential"] = wire.FACE, rng.choice(self.faces)
            return
        read["kind"] = wire.BADGE
        read["credential"] = rng.choice(self.badges)
        if self.last_shown and rng.random() < 0.25:
            read["credential"] = self.last_shown
        if draw < 0.13:
            read["credential"] = bytes((0x7f, 0xee, rng.randrange(4), 1))
        if draw < 0.15:
            read["kind"], read["credential"] = wire.QR, b"ticket-%d" % rng.randrange(3)
            return
        draw = rng.random()
        if draw < 0.4:
            read["proof"] = wire.PROOF_GIVEN
        elif draw < 0.46:
            read["proof"] = rng.choice((wire.PROOF_FAILED, wire.PROOF_SLOW, wire.PROOF_RANDOM))
        self.last_shown = read["credential"]

    def present(self, lane_name, way_in, read):
        lane = self.park.lanes[lane_name]
        gate = lane["gate"]
        reader = f"{lane_name}-{'in' if way_in else 'out'}"
        self.sequence[gate] += 1
        sequence = self.sequence[gate]
        verdict, grant = self.model.present(lane_name, way_in, read, self.now)
        if verdict.reason != "history":
            self.verdicts[verdict.reason] = self.verdicts.get(verdict.reason, 0) + 1
        self.expect(lane_name, gate, wire.presentation(lane_name, reader, read), verdict, (way_in, read))
        if grant:
            self.shown.append((lane_name, way_in, sequence, grant))

    def expect(self, lane_name, gate, packed, verdict, what):
        notes, now, number = self.model.notes, self.now, self.events + 1
        self.events = number
        if self.trace:
            print(number, self.model.calendar.text(now), lane_name, what, verdict, notes)

        def check(answer, rows):
            want = ["-", "-"] if verdict is None or verdict.reason == "history" else list(verdict)
            if answer[0] != "v" or answer[2:] != want or int(answer[1]) != now:
                reasoning = "\n".join("  " + " ".join(str(w) for w in note) for note in notes)
                self.events = number
                raise Differ(f"event {number} at {lane_name}, {what}\ncontroller: {answer[2:]}\nmodel: {want}\n"
                             f"its reasoning:\n{reasoning}")
        self.pipe.put(("event", gate, packed.hex()), check)

    def report(self):
        """A lane says what became of a grant."""
        rng = self.rng
        if not self.shown:
            return
        lane_name, way_in, sequence, grant = self.shown.pop(
            -1 if rng.random() < 0.8 else rng.randrange(len(self.shown)))
        lane = self.park.lanes[lane_name]
        kind = wire.NOT_TAKEN if rng.random() < 0.15 else wire.PASSED if lane["sensor"] else wire.UNSENSED
        captured = self.now - rng.choice((0, 0, 0, 200_000, 1_000_000))
        if rng.random() < 0.08:
            captured = self.now - rng.choice((30, 59, 60, 61, 600, 7200)) * SECOND
        self.passage(lane_name, way_in, sequence, grant, kind, captured)
        if rng.random() < 0.03:  # said twice: the second moves nothing
            self.passage(lane_name, way_in, sequence, grant, kind, captured)

    def passage(self, lane_name, way_in, sequence, grant, kind, captured):
        gate = self.park.lanes[lane_name]["gate"]
        self.sequence[gate] += 1
        self.model.passage(lane_name, way_in, kind, grant, min(captured, self.now), self.now)
        self.expect(lane_name, gate, wire.passage(lane_name, kind, sequence, captured, self.now), None,
                    ("passage", kind, "of", sequence, "captured", self.model.calendar.text(captured)))

    def stray(self):
        """Reports that belong to nobody, and lanes held open."""
        lane_name = self.pick_lane()
        kind = self.rng.choice((wire.FORCED, wire.TAILGATED, wire.HELD, wire.HELD_ENDED, wire.HELD_ENDED))
        self.passage(lane_name, True, 0, None, kind, self.now)

    # --- operators ---

    def operate(self):
        rng = self.rng
        rng.choice((self.set_lane, self.set_lane, self.suspend, self.suspend_tenant, self.revoke, self.ban, self.forgive,
                    self.change_clearance, self.change_visit, self.book, self.book))()

    def set_lane(self):
        rng = self.rng
        lane_name = self.pick_lane()
        mode = rng.choice(("normal", "normal", "free", "locked"))
        verb = {"normal": "lane.normal", "free": "lane.free", "locked": "lane.lock"}[mode]
        for name, now in list(self.model.mode.items()):  # most lanes are normal most of the time
            if now != "normal" and name != lane_name and rng.random() < 0.7:
                if self.ask("lane.normal", True, lane=name, reason="test"):
                    self.model.mode[name] = "normal"
        if self.ask(verb, True, lane=lane_name, reason="test"):
            self.model.mode[lane_name] = mode

    def suspend(self):
        who = self.rng.choice(self.people + self.trucks)
        tenant = self.rng.choice(list(self.park.tenants))
        off = self.model.holders[who]["suspended_by"]
        verb = "person.resume" if tenant in off else "person.suspend"
        if self.ask(verb, True, person=who, tenant=tenant, reason="test"):
            off.symmetric_difference_update({tenant})

    def suspend_tenant(self):
        off = self.model.tenants_off
        tenant = self.rng.choice(list(off) or list(self.park.tenants))
        if self.ask("tenant.resume" if tenant in off else "tenant.suspend", True, name=tenant, reason="test"):
            off.symmetric_difference_update({tenant})

    def revoke(self):
        if self.rng.random() < 0.2:
            uid = self.rng.choice(self.badges)
            if self.ask("badge.revoke", True, uid=uid.hex(), reason="lost"):
                self.model.credentials[(wire.BADGE, uid)]["revoked"] = True

    def ban(self):
        who = self.rng.choice(self.people + self.trucks)
        if len(self.banned) < 3:
            day = self.today() + self.rng.randrange(2)
            now = self.now
            if self.ask("ban.add", True, who=who, reason="theft", until=times.date_text(day), notice="n-1"):
                self.model.bans[who] = (now, self.model.calendar.instant(day + 1, 0))
                self.banned.add(who)

    def forgive(self):
        now = self.now
        if self.rng.random() < 0.2:
            if self.ask("passback.forgive", True, all="yes", reason="test"):
                self.model.forgiven_all = now
        else:
            who = self.rng.choice(self.people)
            if self.ask("passback.forgive", True, person=who, reason="test"):
                self.model.forgiven[who] = now

    def change_clearance(self):
        who, clearance = self.rng.choice(self.people), self.rng.choice(self.park.clearances)
        held = self.model.clearances.get((who, clearance))
        if held and not held["removed"] and self.rng.random() < 0.3:
            self.ask("clearance.remove", person=who, clearance=clearance, reason="test")
            held["removed"] = True
        else:
            self.clear(who, clearance)

    def change_visit(self):
        visitors = [p for p in self.people if self.model.holders[p]["kind"] == wire.VISITOR]
        who = self.rng.choice(visitors)
        mine = self.model.visits.get(who, [])
        if mine and self.rng.random() < 0.3:
            one = self.rng.choice(mine)
            if self.ask("visitor.cancel", True, visit=one["handle"], reason="test"):
                mine.remove(one)
        elif sum(v["until"] > self.now for v in mine) < 5:
            self.invite(who)

    def book(self):
        truck = self.rng.choice(self.trucks)
        mine = self.model.bookings.setdefault(truck, [])
        if mine and self.rng.random() < 0.3:
            one = self.rng.choice(mine)
            if self.ask("booking.cancel", True, booking=one["handle"], reason="test"):
                mine.remove(one)
            return
        tenant, driver = self.rng.choice(list(self.park.tenants)), self.rng.choice(self.people)
        zone = self.rng.choice(("yard", "hall"))
        from_us, until_us, limits = self.window()
        plate = self.plates[self.trucks.index(truck)].decode()
        if until_us <= from_us:
            return
        got = self.ask("booking.add", True, tenant=tenant, plate=plate, driver=driver, zone=zone, **limits)
        if got:
            mine.append({"tenant": tenant, "driver": driver, "zone": zone, "from": from_us, "until": until_us,
                         "handle": got["notes"]["booking"]})

    # --- figures ---

    def compare(self, what, got, want):
        if got != want:
            raise Differ(f"after event {self.events}: {what}\ncontroller: {got}\nmodel: {want}")

    def figures(self):
        self.turn()
        head, calendar = self.model.head, self.model.calendar
        for who in self.people:
            answer = self.ask("headcount.why", True, person=who, reason="model")
            if not answer:
                break  # the day's look-ups are used up
            rows = answer["rows"]
            got = {(r[1], r[0]): [r[3], r[6], r[7], r[8], r[9]] for r in rows}
            want = {(tenant, times.date_text(day)): [f[0], str(f[1]), str(f[2] or "")] + [str(n) for n in f[3:]]
                    for (tenant, day), f in head.attended(who).items()}
            self.compare(f"the days of {who}", got, {k: v for k, v in want.items() if k in got or len(got) < 31})
        days = head.days()
        today = self.today()
        for day in sorted({d for _, d in days})[-4:]:
            rows = self.ask("headcount.show", date=times.date_text(day))["rows"]
            want = {}
            for (tenant, d), f in days.items():
                if d == day:
                    want[tenant] = [tenant, times.date_text(day)] + [str(f[k]) for k in (
                        "persons", "entries", "exits", "present", "peak")] + [str(f["peak_us"] or "")] + [
                            str(f[k]) for k in ("revision", "unpaired", "unsensed")]
            self.compare(f"the figures of {times.date_text(day)}", {r[0]: r for r in rows}, want)
        inside = {h: s for h, s in head.now.items() if s.inside and not head.of[h][0].vehicle}
        rows = self.ask("who")["rows"]
        self.compare("who is inside", sorted(rows),
                     sorted([h, s.count[0], "/".join(reversed(head.paths[s.zone])), str(s.since)] for h, s in inside.items()))
        rows = self.ask("zone.list")["rows"]
        self.compare("persons in zones", {r[0]: r[1] for r in rows}, {z: str(len(head.inside(z))) for z in self.park.zones})
        for zone in self.park.zones:
            for day in (today, today - 1):
                row = self.ask("headcount.show", zone=zone, date=times.date_text(day))["rows"][0]
                want = head.zone_day(zone, calendar.instant(day, 0), calendar.instant(day + 1, 0))
                self.compare(f"{zone} on {times.date_text(day)}", row[2:4], [str(n) for n in want])

    # --- time ---

    def wait(self):
        draw = self.rng.random()
        if draw < 0.985:
            self.passes(self.rng.choice((1000, 400_000, 1_500_000, 3_000_000, 5_000_000, 9_000_000)))
        else:
            self.passes(self.rng.choice((60, 700, 3600, 5 * 3600)) * SECOND + self.rng.randrange(SECOND))
        if self.rng.random() < 0.15:
            self.turn()

    def play(self, number, deadline=None):
        self.begin()
        looked = 0
        while self.events < number:
            draw = self.rng.random()
            if draw < 0.55:
                self.show()
            elif draw < 0.93:
                self.report()
            elif draw < 0.95:
                self.stray()
            elif draw < 0.97:
                self.operate()
            self.wait()
            if self.events - looked >= self.often:
                looked = self.events
                self.figures()
        self.figures()
        self.pipe.flush()
