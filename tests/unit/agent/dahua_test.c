/* Goal: what a Dahua camera posts is read as it means it. Method: bodies of the field lists and
 * literal pieces that the vendor uses, each with one thing changed. */
#include "reader-agent/driver/dahua.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/plate.h"
#include "common/base/must.h"

static struct tz_table zone;
static struct http_device device = {.reader = {.text = "cam-1"}, .driver = DRIVER_DAHUA};
static struct http_parsed parsed;

static enum parse_result parse(const char *text)
{
    struct http_call call = {.device = &device, .method = "POST", .subpath = "/TollgateInfo"};
    http_parsed_free(&parsed);
    parsed = (struct http_parsed){.readings_max = HTTP_BODY_READINGS};
    return dahua_parse(&call, bytes_of_text(text), &parsed);
}

static const struct reading *reading_of(const char *text)
{
    assert_int_equal(parse(text), PARSE_READING);
    assert_int_equal(parsed.reading_count, 1);
    return &parsed.readings[0];
}

#define PICTURE(plate, snap)                                                                       \
    "{\"Picture\":{\"Plate\":{" plate "},\"SnapInfo\":{\"DeviceID\":\"DH-7\"," snap "}}}"
#define TIME "\"AccurateTime\":\"2024-06-01 08:00:00.123\""

static void a_whole_event(void **state)
{
    (void)state;
    const struct reading *r = reading_of(
        "{\"Picture\":{\"Plate\":{\"PlateNumber\":\"浙A12345\",\"PlateColor\":\"Blue\","
        "\"Confidence\":255,\"Channel\":0,\"IsExist\":true},\"Vehicle\":{},\"SnapInfo\":{"
        "\"DeviceID\":\"DH-7\"," TIME ",\"SnapTime\":\"2024-06-01 08:00:00\","
        "\"Direction\":\"Obverse\",\"TriggerSource\":\"Video\"},\"NormalPic\":{"
        "\"Content\":\"\",\"PicName\":\"a.jpg\"}}}");
    assert_int_equal(r->kind, CREDENTIAL_KIND_PLATE);
    assert_int_equal(r->cclass, CREDENTIAL_CLASS_BEARER);
    assert_memory_equal(r->id, "浙A12345", r->id_size);
    assert_int_equal(r->plate_colour, PLATE_COLOUR_BLUE);
    assert_int_equal(r->confidence, 100);
    assert_int_equal(r->captured.us, INT64_C(1717228800123000));
    assert_int_equal(r->direction, LANE_NO_DIRECTION);
    assert_false(r->history);
}

static void times_are_of_its_zone(void **state)
{
    (void)state;
    device.zone = &zone;
    assert_int_equal(tz_load(TZ_DIRECTORY, "Asia/Shanghai", &zone, NULL), ERR_OK);
    assert_int_equal(reading_of(PICTURE("\"PlateNumber\":\"浙A12345\"", TIME))->captured.us,
                     INT64_C(1717200000123000));
    device.zone = NULL;
    assert_int_equal(
        reading_of(PICTURE("\"PlateNumber\":\"浙A12345\"", "\"SnapTime\":\"2024-06-01 08:00:00\""))
            ->captured.us,
        INT64_C(1717228800000000));
    assert_int_equal(
        reading_of(PICTURE("\"PlateNumber\":\"浙A12345\"", "\"AccurateTime\":\"yesterday\""))
            ->captured.us,
        0);
}

static void a_retry_with_pictures_is_the_same_event(void **state)
{
    (void)state;
    char first[LIMIT_DEVICE_EVENT_BYTES + 1];
    (void)snprintf(first, sizeof(first), "%s",
                   reading_of(PICTURE("\"PlateNumber\":\"浙A12345\"", TIME))->device_event);
    assert_int_equal(strlen(first), 32);
    assert_string_equal(
        reading_of("{\"Picture\":{\"CutoutPic\":{\"Content\":\"abcd\"},\"SnapInfo\":{" TIME
                   ",\"DeviceID\":\"DH-7\"},\"Plate\":{\"PlateNumber\":\"浙A12345\"}}}")
            ->device_event,
        first);
    assert_string_not_equal(reading_of(PICTURE("\"PlateNumber\":\"浙A12346\"", TIME))->device_event,
                            first);
    assert_string_equal(
        reading_of(PICTURE("\"PlateNumber\":\"浙A12345\"", "\"x\":1"))->device_event, "");
}

static void values_as_devices_type_them(void **state)
{
    (void)state;
    static const struct {
        const char *plate;
        uint8_t confidence, colour;
        bool read;
    } cases[] = {
        {"\"PlateNumber\":\"浙A12345\",\"Confidence\":\"128\"",         50, 0,                   true },
        {"\"PlateNumber\":\"浙A12345\",\"Confidence\":256",             0,  0,                   true },
        {"\"PlateNumber\":\"浙A12345\",\"Confidence\":\"\"",            0,  0,                   true },
        {"\"PlateNumber\":\"浙A12345\",\"PlateColor\":\"yellow\"",      0,  PLATE_COLOUR_YELLOW, true },
        {"\"PlateNumber\":\"浙A12345\",\"PlateColor\":\"Pink\"",        0,  0,                   true },
        {"\"PlateNumber\":\"浙A12345\",\"PlateColor\":7",               0,  0,                   true },
        {"\"PlateNumber\":\"浙A12345\",\"IsExist\":false",              0,  0,                   false},
        {"\"PlateNumber\":\"浙A12345\",\"IsExist\":0",                  0,  0,                   false},
        {"\"PlateNumber\":\"浙A12345\",\"IsExist\":\"true\"",           0,  0,                   true },
        {"\"PlateNumber\":\"无车牌\"",                                0,  0,                   false},
        {"\"PlateNumber\":\"\"",                                         0,  0,                   false},
        {"\"PlateNumber\":null",                                         0,  0,                   false},
        {"\"Confidence\":3",                                             1,  0,                   false},
        {"\"PlateNumber\":\"浙A12345\",\"PlateColor\":\"YellowGreen\"", 0,
         PLATE_COLOUR_YELLOW_GREEN,                                                               true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), PICTURE("%s", TIME), cases[i].plate);
        const struct reading *r = reading_of(text);
        assert_int_equal(r->confidence, cases[i].confidence);
        assert_int_equal(r->plate_colour, cases[i].colour);
        assert_int_equal(r->kind, cases[i].read ? CREDENTIAL_KIND_PLATE : CREDENTIAL_KIND_NONE);
    }
}

static void it_lives(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"Active\":\"keepAlive\",\"DeviceID\":\"DH-7\"}"), PARSE_FOREIGN);
    assert_int_equal(parse("{\"Active\":\"KeepAlive\"}"), PARSE_FOREIGN);
}

static void another_camera_is_not_this_one(void **state)
{
    (void)state;
    (void)snprintf(device.device_id, sizeof(device.device_id), "DH-8");
    assert_int_equal(parse(PICTURE("\"PlateNumber\":\"浙A12345\"", TIME)), PARSE_BAD);
    assert_string_equal(parsed.why, "the DeviceID of another device");
    device.device_id[0] = '\0';
}

static void what_is_not_understood(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{\"Picture\":{}}",
                                      "{\"Picture\":[1]}",
                                      "{\"Picture\":{\"Plate\":\"浙A12345\"}}",
                                      "[{\"Picture\":{}}]",
                                      "{\"Active\":\"no\"}",
                                      PICTURE("\"PlateNumber\":\"a\",\"PlateNumber\":\"b\"", TIME)};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse(bad[i]), PARSE_BAD);
        assert_int_equal(parsed.reading_count, 0);
        assert_non_null(parsed.why);
    }
}

static void its_answer(void **state)
{
    (void)state;
    struct http_call call = {.device = &device, .method = "POST", .subpath = "/KeepAlive"};
    struct http_outcome outcome = {.status = 200, .understood = true};
    struct http_answer answer = {.status = 200};
    http_driver_of(DRIVER_DAHUA)->answer(&call, &outcome, &answer);
    assert_string_equal(answer.body, "{\"Result\":true,\"Message\":\"Success\"}");
    answer = (struct http_answer){.status = 503};
    outcome.status = 503;
    http_driver_of(DRIVER_DAHUA)->answer(&call, &outcome, &answer);
    assert_null(answer.content_type);
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
        cmocka_unit_test(times_are_of_its_zone),
        cmocka_unit_test(a_retry_with_pictures_is_the_same_event),
        cmocka_unit_test(values_as_devices_type_them),
        cmocka_unit_test(it_lives),
        cmocka_unit_test(another_camera_is_not_this_one),
        cmocka_unit_test(what_is_not_understood),
        cmocka_unit_test(its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, free_parsed);
}
