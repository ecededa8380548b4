#include "reader-agent/core/presentation.h"

#include "common/base/must.h"

struct verdict presentation_own_verdict(const struct facts *facts)
{
    struct facts own = *facts;
    own.without_roster = true;
    return decide(&own);
}

bool presentation_is_own(const struct facts *facts, bool controller_answers)
{
    return !controller_answers || facts->history || facts->freshness == FRESHNESS_STALE;
}

struct presentation_row *presentation_begin(struct presentations *table, struct name lane,
                                            struct name reader, const struct facts *facts,
                                            uint32_t answer_ms)
{
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        struct presentation_row *row = &table->rows[i];
        if (row->state == PRESENTATION_FREE) {
            *row = (struct presentation_row){.state = PRESENTATION_STORING,
                                             .lane = lane,
                                             .reader = reader,
                                             .direction = facts->direction,
                                             .facts = *facts,
                                             .answer_ms = answer_ms};
            return row;
        }
    }
    return NULL;
}

/* A live exit: what no failing disk may close. */
static bool leaves(const struct facts *facts)
{
    return facts->direction == DIRECTION_OUT &&
           presentation_own_verdict(facts).outcome == OUTCOME_GRANT;
}

enum step presentation_act(const struct facts *facts, struct verdict *verdict, bool durable)
{
    if (durable) {
        return verdict->outcome == OUTCOME_GRANT ? STEP_OPEN : STEP_SHOW;
    }
    if (leaves(facts)) {
        *verdict = (struct verdict){.outcome = OUTCOME_GRANT, .reason = REASON_AGENT_ERROR};
        return STEP_OPEN_LATE;
    }
    if (verdict->outcome != OUTCOME_DENY) {
        *verdict = (struct verdict){.outcome = OUTCOME_DENY, .reason = REASON_CONTROLLER_SILENT};
    }
    return STEP_SHOW;
}

enum step presentation_stored(struct presentation_row *row, bool durable, struct grant_id id,
                              struct mono now)
{
    MUST(row->state == PRESENTATION_STORING);
    if (durable) {
        row->id = id;
        row->state = PRESENTATION_WAITING;
        row->deadline = mono_after_ms(now, row->answer_ms);
        return STEP_ASK;
    }
    row->state = PRESENTATION_FREE;
    row->verdict = presentation_own_verdict(&row->facts);
    row->source = SOURCE_AGENT;
    return presentation_act(&row->facts, &row->verdict, false);
}

struct presentation_row *presentation_find(struct presentations *table, struct grant_id id)
{
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        struct presentation_row *row = &table->rows[i];
        bool has_id = row->state == PRESENTATION_WAITING || row->state == PRESENTATION_DECIDING;
        if (has_id && grant_id_equal(row->id, id)) {
            return row;
        }
    }
    return NULL;
}

enum step presentation_answered(struct presentation_row *row, struct verdict verdict)
{
    if (row->state != PRESENTATION_WAITING) {
        return STEP_NONE;
    }
    row->state = PRESENTATION_DECIDING;
    row->verdict = verdict;
    row->source = SOURCE_CONTROLLER;
    /* Its rows may be newer than ours, and call this lane an entry: the lane here is a way out. */
    if (verdict.outcome != OUTCOME_GRANT && leaves(&row->facts)) {
        row->verdict = presentation_own_verdict(&row->facts);
        row->source = SOURCE_AGENT;
    }
    return STEP_COMMIT;
}

struct presentation_row *presentation_due(struct presentations *table, struct mono now)
{
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        struct presentation_row *row = &table->rows[i];
        if (row->state == PRESENTATION_WAITING && !mono_before(now, row->deadline)) {
            row->state = PRESENTATION_DECIDING;
            row->verdict = presentation_own_verdict(&row->facts);
            row->source = SOURCE_AGENT;
            return row;
        }
    }
    return NULL;
}

void presentation_due_verdict(struct presentation_row *row, struct verdict verdict,
                              struct copy_stamp stamp)
{
    MUST(row->state == PRESENTATION_DECIDING && row->source == SOURCE_AGENT);
    if (!leaves(&row->facts)) {
        row->verdict = verdict;
    }
    row->stamp = stamp;
}

bool presentation_next_deadline(const struct presentations *table, struct mono *ret_deadline)
{
    bool found = false;
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        const struct presentation_row *row = &table->rows[i];
        if (row->state == PRESENTATION_WAITING &&
            (!found || mono_before(row->deadline, *ret_deadline))) {
            *ret_deadline = row->deadline;
            found = true;
        }
    }
    return found;
}

enum step presentation_committed(struct presentation_row *row, bool durable)
{
    MUST(row->state == PRESENTATION_DECIDING);
    row->state = PRESENTATION_FREE;
    if (!durable) {
        row->source = SOURCE_AGENT;
    }
    return presentation_act(&row->facts, &row->verdict, durable);
}

size_t presentation_count(const struct presentations *table)
{
    size_t count = 0;
    for (size_t i = 0; i < PRESENTATIONS_MAX; i++) {
        count += table->rows[i].state != PRESENTATION_FREE;
    }
    return count;
}

void presentation_moved(struct presentations *table, struct grant_id from, struct grant_id to)
{
    struct presentation_row *row = presentation_find(table, from);
    if (row != NULL) {
        row->id = to;
    }
}
