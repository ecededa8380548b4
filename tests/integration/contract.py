"""Parkgate's contract spoken by hand: protobuf, envelope and CURVE link, for peers that do not behave.

    speaker = Speaker(endpoint, server_key, KeyPair.of_file(agent_home / "agent.key"))
    speaker.say("Event", {"epoch": 1, "sequence": 7, ...})
    answer = speaker.hear("Ack")

Shares no code with the programs: encoder and decoder are the few lines below; field names and numbers are read from
schema/*.proto. Needs python3-zmq besides the standard library.
"""
import pathlib
import re
import struct
import time

import zmq
from zmq.utils import z85

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schema"
FRAME_MAX = 65536
VERSION = 2
KINDS = {"Hello": 1, "Welcome": 2, "HelloRefused": 3, "Config": 4, "Event": 5, "Verdict": 6, "Ack": 7, "Command": 8,
         "Heartbeat": 9, "Request": 32, "Reply": 33}
NAMES = {number: name for name, number in KINDS.items()}


# --- protobuf ---

def read_schema():
    """{message: {field: (number, type, repeated)}} of all .proto files."""
    messages = {}
    for path in sorted(SCHEMA.glob("*.proto")):
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", path.read_text(encoding="utf-8"), re.M | re.S):
            fields = re.findall(r"^\s*(repeated )?(\w+) (\w+) = (\d+);", body, re.M)
            messages[name] = {field: (int(number), kind, bool(repeated)) for repeated, kind, field, number in fields}
    return messages


MESSAGES = read_schema()


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def one_field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else bytes(value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def pack(message, fields):
    """A message by its schema's field names; a number as field name writes a field that the schema does not have."""
    out = b""
    for name, value in fields.items():
        number = name if isinstance(name, int) else MESSAGES[message][name][0]
        out += b"".join(one_field(number, item) for item in (value if isinstance(value, list) else [value]))
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def raw_fields(data):
    """(number, value) of all fields: int or bytes."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
        elif tag & 7 == 2:
            size, at = read_varint(data, at)
            value, at = bytes(data[at:at + size]), at + size
        else:
            size = 8 if tag & 7 == 1 else 4
            value, at = int.from_bytes(data[at:at + size], "little"), at + size
        yield tag >> 3, value


def plain(kind, value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") if kind == "string" else value
    if kind.startswith("sint"):
        return value >> 1 ^ -(value & 1)
    if kind.startswith("int") and value >> 63:
        return value - (1 << 64)
    return bool(value) if kind == "bool" else value


def packed_numbers(data):
    at, values = 0, []
    while at < len(data):
        value, at = read_varint(data, at)
        values.append(value)
    return values


class Message(dict):
    """Fields by name; what was not sent has its type's empty value."""

    def __init__(self, name, data):
        super().__init__()
        self.name = name
        by_number = {}
        for field, (number, kind, repeated) in MESSAGES[name].items():
            by_number[number] = (field, kind, repeated)
            self[field] = [] if repeated else "" if kind == "string" else b"" if kind == "bytes" else False if kind == "bool" else 0
        for number, value in raw_fields(data):
            if number not in by_number:
                continue
            field, kind, repeated = by_number[number]
            if not repeated:
                self[field] = plain(kind, value)
            elif isinstance(value, bytes) and kind not in ("string", "bytes"):
                self[field] += [plain(kind, item) for item in packed_numbers(value)]
            else:
                self[field].append(plain(kind, value))

    def __getattr__(self, field):
        try:
            return self[field]
        except KeyError:
            raise AttributeError(field) from None


# --- frames ---

def envelope(kind, body, sequence=0, version=VERSION):
    return b"PG" + struct.pack(">BBHHQ", version, 0, kind, 0, sequence) + body


class Frame:
    def __init__(self, data):
        self.version, _, self.kind, _, self.sequence = struct.unpack(">BBHHQ", data[2:16])
        self.message = Message(NAMES[self.kind], data[16:]) if self.kind in NAMES else None


# --- the link ---

class KeyPair:
    def __init__(self, public, secret):
        self.public, self.secret = public, secret

    @classmethod
    def of_file(cls, path):
        text = pathlib.Path(path).read_text(encoding="ascii")
        return cls(*(re.search(rf"^{word} = (\S{{40}})$", text, re.M).group(1).encode() for word in ("public", "secret")))

    @classmethod
    def fresh(cls):
        return cls(*zmq.curve_keypair())

    @property
    def hex(self):
        return z85.decode(self.public).hex()


SEND_MS = 5000


class Speaker:
    """One connection to a port of the controller, with a key of its own choice."""

    def __init__(self, endpoint, server_key, keys):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = SEND_MS  # a connection that was refused in its handshake takes nothing, for ever
        self.socket.curve_serverkey = server_key if isinstance(server_key, bytes) else server_key.encode()
        self.socket.curve_publickey, self.socket.curve_secretkey = keys.public, keys.secret
        self.socket.connect(endpoint)

    def send(self, data):
        """Any bytes as one message."""
        self.socket.send(data)

    def say(self, name, fields, sequence=None, version=VERSION):
        number = fields.get("sequence", 0) if sequence is None else sequence
        self.send(envelope(KINDS[name], pack(name, fields), number, version))

    def frames(self, timeout):
        """Frames as they come, until nothing came for `timeout` seconds since the call."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0 and self.socket.poll(left * 1000):
            yield Frame(self.socket.recv())

    def hear(self, name, fits=lambda message: True, timeout=15):
        """The next message of this kind that fits; others are passed over."""
        for frame in self.frames(timeout):
            if frame.kind == KINDS[name] and fits(frame.message):
                return frame.message
        raise TimeoutError(f"no {name} within {timeout:g} s")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
