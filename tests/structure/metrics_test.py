"""Goal: every bound stands beside a figure or has a reason why not, every figure is explained, and no label can name a
person. Method: schema/metrics.c, schema/limits.h and docs/metrics.md as text; then wrong copies of them."""
import re
import unittest

import tree

STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
# What a label may be: names of the park file, and words that stand in the sources.
LABELS = {"", "store", "table", "kind", "zone", "gate", "gate,state", "quantile", "state", "device", "device,state"}
TYPES = {"GAUGE": "gauge", "TOTAL": "counter", "TIMES": "histogram"}


def bounds_of(text):
    return re.findall(r"\b(LIMIT_\w+)\s*=", text)


def registry(text):
    """[(name, type, bounds, label, English, Chinese)] of the table of metrics."""
    table = text[text.index("struct metric_spec metrics"):text.index("struct metric_unshown")]
    rows = []
    for row in re.findall(r"\[METRIC_\w+\] = \{(.*?)\},\n(?=    \[|\n|\};)", table, re.S):
        texts = STRING.findall(re.sub(r'"\s*\n\s*"', "", row))
        rows.append((texts[0], TYPES[re.search(r"\b(GAUGE|TOTAL|TIMES)\b", row)[1]], re.findall(r"LIMIT_\w+", row),
                     texts[-3] if len(texts) > 3 else "", texts[-2], texts[-1]))
    return rows


def unshown(text):
    return re.findall(r'\{"(LIMIT_\w+)", "([^"]+)"\}', text[text.index("struct metric_unshown"):])


def page_rows(text):
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in text.splitlines() if line.startswith("| `")]


def uncovered(limits, metrics):
    """What is wrong between the bounds and the two tables."""
    shown = {bound for row in registry(metrics) for bound in row[2]}
    excused = [bound for bound, _ in unshown(metrics)]
    known = bounds_of(limits)
    wrong = [f"{bound}: no metric and no reason in schema/metrics.c" for bound in known
             if bound not in shown and bound not in excused]
    wrong += [f"{bound}: shown, and excused all the same" for bound in excused if bound in shown]
    wrong += [f"{bound}: no such bound" for bound in sorted((shown | set(excused)) - set(known))]
    return wrong + [f"{bound}: excused twice" for bound in excused if excused.count(bound) > 1]


def unexplained(metrics, page):
    rows = {re.match(r"`(\w+)`", row[0])[1]: row for row in page_rows(page)}
    wrong = []
    for name, kind, bounds, label, english, chinese in registry(metrics):
        row = rows.pop(name, None)
        if row is None:
            wrong.append(f"{name}: not explained in docs/metrics.md")
            continue
        wrong += [f"{name}: docs/metrics.md says otherwise: {word}" for word in
                  (kind, english, chinese, f"{{{label}}}" if label else "", *bounds)
                  if word not in " ".join(row)]
        if len(row) != 5 or len(row[4]) < 10:
            wrong.append(f"{name}: docs/metrics.md does not say what to do")
    for bound, why in unshown(metrics):
        row = rows.pop(bound, None)
        if row is None or row[1] != why:
            wrong.append(f"{bound}: docs/metrics.md does not give its reason")
    return wrong + [f"{name}: explained, and there is no such thing" for name in rows]


class Metrics(unittest.TestCase):
    def setUp(self):
        self.metrics, self.limits = tree.text("schema/metrics.c"), tree.text("schema/limits.h")
        self.page = tree.text("docs/metrics.md")

    def test_every_bound_is_shown_or_excused(self):
        self.assertGreater(len(bounds_of(self.limits)), 40)
        self.assertEqual(uncovered(self.limits, self.metrics), [])

    def test_every_metric_is_explained(self):
        header = tree.text("schema/metrics.h")
        count = len(re.findall(r"^    METRIC_\w+,$", header[header.index("enum metric {"):], re.M)) - 1
        self.assertEqual(len(registry(self.metrics)), count)
        self.assertEqual(unexplained(self.metrics, self.page), [])

    def test_labels_are_of_the_closed_list(self):
        used = {row[3] for row in registry(self.metrics)}
        self.assertEqual(used - LABELS, set())

    def test_a_missing_row_is_seen(self):
        self.assertIn("LIMIT_NEW_THINGS: no metric and no reason in schema/metrics.c",
                      uncovered(self.limits + "\n    LIMIT_NEW_THINGS = 3,\n", self.metrics))
        self.assertEqual(len(uncovered(self.limits.replace("LIMIT_AGENTS =", "LIMIT_BOXES ="), self.metrics)), 2)
        excused = self.metrics.replace('{"LIMIT_ARG_BYTES"', '{"LIMIT_AGENTS", "no"},\n    {"LIMIT_ARG_BYTES"')
        self.assertEqual(len(uncovered(self.limits, excused)), 1)
        for word, wrong in (("Entries of the journal, but", 1), ("`parkgate_agents` | gauge", 1), ("LIMIT_AGENTS", 1),
                            ("日志条目数（", 1), ("`parkgate_jobs`", 2)):
            self.assertIn(word, self.page)
            page = self.page.replace(word, word.replace("gauge", "g").replace("LIMIT_AGENTS", "L").replace(
                "Entries", "E").replace("日志", "日").replace("_jobs", "_job"))
            self.assertEqual(len(unexplained(self.metrics, page)), wrong, word)


if __name__ == "__main__":
    unittest.main(verbosity=2)
