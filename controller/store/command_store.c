#include "controller/store/command_store.h"

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/limits.h"

static struct bytes key_of(struct keybuf *key, const char *gate, uint64_t sequence)
{
    keybuf_begin(key);
    keybuf_text(key, gate);
    keybuf_u64(key, sequence);
    return keybuf_view(key);
}

enum err command_get(struct store_txn *txn, const char *gate, uint64_t sequence,
                     Parkgate__CommandRecord **ret_record, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_COMMAND, key_of(&key, gate, sequence),
                          &parkgate__command_record__descriptor, &message, fault));
    *ret_record = (void *)message;
    return ERR_OK;
}

/* Numbers rise, and leap where a controller was restored: all below `until` go. */
static enum err drop_below(struct store_txn *txn, const char *gate, uint64_t until,
                           struct fault *fault)
{
    for (;;) {
        struct keybuf from;
        struct keybuf to;
        struct keybuf first;
        struct bytes key;
        struct bytes value;
        AUTO(store_iter_end) struct store_iter iter = {0};
        TRY(store_iter_range(txn, TABLE_COMMAND, key_of(&from, gate, 0), key_of(&to, gate, until),
                             1, &iter, fault));
        enum err err = store_iter_next(&iter, &key, &value, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        keybuf_begin(&first);
        keybuf_bytes(&first, key);
        TRY(store_del(txn, TABLE_COMMAND, keybuf_view(&first), fault));
    }
}

enum err command_given(struct store_txn *txn, const Parkgate__CommandEntry *command,
                       struct fault *fault)
{
    struct keybuf key;
    Parkgate__CommandRecord record = PARKGATE__COMMAND_RECORD__INIT;
    record.lane = command->lane;
    record.verb = command->verb;
    record.presentation = command->presentation;
    record.presentation_epoch = command->presentation_epoch;
    TRY(store_put_message(txn, TABLE_COMMAND,
                          key_of(&key, command->gate, command->command_sequence), &record.base,
                          fault));
    return command->command_sequence > LIMIT_COMMANDS_KEPT
               ? drop_below(txn, command->gate, command->command_sequence - LIMIT_COMMANDS_KEPT + 1,
                            fault)
               : ERR_OK;
}

enum err command_answered(struct store_txn *txn, const Parkgate__EventEntry *event,
                          struct fault *fault)
{
    struct keybuf key;
    Parkgate__CommandRecord *record = NULL;
    enum err err = event->not_ordered
                       ? ERR_NOT_FOUND
                       : command_get(txn, event->gate, event->command_sequence, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (record->answered_us == 0) {
        record->answered_us = event->received_us;
        err = store_put_message(txn, TABLE_COMMAND,
                                key_of(&key, event->gate, event->command_sequence), &record->base,
                                fault);
    }
    parkgate__command_record__free_unpacked(record, NULL);
    return err;
}
