/* The jobs `checkpoint` and `checkpoint-tidy`: all tables as a file, and what older ones leave. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/job/chain_walk.h"
#include "controller/job/checkpoint_file.h"
#include "controller/job/job.h"
#include "controller/job/replay.h"
#include "controller/job/replay_copy.h"
#include "controller/job/snapshot.h"
#include "controller/store/checkpoint_store.h"

enum { PATH_SIZE = 1024, FIRST_SIZE = 2 * STORE_KEY_MAX + 128 };

static int failed(const char *what)
{
    (void)printf("failed=%s\n", what);
    return 1;
}

static enum err make_dir(const char *dir, struct fault *fault)
{
    return mkdir(dir, 0700) == 0 || errno == EEXIST
               ? ERR_OK
               : fault_set(fault, ERR_IO, "%s: %s", dir, strerror(errno));
}

static enum err write_tables(struct replay *replay, const char *dir, struct snapshot_sum *sum,
                             struct fault *fault)
{
    char path[PATH_SIZE];
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct snapshot_head head = {.version = CONTROLLER_STORE_VERSION,
                                 .sequence = replay->head.sequence,
                                 .hash = replay->head.hash};
    TRY(checkpoint_file_path(dir, head.sequence, path, sizeof(path), fault));
    TRY(store_begin_read(replay->copy, &txn, fault));
    return snapshot_write(path, txn, &head, sum, fault);
}

/* For a copy of the store beside it, and for the snapshot. */
static enum err is_there_room(const struct replay *replay, struct fault *fault)
{
    struct store_stats stats;
    uint64_t free_bytes = 0;
    store_stats_of(replay->live, &stats);
    TRY(store_disk_free(replay->live, &free_bytes, fault));
    return free_bytes >= 2 * (uint64_t)stats.used_bytes
               ? ERR_OK
               : fault_set(fault, ERR_FULL,
                           "no room: a copy of the store and a snapshot need %" PRIu64
                           " bytes, and the disk has %" PRIu64,
                           2 * (uint64_t)stats.used_bytes, free_bytes);
}

static enum err make(const struct job_paths *paths, struct replay *replay, struct snapshot_sum *sum,
                     struct fault *fault)
{
    uint64_t tables = 0;
    uint64_t differences = 0;
    char first[FIRST_SIZE] = "";
    TRY(replay_open(paths, replay, fault));
    TRY(is_there_room(replay, fault));
    TRY(chain_walk_whole(replay->read, paths->anchor_dir, fault));
    TRY(replay_run(replay, paths->checkpoint_dir, fault));
    TRY(replay_compare(replay, &tables, &differences, first, sizeof(first), fault));
    if (differences > 0) {
        return fault_set(fault, ERR_CORRUPT,
                         "%" PRIu64 " records differ from the journal's replay; first %.120s",
                         differences, first);
    }
    TRY(make_dir(paths->checkpoint_dir, fault));
    return write_tables(replay, paths->checkpoint_dir, sum, fault);
}

int job_checkpoint(const struct job_paths *paths)
{
    struct fault fault = {0};
    struct replay replay = {0};
    struct snapshot_sum sum = {0};
    char hash[2 * SEAL_HASH_SIZE + 1];
    char digest[2 * SEAL_HASH_SIZE + 1];
    enum err err = make(paths, &replay, &sum, &fault);
    struct journal_head head = replay.head;
    replay_end(&replay);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    bytes_to_hex(BYTES_OF(head.hash.bytes), hash, sizeof(hash));
    bytes_to_hex(BYTES_OF(sum.digest.bytes), digest, sizeof(digest));
    (void)printf("seq=%" PRIu64 "\nhash=%s\ndigest=%s\nsize=%" PRIu64 "\nrows=%" PRIu64
                 "\nresult=good\n",
                 head.sequence, hash, digest, sum.size, sum.rows);
    return 0;
}

/* --- what a truncation must know --- */

enum { BRANCHES_TOLD = 64 };

/* What entries up to there said of restores, as hex; older branches than that are forgotten. */
static void print_branches(const struct chain_check *check)
{
    uint8_t bytes[BRANCHES_TOLD * CHAIN_BRANCH_BYTES];
    char hex[2 * sizeof(bytes) + 1];
    size_t skip = check->branch_count > BRANCHES_TOLD ? check->branch_count - BRANCHES_TOLD : 0;
    size_t size = chain_branches_write(check->branches + skip, check->branch_count - skip, bytes);
    bytes_to_hex((struct bytes){.data = bytes, .size = size}, hex, sizeof(hex));
    (void)printf("branches=%s\n", hex);
}

static enum err look_at_chain(struct store_txn *txn, uint64_t upto, struct chain_check *check,
                              int64_t *ret_newest_us, struct fault *fault)
{
    char sentence[320];
    TRY(chain_walk_begin(txn, check, NULL, 0, fault));
    check->pin_sequence = 0; /* it is farther on */
    check->base_met = true;  /* so is what said where the journal begins */
    TRY(chain_walk(txn, check, upto, ret_newest_us, fault));
    const struct chain_report *report = chain_check_end(check);
    chain_report_sentence(report, "", sentence, sizeof(sentence));
    if (report->finding != CHAIN_WHOLE) {
        return fault_set(fault, ERR_CORRUPT, "%s", sentence);
    }
    return report->last == upto
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "there is no entry %" PRIu64, upto);
}

static enum err look(const struct job_paths *paths, uint64_t upto, struct chain_check *check,
                     struct checkpoint *checkpoint, int64_t *ret_newest_us, struct fault *fault)
{
    AUTO(store_destroy) struct store *store = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct store_options options = {.dir = paths->store,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    TRY(seal_init(fault));
    TRY(store_open(&options, &store, fault));
    TRY(store_begin_read(store, &txn, fault));
    TRY(checkpoint_file_check(txn, paths->checkpoint_dir, checkpoint, fault));
    TRY(chain_walk_whole(txn, paths->anchor_dir, fault));
    return look_at_chain(txn, upto, check, ret_newest_us, fault);
}

int job_truncate(const struct job_paths *paths, const char *text)
{
    static struct chain_check check;
    struct checkpoint checkpoint;
    struct fault fault = {0};
    int64_t newest_us = 0;
    char hash[2 * SEAL_HASH_SIZE + 1];
    char *rest = NULL;
    uint64_t upto = strtoull(text, &rest, 10);
    enum err err = rest == text || *rest != '\0'
                       ? fault_set(&fault, ERR_INPUT, "%s: not an entry", text)
                       : look(paths, upto, &check, &checkpoint, &newest_us, &fault);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    bytes_to_hex(BYTES_OF(check.report.last_hash.bytes), hash, sizeof(hash));
    print_branches(&check);
    (void)printf("upto=%" PRIu64 "\nhash=%s\ncheckpoint=%" PRIu64 "\nnewest_us=%" PRId64 "\n",
                 upto, hash, checkpoint.sequence, newest_us);
    return 0;
}

/* --- what older ones leave --- */

static enum err newest_of(const char *dir, uint64_t *ret, struct fault *fault)
{
    struct store_options options = {.dir = dir,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    AUTO(store_destroy) struct store *store = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    Parkgate__CheckpointRecord *record = NULL;
    TRY(store_open(&options, &store, fault));
    TRY(store_begin_read(store, &txn, fault));
    enum err err = checkpoint_newest(txn, &record, fault);
    *ret = 0;
    if (err == ERR_OK) {
        *ret = record->at_sequence;
        parkgate__checkpoint_record__free_unpacked(record, NULL);
    }
    store_txn_destroy(&txn);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* SEQUENCE.snapshot, or what a killed job left of one. One behind the newest may be in work. */
static bool is_older(const char *name, uint64_t newest)
{
    char *rest = NULL;
    uint64_t sequence = strtoull(name, &rest, 10);
    return rest != name && sequence < newest &&
           (strcmp(rest, ".snapshot") == 0 || strcmp(rest, ".snapshot.new") == 0);
}

static enum err remove_older(const char *dir, uint64_t newest, unsigned *ret_removed,
                             struct fault *fault)
{
    struct dirent *entry;
    enum err err = ERR_OK;
    DIR *open_dir = opendir(dir);
    while (open_dir != NULL && (entry = readdir(open_dir)) != NULL && err == ERR_OK) {
        if (!is_older(entry->d_name, newest)) {
            continue;
        }
        if (unlinkat(dirfd(open_dir), entry->d_name, 0) == 0) {
            ++*ret_removed;
        } else {
            err = fault_set(fault, ERR_IO, "%s/%s: %s", dir, entry->d_name, strerror(errno));
        }
    }
    if (open_dir != NULL) {
        (void)fsync(dirfd(open_dir));
        (void)closedir(open_dir);
    }
    return err;
}

int job_checkpoint_tidy(const struct job_paths *paths)
{
    uint64_t newest = 0;
    unsigned removed = 0;
    unsigned copies = 0;
    struct fault fault = {0};
    enum err err = seal_init(&fault);
    if (err == ERR_OK) {
        err = newest_of(paths->store, &newest, &fault);
    }
    if (err == ERR_OK) {
        err = remove_older(paths->checkpoint_dir, newest, &removed, &fault);
    }
    if (err == ERR_OK) {
        err = replay_copy_sweep(paths->store, &copies, &fault);
    }
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    (void)printf("removed=%u\ncopies_removed=%u\n", removed, copies);
    return 0;
}
