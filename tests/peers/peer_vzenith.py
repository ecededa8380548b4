#!/usr/bin/env python3
"""peer-vzenith: a VZenith plate camera that opens its own barrier when the answer to its post says so.

    peer_vzenith.py --url http://HOST:PORT/vz/NAME [--plate 浙A12345] [--serial 2e0a-4d7f] [--offline] [--poll] ...

Posts one event and prints "status=... opened=yes|no body=...". As a module: class Camera. Standard library only, and
nothing of Parkgate: bodies are written from the vendor's field lists, with their typed-as-they-come values.
"""
import argparse
import http.client
import json
import random
import time
import urllib.parse

NO_PLATE = "_无_"
OK = "ok"


def retransfer_stops(text):
    return answer_of(text).get("content") == "retransfer_stop"


def answer_of(text):
    """What the camera takes of an answer: an object, or nothing."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    found = value.get("Response_AlarmInfoPlate") if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


class Camera:
    """`openings` counts how often its barrier was told to open."""

    def __init__(self, url, serial="2e0a-4d7f", timeout=5.0):
        self.url, self.serial, self.timeout = urllib.parse.urlsplit(url), serial, timeout
        self.openings = 0

    def event(self, plate="浙A12345", offline=False, when=None, brief=False, picture=0, **changes):
        """The JSON of one plate event. `changes` replace fields of PlateResult; a value of None leaves one out."""
        when = time.time() if when is None else when
        place = urllib.parse.quote(f"/mnt/usb/{when:.6f}/{plate}.jpg".encode("gbk"))
        result = {"license": plate, "colorType": 1, "type": 1, "direction": 4, "triggerType": 1,
                  "imagePath": place, "isoffline": 1 if offline else 0}
        if not brief:
            result |= {"confidence": 97, "carBright": 0, "carColor": 255, "timeUsed": 80,
                       "location": {"RECT": {"top": 612, "bottom": 560, "left": 412, "right": 604}},
                       "timeStamp": {"Timeval": {"sec": int(when), "usec": int(when % 1 * 1000000)}}}
        if picture:
            result |= {"imageFile": "/9j/" + "A" * (picture * 4 // 3), "imageFileLen": picture}
        result |= changes
        result = {name: value for name, value in result.items() if value is not None}
        return json.dumps({"AlarmInfoPlate": {
            "channel": 0, "deviceName": "IVS", "ipaddr": "10.255.0.9", "serialno": self.serial,
            "result": {"PlateResult": result}}}, ensure_ascii=False)

    def exchange(self, body, path="", content_type="application/Json"):
        """One request on a connection of its own: (status, text); status 0: no answer."""
        line = self.connect()
        try:
            self.send(line, body, path, content_type)
            return self.answer(line)
        finally:
            line.close()

    def connect(self):
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)

    def send(self, line, body, path="", content_type="application/Json"):
        data = body.encode() if isinstance(body, str) else body
        line.request("POST", self.url.path + path, data, {"Content-Type": content_type})

    def answer(self, line):
        try:
            response = line.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        if response.status == 200 and answer_of(text).get("info") == OK:
            self.openings += 1
        return response.status, text

    def post(self, plate="浙A12345", **more):
        return self.exchange(self.event(plate, **more))

    def poll(self):
        """Asks whether somebody wants the barrier open."""
        form = {"device_name": "IVS", "ipaddr": "10.255.0.9", "port": 80, "user_name": "admin", "pass_wd": "admin",
                "serialno": self.serial, "channel_num": 1}
        return self.exchange(urllib.parse.urlencode(form), "/receivedeviceinfo", "application/x-www-form-urlencoded")


# --- bodies as they should not be ---

def _leaves(value, path=()):
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from _leaves(value[name], path + (name,))


def _at(value, path):
    for name in path:
        value = value[name]
    return value


def _drop(draw, body):
    *above, name = draw.choice([path for path in _leaves(body) if path])
    del _at(body, above)[name]
    return json.dumps(body, ensure_ascii=False)


def _retype(draw, body):
    *above, name = draw.choice([path for path in _leaves(body) if path])
    _at(body, above)[name] = draw.choice(["", "1", 1, 1.5, -1, None, True, [], {}, [1, 2], "x" * 300, 10 ** 30])
    return json.dumps(body, ensure_ascii=False)


def _reorder(draw, body):
    def turned(value):
        if not isinstance(value, dict):
            return value
        names = list(value)
        draw.shuffle(names)
        return {name: turned(value[name]) for name in names}
    return json.dumps(turned(body), ensure_ascii=False)


def _double(draw, body):
    text = json.dumps(body, ensure_ascii=False)
    name = draw.choice([path[-1] for path in _leaves(body) if path])
    return text.replace(f'"{name}":', f'"{name}": {draw.choice(["1", "null", "[]"])}, "{name}":', 1)


def _huge(draw, body):
    text = json.dumps(body, ensure_ascii=False)
    kind = draw.randrange(3)
    if kind == 0:
        return text[:-1] + ', "more": "' + "A" * draw.randrange(3000, 400000) + '"}'
    if kind == 1:
        return text[:-1] + ', "more": [' + "1," * draw.randrange(40000, 80000) + "1]}"
    return "[" * draw.randrange(1, 60000) + text


def _charset(draw, body):
    text = json.dumps(body, ensure_ascii=False)
    kind = draw.randrange(4)
    if kind == 0:
        return text.encode("gbk")
    if kind == 1:
        return text.encode("utf-16")
    if kind == 2:
        return json.dumps(body).encode()
    data = bytearray(text.encode())
    data[draw.randrange(len(data))] = draw.randrange(128, 256)
    return bytes(data)


def _cut(draw, body):
    text = json.dumps(body, ensure_ascii=False)
    return text[:draw.randrange(len(text))]


def _garbage(draw, body):
    data = bytearray(json.dumps(body, ensure_ascii=False).encode())
    for _ in range(draw.randrange(1, 20)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


VARIATIONS = {"missing": _drop, "retyped": _retype, "reordered": _reorder, "doubled": _double, "huge": _huge,
              "charset": _charset, "cut": _cut, "garbage": _garbage}


def variation(draw, text):
    """(name, bytes) of a body made from the JSON `text` with one thing wrong, drawn from `draw`."""
    name = draw.choice(sorted(VARIATIONS))
    made = VARIATIONS[name](draw, json.loads(text))
    return name, made.encode() if isinstance(made, str) else made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--plate", default="浙A12345")
    parser.add_argument("--serial", default="2e0a-4d7f")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--picture", type=int, default=0, help="bytes")
    parser.add_argument("--ago", type=float, default=0.0, help="seconds")
    parser.add_argument("--poll", action="store_true", help="ask for a pending opening instead")
    parser.add_argument("--vary", type=int, help="a seed: post a variation")
    given = parser.parse_args()
    camera = Camera(given.url, given.serial)
    if given.poll:
        status, text = camera.poll()
    else:
        body = camera.event(given.plate, given.offline, time.time() - given.ago, given.brief, given.picture)
        if given.vary is not None:
            name, body = variation(random.Random(given.vary), body)
            print(f"variation={name}")
        status, text = camera.exchange(body)
    print(f"status={status} opened={'yes' if camera.openings else 'no'} body={text}")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main())
