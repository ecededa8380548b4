/* Goal: a terminal is asked in its own words, is sent a number and nothing else of a person, and
 * whatever it answers, only what says so is done. Method: requests as literal JSON; answers of each
 * kind, retyped, cut and damaged under the sanitizers. */
#include "reader-agent/terminal/isapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static struct isapi_answer answer_of(long status, const char *text)
{
    return (struct isapi_answer){.status = status, .body = bytes_of_text(text)};
}

static void requests_are_literal(void **state)
{
    (void)state;
    struct isapi_request r = isapi_answer_check(1207, true);
    assert_int_equal(r.method, ISAPI_PUT);
    assert_string_equal(r.path, "/ISAPI/AccessControl/remoteCheck?format=json");
    assert_string_equal(r.body,
                        "{\"RemoteCheck\":{\"serialNo\":1207,\"checkResult\":\"success\"}}");
    r = isapi_answer_check(1207, false);
    assert_string_equal(r.body, "{\"RemoteCheck\":{\"serialNo\":1207,\"checkResult\":\"failed\"}}");
    r = isapi_ask_settings();
    assert_int_equal(r.method, ISAPI_GET);
    assert_string_equal(r.path, "/ISAPI/AccessControl/AcsCfg?format=json");
    assert_string_equal(r.body, "");
    r = isapi_delete_person("E1");
    assert_string_equal(r.path, "/ISAPI/AccessControl/UserInfoDetail/Delete?format=json");
    assert_string_equal(r.body, "{\"UserInfoDetail\":{\"mode\":\"byEmployeeNo\",\"EmployeeNoList\":"
                                "[{\"employeeNo\":\"E1\"}]}}");
    r = isapi_open_door();
    assert_string_equal(r.path, "/ISAPI/AccessControl/RemoteControl/door/1");
    assert_string_equal(r.body, "<RemoteControlDoor><cmd>open</cmd></RemoteControlDoor>");
}

/* Number, validity, door: a name, a picture or an attribute would be a field more. */
static void a_person_is_a_number_and_a_validity(void **state)
{
    (void)state;
    struct isapi_request r = isapi_add_person("E1", (struct wall){.us = 0});
    assert_int_equal(r.method, ISAPI_POST);
    assert_string_equal(r.path, "/ISAPI/AccessControl/UserInfo/Record?format=json");
    assert_string_equal(
        r.body,
        "{\"UserInfo\":{\"employeeNo\":\"E1\",\"userType\":\"normal\",\"Valid\":{\"enable\":true,"
        "\"beginTime\":\"2020-01-01T00:00:00+00:00\",\"endTime\":\"2037-12-31T23:59:59+00:00\","
        "\"timeType\":\"UTC\"},\"doorRight\":\"1\",\"RightPlan\":[{\"doorNo\":1,"
        "\"planTemplateNo\":\"1\"}]}}");
    r = isapi_change_person("E1", (struct wall){.us = 1772323200000000});
    assert_string_equal(r.path, "/ISAPI/AccessControl/UserInfo/Modify?format=json");
    assert_non_null(strstr(r.body, "\"endTime\":\"2026-03-01T00:00:00+00:00\""));
    r = isapi_add_person("E1", (struct wall){.us = INT64_MAX}); /* beyond what terminals know */
    assert_non_null(strstr(r.body, "\"endTime\":\"2037-12-31T23:59:59+00:00\""));
    r = isapi_add_person("\"\\\x01\xe5\xbc\xa0", (struct wall){.us = 0}); /* nothing breaks out */
    assert_non_null(strstr(r.body, "\"employeeNo\":\"\\\"\\\\\\u0001\xe5\xbc\xa0\""));
}

static void results(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum isapi_result result;
        const char *what;
    } rows[] = {
        {200, "{\"statusCode\":1,\"statusString\":\"OK\",\"subStatusCode\":\"ok\"}",                 ISAPI_DONE,
         ""                                                                                                                                                },
        {200, "{\"statusCode\":\"1\"}",                                                              ISAPI_DONE,        ""                                 },
        {200, "{\"statusCode\":1.0}",                                                                ISAPI_DONE,        ""                                 },
        {200, "{\"ResponseStatus\":{\"statusCode\":1}}",                                             ISAPI_DONE,        ""                                 },
        {200, "<ResponseStatus><statusCode>1</statusCode></ResponseStatus>",                         ISAPI_DONE,        ""                                 },
        {400, "<ResponseStatus><statusCode>4</statusCode><subStatusCode>notSupport</subStatusCode>",
         ISAPI_UNSUPPORTED,                                                                                             "notSupport"                       },
        {400, "{\"statusCode\":6,\"subStatusCode\":\"employeeNoAlreadyExist\"}",                     ISAPI_EXISTS,
         "employeeNoAlreadyExist"                                                                                                                          },
        {200, "{\"statusCode\":6,\"subStatusCode\":\"deviceUserAlreadyExist\"}",                     ISAPI_EXISTS,
         "deviceUserAlreadyExist"                                                                                                                          },
        {400, "{\"statusCode\":6,\"subStatusCode\":\"deviceFull\"}",                                 ISAPI_REFUSED,     "deviceFull"                       },
        {400, "{\"statusCode\":1}",                                                                  ISAPI_REFUSED,     "the terminal refuses"             }, /* both must say so */
        {200, "{\"statusCode\":-1}",                                                                 ISAPI_REFUSED,     "the terminal refuses"             },
        {400, "{\"statusCode\":6,\"subStatusCode\":\"a\\nb\\u5f20\"}",                               ISAPI_REFUSED,     "a?b???"                           },
        {401, "{\"statusCode\":1}",                                                                  ISAPI_REFUSED,     "the terminal refuses the account" },
        {404, "<html>no</html>",                                                                     ISAPI_UNSUPPORTED, "the terminal has no such function"},
        {200, "<html>login</html>",                                                                  ISAPI_UNREADABLE,  "the answer was not understood"    },
        {200, "",                                                                                    ISAPI_UNREADABLE,  "the answer was not understood"    },
        {200, "[]",                                                                                  ISAPI_UNREADABLE,  "the answer was not understood"    },
        {200, "{\"statusCode\":1,\"statusCode\":6}",                                                 ISAPI_UNREADABLE,
         "the answer was not understood"                                                                                                                   },
        {200, "{\"statusCode\":true}",                                                               ISAPI_UNREADABLE,  "the answer was not understood"    },
        {200, "{\"statusCode\":\"\"}",                                                               ISAPI_UNREADABLE,  "the answer was not understood"    },
        {500, "{}",                                                                                  ISAPI_UNREADABLE,  "the answer was not understood"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char what[HELPER_WORD_SIZE];
        struct isapi_answer answer = answer_of(rows[i].status, rows[i].body);
        print_message("%s\n", rows[i].body);
        assert_int_equal(isapi_result_of(&answer, what), rows[i].result);
        assert_string_equal(what, rows[i].what);
    }
    char what[HELPER_WORD_SIZE];
    struct isapi_answer none = {.why = "it does not answer"};
    assert_int_equal(isapi_result_of(&none, what), ISAPI_UNREADABLE);
    assert_string_equal(what, "it does not answer");
}

static void settings(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        struct helper_settings expected;
    } rows[] = {
        {200,
         "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":true,"
         "\"offlineDevCheckOpenDoorEnabled\":false,\"uploadCapPic\":true}}", {true, true, false}  },
        {200,
         "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":\"TRUE\","
         "\"offlineDevCheckOpenDoorEnabled\":0}}",                           {true, true, false}  },
        {200,
         "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":false,"
         "\"offlineDevCheckOpenDoorEnabled\":true}}",                        {true, false, true}  },
        {200, "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":true}}",              {false, false, false}},
        {200, "{\"AcsCfg\":{\"offlineDevCheckOpenDoorEnabled\":false}}",     {false, false, false}},
        {200,
         "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":2,"
         "\"offlineDevCheckOpenDoorEnabled\":false}}",                       {false, false, false}},
        {200, "{\"AcsCfg\":[true,false]}",                                   {false, false, false}},
        {401,
         "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":true,"
         "\"offlineDevCheckOpenDoorEnabled\":false}}",                       {false, false, false}},
        {0,   "",                                                            {false, false, false}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct helper_settings read = {true, true, true};
        struct isapi_answer answer = answer_of(rows[i].status, rows[i].body);
        isapi_read_settings(&answer, &read);
        assert_int_equal(read.read, rows[i].expected.read);
        assert_int_equal(read.remote_check, rows[i].expected.remote_check);
        assert_int_equal(read.offline_opens, rows[i].expected.offline_opens);
    }
}

static void deletions(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum isapi_deletion expected;
    } rows[] = {
        {"\"processing\"", ISAPI_DELETES            },
        {"\"success\"",    ISAPI_DELETED            },
        {"\"Failed\"",     ISAPI_NOT_DELETED        },
        {"\"perhaps\"",    ISAPI_DELETION_UNREADABLE},
        {"7",              ISAPI_DELETION_UNREADABLE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char body[128];
        (void)snprintf(body, sizeof(body), "{\"UserInfoDetailDeleteProcess\":{\"status\":%s}}",
                       rows[i].word);
        struct isapi_answer answer = answer_of(200, body);
        assert_int_equal(isapi_read_deletion(&answer), rows[i].expected);
        answer.status = 500;
        assert_int_equal(isapi_read_deletion(&answer), ISAPI_DELETION_UNREADABLE);
    }
}

/* Only a search that found nothing, and says so, means that nobody is there. */
static void searches(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool understood, there;
    } rows[] = {
        {"{\"UserInfoSearch\":{\"numOfMatches\":0,\"responseStatusStrg\":\"NO MATCH\"}}",    true,
         false                                                                                           },
        {"{\"UserInfoSearch\":{\"numOfMatches\":\"0\"}}",                                    true,  false},
        {"{\"UserInfoSearch\":{\"numOfMatches\":1,\"UserInfo\":[{\"employeeNo\":\"E1\"}]}}", true,
         true                                                                                            },
        {"{\"UserInfoSearch\":{\"numOfMatches\":0,\"UserInfo\":[{\"employeeNo\":\"E1\"}]}}", true,
         true                                                                                            },
        {"{\"UserInfoSearch\":{\"numOfMatches\":1,\"UserInfo\":[{\"employeeNo\":\"E2\"}]}}", false,
         false                                                                                           },
        {"{\"UserInfoSearch\":{\"numOfMatches\":1}}",                                        false, false},
        {"{\"UserInfoSearch\":{}}",                                                          false, false},
        {"{\"UserInfoSearch\":{\"numOfMatches\":null}}",                                     false, false},
        {"{}",                                                                               false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool there = false;
        struct isapi_answer answer = answer_of(200, rows[i].body);
        print_message("%s\n", rows[i].body);
        assert_int_equal(isapi_read_person(&answer, "E1", &there), rows[i].understood);
        if (rows[i].understood) {
            assert_int_equal(there, rows[i].there);
        }
    }
    bool there = false;
    struct isapi_answer number = answer_of(
        200, "{\"UserInfoSearch\":{\"numOfMatches\":1,\"UserInfo\":[{\"employeeNo\":42}]}}");
    assert_true(isapi_read_person(&number, "42", &there) && there);
    assert_false(isapi_read_person(&number, "042", &there));
}

static void damaged_answers_are_survived(void **state)
{
    (void)state;
    static const char good[] =
        "{\"UserInfoSearch\":{\"numOfMatches\":1,\"UserInfo\":[{\"employeeNo\":"
        "\"E1\"}]},\"statusCode\":1,\"AcsCfg\":{\"remoteCheckDoorEnabled\":true}}";
    unsigned seed = 20261122;
    for (int i = 0; i < 20000; i++) {
        char body[sizeof(good)];
        memcpy(body, good, sizeof(good));
        seed = seed * 1103515245U + 12345U;
        size_t at = seed / 65536 % (sizeof(good) - 1);
        seed = seed * 1103515245U + 12345U;
        body[at] = (char)(seed / 65536);
        struct isapi_answer answer = {
            .status = 200,
            .body = {.data = (const uint8_t *)body, .size = (size_t)i % sizeof(good)}
        };
        char what[HELPER_WORD_SIZE];
        struct helper_settings read;
        bool there;
        (void)isapi_result_of(&answer, what);
        isapi_read_settings(&answer, &read);
        (void)isapi_read_deletion(&answer);
        (void)isapi_read_person(&answer, "E1", &there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_literal),
        cmocka_unit_test(a_person_is_a_number_and_a_validity),
        cmocka_unit_test(results),
        cmocka_unit_test(settings),
        cmocka_unit_test(deletions),
        cmocka_unit_test(searches),
        cmocka_unit_test(damaged_answers_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
