#include "common/facts/expected_store.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "controller/store/project_parts.h"

/* A booking or a visit, and the tables by which it is found. */
struct expected {
    enum table table, table_of, table_tenant;
    struct handle handle, whose;
    const char *tenant;
    struct wall until;
    bool cancelled;
};

static enum err put_index(struct store_txn *txn, const struct expected *e, enum table table,
                          struct bytes key, struct fault *fault)
{
    if (!e->cancelled) {
        return store_put(txn, table, key, (struct bytes){0}, fault);
    }
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Said again of a known handle it only ever cancels: its other fields stay. */
static enum err put(struct store_txn *txn, const struct expected *e, const ProtobufCMessage *body,
                    struct fault *fault)
{
    struct keybuf key;
    TRY(store_put_message(txn, e->table, BYTES_OF(e->handle.bytes), body, fault));
    TRY(put_index(txn, e, e->table_of, expected_key_of(&key, e->whose, e->until, e->handle),
                  fault));
    return put_index(txn, e, e->table_tenant,
                     expected_key_tenant(&key, e->tenant, e->until, e->handle), fault);
}

enum err project_booking(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__BookingRecord *record = (const void *)body;
    const struct expected e = {.table = TABLE_BOOKING,
                               .table_of = TABLE_BOOKING_OF,
                               .table_tenant = TABLE_BOOKING_TENANT,
                               .handle = people_handle(&record->booking),
                               .whose = people_handle(&record->vehicle),
                               .tenant = record->tenant,
                               .until = {record->until_us},
                               .cancelled = record->cancelled};
    (void)entry;
    return put(txn, &e, body, fault);
}

enum err project_visit(struct store_txn *txn, const Parkgate__Entry *entry,
                       const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__VisitRecord *record = (const void *)body;
    const struct expected e = {.table = TABLE_VISIT,
                               .table_of = TABLE_VISIT_OF,
                               .table_tenant = TABLE_VISIT_TENANT,
                               .handle = people_handle(&record->visit),
                               .whose = people_handle(&record->visitor),
                               .tenant = record->tenant,
                               .until = {record->until_us},
                               .cancelled = record->cancelled};
    (void)entry;
    return put(txn, &e, body, fault);
}
