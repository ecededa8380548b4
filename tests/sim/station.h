/* station: one station's state, for station.c (its line and what it says), bundles.c (what it
 * signs) and receipts.c (what it is told). */
#pragma once

#include "common/watch/watch_make.h"
#include "schema/operator.pb-c.h"
#include "tests/sim/list.h"

enum spoiling {
    WHOLE,
    FOREIGN,    /* signed by somebody else */
    UNSIGNED,   /* with a signature of zeros */
    OLD,        /* the number of the one before */
    AHEAD,      /* a number is missing before it */
    OTHER_BASE, /* it does not build on the one before */
    TAMPERED,   /* a chunk was changed on the way */
    STALE,      /* made long ago */
    OTHER_PARK, /* meant for another park */
    SPOILINGS
};

enum asking {
    ASKS_NOTHING,
    ASKS_KEY,
    ASKS_BEGIN,
    ASKS_CHUNK,
    ASKS_STATUS,
    ASKS_RECEIPT,
    ASKS_HITS
};

struct station {
    unsigned number;
    struct link_peer peer;
    struct link_key key;
    struct sign_key sign, foreign;
    struct sign_public park_sign;
    struct seal_key matching;
    struct name park;
    bool ready; /* it has its keys */
    uint64_t applied;
    struct seal_hash previous;
    bool pushing;
    enum spoiling spoiling;
    uint64_t bundle_number;
    size_t said; /* of the list */
    struct watch_bundle bundle;
    enum asking asking;
    uint64_t request; /* the newest */
    size_t chunk;
    uint64_t hits; /* had so far */
    int64_t cut_until;
};

/* The next one: on the one that was applied last, or spoilt. */
void bundle_make(struct station *station);
void bundles_reset(void);

/* --- receipts.c --- */
/* The receipt of what was applied last: signed, of that bundle, and as the list has it. */
void receipt_check(const struct station *station, const Parkgate__Reply *reply);
/* Hits come one after the other, none twice, none left out. */
void receipt_hits(struct station *station, const Parkgate__Reply *reply);
