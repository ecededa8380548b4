"""Goal: what CI builds is what the docs promise: every program, warnings as errors, hardening, the lists that
scripts read. Method: the build tree that PARKGATE_BUILD_DIR names, its compile commands, readelf and nm."""
import json
import os
import re
import subprocess
import unittest

import tree

BUILD = os.environ.get("PARKGATE_BUILD_DIR", os.path.join(tree.ROOT, "build", "release"))
PROGRAMS = {"parkgate": "admin-cli", "parkgate-controller": "controller", "parkgate-agent": "reader-agent",
            "parkgate-nfc": "reader-agent", "parkgate-board": "reader-agent", "parkgate-terminal": "reader-agent",
            "parkgate-viid": "controller", "parkgate-webhook": "controller"}


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


def path_of(program):
    return os.path.join(BUILD, PROGRAMS[program], program)


def commands():
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        return [entry for entry in json.load(file) if ".pb-c.c" not in entry["file"]]


class Build(unittest.TestCase):
    def test_every_program_is_there(self):
        for program in PROGRAMS:
            self.assertTrue(os.access(path_of(program), os.X_OK), program)

    def test_every_source_is_compiled_with_warnings_as_errors(self):
        flags = ("-std=c17", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
        compiled = set()
        for entry in commands():
            compiled.add(os.path.relpath(entry["file"], tree.ROOT))
            for flag in flags:
                self.assertIn(f" {flag} ", entry["command"], entry["file"])
        missing = [path for path in tree.tracked()
                   if path.endswith(".c") and path not in compiled and not path.startswith("tests/fuzz/")]
        self.assertEqual(missing, [])

    def test_release_objects_are_hardened(self):
        for entry in commands():
            for flag in ("-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection",
                         "-D_FORTIFY_SOURCE=2"):
                self.assertIn(f" {flag} ", entry["command"], entry["file"])

    def test_release_programs_are_hardened(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                path = path_of(program)
                self.assertIn("DYN (Position-Independent Executable", output("readelf", "-h", path))
                segments = output("readelf", "-lW", path)
                self.assertIn("GNU_RELRO", segments)
                self.assertRegex(segments, r"GNU_STACK .* RW +0x")
                self.assertRegex(output("readelf", "-dW", path), r"BIND_NOW|\bNOW\b")
                symbols = output("nm", "-D", "--undefined-only", path)
                self.assertIn("__stack_chk_fail", symbols)
                self.assertRegex(symbols, r"__\w+_chk\b")

    def test_ci_runs_the_test_script(self):
        run = [line for line in tree.text(".ci/run").splitlines() if line and not line.startswith("#")]
        self.assertEqual(len(run), 1)
        self.assertIn("scripts/test.sh", run[0])

    def test_scripts_read_the_list_of_packages(self):
        packages = [line for line in tree.text("packaging/apt-packages.txt").splitlines()
                    if line and not line.startswith("#")]
        self.assertGreater(len(packages), 20)
        self.assertEqual(sorted(packages), sorted(set(packages)), "a package stands twice")
        for package in packages:
            self.assertRegex(package, r"^[a-z0-9][a-z0-9.+-]+$")
        self.assertIn("packaging/apt-packages.txt", tree.text("scripts/lib.sh"))
        for script, groups in (("scripts/demo.sh", "build run"), ("scripts/test.sh", "build run test")):
            self.assertRegex(tree.text(script), rf"(?m)^\s*install_packages {groups}$")
        for path in tree.tracked():
            if path.startswith("scripts/") and path != "scripts/lib.sh":
                self.assertNotRegex(tree.text(path), r"apt(-get)? install", path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
