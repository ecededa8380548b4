/* card_watch: which cards lie on the reader. Pure: one call a poll, cards that came out.
 *
 * A card is told once when it comes, and again only after it was missed CARD_MISSES polls running:
 * a single failed selection of a card that lies still is ordinary. Several cards may lie on the
 * reader; it then selects now one, now another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schema/helper.h"

enum { CARD_MISSES = 3, CARDS_MAX = 4 };

struct card {
    uint8_t uid[HELPER_UID_BYTES];
    uint8_t uid_size; /* 4, 7 or 10; 0 none */
};

struct card_watch {
    struct card present[CARDS_MAX]; /* uid_size 0: free */
    uint8_t misses[CARDS_MAX];
};

/* One poll found `seen` (uid_size 0: none). True: it has just come and is to be told. */
bool card_watch_poll(struct card_watch *watch, const struct card *seen);

/* What was told last could not be delivered: tell it again while it lies there. */
void card_watch_forget(struct card_watch *watch, const struct card *card);

/* ISO 14443-3: a UID of 4 bytes that begins with 08 is made up anew by the card each time. */
bool card_is_random(const struct card *card);
