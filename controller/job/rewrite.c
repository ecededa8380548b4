/* The person-key environment without what was destroyed: a compact copy beside it, which the
 * controller swaps in; then what the old file held is written over, here and in every backup that
 * is where it was written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "controller/job/erased_list.h"
#include "controller/job/job.h"
#include "controller/store/person_keys.h"
#include "schema/kinds.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

enum { PATH_SIZE = STORE_PATH_SIZE };

static enum err path_of(char out[PATH_SIZE], const char *dir, const char *name, struct fault *fault)
{
    int size = snprintf(out, PATH_SIZE, "%s%s", dir, name);
    return size > 0 && size < PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
}

static struct store_options keys_options(const char *dir)
{
    return (struct store_options){.dir = dir,
                                  .kind = KEY_STORE_KIND,
                                  .version = KEY_STORE_VERSION,
                                  .tables = key_table_names,
                                  .table_count = KEY_TABLE_COUNT,
                                  .may_lack = true};
}

enum err rewrite_wipe(const char *dir, struct fault *fault)
{
    static const char *const files[] = {"/data.mdb", "/data.old", "/lock.mdb", "/owner"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[PATH_SIZE];
        TRY(path_of(path, dir, files[i], fault));
        TRY(store_wipe_file(path, fault));
    }
    return rmdir(dir) == 0 || errno == ENOENT
               ? ERR_OK
               : fault_set(fault, ERR_IO, "%s: %s", dir, strerror(errno));
}

/* --- the copy --- */

/* Of whatever state: the controller knows what it wrote since. */
static enum err copy_keys(const char *dir, struct fault *fault)
{
    char to[PATH_SIZE];
    AUTO(store_destroy) struct store *store = NULL;
    struct store_options options = keys_options(dir);
    options.read_only = true;
    TRY(path_of(to, dir, ".rewrite", fault));
    TRY(rewrite_wipe(to, fault)); /* of one that was cut short */
    TRY(store_open(&options, &store, fault));
    return store_copy(store, to, fault);
}

int job_rewrite_keys(const struct job_paths *paths)
{
    struct fault fault = {0};
    if (copy_keys(paths->keys, &fault) != ERR_OK) {
        (void)printf("failed=%s\n", fault.what);
        return 1;
    }
    return 0;
}

/* --- backups --- */

enum { BACKUPS_MAX = 256 };

struct erased {
    struct erased_list list;
    size_t backup_count;
    struct {
        char dir[PATH_SIZE];
        int64_t at_us;
    } backups[BACKUPS_MAX];
};

static enum err read_erasures(struct store_txn *txn, struct erased *e, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_ERASURE, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__erasure_record__descriptor, &message,
                                 fault));
        const Parkgate__ErasureRecord *record = (const void *)message;
        bool kept = erased_list_add(&e->list, people_handle(&record->holder), record->last_day);
        store_message_destroy(&message);
        if (!kept) {
            return fault_set(fault, ERR_IO, "erasures: out of memory");
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The newest ones: older ones have no keys any more. */
static enum err read_backups(struct store_txn *txn, struct erased *e, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_BACKUP, (struct bytes){0}, (struct bytes){0}, BACKUPS_MAX,
                              &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__backup_record__descriptor, &message,
                                 fault));
        const Parkgate__BackupRecord *record = (const void *)message;
        (void)snprintf(e->backups[e->backup_count].dir, PATH_SIZE, "%s", record->dir);
        e->backups[e->backup_count++].at_us = record->at_us;
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err read_all(const char *dir, struct erased *e, struct fault *fault)
{
    struct store_options options = {.dir = dir,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    AUTO(store_destroy) struct store *store = NULL;
    TRY(store_open(&options, &store, fault));
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(store, &txn, fault));
    TRY(read_erasures(txn, e, fault));
    return read_backups(txn, e, fault);
}

static enum err delete_erased(struct store *store, const struct erased_list *list,
                              bool *ret_changed, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    *ret_changed = false;
    TRY(store_begin_write(store, &txn, fault));
    for (size_t i = 0; i < list->count; i++) {
        enum err err = person_key_delete(txn, list->items[i].holder, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        *ret_changed |= err == ERR_OK;
    }
    return store_commit(&txn, fault);
}

enum err rewrite_without(const char *dir, const struct erased_list *list, struct fault *fault)
{
    bool changed = false;
    char to[PATH_SIZE];
    struct store_options options = keys_options(dir);
    options.may_lack = false;
    TRY(store_wipe_old(dir, fault));
    TRY(path_of(to, dir, ".rewrite", fault));
    TRY(rewrite_wipe(to, fault));
    AUTO(store_destroy) struct store *store = NULL;
    TRY(store_open(&options, &store, fault));
    TRY(delete_erased(store, list, &changed, fault));
    if (!changed) {
        return ERR_OK;
    }
    TRY(store_copy(store, to, fault));
    TRY(store_swap(store, to, fault));
    return store_wipe_old(dir, fault);
}

/* True: no key of an erased person is left in it. */
static bool clean_backup(const char *dir, bool too_old, const struct erased_list *list)
{
    char keys[PATH_SIZE];
    struct stat info;
    struct fault fault = {0};
    if (path_of(keys, dir, "/person-keys", &fault) != ERR_OK) {
        return false;
    }
    if (lstat(keys, &info) != 0) {
        return too_old; /* taken elsewhere: nobody here can tell */
    }
    enum err err = too_old ? rewrite_wipe(keys, &fault) : rewrite_without(keys, list, &fault);
    if (err != ERR_OK) {
        (void)fprintf(stderr, "backup_keys dir=%s why=%s\n", keys, fault.what);
    }
    return err == ERR_OK;
}

static unsigned clean_backups(const struct erased *e, int64_t now_us)
{
    unsigned left = 0;
    for (size_t i = 0; i < e->backup_count; i++) {
        int64_t age_us = now_us - e->backups[i].at_us;
        bool too_old = age_us > (int64_t)LIMIT_BACKUP_KEYS_DAYS * 86400 * 1000000;
        left += !clean_backup(e->backups[i].dir, too_old, &e->list);
    }
    return left;
}

static int by_handle(const void *a, const void *b)
{
    return memcmp(((const struct erased_item *)a)->holder.bytes,
                  ((const struct erased_item *)b)->holder.bytes, HANDLE_SIZE);
}

/* A restored controller does not know of all: what the file says and the table does not stays. The
 * table's rows come in order. */
static enum err add_known(struct erased_list *list, const char *path, struct fault *fault)
{
    struct erased_list known = {0};
    size_t count = list->count;
    enum err err = erased_list_read(path, &known, fault);
    for (size_t i = 0; err == ERR_OK && i < known.count; i++) {
        bool there = count > 0 && bsearch(&known.items[i], list->items, count, sizeof(*list->items),
                                          by_handle) != NULL;
        if (!there && !erased_list_add(list, known.items[i].holder, known.items[i].last_day)) {
            err = fault_set(fault, ERR_IO, "erasures: out of memory");
        }
    }
    erased_list_destroy(&known);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err wipe(const struct job_paths *paths, unsigned *ret_left, struct fault *fault)
{
    static struct erased erased;
    char list_path[PATH_SIZE];
    struct timespec now;
    TRY(store_wipe_old(paths->keys, fault));
    TRY(read_all(paths->store, &erased, fault));
    TRY(erased_list_path(paths->key_file, list_path, sizeof(list_path), fault));
    TRY(add_known(&erased.list, list_path, fault));
    TRY(erased_list_write(&erased.list, list_path, fault));
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return fault_set(fault, ERR_IO, "clock: %s", strerror(errno));
    }
    *ret_left = clean_backups(&erased, (int64_t)now.tv_sec * 1000000);
    erased_list_destroy(&erased.list);
    return ERR_OK;
}

int job_wipe_keys(const struct job_paths *paths)
{
    unsigned left = 0;
    struct fault fault = {0};
    if (wipe(paths, &left, &fault) != ERR_OK) {
        (void)printf("failed=%s\n", fault.what);
        return 1;
    }
    (void)printf("backups_left=%u\n", left);
    return 0;
}
