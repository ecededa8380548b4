"""Goal: the pure rooms and the controller's turn of the loop use no clock, file, socket or random function of
libc. Method: `nm -u` over their object files; whatever libc defines and they ask for must stand in a short list
of functions on memory and text. A compiled wrong line shows that the check bites.

The objects are those of the build that PARKGATE_BUILD_DIR names, the same ones that go into the daemons."""
import os
import re
import subprocess
import tempfile
import unittest

import tree

BUILD = os.environ.get("PARKGATE_BUILD_DIR", os.path.join(tree.ROOT, "build", "release"))

# Memory and text; printing into buffers. `*_chk` are their checked twins (_FORTIFY_SOURCE).
PURE = set("""
    memchr memcmp memcpy memmove memset memmem memrchr explicit_bzero
    strchr strrchr strcmp strncmp strcasecmp strncasecmp strcspn strspn strpbrk strlen strnlen strstr strsep
    strncat stpcpy stpncpy strncpy
    snprintf vsnprintf sscanf strtol strtoll strtoul strtoull
    qsort bsearch abs labs llabs isalnum isalpha isdigit isspace isxdigit tolower toupper
    __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location
    __stack_chk_fail
""".split())
HEAP = set("malloc calloc realloc reallocarray free strdup strndup".split())

# Of our own base: what reads a clock, a file or the entropy pool. Pure rooms get values instead.
IMPURE_OURS = set("clock_system entropy_system config_read tz_load log_write loop_run launcher_start".split())

# (directory of its objects, heap allowed, functions of base that it may call all the same)
ROOMS = {
    "common/access": ("common/CMakeFiles/common_access.dir/access", False, set()),
    "common/park": ("common/CMakeFiles/common_park.dir/park", False, set()),
    "controller/core": ("controller/CMakeFiles/controller_core.dir/core", False, set()),
    "reader-agent/core": ("reader-agent/CMakeFiles/agent_core.dir/core", False, set()),
    # The turn of the loop: allocates (protobuf), logs, and reads the park's zone once when it changes.
    "controller/app": ("controller/CMakeFiles/controller_app.dir/app", True, {"log_write", "tz_load"}),
}


def names(command):
    """The symbols that `nm` prints, without versions."""
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    return {line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip()}


def libc_symbols():
    """Everything that libc and libm define."""
    defined = set()
    for name in ("libc.so.6", "libm.so.6"):
        path = subprocess.run(["cc", f"-print-file-name={name}"], stdout=subprocess.PIPE,
                              check=True).stdout.decode().strip()
        defined |= names(["nm", "-D", "--defined-only", path])
    return defined


def plain(name):
    """`snprintf` for `__snprintf_chk`, `sscanf` for `__isoc99_sscanf`."""
    return re.sub(r"^__(?:isoc\d+_)?(\w+?)(?:_chk)?$", r"\1", name) if name not in PURE else name


def impure(undefined, libc, heap, excused):
    allowed = PURE | (HEAP if heap else set())
    foreign = {name for name in undefined & libc if plain(name) not in allowed}
    return sorted(foreign | (undefined & IMPURE_OURS) - excused)


class CoreSymbols(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.libc = libc_symbols()

    def test_pure_objects(self):
        for room, (directory, heap, excused) in ROOMS.items():
            sources = [path for path in tree.tracked() if re.fullmatch(room + r"/[^/]+\.c", path)]
            self.assertGreater(len(sources), 0, room)
            for source in sources:
                path = os.path.join(BUILD, directory, os.path.basename(source) + ".o")
                with self.subTest(source=source):
                    self.assertEqual(impure(names(["nm", "-u", path]), self.libc, heap, excused), [])

    def test_wrong_functions_are_seen(self):
        for body, symbol in (("time(0)", "time"), ("clock_gettime(0, 0)", "clock_gettime"),
                             ("gettimeofday(0, 0)", "gettimeofday"), ("open(0, 0)", "open"),
                             ("fopen(0, 0)", "fopen"), ("read(0, 0, 0)", "read"), ("write(0, 0, 0)", "write"),
                             ("socket(0, 0, 0)", "socket"), ("connect(0, 0, 0)", "connect"),
                             ("send(0, 0, 0, 0)", "send"), ("recv(0, 0, 0, 0)", "recv"), ("rand()", "rand"),
                             ("random()", "random"), ("getrandom(0, 0, 0)", "getrandom"),
                             ("getenv(0)", "getenv"), ("malloc(1)", "malloc"), ("printf(0)", "printf"),
                             ("clock_system()", "clock_system"), ("localtime(0)", "localtime")):
            with self.subTest(symbol=symbol), tempfile.TemporaryDirectory() as directory:
                source = os.path.join(directory, "x.c")
                with open(source, "w", encoding="utf-8") as file:
                    file.write(f"long {symbol}(); long wrong(void) {{ return {symbol}() ? 1 : 2; }}\n")
                subprocess.run(["cc", "-w", "-O0", "-fno-builtin", "-c", source, "-o", source + ".o"], check=True)
                self.assertEqual(impure(names(["nm", "-u", source + ".o"]), self.libc, False, set()), [symbol], body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
