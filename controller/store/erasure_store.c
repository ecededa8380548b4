#include "controller/store/erasure_store.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/clearance_store.h"
#include "common/facts/expected_store.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/store/face_store.h"
#include "controller/store/project_parts.h"
#include "controller/store/project_watch.h"
#include "schema/kinds.h"

enum err erasure_get(struct store_txn *txn, struct handle holder, Parkgate__ErasureRecord **ret,
                     struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_ERASURE, BYTES_OF(holder.bytes),
                          &parkgate__erasure_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err erasure_next(struct store_txn *txn, struct handle after, Parkgate__ErasureRecord **ret,
                      struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_ERASURE, BYTES_OF(after.bytes), (struct bytes){0}, UINT64_MAX,
                         &iter, fault));
    do {
        TRY(store_iter_next(&iter, &key, &value, fault));
    } while (bytes_equal(key, BYTES_OF(after.bytes)) && !handle_is_none(after));
    TRY(store_unpack_message(key, value, &parkgate__erasure_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

/* u8 step, the handle */
static struct bytes open_key(struct keybuf *key, uint32_t step, struct handle holder)
{
    keybuf_begin(key);
    keybuf_u8(key, (uint8_t)step);
    keybuf_handle(key, holder);
    return keybuf_view(key);
}

enum err erasure_next_open(struct store_txn *txn, struct erasure_place *place, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    (void)open_key(&from, place->step, place->holder);
    keybuf_u8(&from, 0); /* the key after it */
    TRY(store_iter_range(txn, TABLE_ERASURE_OPEN, keybuf_view(&from), (struct bytes){0}, 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    struct reader r = reader_of(key);
    place->step = reader_u8(&r);
    place->holder = keybuf_read_handle(&r);
    return ERR_OK;
}

enum err erasure_put_open(struct store_txn *txn, const Parkgate__ErasureRecord *record,
                          struct fault *fault)
{
    struct keybuf key;
    struct handle holder = people_handle(&record->holder);
    for (uint32_t step = ERASURE_BEGAN; step < ERASURE_ENDED; step++) {
        struct bytes at = open_key(&key, step, holder);
        enum err err =
            step == record->step
                ? store_put(txn, TABLE_ERASURE_OPEN, at, (struct bytes){0}, fault)
                : store_del(txn, TABLE_ERASURE_OPEN, at, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

/* --- what is forgotten --- */

static enum err del(struct store_txn *txn, size_t table, struct bytes key, struct fault *fault)
{
    enum err err = key.size == 0 ? ERR_OK : store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A row of a table that begins with the holder, taken apart by `forget`; then the row itself goes.
 * Keys are copied: what forget() writes makes borrowed bytes void. */
typedef enum err forget_row(struct store_txn *txn, struct handle holder, struct bytes key,
                            struct bytes value, struct fault *fault);

static enum err forget_all(struct store_txn *txn, size_t table, struct handle holder,
                           forget_row *forget, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, table, BYTES_OF(holder.bytes), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf row;
        keybuf_begin(&row);
        keybuf_bytes(&row, key);
        TRY(forget(txn, holder, keybuf_view(&row), value, fault));
        TRY(del(txn, table, keybuf_view(&row), fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static struct handle second_handle(struct bytes key)
{
    struct handle handle = {{0}};
    if (key.size >= 2 * HANDLE_SIZE) {
        memcpy(handle.bytes, key.data + key.size - HANDLE_SIZE, HANDLE_SIZE);
    }
    return handle;
}

static enum err forget_credential(struct store_txn *txn, struct handle holder, struct bytes key,
                                  struct bytes value, struct fault *fault)
{
    struct keybuf hash;
    ProtobufCMessage *newest = NULL;
    struct handle credential = second_handle(key);
    keybuf_begin(&hash);
    keybuf_bytes(&hash, value);
    enum err err = versioned_newest(txn, VERSIONED_CREDENTIAL, keybuf_view(&hash), &newest, fault);
    if (err == ERR_OK) {
        const Parkgate__CredentialRecord *record = (const void *)newest;
        bool his = handle_equal(people_handle(&record->holder), holder);
        store_message_destroy(&newest);
        err = his ? del(txn, TABLE_CREDENTIAL, keybuf_view(&hash), fault) : ERR_OK;
        if (err == ERR_OK && his) {
            err = face_forget(txn, keybuf_view(&hash), fault);
        }
    }
    TRY(err == ERR_NOT_FOUND ? ERR_OK : err);
    return del(txn, TABLE_CREDENTIAL_ID, BYTES_OF(credential.bytes), fault);
}

static enum err forget_of_tenant(struct store_txn *txn, struct handle holder, const char *tenant,
                                 struct fault *fault)
{
    struct keybuf key;
    (void)project_name_key(&key, tenant);
    keybuf_handle(&key, holder);
    return del(txn, TABLE_TENANT_HOLDER, keybuf_view(&key), fault);
}

static enum err forget_assignment(struct store_txn *txn, struct handle holder, struct bytes key,
                                  struct bytes value, struct fault *fault)
{
    ProtobufCMessage *newest = NULL;
    struct handle assignment = second_handle(key);
    (void)value;
    TRY(versioned_newest(txn, VERSIONED_ASSIGNMENT, key, &newest, fault));
    enum err err = forget_of_tenant(txn, holder,
                                    ((Parkgate__AssignmentRecord *)(void *)newest)->tenant, fault);
    store_message_destroy(&newest);
    TRY(err);
    return del(txn, TABLE_ASSIGNMENT_ID, BYTES_OF(assignment.bytes), fault);
}

static enum err forget_notices(struct store_txn *txn, const Parkgate__ClearanceRecord *record,
                               struct fault *fault)
{
    static const uint32_t days[] = {30, 7, 1};
    struct keybuf key;
    Parkgate__NoticeRecord notice = PARKGATE__NOTICE_RECORD__INIT;
    notice.tenant = record->tenant;
    notice.person = record->person;
    notice.clearance = record->clearance;
    notice.ends_us = record->until_us;
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        notice.days = days[i];
        TRY(del(txn, TABLE_NOTICE, notice_key(&key, &notice), fault));
    }
    return ERR_OK;
}

static enum err forget_clearance(struct store_txn *txn, struct handle holder, struct bytes key,
                                 struct bytes value, struct fault *fault)
{
    struct keybuf end;
    struct name clearance = {{0}};
    ProtobufCMessage *message = NULL;
    TRY(store_unpack_message(key, value, &parkgate__clearance_record__descriptor, &message, fault));
    const Parkgate__ClearanceRecord *record = (const void *)message;
    (void)name_from_text(record->clearance, &clearance);
    keybuf_begin(&end);
    keybuf_wall(&end, (struct wall){record->until_us});
    keybuf_handle(&end, holder);
    keybuf_name(&end, clearance);
    enum err err = del(txn, TABLE_CLEARANCE_END, keybuf_view(&end), fault);
    if (err == ERR_OK) {
        err = forget_notices(txn, record, fault);
    }
    store_message_destroy(&message);
    return err;
}

static enum err forget_visit(struct store_txn *txn, struct handle holder, struct bytes key,
                             struct bytes value, struct fault *fault)
{
    struct keybuf of_tenant;
    struct handle visit = second_handle(key);
    Parkgate__VisitRecord *record = NULL;
    (void)value;
    (void)holder;
    enum err err = visit_get(txn, visit, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    (void)expected_key_tenant(&of_tenant, record->tenant, (struct wall){record->until_us}, visit);
    parkgate__visit_record__free_unpacked(record, NULL);
    TRY(del(txn, TABLE_VISIT_TENANT, keybuf_view(&of_tenant), fault));
    return del(txn, TABLE_VISIT, BYTES_OF(visit.bytes), fault);
}

static enum err forget_booking(struct store_txn *txn, struct handle holder, struct bytes key,
                               struct bytes value, struct fault *fault)
{
    struct keybuf of_tenant;
    struct handle booking = second_handle(key);
    Parkgate__BookingRecord *record = NULL;
    (void)value;
    (void)holder;
    enum err err = booking_get(txn, booking, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    (void)expected_key_tenant(&of_tenant, record->tenant, (struct wall){record->until_us}, booking);
    parkgate__booking_record__free_unpacked(record, NULL);
    TRY(del(txn, TABLE_BOOKING_TENANT, keybuf_view(&of_tenant), fault));
    return del(txn, TABLE_BOOKING, BYTES_OF(booking.bytes), fault);
}

/* Entries that name him by identity are of nobody on the roster any more. */
static enum err forget_target(struct store_txn *txn, struct handle holder, struct bytes key,
                              struct bytes value, struct fault *fault)
{
    (void)txn;
    (void)holder;
    (void)key;
    (void)value;
    (void)fault;
    return ERR_OK; /* the row itself is all there is */
}

static enum err forget_identities(struct store_txn *txn, struct handle holder,
                                  const ProtobufCBinaryData *hashes, size_t count,
                                  struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes value;
        enum err err = store_get(txn, TABLE_WATCH_IDENTITY, field_view(&hashes[i]), &value, fault);
        if (err == ERR_OK && bytes_equal(value, BYTES_OF(holder.bytes))) {
            err = del(txn, TABLE_WATCH_IDENTITY, field_view(&hashes[i]), fault);
        }
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

/* The index by number names him only while no other import took the number. */
static enum err forget_number(struct store_txn *txn, struct handle holder,
                              const ProtobufCBinaryData *hash, struct fault *fault)
{
    struct handle known;
    if (hash->len == 0) {
        return ERR_OK;
    }
    enum err err = people_handle_of_id(txn, field_view(hash), &known, fault);
    if (err != ERR_OK || !handle_equal(known, holder)) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return del(txn, TABLE_HOLDER_ID, field_view(hash), fault);
}

static enum err forget_holder(struct store_txn *txn, struct handle holder, struct fault *fault)
{
    ProtobufCMessage *newest = NULL;
    Parkgate__HolderRecord empty = PARKGATE__HOLDER_RECORD__INIT;
    TRY(versioned_newest(txn, VERSIONED_HOLDER, BYTES_OF(holder.bytes), &newest, fault));
    const Parkgate__HolderRecord *record = (const void *)newest;
    empty.holder = record->holder;
    empty.vehicle = record->vehicle;
    empty.tenant = record->tenant;
    empty.removed = true;
    empty.erased = true;
    enum err err = forget_number(txn, holder, &record->id_hash, fault);
    if (err == ERR_OK) {
        err = forget_number(txn, holder, &record->external_hash, fault);
    }
    if (err == ERR_OK) {
        err = forget_identities(txn, holder, record->watch_hash, record->n_watch_hash, fault);
    }
    if (err == ERR_OK) {
        err = project_watch_forget_identities(txn, holder, fault);
    }
    if (err == ERR_OK) {
        err = forget_of_tenant(txn, holder, record->tenant, fault);
    }
    if (err == ERR_OK) {
        err = store_put_message(txn, TABLE_HOLDER, BYTES_OF(holder.bytes), &empty.base, fault);
    }
    store_message_destroy(&newest);
    return err;
}

static enum err forget(struct store_txn *txn, struct handle holder, struct fault *fault)
{
    static const struct {
        enum table table;
        forget_row *row;
    } of_holder[] = {
        {TABLE_CREDENTIAL_OF, forget_credential},
        {TABLE_ASSIGNMENT,    forget_assignment},
        {TABLE_CLEARANCE,     forget_clearance },
        {TABLE_VISIT_OF,      forget_visit     },
        {TABLE_BOOKING_OF,    forget_booking   },
        {TABLE_WATCH_TARGET,  forget_target    },
    };
    static const enum table single[] = {TABLE_BAN, TABLE_FORGIVEN, TABLE_PASSBACK};
    for (size_t i = 0; i < ARRAY_LEN(of_holder); i++) {
        TRY(forget_all(txn, of_holder[i].table, holder, of_holder[i].row, fault));
    }
    for (size_t i = 0; i < ARRAY_LEN(single); i++) {
        TRY(del(txn, single[i], BYTES_OF(holder.bytes), fault));
    }
    return forget_holder(txn, holder, fault);
}

enum err project_erasure(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__ErasureRecord *record = (const void *)body;
    if (record->holder.len != HANDLE_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "journal: an erasure names nobody");
    }
    Parkgate__ErasureRecord kept = *record;
    if (record->step == ERASURE_BEGAN) {
        kept.at_sequence = entry->sequence;
        struct handle holder = people_handle(&record->holder);
        TRY(forget_identities(txn, holder, record->watch_hash, record->n_watch_hash, fault));
        TRY(forget(txn, holder, fault));
        kept.n_watch_hash = 0;
    }
    TRY(erasure_put_open(txn, &kept, fault));
    return store_put_message(txn, TABLE_ERASURE, field_view(&record->holder), &kept.base, fault);
}

/* Its job ended well: the row says up to where, unless retention was quicker. */
static enum err backup_made(struct store_txn *txn, const Parkgate__BackupEntry *made,
                            struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_u64(&key, made->made_of);
    enum err err = store_get_message(txn, TABLE_BACKUP, keybuf_view(&key),
                                     &parkgate__backup_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    ((Parkgate__BackupRecord *)(void *)message)->made_upto = made->made_upto;
    err = store_put_message(txn, TABLE_BACKUP, keybuf_view(&key), message, fault);
    store_message_destroy(&message);
    return err;
}

enum err project_backup(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    const Parkgate__BackupEntry *backup = (const void *)body;
    if (backup->made_of != 0) {
        return backup_made(txn, backup, fault);
    }
    Parkgate__BackupRecord record = PARKGATE__BACKUP_RECORD__INIT;
    record.dir = backup->dir;
    record.at_us = entry->time_us;
    keybuf_begin(&key);
    keybuf_u64(&key, entry->sequence);
    return store_put_message(txn, TABLE_BACKUP, keybuf_view(&key), &record.base, fault);
}
