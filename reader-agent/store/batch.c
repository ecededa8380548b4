#include "reader-agent/store/batch.h"

#include <string.h>

#include "common/base/must.h"
#include "reader-agent/store/aside.h"
#include "reader-agent/store/outbox.h"
#include "reader-agent/store/press.h"
#include "reader-agent/store/seen.h"
#include "schema/kinds.h"

struct write_context {
    const struct batch *batch;
    struct agent_state before;
    struct agent_state state; /* as it will be */
    uint32_t today;
    struct wall now;
};

bool batch_is_empty(const struct batch *batch)
{
    return batch->event_count == 0 && batch->acted_count == 0 && batch->answer_count == 0 &&
           batch->mode_count == 0 && batch->command_sequence == 0 && batch->applied == 0 &&
           batch->new_epoch == 0 && batch->unrecorded_exits == 0 &&
           batch->unrecorded_entries == 0 && batch->aside == NULL;
}

struct grant_id batch_next_id(const struct batch *batch, const struct agent_store *store)
{
    const struct agent_state *state = agent_store_state(store);
    uint64_t last = batch->new_epoch != 0 ? 0 : state->last_sequence;
    return (struct grant_id){.epoch = batch->new_epoch != 0 ? batch->new_epoch : state->epoch,
                             .sequence = last + batch->event_count + 1};
}

struct batch_event *batch_add_event(struct batch *batch, const struct agent_store *store)
{
    if (batch->event_count == BATCH_EVENTS_MAX) {
        return NULL;
    }
    struct grant_id id = batch_next_id(batch, store);
    struct batch_event *event = &batch->events[batch->event_count++];
    memset(event, 0, sizeof(*event));
    event->id = id;
    return event;
}

bool batch_add_acted(struct batch *batch, struct grant_id id, struct acted acted)
{
    if (batch->acted_count == BATCH_ACTED_MAX) {
        return false;
    }
    batch->acted[batch->acted_count++] = (struct batch_acted){.id = id, .acted = acted};
    return true;
}

bool batch_add_answer(struct batch *batch, struct grant_id id, uint32_t answer, uint32_t error)
{
    if (batch->answer_count == BATCH_ANSWERS_MAX) {
        return false;
    }
    batch->answers[batch->answer_count++] =
        (struct batch_answer){.id = id, .answer = answer, .error = error};
    return true;
}

bool batch_has_seen(const struct batch *batch, struct name reader,
                    const uint8_t hash[SEEN_HASH_SIZE])
{
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct batch_event *event = &batch->events[i];
        if (event->has_seen && name_equal(event->seen_reader, reader) &&
            memcmp(event->seen, hash, SEEN_HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

bool batch_add_mode(struct batch *batch, struct name lane, uint32_t mode)
{
    if (batch->mode_count == BATCH_MODES_MAX) {
        return false;
    }
    batch->modes[batch->mode_count++] = (struct batch_mode){.lane = lane, .mode = mode};
    return true;
}

static enum err write_events(struct store_txn *txn, struct write_context *ctx, struct fault *fault)
{
    const struct batch *batch = ctx->batch;
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct batch_event *event = &batch->events[i];
        TRY(event->moved_from.sequence == 0 ? outbox_put(txn, event, fault)
                                            : outbox_move(txn, event, fault));
        if (event->has_seen) {
            TRY(seen_put(txn, event->seen_reader, event->seen, fault));
        }
        if (event->press != 0) {
            TRY(press_put(txn, event->press_lane, event->press, event->id, fault));
        }
        ctx->state.last_sequence = event->id.sequence;
        memcpy(ctx->state.last_digest, event->digest, EVENT_DIGEST_SIZE);
    }
    return ERR_OK;
}

static enum err write_rest(struct store_txn *txn, const struct write_context *ctx,
                           struct fault *fault)
{
    const struct batch *batch = ctx->batch;
    for (size_t i = 0; i < batch->acted_count; i++) {
        TRY(outbox_put_acted(txn, batch->acted[i].id, &batch->acted[i].acted, fault));
    }
    for (size_t i = 0; i < batch->answer_count; i++) {
        TRY(outbox_put_answer(txn, &batch->answers[i], ctx->today, ctx->now, fault));
    }
    for (size_t i = 0; i < batch->mode_count; i++) {
        uint8_t mode = (uint8_t)batch->modes[i].mode;
        TRY(store_put(txn, TABLE_LANE_MODE, bytes_of_text(batch->modes[i].lane.text),
                      (struct bytes){.data = &mode, .size = 1}, fault));
    }
    return ERR_OK;
}

static void change_state(struct agent_state *state, const struct batch *batch, struct wall now)
{
    if (batch->new_epoch != 0) {
        state->epoch = batch->new_epoch;
        state->last_sequence = 0;
        state->applied = 0;
        memset(state->last_digest, 0, EVENT_DIGEST_SIZE);
    }
    if (batch->command_sequence > state->command_sequence) {
        state->command_sequence = batch->command_sequence;
    }
    if (batch->aside != NULL) {
        state->aside_last = batch->aside->head.number;
    }
    if (batch->applied > state->applied) {
        state->applied = batch->applied;
    }
    if (wall_before(state->wall_high, now)) {
        state->wall_high = now;
    }
}

static void count_unrecorded(struct agent_state *state, const struct batch *batch, struct wall now)
{
    if (batch->unrecorded_told) {
        state->unrecorded_exits = state->unrecorded_entries = 0;
        state->unrecorded_since = (struct wall){0};
    }
    if (batch->unrecorded_exits == 0 && batch->unrecorded_entries == 0) {
        return;
    }
    state->unrecorded_exits += batch->unrecorded_exits;
    state->unrecorded_entries += batch->unrecorded_entries;
    if (state->unrecorded_since.us == 0) {
        state->unrecorded_since = now;
    }
}

/* Runs again from its beginning when the map had to grow: all it changes is ctx->state. */
static enum err write_batch(struct store_txn *txn, void *opaque, struct fault *fault)
{
    struct write_context *ctx = opaque;
    ctx->state = ctx->before;
    change_state(&ctx->state, ctx->batch, ctx->now);
    count_unrecorded(&ctx->state, ctx->batch, ctx->now);
    TRY(write_events(txn, ctx, fault));
    TRY(write_rest(txn, ctx, fault));
    if (ctx->batch->aside != NULL) {
        TRY(aside_put(txn, ctx->batch->aside, fault));
    }
    return agent_state_put(txn, &ctx->state, fault);
}

static void batch_clear(struct batch *batch)
{
    batch->event_count = 0;
    batch->acted_count = 0;
    batch->answer_count = 0;
    batch->mode_count = 0;
    batch->command_sequence = 0;
    batch->applied = 0;
    batch->new_epoch = 0;
    batch->unrecorded_exits = batch->unrecorded_entries = 0;
    batch->unrecorded_told = false;
    batch->aside = NULL;
}

enum err batch_commit(struct batch *batch, struct agent_store *store, struct wall now,
                      struct fault *fault)
{
    if (batch_is_empty(batch)) {
        return ERR_OK;
    }
    struct write_context ctx = {
        .batch = batch, .before = *agent_store_state(store), .today = outbox_day(now), .now = now};
    enum err err = agent_store_write(store, write_batch, &ctx, fault);
    batch_clear(batch);
    if (err == ERR_OK) {
        agent_store_remember(store, &ctx.state);
    }
    return err;
}
