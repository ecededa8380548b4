/* Goal: a park file that makes no sense is refused with its number and its place, changes nothing,
 * and a good one is valid in one step. Method: one change after another to a good park, each judged
 * by park_check() and, where rows can say it, by a whole controller that is asked to stage and
 * commit. */
#include "tests/unit/controller/harness.h"

#include "common/park/park.h"

/* --- park_check, rule by rule --- */

static struct park base; /* the harness's park, good */
static struct park bent;

static struct name named(const char *text)
{
    struct name name = {{0}};
    if (text[0] != '\0') {
        MUST(name_from_text(text, &name));
    }
    return name;
}

static struct park_lane *lane_of(const char *name)
{
    return (struct park_lane *)(uintptr_t)park_lane(&bent, named(name));
}

static struct park_zone *zone_of(const char *name)
{
    return (struct park_zone *)(uintptr_t)park_zone(&bent, named(name));
}

static struct park_reader *reader_of_name(const char *name)
{
    return (struct park_reader *)(uintptr_t)park_reader(&bent, named(name));
}

static struct park_board *board_of(const char *name)
{
    return (struct park_board *)(uintptr_t)park_board(&bent, named(name));
}

static struct park_tenant *tenant_of(const char *name)
{
    return (struct park_tenant *)(uintptr_t)park_tenant(&bent, named(name));
}

static void zone_twice(void)
{
    bent.zones[bent.zone_count++] = *zone_of("hall");
}

static void gate_twice(void)
{
    bent.gates[bent.gate_count] = bent.gates[0];
    bent.gate_count++;
}

static void lane_twice(void)
{
    bent.lanes[bent.lane_count++] = *lane_of("a-in");
}

static void reader_twice(void)
{
    bent.readers[bent.reader_count++] = *reader_of_name("a-in-reader");
}

static void board_twice(void)
{
    bent.boards[bent.board_count++] = *board_of("board-a");
}

static void tenant_twice(void)
{
    bent.tenants[bent.tenant_count++] = *tenant_of("acme");
}

static void shift_twice(void)
{
    bent.shifts[bent.shift_count] = bent.shifts[0];
    bent.shift_count++;
}

static void schedule_twice(void)
{
    bent.schedules[bent.schedule_count] = bent.schedules[0];
    bent.schedule_count++;
}

static void empty_window(void)
{
    struct week_window *window = &bent.schedules[0].weekly.windows[0];
    window->hours.end_minute = window->hours.start_minute;
}

static void holiday_without_schedule(void)
{
    bent.holiday_schedules[0] = named("half-day");
}

static void shift_out_of_the_day(void)
{
    bent.shifts[0].start_minute = 1440;
}

static void shift_with_a_long_margin(void)
{
    bent.shifts[1].early_minutes = 721;
}

static void zone_without_schedule(void)
{
    zone_of("yard")->schedule = named("never");
}

static void zone_without_parent(void)
{
    zone_of("hall")->parent = named("attic");
}

static void zones_in_each_other(void)
{
    zone_of("yard")->parent = named("hall");
}

static void zone_in_itself(void)
{
    zone_of("yard")->parent = named("yard");
}

static void zones_too_deep(void)
{
    for (int i = 0; i < PARK_ZONE_DEPTH_MAX; i++) {
        struct park_zone zone = {.parent =
                                     i == 0 ? named("") : bent.zones[bent.zone_count - 1].name};
        (void)snprintf(zone.name.text, NAME_SIZE, "z%d", i);
        bent.zones[bent.zone_count++] = zone;
    }
    bent.zones[bent.zone_count] =
        (struct park_zone){.name = named("z8"), .parent = bent.zones[bent.zone_count - 1].name};
    bent.zone_count++;
}

static void board_without_gate(void)
{
    board_of("board-b")->gate = named("gate-c");
}

static void set_address(const char *address)
{
    (void)snprintf(board_of("board-a")->address, sizeof(board_of("board-a")->address), "%s",
                   address);
}

static void board_at_a_name(void)
{
    set_address("north.example:502");
}

static void board_without_port(void)
{
    set_address("10.0.0.7");
}

static void board_at_a_false_number(void)
{
    set_address("10.0.0.256:502");
}

static void board_at_port_zero(void)
{
    set_address("10.0.0.7:0");
}

static void board_on_a_line_without_path(void)
{
    set_address("ttyS1");
    board_of("board-a")->rtu = true;
}

static void board_polled_too_seldom(void)
{
    board_of("board-a")->poll_ms = 1001;
}

static void board_polled_too_often(void)
{
    board_of("board-a")->poll_ms = 4;
}

static void board_misses_pulses(void)
{
    board_of("board-a")->poll_ms = 100;
}

static void lane_without_gate(void)
{
    lane_of("a-in")->gate = named("gate-c");
}

static void lane_without_zone(void)
{
    lane_of("a-in")->zone = named("attic");
}

static void lane_without_outer_zone(void)
{
    lane_of("a-hall")->outer_zone = named("attic");
}

static void lane_without_direction(void)
{
    lane_of("a-in")->direction = LANE_NO_DIRECTION;
}

static void locked_exit(void)
{
    lane_of("a-out")->mode = LANE_MODE_LOCKED;
}

static void locked_lane_of_both(void)
{
    lane_of("a-both")->mode = LANE_MODE_LOCKED;
}

static void lane_without_board(void)
{
    lane_of("a-in")->board = named("board-c");
}

static void lane_on_a_foreign_board(void)
{
    lane_of("a-in")->board = named("board-b");
}

static void lane_opens_not_at_all(void)
{
    lane_of("a-in")->open_ms = 0;
}

static void lane_opens_in_odd_steps(void)
{
    lane_of("a-in")->open_ms = 150;
}

static void lane_opens_too_long(void)
{
    lane_of("a-in")->open_ms = 60100;
}

static void reader_without_lane(void)
{
    reader_of_name("a-in-reader")->lane = named("a-on");
}

static void terminal_without_serial_number(void)
{
    reader_of_name("a-in-reader")->driver = DRIVER_ZKTECO_ACC;
}

static void reader_without_direction(void)
{
    reader_of_name("a-both-exit")->direction = LANE_NO_DIRECTION;
}

static void tenant_without_zone(void)
{
    tenant_of("acme")->zones[1] = named("attic");
}

static void tenant_without_schedule(void)
{
    tenant_of("beta")->schedule = named("never");
}

static void two_lanes_on_a_coil(void)
{
    lane_of("a-out")->open_coil = lane_of("a-in")->open_coil;
}

static void two_lanes_on_an_input(void)
{
    lane_of("a-out")->button = (struct park_point){.given = true, .number = 2};
}

struct refusal {
    const char *what;
    void (*bend)(void);
    uint32_t error;
    const char *args[ERROR_ARGS]; /* NULL: not looked at */
};

static struct park_lane *bollard_of(const char *name)
{
    struct park_lane *lane = lane_of(name);
    lane->actuator = ACTUATOR_BOLLARD;
    lane->crush = (struct park_point){.given = true, .number = 40};
    lane->manual = (struct park_point){.given = true, .number = 41};
    return lane;
}

static void bollard_for_persons(void)
{
    (void)bollard_of("a-in");
}

static void bollard_without_crush_input(void)
{
    bollard_of("a-truck")->crush.given = false;
}

static void bollard_without_manual_input(void)
{
    bollard_of("a-truck")->manual.given = false;
}

static void bollard_without_board(void)
{
    bollard_of("a-truck")->board = named("");
}

static void turnstile_with_a_guard(void)
{
    bollard_of("a-truck")->actuator = ACTUATOR_TURNSTILE;
}

static void guard_on_a_used_input(void)
{
    bollard_of("a-truck")->manual.number = lane_of("a-in")->passage.number;
}

#define REFUSAL(bend, ...)                                                                         \
    {                                                                                              \
#bend, bend, __VA_ARGS__                                                                   \
    }

static const struct refusal refusals[] = {
    REFUSAL(zone_twice, ERROR_PARK_DUPLICATE, {"zone", "hall"}),
    REFUSAL(gate_twice, ERROR_PARK_DUPLICATE, {"gate", "gate-a"}),
    REFUSAL(lane_twice, ERROR_PARK_DUPLICATE, {"lane", "a-in"}),
    REFUSAL(reader_twice, ERROR_PARK_DUPLICATE, {"reader", "a-in-reader"}),
    REFUSAL(board_twice, ERROR_PARK_DUPLICATE, {"board", "board-a"}),
    REFUSAL(tenant_twice, ERROR_PARK_DUPLICATE, {"tenant", "acme"}),
    REFUSAL(shift_twice, ERROR_PARK_DUPLICATE, {"shift", "day"}),
    REFUSAL(schedule_twice, ERROR_PARK_DUPLICATE, {"schedule", "depot-hours"}),
    REFUSAL(empty_window, ERROR_PARK_VALUE, {"schedule", "depot-hours", "windows"}),
    REFUSAL(holiday_without_schedule, ERROR_PARK_REF, {"holiday", NULL, "schedule", "half-day"}),
    REFUSAL(shift_out_of_the_day, ERROR_PARK_VALUE, {"shift", "day", "start, end, early_minutes"}),
    REFUSAL(shift_with_a_long_margin, ERROR_PARK_VALUE, {"shift", "night"}),
    REFUSAL(zone_without_schedule, ERROR_PARK_REF, {"zone", "yard", "schedule", "never"}),
    REFUSAL(zone_without_parent, ERROR_PARK_REF, {"zone", "hall", "zone", "attic"}),
    REFUSAL(zones_in_each_other, ERROR_PARK_VALUE, {"zone", "bonded", "parent"}),
    REFUSAL(zone_in_itself, ERROR_PARK_VALUE, {"zone", "bonded", "parent"}),
    REFUSAL(zones_too_deep, ERROR_PARK_VALUE, {"zone", "z8", "parent"}),
    REFUSAL(board_without_gate, ERROR_PARK_REF, {"board", "board-b", "gate", "gate-c"}),
    REFUSAL(board_at_a_name, ERROR_PARK_VALUE, {"board", "board-a", "address"}),
    REFUSAL(board_without_port, ERROR_PARK_VALUE, {"board", "board-a", "address"}),
    REFUSAL(board_at_a_false_number, ERROR_PARK_VALUE, {"board", "board-a", "address"}),
    REFUSAL(board_at_port_zero, ERROR_PARK_VALUE, {"board", "board-a", "address"}),
    REFUSAL(board_on_a_line_without_path, ERROR_PARK_VALUE, {"board", "board-a", "address"}),
    REFUSAL(board_polled_too_seldom, ERROR_PARK_VALUE, {"board", "board-a", "poll_ms"}),
    REFUSAL(board_polled_too_often, ERROR_PARK_VALUE, {"board", "board-a", "poll_ms"}),
    REFUSAL(board_misses_pulses, ERROR_PARK_PULSE, {"board-a", "100", "100", "50"}),
    REFUSAL(lane_without_gate, ERROR_PARK_REF, {"lane", "a-in", "gate", "gate-c"}),
    REFUSAL(lane_without_zone, ERROR_PARK_REF, {"lane", "a-in", "zone", "attic"}),
    REFUSAL(lane_without_outer_zone, ERROR_PARK_REF, {"lane", "a-hall", "zone", "attic"}),
    REFUSAL(lane_without_direction, ERROR_PARK_VALUE, {"lane", "a-in", "direction"}),
    REFUSAL(locked_exit, ERROR_PARK_LOCKED_EXIT, {"a-out"}),
    REFUSAL(locked_lane_of_both, ERROR_PARK_LOCKED_EXIT, {"a-both"}),
    REFUSAL(lane_without_board, ERROR_PARK_REF, {"lane", "a-in", "board", "board-c"}),
    REFUSAL(lane_on_a_foreign_board, ERROR_PARK_VALUE, {"lane", "a-in", "board"}),
    REFUSAL(lane_opens_not_at_all, ERROR_PARK_VALUE, {"lane", "a-in", "open_ms"}),
    REFUSAL(lane_opens_in_odd_steps, ERROR_PARK_VALUE, {"lane", "a-in", "open_ms"}),
    REFUSAL(lane_opens_too_long, ERROR_PARK_VALUE, {"lane", "a-in", "open_ms"}),
    REFUSAL(reader_without_lane, ERROR_PARK_REF, {"reader", "a-in-reader", "lane", "a-on"}),
    REFUSAL(reader_without_direction, ERROR_PARK_VALUE, {"reader", "a-both-exit", "direction"}),
    REFUSAL(terminal_without_serial_number, ERROR_PARK_VALUE,
            {"reader", "a-in-reader", "device_id"}),
    REFUSAL(tenant_without_zone, ERROR_PARK_REF, {"tenant", "acme", "zone", "attic"}),
    REFUSAL(tenant_without_schedule, ERROR_PARK_REF, {"tenant", "beta", "schedule", "never"}),
    REFUSAL(bollard_for_persons, ERROR_PARK_VALUE,
            {"lane", "a-in", "actuator",
             "barriers and bollards are for vehicles: give subject: vehicles"}),
    REFUSAL(bollard_without_crush_input, ERROR_PARK_VALUE,
            {"lane", "a-truck", "crush_input",
             "a bollard needs an anti-crush input, or it rises under a vehicle"}),
    REFUSAL(bollard_without_manual_input, ERROR_PARK_VALUE,
            {"lane", "a-truck", "manual_input",
             "a bollard needs a manual release that says when it is pulled"}),
    REFUSAL(bollard_without_board, ERROR_PARK_VALUE,
            {"lane", "a-truck", "actuator",
             "a barrier or bollard needs the board that moves it: give board"}),
    REFUSAL(
        turnstile_with_a_guard, ERROR_PARK_VALUE,
        {"lane", "a-truck", "crush_input", "only a barrier or a bollard has one: give actuator"}),
    REFUSAL(guard_on_a_used_input, ERROR_PARK_INPUT_SHARED, {"a-in", "a-truck", NULL, "board-a"}),
    REFUSAL(two_lanes_on_a_coil, ERROR_PARK_TWO_ON_COIL, {"a-in", "a-out", "0", "board-a"}),
    REFUSAL(two_lanes_on_an_input, ERROR_PARK_INPUT_SHARED, {"a-hall", "a-out", "2", "board-a"}),
};

static void every_rule_refuses_with_its_number_and_place(void **state)
{
    struct world *w = *state;
    struct complaint c = {0};
    base = *w->ctl->park;
    assert_true(park_check(&base, &c));
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *want = &refusals[i];
        struct complaint got = {0};
        bent = base;
        want->bend();
        park_finish(&bent);
        if (park_check(&bent, &got) || got.number != want->error) {
            fail_msg("%s: error %u", want->what, got.number);
        }
        for (size_t k = 0; k < ERROR_ARGS; k++) {
            if (want->args[k] != NULL && strcmp(got.arg[k], want->args[k]) != 0) {
                fail_msg("%s: argument %zu is \"%s\"", want->what, k + 1, got.arg[k]);
            }
        }
        assert_int_equal(error_exit(got.number), EXIT_BAD_FILE);
    }
    print_message("%zu refusals\n", ARRAY_LEN(refusals));
}

static void a_bollard_with_its_inputs_is_allowed(void **state)
{
    const struct world *w = *state;
    struct complaint c = {0};
    base = *w->ctl->park;
    bent = base;
    (void)bollard_of("a-truck");
    assert_true(park_check(&bent, &c));
    bent = base;
    lane_of("a-truck")->actuator = ACTUATOR_BARRIER; /* its own control may guard it */
    assert_true(park_check(&bent, &c));
}

/* What looks like those and is allowed. */
static void what_is_allowed(void **state)
{
    struct world *w = *state;
    struct complaint c = {0};
    base = *w->ctl->park;
    bent = base;
    lane_of("a-in")->mode = LANE_MODE_LOCKED; /* an entry */
    assert_true(park_check(&bent, &c));
    bent = base;
    lane_of("b-in")->open_coil = 5; /* the same coil, another board */
    lane_of("b-out")->passage = (struct park_point){.given = true, .number = 3};
    assert_true(park_check(&bent, &c));
    bent = base;
    lane_of("a-in")->board = named(""); /* decisions only */
    lane_of("a-in")->open_ms = 0;
    assert_true(park_check(&bent, &c));
    bent = base;
    board_of("board-a")->has_counters = true; /* counters miss nothing */
    board_of("board-a")->poll_ms = 300;
    assert_true(park_check(&bent, &c));
    bent = base;
    for (int i = 0; i < PARK_ZONE_DEPTH_MAX; i++) {
        struct park_zone zone = {.parent =
                                     i == 0 ? named("") : bent.zones[bent.zone_count - 1].name};
        (void)snprintf(zone.name.text, NAME_SIZE, "z%d", i);
        bent.zones[bent.zone_count++] = zone;
    }
    park_finish(&bent);
    assert_true(park_check(&bent, &c));
}

/* A face terminal at a lane, spoken to and beside the lane's other reader. */
static struct park_reader *add_terminal(const char *lane, enum terminal_control control)
{
    struct park_reader terminal = {.name = named("face"),
                                   .lane = named(lane),
                                   .driver = DRIVER_HIK_ACCESS,
                                   .control = control,
                                   .has_account = true};
    (void)snprintf(terminal.terminal, sizeof(terminal.terminal), "10.0.0.9:80");
    bent = base;
    bent.readers[bent.reader_count++] = terminal;
    park_finish(&bent);
    return reader_of_name("face");
}

static void refused(uint32_t number, const char *field, const char *why)
{
    struct complaint got = {0};
    assert_false(park_check(&bent, &got));
    assert_int_equal(got.number, number);
    if (number == ERROR_PARK_VALUE) {
        assert_string_equal(got.arg[1], "face");
        assert_string_equal(got.arg[2], field);
        assert_string_equal(got.arg[3], why);
    }
}

static void face_terminals_fit_their_lanes(void **state)
{
    static const char *const good[] = {"10.0.0.9:80", "http://10.0.0.9:80",
                                       "https://face-1.park:443", "[fe80::1]:80",
                                       "https://[::1]:8443"};
    static const char *const bad[] = {"10.0.0.9",           "10.0.0.9:0",   "10.0.0.9:65536",
                                      "10.0.0.9:123456789", ":80",          "ftp://10.0.0.9:21",
                                      "10.0.0.9:80/x",      "https://",     "a@10.0.0.9:80",
                                      "[fe80::1:80",        "10.0.0.9:80 ", "http://http://a:80"};
    struct world *w = *state;
    struct complaint c = {0};
    base = *w->ctl->park;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct park_reader *face = add_terminal("a-in", TERMINAL_NO_RELAY);
        (void)snprintf(face->terminal, sizeof(face->terminal), "%s", good[i]);
        assert_true(park_check(&bent, &c));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct park_reader *face = add_terminal("a-in", TERMINAL_NO_RELAY);
        (void)snprintf(face->terminal, sizeof(face->terminal), "%s", bad[i]);
        refused(ERROR_PARK_VALUE, "terminal",
                "give HOST:PORT or https://HOST:PORT, for example 10.0.0.9:80");
    }
    (void)add_terminal("a-in", TERMINAL_UNSET);
    refused(ERROR_PARK_VALUE, "control", "say who opens: asks or no-relay");
    add_terminal("a-in", TERMINAL_NO_RELAY)->has_account = false;
    refused(ERROR_PARK_VALUE, "user",
            "the terminal asks for an account: give user and secret_file");
    add_terminal("a-in", TERMINAL_NO_RELAY)->driver = DRIVER_NFC;
    refused(ERROR_PARK_VALUE, "terminal", "only readers with driver hik-access have it");
    (void)add_terminal("a-in", TERMINAL_ASKS);
    refused(ERROR_PARK_VALUE, "control",
            "each passage by the terminal's relay would be forced to its lane's board: use "
            "no-relay, or take passage_input away");
    (void)add_terminal("a-bare", TERMINAL_ASKS); /* no sensor */
    assert_true(park_check(&bent, &c));
    add_terminal("a-bare", TERMINAL_ASKS)->terminal[0] = '\0';
    refused(ERROR_PARK_VALUE, "terminal",
            "a terminal that asks has to be answered: give its address");
    (void)add_terminal("a-out", TERMINAL_ASKS);
    lane_of("a-out")->passage.given = false;
    lane_of("a-out")->button.given = false;
    refused(ERROR_PARK_VALUE, "control",
            "at an exit nobody depends on a terminal that asks: give the lane a board with "
            "button_input, or use no-relay");
    lane_of("a-out")->button = (struct park_point){.given = true, .number = 15};
    assert_true(park_check(&bent, &c));
}

static void a_face_is_never_the_only_way_in(void **state)
{
    struct world *w = *state;
    struct complaint c = {0};
    base = *w->ctl->park;
    add_terminal("a-in", TERMINAL_NO_RELAY);
    assert_true(park_check(&bent, &c)); /* beside a badge reader */
    reader_of_name("a-in-reader")->lane = named("a-hall");
    refused(ERROR_PARK_FACE_ONLY, NULL, NULL);
    struct complaint got = {0};
    char sentence[512];
    assert_false(park_check(&bent, &got));
    assert_string_equal(got.arg[0], "a-in");
    error_sentence_en(&got, sentence, sizeof(sentence));
    assert_string_equal(
        sentence, "lane a-in: its only reader is a face terminal, and nobody is forced to use "
                  "a face; add a reader for badges, plates, PINs or QR codes");
    error_sentence_zh(&got, sentence, sizeof(sentence));
    assert_string_equal(sentence, "通道 a-in：只有人脸终端一种识读设备，而不得强制任何人使用人脸；"
                                  "请增加刷卡、车牌、密码或二维码识读设备");
    reader_of_name("face")->driver = DRIVER_UNIVIEW; /* another maker's */
    reader_of_name("face")->control = TERMINAL_UNSET;
    reader_of_name("face")->terminal[0] = '\0';
    refused(ERROR_PARK_FACE_ONLY, NULL, NULL);
    reader_of_name("face")->driver = DRIVER_ZKTECO_ATT; /* its numbers need consent, too */
    reader_of_name("face")->has_device_id = true;
    refused(ERROR_PARK_FACE_ONLY, NULL, NULL);
    reader_of_name("face")->driver = DRIVER_ZKTECO_ACC; /* takes cards by themselves */
    assert_true(park_check(&bent, &c));
    reader_of_name("face")->driver = DRIVER_UNIVIEW;
    (void)add_terminal("a-out", TERMINAL_NO_RELAY); /* an exit lets everybody out */
    reader_of_name("a-out-reader")->lane = named("a-hall");
    assert_true(park_check(&bent, &c));
    struct park_reader *face = add_terminal("a-both", TERMINAL_NO_RELAY);
    face->direction = LANE_IN;
    for (size_t i = 0; i < bent.reader_count; i++) { /* of a lane of both, the way in counts */
        struct park_reader *other = &bent.readers[i];
        if (name_equal(other->lane, named("a-both")) && other->driver != DRIVER_HIK_ACCESS) {
            other->direction = LANE_OUT;
        }
    }
    refused(ERROR_PARK_FACE_ONLY, NULL, NULL);
}

/* --- apply, as operators do it --- */

static const char *stage_rows(struct world *w, const struct park_rows *rows)
{
    return note(assert_done(ask_rows(w, w->admin, "park.stage", rows->row, rows->count, NULL)),
                "stage");
}

static const Parkgate__Reply *commit(struct world *w, const char *stage, uint64_t version)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)version);
    return ask(w, w->admin, "park.commit", "stage", stage, "config_version", text, NULL);
}

static void a_bad_row_is_refused_at_the_stage(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
    lane.direction = 4;
    board.transport = (char *)(uintptr_t) "udp";
    reader.driver = 10;
    tenant.cut_minute = 1440;
    zone.minimum_class = 3;
    const struct {
        uint32_t kind;
        const char *name;
        const ProtobufCMessage *body;
        uint32_t error;
        const char *field;
    } bad[] = {
        {PARK_LANE,      "l",  &lane.base,   ERROR_PARK_VALUE, "direction"    },
        {PARK_BOARD,     "b",  &board.base,  ERROR_PARK_VALUE, "transport"    },
        {PARK_READER,    "r",  &reader.base, ERROR_PARK_VALUE, "driver"       },
        {PARK_TENANT,    "t",  &tenant.base, ERROR_PARK_VALUE, "cut"          },
        {PARK_SITE,      "s",  &site.base,   ERROR_PARK_VALUE, "time_zone"    },
        {PARK_ZONE,      "z",  &zone.base,   ERROR_PARK_VALUE, "minimum_class"},
        {PARK_ZONE,      "Z!", &zone.base,   ERROR_PARK_VALUE, "name"         },
        {PARK_ALERT + 1, "x",  &zone.base,   ERROR_PARK_FILE,  NULL           },
        {0,              "x",  &zone.base,   ERROR_PARK_FILE,  NULL           },
    };
    struct journal_head before = head_of(w);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        rows_of_park(&rows, "Asia/Shanghai");
        rows_add(&rows, bad[i].kind, bad[i].name, bad[i].body);
        const Parkgate__Reply *reply =
            ask_rows(w, w->admin, "park.stage", rows.row, rows.count, NULL);
        if (reply->error != bad[i].error) {
            fail_msg("row %zu: error %u", i, reply->error);
        }
        if (bad[i].field != NULL) {
            assert_string_equal(reply->error_arg[2], bad[i].field);
        }
    }
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void a_park_that_does_not_hold_together_is_not_committed(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.driver = DRIVER_NFC;
    reader.lane = (char *)(uintptr_t) "nowhere";
    rows_of_park(&rows, "Asia/Shanghai");
    rows_add(&rows, PARK_READER, "lost", &reader.base);
    const char *stage = stage_rows(w, &rows);
    assert_refused(ask(w, w->admin, "park.diff", "stage", stage, NULL), ERROR_PARK_REF);
    const Parkgate__Reply *reply = commit(w, stage, 1);
    assert_refused(reply, ERROR_PARK_REF);
    assert_string_equal(reply->error_arg[1], "lost");
    assert_string_equal(reply->error_arg[3], "nowhere");
    assert_int_equal(w->ctl->park->config_version, 1);
    assert_refused(commit(w, "424242", 1), ERROR_NOT_FOUND); /* no such stage */
    assert_refused(commit(w, "0", 1), ERROR_NOT_FOUND);
    reader.lane = (char *)(uintptr_t) "a-in";
    reader.time_zone = (char *)(uintptr_t) "Asia/Atlantis";
    rows_of_park(&rows, "Asia/Shanghai");
    rows_add(&rows, PARK_READER, "lost", &reader.base);
    stage = stage_rows(w, &rows);
    reply = commit(w, stage, 1);
    assert_refused(reply, ERROR_PARK_VALUE);
    assert_string_equal(reply->error_arg[1], "lost");
    assert_string_equal(reply->error_arg[2], "time_zone");
    rows_of_park(&rows, "Asia/Atlantis");
    stage = stage_rows(w, &rows);
    reply = commit(w, stage, 1);
    assert_refused(reply, ERROR_PARK_VALUE);
    assert_string_equal(reply->error_arg[2], "time_zone");
    assert_int_equal(w->ctl->park->config_version, 1);
    assert_string_equal(w->ctl->tz.name, "Asia/Shanghai");
    (void)assert_replays(w);
}

static void who_comes_second_is_told_to_look_again(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    char first[24];
    rows_of_park(&rows, "Asia/Shanghai");
    (void)snprintf(first, sizeof(first), "%s", stage_rows(w, &rows));
    const char *second = stage_rows(w, &rows);
    assert_string_equal(note(assert_done(commit(w, first, 1)), "config_version"), "2");
    uint64_t before = head_of(w).sequence;
    assert_refused(commit(w, second, 1), ERROR_PARK_CHANGED);
    assert_int_equal(head_of(w).sequence, before);
    assert_string_equal(note(assert_done(commit(w, second, 2)), "config_version"), "3");
    assert_refused(commit(w, second, 3), ERROR_NOT_FOUND); /* a stage is used once */
    (void)assert_replays(w);
}

/* The standard park with another lane title, without the truck lane, and with a shift more. */
static void changed_rows(struct park_rows *rows)
{
    static struct park_rows all;
    Parkgate__ParkShift late = PARKGATE__PARK_SHIFT__INIT;
    rows_of_park(&all, "Asia/Shanghai");
    rows->count = rows->used = 0;
    for (size_t i = 0; i < all.count; i++) {
        Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, all.row[i].len, all.row[i].data);
        MUST(row != NULL);
        bool truck = strncmp(row->name, "a-truck", 7) == 0;
        if (!truck && !(row->kind == PARK_ZONE && strcmp(row->name, "hall") == 0)) {
            rows->row[rows->count++] = all.row[i];
        }
        parkgate__park_row__free_unpacked(row, NULL);
    }
    Parkgate__ParkZone hall = PARKGATE__PARK_ZONE__INIT;
    hall.parent = (char *)(uintptr_t) "yard";
    hall.capacity = 99;
    rows_add(rows, PARK_ZONE, "hall", &hall.base);
    late.start_minute = 14 * 60;
    late.end_minute = 22 * 60;
    rows_add(rows, PARK_SHIFT, "late", &late.base);
}

static void a_difference_is_shown_and_applied(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    rows_of_park(&rows, "Asia/Shanghai");
    const Parkgate__Reply *diff = admin(w, "park.diff", "stage", stage_rows(w, &rows), NULL);
    assert_string_equal(note(diff, "changes"), "0");
    changed_rows(&rows);
    char stage[24];
    (void)snprintf(stage, sizeof(stage), "%s", stage_rows(w, &rows));
    diff = admin(w, "park.diff", "stage", stage, NULL);
    assert_string_equal(note(diff, "changes"), "4");
    assert_string_equal(note(diff, "config_version"), "1");
    assert_string_equal(cell(diff, row_with(diff, "name", "hall"), "change"), "change");
    assert_string_equal(cell(diff, row_with(diff, "name", "hall"), "kind"), "zone");
    assert_string_equal(cell(diff, row_with(diff, "name", "late"), "change"), "add");
    assert_string_equal(cell(diff, row_with(diff, "name", "a-truck"), "change"), "remove");
    assert_string_equal(cell(diff, row_with(diff, "name", "a-truck-reader"), "change"), "remove");
    sent_forget(w);
    (void)assert_done(commit(w, stage, 1));
    const struct sent *sent = sent_last(w, MESSAGE_CONFIG); /* gates are told at once */
    assert_non_null(sent);
    const Parkgate__Config *config = (const void *)sent->body;
    assert_int_equal(config->config_version, 2);
    assert_int_equal(config->n_row, (1 + 2 + 9 + 8 + 1) + (4 + 3 + 2 + 2 + 1));
    assert_true(row_with(admin(w, "lane.list", NULL), "lane", "a-truck") == SIZE_MAX);
    uint64_t gone = gate_plate(w, &gate, "a-truck", "浙A12345", "");
    world_turn(w);
    assert_int_equal(answer_of(w, gone, NULL), ANSWER_REFUSED);
    (void)assert_replays(w);
}

static void tenants_made_by_command_survive_an_apply(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    (void)admin(w, "tenant.add", "name", "newco", "title", "New Co", "zones", "yard,hall", "cut",
                "05:30", NULL);
    assert_refused(
        ask(w, w->admin, "tenant.add", "name", "newco", "title", "x", "zones", "yard", NULL),
        ERROR_EXISTS);
    assert_refused(
        ask(w, w->admin, "tenant.add", "name", "other", "title", "x", "zones", "attic", NULL),
        ERROR_NOT_FOUND);
    rows_of_park(&rows, "Asia/Shanghai");
    char stage[24];
    (void)snprintf(stage, sizeof(stage), "%s", stage_rows(w, &rows));
    const Parkgate__Reply *diff = admin(w, "park.diff", "stage", stage, NULL);
    assert_string_equal(note(diff, "changes"), "0");
    (void)assert_done(commit(w, stage, w->ctl->park->config_version));
    const Parkgate__Reply *list = admin(w, "tenant.list", NULL);
    size_t row = row_with(list, "tenant", "newco");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(list, row, "title"), "New Co");
    assert_string_equal(cell(list, row, "zones"), "yard,hall");
    assert_string_equal(cell(list, row, "cut"), "05:30");
    world_restart(w);
    assert_true(row_with(admin(w, "tenant.list", NULL), "tenant", "newco") != SIZE_MAX);
    (void)assert_replays(w);
}

static void a_zone_that_a_tenant_needs_cannot_go(void **state)
{
    struct world *w = *state;
    static struct park_rows all;
    static struct park_rows rows;
    (void)admin(w, "tenant.add", "name", "newco", "title", "New Co", "zones", "depot", NULL);
    rows_of_park(&all, "Asia/Shanghai");
    for (size_t i = 0; i < all.count; i++) { /* a park of the site, one zone and the gates alone */
        Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, all.row[i].len, all.row[i].data);
        MUST(row != NULL);
        if (row->kind == PARK_SITE || row->kind == PARK_GATE ||
            (row->kind == PARK_ZONE && strcmp(row->name, "depot") != 0)) {
            rows.row[rows.count++] = all.row[i];
        }
        parkgate__park_row__free_unpacked(row, NULL);
    }
    const char *stage = stage_rows(w, &rows);
    const Parkgate__Reply *reply = commit(w, stage, w->ctl->park->config_version);
    assert_refused(reply, ERROR_PARK_REF);
    assert_string_equal(reply->error_arg[0], "tenant");
    assert_string_equal(reply->error_arg[3], "depot");
    (void)assert_replays(w);
}

static void a_new_time_zone_counts_at_once_and_after_a_restart(void **state)
{
    struct world *w = *state;
    static struct park_rows rows;
    rows_of_park(&rows, "Europe/Berlin");
    const char *stage = stage_rows(w, &rows);
    (void)assert_done(commit(w, stage, 1));
    assert_string_equal(w->ctl->tz.name, "Europe/Berlin");
    world_restart(w);
    assert_string_equal(w->ctl->tz.name, "Europe/Berlin");
    (void)assert_replays(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_rule_refuses_with_its_number_and_place),
        WORLD_TEST(a_bollard_with_its_inputs_is_allowed),
        WORLD_TEST(what_is_allowed),
        WORLD_TEST(face_terminals_fit_their_lanes),
        WORLD_TEST(a_face_is_never_the_only_way_in),
        WORLD_TEST(a_bad_row_is_refused_at_the_stage),
        WORLD_TEST(a_park_that_does_not_hold_together_is_not_committed),
        WORLD_TEST(who_comes_second_is_told_to_look_again),
        WORLD_TEST(a_difference_is_shown_and_applied),
        WORLD_TEST(tenants_made_by_command_survive_an_apply),
        WORLD_TEST(a_zone_that_a_tenant_needs_cannot_go),
        WORLD_TEST(a_new_time_zone_counts_at_once_and_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
