#include "common/facts/emergency_store.h"

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "schema/kinds.h"

struct bytes emergency_key(struct keybuf *key)
{
    keybuf_begin(key);
    keybuf_u8(key, EMERGENCY_ROW);
    return keybuf_view(key);
}

enum err emergency_get(struct store_txn *txn, Parkgate__EmergencyRecord **ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    *ret = NULL;
    enum err err = store_get_message(txn, TABLE_EMERGENCY, emergency_key(&key),
                                     &parkgate__emergency_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    *ret = (void *)message;
    return ERR_OK;
}

bool emergency_holds(const Parkgate__EmergencyRecord *record, const struct park *park,
                     const struct park_lane *lane)
{
    return record->state != EMERGENCY_NONE &&
           (record->n_zone == 0 || park_lane_leads_into(park, lane, record->zone, record->n_zone));
}

enum err emergency_at_lane(struct store_txn *txn, const struct park *park,
                           const struct park_lane *lane, bool *ret_on, bool *ret_admits,
                           struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    *ret_on = false;
    *ret_admits = false;
    TRY(emergency_get(txn, &record, fault));
    if (record != NULL) {
        *ret_on = emergency_holds(record, park, lane);
        *ret_admits = record->admits;
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

const char *emergency_name(uint32_t state)
{
    static const char *const names[] = {"none", "fire", "evacuation"};
    return state < ARRAY_LEN(names) ? names[state] : "unknown";
}
