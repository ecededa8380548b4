#!/usr/bin/env python3
"""Writes civil_vectors.h: what Python's zoneinfo makes of the zones in tests/data/zoneinfo
(files of Debian's tzdata 2025b, public domain).

Run by hand when those files change:  python3 civil_vectors.py > civil_vectors.h
"""
import datetime
import pathlib
import random
import zoneinfo

DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "zoneinfo"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
zoneinfo.reset_tzpath([str(DATA)])


def at(year, month=1, day=1):
    return int((datetime.datetime(year, month, day, tzinfo=datetime.timezone.utc) - EPOCH).total_seconds())


def local(seconds, zone):
    return (EPOCH + datetime.timedelta(seconds=seconds)).astimezone(zone)


def changes(zone, first, last):
    """Instants at which the offset changes: steps of 6 h, then halving."""
    step, found, s = 6 * 3600, [], first
    while s < last:
        if local(s, zone).utcoffset() != local(s + step, zone).utcoffset():
            low, high = s, s + step
            while high - low > 1:
                mid = (low + high) // 2
                if local(mid, zone).utcoffset() == local(s, zone).utcoffset():
                    low = mid
                else:
                    high = mid
            found.append(high)
        s += step
    return found


def main():
    rng = random.Random(20260501)
    print("/* Made by civil_vectors.py from tests/data/zoneinfo; do not edit. */\n/* clang-format off */")
    print("#pragma once\n\n#include <stdint.h>\n")
    print("/* An instant, and the local date (days since 1970), second of that day and offset. */")
    print("static const struct {\n    const char *zone;\n    int64_t utc_s;\n    int32_t day;\n"
          "    int32_t second_of_day;\n    int32_t offset_s;\n} instants[] = {")
    back = []
    for path in sorted(p for p in DATA.rglob("*") if p.is_file()):
        name = str(path.relative_to(DATA))
        zone = zoneinfo.ZoneInfo(name)
        edges = []
        for first, last in ((1940, 1942), (1986, 1993), (2011, 2012), (2025, 2027), (2036, 2039), (2100, 2101), (2400, 2401)):
            edges += changes(zone, at(first), at(last))
        points = [e + d for e in edges for d in (-1, 0)]
        points += [rng.randrange(at(1880), at(2600)) for _ in range(20)]
        for s in sorted(points):
            there = local(s, zone)
            day = there.date().toordinal() - datetime.date(1970, 1, 1).toordinal()
            second = there.hour * 3600 + there.minute * 60 + there.second
            print(f'    {{"{name}", {s}, {day}, {second}, {int(there.utcoffset().total_seconds())}}},')
        for e in edges:
            for d in (-3600, -1800, -60, 0, 60, 1800, 3600):
                for offset in {local(e - 1, zone).utcoffset(), local(e, zone).utcoffset()}:
                    back.append((name, zone, EPOCH.replace(tzinfo=None) + datetime.timedelta(seconds=e + d) + offset))
    print("};\n\n/* A local date and minute, and the first instant that shows it (fold 0). */")
    print("static const struct {\n    const char *zone;\n    int32_t day;\n    int32_t minute;\n    int64_t utc_s;\n} locals[] = {")
    for name, zone, naive in back:
        naive = naive.replace(second=0)
        day = naive.date().toordinal() - datetime.date(1970, 1, 1).toordinal()
        utc = naive.replace(tzinfo=zone, fold=0)
        seconds = int((utc.astimezone(datetime.timezone.utc) - EPOCH).total_seconds())
        print(f'    {{"{name}", {day}, {naive.hour * 60 + naive.minute}, {seconds}}},')
    print("};")


main()
