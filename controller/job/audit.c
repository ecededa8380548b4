/* The jobs `audit` and `audit-export`: is the journal what was anchored of it, and its bytes for
 * somebody who checks it without us (docs/audit.md). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ids.h"
#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "controller/job/anchors_read.h"
#include "controller/job/job.h"
#include "controller/job/chain_walk.h"
#include "controller/journal/chain_check.h"
#include "controller/journal/checkpoint.h"
#include "controller/journal/journal.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/sign_key_store.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum { PATH_SIZE = 1024 };

struct audit {
    struct store *store;
    struct store_txn *txn;
    struct anchors_read kept;
    struct chain_check check;
};

static int failed(const char *what)
{
    (void)printf("failed=%s\n", what);
    return 1;
}

static enum err open_store(const struct job_paths *paths, struct audit *audit, struct fault *fault)
{
    struct store_options options = {.dir = paths->store,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true};
    TRY(seal_init(fault));
    TRY(store_open(&options, &audit->store, fault));
    return store_begin_read(audit->store, &audit->txn, fault);
}

static void end(struct audit *audit)
{
    anchors_read_end(&audit->kept);
    store_txn_destroy(&audit->txn);
    store_destroy(&audit->store);
}

/* --- the journal --- */

static enum err walk(struct audit *audit, struct fault *fault)
{
    TRY(chain_walk_begin(audit->txn, &audit->check, audit->kept.anchors, audit->kept.count, fault));
    return chain_walk(audit->txn, &audit->check, UINT64_MAX, NULL, fault);
}

static void sum_up(struct audit *audit)
{
    for (size_t i = 0; i < audit->kept.count; i++) {
        const struct kept_anchor *kept = &audit->kept.anchors[i];
        struct anchor_keeper *keeper = &audit->kept.keepers[kept->keeper];
        keeper->states[kept->state]++;
        if (kept->anchor.sequence > keeper->newest) {
            keeper->newest = kept->anchor.sequence;
        }
    }
}

static void show_keepers(const struct audit *audit)
{
    (void)printf("columns=keeper,fits,left,unproved,not_reached,bad_lines,seq\n");
    for (size_t i = 0; i < audit->kept.keeper_count && i < LIMIT_AGENTS / 2; i++) {
        const struct anchor_keeper *keeper = &audit->kept.keepers[i];
        (void)printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%zu\t%" PRIu64 "\n",
                     keeper->name, keeper->states[ANCHOR_FITS], keeper->states[ANCHOR_LEFT],
                     keeper->states[ANCHOR_FOREIGN_KEY] + keeper->states[ANCHOR_BAD_SIGNATURE],
                     keeper->states[ANCHOR_NOT_REACHED] + keeper->states[ANCHOR_OLD], keeper->bad,
                     keeper->newest);
    }
}

static int show(struct audit *audit, const struct chain_report *report)
{
    char sentence[320];
    chain_report_sentence(report, anchors_read_witness(&audit->kept, report), sentence,
                          sizeof(sentence));
    (void)printf("entries=%" PRIu64 "\nseq=%" PRIu64 "\nfinding=%s\nanchored_seq=%" PRIu64 "\n",
                 report->entries, report->last, chain_finding_word(report->finding),
                 report->surely_good);
    if (report->finding != CHAIN_WHOLE) {
        (void)printf("at_seq=%" PRIu64 "\n", report->at);
    }
    if (report->cut_at > 0) {
        (void)printf("first_seq=%" PRIu64 "\ncut_seq=%" PRIu64 "\n", report->first,
                     report->cut_at);
    }
    if (report->restores > 0) {
        (void)printf("restores=%" PRIu64 "\nrestored_seq=%" PRIu64 "\n", report->restores,
                     report->restored_at);
    }
    if (report->left_from > 0) {
        (void)printf("left_from=%" PRIu64 "\nleft_upto=%" PRIu64 "\n", report->left_from,
                     report->left_upto);
    }
    (void)printf(report->finding == CHAIN_WHOLE ? "result=good\n" : "");
    sum_up(audit);
    show_keepers(audit);
    return report->finding == CHAIN_WHOLE ? 0 : failed(sentence);
}

int job_audit(const struct job_paths *paths, const char *anchors_file)
{
    static struct audit audit; /* too large for the stack */
    struct fault fault = {0};
    enum err err = open_store(paths, &audit, &fault);
    if (err == ERR_OK) {
        err = anchors_read(&audit.kept, paths->anchor_dir, anchors_file, &fault);
    }
    if (err == ERR_OK) {
        err = walk(&audit, &fault);
    }
    int status = err == ERR_OK ? show(&audit, chain_check_end(&audit.check)) : failed(fault.what);
    end(&audit);
    return status;
}

/* --- for somebody without us --- */

struct files {
    char dir[PATH_SIZE];
    char branch[2 * ANCHOR_BRANCH_SIZE + 1]; /* of the entry in work */
    uint64_t first; /* entry; those before it were cut off */
    FILE *entries, *list;
};

static FILE *make_file(const char *dir, const char *name, struct fault *fault)
{
    char path[PATH_SIZE + 64];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        (void)fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    return file;
}

static enum err close_file(FILE *file, const char *what, struct fault *fault)
{
    bool good = file == NULL || (fflush(file) == 0 && fsync(fileno(file)) == 0);
    if (file != NULL && fclose(file) != 0) {
        good = false;
    }
    return good ? ERR_OK : fault_set(fault, ERR_IO, "%s: %s", what, strerror(errno));
}

/* sign-KEY.pub; a key may come again. */
static enum err write_public(const struct files *files, const struct sign_public *key,
                             struct fault *fault)
{
    char path[PATH_SIZE + 64];
    char id[SIGN_KEY_ID_SIZE];
    sign_key_id(key, id);
    (void)snprintf(path, sizeof(path), "%s/sign-%s.pub", files->dir, id);
    enum err err = sign_public_write(path, key, fault);
    return err == ERR_REFUSED ? ERR_OK : err;
}

/* For each key that the journal names. */
static enum err write_key(const struct files *files, const Parkgate__Entry *entry,
                          struct fault *fault)
{
    struct sign_public key;
    enum err err = ERR_OK;
    Parkgate__SignKeyRecord *record =
        parkgate__sign_key_record__unpack(NULL, entry->body.len, entry->body.data);
    if (record != NULL && record->public_key.len == sizeof(key.bytes)) {
        memcpy(key.bytes, record->public_key.data, sizeof(key.bytes));
        err = write_public(files, &key, fault);
    }
    parkgate__sign_key_record__free_unpacked(record, NULL);
    return err;
}

static void note_branch(struct files *files, struct bytes id)
{
    struct bytes first = {.data = id.data, .size = ANCHOR_BRANCH_SIZE};
    if (id.size >= ANCHOR_BRANCH_SIZE) {
        bytes_to_hex(first, files->branch, sizeof(files->branch));
    }
}

static void note_genesis(struct files *files, const Parkgate__Entry *entry)
{
    Parkgate__EntryGenesis *body =
        parkgate__entry_genesis__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL) {
        note_branch(files, field_view(&body->store_id));
    }
    parkgate__entry_genesis__free_unpacked(body, NULL);
}

static void note_restored(struct files *files, const Parkgate__Entry *entry)
{
    Parkgate__Restored *body = parkgate__restored__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL) {
        note_branch(files, field_view(&body->branch));
    }
    parkgate__restored__free_unpacked(body, NULL);
}

/* What an entry says of keys and branches. */
static enum err look_into(struct files *files, struct bytes packed, struct fault *fault)
{
    enum err err = ERR_OK;
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    if (entry == NULL) {
        return ERR_OK; /* whoever checks the chain finds it */
    }
    if (entry->kind == ENTRY_GENESIS) {
        note_genesis(files, entry);
    } else if (entry->kind == ENTRY_RESTORED) {
        note_restored(files, entry);
    } else if (entry->kind == ENTRY_SIGN_KEY) {
        err = write_key(files, entry, fault);
    }
    parkgate__entry__free_unpacked(entry, NULL);
    return err;
}

static enum err write_entry(struct files *files, uint64_t sequence, struct bytes record,
                            struct fault *fault)
{
    char hash[2 * SEAL_HASH_SIZE + 1];
    if (record.size < SEAL_HASH_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "entry %" PRIu64 " is cut short", sequence);
    }
    struct bytes packed = {.data = record.data + SEAL_HASH_SIZE,
                           .size = record.size - SEAL_HASH_SIZE};
    bytes_to_hex((struct bytes){.data = record.data, .size = SEAL_HASH_SIZE}, hash, sizeof(hash));
    TRY(look_into(files, packed, fault));
    if (fwrite(packed.data, 1, packed.size, files->entries) != packed.size ||
        fprintf(files->list, "%" PRIu64 " %zu %s %s\n", sequence, packed.size, hash,
                files->branch) < 0) {
        return fault_set(fault, ERR_IO, "%s: %s", files->dir, strerror(errno));
    }
    return ERR_OK;
}

static enum err write_journal(struct audit *audit, struct files *files, uint64_t *ret_count,
                              struct fault *fault)
{
    struct bytes key;
    struct bytes record;
    uint64_t count = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(audit->txn, TABLE_JOURNAL, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &record, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        uint64_t sequence = reader_u64(&r);
        if (sequence >= files->first) { /* others are being removed */
            TRY(write_entry(files, sequence, record, fault));
            count++;
        }
    }
    *ret_count = count;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* All anchors as lines, the export's and those that gates showed. */
static enum err write_anchors(const struct audit *audit, FILE *file, struct fault *fault)
{
    for (size_t i = 0; i < audit->kept.count; i++) {
        char line[ANCHOR_LINE_SIZE];
        anchor_to_line(&audit->kept.anchors[i].anchor, line);
        if (fprintf(file, "%s\n", line) < 0) {
            return fault_set(fault, ERR_IO, "anchors: %s", strerror(errno));
        }
    }
    return ERR_OK;
}

/* begin.txt: the last entry that was cut off, as a signed head; checkpoint.txt: the newest one. */
static enum err write_line(const char *dir, const char *name, const char *line, struct fault *fault)
{
    FILE *file = make_file(dir, name, fault);
    bool good = file != NULL && fprintf(file, "%s\n", line) > 0;
    enum err err = file == NULL ? ERR_IO : close_file(file, name, fault);
    return good || err != ERR_OK ? err
                                 : fault_set(fault, ERR_IO, "%s: %s", name, strerror(errno));
}

static enum err write_begin(struct audit *audit, struct files *files, struct fault *fault)
{
    Parkgate__TruncationRecord *base = NULL;
    enum err err = truncation_get(audit->txn, TRUNCATION_BASE, &base, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct anchor anchor;
    if (anchor_from_line(base->anchor, &anchor)) {
        note_branch(files, BYTES_OF(anchor.branch));
    }
    files->first = base->upto + 1;
    err = write_line(files->dir, "begin.txt", base->anchor, fault);
    parkgate__truncation_record__free_unpacked(base, NULL);
    return err;
}

static enum err write_checkpoint(struct audit *audit, const struct files *files,
                                 struct fault *fault)
{
    char line[CHECKPOINT_LINE_SIZE];
    struct checkpoint checkpoint;
    Parkgate__CheckpointRecord *record = NULL;
    enum err err = checkpoint_newest(audit->txn, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (checkpoint_of_record(record, &checkpoint)) {
        checkpoint_to_line(&checkpoint, line);
        err = write_line(files->dir, "checkpoint.txt", line, fault);
    }
    parkgate__checkpoint_record__free_unpacked(record, NULL);
    return err;
}

/* Keys that entries named which are gone. */
static enum err write_known_keys(struct audit *audit, const struct files *files,
                                 struct fault *fault)
{
    struct sign_public key;
    uint64_t at = 0;
    enum err err;
    while ((err = sign_key_next(audit->txn, &at, &key, fault)) == ERR_OK) {
        TRY(write_public(files, &key, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err export_all(struct audit *audit, const struct job_paths *paths, struct files *files,
                           uint64_t *ret_count, struct fault *fault)
{
    if (mkdir(files->dir, 0700) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s: %s; name a new directory", files->dir,
                         strerror(errno));
    }
    TRY(open_store(paths, audit, fault));
    TRY(anchors_read(&audit->kept, paths->anchor_dir, NULL, fault));
    TRY(write_begin(audit, files, fault));
    TRY(write_checkpoint(audit, files, fault));
    TRY(write_known_keys(audit, files, fault));
    files->entries = make_file(files->dir, "entries.bin", fault);
    files->list = make_file(files->dir, "entries.txt", fault);
    FILE *anchors = make_file(files->dir, "anchors.txt", fault);
    enum err err = files->entries == NULL || files->list == NULL || anchors == NULL
                       ? ERR_IO
                       : write_journal(audit, files, ret_count, fault);
    if (err == ERR_OK) {
        err = write_anchors(audit, anchors, fault);
    }
    enum err closed[] = {close_file(files->entries, "entries.bin", fault),
                         close_file(files->list, "entries.txt", fault),
                         close_file(anchors, "anchors.txt", fault)};
    for (size_t i = 0; i < ARRAY_LEN(closed) && err == ERR_OK; i++) {
        err = closed[i];
    }
    return err;
}

int job_audit_export(const struct job_paths *paths, const char *dir)
{
    static struct audit audit;
    struct files files = {.branch = "-", .first = 1};
    struct fault fault = {0};
    uint64_t count = 0;
    (void)snprintf(files.dir, sizeof(files.dir), "%s", dir);
    enum err err = export_all(&audit, paths, &files, &count, &fault);
    int status = 0;
    if (err == ERR_OK) {
        (void)printf("dir=%s\nentries=%" PRIu64 "\nanchors=%zu\nfirst_seq=%" PRIu64
                     "\nresult=good\n",
                     dir, count, audit.kept.count, files.first);
    } else {
        status = failed(fault.what);
    }
    end(&audit);
    return status;
}
