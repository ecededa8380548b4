/* card_keys: the keys under which this gate's readers let cards prove themselves.
 *
 * They lie in pages of their own that are not swapped out, not dumped and not given to children,
 * and are wiped when they go. This process parses no card's bytes: it is given a UID and gives that
 * card's own key (AN10922: UID, application id, system identifier), never the master key.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/base/ids.h"
#include "common/seal/an10922.h"
#include "schema/helper.h"

enum { CARD_SYSTEM_ID_MAX = 13 };

/* What a reader asks of a card, with the keys for it. Wipe it (seal_wipe) when done. */
struct card_scheme {
    struct helper_cards cards; /* desfire false: cards are read by their UID alone */
    uint8_t system_id[CARD_SYSTEM_ID_MAX];
    uint8_t system_id_size;
    bool has_master;  /* false: its file could not be read; no card can prove itself */
    bool has_uid_key; /* as cards.has_uid_key, unless its file could not be read */
    struct aes_key master;
    struct aes_key uid_key;
};

struct card_keys;

/* Never fails; aborts without memory. seal_init() must have been called. */
struct card_keys *card_keys_create(void);
void card_keys_destroy(struct card_keys **keys);
/* False: the system would not lock the pages (RLIMIT_MEMLOCK); they may be swapped out. */
bool card_keys_are_locked(const struct card_keys *keys);

/* Copied, in place of what the reader had. ERR_FULL: LIMIT_HELPERS_PER_AGENT readers have some. */
MUST_CHECK enum err card_keys_put(struct card_keys *keys, struct name reader,
                                  const struct card_scheme *scheme, struct fault *fault);
void card_keys_forget(struct card_keys *keys, struct name reader);

/* The reader asks cards for a proof and has not the keys for it. */
bool card_keys_are_missing(const struct card_keys *keys, struct name reader);
/* What the reader asks of cards; nothing when it has no scheme. */
struct helper_cards card_keys_cards(const struct card_keys *keys, struct name reader);
/* The answer to one KEY_WANTED of that reader; `found` false when there is none for it. Wipe it. */
struct helper_key card_keys_answer(const struct card_keys *keys, struct name reader,
                                   const struct helper_key_wanted *wanted);
