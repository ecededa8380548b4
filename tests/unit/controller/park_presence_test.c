/* Goal: what a park says of limits, anti-passback and interlocks is refused, in words, where it
 * makes no sense, shown as it stands, and read as docs/decision-rules.md means it. Method: one
 * change after another to the harness's good park, judged by park_check(); rows by park_add_row().
 */
#include "tests/unit/controller/harness.h"

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

static struct park_zone *zone_of(const char *name)
{
    return (struct park_zone *)(uintptr_t)park_zone(&bent, named(name));
}

static struct park_lane *lane_of(const char *name)
{
    return (struct park_lane *)(uintptr_t)park_lane(&bent, named(name));
}

static void begin(struct world *w)
{
    base = *w->ctl->park;
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

static void limits_fit_each_other(void **state)
{
    begin(*state);
    zone_of("hall")->capacity_soft = 2; /* of 3 */
    zone_of("hall")->alert_first = 10;
    zone_of("hall")->alert_second = 100;
    assert_good();
    zone_of("yard")->capacity_soft = 2;
    zone_of("yard")->alert_first = 100;
    assert_good();
    zone_of("hall")->capacity_soft = 3;
    assert_says("zone hall: capacity_soft: give less than the capacity");
    zone_of("yard")->alert_first = 80;
    assert_says("zone yard: alert_first, alert_second: they are percent of a limit: give capacity "
                "or capacity_soft");
    zone_of("hall")->alert_first = 9;
    assert_says("zone hall: alert_first: give 10 to 100");
    zone_of("hall")->alert_first = 80;
    zone_of("hall")->alert_second = 80;
    assert_says("zone hall: alert_second: give more than alert_first, at most 100");
    zone_of("hall")->alert_second = 80;
    assert_says("zone hall: alert_second: give more than alert_first, at most 100");
}

static void a_first_person_needs_a_clearance(void **state)
{
    begin(*state);
    zone_of("hall")->first_person = true;
    assert_says("zone hall: first_person, first_clearance: give both or none");
    zone_of("hall")->first_person = true;
    zone_of("hall")->first_clearance = named("leader");
    assert_says("zone hall: clearance \"leader\" is not in the park file");
}

static void interlocked_lanes_name_each_other(void **state)
{
    begin(*state);
    lane_of("a-in")->interlock = named("b-in");
    lane_of("b-in")->interlock = named("a-in");
    assert_good();
    lane_of("a-in")->interlock = named("b-in");
    assert_says("lane a-in: interlock: the other lane must name this one as its interlock");
    lane_of("a-in")->interlock = named("a-in");
    assert_says("lane a-in: interlock: it names itself; name another lane");
    lane_of("a-in")->interlock = named("b-on");
    assert_says("lane a-in: interlock \"b-on\" is not in the park file");
    static const char *const exits[] = {"a-out", "a-both"};
    for (size_t i = 0; i < ARRAY_LEN(exits); i++) {
        lane_of("a-in")->interlock = named(exits[i]);
        lane_of(exits[i])->interlock = named("a-in");
        char sentence[160];
        (void)snprintf(sentence, sizeof(sentence),
                       "lane %s: interlock: only two entry lanes lock each other: nobody is kept "
                       "from leaving",
                       i == 0 ? "a-in" : "a-both");
        assert_says(sentence);
    }
}

static struct park_passback *rule(void)
{
    struct park_passback *made = &bent.passbacks[bent.passback_count++];
    *made = (struct park_passback){.name = named("once"),
                                   .mode = PASSBACK_MODE_HARD,
                                   .zone_count = 1,
                                   .zones = {named("yard")}};
    return made;
}

static void anti_passback_rules_hold_together(void **state)
{
    begin(*state);
    (void)rule();
    assert_good();
    rule()->minutes = 1;
    assert_says(
        "passback once: minutes: give 1 to 10080 with mode timed, and none with the others");
    rule()->mode = PASSBACK_MODE_TIMED;
    assert_says(
        "passback once: minutes: give 1 to 10080 with mode timed, and none with the others");
    struct park_passback *timed = rule();
    timed->mode = PASSBACK_MODE_TIMED;
    timed->minutes = 10080;
    assert_good();
    timed = rule();
    timed->mode = PASSBACK_MODE_TIMED;
    timed->minutes = 10081;
    assert_says(
        "passback once: minutes: give 1 to 10080 with mode timed, and none with the others");
    rule()->zones[0] = named("attic");
    assert_says("passback once: zone \"attic\" is not in the park file");
    rule()->zone_count = 0;
    assert_says("passback once: zones: name at least one zone");
    struct park_passback *of_tenant = rule();
    of_tenant->tenant_count = 1;
    of_tenant->tenants[0] = named("nobody");
    assert_says("passback once: tenant \"nobody\" is not in the park file");
    (void)rule();
    (void)rule();
    assert_says("passback once stands twice in the park file");
}

/* --- rows --- */

static void rows_out_of_their_bounds_are_refused(void **state)
{
    uint8_t packed[512];
    uint32_t kind = PERSON_VISITOR + 1;
    char *zones[] = {text_of("Yard")};
    Parkgate__ParkPassback no_mode = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkPassback no_kind = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkPassback no_name = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkZone alert = PARKGATE__PARK_ZONE__INIT;
    no_kind.mode = no_name.mode = PASSBACK_MODE_SOFT;
    no_kind.kind = &kind;
    no_kind.n_kind = 1;
    no_name.zone = zones;
    no_name.n_zone = 1;
    Parkgate__ParkZone check = PARKGATE__PARK_ZONE__INIT;
    alert.alert_second = 300; /* no byte of it may be lost */
    check.spot_check = 1001;
    const struct {
        uint32_t kind;
        const ProtobufCMessage *body;
        const char *field;
    } rows[] = {
        {PARK_PASSBACK, &no_mode.base, "mode"                     },
        {PARK_PASSBACK, &no_kind.base, "for"                      },
        {PARK_PASSBACK, &no_name.base, "zones"                    },
        {PARK_ZONE,     &alert.base,   "alert_first, alert_second"},
        {PARK_ZONE,     &check.base,   "spot_check"               },
    };
    begin(*state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct complaint c = {0};
        struct bytes body = {.data = packed, .size = protobuf_c_message_pack(rows[i].body, packed)};
        assert_false(park_add_row(&bent, rows[i].kind, "x", body, &c));
        assert_int_equal(c.number, ERROR_PARK_VALUE);
        assert_string_equal(c.arg[2], rows[i].field);
        bent = base;
    }
}

static void rows_are_shown_as_they_stand(void **state)
{
    char text[PARK_ROW_TEXT_SIZE];
    begin(*state);
    struct park_zone *hall = zone_of("hall");
    hall->capacity_soft = 2;
    hall->alert_first = 60;
    hall->alert_second = 90;
    hall->crowd = 30;
    hall->spot_check = 20;
    hall->first_person = true;
    hall->first_clearance = named("leader");
    park_row_text(&bent, PARK_ZONE, "hall", text);
    assert_string_equal(
        text, "yard/hall, class uid-only, capacity 3, schedule always, soft 2, alerts "
              "60 90 %, crowd 30 a minute, first person by leader, spot check 20 of 1000");
    lane_of("a-in")->interlock = named("b-in");
    park_row_text(&bent, PARK_LANE, "a-in", text);
    assert_non_null(strstr(text, ", interlock b-in"));
    ((struct park_tenant *)(uintptr_t)park_tenant(&bent, named("solo")))->capacity = 7;
    park_row_text(&bent, PARK_TENANT, "solo", text);
    assert_string_equal(text, "solo, cut 06:00, capacity 7, zones");
    struct park_passback *once = rule();
    park_row_text(&bent, PARK_PASSBACK, "once", text);
    assert_string_equal(text, "hard, for all, zones yard");
    once->mode = PASSBACK_MODE_TIMED;
    once->minutes = 30;
    once->kinds = 1U << PERSON_STAFF | 1U << PERSON_VISITOR;
    once->vehicles = true;
    once->tenant_count = 1;
    once->tenants[0] = named("acme");
    park_row_text(&bent, PARK_PASSBACK, "once", text);
    assert_string_equal(text,
                        "timed 30 minutes, for staff visitor vehicles, zones yard, tenants acme");
}

/* --- the zones that an entry newly enters --- */

static size_t entered(const char *zone, const char *outer, char out[64])
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    struct park_lane lane = {.zone = named(zone), .outer_zone = named(outer)};
    size_t count = park_zones_entered(&bent, &lane, zones);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(out);
        (void)snprintf(out + used, 64 - used, "%s%s", i > 0 ? " " : "", zones[i]->name.text);
    }
    return count;
}

static void newly_entered_is_what_the_outer_side_does_not_share(void **state)
{
    static const struct {
        const char *zone, *outer, *entered;
    } rows[] = {
        {"yard", "",       "yard"     },
        {"hall", "",       "hall yard"},
        {"hall", "yard",   "hall"     },
        {"hall", "bonded", "hall"     }, /* side by side in the yard */
        {"yard", "hall",   ""         }, /* back out of the hall */
    };
    char got[64];
    begin(*state);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)entered(rows[i].zone, rows[i].outer, got);
        assert_string_equal(got, rows[i].entered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(limits_fit_each_other),
        WORLD_TEST(a_first_person_needs_a_clearance),
        WORLD_TEST(interlocked_lanes_name_each_other),
        WORLD_TEST(anti_passback_rules_hold_together),
        WORLD_TEST(rows_out_of_their_bounds_are_refused),
        WORLD_TEST(rows_are_shown_as_they_stand),
        WORLD_TEST(newly_entered_is_what_the_outer_side_does_not_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
