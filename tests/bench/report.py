"""The table of a run: each figure, its limit and whether it holds. No measuring here."""
import statistics


def middle(values):
    return statistics.median(values)


def ms(us):
    return f"{us / 1000:.2f}" if us < 100_000 else f"{us / 1000:.0f}"


class Report:
    def __init__(self, result):
        self.result, self.size = result, result["size"]
        self.lines = []

    def row(self, *cells):
        self.lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")

    def head(self, title, *cells):
        self.lines += ["", f"### {title}", ""]
        self.row(*cells)
        self.row(*("---" for _ in cells))

    def judge(self, what, value, limit, holds, shown=None):
        self.row(what, shown or value, limit, "ok" if holds else "**MISS**")

    # --- reading the result ---

    def rates(self, name):
        return {int(rate): rounds for rate, rounds in self.result.get(name, {}).get("rates", {}).items()}

    @staticmethod
    def quantile(rounds, who, span, which):
        return middle([one[who][span][which] for one in rounds])

    @staticmethod
    def gauge(rounds, name):
        values = [one["gauges"][name] for one in rounds if name in one.get("gauges", {})]
        return middle(values) if values else None

    def inside(self, rounds, quantile):
        value = self.gauge(rounds, f'parkgate_inside_quantile_seconds{{quantile="{quantile}"}}')
        return None if value is None else value * 1e6

    def flood(self, who):
        rows = self.result.get("large", {}).get("floods", [])
        return middle([row[who]["acks_per_s"] for row in rows]) if rows else None

    # --- tables ---

    def machine(self):
        m = self.result["machine"]
        disk = m["fdatasync_4k"]
        self.lines += [f"Measured {m['at']} at commit {m['commit']}: {m['cpus']} CPUs ({m['cpu']}), Linux {m['kernel']}, "
                       f"fdatasync of 4 KiB {ms(disk['p50_us'])} ms p50, {ms(disk['p99_us'])} ms p99, niceness {m['niceness']}, "
                       f"load average {m['load_before'][0]:.2f} before and {m.get('load_after', [0])[0]:.2f} after."]

    def spans(self, name, title):
        rates = self.rates(name)
        if not rates:
            return
        self.head(f"{title}: p50 / p99 in ms", "events/s", "(a) echo", "(b) store loop", "(ab) joined", "(d) verdict, end to end",
                  "(d) verdict, inside", "(d) acknowledged", "disk commit")
        for rate, rounds in rates.items():
            def pair(who, span):
                return " / ".join(ms(self.quantile(rounds, who, span, which)) for which in ("p50_us", "p99_us"))
            commit = [self.gauge(rounds, f'parkgate_commit_quantile_seconds{{quantile="{q}"}}') for q in ("0.5", "0.99")]
            inside = [self.inside(rounds, q) for q in ("0.5", "0.99")]
            self.row(f"{rate:,}", pair("echo", "verdict"), pair("loop", "verdict"), pair("joined", "verdict"), pair("parkgate", "verdict"),
                     "-" if None in inside else " / ".join(ms(us) for us in inside), pair("parkgate", "ack"),
                     "-" if None in commit else " / ".join(ms(s * 1e6) for s in commit))

    def floods(self):
        if self.flood("parkgate") is None:
            return
        self.head("Highest durable rate", "what", "events/s")
        for who, title in (("echo", "(a) echo, nothing stored"), ("loop", "(b) store loop, the controller's records"),
                           ("joined", "(ab) joined, the controller's records"), ("joined-least", "(ab) joined, 3 reads and 5 writes an event"),
                           ("parkgate", "(d) parkgate-controller")):
            self.row(title, f"{self.flood(who):,.0f}")

    def postgres(self):
        table = self.result.get("postgres")
        if not table:
            return
        self.head("(c) PostgreSQL 15, synchronous_commit on", "shape", "clients", "events/s", "p50 ms", "p99 ms")
        for shape, runs in table.items():
            for clients, run in runs.items():
                self.row(shape, clients, f"{run['per_s']:,.0f}", ms(run["p50_us"]), ms(run["p99_us"]))

    # --- limits ---

    def limit_of_latency(self):
        for name, persons in (("small", self.size["small"]), ("large", self.size["large"])):
            rounds = self.rates(name).get(1000)
            if not rounds:
                continue
            for which, factor in (("p50_us", 2), ("p99_us", 3)):
                floor = self.quantile(rounds, "echo", "verdict", which) + self.quantile(rounds, "loop", "verdict", which)
                mine = self.quantile(rounds, "parkgate", "verdict", which)
                self.judge(f"end to end {which[:3]} at 1,000/s, {persons:,} persons", mine, f"{factor}x of (a)+(b), {ms(floor)} ms",
                           mine <= factor * floor, f"{ms(mine)} ms = {mine / floor:.2f}x")

    def limit_of_persons(self):
        small, large = self.rates("small").get(1000), self.rates("large").get(1000)
        if not small or not large:
            return
        for which in ("p50_us", "p99_us"):
            ratio = self.quantile(large, "parkgate", "verdict", which) / self.quantile(small, "parkgate", "verdict", which)
            self.judge(f"{self.size['large']:,} persons against {self.size['small']:,}, end to end {which[:3]}", ratio, "1.3x", ratio <= 1.3, f"{ratio:.2f}x")
        for quantile in ("0.5", "0.99"):
            pair = self.inside(large, quantile), self.inside(small, quantile)
            if None not in pair:
                self.judge(f"the same, inside, quantile {quantile}", pair, "3x", pair[0] <= 3 * pair[1], f"{pair[0] / pair[1]:.2f}x")

    def limit_of_rate(self):
        mine, joined = self.flood("parkgate"), self.flood("joined")
        if mine is None:
            return
        self.judge("durable rate against (ab)", mine, "60 %", mine >= 0.6 * joined, f"{mine:,.0f}/s = {100 * mine / joined:.0f} %")
        for shape, factor in (("statements", 2.5), ("function", 1.0)):
            runs = self.result.get("postgres", {}).get(shape)
            if runs:
                best = max(run["per_s"] for run in runs.values())
                self.judge(f"durable rate against (c), {shape}", mine, f"{factor}x of {best:,.0f}/s", mine >= factor * best, f"{mine / best:.2f}x")

    def limit_of_import(self):
        beside, large = self.result.get("import_beside"), self.result.get("large", {})
        if beside:
            without = beside["without"]["verdict"]["p99_us"]
            during = middle([run["verdict"]["p99_us"] for run in beside["with"]])
            self.judge(f"verdict p99 at {beside['rate']:,}/s while {self.size['large']:,} rows are imported", during, f"2x of {ms(without)} ms without",
                       during <= 2 * without, f"{ms(during)} ms = {during / without:.2f}x")
        if "import_s" in large:
            self.judge(f"import of {self.size['large']:,} persons", large["import_s"], "90 s", large["import_s"] < 90, f"{large['import_s']:.1f} s")
            start = middle(large["starts"])
            self.judge("start to first verdict", start, "2 s", start < 2, f"{start:.2f} s")
            memory = max(large["import_anonymous_mib"], large.get("anonymous_mib", 0), large.get("all_gates_anonymous_mib", 0))
            self.judge("anonymous memory, at most", memory, "256 MiB", memory < 256, f"{memory:.0f} MiB")
        if "all_gates" in large:
            run = large["all_gates"]
            whole = run["unanswered"] == 0 and run["not_sent"] == 0
            self.judge(f"{run['boxes']} gates at {run['acks_per_s']:,.0f}/s", 0, "all answered", whole,
                       f"verdict {ms(run['verdict']['p50_us'])} / {ms(run['verdict']['p99_us'])} ms")

    def limit_of_turns(self):
        for title, gauges in (("rates", [one["gauges"] for name in ("small", "large") for rounds in self.rates(name).values() for one in rounds]),
                              ("import", [self.result.get("large", {}).get("import_gauges", {})]),
                              ("import with verdicts", [self.result.get("import_beside", {}).get("gauges", {})])):
            longest = [one["parkgate_turn_work_longest_seconds"] for one in gauges if "parkgate_turn_work_longest_seconds" in one]
            late = [one["parkgate_turns_late_total"] for one in gauges if "parkgate_turns_late_total" in one]
            if longest:
                self.judge(f"longest turn without its commit, {title}", max(longest), "10 ms", max(longest) <= 0.010,
                           f"{1000 * max(longest):.1f} ms, {sum(late):.0f} late")

    def text(self):
        self.machine()
        self.head("Limits", "what", "measured", "limit", "")
        for part in (self.limit_of_latency, self.limit_of_persons, self.limit_of_rate, self.limit_of_import, self.limit_of_turns):
            part()
        self.spans("small", f"{self.size['small']:,} persons")
        self.spans("large", f"{self.size['large']:,} persons")
        self.floods()
        self.postgres()
        return "\n".join(self.lines) + "\n"
