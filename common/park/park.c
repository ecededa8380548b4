#include "common/park/park.h"

#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"

/* Every element begins with its struct name, so one comparison serves all arrays. */
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static const void *find(const void *array, size_t count, size_t size, struct name name)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct name *at = (const void *)((const char *)array + middle * size);
        int order = strcmp(name.text, at->text);
        if (order == 0) {
            return at;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

#define FINDER(type, array, count)                                                                 \
    const struct type *type(const struct park *park, struct name name)                             \
    {                                                                                              \
        _Static_assert(offsetof(struct type, name) == 0, "the name comes first");                  \
        return find(park->array, park->count, sizeof(park->array[0]), name);                       \
    }

FINDER(park_zone, zones, zone_count)
FINDER(park_gate, gates, gate_count)
FINDER(park_lane, lanes, lane_count)
FINDER(park_reader, readers, reader_count)
FINDER(park_board, boards, board_count)
FINDER(park_tenant, tenants, tenant_count)
FINDER(park_shift, shifts, shift_count)
FINDER(park_schedule, schedules, schedule_count)
FINDER(park_clearance, clearances, clearance_count)
FINDER(park_passback, passbacks, passback_count)
FINDER(park_alert, alerts, alert_count)

#define SORT(array, count)                                                                         \
    do {                                                                                           \
        if (park->count > 0) {                                                                     \
            qsort(park->array, park->count, sizeof(park->array[0]), by_name);                      \
        }                                                                                          \
    } while (0)

/* A holiday takes those windows of its schedule that begin on its weekday. */
static void fill_holiday(struct holiday *holiday, const struct park_schedule *schedule)
{
    holiday->window_count = 0;
    for (size_t i = 0; i < schedule->weekly.window_count; i++) {
        const struct week_window *window = &schedule->weekly.windows[i];
        if ((window->weekdays >> civil_weekday(holiday->day) & 1) != 0 &&
            holiday->window_count < HOLIDAY_WINDOWS_MAX) {
            holiday->windows[holiday->window_count++] = window->hours;
        }
    }
}

/* What most parks do not have is not looked for at each read. */
static void find_limits(struct park *park)
{
    park->limits_tenants = false;
    park->watches_zones = false;
    for (size_t i = 0; i < park->tenant_count; i++) {
        park->limits_tenants |= park->tenants[i].capacity > 0;
    }
    for (size_t i = 0; i < park->zone_count; i++) {
        park->watches_zones |= park->zones[i].capacity_soft > 0 || park->zones[i].alert_first > 0;
    }
}

/* The copies' feed asks it of each gate again and again. */
static void find_askers(struct park *park)
{
    for (size_t i = 0; i < park->gate_count; i++) {
        struct park_gate *gate = &park->gates[i];
        gate->asks_presence = gate->muster_post;
        for (size_t l = 0; l < park->lane_count; l++) {
            const struct park_lane *lane = &park->lanes[l];
            gate->asks_presence |=
                name_equal(lane->gate, gate->name) && park_lane_asks_presence(park, lane);
        }
    }
}

void park_finish(struct park *park)
{
    SORT(zones, zone_count);
    SORT(gates, gate_count);
    SORT(lanes, lane_count);
    SORT(readers, reader_count);
    SORT(boards, board_count);
    SORT(tenants, tenant_count);
    SORT(shifts, shift_count);
    SORT(schedules, schedule_count);
    SORT(clearances, clearance_count);
    SORT(passbacks, passback_count);
    SORT(alerts, alert_count);
    for (size_t i = 0; i < park->holidays.count; i++) {
        const struct park_schedule *schedule = park_schedule(park, park->holiday_schedules[i]);
        if (schedule != NULL) {
            fill_holiday(&park->holidays.days[i], schedule);
        }
    }
    find_limits(park);
    find_askers(park);
}

void park_zone_path(const struct park *park, struct name zone, char out[PARK_PATH_SIZE])
{
    struct name chain[PARK_ZONE_DEPTH_MAX];
    size_t depth = 0;
    for (const struct park_zone *at = park_zone(park, zone);
         at != NULL && depth < PARK_ZONE_DEPTH_MAX; at = park_zone(park, at->parent)) {
        chain[depth++] = at->name;
    }
    size_t used = 0;
    while (depth > 0) {
        size_t size = strlen(chain[--depth].text);
        MUST(used + size + 2 <= PARK_PATH_SIZE);
        if (used > 0) {
            out[used++] = '/';
        }
        memcpy(out + used, chain[depth].text, size);
        used += size;
    }
    out[used] = '\0';
}

bool park_tenant_may_enter(const struct park *park, const struct park_tenant *tenant,
                           struct name zone)
{
    size_t depth = 0;
    for (const struct park_zone *at = park_zone(park, zone);
         at != NULL && depth < PARK_ZONE_DEPTH_MAX; at = park_zone(park, at->parent), depth++) {
        for (size_t i = 0; i < tenant->zone_count; i++) {
            if (name_equal(tenant->zones[i], at->name)) {
                return true;
            }
        }
    }
    return false;
}

bool park_lane_leads_into(const struct park *park, const struct park_lane *lane, char *const *zones,
                          size_t count)
{
    size_t depth = 0;
    for (const struct park_zone *at = park_zone(park, lane->zone);
         at != NULL && depth < PARK_ZONE_DEPTH_MAX; at = park_zone(park, at->parent), depth++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(zones[i], at->name.text) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Is `outer` this zone or inside of it? */
static bool lies_in(const struct park *park, struct name outer, const struct park_zone *zone)
{
    size_t depth = 0;
    if (outer.text[0] == '\0') {
        return false;
    }
    for (const struct park_zone *at = park_zone(park, outer);
         at != NULL && depth < PARK_ZONE_DEPTH_MAX; at = park_zone(park, at->parent), depth++) {
        if (at == zone) {
            return true;
        }
    }
    return false;
}

size_t park_zones_entered(const struct park *park, const struct park_lane *lane,
                          const struct park_zone *ret_zones[PARK_ZONE_DEPTH_MAX])
{
    size_t count = 0;
    for (const struct park_zone *zone = park_zone(park, lane->zone);
         zone != NULL && count < PARK_ZONE_DEPTH_MAX && !lies_in(park, lane->outer_zone, zone);
         zone = park_zone(park, zone->parent)) {
        ret_zones[count++] = zone;
    }
    return count;
}

bool park_opens_by_two(const struct park *park, const struct park_lane *lane,
                       enum lane_direction direction)
{
    const struct park_zone *entered[PARK_ZONE_DEPTH_MAX];
    size_t count = direction == LANE_IN ? park_zones_entered(park, lane, entered) : 0;
    for (size_t i = 0; i < count; i++) {
        if (entered[i]->open_by_two) {
            return true;
        }
    }
    return false;
}

bool park_passback_has_zone(const struct park_passback *rule, struct name zone)
{
    for (size_t i = 0; i < rule->zone_count; i++) {
        if (name_equal(rule->zones[i], zone)) {
            return true;
        }
    }
    return false;
}

bool park_passback_at(const struct park *park, const struct park_passback *rule,
                      const struct park_lane *lane)
{
    const struct park_zone *entered[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(park, lane, entered);
    bool enters = false;
    size_t depth = 0;
    for (const struct park_zone *outer = park_zone(park, lane->outer_zone);
         outer != NULL && depth < PARK_ZONE_DEPTH_MAX;
         outer = park_zone(park, outer->parent), depth++) {
        if (park_passback_has_zone(rule, outer->name)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        enters |= park_passback_has_zone(rule, entered[i]->name);
    }
    return enters;
}

/* Only entries are asked anything. */
bool park_lane_asks_presence(const struct park *park, const struct park_lane *lane)
{
    const struct park_zone *entered[PARK_ZONE_DEPTH_MAX];
    size_t count = lane->direction == LANE_OUT ? 0 : park_zones_entered(park, lane, entered);
    bool asks = false;
    for (size_t i = 0; i < count; i++) {
        asks |= entered[i]->two_person || entered[i]->escort;
    }
    for (size_t i = 0; i < park->passback_count && count > 0; i++) {
        asks |= park_passback_at(park, &park->passbacks[i], lane);
    }
    return asks;
}

bool park_gate_asks_presence(const struct park *park, struct name gate)
{
    const struct park_gate *of = park_gate(park, gate);
    return of != NULL && of->asks_presence;
}

bool park_passback_for(const struct park_passback *rule, bool vehicle, uint32_t person_kind,
                       struct name tenant)
{
    bool anybody = rule->kinds == 0 && !rule->vehicles;
    bool named = vehicle ? rule->vehicles : person_kind < 32 && (rule->kinds >> person_kind & 1);
    bool of_group = rule->tenant_count == 0;
    for (size_t i = 0; !of_group && i < rule->tenant_count; i++) {
        of_group = name_equal(rule->tenants[i], tenant);
    }
    return (anybody || named) && of_group;
}
