/* How full the outbox is of events that the controller has not answered, and what is done then:
 * nobody is let in, everybody is let out. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

/* Full it stays until a hundredth of it is free again, so that it does not change with each answer.
 */
enum { ROOM_PART = 100 };

static uint64_t bound_of(const struct gate *gate)
{
    return (uint64_t)gate->settings.outbox_events;
}

static uint64_t reserve_of(const struct gate *gate)
{
    uint64_t part = bound_of(gate) * LIMIT_OUTBOX_RESERVE / LIMIT_OUTBOX_EVENTS;
    return part == 0 ? 1 : part;
}

/* Events not answered, with those that are only staged. */
static uint64_t taken(struct gate *gate)
{
    uint64_t depth = 0;
    (void)!outbox_depth(gate->store, &depth, NULL); /* what cannot be read cannot be written */
    return depth + gate->batch.event_count;
}

/* The oldest event waits for longer than it may, and nobody is there to take it. */
static bool waits_too_long(struct gate *gate)
{
    uint64_t sequence = 0;
    uint32_t day = 0;
    return !link_state_is_up(&gate->link_state, gate_mono(gate)) &&
           outbox_first_pending(gate->store, agent_store_state(gate->store)->epoch, &sequence, &day,
                                NULL) == ERR_OK &&
           outbox_day(gate_wall(gate)) > day + LIMIT_OUTBOX_DAYS;
}

static void note_full(struct gate *gate, bool full, uint64_t depth)
{
    if (full == gate->outbox_full) {
        return;
    }
    gate->outbox_full = full;
    if (full) {
        log_error("outbox_full", LOG_NUM("pending", depth), LOG_NUM("bound", bound_of(gate)),
                  LOG_TEXT("now", "entries are denied, exits open"));
    } else {
        log_event("outbox_has_room", LOG_NUM("pending", depth), LOG_NUM("bound", bound_of(gate)));
    }
}

static void look(struct gate *gate)
{
    uint64_t bound = bound_of(gate);
    uint64_t depth = taken(gate);
    uint64_t low = bound - (bound >= ROOM_PART ? bound / ROOM_PART : 1);
    note_full(gate, depth >= bound || (gate->outbox_full && depth > low) || waits_too_long(gate),
              depth);
}

bool outbox_takes_entries(struct gate *gate)
{
    look(gate);
    return !gate->outbox_full;
}

enum err outbox_takes(struct gate *gate, struct fault *fault)
{
    uint64_t most = bound_of(gate) + reserve_of(gate);
    return taken(gate) < most
               ? ERR_OK
               : fault_set(fault, ERR_FULL, "the outbox holds %llu events that are not answered",
                           (unsigned long long)most);
}

void outbox_unrecorded(struct gate *gate, enum lane_direction direction)
{
    if (direction == LANE_OUT) {
        gate->uncounted_exits++;
    } else {
        gate->uncounted_entries++;
    }
}

void outbox_count_in(struct gate *gate)
{
    gate->batch.unrecorded_exits = gate->uncounted_exits;
    gate->batch.unrecorded_entries = gate->uncounted_entries;
    gate->uncounted_exits = gate->uncounted_entries = 0;
}

static void tell_unrecorded(struct gate *gate)
{
    const struct agent_state *state = agent_store_state(gate->store);
    struct draft draft = {.kind = EVENT_UNRECORDED,
                          .captured = state->unrecorded_since,
                          .received = gate_wall(gate),
                          .late = true,
                          .unrecorded_exits = state->unrecorded_exits,
                          .unrecorded_entries = state->unrecorded_entries};
    struct grant_id id;
    if (state->unrecorded_exits == 0 && state->unrecorded_entries == 0) {
        return;
    }
    log_warning("outbox_was_full", LOG_NUM("exits", draft.unrecorded_exits),
                LOG_NUM("entries", draft.unrecorded_entries));
    if (record_event(gate, &draft, false, NULL, &id, NULL) == ERR_OK) {
        gate->batch.unrecorded_told = true;
    }
}

void outbox_tick(struct gate *gate)
{
    look(gate);
    if (gate->store_failing) {
        return;
    }
    (void)!record_commit(gate, NULL);
    if (!gate->outbox_full) {
        tell_unrecorded(gate);
        (void)!record_commit(gate, NULL);
    }
}

uint64_t outbox_most_rows(const struct gate *gate)
{
    return bound_of(gate) + reserve_of(gate);
}

void outbox_make_room(struct gate *gate)
{
    size_t trimmed = 0;
    uint64_t rows = 0;
    if (outbox_rows(gate->store, &rows, NULL) == ERR_OK && rows > outbox_most_rows(gate)) {
        (void)!outbox_trim(gate->store, gate_wall(gate), outbox_most_rows(gate), &trimmed, NULL);
    }
}

uint32_t outbox_permille(struct gate *gate)
{
    uint64_t depth = 0;
    (void)!outbox_depth(gate->store, &depth, NULL);
    uint64_t permille = depth * 1000 / bound_of(gate);
    return permille > 1000 ? 1000 : (uint32_t)permille;
}
