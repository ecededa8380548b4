/* expected_store: who is expected, and when: bookings of vehicles with their drivers, and visits.
 *
 * Tables BOOKING and VISIT keep every record; the tables beside them find those that are not
 * cancelled by vehicle, by visitor and by tenant, in the order in which they end. So what is over
 * costs nothing.
 */
#pragma once

#include "common/base/ids.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

/* Bookings of a vehicle, or visits of a person, that cover `when` (from included, until excluded),
 * in the order in which they end. */
struct bookings {
    size_t count;
    Parkgate__BookingRecord *items[LIMIT_BOOKINGS_PER_VEHICLE];
};
struct visits {
    size_t count;
    Parkgate__VisitRecord *items[LIMIT_VISITS_PER_PERSON];
};
MUST_CHECK enum err bookings_at(struct store_txn *txn, struct handle vehicle, struct wall when,
                                struct bookings *ret, struct fault *fault);
MUST_CHECK enum err visits_at(struct store_txn *txn, struct handle visitor, struct wall when,
                              struct visits *ret, struct fault *fault);
void bookings_destroy(struct bookings *bookings);
void visits_destroy(struct visits *visits);

/* How many are not over at `when`: begun or to come. */
MUST_CHECK enum err bookings_left(struct store_txn *txn, struct handle vehicle, struct wall when,
                                  size_t *ret_count, struct fault *fault);
MUST_CHECK enum err visits_left(struct store_txn *txn, struct handle visitor, struct wall when,
                                size_t *ret_count, struct fault *fault);

/* Records by handle, also cancelled ones. ERR_NOT_FOUND: none. Free with ..._free_unpacked(). */
MUST_CHECK enum err booking_get(struct store_txn *txn, struct handle booking,
                                Parkgate__BookingRecord **ret, struct fault *fault);
MUST_CHECK enum err visit_get(struct store_txn *txn, struct handle visit,
                              Parkgate__VisitRecord **ret, struct fault *fault);

/* Keys of the index tables: what it is found by, its end, its handle. */
struct bytes expected_key_of(struct keybuf *key, struct handle whose, struct wall until,
                             struct handle handle);
struct bytes expected_key_tenant(struct keybuf *key, const char *tenant, struct wall until,
                                 struct handle handle);
