/* A controller that was built again asks what the gate's copy says of holders. */
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/field.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/copy_told.h"
#include "schema/kinds.h"

_Static_assert((int)RECALL_CREDENTIAL_MAX == (int)COPY_TOLD_CREDENTIAL_MAX, "one bound");

void recalling_rows_heard(struct gate *gate, const Parkgate__Recall *asked)
{
    static struct copy_told rows; /* one thread; too large for the stack */
    const struct copy_about *about = copy_store_about(gate->copy.store);
    Parkgate__Recall answer = PARKGATE__RECALL__INIT;
    struct fault fault = {0};
    answer.number = asked->number;
    answer.rows = true;
    answer.copy_generation = about->generation;
    answer.copy_sequence = about->sequence;
    enum err err = copy_tell(gate->copy.store, field_view(&asked->cursor), &rows, &fault);
    if (err == ERR_OK) {
        answer.done = rows.done;
        answer.cursor = (ProtobufCBinaryData){.len = rows.cursor_size, .data = rows.cursor};
        answer.n_item = rows.count;
        answer.item = rows.items;
    } else { /* the controller goes on with the events */
        answer.done = true;
    }
    if ((err != ERR_OK && err != ERR_NOT_FOUND) || (err == ERR_OK && rows.too_large > 0)) {
        log_error("recall_failed",
                  LOG_TEXT("why", err == ERR_OK ? "a row is too large" : fault.what));
    }
    (void)!controller_link_send(gate->controller, MESSAGE_RECALL, &answer.base, NULL);
}

ProtobufCBinaryData recalling_credential(struct gate *gate, uint32_t kind,
                                         ProtobufCBinaryData event,
                                         uint8_t out[RECALL_CREDENTIAL_MAX])
{
    ProtobufCBinaryData found = {.data = out};
    Parkgate__Event *read =
        kind == EVENT_PRESENTATION ? parkgate__event__unpack(NULL, event.len, event.data) : NULL;
    if (read == NULL) {
        return found;
    }
    if (read->credential.len > 0 &&
        copy_tell_credential(gate->copy.store, read->credential_kind, field_view(&read->credential),
                             out, &found.len, NULL) != ERR_OK) {
        found.len = 0;
    }
    parkgate__event__free_unpacked(read, NULL);
    return found;
}
