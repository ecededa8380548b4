/* Goal: a watch knows each key that a piece of work changed, once, with what stood there before,
 * and nothing of what was undone. Method: scripted writes in transactions and children; a random
 * run against a plain comparison of the tables before and after. */
#include "tests/unit/store/fixture.h"

static const struct store_tables only_a = {{1U << TABLE_A}};
static const struct store_tables both = {{1U << TABLE_A | 1U << TABLE_B}};

static bool changed(const struct store_txn *txn, size_t index, size_t table, const char *key,
                    const char *before)
{
    struct store_change change = store_watch_at(txn, index);
    return change.table == table && bytes_equal(change.key, bytes_of_text(key)) &&
           change.was_there == (before != NULL) &&
           (before == NULL || bytes_equal(change.before, bytes_of_text(before)));
}

static void del_text(struct store_txn *txn, size_t table, const char *key)
{
    assert_int_equal(store_del(txn, table, bytes_of_text(key), NULL), ERR_OK);
}

/* More tables than one word has bits: each is itself and no other. */
static void a_set_of_tables_holds_what_was_added(void **state)
{
    (void)state;
    for (size_t table = 0; table < STORE_TABLES_MAX; table++) {
        struct store_tables set = {0};
        store_tables_add(&set, table);
        for (size_t other = 0; other < STORE_TABLES_MAX; other++) {
            assert_int_equal(store_tables_has(&set, other), other == table);
        }
    }
}

static void each_key_is_known_once_with_what_stood_there(void **state)
{
    struct store_options options = options_of(*state);
    AUTO(store_destroy) struct store *store = open_or_fail(&options);
    AUTO(store_txn_destroy) struct store_txn *txn = begin_write(store);
    put_text(txn, TABLE_A, "old", "1");
    put_text(txn, TABLE_A, "dead", "2");
    store_watch_begin(txn, only_a);
    put_text(txn, TABLE_A, "old", "longer than it was");
    put_text(txn, TABLE_A, "new", "3");
    put_text(txn, TABLE_A, "old", "4");
    put_text(txn, TABLE_B, "not watched", "5");
    del_text(txn, TABLE_A, "dead");
    assert_int_equal(store_del(txn, TABLE_A, bytes_of_text("never"), NULL), ERR_NOT_FOUND);
    assert_int_equal(store_watch_count(txn), 4);
    assert_true(changed(txn, 0, TABLE_A, "old", "1"));
    assert_true(changed(txn, 1, TABLE_A, "new", NULL));
    assert_true(changed(txn, 2, TABLE_A, "dead", "2"));
    assert_true(changed(txn, 3, TABLE_A, "never", NULL));
    store_watch_end(txn);
    put_text(txn, TABLE_A, "after", "6");
    store_watch_begin(txn, both);
    assert_int_equal(store_watch_count(txn), 0);
    put_text(txn, TABLE_B, "old", "7");
    assert_int_equal(store_watch_count(txn), 1);
    assert_true(changed(txn, 0, TABLE_B, "old", NULL));
}

static void what_a_child_undid_is_forgotten(void **state)
{
    struct store_options options = options_of(*state);
    AUTO(store_destroy) struct store *store = open_or_fail(&options);
    AUTO(store_txn_destroy) struct store_txn *txn = begin_write(store);
    struct store_txn *child = NULL;
    struct store_txn *grandchild = NULL;
    store_watch_begin(txn, both);
    put_text(txn, TABLE_A, "mine", "1");
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    put_text(child, TABLE_A, "mine", "2");
    put_text(child, TABLE_B, "undone", "3");
    store_txn_destroy(&child);
    assert_int_equal(store_watch_count(txn), 1);
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    put_text(child, TABLE_A, "kept", "4");
    assert_int_equal(store_begin_child(child, &grandchild, NULL), ERR_OK);
    put_text(grandchild, TABLE_A, "undone too", "5");
    store_txn_destroy(&grandchild);
    put_text(child, TABLE_B, "undone", "6"); /* the same key, now for good */
    assert_int_equal(store_commit(&child, NULL), ERR_OK);
    assert_int_equal(store_watch_count(txn), 3);
    assert_true(changed(txn, 0, TABLE_A, "mine", NULL));
    assert_true(changed(txn, 1, TABLE_A, "kept", NULL));
    assert_true(changed(txn, 2, TABLE_B, "undone", NULL));
}

static void a_watch_ends_with_its_transaction(void **state)
{
    struct store_options options = options_of(*state);
    AUTO(store_destroy) struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct store_txn *child = NULL;
    assert_int_equal(store_begin_child(txn, &child, NULL), ERR_OK);
    store_watch_begin(child, only_a);
    put_text(child, TABLE_A, "k", "v");
    store_txn_destroy(&child);
    store_watch_begin(txn, only_a);
    assert_int_equal(store_watch_count(txn), 0);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    txn = begin_write(store);
    store_watch_begin(txn, only_a);
    store_txn_destroy(&txn);
}

enum { KEYS = 400, WRITES = 3000 };

/* Fits no LMDB page boundary in particular; grows rows, bytes and slots several times. */
static void a_random_run_is_the_difference_of_the_tables(void **state)
{
    struct store_options options = options_of(*state);
    AUTO(store_destroy) struct store *store = open_or_fail(&options);
    AUTO(store_txn_destroy) struct store_txn *txn = begin_write(store);
    static int before[KEYS];
    static bool touched[KEYS];
    unsigned seed = 12345;
    size_t expected = 0;
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        before[i] = i % 3 == 0 ? -1 : i;
        (void)snprintf(key, sizeof(key), "k%d", i);
        if (before[i] >= 0) {
            char value[64];
            (void)snprintf(value, sizeof(value), "value %050d", i);
            put_text(txn, TABLE_A, key, value);
        }
    }
    store_watch_begin(txn, both);
    for (int i = 0; i < WRITES; i++) {
        char key[16];
        seed = seed * 1103515245U + 12345U;
        unsigned k = seed / 65536 % KEYS;
        (void)snprintf(key, sizeof(key), "k%u", k);
        if (seed / 16 % 2 == 0) {
            put_text(txn, TABLE_A, key, "written");
        } else {
            enum err err = store_del(txn, TABLE_A, bytes_of_text(key), NULL);
            assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
        }
        expected += !touched[k];
        touched[k] = true;
    }
    assert_true(expected > 300);
    assert_int_equal(store_watch_count(txn), expected);
    for (size_t i = 0; i < expected; i++) {
        struct store_change change = store_watch_at(txn, i);
        char key[16] = "";
        memcpy(key, change.key.data, change.key.size);
        int k = (int)strtol(key + 1, NULL, 10);
        char value[64];
        (void)snprintf(value, sizeof(value), "value %050d", k);
        assert_true(touched[k]);
        touched[k] = false; /* once only */
        assert_true(changed(txn, i, TABLE_A, key, before[k] < 0 ? NULL : value));
    }
}

static void clears_a_watched_table(const struct place *place)
{
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    store_watch_begin(txn, only_a);
    enum err err = store_clear(txn, TABLE_A, NULL);
    (void)err;
}

static void watches_twice(const struct place *place)
{
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    store_watch_begin(txn, only_a);
    store_watch_begin(txn, only_a);
}

static void misuse_aborts(void **state)
{
    assert_true(aborts(clears_a_watched_table, *state));
    assert_true(aborts(watches_twice, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_of_tables_holds_what_was_added),
        STORE_TEST(each_key_is_known_once_with_what_stood_there),
        STORE_TEST(what_a_child_undid_is_forgotten),
        STORE_TEST(a_watch_ends_with_its_transaction),
        STORE_TEST(a_random_run_is_the_difference_of_the_tables),
        STORE_TEST(misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
