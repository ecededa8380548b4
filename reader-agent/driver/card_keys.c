#include "reader-agent/driver/card_keys.h"

#include <string.h>
#include <sys/mman.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

struct slot {
    struct name reader; /* empty: free */
    struct card_scheme scheme;
};

struct card_keys {
    bool locked;
    struct slot slots[LIMIT_HELPERS_PER_AGENT];
};

struct card_keys *card_keys_create(void)
{
    struct card_keys *keys =
        mmap(NULL, sizeof(*keys), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(keys != MAP_FAILED);
    /* These two say nothing of ours in a kernel that lacks them; the lock's answer is told. */
    (void)madvise(keys, sizeof(*keys), MADV_DONTDUMP);
    (void)madvise(keys, sizeof(*keys), MADV_DONTFORK);
    keys->locked = mlock(keys, sizeof(*keys)) == 0;
    return keys;
}

void card_keys_destroy(struct card_keys **keys)
{
    if (*keys != NULL) {
        seal_wipe(*keys, sizeof(**keys));
        MUST(munmap(*keys, sizeof(**keys)) == 0);
        *keys = NULL;
    }
}

bool card_keys_are_locked(const struct card_keys *keys)
{
    return keys->locked;
}

/* NULL: none. */
static struct slot *find(const struct card_keys *keys, const char *reader)
{
    for (size_t i = 0; i < ARRAY_LEN(keys->slots); i++) {
        if (strcmp(keys->slots[i].reader.text, reader) == 0) {
            return (struct slot *)&keys->slots[i];
        }
    }
    return NULL;
}

enum err card_keys_put(struct card_keys *keys, struct name reader, const struct card_scheme *scheme,
                       struct fault *fault)
{
    MUST(scheme->system_id_size <= CARD_SYSTEM_ID_MAX);
    struct slot *slot = find(keys, reader.text);
    slot = slot != NULL ? slot : find(keys, "");
    if (slot == NULL) {
        return fault_set(fault, ERR_FULL, "over %d badge readers at one gate",
                         LIMIT_HELPERS_PER_AGENT);
    }
    slot->reader = reader;
    slot->scheme = *scheme;
    return ERR_OK;
}

void card_keys_forget(struct card_keys *keys, struct name reader)
{
    struct slot *slot = find(keys, reader.text);
    if (slot != NULL) {
        seal_wipe(slot, sizeof(*slot));
    }
}

bool card_keys_are_missing(const struct card_keys *keys, struct name reader)
{
    const struct slot *slot = find(keys, reader.text);
    return slot != NULL && slot->scheme.cards.desfire &&
           (!slot->scheme.has_master ||
            (slot->scheme.cards.has_uid_key && !slot->scheme.has_uid_key));
}

struct helper_cards card_keys_cards(const struct card_keys *keys, struct name reader)
{
    const struct slot *slot = find(keys, reader.text);
    return slot != NULL ? slot->scheme.cards : (struct helper_cards){.desfire = false};
}

static struct aes_key derive(const struct card_scheme *scheme,
                             const struct helper_key_wanted *wanted)
{
    uint8_t m[AN10922_INPUT_MAX];
    struct writer w = writer_of(m, sizeof(m));
    writer_bytes(&w, (struct bytes){.data = wanted->uid, .size = wanted->uid_size});
    writer_bytes(&w, BYTES_OF(scheme->cards.aid));
    writer_bytes(&w, (struct bytes){.data = scheme->system_id, .size = scheme->system_id_size});
    MUST(!w.bad);
    return an10922_derive(&scheme->master, writer_view(&w));
}

struct helper_key card_keys_answer(const struct card_keys *keys, struct name reader,
                                   const struct helper_key_wanted *wanted)
{
    const struct slot *slot = find(keys, reader.text);
    struct helper_key answer = {.request = wanted->request};
    struct aes_key key = {{0}};
    if (slot == NULL || !slot->scheme.cards.desfire) {
        return answer;
    }
    bool of_uids = wanted->which == HELPER_KEY_OF_UIDS;
    answer.found =
        of_uids ? slot->scheme.has_uid_key : slot->scheme.has_master && wanted->uid_size > 0;
    if (answer.found) {
        key = of_uids ? slot->scheme.uid_key : derive(&slot->scheme, wanted);
    }
    memcpy(answer.key, key.bytes, sizeof(answer.key));
    seal_wipe(&key, sizeof(key));
    return answer;
}
