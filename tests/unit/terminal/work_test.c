/* Goal: answers go first and die with their grant; orders are carried out one at a time and done
 * only when the terminal shows it; whoever falls silent leaves nothing half told. Method: the work
 * with a terminal played by the test, request by request, on a clock of the test. */
#include "reader-agent/terminal/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { SAID_MAX = 64, SECOND_US = 1000000 };

static struct {
    struct work work;
    struct mono now;
    struct isapi_request asked[WORK_SLOTS];
    int64_t timeout_ms[WORK_SLOTS];
    size_t asks[WORK_SLOTS], aims, said;
    struct helper_message says[SAID_MAX];
} t;

static void ask(void *ctx, enum work_slot slot, const struct isapi_request *request, int64_t ms)
{
    (void)ctx;
    t.asked[slot] = *request;
    t.timeout_ms[slot] = ms;
    t.asks[slot]++;
}

static void aim(void *ctx, const struct helper_terminal *terminal)
{
    (void)ctx;
    (void)terminal;
    t.aims++;
}

static bool say(void *ctx, const struct helper_message *message)
{
    (void)ctx;
    assert_true(t.said < SAID_MAX);
    t.says[t.said++] = *message;
    return true;
}

static void hear(const struct helper_message *message)
{
    work_heard(&t.work, message, t.now);
    work_turn(&t.work, t.now);
}

static void answer(enum work_slot slot, long status, const char *body)
{
    struct isapi_answer answer = {.status = status,
                                  .body = bytes_of_text(body),
                                  .why = status == 0 ? "it does not answer" : NULL};
    work_answered(&t.work, slot, &answer, t.now);
    work_turn(&t.work, t.now);
}

static void later(int64_t ms)
{
    t.now.us += ms * 1000;
    work_turn(&t.work, t.now);
}

static bool asks_for(enum work_slot slot, const char *part)
{
    return t.work.busy[slot] && strstr(t.asked[slot].path, part) != NULL;
}

#define GOOD_SETTINGS                                                                              \
    "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":true,\"offlineDevCheckOpenDoorEnabled\":false}}"
#define OK        "{\"statusCode\":1,\"subStatusCode\":\"ok\"}"
#define SAYS(w)   "{\"statusCode\":6,\"subStatusCode\":\"" w "\"}"
#define STATUS(w) "{\"UserInfoDetailDeleteProcess\":{\"status\":\"" w "\"}}"
#define GONE      "{\"UserInfoSearch\":{\"numOfMatches\":0}}"
#define THERE     "{\"UserInfoSearch\":{\"numOfMatches\":1,\"UserInfo\":[{\"employeeNo\":\"E1\"}]}}"

static int begin(void **state)
{
    static const struct helper_message where = {
        .kind = HELPER_SAYS_TERMINAL,
        .terminal = {.url = "http://127.0.0.1:80", .user = "gate", .password = "secret"}
    };
    (void)state;
    memset(&t, 0, sizeof(t));
    t.now.us = 100 * (int64_t)SECOND_US;
    t.work.out = (struct work_outlet){.ask = ask, .aim = aim, .say = say};
    hear(&where);
    assert_true(asks_for(WORK_UPKEEP, "AcsCfg"));
    answer(WORK_UPKEEP, 200, GOOD_SETTINGS);
    assert_int_equal(t.said, 2); /* up, and what it is set to */
    t.said = 0;
    return 0;
}

static void check(uint64_t serial, bool granted, int64_t lives_ms)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_CHECK,
        .check = {.lane = {"in"},
                  .grant = {1, serial},
                  .serial = serial,
                  .granted = granted,
                  .expires = mono_after_ms(t.now, lives_ms)}
    };
    hear(&message);
}

static void order(uint64_t number, enum subject_order kind)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_SUBJECT, .subject = {.number = number, .order = kind, .subject = "E1"}
    };
    hear(&message);
}

static void expect_opened(uint64_t sequence, enum open_result result)
{
    assert_true(t.said > 0);
    const struct helper_message *last = &t.says[t.said - 1];
    assert_int_equal(last->kind, HELPER_SAYS_OPEN_RESULT);
    assert_int_equal(last->open_result.grant.sequence, sequence);
    assert_int_equal(last->open_result.result, result);
}

static void expect_result(uint64_t number, enum subject_state result, const char *what)
{
    const struct helper_message *found = NULL;
    for (size_t i = 0; i < t.said; i++) {
        found = t.says[i].kind == HELPER_SAYS_SUBJECT_RESULT ? &t.says[i] : found;
    }
    assert_non_null(found);
    assert_int_equal(found->subject_result.number, number);
    assert_int_equal(found->subject_result.state, result);
    assert_string_equal(found->subject_result.what, what);
}

static void answers_go_first_and_die_with_their_grant(void **state)
{
    (void)state;
    order(9, SUBJECT_DELETE); /* slow, and in nobody's way */
    check(7, true, 2000);
    assert_true(asks_for(WORK_CHECK, "remoteCheck"));
    assert_non_null(strstr(t.asked[WORK_CHECK].body, "success"));
    assert_int_equal(t.timeout_ms[WORK_CHECK], 2000);
    check(8, true, 500);   /* waits, and grows too old */
    check(9, false, 2000); /* waits */
    later(600);
    answer(WORK_CHECK, 200, OK);
    assert_int_equal(t.says[t.said - 2].open_result.result, OPEN_DONE);
    expect_opened(8, OPEN_EXPIRED);
    assert_non_null(strstr(t.asked[WORK_CHECK].body, "\"serialNo\":9,\"checkResult\":\"failed\""));
    size_t said = t.said;
    answer(WORK_CHECK, 200, OK); /* a deny is answered by nobody */
    assert_int_equal(t.said, said);
}

static void what_became_of_an_answer(void **state)
{
    (void)state;
    check(1, true, 2000);
    answer(WORK_CHECK, 400, SAYS("badParameters"));
    expect_opened(1, OPEN_REFUSED);
    check(2, true, 2000);
    answer(WORK_CHECK, 0, "");
    expect_opened(2, OPEN_SILENT);
    check(0, true, 2000); /* of our own accord */
    assert_true(asks_for(WORK_CHECK, "RemoteControl/door/1"));
    answer(WORK_CHECK, 200, "<R><statusCode>1</statusCode></R>");
    expect_opened(0, OPEN_DONE);
    size_t asks = t.asks[WORK_CHECK];
    check(0, false, 2000); /* nothing to deny */
    assert_int_equal(t.asks[WORK_CHECK], asks);
    for (uint64_t i = 1; i <= WORK_CHECKS_MAX + 1; i++) {
        check(i, true, 2000);
    }
    expect_opened(WORK_CHECKS_MAX + 1, OPEN_QUEUE_FULL);
}

static void adding(void **state)
{
    (void)state;
    order(1, SUBJECT_ADD);
    assert_true(asks_for(WORK_UPKEEP, "UserInfo/Record"));
    answer(WORK_UPKEEP, 200, OK);
    expect_result(1, SUBJECT_DONE, "");
    order(2, SUBJECT_ADD); /* one that it knows is made as we want it */
    answer(WORK_UPKEEP, 400, SAYS("employeeNoAlreadyExist"));
    assert_true(asks_for(WORK_UPKEEP, "UserInfo/Modify"));
    answer(WORK_UPKEEP, 200, OK);
    expect_result(2, SUBJECT_DONE, "");
    order(3, SUBJECT_ADD);
    answer(WORK_UPKEEP, 400, SAYS("deviceFull"));
    expect_result(3, SUBJECT_FAILED, "deviceFull");
    order(4, SUBJECT_ADD);
    answer(WORK_UPKEEP, 0, "");
    expect_result(4, SUBJECT_WANTED, "it does not answer");
    order(5, SUBJECT_ADD);
    answer(WORK_UPKEEP, 200, "<html>");
    expect_result(5, SUBJECT_WANTED, "the answer was not understood");
}

static void a_deletion_is_done_when_a_search_finds_nobody(void **state)
{
    (void)state;
    order(1, SUBJECT_DELETE);
    assert_true(asks_for(WORK_UPKEEP, "UserInfoDetail/Delete?"));
    answer(WORK_UPKEEP, 200, OK);
    assert_true(asks_for(WORK_UPKEEP, "DeleteProcess"));
    answer(WORK_UPKEEP, 200, STATUS("processing"));
    assert_false(t.work.busy[WORK_UPKEEP]);
    later(WORK_DELETION_POLL_MS);
    answer(WORK_UPKEEP, 200, STATUS("success"));
    assert_true(asks_for(WORK_UPKEEP, "UserInfo/Search"));
    assert_int_equal(t.said, 0);
    answer(WORK_UPKEEP, 200, GONE);
    expect_result(1, SUBJECT_DONE, "");
}

static void a_deletion_that_only_says_so_is_none(void **state)
{
    (void)state;
    order(1, SUBJECT_DELETE);
    answer(WORK_UPKEEP, 200, OK);
    answer(WORK_UPKEEP, 200, STATUS("success"));
    answer(WORK_UPKEEP, 200, THERE);
    expect_result(1, SUBJECT_FAILED, "the terminal still knows it");
    order(2, SUBJECT_DELETE);
    answer(WORK_UPKEEP, 200, OK);
    answer(WORK_UPKEEP, 200, STATUS("failed"));
    answer(WORK_UPKEEP, 200, THERE);
    expect_result(2, SUBJECT_FAILED, "the deletion failed");
    order(3, SUBJECT_DELETE); /* it refuses, for it never knew the number */
    answer(WORK_UPKEEP, 400, SAYS("employeeNoNotExist"));
    answer(WORK_UPKEEP, 200, GONE);
    expect_result(3, SUBJECT_DONE, "");
    order(4, SUBJECT_DELETE); /* a firmware without it */
    answer(WORK_UPKEEP, 404, "no");
    assert_true(asks_for(WORK_UPKEEP, "UserInfo/Delete"));
    answer(WORK_UPKEEP, 200, OK);
    answer(WORK_UPKEEP, 200, GONE);
    expect_result(4, SUBJECT_DONE, "");
    order(5, SUBJECT_DELETE);
    answer(WORK_UPKEEP, 401, "");
    expect_result(5, SUBJECT_FAILED, "the terminal refuses the account");
    order(6, SUBJECT_DELETE);
    answer(WORK_UPKEEP, 200, OK);
    answer(WORK_UPKEEP, 0, "");
    expect_result(6, SUBJECT_WANTED, "it does not answer");
}

/* The rest of the turn is a search: one that is deleting for ever is found so. */
static void a_deletion_that_never_ends_is_left(void **state)
{
    (void)state;
    order(1, SUBJECT_DELETE);
    answer(WORK_UPKEEP, 200, OK);
    for (int i = 0; i < 200 && !asks_for(WORK_UPKEEP, "Search"); i++) {
        if (t.work.busy[WORK_UPKEEP]) {
            answer(WORK_UPKEEP, 200, STATUS("processing"));
        }
        later(WORK_DELETION_POLL_MS);
    }
    answer(WORK_UPKEEP, 200, THERE);
    expect_result(1, SUBJECT_FAILED, "the terminal still knows it");
}

static void one_order_at_a_time(void **state)
{
    (void)state;
    order(1, SUBJECT_ADD);
    order(1, SUBJECT_ADD); /* an agent that was started again */
    assert_int_equal(t.said, 0);
    order(2, SUBJECT_ADD);
    expect_result(2, SUBJECT_WANTED, "busy with another order");
    answer(WORK_UPKEEP, 200, OK);
    expect_result(1, SUBJECT_DONE, "");
}

static void settings_are_looked_at_again(void **state)
{
    (void)state;
    size_t asks = t.asks[WORK_UPKEEP];
    later(WORK_SETTINGS_MS - 1);
    assert_int_equal(t.asks[WORK_UPKEEP], asks);
    later(1);
    assert_true(asks_for(WORK_UPKEEP, "AcsCfg"));
    answer(
        WORK_UPKEEP, 200,
        "{\"AcsCfg\":{\"remoteCheckDoorEnabled\":false,\"offlineDevCheckOpenDoorEnabled\":false}}");
    assert_int_equal(t.said, 1);
    assert_false(t.says[0].settings.remote_check);
    later(WORK_WRONG_MS); /* soon, while they are wrong */
    answer(WORK_UPKEEP, 200, GOOD_SETTINGS);
    assert_true(t.says[1].settings.remote_check);
    t.said = 0;
    later(WORK_SETTINGS_MS);
    answer(WORK_UPKEEP, 0, ""); /* down, and what it is set to is not known */
    assert_int_equal(t.says[0].kind, HELPER_SAYS_STATE);
    assert_int_equal(t.says[0].state.state, DEVICE_DOWN);
    assert_int_equal(t.says[1].kind, HELPER_SAYS_SETTINGS);
    assert_false(t.says[1].settings.read);
    t.said = 0;
    work_welcomed(&t.work); /* a new agent hears both */
    assert_int_equal(t.said, 2);
    later(WORK_WRONG_MS);
    answer(WORK_UPKEEP, 401, "");
    later(WORK_WRONG_MS); /* not again at once: terminals lock accounts */
    assert_false(t.work.busy[WORK_UPKEEP]);
}

/* Whatever falls silent is down, and looked at again soon. */
static void silence_is_told_by_whatever_finds_it(void **state)
{
    (void)state;
    order(1, SUBJECT_ADD);
    answer(WORK_UPKEEP, 0, "");
    assert_int_equal(t.says[0].kind, HELPER_SAYS_STATE);
    assert_int_equal(t.says[0].state.state, DEVICE_DOWN);
    later(WORK_WRONG_MS);
    assert_true(asks_for(WORK_UPKEEP, "AcsCfg"));
    answer(WORK_UPKEEP, 200, GOOD_SETTINGS);
    assert_int_equal(t.says[t.said - 1].state.state, DEVICE_UP);
}

static void another_address_voids_what_is_under_way(void **state)
{
    static const struct helper_message there = {
        .kind = HELPER_SAYS_TERMINAL,
        .terminal = {.url = "http://127.0.0.2:80", .user = "gate", .password = "secret"}
    };
    (void)state;
    order(1, SUBJECT_ADD);
    check(3, true, 2000);
    hear(&there);
    assert_int_equal(t.aims, 2);
    expect_result(1, SUBJECT_WANTED, "the terminal's address changed");
    assert_int_equal(t.says[0].open_result.result, OPEN_REFUSED);
    assert_true(asks_for(WORK_UPKEEP, "AcsCfg"));
    hear(&there); /* the same again is no news */
    assert_int_equal(t.aims, 2);
}

static void nothing_is_done_before_it_is_known_where(void **state)
{
    (void)state;
    memset(&t, 0, sizeof(t));
    t.work.out = (struct work_outlet){.ask = ask, .aim = aim, .say = say};
    order(1, SUBJECT_ADD);
    expect_result(1, SUBJECT_WANTED, "it is not known yet where it is");
    check(3, true, 2000);
    expect_opened(3, OPEN_REFUSED);
    assert_int_equal(t.asks[WORK_CHECK] + t.asks[WORK_UPKEEP], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_go_first_and_die_with_their_grant, begin),
        cmocka_unit_test_setup(what_became_of_an_answer, begin),
        cmocka_unit_test_setup(adding, begin),
        cmocka_unit_test_setup(a_deletion_is_done_when_a_search_finds_nobody, begin),
        cmocka_unit_test_setup(a_deletion_that_only_says_so_is_none, begin),
        cmocka_unit_test_setup(a_deletion_that_never_ends_is_left, begin),
        cmocka_unit_test_setup(one_order_at_a_time, begin),
        cmocka_unit_test_setup(settings_are_looked_at_again, begin),
        cmocka_unit_test_setup(silence_is_told_by_whatever_finds_it, begin),
        cmocka_unit_test_setup(another_address_voids_what_is_under_way, begin),
        cmocka_unit_test_setup(nothing_is_done_before_it_is_known_where, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
