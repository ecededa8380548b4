/* park_card: what a badge reader asks of a card beside its UID, as the park file says it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ids.h"
#include "schema/errors.h"

struct park_card {
    char aid[16];       /* hex; "" cards are read by their UID alone */
    char system_id[32]; /* hex */
    bool has_key_file, has_uid_key_file;
    uint32_t key_no, uid_key_no;
    uint32_t exchange_ms; /* 0: LIMIT_DESFIRE_MS */
};

/* The keys fit together. `is_badge_reader`: its driver speaks to cards. First violation into *c;
 * false then. */
MUST_CHECK bool park_card_check(const struct park_card *card, struct name reader,
                                bool is_badge_reader, struct complaint *c);
