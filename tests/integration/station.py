"""A police station at work: its own computer with keys, lists and the command line, at the park's port for stations."""
import contextlib
import json
import subprocess

from park import Refused

HEADER = "change,id,category,plate,badge,id_number,applicant,case_number,legal_basis,end,action,contact,instruction\n"
GROUND = "Wang Bo 330100,A-2026-17,Criminal Procedure Law art. 155"
CALL = "duty desk 0571-110,ask-to-desk"


def person(entry, badge="", identity="", action="review"):
    return f"add,{entry},warrant,,{badge},{identity},{GROUND},,{action},{CALL}\n"


def vehicle(entry, plate):
    return f"add,{entry},stolen-vehicle,{plate},,,{GROUND},,notify,{CALL}\n"


def take_in(park, name, link, sign, *more):
    """An authority, by two persons. From then on the park has two admins: what needs another person waits for him."""
    deputy = park.home / "deputy.key"
    park.cli("key", "make", deputy)
    park.cli("key", "add", "deputy", "--public", f"{deputy}.pub", "--role", "admin")
    asked = park.cli("authority", "add", name, "--title", "Station", "--public", link, "--sign", sign, *more)
    park.cli("approval", "grant", asked["approval"], "--key", deputy)


class Station:
    """The station's own computer: its keys, its lists, and the command line with its key at its port."""

    def __init__(self, park, home=None):
        self.park = park
        self.home = home or park.directory / "station"
        self.home.mkdir()
        self.keys = self.home / "keys"
        self.number = 0
        park._run(park.programs.path("parkgate"), "watch", "keygen", self.keys)

    def joins(self, name="hz-police"):
        """The park takes it in; it learns its matching key."""
        take_in(self.park, name, self.keys / "link.pub", self.keys / "sign.pub", "--refresh", "24", "--reason", "agreement 2026-3")
        self.say("key", self.keys)

    def say(self, *args, check=True, timeout=120):
        args = [self.park.programs.path("parkgate"), "watch", *map(str, args), "--controller",
                f"tcp://127.0.0.1:{self.park.port_base + 3}", "--server-key", str(self.park.home / "controller.pub"),
                "--key", str(self.keys / "link.key"), "--json"]
        done = subprocess.run(args, env=self.park.env, capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise Refused(args, done.returncode, done.stderr or done.stdout)
        return json.loads(done.stdout) if check and done.stdout.strip() else done

    def status(self):
        return self.say("status")["notes"]

    def sign(self, text, after=None):
        """The next bundle of these rows; returns its file. `after`: behind this bundle, which may not have been pushed yet."""
        status = self.status()
        self.number = int(status["number"]) + 1 if after is None else self.number + 1
        source, bundle = self.home / f"{self.number}.csv", self.home / f"{self.number}.bundle"
        source.write_text(HEADER + text, encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):
            bundle.unlink()
        base = ["--number", self.number, "--previous", status["digest"]] if self.number > 1 else []
        base = base if after is None else ["--after", after]
        self.park._run(self.park.programs.path("parkgate"), "watch", "sign", source, "--authority", "hz-police", "--park",
                       status["park"], "--sign-key", self.keys / "sign.key", "--match-key", self.keys / "match.key", "--out",
                       bundle, *base)
        return bundle

    def push(self, text, timeout=120):
        return self.say("push", self.sign(text), timeout=timeout)["notes"]

    def receipt(self, bundle):
        return self.say("receipt", bundle, "--park-key", self.keys / "park.pub")
