#!/usr/bin/env python3
"""Makes tests/demo/data/: 2,000 workers of 8 tenants and 300 vehicles. Run it again: the same bytes.

Every name and number is drawn from a fixed seed; the ID numbers carry a right check character and belong to nobody
we know of. The files differ on purpose, as rosters from eight companies do: encoding, separator, headings, quoting.
Instead of a date a row says @day, @night, @dawn or @midday; the demo puts the shift's date of that day there.
"""
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent / "data"
SEED = 20260501

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红建文志海春雪梅秀云燕波辉鹏飞林斌宇浩凯健俊帆松柏清泉山川晨阳晓东南旭峰岩石安康宁福祥瑞庆丰年成立国栋梁新民和顺利民生"
REGIONS = ["330102", "330110", "330402", "340104", "360102", "410105", "420106", "430102", "510107", "520102", "610104"]
AGENCIES = ["Riverside Labour", "Eastwind Staffing", "沿江劳务", "东风人力"]

# tenant, rows, encoding, separator, headings, words for the kinds and shifts
ENGLISH = ({"staff": "staff", "day": "day", "driver": "driver"}, {})
CHINESE = ({"staff": "正式工", "day": "日结工", "driver": "司机"}, {"day": "白班", "night": "夜班"})
FILES = [
    ("sun-express", 420, "gbk", ",", ["姓名", "身份证号", "手机号", "卡号", "人员类型", "班次", "日期", "劳务公司"], CHINESE),
    ("cold-chain", 260, "utf-8-sig", ",", ["Name", "ID number", "Mobile", "Badge UID", "Kind", "Shift", "Date", "Agency"], ENGLISH),
    ("east-freight", 330, "utf-8", ",", ["序号", "姓名", "身份证号码", "联系电话", "门禁卡号", "类别", "班次", "用工日期", "派遣公司"], CHINESE),
    ("blue-parcel", 250, "utf-8", ";", ["full_name", "id_number", "phone", "card", "type", "shift", "work date", "supplier"], ENGLISH),
    ("harbour-food", 200, "gbk", ",", ["员工姓名", "证件号码", "电话", "工牌号", "用工类型", "班组", "入园日期", "供应商"], CHINESE),
    ("green-home", 240, "utf-8", "\t", ["Employee name", "ID card", "Phone number", "UID", "Category", "Shift", "Date", "Supplier"], ENGLISH),
    ("steel-works", 180, "utf-8-sig", ",", ["租户", "人员姓名", "身份证", "手机", "门禁卡", "人员类别", "班次", "日期", "劳务公司"], CHINESE),
    ("cloud-shop", 120, "utf-8", ",", ["tenant", "worker", "id no.", "telephone", "card number", "kind", "shift", "date", "agency"], ENGLISH),
]
SHIFTS = [("day", 60), ("night", 15), ("dawn", 8), ("midday", 12), (None, 5)]  # in hundredths of each tenant's rows


def id_number(rng):
    """GB 11643: region, date of birth, sequence, check character."""
    body = f"{rng.choice(REGIONS)}{rng.randint(1966, 2005)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(1, 999):03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def card_uid(rng):
    """Most cards of 7 bytes, some of 4, a few of 10. 08 begins a random UID, 88 a cascade tag."""
    size = rng.choices([7, 4, 10], [80, 16, 4])[0]
    first = 0x04 if size == 7 else rng.choice([b for b in range(0x10, 0xF0) if b != 0x88])
    rest = [rng.randrange(256) for _ in range(size - 1)]
    for cascade in (3, 6):  # nor may a later level begin with one
        if cascade < size and rest[cascade - 1] == 0x88:
            rest[cascade - 1] = 0x89
    return bytes([first, *rest]).hex().upper()


def plate(rng):
    province = rng.choices(["浙A", "浙B", "沪C", "苏E", "皖A", "赣A"], [50, 15, 10, 10, 10, 5])[0]
    if rng.random() < 0.3:  # new energy
        return f"{province}{rng.choice('DF')}{rng.randrange(100000):05}"
    digits = list(f"{rng.randrange(100000):05}")
    digits[rng.randrange(3)] = rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    return province + "".join(digits)


def unique(draw, rng, seen):
    while (value := draw(rng)) in seen:
        pass
    seen.add(value)
    return value


def cell(row, heading, tenant, number, words):
    kinds, shifts = words
    heading = heading.lower()
    values = {
        ("姓名", "name", "full_name", "员工姓名", "employee name", "人员姓名", "worker"): row["name"],
        ("身份证号", "id number", "身份证号码", "id_number", "证件号码", "id card", "身份证", "id no."): row["id"],
        ("手机号", "mobile", "联系电话", "phone", "电话", "phone number", "手机", "telephone"): row["phone"],
        ("卡号", "badge uid", "门禁卡号", "card", "工牌号", "uid", "门禁卡", "card number"): row["badge"],
        ("人员类型", "kind", "类别", "type", "用工类型", "category", "人员类别"): kinds[row["kind"]],
        ("班次", "shift", "班组"): shifts.get(row["shift"], row["shift"] or ""),
        ("日期", "date", "用工日期", "work date", "入园日期"): f"@{row['shift']}" if row["shift"] else "",
        ("劳务公司", "agency", "派遣公司", "supplier", "供应商"): row["agency"],
        ("租户", "tenant"): tenant,
        ("序号",): str(number),
    }
    return next(value for headings, value in values.items() if heading in headings)


def people(rng, count, seen):
    shifts = []
    for shift, hundredths in SHIFTS:
        shifts += [shift] * (count * hundredths // 100)
    shifts = (["day"] * (count - len(shifts))) + shifts
    for shift in shifts:
        given = "".join(rng.choice(GIVEN) for _ in range(rng.choices([1, 2], [20, 80])[0]))
        kind = rng.choices(["day", "staff", "driver"], [70, 25, 5])[0]
        yield {"name": rng.choice(SURNAMES) + given, "id": unique(id_number, rng, seen),
               "phone": f"1990000{rng.randrange(10000):04}", "badge": unique(card_uid, rng, seen), "kind": kind,
               "shift": shift, "agency": rng.choice(AGENCIES) if kind == "day" else ""}


def write(name, encoding, lines):
    (HERE / name).write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def main():
    rng = random.Random(SEED)
    seen = set()
    HERE.mkdir(exist_ok=True)
    for number, (tenant, count, encoding, separator, headings, words) in enumerate(FILES, 1):
        lines = [separator.join(headings)]
        for row_number, row in enumerate(people(rng, count, seen), 1):
            cells = [cell(row, heading, tenant, row_number, words) for heading in headings]
            if number == 2:  # a spreadsheet that quotes everything
                cells = [f'"{text}"' for text in cells]
            lines.append(separator.join(cells))
        write(f"{number}-{tenant}.csv", encoding, lines)
    tenants = [entry[0] for entry in FILES]
    lines = ["车牌号,租户,备注"]
    for number in range(300):
        lines.append(f"{unique(plate, rng, seen)},{tenants[number % 8]},{'厢式货车' if number % 3 else '牵引车'}")
    write("vehicles.csv", "gbk", lines)


if __name__ == "__main__":
    main()
