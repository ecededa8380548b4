#include "controller/app/alikes.h"

#include "common/access/plate_alike.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/watch_open.h"
#include "schema/watch.h"

struct search {
    struct controller *ctl;
    struct bytes read; /* normal form */
    size_t opened;
    struct watch_finds *finds;
    enum err err;
    struct fault *fault;
};

static struct seal_hash hash_under(const struct seal_key *key, struct bytes skeleton)
{
    return seal_keyed_hash(key, "parkgate watch alike", SEAL_PARTS(skeleton));
}

struct hashing {
    const struct seal_key *key;
    struct seal_hash hash;
};

static bool keep_hash(void *ctx, struct bytes skeleton)
{
    struct hashing *kept = ctx;
    kept->hash = hash_under(kept->key, skeleton);
    return false;
}

struct seal_hash alike_hash_of(const struct controller *ctl, struct bytes normal)
{
    struct hashing kept = {.key = &ctl->index_keys.key[0]};
    (void)plate_alike_skeletons(normal, keep_hash, &kept);
    return kept.hash;
}

/* Is the entry's plate like what was read? */
static enum err compare(struct search *s, struct handle entry, bool *ret, struct fault *fault)
{
    Parkgate__WatchEntry *listed = NULL;
    *ret = false;
    enum err err = watch_open(s->ctl, entry, &listed, fault);
    if (err == ERR_CORRUPT) { /* one entry less to compare with, and not the end of a batch */
        log_error("watch_entry_damaged", LOG_TEXT("what", fault->what));
        return ERR_OK;
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    unsigned differences = plate_alike(s->read, field_view(&listed->match));
    *ret = differences > 0 && differences <= PLATE_ALIKE_MAX;
    parkgate__watch_entry__free_unpacked(listed, NULL);
    return ERR_OK;
}

static enum err add_entry(struct search *s, struct handle entry, struct fault *fault)
{
    bool alike = false;
    Parkgate__WatchRecord *record = NULL;
    if (s->opened == ALIKES_OPENED_MAX || s->finds->count == WATCH_FOUND_MAX) {
        return ERR_OK;
    }
    s->opened++;
    TRY(compare(s, entry, &alike, fault));
    if (!alike) {
        return ERR_OK;
    }
    enum err err = watch_entry(s->ctl->txn, entry, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    s->finds->items[s->finds->count++] =
        (struct watch_found){.entry = entry,
                             .authority = name_or_none(record->authority),
                             .matcher = record->matcher,
                             .action = WATCH_ACTION_NOTIFY, /* whatever it is for an exact match */
                             .instruction = record->instruction,
                             .test = record->test};
    parkgate__watch_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err look_under(struct search *s, struct seal_hash hash, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(s->ctl->txn, TABLE_WATCH_ALIKE, BYTES_OF(hash.bytes), ALIKES_OPENED_MAX,
                          &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(
            (struct bytes){.data = key.data + SEAL_HASH_SIZE, .size = key.size - SEAL_HASH_SIZE});
        struct handle entry = keybuf_read_handle(&r);
        if (r.bad) {
            return fault_set(fault, ERR_CORRUPT, "watch_alike: a damaged key");
        }
        TRY(add_entry(s, entry, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Under the newest key, and under those whose rows may not be hashed anew yet. */
static bool look(void *ctx, struct bytes skeleton)
{
    struct search *s = ctx;
    const struct index_keys *keys = &s->ctl->index_keys;
    for (size_t i = 0; i < keys->count && s->err == ERR_OK; i++) {
        s->err = look_under(s, hash_under(&keys->key[i], skeleton), s->fault);
    }
    return s->err == ERR_OK && s->opened < ALIKES_OPENED_MAX;
}

/* What a camera read of a plate, as its normal form or, where it could not read all, as its text.
 */
static bool is_plate(const Parkgate__Event *event, struct plate *ret_plate)
{
    if (event->credential_kind != CREDENTIAL_KIND_PLATE) {
        return false;
    }
    struct bytes text =
        event->credential.len > 0 ? field_view(&event->credential) : field_view(&event->raw);
    enum plate_status status = plate_read(text, PLATE_SOURCE_TEXT, ret_plate);
    return status == PLATE_OK || status == PLATE_FOREIGN;
}

enum err alikes_find(struct controller *ctl, const Parkgate__Event *event, struct watch_finds *ret,
                     struct fault *fault)
{
    struct plate plate;
    ret->count = 0;
    if (!is_plate(event, &plate)) {
        return ERR_OK;
    }
    struct search search = {
        .ctl = ctl, .read = bytes_of_text(plate.text), .finds = ret, .fault = fault};
    (void)plate_alike_skeletons(search.read, look, &search);
    return search.err;
}
