#include "controller/app/recall_waits.h"

#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "schema/kinds.h"

static enum err record_step(struct controller *ctl, const char *actor, uint32_t step,
                            const struct recall_row *row, Parkgate__Recalled *entry,
                            struct fault *fault)
{
    entry->step = step;
    entry->table = row->table;
    entry->holder = people_field(&row->holder);
    entry->row = people_field(&row->row);
    return controller_record(ctl, ENTRY_RECALLED, actor, &entry->base, fault);
}

enum err recall_row_waits(struct controller *ctl, const char *gate, uint64_t recovery,
                          const struct recall_row *row, struct fault *fault)
{
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    entry.number = recovery;
    entry.gate = field_text(gate);
    return record_step(ctl, gate, RECALL_WAITS, row, &entry, fault);
}

/* --- confirming --- */

static enum err confirm_holder(struct controller *ctl, const char *actor,
                               const struct recall_row *row, struct fault *fault)
{
    Parkgate__HolderRecord *here = NULL;
    TRY(people_holder(ctl->txn, row->holder, &here, fault));
    Parkgate__HolderRecord changed = *here;
    changed.told_by = field_text("");
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    enum err err = here->told_by[0] == '\0'
                       ? ERR_OK
                       : controller_record(ctl, ENTRY_HOLDER, actor, &changed.base, fault);
    parkgate__holder_record__free_unpacked(here, NULL);
    return err;
}

static enum err confirm_assignment(struct controller *ctl, const char *actor,
                                   const struct recall_row *row, struct fault *fault)
{
    Parkgate__AssignmentRecord *here = NULL;
    TRY(people_assignment(ctl->txn, row->holder, row->row, &here, fault));
    Parkgate__AssignmentRecord changed = *here;
    changed.told_by = field_text("");
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    enum err err = here->told_by[0] == '\0'
                       ? ERR_OK
                       : controller_record(ctl, ENTRY_ASSIGNMENT, actor, &changed.base, fault);
    parkgate__assignment_record__free_unpacked(here, NULL);
    return err;
}

static enum err confirm_credential(struct controller *ctl, const char *actor,
                                   const struct recall_row *row, struct fault *fault)
{
    Parkgate__CredentialRecord *here = NULL;
    TRY(people_credential_by_handle(ctl->txn, row->row, &here, fault));
    Parkgate__CredentialRecord changed = *here;
    changed.told_by = field_text("");
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    enum err err = here->told_by[0] == '\0'
                       ? ERR_OK
                       : controller_record(ctl, ENTRY_CREDENTIAL, actor, &changed.base, fault);
    parkgate__credential_record__free_unpacked(here, NULL);
    return err;
}

enum err recall_row_confirm(struct controller *ctl, const char *actor, const struct recall_row *row,
                            const char *reason, struct fault *fault)
{
    Parkgate__Recalled entry = PARKGATE__RECALLED__INIT;
    enum err err = ERR_NOT_FOUND;
    if (row->table == TABLE_HOLDER) {
        err = confirm_holder(ctl, actor, row, fault);
    } else if (row->table == TABLE_ASSIGNMENT) {
        err = confirm_assignment(ctl, actor, row, fault);
    } else if (row->table == TABLE_CREDENTIAL) {
        err = confirm_credential(ctl, actor, row, fault);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    entry.reason = field_text(reason);
    return record_step(ctl, actor, RECALL_CONFIRMED, row, &entry, fault);
}

/* --- the list --- */

enum err recall_row_next(struct controller *ctl, const struct recall_row *after,
                         const struct handle *holder, struct recall_row *ret,
                         Parkgate__RecallRecord **ret_record, struct fault *fault)
{
    struct keybuf from;
    struct keybuf last;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes begin =
        after == NULL ? recall_rows_prefix(&from, holder) : recall_row_key(&from, after);
    TRY(store_iter_range(ctl->txn, TABLE_RECALL, begin, (struct bytes){0}, UINT64_MAX, &iter,
                         fault));
    do {
        TRY(store_iter_next(&iter, &key, &value, fault));
    } while (after != NULL && bytes_equal(key, recall_row_key(&last, after)));
    if (!recall_row_of_key(key, ret) || (holder != NULL && !handle_equal(ret->holder, *holder))) {
        return ERR_NOT_FOUND;
    }
    TRY(store_unpack_message(key, value, &parkgate__recall_record__descriptor, &message, fault));
    *ret_record = (Parkgate__RecallRecord *)(void *)message;
    return ERR_OK;
}
