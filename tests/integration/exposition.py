"""A strict reader of Prometheus' text format, version 0.0.4, written from its documentation ("Exposition formats",
text-based format) and from its naming rules. What a lenient reader would let pass is an error here:

* lines end in one LF, the last one too; no blank lines, no blanks at a line's end, UTF-8 without control characters;
* HELP, then TYPE, each once a metric and before its samples; all lines of a metric stand together;
* names and label names are of their alphabets, label values escape backslash, quote and LF and nothing else;
* values are Go floats; a counter is no less than 0 and its name ends in _total; no name and label set stands twice;
* a histogram has its buckets with `le` ascending and counts that never fall, +Inf last and equal to _count, and _sum.
"""
import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
VALUE = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|Inf|NaN)")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


class Wrong(Exception):
    """The page breaks a rule; the text says which, and where."""


class Family:
    """One metric: `samples` is [(name, labels as a dict, value as a float)], as they stand."""

    def __init__(self, name):
        self.name, self.help, self.type, self.samples = name, None, None, []

    def owns(self, name):
        ends = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
        return name in [self.name + end for end in ends.get(self.type, ("",))]


def _labels(text, line):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match:
            raise Wrong(f"labels cannot be read: {line}")
        name, value = match[1], match[2]
        if name in labels or name.startswith("__"):
            raise Wrong(f"label {name} twice, or reserved: {line}")
        labels[name] = re.sub(r'\\(.)', lambda escape: {"n": "\n"}.get(escape[1], escape[1]), value)
        at = match.end()
        if at < len(text):
            if text[at] != "," or at + 1 == len(text):
                raise Wrong(f"labels are not parted by one comma: {line}")
            at += 1
    return labels


def _sample(line):
    match = re.fullmatch(rf"({NAME.pattern})(?:\{{(.*)\}})? ({VALUE.pattern})", line)
    if not match:
        raise Wrong(f"no sample: {line!r}")
    if match[2] == "":
        raise Wrong(f"empty braces: {line}")
    return match[1], _labels(match[2] or "", line), float(match[3].replace("Inf", "inf").replace("NaN", "nan"))


def _comment(line):
    match = re.fullmatch(rf"# (HELP|TYPE) ({NAME.pattern}) (.+)", line)
    if not match:
        raise Wrong(f"neither HELP nor TYPE: {line!r}")
    if match[1] == "TYPE" and match[3] not in TYPES:
        raise Wrong(f"no such type: {line}")
    if match[1] == "HELP" and re.search(r"\\(?![\\n])", match[3]):
        raise Wrong(f"a lone backslash: {line}")
    return match[1], match[2], match[3]


def _check_histogram(family):
    series = {}
    for name, labels, value in family.samples:
        kind = name[len(family.name):]
        bound = labels.get("le")
        if (kind == "_bucket") != (bound is not None):
            raise Wrong(f"{name}: le belongs to buckets, and each has one")
        key = tuple(sorted(item for item in labels.items() if item[0] != "le"))
        series.setdefault(key, {"_bucket": [], "_sum": [], "_count": []})[kind].append(
            (float(bound.replace("Inf", "inf")), value) if bound is not None else value)
    for key, parts in series.items():
        bounds = [bound for bound, _ in parts["_bucket"]]
        counts = [count for _, count in parts["_bucket"]]
        if bounds != sorted(set(bounds)) or not bounds or bounds[-1] != math.inf:
            raise Wrong(f"{family.name}{dict(key)}: bounds do not rise to +Inf")
        if counts != sorted(counts):
            raise Wrong(f"{family.name}{dict(key)}: a count falls")
        if parts["_count"] != counts[-1:] or len(parts["_sum"]) != 1:
            raise Wrong(f"{family.name}{dict(key)}: _count is not the last bucket's, or no _sum")


def _check(family):
    if family.type is None or family.help is None:
        raise Wrong(f"{family.name}: no HELP or no TYPE")
    if not family.samples:
        raise Wrong(f"{family.name}: no sample")
    if family.type == "histogram":
        _check_histogram(family)
    if (family.type == "counter") != family.name.endswith("_total"):
        raise Wrong(f"{family.name}: counters alone end in _total")
    if family.type == "counter" and any(not value >= 0 for _, _, value in family.samples):
        raise Wrong(f"{family.name}: a counter below 0")


def read(page):
    """{name: Family} of a page as bytes."""
    text = page.decode("utf-8")
    if text and not text.endswith("\n"):
        raise Wrong("the last line does not end")
    families, open_family, seen = {}, None, set()
    for line in text.split("\n")[:-1]:
        if line == "" or line != line.strip() or re.search(r"[\x00-\x1f\x7f]", line):
            raise Wrong(f"a blank line, blanks at an end, or a control character: {line!r}")
        if line.startswith("#"):
            what, name, rest = _comment(line)
            if open_family is None or open_family.name != name:
                if name in families:
                    raise Wrong(f"{name}: its lines do not stand together")
                open_family = families[name] = Family(name)
            place = what.lower()
            if getattr(open_family, place) is not None or open_family.samples:
                raise Wrong(f"{what} twice, or behind samples: {line}")
            if what == "TYPE" and open_family.help is None:
                raise Wrong(f"TYPE before HELP: {line}")
            setattr(open_family, place, rest)
            continue
        name, labels, value = _sample(line)
        if open_family is None or not open_family.owns(name):
            raise Wrong(f"a sample of no open metric: {line}")
        key = (name, tuple(sorted(labels.items())))
        if key in seen:
            raise Wrong(f"twice: {line}")
        seen.add(key)
        open_family.samples.append((name, labels, value))
    for family in families.values():
        _check(family)
    return families


def value_of(families, name, **labels):
    """The value of one sample."""
    for family in families.values():
        for sample, have, value in family.samples:
            if sample == name and have == labels:
                return value
    raise KeyError(f"{name}{labels}")


def check_bounds(families):
    """Each `x_limit` stands right behind its `x`, a gauge of the same unit, with labels that x has, too. Returns how
    many."""
    names, count = list(families), 0
    for at, name in enumerate(names):
        if name.endswith("_limit"):
            base = families[name[:-len("_limit")]]
            if names[at - 1] != base.name or families[name].type != "gauge":
                raise Wrong(f"{name} does not stand behind {base.name}, or is no gauge")
            have = [labels for _, labels, _ in base.samples]
            for _, labels, _ in families[name].samples:
                if labels not in have:
                    raise Wrong(f"{name}{labels} bounds nothing")
            count += 1
    return count
