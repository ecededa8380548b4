"""Random parks: each world draws one, so that every rule meets every other in some of them."""
import datetime
import random

import times
import wire
from rules import Park

CITIES = (("Asia/Shanghai", None), ("Asia/Shanghai", None), ("Europe/Berlin", "2026-03-28"),
          ("Europe/Berlin", "2026-10-24"), ("America/New_York", "2026-10-31"))


def draw(rng):
    """(Park, instant at which its story begins)."""
    park = Park()
    park.time_zone, date = rng.choice(CITIES)
    date = datetime.date.fromisoformat(date) if date else \
        datetime.date(2026, 3, 2) + datetime.timedelta(rng.randrange(60))
    day = date.toordinal() - times.EPOCH_DAY
    draw_times(park, rng, day)
    draw_zones(park, rng)
    draw_lanes(park, rng)
    draw_tenants(park, rng)
    draw_passback(park, rng)
    return park, times.Calendar(park.time_zone).instant(day, rng.randrange(5 * 60, 23 * 60))


def draw_times(park, rng, day):
    park.shifts = {"day": {"start": 480, "end": 1020, "early": 30},
                   "night": {"start": 1320, "end": 420, "early": 30},
                   "late": {"start": 840, "end": 1380, "early": rng.choice((0, 60))},
                   "small": {"start": rng.choice((0, 120, 150, 300)), "end": 600, "early": 15}}
    park.schedules = {"week": [(0x1f, 360, 1320), (0x60, 480, 720)],
                      "nights": [(0x7f, 1320, 360), (0x7f, 600, 900)],
                      "short": [(0x7f, rng.randrange(0, 600), rng.randrange(660, 1440))]}
    for _ in range(rng.randrange(3)):
        off = day + rng.randrange(4)
        park.holidays[off] = (times.date_text(off), rng.choice(("", "short")))


def zone(parent, **more):
    return {"parent": parent, "class": wire.BEARER, "capacity": 0, "soft": 0, "crowd": 0, "schedule": "",
            "first": "", "clearances": [], "two": False, "escort": False} | more


def draw_zones(park, rng):
    maybe = lambda share, value, other: value if rng.random() < share else other
    park.clearances = ["forklift", "induction", "leader"]
    park.zones = {"yard": zone("", capacity=maybe(0.3, rng.randrange(2, 8), 0), crowd=maybe(0.3, rng.randrange(2, 5), 0)),
                  "hall": zone("yard", capacity=maybe(0.5, rng.randrange(1, 5), 0),
                               first=maybe(0.3, "leader", ""), crowd=maybe(0.2, rng.randrange(1, 4), 0)),
                  "vault": zone("hall", two=maybe(0.6, True, False), schedule=maybe(0.2, "week", "")),
                  "lab": zone("yard", escort=maybe(0.7, True, False)),
                  "bonded": zone("yard")}
    for name, z in park.zones.items():
        if name != "yard" or rng.random() < 0.2:
            z["class"] = rng.choice((wire.BEARER, wire.BEARER, wire.UID_ONLY, wire.AUTHENTICATED))
            z["schedule"] = z["schedule"] or maybe(0.2, rng.choice(list(park.schedules)), "")
            z["clearances"] = maybe(0.25, rng.sample(park.clearances[:2], rng.randrange(1, 3)), [])
        if z["capacity"]:
            z["soft"] = maybe(0.3, max(1, z["capacity"] - 1), 0) if z["capacity"] > 1 else 0


def lane(gate, zone, outer, direction, **more):
    return {"gate": gate, "zone": zone, "outer": outer, "direction": direction, "vehicles": False, "sensor": True,
            "open_ms": 3000, "pass_ms": 5000, "unknown_clock": False, "second": 0, "pair_ms": 10000,
            "driver": False, "interlock": ""} | more


def draw_lanes(park, rng):
    park.lanes = {
        "in-1": lane(0, "yard", "", wire.IN, unknown_clock=rng.random() < 0.3),
        "in-2": lane(1, "yard", "", wire.IN, pass_ms=rng.choice((3000, 20000))),
        "out-1": lane(0, "yard", "", wire.OUT),
        "out-2": lane(1, "yard", "", wire.OUT),
        "both": lane(0, "yard", "", wire.BOTH),
        "bare": lane(1, "yard", "", wire.IN, sensor=False, open_ms=rng.choice((2000, 8000))),
        "hall-in": lane(0, "hall", "yard", wire.IN),
        "hall-out": lane(0, "hall", "yard", wire.OUT),
        "hall-street": lane(1, "hall", "", wire.IN),
        "vault-in": lane(0, "vault", "hall", wire.IN, pair_ms=rng.choice((3000, 10000))),
        "vault-out": lane(0, "vault", "hall", wire.OUT),
        "lab-in": lane(1, "lab", "yard", wire.IN),
        "lab-out": lane(1, "lab", "yard", wire.OUT),
        "bonded-both": lane(1, "bonded", "yard", wire.BOTH),
        "pin": lane(0, "yard", "", wire.IN, second=wire.SECOND_PIN),
        "face": lane(1, "yard", "", wire.IN, second=wire.SECOND_FACE, pair_ms=rng.choice((3000, 10000))),
        "truck-in": lane(0, "yard", "", wire.IN, vehicles=True),
        "truck-out": lane(0, "yard", "", wire.OUT, vehicles=True)}
    if rng.random() < 0.3:
        park.lanes["in-1"]["interlock"], park.lanes["in-2"]["interlock"] = "in-2", "in-1"


def draw_tenants(park, rng):
    for name, zones in (("acme", ["yard"]), ("beta", ["yard"]), ("solo", ["yard"])):
        if name == "beta" and rng.random() < 0.5:
            zones = ["hall", "lab"]
        if name == "solo" and rng.random() < 0.5:
            zones = ["bonded", "yard"][:rng.randrange(1, 3)]
        park.tenants[name] = {"zones": zones, "cut": rng.choice((0, 240, 360)), "capacity":
                              rng.randrange(2, 6) if rng.random() < 0.3 else 0,
                              "schedule": rng.choice(list(park.schedules)) if rng.random() < 0.2 else ""}


def draw_passback(park, rng):
    for number in range(rng.choice((0, 1, 1, 2))):
        mode = rng.choice((wire.HARD, wire.SOFT, wire.TIMED))
        park.passback[f"rule-{number}"] = {
            "mode": mode, "minutes": rng.randrange(1, 30) if mode == wire.TIMED else 0,
            "zones": rng.choice((["yard"], ["hall"], ["hall", "lab"], ["yard", "vault"])),
            "kinds": rng.choice(([], [], [wire.STAFF], [wire.STAFF, wire.VISITOR])),
            "vehicles": rng.random() < 0.3, "tenants": rng.choice(([], [], ["acme"], ["acme", "solo"]))}
