#include "common/seal/day_box.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

/* A box of one day does not open as that of another. */
static void purpose_of(uint32_t day, char out[SEAL_BOX_PURPOSE_MAX])
{
    (void)snprintf(out, SEAL_BOX_PURPOSE_MAX, "parkgate outbox day %u", day);
}

enum err day_box_close(const struct seal_box_public *to, uint32_t day, const struct seal_key *key,
                       const struct entropy *entropy, uint8_t ret_box[DAY_BOX_SIZE],
                       struct fault *fault)
{
    char purpose[SEAL_BOX_PURPOSE_MAX];
    purpose_of(day, purpose);
    return seal_box_close(to, purpose, entropy, BYTES_OF(key->bytes), ret_box, DAY_BOX_SIZE, fault);
}

void day_box_id(const struct seal_box_public *to, const struct seal_key *key,
                uint8_t ret_id[DAY_BOX_ID_SIZE])
{
    struct seal_hash hash =
        seal_keyed_hash(key, "parkgate outbox day box", SEAL_PARTS(BYTES_OF(to->bytes)));
    memcpy(ret_id, hash.bytes, DAY_BOX_ID_SIZE);
}

enum err day_box_open(const struct seal_box_secret *secret, uint32_t day,
                      const uint8_t box[DAY_BOX_SIZE], struct seal_key *ret_key,
                      struct fault *fault)
{
    char purpose[SEAL_BOX_PURPOSE_MAX];
    uint8_t key[DAY_BOX_SIZE];
    size_t size = 0;
    purpose_of(day, purpose);
    TRY(seal_box_open(secret, purpose, (struct bytes){.data = box, .size = DAY_BOX_SIZE}, key,
                      sizeof(key), &size, fault));
    MUST(size == SEAL_KEY_SIZE);
    memcpy(ret_key->bytes, key, SEAL_KEY_SIZE);
    seal_wipe(key, sizeof(key));
    return ERR_OK;
}

struct bytes outbox_place(uint32_t epoch, uint64_t sequence, uint8_t out[OUTBOX_PLACE_SIZE])
{
    struct writer w = writer_of(out, OUTBOX_PLACE_SIZE);
    writer_u32(&w, epoch);
    writer_u64(&w, sequence);
    return writer_view(&w);
}
