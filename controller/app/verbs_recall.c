#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/recall_store.h"
#include "common/facts/tables.h"
#include "controller/app/recall.h"
#include "controller/app/recall_waits.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"
#include "schema/kinds.h"

static const char *state_of(const Parkgate__RecallRecord *record)
{
    static const char *const words[] = {
        [RECALL_BEGAN] = "waiting", [RECALL_ASKED] = "asking", [RECALL_ENDED] = "ended"};
    if (record == NULL) {
        return "none";
    }
    return record->step < ARRAY_LEN(words) && words[record->step] != NULL ? words[record->step]
                                                                          : "unknown";
}

static const char *gate_state(const struct session *session, bool done, uint64_t number)
{
    if (done) {
        return "done";
    }
    if (session == NULL || session->away) {
        return "away";
    }
    if (session->recall.skipped > 0) {
        return "needs-park";
    }
    return session->recall.number == number && number != 0 ? "giving" : "waiting";
}

static enum err gate_row(struct controller *ctl, struct answer *a, struct name gate,
                         uint64_t number, struct fault *fault)
{
    Parkgate__RecallRecord *part = NULL;
    bool enrolled = false;
    TRY(recall_is_enrolled(ctl, gate, &enrolled, fault));
    if (!enrolled) {
        return ERR_OK;
    }
    TRY(recall_get(ctl->txn, gate.text, &part, fault));
    bool done = part != NULL && part->number == number && part->step == RECALL_GATE;
    const struct session *session = session_of_gate(&ctl->sessions, gate);
    answer_begin_row(a);
    answer_text(a, gate.text);
    answer_text(a, gate_state(session, done, number));
    answer_number(a, (int64_t)(done ? part->events : session != NULL ? session->recall.events : 0));
    answer_number(a, (int64_t)(done ? part->fresh : session != NULL ? session->recall.fresh : 0));
    answer_number(a, session == NULL ? 0 : (int64_t)session->recall.skipped);
    answer_number(a, (int64_t)(done              ? part->persons
                               : session != NULL ? session->recall.persons
                                                 : 0));
    answer_number(a, (int64_t)(done ? part->lost : session != NULL ? session->recall.lost : 0));
    (void)answer_end_row(a);
    if (part != NULL) {
        parkgate__recall_record__free_unpacked(part, NULL);
    }
    return ERR_OK;
}

/* Whether anything waits to be confirmed. */
static enum err note_waiting(struct controller *ctl, struct answer *a, struct fault *fault)
{
    struct recall_row row;
    Parkgate__RecallRecord *record = NULL;
    enum err err = recall_row_next(ctl, NULL, NULL, &row, &record, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    answer_note(a, "unconfirmed", err == ERR_OK ? "yes" : "no");
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

static enum err on_recover_show(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    struct answer *a = request->answer;
    enum err err = ERR_OK;
    TRY(recall_get(ctl->txn, "", &record, fault));
    uint64_t number = record == NULL ? 0 : record->number;
    answer_note(a, "recovery", state_of(record));
    answer_note_number(a, "backup_seq", record == NULL ? 0 : (int64_t)record->backup_sequence);
    TRY(note_waiting(ctl, a, fault));
    answer_columns(a, "gate,state,events,fresh,no_lane,persons,lost");
    for (size_t i = 0; number != 0 && err == ERR_OK && i < ctl->park->gate_count; i++) {
        err = gate_row(ctl, a, ctl->park->gates[i].name, number, fault);
    }
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    return err;
}

static bool is_gates(const Parkgate__KeyRecord *key)
{
    return (key->roles & 1U << ROLE_AGENT) != 0 && key->revoked_us == 0;
}

static void key_row(struct controller *ctl, struct answer *a, const Parkgate__KeyRecord *key)
{
    char z85[LINK_KEY_Z85_SIZE] = "";
    struct link_key public_key = {{0}};
    const struct session *session = NULL;
    if (key->public_key.len == LINK_KEY_SIZE) {
        memcpy(public_key.bytes, key->public_key.data, LINK_KEY_SIZE);
        link_key_to_z85(public_key, z85);
        session = session_of_key(&ctl->sessions, &public_key);
    }
    answer_begin_row(a);
    answer_text(a, key->gate);
    answer_text(a, z85);
    answer_wall(a, (struct wall){key->added_us});
    answer_wall(a, session == NULL ? (struct wall){0} : session->heard_wall);
    (void)answer_end_row(a);
}

/* Whose word is going to be taken: every key of a gate that is live by the backup. Those that were
 * revoked after it live again; nobody but a person can know which. */
static enum err keys_to_look_at(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    struct answer *a = request->answer;
    AUTO(store_iter_end) struct store_iter iter = {0};
    answer_note(a, "recovery", "waiting");
    answer_note(
        a, "look",
        "keys that were revoked after the backup live again, stolen boxes' too: revoke them "
        "(parkgate agent revoke), then parkgate recover --checked; "
        "备份之后吊销的密钥重新有效，失窃主机的也在内：先逐一吊销，再执行 parkgate recover "
        "--checked");
    answer_columns(a, "gate,public,added_us,heard_us");
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        if (is_gates((const void *)message)) {
            key_row(ctl, a, (const void *)message);
        }
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Where there is no recovery, the answer says so. */
static enum err on_recover_start(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    TRY(recall_get(ctl->txn, "", &record, fault));
    bool begins = record != NULL && record->step == RECALL_BEGAN;
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    if (begins && request_arg(request, "checked") == NULL) {
        return keys_to_look_at(ctl, request, fault);
    }
    TRY(recall_ask(ctl, request->key->name, fault));
    return on_recover_show(ctl, request, fault);
}

static enum err on_recover_end(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *reason;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(recall_end(ctl, request->key->name, reason, fault));
    return on_recover_show(ctl, request, fault);
}

/* --- whom gates gave back --- */

/* One page of those behind `from`. */
static enum err persons_page(struct controller *ctl, struct request *request, struct bytes from,
                             struct fault *fault)
{
    struct answer *a = request->answer;
    struct bytes key;
    struct bytes value;
    uint8_t last[STORE_KEY_MAX];
    size_t last_size = 0;
    size_t shown = 0;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(ctl->txn, TABLE_HOLDER, from, (struct bytes){0}, UINT64_MAX, &iter,
                         fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__holder_record__descriptor, &message,
                                 fault));
        const Parkgate__HolderRecord *holder = (const void *)message;
        bool listed = holder->recovered != 0 && !holder->removed && !bytes_equal(key, from);
        if (listed && shown == LIMIT_ROWS_PER_MESSAGE) {
            store_message_destroy(&message);
            answer_more(a, (struct bytes){.data = last, .size = last_size});
            return ERR_OK;
        }
        if (listed) {
            answer_begin_row(a);
            answer_handle(a, people_handle(&holder->holder));
            answer_text(a, holder->tenant);
            answer_text(a, holder->vehicle ? "vehicle" : roster_kind_word(holder->kind));
            (void)answer_end_row(a);
            shown++;
            memcpy(last, key.data, key.size);
            last_size = key.size;
        }
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_recover_persons(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    if (!request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    answer_columns(request->answer, "person,tenant,kind");
    return persons_page(ctl, request, (struct bytes){.data = cursor, .size = size}, fault);
}

/* --- what one gate alone gave back --- */

struct waiting {
    struct recall_row row;
    const char *told_by; /* borrowed */
    int64_t since_us;
};

static void waiting_row(struct answer *a, const struct waiting *waiting,
                        const Parkgate__HolderRecord *holder)
{
    const struct recall_row *row = &waiting->row;
    answer_begin_row(a);
    answer_handle(a, row->holder);
    answer_text(a, holder->tenant);
    answer_text(a, holder->vehicle ? "vehicle" : roster_kind_word(holder->kind));
    answer_text(a, row->table == TABLE_HOLDER ? "holder" : table_names[row->table]);
    answer_handle(a, row->row);
    answer_text(a, waiting->told_by);
    answer_wall(a, (struct wall){waiting->since_us});
    (void)answer_end_row(a);
}

static enum err show_waiting(struct controller *ctl, struct request *request,
                             const struct waiting *waiting, bool *ret_shown, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    const Parkgate__HolderRecord nobody = PARKGATE__HOLDER_RECORD__INIT;
    *ret_shown = waiting->row.table < TABLE_COUNT;
    enum err err = people_holder(ctl->txn, waiting->row.holder, &holder, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (*ret_shown) {
        waiting_row(request->answer, waiting, holder == NULL ? &nobody : holder);
    }
    if (holder != NULL) {
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    return ERR_OK;
}

static enum err on_recover_waiting(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    uint8_t cursor[ANSWER_CURSOR_MAX];
    size_t size = 0;
    size_t shown = 0;
    enum err err = ERR_OK;
    struct recall_row at;
    struct keybuf key;
    if (!request_cursor(request, cursor, &size)) {
        return ERR_OK;
    }
    bool goes_on = recall_row_of_key((struct bytes){.data = cursor, .size = size}, &at);
    answer_columns(request->answer, "person,tenant,kind,what,handle,gate,since_us");
    while (shown < LIMIT_ROWS_PER_MESSAGE && err == ERR_OK) {
        bool fits = false;
        struct waiting next = {.told_by = ""};
        Parkgate__RecallRecord *record = NULL;
        err = recall_row_next(ctl, goes_on ? &at : NULL, NULL, &next.row, &record, fault);
        if (err == ERR_NOT_FOUND) {
            return ERR_OK;
        }
        TRY(err);
        next.told_by = record->gate;
        next.since_us = record->at_us;
        err = show_waiting(ctl, request, &next, &fits, fault);
        parkgate__recall_record__free_unpacked(record, NULL);
        at = next.row;
        goes_on = true;
        shown += fits;
    }
    TRY(err);
    answer_more(request->answer, recall_row_key(&key, &at));
    return ERR_OK;
}

/* Those of a holder, or of a gate, so many at once. */
static enum err confirm_some(struct controller *ctl, const struct request *request,
                             const struct handle *holder, const char *gate, const char *reason,
                             size_t *ret_confirmed, bool *ret_more, struct fault *fault)
{
    struct recall_row at = {.table = 0};
    bool goes_on = false;
    *ret_confirmed = 0;
    *ret_more = false;
    for (;;) {
        struct recall_row row;
        Parkgate__RecallRecord *record = NULL;
        enum err err = recall_row_next(ctl, goes_on ? &at : NULL, holder, &row, &record, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        bool meant = gate == NULL || strcmp(record->gate, gate) == 0;
        parkgate__recall_record__free_unpacked(record, NULL);
        at = row;
        goes_on = true;
        if (meant && *ret_confirmed == LIMIT_ROWS_PER_MESSAGE) {
            *ret_more = true;
            return ERR_OK;
        }
        if (meant) {
            TRY(recall_row_confirm(ctl, request->key->name, &row, reason, fault));
            ++*ret_confirmed;
        }
    }
}

/* A named person answers for them. */
static enum err on_recover_confirm(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    struct handle person;
    struct name gate;
    size_t confirmed = 0;
    bool more = false;
    const char *reason = NULL;
    bool of_person = request_arg(request, "person") != NULL;
    bool of_gate = request_arg(request, "gate") != NULL;
    if (of_person == of_gate) {
        (void)request_refuse(request, ERROR_ARG_BAD, "person", "",
                             "either a person or vehicle, or a gate");
        return ERR_OK;
    }
    if ((of_person && !request_handle(request, "person", &person)) ||
        (of_gate && !request_name(request, "gate", &gate)) ||
        !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(confirm_some(ctl, request, of_person ? &person : NULL, of_gate ? gate.text : NULL, reason,
                     &confirmed, &more, fault));
    answer_note_number(request->answer, "confirmed", (int64_t)confirmed);
    answer_note(request->answer, "more", more ? "yes" : "no");
    return ERR_OK;
}

const struct verb_handler verbs_of_recall[] = {
    {"recover.start",   on_recover_start  },
    {"recover.show",    on_recover_show   },
    {"recover.end",     on_recover_end    },
    {"recover.persons", on_recover_persons},
    {"recover.waiting", on_recover_waiting},
    {"recover.confirm", on_recover_confirm},
};
const size_t verbs_of_recall_count = ARRAY_LEN(verbs_of_recall);
