"""Goal: no hit and no alert moves an arm. Passages with a watch list and with alerts of every kind make, one by one and in order,
the writes of coils and of flash-on that the same passages make without list and alerts; only who is asked to the desk at an
entry (`review`) makes none. Method: two parks of real programs and emulated boards, begun alike; the same script of vehicles
before cameras, badges and a face; each board's own log of writes. The controller of the first has a list of each matcher and
action, raises alerts of every kind of the table each second (raiser/raiser.c), and a guard carries them to their ends.

    PARKGATE_BUILD_DIR=build/release python3 tests/integration/watch_wire_test.py --hits 10000 --gates 4

plays until there were so many hits; without it, for SECONDS. Printed: how many hits, alerts, passages and writes there were."""
import argparse
import collections
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import wirelog  # noqa: E402
from case import PARK_YAML, UIDS, id_number, today  # noqa: E402
from park import GREEN, RED, YELLOW, Board, Gate, Lane, Park, until  # noqa: E402
from station import Station, person, vehicle  # noqa: E402

OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--hits", type=int, default=0)
OPTIONS.add_argument("--seconds", type=float, default=20)  # of passages with the list; those without take as long again
OPTIONS.add_argument("--gates", type=int, default=2)
OPTIONS.add_argument("--rounds-each-second", type=int, default=2)  # of alerts, each of all kinds
WANTED = OPTIONS.parse_args([])

PAIRS = 3  # an entry and an exit for vehicles, on each board
OPEN_MS = 100
RING = 24  # vehicles of a pair that come again and again, seldom enough to be no repeat (REPEAT_WINDOW_MS)
STRANGERS = 400  # of a pair: listed vehicles that the park does not know
PEOPLE = 6  # of each way to be found


def plate(pair, kind, number):
    """Of one pair's lanes."""
    return f"浙{'ABCDEFGH'[pair // 10]}{pair % 10}{kind}{number:03}"


# Listed to notify and in the roster; in the roster alone; listed to be asked to the desk; listed alone.
KNOWN, PLAIN, ASKED, STRANGER = "JKLM"
CONFUSED = {"0": "D", "2": "Z", "5": "S", "8": "B"}  # by cameras (common/access/plate_alike.c)


def alike(pair, number):
    """What a camera makes of one of the listed plates."""
    numbers = [number for number in range(RING) if str(number)[-1] in CONFUSED]
    listed = plate(pair, KNOWN, numbers[number % len(numbers)])
    return listed[:-1] + CONFUSED[listed[-1]]


# How persons are found, and what the light at an entry then says.
FOUND = (("badge", "notify", GREEN), ("badge", "review", YELLOW), ("identity", "notify", GREEN))


def found_by(how, number):
    """The number of a person."""
    return how * PEOPLE + number % PEOPLE + 1


def gates(count):
    made = []
    for number in range(count):
        pairs = range(PAIRS)
        lanes = [Lane(f"v{number}{pair}-{way}", way, reader="plate", open_ms=OPEN_MS) for pair in pairs for way in ("in", "out")]
        made.append(Gate(f"gate-v{number}", [Board(f"board-v{number}", lanes, options=["--pulse-ms", "20"])]))
    foot = [Lane("foot-in", open_ms=OPEN_MS), Lane("foot-out", "out", open_ms=OPEN_MS)]
    face = [Lane("face-in", reader="face", open_ms=OPEN_MS), Lane("face-out", "out", reader="face", open_ms=OPEN_MS)]
    return made + [Gate("gate-p", [Board("board-p", foot + face, options=["--pulse-ms", "20"])])]


class Wire:
    """The writes of coils and of flash-on registers of one board, sorted by coil; a display's are left out."""

    def __init__(self, path):
        self.path, self.lock, self.at = path, threading.Lock(), 0
        self.writes = collections.defaultdict(list)

    def _take(self, what):
        function, address = wirelog.part(what, "fn"), int(wirelog.part(what, "addr"), 16)
        text = " ".join(part for part in what.split() if part.startswith(("fn=", "addr=", "values=", "answer=")))
        if function == "5" or (function == "6" and 0x100 <= address < 0x200):
            self.writes[address & 0xff].append(text)
        elif function == "15" or (function == "16" and address < 0x300):
            self.writes["several"].append(text)

    def of(self, coil):
        """All so far to that coil, and how many."""
        with self.lock:
            with open(self.path, encoding="utf-8") as log:
                log.seek(self.at)
                text = log.read()
            whole = text.rfind("\n") + 1
            self.at += len(text[:whole].encode())
            for line in text[:whole].splitlines():
                self._take(line.split(" ", 1)[1])
            return list(self.writes[coil])


class Side:
    """One of the two parks, with what was done there: {lane: [(step, what the light said, writes)]}."""

    def __init__(self, directory, listed):
        self.listed = listed
        raising = {"PARKGATE_RAISE": str(WANTED.rounds_each_second)} if listed else {}
        self.park = Park(directory, PARK_YAML, gates(WANTED.gates), env=raising, start=False)
        self.park.__enter__()
        self.park.controller.args[0] = str(self.park.programs.build / "tests/integration/raiser/controller-raising")
        self.park.start()
        self.wires = {board.name: Wire(self.park.wire_log(board.name)) for gate in self.park.gates for board in gate.boards}
        self.places = {lane.name: (board, coil) for gate in self.park.gates for board in gate.boards
                       for coil, lane in enumerate(board.lanes)}
        self.done = collections.defaultdict(list)
        self.stray = []  # writes at a lane between two steps there
        self.seen = collections.Counter()  # writes of a lane that belong to a step, or are stray
        self.waiting, self.carried = [], collections.Counter()  # alerts to be carried to their ends; how many were, by kind
        self.rounds = {}
        self.over = threading.Event()
        self.wrong = []

    # --- who there is ---

    def fill(self):
        """Vehicles by a file, two persons by badge, one by face; the same on both sides."""
        rows = [f"{plate(pair, kind, number)},sun-express" for pair in range(PAIRS * WANTED.gates)
                for kind, count in ((KNOWN, RING), (PLAIN, 4), (ASKED, 4)) for number in range(count)]
        path = self.park.directory / "vehicles.csv"
        path.write_text("\n".join(["plate,tenant", *rows]) + "\n", encoding="utf-8")
        self.park.cli("vehicle", "import", path)
        for number in range(1, PEOPLE * len(FOUND) + 1):
            who = self.park.cli("person", "add", "--tenant", "sun-express", "--kind", "day", "--name", f"测试{number}",
                                "--id-number", id_number(number))["person"]
            self.park.cli("badge", "add", who, UIDS[number])
            self.park.cli("assignment", "add", who, "--tenant", "sun-express", "--shift", "all-day", "--from", today(), "--to", today())
            if FOUND[(number - 1) // PEOPLE][:2] == ("identity", "notify"):
                self.park.cli("face", "attach", who, f"E{number:04}", "--consent", "paper 17", "--purpose", "entry")
        for lane, (_, coil) in self.places.items():
            self.park.turnstile(lane).do(f"auto {lane} on 0")
            lit = lambda lane=lane: self.park.post(lane, "anpr --plate 浙Z00000" if lane[0] == "v" else "access --employee E9999")["colour"]
            if lane.endswith("-in") and not lane.startswith("foot"):
                until(f"the clock at {lane} is measured", lambda lit=lit: lit() == RED)

    def push_list(self):
        """One list with each matcher and action; the persons countersigned."""
        park, station = self.park, Station(self.park)
        officer = park.home / "officer.key"
        park.cli("key", "make", officer)
        park.cli("key", "add", "officer", "--public", f"{officer}.pub", "--role", "security")
        station.joins()
        until("the roster was walked", lambda: park.rows("authority", "list")[0]["people_hashed"] == "yes")
        rows = []
        for way, (by, action, _) in enumerate(FOUND):
            for number in range(PEOPLE):
                who = found_by(way, number)
                rows.append(person(f"p-{who}", badge=UIDS[who] if by == "badge" else "",
                                   identity=id_number(who) if by == "identity" else "", action=action))
        for pair in range(PAIRS * WANTED.gates):
            for kind, count in ((KNOWN, RING), (ASKED, 4), (STRANGER, STRANGERS)):
                rows += [vehicle(f"v-{pair}{kind}{number}", plate(pair, kind, number)).replace(
                    "notify", "review" if kind == ASKED else "notify") for number in range(count)]
        station.push("".join(rows))
        for row in park.rows("watch", "list", "--waiting", "--key", officer):
            park.cli("watch", "countersign", row["entry"], "--key", officer)
        bundle = station.home / f"{station.number}.bundle"
        until("every gate has the list", lambda: station.receipt(bundle)["notes"].get("at_gates_us"))
        self.station, self.officer = station, officer

    def hits(self):
        """How many the station is told; later ones of a person are a number that stays in the park."""
        return int(self.station.say("hits", "--after", 0)["notes"]["newest"])

    # --- what is done at a lane, and what the board was written for it ---

    def step(self, lane, name, act, opens):
        """`act` returns the light. Opened, the arm turns by itself; all is over before this returns."""
        turnstile, turns = self.park.turnstile(lane), self.park.turnstile(lane).turns(lane)
        self.stray += self.news(lane)
        light = act()
        if opens:
            turnstile.do(f"wait {lane} turns {turns + 1} 10000")
            turnstile.do(f"wait {lane} relay off 10000")
            seen = int(turnstile.values("board")["requests"])
            until("the gate saw him pass", lambda: int(turnstile.values("board")["requests"]) >= seen + 4)
        self.done[lane].append((name, light, [text for _, text in self.news(lane)]))
        return light

    def news(self, lane):
        """[(lane, write)] since it was asked last."""
        board, coil = self.places[lane]
        writes = self.wires[board.name].of(coil)
        found = [(lane, text) for text in writes[self.seen[lane]:]]
        self.seen[lane] = len(writes)
        return found

    def shows(self, lane, name, text, light, otherwise=None):
        """A plate before the lane's camera; `otherwise`: the light where there is a list."""
        wanted = otherwise if self.listed and otherwise else light
        got = self.step(lane, name, lambda: self.park.post(lane, f"anpr --plate {text}")["colour"], wanted == GREEN)
        if got != wanted:
            self.wrong.append(f"{lane}: {name} {text}: {got}, not {wanted}")

    def vehicles(self, pair, round_number):
        """One round at a pair of lanes."""
        gate, lane = divmod(pair, PAIRS)
        into, out = f"v{gate}{lane}-in", f"v{gate}{lane}-out"
        listed = plate(pair, KNOWN, round_number % RING)
        self.shows(into, "known", listed, GREEN)
        self.shows(out, "known", listed, GREEN)
        self.shows(into, "stranger", plate(pair, STRANGER, round_number % STRANGERS), RED)
        self.shows(out, "stranger", plate(pair, STRANGER, round_number % STRANGERS), GREEN)
        if round_number % 4 == 1:
            self.shows(into, "alike", alike(pair, round_number // 4), RED)
            self.shows(out, "alike", alike(pair, round_number // 4), GREEN)
        if round_number % 4 == 2:
            asked = plate(pair, ASKED, round_number // 4 % 4)
            self.shows(into, "asked", asked, GREEN, YELLOW)
            self.shows(out, "asked", asked, GREEN)
        if round_number % 4 == 3:
            board = self.park.turnstile(into)
            self.step(into, "tamper", lambda: board.do(f"tamper {into} on") and board.do(f"tamper {into} off"), False)
            self.shows(into, "plain", plate(pair, PLAIN, round_number // 4 % 4), GREEN)

    def persons(self, round_number):
        """One round at the lanes for persons: a badge of each way to be found, and a face."""
        for way, (by, action, light) in enumerate(FOUND):
            who = found_by(way, round_number)
            for lane in ("foot-in", "foot-out"):
                wanted = light if self.listed and lane.endswith("in") else GREEN
                self.person(lane, f"{by} {action}", lambda lane=lane, who=who: self.tap(lane, who), wanted)
        for lane in ("face-in", "face-out"):
            self.person(lane, "face", lambda lane=lane: self.park.post(lane, f"access --employee E{who:04}")["colour"], GREEN)

    def person(self, lane, name, act, wanted):
        if (got := self.step(lane, name, act, wanted == GREEN)) != wanted:
            self.wrong.append(f"{lane}: {name}: {got}, not {wanted}")

    def tap(self, lane, who):
        light = self.park.tap(lane, UIDS[who])["colour"]
        self.park.reader(lane).remove()
        return light

    # --- playing ---

    def play_one(self, what, limit, act):
        number = 0
        try:
            while number < limit if limit is not None else not self.over.is_set():
                act(number)
                number += 1
        except (OSError, AssertionError) as error:
            self.wrong.append(f"{what}: {error}")
        self.rounds[what] = number

    def play(self, rounds, enough):
        """All lanes at once, so many rounds each, or until `enough` says so. What ends is counted in `rounds`."""
        plays = {f"pair {pair}": lambda number, pair=pair: self.vehicles(pair, number) for pair in range(PAIRS * WANTED.gates)}
        plays["persons"] = self.persons
        threads = [threading.Thread(target=self.play_one, args=(what, rounds and rounds[what], act)) for what, act in plays.items()]
        for thread in threads:
            thread.start()
        try:
            while rounds is None and not enough() and not self.wrong:
                self.carry()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def carry(self):
        """The next alert to its end, of the kind that was carried least."""
        if not self.waiting:
            rows = [row for row in self.park.rows("alert", "list", "--key", self.officer) if row["state"] == "raised"]
            kinds = {row["kind"]: row for row in rows}
            self.waiting = sorted(kinds.values(), key=lambda row: -self.carried[row["kind"]])
        if not self.waiting:
            return
        row = self.waiting.pop()
        decided = "reject" if self.carried[row["kind"]] % 2 else "confirm"
        for step in ("ack", "dispatch", decided, "close"):  # a rejected candidate is closed by that
            self.park.try_cli("alert", step, str(row["alert"]), "--reason", "test", "--key", str(self.officer))
        self.carried[row["kind"]] += 1

    def strays(self):
        """Writes that belong to no step, and those of several coils at once: there are to be none."""
        late = [found for lane in self.places for found in self.news(lane)]
        return self.stray + late + [text for wire in self.wires.values() for text in wire.of("several")]

    def alerts(self):
        found = [re.search(r"kinds=(\d+) alerts=(\d+)", line) for line in self.park.controller.lines if line and "alerts_raised" in line]
        return (int(found[-1][1]), int(found[-1][2])) if found else (0, 0)


class WatchWire(unittest.TestCase):
    def side(self, name, listed):
        directory = tempfile.TemporaryDirectory(prefix=f"wire-{name}-")
        self.addCleanup(directory.cleanup)
        side = Side(pathlib.Path(directory.name), listed)
        self.addCleanup(side.park.stop)
        side.fill()
        return side

    def compare(self, with_list, without):
        """Each step of each lane: the same writes, or none of those; returns how many steps and writes were compared."""
        steps, writes, spared = 0, 0, 0
        for lane, done in without.done.items():
            self.assertEqual([name for name, *_ in with_list.done[lane]], [name for name, *_ in done], lane)
            for number, ((name, light, got), (_, _, plain)) in enumerate(zip(with_list.done[lane], done)):
                if light == YELLOW:
                    self.assertEqual(got, [], f"{lane}, step {number}: {name}")
                    spared += 1
                else:
                    self.assertEqual(got, plain, f"{lane}, step {number}: {name}")
                steps, writes = steps + 1, writes + len(got)
        return steps, writes, spared

    def test_the_same_writes(self):
        with_list = self.side("listed", True)
        with_list.push_list()
        end = time.monotonic() + WANTED.seconds
        with_list.play(None, lambda: with_list.hits() >= WANTED.hits if WANTED.hits else time.monotonic() > end)
        hits, (kinds, alerts) = with_list.hits(), with_list.alerts()
        self.assertEqual(with_list.wrong, [])
        stray = with_list.strays()
        with_list.park.stop()
        without = self.side("plain", False)
        without.play(with_list.rounds, None)
        self.assertEqual(without.wrong, [])
        self.assertEqual((stray, without.strays()), ([], []))
        steps, writes, spared = self.compare(with_list, without)
        print(f"{hits} hits and {alerts} alerts of {kinds} kinds (goal 10000), {sum(with_list.carried.values())} of them, of "
              f"{len(with_list.carried)} kinds, carried to their ends, in {steps} passages with and without: {writes} writes of coils and flash-on, the same ones; "
              f"{spared} asked to the desk, with none", flush=True)
        self.assertGreater(hits, 0)
        self.assertGreater(alerts, 0)
        self.assertGreater(writes, 0)
        self.assertGreater(spared, 0)
        self.assertGreater(sum(with_list.carried.values()), 0)


if __name__ == "__main__":
    WANTED, rest = OPTIONS.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
