"""Files that people get wrong: each is refused with status 5, says in both languages what, where and what to do, and
changes nothing: the journal's head and its hash are the same, or only inert, cancelled slices are new. Method: the
command line against a real controller."""
import subprocess
import unittest

import stores
from bad_case import BadCase
from case import foot_gate, id_number

PARK_SLICE, IMPORT_BEGIN, IMPORT_CLOSE = 4, 9, 11
HEADER = "姓名,身份证号,卡号\n"


class Files(BadCase):
    GATES = staticmethod(lambda: [foot_gate()])

    @classmethod
    def start_park(cls):
        cls.park.start_controller()

    def write(self, name, data):
        self.path = self.park.directory / name
        self.path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.path

    def rows_of_people(self):
        return sum(len(self.park.rows("person", "list", "--tenant", tenant)) for tenant in ("sun-express", "cold-chain"))


class Roster(Files):
    def refused(self, data, *lines, staged=(), tenant="sun-express"):
        """The import is refused with exactly these lines, English and Chinese in turn, besides the sum at the end."""
        people = self.rows_of_people()
        self.mark()
        more = ("--tenant", tenant) if tenant else ()
        done = self.park.try_cli("person", "import", self.write("people.csv", data), *more)
        self.assertEqual(done.returncode, 5, done.stderr)
        said = [line.removeprefix("parkgate: ").replace(str(self.path), "FILE") for line in done.stderr.splitlines()]
        self.assertEqual(said, list(lines))
        self.assertEqual(done.stdout, "")
        self.assert_added(*staged)
        self.assertEqual(self.rows_of_people(), people)

    @staticmethod
    def summed(count):
        return (f"FILE: {count} problems in the rows; nothing was imported; correct them and run it again",
                f"FILE：数据行有 {count} 处问题；未导入任何内容；请改正后重试")

    def test_wrong_header(self):
        self.refused("颜色,形状\n红,圆\n",
                     "FILE: no header in the first 6 lines; the first columns needed are: name / 姓名, id number / 身份证号",
                     "FILE：前 6 行中没有表头；至少需要这些列：name / 姓名, id number / 身份证号")

    def test_a_column_is_missing(self):
        self.refused("姓名,卡号\n王伟,04A1B2C3\n", "FILE, line 1: the header has no column for id number / 身份证号",
                     "FILE，第 1 行：表头中没有 id number / 身份证号 列")

    def test_a_column_twice(self):
        self.refused("姓名,身份证号,姓名\n王,1,2\n", 'FILE, line 1: the columns "姓名" and "姓名" mean the same; keep one',
                     "FILE，第 1 行：“姓名”列和“姓名”列含义相同；请只保留一列")

    def test_no_rows_and_nothing_at_all(self):
        self.refused(HEADER, "FILE: there is no row below the header", "FILE：表头下面没有数据行")
        self.refused("", "FILE: no header in the first 6 lines; the first columns needed are: name / 姓名, id number / 身份证号",
                     "FILE：前 6 行中没有表头；至少需要这些列：name / 姓名, id number / 身份证号")

    def test_check_character(self):
        right = id_number(1)
        wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
        self.refused(f"{HEADER}王伟,{right},\n李娜,{wrong},\n",
                     "line 3, column 身份证号: the ID number's check character is wrong; compare it with the card",
                     "第 3 行，“身份证号”列：身份证号校验位错误；请与证件核对", *self.summed(1))

    def test_spreadsheet_number(self):
        for cell in ("3.30102E+17", "3.30102e+17"):
            self.refused(f"{HEADER}王伟,{cell},\n",
                         "line 2, column 身份证号: a spreadsheet turned the ID number into a number like 3.3E+17; "
                         "format the column as text and export again",
                         "第 2 行，“身份证号”列：身份证号被表格软件变成科学计数；请将该列设为文本格式后重新导出", *self.summed(1))

    def test_duplicate_rows(self):
        self.refused(f"{HEADER}王伟,{id_number(1)},04A1B2C3D4E5F6\n李娜,{id_number(1)},04a1b2c3d4e5f6\n",
                     "line 3, column 身份证号: the same value stands in line 2 already; keep one row",
                     "第 3 行，“身份证号”列：与第 2 行相同；请只保留一行",
                     "line 3, column 卡号: the same value stands in line 2 already; keep one row",
                     "第 3 行，“卡号”列：与第 2 行相同；请只保留一行", *self.summed(2))

    def test_unknown_tenant(self):
        """Only the controller knows it: the staged import is cancelled, and no row of it is ever valid."""
        self.refused(f"姓名,身份证号,租户\n王伟,{id_number(1)},nobody-ltd\n",
                     "line 2: tenant nobody-ltd is not in the park; see: parkgate tenant list",
                     "第 2 行：园区中没有租户 nobody-ltd；请看：parkgate tenant list",
                     staged=(IMPORT_BEGIN, IMPORT_CLOSE), tenant=None)

    def test_unknown_shift(self):
        self.refused(f"姓名,身份证号,班次,开始日期\n王伟,{id_number(1)},graveyard,2026-01-09\n",
                     "line 2: shift graveyard is not in the park; correct the row, or add the shift to the park file",
                     "第 2 行：园区中没有班次 graveyard；请改正该行，或在园区文件中添加该班次",
                     staged=(IMPORT_BEGIN, IMPORT_CLOSE))

    def test_a_badge_that_somebody_holds(self):
        self.person(uid="04ABABABABABAB")
        self.refused(f"{HEADER}王伟,{id_number(91)},\n李娜,{id_number(92)},04ABABABABABAB\n",
                     "line 3: the badge or plate is held by somebody else; revoke it there first",
                     "第 3 行：该卡或车牌已由他人持有；请先在其名下吊销", staged=(IMPORT_BEGIN, IMPORT_CLOSE))

    def test_neither_utf8_nor_gbk(self):
        for header in (HEADER.encode(), HEADER.encode("gbk")):
            self.refused(header + b"\xff\xfe\x80," + id_number(1).encode() + b",\n",
                         "line 2: the text is neither UTF-8 nor GBK; save as UTF-8",
                         "第 2 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8")

    def test_quotation_mark(self):
        self.refused(f'{HEADER}"王伟,{id_number(1)},\n',
                     "FILE, line 2: a quotation mark stands alone or is never closed; close, double or remove it",
                     "FILE，第 2 行：引号单独出现或没有闭合；请补上、改为两个或删除")

    def test_every_bad_row_is_listed(self):
        self.refused(f"姓名,身份证号,班次,开始日期\n王伟,{id_number(1)},all-day,2026-13-45\n,{id_number(2)},all-day,2026-01-01\n"
                     "李娜,12,all-day,2026-01-01\n",
                     'line 2, column 开始日期: "2026-13-45" is no date; write it as 2026-01-09',
                     "第 2 行，“开始日期”列：“2026-13-45”不是日期；请写成 2026-01-09",
                     "line 3, column 姓名: the cell is empty; fill it in", "第 3 行，“姓名”列：单元格为空；请填写",
                     "line 4, column 身份证号: the ID number has not 18 characters", "第 4 行，“身份证号”列：身份证号不是18位",
                     *self.summed(3))

    def test_no_such_file(self):
        done = self.park.try_cli("person", "import", "/nowhere/people.csv", "--tenant", "sun-express")
        self.assert_says(done, 5, "/nowhere/people.csv: cannot be read", "/nowhere/people.csv：无法读取")
        self.assert_nothing_changed()

    def test_then_a_good_one(self):
        """GBK, after all that: the rows are there."""
        path = self.write("good.csv", f"{HEADER}赵敏,{id_number(95)},04CDCDCDCDCDCD\n".encode("gbk"))
        people = self.rows_of_people()
        self.assertEqual(self.park.try_cli("person", "import", path, "--tenant", "sun-express").returncode, 0)
        self.assertEqual(self.rows_of_people(), people + 1)


class ParkFile(Files):
    def setUp(self):
        super().setUp()
        self.good = self.park.park_file()

    def refused(self, text, *lines, staged=()):
        version = self.park.cli("status")["config_version"]
        self.mark()
        done = self.park.try_cli("apply", self.write("park.yaml", text))
        self.assertEqual(done.returncode, 5, done.stderr)
        said = [line.removeprefix("parkgate: ").replace(str(self.path), "FILE") for line in done.stderr.splitlines()]
        self.assertEqual(said, list(lines))
        self.assert_added(*staged)
        self.assertEqual(self.park.cli("status")["config_version"], version)

    def changed(self, old, new):
        text = self.good.replace(old, new, 1)
        self.assertNotEqual(text, self.good)
        return text

    def test_unknown_key(self):
        line = self.good[:self.good.index("capacity")].count("\n") + 1
        self.refused(self.changed("capacity: 100", "capacty: 100"),
                     f'FILE, line {line}: "capacty" is not a key of zones[1]; correct or remove it',
                     f"FILE，第 {line} 行：“capacty”不是 zones[1] 的键；请改正或删除")

    def test_missing_zone(self):
        self.refused(self.changed("    zone: yard\n", "    zone: roof\n"), 'lane gate-a-in: zone "roof" is not in the park file',
                     "lane gate-a-in：园区文件中没有 zone “roof”", staged=(PARK_SLICE,))

    def test_no_zone_at_all(self):
        line = self.good[:self.good.index("  - name: gate-a-in\n")].count("\n") + 1
        self.refused(self.changed("    zone: yard\n", ""), f'FILE, line {line}: lanes[1]: the key "zone" is missing; add it',
                     f"FILE，第 {line} 行：lanes[1]：缺少键“zone”；请补上")

    def test_two_lanes_on_one_coil(self):
        self.refused(self.changed("open_coil: 1", "open_coil: 0"),
                     "lanes gate-a-in and gate-a-out are both on coil 0 of board gate-a-board",
                     "通道 gate-a-in 和 gate-a-out 同在控制板 gate-a-board 的线圈 0 上", staged=(PARK_SLICE,))

    def test_two_lanes_on_one_input(self):
        self.refused(self.changed("passage_input: 4", "passage_input: 0"),
                     "lanes gate-a-in and gate-a-out share input 0 of board gate-a-board",
                     "通道 gate-a-in 和 gate-a-out 共用控制板 gate-a-board 的输入 0", staged=(PARK_SLICE,))

    def test_locked_exit(self):
        self.refused(self.changed("    direction: out\n", "    direction: out\n    mode: locked\n"),
                     "lane gate-a-out: an exit cannot be locked; remove its mode",
                     "通道 gate-a-out：出口不得锁闭；请删除其模式", staged=(PARK_SLICE,))

    def test_pulses_that_a_poll_can_miss(self):
        text = self.changed("counters: true", "counters: false\n    poll_ms: 200\n    shortest_pulse_ms: 120")
        self.refused(text, "board gate-a-board: pulses of 120 ms can be missed by a poll of 200 ms; poll at least every 60 ms "
                     "or use counters", "控制板 gate-a-board：轮询 200 毫秒会漏掉 120 毫秒的脉冲；请至少每 60 毫秒轮询或使用计数器",
                     staged=(PARK_SLICE,))

    def test_empty_file(self):
        self.refused("", "FILE: the file is empty; begin with packaging/park.example.yaml",
                     "FILE：文件为空；可从 packaging/park.example.yaml 开始")

    def test_a_new_park_of_a_wrong_file_does_not_start(self):
        home = self.park.directory / "another"
        path = self.write("park.yaml", self.changed("open_coil: 1", "open_coil: 0"))
        made = subprocess.run([self.park.programs.path("parkgate"), "init", home, "--park", path, "--port-base",
                               str(self.park.ports.block())], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)
        done = subprocess.run([self.park.programs.path("parkgate-controller"), "--dir", home], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assert_says(done, 1, 'what="genesis.pb: lanes gate-a-in and gate-a-out are both on coil 0 of board gate-a-board"')
        self.assertEqual(stores.journal(home), [])

    def test_then_a_good_one(self):
        path = self.write("park.yaml", self.changed("capacity: 100", "capacity: 90"))
        self.assertEqual(self.park.try_cli("apply", path).returncode, 0)


if __name__ == "__main__":
    unittest.main()
