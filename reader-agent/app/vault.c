#include "reader-agent/app/vault.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { AAD_SIZE = 12, CACHED_DAYS = 2 };

struct cached_day {
    bool used;
    uint32_t day;
    struct seal_key key;
};

struct vault {
    struct day_keys *keys;
    const struct entropy *entropy;
    struct seal_key hash_key;
    struct cached_day days[CACHED_DAYS];
    size_t next;
};

enum err vault_create(struct day_keys *keys, const struct entropy *entropy,
                      struct vault **ret_vault, struct fault *fault)
{
    AUTO(vault_destroy) struct vault *vault = calloc(1, sizeof(*vault));
    if (vault == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    vault->keys = keys;
    vault->entropy = entropy;
    TRY(day_keys_hash_key(keys, vault->hash_key.bytes, fault));
    *ret_vault = vault;
    vault = NULL;
    return ERR_OK;
}

void vault_destroy(struct vault **vault)
{
    if (*vault == NULL) {
        return;
    }
    seal_wipe(*vault, sizeof(**vault));
    free(*vault);
    *vault = NULL;
}

static const struct seal_key *cached(const struct vault *vault, uint32_t day)
{
    for (size_t i = 0; i < CACHED_DAYS; i++) {
        if (vault->days[i].used && vault->days[i].day == day) {
            return &vault->days[i].key;
        }
    }
    return NULL;
}

static enum err key_of_day(struct vault *vault, uint32_t day, bool make,
                           const struct seal_key **ret_key, struct fault *fault)
{
    const struct seal_key *known = cached(vault, day);
    if (known == NULL) {
        struct seal_key key;
        TRY(make ? day_keys_get(vault->keys, day, key.bytes, fault)
                 : day_keys_find(vault->keys, day, key.bytes, fault));
        struct cached_day *slot = &vault->days[vault->next];
        vault->next = (vault->next + 1) % CACHED_DAYS;
        *slot = (struct cached_day){.used = true, .day = day, .key = key};
        seal_wipe(&key, sizeof(key));
        known = &slot->key;
    }
    *ret_key = known;
    return ERR_OK;
}

/* Binds the sealed bytes to their place. */
static struct bytes aad_of(struct grant_id id, uint8_t out[AAD_SIZE])
{
    struct writer w = writer_of(out, AAD_SIZE);
    writer_u32(&w, id.epoch);
    writer_u64(&w, id.sequence);
    return writer_view(&w);
}

enum err vault_seal(struct vault *vault, struct bytes packed, struct wall now,
                    struct batch_event *event, struct fault *fault)
{
    MUST(packed.size <= LIMIT_EVENT_BYTES);
    const struct seal_key *key = NULL;
    event->day = outbox_day(now);
    TRY(key_of_day(vault, event->day, true, &key, fault));
    struct seal_hash digest = seal_hash_of(packed);
    memcpy(event->digest, digest.bytes, EVENT_DIGEST_SIZE);
    uint8_t nonce[SEAL_NONCE_SIZE];
    entropy_fill(vault->entropy, nonce, sizeof(nonce));
    uint8_t aad[AAD_SIZE];
    event->sealed_size = packed.size + SEAL_OVERHEAD;
    seal_close(key, nonce, aad_of(event->id, aad), packed, event->sealed, event->sealed_size);
    return ERR_OK;
}

enum err vault_open(struct vault *vault, const struct outbox_event *event,
                    uint8_t out[LIMIT_EVENT_BYTES], size_t *ret_size, struct fault *fault)
{
    if (event->sealed_size < SEAL_OVERHEAD ||
        event->sealed_size - SEAL_OVERHEAD > LIMIT_EVENT_BYTES) {
        return fault_set(fault, ERR_CORRUPT, "outbox: event %llu has a wrong size",
                         (unsigned long long)event->id.sequence);
    }
    const struct seal_key *key = NULL;
    TRY(key_of_day(vault, event->day, false, &key, fault));
    uint8_t aad[AAD_SIZE];
    struct bytes sealed = {.data = event->sealed, .size = event->sealed_size};
    return seal_open(key, aad_of(event->id, aad), sealed, out, LIMIT_EVENT_BYTES, ret_size, fault);
}

/* Not an event's place: a body's number in a name of its own. */
static struct bytes aad_of_aside(uint64_t number, uint8_t out[AAD_SIZE])
{
    struct writer w = writer_of(out, AAD_SIZE);
    writer_bytes(&w, bytes_of_text("body"));
    writer_u64(&w, number);
    return writer_view(&w);
}

enum err vault_seal_aside(struct vault *vault, struct bytes body, struct wall now,
                          struct aside_item *item, struct fault *fault)
{
    MUST(body.size <= LIMIT_ASIDE_BYTES);
    const struct seal_key *key = NULL;
    item->head.day = outbox_day(now);
    TRY(key_of_day(vault, item->head.day, true, &key, fault));
    struct seal_hash digest = seal_hash_of(body);
    memcpy(item->head.digest, digest.bytes, sizeof(item->head.digest));
    item->head.kept = body.size;
    uint8_t nonce[SEAL_NONCE_SIZE];
    entropy_fill(vault->entropy, nonce, sizeof(nonce));
    uint8_t aad[AAD_SIZE];
    item->sealed_size = body.size + SEAL_OVERHEAD;
    seal_close(key, nonce, aad_of_aside(item->head.number, aad), body, item->sealed,
               item->sealed_size);
    return ERR_OK;
}

enum err vault_open_aside(struct day_keys *keys, const struct aside_item *item,
                          uint8_t out[LIMIT_ASIDE_BYTES], size_t *ret_size, struct fault *fault)
{
    if (item->sealed_size < SEAL_OVERHEAD || item->sealed_size > sizeof(item->sealed)) {
        return fault_set(fault, ERR_CORRUPT, "body %llu that was put aside has a wrong size",
                         (unsigned long long)item->head.number);
    }
    struct seal_key key;
    TRY(day_keys_find(keys, item->head.day, key.bytes, fault));
    uint8_t aad[AAD_SIZE];
    struct bytes sealed = {.data = item->sealed, .size = item->sealed_size};
    enum err err = seal_open(&key, aad_of_aside(item->head.number, aad), sealed, out,
                             LIMIT_ASIDE_BYTES, ret_size, fault);
    seal_wipe(&key, sizeof(key));
    return err;
}

void vault_hash(const struct vault *vault, struct name device, struct bytes what,
                uint8_t ret_hash[SEEN_HASH_SIZE])
{
    struct seal_hash hash = seal_keyed_hash(&vault->hash_key, "parkgate agent seen",
                                            SEAL_PARTS(bytes_of_text(device.text), what));
    memcpy(ret_hash, hash.bytes, SEEN_HASH_SIZE);
}

enum err vault_drop_day(struct vault *vault, uint32_t day, struct fault *fault)
{
    for (size_t i = 0; i < CACHED_DAYS; i++) {
        if (vault->days[i].used && vault->days[i].day == day) {
            seal_wipe(&vault->days[i], sizeof(vault->days[i]));
        }
    }
    return day_keys_drop(vault->keys, day, fault);
}
