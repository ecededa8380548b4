/* Goal: a park registers, stays registered, and tells each hit until it is taken, under one id.
 * Method: the machine is played step by step, with answers made here; time is a value. */
#include "controller/viid/upper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define GOOD      "{\"ResponseStatusObject\":{\"StatusCode\":\"0\",\"Id\":\"x\"}}"
#define CHALLENGE "Digest realm=\"upper\", qop=\"auth\", nonce=\"abcd\", opaque=\"5ccc"
#define NOTIFY    "http://10.1.1.1/VIID/DispositionNotifications"

static struct viid_settings settings;
static struct viid_peer *const peer = &settings.peers[0];
static struct upper upper;
static struct upper_call call;
static struct mono now;

static int begin(void **state)
{
    (void)state;
    settings = (struct viid_settings){.device_id = "33010020005030000001", .peer_count = 1};
    *peer = (struct viid_peer){.user = "park",
                               .password = "open sesame",
                               .url = "http://10.1.1.1",
                               .keepalive_s = 60,
                               .missed = 3,
                               .receive_count = 2};
    (void)snprintf(peer->receive[0], sizeof(peer->receive[0]), "%s", NOTIFY);
    (void)snprintf(peer->receive[1], sizeof(peer->receive[1]), "http://10.1.1.2/alarms");
    now.us = 1000000;
    upper_begin(&upper, &settings, peer);
    return 0;
}

static void answer(long status, const char *challenge, const char *body)
{
    struct upper_answer said = {
        .status = status, .challenge = challenge, .body = bytes_of_text(body)};
    upper_answered(&upper, &said, now);
}

static bool turn(void)
{
    return upper_turn(&upper, now, "0a4f113b", &call);
}

static void wait_ms(int64_t ms)
{
    now = mono_after_ms(now, ms);
}

static void come_up(void)
{
    assert_true(turn());
    answer(401, CHALLENGE, "");
    assert_true(turn());
    answer(200, "", GOOD);
    assert_true(upper.up);
}

static struct upper_notice notice(uint64_t number)
{
    struct upper_notice made = {
        .number = number,
        .when = {.us = INT64_C(1709222400000000)}, /* 2024-03-01 in Shanghai */
        .vehicle = true,
        .disposition = "D-1",
        .title = "stolen",
        .plate = "渝D2S030",
        .receive_addr = NOTIFY};
    return made;
}

static void take(uint64_t number)
{
    struct upper_notice made = notice(number);
    assert_true(upper_take(&upper, &made));
}

static void it_registers_by_the_challenge(void **state)
{
    (void)state;
    assert_true(turn());
    assert_int_equal(call.what, UPPER_REGISTER);
    assert_string_equal(call.url, "http://10.1.1.1/VIID/System/Register");
    assert_string_equal(call.body, "{\"RegisterObject\":{\"DeviceID\":\"33010020005030000001\"}}");
    assert_string_equal(call.authorization, ""); /* the first asks for the challenge */
    assert_false(turn());                        /* one at a time */
    answer(401, CHALLENGE, "");
    assert_true(turn());
    assert_non_null(strstr(call.authorization, "nc=00000001"));
    assert_non_null(strstr(call.authorization, "uri=\"/VIID/System/Register\""));
    assert_non_null(strstr(call.authorization, "opaque=\"5ccc\""));
    answer(200, "", GOOD);
    assert_true(upper.up);
    assert_false(turn());
}

static void a_refused_register_is_tried_again_later(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
    } rows[] = {
        {401, ""                                             },
        {403, ""                                             },
        {0,   ""                                             },
        {200, ""                                             },
        {200, "{\"ResponseStatusObject\":{\"StatusCode\":4}}"},
    };
    int64_t pause = UPPER_RETRY_MS;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(turn());
        answer(401, CHALLENGE, "");
        assert_true(turn());
        answer(rows[i].status, CHALLENGE, rows[i].body);
        assert_false(upper.up);
        wait_ms(pause - 1);
        assert_false(turn());
        wait_ms(1);
        pause = pause * 2 > UPPER_RETRY_MAX_MS ? UPPER_RETRY_MAX_MS : pause * 2;
    }
    come_up();
}

static void it_keeps_alive(void **state)
{
    (void)state;
    come_up();
    wait_ms(59999);
    assert_false(turn());
    wait_ms(1);
    assert_true(turn());
    assert_int_equal(call.what, UPPER_KEEPALIVE);
    assert_string_equal(call.body, "{\"KeepaliveObject\":{\"DeviceID\":\"33010020005030000001\"}}");
    answer(200, "", GOOD);
    assert_true(upper.up);
    wait_ms(60000);
    assert_true(turn());
    answer(401, "", ""); /* its session is over there */
    assert_false(upper.up);
    assert_true(turn());
    assert_int_equal(call.what, UPPER_REGISTER);
}

static void missed_keepalives_register_again(void **state)
{
    (void)state;
    come_up();
    for (int i = 0; i < 3; i++) {
        assert_true(upper.up);
        wait_ms(60000);
        assert_true(turn());
        assert_int_equal(call.what, UPPER_KEEPALIVE);
        answer(0, "", "");
    }
    assert_false(upper.up);
    assert_true(turn());
    assert_int_equal(call.what, UPPER_REGISTER);
}

#define ID_7 "330100200050022024030100000000007"

static void a_hit_is_told_until_it_is_taken(void **state)
{
    (void)state;
    static const char *const no[] = {
        "",
        "{\"ResponseStatusObject\":{\"StatusCode\":\"2\",\"Id\":\"" ID_7 "\"}}",
        "{\"ResponseStatusObject\":{\"StatusCode\":\"0\",\"Id\":\"another\"}}",
    };
    take(7);
    take(7); /* the same is one */
    come_up();
    int64_t pause = UPPER_RETRY_MS;
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_true(turn());
        assert_int_equal(call.what, UPPER_NOTIFY);
        assert_non_null(strstr(call.body, "\"NotificationID\":\"" ID_7 "\""));
        answer(i == 0 ? 0 : 200, "", no[i]);
        assert_int_equal(upper_acknowledged(&upper), 0);
        assert_false(turn());
        wait_ms(pause);
        pause *= 2;
    }
    assert_true(turn());
    answer(200, "", "{\"ResponseStatusObject\":{\"StatusCode\":0,\"Id\":\"" ID_7 "\"}}");
    assert_int_equal(upper_acknowledged(&upper), 7);
    assert_false(turn()); /* not told again, whoever knows it */
    upper_forget(&upper, 7);
    assert_int_equal(upper_acknowledged(&upper), 0);
}

/* The library is away, or answers nonsense, for an hour: then it is told, under the same id. */
static void an_hour_without_an_answer_loses_nothing(void **state)
{
    (void)state;
    char first[UPPER_BODY_SIZE] = "";
    take(7);
    come_up();
    for (int second = 0; second < 3600; second++) {
        while (turn()) {
            if (call.what == UPPER_NOTIFY && first[0] == '\0') {
                memcpy(first, call.body, sizeof(first));
            }
            answer(second % 3 == 0 ? 0 : 502, "", second % 2 == 0 ? "" : "<html>");
        }
        assert_int_equal(upper_acknowledged(&upper), 0);
        wait_ms(1000);
    }
    wait_ms(UPPER_RETRY_MAX_MS);
    come_up();
    assert_true(turn());
    assert_string_equal(call.body, first);
    answer(200, "", "{\"ResponseStatusObject\":{\"StatusCode\":\"0\",\"Id\":\"" ID_7 "\"}}");
    assert_int_equal(upper_acknowledged(&upper), 7);
}

static void what_a_notification_says(void **state)
{
    (void)state;
    take(7);
    come_up();
    assert_true(turn());
    assert_string_equal(
        call.body,
        "{\"DispositionNotificationListObject\":{\"DispositionNotificationObject\":[{"
        "\"NotificationID\":\"" ID_7
        "\",\"DispositionID\":\"D-1\",\"Title\":\"stolen\",\"TriggerTime\":\"20240301000000\","
        "\"CntObjectID\":\"330100200050300000010220240301000000000070200007\","
        "\"MotorVehicleObject\":{\"MotorVehicleID\":"
        "\"330100200050300000010220240301000000000070200007\","
        "\"InfoKind\":1,\"SourceID\":\"33010020005030000001022024030100000000007\","
        "\"DeviceID\":\"33010020005030000001\",\"TollgateID\":\"33010020005030000001\","
        "\"PassTime\":\"20240301000000\",\"PlateNo\":\"渝D2S030\"}}]}}");
}

static void of_a_person_no_name_and_no_number(void **state)
{
    (void)state;
    struct upper_notice made = notice(9);
    made.vehicle = false;
    made.plate[0] = '\0';
    assert_true(upper_take(&upper, &made));
    come_up();
    assert_true(turn());
    assert_non_null(strstr(call.body, "\"PersonObject\":{\"PersonID\":\""));
    assert_null(strstr(call.body, "Name"));
    assert_null(strstr(call.body, "IDNumber"));
    assert_null(strstr(call.body, "FaceObject"));
}

static void a_mixed_list_leaves_the_refused_ones(void **state)
{
    (void)state;
    take(7);
    take(8);
    come_up();
    assert_true(turn());
    answer(200, "",
           "{\"ResponseStatusListObject\":{\"ResponseStatusObject\":[{\"StatusCode\":\"8\",\"Id\":"
           "\"" ID_7 "\"},{\"StatusCode\":\"0\",\"Id\":\"330100200050022024030100000000008\"}]}}");
    assert_int_equal(upper_acknowledged(&upper), 8);
    upper_forget(&upper, 8);
    assert_int_equal(upper_acknowledged(&upper), 0);
    wait_ms(UPPER_RETRY_MS);
    assert_true(turn());
    assert_non_null(strstr(call.body, ID_7));
    assert_null(strstr(call.body, "00000000008\""));
}

/* After 401 the library is registered at again, and the same is sent again at once. */
static void a_lost_session_loses_no_hit(void **state)
{
    (void)state;
    take(7);
    come_up();
    assert_true(turn());
    assert_int_equal(call.what, UPPER_NOTIFY);
    answer(401, "", "");
    come_up();
    assert_true(turn());
    assert_int_equal(call.what, UPPER_NOTIFY);
    assert_non_null(strstr(call.body, ID_7));
}

static void only_agreed_addresses_are_spoken_to(void **state)
{
    (void)state;
    struct upper_notice evil = notice(7);
    struct upper_notice second = notice(8);
    (void)snprintf(evil.receive_addr, sizeof(evil.receive_addr), "http://evil.example/x");
    (void)snprintf(second.receive_addr, sizeof(second.receive_addr), "http://10.1.1.2/alarms");
    come_up();
    assert_true(upper_take(&upper, &evil));
    assert_true(turn());
    assert_string_equal(call.url, NOTIFY); /* the first agreed one */
    answer(200, "", "{\"StatusCode\":0}");
    assert_int_equal(upper_acknowledged(&upper), 7);
    assert_true(upper_take(&upper, &second));
    assert_true(turn());
    assert_string_equal(call.url, "http://10.1.1.2/alarms");
}

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= UPPER_NOTICES_MAX; i++) {
        take(i);
    }
    struct upper_notice more = notice(UPPER_NOTICES_MAX + 1);
    assert_false(upper_take(&upper, &more));
    take(UPPER_NOTICES_MAX); /* is there already */
}

/* The longest texts fit a call. */
static void the_largest_batch_fits(void **state)
{
    (void)state;
    struct upper_notice made = notice(1);
    memset(made.title, '"', sizeof(made.title) - 1);
    memset(made.disposition, '"', sizeof(made.disposition) - 1);
    memset(made.plate, '"', sizeof(made.plate) - 1);
    for (made.number = 1; made.number <= UPPER_BATCH + 1; made.number++) {
        assert_true(upper_take(&upper, &made));
    }
    come_up();
    assert_true(turn());
    assert_in_range(strlen(call.body), 8000, UPPER_BODY_SIZE - 1);
}

int main(void)
{
    struct fault fault;
    if (seal_init(&fault) != ERR_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_registers_by_the_challenge, begin),
        cmocka_unit_test_setup(a_refused_register_is_tried_again_later, begin),
        cmocka_unit_test_setup(it_keeps_alive, begin),
        cmocka_unit_test_setup(missed_keepalives_register_again, begin),
        cmocka_unit_test_setup(a_hit_is_told_until_it_is_taken, begin),
        cmocka_unit_test_setup(an_hour_without_an_answer_loses_nothing, begin),
        cmocka_unit_test_setup(what_a_notification_says, begin),
        cmocka_unit_test_setup(of_a_person_no_name_and_no_number, begin),
        cmocka_unit_test_setup(a_mixed_list_leaves_the_refused_ones, begin),
        cmocka_unit_test_setup(a_lost_session_loses_no_hit, begin),
        cmocka_unit_test_setup(only_agreed_addresses_are_spoken_to, begin),
        cmocka_unit_test_setup(there_is_room_for_so_many, begin),
        cmocka_unit_test_setup(the_largest_batch_fits, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
