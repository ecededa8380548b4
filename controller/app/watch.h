/* watch: the watch list at the controller, from the authority to the sweep.
 *
 * An authority pushes bundles (verbs_watch.c), staged chunk by chunk as inert records (watch_stage)
 * and valid by one closing entry; a park officer countersigns persons (verbs_watch_list.c); time
 * does the rest (watch_tick). What acts is read by common/facts/watch_store.h.
 *
 * What an entry says is sealed under a key of its own, in the person-key environment, which is
 * destroyed LIMIT_WATCH_KEPT_DAYS after its end, and at once when it is refused. Tables and journal
 * hold hashes. Identity numbers are hashed twice: under the authority's matching key, as the
 * station does, and under a key that the park alone has, so that the station learns nothing from a
 * journal.
 */
#pragma once

#include "common/facts/watch_store.h"
#include "common/watch/watch_bundle.h"
#include "controller/app/request.h"
#include "controller/app/watch_identity.h"
#include "controller/store/watch_person_store.h"

/* The names of stations' keys begin so; the authority's follows. */
#define WATCH_KEY_PREFIX "station:"

/* The name that bundles for this park carry: of its store, so that it outlives every key. */
MUST_CHECK enum err watch_park_name(struct controller *ctl, struct name *ret, struct fault *fault);

/* Was its list not refreshed within the agreed interval? Never of a suspended authority. */
bool watch_is_stale(const Parkgate__AuthorityRecord *authority, struct wall now);

/* Bundles that it began on this day (UTC). */
uint32_t watch_begun_today(const Parkgate__AuthorityRecord *authority, struct wall now);

/* The names of the credential hashes under which entries for a plate or badge may stand: one for
 * each index key, since an entry keeps the hash under which it came. */
size_t watch_credential_hashes(const struct controller *ctl, uint32_t kind, struct bytes canonical,
                               struct seal_hash out[INDEX_KEYS_MAX]);

/* --- one entry's own words --- */

/* Opens what a record says. ERR_NOT_FOUND: its key is destroyed. */
MUST_CHECK enum err watch_open_kept(struct controller *ctl, const Parkgate__WatchRecord *record,
                                    const ProtobufCBinaryData *sealed, Parkgate__WatchKept **ret,
                                    struct fault *fault);
/* The entry as it stands now: with what its renewals changed. ERR_NOT_FOUND as above. */
MUST_CHECK enum err watch_entry_of(struct controller *ctl, const Parkgate__WatchRecord *record,
                                   struct watch_entry *ret, struct fault *fault);

/* The station's own id of an entry. ERR_NOT_FOUND as above. */
MUST_CHECK enum err watch_id_of(struct controller *ctl, const Parkgate__WatchRecord *record,
                                char out[LIMIT_WATCH_ID_BYTES + 1], struct fault *fault);

/* --- a bundle --- */

/* The entry of a change, valid or (while its bundle is open) inert, and what was done with it (may
 * be NULL). ERR_NOT_FOUND: it was swept away; *ret_kind is said all the same. */
MUST_CHECK enum err watch_change_entry(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                                       uint32_t change, uint32_t *ret_kind,
                                       Parkgate__WatchRecord **ret, struct fault *fault);
/* How far the bundle is, to go on from there. */
MUST_CHECK enum err watch_walk_of(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                                  struct watch_walk *ret, struct fault *fault);

/* Vehicles on all authorities' lists, as far as they were applied. */
MUST_CHECK enum err watch_count_vehicles(struct controller *ctl, uint64_t *ret,
                                         struct fault *fault);

/* Stages one chunk of the open bundle: what it says becomes inert records. False: refused with the
 * change and the reason, or *ret_err; what was written then is undone with its request, keys, too.
 */
bool watch_stage_chunk(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                       const Parkgate__WatchBundle *bundle, const struct watch_manifest *manifest,
                       struct bytes chunk, const char *actor, struct complaint *c,
                       enum err *ret_err, struct fault *fault);

/* A bundle of one chunk that the park itself made and signed, for an authority whose signing key is
 * the park's: judged as a station's, then applied whole or refused whole within this input. */
MUST_CHECK enum err watch_apply(struct controller *ctl, struct request *request,
                                const Parkgate__AuthorityRecord *authority, struct bytes manifest,
                                const struct sign_value *signature, struct bytes chunk,
                                struct fault *fault);

/* --- what time does --- */

/* A bundle of this authority was applied: its list is fresh, and gates are to have it. */
MUST_CHECK enum err watch_refreshed(struct controller *ctl, const char *authority, uint64_t number,
                                    struct fault *fault);
/* It is recorded when the copy of the last online gate has what now acts of this bundle. */
void watch_await_gates(struct controller *ctl, const char *authority, uint64_t number);
/* How many gates that keep a copy are online, and how many of these have this journal sequence. */
struct watch_gates {
    uint32_t online, have;
};
struct watch_gates watch_gates_of(const struct controller *ctl, uint64_t sequence);

/* Once a second: bundles that were left, lists not refreshed, keys to destroy, bundles at gates. */
void watch_tick(struct controller *ctl);
/* Holders' identity numbers for a new matching key, slice by slice; milliseconds until it is to be
 * called again, -1: nothing is left to do. */
int64_t watch_turn(struct controller *ctl);
