/* What a crash left open. A presentation without a committed verdict opened nothing: it is closed
 * as denied for want of an answer, and nobody lets its bearer in afterwards. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

static enum err close_one(struct gate *gate, struct grant_id id, struct fault *fault)
{
    struct draft draft = {.kind = EVENT_ACTED,
                          .received = gate_wall(gate),
                          .presentation = id,
                          .has_verdict = true,
                          .outcome = OUTCOME_DENY,
                          .reason = REASON_CONTROLLER_SILENT,
                          .source = SOURCE_AGENT,
                          .note = "the agent was started again before there was a verdict"};
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    struct outbox_event event;
    struct fault local = {0};
    enum err err = outbox_get(gate->store, id, &event, &local);
    if (err == ERR_OK) {
        err = vault_open(gate->vault, &event, packed, &size, &local);
    }
    Parkgate__Event *read = err == ERR_OK ? parkgate__event__unpack(NULL, size, packed) : NULL;
    if (read != NULL) {
        (void)name_from_text(read->lane, &draft.lane);
        (void)name_from_text(read->reader, &draft.reader);
        draft.direction = read->direction;
        parkgate__event__free_unpacked(read, NULL);
    } else {
        log_error("open_presentation_unreadable", LOG_NUM("sequence", id.sequence),
                  LOG_TEXT("why", local.what));
    }
    struct grant_id acted;
    TRY(record_event(gate, &draft, false, NULL, &acted, fault));
    MUST(batch_add_acted(&gate->batch, id,
                         (struct acted){.outcome = OUTCOME_DENY,
                                        .reason = REASON_CONTROLLER_SILENT,
                                        .source = SOURCE_AGENT,
                                        .told = true}));
    return ERR_OK;
}

static enum err close_all(struct gate *gate, struct fault *fault)
{
    enum { SLICES_MAX = 1000 };
    size_t closed = 0;
    for (int slice = 0; slice < SLICES_MAX; slice++) {
        struct grant_id ids[PRESENTATIONS_MAX];
        size_t count = 0;
        TRY(outbox_open_presentations(gate->store, PRESENTATIONS_MAX, ids, &count, fault));
        if (count == 0) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            TRY(close_one(gate, ids[i], fault));
        }
        TRY(record_commit(gate, fault));
        closed += count;
    }
    if (closed > 0) {
        log_warning("presentations_closed", LOG_NUM("count", closed),
                    LOG_TEXT("as", "denied, controller-silent"));
    }
    return ERR_OK;
}

void recover(struct gate *gate)
{
    struct fault fault = {0};
    bool was = gate->unrecovered;
    gate->unrecovered = close_all(gate, &fault) != ERR_OK;
    if (gate->unrecovered && !was) {
        log_error("presentations_not_closed", LOG_TEXT("why", fault.what),
                  LOG_TEXT("now", "the gate goes on and tries again"));
    }
}

void recover_again(struct gate *gate)
{
    /* Those that wait for a verdict now are open, too, and not of the crash. */
    if (gate->unrecovered && !gate->store_failing &&
        presentation_count(&gate->presentations) == 0) {
        recover(gate);
    }
}
