"""Part 3 of docs/decision-rules.md: what passages change. Nothing is kept but the passages themselves; every
figure is worked out anew from all of them."""
from times import MINUTE, DAY

OUTSIDE = ""


class Passage:
    """One holder's way through a lane, as journalled."""

    def __init__(self, holder, vehicle, captured, order, way_in, zone_to, zone_from, tenant, day, unsensed):
        self.holder, self.vehicle = holder, vehicle
        self.captured, self.order = captured, order
        self.way_in, self.zone_to, self.zone_from = way_in, zone_to, zone_from
        self.tenant, self.day, self.unsensed = tenant, day, unsensed

    def place(self):  # H1
        return self.captured, self.order


class State:
    """Where a holder is: `zone` "" outside, else inside under (tenant, day) since an instant."""

    def __init__(self):
        self.inside, self.zone, self.count, self.since = False, OUTSIDE, None, 0


def step(state, p):
    """One passage (H2 to H6, H8). Yields what it changes: (what, (tenant, day), number)."""
    own = (p.tenant, p.day)
    if p.unsensed:
        yield "unsensed", own, 1
    from_outside = p.zone_from == OUTSIDE
    inner = p.zone_from != OUTSIDE and p.zone_to != OUTSIDE
    if p.way_in and (from_outside or not state.inside):  # H2, and H3 while inside
        if state.inside:
            yield "unpaired", state.count, 1
        if inner:
            yield "unpaired", own, 1
        yield "entries", own, 1
        if not state.inside or state.count != own:
            if state.inside:
                yield "present", state.count, -1
            yield "present", own, 1
        state.inside, state.count, state.zone, state.since = True, own, p.zone_to, p.captured
    elif inner:  # H5
        if state.inside:
            state.zone = p.zone_to
    elif state.inside:  # H4
        yield "exits", state.count, 1
        yield "present", state.count, -1
        state.inside, state.count, state.zone = False, None, OUTSIDE
    else:
        yield "exits", own, 1
        yield "unpaired", own, 1


class Headcount:
    def __init__(self, paths):
        self.paths = paths  # zone -> the zone and those around it
        self.of = {}        # holder -> passages in their order (H1)
        self.revision = {}  # (tenant, day) -> how often a late passage changed it
        self.now = {}       # holder -> State after all of them

    def changes(self, passages):
        """Every change of a day's figures, for comparison: sorted."""
        state, out = State(), []
        for p in passages:
            out += [(what, own, n, p.captured) for what, own, n in step(state, p)]
        return out

    def add(self, p, journalled):
        own = self.of.setdefault(p.holder, [])
        before = list(own)
        own.append(p)
        own.sort(key=Passage.place)
        state = State()
        for each in own:
            for _ in step(state, each):
                pass
        self.now[p.holder] = state
        late = own[-1] is not p or journalled - p.captured > MINUTE  # H7
        if late and not p.vehicle:
            for day in self.touched(before, own):
                self.revision[day] = self.revision.get(day, 0) + 1

    def touched(self, before, after):
        old, new = self.changes(before), self.changes(after)
        days = set()
        for change in old + new:
            if old.count(change) != new.count(change):
                days.add(change[1])
        return days

    def latest(self, holder):
        own = self.of.get(holder)
        return own[-1] if own else None

    def inside(self, zone):
        """Persons in the zone, inner zones included (H6)."""
        return {h for h, s in self.now.items()
                if s.inside and zone in self.paths[s.zone] and not self.of[h][0].vehicle}

    def present_for(self, tenant):
        return {h for h, s in self.now.items()
                if s.inside and s.count[0] == tenant and not self.of[h][0].vehicle}

    # --- figures ---

    def moves(self):
        """All passages of persons in one order of time and journal: (passage, days' changes, zone from, zone to)."""
        out = []
        for passages in self.of.values():
            if passages[0].vehicle:
                continue
            state = State()
            for p in passages:
                zone = state.zone
                changes = list(step(state, p))
                out.append((p, changes, zone, state.zone))
        return sorted(out, key=lambda move: move[0].place())

    def days(self):
        """{(tenant, day): figures}."""
        out, persons = {}, {}
        for p, changes, _, _ in self.moves():
            for what, own, n in changes:
                day = out.setdefault(own, {"persons": 0, "entries": 0, "exits": 0, "present": 0, "peak": 0,
                                           "peak_us": 0, "unpaired": 0, "unsensed": 0, "revision": 0})
                day[what] += n
                if what == "entries" and p.holder not in persons.setdefault(own, set()):
                    persons[own].add(p.holder)
                    day["persons"] += 1
                if day["present"] > day["peak"]:
                    day["peak"], day["peak_us"] = day["present"], p.captured
        for own, n in self.revision.items():
            if own in out:
                out[own]["revision"] = n
        return out

    def attended(self, holder):
        """{(tenant, day): [row of the first entry, its time, last exit, entries, exits]}."""
        out, state = {}, State()
        for p in self.of.get(holder, []):
            was_inside = state.inside  # an exit of one who is outside is no attendance (H4)
            for what, own, n in list(step(state, p)):
                if what == "entries" or (what == "exits" and was_inside):
                    day = out.setdefault(own, ["", 0, 0, 0, 0])
                    day[3 if what == "entries" else 4] += n
                    if what == "entries" and not day[1]:
                        day[0], day[1] = p.row, p.captured
                    elif what == "exits":
                        day[2] = p.captured
        return {own: day for own, day in out.items() if day[3]}

    def zone_day(self, zone, begin, end):
        """Present at the end of a local day (or now), and its peak."""
        present, peak = 0, 0
        for p, _, zone_from, zone_to in self.moves():
            if p.captured >= end:
                break
            if p.captured >= begin:
                peak = max(peak, present)
            present += (zone in self.paths[zone_to]) - (zone in self.paths[zone_from])
            if p.captured >= begin:
                peak = max(peak, present)
        return present, max(peak, present)
