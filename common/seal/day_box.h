/* day_box: the key of a gate's day, closed to the park's recovery key, and what both sides of a
 * recovery must agree on.
 *
 * A gate seals the events of its outbox under the key of their day (AES-256-GCM, bound to their
 * place). Beside the day's own key it keeps a box of it that the private half of the recovery key
 * alone opens; that half lies at the controller and in every backup. So whoever holds a backup can
 * read what the gates kept, and nobody who holds a gate's outbox alone.
 */
#pragma once

#include "common/seal/box.h"

enum {
    DAY_BOX_SIZE = SEAL_KEY_SIZE + SEAL_BOX_OVERHEAD,
    DAY_BOX_ID_SIZE = 8,
    DAY_BOXES_MAX = 8, /* of one day that are looked at */
    OUTBOX_PLACE_SIZE = 12,
};

/* Closes the key of `day` (days since 1970). ERR_INPUT: `to` is no public key. */
MUST_CHECK enum err day_box_close(const struct seal_box_public *to, uint32_t day,
                                  const struct seal_key *key, const struct entropy *entropy,
                                  uint8_t ret_box[DAY_BOX_SIZE], struct fault *fault);
/* Which key is in a box, and to whom it is closed; says nothing of the key itself. */
void day_box_id(const struct seal_box_public *to, const struct seal_key *key,
                uint8_t ret_id[DAY_BOX_ID_SIZE]);
/* Wipe *ret_key when done. ERR_CORRUPT: closed to another key, of another day, or damaged. */
MUST_CHECK enum err day_box_open(const struct seal_box_secret *secret, uint32_t day,
                                 const uint8_t box[DAY_BOX_SIZE], struct seal_key *ret_key,
                                 struct fault *fault);
/* What a sealed event is bound to: the additional data of its AES-256-GCM. */
struct bytes outbox_place(uint32_t epoch, uint64_t sequence, uint8_t out[OUTBOX_PLACE_SIZE]);
