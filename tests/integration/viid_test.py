"""A police view library (GA/T 1400) and the park's, as real processes: the peer (tests/peers/peer_viid.py) is written from the
interface's description alone. It comes to the park with every digest shape and every deviation, is refused what the park does not
do, and what it sends waits for persons."""
import http.client
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
import stores  # noqa: E402
from case import ParkCase  # noqa: E402
from park import RED, YELLOW, Board, Daemon, Gate, Lane, Refused, until  # noqa: E402
from peer_viid import Caller, Library  # noqa: E402
from station import take_in  # noqa: E402

ID = "510116000000012024022816194212625"
THEIR_ID, OUR_ID = "33010000005030000001", "33010020005030000001"


def stamp(days):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 8 * 3600 + days * 86400))


def disposition(ident=ID, **changes):
    whole = {"DispositionID": ident, "Title": "失窃车辆", "DispositionCategory": "2", "TargetFeature": "(3=渝D2S030)",
             "PriorityLevel": 1, "ApplicantName": "Li Wei", "ApplicantOrg": "East Station", "BeginTime": stamp(-1),
             "EndTime": stamp(20), "CreatTime": stamp(-1), "OperateType": 0, "DispositionStatus": 0, "Reason": "theft 42"}
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def listed(*objects):
    return {"DispositionListObject": {"DispositionObject": list(objects)}}


class Viid(ParkCase):
    START = False  # the controller alone

    PEER = ""  # more lines of the peer's file

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.START:
            cls.park.start_controller()
        cls.dir = pathlib.Path(cls.park.directory)
        key = cls.dir / "viid.key"
        cls.park._run(cls.park.programs.path("parkgate"), "key", "make", key)  # pylint: disable=protected-access
        cls.park.cli("key", "add", "viid", "--public", f"{key}.pub", "--role", "library")
        cls.library = Library("park-east:upper secret")
        cls.addClassCleanup(cls.library.stop)
        cls.write_files(cls.library.url)
        cls.viid = Daemon("viid", [cls.park.programs.path("parkgate-viid"), "--config", cls.dir / "viid.conf"],
                          cls.park.logs / "viid.log", cls.park.env)
        cls.start_viid()
        cls.addClassCleanup(cls.stop_viid)

    @classmethod
    def write_files(cls, url):
        for name, secret in (("police", "open sesame"), ("upper", "upper secret")):
            path = cls.dir / f"{name}.secret"
            path.write_text(secret + "\n")
            path.chmod(0o600)
        (cls.dir / "viid.conf").write_text(
            f"controller = tcp://127.0.0.1:{cls.park.port_base + 1}\nserver_key_file = {cls.park.home}/controller.key\n"
            f"key_file = {cls.dir}/viid.key\ndevice_id = {OUR_ID}\naddress = 127.0.0.1\nport = {cls.park.port_base + 6}\n"
            f"peer = {cls.dir}/police.conf\npeer = {cls.dir}/upper.conf\n")
        (cls.dir / "police.conf").write_text(
            f"name = police\ndevice_id = {THEIR_ID}\nuser = police\npassword_file = {cls.dir}/police.secret\nlist_max = 50\n"
            f"session_s = 300\nrequests_per_minute = 6000\n{cls.PEER}")
        (cls.dir / "upper.conf").write_text(
            f"name = upper\ndevice_id = 33010000005030000009\nuser = park-east\npassword_file = {cls.dir}/upper.secret\n"
            f"url = {url}\nreceive_addr = {url}/VIID/DispositionNotifications\nkeepalive_s = 1\n")

    @classmethod
    def start_viid(cls):
        cls.viid.start()
        cls.viid.wait_event("viid_started")
        cls.viid.wait_event("viid_controller_up")

    @classmethod
    def stop_viid(cls):
        if cls.viid.runs():
            cls.viid.end()

    def caller(self, shape="plain", **more):
        return Caller("127.0.0.1", self.park.port_base + 6, "police", "open sesame", THEIR_ID, shape, **more)

    def registered(self, **more):
        caller = self.caller(**more)
        self.assertEqual(caller.register(), (200, "0"))
        return caller

    def open_ones(self):
        return self.park.rows("disposition", "list")

    def tearDown(self):
        for row in self.open_ones():
            self.park.cli("disposition", "refuse", row["disposition"], "--reason", "end of a test")


class Sessions(Viid):
    def test_every_digest_shape_registers(self):
        for shape in Caller.SHAPES:
            with self.subTest(shape=shape):
                self.assertEqual(self.caller(shape).register(), (200, "0"))

    def test_the_device_id_is_an_account_too(self):
        self.assertEqual(self.caller().register(user=THEIR_ID), (200, "0"))

    def test_a_replayed_nc_is_challenged_anew(self):
        caller = self.caller()
        self.assertEqual(caller.register(), (200, "0"))
        self.assertEqual(caller.register_again(count=1)[0], 401)
        self.assertEqual(caller.register_again(count=2)[0], 200)

    def test_a_wrong_uri_is_refused(self):
        caller = self.caller()
        caller.ask_challenge()
        self.assertEqual(caller.register_again(uri="/VIID/System/Keepalive")[0], 401)
        self.assertEqual(caller.register_again(uri="http://park/VIID/System/Time")[0], 401)
        self.assertEqual(caller.register_again(password="barley")[0], 401)
        self.assertEqual(caller.register_again(user="nobody")[0], 401)

    def test_nothing_without_a_session(self):
        caller = self.registered()
        caller.user_identify = "33010000005039999999"
        for method, path in (("POST", "/VIID/System/Keepalive"), ("POST", "/VIID/Dispositions"), ("GET", "/VIID/Dispositions"),
                             ("POST", "/VIID/Subscribes"), ("POST", "/VIID/Faces")):
            status, _, headers = caller.send(method, path, {} if method == "POST" else None)
            self.assertEqual(status, 401, path)
            self.assertIn('qop="auth"', headers["WWW-Authenticate"])

    def test_time_keepalive_and_unregister(self):
        caller = self.registered()
        status, body, _ = caller.send("GET", "/VIID/System/Time")
        self.assertEqual((status, body["SystemTimeObject"]["VIIDServerID"]), (200, OUR_ID))
        self.assertLess(abs(int(body["SystemTimeObject"]["LocalTime"]) - int(stamp(0))), 100)
        status, body, _ = caller.send("POST", "/VIID/System/Keepalive", {"KeepaliveObject": {"DeviceID": THEIR_ID}})
        self.assertEqual((status, body["ResponseStatusObject"]["StatusCode"]), (200, "0"))
        status, body, _ = caller.send("POST", "/VIID/System/UnRegister", {"UnRegisterObject": {"DeviceID": THEIR_ID}})
        self.assertEqual((status, body["ResponseStatusObject"]["StatusCode"]), (200, "0"))
        self.assertEqual(caller.send("POST", "/VIID/System/Keepalive", {})[0], 401)

    def test_a_lapse_between_two_pushes_loses_and_doubles_nothing(self):
        caller = self.registered()
        self.assertEqual(caller.send_surely("POST", "/VIID/Dispositions", listed(disposition("A")))[0], 200)
        self.stop_viid()
        self.start_viid()  # every session is gone
        self.assertEqual(caller.send("POST", "/VIID/Dispositions", listed(disposition("A"), disposition("B")))[0], 401)
        status, answer, _ = caller.send_surely("POST", "/VIID/Dispositions", listed(disposition("A"), disposition("B")))
        self.assertEqual((status, caller.statuses(answer)), (200, {"A": "0", "B": "0"}))
        self.assertEqual(len(self.open_ones()), 2)

    def test_methods_paths_and_bodies(self):
        caller = self.registered()
        self.assertEqual(caller.send("PUT", "/VIID/System/Register", {})[0], 405)
        self.assertEqual(caller.send("GET", "/other")[0], 404)
        self.assertEqual(caller.send("POST", "/VIID/Dispositions", b"<xml/>", {"Content-Type": "application/xml"})[0], 415)
        status, body, _ = caller.send("POST", "/VIID/Dispositions", b"{")
        self.assertEqual((status, body["ResponseStatusObject"]["StatusCode"]), (200, "7"))
        status, body, _ = caller.send("POST", "/VIID/Dispositions", {"x": 1})
        self.assertEqual((status, body["ResponseStatusObject"]["StatusCode"]), (200, "8"))
        self.assertEqual(caller.send("POST", "/VIID/Dispositions", b" " * (4200 * 1024))[0], 413)

    def test_the_literal_pieces(self):
        """What the description writes out, byte for byte, and the park's answers to it."""
        caller = self.registered()

        def raw(method, path, body):
            line = http.client.HTTPConnection("127.0.0.1", self.park.port_base + 6, timeout=20)
            line.request(method, path, body, {"Content-Type": "application/VIID+JSON", "User-Identify": THEIR_ID})
            content = line.getresponse().read()
            line.close()
            return content
        caller.device_id = "33020300001190000001"
        caller.register_body = lambda: b'{"RegisterObject":{"DeviceID":"33020300001190000001"}}'
        self.assertEqual(caller.register(), (200, "0"))
        said = b'{"ResponseStatusObject":{"RequestURL":"%s","StatusCode":"0","StatusString":"OK","Id":"33020300001190000001","LocalTime":"'
        for path, body in ((b"/VIID/System/Keepalive", b'{"KeepaliveObject":{"DeviceID":"33020300001190000001"}}'),
                           (b"/VIID/System/UnRegister", b'{"UnRegisterObject":{"DeviceID":"33020300001190000001"}}')):
            self.assertEqual(raw("POST", path.decode(), body)[:len(said % path)], said % path)
        self.assertRegex(raw("GET", "/VIID/System/Time", None), rb'^\{"SystemTimeObject":\{"VIIDServerID":"\d{20}","TimeMode":"\d",'
                         rb'"LocalTime":"\d{14}","TimeZone":"[^"]+"\}\}$')
        self.assertEqual(caller.register(), (200, "0"))
        times = b'"BeginTime":"2020-02-03 15:34:15","EndTime":"20991231235959","CreatTime":"20171230 000000"'
        for ident in (b'"71"', b'"11111"', b'"001"', b'"510116000000032024022816194212625"', b"71"):
            whole = (b'{"DispositionObject":[{"DispositionID":%s,"TargetFeature":"(3=' % ident + "渝D2S030".encode() +
                     b')","SubImageList":{},"PriorityLevel":"1","OperateType":0,%s}]}' % times)
            self.assertIn(b'{"ResponseStatusListObject":{"ResponseStatusObject":[{"RequestURL":"/VIID/Dispositions","StatusCode":"0",'
                          b'"StatusString":"OK","Id":"%s","LocalTime":"' % ident.strip(b'"'), raw("POST", "/VIID/Dispositions", whole))

    def test_https(self):
        files = {name: self.dir / f"tls.{name}" for name in ("crt", "pem", "conf")}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", files["pem"], "-out", files["crt"],
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        files["pem"].chmod(0o600)
        port = self.park.port_base + 7
        conf = (self.dir / "viid.conf").read_text().replace(f"port = {self.park.port_base + 6}\n", f"port = {port}\n")
        conf = conf.replace(f"peer = {self.dir}/upper.conf\n", "")
        files["conf"].write_text(f"{conf}tls_cert_file = {files['crt']}\ntls_key_file = {files['pem']}\n")
        second = Daemon("viid tls", [self.park.programs.path("parkgate-viid"), "--config", files["conf"]],
                        self.park.logs / "viid-tls.log", self.park.env)
        second.start()
        self.addCleanup(second.end)
        second.wait_event("viid_started")
        caller = Caller("127.0.0.1", port, "police", "open sesame", THEIR_ID, ca_file=files["crt"])
        self.assertEqual(caller.register(), (200, "0"))
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            Caller("127.0.0.1", port, "police", "open sesame", THEIR_ID).register()

    def test_the_park_registers_at_the_upper_library_and_stays(self):
        self.library.wait(lambda: self.library.registered == OUR_ID)
        self.library.wait(lambda: self.library.keepalives >= 2)
        with self.library.lock:
            registers = self.library.registers
            self.library.forget_session = True
        self.library.wait(lambda: self.library.registers > registers)


class Dispositions(Viid):
    def post(self, caller, *objects, bare=False):
        body = {"DispositionObject": list(objects)} if bare else listed(*objects)
        status, answer, _ = caller.send("POST", "/VIID/Dispositions", body)
        self.assertEqual(status, 200)
        return caller.statuses(answer)

    def test_it_waits_for_persons(self):
        caller = self.registered()
        self.assertEqual(self.post(caller, disposition()), {ID: "0"})
        row, = self.open_ones()
        self.assertEqual((row["peer"], row["state"], row["target"], row["doubts"], row["by"]),
                         ("police", "pending", "vehicle", "", ""))
        shown = {one["field"]: one["value"]
                 for one in self.park.rows("disposition", "show", row["disposition"], "--reason", "order 42")}
        self.assertEqual((shown["id"], shown["value"], shown["applicant"], shown["feature"]),
                         (ID, "渝D2S030", "Li Wei", "(3=渝D2S030)"))
        with self.assertRaises(Refused):
            self.park.cli("disposition", "show", row["disposition"])

    def test_the_key_of_a_refused_one_is_in_no_file(self):
        caller = self.registered()
        before = self.watch_keys()
        self.post(caller, disposition())
        key, = self.watch_keys() - before
        self.park.cli("disposition", "refuse", self.open_ones()[0]["disposition"], "--reason", "no order came")
        self.assertNotIn(key, self.watch_keys())
        self.keys_rewritten()
        self.assertEqual(stores.files_with(key, self.park.directory), [])

    def watch_keys(self):
        with stores.transaction(self.park.home / "keys") as txn:
            return {value for _, value in stores.rows(txn, "watch")}

    def test_names_are_in_no_file_in_clear(self):
        caller = self.registered()
        self.post(caller, disposition(ApplicantName="Zhao Needle", TargetFeature="(3=渝D2S031)"))
        for path in pathlib.Path(self.park.home).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                self.assertNotIn(b"Zhao Needle", content, path)
                self.assertNotIn("渝D2S031".encode(), content, path)
                self.assertNotIn(ID.encode(), content, path)

    def test_the_same_again_is_one(self):
        caller = self.registered()
        one, free = disposition(), disposition(None)
        for _ in range(3):
            self.post(caller, one)
            self.post(caller, free)
        self.assertEqual(len(self.open_ones()), 2)
        self.assertEqual(sorted(row["doubts"] for row in self.open_ones()), ["", "id"])

    def test_a_change_takes_the_place_of_what_waits(self):
        caller = self.registered()
        self.post(caller, disposition())
        number = self.open_ones()[0]["disposition"]
        status, answer, _ = caller.send("PUT", f"/VIID/Dispositions/{ID}", listed(disposition(None, Title="other")))
        self.assertEqual((status, caller.statuses(answer)), (200, {ID: "0"}))
        row, = self.open_ones()
        self.assertEqual(row["disposition"], number)
        shown = self.park.rows("disposition", "show", number, "--reason", "x")
        self.assertIn({"field": "title", "value": "other"}, shown)

    def test_withdrawals(self):
        caller = self.registered()
        self.post(caller, disposition())
        for _ in range(2):  # twice says the same
            status, answer, _ = caller.send("PUT", f"/VIID/Dispositions/{ID}", {"DispositionObject": {"OperateType": "1"}})
            self.assertEqual((status, caller.statuses(answer)), (200, {ID: "0"}))
            self.assertEqual(self.open_ones(), [])
        status, answer, _ = caller.send("DELETE", f"/VIID/Dispositions?IDList={ID},unknown")
        self.assertEqual((status, caller.statuses(answer)), (200, {ID: "0", "unknown": "4"}))
        self.assertEqual(self.post(caller, disposition("nobody", OperateType=1)), {"nobody": "4"})
        row = next(row for row in self.park.rows("disposition", "list", "--all") if row["state"] == "withdrawn")
        shown = {one["field"] for one in self.park.rows("disposition", "show", row["disposition"], "--reason", "x")}
        self.assertNotIn("value", shown)  # its key is destroyed

    def test_what_became_of_it(self):
        caller = self.registered()
        self.post(caller, disposition())
        for path in (f"/VIID/Dispositions/{ID}", f"/VIID/Dispositions?DispositionID={ID}",
                     f"/VIID/Dispositions?Disposition.DispositionID={ID}"):
            status, answer, _ = caller.send("GET", path)
            self.assertEqual((status, answer["DispositionListObject"]["DispositionObject"]),
                             (200, [{"DispositionID": ID, "DispositionStatus": "9", "OperateType": "0"}]))
        caller.send("DELETE", f"/VIID/Dispositions?IDList={ID}")
        _, answer, _ = caller.send("GET", f"/VIID/Dispositions/{ID}")
        self.assertEqual(answer["DispositionListObject"]["DispositionObject"][0]["DispositionStatus"], "1")
        _, answer, _ = caller.send("GET", "/VIID/Dispositions/other")
        self.assertEqual(answer["ResponseStatusObject"]["StatusCode"], "4")

    def test_a_mixed_list(self):
        caller = self.registered()
        said = self.post(caller, disposition("good"), disposition("late", EndTime=stamp(-1)), disposition("open", EndTime=None),
                         disposition("never", EndTime="never"), disposition("turned", BeginTime=stamp(9), EndTime=stamp(8)),
                         disposition("picture", TargetFeature="", SubImageList={"SubImageInfoObject": [
                             {"Type": "11", "Data": "data:image/jpeg;base64,/9j/4A=="}]}))
        self.assertEqual(said, {"good": "0", "late": "8", "open": "8", "never": "8", "turned": "8", "picture": "4"})
        self.assertEqual(len(self.open_ones()), 1)

    def test_each_deviation_and_all_together(self):
        caller = self.registered()
        deviations = {
            "numbers": {"OperateType": "0", "PriorityLevel": "", "IsDecked": True, "IsSuspiciousPerson": "1"},
            "images": {"SubImageList": {}},
            "data": {"SubImageList": {"SubImageInfoObject": [{"Type": "02", "Data": "plain text"}]}},
            "ages": {"AgeUpLimit": 1, "AgeLowerLimit": 9, "IsDriver": 1, "IsForeigner": 1},
            "private": {"InOut": 7, "CommunityID": "x", "CapDirection": 3},
            "space": {"BeginTime": "20171230 000000"},
            "dashes": {"BeginTime": "2020-02-03 15:34:15"},
            "epoch": {"BeginTime": 1580715255000},
            "old": {"BeginTime": "19700101000000"},
            "category": {"DispositionCategory": "9"},
            "tollgate": {"TollgateList": "71", "DispositionRange": 1, "DispositionArea": "33020300001190000001"},
        }
        for name, changes in deviations.items():
            with self.subTest(deviation=name):
                self.assertEqual(self.post(caller, disposition(name, **changes)), {name: "0"})
                self.assertEqual(self.post(caller, disposition(name, **changes), bare=True), {name: "0"})
        together = {name: value for changes in deviations.values() for name, value in changes.items()}
        self.assertEqual(self.post(caller, disposition(71, **together), bare=True), {"71": "0"})
        self.assertEqual(len(self.open_ones()), len(deviations) + 1)
        doubts = {row["doubts"] for row in self.open_ones()}
        self.assertEqual(doubts, {"", "begin", "category", "category, begin"} & doubts)
        self.assertIn("category", doubts)
        self.assertIn("begin", doubts)

    def test_ten_thousand_in_one_list_change_nothing(self):
        caller = self.registered()
        small = {"DispositionID": "x", "EndTime": stamp(2), "TargetFeature": "渝D2S030"}
        status, answer, _ = caller.send("POST", "/VIID/Dispositions", listed(*[small] * 10000))
        self.assertEqual((status, answer["ResponseStatusObject"]["StatusCode"]), (413, "4"))
        self.assertEqual(self.open_ones(), [])

    def test_subscriptions_and_records_are_refused(self):
        caller = self.registered()
        for detail, why in (("12", "Faces"), ("3,11", "Persons"), ("13", "Vehicles")):
            status, answer, _ = caller.send("POST", "/VIID/Subscribes", {"SubscribeListObject": {"SubscribeObject": [
                {"SubscribeID": "330000000000032024030100000000001", "SubscribeDetail": detail, "EndTime": "20991231235959"}]}})
            one, = answer["ResponseStatusListObject"]["ResponseStatusObject"]
            self.assertEqual((status, one["StatusCode"]), (200, "4"))
            self.assertIn(why, one["StatusString"])
        for path in ("/VIID/Faces", "/VIID/Persons", "/VIID/MotorVehicles"):
            status, answer, _ = caller.send("POST", path, {})
            self.assertEqual((status, answer["ResponseStatusObject"]["StatusCode"]), (200, "4"), path)

    def test_refused_by_a_person(self):
        caller = self.registered()
        self.post(caller, disposition())
        row, = self.open_ones()
        self.park.cli("disposition", "refuse", row["disposition"], "--reason", "no order came")
        self.assertEqual(self.open_ones(), [])
        with self.assertRaises(Refused) as refused:
            self.park.cli("disposition", "refuse", row["disposition"], "--reason", "again")
        self.assertIn("is refused; that can be done while it is pending or entered", str(refused.exception))

    def test_a_dead_controller_is_busy_and_loses_nothing(self):
        caller = self.registered()
        self.park.controller.end()
        said = self.post(caller, disposition())
        self.park.start_controller()
        self.assertEqual(said, {ID: "2"})
        until("the controller answers", lambda: self.post(caller, disposition()) == {ID: "0"})
        self.assertEqual(len(self.open_ones()), 1)

    def test_the_record_holds(self):
        caller = self.registered()
        self.post(caller, disposition())
        self.assert_verified()


def truck_gate():
    return [Gate("gate-c", [Board("board-c", [Lane("truck-in", reader="plate", open_ms=1000)])])]


class Notifications(Viid):
    """From a disposition to a notification: two persons make an entry of it, a truck comes, the library is told."""

    GATES = staticmethod(truck_gate)
    START = True
    PLATES = iter(f"渝D2S{number:03}" for number in range(100, 200))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        park, program = cls.park, cls.park.programs.path("parkgate")
        for name in ("link", "officer"):
            park._run(program, "key", "make", cls.dir / name)  # pylint: disable=protected-access
        cls.officer = cls.dir / "officer"
        park.cli("key", "add", "officer", "--public", f"{cls.officer}.pub", "--role", "security", "--person", "Wang Fang")
        take_in(park, "east-viid", cls.dir / "link.pub", next(pathlib.Path(park.home).glob("sign.*pub*")), "--reason", "agreement 7")
        lights = [park.post("truck-in", "anpr --plate 浙A00000")["colour"] for _ in range(3)]
        assert lights == [YELLOW, YELLOW, RED], lights

    def upper(self):
        """The upper library comes to us, too, by its own account."""
        caller = Caller("127.0.0.1", self.park.port_base + 6, "park-east", "upper secret", "33010000005030000009")
        self.assertEqual(caller.register(), (200, "0"))
        return caller

    def sent(self, plate, ident):
        status, answer, _ = self.upper().send("POST", "/VIID/Dispositions",
                                              listed(disposition(ident, TargetFeature=f"(3={plate})", ApplicantInfo="duty desk 0571 1234")))
        self.assertEqual((status, Caller.statuses(answer)), (200, {ident: "0"}))
        return next(row["disposition"] for row in self.open_ones() if row["state"] == "pending")

    def enter(self, number, plate, *more):
        return self.park.cli("disposition", "enter", number, "--authority", "east-viid", "--category", "stolen-vehicle", "--case",
                             "No 42 of 2026", "--basis", "Criminal Procedure Law 82", "--value", plate, *more)

    def listed_plate(self, ident):
        plate = next(self.PLATES)
        number = self.sent(plate, ident)
        self.enter(number, plate)
        done = self.park.cli("disposition", "confirm", number, "--value", plate, "--key", self.officer)
        self.assertEqual(done["state"], "acting")
        return plate

    def drive(self, plate):
        self.park.post("truck-in", f"anpr --plate {plate}")

    def told(self, *idents):
        """The NotificationIDs that the library was told of these dispositions, in order, repeats included."""
        return [one["NotificationID"] for one in self.library.notifications if one["DispositionID"] in idents]

    def test_two_persons_and_the_value_twice(self):
        plate = next(self.PLATES)
        number = self.sent(plate, "two-persons")
        with self.assertRaises(Refused) as refused:
            self.park.cli("disposition", "confirm", number, "--value", plate, "--key", self.officer)
        self.assertIn("is pending; that can be done while it is entered", str(refused.exception))
        self.enter(number, plate)
        with self.assertRaises(Refused) as refused:
            self.park.cli("disposition", "confirm", number, "--value", plate)
        self.assertIn("another person must confirm it", str(refused.exception))
        with self.assertRaises(Refused) as refused:
            self.park.cli("disposition", "confirm", number, "--value", "浙A99999", "--key", self.officer)
        self.assertIn("compare both with the order", str(refused.exception))
        self.drive(plate)  # entered is not confirmed: nothing is matched
        self.park.cli("disposition", "confirm", number, "--value", plate, "--key", self.officer)
        self.assertEqual(self.told("two-persons"), [])
        _, answer, _ = self.upper().send("GET", "/VIID/Dispositions/two-persons")
        self.assertEqual(answer["DispositionListObject"]["DispositionObject"][0]["DispositionStatus"], "0")
        status, answer, _ = self.upper().send("POST", "/VIID/Dispositions", listed(
            disposition("two-persons", TargetFeature="(3=other)")))
        self.assertEqual(Caller.statuses(answer), {"two-persons": "4"})

    def test_a_persons_entry_waits_for_its_countersignature(self):
        status, _, _ = self.upper().send("POST", "/VIID/Dispositions", listed(disposition(
            "person", DispositionCategory="1", TargetFeature="(9=11010519491231002X)", ApplicantInfo="duty desk 0571 1234")))
        self.assertEqual(status, 200)
        row, = [row for row in self.open_ones() if row["state"] == "pending"]
        self.assertEqual(row["target"], "person")
        self.park.cli("disposition", "enter", row["disposition"], "--authority", "east-viid", "--category", "warrant", "--case",
                      "No 43 of 2026", "--basis", "Criminal Procedure Law 82", "--value", "11010519491231002X")
        done = self.park.cli("disposition", "confirm", row["disposition"], "--value", "11010519491231002X", "--key", self.officer)
        self.assertEqual(done["state"], "waiting")

    def test_a_hit_is_told_once_it_is_there(self):
        plate = self.listed_plate("hit")
        self.drive(plate)
        self.library.wait(lambda: self.told("hit"))
        one, = [one for one in self.library.notifications if one["DispositionID"] == "hit"]
        self.assertEqual((one["Title"], one["MotorVehicleObject"]["PlateNo"]), ("失窃车辆", plate))
        self.assertRegex(one["NotificationID"], rf"^{OUR_ID[:12]}02\d{{19}}$")
        self.assertRegex(one["CntObjectID"], rf"^{OUR_ID}02\d{{19}}02\d{{5}}$")
        self.assertLess(abs(int(one["TriggerTime"]) - int(stamp(0))), 200)

    def test_a_lost_answer_keeps_the_id(self):
        plate = self.listed_plate("lost")
        with self.library.lock:
            self.library.lose_answers = 2
        self.drive(plate)
        self.library.wait(lambda: len(self.told("lost")) >= 3)
        self.assertEqual(len(set(self.told("lost"))), 1)

    def test_only_the_accepted_ones_are_done(self):
        with self.library.lock:
            self.library.refuse["mixed-2"] = "8"
        plates = [self.listed_plate(f"mixed-{n}") for n in (1, 2)]
        for plate in plates:
            self.drive(plate)
        self.library.wait(lambda: self.told("mixed-1"))
        self.assertEqual(self.told("mixed-2"), [])
        with self.library.lock:
            self.library.refuse.clear()
        self.library.wait(lambda: self.told("mixed-2"))
        self.assertEqual(len(self.told("mixed-1")), 1)

    def test_a_receiver_that_is_away_loses_nothing(self):
        idents = [f"away-{n}" for n in range(3)]
        plates = [self.listed_plate(ident) for ident in idents]
        port = self.library.port
        self.library.stop()
        self.drive(plates[0])
        self.stop_viid()
        self.drive(plates[1])
        self.start_viid()
        self.park.controller.kill()
        self.park.start_controller()
        self.park.wait_gate("gate-c")
        self.drive(plates[2])
        before = self.library.notifications
        type(self).library = Library("park-east:upper secret", ("127.0.0.1", port))
        self.library.notifications += before
        self.library.wait(lambda: all(self.told(ident) for ident in idents), timeout=90)
        told = self.told(*idents)
        self.assertEqual(len(set(told)), 3)  # none under another's id
        for ident in idents:
            self.assertEqual(len(set(self.told(ident))), 1)
        self.assert_verified()

    def test_withdrawn_it_is_listed_no_more(self):
        plate = self.listed_plate("gone")
        status, answer, _ = self.upper().send("PUT", "/VIID/Dispositions/gone", {"DispositionObject": {"OperateType": 1}})
        self.assertEqual((status, Caller.statuses(answer)), (200, {"gone": "0"}))
        self.drive(plate)
        other = self.listed_plate("marker")
        self.drive(other)
        self.library.wait(lambda: self.told("marker"))
        self.assertEqual(self.told("gone"), [])

    def open_ones(self):
        return [row for row in super().open_ones() if row["state"] != "confirmed"]


del Viid  # a base, no test

if __name__ == "__main__":
    unittest.main()
