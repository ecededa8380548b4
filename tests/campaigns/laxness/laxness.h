/* laxness: what the campaign's files share. */
#pragma once

#include "common/facts/copy_class.h"
#include "tests/campaigns/laxness/side.h"
#include "tests/unit/controller/harness.h"

enum { PERSONS = 12, LANES = 8, ROWS_MAX = 4096, PROBES = 400, ROUNDS_A_WORLD = 60 };

extern const char *const uids[PERSONS];
extern const char *const lanes[LANES];

/* A row as it was told last. */
struct told {
    uint32_t table;
    size_t key_size, value_size;
    uint8_t key[STORE_KEY_MAX];
    uint8_t value[1024];
};

struct tables {
    size_t count;
    struct told rows[ROWS_MAX];
};

struct campaign {
    struct world *w;
    struct gate a, b;
    struct side *side;
    char dir[64];
    char handles[PERSONS][HANDLE_TEXT_SIZE];
    uint64_t random, seed;
    uint64_t shown, shown_b;
    char shown_lane[16], shown_lane_b[16];
    struct seal_key key;
    uint64_t generation;
    struct tables told;    /* what the gate's copy was told */
    enum copy_class class; /* of that copy */
    bool limits;           /* a world whose rules ask how many, and now and then where one is */
    uint64_t cases, granted, offline, states[16];
    uint64_t counted, counted_granted; /* of the cases: by a copy that holds counts only */
};

enum {
    STATE_WHOLE,
    STATE_LATER,
    STATE_CUT,
    STATE_WRONG,
    STATE_FLIPPED,
    STATE_LEASE,
    STATE_CLOCK,
    STATE_RULES
};

/* A number below `bound`, of the campaign's own row of them. */
uint64_t pick(struct campaign *c, uint64_t bound);

/* The standard park with every rule that is about entries, and its people; with c->limits without
 * those that ask where somebody is. */
void life_begin(struct campaign *c);
/* Then a rule that asks where somebody is comes or goes, at random. */
void life_change_rules(struct campaign *c);

/* Some time passes, and something of what happens in a park. */
void life_go_on(struct campaign *c);
