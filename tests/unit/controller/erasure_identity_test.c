/* Goal: no hash of an erased person's identity number leads to him, under whichever key of an
 * authority it was made. Method: a whole controller with an authority whose matching key is
 * replaced; after the erasure the tables of hashes are walked. */
#include "tests/unit/controller/station_fixture.h"

#include "common/facts/tables.h"

#define NUMBER "330102199003070094"

static size_t rows_that_hold(struct world *w, size_t table, const char *person)
{
    struct bytes key;
    struct bytes value;
    struct handle handle;
    size_t count = 0;
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, UINT64_MAX, &iter, NULL),
                     ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        count += memmem(key.data, key.size, handle.bytes, HANDLE_SIZE) != NULL ||
                 memmem(value.data, value.size, handle.bytes, HANDLE_SIZE) != NULL;
    }
    store_iter_end(&iter);
    store_txn_destroy(&txn);
    return count;
}

static const char *add_person(struct world *w, char out[HANDLE_TEXT_SIZE])
{
    (void)snprintf(out, HANDLE_TEXT_SIZE, "%s",
                   note(admin(w, "person.add", "tenant", "acme", "kind", "day", "name", "Li",
                              "id_number", NUMBER, NULL),
                        "person"));
    return out;
}

static void replace_key(struct station *s)
{
    agreed(s->w, "authority.replace", "name", STATION, "matching", "yes", "reason", "yearly",
                NULL);
    let_tick(s->w, 10 * SECOND_US);
}

static void none_is_left_of_an_erased_person(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct world *w = *state;
    struct station s = station_join(w);
    let_tick(w, 5 * SECOND_US);
    (void)add_person(w, li);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, li), 1);
    for (int i = 0; i < 3; i++) {
        replace_key(&s);
        /* and no more with each key: the former one is forgotten */
        assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, li), 1);
        assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY_OF, li), 1);
    }
    (void)assert_replays(w);
    (void)admin(w, "person.erase", "person", li, "reason", "he asked", NULL);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, li), 0);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY_OF, li), 0);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_TARGET, li), 0);
    (void)assert_replays(w);
    station_end(&s);
}

/* Erased between the replacement and the walk over all holders: the former key's hash is known by
 * its holder alone. */
static void nor_of_one_who_is_erased_meanwhile(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    struct world *w = *state;
    struct station s = station_join(w);
    let_tick(w, 5 * SECOND_US);
    (void)add_person(w, li);
    agreed(w, "authority.replace", "name", STATION, "matching", "yes", "reason", "yearly",
                NULL);
    (void)admin(w, "person.erase", "person", li, "reason", "he asked", NULL);
    let_tick(w, 10 * SECOND_US);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, li), 0);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY_OF, li), 0);
    station_end(&s);
}

/* Who has the number now keeps it: an older handle's end takes nothing of his. */
static void the_next_one_keeps_his_number(void **state)
{
    char li[HANDLE_TEXT_SIZE];
    char again[HANDLE_TEXT_SIZE];
    struct world *w = *state;
    struct station s = station_join(w);
    let_tick(w, 5 * SECOND_US);
    (void)add_person(w, li);
    (void)admin(w, "person.erase", "person", li, "reason", "he asked", NULL);
    (void)add_person(w, again);
    assert_string_not_equal(li, again);
    replace_key(&s);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, li), 0);
    assert_int_equal(rows_that_hold(w, TABLE_WATCH_IDENTITY, again), 1);
    station_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(none_is_left_of_an_erased_person),
        WORLD_TEST(nor_of_one_who_is_erased_meanwhile),
        WORLD_TEST(the_next_one_keeps_his_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
