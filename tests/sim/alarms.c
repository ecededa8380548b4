/* Alerts, as they must be carried to their ends: a machine of its own, moved by what the journal
 * tells, and compared with every record that it holds.
 *
 *   no step is skipped, none made twice, none that nobody asked for; a repeat is counted, and a
 *   second alert of one cause never stands beside the first; a limit that passed tells the next
 *   one, and not before; what a guard was told is done is there
 */
#include "tests/sim/alarms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/facts/people_store.h"

/* As the park file says nothing else. */
enum { LEVELS = 2, AGAIN_S = 60, LAPSE_S = 600 };
static const int64_t limits[] = {
    [ALERT_RAISED] = 60, [ALERT_ACKNOWLEDGED] = 180, [ALERT_DISPATCHED] = 300, [ALERT_CLOSED] = 0};

static struct {
    struct alarm *items;
    size_t count, room;
    uint64_t raised, steps, escalated, lapsed;
} a;

void alarms_reset(void)
{
    free(a.items);
    memset(&a, 0, sizeof(a));
}

size_t alarms_count(void)
{
    return a.count;
}

struct alarm *alarm_at(size_t place)
{
    MUST(place < a.count);
    return &a.items[place];
}

static struct alarm *alarm_of(uint64_t number)
{
    for (size_t i = a.count; i-- > 0;) {
        if (a.items[i].number == number) {
            return &a.items[i];
        }
    }
    return NULL;
}

/* The newest of a cause. */
static struct alarm *alarm_of_cause(const char *fold)
{
    for (size_t i = a.count; i-- > 0;) {
        if (strcmp(a.items[i].fold, fold) == 0) {
            return &a.items[i];
        }
    }
    return NULL;
}

/* --- what time and steps do --- */

static void set_due(struct alarm *alarm, int64_t from)
{
    int64_t limit = alarm->state <= ALERT_DISPATCHED ? limits[alarm->state] : 0;
    int64_t lapses = alarm->raised + LAPSE_S * SECOND;
    alarm->due = limit > 0 ? from + limit * SECOND : 0;
    if (alarm->candidate && alarm->state < ALERT_CONFIRMED &&
        (alarm->due == 0 || lapses < alarm->due)) {
        alarm->due = lapses;
    }
}

static void enter(struct alarm *alarm, uint32_t state, int64_t at)
{
    alarm->state = state;
    set_due(alarm, at);
    if (state == ALERT_CLOSED) {
        alarm->closed = at;
    }
}

static void escalate(struct alarm *alarm, int64_t at)
{
    if (alarm->due == 0 || at < alarm->due || alarm->state > ALERT_DISPATCHED) {
        sim_fail("alert", "%llu was escalated, and no limit of it passed",
                 (unsigned long long)alarm->number);
    }
    alarm->level += alarm->level + 1 < LEVELS;
    set_due(alarm, at);
    if (alarm->level + 1 >= LEVELS) {
        alarm->due = alarm->candidate ? alarm->raised + LAPSE_S * SECOND : 0;
    }
    a.escalated++;
}

static void lapse(struct alarm *alarm, int64_t at)
{
    if (!alarm->candidate || alarm->state >= ALERT_CONFIRMED ||
        at < alarm->raised + LAPSE_S * SECOND) {
        sim_fail("alert", "%llu lapsed, and is none that may", (unsigned long long)alarm->number);
    }
    alarm->decision = ALERT_HAS_LAPSED;
    enter(alarm, ALERT_CLOSED, at);
    alarm->due = 0;
    a.lapsed++;
}

/* --- persons --- */

static const struct {
    uint32_t step, from, to;
} ways[] = {
    {ALERT_STEP_ACKNOWLEDGE, ALERT_RAISED,       ALERT_ACKNOWLEDGED},
    {ALERT_STEP_DISPATCH,    ALERT_ACKNOWLEDGED, ALERT_DISPATCHED  },
    {ALERT_STEP_CONFIRM,     ALERT_DISPATCHED,   ALERT_CONFIRMED   },
    {ALERT_STEP_REJECT,      ALERT_DISPATCHED,   ALERT_REJECTED    },
    {ALERT_STEP_CLOSE,       ALERT_CONFIRMED,    ALERT_CLOSED      },
    {ALERT_STEP_CLOSE,       ALERT_REJECTED,     ALERT_CLOSED      },
};

bool alarm_may(const struct alarm *alarm, uint32_t step)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i].step == step && ways[i].from == alarm->state) {
            return true;
        }
    }
    return false;
}

static void go(struct alarm *alarm, const Parkgate__AlertEntry *entry, int64_t at)
{
    if (!alarm->asked[entry->step] || entry->person[0] == '\0') {
        sim_fail("alert", "step %u of %llu was made, and nobody asked for it", entry->step,
                 (unsigned long long)alarm->number);
    }
    alarm->asked[entry->step] = alarm->claimed[entry->step] = false;
    a.steps++;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i].step != entry->step || ways[i].from != alarm->state) {
            continue;
        }
        enter(alarm, ways[i].to, at);
        if (ways[i].to == ALERT_CONFIRMED || ways[i].to == ALERT_REJECTED) {
            alarm->decision = ways[i].to == ALERT_CONFIRMED ? ALERT_IS_TRUE : ALERT_IS_FALSE;
        }
        if (ways[i].to == ALERT_REJECTED && alarm->candidate) {
            alarm->state = ALERT_CLOSED;
            alarm->closed = at;
        }
        return;
    }
    sim_fail("alert", "step %u of %llu was made in state %u: one is skipped", entry->step,
             (unsigned long long)alarm->number, alarm->state);
}

/* --- raised and repeated --- */

static bool counts_again(const struct alarm *alarm, bool lasting, int64_t at)
{
    return alarm->state != ALERT_CLOSED || (!lasting && at < alarm->closed + AGAIN_S * SECOND);
}

static struct alarm *raise(const Parkgate__Entry *entry, const Parkgate__AlertRecord *record)
{
    const struct alarm *before = alarm_of_cause(record->fold);
    if (before != NULL && counts_again(before, record->lasting, entry->time_us)) {
        sim_fail("alert", "%s stands twice: %llu and %llu", record->fold,
                 (unsigned long long)before->number, (unsigned long long)record->number);
    }
    if (record->number != entry->sequence) {
        sim_fail("alert", "%llu was raised by entry %llu", (unsigned long long)record->number,
                 (unsigned long long)entry->sequence);
    }
    if (a.count == a.room) {
        a.room = a.room == 0 ? 64 : 2 * a.room;
        a.items = realloc(a.items, a.room * sizeof(a.items[0]));
        MUST(a.items != NULL);
    }
    struct alarm *alarm = &a.items[a.count++];
    *alarm = (struct alarm){.number = record->number,
                            .candidate = record->candidate,
                            .lasting = record->lasting,
                            .count = 1,
                            .raised = entry->time_us};
    (void)snprintf(alarm->fold, sizeof(alarm->fold), "%s", record->fold);
    (void)snprintf(alarm->gate, sizeof(alarm->gate), "%s", record->gate);
    alarm->label = record->label != 0 ? record->label : record->number;
    for (size_t i = 0; i + 1 < a.count; i++) {
        if (a.items[i].label == alarm->label) {
            sim_fail("alert", "two are told as %llu", (unsigned long long)alarm->label);
        }
    }
    alarm->subject = people_handle(&record->subject);
    enter(alarm, ALERT_RAISED, entry->time_us);
    a.raised++;
    return alarm;
}

static void repeat(struct alarm *alarm, const Parkgate__AlertRecord *record, int64_t at)
{
    if (strcmp(alarm->fold, record->fold) != 0 || !counts_again(alarm, record->lasting, at)) {
        sim_fail("alert", "a repeat was counted to %llu, which is over",
                 (unsigned long long)alarm->number);
    }
    alarm->count++;
    alarm->lasting = record->lasting;
}

/* --- entries of the journal --- */

static void compare(const struct alarm *alarm, const Parkgate__AlertRecord *record)
{
    if (record->state != alarm->state || record->decision != alarm->decision ||
        record->count != alarm->count || record->level != alarm->level ||
        record->due_us != alarm->due || record->raised_us != alarm->raised ||
        record->closed_us != alarm->closed) {
        sim_fail("alert",
                 "%llu is in state %u, decided %u, %u times, level %u; it must be %u, %u, %u, %u; "
                 "its limit is off by %.3f s",
                 (unsigned long long)alarm->number, record->state, record->decision, record->count,
                 record->level, alarm->state, alarm->decision, alarm->count, alarm->level,
                 (double)(record->due_us - alarm->due) / 1e6);
    }
}

static void move(struct alarm *alarm, const Parkgate__Entry *entry,
                 const Parkgate__AlertEntry *made, const Parkgate__AlertRecord *record)
{
    switch (made->step) {
    case ALERT_STEP_REPEAT:
        repeat(alarm, record, entry->time_us);
        break;
    case ALERT_STEP_ESCALATE:
        escalate(alarm, entry->time_us);
        break;
    case ALERT_STEP_LAPSE:
        lapse(alarm, entry->time_us);
        break;
    case ALERT_STEP_ENDED:
        alarm->lasting = false;
        break;
    default:
        go(alarm, made, entry->time_us);
        break;
    }
}

void alarms_entry(const Parkgate__Entry *entry, const Parkgate__AlertEntry *made)
{
    Parkgate__AlertRecord *record =
        parkgate__alert_record__unpack(NULL, made->alert.len, made->alert.data);
    MUST(record != NULL);
    struct alarm *alarm = alarm_of(record->number);
    if (made->step == ALERT_STEP_RAISE) {
        alarm = raise(entry, record);
    } else if (alarm == NULL) {
        sim_fail("alert", "step %u of %llu, which nobody raised", made->step,
                 (unsigned long long)record->number);
    } else {
        move(alarm, entry, made, record);
    }
    compare(alarm, record);
    parkgate__alert_record__free_unpacked(record, NULL);
    sim_note("alert", alarm->number, made->step);
}

void alarms_packed(const Parkgate__Entry *entry, const ProtobufCBinaryData *packed)
{
    if (packed->len > 0) {
        Parkgate__AlertEntry *made = parkgate__alert_entry__unpack(NULL, packed->len, packed->data);
        MUST(made != NULL);
        alarms_entry(entry, made);
        parkgate__alert_entry__free_unpacked(made, NULL);
    }
}

/* --- what is said to be so --- */

void alarms_check_claims(void)
{
    for (size_t i = 0; i < a.count; i++) {
        for (size_t step = 0; step < ARRAY_LEN(a.items[i].claimed); step++) {
            if (a.items[i].claimed[step]) {
                sim_fail("alert", "step %zu of %llu is said to be made, and its journal has it not",
                         step, (unsigned long long)a.items[i].number);
            }
        }
    }
}

void alarms_end(void)
{
    int64_t now = machine_wall(controller_machine()).us;
    for (size_t i = 0; i < a.count; i++) {
        const struct alarm *alarm = &a.items[i];
        if (alarm->due != 0 && alarm->due < now - 10 * SECOND) {
            sim_fail("alert", "the limit of %llu passed %.0f s ago, and nobody was told",
                     (unsigned long long)alarm->number, (double)(now - alarm->due) / 1e6);
        }
    }
}

const char *alarms_counts(void)
{
    static char text[120];
    (void)snprintf(text, sizeof(text), "%llu alerts, %llu steps, %llu escalated, %llu lapsed",
                   (unsigned long long)a.raised, (unsigned long long)a.steps,
                   (unsigned long long)a.escalated, (unsigned long long)a.lapsed);
    return text;
}
