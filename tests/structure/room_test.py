"""Goal: every room includes only what rooms.toml allows, programs meet only in common/ and schema/, and
no circle of rooms exists. Method: all #include lines of all tracked sources; then rows of wrong includes, to
show that the check bites."""
import re
import tomllib
import unittest

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
PROGRAMS = ("controller/", "reader-agent/", "admin-cli/")


def load():
    with open(tree.ROOT + "/tests/structure/rooms.toml", "rb") as file:
        table = tomllib.load(file)
    for room in table["room"]:
        room["may"] = spread(room["may"], table["sets"])
        if room["libc"] != "any":
            room["libc"] = table["sets"][room["libc"][1:]]
    return table


def spread(names, sets):
    """@set stands for its members."""
    return [each for name in names for each in (sets[name[1:]] if name.startswith("@") else [name])]


def room_of(table, path):
    """The room of a file or header; None: it has none (tests, generated code)."""
    rooms = [room for room in table["room"] if path.startswith(room["path"])]
    return max(rooms, key=lambda room: len(room["path"]), default=None)


def library_of(table, header):
    for name, headers in table["libraries"].items():
        if any(header == each or (each.endswith("/") and header.startswith(each)) for each in headers):
            return name
    return None


def allows(may, header):
    return any(header == each or (each.endswith("/") and header.startswith(each)) for each in may)


def complaint(table, path, quoted, header):
    """None when `path` may include `header`, else why not."""
    room = room_of(table, path)
    if quoted:
        if header.endswith(".pb-c.h") and "protobuf" not in room["libraries"]:
            return "a protobuf message"
        if room_of(table, header) is room:
            return None
        return None if allows(room["may"], header) else "not in its row of the table"
    library = library_of(table, header)
    if library is not None:
        return None if library in room["libraries"] else f"library {library} is not in its row"
    if room["libc"] == "any" or header in room["libc"]:
        return None
    return "a pure room does not use this standard header"


def includes(path):
    return [(quote == '"', header) for quote, header in INCLUDE.findall(tree.text(path))]


class Rooms(unittest.TestCase):
    def setUp(self):
        self.table = load()
        self.files = [path for path in tree.sources() if room_of(self.table, path)]

    def excused(self):
        return {(each["file"], each["header"]) for each in self.table["exception"]}

    def test_every_include_is_in_the_table(self):
        wrong, seen = [], 0
        for path in self.files:
            for quoted, header in includes(path):
                seen += 1
                why = complaint(self.table, path, quoted, header)
                if why and (path, header) not in self.excused():
                    wrong.append(f"{path} includes {header}: {why}")
        self.assertGreater(seen, 500)
        self.assertEqual(wrong, [], "\n".join(["", *wrong]))

    def test_every_exception_is_needed_and_says_why(self):
        for each in self.table["exception"]:
            with self.subTest(file=each["file"], header=each["header"]):
                self.assertGreater(len(each["reason"]), 20)
                hits = [(quoted, header) for quoted, header in includes(each["file"])
                        if header == each["header"]]
                self.assertTrue(hits and complaint(self.table, each["file"], *hits[0]))

    def test_programs_do_not_meet(self):
        for path in self.files:
            own = next((program for program in PROGRAMS if path.startswith(program)), None)
            for _, header in includes(path):
                other = next((program for program in PROGRAMS if header.startswith(program)), None)
                if other:
                    self.assertEqual(other, own, f"{path} includes {header}")

    def test_every_source_has_a_room(self):
        for path in tree.sources():
            if not path.startswith("tests/"):
                self.assertIsNotNone(room_of(self.table, path), path)

    def test_quoted_includes_exist_and_begin_at_the_root(self):
        tracked = set(tree.tracked())
        for path in tree.sources():
            for quoted, header in includes(path):
                proto = header.replace(".pb-c.h", ".proto")
                if quoted:
                    self.assertTrue(header in tracked or proto in tracked, f"{path} includes {header}")

    def test_no_circle_of_rooms(self):
        arrows = {}
        for path in self.files:
            room = room_of(self.table, path)["path"]
            for quoted, header in includes(path):
                other = room_of(self.table, header) if quoted else None
                if other and other["path"] != room:
                    arrows.setdefault(room, set()).add(other["path"])
        circle = find_circle(arrows)
        self.assertIsNone(circle, " -> ".join(circle or []))

    def test_wrong_includes_are_seen(self):
        wrong = [
            ("controller/core/x.c", True, "common/base/log.h"),
            ("controller/core/x.c", True, "common/facts/tables.h"),
            ("controller/core/x.c", True, "schema/record.pb-c.h"),
            ("controller/core/x.c", False, "time.h"),
            ("controller/core/x.c", False, "stdlib.h"),
            ("controller/core/x.c", False, "lmdb.h"),
            ("common/access/x.c", True, "schema/envelope.h"),
            ("common/access/x.c", True, "common/seal/seal.h"),
            ("common/base/x.c", True, "schema/limits.h"),
            ("common/base/x.c", False, "zmq.h"),
            ("common/seal/x.c", True, "schema/limits.h"),
            ("common/store/x.c", True, "common/park/park.h"),
            ("common/park/x.c", True, "common/facts/tables.h"),
            ("common/park/x.c", False, "stdlib.h"),
            ("common/store/x.c", False, "openssl/evp.h"),
            ("controller/net/x.c", True, "common/facts/tables.h"),
            ("controller/store/x.c", True, "controller/app/batch.h"),
            ("controller/app/x.c", True, "reader-agent/core/link_state.h"),
            ("controller/app/x.c", False, "zmq.h"),
            ("controller/app/x.c", False, "lmdb.h"),
            ("reader-agent/driver/x.c", True, "reader-agent/store/outbox.h"),
            ("reader-agent/board/x.c", False, "zmq.h"),
            ("reader-agent/board/x.c", False, "microhttpd.h"),
            ("reader-agent/nfc/x.c", True, "schema/agent.pb-c.h"),
            ("admin-cli/x.c", True, "controller/store/project.h"),
            ("tests/peers/x.c", True, "common/base/bytes.h"),
        ]
        for path, quoted, header in wrong:
            with self.subTest(path=path, header=header):
                self.assertIsNotNone(complaint(self.table, path, quoted, header))
        self.assertEqual(find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}), ["a", "b", "c", "a"])


def find_circle(arrows):
    """A path of rooms that ends where it began, or None."""
    def walk(room, path):
        if room in path:
            return path[path.index(room):] + [room]
        for other in sorted(arrows.get(room, ())):
            circle = walk(other, path + [room])
            if circle:
                return circle
        return None

    for room in sorted(arrows):
        circle = walk(room, [])
        if circle:
            return circle
    return None


if __name__ == "__main__":
    unittest.main(verbosity=2)
