/* Goal: what one end packs the other reads, and nothing malformed gets through. Method: one full
 * message of each kind there and back; every truncation, one byte more, each range overstepped. */
#include "schema/helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define LANE                                                                                       \
    {                                                                                              \
        "south-1.in"                                                                               \
    }

static const struct helper_lane lane_row = {
    .name = {"a-name-of-thirty-one-characters"},
    .direction = LANE_BOTH,
    .open_coil = 7,
    .open_ms = 5000,
    .pass_ms = 8000,
    .passage = { true,                                0},
    .tamper = { true,                                1},
    .button = { true,                                2},
    .held = { false,                                0},
    .display = { true,                                3},
};

static const struct helper_message messages[] = {
    {.kind = HELPER_SAYS_HELLO,   .hello = {HELPER_BOARD, {"board-1"}, 4711}},
    {.kind = HELPER_SAYS_WELCOME},
    {.kind = HELPER_SAYS_HEARTBEAT                          },
    {.kind = HELPER_SAYS_STATE,                           .state = {DEVICE_DOWN, "no answer"}                                          },
    {.kind = HELPER_SAYS_READ,                           .read = {9, {1700000000000000}, {0x08, 1, 2, 3}, 4, true}                  },
    {.kind = HELPER_SAYS_READ,
     .read = {10, {1700000000000000}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10, false}   },
    {.kind = HELPER_SAYS_OPEN,                           .open = {LANE, {3, 77}, {123456789}, LANE_OUT}                           },
    {.kind = HELPER_SAYS_OPEN_RESULT,                           .open_result = {LANE, {3, 77}, OPEN_SILENT}                                          },
    {.kind = HELPER_SAYS_BUTTON,                           .button = {LANE, 1700000000000001, {1700000000000001}}           },
    {.kind = HELPER_SAYS_BUTTON_ANSWER,                           .button_answer = {LANE, 1700000000000001, {3, 78}} },
    {.kind = HELPER_SAYS_REPORT,
     .report = {5,
                REPORT_PASSAGE,
                LANE,
                {1700000000000002},
                true,
                true,
                PASSAGE_TAILGATED,
                LANE_IN,
                {3, 77},
                9,
                FIRE_ON}},
    {.kind = HELPER_SAYS_REPORT_ACK,                           .report_ack = {UINT64_MAX}                                          },
    {.kind = HELPER_SAYS_INDICATE,
     .indicate = {LANE, COLOUR_RED, SOUND_DOUBLE, "请到保安处", "Please see the guard", 3000}              },
    {.kind = HELPER_SAYS_TERMINAL,
     .terminal = {"https://10.0.0.9:443", "gate", "secret", "/etc/parkgate/terminals.pem"}},
    {.kind = HELPER_SAYS_SETTINGS,                           .settings = {true, true, false}                           },
    {.kind = HELPER_SAYS_CHECK,                           .check = {LANE, {3, 77}, UINT64_MAX, true, {123456789}}                                          },
    {.kind = HELPER_SAYS_SUBJECT,                           .subject = {12, SUBJECT_DELETE, "E1001", {1700000000000000}}                 },
    {.kind = HELPER_SAYS_SUBJECT_RESULT,
     .subject_result = {12, SUBJECT_FAILED, "employeeNoAlreadyExist"}},
    {.kind = HELPER_SAYS_CARDS,                           .cards = {true, {0x30, 0x42, 0xf5}, 1, true, 2, 150}                  },
    {.kind = HELPER_SAYS_KEY_WANTED,
     .key_wanted = {7, HELPER_KEY_OF_CARD, {4, 1, 2, 3, 4, 5, 6}, 7}                                            },
    {.kind = HELPER_SAYS_KEY_WANTED,                           .key_wanted = {8, HELPER_KEY_OF_UIDS, {0}, 0}                     },
    {.kind = HELPER_SAYS_KEY,
     .key = {7, true, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
    {.kind = HELPER_SAYS_PROVED,
     .proved = {{9, {1700000000000000}, {4, 1, 2, 3, 4, 5, 6}, 7, false}, CARD_PROOF_SLOW, 512}                         },
    {.kind = HELPER_SAYS_WATCH},
    {.kind = HELPER_SAYS_LEVELS, .levels = {UINT64_C(1) << 63, UINT64_MAX, true, {1, 65535}}},
    {.kind = HELPER_SAYS_REPORT,
     .report = {.number = 6, .kind = REPORT_FIRE, .lane = LANE, .on = true, .fire = FIRE_UNREACHED}},
    {.kind = HELPER_SAYS_RELEASE,
     .release = {UINT64_MAX, EMERGENCY_EVACUATION, true, true, 2, {LANE, {"north-out"}}}},
};

/* The largest message there can be. */
static struct helper_message full_board(void)
{
    struct helper_message m;
    memset(&m, 0, sizeof(m));
    m.kind = HELPER_SAYS_BOARD;
    m.board = (struct helper_board){.transport = HELPER_RTU,
                                    .unit = 247,
                                    .baud = 115200,
                                    .poll_ms = 20,
                                    .has_flash = true,
                                    .has_displays = true,
                                    .flash_base = 0x100,
                                    .counter_base = 0x200,
                                    .display_base = 0x300,
                                    .lane_count = HELPER_LANES_PER_BOARD};
    memset(m.board.address, 'x', sizeof(m.board.address) - 1);
    for (size_t i = 0; i < HELPER_LANES_PER_BOARD; i++) {
        m.board.lanes[i] = lane_row;
    }
    return m;
}

static void check_one(const struct helper_message *m)
{
    uint8_t frame[HELPER_FRAME_BYTES + 1] = {0};
    uint8_t again[HELPER_FRAME_BYTES];
    struct fault fault;
    struct helper_message back;
    size_t size = helper_pack(m, frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, &fault), ERR_OK);
    assert_int_equal(back.kind, m->kind);
    assert_int_equal(helper_pack(&back, again), size);
    assert_memory_equal(frame, again, size);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(helper_unpack((struct bytes){frame, cut}, &back, &fault), ERR_CORRUPT);
    }
    assert_int_equal(helper_unpack((struct bytes){frame, size + 1}, &back, &fault), ERR_CORRUPT);
}

static void every_kind_there_and_back(void **state)
{
    (void)state;
    bool seen[HELPER_SAYS_RELEASE + 1] = {false};
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        check_one(&messages[i]);
        seen[messages[i].kind] = true;
    }
    struct helper_message board = full_board();
    check_one(&board);
    seen[HELPER_SAYS_BOARD] = true;
    board.kind = HELPER_SAYS_GUARDED_BOARD;
    check_one(&board);
    seen[HELPER_SAYS_GUARDED_BOARD] = true;
    board.kind = HELPER_SAYS_FIRE_BOARD;
    board.board.fire = (struct helper_number){true, 30};
    board.board.fire_broadcast = true;
    board.board.bus_boards = 3;
    check_one(&board);
    seen[HELPER_SAYS_FIRE_BOARD] = true;
    for (size_t kind = HELPER_SAYS_HELLO; kind < ARRAY_LEN(seen); kind++) {
        assert_true(seen[kind]);
    }
}

static void fields_arrive_in_their_places(void **state)
{
    (void)state;
    uint8_t frame[HELPER_FRAME_BYTES];
    struct helper_message back;
    struct helper_message board = full_board();
    size_t size = helper_pack(&board, frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, NULL), ERR_OK);
    assert_string_equal(back.board.address, board.board.address);
    assert_true(back.board.has_flash);
    assert_false(back.board.has_counters);
    assert_int_equal(back.board.counter_base, 0x200);
    const struct helper_lane *lane = &back.board.lanes[HELPER_LANES_PER_BOARD - 1];
    assert_string_equal(lane->name.text, lane_row.name.text);
    assert_int_equal(lane->open_coil, 7);
    assert_int_equal(lane->pass_ms, 8000);
    assert_true(lane->tamper.present);
    assert_int_equal(lane->tamper.number, 1);
    assert_false(lane->held.present);

    size = helper_pack(&messages[10], frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, NULL), ERR_OK);
    assert_int_equal(back.report.passage, PASSAGE_TAILGATED);
    assert_int_equal(back.report.grant.sequence, 77);
    assert_int_equal(back.report.press, 9);
    assert_true(back.report.late);

    size = helper_pack(&messages[22], frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, NULL), ERR_OK);
    assert_int_equal(back.proved.proof, CARD_PROOF_SLOW);
    assert_int_equal(back.proved.exchange_ms, 512);
    assert_int_equal(back.proved.read.uid_size, 7);
}

static void a_board_that_hears_fire_is_another_message(void **state)
{
    (void)state;
    uint8_t frame[HELPER_FRAME_BYTES];
    struct helper_message back;
    struct helper_message board = full_board();
    const struct helper_board plain = board.board;
    board.board.fire = (struct helper_number){true, 30};
    board.board.reset = (struct helper_number){true, 31};
    board.board.fire_closes = true;
    assert_false(helper_board_equal(&plain, &board.board));
    board.kind = helper_board_kind(&board.board);
    assert_int_equal(board.kind, HELPER_SAYS_FIRE_BOARD);
    assert_true(helper_says_board(&board));
    size_t size = helper_pack(&board, frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, NULL), ERR_OK);
    assert_int_equal(back.board.fire.number, 30);
    assert_int_equal(back.board.reset.number, 31);
    assert_true(back.board.fire_closes);
    assert_false(back.board.fire_broadcast);
}

/* Helpers of an earlier agent skip what they do not know, so a plain board is said as before. */
static void a_board_with_a_guard_is_another_message(void **state)
{
    (void)state;
    uint8_t frame[HELPER_FRAME_BYTES];
    struct helper_message back;
    struct helper_message board = full_board();
    const struct helper_board plain = board.board;
    assert_int_equal(helper_board_kind(&plain), HELPER_SAYS_BOARD);
    struct helper_lane *dock = &board.board.lanes[3];
    dock->crush = (struct helper_number){true, 9};
    assert_int_equal(helper_board_kind(&board.board), HELPER_SAYS_GUARDED_BOARD);
    dock->actuator = ACTUATOR_BOLLARD;
    dock->manual = (struct helper_number){true, 10};
    board.kind = helper_board_kind(&board.board);
    assert_true(helper_says_board(&board));
    assert_false(helper_board_equal(&plain, &board.board));
    size_t size = helper_pack(&board, frame);
    assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, NULL), ERR_OK);
    assert_int_equal(back.board.lanes[3].actuator, ACTUATOR_BOLLARD);
    assert_int_equal(back.board.lanes[3].crush.number, 9);
    assert_int_equal(back.board.lanes[3].manual.number, 10);
    assert_false(back.board.lanes[2].crush.present);
    assert_true(helper_board_equal(&board.board, &back.board));
}

/* One byte of a good frame overwritten with a value out of its range. */
struct spoilt {
    size_t message;
    size_t at;
    uint8_t value;
    enum err expected;
};

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct spoilt rows[] = {
        {0,  0,  2,         ERR_UNSUPPORTED}, /* version */
        {0,  1,  0,         ERR_UNSUPPORTED}, /* kind */
        {0,  1,  28,        ERR_UNSUPPORTED}, /* kind */
        {0,  2,  0,         ERR_CORRUPT    }, /* program */
        {0,  2,  4,         ERR_CORRUPT    },
        {0,  5,  'B',       ERR_CORRUPT    }, /* a name's letter */
        {3,  2,  0,         ERR_CORRUPT    }, /* device state */
        {3,  2,  4,         ERR_CORRUPT    },
        {4,  18, 2,         ERR_CORRUPT    }, /* flag */
        {4,  20, 5,         ERR_CORRUPT    }, /* uid length */
        {12, 14, 4,         ERR_CORRUPT    }, /* colour */
        {12, 15, 4,         ERR_CORRUPT    }, /* sound */
        {7,  26, 0,         ERR_CORRUPT    }, /* result */
        {7,  26, OPEN_LOST, ERR_CORRUPT    }, /* never sent */
        {18, 2,  2,         ERR_CORRUPT    }, /* flag */
        {18, 6,  14,        ERR_CORRUPT    }, /* key number */
        {19, 10, 0,         ERR_CORRUPT    }, /* which key */
        {19, 12, 6,         ERR_CORRUPT    }, /* uid length */
        {21, 10, 2,         ERR_CORRUPT    }, /* found */
        {22, 28, 5,         ERR_CORRUPT    }, /* proof */
        {7,  26, 11,        ERR_CORRUPT    }, /* result */
        {26, 10, 3,         ERR_CORRUPT    }, /* emergency state */
        {26, 13, 17,        ERR_CORRUPT    }, /* lanes */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t frame[HELPER_FRAME_BYTES];
        struct helper_message back = {.kind = HELPER_SAYS_WELCOME};
        size_t size = helper_pack(&messages[rows[i].message], frame);
        assert_true(rows[i].at < size);
        frame[rows[i].at] = rows[i].value;
        struct fault fault;
        assert_int_equal(helper_unpack((struct bytes){frame, size}, &back, &fault),
                         rows[i].expected);
        assert_int_equal(back.kind, HELPER_SAYS_WELCOME);
    }
}

static void results_have_names(void **state)
{
    (void)state;
    assert_string_equal(helper_open_result_name(OPEN_DONE), "opened");
    assert_string_equal(helper_open_result_name(OPEN_LOST), "helper-lost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_there_and_back),
        cmocka_unit_test(a_board_with_a_guard_is_another_message),
        cmocka_unit_test(a_board_that_hears_fire_is_another_message),
        cmocka_unit_test(fields_arrive_in_their_places),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(results_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
