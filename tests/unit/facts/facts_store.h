/* facts_store: a store with the tables of tables.h in a directory of its own, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/seal/seal.h"
#include "common/store/store.h"

struct facts_store {
    char dir[64];
    struct store *store;
    struct store_txn *txn; /* a write transaction for the whole test */
};

static inline void facts_store_open(struct facts_store *s)
{
    struct fault fault = {0};
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/parkgate-facts-XXXXXX");
    MUST(mkdtemp(s->dir) != NULL);
    struct store_options options = {.dir = s->dir,
                                    .kind = CONTROLLER_STORE_KIND,
                                    .version = CONTROLLER_STORE_VERSION,
                                    .tables = table_names,
                                    .table_count = TABLE_COUNT,
                                    .map_size = 16U << 20,
                                    .create = true};
    if (store_open(&options, &s->store, &fault) != ERR_OK ||
        store_begin_write(s->store, &s->txn, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static inline void facts_store_close(struct facts_store *s)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
    store_txn_destroy(&s->txn);
    store_destroy(&s->store);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(s->dir);
}
