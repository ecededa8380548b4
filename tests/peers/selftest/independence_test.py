"""The peers share no code with what they test: every quoted include in this directory names a file of
this directory, and no room of ours is linked."""
import os
import re
import sys
import unittest

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


class Independence(unittest.TestCase):
    def test_includes(self):
        seen = 0
        for name in sorted(os.listdir(PEERS)):
            if not name.endswith((".c", ".h")):
                continue
            with open(os.path.join(PEERS, name), encoding="utf-8") as file:
                for included in re.findall(r'^\s*#\s*include\s+"([^"]+)"', file.read(), re.M):
                    self.assertRegex(included, r"^tests/peers/[a-z0-9_]+\.h$", name)
                    seen += 1
        self.assertGreater(seen, 10)

    def test_python(self):
        """The Python ones import the standard library and each other, and nothing else."""
        ours = {name[:-3] for name in os.listdir(PEERS) if name.endswith(".py")}
        for name in sorted(ours):
            with open(os.path.join(PEERS, name + ".py"), encoding="utf-8") as file:
                for module in re.findall(r"^(?:import|from) (\w+)", file.read(), re.M):
                    self.assertTrue(module in sys.stdlib_module_names or module in ours, f"{name}: {module}")

    def test_libraries(self):
        with open(os.path.join(PEERS, "CMakeLists.txt"), encoding="utf-8") as file:
            linked = re.findall(r"target_link_libraries\(\S+ ([^)]*)\)", file.read())
        self.assertGreater(len(linked), 2)
        for words in linked:
            for word in words.split():
                self.assertRegex(word, "^(PUBLIC|peer_util|parkgate_flags|PkgConfig::(LIBMODBUS|LIBCURL))$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
