#!/usr/bin/env python3
"""The demo's morning: makes a park, plays morning.txt at its emulated gates, shows it live, and checks the outcome.

Started by scripts/demo.sh. The people here know nothing of what is expected: they show their badge, look at the light
and push the arm when it is green. What should have come of it says expect.py; what did come, the park's own command
line and the arms' turn logs.
"""
import argparse
import collections
import concurrent.futures
import csv
import datetime
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration"), str(HERE.parent / "unit" / "seal")]
from an10922_check import derive  # noqa: E402
from park import GREEN, YELLOW, Board, Gate, Lane, Park, Refused, build_directory, until  # noqa: E402
from station_scene import StationScene  # noqa: E402

PARK_TIME = datetime.timezone(datetime.timedelta(hours=8))  # Asia/Shanghai
VIEW_S = 2.0
FIGURES = ("persons", "entries", "exits", "present")
HEADS = {"姓名": "name", "name": "name", "full_name": "name", "员工姓名": "name", "employee name": "name", "人员姓名": "name",
         "worker": "name", "身份证号": "id", "id number": "id", "身份证号码": "id", "id_number": "id", "证件号码": "id",
         "id card": "id", "身份证": "id", "id no.": "id", "手机号": "phone", "mobile": "phone", "联系电话": "phone",
         "phone": "phone", "电话": "phone", "phone number": "phone", "手机": "phone", "telephone": "phone", "卡号": "badge",
         "badge uid": "badge", "门禁卡号": "badge", "card": "badge", "工牌号": "badge", "uid": "badge", "门禁卡": "badge",
         "card number": "badge", "班次": "shift", "shift": "shift", "班组": "shift", "车牌号": "plate"}
SHIFT_WORDS = {"白班": "day", "夜班": "night"}
AID, SYSTEM, MASTER = "3042f5", "4e585020416275", "5a31c08e77f24d19b6e0439d12fc8a65"  # of the badges at the bonded store


def say(text=""):
    print(text, flush=True)


BEGAN = time.monotonic()
FAULTS = {"body-aside": "was not understood and is kept sealed", "manual-release": "is open by hand"}  # what the journal says of them
NO_ANSWER = "系统无应答"  # of a display: try again


def title(text):
    say(f"\n── {time.monotonic() - BEGAN:3.0f} s ── {text}")


# --- the story and the people in it ---

class Story:
    def __init__(self, start):
        self.start = datetime.datetime.fromtimestamp(start // 60 * 60, PARK_TIME)
        self.shifts, self.windows, self.tenants, self.passback, self.office, self.phases = {}, {}, {}, [], [], []
        for line in (HERE / "morning.txt").read_text(encoding="utf-8").splitlines():
            phase = re.match(r"phase (\S+) \| (.*)", line)
            words = [] if phase else shlex.split(line, comments=True)
            if phase:
                self.phases.append((phase[1], phase[2], collections.defaultdict(list)))
            elif words and words[0] in ("shift", "window", "tenant", "passback", "office"):
                getattr(self, f"_{words[0]}")(words[1:])
            elif words:
                self.phases[-1][-1][words[0]].append(words[1:])

    def at(self, distance):
        hours, minutes = map(int, distance[1:].split(":"))
        return self.start + (-1 if distance[0] == "-" else 1) * datetime.timedelta(hours=hours, minutes=minutes)

    def _shift(self, words):
        self.shifts[words[0]] = (self.at(words[1]), self.at(words[2]), int(words[4]))

    def _window(self, words):
        self.windows[words[0]] = (self.at(words[1]), self.at(words[2]))

    def _tenant(self, words):
        self.tenants[words[0]] = dict(zip(words[1::2], words[2::2]))

    def _passback(self, words):
        self.passback += words

    def _office(self, words):
        self.office.append(words)

    def day_of(self, shift):
        return self.shifts[shift][0].date().isoformat()

    def park_yaml(self):
        def clock(when):
            return f'"{when:%H:%M}"'
        lines = ["park:", "  name: demo-park", "  title: Demo Logistics Park", "  title_zh: 演示物流园", "  time_zone: Asia/Shanghai",
                 "zones:", "  - name: yard", "    title: Yard", "    title_zh: 园区", "    capacity: 5000",
                 "  - {name: bonded, title: Bonded store, title_zh: 保税库, minimum_class: authenticated}",
                 "  - {name: office, title: Office, title_zh: 办公楼, escort: true}",
                 "passback:", "  - name: once-inside", "    mode: hard", "    zones: [yard]", "    for: [staff, day, driver]",
                 f"    tenants: [{', '.join(self.passback)}]", "tenants:"]
        for name, more in self.tenants.items():
            lines += [f"  - name: {name}", f"    title: {more['title']}", f"    title_zh: {more['zh']}",
                      f"    zones: [{more.get('zones', 'yard')}]"]
            lines += [f"    cut: {clock(self.at(more['cut']))}"] if "cut" in more else []
            lines += [f"    schedule: {more['hours']}"] if "hours" in more else []
        lines += ["shifts:"]
        for name, (begin, end, early) in self.shifts.items():
            lines += [f"  - name: {name}", f"    from: {clock(begin)}", f"    to: {clock(end)}", f"    early_minutes: {early}"]
        lines += ["schedules:"]
        for name, (begin, end) in self.windows.items():
            lines += [f"  - name: {name}", "    windows:", f"      - from: {clock(begin)}", f"        to: {clock(end)}"]
        return "\n".join(lines) + "\n"


def ranged(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class People:
    """The rosters as the people of the story know themselves: their name, number, badge."""

    def __init__(self):
        self.files, self.by_who, self.trucks = sorted((HERE / "data").glob("[1-8]-*.csv")), {}, []
        for path in self.files:
            count = collections.Counter()
            for row in self._rows(path):
                shift = SHIFT_WORDS.get(row["shift"], row["shift"]) or "none"
                count[shift] += 1
                self.by_who[f"{path.stem[2:]}:{shift} {count[shift]}"] = row
        for number, row in enumerate(self.by_who.values(), 1):
            row["face"] = f"F{number:06}"
        vehicles = self._rows(HERE / "data" / "vehicles.csv")
        self.trucks, self.owners = [row["plate"] for row in vehicles], [row["租户"] for row in vehicles]

    @staticmethod
    def _rows(path):
        raw = path.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        table = list(csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text.splitlines()[0].count)))
        names = [HEADS.get(head.lower(), head) for head in table[0]]
        return [dict(zip(names, cells)) for cells in table[1:] if cells]

    def truck(self, number):
        """Its plate and its tenant."""
        return self.trucks[int(number) - 1], self.owners[int(number) - 1]

    def those(self, words):
        return [self.by_who[f"{words[0]} {number}"] for number in ranged(words[1])]


def desfire_card(uid):
    """What the emulated reader is to hold: the badge with its own key."""
    return f"desfire {uid} key1={derive(bytes.fromhex(MASTER), bytes.fromhex(uid + AID + SYSTEM)).hex()}"


def gates(master_key):
    """`master_key`: where the file with the key of the DESFire badges is to be."""
    master_key.parent.mkdir(parents=True, exist_ok=True)
    master_key.write_text(MASTER + "\n", encoding="ascii")
    master_key.chmod(0o600)
    proof = {"desfire_aid": AID, "desfire_key_no": 1, "desfire_key_file": master_key, "desfire_system_id": SYSTEM, "exchange_ms": 1000}
    return [
        Gate("gate-a", [Board("board-a", [Lane("a-in-1"), Lane("a-in-2"), Lane("a-in-3"), Lane("a-out", "out", button=True)])],
             "Gate A, on foot", "一号门（步行）"),
        Gate("gate-b", [Board("board-b1", [Lane("b-in"), Lane("b-out", "out", button=True)], rtu=True),
                        Board("board-b2", [Lane("b-face", reader="face")])],
             "Gate B, on foot", "二号门（步行）"),
        Gate("gate-c", [Board("board-c", [Lane("c-in", reader="plate", open_ms=1000, pass_ms=10000),
                                          Lane("c-out", "out", reader="plate", open_ms=1000, pass_ms=10000),
                                          Lane("c-dock", reader="plate", open_ms=1000, pass_ms=10000, driver=True, pair_ms=60000),
                                          Lane("c-gate", reader="plate", open_ms=1000, pass_ms=10000, actuator="bollard")])],
             "Gate C, trucks", "三号门（货车）", boardless=[Lane("c-vz", reader="vzenith")]),
        Gate("gate-d", [Board("board-d", [Lane("d-safe", zone="bonded", reader_more=proof),
                                          Lane("d-out", "out", zone="bonded", reader_more=proof, button=True),
                                          Lane("d-visit", zone="office")])],
             "Gate D, bonded store and office", "四号门（保税库、办公楼）"),
    ]


# --- before the morning ---

def import_rosters(park, story, people, work):
    """The files, with the dates of this very morning, through `parkgate person import`."""
    title("Rosters of eight companies, as they come · 导入八家租户的名册")
    for path in people.files:
        dated = work / path.name
        data = path.read_bytes()
        for shift in story.shifts:
            data = data.replace(f"@{shift}".encode(), story.day_of(shift).encode())
        dated.write_bytes(data)
        begin = time.monotonic()
        notes = park.cli("person", "import", dated, "--tenant", path.stem[2:])
        dated.unlink()
        say(f"  {path.name:22} persons {notes.get('persons', '?'):>4}  badges {notes.get('credentials', '?'):>4}  "
            f"assignments {notes.get('assignments', '?'):>4}   {time.monotonic() - begin:.1f} s")
    notes = park.cli("vehicle", "import", HERE / "data" / "vehicles.csv")
    say(f"  {'vehicles.csv':22} vehicles {len(people.trucks):>3}")


class Office:
    """What the staff did before the morning, by the command line."""

    def __init__(self, park, story, people):
        self.park, self.story, self.people, self.expired = park, story, people, {}
        title("The office's morning · 办公室事务")
        for verb, *words in story.office:
            getattr(self, verb.replace("-", "_"))(words)
            say(f"  {verb:16} {' '.join(words[:2])}")

    def handle(self, row):
        return self.park.rows("person", "find", "--id-number", row["id"], "--reason", "demo")[0]["person"]

    def suspend_person(self, words):
        for row in self.people.those(words):
            self.park.cli("person", "suspend", self.handle(row), "--reason", "demo: papers missing")

    def suspend_tenant(self, words):
        self.park.cli("tenant", "suspend", words[0], "--reason", "demo: rent")

    def revoke_badge(self, words):
        for row in self.people.those(words):
            self.park.cli("badge", "revoke", "--uid", row["badge"], "--reason", "demo: lost")

    def expired_badge(self, words):
        row, = self.people.those(words)
        yesterday = datetime.datetime.now(PARK_TIME).date() - datetime.timedelta(days=1)
        self.park.cli("badge", "add", self.handle(row), words[2], "--until", yesterday.isoformat())
        self.expired[row["id"]] = words[2]

    def also_works_for(self, words):
        row, = self.people.those(words)
        day = self.story.day_of(words[3])
        self.park.cli("assignment", "add", self.handle(row), "--tenant", words[2], "--shift", words[3], "--from", day, "--to", day)

    def face(self, words):
        for row in self.people.those(words):
            self.park.cli("face", "attach", self.handle(row), row["face"], "--consent", "paper 2026-04-30", "--purpose", "entry")


    def hours(self):
        """From before the morning until after it, as options."""
        return ["--from", f"{self.story.at('-1:00'):%Y-%m-%dT%H:%M}", "--until", f"{self.story.at('+8:00'):%Y-%m-%dT%H:%M}"]

    def booking(self, words):
        (row,), (plate, tenant) = self.people.those(words[1:]), self.people.truck(words[0])
        self.park.cli("booking", "add", plate, "--tenant", tenant, "--driver", self.handle(row), "--zone", "yard", *self.hours())

    def plate_text(self, words):
        self.drive(words[0])

    def visitor(self, words):
        row, = self.people.those(words[1:])
        guest = self.park.cli("visitor", "add", "--tenant", words[1].split(":")[0], "--host", self.handle(row), "--name", "来访客",
                              *self.hours())["person"]
        self.park.cli("badge", "add", guest, words[0])


# --- the people at the lanes ---

class Walkers:
    """Everybody who comes to one lane, one after another."""

    def __init__(self, park, lane, people, office, cameras):
        self.park, self.lane, self.people, self.office = park, lane, people, office
        self.reader = park.readers.get(lane)
        self.camera = cameras.get(lane)
        self.board = None if self.camera else park.turnstile(lane)
        self.surprise, self.caption, self.lights, self.served = None, "", [], 0

    def play(self, steps):
        try:
            for verb, *words in steps:
                getattr(self, verb.replace("-", "_"))(words)
            self.scene([""])
            if self.reader:
                self.reader.remove()
        except Exception as error:  # told by the main thread
            self.surprise = error
        finally:
            for device in (self.board, self.reader):
                if device:
                    device.hang_up()

    # what people do: go at green, turn away at red; without a light, before a shut arm, or told to try again, once more

    def come(self, present, go="push", turned="turned"):
        """`present` shows something to the lane and returns its display. Nothing of this happens on an idle machine more
        than once: devices lose their line for a moment when it is starved, and a person helps himself."""
        for _ in range(4):
            try:
                seen = present()
            except AssertionError as error:
                say(f"           {self.lane}: no light, once more ({error})")
                self.step_back()
                continue
            if seen["line1"].startswith(NO_ANSWER):
                self.step_back(6.0)
                continue
            self.lights.append(seen["colour"])
            self.served += 1
            if seen["colour"] != GREEN:
                return
            elif self.board.do(f"{go} {self.lane} 5000").startswith(turned):
                return
            else:
                say(f"           {self.lane}: green, and the arm is shut; once more")
                self.step_back()
        raise AssertionError("four times in vain")

    def scene(self, words):
        """The lights of the scene before, in one line; then the next one."""
        if self.caption:
            say(f"  {self.lane:8} {' '.join(self.lights):26} {self.caption}")
        self.caption, self.lights = words[0], []

    def step_back(self, seconds=0.0):
        if self.reader:
            self.reader.remove()
        threading.Event().wait(seconds)

    # the steps of morning.txt

    def badge(self, words):
        for row in self.people.those(words):
            self.come(lambda row=row: self.park.tap(self.lane, row["badge"]))

    def tap_twice(self, words):
        for row in self.people.those(words):
            self.park.tap(self.lane, row["badge"])
            self.reader.remove()
            self.come(lambda row=row: self.park.tap(self.lane, row["badge"]))

    def card(self, words):
        self.come(lambda: self.park.tap(self.lane, words[0]))

    def expired(self, words):
        row, = self.people.those(words)
        self.card([self.office.expired[row["id"]]])

    def tailgate(self, words):
        row, = self.people.those(words)
        self.come(lambda: self.park.tap(self.lane, row["badge"]), "tailgate", "")

    def force(self, _):
        self.board.do(f"force {self.lane}")

    def button(self, _):
        self.come(lambda: self.park.press(self.lane))

    def show_face(self, subject, more=""):
        self.come(lambda: self.park.post(self.lane, f"access --employee {subject} --demographics {more}"))

    def face(self, words):
        for row in self.people.those(words):
            self.show_face(row["face"])

    def stranger(self, words):
        self.show_face(words[0])

    def history(self, words):
        row, = self.people.those(words)
        self.show_face(row["face"], "--current-event false --ago 600")

    @staticmethod
    def anpr(text):
        """What the camera posts of a plate: eight characters are new energy's, and green."""
        return f"anpr --plate {text} --plate-color {'green' if len(text) == 8 else 'blue'}"

    def drive(self, text, more=""):
        self.come(lambda: self.park.post(self.lane, f"{self.anpr(text)} {more}"))

    def plate(self, words):
        for number in ranged(words[0]):
            self.drive(self.people.trucks[number - 1])

    def replay(self, words):
        text = self.people.trucks[int(words[0]) - 1]
        same = "--uuid 7b0c6f1e-5d0a-4c43-9a35-0d8f6f2f4a11 --time " + datetime.datetime.now(PARK_TIME).isoformat(timespec="milliseconds")
        self.drive(text, same)
        self.park.poster(self.lane).post(f"{self.anpr(text)} {same}")  # recorded once, opens nothing, shows nothing

    def stale(self, words):
        self.drive(self.people.trucks[int(words[0]) - 1], "--ago 60")

    def lookalike(self, words):
        text = self.people.trucks[int(words[0]) - 1]
        self.drive(text[:-1] + str((int(text[-1]) + 1) % 10))

    def no_plate(self, _):
        self.drive("无车牌")

    def unread(self, _):
        self.drive("unknown")

    def truck(self, words):
        """The plate, then its drivers' badges, one after another, until the light is green."""
        self.plate(words[:1])
        for at in range(1, len(words), 2):
            if GREEN not in self.lights[-1:]:
                self.reader.remove()
                self.badge(words[at:at + 2])

    def plate_text(self, words):
        self.drive(words[0])

    def bollard(self, words):
        self.come(lambda: self.park.post(self.lane, self.anpr(self.people.truck(words[0])[0])), "drive", "on")
        self.leave()

    def leave(self):
        self.board.do(f"leave {self.lane}")
        self.board.do(f"wait {self.lane} position up 15000")
        self.lights.append("up")

    def drill_in(self, words):
        self.badge(words)

    def drill_out(self, words):
        """Nobody shows a badge: the arm is open."""
        for _ in range(int(words[0])):
            if not self.board.do(f"push {self.lane} 5000").startswith("turned"):
                raise AssertionError("an exit stays shut in a fire")
            self.served += 1

    def by_hand(self, _):
        """Somebody pulls the manual release, a vehicle passes, the release is put back."""
        self.board.do(f"release {self.lane} on")
        if not self.board.do(f"drive {self.lane} 5000").startswith("on"):
            raise AssertionError("its release is pulled, and the bollard stays up")
        self.board.do(f"leave {self.lane}")
        self.board.do(f"release {self.lane} off")
        self.board.do(f"wait {self.lane} position up 15000")
        self.lights.append("by hand")

    def visitor(self, words):
        self.reader.remove()
        self.card(words)

    def forgive(self, words):
        self.reader.remove()
        for row in self.people.those(words):
            self.park.cli("passback", "forgive", "--person", self.office.handle(row), "--reason", "demo: exit was not seen")

    def prove(self, card):
        """Holds a card to a reader that asks for its proof."""
        self.reader.remove()
        return self.board.after(self.lane, lambda: self.reader.do(card))

    def desfire(self, words):
        for row in self.people.those(words):
            self.come(lambda uid=row["badge"]: self.prove(desfire_card(uid)))

    def clone(self, words):
        for row in self.people.those(words):
            self.come(lambda uid=row["badge"]: self.prove(f"card {uid}"))

    # a VZenith camera: its answer opens its own barrier

    def arrive(self, plate, **more):
        before = self.camera.openings
        status, _ = self.camera.exchange(self.camera.event(plate, **more))
        if status != 200:
            raise AssertionError(f"{self.lane}: the gate answered {status}")
        self.lights.append("opened" if self.camera.openings > before else "shut")
        self.served += 1
        return self.camera.openings > before

    def vz_look(self, words):
        self.arrive(self.people.truck(words[0])[0])

    def vz(self, words):
        """Whoever is known tries again when the barrier stays shut."""
        if not any(self.arrive(self.people.truck(words[0])[0]) for _ in range(4)):
            raise AssertionError("four times in vain")

    def vz_stranger(self, words):
        self.arrive(words[0])

    def vz_history(self, words):
        self.arrive(self.people.truck(words[0])[0], offline=True, when=time.time() - 3600)

    def vz_half(self, words):
        body = self.camera.event(self.people.truck(words[0])[0])
        status, _ = self.camera.exchange(body[:len(body) // 2])
        self.lights.append("put aside" if status == 200 else f"status {status}")


# --- what is seen of it ---

class View(threading.Thread):
    """Follows `parkgate events --follow` and keeps the sums."""

    def __init__(self, park):
        super().__init__(daemon=True)
        self.park, self.lock = park, threading.Lock()
        self.refused, self.passed, self.granted, self.fresh = collections.Counter(), collections.Counter(), 0, []
        self.process = subprocess.Popen([*park.command("events", "--follow"), "--json"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, env=park.env)

    def run(self):
        for line in self.process.stdout:
            with self.lock:
                self.take(json.loads(line))

    def take(self, event):
        if (kind := passage_of(event)) is not None:
            self.passed[event["lane"]] += kind == "passed"
            if kind in ("forced", "tailgated", "by-hand"):
                self.fresh.append((event, kind))
        elif is_presentation(event) and event["verdict"] == "deny":
            self.refused[event["reason"]] += 1
            self.fresh.append((event, f"refused: {event['reason']}"))
        elif is_presentation(event):
            self.granted += 1

    def show(self, began, figures):
        with self.lock:
            fresh, self.fresh = self.fresh, []
            passed, refused = sum(self.passed.values()), sum(self.refused.values())
        for event, text in fresh:
            say(f"           {event['time'][11:19]}  {event['lane']:8} {text}")
        inside = collections.Counter()
        for row in figures:
            inside[row["tenant"]] += row["present"]
        say(f"  [{time.monotonic() - began:5.1f} s]  inside {sum(inside.values()):3}  passed {passed:3}  refused {refused:2}   "
            + "  ".join(f"{tenant} {count}" for tenant, count in inside.items() if count))

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def passage_of(event):
    """The kind of passage an event tells of ("passed", "forced", ...); None: it is no passage."""
    return event["text"].split()[0] if event["kind"] == "passage" and event["text"] else None


def is_presentation(event):
    return event["kind"] == "presentation"


def headcounts(park, days):
    return [{**row, "date": day} for day in days for row in park.rows("headcount", "--date", day)]


def play(park, story, people, office, cameras, days, station):
    began = time.monotonic()
    view = View(park)
    view.start()
    try:
        for phase, name, lanes in story.phases:
            title(name)
            walkers = {lane: Walkers(park, lane, people, office, cameras) for lane in lanes}
            threads = [threading.Thread(target=walkers[lane].play, args=(steps,), daemon=True) for lane, steps in lanes.items()]
            if phase == "alone":
                wait_for_copies(park)
            if phase == "drill":
                threads = drill_begins(park, threads)
            if phase == "watch":
                station.begins()
            for thread in threads:
                thread.start()
            if phase in APART:
                view.stop()
                APART[phase](park, lambda: sum(walker.served for walker in walkers.values()), threads)
                view = View(park)
                view.start()
            while any(thread.is_alive() for thread in threads):
                next_view = time.monotonic() + VIEW_S
                view.show(began, headcounts(park, days))
                for thread in threads:
                    thread.join(max(0.0, next_view - time.monotonic()))
            for lane, walker in walkers.items():
                if walker.surprise:
                    raise RuntimeError(f"at {lane}: {walker.surprise}") from walker.surprise
        settle(park)
        view.show(began, headcounts(park, days))
    finally:
        view.stop()


def stamp(text):
    say(f"  [{time.monotonic() - BEGAN:5.1f} s]  {text}")


def wait_for_copies(park):
    """Until every gate has a copy of the roster that lacks nothing."""
    def whole():
        rows = park.rows("agent", "list")
        return rows and all(row["copy_lag"] not in ("", None) and int(row["copy_lag"]) < 50 for row in rows)
    until("every gate has its copy", whole, 60)


def without_controller(park, shown, threads):
    """Kills the controller while people stream in; back only when all of them were served by the gates alone."""
    until("somebody was served", lambda: shown() > 0, 30)
    park.controller.kill()
    stamp("kill -9: the controller is gone; the gates go on alone · 控制器被强行终止，各出入口独立运行")
    alone = shown()
    for thread in threads:
        thread.join(120)
    stamp(f"{shown() - alone} more were served by the gates alone · 期间各出入口独立处理")
    if shown() - alone < 20:
        raise RuntimeError("hardly anybody was served while the controller was gone")
    controller_is_back(park)


def controller_is_back(park):
    park.start_controller()
    for name in park.agents:
        until(f"gate {name} is online", lambda gate=name: park.gate_state(gate) == "online", 30)
    until("every gate has told what it did", lambda: not any(int(row["pending"] or 0) for row in park.rows("agent", "list")), 60)
    stamp("the controller is back, every event has arrived · 控制器恢复，事件全部补传")


def fire_boards(park):
    return [(board.name, park.boards[board.name], [lane.name for lane in board.lanes if lane.direction == "out"])
            for gate in park.gates for board in gate.boards]


def drill_begins(park, threads):
    """The controller is killed, then the fire panel opens its loop at every board; people walk when exits stand open."""
    park.controller.kill()
    stamp("kill -9: the controller is gone; the fire panel gives its alarm to every board · 控制器被终止，火警信号送达各控制板")
    for name, board, exits in fire_boards(park):
        begun = time.monotonic()
        board.do("fire on")
        for lane in exits:
            board.do(f"wait {lane} relay on 2000")
        if exits:
            stamp(f"{name}: {' '.join(exits)} open after {(time.monotonic() - begun) * 1000:.0f} ms, by the board's helper alone · 出口已全开")
    return threads


def drill_ends(park, shown, threads):
    """All out; the panel is quiet again, the key is turned at every board, the controller comes back and learns of it."""
    for thread in threads:
        thread.join(120)
    stamp(f"{shown()} went out or were turned away at an entry · 人员已疏散，入口保持关闭")
    boards = fire_boards(park)
    with concurrent.futures.ThreadPoolExecutor(len(boards)) as guards:
        list(guards.map(turn_key, [board for _, board, _ in boards]))
    for _, board, exits in boards:
        for lane in exits:
            board.do(f"wait {lane} relay off 10000")
    stamp("the key was turned at every board: exits shut · 钥匙复位，出口恢复")
    controller_is_back(park)
    until("the fire is over at the controller, too", lambda: park.cli("emergency", "show").get("emergency") in (None, "", "none", "normal"), 30)


def turn_key(board):
    """When the panel is quiet: turned for as long as the board's helper needs to look at it, and back."""
    for word in ("fire off", "reset on", "reset off"):
        board.do(word)
        looks = looks_at(board)
        until("it is looked at", lambda: looks_at(board) > looks + 20, 10)


def looks_at(board):
    return int(re.search(r"requests=(\d+)", board.do("board"))[1])


APART = {"alone": without_controller, "drill": drill_ends}


def turns(park):
    """The arms' own witness: lane -> kind -> turns."""
    found = collections.defaultdict(collections.Counter)
    for log in park.turn_logs.glob("*.log"):
        for line in log.read_text().splitlines():
            words = dict(word.split("=", 1) for word in line.split())
            found[words["lane"]][words["kind"]] += 1
    return found


def settle(park):
    """Waits until every turn of an arm has come to the journal; what is missing then, the check tells."""
    wanted = sum(sum(kinds.values()) for kinds in turns(park).values())

    def all_there():
        kinds = [passage_of(event) for event in park.events("--kind", "passage")]
        return sum(kind in ("passed", "tailgated", "forced", "by-hand") for kind in kinds) >= wanted
    try:
        until("every turn is in the journal", all_there, 15)
    except TimeoutError as error:
        say(f"  {error}")


# --- the check ---

class Check:
    def __init__(self):
        self.wrong = []

    def table(self, name, expected, found):
        """Two mappings, compared key by key."""
        title(name)
        width = max([len(str(key)) for key in [*expected, *found]] + [8])
        for key in sorted({*expected, *found}, key=str):
            want, have = expected.get(key, 0), found.get(key, 0)
            say(f"  {str(key):{width}}  {self.text(have):50} {'ok' if want == have else 'WRONG, expected ' + self.text(want)}")
            if want != have:
                self.wrong.append(f"{name}: {key}: {self.text(have)}, expected {self.text(want)}")

    @staticmethod
    def text(value):
        if isinstance(value, dict):
            return "  ".join(f"{key} {number:3}" for key, number in value.items()) or "none"
        return f"{value:3}"

    def fact(self, name, good, text):
        say(f"  {name:24}  {text:52} {'ok' if good else 'WRONG'}")
        if not good:
            self.wrong.append(f"{name}: {text}")


def needles(people, story):
    """50 names, numbers, plates and UIDs, each in every form that it could stand in: of people who came, of others, and of
    strangers whom nobody knows."""
    able = [row for row in people.by_who.values() if len(row["badge"]) >= 14 and len(row["name"]) >= 3]
    rows = able[:10] + able[100::len(able) // 10][:10]
    steps = [step for _, _, lanes in story.phases for verbs in lanes.values() for step in verbs]
    strangers = [words[0] for verb, *words in steps if verb == "card" and len(words[0]) >= 14]
    found = [(row["name"], [row["name"].encode("utf-8"), row["name"].encode("gb18030")]) for row in rows[3:17]]
    found += [(number, [number.encode()]) for number in [row["id"] for row in rows[6:14]] + [row["phone"] for row in rows[8:12]]]
    for uid in [row["badge"] for row in rows[:20]][:14 - len(strangers)] + strangers:
        colons = ":".join(re.findall("..", uid))
        found.append((uid, [uid.encode(), uid.lower().encode(), bytes.fromhex(uid), colons.encode(), colons.lower().encode()]))
    found += [(plate, [plate.encode("utf-8"), plate.encode("gb18030"), plate[1:].encode()]) for plate in people.trucks[:10]]
    return found


def search(park, people, story):
    """Greps every file of the park for the needles; returns (files, bytes, what was found where)."""
    wanted, hits, files, size = needles(people, story), [], 0, 0
    assert len(wanted) == 50
    for path in sorted(park.directory.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        files, size = files + 1, size + len(data)
        for number, (_, forms) in enumerate(wanted, 1):
            if any(form in data for form in forms):
                hits.append(f"needle {number} in {path.relative_to(park.directory)}")
    return files, size, hits


def check(park, people, story, cameras, start, station):
    expected = json.loads(subprocess.run([sys.executable, "-B", str(HERE / "expect.py"), str(start)], check=True,
                                         capture_output=True, text=True).stdout)
    result = Check()
    days = sorted({key.split()[1] for key in expected["headcount"]})
    found = {f"{row['tenant']} {row['date']}": {figure: row[figure] for figure in FIGURES}
             for row in headcounts(park, days) if any(row[figure] for figure in FIGURES)}
    result.table("Headcount a tenant and business day · 各租户营业日人数", expected["headcount"], found)
    events = park.events()
    refusals = collections.Counter(event["reason"] for event in events if is_presentation(event) and event["verdict"] == "deny")
    acted = sum(event["kind"] == "acted" and event["reason"] == "emergency-closed" for event in events)
    if acted:  # what the gates did; of some of these reads the controller knew of the fire, too
        refusals["emergency-closed"] = max(acted, refusals["emergency-closed"])
    if silent := refusals.pop("controller-silent", 0):
        say(f"  {silent} reads were not answered within 300 ms on this machine; those people tried again")
    result.table("Refusals by reason · 拒绝原因", expected["refusals"], refusals)
    journal = collections.defaultdict(collections.Counter)
    for event in events:
        if (kind := passage_of(event)) is not None:
            journal[event["lane"]][kind] += 1
    result.table("Passages in the journal, a lane · 日志中的通行", expected["passages"],
                 {lane: kinds["passed"] for lane, kinds in journal.items() if kinds["passed"]})
    arms = {lane: dict(sorted(kinds.items())) for lane, kinds in turns(park).items()}
    result.table("Turns of the arms, by their own log · 闸机自身记录", expected["turns"], arms)
    words = {"pass": ("passed", "by-hand"), "tailgate": ("tailgated",), "forced": ("forced",)}
    told = {lane: {kind: count for kind, names in words.items() if (count := sum(kinds[name] for name in names))}
            for lane, kinds in journal.items()}
    result.table("The journal against the arms · 日志与闸机核对", arms, {lane: dict(sorted(kinds.items())) for lane, kinds in told.items() if kinds})
    result.table("Cameras that open by themselves, by their own count · 自行开闸的相机", expected["openings"],
                 {lane: camera.openings for lane, camera in cameras.items()})
    result.table("The journal's passages without a sensor · 无传感器通行", expected["openings"],
                 {lane: kinds["unsensed"] for lane, kinds in journal.items() if kinds["unsensed"]})
    noted = collections.Counter(name for event in park.events("--kind", "fault") for name, words in FAULTS.items()
                                if words in event["text"] and not event["text"].startswith("ended"))
    result.table("Faults noted · 已记录的异常", expected["faults"], noted)
    title("The station and its list · 公安布控")
    station.ends(result)
    facts(park, people, story, expected, result)
    return result.wrong


def facts(park, people, story, expected, result):
    title("Checks of the whole · 总核对")
    inside = len(park.rows("who"))
    result.fact("inside now", inside == expected["inside"], f"{inside} persons, expected {expected['inside']}")
    for noun in ("headcount", "journal", "audit"):
        notes = park.cli(noun, "verify", timeout=300)
        result.fact(f"{noun} verify", notes.get("result") == "good",
                    f"{notes.get('result')}, {notes.get('entries', '?')} entries")
    files, size, hits = search(park, people, story)
    result.fact("no name in clear", not hits, f"50 needles in {files} files, {size / 1e6:.0f} MB: {'; '.join(hits) or 'none found'}")


# --- the whole ---

def commands(park):
    parkgate = f"{os.path.relpath(park.programs.path('parkgate'))} --dir {park.home}"
    turnstile = park.turnstile("board-a").peer.control_path
    peers = os.path.relpath(os.path.dirname(park.programs.path("peer-ctl")))
    title("The park stays up. In another terminal · 园区保持运行，可在另一终端输入")
    for line in ("status", "who --tenant sun-express", "headcount --by hour", "events --follow", "lane list",
                 'lane lock a-in-1 --reason "try it"'):
        say(f"  {parkgate} {line}")
    say(f"  {peers}/peer-ctl {park.readers['a-in-2'].peer.control_path} 'card 04AABBCCDDEE11'   # a stranger's badge")
    say(f"  {peers}/peer-ctl {turnstile} 'show a-in-2' 'button a-out' 'push a-out'")
    say(f"  {peers}/peer-hikvision anpr --url {park.url('c-in')} --plate 浙A00000")
    say("\nCtrl-C ends it · 按 Ctrl-C 结束")


def run(options, directory, work):
    start = int(time.time())
    story, people = Story(start), People()
    days = sorted({story.day_of(shift) for shift in story.shifts})
    title(f"A park in {directory} · 园区目录  {story.start:%Y-%m-%d %H:%M}")
    with Park(directory, story.park_yaml(), gates(directory / "keys" / "bonded.key"), build=options.build) as park:
        say(f"  controller and {len(park.agents)} gates are up")
        import_rosters(park, story, people, work)
        office = Office(park, story, people)
        cameras = {lane.name: park.camera(lane.name) for gate in park.gates for lane in gate.boardless}
        station = StationScene(park, people, work, stamp)
        play(park, story, people, office, cameras, days, station)
        wrong = check(park, people, story, cameras, start, station)
        say()
        for line in wrong:
            say(f"WRONG  {line}")
        say(f"{'NOT as expected' if wrong else 'All as expected · 全部符合预期'}, {time.monotonic() - BEGAN:.0f} s")
        if not options.once:
            commands(park)
            signal.pause()
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo.sh", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end by itself; status 0 only if all is as expected")
    parser.add_argument("--keep", metavar="DIR", help="make the park in DIR and leave it there")
    parser.add_argument("--build", metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.build = options.build or build_directory()

    def end(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    if options.keep and os.path.exists(options.keep) and os.listdir(options.keep):
        sys.exit(f"{options.keep} is not empty; name a new directory")
    work = pathlib.Path(tempfile.mkdtemp(prefix="parkgate-rosters-"))
    directory = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="parkgate-demo-"))
    try:
        return run(options, directory, work)
    except KeyboardInterrupt:
        say("\nending · 结束")
        return 130 if options.once else 0
    except (OSError, RuntimeError, AssertionError, Refused) as error:
        traceback.print_exc()
        for log in sorted((directory / "logs").glob("*.log")):
            say(f"the end of {log.name}:\n  " + "\n  ".join(log.read_text(errors="replace").splitlines()[-8:]))
        say(f"\nThe demo broke off · 演示中断：{error}")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if options.keep:
            say(f"left in {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
