/* The operator, and what he forbade: of every change the journal's sequence is kept, so that it can
 * be said of any gate's copy whom it must not let in. Asks nothing of the engine but yes or no. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { AGAIN_S = 10 };

enum state { ALLOWED, FORBIDDEN, UNKNOWN };

/* What is known of a person's badge, a person, an entry, a tenant from a sequence on. */
struct change {
    enum forbidding what;
    unsigned number;
    enum state state;
    uint64_t sequence;
};

static struct {
    struct change *changes;
    size_t count, room;
    bool asked_for[FORBIDS_LANE + 1][PEOPLE_MAX]; /* once at least; the answer may be lost */
    uint64_t asked;
    struct random chance;
} r;

void roster_reset(void)
{
    free(r.changes);
    memset(&r, 0, sizeof(r));
    r.chance.state = sim.plan.seed ^ UINT64_C(0x726f73746572);
}

static void add(enum forbidding what, unsigned number, enum state state)
{
    if (r.count == r.room) {
        r.room = r.room == 0 ? 64 : 2 * r.room;
        r.changes = realloc(r.changes, r.room * sizeof(r.changes[0]));
        MUST(r.changes != NULL);
    }
    r.changes[r.count++] = (struct change){
        .what = what, .number = number, .state = state, .sequence = controller_head().sequence};
}

static enum state state_at(enum forbidding what, unsigned number, uint64_t sequence)
{
    enum state state = ALLOWED;
    for (size_t i = 0; i < r.count && r.changes[i].sequence <= sequence; i++) {
        if (r.changes[i].what == what && r.changes[i].number == number) {
            state = r.changes[i].state;
        }
    }
    return state;
}

const char *roster_forbids(unsigned person, unsigned gate, uint64_t sequence)
{
    if (state_at(FORBIDS_BADGE, person, sequence) == FORBIDDEN) {
        return "whose badge was revoked";
    }
    if (state_at(FORBIDS_PERSON, person, sequence) == FORBIDDEN) {
        return "who was suspended";
    }
    if (state_at(FORBIDS_TENANT, person_of(person)->tenant, sequence) == FORBIDDEN) {
        return "whose tenant was suspended";
    }
    return state_at(FORBIDS_LANE, gate, sequence) == FORBIDDEN ? "through a lane that was locked"
                                                               : NULL;
}

bool roster_touched(unsigned person, unsigned gate)
{
    return r.asked_for[FORBIDS_BADGE][person] || r.asked_for[FORBIDS_PERSON][person] ||
           r.asked_for[FORBIDS_TENANT][person_of(person)->tenant] ||
           r.asked_for[FORBIDS_LANE][gate];
}

uint64_t roster_last_sequence(void)
{
    return r.count == 0 ? 0 : r.changes[r.count - 1].sequence;
}

/* --- asking --- */

static const char *const reason = "lost";

static unsigned say(enum forbidding what, unsigned number, bool forbid)
{
    char lane[16];
    char uid[16];
    switch (what) {
    case FORBIDS_PERSON:
        return controller_ask(NULL, NULL, 0, forbid ? "person.suspend" : "person.resume", "person",
                              person_of(number)->handle, "reason", reason, NULL);
    case FORBIDS_TENANT:
        return controller_ask(NULL, NULL, 0, forbid ? "tenant.suspend" : "tenant.resume", "name",
                              number == 0 ? "acme" : "beta", "reason", reason, NULL);
    case FORBIDS_LANE:
        (void)snprintf(lane, sizeof(lane), "g%u-in", number);
        return controller_ask(NULL, NULL, 0, forbid ? "lane.lock" : "lane.normal", "lane", lane,
                              "reason", reason, NULL);
    default:
        person_uid(number, uid);
        return controller_ask(NULL, NULL, 0, "badge.revoke", "uid", uid, "reason", reason, NULL);
    }
}

static void change(void *ctx, uint64_t what_number, uint64_t forbid)
{
    enum forbidding what = (enum forbidding)(what_number >> 32);
    unsigned number = (unsigned)what_number;
    (void)ctx;
    if (sim.healing) {
        return;
    }
    if (forbid == 0 && state_at(what, number, UINT64_MAX) == FORBIDDEN) {
        add(what, number, UNKNOWN); /* it may be done, and the answer lost */
    }
    r.asked_for[what][number] = true;
    if (say(what, number, forbid != 0) != 0) {
        sim_after(AGAIN_S * SECOND, change, NULL, what_number, forbid);
        return;
    }
    add(what, number, forbid != 0 ? FORBIDDEN : ALLOWED);
    sim_note(forbid != 0 ? "forbidden" : "allowed", what_number, controller_head().sequence);
    if (what == FORBIDS_BADGE) {
        person_of(number)->revoked_at = sim.now;
    } else if (forbid != 0) {
        sim_after(random_between(&r.chance, 10 * SECOND, 20 * MINUTE), change, NULL, what_number,
                  0);
    }
}

static void plan(enum forbidding what, unsigned number)
{
    sim_after(random_between(&r.chance, MINUTE, sim.plan.hours * HOUR), change, NULL,
              (uint64_t)what << 32 | number, 1);
}

void roster_begin(void)
{
    for (unsigned i = 0; i < people_count(); i++) {
        if (person_of(i)->unknown) {
            continue;
        }
        if (random_chance(&r.chance, 60)) {
            plan(FORBIDS_BADGE, i);
        } else if (random_chance(&r.chance, 60)) {
            plan(FORBIDS_PERSON, i);
        }
    }
    if (random_chance(&r.chance, 200)) {
        plan(FORBIDS_TENANT, (unsigned)random_below(&r.chance, 2));
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (random_chance(&r.chance, 100)) {
            plan(FORBIDS_LANE, i);
        }
    }
}
