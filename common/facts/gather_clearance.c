#include "common/facts/gather_clearance.h"

#include "common/facts/clearance_store.h"

enum err gather_clearance(const struct facts_view *view, const struct park_lane *lane,
                          struct handle person, enum clearance_held *ret_held, struct fault *fault)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(view->park, lane, zones);
    *ret_held = CLEARANCE_HELD;
    for (size_t z = 0; z < count; z++) {
        for (size_t i = 0; i < zones[z]->clearance_count; i++) {
            enum clearance_held held = CLEARANCE_MISSING;
            TRY(clearance_state_of(view->txn, person, zones[z]->clearances[i], view->now, &held,
                                   fault));
            *ret_held = held < *ret_held ? held : *ret_held;
        }
    }
    return ERR_OK;
}
