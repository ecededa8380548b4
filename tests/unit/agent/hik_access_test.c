/* Goal: a terminal's event gives a reading only where somebody passed its check, history is always
 * marked, and nothing personal but the credential leaves the parser. Method: bodies built field by
 * field, each field retyped, missing and doubled, every pair of event numbers, every cut and
 * thousands of damaged bytes under the sanitizers. */
#include "reader-agent/driver/hik_access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { BODY_BYTES = 65536 };

static const struct name terminal = {.text = "face-1"};
static char body[BODY_BYTES];

/* JSON members of the event, as text after the colon. NULL: the member is left out. */
struct event {
    const char *date_time, *event_type;
    const char *major, *sub, *serial, *employee, *card, *current;
    const char *more; /* further members of the event, with a leading comma */
};

static const struct event face_pass = {
    .date_time = "\"2024-06-01T08:00:00+08:00\"",
    .event_type = "\"AccessControllerEvent\"",
    .major = "5",
    .sub = "75",
    .serial = "1207",
    .employee = "\"00042\"",
    .card = NULL,
    .current = "true",
    .more = ",\"name\":\"Secret Name\",\"mask\":\"no\",\"helmet\":\"unknown\",\"cardReaderNo\":1,"
            "\"doorNo\":1,\"currentVerifyMode\":\"cardOrFace\",\"frontSerialNo\":1206,"
            "\"FaceRect\":{\"height\":0.4,\"width\":0.2,\"x\":0.3,\"y\":0.3},\"gender\":\"male\"",
};

static size_t member(char *out, size_t room, const char *name, const char *value)
{
    if (value == NULL) {
        return 0;
    }
    int size = snprintf(out, room, ",\"%s\":%s", name, value);
    assert_true(size > 0 && (size_t)size < room);
    return (size_t)size;
}

static void build(const struct event *e)
{
    size_t at = (size_t)snprintf(body, sizeof(body), "{\"ipAddress\":\"192.0.2.20\"");
    at += member(body + at, sizeof(body) - at, "dateTime", e->date_time);
    at += member(body + at, sizeof(body) - at, "eventType", e->event_type);
    at += (size_t)snprintf(body + at, sizeof(body) - at,
                           ",\"AccessControllerEvent\":{\"deviceName\":\"Access Controller\"");
    at += member(body + at, sizeof(body) - at, "majorEventType", e->major);
    at += member(body + at, sizeof(body) - at, "subEventType", e->sub);
    at += member(body + at, sizeof(body) - at, "serialNo", e->serial);
    at += member(body + at, sizeof(body) - at, "employeeNoString", e->employee);
    at += member(body + at, sizeof(body) - at, "cardNo", e->card);
    at += member(body + at, sizeof(body) - at, "currentEvent", e->current);
    int rest = snprintf(body + at, sizeof(body) - at, "%s}}\n", e->more != NULL ? e->more : "");
    assert_true(rest > 0 && (size_t)rest < sizeof(body) - at);
}

static enum parse_result parse_bytes(const void *data, size_t size, struct reading *ret)
{
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, data, size);
    const char *notice = NULL;
    enum parse_result result =
        hik_access_parse((struct bytes){.data = copy, .size = size}, terminal, ret, &notice);
    assert_int_equal(notice != NULL, result == PARSE_NOTICE);
    free(copy);
    return result;
}

static enum parse_result parse(const struct event *e, struct reading *ret)
{
    build(e);
    return parse_bytes(body, strlen(body), ret);
}

static bool memory_holds(const void *memory, size_t size, const char *text)
{
    return memmem(memory, size, text, strlen(text)) != NULL;
}

static void a_face_pass_field_by_field(void **state)
{
    (void)state;
    struct reading r;
    memset(&r, 0xee, sizeof(r));
    assert_int_equal(parse(&face_pass, &r), PARSE_READING);
    assert_string_equal(r.reader.text, "face-1");
    assert_int_equal(r.kind, CREDENTIAL_KIND_FACE);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_UID_ONLY);
    assert_int_equal(r.id_size, 5);
    assert_memory_equal(r.id, "00042", 5); /* leading zeros stay */
    assert_true(r.captured.us == 1717200000000000);
    assert_false(r.history);
    assert_false(r.live_by_read);
    assert_int_equal(r.direction, LANE_NO_DIRECTION);
    assert_string_equal(r.device_event, "face-1/1207");
    assert_false(memory_holds(&r, sizeof(r), "Secret"));
    assert_false(memory_holds(&r, sizeof(r), "male"));
}

static void every_pair_of_event_numbers(void **state)
{
    (void)state;
    static const uint32_t majors[] = {0, 1, 2, 3, 4, 5, 6, 255};
    for (size_t m = 0; m < ARRAY_LEN(majors); m++) {
        for (unsigned sub = 0; sub < 1100; sub++) {
            char major_text[16];
            char sub_text[16];
            (void)snprintf(major_text, sizeof(major_text), "%u", majors[m]);
            (void)snprintf(sub_text, sizeof(sub_text), "%u", sub);
            struct event e = face_pass;
            e.major = major_text;
            e.sub = sub_text;
            e.card = "\"04A1B2C3\"";
            enum parse_result expected = PARSE_FOREIGN;
            enum credential_kind kind = CREDENTIAL_KIND_FACE;
            if (majors[m] == 5 && (sub == 75 || sub == 77)) {
                expected = PARSE_READING;
            } else if (majors[m] == 5 && sub == 1) {
                expected = PARSE_READING;
                kind = CREDENTIAL_KIND_BADGE;
            } else if (majors[m] == 5 && sub == 21) {
                expected = PARSE_READING;
                kind = CREDENTIAL_KIND_NONE;
            } else if (majors[m] == 5 && (sub == 76 || sub == 78 || sub == 80)) {
                expected = PARSE_FAILED;
            } else if (majors[m] == 5 && sub == 23) {
                expected = PARSE_NOTICE;
            }
            struct reading r;
            assert_int_equal(parse(&e, &r), expected);
            if (expected == PARSE_READING) {
                assert_int_equal(r.kind, kind);
                assert_int_equal(r.unlocked, sub == 21);
            }
        }
    }
}

/* Only a live pass with a number of its own can be answered; and a door is never a person. */
static void asking(void **state)
{
    (void)state;
    static const struct {
        const char *major, *sub, *serial, *current, *more;
        uint64_t ask;
    } cases[] = {
        {"5", "75", "1207",                    "true",  ",\"remoteCheck\":true",        1207                },
        {"5", "77", "1207",                    NULL,    ",\"remoteCheck\":true",        1207                },
        {"5", "1",  "1207",                    "true",  ",\"remoteCheck\":\"true\"",    1207                },
        {"5", "75", "\"1207\"",                "true",  ",\"remoteCheck\":1",           1207                },
        {"5", "75", "9223372036854775807",     "true",  ",\"remoteCheck\":true",        9223372036854775807U},
        {"5", "75", "\"9223372036854775808\"", "true",  ",\"remoteCheck\":true",        0                   },
        {"5", "75", "1207",                    "true",  "",                             0                   },
        {"5", "75", "1207",                    "true",  ",\"remoteCheck\":false",       0                   },
        {"5", "75", "1207",                    "true",  ",\"remoteCheck\":\"perhaps\"", 0                   },
        {"5", "75", "1207",                    "true",  ",\"remoteCheck\":2",           0                   },
        {"5", "75", NULL,                      "true",  ",\"remoteCheck\":true",        0                   },
        {"5", "75", "1207",                    "false", ",\"remoteCheck\":true",        0                   },
        {"5", "21", "1207",                    "true",  ",\"remoteCheck\":true",        0                   },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.major = cases[i].major;
        e.sub = cases[i].sub;
        e.serial = cases[i].serial;
        e.current = cases[i].current;
        e.more = cases[i].more;
        e.card = "\"04A1B2C3\"";
        assert_int_equal(parse(&e, &r), PARSE_READING);
        assert_int_equal(r.ask, cases[i].ask);
    }
}

/* The unlocking of the past cannot be compared with what we answered. */
static void an_unlocked_door_is_no_person(void **state)
{
    (void)state;
    struct event e = face_pass;
    struct reading r;
    e.sub = "21";
    assert_int_equal(parse(&e, &r), PARSE_READING);
    assert_true(r.unlocked);
    assert_int_equal(r.kind, CREDENTIAL_KIND_NONE);
    assert_int_equal(r.id_size, 0);
    assert_string_equal(r.device_event, "face-1/1207");
    e.current = "false";
    assert_int_equal(parse(&e, &r), PARSE_FOREIGN);
}

static void history_is_marked_and_doubt_is_history(void **state)
{
    (void)state;
    static const struct {
        const char *current;
        bool history;
    } cases[] = {
        {NULL,        false},
        {"true",      false},
        {"null",      false},
        {"\"true\"",  false},
        {"\"True\"",  false},
        {"1",         false},
        {"\"1\"",     false},
        {"1.0",       false},
        {"false",     true },
        {"\"false\"", true },
        {"0",         true },
        {"\"0\"",     true },
        {"0.0",       true },
        {"\"\"",      true },
        {"2",         true },
        {"-1",        true },
        {"\"yes\"",   true },
        {"[]",        true },
        {"{}",        true },
        {"[true]",    true },
        {"\"tru\"",   true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.current = cases[i].current;
        assert_int_equal(parse(&e, &r), PARSE_READING);
        assert_int_equal(r.history, cases[i].history);
    }
    /* An exit button of yesterday is no news. */
    struct event e = face_pass;
    struct reading r;
    e.sub = "23";
    e.current = "false";
    assert_int_equal(parse(&e, &r), PARSE_FOREIGN);
}

static void the_object_decides_where_the_envelope_is_missing(void **state)
{
    (void)state;
    struct event e = face_pass;
    struct reading r;
    e.event_type = NULL;
    e.date_time = NULL;
    assert_int_equal(parse(&e, &r), PARSE_READING);
    assert_true(r.captured.us == 0);
    e.event_type = "\"\"";
    assert_int_equal(parse(&e, &r), PARSE_READING);
    e.event_type = "7"; /* no text, no other kind */
    assert_int_equal(parse(&e, &r), PARSE_READING);
    static const char *const others[] = {"\"heartBeat\"", "\"videoloss\"", "\"IDCardInfoEvent\""};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        e.event_type = others[i];
        assert_int_equal(parse(&e, &r), PARSE_FOREIGN);
    }
}

static void texts_that_are_no_events(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum parse_result result;
    } cases[] = {
        {"",                                                                                   PARSE_BAD    },
        {"{",                                                                                  PARSE_BAD    },
        {"{}",                                                                                 PARSE_BAD    },
        {"[]",                                                                                 PARSE_BAD    },
        {"null",                                                                               PARSE_BAD    },
        {"\"AccessControllerEvent\"",                                                          PARSE_BAD    },
        {"<a/>",                                                                               PARSE_BAD    },
        {"{\"dateTime\":\"2024-06-01T08:00:00Z\"}",                                            PARSE_BAD    },
        {"{\"eventType\":\"AccessControllerEvent\"}",                                          PARSE_BAD    },
        {"{\"AccessControllerEvent\":null}",                                                   PARSE_BAD    },
        {"{\"AccessControllerEvent\":[]}",                                                     PARSE_BAD    },
        {"{\"AccessControllerEvent\":{}}",                                                     PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"majorEventType\":5}}",                                 PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"subEventType\":75}}",                                  PARSE_BAD    },
        {"{\"eventType\":\"videoloss\",\"eventState\":\"inactive\"}",                          PARSE_FOREIGN},
        {"{\"eventType\":\"heartBeat\"}\r\n",                                                  PARSE_FOREIGN},
        {"{\"eventType\":\"heartBeat\"} x",                                                    PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":75},"
         "\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":1}}",      PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":75,"
         "\"employeeNoString\":\"1\",\"employeeNoString\":\"2\"}}",                   PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":75,"
         "\"employeeNoString\":\"1\\u0000\"}}",                                       PARSE_BAD    },
        {"{\"AccessControllerEvent\":{\"majorEventType\":5,\"subEventType\":75,\"x\":1e999}}",
         PARSE_BAD                                                                                          },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r;
        assert_int_equal(parse_bytes(cases[i].text, strlen(cases[i].text), &r), cases[i].result);
    }
    static char deep[40001];
    memset(deep, '[', sizeof(deep) - 1);
    struct reading r;
    assert_int_equal(parse_bytes(deep, sizeof(deep) - 1, &r), PARSE_BAD);
}

static void numbers_in_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *sub;
        enum parse_result result;
    } cases[] = {
        {"75",                   PARSE_READING},
        {"\"75\"",               PARSE_READING},
        {"75.0",                 PARSE_READING},
        {"\" 75 \"",             PARSE_READING},
        {"7.5e1",                PARSE_READING},
        {"\"75.0\"",             PARSE_READING},
        {"\"\"",                 PARSE_BAD    },
        {"null",                 PARSE_BAD    },
        {"true",                 PARSE_BAD    },
        {"-75",                  PARSE_BAD    },
        {"75.5",                 PARSE_BAD    },
        {"\"0x4b\"",             PARSE_BAD    },
        {"[75]",                 PARSE_BAD    },
        {"{}",                   PARSE_BAD    },
        {"4294967371",           PARSE_BAD    },
        {"1e300",                PARSE_BAD    },
        {"-1e300",               PARSE_BAD    },
        {"99999999999999999999", PARSE_BAD    },
        {NULL,                   PARSE_BAD    },
        {"74",                   PARSE_FOREIGN},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.sub = cases[i].sub;
        assert_int_equal(parse(&e, &r), cases[i].result);
    }
    static const char *const fives[] = {"5", "\"5\"", "5.0", "\"05\""};
    for (size_t i = 0; i < ARRAY_LEN(fives); i++) {
        struct event e = face_pass;
        struct reading r;
        e.major = fives[i];
        assert_int_equal(parse(&e, &r), PARSE_READING);
    }
}

static void serial_numbers_are_the_id(void **state)
{
    (void)state;
    static const struct {
        const char *serial;
        const char *id;
    } cases[] = {
        {"1207",                     "face-1/1207"                },
        {"\"1207\"",                 "face-1/1207"                },
        {"1207.0",                   "face-1/1207"                },
        {"0",                        "face-1/0"                   },
        {NULL,                       ""                           },
        {"\"\"",                     ""                           },
        {"-1",                       ""                           },
        {"\"x\"",                    ""                           },
        {"true",                     ""                           },
        {"9223372036854775807",      "face-1/9223372036854775807" },
        {"1.5",                      ""                           },
        {"\"18446744073709551615\"", "face-1/18446744073709551615"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.serial = cases[i].serial;
        assert_int_equal(parse(&e, &r), PARSE_READING);
        assert_string_equal(r.device_event, cases[i].id);
    }
}

static void subjects(void **state)
{
    (void)state;
    static const struct {
        const char *employee;
        const char *id; /* NULL: a pass without a credential */
    } cases[] = {
        {"\"1\"",                                 "1"                               },
        {"\"A-17_x\"",                            "A-17_x"                          },
        {"42",                                    "42"                              },
        {"\"../../etc\"",                         "../../etc"                       }, /* bytes to look up, never a path */
        {"\"12345678901234567890123456789012\"",  "12345678901234567890123456789012"},
        {"\"123456789012345678901234567890123\"", NULL                              },
        {"\"\"",                                  NULL                              },
        {NULL,                                    NULL                              },
        {"null",                                  NULL                              },
        {"-1",                                    NULL                              },
        {"1.5",                                   NULL                              },
        {"true",                                  NULL                              },
        {"[\"1\"]",                               NULL                              },
        {"\"a\\nb\"",                             NULL                              },
        {"\"a b\"",                               NULL                              },
        {"\"\\u5f20\"",                           NULL                              },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.employee = cases[i].employee;
        bool good = cases[i].id != NULL;
        assert_int_equal(parse(&e, &r), good ? PARSE_READING : PARSE_UNUSABLE);
        assert_int_equal(r.kind, good ? CREDENTIAL_KIND_FACE : CREDENTIAL_KIND_NONE);
        assert_int_equal(r.id_size, good ? strlen(cases[i].id) : 0);
        assert_memory_equal(r.id, good ? cases[i].id : "", r.id_size);
        assert_string_equal(r.device_event, "face-1/1207");
    }
}

static void cards(void **state)
{
    (void)state;
    static const struct {
        const char *card;
        const char *uid; /* NULL: a pass without a credential */
        uint8_t size;
    } cases[] = {
        {"\"04A1B2C3\"",               "\x04\xa1\xb2\xc3",                         4 },
        {"\"04a1b2c3d4e5f6\"",         "\x04\xa1\xb2\xc3\xd4\xe5\xf6",             7 },
        {"\"04A1B2C3D4E5F6071829\"",   "\x04\xa1\xb2\xc3\xd4\xe5\xf6\x07\x18\x29", 10},
        {"\"1234567890\"",             NULL,                                       0 }, /* decimal */
        {"1234567890",                 NULL,                                       0 },
        {"12345678",                   NULL,                                       0 }, /* a number has lost its zeros */
        {"\"04A1B2C\"",                NULL,                                       0 },
        {"\"04A1B2CX\"",               NULL,                                       0 },
        {"\"00000000\"",               NULL,                                       0 },
        {"\"\"",                       NULL,                                       0 },
        {NULL,                         NULL,                                       0 },
        {"null",                       NULL,                                       0 },
        {"\"04A1B2C3D4E5F607182930\"", NULL,                                       0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e = face_pass;
        struct reading r;
        e.sub = "1";
        e.card = cases[i].card;
        bool good = cases[i].uid != NULL;
        assert_int_equal(parse(&e, &r), good ? PARSE_READING : PARSE_UNUSABLE);
        assert_int_equal(r.kind, good ? CREDENTIAL_KIND_BADGE : CREDENTIAL_KIND_NONE);
        assert_int_equal(r.id_size, cases[i].size);
        assert_memory_equal(r.id, good ? cases[i].uid : "", r.id_size);
        assert_int_not_equal(r.cclass, CREDENTIAL_CLASS_AUTHENTICATED);
    }
}

static void gbk_and_foreign_fields_do_no_harm(void **state)
{
    (void)state;
    static const char *const more[] = {
        ",\"name\":\"\xd5\xc5\xc8\xfd\"",
        ",\"name\":\"\\u5f20\"",
        ",\"name\":{\"a\":[1,2,{}]}",
        ",\"FaceRect\":\"\"",
        ",\"mask\":null",
        ",\"currentEventX\":false",
        ",\"more\":{\"currentEvent\":false,\"employeeNoString\":\"9\"}"};
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        struct event e = face_pass;
        struct reading r;
        e.more = more[i];
        assert_int_equal(parse(&e, &r), PARSE_READING);
        assert_memory_equal(r.id, "00042", 5);
        assert_false(r.history);
    }
}

static void every_member_in_every_type(void **state)
{
    (void)state;
    static const char *const values[] = {
        NULL,
        "null",
        "true",
        "false",
        "0",
        "-1",
        "5",
        "75",
        "1e308",
        "0.5",
        "\"\"",
        "\"5\"",
        "\" \"",
        "\"unknown\"",
        "[]",
        "[[[]]]",
        "{}",
        "{\"a\":{}}",
        "\"\\ud83d\\ude00\"",
        "\"\xc4\xe3\"",
        "\"00000000000000000000000000000000000000000000000000000000000000000000000000000000\""};
    size_t variations = 0;
    for (size_t m = 0; m < 8; m++) {
        for (size_t v = 0; v < ARRAY_LEN(values); v++) {
            struct event e = face_pass;
            const char **slots[] = {&e.date_time, &e.event_type, &e.major, &e.sub,
                                    &e.serial,    &e.employee,   &e.card,  &e.current};
            *slots[m] = values[v];
            struct reading r;
            enum parse_result result = parse(&e, &r);
            variations++;
            /* Only numbers that say 5 and 75 may give a reading, and only for this subject. */
            bool major_says_5 = m != 2 || (v == 6 || v == 11);
            bool sub_says_75 = m != 3 || v == 7;
            if (result == PARSE_READING || result == PARSE_UNUSABLE) {
                assert_true(major_says_5 && sub_says_75);
                assert_true(r.id_size == 0 || m == 5 || memcmp(r.id, "00042", 5) == 0);
                assert_true(m != 7 || v == 0 || v == 1 || v == 2 || r.history);
            }
        }
    }
    assert_true(variations >= 160);
}

static void every_cut_is_bad(void **state)
{
    (void)state;
    build(&face_pass);
    size_t whole = strlen(body) - 1; /* without its line end */
    for (size_t size = 0; size < whole; size++) {
        struct reading r;
        assert_int_equal(parse_bytes(body, size, &r), PARSE_BAD);
    }
}

static void damaged_bytes_are_survived(void **state)
{
    (void)state;
    build(&face_pass);
    size_t size = strlen(body);
    static char whole[BODY_BYTES];
    memcpy(whole, body, size);
    uint32_t random = 7;
    for (size_t i = 0; i < 20000; i++) {
        for (size_t k = 0; k < 2; k++) {
            random = random * 1664525 + 1013904223;
            body[(random >> 8) % size] = (char)(random >> 24);
        }
        struct reading r = {.id_size = 0};
        enum parse_result result = parse_bytes(body, size, &r);
        if (result == PARSE_READING) {
            assert_int_equal(r.kind, CREDENTIAL_KIND_FACE);
            assert_true(r.id_size >= 1 && r.id_size <= 32);
        }
        memcpy(body, whole, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_face_pass_field_by_field),
        cmocka_unit_test(every_pair_of_event_numbers),
        cmocka_unit_test(asking),
        cmocka_unit_test(an_unlocked_door_is_no_person),
        cmocka_unit_test(history_is_marked_and_doubt_is_history),
        cmocka_unit_test(the_object_decides_where_the_envelope_is_missing),
        cmocka_unit_test(texts_that_are_no_events),
        cmocka_unit_test(numbers_in_every_type),
        cmocka_unit_test(serial_numbers_are_the_id),
        cmocka_unit_test(subjects),
        cmocka_unit_test(cards),
        cmocka_unit_test(gbk_and_foreign_fields_do_no_harm),
        cmocka_unit_test(every_member_in_every_type),
        cmocka_unit_test(every_cut_is_bad),
        cmocka_unit_test(damaged_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
