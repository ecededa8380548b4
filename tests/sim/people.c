/* People: they come, show their cards, turn the arm or do not, stay, and leave. One at a time at a
 * lane: who does not go after all keeps it until a grant of his would have ended, so that a turn is
 * always known to be of him who made it. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum {
    STRANGERS_PER_MILLE = 20,
    OPEN_WAIT_US = 4 * 1000 * 1000,
    LOOK_US = 50 * 1000,
    LANE_KEPT_US = 7 * 1000 * 1000,
    TRIES = 3,
    BOARD_BACK_US = 9 * 1000 * 1000,
};

struct visit {
    unsigned gate, lane, tries;
    int64_t give_up;
    bool pressed;
};

static struct {
    struct person people[PEOPLE_MAX];
    struct visit visits[PEOPLE_MAX];
    unsigned count;
    int64_t lane_kept[GATES_MAX][LANES_A_GATE]; /* until then somebody stands in it */
    struct random chance;
} p;

unsigned people_count(void)
{
    return p.count;
}

struct person *person_of(unsigned number)
{
    MUST(number < p.count);
    return &p.people[number];
}

static void make_uid(unsigned number, uint8_t uid[4])
{
    uid[0] = 0x5a;
    uid[1] = (uint8_t)(number >> 16);
    uid[2] = (uint8_t)(number >> 8);
    uid[3] = (uint8_t)number;
}

void person_uid(unsigned number, char out[16])
{
    const uint8_t *uid = p.people[number].uid;
    (void)snprintf(out, 16, "%02x%02x%02x%02x", uid[0], uid[1], uid[2], uid[3]);
}

bool person_has_id(unsigned number)
{
    return !p.people[number].unknown && number % 2 == 0;
}

/* Born one day after the other; the check character as GB 11643 has it. */
void person_id(unsigned number, char out[20])
{
    static const unsigned weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    (void)snprintf(out, 20, "330106%04u%02u%02u%03u", 1960 + number / 336 % 40,
                   1 + number / 28 % 12, 1 + number % 28, 100 + number % 800);
    for (size_t i = 0; i < 17; i++) {
        sum += weights[i] * (unsigned)(out[i] - '0');
    }
    out[17] = "10X98765432"[sum % 11];
    out[18] = '\0';
}

unsigned person_by_uid(const uint8_t *uid, size_t size)
{
    if (size != 4 || uid[0] != 0x5a) {
        return PEOPLE_MAX;
    }
    unsigned number = (unsigned)uid[1] << 16 | (unsigned)uid[2] << 8 | uid[3];
    return number < p.count ? number : PEOPLE_MAX;
}

void people_reset(void)
{
    memset(&p, 0, sizeof(p));
    p.chance.state = sim.plan.seed ^ UINT64_C(0x70656f706c65);
}

static void enter_in_the_roster(unsigned number)
{
    struct person *person = &p.people[number];
    char uid[16];
    char name[32];
    char id[20];
    const char *tenant = person->tenant == 0 ? "acme" : "beta";
    (void)snprintf(name, sizeof(name), "Person %u", number);
    person_uid(number, uid);
    person_id(number, id);
    unsigned error = controller_ask("person", person->handle, sizeof(person->handle), "person.add",
                                    "tenant", tenant, "kind", "staff", "name", name,
                                    person_has_id(number) ? "id_number" : NULL, id, NULL);
    error = error != 0 ? error
                       : controller_ask(NULL, NULL, 0, "badge.add", "person", person->handle, "uid",
                                        uid, person->ends == INT64_MAX ? NULL : "until",
                                        FIRST_NIGHT_DATE, NULL);
    error = error != 0 ? error
                       : controller_ask(NULL, NULL, 0, "assignment.add", "person", person->handle,
                                        "tenant", tenant, "shift", person->night ? "night" : "day",
                                        "from", "2026-02-20", "to", "2026-12-31", NULL);
    if (error != 0) {
        sim_fail("start", "person %u: error %u", number, error);
    }
}

/* --- one visit to a lane --- */

static void come(void *ctx, uint64_t number, uint64_t b);
static void show(void *ctx, uint64_t number, uint64_t b);

static void next_visit(unsigned number, int64_t after)
{
    sim_after(after, come, NULL, number, 0);
}

static int64_t stay(void)
{
    if (sim.plan.rush) {
        return random_between(&p.chance, 20 * SECOND, 12 * MINUTE);
    }
    return random_between(&p.chance, 30 * MINUTE, 9 * HOUR);
}

static void end_visit(unsigned number, bool went)
{
    struct person *person = &p.people[number];
    const struct visit *visit = &p.visits[number];
    if (went) {
        person->inside = visit->lane == 0;
    } else {
        p.lane_kept[visit->gate][visit->lane] = sim.now + LANE_KEPT_US;
    }
    next_visit(number, stay());
}

static void walk(void *ctx, uint64_t number, uint64_t b)
{
    const struct visit *visit = &p.visits[number];
    (void)ctx;
    (void)b;
    if (!arm_is_free(visit->gate, visit->lane)) {
        end_visit((unsigned)number, false);
        return;
    }
    /* Who pressed the button is nobody for the lane. */
    unsigned known = visit->pressed ? PEOPLE_MAX : (unsigned)number;
    arm_turn(visit->gate, visit->lane, known, true, false);
    if (random_chance(&p.chance, 10)) {
        arm_turn(visit->gate, visit->lane, PEOPLE_MAX, false, true);
    }
    p.lane_kept[visit->gate][visit->lane] =
        sim.now + random_between(&p.chance, 300 * MS, 1500 * MS);
    end_visit((unsigned)number, true);
}

/* He pressed the button, and nothing happened. */
static void check_way_out(const struct visit *visit)
{
    int64_t whole = outer_board_whole_since(visit->gate);
    if (whole != INT64_MAX && whole < visit->give_up - OPEN_WAIT_US - BOARD_BACK_US) {
        sim_fail("I10", "nobody gets out at gate %u, and its board works", visit->gate);
    }
}

static void look(void *ctx, uint64_t number, uint64_t b)
{
    struct visit *visit = &p.visits[number];
    (void)ctx;
    (void)b;
    p.lane_kept[visit->gate][visit->lane] = sim.now + LANE_KEPT_US;
    if (arm_is_free(visit->gate, visit->lane)) {
        if (random_chance(&p.chance, 50)) {
            end_visit((unsigned)number, false);
        } else {
            sim_after(random_between(&p.chance, 200 * MS, 1500 * MS), walk, NULL, number, 0);
        }
        return;
    }
    if (sim.now < visit->give_up) {
        sim_after(LOOK_US, look, NULL, number, 0);
        return;
    }
    bool out = visit->lane == 1;
    if (++visit->tries < TRIES && random_chance(&p.chance, out ? 950 : 400)) {
        sim_after(random_between(&p.chance, 100 * MS, 2 * SECOND), show, NULL, number, 0);
    } else if (out && !visit->pressed) {
        visit->pressed = true;
        /* A grant that came too late for him must be over first: it would be told as his passage.
         */
        visit->give_up = sim.now + OPEN_WAIT_US + LANE_KEPT_US;
        sim_after(LANE_KEPT_US, show, NULL, number, 0);
    } else {
        if (out) {
            check_way_out(visit);
        } else {
            truth_refused(visit->gate);
        }
        end_visit((unsigned)number, false);
    }
}

static void show(void *ctx, uint64_t number, uint64_t b)
{
    struct visit *visit = &p.visits[number];
    const struct person *person = &p.people[number];
    (void)ctx;
    (void)b;
    p.lane_kept[visit->gate][visit->lane] = sim.now + LANE_KEPT_US;
    if (visit->pressed) {
        truth_pressed(visit->gate, visit->lane);
        arm_press(visit->gate, visit->lane);
        visit->give_up = sim.now + OPEN_WAIT_US;
    } else {
        truth_shown(visit->gate, visit->lane, (unsigned)number);
        gate_show_card(visit->gate, visit->lane, person->uid, sizeof(person->uid));
        if (random_chance(&p.chance, 60)) { /* the card bounces */
            truth_shown(visit->gate, visit->lane, (unsigned)number);
            gate_show_card(visit->gate, visit->lane, person->uid, sizeof(person->uid));
        }
        visit->give_up = sim.now + OPEN_WAIT_US;
    }
    sim_after(LOOK_US, look, NULL, number, 0);
}

static void come(void *ctx, uint64_t number, uint64_t b)
{
    struct visit *visit = &p.visits[number];
    const struct person *person = &p.people[number];
    (void)ctx;
    if (sim.healing) {
        return;
    }
    if (b == 0) {
        *visit = (struct visit){.gate = (unsigned)random_below(&p.chance, sim.plan.gates),
                                .lane = person->inside ? 1 : 0,
                                .pressed = person->inside && random_chance(&p.chance, 40)};
    }
    if (sim.now < p.lane_kept[visit->gate][visit->lane]) {
        sim_at(p.lane_kept[visit->gate][visit->lane] + random_between(&p.chance, MS, SECOND), come,
               NULL, number, 1);
        return;
    }
    show(NULL, number, 0);
}

/* --- all of them --- */

void people_begin(void)
{
    p.count = sim.plan.people;
    for (unsigned i = 0; i < p.count; i++) {
        struct person *person = &p.people[i];
        *person = (struct person){.tenant = (unsigned)random_below(&p.chance, 2),
                                  .night = random_chance(&p.chance, 300),
                                  .revoked_at = INT64_MAX,
                                  .ends = random_chance(&p.chance, 80) ? FIRST_NIGHT : INT64_MAX,
                                  .unknown = random_chance(&p.chance, STRANGERS_PER_MILLE)};
        make_uid(i, person->uid);
        if (!person->unknown) {
            enter_in_the_roster(i);
        }
        int64_t first = sim.plan.rush ? 5 * MINUTE : 10 * HOUR;
        sim_after(random_between(&p.chance, SECOND, first), come, NULL, i, 0);
    }
}
