#include "controller/app/zone_alerts.h"

#include "common/facts/lane_store.h"
#include "controller/app/faults.h"

enum { ALERT_ENDS_BELOW = 5 /* percent under its mark, so that it does not flicker */ };

static enum err set_alert(struct controller *ctl, const struct fault_kind *kind,
                          const struct park_zone *zone, bool raise, bool end, struct fault *fault)
{
    return raise ? fault_raise(ctl, kind, zone->name.text, "", "", fault)
           : end ? fault_end(ctl, kind, zone->name.text, fault)
                 : ERR_OK;
}

static enum err pre_alert(struct controller *ctl, const struct fault_kind *kind,
                          const struct park_zone *zone, uint32_t percent, uint32_t inside,
                          struct fault *fault)
{
    uint64_t limit = zone->capacity > 0 ? zone->capacity : zone->capacity_soft;
    uint64_t share = (uint64_t)inside * 100;
    if (percent <= ALERT_ENDS_BELOW || limit == 0) {
        return set_alert(ctl, kind, zone, false, true, fault);
    }
    return set_alert(ctl, kind, zone, share >= percent * limit,
                     share <= (percent - ALERT_ENDS_BELOW) * limit, fault);
}

static enum err alerts_of(struct controller *ctl, const struct park_zone *zone, struct fault *fault)
{
    uint32_t inside = 0;
    bool has_soft = zone->capacity_soft > 0;
    TRY(zone_persons_get(ctl->txn, zone->name, &inside, fault));
    TRY(pre_alert(ctl, &fault_zone_filling, zone, zone->alert_first, inside, fault));
    TRY(pre_alert(ctl, &fault_zone_nearly_full, zone, zone->alert_second, inside, fault));
    return set_alert(ctl, &fault_zone_over, zone, has_soft && inside > zone->capacity_soft,
                     !has_soft || inside <= zone->capacity_soft, fault);
}

enum err zone_alerts_after_passage(struct controller *ctl, struct fault *fault)
{
    for (size_t i = 0; ctl->park->watches_zones && i < ctl->park->zone_count; i++) {
        const struct park_zone *zone = &ctl->park->zones[i];
        if (zone->capacity_soft > 0 || zone->alert_first > 0) {
            TRY(alerts_of(ctl, zone, fault));
        }
    }
    return ERR_OK;
}

enum err zone_alerts_after_change(struct controller *ctl, struct fault *fault)
{
    for (size_t i = 0; i < ctl->park->zone_count; i++) {
        TRY(alerts_of(ctl, &ctl->park->zones[i], fault));
    }
    return ERR_OK;
}
