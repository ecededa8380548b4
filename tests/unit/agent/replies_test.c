/* Goal: an answer opens a lane only for a live grant, in its time and to somebody who listens, and
 * what became of each opening is told once. Method: each way through the states, with a clock that
 * the test turns and a sink that remembers. */
#include "reader-agent/driver/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { MS = 1000 };

static const struct name lane = {.text = "truck-in"};
static const struct name camera = {.text = "cam-1"};

struct world {
    struct replies *replies;
    struct mono now;
    size_t told;
    struct grant_id grant;
    enum open_result result;
    uint64_t settled;
    size_t settled_count;
};

static struct world w;

static struct mono mono_of(void *ctx)
{
    (void)ctx;
    return w.now;
}

static struct wall wall_of(void *ctx)
{
    (void)ctx;
    return (struct wall){.us = 0};
}

static const struct clock turned = {.mono = mono_of, .wall = wall_of, .ctx = NULL};

static void opened(void *ctx, struct name where, struct grant_id grant, enum open_result result)
{
    (void)ctx;
    assert_string_equal(where.text, lane.text);
    w.told++;
    w.grant = grant;
    w.result = result;
}

static void settled(void *ctx, uint64_t ticket)
{
    (void)ctx;
    w.settled = ticket;
    w.settled_count++;
}

static int set_up(void **state)
{
    (void)state;
    struct actuator_sink sink = {.opened = opened};
    w = (struct world){.now = {.us = 1000 * MS}};
    w.replies = replies_create(&sink, &turned);
    assert_non_null(w.replies);
    replies_watch(w.replies, settled, &w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replies_destroy(&w.replies);
    return 0;
}

static uint64_t begin(const char *key, bool wanted_first)
{
    bool first = false;
    uint64_t ticket = replies_begin(w.replies, camera, lane, key, &first);
    assert_int_equal(first, wanted_first);
    return ticket;
}

static enum err open_for(uint64_t ticket, uint64_t sequence, int64_t expires_ms)
{
    struct opening opening = {
        .lane = lane,
        .grant = {.epoch = 1, .sequence = sequence},
        .expires = mono_after_ms(w.now, expires_ms),
        .ticket = ticket
    };
    struct fault fault;
    return replies_ops.open(w.replies, &opening, &fault);
}

/* Does the answer open, and does its text say so? */
static bool answers_open(uint64_t ticket, bool alive)
{
    struct http_answer answer = {.size = 0};
    bool opens = replies_answer(w.replies, ticket, alive, &answer);
    if (opens) {
        assert_string_equal(answer.body,
                            "{\"Response_AlarmInfoPlate\":{\"info\":\"ok\",\"content\":"
                            "\"retransfer_stop\",\"is_pay\":\"true\"}}");
    } else {
        assert_int_equal(answer.size, 0);
    }
    return opens;
}

static void a_grant_opens_once_it_is_told(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    assert_true(ticket != 0);
    assert_false(replies_is_settled(w.replies, ticket));
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    assert_true(replies_is_settled(w.replies, ticket));
    assert_int_equal(w.settled, ticket);
    assert_int_equal(w.told, 0);
    assert_true(answers_open(ticket, true));
    assert_int_equal(w.told, 0); /* not before it went out */
    replies_sent(w.replies, ticket, true);
    assert_int_equal(w.told, 1);
    assert_int_equal(w.result, OPEN_DONE);
    assert_int_equal(w.grant.sequence, 7);
}

static void a_refusal_opens_nothing(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    replies_refuse(w.replies, ticket);
    assert_true(replies_is_settled(w.replies, ticket));
    assert_false(answers_open(ticket, true));
    assert_int_equal(open_for(ticket, 7, 2000), ERR_NOT_FOUND);
    assert_int_equal(begin("e1", false), ticket); /* again: known, and still closed */
    assert_false(answers_open(ticket, true));
    assert_int_equal(w.told, 0);
    replies_refuse(w.replies, 0);
    replies_refuse(w.replies, 999);
}

static void after_a_second_it_is_too_late(void **state)
{
    (void)state;
    struct mono next;
    uint64_t ticket = begin("e1", true);
    assert_true(replies_next(w.replies, &next));
    assert_int_equal(next.us - w.now.us, LIMIT_REPLY_MS * MS);
    w.now.us += LIMIT_REPLY_MS * MS - 1;
    replies_turn(w.replies);
    assert_false(replies_is_settled(w.replies, ticket));
    w.now.us += 1;
    replies_turn(w.replies);
    assert_true(replies_is_settled(w.replies, ticket));
    assert_false(answers_open(ticket, true));
    assert_int_equal(open_for(ticket, 7, 2000), ERR_NOT_FOUND);
    assert_int_equal(w.told, 0);
}

static void a_grant_that_is_answered_too_late_is_void(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    w.now.us += (LIMIT_REPLY_MS - 1) * MS;
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    w.now.us += MS;
    assert_false(answers_open(ticket, true));
    assert_int_equal(w.told, 1);
    assert_int_equal(w.result, OPEN_EXPIRED);
    assert_false(answers_open(ticket, true));
    assert_int_equal(w.told, 1);
}

static void a_grant_that_nobody_fetches_is_void(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    w.now.us += LIMIT_REPLY_MS * MS;
    replies_turn(w.replies);
    assert_int_equal(w.told, 1);
    assert_int_equal(w.result, OPEN_EXPIRED);
}

static void a_dead_connection_gets_nothing(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    assert_int_equal(begin("e1", false), ticket); /* the camera has come again meanwhile */
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    assert_false(answers_open(ticket, false));
    assert_int_equal(w.told, 1);
    assert_int_equal(w.result, OPEN_HUNG_UP);
    assert_false(answers_open(ticket, true)); /* the grant is void for all */
    assert_int_equal(w.told, 1);
}

static void a_connection_that_breaks_while_it_is_told(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    assert_true(answers_open(ticket, true));
    replies_sent(w.replies, ticket, false);
    assert_int_equal(w.told, 1);
    assert_int_equal(w.result, OPEN_HUNG_UP);
    assert_int_equal(begin("e1", false), ticket);
    assert_false(answers_open(ticket, true));
}

static void the_same_event_again_gets_the_same_bytes_for_five_seconds(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    assert_int_equal(open_for(ticket, 7, 2000), ERR_OK);
    assert_true(answers_open(ticket, true));
    replies_sent(w.replies, ticket, true);
    w.now.us += REPLIES_AGAIN_MS * MS - 1;
    assert_int_equal(begin("e1", false), ticket);
    assert_true(answers_open(ticket, true));
    replies_sent(w.replies, ticket, true);
    assert_int_equal(w.told, 1); /* one grant, one passage */
    assert_true(answers_open(ticket, true));
    replies_sent(w.replies, ticket, false); /* that it broke now changes nothing */
    assert_int_equal(w.told, 1);
    w.now.us += 1;
    assert_false(answers_open(ticket, true));
    uint64_t next = begin("e1", true); /* forgotten here; the agent knows it as a replay */
    assert_true(next != ticket);
    assert_int_equal(begin("e2", true), next + 1);
    assert_int_equal(w.told, 1);
}

static void a_lock_voids_what_was_granted(void **state)
{
    (void)state;
    uint64_t said = begin("e1", true);
    assert_int_equal(open_for(said, 7, 2000), ERR_OK);
    assert_true(answers_open(said, true));
    replies_sent(w.replies, said, true);
    uint64_t unsaid = begin("e2", true);
    assert_int_equal(open_for(unsaid, 8, 2000), ERR_OK);
    assert_int_equal(open_for(0, 9, 2000), ERR_OK);
    struct name other = {.text = "truck-out"};
    replies_void_lane(w.replies, other);
    assert_int_equal(w.told, 1);
    replies_void_lane(w.replies, lane);
    assert_int_equal(w.told, 3); /* the two that had not been said */
    assert_int_equal(w.result, OPEN_EXPIRED);
    assert_false(answers_open(said, true));
    assert_false(answers_open(unsaid, true));
    assert_int_equal(replies_poll(w.replies, lane), 0);
}

static void an_order_waits_for_the_next_poll_and_two_seconds(void **state)
{
    (void)state;
    assert_int_equal(replies_poll(w.replies, lane), 0);
    assert_false(answers_open(0, true));
    assert_int_equal(open_for(0, 9, 60000), ERR_OK);
    struct name other = {.text = "truck-out"};
    assert_int_equal(replies_poll(w.replies, other), 0);
    uint64_t ticket = replies_poll(w.replies, lane);
    assert_true(ticket != 0 && replies_is_settled(w.replies, ticket));
    assert_true(answers_open(ticket, true));
    replies_sent(w.replies, ticket, true);
    assert_int_equal(w.result, OPEN_DONE);
    assert_int_equal(replies_poll(w.replies, lane), 0); /* once */

    assert_int_equal(open_for(0, 10, 60000), ERR_OK);
    w.now.us += LIMIT_COMMAND_MS * MS;
    assert_int_equal(replies_poll(w.replies, lane), 0);
    assert_int_equal(w.told, 2);
    assert_int_equal(w.result, OPEN_EXPIRED);
    assert_int_equal(w.grant.sequence, 10);
    assert_int_equal(open_for(0, 11, 500), ERR_OK); /* its own end comes first */
    w.now.us += 500 * MS;
    replies_turn(w.replies);
    assert_int_equal(w.told, 3);
}

static void what_is_not_durable_may_come_again(void **state)
{
    (void)state;
    uint64_t ticket = begin("e1", true);
    replies_forget(w.replies, ticket);
    assert_false(answers_open(ticket, true));
    assert_true(begin("e1", true) != ticket);
    ticket = begin("e3", true);
    replies_refuse(w.replies, ticket); /* the agent had said so already */
    replies_forget(w.replies, ticket);
    assert_true(begin("e3", true) != ticket);
    uint64_t exit = begin("e2", true);
    assert_int_equal(open_for(exit, 7, 2000), ERR_OK); /* an exit that could not be written */
    replies_forget(w.replies, exit);
    assert_true(answers_open(exit, true));
}

static void bounds(void **state)
{
    (void)state;
    char key[16];
    for (int i = 0; i < REPLIES_MAX; i++) {
        (void)snprintf(key, sizeof(key), "e%d", i);
        assert_true(begin(key, true) != 0);
    }
    assert_int_equal(begin("more", true), 0);
    assert_int_equal(open_for(0, 9, 2000), ERR_BUSY);
    assert_true(replies_is_settled(w.replies, 0));
    replies_refuse(w.replies, 3); /* done: makes room */
    assert_true(begin("more", true) != 0);
    struct name lost = {.text = "cam-2"};
    bool first = false;
    assert_int_equal(replies_begin(w.replies, lost, lane, "e5", &first), 0); /* another's id */
    assert_true(first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_grant_opens_once_it_is_told),
        CASE(a_refusal_opens_nothing),
        CASE(after_a_second_it_is_too_late),
        CASE(a_grant_that_is_answered_too_late_is_void),
        CASE(a_grant_that_nobody_fetches_is_void),
        CASE(a_dead_connection_gets_nothing),
        CASE(a_connection_that_breaks_while_it_is_told),
        CASE(the_same_event_again_gets_the_same_bytes_for_five_seconds),
        CASE(a_lock_voids_what_was_granted),
        CASE(an_order_waits_for_the_next_poll_and_two_seconds),
        CASE(what_is_not_durable_may_come_again),
        CASE(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
