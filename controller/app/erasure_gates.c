/* Which gates have dropped an erased person from their copies. */
#include <string.h>

#include "common/facts/agent_store.h"
#include "controller/app/erasure_parts.h"

enum { SILENT_MS = 30000 }; /* a box with a copy asks for more at once */

/* A box whose HELLO showed no copy, and that asked for none since, has nothing of him. */
static bool has_no_copy(const struct controller *ctl, const struct session *session)
{
    return !session->feed.asked && !session->shown_copy && session->beaten &&
           !mono_before(ctl->mono, mono_after_ms(session->since, SILENT_MS));
}

static uint64_t place_of(const struct controller *ctl, const struct session *session)
{
    if (session == NULL) {
        return 0;
    }
    if (has_no_copy(ctl, session)) {
        return UINT64_MAX;
    }
    return session->feed.asked && !session->feed.anew ? session->feed.sequence : 0;
}

/* "a b c"; what does not fit is left out. */
static void add_gone(struct erasure_gates *gates, const char *gate)
{
    size_t used = strlen(gates->gone);
    size_t size = strlen(gate);
    if (used + size + 2 > sizeof(gates->gone)) {
        return;
    }
    if (used > 0) {
        gates->gone[used++] = ' ';
    }
    memcpy(gates->gone + used, gate, size + 1);
}

enum err erasure_gates_look(struct controller *ctl, struct erasure_gates *ret, struct fault *fault)
{
    struct name at = {{0}};
    Parkgate__AgentRecord *agent = NULL;
    enum err err;
    ret->count = 0;
    ret->gone[0] = '\0';
    while ((err = agent_next(ctl->txn, &at, &agent, fault)) == ERR_OK) {
        parkgate__agent_record__free_unpacked(agent, NULL);
        if (park_gate(ctl->park, at) == NULL) {
            add_gone(ret, at.text);
        } else if (ret->count < LIMIT_AGENTS) {
            ret->at[ret->count++] = place_of(ctl, session_of_gate(&ctl->sessions, at));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

size_t erasure_gates_behind(const struct erasure_gates *gates, uint64_t sequence)
{
    size_t behind = 0;
    for (size_t i = 0; i < gates->count; i++) {
        behind += gates->at[i] < sequence;
    }
    return behind;
}
