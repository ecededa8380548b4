#include "common/seal/muster_seal.h"

#define PART_DOMAIN "parkgate muster 1"
#define KEY_PURPOSE "parkgate muster list"

enum { AAD_SIZE = sizeof(PART_DOMAIN) + 8 + 4 + 1 };

static struct bytes aad_of(struct muster_place place, uint8_t out[AAD_SIZE])
{
    struct writer w = writer_of(out, AAD_SIZE);
    writer_bytes(&w,
                 (struct bytes){.data = (const uint8_t *)PART_DOMAIN, .size = sizeof(PART_DOMAIN)});
    writer_u64(&w, place.sequence);
    writer_u32(&w, place.part);
    writer_u8(&w, place.last ? 1 : 0);
    return writer_view(&w);
}

void muster_seal_part(const struct seal_key *key, struct muster_place place,
                      const struct entropy *entropy, struct bytes plain, uint8_t *out,
                      size_t out_size)
{
    uint8_t nonce[SEAL_NONCE_SIZE];
    uint8_t aad[AAD_SIZE];
    entropy_fill(entropy, nonce, sizeof(nonce));
    seal_close(key, nonce, aad_of(place, aad), plain, out, out_size);
}

enum err muster_open_part(const struct seal_key *key, struct muster_place place,
                          struct bytes sealed, uint8_t *out, size_t out_size, size_t *ret_size,
                          struct fault *fault)
{
    uint8_t aad[AAD_SIZE];
    return seal_open(key, aad_of(place, aad), sealed, out, out_size, ret_size, fault);
}

enum err muster_close_key(const struct seal_box_public *to, const struct entropy *entropy,
                          const struct seal_key *key, uint8_t out[MUSTER_KEY_BOX_SIZE],
                          struct fault *fault)
{
    return seal_box_close(to, KEY_PURPOSE, entropy, BYTES_OF(key->bytes), out, MUSTER_KEY_BOX_SIZE,
                          fault);
}

enum err muster_open_key(const struct seal_box_secret *secret, struct bytes box,
                         struct seal_key *ret_key, struct fault *fault)
{
    size_t size = 0;
    if (box.size != MUSTER_KEY_BOX_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "muster: the list's key is no box");
    }
    return seal_box_open(secret, KEY_PURPOSE, box, ret_key->bytes, sizeof(ret_key->bytes), &size,
                         fault);
}
