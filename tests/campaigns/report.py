#!/usr/bin/python3
"""Writes what the campaigns reached, and who caught which seeded bug, into docs/reliability.md, between its marks.

    report.py [--write]

From shares.toml, totals.json and tests/bugs/caught.json. Without --write: says whether the page is out of date (status 1).
"""
import argparse
import json
import re
import sys
import tomllib

from run import ROOT, TOTALS, shares

PAGE = ROOT / "docs" / "reliability.md"
BUGS = ROOT / "tests" / "bugs"


def read(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def share_of_ci(row):
    return f"{row['seconds']} s" if row["seconds"] else f"`{row['elsewhere']}`"


def gap(reached, goal):
    return "reached" if reached >= goal else f"{goal - reached:,} to go ({reached / goal:.1%} done)" if reached else "not run yet"


def totals_table():
    totals = read(TOTALS)
    lines = ["| campaign | goal | reached | hours | an hour | gap | share of CI | last run | commit |", "|---|---|---|---|---|---|---|---|---|"]
    for name, row in shares().items():
        entry = totals.get(name, {"cases": 0, "seconds": 0, "runs": []})
        last = entry["runs"][-1] if entry["runs"] else {"date": "", "commit": ""}
        hours = entry["seconds"] / 3600
        rate = f"{entry['cases'] / hours:,.0f}" if hours else ""
        lines.append(f"| `{name}` | {row['goal']:,} {row['unit']} | {entry['cases']:,} | {hours:.2f} | {rate} | "
                     f"{gap(entry['cases'], row['goal'])} | {share_of_ci(row)} | {last['date']} | {last['commit']} |")
    parts = totals.get("fuzz", {}).get("parts", {})
    if parts:
        lines += ["", "Executions by fuzz target: " + ", ".join(f"`{name.removeprefix('fuzz_')}` {count:,}"
                                                                for name, count in sorted(parts.items())) + "."]
    return "\n".join(lines)


def bugs_table():
    kept = read(BUGS / "caught.json")
    bugs = tomllib.loads((BUGS / "bugs.toml").read_text(encoding="utf-8"))
    lines = ["| bug | in | caught by | last | its words |", "|---|---|---|---|---|"]
    for name, row in bugs.items():
        files = sorted({change["file"] for change in row.get("changes", [row])})
        said = kept.get(name, {}).get("said", "not run yet").replace("|", "/").replace("`", "'").replace("[ ", "[").replace(" ]", "]")
        lines.append(f"| {name.replace('-', ' ')} | {' '.join(f'`{file}`' for file in files)} | `{row['campaign']}` | "
                     f"{kept.get(name, {}).get('date', '')} | {said} |")
    caught = sum(name in kept for name in bugs)
    return f"{len(bugs)} seeded bugs, {caught} caught when they were played last, {len(bugs) - caught} not.\n\n" + "\n".join(lines)


def fresh_page(page):
    for mark, text in (("totals", totals_table()), ("bugs", bugs_table())):
        begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            sys.exit(f"{PAGE} has no place for {mark}: {begin} ... {end}")
        page = re.sub(f"(?s){re.escape(begin)}.*?{re.escape(end)}", lambda _, text=text: f"{begin}\n{text}\n{end}", page)
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    fresh = fresh_page(page)
    if options.write:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != page:
        sys.exit(f"{PAGE} is out of date: scripts/campaign.sh --report")


if __name__ == "__main__":
    main()
