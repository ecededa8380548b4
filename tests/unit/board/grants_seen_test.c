/* Goal: no grant opens twice, however many come between. Method: more grants than are remembered,
 * in and out of order, across an epoch. */
#include "reader-agent/board/grants_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct grant_id id_of(uint32_t epoch, uint64_t sequence)
{
    return (struct grant_id){.epoch = epoch, .sequence = sequence};
}

static void once_and_never_again(void **state)
{
    (void)state;
    struct grants_seen seen = {.count = 0};
    for (uint64_t i = 1; i <= 5 * GRANTS_SEEN_MAX; i++) {
        assert_false(grants_seen_has(&seen, id_of(1, i)));
        grants_seen_add(&seen, id_of(1, i));
        for (uint64_t k = 1; k <= i; k += 97) {
            assert_true(grants_seen_has(&seen, id_of(1, k)));
        }
        assert_true(grants_seen_has(&seen, id_of(1, i)));
    }
}

static void out_of_order(void **state)
{
    (void)state;
    struct grants_seen seen = {.count = 0};
    grants_seen_add(&seen, id_of(1, 10));
    grants_seen_add(&seen, id_of(1, 8));
    assert_false(grants_seen_has(&seen, id_of(1, 9)));
    assert_true(grants_seen_has(&seen, id_of(1, 8)));
    /* What fell out may have been any below it: those are taken as seen. */
    for (uint64_t i = 0; i < GRANTS_SEEN_MAX; i++) {
        grants_seen_add(&seen, id_of(1, 100 + i));
    }
    assert_true(grants_seen_has(&seen, id_of(1, 9)));
    assert_true(grants_seen_has(&seen, id_of(1, 10)));
    assert_false(grants_seen_has(&seen, id_of(1, 11)));
}

static void a_new_epoch_begins_anew(void **state)
{
    (void)state;
    struct grants_seen seen = {.count = 0};
    for (uint64_t i = 1; i <= 2 * GRANTS_SEEN_MAX; i++) {
        grants_seen_add(&seen, id_of(1, i));
    }
    assert_false(grants_seen_has(&seen, id_of(2, 1)));
    grants_seen_add(&seen, id_of(2, 1));
    assert_true(grants_seen_has(&seen, id_of(2, 1)));
    assert_true(grants_seen_has(&seen, id_of(1, 2 * GRANTS_SEEN_MAX)));
}

/* Or else the first full disk would shut every lane of the board, 256 openings later. */
static void a_late_opening_forgets_no_other(void **state)
{
    (void)state;
    struct grants_seen seen = {.count = 0};
    grants_seen_add(&seen, id_of(GRANT_EPOCH_LATE, 1700000000000000));
    assert_true(grants_seen_has(&seen, id_of(GRANT_EPOCH_LATE, 1700000000000000)));
    for (uint64_t i = 1; i <= 2 * GRANTS_SEEN_MAX; i++) {
        assert_false(grants_seen_has(&seen, id_of(1, i)));
        grants_seen_add(&seen, id_of(1, i));
    }
    assert_false(grants_seen_has(&seen, id_of(GRANT_EPOCH_LATE, 1700000000000001)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_and_never_again),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(a_new_epoch_begins_anew),
        cmocka_unit_test(a_late_opening_forgets_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
