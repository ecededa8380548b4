#!/usr/bin/python3
"""Emulated terminals that push over HTTP: Uniview (PersonVerification) and ZKTeco (attendance and access PUSH).

They were written from the devices' documents and share nothing with Parkgate's drivers. As the real ones do, each keeps
what was not acknowledged and sends it again. From Python:

    terminal = Uniview("127.0.0.1", 8090, code="210235C3")
    terminal.person(4027285429)
    clock = AttTerminal("127.0.0.1", 8090, sn="CN1")
    clock.handshake(); clock.punch("00042"); clock.send()

From a shell: terminals.py uniview|att|acc --port N [--host H] [--sn SN] [--card N] [--history] ID ...
Needs the standard library only.
"""
import argparse
import datetime
import http.client
import json
import sys
import time
import urllib.parse

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


class Http:
    """One kept-alive connection."""

    def __init__(self, host, port, source=None):
        self.host, self.port, self.source, self.connection = host, port, source, None

    def send(self, method, target, body=b"", content_type=None, more_length=0):
        """Status and body of the answer. `more_length`: what the declared length counts beyond the body; the terminal
        sends so many of CR LF behind it."""
        body = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": content_type} if content_type else {}
        for last_try in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30, source_address=self.source)
            try:
                self.connection.request(method, target, body + b"\r\n"[:more_length], headers)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if last_try:
                    raise
        return 0, b""

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Uniview:
    """A Uniview face terminal."""

    PERSON = "/LAPI/V1.0/System/Event/Notification/PersonVerification"
    HEARTBEAT = "/LAPI/V1.0/PACS/Controller/HeartReportInfo"
    ACKNOWLEDGED = {"Response": {"StatusCode": 0}}

    def __init__(self, host, port, code="210235C3", seq=None):
        self.http, self.code = Http(host, port), code
        self.seq = seq or int(time.time())

    def body(self, person, *, lib=3, status=1, history=False, at=None, seq=None, picture=0, card=None):
        """A whole body as a dictionary. `at`: seconds since 1970."""
        at = time.time() if at is None else at
        if seq is None:
            self.seq += 1
            seq = self.seq
        face = {"ID": 1, "Timestamp": int(at), "CapSrc": 1, "FaceID": 1, "MaskFlag": 1, "Temperature": 36.5,
                "PanoImage": {"Name": "a_1.jpg", "Size": picture, "Data": "/9j/" + "A" * picture},
                "FaceArea": {"LeftTopX": 2555, "LeftTopY": 5390, "RightBottomX": 4620, "RightBottomY": 6531}}
        match = {"ID": 9, "LibID": 3, "LibType": lib, "MatchStatus": status, "MatchPersonID": person, "MatchFaceID": 1,
                 "MatchPersonInfo": {"PersonCode": str(person), "PersonName": "测试", "Gender": 1, "CardID": "",
                                     "IdentityNo": ""}}
        cards = [] if card is None else [{"ID": 1, "CardType": 1, "CardID": card, "CardStatus": 1}]
        return {"RefId": "a1", "Seq": seq, "DeviceCode": self.code, "Timestamp": int(at),
                "NotificationType": 1 if history else 0,
                "FaceInfoNum": 1, "FaceInfoList": [face], "CardInfoNum": len(cards), "CardInfoList": cards,
                "GateInfoNum": 0, "GateInfoList": [],
                "LibMatInfoNum": 1, "LibMatInfoList": [match]}

    def post(self, body, path=PERSON):
        """True: acknowledged. A body is a dictionary, text or bytes; its final CR LF is counted in its length."""
        data = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict) else body
        status, answer = self.http.send("POST", path, data, "application/json", more_length=2)
        return status == 200 and json.loads(answer) == self.ACKNOWLEDGED

    def person(self, person, **more):
        return self.post(self.body(person, **more))

    def heartbeat(self):
        now = datetime.datetime.now(SHANGHAI).replace(tzinfo=None)
        return self.post({"RefId": "r", "Time": str(now)[:19], "NextTime": str(now + datetime.timedelta(seconds=30))[:19],
                          "DeviceCode": self.code, "DeviceType": "5"}, self.HEARTBEAT)


class ZkTerminal:
    """What both PUSH protocols share: the URL space, the serial number, and a queue of what is not acknowledged."""

    TABLE, ACCEPTED = None, None

    def __init__(self, host, port, sn, zone=SHANGHAI, slashes=False):
        self.http, self.sn, self.zone, self.slashes = Http(host, port), sn, zone, slashes
        self.waiting, self.stamp = [], 0

    def call(self, method, path, body=b"", **query):
        """Status and answer as text."""
        query = urllib.parse.urlencode({"SN": self.sn, **query})
        status, answer = self.http.send(method, f"/iclock/{path}?{query}", body, "text/plain" if body else None)
        return status, answer.decode()

    def local(self, at=None):
        when = datetime.datetime.fromtimestamp(time.time() if at is None else at, self.zone)
        return when.strftime("%Y/%m/%d %H:%M:%S" if self.slashes else "%Y-%m-%d %H:%M:%S")

    def send(self, keep=False):
        """Sends what waits as one table. True: it was accepted, and is forgotten (unless kept, to be sent again)."""
        self.stamp += len(self.waiting)
        body = "".join(line + "\n" for line in self.waiting)
        status, answer = self.call("POST", "cdata", body.encode(), table=self.TABLE, Stamp=self.stamp)
        accepted = status == 200 and answer.strip() in (self.ACCEPTED, f"{self.ACCEPTED}: {len(self.waiting)}")
        if accepted and not keep:
            self.waiting.clear()
        return accepted

    def poll(self):
        """Asks for commands. Returns them; [] for none."""
        status, answer = self.call("GET", "getrequest")
        if status != 200:
            raise ConnectionError(f"getrequest: {status}")
        return [] if answer.strip() == "OK" else answer.splitlines()


class AttTerminal(ZkTerminal):
    """ZKTeco attendance: positional records."""

    TABLE, ACCEPTED = "ATTLOG", "OK"

    def handshake(self):
        """The options as a dictionary; raises when this terminal is not known."""
        status, answer = self.call("GET", "cdata", options="all", pushver="2.4.1", language="83")
        head, *lines = answer.splitlines() or [""]
        if status != 200 or head != f"GET OPTION FROM: {self.sn}":
            raise ConnectionError(f"handshake: {status} {head}")
        return dict(line.split("=", 1) for line in lines)

    def punch(self, pin, status=0, verify=15, at=None, verify_first=False):
        two = f"{verify}\t{status}" if verify_first else f"{status}\t{verify}"
        self.waiting.append(f"{pin}\t{self.local(at)}\t{two}\t0\t0\t0")


class AccTerminal(ZkTerminal):
    """ZKTeco access: records by name."""

    TABLE, ACCEPTED = "rtlog", "OK"

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.index = int(time.time())
        self.code = None

    def register(self):
        """Handshake, registry and push, as after a start; returns the options."""
        status, answer = self.call("GET", "cdata", options="all", pushver="3.1.2", DeviceType="acc")
        if status != 200 or not answer.startswith("registry=ok\n"):
            raise ConnectionError(f"handshake: {status} {answer[:40]}")
        status, answer = self.call("POST", "registry", b"DeviceType=acc,~DeviceName=F18,FirmVer=1,PushVersion=3.1.2")
        key, _, self.code = answer.strip().partition("=")
        if status != 200 or key != "RegistryCode" or not self.code:
            raise ConnectionError(f"registry: {status} {answer[:40]}")
        status, answer = self.call("POST", "push")
        if status != 200:
            raise ConnectionError(f"push: {status}")
        return dict(line.split("=", 1) for line in answer.splitlines())

    def event(self, pin="0", card="0", event=0, verify=15, status=0, at=None):
        self.index += 1
        fields = {"time": self.local(at), "pin": pin, "cardno": card, "eventaddr": 1, "event": event,
                  "inoutstatus": status, "verifytype": verify, "index": self.index}
        self.waiting.append("\t".join(f"{key}={value}" for key, value in fields.items()))


def main():
    parser = argparse.ArgumentParser(description="posts as a Uniview or ZKTeco terminal does")
    parser.add_argument("kind", choices=("uniview", "att", "acc"))
    parser.add_argument("ids", nargs="*", metavar="ID", help="persons, one event each")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sn", default="210235C3", help="serial number, device code")
    parser.add_argument("--card", default="0", help="acc: the card number, in decimal")
    parser.add_argument("--history", action="store_true", help="uniview: marked as history")
    given = parser.parse_args()
    accepted = True
    if given.kind == "uniview":
        terminal = Uniview(given.host, given.port, given.sn)
        accepted = terminal.heartbeat()
        for person in given.ids:
            accepted = terminal.person(int(person), history=given.history) and accepted
    elif given.kind == "att":
        terminal = AttTerminal(given.host, given.port, given.sn)
        print(terminal.handshake())
        for pin in given.ids:
            terminal.punch(pin)
            accepted = terminal.send() and accepted
    else:
        terminal = AccTerminal(given.host, given.port, given.sn)
        print(terminal.register())
        for pin in given.ids:
            terminal.event(pin, given.card, verify=15 if given.card == "0" else 4)
            accepted = terminal.send() and accepted
    print("accepted" if accepted else "not accepted")
    return 0 if accepted else 1


if __name__ == "__main__":
    sys.exit(main())
