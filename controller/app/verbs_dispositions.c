/* What operators do with dispositions of view libraries. What one says is shown with a reason only,
 * as a look-up; lists and the journal have numbers. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/approvals.h"
#include "controller/app/disposition_entry.h"

enum { DOUBT_WORDS_SIZE = 96, NUMBER_SIZE = 24 };

/* ---- list ---- */

static bool list_row(struct answer *a, const Parkgate__DispositionRecord *d)
{
    char doubts[DOUBT_WORDS_SIZE];
    disposition_doubt_words(d->doubts, doubts, sizeof(doubts));
    answer_begin_row(a);
    answer_number(a, (int64_t)d->number);
    answer_text(a, d->peer);
    answer_text(a, disposition_state_word(d->state));
    answer_text(a, disposition_target_word(d->target));
    answer_text(a, doubts);
    answer_wall(a, (struct wall){d->received_us});
    answer_wall(a, (struct wall){d->end_us});
    answer_text(a, d->by);
    answer_text(a, d->reason);
    return answer_end_row(a);
}

/* A bare row keeps a number alone (retention_dispositions.c). */
static bool is_wanted(const Parkgate__DispositionRecord *d, bool all)
{
    return d->id_hash.len > 0 && (all || disposition_is_open(d->state));
}

static enum err on_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    uint8_t after[ANSWER_CURSOR_MAX];
    size_t after_size = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct answer *a = request->answer;
    bool all = request_arg(request, "all") != NULL;
    answer_columns(a, "disposition,peer,state,target,doubts,received_us,end_us,by,reason");
    if (!request_cursor(request, after, &after_size)) {
        return ERR_OK;
    }
    TRY(store_iter_range(ctl->txn, TABLE_DISPOSITION,
                         (struct bytes){.data = after, .size = after_size}, (struct bytes){0},
                         LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__disposition_record__descriptor, &message,
                                 fault));
        const Parkgate__DispositionRecord *d = (const void *)message;
        bool fits = !is_wanted(d, all) || list_row(a, d);
        store_message_destroy(&message);
        if (!fits) {
            answer_more(a, key);
            return ERR_OK;
        }
    }
    if (err == ERR_NOT_FOUND && iter.cut) {
        uint8_t next[STORE_KEY_MAX + 1] = {0};
        memcpy(next, iter.last, iter.last_size);
        answer_more(a, (struct bytes){.data = next, .size = iter.last_size + 1U});
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- one ---- */

/* *ret NULL: refused. Free with parkgate__disposition_record__free_unpacked(). */
static enum err named(struct controller *ctl, struct request *request,
                      Parkgate__DispositionRecord **ret, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    *ret = NULL;
    if (!request_need(request, "disposition", &text) ||
        !request_number_or_none(request, "disposition", UINT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = disposition_get(ctl->txn, number, ret, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "disposition", text, NULL);
        err = ERR_OK;
    }
    return err;
}

static void show_field(struct answer *a, const char *name, const char *value)
{
    if (value[0] != '\0') {
        answer_begin_row(a);
        answer_text(a, name);
        answer_text(a, value);
        MUST(answer_end_row(a));
    }
}

static void show_record(struct answer *a, const Parkgate__DispositionRecord *d)
{
    char text[DOUBT_WORDS_SIZE];
    show_field(a, "peer", d->peer);
    show_field(a, "state", disposition_state_word(d->state));
    show_field(a, "target", disposition_target_word(d->target));
    disposition_doubt_words(d->doubts, text, sizeof(text));
    show_field(a, "doubts", text);
    show_field(a, "authority", d->authority);
    show_field(a, "entered_by", d->entered_by);
    show_field(a, "by", d->by);
    show_field(a, "why", d->reason);
}

static void show_said(struct answer *a, const Parkgate__ViidDisposition *said)
{
    char priority[NUMBER_SIZE] = "";
    if (said->priority != 0) {
        (void)snprintf(priority, sizeof(priority), "%u", said->priority);
    }
    show_field(a, "id", said->id);
    show_field(a, "title", said->title);
    show_field(a, "category", said->category);
    show_field(a, "feature", said->feature);
    show_field(a, "value", said->value);
    show_field(a, "priority", priority);
    show_field(a, "applicant", said->applicant);
    show_field(a, "organisation", said->organisation);
    show_field(a, "contact", said->contact);
    show_field(a, "reason", said->reason);
    show_field(a, "range", said->range);
    show_field(a, "receive_addr", said->receive_addr);
    show_field(a, "begin", said->begin_text);
    show_field(a, "end", said->end_text);
}

static enum err show_plain(struct controller *ctl, struct request *request,
                           const Parkgate__DispositionRecord *record, struct fault *fault)
{
    uint8_t plain[DISPOSITION_PLAIN_MAX];
    size_t size = 0;
    enum err err = disposition_open(ctl, record, plain, &size, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK; /* over: its key is destroyed */
    }
    TRY(err);
    Parkgate__ViidDisposition *said = parkgate__viid_disposition__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (said == NULL) {
        return fault_set(fault, ERR_CORRUPT, "disposition: what it says is damaged");
    }
    show_said(request->answer, said);
    parkgate__viid_disposition__free_unpacked(said, NULL);
    return ERR_OK;
}

/* What was entered; of a person's number only that there is one. */
static enum err show_entered(struct controller *ctl, struct request *request,
                             const Parkgate__DispositionRecord *record, struct fault *fault)
{
    char plate[CREDENTIAL_BYTES_MAX + 1] = "";
    struct answer *a = request->answer;
    struct watch_entry entry;
    enum err err = disposition_entered(ctl, record, &entry, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (entry.matcher == WATCH_MATCHER_PLATE) {
        memcpy(plate, entry.match, entry.match_size);
    }
    show_field(a, "entered_category", watch_category_name(entry.category));
    show_field(a, "entered_matcher", watch_matcher_name(entry.matcher));
    show_field(a, "entered_plate", plate);
    show_field(a, "entered_case", entry.case_number);
    show_field(a, "entered_basis", entry.legal_basis);
    show_field(a, "entered_applicant", entry.applicant);
    show_field(a, "entered_contact", entry.contact);
    show_field(a, "entered_action", watch_action_name(entry.action));
    show_field(a, "entered_instruction", watch_instruction_name(entry.instruction));
    return ERR_OK;
}

static enum err on_show(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *reason = NULL;
    Parkgate__DispositionRecord *record = NULL;
    enum err err = ERR_OK;
    answer_columns(request->answer, "field,value");
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    struct handle handle = people_handle(&record->handle);
    if (request_lookup(ctl, request, &handle, 1, reason, &err, fault)) {
        show_record(request->answer, record);
        err = show_plain(ctl, request, record, fault);
        err = err == ERR_OK ? show_entered(ctl, request, record, fault) : err;
    }
    parkgate__disposition_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_refuse(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *reason = NULL;
    Parkgate__DispositionRecord *record = NULL;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (disposition_is_open(record->state)) {
        err = disposition_end(ctl, record, VIID_STATE_REFUSED, request->key->name,
                              key_person(request->key), reason, fault);
    } else {
        (void)request_refuse(request, ERROR_VIID_STATE, request_arg(request, "disposition"),
                             disposition_state_word(record->state), "pending or entered");
    }
    parkgate__disposition_record__free_unpacked(record, NULL);
    return err;
}

typedef enum err step(struct controller *ctl, struct request *request,
                      const Parkgate__DispositionRecord *record, struct fault *fault);

/* Does `next` with the disposition of the request while it is in `state`; one that was entered may
 * be entered again. */
static enum err in_state(struct controller *ctl, struct request *request, uint32_t state,
                         step *next, struct fault *fault)
{
    Parkgate__DispositionRecord *record = NULL;
    TRY(named(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    bool fits = record->state == state ||
                (state == VIID_STATE_PENDING && record->state == VIID_STATE_ENTERED);
    if (fits) {
        err = next(ctl, request, record, fault);
    } else {
        (void)request_refuse(request, ERROR_VIID_STATE, request_arg(request, "disposition"),
                             disposition_state_word(record->state), disposition_state_word(state));
    }
    parkgate__disposition_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_enter(struct controller *ctl, struct request *request, struct fault *fault)
{
    return in_state(ctl, request, VIID_STATE_PENDING, disposition_enter, fault);
}

static enum err confirm(struct controller *ctl, struct request *request,
                        const Parkgate__DispositionRecord *record, struct fault *fault)
{
    if (strcmp(record->entered_by, key_person(request->key)) == 0) {
        (void)request_refuse(request, ERROR_VIID_SAME_PERSON, record->entered_by,
                             request_arg(request, "disposition"), NULL);
        return ERR_OK;
    }
    return disposition_confirm(ctl, request, record, fault);
}

static enum err on_confirm(struct controller *ctl, struct request *request, struct fault *fault)
{
    return in_state(ctl, request, VIID_STATE_ENTERED, confirm, fault);
}

const struct verb_handler verbs_of_dispositions[] = {
    {"disposition.enter",   on_enter  },
    {"disposition.confirm", on_confirm},
    {"disposition.list",    on_list   },
    {"disposition.show",    on_show   },
    {"disposition.refuse",  on_refuse },
};
const size_t verbs_of_dispositions_count = ARRAY_LEN(verbs_of_dispositions);
