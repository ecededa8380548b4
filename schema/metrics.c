#include "schema/metrics.h"

#include <string.h>

#include "common/base/must.h"
#include "schema/limits.h"

/* A row a metric, not a column a field. */
/* clang-format off */
#define GAUGE       METRIC_GAUGE
#define TOTAL       METRIC_COUNTER
#define TIMES       METRIC_HISTOGRAM
#define PLAIN       METRIC_PLAIN
#define SECONDS     METRIC_SECONDS
#define BYTES       METRIC_BYTES
#define NO_BOUND    0, ""
#define BOUND(b)    (b), #b
#define BOUND_MS(b) (b) * 1000, #b
#define OWN(names)  0, names

/* name, type, unit, bound and its names, label, English, Chinese */
static const struct metric_spec metrics[METRIC_COUNT] = {
    /* --- any daemon --- */
    [METRIC_UPTIME] = {"parkgate_uptime_seconds", GAUGE, SECONDS, NO_BOUND, "",
        "Time since this process began to serve.", "本进程开始服务以来的时间。"},
    [METRIC_OPEN_FDS] = {"parkgate_open_fds", GAUGE, PLAIN, OWN("LIMIT_FDS_MIN"), "",
        "Descriptors that this process has open.", "本进程打开的文件描述符数。"},
    [METRIC_ANONYMOUS] = {"parkgate_anonymous_bytes", GAUGE, BYTES, NO_BOUND, "",
        "Memory of this process that is no file's.", "本进程的匿名内存。"},
    [METRIC_CPU] = {"parkgate_cpu_seconds_total", TOTAL, SECONDS, NO_BOUND, "",
        "Processor time that this process used.", "本进程使用的处理器时间。"},
    [METRIC_STORE_MAP] = {"parkgate_store_map_bytes", GAUGE, BYTES, OWN(""), "store",
        "Size of a store's map; it doubles when it is full.", "存储映射的大小；满时加倍。"},
    [METRIC_STORE_USED] = {"parkgate_store_used_bytes", GAUGE, BYTES, OWN(""), "store",
        "Bytes of a store's map that were ever used.", "存储映射中已用过的字节数。"},
    [METRIC_STORE_FREE] = {"parkgate_store_disk_free_bytes", GAUGE, BYTES, NO_BOUND, "store",
        "Room left on the disk that a store lies on.", "存储所在磁盘的剩余空间。"},
    [METRIC_STORE_READERS] = {"parkgate_store_readers", GAUGE, PLAIN, OWN(""), "store",
        "Reader slots of a store that were in use at one time, by all processes.",
        "存储的读槽曾同时占用的数量（全部进程）。"},

    /* --- the controller --- */
    [METRIC_STORE_FULL] = {"parkgate_store_full", GAUGE, PLAIN, NO_BOUND, "",
        "1 when the last commit found no room.", "上次提交无空间时为 1。"},
    [METRIC_STORE_ROWS] = {"parkgate_store_rows", GAUGE, PLAIN, NO_BOUND, "table",
        "Rows of a table.", "数据表的行数。"},
    [METRIC_JOURNAL] = {"parkgate_journal_entries_total", TOTAL, PLAIN, NO_BOUND, "",
        "Entries of the journal, but for those that tell of hits.",
        "日志条目数（不含涉及命中的条目）。"},
    [METRIC_COMMITS] = {"parkgate_commits_total", TOTAL, PLAIN, NO_BOUND, "",
        "Batches that were ended well.", "成功结束的批次数。"},
    [METRIC_INPUTS] = {"parkgate_inputs_total", TOTAL, PLAIN, NO_BOUND, "",
        "Frames that were worked off and committed.", "已处理并提交的帧数。"},
    [METRIC_BATCH_INPUTS] = {"parkgate_batch_inputs_most", GAUGE, PLAIN,
        BOUND(LIMIT_GROUP_COMMIT_ENTRIES), "",
        "Most frames of one batch since the start.", "启动以来单批最多的帧数。"},
    [METRIC_TURN] = {"parkgate_turn_seconds", TIMES, SECONDS, NO_BOUND, "",
        "Turns of the loop, their commits included.", "事件循环每轮用时（含提交）。"},
    [METRIC_TURN_WORK] = {"parkgate_turn_work_seconds", TIMES, SECONDS, NO_BOUND, "",
        "Turns of the loop without their commits.", "事件循环每轮用时（不含提交）。"},
    [METRIC_TURN_WORK_LONGEST] = {"parkgate_turn_work_longest_seconds", GAUGE, SECONDS,
        BOUND_MS(LIMIT_TURN_MS), "",
        "The longest turn without its commits since the start.",
        "启动以来最长的一轮（不含提交）。"},
    [METRIC_TURNS_LATE] = {"parkgate_turns_late_total", TOTAL, PLAIN, NO_BOUND, "",
        "Turns that were longer than their bound.", "超出上限的轮数。"},
    [METRIC_TURN_INPUTS] = {"parkgate_turn_inputs_most", GAUGE, PLAIN, OWN(""), "",
        "Most frames worked off in one turn since the start.", "启动以来单轮处理的最多帧数。"},
    [METRIC_TURN_ROWS] = {"parkgate_turn_rows_most", GAUGE, PLAIN, BOUND(LIMIT_ROWS_PER_MESSAGE), "",
        "Most rows of bulk work done in one turn since the start.",
        "启动以来单轮处理的最多批量行数。"},
    [METRIC_BULK_ROWS] = {"parkgate_bulk_rows_total", TOTAL, PLAIN, NO_BOUND, "",
        "Rows of bulk work done: imports.", "已处理的批量行数（导入）。"},
    [METRIC_INSIDE] = {"parkgate_inside_seconds", TIMES, SECONDS, NO_BOUND, "",
        "From a frame in our hands to its verdict in the socket's.",
        "从收到帧到判定交给套接字的用时。"},
    [METRIC_INSIDE_QUANTILE] = {"parkgate_inside_quantile_seconds", GAUGE, SECONDS, NO_BOUND,
        "quantile", "The same since the start: half, and 99 of 100, took no longer.",
        "同上，启动以来的分位数。"},
    [METRIC_COMMIT] = {"parkgate_commit_seconds", TIMES, SECONDS, NO_BOUND, "",
        "Durable commits, two syncs of the disk each.", "持久提交的用时（每次两次同步）。"},
    [METRIC_COMMIT_QUANTILE] = {"parkgate_commit_quantile_seconds", GAUGE, SECONDS, NO_BOUND,
        "quantile", "The same since the start: half, and 99 of 100, took no longer.",
        "同上，启动以来的分位数。"},
    [METRIC_FRAMES_REFUSED] = {"parkgate_frames_refused_total", TOTAL, PLAIN, NO_BOUND, "",
        "Frames that made no sense, or of a key that is not known.", "无法识别或密钥未知的帧数。"},
    [METRIC_AGENTS] = {"parkgate_agents", GAUGE, PLAIN, BOUND(LIMIT_AGENTS), "",
        "Gates' boxes that said HELLO.", "已握手的出入口代理数。"},
    [METRIC_WAITERS] = {"parkgate_operators_waiting", GAUGE, PLAIN, BOUND(LIMIT_OPERATORS), "",
        "Operators that follow events or wait for a job.", "等待事件或任务的操作员数。"},
    [METRIC_JOBS] = {"parkgate_jobs", GAUGE, PLAIN, OWN(""), "",
        "Jobs that run: verify, recount, backup.", "运行中的任务数：校验、重算、备份。"},
    [METRIC_OPEN_FAULTS] = {"parkgate_open_faults", GAUGE, PLAIN, NO_BOUND, "",
        "Faults whose cause has not ended.", "未结故障数。"},
    [METRIC_QUARANTINE] = {"parkgate_quarantine_rows", GAUGE, PLAIN, NO_BOUND, "",
        "Events that were refused for good and kept.", "永久拒绝并保留的事件数。"},
    [METRIC_NAMES] = {"parkgate_names_shown_today", GAUGE, PLAIN, BOUND(LIMIT_NAMES_PER_DAY), "",
        "Names shown today to the key that saw most.", "今日查看姓名最多的密钥所见的姓名数。"},
    [METRIC_FACE_PERSONS] = {"parkgate_face_persons", GAUGE, PLAIN, BOUND(LIMIT_FACE_PERSONS), "",
        "Persons with a face attached.", "登记人脸的人数。"},
    [METRIC_APPROVALS] = {"parkgate_approvals_waiting", GAUGE, PLAIN,
        BOUND(LIMIT_APPROVALS_WAITING), "",
        "Requests that wait for a second person.", "等待第二人批准的请求数。"},
    [METRIC_IMPORTS] = {"parkgate_imports_open", GAUGE, PLAIN, NO_BOUND, "",
        "Imports that are begun and not closed.", "未关闭的导入数。"},
    [METRIC_IMPORT_ROWS] = {"parkgate_import_rows", GAUGE, PLAIN, BOUND(LIMIT_IMPORT_ROWS), "",
        "Rows so far of the largest open import.", "最大的未关闭导入的当前行数。"},
    [METRIC_COPY_PARTS] = {"parkgate_copy_parts_total", TOTAL, PLAIN, NO_BOUND, "",
        "Parts of copies that were sent to gates.", "已发给出入口的副本分段数。"},
    [METRIC_COPY_BYTES] = {"parkgate_copy_sent_bytes_total", TOTAL, BYTES, NO_BOUND, "",
        "What those took on the wire.", "副本分段的字节数。"},
    [METRIC_COPY_ROWS] = {"parkgate_copy_rows_read_total", TOTAL, PLAIN, NO_BOUND, "",
        "Rows read for them; gates that stand together share one reading.",
        "为副本读取的行数；位置相近的出入口共用一次读取。"},
    [METRIC_COPY_SNAPSHOTS] = {"parkgate_copy_snapshots_total", TOTAL, PLAIN, NO_BOUND, "",
        "Copies that were begun anew.", "从头开始的副本数。"},
    [METRIC_COPY_DROPPED] = {"parkgate_copy_dropped_total", TOTAL, PLAIN, NO_BOUND, "",
        "Deliveries that were given up: the gate did not answer, or could not take it.",
        "放弃的副本投递：出入口未应答或无法接收。"},
    [METRIC_PARK_ROWS] = {"parkgate_park_rows", GAUGE, PLAIN,
        OWN("LIMIT_ZONES LIMIT_GATES LIMIT_LANES LIMIT_READERS LIMIT_BOARDS LIMIT_TENANTS "
            "LIMIT_SHIFTS LIMIT_SCHEDULES LIMIT_HOLIDAYS LIMIT_PASSBACKS "
            "LIMIT_CLEARANCES"), "kind",
        "Things of a kind that the park has.", "园区中某类对象的数量。"},
    [METRIC_SCHEDULE_WINDOWS] = {"parkgate_schedule_windows", GAUGE, PLAIN,
        BOUND(LIMIT_WINDOWS_PER_SCHEDULE), "",
        "Windows of the schedule that has most.", "时段最多的时间表的时段数。"},
    [METRIC_TENANT_ZONES] = {"parkgate_tenant_zones", GAUGE, PLAIN,
        BOUND(LIMIT_ZONES_PER_TENANT), "",
        "Zones of the tenant that has most.", "区域最多的租户的区域数。"},
    [METRIC_ZONE_PERSONS] = {"parkgate_zone_persons", GAUGE, PLAIN, OWN(""), "zone",
        "Persons in a zone now, beside its capacity.", "区域内当前人数；上限为其容量。"},
    [METRIC_ZONE_CROWD] = {"parkgate_zone_entries_last_minute", GAUGE, PLAIN, OWN(""), "zone",
        "Persons who entered a zone within a minute, beside its crowd limit.",
        "一分钟内进入区域的人数；上限为其限流值。"},
    [METRIC_GATE_ONLINE] = {"parkgate_gate_online", GAUGE, PLAIN, NO_BOUND, "gate",
        "1 when a gate's box is heard.", "出入口代理在线为 1。"},
    [METRIC_GATE_SILENCE] = {"parkgate_gate_silence_seconds", GAUGE, SECONDS,
        BOUND_MS(LIMIT_SILENCE_MS), "gate",
        "Time since a gate's box was last heard.", "距上次收到出入口代理消息的时间。"},
    [METRIC_GATE_OFFSET] = {"parkgate_gate_clock_offset_seconds", GAUGE, SECONDS,
        BOUND_MS(LIMIT_CLOCK_ALARM_MS), "gate",
        "A gate's clock minus ours; its bound holds either way.",
        "出入口时钟减本机时钟；上限正负皆适用。"},
    [METRIC_GATE_OUTBOX] = {"parkgate_gate_outbox_events", GAUGE, PLAIN, NO_BOUND, "gate",
        "Events that wait in a gate's outbox, as its box said last.",
        "出入口待发队列中的事件数（代理最近所报）。"},
    [METRIC_GATE_COPY_LAG] = {"parkgate_gate_copy_lag_entries", GAUGE, PLAIN,
        BOUND(LIMIT_CHANGES_KEPT), "gate",
        "Journal entries that a gate's copy is behind; 0 of gates that keep none.",
        "出入口副本落后的日志条数；无副本的出入口为 0。"},
    [METRIC_GATE_DEVICES] = {"parkgate_gate_devices", GAUGE, PLAIN, NO_BOUND, "gate,state",
        "A gate's readers and boards, by state.", "出入口的读头与控制板数（按状态）。"},

    /* --- a gate's box --- */
    [METRIC_AGENT_LINK_UP] = {"parkgate_agent_link_up", GAUGE, PLAIN, NO_BOUND, "",
        "1 when the controller has welcomed this box and is heard.", "控制器已接纳并在线为 1。"},
    [METRIC_AGENT_ALONE] = {"parkgate_agent_alone", GAUGE, PLAIN, NO_BOUND, "",
        "1 while this gate decides by itself.", "出入口独立判定期间为 1。"},
    [METRIC_AGENT_SILENCE] = {"parkgate_agent_controller_silence_seconds", GAUGE, SECONDS,
        BOUND_MS(LIMIT_SILENCE_MS), "",
        "Time since the controller was last heard.", "距上次收到控制器消息的时间。"},
    [METRIC_AGENT_MISSED_IN_ROW] = {"parkgate_agent_missed_in_row", GAUGE, PLAIN,
        BOUND(LIMIT_MISSED_DEADLINES), "",
        "Verdicts in a row that did not come in time.", "连续未按时到达的判定数。"},
    [METRIC_AGENT_MISSED] = {"parkgate_agent_verdicts_missed_total", TOTAL, PLAIN, NO_BOUND, "",
        "Verdicts that did not come in time.", "未按时到达的判定数。"},
    [METRIC_AGENT_ANSWER] = {"parkgate_agent_answer_seconds", TIMES, SECONDS, NO_BOUND, "",
        "From an event sent to its verdict, of those that came in time.",
        "从发送事件到收到判定的用时（仅按时到达的）。"},
    [METRIC_AGENT_ANSWER_LONGEST] = {"parkgate_agent_answer_longest_seconds", GAUGE, SECONDS,
        BOUND_MS(LIMIT_ANSWER_MS), "",
        "The longest of these since the start.", "上述用时自启动以来的最大值。"},
    [METRIC_AGENT_PRESENTATIONS] = {"parkgate_agent_presentations", GAUGE, PLAIN, OWN(""), "",
        "Reads under way between their event and their lane.", "处理中的识读数。"},
    [METRIC_AGENT_OUTBOX] = {"parkgate_agent_outbox_events", GAUGE, PLAIN, NO_BOUND, "",
        "Events that the controller has not answered.", "控制器尚未答复的事件数。"},
    [METRIC_AGENT_IN_FLIGHT] = {"parkgate_agent_outbox_in_flight", GAUGE, PLAIN, OWN(""), "",
        "Events of the backlog that are sent and not answered.", "已补发而未答复的积压事件数。"},
    [METRIC_AGENT_QUARANTINE] = {"parkgate_agent_quarantine_rows", GAUGE, PLAIN, NO_BOUND, "",
        "Events that the controller refused for good.", "控制器永久拒绝的事件数。"},
    [METRIC_AGENT_LATE] = {"parkgate_agent_late_events", GAUGE, PLAIN, OWN(""), "",
        "Exits that opened and could not be written yet.", "已开启而尚未写入的离场事件数。"},
    [METRIC_AGENT_ASIDE] = {"parkgate_agent_aside_bodies", GAUGE, PLAIN, BOUND(LIMIT_ASIDE_COUNT), "",
        "Bodies of devices that nobody understood, put aside.", "搁置的无法识别的设备报文数。"},
    [METRIC_AGENT_ASIDE_BYTES] = {"parkgate_agent_aside_bytes", GAUGE, BYTES,
        BOUND(LIMIT_ASIDE_TOTAL_BYTES), "",
        "Bytes of these bodies.", "上述报文的字节数。"},
    [METRIC_AGENT_CONNECTIONS] = {"parkgate_agent_http_connections", GAUGE, PLAIN,
        BOUND(LIMIT_HTTP_CONNECTIONS), "",
        "Connections of devices to the fuller of this box's ports.",
        "设备到本机较忙端口的连接数。"},
    [METRIC_AGENT_DEVICE_UP] = {"parkgate_agent_device_up", GAUGE, PLAIN, NO_BOUND, "device",
        "1 when a reader or board works.", "读头或控制板正常为 1。"},
    [METRIC_AGENT_DEVICE_OFFSET] = {"parkgate_agent_device_offset_seconds", GAUGE, SECONDS, NO_BOUND,
        "device",
        "What must be added to a device's time, where that is measured.",
        "设备时间须加的修正量（已测得的设备）。"},
};

static const struct metric_unshown unshown[] = {
    {"LIMIT_FRAME_BYTES", "each frame by itself; a larger one ends its connection"},
    {"LIMIT_CELLS_PER_REPLY", "each reply by itself; what does not fit comes as a next page"},
    {"LIMIT_ARGS_PER_REQUEST", "each request by itself; more are refused at once"},
    {"LIMIT_ARG_BYTES", "each request by itself; a longer one is refused at once"},
    {"LIMIT_ROW_BYTES", "each request by itself; a longer one is refused at once"},
    {"LIMIT_SEQS_PER_ACK", "each acknowledgement by itself; a batch is smaller"},
    {"LIMIT_SUBJECTS_PER_MESSAGE", "each message by itself; the rest is told after it"},
    {"LIMIT_EVENT_BYTES", "each event by itself; a larger one goes to quarantine, which is shown"},
    {"LIMIT_CREDENTIAL_BYTES", "each credential by itself; a longer one is refused at once"},
    {"LIMIT_TEXT_BYTES", "each text by itself; a longer one is refused at once"},
    {"LIMIT_DEVICE_EVENT_BYTES", "each event by itself; a longer id is refused at once"},
    {"LIMIT_DESK_IDLE_S", "at the desk, not at the controller; parkgate desk show tells it"},
    {"LIMIT_DESK_S", "at the desk, not at the controller; parkgate desk show tells it"},
    {"LIMIT_CLEARANCES_PER_ZONE", "each zone by itself; apply refuses more"},
    {"LIMIT_ASSIGNMENTS_PER_PERSON", "each person by itself; a gauge would name one"},
    {"LIMIT_LIVE_S", "a window, not a level"},
    {"LIMIT_LANE_HOUR_S", "a window, not a level"},
    {"LIMIT_AGE_MIN", "each person by itself; who is younger is refused at once"},
    {"LIMIT_FACE_PERSONS_WARN", "a fault tells it: faces-many"},
    {"LIMIT_JOURNAL_DAYS", "a term, not a level"},
    {"LIMIT_CHECKPOINT_DAYS", "a term, not a level; parkgate audit checkpoints shows the newest"},
    {"LIMIT_BACKUP_KEYS_DAYS", "a lifetime, not a level; parkgate retention show tells it"},
    {"LIMIT_NAMES_PER_LOOKUP", "each call by itself; more are refused at once"},
    {"LIMIT_DISCLOSE_PERSONS", "each document by itself; more are refused at once"},
    {"LIMIT_DISCLOSE_DAYS", "each request by itself; a longer one is refused at once"},
    {"LIMIT_DISCLOSE_SILENT_DAYS", "each request by itself; a longer one is refused at once"},
    {"LIMIT_DISCLOSE_FILE_DAYS", "a lifetime, not a level; disclose list shows its end"},
    {"LIMIT_COMMAND_MS", "a lifetime, not a level; an expired command opens nothing"},
    {"LIMIT_COMMANDS_KEPT", "the newest of each gate; older ones are dropped"},
    {"LIMIT_QUARANTINE_ROWS", "each gate by itself; the sum is shown, a fault names the gate"},
    {"LIMIT_GROUP_COMMIT_MS", "a target that the loop keeps; commit and turn times are shown"},
    {"LIMIT_HEARTBEAT_MS", "a period; silence is shown"},
    {"LIMIT_READER_DOWN_MS", "a promise of the agent's helpers; devices by state are shown"},
    {"LIMIT_BUTTON_MS", "a threshold inside parkgate-board; a late opening is a fault"},
    {"LIMIT_ENROL_CODE_S", "a lifetime, not a level"},
    {"LIMIT_ENROL_TRIES", "each code by itself; it is void after them"},
    {"LIMIT_FOLLOW_MS", "a lifetime, not a level; those who wait are shown"},
    {"LIMIT_HTTP_BODY_BYTES", "each post of a device by itself; a larger one is answered 413"},
    {"LIMIT_HTTP_TEXT_BYTES", "each post of a device by itself; a larger one is answered 413"},
    {"LIMIT_HELPERS_PER_AGENT", "the park file's readers and boards of a gate"},
    {"LIMIT_DEVICE_ID_BYTES", "each device by itself; a longer one is refused at once"},
    {"LIMIT_REPLY_MS", "a lifetime, not a level"},
    {"LIMIT_ASIDE_BYTES", "each body by itself; what is longer is cut"},
    {"LIMIT_BAN_MONTHS", "each ban by itself; a longer one is refused at once"},
    {"LIMIT_APPROVAL_S", "a lifetime, not a level"},
    {"LIMIT_DISPOSITIONS_OPEN", "a peer over it is told to come again; disposition list shows them"},
    {"LIMIT_WATCH_CHUNK_BYTES", "each chunk by itself; a larger one is refused with its bundle"},
    {"LIMIT_WATCH_CHUNKS", "each bundle by itself; more are refused at once"},
    {"LIMIT_WATCH_CHANGES_PER_CHUNK", "each chunk by itself; more are refused with its bundle"},
    {"LIMIT_WATCH_CHANGES", "each bundle by itself; more are refused at once"},
    {"LIMIT_WATCH_ENTRY_BYTES", "each entry by itself; a longer one is refused with its bundle"},
    {"LIMIT_WATCH_ID_BYTES", "each entry by itself; a longer id is refused with its bundle"},
    {"LIMIT_WATCH_NAME_BYTES", "each entry by itself; a longer text is refused with its bundle"},
    {"LIMIT_WATCH_BASIS_BYTES", "each entry by itself; a longer text is refused with its bundle"},
    {"LIMIT_WATCH_PERSONS", "each authority by itself; parkgate authority list shows its number"},
    {"LIMIT_WATCH_VEHICLES", "parkgate authority list shows the number of each authority"},
    {"LIMIT_WATCH_PERSON_DAYS", "a term, not a level"},
    {"LIMIT_WATCH_PERSON_DAYS_DEFAULT", "a term, not a level"},
    {"LIMIT_WATCH_VEHICLE_DAYS", "a term, not a level"},
    {"LIMIT_WATCH_AHEAD_DAYS", "a term, not a level"},
    {"LIMIT_WATCH_BUNDLE_S", "a lifetime, not a level"},
    {"LIMIT_WATCH_EARLY_S", "a tolerance, not a level"},
    {"LIMIT_AUTHORITIES", "authorities are few; parkgate authority list shows them, one more is refused"},
    {"LIMIT_WATCH_BUNDLES_DAY", "an alert tells it: watch-pushes"},
    {"LIMIT_WATCH_OPEN_S", "a lifetime, not a level"},
    {"LIMIT_WATCH_KEPT_DAYS", "a term, not a level"},
    {"LIMIT_WATCH_TERMS_DAYS", "a term, not a level"},
    {"LIMIT_WATCH_RENEWALS", "each entry by itself; one more is refused with its bundle"},
    {"LIMIT_WATCH_REFRESH_HOURS", "a term, not a level"},
    {"LIMIT_WATCH_SWEEP_ROWS", "a slice's size, not a level"},
    {"LIMIT_DESFIRE_MS", "each card's proof by itself; a slower one is refused and recorded"},
    {"LIMIT_EXCHANGE_MS", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_DRIVERS_PER_VEHICLE", "each vehicle by itself; more are refused at once"},
    {"LIMIT_BOOKINGS_PER_VEHICLE", "each vehicle by itself; more are refused at once"},
    {"LIMIT_VISITS_PER_PERSON", "each visitor by itself; more are refused at once"},
    {"LIMIT_VISIT_DAYS", "each booking or visit by itself; a longer one is refused at once"},
    {"LIMIT_PAIR_MS", "a window, not a level"},
    {"LIMIT_ANSWER_MS_MIN", "a bound of the park file; parkgate apply refuses less"},
    {"LIMIT_ANSWER_MS_MAX", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_PAIR_MS_MIN", "a bound of the park file; parkgate apply refuses less"},
    {"LIMIT_PAIR_MS_MAX", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_WRONG_SECONDS", "each read by itself; then it waits no longer"},
    {"LIMIT_WRONG_AT_LANE", "a fault tells it: wrong-tries"},
    {"LIMIT_COPY_ROWS_PER_PART", "each part by itself; more are refused before they are unpacked"},
    {"LIMIT_RECALL_ITEM_BYTES", "each item of an answer by itself; what is larger is logged"},
    {"LIMIT_RECALL_EVENTS", "each answer of a gate by itself; recover show tells how far it is"},
    {"LIMIT_CLOCK_UNTRUSTED_MS", "a threshold; each gate's offset is shown"},
    {"LIMIT_LEASE_HOURS", "a lifetime, not a level; agent list shows what is left"},
    {"LIMIT_LEASE_HOURS_MAX", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_LEASE_RISK_HOURS", "a lifetime, not a level; agent list shows what is left"},
    {"LIMIT_COPY_CHECK_MS", "a period, not a level"},
    {"LIMIT_OUTBOX_EVENTS", "each gate by itself; agent list shows how full its outbox is"},
    {"LIMIT_OUTBOX_DAYS", "a lifetime, not a level"},
    {"LIMIT_OUTBOX_RESERVE", "each gate by itself, above its outbox's bound: the fault outbox-full"},
    {"LIMIT_COPY_OWN_EVENTS", "each gate by itself; events on the way are shown"},
    {"LIMIT_FIRE_MS", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_FIRE_UNIT_MS", "a waiting time inside parkgate-board"},
    {"LIMIT_ALERTS_OPEN", "an alert tells it: alert-flood; a count would show who is looked for"},
    {"LIMIT_ALERTS_URGENT", "an alert tells it: alert-flood; a count would show who is looked for"},
    {"LIMIT_ALERT_NEWS", "the newest; older ones are dropped, and a receiver is told so"},
    {"LIMIT_ALERT_RULES", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_ALERT_TELL", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_ALERT_S_MAX", "a bound of the park file; parkgate apply refuses more"},
    {"LIMIT_ALERT_ACKNOWLEDGE_S", "a time for a person; when it passes the alert escalates"},
    {"LIMIT_ALERT_DISPATCH_S", "a time for a person; when it passes the alert escalates"},
    {"LIMIT_ALERT_DECIDE_S", "a time for a person; when it passes the alert escalates"},
    {"LIMIT_ALERT_REACTIVATE_S", "a waiting time, not a level"},
    {"LIMIT_CANDIDATES_OPEN", "an alert tells it: alert-flood; a count would show who is looked for"},
    {"LIMIT_CANDIDATE_S", "a lifetime, not a level"},
};
/* clang-format on */

const struct metric_spec *metric_table(void)
{
    return metrics;
}

/* Is `name` a sample's name of the histogram `base`? */
static bool is_sample_of(const char *name, const struct metric_spec *base)
{
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    size_t size = strlen(base->name);
    if (base->type != METRIC_HISTOGRAM || strncmp(name, base->name, size) != 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (strcmp(name + size, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

const struct metric_spec *metric_find(const char *name)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(metrics[i].name, name) == 0 || is_sample_of(name, &metrics[i])) {
            return &metrics[i];
        }
    }
    return NULL;
}

const struct metric_unshown *metric_unshown_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(unshown);
    return unshown;
}
