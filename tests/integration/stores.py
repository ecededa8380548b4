"""What really stands in the stores: the controller's journal and an agent's outbox, read from LMDB by its own library.

Read transactions beside the running daemons; no code of theirs. Standard library and liblmdb.so.0 only.
"""
import contextlib
import ctypes
import hashlib
import os
import pathlib
import struct

from contract import Message

LMDB = ctypes.CDLL("liblmdb.so.0")
RDONLY, FIRST, NEXT = 0x20000, 0, 8
ENTRY_EVENT, ENTRY_EVENT_REFUSED, ENTRY_FAULT, ENTRY_EPOCH = 16, 17, 18, 15
PRESENTATION, PASSAGE, BUTTON, ACTED, COMMAND = 1, 2, 3, 4, 5
PASSED, FORCED = 1, 3
OUTCOME_GRANT = 2
EVENT_ENTRIES = (ENTRY_EVENT, ENTRY_EVENT_REFUSED)


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    def bytes(self):
        return ctypes.string_at(self.data, self.size)


def check(status):
    if status != 0:
        LMDB.mdb_strerror.restype = ctypes.c_char_p
        raise OSError(f"LMDB: {LMDB.mdb_strerror(status).decode()}")


@contextlib.contextmanager
def transaction(directory):
    env, txn = ctypes.c_void_p(), ctypes.c_void_p()
    check(LMDB.mdb_env_create(ctypes.byref(env)))
    try:
        check(LMDB.mdb_env_set_maxdbs(env, 130))
        check(LMDB.mdb_env_open(env, os.fsencode(directory), RDONLY, 0o600))
        check(LMDB.mdb_txn_begin(env, None, RDONLY, ctypes.byref(txn)))
        try:
            yield txn
        finally:
            LMDB.mdb_txn_abort(txn)
    finally:
        LMDB.mdb_env_close(env)


def files_with(secret, *places, but=()):
    """Names of the files below these places that hold the bytes, wherever they stand in them."""
    found = []
    for place in places:
        for path in pathlib.Path(place).rglob("*"):
            if path.is_file() and not path.is_symlink() and not any(str(path).startswith(str(left)) for left in but):
                if secret in path.read_bytes():
                    found.append(str(path))
    return sorted(found)


def rows(txn, table):
    """(key, value) of all rows, in the order of keys."""
    dbi, cursor = ctypes.c_uint(), ctypes.c_void_p()
    check(LMDB.mdb_dbi_open(txn, table.encode(), 0, ctypes.byref(dbi)))
    check(LMDB.mdb_cursor_open(txn, dbi, ctypes.byref(cursor)))
    key, value, step = Value(), Value(), FIRST
    try:
        while LMDB.mdb_cursor_get(cursor, ctypes.byref(key), ctypes.byref(value), step) == 0:
            yield key.bytes(), value.bytes()
            step = NEXT
    finally:
        LMDB.mdb_cursor_close(cursor)


def places(agent_home):
    """Handles of whom a gate's copy knows the place: rows of presence, and whose grants stand open."""
    with transaction(agent_home / "copy") as txn:
        found = [key.hex() for key, _ in rows(txn, "presence")]
        for _, value in rows(txn, "standing"):
            holders = Message("StandingRecord", value[4:]).holder
            found += [holders[at:at + 16].hex() for at in range(0, len(holders), 16) if holders[at:at + 16] not in (bytes(16), b"\xff" * 16)]
    return found


def damage(directory, table, key):
    """A byte of a row's value is another from now on. Its daemon does not run."""
    env, txn, dbi, value = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint(), Value()
    name = Value(len(key), ctypes.cast(ctypes.c_char_p(key), ctypes.c_void_p))
    check(LMDB.mdb_env_create(ctypes.byref(env)))
    try:
        check(LMDB.mdb_env_set_maxdbs(env, 130))
        check(LMDB.mdb_env_open(env, os.fsencode(directory), 0, 0o600))
        check(LMDB.mdb_txn_begin(env, None, 0, ctypes.byref(txn)))
        check(LMDB.mdb_dbi_open(txn, table.encode(), 0, ctypes.byref(dbi)))
        check(LMDB.mdb_get(txn, dbi, ctypes.byref(name), ctypes.byref(value)))
        other = value.bytes()[:-1] + bytes([value.bytes()[-1] ^ 1])
        fresh = Value(len(other), ctypes.cast(ctypes.c_char_p(other), ctypes.c_void_p))
        check(LMDB.mdb_put(txn, dbi, ctypes.byref(name), ctypes.byref(fresh), 0))
        check(LMDB.mdb_txn_commit(txn))
    finally:
        LMDB.mdb_env_close(env)


BODIES = {ENTRY_EVENT: "EventEntry", ENTRY_EVENT_REFUSED: "EventRefused", ENTRY_FAULT: "FaultRecord",
          ENTRY_EPOCH: "AgentRecord"}


class Entry:
    """One entry of the journal. `body` is None for kinds that no test asks for."""

    def __init__(self, sequence, packed):
        entry = Message("Entry", packed)
        self.sequence, self.time_us, self.kind, self.packed = sequence, entry.time_us, entry.kind, entry.body
        self.body = Message(BODIES[entry.kind], entry.body) if entry.kind in BODIES else None

    @property
    def place(self):
        """(gate, epoch, sequence) of an agent's event."""
        return self.body.gate, self.body.epoch, self.body.event_sequence


def journal(home):
    """All entries; the chain is recomputed on the way."""
    entries, before = [], bytes(32)
    with transaction(os.path.join(home, "store")) as txn:
        for key, record in rows(txn, "journal"):
            (sequence,) = struct.unpack(">Q", key)
            before = hashlib.sha256(before + record[32:]).digest()
            if before != record[:32] or sequence != len(entries) + 1:
                raise AssertionError(f"the journal's chain is broken at entry {sequence}")
            entries.append(Entry(sequence, record[32:]))
    return entries


class Outbox:
    """What an agent remembers: events and verdicts by (epoch, sequence), what is pending, its last place."""

    def __init__(self, agent_home):
        with transaction(os.path.join(agent_home, "store")) as txn:
            self.events = {struct.unpack(">IQ", key): Message("OutboxRow", value[4:]) for key, value in rows(txn, "outbox")}
            self.acted = {struct.unpack(">IQ", key): Message("ActedRow", value[4:]) for key, value in rows(txn, "acted")}
            self.pending = [struct.unpack(">IQ", key) for key, _ in rows(txn, "pending")]
            self.open = [struct.unpack(">IQ", key) for key, _ in rows(txn, "open")]
            self.quarantine = [struct.unpack(">IQ", key) for key, _ in rows(txn, "quarantine")]
