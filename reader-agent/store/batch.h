/* batch: all that one turn of the agent's loop wants remembered, written by one transaction.
 *
 * The caller stages, then commits once; until batch_commit() returned ERR_OK nothing staged may be
 * sent, acted on or answered. A batch holds values and no transaction, so that it can be written
 * again as a whole after the map grew.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/seal/day_box.h"
#include "reader-agent/store/agent_store.h"
#include "schema/limits.h"

enum {
    BATCH_EVENTS_MAX = LIMIT_GROUP_COMMIT_ENTRIES + 64,
    BATCH_ACTED_MAX = 2 * BATCH_EVENTS_MAX,
    BATCH_ANSWERS_MAX = LIMIT_SEQS_PER_ACK,
    BATCH_MODES_MAX = 16,
    SEALED_EVENT_MAX = LIMIT_EVENT_BYTES + 64,
    SEEN_HASH_SIZE = 16,
    SEEN_RING_SIZE = 4096, /* ids remembered for each device */
};

struct batch_event {
    struct grant_id id;
    struct grant_id moved_from; /* sequence 0: a new event */
    uint32_t day;
    uint32_t kind;
    bool open; /* a presentation that waits for its verdict */
    uint8_t digest[EVENT_DIGEST_SIZE];
    size_t sealed_size;
    uint8_t sealed[SEALED_EVENT_MAX];
    bool has_seen; /* remember the device's id of it */
    struct name seen_reader;
    uint8_t seen[SEEN_HASH_SIZE];
    bool has_box; /* of the key it is sealed under */
    uint8_t box_id[DAY_BOX_ID_SIZE];
    uint8_t box[DAY_BOX_SIZE];
    uint64_t press; /* not 0: the event of this press of the lane's exit button */
    struct name press_lane;
};

/* The verdict acted on, as in ActedRow. */
struct acted {
    uint32_t outcome;
    uint32_t reason;
    uint32_t source;
    bool told;
};

struct batch_acted {
    struct grant_id id;
    struct acted acted;
};

struct batch_answer {
    struct grant_id id;
    uint32_t answer; /* ANSWER_APPLIED or ANSWER_REFUSED */
    uint32_t error;
};

struct batch_mode {
    struct name lane;
    uint32_t mode;
};

struct aside_item;

struct batch {
    size_t event_count, acted_count, answer_count, mode_count;
    uint64_t command_sequence; /* 0: unchanged */
    uint64_t applied;          /* 0: unchanged */
    uint32_t new_epoch;        /* 0: unchanged; else sequences begin again at 1 */
    struct batch_event events[BATCH_EVENTS_MAX];
    struct batch_acted acted[BATCH_ACTED_MAX];
    struct batch_answer answers[BATCH_ANSWERS_MAX];
    struct batch_mode modes[BATCH_MODES_MAX];
    /* Counted beside what was counted before; `told`: an event of this batch says all of it. */
    uint64_t unrecorded_exits, unrecorded_entries;
    bool unrecorded_told;
    const struct aside_item *aside; /* a body to be put aside, or NULL; lives until the commit */
};

bool batch_is_empty(const struct batch *batch);
/* The id that the next staged event gets. */
struct grant_id batch_next_id(const struct batch *batch, const struct agent_store *store);

/* Stages an event; its id is batch_next_id(). The entry is to be filled by the caller. NULL: full,
 * commit first. */
struct batch_event *batch_add_event(struct batch *batch, const struct agent_store *store);
/* Is an event with this device id staged? What is stored already, seen_has() knows. */
bool batch_has_seen(const struct batch *batch, struct name reader,
                    const uint8_t hash[SEEN_HASH_SIZE]);
/* Stages a verdict for a presentation, which is then no longer open. False: full. */
MUST_CHECK bool batch_add_acted(struct batch *batch, struct grant_id id, struct acted acted);
/* Stages an answer of the controller; unknown ids are ignored at commit. False: full. */
MUST_CHECK bool batch_add_answer(struct batch *batch, struct grant_id id, uint32_t answer,
                                 uint32_t error);
MUST_CHECK bool batch_add_mode(struct batch *batch, struct name lane, uint32_t mode);

/* Writes the batch and empties it, whatever the answer; sequences of a batch that failed are given
 * out again. Empty: does nothing. ERR_FULL: no room on the disk. ERR_IO, ERR_CORRUPT. */
MUST_CHECK enum err batch_commit(struct batch *batch, struct agent_store *store, struct wall now,
                                 struct fault *fault);
