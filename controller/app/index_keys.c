#include "controller/app/index_keys.h"

#include <string.h>

#include "common/base/must.h"
#include "controller/app/batch.h"

bool index_keys_parse(const char *text, struct index_keys *ret_keys)
{
    struct index_keys keys = {0};
    while (*text != '\0') {
        size_t size = strcspn(text, "\r\n ");
        char hex[2 * SEAL_KEY_SIZE + 1];
        if (size != sizeof(hex) - 1 || keys.count == INDEX_KEYS_MAX) {
            return false;
        }
        memcpy(hex, text, size);
        hex[size] = '\0';
        bool good = bytes_from_hex(hex, keys.key[keys.count].bytes, SEAL_KEY_SIZE);
        seal_wipe(hex, sizeof(hex));
        if (!good) {
            return false;
        }
        keys.count++;
        text += size;
        text += strspn(text, "\r\n ");
    }
    *ret_keys = keys;
    seal_wipe(&keys, sizeof(keys));
    return ret_keys->count > 0;
}

void index_keys_text(const struct index_keys *keys, char out[INDEX_KEYS_TEXT_SIZE])
{
    for (size_t i = 0; i < keys->count; i++, out += INDEX_KEY_LINE) {
        bytes_to_hex(BYTES_OF(keys->key[i].bytes), out, INDEX_KEY_LINE);
        out[INDEX_KEY_LINE - 1] = '\n';
    }
    *out = '\0';
}

static bool has(const struct index_keys *keys, const struct seal_key *key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (seal_equal(BYTES_OF(keys->key[i].bytes), BYTES_OF(key->bytes))) {
            return true;
        }
    }
    return false;
}

bool index_keys_add(struct index_keys *keys, const struct seal_key *key)
{
    if (has(keys, key)) {
        return true;
    }
    if (keys->count == INDEX_KEYS_MAX) {
        return false;
    }
    memmove(&keys->key[1], &keys->key[0], keys->count * sizeof(keys->key[0]));
    keys->key[0] = *key;
    keys->count++;
    return true;
}

static enum err record(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__KeyReplace entry = PARKGATE__KEY_REPLACE__INIT;
    (void)ctx;
    entry.index_keys = (uint32_t)ctl->index_keys.count;
    return controller_record(ctl, ENTRY_KEY_REPLACE, "", &entry.base, fault);
}

void index_keys_use(struct controller *ctl, const struct index_keys *keys)
{
    MUST(keys->count > 0);
    for (size_t i = 0; i < ctl->index_keys.count; i++) {
        MUST(has(keys, &ctl->index_keys.key[i]));
    }
    batch_commit(ctl); /* what is under way stays under its key, should it be worked off again */
    ctl->index_keys = *keys;
    batch_run(ctl, record, NULL);
}
