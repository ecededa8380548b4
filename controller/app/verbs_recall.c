#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/recall_store.h"
#include "common/facts/tables.h"
#include "controller/app/recall.h"
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
    (void)answer_end_row(a);
    if (part != NULL) {
        parkgate__recall_record__free_unpacked(part, NULL);
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
    answer_columns(a, "gate,state,events,fresh,no_lane,persons");
    for (size_t i = 0; number != 0 && err == ERR_OK && i < ctl->park->gate_count; i++) {
        err = gate_row(ctl, a, ctl->park->gates[i].name, number, fault);
    }
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    return err;
}

/* Where there is no recovery, the answer says so. */
static enum err on_recover_start(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
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

const struct verb_handler verbs_of_recall[] = {
    {"recover.start",   on_recover_start  },
    {"recover.show",    on_recover_show   },
    {"recover.end",     on_recover_end    },
    {"recover.persons", on_recover_persons},
};
const size_t verbs_of_recall_count = ARRAY_LEN(verbs_of_recall);
