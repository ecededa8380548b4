/* Goal: what a board's lanes do, without board, agent or clock. Method: a fake board and agent that
 * note what they are told; times are written out. */
#include "reader-agent/board/station.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { TEXT_SIZE = 4096, PASSAGE_INPUT = 0, TAMPER_INPUT = 1, BUTTON_INPUT = 2, HELD_INPUT = 3 };

struct fake {
    struct station *station;
    char told[TEXT_SIZE]; /* what the board and the agent heard, a word each */
    enum err open_result;
    bool agent_there;
    uint64_t press;
    uint64_t number;
    struct sensed sensed;
    int ms;
};

static void note(struct fake *fake, const char *word)
{
    size_t at = strlen(fake->told);
    snprintf(fake->told + at, sizeof(fake->told) - at, "%s%s", at > 0 ? " " : "", word);
}

static enum err fake_open(void *ctx, const struct helper_lane *lane, bool fresh)
{
    char word[64];
    snprintf(word, sizeof(word), "%s:%s", fresh ? "FRESH" : "OPEN", lane->name.text);
    note(ctx, word);
    return ((struct fake *)ctx)->open_result;
}

static void fake_keep_open(void *ctx, const struct helper_lane *lane)
{
    char word[64];
    snprintf(word, sizeof(word), "KEEP:%s", lane->name.text);
    note(ctx, word);
}

static void note_report(struct fake *fake, const struct helper_report *report)
{
    static const char *const passages[] = {
        "?",          "passed",  "not-taken", "forced",       "held",    "tailgated",    "unsensed",
        "held-ended", "by-hand", "manual",    "manual-ended", "blocked", "blocked-ended"};
    char word[96];
    const char *what = report->kind == REPORT_PASSAGE     ? passages[report->passage]
                       : report->kind == REPORT_LATE_OPEN ? "late-open"
                       : report->on                       ? "tamper"
                                                          : "tamper-ended";
    snprintf(word, sizeof(word), "%s%s%u%s%s", what, report->grant.sequence > 0 ? "=" : "=0.",
             (unsigned)report->grant.sequence, report->press > 0 ? "/press" : "",
             report->late ? "!" : "");
    fake->number = report->number;
    note(fake, word);
}

static bool fake_say(void *ctx, const struct helper_message *message)
{
    struct fake *fake = ctx;
    char word[64];
    if (!fake->agent_there) {
        return false;
    }
    switch (message->kind) {
    case HELPER_SAYS_OPEN_RESULT:
        snprintf(word, sizeof(word), "%u:%s", (unsigned)message->open_result.grant.sequence,
                 helper_open_result_name(message->open_result.result));
        note(fake, word);
        break;
    case HELPER_SAYS_BUTTON:
        fake->press = message->button.press;
        note(fake, "button");
        break;
    case HELPER_SAYS_REPORT:
        note_report(fake, &message->report);
        break;
    default:
        fail();
    }
    return true;
}

static struct station_now now_of(const struct fake *fake)
{
    return (struct station_now){.mono = {.us = 1000000 + (int64_t)fake->ms * 1000},
                                .wall = {.us = 1700000000000000 + (int64_t)fake->ms * 1000}};
}

static const struct helper_board setup_row = {
    .transport = HELPER_TCP,
    .lane_count = 2,
    .lanes = {{.name = {"a"},
               .direction = LANE_OUT,
               .open_coil = 0,
               .open_ms = 1000,
               .pass_ms = 5000,
               .passage = {true, PASSAGE_INPUT},
               .tamper = {true, TAMPER_INPUT},
               .button = {true, BUTTON_INPUT},
               .held = {true, HELD_INPUT}},
              {.name = {"b"}, .direction = LANE_IN, .open_coil = 1, .open_ms = 1000}}
};

static void sense(struct fake *fake, int ms)
{
    fake->ms = ms;
    station_sense(fake->station, &fake->sensed, now_of(fake));
}

static void tick(struct fake *fake, int ms)
{
    fake->ms = ms;
    station_tick(fake->station, now_of(fake));
}

static void edge(struct fake *fake, int ms, size_t input)
{
    fake->sensed.counters[input]++;
    sense(fake, ms);
}

static void link_to(struct fake *fake, bool up)
{
    station_link(fake->station, up, now_of(fake));
}

static void hear_open(struct fake *fake, int ms, const char *lane, uint64_t sequence,
                      enum lane_direction direction)
{
    fake->ms = ms;
    struct helper_message message = {
        .kind = HELPER_SAYS_OPEN,
        .open = {.grant = {.epoch = 1, .sequence = sequence},
                 .expires = mono_after_ms(now_of(fake).mono, 2000),
                 .direction = direction}
    };
    assert_true(name_from_text(lane, &message.open.lane));
    station_hear(fake->station, &message, now_of(fake));
}

static void hear_answer(struct fake *fake, int ms, uint64_t press, uint64_t sequence)
{
    fake->ms = ms;
    const struct helper_message message = {
        .kind = HELPER_SAYS_BUTTON_ANSWER,
        .button_answer = {
                          .lane = {"a"}, .press = press, .grant = {.epoch = 1, .sequence = sequence}}
    };
    station_hear(fake->station, &message, now_of(fake));
}

static void expect(struct fake *fake, const char *told)
{
    assert_string_equal(fake->told, told);
    fake->told[0] = '\0';
}

static int set_up(void **state)
{
    static struct fake fake;
    memset(&fake, 0, sizeof(fake));
    fake.agent_there = true;
    fake.sensed.has_counters = true;
    fake.station = station_create((struct station_ops){
        .open = fake_open, .keep_open = fake_keep_open, .say = fake_say, .ctx = &fake});
    assert_int_equal(station_configure(fake.station, &setup_row, NULL), ERR_OK);
    fake.sensed.counters[PASSAGE_INPUT] = 65535;
    link_to(&fake, true);
    sense(&fake, 0);
    expect(&fake, "");
    *state = &fake;
    return 0;
}

static int tear_down(void **state)
{
    struct fake *fake = *state;
    station_destroy(&fake->station);
    return 0;
}

static void a_passage(void **state)
{
    struct fake *fake = *state;
    hear_open(fake, 20, "a", 1, LANE_OUT);
    expect(fake, "FRESH:a 1:opened");
    edge(fake, 40, PASSAGE_INPUT); /* wraps to 0 */
    expect(fake, "passed=1");
    edge(fake, 60, PASSAGE_INPUT);
    expect(fake, "tailgated=1");
    hear_open(fake, 80, "b", 2, LANE_IN);
    expect(fake, "OPEN:b unsensed=2 2:opened");
    sense(fake, 9000);
    expect(fake, "");
}

static void what_opens_nothing(void **state)
{
    struct fake *fake = *state;
    hear_open(fake, 20, "a", 1, LANE_IN);
    hear_open(fake, 20, "a", 1, LANE_IN);
    hear_open(fake, 20, "x", 2, LANE_IN);
    expect(fake, "FRESH:a 1:opened 1:duplicate 2:unknown-lane");
    struct helper_message late = {
        .kind = HELPER_SAYS_OPEN,
        .open = {
                 .lane = {"a"}, .grant = {1, 3}, .expires = now_of(fake).mono, .direction = LANE_IN}
    };
    station_hear(fake->station, &late, now_of(fake));
    expect(fake, "3:expired");
    fake->open_result = ERR_REFUSED;
    hear_open(fake, 20, "a", 4, LANE_IN);
    expect(fake, "OPEN:a 4:board-refused");
    link_to(fake, false);
    hear_open(fake, 20, "a", 5, LANE_IN);
    expect(fake, "5:board-refused");
}

static void a_write_without_an_answer_may_have_opened(void **state)
{
    struct fake *fake = *state;
    fake->open_result = ERR_IO;
    hear_open(fake, 20, "a", 1, LANE_IN);
    hear_open(fake, 20, "b", 2, LANE_IN);
    expect(fake, "FRESH:a 1:board-silent OPEN:b 2:board-silent");
    edge(fake, 40, PASSAGE_INPUT);
    expect(fake, "passed=1");
}

static void four_who_wait(void **state)
{
    struct fake *fake = *state;
    for (uint64_t i = 1; i <= 4; i++) {
        hear_open(fake, 20, "a", i, LANE_IN);
    }
    expect(fake, "FRESH:a 1:opened OPEN:a 2:opened OPEN:a 3:opened OPEN:a 4:opened");
    hear_open(fake, 20, "a", 5, LANE_IN);
    expect(fake, "5:lane-full");
    hear_open(fake, 20, "a", 6, LANE_OUT);
    expect(fake, "not-taken=1 OPEN:a 6:opened");
    /* Each passage opens for the next. */
    edge(fake, 100, PASSAGE_INPUT);
    expect(fake, "passed=2 FRESH:a");
    fake->sensed.counters[PASSAGE_INPUT] += 3;
    sense(fake, 200);
    expect(fake, "passed=3 passed=4 passed=6");
    /* All used, and the relay may still be on: a pulse of his own. */
    hear_open(fake, 300, "a", 7, LANE_IN);
    expect(fake, "FRESH:a 7:opened");
}

static void a_button(void **state)
{
    struct fake *fake = *state;
    edge(fake, 20, BUTTON_INPUT);
    expect(fake, "button");
    edge(fake, 40, BUTTON_INPUT); /* it bounces */
    hear_answer(fake, 60, fake->press + 1, 8);
    expect(fake, "8:duplicate");
    hear_answer(fake, 60, fake->press, 9);
    expect(fake, "FRESH:a 9:opened");
    hear_answer(fake, 70, fake->press, 9);
    expect(fake, "9:duplicate");
    tick(fake, 2000);
    edge(fake, 2020, PASSAGE_INPUT);
    expect(fake, "passed=9/press");
    edge(fake, 2040, BUTTON_INPUT);
    expect(fake, "button");
}

static void a_button_that_nobody_answers(void **state)
{
    struct fake *fake = *state;
    edge(fake, 20, BUTTON_INPUT);
    uint64_t press = fake->press;
    assert_int_equal(station_wait_ms(fake->station, now_of(fake).mono), LIMIT_BUTTON_MS);
    tick(fake, 20 + LIMIT_BUTTON_MS - 1);
    expect(fake, "button");
    tick(fake, 20 + LIMIT_BUTTON_MS);
    expect(fake, "FRESH:a late-open=0.0/press!");
    hear_answer(fake, 330, press, 9);
    expect(fake, "9:duplicate");
    edge(fake, 400, PASSAGE_INPUT);
    expect(fake, "passed=0.0/press");
}

static void reports_wait_for_the_agent(void **state)
{
    struct fake *fake = *state;
    fake->agent_there = false;
    edge(fake, 20, BUTTON_INPUT);
    tick(fake, 320);
    edge(fake, 400, PASSAGE_INPUT);
    expect(fake, "FRESH:a");
    fake->agent_there = true;
    station_agent_up(fake->station, now_of(fake));
    expect(fake, "late-open=0.0/press! passed=0.0/press");
    struct helper_message ack = {.kind = HELPER_SAYS_REPORT_ACK,
                                 .report_ack = {.number = fake->number}};
    station_hear(fake->station, &ack, now_of(fake));
    tick(fake, 400 + STATION_RESEND_MS - 1);
    expect(fake, "");
    tick(fake, 400 + STATION_RESEND_MS);
    expect(fake, "late-open=0.0/press!");
    ack.report_ack.number = fake->number;
    station_hear(fake->station, &ack, now_of(fake));
    station_agent_up(fake->station, now_of(fake));
    tick(fake, 9000);
    expect(fake, "");
}

static void an_outage(void **state)
{
    struct fake *fake = *state;
    hear_open(fake, 20, "a", 1, LANE_IN);
    hear_open(fake, 20, "a", 2, LANE_IN);
    link_to(fake, false);
    tick(fake, 20000); /* time stands still for those who wait */
    expect(fake, "FRESH:a 1:opened OPEN:a 2:opened");
    fake->sensed.counters[PASSAGE_INPUT]++;
    fake->sensed.counters[BUTTON_INPUT]++;
    fake->sensed.levels[TAMPER_INPUT] = true;
    link_to(fake, true);
    sense(fake, 20020);
    expect(fake, "passed=1! tamper=0.0!");
    sense(fake, 26000);
    expect(fake, "not-taken=2");
}

static void a_long_outage_ends_what_waits(void **state)
{
    struct fake *fake = *state;
    hear_open(fake, 20, "a", 1, LANE_IN);
    link_to(fake, false);
    tick(fake, 20 + STATION_OUTAGE_MS);
    expect(fake, "FRESH:a 1:opened not-taken=1!");
    fake->sensed.counters[PASSAGE_INPUT]++;
    link_to(fake, true);
    sense(fake, 40000);
    expect(fake, "forced=0.0!");
}

static void a_press_in_a_short_outage_is_answered(void **state)
{
    struct fake *fake = *state;
    link_to(fake, false);
    fake->sensed.counters[BUTTON_INPUT]++;
    link_to(fake, true);
    sense(fake, STATION_SHORT_OUTAGE_MS);
    expect(fake, "button");
    tick(fake, 5000);
    expect(fake, "FRESH:a late-open=0.0/press!");
    link_to(fake, false);
    fake->sensed.counters[BUTTON_INPUT]++;
    link_to(fake, true);
    sense(fake, 5000 + STATION_SHORT_OUTAGE_MS);
    expect(fake, "");
}

static void a_board_that_began_anew(void **state)
{
    struct fake *fake = *state;
    link_to(fake, false);
    memset(fake->sensed.counters, 0, sizeof(fake->sensed.counters));
    fake->sensed.counters[PASSAGE_INPUT] = 30000;
    fake->sensed.counters[BUTTON_INPUT] = 1;
    link_to(fake, true);
    sense(fake, 100);
    expect(fake, "button"); /* pressed since it began anew */
    assert_int_equal(station_counts(fake->station).restarts, 1);
    edge(fake, 120, PASSAGE_INPUT);
    expect(fake, "forced=0.0");
}

/* A broken sensor beside it is no reason to keep anybody. */
static void a_chattering_input_holds_no_button(void **state)
{
    struct fake *fake = *state;
    fake->sensed.counters[TAMPER_INPUT] += 500;
    sense(fake, 20);
    fake->sensed.counters[TAMPER_INPUT] += 500;
    fake->sensed.counters[BUTTON_INPUT]++;
    sense(fake, 40);
    expect(fake, "button");
    fake->sensed.counters[TAMPER_INPUT] += 500;
    edge(fake, 60, PASSAGE_INPUT);
    expect(fake, "forced=0.0");
}

static void a_finger_on_the_button_is_enough(void **state)
{
    struct fake *fake = *state;
    fake->sensed.levels[BUTTON_INPUT] = true; /* its counter is dead */
    sense(fake, 20);
    expect(fake, "button");
    tick(fake, 320);
    expect(fake, "FRESH:a late-open=0.0/press!");
    sense(fake, 700); /* still held: one press */
    fake->sensed.levels[BUTTON_INPUT] = false;
    sense(fake, 720);
    expect(fake, "");
    link_to(fake, false);
    link_to(fake, true);
    sense(fake, 20000);
    expect(fake, "not-taken=0.0/press!");
    fake->sensed.levels[BUTTON_INPUT] = true;
    link_to(fake, false);
    link_to(fake, true);
    sense(fake, 20500);
    expect(fake, "button");
}

static void without_counters_levels_count(void **state)
{
    struct fake *fake = *state;
    fake->sensed.has_counters = false;
    sense(fake, 10);
    fake->sensed.levels[PASSAGE_INPUT] = true;
    sense(fake, 20);
    sense(fake, 40);
    expect(fake, "forced=0.0");
    link_to(fake, false);
    link_to(fake, true);
    fake->sensed.levels[PASSAGE_INPUT] = false;
    sense(fake, 60);
    link_to(fake, false);
    fake->sensed.levels[PASSAGE_INPUT] = true; /* turned or not: nobody knows how often */
    fake->sensed.levels[BUTTON_INPUT] = true;
    link_to(fake, true);
    sense(fake, 61 + STATION_SHORT_OUTAGE_MS); /* pressed or not: nobody knows since when */
    expect(fake, "");
    fake->sensed.levels[BUTTON_INPUT] = false;
    sense(fake, 1200);
    link_to(fake, false);
    fake->sensed.levels[BUTTON_INPUT] = true;
    link_to(fake, true);
    sense(fake, 1600); /* in a short outage, as with counters */
    expect(fake, "button");
}

static void a_lane_that_keeps_its_name_keeps_its_grants(void **state)
{
    struct fake *fake = *state;
    struct helper_board setup = setup_row;
    struct fault fault;
    hear_open(fake, 20, "a", 1, LANE_IN);
    setup.lanes[0].pass_ms = 100;
    setup.lane_count = 1;
    assert_int_equal(station_configure(fake->station, &setup, &fault), ERR_OK);
    sense(fake, 40);
    edge(fake, 60, PASSAGE_INPUT);
    expect(fake, "FRESH:a 1:opened passed=1");
    assert_int_equal(station_find_lane(fake->station, (struct name){"b"}), -1);
    setup.lanes[0].held.number = STATION_INPUTS_MAX;
    assert_int_equal(station_configure(fake->station, &setup, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "lane a: an input is 64 or more");
}

static void too_many_reports(void **state)
{
    struct fake *fake = *state;
    fake->agent_there = false;
    for (int i = 0; i < HELPER_REPORTS_KEPT + 3; i++) {
        edge(fake, 20 + i * 20, PASSAGE_INPUT);
    }
    assert_int_equal(station_counts(fake->station).reports_lost, 3);
    fake->agent_there = true;
    station_agent_up(fake->station, now_of(fake));
    assert_int_equal(strlen(fake->told), (strlen("forced=0.0") + 1) * HELPER_REPORTS_KEPT - 1);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct helper_board bollard_row = {.transport = HELPER_TCP,
                                                .lane_count = 1,
                                                .lanes = {{.name = {"d"},
                                                           .direction = LANE_IN,
                                                           .open_ms = 500,
                                                           .pass_ms = 5000,
                                                           .passage = {true, PASSAGE_INPUT},
                                                           .actuator = ACTUATOR_BOLLARD,
                                                           .crush = {true, 4},
                                                           .manual = {true, 5}}}};

static struct fake *with_bollard(void **state)
{
    struct fake *fake = *state;
    assert_int_equal(station_configure(fake->station, &bollard_row, NULL), ERR_OK);
    sense(fake, 0);
    expect(fake, "manual-ended=0.0 blocked-ended=0.0");
    return fake;
}

static void
a_bollard_is_kept_down_while_a_grant_waits_and_while_something_stands_there(void **state)
{
    struct fake *fake = with_bollard(state);
    hear_open(fake, 20, "d", 1, LANE_IN);
    expect(fake, "OPEN:d 1:opened"); /* never fresh: that would let it rise for a moment */
    sense(fake, 40);
    expect(fake, "KEEP:d");
    fake->sensed.levels[4] = true;
    edge(fake, 60, PASSAGE_INPUT); /* the front axle is through */
    expect(fake, "passed=1 KEEP:d");
    sense(fake, 59000);
    expect(fake, "KEEP:d");
    sense(fake, 60060);
    expect(fake, "blocked=0.0 KEEP:d");
    fake->sensed.levels[4] = false;
    sense(fake, 60080);
    expect(fake, "blocked-ended=0.0");
    fake->sensed.counters[4]++; /* an axle between two looks */
    sense(fake, 60100);
    expect(fake, "KEEP:d");
    sense(fake, 60120);
    expect(fake, "");
}

static void what_stands_at_a_shut_bollard_opens_nothing(void **state)
{
    struct fake *fake = with_bollard(state);
    fake->sensed.levels[4] = true;
    sense(fake, 40);
    expect(fake, "KEEP:d"); /* no word to the board: what is shut stays shut */
}

static void a_pulled_release_is_told_and_whoever_passes_then_forces_nothing(void **state)
{
    struct fake *fake = with_bollard(state);
    fake->sensed.levels[5] = true;
    edge(fake, 40, PASSAGE_INPUT);
    expect(fake, "manual=0.0 by-hand=0.0");
    hear_open(fake, 60, "d", 1, LANE_IN);
    edge(fake, 80, PASSAGE_INPUT);
    expect(fake, "OPEN:d 1:opened passed=1");
    fake->sensed.levels[5] = false;
    sense(fake, 100);
    expect(fake, "manual-ended=0.0");
    edge(fake, 9000, PASSAGE_INPUT);
    expect(fake, "forced=0.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_passage),
        STAGED(a_bollard_is_kept_down_while_a_grant_waits_and_while_something_stands_there),
        STAGED(what_stands_at_a_shut_bollard_opens_nothing),
        STAGED(a_pulled_release_is_told_and_whoever_passes_then_forces_nothing),
        STAGED(what_opens_nothing),
        STAGED(a_write_without_an_answer_may_have_opened),
        STAGED(four_who_wait),
        STAGED(a_button),
        STAGED(a_button_that_nobody_answers),
        STAGED(reports_wait_for_the_agent),
        STAGED(an_outage),
        STAGED(a_long_outage_ends_what_waits),
        STAGED(a_press_in_a_short_outage_is_answered),
        STAGED(a_chattering_input_holds_no_button),
        STAGED(a_finger_on_the_button_is_enough),
        STAGED(a_board_that_began_anew),
        STAGED(without_counters_levels_count),
        STAGED(a_lane_that_keeps_its_name_keeps_its_grants),
        STAGED(too_many_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
