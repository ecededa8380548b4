/* Goal: each answer of a peer is read, in whatever form, and ours are the standard's. Method: rows
 * of bodies; what we write is read again. */
#include "controller/viid/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "controller/viid/value.h"

enum { READ_MAX = 4 };

static void answers_of_peers(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t count;
        enum status_code first;
        const char *id;
    } rows[] = {
        {"{\"ResponseStatusObject\":{\"StatusCode\":\"0\",\"Id\":\"71\"}}",                  1, STATUS_OK,         "71"},
        {"{\"ResponseStatusObject\":{\"StatusCode\":0,\"Id\":71}}",                          1, STATUS_OK,         "71"},
        {"{\"StatusCode\":\"0\"}",                                                           1, STATUS_OK,         ""  },
        {"{\"ResponseStatusListObject\":{\"ResponseStatusObject\":[{\"StatusCode\":\"0\",\"Id\":"
         "\"a\"},{\"StatusCode\":8,\"Id\":\"b\"}]}}",                               2, STATUS_OK,         "a" },
        {"{\"ResponseStatusObject\":[{\"StatusCode\":2,\"Id\":\"c\"}]}",                     1, STATUS_BUSY,       "c" },
        {"{\"ResponseStatusListObject\":{\"ResponseStatusObject\":{\"StatusCode\":\"9\"}}}", 1,
         STATUS_REBOOT,                                                                                            ""  },
        {"{\"ResponseStatusObject\":{\"StatusCode\":\"\"}}",                                 1, STATUS_UNREADABLE, ""  },
        {"{\"ResponseStatusObject\":{\"StatusCode\":10}}",                                   1, STATUS_UNREADABLE, ""  },
        {"{\"ResponseStatusObject\":{\"StatusCode\":0,\"Id\":{}}}",                          1, STATUS_UNREADABLE, ""  },
        {"{}",                                                                               0, STATUS_OK,         ""  },
        {"OK",                                                                               0, STATUS_OK,         ""  },
        {"",                                                                                 0, STATUS_OK,         ""  },
        {"[]",                                                                               0, STATUS_OK,         ""  },
    };
    struct status_read read[READ_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t count = status_read(bytes_of_text(rows[i].body), read, READ_MAX);
        assert_int_equal(count, rows[i].count);
        if (count > 0) {
            assert_int_equal(read[0].code, rows[i].first);
            assert_string_equal(read[0].id, rows[i].id);
        }
    }
}

static void no_more_than_asked_for(void **state)
{
    (void)state;
    struct status_read read[2];
    assert_int_equal(
        status_read(bytes_of_text("{\"ResponseStatusObject\":[{\"StatusCode\":0},{\"StatusCode\":"
                                  "0},{\"StatusCode\":0}]}"),
                    read, 2),
        2);
}

static void text_free(char **text)
{
    free(*text);
}

static void what_we_answer(void **state)
{
    (void)state;
    struct wall now = {.us = INT64_C(1580715255000000)};
    struct status good = {.code = STATUS_OK, .id = "71"};
    struct status bad = {.code = STATUS_JSON_CONTENT, .text = "EndTime is past"};
    AUTO(value_free) json_t *list = status_list_body(json_array());
    json_t *objects =
        json_object_get(json_object_get(list, "ResponseStatusListObject"), "ResponseStatusObject");
    assert_int_equal(
        json_array_append_new(objects, status_object(&good, "/VIID/Dispositions", now, false)), 0);
    assert_int_equal(
        json_array_append_new(objects, status_object(&bad, "/VIID/Dispositions", now, false)), 0);
    AUTO(text_free) char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"ResponseStatusListObject\":{\"ResponseStatusObject\":[{\"RequestURL\":\"/VIID/"
        "Dispositions\",\"StatusCode\":\"0\",\"StatusString\":\"OK\",\"Id\":\"71\",\"LocalTime\":"
        "\"20200203153415\"},{\"RequestURL\":\"/VIID/Dispositions\",\"StatusCode\":\"8\","
        "\"StatusString\":\"EndTime is past\",\"Id\":\"\",\"LocalTime\":\"20200203153415\"}]}}");

    AUTO(value_free)
    json_t *one = status_body(status_object(&good, "/VIID/System/Register", now, true));
    AUTO(text_free) char *number = json_dumps(one, JSON_COMPACT);
    assert_non_null(strstr(number, "\"StatusCode\":0,"));
    struct status_read read;
    assert_int_equal(status_read(bytes_of_text(number), &read, 1), 1);
    assert_int_equal(read.code, STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_of_peers),
        cmocka_unit_test(no_more_than_asked_for),
        cmocka_unit_test(what_we_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
