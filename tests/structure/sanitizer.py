"""Goal: the daemons that integration tests and demo start are ASan and UBSan builds. Method: each program of the
tree in PARKGATE_BUILD_DIR asks for both runtimes, and a program made to stumble is stopped."""
import os
import re
import subprocess
import tempfile
import unittest

import build_test


class Sanitizers(unittest.TestCase):
    def test_every_program_is_instrumented(self):
        for program in build_test.PROGRAMS:
            symbols = build_test.output("nm", "-D", "--undefined-only", build_test.path_of(program))
            self.assertIn("__asan_report_load8", symbols, program)
            self.assertRegex(symbols, "__ubsan_handle_[a-z_]+_abort", program)

    def test_the_same_flags_stop_a_program(self):
        entry = next(entry for entry in build_test.commands() if entry["file"].endswith("common/base/bytes.c"))
        flags = re.findall(r"-f(?:no-)?sanitize\S+", entry["command"])
        with tempfile.TemporaryDirectory() as directory:
            source = os.path.join(directory, "x.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write("int main(int n, char **v) { char a[4] = {0}; if (n > 2) n += 2147483647; "
                           "return a[n * 4 - 4] + (v == 0); }\n")
            subprocess.run(["cc", *flags, source, "-o", source + ".out"], check=True)
            for arguments, status in (([], 0), (["1"], 1), (["1", "2"], 1)):
                done = subprocess.run([source + ".out", *arguments], stderr=subprocess.DEVNULL, check=False)
                self.assertEqual(done.returncode != 0, status != 0, arguments)


if __name__ == "__main__":
    unittest.main(verbosity=2)
