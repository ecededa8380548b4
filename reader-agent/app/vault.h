/* vault: seals events under the key of their day, opens them, and hashes what is only compared. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/entropy.h"
#include "common/base/ids.h"
#include "reader-agent/store/aside.h"
#include "reader-agent/store/batch.h"
#include "reader-agent/store/day_boxes.h"
#include "reader-agent/store/day_keys.h"
#include "reader-agent/store/outbox.h"

struct vault;

/* Borrowed: keys and entropy. seal_init() must have been called. ERR_FULL, ERR_IO: the hash key
 * cannot be stored. */
MUST_CHECK enum err vault_create(struct day_keys *keys, const struct entropy *entropy,
                                 struct vault **ret_vault, struct fault *fault);
void vault_destroy(struct vault **vault);

/* From now on each key that seals is closed to the park's recovery key as well, and goes with its
 * events (batch_event.box). Until then none is. ERR_INPUT: no public key. */
MUST_CHECK enum err vault_use_recovery_key(struct vault *vault,
                                           const uint8_t recovery_key[RECOVERY_KEY_SIZE],
                                           struct fault *fault);
/* The box of a day's key. ERR_NOT_FOUND: the key was destroyed, or there is no recovery key. */
MUST_CHECK enum err vault_box(struct vault *vault, uint32_t day, struct day_box *ret_box,
                              struct fault *fault);

/* Fills digest, day and sealed bytes of an event whose id is set. `packed` is what will be sent.
 * ERR_FULL, ERR_IO: the day's key cannot be stored, so nothing may be sealed under it. */
MUST_CHECK enum err vault_seal(struct vault *vault, struct bytes packed, struct wall now,
                               struct batch_event *event, struct fault *fault);
/* The event as it was, or will be, sent. ERR_CORRUPT: damaged. ERR_NOT_FOUND: its day's key was
 * destroyed. */
MUST_CHECK enum err vault_open(struct vault *vault, const struct outbox_event *event,
                               uint8_t out[LIMIT_EVENT_BYTES], size_t *ret_size,
                               struct fault *fault);
/* Fills digest, day, size and sealed bytes of a body whose number is set; `body` is at most
 * LIMIT_ASIDE_BYTES. Errors as vault_seal(). */
MUST_CHECK enum err vault_seal_aside(struct vault *vault, struct bytes body, struct wall now,
                                     struct aside_item *item, struct fault *fault);
/* The body as it was put aside, with the keys of any process that may read them. Errors as
 * vault_open(). */
MUST_CHECK enum err vault_open_aside(struct day_keys *keys, const struct aside_item *item,
                                     uint8_t out[LIMIT_ASIDE_BYTES], size_t *ret_size,
                                     struct fault *fault);
/* A keyed hash of what a device says of one event of its own. */
void vault_hash(const struct vault *vault, struct name device, struct bytes what,
                uint8_t ret_hash[SEEN_HASH_SIZE]);
/* Destroys the key of a day. */
MUST_CHECK enum err vault_drop_day(struct vault *vault, uint32_t day, struct fault *fault);
