/* checkpoint_file: is the newest checkpoint's snapshot what the park signed, and loading it. */
#pragma once

#include "common/store/store.h"
#include "controller/journal/checkpoint.h"

/* DIR/SEQUENCE.snapshot. ERR_INPUT: too long. */
MUST_CHECK enum err checkpoint_file_path(const char *dir, uint64_t sequence, char *out, size_t size,
                                         struct fault *fault);
/* The key that signed it, by the tables of `txn`; whether the journal names it, a walk tells
 * (checkpoint_claim.h). ERR_CORRUPT: they have no such key, or it signed something else. */
MUST_CHECK enum err checkpoint_file_signer(struct store_txn *txn,
                                           const struct checkpoint *checkpoint,
                                           struct sign_public *ret_key, struct fault *fault);
/* The newest checkpoint that `txn` shows: signed with a key that tables name, and its file in `dir`
 * has the size and digest that were signed.
 *
 * ERR_NOT_FOUND  there is no checkpoint, or no such file
 * ERR_CORRUPT    another signature, size or digest; the fault names which */
MUST_CHECK enum err checkpoint_file_check(struct store_txn *txn, const char *dir,
                                          struct checkpoint *ret, struct fault *fault);
/* Loads that checked file into an empty store, and brings it to the layout of this version.
 * ERR_UNSUPPORTED: of a version that had no checkpoints, or of a newer one. */
MUST_CHECK enum err checkpoint_file_load(const char *dir, const struct checkpoint *checkpoint,
                                         struct store *store, struct fault *fault);
