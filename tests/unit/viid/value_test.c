/* Goal: what peers type differently reads alike, and what is no such value is told from what is
 * missing. Method: rows of JSON values, as the reference of the interface lists them. */
#include "controller/viid/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/must.h"

static json_t *json_of(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum value_state state;
        int64_t number;
    } rows[] = {
        {"1",                        VALUE_GOOD,   1 },
        {"\"1\"",                    VALUE_GOOD,   1 },
        {"\" 1 \"",                  VALUE_GOOD,   1 },
        {"1.0",                      VALUE_GOOD,   1 },
        {"true",                     VALUE_GOOD,   1 },
        {"false",                    VALUE_GOOD,   0 },
        {"\"-1\"",                   VALUE_GOOD,   -1},
        {"-1",                       VALUE_GOOD,   -1},
        {"\"\"",                     VALUE_ABSENT, 0 },
        {"\"  \"",                   VALUE_ABSENT, 0 },
        {"null",                     VALUE_ABSENT, 0 },
        {"1.5",                      VALUE_BAD,    0 },
        {"1e300",                    VALUE_BAD,    0 },
        {"10",                       VALUE_BAD,    0 },
        {"\"1x\"",                   VALUE_BAD,    0 },
        {"\"-\"",                    VALUE_BAD,    0 },
        {"\"99999999999999999999\"", VALUE_BAD,    0 },
        {"{}",                       VALUE_BAD,    0 },
        {"[1]",                      VALUE_BAD,    0 },
    };
    int64_t number = 0;
    assert_int_equal(value_number(NULL, 0, 9, &number), VALUE_ABSENT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_free) json_t *json = json_of(rows[i].json);
        number = 0;
        assert_int_equal(value_number(json, -1, 9, &number), rows[i].state);
        assert_int_equal(number, rows[i].number);
    }
}

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum value_state state;
        const char *text;
    } rows[] = {
        {"\"abc\"",       VALUE_GOOD,   "abc"},
        {"\" a b\\n\"",   VALUE_GOOD,   "a b"},
        {"71",            VALUE_GOOD,   "71" },
        {"true",          VALUE_GOOD,   "1"  },
        {"\"\"",          VALUE_ABSENT, ""   },
        {"null",          VALUE_ABSENT, ""   },
        {"\"12345678\"",  VALUE_BAD,    ""   },
        {"\"a\\u0001b\"", VALUE_BAD,    ""   },
        {"\"a\\tb\"",     VALUE_BAD,    ""   },
        {"{}",            VALUE_BAD,    ""   },
        {"1.5",           VALUE_BAD,    ""   },
    };
    char out[8];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_free) json_t *json = json_of(rows[i].json);
        assert_int_equal(value_text(json, out, sizeof(out)), rows[i].state);
        assert_string_equal(out, rows[i].text);
    }
}

#define AT_2020 INT64_C(1580715255000000) /* 2020-02-03 15:34:15 in Shanghai */

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum value_state state;
        int64_t us;
        bool clock_unknown, standard;
    } rows[] = {
        {"\"20200203153415\"",      VALUE_GOOD,   AT_2020,                   false, true },
        {"\"2020-02-03 15:34:15\"", VALUE_GOOD,   AT_2020,                   false, false},
        {"\"20200203 153415\"",     VALUE_GOOD,   AT_2020,                   false, false},
        {"\"20171230 000000\"",     VALUE_GOOD,   INT64_C(1514563200000000), false, false},
        {"1580715255000",           VALUE_GOOD,   AT_2020,                   false, false},
        {"\"1580715255000\"",       VALUE_GOOD,   AT_2020,                   false, false},
        {"\"19700101080000\"",      VALUE_GOOD,   0,                         true,  true },
        {"\"20141231235959\"",      VALUE_GOOD,   INT64_C(1420041599000000), true,  true },
        {"\"20150101000000\"",      VALUE_GOOD,   INT64_C(1420041600000000), false, true },
        {"0",                       VALUE_GOOD,   0,                         true,  false},
        {"\"20991231235959\"",      VALUE_GOOD,   INT64_C(4102415999000000), false, true },
        {"\"20200230000000\"",      VALUE_BAD,    0,                         false, true },
        {"\"20200203240000\"",      VALUE_BAD,    0,                         false, true },
        {"\"20200203156015\"",      VALUE_BAD,    0,                         false, true },
        {"\"2020-02-03T15:34:15\"", VALUE_BAD,    0,                         false, false},
        {"\"2020-02-03\"",          VALUE_BAD,    0,                         false, false},
        {"\"forever\"",             VALUE_BAD,    0,                         false, false},
        {"\"99991231235959\"",      VALUE_BAD,    0,                         false, true },
        {"\"\"",                    VALUE_ABSENT, 0,                         false, false},
        {"{}",                      VALUE_BAD,    0,                         false, false},
        {"-5",                      VALUE_BAD,    0,                         false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_free) json_t *json = json_of(rows[i].json);
        struct value_time time = value_time(json);
        assert_int_equal(time.state, rows[i].state);
        assert_int_equal(time.when.us, rows[i].us);
        assert_int_equal(time.clock_unknown, rows[i].clock_unknown);
        assert_int_equal(time.standard, rows[i].standard);
    }
}

static void the_text_of_a_time_is_kept(void **state)
{
    (void)state;
    AUTO(value_free) json_t *json = json_of("\"20171230 000000\"");
    AUTO(value_free) json_t *bad = json_of("\"forever\"");
    assert_string_equal(value_time(json).text, "20171230 000000");
    assert_string_equal(value_time(bad).text, "forever");
    char out[VALUE_TIME_SIZE];
    value_time_format((struct wall){.us = AT_2020}, out);
    assert_string_equal(out, "20200203153415");
    value_time_format((struct wall){.us = 0}, out);
    assert_string_equal(out, "19700101080000");
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t count;
        bool bare;
    } rows[] = {
        {"{\"W\":{\"O\":[{\"a\":1},{\"a\":2}]}}", 2, false},
        {"{\"O\":[{\"a\":1}]}",                   1, true },
        {"{\"W\":{\"O\":{\"a\":1}}}",             1, false},
        {"{\"O\":{\"a\":1}}",                     1, true },
        {"{\"W\":{}}",                            0, false},
        {"{\"W\":{\"O\":[]}}",                    0, false},
        {"{\"W\":7}",                             0, true },
        {"[]",                                    0, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_free) json_t *json = json_of(rows[i].json);
        struct value_list list = value_list(json, "W", "O");
        assert_int_equal(list.count, rows[i].count);
        assert_int_equal(list.bare, rows[i].bare);
        for (size_t n = 0; n < list.count; n++) {
            assert_int_equal(json_integer_value(json_object_get(value_list_at(&list, n), "a")),
                             (int)n + 1);
        }
    }
    AUTO(value_free) json_t *odd = json_of("{\"O\":[3]}");
    struct value_list list = value_list(odd, "W", "O");
    assert_int_equal(list.count, 1);
    assert_null(value_list_at(&list, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(texts),
        cmocka_unit_test(times),   cmocka_unit_test(the_text_of_a_time_is_kept),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
