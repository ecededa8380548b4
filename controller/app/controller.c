#include "controller/app/controller.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/park_store.h"
#include "common/facts/tables.h"
#include "controller/app/copies.h"
#include "controller/journal/journal.h"
#include "controller/store/person_keys.h"
#include "controller/store/project.h"

enum { US_PER_DAY_SECONDS = 86400 };

static enum err open_keys(struct controller *ctl, struct store_txn **ret, struct fault *fault)
{
    TRY(store_begin_write(ctl->keys, ret, fault));
    late_keys_opened(*ret);
    return ERR_OK;
}

/* Keys that this batch made are in keys_txn; older ones are found in it as well, so that one
 * transaction serves a whole batch. */
enum err controller_keys_begin(struct controller *ctl, struct fault *fault)
{
    if (ctl->keys_txn != NULL) {
        return ERR_OK;
    }
    if (!ctl->keys_scoped) {
        return open_keys(ctl, &ctl->keys_txn, fault);
    }
    if (ctl->keys_outer == NULL) {
        TRY(open_keys(ctl, &ctl->keys_outer, fault));
    }
    return store_begin_child(ctl->keys_outer, &ctl->keys_txn, fault);
}

/* Lazily, as the transaction itself: most requests make no key. */
void controller_keys_scope_begin(struct controller *ctl)
{
    MUST(!ctl->keys_scoped);
    ctl->keys_scoped = true;
    ctl->keys_outer = ctl->keys_txn;
    ctl->keys_txn = NULL;
}

enum err controller_keys_scope_end(struct controller *ctl, bool keep, struct fault *fault)
{
    struct store_txn *child = ctl->keys_txn;
    MUST(ctl->keys_scoped);
    ctl->keys_scoped = false;
    ctl->keys_txn = ctl->keys_outer;
    ctl->keys_outer = NULL;
    if (keep && child != NULL) {
        return store_commit(&child, fault);
    }
    store_txn_destroy(&child);
    return ERR_OK;
}

enum err controller_holder_key(struct controller *ctl, struct handle holder, bool create,
                               struct seal_key *ret_key, struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    enum err err = person_key_get(ctl->keys_txn, holder, ret_key, fault);
    if (err != ERR_NOT_FOUND || !create) {
        return err;
    }
    *ret_key = seal_key_draw(ctl->entropy);
    return person_key_put(ctl->keys_txn, holder, ret_key, fault);
}

enum err controller_forget_key(struct controller *ctl, struct handle holder, struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    enum err err = person_key_delete(ctl->keys_txn, holder, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err controller_forget_day_keys(struct controller *ctl, int32_t before, unsigned *ret_deleted,
                                    struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    return day_keys_delete(ctl->keys_txn, before, ret_deleted, fault);
}

enum err controller_day_key(struct controller *ctl, int32_t *ret_day, struct seal_key *ret_key,
                            struct fault *fault)
{
    int32_t day = (int32_t)(ctl->now.us / 1000000 / US_PER_DAY_SECONDS);
    TRY(controller_keys_begin(ctl, fault));
    *ret_day = day;
    enum err err = day_key_get(ctl->keys_txn, day, ret_key, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_key = seal_key_draw(ctl->entropy);
    return day_key_put(ctl->keys_txn, day, ret_key, fault);
}

enum err controller_candidate_key(struct controller *ctl, struct handle candidate, bool create,
                                  struct seal_key *ret_key, struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    if (!create) {
        return candidate_key_get(ctl->keys_txn, candidate, ret_key, fault);
    }
    *ret_key = seal_key_draw(ctl->entropy);
    return candidate_key_put(ctl->keys_txn, candidate, ret_key, fault);
}

enum err controller_candidate_forget(struct controller *ctl, struct handle candidate,
                                     struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    enum err err = candidate_key_destroy(ctl->keys_txn, candidate, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err controller_watch_key(struct controller *ctl, struct handle entry, struct seal_key *ret_key,
                              struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    return watch_key_get(ctl->keys_txn, entry, ret_key, fault);
}

struct handle controller_draw_handle(struct controller *ctl)
{
    struct handle handle;
    entropy_fill(ctl->entropy, handle.bytes, sizeof(handle.bytes));
    if (ctl->clusters) {
        memcpy(handle.bytes, ctl->cluster, sizeof(ctl->cluster));
    }
    return handle;
}

void controller_cluster_begin(struct controller *ctl)
{
    entropy_fill(ctl->entropy, ctl->cluster, sizeof(ctl->cluster));
    ctl->clusters = true;
}

void controller_cluster_end(struct controller *ctl)
{
    ctl->clusters = false;
}

enum err controller_record(struct controller *ctl, uint32_t kind, const char *actor,
                           const ProtobufCMessage *body, struct fault *fault)
{
    uint8_t packed[STORE_VALUE_MAX];
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    size_t size = protobuf_c_message_get_packed_size(body);
    if (size > sizeof(packed)) {
        return fault_set(fault, ERR_INPUT, "journal: an entry of %zu bytes is too large", size);
    }
    (void)protobuf_c_message_pack(body, packed);
    entry.time_us = ctl->now.us;
    entry.kind = kind;
    entry.actor = field_text(actor);
    entry.tz_version = ctl->tz.version;
    entry.config_version = ctl->park->config_version;
    entry.body = (ProtobufCBinaryData){.len = size, .data = packed};
    TRY(journal_append(ctl->txn, &entry, fault));
    copies_recorded(ctl, kind);
    return project_entry(ctl->txn, &entry, fault);
}

size_t controller_seal(struct controller *ctl, const struct seal_key *key,
                       const ProtobufCMessage *message, uint8_t *out, size_t capacity)
{
    uint8_t plain[LIMIT_EVENT_BYTES * 2];
    uint8_t nonce[SEAL_NONCE_SIZE];
    size_t size = protobuf_c_message_get_packed_size(message);
    MUST(size <= sizeof(plain) && size + SEAL_OVERHEAD <= capacity);
    (void)protobuf_c_message_pack(message, plain);
    entropy_fill(ctl->entropy, nonce, sizeof(nonce));
    seal_close(key, nonce, (struct bytes){0}, (struct bytes){.data = plain, .size = size}, out,
               size + SEAL_OVERHEAD);
    seal_wipe(plain, size);
    return size + SEAL_OVERHEAD;
}

/* Under which of the keys is it kept? The newest that finds something, or would be written under.
 */
static struct seal_hash index_hash(const struct controller *ctl, enum table table,
                                   const char *domain, const struct bytes *parts, size_t count)
{
    const struct index_keys *keys = &ctl->index_keys;
    struct seal_hash newest = seal_keyed_hash(&keys->key[0], domain, parts, count);
    struct seal_hash hash = newest;
    struct bytes value;
    for (size_t i = 1; i < keys->count; i++) {
        if (store_get(ctl->txn, table, BYTES_OF(hash.bytes), &value, NULL) == ERR_OK) {
            return hash;
        }
        hash = seal_keyed_hash(&keys->key[i], domain, parts, count);
    }
    bool kept = keys->count == 1 ||
                store_get(ctl->txn, table, BYTES_OF(hash.bytes), &value, NULL) == ERR_OK;
    return kept ? hash : newest;
}

struct seal_hash controller_credential_hash(const struct controller *ctl, uint32_t kind,
                                            struct bytes canonical)
{
    uint8_t kind_byte[1] = {(uint8_t)kind};
    return index_hash(ctl, TABLE_CREDENTIAL, "parkgate credential",
                      SEAL_PARTS(BYTES_OF(kind_byte), canonical));
}

struct seal_hash controller_credential_hash_under(const struct seal_key *key, uint32_t kind,
                                                  struct bytes canonical)
{
    uint8_t kind_byte[1] = {(uint8_t)kind};
    return seal_keyed_hash(key, "parkgate credential", SEAL_PARTS(BYTES_OF(kind_byte), canonical));
}

struct seal_hash controller_pin_hash(const struct controller *ctl, struct handle holder,
                                     struct bytes digits)
{
    return index_hash(ctl, TABLE_CREDENTIAL, "parkgate pin",
                      SEAL_PARTS(BYTES_OF(holder.bytes), digits));
}

struct seal_hash controller_id_hash(const struct controller *ctl, const char *what,
                                    struct bytes canonical)
{
    return index_hash(ctl, TABLE_HOLDER_ID, "parkgate identity",
                      SEAL_PARTS(bytes_of_text(what), canonical));
}

struct seal_hash controller_external_hash(const struct controller *ctl, const char *tenant,
                                          const char *external)
{
    return index_hash(ctl, TABLE_HOLDER_ID, "parkgate external",
                      SEAL_PARTS(bytes_of_text(tenant), bytes_of_text(external)));
}

struct seal_hash controller_event_hash(const struct controller *ctl, struct bytes digest)
{
    return seal_keyed_hash(&ctl->index_keys.key[0], "parkgate event", SEAL_PARTS(digest));
}

bool controller_event_matches(const struct controller *ctl, struct bytes kept, struct bytes digest)
{
    bool matches = bytes_equal(kept, digest);
    for (size_t i = 0; i < ctl->index_keys.count && !matches; i++) {
        struct seal_hash hash =
            seal_keyed_hash(&ctl->index_keys.key[i], "parkgate event", SEAL_PARTS(digest));
        matches = bytes_equal(kept, BYTES_OF(hash.bytes));
    }
    return matches;
}

static struct seal_hash view_credential_hash(const void *ctx, uint32_t kind, struct bytes canonical)
{
    return controller_credential_hash(ctx, kind, canonical);
}

static struct seal_hash view_pin_hash(const void *ctx, struct handle holder, struct bytes digits)
{
    return controller_pin_hash(ctx, holder, digits);
}

_Static_assert((int)INDEX_KEYS_MAX <= (int)VIEW_WATCH_HASHES_MAX, "a hash each");
static size_t view_watch_hashes(const void *ctx, uint32_t kind, struct bytes canonical,
                                struct seal_hash out[VIEW_WATCH_HASHES_MAX])
{
    const struct controller *ctl = ctx;
    for (size_t i = 0; i < ctl->index_keys.count; i++) {
        out[i] = controller_credential_hash_under(&ctl->index_keys.key[i], kind, canonical);
    }
    return ctl->index_keys.count;
}

struct facts_view controller_view(const struct controller *ctl)
{
    return (struct facts_view){.txn = ctl->txn,
                               .park = ctl->park,
                               .tz = &ctl->tz,
                               .now = ctl->now,
                               .credential_hash = view_credential_hash,
                               .pin_hash = view_pin_hash,
                               .watch_hashes = view_watch_hashes,
                               .ctx = ctl,
                               .has_passages = true,
                               .has_presence = true};
}

enum err controller_reload(struct controller *ctl, struct store_txn *txn, struct fault *fault)
{
    TRY(park_load(txn, ctl->park, fault));
    if (ctl->park->time_zone[0] == '\0' || strcmp(ctl->park->time_zone, ctl->tz.name) == 0) {
        return ERR_OK;
    }
    return tz_load(ctl->zoneinfo, ctl->park->time_zone, &ctl->tz, fault);
}

int32_t controller_today(const struct controller *ctl)
{
    return civil_of(&ctl->tz, ctl->now).day;
}
