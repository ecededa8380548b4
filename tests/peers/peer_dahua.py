#!/usr/bin/env python3
"""peer-dahua: a Dahua plate camera that pushes to a tollgate service (ITSAPI), with HTTP digest.

    peer_dahua.py --url http://HOST:PORT/NotificationInfo [--plate 浙A12345] [--user U --password P] [--alive] ...

Posts TollgateInfo or KeepAlive and prints "status=... result=yes|no". As a module: class Camera. Standard library only,
and nothing of Parkgate.
"""
import argparse
import datetime
import json
import urllib.error
import urllib.request
import zoneinfo

STALE_TRIES = 20  # a challenge that came too late is answered again, as RFC 7616 asks
SUCCESS = '{"Result":true,"Message":"Success"}'


class Camera:
    def __init__(self, url, user=None, password=None, device="DH-7", zone="Asia/Shanghai", timeout=5.0):
        self.url, self.device, self.timeout = url.rstrip("/"), device, timeout
        self.zone = zoneinfo.ZoneInfo(zone)
        self.user, self.password = user, password

    def opener(self, retried=0):
        """A new one each time: urllib's counts its failures for ever, and gives up above 5."""
        openers = [urllib.request.ProxyHandler({})]
        if self.user is not None:
            passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            passwords.add_password(None, self.url, self.user, self.password)
            openers.append(urllib.request.HTTPDigestAuthHandler(passwords))
            openers[-1].retried = retried
        return urllib.request.build_opener(*openers)

    def event(self, plate="浙A12345", when=None, pictures=0, **changes):
        """The JSON of one pass; local time without a zone. `changes` replace fields of Plate."""
        when = datetime.datetime.now(self.zone) if when is None else when
        body = {"Picture": {
            "Plate": {"BoundingBox": [4310, 5210, 4610, 5420], "Channel": 0, "Confidence": 250, "IsExist": True,
                      "PlateColor": "Blue", "PlateNumber": plate, "PlateType": "NormalCar"} | changes,
            "Vehicle": {"VehicleBoundingBox": [0, 0, 8191, 8191], "VehicleSeries": "Unknown"},
            "SnapInfo": {"AccurateTime": when.strftime("%Y-%m-%d %H:%M:%S.") + f"{when.microsecond // 1000:03d}",
                         "SnapTime": when.strftime("%Y-%m-%d %H:%M:%S"), "DeviceID": self.device,
                         "Direction": "Obverse", "TriggerSource": "Video", "AllowUser": False}}}
        if pictures:
            for name in ("NormalPic", "CutoutPic", "VehiclePic"):
                body["Picture"][name] = {"Content": "/9j/" + "A" * (pictures * 4 // 3), "PicName": name + ".jpg"}
        return json.dumps(body, ensure_ascii=False)

    def exchange(self, body, path="/TollgateInfo", patient=True):
        """(status, text); status 0: no answer. Not patient: it answers one challenge, and no second one."""
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json;charset=UTF-8"})
        for left in range(STALE_TRIES if patient else 0, -1, -1):
            try:
                with self.opener(0 if patient else 5).open(request, timeout=self.timeout) as response:
                    return response.status, response.read().decode("utf-8", "replace")
            except urllib.error.HTTPError as error:
                stale = "stale" in error.headers.get("WWW-Authenticate", "").lower()
                if not stale or left == 0:
                    return error.code, ""
            except OSError:
                return 0, ""

    def post(self, plate="浙A12345", **more):
        return self.exchange(self.event(plate, **more))

    def alive(self, patient=True):
        return self.exchange(json.dumps({"Active": "keepAlive", "DeviceID": self.device}), "/KeepAlive", patient)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--plate", default="浙A12345")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--device", default="DH-7")
    parser.add_argument("--zone", default="Asia/Shanghai")
    parser.add_argument("--pictures", type=int, default=0, help="bytes of each")
    parser.add_argument("--alive", action="store_true")
    given = parser.parse_args()
    camera = Camera(given.url, given.user, given.password, given.device, given.zone)
    status, text = camera.alive() if given.alive else camera.post(given.plate, pictures=given.pictures)
    print(f"status={status} result={'yes' if text == SUCCESS else 'no'}")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main())
