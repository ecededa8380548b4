"""Goal: `parkgate device test` says what one device does, to the person on the ladder, and steals none from a running
agent. Method: a whole park whose agent is then stopped; each emulated device good, wrong and silent; the traces it
writes are searched for what was shown, and its words are compared in full."""
import json
import os
import re
import stat
import subprocess
import threading
import unittest

from case import ParkCase
from park import Board, Gate, Lane

UID, PLATE = "04A1B2C3D4E5F6", "浙A12345"


def gates():
    return [Gate("gate-a", [Board("board-1", [Lane("in-1"), Lane("out-1", "out", button=True), Lane("cam-1", reader="plate")])])]


class DeviceTest(ParkCase):
    GATES = staticmethod(gates)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.refused_while_running = cls.run_tool("in-1-badge")
        cls.park.agents["gate-a"].end()

    @classmethod
    def env(cls):
        return {**(cls.park.env or os.environ), "PATH": f"{os.path.dirname(cls.park.programs.path('parkgate-agent'))}:{os.environ['PATH']}"}

    @classmethod
    def arguments(cls, device, *more):
        return [str(cls.park.programs.path("parkgate")), "device", "test", device, str(cls.park.agent_home("gate-a")), *map(str, more)]

    @classmethod
    def run_tool(cls, device, *more):
        done = subprocess.run(cls.arguments(device, *more), capture_output=True, text=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL, env=cls.env())
        return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if line.startswith("parkgate")]

    def watched(self, act, after, device, *more):
        """Runs it, acts once it has said `after`; returns its code and words."""
        with subprocess.Popen(self.arguments(device, *more), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              stdin=subprocess.DEVNULL, env=self.env()) as process:
            timer = threading.Timer(60, process.kill)
            timer.start()
            text = ""
            for line in process.stdout:
                text += line
                if act is not None and after in line:
                    act()
                    act = None
            timer.cancel()
        return process.returncode, text

    def trace(self):
        return os.path.join(self.park.directory, f"trace-{self.id()}")

    def test_a_running_agent_keeps_its_devices(self):
        code, out, errors = self.refused_while_running
        home = self.park.agent_home("gate-a")
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(errors, [
            f"parkgate-agent: in-1-badge is busy: the agent of {home}, or a helper that it left, works with it; stop it first "
            "(systemctl stop parkgate-agent), post a guard meanwhile",
            f"parkgate-agent: in-1-badge 正在使用中：{home} 的代理或其遗留的助手程序占用该设备；请先停止（systemctl stop parkgate-agent），其间请派人值守"])

    def test_no_such_device(self):
        code, out, errors = self.run_tool("nothing")
        self.assertEqual((code, out), (1, ""))
        self.assertRegex(errors[0], r'^parkgate-agent: gate gate-a has no reader, board or camera "nothing"; it has: .*in-1-badge.* board-1$')
        self.assertIn("没有名为“nothing”的设备", errors[1])

    def test_wrong_options_and_directories(self):
        self.assertEqual(self.run_tool("in-1-badge", "--seconds", "601")[2][0], "parkgate-agent: --seconds takes 1 to 600")
        self.assertEqual(self.run_tool("board-1", "--pulse", "in-9", "--yes")[2][0], 'parkgate-agent: board-1 moves no lane "in-9"')
        code, _, errors = self.run_tool("board-1", "--pulse", "in-1")  # nobody said yes
        self.assertEqual(code, 1)
        self.assertIn("parkgate-agent: --pulse 会真实打开通道：请确认通道无人后再加 --yes", errors)
        done = subprocess.run([str(self.park.programs.path("parkgate")), "device", "test", "x", "/nowhere/at/all"],
                              capture_output=True, text=True, timeout=30, check=False, env=self.env())
        self.assertEqual(done.returncode, 5)
        self.assertIn("look at --dir, and run it as the agent's user", done.stderr)

    def test_a_reader_and_its_card(self):
        reader, path = self.park.reader("in-1"), self.trace()
        code, text = self.watched(lambda: reader.card(UID), "show a card now", "in-1-badge", "--record", path, "--seconds", 5)
        reader.do("remove")
        self.assertEqual(code, 0, text)
        for words in ("serial port", "it answers", "badge 04***f6 seen", "read by its UID alone", "verdict: in-1-badge works | 结论：in-1-badge 正常"):
            self.assertIn(words, text)
        self.no_trace_of(path, text, UID)
        frames = [line["frame"] for line in self.lines(path)]
        self.assertTrue(any(re.fullmatch(r"0105.*07" + "04" + "[0-9a-f]{12}", frame) for frame in frames), frames)

    def test_a_silent_reader(self):
        reader = self.park.reader("in-1")
        reader.do("mute on")
        code, text = self.watched(None, "", "in-1-badge")
        reader.do("mute off")
        self.assertEqual(code, 1, text)
        self.assertIn("verdict: in-1-badge is silent; check power, cable and address | 结论：in-1-badge 无应答；请检查电源、线缆和地址", text)

    def test_a_reader_that_is_not_plugged_in(self):
        reader = self.park.reader("in-1")
        reader.do("gone")
        code, out, errors = self.run_tool("in-1-badge")
        reader.back()
        self.assertEqual(code, 1, out)
        self.assertRegex(errors[0], "^parkgate-agent: .* is not there: is the device plugged in\\?$")

    def test_a_board_its_inputs_and_one_pulse(self):
        board, path = self.park.turnstile("board-1"), self.trace()
        code, text = self.watched(lambda: (board.do("tamper in-1 on"), board.do("button out-1")), "its inputs are read", "board-1",
                                  "--pulse", "in-1", "--yes", "--record", path, "--seconds", 4)
        board.do("tamper in-1 off")
        self.assertEqual(code, 0, text)
        for words in ("unit 1: connected, it answers", "lane in-1, tamper 防拆, input 1 is off", "lane in-1, tamper 防拆, input 1 is on (edge)",
                      "lane in-1: opened", "lane out-1: exit button opened it", "verdict: board-1 works"):
            self.assertIn(words, text)
        self.assertGreater(len([line for line in self.lines(path) if line["frame"].startswith("0119")]), 2)

    def test_a_silent_board(self):
        board = self.park.turnstile("board-1")
        board.do("mute on")
        code, text = self.watched(None, "", "board-1")
        board.do("mute off")
        self.assertEqual(code, 1, text)
        self.assertIn("BAD unit 1: no answer", text)
        self.assertIn("verdict: board-1 is silent", text)

    def test_a_camera(self):
        path, statuses = self.trace(), []
        name = self.park.reader_name("cam-1")
        code, text = self.watched(lambda: statuses.append(self.post(f"anpr --plate {PLATE}")), "waiting for it to post", name,
                                  "--record", path, "--seconds", 4)
        self.assertEqual((code, statuses), (0, ["200"]), text)
        for words in ("plate 浙***5 seen", "its clock is", "verdict:"):
            self.assertIn(words, text)
        self.no_trace_of(path, text, PLATE, PLATE[1:])
        self.assertRegex(self.lines(path)[0]["id"], "^浙[A-Z][0-9]{5}$")

    def test_a_camera_that_posts_nonsense_or_nothing(self):
        name = self.park.reader_name("cam-1")
        code, text = self.watched(lambda: self.post("other --event linedetection"), "waiting for it to post", name, "--seconds", 2)
        self.assertEqual(code, 1, text)
        code, text = self.watched(None, "", name, "--seconds", 1)
        self.assertEqual(code, 1, text)
        self.assertIn(f"verdict: {name} is silent", text)

    def post(self, event):
        return str(self.park.poster("cam-1").post(event))

    def lines(self, path):
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def no_trace_of(self, path, text, *secrets):
        with open(path, encoding="utf-8") as file:
            written = file.read()
        for secret in secrets:
            self.assertNotIn(secret.lower(), written.lower())
            self.assertNotIn(secret.lower(), text.lower())


if __name__ == "__main__":
    unittest.main()
