#include "controller/journal/checkpoint_claim.h"

#include <string.h>

#include "common/base/must.h"
#include "schema/kinds.h"

void checkpoint_claim_begin(struct checkpoint_claim *claim, const struct checkpoint *checkpoint,
                            const struct sign_public *key, uint64_t cut_at)
{
    *claim = (struct checkpoint_claim){
        .checkpoint = *checkpoint,
        .key = *key,
        .cut_at = cut_at,
        .key_named = checkpoint->recorded_at < cut_at,
    };
}

static bool is_same(const struct checkpoint *a, const struct checkpoint *b)
{
    return a->sequence == b->sequence && a->size == b->size && a->time.us == b->time.us &&
           seal_equal(BYTES_OF(a->hash.bytes), BYTES_OF(b->hash.bytes)) &&
           seal_equal(BYTES_OF(a->digest.bytes), BYTES_OF(b->digest.bytes)) &&
           bytes_equal(BYTES_OF(a->branch), BYTES_OF(b->branch)) && strcmp(a->key, b->key) == 0 &&
           bytes_equal(BYTES_OF(a->value.bytes), BYTES_OF(b->value.bytes));
}

static void take_checkpoint(struct checkpoint_claim *claim, const Parkgate__Entry *entry)
{
    struct checkpoint said;
    Parkgate__CheckpointRecord *body =
        parkgate__checkpoint_record__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL && entry->sequence == claim->checkpoint.recorded_at) {
        claim->said = checkpoint_of_record(body, &said) && is_same(&said, &claim->checkpoint);
    }
    parkgate__checkpoint_record__free_unpacked(body, NULL);
}

static void take_key(struct checkpoint_claim *claim, const Parkgate__Entry *entry)
{
    Parkgate__SignKeyRecord *body =
        parkgate__sign_key_record__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL && entry->sequence < claim->checkpoint.recorded_at) {
        struct bytes named = {.data = body->public_key.data, .size = body->public_key.len};
        claim->key_named |= bytes_equal(named, BYTES_OF(claim->key.bytes));
    }
    parkgate__sign_key_record__free_unpacked(body, NULL);
}

static void take_truncation(struct checkpoint_claim *claim, const Parkgate__Entry *entry)
{
    struct anchor head;
    Parkgate__TruncationRecord *body =
        parkgate__truncation_record__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL && entry->sequence == claim->cut_at && body->step == TRUNCATION_BEGAN) {
        claim->key_named |= anchor_from_line(body->anchor, &head) &&
                            head.sequence == body->upto && anchor_is_good(&head, &claim->key);
    }
    parkgate__truncation_record__free_unpacked(body, NULL);
}

void checkpoint_claim_take(struct checkpoint_claim *claim, const Parkgate__Entry *entry)
{
    if (claim->checkpoint.sequence == 0) {
        return;
    }
    if (entry->kind == ENTRY_CHECKPOINT) {
        take_checkpoint(claim, entry);
    } else if (entry->kind == ENTRY_SIGN_KEY) {
        take_key(claim, entry);
    } else if (entry->kind == ENTRY_TRUNCATION) {
        take_truncation(claim, entry);
    }
}

const char *checkpoint_claim_lacks(const struct checkpoint_claim *claim)
{
    return claim->checkpoint.sequence == 0 ? NULL
           : !claim->said                  ? "is said by no entry of the journal"
           : !claim->key_named             ? "is signed by a key that no entry of the journal names"
                                           : NULL;
}
