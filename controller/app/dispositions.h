/* dispositions: what view libraries hand over (parkgate-viid), held until two persons decided.
 *
 * What a disposition says is sealed under a key of its own in the person-key environment. The key
 * is destroyed when the disposition is over: refused, withdrawn, or past its end. Nothing is
 * matched by it while it waits.
 */
#pragma once

#include "controller/app/controller.h"
#include "controller/app/request.h"
#include "controller/store/disposition_store.h"
#include "schema/viid.pb-c.h"

/* The newest disposition of this library and peer with this id; with an empty id, the newest that
 * says what `row` says (a retry of a sender that gives no ids). ERR_NOT_FOUND: none. */
MUST_CHECK enum err disposition_find(struct controller *ctl, const char *library, const char *peer,
                                     const char *id, struct bytes row,
                                     Parkgate__DispositionRecord **ret, struct fault *fault);

/* Opens what it says, packed, into `out`. ERR_NOT_FOUND: its key is destroyed. */
enum {
    DISPOSITION_PLAIN_MAX = 4096,
    DISPOSITION_KEPT_DAYS = 30, /* a confirmed one, after its end, for notices that are due */
};
MUST_CHECK enum err disposition_open(struct controller *ctl,
                                     const Parkgate__DispositionRecord *record,
                                     uint8_t out[DISPOSITION_PLAIN_MAX], size_t *ret_size,
                                     struct fault *fault);

/* Keeps `row`, packed: a new disposition, or in the place of `before` (of the same id, waiting). */
MUST_CHECK enum err disposition_keep(struct controller *ctl, struct request *request,
                                     const Parkgate__ViidDisposition *said, struct bytes row,
                                     const Parkgate__DispositionRecord *before,
                                     struct fault *fault);

/* Ends one that waits: its key is destroyed. `actor` is the entry's. */
MUST_CHECK enum err disposition_end(struct controller *ctl,
                                    const Parkgate__DispositionRecord *record,
                                    enum viid_state state, const char *actor, const char *by,
                                    const char *reason, struct fault *fault);

/* Once a second; each minute it looks for those whose end has passed. */
void dispositions_tick(struct controller *ctl);

/* Stable words: "pending", ...; "" for a number out of range. */
const char *disposition_state_word(uint32_t state);
const char *disposition_target_word(uint32_t target);
/* "id, category": what is doubted, in words with commas between. */
void disposition_doubt_words(uint32_t doubts, char *out, size_t size);
