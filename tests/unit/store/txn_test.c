/* Goal: what is committed is all there, what is not is not there at all. Method: transactions with
 * children, a full map and a full disk, and every misuse that must abort. */
#include "tests/unit/store/fixture.h"

#include <sys/resource.h>

static void child_is_all_or_nothing(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct store_txn *child = NULL;
    put_text(txn, TABLE_A, "base", "1");
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    put_text(child, TABLE_A, "bad", "1");
    put_text(child, TABLE_A, "base", "2");
    assert_true(holds(child, TABLE_A, "base", "2"));
    store_txn_destroy(&child);
    assert_true(holds(txn, TABLE_A, "base", "1"));
    assert_false(holds(txn, TABLE_A, "bad", "1"));
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    put_text(child, TABLE_B, "good", "1");
    assert_int_equal(store_commit(&child, NULL), ERR_OK);
    assert_null(child);
    assert_true(holds(txn, TABLE_B, "good", "1"));
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    txn = begin_read(store);
    assert_true(holds(txn, TABLE_A, "base", "1"));
    assert_true(holds(txn, TABLE_B, "good", "1"));
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void reader_sees_one_state(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    put_text(txn, TABLE_A, "k", "old");
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    struct store_txn *reader = begin_read(store);
    txn = begin_write(store);
    put_text(txn, TABLE_A, "k", "new");
    assert_true(holds(reader, TABLE_A, "k", "old"));
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_true(holds(reader, TABLE_A, "k", "old"));
    assert_int_equal(store_commit(&reader, NULL), ERR_OK);
    reader = begin_read(store);
    assert_true(holds(reader, TABLE_A, "k", "new"));
    store_txn_destroy(&reader);
    txn = begin_write(store);
    put_text(txn, TABLE_A, "k", "lost");
    store_txn_destroy(&txn);
    reader = begin_read(store);
    assert_true(holds(reader, TABLE_A, "k", "new"));
    store_txn_destroy(&reader);
    store_destroy(&store);
}

static void records_by_key(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct bytes key;
    struct bytes value;
    uint64_t count = 9;
    assert_int_equal(store_last(txn, TABLE_A, &key, &value, NULL), ERR_NOT_FOUND);
    assert_int_equal(store_del(txn, TABLE_A, bytes_of_text("x"), NULL), ERR_NOT_FOUND);
    assert_int_equal(store_put_append(txn, TABLE_A, bytes_of_text("b"), bytes_of_text(""), NULL),
                     ERR_OK);
    assert_int_equal(store_put_append(txn, TABLE_A, bytes_of_text("c"), bytes_of_text("3"), NULL),
                     ERR_OK);
    struct fault fault = {0};
    assert_int_equal(store_put_append(txn, TABLE_A, bytes_of_text("a"), bytes_of_text(""), &fault),
                     ERR_REFUSED);
    assert_non_null(strstr(fault.what, "a: append: the key does not sort last"));
    assert_int_equal(store_put_append(txn, TABLE_A, bytes_of_text("c"), bytes_of_text(""), NULL),
                     ERR_REFUSED);
    assert_true(holds(txn, TABLE_A, "c", "3"));
    assert_true(holds(txn, TABLE_A, "b", ""));
    assert_int_equal(store_last(txn, TABLE_A, &key, &value, NULL), ERR_OK);
    assert_true(bytes_equal(key, bytes_of_text("c")) && bytes_equal(value, bytes_of_text("3")));
    assert_int_equal(store_del(txn, TABLE_A, bytes_of_text("c"), NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_A, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_clear(txn, TABLE_A, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_A, &count, NULL), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    store_destroy(&store);
}

/* Puts rows of 4,000 bytes until an error, at most `limit`; the error, and how many went in. */
static enum err put_until_error(struct store_txn *txn, int limit, int *ret_rows)
{
    static const uint8_t value[4000] = {1};
    for (int i = 0; i < limit; i++) {
        uint8_t key[4] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1};
        enum err err = store_put(txn, TABLE_B, BYTES_OF(key), BYTES_OF(value), NULL);
        if (err != ERR_OK) {
            *ret_rows = i;
            return err;
        }
    }
    *ret_rows = limit;
    return ERR_OK;
}

static void full_map_kills_the_batch_then_grow_and_redo(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct store_txn *child = NULL;
    struct bytes value;
    struct fault fault = {0};
    int rows = 0;
    put_text(txn, TABLE_A, "kept", "1");
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    txn = begin_write(store);
    put_text(txn, TABLE_A, "batch", "1");
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    assert_int_equal(put_until_error(child, 1000, &rows), ERR_MAP_FULL);
    assert_true(rows > 50);
    /* dead is dead: get, put, child, commit, parent */
    assert_int_equal(store_get(child, TABLE_A, bytes_of_text("kept"), &value, NULL), ERR_MAP_FULL);
    assert_int_equal(store_commit(&child, NULL), ERR_MAP_FULL);
    assert_null(child);
    assert_int_equal(store_put(txn, TABLE_A, bytes_of_text("k"), bytes_of_text("v"), NULL),
                     ERR_MAP_FULL);
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_MAP_FULL);
    assert_int_equal(store_commit(&txn, &fault), ERR_MAP_FULL);
    assert_non_null(strstr(fault.what, "the transaction failed before (map-full)"));
    struct store_stats before;
    struct store_stats after;
    store_stats_of(store, &before);
    assert_int_equal(store_grow(store, &fault), ERR_OK);
    assert_int_equal(store_grow(store, &fault), ERR_OK);
    assert_int_equal(store_grow(store, &fault), ERR_OK);
    store_stats_of(store, &after);
    assert_true(after.map_size == before.map_size * 8 && before.map_size == 1 << 20);
    txn = begin_write(store);
    assert_false(holds(txn, TABLE_A, "batch", "1"));
    assert_true(holds(txn, TABLE_A, "kept", "1"));
    assert_int_equal(put_until_error(txn, 1000, &rows), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    store_stats_of(store, &after);
    assert_true(after.used_percent > 40 && after.used_percent < 80);
    assert_int_equal(after.commits, before.commits + 1);
    assert_int_equal(after.readers_max, STORE_READERS_MAX);
    store_destroy(&store);
    store =
        open_or_fail(&options); /* the grown size is remembered, the smaller option is not taken */
    store_stats_of(store, &after);
    assert_true(after.map_size == 8 << 20);
    store_destroy(&store);
}

/* Commits a large batch while files may not grow over `limit` bytes, which stands in for a full
 * disk: pwrite fails all the same, at once or in the middle. */
static enum err commit_on_a_full_disk(struct store *store, rlim_t limit, struct fault *fault)
{
    struct rlimit before;
    int rows = 0;
    struct store_txn *txn = begin_write(store);
    assert_int_equal(put_until_error(txn, 500, &rows), ERR_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = limit, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = store_commit(&txn, fault);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_null(txn);
    return err;
}

static void full_disk_loses_the_batch_only(void **state)
{
    static const rlim_t limits[] = {4096, 8192, 9000, 64 << 10, 256 << 10, (256 << 10) + 100};
    struct store_options options = options_of(*state);
    options.map_size = 64 << 20;
    struct store *store = open_or_fail(&options);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct fault fault = {0};
        uint64_t count = 9;
        struct store_txn *txn = begin_write(store);
        put_text(txn, TABLE_A, "kept", "1");
        assert_int_equal(store_commit(&txn, NULL), ERR_OK);
        assert_int_equal(commit_on_a_full_disk(store, limits[i], &fault), ERR_FULL);
        assert_non_null(strstr(fault.what, "storage full"));
        txn = begin_write(store); /* room again: earlier commits are intact, the next works */
        assert_true(holds(txn, TABLE_A, "kept", "1"));
        assert_int_equal(store_count(txn, TABLE_B, &count, NULL), ERR_OK);
        assert_int_equal(count, 0);
        assert_int_equal(store_clear(txn, TABLE_A, NULL), ERR_OK);
        assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    }
    store_destroy(&store);
}

static struct store *open_place(const struct place *place)
{
    struct store *store = NULL;
    struct store_options options = options_of(place);
    MUST(store_open(&options, &store, NULL) == ERR_OK);
    return store;
}

/* An abort before this line would also count; a made-up exit shows that set-up works. */
static void ignore(enum err err)
{
    (void)err;
}

static void nothing_wrong(const struct place *place)
{
    struct store *store = open_place(place);
    store_destroy(&store);
}

static void two_writers(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *first = NULL;
    struct store_txn *second = NULL;
    ignore(store_begin_write(store, &first, NULL));
    ignore(store_begin_write(store, &second, NULL));
}

static void write_in_a_reader(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    ignore(store_begin_read(store, &txn, NULL));
    ignore(store_put(txn, TABLE_A, bytes_of_text("k"), bytes_of_text("v"), NULL));
}

static void use_parent_beside_child(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    struct store_txn *child = NULL;
    ignore(store_begin_write(store, &txn, NULL));
    ignore(store_begin_child(txn, &child, NULL));
    ignore(store_put(txn, TABLE_A, bytes_of_text("k"), bytes_of_text("v"), NULL));
}

static void grow_beside_a_reader(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    ignore(store_begin_read(store, &txn, NULL));
    ignore(store_grow(store, NULL));
}

static void close_beside_a_reader(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    ignore(store_begin_read(store, &txn, NULL));
    store_destroy(&store);
}

static void empty_key(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    ignore(store_begin_write(store, &txn, NULL));
    ignore(store_put(txn, TABLE_A, bytes_of_text(""), bytes_of_text("v"), NULL));
}

static void foreign_table(const struct place *place)
{
    struct store *store = open_place(place);
    struct store_txn *txn = NULL;
    ignore(store_begin_write(store, &txn, NULL));
    ignore(store_put(txn, TABLE_COUNT, bytes_of_text("k"), bytes_of_text("v"), NULL));
}

static void misuse_aborts(void **state)
{
    assert_false(aborts(nothing_wrong, *state));
    assert_true(aborts(two_writers, *state));
    assert_true(aborts(write_in_a_reader, *state));
    assert_true(aborts(use_parent_beside_child, *state));
    assert_true(aborts(grow_beside_a_reader, *state));
    assert_true(aborts(close_beside_a_reader, *state));
    assert_true(aborts(empty_key, *state));
    assert_true(aborts(foreign_table, *state));
}

static void count_commit(void *ctx, int64_t us)
{
    assert_true(us >= 0);
    (*(int *)ctx)++;
}

static void durable_commits_are_timed(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *child = NULL;
    int told = 0;
    store_time_commits(store, count_commit, &told);
    struct store_txn *txn = begin_write(store);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(told, 0); /* it wrote nothing, so it waited for nothing */
    txn = begin_write(store);
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    put_text(child, TABLE_A, "k", "1");
    assert_int_equal(store_commit(&child, NULL), ERR_OK);
    assert_int_equal(told, 0);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(told, 1);
    store_time_commits(store, NULL, NULL);
    txn = begin_write(store);
    put_text(txn, TABLE_A, "k", "2");
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(told, 1);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(child_is_all_or_nothing),
        STORE_TEST(reader_sees_one_state),
        STORE_TEST(records_by_key),
        STORE_TEST(full_map_kills_the_batch_then_grow_and_redo),
        STORE_TEST(full_disk_loses_the_batch_only),
        STORE_TEST(durable_commits_are_timed),
        STORE_TEST(misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
