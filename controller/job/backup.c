#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "controller/job/erased_list.h"
#include "controller/job/job.h"
#include "controller/journal/journal.h"
#include "schema/limits.h"

enum { PATH_SIZE = 1024, COPY_BYTES = 65536 };

static enum err join(char out[PATH_SIZE], const char *dir, const char *name, struct fault *fault)
{
    int size = snprintf(out, PATH_SIZE, "%s/%s", dir, name);
    return size > 0 && size < PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
}

static enum err copy_bytes(int from, int to, const char *path, struct fault *fault)
{
    static uint8_t buffer[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof(buffer));
        if (got == 0) {
            return fsync(to) == 0 ? ERR_OK
                                  : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
        }
        if (got < 0 || write(to, buffer, (size_t)got) != got) {
            return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
        }
    }
}

/* A new file, 0600, fsynced. */
static enum err copy_file(const char *from, const char *to, struct fault *fault)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return fault_set(fault, ERR_IO, "%s: %s", from, strerror(errno));
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err err = out < 0 ? fault_set(fault, ERR_IO, "%s: %s", to, strerror(errno))
                           : copy_bytes(in, out, to, fault);
    (void)close(in);
    if (out >= 0 && close(out) != 0 && err == ERR_OK) {
        err = fault_set(fault, ERR_IO, "%s: %s", to, strerror(errno));
    }
    return err;
}

static enum err copy_store(const char *dir, const char *kind, const char *const *tables,
                           size_t count, const char *to, struct fault *fault)
{
    struct store *store = NULL;
    struct store_options options = {.dir = dir,
                                    .kind = kind,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = tables,
                                    .table_count = count,
                                    .read_only = true};
    TRY(store_open(&options, &store, fault));
    enum err err = store_copy(store, to, fault);
    store_destroy(&store);
    return err;
}

/* What the copy really holds. */
static enum err head_of(const char *dir, struct journal_head *ret, struct fault *fault)
{
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    struct store_options options = {.dir = dir,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .read_only = true,
                                    .may_lack = true}; /* a backup of an older program */
    TRY(store_open(&options, &store, fault));
    enum err err = store_begin_read(store, &txn, fault);
    if (err == ERR_OK) {
        err = journal_head(txn, ret, fault);
    }
    store_txn_destroy(&txn);
    store_destroy(&store);
    return err;
}

static const char *file_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* A program of the version before has none: it is drawn anew at the next start. */
static enum err copy_if_there(const char *from, const char *dir, const char *name,
                              struct fault *fault)
{
    char path[PATH_SIZE];
    if (access(from, F_OK) != 0 && errno == ENOENT) {
        return ERR_OK;
    }
    TRY(join(path, dir, name, fault));
    return copy_file(from, path, fault);
}

static bool is_snapshot(const char *name)
{
    static const char end[] = ".snapshot";
    size_t size = strlen(name);
    return size >= sizeof(end) && strcmp(name + size - (sizeof(end) - 1), end) == 0;
}

/* One that a newer checkpoint took away meanwhile is of no use any more. */
static enum err copy_snapshot(const char *from, const char *to, const char *name,
                              struct fault *fault)
{
    char source[PATH_SIZE];
    char target[PATH_SIZE];
    TRY(join(source, from, name, fault));
    TRY(join(target, to, name, fault));
    if (access(target, F_OK) == 0 || access(source, F_OK) != 0) {
        return ERR_OK;
    }
    enum err err = copy_file(source, target, fault);
    return err != ERR_OK && access(source, F_OK) != 0 && access(target, F_OK) != 0 ? ERR_OK : err;
}

/* The snapshots of checkpoints that are not in `to` yet. */
static enum err copy_snapshots(const char *from, const char *to, struct fault *fault)
{
    struct dirent *entry;
    enum err err = ERR_OK;
    DIR *open_dir = opendir(from);
    if (open_dir == NULL) {
        return errno == ENOENT ? ERR_OK : file_fault(from, fault);
    }
    if (mkdir(to, 0700) != 0 && errno != EEXIST) {
        err = file_fault(to, fault);
    }
    while (err == ERR_OK && (entry = readdir(open_dir)) != NULL) {
        err = is_snapshot(entry->d_name) ? copy_snapshot(from, to, entry->d_name, fault) : ERR_OK;
    }
    (void)closedir(open_dir);
    return err == ERR_OK ? file_sync_directory(to, fault) : err;
}

/* The journal first, the keys after it: the keys then cover every entry of the copy. The person
 * keys are a file of their own, so that they can be kept apart and for a shorter time. */
static enum err backup(const struct job_paths *paths, const char *dir, struct journal_head *head,
                       struct fault *fault)
{
    char path[PATH_SIZE];
    TRY(seal_init(fault));
    if (mkdir(dir, 0700) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s: %s; name a new directory", dir, strerror(errno));
    }
    char snapshots[PATH_SIZE];
    TRY(join(snapshots, dir, "checkpoints", fault));
    TRY(copy_snapshots(paths->checkpoint_dir, snapshots, fault)); /* before a newer one ... */
    TRY(join(path, dir, "store", fault));
    TRY(copy_store(paths->store, CONTROLLER_STORE_KIND, table_names, TABLE_COUNT, path, fault));
    TRY(copy_snapshots(paths->checkpoint_dir, snapshots, fault)); /* ... and that, if it is in it */
    TRY(head_of(path, head, fault));
    TRY(join(path, dir, "person-keys", fault));
    TRY(copy_store(paths->keys, KEY_STORE_KIND, key_table_names, KEY_TABLE_COUNT, path, fault));
    const char *const files[] = {paths->config, paths->key_file, paths->index_key_file};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        TRY(join(path, dir, file_part(files[i]), fault));
        TRY(copy_file(files[i], path, fault));
    }
    TRY(erased_list_path(paths->key_file, path, sizeof(path), fault));
    TRY(copy_if_there(path, dir, "erased", fault));
    TRY(copy_if_there(paths->gates_key_file, dir, "gates.key", fault));
    TRY(copy_if_there(paths->recovery_key_file, dir, "recovery.key", fault));
    TRY(copy_if_there(paths->sign_key_file, dir, "sign.key", fault));
    return file_sync_directory(dir, fault);
}

int job_backup(const struct job_paths *paths, const char *dir)
{
    struct fault fault = {0};
    struct journal_head head = {0};
    char hash[2 * SEAL_HASH_SIZE + 1];
    if (backup(paths, dir, &head, &fault) != ERR_OK) {
        (void)printf("failed=%s\n", fault.what);
        return 1;
    }
    bytes_to_hex(BYTES_OF(head.hash.bytes), hash, sizeof(hash));
    (void)printf("store=%s/store\nkeys=%s/person-keys\nseq=%llu\nhash=%s\nresult=good\n", dir, dir,
                 (unsigned long long)head.sequence, hash);
    return 0;
}

/* --- restore --- */

static enum err restore_env(const char *from, const char *from_name, const char *dir,
                            const char *name, struct fault *fault)
{
    char source[PATH_SIZE];
    char target[PATH_SIZE];
    char part[64];
    TRY(join(target, dir, name, fault));
    if (mkdir(target, 0700) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", target, strerror(errno));
    }
    (void)snprintf(part, sizeof(part), "%s/data.mdb", from_name);
    TRY(join(source, from, part, fault));
    (void)snprintf(part, sizeof(part), "%s/data.mdb", name);
    TRY(join(target, dir, part, fault));
    TRY(copy_file(source, target, fault));
    return file_sync_directory_of(target, fault);
}

/* controller.conf names paths of the old place: the lines that do are written for the new one. */
static enum err restore_conf(const char *from, const char *dir, struct fault *fault)
{
    static const struct {
        const char *key, *file;
    } moved[] = {
        {"store",          "store"         },
        {"keys",           "keys"          },
        {"key_file",       "controller.key"},
        {"index_key_file", "index.key"     },
        {"genesis",        "genesis.pb"    }
    };
    char source[PATH_SIZE];
    char target[PATH_SIZE];
    char line[PATH_SIZE * 2];
    TRY(join(source, from, "controller.conf", fault));
    TRY(join(target, dir, "controller.conf", fault));
    FILE *in = fopen(source, "re");
    FILE *out = in == NULL ? NULL : fopen(target, "wxe");
    if (out == NULL) {
        enum err err =
            fault_set(fault, ERR_IO, "%s: %s", in == NULL ? source : target, strerror(errno));
        if (in != NULL) {
            (void)fclose(in);
        }
        return err;
    }
    (void)fchmod(fileno(out), 0600);
    while (fgets(line, sizeof(line), in) != NULL) {
        size_t word = strcspn(line, " =\n");
        const char *file = NULL;
        for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
            if (strlen(moved[i].key) == word && memcmp(moved[i].key, line, word) == 0) {
                file = moved[i].file;
            }
        }
        if (file != NULL) {
            (void)fprintf(out, "%.*s = %s/%s\n", (int)word, line, dir, file);
        } else {
            (void)fputs(line, out);
        }
    }
    bool good = !ferror(in) && fflush(out) == 0 && fsync(fileno(out)) == 0;
    (void)fclose(in);
    good = fclose(out) == 0 && good;
    return good ? ERR_OK : fault_set(fault, ERR_IO, "%s: %s", target, strerror(errno));
}

/* The first start asks the gates for what they keep beyond the backup. */
static enum err note_restored(const char *dir, uint64_t sequence, struct fault *fault)
{
    char path[PATH_SIZE];
    TRY(join(path, dir, "restored", fault));
    FILE *note = fopen(path, "wxe");
    if (note == NULL) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    (void)fchmod(fileno(note), 0600);
    bool good = fprintf(note, "%llu\n", (unsigned long long)sequence) > 0 && fflush(note) == 0 &&
                fsync(fileno(note)) == 0;
    good = fclose(note) == 0 && good;
    return good ? file_sync_directory(dir, fault)
                : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
}

/* The person keys of a backup live LIMIT_BACKUP_KEYS_DAYS, by the journal's last entry in it. */
static enum err keys_are_too_old(const char *from, bool *ret, struct fault *fault)
{
    char path[PATH_SIZE];
    struct journal_head head;
    struct timespec now;
    TRY(join(path, from, "store", fault));
    TRY(head_of(path, &head, fault));
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return fault_set(fault, ERR_IO, "clock: %s", strerror(errno));
    }
    *ret = (int64_t)now.tv_sec - head.time.us / 1000000 > (int64_t)LIMIT_BACKUP_KEYS_DAYS * 86400;
    return ERR_OK;
}

/* Of who was erased since, the backup has the key still: it is destroyed before anything reads it.
 * Where that fails none of them is left. */
static enum err restore_cleaned(const char *from, const char *dir, const struct erased_list *list,
                                struct fault *fault)
{
    struct fault ignored;
    char path[PATH_SIZE];
    TRY(join(path, dir, "keys", fault));
    enum err err = restore_env(from, "person-keys", dir, "keys", fault);
    if (err == ERR_OK) {
        err = rewrite_without(path, list, fault);
    }
    if (err != ERR_OK && rewrite_wipe(path, &ignored) != ERR_OK) {
        (void)fprintf(stderr, "%s: destroy it: %s\n", path, ignored.what);
    }
    return err;
}

static enum err restore_keys(const char *from, const char *dir, const char *erased,
                             struct fault *fault)
{
    bool too_old = false;
    char path[PATH_SIZE];
    TRY(keys_are_too_old(from, &too_old, fault));
    if (too_old) {
        (void)printf("the person keys of this backup are older than %d days and are not restored: "
                     "names and numbers cannot be read\n此备份的人员密钥已超过 %d 天，不予还原："
                     "姓名和号码无法读取\n",
                     LIMIT_BACKUP_KEYS_DAYS, LIMIT_BACKUP_KEYS_DAYS);
        return ERR_OK;
    }
    if (erased == NULL) {
        (void)printf(
            "who was erased after this backup is not known here: if the list is left (the "
            "file erased beside the lost controller's key, or in a newer backup), restore "
            "again with --erased FILE\n此备份之后被删除的人员未知：如仍有名单（原控制器密钥旁的 "
            "erased 文件，或更新的备份中），请加 --erased 文件重新还原\n");
        return restore_env(from, "person-keys", dir, "keys", fault);
    }
    struct erased_list list = {0};
    enum err err = erased_list_read(erased, &list, fault); /* before a key is copied */
    if (err == ERR_OK) {
        err = restore_cleaned(from, dir, &list, fault);
    }
    erased_list_destroy(&list);
    TRY(err);
    TRY(join(path, dir, "erased", fault));
    return copy_file(erased, path, fault);
}

static enum err restore(const char *from, const char *dir, const char *erased, struct fault *fault)
{
    static const char *const files[] = {"controller.key", "index.key"};
    static const char *const drawn[] = {"gates.key", "recovery.key", "sign.key"};
    char source[PATH_SIZE];
    char target[PATH_SIZE];
    TRY(seal_init(fault));
    if (dir[0] != '/') {
        return fault_set(fault, ERR_INPUT, "%s: give a path from the root", dir);
    }
    if (mkdir(dir, 0700) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s: %s; name a new directory", dir, strerror(errno));
    }
    TRY(restore_env(from, "store", dir, "store", fault));
    TRY(join(source, from, "checkpoints", fault));
    TRY(join(target, dir, "checkpoints", fault));
    TRY(copy_snapshots(source, target, fault));
    TRY(restore_keys(from, dir, erased, fault));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        TRY(join(source, from, files[i], fault));
        TRY(join(target, dir, files[i], fault));
        TRY(copy_file(source, target, fault));
    }
    for (size_t i = 0; i < ARRAY_LEN(drawn); i++) {
        TRY(join(source, from, drawn[i], fault));
        TRY(copy_if_there(source, dir, drawn[i], fault));
    }
    TRY(restore_conf(from, dir, fault));
    return file_sync_directory(dir, fault);
}

int job_restore(const char *from, const char *dir, const char *erased)
{
    struct fault fault = {0};
    struct journal_head head = {0};
    char path[PATH_SIZE];
    enum err err = restore(from, dir, erased, &fault);
    if (err == ERR_OK) {
        err = join(path, dir, "store", &fault);
    }
    if (err == ERR_OK) {
        err = head_of(path, &head, &fault);
    }
    if (err == ERR_OK) {
        err = note_restored(dir, head.sequence, &fault);
    }
    if (err != ERR_OK) {
        (void)fprintf(stderr, "parkgate-controller: restore: %s\n", fault.what);
        (void)fprintf(stderr, "parkgate-controller: 还原失败：%s\n", fault.what);
        return err == ERR_REFUSED || err == ERR_INPUT ? 1 : 5;
    }
    (void)printf("restored %s to %s, journal entry %llu\nverify it:  parkgate-controller --verify "
                 "--config %s/controller.conf\nstart it:  parkgate-controller --config "
                 "%s/controller.conf\n已还原到 %s\n",
                 from, dir, (unsigned long long)head.sequence, dir, dir, dir);
    return 0;
}
