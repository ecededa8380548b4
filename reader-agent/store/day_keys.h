/* day_keys: the keys under which the outbox is sealed, in an environment of their own (DIR/keys),
 * so that retention can destroy a key without the rows, and a copy of the outbox tells nothing.
 *
 * A key is on disk before day_keys_get() gives it out, so before anything sealed under it is.
 */
#pragma once

#include <stdint.h>

#include "common/base/entropy.h"
#include "common/base/err.h"

enum { DAY_KEY_SIZE = 32 };

struct day_keys;

/* Opens DIR/keys, or makes it. Errors as store_open(). */
MUST_CHECK enum err day_keys_open(const char *dir, const struct entropy *entropy,
                                  struct day_keys **ret_keys, struct fault *fault);
/* To look keys up from another process while the daemon works. Errors as store_open(). */
MUST_CHECK enum err day_keys_open_to_read(const char *dir, struct day_keys **ret_keys,
                                          struct fault *fault);
void day_keys_destroy(struct day_keys **keys);

/* The key of a day; draws and stores it when there is none. ERR_FULL: no room on the disk. */
MUST_CHECK enum err day_keys_get(struct day_keys *keys, uint32_t day, uint8_t ret_key[DAY_KEY_SIZE],
                                 struct fault *fault);
/* The key of a day that must be there already. ERR_NOT_FOUND: it was destroyed. */
MUST_CHECK enum err day_keys_find(struct day_keys *keys, uint32_t day,
                                  uint8_t ret_key[DAY_KEY_SIZE], struct fault *fault);
/* The key of the keyed hashes; drawn once. */
MUST_CHECK enum err day_keys_hash_key(struct day_keys *keys, uint8_t ret_key[DAY_KEY_SIZE],
                                      struct fault *fault);
/* Destroys the key of a day. Unknown days are fine. */
MUST_CHECK enum err day_keys_drop(struct day_keys *keys, uint32_t day, struct fault *fault);
