/* The box's clock: wall time is compared with the clock that never jumps, and at the start with the
 * latest time that was ever written. A jump is told in an event; what was captured before it may be
 * labelled wrongly, and keeps its order by its number. */
#include <stdlib.h>

#include "common/base/log.h"
#include "reader-agent/app/gate.h"

static void tell_jump(struct gate *gate, int64_t step_us)
{
    struct draft draft = {.kind = EVENT_CLOCK,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .clock_step_ms = step_us / 1000};
    struct grant_id id;
    struct fault fault = {0};
    log_warning("clock_jumped", LOG_NUM("ms", draft.clock_step_ms));
    alone_clock_jumped(gate);
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("event_lost", LOG_TEXT("why", fault.what));
    }
}

static bool is_jump(int64_t step_us)
{
    int64_t most_us = LIMIT_CLOCK_ALARM_MS * INT64_C(1000);
    return step_us > most_us || step_us < -most_us;
}

static int64_t wall_over_mono(const struct gate *gate)
{
    return gate_wall(gate).us - gate_mono(gate).us;
}

void clock_watch_begin(struct gate *gate)
{
    int64_t back_us = gate_wall(gate).us - agent_store_state(gate->store)->wall_high.us;
    gate->wall_over_mono_us = wall_over_mono(gate);
    if (back_us < 0 && is_jump(back_us)) {
        tell_jump(gate, back_us);
    }
}

void clock_watch_tick(struct gate *gate)
{
    int64_t now_us = wall_over_mono(gate);
    int64_t step_us = now_us - gate->wall_over_mono_us;
    gate->wall_over_mono_us = now_us;
    if (is_jump(step_us)) {
        tell_jump(gate, step_us);
    }
}
