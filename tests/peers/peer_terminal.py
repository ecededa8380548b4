#!/usr/bin/env python3
"""peer_terminal: stands for a Hikvision face terminal that keeps people, asks before it opens, and takes orders over ISAPI.

    peer_terminal.py --listen 127.0.0.1:0 --account gate:secret --url http://127.0.0.1:8090/hik/face-1 \
        --poster build/tests/peers/peer-hikvision --control /tmp/face.ctl

Prints `ready http=HOST:PORT` when it listens. Standard library only; nothing of Parkgate's. The commands of the control
socket (one a line, each answered by one line that begins with ok or error) stand in README.md.
"""
import argparse
import collections
import ctypes
import hashlib
import http.server
import json
import os
import re
import secrets
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

REALM = "DS-K1T emulated"
NONCE_USES = 8  # then it is stale, as on the real thing
AC = "/ISAPI/AccessControl/"


class Terminal:
    """What the terminal knows and does; every method is called under the lock or takes it."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Condition()
        self.people = {}  # employeeNo -> what was recorded of it
        self.faces = set()  # enrolled here, at the terminal
        self.settings = {"remoteCheckDoorEnabled": True, "offlineDevCheckOpenDoorEnabled": False,
                         "remoteCheckTimeout": 5, "checkChannelType": "ISAPIListen", "remoteCheckWithISAPIListen": "async"}
        self.serial = int(time.time()) % 1000000 * 100
        self.waiting = {}  # serial -> None, or the answer
        self.unlocks, self.opened = 0, []
        self.mute, self.refusals = False, collections.Counter()
        self.refusal_word = {}
        self.deletion_ms, self.deletion = 0, None  # (when it is done, numbers)
        self.requests = collections.Counter()
        self.poster, self.post_lock = None, threading.Lock()

    # --- the door and the people before it ---

    def post(self, *words):
        """Posts one event as peer-hikvision does; returns the HTTP status, 0 for none."""
        with self.post_lock:
            if self.poster is None:
                args = [self.options.poster, "batch", "-", "--url", self.options.url, "--digest", self.options.account]
                self.poster = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.poster.stdin.write(shlex.join(["access", *words]) + "\n")
            self.poster.stdin.flush()
            return int(self.poster.stdout.readline().split()[1])

    def next_serial(self):
        with self.lock:
            self.serial += 1
            return self.serial

    def unlock(self, why):
        with self.lock:
            self.unlocks += 1
            self.opened.append(why)
            self.lock.notify_all()
        return self.post("--minor", "21", "--serial", str(self.next_serial()))

    def look(self, subject, seconds=None):
        """Somebody looks into the camera. What becomes of it, in one word."""
        with self.lock:
            known = subject in self.people and subject in self.faces
            asks = self.settings["remoteCheckDoorEnabled"]
            offline = self.settings["offlineDevCheckOpenDoorEnabled"]
            seconds = seconds or float(self.settings["remoteCheckTimeout"])
        serial = self.next_serial()
        if not known:
            self.post("--minor", "76", "--serial", str(serial))
            return "stranger"
        if not asks:
            self.post("--employee", subject, "--serial", str(serial))
            self.unlock("alone")
            return "alone"
        with self.lock:
            self.waiting[serial] = None
        status = self.post("--employee", subject, "--serial", str(serial), "--remote-check")
        with self.lock:
            self.lock.wait_for(lambda: self.waiting[serial] is not None, seconds)
            answer = self.waiting.pop(serial)
        if answer is None and offline:
            self.unlock("offline")
            return "offline"
        if answer == "success":
            self.unlock("asked")
            return "opened"
        return "refused" if answer == "failed" else f"timeout status={status}"

    # --- ISAPI ---

    def get_AcsCfg(self, _):
        return 200, {"AcsCfg": dict(self.settings)}

    def put_remoteCheck(self, body):
        check = body["RemoteCheck"]
        if check["serialNo"] not in self.waiting or check["checkResult"] not in ("success", "failed"):
            return self.bad("badParameters")
        self.waiting[check["serialNo"]] = check["checkResult"]
        self.lock.notify_all()
        return self.good()

    def post_UserInfo_Record(self, body):
        person = body["UserInfo"]
        if person["employeeNo"] in self.people:
            return self.bad("employeeNoAlreadyExist")
        self.people[person["employeeNo"]] = person
        self.lock.notify_all()
        return self.good()

    def put_UserInfo_Modify(self, body):
        person = body["UserInfo"]
        if person["employeeNo"] not in self.people:
            return self.bad("employeeNoNotExist")
        self.people[person["employeeNo"]].update(person)
        return self.good()

    def post_UserInfo_Search(self, body):
        cond = body["UserInfoSearchCond"]
        wanted = [entry["employeeNo"] for entry in cond.get("EmployeeNoList", [])]
        found = [self.people[number] for number in (wanted or sorted(self.people)) if number in self.people]
        found = [{**person, "numOfFace": int(person["employeeNo"] in self.faces)} for person in found]
        return 200, {"UserInfoSearch": {"searchID": cond["searchID"], "numOfMatches": len(found),
                                        "responseStatusStrg": "OK" if found else "NO MATCH",
                                        "totalMatches": len(found), **({"UserInfo": found} if found else {})}}

    def put_UserInfoDetail_Delete(self, body):
        detail = body["UserInfoDetail"]
        if detail["mode"] != "byEmployeeNo":
            return self.bad("badParameters")
        numbers = [entry["employeeNo"] for entry in detail["EmployeeNoList"]]
        self.deletion = (time.monotonic() + self.deletion_ms / 1000, numbers)
        return self.good()

    def get_UserInfoDetail_DeleteProcess(self, _):
        self.finish_deletion()
        return 200, {"UserInfoDetailDeleteProcess": {"status": "processing" if self.deletion else "success"}}

    def put_RemoteControl_door_1(self, body):
        if "<cmd>open</cmd>" not in body.get("xml", ""):
            return self.bad("badParameters")
        threading.Thread(target=self.unlock, args=("remote",), daemon=True).start()
        return self.good()

    def finish_deletion(self):
        if self.deletion and time.monotonic() >= self.deletion[0]:
            for number in self.deletion[1]:
                self.people.pop(number, None)
                self.faces.discard(number)
            self.deletion = None
            self.lock.notify_all()

    @staticmethod
    def good():
        return 200, {"statusCode": 1, "statusString": "OK", "subStatusCode": "ok"}

    @staticmethod
    def bad(word):
        return 400, {"statusCode": 6, "statusString": "Invalid Content", "subStatusCode": word}

    def answer(self, method, path, body):
        """(HTTP status, JSON) of one request whose account was right; None: no answer at all."""
        name = path.removeprefix(AC).split("?")[0]
        with self.lock:
            self.requests[name] += 1
            self.lock.notify_all()
            if self.mute:
                return None
            if self.refusals[name] > 0:
                self.refusals[name] -= 1
                return self.bad(self.refusal_word[name])
            self.finish_deletion()
            handler = getattr(self, f"{method.lower()}_{name.replace('/', '_')}", None)
            if handler is None:
                return 404, {"statusCode": 4, "statusString": "Invalid Operation", "subStatusCode": "notSupport"}
            try:
                return handler(body)
            except (KeyError, TypeError):
                return self.bad("badJsonContent")

    # --- commands ---

    def do_look(self, subject, ms=None):
        return self.look(subject, int(ms) / 1000 if ms else None)

    def do_card(self, uid):
        serial = self.next_serial()
        return str(self.post("--minor", "1", "--card", uid, "--serial", str(serial)))

    def do_unlock(self):
        """The door is unlocked, and nobody was asked."""
        return str(self.unlock("by hand"))

    def do_enrol(self, subject):
        with self.lock:
            if subject not in self.people:
                raise ValueError("no such person")
            self.faces.add(subject)
        return ""

    def do_people(self):
        with self.lock:
            self.finish_deletion()
            return " ".join(sorted(self.people))

    def do_person(self, subject):
        with self.lock:
            return json.dumps(self.people[subject], separators=(",", ":"))

    def do_plant(self, subject):
        """A person that somebody entered at the terminal."""
        with self.lock:
            self.people[subject] = {"employeeNo": subject}
        return ""

    def do_set(self, key, value):
        with self.lock:
            self.settings[key] = {"true": True, "false": False}.get(value, value)
        return ""

    def do_unset(self, key):
        with self.lock:
            self.settings.pop(key)
        return ""

    def do_mute(self, on):
        with self.lock:
            self.mute = on == "on"
        return ""

    def do_refuse(self, name, word, count="1"):
        with self.lock:
            self.refusals[name], self.refusal_word[name] = int(count), word
        return ""

    def do_deletion(self, ms):
        with self.lock:
            self.deletion_ms = int(ms)
        return ""

    def do_requests(self, name):
        with self.lock:
            return str(self.requests[name])

    def do_show(self):
        with self.lock:
            last = self.opened[-1].replace(" ", "-") if self.opened else ""
            return f"people={len(self.people)} faces={len(self.faces)} unlocks={self.unlocks} last={last}"

    def do_wait(self, what, name, ms="5000"):
        """known SUBJECT, gone SUBJECT, or request NAME (one more than now)."""
        with self.lock:
            before = self.requests[name]
            tests = {"known": lambda: name in self.people, "gone": lambda: name not in self.people,
                     "request": lambda: self.requests[name] > before}
            if not self.lock.wait_for(tests[what], int(ms) / 1000):
                raise ValueError(f"timeout {what} {name}")
        return ""

    def command(self, line):
        words = shlex.split(line)
        handler = getattr(self, f"do_{words[0]}", None) if words else None
        if handler is None:
            return "error no such command"
        try:
            return f"ok {handler(*words[1:])}".rstrip()
        except (ValueError, KeyError, TypeError, OSError) as error:
            return f"error {error}"


class Digest:
    """RFC 2617 with MD5 and qop auth, nonces that grow stale."""

    def __init__(self, account):
        self.user, _, self.password = account.partition(":")
        self.nonces = {}

    def challenge(self, stale):
        nonce = secrets.token_hex(16)
        self.nonces[nonce] = 0
        return f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5, stale={"true" if stale else "false"}'

    def judge(self, method, header):
        """None: let in; else the challenge."""
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', header or ""))
        nonce = fields.get("nonce", "")
        if not (header or "").startswith("Digest ") or nonce not in self.nonces:
            return self.challenge(False)

        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        first, second = md5(f"{self.user}:{REALM}:{self.password}"), md5(f"{method}:{fields.get('uri', '')}")
        right = md5(":".join([first, nonce, fields.get("nc", ""), fields.get("cnonce", ""), "auth", second]))
        if fields.get("username") != self.user or fields.get("response") != right:
            return self.challenge(False)
        self.nonces[nonce] += 1
        return self.challenge(True) if self.nonces[nonce] > NONCE_USES else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    terminal = digest = None

    def log_message(self, *_):
        pass

    def send(self, status, content, challenge=None):
        body = json.dumps(content).encode()
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        challenge = self.digest.judge(self.command, self.headers.get("Authorization"))
        if challenge:
            return self.send(401, {"statusCode": 4, "subStatusCode": "unauthorized"}, challenge)
        try:
            body = {"xml": raw.decode()} if raw[:1] == b"<" else json.loads(raw or b"{}")
        except ValueError:
            return self.send(400, {"statusCode": 6, "subStatusCode": "badJsonFormat"})
        answer = self.terminal.answer(self.command, self.path, body)
        if answer is None:
            threading.Event().wait(30)  # mute: the other side gives up before
            return None
        return self.send(*answer)

    do_GET = do_PUT = do_POST = serve


def serve_client(terminal, connection):
    with connection, connection.makefile("rw", encoding="utf-8") as stream:
        for line in stream:
            stream.write(terminal.command(line.strip()) + "\n")
            stream.flush()


def serve_control(terminal, path):
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_client, args=(terminal, connection), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("listen", "account", "url", "poster"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("control", "cert", "cert-key"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--die-with-parent", action="store_true")
    options = parser.parse_args()
    if options.die_with_parent:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    terminal = Terminal(options)
    handler = type("Bound", (Handler,), {"terminal": terminal, "digest": Digest(options.account)})
    host, _, port = options.listen.rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), handler)
    server.daemon_threads = True
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.cert_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    if options.control:
        serve_control(terminal, options.control)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"ready http={server.server_address[0]}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    finally:
        if terminal.poster is not None:
            terminal.poster.kill()


if __name__ == "__main__":
    main()
