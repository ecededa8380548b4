/* card_setup: what a reader's row says of its cards, and the key files on this box. */
#pragma once

#include "common/base/err.h"
#include "reader-agent/driver/card_keys.h"
#include "schema/limits.h"
#include "schema/park.pb-c.h"

struct card_setup {
    struct helper_cards cards;
    uint8_t system_id[CARD_SYSTEM_ID_MAX];
    uint8_t system_id_size;
    char key_file[LIMIT_TEXT_BYTES];
    char uid_key_file[LIMIT_TEXT_BYTES]; /* "" none */
};

/* ERR_INPUT: the row makes no sense. */
MUST_CHECK enum err card_setup_of_row(const Parkgate__ParkReader *row, struct card_setup *ret_setup,
                                      struct fault *fault);

/* The setup with its keys. Every error leaves a scheme under which no card can prove itself in
 * *ret_scheme, with its fault: a reader that has lost its keys lets nobody in by UID alone.
 * ERR_IO, ERR_REFUSED (others may read the file), ERR_INPUT (no key in it, or the factory's). */
MUST_CHECK enum err card_setup_load(const struct card_setup *setup, struct card_scheme *ret_scheme,
                                    struct fault *fault);
