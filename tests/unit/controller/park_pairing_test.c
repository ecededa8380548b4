/* Goal: a lane that wants two reads is refused, in words, where nobody could give them or nobody
 * may be asked. Method: one change after another to the good park of pairing_fixture.h, judged by
 * park_check(). */
#include "tests/unit/controller/pairing_fixture.h"

#include "common/facts/park_store.h"
#include "common/park/park.h"

static struct park base; /* the harness's park, good */
static struct park bent;

static struct name named(const char *text)
{
    struct name name = {{0}};
    MUST(text[0] == '\0' || name_from_text(text, &name));
    return name;
}

static struct park_lane *lane_of(const char *name)
{
    return (struct park_lane *)(uintptr_t)park_lane(&bent, named(name));
}

static struct park_reader *reader_named(const char *name)
{
    return (struct park_reader *)(uintptr_t)park_reader(&bent, named(name));
}

static void begin(void **state)
{
    const struct park_day *d = *state;
    base = *d->w->ctl->park;
    bent = base;
}

static void assert_says(const char *sentence)
{
    struct complaint c = {0};
    char got[512];
    park_finish(&bent);
    if (park_check(&bent, &c)) {
        fail_msg("taken, and should say: %s", sentence);
    }
    error_sentence_en(&c, got, sizeof(got));
    assert_string_equal(got, sentence);
    assert_int_equal(error_exit(c.number), EXIT_BAD_FILE);
    bent = base;
}

static void assert_good(void)
{
    struct complaint c = {0};
    park_finish(&bent);
    if (!park_check(&bent, &c)) {
        fail_msg("refused: %u %s %s %s %s", c.number, c.arg[0], c.arg[1], c.arg[2], c.arg[3]);
    }
    bent = base;
}

static void a_second_needs_a_badge_reader_and_a_keypad(void **state)
{
    begin(state);
    static const enum reader_driver no_keypads[] = {DRIVER_NFC, DRIVER_UNIVIEW, DRIVER_ZKTECO_ATT,
                                                    DRIVER_ZKTECO_ACC};
    assert_good();
    for (size_t i = 0; i < ARRAY_LEN(no_keypads); i++) {
        reader_named("p-pin-reader")->driver = no_keypads[i];
        assert_says(
            "lane p-pin: second: its entry has no reader that takes a PIN (driver json); add "
            "a keypad, nobody needs a face");
        reader_named("p-face-reader")->driver = no_keypads[i];
        assert_says("lane p-face: second: its entry has no reader that takes a PIN (driver json); "
                    "add a keypad, nobody needs a face");
    }
    reader_named("p-pin-reader")->driver = DRIVER_HIK_ANPR;
    assert_says("lane p-pin: second: its entry has no reader of badges; add one");
    reader_named("p-both-reader")->driver =
        DRIVER_NFC; /* the keypad on the way out does not count */
    assert_says(
        "lane p-both: second: its entry has no reader that takes a PIN (driver json); add a "
        "keypad, nobody needs a face");
}

static void exits_ask_for_nothing(void **state)
{
    begin(state);
    lane_of("p-pin")->direction = LANE_OUT;
    assert_says("lane p-pin: second: an exit asks for nothing: nobody is kept from leaving");
    lane_of("p-leave")->driver = true;
    assert_says("lane p-leave: driver: an exit asks for nothing: nobody is kept from leaving");
}

static void persons_and_vehicles_are_asked_each_their_own(void **state)
{
    begin(state);
    lane_of("p-truck")->second = SECOND_PIN;
    assert_says(
        "lane p-truck: second: a lane for vehicles asks for the driver's badge: give driver: "
        "true");
    lane_of("p-pin")->second = SECOND_NONE;
    lane_of("p-pin")->driver = true;
    assert_says("lane p-pin: driver: only a lane for vehicles asks for a driver; for persons give "
                "second");
    reader_named("p-truck-reader")->driver = DRIVER_HIK_ANPR;
    assert_says("lane p-truck: driver: its entry needs a reader of plates and one of badges");
    lane_of("a-truck")->driver = true; /* it has a camera alone */
    assert_says("lane a-truck: driver: its entry needs a reader of plates and one of badges");
    lane_of("p-vault")->subject = SUBJECT_VEHICLES;
    assert_says(
        "lane p-vault: subject: vehicles cannot enter a two-person zone: nobody sees who is "
        "in them");
}

static void the_window_has_its_bounds(void **state)
{
    begin(state);
    static const struct {
        uint32_t ms;
        bool good;
    } rows[] = {
        {999,   false},
        {1000,  true },
        {60000, true },
        {60001, false}
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        lane_of("p-pin")->pair_ms = rows[i].ms;
        if (rows[i].good) {
            assert_good();
        } else {
            assert_says("lane p-pin: pair_ms: give 1000 to 60000");
        }
    }
}

static void a_gate_alone_has_its_bounds(void **state)
{
    begin(state);
    static const struct {
        uint32_t ms;
        bool good;
    } rows[] = {
        {0,    true }, /* the default */
        {99,   false},
        {100,  true },
        {1000, true },
        {1001, false}
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        lane_of("p-pin")->answer_ms = rows[i].ms;
        if (rows[i].good) {
            assert_good();
        } else {
            assert_says("lane p-pin: answer_ms: give 100 to 1000");
        }
    }
    lane_of("p-pin")->answer_ms = 0;
    lane_of("p-pin")->lease_over = LEASE_POLICY_AUTHENTICATED;
    assert_good();
    lane_of("a-out")->lease_over = LEASE_POLICY_AUTHENTICATED;
    assert_says("lane a-out: lease_over: an exit always goes on; take it away");
}

static void the_park_says_what_its_lanes_want(void **state)
{
    begin(state);
    static const struct {
        uint32_t kind;
        const char *name, *says;
    } rows[] = {
        {PARK_LANE, "p-pin",   ", second pin within 10000 ms"        },
        {PARK_LANE, "p-face",  ", second face or pin within 10000 ms"},
        {PARK_LANE, "p-other", ", second pin within 2000 ms"         },
        {PARK_LANE, "p-truck", ", plate and driver within 10000 ms"  },
        {PARK_ZONE, "vault",   ", two persons"                       },
        {PARK_ZONE, "lab",     ", visitors with their host"          },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[PARK_ROW_TEXT_SIZE];
        park_row_text(&base, rows[i].kind, rows[i].name, text);
        if (strstr(text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].name, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_second_needs_a_badge_reader_and_a_keypad),
        PAIR_TEST(exits_ask_for_nothing),
        PAIR_TEST(persons_and_vehicles_are_asked_each_their_own),
        PAIR_TEST(the_window_has_its_bounds),
        PAIR_TEST(a_gate_alone_has_its_bounds),
        PAIR_TEST(the_park_says_what_its_lanes_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
