/* Goal: the plain JSON gives one reading an event, a keypad's digits stay where they belong, and a
 * bad line never becomes a guess. Method: rows of events of every kind, good and bad, with a clock
 * that the test turns. */
#include "reader-agent/driver/json_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static struct http_device device;
static struct wiegand_line line;
static struct mono now;

static struct {
    size_t count;
    enum parse_result result[JSON_DEVICE_EVENTS];
    struct reading reading[JSON_DEVICE_EVENTS];
    char text[512]; /* of the last bad one */
} got;

static int set_up(void **state)
{
    (void)state;
    device = (struct http_device){.reader = {.text = "qr-1"}, .driver = DRIVER_JSON};
    line = (struct wiegand_line){.any = false};
    now = (struct mono){.us = 1000000};
    return 0;
}

static void take(void *ctx, enum parse_result result, const struct reading *reading,
                 const char *text)
{
    (void)ctx;
    assert_int_equal(text != NULL, result == PARSE_BAD);
    got.result[got.count] = result;
    got.reading[got.count++] = *reading;
    (void)snprintf(got.text, sizeof(got.text), "%s", text != NULL ? text : "");
}

static bool parse(const char *text)
{
    memset(&got, 0, sizeof(got));
    return json_device_parse(bytes_of_text(text), &device, &line, now,
                             (struct json_device_sink){.take = take});
}

/* One event; its result. */
static enum parse_result one(const char *text)
{
    assert_true(parse(text));
    assert_int_equal(got.count, 1);
    return got.result[0];
}

static void assert_read(enum credential_kind kind, enum credential_class cclass, const char *id)
{
    const struct reading *r = &got.reading[0];
    assert_int_equal(r->kind, kind);
    assert_int_equal(r->cclass, cclass);
    assert_int_equal(r->id_size, strlen(id));
    assert_memory_equal(r->id, id, strlen(id));
}

static void every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id;
        enum credential_kind kind;
        enum credential_class cclass;
    } rows[] = {
        {"{\"kind\":\"badge\",\"value\":\"04:A1:B2:C3\"}",               "\x04\xa1\xb2\xc3",
         CREDENTIAL_KIND_BADGE,                                                                                     CREDENTIAL_CLASS_UID_ONLY},
        {"{\"kind\":\"bits\",\"value\":\"10111101110110010011011101\"}", "w26:123-45678",
         CREDENTIAL_KIND_BADGE,                                                                                     CREDENTIAL_CLASS_UID_ONLY},
        {"{\"kind\":\"qr\",\"value\":\"visit/8F3A\"}",                   "visit/8F3A",       CREDENTIAL_KIND_QR,
         CREDENTIAL_CLASS_BEARER                                                                                                             },
        {"{\"kind\":\"pin\",\"value\":\"004217\"}",                      "004217",           CREDENTIAL_KIND_PIN,
         CREDENTIAL_CLASS_BEARER                                                                                                             },
        {"{\"kind\":\"pin\",\"value\":4217}",                            "4217",             CREDENTIAL_KIND_PIN,   CREDENTIAL_CLASS_BEARER  },
        {"{\"kind\":\"plate\",\"value\":\"浙a·12345\"}",               "浙A12345",        CREDENTIAL_KIND_PLATE,
         CREDENTIAL_CLASS_BEARER                                                                                                             },
        {"{\"kind\":\"face\",\"value\":\"00042\"}",                      "00042",            CREDENTIAL_KIND_FACE,
         CREDENTIAL_CLASS_UID_ONLY                                                                                                           },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(one(rows[i].text), PARSE_READING);
        assert_read(rows[i].kind, rows[i].cclass, rows[i].id);
        assert_int_equal(got.reading[0].raw_size > 0, rows[i].kind == CREDENTIAL_KIND_PLATE);
        assert_int_equal(got.reading[0].captured.us, 0);
        assert_string_equal(got.reading[0].device_event, "");
    }
    assert_int_equal(one("{\"kind\":\"alive\"}"), PARSE_FOREIGN);
}

static void all_members(void **state)
{
    (void)state;
    assert_int_equal(one("{\"kind\":\"plate\",\"value\":\"浙A12345\",\"time\":"
                         "\"2025-06-02T08:00:00.250+08:00\",\"history\":true,\"event\":\"e-1\","
                         "\"direction\":\"out\",\"confidence\":\"97\",\"colour\":\"blue\"}"),
                     PARSE_READING);
    assert_int_equal(got.reading[0].captured.us, INT64_C(1748822400250000));
    assert_true(got.reading[0].history);
    assert_int_equal(got.reading[0].direction, LANE_OUT);
    assert_int_equal(got.reading[0].confidence, 97);
    char event[LIMIT_DEVICE_EVENT_BYTES + 1];
    (void)snprintf(event, sizeof(event), "%s", got.reading[0].device_event);
    assert_int_equal(strlen(event), 32);
    assert_int_equal(one("{\"kind\":\"face\",\"value\":\"1\",\"event\":\"e-1\"}"), PARSE_READING);
    assert_string_equal(got.reading[0].device_event, event);
    assert_int_equal(one("{\"kind\":\"face\",\"value\":\"1\",\"event\":\"e-2\"}"), PARSE_READING);
    assert_string_not_equal(got.reading[0].device_event, event);
}

static void only_plainly_live_is_live(void **state)
{
    (void)state;
    static const struct {
        const char *history;
        bool is;
    } rows[] = {
        {"false",     false},
        {"null",      false},
        {"true",      true },
        {"0",         true },
        {"\"false\"", true },
        {"\"\"",      true },
        {"[]",        true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text), "{\"kind\":\"face\",\"value\":\"1\",\"history\":%s}",
                       rows[i].history);
        assert_int_equal(one(text), PARSE_READING);
        assert_int_equal(got.reading[0].history, rows[i].is);
    }
}

static void a_keypads_digits_are_nowhere_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"kind\":\"pin\",\"value\":\"123\"}",    "{\"kind\":\"pin\",\"value\":\"1234567890123\"}",
        "{\"kind\":\"pin\",\"value\":\"12a4\"}",   "{\"kind\":\"pin\",\"value\":1234.5}",
        "{\"kind\":\"pin\",\"value\":[\"4217\"]}", "{\"kind\":\"pin\"}",
        "{\"kind\":\"pin\",\"value\":\"\"}",
        "{\"kind\":\"pin\",\"value\":\"4217\",\"event\":[1]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(one(texts[i]), PARSE_UNUSABLE);
        assert_int_equal(got.reading[0].kind, CREDENTIAL_KIND_NONE);
        assert_int_equal(got.reading[0].id_size, 0);
        assert_int_equal(got.reading[0].raw_size, 0);
    }
    assert_int_equal(one("{\"kind\":\"pin\",\"value\":\"4217\"}"), PARSE_READING);
    assert_int_equal(got.reading[0].raw_size, 0);
}

static void misread_lines_and_bounces(void **state)
{
    (void)state;
    static const char good[] = "{\"kind\":\"bits\",\"value\":\"10111101110110010011011101\"}";
    assert_int_equal(one("{\"kind\":\"bits\",\"value\":\"00111101110110010011011101\"}"),
                     PARSE_MISREAD);
    assert_int_equal(one("{\"kind\":\"bits\",\"value\":\"1011110111011001001101110\"}"),
                     PARSE_MISREAD);
    assert_int_equal(one("{\"kind\":\"bits\",\"value\":\"00000000000000000000000001\"}"),
                     PARSE_MISREAD); /* good parity, and no card */
    assert_int_equal(one("{\"kind\":\"bits\",\"value\":\"1O111101110110010011011101\"}"),
                     PARSE_BAD);
    assert_int_equal(one(good), PARSE_READING);
    now = mono_after_ms(now, 299);
    assert_int_equal(one(good), PARSE_BOUNCE);
    now = mono_after_ms(now, 1);
    assert_int_equal(one(good), PARSE_READING);
}

static void readers_of_the_other_order(void **state)
{
    (void)state;
    device.reversed = true;
    assert_int_equal(one("{\"kind\":\"badge\",\"value\":\"c3b2a104\"}"), PARSE_READING);
    assert_read(CREDENTIAL_KIND_BADGE, CREDENTIAL_CLASS_UID_ONLY, "\x04\xa1\xb2\xc3");
    /* 34 bits of c3b2a104: sixteen data bits with 8 ones, sixteen with 4 */
    assert_int_equal(one("{\"kind\":\"bits\",\"value\":\"0110000111011001010100001000001001\"}"),
                     PARSE_READING);
    assert_read(CREDENTIAL_KIND_BADGE, CREDENTIAL_CLASS_UID_ONLY, "\x04\xa1\xb2\xc3");
}

static void what_cannot_be_taken_turns_an_exit_all_the_same(void **state)
{
    (void)state;
    assert_int_equal(one("{\"kind\":\"badge\",\"value\":\"12345\"}"), PARSE_UNUSABLE);
    assert_int_equal(got.reading[0].raw_size, 5);
    assert_int_equal(one("{\"kind\":\"badge\",\"value\":\"08a1b2c3\"}"), PARSE_UNUSABLE);
    assert_int_equal(got.reading[0].raw_size, 4);
    assert_int_equal(one("{\"kind\":\"face\",\"value\":\"two words\"}"), PARSE_UNUSABLE);
    assert_int_equal(one("{\"kind\":\"qr\",\"value\":\"\"}"), PARSE_UNUSABLE);
    assert_int_equal(one("{\"kind\":\"plate\",\"value\":\"unknown\"}"), PARSE_READING);
    assert_int_equal(got.reading[0].kind, CREDENTIAL_KIND_NONE);
}

static void several_events(void **state)
{
    (void)state;
    assert_true(parse("{\"events\":[{\"kind\":\"face\",\"value\":\"1\"},{\"kind\":\"dog\","
                      "\"value\":\"x\"},7,{\"kind\":\"pin\",\"value\":\"4217\"}]}"));
    assert_int_equal(got.count, 4);
    assert_int_equal(got.result[0], PARSE_READING);
    assert_int_equal(got.result[1], PARSE_BAD);
    assert_int_equal(got.result[2], PARSE_BAD);
    assert_int_equal(got.result[3], PARSE_READING);
    assert_int_equal(one("{\"kind\":\"dog\",\"value\":\"x\"}"), PARSE_BAD);
    assert_string_equal(got.text, "{\"kind\":\"dog\",\"value\":\"x\"}");
    assert_true(parse("{\"events\":[]}"));
    assert_int_equal(got.count, 0);
}

static void texts_that_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "7",
        "{",
        "{\"events\":7}",
        "null",
        "true",
        "\"x\"",
        "{}garbage",
        "{\"kind\":\"face\",\"kind\":\"pin\",\"value\":\"4217\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (parse(texts[i]) || got.count != 0) {
            fail_msg("`%s`", texts[i]);
        }
    }
    char many[1024] = "{\"events\":[";
    for (size_t i = 0; i <= JSON_DEVICE_EVENTS; i++) {
        strncat(many, i == 0 ? "1" : ",1", sizeof(many) - strlen(many) - 1);
    }
    strncat(many, "]}", sizeof(many) - strlen(many) - 1);
    assert_false(parse(many));
    assert_int_equal(one("{}"), PARSE_BAD);
}

#define JSON_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JSON_TEST(every_kind),
        JSON_TEST(all_members),
        JSON_TEST(only_plainly_live_is_live),
        JSON_TEST(a_keypads_digits_are_nowhere_else),
        JSON_TEST(misread_lines_and_bounces),
        JSON_TEST(readers_of_the_other_order),
        JSON_TEST(what_cannot_be_taken_turns_an_exit_all_the_same),
        JSON_TEST(several_events),
        JSON_TEST(texts_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
