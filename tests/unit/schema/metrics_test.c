/* Goal: the registry of metrics is whole and says names as Prometheus wants them. Method: every row
 * against the rules of names, units and bounds; every way to find one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "schema/metrics.h"

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static void every_row_is_whole(void **state)
{
    const struct metric_spec *table = metric_table();
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_spec *spec = &table[i];
        if (spec->name == NULL || spec->en == NULL || spec->zh == NULL || spec->bounds == NULL ||
            spec->label == NULL) {
            fail_msg("row %zu has no text", i);
        }
        assert_memory_equal(spec->name, "parkgate_", 9);
        assert_int_equal(strspn(spec->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(spec->name));
        assert_true(strlen(spec->name) < 64);
        assert_in_range(spec->type, METRIC_GAUGE, METRIC_HISTOGRAM);
        assert_int_equal(ends_in(spec->name, "_total"), spec->type == METRIC_COUNTER);
        assert_int_equal(strstr(spec->name, "_seconds") != NULL, spec->unit == METRIC_SECONDS);
        assert_int_equal(strstr(spec->name, "_bytes") != NULL, spec->unit == METRIC_BYTES);
        assert_true(ends_in(spec->en, ".") && ends_in(spec->zh, "。"));
        assert_null(strpbrk(spec->en, "\\\n"));
        assert_null(strpbrk(spec->zh, "\\\n"));
    }
}

/* A counter never ends, and a histogram is not one number: neither has a bound. */
static void bounds_are_of_gauges_and_named(void **state)
{
    const struct metric_spec *table = metric_table();
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        if (table[i].limit != 0 || table[i].bounds[0] != '\0') {
            assert_int_equal(table[i].type, METRIC_GAUGE);
        }
        if (table[i].limit != 0) {
            assert_memory_equal(table[i].bounds, "LIMIT_", 6);
            assert_true(table[i].limit > 0);
        }
    }
}

/* No name may be taken for another metric's sample or bound. */
static void names_are_distinct(void **state)
{
    static const char *const ends[] = {"", "_limit", "_bucket", "_sum", "_count"};
    const struct metric_spec *table = metric_table();
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        for (size_t k = 0; k < METRIC_COUNT; k++) {
            for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
                char name[128];
                (void)snprintf(name, sizeof(name), "%s%s", table[i].name, ends[e]);
                if ((i != k || e != 0) && strcmp(name, table[k].name) == 0) {
                    fail_msg("%s stands for two things", name);
                }
            }
        }
    }
}

static void found_by_name(void **state)
{
    const struct metric_spec *table = metric_table();
    (void)state;
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        assert_ptr_equal(metric_find(table[i].name), &table[i]);
    }
    assert_ptr_equal(metric_find("parkgate_commit_seconds_bucket"), &table[METRIC_COMMIT]);
    assert_ptr_equal(metric_find("parkgate_commit_seconds_sum"), &table[METRIC_COMMIT]);
    assert_ptr_equal(metric_find("parkgate_commit_seconds_count"), &table[METRIC_COMMIT]);
    assert_null(metric_find("parkgate_commit_seconds_total"));
    assert_null(metric_find("parkgate_agents_count"));
    assert_null(metric_find("parkgate_agent"));
    assert_null(metric_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(bounds_are_of_gauges_and_named),
        cmocka_unit_test(names_are_distinct),
        cmocka_unit_test(found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
