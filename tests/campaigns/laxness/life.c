/* The controller's life in the laxness campaign: its park, its people, and what changes while gates
 * have their copies. */
#include "tests/campaigns/laxness/laxness.h"

const char *const uids[PERSONS] = {
    "04a1b2c3d4e5f6", "04a1b2c3d4e5f7", "7f3b9d21", "7f3b9d22", "7f3b9d23", "7f3b9d24",
    "7f3b9d25",       "7f3b9d26",       "7f3b9d27", "7f3b9d28", "7f3b9d29", "7f3b9d2a",
};
const char *const lanes[LANES] = {"a-in",    "a-out",  "a-hall", "a-bonded",
                                  "a-depot", "a-both", "a-bare", "a-in"};

uint64_t pick(struct campaign *c, uint64_t bound)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random % bound;
}

/* --- the park: the standard one, with every rule that is about entries --- */

static char *clearances[] = {(char *)(uintptr_t) "induction"};
static char *zones_of_rule[] = {(char *)(uintptr_t) "yard"};
static char *tenants_of_rule[] = {(char *)(uintptr_t) "beta"};

static void set_zone(struct world *w, const char *name, void (*change)(Parkgate__ParkZone *zone))
{
    Parkgate__ParkZone *zone =
        (void *)rows_get(&w->rows, PARK_ZONE, name, &parkgate__park_zone__descriptor);
    Parkgate__ParkZone changed = *zone;
    change(&changed);
    rows_put(&w->rows, PARK_ZONE, name, &changed.base);
    parkgate__park_zone__free_unpacked(zone, NULL);
}

static void narrow_yard(Parkgate__ParkZone *zone)
{
    zone->capacity = 6;
}

static void widen_yard(Parkgate__ParkZone *zone)
{
    zone->capacity = 200;
}

static void ask_for_two(Parkgate__ParkZone *zone)
{
    zone->two_person = !zone->two_person;
}

static void ask_for_escort(Parkgate__ParkZone *zone)
{
    zone->escort = !zone->escort;
}

static void change_hall(Parkgate__ParkZone *zone)
{
    zone->n_clearance = 1;
    zone->clearance = clearances;
    zone->crowd_per_minute = 4;
}

static void change_bonded(Parkgate__ParkZone *zone)
{
    zone->high_risk = true;
}

static void change_depot(Parkgate__ParkZone *zone)
{
    zone->first_person = true;
    zone->first_clearance = text_of("boss");
}

/* Rules that ask where somebody is. */
static void add_askers(struct world *w)
{
    Parkgate__ParkPassback hard = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkPassback timed = PARKGATE__PARK_PASSBACK__INIT;
    char *hall[] = {text_of("hall")};
    hard.n_zone = 1;
    hard.zone = zones_of_rule;
    hard.mode = PASSBACK_MODE_HARD;
    hard.n_tenant = 1;
    hard.tenant = tenants_of_rule;
    rows_add(&w->rows, PARK_PASSBACK, "yard-beta", &hard.base);
    timed.n_zone = 1;
    timed.zone = hall;
    timed.mode = PASSBACK_MODE_TIMED;
    timed.minutes = 5;
    rows_add(&w->rows, PARK_PASSBACK, "hall-timed", &timed.base);
    set_zone(w, "bonded", ask_for_two);
    set_zone(w, "depot", ask_for_escort);
}

/* Rules that ask how many: limits that are met all the time, or so wide that the rules which come
 * later decide. */
static void add_limits(struct world *w, bool narrow)
{
    Parkgate__ParkTenant *tenant =
        (void *)rows_get(&w->rows, PARK_TENANT, "acme", &parkgate__park_tenant__descriptor);
    tenant->capacity = narrow ? 3 : 100;
    rows_put(&w->rows, PARK_TENANT, "acme", &tenant->base);
    parkgate__park_tenant__free_unpacked(tenant, NULL);
    set_zone(w, "yard", narrow ? narrow_yard : widen_yard);
    Parkgate__ParkZone attic = PARKGATE__PARK_ZONE__INIT; /* no lane leads into it */
    attic.title = text_of("Attic");
    rows_add(&w->rows, PARK_ZONE, "attic", &attic.base);
}

static void make_park(struct campaign *c)
{
    struct world *w = c->w;
    Parkgate__ParkClearance clearance = PARKGATE__PARK_CLEARANCE__INIT;
    clearance.title = text_of("Clearance");
    rows_add(&w->rows, PARK_CLEARANCE, "induction", &clearance.base);
    rows_add(&w->rows, PARK_CLEARANCE, "boss", &clearance.base);
    if (c->limits) {
        add_limits(w, c->seed % 4 == 0);
    } else {
        add_askers(w);
    }
    set_zone(w, "hall", change_hall);
    set_zone(w, "bonded", change_bonded);
    set_zone(w, "depot", change_depot);
    Parkgate__ParkLane *lane =
        (void *)rows_get(&w->rows, PARK_LANE, "a-in", &parkgate__park_lane__descriptor);
    Parkgate__ParkLane changed = *lane;
    changed.lease_over = LEASE_POLICY_AUTHENTICATED;
    rows_put(&w->rows, PARK_LANE, "a-in", &changed.base);
    parkgate__park_lane__free_unpacked(lane, NULL);
    park_apply(w);
}

/* Over yard or hall, or, taken back, over a zone that no lane of the gate leads into. */
static void change_passback(struct campaign *c, bool comes)
{
    static const uint32_t modes[] = {PASSBACK_MODE_HARD, PASSBACK_MODE_TIMED, PASSBACK_MODE_SOFT};
    Parkgate__ParkPassback rule = PARKGATE__PARK_PASSBACK__INIT;
    char *zone[] = {text_of(!comes ? "attic" : pick(c, 2) == 0 ? "yard" : "hall")};
    rule.n_zone = 1;
    rule.zone = zone;
    rule.mode = modes[pick(c, ARRAY_LEN(modes))];
    rule.minutes = rule.mode == PASSBACK_MODE_TIMED ? 5 : 0;
    rows_put(&c->w->rows, PARK_PASSBACK, "comes-and-goes", &rule.base);
}

void life_change_rules(struct campaign *c)
{
    bool asks = park_gate_asks_presence(c->w->ctl->park, name_or_none(c->a.name));
    if (asks) { /* whatever it is, it goes */
        change_passback(c, false);
        if (park_zone(c->w->ctl->park, name_or_none("bonded"))->two_person) {
            set_zone(c->w, "bonded", ask_for_two);
        }
        if (park_zone(c->w->ctl->park, name_or_none("depot"))->escort) {
            set_zone(c->w, "depot", ask_for_escort);
        }
    } else if (pick(c, 3) == 0) {
        set_zone(c->w, "bonded", ask_for_two);
    } else if (pick(c, 3) == 0) {
        set_zone(c->w, "depot", ask_for_escort);
    } else {
        change_passback(c, true);
    }
    park_apply(c->w);
}

static void hire(struct campaign *c)
{
    static const char *const tenants[] = {"acme", "acme", "beta", "solo"};
    for (size_t i = 0; i < PERSONS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "Worker %zu", i);
        person_with_badge(c->w, tenants[i % 4], name, uids[i],
                          i % 5 == 4   ? NULL
                          : i % 3 == 0 ? "night"
                                       : "day",
                          c->handles[i]);
        if (i % 2 == 0) {
            (void)admin(c->w, "clearance.add", "person", c->handles[i], "clearance", "induction",
                        NULL);
        }
    }
    (void)admin(c->w, "clearance.add", "person", c->handles[1], "clearance", "boss", NULL);
}

/* --- the controller's life --- */

static void rule(struct campaign *c)
{
    static const char *const lane_verbs[] = {"lane.lock", "lane.free", "lane.normal", "lane.normal",
                                             "lane.normal"};
    struct world *w = c->w;
    const char *who = c->handles[pick(c, PERSONS)];
    uint64_t what = pick(c, 9);
    bool takes = what == 0 || what == 2 || what == 4 || what == 6;
    if (c->limits && takes && pick(c, 6) != 0) {
        return; /* else soon nobody may enter, and no limit is met */
    }
    switch (what) {
    case 0:
        (void)ask(w, w->admin, pick(c, 2) == 0 ? "person.suspend" : "person.resume", "person", who,
                  "reason", "rules", NULL);
        break;
    case 1:
        (void)ask(w, w->admin, pick(c, 3) == 0 ? "tenant.suspend" : "tenant.resume", "name",
                  pick(c, 2) == 0 ? "acme" : "solo", "reason", "rent", NULL);
        break;
    case 2:
        (void)ask(w, w->admin, "badge.revoke", "uid", uids[pick(c, PERSONS)], "reason", "lost",
                  NULL);
        break;
    case 3:
        (void)ask(w, w->admin, "badge.add", "person", who, "uid", uids[pick(c, PERSONS)], "until",
                  "2026-03-20", NULL);
        break;
    case 4:
        (void)ask(w, w->admin, lane_verbs[pick(c, ARRAY_LEN(lane_verbs))], "lane",
                  lanes[pick(c, LANES)], "reason", "works", NULL);
        break;
    case 5:
        (void)ask(w, w->admin, pick(c, 2) == 0 ? "clearance.add" : "clearance.remove", "person",
                  who, "clearance", pick(c, 4) == 0 ? "boss" : "induction", "reason", "course",
                  NULL);
        break;
    case 6:
        (void)ask(w, w->admin, "ban.add", "who", who, "reason", "theft", "until", "2026-06-01",
                  "notice", "n-1", NULL);
        break;
    case 7:
        (void)ask(w, w->admin, "passback.forgive", "person", who, "reason", "checked", NULL);
        break;
    default:
        (void)ask(w, w->admin, "assignment.add", "person", who, "tenant",
                  pick(c, 2) == 0 ? "acme" : "beta", "shift", pick(c, 2) == 0 ? "day" : "night",
                  "from", "2026-03-01", "to", "2026-03-31", NULL);
        break;
    }
}

static void other_gate(struct campaign *c)
{
    if (pick(c, 2) == 0) {
        const char *lane = pick(c, c->limits ? 2 : 3) == 0 ? "b-out" : "b-in";
        c->shown_b = gate_badge(c->w, &c->b, lane, uids[pick(c, PERSONS)]);
        (void)snprintf(c->shown_lane_b, sizeof(c->shown_lane_b), "%s", lane);
    } else if (c->shown_b != 0) {
        (void)gate_passage(c->w, &c->b, c->shown_lane_b, c->shown_b,
                           pick(c, 4) == 0 ? PASSAGE_NOT_TAKEN : PASSAGE_PASSED);
        c->shown_b = 0;
    }
    world_turn(c->w);
}

/* Some come to the other gate at once, and none of them is through yet. */
static void crowd_comes(struct campaign *c)
{
    for (uint64_t persons = 1 + pick(c, 3); persons > 0; persons--) {
        (void)gate_badge(c->w, &c->b, "b-in", uids[pick(c, PERSONS)]);
    }
    world_turn(c->w);
}

void life_go_on(struct campaign *c)
{
    for (uint64_t steps = pick(c, 12); steps > 0; steps--) {
        world_pass(c->w, (int64_t)pick(c, 9) * SECOND_US);
        if (pick(c, 3) == 0) {
            rule(c);
        } else {
            other_gate(c);
        }
    }
    if (pick(c, 4) == 0) {
        world_pass(c->w, (int64_t)pick(c, 300) * MINUTE_US);
    }
    if (c->limits && pick(c, 3) == 0) {
        crowd_comes(c);
    }
}

void life_begin(struct campaign *c)
{
    make_park(c);
    hire(c);
}
