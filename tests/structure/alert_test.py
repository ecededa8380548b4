"""Goal: no alert and no watch code has an effect at a lane, and every fault has its alert. Method: what their sources
include and their objects call (`nm`) is held against the names of all that reaches a lane; the tables of faults and of
kinds of alerts as text; a compiled wrong line shows that the check bites."""
import os
import re
import subprocess
import tempfile
import unittest

import tree

BUILD = os.environ.get("PARKGATE_BUILD_DIR", os.path.join(tree.ROOT, "build", "release"))

# Sources of alerts and of the watch list, by name.
OURS = re.compile(r"(^|/)(alert|alerts|watch|hit|hits|candidate|candidates|authority|authorities)(_\w+)?\.[ch]$|"
                  r"(^|/)(verbs|project)_(alert|alerts|watch|authority|hits)(_\w+)?\.[ch]$|^common/watch/")
# Where orders to lanes are made, kept and told, and what a decision says to open.
LANE_HEADERS = {"controller/app/agents.h", "controller/app/agents_parts.h", "common/facts/lane_store.h",
                "common/access/lane.h", "schema/agent.pb-c.h", "controller/app/emergency.h",
                "controller/app/emergency_news.h", "schema/helper.h"}
LANE_SYMBOLS = re.compile(r"^(agents_command|batch_verdict|agents_\w+|lane_mode_\w+|emergency_\w+|parkgate__command__\w+|"
                          r"parkgate__verdict__\w+|parkgate__lane_state__\w+|parkgate__command_entry__\w+)$")
LANE_ENTRIES = re.compile(r"\bENTRY_(COMMAND|LANE_STATE|EMERGENCY)\b|\bMESSAGE_(COMMAND|VERDICT|EMERGENCY)\b|\bPORT_AGENTS\b")
# Headers of the daemon that a lane's orders do not come by, though they know the gates' messages.
READS_EVENTS = {"controller/app/hits.h", "controller/app/candidates.h"}

LIBRARIES = {"controller/app": "controller/CMakeFiles/controller_app.dir/app",
             "controller/core": "controller/CMakeFiles/controller_core.dir/core",
             "controller/store": "controller/CMakeFiles/controller_store.dir/store",
             "common/watch": "common/CMakeFiles/common_watch.dir/watch"}


def ours():
    return sorted(path for path in tree.tracked()
                  if OURS.search(path) and path.startswith(("controller/", "common/")) and "common/store/" not in path)


def includes(text):
    return set(re.findall(r'^#include "([^"]+)"', text, re.M))


def undefined(path):
    out = subprocess.run(["nm", "-u", path], stdout=subprocess.PIPE, check=True).stdout.decode()
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


class Alerts(unittest.TestCase):
    def test_there_is_something_to_look_at(self):
        paths = ours()
        for wanted in ("controller/core/alert.c", "controller/app/alerts.c", "controller/app/verbs_alerts.c",
                       "controller/store/project_alert.c"):
            self.assertIn(wanted, paths)

    def test_no_source_knows_an_order_to_a_lane(self):
        for path in ours():
            with self.subTest(path=path):
                text = tree.text(path)
                known = {"schema/agent.pb-c.h"} if path.endswith((".c", ".h")) and READS_EVENTS & (
                    includes(text) | {path}) else set()
                self.assertEqual(includes(text) & (LANE_HEADERS - known), set())
                self.assertIsNone(LANE_ENTRIES.search(re.sub(r"/\*.*?\*/", "", text, flags=re.S)))

    def test_no_object_calls_one(self):
        count = 0
        for path in ours():
            room = os.path.dirname(path)
            if not path.endswith(".c") or room not in LIBRARIES:
                continue
            with self.subTest(path=path):
                names = undefined(os.path.join(BUILD, LIBRARIES[room], os.path.basename(path) + ".o"))
                self.assertEqual(sorted(name for name in names if LANE_SYMBOLS.match(name)), [])
                count += 1
        self.assertGreater(count, 5)

    def test_a_wrong_line_is_seen(self):
        with tempfile.TemporaryDirectory() as where:
            source = os.path.join(where, "wrong.c")
            with open(source, "w", encoding="utf-8") as f:
                f.write("int agents_command(void);\nint wrong(void);\nint wrong(void) { return agents_command(); }\n")
            subprocess.run(["cc", "-c", source, "-o", source + ".o"], check=True)
            self.assertTrue(any(LANE_SYMBOLS.match(name) for name in undefined(source + ".o")))
        self.assertIsNotNone(LANE_ENTRIES.search("controller_record(ctl, ENTRY_COMMAND, x)"))

    def test_every_fault_is_a_kind_of_alert(self):
        faults = set(re.findall(r'const struct fault_kind fault_\w+ = \{\s*"([a-z-]+)"', tree.text("controller/app/faults.c")))
        kinds = re.findall(r'^    (?:\[\w+\] = )?\{"([a-z-]+)", ([1-5]), (true|false),', tree.text("controller/core/alert_kind.c"), re.M)
        self.assertGreater(len(faults), 40)
        self.assertEqual(faults - {word for word, _, _ in kinds}, set())
        self.assertEqual(len(kinds), len({word for word, _, _ in kinds}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
