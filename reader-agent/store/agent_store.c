#include "reader-agent/store/agent_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "schema/agent_store.pb-c.h"

enum { AGENT_STORE_VERSION = 1, WRITE_ATTEMPTS = 12 };

static const char *const table_names[TABLE_COUNT] = {
    [TABLE_STATE] = "state",
    [TABLE_OUTBOX] = "outbox",
    [TABLE_PENDING] = "pending",
    [TABLE_ANSWERED] = "answered",
    [TABLE_OPEN] = "open",
    [TABLE_ACTED] = "acted",
    [TABLE_MOVED] = "moved",
    [TABLE_DAYS] = "days",
    [TABLE_QUARANTINE] = "quarantine",
    [TABLE_SEEN] = "seen",
    [TABLE_SEEN_RING] = "seen-ring",
    [TABLE_PARK] = "park",
    [TABLE_LANE_MODE] = "lane-mode",
    [TABLE_PRESS] = "press",
    [TABLE_ASIDE] = "aside",
    [TABLE_ASIDE_BODY] = "aside-body",
    [TABLE_DAY_BOX] = "day-box",
};

struct agent_store {
    char path[STORE_PATH_SIZE];
    struct store *store; /* NULL: a write failed for good, and it could not be opened again yet */
    struct agent_state state;
    bool ballast_spent;
};

static struct bytes state_key(void)
{
    return bytes_of_text("state");
}

enum err agent_state_put(struct store_txn *txn, const struct agent_state *state,
                         struct fault *fault)
{
    Parkgate__AgentState record = PARKGATE__AGENT_STATE__INIT;
    record.store_id =
        (ProtobufCBinaryData){.len = STORE_ID_SIZE, .data = (uint8_t *)state->store_id};
    record.epoch = state->epoch;
    record.last_sequence = state->last_sequence;
    if (state->last_sequence != 0) {
        record.last_digest =
            (ProtobufCBinaryData){.len = EVENT_DIGEST_SIZE, .data = (uint8_t *)state->last_digest};
    }
    record.applied = state->applied;
    record.command_sequence = state->command_sequence;
    record.config_version = state->config_version;
    record.wall_high_us = state->wall_high.us;
    record.aside_last = state->aside_last;
    record.unrecorded_exits = state->unrecorded_exits;
    record.unrecorded_entries = state->unrecorded_entries;
    record.unrecorded_since_us = state->unrecorded_since.us;
    if (state->has_recovery_key) {
        record.recovery_key =
            (ProtobufCBinaryData){.len = RECOVERY_KEY_SIZE, .data = (uint8_t *)state->recovery_key};
    }
    return store_put_message(txn, TABLE_STATE, state_key(), &record.base, fault);
}

static enum err state_from_record(const Parkgate__AgentState *record, struct agent_state *ret,
                                  struct fault *fault)
{
    bool digest_fits = record->last_sequence == 0 ? record->last_digest.len == 0
                                                  : record->last_digest.len == EVENT_DIGEST_SIZE;
    bool key_fits = record->recovery_key.len == 0 || record->recovery_key.len == RECOVERY_KEY_SIZE;
    if (record->store_id.len != STORE_ID_SIZE || !digest_fits || !key_fits) {
        return fault_set(fault, ERR_CORRUPT, "the agent's store has a damaged state record");
    }
    struct agent_state state = {.epoch = record->epoch,
                                .last_sequence = record->last_sequence,
                                .applied = record->applied,
                                .command_sequence = record->command_sequence,
                                .config_version = record->config_version,
                                .wall_high = {.us = record->wall_high_us},
                                .aside_last = record->aside_last,
                                .unrecorded_exits = record->unrecorded_exits,
                                .unrecorded_entries = record->unrecorded_entries,
                                .unrecorded_since = {.us = record->unrecorded_since_us},
                                .has_recovery_key = record->recovery_key.len != 0};
    memcpy(state.store_id, record->store_id.data, STORE_ID_SIZE);
    if (record->last_sequence != 0) {
        memcpy(state.last_digest, record->last_digest.data, EVENT_DIGEST_SIZE);
    }
    if (state.has_recovery_key) {
        memcpy(state.recovery_key, record->recovery_key.data, RECOVERY_KEY_SIZE);
    }
    *ret = state;
    return ERR_OK;
}

static enum err state_read(struct agent_store *store, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_begin_read(store->store, &txn, fault));
    TRY(store_get_message(txn, TABLE_STATE, state_key(), &parkgate__agent_state__descriptor,
                          &message, fault));
    return state_from_record((const Parkgate__AgentState *)message, &store->state, fault);
}

static enum err write_first_state(struct store_txn *txn, void *ctx, struct fault *fault)
{
    return agent_state_put(txn, ctx, fault);
}

static enum err state_load_or_make(struct agent_store *store, const struct entropy *entropy,
                                   struct fault *fault)
{
    enum err err = state_read(store, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    struct agent_state fresh = {0};
    entropy_fill(entropy, fresh.store_id, sizeof(fresh.store_id));
    TRY(agent_store_write(store, write_first_state, &fresh, fault));
    store->state = fresh;
    return ERR_OK;
}

static struct store_options options_for(const char *path, bool create)
{
    return (struct store_options){.dir = path,
                                  .kind = "agent",
                                  .version = AGENT_STORE_VERSION,
                                  .tables = table_names,
                                  .table_count = TABLE_COUNT,
                                  .map_size = AGENT_STORE_MAP_BYTES,
                                  .create = create};
}

enum err agent_store_open(const char *dir, const struct entropy *entropy,
                          struct agent_store **ret_store, struct fault *fault)
{
    AUTO(agent_store_destroy) struct agent_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    int size = snprintf(store->path, sizeof(store->path), "%s/store", dir);
    if (size < 0 || (size_t)size >= sizeof(store->path)) {
        return fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
    }
    struct store_options options = options_for(store->path, false);
    enum err err = store_check(&options, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    options = options_for(store->path, true);
    TRY(store_open(&options, &store->store, fault));
    store->ballast_spent =
        store_ballast_make(store->store, AGENT_STORE_BALLAST_BYTES, NULL) != ERR_OK;
    TRY(state_load_or_make(store, entropy, fault));
    *ret_store = store;
    store = NULL;
    return ERR_OK;
}

enum err agent_store_open_to_read(const char *dir, struct agent_store **ret_store,
                                  struct fault *fault)
{
    AUTO(agent_store_destroy) struct agent_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    int size = snprintf(store->path, sizeof(store->path), "%s/store", dir);
    if (size < 0 || (size_t)size >= sizeof(store->path)) {
        return fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
    }
    struct store_options options = options_for(store->path, false);
    options.read_only = true;
    TRY(store_open(&options, &store->store, fault));
    TRY(state_read(store, fault));
    *ret_store = store;
    store = NULL;
    return ERR_OK;
}

/* After a failed write of its root LMDB refuses everything until it is opened anew. What the state
 * is then, only the disk knows. */
static enum err open_again(struct agent_store *store, struct fault *fault)
{
    store_destroy(&store->store);
    struct store_options options = options_for(store->path, false);
    TRY(store_open(&options, &store->store, fault));
    enum err err = state_read(store, fault);
    if (err != ERR_OK) {
        store_destroy(&store->store);
    }
    return err;
}

enum err agent_store_read(struct agent_store *store, struct store_txn **ret_txn,
                          struct fault *fault)
{
    if (store->store != NULL) {
        enum err err = store_begin_read(store->store, ret_txn, fault);
        if (err != ERR_IO) {
            return err;
        }
    }
    TRY(open_again(store, fault)); /* else a gate at which nothing happens never sends what waits */
    return store_begin_read(store->store, ret_txn, fault);
}

void agent_store_destroy(struct agent_store **store)
{
    if (*store == NULL) {
        return;
    }
    store_destroy(&(*store)->store);
    free(*store);
    *store = NULL;
}

const struct agent_state *agent_store_state(const struct agent_store *store)
{
    return &store->state;
}

void agent_store_health(const struct agent_store *store, struct agent_health *ret_health)
{
    *ret_health = (struct agent_health){.is_short = store->ballast_spent};
    if (store->store != NULL) {
        struct store_stats stats;
        store_stats_of(store->store, &stats);
        ret_health->used_percent = stats.used_percent;
        ret_health->is_volatile = store_is_on_volatile_fs(store->store);
    }
}

enum err agent_store_stats(const struct agent_store *store, struct store_stats *ret_stats,
                           uint64_t *ret_free, struct fault *fault)
{
    if (store->store == NULL) {
        return fault_set(fault, ERR_IO, "%s: not open since a write failed", store->path);
    }
    TRY(store_disk_free(store->store, ret_free, fault));
    store_stats_of(store->store, ret_stats);
    return ERR_OK;
}

void agent_store_remember(struct agent_store *store, const struct agent_state *state)
{
    store->state = *state;
}

enum err agent_store_upkeep(struct agent_store *store, struct fault *fault)
{
    unsigned freed = 0;
    if (store->store == NULL) {
        TRY(open_again(store, fault));
    }
    TRY(store_check_readers(store->store, &freed, fault));
    if (store->ballast_spent) {
        store->ballast_spent =
            store_ballast_make(store->store, AGENT_STORE_BALLAST_BYTES, NULL) != ERR_OK;
    }
    return ERR_OK;
}

static enum err write_once(struct agent_store *store,
                           enum err (*write)(struct store_txn *, void *, struct fault *), void *ctx,
                           struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    if (store->store == NULL || store_begin_write(store->store, &txn, fault) == ERR_IO) {
        TRY(open_again(store, fault));
    }
    if (txn == NULL) {
        TRY(store_begin_write(store->store, &txn, fault));
    }
    TRY(write(txn, ctx, fault));
    return store_commit(&txn, fault);
}

/* A full disk shows as ENOSPC on some file systems and as EIO on others. */
static bool make_room(struct agent_store *store, enum err why)
{
    if (store->store == NULL) {
        return false;
    }
    switch (why) {
    case ERR_MAP_FULL:
        return store_grow(store->store, NULL) == ERR_OK;
    case ERR_FULL:
    case ERR_IO:
        if (store->ballast_spent) {
            return false;
        }
        store->ballast_spent = true;
        return store_ballast_spend(store->store, NULL) == ERR_OK;
    default:
        return false;
    }
}

/* Nothing can be written though the disk has room: it failed, and was perhaps mended since, or
 * mounted anew. The next call opens the store again by its path. */
static void let_go_of_failed_disk(struct agent_store *store, enum err why)
{
    uint64_t room = 0;
    if ((why == ERR_FULL || why == ERR_IO) && store->store != NULL &&
        (store_disk_free(store->store, &room, NULL) != ERR_OK ||
         room > 2 * AGENT_STORE_BALLAST_BYTES)) {
        store_destroy(&store->store);
    }
}

enum err agent_store_write(struct agent_store *store,
                           enum err (*write)(struct store_txn *, void *, struct fault *), void *ctx,
                           struct fault *fault)
{
    enum err err = ERR_OK;
    for (int i = 0; i < WRITE_ATTEMPTS; i++) {
        err = write_once(store, write, ctx, fault);
        if (err == ERR_OK || !make_room(store, err)) {
            break;
        }
    }
    let_go_of_failed_disk(store, err);
    return err == ERR_MAP_FULL ? ERR_FULL : err;
}
