#include "reader-agent/app/vault.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { AAD_SIZE = OUTBOX_PLACE_SIZE, CACHED_DAYS = 2 };

struct cached_day {
    bool used;
    struct seal_key key;
    bool has_box;
    struct day_box box; /* its day also where there is none */
};

struct vault {
    struct day_keys *keys;
    const struct entropy *entropy;
    struct seal_key hash_key;
    struct cached_day days[CACHED_DAYS];
    size_t next;
    bool has_recovery_key;
    struct seal_box_public recovery_key;
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

static struct cached_day *cached(struct vault *vault, uint32_t day)
{
    for (size_t i = 0; i < CACHED_DAYS; i++) {
        if (vault->days[i].used && vault->days[i].box.day == day) {
            return &vault->days[i];
        }
    }
    return NULL;
}

/* Drawn once for each run of the program: the store keeps the first of them. */
static enum err close_box(struct vault *vault, struct cached_day *slot, struct fault *fault)
{
    if (!vault->has_recovery_key || slot->has_box) {
        return ERR_OK;
    }
    day_box_id(&vault->recovery_key, &slot->key, slot->box.id);
    TRY(day_box_close(&vault->recovery_key, slot->box.day, &slot->key, vault->entropy,
                      slot->box.box, fault));
    slot->has_box = true;
    return ERR_OK;
}

static enum err key_of_day(struct vault *vault, uint32_t day, bool make,
                           const struct cached_day **ret_day, struct fault *fault)
{
    struct cached_day *known = cached(vault, day);
    if (known == NULL) {
        struct seal_key key;
        TRY(make ? day_keys_get(vault->keys, day, key.bytes, fault)
                 : day_keys_find(vault->keys, day, key.bytes, fault));
        known = &vault->days[vault->next];
        vault->next = (vault->next + 1) % CACHED_DAYS;
        *known = (struct cached_day){.used = true, .key = key, .box = {.day = day}};
        seal_wipe(&key, sizeof(key));
    }
    TRY(close_box(vault, known, fault));
    *ret_day = known;
    return ERR_OK;
}

enum err vault_use_recovery_key(struct vault *vault, const uint8_t recovery_key[RECOVERY_KEY_SIZE],
                                struct fault *fault)
{
    static const struct seal_key any = {.bytes = {1}};
    struct seal_box_public to;
    uint8_t box[DAY_BOX_SIZE];
    memcpy(to.bytes, recovery_key, sizeof(to.bytes));
    TRY(day_box_close(&to, 0, &any, vault->entropy, box, fault)); /* it is a public key */
    vault->recovery_key = to;
    vault->has_recovery_key = true;
    for (size_t i = 0; i < CACHED_DAYS; i++) {
        vault->days[i].has_box = false;
    }
    return ERR_OK;
}

enum err vault_box(struct vault *vault, uint32_t day, struct day_box *ret_box, struct fault *fault)
{
    const struct cached_day *known = NULL;
    TRY(key_of_day(vault, day, false, &known, fault));
    if (!known->has_box) {
        return fault_set(fault, ERR_NOT_FOUND, "outbox: no recovery key yet");
    }
    *ret_box = known->box;
    return ERR_OK;
}

/* Binds the sealed bytes to their place. */
static struct bytes aad_of(struct grant_id id, uint8_t out[AAD_SIZE])
{
    return outbox_place(id.epoch, id.sequence, out);
}

enum err vault_seal(struct vault *vault, struct bytes packed, struct wall now,
                    struct batch_event *event, struct fault *fault)
{
    MUST(packed.size <= LIMIT_EVENT_BYTES);
    const struct cached_day *day = NULL;
    event->day = outbox_day(now);
    TRY(key_of_day(vault, event->day, true, &day, fault));
    event->has_box = day->has_box;
    memcpy(event->box_id, day->box.id, sizeof(event->box_id));
    memcpy(event->box, day->box.box, sizeof(event->box));
    struct seal_hash digest = seal_hash_of(packed);
    memcpy(event->digest, digest.bytes, EVENT_DIGEST_SIZE);
    uint8_t nonce[SEAL_NONCE_SIZE];
    entropy_fill(vault->entropy, nonce, sizeof(nonce));
    uint8_t aad[AAD_SIZE];
    event->sealed_size = packed.size + SEAL_OVERHEAD;
    seal_close(&day->key, nonce, aad_of(event->id, aad), packed, event->sealed, event->sealed_size);
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
    const struct cached_day *day = NULL;
    TRY(key_of_day(vault, event->day, false, &day, fault));
    uint8_t aad[AAD_SIZE];
    struct bytes sealed = {.data = event->sealed, .size = event->sealed_size};
    return seal_open(&day->key, aad_of(event->id, aad), sealed, out, LIMIT_EVENT_BYTES, ret_size,
                     fault);
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
    const struct cached_day *day = NULL;
    item->head.day = outbox_day(now);
    TRY(key_of_day(vault, item->head.day, true, &day, fault));
    struct seal_hash digest = seal_hash_of(body);
    memcpy(item->head.digest, digest.bytes, sizeof(item->head.digest));
    item->head.kept = body.size;
    uint8_t nonce[SEAL_NONCE_SIZE];
    entropy_fill(vault->entropy, nonce, sizeof(nonce));
    uint8_t aad[AAD_SIZE];
    item->sealed_size = body.size + SEAL_OVERHEAD;
    seal_close(&day->key, nonce, aad_of_aside(item->head.number, aad), body, item->sealed,
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
        if (vault->days[i].used && vault->days[i].box.day == day) {
            seal_wipe(&vault->days[i], sizeof(vault->days[i]));
        }
    }
    return day_keys_drop(vault->keys, day, fault);
}
