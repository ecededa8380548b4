#include "controller/app/retention.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "controller/app/batch.h"
#include "controller/app/faces.h"
#include "controller/app/retention_parts.h"
#include "controller/store/hold_store.h"
#include "controller/store/retention_store.h"
#include "schema/kinds.h"

const struct retention_spec retention_specs[RETAIN_COUNT] = {
    [RETAIN_PASSAGES] = {"passages",     180,  180,  365,  false,
                         "passages and reads of persons (floor: GB 50396 5.2.2)",                      "人员通行与识读记录（下限依据 GB 50396 第 5.2.2 条）"                                        },
    [RETAIN_ATTENDANCE] =
        {"attendance",   180,  180,  1825, true,
                         "attendance: handle, tenant, day, first in, last out; longer than "
         "passages only with a basis",                                                                 "考勤：代号、租户、日期、首次进入、最后离开；超过通行记录期限须有法律依据"},
    [RETAIN_FACES] = {"faces",        0,    1,    30,   false,
                         "faces of day workers, drivers and visitors, after the last shift or visit",
                         "日结工、司机和访客的人脸：最后一个班次或来访之后"                                                                                                                  },
    [RETAIN_PERSONS] = {"persons",      0,    180,  365,  false,
                         "who works here no more: erased so long after the last shift, visit or "
                        "passage",                                                                     "不再在园工作的人员：最后班次、来访或通行之后予以删除"                              },
    [RETAIN_EXPECTED] = {"expected",     0,    180,  365,  false, "bookings and visits that are over",
                         "已结束的预约和来访"                                                                                                                                                               },
    [RETAIN_QUARANTINE] = {"quarantine",   1,    30,   90,   false, "events that were refused",
                         "被拒收的事件"                                                                                                                                                                        },
    [RETAIN_DAY_KEYS] = {"day-keys",     1,    30,   30,   false,
                         "the keys of reads that nobody's credential matches",                         "无人匹配的识读的当日密钥"                                                                        },
    [RETAIN_LOOKUPS] = {"lookups",      1095, 1095, 1825, false,
                         "sums of look-ups by key and day (floor: PIPL 56, 3 years)",                  "按密钥和日期的查询计数（下限依据个人信息保护法第 56 条，3 年）"                  },
    [RETAIN_DISCLOSURES] = {"disclosures",  1095, 1095, 1825, false,
                         "the log of what was handed out (floor: Data Regulation 12, 3 years)",        "对外提供记录（下限依据网络数据安全管理条例第 12 条，3 年）"                        },
    [RETAIN_ALERTS] = {"alerts",       180,  180,  1095, true,
                         "closed alerts and their steps; figures of months and years stay",            "已关闭的告警及其处置步骤；按月、按年的统计保留"                                       },
    [RETAIN_HITS] = {"hits",         180,  180,  1095, true,
                         "hits of the watch list; an entry's days end 31 days after them, or with it",
                         "布控命中；每条布控的逐日计数最多保留 31 天，并随布控结束而删除"                                                                                               },
    [RETAIN_CANDIDATES] = {"candidates",   1,    1,    1,    false,
                         "keys that candidates left; a candidate itself ends in 10 minutes",           "候选命中遗留的密钥；候选本身 10 分钟内结束"                                               },
    [RETAIN_DISPOSITIONS] = {"dispositions", 180,  180,  1095, true,
                         "dispositions of view libraries that are over, their notifications",          "已结束的视图库布控请求及其通知"                                                               },
    [RETAIN_EXPORTS] = {"exports",      1,    30,   365,  false,
                         "files that were taken away: to be deleted by hand so long after",            "被取走的文件：须在此期限内由人工删除"},
};

enum err retention_days(struct controller *ctl, enum retention_class class, uint32_t *ret_days,
                        bool *ret_basis, struct fault *fault)
{
    Parkgate__RetentionRecord *record = NULL;
    TRY(retention_get(ctl->txn, retention_specs[class].name, &record, fault));
    *ret_days = record->days != 0 ? record->days : retention_specs[class].normal;
    if (ret_basis != NULL) {
        *ret_basis = record->basis[0] != '\0';
    }
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* --- one slice --- */

bool slice_is_full(const struct slice *s)
{
    return s->looked >= RETENTION_ROWS || s->count + SLICE_STEP_ROWS > RETENTION_ROWS ||
           s->used + 4096 > sizeof(s->bytes);
}

void slice_remove(struct slice *s, enum table table, struct bytes key,
                  const ProtobufCMessage *instead)
{
    uint8_t value[2048];
    Parkgate__RetentionRow row = PARKGATE__RETENTION_ROW__INIT;
    row.table = (uint32_t)table;
    row.key = field_of(key);
    if (instead != NULL) {
        size_t size = protobuf_c_message_get_packed_size(instead);
        MUST(size > 0 && size <= sizeof(value));
        (void)protobuf_c_message_pack(instead, value);
        row.value = field_of((struct bytes){.data = value, .size = size});
    }
    size_t size = parkgate__retention_row__get_packed_size(&row);
    s->notes += table == TABLE_HELD_READ;
    MUST(s->count < RETENTION_ROWS && s->used + size <= sizeof(s->bytes));
    s->rows[s->count++] = (ProtobufCBinaryData){.data = s->bytes + s->used, .len = size};
    s->used += parkgate__retention_row__pack(&row, s->bytes + s->used);
}

void slice_resume(struct slice *s, struct bytes key)
{
    struct keybuf *next = &s->ctl->retaining.next_key;
    keybuf_begin(next);
    keybuf_bytes(next, key);
    s->ctl->retaining.more = true;
}

enum err slice_walk(struct slice *s, enum table table, struct store_iter *iter, struct fault *fault)
{
    return store_iter_range(s->ctl->txn, table, keybuf_view(&s->ctl->retaining.key),
                            (struct bytes){0}, UINT64_MAX, iter, fault);
}

bool slice_passes_over(enum err err, enum table table, const struct fault *what)
{
    if (err == ERR_CORRUPT) {
        log_error("store_row_damaged", LOG_TEXT("table", table_names[table]),
                  LOG_TEXT("what", what->what));
    }
    return err == ERR_CORRUPT;
}

enum err slice_read(enum table table, struct bytes key, struct bytes value,
                    const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret,
                    struct fault *fault)
{
    *ret = NULL;
    enum err err = store_unpack_message(key, value, descriptor, ret, fault);
    return slice_passes_over(err, table, fault) ? ERR_OK : err;
}

enum err slice_is_held(struct slice *s, const ProtobufCBinaryData *of, bool *ret,
                       struct fault *fault)
{
    *ret = false;
    if (of->len != HANDLE_SIZE) {
        return ERR_OK;
    }
    enum err err = hold_is_on(s->ctl->txn, people_handle(of), s->ctl->now, ret, fault);
    if (slice_passes_over(err, TABLE_HOLD, fault)) {
        *ret = true;
        return ERR_OK;
    }
    return err;
}

/* --- the run --- */

static enum err work_class(struct slice *s, struct retaining *r, bool basis, struct fault *fault)
{
    switch (r->class) {
    case RETAIN_PASSAGES:
        return slice_passages(s, r, fault);
    case RETAIN_ATTENDANCE:
        return slice_attendance(s, r, r->place == 0 && basis, fault);
    case RETAIN_FACES:
        return slice_people(s, r, true, fault);
    case RETAIN_PERSONS:
        return slice_people(s, r, false, fault);
    case RETAIN_EXPECTED:
        return slice_expected(s, r, fault);
    case RETAIN_QUARANTINE:
        return slice_quarantine(s, r, fault);
    case RETAIN_DAY_KEYS:
        return slice_day_keys(s, r, fault);
    case RETAIN_LOOKUPS:
        return slice_lookups(s, r, fault);
    case RETAIN_DISCLOSURES:
        return slice_disclosures(s, r, fault);
    case RETAIN_ALERTS:
        return slice_alerts(s, r, fault);
    case RETAIN_HITS:
        return slice_hits(s, r, fault);
    case RETAIN_CANDIDATES:
        return slice_candidates(s, r, fault);
    case RETAIN_DISPOSITIONS:
        return slice_dispositions(s, r, fault);
    case RETAIN_EXPORTS:
        return slice_exports(s, r, fault);
    case RETAIN_COUNT:
        break;
    }
    return ERR_OK;
}

/* Attendance with a basis goes twice: what is past the passages' term is cut short, what is past
 * its own is removed. Without one it goes with the passages. */
static enum err cut_of(struct controller *ctl, struct retaining *r, bool *ret_basis,
                       struct slice *s, struct fault *fault)
{
    uint32_t days = 0;
    TRY(retention_days(ctl, r->class, &days, ret_basis, fault));
    if (r->class == RETAIN_ATTENDANCE && (!*ret_basis || r->place == 0)) {
        TRY(retention_days(ctl, RETAIN_PASSAGES, &days, NULL, fault));
    }
    s->cut_day = controller_today(ctl) - (int32_t)days;
    s->cut = civil_to_wall(&ctl->tz, s->cut_day, 0);
    return ERR_OK;
}

_Static_assert(RETAIN_COUNT == RETAIN_ALERTS + 4, "the classes of hits come last");

bool retention_tells_of_hits(enum retention_class class)
{
    return class == RETAIN_ALERTS || class == RETAIN_HITS || class == RETAIN_CANDIDATES ||
           class == RETAIN_DISPOSITIONS;
}

/* Of passages and alerts it stays known how far along the journal they went. */
static bool has_place(enum retention_class class)
{
    return class == RETAIN_PASSAGES || class == RETAIN_ALERTS;
}

static enum err record_slice(struct slice *s, const struct retaining *r, struct fault *fault)
{
    bool secret = retention_tells_of_hits(r->class);
    Parkgate__RetentionEntry entry = PARKGATE__RETENTION_ENTRY__INIT;
    entry.class_ = field_text(retention_specs[r->class].name);
    entry.n_row = s->count;
    entry.row = s->rows;
    entry.place = has_place(r->class) ? r->next : 0;
    entry.ended = !r->more;
    entry.removed = r->removed[r->class];
    entry.day = controller_today(s->ctl);
    return controller_record(s->ctl, secret ? ENTRY_WATCH_RETENTION : ENTRY_RETENTION, "",
                             &entry.base, fault);
}

/* Done again after a full map it looks at the same rows: what it counted is put back first. */
static enum err one_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    static struct slice slice; /* one thread; too large for the stack */
    struct retaining *r = &ctl->retaining;
    bool basis = false;
    const uint64_t *before = ctx;
    r->removed[r->class] = *before;
    r->next = r->place;
    r->more = false;
    ctl->retaining.next_key = ctl->retaining.key;
    slice.ctl = ctl;
    slice.looked = slice.count = slice.notes = slice.used = 0;
    TRY(cut_of(ctl, r, &basis, &slice, fault));
    TRY(work_class(&slice, r, basis, fault));
    if (r->class == RETAIN_ATTENDANCE && basis && r->place == 0 && !r->more) {
        r->next = 1; /* once more, for its own term */
        r->more = true;
        keybuf_begin(&ctl->retaining.next_key);
    }
    r->removed[r->class] += slice.count - slice.notes;
    bool tells = slice.count > 0 || (!r->more && r->removed[r->class] > 0);
    TRY(tells ? record_slice(&slice, r, fault) : ERR_OK);
    if (r->class == RETAIN_FACES && !r->more) {
        TRY(faces_changed(ctl, fault));
    }
    r->done = true;
    return ERR_OK;
}

static enum err run_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    enum err err = one_slice(ctl, ctx, fault);
    ctl->retaining.damaged = err == ERR_CORRUPT;
    return err;
}

static enum err look_up_place(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__RetentionRecord *record = NULL;
    (void)ctx;
    TRY(retention_get(ctl->txn, retention_specs[ctl->retaining.class].name, &record, fault));
    ctl->retaining.place = record->place;
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

enum err retention_walked(struct controller *ctl, uint64_t *ret_upto, struct fault *fault)
{
    Parkgate__RetentionRecord *record = NULL;
    TRY(retention_get(ctl->txn, retention_specs[RETAIN_PASSAGES].name, &record, fault));
    bool farther = ctl->retaining.walked > record->place;
    *ret_upto = farther ? ctl->retaining.walked : record->place;
    parkgate__retention_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static void begin_class(struct controller *ctl, enum retention_class class)
{
    struct retaining *r = &ctl->retaining;
    r->class = class;
    r->removed[class] = 0;
    r->place = 0;
    keybuf_begin(&ctl->retaining.key);
    if (has_place(class)) {
        batch_run(ctl, look_up_place, NULL);
    }
}

static void begin_run(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    r->running = true;
    r->asked = false;
    begin_class(ctl, RETAIN_PASSAGES);
}

static void end_run(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    uint64_t removed = 0;
    for (size_t i = 0; i < RETAIN_COUNT; i++) {
        removed += retention_tells_of_hits((enum retention_class)i) ? 0 : r->removed[i];
    }
    r->running = false;
    r->day = controller_today(ctl);
    log_event("retention_ran", LOG_NUM("removed", removed));
}

void retention_tick(struct controller *ctl)
{
    struct retaining *r = &ctl->retaining;
    if (!r->running) {
        if (!r->asked && r->day == controller_today(ctl)) {
            return;
        }
        begin_run(ctl);
    }
    uint64_t before = r->removed[r->class];
    r->done = r->damaged = false;
    batch_run(ctl, run_slice, &before);
    if (!r->done && !r->damaged) {
        return; /* the batch was given up: the same slice comes again */
    }
    if (r->done && r->class == RETAIN_PASSAGES && r->next > r->walked) {
        r->walked = r->next;
    }
    if (r->done && r->more) {
        r->place = r->next;
        r->key = r->next_key;
        return;
    }
    if (r->done) {
        r->ran[r->class] = ctl->now;
    }
    if (r->class + 1 < RETAIN_COUNT) {
        begin_class(ctl, r->class + 1);
    } else {
        end_run(ctl);
    }
}
