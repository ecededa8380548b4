/* alarms: alerts as they must be (alarms.c), and the guards who handle them (guards.c). */
#pragma once

#include "schema/record.pb-c.h"
#include "tests/sim/sim.h"

struct alarm {
    uint64_t number, label; /* of its entry; as people are told it */
    char fold[160], gate[16];
    struct handle subject;
    uint32_t state, decision, count, level;
    bool candidate, lasting;
    int64_t raised, due, closed; /* 0: none, not yet */
    bool asked[ALERT_STEP_HANDOVER + 1];
    bool claimed[ALERT_STEP_HANDOVER + 1]; /* a guard was told that it is done */
    bool has_guard, forgotten;             /* somebody looks after it, or nobody ever will */
};

void alarms_reset(void);
void alarms_entry(const Parkgate__Entry *entry, const Parkgate__AlertEntry *made);
/* A packed AlertEntry that another entry carries; empty: none. */
void alarms_packed(const Parkgate__Entry *entry, const ProtobufCBinaryData *packed);
/* Once the journal was looked at. */
void alarms_check_claims(void);
/* All is at rest. */
void alarms_end(void);
/* Would this step be its next one? */
bool alarm_may(const struct alarm *alarm, uint32_t step);
size_t alarms_count(void);
struct alarm *alarm_at(size_t place);
const char *alarms_counts(void);

/* --- guards.c --- */
void guards_reset(void);
void guards_begin(void);
