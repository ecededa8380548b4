/* What the controller has not answered yet: sent again after each WELCOME, after a stall, and some
 * time after an answer `retry`; live events go before it. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

/* An event that cannot be read any more can never be answered: it is set aside and told. */
static void give_up(struct gate *gate, struct grant_id id, const char *why)
{
    log_error("outbox_row_unreadable", LOG_NUM("epoch", id.epoch), LOG_NUM("sequence", id.sequence),
              LOG_TEXT("why", why));
    (void)!batch_add_answer(&gate->batch, id, 0, 0);
}

static enum err read_event(struct gate *gate, struct grant_id id, uint8_t out[LIMIT_EVENT_BYTES],
                           size_t *ret_size, uint32_t *ret_kind, struct fault *fault)
{
    struct outbox_event event;
    TRY(outbox_get(gate->store, id, &event, fault));
    TRY(vault_open(gate->vault, &event, out, ret_size, fault));
    *ret_kind = event.kind;
    return ERR_OK;
}

/* The presentation goes out as it was first sent. What the agent acted on by the controller's word
 * stands in no event yet; after a break the controller may have lost it, so it is said again. */
static void tell_acted(struct gate *gate, struct grant_id id, struct bytes packed)
{
    struct acted acted;
    if (outbox_acted(gate->store, id, &acted, NULL) != ERR_OK || acted.told) {
        return;
    }
    Parkgate__Event *event = parkgate__event__unpack(NULL, packed.size, packed.data);
    if (event == NULL) {
        return;
    }
    struct draft draft = {.kind = EVENT_ACTED,
                          .received = gate_wall(gate),
                          .presentation = id,
                          .has_verdict = true,
                          .outcome = acted.outcome,
                          .reason = acted.reason,
                          .source = acted.source,
                          .direction = event->direction};
    (void)name_from_text(event->lane, &draft.lane);
    (void)name_from_text(event->reader, &draft.reader);
    parkgate__event__free_unpacked(event, NULL);
    struct grant_id told;
    if (record_event(gate, &draft, false, NULL, &told, NULL) == ERR_OK) {
        acted.told = true;
        MUST(batch_add_acted(&gate->batch, id, acted));
    }
}

static enum err send_packed(struct gate *gate, struct grant_id id, bool again, struct fault *fault)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    uint32_t kind = 0;
    struct fault local = {0};
    enum err err = read_event(gate, id, packed, &size, &kind, &local);
    if (err != ERR_OK) {
        if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) {
            give_up(gate, id, local.what);
            return ERR_OK;
        }
        return fault_set(fault, err, "%s", local.what);
    }
    struct bytes view = {.data = packed, .size = size};
    TRY(controller_link_send_event(gate->controller, id.sequence, view, fault));
    if (again && kind == EVENT_PRESENTATION &&
        presentation_find(&gate->presentations, id) == NULL) {
        tell_acted(gate, id, view);
    }
    return ERR_OK;
}

enum err backlog_send(struct gate *gate, struct grant_id id, struct fault *fault)
{
    return send_packed(gate, id, false, fault);
}

void backlog_restart(struct gate *gate, struct mono now)
{
    struct backlog *backlog = &gate->backlog;
    backlog->cursor = (struct grant_id){0};
    backlog->end = agent_store_state(gate->store)->last_sequence;
    backlog->in_flight_count = 0;
    backlog->progress = now;
    backlog->retry_wanted = false;
    backlog->renumber = true; /* a crash may have left some; finding none costs one look */
}

void backlog_missed(struct gate *gate, struct grant_id id)
{
    struct backlog *backlog = &gate->backlog;
    if (id.epoch != agent_store_state(gate->store)->epoch) {
        return;
    }
    if (id.sequence > backlog->end) {
        backlog->end = id.sequence;
    }
    if (backlog->cursor.epoch == id.epoch && backlog->cursor.sequence >= id.sequence) {
        backlog->cursor.sequence = id.sequence - 1;
    }
}

static void flight_begin(struct backlog *backlog, uint64_t sequence)
{
    MUST(backlog->in_flight_count < BACKLOG_WINDOW);
    backlog->in_flight[backlog->in_flight_count++] = sequence;
}

static void flight_end(struct backlog *backlog, uint64_t sequence)
{
    for (size_t i = 0; i < backlog->in_flight_count; i++) {
        if (backlog->in_flight[i] == sequence) {
            backlog->in_flight[i] = backlog->in_flight[--backlog->in_flight_count];
            return;
        }
    }
}

/* --- events of older epochs get a place in this one --- */

static struct grant_id presentation_of(const Parkgate__Event *event)
{
    uint32_t epoch = event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch;
    return (struct grant_id){.epoch = epoch, .sequence = event->presentation};
}

/* Where the presentation of a moved event stands, or will stand after this batch. */
static struct grant_id new_place(struct gate *gate, struct grant_id id)
{
    if (id.sequence == 0) {
        return id;
    }
    for (size_t i = 0; i < gate->batch.event_count; i++) {
        if (grant_id_equal(gate->batch.events[i].moved_from, id)) {
            return gate->batch.events[i].id;
        }
    }
    struct grant_id moved = id;
    return outbox_moved(gate->store, id, &moved, NULL) == ERR_OK ? moved : id;
}

static enum err renumber_one(struct gate *gate, struct grant_id from, struct fault *fault)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    uint32_t kind = 0;
    TRY(read_event(gate, from, packed, &size, &kind, fault));
    Parkgate__Event *event = parkgate__event__unpack(NULL, size, packed);
    if (event == NULL) {
        return fault_set(fault, ERR_CORRUPT, "the event cannot be unpacked");
    }
    struct batch_event *entry = batch_add_event(&gate->batch, gate->store);
    MUST(entry != NULL);
    size = draft_pack_again(event, entry->id, new_place(gate, presentation_of(event)), packed);
    parkgate__event__free_unpacked(event, NULL);
    enum err err = size == 0 ? fault_set(fault, ERR_CORRUPT, "the event grew too large")
                             : vault_seal(gate->vault, (struct bytes){.data = packed, .size = size},
                                          gate_wall(gate), entry, fault);
    if (err != ERR_OK) {
        gate->batch.event_count--;
        return err;
    }
    entry->kind = kind;
    entry->moved_from = from;
    record_after(gate, (struct after){.kind = AFTER_MOVED, .from = from, .id = entry->id});
    return ERR_OK;
}

/* The next pending event of another epoch than `current`. */
static enum err next_foreign(struct gate *gate, uint32_t current, struct grant_id after,
                             size_t limit, struct grant_id *ret_ids, size_t *ret_count,
                             struct fault *fault)
{
    TRY(outbox_pending(gate->store, after, limit, ret_ids, ret_count, fault));
    if (*ret_count > 0 && ret_ids[0].epoch == current) {
        struct grant_id behind = {.epoch = current, .sequence = UINT64_MAX - 1};
        return outbox_pending(gate->store, behind, limit, ret_ids, ret_count, fault);
    }
    return ERR_OK;
}

/* One slice; *ret_more: there may be others. The batch must be empty but for a new epoch. */
static enum err renumber_slice(struct gate *gate, uint32_t current, bool *ret_more,
                               struct fault *fault)
{
    struct grant_id ids[BACKLOG_SLICE];
    size_t count = 0;
    TRY(next_foreign(gate, current, (struct grant_id){0}, BACKLOG_SLICE, ids, &count, fault));
    *ret_more = count > 0;
    for (size_t i = 0; i < count && ids[i].epoch != current; i++) {
        struct fault local = {0};
        enum err err = renumber_one(gate, ids[i], &local);
        if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) {
            give_up(gate, ids[i], local.what);
        } else if (err != ERR_OK) {
            return fault_set(fault, err, "%s", local.what);
        }
    }
    return ERR_OK;
}

/* The first slice goes into the same commit as the new epoch, so that a short backlog keeps its
 * order before everything new. */
void backlog_new_epoch(struct gate *gate, uint32_t epoch)
{
    struct fault fault = {0};
    (void)!record_commit(gate, NULL);
    MUST(batch_is_empty(&gate->batch));
    log_warning("new_epoch", LOG_NUM("from", agent_store_state(gate->store)->epoch),
                LOG_NUM("to", epoch));
    gate->batch.new_epoch = epoch;
    if (renumber_slice(gate, epoch, &(bool){false}, &fault) != ERR_OK) {
        log_error("renumber_failed", LOG_TEXT("why", fault.what)); /* the walk tries again */
    }
    if (record_commit(gate, &fault) != ERR_OK) {
        log_error("new_epoch_failed", LOG_TEXT("why", fault.what));
    }
}

/* --- the walk --- */

/* True: go on with the next one. */
static bool walk_one(struct gate *gate, struct grant_id id)
{
    struct backlog *backlog = &gate->backlog;
    struct fault fault = {0};
    if (id.sequence <= backlog->applied) {
        if (!batch_add_answer(&gate->batch, id, ANSWER_APPLIED, 0)) {
            return false;
        }
    } else {
        enum err err = send_packed(gate, id, true, &fault);
        if (err != ERR_OK) {
            if (err != ERR_BUSY) {
                log_warning("backlog_send_failed", LOG_TEXT("why", fault.what));
            }
            return false;
        }
        flight_begin(backlog, id.sequence);
    }
    backlog->cursor = id;
    return true;
}

static void walk_slice(struct gate *gate)
{
    struct backlog *backlog = &gate->backlog;
    uint32_t epoch = agent_store_state(gate->store)->epoch;
    if (backlog->cursor.epoch != epoch) {
        backlog->cursor = (struct grant_id){.epoch = epoch};
    }
    size_t room = BACKLOG_WINDOW - backlog->in_flight_count;
    size_t limit = room < BACKLOG_SLICE ? room : BACKLOG_SLICE;
    if (limit == 0 || backlog->cursor.sequence >= backlog->end) {
        return;
    }
    struct grant_id ids[BACKLOG_SLICE];
    size_t count = 0;
    if (outbox_pending(gate->store, backlog->cursor, limit, ids, &count, NULL) != ERR_OK) {
        return;
    }
    size_t i = 0;
    while (i < count && ids[i].epoch == epoch && ids[i].sequence <= backlog->end) {
        if (!walk_one(gate, ids[i])) {
            return;
        }
        i++;
    }
    if (i < limit && (i == count || ids[i].epoch != epoch || ids[i].sequence > backlog->end)) {
        backlog->cursor.sequence = backlog->end;
    }
}

static bool is_stalled(struct gate *gate, struct mono now)
{
    struct backlog *backlog = &gate->backlog;
    if (backlog->retry_wanted) {
        return !mono_before(now, backlog->retry_at);
    }
    uint64_t depth = 0;
    return !mono_before(now, mono_after_ms(backlog->progress, BACKLOG_STALL_MS)) &&
           outbox_depth(gate->store, &depth, NULL) == ERR_OK && depth > 0;
}

void backlog_turn(struct gate *gate, struct mono now)
{
    struct backlog *backlog = &gate->backlog;
    if (!link_state_is_up(&gate->link_state, now)) {
        return;
    }
    if (gate->recovering) {
        backlog->progress = now; /* it waits for what it asks for itself */
        return;
    }
    if (gate->backlog.renumber) {
        bool more = false;
        struct fault fault = {0};
        (void)!record_commit(gate, NULL);
        if (renumber_slice(gate, agent_store_state(gate->store)->epoch, &more, &fault) == ERR_OK &&
            record_commit(gate, &fault) == ERR_OK) {
            backlog_restart(gate, now);
            gate->backlog.renumber = more;
        }
        if (more) {
            return;
        }
    }
    if (is_stalled(gate, now)) {
        backlog_restart(gate, now);
    }
    walk_slice(gate);
}

/* --- answers --- */

static void take_answer(struct gate *gate, struct grant_id id, uint32_t answer, uint32_t error,
                        struct mono now)
{
    struct backlog *backlog = &gate->backlog;
    flight_end(backlog, id.sequence);
    if (answer == ANSWER_RETRY) {
        link_state_unknown(&gate->link_state);
        if (!backlog->retry_wanted) {
            backlog->retry_wanted = true;
            backlog->retry_at = mono_after_ms(now, BACKLOG_RETRY_MS);
        }
        return;
    }
    if (answer == ANSWER_REFUSED) {
        log_error("event_refused", LOG_NUM("epoch", id.epoch), LOG_NUM("sequence", id.sequence),
                  LOG_NUM("error", error));
    }
    if (!batch_add_answer(&gate->batch, id, answer, error)) {
        (void)!record_commit(gate, NULL);
        (void)!batch_add_answer(&gate->batch, id, answer, error);
    }
    backlog->progress = now;
    if (id.sequence == backlog->probe &&
        mono_before(now, mono_after_ms(backlog->probe_sent, LIMIT_ANSWER_MS))) {
        link_state_served(&gate->link_state);
    }
}

/* The controller does not know this connection: it answers no event, and by the epoch of whoever
 * has the session. */
static bool asks_for_hello(const Parkgate__Ack *ack)
{
    for (size_t i = 0; i < ack->n_sequence; i++) {
        if (ack->sequence[i] == 0 && ack->answer[i] == ANSWER_RETRY) {
            return true;
        }
    }
    return false;
}

void backlog_answered(struct gate *gate, const Parkgate__Ack *ack)
{
    struct mono now = gate_mono(gate);
    if (ack->n_answer != ack->n_sequence || ack->n_error != ack->n_sequence) {
        log_warning("ack_unusable", LOG_NUM("sequences", ack->n_sequence));
        return;
    }
    if (asks_for_hello(ack)) {
        link_state_unknown(&gate->link_state);
    }
    if (ack->epoch != agent_store_state(gate->store)->epoch) {
        return;
    }
    for (size_t i = 0; i < ack->n_sequence; i++) {
        uint32_t answer = ack->answer[i];
        if (answer >= ANSWER_APPLIED && answer <= ANSWER_RETRY) {
            take_answer(gate, (struct grant_id){.epoch = ack->epoch, .sequence = ack->sequence[i]},
                        answer, ack->error[i], now);
        }
    }
    backlog_turn(gate, now);
}
