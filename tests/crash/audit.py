"""Compares what the arms did with what journal and outboxes say: three witnesses that share no code.

A. Each event of an agent stands in the journal exactly once, as the outbox holds it; sequences have no gap; nothing
   that was in the journal at an earlier check has changed.
B. Each turn of an arm has a grant of its own that the agent had committed, and that its own controller knows.
   Who is known is let in, by a gate that is alone as well; nobody who is not known gets in.
C. Nothing is counted twice: one counted passage a presentation, no more passages than turns, and the headcount is the
   sum of the counted passages.
"""
import collections
import datetime
import hashlib
import hmac
import pathlib
import re
import struct

from stores import (ACTED, BUTTON, ENTRY_EPOCH, ENTRY_EVENT, ENTRY_EVENT_REFUSED, EVENT_ENTRIES, FORCED, OUTCOME_GRANT,
                    PASSAGE, PASSED, PRESENTATION, Outbox, journal)

OPEN_US = 12_000_000  # a grant opens its arm no later than this
BOARD_GONE_US = 8_000_000  # what a killed board process may have seen or done before its end, or missed until it was back
SILENT, REPEATS = 13, (14, 15)  # schema/reasons.h


class Turn:
    def __init__(self, line):
        self.t_us, self.lane, self.kind = re.match(r"t_us=(\d+) lane=(\S+) turn=\d+ pulse=\d+ kind=(\w+)", line).groups()
        self.t_us = int(self.t_us)


def kept_of(index_key, digest):
    """What the journal keeps of an event's SHA-256: a keyed hash, each part behind its size."""
    parts = [b"parkgate event", digest]
    return hmac.digest(index_key, b"".join(struct.pack(">I", len(part)) + part for part in parts), hashlib.sha256)


class Audit:
    def __init__(self, park, gates):
        self.park, self.gates = park, gates
        self.index_key = bytes.fromhex((pathlib.Path(park.home) / "index.key").read_text().strip())
        self.known = []  # entries of the last check, packed
        self.lost_turns = self.lost_alone = self.forced = self.turns = self.events = self.passages = 0
        self.alone = self.alone_in = self.strangers = self.cut_short = 0

    def outboxes(self):
        return {gate: Outbox(self.park.agent_home(gate)) for gate in self.gates}

    def nothing_waits(self):
        return not any(box.pending or box.open for box in self.outboxes().values())

    def line(self):
        return (f"{self.events} events, {self.turns} turns, {self.passages} passages; decided by a gate alone: {self.alone}, "
                f"{self.alone_in} of them let in; {self.strangers} strangers shut out, {self.cut_short} reads cut short; while a board's process was replaced: "
                f"{self.forced} turns without a known grant, {self.lost_turns} not seen, {self.lost_alone} late exits not told")

    def check(self, board_kills, agent_kills=None):
        """board_kills: gate: when; agent_kills: gate: how often."""
        entries = journal(self.park.home)
        boxes = self.outboxes()
        self._nothing_changed(entries)
        self._each_once(entries, boxes)
        self._verdicts_agree(entries, boxes)
        self._known_and_strangers(entries, boxes, agent_kills or {})
        turns = self._turns()
        grants = self._grants(entries, boxes)
        self.lost_alone = 0
        for lane in sorted({turn.lane for turn in turns}):
            gate = next(gate for gate in self.gates if lane.startswith(gate))
            kills = [int(at * 1e6) for at in board_kills.get(gate, [])]
            self._turns_have_grants(lane, [turn for turn in turns if turn.lane == lane], grants[lane], kills)
        self._counted_once(entries, turns, board_kills)
        for noun in ("journal", "headcount"):
            result = self.park.cli(noun, "verify")["result"]
            if result not in ("good", "equal"):
                raise AssertionError(f"{noun} verify says {result}")

    # --- A ---

    def _nothing_changed(self, entries):
        now = [(entry.kind, entry.packed) for entry in entries]
        if now[:len(self.known)] != self.known:
            raise AssertionError("entries that were in the journal have changed or gone")
        self.known = now

    def _each_once(self, entries, boxes):
        epochs = [entry for entry in entries if entry.kind == ENTRY_EPOCH and entry.body.epoch > 1]
        if epochs:
            raise AssertionError(f"an outbox did not fit: {[dict(entry.body) for entry in epochs]}")
        refused = [entry for entry in entries if entry.kind == ENTRY_EVENT_REFUSED]
        if refused:
            raise AssertionError(f"events were refused: {[(entry.place, entry.body.error, entry.body.arg) for entry in refused]}")
        places = collections.Counter(entry.place for entry in entries if entry.kind in EVENT_ENTRIES)
        doubled = [place for place, count in places.items() if count > 1]
        if doubled:
            raise AssertionError(f"events stand twice in the journal: {doubled}")
        digests = {entry.place: entry.body.digest for entry in entries if entry.kind == ENTRY_EVENT}
        for gate, box in boxes.items():
            own = {place[1:] for place in places if place[0] == gate}
            if own != set(box.events):
                raise AssertionError(f"{gate}: in the outbox only: {sorted(set(box.events) - own)}; "
                                     f"in the journal only: {sorted(own - set(box.events))}")
            sequences = sorted(sequence for _, sequence in own)
            if sequences != list(range(1, len(sequences) + 1)):
                raise AssertionError(f"{gate}: its sequences have a gap")
            changed = [place for place, row in box.events.items()
                       if kept_of(self.index_key, row.digest) != digests[(gate, *place)]]
            if changed:
                raise AssertionError(f"{gate}: journal and outbox hold different events at {changed}")
        self.events = len(places)

    # --- B ---

    def _verdicts_agree(self, entries, boxes):
        """What an agent acted on is what the controller decided, or was told to it."""
        told = {(entry.body.gate, entry.body.epoch, entry.body.presentation): entry.body.acted_outcome
                for entry in entries if entry.kind == ENTRY_EVENT and entry.body.kind == ACTED}
        for entry in entries:
            if entry.kind != ENTRY_EVENT or entry.body.kind != PRESENTATION:
                continue
            acted = boxes[entry.body.gate].acted.get(entry.place[1:])
            if acted is None:
                raise AssertionError(f"{entry.place}: a presentation without a verdict")
            known = told.get(entry.place, entry.body.acted_outcome or entry.body.outcome)
            if known != acted.outcome + 1:
                raise AssertionError(f"{entry.place}: the gate acted on {acted.outcome}, the journal says {known - 1}")

    def _known_and_strangers(self, entries, boxes, agent_kills):
        """An agent that is killed takes along the reads that had no verdict yet, one a lane; they open nothing."""
        self.alone = self.alone_in = self.strangers = self.cut_short = 0
        cut = collections.Counter()
        for entry in entries:
            if entry.kind != ENTRY_EVENT or entry.body.kind != PRESENTATION:
                continue
            event, acted = entry.body, boxes[entry.body.gate].acted[entry.place[1:]]
            granted = acted.outcome == OUTCOME_GRANT
            self.alone += event.offline
            if acted.reason == SILENT and not granted:
                cut[event.gate] += 1
            elif not event.holder and event.lane.endswith("-in"):
                self.strangers += 1
                if granted:
                    raise AssertionError(f"{entry.place}: a stranger was let in, alone: {event.offline}")
            elif granted:
                self.alone_in += event.offline and event.lane.endswith("-in")
            elif acted.reason not in REPEATS:
                raise AssertionError(f"{entry.place}: somebody who is known was refused at {event.lane}: reason {acted.reason}, "
                                     f"source {acted.source}, alone: {event.offline}")
        for gate, count in cut.items():
            if count > 2 * agent_kills.get(gate, 0):
                raise AssertionError(f"{gate}: {count} reads got no verdict; its agent was killed {agent_kills.get(gate, 0)} times")
        self.cut_short = sum(cut.values())

    def _grants(self, entries, boxes):
        """lane: [(earliest time of a turn, what)] of everything that may open it."""
        grants = collections.defaultdict(list)
        for entry in entries:
            if entry.kind != ENTRY_EVENT:
                continue
            event = entry.body
            if event.kind == PRESENTATION and boxes[event.gate].acted[entry.place[1:]].outcome == OUTCOME_GRANT:
                grants[event.lane].append((event.received_us, entry.place))
            if event.kind == BUTTON:
                grants[event.lane].append((event.captured_us if event.late else event.received_us, entry.place))
        return grants

    def _turns_have_grants(self, lane, turns, grants, kills):
        free = sorted(grants)
        for turn in turns:
            if turn.kind != "pass":
                raise AssertionError(f"{lane}: a turn of kind {turn.kind}")
            mine = next((grant for grant in free if turn.t_us - OPEN_US <= grant[0] <= turn.t_us), None)
            if mine is not None:
                free.remove(mine)
            elif lane.endswith("-out") and any(0 <= at - turn.t_us <= BOARD_GONE_US for at in kills):
                self.lost_alone += 1  # a late exit that its board's process could not report before its end
            else:
                raise AssertionError(f"{lane}: the arm turned at {turn.t_us} without a verdict on record before it")

    def _turns(self):
        turns = [Turn(line) for path in sorted(self.park.turn_logs.glob("*.log"))
                 for line in path.read_text(encoding="ascii").splitlines()]
        self.turns = len(turns)
        return sorted(turns, key=lambda turn: turn.t_us)

    # --- C ---

    def _counted_once(self, entries, turns, board_kills):
        passages = [entry for entry in entries if entry.kind == ENTRY_EVENT and entry.body.kind == PASSAGE
                    and entry.body.passage == PASSED]
        self.passages = len(passages)
        counted = collections.Counter((entry.body.gate, entry.body.epoch, entry.body.presentation)
                                      for entry in passages if entry.body.counts)
        twice = [place for place, count in counted.items() if count > 1]
        if twice:
            raise AssertionError(f"counted twice: {twice}")
        self._as_many_as_turns(entries, turns, board_kills)
        self._headcount_is_their_sum(passages)

    def _as_many_as_turns(self, entries, turns, board_kills):
        """A board's process that is killed takes along which grants it had opened for: a turn of these is told as one
        without a grant, or not at all. No other turn may miss its passage."""
        turned = collections.Counter(turn.lane for turn in turns)
        seen = collections.Counter((entry.body.lane, entry.body.passage) for entry in entries
                                   if entry.kind == ENTRY_EVENT and entry.body.kind == PASSAGE)
        self.forced = self.lost_turns = 0
        for lane in sorted({*turned, *(lane for lane, _ in seen)}):
            kills = len(board_kills.get(next(gate for gate in self.gates if lane.startswith(gate)), []))
            forced, lost = seen[lane, FORCED], turned[lane] - seen[lane, PASSED] - seen[lane, FORCED]
            if lost < 0 or forced + lost > kills:
                raise AssertionError(f"{lane}: {turned[lane]} turns, {seen[lane, PASSED]} passages, {forced} without a grant, "
                                     f"and its board's process was replaced {kills} times")
            self.forced += forced
            self.lost_turns += lost

    def _headcount_is_their_sum(self, passages):
        sums = collections.Counter()
        for entry in passages:
            if entry.body.counts:
                sums[entry.body.tenant, entry.body.business_day, entry.body.direction] += 1
        for day in {key[1] for key in sums}:
            date = datetime.date.fromordinal(719163 + day).isoformat()
            rows = {row["tenant"]: row for row in self.park.rows("headcount", "--date", date)}
            for tenant in {key[0] for key in sums}:
                row = rows[tenant]
                if (int(row["entries"]), int(row["exits"])) != (sums[tenant, day, 1], sums[tenant, day, 2]):
                    raise AssertionError(f"{tenant} on {date}: the headcount says {row}, the passages {sums}")
