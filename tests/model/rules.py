"""Part 1 of docs/decision-rules.md a second time: slow, simple, from the page alone, sharing no code.

Model holds what was declared and what happened, as lists. Nothing is summed up: each answer is worked out
anew from all of it. present() goes through the rules in the page's order and says why.
"""
from collections import namedtuple

import times
import wire
from count import Headcount, Passage
from times import MINUTE, SECOND

LIVE_FOR = 5 * SECOND
REPEAT_WITHIN = 5 * SECOND
REPEAT_LATE, REPEAT_LATE_AT_MOST = SECOND // 2, 10 * SECOND
STANDING_AT_A_LANE = 8
WRONG_TRIES = 3

BEFORE_THE_CREDENTIAL = ("history", "stale-read", "lane-locked", "clock-unknown", "lane-set-free", "repeat",
                         "repeat-passed")

Verdict = namedtuple("Verdict", "outcome reason")


class Park:
    def __init__(self):
        self.time_zone = "Asia/Shanghai"
        self.zones, self.lanes, self.tenants, self.shifts = {}, {}, {}, {}
        self.schedules, self.holidays, self.clearances, self.passback = {}, {}, [], {}

    def path(self, zone):
        """The zone and those around it, inmost first."""
        out = []
        while zone:
            out.append(zone)
            zone = self.zones[zone]["parent"]
        return out

    def newly_entered(self, lane):
        around = self.path(lane["outer"])
        return [z for z in self.path(lane["zone"]) if z not in around]


class Grant:
    """An entry that was granted at a lane; `ended` None while no report came."""

    def __init__(self, lane, captured, holder, credentials, vehicle):
        self.lane, self.captured, self.holder = lane, captured, holder
        self.acted = captured
        self.credentials, self.vehicle, self.ended = credentials, vehicle, None
        self.way_in, self.tenant, self.companion, self.standing = True, None, None, True


class Model:
    def __init__(self, park):
        self.park = park
        self.calendar = times.Calendar(park.time_zone)
        self.holders = {}       # id -> dict: home, kind, vehicle, suspended_by; of vehicles standing permission
        self.credentials = {}   # (kind, bytes) -> dict: holder, until, revoked
        self.assignments, self.visits, self.bookings, self.clearances = {}, {}, {}, {}
        self.bans = {}          # holder -> (from, until)
        self.forgiven, self.forgiven_all = {}, 0
        self.tenants_off = set()
        self.mode = {}
        self.grants = {}        # lane -> grants, in the order in which they came
        self.pins = {}          # holder -> digits
        self.pending = {}       # lane -> the read that waits for its second
        self.partner = {}       # lane -> (holder, captured) of the newest R268
        self.held = {}          # lane -> (captured, held)
        self.entries = []       # entry passages of persons that count: (captured, zones newly entered, holder)
        self.opened = set()     # (zone, local day) opened by a first person
        self.order = 0
        self.head = Headcount({"": []} | {z: park.path(z) for z in park.zones})
        self.notes = []

    def note(self, *words):
        self.notes.append(words)

    # --- words of Part 1 ---

    def captured(self, read, now):
        """By the corrected clock, else when received; never later than the controller's own time."""
        known = self.freshness(read) != "unknown"
        return min(read["captured"] if known else read["received"], now)

    @staticmethod
    def freshness(read):
        age = read["received"] - read["captured"]
        if read["offset_unknown"] or age < -LIVE_FOR:
            return "unknown"
        return "stale" if age > LIVE_FOR else "live"

    def repeat(self, lane_name, way_in, key, at):
        """"open" or "passed": the newest grant of this credential here that was not left untaken speaks."""
        lane = self.park.lanes[lane_name]
        window = REPEAT_WITHIN if lane["sensor"] else lane["open_ms"] * 1000
        for grant in reversed(self.grants.get(lane_name, [])):
            if key in grant.credentials and grant.way_in == way_in:
                near = at - grant.acted < window and grant.captured - at < window
                if near and grant.ended != "not-taken":
                    return "passed" if grant.ended == "passed" else "open"
                return None
        return None

    def credential(self, read):
        return self.credentials.get((read["kind"], read["credential"]))

    def banned(self, holder, at):
        term = self.bans.get(holder)
        return term is not None and term[0] <= at < term[1]

    # --- permissions: for whom could he enter (R210 to R260) ---

    def permissions(self, who, lane, at, driver=None):
        """[(tenant, zones allowed?)]; empty: R230. With `driver`, of a vehicle: those that name him."""
        holder = self.holders[who]
        if holder["vehicle"]:
            return self.vehicle_permissions(who, lane, at, driver)
        cuts = {t: v["cut"] for t, v in self.park.tenants.items()}
        mine = self.assignments.get(who, [])
        tenants = [a["tenant"] for a, _, _ in
                   times.inside_shifts(self.calendar, self.park.shifts, mine, at)]
        tenants += [a["tenant"] for a in times.valid_on(self.calendar, cuts, mine, at)]
        if not tenants:
            tenants = [v["tenant"] for v in self.visits_now(who, at)]
        return [(t, self.tenant_zone(t, lane["zone"])) for t in dict.fromkeys(tenants)]

    def visits_now(self, who, at):
        return [v for v in self.visits.get(who, []) if v["from"] <= at < v["until"]]

    def tenant_zone(self, tenant, zone):
        return any(z in self.park.tenants[tenant]["zones"] for z in self.park.path(zone))

    def vehicle_permissions(self, who, lane, at, driver):
        vehicle = self.holders[who]
        path = self.park.path(lane["zone"])
        out = []
        for b in self.bookings.get(who, []):
            if b["from"] <= at < b["until"] and driver in (None, b["driver"]) and b["zone"] in path:
                out.append((b["tenant"], True))
        if vehicle["standing"] and vehicle["from"] <= at and (not vehicle["until"] or at < vehicle["until"]):
            named = driver is None or driver in vehicle["drivers"] or (
                not vehicle["drivers"] and self.holders[driver]["home"] == vehicle["home"])
            if named:
                zones = vehicle["zones"]
                allowed = any(z in zones for z in path) if zones else self.tenant_zone(vehicle["home"], lane["zone"])
                out.append((vehicle["home"], allowed))
        return out

    def schedule(self, name, at):
        """"open", "holiday" (it would be open without the list) or "closed"."""
        if not name:
            return "open"
        windows = self.park.schedules[name]
        holidays = {day: self.park.schedules.get(s, []) for day, (_, s) in self.park.holidays.items()}
        if times.schedule_open(self.calendar, windows, holidays, at):
            return "open"
        return "holiday" if times.schedule_open(self.calendar, windows, {}, at) else "closed"

    def permit(self, who, lane, at, driver=None):
        """R210 to R260: a reason, or None."""
        wanted = self.permissions(who, lane, at, driver)
        self.note("permissions", wanted)
        if not wanted:
            return self.without_permission(who)
        left = [(t, z) for t, z in wanted
                if t not in self.tenants_off and t not in self.holders[who]["suspended_by"]]
        if not left:
            return "tenant-suspended" if all(t in self.tenants_off for t, _ in wanted) else "person-suspended"
        if not any(z for _, z in left):
            return "zone-not-allowed"
        zone = self.schedule(self.park.zones[lane["zone"]]["schedule"], at)
        said = set()
        for tenant, allowed in left:
            if allowed:
                own = self.schedule(self.park.tenants[tenant]["schedule"], at)
                said.add("closed" if "closed" in (own, zone) else "holiday" if "holiday" in (own, zone) else "open")
        self.note("schedules", said)
        if "open" in said:
            return None
        return "holiday" if "holiday" in said else "out-of-schedule"

    def without_permission(self, who):
        """Who is suspended by his home tenant hears that."""
        home = self.holders[who]["home"]
        return "person-suspended" if home in self.holders[who]["suspended_by"] else "no-assignment"

    # --- R261 to R279 ---

    def holds(self, who, clearance, at):
        """"held", "expired" or "missing"."""
        c = self.clearances.get((who, clearance))
        if c is None or c["removed"] or at < c["from"]:
            return "missing"
        return "expired" if c["until"] and at >= c["until"] else "held"

    def first_person(self, who, lane, at):
        day = self.calendar.day(at)
        for zone in self.park.newly_entered(lane):
            wanted = self.park.zones[zone]["first"]
            if wanted and (zone, day) not in self.opened:
                if self.holders[who]["vehicle"] or self.holds(who, wanted, at) != "held":
                    return "first-person-missing"
        return None

    def clearance(self, who, lane, at):
        if self.holders[who]["vehicle"]:
            return None
        said = {self.holds(who, c, at) for z in self.park.newly_entered(lane)
                for c in self.park.zones[z]["clearances"]}
        if "missing" in said:
            return "clearance-missing"
        return "clearance-expired" if "expired" in said else None

    def two_person(self, who, lane_name, at):
        """R268; the partner who is met is left in self.met."""
        lane = self.park.lanes[lane_name]
        wants = [z for z in self.park.newly_entered(lane)
                 if self.park.zones[z]["two"] and not self.head.inside(z)]
        if not wants:
            return None
        waiting = self.partner.get(lane_name)
        if waiting and waiting[0] != who and abs(at - waiting[1]) < lane["pair_ms"] * 1000:
            self.met = True
            return None
        return "partner-needed"

    def passback_rules(self, who, lane):
        holder = self.holders[who]
        for rule in self.park.passback.values():
            for_all = not rule["kinds"] and not rule["vehicles"]
            meant = for_all or (rule["vehicles"] if holder["vehicle"] else holder["kind"] in rule["kinds"])
            if meant and (not rule["tenants"] or holder["home"] in rule["tenants"]) and self.crosses(rule, lane):
                yield rule

    def crosses(self, rule, lane):
        """From outside of all its zones into one of them."""
        return (any(z in rule["zones"] for z in self.park.newly_entered(lane))
                and not any(z in rule["zones"] for z in self.park.path(lane["outer"])))

    def passback(self, who, lane, at):
        """The strictest of the rules that speak: reasons in their order."""
        said = set()
        since = max(self.forgiven.get(who, 0), self.forgiven_all)
        for rule in self.passback_rules(who, lane):
            if rule["mode"] == wire.TIMED:
                for p in self.head.of.get(who, []):
                    if (p.way_in and p.captured >= since and self.crosses(rule, self.park.lanes[p.lane])
                            and at < p.captured + rule["minutes"] * MINUTE):
                        said.add("passback-timed")
                continue
            state, last = self.head.now.get(who), self.head.latest(who)
            if state and state.inside and last.captured >= since \
                    and any(z in rule["zones"] for z in self.park.path(state.zone)):
                said.add("anti-passback" if rule["mode"] == wire.HARD else "granted-passback")
        return said

    def standing(self, at, fits):
        """Grants that stand open at an instant and lead where fits(lane) says."""
        out = []
        for name, grants in self.grants.items():
            if fits(self.park.lanes[name]):
                newest = [g for g in grants if g.standing][-STANDING_AT_A_LANE:]
                for g in newest:
                    if g.ended is None and at - g.captured <= self.park.lanes[name]["pass_ms"] * 1000:
                        out.append(g)
        return out

    def standing_persons(self, at, fits, but, of=lambda grant: True):
        return {g.holder for g in self.standing(at, fits)
                if g.holder is not None and not g.vehicle and g.holder not in but and of(g)}

    def zone_full(self, who, lane, at):
        for zone in self.park.newly_entered(lane):
            limit = self.park.zones[zone]["capacity"]
            if limit:
                inside = self.head.inside(zone)
                more = self.standing_persons(at, lambda l: zone in self.park.newly_entered(l), inside | {who})
                self.note(zone, "limit", limit, "inside", inside, "standing", more)
                if len(inside) + len(more) >= limit:
                    return "zone-full"
        return None

    def tenant_full(self, who, lane, at):
        if lane["outer"]:
            return None
        tenant = self.attribution(who, at)[1]
        limit = self.park.tenants[tenant]["capacity"]
        if not limit:
            return None
        inside = self.head.present_for(tenant)
        more = self.standing_persons(at, lambda l: not l["outer"], inside | {who}, lambda g: g.tenant == tenant)
        self.note(tenant, "limit", limit, "present", inside, "standing", more)
        return "tenant-full" if len(inside) + len(more) >= limit else None

    def crowd(self, who, lane, at):
        for zone in self.park.newly_entered(lane):
            limit = self.park.zones[zone]["crowd"]
            if limit:
                passed = [e for e in self.entries if zone in e[1] and e[0] > at - MINUTE]
                more = self.standing_persons(at, lambda l: zone in self.park.newly_entered(l),
                                             self.head.inside(zone) | {who})
                self.note(zone, "crowd", limit, "entries", len(passed), "standing", more)
                if len(passed) + len(more) >= limit:
                    return "crowd-limit"
        return None

    def escort(self, who, lane_name, at):
        holder = self.holders[who]
        lane = self.park.lanes[lane_name]
        wants = [z for z in self.park.newly_entered(lane) if self.park.zones[z]["escort"]]
        if holder["vehicle"] or holder["kind"] != wire.VISITOR or not wants:
            return None
        hosts = {v["host"] for v in self.visits_now(who, self.now)}
        for g in self.grants.get(lane_name, []):
            if (g.way_in and g.holder in hosts and g.ended != "not-taken"
                    and abs(at - g.captured) < lane["pair_ms"] * 1000):
                return None
        if any(all(host in self.head.inside(z) for z in wants) for host in hosts):
            return None
        return "escort-needed"

    def interlock(self, lane, at):
        other = lane["interlock"]
        if not other:
            return None
        held = self.held.get(other, (0, False))[1]
        return "interlock" if held or self.standing(at, lambda l: l is self.park.lanes[other]) else None

    def attribution(self, who, at, invited=None):
        cuts = {t: v["cut"] for t, v in self.park.tenants.items()}
        mine, visits = self.assignments.get(who, []), self.visits_now(who, at)
        inside = [a for a, _, _ in times.inside_shifts(self.calendar, self.park.shifts, mine, at)]
        valid = times.valid_on(self.calendar, cuts, mine, at)
        mine = [a for a in mine if a in inside or a in valid]
        return times.attribute(self.calendar, self.park.shifts, cuts, self.active(who, mine),
                               self.active(who, visits), self.holders[who]["home"], invited, at)

    def active(self, who, declared):
        """Without those of tenants for whom he may not enter, while another is left."""
        left = [d for d in declared if d["tenant"] not in self.tenants_off
                and d["tenant"] not in self.holders[who]["suspended_by"]]
        return left or declared

    # --- the verdict ---

    def present(self, lane_name, way_in, read, now):
        """Decides, and remembers what the decision leaves behind. (Verdict, grant or None)."""
        self.notes, self.met, self.order, self.pair = [], False, self.order + 1, None
        self.now = now  # R160 to R260 and the clearances are asked at the controller's own time
        lane = self.park.lanes[lane_name]
        at = self.captured(read, now)
        self.note("captured", self.calendar.text(at), "freshness", self.freshness(read))
        if way_in and lane["second"]:
            self.pair = self.pair_of(lane_name, lane, read, at)
        known = self.pair["known"] if self.pair else self.credential(read)
        reason = self.judge(lane_name, way_in, read, at)
        granted = reason in ("granted", "granted-passback", "exit", "lane-set-free")
        self.note("reason", reason)
        if reason == "partner-needed":
            who = known["holder"]
            if lane_name not in self.partner or self.partner[lane_name][1] <= at:
                self.partner[lane_name] = (who, at)
        if self.pair:
            self.settle_pair(lane_name, read, at, reason)
        if not granted:
            return Verdict("deny", reason), None
        if self.met:
            self.partner.pop(lane_name, None)
        return Verdict("grant", reason), self.grant(lane_name, way_in, read, at, known, reason)

    # --- R264, R265 ---

    def pair_of(self, lane_name, lane, read, at):
        """What the read is at a lane that wants two: `role` first, whole, wrong or nothing; `known`: whose
        credential the rules are asked about; `first`: the read that waits for it."""
        first = self.pending.get(lane_name)
        if first and abs(at - first["captured"]) >= lane["pair_ms"] * 1000:
            first = None
        mine = self.credential(read)
        if read["kind"] == wire.PIN:
            if first is None or first["kind"] == wire.FACE:
                return {"role": "alone", "known": None, "first": None}
            right = self.pins.get(first["known"]["holder"]) == read["credential"]
            return {"role": "whole" if right else "wrong", "known": first["known"], "first": first}
        if read["kind"] == wire.FACE and lane["second"] == wire.SECOND_PIN:
            return {"role": "nothing", "known": mine, "first": None}
        other = first if first and (first["kind"] == wire.FACE) != (read["kind"] == wire.FACE) else None
        if other and mine and mine["holder"] == other["known"]["holder"]:
            return {"role": "whole", "known": other["known"], "first": other}
        if other and read["kind"] == wire.FACE:
            return {"role": "wrong", "known": other["known"], "first": other}
        return {"role": "first", "known": mine, "first": None}

    def settle_pair(self, lane_name, read, at, reason):
        pair, waiting = self.pair, self.pending.get(lane_name)
        if pair["role"] == "first" and reason == "second-needed":
            if waiting is None or waiting["captured"] <= at:
                self.pending[lane_name] = {"known": pair["known"], "kind": read["kind"], "read": read, "captured": at,
                                           "tries": 0}
        elif pair["role"] == "wrong" and reason == "second-wrong":
            waiting["tries"] += 1
            if waiting["tries"] == WRONG_TRIES:
                del self.pending[lane_name]
        elif pair["role"] == "whole" and reason not in BEFORE_THE_CREDENTIAL:
            del self.pending[lane_name]

    def second(self):
        """R264, R265."""
        role = self.pair["role"] if self.pair else "whole"
        return {"whole": None, "wrong": "second-wrong"}.get(role, "second-needed")

    def grant(self, lane_name, way_in, read, at, known, reason):
        who = known["holder"] if known else None
        vehicle = who is not None and self.holders[who]["vehicle"]
        credentials = {(read["kind"], read["credential"])}
        if self.pair and self.pair["first"]:
            credentials.add((self.pair["first"]["kind"], self.pair["first"]["read"]["credential"]))
        grant = Grant(lane_name, at, who, credentials, vehicle)
        grant.way_in = grant.standing = way_in
        if read["received"] - at >= REPEAT_LATE:  # stands from when the gate acted, too
            grant.acted = min(read["received"], at + REPEAT_LATE_AT_MOST)
        if who is not None and way_in and not vehicle:
            grant.tenant = self.attribution(who, at)[1]
        self.grants.setdefault(lane_name, []).append(grant)
        return grant

    def judge(self, lane_name, way_in, read, at):
        """The first rule that applies decides."""
        lane = self.park.lanes[lane_name]
        if read["history"]:
            return "history"                                                                    # R10
        # R20 is the gate's: what it knows already it does not send
        if self.freshness(read) == "stale":
            return "stale-read"                                                                 # R30
        if not way_in:
            return "exit"                                                                       # R50
        mode = self.mode.get(lane_name, "normal")
        if mode == "locked":
            return "lane-locked"                                                                # R60
        if self.freshness(read) == "unknown" and not lane["unknown_clock"]:
            return "clock-unknown"                                                              # R80
        if mode == "free":
            return "lane-set-free"                                                              # R100
        repeat = self.repeat(lane_name, way_in, (read["kind"], read["credential"]), at)
        if repeat:
            return "repeat" if repeat == "open" else "repeat-passed"                            # R110, R120
        return (self.judge_credential(lane, read, at)
                or self.judge_holder(lane_name, read, at) or "granted")                         # R280

    def judge_credential(self, lane, read, at):
        if read["kind"] == wire.PLATE and not read["credential"]:
            return "no-plate" if read["raw"] == "无车牌" else "plate-not-read"                  # R130, R140
        proof = {wire.PROOF_RANDOM: "card-random-id", wire.PROOF_FAILED: "card-not-authentic",
                 wire.PROOF_SLOW: "relay-suspected"}.get(read["proof"])
        if proof:
            return proof                                                                        # R141 to R143
        known = self.pair["known"] if self.pair else self.credential(read)
        if known is None or (read["kind"] == wire.PIN and not self.pair):
            return "credential-unknown"                                                         # R150
        if known["revoked"]:
            return "credential-revoked"                                                         # R160
        if known["until"] and self.now >= known["until"]:
            return "credential-expired"                                                         # R180
        badge = read
        if self.pair and self.pair["first"] and read["kind"] in (wire.PIN, wire.FACE):
            badge = self.pair["first"]["read"]
        if self.pair and self.pair["role"] == "first" and read["kind"] == wire.FACE:
            return None
        if self.class_of(badge) < max(self.park.zones[z]["class"] for z in self.park.newly_entered(lane)):
            return "class-too-weak"                                                             # R190
        return None

    @staticmethod
    def class_of(read):
        if read["kind"] == wire.BADGE:
            return wire.AUTHENTICATED if read["proof"] == wire.PROOF_GIVEN else wire.UID_ONLY
        return wire.UID_ONLY if read["kind"] == wire.FACE else wire.BEARER

    def judge_holder(self, lane_name, read, at):
        lane = self.park.lanes[lane_name]
        who = (self.pair["known"] if self.pair else self.credential(read))["holder"]
        vehicle = self.holders[who]["vehicle"]
        if self.banned(who, self.now):
            return "park-ban"                                                                   # R200
        reason = (self.permit(who, lane, self.now)                                                    # R210 to R260
                  or self.first_person(who, lane, at)                                           # R261
                  or self.clearance(who, lane, self.now))                                             # R262, R263
        reason = reason or self.second()                                                        # R264, R265
        if reason:
            return reason
        if not vehicle:
            reason = self.two_person(who, lane_name, at)                                        # R268
        passback = self.passback(who, lane, at)
        if reason or "anti-passback" in passback:
            return reason or "anti-passback"                                                    # R269
        if not vehicle:
            reason = (self.zone_full(who, lane, at)                                             # R270
                      or self.tenant_full(who, lane, at)                                        # R271
                      or self.crowd(who, lane, at))                                             # R272
        if reason or "passback-timed" in passback:
            return reason or "passback-timed"                                                   # R273
        return (self.escort(who, lane_name, at)                                                 # R274
                or self.interlock(lane, at)                                                     # R275
                or ("granted-passback" if "granted-passback" in passback else None))            # R279

    # --- what happened ---

    def passage(self, lane_name, way_in, kind, grant, captured, now):
        """A lane's report. `grant`: of the presentation it names, or None."""
        self.order += 1
        self.notes = []
        lane = self.park.lanes[lane_name]
        if kind in (wire.HELD, wire.HELD_ENDED):
            if captured >= self.held.get(lane_name, (0, False))[0]:
                self.held[lane_name] = (captured, kind == wire.HELD)
            return
        if grant is None:
            return
        if kind == wire.NOT_TAKEN and grant.ended is None:
            grant.ended = "not-taken"
        if kind not in (wire.PASSED, wire.UNSENSED) or grant.ended == "passed":
            return
        grant.ended = "passed"
        if grant.holder is not None:
            self.count(lane_name, lane, way_in, grant.holder, kind == wire.UNSENSED, captured, now)

    def count(self, lane_name, lane, way_in, who, unsensed, captured, now):
        vehicle = self.holders[who]["vehicle"]
        row, tenant, day = self.attribution(who, captured)
        to, from_ = (lane["zone"], lane["outer"]) if way_in else (lane["outer"], lane["zone"])
        p = Passage(who, vehicle, captured, self.order, way_in, to, from_, tenant, day, unsensed)
        p.lane, p.row = lane_name, row
        self.note(row, tenant, times.date_text(day))
        if way_in and not vehicle:
            zones = self.park.newly_entered(lane)
            self.entries.append((captured, zones, who))
            local = self.calendar.day(captured)
            for zone in zones:
                first = self.park.zones[zone]["first"]
                if first and self.holds(who, first, captured) == "held":
                    self.opened.add((zone, local))
        self.head.add(p, now)
