/* Goal: a receipt says what the park signed, and anything else is refused. Method: round trips of
 * none, some and the most rows with the longest names; every byte changed; wrong keys; receipts
 * that are signed and make no sense. */
#include "common/watch/watch_receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/watch/sample.h"

static struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
static struct watch_receipt_row read_rows[WATCH_RECEIPT_ROWS];
static uint8_t packed[WATCH_RECEIPT_BYTES];

static struct watch_receipt receipt_of(uint32_t count)
{
    struct watch_receipt receipt = {.number = 4,
                                    .applied = {.us = SAMPLE_MADE_US},
                                    .gates = 3,
                                    .gates_online = 3,
                                    .gates_at = {.us = SAMPLE_MADE_US + 900000},
                                    .made = {.us = SAMPLE_MADE_US + 2000000},
                                    .changes = count,
                                    .first = count > 0,
                                    .told = count};
    MUST(name_from_text("north-park", &receipt.park));
    MUST(name_from_text("west-station", &receipt.authority));
    memset(receipt.digest.bytes, 0x77, SEAL_HASH_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        memset(&rows[i], 0, sizeof(rows[i]));
        (void)snprintf(rows[i].id, sizeof(rows[i].id), "%064u", i);
        memset(rows[i].by, 'n', LIMIT_WATCH_NAME_BYTES);
        rows[i].kind = WATCH_CHANGE_ADD;
        rows[i].state = WATCH_STATE_ACTING;
        rows[i].since.us = SAMPLE_MADE_US + i;
        rows[i].by_at.us = SAMPLE_MADE_US + i + 1;
    }
    return receipt;
}

static bool check(const struct watch_receipt *receipt, struct watch_receipt *ret,
                  struct complaint *c)
{
    uint8_t line[WATCH_SIGNED_MAX];
    struct sign_key key = sample_key(9);
    struct sign_public park = sign_public_of(&key);
    struct sign_value signature;
    struct bytes body = {.data = packed, .size = watch_receipt_write(receipt, rows, packed)};
    sign_make(&key, watch_signed(WATCH_SIGN_RECEIPT, body, line), &signature);
    return watch_receipt_check(body, &signature, &park, ret, read_rows, c);
}

static void test_a_receipt_says_what_was_signed(void **state)
{
    static const uint32_t counts[] = {0, 1, 7, WATCH_RECEIPT_ROWS};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct watch_receipt receipt = receipt_of(counts[i]);
        struct watch_receipt read;
        struct complaint c = {0};
        assert_true(check(&receipt, &read, &c));
        assert_memory_equal(&read, &receipt, sizeof(read));
        assert_memory_equal(read_rows, rows, counts[i] * sizeof(rows[0]));
    }
}

static void test_a_part_of_many(void **state)
{
    struct watch_receipt receipt = receipt_of(5);
    struct watch_receipt read;
    struct complaint c = {0};
    (void)state;
    receipt.changes = 405;
    receipt.first = 401;
    assert_true(check(&receipt, &read, &c));
    assert_int_equal(read.first, 401);
}

static void test_another_key_another_byte_another_thing(void **state)
{
    uint8_t line[WATCH_SIGNED_MAX];
    struct watch_receipt receipt = receipt_of(2);
    struct watch_receipt read;
    struct complaint c = {0};
    struct sign_key key = sample_key(9);
    struct sign_key other = sample_key(7);
    struct sign_public park = sign_public_of(&key);
    struct sign_public wrong = sign_public_of(&other);
    struct sign_value signature;
    struct bytes body = {.data = packed, .size = watch_receipt_write(&receipt, rows, packed)};
    (void)state;
    sign_make(&key, watch_signed(WATCH_SIGN_RECEIPT, body, line), &signature);
    assert_true(watch_receipt_check(body, &signature, &park, &read, read_rows, &c));
    assert_false(watch_receipt_check(body, &signature, &wrong, &read, read_rows, &c));
    sample_says(&c, ERROR_WATCH_RECEIPT, "receipt of bundle ?: it is not signed by the park's key",
                "第 ? 批的回执：it is not signed by the park's key");
    for (size_t i = 0; i < body.size; i++) {
        packed[i] ^= 0x10;
        assert_false(watch_receipt_check(body, &signature, &park, &read, read_rows, &c));
        packed[i] ^= 0x10;
    }
    sign_make(&key, watch_signed(WATCH_SIGN_MANIFEST, body, line), &signature);
    assert_false(watch_receipt_check(body, &signature, &park, &read, read_rows, &c));
}

static void refused(const struct watch_receipt *receipt, const char *why)
{
    struct watch_receipt read;
    struct complaint c = {0};
    assert_false(check(receipt, &read, &c));
    assert_int_equal(c.number, ERROR_WATCH_RECEIPT);
    assert_string_equal(c.arg[1], why);
}

static void test_signed_nonsense(void **state)
{
    struct watch_receipt receipt = receipt_of(3);
    (void)state;
    receipt.first = 0;
    refused(&receipt, "its rows are not those that it says");
    receipt.first = 2;
    refused(&receipt, "its rows are not those that it says");
    receipt = receipt_of(3);
    receipt.changes = 2;
    refused(&receipt, "its rows are not those that it says");
    receipt = receipt_of(0);
    receipt.changes = 2;
    refused(&receipt, "its rows are not those that it says");
    receipt = receipt_of(1);
    receipt.number = 0;
    refused(&receipt, "it names no bundle");
    receipt = receipt_of(1);
    receipt.park = (struct name){.text = ""};
    refused(&receipt, "its park or authority is no name");
    receipt = receipt_of(1);
    rows[0].state = WATCH_STATE_COUNT;
    refused(&receipt, "a row says what nobody knows");
    receipt = receipt_of(1);
    rows[0].kind = WATCH_CHANGE_NONE;
    refused(&receipt, "a row says what nobody knows");
    receipt = receipt_of(1);
    rows[0].id[0] = '/';
    refused(&receipt, "a row's id is none");
}

static int setup(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_says_what_was_signed),
        cmocka_unit_test(test_a_part_of_many),
        cmocka_unit_test(test_another_key_another_byte_another_thing),
        cmocka_unit_test(test_signed_nonsense),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
