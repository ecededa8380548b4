#include "common/facts/expected_store.h"

#include <string.h>

#include "common/facts/people_store.h"
#include "common/facts/tables.h"

struct bytes expected_key_of(struct keybuf *key, struct handle whose, struct wall until,
                             struct handle handle)
{
    keybuf_begin(key);
    keybuf_handle(key, whose);
    keybuf_wall(key, until);
    keybuf_handle(key, handle);
    return keybuf_view(key);
}

struct bytes expected_key_tenant(struct keybuf *key, const char *tenant, struct wall until,
                                 struct handle handle)
{
    keybuf_begin(key);
    keybuf_text(key, tenant);
    keybuf_wall(key, until);
    keybuf_handle(key, handle);
    return keybuf_view(key);
}

static enum err get(struct store_txn *txn, enum table table, struct handle handle,
                    const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret,
                    struct fault *fault)
{
    return store_get_message(txn, table, BYTES_OF(handle.bytes), descriptor, ret, fault);
}

enum err booking_get(struct store_txn *txn, struct handle booking, Parkgate__BookingRecord **ret,
                     struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(get(txn, TABLE_BOOKING, booking, &parkgate__booking_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

enum err visit_get(struct store_txn *txn, struct handle visit, Parkgate__VisitRecord **ret,
                   struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(get(txn, TABLE_VISIT, visit, &parkgate__visit_record__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

/* Walks those of `whose` that end after `when`. */
static enum err walk_left(struct store_txn *txn, enum table table, struct handle whose,
                          struct wall when, struct store_iter *iter, struct fault *fault)
{
    struct keybuf from, until;
    const struct handle last = {.bytes = {[0 ... HANDLE_SIZE - 1] = 0xff}};
    (void)expected_key_of(&from, whose, (struct wall){when.us + 1}, (struct handle){{0}});
    (void)expected_key_of(&until, whose, (struct wall){INT64_MAX}, last);
    return store_iter_range(txn, table, keybuf_view(&from), keybuf_view(&until), UINT64_MAX, iter,
                            fault);
}

static enum err count_left(struct store_txn *txn, enum table table, struct handle whose,
                           struct wall when, size_t *ret_count, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    enum err err;
    *ret_count = 0;
    TRY(walk_left(txn, table, whose, when, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        (*ret_count)++;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err bookings_left(struct store_txn *txn, struct handle vehicle, struct wall when,
                       size_t *ret_count, struct fault *fault)
{
    return count_left(txn, TABLE_BOOKING_OF, vehicle, when, ret_count, fault);
}

enum err visits_left(struct store_txn *txn, struct handle visitor, struct wall when,
                     size_t *ret_count, struct fault *fault)
{
    return count_left(txn, TABLE_VISIT_OF, visitor, when, ret_count, fault);
}

static struct handle handle_of_key(struct bytes key)
{
    struct handle handle = {{0}};
    if (key.size >= HANDLE_SIZE) {
        memcpy(handle.bytes, key.data + key.size - HANDLE_SIZE, HANDLE_SIZE);
    }
    return handle;
}

enum err bookings_at(struct store_txn *txn, struct handle vehicle, struct wall when,
                     struct bookings *ret, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    enum err err;
    ret->count = 0;
    TRY(walk_left(txn, TABLE_BOOKING_OF, vehicle, when, &iter, fault));
    while (ret->count < LIMIT_BOOKINGS_PER_VEHICLE &&
           (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__BookingRecord *record = NULL;
        err = booking_get(txn, handle_of_key(key), &record, fault);
        if (err != ERR_OK) {
            bookings_destroy(ret);
            return err;
        }
        if (record->from_us <= when.us) {
            ret->items[ret->count++] = record;
        } else {
            parkgate__booking_record__free_unpacked(record, NULL);
        }
    }
    return ERR_OK;
}

enum err visits_at(struct store_txn *txn, struct handle visitor, struct wall when,
                   struct visits *ret, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    enum err err;
    ret->count = 0;
    TRY(walk_left(txn, TABLE_VISIT_OF, visitor, when, &iter, fault));
    while (ret->count < LIMIT_VISITS_PER_PERSON &&
           (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__VisitRecord *record = NULL;
        err = visit_get(txn, handle_of_key(key), &record, fault);
        if (err != ERR_OK) {
            visits_destroy(ret);
            return err;
        }
        if (record->from_us <= when.us) {
            ret->items[ret->count++] = record;
        } else {
            parkgate__visit_record__free_unpacked(record, NULL);
        }
    }
    return ERR_OK;
}

void bookings_destroy(struct bookings *bookings)
{
    for (size_t i = 0; i < bookings->count; i++) {
        parkgate__booking_record__free_unpacked(bookings->items[i], NULL);
    }
    bookings->count = 0;
}

void visits_destroy(struct visits *visits)
{
    for (size_t i = 0; i < visits->count; i++) {
        parkgate__visit_record__free_unpacked(visits->items[i], NULL);
    }
    visits->count = 0;
}
