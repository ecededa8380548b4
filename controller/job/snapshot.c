#include "controller/job/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/must.h"
#include "common/facts/tables.h"

enum { PATH_SIZE = 1024, HEAD_SIZE = 4 + 8 + SEAL_HASH_SIZE, ROW_HEAD_SIZE = 2 + 4 };

static const char first_line[] = "parkgate snapshot 1\n";

static bool is_in_it(size_t table)
{
    return table != TABLE_JOURNAL && table != TABLE_CHANGE;
}

/* --- writing --- */

struct writing {
    FILE *out;
    const char *path;
    struct seal_hasher hasher;
    struct snapshot_sum sum;
};

static void writing_end(struct writing *w)
{
    seal_hasher_destroy(&w->hasher);
    if (w->out != NULL) {
        (void)fclose(w->out);
    }
}

static enum err put(struct writing *w, struct bytes bytes, struct fault *fault)
{
    seal_hasher_add(&w->hasher, bytes);
    w->sum.size += bytes.size;
    return bytes.size == 0 || fwrite(bytes.data, 1, bytes.size, w->out) == bytes.size
               ? ERR_OK
               : file_fault(w->path, fault);
}

static enum err put_head(struct writing *w, const struct snapshot_head *head, struct fault *fault)
{
    uint8_t bytes[HEAD_SIZE];
    struct writer writer = writer_of(bytes, sizeof(bytes));
    writer_u32(&writer, head->version);
    writer_u64(&writer, head->sequence);
    writer_bytes(&writer, BYTES_OF(head->hash.bytes));
    TRY(put(w, bytes_of_text(first_line), fault));
    return put(w, writer_view(&writer), fault);
}

static enum err put_row(struct writing *w, struct bytes key, struct bytes value,
                        struct fault *fault)
{
    uint8_t bytes[ROW_HEAD_SIZE];
    struct writer writer = writer_of(bytes, sizeof(bytes));
    writer_u16(&writer, (uint16_t)key.size);
    writer_u32(&writer, (uint32_t)value.size);
    w->sum.rows++;
    TRY(put(w, writer_view(&writer), fault));
    TRY(put(w, key, fault));
    return put(w, value, fault);
}

static enum err put_table(struct writing *w, struct store_txn *txn, size_t table,
                          struct fault *fault)
{
    static const uint8_t none[2];
    struct bytes name = bytes_of_text(table_names[table]);
    uint8_t size = (uint8_t)name.size;
    bool named = false;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, table, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        if (!named) {
            TRY(put(w, (struct bytes){.data = &size, .size = 1}, fault));
            TRY(put(w, name, fault));
            named = true;
        }
        TRY(put_row(w, key, value, fault));
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return named ? put(w, BYTES_OF(none), fault) : ERR_OK;
}

static enum err put_all(struct writing *w, struct store_txn *txn, const struct snapshot_head *head,
                        struct fault *fault)
{
    static const uint8_t none[1];
    seal_hasher_begin(&w->hasher);
    TRY(put_head(w, head, fault));
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (is_in_it(table)) {
            TRY(put_table(w, txn, table, fault));
        }
    }
    TRY(put(w, BYTES_OF(none), fault));
    w->sum.digest = seal_hasher_end(&w->hasher);
    return fflush(w->out) == 0 && fsync(fileno(w->out)) == 0 ? ERR_OK : file_fault(w->path, fault);
}

enum err snapshot_write(const char *path, struct store_txn *txn, const struct snapshot_head *head,
                        struct snapshot_sum *ret, struct fault *fault)
{
    char fresh[PATH_SIZE];
    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh)) {
        return fault_set(fault, ERR_INPUT, "%s: the path is too long", path);
    }
    (void)unlink(fresh); /* of one that was killed */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    AUTO(writing_end) struct writing w = {.path = fresh};
    w.out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (w.out == NULL) {
        return file_fault(fresh, fault);
    }
    enum err err = put_all(&w, txn, head, fault);
    if (err == ERR_OK && rename(fresh, path) != 0) {
        err = file_fault(path, fault);
    }
    if (err != ERR_OK) {
        (void)unlink(fresh);
        return err;
    }
    *ret = w.sum;
    return file_sync_directory_of(path, fault);
}

/* --- reading --- */

enum err snapshot_sum_of(const char *path, struct snapshot_sum *ret, struct fault *fault)
{
    static uint8_t buffer[65536];
    size_t got;
    struct snapshot_sum sum = {0};
    FILE *in = fopen(path, "rbe");
    if (in == NULL) {
        return errno == ENOENT ? fault_set(fault, ERR_NOT_FOUND, "%s is missing", path)
                               : file_fault(path, fault);
    }
    AUTO(seal_hasher_destroy) struct seal_hasher hasher = {0};
    seal_hasher_begin(&hasher);
    while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0) {
        seal_hasher_add(&hasher, (struct bytes){.data = buffer, .size = got});
        sum.size += got;
    }
    bool good = ferror(in) == 0;
    sum.digest = seal_hasher_end(&hasher);
    (void)fclose(in);
    *ret = sum;
    return good ? ERR_OK : file_fault(path, fault);
}

static enum err get(FILE *in, uint8_t *out, size_t size, struct fault *fault)
{
    return size == 0 || fread(out, 1, size, in) == size
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT, "the snapshot is cut short");
}

static enum err get_head(FILE *in, struct snapshot_head *ret, struct fault *fault)
{
    uint8_t bytes[sizeof(first_line) - 1 + HEAD_SIZE];
    size_t line = sizeof(first_line) - 1;
    TRY(get(in, bytes, sizeof(bytes), fault));
    if (memcmp(bytes, first_line, line) != 0) {
        return fault_set(fault, ERR_CORRUPT, "not a snapshot");
    }
    struct reader r = reader_of((struct bytes){.data = bytes + line, .size = HEAD_SIZE});
    ret->version = reader_u32(&r);
    ret->sequence = reader_u64(&r);
    memcpy(ret->hash.bytes, bytes + line + r.at, SEAL_HASH_SIZE);
    return ret->version <= CONTROLLER_STORE_VERSION
               ? ERR_OK
               : fault_set(fault, ERR_UNSUPPORTED, "the snapshot is of a newer version");
}

/* The table of this name, behind `after`: they come in order. */
static enum err get_table(FILE *in, size_t size, size_t *table, struct fault *fault)
{
    char name[UINT8_MAX + 1] = "";
    TRY(get(in, (uint8_t *)name, size, fault));
    for (size_t i = *table + 1; i < TABLE_COUNT; i++) {
        if (is_in_it(i) && strlen(table_names[i]) == size &&
            memcmp(table_names[i], name, size) == 0) {
            *table = i;
            return ERR_OK;
        }
    }
    return fault_set(fault, ERR_UNSUPPORTED, "the snapshot has a table that is not known, or twice");
}

struct row {
    uint16_t key_size;
    uint32_t value_size;
    uint8_t key[STORE_KEY_MAX];
    uint8_t value[STORE_VALUE_MAX];
};

static bool is_behind(const struct row *row, const uint8_t *key, size_t size)
{
    size_t common = row->key_size < size ? row->key_size : size;
    int order = memcmp(row->key, key, common);
    return order > 0 || (order == 0 && row->key_size > size);
}

/* key_size 0: the table's end. */
static enum err get_row(FILE *in, struct row *row, struct fault *fault)
{
    uint8_t head[ROW_HEAD_SIZE];
    uint8_t before[STORE_KEY_MAX];
    size_t before_size = row->key_size;
    memcpy(before, row->key, before_size);
    TRY(get(in, head, 2, fault));
    struct reader r = reader_of(BYTES_OF(head));
    row->key_size = reader_u16(&r);
    if (row->key_size == 0) {
        return ERR_OK;
    }
    TRY(get(in, head + 2, 4, fault));
    row->value_size = reader_u32(&r);
    if (row->key_size > STORE_KEY_MAX || row->value_size > STORE_VALUE_MAX) {
        return fault_set(fault, ERR_CORRUPT, "the snapshot has a row that is too large");
    }
    TRY(get(in, row->key, row->key_size, fault));
    TRY(get(in, row->value, row->value_size, fault));
    return is_behind(row, before, before_size)
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT, "the snapshot's rows are not in their order");
}

enum err snapshot_read(FILE *in, struct snapshot_head *ret_head, snapshot_visitor *visit, void *ctx,
                       struct fault *fault)
{
    static struct row row; /* too large for the stack */
    uint8_t size = 0;
    size_t table = TABLE_JOURNAL;
    TRY(get_head(in, ret_head, fault));
    for (;;) {
        TRY(get(in, &size, 1, fault));
        if (size == 0) {
            break;
        }
        TRY(get_table(in, size, &table, fault));
        row.key_size = 0;
        for (;;) {
            TRY(get_row(in, &row, fault));
            if (row.key_size == 0) {
                break;
            }
            TRY(visit(ctx, table, (struct bytes){.data = row.key, .size = row.key_size},
                      (struct bytes){.data = row.value, .size = row.value_size}, fault));
        }
    }
    return fgetc(in) == EOF ? ERR_OK
                            : fault_set(fault, ERR_CORRUPT, "something stands behind the snapshot");
}
