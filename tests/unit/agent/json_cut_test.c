/* Goal: long strings go and nothing else does, however the text is cut into pieces. Method: the
 * same texts in pieces of every size, compared with what a person would write down. */
#include "reader-agent/driver/json_cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { ROOM = 8192 };

struct result {
    char text[ROOM + 1];
    size_t size;
    bool full;
};

static struct result *cut_in(const char *text, size_t piece, size_t room)
{
    static struct result result;
    struct json_cut cut = {0};
    memset(&result, 0, sizeof(result));
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at += piece) {
        size_t left = size - at;
        struct bytes next = {.data = (const uint8_t *)text + at,
                             .size = left < piece ? left : piece};
        result.size =
            json_cut_feed(&cut, next, (uint8_t *)result.text, result.size, room, &result.full);
    }
    result.text[result.size] = '\0'; /* what was taken back stands behind it */
    return &result;
}

static char *with_long(const char *before, size_t length, const char *after)
{
    size_t size = strlen(before) + length + strlen(after) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), 'A', length);
    memcpy(text + strlen(before) + length, after, strlen(after) + 1);
    return text;
}

static void long_strings_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        size_t length;
        const char *after, *wanted;
    } cases[] = {
        {"{\"a\":\"",                JSON_CUT_STRING_BYTES + 1, "\",\"b\":1}",          "{\"a\":\"\",\"b\":1}"       },
        {"{\"a\":\"",                60000,                     "\\\"x\",\"b\":\"c\"}", "{\"a\":\"\",\"b\":\"c\"}"   },
        {"{\"a\":\"\\\\\",\"b\":\"", 4000,                      "\"}",                  "{\"a\":\"\\\\\",\"b\":\"\"}"},
        {"[\"",                      9000,                      "",                     "[\""                        },
    };
    static const size_t pieces[] = {1, 7, 2047, 2048, 2049, 100000};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = with_long(cases[i].before, cases[i].length, cases[i].after);
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            const struct result *r = cut_in(text, pieces[k], ROOM);
            assert_string_equal(r->text, cases[i].wanted);
            assert_false(r->full);
        }
        free(text);
    }
}

static void short_ones_stay(void **state)
{
    (void)state;
    char *text = with_long("{\"a\":\"", JSON_CUT_STRING_BYTES, "\"}");
    assert_string_equal(cut_in(text, 11, ROOM)->text, text);
    free(text);
    static const char plain[] = "no json \" at all";
    assert_string_equal(cut_in(plain, 3, ROOM)->text, plain);
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    const struct result *r = cut_in("{\"abc\":12345}", 4, 5);
    assert_true(r->full);
    assert_string_equal(r->text, "{\"abc");
    char *text = with_long("{\"a\":\"", 4000, "\",\"bbbbbbbbbbbb\":1}");
    assert_true(cut_in(text, 100, 1000)->full); /* the string did not fit before it was long */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_strings_are_left_out),
        cmocka_unit_test(short_ones_stay),
        cmocka_unit_test(what_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
