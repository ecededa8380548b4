"""What the tests of the person-key store share: a key as its bytes, and the controller's program on another day."""
import struct
import subprocess

import stores
from case import ParkCase, foot_gate


class KeysCase(ParkCase):
    GATES = staticmethod(lambda: [foot_gate("gate-a")])

    def key_of(self, person):
        with stores.transaction(self.park.home / "keys") as txn:
            found = dict(stores.rows(txn, "holder"))
        return found[bytes.fromhex(person)]

    def controller(self, *args, days=0):
        """The controller's program, on a machine whose clock is so many days ahead."""
        moved = self.park.directory / "moved"
        moved.write_bytes(struct.pack("=q", days * 86400 * 1000000))
        env = {**self.park.env, "MOVED_CLOCK": str(moved),
               "LD_PRELOAD": str(self.park.programs.build / "tests/integration/moved_clock.so")} if days else self.park.env
        return subprocess.run([self.park.programs.path("parkgate-controller"), *args], text=True, capture_output=True, timeout=60,
                              check=False, env=env)

    def restored(self, backup, name, *more, days=0):
        home = self.park.directory / name
        return home, self.controller("--restore", backup, home, *more, days=days)
