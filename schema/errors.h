/* errors: the stable numbers of everything the program refuses, with the sentence for people.
 *
 * A refusal is a number and up to four arguments; the sentence is made where it is shown, in English
 * and Chinese, and says what, where and what to do. Numbers are stored and sent: append only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Exit codes of the command line. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,     /* refused, or not found */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* controller not reachable */
    EXIT_NOT_PERMITTED = 4,
    EXIT_BAD_FILE = 5,    /* bad input file */
};

/* X(number, NAME, exit code, English, Chinese); %1 to %4 are arguments. */
#define ERROR_TABLE(X)                                                                             \
    X(0, NONE, EXIT_DONE, "done", "完成")                                                          \
    /* frames and requests */                                                                      \
    X(100, FRAME_TRUNCATED, EXIT_REFUSED, "frame of %1 bytes is shorter than its envelope",        \
      "报文只有 %1 字节，短于信封")                                                                \
    X(101, FRAME_OVERSIZED, EXIT_REFUSED, "frame of %1 bytes is over the limit of %2",             \
      "报文 %1 字节，超过上限 %2")                                                                 \
    X(102, FRAME_VERSION, EXIT_REFUSED, "protocol version %1 is not spoken here (%2 to %3)",       \
      "不支持协议版本 %1（支持 %2 到 %3）")                                                        \
    X(103, FRAME_KIND, EXIT_REFUSED, "message kind %1 is not expected here", "此处不接受消息类型 %1") \
    X(104, FRAME_BODY, EXIT_REFUSED, "message of kind %1 cannot be read: %2",                      \
      "类型 %1 的消息无法解析：%2")                                                                \
    X(105, KEY_UNKNOWN, EXIT_NOT_PERMITTED, "this key is not known; ask an admin to add it",       \
      "此密钥未登记；请管理员添加")                                                                \
    X(106, KEY_REVOKED, EXIT_NOT_PERMITTED, "this key was revoked; ask an admin for a new one",    \
      "此密钥已吊销；请向管理员申请新密钥")                                                        \
    X(107, VERB_UNKNOWN, EXIT_USAGE, "no such verb: %1", "没有此命令：%1")                         \
    X(108, VERB_NOT_PERMITTED, EXIT_NOT_PERMITTED, "%1 is not permitted to %2 (needs %3)",         \
      "%2 无权执行 %1（需要 %3）")                                                                 \
    X(109, ARG_MISSING, EXIT_USAGE, "%1 is missing; give --%1", "缺少 %1；请用 --%1 给出")         \
    X(110, ARG_BAD, EXIT_USAGE, "%1: \"%2\" is not valid: %3", "%1：“%2”无效：%3")                 \
    X(111, NOT_FOUND, EXIT_REFUSED, "%1 %2 not found", "未找到 %1 %2")                             \
    X(112, EXISTS, EXIT_REFUSED, "%1 %2 exists already", "%1 %2 已存在")                           \
    X(113, NOT_YOUR_TENANT, EXIT_NOT_PERMITTED, "this key may only act for tenant %1",             \
      "此密钥只能处理租户 %1")                                                                     \
    X(114, NOT_YOUR_LANE, EXIT_NOT_PERMITTED, "lane %1 is not among this key's lanes and hours",   \
      "通道 %1 不在此密钥的通道和时段之内")                                                        \
    X(115, REASON_NEEDED, EXIT_USAGE, "a reason is needed; give --reason \"...\"",                 \
      "需要理由；请用 --reason \"...\" 给出")                                                      \
    X(116, LIMIT_REACHED, EXIT_REFUSED, "%1: at most %2", "%1：最多 %2")                           \
    X(117, STORE_FULL, EXIT_REFUSED, "storage is full: nothing was changed; free disk space at %1", \
      "存储已满：未作任何更改；请释放 %1 的磁盘空间")                                              \
    X(118, TRY_LATER, EXIT_REFUSED, "busy: %1; try again", "忙：%1；请稍后重试")                   \
    X(119, TOO_MANY_NAMES, EXIT_REFUSED, "at most %1 names a call and %2 a day; narrow the selection", \
      "每次最多 %1 个姓名，每天最多 %2 个；请缩小范围")                                            \
    X(120, COMMAND_UNKNOWN, EXIT_USAGE, "no such command: %1; see: parkgate help",                 \
      "没有此命令：%1；请看：parkgate help")                                                       \
    X(121, OPTION_UNKNOWN, EXIT_USAGE, "%1 has no option %2; see: parkgate %1 --help",             \
      "%1 没有选项 %2；请看：parkgate %1 --help")                                                  \
    X(122, OPTION_VALUE, EXIT_USAGE, "option %1 needs a value", "选项 %1 需要一个值")              \
    X(123, ARG_SURPLUS, EXIT_USAGE, "\"%2\" is one argument too many for %1; see: parkgate %1 --help", \
      "%1 的参数过多：“%2”；请看：parkgate %1 --help")                                             \
    X(124, OPERAND_MISSING, EXIT_USAGE, "%2 is missing; see: parkgate %1 --help",                  \
      "缺少 %2；请看：parkgate %1 --help")                                                         \
    X(125, NO_CSV, EXIT_NOT_PERMITTED,                                                             \
      "%1 lists persons or their movements: --csv is only given for figures and a tenant's own roster", \
      "%1 列出人员或其通行记录：--csv 仅用于统计数字和租户自己的名册")                             \
    X(126, NEEDS_YES, EXIT_USAGE, "nobody can be asked here (no terminal); give --yes to apply",   \
      "此处无法询问（不是终端）；请用 --yes 确认")                                                 \
    X(127, NOT_CONFIRMED, EXIT_REFUSED, "not confirmed; nothing was changed", "未确认；未作任何更改") \
    X(128, NO_PARK_GIVEN, EXIT_USAGE,                                                              \
      "which park? give --dir DIR, set PARKGATE_DIR, or give --controller, --server-key and --key", \
      "哪个园区？请给出 --dir DIR、设置 PARKGATE_DIR，或给出 --controller、--server-key 和 --key") \
    X(129, OPTION_TWICE, EXIT_USAGE, "option %1 is given twice", "选项 %1 给出了两次")             \
    X(130, STORE_SHORT, EXIT_REFUSED,                                                              \
      "the disk is nearly full: what adds to the park or to rights is refused so that gates' events go on; free disk space at %1", \
      "磁盘即将用尽：为保证出入口事件继续记录，拒绝新增与授权；请释放 %1 的磁盘空间")                \
    /* agents and events */                                                                        \
    X(200, LANE_NOT_YOURS, EXIT_REFUSED, "lane %1 does not belong to gate %2",                     \
      "通道 %1 不属于出入口 %2")                                                                   \
    X(201, GATE_NOT_YOURS, EXIT_REFUSED, "gate %1 does not belong to this key (it is %2's)",       \
      "出入口 %1 不属于此密钥（属于 %2）")                                                         \
    X(202, SEQUENCE_CHANGED, EXIT_REFUSED,                                                         \
      "sequence %1 of epoch %2 came before with another content; the event is kept aside",         \
      "纪元 %2 的序号 %1 曾以不同内容到达；该事件已隔离")                                          \
    X(203, EPOCH_WRONG, EXIT_REFUSED, "epoch %1 is not the current one (%2)", "纪元 %1 不是当前纪元（%2）") \
    X(204, EVENT_BAD, EXIT_REFUSED, "event %1: %2; it is kept aside", "事件 %1：%2；已隔离")       \
    X(205, EVENT_POISON, EXIT_REFUSED, "event %1 was in work at two crashes; it is kept aside",    \
      "处理事件 %1 时两次崩溃；已隔离")                                                            \
    X(206, ENROL_CODE, EXIT_REFUSED, "the code is wrong, used or over 15 minutes old; ask for a new one", \
      "注册码错误、已使用或超过 15 分钟；请重新申请")                                              \
    X(207, READER_UNKNOWN, EXIT_REFUSED, "reader %1 is not configured at gate %2",                 \
      "出入口 %2 未配置识读设备 %1")                                                               \
    X(208, GATE_TWICE, EXIT_REFUSED,                                                               \
      "another box with the key of gate %1, and another outbox, was heard less than %2 s ago; switch it off, or enrol this one anew", \
      "另一台使用出入口 %1 密钥、发件箱不同的主机在 %2 秒内仍有通信；请关闭那一台，或重新注册本机")  \
    /* park file */                                                                                \
    X(300, PARK_FILE, EXIT_BAD_FILE, "%1", "%1")                                                   \
    X(301, PARK_REF, EXIT_BAD_FILE, "%1 %2: %3 \"%4\" is not in the park file",                    \
      "%1 %2：园区文件中没有 %3 “%4”")                                                             \
    X(302, PARK_TWO_ON_COIL, EXIT_BAD_FILE, "lanes %1 and %2 are both on coil %3 of board %4",     \
      "通道 %1 和 %2 同在控制板 %4 的线圈 %3 上")                                                  \
    X(303, PARK_LOCKED_EXIT, EXIT_BAD_FILE, "lane %1: an exit cannot be locked; remove its mode",  \
      "通道 %1：出口不得锁闭；请删除其模式")                                                       \
    X(304, PARK_PULSE, EXIT_BAD_FILE,                                                              \
      "board %1: pulses of %2 ms can be missed by a poll of %3 ms; poll at least every %4 ms or use counters", \
      "控制板 %1：轮询 %3 毫秒会漏掉 %2 毫秒的脉冲；请至少每 %4 毫秒轮询或使用计数器")             \
    X(305, PARK_VALUE, EXIT_BAD_FILE, "%1 %2: %3: %4", "%1 %2：%3：%4")                            \
    X(306, PARK_DUPLICATE, EXIT_BAD_FILE, "%1 %2 stands twice in the park file",                   \
      "%1 %2 在园区文件中出现两次")                                                                \
    X(307, PARK_IN_USE, EXIT_BAD_FILE, "%1 %2 cannot be removed: %3", "不能删除 %1 %2：%3")        \
    X(308, PARK_CHANGED, EXIT_REFUSED, "the park was changed meanwhile; run apply again",          \
      "园区配置已被他人更改；请重新执行 apply")                                                    \
    X(309, PARK_INPUT_SHARED, EXIT_BAD_FILE, "lanes %1 and %2 share input %3 of board %4",         \
      "通道 %1 和 %2 共用控制板 %4 的输入 %3")                                                     \
    X(310, PARK_UNKNOWN_KEY, EXIT_BAD_FILE,                                                        \
      "%1, line %2: \"%3\" is not a key of %4; correct or remove it",                              \
      "%1，第 %2 行：“%3”不是 %4 的键；请改正或删除")                                              \
    X(311, PARK_MISSING_KEY, EXIT_BAD_FILE, "%1, line %2: %4: the key \"%3\" is missing; add it",  \
      "%1，第 %2 行：%4：缺少键“%3”；请补上")                                                      \
    X(312, PARK_BAD_VALUE, EXIT_BAD_FILE,                                                          \
      "%1, line %2: %3: %4 is not allowed here; see docs/park-file.md",                            \
      "%1，第 %2 行：%3：此处不能写 %4；请看 docs/park-file.md")                                   \
    X(313, PARK_YAML, EXIT_BAD_FILE, "%1, line %2: this is not YAML: %3",                          \
      "%1，第 %2 行：不是有效的 YAML：%3")                                                         \
    X(314, PARK_TOO_MANY, EXIT_BAD_FILE, "%1, line %2: more than %4 entries in %3",                \
      "%1，第 %2 行：%3 超过 %4 项")                                                               \
    X(315, PARK_NAME, EXIT_BAD_FILE,                                                               \
      "%1, line %2: %3: \"%4\" is no name; use 1 to 31 characters of a-z 0-9 - . and begin with a letter or digit", \
      "%1，第 %2 行：%3：“%4”不是有效名称；请用 1 到 31 个字符 a-z 0-9 - . 并以字母或数字开头")    \
    X(316, PARK_TIME, EXIT_BAD_FILE,                                                               \
      "%1, line %2: %3: \"%4\" is no time of day; write \"HH:MM\" in quotes",                      \
      "%1，第 %2 行：%3：“%4”不是时刻；请写成带引号的 \"HH:MM\"")                                  \
    X(317, PARK_DATE, EXIT_BAD_FILE, "%1, line %2: %3: \"%4\" is no date; write YYYY-MM-DD",       \
      "%1，第 %2 行：%3：“%4”不是日期；请写成 YYYY-MM-DD")                                         \
    X(318, PARK_EMPTY, EXIT_BAD_FILE, "%1: the file is empty; begin with packaging/park.example.yaml", \
      "%1：文件为空；可从 packaging/park.example.yaml 开始")                                       \
    X(319, PARK_ALIAS, EXIT_BAD_FILE, "%1, line %2: YAML anchors and aliases are not used here",   \
      "%1，第 %2 行：此处不使用 YAML 锚点和别名")                                                  \
    X(320, PARK_FACE_ONLY, EXIT_BAD_FILE,                                                          \
      "lane %1: its only reader is a face terminal, and nobody is forced to use a face; add a reader for badges, plates, PINs or QR codes", \
      "通道 %1：只有人脸终端一种识读设备，而不得强制任何人使用人脸；请增加刷卡、车牌、密码或二维码识读设备") \
    X(321, PARK_NO_FIRE_INPUT, EXIT_BAD_FILE,                                                      \
      "board %1: it drives an exit, and no board on its bus has a fire input; wire the fire panel's loop to one and give fire_input", \
      "控制板 %1：它驱动出口，但其总线上没有控制板接入消防输入；请把消防联动回路接到其中一块板并给出 fire_input") \
    X(322, PARK_FIRE_SLOW, EXIT_BAD_FILE,                                                          \
      "board %1: in a fire its bus could take %2 ms to open every exit, over %3; raise baud, lower poll_ms, put exits on neighbouring coils, or divide the bus", \
      "控制板 %1：发生火灾时其总线打开全部出口最坏需要 %2 毫秒，超过 %3；请提高波特率、缩短 poll_ms、把出口接在相邻线圈上，或拆分总线") \
    X(323, PARK_FIRE_BROADCAST, EXIT_BAD_FILE,                                                     \
      "board %1: fire_broadcast would open entry %2 too, since an exit on this bus has coil %3 as well; move one of them or remove fire_broadcast", \
      "控制板 %1：fire_broadcast 也会打开入口 %2，因为同一总线上有出口同样使用线圈 %3；请改接其中之一或去掉 fire_broadcast") \
    X(324, PARK_MUSTER_KEY, EXIT_BAD_FILE,                                                         \
      "gate %1 is a muster post, and the park has no muster_key; make one: parkgate muster key FILE", \
      "出入口 %1 是集合点，但园区没有 muster_key；请先生成：parkgate muster key FILE")             \
    /* people and credentials */                                                                   \
    X(400, ROW_BAD, EXIT_BAD_FILE, "line %1, column %2: %3", "第 %1 行，“%2”列：%3")               \
    X(401, FILE_HEADER, EXIT_BAD_FILE, "header: %1", "表头：%1")                                   \
    X(402, FILE_ENCODING, EXIT_BAD_FILE, "line %1: the text is neither UTF-8 nor GBK; save as UTF-8", \
      "第 %1 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8")                                     \
    X(403, CREDENTIAL_TAKEN, EXIT_REFUSED, "%1 is held by somebody else; revoke it there first",   \
      "%1 已由他人持有；请先在其名下吊销")                                                         \
    X(404, CONSENT_NEEDED, EXIT_REFUSED, "a face needs recorded consent and purpose: give --consent and --purpose", \
      "人脸须有已记录的同意和用途：请给出 --consent 和 --purpose")                                 \
    X(405, EXIT_LOCK, EXIT_REFUSED, "lane %1 is an exit: nobody is kept from leaving",             \
      "通道 %1 是出口：不得阻止任何人离开")                                                        \
    X(406, GATE_AWAY, EXIT_REFUSED, "gate %1 is not connected; the command was not sent",          \
      "出入口 %1 未连接；命令未发送")                                                              \
    X(407, IMPORT_MISMATCH, EXIT_REFUSED, "import %1: count or digest does not fit; nothing was made valid", \
      "导入 %1：数量或摘要不符；未生效")                                                           \
    X(408, TENANT_SUSPENDED, EXIT_REFUSED, "tenant %1 is suspended", "租户 %1 已停用")             \
    X(409, SAME_STATE, EXIT_REFUSED, "%1 %2 is already so", "%1 %2 已是该状态")                    \
    X(410, ROWS_BAD, EXIT_BAD_FILE,                                                                \
      "%1: %2 problems in the rows; nothing was imported; correct them and run it again",          \
      "%1：数据行有 %2 处问题；未导入任何内容；请改正后重试")                                      \
    X(411, FILE_NO_ROWS, EXIT_BAD_FILE, "%1: there is no row below the header",                    \
      "%1：表头下面没有数据行")                                                                    \
    X(412, FILE_NO_HEADER, EXIT_BAD_FILE,                                                          \
      "%1: no header in the first 6 lines; the first columns needed are: %2",                      \
      "%1：前 6 行中没有表头；至少需要这些列：%2")                                                 \
    X(413, FILE_COLUMN_MISSING, EXIT_BAD_FILE, "%1, line %2: the header has no column for %3",     \
      "%1，第 %2 行：表头中没有 %3 列")                                                            \
    X(414, FILE_COLUMN_TWICE, EXIT_BAD_FILE,                                                       \
      "%1, line %2: the columns \"%3\" and \"%4\" mean the same; keep one",                        \
      "%1，第 %2 行：“%3”列和“%4”列含义相同；请只保留一列")                                        \
    X(415, FILE_TENANT, EXIT_USAGE, "%1: no tenant column; give --tenant",                         \
      "%1：没有租户列；请用 --tenant 给出")                                                        \
    X(416, FILE_TOO_LONG, EXIT_BAD_FILE, "%1: more than %2 rows; split the file",                  \
      "%1：超过 %2 行；请拆分文件")                                                                \
    X(417, FILE_QUOTE, EXIT_BAD_FILE,                                                              \
      "%1, line %2: a quotation mark stands alone or is never closed; close, double or remove it", \
      "%1，第 %2 行：引号单独出现或没有闭合；请补上、改为两个或删除")                              \
    X(418, ROW_TENANT, EXIT_BAD_FILE,                                                              \
      "line %1: tenant %3 is not in the park; see: parkgate tenant list",                          \
      "第 %1 行：园区中没有租户 %3；请看：parkgate tenant list")                                   \
    X(419, ROW_SHIFT, EXIT_BAD_FILE,                                                               \
      "line %1: shift %3 is not in the park; correct the row, or add the shift to the park file",  \
      "第 %1 行：园区中没有班次 %3；请改正该行，或在园区文件中添加该班次")                         \
    X(420, ROW_TAKEN, EXIT_BAD_FILE,                                                               \
      "line %1: the badge or plate is held by somebody else; revoke it there first",               \
      "第 %1 行：该卡或车牌已由他人持有；请先在其名下吊销")                                        \
    X(421, ROW_REVOKED, EXIT_BAD_FILE,                                                             \
      "line %1: the badge or plate was revoked; give another, or add it by badge add",             \
      "第 %1 行：该卡或车牌已吊销；请更换，或用 badge add 登记")                                   \
    X(422, ROW_ASSIGNMENTS, EXIT_BAD_FILE, "line %1: over %3 assignments of a person on one day",  \
      "第 %1 行：同一人同一天的派工超过 %3 个")                                                    \
    X(423, SUBJECT_LEFT, EXIT_REFUSED,                                                             \
      "this subject is still at terminal %1 for somebody else; wait until it is deleted there, see: parkgate face sync", \
      "该编号在终端 %1 上仍属他人；请等待其删除完成，请看：parkgate face sync")                    \
    X(430, BAN_REASON, EXIT_REFUSED,                                                               \
      "a park ban needs one of these reasons: violence, theft, forged-pass, safety-breach; \"%1\" is none of them", \
      "园区禁入须有以下理由之一：violence（暴力）、theft（盗窃）、forged-pass（伪造通行证）、safety-breach（违反安全规定）；“%1”不在其中") \
    X(431, BAN_TERM, EXIT_REFUSED, "a park ban ends at the latest after %1 months, on %2",         \
      "园区禁入最长 %1 个月，最迟至 %2")                                                           \
    X(432, SAME_PERSON, EXIT_NOT_PERMITTED, "%1 decided this; another person decides here",        \
      "此事由 %1 作出；须由另一人决定")                                                            \
    X(433, APPROVAL_ENDED, EXIT_REFUSED, "request %1 is %2; ask anew if it is still wanted",       \
      "请求 %1 的状态为 %2；如仍需要，请重新提出")                                                 \
    X(434, APPROVAL_ROLE, EXIT_NOT_PERMITTED, "only who could do %1 may decide on it (needs %2)",  \
      "只有本可执行 %1 的人才能决定（需要 %2）")                                                   \
    X(435, APPROVAL_FAILED, EXIT_REFUSED, "request %1 can no longer be carried out: %2; nothing was done", \
      "请求 %1 已无法执行：%2；未作任何更改")                                                      \
    X(440, DESK_WRONG, EXIT_NOT_PERMITTED, "this does not open %1's key; passphrase or badge of that person", \
      "无法打开 %1 的密钥；请使用本人的口令或卡")                                                  \
    X(441, DESK_LOCKED, EXIT_NOT_PERMITTED, "the desk is locked; run: parkgate desk unlock NAME",  \
      "工作台已锁定；请执行：parkgate desk unlock 名称")                                           \
    X(450, FIRE_STANDS, EXIT_REFUSED,                                                              \
      "board %1 of gate %2 still says fire; go there, clear it at the panel, then end the state; if the board is dead or was replaced, give --force", \
      "出入口 %2 的控制板 %1 仍在报告火警；请到现场处置并复位消防联动，再结束该状态；若控制板已损坏或已更换，请加 --force") \
    X(451, FIRE_UNHEARD, EXIT_REFUSED,                                                             \
      "board %1 said fire and its gate %2 is not heard; go there and look, then give --force",     \
      "控制板 %1 曾报告火警，而其出入口 %2 失联；请先到现场确认，再加 --force")                    \
    /* files, keys, the machine */                                                                 \
    X(500, UNREACHABLE, EXIT_UNREACHABLE, "controller %1 does not answer; is it running?",         \
      "控制器 %1 无应答；是否在运行？")                                                            \
    X(501, KEY_FILE, EXIT_REFUSED, "%1", "%1")                                                     \
    X(502, FILE_OPEN, EXIT_BAD_FILE, "%1: cannot be read: %2", "%1：无法读取：%2")                 \
    X(503, VERIFY_FAILED, EXIT_REFUSED, "%1", "%1")                                                \
    X(504, INTERNAL, EXIT_REFUSED, "the controller could not do it: %1", "控制器无法执行：%1")     \
    X(505, DIR_EXISTS, EXIT_REFUSED, "%1 exists and is not empty; name another directory",         \
      "%1 已存在且不为空；请另选目录")                                                             \
    X(506, DIR_MAKE, EXIT_REFUSED, "%1: cannot be made: %2", "%1：无法创建：%2")                   \
    X(507, EXEC, EXIT_REFUSED, "%1 cannot be started: %2; is it installed?",                       \
      "无法启动 %1：%2；是否已安装？")                                                             \
    X(508, REPLY_BAD, EXIT_UNREACHABLE, "the controller's answer cannot be read: %1",              \
      "无法解析控制器的应答：%1")                                                                  \
    X(509, CONFIG_FILE, EXIT_BAD_FILE, "%1", "%1")                                                 \
    /* a roster that was carried to a gate by hand */                                              \
    X(520, CARRY_DAMAGED, EXIT_BAD_FILE,                                                           \
      "%1 is damaged, or is no carried roster; write it again: parkgate agent carry",              \
      "%1 已损坏，或不是离线名册；请重新生成：parkgate agent carry")                               \
    X(521, CARRY_GATE, EXIT_REFUSED, "%1 is for gate %2; this is gate %3",                         \
      "%1 是给出入口 %2 的；本机是出入口 %3")                                                      \
    X(522, CARRY_KEY, EXIT_REFUSED,                                                                \
      "%1 was made by another controller, or for a key that this gate no longer has; "             \
      "make it again",                                                                             \
      "%1 由其他控制器生成，或针对本出入口已更换的密钥；请重新生成")                               \
    X(523, CARRY_NUMBER, EXIT_REFUSED,                                                             \
      "%1 has number %2, and number %3 was taken here; use the newest one",                        \
      "%1 的编号为 %2，而本机已采用编号 %3；请使用最新的一份")                                     \
    X(524, CARRY_OLD, EXIT_REFUSED,                                                                \
      "%1 is too old: it was made at %2, and a lease lasts %3 h from then; make a new one",        \
      "%1 已过期：生成于 %2，离线授权期为其后 %3 小时；请重新生成")                                \
    X(525, CARRY_CLOCK, EXIT_REFUSED,                                                              \
      "%1 was made at %2, and this gate's clock says %3; set the clock, then try again",           \
      "%1 生成于 %2，而本出入口时钟为 %3；请先校准时钟再试")                                       \
    X(526, CARRY_BEHIND, EXIT_REFUSED,                                                             \
      "%1 stands at journal %2, and the copy here at %3; nothing was changed",                     \
      "%1 对应日志 %2，而本机副本已到 %3；未作任何更改")                                           \
    X(527, CARRY_FAILED, EXIT_REFUSED, "%1 could not be taken: %2; nothing was changed",           \
      "%1 未能采用：%2；未作任何更改")                                                             \
    X(528, CARRY_WAITS, EXIT_UNREACHABLE,                                                          \
      "the agent has not taken %1 within %2 s; does it run? it takes it as soon as it does",       \
      "代理程序在 %2 秒内未处理 %1；是否在运行？启动后会自动处理")                                 \
    X(529, CARRY_DISK, EXIT_REFUSED,                                                               \
      "%1 could not be taken, for this gate's disk is full or fails; nothing was changed; "        \
      "free disk space, then take it again",                                                       \
      "%1 未能采用：本出入口磁盘已满或故障；未作任何更改；请腾出空间后重新采用")                   \
    X(530, CARRY_LINE, EXIT_REFUSED,                                                               \
      "%1 was not taken, for the controller is there again; nothing was changed, and nothing is "  \
      "needed",                                                                                    \
      "%1 未采用：与控制器的连接已恢复；未作任何更改，也无需处理")                                 \
    X(531, CARRY_PART, EXIT_REFUSED,                                                               \
      "%1 was taken in part: the park's rows are the new ones, the roster is the one before; "     \
      "take it again",                                                                             \
      "%1 仅部分采用：园区配置已更新，名册仍是原来的；请重新采用")                                 \
    /* alerts */                                                                                   \
    X(600, ALERT_STEP, EXIT_REFUSED, "alert %1 is %2; what comes next: %3",                        \
      "告警 %1 的状态为 %2；下一步：%3")                                                           \
    X(601, ALERT_HANDS, EXIT_REFUSED,                                                              \
      "nobody of the name %1 has a key that may handle alerts; see: parkgate key list",            \
      "没有名为 %1 且有权处理告警的密钥；请看：parkgate key list")                                 \
    X(602, ALERT_GAP, EXIT_REFUSED,                                                                \
      "alert news after %1 are kept no more; begin again without --after",                         \
      "%1 之后的部分告警动态已不再保留；请不带 --after 重新开始")                                  \
    /* checkpoints of the journal, and cutting off its beginning */                                \
    X(620, NO_CHECKPOINT, EXIT_REFUSED,                                                            \
      "entry %1 stands behind no checkpoint; make one first: parkgate audit checkpoint",           \
      "第 %1 条不在任何检查点之内；请先建立：parkgate audit checkpoint")                           \
    X(621, JOURNAL_TERM, EXIT_REFUSED,                                                             \
      "entry %1, or one before it, is not %2 days old: the journal is kept so long",               \
      "第 %1 条或其之前的条目未满 %2 天；日志须留存至此期限")                                      \
    X(622, TRUNCATION_HELD, EXIT_REFUSED,                                                          \
      "hold %1 keeps the records of somebody until %2, and entries are part of them; wait for its "\
      "end",                                                                                       \
      "保留令 %1 至 %2 有效，日志条目亦在其内；请待其结束")                                        \
    X(623, TRUNCATION_RECOVERS, EXIT_REFUSED,                                                      \
      "the controller recovers from a backup; wait for its end: parkgate recover show",            \
      "控制器正在从备份恢复；请待其结束：parkgate recover show")                                   \
    X(624, TRUNCATION_BACKUP, EXIT_REFUSED,                                                        \
      "no backup holds the journal up to entry %1; make one first: parkgate backup DIR",           \
      "尚无包含截至第 %1 条日志的备份；请先备份：parkgate backup 目录")                            \
    X(625, TRUNCATION_RUNS, EXIT_REFUSED, "entries up to %1 are being removed; wait for the end",  \
      "正在移除截至第 %1 条的条目；请待其结束")                                                    \
    X(626, TRUNCATION_GONE, EXIT_REFUSED, "the entries before %1 are gone already",                \
      "第 %1 条之前的条目此前已移除")                                                              \
    X(627, ENTRY_GONE, EXIT_REFUSED,                                                               \
      "entry %1 was cut off with the journal's beginning, which is now entry %2",                  \
      "第 %1 条已随日志开头移除；日志现从第 %2 条开始")                                            \
    X(628, TRUNCATION_RETENTION, EXIT_REFUSED,                                                     \
      "retention has walked over entries up to %1 only, and finds by them what has to go; let it " \
      "run first: parkgate retention run",                                                         \
      "留存清理仅进行至第 %1 条，其后待清理的记录须凭条目查找；请先执行：parkgate retention run")  \
    /* bundles of the watch list (common/watch): always the whole bundle */                        \
    X(640, WATCH_FORM, EXIT_BAD_FILE,                                                              \
      "%1 is not in its one form: %2; encode it as schema/watch.proto says and sign it again",     \
      "%1 不是规定的唯一编码形式：%2；请按 schema/watch.proto 编码后重新签名")                     \
    X(641, WATCH_SIGNATURE, EXIT_NOT_PERMITTED,                                                    \
      "the bundle is not signed by the signing key of authority %1; nothing was applied",          \
      "该批布控不是由机关 %1 的签名密钥签名；未作任何更改")                                        \
    X(642, WATCH_AUTHORITY, EXIT_NOT_PERMITTED,                                                    \
      "the bundle is of authority \"%1\", and this key is of authority %2",                        \
      "该批布控属于机关“%1”，而此密钥属于机关 %2")                                                 \
    X(643, WATCH_PARK, EXIT_REFUSED, "the bundle is for park \"%1\", and this is park %2",         \
      "该批布控是给园区“%1”的，而此处是园区 %2")                                                   \
    X(644, WATCH_NUMBER, EXIT_REFUSED,                                                             \
      "the bundle has number %1, and the next one of authority %2 is number %3",                   \
      "该批布控编号为 %1，而机关 %2 的下一批应为 %3")                                              \
    X(645, WATCH_BASE, EXIT_REFUSED,                                                               \
      "bundle %1 does not build on bundle %2 as it was applied here; sign it again on that one",   \
      "第 %1 批不是建立在此处已生效的第 %2 批之上；请在其基础上重新签名")                          \
    X(646, WATCH_CHUNK, EXIT_BAD_FILE, "chunk %1 of the bundle: %2", "该批布控第 %1 块：%2")       \
    X(647, WATCH_COUNT, EXIT_BAD_FILE,                                                             \
      "the manifest says %2 %1, and the chunks hold %3",                                           \
      "清单所述 %1 数为 %2，而各块中为 %3")                                                        \
    X(648, WATCH_ORDER, EXIT_BAD_FILE,                                                             \
      "change %1: entry \"%2\" stands twice or out of order; ids rise through the whole bundle",   \
      "第 %1 条：条目“%2”重复或次序错误；全批的条目编号须依次递增")                                \
    X(649, WATCH_MISSING, EXIT_BAD_FILE, "change %1, entry \"%2\": %3 is missing",                 \
      "第 %1 条，条目“%2”：缺少 %3")                                                               \
    X(650, WATCH_LONG, EXIT_BAD_FILE, "change %1, entry \"%2\": %3 is over %4 bytes",              \
      "第 %1 条，条目“%2”：%3 超过 %4 字节")                                                       \
    X(651, WATCH_TEXT, EXIT_BAD_FILE, "change %1, entry \"%2\": %3 %4",                            \
      "第 %1 条，条目“%2”：%3 文本不合规定（%4）")                                                 \
    X(652, WATCH_UNKNOWN, EXIT_BAD_FILE, "change %1, entry \"%2\": there is no %3 %4",             \
      "第 %1 条，条目“%2”：没有此 %3：%4")                                                         \
    X(653, WATCH_MATCH, EXIT_BAD_FILE, "change %1, entry \"%2\": %3: %4",                          \
      "第 %1 条，条目“%2”：匹配条件 %3 无效（%4）")                                                \
    X(654, WATCH_TERM, EXIT_BAD_FILE,                                                              \
      "change %1, entry \"%2\": it would last over %3 days, the most for %4 entries",                    \
      "第 %1 条，条目“%2”：期限超过 %3 天（%4 的上限）")                                           \
    X(655, WATCH_TIME, EXIT_BAD_FILE, "change %1, entry \"%2\": %3 %4",                            \
      "第 %1 条，条目“%2”：时间 %3 无效（%4）")                                                    \
    X(656, WATCH_SURPLUS, EXIT_BAD_FILE, "change %1, entry \"%2\": \"%3\" takes no %4",          \
      "第 %1 条，条目“%2”：%3 不得含 %4")                                                          \
    X(657, WATCH_MADE, EXIT_REFUSED,                                                               \
      "the bundle was made at %1, and the park's clock says %2; sign it again, or set the clock",  \
      "该批布控生成于 %1，而园区时钟为 %2；请重新签名或校准时钟")                                  \
    X(658, WATCH_RENEWAL, EXIT_BAD_FILE, "change %1, entry \"%2\": %3",                            \
      "第 %1 条，条目“%2”：续期被拒绝（%3）")                                                      \
    X(659, WATCH_RECEIPT, EXIT_REFUSED, "receipt of bundle %1: %2", "第 %1 批的回执：%2")                \
    /* the watch list at the controller */                                                         \
    X(660, WATCH_CAP, EXIT_REFUSED,                                                                \
      "change %1, entry \"%2\": authority %3 would have over %4 persons on its list; withdraw some first", \
      "第 %1 条，条目“%2”：机关 %3 的人员布控将超过 %4 条；请先撤销一部分")                        \
    X(661, WATCH_VEHICLE_CAP, EXIT_REFUSED,                                                        \
      "change %1, entry \"%2\": the park's lists would have over %3 vehicles; withdraw some first", \
      "第 %1 条，条目“%2”：园区的车辆布控将超过 %3 条；请先撤销一部分")                            \
    X(662, WATCH_ALIKE, EXIT_REFUSED,                                                              \
      "change %1, entry \"%2\": %3 entries of this authority have the same target already",        \
      "第 %1 条，条目“%2”：该机关已有 %3 条布控针对同一目标")                                      \
    X(663, WATCH_ID_TAKEN, EXIT_REFUSED,                                                           \
      "change %1, entry \"%2\": an entry of this id is live; renew or withdraw it",                \
      "第 %1 条，条目“%2”：该编号的条目仍有效；请续期或撤销")                                      \
    X(664, WATCH_ID_UNKNOWN, EXIT_REFUSED, "change %1, entry \"%2\": no entry of this id is live", \
      "第 %1 条，条目“%2”：该编号没有有效条目")                                                    \
    X(665, WATCH_NOT_OPEN, EXIT_REFUSED, "bundle %1 is not open; begin it again",                  \
      "第 %1 批未在接收中；请重新开始")                                                            \
    X(666, WATCH_NO_AUTHORITY, EXIT_NOT_PERMITTED,                                                 \
      "key %1 is of no authority; two persons make one: parkgate authority add",                   \
      "密钥 %1 不属于任何机关；须由两人添加：parkgate authority add")                              \
    X(667, AUTHORITY_SUSPENDED, EXIT_NOT_PERMITTED,                                                \
      "authority %1 is suspended; nothing is taken from it",                                       \
      "机关 %1 已停用；不予受理")                                                                  \
    X(668, WATCH_NOT_WAITING, EXIT_REFUSED,                                                        \
      "entry %1 waits for no countersignature: it is %2",                                          \
      "条目 %1 无需会签：其状态为 %2")                                                                        \
    X(669, WATCH_A_DAY, EXIT_REFUSED,                                                              \
      "authority %1 began %2 bundles today (UTC), and no more are taken; put more changes into "     \
      "one, and push it tomorrow",                                                                 \
      "机关 %1 今日（UTC）已推送 %2 批，不再受理；请将更多变更合并为一批，明日再推送")             \
    /* privacy */                                                                                  \
    X(690, TOO_YOUNG, EXIT_REFUSED,                                                                \
      "by the ID number the person is not %1 yet; who is younger is not registered",               \
      "按身份证号该人员未满 %1 周岁；不予登记")                                                    \
    X(691, ROW_TOO_YOUNG, EXIT_BAD_FILE,                                                           \
      "line %1, column %2: by the ID number the person is not %3 yet; who is younger is not registered", \
      "第 %1 行，“%2”列：按身份证号该人员未满 %3 周岁；不予登记")                                  \
    X(692, FACES_FULL, EXIT_REFUSED,                                                               \
      "%1 persons have a face here: more only once that is filed with the authority; then enter the number: parkgate face filing NUMBER", \
      "已有 %1 人登记人脸：须先向网信部门备案，再录入备案编号方可新增：parkgate face filing 编号") \
    X(693, ERASE_INSIDE, EXIT_REFUSED,                                                             \
      "%1 is inside: who is inside must be found in an emergency; erase after the exit",           \
      "%1 仍在园内：紧急情况下须能找到在园人员；请待其离开后再删除")                               \
    X(694, ERASE_BANNED, EXIT_REFUSED,                                                             \
      "a park ban holds for %1 until %2; erase after it, or lift it first",                        \
      "%1 的园区禁入至 %2 有效；请待其结束或解除后再删除")                                         \
    X(695, ERASE_HELD, EXIT_REFUSED,                                                               \
      "the records of %1 are held until %2 (hold %3); erase after it",                             \
      "%1 的记录依法保留至 %2（保留令 %3）；请在此之后再删除") \
    X(696, HOLD_TERM, EXIT_REFUSED, "a hold ends at the latest %1 days on, and not before today",  \
      "保留最长 %1 天，且不得早于今天结束")                                                        \
    X(697, RETENTION_TERM, EXIT_REFUSED, "%1: between %2 and %3 days",                             \
      "%1：须在 %2 到 %3 天之间")                                                                  \
    X(698, RETENTION_BASIS, EXIT_REFUSED,                                                          \
      "%1: kept longer only by a law or agreement; name it with --basis",                          \
      "%1：延长留存须有法律或协议依据；请用 --basis 写明")                                         \
    X(699, APPROVERS_FEW, EXIT_REFUSED,                                                            \
      "%1 needs the agreement of %2 other persons; only %3 of this park could give it",            \
      "%1 须经另外 %2 人同意；本园区仅有 %3 人可以同意")                                           \
    X(700, DISCLOSE_WHOLE, EXIT_REFUSED,                                                           \
      "%1 %2 is not handed out: a document names at most %3 persons, or one lane and one day; never everybody, a tenant or a zone", \
      "不提供 %1 %2：文书须列明至多 %3 人，或一条通道的一天；不得索要全部人员、整个租户或区域")    \
    X(701, DISCLOSE_PERSONS, EXIT_REFUSED,                                                         \
      "one document answers for at most %1 persons; this makes %2",                                \
      "一份文书至多涉及 %1 人；此处为 %2 人")                                                      \
    X(702, DISCLOSE_PERIOD, EXIT_REFUSED,                                                          \
      "a period has a first and a last day, at most %1 days, and is over: %2",                     \
      "期间须有起止日期，至多 %1 天，且已结束：%2")                                                \
    X(703, DISCLOSE_FIELD, EXIT_REFUSED,                                                           \
      "%1 is no field that is handed out of %2; there are: %3",                                    \
      "%2 不提供字段 %1；可提供：%3")                                                              \
    X(704, DISCLOSE_LANE, EXIT_REFUSED,                                                            \
      "document %1 was answered by request %2 already; one document is answered for persons or for one lane-day, not for more", \
      "文书 %1 已由第 %2 号请求答复；一份文书只能用于所列人员，或一条通道的一天")                   \
    X(705, DISCLOSE_OVER, EXIT_REFUSED,                                                            \
      "the file of request %1 could be taken until %2; ask anew",                                  \
      "第 %1 号请求的文件须在 %2 前取走；请重新申请")                                              \
    X(706, DISCLOSE_ASKER, EXIT_NOT_PERMITTED,                                                     \
      "only %1, who asked, takes the file of request %2",                                          \
      "第 %2 号请求的文件只能由申请人 %1 取走")                                                    \
    X(707, DISCLOSE_SILENT, EXIT_REFUSED,                                                          \
      "the document of request %1 forbids to tell anybody until %2",                               \
      "第 %1 号请求的文书规定 %2 前不得告知")                                                      \
    X(708, DISCLOSE_FALSE, EXIT_REFUSED,                                                           \
      "%1 is not what the park's key %2 signed: %3",                                               \
      "%1 与园区密钥 %2 所签不符：%3")                                                             \
    X(709, DISCLOSE_BUSY, EXIT_REFUSED,                                                            \
      "the file of request %1 is being taken; begin when it is done, or a minute after its last page", \
      "第 %1 号请求的文件正在取出；请待其完成，或在其最后一页之后一分钟再开始")                     \
    X(723, ALERT_DOCUMENT, EXIT_REFUSED,                                                           \
      "alert %1 is about a person: only a document shown at the desk decides; say its kind, never its number: --document %2", \
      "告警 %1 涉及人员：只能凭在值班台出示的证件确认；请注明证件种类（不要写号码）：--document %2") \
    X(730, WATCH_LIST, EXIT_BAD_FILE, "%1, line %2: %3; correct it", "%1，第 %2 行：%3；请改正")   \
    X(731, WATCH_FILE, EXIT_BAD_FILE, "%1: %2", "%1：%2") \
    /* dispositions of a view library */                                                           \
    X(740, VIID_UNKNOWN, EXIT_REFUSED, "%1 gave no disposition \"%2\", or it is over",             \
      "%1 没有布控请求“%2”，或已结束")                                                             \
    X(741, VIID_ACTS, EXIT_REFUSED, "disposition %1 is confirmed and acts; withdraw it first",     \
      "布控请求 %1 已确认并生效；请先撤控")                                                        \
    X(742, VIID_FULL, EXIT_REFUSED, "%1 dispositions wait already; decide on some of them first",  \
      "已有 %1 条布控请求待处理；请先处理一部分")                                                  \
    X(743, VIID_ROW, EXIT_REFUSED, "a disposition must come as one row: %1",                       \
      "布控请求须以一行提交：%1")                                                                  \
    X(744, VIID_STATE, EXIT_REFUSED, "disposition %1 is %2; that can be done while it is %3",      \
      "布控请求 %1 的状态为 %2；只有在 %3 时才能这样做")                                           \
    X(745, VIID_SAME_PERSON, EXIT_NOT_PERMITTED,                                                   \
      "%1 entered disposition %2; another person must confirm it",                                 \
      "布控请求 %2 由 %1 录入；须由另一人确认")                                                    \
    X(746, VIID_AUTHORITY, EXIT_REFUSED,                                                           \
      "authority %1 signs its own bundles; name one whose signing key is the park's own",          \
      "机关 %1 自行签署布控；请指定以园区签名密钥签署的机关")                                      \
    X(747, VIID_VALUE, EXIT_REFUSED,                                                               \
      "that is not what was entered for disposition %1; compare both with the order",              \
      "与布控请求 %1 已录入的内容不符；请与文书核对")

enum error_number {
#define X(number, name, code, en, zh) ERROR_##name = number,
    ERROR_TABLE(X)
#undef X
};

enum { ERROR_ARGS = 4, ERROR_ARG_SIZE = 256 };

/* A refusal on its way to a person. Zero-initialised: no error. */
struct complaint {
    enum error_number number;
    char arg[ERROR_ARGS][ERROR_ARG_SIZE];
};

/* Fills *c; missing arguments are NULL, long ones are cut at a character's end. Always returns false,
 * so that a check reads `return complain(c, ...)`. */
_Bool complain(struct complaint *c, enum error_number number, const char *a1, const char *a2,
               const char *a3, const char *a4);

enum exit_code error_exit(uint32_t number);
/* The sentence with its arguments, NUL-terminated, cut if too long. Unknown numbers (a newer
 * controller's) say so. */
void error_sentence_en(const struct complaint *c, char *out, size_t size);
void error_sentence_zh(const struct complaint *c, char *out, size_t size);
