#include "reader-agent/core/link_state.h"

static bool is_due(struct mono at, struct mono now)
{
    return !mono_before(now, at);
}

static bool is_silent(const struct link_state *state, struct mono now)
{
    return is_due(mono_after_ms(state->heard, LIMIT_SILENCE_MS), now);
}

static uint32_t doubled(uint32_t ms, uint32_t last_ms)
{
    return ms >= last_ms / 2 ? last_ms : ms * 2;
}

void link_state_begin(struct link_state *state, struct mono now)
{
    *state = (struct link_state){.heard = now,
                                 .next_hello = now,
                                 .next_heartbeat = now,
                                 .hello_ms = LINK_HELLO_FIRST_MS,
                                 .renew_ms = LINK_RENEW_FIRST_MS};
    state->renew_at = mono_after_ms(now, state->renew_ms);
}

static bool wants_hello(const struct link_state *state, struct mono now)
{
    return !state->welcome || state->want_hello ||
           is_due(mono_after_ms(state->heard, LINK_QUIET_MS), now);
}

unsigned link_state_tick(struct link_state *state, struct mono now)
{
    unsigned due = LINK_DUE_NONE;
    if (state->welcome && is_silent(state, now)) {
        state->welcome = false;
        state->hello_ms = LINK_HELLO_FIRST_MS;
        due |= LINK_DUE_SILENT;
    }
    if (is_due(state->renew_at, now)) {
        state->renew_ms = doubled(state->renew_ms, LINK_RENEW_LAST_MS);
        state->renew_at = mono_after_ms(now, state->renew_ms);
        state->next_hello = now;
        due |= LINK_DUE_RENEW;
    }
    if (wants_hello(state, now) && is_due(state->next_hello, now)) {
        due |= LINK_DUE_HELLO;
    }
    if (state->welcome && is_due(state->next_heartbeat, now)) {
        state->next_heartbeat = mono_after_ms(now, LIMIT_HEARTBEAT_MS);
        due |= LINK_DUE_HEARTBEAT;
    }
    return due;
}

void link_state_hello_sent(struct link_state *state, bool sent, struct mono now)
{
    if (!sent) {
        state->next_hello = mono_after_ms(now, LINK_HELLO_NOT_SENT_MS);
        return;
    }
    state->next_hello = mono_after_ms(now, state->hello_ms);
    state->hello_ms = doubled(state->hello_ms, LINK_HELLO_LAST_MS);
}

void link_state_heard(struct link_state *state, struct mono now)
{
    state->heard = now;
    state->renew_ms = LINK_RENEW_FIRST_MS;
    state->renew_at = mono_after_ms(now, state->renew_ms);
}

void link_state_welcomed(struct link_state *state, struct mono now)
{
    link_state_heard(state, now);
    if (!state->welcome || state->forgotten) {
        state->misses = 0;
    }
    state->welcome = true;
    state->want_hello = false;
    state->forgotten = false;
    state->hello_ms = LINK_HELLO_FIRST_MS;
    state->next_hello = mono_after_ms(now, LINK_HELLO_FIRST_MS);
    state->next_heartbeat = now;
}

void link_state_refused(struct link_state *state, struct mono now)
{
    state->welcome = false;
    state->hello_ms = LINK_HELLO_LAST_MS;
    state->next_hello = mono_after_ms(now, state->hello_ms);
}

void link_state_served(struct link_state *state)
{
    state->misses = 0;
}

void link_state_unknown(struct link_state *state)
{
    state->want_hello = true;
    state->forgotten = true;
}

void link_state_missed(struct link_state *state)
{
    state->want_hello = true;
    if (state->misses < LIMIT_MISSED_DEADLINES) {
        state->misses++;
    }
}

bool link_state_is_up(const struct link_state *state, struct mono now)
{
    return state->welcome && !is_silent(state, now);
}

bool link_state_answers(const struct link_state *state, struct mono now)
{
    return link_state_is_up(state, now) && state->misses < LIMIT_MISSED_DEADLINES;
}
