"""Local time, weekly windows, and Part 2 of docs/decision-rules.md: whose day is it."""
import datetime
import os
import zoneinfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86400 * SECOND
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
ZONES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "zoneinfo")


class Calendar:
    """The wall clock of one IANA zone. Days are days since 1970, minutes are of the local day."""

    def __init__(self, name):
        with open(os.path.join(ZONES, name), "rb") as file:
            self.zone = zoneinfo.ZoneInfo.from_file(file, name)

    def local(self, us):
        """(day, microsecond of the day as the clock shows it)."""
        shown = (EPOCH + datetime.timedelta(microseconds=us)).astimezone(self.zone)
        of_day = ((shown.hour * 60 + shown.minute) * 60 + shown.second) * SECOND + shown.microsecond
        return shown.toordinal() - EPOCH_DAY, of_day

    def day(self, us):
        return self.local(us)[0]

    def instant(self, day, minute):
        """A time jumped over moves by the jump; one shown twice means the first."""
        day, minute = day + minute // 1440, minute % 1440
        naive = datetime.datetime.fromordinal(day + EPOCH_DAY) + datetime.timedelta(minutes=minute)
        told = naive.replace(tzinfo=self.zone, fold=0)
        return (told.astimezone(datetime.timezone.utc) - EPOCH) // datetime.timedelta(microseconds=1)

    def text(self, us):
        day, of_day = self.local(us)
        return f"{date_text(day)} {of_day // (60 * MINUTE):02}:{of_day // MINUTE % 60:02}:" \
               f"{of_day % MINUTE / SECOND:09.6f}"


def date_text(day):
    return datetime.date.fromordinal(day + EPOCH_DAY).isoformat()


def weekday(day):
    return datetime.date.fromordinal(day + EPOCH_DAY).weekday()


def window_open(windows, day, of_day, today):
    """Is one of these windows of `day` open when the clock shows of_day, on that day (today) or the next?"""
    for days, start, end in windows:
        if not days >> weekday(day) & 1:
            continue
        start, end = start * MINUTE, end * MINUTE
        over_night = end <= start
        if today and start <= of_day and (over_night or of_day < end):
            return True
        if not today and over_night and of_day < end:
            return True
    return False


def schedule_open(calendar, windows, holidays, us):
    """Weekly windows, where `holidays` says of some days which windows stand in their place."""
    day, of_day = calendar.local(us)
    return (window_open(holidays.get(day, windows), day, of_day, True)
            or window_open(holidays.get(day - 1, windows), day - 1, of_day, False))


# --- Part 2 ---

def by_cut(calendar, us, cut):
    """The local date; before the cut hour still the day before."""
    day, of_day = calendar.local(us)
    return day if of_day >= cut * MINUTE else day - 1


def shift_times(calendar, shift, day):
    """First instant that counts as inside, start, end."""
    start, end, early = shift["start"], shift["end"], shift["early"]
    begin = calendar.instant(day, start)
    return begin - early * MINUTE, begin, calendar.instant(day + 1 if end <= start else day, end)


def inside_shifts(calendar, shifts, assignments, us):
    """[(assignment, day, start)] of the shifts that cover the time."""
    found = []
    today = calendar.day(us)
    for assignment in assignments:
        for day in range(max(assignment["from"], today - 2), min(assignment["to"], today + 2) + 1):
            first, start, end = shift_times(calendar, shifts[assignment["shift"]], day)
            if first <= us < end:
                found.append((assignment, day, start))
    return found


def valid_on(calendar, cuts, assignments, us):
    """Those whose days include the local date, or the date by the tenant's cut hour."""
    today = calendar.day(us)
    return [a for a in assignments
            if a["from"] <= today <= a["to"]
            or a["from"] <= by_cut(calendar, us, cuts[a["tenant"]]) <= a["to"]]


def nearest(calendar, shifts, assignments, us):
    """(assignment, day) of the nearest start; on a tie the later start, then the handle that sorts first."""
    best = None
    today = calendar.day(us)
    for order, assignment in enumerate(assignments):
        days = {assignment["from"], assignment["to"]}
        days.update(d for d in range(today - 3, today + 4) if assignment["from"] <= d <= assignment["to"])
        for day in days:
            start = shift_times(calendar, shifts[assignment["shift"]], day)[1]
            key = (abs(us - start), -start, order)
            if best is None or key < best[0]:
                best = (key, assignment, day)
    return best[1], best[2]


def attribute(calendar, shifts, cuts, assignments, visits, home, invited, us):
    """(row, tenant, business day). `assignments` in the order of their handles; `visits` of the
    person, with from, until and tenant; `invited`: the tenant with whose vehicle he comes, or None."""
    inside = inside_shifts(calendar, shifts, assignments, us)
    if len(inside) == 1:
        return "in-shift", inside[0][0]["tenant"], inside[0][1]
    if inside:
        order = {id(a): i for i, a in enumerate(assignments)}
        assignment, day, _ = min(inside, key=lambda f: (abs(us - f[2]), f[2], order[id(f[0])]))
        return "in-shifts", assignment["tenant"], day
    valid = valid_on(calendar, cuts, assignments, us)
    if len(valid) == 1:
        one = valid[0]
        day = by_cut(calendar, us, cuts[one["tenant"]])
        if not one["from"] <= day <= one["to"]:
            day = calendar.day(us)
        return "cut-hour", one["tenant"], day
    if valid:
        assignment, day = nearest(calendar, shifts, valid, us)
        return "nearest-shift", assignment["tenant"], day
    now = [v for v in visits if v["from"] <= us < v["until"]]
    if now:
        tenant = max(now, key=lambda v: (v["from"], v["order"]))["tenant"]
        return "invited", tenant, by_cut(calendar, us, cuts[tenant])
    if invited is not None:
        return "invited", invited, by_cut(calendar, us, cuts[invited])
    return "undeclared", home, by_cut(calendar, us, cuts[home])
