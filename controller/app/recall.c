#include "controller/app/recall.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/recall_store.h"
#include "common/seal/day_box.h"
#include "controller/app/agents.h"
#include "controller/app/faults.h"
#include "controller/app/ingest.h"
#include "controller/app/recall_rows.h"
#include "controller/journal/journal.h"
#include "controller/store/key_store.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/kinds.h"
#include "schema/precheck.h"

enum {
    ASK_AGAIN_MS = 5000,    /* no answer within this: asked once more */
    ROWS_WAIT_MS = 30000,   /* others wait so long for a gate that gives no rows */
    ROWS_TOTAL_MS = 600000, /* and so long for all of them together, whatever comes */
    ROWS_MAX = 4 * LIMIT_IMPORT_ROWS,
    EVENTS_MAX = 4000000,   /* an outbox keeps a quarter of that */
    BOXES_A_TURN = 64,      /* opened: a tenth of a millisecond each */
    ASK_SKIPPED_MS = 10000, /* events of lanes that the park does not have: from the beginning */
};

static enum err open_record(struct controller *ctl, Parkgate__RecallRecord **ret,
                            struct fault *fault)
{
    TRY(recall_get(ctl->txn, "", ret, fault));
    if (*ret != NULL && (*ret)->step == RECALL_ENDED) {
        parkgate__recall_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return ERR_OK;
}

enum err recall_is_open(struct controller *ctl, bool *ret_open, struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    TRY(open_record(ctl, &record, fault));
    *ret_open = record != NULL;
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

/* By the hash of its beginning's entry, in which the time is. */
enum err recall_name(struct controller *ctl, uint64_t *ret_name, struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    struct bytes packed;
    struct seal_hash hash;
    *ret_name = 0;
    TRY(recall_get(ctl->txn, "", &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    uint64_t number = record->number;
    parkgate__recall_record__free_unpacked(record, NULL);
    enum err err = journal_read(ctl->txn, number, &packed, &hash, fault);
    if (err != ERR_OK) { /* long ended, and cut off with the journal's beginning */
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct reader r = reader_of(BYTES_OF(hash.bytes));
    *ret_name = reader_u64(&r);
    return ERR_OK;
}

static enum err record_step(struct controller *ctl, const char *actor,
                            const Parkgate__Recalled *step, struct fault *fault)
{
    return controller_record(ctl, ENTRY_RECALLED, actor, &step->base, fault);
}

/* --- the beginning --- */

enum err recall_is_enrolled(struct controller *ctl, struct name gate, bool *ret_enrolled,
                            struct fault *fault)
{
    char name[NAME_SIZE + 8];
    Parkgate__KeyRecord *key = NULL;
    (void)snprintf(name, sizeof(name), "gate:%s", gate.text);
    enum err err = key_by_name(ctl->txn, name, &key, fault);
    *ret_enrolled = err == ERR_OK;
    if (err == ERR_OK) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err has_gates(struct controller *ctl, bool *ret_has, struct fault *fault)
{
    *ret_has = false;
    for (size_t i = 0; i < ctl->park->gate_count && !*ret_has; i++) {
        TRY(recall_is_enrolled(ctl, ctl->park->gates[i].name, ret_has, fault));
    }
    return ERR_OK;
}

static enum err begin(struct controller *ctl, uint64_t backup_sequence, bool *ret_wrote,
                      struct fault *fault)
{
    Parkgate__RecallRecord *known = NULL;
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    bool gates = false;
    *ret_wrote = false;
    TRY(recall_get(ctl->txn, "", &known, fault));
    bool again = known != NULL && known->backup_sequence == backup_sequence;
    if (known != NULL) {
        parkgate__recall_record__free_unpacked(known, NULL);
    }
    TRY(has_gates(ctl, &gates, fault));
    if (again || !gates) {
        return ERR_OK;
    }
    entry.step = RECALL_BEGAN;
    entry.backup_sequence = backup_sequence;
    TRY(record_step(ctl, "", &entry, fault));
    TRY(fault_raise(ctl, &fault_recovering, "", "", "", fault));
    *ret_wrote = true;
    return ERR_OK;
}

enum err recall_begin(struct controller *ctl, uint64_t backup_sequence, struct fault *fault)
{
    bool wrote = false;
    TRY(store_begin_write(ctl->store, &ctl->txn, fault));
    enum err err = begin(ctl, backup_sequence, &wrote, fault);
    if (err == ERR_OK && wrote) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    return err;
}

/* --- the end --- */

static enum err gate_is_done(struct controller *ctl, struct name gate, uint64_t number,
                             bool *ret_done, struct fault *fault)
{
    Parkgate__RecallRecord *part = NULL;
    TRY(recall_get(ctl->txn, gate.text, &part, fault));
    *ret_done = part != NULL && part->number == number && part->step == RECALL_GATE;
    if (part != NULL) {
        parkgate__recall_record__free_unpacked(part, NULL);
    }
    return ERR_OK;
}

static enum err all_are_done(struct controller *ctl, uint64_t number, bool *ret_all,
                             struct fault *fault)
{
    *ret_all = true;
    for (size_t i = 0; i < ctl->park->gate_count && *ret_all; i++) {
        struct name gate = ctl->park->gates[i].name;
        bool enrolled = false;
        TRY(recall_is_enrolled(ctl, gate, &enrolled, fault));
        if (enrolled) {
            TRY(gate_is_done(ctl, gate, number, ret_all, fault));
        }
    }
    return ERR_OK;
}

static enum err end(struct controller *ctl, const char *actor, uint64_t number, const char *reason,
                    struct fault *fault)
{
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    entry.step = RECALL_ENDED;
    entry.number = number;
    entry.reason = field_text(reason);
    TRY(record_step(ctl, actor, &entry, fault));
    TRY(fault_end(ctl, &fault_recovering, "", fault));
    return agents_push_config(ctl, fault);
}

enum err recall_ask(struct controller *ctl, const char *actor, struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    TRY(open_record(ctl, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    entry.step = RECALL_ASKED;
    entry.number = record->number;
    bool asked = record->step == RECALL_ASKED;
    parkgate__recall_record__free_unpacked(record, NULL);
    return asked ? ERR_OK : record_step(ctl, actor, &entry, fault);
}

enum err recall_end(struct controller *ctl, const char *actor, const char *reason,
                    struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    TRY(open_record(ctl, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    uint64_t number = record->number;
    parkgate__recall_record__free_unpacked(record, NULL);
    return end(ctl, actor, number, reason, fault);
}

/* --- asking --- */

/* For what stands behind the place that the session is at: rows of its copy, then events. */
static void ask(struct controller *ctl, struct session *session, uint64_t number)
{
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    recall.number = number;
    if (session->recall.rows_done) {
        recall.epoch = session->recall.epoch;
        recall.from = session->recall.sequence;
    } else {
        recall.rows = true;
        recall.cursor = (ProtobufCBinaryData){.len = session->recall.cursor_size,
                                              .data = session->recall.cursor};
    }
    session->recall.number = number;
    session->recall.asked = ctl->mono;
    session->recall.waits = true;
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_RECALL, 0, &recall.base);
}

/* A gate that does not answer in time is asked again; one that gave events of a lane that the park
 * does not have, from the beginning and later: perhaps the park file is applied meanwhile. */
static bool is_due(const struct controller *ctl, const struct session *session, uint64_t number)
{
    const struct session_recall *recall = &session->recall;
    int64_t wait_ms = recall->wait_long ? ASK_SKIPPED_MS : ASK_AGAIN_MS;
    return session->used && !session->away &&
           (recall->number != number || recall->asked.us == 0 ||
            !mono_before(ctl->mono, mono_after_ms(recall->asked, wait_ms)));
}

/* Whom an event is of, a row of another gate may say: events wait for the rows of all that are
 * there. */
static bool rows_are_coming(const struct controller *ctl)
{
    if (!mono_before(ctl->mono, mono_after_ms(ctl->recall_rows_since, ROWS_TOTAL_MS))) {
        return false;
    }
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        const struct session_recall *recall = &session->recall;
        bool gives_up = recall->number != 0 &&
                        !mono_before(ctl->mono, mono_after_ms(recall->rows_heard, ROWS_WAIT_MS));
        if (session->used && !session->away && !recall->rows_done && !gives_up &&
            park_gate(ctl->park, session->gate) != NULL) {
            return true;
        }
    }
    return false;
}

static enum err ask_all(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    (void)ctx;
    TRY(open_record(ctl, &record, fault));
    bool asks = record != NULL && record->step == RECALL_ASKED;
    uint64_t number = record == NULL ? 0 : record->number;
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    if (!asks || ctl->recall_rows_since.us == 0) {
        ctl->recall_rows_since = asks ? ctl->mono : (struct mono){0};
    }
    for (size_t i = 0; asks && i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        bool done = false;
        if (!is_due(ctl, session, number)) {
            continue;
        }
        TRY(gate_is_done(ctl, session->gate, number, &done, fault));
        if (done) {
            session->recall.rows_done = true; /* before a restart of ours */
            continue;
        }
        if (session->recall.number != number || session->recall.wait_long) {
            session->recall = (struct session_recall){.rows_done = session->recall.wait_long,
                                                      .rows_heard = ctl->mono};
        }
        if (!session->recall.rows_done || !rows_are_coming(ctl)) {
            ask(ctl, session, number);
        }
    }
    return ERR_OK;
}

static bool anybody_is_due(const struct controller *ctl)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        if (session->used && is_due(ctl, session, session->recall.number)) {
            return true;
        }
    }
    return false;
}

void recall_tick(struct controller *ctl)
{
    if (anybody_is_due(ctl)) {
        batch_run(ctl, ask_all, NULL);
    }
}

/* --- what comes --- */

static bool open_with(const struct seal_key *key, const Parkgate__RecalledEvent *item,
                      uint8_t out[LIMIT_EVENT_BYTES], size_t *ret_size)
{
    uint8_t place[OUTBOX_PLACE_SIZE];
    return seal_open(key, outbox_place(item->epoch, item->sequence, place),
                     field_view(&item->sealed), out, LIMIT_EVENT_BYTES, ret_size, NULL) == ERR_OK;
}

/* The gate lost the key of this day: one of the boxes that it kept has it. */
static bool open_sealed(struct controller *ctl, const Parkgate__RecalledEvent *item,
                        uint8_t out[LIMIT_EVENT_BYTES], size_t *ret_size)
{
    struct recall_day *day = &ctl->recall_day;
    bool opened = day->there && day->day == item->day && open_with(&day->key, item, out, ret_size);
    for (size_t at = 0; at + DAY_BOX_SIZE <= item->day_box.len && !opened; at += DAY_BOX_SIZE) {
        ctl->day_boxes++;
        day->day = item->day;
        day->there = day_box_open(&ctl->recovery_key, item->day, item->day_box.data + at, &day->key,
                                  NULL) == ERR_OK;
        opened = day->there && open_with(&day->key, item, out, ret_size);
    }
    return opened;
}

static bool is_sealed_within_bounds(const Parkgate__RecalledEvent *item)
{
    return item->sealed.len <= LIMIT_EVENT_BYTES + SEAL_OVERHEAD &&
           item->day_box.len <= (size_t)DAY_BOXES_MAX * DAY_BOX_SIZE;
}

/* Within the bounds of an event that comes by itself. NULL: it is none. */
static Parkgate__Event *unpack_event(struct bytes packed)
{
    struct complaint ignored;
    const struct envelope envelope = {
        .version = PROTOCOL_VERSION, .kind = MESSAGE_EVENT, .body = packed};
    return (Parkgate__Event *)(void *)envelope_unpack(&envelope, &ignored);
}

static Parkgate__RecalledEvent *unpack_item(const ProtobufCBinaryData *packed)
{
    static const struct message_bounds bounds = {16, LIMIT_RECALL_ITEM_BYTES};
    return precheck(field_view(packed), bounds) != NULL
               ? NULL
               : parkgate__recalled_event__unpack(NULL, packed->len, packed->data);
}

static enum err take_packed(struct controller *ctl, struct input *input,
                            struct session *session, const Parkgate__RecalledEvent *item,
                            struct bytes packed, enum recalled_end *ret_end, struct fault *fault)
{
    Parkgate__Event *event = unpack_event(packed);
    enum err err = ERR_OK;
    uint32_t newest =
        session->ordered_epoch > session->epoch ? session->ordered_epoch : session->epoch;
    if (event != NULL && event->sequence != 0 && event->epoch <= newest) {
        err = ingest_recalled(ctl, input, session, item, event, packed, ret_end, fault);
    }
    if (event != NULL) {
        parkgate__event__free_unpacked(event, NULL);
    }
    return err;
}

/* What came in its time and was counted then is not lost, whatever became of the gate's own. */
static enum err stands_here(struct controller *ctl, const struct session *session,
                            const Parkgate__RecalledEvent *item, bool *ret, struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    enum err err = agent_event(ctl->txn, BYTES_OF(session->identity.bytes), item->epoch,
                               item->sequence, &index, fault);
    *ret = err == ERR_OK;
    if (index != NULL) {
        parkgate__event_index__free_unpacked(index, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err take_opened(struct controller *ctl, struct input *input, struct session *session,
                            const Parkgate__RecalledEvent *item, enum recalled_end *ret_end,
                            struct fault *fault)
{
    uint8_t opened[LIMIT_EVENT_BYTES];
    size_t size = 0;
    enum err err = ERR_OK;
    if (item->sealed.len == 0) {
        return take_packed(ctl, input, session, item, field_view(&item->event), ret_end, fault);
    }
    if (ctl->day_boxes > BOXES_A_TURN - DAY_BOXES_MAX) {
        *ret_end = RECALLED_LATER;
    } else if (is_sealed_within_bounds(item) && open_sealed(ctl, item, opened, &size)) {
        struct bytes event = {.data = opened, .size = size};
        err = take_packed(ctl, input, session, item, event, ret_end, fault);
    } else {
        log_error("recalled_event_sealed", LOG_TEXT("gate", session->gate.text),
                  LOG_NUM("epoch", item->epoch), LOG_NUM("sequence", item->sequence));
    }
    seal_wipe(opened, sizeof(opened));
    return err;
}

static enum err take_item(struct controller *ctl, struct input *input, struct session *session,
                          const ProtobufCBinaryData *packed, enum recalled_end *ret_end,
                          struct fault *fault)
{
    Parkgate__RecalledEvent *item = unpack_item(packed);
    bool known = false; /* before: what is refused now stands here then, too */
    *ret_end = RECALLED_UNREADABLE;
    if (item == NULL) {
        return ERR_OK;
    }
    enum err err = stands_here(ctl, session, item, &known, fault);
    if (err == ERR_OK) {
        err = take_opened(ctl, input, session, item, ret_end, fault);
    }
    if (known && *ret_end == RECALLED_UNREADABLE) {
        *ret_end = RECALLED_KNOWN;
    }
    parkgate__recalled_event__free_unpacked(item, NULL);
    return err;
}

static enum err gate_done(struct controller *ctl, const struct session *session, uint64_t number,
                          struct fault *fault)
{
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    bool all = false;
    entry.step = RECALL_GATE;
    entry.number = number;
    entry.gate = field_text(session->gate.text);
    entry.events = session->recall.events;
    entry.persons = session->recall.persons;
    entry.fresh = session->recall.fresh;
    entry.lost = session->recall.lost;
    TRY(record_step(ctl, session->gate.text, &entry, fault));
    log_event("gate_recalled", LOG_TEXT("gate", session->gate.text),
              LOG_NUM("events", entry.events), LOG_NUM("fresh", entry.fresh),
              LOG_NUM("persons", entry.persons), LOG_NUM("lost", entry.lost));
    if (entry.lost > 0) {
        TRY(fault_note(ctl, &fault_recall_lost, entry.gate, entry.gate, "", fault));
    }
    TRY(all_are_done(ctl, number, &all, fault));
    return all ? end(ctl, "", number, "", fault) : ERR_OK;
}

/* *ret_taken: so many of the answer's; the others are asked for again. */
static enum err take_items(struct controller *ctl, struct input *input, struct session *session,
                           const Parkgate__Recall *answer, size_t *ret_taken, struct fault *fault)
{
    struct session_recall was = session->recall;
    size_t taken = 0;
    for (; taken < answer->n_item; taken++) {
        enum recalled_end how = RECALLED_UNREADABLE;
        TRY(take_item(ctl, input, session, &answer->item[taken], &how, fault));
        if (how == RECALLED_LATER) {
            break;
        }
        was.events += how != RECALLED_UNREADABLE;
        was.lost += how == RECALLED_UNREADABLE;
        was.fresh += how == RECALLED_FRESH;
        was.skipped += how == RECALLED_NO_LANE;
    }
    if (!input->recalled) { /* worked off again, it is counted once */
        session->recall = was;
        session->recall.waits = false;
        input->recalled = true;
    }
    *ret_taken = taken;
    return ERR_OK;
}

/* A gate cannot hold the others up: each answer goes on behind the one before, and only one that
 * was asked for is taken. */
static bool goes_on(const struct session_recall *recall, const Parkgate__Recall *answer)
{
    struct bytes before = {.data = recall->cursor, .size = recall->cursor_size};
    struct bytes now = field_view(&answer->cursor);
    size_t common = before.size < now.size ? before.size : now.size;
    int order = common == 0 ? 0 : memcmp(now.data, before.data, common);
    if (!recall->waits) {
        return false;
    }
    if (answer->rows) {
        return answer->done || order > 0 || (order == 0 && now.size > before.size);
    }
    return answer->done || answer->epoch > recall->epoch ||
           (answer->epoch == recall->epoch && answer->from > recall->sequence);
}

/* An answer that is worked off again changes the session once. */
static enum err take_rows(struct controller *ctl, struct input *input, struct session *session,
                          const Parkgate__Recall *answer, uint64_t backup_sequence,
                          struct fault *fault)
{
    struct session_recall *recall = &session->recall;
    uint64_t persons = 0;
    if ((recall->rows_done && !input->recalled) || answer->cursor.len > RECALL_CURSOR_MAX) {
        return ERR_OK;
    }
    bool newer = answer->copy_sequence > backup_sequence;
    for (size_t i = 0; newer && i < answer->n_item; i++) {
        bool fresh = false;
        TRY(recall_row(ctl, session, &answer->item[i], recall->number, &fresh, fault));
        persons += fresh;
    }
    if (!input->recalled) {
        input->recalled = true;
        recall->waits = false;
        recall->persons += persons;
        recall->rows += answer->n_item;
        recall->rows_heard = ctl->mono;
        recall->cursor_size = answer->cursor.len;
        if (answer->cursor.len > 0) {
            memcpy(recall->cursor, answer->cursor.data, answer->cursor.len);
        }
        recall->rows_done =
            answer->done || !newer || answer->n_item == 0 || recall->rows > ROWS_MAX;
    }
    if (recall->rows_done) {
        recall->asked = (struct mono){0}; /* the next tick asks for events */
    } else {
        ask(ctl, session, recall->number);
    }
    return ERR_OK;
}

/* Behind the last of those that were taken. */
static void move_behind(struct session *session, const Parkgate__Recall *answer, size_t taken)
{
    Parkgate__RecalledEvent *item = taken == 0 ? NULL : unpack_item(&answer->item[taken - 1]);
    if (item != NULL && item->sequence > 0) { /* a gate of the version before: of sealed ones */
        session->recall.epoch = item->epoch;
        session->recall.sequence = item->sequence;
    }
    if (item != NULL) {
        parkgate__recalled_event__free_unpacked(item, NULL);
    }
}

enum err recall_heard(struct controller *ctl, struct input *input, struct session *session,
                      const Parkgate__Recall *answer, struct fault *fault)
{
    Parkgate__RecallRecord *record = NULL;
    bool done = false;
    TRY(open_record(ctl, &record, fault));
    uint64_t number = record == NULL ? 0 : record->number;
    uint64_t backup_sequence = record == NULL ? 0 : record->backup_sequence;
    if (record != NULL) {
        parkgate__recall_record__free_unpacked(record, NULL);
    }
    if (number == 0 || answer->number != number || session->recall.number != number) {
        return ERR_OK; /* of a recovery that is over, or of before a restart: asked again */
    }
    TRY(gate_is_done(ctl, session->gate, number, &done, fault));
    if (done) {
        return ERR_OK;
    }
    if (!input->recalled && !goes_on(&session->recall, answer)) {
        return ERR_OK;
    }
    if (answer->rows) {
        return take_rows(ctl, input, session, answer, backup_sequence, fault);
    }
    session->recall.rows_done = true; /* a gate of the version before gives no rows */
    size_t taken = 0;
    TRY(take_items(ctl, input, session, answer, &taken, fault));
    if (taken < answer->n_item) { /* the next tick asks for the rest */
        move_behind(session, answer, taken);
        session->recall.asked = (struct mono){0};
        return ERR_OK;
    }
    session->recall.epoch = answer->epoch;
    session->recall.sequence = answer->from;
    if (!answer->done && session->recall.events + session->recall.lost <= EVENTS_MAX) {
        ask(ctl, session, number);
        return ERR_OK;
    }
    if (session->recall.skipped > 0) {
        log_warning("recall_needs_the_park", LOG_TEXT("gate", session->gate.text),
                    LOG_NUM("events", session->recall.skipped));
        session->recall.wait_long = true;
        return ERR_OK;
    }
    return gate_done(ctl, session, number, fault);
}
