/* fixture: a store in a directory of its own, made and removed by each test. */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/store/store.h"

enum { TABLE_A, TABLE_B, TABLE_COUNT };

static const char *const table_names[TABLE_COUNT] = {[TABLE_A] = "a", [TABLE_B] = "b"};

struct place {
    char root[64]; /* removed at the end with all in it */
    char dir[128];
};

static struct store_options options_of(const struct place *place)
{
    return (struct store_options){
        .dir = place->dir,
        .kind = "test",
        .version = 3,
        .tables = table_names,
        .table_count = TABLE_COUNT,
        .map_size = 1 << 20,
        .create = true,
    };
}

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    MUST(place != NULL);
    (void)snprintf(place->root, sizeof(place->root), "/tmp/parkgate-store-XXXXXX");
    MUST(mkdtemp(place->root) != NULL);
    (void)snprintf(place->dir, sizeof(place->dir), "%s/s", place->root);
    *state = place;
    return 0;
}

static void remove_files(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "owner", "ballast"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static int place_remove(void **state)
{
    struct place *place = *state;
    char copy[128];
    (void)snprintf(copy, sizeof(copy), "%s/copy", place->root);
    remove_files(place->dir);
    remove_files(copy);
    MUST(rmdir(place->root) == 0);
    free(place);
    return 0;
}

static inline struct store *open_or_fail(const struct store_options *options)
{
    struct store *store = NULL;
    struct fault fault = {0};
    if (store_open(options, &store, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return store;
}

static inline struct store_txn *begin_write(struct store *store)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(store, &txn, NULL), ERR_OK);
    return txn;
}

static inline struct store_txn *begin_read(struct store *store)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    return txn;
}

static inline void put_text(struct store_txn *txn, size_t table, const char *key, const char *value)
{
    assert_int_equal(store_put(txn, table, bytes_of_text(key), bytes_of_text(value), NULL), ERR_OK);
}

static inline bool holds(struct store_txn *txn, size_t table, const char *key, const char *value)
{
    struct bytes got;
    return store_get(txn, table, bytes_of_text(key), &got, NULL) == ERR_OK &&
           bytes_equal(got, bytes_of_text(value));
}

/* Runs `body` in a child; true: a MUST of ours aborted it. */
static inline bool aborts(void (*body)(const struct place *place), const struct place *place)
{
    int status = 0;
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        MUST(freopen("/dev/null", "w", stderr) != NULL);
        body(place);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
