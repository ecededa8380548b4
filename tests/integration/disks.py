"""Small disks of a test's own: a tmpfs, or ext4 on a file. They can be filled, fail, and be mended. Needs root."""
import contextlib
import errno
import fcntl
import os
import pathlib
import struct
import subprocess
import unittest

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN: from now on the file system answers everything with EIO
SHUTDOWN_AT_ONCE = 2


def run(*words):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


class Disk:
    """Mounted at `path`. `kind`: tmpfs (which says EIO when it is full) or ext4 (ENOSPC)."""

    def __init__(self, path, kind, mib):
        self.path, self.kind, self.mib = pathlib.Path(path), kind, mib
        self.image = self.path.with_name(self.path.name + ".img")
        self.loops = []
        self.path.mkdir(parents=True)
        if kind == "ext4":
            with open(self.image, "wb") as image:
                image.truncate(mib << 20)
            run("mkfs.ext4", "-q", "-F", "-m", "0", self.image)
        self.mount()
        self.path.chmod(0o755)

    def mount(self):
        """Over a loop device of its own each time: a file system that failed lives on while anybody has its files open."""
        words = ["-t", "tmpfs", "-o", f"size={self.mib}m", "none"]
        if self.kind == "ext4":
            words = ["-o", "errors=remount-ro", self._loop()]
        done = run("mount", *words, self.path)
        if done.returncode != 0:
            raise unittest.SkipTest(f"no {self.kind} can be mounted here: {done.stderr.strip()}")

    def _loop(self):
        done = run("losetup", "--find", "--show", self.image)
        if done.returncode != 0:
            raise unittest.SkipTest(f"no loop device here: {done.stderr.strip()}")
        self.loops.append(done.stdout.strip())
        return self.loops[-1]

    def unmount(self):
        run("umount", "-l", self.path)

    def give_back(self):
        """At the end, when nobody uses it any more; a device that is still used goes with its last user."""
        self.unmount()
        for loop in self.loops:
            run("losetup", "--detach", loop)

    def free(self):
        state = os.statvfs(self.path)
        return state.f_bavail * state.f_frsize

    def fill(self, leave=0, name="filler"):
        """Takes all room but `leave` bytes."""
        with open(self.path / name, "ab") as filler:
            while (room := self.free() - leave) > 0:
                try:
                    os.posix_fallocate(filler.fileno(), filler.tell(), room)
                    filler.seek(0, os.SEEK_END)
                except OSError as error:
                    if error.errno not in (errno.ENOSPC, errno.EIO):
                        raise
                    break
            while leave == 0:
                try:
                    filler.write(bytes(4096))
                    filler.flush()
                except OSError:
                    with contextlib.suppress(OSError):
                        filler.close()
                    break

    def empty(self):
        for filler in self.path.glob("filler*"):
            filler.unlink()

    def break_down(self):
        """Every read and write of the disk fails from now on."""
        directory = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(directory, SHUTDOWN, struct.pack("I", SHUTDOWN_AT_ONCE))
        os.close(directory)

    def turn_read_only(self):
        """The kernel finds the file system damaged: nothing is written any more (EROFS), everything can be read."""
        trigger = pathlib.Path("/sys/fs/ext4") / pathlib.Path(self.loops[-1]).name / "trigger_fs_error"
        try:
            trigger.write_text("a test\n")
        except OSError as error:
            raise unittest.SkipTest(f"this kernel cannot be told that: {error}") from error

    def mend(self):
        """The disk answers again, as a box that was given another cable."""
        self.unmount()
        self.mount()
