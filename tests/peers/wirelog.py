"""What an emulated board (peer-turnstile --wire-log) wrote down: its fire input, and every write on its line."""
import re


def read(path, begin=0):
    """[(wall time in us, what stands behind it)], from that byte on."""
    with open(path, encoding="utf-8") as file:
        file.seek(begin)
        return [(int(line.split(" ", 1)[0][5:]), line.split(" ", 1)[1].strip()) for line in file if line.endswith("\n")]


def part(what, name):
    found = re.search(rf"\b{name}=(\S+)", what)
    return found[1] if found else None


def _value(what, unit, coil, several):
    """What a write that the board took gives to that coil; None: nothing."""
    if part(what, "fn") not in ("5", "15") or part(what, "answer") not in ("ok", "none"):
        return None
    if several and part(what, "unit") != str(unit):
        return None
    first, values = int(part(what, "addr"), 16), part(what, "values").split(",")
    return values[coil - first] if first <= coil < first + len(values) else None


def opens(what, unit, coil, several):
    """Is it a write of on to that coil, which the board took?"""
    return _value(what, unit, coil, several) not in (None, "0")


def shuts(what, unit, coil, several):
    """Is it a write of off?"""
    return _value(what, unit, coil, several) == "0"


def flashes(what, unit, coil, several):
    return part(what, "fn") == "6" and part(what, "addr") == f"0x{0x100 + coil:04x}" and \
        (not several or part(what, "unit") == str(unit))
