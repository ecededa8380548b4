/* Goal: what the station makes is what the park takes, whatever the order and number of changes,
 * and its file is read as it was written or not at all. Method: bundles of zero to some thousand
 * changes through the park's check; every truncation of a file, and its bytes changed. */
#include "common/watch/watch_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/watch/sample.h"

static bool count_change(void *ctx, const struct watch_change *change, struct complaint *c)
{
    uint32_t *count = ctx;
    (void)c;
    assert_int_equal(change->number, ++*count);
    return true;
}

/* Changes with ids that fall while they are added. */
static void make(size_t count, struct watch_bundle *ret)
{
    struct watch_maker maker = {0};
    struct watch_plan plan = sample_plan();
    struct sign_key key = sample_key(7);
    struct complaint c = {0};
    for (size_t i = 0; i < count; i++) {
        char id[24];
        (void)snprintf(id, sizeof(id), "v-%06zu", count - i);
        struct watch_change change = sample_add(id, WATCH_MATCHER_PLATE, (unsigned)i % 90000);
        change.kind = (enum watch_change_kind)(WATCH_CHANGE_ADD + i % 3);
        assert_true(watch_maker_add(&maker, &change, &c));
    }
    assert_true(watch_make(&maker, &plan, &key, ret, &c));
    watch_maker_destroy(&maker);
}

static void test_what_is_made_is_taken(void **state)
{
    static const size_t counts[] = {0, 1, 2, 199, 200, 201, 400, 3001};
    struct watch_expected expected = sample_expected();
    struct watch_bundle *bundle = malloc(sizeof(*bundle));
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct complaint c = {0};
        uint32_t count = 0;
        make(counts[i], bundle);
        assert_true(bundle->chunk_count >= (counts[i] + 199) / 200);
        assert_true(watch_bundle_check(
            bundle, &expected, (struct watch_taker){.take = count_change, .ctx = &count}, &c));
        assert_int_equal(count, counts[i]);
        watch_bundle_destroy(bundle);
    }
    free(bundle);
}

static void test_the_next_one_builds_on_it(void **state)
{
    struct watch_bundle *bundle = malloc(sizeof(*bundle));
    struct watch_maker none = {0};
    struct watch_plan plan = sample_plan();
    struct sign_key key = sample_key(7);
    struct watch_expected expected = sample_expected();
    struct complaint c = {0};
    (void)state;
    make(3, bundle);
    plan.number = 2;
    plan.previous = seal_hash_of(bundle->manifest);
    expected.last_number = 1;
    expected.last_digest = plan.previous;
    watch_bundle_destroy(bundle);
    assert_true(watch_make(&none, &plan, &key, bundle, &c));
    assert_true(watch_bundle_check(bundle, &expected, (struct watch_taker){0}, &c));
    expected.last_digest.bytes[0] ^= 1;
    assert_false(watch_bundle_check(bundle, &expected, (struct watch_taker){0}, &c));
    assert_int_equal(c.number, ERROR_WATCH_BASE);
    watch_bundle_destroy(bundle);
    free(bundle);
}

static void test_what_the_park_would_refuse_is_not_signed(void **state)
{
    struct watch_bundle *bundle = malloc(sizeof(*bundle));
    struct watch_maker maker = {0};
    struct watch_plan plan = sample_plan();
    struct sign_key key = sample_key(7);
    struct complaint c = {0};
    struct watch_change change = sample_add("b", WATCH_MATCHER_PLATE, 1);
    (void)state;
    assert_true(watch_maker_add(&maker, &change, &c));
    assert_true(watch_maker_add(&maker, &change, &c));
    assert_false(watch_make(&maker, &plan, &key, bundle, &c));
    sample_says(&c, ERROR_WATCH_ORDER,
                "change 2: entry \"b\" stands twice or out of order; ids rise through the whole "
                "bundle",
                "第 2 条：条目“b”重复或次序错误；全批的条目编号须依次递增");
    watch_maker_destroy(&maker);
    change.entry.legal_basis[0] = '\0';
    assert_true(watch_maker_add(&maker, &change, &c));
    assert_false(watch_make(&maker, &plan, &key, bundle, &c));
    assert_int_equal(c.number, ERROR_WATCH_MISSING);
    assert_null(bundle->file);
    watch_maker_destroy(&maker);
    free(bundle);
}

static uint8_t *copy_of(const struct watch_bundle *bundle)
{
    uint8_t *copy = malloc(bundle->file_size + 8);
    assert_non_null(copy);
    memcpy(copy, bundle->file, bundle->file_size);
    return copy;
}

static void test_a_file_is_read_as_it_was_written(void **state)
{
    struct watch_bundle *bundle = malloc(sizeof(*bundle));
    struct watch_bundle *again = malloc(sizeof(*again));
    const char *why = NULL;
    (void)state;
    make(401, bundle);
    assert_true(watch_bundle_open(copy_of(bundle), bundle->file_size, again, &why));
    assert_null(why);
    assert_true(bytes_equal(again->manifest, bundle->manifest));
    assert_memory_equal(&again->signature, &bundle->signature, sizeof(again->signature));
    assert_int_equal(again->chunk_count, bundle->chunk_count);
    for (size_t i = 0; i < again->chunk_count; i++) {
        assert_true(bytes_equal(again->chunks[i], bundle->chunks[i]));
    }
    watch_bundle_destroy(again);
    watch_bundle_destroy(bundle);
    free(again);
    free(bundle);
}

static void test_a_damaged_file_is_none_or_is_refused(void **state)
{
    struct watch_bundle *bundle = malloc(sizeof(*bundle));
    struct watch_bundle *again = malloc(sizeof(*again));
    struct watch_expected expected = sample_expected();
    const char *why = NULL;
    struct complaint c = {0};
    (void)state;
    make(2, bundle);
    for (size_t size = 0; size < bundle->file_size; size++) {
        if (watch_bundle_open(copy_of(bundle), size, again, &why)) {
            assert_false(watch_bundle_check(again, &expected, (struct watch_taker){0}, &c));
            watch_bundle_destroy(again);
        } else {
            assert_non_null(why);
        }
    }
    for (size_t at = 0; at < bundle->file_size; at++) {
        uint8_t *copy = copy_of(bundle);
        copy[at] ^= 0x41;
        if (watch_bundle_open(copy, bundle->file_size, again, &why)) {
            assert_false(watch_bundle_check(again, &expected, (struct watch_taker){0}, &c));
            watch_bundle_destroy(again);
        }
    }
    watch_bundle_destroy(bundle);
    free(again);
    free(bundle);
}

static void test_a_file_has_an_end(void **state)
{
    struct watch_bundle *again = malloc(sizeof(*again));
    size_t size = 8 + 4 + 64 + 4 * (LIMIT_WATCH_CHUNKS + 1);
    uint8_t *file = calloc(1, size);
    const char *why = NULL;
    (void)state;
    memcpy(file, "PGWATCH1", 8);
    assert_false(watch_bundle_open(file, size, again, &why));
    assert_string_equal(why, "it has too many chunks");
    file = calloc(1, size);
    assert_false(watch_bundle_open(file, size, again, &why));
    assert_string_equal(why, "it is no bundle of parkgate watch sign");
    free(again);
}

static int setup(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_made_is_taken),
        cmocka_unit_test(test_the_next_one_builds_on_it),
        cmocka_unit_test(test_what_the_park_would_refuse_is_not_signed),
        cmocka_unit_test(test_a_file_is_read_as_it_was_written),
        cmocka_unit_test(test_a_damaged_file_is_none_or_is_refused),
        cmocka_unit_test(test_a_file_has_an_end),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
