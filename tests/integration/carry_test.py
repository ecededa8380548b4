"""A gate whose line is cut for long takes a roster and a lease from a stick, on real processes; what is damaged, another's, older
than what it has or too old is refused with its exact text and changes nothing."""
import datetime
import re
import subprocess
import time
import unittest

from alone_test import AloneCase
from park import RED, until
import stores


class CarryCase(AloneCase):
    """The line to the controller is cut for long, and what it knows comes on a stick."""

    def cut(self, gate_name):
        """The gate's box goes on without its line: it is told a port where nobody listens."""
        park = self.park
        park.agents[gate_name].end()
        conf = park.agent_home(gate_name) / "agent.conf"
        self.conf = conf.read_text()
        conf.write_text(re.sub(r"(?m)^controller = .*$", "controller = tcp://127.0.0.1:9", self.conf))
        park.start_agent(gate_name)

    def mend(self, gate_name):
        park = self.park
        park.agents[gate_name].end()
        (park.agent_home(gate_name) / "agent.conf").write_text(self.conf)
        park.start_agent(gate_name)
        until(f"{gate_name} is back", lambda: park.gate_state(gate_name) == "online")

    def make(self, name, gate_name="gate-b"):
        file = self.park.directory / name
        made = self.park.cli("agent", "carry", gate_name, file, "--reason", "line cut by the excavator")
        self.assertEqual(int(made["bytes"]), file.stat().st_size)
        return file

    def take(self, file, gate_name="gate-b"):
        return subprocess.run([self.park.programs.path("parkgate-agent"), "--dir", self.park.agent_home(gate_name), "--carry", file],
                              capture_output=True, text=True, timeout=120, check=False)

    def refused(self, file, status, en, zh, gate_name="gate-b"):
        done = self.take(file, gate_name)
        self.assertEqual(done.stderr, f"parkgate-agent: {en}\nparkgate-agent: {zh}\n")
        self.assertEqual(done.returncode, status)


class Carry(CarryCase):
    def test_a_stick(self):
        park = self.park
        _, before = self.person()
        self.copied()
        older = self.make("older")
        self.person()
        self.copied()
        self.cut("gate-b")
        for lane in ("gate-b-in", "gate-b-out"):
            park.agents["gate-b"].wait_event(f"device name={lane}-badge state=1")
        after, new = self.person()
        self.try_in("gate-b-in", new, RED)
        file = self.make("stick")
        text = file.read_bytes()
        self.assertNotIn(bytes.fromhex(after), text)
        # what is not taken
        damaged = park.directory / "damaged"
        for number, bytes_of in enumerate((text[:-1], text[:40], text + b"x", text[:900] + b"?" + text[901:], text[:20] + b"?" + text[21:], b"")):
            damaged.write_bytes(bytes_of)
            with self.subTest(number=number):
                self.refused(damaged, 5, f"{damaged} is damaged, or is no carried roster; write it again: parkgate agent carry",
                             f"{damaged} 已损坏，或不是离线名册；请重新生成：parkgate agent carry")
        self.refused(file, 1, f"{file} is for gate gate-b; this is gate gate-a", f"{file} 是给出入口 gate-b 的；本机是出入口 gate-a", "gate-a")
        self.refused(older, 1, *self.behind(older))
        forged = park.directory / "forged"
        forged.write_bytes(text[:80] + bytes([text[80] ^ 1]) + text[81:])  # its mark
        self.refused(forged, 1, f"{forged} was made by another controller, or for a key that this gate no longer has; make it again",
                     f"{forged} 由其他控制器生成，或针对本出入口已更换的密钥；请重新生成")
        self.refuse_times()
        self.try_in("gate-b-in", new, RED)
        # what is
        done = self.take(file)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertRegex(done.stdout, r"taken: roster number \d+; this gate may decide alone until \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\n已采用")
        self.walk("gate-b-in", new)
        self.walk("gate-b-in", before)
        number = re.search(r"number (\d+)", done.stdout)[1]
        self.refused(file, 1, f"{file} has number {number}, and number {number} was taken here; use the newest one",
                     f"{file} 的编号为 {number}，而本机已采用编号 {number}；请使用最新的一份")
        # the line is mended: the copy goes on from where the stick left it
        mark = park.agents["gate-b"].mark()
        self.mend("gate-b")
        self.copied()
        self.assertNotIn("copy_taken", "\n".join(line or "" for line in park.agents["gate-b"].lines[mark:]))
        taken = park.wait_events("the stick", {"kind": "carry-taken", "gate": "gate-b"})[0]
        self.assertEqual(taken["text"], f"number {number}")
        made = [event for event in park.events("--kind", "carry") if str(event["seq"]) == number]
        self.assertEqual([(event["gate"], event["text"]) for event in made], [("gate-b", "line cut by the excavator")])
        park.wait_events("both", {"kind": "passage", "lane": "gate-b-in", "text": "passed"}, 2)
        self.assertEqual(self.headcount()["entries"], 2)
        self.assert_verified()

    def test_a_stick_holds_what_its_gate_may(self):
        """No rule asks where somebody is: the copy on the stick counts, and the line goes on from it."""
        park = self.park
        home = park.agent_home("gate-b")
        _, uid = self.person()
        self.walk("gate-a-in", uid)
        until("it is known who is inside", lambda: stores.places(home))
        rules = park.directory / "no-rules.yaml"
        rules.write_text(re.sub(r"passback:\n.*\n", "", park.park_file()), encoding="utf-8")
        park.cli("apply", rules)
        until("counts only", lambda: stores.places(home) == [])
        self.copied()
        self.cut("gate-b")
        _, new = self.person()
        done = self.take(self.make("counts"))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertEqual(stores.places(home), [])
        self.walk("gate-b-in", new)
        mark = park.agents["gate-b"].mark()
        self.mend("gate-b")
        self.copied()
        self.assertNotIn("copy_taken", "\n".join(line or "" for line in park.agents["gate-b"].lines[mark:]))
        self.assertEqual(stores.places(home), [])
        with_rules = park.directory / "rules.yaml"
        with_rules.write_text(park.park_file(), encoding="utf-8")
        park.cli("apply", with_rules)
        until("the rule asks again", lambda: stores.places(home))

    def made_at(self, name, seconds):
        """As if it had been made so long ago."""
        park, file = self.park, self.park.directory / name
        made = int((time.time() - seconds) * 1e6)
        subprocess.run([park.programs.path("parkgate-controller"), "--dir", park.home, "--job", "carry", f"9999:{made}:gate-b:{file}"],
                       check=True, capture_output=True, timeout=60)
        return file, datetime.datetime.fromtimestamp(made // 1_000_000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")

    def refuse_times(self):
        self.lease = (self.park.agent_home("gate-b") / "lease").read_bytes()[:-32]
        file, made = self.made_at("old", 24 * 3600 + 1)
        self.refused(file, 1, f"{file} is too old: it was made at {made}, and a lease lasts 24 h from then; make a new one",
                     f"{file} 已过期：生成于 {made}，离线授权期为其后 24 小时；请重新生成")
        file, made = self.made_at("future", -3600)
        self.behind_the_clock(file, made)
        # a box that lost the time, and stands before what it has seen
        self.park.agents["gate-b"].kill()
        self.forget_time("gate-b")
        lease = self.park.agent_home("gate-b") / "lease"
        high = int.from_bytes(lease.read_bytes()[45:53], "big")
        self.change_lease("gate-b", 45, (high + 7200 * 10**6).to_bytes(8, "big"))
        self.park.start_agent("gate-b")
        file, made = self.made_at("now", 0)
        self.behind_the_clock(file, made)
        self.park.agents["gate-b"].kill()
        self.change_lease("gate-b", 0, self.lease)
        self.park.start_agent("gate-b")
        for lane in ("in", "out"):
            self.park.agents["gate-b"].wait_event(f"device name=gate-b-{lane}-badge state=1")

    def behind_the_clock(self, file, made):
        done = self.take(file)
        self.assertRegex(done.stderr, rf"^parkgate-agent: {file} was made at {made}, and this gate's clock says "
                         rf"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ; set the clock, then try again\nparkgate-agent: {file} 生成于 {made}，而本出入口时钟为 .*；请先校准时钟再试\n$")
        self.assertEqual(done.returncode, 1)

    def behind(self, file):
        """Its journal number, and that of the copy here, are in the answer."""
        done = self.take(file)
        en, zh = (line.removeprefix("parkgate-agent: ") for line in done.stderr.splitlines())
        found = re.fullmatch(re.escape(str(file)) + r" stands at journal (\d+), and the copy here at (\d+); nothing was changed", en)
        self.assertTrue(found, done.stderr)
        self.assertLess(int(found[1]), int(found[2]))
        return en, zh


if __name__ == "__main__":
    unittest.main()
