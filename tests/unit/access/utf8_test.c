/* Goal: only well-formed UTF-8 is read, and what is written is read back. Method: every code point
 * both ways, every sequence of one and two bytes, and the known kinds of malformed text. */
#include "common/access/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/must.h"

static void every_code_point_both_ways(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        char out[UTF8_POINT_MAX];
        size_t size = utf8_put(point, out);
        size_t expected = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        uint32_t got = 0;
        size_t at = 0;
        struct bytes text = {.data = (const uint8_t *)out, .size = size};
        assert_int_equal(size, expected);
        assert_true(utf8_next(text, &at, &got));
        assert_true(got == point && at == size);
        for (size_t cut = 0; cut < size; cut++) {
            at = 0;
            text.size = cut;
            assert_false(utf8_next(text, &at, &got));
            assert_int_equal(at, 0);
        }
    }
}

static void malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* continuation first */
        "\xc0\xaf",         /* overlong slash */
        "\xc1\xbf",         /* overlong */
        "\xe0\x80\xaf",     /* overlong, three bytes */
        "\xf0\x80\x80\xaf", /* overlong, four bytes */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xe6\xb5",    /* cut short */
        "\xe6\x41\x41" /* no continuation */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t point = 77;
        size_t at = 0;
        assert_false(utf8_next(bytes_of_text(bad[i]), &at, &point));
        assert_int_equal(at, 0);
        assert_int_equal(point, 77);
    }
}

static void widths(void **state)
{
    (void)state;
    for (uint32_t point = 0x21; point <= 0x7e; point++) {
        assert_int_equal(utf8_fold_width(point), point);
        assert_int_equal(utf8_fold_width(point - 0x21 + 0xff01), point);
    }
    static const uint32_t blanks[] = {'\t', ' ', 0xa0, 0x2000, 0x200a, 0x202f, 0x205f, 0x3000};
    for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
        assert_int_equal(utf8_fold_width(blanks[i]), ' ');
    }
    assert_int_equal(utf8_fold_width(0xff00), 0xff00);
    assert_int_equal(utf8_fold_width(0xff5f), 0xff5f);
    assert_int_equal(utf8_fold_width(0x6d59), 0x6d59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_both_ways),
        cmocka_unit_test(malformed),
        cmocka_unit_test(widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
