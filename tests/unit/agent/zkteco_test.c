/* Goal: ZKTeco's tables give every punch once and lose none: each line is a reading, an ignored
 * kind or put aside; history is marked; the answers are what stops the re-sends. Method: lines and
 * requests of the documented forms, each column missing, moved and spoilt, through both protocols.
 */
#include "reader-agent/driver/zkteco.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "reader-agent/driver/zkteco_line.h"

static struct tz_table shanghai;
static struct http_device device;
static struct http_memory memory;

static int set_up(void **state)
{
    (void)state;
    memory = (struct http_memory){.stamp = ""};
    device = (struct http_device){.reader = {.text = "zk-1"},
                                  .driver = DRIVER_ZKTECO_ATT,
                                  .device_id = "CNXY2140001",
                                  .zone = &shanghai};
    assert_int_equal(tz_load(TZ_DIRECTORY, "Asia/Shanghai", &shanghai, NULL), ERR_OK);
    return 0;
}

static void assert_id(const struct reading *r, const char *id)
{
    assert_int_equal(r->id_size, strlen(id));
    assert_memory_equal(r->id, id, strlen(id));
}

/* ---- attendance ---- */

static enum parse_result att(const char *line, struct reading *ret)
{
    return zkteco_att_line(bytes_of_text(line), &device, &shanghai, ret);
}

static void a_punch_is_a_subject(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(att("00042\t2025-06-02 08:00:00\t0\t15\t\t0\t0", &r), PARSE_READING);
    assert_int_equal(r.kind, CREDENTIAL_KIND_FACE);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_UID_ONLY);
    assert_id(&r, "00042");
    assert_int_equal(r.captured.us, INT64_C(1748822400000000));
    assert_int_equal(r.direction, LANE_IN);
    assert_int_equal(r.raw_size, 0);
    assert_int_equal(strlen(r.device_event), 32);
    struct reading slash;
    assert_int_equal(att("00042\t2025/06/02 08:00:00\t1\t1", &slash), PARSE_READING);
    assert_int_equal(slash.captured.us, r.captured.us);
    assert_int_equal(slash.direction, LANE_OUT);
    assert_int_equal(att("42\t2025-06-02 08:00:00", &slash), PARSE_READING);
    assert_int_equal(slash.cclass, CREDENTIAL_CLASS_BEARER); /* it does not say what it checked */
    assert_int_equal(slash.direction, LANE_NO_DIRECTION);
    assert_string_not_equal(slash.device_event, r.device_event); /* 42 is another person */
}

static void a_clock_that_lost_its_battery_loses_no_punch(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(att("7\t1970-01-01 00:00:30\t0\t1", &r), PARSE_READING);
    assert_int_equal(r.captured.us, 0);
    assert_int_equal(strlen(r.device_event), 32);
}

static void the_order_of_columns_is_configured(void **state)
{
    (void)state;
    struct reading r;
    assert_int_equal(att("7\t2025-06-02 08:00:00\t1\t3", &r), PARSE_READING);
    assert_int_equal(r.direction, LANE_OUT);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_BEARER); /* a password */
    device.verify_first = true;
    assert_int_equal(att("7\t2025-06-02 08:00:00\t3\t1", &r), PARSE_READING);
    assert_int_equal(r.direction, LANE_OUT);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_BEARER);
    assert_int_equal(att("7\t2025-06-02 08:00:00\t15\t0", &r), PARSE_READING);
    assert_int_equal(r.direction, LANE_IN);
    assert_int_equal(r.cclass, CREDENTIAL_CLASS_UID_ONLY);
}

static void attendance_garbage(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "garbage",
        "\t",
        "7",
        "7\t",
        "7\tyesterday\t0\t1",
        "\t2025-06-02 08:00:00\t0\t1",
        "7 2025-06-02 08:00:00 0 1",
        "7\t2025-13-02 08:00:00\t0\t1",
        "7\t2025-06-02\t0\t1",
    };
    struct reading r;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (att(lines[i], &r) != PARSE_BAD) {
            fail_msg("`%s`", lines[i]);
        }
    }
    static const uint8_t with_nul[] = "7\0\t2025-06-02 08:00:00\t0\t1";
    assert_int_equal(zkteco_att_line(BYTES_OF(with_nul), &device, &shanghai, &r), PARSE_BAD);
    char longest[2048];
    (void)snprintf(longest, sizeof(longest), "7\t2025-06-02 08:00:00\t0\t1\t%01200d", 0);
    assert_int_equal(att(longest, &r), PARSE_BAD);
    assert_int_equal(att("a PIN of far more than thirty-two characters\t2025-06-02 08:00:00", &r),
                     PARSE_UNUSABLE);
    assert_int_equal(r.kind, CREDENTIAL_KIND_NONE);
}

/* ---- access ---- */

#define RTLOG(pin, card, event, verify)                                                            \
    "time=2025-06-02 08:00:00\tpin=" pin "\tcardno=" card "\teventaddr=1\tevent=" event            \
    "\tinoutstatus=0\tverifytype=" verify "\tindex=21"

static enum parse_result acc(const char *line, struct reading *ret)
{
    return zkteco_acc_line(bytes_of_text(line), &device, &shanghai, ret);
}

static void who_an_access_record_names(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id; /* NULL: unusable */
        enum credential_kind kind;
        enum credential_class cclass;
    } rows[] = {
        {RTLOG("00042", "0",                    "0", "15"), "00042",            CREDENTIAL_KIND_FACE,  CREDENTIAL_CLASS_UID_ONLY},
        {RTLOG("00042", "",                     "0", "1"),  "00042",            CREDENTIAL_KIND_FACE,  CREDENTIAL_CLASS_UID_ONLY},
        {RTLOG("00042", "77705923",             "0", "15"), "00042",            CREDENTIAL_KIND_FACE,
         CREDENTIAL_CLASS_UID_ONLY                                                                                              },
        {RTLOG("00042", "77705923",             "0", "4"),  "\x04\xa1\xb2\xc3", CREDENTIAL_KIND_BADGE,
         CREDENTIAL_CLASS_UID_ONLY                                                                                              },
        {RTLOG("0",     "77705923",             "0", "4"),  "\x04\xa1\xb2\xc3", CREDENTIAL_KIND_BADGE,
         CREDENTIAL_CLASS_UID_ONLY                                                                                              },
        {RTLOG("",      "77705923",             "0", ""),   "\x04\xa1\xb2\xc3", CREDENTIAL_KIND_BADGE,
         CREDENTIAL_CLASS_UID_ONLY                                                                                              },
        {RTLOG("00042", "77705923",             "0", "3"),  "00042",            CREDENTIAL_KIND_FACE,
         CREDENTIAL_CLASS_BEARER                                                                                                },
        {RTLOG("0",     "0",                    "0", "4"),  NULL,               CREDENTIAL_KIND_NONE,  CREDENTIAL_CLASS_BEARER  },
        {RTLOG("",      "",                     "0", "4"),  NULL,               CREDENTIAL_KIND_NONE,  CREDENTIAL_CLASS_BEARER  },
        {RTLOG("",      "134217729",            "0", "4"),  NULL,               CREDENTIAL_KIND_NONE,  CREDENTIAL_CLASS_BEARER  },
        {RTLOG("",      "99999999999999999999", "0", "4"),  NULL,               CREDENTIAL_KIND_NONE,
         CREDENTIAL_CLASS_BEARER                                                                                                },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading r;
        assert_int_equal(acc(rows[i].line, &r),
                         rows[i].id != NULL ? PARSE_READING : PARSE_UNUSABLE);
        assert_int_equal(r.kind, rows[i].kind);
        assert_int_equal(r.cclass, rows[i].cclass);
        assert_id(&r, rows[i].id != NULL ? rows[i].id : "");
        assert_int_equal(r.captured.us, INT64_C(1748822400000000));
        assert_int_equal(r.direction, LANE_IN);
    }
    struct reading r;
    device.reversed = true;
    assert_int_equal(acc(RTLOG("", "3283263748", "0", "4"), &r), PARSE_READING);
    assert_id(&r, "\x04\xa1\xb2\xc3");
}

static void what_access_events_mean(void **state)
{
    (void)state;
    for (int event = 0; event <= 300; event++) {
        char line[200];
        struct reading r = {.id_size = 77};
        (void)snprintf(line, sizeof(line),
                       "time=2025-06-02 08:00:00\tpin=7\tcardno=0\tevent=%d\tindex=1", event);
        enum parse_result wanted = event == 0    ? PARSE_READING
                                   : event == 27 ? PARSE_FAILED
                                   : event == 200 || event == 201 || event == 202 || event == 206
                                       ? PARSE_FOREIGN
                                       : PARSE_BAD;
        assert_int_equal(acc(line, &r), wanted);
        assert_int_equal(r.id_size, wanted == PARSE_READING ? 1 : 77);
    }
}

static void access_records_in_any_order(void **state)
{
    (void)state;
    struct reading r, other;
    assert_int_equal(acc(RTLOG("7", "0", "0", "15"), &r), PARSE_READING);
    assert_int_equal(acc("index=21\tEVENT=0\t more=x \tverifytype=15\tPin= 7 \tcardno=0\t"
                         "time=2025-06-02 08:00:00\t\t",
                         &other),
                     PARSE_READING);
    assert_id(&other, "7");
    assert_string_equal(r.device_event, other.device_event);
    assert_int_equal(acc("time=2025-06-02 08:00:00\tpin=7\tevent=0\tindex=22", &other),
                     PARSE_READING);
    assert_string_not_equal(r.device_event, other.device_event);
    static const char *const bad[] = {
        "garbage",
        "pin=7\tevent=0",                                  /* no time */
        "time=2025-06-02 08:00:00\tpin=7",                 /* no event */
        "time=2025-06-02 08:00:00\tpin=7\tevent=",         /* no event */
        "time=2025-06-02 08:00:00\tpin=7\tpin=8\tevent=0", /* two people */
        "time=2025-06-02 08:00:00\tpin=7\tevent=0\tnonsense",
        "time=tomorrow\tpin=7\tevent=0",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (acc(bad[i], &other) != PARSE_BAD) {
            fail_msg("`%s`", bad[i]);
        }
    }
}

/* ---- requests ---- */

struct query {
    const char *names[4], *values[4];
};

static const char *argument(void *ctx, const char *name)
{
    const struct query *query = ctx;
    for (size_t i = 0; i < 4 && query->names[i] != NULL; i++) {
        if (strcmp(query->names[i], name) == 0) {
            return query->values[i];
        }
    }
    return NULL;
}

/* One request through parse and answer, as http_body does it. */
struct turn {
    struct http_parsed parsed;
    enum parse_result result;
    struct http_answer answer;
};

static void request(struct turn *turn, bool access, const char *method, const char *subpath,
                    struct query query, const char *text)
{
    struct http_call call = {.device = &device,
                             .memory = &memory,
                             .method = method,
                             .subpath = subpath,
                             .argument = argument,
                             .argument_ctx = &query};
    *turn = (struct turn){.parsed.readings_max = ZKTECO_RECORDS_MAX, .answer.status = 200};
    turn->result =
        (access ? zkteco_acc_parse : zkteco_att_parse)(&call, bytes_of_text(text), &turn->parsed);
    struct http_outcome outcome = {.status = 200, .records = turn->parsed.records};
    (access ? zkteco_acc_answer : zkteco_att_answer)(&call, &outcome, &turn->answer);
}

static struct query table_query(const char *name)
{
    return (struct query){.names = {"table"}, .values = {name}};
}
#define TABLE(name) table_query(name)

static void attendance_conversation(void **state)
{
    (void)state;
    struct turn t;
    request(&t, false, "GET", "/cdata", (struct query){{"options"}, {"all"}}, "");
    assert_int_equal(t.result, PARSE_FOREIGN);
    assert_ptr_equal(strstr(t.answer.body, "GET OPTION FROM: CNXY2140001\nATTLOGStamp=None\n"),
                     t.answer.body);
    static const char *const options[] = {"\nErrorDelay=30\n", "\nDelay=10\n", "\nTransTimes=",
                                          "\nTransInterval=",  "\nTransFlag=", "\nRealtime=1\n",
                                          "\nEncrypt=None\n",  "\nOperLog="};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        assert_non_null(strstr(t.answer.body, options[i]));
    }
    assert_null(strstr(t.answer.body, "FP")); /* no templates are asked for */
    request(&t, false, "POST", "/cdata",
            (struct query){
                {"table",  "Stamp"},
                {"ATTLOG", "9817" }
    },
            "00042\t2025-06-02 08:00:00\t0\t15\r\n");
    assert_int_equal(t.result, PARSE_READING);
    assert_string_equal(t.answer.body, "OK: 1");
    assert_int_equal(t.parsed.reading_count, 1);
    assert_false(t.parsed.readings[0].history);
    http_parsed_free(&t.parsed);
    request(&t, false, "GET", "/cdata", (struct query){{"options"}, {"all"}}, "");
    assert_non_null(strstr(t.answer.body, "\nATTLOGStamp=9817\n"));
    request(&t, false, "GET", "/getrequest", (struct query){{NULL}, {NULL}}, "");
    assert_string_equal(t.answer.body, "OK");
    request(&t, false, "POST", "/devicecmd", (struct query){{NULL}, {NULL}},
            "ID=1&Return=0&CMD=DATA");
    assert_string_equal(t.answer.body, "OK");
    assert_int_equal(t.result, PARSE_FOREIGN);
}

static void access_conversation(void **state)
{
    (void)state;
    struct turn t;
    char code[64];
    request(&t, true, "GET", "/cdata", (struct query){{"options"}, {"all"}}, "");
    assert_ptr_equal(strstr(t.answer.body, "registry=ok\nRegistryCode="), t.answer.body);
    static const char *const options[] = {"\nServerVersion=", "\nPushVersion=", "\nErrorDelay=30\n",
                                          "\nRequestDelay=",  "\nTransTables=", "\nRealtime=1\n",
                                          "\nSessionID=",     "\nTimeoutSec="};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        assert_non_null(strstr(t.answer.body, options[i]));
    }
    (void)snprintf(code, sizeof(code), "%.29s", t.answer.body + strlen("registry=ok\n"));
    request(&t, true, "POST", "/registry", (struct query){{NULL}, {NULL}}, "DeviceType=acc");
    assert_memory_equal(t.answer.body, code, 29); /* of one terminal always the same */
    request(&t, true, "POST", "/push", (struct query){{NULL}, {NULL}}, "");
    assert_ptr_equal(strstr(t.answer.body, "ServerVersion="), t.answer.body);
    request(&t, true, "POST", "/cdata", TABLE("rtlog"), RTLOG("7", "0", "0", "15"));
    assert_string_equal(t.answer.body, "OK");
    assert_int_equal(t.parsed.reading_count, 1);
    http_parsed_free(&t.parsed);
    request(&t, true, "POST", "/cdata", TABLE("rtstate"), "time=2025-06-02 08:00:00\tsensor=01");
    assert_int_equal(t.result, PARSE_FOREIGN);
    assert_string_equal(t.answer.body, "OK");
    request(&t, true, "POST", "/cdata",
            (struct query){
                {"table",     "tablename", "count"},
                {"tabledata", "user",      "1"    }
    },
            "user uid=1\tpin=7\tname=Secret");
    assert_int_equal(t.result, PARSE_FOREIGN);
    assert_string_equal(t.answer.body, "user=1");
    request(&t, true, "POST", "/cdata",
            (struct query){
                {"table",     "tablename"    },
                {"tabledata", "bio data\r\nx"}
    },
            "a\nb\n");
    assert_string_equal(t.answer.body, "OK");
}

static void templates_are_dropped_unread(void **state)
{
    (void)state;
    struct turn t;
    request(&t, false, "POST", "/cdata", TABLE("OPERLOG"),
            "USER PIN=7\tName=Secret\nFP PIN=7\tFID=1\tTMP=AAAA\nFACE PIN=7\tTMP=AAAA\n");
    assert_int_equal(t.result, PARSE_FOREIGN);
    assert_int_equal(t.parsed.reading_count, 0);
    assert_string_equal(t.answer.body, "OK: 3");
}

static void a_kept_table_is_history(void **state)
{
    (void)state;
    struct turn t;
    request(&t, false, "POST", "/cdata", TABLE("ATTLOG"),
            "7\t2025-06-02 08:00:00\t0\t1\n\n8\t2025-06-02 08:00:01\t0\t1\r\n");
    assert_int_equal(t.parsed.reading_count, 2);
    assert_true(t.parsed.readings[0].history);
    assert_true(t.parsed.readings[1].history);
    assert_string_equal(t.answer.body, "OK: 2");
    http_parsed_free(&t.parsed);
    /* a live punch with the door's own news beside it is still alone */
    request(&t, true, "POST", "/cdata", TABLE("rtlog"),
            RTLOG("7", "0", "0", "15") "\n" RTLOG("", "", "200", "200") "\n");
    assert_int_equal(t.parsed.reading_count, 1);
    assert_false(t.parsed.readings[0].history);
    assert_int_equal(t.parsed.counted[PARSE_FOREIGN], 1);
    http_parsed_free(&t.parsed);
}

static void one_garbage_line_does_not_stop_the_others(void **state)
{
    (void)state;
    struct turn t;
    request(&t, false, "POST", "/cdata", TABLE("ATTLOG"),
            "7\t2025-06-02 08:00:00\t0\t1\n%%%garbage%%%\n8\t2025-06-02 08:00:01\t0\t1\n");
    assert_int_equal(t.result, PARSE_BAD);
    assert_int_equal(t.parsed.reading_count, 2);
    assert_string_equal(t.answer.body, "OK: 3");
    assert_string_equal(t.parsed.why, "a table with lines that are no records");
    http_parsed_free(&t.parsed);
    request(&t, true, "POST", "/cdata", TABLE("rtlog"), RTLOG("7", "0", "29", "4"));
    assert_int_equal(t.result, PARSE_BAD); /* an unknown event code is looked at by a person */
    assert_string_equal(t.answer.body, "OK");
    request(&t, true, "POST", "/cdata", TABLE("newtable"), "a=1");
    assert_int_equal(t.result, PARSE_BAD);
    assert_string_equal(t.parsed.why, "a table that its driver does not know");
    assert_string_equal(t.answer.body, "OK");
    request(&t, false, "POST", "/cdata", (struct query){{NULL}, {NULL}}, "a=1");
    assert_int_equal(t.result, PARSE_BAD);
}

#define ZK_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ZK_TEST(a_punch_is_a_subject),
        ZK_TEST(a_clock_that_lost_its_battery_loses_no_punch),
        ZK_TEST(the_order_of_columns_is_configured),
        ZK_TEST(attendance_garbage),
        ZK_TEST(who_an_access_record_names),
        ZK_TEST(what_access_events_mean),
        ZK_TEST(access_records_in_any_order),
        ZK_TEST(attendance_conversation),
        ZK_TEST(access_conversation),
        ZK_TEST(templates_are_dropped_unread),
        ZK_TEST(a_kept_table_is_history),
        ZK_TEST(one_garbage_line_does_not_stop_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
