#include "controller/app/sight.h"

#include <string.h>

#include "common/base/must.h"
#include "controller/store/hidden_store.h"

static bool has_role(const struct request *request, uint32_t roles)
{
    return (request->key->roles & roles) != 0;
}

bool sight_of_hits(const struct request *request)
{
    return has_role(request, 1U << ROLE_SECURITY);
}

bool sight_of_chain(const struct request *request)
{
    return has_role(request, 1U << ROLE_ADMIN | 1U << ROLE_SECURITY | 1U << ROLE_AUDITOR);
}

enum err sight_told(const struct controller *ctl, const struct request *request, uint64_t sequence,
                    uint64_t *ret, struct fault *fault)
{
    *ret = sequence;
    return sight_of_chain(request) ? ERR_OK : hidden_shown(ctl->txn, sequence, ret, fault);
}

enum err sight_meant(const struct controller *ctl, const struct request *request, uint64_t number,
                     uint64_t *ret, struct fault *fault)
{
    *ret = number;
    return sight_of_chain(request) ? ERR_OK : hidden_sequence(ctl->txn, number, ret, fault);
}

/* --- marks --- */

static struct seal_key mark_key(const struct controller *ctl)
{
    return seal_derive(&ctl->index_keys.key[0], "parkgate mark", (struct bytes){0});
}

void sight_mark(const struct controller *ctl, uint64_t place, char out[static SIGHT_MARK_SIZE])
{
    uint8_t plain[8];
    uint8_t nonce[SEAL_NONCE_SIZE];
    uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD];
    struct seal_key key = mark_key(ctl);
    struct writer w = writer_of(plain, sizeof(plain));
    writer_u64(&w, place);
    entropy_fill(ctl->entropy, nonce, sizeof(nonce));
    seal_close(&key, nonce, (struct bytes){0}, BYTES_OF(plain), sealed, sizeof(sealed));
    seal_wipe(&key, sizeof(key));
    bytes_to_hex(BYTES_OF(sealed), out, SIGHT_MARK_SIZE);
}

bool sight_mark_place(const struct controller *ctl, const char *mark, uint64_t *ret)
{
    uint8_t plain[8];
    uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD];
    size_t size = 0;
    struct seal_key key = mark_key(ctl);
    bool good = strlen(mark) == SIGHT_MARK_SIZE - 1 &&
                bytes_from_hex(mark, sealed, sizeof(sealed)) &&
                seal_open(&key, (struct bytes){0}, BYTES_OF(sealed), plain, sizeof(plain), &size,
                          NULL) == ERR_OK;
    seal_wipe(&key, sizeof(key));
    if (good) {
        struct reader r = reader_of(BYTES_OF(plain));
        *ret = reader_u64(&r);
    }
    return good;
}
