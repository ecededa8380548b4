/* Goal: the agent's end of a face terminal: orders are given one at a time, oldest first, until
 * their end is on its way to the outbox; each answer that grants comes back exactly once; who
 * decides is told once a change. Method: a real socket in a temporary directory, a helper played by
 * this test, a clock of its own. */
#include "reader-agent/driver/face_terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/base/packet.h"

enum { TEXT_SIZE = 1024 };

struct stage {
    char dir[64], socket[96], heard[TEXT_SIZE];
    struct mono now;
    struct clock clock;
    struct helper_port *port;
    struct face_terminals *terminals;
    struct face_terminal_config config;
    enum err stored; /* answer of the subject sink */
    int helper;
};

static void note(struct stage *stage, const char *word)
{
    size_t at = strlen(stage->heard);
    (void)snprintf(stage->heard + at, sizeof(stage->heard) - at, "%s%s", at > 0 ? " " : "", word);
}

static struct mono stage_mono(void *ctx)
{
    return ((struct stage *)ctx)->now;
}

static struct wall stage_wall(void *ctx)
{
    return (struct wall){.us = ((struct stage *)ctx)->now.us};
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    char word[160];
    (void)snprintf(word, sizeof(word), "%s=%d(%s)", device.text, (int)state, what);
    note(ctx, word);
}

static void take_control(void *ctx, struct name reader, enum device_state state, const char *what)
{
    char word[160];
    (void)snprintf(word, sizeof(word), "%s:%s", reader.text,
                   state == DEVICE_HEEDS ? "heeds" : what);
    note(ctx, word);
}

static void take_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result)
{
    char word[96];
    (void)snprintf(word, sizeof(word), "%s/%u:%s", lane.text, (unsigned)grant.sequence,
                   helper_open_result_name(result));
    note(ctx, word);
}

static enum err take_subject(void *ctx, struct name reader, uint64_t number,
                             enum subject_state state, const char *what)
{
    struct stage *stage = ctx;
    char word[96];
    (void)snprintf(word, sizeof(word), "%s#%u=%d(%s)", reader.text, (unsigned)number, (int)state,
                   what);
    note(stage, word);
    return stage->stored;
}

static void expect(struct stage *stage, const char *heard)
{
    helper_port_turn(stage->port);
    assert_string_equal(stage->heard, heard);
    stage->heard[0] = '\0';
}

static void say(const struct stage *stage, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    assert_int_equal(packet_send(stage->helper, (struct bytes){frame, size}), ERR_OK);
}

/* The next message to the helper that is no heartbeat; kind 0: none. */
static struct helper_message next(const struct stage *stage)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = 0;
    struct helper_message message = {.kind = HELPER_SAYS_HEARTBEAT};
    while (message.kind == HELPER_SAYS_HEARTBEAT) {
        if (packet_receive(stage->helper, frame, sizeof(frame), &size) != ERR_OK) {
            return (struct helper_message){0};
        }
        assert_int_equal(helper_unpack((struct bytes){frame, size}, &message, NULL), ERR_OK);
    }
    return message;
}

static void join(struct stage *stage)
{
    const struct helper_message hello = {
        .kind = HELPER_SAYS_HELLO, .hello = {HELPER_TERMINAL, {"face-1"}, (uint32_t)getpid()}
    };
    assert_int_equal(packet_connect(stage->socket, &stage->helper, NULL), ERR_OK);
    say(stage, &hello);
    helper_port_turn(stage->port);
    helper_port_turn(stage->port);
    assert_int_equal(next(stage).kind, HELPER_SAYS_WELCOME);
    struct helper_message where = next(stage);
    assert_int_equal(where.kind, HELPER_SAYS_TERMINAL);
    assert_string_equal(where.terminal.url, "http://10.0.0.9:80");
    assert_string_equal(where.terminal.password, "secret");
}

/* Its helper goes; a new one takes over. */
static void rejoin(struct stage *stage)
{
    (void)close(stage->helper);
    helper_port_turn(stage->port);
    stage->heard[0] = '\0';
    join(stage);
}

static void configure(struct stage *stage)
{
    struct fault fault;
    assert_int_equal(face_terminals_configure(stage->terminals, &stage->config, 1, &fault), ERR_OK);
}

static int set_up(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    assert_non_null(stage);
    (void)snprintf(stage->dir, sizeof(stage->dir), "/tmp/face-test-XXXXXX");
    assert_non_null(mkdtemp(stage->dir));
    (void)snprintf(stage->socket, sizeof(stage->socket), "%s/helpers.sock", stage->dir);
    stage->now.us = 1000000000;
    stage->clock = (struct clock){.mono = stage_mono, .wall = stage_wall, .ctx = stage};
    const struct helper_port_options options = {.run_dir = stage->dir, .clock = &stage->clock};
    struct fault fault;
    assert_int_equal(helper_port_create(&options, &stage->port, &fault), ERR_OK);
    const struct driver_sink states = {.state = take_state, .ctx = stage};
    const struct face_terminal_sink sink = {
        .control = take_control, .opened = take_opened, .subject = take_subject, .ctx = stage};
    stage->terminals = face_terminals_create(stage->port, &stage->clock, &states, &sink);
    assert_true(name_from_text("face-1", &stage->config.reader));
    (void)snprintf(stage->config.where.url, sizeof(stage->config.where.url), "http://10.0.0.9:80");
    (void)snprintf(stage->config.where.password, sizeof(stage->config.where.password), "secret");
    stage->config.asks = true;
    configure(stage);
    join(stage);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    (void)close(stage->helper);
    face_terminals_destroy(&stage->terminals);
    helper_port_destroy(&stage->port);
    (void)unlink(stage->socket);
    (void)rmdir(stage->dir);
    free(stage);
    return 0;
}

static struct face_order order_of(uint64_t number, const char *subject)
{
    struct face_order order = {
        .subject = {.number = number, .order = SUBJECT_ADD}
    };
    assert_true(name_from_text("face-1", &order.reader));
    (void)snprintf(order.subject.subject, sizeof(order.subject.subject), "%s", subject);
    return order;
}

static void result(const struct stage *stage, uint64_t number, enum subject_state state,
                   const char *what)
{
    struct helper_message message = {
        .kind = HELPER_SAYS_SUBJECT_RESULT, .subject_result = {.number = number, .state = state}
    };
    (void)snprintf(message.subject_result.what, sizeof(message.subject_result.what), "%s", what);
    say(stage, &message);
}

static void later(struct stage *stage, int64_t ms)
{
    static const struct helper_message beat = {.kind = HELPER_SAYS_HEARTBEAT};
    for (int64_t step; ms > 0; ms -= step) { /* nobody falls silent meanwhile */
        step = ms < 500 ? ms : 500;
        stage->now.us += step * 1000;
        say(stage, &beat);
        helper_port_turn(stage->port);
        assert_int_equal(next(stage).kind, 0); /* its heartbeats are read */
    }
    face_terminals_turn(stage->terminals);
}

static uint64_t handed(const struct stage *stage)
{
    struct helper_message message = next(stage);
    return message.kind == HELPER_SAYS_SUBJECT ? message.subject.number : 0;
}

static void oldest_first_and_one_at_a_time(void **state)
{
    struct stage *stage = *state;
    const struct face_order orders[] = {order_of(12, "E2"), order_of(10, "E1"), order_of(11, "E3")};
    face_terminals_order(stage->terminals, orders, 3);
    assert_int_equal(handed(stage), 10);
    assert_int_equal(handed(stage), 0);
    result(stage, 10, SUBJECT_DONE, "");
    expect(stage, "face-1#10=2()");
    face_terminals_order(stage->terminals, orders, 3); /* told again before it was confirmed */
    assert_int_equal(handed(stage), 11);
    result(stage, 11, SUBJECT_DONE, "");
    expect(stage, "face-1#11=2()");
    face_terminals_turn(stage->terminals);
    assert_int_equal(handed(stage), 12);
    result(stage, 12, SUBJECT_DONE, "");
    expect(stage, "face-1#12=2()");
    later(stage, FACE_REFUSED_MS);
    assert_int_equal(handed(stage), 0); /* what is done is not done again */
}

/* The younger of two about the same number waits, whatever became of the older. */
static void same_subject_in_order(void **state)
{
    struct stage *stage = *state;
    const struct face_order orders[] = {order_of(10, "E1"), order_of(11, "E1")};
    face_terminals_order(stage->terminals, orders, 2);
    assert_int_equal(handed(stage), 10);
    result(stage, 10, SUBJECT_WANTED, "it does not answer");
    expect(stage, "");
    later(stage, FACE_RETRY_FIRST_MS);
    assert_int_equal(handed(stage), 10);
    face_terminals_order(stage->terminals, &orders[1], 1); /* the first is not wanted any more */
    assert_int_equal(handed(stage), 0);
    result(stage, 10, SUBJECT_DONE, "");
    expect(stage, "face-1#10=2()");
    face_terminals_order(stage->terminals, &orders[1], 1);
    assert_int_equal(handed(stage), 11);
}

static void unanswered_is_tried_again_and_refused_later(void **state)
{
    struct stage *stage = *state;
    const struct face_order orders[] = {order_of(10, "E1")};
    face_terminals_order(stage->terminals, orders, 1);
    for (int64_t wait_ms = FACE_RETRY_FIRST_MS; wait_ms < 8 * FACE_RETRY_FIRST_MS; wait_ms *= 2) {
        assert_int_equal(handed(stage), 10);
        result(stage, 10, SUBJECT_WANTED, "it does not answer");
        expect(stage, "");
        later(stage, wait_ms - 1);
        assert_int_equal(handed(stage), 0);
        later(stage, 1);
    }
    assert_int_equal(handed(stage), 10);
    result(stage, 10, SUBJECT_FAILED, "deviceFull");
    expect(stage, "face-1#10=3(deviceFull)");
    later(stage, FACE_REFUSED_MS - 1);
    assert_int_equal(handed(stage), 0);
    later(stage, 1);
    assert_int_equal(handed(stage), 10);
    result(stage, 10, SUBJECT_FAILED, "deviceFull"); /* no news */
    expect(stage, "");
    later(stage, FACE_REFUSED_MS);
    assert_int_equal(handed(stage), 10);
    result(stage, 10, SUBJECT_DONE, "");
    expect(stage, "face-1#10=2()");
}

static void what_could_not_be_stored_is_told_again(void **state)
{
    struct stage *stage = *state;
    const struct face_order orders[] = {order_of(10, "E1")};
    face_terminals_order(stage->terminals, orders, 1);
    assert_int_equal(handed(stage), 10);
    stage->stored = ERR_FULL;
    result(stage, 10, SUBJECT_DONE, "");
    expect(stage, "face-1#10=2()");
    stage->stored = ERR_OK;
    later(stage, FACE_RETRY_FIRST_MS);
    assert_int_equal(handed(stage), 10);
    result(stage, 10, SUBJECT_DONE, "");
    expect(stage, "face-1#10=2()");
}

static void a_helper_that_went_is_told_anew(void **state)
{
    struct stage *stage = *state;
    const struct face_order orders[] = {order_of(10, "E1")};
    face_terminals_order(stage->terminals, orders, 1);
    assert_int_equal(handed(stage), 10);
    rejoin(stage);
    later(stage, FACE_RETRY_FIRST_MS);
    assert_int_equal(handed(stage), 10);
    result(stage, 11, SUBJECT_DONE, ""); /* of an earlier agent's order */
    expect(stage, "");
}

static void each_granting_answer_comes_back_once(void **state)
{
    struct stage *stage = *state;
    struct fault fault;
    struct helper_check check = {
        .lane = {"in"},
          .grant = {1,    7},
          .serial = 1207, .granted = true, .expires = {2000000000   }
    };
    struct name reader = stage->config.reader;
    assert_int_equal(face_terminals_answer(stage->terminals, reader, &check, &fault), ERR_OK);
    struct helper_message message = next(stage);
    assert_int_equal(message.kind, HELPER_SAYS_CHECK);
    assert_int_equal(message.check.serial, 1207);
    assert_true(message.check.granted);
    const struct helper_message opened = {
        .kind = HELPER_SAYS_OPEN_RESULT, .open_result = {{"in"}, {1, 7}, OPEN_DONE}
    };
    say(stage, &opened);
    say(stage, &opened);
    expect(stage, "in/7:opened");
    check.grant.sequence = 8;
    assert_int_equal(face_terminals_answer(stage->terminals, reader, &check, &fault), ERR_OK);
    check.grant.sequence = 9;
    check.granted = false; /* a deny is answered by nobody */
    assert_int_equal(face_terminals_answer(stage->terminals, reader, &check, &fault), ERR_OK);
    (void)close(stage->helper);
    expect(stage, "in/8:helper-lost face-1=2(its helper ended)");
    assert_int_equal(face_terminals_answer(stage->terminals, reader, &check, &fault), ERR_IO);
    join(stage);
    assert_true(name_from_text("face-2", &reader));
    assert_int_equal(face_terminals_answer(stage->terminals, reader, &check, &fault),
                     ERR_NOT_FOUND);
}

static void settings(const struct stage *stage, bool read, bool remote_check, bool offline_opens)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_SETTINGS, .settings = {read, remote_check, offline_opens}
    };
    say(stage, &message);
}

static void who_decides_is_told_once_a_change(void **state)
{
    struct stage *stage = *state;
    settings(stage, true, true, false);
    settings(stage, true, true, false);
    expect(stage, "face-1:heeds");
    settings(stage, true, false, false);
    expect(stage, "face-1:remoteCheckDoorEnabled is off: it opens without asking");
    settings(stage, true, false, true); /* no better */
    expect(stage, "");
    settings(stage, true, true, false);
    expect(stage, "face-1:heeds");
    settings(stage, true, true, true);
    expect(stage, "face-1:offlineDevCheckOpenDoorEnabled is on: unanswered, it opens");
    configure(stage); /* the park's rows came again */
    expect(stage, "");
    stage->config.asks = false; /* nothing hangs on its relay any more */
    configure(stage);
    expect(stage, "face-1:heeds");
    settings(stage, false, false, false);
    expect(stage, "");
    stage->config.asks = true;
    configure(stage);
    expect(stage, "face-1:its settings cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(oldest_first_and_one_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_subject_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unanswered_is_tried_again_and_refused_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_could_not_be_stored_is_told_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_helper_that_went_is_told_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_granting_answer_comes_back_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_decides_is_told_once_a_change, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
