#include "controller/store/migrate.h"

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/tables.h"
#include "controller/journal/journal.h"
#include "controller/store/changes.h"

enum { SLICE_ROWS = 2000 };

/* Nobody writes meanwhile: the slices see one state. They are slices because a read transaction
 * must not stay open for long. */
static enum err sum_up(struct store *store, struct copy_digest *ret, struct fault *fault)
{
    struct copy_place place = {0};
    bool more = true;
    *ret = (struct copy_digest){0};
    while (more) {
        AUTO(store_txn_destroy) struct store_txn *txn = NULL;
        TRY(store_begin_read(store, &txn, fault));
        TRY(copy_walk(txn, &place, SLICE_ROWS, copy_visit_digest, ret, &more, fault));
    }
    return ERR_OK;
}

/* 1 to 2: the digest of what gates' copies hold; of the entries so far it is not known what they
 * touched. */
static enum err add_copies(struct store *store, struct fault *fault)
{
    struct copy_digest digest;
    struct journal_head head;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(sum_up(store, &digest, fault));
    TRY(store_begin_write(store, &txn, fault));
    TRY(journal_head(txn, &head, fault));
    if (digest.rows > 0) { /* as a replay of the journal leaves it */
        TRY(copy_digest_put(txn, &digest, fault));
    }
    TRY(changes_set_floor(txn, head.sequence, fault));
    TRY(store_set_version(txn, 2, fault));
    return store_commit(&txn, fault);
}

/* steps[i] brings version i + 1 to i + 2. */
static enum err (*const steps[])(struct store *, struct fault *) = {add_copies};
_Static_assert(ARRAY_LEN(steps) == CONTROLLER_STORE_VERSION - 1, "each version has its step");

enum err migrate_store(struct store *store, uint32_t *ret_from, struct fault *fault)
{
    *ret_from = store_version(store);
    for (uint32_t from = *ret_from; from < CONTROLLER_STORE_VERSION; from++) {
        if (from == 0) {
            return fault_set(fault, ERR_CORRUPT, "store %s has version 0; restore a backup",
                             store_dir(store));
        }
        enum err err = steps[from - 1](store, fault);
        while (err == ERR_MAP_FULL) {
            TRY(store_grow(store, fault));
            err = steps[from - 1](store, fault);
        }
        TRY(err);
    }
    return ERR_OK;
}
