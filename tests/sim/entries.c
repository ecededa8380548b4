/* What must hold when a way in opens: of everybody, and of who was let in by a gate that was alone.
 *
 *   I5  a revoked badge opens no gate whose line works for 2 s, and none after its lease
 *   I8  no entry opens for somebody who has no valid badge, or has shown none; a gate that is alone
 * is never laxer than what the controller knew at the copy's sequence and what the gate did since;
 *       it lets nobody in when its lease is over, or when it was started and has not heard the
 * time; and while nothing else is wrong it goes on letting in whom it knows I9  what opens an entry
 * is on the gate's disk before I10 nothing opens an entry in a fire
 */
#include "tests/sim/list.h"
#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum { SHOWN_US = 8 * 1000 * 1000, REVOKED_US = 2 * 1000 * 1000, STANDS_US = 4 * 1000 * 1000 };
/* A clock that is trusted may be off by so much, and drift. */
#define CLOCK_US   (7 * SECOND)
#define TRUSTED_US (2 * SECOND)
#define SETTLES_US (15 * SECOND)
/* A clock that jumped to and fro may have shortened a lease by so much. */
#define JUMPS_US (45 * MINUTE)

static struct {
    uint64_t entries, alone;
} e;

void entries_reset(void)
{
    e.entries = e.alone = 0;
}

uint64_t entries_alone(void)
{
    return e.alone;
}

int64_t entries_lease_us(void)
{
    static const int64_t hours[] = {24, 1, 2};
    return hours[sim.plan.seed % 3] * HOUR;
}

static void check_revoked(unsigned gate, const struct entry_shown *shown)
{
    const struct person *person = person_of(shown->person);
    int64_t since = wire_up_since(gate);
    bool online = since != INT64_MAX && since < shown->at - REVOKED_US &&
                  controller_machine()->stalled_until < person->revoked_at;
    if (online && person->revoked_at != INT64_MAX && shown->at - person->revoked_at > REVOKED_US) {
        sim_fail("I5",
                 "gate %u let in person %u, whose badge was revoked %.3f s before; its line worked "
                 "for %.3f s",
                 gate, shown->person, (double)(shown->at - person->revoked_at) / 1e6,
                 (double)(sim.now - since) / 1e6);
    }
}

/* It was the gate's own verdict. */
static void check_alone(unsigned gate, const struct entry_shown *shown)
{
    int64_t heard = wire_heard_at(gate);
    const char *why = roster_forbids(shown->person, gate, shown->sequence);
    const struct person *person = person_of(shown->person);
    e.alone++;
    if (why != NULL) {
        sim_fail("I8", "gate %u, alone with a copy of %llu, let in person %u, %s", gate,
                 (unsigned long long)shown->sequence, shown->person, why);
    }
    if (shown->at - heard > entries_lease_us() + CLOCK_US) {
        sim_fail("I8", "gate %u let in person %u, and its lease was over: alone for %.0f s", gate,
                 shown->person, (double)(shown->at - heard) / 1e6);
    }
    if (heard < gate_machine(gate)->booted) {
        sim_fail("I8", "gate %u let in person %u, and does not know what time it is", gate,
                 shown->person);
    }
    if (shown->at - CLOCK_US > person->ends) {
        sim_fail("I8", "gate %u let in person %u, whose badge ended %.0f s before", gate,
                 shown->person, (double)(shown->at - person->ends) / 1e6);
    }
    if (list_asks_at_gate(shown->person, shown->sequence, shown->at)) {
        sim_fail("I7", "gate %u, alone with a copy of %llu, let in person %u, who is to be asked",
                 gate, (unsigned long long)shown->sequence, shown->person);
    }
    if (shown->stands && shown->at - shown->granted_at < STANDS_US) {
        sim_fail("I8", "gate %u, alone, opened twice for person %u, who went through once", gate,
                 shown->person);
    }
}

void entry_opens(unsigned gate, const struct entry_shown *shown, struct grant_id grant)
{
    if (fire_shuts(gate)) {
        sim_fail("I10", "the way in at gate %u opened in a fire", gate);
    }
    if (shown->person >= PEOPLE_MAX || sim.now - shown->at > SHOWN_US) {
        sim_fail("I8", "the way in at gate %u opened, and nobody had shown a card", gate);
    }
    if (person_of(shown->person)->unknown) {
        sim_fail("I8", "the way in at gate %u opened for a card that nobody knows", gate);
    }
    check_revoked(gate, shown);
    struct gate_decision decision = gate_decision_of(gate, grant);
    e.entries++;
    if (decision.dead) {
        return;
    }
    if (!decision.found || !decision.acted || decision.outcome != 2) {
        sim_fail("I9",
                 "the way in at gate %u opened for %u-%llu before that was on its disk (%d %d %u)",
                 gate, grant.epoch, (unsigned long long)grant.sequence, decision.found,
                 decision.acted, decision.outcome);
    }
    if (decision.own) {
        check_alone(gate, shown);
    }
}

/* Nothing is wrong but that nobody answers. */
static bool is_well(unsigned gate, int64_t since)
{
    const struct machine *machine = gate_machine(gate);
    int64_t off = machine_wall(machine).us - sim.now;
    return gate_up_since(gate) < since - SETTLES_US && machine->booted < wire_heard_at(gate) &&
           machine->sick_until < since && machine->stalled_until < since - SETTLES_US &&
           off < TRUSTED_US && off > -TRUSTED_US && fires_count() == 0 &&
           outer_board_whole_since(gate) < since - SETTLES_US;
}

/* A gate alone goes on: whom the controller would let in, it lets in while its lease holds. */
void entry_refused(unsigned gate, const struct entry_shown *shown)
{
    int64_t alone_us = shown->at - wire_heard_at(gate);
    if (shown->person >= PEOPLE_MAX || !is_well(gate, shown->at) || shown->sequence == 0) {
        return;
    }
    const struct person *person = person_of(shown->person);
    bool just_was = shown->granted_at != 0 && shown->at - shown->granted_at < MINUTE;
    if (person->unknown || person->ends < sim.now + HOUR || just_was ||
        roster_touched(shown->person, gate) || list_may_ask_at_gate(shown->person, shown->at)) {
        return;
    }
    if (alone_us > SETTLES_US && alone_us < entries_lease_us() - JUMPS_US) {
        sim_fail("I8", "gate %u, alone for %.0f s, does not let in person %u", gate,
                 (double)alone_us / 1e6, shown->person);
    }
}

void entry_granted(unsigned gate, unsigned number)
{
    const struct person *person = number < PEOPLE_MAX ? person_of(number) : NULL;
    if (person == NULL || person->unknown) {
        sim_fail("I8", "the controller grants an entry at gate %u to person %u", gate, number);
    }
    const char *why = roster_forbids(number, gate, UINT64_MAX);
    if (why != NULL) {
        sim_fail("I8", "the controller grants an entry at gate %u to person %u, %s", gate, number,
                 why);
    }
    if (sim.now - SECOND > person->ends) {
        sim_fail("I8", "the controller grants an entry at gate %u to person %u, whose badge ended",
                 gate, number);
    }
}
