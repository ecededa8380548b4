/* Goal: a compact copy of a state of before becomes what the store is now, and takes its place;
 * given up, or cut short, nothing has changed. Method: real stores, records that are written,
 * changed and deleted while the copy is there, a map that is nearly full. */
#include "tests/unit/store/fixture.h"

static void copy_dir(const struct place *place, char out[128])
{
    (void)snprintf(out, 128, "%s/copy", place->root);
}

static void commit(struct store_txn **txn)
{
    assert_int_equal(store_commit(txn, NULL), ERR_OK);
}

static void del_text(struct store_txn *txn, size_t table, const char *key)
{
    assert_int_equal(store_del(txn, table, bytes_of_text(key), NULL), ERR_OK);
}

static struct store_place place_of(size_t table, const char *key)
{
    return (struct store_place){.table = table, .key = bytes_of_text(key)};
}

/* A store with two records, and a copy of it; then one is changed, one deleted, one comes in each
 * table. */
static struct store *begin(const struct place *place, char copy[128])
{
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    copy_dir(place, copy);
    put_text(txn, TABLE_A, "changed", "before");
    put_text(txn, TABLE_A, "deleted", "1");
    put_text(txn, TABLE_B, "stays", "2");
    commit(&txn);
    assert_int_equal(store_copy(store, copy, NULL), ERR_OK);
    txn = begin_write(store);
    put_text(txn, TABLE_A, "changed", "after");
    put_text(txn, TABLE_B, "new", "3");
    del_text(txn, TABLE_A, "deleted");
    commit(&txn);
    return store;
}

static void assert_is_now(struct store *store)
{
    uint64_t count = 0;
    struct store_txn *txn = begin_read(store);
    assert_true(holds(txn, TABLE_A, "changed", "after"));
    assert_true(holds(txn, TABLE_B, "new", "3"));
    assert_true(holds(txn, TABLE_B, "stays", "2"));
    assert_int_equal(store_count(txn, TABLE_A, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    store_txn_destroy(&txn);
}

static void what_was_written_since_is_brought(void **state)
{
    char copy[128];
    const struct place *place = *state;
    struct store *store = begin(place, copy);
    struct store_swap *swap = NULL;
    const struct store_place late[] = {place_of(TABLE_A, "changed"), place_of(TABLE_A, "deleted"),
                                       place_of(TABLE_B, "new"), place_of(TABLE_B, "never was")};
    assert_int_equal(store_swap_begin(store, copy, &swap, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        assert_int_equal(store_swap_bring(swap, &late[i], 1, NULL), ERR_OK);
    }
    assert_is_now(store); /* itself is as it was */
    assert_int_equal(store_swap_end(&swap, NULL), ERR_OK);
    assert_null(swap);
    assert_is_now(store);
    assert_int_equal(store_wipe_old(place->dir, NULL), ERR_OK);
    store_destroy(&store);
    struct store_options options = options_of(place);
    store = open_or_fail(&options);
    assert_is_now(store);
    store_destroy(&store);
}

static void given_up_nothing_has_changed(void **state)
{
    char copy[128];
    const struct place *place = *state;
    struct store *store = begin(place, copy);
    struct store_swap *swap = NULL;
    const struct store_place late = place_of(TABLE_A, "changed");
    assert_int_equal(store_swap_begin(store, copy, &swap, NULL), ERR_OK);
    assert_int_equal(store_swap_bring(swap, &late, 1, NULL), ERR_OK);
    store_swap_destroy(&swap);
    store_swap_destroy(&swap);
    assert_is_now(store);
    store_destroy(&store);
}

static void without_a_copy_it_does_not_begin(void **state)
{
    char copy[128];
    const struct place *place = *state;
    struct store *store = begin(place, copy);
    struct store_swap *swap = NULL;
    struct fault fault = {0};
    remove_files(copy);
    assert_int_not_equal(store_swap_begin(store, copy, &swap, &fault), ERR_OK);
    assert_null(swap);
    assert_true(strlen(fault.what) > 0);
    assert_is_now(store);
    store_destroy(&store);
}

enum { ROWS = 150, AT_ONCE = 30, VALUE = 1500 }; /* in a map of 1 MiB */

static char row_keys[ROWS][16];

/* All rows, few in one commit, so that the store itself uses its pages again. */
static void write_rows(struct store *store, const char *value)
{
    for (size_t first = 0; first < ROWS; first += AT_ONCE) {
        struct store_txn *txn = begin_write(store);
        for (size_t i = first; i < first + AT_ONCE; i++) {
            (void)snprintf(row_keys[i], sizeof(row_keys[i]), "key-%04zu", i);
            put_text(txn, TABLE_A, row_keys[i], value);
        }
        commit(&txn);
    }
}

/* Every record is changed: the copy needs twice the pages, and its map grows. */
static void a_map_that_is_too_small_grows(void **state)
{
    char copy[128];
    char value[VALUE + 1];
    static struct store_place late[ROWS];
    const struct place *place = *state;
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    struct store_swap *swap = NULL;
    copy_dir(place, copy);
    memset(value, '1', VALUE);
    value[VALUE] = '\0';
    write_rows(store, value);
    assert_int_equal(store_copy(store, copy, NULL), ERR_OK);
    assert_int_equal(store_swap_begin(store, copy, &swap, NULL), ERR_OK);
    memset(value, '2', VALUE);
    write_rows(store, value);
    for (size_t i = 0; i < ROWS; i++) {
        late[i] = place_of(TABLE_A, row_keys[i]);
    }
    assert_int_equal(store_swap_bring(swap, late, ROWS, NULL), ERR_OK);
    assert_int_equal(store_swap_end(&swap, NULL), ERR_OK);
    struct store_stats stats;
    store_stats_of(store, &stats);
    assert_true(stats.map_size > options.map_size);
    struct store_txn *txn = begin_read(store);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(holds(txn, TABLE_A, row_keys[i], value));
    }
    store_txn_destroy(&txn);
    assert_int_equal(store_wipe_old(place->dir, NULL), ERR_OK);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_was_written_since_is_brought),
        STORE_TEST(given_up_nothing_has_changed),
        STORE_TEST(without_a_copy_it_does_not_begin),
        STORE_TEST(a_map_that_is_too_small_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
