/* watch_store: the watch list as the controller's tables hold it, and what of it acts.
 *
 * An entry acts on the rows of WATCH_MATCH (plate, badge; identity as its authority names it) and
 * WATCH_TARGET (the holder of that identity). Whether a row acts is found at the decision and never
 * by a timer: its bundle is closed, now is within from and until, its authority is not suspended.
 * Gates have the same rows of both tables, of AUTHORITY_STATE and of STAGE, so the same holds
 * there.
 *
 * All `ret_*` messages are the caller's: free with parkgate__..._free_unpacked(x, NULL).
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

/* What is kept of an entry, packed, before it is sealed: with every case number that it ever had.
 */
enum { WATCH_KEPT_MAX = LIMIT_EVENT_BYTES * 2 };

enum {
    WATCH_FOUND_MAX = 32, /* acting entries told of one read; more are left out */
    WATCH_ALIKE_MAX = 16, /* live entries of one authority with the same target; more are refused */
};

/* An entry that acts now. */
struct watch_found {
    struct handle entry;
    struct name authority;
    uint32_t matcher, action, instruction; /* enums of schema/watch.h */
    bool test;                             /* of a plate that belongs to nobody */
};

struct watch_finds {
    size_t count;
    struct watch_found items[WATCH_FOUND_MAX];
};

/* --- keys --- */

/* In WATCH_MATCH; entry NULL: what all rows of this target begin with. */
struct bytes watch_match_key(struct keybuf *key, uint32_t matcher, struct bytes hash,
                             const struct handle *entry);
/* In WATCH_TARGET; entry NULL: of the holder. */
struct bytes watch_target_key(struct keybuf *key, struct handle holder, const struct handle *entry);
struct bytes watch_authority_key(struct keybuf *key, const char *authority);
struct bytes watch_id_key(struct keybuf *key, const char *authority, struct bytes id_hash);
/* In WATCH_PERSON; a hash of 0 bytes: of the authority; entry NULL: of target and case number. */
struct bytes watch_person_key(struct keybuf *key, const char *authority, struct bytes term_hash,
                              const struct handle *entry);
struct bytes watch_bundle_key(struct keybuf *key, const char *authority, uint64_t number);
struct bytes watch_change_key(struct keybuf *key, const char *authority, uint64_t number,
                              uint32_t change);

/* --- what acts --- */

/* Adds the entries that act now on this target. `hash`: WATCH_MATCHER_PLATE and
 * WATCH_MATCHER_BADGE: as a credential of that kind and canonical bytes has it. A row that cannot be
 * read is logged and finds nothing. */
MUST_CHECK enum err watch_find_match(struct store_txn *txn, uint32_t matcher, struct bytes hash,
                                     struct wall now, struct watch_finds *finds,
                                     struct fault *fault);
/* The same for entries that name this person by identity number. */
MUST_CHECK enum err watch_find_target(struct store_txn *txn, struct handle holder, struct wall now,
                                      struct watch_finds *finds, struct fault *fault);
/* Do this authority's entries act? Not when it is suspended, or not known. */
MUST_CHECK enum err watch_authority_acts(struct store_txn *txn, const char *authority,
                                         bool *ret_acts, struct fault *fault);

/* --- records; ERR_NOT_FOUND: there is none --- */

MUST_CHECK enum err watch_authority(struct store_txn *txn, const char *authority,
                                    Parkgate__AuthorityRecord **ret, struct fault *fault);
/* The valid one. */
MUST_CHECK enum err watch_entry(struct store_txn *txn, struct handle entry,
                                Parkgate__WatchRecord **ret, struct fault *fault);
/* The valid entry under the station's own id. */
MUST_CHECK enum err watch_entry_of_id(struct store_txn *txn, const char *authority,
                                      struct bytes id_hash, Parkgate__WatchRecord **ret,
                                      struct fault *fault);
MUST_CHECK enum err watch_bundle_get(struct store_txn *txn, const char *authority, uint64_t number,
                                     Parkgate__WatchBundle **ret, struct fault *fault);

/* The one with the lowest number that still stands. */
MUST_CHECK enum err watch_oldest_bundle(struct store_txn *txn, const char *authority,
                                        Parkgate__WatchBundle **ret, struct fault *fault);

/* Is a record live: waiting or acting, and its end not passed? Live persons are counted. */
bool watch_is_live(const Parkgate__WatchRecord *record, struct wall now);
/* enum watch_state as people are told it: with the time, and whether its authority acts. */
uint32_t watch_state_now(const Parkgate__WatchRecord *record, bool authority_acts, struct wall now);
