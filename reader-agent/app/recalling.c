/* A controller that was built again asks what the outbox keeps: it is given, slice by slice, as it
 * was first sent, whether it was answered or not. Nothing changes here by that. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

enum { SLICE_BYTES = LIMIT_FRAME_BYTES - 1024, ITEM_MAX = LIMIT_EVENT_BYTES + 64 };

struct slice {
    size_t count, used;
    ProtobufCBinaryData items[LIMIT_RECALL_EVENTS];
    uint8_t bytes[SLICE_BYTES];
};

/* What the gate acted on goes along, for no event may say it. */
static void add_item(struct gate *gate, struct slice *slice, struct grant_id id, struct bytes event)
{
    struct acted acted;
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    item.event = (ProtobufCBinaryData){.len = event.size, .data = (uint8_t *)(uintptr_t)event.data};
    if (outbox_acted(gate->store, id, &acted, NULL) == ERR_OK) {
        item.outcome = acted.outcome + 1;
        item.reason = acted.reason;
        item.source = acted.source;
    }
    size_t size = parkgate__recalled_event__pack(&item, slice->bytes + slice->used);
    slice->items[slice->count++] =
        (ProtobufCBinaryData){.len = size, .data = slice->bytes + slice->used};
    slice->used += size;
}

static enum err read_event(struct gate *gate, struct grant_id id, uint8_t out[LIMIT_EVENT_BYTES],
                           size_t *ret_size, struct fault *fault)
{
    struct outbox_event event;
    TRY(outbox_get(gate->store, id, &event, fault));
    return vault_open(gate->vault, &event, out, ret_size, fault);
}

/* As many as fit from behind *at on; moves it behind the last one looked at. What cannot be read is
 * passed over. False: the store cannot be read now. */
static bool fill(struct gate *gate, struct slice *slice, struct grant_id *at, bool *ret_done)
{
    struct grant_id ids[LIMIT_RECALL_EVENTS];
    size_t count = 0;
    struct fault fault = {0};
    if (outbox_kept(gate->store, *at, LIMIT_RECALL_EVENTS, ids, &count, &fault) != ERR_OK) {
        log_error("recall_failed", LOG_TEXT("why", fault.what));
        return false;
    }
    *ret_done = count == 0;
    for (size_t i = 0; i < count && slice->used + ITEM_MAX <= SLICE_BYTES; i++) {
        uint8_t packed[LIMIT_EVENT_BYTES];
        size_t size = 0;
        enum err err = read_event(gate, ids[i], packed, &size, &fault);
        if (err == ERR_OK) {
            add_item(gate, slice, ids[i], (struct bytes){.data = packed, .size = size});
        } else if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) {
            log_error("outbox_row_unreadable", LOG_NUM("epoch", ids[i].epoch),
                      LOG_NUM("sequence", ids[i].sequence), LOG_TEXT("why", fault.what));
        } else {
            return false;
        }
        *at = ids[i];
    }
    return true;
}

void recalling_heard(struct gate *gate, const Parkgate__Recall *asked)
{
    static struct slice slice; /* one thread; too large for the stack */
    struct grant_id at = {.epoch = asked->epoch, .sequence = asked->from};
    Parkgate__Recall answer = PARKGATE__RECALL__INIT;
    bool done = false;
    slice.count = slice.used = 0;
    (void)!record_commit(gate, NULL);
    if (at.sequence == UINT64_MAX || !fill(gate, &slice, &at, &done)) {
        return; /* it asks again */
    }
    if (grant_id_is_none(at) || (asked->epoch == 0 && asked->from == 0)) {
        log_warning("recall_begins", LOG_NUM("recovery", asked->number));
    }
    answer.number = asked->number;
    answer.epoch = at.epoch;
    answer.from = at.sequence;
    answer.done = done;
    answer.n_item = slice.count;
    answer.item = slice.items;
    (void)!controller_link_send(gate->controller, MESSAGE_RECALL, &answer.base, NULL);
}

void recalling_told(struct gate *gate, bool recovering)
{
    if (recovering == gate->recovering) {
        return;
    }
    gate->recovering = recovering;
    log_warning("controller_recovers",
                LOG_TEXT("now", recovering ? "this gate decides alone" : "it is over"));
    if (!recovering) {
        backlog_restart(gate, gate_mono(gate));
    }
}
