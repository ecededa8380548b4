/* card_proof: lets the card in the field prove itself, and measures how long that took.
 *
 * The clock runs around the card's exchanges only. A card that does not answer is selected again
 * and asked once more: a badge that is drawn away too early is ordinary. What it answers wrongly is
 * final.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/err.h"
#include "reader-agent/nfc/card_watch.h"
#include "reader-agent/nfc/desfire_auth.h"
#include "schema/helper.h"

enum { CARD_PROOF_SPARE_MS = 400 }; /* over its limit, then a card is given up */

/* The way to the card, and what time it is. */
struct card_air {
    /* One command, one answer. ERR_NOT_FOUND: the card does not answer. ERR_CORRUPT: its answer is
     * longer than `size`. ERR_IO: the reader fails. */
    enum err (*exchange)(void *ctx, struct bytes command, uint8_t *out, size_t size,
                         size_t *ret_size, uint32_t wait_ms, struct fault *fault);
    /* Selects `card` once more. ERR_NOT_FOUND: it is not there. ERR_IO: the reader fails. */
    enum err (*select)(void *ctx, const struct card *card, struct fault *fault);
    void *ctx;
    const struct clock *clock;
    const struct entropy *entropy;
};

struct card_proved {
    bool proved;
    uint32_t exchange_ms;          /* of the last try */
    uint8_t uid[DESFIRE_UID_SIZE]; /* when it was wanted and proved */
    const char *why;               /* static; "" when proved */
};

/* `key_kind` HELPER_KEY_OF_UIDS asks for the card's own UID, under the key for that. `key` is
 * borrowed. Takes at most twice the limit and CARD_PROOF_SPARE_MS.
 *
 * ERR_IO: the reader fails, nothing is known of the card. */
MUST_CHECK enum err card_proof_run(const struct card_air *air, const struct helper_cards *cards,
                                   const struct card *card, enum helper_key_kind key_kind,
                                   const struct aes_key *key, struct card_proved *ret_proved,
                                   struct fault *fault);

/* What is said of a card that proved itself, or did not, in that time. */
enum card_proof card_proof_of(const struct helper_cards *cards, const struct card_proved *proved);
