/* Goal: a walk gives every row of its range once, in order, whatever is written on the way. Method:
 * all ranges over a small table against a plain search of the same keys, then writes while walking.
 */
#include "tests/unit/store/fixture.h"

static const char *const keys[] = {"a", "b", "b\x01", "ba", "bb", "b\xff", "b\xff\xff", "c"};

static struct store_txn *with_keys(struct store *store)
{
    struct store_txn *txn = begin_write(store);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        put_text(txn, TABLE_A, keys[i], keys[i]);
    }
    return txn;
}

/* The walked keys joined by spaces. */
static const char *walked(struct store_iter *iter)
{
    static char joined[200];
    struct bytes key;
    struct bytes value;
    joined[0] = '\0';
    enum err err = ERR_OK;
    while ((err = store_iter_next(iter, &key, &value, NULL)) == ERR_OK) {
        size_t used = strlen(joined);
        assert_true(bytes_equal(key, value));
        (void)snprintf(joined + used, sizeof(joined) - used, "%s%.*s", used == 0 ? "" : " ",
                       (int)key.size, (const char *)key.data);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(store_iter_next(iter, &key, &value, NULL), ERR_NOT_FOUND);
    store_iter_end(iter);
    store_iter_end(iter);
    return joined;
}

/* What a walk must give, by the rule itself: from <= key < until, empty bounds open. */
static const char *expected(const char *from, const char *until, bool backward)
{
    static char joined[200];
    joined[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *key = keys[backward ? ARRAY_LEN(keys) - 1 - i : i];
        if (strcmp(key, from) >= 0 && (*until == '\0' || strcmp(key, until) < 0)) {
            size_t used = strlen(joined);
            (void)snprintf(joined + used, sizeof(joined) - used, "%s%s", used == 0 ? "" : " ", key);
        }
    }
    return joined;
}

static void every_range_both_ways(void **state)
{
    static const char *const bounds[] = {"",   "0",  "a",     "a\xff",     "b", "b\x01", "b\x02",
                                         "bb", "bc", "b\xff", "b\xff\xff", "c", "d"};
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = with_keys(store);
    for (size_t f = 0; f < ARRAY_LEN(bounds); f++) {
        for (size_t u = 0; u < ARRAY_LEN(bounds); u++) {
            struct store_iter iter = {0};
            struct bytes from = bytes_of_text(bounds[f]);
            struct bytes until = bytes_of_text(bounds[u]);
            assert_int_equal(store_iter_range(txn, TABLE_A, from, until, 99, &iter, NULL), ERR_OK);
            assert_string_equal(walked(&iter), expected(bounds[f], bounds[u], false));
            assert_int_equal(store_iter_range_back(txn, TABLE_A, from, until, 99, &iter, NULL),
                             ERR_OK);
            assert_string_equal(walked(&iter), expected(bounds[f], bounds[u], true));
        }
    }
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void prefixes(void **state)
{
    static const struct {
        const char *prefix, *walk;
    } rows[] = {
        {"",         "a b b\x01 ba bb b\xff b\xff\xff c"},
        {"a",        "a"                                },
        {"b",        "b b\x01 ba bb b\xff b\xff\xff"    },
        {"b\xff",    "b\xff b\xff\xff"                  },
        {"\xff\xff", ""                                 },
        {"bc",       ""                                 },
    };
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = with_keys(store);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_iter iter = {0};
        assert_int_equal(
            store_iter_prefix(txn, TABLE_A, bytes_of_text(rows[i].prefix), 99, &iter, NULL),
            ERR_OK);
        assert_string_equal(walked(&iter), rows[i].walk);
    }
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void limit_cuts_and_says_so(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = with_keys(store);
    struct store_iter iter = {0};
    assert_int_equal(store_iter_prefix(txn, TABLE_A, bytes_of_text("b"), 2, &iter, NULL), ERR_OK);
    assert_string_equal(walked(&iter), "b b\x01");
    assert_true(iter.cut);
    assert_int_equal(store_iter_prefix(txn, TABLE_A, bytes_of_text("b"), 6, &iter, NULL), ERR_OK);
    assert_string_equal(walked(&iter), "b b\x01 ba bb b\xff b\xff\xff");
    assert_false(iter.cut);
    assert_int_equal(store_iter_prefix(txn, TABLE_B, bytes_of_text(""), 0, &iter, NULL), ERR_OK);
    assert_string_equal(walked(&iter), "");
    assert_false(iter.cut);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

enum { ROWS = 3000 };

enum { TEXT_SIZE = 16 };

static void number_key(char key[TEXT_SIZE], int number)
{
    (void)snprintf(key, TEXT_SIZE, "%06d", number);
}

/* Deletes each row it meets, puts one behind and one far ahead: pages split and merge below it. */
static void walk_while_writing(void **state)
{
    struct store_options options = options_of(*state);
    options.map_size = 64 << 20;
    struct store *store = open_or_fail(&options);
    for (int back = 0; back <= 1; back++) {
        struct store_txn *txn = begin_write(store);
        static const struct bytes open = {.data = NULL, .size = 0};
        struct store_iter iter = {0};
        struct bytes key;
        struct bytes value;
        int met = 0;
        char text[TEXT_SIZE];
        for (int i = 0; i < ROWS; i++) {
            number_key(text, 2 * i);
            put_text(txn, TABLE_A, text, "a row with some text in it, so that pages fill up");
        }
        assert_int_equal((back ? store_iter_range_back : store_iter_range)(txn, TABLE_A, open, open,
                                                                           2 * ROWS, &iter, NULL),
                         ERR_OK);
        while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
            number_key(text, 2 * (back ? ROWS - 1 - met : met));
            assert_memory_equal(key.data, text, 6);
            met++;
            assert_int_equal(store_del(txn, TABLE_A, bytes_of_text(text), NULL), ERR_OK);
            text[0] = back ? '9' : '!'; /* sorts where the walk has been */
            put_text(txn, TABLE_A, text, "put behind the walk");
        }
        assert_int_equal(met, ROWS);
        store_iter_end(&iter);
        store_txn_destroy(&txn);
    }
    store_destroy(&store);
}

static void rows_put_ahead_are_met(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct store_iter iter = {0};
    struct bytes key;
    struct bytes value;
    put_text(txn, TABLE_A, "1", "1");
    assert_int_equal(store_iter_prefix(txn, TABLE_A, bytes_of_text(""), 9, &iter, NULL), ERR_OK);
    assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_OK);
    put_text(txn, TABLE_A, "0", "0");
    put_text(txn, TABLE_A, "2", "2");
    assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_OK);
    assert_true(bytes_equal(key, bytes_of_text("2")));
    assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_NOT_FOUND);
    store_iter_end(&iter);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

/* The hardest case: the table is emptied and filled again below the walk. */
static void a_cleared_table_is_walked_from_where_it_was(void **state)
{
    static const struct bytes open = {.data = NULL, .size = 0};
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    for (int back = 0; back <= 1; back++) {
        struct store_txn *txn = with_keys(store);
        struct store_iter iter = {0};
        struct bytes key;
        struct bytes value;
        assert_int_equal((back ? store_iter_range_back : store_iter_range)(txn, TABLE_A, open, open,
                                                                           99, &iter, NULL),
                         ERR_OK);
        for (int i = 0; i < 3; i++) { /* forward: at b 01, back: at b ff */
            assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_OK);
        }
        assert_int_equal(store_clear(txn, TABLE_A, NULL), ERR_OK);
        put_text(txn, TABLE_A, "a", "a");
        put_text(txn, TABLE_A, "bx", "bx");
        put_text(txn, TABLE_A, "d", "d");
        assert_string_equal(walked(&iter), back ? "bx a" : "bx d");
        store_txn_destroy(&txn);
    }
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(every_range_both_ways),  STORE_TEST(prefixes),
        STORE_TEST(limit_cuts_and_says_so), STORE_TEST(walk_while_writing),
        STORE_TEST(rows_put_ahead_are_met), STORE_TEST(a_cleared_table_is_walked_from_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
