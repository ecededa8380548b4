#!/usr/bin/env python3
"""peer_viid: stands for a police view library (GA/T 1400), both ways: it comes to a park's library (Caller), and it is the upper
library that a park registers at and sends its notifications to (Library). Written from the interface's description alone; the
standard library only, nothing of Parkgate's.

    peer_viid.py --listen 127.0.0.1:8444 --account park-east:secret

plays the upper library by itself and prints what it is told.
"""
import argparse
import hashlib
import http.client
import http.server
import json
import secrets
import ssl
import threading
import urllib.parse

JSON = {"Content-Type": "application/json;charset=utf-8", "Accept": "application/json"}


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def challenge_fields(header):
    """Of a WWW-Authenticate: Digest header."""
    fields = {}
    for part in header.partition(" ")[2].split(","):
        name, _, value = part.strip().partition("=")
        fields[name.lower()] = value.strip().strip('"')
    return fields


class Caller:
    """A library below us, or beside us, that comes to the park. `shape` is how it writes its digest."""

    SHAPES = ("plain", "quoted", "open-opaque", "full-url", "all")

    def __init__(self, host, port, user, password, device_id, shape="plain", source="127.0.0.1", ca_file=None):
        self.tls = None if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
        self.host, self.port, self.user, self.password, self.device_id = host, port, user, password, device_id
        self.shape, self.source = shape, source
        self.challenge, self.count = None, 0
        self.user_identify = device_id

    def exchange(self, method, path, body=None, headers=None):
        """One request; returns (HTTP status, body as JSON or None, headers)."""
        address = {"timeout": 20, "source_address": (self.source, 0)}
        line = http.client.HTTPConnection(self.host, self.port, **address) if self.tls is None else \
            http.client.HTTPSConnection(self.host, self.port, context=self.tls, **address)
        payload = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        line.request(method, path, body=payload, headers={**JSON, **(headers or {})})
        answer = line.getresponse()
        content = answer.read()
        line.close()
        try:
            parsed = json.loads(content) if content else None
        except ValueError:
            parsed = None
        return answer.status, parsed, answer.headers

    def authorization(self, method, path, uri=None, count=None, password=None, user=None):
        fields = self.challenge
        if count is None:
            self.count += 1
            count = self.count
        nc, cnonce = f"{count:08x}", secrets.token_hex(4)
        full = self.shape in ("full-url", "all")
        uri = uri or (f"http://{self.host}:{self.port}{path}" if full else path)
        user, password = user or self.user, password or self.password
        response = md5(md5(user, fields["realm"], password), fields["nonce"], nc, cnonce, "auth", md5(method, uri))
        quoted = self.shape in ("quoted", "all")
        opaque = f'opaque="{fields.get("opaque", "")}' + ("" if self.shape in ("open-opaque", "all") else '"')
        return (f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
                f'response="{response}", {opaque}, algorithm=MD5, cnonce="{cnonce}", '
                + (f'qop="auth", nc="{nc}"' if quoted else f"qop=auth, nc={nc}"))

    def ask_challenge(self):
        status, _, headers = self.exchange("POST", "/VIID/System/Register", self.register_body())
        assert status == 401, status
        self.challenge, self.count = challenge_fields(headers["WWW-Authenticate"]), 0
        return headers["WWW-Authenticate"]

    def register_body(self):
        return {"RegisterObject": {"DeviceID": self.device_id}}

    def register(self, **more):
        """Unasked for first, then with the digest. Returns HTTP status and StatusCode."""
        self.ask_challenge()
        return self.register_again(**more)

    def register_again(self, **more):
        path = "/VIID/System/Register"
        status, body, _ = self.exchange("POST", path, self.register_body(),
                                        {"Authorization": self.authorization("POST", path, **more)})
        return status, body["ResponseStatusObject"]["StatusCode"] if status == 200 else None

    def send(self, method, path, body=None, headers=None):
        return self.exchange(method, path, body, {"User-Identify": self.user_identify, **(headers or {})})

    def send_surely(self, method, path, body=None):
        """As the description has it: after a 401 or 403 it registers again, then sends again."""
        status, answer, headers = self.send(method, path, body)
        if status in (401, 403):
            assert self.register() == (200, "0")
            status, answer, headers = self.send(method, path, body)
        return status, answer, headers

    @staticmethod
    def statuses(answer):
        """{Id: StatusCode} of a list of statuses."""
        return {one["Id"]: one["StatusCode"] for one in answer["ResponseStatusListObject"]["ResponseStatusObject"]}


class Library:
    """The upper library. What it was told stands in `notifications`, in the order in which it came, repeats included."""

    def __init__(self, account="park-east:secret", address=("127.0.0.1", 0)):
        self.user, _, self.password = account.partition(":")
        self.lock = threading.Condition()
        self.registered, self.registers, self.keepalives = None, 0, 0
        self.notifications, self.requests = [], []
        self.nonce = secrets.token_hex(8)
        self.lose_answers = 0  # so many notifications are taken, and the connection is cut instead of an answer
        self.refuse = {}  # NotificationID or DispositionID -> StatusCode, as long as it stands here
        self.forget_session = False
        self.number_codes = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):  # noqa: N802
                outer.serve(self)

        self.server = http.server.ThreadingHTTPServer(address, Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # --- what it answers ---

    def right(self, request, path):
        header = request.headers.get("Authorization", "")
        if not header.startswith("Digest "):
            return False
        f = challenge_fields(header)
        wanted = md5(md5(self.user, "upper", self.password), self.nonce, f.get("nc", ""), f.get("cnonce", ""), "auth",
                     md5("POST", path))
        return f.get("nonce") == self.nonce and f.get("username") == self.user and f.get("response") == wanted

    def serve(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        path = urllib.parse.urlsplit(request.path).path
        with self.lock:
            self.requests.append(path)
            try:
                handler = {"/VIID/System/Register": self.on_register, "/VIID/System/Keepalive": self.on_keepalive,
                           "/VIID/DispositionNotifications": self.on_notifications}[path]
            except KeyError:
                self.answer(request, 404, None)
                return
            handler(request, json.loads(body), path)
            self.lock.notify_all()

    def answer(self, request, status, body, headers=()):
        content = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        for name, value in headers:
            request.send_header(name, value)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def status(self, code, ident, path):
        return {"RequestURL": path, "StatusCode": int(code) if self.number_codes else code, "StatusString": "", "Id": ident,
                "LocalTime": "20240301000000"}

    def challenge(self, request):
        self.answer(request, 401, None, [("WWW-Authenticate", f'Digest realm="upper", qop="auth", nonce="{self.nonce}", '
                                          f'opaque="5ccc')])

    def on_register(self, request, body, path):
        if not self.right(request, path):
            self.challenge(request)
            return
        self.registered = body["RegisterObject"]["DeviceID"]
        self.registers += 1
        self.forget_session = False
        self.answer(request, 200, {"ResponseStatusObject": self.status("0", self.registered, path)})

    def has_session(self, request):
        return self.registered is not None and not self.forget_session and \
            request.headers.get("User-Identify") == self.registered

    def on_keepalive(self, request, body, path):
        if not self.has_session(request):
            self.answer(request, 401, None)
            return
        self.keepalives += 1
        self.answer(request, 200, {"ResponseStatusObject": self.status("0", body["KeepaliveObject"]["DeviceID"], path)})

    def on_notifications(self, request, body, path):
        if not self.has_session(request):
            self.answer(request, 401, None)
            return
        told = body["DispositionNotificationListObject"]["DispositionNotificationObject"]
        codes = [self.refuse.get(one["NotificationID"], self.refuse.get(one["DispositionID"], "0")) for one in told]
        self.notifications += [one for one, code in zip(told, codes) if code == "0"]
        if self.lose_answers > 0:
            self.lose_answers -= 1
            request.close_connection = True
            request.connection.close()
            return
        self.answer(request, 200, {"ResponseStatusListObject": {"ResponseStatusObject": [
            self.status(code, one["NotificationID"], path) for one, code in zip(told, codes)]}})

    def wait(self, question, timeout=30):
        """Until the question (asked under the lock) is answered with yes."""
        with self.lock:
            if not self.lock.wait_for(question, timeout):
                raise TimeoutError(f"the upper library: {self.requests}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--account", required=True, metavar="USER:PASSWORD")
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    library = Library(options.account, (host, int(port)))
    print(f"ready http={host}:{library.port}", flush=True)
    seen = 0
    while True:
        library.wait(lambda: len(library.notifications) > seen, timeout=10 ** 8)
        for one in library.notifications[seen:]:
            print(json.dumps(one, ensure_ascii=False), flush=True)
        seen = len(library.notifications)


if __name__ == "__main__":
    main()
