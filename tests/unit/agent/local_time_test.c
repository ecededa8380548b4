/* Goal: a device's local time becomes the right instant, and what is no time becomes none. Method:
 * rows of texts in Shanghai and in a zone that changes its clocks. */
#include "reader-agent/driver/local_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static struct tz_table zone;

static void in_shanghai(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"2025-06-02 08:00:00",       INT64_C(1748822400000000)},
        {"2025/06/02 08:00:00",       INT64_C(1748822400000000)},
        {"2025-06-02T08:00:00",       INT64_C(1748822400000000)},
        {"2025-06-02 08:00:00.250",   INT64_C(1748822400250000)},
        {"2025-06-02 08:00:59",       INT64_C(1748822459000000)},
        {"2025-06-02 00:00:00",       INT64_C(1748793600000000)},
        {"1970-01-01 00:00:00",       0                        }, /* 1969 where it is UTC */
        {"2025-06/02 08:00:00",       0                        },
        {"2025-6-2 8:00:00",          0                        },
        {"2025-02-29 08:00:00",       0                        },
        {"2025-06-02 24:00:00",       0                        },
        {"2025-06-02 08:60:00",       0                        },
        {"2025-06-02 08:00:60",       0                        },
        {"2025-06-02 08:00",          0                        },
        {"2025-06-02 08:00:00 ",      0                        },
        {"2025-06-02 08:00:00+08:00", 0                        },
        {"2025-06-02 08:00:00.",      0                        },
        {"1969-12-31 23:59:59",       0                        },
        {"2200-01-01 00:00:00",       0                        },
        {"",                          0                        },
        {"2025",                      0                        },
    };
    assert_int_equal(tz_load(TZ_DIRECTORY, "Asia/Shanghai", &zone, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (local_time(rows[i].text, &zone).us != rows[i].us) {
            fail_msg("`%s`: %lld", rows[i].text, (long long)local_time(rows[i].text, &zone).us);
        }
    }
    assert_int_equal(local_time("2025-06-02 08:00:00", NULL).us, INT64_C(1748851200000000));
}

static void a_time_that_is_not_known_is_a_time(void **state)
{
    (void)state;
    struct wall when = {.us = 5};
    assert_int_equal(tz_load(TZ_DIRECTORY, "Asia/Shanghai", &zone, NULL), ERR_OK);
    assert_true(local_time_read("1970-01-01 00:00:30", &zone, &when));
    assert_int_equal(when.us, 0);
    when.us = 5;
    assert_false(local_time_read("yesterday", &zone, &when));
    assert_int_equal(when.us, 5);
}

static void across_a_change_of_clocks(void **state)
{
    (void)state;
    assert_int_equal(tz_load(TZ_DIRECTORY, "Europe/Berlin", &zone, NULL), ERR_OK);
    int64_t before = local_time("2025-03-30 01:59:59", &zone).us;
    int64_t after = local_time("2025-03-30 03:00:00", &zone).us;
    assert_int_equal(after - before, 1000000);
    assert_int_equal(local_time("2025-10-26 02:30:00", &zone).us,
                     INT64_C(1761438600000000)); /* the first of both */
}

static void seconds_of_the_epoch(void **state)
{
    (void)state;
    assert_int_equal(local_time_epoch(1750000000).us, INT64_C(1750000000000000));
    assert_int_equal(local_time_epoch(0).us, 0);
    assert_int_equal(local_time_epoch(UINT64_C(1750000000000)).us, 0); /* milliseconds */
    assert_int_equal(local_time_epoch(UINT64_MAX).us, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_shanghai),
        cmocka_unit_test(a_time_that_is_not_known_is_a_time),
        cmocka_unit_test(across_a_change_of_clocks),
        cmocka_unit_test(seconds_of_the_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
