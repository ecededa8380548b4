/* bare_work: the store's share of an event and nothing else: LMDB reads, writes and group commit.
 *
 * Two lists of what an event reads and writes, by table, kind of key and size of value:
 *   same   what the controller does for a presentation and the passage that follows it, one event
 *          after the other: record by record the tables of common/facts/tables.h
 *   least  3 reads and 5 writes an event: credential, person, watch list; event, its place under
 *          the person, presence, headcount, the box's position
 * Values are bytes without meaning; no codec, rule, hash or seal is at work.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

enum { BARE_TENANTS = 50, BARE_BATCH_EVENTS = 250, BARE_BATCH_MS = 5 };

struct bare_event {
    uint64_t number;   /* of all events of this store; rises */
    uint64_t sequence; /* of its box; odd a presentation, even a passage */
    uint32_t person;
    uint16_t box;
};

struct bare_work;

/* Opens the store, or makes it and fills it with `persons`. list: "same" or "least". */
MUST_CHECK enum err bare_work_open(const char *dir, const char *list, uint32_t persons,
                                   struct bare_work **ret_work, struct fault *fault);
void bare_work_close(struct bare_work **work);
/* Reads and writes for one event, in the open transaction; begins one where none is. */
MUST_CHECK enum err bare_work_event(struct bare_work *work, const struct bare_event *event,
                                    struct fault *fault);
/* Makes all since the last commit durable. */
MUST_CHECK enum err bare_work_commit(struct bare_work *work, struct fault *fault);
/* Numbers go on behind those of an earlier life. */
uint64_t bare_work_next_number(const struct bare_work *work);
