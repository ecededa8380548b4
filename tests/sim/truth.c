/* What must hold, against the simulation's own knowledge: who turned which arm when, who was let in
 * by whom, what was answered. Nothing here asks the engine for a count; its tables are only read to
 * be compared.
 *
 *   I1  what left a gate, and what the controller answered, is there for good; every turn that must
 *       be counted is counted in the end
 *   I2  no turn counts twice, none counts that was not made
 *   I3  at rest each gate's sequences are whole
 *   I11 a relay is only ever switched on for a grant, once
 *
 * The headcount (I4) is in counts.c; what opens a way in is in entries.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/facts/agent_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/agent.pb-c.h"
#include "schema/errors.h"
#include "schema/record.pb-c.h"
#include "tests/sim/alarms.h"
#include "tests/sim/list.h"
#include "tests/sim/replay.h"
#include "tests/sim/sim.h"

enum {
    GRANTS_KEPT = 8,
    SHOWS_END_US = 40 * 1000 * 1000, /* a gate that hung opens late */
};

struct turn {
    unsigned gate, lane, person;
    bool sure, tailgates, sensed, matched;
    bool late; /* on a grant that only the agent's memory knows, for its disk was full */
    int64_t made, sensed_wall;
};

struct seen_event {
    uint64_t key_low, key_high; /* gate and epoch, sequence; key_high 0: free */
    uint64_t bytes;             /* what it was, in short */
    uint32_t kind, passage, answer;
    bool open, late; /* handed over, and not answered */
    bool used;       /* a presentation that somebody went through with */
    unsigned lane, person, plate;
    int64_t captured;
    int64_t arrived; /* first, by the controller's clock */
    uint32_t of_epoch;
    uint64_t of_sequence;
    uint64_t order;
};

struct lane_truth {
    unsigned shown; /* the last person who showed a card here; PEOPLE_MAX: nobody */
    int64_t shown_at, pressed_at;
    uint64_t shown_sequence; /* of the gate's copy then */
    unsigned granted;        /* to whom the last grant went */
    int64_t granted_at;
    unsigned standing; /* grants that nobody used yet */
    unsigned shows;    /* that may still open for somebody */
    bool late;         /* the last grant was written nowhere */
    bool mixed;        /* ... and they are of several people: whose turn it is cannot be known */
    int64_t doubtful_until; /* it was held open */
    size_t *waiting;        /* turns that no event told of yet */
    size_t waiting_count, waiting_room;
    struct grant_id grants[GRANTS_KEPT];
    size_t grants_next;
};

static struct {
    struct turn *turns;
    size_t turn_count, turn_room;
    struct seen_event *events;
    size_t event_count, event_room;
    size_t open_count;
    struct lane_truth lanes[GATES_MAX][LANES_A_GATE];
    uint64_t (*early)[2]; /* passages whose presentation is not applied yet: key_low, key_high */
    size_t early_count, early_room;
    uint64_t *acked; /* indexes of events answered since the controller's last start */
    size_t acked_count, acked_room;
    bool wiped[GATES_MAX];
    uint32_t welcomed_epoch[GATES_MAX];
    uint64_t welcomed[GATES_MAX]; /* all up to there is known to be applied */
    uint64_t applied, grants, replayed;
} t;

/* --- events by their place --- */

static uint64_t hash_of(uint64_t low, uint64_t high)
{
    struct random random = {.state = low * UINT64_C(0x9e3779b97f4a7c15) ^ high};
    return random_next(&random);
}

static struct seen_event *slot_of(struct seen_event *events, size_t room, uint64_t low,
                                  uint64_t high)
{
    size_t i = hash_of(low, high) & (room - 1);
    while (events[i].key_high != 0 && (events[i].key_low != low || events[i].key_high != high)) {
        i = (i + 1) & (room - 1);
    }
    return &events[i];
}

static void grow_events(void)
{
    size_t room = t.event_room == 0 ? 4096 : 2 * t.event_room;
    struct seen_event *events = calloc(room, sizeof(*events));
    MUST(events != NULL);
    for (size_t i = 0; i < t.event_room; i++) {
        if (t.events[i].key_high != 0) {
            *slot_of(events, room, t.events[i].key_low, t.events[i].key_high) = t.events[i];
        }
    }
    free(t.events);
    t.events = events;
    t.event_room = room;
}

static struct seen_event *event_at(unsigned gate, uint32_t epoch, uint64_t sequence)
{
    if (2 * t.event_count >= t.event_room) {
        grow_events();
    }
    return slot_of(t.events, t.event_room, (uint64_t)gate << 32 | epoch, sequence);
}

/* --- arms --- */

void truth_reset(void)
{
    for (unsigned gate = 0; gate < GATES_MAX; gate++) {
        for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
            free(t.lanes[gate][lane].waiting);
        }
    }
    free(t.turns);
    free(t.events);
    free(t.acked);
    free(t.early);
    memset(&t, 0, sizeof(t));
    for (unsigned gate = 0; gate < GATES_MAX; gate++) {
        for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
            t.lanes[gate][lane].shown = PEOPLE_MAX;
        }
    }
}

unsigned truth_turned(unsigned gate, unsigned lane, unsigned person, bool sure, bool tailgates)
{
    if (t.turn_count == t.turn_room) {
        t.turn_room = t.turn_room == 0 ? 1024 : 2 * t.turn_room;
        t.turns = realloc(t.turns, t.turn_room * sizeof(t.turns[0]));
        MUST(t.turns != NULL);
    }
    struct lane_truth *truth = &t.lanes[gate][lane];
    if (truth->waiting_count == truth->waiting_room) {
        truth->waiting_room = truth->waiting_room == 0 ? 16 : 2 * truth->waiting_room;
        truth->waiting = realloc(truth->waiting, truth->waiting_room * sizeof(truth->waiting[0]));
        MUST(truth->waiting != NULL);
    }
    truth->waiting[truth->waiting_count++] = t.turn_count;
    truth->standing -= truth->standing > 0 ? 1 : 0;
    sim_note(tailgates ? "tailgates" : "turns", gate * LANES_A_GATE + lane, person);
    sure = sure && !truth->mixed && sim.now >= truth->doubtful_until;
    truth->shows -= truth->shows > 0 ? 1 : 0;
    truth->mixed = truth->mixed && truth->shows > 0;
    t.turns[t.turn_count] = (struct turn){.gate = gate,
                                          .lane = lane,
                                          .person = person,
                                          .sure = sure && !tailgates && person < PEOPLE_MAX,
                                          .tailgates = tailgates,
                                          .late = truth->late,
                                          .made = sim.now};
    return (unsigned)t.turn_count++;
}

void truth_sensed(unsigned gate, unsigned lane, struct wall at)
{
    const struct lane_truth *truth = &t.lanes[gate][lane];
    for (size_t i = 0; i < truth->waiting_count; i++) {
        struct turn *turn = &t.turns[truth->waiting[i]];
        if (!turn->sensed) {
            turn->sensed = true;
            turn->sensed_wall = at.us;
        }
    }
}

static void make_unsure(unsigned gate, bool seen_too)
{
    for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
        const struct lane_truth *truth = &t.lanes[gate][lane];
        for (size_t i = 0; i < truth->waiting_count; i++) {
            struct turn *turn = &t.turns[truth->waiting[i]];
            turn->sure = turn->sure && turn->sensed && !seen_too;
        }
    }
}

void truth_released(unsigned gate, unsigned lane)
{
    if (lane == 0) {
        sim_fail("I10", "fire opened the way in at gate %u", gate);
    }
    if (fires_count() == 0) {
        sim_fail("I11", "the way out at gate %u is held open, and nothing ever burned", gate);
    }
    t.lanes[gate][lane].doubtful_until = sim.now + SHOWS_END_US;
}

void truth_unseen(unsigned gate)
{
    make_unsure(gate, false);
}

void truth_unsure(unsigned gate)
{
    make_unsure(gate, true);
    for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
        t.lanes[gate][lane].standing = 0;
        t.lanes[gate][lane].doubtful_until = sim.now + SHOWS_END_US; /* grants are forgotten */
    }
}

void truth_agent_gone(unsigned gate)
{
    for (unsigned lane = 0; lane < LANES_A_GATE; lane++) {
        const struct lane_truth *truth = &t.lanes[gate][lane];
        for (size_t i = 0; i < truth->waiting_count; i++) {
            struct turn *turn = &t.turns[truth->waiting[i]];
            turn->sure = turn->sure && !turn->late;
        }
        if (truth->late) {
            t.lanes[gate][lane].mixed = true;
            t.lanes[gate][lane].shows++;
        }
    }
}

void truth_wiped(unsigned gate)
{
    truth_unsure(gate);
    t.wiped[gate] = true;
    for (size_t i = 0; i < t.event_room; i++) {
        struct seen_event *event = &t.events[i];
        if (event->key_high != 0 && event->key_low >> 32 == gate && event->open) {
            event->open = false; /* nobody will say it again */
            t.open_count--;
        }
    }
}

/* Somebody asks to go through: a grant may stand from now on. */
static void asks(struct lane_truth *truth, unsigned person)
{
    if (sim.now - truth->shown_at > SHOWS_END_US) {
        truth->shows = 0;
    }
    truth->mixed = truth->shows > 0 && (truth->mixed || truth->shown != person);
    truth->shows++;
    truth->shown = person;
    truth->shown_at = sim.now;
}

void truth_shown(unsigned gate, unsigned lane, unsigned person)
{
    asks(&t.lanes[gate][lane], person);
    t.lanes[gate][lane].shown_sequence = gate_copy_sequence(gate);
    sim_note("shows", gate * LANES_A_GATE + lane, person);
}

void truth_pressed(unsigned gate, unsigned lane)
{
    asks(&t.lanes[gate][lane], PEOPLE_MAX);
    t.lanes[gate][lane].pressed_at = sim.now;
    sim_note("presses", gate * LANES_A_GATE + lane, 0);
}

static bool was_given(const struct lane_truth *lane, struct grant_id grant)
{
    for (size_t i = 0; i < GRANTS_KEPT; i++) {
        if (grant.sequence != 0 && grant_id_equal(lane->grants[i], grant)) {
            return true;
        }
    }
    return false;
}

static struct entry_shown shown_at(const struct lane_truth *lane)
{
    return (struct entry_shown){.person = lane->shown,
                                .at = lane->shown_at,
                                .sequence = lane->shown_sequence,
                                .stands = lane->standing > 0 && lane->granted == lane->shown,
                                .granted_at = lane->granted_at};
}

void truth_refused(unsigned gate)
{
    struct entry_shown shown = shown_at(&t.lanes[gate][0]);
    entry_refused(gate, &shown);
}

void truth_pulsed(unsigned gate, unsigned lane_number, enum pulse_why why, struct grant_id grant)
{
    struct lane_truth *lane = &t.lanes[gate][lane_number];
    sim_note("opens", gate * LANES_A_GATE + lane_number, (uint64_t)why);
    bool unasked = why == PULSE_NEXT && lane->standing == 0 && sim.now >= lane->doubtful_until;
    if (why == PULSE_NONE || unasked) {
        sim_fail("I11", "lane %u of gate %u opened, and nobody had a grant", lane_number, gate);
    }
    if (why == PULSE_NEXT) {
        return;
    }
    if (why != PULSE_OPEN && (lane_number == 0 || sim.now - lane->pressed_at > 60 * SECOND)) {
        sim_fail("I11", "lane %u of gate %u opened for a button that nobody pressed", lane_number,
                 gate);
    }
    if (why != PULSE_ALONE && was_given(lane, grant)) {
        sim_fail("I11", "lane %u of gate %u opened twice for %u-%llu", lane_number, gate,
                 grant.epoch, (unsigned long long)grant.sequence);
    }
    if (lane_number == 0) {
        entry_opens(
            gate,
            &(struct entry_shown){.person = lane->shown,
                                  .at = lane->shown_at,
                                  .sequence = lane->shown_sequence,
                                  .stands = lane->standing > 0 && lane->granted == lane->shown,
                                  .granted_at = lane->granted_at},
            grant);
    }
    lane->granted = lane->shown;
    lane->granted_at = sim.now;
    lane->late = why != PULSE_ALONE && grant.epoch == GRANT_EPOCH_LATE;
    lane->grants[lane->grants_next++ % GRANTS_KEPT] = grant;
    lane->standing++;
    t.grants++;
}

/* --- the conversation --- */

static uint64_t short_of(struct bytes packed)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < packed.size; i++) {
        sum = (sum ^ packed.data[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static void note_event(struct seen_event *event, const Parkgate__Event *from)
{
    event->kind = from->kind;
    event->passage = from->passage;
    event->captured = from->captured_us;
    event->late = from->late;
    event->lane = strstr(from->lane, "-out") != NULL ? 1 : 0;
    event->person = person_by_uid(from->credential.data, from->credential.len);
    /* What is no plate of a normal form is told as it was read. */
    event->plate = from->credential.len > 0 ? plate_of(from->credential.data, from->credential.len)
                                            : plate_of(from->raw.data, from->raw.len);
    event->of_epoch = from->presentation_epoch != 0 ? from->presentation_epoch : from->epoch;
    event->of_sequence = from->presentation;
}

void truth_delivered(unsigned gate, struct bytes packed)
{
    Parkgate__Event *from = parkgate__event__unpack(NULL, packed.size, packed.data);
    if (from == NULL || from->sequence == 0) {
        sim_fail("wire", "gate %u sent an event that cannot be read", gate);
    }
    struct seen_event *event = event_at(gate, from->epoch, from->sequence);
    if (event->key_high == 0) {
        *event = (struct seen_event){.key_low = (uint64_t)gate << 32 | from->epoch,
                                     .key_high = from->sequence,
                                     .bytes = short_of(packed),
                                     .arrived = machine_wall(controller_machine()).us};
        note_event(event, from);
        t.event_count++;
    }
    if (event->bytes != short_of(packed)) {
        sim_fail("I1", "gate %u sent %u-%llu, and later something else in its place", gate,
                 from->epoch, (unsigned long long)from->sequence);
    }
    /* Of an epoch that the gate has left nothing is answered, nor said again. */
    bool waits = from->epoch >= t.welcomed_epoch[gate];
    if (event->answer != ANSWER_APPLIED && !event->open && waits) {
        event->open = true;
        t.open_count++;
    }
    parkgate__event__free_unpacked(from, NULL);
}

/* Takes the turn that an event tells of out of those that wait. */
static struct turn *turn_for(unsigned gate, const struct seen_event *event, unsigned person)
{
    struct lane_truth *truth = &t.lanes[gate][event->lane];
    for (size_t i = 0; i < truth->waiting_count; i++) {
        struct turn *turn = &t.turns[truth->waiting[i]];
        if (turn->sensed && turn->sensed_wall == event->captured &&
            (turn->person == person || !turn->sure)) {
            memmove(&truth->waiting[i], &truth->waiting[i + 1],
                    (--truth->waiting_count - i) * sizeof(truth->waiting[0]));
            return turn;
        }
    }
    return NULL;
}

/* What a gate's clock puts into the future happens when the controller works it off: between the
 * arrival and the answer, and at what moment only the controller knows. */
static int64_t time_of(unsigned gate, const struct seen_event *event)
{
    Parkgate__EventIndex *index = NULL;
    struct store_txn *txn = NULL;
    if (event->captured <= event->arrived) {
        return event->captured;
    }
    MUST(store_begin_read(controller_store(), &txn, NULL) == ERR_OK);
    if (agent_event(txn, BYTES_OF(gate_key(gate)->bytes), (uint32_t)event->key_low, event->key_high,
                    &index, NULL) != ERR_OK) {
        sim_fail("I1", "an event of gate %u was answered and is not there", gate);
    }
    int64_t at = index->captured_us;
    parkgate__event_index__free_unpacked(index, NULL);
    store_txn_destroy(&txn);
    if (at < event->arrived || at > machine_wall(controller_machine()).us) {
        sim_fail("I4", "a passage at gate %u is set to a time at which nobody heard of it", gate);
    }
    return at;
}

/* Live events overtake what waits: a passage may be told before whose it was. */
static void put_aside(const struct seen_event *event)
{
    if (t.early_count == t.early_room) {
        t.early_room = t.early_room == 0 ? 64 : 2 * t.early_room;
        t.early = realloc(t.early, t.early_room * sizeof(t.early[0]));
        MUST(t.early != NULL);
    }
    t.early[t.early_count][0] = event->key_low;
    t.early[t.early_count++][1] = event->key_high;
}

static void apply_passage(unsigned gate, struct seen_event *event)
{
    struct seen_event *presentation = event_at(gate, event->of_epoch, event->of_sequence);
    if (event->passage != PASSAGE_PASSED || event->of_sequence == 0) {
        return;
    }
    if (presentation->answer != ANSWER_APPLIED) {
        put_aside(event);
        return;
    }
    if (presentation->kind != EVENT_PRESENTATION) {
        return;
    }
    unsigned person = presentation->person;
    if (person == PEOPLE_MAX || person_of(person)->unknown || presentation->used) {
        return;
    }
    struct turn *turn = turn_for(gate, event, person);
    if (turn == NULL) {
        sim_fail("I2",
                 "gate %u reports a passage of person %u through lane %u that nobody made, or that "
                 "counted",
                 gate, person, event->lane);
    }
    turn->matched = true;
    presentation->used = true;
    counts_add(person, time_of(gate, event), t.applied, event->lane == 1);
}

/* The presentation is applied now: so are the passages that waited for it. */
static void apply_early(unsigned gate)
{
    size_t count = t.early_count;
    t.early_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct seen_event *event = slot_of(t.events, t.event_room, t.early[i][0], t.early[i][1]);
        if (t.early[i][0] >> 32 == gate) {
            apply_passage(gate, event);
        } else {
            put_aside(event);
        }
    }
}

void truth_answered(unsigned gate, uint32_t epoch, uint64_t sequence, uint32_t answer,
                    uint32_t error)
{
    if (sequence == 0 && answer == ANSWER_RETRY) {
        return; /* of no event: the gate is to say HELLO */
    }
    struct seen_event *event = event_at(gate, epoch, sequence);
    if (event->key_high == 0) {
        sim_fail("wire", "the controller answers %u-%llu of gate %u, which was never sent", epoch,
                 (unsigned long long)sequence, gate);
    }
    if (answer == ANSWER_RETRY) {
        return; /* it is said again; and it may be there already, by a commit before a crash */
    }
    if (event->open) {
        event->open = false;
        t.open_count--;
    }
    if (answer == ANSWER_REFUSED && error != ERROR_EVENT_POISON) {
        sim_fail("I1", "the controller refuses %u-%llu of gate %u, kind %u: error %u", epoch,
                 (unsigned long long)sequence, gate, event->kind, error);
    }
    if (answer == ANSWER_REFUSED) {
        truth_unsure(gate);
    }
    if (answer != ANSWER_APPLIED || event->answer == ANSWER_APPLIED) {
        return;
    }
    event->answer = ANSWER_APPLIED;
    event->order = ++t.applied;
    if (t.acked_count == t.acked_room) {
        t.acked_room = t.acked_room == 0 ? 1024 : 2 * t.acked_room;
        t.acked = realloc(t.acked, t.acked_room * 2 * sizeof(t.acked[0]));
        MUST(t.acked != NULL);
    }
    t.acked[2 * t.acked_count] = event->key_low;
    t.acked[2 * t.acked_count++ + 1] = event->key_high;
    if (event->kind == EVENT_PASSAGE) {
        apply_passage(gate, event);
    } else if (t.early_count > 0) {
        apply_early(gate);
    }
}

bool truth_read(unsigned gate, uint32_t epoch, uint64_t sequence, struct truth_read *ret)
{
    const struct seen_event *event = event_at(gate, epoch, sequence);
    if (event->key_high == 0) {
        return false;
    }
    *ret = (struct truth_read){.person = event->person,
                               .plate = event->plate,
                               .lane = event->lane,
                               .captured = event->captured};
    return true;
}

/* The gate says what waited under other places now. */
static void forget_open_before(unsigned gate, uint32_t epoch)
{
    for (size_t i = 0; i < t.event_room; i++) {
        struct seen_event *event = &t.events[i];
        if (event->key_high != 0 && event->open && event->key_low >> 32 == gate &&
            (uint32_t)event->key_low < epoch) {
            event->open = false;
            t.open_count--;
        }
    }
}

void truth_welcomed(unsigned gate, uint32_t epoch, uint64_t applied)
{
    uint64_t from = epoch == t.welcomed_epoch[gate] ? t.welcomed[gate] : 0;
    if (from == 0 && epoch > t.welcomed_epoch[gate]) {
        forget_open_before(gate, epoch);
    }
    for (uint64_t sequence = from + 1; sequence <= applied; sequence++) {
        const struct seen_event *event = event_at(gate, epoch, sequence);
        if (event->key_high != 0 && event->answer != ANSWER_APPLIED) {
            truth_answered(gate, epoch, sequence, ANSWER_APPLIED, 0);
        }
    }
    t.welcomed_epoch[gate] = epoch;
    t.welcomed[gate] = applied;
}

void truth_verdict(unsigned gate, uint32_t epoch, uint64_t sequence, uint32_t outcome)
{
    const struct seen_event *event = event_at(gate, epoch, sequence);
    if (event->key_high == 0 || event->lane != 0 || outcome != 2) {
        return;
    }
    entry_granted(gate, event->person);
}

/* --- answers that stand --- */

void truth_check(void)
{
    if (t.open_count == 0 && counts_are_new() && controller_store() != NULL) {
        counts_check(true);
    }
}

static void must_be_applied(struct store_txn *txn, uint64_t key_low, uint64_t sequence)
{
    Parkgate__EventIndex *index = NULL;
    unsigned gate = (unsigned)(key_low >> 32);
    if (agent_event(txn, BYTES_OF(gate_key(gate)->bytes), (uint32_t)key_low, sequence, &index,
                    NULL) != ERR_OK) {
        sim_fail("I1", "the controller had answered %u-%llu of gate %u, and has it no more",
                 (uint32_t)key_low, (unsigned long long)sequence, gate);
    }
    parkgate__event_index__free_unpacked(index, NULL);
}

void truth_controller_back(void)
{
    struct store_txn *txn = NULL;
    MUST(store_begin_read(controller_store(), &txn, NULL) == ERR_OK);
    for (size_t i = 0; i < t.acked_count; i++) {
        must_be_applied(txn, t.acked[2 * i], t.acked[2 * i + 1]);
    }
    store_txn_destroy(&txn);
    t.acked_count = 0;
}

/* --- the end --- */

static void check_sequences(struct store_txn *txn, unsigned gate)
{
    struct gate_facts facts;
    uint64_t up_to = 0;
    if (!gate_look(gate, &facts)) {
        sim_fail("rest", "gate %u does not run", gate);
    }
    if (agent_applied_up_to(txn, BYTES_OF(gate_key(gate)->bytes), facts.epoch, &up_to, NULL) !=
            ERR_OK ||
        up_to != facts.last_sequence) {
        sim_fail("I3", "gate %u has events up to %u-%llu, the controller without a gap up to %llu",
                 gate, facts.epoch, (unsigned long long)facts.last_sequence,
                 (unsigned long long)up_to);
    }
}

bool truth_is_settled(void)
{
    return t.open_count == 0;
}

void truth_say_open(void)
{
    for (size_t i = 0; i < t.event_room; i++) {
        const struct seen_event *event = &t.events[i];
        if (event->key_high != 0 && event->open) {
            (void)printf("open: %u-%llu of gate %u, kind %u, arrived %.6f s\n",
                         (unsigned)event->key_low, (unsigned long long)event->key_high,
                         (unsigned)(event->key_low >> 32), event->kind,
                         (double)(event->arrived - sim.began) / 1e6);
        }
    }
}

void truth_end(void)
{
    struct store_txn *txn = NULL;
    for (size_t i = 0; i < t.turn_count; i++) {
        const struct turn *turn = &t.turns[i];
        if (turn->sure && !turn->matched) {
            sim_fail(
                "I1",
                "person %u went through lane %u of gate %u at %.6f s, and it was never counted",
                turn->person, turn->lane, turn->gate, (double)(turn->made - sim.began) / 1e6);
        }
    }
    counts_check(false);
    alarms_end();
    candidates_end();
    MUST(store_begin_read(controller_store(), &txn, NULL) == ERR_OK);
    for (size_t i = 0; i < t.event_room; i++) {
        if (t.events[i].key_high != 0 && t.events[i].answer == ANSWER_APPLIED) {
            must_be_applied(txn, t.events[i].key_low, t.events[i].key_high);
        }
    }
    for (unsigned gate = 0; gate < sim.plan.gates; gate++) {
        check_sequences(txn, gate);
    }
    store_txn_destroy(&txn);
    t.replayed = replay_check(controller_store());
    struct journal_place head = controller_head();
    uint64_t hash = 0;
    memcpy(&hash, head.hash, sizeof(hash));
    sim_note("journal", head.sequence, hash);
}

const char *truth_counts(void)
{
    static char text[800];
    (void)snprintf(text, sizeof(text),
                   "%zu turns, %llu grants (%llu entries by gates alone), %llu fires, %llu events, "
                   "%llu comparisons, %llu entries replayed, %s",
                   t.turn_count, (unsigned long long)t.grants, (unsigned long long)entries_alone(),
                   (unsigned long long)fires_count(), (unsigned long long)t.applied,
                   (unsigned long long)counts_checks(), (unsigned long long)t.replayed,
                   list_counts());
    return text;
}
