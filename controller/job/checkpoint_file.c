#include "controller/job/checkpoint_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/job/snapshot.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/migrate.h"
#include "controller/store/sign_key_store.h"

enum { PATH_SIZE = 1024, ROWS_A_COMMIT = 5000 };

enum err checkpoint_file_path(const char *dir, uint64_t sequence, char *out, size_t size,
                              struct fault *fault)
{
    int used = snprintf(out, size, "%s/%" PRIu64 ".snapshot", dir, sequence);
    return used > 0 && (size_t)used < size
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
}

static enum err read_record(struct store_txn *txn, struct checkpoint *ret, struct fault *fault)
{
    Parkgate__CheckpointRecord *record = NULL;
    enum err err = checkpoint_newest(txn, &record, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_NOT_FOUND, "there is no checkpoint");
    }
    TRY(err);
    bool good = checkpoint_of_record(record, ret);
    parkgate__checkpoint_record__free_unpacked(record, NULL);
    return good ? ERR_OK : fault_set(fault, ERR_CORRUPT, "the checkpoint's record is not whole");
}

enum err checkpoint_file_signer(struct store_txn *txn, const struct checkpoint *checkpoint,
                                struct sign_public *ret_key, struct fault *fault)
{
    enum err err = sign_key_find(txn, checkpoint->key, ret_key, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_CORRUPT,
                         "the checkpoint of entry %" PRIu64 " is signed by %s, which the journal "
                         "does not name",
                         checkpoint->sequence, checkpoint->key);
    }
    TRY(err);
    return checkpoint_is_good(checkpoint, ret_key)
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT,
                           "the checkpoint of entry %" PRIu64 " is not signed by %s",
                           checkpoint->sequence, checkpoint->key);
}

enum err checkpoint_file_check(struct store_txn *txn, const char *dir, struct checkpoint *ret,
                               struct fault *fault)
{
    char path[PATH_SIZE];
    struct sign_public key;
    struct snapshot_sum sum;
    TRY(read_record(txn, ret, fault));
    TRY(checkpoint_file_signer(txn, ret, &key, fault));
    TRY(checkpoint_file_path(dir, ret->sequence, path, sizeof(path), fault));
    TRY(snapshot_sum_of(path, &sum, fault));
    if (sum.size != ret->size ||
        !seal_equal(BYTES_OF(sum.digest.bytes), BYTES_OF(ret->digest.bytes))) {
        return fault_set(fault, ERR_CORRUPT,
                         "%s was altered: it is not what the checkpoint's digest says", path);
    }
    return ERR_OK;
}

/* --- loading --- */

struct loading {
    struct store *store;
    struct store_txn *txn;
    uint64_t rows;
};

static enum err load_row(void *ctx, size_t table, struct bytes key, struct bytes value,
                         struct fault *fault)
{
    struct loading *l = ctx;
    if (l->txn == NULL) {
        TRY(store_begin_write(l->store, &l->txn, fault));
    }
    TRY(store_put_append(l->txn, table, key, value, fault));
    return ++l->rows % ROWS_A_COMMIT == 0 ? store_commit(&l->txn, fault) : ERR_OK;
}

/* The snapshot of an older program is brought forward as its store was. */
static enum err bring_forward(struct loading *l, uint32_t version, struct fault *fault)
{
    uint32_t from = 0;
    if (version < CHECKPOINT_FIRST_VERSION) { /* its steps would want entries (migrate.c) */
        return fault_set(fault, ERR_UNSUPPORTED,
                         "the snapshot is of version %u, and there were none before version %d",
                         version, CHECKPOINT_FIRST_VERSION);
    }
    if (l->txn == NULL) {
        TRY(store_begin_write(l->store, &l->txn, fault));
    }
    if (version != CONTROLLER_STORE_VERSION) {
        TRY(store_set_version(l->txn, version, fault));
    }
    TRY(store_commit(&l->txn, fault));
    return version == CONTROLLER_STORE_VERSION ? ERR_OK : migrate_store(l->store, &from, fault);
}

static enum err load(FILE *in, const struct checkpoint *checkpoint, struct loading *l,
                     struct fault *fault)
{
    struct snapshot_head head;
    TRY(snapshot_read(in, &head, load_row, l, fault));
    if (head.sequence != checkpoint->sequence ||
        !seal_equal(BYTES_OF(head.hash.bytes), BYTES_OF(checkpoint->hash.bytes))) {
        return fault_set(fault, ERR_CORRUPT, "the snapshot is of entry %" PRIu64 ", not %" PRIu64,
                         head.sequence, checkpoint->sequence);
    }
    return bring_forward(l, head.version, fault);
}

enum err checkpoint_file_load(const char *dir, const struct checkpoint *checkpoint,
                              struct store *store, struct fault *fault)
{
    char path[PATH_SIZE];
    struct loading l = {.store = store};
    TRY(checkpoint_file_path(dir, checkpoint->sequence, path, sizeof(path), fault));
    FILE *in = fopen(path, "rbe");
    if (in == NULL) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    enum err err = load(in, checkpoint, &l, fault);
    store_txn_destroy(&l.txn);
    (void)fclose(in);
    return err;
}
