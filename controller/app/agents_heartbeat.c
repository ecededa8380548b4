/* HEARTBEAT: how a gate is: its outbox, its clock, its devices. */
#include <string.h>

#include "common/facts/agent_store.h"
#include "controller/app/agents_parts.h"
#include "controller/app/copies.h"
#include "controller/app/emergency.h"
#include "controller/app/faults.h"
#include "controller/app/gate_health.h"
#include "controller/app/recall.h"
#include "controller/store/quarantine_store.h"

enum { OUTBOX_FULL_PERMILLE = 900 };

int64_t agents_clock_offset_ms(int64_t wall_us, struct wall now)
{
    int64_t bound = INT64_MAX / 2;
    int64_t said = wall_us < -bound ? -bound : wall_us > bound ? bound : wall_us;
    return (said - now.us) / 1000;
}

/* Raised while `is` so, ended when it no longer is. */
static enum err fault_while(struct controller *ctl, bool is, const struct fault_kind *kind,
                            const struct session *session, struct fault *fault)
{
    const char *gate = session->gate.text;
    return is ? fault_raise(ctl, kind, gate, gate, "", fault) : fault_end(ctl, kind, gate, fault);
}

/* What is missing below what has come is on its way, unless the gate says that it is not. Its
 * heartbeat comes behind the events that it sent before. */
static enum err judge_outbox_state(struct controller *ctl, const struct session *session,
                                   struct fault *fault)
{
    uint64_t up_to = 0;
    uint64_t highest = 0;
    struct bytes key = BYTES_OF(session->identity.bytes);
    TRY(fault_while(ctl, session->outbox_permille >= OUTBOX_FULL_PERMILLE, &fault_outbox_full,
                    session, fault));
    TRY(agent_applied_up_to(ctl->txn, key, session->epoch, &up_to, fault));
    TRY(agent_applied_highest(ctl->txn, key, session->epoch, &highest, fault));
    /* A gate of the version before does not say from where on. */
    bool pends =
        session->pending_from != 0 ? session->pending_from <= up_to + 1 : session->pending != 0;
    bool gap = highest > up_to && !pends;
    return fault_while(ctl, gap, &fault_outbox_gap, session, fault);
}

/* It stays full: another box begins anew. */
static enum err judge_quarantine(struct controller *ctl, const struct session *session,
                                 struct fault *fault)
{
    bool full = false;
    TRY(quarantine_is_full(ctl->txn, session->gate.text, BYTES_OF(session->identity.bytes), &full,
                           fault));
    return fault_while(ctl, full, &fault_quarantine_full, session, fault);
}

static enum err judge_clock(struct controller *ctl, struct session *session, struct fault *fault)
{
    int64_t off = session->offset_ms < 0 ? -session->offset_ms : session->offset_ms;
    TRY(fault_while(ctl, off > LIMIT_CLOCK_UNTRUSTED_MS, &fault_clock_untrusted, session, fault));
    return off > LIMIT_CLOCK_ALARM_MS ? fault_raise(ctl, &fault_clock_off, session->gate.text,
                                                    session->gate.text, "", fault)
                                      : fault_end(ctl, &fault_clock_off, session->gate.text, fault);
}

/* A box whose connection was made anew does not always notice: an answer *retry*, to no event, has
 * it say HELLO at once. Where no session is, it does when it hears nothing. */
static void ask_for_hello(struct controller *ctl, const struct input *input, uint8_t version)
{
    const struct session *session = session_of_key(&ctl->sessions, &input->key);
    if (session != NULL) {
        batch_ack(ctl, input, version, session->epoch, 0, ANSWER_RETRY, 0);
    }
}

/* As it said last. */
static void keep_state(const struct controller *ctl, struct session *session,
                       const Parkgate__Heartbeat *beat)
{
    session->offset_ms = agents_clock_offset_ms(beat->wall_us, ctl->now);
    session->pending = beat->pending;
    session->last_sequence = beat->last_sequence;
    session->pending_from = beat->pending_from;
    session->outbox_permille = beat->outbox_permille;
    session->lease_left_s = beat->lease_left_s;
    session->clock_unknown = beat->clock_unknown;
    session->devices_down = session->boards_down = 0;
    memset(session->devices, 0, sizeof(session->devices));
    for (size_t i = 0; i < beat->n_state; i++) {
        bool is_board =
            i < beat->n_device && park_board(ctl->park, name_or_none(beat->device[i])) != NULL;
        session->devices_down += beat->state[i] == DEVICE_DOWN;
        session->boards_down += beat->state[i] == DEVICE_DOWN && is_board;
        session
            ->devices[beat->state[i] < SESSION_DEVICE_STATES ? beat->state[i] : DEVICE_UNKNOWN]++;
    }
}

/* What it says of itself, and the faults that this raises and ends. */
static enum err judge(struct controller *ctl, struct session *session,
                      const Parkgate__Heartbeat *beat, struct fault *fault)
{
    session->beaten = true;
    keep_state(ctl, session, beat);
    TRY(emergency_shown(ctl, session, beat->emergency, beat->pending == 0, fault));
    const struct fire_list fires = {beat->fire_board, beat->n_fire_board, beat->fire_quiet,
                                    beat->n_fire_quiet, beat->last_sequence};
    TRY(emergency_listed(ctl, session, &fires, fault));
    TRY(judge_outbox_state(ctl, session, fault));
    TRY(gate_health_heard(ctl, session, beat, fault));
    TRY(fault_while(ctl, copies_is_behind(ctl, session), &fault_copy_behind, session, fault));
    if (bucket_is_full(&session->guard.refused, ctl->mono) &&
        bucket_is_full(&session->guard.epochs, ctl->mono)) {
        TRY(fault_end(ctl, &fault_gate_floods, session->gate.text, fault));
    }
    TRY(judge_quarantine(ctl, session, fault));
    return judge_clock(ctl, session, fault);
}

enum err agents_heartbeat(struct controller *ctl, struct input *input,
                          const struct envelope *envelope, const Parkgate__KeyRecord *key,
                          const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Heartbeat *beat = (const void *)body;
    struct session *session = NULL;
    Parkgate__Heartbeat reply = PARKGATE__HEARTBEAT__INIT;
    (void)key;
    TRY(agents_hear(ctl, input, &session, fault));
    if (session == NULL) {
        ask_for_hello(ctl, input, envelope->version);
        return ERR_OK;
    }
    bool recovering = false;
    TRY(recall_is_open(ctl, &recovering, fault));
    reply.wall_us = ctl->now.us;
    reply.echo_us = beat->wall_us;
    reply.recovering = recovering;
    if (recovering) {
        session->guard.lag_from = ctl->mono; /* nobody is fed meanwhile */
    }
    batch_send(ctl, PORT_AGENTS, &input->peer, envelope->version, MESSAGE_HEARTBEAT, 0,
               &reply.base);
    TRY(agents_back_again(ctl, session, fault));
    /* One that changes what it says as fast as it can fills no journal: the next one is judged. */
    return bucket_take(&session->guard.beats, ctl->mono, GUARD_BEAT_MS, GUARD_BEATS)
               ? judge(ctl, session, beat, fault)
               : ERR_OK;
}
