/* Goal: a terminal that is answered in its own words is answered so only after what it sent is
 * durable or put aside, and only if it is the one that it says. Method: a listener on loopback,
 * requests as the terminals make them, and a sink that fails when the test wants it to. */
#include "tests/unit/agent/http_world.h"

static const struct http_device families[] = {
    {.reader = {.text = "zk-1"},
     .driver = DRIVER_ZKTECO_ATT,
     .path = "/iclock",
     .source = "any",
     .device_id = "SN1"},
    {.reader = {.text = "zk-2"},
     .driver = DRIVER_ZKTECO_ATT,
     .path = "/iclock",
     .source = "any",
     .device_id = "SN2"},
    {.reader = {.text = "zk-3"},
     .driver = DRIVER_ZKTECO_ACC,
     .path = "/iclock",
     .source = "127.0.0.9",
     .device_id = "SN3"},
    {.reader = {.text = "unv-1"},      .driver = DRIVER_UNIVIEW,                     .path = "/LAPI/V1.0",                                         .source = "any"                                                                               },
    {.reader = {.text = "qr-1"},      .driver = DRIVER_JSON,.path = "/json/qr-1",.source = "any"},
};

static int open_families(void **state)
{
    (void)state;
    world = (struct world){.mono = {.us = 1000000}, .watched = -1};
    struct http_listener_config config = config_of(families, ARRAY_LEN(families));
    struct fault fault = {.what = ""};
    if (http_listener_create(&config, &world.listener, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return 0;
}

/* One request of a connection of its own; its status, the answer's body in `answer`. */
static char answer[ANSWER_BYTES];

static int request_as(const char *source, const char *method, const char *target, const char *body)
{
    struct client c = client_open(source);
    char head[512];
    (void)snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                   method, target, strlen(body));
    client_text(&c, head);
    client_text(&c, body);
    int status = client_answer(&c);
    const char *end = strstr(c.in, "\r\n\r\n");
    (void)snprintf(answer, sizeof(answer), "%s", end == NULL ? "" : end + 4);
    client_close(&c);
    return status;
}

static int request(const char *method, const char *target, const char *body)
{
    return request_as("127.0.0.1", method, target, body);
}

#define PUNCH "00042\t2025-06-02 08:00:00\t0\t15\n"

static void a_terminal_is_the_one_that_it_says(void **state)
{
    (void)state;
    assert_int_equal(request("GET", "/iclock/cdata?SN=SN1&options=all", ""), 200);
    assert_ptr_equal(strstr(answer, "GET OPTION FROM: SN1\n"), answer);
    assert_int_equal(request("GET", "/iclock/cdata?SN=SN9&options=all", ""), 403);
    assert_string_equal(answer, "");
    assert_int_equal(request("GET", "/iclock/cdata", ""), 403);
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN9&table=ATTLOG", PUNCH), 403);
    assert_int_equal(request("GET", "/iclock/cdata?SN=SN3&options=all", ""), 403); /* source */
    assert_int_equal(counted(HTTP_COUNT_WRONG_SOURCE), 4);
    assert_int_equal(request_as("127.0.0.9", "GET", "/iclock/cdata?SN=SN3&options=all", ""), 200);
    assert_ptr_equal(strstr(answer, "registry=ok\n"), answer);
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN2&table=ATTLOG", PUNCH), 200);
    assert_int_equal(world.reading_count, 1);
    assert_string_equal(world.readings[0].reader.text, "zk-2");
    assert_int_equal(request("GET", "/json/qr-1", ""), 405);
    assert_int_equal(request("GET", "/iclock/elsewhere?SN=SN1", ""), 404);
}

static void a_punch_is_answered_once_it_is_durable(void **state)
{
    (void)state;
    world.next[0] = ERR_FULL;
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=ATTLOG&Stamp=17", PUNCH), 503);
    assert_string_equal(answer, "");
    assert_int_equal(world.reading_count, 0);
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=ATTLOG&Stamp=17", PUNCH), 200);
    assert_string_equal(answer, "OK: 1");
    assert_int_equal(world.reading_count, 1);
    assert_false(world.readings[0].history);
    assert_int_equal(request("GET", "/iclock/cdata?SN=SN1&options=all", ""), 200);
    assert_non_null(strstr(answer, "\nATTLOGStamp=17\n"));
    assert_int_equal(request("GET", "/iclock/getrequest?SN=SN1", ""), 200);
    assert_string_equal(answer, "OK");
}

static void garbage_is_put_aside_before_it_is_answered(void **state)
{
    (void)state;
    world.aside_next = ERR_FULL;
    static const char table[] = PUNCH "%%% what is this %%%\n" PUNCH;
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=ATTLOG", table), 503);
    assert_int_equal(world.aside_count, 0);
    world.aside_next = ERR_OK;
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=ATTLOG", table), 200);
    assert_string_equal(answer, "OK: 3");
    assert_int_equal(world.aside_count, 1);
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=NEWS", "x=1"), 200);
    assert_string_equal(answer, "OK");
    assert_int_equal(world.aside_count, 2);
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=OPERLOG", "FP PIN=1\tTMP=x"), 200);
    assert_int_equal(world.aside_count, 2); /* nobody asked for templates: nowhere */
}

static void a_long_table_is_taken_whole(void **state)
{
    (void)state;
    static char table[64 * 512];
    size_t at = 0;
    for (int i = 0; i < 400; i++) {
        at += (size_t)snprintf(table + at, sizeof(table) - at,
                               "%d\t2025-06-02 08:%02d:%02d\t0\t1\n", i, i / 60, i % 60);
    }
    assert_int_equal(request("POST", "/iclock/cdata?SN=SN1&table=ATTLOG", table), 200);
    assert_string_equal(answer, "OK: 400");
    assert_int_equal(world.reading_count, 400);
    for (size_t i = 0; i < world.reading_count; i++) {
        assert_true(world.readings[i].history);
    }
}

#define VERIFICATION "/LAPI/V1.0/System/Event/Notification/PersonVerification"
#define PASS                                                                                       \
    "{\"Seq\":1,\"Timestamp\":1750000000,\"NotificationType\":0,\"LibMatInfoList\":[{\"LibType\":" \
    "3,\"MatchStatus\":1,\"MatchPersonID\":5}]}\r\n"

static void uniview_gets_its_acknowledgement(void **state)
{
    (void)state;
    static const char ack[] = "{\"Response\":{\"StatusCode\":0}}";
    assert_int_equal(request("POST", VERIFICATION, PASS), 200);
    assert_string_equal(answer, ack);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(request("POST", "/LAPI/V1.0/PACS/Controller/HeartReportInfo",
                             "{\"RefId\":\"r\",\"Time\":\"t\",\"NextTime\":\"n\"}\r\n"),
                     200);
    assert_string_equal(answer, ack);
    assert_int_equal(request("POST", VERIFICATION, "%%%"), 200);
    assert_string_equal(answer, ack);
    assert_int_equal(world.aside_count, 1);
    world.calls = 0;
    world.next[0] = ERR_FULL;
    assert_int_equal(request("POST", VERIFICATION, PASS), 503);
    assert_string_equal(answer, "");
}

static void pictures_in_a_post_are_left_out(void **state)
{
    (void)state;
    static char body[300000];
    int at = snprintf(body, sizeof(body), "{\"FaceInfoList\":[{\"FaceImage\":{\"Data\":\"");
    memset(body + at, 'A', 250000);
    (void)snprintf(body + at + 250000, sizeof(body) - (size_t)at - 250000, "\"}}],%s", &PASS[1]);
    assert_int_equal(request("POST", VERIFICATION, body), 200);
    assert_int_equal(world.reading_count, 1);
    assert_int_equal(world.aside_count, 0);
}

static void plain_json_hears_what_became_of_it(void **state)
{
    (void)state;
    assert_int_equal(request("POST", "/json/qr-1", "{\"kind\":\"qr\",\"value\":\"t\"}"), 200);
    assert_string_equal(answer, "{\"result\":\"ok\",\"events\":1,\"taken\":1}\n");
    assert_int_equal(
        request("POST", "/json/qr-1",
                "{\"events\":[{\"kind\":\"pin\",\"value\":\"4217\"},{\"kind\":\"x\"}]}"),
        200);
    assert_string_equal(answer, "{\"result\":\"aside\",\"events\":2,\"taken\":1}\n");
    assert_int_equal(world.aside_count, 1);
    assert_string_equal(world.aside, "qr-1: plain JSON with events that are none: "
                                     "{\"kind\":\"x\"}\n"); /* and not what was typed */
    assert_int_equal(request("POST", "/json/qr-1", "{\"kind\":\"alive\"}"), 200);
    assert_string_equal(answer, "{\"result\":\"ok\",\"events\":1,\"taken\":0}\n");
    static const char bits[] = "{\"kind\":\"bits\",\"value\":\"10111101110110010011011101\"}";
    assert_int_equal(request("POST", "/json/qr-1", bits), 200);
    assert_int_equal(request("POST", "/json/qr-1", bits), 200);
    assert_string_equal(answer, "{\"result\":\"ok\",\"events\":1,\"taken\":0}\n");
    assert_int_equal(counted(HTTP_COUNT_BOUNCED), 1);
    assert_int_equal(request("POST", "/json/qr-1", "{\"kind\":\"bits\",\"value\":\"01\"}"), 200);
    assert_int_equal(counted(HTTP_COUNT_MISREAD), 1);
    world.calls = 0;
    world.next[0] = ERR_FULL;
    assert_int_equal(request("POST", "/json/qr-1", "{\"kind\":\"qr\",\"value\":\"u\"}"), 503);
    assert_string_equal(answer, "{\"result\":\"again\",\"events\":1,\"taken\":0}\n");
}

static void two_with_one_number_are_refused(void **state)
{
    (void)state;
    struct http_device two[] = {families[0], families[1]};
    struct http_listener *listener = NULL;
    struct fault fault = {.what = ""};
    (void)snprintf(two[1].device_id, sizeof(two[1].device_id), "SN1");
    struct http_listener_config config = config_of(two, 2);
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "readers zk-1 and zk-2: same path, source and user; they could "
                                    "not be told apart");
    two[1].device_id[0] = '\0';
    config = config_of(two, 2);
    assert_int_equal(http_listener_create(&config, &listener, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "reader zk-2: its own id (SN) is missing");
}

#define FAMILY_TEST(name) cmocka_unit_test_setup_teardown(name, open_families, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAMILY_TEST(a_terminal_is_the_one_that_it_says),
        FAMILY_TEST(a_punch_is_answered_once_it_is_durable),
        FAMILY_TEST(garbage_is_put_aside_before_it_is_answered),
        FAMILY_TEST(a_long_table_is_taken_whole),
        FAMILY_TEST(uniview_gets_its_acknowledgement),
        FAMILY_TEST(pictures_in_a_post_are_left_out),
        FAMILY_TEST(plain_json_hears_what_became_of_it),
        FAMILY_TEST(two_with_one_number_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
