/* station_fixture: a station that pushes bundles to a whole controller, as its own command line
 * does: changes are collected, made into a signed bundle and said chunk by chunk. */
#pragma once

#include "tests/unit/controller/harness.h"

#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/facts/watch_store.h"
#include "common/watch/watch_make.h"

#define STATION     "hz-police"
#define DAY_US      (INT64_C(86400) * SECOND_US)
#define APPLICANT   "Wang Bo 330100"
#define CASE_NUMBER "A330100-2026-17"

struct station {
    struct world *w;
    struct link_key key;
    struct sign_key sign;
    struct seal_key matching;
    struct watch_maker maker;
    uint64_t number;            /* of the next bundle */
    struct seal_hash previous;  /* digest of the one before */
    struct watch_bundle bundle; /* that was made last */
    unsigned ids;
};

/* Made by an admin; its first bundle has number 1. */
struct station station_join(struct world *w);
void station_end(struct station *s);

/* An entry of 30 days from now, with the next id ("e0001", ...). Each is borrowed into the next
 * bundle; the caller may change it before it is put there. */
struct watch_entry entry_of_plate(struct station *s, const char *plate);
struct watch_entry entry_of_badge(struct station *s, const char *uid);
struct watch_entry entry_of_identity(struct station *s, const char *number);
void put_add(struct station *s, const struct watch_entry *entry);
void put_renew(struct station *s, const char *id, const char *case_number, int64_t end_us);
void put_withdraw(struct station *s, const char *id);

/* Makes the bundle of what was put; it is made anew by the next call. */
void make_bundle(struct station *s);
const Parkgate__Reply *say_begin(struct station *s);
const Parkgate__Reply *say_chunk(struct station *s, size_t index); /* from 0 */
/* All of it: the answer of the last part, or the first refusal. When it was applied the next bundle
 * builds on it. */
const Parkgate__Reply *push_made(struct station *s);
/* make_bundle() and push_made(). */
const Parkgate__Reply *push(struct station *s);
/* Signs the manifest anew, as it is now. */
void sign_again(struct station *s, const struct sign_key *key);

/* How many entries act now on this plate, badge, or person. */
size_t acting_on_plate(struct station *s, const char *plate);
size_t acting_on_badge(struct station *s, const char *uid);
size_t acting_on_person(struct station *s, const char *person);
/* The state of an entry by its station's id, from the receipt of a bundle; fails when it is not
 * there. Says since when and by whom, if wanted. */
enum watch_state receipt_state(struct station *s, uint64_t number, const char *id, int64_t *ret_us,
                               char by[LIMIT_WATCH_NAME_BYTES + 1]);
/* Handle text of the only entry that waits; fails when it is not one. */
const char *waiting_entry(struct station *s, struct link_key officer);
/* Once a second for so long. */
void let_tick(struct world *w, int64_t us);
