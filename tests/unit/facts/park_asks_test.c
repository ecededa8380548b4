/* Goal: a gate is told where persons are exactly when a rule of one of its entries asks for one
 * person's place, or it is a muster post. Method: a small park of two gates; one rule at a time is
 * put in, and both gates are asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/park/park.h"

static struct name named(const char *text)
{
    struct name name = {{0}};
    MUST(text[0] == '\0' || name_from_text(text, &name));
    return name;
}

static struct park_lane *add_lane(struct park *park, const char *name, const char *gate,
                                  const char *zone, const char *outer,
                                  enum lane_direction direction)
{
    struct park_lane *lane = &park->lanes[park->lane_count++];
    *lane = (struct park_lane){.name = named(name),
                               .gate = named(gate),
                               .zone = named(zone),
                               .outer_zone = named(outer),
                               .direction = direction};
    return lane;
}

/* gate-a leads into the yard, gate-b from the yard into the hall; each has an exit. */
static int make(void **state)
{
    struct park *park = calloc(1, sizeof(*park));
    MUST(park != NULL);
    park->zone_count = 3;
    park->zones[0] = (struct park_zone){.name = named("hall"), .parent = named("yard")};
    park->zones[1] = (struct park_zone){.name = named("vault"), .parent = named("hall")};
    park->zones[2] = (struct park_zone){.name = named("yard")};
    park->gate_count = 3;
    park->gates[0].name = named("gate-a");
    park->gates[1].name = named("gate-b");
    park->gates[2].name = named("gate-c");
    (void)add_lane(park, "a-in", "gate-a", "yard", "", LANE_IN);
    (void)add_lane(park, "a-out", "gate-a", "yard", "", LANE_OUT);
    (void)add_lane(park, "b-in", "gate-b", "hall", "yard", LANE_IN);
    (void)add_lane(park, "b-out", "gate-b", "hall", "yard", LANE_OUT);
    (void)add_lane(park, "c-out", "gate-c", "vault", "", LANE_OUT);
    *state = park;
    return 0;
}

static int destroy(void **state)
{
    free(*state);
    return 0;
}

static void assert_asks(struct park *park, bool a, bool b)
{
    park_finish(park);
    assert_int_equal(park_gate_asks_presence(park, named("gate-a")), a);
    assert_int_equal(park_gate_asks_presence(park, named("gate-b")), b);
    assert_false(park_gate_asks_presence(park, named("gate-c"))); /* exits are asked nothing */
    assert_false(park_gate_asks_presence(park, named("gate-x"))); /* there is none */
}

/* How many are inside is enough for them; first persons, interlocks and clearances need not even
 * that. */
static void limits_ask_for_nobody(void **state)
{
    struct park *park = *state;
    assert_asks(park, false, false);
    for (size_t i = 0; i < park->zone_count; i++) {
        park->zones[i].capacity = 3;
        park->zones[i].capacity_soft = 2;
        park->zones[i].crowd = 3;
        park->zones[i].first_person = true;
        park->zones[i].first_clearance = named("boss");
        park->zones[i].high_risk = true;
        park->zones[i].clearance_count = 1;
    }
    park->tenant_count = 1;
    park->tenants[0] = (struct park_tenant){.name = named("acme"), .capacity = 2};
    park->lanes[0].interlock = named("b-in");
    park->lanes[0].second = SECOND_PIN;
    assert_asks(park, false, false);
}

static void two_persons_and_escort_ask_where_they_are_entered(void **state)
{
    struct park *park = *state;
    park->zones[0].two_person = true; /* the hall */
    assert_asks(park, false, true);
    park->zones[0].two_person = false;
    park->zones[0].escort = true;
    assert_asks(park, false, true);
    park->zones[0].escort = false;
    park->zones[2].escort = true; /* the yard */
    assert_asks(park, true, false);
}

/* Of each mode, whoever it is for: at entries from outside of all its zones. */
static void anti_passback_asks_at_its_border(void **state)
{
    static const enum passback_mode modes[] = {PASSBACK_MODE_HARD, PASSBACK_MODE_SOFT,
                                               PASSBACK_MODE_TIMED};
    struct park *park = *state;
    park->passback_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct park_passback *rule = &park->passbacks[0];
        *rule = (struct park_passback){.name = named("rule"),
                                       .mode = modes[i],
                                       .minutes = 5,
                                       .zone_count = 1,
                                       .zones = {named("yard")}};
        assert_asks(park, true, false);
        rule->zones[0] = named("hall");
        rule->vehicles = true;
        assert_asks(park, false, true);
        rule->zones[0] = named("vault");
        assert_asks(park, false, false);
        rule->zone_count = 2;
        rule->zones[1] = named("yard"); /* who comes into the hall is inside of it already */
        assert_asks(park, true, false);
    }
}

static void a_lane_of_both_directions_is_an_entry(void **state)
{
    struct park *park = *state;
    park->zones[0].escort = true;
    park->lanes[2].direction = LANE_BOTH;
    assert_asks(park, false, true);
    park->lanes[2].direction = LANE_OUT;
    assert_asks(park, false, false);
}

static void a_muster_post_is_told_always(void **state)
{
    struct park *park = *state;
    park->gates[1].muster_post = true;
    assert_asks(park, false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(limits_ask_for_nobody, make, destroy),
        cmocka_unit_test_setup_teardown(two_persons_and_escort_ask_where_they_are_entered, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(anti_passback_asks_at_its_border, make, destroy),
        cmocka_unit_test_setup_teardown(a_lane_of_both_directions_is_an_entry, make, destroy),
        cmocka_unit_test_setup_teardown(a_muster_post_is_told_always, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
