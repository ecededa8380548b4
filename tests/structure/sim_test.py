"""Goal: the simulation runs the daemons' own object files. Method: the compile commands and the link of the build tree that
PARKGATE_BUILD_DIR names: each source of a room is compiled once, and tests/sim compiles its own files alone."""
import collections
import json
import os
import subprocess
import unittest

import tree

BUILD = os.environ.get("PARKGATE_BUILD_DIR", os.path.join(tree.ROOT, "build", "release"))
ROOMS = ("common/", "controller/", "reader-agent/", "schema/")
# What stands in for the outermost shell, and may be left out of the agent.
SHELL = {"join", "look_aside", "device_test", "device_test_devices", "device_trace", "enrol", "helper_port"}


def commands():
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        return json.load(file)


def inputs(target):
    text = subprocess.run(["ninja", "-C", BUILD, "-t", "query", target], stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = text.split("input:")[1].split("outputs:")[0].splitlines()
    return [line.strip().removeprefix("| ").removeprefix("|| ") for line in lines if line.strip()]


class Sim(unittest.TestCase):
    def test_each_source_of_a_room_is_compiled_once(self):
        count = collections.Counter(os.path.relpath(entry["file"], tree.ROOT) for entry in commands())
        twice = [path for path, times in count.items() if times > 1 and path.startswith(ROOMS)
                 and path != "common/base/must.c"]  # which the preloaded libraries of the campaigns take along
        self.assertEqual(twice, [])

    def test_the_simulation_compiles_its_own_files_alone(self):
        objects = [path for path in inputs("tests/sim/sim") if path.endswith(".c.o")]
        self.assertTrue(objects)
        for path in objects:
            self.assertTrue(path.startswith("tests/sim/CMakeFiles/sim.dir/"), path)
        includes = [path for path in tree.tracked() if path.startswith("tests/sim/")]
        for path in includes:
            with open(os.path.join(tree.ROOT, path), encoding="utf-8") as file:
                self.assertNotRegex(file.read(), r'#include "[^"]*\.c"', path)

    def test_the_simulation_links_the_daemons_libraries(self):
        linked = set(inputs("tests/sim/sim"))
        for library in ("controller/libcontroller_app.a", "controller/libcontroller_store.a", "controller/libcontroller_journal.a",
                        "reader-agent/libagent_board.a", "common/libcommon_store.a", "common/libcommon_facts.a",
                        "common/libcommon_access.a", "common/libcommon_park.a", "common/libcommon_seal.a",
                        "tests/sim/agent_part.o"):
            self.assertIn(library, linked)

    def test_the_agents_part_holds_every_object_of_its_rooms(self):
        used = {os.path.normpath(path) for path in inputs("tests/sim/agent_part.o")}
        for room in ("app", "core", "driver", "store", "net"):
            for path in tree.tracked():
                stem = os.path.basename(path)[:-2]
                if path.startswith(f"reader-agent/{room}/") and path.endswith(".c") and stem not in SHELL:
                    self.assertIn(f"reader-agent/CMakeFiles/agent_{room}.dir/{room}/{stem}.c.o", used)

    def test_the_real_lmdb_and_modbus_are_not_called(self):
        text = subprocess.run(["nm", "-D", "--undefined-only", os.path.join(BUILD, "tests", "sim", "sim")], stdout=subprocess.PIPE,
                              check=True).stdout.decode()
        self.assertNotIn(" mdb_", text)
        self.assertNotIn(" modbus_", text)
        self.assertIn(" zmq_", text)  # keys are drawn by it: the list is not empty for another reason


if __name__ == "__main__":
    unittest.main(verbosity=2)
