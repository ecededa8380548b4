#include "controller/app/erasure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/ban_store.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
#include "common/facts/tables.h"
#include "controller/app/faces.h"
#include "controller/app/subjects.h"
#include "controller/app/waiters.h"
#include "controller/app/watch_identity.h"
#include "controller/store/erasure_store.h"
#include "controller/store/hold_store.h"
#include "controller/store/person_keys.h"
#include "schema/kinds.h"

/* --- asking --- */

/* The day after which no copy of the key can be read: a backup's person keys live
 * LIMIT_BACKUP_KEYS_DAYS, a gate's day keys LIMIT_OUTBOX_DAYS and the day itself. */
static int32_t last_day_from(int32_t day)
{
    int32_t longest =
        LIMIT_BACKUP_KEYS_DAYS > LIMIT_OUTBOX_DAYS ? LIMIT_BACKUP_KEYS_DAYS : LIMIT_OUTBOX_DAYS;
    return day + longest + 1;
}

static bool is_inside(struct controller *ctl, struct handle holder, enum err *ret_err,
                      struct fault *fault)
{
    struct presence_row row = {0};
    *ret_err = presence_row_get(ctl->txn, holder, &row, fault);
    bool inside = *ret_err == ERR_OK && row.state.inside;
    *ret_err = *ret_err == ERR_NOT_FOUND ? ERR_OK : *ret_err;
    return inside;
}

/* True: refused, or *ret_err. */
static bool is_held(struct controller *ctl, struct request *request, struct handle holder,
                    const char *text, enum err *ret_err, struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    char number[24];
    Parkgate__HoldRecord *hold = NULL;
    *ret_err = hold_on_holder(ctl->txn, holder, ctl->now, &hold, fault);
    if (*ret_err != ERR_OK) {
        *ret_err = *ret_err == ERR_NOT_FOUND ? ERR_OK : *ret_err;
        return *ret_err != ERR_OK;
    }
    civil_date_format(civil_of(&ctl->tz, (struct wall){hold->until_us}).day, date);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)hold->number);
    parkgate__hold_record__free_unpacked(hold, NULL);
    return !request_refuse(request, ERROR_ERASE_HELD, text, date, number);
}

/* What stands against it: who is inside must be found in a fire, and a ban is the park's to keep.
 */
static bool may_erase(struct controller *ctl, struct request *request, struct handle holder,
                      enum err *ret_err, struct fault *fault)
{
    char text[HANDLE_TEXT_SIZE];
    char date[CIVIL_DATE_SIZE];
    Parkgate__BanRecord *ban = NULL;
    handle_to_text(holder, text);
    if (is_inside(ctl, holder, ret_err, fault)) {
        return request_refuse(request, ERROR_ERASE_INSIDE, text, NULL, NULL);
    }
    if (*ret_err != ERR_OK) {
        return false;
    }
    if (is_held(ctl, request, holder, text, ret_err, fault)) {
        return false;
    }
    *ret_err = *ret_err != ERR_OK ? *ret_err : ban_get(ctl->txn, holder, &ban, fault);
    if (*ret_err != ERR_OK) {
        *ret_err = *ret_err == ERR_NOT_FOUND ? ERR_OK : *ret_err;
        return *ret_err == ERR_OK;
    }
    bool held = ban_in_force(ban, ctl->now);
    civil_date_format(civil_of(&ctl->tz, (struct wall){ban->until_us}).day, date);
    parkgate__ban_record__free_unpacked(ban, NULL);
    return !held || request_refuse(request, ERROR_ERASE_BANNED, text, date, NULL);
}

/* What the law's floors keep, under a handle that nobody can resolve any more. The same for
 * everybody: what else there is of a person neither shows nor is denied here. */
static void kept_rows(struct controller *ctl, struct answer *a)
{
    static const struct {
        const char *what, *why, *why_zh;
        int32_t days;
    } kept[] = {
        {"passages",    "access records are kept 180 days (GB 50396 5.2.2); by handle, without a name",
         "出入记录须留存 180 天（GB 50396 第 5.2.2 条）；仅存代号，不含姓名",                                                                                             180 },
        {"attendance",
         "attendance of the passages' term, longer where the park has entered a basis; by handle",      "考勤随出入记录留存；园区录入法律依据的从其期限；仅存代号", 180 },
        {"lookups",     "who looked up whom is kept 3 years (PIPL 55, 56); by handle",
         "查询记录须留存 3 年（个人信息保护法第 55、56 条）；仅存代号",                                                                                                1095},
        {"disclosures", "what was handed to an authority is recorded for 3 years; by handle",
         "向主管机关提供信息的记录须留存 3 年；仅存代号",                                                                                                                  1095},
    };
    answer_columns(a, "kept,why,why_zh,until");
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char date[CIVIL_DATE_SIZE];
        civil_date_format(controller_today(ctl) + kept[i].days, date);
        answer_begin_row(a);
        answer_text(a, kept[i].what);
        answer_text(a, kept[i].why);
        answer_text(a, kept[i].why_zh);
        answer_text(a, date);
        (void)answer_end_row(a);
    }
}

/* As authorities would name his number, whoever is listed: by these hashes, too, he is forgotten.
 */
static enum err named_by_authorities(struct controller *ctl, struct handle person,
                                     struct watch_hashes *ret, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__Identity *identity = NULL;
    ret->count = 0;
    TRY(people_holder(ctl->txn, person, &holder, fault));
    enum err err = request_identity(ctl, holder, &identity, fault);
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = watch_hashes_of(ctl, identity->id_number, ret, fault);
    parkgate__identity__free_unpacked(identity, NULL);
    return err;
}

enum err erasure_begin(struct controller *ctl, struct handle holder, const char *actor,
                       const char *reason, int32_t *ret_last_day, struct fault *fault)
{
    size_t orders = 0;
    struct watch_hashes named;
    ProtobufCBinaryData hashes[LIMIT_AUTHORITIES];
    struct handle order_key = controller_draw_handle(ctl);
    Parkgate__ErasureRecord record = PARKGATE__ERASURE_RECORD__INIT;
    TRY(named_by_authorities(ctl, holder, &named, fault));
    TRY(subjects_forget(ctl, holder, order_key, actor, &orders, fault));
    for (size_t i = 0; i < named.count; i++) {
        hashes[i] = field_of(BYTES_OF(named.items[i].bytes));
    }
    record.n_watch_hash = named.count;
    record.watch_hash = hashes;
    record.holder = people_field(&holder);
    record.step = ERASURE_BEGAN;
    record.reason = field_text(reason);
    record.by = field_text(actor);
    record.began_us = ctl->now.us;
    record.last_day = last_day_from(controller_today(ctl));
    record.order_key = people_field(&order_key);
    TRY(controller_record(ctl, ENTRY_ERASURE, actor, &record.base, fault));
    ctl->erasing.wanted = true;
    if (ret_last_day != NULL) {
        *ret_last_day = record.last_day;
    }
    return faces_changed(ctl, fault);
}

enum err erasure_is_free(struct controller *ctl, struct handle holder, bool *ret,
                         struct fault *fault)
{
    bool held = false;
    bool banned = false;
    enum err err = ERR_OK;
    *ret = !is_inside(ctl, holder, &err, fault);
    TRY(err);
    TRY(ban_holds(ctl->txn, holder, ctl->now, &banned, fault));
    TRY(hold_is_on(ctl->txn, holder, ctl->now, &held, fault));
    *ret = *ret && !banned && !held;
    return ERR_OK;
}

static enum err begin_asked(struct controller *ctl, struct request *request, struct handle holder,
                            const char *reason, struct fault *fault)
{
    int32_t last_day = 0;
    char date[CIVIL_DATE_SIZE];
    TRY(erasure_begin(ctl, holder, request->key->name, reason, &last_day, fault));
    civil_date_format(last_day, date);
    kept_rows(ctl, request->answer);
    answer_note_handle(request->answer, "person", holder);
    answer_note(request->answer, "state", "begun");
    answer_note(request->answer, "last_day", date);
    return ERR_OK;
}

static enum err on_person_erase(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    enum err err = ERR_OK;
    Parkgate__HolderRecord *holder = NULL;
    if (!request_handle(request, "person", &handle) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, handle, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (!may_erase(ctl, request, handle, &err, fault)) {
        return err;
    }
    return begin_asked(ctl, request, handle, reason, fault);
}

/* --- who has confirmed --- */

/* A box that keeps no copy has nothing of him; that is known once it has beaten. */
static bool has_passed(const struct session *session, uint64_t sequence)
{
    if (session == NULL) {
        return false;
    }
    return session->feed.asked ? !session->feed.anew && session->feed.sequence >= sequence
                               : session->beaten;
}

/* Enrolled gates whose copy has not come past this entry. */
static enum err gates_waiting(struct controller *ctl, uint64_t sequence, size_t *ret,
                              struct fault *fault)
{
    *ret = 0;
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        Parkgate__AgentRecord *agent = NULL;
        struct name gate = ctl->park->gates[i].name;
        const struct session *session = session_of_gate(&ctl->sessions, gate);
        enum err err = agent_get(ctl->txn, gate.text, &agent, fault);
        if (err == ERR_NOT_FOUND) {
            continue; /* there is no box */
        }
        TRY(err);
        parkgate__agent_record__free_unpacked(agent, NULL);
        *ret += !has_passed(session, sequence);
    }
    return ERR_OK;
}

static const char *step_word(uint32_t step)
{
    return step == ERASURE_BEGAN ? "begun" : step == ERASURE_KEY_GONE ? "key-gone" : "ended";
}

static enum err erasure_row(struct controller *ctl, struct answer *a,
                            const Parkgate__ErasureRecord *record, bool *ret_fits,
                            struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    size_t gates = 0;
    size_t terminals = 0;
    if (record->step != ERASURE_ENDED) {
        TRY(gates_waiting(ctl, record->at_sequence, &gates, fault));
        TRY(subjects_waiting(ctl, people_handle(&record->holder), &terminals, fault));
    }
    civil_date_format(record->last_day, date);
    answer_begin_row(a);
    answer_handle(a, people_handle(&record->holder));
    answer_text(a, step_word(record->step));
    answer_wall(a, (struct wall){record->began_us});
    answer_wall(a, (struct wall){record->key_gone_us});
    answer_wall(a, (struct wall){record->ended_us});
    answer_number(a, (int64_t)gates);
    answer_number(a, (int64_t)terminals);
    answer_number(a, record->backups_left);
    answer_text(a, date);
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

/* Those under way; with `all` those that ended, too. */
static enum err on_person_erasures(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    struct handle at = {{0}};
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    const char *all = request_arg(request, "all");
    bool fits = true;
    enum err err;
    Parkgate__ErasureRecord *record = NULL;
    if (!request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    if (cursor_size == HANDLE_SIZE) {
        memcpy(at.bytes, cursor, HANDLE_SIZE);
    }
    answer_columns(request->answer, "person,state,began_us,key_gone_us,ended_us,gates_left,"
                                    "terminals_left,backups_left,last_day");
    for (size_t rows = 0; (err = erasure_next(ctl->txn, at, &record, fault)) == ERR_OK; rows++) {
        struct handle next = people_handle(&record->holder);
        fits = rows < LIMIT_ROWS_PER_MESSAGE;
        if (fits && (all != NULL || record->step != ERASURE_ENDED)) {
            err = erasure_row(ctl, request->answer, record, &fits, fault);
        }
        parkgate__erasure_record__free_unpacked(record, NULL);
        TRY(err);
        if (!fits) {
            answer_more(request->answer, BYTES_OF(at.bytes));
            return ERR_OK;
        }
        at = next;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- the steps --- */

typedef enum err erasure_work(struct controller *ctl, const Parkgate__ErasureRecord *record,
                              struct fault *fault);

/* Every erasure of this step; what work() records does not disturb the walk. */
static enum err each_at(struct controller *ctl, uint32_t step, erasure_work *work,
                        struct fault *fault)
{
    struct handle at = {{0}};
    enum err err;
    Parkgate__ErasureRecord *record = NULL;
    while ((err = erasure_next(ctl->txn, at, &record, fault)) == ERR_OK) {
        at = people_handle(&record->holder);
        err = record->step == step ? work(ctl, record, fault) : ERR_OK;
        parkgate__erasure_record__free_unpacked(record, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err delete_key(struct controller *ctl, const Parkgate__ErasureRecord *record,
                           struct fault *fault)
{
    return controller_forget_key(ctl, people_handle(&record->holder), fault);
}

static enum err delete_keys(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return each_at(ctl, ERASURE_BEGAN, delete_key, fault);
}

/* One that was asked for meanwhile has its key still: it waits for the next time. */
static enum err note_key_gone(struct controller *ctl, const Parkgate__ErasureRecord *record,
                              struct fault *fault)
{
    struct seal_key key;
    Parkgate__ErasureRecord changed = *record;
    enum err err = controller_holder_key(ctl, people_handle(&record->holder), false, &key, fault);
    if (err != ERR_NOT_FOUND) {
        seal_wipe(&key, sizeof(key));
        ctl->erasing.wanted = true;
        return err;
    }
    changed.step = ERASURE_KEY_GONE;
    changed.key_gone_us = ctl->now.us;
    changed.backups_left = ctl->erasing.backups_left;
    return controller_record(ctl, ENTRY_ERASURE, "", &changed.base, fault);
}

static enum err keys_are_gone(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return each_at(ctl, ERASURE_BEGAN, note_key_gone, fault);
}

static enum err end_if_confirmed(struct controller *ctl, const Parkgate__ErasureRecord *record,
                                 struct fault *fault)
{
    size_t gates = 0;
    size_t terminals = 0;
    Parkgate__ErasureRecord changed = *record;
    TRY(gates_waiting(ctl, record->at_sequence, &gates, fault));
    TRY(subjects_waiting(ctl, people_handle(&record->holder), &terminals, fault));
    if (gates > 0 || terminals > 0) {
        return ERR_OK;
    }
    TRY(controller_forget_key(ctl, people_handle(&record->order_key), fault));
    changed.step = ERASURE_ENDED;
    changed.ended_us = ctl->now.us;
    return controller_record(ctl, ENTRY_ERASURE, "", &changed.base, fault);
}

static enum err look(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return each_at(ctl, ERASURE_KEY_GONE, end_if_confirmed, fault);
}

static enum err note_waiting(struct controller *ctl, const Parkgate__ErasureRecord *record,
                             struct fault *fault)
{
    (void)record;
    (void)fault;
    ctl->erasing.wanted = true;
    return ERR_OK;
}

/* After a start: is one under way? */
static enum err look_back(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return each_at(ctl, ERASURE_BEGAN, note_waiting, fault);
}

/* --- rewriting --- */

static void start_job(struct controller *ctl, enum erasing_work work, const char *name)
{
    struct fault fault = {0};
    const char *const args[] = {name, NULL};
    ctl->erasing.work = work;
    ctl->erasing.again = mono_after_ms(ctl->mono, ERASURE_AGAIN_MS);
    if (ctl->outlet.job(ctl->outlet.ctx, ERASURE_JOB, args, &fault) != ERR_OK) {
        log_warning("erasure_waits", LOG_TEXT("job", name), LOG_TEXT("why", fault.what));
        ctl->erasing.work = ERASING_NOTHING;
    }
}

static void begin_rewrite(struct controller *ctl)
{
    ctl->erasing.wanted = false;
    batch_run(ctl, delete_keys, NULL);
    start_job(ctl, ERASING_COPY, "rewrite-keys");
    ctl->erasing.wanted = ctl->erasing.work == ERASING_NOTHING;
}

static void again_later(struct controller *ctl, const char *why)
{
    log_warning("erasure_again", LOG_TEXT("why", why));
    ctl->erasing.work = ERASING_NOTHING;
    ctl->erasing.wanted = true;
    ctl->erasing.again = mono_after_ms(ctl->mono, ERASURE_AGAIN_MS);
}

static uint64_t number_of(const char *output, const char *name)
{
    const char *at = strstr(output, name);
    return at == NULL ? UINT64_MAX : strtoull(at + strlen(name), NULL, 10);
}

/* The copy is taken only when nothing was written since. */
static void take_copy(struct controller *ctl, const char *output)
{
    struct fault fault = {0};
    struct store_stats stats;
    char dir[STORE_PATH_SIZE];
    batch_commit(ctl);
    store_stats_of(ctl->keys, &stats);
    if (number_of(output, "txn=") != stats.commits) {
        again_later(ctl, "keys were made meanwhile");
        return;
    }
    (void)snprintf(dir, sizeof(dir), "%.*s.rewrite", (int)sizeof(dir) - 16, store_dir(ctl->keys));
    if (store_swap(ctl->keys, dir, &fault) != ERR_OK) {
        again_later(ctl, fault.what);
        return;
    }
    log_event("person_keys_rewritten", LOG_TEXT("dir", store_dir(ctl->keys)));
    start_job(ctl, ERASING_WIPE, "wipe-keys");
    ctl->erasing.wanted |= ctl->erasing.work == ERASING_NOTHING;
}

static void wiped(struct controller *ctl, const char *output)
{
    uint64_t left = number_of(output, "backups_left=");
    ctl->erasing.work = ERASING_NOTHING;
    ctl->erasing.backups_left = left == UINT64_MAX ? 0 : (uint32_t)left;
    batch_run(ctl, keys_are_gone, NULL);
    ctl->erasing.look_at = ctl->mono;
}

bool erasure_job_done(struct controller *ctl, uint64_t job, int status, const char *output)
{
    if (job != ERASURE_JOB) {
        return false;
    }
    if (status != 0) {
        const char *why = strstr(output, "failed=");
        again_later(ctl, why == NULL ? "the job's process died" : why);
    } else if (ctl->erasing.work == ERASING_COPY) {
        take_copy(ctl, output);
    } else if (ctl->erasing.work == ERASING_WIPE) {
        wiped(ctl, output);
    }
    return true;
}

void erasure_keys_deleted(struct controller *ctl)
{
    ctl->erasing.wanted = true;
}

bool erasure_holds_jobs(const struct controller *ctl)
{
    return ctl->erasing.work != ERASING_NOTHING;
}

void erasure_tick(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    if (!erasing->looked) {
        erasing->looked = true;
        batch_run(ctl, look_back, NULL);
    }
    if (erasing->wanted_later && !mono_before(ctl->mono, erasing->later_at)) {
        erasing->later_at = mono_after_ms(ctl->mono, ERASURE_LATER_MS);
        erasing->wanted_later = false;
        erasing->wanted = true;
    }
    if (erasing->work != ERASING_NOTHING) {
        return;
    }
    if (!mono_before(ctl->mono, erasing->look_at)) {
        erasing->look_at = mono_after_ms(ctl->mono, ERASURE_LOOK_MS);
        batch_run(ctl, look, NULL);
    }
    if (erasing->wanted && !mono_before(ctl->mono, erasing->again) &&
        waiters_load_of(ctl->waiters).jobs == 0) {
        begin_rewrite(ctl);
    }
}

const struct verb_handler verbs_of_erasures[] = {
    {"person.erase",    on_person_erase   },
    {"person.erasures", on_person_erasures},
};
const size_t verbs_of_erasures_count = ARRAY_LEN(verbs_of_erasures);
