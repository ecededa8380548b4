/* Goal: a park file with an exit that fire could not open in time is refused with its exact text in
 * both languages, and what can is allowed. Method: one change after another to a good park, each
 * judged by park_check(). */
#include "tests/unit/controller/harness.h"

#include "common/park/park.h"

static struct park base;
static struct park bent;

static struct name named(const char *text)
{
    struct name name = {{0}};
    MUST(name_from_text(text, &name));
    return name;
}

static struct park_board *board_of(const char *name)
{
    return (struct park_board *)(uintptr_t)park_board(&bent, named(name));
}

static struct park_lane *lane_of(const char *name)
{
    return (struct park_lane *)(uintptr_t)park_lane(&bent, named(name));
}

/* board-a and `count` - 1 copies of it at one gate and on one serial line, each with an exit. */
static void serial_bus(size_t count, uint32_t baud)
{
    struct park_board *first = board_of("board-a");
    first->rtu = true;
    first->baud = baud;
    first->unit = 1;
    (void)snprintf(first->address, sizeof(first->address), "/dev/ttyS1");
    for (size_t i = 1; i < count; i++) {
        struct park_board *board = &bent.boards[bent.board_count++];
        struct park_lane *lane = &bent.lanes[bent.lane_count++];
        *board = *board_of("board-a");
        board->unit = (uint32_t)i + 1;
        board->fire = (struct park_point){0};
        (void)snprintf(board->name.text, NAME_SIZE, "board-a%zu", i);
        *lane = *lane_of("a-out");
        lane->board = board->name;
        (void)snprintf(lane->name.text, NAME_SIZE, "a-out%zu", i);
    }
    park_finish(&bent);
}

static void no_fire_input(void)
{
    board_of("board-a")->fire = (struct park_point){0};
}

static void fire_on_a_button(void)
{
    board_of("board-a")->fire.number = lane_of("a-out")->passage.number;
}

static void reset_on_the_loop(void)
{
    board_of("board-a")->reset = board_of("board-a")->fire;
}

static void fire_beyond_the_inputs(void)
{
    board_of("board-a")->fire.number = 64;
}

static void closes_without_input(void)
{
    /* board-b drives no exit any more, so that it needs no fire input */
    lane_of("b-out")->board = (struct name){{0}};
    board_of("board-b")->fire = (struct park_point){0};
    board_of("board-b")->fire_closes = true;
}

static void broadcast_on_tcp(void)
{
    board_of("board-a")->fire_broadcast = true;
}

static void broadcast_opens_an_entry(void)
{
    serial_bus(2, 19200);
    lane_of("a-out1")->open_coil = lane_of("a-hall")->open_coil;
    board_of("board-a")->fire_broadcast = true;
}

static void two_units_alike(void)
{
    serial_bus(2, 19200);
    board_of("board-a1")->unit = 1;
}

static void two_speeds(void)
{
    serial_bus(2, 19200);
    board_of("board-a1")->baud = 9600;
}

static void too_slow_a_line(void)
{
    serial_bus(1, 2400);
}

static void no_speed(void)
{
    serial_bus(1, 300);
}

static void too_many_boards_for_a_second(void)
{
    serial_bus(14, 9600);
}

static void polled_too_seldom(void)
{
    board_of("board-a")->has_counters = true;
    board_of("board-a")->poll_ms = 1000;
}

static void too_many_boards(void)
{
    serial_bus(17, 115200);
}

static const struct refusal {
    void (*bend)(void);
    enum error_number number;
    const char *en;
    const char *zh; /* NULL: its words are those of other refusals */
} refusals[] = {
    {no_fire_input, ERROR_PARK_NO_FIRE_INPUT,
     "board board-a: it drives an exit, and no board on its bus has a fire input; wire the fire "
     "panel's loop to one and give fire_input",
     "控制板 board-a：它驱动出口，但其总线上没有控制板接入消防输入；请把消防联动回路接到其中一块板并给出 "
     "fire_input"},
    {polled_too_seldom, ERROR_PARK_FIRE_SLOW,
     "board board-a: in a fire its bus could take 1700 ms to open every exit, over 1000; raise "
     "baud, lower poll_ms, put exits on neighbouring coils, or divide the bus",
     "控制板 board-a：发生火灾时其总线打开全部出口最坏需要 1700 毫秒，超过 1000；请提高波特率、缩短 "
     "poll_ms、把出口接在相邻线圈上，或拆分总线"},
    {broadcast_opens_an_entry, ERROR_PARK_FIRE_BROADCAST,
     "board board-a: fire_broadcast would open entry a-hall too, since an exit on this bus has "
     "coil 2 as well; move one of them or remove fire_broadcast",
     "控制板 board-a：fire_broadcast 也会打开入口 a-hall，因为同一总线上有出口同样使用线圈 "
     "2；请改接其中之一或去掉 fire_broadcast"},
    {fire_on_a_button, ERROR_PARK_VALUE,
     "board board-a: fire_input: a lane uses this input; the fire loop needs its own", NULL},
    {reset_on_the_loop, ERROR_PARK_VALUE,
     "board board-a: reset_input: it is the fire input; give it one of its own", NULL},
    {fire_beyond_the_inputs, ERROR_PARK_VALUE, "board board-a: fire_input: give 0 to 63", NULL},
    {closes_without_input, ERROR_PARK_VALUE,
     "board board-b: fire_closes: the board has no fire input; give fire_input", NULL},
    {broadcast_on_tcp, ERROR_PARK_VALUE,
     "board board-a: fire_broadcast: only boards on a serial line (transport: rtu) hear a "
     "broadcast",
     NULL},
    {two_units_alike, ERROR_PARK_VALUE,
     "board board-a: unit: another board on this bus has it; give each its own", NULL},
    {two_speeds, ERROR_PARK_VALUE,
     "board board-a: baud: boards on one serial line need the same", NULL},
    {too_slow_a_line, ERROR_PARK_VALUE,
     "board board-a: baud: too slow to open exits in a fire: its boards cannot answer within 50 "
     "ms; give 4800 or more",
     NULL},
    {no_speed, ERROR_PARK_VALUE, "board board-a: baud: give 1200 to 921600", NULL},
    {too_many_boards, ERROR_PARK_VALUE,
     "board board-a: address: more than 16 boards on one bus", NULL},
    {too_many_boards_for_a_second, ERROR_PARK_FIRE_SLOW, NULL, NULL},
};

static void an_exit_that_fire_cannot_open_is_refused(void **state)
{
    struct world *w = *state;
    base = *w->ctl->park;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct complaint got = {0};
        char text[512];
        bent = base;
        refusals[i].bend();
        park_finish(&bent);
        assert_false(park_check(&bent, &got));
        error_sentence_en(&got, text, sizeof(text));
        if (refusals[i].en != NULL) {
            assert_string_equal(text, refusals[i].en);
        }
        assert_int_equal(got.number, refusals[i].number);
        error_sentence_zh(&got, text, sizeof(text));
        if (refusals[i].zh != NULL) {
            assert_string_equal(text, refusals[i].zh);
        }
        assert_int_equal(error_exit(got.number), EXIT_BAD_FILE);
    }
    print_message("%zu refusals\n", ARRAY_LEN(refusals));
}

static void what_opens_in_time_is_allowed_and_shown(void **state)
{
    const struct world *w = *state;
    struct complaint c = {0};
    char text[PARK_ROW_TEXT_SIZE];
    base = *w->ctl->park;
    bent = base;
    serial_bus(4, 19200);
    board_of("board-a")->reset = (struct park_point){.given = true, .number = 62};
    assert_true(park_check(&bent, &c));
    park_row_text(&bent, PARK_BOARD, "board-a1", text);
    assert_non_null(strstr(text, ", exits open in a fire within "));
    park_row_text(&bent, PARK_BOARD, "board-a", text);
    assert_non_null(strstr(text, ", fire input 63, exits open in a fire within "));
    lane_of("a-out")->board = (struct name){{0}};
    park_row_text(&bent, PARK_LANE, "a-out", text);
    assert_non_null(strstr(text, ", not opened in a fire by software: wire its door to the loop"));
    bent = base;
    board_of("board-a")->fire_closes = true;
    assert_true(park_check(&bent, &c));
    bent = base;
    serial_bus(2, 19200);
    board_of("board-a")->fire_broadcast = true; /* no entry has the coils of the exits */
    lane_of("a-out1")->open_coil = 9;
    assert_true(park_check(&bent, &c));
    bent = base;
    lane_of("b-out")->direction = LANE_IN;
    board_of("board-b")->fire = (struct park_point){0}; /* it opens entries only */
    assert_true(park_check(&bent, &c));
    assert_int_equal(park_fire_worst_ms(&bent, board_of("board-b")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_exit_that_fire_cannot_open_is_refused),
        WORLD_TEST(what_opens_in_time_is_allowed_and_shown),
    };
    return cmocka_run_group_tests_name("park_fire", tests, NULL, NULL);
}
