/* Goal: a Wiegand read names exactly one badge or none, whatever happens on the line. Method: bits
 * made here bit by bit, every single-bit error of many values, and the same card by three readers.
 */
#include "common/access/wiegand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/card_number.h"
#include "common/base/must.h"

/* The bits of `value`, with parity counted one by one. */
static struct bytes line_of(uint64_t value, size_t bit_count, char out[WIEGAND_LONG])
{
    size_t data = bit_count - 2;
    unsigned ones = 0;
    for (size_t i = 0; i < data; i++) {
        out[1 + i] = (value >> (data - 1 - i) & 1) != 0 ? '1' : '0';
        ones += i < data / 2 && out[1 + i] == '1';
    }
    out[0] = ones % 2 == 0 ? '0' : '1';
    ones = 0;
    for (size_t i = data / 2; i < data; i++) {
        ones += out[1 + i] == '1';
    }
    out[bit_count - 1] = ones % 2 == 0 ? '1' : '0';
    return (struct bytes){.data = (const uint8_t *)out, .size = bit_count};
}

static struct credential badge_of(uint64_t value, size_t bit_count, bool reversed)
{
    char line[WIEGAND_LONG];
    struct wiegand read;
    struct credential got = {0};
    assert_int_equal(wiegand_read(line_of(value, bit_count, line), reversed, &read), WIEGAND_OK);
    assert_int_equal(read.bit_count, bit_count);
    assert_int_equal(read.value, value);
    assert_int_equal(read.reversed, reversed);
    assert_true(wiegand_credential(&read, &got));
    return got;
}

static void known_lines(void **state)
{
    (void)state;
    /* facility 123, card 45678, counted on paper: 0111 1011 1011 (9 ones, so 1 before them) and
     * 0010 0110 1110 (6 ones, so 1 behind them) */
    struct wiegand read;
    assert_int_equal(wiegand_read(bytes_of_text("1"
                                                "01111011"
                                                "1011001001101110"
                                                "1"),
                                  false, &read),
                     WIEGAND_OK);
    assert_int_equal(read.value, 123 << 16 | 45678);
    assert_int_equal(read.bit_count, 26);
    struct credential got;
    assert_true(wiegand_credential(&read, &got));
    assert_true(bytes_equal(credential_view(&got), bytes_of_text("w26:123-45678")));
    assert_true(credential_is_canonical(CREDENTIAL_KIND_BADGE, credential_view(&got)));
}

static void every_single_bit_error_is_refused(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 0xffffffff, 0x04a1b2c3, 0x800001, 0x5a5a5a5a, 0x7bb26e};
    size_t tried = 0;
    for (size_t i = 0; i < ARRAY_LEN(values) + 500; i++) {
        for (size_t bit_count = WIEGAND_SHORT; bit_count <= WIEGAND_LONG; bit_count += 8) {
            uint64_t value = i < ARRAY_LEN(values) ? values[i] : i * 2654435761u;
            value &= (UINT64_C(1) << (bit_count - 2)) - 1;
            char line[WIEGAND_LONG];
            struct bytes bits = line_of(value, bit_count, line);
            struct wiegand read = {.value = 77};
            assert_int_equal(wiegand_read(bits, false, &read), WIEGAND_OK);
            for (size_t bit = 0; bit < bit_count; bit++, tried++) {
                struct wiegand untouched = {.value = 77};
                line[bit] ^= 1;
                assert_int_equal(wiegand_read(bits, false, &untouched), WIEGAND_BAD_PARITY);
                assert_int_equal(untouched.value, 77);
                line[bit] ^= 1;
            }
        }
    }
    assert_int_equal(tried, (ARRAY_LEN(values) + 500) * (26 + 34));
}

static void what_is_no_line(void **state)
{
    (void)state;
    char ones[64];
    memset(ones, '1', sizeof(ones));
    struct wiegand read;
    for (size_t size = 0; size <= sizeof(ones); size++) {
        /* all ones, as of a line with a short circuit, has no good parity in either length */
        assert_int_equal(
            wiegand_read((struct bytes){.data = (const uint8_t *)ones, .size = size}, false, &read),
            size == 26 || size == 34 ? WIEGAND_BAD_PARITY : WIEGAND_BAD_LENGTH);
    }
    char zeros[WIEGAND_LONG];
    memset(zeros, '0', sizeof(zeros));
    assert_int_equal(wiegand_read(BYTES_OF(zeros), false, &read), WIEGAND_BAD_PARITY);
    zeros[33] = '1'; /* good parity, and no card */
    assert_int_equal(wiegand_read(BYTES_OF(zeros), false, &read), WIEGAND_OK);
    struct credential got;
    assert_false(wiegand_credential(&read, &got));
    zeros[25] = '1';
    assert_int_equal(
        wiegand_read((struct bytes){.data = (uint8_t *)zeros, .size = 26}, false, &read),
        WIEGAND_OK);
    assert_false(wiegand_credential(&read, &got));
    zeros[3] = '2';
    assert_int_equal(wiegand_read(BYTES_OF(zeros), false, &read), WIEGAND_NOT_BITS);
}

static void one_card_is_one_badge(void **state)
{
    (void)state;
    struct credential by_uid, by_number;
    const uint8_t uid[] = {0x04, 0xa1, 0xb2, 0xc3};
    assert_true(credential_from_uid(BYTES_OF(uid), &by_uid));
    struct credential forward = badge_of(0x04a1b2c3, 34, false);
    struct credential backward = badge_of(0xc3b2a104, 34, true);
    assert_true(credential_equal(&by_uid, &forward));
    assert_true(credential_equal(&by_uid, &backward));
    struct credential mistaken = badge_of(0xc3b2a104, 34, false);
    assert_false(credential_equal(&by_uid, &mistaken));
    assert_true(card_number_uid(77705923, false, &by_number)); /* 0x04a1b2c3 */
    assert_true(credential_equal(&by_uid, &by_number));
    assert_true(card_number_uid(3283263748, true, &by_number)); /* 0xc3b2a104 */
    assert_true(credential_equal(&by_uid, &by_number));
}

static void twenty_six_bits_are_no_uid(void **state)
{
    (void)state;
    struct credential short_read = badge_of(0xa1b2c3, 26, false);
    assert_true(bytes_equal(credential_view(&short_read), bytes_of_text("w26:161-45763")));
    struct credential turned = badge_of(0xc3b2a1, 26, true);
    assert_true(credential_equal(&short_read, &turned));
    struct credential by_text;
    assert_true(wiegand_from_text(bytes_of_text("26:161-45763"), &by_text));
    assert_true(credential_equal(&short_read, &by_text));
    for (uint32_t value = 1; value < 1 << 24; value += 997) {
        struct credential got;
        assert_true(card_number_w26(value, false, &got));
        assert_int_equal(got.size, BADGE_W26_SIZE);
        assert_true(credential_is_canonical(CREDENTIAL_KIND_BADGE, credential_view(&got)));
    }
}

static void other_texts_are_not_canonical(void **state)
{
    (void)state;
    static const char *const texts[] = {"w26:256-00001", "w26:001-65536", "w26:000-00000",
                                        "w27:001-00001", "w26:001:00001", "W26:001-00001",
                                        "w26:01 -00001", "w26:001-0000x", "w26:/01-00001"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (credential_is_canonical(CREDENTIAL_KIND_BADGE, bytes_of_text(texts[i]))) {
            fail_msg("`%s`", texts[i]);
        }
    }
    static const char *const typed[] = {"26:256-1",  "26:1-65536", "26:0-0",  "26:1",   "26:1-",
                                        "26:-1",     "34:1-1",     "1-1",     "26:1,1", "",
                                        "26:0001-1", "26:1-1 ",    "26:1--1", "26:+1-1"};
    struct credential got;
    for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
        if (wiegand_from_text(bytes_of_text(typed[i]), &got)) {
            fail_msg("`%s`", typed[i]);
        }
    }
    assert_true(wiegand_from_text(bytes_of_text("26:7-42"), &got));
    assert_true(bytes_equal(credential_view(&got), bytes_of_text("w26:007-00042")));
}

static void printed_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical; /* NULL: refused */
    } rows[] = {
        {"8h10d:0077705923",          "\x04\xa1\xb2\xc3"},
        {"8h10d:77705923",            "\x04\xa1\xb2\xc3"},
        {"8h10d-reversed:3283263748", "\x04\xa1\xb2\xc3"},
        {"wg:161,45763",              "w26:161-45763"   },
        {"wg:007,00042",              "w26:007-00042"   },
        {"wg-reversed:195,45729",     "w26:161-45763"   },
        {"0077705923",                NULL              },
        {"8h10d:4294967296",          NULL              },
        {"8h10d:00077705923",         NULL              },
        {"8h10d:0",                   NULL              },
        {"8h10d:",                    NULL              },
        {"8H10D:77705923",            NULL              },
        {"wg:161-45763",              NULL              },
        {"wg:16145763",               NULL              },
        {"wg:256,00001",              NULL              },
        {"hex:04a1b2c3",              NULL              },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct credential got;
        bool ok = card_number_printed(bytes_of_text(rows[i].text), &got);
        if (ok != (rows[i].canonical != NULL) ||
            (ok && !bytes_equal(credential_view(&got), bytes_of_text(rows[i].canonical)))) {
            fail_msg("`%s`", rows[i].text);
        }
    }
}

static void longer_numbers(void **state)
{
    (void)state;
    struct credential by_uid, got;
    assert_true(credential_from_uid_text(bytes_of_text("04a1b2c3d4e5f6"), &by_uid));
    assert_true(card_number_uid(0x04a1b2c3d4e5f6, false, &got));
    assert_true(credential_equal(&by_uid, &got));
    assert_true(card_number_uid(0xf6e5d4c3b2a104, true, &got));
    assert_true(credential_equal(&by_uid, &got));
    assert_false(card_number_uid(0, false, &got));
    assert_false(card_number_uid(UINT64_C(1) << 56, false, &got));
    assert_false(card_number_uid(UINT64_MAX, true, &got));
}

static void bounces(void **state)
{
    (void)state;
    struct wiegand_line line = {0};
    const struct wiegand card = {.bit_count = 26, .value = 0};
    const struct wiegand other = {.bit_count = 26, .value = 9};
    const struct wiegand longer = {.bit_count = 34, .value = 0};
    struct mono t = {.us = 5};
    assert_false(wiegand_is_bounce(&line, &card, t));
    assert_true(wiegand_is_bounce(&line, &card, t));
    assert_true(wiegand_is_bounce(&line, &card, mono_after_ms(t, 299)));
    assert_false(wiegand_is_bounce(&line, &card, mono_after_ms(t, 300))); /* held, not bouncing */
    assert_true(wiegand_is_bounce(&line, &card, mono_after_ms(t, 599)));
    assert_false(wiegand_is_bounce(&line, &other, mono_after_ms(t, 600)));
    assert_false(wiegand_is_bounce(&line, &card, mono_after_ms(t, 601)));
    assert_false(wiegand_is_bounce(&line, &longer, mono_after_ms(t, 602)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_lines),
        cmocka_unit_test(every_single_bit_error_is_refused),
        cmocka_unit_test(what_is_no_line),
        cmocka_unit_test(one_card_is_one_badge),
        cmocka_unit_test(twenty_six_bits_are_no_uid),
        cmocka_unit_test(other_texts_are_not_canonical),
        cmocka_unit_test(printed_numbers),
        cmocka_unit_test(longer_numbers),
        cmocka_unit_test(bounces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
