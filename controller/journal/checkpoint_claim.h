/* checkpoint_claim: does the journal itself say a checkpoint, and name who signed it?
 *
 * Tables name the newest checkpoint and the park's keys; who may write the store may write both. So
 * neither counts until the chain was walked: its entry CHECKPOINT must say the very same, and the
 * key must be named by an entry SIGN_KEY before it, or have signed the head with which a truncation
 * began. A key whose entry was cut off, in a checkpoint older than that truncation, is known by
 * tables alone.
 */
#pragma once

#include "common/seal/anchor.h"
#include "controller/journal/checkpoint.h"

struct checkpoint_claim {
    struct checkpoint checkpoint; /* sequence 0: there is none */
    struct sign_public key;       /* by the tables, under the id that the checkpoint names */
    uint64_t cut_at;              /* the entry by which the journal begins where it does; 0: whole */
    bool said, key_named;
};

/* `checkpoint` as the table has it; its signature by `key` is checked already. */
void checkpoint_claim_begin(struct checkpoint_claim *claim, const struct checkpoint *checkpoint,
                            const struct sign_public *key, uint64_t cut_at);
/* Each entry of the chain, in its order. */
void checkpoint_claim_take(struct checkpoint_claim *claim, const Parkgate__Entry *entry);
/* At the end: what is missing, as the end of a sentence that begins with the checkpoint; NULL:
 * nothing, or there was no checkpoint. */
const char *checkpoint_claim_lacks(const struct checkpoint_claim *claim);
