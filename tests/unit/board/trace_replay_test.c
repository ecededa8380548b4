/* Goal: what `parkgate device test --record` wrote at a board can be played again. Method: a kept
 * trace of the emulated board (one opening, its passage, a forced turn, an exit button that nobody
 * answered); its levels go through the station, whose reports must be those that stand in it. */
#include "reader-agent/board/station.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define TRACE PARKGATE_SOURCE_DIR "/tests/data/device-trace/board.jsonl"

enum { LINE_SIZE = 8192, REPORTS_MOST = 16 };

struct reports {
    size_t count;
    struct helper_report list[REPORTS_MOST];
};

struct replay {
    struct station *station;
    struct reports recorded, made;
    size_t openings, buttons, looks;
};

static void keep(struct reports *reports, const struct helper_report *report)
{
    assert_true(reports->count < REPORTS_MOST);
    reports->list[reports->count++] = *report;
}

static enum err open_lane(void *ctx, const struct helper_lane *lane, bool fresh)
{
    (void)lane;
    (void)fresh;
    ((struct replay *)ctx)->openings++;
    return ERR_OK;
}

static void keep_open(void *ctx, const struct helper_lane *lane)
{
    (void)ctx;
    (void)lane;
}

static bool say(void *ctx, const struct helper_message *message)
{
    struct replay *replay = ctx;
    if (message->kind == HELPER_SAYS_REPORT) {
        const struct helper_message ack = {.kind = HELPER_SAYS_REPORT_ACK,
                                           .report_ack = {.number = message->report.number}};
        keep(&replay->made, &message->report);
        station_hear(replay->station, &ack, (struct station_now){.mono = {.us = 0}});
    }
    replay->buttons += message->kind == HELPER_SAYS_BUTTON;
    return true;
}

static void look(struct replay *replay, const struct helper_levels *levels, struct station_now now)
{
    struct sensed sensed = {.has_counters = levels->has_counters};
    for (size_t i = 0; i < HELPER_LEVELS; i++) {
        sensed.levels[i] = (levels->levels >> i & 1) != 0;
        sensed.counters[i] = levels->edges[i];
    }
    station_sense(replay->station, &sensed, now);
    replay->looks++;
}

/* The opening whose result this is. */
static void open_again(struct replay *replay, const struct helper_open_result *result,
                       struct station_now now)
{
    const struct helper_message open = {
        .kind = HELPER_SAYS_OPEN,
        .open = {.lane = result->lane,
                 .grant = result->grant,
                 .expires = mono_after_ms(now.mono, 2000),
                 .direction = LANE_BOTH}
    };
    station_hear(replay->station, &open, now);
}

static void play(struct replay *replay, const struct helper_message *message,
                 struct station_now now)
{
    station_tick(replay->station, now);
    if (helper_says_board(message)) {
        assert_int_equal(station_configure(replay->station, &message->board, NULL), ERR_OK);
        station_link(replay->station, true, now);
    } else if (message->kind == HELPER_SAYS_LEVELS) {
        look(replay, &message->levels, now);
    } else if (message->kind == HELPER_SAYS_OPEN_RESULT) {
        open_again(replay, &message->open_result, now);
    } else if (message->kind == HELPER_SAYS_REPORT) {
        keep(&replay->recorded, &message->report);
    }
}

static bool unpack_line(const char *line, struct helper_message *message, struct station_now *now)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    const char *hex = strstr(line, "\"frame\":\"");
    long long ms = 0;
    if (hex == NULL || sscanf(line, "{\"ms\":%lld", &ms) != 1) {
        return false;
    }
    hex += strlen("\"frame\":\"");
    size_t size = strcspn(hex, "\"") / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        frame[i] = (uint8_t)byte;
    }
    *now = (struct station_now){.mono = {.us = 1000000 + ms * 1000},
                                .wall = {.us = 1700000000000000 + ms * 1000}};
    return helper_unpack((struct bytes){frame, size}, message, NULL) == ERR_OK;
}

static void a_recorded_board_gives_the_same_reports(void **state)
{
    struct replay replay = {.openings = 0};
    struct helper_message message = {.kind = HELPER_SAYS_HELLO};
    struct station_now now = {.mono = {.us = 0}};
    char line[LINE_SIZE];
    (void)state;
    replay.station = station_create((struct station_ops){
        .open = open_lane, .keep_open = keep_open, .say = say, .ctx = &replay});
    FILE *file = fopen(TRACE, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_true(unpack_line(line, &message, &now));
        play(&replay, &message, now);
    }
    (void)fclose(file);
    assert_true(replay.looks >= 4);
    assert_int_equal(replay.openings, 2); /* the ordered one, and the exit button's */
    assert_int_equal(replay.buttons, 1);
    assert_int_equal(replay.recorded.count, 3);
    assert_int_equal(replay.made.count, replay.recorded.count);
    for (size_t i = 0; i < replay.made.count; i++) {
        const struct helper_report *made = &replay.made.list[i];
        const struct helper_report *recorded = &replay.recorded.list[i];
        assert_int_equal(made->kind, recorded->kind);
        assert_int_equal(made->passage, recorded->passage);
        assert_true(name_equal(made->lane, recorded->lane));
        assert_true(grant_id_equal(made->grant, recorded->grant));
    }
    station_destroy(&replay.station);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_board_gives_the_same_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
