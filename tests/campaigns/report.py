#!/usr/bin/python3
"""Writes what the campaigns reached into docs/reliability.md, between its two marks.

    report.py [--write] [--totals build/campaigns/totals.json]

Without --write: to standard output.
"""
import argparse
import json
import pathlib
import re

from run import ROOT, TOTALS, shares

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- totals: begin -->", "<!-- totals: end -->"


def table(totals):
    lines = ["| campaign | goal | reached | hours | last run | commit |", "|---|---|---|---|---|---|"]
    for name, row in shares().items():
        entry = totals.get(name, {"cases": 0, "seconds": 0, "runs": []})
        last = entry["runs"][-1] if entry["runs"] else {"date": "not yet", "commit": ""}
        lines.append(f"| `{name}` | {row['goal']:,} {row['unit']} | {entry['cases']:,} | {entry['seconds'] / 3600:.2f} | {last['date']} | "
                     f"{last['commit']} |")
    parts = totals.get("fuzz", {}).get("parts", {})
    if parts:
        lines += ["", "Executions by fuzz target: " + ", ".join(f"`{name.removeprefix('fuzz_')}` {count:,}"
                                                                for name, count in sorted(parts.items())) + "."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--totals", type=pathlib.Path, default=TOTALS)
    options = parser.parse_args()
    totals = json.loads(options.totals.read_text(encoding="utf-8")) if options.totals.exists() else {}
    text = table(totals)
    if not options.write:
        print(text)
        return
    page = PAGE.read_text(encoding="utf-8")
    fresh = re.sub(f"(?s){re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{text}\n{END}", page)
    PAGE.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
