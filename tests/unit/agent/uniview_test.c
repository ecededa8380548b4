/* Goal: a Uniview post is one person whom the terminal let pass, or nobody; strangers and library
 * hits leave no trace. Method: bodies of the documented fields, every LibType with every
 * MatchStatus, fields missing, retyped and doubled, every cut of a good body. */
#include "reader-agent/driver/uniview.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static const struct name terminal = {.text = "unv-1"};

#define LISTS_BEFORE                                                                               \
    "\"FaceInfoNum\":1,\"FaceInfoList\":[{\"ID\":1,\"Timestamp\":1750000000,\"CapSrc\":1,"         \
    "\"MaskFlag\":1,\"Temperature\":36.5,\"PanoImage\":{\"Name\":\"a.jpg\",\"Size\":3,"            \
    "\"Data\":\"\"}}],\"CardInfoNum\":0,\"CardInfoList\":[],\"GateInfoNum\":0,"                    \
    "\"GateInfoList\":[],"
#define MATCH(lib, status, person)                                                                 \
    "{\"ID\":9,\"LibID\":3,\"LibType\":" lib ",\"MatchStatus\":" status                            \
    ",\"MatchPersonID\":" person ",\"MatchFaceID\":1,\"MatchPersonInfo\":{\"PersonCode\":\"7\","   \
    "\"PersonName\":\"Secret Name\",\"Gender\":1,\"CardID\":\"123456\","                           \
    "\"IdentityNo\":\"11010519491231002X\"}}"
#define BODY(head, matches)                                                                        \
    "{\"RefId\":\"x\",\"Seq\":17,\"DeviceCode\":\"210235C3\",\"Timestamp\":1750000000,"            \
    "\"NotificationType\":0," head LISTS_BEFORE "\"LibMatInfoNum\":1,\"LibMatInfoList\":[" matches \
    "]}\r\n"

static enum parse_result parse(const char *text, struct reading *ret)
{
    return uniview_parse(bytes_of_text(text), terminal, "210235C3", ret);
}

static void an_employee_is_a_subject(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(parse(BODY("", MATCH("3", "1", "4027285429")), &r), PARSE_READING);
    assert_string_equal(r.reader.text, "unv-1");
    assert_int_equal(r.kind, CREDENTIAL_KIND_FACE);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_UID_ONLY);
    assert_int_equal(r.id_size, 10);
    assert_memory_equal(r.id, "4027285429", 10);
    assert_int_equal(r.captured.us, INT64_C(1750000000000000));
    assert_false(r.history);
    assert_int_equal(r.raw_size, 0);
    assert_int_equal(strlen(r.device_event), 32);
}

static void the_persons_code_where_there_is_no_id(void **state)
{
    (void)state;
    struct reading r;
    static const char *const none[] = {BODY("", MATCH("3", "1", "0")),
                                       BODY("", MATCH("4", "7", "\"\"")),
                                       BODY("", MATCH("4", "1", "null"))};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(parse(none[i], &r), PARSE_READING);
        assert_int_equal(r.id_size, 1);
        assert_memory_equal(r.id, "7", 1);
    }
    assert_int_equal(parse(BODY("", MATCH("3", "1", "\"00042\"")), &r), PARSE_READING);
    assert_int_equal(r.id_size, 5); /* its zeros stay */
}

static void strangers_and_library_hits_go_nowhere(void **state)
{
    (void)state;
    for (int lib = 0; lib <= 4; lib++) {
        for (int status = 0; status <= 11; status++) {
            char text[2048];
            char lib_text[12], status_text[12];
            struct reading r = {.id_size = 77};
            (void)snprintf(lib_text, sizeof(lib_text), "%d", lib);
            (void)snprintf(status_text, sizeof(status_text), "%d", status);
            (void)snprintf(
                text, sizeof(text),
                "{\"Seq\":1,\"Timestamp\":1750000000,\"LibMatInfoList\":[{\"LibType\":%s,"
                "\"MatchStatus\":%s,\"MatchPersonID\":5}]}",
                lib_text, status_text);
            bool passed = lib >= 3 && (status == 1 || status == 7);
            assert_int_equal(parse(text, &r), passed ? PARSE_READING : PARSE_FAILED);
            assert_int_equal(r.id_size, passed ? 1 : 77);
        }
    }
    struct reading r;
    assert_int_equal(parse("{\"Seq\":1," LISTS_BEFORE "\"LibMatInfoNum\":0}", &r), PARSE_FAILED);
    assert_int_equal(parse(BODY("", MATCH("2", "1", "0")), &r), PARSE_FAILED);
}

static void only_a_plain_zero_is_live(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        bool history;
    } rows[] = {
        {"",                               false},
        {"\"NotificationType\":0,",        false},
        {"\"NotificationType\":\"0\",",    false},
        {"\"NotificationType\":0.0,",      false},
        {"\"NotificationType\":null,",     false},
        {"\"NotificationType\":1,",        true },
        {"\"NotificationType\":\"1\",",    true },
        {"\"NotificationType\":2,",        true },
        {"\"NotificationType\":-1,",       true },
        {"\"NotificationType\":true,",     true },
        {"\"NotificationType\":\"\",",     true },
        {"\"NotificationType\":\"live\",", true },
        {"\"NotificationType\":[0],",      true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[512];
        struct reading r;
        (void)snprintf(text, sizeof(text),
                       "{%s\"LibMatInfoList\":[{\"LibType\":3,\"MatchStatus\":1,"
                       "\"MatchPersonID\":5}]}",
                       rows[i].member);
        assert_int_equal(parse(text, &r), PARSE_READING);
        if (r.history != rows[i].history) {
            fail_msg("%s", rows[i].member);
        }
    }
}

static void nobody_chooses_between_two(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(parse(BODY("", MATCH("3", "1", "5") "," MATCH("4", "1", "5")), &r),
                     PARSE_READING);
    assert_int_equal(parse(BODY("", MATCH("3", "1", "5") "," MATCH("3", "1", "6")), &r),
                     PARSE_UNUSABLE);
    assert_int_equal(r.kind, CREDENTIAL_KIND_NONE);
    assert_int_equal(r.id_size, 0);
    assert_int_equal(parse(BODY("", MATCH("3", "1", "\"two words\"")), &r), PARSE_UNUSABLE);
    assert_int_equal(parse(BODY("\"Seq\":18,", MATCH("3", "1", "5")), &r), PARSE_BAD); /* twice */
    assert_int_equal(parse("{\"CardInfoNum\":1,\"CardInfoList\":[{\"CardType\":0,"
                           "\"CardID\":\"11010519491231002X\"}]}",
                           &r),
                     PARSE_UNUSABLE);
    assert_int_equal(r.raw_size, 0); /* an ID number may stand there */
}

static void counts_and_heartbeats_are_foreign(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(parse("{\"Seq\":1,\"GateInfoNum\":1,\"GateInfoList\":[{\"InPersonCnt\":4,"
                           "\"OutPersonCnt\":2}]}",
                           &r),
                     PARSE_FOREIGN);
    assert_int_equal(parse("{\"Seq\":1,\"GateInfoList\":{\"InPersonCnt\":4}}", &r), PARSE_FOREIGN);
    assert_int_equal(
        uniview_heartbeat(bytes_of_text(
            "{\"RefId\":\"r\",\"Time\":\"2025-06-02 08:00:00\",\"NextTime\":"
            "\"2025-06-02 08:00:30\",\"DeviceCode\":\"210235C3\",\"DeviceType\":\"5\"}\r\n")),
        PARSE_FOREIGN);
    assert_int_equal(uniview_heartbeat(bytes_of_text("{}")), PARSE_BAD);
    assert_int_equal(uniview_heartbeat(bytes_of_text("")), PARSE_BAD);
}

static void what_is_not_understood_is_bad(void **state)
{
    (void)state;
    struct reading r;
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"Seq\":1}",
        BODY("", MATCH("5", "1", "5")),
        BODY("", MATCH("3", "12", "5")),
        BODY("", MATCH("null", "1", "5")),
        BODY("", MATCH("3", "\"ok\"", "5")),
        BODY("", "7"),
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (parse(texts[i], &r) != PARSE_BAD) {
            fail_msg("%s", texts[i]);
        }
    }
    const char *good = BODY("", MATCH("3", "1", "5"));
    assert_int_equal(uniview_parse(bytes_of_text(good), terminal, "another", &r), PARSE_BAD);
    assert_int_equal(uniview_parse(bytes_of_text(good), terminal, "", &r), PARSE_READING);
}

static void numbers_are_taken_in_every_type(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(parse("{\"Seq\":\"17\",\"Timestamp\":\"1750000000\",\"LibMatInfoNum\":9,"
                           "\"LibMatInfoList\":{\"LibType\":\"3\",\"MatchStatus\":1.0,"
                           "\"MatchPersonID\":\"5\"}}",
                           &r),
                     PARSE_READING);
    assert_int_equal(r.captured.us, INT64_C(1750000000000000));
    struct reading again;
    assert_int_equal(parse("{\"Seq\":17,\"Timestamp\":1750000000.0,\"NotificationType\":1,"
                           "\"LibMatInfoList\":[{\"LibType\":3,\"MatchStatus\":1,"
                           "\"MatchPersonID\":5}]}",
                           &again),
                     PARSE_READING);
    assert_string_equal(r.device_event, again.device_event); /* sent later, it is the same event */
    assert_int_equal(parse("{\"Timestamp\":99999999999999,\"LibMatInfoList\":[{\"LibType\":3,"
                           "\"MatchStatus\":1,\"MatchPersonID\":5}]}",
                           &r),
                     PARSE_READING);
    assert_int_equal(r.captured.us, 0);
    assert_string_equal(r.device_event, "");
}

static void every_cut_is_bad(void **state)
{
    (void)state;
    static const char good[] = BODY("", MATCH("3", "1", "5"));
    size_t whole = sizeof(good) - 1 - 2; /* without the final CR LF */
    for (size_t size = 0; size < whole; size++) {
        uint8_t *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, good, size);
        struct reading r;
        assert_int_equal(
            uniview_parse((struct bytes){.data = copy, .size = size}, terminal, "", &r), PARSE_BAD);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_employee_is_a_subject),
        cmocka_unit_test(the_persons_code_where_there_is_no_id),
        cmocka_unit_test(strangers_and_library_hits_go_nowhere),
        cmocka_unit_test(only_a_plain_zero_is_live),
        cmocka_unit_test(nobody_chooses_between_two),
        cmocka_unit_test(counts_and_heartbeats_are_foreign),
        cmocka_unit_test(what_is_not_understood_is_bad),
        cmocka_unit_test(numbers_are_taken_in_every_type),
        cmocka_unit_test(every_cut_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
