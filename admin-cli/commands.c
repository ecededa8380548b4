#include "admin-cli/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

#define OPERAND(arg, type, en, zh)                                                                 \
    {                                                                                              \
        .name = (arg), .kind = (type), .operand = true, .required = true, .help = {                \
            {en, zh}                                                                               \
        }                                                                                          \
    }
#define OPTION(arg, type, en, zh)                                                                  \
    {                                                                                              \
        .name = (arg), .kind = (type), .help = {                                                   \
            {en, zh}                                                                               \
        }                                                                                          \
    }
#define NEEDED(arg, type, en, zh)                                                                  \
    {                                                                                              \
        .name = (arg), .kind = (type), .required = true, .help = {                                 \
            {en, zh}                                                                               \
        }                                                                                          \
    }
#define WORD_OPTION(arg, needed, words, en, zh)                                                    \
    {                                                                                              \
        .name = (arg), .kind = ARG_WORD, .required = (needed), .choices = (words), .help = {       \
            {en, zh}                                                                               \
        }                                                                                          \
    }
#define REASON NEEDED("reason", ARG_TEXT, "why; it is journalled", "理由；将记入日志")
#define WHY_NAMES                                                                                  \
    OPTION("reason", ARG_TEXT, "why names are to be shown; it is journalled",                      \
           "显示姓名的理由；将记入日志")
#define NEXT_PAGE                                                                                  \
    OPTION("after", ARG_TEXT, "go on after this mark of the page before", "从上一页的标记之后继续")
#define MY_TENANT                                                                                  \
    OPTION("tenant", ARG_NAME, "the tenant; a tenant's own key may leave it out",                  \
           "租户；租户自己的密钥可省略")
#define PERSON    OPERAND("person", ARG_TEXT, "the person's handle", "人员代号")
#define TENANT    OPERAND("name", ARG_NAME, "the tenant's name", "租户名称")
#define LANE      OPERAND("lane", ARG_NAME, "the lane's name", "通道名称")
#define GATE      OPERAND("gate", ARG_NAME, "the gate's name", "出入口名称")
#define OF_TENANT OPTION("tenant", ARG_NAME, "only of this tenant", "仅此租户")
#define BADGE_WIEGAND                                                                              \
    OPTION("wiegand", ARG_SECRET, "what a reader of 26 bits sends instead: 26:FACILITY-CARD",      \
           "或 26 位韦根读头所发：26:区号-卡号")
#define BADGE_PRINTED                                                                              \
    OPTION("printed", ARG_SECRET,                                                                  \
           "or the number printed on it, with its form: 8h10d:0078754499, wg:123,45678",           \
           "或卡面印号及其格式：8h10d:0078754499、wg:123,45678")
#define FROM_MOMENT                                                                                \
    NEEDED("from", ARG_TEXT, "from when, as 2026-05-01T14:00, or a day",                           \
           "起始时间，如 2026-05-01T14:00，或日期")
#define UNTIL_MOMENT                                                                               \
    NEEDED("until", ARG_TEXT, "until when, likewise; a day counts whole",                          \
           "截止时间，同上；日期表示整天")
#define PLAIN .run = run_request

enum { LONG_S = 600 };

/* A row a command, not a column a field. */
/* clang-format off */
static const struct command commands[] = {
    /* --- the park --- */
    {"init", "", NULL, .run = run_init,
     .help = {{"make a park's directory: keys, configuration, first admin",
               "创建园区目录：密钥、配置、首位管理员"}},
     .args = {OPERAND("dir", ARG_TEXT, "the new directory", "新目录"),
              NEEDED("park", ARG_FILE, "the park file", "园区文件"),
              OPTION("admin", ARG_NAME, "name of the first admin's key (admin)",
                     "首位管理员密钥的名称（admin）"),
              OPTION("bind", ARG_TEXT, "address to listen at (127.0.0.1)", "监听地址（127.0.0.1）"),
              OPTION("port_base", ARG_NUMBER,
                     "first of three ports: agents, operators, enrol (7600)",
                     "三个端口的首个：agents、operators、enrol（7600）")}},
    {"apply", "", NULL, .run = run_apply,
     .help = {{"bring the park to what a park file says; shows the difference and asks",
               "按园区文件更新园区；显示差异并询问"}},
     .args = {OPERAND("file", ARG_FILE, "the park file", "园区文件")}},
    {"park", "show", "park.show", PLAIN,
     .help = {{"the park as it is configured", "显示园区配置"}}},
    {"status", "", "status", .run = run_status,
     .help = {{"is all well: state, gates online, open faults", "总体状态：出入口在线数、未结故障"}},
     .args = {OPTION("metrics", ARG_FLAG,
                     "all figures beside their bounds, for a monitoring system (Prometheus text)",
                     "全部指标及其上限，供监控系统读取（Prometheus 文本）")}},

    /* --- tenants and people --- */
    {"tenant", "add", "tenant.add", PLAIN, .help = {{"add a tenant", "添加租户"}},
     .args = {TENANT, NEEDED("title", ARG_TEXT, "its name for people", "显示名称"),
              OPTION("title_zh", ARG_TEXT, "the same in Chinese", "中文名称"),
              NEEDED("zones", ARG_NAMES, "zones it may enter, with commas", "可进入的区域，用逗号分隔"),
              OPTION("cut", ARG_TIME, "time of day at which its business day begins",
                     "营业日起始时刻"),
              OPTION("schedule", ARG_NAME, "when its people may enter", "允许进入的时间表")}},
    {"tenant", "suspend", "tenant.suspend", PLAIN,
     .help = {{"let nobody of a tenant enter any more", "停用租户：其人员不得进入"}},
     .args = {TENANT, REASON}},
    {"tenant", "resume", "tenant.resume", PLAIN,
     .help = {{"end a tenant's suspension", "恢复租户"}}, .args = {TENANT, REASON}},
    {"tenant", "list", "tenant.list", PLAIN, .help = {{"all tenants", "列出租户"}}},
    {"person", "add", "person.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"add one person", "添加人员"}},
     .args = {MY_TENANT,
              WORD_OPTION("kind", true, "staff|day|driver|visitor", "kind of person", "人员类型"),
              NEEDED("name", ARG_SECRET, "the person's name; - reads it from standard input",
                     "姓名；- 表示从标准输入读取"),
              OPTION("id_number", ARG_SECRET, "resident ID number; - reads it from standard input",
                     "身份证号；- 表示从标准输入读取"),
              OPTION("phone", ARG_SECRET, "phone number; - reads it from standard input",
                     "电话；- 表示从标准输入读取"),
              OPTION("agency", ARG_TEXT, "labour agency", "劳务公司"),
              OPTION("external", ARG_TEXT, "the tenant's own staff number", "工号"),
              OPTION("person", ARG_TEXT, "who came back without a name (recover persons)",
                     "取回后没有姓名的人员代号")}},
    {"person", "show", "person.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"show one person with name; counted and journalled",
               "显示一个人员（含姓名）；计数并记入日志"}},
     .args = {PERSON, REASON}},
    {"person", "find", "person.find", PLAIN, .csv = CSV_NEVER,
     .help = {{"find a person's handle by number", "按号码查找人员代号"}},
     .args = {OPTION("tenant", ARG_NAME, "only of this tenant", "仅此租户"),
              OPTION("id_number", ARG_SECRET, "resident ID number; - reads it from standard input",
                     "身份证号；- 表示从标准输入读取"),
              OPTION("external", ARG_TEXT, "the tenant's own staff number", "工号"), REASON}},
    {"person", "suspend", "person.suspend", PLAIN, .csv = CSV_NEVER,
     .help = {{"let a person not enter for this tenant any more", "停用人员：不得进入"}},
     .args = {PERSON, OF_TENANT, REASON}},
    {"person", "resume", "person.resume", PLAIN, .csv = CSV_NEVER,
     .help = {{"end a person's suspension", "恢复人员"}}, .args = {PERSON, OF_TENANT, REASON}},
    {"person", "list", "person.list", PLAIN, .csv = CSV_OWN_ROSTER, .pages = PAGES_ONE_WITH_REASON,
     .help = {{"a tenant's people; names only with a reason", "租户的人员；有理由才显示姓名"}},
     .args = {MY_TENANT, WHY_NAMES, NEXT_PAGE}},
    {"person", "export", "person.export", PLAIN, .csv = CSV_NEVER,
     .help = {{"everything that is held on a person, for himself; counted and journalled",
               "导出所持有的本人全部信息，供其查阅；计数并记入日志"}},
     .args = {PERSON, REASON, NEXT_PAGE}},
    {"person", "erase", "person.erase", PLAIN, .csv = CSV_NEVER,
     .help = {{"destroy a person's or vehicle's key, everywhere; says what a floor keeps, why and until when",
               "销毁人员或车辆的密钥并删除其数据；列明依法留存的内容、理由和期限"}},
     .args = {OPERAND("person", ARG_TEXT, "handle of the person or vehicle", "人员或车辆代号"), REASON}},
    {"person", "erasures", "person.erasures", PLAIN, .csv = CSV_NEVER,
     .help = {{"erasures under way: who has not confirmed", "进行中的删除：尚未确认的出入口、终端和备份"}},
     .args = {OPTION("all", ARG_FLAG, "those that ended, too", "包括已完成的"), NEXT_PAGE}},
    {"person", "import", "import.begin", .run = run_import, .csv = CSV_NEVER,
     .help = {{"import persons from a CSV file, all or nothing", "从 CSV 文件导入人员，全部或全不"}},
     .args = {OPERAND("file", ARG_FILE, "the CSV file", "CSV 文件"),
              OPTION("tenant", ARG_NAME, "tenant of rows that name none", "未写租户的行所属租户"),
              WORD_OPTION("kind", false, "staff|day|driver|visitor",
                          "kind of rows that name none (day)", "未写类型的行的人员类型（day）"),
              OPTION("shift", ARG_NAME, "shift of rows that name none", "未写班次的行的班次")}},

    /* --- credentials --- */
    {"badge", "add", "badge.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"give a person a badge", "为人员登记门禁卡"}},
     .args = {PERSON,
              {.name = "uid",
               .kind = ARG_SECRET,
               .operand = true,
               .help = {{"the card's UID in hex; - reads it from standard input",
                         "卡片 UID（十六进制）；- 表示从标准输入读取"}}},
              BADGE_WIEGAND,
              BADGE_PRINTED,
              OPTION("until", ARG_DATE, "last day", "最后有效日")}},
    {"badge", "revoke", "badge.revoke", PLAIN, .csv = CSV_NEVER,
     .help = {{"revoke a badge, by its handle or its number", "吊销门禁卡（代号或卡号）"}},
     .args = {{.name = "credential",
               .operand = true,
               .help = {{"the badge's handle", "门禁卡代号"}}},
              OPTION("uid", ARG_SECRET, "its UID instead; - reads it from standard input",
                     "或 UID；- 表示从标准输入读取"),
              BADGE_WIEGAND, BADGE_PRINTED, REASON}},
    {"badge", "list", "badge.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"a person's credentials", "人员的凭证"}}, .args = {PERSON}},
    {"face", "attach", "face.attach", PLAIN, .csv = CSV_NEVER,
     .help = {{"attach a face terminal's subject id to a person who consented",
               "为已同意的人员关联人脸终端编号"}},
     .args = {PERSON, OPERAND("subject", ARG_TEXT, "the terminal's subject id", "终端中的人员编号"),
              OPTION("consent", ARG_TEXT, "where the consent is recorded", "同意书的记录编号"),
              OPTION("purpose", ARG_TEXT, "purpose the person consented to", "同意的用途")}},
    {"face", "remove", "face.remove", PLAIN, .csv = CSV_NEVER,
     .help = {{"remove a face subject id", "移除人脸终端编号"}},
     .args = {OPERAND("credential", ARG_TEXT, "the credential's handle", "凭证代号"), REASON}},
    {"face", "sync", "face.sync", PLAIN, .csv = CSV_NEVER,
     .help = {{"what face terminals have not confirmed; of a person or a terminal, all",
               "人脸终端尚未确认的指令；指定人员或终端时列出全部"}},
     .args = {OPTION("person", ARG_TEXT, "only of this person", "仅此人员"),
              OPTION("reader", ARG_NAME, "only at this terminal", "仅此终端"), NEXT_PAGE}},
    {"face", "count", "face.count", PLAIN,
     .help = {{"how many persons have a face attached, and had one ever", "登记人脸的人数：现有与累计"}}},
    {"face", "filing", "face.filing", PLAIN, .csv = CSV_NEVER,
     .help = {{"enter the number under which the faces are filed with the authority",
               "录入人脸信息向网信部门备案的编号"}},
     .args = {OPERAND("number", ARG_TEXT, "the filing's number", "备案编号"), REASON}},
    {"vehicle", "add", "vehicle.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"add a tenant's vehicle", "添加租户车辆"}},
     .args = {OPERAND("plate", ARG_TEXT, "the number plate", "车牌"),
              MY_TENANT,
              OPTION("zones", ARG_NAMES, "zones it may enter, with commas", "可进入的区域，用逗号分隔"),
              OPTION("drivers", ARG_TEXT, "handles of who may drive it, with commas (anybody of its tenant)",
                     "可驾驶人员的代号，用逗号分隔（本租户任何人）"),
              OPTION("from", ARG_DATE, "first day", "首个有效日"),
              OPTION("until", ARG_DATE, "last day", "最后有效日")}},
    {"vehicle", "remove", "vehicle.remove", PLAIN, .csv = CSV_NEVER,
     .help = {{"remove a vehicle, by its handle or its plate", "移除车辆（代号或车牌）"}},
     .args = {{.name = "vehicle",
               .operand = true,
               .help = {{"the vehicle's handle", "车辆代号"}}},
              OPTION("plate", ARG_TEXT, "its plate instead", "或车牌"), REASON}},
    {"vehicle", "list", "vehicle.list", PLAIN, .csv = CSV_OWN_ROSTER, .pages = PAGES_ONE_WITH_REASON,
     .help = {{"a tenant's vehicles; plates only with a reason", "租户的车辆；有理由才显示车牌"}},
     .args = {MY_TENANT,
              OPTION("reason", ARG_TEXT, "why plates are to be shown; it is journalled",
                     "显示车牌的理由；将记入日志"),
              NEXT_PAGE}},
    {"vehicle", "import", "import.begin", .run = run_import, .csv = CSV_NEVER,
     .help = {{"import vehicles from a CSV file, all or nothing", "从 CSV 文件导入车辆，全部或全不"}},
     .args = {OPERAND("file", ARG_FILE, "the CSV file", "CSV 文件"),
              OPTION("tenant", ARG_NAME, "tenant of rows that name none", "未写租户的行所属租户")}},
    {"pin", "set", "pin.set", .run = run_pin_set, .csv = CSV_NEVER,
     .help = {{"give a person a PIN; it is asked for, and never shown or kept in clear",
               "为人员设置密码；运行时输入，不显示、不以明文保存"}},
     .args = {PERSON, OPTION("pin_file", ARG_TEXT,
                             "read it from this file; - reads it from standard input",
                             "从此文件读取；- 表示从标准输入读取")}},
    {"pin", "remove", "pin.remove", PLAIN, .csv = CSV_NEVER,
     .help = {{"take a person's PIN away", "移除人员的密码"}}, .args = {PERSON, REASON}},
    {"booking", "add", "booking.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"expect a vehicle with a driver at a time", "预约车辆及其司机的到访时间"}},
     .args = {OPERAND("plate", ARG_TEXT, "the number plate", "车牌"), MY_TENANT,
              NEEDED("driver", ARG_TEXT, "the driver's handle", "司机的人员代号"),
              NEEDED("zone", ARG_NAME, "the zone it comes to, or one around it", "目的区域或其外层区域"),
              FROM_MOMENT, UNTIL_MOMENT}},
    {"booking", "cancel", "booking.cancel", PLAIN, .csv = CSV_NEVER,
     .help = {{"cancel a booking", "取消预约"}},
     .args = {OPERAND("booking", ARG_TEXT, "the booking's handle", "预约代号"), REASON}},
    {"booking", "list", "booking.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"a tenant's bookings that are not over", "租户尚未结束的预约"}},
     .args = {MY_TENANT, NEXT_PAGE}},
    {"visitor", "add", "visitor.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"expect a visitor with a host at a time", "预约访客及其接待人的到访时间"}},
     .args = {MY_TENANT, NEEDED("host", ARG_TEXT, "the host's handle: of this tenant", "接待人的人员代号：属于本租户"),
              OPTION("person", ARG_TEXT, "the visitor's handle, when known already", "访客的人员代号（已登记时）"),
              OPTION("name", ARG_SECRET, "else the visitor's name; - reads it from standard input",
                     "否则填访客姓名；- 表示从标准输入读取"),
              OPTION("id_number", ARG_SECRET, "resident ID number; - reads it from standard input",
                     "身份证号；- 表示从标准输入读取"),
              OPTION("phone", ARG_SECRET, "phone number; - reads it from standard input",
                     "电话；- 表示从标准输入读取"),
              FROM_MOMENT, UNTIL_MOMENT}},
    {"visitor", "cancel", "visitor.cancel", PLAIN, .csv = CSV_NEVER,
     .help = {{"cancel a visit", "取消来访"}},
     .args = {OPERAND("visit", ARG_TEXT, "the visit's handle", "来访代号"), REASON}},
    {"visitor", "list", "visitor.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"a tenant's visits that are not over", "租户尚未结束的来访"}},
     .args = {MY_TENANT, NEXT_PAGE}},
    {"assignment", "add", "assignment.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"assign a person to a tenant's shift for some days", "安排人员到租户班次"}},
     .args = {PERSON, MY_TENANT,
              NEEDED("shift", ARG_NAME, "the shift", "班次"),
              NEEDED("from", ARG_DATE, "first day", "首日"),
              NEEDED("to", ARG_DATE, "last day", "末日")}},
    {"assignment", "end", "assignment.end", PLAIN, .csv = CSV_NEVER,
     .help = {{"end an assignment today", "结束派工"}},
     .args = {OPERAND("assignment", ARG_TEXT, "the assignment's handle", "派工代号")}},
    {"assignment", "list", "assignment.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"a person's assignments", "人员的派工"}}, .args = {PERSON}},

    /* --- gates, keys, lanes --- */
    {"agent", "carry", "agent.carry", PLAIN, .timeout_s = LONG_S,
     .help = {{"a roster and a lease for a gate that is cut off, as a file for a USB stick",
               "为断网的出入口生成名册与离线授权，写成可用 U 盘携带的文件"}},
     .args = {GATE,
              OPERAND("file", ARG_PATH, "the new file, on the controller's machine",
                      "新文件（在控制器主机上）"),
              REASON}},
    {"agent", "enroll", "agent.enroll", PLAIN,
     .help = {{"a one-time code of 15 minutes, with which a gate's box joins",
               "15 分钟内有效的一次性注册码，供出入口主机加入"}},
     .args = {GATE}},
    {"agent", "list", "agent.list", PLAIN,
     .help = {{"the gates' boxes and how they are", "列出出入口主机及其状态"}}},
    {"agent", "rekey", "agent.rekey", PLAIN,
     .help = {{"let a gate replace its own key, at work", "令出入口在运行中更换自身密钥"}},
     .args = {GATE, REASON}},
    {"agent", "revoke", "agent.revoke", PLAIN,
     .help = {{"trust a gate's box no more", "吊销出入口主机"}}, .args = {GATE, REASON}},
    {"key", "make", NULL, .run = run_key_make,
     .help = {{"make a person's key, on that person's own computer", "在本人电脑上生成密钥"}},
     .args = {OPERAND("file", ARG_TEXT, "the new key file; FILE.pub gets the public half",
                      "新密钥文件；公钥写入 FILE.pub")}},
    {"key", "add", "key.add", .run = run_key_add,
     .help = {{"let a person's key in, with its roles", "登记密钥及其角色"}},
     .args = {OPERAND("name", ARG_NAME, "the key's name", "密钥名称"),
              NEEDED("public", ARG_TEXT, "the public key, or the file that holds it",
                     "公钥，或存有公钥的文件"),
              {.name = "role",
               .kind = ARG_WORDS,
               .required = true,
               .choices = "admin|operator|security|guard|tenant|agency|auditor|station|library",
               .help = {{"roles, with commas", "角色，用逗号分隔"}}},
              OPTION("tenant", ARG_NAME, "the tenant of roles tenant and agency",
                     "tenant 和 agency 角色所属租户"),
              OPTION("lanes", ARG_NAMES, "a guard's lanes, with commas", "保安的通道，用逗号分隔"),
              OPTION("hours", ARG_TEXT, "a guard's hours, as 22:00-06:00",
                     "保安的时段，如 22:00-06:00"),
              OPTION("person", ARG_TEXT,
                     "whose key it is, where one person has several; two approvals need two persons",
                     "密钥所有人（一人多把密钥时填写）；双人审批须由两个人完成")}},
    {"key", "list", "key.list", PLAIN, .help = {{"all keys of persons", "列出密钥"}}},
    {"key", "revoke", "key.revoke", PLAIN, .help = {{"trust a key no more", "吊销密钥"}},
     .args = {OPERAND("name", ARG_NAME, "the key's name", "密钥名称"), REASON}},
    {"key", "replace", "key.replace", .run = run_key_add,
     .help = {{"give a key's name, roles and scope to a new key; your own at once, another's with a second "
               "person",
               "以新密钥接替旧密钥的名称、角色和范围；自己的立即生效，他人的须第二人批准"}},
     .args = {OPERAND("name", ARG_NAME, "the key's name", "密钥名称"),
              NEEDED("public", ARG_TEXT, "the new public key, or the file that holds it",
                     "新公钥，或存有新公钥的文件"),
              REASON}},

    /* --- a shared desk --- */
#define DESK_NAME OPERAND("name", ARG_NAME, "the key's name at this desk", "此工作台上的密钥名称")
    {"desk", "add", NULL, .run = run_desk_add,
     .help = {{"keep a person's key at a shared desk, closed by a passphrase",
               "在共用工作台保存个人密钥，以口令加密"}},
     .args = {DESK_NAME, NEEDED("key_file", ARG_FILE, "the key file", "密钥文件")}},
    {"desk", "badge", NULL, .run = run_desk_badge,
     .help = {{"let a badge open the key, too; for keys of operators and guards",
               "允许刷卡打开该密钥；仅用于操作员和保安的密钥"}},
     .args = {DESK_NAME}},
    {"desk", "unlock", NULL, .run = run_desk_unlock,
     .help = {{"work with your key, by passphrase or badge; locks 5 minutes after the last command",
               "以口令或刷卡启用本人密钥；最后一次命令 5 分钟后自动锁定"}},
     .args = {DESK_NAME, OPTION("seconds", ARG_NUMBER, "lock sooner, 1 to 300", "提前锁定，1 到 300 秒")}},
    {"desk", "lock", NULL, .run = run_desk_lock, .help = {{"lock the desk now", "立即锁定工作台"}}},
    {"desk", "show", NULL, .run = run_desk_show,
     .help = {{"whose key is unlocked, and for how long", "当前解锁的密钥及剩余时间"}}},

    /* --- two persons --- */
    {"approval", "list", "approval.list", PLAIN,
     .help = {{"what waits for a second person", "等待第二人决定的请求"}},
     .args = {OPTION("all", ARG_FLAG, "those decided or expired, too", "包括已决定和已过期的请求")}},
    {"approval", "grant", "approval.grant", PLAIN,
     .help = {{"agree: it is carried out in the asker's name", "同意：以请求人的名义执行"}},
     .args = {OPERAND("approval", ARG_NUMBER, "its number", "编号"),
              OPTION("reason", ARG_TEXT, "why; it is journalled", "理由；将记入日志")}},
    {"approval", "refuse", "approval.refuse", PLAIN,
     .help = {{"do not agree: nothing is done", "不同意：不执行任何操作"}},
     .args = {OPERAND("approval", ARG_NUMBER, "its number", "编号"), REASON}},
    {"explain", "", "explain", PLAIN, .csv = CSV_NEVER,
     .help = {{"what a lane would answer, and every rule that was looked at",
               "某通道会如何应答，以及查看过的每条规则"}},
     .args = {NEEDED("person", ARG_TEXT, "handle of the person or vehicle", "人员或车辆代号"),
              NEEDED("lane", ARG_NAME, "the lane's name", "通道名称"),
              WORD_OPTION("direction", false, "in|out", "at a lane of both directions",
                          "双向通道的方向"),
              OPTION("at", ARG_TEXT, "\"YYYY-MM-DD HH:MM\" (now); who is inside stays as now",
                     "“YYYY-MM-DD HH:MM”（现在）；在场人数仍按现在"),
              WHY_NAMES}},
    {"clearance", "add", "clearance.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"record what a person holds: an induction, a licence, a certificate",
               "登记人员的准入条件：培训、证件、健康证"}},
     .args = {PERSON, OPERAND("clearance", ARG_NAME, "its name in the park file", "园区文件中的名称"),
              OPTION("from", ARG_DATE, "first day (now)", "首日（现在）"),
              OPTION("until", ARG_DATE, "last day; without one it does not end", "末日；省略则长期有效"),
              OPTION("document", ARG_TEXT, "number of the document", "证件编号")}},
    {"clearance", "remove", "clearance.remove", PLAIN, .csv = CSV_NEVER,
     .help = {{"take a clearance back", "撤销准入条件"}},
     .args = {PERSON, OPERAND("clearance", ARG_NAME, "its name in the park file", "园区文件中的名称"),
              REASON}},
    {"clearance", "list", "clearance.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"what a person holds, and until when", "列出人员的准入条件及期限"}}, .args = {PERSON}},
    {"notice", "list", "notice.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"what a tenant must renew: clearances that end within 30, 7, 1 days",
               "租户须续办的事项：30、7、1 天内到期的准入条件"}},
     .args = {MY_TENANT}},
    {"ban", "add", "ban.add", PLAIN, .csv = CSV_NEVER,
     .help = {{"ban a person or vehicle from the park", "园区禁入：禁止人员或车辆进入"}},
     .args = {OPERAND("who", ARG_TEXT, "handle of the person or vehicle", "人员或车辆代号"),
              WORD_OPTION("reason", true, "violence|theft|forged-pass|safety-breach",
                          "why; there are no other reasons",
                          "理由：violence 暴力、theft 盗窃、forged-pass 伪造通行证、safety-breach "
                          "违反安全规定；别无其他"),
              NEEDED("until", ARG_DATE, "last day, at most 12 months on", "最后一天，最长 12 个月"),
              NEEDED("notice", ARG_TEXT, "number of the notice handed to the person",
                     "送达本人的通知书编号"),
              OPTION("document", ARG_TEXT, "number of the report it rests on", "所依据报告的编号")}},
    {"ban", "appeal", "ban.appeal", PLAIN, .csv = CSV_NEVER,
     .help = {{"record that the person appeals; another person then decides",
               "登记本人申诉；随后由另一人决定"}},
     .args = {OPERAND("who", ARG_TEXT, "handle of the person or vehicle", "人员或车辆代号"),
              NEEDED("document", ARG_TEXT, "number of the appeal", "申诉书编号")}},
    {"ban", "decide", "ban.decide", PLAIN, .csv = CSV_NEVER,
     .help = {{"decide on an appeal; not who banned", "决定申诉；不得由作出禁入者决定"}},
     .args = {OPERAND("who", ARG_TEXT, "handle of the person or vehicle", "人员或车辆代号"),
              WORD_OPTION("result", true, "upheld|lifted", "the decision",
                          "决定：upheld 维持、lifted 解除"),
              REASON}},
    {"ban", "list", "ban.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"all park bans, with term, decider, notice and appeal",
               "全部园区禁入：期限、决定人、通知和申诉"}}},
    {"disposition", "list", "disposition.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"what view libraries (GA/T 1400) sent and nobody decided on yet",
               "公安视图库（GA/T 1400）下发的待处理布控"}},
     .args = {OPTION("all", ARG_FLAG, "those that are over, too", "含已结束的")}},
    {"disposition", "show", "disposition.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"what one says; counted and journalled", "显示一条布控的内容；计数并记入日志"}},
     .args = {OPERAND("disposition", ARG_NUMBER, "its number in the list", "列表中的编号"), REASON}},
    {"disposition", "refuse", "disposition.refuse", PLAIN, .csv = CSV_NEVER,
     .help = {{"refuse one: what it says is destroyed", "退回一条布控：其内容随即销毁"}},
     .args = {OPERAND("disposition", ARG_NUMBER, "its number in the list", "列表中的编号"), REASON}},
    {"lane", "list", "lane.list", PLAIN, .help = {{"all lanes and their modes", "列出通道及其模式"}}},
    {"lane", "open", "lane.open", PLAIN, .help = {{"open a lane once", "开启通道一次"}},
     .args = {LANE, WORD_OPTION("direction", false, "in|out", "at a lane of both directions",
                                "双向通道的方向"),
              OPTION("presentation", ARG_NUMBER,
                     "the read that waits there, by its sequence in events: who was read is counted",
                     "正在等候的识读（events 中的序号）；通行计入该人员"),
              REASON}},
    {"lane", "lock", "lane.lock", PLAIN,
     .help = {{"let nobody enter; an exit is never locked", "锁闭入口；出口不得锁闭"}},
     .args = {LANE, REASON}},
    {"lane", "free", "lane.free", PLAIN,
     .help = {{"grant and record every live read", "对每次有效识读放行并记录"}},
     .args = {LANE, REASON}},
    {"lane", "normal", "lane.normal", PLAIN, .help = {{"back to the rules", "恢复按规则判定"}},
     .args = {LANE, REASON}},

    /* --- alerts --- */
#define ALERT OPERAND("alert", ARG_NUMBER, "its number", "编号")
    {"alert", "list", "alert.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"alerts that are not closed, the most urgent first", "未结告警，最紧急的在前"}},
     .args = {OPTION("all", ARG_FLAG, "closed ones, too, the newest first", "包括已结的，最新的在前"),
              OPTION("kind", ARG_TEXT, "only of this kind", "仅此类型"),
              OPTION("lane", ARG_NAME, "only at this lane", "仅此通道"),
              OPTION("priority", ARG_NUMBER, "only of this priority, or more urgent (1 to 5)",
                     "仅此优先级或更紧急（1 到 5）")}},
    {"alert", "show", "alert.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"one alert: what to do, and who did what, when and from where",
               "单条告警：处置程序，以及何人何时何处做了什么"}},
     .args = {ALERT}},
    {"alert", "ack", "alert.ack", PLAIN, .csv = CSV_NEVER,
     .help = {{"take an alert into your hands", "受理告警"}},
     .args = {ALERT, OPTION("reason", ARG_TEXT, "a note; it is journalled", "备注；将记入日志")}},
    {"alert", "dispatch", "alert.dispatch", PLAIN, .csv = CSV_NEVER,
     .help = {{"somebody is on the way", "已派人前往"}},
     .args = {ALERT, OPTION("reason", ARG_TEXT, "a note, as who goes; it is journalled",
                            "备注，如派往何人；将记入日志")}},
    {"alert", "confirm", "alert.confirm", PLAIN, .csv = CSV_NEVER,
     .help = {{"it is so; opens no lane", "情况属实；不会开启通道"}}, .args = {ALERT, REASON}},
    {"alert", "reject", "alert.reject", PLAIN, .csv = CSV_NEVER,
     .help = {{"it is not so; a candidate is closed and forgotten by it",
               "情况不属实；候选者随即结案并销毁"}},
     .args = {ALERT, REASON}},
    {"alert", "close", "alert.close", PLAIN, .csv = CSV_NEVER, .help = {{"it is handled to its end", "结案"}},
     .args = {ALERT, REASON}},
    {"alert", "handover", "alert.handover", PLAIN, .csv = CSV_NEVER,
     .help = {{"give what you have in hand to who takes over the shift, or one alert",
               "交班：把手中的告警（或其中一条）交给接班人"}},
     .args = {NEEDED("to", ARG_TEXT, "who takes over: a key's name, or a person's", "接班人：密钥名称或人员"),
              OPTION("alert", ARG_NUMBER, "only this one", "仅此一条"), REASON}},
    {"alert", "follow", "alert.follow", .run = run_alert_follow, .csv = CSV_NEVER,
     .help = {{"what is open, then all that happens to alerts, live; rings for what you are told",
               "实时显示告警：先列未结，再随时更新；须由您处理的响铃"}},
     .args = {OPTION("after", ARG_NUMBER, "from behind this number of the journal on", "自日志此序号之后开始"),
              OPTION("quiet", ARG_FLAG, "without the bell", "不响铃")}},
    {"alert", "stats", "alert.stats", PLAIN,
     .help = {{"how many, how soon handled, how many were false, by month",
               "按月统计：数量、响应时间、误报率"}},
     .args = {OPTION("from", ARG_TEXT, "first month, as 2026-03 (this one)", "起始月份，如 2026-03（本月）"),
              OPTION("until", ARG_TEXT, "last month (this one)", "结束月份（本月）"),
              OPTION("year", ARG_NUMBER, "hits of a year that is over, for the public",
                     "已结束年度的布控命中数，可公开")}},

    {"muster", "", "muster", .run = run_muster,
     .help = {{"who is inside, by tenant and zone, and which gates may know of more",
               "按租户和区域清点在园人员，并列出尚未报全的出入口"}},
     .args = {OPTION("list", ARG_FLAG, "each person, too, by handle", "同时逐人列出代号"),
              OPTION("names", ARG_FLAG,
                     "each person with name; in an emergency or with a guard's key without a reason",
                     "逐人列出姓名；紧急状态下或使用保安密钥时无需理由"),
              OPTION("reason", ARG_TEXT, "why names are to be shown; it is journalled",
                     "显示姓名的理由；将记入日志")}},
    {"muster", "gates", "muster.gates", PLAIN, .csv = CSV_NEVER,
     .help = {{"each gate: last heard, and events that it has not told", "各出入口：最近联系和待报事件"}}},
    {"muster", "key", NULL, .run = run_muster_key,
     .help = {{"make the key that opens names at muster posts; the guards keep it",
               "生成打开集合点姓名的密钥，由保安保管"}},
     .args = {OPERAND("file", ARG_TEXT, "the new key file; its public half goes into the park file",
                      "新密钥文件；公钥写入园区文件的 muster_key")}},
    {"emergency", "start", "emergency.start", PLAIN, .csv = CSV_NEVER,
     .help = {{"evacuate: exits are released, entries closed, of the park or of some zones",
               "疏散：释放出口、关闭入口（整个园区或部分区域）"}},
     .args = {OPTION("zones", ARG_NAMES, "only these zones, with commas (the whole park)",
                     "仅这些区域，用逗号分隔（整个园区）"),
              REASON}},
    {"emergency", "end", "emergency.end", PLAIN, .csv = CSV_NEVER,
     .help = {{"end fire or evacuation; not while a board still says fire, unless forced",
               "结束火警或疏散；仍有控制板报告火警时不可，除非强制"}},
     .args = {OPTION("force", ARG_FLAG,
                     "end it over the word of every board, also of one that is heard and burns; go there and look first",
                     "不顾任何控制板的火警，包括在线且仍在报警的；须先到现场确认"),
              REASON}},
    {"emergency", "show", "emergency.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"what holds, and which gates have taken it", "当前状态，以及哪些出入口已收到"}}},
    {"zone", "list", "zone.list", PLAIN,
     .help = {{"how full zones are: inside, limits, entries of the last minute",
               "各区域人数：在内人数、上限、最近一分钟进入数"}}},
    {"passback", "list", "passback.list", PLAIN, .csv = CSV_NEVER,
     .help = {{"who was refused by anti-passback and has not gone in since",
               "被防折返拒绝且尚未进入的人员"}},
     .args = {NEXT_PAGE}},
    {"passback", "forgive", "passback.forgive", PLAIN, .csv = CSV_NEVER,
     .help = {{"let anti-passback forget the passages so far, of one person or vehicle or of all",
               "防折返不再计较此前的通行记录（单个人员、车辆或全部）"}},
     .args = {OPTION("person", ARG_TEXT, "the handle of the person or vehicle", "人员或车辆代号"),
              OPTION("all", ARG_FLAG, "everybody", "全部"), REASON}},

    /* --- what happened --- */
    {"events", "", "events", .run = run_events, .csv = CSV_NEVER,
     .help = {{"events, oldest first: handles, never names", "事件，由旧到新：只显示代号"}},
     .args = {OPTION("follow", ARG_FLAG, "go on with new events until stopped", "持续显示新事件"),
              OPTION("after", ARG_NUMBER, "only those after this sequence", "仅此序号之后"),
              OPTION("limit", ARG_NUMBER, "at most so many", "最多条数"),
              OPTION("kind", ARG_TEXT, "only of this kind", "仅此类型"),
              OPTION("lane", ARG_NAME, "only of this lane", "仅此通道"),
              OPTION("from", ARG_TEXT, "from this moment on, as 2026-05-01T14:00", "自此时刻起，如 2026-05-01T14:00"),
              OPTION("reason", ARG_TEXT,
                     "who passed more than an hour ago: of one lane, an hour of it; counted and journalled",
                     "显示一小时以前的通行者：限一条通道的一小时；计数并记入日志")}},
    {"headcount", "", "headcount.show", PLAIN,
     .help = {{"persons, entries, exits, present and peak a tenant and business day",
               "各租户营业日的人数、进出次数、在岗与峰值"}},
     .args = {OPTION("date", ARG_DATE, "business day (today)", "营业日（今天）"), OF_TENANT,
              OPTION("zone", ARG_NAME, "present and peak of this zone", "此区域的在岗与峰值"),
              WORD_OPTION("by", false, "kind|hour", "split by kind of worker or by hour",
                          "按人员类型或小时划分")}},
    {"headcount", "why", "headcount.why", PLAIN, .csv = CSV_NEVER,
     .help = {{"which rule counted a person for which day", "某人员按哪条规则计入哪一天"}},
     .args = {PERSON, OPTION("date", ARG_DATE, "business day (today)", "营业日（今天）"), REASON}},
    {"headcount", "verify", "headcount.verify", PLAIN, .timeout_s = LONG_S,
     .help = {{"count again from the journal and compare", "由日志重新计数并比对"}}},
    {"who", "", "who", PLAIN, .csv = CSV_NEVER, .pages = PAGES_ONE_WITH_REASON,
     .help = {{"who is inside now, by tenant and zone", "当前在园人员，按租户和区域"}},
     .args = {OF_TENANT, OPTION("zone", ARG_NAME, "only in this zone", "仅此区域"),
              OPTION("names", ARG_FLAG, "with names; needs a reason", "显示姓名；需要理由"),
              WHY_NAMES, NEXT_PAGE}},
    {"journal", "head", "journal.head", PLAIN,
     .help = {{"the newest entry's sequence and hash", "最新条目的序号和哈希"}}},
    {"journal", "verify", "journal.verify", PLAIN, .timeout_s = LONG_S,
     .help = {{"check the chain and rebuild every table from it", "校验哈希链并重建全部表"}}},
    {"journal", "show", "journal.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"one entry", "显示一个条目"}},
     .args = {OPERAND("seq", ARG_NUMBER, "its sequence", "序号"),
              OPTION("reason", ARG_TEXT, "who passed more than an hour ago; counted and journalled",
                     "显示一小时以前的通行者；计数并记入日志")}},

    /* --- the watch list: the station's own side --- */
    {"watch", "keygen", NULL, .run = run_watch_keygen, .csv = CSV_NEVER,
     .help = {{"make a station's own keys: who pushes, who signs; the park gets the public halves",
               "生成派出所自己的密钥：推送与签名；公钥交给园区"}},
     .args = {OPERAND("dir", ARG_TEXT, "the new directory", "新目录")}},
    {"watch", "key", NULL, .run = run_watch_key, .csv = CSV_NEVER,
     .help = {{"fetch what the park gives a station: the matching key and the park's public key",
               "取回园区交给派出所的密钥：匹配密钥和园区公钥"}},
     .args = {OPERAND("dir", ARG_TEXT, "the station's directory; match.key and park.pub are new there",
                      "派出所密钥目录；新建 match.key 和 park.pub")}},
    {"watch", "sign", NULL, .run = run_watch_sign, .csv = CSV_NEVER,
     .help = {{"make a signed bundle of a list of changes (CSV or JSON); needs no connection",
               "由变更清单（CSV 或 JSON）生成已签名的一批布控；无需联网"}},
     .args = {OPERAND("file", ARG_FILE, "the list", "清单文件"),
              NEEDED("authority", ARG_TEXT, "the authority's name at the park", "机关在园区的名称"),
              NEEDED("park", ARG_TEXT, "the park's site name", "园区名称"),
              NEEDED("sign_key", ARG_FILE, "the station's signing key", "派出所的签名密钥"),
              NEEDED("out", ARG_TEXT, "the new bundle", "新的布控文件"),
              OPTION("match_key", ARG_FILE, "the matching key; for identity numbers",
                     "匹配密钥；用于身份证号"),
              OPTION("after", ARG_FILE, "the bundle before; without it and --number: the first one",
                     "上一批；与 --number 均未给出时为首批"),
              OPTION("number", ARG_NUMBER, "or this one's number (watch status: the last and one more)",
                     "或本批编号（watch status 所示末批加一）"),
              OPTION("previous", ARG_TEXT, "and the digest of the bundle before (watch status)",
                     "以及上一批的摘要（watch status）"),
              OPTION("zone", ARG_TEXT, "time zone of the list's dates (Asia/Shanghai)",
                     "清单日期的时区（Asia/Shanghai）")}},
    {"watch", "push", NULL, .run = run_watch_push, .csv = CSV_NEVER,
     .help = {{"give the park a signed bundle; it acts whole or not at all",
               "向园区推送已签名的一批布控；全部生效或全部拒绝"}},
     .args = {OPERAND("bundle", ARG_FILE, "the bundle", "布控文件")}},
    {"watch", "receipt", NULL, .run = run_watch_receipt, .csv = CSV_NEVER,
     .help = {{"what became of a bundle, signed by the park; the signature is checked",
               "某批布控的回执，由园区签名并在此验签"}},
     .args = {OPERAND("bundle", ARG_TEXT, "its file, or its number", "布控文件或批号"),
              NEEDED("park_key", ARG_FILE, "the park's public key", "园区公钥")}},
    {"watch", "hits", "watch.hits", PLAIN, .csv = CSV_NEVER,
     .help = {{"the station's own hits, oldest first; nothing else of the park", "本机关布控的命中，从旧到新；不含园区其他内容"}},
     .args = {OPTION("after", ARG_NUMBER, "number of the last one that is known", "已知的最后一条编号")}},

    /* --- the machine --- */
    {"backup", "", "backup", PLAIN, .timeout_s = LONG_S,
     .help = {{"write a copy of the store, and the person keys as a file of their own",
               "备份存储；人员密钥单独成文件"}},
     .args = {OPERAND("dir", ARG_PATH, "a new directory on the controller's machine",
                      "控制器主机上的新目录")}},
    {"server", "rekey", NULL, .run = run_server_rekey,
     .help = {{"draw the controller's next key, on its machine; all gates are told",
               "在控制器主机上生成其下一把密钥；将通知所有出入口"}},
     .args = {OPERAND("dir", ARG_PATH, "the park's directory", "园区目录")}},
    {"server", "switch", NULL, .run = run_server_switch,
     .help = {{"answer by that key from now on; first see agent list: each gate has kept it",
               "启用该密钥；请先用 agent list 确认每个出入口均已保存"}},
     .args = {OPERAND("dir", ARG_PATH, "the park's directory", "园区目录")}},
    {"server", "reindex", NULL, .run = run_server_reindex,
     .help = {{"draw the next key of the keyed hashes, on the controller's machine; it is used at once",
               "在控制器主机上生成下一把索引密钥；立即启用"}},
     .args = {OPERAND("dir", ARG_PATH, "the park's directory", "园区目录")}},
    {"admin", "recover", NULL, .run = run_admin_recover,
     .help = {{"the last admin key is lost: make another one a first admin; on the controller's machine, "
               "journalled",
               "最后一把管理员密钥遗失：在控制器主机上另立管理员；将记入日志"}},
     .args = {OPERAND("dir", ARG_PATH, "the park's directory", "园区目录"),
              NEEDED("name", ARG_NAME, "the new key's name", "新密钥名称"),
              NEEDED("public", ARG_TEXT, "its public key, or the file that holds it",
                     "其公钥，或存有公钥的文件"),
              REASON}},
    {"device", "test", NULL, .run = run_device_test, .csv = CSV_NEVER,
     .help = {{"at a gate's box: talk to one reader, board or camera and say what is seen; its agent must be stopped",
               "在出入口主机上：测试一个读头、控制板或相机并逐步显示所见；须先停止代理"}},
     .args = {OPERAND("device", ARG_NAME, "the reader, board or camera", "设备名称"),
              OPERAND("gate_dir", ARG_PATH, "the directory of the gate's agent", "出入口代理的目录"),
              OPTION("pulse", ARG_NAME, "open this lane of the board once; asks before", "打开该通道一次；先确认"),
              OPTION("record", ARG_FILE, "write a trace without personal data", "记录不含个人信息的轨迹"),
              OPTION("seconds", ARG_NUMBER, "how long to look, 1 to 600 (20)", "观察秒数，1 到 600（默认 20）")}},
    {"recover", "", "recover.start", PLAIN, .csv = CSV_NEVER,
     .help = {{"after a restore: show whose word is taken; with --checked ask every gate for the events that it keeps",
               "还原之后：先列出将取信的各出入口密钥；加 --checked 才向每个出入口取回其保存的事件"}},
     .args = {OPTION("checked", ARG_FLAG, "the keys were looked at: keys revoked after the backup are revoked again, "
                                      "no stolen box is among them",
                     "已核对密钥：备份之后吊销的密钥已重新吊销，其中没有失窃的主机")}},
    {"recover", "show", "recover.show", PLAIN, .csv = CSV_NEVER,
     .help = {{"how far that is, gate by gate", "各出入口的取回进度"}}},
    {"recover", "persons", "recover.persons", PLAIN, .csv = CSV_NEVER,
     .help = {{"who came back without a name; `person add --person` gives it again",
               "取回后没有姓名的人员；用 person add --person 补录"}},
     .args = {NEXT_PAGE}},
    {"recover", "waiting", "recover.waiting", PLAIN, .csv = CSV_NEVER,
     .help = {{"what one gate alone gave back: it lets nobody in before it is confirmed",
               "仅由一处告知、尚未确认的人员、凭证与派工；确认前不予放行"}},
     .args = {NEXT_PAGE}},
    {"recover", "confirm", "recover.confirm", PLAIN, .csv = CSV_NEVER,
     .help = {{"answer for what waits of a person or vehicle, or for all that one gate told",
               "确认某人或某车、或某出入口所告知的全部待确认项；由确认人负责"}},
     .args = {OPTION("person", ARG_TEXT, "the person or vehicle", "人员或车辆代号"),
              OPTION("gate", ARG_NAME, "all that this gate told", "该出入口告知的全部"), REASON}},
    {"recover", "end", "recover.end", PLAIN, .csv = CSV_NEVER,
     .help = {{"end it although gates are missing", "即使缺少部分出入口也结束恢复"}},
     .args = {REASON}},
    {"restore", "", NULL, .run = run_restore,
     .help = {{"make a park's store again from a backup; the controller must be stopped",
               "由备份恢复园区存储；控制器须已停止"}},
     .args = {OPERAND("from", ARG_PATH, "the backup", "备份目录"),
              OPERAND("dir", ARG_PATH, "the park's directory", "园区目录"),
              OPTION("erased", ARG_PATH, "the list of who was erased since: their keys do not come back",
                     "此后被删除人员的名单：其密钥不予还原")}},
    {"help", "", NULL, .run = run_help,
     .help = {{"all commands, or those of a noun", "全部命令，或某一名词的命令"}},
     .args = {{.name = "noun", .operand = true, .help = {{"person, lane, ...", "person、lane 等"}}}}},
    {"completion", "", NULL, .run = run_completion,
     .help = {{"a completion script for the shell, or the commands as manual source",
               "命令行补全脚本，或手册源文件"}},
     .args = {{.name = "shell",
               .kind = ARG_WORD,
               .operand = true,
               .required = true,
               .choices = "bash|scdoc",
               .help = {{"bash, or scdoc for the manual", "bash，或用于手册的 scdoc"}}}}},
};
/* clang-format on */

/* clang-format off */
static const struct global_option globals[] = {
    {"--dir", "DIR", {{"the park's directory made by init (PARKGATE_DIR)",
                       "init 创建的园区目录（PARKGATE_DIR）"}}},
    {"--controller", "ENDPOINT", {{"the controller, as tcp://HOST:PORT", "控制器，如 tcp://HOST:PORT"}}},
    {"--server-key", "KEY", {{"the controller's public key, or its file", "控制器公钥或其文件"}}},
    {"--key", "FILE", {{"your key file", "你的密钥文件"}}},
    {"--json", NULL, {{"answer and errors as JSON", "以 JSON 输出"}}},
    {"--csv", NULL, {{"figures as CSV", "统计数字以 CSV 输出"}}},
    {"--lang", "en|zh", {{"language (from LC_ALL, LC_MESSAGES, LANG)",
                          "语言（取自 LC_ALL、LC_MESSAGES、LANG）"}}},
    {"--yes", NULL, {{"do not ask", "不询问"}}},
    {"--help", NULL, {{"help for a command", "命令帮助"}}},
    {"--version", NULL, {{"the program's version", "程序版本"}}},
};
/* clang-format on */

const struct command *command_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(commands);
    return commands;
}

const struct command *command_find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].noun, noun) == 0 && strcmp(commands[i].verb, verb) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void command_name(const struct command *command, char *out, size_t size)
{
    (void)snprintf(out, size, "%s%s%s", command->noun, command->verb[0] == '\0' ? "" : " ",
                   command->verb);
}

void option_name(const struct arg_spec *arg, char *out, size_t size)
{
    (void)snprintf(out, size, "--%s", arg->name);
    for (char *p = out; *p != '\0'; p++) {
        *p = *p == '_' ? '-' : *p;
    }
}

void operand_name(const struct arg_spec *arg, char *out, size_t size)
{
    (void)snprintf(out, size, "%s", arg->name);
    for (char *p = out; *p != '\0'; p++) {
        *p = (char)(*p == '_' ? '-' : toupper((unsigned char)*p));
    }
}

const char *call_value(const struct call *call, const char *name)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && call->command->args[i].name != NULL; i++) {
        if (strcmp(call->command->args[i].name, name) == 0) {
            return call->values[i];
        }
    }
    must_fail(name, __FILE__, __LINE__);
}

const struct global_option *global_options(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(globals);
    return globals;
}
