/* agent_store: everything a gate's box remembers, in one LMDB environment.
 *
 * The outbox is the agent's journal: events by (epoch, sequence), sealed before they come here. An
 * event's place is a struct grant_id, whether it grants anything or not.
 * All changes of one turn are gathered in a struct batch (batch.h) and written by one transaction.
 * Nothing personal is in clear here: credentials stand in sealed events only, ids that devices give
 * are kept as keyed hashes, the park rows name devices and lanes.
 *
 * When the disk is full, a ballast file is given up once, so that the last few commits still fit;
 * after that commits fail with ERR_FULL until there is room, and the caller denies entries and
 * opens exits. A store that LMDB gave up after a failed write is opened again by the next call, and
 * so is one that could not be written although the disk has room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/err.h"
#include "common/store/store.h"
#include "schema/grant.h"

enum {
    STORE_ID_SIZE = 16,
    EVENT_DIGEST_SIZE = 32,
    RECOVERY_KEY_SIZE = 32,
    AGENT_STORE_BALLAST_BYTES = 4 << 20,
    AGENT_STORE_MAP_BYTES = 1 << 30, /* to begin with; the file is sparse and grows */
};

/* The tables, in the order in which the store knows them. */
enum agent_table {
    TABLE_STATE = 0,  /* one AgentState */
    TABLE_OUTBOX,     /* epoch, sequence -> OutboxRow */
    TABLE_PENDING,    /* epoch, sequence of what is not answered yet -> nothing */
    TABLE_ANSWERED,   /* day of the answer, epoch, sequence -> nothing: what trimming walks */
    TABLE_OPEN,       /* presentations without a verdict yet -> nothing */
    TABLE_ACTED,      /* epoch, sequence -> ActedRow */
    TABLE_MOVED,      /* epoch, sequence of old -> epoch, sequence of new */
    TABLE_DAYS,       /* day -> number of rows sealed under its key */
    TABLE_QUARANTINE, /* epoch, sequence -> QuarantineRow */
    TABLE_SEEN,       /* reader, hash of the device's event id -> place in the ring */
    TABLE_SEEN_RING,  /* reader, place -> hash */
    TABLE_PARK,       /* kind, name -> ParkRow */
    TABLE_LANE_MODE,  /* lane -> mode ordered by a command */
    TABLE_PRESS,      /* lane, press of its exit button -> epoch, sequence of the press's event */
    TABLE_ASIDE,      /* number of a body put aside -> AsideRow */
    TABLE_ASIDE_BODY, /* the same -> the body, sealed */
    TABLE_DAY_BOX,    /* day, id of a box -> the day's key, closed to the recovery key */
    TABLE_COUNT,
};

/* The AgentState record as plain values. */
struct agent_state {
    uint8_t store_id[STORE_ID_SIZE];
    uint32_t epoch;
    uint64_t last_sequence;
    uint8_t last_digest[EVENT_DIGEST_SIZE]; /* zero when last_sequence is 0 */
    uint64_t applied;
    uint64_t command_sequence;
    uint64_t config_version;
    struct wall wall_high;
    uint64_t aside_last;
    /* While the outbox was full: opened or denied without an event each, not told yet. */
    uint64_t unrecorded_exits, unrecorded_entries;
    struct wall unrecorded_since; /* 0: nothing */
    bool has_recovery_key;
    uint8_t recovery_key[RECOVERY_KEY_SIZE]; /* day keys are kept closed to it, too */
};

struct agent_store;

/* Opens DIR/store, or makes it with a fresh store id. Checks it in a child process first, so call
 * it before any socket or thread exists. Errors as store_open(). */
MUST_CHECK enum err agent_store_open(const char *dir, const struct entropy *entropy,
                                     struct agent_store **ret_store, struct fault *fault);
/* For a look from another process while the daemon works: no write, no owner lock. Errors as
 * store_open(). */
MUST_CHECK enum err agent_store_open_to_read(const char *dir, struct agent_store **ret_store,
                                             struct fault *fault);
void agent_store_destroy(struct agent_store **store);

/* As of the last commit. Borrowed. */
const struct agent_state *agent_store_state(const struct agent_store *store);

struct agent_health {
    bool is_short;    /* the ballast is gone: the disk was full and needs somebody */
    bool is_volatile; /* on a file system that a power cut empties */
    unsigned used_percent;
};

void agent_store_health(const struct agent_store *store, struct agent_health *ret_health);

/* As store_stats_of() and store_disk_free(). ERR_IO: a write failed for good and it could not be
 * opened again yet. */
MUST_CHECK enum err agent_store_stats(const struct agent_store *store,
                                      struct store_stats *ret_stats, uint64_t *ret_free,
                                      struct fault *fault);

/* Frees reader slots of dead processes and makes the ballast again when there is room: every 60 s.
 */
MUST_CHECK enum err agent_store_upkeep(struct agent_store *store, struct fault *fault);

/* --- for this room only --- */

/* Begins a read; opens the store again when a write had failed for good. */
MUST_CHECK enum err agent_store_read(struct agent_store *store, struct store_txn **ret_txn,
                                     struct fault *fault);
/* Runs `write` in one write transaction, and again from its beginning after the map had to grow or
 * the ballast was spent. `write` must give the same result when run again. */
MUST_CHECK enum err agent_store_write(struct agent_store *store,
                                      enum err (*write)(struct store_txn *txn, void *ctx,
                                                        struct fault *fault),
                                      void *ctx, struct fault *fault);
MUST_CHECK enum err agent_state_put(struct store_txn *txn, const struct agent_state *state,
                                    struct fault *fault);
void agent_store_remember(struct agent_store *store, const struct agent_state *state);
