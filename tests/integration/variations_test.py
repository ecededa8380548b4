"""200 generated variations of each family's bodies, by a seeded generator: fields missing, retyped, reordered, doubled, huge,
in wrong charsets, with wrong clocks, cut and replayed. Whatever comes: the gate lives, every post is acknowledged, each
becomes exactly an event, an ignored kind or a body put aside, the same bytes again add nothing, and history opens nothing.

VARIATIONS_SEED (20260302) and VARIATIONS_COUNT (200) may be set; a failure names both and the variation."""
import collections
import json
import os
import random
import sys
import time
import unittest

from case import ParkCase
from park import REPOSITORY, Board, Gate, Lane

sys.path.insert(0, str(REPOSITORY / "tests" / "peers"))
from terminals import AccTerminal, AttTerminal, Http, Uniview  # noqa: E402

SEED = int(os.environ.get("VARIATIONS_SEED", "20260302"))
COUNT = int(os.environ.get("VARIATIONS_COUNT", "200"))
ENROLLED = "1001"  # may enter; shown only where nothing may open
EVENT, IGNORED, ASIDE = "event", "ignored", "aside"

# One post: what is sent, how many events it is, whether something of it is put aside.
Post = collections.namedtuple("Post", "body events aside name")
CLOCKS = (0, -3600, 3600, 8 * 3600, -8 * 3600)


class Univiews:
    """Bodies of a Uniview terminal."""

    LANE = "unv-in"

    def __init__(self, rng, port):
        self.rng, self.terminal, self.number = rng, Uniview("127.0.0.1", port), 0

    def warm(self, number):
        return self.terminal.person(90000 + number)

    # Each changes the body or its text, and says what must become of it.

    def drop(self, body):
        del body[self.rng.choice(["RefId", "DeviceCode", "FaceInfoNum", "LibMatInfoNum", "GateInfoList", "FaceInfoList",
                                  "Timestamp", "CardInfoList"])]
        return EVENT

    def retype(self, body):
        key = self.rng.choice(["Seq", "Timestamp"])
        body[key] = self.rng.choice([str, float])(body[key]) if key == "Timestamp" else str(body[key])
        match = body["LibMatInfoList"][0]
        match["LibType"], match["MatchStatus"] = str(match["LibType"]), float(match["MatchStatus"])
        match["MatchPersonID"] = str(match["MatchPersonID"])
        return EVENT

    def reorder(self, body):
        pairs = list(body.items())
        self.rng.shuffle(pairs)
        body.clear()
        body.update(pairs)
        return EVENT

    def miscount(self, body):
        body["LibMatInfoNum"] = self.rng.choice([0, 7, -1, "many", None])
        return EVENT

    def huge(self, body):
        body["FaceInfoList"] = [{"PanoImage": {"Data": "A" * self.rng.choice([3000, 70000, 400000])}}]
        return EVENT

    def unknown_field(self, body):
        body["x" * 40] = [{"deep": [[1], {"a": None}]}]
        return EVENT

    def clock(self, body):
        body["Timestamp"] = self.rng.choice([0, 1, int(time.time()) + self.rng.choice(CLOCKS), 10 ** 15, -5])
        return EVENT

    def two_people(self, body):
        body["LibMatInfoList"].append({**body["LibMatInfoList"][0], "MatchPersonID": 4242})
        return EVENT

    def no_id(self, body):
        body["LibMatInfoList"][0]["MatchPersonID"] = 0
        body["LibMatInfoList"][0]["MatchPersonInfo"] = self.rng.choice([None, {}, {"PersonCode": ""}, []])
        return EVENT

    def stranger(self, body):
        body["LibMatInfoList"][0]["LibType"] = self.rng.choice([1, 2])
        return IGNORED

    def refused(self, body):
        body["LibMatInfoList"][0]["MatchStatus"] = self.rng.choice([0, 2, 3, 4, 5, 6, 8, 9, 10, 11])
        return IGNORED

    def nobody(self, body):
        body["LibMatInfoList"] = []
        return IGNORED

    def counts(self, body):
        for key in ("FaceInfoList", "LibMatInfoList", "CardInfoList"):
            body.pop(key, None)
        body["GateInfoList"] = {"InPersonCnt": 4, "OutPersonCnt": 2}
        return IGNORED

    def strange_status(self, body):
        body["LibMatInfoList"][0]["MatchStatus"] = self.rng.choice([99, "ok", None, [1]])
        return ASIDE

    def strange_library(self, body):
        body["LibMatInfoList"] = [self.rng.choice([7, "x", {}, []])]
        return ASIDE

    WILD = (drop, retype, reorder, miscount, huge, unknown_field, clock, two_people, no_id, stranger, refused, nobody,
            counts, strange_status, strange_library)

    def text(self, body):
        return json.dumps(body, ensure_ascii=False)

    def spoil(self, text):
        """A damage of the bytes; what must become of it."""
        kind = self.rng.choice(["cut", "doubled", "garbage", "gbk", "bom"])
        if kind == "cut":
            return text[:self.rng.randrange(1, len(text) - 1)].encode(), ASIDE
        if kind == "doubled":
            return text.replace('"Seq":', '"Seq": 1, "Seq":', 1).encode(), ASIDE
        if kind == "garbage":
            return bytes(self.rng.randrange(128, 256) for _ in range(40)) + str(self.number).encode(), ASIDE
        return text.encode({"gbk": "gbk", "bom": "utf-8-sig"}[kind]), EVENT

    def variation(self, number):
        self.number = number
        history = self.rng.random() < 0.4
        person = int(ENROLLED) if history else 50000 + number
        body = self.terminal.body(person, history=history, at=time.time() - (history * 900))
        changes = self.rng.sample(self.WILD, self.rng.choice([0, 1, 1, 2]))
        fates = []
        for change in changes:
            try:
                fates.append(change(self, body))
            except (KeyError, IndexError, TypeError):
                continue  # an earlier change took what it wanted to change
        data, fate = self.text(body).encode(), EVENT
        if self.rng.random() < 0.25:
            data, fate = self.spoil(self.text(body))
        name = f"{[change.__name__ for change in changes]} {fate}"
        return Post(data, *self.fate(data, fates + [fate]), name)

    def fate(self, data, _):
        """What the page of the formats makes of these bytes, read by Python's own JSON."""
        body = decode(data)
        if body is None:
            return 0, True
        lists = ("FaceInfoList", "CardInfoList", "GateInfoList", "LibMatInfoList")
        if not any(key in body for key in lists) or body.get("DeviceCode", "210235C3") != "210235C3":
            return 0, True
        found = body.get("LibMatInfoList", [])
        passed = failed = 0
        for match in found if isinstance(found, list) else [found] if isinstance(found, dict) else []:
            kind, status = (whole(match.get(key)) if isinstance(match, dict) else None for key in ("LibType", "MatchStatus"))
            if kind is None or status is None or kind > 4 or status > 11:
                return 0, True
            passed += kind in (3, 4) and status in (1, 7)
            failed += not (kind in (3, 4) and status in (1, 7))
        return int(passed > 0), False

    def post(self, data):
        return self.terminal.post(data)

    def close(self):
        self.terminal.http.close()


def decode(data):
    """A JSON object with no name twice, in UTF-8, UTF-16 or GBK; None: it is none."""
    def once(pairs):
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("twice")
        return dict(pairs)
    for charset in ("utf-8-sig", "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030"):
        try:
            text = data.decode(charset)
            break
        except UnicodeDecodeError:
            continue
    else:
        return None
    try:
        body = json.loads(text, object_pairs_hook=once)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def whole(value):
    """A whole number as a device may type it; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number >= 0 and number == int(number) else None


class Tables:
    """Tables of a ZKTeco terminal: lines, each with its own fate."""

    TABLE, LANE = None, None

    def __init__(self, rng, terminal):
        self.rng, self.terminal = rng, terminal

    def warm(self, number):
        self.good(90000 + number)
        return self.terminal.send()

    def good(self, pin, at=None):
        raise NotImplementedError

    def wild(self, number):
        """One line that is not a plain pass, its number of events, and whether it is garbage."""
        raise NotImplementedError

    def variation(self, number):
        """One line is live, of nobody; more are history, and may be of somebody who may enter."""
        self.terminal.waiting.clear()
        events, aside, names = 0, False, []
        count = self.rng.choice([1, 1, 2, 3, 8, 40])
        for index in range(count):
            if self.rng.random() < 0.35:
                line, made, garbage, name = self.wild(number * 100 + index)
                self.terminal.waiting.append(line)
                events, aside = events + made, aside or garbage
                names.append(name)
            else:
                pin = f"{number * 100 + index:07}"
                self.good(pin, time.time() - self.rng.choice([0, 0, 60, 86400]))
                events += 1
        if events > 1:  # all of it is history: somebody who may enter is among them
            self.good(ENROLLED, time.time() - 100000 - 1000 * number)
            events += 1
        if self.rng.random() < 0.3:
            self.rng.shuffle(self.terminal.waiting)
        ends = self.rng.choice(["\n", "\r\n", "\n\n"])
        body = ends.join(self.terminal.waiting) + self.rng.choice(["", ends])
        self.terminal.waiting.clear()
        data = body.encode("gb18030", "replace") if self.rng.random() < 0.2 else body.encode()
        return Post(data, events, aside, f"{count} lines, {names}")

    def post(self, data):
        status, answer = self.terminal.call("POST", "cdata", data, table=self.TABLE)
        return status == 200 and answer.split(":")[0] == "OK"

    def close(self):
        self.terminal.http.close()


class Attendance(Tables):
    TABLE, LANE = "ATTLOG", "att-in"

    def __init__(self, rng, port):
        super().__init__(rng, AttTerminal("127.0.0.1", port, "CN1"))

    def good(self, pin, at=None):
        self.terminal.slashes = self.rng.random() < 0.3
        self.terminal.punch(pin, status=self.rng.choice([0, 1, 255, ""]), verify=self.rng.choice([1, 3, 4, 15, "x"]), at=at)

    def wild(self, number):
        when = self.terminal.local()
        return self.rng.choice([
            (f"{number:07}\t{when}", 1, False, "short"),
            (f"{number:07}\t{when}\t0\t1\t" + "9" * 900, 1, False, "long"),
            (f"{number:07}\t{when}\t" + "9" * 5000, 0, True, "too long"),
            (f"{number:07}\t{when}" + "\t0" * 100, 0, True, "too many columns"),
            (f"编号{number}\t{when}\t0\t1", 1, False, "no subject id"),
            (f"{number:07}\tyesterday\t0\t1", 0, True, "no time"),
            (f"{number:07}\t1970-01-01 00:00:00\t0\t1", 1, False, "the clock's own beginning"),
            (f"{number:07}\t2099-12-31 23:59:59\t0\t1", 1, False, "far away"),
            (f"{number:07} {when} 0 1", 0, True, "blanks for tabs"),
            (f"\t{when}\t0\t1", 0, True, "nobody"),
            (f"%%% {number} %%%", 0, True, "garbage"),
            (f"{number:07}\t{when}\t-1\t1e9\t\t\t", 1, False, "odd numbers"),
        ])


class Access(Tables):
    TABLE, LANE = "rtlog", "acc-in"

    def __init__(self, rng, port):
        super().__init__(rng, AccTerminal("127.0.0.1", port, "CN2"))

    def good(self, pin, at=None):
        self.terminal.slashes = self.rng.random() < 0.3
        self.terminal.event(pin=pin, verify=self.rng.choice([1, 3, 15, ""]), status=self.rng.choice([0, 1, 2]), at=at)

    def wild(self, number):
        when = self.terminal.local()
        whole_line = f"time={when}\tpin={number:07}\tcardno=0\teventaddr=1\tevent=0\tverifytype=15\tindex={number}"
        return self.rng.choice([
            (whole_line.replace("event=0", "event=27"), 0, False, "not registered"),
            (whole_line.replace("event=0", "event=200"), 0, False, "door"),
            (whole_line.replace("event=0", "event=4711"), 0, True, "unknown event"),
            (whole_line.replace("event=0", "event="), 0, True, "no event"),
            (whole_line + f"\tpin={number}", 0, True, "two people"),
            ("\t".join(reversed(whole_line.split("\t"))), 1, False, "reordered"),
            (whole_line.upper().replace("TIME=", "Time="), 1, False, "upper case"),
            (whole_line.replace("pin=", "pin="[:3] + " = "), 1, False, "blanks"),
            (whole_line.replace(f"pin={number:07}", "pin=0"), 1, False, "nobody"),
            (whole_line.replace("cardno=0", "cardno=" + "9" * 30), 1, False, "huge card"),
            (whole_line + "\tname=测试\tmaskflag=0", 1, False, "more fields"),
            (whole_line + "\tgarbage", 0, True, "a field without a name"),
            (whole_line.replace(when, "25:00"), 0, True, "no time"),
            (f"%%% {number} %%%", 0, True, "garbage"),
        ])


class Plain:
    """Bodies of the plain JSON."""

    LANE = "json-in"

    def __init__(self, rng, port):
        self.rng, self.http = rng, Http("127.0.0.1", port)

    def warm(self, number):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return self.post(json.dumps({"kind": "face", "value": f"{90000 + number}", "time": now, "event": f"w{number}"}).encode())

    def good(self, number, history):
        kind = self.rng.choice(["badge", "qr", "pin", "plate", "face"])
        value = {"badge": f"04{number:06X}", "qr": f"token-{number}", "pin": f"{number:06}", "plate": f"浙A{number % 100000:05}",
                 "face": ENROLLED if history else f"{number}"}[kind]
        event = {"kind": kind, "value": value, "event": f"e-{number}"}
        if history:
            event["history"] = self.rng.choice([True, 1, "true", "false", [], 0])
        return event

    def wild(self, number):
        return self.rng.choice([
            ({"kind": "badge", "value": "12345", "event": number}, 1, False),
            ({"kind": "badge", "value": 12345678, "event": number}, 1, False),
            ({"kind": "face", "value": "two words", "event": f"{number}"}, 1, False),
            ({"kind": "plate", "value": "unknown", "confidence": "many", "event": f"{number}"}, 1, False),
            ({"kind": "qr", "value": "x" * 200, "event": f"{number}"}, 1, False),
            ({"kind": "pin", "value": [number], "event": f"{number}"}, 1, False),
            ({"kind": "face", "value": "5", "time": "yesterday", "event": f"{number}"}, 1, False),
            ({"kind": "face", "value": "5", "time": "1970-01-01T00:00:00Z", "event": f"{number}"}, 1, False),
            ({"kind": "alive", "more": number}, 0, False),
            ({"kind": "bits", "value": "0" * 26}, 0, False),
            ({"kind": "bits", "value": "1" * (number % 80)}, 0, False),
            ({"kind": "dog", "value": f"{number}"}, 0, True),
            ({"value": f"{number}"}, 0, True),
            ({"kind": "face", "event": f"{number}"}, 0, True),
            ({"kind": "face", "value": f"{number}", "event": ["x"]}, 0, True),
            ({"kind": "qr", "value": "x" * 300, "event": f"{number}"}, 0, True),
            (number, 0, True),
        ])

    def variation(self, number):
        events, aside, made = [], False, 0
        several = self.rng.random() < 0.5
        for index in range(self.rng.choice([2, 5, 32]) if several else 1):
            if self.rng.random() < 0.5 and (several or number % 7):
                event, count, bad = self.wild(number * 100 + index)
            else:
                event, count, bad = self.good(number * 100 + index, self.rng.random() < 0.4), 1, False
            events.append(event)
            made, aside = made + count, aside or bad
        body = {"events": events, "x": 1} if several else events[0]
        text = json.dumps(body, ensure_ascii=self.rng.random() < 0.5)
        damage = self.rng.random()
        if damage < 0.1:
            return Post(text[:-1].encode(), 0, True, "cut")
        if damage < 0.15 and isinstance(body, dict):
            return Post(b'{"kind": "x", ' + text[1:].replace('"events"', '"kind"', 1).encode(), 0, True, "doubled")
        if not isinstance(body, dict):
            return Post(text.encode(), 0, True, "no object")
        charset = "gb18030" if damage < 0.3 else "utf-16" if damage < 0.4 else "utf-8"
        return Post(text.encode(charset), made, aside, f"{events}")

    def post(self, data):
        status, answer = self.http.send("POST", "/json/json-in-json", data, "application/json")
        return status == 200 and json.loads(answer)["result"] in ("ok", "aside")

    def close(self):
        self.http.close()


def posting_gate():
    lanes = [Lane("unv-in", reader="uniview"), Lane("att-in", reader="zkteco-att", reader_more={"device_id": "CN1"}),
             Lane("acc-in", reader="zkteco-acc", reader_more={"device_id": "CN2"}), Lane("json-in", reader="json")]
    return [Gate("gate-v", [Board("board-v", lanes)])]


class Variations(ParkCase):
    GATES = staticmethod(posting_gate)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        who, _ = cls.person()
        cls.park.cli("face", "attach", who, ENROLLED, "--consent", "paper 17", "--purpose", "entry")

    def counts(self, lane):
        """Events and bodies put aside so far."""
        kinds = collections.Counter(event["kind"] for event in self.park.events() if event.get("lane") == lane)
        return kinds["presentation"], kinds["body-aside"]

    def settled(self, lane, before, events, aside):
        """Waits until that many more are there, and says how many there are."""
        self.park.wait_events(f"{events} events at {lane}", {"kind": "presentation", "lane": lane}, before[0] + events, 60)
        if aside:
            self.park.wait_events(f"{aside} bodies aside at {lane}", {"kind": "body-aside", "lane": lane}, before[1] + aside, 60)
        after = self.counts(lane)
        return after[0] - before[0], after[1] - before[1]

    def run_family(self, family):
        rng = random.Random(f"{SEED} {family.__name__}")
        posts, seen = family(rng, self.park.http_ports["gate-v"]), set()
        for number in range(3):  # its clock is known
            self.assertTrue(posts.warm(number))
        before = self.counts(posts.LANE)
        events = aside = 0
        for number in range(1, COUNT + 1):
            post = posts.variation(number)
            word = f"seed {SEED}, {family.__name__} {number}: {post.name}"
            self.assertTrue(posts.post(post.body), word)
            if rng.random() < 0.3:
                self.assertTrue(posts.post(post.body), word)  # sent again
            if post.body not in seen:
                seen.add(post.body)
                events, aside = events + post.events, aside + post.aside
        self.assertEqual(self.settled(posts.LANE, before, events, aside), (events, aside), f"seed {SEED}")
        self.assertGreater(events, COUNT // 5)
        self.assertGreater(aside, COUNT // 20)
        self.assertEqual(self.park.turnstile(posts.LANE).show(posts.LANE)["pulses"], "0", "history opened a lane")
        posts.close()
        print(f"{family.__name__}: {COUNT} variations, {events} events, {aside} put aside", flush=True)

    def test_uniview(self):
        self.run_family(Univiews)

    def test_attendance(self):
        self.run_family(Attendance)

    def test_access(self):
        self.run_family(Access)

    def test_plain_json(self):
        self.run_family(Plain)

    def test_zz_the_record_is_whole(self):
        self.assert_verified()


if __name__ == "__main__":
    unittest.main()
