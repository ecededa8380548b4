"""What the structure tests share: the tracked files and their text."""
import functools
import os
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


@functools.cache
def tracked():
    """Paths from the root of every tracked file that still exists."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z"],
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    return [path for path in listed.split("\0") if path and os.path.isfile(os.path.join(ROOT, path))]


def text(path):
    """A file's text; bytes that are no UTF-8 are kept apart, never an error."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def sources():
    return [path for path in tracked() if path.endswith((".c", ".h"))]
