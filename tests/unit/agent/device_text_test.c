/* Goal: foreign text is read leniently in form and strictly in range. Method: tables of what
 * devices send and what must come out. */
#include "reader-agent/driver/device_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/must.h"

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:01Z",                1000000         },
        {"1970-01-01T00:00:01+08:00",           0               },
        {"2024-06-01T08:00:00+08:00",           1717200000000000},
        {"2024-06-01T08:00:00.123+08:00",       1717200000123000},
        {"2024-06-01T08:00:00.123456789+08:00", 1717200000123456},
        {"2024-06-01 08:00:00+0800",            1717200000000000},
        {"2024-06-01T08:00:00+08",              1717200000000000},
        {"2024-05-31T19:00:00-05:00",           1717200000000000},
        {"2024-06-01T00:00:00z",                1717200000000000},
        {"2024-02-29T00:00:00Z",                1709164800000000},
        {"2000-02-29T23:59:60Z",                951868800000000 },
 /* no offset: the device's time is not known */
        {"2024-06-01T08:00:00",                 0               },
        {"2024-06-01T08:00:00.5",               0               },
 /* no such date, time or form */
        {"2023-02-29T00:00:00Z",                0               },
        {"2100-02-29T00:00:00Z",                0               },
        {"2024-13-01T00:00:00Z",                0               },
        {"2024-00-01T00:00:00Z",                0               },
        {"2024-01-32T00:00:00Z",                0               },
        {"2024-06-01T24:00:00Z",                0               },
        {"2024-06-01T08:60:00Z",                0               },
        {"2024-06-01T08:00:61Z",                0               },
        {"1969-12-31T23:59:59Z",                0               },
        {"2200-01-01T00:00:00Z",                0               },
        {"2024-06-01T08:00:00+15:00",           0               },
        {"2024-06-01T08:00:00+08:60",           0               },
        {"2024-06-01T08:00:00Zx",               0               },
        {"2024-06-01T08:00:00+08:00x",          0               },
        {"2024-06-01T08:00:00.Z",               0               },
        {"2024/06/01T08:00:00Z",                0               },
        {"20240601T080000Z",                    0               },
        {"1717200000",                          0               },
        {"",                                    0               },
        {"unknown",                             0               },
        {"-024-06-01T08:00:00Z",                0               },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(device_text_time(cases[i].text).us == cases[i].us);
    }
    /* Every cut of a good one is a time without its offset, or none. */
    char text[] = "2024-06-01T08:00:00.123+08:00";
    for (size_t size = sizeof(text) - 1; size-- > 0;) {
        text[size] = '\0';
        int64_t us = device_text_time(text).us;
        assert_true(us == 0 || us == 1717200000123000);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0",                       0,          true,  0         },
        {"1",                       9,          true,  1         },
        {" 12 ",                    99,         true,  12        },
        {"12.0",                    99,         true,  12        },
        {"12.",                     99,         true,  12        },
        {"007",                     7,          true,  7         },
        {"18446744073709551615",    UINT64_MAX, true,  UINT64_MAX},
        {"18446744073709551616",    UINT64_MAX, false, 0         },
        {"99999999999999999999999", UINT64_MAX, false, 0         },
        {"8",                       7,          false, 0         },
        {"10",                      9,          false, 0         },
        {"",                        9,          false, 0         },
        {" ",                       9,          false, 0         },
        {"-1",                      9,          false, 0         },
        {"+1",                      9,          false, 0         },
        {"1.5",                     9,          false, 0         },
        {"1e3",                     9999,       false, 0         },
        {"0x1",                     9,          false, 0         },
        {"1 2",                     99,         false, 0         },
        {".0",                      9,          false, 0         },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t value = 77;
        assert_int_equal(device_text_number(cases[i].text, cases[i].max, &value), cases[i].good);
        assert_true(value == (cases[i].good ? cases[i].value : 77));
    }
}

static void percents(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t percent;
    } cases[] = {
        {"97",                     97 },
        {"97.4",                   97 },
        {"97.5",                   98 },
        {" 97.49 ",                97 },
        {"99.9",                   100},
        {"100",                    100},
        {"100.0",                  100},
        {"100.1",                  0  },
        {"101",                    0  },
        {"-1",                     0  },
        {"",                       0  },
        {"high",                   0  },
        {"9999999999999999999999", 0  },
        {"5x",                     0  },
        {"0",                      0  },
        {"0.98",                   1  },
        {"nan",                    0  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(device_text_percent(cases[i].text), cases[i].percent);
    }
}

static void character_sets(void **state)
{
    (void)state;
    static const struct {
        struct bytes from;
        const char *utf8; /* NULL: no text */
    } cases[] = {
        {{(const uint8_t *)"abc", 3},                      "abc"      },
        {{(const uint8_t *)"\xef\xbb\xbf"
                           "abc",
          6},
         "abc"                                                        },
        {{(const uint8_t *)"\xe4\xba\xac"
                           "A",
          4},
         "京A"                                                       },
        {{(const uint8_t *)"\xbe\xa9"
                           "A",
          3},
         "京A"                                                       }, /* GBK */
        {{(const uint8_t *)"\xce\xde\xb3\xb5\xc5\xc6", 6}, "无车牌"}, /* GB2312 */
        {{(const uint8_t *)"\x81\x30\x81\x30", 4},         "\xc2\x80" }, /* GB18030, four bytes */
        {{(const uint8_t *)"\xff\xfe"
                           "A\0\xac\x4e",
          6},
         "A京"                                                       },
        {{(const uint8_t *)"\xfe\xff\0A\x4e\xac", 6},      "A京"     },
        {{(const uint8_t *)"abc\0", 4},                    "abc"      }, /* a C string with its end */
        {{(const uint8_t *)"a\0b", 3},                     NULL       },
        {{(const uint8_t *)"\0", 1},                       NULL       },
        {{(const uint8_t *)"", 0},                         NULL       },
        {{(const uint8_t *)"\xef\xbb\xbf", 3},             NULL       },
        {{(const uint8_t *)"a\xff", 2},                    NULL       },
        {{(const uint8_t *)"\xbe", 1},                     NULL       }, /* half a character */
        {{(const uint8_t *)"\xff\xfe"
                           "A",
          3},
         NULL                                                         }, /* half a UTF-16 unit */
        {{(const uint8_t *)"\xff\xfe\x00\xd8", 4},         NULL       },
        {{(const uint8_t *)"\xc0\x7f", 2},                 NULL       }, /* neither */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t size = 0;
        AUTO(device_text_free) char *text = device_text_decode(cases[i].from, &size);
        if (cases[i].utf8 == NULL) {
            assert_null(text);
        } else {
            assert_non_null(text);
            assert_string_equal(text, cases[i].utf8);
            assert_int_equal(size, strlen(text));
        }
    }
}

static void blanks_are_cut(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"",        ""   },
        {" \r\n\t", ""   },
        {"a",       "a"  },
        {" a b\n",  "a b"},
        {"\ta",     "a"  }
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[16] = "";
        memcpy(text, cases[i][0], strlen(cases[i][0]));
        device_text_trim(text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void fingerprints_tell_parts_apart(void **state)
{
    (void)state;
    const struct name gate = {.text = "cam-1"};
    const struct name other = {.text = "cam-2"};
    const char *ab_c[] = {"ab", "c"};
    const char *a_bc[] = {"a", "bc"};
    const char *abc[] = {"abc"};
    char first[DEVICE_FINGERPRINT_SIZE];
    char again[DEVICE_FINGERPRINT_SIZE];
    char out[DEVICE_FINGERPRINT_SIZE];
    device_text_fingerprint(gate, ab_c, 2, first);
    device_text_fingerprint(gate, ab_c, 2, again);
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 32);
    device_text_fingerprint(gate, a_bc, 2, out);
    assert_string_not_equal(first, out);
    device_text_fingerprint(gate, abc, 1, out);
    assert_string_not_equal(first, out);
    device_text_fingerprint(other, ab_c, 2, out);
    assert_string_not_equal(first, out);
    /* Computed by an independent program (Python integers) from the published basis and prime. */
    assert_string_equal(first, "c32bd68efb668f51c01e95b2aaa2154e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),          cmocka_unit_test(numbers),
        cmocka_unit_test(percents),       cmocka_unit_test(character_sets),
        cmocka_unit_test(blanks_are_cut), cmocka_unit_test(fingerprints_tell_parts_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
