/* Fuzzes rows of a gate's copy, as they come from the wire or stand in its store, into a real store.
 * A row that is refused changes nothing; a row that is taken can be told again, and taking it away
 * gives the digest that was before. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 16 };

static struct store *store;
static char dir[64];

static void close_store(void)
{
    static const char *const files[] = {"/s/data.mdb", "/s/lock.mdb", "/s/owner", "/s", ""};
    store_destroy(&store);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[sizeof(dir) + 16];
        (void)snprintf(path, sizeof(path), "%s%s", dir, files[i]);
        (void)remove(path);
    }
}

static void open_store(void)
{
    char path[sizeof(dir) + 4];
    struct fault fault = {0};
    (void)snprintf(dir, sizeof(dir), "%s/rows-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    MUST(seal_init(NULL) == ERR_OK && mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    struct store_options options = {.dir = path,
                                    .kind = "copy",
                                    .version = 1,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .map_size = (size_t)64 << 20,
                                    .create = true};
    MUST(store_open(&options, &store, &fault) == ERR_OK && atexit(close_store) == 0);
}

static bool sums_up(struct store_txn *txn, const struct copy_digest *digest)
{
    struct copy_place place = {0};
    struct copy_digest walked = {0};
    bool more = true;
    while (more) {
        MUST(copy_walk(txn, &place, 64, copy_visit_digest, &walked, &more, NULL) == ERR_OK);
    }
    return copy_digest_equal(&walked, digest);
}

static void take(struct store_txn *txn, struct bytes packed, struct copy_digest *digest)
{
    struct copy_digest before = *digest;
    Parkgate__CopyRow *row = parkgate__copy_row__unpack(NULL, packed.size, packed.data);
    if (row == NULL) {
        return;
    }
    enum err err = copy_row_take(txn, row, digest, NULL);
    MUST(err == ERR_OK || err == ERR_INPUT);
    MUST(err == ERR_OK || copy_digest_equal(&before, digest));
    parkgate__copy_row__free_unpacked(row, NULL);
}

static size_t left(const struct reader *r)
{
    return r->bad ? 0 : r->in.size - r->at;
}

/* Packed CopyRows, each behind its size in two bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){.data = data, .size = size});
    struct copy_digest digest = {0};
    struct store_txn *txn = NULL;
    if (store == NULL) {
        open_store();
    }
    MUST(store_begin_write(store, &txn, NULL) == ERR_OK);
    for (int i = 0; i < ROWS_MAX && left(&r) > 2; i++) {
        size_t wanted = reader_u16(&r);
        size_t there = left(&r);
        take(txn, reader_bytes(&r, wanted < there ? wanted : there), &digest);
    }
    MUST(sums_up(txn, &digest));
    store_txn_destroy(&txn); /* nothing is kept: one input alone brings back what it found */
    return 0;
}
