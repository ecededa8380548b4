"""The contract's numbers (schema/*.proto, schema/kinds.h) and as much of protobuf as writing needs."""


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(fields):
    """{number: int, bool, str, bytes or a list of them}; what is empty is left out."""
    out = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                one = one.encode()
            if isinstance(one, bytes):
                out += varint(number << 3 | 2) + varint(len(one)) + one if one else b""
            elif one or isinstance(value, list):
                out += varint(number << 3) + varint(int(one))
    return out


SITE, ZONE, GATE, LANE, READER, BOARD, TENANT, SHIFT, SCHEDULE, HOLIDAY, CLEARANCE, PASSBACK = range(1, 13)
IN, OUT, BOTH = 1, 2, 3
DRIVER_JSON = 9
CAMERAS = (2, 4, 5)
BADGE, PLATE, FACE, QR, PIN = 1, 2, 3, 4, 5
BEARER, UID_ONLY, AUTHENTICATED = 0, 1, 2
PROOF_NONE, PROOF_GIVEN, PROOF_FAILED, PROOF_SLOW, PROOF_RANDOM = range(5)
HARD, SOFT, TIMED = 1, 2, 3
STAFF, DAY_WORKER, DRIVER, VISITOR = 1, 2, 3, 4
KIND_WORDS = {STAFF: "staff", DAY_WORKER: "day", DRIVER: "driver", VISITOR: "visitor"}
PASSED, NOT_TAKEN, FORCED, HELD, TAILGATED, UNSENSED, HELD_ENDED = range(1, 8)
SECOND_PIN, SECOND_FACE = 1, 2


def row(kind, name, body):
    return message({1: kind, 2: name, 3: message(body)})


def rows_of(park):
    """The park of rules.Park as packed ParkRows."""
    out = [row(SITE, "park", {1: "The park", 3: park.time_zone})]
    for name, z in park.zones.items():
        out.append(row(ZONE, name, {
            1: z["parent"], 2: name, 4: z["class"], 5: z["capacity"], 6: z["schedule"], 7: z["clearances"],
            8: z["soft"], 11: z["crowd"], 12: bool(z["first"]), 13: z["first"], 14: z["two"], 15: z["escort"]}))
    for gate in (0, 1):
        out.append(row(GATE, f"gate-{gate}", {1: f"gate {gate}"}))
        out.append(row(BOARD, f"board-{gate}", {1: f"gate-{gate}", 2: "tcp", 3: "127.0.0.1:502", 10: 20, 13: 100, 14: 1, 15: 63}))
    for number, (name, l) in enumerate(park.lanes.items()):
        out.append(row(LANE, name, {
            1: f"gate-{l['gate']}", 4: l["direction"], 5: l["vehicles"], 6: l["zone"], 7: l["outer"],
            8: f"board-{l['gate']}", 9: number, 10: l["open_ms"], 11: l["pass_ms"], 12: l["sensor"], 13: number,
            22: l["unknown_clock"], 29: l["second"], 30: l["pair_ms"], 31: l["driver"], 32: l["interlock"]}))
        for suffix, way in (("in", IN), ("out", OUT)):
            if l["direction"] in (way, BOTH):
                out.append(row(READER, f"{name}-{suffix}", {
                    1: name, 2: CAMERAS[number % 3] if l["vehicles"] and not l["driver"] else DRIVER_JSON, 3: "any", 4: way if l["direction"] == BOTH else 0, 5: "/json/x"}))
    for name, t in park.tenants.items():
        out.append(row(TENANT, name, {1: name, 3: t["zones"], 4: t["cut"], 5: t["schedule"], 6: t["capacity"]}))
    for name, s in park.shifts.items():
        out.append(row(SHIFT, name, {1: s["start"], 2: s["end"], 3: s["early"]}))
    for name, windows in park.schedules.items():
        out.append(row(SCHEDULE, name, {1: [w[0] for w in windows], 2: [w[1] for w in windows],
                                        3: [w[2] for w in windows]}))
    for day, (date, schedule) in park.holidays.items():
        out.append(row(HOLIDAY, date, {1: day, 4: schedule}))
    for name in park.clearances:
        out.append(row(CLEARANCE, name, {1: name}))
    for name, p in park.passback.items():
        out.append(row(PASSBACK, name, {1: p["zones"], 2: p["mode"], 3: p["minutes"], 4: p["kinds"],
                                        5: p["vehicles"], 6: p["tenants"]}))
    return out


def presentation(lane, reader, read):
    """A packed Event of kind presentation."""
    return message({3: 1, 4: lane, 5: reader, 6: read["captured"], 7: read["received"],
                    8: read["offset_unknown"], 9: read["history"], 10: read.get("sent_kind", read["kind"]), 11: read["class"],
                    12: read["credential"], 13: read["raw"], 16: read["device_event"], 29: read["proof"]})


def passage(lane, kind, shown, captured, received):
    return message({3: 2, 4: lane, 6: captured, 7: received, 17: shown, 21: kind})
