/* The park's recovery key: what the gate keeps can be read with it when the gate's own keys are
 * lost. The gate has the public half alone. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

enum { DAYS_MAX = 512 }; /* far more than an outbox keeps */

enum err recovery_key_begin(struct gate *gate, struct fault *fault)
{
    const struct agent_state *state = agent_store_state(gate->store);
    return state->has_recovery_key ? vault_use_recovery_key(gate->vault, state->recovery_key, fault)
                                   : ERR_OK;
}

/* Boxes of the keys that are there; a day whose key is lost has none. */
static enum err close_days(struct gate *gate, struct day_box boxes[DAYS_MAX], size_t *ret_count,
                           struct fault *fault)
{
    static uint32_t days[DAYS_MAX];
    size_t day_count = 0;
    size_t count = 0;
    TRY(day_boxes_days(gate->store, 0, DAYS_MAX, days, &day_count, fault));
    for (size_t i = 0; i < day_count; i++) {
        enum err err = vault_box(gate->vault, days[i], &boxes[count], fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        count += err == ERR_OK;
    }
    *ret_count = count;
    return ERR_OK;
}

static enum err take(struct gate *gate, const uint8_t *key, struct fault *fault)
{
    static struct day_box boxes[DAYS_MAX]; /* one thread; too large for the stack */
    size_t count = 0;
    TRY(vault_use_recovery_key(gate->vault, key, fault));
    TRY(record_commit(gate, fault)); /* what is staged may be the first of its day */
    TRY(close_days(gate, boxes, &count, fault));
    TRY(day_boxes_change_key(gate->store, key, boxes, count, fault));
    log_event("recovery_key_taken", LOG_NUM("days", count));
    return ERR_OK;
}

void recovery_key_told(struct gate *gate, struct bytes key)
{
    const struct agent_state *state = agent_store_state(gate->store);
    struct fault fault = {0};
    if (key.size != RECOVERY_KEY_SIZE ||
        (state->has_recovery_key && memcmp(state->recovery_key, key.data, key.size) == 0)) {
        return;
    }
    if (take(gate, key.data, &fault) != ERR_OK) { /* the next WELCOME says it again */
        log_error("recovery_key_not_taken", LOG_TEXT("why", fault.what));
    }
}
