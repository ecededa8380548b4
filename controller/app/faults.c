#include "controller/app/faults.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/alerts.h"
#include "schema/kinds.h"

const struct fault_kind fault_gate_away = {
    "gate-away", "gate %s is not heard; it decides alone, from its copy while its lease lasts",
    "出入口 %s 失联；授权期内按其副本自行判定，出口放行"};
const struct fault_kind fault_device_down = {
    "device-down", "%s does not work; check its power and cable", "%s 故障；请检查电源和线缆"};
const struct fault_kind fault_device_tamper = {"device-tamper", "%s was opened or tampered with",
                                               "%s 被拆动"};
const struct fault_kind fault_forced = {"forced", "lane %s was passed without a grant",
                                        "通道 %s 未经放行被通过"};
const struct fault_kind fault_tailgated = {
    "tailgated", "lane %s: more went through than were granted", "通道 %s 有人尾随"};
const struct fault_kind fault_held = {"held-open", "lane %s is held open", "通道 %s 长时间未关闭"};
const struct fault_kind fault_manual = {"manual-release",
                                        "lane %s is open by hand: its manual release is pulled",
                                        "通道 %s 已手动释放，处于人工开启状态"};
const struct fault_kind fault_blocked = {"lane-blocked",
                                         "something stands on lane %s: it cannot close",
                                         "通道 %s 防砸检测区有物体停留，无法关闭"};
const struct fault_kind fault_late_opening = {
    "late-opening", "lane %s was opened by its board alone; the gate did not answer in time",
    "通道 %s 由控制板自行打开；出入口主机未及时应答"};
const struct fault_kind fault_sequence_changed = {
    "sequence-changed", "gate %s sent a known sequence with another content; look into quarantine",
    "出入口 %s 以不同内容重发已知序号；请检查隔离区"};
const struct fault_kind fault_event_refused = {"event-refused",
                                               "an event of gate %s was refused and kept aside",
                                               "出入口 %s 的一条事件被拒收并隔离"};
const struct fault_kind fault_verdict_differs = {
    "verdict-differs", "gate %s acted on another verdict than the controller's",
    "出入口 %s 执行的判定与控制器不同"};
const struct fault_kind fault_offline_conflict = {
    "offline-conflict",
    "lane %s, apart from the controller, let in who was inside already by what others saw",
    "通道 %s 在与控制器断开期间放行了其他记录显示已在园内的人员；请核查"};
const struct fault_kind fault_clock_off = {
    "clock-off", "the clock of gate %s is off by more than a second; check its time service",
    "出入口 %s 的时钟偏差超过一秒；请检查授时"};
const struct fault_kind fault_key_revoked_used = {
    "gate-quarantined", "gate %s speaks with a revoked key; nothing of it is applied",
    "出入口 %s 使用已吊销的密钥；其消息一律不予受理"};
const struct fault_kind fault_admin_recovered = {
    "admin-recovered",
    "admin key %s was made on the controller's machine; if you do not know why, revoke it",
    "在控制器主机上恢复了管理员密钥 %s；如不知情，请立即吊销"};
const struct fault_kind fault_outbox_restored = {
    "outbox-restored", "the outbox of gate %s was wiped or restored; a new epoch was ordered",
    "出入口 %s 的发件箱被清空或还原；已启用新纪元"};
const struct fault_kind fault_poison = {
    "poison-event", "an event of gate %s was in work at two crashes; it is kept aside",
    "处理出入口 %s 的一条事件时两次崩溃；已隔离"};
const struct fault_kind fault_wrong_tries = {
    "wrong-tries", "lane %s: five wrong PINs, faces or drivers in a row; look who stands there",
    "通道 %s 连续五次密码、人脸或司机不符；请查看现场"};

const struct fault_kind fault_body_aside = {
    "body-aside",
    "a post of %s was not understood and is kept sealed at its gate; look at it there",
    "%s 上报的内容无法识别，已加密留存在该出入口主机；请到主机上查看"};
const struct fault_kind fault_terminal_decides = {
    "terminal-decides",
    "terminal %s decides by itself who may pass, or its settings cannot be read; correct them",
    "人脸终端 %s 自行判定放行，或其设置无法读取；请改正设置"};
const struct fault_kind fault_unasked_opening = {
    "unasked-opening", "the terminal at lane %s unlocked its door without a grant; look there",
    "通道 %s 的人脸终端未经放行自行开锁；请到现场查看"};

const struct fault_kind fault_passback_soft = {
    "passback-soft", "lane %s let somebody in who is inside already; was a badge passed back?",
    "通道 %s 放行了已在区域内的人员；请核查是否传卡"};
const struct fault_kind fault_zone_filling = {
    "zone-filling", "zone %s is filling: it has reached its first alert mark",
    "区域 %s 人数上升：已达第一预警线"};
const struct fault_kind fault_zone_nearly_full = {
    "zone-nearly-full", "zone %s is nearly full: it has reached its second alert mark",
    "区域 %s 即将满员：已达第二预警线"};
const struct fault_kind fault_zone_over = {
    "zone-over", "zone %s is over its soft limit; let people out before more go in",
    "区域 %s 超过软性上限；请先疏导再放行"};

const struct fault_kind fault_fire = {
    "fire", "board %s says fire: exits are released, entries are closed; look there, evacuate",
    "控制板 %s 报告火警：出口已释放，入口已关闭；请查看现场并组织疏散"};
const struct fault_kind fault_fire_unreached = {
    "fire-unreached", "board %s did not answer while exits were released; open its exits by hand",
    "释放出口时控制板 %s 无应答；请人工打开其出口"};
const struct fault_kind fault_emergency_unrecorded = {
    "emergency-unrecorded",
    "gate %s was told of an emergency that is not on record: its exits may be held open, its "
    "entries "
    "closed; when nothing burns: parkgate emergency end",
    "大门 %s 收到过未入记录的紧急状态：其出口可能常开、入口关闭；确认安全后执行 parkgate emergency "
    "end"};
const struct fault_kind fault_outbox_full = {
    "outbox-full",
    "the outbox of gate %s is full, or nearly, of events that were not answered; full, it lets "
    "nobody in",
    "出入口 %s 的发件箱即将或已经装满未应答事件；装满后该处禁止进入"};
const struct fault_kind fault_store_short = {
    "store-short",
    "the controller's disk is nearly full%s: what adds to the park or to rights is refused, gates' "
    "events go on; free disk space before the rest is used up",
    "控制器磁盘即将用尽%s：拒绝新增与授权，各出入口事件继续记录；请在余量用尽前释放磁盘空间"};
const struct fault_kind fault_outbox_gap = {
    "outbox-gap",
    "events of gate %s are missing here, and it has none of them left to send; was this controller "
    "restored? see: parkgate recover",
    "缺少出入口 %s 的部分事件，而其已无待发事件；控制器是否经过还原？请看：parkgate recover"};
const struct fault_kind fault_unrecorded = {
    "unrecorded", "the outbox of gate %s was full: openings were counted, not recorded one by one",
    "出入口 %s 的发件箱曾装满：期间的开启只计数，未逐条记录"};
const struct fault_kind fault_clock_jumped = {
    "clock-jumped", "the clock of gate %s jumped by more than a second; check its time service",
    "出入口 %s 的时钟跳变超过一秒；请检查授时"};
const struct fault_kind fault_controller_clock = {
    "controller-clock",
    "the controller's own clock stands before what it has recorded%s: schedules and validity go by "
    "it; set it, and check its time service",
    "控制器自身的时钟早于其已有记录%s：时段与有效期均以它为准；请校时并检查授时"};
const struct fault_kind fault_clock_untrusted = {
    "clock-untrusted",
    "the clock of gate %s is off by more than five seconds: its times are not to be trusted",
    "出入口 %s 的时钟偏差超过五秒：其时间不可信"};
const struct fault_kind fault_gate_clock_unknown = {
    "gate-clock-unknown",
    "gate %s does not trust its clock: alone it would let in nobody but cards that prove "
    "themselves",
    "出入口 %s 不信任自己的时钟：离线时仅加密卡可入"};
const struct fault_kind fault_recovering = {
    "recovering",
    "the controller was restored from a backup and gives no verdicts until its gates were asked; "
    "gates decide alone: parkgate recover%s",
    "控制器已从备份还原，在向各出入口取回记录之前不作判定；各出入口自行判定：parkgate recover%s"};

const struct fault_kind fault_credential_damaged = {
    "credential-damaged",
    "the record of credential %s is damaged: gates that are alone do not know it; take it back and "
    "give it anew",
    "凭证 %s 的记录已损坏：离线时各出入口无法识别；请收回后重新发放"};
const struct fault_kind fault_copy_behind = {
    "copy-behind",
    "gate %s is heard, and its copy of the roster is behind for over a minute: alone it would not "
    "know what is new",
    "出入口 %s 在线，但其名册副本落后超过一分钟：离线时将不知最新变更"};

const struct fault_kind fault_gate_floods = {
    "gate-floods",
    "gate %s sends more that is refused than a box that is well would; it waits: look at the box, "
    "or "
    "revoke its key",
    "出入口 %s 发来的被拒内容过多，已限速；请检查该主机，必要时吊销其密钥"};

const struct fault_kind fault_two_boxes = {
    "two-boxes",
    "two boxes speak with the key of gate %s: one of them is not its own; find the other one, and "
    "enrol the gate anew: parkgate agent enroll",
    "有两台主机使用出入口 %s 的密钥，其中一台并非其本机；请找出另一台并重新注册：parkgate agent "
    "enroll"};

const struct fault_kind fault_recall_lost = {
    "recall-lost",
    "gate %s keeps events that nobody can read, and the recovery went on without them: parkgate "
    "recover show",
    "出入口 %s 留存的部分事件无法读取，恢复未能取回：parkgate recover show"};
const struct fault_kind fault_not_ordered = {
    "not-ordered",
    "the gate of lane %s says that staff opened it, and nobody ordered that; look at the lane, and "
    "at "
    "the gate's box",
    "通道 %s 的出入口主机称由值守人员开启，但无人下达该命令；请查看现场和该主机"};
const struct fault_kind fault_faces_many = {
    "faces-many",
    "many persons of the %s have a face: at 100,000 it must be filed with the authority; parkgate "
    "face "
    "count",
    "登记人脸的人数接近或达到 10 万（%s）：须向网信部门备案；请看：parkgate face count"};
const struct fault_kind fault_watch_stale = {
    "watch-list-stale",
    "the watch list of authority %s was not refreshed within the agreed time; call the station",
    "机关 %s 的布控名单未在约定时间内更新；请联系该机关"};
const struct fault_kind fault_erasure_waits = {
    "erasure-waits",
    "an erased person's key is still in the file of the %s after an hour: see the log for "
    "erasure_again, make room on the disk, end what job runs",
    "删除个人信息已超过一小时，其密钥仍在 %s 文件中：请查看日志 erasure_again，腾出磁盘空间，结束占用的作业"};
const struct fault_kind fault_checkpoint_failed = {
    "checkpoint-failed",
    "a checkpoint of the %s was due and cannot be made; the controller's log says why "
    "(checkpoint_failed): parkgate journal verify",
    "检查点（%s）到期未能建立；控制器日志 checkpoint_failed 载明原因：parkgate journal verify"};
const struct fault_kind fault_export_overdue = {
    "export-overdue",
    "files that left are past their day and nobody said that they are deleted (%s of exports): "
    "parkgate retention exports",
    "导出登记（%s）中有文件已过保存期限且无人确认已删除：parkgate retention exports"};
const struct fault_kind fault_watch_pushes = {
    "watch-pushes",
    "authority %s began more bundles today than it may; more are refused until tomorrow: call the "
    "station",
    "机关 %s 今日推送的布控批次已达上限，明日之前不再受理；请联系该机关"};
const struct fault_kind fault_quarantine_full = {
    "quarantine-full",
    "so many events of gate %s were refused that no more are kept here; the gate keeps them: look "
    "at "
    "its box, or revoke its key",
    "出入口 %s "
    "被拒收的事件已达留存上限，新的只计数，原文留在该主机；请检查该主机，必要时吊销其密钥"};

const struct fault_kind fault_audit_break = {
    "audit-break",
    "the journal is not what was anchored of it: run parkgate audit verify; keep the disk and the "
    "gates' "
    "anchors as they are",
    "日志与已存证的日志头不符：请运行 parkgate audit verify，并保持磁盘及各出入口存证文件原样"};
const struct fault_kind fault_sign_key_changed = {
    "sign-key-changed",
    "the park signs with a new key that the one before did not vouch for; if you do not know why, "
    "compare "
    "it with the one that you noted: parkgate audit head",
    "园区启用了未经原密钥担保的新签名密钥；如不知情，请用 parkgate audit head 与留存的密钥核对"};

enum { FAULT_ID_SIZE = 160, FAULT_SENTENCE_SIZE = 320 };

static void id_of(char out[FAULT_ID_SIZE], const struct fault_kind *kind, const char *about)
{
    (void)snprintf(out, FAULT_ID_SIZE, "%s:%s", kind->word, about);
}

/* The one %s of a sentence; the patterns are ours, so this never meets another. */
static void sentence(char out[FAULT_SENTENCE_SIZE], const char *pattern, const char *about)
{
    const char *gap = pattern;
    while (gap[0] != '\0' && !(gap[0] == '%' && gap[1] == 's')) {
        gap++;
    }
    (void)snprintf(out, FAULT_SENTENCE_SIZE, "%.*s%s%s", (int)(gap - pattern), pattern, about,
                   gap[0] == '\0' ? "" : gap + 2);
}

static enum err find_open(struct controller *ctl, const char *id, ProtobufCMessage **ret,
                          struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_text(&key, id);
    *ret = NULL;
    enum err err = store_get_message(ctl->txn, TABLE_FAULT, keybuf_view(&key),
                                     &parkgate__fault_record__descriptor, ret, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Its alert by the same entry: raised or counted, or its cause has ended. */
static enum err record_with_alert(struct controller *ctl, const Parkgate__FaultRecord *body,
                                  const struct alert_draft *draft, struct fault *fault)
{
    uint8_t packed[ALERT_ENTRY_MAX];
    Parkgate__FaultRecord whole = *body;
    if (draft->made) {
        MUST(parkgate__alert_entry__get_packed_size(&draft->entry) <= sizeof(packed));
        whole.alert.len = parkgate__alert_entry__pack(&draft->entry, packed);
        whole.alert.data = packed;
        whole.alert_number = draft->record.number;
    }
    return controller_record(ctl, ENTRY_FAULT, "", &whole.base, fault);
}

static enum err record(struct controller *ctl, const struct fault_kind *kind, const char *about,
                       const char *gate, const char *lane, bool open, struct fault *fault)
{
    char id[FAULT_ID_SIZE];
    char en[FAULT_SENTENCE_SIZE];
    char zh[FAULT_SENTENCE_SIZE];
    Parkgate__FaultRecord body = PARKGATE__FAULT_RECORD__INIT;
    struct alert_news news = {.kind = alert_kind(kind->word),
                              .about = about,
                              .gate = gate,
                              .lane = lane,
                              .lasting = open};
    AUTO(alert_draft_end) struct alert_draft draft = {0};
    id_of(id, kind, about);
    sentence(en, kind->en, about);
    sentence(zh, kind->zh, about);
    body.id = id;
    body.word = field_text(kind->word);
    body.open = open;
    body.since_us = ctl->now.us;
    body.ended_us = open ? 0 : ctl->now.us;
    body.gate = field_text(gate);
    body.lane = field_text(lane);
    body.text = en;
    body.text_zh = zh;
    TRY(alert_draft_news(ctl, &news, &draft, fault));
    return record_with_alert(ctl, &body, &draft, fault);
}

enum err fault_raise(struct controller *ctl, const struct fault_kind *kind, const char *about,
                     const char *gate, const char *lane, struct fault *fault)
{
    char id[FAULT_ID_SIZE];
    ProtobufCMessage *open = NULL;
    id_of(id, kind, about);
    TRY(find_open(ctl, id, &open, fault));
    if (open != NULL) {
        store_message_destroy(&open);
        return ERR_OK;
    }
    return record(ctl, kind, about, gate, lane, true, fault);
}

enum err fault_is_open(struct controller *ctl, const struct fault_kind *kind, const char *about,
                       bool *ret, struct fault *fault)
{
    char id[FAULT_ID_SIZE];
    ProtobufCMessage *open = NULL;
    id_of(id, kind, about);
    TRY(find_open(ctl, id, &open, fault));
    *ret = open != NULL;
    store_message_destroy(&open);
    return ERR_OK;
}

/* Takes the record over. */
static enum err end_open(struct controller *ctl, ProtobufCMessage *open, struct fault *fault)
{
    Parkgate__FaultRecord *body = (void *)open;
    const char *colon = strchr(body->id, ':');
    AUTO(alert_draft_end) struct alert_draft draft = {0};
    body->open = false;
    body->ended_us = ctl->now.us;
    enum err err = alert_draft_ended(ctl, alert_kind(body->word), colon == NULL ? "" : colon + 1,
                                     &draft, fault);
    if (err == ERR_OK) {
        err = record_with_alert(ctl, body, &draft, fault);
    }
    store_message_destroy(&open);
    return err;
}

enum err fault_end(struct controller *ctl, const struct fault_kind *kind, const char *about,
                   struct fault *fault)
{
    char id[FAULT_ID_SIZE];
    ProtobufCMessage *open = NULL;
    id_of(id, kind, about);
    TRY(find_open(ctl, id, &open, fault));
    if (open == NULL) {
        return ERR_OK;
    }
    return end_open(ctl, open, fault);
}

enum err fault_note(struct controller *ctl, const struct fault_kind *kind, const char *about,
                    const char *gate, const char *lane, struct fault *fault)
{
    return record(ctl, kind, about, gate, lane, false, fault);
}

/* --- after a change of the park --- */

static bool has_gate(const struct park *park, struct name name)
{
    return park_gate(park, name) != NULL;
}

/* Of tampering a lane is told, too. */
static bool has_device(const struct park *park, struct name name)
{
    return park_reader(park, name) != NULL || park_board(park, name) != NULL ||
           park_lane(park, name) != NULL;
}

static bool has_a_board(const struct park *park, struct name name)
{
    return park_board(park, name) != NULL;
}

static bool has_lane(const struct park *park, struct name name)
{
    return park_lane(park, name) != NULL;
}

static bool has_zone(const struct park *park, struct name name)
{
    return park_zone(park, name) != NULL;
}

static bool has_asking_terminal(const struct park *park, struct name name)
{
    const struct park_reader *reader = park_reader(park, name);
    return reader != NULL && reader->control == TERMINAL_ASKS;
}

/* Whether what a fault is about is still there; kinds that do not last are not listed. */
static const struct {
    const struct fault_kind *kind;
    bool (*has)(const struct park *park, struct name name);
} lasting[] = {
    {&fault_gate_away,            has_gate           },
    {&fault_clock_off,            has_gate           },
    {&fault_clock_untrusted,      has_gate           },
    {&fault_gate_clock_unknown,   has_gate           },
    {&fault_outbox_full,          has_gate           },
    {&fault_emergency_unrecorded, has_gate           },
    {&fault_outbox_gap,           has_gate           },
    {&fault_device_down,          has_device         },
    {&fault_device_tamper,        has_device         },
    {&fault_held,                 has_lane           },
    {&fault_manual,               has_lane           },
    {&fault_blocked,              has_lane           },
    {&fault_terminal_decides,     has_asking_terminal},
    {&fault_copy_behind,          has_gate           },
    {&fault_gate_floods,          has_gate           },
    {&fault_two_boxes,            has_gate           },
    {&fault_quarantine_full,      has_gate           },
    {&fault_zone_filling,         has_zone           },
    {&fault_zone_nearly_full,     has_zone           },
    {&fault_zone_over,            has_zone           },
    {&fault_fire,                 has_a_board        },
    {&fault_fire_unreached,       has_a_board        },
};

static bool is_about_nothing(const struct park *park, const Parkgate__FaultRecord *record)
{
    struct name about;
    const char *colon = strchr(record->id, ':');
    for (size_t i = 0; colon != NULL && i < ARRAY_LEN(lasting); i++) {
        if (strcmp(record->word, lasting[i].kind->word) == 0) {
            return name_from_text(colon + 1, &about) && !lasting[i].has(park, about);
        }
    }
    return false;
}

/* The next open fault behind *at that nothing is left of; ERR_NOT_FOUND: none. */
static enum err next_about_nothing(struct controller *ctl, struct keybuf *at,
                                   ProtobufCMessage **ret, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(ctl->txn, TABLE_FAULT, keybuf_view(at), (struct bytes){0}, UINT64_MAX,
                         &iter, fault));
    for (;;) {
        TRY(store_iter_next(&iter, &key, &value, fault));
        TRY(store_unpack_message(key, value, &parkgate__fault_record__descriptor, ret, fault));
        if (is_about_nothing(ctl->park, (const void *)*ret)) {
            keybuf_begin(at);
            keybuf_bytes(at, key);
            return ERR_OK;
        }
        store_message_destroy(ret);
    }
}

enum err faults_after_change(struct controller *ctl, struct fault *fault)
{
    struct keybuf at;
    ProtobufCMessage *message = NULL;
    enum err err;
    keybuf_begin(&at);
    while ((err = next_about_nothing(ctl, &at, &message, fault)) == ERR_OK) {
        TRY(end_open(ctl, message, fault));
        message = NULL;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
