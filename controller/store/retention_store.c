#include "controller/store/retention_store.h"

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "controller/store/project_parts.h"

enum err retention_get(struct store_txn *txn, const char *class_name,
                       Parkgate__RetentionRecord **ret, struct fault *fault)
{
    static const uint8_t empty[1];
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_RETENTION, project_name_key(&key, class_name),
                                     &parkgate__retention_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = parkgate__retention_record__unpack(NULL, 0, empty);
        return *ret != NULL ? ERR_OK : fault_set(fault, ERR_IO, "retention: out of memory");
    }
    TRY(err);
    *ret = (void *)message;
    return ERR_OK;
}

/* What retention may touch, and nothing else. */
static const struct {
    enum table table;
    const ProtobufCMessageDescriptor *descriptor; /* of what it may put; NULL: it only deletes */
} touched[] = {
    {TABLE_PASSAGE,            NULL                                     },
    {TABLE_EVENT,              &parkgate__event_index__descriptor       },
    {TABLE_ATTENDANCE,         &parkgate__attendance_record__descriptor },
    {TABLE_QUARANTINE,         NULL                                     },
    {TABLE_LOOKUP,             NULL                                     },
    {TABLE_BOOKING,            NULL                                     },
    {TABLE_BOOKING_OF,         NULL                                     },
    {TABLE_BOOKING_TENANT,     NULL                                     },
    {TABLE_VISIT,              NULL                                     },
    {TABLE_VISIT_OF,           NULL                                     },
    {TABLE_VISIT_TENANT,       NULL                                     },
    {TABLE_BACKUP,             NULL                                     },
    {TABLE_DISCLOSURE,         NULL                                     },
    {TABLE_EXPORTED,           NULL                                     },
    {TABLE_HELD_READ,          &parkgate__held_read__descriptor         },
    {TABLE_ALERT,              NULL                                     },
    {TABLE_ALERT_STEP,         NULL                                     },
    {TABLE_ALERT_FOLD,         NULL                                     },
    {TABLE_ALERT_NEWS,         NULL                                     },
    {TABLE_ALERT_LABEL,        NULL                                     },
    {TABLE_WATCH_HIT,          NULL                                     },
    {TABLE_WATCH_DAY,          NULL                                     },
    {TABLE_DISPOSITION,        &parkgate__disposition_record__descriptor},
    {TABLE_DISPOSITION_ID,     NULL                                     },
    {TABLE_DISPOSITION_ENTRY,  NULL                                     },
    {TABLE_DISPOSITION_NOTICE, &parkgate__disposition_notice__descriptor},
};

static enum err put_row(struct store_txn *txn, const Parkgate__RetentionRow *row,
                        const ProtobufCMessageDescriptor *descriptor, struct fault *fault)
{
    ProtobufCMessage *record =
        descriptor == NULL
            ? NULL
            : protobuf_c_message_unpack(descriptor, NULL, row->value.len, row->value.data);
    if (record == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: a row of retention cannot be read");
    }
    enum err err = store_put_message(txn, row->table, field_view(&row->key), record, fault);
    store_message_destroy(&record);
    return err;
}

static enum err apply_row(struct store_txn *txn, const Parkgate__RetentionRow *row,
                          struct fault *fault)
{
    for (size_t i = 0; i < ARRAY_LEN(touched); i++) {
        if (touched[i].table != row->table || row->key.len == 0) {
            continue;
        }
        if (row->value.len > 0) {
            return put_row(txn, row, touched[i].descriptor, fault);
        }
        enum err err = store_del(txn, row->table, field_view(&row->key), fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return fault_set(fault, ERR_CORRUPT, "journal: retention does not touch table %u", row->table);
}

static enum err apply_rows(struct store_txn *txn, const Parkgate__RetentionEntry *entry,
                           uint64_t *removed, struct fault *fault)
{
    for (size_t i = 0; i < entry->n_row; i++) {
        Parkgate__RetentionRow *row =
            parkgate__retention_row__unpack(NULL, entry->row[i].len, entry->row[i].data);
        if (row == NULL) {
            return fault_set(fault, ERR_CORRUPT, "journal: a row of retention cannot be read");
        }
        *removed += row->table != TABLE_HELD_READ; /* a note of what is kept */
        enum err err = apply_row(txn, row, fault);
        parkgate__retention_row__free_unpacked(row, NULL);
        TRY(err);
    }
    return ERR_OK;
}

static enum err put(struct store_txn *txn, const char *class_name,
                    const Parkgate__RetentionRecord *record, struct fault *fault)
{
    struct keybuf key;
    return store_put_message(txn, TABLE_RETENTION, project_name_key(&key, class_name),
                             &record->base, fault);
}

enum err project_retention(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__RetentionEntry *done = (const void *)body;
    uint64_t removed = 0;
    Parkgate__RetentionRecord *record = NULL;
    if (done->approaches_us != 0) {
        return project_approaches_over(txn, (struct wall){done->approaches_us}, fault);
    }
    TRY(apply_rows(txn, done, &removed, fault));
    TRY(retention_get(txn, done->class_, &record, fault));
    record->place = done->place;
    record->removed_ever += removed;
    if (done->ended) {
        record->ran_day = done->day;
        record->ran_us = entry->time_us;
        record->removed = done->removed;
    }
    enum err err = put(txn, done->class_, record, fault);
    parkgate__retention_record__free_unpacked(record, NULL);
    return err;
}

enum err project_retention_term(struct store_txn *txn, const Parkgate__Entry *entry,
                                const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__RetentionTerm *term = (const void *)body;
    Parkgate__RetentionRecord *found = NULL;
    (void)entry;
    TRY(retention_get(txn, term->class_, &found, fault));
    Parkgate__RetentionRecord record = *found;
    record.days = term->days;
    record.basis = term->basis;
    enum err err = put(txn, term->class_, &record, fault);
    parkgate__retention_record__free_unpacked(found, NULL);
    return err;
}
