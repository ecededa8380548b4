#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "controller/app/recount.h"
#include "controller/job/job.h"
#include "controller/journal/journal.h"
#include "controller/store/project.h"

enum { ENTRIES_A_COMMIT = 2000, DIFFERENCES_SHOWN = 50 };

struct verification {
    struct store *live;
    struct store_txn *read;
    struct store *copy;
    char copy_dir[STORE_PATH_SIZE];
    uint64_t entries, tables, differences;
    char
        first[2 * STORE_KEY_MAX + 128]; /* difference, for the one line that a remote person sees */
};

static int failed(const char *what)
{
    (void)printf("failed=%s\n", what);
    return 1;
}

static enum err open_live(const struct job_paths *paths, struct store **ret, struct fault *fault)
{
    struct store_options options = {.dir = paths->store,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    TRY(seal_init(fault));
    return store_open(&options, ret, fault);
}

/* An empty store in a fresh directory beside the live one, so that it is on the same disk. */
static enum err open_copy(struct verification *v, const struct job_paths *paths,
                          struct fault *fault)
{
    struct store_options options = {.kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .create = true};
    int size = snprintf(v->copy_dir, sizeof(v->copy_dir), "%s.verify-XXXXXX", paths->store);
    if (size < 0 || (size_t)size >= sizeof(v->copy_dir) || mkdtemp(v->copy_dir) == NULL) {
        return fault_set(fault, ERR_IO, "verify: cannot make %s: %s", v->copy_dir, strerror(errno));
    }
    options.dir = v->copy_dir;
    return store_open(&options, &v->copy, fault);
}

static void remove_copy(struct verification *v)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
    store_destroy(&v->copy);
    for (size_t i = 0; v->copy_dir[0] != '\0' && i < ARRAY_LEN(files); i++) {
        char path[STORE_PATH_SIZE + 16];
        (void)snprintf(path, sizeof(path), "%s/%s", v->copy_dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(v->copy_dir);
}

static enum err replay_one(struct verification *v, struct store_txn *txn, uint64_t sequence,
                           struct seal_hash *hash, struct fault *fault)
{
    struct bytes packed;
    struct seal_hash stored;
    enum err err = journal_read(v->read, sequence, &packed, &stored, fault);
    if (err == ERR_NOT_FOUND) {
        return fault_set(fault, ERR_CORRUPT, "entry %llu is missing", (unsigned long long)sequence);
    }
    TRY(err);
    *hash = journal_hash(*hash, packed);
    if (!seal_equal(BYTES_OF(hash->bytes), BYTES_OF(stored.bytes))) {
        return fault_set(fault, ERR_CORRUPT, "entry %llu was altered: its chain hash does not fit",
                         (unsigned long long)sequence);
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL || entry->sequence != sequence) {
        return fault_set(fault, ERR_CORRUPT, "entry %llu cannot be read",
                         (unsigned long long)sequence);
    }
    err = project_entry(txn, entry, fault);
    parkgate__entry__free_unpacked(entry, NULL);
    return err;
}

static enum err replay(struct verification *v, struct fault *fault)
{
    struct journal_head head;
    struct seal_hash hash = {{0}};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(journal_head(v->read, &head, fault));
    for (uint64_t i = 1; i <= head.sequence; i++) {
        if (txn == NULL) {
            TRY(store_begin_write(v->copy, &txn, fault));
        }
        TRY(replay_one(v, txn, i, &hash, fault));
        v->entries++;
        if (i % ENTRIES_A_COMMIT == 0 || i == head.sequence) {
            TRY(store_commit(&txn, fault));
        }
    }
    uint64_t count = 0;
    TRY(store_count(v->read, TABLE_JOURNAL, &count, fault));
    return count == head.sequence
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT, "the journal holds %llu records for %llu entries",
                           (unsigned long long)count, (unsigned long long)head.sequence);
}

static void show_difference(struct verification *v, size_t table, struct bytes key,
                            const char *what)
{
    char hex[2 * STORE_KEY_MAX + 1];
    v->differences++;
    if (v->differences > DIFFERENCES_SHOWN) {
        return;
    }
    bytes_to_hex(key, hex, sizeof(hex));
    if (v->differences == 1) {
        (void)snprintf(v->first, sizeof(v->first), "%s %s: %s", table_names[table], hex, what);
    }
    (void)printf("%s\t%s\t%s\n", table_names[table], hex, what);
}

/* Merges two walks in key order. */
static enum err compare_table(struct verification *v, struct store_txn *rebuilt, size_t table,
                              struct fault *fault)
{
    struct bytes a_key = {0};
    struct bytes a_value = {0};
    struct bytes b_key = {0};
    struct bytes b_value = {0};
    AUTO(store_iter_end) struct store_iter a = {0};
    AUTO(store_iter_end) struct store_iter b = {0};
    TRY(store_iter_prefix(v->read, table, (struct bytes){0}, UINT64_MAX, &a, fault));
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
            show_difference(v, table, a_key, "only in the table");
        } else if (order > 0) {
            show_difference(v, table, b_key, "only in the journal's replay");
        } else if (!bytes_equal(a_value, b_value)) {
            show_difference(v, table, a_key, "another value");
        }
        a_err = order <= 0 ? store_iter_next(&a, &a_key, &a_value, fault) : a_err;
        b_err = order >= 0 ? store_iter_next(&b, &b_key, &b_value, fault) : b_err;
    }
    return a_err != ERR_NOT_FOUND ? a_err : b_err == ERR_NOT_FOUND ? ERR_OK : b_err;
}

static enum err compare(struct verification *v, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *rebuilt = NULL;
    TRY(store_begin_read(v->copy, &rebuilt, fault));
    (void)printf("columns=table,key,difference\n");
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (table != TABLE_JOURNAL && table != TABLE_CHANGE) { /* an index: changes.h */
            TRY(compare_table(v, rebuilt, table, fault));
            v->tables++;
        }
    }
    return ERR_OK;
}

static enum err verify(struct verification *v, const struct job_paths *paths, struct fault *fault)
{
    TRY(open_live(paths, &v->live, fault));
    TRY(store_begin_read(v->live, &v->read, fault));
    TRY(open_copy(v, paths, fault));
    TRY(replay(v, fault));
    return compare(v, fault);
}

int job_verify(const struct job_paths *paths)
{
    struct verification v = {0};
    struct fault fault = {0};
    enum err err = verify(&v, paths, &fault);
    store_txn_destroy(&v.read);
    store_destroy(&v.live);
    remove_copy(&v);
    (void)printf("entries=%llu\ntables=%llu\ndifferences=%llu\n", (unsigned long long)v.entries,
                 (unsigned long long)v.tables, (unsigned long long)v.differences);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    if (v.differences > 0) {
        char what[sizeof(v.first) + 96];
        (void)snprintf(what, sizeof(what),
                       "%llu records differ from the journal's replay; first %s",
                       (unsigned long long)v.differences, v.first);
        return failed(what);
    }
    (void)printf("result=good\n");
    return 0;
}

int job_recount(const struct job_paths *paths)
{
    static struct recount_report report;
    struct store *store = NULL;
    struct fault fault = {0};
    enum err err = open_live(paths, &store, &fault);
    if (err == ERR_OK) {
        err = recount_run(store, &report, &fault);
    }
    store_destroy(&store);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    (void)printf("columns=scope,field,table,recount\n");
    for (size_t i = 0; i < report.differences && i < DIFFERENCES_SHOWN; i++) {
        (void)printf("%s\t%s\t%lld\t%lld\n", report.listed[i].scope, report.listed[i].field,
                     (long long)report.listed[i].table, (long long)report.listed[i].recount);
    }
    (void)printf("entries=%llu\npassages=%llu\nfigures=%llu\ndifferences=%llu\n",
                 (unsigned long long)report.entries, (unsigned long long)report.passages,
                 (unsigned long long)report.figures, (unsigned long long)report.differences);
    if (report.differences > 0) {
        char what[256];
        const struct recount_difference *first = &report.listed[0];
        (void)snprintf(what, sizeof(what),
                       "%llu figures differ from the recount; first %s %s: %lld, recount %lld",
                       (unsigned long long)report.differences, first->scope, first->field,
                       (long long)first->table, (long long)first->recount);
        return failed(what);
    }
    (void)printf("result=good\n");
    return 0;
}
