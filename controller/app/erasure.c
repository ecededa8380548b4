#include "controller/app/erasure.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/ban_store.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
#include "controller/app/erasure_parts.h"
#include "controller/app/faces.h"
#include "controller/app/subjects.h"
#include "controller/app/watch_identity.h"
#include "controller/store/erasure_store.h"
#include "controller/store/hold_store.h"
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

static const char *step_word(uint32_t step)
{
    return step == ERASURE_BEGAN ? "begun" : step == ERASURE_KEY_GONE ? "key-gone" : "ended";
}

static enum err erasure_row(struct controller *ctl, struct answer *a,
                            const struct erasure_gates *all, const Parkgate__ErasureRecord *record,
                            bool *ret_fits, struct fault *fault)
{
    char date[CIVIL_DATE_SIZE];
    size_t gates = 0;
    size_t terminals = 0;
    if (record->step != ERASURE_ENDED) {
        gates = erasure_gates_behind(all, record->at_sequence);
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

/* One row more, if it is wanted. *ret_fits false: it did not fit. */
static enum err list_one(struct controller *ctl, struct request *request,
                         const struct erasure_gates *gates, struct handle holder, bool *ret_fits,
                         struct fault *fault)
{
    Parkgate__ErasureRecord *record = NULL;
    enum err err = erasure_get(ctl->txn, holder, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = erasure_row(ctl, request->answer, gates, record, ret_fits, fault);
    parkgate__erasure_record__free_unpacked(record, NULL);
    return err;
}

/* From a place of the listing to the next erasure of it. Those under way are listed by their steps,
 * all by their handles. */
static enum err next_listed(struct controller *ctl, bool all, struct erasure_place *place,
                            struct fault *fault)
{
    Parkgate__ErasureRecord *record = NULL;
    if (!all) {
        return erasure_next_open(ctl->txn, place, fault);
    }
    TRY(erasure_next(ctl->txn, place->holder, &record, fault));
    place->holder = people_handle(&record->holder);
    parkgate__erasure_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* A cursor is the place of the row before: u8 step, the handle. */
static void read_place(const uint8_t *cursor, size_t size, struct erasure_place *ret)
{
    if (size == 1 + HANDLE_SIZE) {
        ret->step = cursor[0];
        memcpy(ret->holder.bytes, cursor + 1, HANDLE_SIZE);
    }
}

static void tell_more(struct answer *a, const struct erasure_place *place)
{
    uint8_t cursor[1 + HANDLE_SIZE] = {(uint8_t)place->step};
    memcpy(cursor + 1, place->holder.bytes, HANDLE_SIZE);
    answer_more(a, BYTES_OF(cursor));
}

/* Those under way; with `all` those that ended, too. */
static enum err on_person_erasures(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    struct erasure_place place = {0};
    struct erasure_place next = {0};
    struct erasure_gates gates;
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t cursor_size = 0;
    bool all = request_arg(request, "all") != NULL;
    bool fits = true;
    enum err err;
    if (!request_cursor(request, cursor, &cursor_size)) {
        return ERR_OK;
    }
    read_place(cursor, cursor_size, &place);
    next = place;
    TRY(erasure_gates_look(ctl, &gates, fault));
    answer_columns(request->answer, "person,state,began_us,key_gone_us,ended_us,gates_left,"
                                    "terminals_left,backups_left,last_day");
    if (gates.gone[0] != '\0') {
        answer_note(request->answer, "gates_gone", gates.gone);
    }
    for (size_t rows = 0; (err = next_listed(ctl, all, &next, fault)) == ERR_OK; rows++) {
        fits = rows < LIMIT_ROWS_PER_MESSAGE;
        if (fits) {
            TRY(list_one(ctl, request, &gates, next.holder, &fits, fault));
        }
        if (!fits) {
            tell_more(request->answer, &place);
            return ERR_OK;
        }
        place = next;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_erasures[] = {
    {"person.erase",    on_person_erase   },
    {"person.erasures", on_person_erasures},
};
const size_t verbs_of_erasures_count = ARRAY_LEN(verbs_of_erasures);
