/* copy_told: what the gate's copy says of persons, vehicles, their assignments, credentials and
 * bans, for a controller that was built again from a backup: it may have been told of them since.
 * Records that are valid now, without names, numbers and hashes, as the copy has them.
 */
#pragma once

#include "reader-agent/store/copy_store.h"
#include "schema/agent.pb-c.h"

enum { COPY_TOLD_CREDENTIAL_MAX = 256 };

/* One slice; large. */
struct copy_told {
    size_t count;
    ProtobufCBinaryData items[LIMIT_RECALL_EVENTS]; /* packed CopyRows, in `bytes` */
    bool done;                                      /* nothing stands behind them */
    size_t cursor_size;
    uint8_t cursor[1 + STORE_KEY_MAX]; /* the place behind the last one */
    size_t too_large;                  /* rows that no slice holds: not told */
    /* for this file only: */
    size_t source, used, key_size;
    uint8_t key[STORE_KEY_MAX];
    uint8_t bytes[LIMIT_FRAME_BYTES - 2048];
};

/* The slice behind `cursor` (empty: from the beginning). ERR_NOT_FOUND: there is no copy. */
MUST_CHECK enum err copy_tell(struct copy_store *store, struct bytes cursor, struct copy_told *ret,
                              struct fault *fault);
/* The packed CredentialRecord of this credential. ERR_NOT_FOUND: it, or the copy, is not there. */
MUST_CHECK enum err copy_tell_credential(struct copy_store *store, uint32_t kind,
                                         struct bytes canonical,
                                         uint8_t out[COPY_TOLD_CREDENTIAL_MAX], size_t *ret_size,
                                         struct fault *fault);
