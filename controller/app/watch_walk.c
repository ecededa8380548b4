/* Holders' identity numbers are hashed under a new matching key, slice by slice between live
 * batches. How far that is stands in the authority's record, so it goes on after a restart. */
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/watch.h"
#include "schema/kinds.h"

enum { LOOK_MS = 20 };

/* One slice of holders, hashed under the matching key of each authority: what a holder had under
 * former ones is forgotten by it. */
struct looking {
    size_t count; /* hashes, those of one holder together */
    struct handle handles[LIMIT_WATCH_SWEEP_ROWS];
    struct seal_hash hashes[LIMIT_WATCH_SWEEP_ROWS];
    struct handle upto;
    bool all;
};

/* ERR_OK also for who has no identity number, or is erased. */
static enum err hash_holder(struct controller *ctl, const Parkgate__HolderRecord *holder,
                            struct looking *looking, struct fault *fault)
{
    struct watch_hashes hashes;
    Parkgate__Identity *identity = NULL;
    if (holder->vehicle || holder->sealed.len == 0) {
        return ERR_OK;
    }
    enum err err = request_identity(ctl, holder, &identity, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = watch_hashes_of(ctl, identity->id_number, &hashes, fault);
    for (size_t i = 0; err == ERR_OK && i < hashes.count; i++) {
        looking->handles[looking->count] = people_handle(&holder->holder);
        looking->hashes[looking->count++] = hashes.items[i];
    }
    seal_wipe(identity->id_number, strlen(identity->id_number));
    parkgate__identity__free_unpacked(identity, NULL);
    return err;
}

static enum err hash_slice(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                           struct looking *looking, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    looking->count = 0;
    looking->all = false;
    looking->upto = people_handle(&authority->looked);
    keybuf_begin(&from);
    if (authority->looked.len == HANDLE_SIZE) {
        keybuf_handle(&from, looking->upto);
        keybuf_u8(&from, 0); /* the key after it */
    }
    TRY(store_iter_range(ctl->txn, TABLE_HOLDER, keybuf_view(&from), (struct bytes){0},
                         LIMIT_WATCH_SWEEP_ROWS, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        if (looking->count + LIMIT_AUTHORITIES > LIMIT_WATCH_SWEEP_ROWS) {
            return ERR_OK; /* the slice is full before this one */
        }
        struct reader r = reader_of(key);
        looking->upto = keybuf_read_handle(&r);
        TRY(store_unpack_message(key, value, &parkgate__holder_record__descriptor, &message,
                                 fault));
        TRY(hash_holder(ctl, (void *)message, looking, fault));
        gauges_rows(&ctl->gauges, 1);
    }
    looking->all = !iter.cut;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err record_looked(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                              const struct looking *looking, struct fault *fault)
{
    ProtobufCBinaryData handles[LIMIT_WATCH_SWEEP_ROWS];
    ProtobufCBinaryData hashes[LIMIT_WATCH_SWEEP_ROWS];
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    for (size_t i = 0; i < looking->count; i++) {
        handles[i] = people_field(&looking->handles[i]);
        hashes[i] = field_of(BYTES_OF(looking->hashes[i].bytes));
    }
    step.step = WATCH_LOOKED;
    step.authority = authority->name;
    step.n_handle = step.n_hash = looking->count;
    step.handle = handles;
    step.hash = hashes;
    step.upto = people_field(&looking->upto);
    step.all = looking->all;
    step.whole = true;
    return controller_record(ctl, ENTRY_WATCH_STEP, "", &step.base, fault);
}

/* The first authority that has not looked at all. ERR_NOT_FOUND: each has. */
static enum err next_looking(struct controller *ctl, Parkgate__AuthorityRecord **ret,
                             struct fault *fault)
{
    struct name at = {{0}};
    for (;;) {
        TRY(watch_next_authority(ctl->txn, &at, ret, fault));
        if (!(*ret)->looked_all) {
            return ERR_OK;
        }
        parkgate__authority_record__free_unpacked(*ret, NULL);
    }
}

static enum err look_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    static struct looking looking; /* one thread; too large for the stack */
    struct authority_keys keys;
    Parkgate__AuthorityRecord *authority = NULL;
    bool *more = ctx;
    *more = false;
    enum err err = next_looking(ctl, &authority, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = watch_authority_keys(ctl, authority, &keys, fault);
    if (err == ERR_OK) {
        seal_wipe(&keys, sizeof(keys)); /* it has them: its part of each holder's hashes is made */
        *more = true;
        err = hash_slice(ctl, authority, &looking, fault);
    }
    if (err == ERR_OK) {
        err = record_looked(ctl, authority, &looking, fault);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

int64_t watch_turn(struct controller *ctl)
{
    struct watch_keep *keep = &ctl->watch;
    if (!keep->looks) {
        return -1;
    }
    if (!mono_before(ctl->mono, keep->look_at)) {
        bool more = false;
        keep->look_at = mono_after_ms(ctl->mono, LOOK_MS);
        batch_run(ctl, look_slice, &more);
        keep->looks = more;
        return more ? LOOK_MS : -1;
    }
    return (keep->look_at.us - ctl->mono.us + 999) / 1000;
}
