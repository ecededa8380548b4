"""A gate's box in Python, for hostile and old agents: frames and protobuf by hand (schema/envelope.h, agent.proto), on
libzmq's CURVE. It shares no code with Parkgate."""
import hashlib
import os
import pathlib
import re
import struct
import time

import zmq

HELLO, WELCOME, HELLO_REFUSED, CONFIG, EVENT, VERDICT, ACK, COMMAND, HEARTBEAT, REQUEST = 1, 2, 3, 4, 5, 6, 7, 8, 9, 32
APPLIED, REFUSED, RETRY = 1, 2, 3
DENY, GRANT = 0, 2


def varint(value):
    out = b""
    value &= (1 << 64) - 1
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def pack(fields):
    """{number: int, bytes, text, or a list of them} as a protobuf message."""
    out = b""
    for number, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += varint(number << 3) + varint(value)
            else:
                value = value.encode() if isinstance(value, str) else value
                out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def unpack(data):
    """{number: [values]}; packed lists of numbers stay bytes, see numbers()."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = take_varint(data, at)
        if tag & 7 == 0:
            value, at = take_varint(data, at)
        elif tag & 7 == 2:
            size, at = take_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def numbers(fields, number):
    """A repeated number, packed or not."""
    found = []
    for value in fields.get(number, []):
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = take_varint(value, at)
            found.append(one)
    return found


def frame(kind, body, sequence=0, version=2, magic=b"PG"):
    return magic + struct.pack(">BBHHQ", version, 0, kind, 0, sequence) + body


def key_pair(path):
    text = pathlib.Path(path).read_text(encoding="ascii")
    return tuple(re.search(rf"^{name} = (\S+)$", text, re.M)[1].encode() for name in ("public", "secret"))


class Box:
    """One connection to a port of the controller."""

    def __init__(self, endpoint, server_key, keys=None, identity=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = server_key.encode()
        self.socket.curve_publickey, self.socket.curve_secretkey = keys or zmq.curve_keypair()
        if identity:
            self.socket.identity = identity
        self.socket.connect(endpoint)
        self.store_id = os.urandom(16)
        self.epoch = 0

    def close(self):
        self.socket.close()
        self.context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *parts):
        self.socket.send_multipart(list(parts))

    def receive(self, *kinds, timeout=10):
        """(kind, envelope's sequence, fields) of the next message of these kinds; None: none came in time."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0 and self.socket.poll(left * 1000):
            data = self.socket.recv_multipart()[-1]
            _, _, kind, _, sequence = struct.unpack(">BBHHQ", data[2:16])
            if kind in kinds:
                return kind, sequence, unpack(data[16:])
        return None

    def hello(self, gate, last=0, digest=b"", version=2, epoch=None, more=None, timeout=10):
        """Says HELLO; returns the fields of WELCOME or HELLO-REFUSED with the kind."""
        body = {1: self.store_id, 2: self.epoch if epoch is None else epoch, 3: last, 4: digest, 5: 1, 6: version, 7: gate,
                8: "wire.py", 9: int(time.time() * 1e6), **(more or {})}
        self.send(frame(HELLO, pack(body), version=version))
        answer = self.receive(WELCOME, HELLO_REFUSED, timeout=timeout)
        if answer and answer[0] == WELCOME:
            self.epoch = answer[2][2][0]
        return answer

    def event(self, sequence, lane, uid, reader, **more):
        """A live presentation of a badge, packed."""
        now = int(time.time() * 1e6)
        fields = {1: self.epoch, 2: sequence, 3: 1, 4: lane, 5: reader, 6: now, 7: now, 10: 1, 11: 1, 12: bytes.fromhex(uid)}
        return pack({**fields, **{int(number[1:]): value for number, value in more.items()}})

    def say_event(self, sequence, body, version=2):
        """Sends it; returns (answer, error) of its acknowledgement."""
        self.send(frame(EVENT, body, sequence, version))
        while (message := self.receive(ACK)) is not None:
            fields = message[2]
            sequences = numbers(fields, 2)
            if sequence in sequences:
                at = sequences.index(sequence)
                errors = numbers(fields, 4)
                return numbers(fields, 3)[at], errors[at] if at < len(errors) else 0
        return None


def digest(body):
    return hashlib.sha256(body).digest()
