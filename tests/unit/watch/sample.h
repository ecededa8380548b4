/* sample: a good entry, change and bundle that each test spoils in one place. */
#pragma once

#include "common/watch/watch_make.h"
#include "schema/watch.pb-c.h"

#define SAMPLE_DAY_US  (INT64_C(86400) * 1000000)
#define SAMPLE_MADE_US INT64_C(1777608000000000) /* 2026-05-01T04:00:00Z */

/* A good entry as a message; its texts and match are the sample's own. */
struct sample {
    Parkgate__WatchEntry entry;
    Parkgate__WatchChange change; /* an add of it, once sample_packed() was called */
    uint8_t hash[32];
    uint8_t packed_entry[LIMIT_WATCH_ENTRY_BYTES];
    uint8_t packed[LIMIT_WATCH_ENTRY_BYTES];
};

void sample_person(struct sample *s);
void sample_vehicle(struct sample *s);
/* The add of s->entry, packed. */
struct bytes sample_packed(struct sample *s);
/* s->change, packed as it is. */
struct bytes sample_change(struct sample *s);

struct watch_place sample_place(void);

/* The same as values. */
struct watch_change sample_add(const char *id, enum watch_matcher matcher, unsigned number);

/* Keys that are the same in each run. */
struct sign_key sample_key(uint8_t first);
struct watch_plan sample_plan(void);
struct watch_expected sample_expected(void);

/* The sentences of *c are these. */
void sample_says(const struct complaint *c, enum error_number number, const char *en,
                 const char *zh);
