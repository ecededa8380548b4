#include "controller/job/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/job/checkpoint_file.h"
#include "controller/job/replay_copy.h"
#include "controller/journal/checkpoint_claim.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/project.h"

enum { ENTRIES_A_COMMIT = 2000, DIFFERENCES_SHOWN = 50 };

enum err replay_open(const struct job_paths *paths, struct replay *replay, struct fault *fault)
{
    unsigned removed = 0;
    struct store_options live = {.dir = paths->store,
                                 .kind = CONTROLLER_STORE_KIND,
                                 .version = CONTROLLER_STORE_VERSION,
                                 .tables = table_names,
                                 .table_count = TABLE_COUNT,
                                 .read_only = true};
    TRY(seal_init(fault));
    TRY(store_open(&live, &replay->live, fault));
    TRY(store_begin_read(replay->live, &replay->read, fault));
    if (replay_copy_sweep(paths->store, &removed, fault) != ERR_OK) {
        *fault = (struct fault){0}; /* no reason not to verify; checkpoint-tidy says it */
    }
    return replay_copy_make(paths->store, replay->copy_dir, &replay->copy, fault);
}

void replay_end(struct replay *replay)
{
    store_txn_destroy(&replay->read);
    store_destroy(&replay->live);
    store_destroy(&replay->copy);
    replay_copy_remove(replay->copy_dir);
}

/* --- where it begins --- */

struct start {
    struct seal_hash hash;         /* before the first entry that is left */
    struct checkpoint checkpoint;  /* sequence 0: none is needed */
    struct checkpoint_claim claim; /* that the journal says it */
};

static enum err find_start(struct replay *replay, const char *checkpoint_dir, struct start *start,
                           struct fault *fault)
{
    struct sign_public key;
    uint64_t cut_at = 0;
    Parkgate__TruncationRecord *base = NULL;
    *start = (struct start){0};
    enum err err = truncation_get(replay->read, TRUNCATION_BASE, &base, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    bool good = base->hash.len == sizeof(start->hash.bytes);
    if (good) {
        memcpy(start->hash.bytes, base->hash.data, sizeof(start->hash.bytes));
        replay->begins_behind = base->upto;
        cut_at = base->at_sequence;
    }
    parkgate__truncation_record__free_unpacked(base, NULL);
    if (!good) {
        return fault_set(fault, ERR_CORRUPT, "the record of where the journal begins is not whole");
    }
    TRY(checkpoint_file_check(replay->read, checkpoint_dir, &start->checkpoint, fault));
    if (start->checkpoint.sequence < replay->begins_behind) {
        return fault_set(fault, ERR_CORRUPT,
                         "the newest checkpoint is of entry %" PRIu64
                         ", and the journal was cut off up to %" PRIu64,
                         start->checkpoint.sequence, replay->begins_behind);
    }
    TRY(checkpoint_file_signer(replay->read, &start->checkpoint, &key, fault));
    checkpoint_claim_begin(&start->claim, &start->checkpoint, &key, cut_at);
    replay->from = start->checkpoint.sequence;
    return checkpoint_file_load(checkpoint_dir, &start->checkpoint, replay->copy, fault);
}

/* --- entries --- */

/* Entries that are in the checkpoint's tables only tell whether the journal says it; all do when
 * txn is NULL. */
static enum err take(const struct replay *replay, struct store_txn *txn, uint64_t sequence,
                     struct bytes packed, struct checkpoint_claim *claim, struct fault *fault)
{
    enum err err = ERR_OK;
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL || entry->sequence != sequence) {
        err = fault_set(fault, ERR_CORRUPT, "entry %" PRIu64 " cannot be read", sequence);
    } else {
        checkpoint_claim_take(claim, entry);
        err = txn != NULL && sequence > replay->from ? project_entry(txn, entry, fault) : ERR_OK;
    }
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return err;
}

static enum err replay_one(struct replay *replay, struct store_txn *txn, uint64_t sequence,
                           struct seal_hash *hash, struct checkpoint_claim *claim,
                           struct fault *fault)
{
    struct bytes packed;
    struct seal_hash stored;
    enum err err = journal_read(replay->read, sequence, &packed, &stored, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_CORRUPT, "entry %" PRIu64 " is missing", sequence);
    }
    TRY(err);
    *hash = journal_hash(*hash, packed);
    if (!seal_equal(BYTES_OF(hash->bytes), BYTES_OF(stored.bytes))) {
        return fault_set(fault, ERR_CORRUPT,
                         "entry %" PRIu64 " was altered: its chain hash does not fit", sequence);
    }
    replay->entries++;
    return take(replay, txn, sequence, packed, claim, fault);
}

static enum err is_of_this_journal(const struct start *start, uint64_t sequence,
                                   const struct seal_hash *hash, struct fault *fault)
{
    return sequence != start->checkpoint.sequence ||
                   seal_equal(BYTES_OF(hash->bytes), BYTES_OF(start->checkpoint.hash.bytes))
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT,
                           "the checkpoint of entry %" PRIu64 " was made of another journal",
                           sequence);
}

static enum err is_said(const struct start *start, struct fault *fault)
{
    const char *lacks = checkpoint_claim_lacks(&start->claim);
    return lacks == NULL ? ERR_OK
                         : fault_set(fault, ERR_CORRUPT, "the checkpoint of entry %" PRIu64 " %s",
                                     start->checkpoint.sequence, lacks);
}

/* What a truncation has not removed yet is of no account. */
static enum err count_entries(struct replay *replay, struct fault *fault)
{
    uint64_t count = 0;
    uint64_t first = 0;
    TRY(store_count(replay->read, TABLE_JOURNAL, &count, fault));
    TRY(journal_first(replay->read, &first, fault));
    uint64_t surplus = first > replay->begins_behind ? 0 : replay->begins_behind + 1 - first;
    return replay->head.sequence == 0 || count == replay->entries + surplus
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT,
                           "the journal holds %" PRIu64 " records for %" PRIu64 " entries", count,
                           replay->entries + surplus);
}

/* The chain that is left, up to the head. `project`: what stands behind the checkpoint goes into
 * the copy. */
static enum err walk(struct replay *replay, struct start *start, bool project, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct seal_hash hash = start->hash;
    TRY(journal_head(replay->read, &replay->head, fault));
    TRY(is_of_this_journal(start, replay->begins_behind, &hash, fault));
    if (replay->from > replay->head.sequence) {
        return fault_set(fault, ERR_CORRUPT,
                         "the checkpoint is of entry %" PRIu64 ", and the journal ends at %" PRIu64,
                         replay->from, replay->head.sequence);
    }
    for (uint64_t i = replay->begins_behind + 1; i <= replay->head.sequence; i++) {
        if (project && txn == NULL) {
            TRY(store_begin_write(replay->copy, &txn, fault));
        }
        TRY(replay_one(replay, txn, i, &hash, &start->claim, fault));
        TRY(is_of_this_journal(start, i, &hash, fault));
        if (project && (i % ENTRIES_A_COMMIT == 0 || i == replay->head.sequence)) {
            TRY(store_commit(&txn, fault));
        }
    }
    TRY(is_said(start, fault));
    return count_entries(replay, fault);
}

enum err replay_load(struct replay *replay, const char *checkpoint_dir, struct fault *fault)
{
    struct start start;
    TRY(find_start(replay, checkpoint_dir, &start, fault));
    return replay->begins_behind == 0 ? ERR_OK : walk(replay, &start, false, fault);
}

enum err replay_run(struct replay *replay, const char *checkpoint_dir, struct fault *fault)
{
    struct start start;
    TRY(find_start(replay, checkpoint_dir, &start, fault));
    return walk(replay, &start, true, fault);
}

/* --- the tables --- */

struct comparison {
    struct store_txn *live;
    uint64_t differences;
    char *first;
    size_t first_size;
};

static void show_difference(struct comparison *c, size_t table, struct bytes key, const char *what)
{
    char hex[2 * STORE_KEY_MAX + 1];
    c->differences++;
    if (c->differences > DIFFERENCES_SHOWN) {
        return;
    }
    bytes_to_hex(key, hex, sizeof(hex));
    if (c->differences == 1) {
        (void)snprintf(c->first, c->first_size, "%s %s: %s", table_names[table], hex, what);
    }
    (void)printf("%s\t%s\t%s\n", table_names[table], hex, what);
}

/* Merges two walks in key order. */
static enum err compare_table(struct comparison *c, struct store_txn *rebuilt, size_t table,
                              struct fault *fault)
{
    struct bytes a_key = {0};
    struct bytes a_value = {0};
    struct bytes b_key = {0};
    struct bytes b_value = {0};
    AUTO(store_iter_end) struct store_iter a = {0};
    AUTO(store_iter_end) struct store_iter b = {0};
    TRY(store_iter_prefix(c->live, table, (struct bytes){0}, UINT64_MAX, &a, fault));
    TRY(store_iter_prefix(rebuilt, table, (struct bytes){0}, UINT64_MAX, &b, fault));
    enum err a_err = store_iter_next(&a, &a_key, &a_value, fault);
    enum err b_err = store_iter_next(&b, &b_key, &b_value, fault);
    while (a_err == ERR_OK || b_err == ERR_OK) {
        size_t common = a_key.size < b_key.size ? a_key.size : b_key.size;
        int order = a_err != ERR_OK   ? 1
                    : b_err != ERR_OK ? -1
                                      : memcmp(a_key.data, b_key.data, common);
        if (order == 0 && a_key.size != b_key.size) {
            order = a_key.size < b_key.size ? -1 : 1;
        }
        if (order < 0) {
            show_difference(c, table, a_key, "only in the table");
        } else if (order > 0) {
            show_difference(c, table, b_key, "only in the journal's replay");
        } else if (!bytes_equal(a_value, b_value)) {
            show_difference(c, table, a_key, "another value");
        }
        a_err = order <= 0 ? store_iter_next(&a, &a_key, &a_value, fault) : a_err;
        b_err = order >= 0 ? store_iter_next(&b, &b_key, &b_value, fault) : b_err;
    }
    return a_err != ERR_NOT_FOUND ? a_err : b_err == ERR_NOT_FOUND ? ERR_OK : b_err;
}

enum err replay_compare(struct replay *replay, uint64_t *ret_tables, uint64_t *ret_differences,
                        char *first, size_t first_size, struct fault *fault)
{
    struct comparison c = {.live = replay->read, .first = first, .first_size = first_size};
    AUTO(store_txn_destroy) struct store_txn *rebuilt = NULL;
    uint64_t tables = 0;
    TRY(store_begin_read(replay->copy, &rebuilt, fault));
    (void)printf("columns=table,key,difference\n");
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (table != TABLE_JOURNAL && table != TABLE_CHANGE) { /* an index: changes.h */
            TRY(compare_table(&c, rebuilt, table, fault));
            tables++;
        }
    }
    *ret_tables = tables;
    *ret_differences = c.differences;
    return ERR_OK;
}
