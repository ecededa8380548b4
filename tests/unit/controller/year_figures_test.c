/* Goal: the public figures of a year say how many entries acted in it, of each authority and matcher,
 * also after the entries were swept away, and no test entry is counted. Method: sums made by hand,
 * and a station's bundles with an officer's word, asked for a year and two later. */
#include "controller/store/watch_sum.h"
#include "tests/unit/controller/station_fixture.h"

static struct wall in_year(int year)
{
    return (struct wall){at_shanghai(TUESDAY, 12, 0) +
                         (int64_t)(year - 2026) * 365 * 86400 * SECOND_US};
}

static uint64_t acted(struct world *w, uint32_t year, const char *authority, const char *matcher)
{
    struct watch_sums sums;
    uint64_t count = 0;
    assert_int_equal(watch_sum_year(w->ctl->txn, year, &sums, NULL), ERR_OK);
    for (size_t i = 0; i < sums.count; i++) {
        if (strcmp(sums.items[i].authority, authority) == 0 &&
            strcmp(sums.items[i].matcher, matcher) == 0) {
            count += sums.items[i].begun - sums.items[i].ended;
        }
    }
    return count;
}

static void figures_made_by_hand(void **state)
{
    struct world *w = *state;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    struct store_txn *txn = w->ctl->txn;
    /* 2025: five begin, two end. 2026: three begin, four end. 2027: two end. */
    assert_int_equal(watch_sum_add(txn, "east", 1, in_year(2025), 5, 2, NULL), ERR_OK);
    assert_int_equal(watch_sum_add(txn, "east", 1, in_year(2026), 2, 3, NULL), ERR_OK);
    assert_int_equal(watch_sum_add(txn, "east", 1, in_year(2026), 1, 1, NULL), ERR_OK);
    assert_int_equal(watch_sum_add(txn, "east", 1, in_year(2027), 0, 2, NULL), ERR_OK);
    assert_int_equal(watch_sum_add(txn, "east", 3, in_year(2026), 7, 0, NULL), ERR_OK);
    assert_int_equal(watch_sum_add(txn, "west", 1, in_year(2026), 1, 0, NULL), ERR_OK);
    assert_int_equal(acted(w, 2024, "east", "plate"), 0);
    assert_int_equal(acted(w, 2025, "east", "plate"), 5);
    assert_int_equal(acted(w, 2026, "east", "plate"), 6); /* three of before, three new */
    assert_int_equal(acted(w, 2027, "east", "plate"), 2);
    assert_int_equal(acted(w, 2028, "east", "plate"), 0);
    assert_int_equal(acted(w, 2026, "east", "identity"), 7);
    assert_int_equal(acted(w, 2026, "west", "plate"), 1);
    store_txn_destroy(&w->ctl->txn);
}

static void a_stations_entries_are_counted(void **state)
{
    struct world *w = *state;
    struct link_key officer = operator_key(w, 71, "security", NULL, NULL, NULL);
    struct station s = station_join(w);
    struct watch_entry first = entry_of_plate(&s, "浙A12345");
    struct watch_entry second = entry_of_plate(&s, "浙A54321");
    struct watch_entry test = entry_of_plate(&s, "浙A00000");
    struct watch_entry person = entry_of_identity(&s, "11010519491231002X");
    struct watch_entry other = entry_of_identity(&s, "330102199001011234");
    put_add(&s, &first);
    put_add(&s, &second);
    put_add(&s, &test);
    put_add(&s, &person);
    assert_done(push(&s));
    assert_done(ask(w, officer, "watch.countersign", "entry", waiting_entry(&s, officer), NULL));
    put_withdraw(&s, "e0001");
    put_add(&s, &other); /* waits, and never acts */
    assert_done(push(&s));
    world_pass(w, INT64_C(330) * DAY_US); /* January 2027; all of them are long over */
    let_tick(w, 70 * SECOND_US); /* the sweep comes by */
    const Parkgate__Reply *year = admin(w, "alert.stats", "year", "2026", NULL);
    size_t rows = row_count(year);
    assert_int_equal(rows, 2);
    for (size_t i = 0; i < rows; i++) {
        bool plates = strcmp(cell(year, i, "matcher"), "plate") == 0;
        assert_string_equal(cell(year, i, "month"), "2026");
        assert_string_equal(cell(year, i, "kind"), "watch-entry");
        assert_string_equal(cell(year, i, "authority"), STATION);
        assert_string_equal(cell(year, i, "raised"), "");
        assert_string_equal(cell(year, i, "watch_entries"), plates ? "2" : "1");
    }
    world_pass(w, INT64_C(366) * DAY_US);
    assert_int_equal(row_count(admin(w, "alert.stats", "year", "2026", NULL)), 2);
    assert_int_equal(row_count(admin(w, "alert.stats", "year", "2027", NULL)), 0);
    (void)assert_replays(w);
    station_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_made_by_hand, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_stations_entries_are_counted, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
