/* Goal: what a VZenith camera posts is read as it means it, and nothing in it can open a lane by
 * itself. Method: bodies of the field lists and literal pieces that the vendor uses, each with one
 * thing changed. */
#include "reader-agent/driver/vzenith.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/plate.h"
#include "common/base/must.h"

static struct http_device device = {.reader = {.text = "cam-1"}, .driver = DRIVER_VZENITH};
static struct http_parsed parsed;

static enum parse_result parse_at(const char *subpath, struct bytes text)
{
    struct http_call call = {.device = &device, .method = "POST", .subpath = subpath};
    http_parsed_free(&parsed);
    parsed = (struct http_parsed){.readings_max = HTTP_BODY_READINGS};
    return vzenith_parse(&call, text, &parsed);
}

static enum parse_result parse(const char *text)
{
    return parse_at("", bytes_of_text(text));
}

static const struct reading *reading_of(const char *text)
{
    assert_int_equal(parse(text), PARSE_READING);
    assert_int_equal(parsed.reading_count, 1);
    return &parsed.readings[0];
}

#define ALARM(result)                                                                              \
    "{\"AlarmInfoPlate\":{\"channel\":0,\"deviceName\":\"IVS\",\"ipaddr\":\"10.0.0.9\","           \
    "\"serialno\":\"2e0a-4d7f\",\"result\":{\"PlateResult\":{" result "}}}}"
#define TIME "\"timeStamp\":{\"Timeval\":{\"sec\":1717200000,\"usec\":250000}}"
#define PATH "\"imagePath\":\"%2Fmnt%2Fsnap%2F%D4%C1B12345.jpg\""

static void a_whole_event(void **state)
{
    (void)state;
    const struct reading *r = reading_of(
        ALARM("\"license\":\"浙A12345\",\"confidence\":97,\"colorType\":1,\"type\":1,"
              "\"direction\":4,\"triggerType\":8,\"location\":{\"RECT\":{\"left\":1,\"top\":90,"
              "\"right\":50,\"bottom\":10}}," TIME "," PATH ",\"imageFile\":\"\",\"isoffline\":0"));
    assert_int_equal(r->kind, CREDENTIAL_KIND_PLATE);
    assert_int_equal(r->cclass, CREDENTIAL_CLASS_BEARER);
    assert_memory_equal(r->id, "浙A12345", r->id_size);
    assert_int_equal(r->confidence, 97);
    assert_int_equal(r->plate_colour, PLATE_COLOUR_BLUE);
    assert_int_equal(r->captured.us, INT64_C(1717200000250000));
    assert_false(r->history);
    assert_int_equal(r->direction, LANE_NO_DIRECTION);
    assert_string_equal(r->reader.text, "cam-1");
    assert_int_equal(strlen(r->device_event), 32);
}

static void history_is_whatever_is_not_plainly_live(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool history;
    } cases[] = {
        {"0",       false},
        {"\"0\"",   false},
        {"false",   false},
        {"\"\"",    false},
        {"0.0",     false},
        {"null",    false},
        {"1",       true },
        {"\"1\"",   true },
        {"true",    true },
        {"1.0",     true },
        {"2",       true },
        {"-1",      true },
        {"\"yes\"", true },
        {"[0]",     true },
        {"{}",      true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), ALARM("\"license\":\"浙A12345\",\"isoffline\":%s"),
                       cases[i].value);
        assert_int_equal(reading_of(text)->history, cases[i].history);
    }
    assert_false(reading_of(ALARM("\"license\":\"浙A12345\""))->history);
}

static void plates_in_every_dress(void **state)
{
    (void)state;
    static const struct {
        const char *license, *wanted;
    } cases[] = {
        {"浙A12345",       "浙A12345"   },
        {"%D4%C1B12345",    "粤B12345"   }, /* percent-encoded GBK */
        {"%E7%B2%A4B12345", "粤B12345"   }, /* percent-encoded UTF-8 */
        {"\\u7ca4B12345",   "粤B12345"   },
        {" 粤B·12345 ",   "粤B12345"   },
        {"_无_",           ""            },
        {"",                ""            },
        {"5rWZQTEyMzQ1",    "5RWZQTEYMZQ1"}, /* base64 belongs to the other form */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), ALARM("\"license\":\"%s\""), cases[i].license);
        const struct reading *r = reading_of(text);
        assert_int_equal(r->id_size, strlen(cases[i].wanted));
        assert_memory_equal(r->id, cases[i].wanted, r->id_size);
        assert_int_equal(r->kind, r->id_size > 0 ? CREDENTIAL_KIND_PLATE : CREDENTIAL_KIND_NONE);
    }
    assert_int_equal(reading_of(ALARM("\"confidence\":9"))->kind, CREDENTIAL_KIND_NONE);
    assert_int_equal(reading_of(ALARM("\"license\":17"))->kind, CREDENTIAL_KIND_NONE);
}

static void a_body_in_gbk(void **state)
{
    (void)state;
    static const char text[] = ALARM("\"license\":\"\xd5\xe3"
                                     "A12345\"");
    const struct reading *r = reading_of(text);
    assert_memory_equal(r->id, "浙A12345", r->id_size);
}

static void the_mqtt_form_is_base64(void **state)
{
    (void)state;
    const struct reading *r = reading_of(
        "{\"id\":\"m1\",\"sn\":\"2e0a-4d7f\",\"name\":\"ivs_result\",\"version\":\"1.0\","
        "\"timestamp\":1717200000,\"payload\":{\"AlarmInfoPlate\":{\"result\":{\"PlateResult\":"
        "{\"license\":\"5rWZQTEyMzQ1\",\"isoffline\":0}}}}}");
    assert_memory_equal(r->id, "浙A12345", r->id_size);
    assert_int_equal(r->captured.us, INT64_C(1717200000000000));
    assert_int_equal(parse("{\"sn\":\"2e0a\",\"name\":\"keep_alive\",\"payload\":{}}"),
                     PARSE_FOREIGN);
    r = reading_of("{\"payload\":{\"AlarmInfoPlate\":{\"result\":{\"PlateResult\":"
                   "{\"license\":\"not base64!\"}}}}}");
    assert_int_equal(r->kind, CREDENTIAL_KIND_NONE);
}

static void special_types_pass_nobody(void **state)
{
    (void)state;
    static const int types[] = {5, 6, 8, 9, 10, 15, 16, 17};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), ALARM("\"license\":\"WJ浙12345\",\"type\":%d"),
                       types[i]);
        struct reading special = *reading_of(text);
        struct reading plain = *reading_of(ALARM("\"license\":\"WJ浙12345\",\"type\":1"));
        assert_memory_equal(&special, &plain, sizeof(plain)); /* the type is not even read */
    }
}

static void repeats_have_one_id(void **state)
{
    (void)state;
    char first[LIMIT_DEVICE_EVENT_BYTES + 1];
    (void)snprintf(first, sizeof(first), "%s",
                   reading_of(ALARM("\"license\":\"浙A12345\"," TIME))->device_event);
    assert_string_equal(
        reading_of(
            "{\"AlarmInfoPlate\":{\"serialno\":\"2E0A4D7F\",\"result\":{\"PlateResult\":{" TIME
            ",\"isoffline\":1,\"license\":\"浙A12345\"}}}}")
            ->device_event,
        first);
    assert_string_not_equal(reading_of(ALARM("\"license\":\"浙A12346\"," TIME))->device_event,
                            first);
    assert_string_not_equal(reading_of(ALARM("\"license\":\"浙A12345\"," PATH))->device_event,
                            first);
    assert_int_equal(strlen(parsed.readings[0].device_event), 32); /* brief mode: by its picture */
    assert_string_equal(reading_of(ALARM("\"license\":\"浙A12345\""))->device_event, "");
}

static void clocks_that_cannot_be(void **state)
{
    (void)state;
    static const char *const times[] = {"\"sec\":0", "\"sec\":\"x\"", "\"sec\":99999999999",
                                        "\"sec\":-5", "\"usec\":5"};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text),
                       ALARM("\"license\":\"浙A12345\",\"timeStamp\":{\"Timeval\":{%s}}"),
                       times[i]);
        assert_int_equal(reading_of(text)->captured.us, 0);
    }
    assert_int_equal(
        reading_of(ALARM("\"timeStamp\":{\"Timeval\":{\"sec\":\"1717200000\",\"usec\":9999999}}"))
            ->captured.us,
        INT64_C(1717200000000000));
}

static void another_camera_is_not_this_one(void **state)
{
    (void)state;
    static const char text[] = ALARM("\"license\":\"浙A12345\"");
    (void)snprintf(device.device_id, sizeof(device.device_id), "2E0A4D7F");
    assert_int_equal(parse(text), PARSE_READING);
    (void)snprintf(device.device_id, sizeof(device.device_id), "2e0a-4d80");
    assert_int_equal(parse(text), PARSE_BAD);
    assert_string_equal(parsed.why, "the serial number of another device");
    device.device_id[0] = '\0';
}

static void a_poll_is_none_of_our_reading(void **state)
{
    (void)state;
    static const char form[] = "device_name=IVS&user_name=admin&pass_wd=secret&serialno=2e0a";
    assert_int_equal(parse_at("/receivedeviceinfo", bytes_of_text(form)), PARSE_FOREIGN);
    assert_true(parsed.polls);
    assert_int_equal(parse_at("/receivedeviceinfo", (struct bytes){.data = NULL}), PARSE_FOREIGN);
    assert_int_equal(parse(form), PARSE_BAD); /* at the other path it is a body like all others */
    assert_false(parsed.polls);
}

static void what_is_not_understood(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"AlarmInfoPlate\":7}",
        "{\"AlarmInfoPlate\":{\"result\":{}}}",
        "{\"AlarmInfoPlate\":{\"result\":{\"PlateResult\":[]}}}",
        ALARM("\"license\":\"浙A12345\",\"license\":\"浙A12346\""),
        "{\"EventNotificationAlert\":{}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse(bad[i]), PARSE_BAD);
        assert_int_equal(parsed.reading_count, 0);
        assert_non_null(parsed.why);
    }
    assert_int_equal(parse("{\"AlarmGioIn\":{\"result\":{}}}"), PARSE_FOREIGN);
    assert_int_equal(parse("{\"heartbeat\":{}}"), PARSE_FOREIGN);
}

static void its_answer_opens_nothing(void **state)
{
    (void)state;
    struct http_call call = {.device = &device, .method = "POST", .subpath = ""};
    struct http_outcome good = {.status = 200, .understood = true};
    struct http_answer answer = {.status = 200};
    http_driver_of(DRIVER_VZENITH)->answer(&call, &good, &answer);
    assert_non_null(strstr(answer.body, "retransfer_stop"));
    assert_null(strstr(answer.body, "ok"));
    call.subpath = "/receivedeviceinfo";
    answer = (struct http_answer){.status = 200};
    http_driver_of(DRIVER_VZENITH)->answer(&call, &good, &answer);
    assert_null(answer.content_type);
    call.subpath = "";
    good.status = 503;
    http_driver_of(DRIVER_VZENITH)->answer(&call, &good, &answer);
    assert_null(answer.content_type); /* not stored: it comes again */
}

static int free_parsed(void **state)
{
    (void)state;
    http_parsed_free(&parsed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_event),
        cmocka_unit_test(history_is_whatever_is_not_plainly_live),
        cmocka_unit_test(plates_in_every_dress),
        cmocka_unit_test(a_body_in_gbk),
        cmocka_unit_test(the_mqtt_form_is_base64),
        cmocka_unit_test(special_types_pass_nobody),
        cmocka_unit_test(repeats_have_one_id),
        cmocka_unit_test(clocks_that_cannot_be),
        cmocka_unit_test(another_camera_is_not_this_one),
        cmocka_unit_test(a_poll_is_none_of_our_reading),
        cmocka_unit_test(what_is_not_understood),
        cmocka_unit_test(its_answer_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, free_parsed);
}
