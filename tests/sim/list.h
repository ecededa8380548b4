/* list: the watch list of the simulated park, as it must be: what stations signed, what the officer
 * and the admin said, in the order in which the controller's journal has it. It shares no code with
 * the engine, which is never asked whether an entry acts.
 *
 *   list.c     what is said and what becomes of it: bundles, countersignatures, suspensions
 *   hits.c     I6 and I7 of every read that the journal tells of
 *   plates.c   vehicles, and candidates
 *   station.c  the stations: bundles, good and bad, over lines that lose and double what is said
 *   receipts.c what the park tells them
 *   officer.c  who countersigns, refuses, suspends
 */
#pragma once

#include "common/base/ids.h"
#include "common/seal/seal.h"
#include "schema/record.pb-c.h"
#include "schema/watch.h"
#include "tests/sim/sim.h"

enum { AUTHORITIES = 2, LISTED_MAX = 8192, LIST_DAYS = 8, LIST_ID_SIZE = 16 };

/* Between what a clock says at a turn and what is decided in it; a batch may be worked off again.
 */
#define LIST_TURN_US (10 * SECOND)
/* What comes later than that after its capture must have acted then, too. */
#define LIST_LATE_US (60 * SECOND)

enum listed_state {
    LISTED_SAID, /* in no bundle that was applied */
    LISTED_WAITS,
    LISTED_ACTS,
    LISTED_OVER, /* withdrawn or refused */
};

/* Hits of one entry on one business day. */
struct listed_day {
    int32_t day;
    int64_t last;  /* the newest that was counted, by its capture ... */
    int64_t noted; /* ... and when it was recorded: as long after that it is forgotten */
    unsigned gate, lane;
    unsigned hits, told;
};

/* One entry. */
struct listed {
    unsigned authority;
    char id[LIST_ID_SIZE];
    enum watch_matcher matcher;
    unsigned target; /* a person, or a plate */
    bool review;
    int64_t from, until;
    int64_t renewed_until; /* waits for its countersignature; 0: none */
    unsigned renewals;
    enum listed_state state;
    bool has_handle;
    struct handle handle;
    int64_t staged, since;        /* 0: not yet; when it was first heard of, since when it acts */
    int64_t changed;              /* its state, last */
    uint64_t acts_from, acts_end; /* journal sequences; 0: not yet */
    bool asked_yes, asked_no;     /* the officer asked for it */
    size_t day_count;
    struct listed_day days[LIST_DAYS];
};

struct listed_change {
    enum watch_change_kind kind;
    unsigned listed;
    int64_t until; /* renewals */
};

/* A bundle that a station made. */
struct said_bundle {
    unsigned authority;
    uint64_t number;
    struct seal_hash digest;
    bool good_manifest, whole; /* else it must not be begun, or not be taken */
    size_t change_count;
    struct listed_change *changes; /* by their ids; owned by the list */
};

void list_reset(void);
/* A new entry that a station thinks of; its id is given. */
struct listed *list_new(unsigned authority);
size_t list_count(void);
struct listed *list_at(size_t number);
/* Takes `changes`. Returns its place. */
size_t list_says(const struct said_bundle *bundle);
const struct said_bundle *list_said(size_t place);
/* Why a good bundle may be refused: an entry that it changes is over, or a target has as many as it
 * may. */
bool list_may_refuse(size_t place);
const char *list_authority_name(unsigned authority);

/* The newest bundle that was applied; 0: none. */
uint64_t list_number(unsigned authority);
bool list_is_suspended(unsigned authority);
/* When it was suspended or resumed last; 0: never. */
int64_t list_decided_at(unsigned authority);
/* The admin asks for it. */
void list_asks_suspended(unsigned authority, bool suspended);
/* An answer left that says so: once the journal was looked at it must be so. */
void list_claims_applied(unsigned authority, uint64_t number);
/* It is done, he is told. */
void list_claims_asked(unsigned authority);

const char *list_counts(void);
/* Looks at what the journal has got since. */
void list_look(void);

/* Does it act, at this time of the controller, for a read captured then? `surely`: it must; else:
 * it may. */
bool listed_acts(const struct listed *listed, int64_t at, int64_t captured, bool surely);
struct listed *list_by_handle(const ProtobufCBinaryData *handle);
/* Is it about this person? */
bool listed_names(const struct listed *listed, unsigned person);
/* What was read is what it names. */
bool listed_is_read(const struct listed *listed, const struct truth_read *read);
unsigned list_authority_of(const char *name);

/* --- hits.c --- */
/* Must a gate with a copy of this sequence ask this person to the guard, at this time? */
bool list_asks_at_gate(unsigned person, uint64_t copy, int64_t at);
/* May one, with whatever copy it had since then? */
bool list_may_ask_at_gate(unsigned person, int64_t at);
void hits_reset(void);
void hits_event(const Parkgate__Entry *entry, const Parkgate__EventEntry *event);
void hits_entry(const Parkgate__Entry *entry, const Parkgate__WatchHit *hit);
/* Told to its station so far. */
uint64_t hits_told(unsigned authority);
uint64_t hits_count(void);
uint64_t hits_reviews(void);

/* --- plates.c --- */
void plates_reset(void);
void plates_begin(void);
const char *plate_text(unsigned plate);
bool plate_is_test(unsigned plate);
/* One that an entry may name. */
unsigned plate_to_list(struct random *chance);
void candidates_raised(const Parkgate__Entry *entry, const Parkgate__EventEntry *event,
                       unsigned plate, const ProtobufCBinaryData *packed);
/* After those were noted: none is missing. */
void candidates_check_read(const Parkgate__Entry *entry, const Parkgate__EventEntry *event,
                           unsigned plate);
/* May this read be one? */
bool candidates_list(unsigned plate, int64_t at, int64_t captured);
/* Did a guard say that it is what it looks like? */
bool candidates_confirmed(const struct listed *listed, const char *lane);
void candidates_entry(const Parkgate__Entry *entry, const Parkgate__Candidate *from);
void candidates_end(void);
const char *candidates_counts(void);

/* --- station.c --- */
void stations_reset(void);
void stations_begin(void);
/* From the controller, as it left. */
void station_hears(const struct link_peer *peer, struct bytes frame);
void stations_heal(void);
bool stations_are_done(void);
uint64_t stations_applied(void);
uint64_t stations_refused(void);

/* --- officer.c --- */
void officer_reset(void);
void officer_begin(void);
const struct link_key *officer_key(void);
