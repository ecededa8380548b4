#include "common/facts/people_store.h"
#include "common/facts/recall_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

static enum err put(struct store_txn *txn, const char *gate, const Parkgate__RecallRecord *record,
                    struct fault *fault)
{
    struct keybuf key;
    return store_put_message(txn, TABLE_RECALL, recall_key(&key, gate), &record->base, fault);
}

/* The recovery itself goes on to this step. */
static enum err move_on(struct store_txn *txn, const Parkgate__Entry *entry,
                        const Parkgate__Recalled *step, struct fault *fault)
{
    Parkgate__RecallRecord *known = NULL;
    Parkgate__RecallRecord record = PARKGATE__RECALL_RECORD__INIT;
    TRY(recall_get(txn, "", &known, fault));
    record.number = step->step == RECALL_BEGAN ? entry->sequence : step->number;
    record.backup_sequence = step->step == RECALL_BEGAN ? step->backup_sequence
                             : known == NULL            ? 0
                                                        : known->backup_sequence;
    record.step = step->step;
    record.at_us = entry->time_us;
    if (known != NULL) {
        parkgate__recall_record__free_unpacked(known, NULL);
    }
    return put(txn, "", &record, fault);
}

static enum err wait_or_confirm(struct store_txn *txn, const Parkgate__Entry *entry,
                                const Parkgate__Recalled *step, struct fault *fault)
{
    struct keybuf key;
    Parkgate__RecallRecord record = PARKGATE__RECALL_RECORD__INIT;
    const struct recall_row row = {.holder = people_handle(&step->holder),
                                   .row = people_handle(&step->row),
                                   .table = step->table};
    if (step->step == RECALL_CONFIRMED) {
        enum err err = store_del(txn, TABLE_RECALL, recall_row_key(&key, &row), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    record.number = step->number;
    record.step = RECALL_WAITS;
    record.gate = step->gate;
    record.at_us = entry->time_us;
    return store_put_message(txn, TABLE_RECALL, recall_row_key(&key, &row), &record.base, fault);
}

enum err project_recalled(struct store_txn *txn, const Parkgate__Entry *entry,
                          const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Recalled *step = (const void *)body;
    Parkgate__RecallRecord part = PARKGATE__RECALL_RECORD__INIT;
    if (step->step == RECALL_WAITS || step->step == RECALL_CONFIRMED) {
        return wait_or_confirm(txn, entry, step, fault);
    }
    if (step->step != RECALL_GATE) {
        return move_on(txn, entry, step, fault);
    }
    part.number = step->number;
    part.step = RECALL_GATE;
    part.events = step->events;
    part.fresh = step->fresh;
    part.persons = step->persons;
    part.lost = step->lost;
    part.at_us = entry->time_us;
    return put(txn, step->gate, &part, fault);
}
