/* Goal: a bucket gives its burst at once and then one a while, whatever was asked in between.
 * Method: a clock by hand. */
#include "common/base/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { EACH_MS = 1000, BURST = 3 };

static unsigned taken(struct bucket *bucket, int64_t now_ms, unsigned tries)
{
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++) {
        count += bucket_take(bucket, (struct mono){.us = now_ms * 1000}, EACH_MS, BURST);
    }
    return count;
}

static void a_burst_and_then_one_each(void **state)
{
    (void)state;
    struct bucket bucket = {{0}};
    assert_int_equal(taken(&bucket, 5000, 100), BURST);
    assert_int_equal(taken(&bucket, 5999, 100), 0);
    assert_int_equal(taken(&bucket, 6000, 100), 1);
    assert_int_equal(taken(&bucket, 8000, 100), 2);
    assert_false(bucket_is_full(&bucket, (struct mono){.us = 10999999}));
    assert_true(bucket_is_full(&bucket, (struct mono){.us = 11000000}));
    assert_int_equal(taken(&bucket, 1000000, 100), BURST); /* rest saves up no more than a burst */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_and_then_one_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
