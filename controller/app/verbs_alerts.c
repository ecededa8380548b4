#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/alert_sight.h"
#include "controller/app/alerts.h"
#include "controller/app/approvals.h"
#include "controller/app/sight.h"
#include "controller/store/alert_store.h"

enum { LOOKED_AT_MOST = 500, HANDED_AT_MOST = 100 }; /* alerts of one turn */

/* --- listing --- */

struct alert_filter {
    const char *kind;
    struct name lane;
    uint64_t priority; /* this one or more urgent; 0 any */
};

static bool passes(const struct controller *ctl, const struct request *request,
                   const struct alert_filter *filter, const Parkgate__AlertRecord *record)
{
    return alert_is_seen(ctl, request, record) &&
           (filter->kind == NULL || strcmp(filter->kind, record->kind) == 0) &&
           (filter->lane.text[0] == '\0' || strcmp(filter->lane.text, record->lane) == 0) &&
           (filter->priority == 0 || record->priority <= filter->priority);
}

/* Where a page ended: the last alert that the caller saw, by the number that he was told. Only
 * where he saw none of as many as one turn looks at is it the last of these. `done`: what was done
 * on the pages so far. */
struct page_end {
    bool seen;
    uint8_t priority;
    uint64_t label;
};

static void move_end(struct page_end *end, const Parkgate__AlertRecord *record, bool seen)
{
    if (seen || !end->seen) {
        *end = (struct page_end){
            .seen = seen, .priority = (uint8_t)record->priority, .label = alert_label(record)};
    }
}

static void more_behind(struct answer *a, const struct page_end *end, uint64_t done)
{
    uint8_t bytes[17];
    struct writer w = writer_of(bytes, sizeof(bytes));
    writer_u8(&w, end->priority);
    writer_u64(&w, end->label);
    writer_u64(&w, done);
    answer_more(a, BYTES_OF(bytes));
}

static enum err find_place(struct controller *ctl, const struct page_end *end,
                           struct alert_place *ret, struct fault *fault)
{
    Parkgate__AlertRecord *record = NULL;
    *ret = (struct alert_place){.priority = end->priority};
    enum err err = alert_of_label(ctl->txn, end->label, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* gone meanwhile: from the priority's first on */
    }
    ret->number = record->number;
    parkgate__alert_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* False: refused, or *ret_err. */
static bool read_place(struct controller *ctl, struct request *request, struct alert_place *ret,
                       uint64_t *ret_done, enum err *ret_err, struct fault *fault)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    struct page_end end = {0};
    *ret = (struct alert_place){0};
    *ret_done = 0;
    if (!request_cursor(request, cursor, &size)) {
        return false;
    }
    if (size == 0) {
        return true;
    }
    struct reader r = reader_of((struct bytes){.data = cursor, .size = size});
    end.priority = reader_u8(&r);
    end.label = reader_u64(&r);
    *ret_done = reader_u64(&r);
    if (r.bad) {
        return request_refuse(request, ERROR_ARG_BAD, "after", "", "no mark of a page");
    }
    *ret_err = find_place(ctl, &end, ret, fault);
    return *ret_err == ERR_OK;
}

/* A row, if it is asked for and may be seen. False: it did not fit. */
static bool show_one(const struct controller *ctl, struct request *request,
                     const struct alert_filter *filter, const Parkgate__AlertRecord *record,
                     struct page_end *end)
{
    if (passes(ctl, request, filter, record) && !alert_row(ctl, request->answer, record)) {
        return false;
    }
    move_end(end, record, alert_is_seen(ctl, request, record));
    return true;
}

/* What is not closed, the most urgent first. */
static enum err list_open(struct controller *ctl, struct request *request,
                          const struct alert_filter *filter, struct alert_place at,
                          struct fault *fault)
{
    enum err err = ERR_OK;
    bool fits = true;
    struct page_end end = {0};
    for (size_t i = 0; fits && i < LOOKED_AT_MOST; i++) {
        Parkgate__AlertRecord *record = NULL;
        err = alert_next_open(ctl->txn, at, &at, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        TRY(alert_get(ctl->txn, at.number, &record, fault));
        fits = show_one(ctl, request, filter, record, &end);
        parkgate__alert_record__free_unpacked(record, NULL);
    }
    more_behind(request->answer, &end, 0);
    return ERR_OK;
}

/* All, the newest first. */
static enum err list_all(struct controller *ctl, struct request *request,
                         const struct alert_filter *filter, struct alert_place at,
                         struct fault *fault)
{
    enum err err = ERR_OK;
    bool fits = true;
    struct page_end end = {0};
    for (size_t i = 0; fits && i < LOOKED_AT_MOST; i++) {
        Parkgate__AlertRecord *record = NULL;
        err = alert_before(ctl->txn, at.number, &record, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        at.number = record->number;
        fits = show_one(ctl, request, filter, record, &end);
        parkgate__alert_record__free_unpacked(record, NULL);
    }
    more_behind(request->answer, &end, 0);
    return ERR_OK;
}

static enum err on_alert_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct alert_filter filter = {.kind = request_arg(request, "kind")};
    struct alert_place at;
    uint64_t done = 0;
    enum err err = ERR_OK;
    const char *all = request_arg(request, "all");
    if (!request_name_or_none(request, "lane", &filter.lane) ||
        !request_number_or_none(request, "priority", ALERT_PRIORITY_LEAST, &filter.priority) ||
        !read_place(ctl, request, &at, &done, &err, fault)) {
        return err;
    }
    if (filter.kind != NULL && !alert_kind_exists(filter.kind)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "kind of alert", filter.kind, NULL);
        return ERR_OK;
    }
    answer_columns(request->answer, ALERT_COLUMNS);
    return all != NULL && strcmp(all, "yes") == 0 ? list_all(ctl, request, &filter, at, fault)
                                                  : list_open(ctl, request, &filter, at, fault);
}

/* --- one alert --- */

static void note_told(const struct controller *ctl, struct answer *a,
                      const Parkgate__AlertRecord *record)
{
    char told[LIMIT_ALERT_TELL * (NAME_SIZE + 2)] = "";
    size_t used = 0;
    for (uint32_t level = 0; level <= record->level && used < sizeof(told); level++) {
        used += (size_t)snprintf(told + used, sizeof(told) - used, "%s%s", level > 0 ? "," : "",
                                 alert_told(ctl->park, alert_kind(record->kind), level));
    }
    answer_note(a, "whom", told);
}

static void note_time(struct answer *a, const char *name, int64_t us)
{
    if (us != 0) {
        answer_note_number(a, name, us);
    }
}

static void note_text(struct answer *a, const char *name, const char *text)
{
    if (text[0] != '\0') {
        answer_note(a, name, text);
    }
}

static enum err note_alert(const struct controller *ctl, const struct request *request,
                           const Parkgate__AlertRecord *record, struct fault *fault)
{
    uint64_t event = 0;
    struct answer *a = request->answer;
    const struct alert_kind *kind = alert_kind(record->kind);
    answer_note_number(a, "alert", (int64_t)alert_label(record));
    answer_note(a, "kind", record->kind);
    answer_note(a, "text", kind->title);
    answer_note(a, "text_zh", kind->title_zh);
    answer_note(a, "state", alert_state_word(record->state));
    answer_note_number(a, "priority", record->priority);
    note_text(a, "about", record->about);
    note_text(a, "gate", record->gate);
    note_text(a, "lane", record->lane);
    answer_note_number(a, "count", record->count);
    note_time(a, "last_us", record->count > 1 ? record->last_us : 0);
    note_time(a, "due_us", record->due_us);
    note_time(a, "ended_us", record->ended_us);
    note_told(ctl, a, record);
    note_text(a, "handler", record->handler);
    note_text(a, "decision", alert_decision_word(record->decision));
    if (record->event != 0) {
        TRY(sight_told(ctl, request, record->event, &event, fault));
        answer_note_number(a, "event", (int64_t)event);
    }
    answer_note(a, "procedure", alert_procedure(ctl->park, kind, false));
    answer_note(a, "procedure_zh", alert_procedure(ctl->park, kind, true));
    return ERR_OK;
}

/* One row of the answer; `at` is the step's place in the journal. */
static enum err step_row(struct controller *ctl, const struct request *request,
                         const Parkgate__AlertStep *step, uint64_t at, bool *ret_fits,
                         struct fault *fault)
{
    uint64_t told = 0;
    struct answer *a = request->answer;
    TRY(sight_told(ctl, request, at, &told, fault));
    answer_begin_row(a);
    answer_wall(a, (struct wall){step->at_us});
    answer_text(a, alert_step_word(step->step));
    answer_text(a, step->person);
    answer_text(a, step->actor);
    answer_text(a, step->from);
    answer_number(a, step->level);
    answer_text(a, step->reason);
    answer_number(a, (int64_t)told);
    answer_text(a, step->document);
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

static enum err list_steps(struct controller *ctl, const struct request *request, uint64_t number,
                           struct fault *fault)
{
    uint64_t at = 0;
    bool fits = true;
    enum err err = ERR_OK;
    Parkgate__AlertStep *step = NULL;
    answer_columns(request->answer, "time_us,step,person,actor,from,level,reason_given,seq,shown_document");
    while (fits && (err = alert_next_step(ctl->txn, number, at, &at, &step, fault)) == ERR_OK) {
        err = step_row(ctl, request, step, at, &fits, fault);
        parkgate__alert_step__free_unpacked(step, NULL);
        TRY(err);
    }
    return !fits || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err show_more(struct controller *ctl, struct request *request,
                          const Parkgate__AlertRecord *record, struct fault *fault)
{
    for (size_t i = 0; i < alert_hook_count; i++) {
        if (strcmp(alert_hooks[i].kind, record->kind) == 0) {
            TRY(alert_hooks[i].shown(ctl, request, record, fault));
        }
    }
    return ERR_OK;
}

static enum err on_alert_show(struct controller *ctl, struct request *request, struct fault *fault)
{
    Parkgate__AlertRecord *record = NULL;
    TRY(alert_asked_for(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = note_alert(ctl, request, record, fault);
    if (err == ERR_OK) {
        err = list_steps(ctl, request, record->number, fault);
    }
    if (err == ERR_OK) {
        err = show_more(ctl, request, record, fault);
    }
    parkgate__alert_record__free_unpacked(record, NULL);
    return err;
}

/* --- steps --- */

/* What a person does next, by state; the words of the command line. */
static const char *next_words(uint32_t state)
{
    static const char *const words[] = {
        [ALERT_RAISED] = "ack",
        [ALERT_ACKNOWLEDGED] = "dispatch",
        [ALERT_DISPATCHED] = "confirm, reject",
        [ALERT_CONFIRMED] = "close",
        [ALERT_REJECTED] = "close",
        [ALERT_CLOSED] = "-",
    };
    return state < ARRAY_LEN(words) && words[state] != NULL ? words[state] : "-";
}

static struct alert_hand hand_of(const struct request *request, const char *reason)
{
    return (struct alert_hand){.actor = request->key->name,
                               .person = key_person(request->key),
                               .from = request->input->peer.address,
                               .reason = reason};
}

static void refuse_step(struct request *request, const Parkgate__AlertRecord *record)
{
    char number[24];
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)alert_label(record));
    (void)request_refuse(request, ERROR_ALERT_STEP, number, alert_state_word(record->state),
                         next_words(record->state));
}

static enum err note_state_now(struct controller *ctl, struct request *request, uint64_t number,
                               struct fault *fault)
{
    Parkgate__AlertRecord *record = NULL;
    TRY(alert_get(ctl->txn, number, &record, fault));
    answer_note_number(request->answer, "alert", (int64_t)alert_label(record));
    answer_note(request->answer, "state", alert_state_word(record->state));
    answer_note(request->answer, "next", next_words(record->state));
    note_time(request->answer, "due_us", record->due_us);
    parkgate__alert_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* A person who may be one of the list is confirmed by a document that he showed. False: refused. */
static bool has_document(struct request *request, const Parkgate__AlertRecord *record,
                         enum alert_step step, const char **ret)
{
    const char *kind = request_arg(request, "document");
    *ret = kind == NULL ? "" : kind;
    bool needed = step == ALERT_STEP_CONFIRM && alert_wants_document(record);
    if (*ret[0] == '\0' ? !needed : alert_document_exists(*ret)) {
        return true;
    }
    char number[24];
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)alert_label(record));
    return request_refuse(request, ERROR_ALERT_DOCUMENT, number, ALERT_DOCUMENTS, NULL);
}

static enum err make_step(struct controller *ctl, struct request *request, enum alert_step step,
                          bool needs_reason, struct fault *fault)
{
    bool made = false;
    const char *reason = request_arg(request, "reason");
    Parkgate__AlertRecord *record = NULL;
    if (needs_reason && !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(alert_asked_for(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    struct alert_hand hand = hand_of(request, reason == NULL ? "" : reason);
    if (!has_document(request, record, step, &hand.document)) {
        parkgate__alert_record__free_unpacked(record, NULL);
        return ERR_OK;
    }
    const char *handler = step == ALERT_STEP_ACKNOWLEDGE ? hand.person : record->handler;
    enum err err = alert_make_step(ctl, record, step, &hand, handler, &made, fault);
    if (err == ERR_OK && !made) {
        refuse_step(request, record);
    } else if (err == ERR_OK) {
        err = note_state_now(ctl, request, record->number, fault);
    }
    parkgate__alert_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_alert_ack(struct controller *ctl, struct request *request, struct fault *fault)
{
    return make_step(ctl, request, ALERT_STEP_ACKNOWLEDGE, false, fault);
}

static enum err on_alert_dispatch(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    return make_step(ctl, request, ALERT_STEP_DISPATCH, false, fault);
}

static enum err on_alert_confirm(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    return make_step(ctl, request, ALERT_STEP_CONFIRM, true, fault);
}

static enum err on_alert_reject(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    return make_step(ctl, request, ALERT_STEP_REJECT, true, fault);
}

static enum err on_alert_close(struct controller *ctl, struct request *request, struct fault *fault)
{
    return make_step(ctl, request, ALERT_STEP_CLOSE, true, fault);
}

/* --- handing over a shift --- */

/* A live key of that name or person that may handle alerts. */
static enum err find_person(struct controller *ctl, const struct request *request, const char *to,
                            char *out, size_t size, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    enum err err = ERR_OK;
    out[0] = '\0';
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while (out[0] == '\0' && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        const Parkgate__KeyRecord *record = (const void *)message;
        if (record->revoked_us == 0 && (record->roles & request->verb->roles) != 0 &&
            (strcmp(record->name, to) == 0 || strcmp(key_person(record), to) == 0)) {
            (void)snprintf(out, size, "%s", key_person(record));
        }
        store_message_destroy(&message);
    }
    return out[0] != '\0' || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err hand_one(struct controller *ctl, struct request *request,
                         const Parkgate__AlertRecord *record, const char *to, const char *reason,
                         uint64_t *handed, struct fault *fault)
{
    bool made = false;
    char why[LIMIT_ARG_BYTES + LIMIT_TEXT_BYTES + 8];
    (void)snprintf(why, sizeof(why), "to %s: %s", to, reason);
    struct alert_hand hand = hand_of(request, why);
    TRY(alert_make_step(ctl, record, ALERT_STEP_HANDOVER, &hand, to, &made, fault));
    *handed += made;
    return ERR_OK;
}

/* All that this person has in hand; a bounded piece, then the page behind it. */
static enum err hand_all(struct controller *ctl, struct request *request, const char *to,
                         const char *reason, struct alert_place at, uint64_t *handed,
                         struct fault *fault)
{
    enum err err = ERR_OK;
    uint64_t before = *handed;
    struct page_end end = {0};
    for (size_t i = 0; i < LOOKED_AT_MOST && *handed - before < HANDED_AT_MOST; i++) {
        Parkgate__AlertRecord *record = NULL;
        err = alert_next_open(ctl->txn, at, &at, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        TRY(alert_get(ctl->txn, at.number, &record, fault));
        if (strcmp(record->handler, key_person(request->key)) == 0) {
            err = hand_one(ctl, request, record, to, reason, handed, fault);
        }
        move_end(&end, record, alert_is_seen(ctl, request, record));
        parkgate__alert_record__free_unpacked(record, NULL);
        TRY(err);
    }
    more_behind(request->answer, &end, *handed);
    return ERR_OK;
}

static enum err hand_named(struct controller *ctl, struct request *request, const char *to,
                           const char *reason, uint64_t *handed, struct fault *fault)
{
    Parkgate__AlertRecord *record = NULL;
    TRY(alert_asked_for(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = hand_one(ctl, request, record, to, reason, handed, fault);
    if (err == ERR_OK && *handed == 0) {
        refuse_step(request, record);
    }
    parkgate__alert_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_alert_handover(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    const char *to = NULL;
    const char *reason = NULL;
    uint64_t handed = 0;
    struct alert_place at;
    enum err err = ERR_OK;
    char person[LIMIT_TEXT_BYTES + 1];
    if (!request_need(request, "to", &to) || !request_need(request, "reason", &reason) ||
        !read_place(ctl, request, &at, &handed, &err, fault)) {
        return err;
    }
    TRY(find_person(ctl, request, to, person, sizeof(person), fault));
    if (person[0] == '\0') {
        (void)request_refuse(request, ERROR_ALERT_HANDS, to, NULL, NULL);
        return ERR_OK;
    }
    TRY(request_arg(request, "alert") != NULL
            ? hand_named(ctl, request, person, reason, &handed, fault)
            : hand_all(ctl, request, person, reason, at, &handed, fault));
    answer_note(request->answer, "to", person);
    answer_note_number(request->answer, "handed", (int64_t)handed);
    return ERR_OK;
}

const struct verb_handler verbs_of_alerts[] = {
    {"alert.list",     on_alert_list    },
    {"alert.show",     on_alert_show    },
    {"alert.ack",      on_alert_ack     },
    {"alert.dispatch", on_alert_dispatch},
    {"alert.confirm",  on_alert_confirm },
    {"alert.reject",   on_alert_reject  },
    {"alert.close",    on_alert_close   },
    {"alert.handover", on_alert_handover},
};
const size_t verbs_of_alerts_count = ARRAY_LEN(verbs_of_alerts);
