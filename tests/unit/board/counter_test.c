/* Goal: every real edge is counted, across the wrap, and a board that began anew counts none.
 * Method: rows by hand, then every starting value. */
#include "reader-agent/board/counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"

struct row {
    uint16_t before;
    uint16_t now;
    int64_t elapsed_ms;
    uint32_t edges;
    bool restarted;
};

static const struct row rows[] = {
    {0,     0,                     20,      0,                 false},
    {5,     7,                     20,      2,                 false},
    {65535, 0,                     20,      1,                 false},
    {65534, 1,                     20,      3,                 false},
    {65534, 2,                     20,      0,                 true }, /* four in 20 ms are too many */
    {65534, 2,                     40,      4,                 false},
    {3,     0,                     20,      0,                 true },
    {3,     0,                     60000,   0,                 true },
    {1,     0,                     3600000, 0,                 true }, /* an hour does not make it 65,535 passages */
    {0,     COUNTER_EDGES_MAX,     3600000, COUNTER_EDGES_MAX, false},
    {0,     COUNTER_EDGES_MAX + 1, 3600000, 0,                 true },
    {0,     1,                     0,       1,                 false},
};

static void rows_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool restarted = !rows[i].restarted;
        assert_int_equal(
            counter_advance(rows[i].before, rows[i].now, rows[i].elapsed_ms, &restarted),
            rows[i].edges);
        assert_int_equal(restarted, rows[i].restarted);
    }
}

static void every_start_counts_one(void **state)
{
    (void)state;
    for (uint32_t before = 0; before <= UINT16_MAX; before++) {
        bool restarted = true;
        assert_int_equal(counter_advance((uint16_t)before, (uint16_t)(before + 1), 20, &restarted),
                         1);
        assert_false(restarted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_by_hand),
        cmocka_unit_test(every_start_counts_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
