/* A controller that was built again asks what the outbox keeps: it is given, slice by slice, as it
 * was first sent, whether it was answered or not. Nothing changes here by that. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"

enum {
    BOXES_SIZE = DAY_BOXES_MAX * DAY_BOX_SIZE,
    SLICE_BYTES = LIMIT_FRAME_BYTES - 1024,

    ITEM_MAX = LIMIT_RECALL_ITEM_BYTES,
};
_Static_assert(SEALED_EVENT_MAX + BOXES_SIZE + RECALL_CREDENTIAL_MAX + 128 <= ITEM_MAX,
               "an item fits");

struct slice {
    size_t count, used;
    ProtobufCBinaryData items[LIMIT_RECALL_EVENTS];
    uint8_t bytes[SLICE_BYTES];
};

/* What the gate acted on goes along, for no event may say it. */
static void add_item(struct gate *gate, struct slice *slice, struct grant_id id,
                     Parkgate__RecalledEvent *item)
{
    struct acted acted;
    if (outbox_acted(gate->store, id, &acted, NULL) == ERR_OK) {
        item->outcome = acted.outcome + 1;
        item->reason = acted.reason;
        item->source = acted.source;
    }
    size_t size = parkgate__recalled_event__pack(item, slice->bytes + slice->used);
    slice->items[slice->count++] =
        (ProtobufCBinaryData){.len = size, .data = slice->bytes + slice->used};
    slice->used += size;
}

/* Its place goes along, so that it is missed there, too. */
static void add_unreadable(struct gate *gate, struct slice *slice, struct grant_id id,
                           const struct fault *fault)
{
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    item.epoch = id.epoch;
    item.sequence = id.sequence;
    add_item(gate, slice, id, &item);
    log_error("outbox_row_unreadable", LOG_NUM("epoch", id.epoch), LOG_NUM("sequence", id.sequence),
              LOG_TEXT("why", fault->what));
}

/* The key of its day is lost here: as it is, with what the recovery key opens. */
static enum err add_sealed(struct gate *gate, struct slice *slice, struct outbox_event *event,
                           const struct fault *why, struct fault *fault)
{
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    uint8_t boxes[BOXES_SIZE];
    size_t count = 0;
    TRY(day_boxes_get(gate->store, event->day, boxes, &count, fault));
    if (count == 0) {
        add_unreadable(gate, slice, event->id, why);
        return ERR_OK;
    }
    item.sealed = (ProtobufCBinaryData){.len = event->sealed_size, .data = event->sealed};
    item.day_box = (ProtobufCBinaryData){.len = count * DAY_BOX_SIZE, .data = boxes};
    item.day = event->day;
    item.epoch = event->id.epoch;
    item.sequence = event->id.sequence;
    add_item(gate, slice, event->id, &item);
    return ERR_OK;
}

static enum err add_event(struct gate *gate, struct slice *slice, struct grant_id id,
                          struct fault *fault)
{
    struct outbox_event event;
    struct fault local = {0};
    uint8_t packed[LIMIT_EVENT_BYTES];
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    enum err err = outbox_get(gate->store, id, &event, &local);
    if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) {
        add_unreadable(gate, slice, id, &local);
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = vault_open(gate->vault, &event, packed, &item.event.len, &local);
        if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) {
            return add_sealed(gate, slice, &event, &local, fault);
        }
    }
    if (err != ERR_OK) {
        return fault_set(fault, err, "%s", local.what);
    }
    item.event.data = packed;
    item.epoch = id.epoch;
    item.sequence = id.sequence;
    uint8_t credential[RECALL_CREDENTIAL_MAX];
    item.credential = recalling_credential(gate, event.kind, item.event, credential);
    add_item(gate, slice, id, &item);
    return ERR_OK;
}

/* As many as fit from behind *at on; moves it behind the last one looked at. False: the store
 * cannot be read now. */
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
        if (add_event(gate, slice, ids[i], &fault) != ERR_OK) {
            log_error("recall_failed", LOG_TEXT("why", fault.what));
            return false;
        }
        *at = ids[i];
    }
    return true;
}

void recalling_heard(struct gate *gate, const Parkgate__Recall *asked)
{
    static struct slice slice; /* one thread; too large for the stack */
    if (asked->rows) {
        recalling_rows_heard(gate, asked);
        return;
    }
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
