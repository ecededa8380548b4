/* Goal: each way in which a form or spreadsheet breaks an ID number has its own answer. Method: a
 * table of them, every wrong check character, and every single-digit error of a made-up number. */
#include "common/access/idnumber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define GOOD "11010519491231002X"

/* Numbers of nobody, with check characters reckoned apart from the code under test. */
static const struct {
    const char *label, *raw;
    enum idnumber_status expected;
} rows[] = {
    {"the example",                  GOOD,                                                     IDNUMBER_OK               },
    {"lower-case x",                 "11010519491231002x",                                     IDNUMBER_OK               },
    {"full width",                   "１１０１０５１９４９１２３１００２Ｘ", IDNUMBER_OK               },
    {"full-width lower x",           "11010519491231002ｘ",                                   IDNUMBER_OK               },
    {"apostrophe",                   "'11010519491231002X",                                    IDNUMBER_OK               },
    {"full-width apostrophe",        "＇11010519491231002X",                                  IDNUMBER_OK               },
    {"typographic apostrophe",       "’11010519491231002X",                                  IDNUMBER_OK               },
    {"trailing tab",                 "11010519491231002X\t",                                   IDNUMBER_OK               },
    {"non-breaking spaces",          "\xc2\xa0" GOOD "\xc2\xa0\xc2\xa0",                       IDNUMBER_OK               },
    {"ideographic space, line end",  "\xe3\x80\x80" GOOD "\r\n",                               IDNUMBER_OK               },
    {"byte-order mark",              "\xef\xbb\xbf" GOOD,                                      IDNUMBER_OK               },
    {"29 February of a leap year",   "110105200002290021",                                     IDNUMBER_OK               },
    {"empty",                        "",                                                       IDNUMBER_EMPTY            },
    {"only blanks",                  " \t\xc2\xa0",                                            IDNUMBER_EMPTY            },
    {"only an apostrophe",           "'",                                                      IDNUMBER_EMPTY            },
    {"scientific",                   "3.30102E+17",                                            IDNUMBER_SCIENTIFIC       },
    {"scientific, lower case",       "3.30102e17",                                             IDNUMBER_SCIENTIFIC       },
    {"scientific, no point",         "3E+17",                                                  IDNUMBER_SCIENTIFIC       },
    {"scientific, full width",       "３．３０１０２Ｅ＋１７",                      IDNUMBER_SCIENTIFIC       },
    {"not quite scientific",         "3.30102E+",                                              IDNUMBER_FOREIGN_CHARACTER},
    {"rounded",                      "110105194912310000",                                     IDNUMBER_ROUNDED          },
    {"ends in 00 and is wrong",      "110105194912310100",                                     IDNUMBER_BAD_CHECKSUM     },
    {"ends in 000 and is right",     "110105194912010000",                                     IDNUMBER_OK               },
    {"legacy",                       "110105491231002",                                        IDNUMBER_LEGACY           },
    {"17 digits",                    "11010519491231002",                                      IDNUMBER_BAD_LENGTH       },
    {"19 digits",                    "1101051949123100200",                                    IDNUMBER_BAD_LENGTH       },
    {"14 digits and X",              "11010549123100X",                                        IDNUMBER_BAD_LENGTH       },
    {"X in the middle",              "1101051949123X0020",                                     IDNUMBER_FOREIGN_CHARACTER},
    {"a letter",                     "A1010519491231002X",                                     IDNUMBER_FOREIGN_CHARACTER},
    {"blank inside",                 "110105 19491231 002X",                                   IDNUMBER_FOREIGN_CHARACTER},
    {"Chinese numerals",             "一一〇一〇五",                                     IDNUMBER_FOREIGN_CHARACTER},
    {"GBK",                          "\xc9\xed\xb7\xdd",                                       IDNUMBER_FOREIGN_CHARACTER},
    {"a control character",
     "11010519491231\x01"
     "002X",                                                                                   IDNUMBER_FOREIGN_CHARACTER},
    {"a formula",                    "=11010519491231002",                                     IDNUMBER_FOREIGN_CHARACTER},
    {"wrong check character",        "110105194912310021",                                     IDNUMBER_BAD_CHECKSUM     },
    {"29 February of a common year", "110105200102290029",                                     IDNUMBER_BAD_DATE         },
    {"month 13",                     "110105194913310021",                                     IDNUMBER_BAD_DATE         },
    {"month 00",                     "110105194900310022",                                     IDNUMBER_BAD_DATE         },
    {"31 April",                     "11010519490431002X",                                     IDNUMBER_BAD_DATE         },
    {"year 1899",                    "110105189912310023",                                     IDNUMBER_BAD_DATE         },
};

static void each_way_to_break_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct idnumber got = {.text = "untouched"};
        enum idnumber_status status = idnumber_read(bytes_of_text(rows[i].raw), &got);
        if (status != rows[i].expected) {
            fail_msg("%s: %s", rows[i].label, idnumber_status_name(status));
        }
        assert_int_equal(strlen(got.text), status == IDNUMBER_OK ? IDNUMBER_LENGTH : 9);
    }
}

static void every_wrong_check_character(void **state)
{
    (void)state;
    static const char characters[] = "0123456789X";
    struct idnumber got;
    for (size_t i = 0; i < ARRAY_LEN(characters) - 1; i++) {
        char text[] = "110105194912310020";
        text[17] = characters[i];
        enum idnumber_status expected = characters[i] == 'X' ? IDNUMBER_OK : IDNUMBER_BAD_CHECKSUM;
        assert_int_equal(idnumber_read(bytes_of_text(text), &got), expected);
    }
}

static void every_wrong_digit(void **state)
{
    (void)state;
    struct idnumber got;
    for (size_t i = 0; i < 17; i++) {
        for (char digit = '0'; digit <= '9'; digit++) {
            char text[] = GOOD;
            if (text[i] == digit) {
                continue;
            }
            text[i] = digit;
            assert_int_equal(idnumber_read(bytes_of_text(text), &got), IDNUMBER_BAD_CHECKSUM);
        }
    }
}

static void kinds_and_mask(void **state)
{
    (void)state;
    struct idnumber got;
    char masked[IDNUMBER_TEXT_SIZE];
    assert_int_equal(idnumber_read(bytes_of_text("11010519491231002x"), &got), IDNUMBER_OK);
    assert_string_equal(got.text, GOOD);
    assert_int_equal(got.kind, IDNUMBER_KIND_RESIDENT);
    idnumber_mask(&got, masked);
    assert_string_equal(masked, "110105********002X");
    assert_int_equal(idnumber_read(bytes_of_text("810000198001010014"), &got), IDNUMBER_OK);
    assert_int_equal(got.kind, IDNUMBER_KIND_HMT_RESIDENT);
    assert_int_equal(idnumber_read(bytes_of_text("910110198501010012"), &got), IDNUMBER_OK);
    assert_int_equal(got.kind, IDNUMBER_KIND_FOREIGN_RESIDENT);
}

static void bounds(void **state)
{
    (void)state;
    struct idnumber got;
    char text[IDNUMBER_RAW_MAX + 1];
    memset(text, '1', sizeof(text));
    assert_int_equal(idnumber_read(BYTES_OF(text), &got), IDNUMBER_FOREIGN_CHARACTER);
    assert_int_equal(
        idnumber_read((struct bytes){.data = (uint8_t *)text, .size = IDNUMBER_RAW_MAX}, &got),
        IDNUMBER_BAD_LENGTH);
    memset(text, ' ', sizeof(text));
    memcpy(text, GOOD, IDNUMBER_LENGTH);
    assert_int_equal(
        idnumber_read((struct bytes){.data = (uint8_t *)text, .size = IDNUMBER_RAW_MAX}, &got),
        IDNUMBER_OK);
}

/* Import prints these; none may be missing, and the two spreadsheet faults say the remedy. */
static void sentences(void **state)
{
    (void)state;
    for (int status = IDNUMBER_OK; status < IDNUMBER_STATUS_COUNT; status++) {
        assert_true(strlen(idnumber_status_name((enum idnumber_status)status)) > 1);
        assert_true(strlen(idnumber_status_en((enum idnumber_status)status)) > 8);
        assert_true(strlen(idnumber_status_zh((enum idnumber_status)status)) > 8);
    }
    const char *remedy = "format the column as text and export again";
    assert_non_null(strstr(idnumber_status_en(IDNUMBER_SCIENTIFIC), remedy));
    assert_non_null(strstr(idnumber_status_en(IDNUMBER_ROUNDED), remedy));
    assert_string_equal(idnumber_status_name((enum idnumber_status)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_break_it),
        cmocka_unit_test(every_wrong_check_character),
        cmocka_unit_test(every_wrong_digit),
        cmocka_unit_test(kinds_and_mask),
        cmocka_unit_test(bounds),
        cmocka_unit_test(sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
