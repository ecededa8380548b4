/* Goal: entries that are shown have numbers without gaps, both ways, however many hidden ones stand
 * between them, and each way is as much work. Method: journals of ten entries, many patterns of
 * hidden ones; a plain count beside. */
#include "controller/store/hidden_store.h"

#include <stdio.h>

#include "tests/unit/controller/headcount_fixture.h"

enum { ENTRIES = 10 };

static uint64_t steps_of(struct fixture *f)
{
    struct store_stats stats;
    store_stats_of(f->store, &stats);
    return stats.steps;
}

static void compare(struct fixture *f, unsigned pattern)
{
    uint64_t shown = 0;
    uint64_t work = UINT64_MAX;
    for (uint64_t sequence = 1; sequence <= ENTRIES; sequence++) {
        uint64_t number = 0;
        uint64_t back = 0;
        bool hidden = (pattern >> (sequence - 1) & 1) != 0;
        shown += !hidden;
        assert_int_equal(hidden_shown(f->txn, sequence, &number, NULL), ERR_OK);
        assert_int_equal(number, shown);
        uint64_t before = steps_of(f);
        assert_int_equal(hidden_sequence(f->txn, number, &back, NULL), ERR_OK);
        assert_true(work == UINT64_MAX || steps_of(f) - before <= 1);
        work = steps_of(f) - before;
        if (!hidden) {
            assert_int_equal(back, sequence);
        }
    }
    uint64_t none = 1;
    assert_int_equal(hidden_sequence(f->txn, 0, &none, NULL), ERR_OK);
    assert_int_equal(none, 0);
    uint64_t next = 0;
    assert_int_equal(hidden_sequence(f->txn, shown + 1, &next, NULL), ERR_OK);
    assert_int_equal(next, ENTRIES + 1);
}

static void numbers_have_no_gaps(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern < 1U << ENTRIES; pattern += pattern < 32 ? 1 : 37) {
        struct fixture opened;
        struct fixture *f = &opened;
        fixture_open(f);
        for (uint64_t sequence = 1; sequence <= ENTRIES; sequence++) {
            if ((pattern >> (sequence - 1) & 1) != 0) {
                assert_int_equal(hidden_note(f->txn, sequence, NULL), ERR_OK);
            }
        }
        compare(f, pattern);
        fixture_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_have_no_gaps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
