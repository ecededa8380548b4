#!/usr/bin/env python3
"""docs/demo.svg from what a run of the demo printed.

    scripts/demo.sh --once | tee LOG; tests/demo/picture.py LOG > docs/demo.svg

Of each scene as many lines are kept as KEEP says (FIRST of it, then LAST), the rest is a dot line. Standard library only.
"""
import html
import re
import sys
import unicodedata

CHAR, LINE, LEFT, TOP = 8.4, 19, 18, 56
TITLE = "Parkgate: a morning at four gates (scripts/demo.sh --once, cut at …)"
KEEP = [("A park in", 1, 0), ("Rosters of eight", 2, 1), ("office's morning", 0, 0), ("Before dawn", 1, 0),
        ("night shift comes back", 0, 0), ("day shift comes", 4, 2), ("killed in the middle", 9, 0), ("Latecomers", 3, 0),
        ("Lanes that ask", 10, 0), ("fire drill", 9, 0), ("Headcount a tenant", 6, 0), ("Refusals by", 2, 0),
        ("journal against the arms", 3, 0), ("Checks of the whole", 9, 0), ("", 0, 0)]
COLOURS = [(r"^── ", "#7fd1ff"), (r"kill -9|refused:|forced|tailgated|by-hand", "#ff9a8d"), (r"open after|back, every|served by the gates|key was turned|out or were", "#ffce70"),
           (r"^ *\[ *[\d.]+ s\]", "#e6d9ff"), (r" ok$|^All as expected", "#9be59b"), ("^…$", "#777"), (r"^\$", "#ffffff"), ("", "#d8dee6")]


def scenes(lines):
    """Each heading with what stands under it."""
    found = []
    for line in lines:
        if line.startswith("── "):
            found.append([line])
        elif found and line.strip():
            found[-1].append(line)
    return found


def chosen(lines):
    last = next((line for line in reversed(lines) if line.startswith("All as expected")), None)
    if last is None:
        sys.exit("this run did not come out as expected: no picture of it")
    out = ["$ scripts/demo.sh --once"]
    for heading, *under in scenes(lines):
        first, end = next((first, end) for word, first, end in KEEP if word in heading)
        under = [line for line in under if line != last]
        if first + end == 0:
            out += ["…"] if out[-1] != "…" else []
            continue
        out += [heading, *under[:first]]
        if len(under) > first + end:
            out += ["…"]
        out += under[max(first, len(under) - end):] if end else []
    return out + ["", last]


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def pieces(line):
    """(column, text): runs between two or more blanks, Chinese apart, so that each keeps its place whatever the font."""
    for run in re.finditer(r"\S+(?: \S+)*", line):
        at = run.start()
        for piece in re.finditer(r"[⺀-鿿＀-￯]+|[^⺀-鿿＀-￯]+", run[0]):
            if piece[0].strip():
                lead = len(piece[0]) - len(piece[0].lstrip())
                yield width(line[:at + piece.start() + lead]), piece[0].strip()


def picture(lines):
    across = LEFT * 2 + CHAR * max(width(line) for line in lines)
    high = TOP + LINE * len(lines) + 8
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{high}" viewBox="0 0 {across:.0f} {high}" role="img">\n'
           f'<title>{html.escape(TITLE)}</title>\n<rect width="{across:.0f}" height="{high}" rx="8" fill="#14181d"/>'
           f'<rect width="{across:.0f}" height="30" rx="8" fill="#242a31"/>\n')
    for x, colour in ((20, "#ff6159"), (38, "#ffbd2e"), (56, "#28c941")):
        yield f'<circle cx="{x}" cy="15" r="5" fill="{colour}"/>'
    yield (f'\n<text x="{across / 2:.0f}" y="20" fill="#98a2ad" font-family="sans-serif" font-size="13" text-anchor="middle">{html.escape(TITLE)}</text>\n'
           "<g font-family=\"'DejaVu Sans Mono','Noto Sans Mono',Menlo,Consolas,'Noto Sans CJK SC',monospace\" font-size=\"14\" xml:space=\"preserve\">\n")
    for number, line in enumerate(lines):
        colour = next(colour for pattern, colour in COLOURS if re.search(pattern, line))
        for column, text in pieces(line):
            yield (f'<text x="{LEFT + CHAR * column:.1f}" y="{TOP + LINE * number}" fill="{colour}" '
                   f'textLength="{CHAR * width(text):.1f}" lengthAdjust="spacingAndGlyphs">{html.escape(text, quote=False)}</text>\n')
    yield "</g>\n</svg>\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as log:
        sys.stdout.write("".join(picture(chosen(log.read().splitlines()))))
