/* Goal: a text of an entry has one form that shows all it holds, and two case numbers that people
 * take for the same are the same. Method: each rule with texts on both sides of it, and what is
 * typed brought to that form. */
#include "common/watch/watch_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static enum watch_text_flaw check(const char *text)
{
    return watch_text_check(bytes_of_text(text), LIMIT_WATCH_NAME_BYTES);
}

static void test_plain_texts_are_good(void **state)
{
    static const char *const good[] = {"张三",
                                       "Zhang San",
                                       "阿卜杜·热西提",
                                       "O'Brien, J. (2)",
                                       "Müller",
                                       "刑事诉讼法第八十条、第八十一条。",
                                       "《条例》〔2026〕",
                                       "𠮷野"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(check(good[i]), WATCH_TEXT_OK);
    }
}

static void test_what_is_not_plain_is_told(void **state)
{
    static const struct {
        const char *text;
        enum watch_text_flaw flaw;
    } rows[] = {
        {"",                       WATCH_TEXT_MISSING  },
        {"Zhang\xff",              WATCH_TEXT_NOT_UTF8 },
        {"Zhang\xc0\xaf",          WATCH_TEXT_NOT_UTF8 },
        {"Zhang\xe5\xbc",          WATCH_TEXT_NOT_UTF8 },
        {"Zhang\tSan",             WATCH_TEXT_CHARACTER},
        {"Zhang\nSan",             WATCH_TEXT_CHARACTER},
        {"Zhang\x1b[2J",           WATCH_TEXT_CHARACTER},
        {"Zhang\x7f",              WATCH_TEXT_CHARACTER},
        {"Zhang\xc2\x85San",       WATCH_TEXT_CHARACTER}, /* a control of Latin-1 */
        {"Zhang\xe2\x80\xae"
         "naS",           WATCH_TEXT_CHARACTER}, /* right to left from here on */
        {"Zhang\xe2\x81\xa6San",   WATCH_TEXT_CHARACTER}, /* an isolate */
        {"Zhang\xe2\x80\x8bSan",   WATCH_TEXT_CHARACTER}, /* no width */
        {"\xef\xbb\xbfZhang",      WATCH_TEXT_CHARACTER}, /* a byte-order mark */
        {"Zhang\xc2\xadSan",       WATCH_TEXT_CHARACTER}, /* a soft hyphen */
        {"Zhang\xc2\xa0San",       WATCH_TEXT_CHARACTER}, /* a blank that is none of ours */
        {"张三\xe3\x80\x80",     WATCH_TEXT_CHARACTER}, /* an ideographic blank */
        {"Zh\xd0\xb0ng San",       WATCH_TEXT_CHARACTER}, /* a Cyrillic a */
        {"Zh\xce\xb1ng",           WATCH_TEXT_CHARACTER}, /* a Greek one */
        {"Ｚhang",                WATCH_TEXT_CHARACTER}, /* full width */
        {"张三\xef\xb8\x8f",     WATCH_TEXT_CHARACTER}, /* a variation selector */
        {"张三\xee\x80\x80",     WATCH_TEXT_CHARACTER}, /* private use */
        {"张三\xf3\xa0\x81\x81", WATCH_TEXT_CHARACTER}, /* a tag */
        {"a\xcc\x81"
         "bc",            WATCH_TEXT_CHARACTER}, /* a combining accent */
        {" Zhang",                 WATCH_TEXT_BLANKS   },
        {"Zhang ",                 WATCH_TEXT_BLANKS   },
        {"Zhang  San",             WATCH_TEXT_BLANKS   },
        {" ",                      WATCH_TEXT_BLANKS   },
        {"-",                      WATCH_TEXT_EMPTY    },
        {"110",                    WATCH_TEXT_EMPTY    },
        {"x",                      WATCH_TEXT_EMPTY    },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (check(rows[i].text) != rows[i].flaw) {
            fail_msg("\"%s\": %s, not: %s", rows[i].text, watch_text_why(check(rows[i].text)),
                     watch_text_why(rows[i].flaw));
        }
    }
}

static void test_a_text_has_a_length(void **state)
{
    char text[LIMIT_WATCH_NAME_BYTES + 2];
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[LIMIT_WATCH_NAME_BYTES + 1] = '\0';
    assert_int_equal(check(text), WATCH_TEXT_LONG);
    text[LIMIT_WATCH_NAME_BYTES] = '\0';
    assert_int_equal(check(text), WATCH_TEXT_OK);
}

static void test_a_nul_is_no_text(void **state)
{
    (void)state;
    struct bytes text = {.data = (const uint8_t *)"Zhang\0San", .size = 9};
    assert_int_equal(watch_text_check(text, 64), WATCH_TEXT_NOT_UTF8);
}

static void test_a_case_number_needs_a_digit(void **state)
{
    (void)state;
    assert_int_equal(watch_text_check_case(bytes_of_text("立字〔2026〕12号"), 64), WATCH_TEXT_OK);
    assert_int_equal(watch_text_check_case(bytes_of_text("17"), 64), WATCH_TEXT_OK);
    assert_int_equal(watch_text_check_case(bytes_of_text("立字"), 64), WATCH_TEXT_DIGITS);
    assert_int_equal(watch_text_check_case(bytes_of_text("１７"), 64), WATCH_TEXT_CHARACTER);
}

static void test_ids(void **state)
{
    static const char *const good[] = {"a", "7", "W-2026.17_b"};
    static const char *const bad[] = {"", "-a", ".a", "_a", "a b", "a/b", "张", "a\n", "é"};
    char text[LIMIT_WATCH_ID_BYTES + 2];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(watch_text_is_id(bytes_of_text(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(watch_text_is_id(bytes_of_text(bad[i])));
    }
    memset(text, 'a', sizeof(text) - 1);
    text[LIMIT_WATCH_ID_BYTES + 1] = '\0';
    assert_false(watch_text_is_id(bytes_of_text(text)));
    text[LIMIT_WATCH_ID_BYTES] = '\0';
    assert_true(watch_text_is_id(bytes_of_text(text)));
}

static void test_what_is_typed_is_brought_to_its_form(void **state)
{
    static const struct {
        const char *typed, *tidy;
    } rows[] = {
        {"  Zhang \t San\r\n",                                  "Zhang San"                   },
        {"京公（刑）立字［２０２６］１２号　", "京公(刑)立字[2026]12号"},
        {"\xef\xbb\xbf张三",                                  "张三"                      },
        {"",                                                    ""                            },
        {" \xc2\xa0 ",                                          ""                            },
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(watch_text_tidy(bytes_of_text(rows[i].typed), out, sizeof(out)));
        assert_string_equal(out, rows[i].tidy);
    }
    assert_false(watch_text_tidy(bytes_of_text("Zhang\xff"), out, sizeof(out)));
    assert_false(watch_text_tidy(bytes_of_text("123456"), out, 6));
    assert_true(watch_text_tidy(bytes_of_text("12345"), out, 6));
    struct bytes nul = {.data = (const uint8_t *)"a\0b", .size = 3};
    assert_false(watch_text_tidy(nul, out, sizeof(out)));
}

static void test_look_alike_case_numbers_are_one(void **state)
{
    static const char *const same[] = {"京公(刑)立字〔2026〕1234号", "京公刑立字2026-1234号",
                                       "京公（刑）立字［２０２６］第01234号"};
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"A-12",      "a 12",    true },
        {"A-12",      "A-0012",  true },
        {"A-10",      "A-1O",    true },
        {"A-11",      "A-lI",    true },
        {"2026-〇7", "2026-07", true },
        {"A-12",      "A-13",    false},
        {"A-100",     "A-10",    false},
        {"A-1",       "B-1",     false},
        {"立字1",   "申字1", false},
        {"0",         "00",      true },
        {"2026 5",    "20265",   true }, /* stricter than people are: another
  number is asked */
    };
    (void)state;
    assert_true(watch_text_same_case(same[0], same[1]));
    assert_false(watch_text_same_case(same[0], same[2])); /* it says 第 */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (watch_text_same_case(rows[i].a, rows[i].b) != rows[i].same) {
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        }
    }
}

static void test_a_long_case_number_is_cut(void **state)
{
    char text[600];
    char out[WATCH_CASE_SIZE];
    (void)state;
    memset(text, '7', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    watch_text_case(bytes_of_text(text), out);
    assert_int_equal(strlen(out), WATCH_CASE_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_texts_are_good),
        cmocka_unit_test(test_what_is_not_plain_is_told),
        cmocka_unit_test(test_a_text_has_a_length),
        cmocka_unit_test(test_a_nul_is_no_text),
        cmocka_unit_test(test_a_case_number_needs_a_digit),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_what_is_typed_is_brought_to_its_form),
        cmocka_unit_test(test_look_alike_case_numbers_are_one),
        cmocka_unit_test(test_a_long_case_number_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
