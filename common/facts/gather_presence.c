#include "common/facts/gather_presence.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/facts/clearance_store.h"
#include "common/facts/lane_store.h"
#include "common/facts/passage_walk.h"
#include "common/facts/passback_store.h"
#include "common/facts/people_store.h"
#include "common/facts/standing_store.h"
#include "common/facts/tables.h"
#include "common/facts/zone_store.h"

/* One entry that is asked for. */
struct asking {
    const struct facts_view *view;
    const struct park_lane *lane;
    const struct subject *subject;
    struct wall when; /* its read */
    size_t zone_count;
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX]; /* newly entered, inmost first */
};

/* --- where somebody is --- */

struct whereabouts {
    bool inside;
    struct zone_path zone;
    struct wall last; /* the latest passage */
};

static enum err whereabouts_of(const struct facts_view *view, struct handle holder,
                               struct whereabouts *ret, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    *ret = (struct whereabouts){0};
    enum err err = store_get_message(view->txn, TABLE_PRESENCE, BYTES_OF(holder.bytes),
                                     &parkgate__presence_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__PresenceRecord *record = (const void *)message;
    ret->inside = record->inside;
    ret->last = (struct wall){.us = record->last_us};
    return !record->inside || zone_path_from_text(record->zone, &ret->zone)
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT,
                           "presence: a bad zone; run `parkgate journal verify`");
}

/* --- grants that stand open --- */

/* Distinct persons with an open grant, and one lane at which each of them has it. */
struct waiting {
    size_t count;
    struct {
        struct handle holder;
        const struct park_lane *lane;
    } at[LIMIT_LANES * STANDING_MAX];
};

/* Somebody is not known to be anybody else. */
static bool is_waiting(const struct waiting *waiting, struct handle holder)
{
    for (size_t i = 0; i < waiting->count && !handle_equal(holder, standing_somebody()); i++) {
        if (handle_equal(waiting->at[i].holder, holder)) {
            return true;
        }
    }
    return false;
}

static void add_waiting(struct waiting *waiting, const struct park_lane *lane,
                        const struct standing *standing, struct wall when, struct handle asker)
{
    for (size_t i = 0; i < standing->count; i++) {
        const struct standing_grant *grant = &standing->grants[i];
        if (standing_is_open(grant, when, lane->pass_ms) && !handle_is_none(grant->holder) &&
            !handle_equal(grant->holder, asker) && !is_waiting(waiting, grant->holder) &&
            waiting->count < LIMIT_LANES * STANDING_MAX) {
            waiting->at[waiting->count].holder = grant->holder;
            waiting->at[waiting->count++].lane = lane;
        }
    }
}

/* Does the lane lead into `zone`; without one: from outside into the park? */
static bool leads_into(const struct facts_view *view, const struct park_lane *lane,
                       const struct name *zone)
{
    const struct park_zone *entered[PARK_ZONE_DEPTH_MAX];
    if (zone == NULL) {
        return lane->outer_zone.text[0] == '\0';
    }
    size_t count = park_zones_entered(view->park, lane, entered);
    for (size_t i = 0; i < count; i++) {
        if (name_equal(entered[i]->name, *zone)) {
            return true;
        }
    }
    return false;
}

static enum err find_waiting(const struct facts_view *view, const struct name *zone,
                             struct handle asker, struct wall when, struct waiting *ret,
                             struct fault *fault)
{
    struct name name = {{0}};
    struct standing standing;
    enum err err;
    ret->count = 0;
    while ((err = standing_next(view->txn, name, &name, &standing, fault)) == ERR_OK) {
        const struct park_lane *lane = park_lane(view->park, name);
        if (lane != NULL && standing.count > 0 && leads_into(view, lane, zone)) {
            add_waiting(ret, lane, &standing, when, asker);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err gather_standing(const struct facts_view *view, struct name zone, struct handle asker,
                         struct wall when, uint32_t *ret_count, struct fault *fault)
{
    struct waiting waiting;
    uint32_t count = 0;
    TRY(find_waiting(view, &zone, asker, when, &waiting, fault));
    for (size_t i = 0; i < waiting.count; i++) {
        struct whereabouts at;
        TRY(whereabouts_of(view, waiting.at[i].holder, &at, fault));
        count += !at.inside || !zone_path_holds(&at.zone, zone);
    }
    *ret_count = count;
    return ERR_OK;
}

/* Standing grants are looked for only where they could matter: a limit that is further away than
 * all that can stand open costs one count. */
static enum err add_standing(const struct asking *a, struct name zone, uint32_t limit,
                             uint32_t *count, struct fault *fault)
{
    uint64_t bound = 0;
    uint32_t standing = 0;
    TRY(standing_at_most(a->view->txn, &bound, fault));
    if (*count >= limit || *count + bound < limit) {
        return ERR_OK;
    }
    TRY(gather_standing(a->view, zone, a->subject->holder, a->when, &standing, fault));
    *count += standing;
    return ERR_OK;
}

/* --- R261 first person --- */

static enum err holds_first(const struct facts_view *view, const struct park_zone *zone,
                            const struct subject *subject, struct wall when, bool *ret_holds,
                            struct fault *fault)
{
    enum clearance_held held = CLEARANCE_MISSING;
    if (!subject->vehicle) {
        TRY(clearance_state_of(view->txn, subject->holder, zone->first_clearance, when, &held,
                               fault));
    }
    *ret_holds = held == CLEARANCE_HELD;
    return ERR_OK;
}

static enum err first_person(const struct asking *a, struct facts *facts, struct fault *fault)
{
    facts->zone_started = true;
    for (size_t i = 0; i < a->zone_count && facts->zone_started; i++) {
        const struct park_zone *zone = a->zones[i];
        int32_t today = civil_of(a->view->tz, a->when).day;
        if (!zone->first_person) {
            continue;
        }
        TRY(zone_is_started(a->view->txn, zone->name, today, &facts->zone_started, fault));
        if (!facts->zone_started) {
            TRY(holds_first(a->view, zone, a->subject, a->when, &facts->zone_started, fault));
        }
    }
    return ERR_OK;
}

/* --- R269, R273, R279 anti-passback --- */

/* What the holder's own past says, read once for all rules. */
struct past {
    struct whereabouts at;
    struct wall forgiven;
};

static bool is_inside_of(const struct past *past, const struct park_passback *rule)
{
    if (!past->at.inside || wall_before(past->at.last, past->forgiven)) {
        return false;
    }
    for (size_t i = 0; i < past->at.zone.depth; i++) {
        if (park_passback_has_zone(rule, past->at.zone.zone[i])) {
            return true;
        }
    }
    return false;
}

static bool path_has_any(const struct zone_path *path, const struct park_passback *rule)
{
    for (size_t i = 0; i < path->depth; i++) {
        if (park_passback_has_zone(rule, path->zone[i])) {
            return true;
        }
    }
    return false;
}

static bool entered_by(const struct passage *passage, const struct park_passback *rule)
{
    return !passage->out && path_has_any(&passage->to, rule) && !path_has_any(&passage->from, rule);
}

/* Latest first, back to `minutes` before the read or the forgiving. */
static enum err entered_lately(const struct asking *a, const struct past *past,
                               const struct park_passback *rule, bool *ret_entered,
                               struct fault *fault)
{
    struct passage_row row;
    AUTO(store_iter_end) struct store_iter iter = {0};
    int64_t over = a->when.us - (int64_t)rule->minutes * 60 * 1000000;
    enum err err;
    *ret_entered = false;
    if (!a->view->has_passages) {
        *ret_entered = past->at.last.us > over && !wall_before(past->at.last, past->forgiven);
        return ERR_OK;
    }
    TRY(passage_walk_begin_back(a->view->txn, a->subject->holder, (struct wall){.us = INT64_MAX},
                                UINT64_MAX, &iter, fault));
    while ((err = passage_walk_next(&iter, &row, fault)) == ERR_OK && row.passage.at.us > over &&
           !wall_before(row.passage.at, past->forgiven)) {
        if (entered_by(&row.passage, rule)) {
            *ret_entered = true;
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What the rule may say at most. */
static enum passback strictest_of(const struct park_passback *rule)
{
    switch (rule->mode) {
    case PASSBACK_MODE_TIMED:
        return PASSBACK_TOO_SOON;
    case PASSBACK_MODE_SOFT:
        return PASSBACK_NOTED;
    default:
        return PASSBACK_INSIDE;
    }
}

static enum err judge(const struct asking *a, const struct past *past,
                      const struct park_passback *rule, enum passback *ret, struct fault *fault)
{
    bool lately = false;
    *ret = PASSBACK_CLEAR;
    if (!a->view->has_presence) {
        *ret = strictest_of(rule);
    } else if (rule->mode == PASSBACK_MODE_TIMED) {
        TRY(entered_lately(a, past, rule, &lately, fault));
        *ret = lately ? PASSBACK_TOO_SOON : PASSBACK_CLEAR;
    } else if (is_inside_of(past, rule)) {
        *ret = rule->mode == PASSBACK_MODE_HARD ? PASSBACK_INSIDE : PASSBACK_NOTED;
    }
    return ERR_OK;
}

/* The strictest rule speaks. */
static enum err anti_passback(const struct asking *a, struct facts *facts, struct fault *fault)
{
    struct past past;
    bool read = false;
    facts->passback = PASSBACK_CLEAR;
    for (size_t i = 0; i < a->view->park->passback_count; i++) {
        const struct park_passback *rule = &a->view->park->passbacks[i];
        enum passback says = PASSBACK_CLEAR;
        if (!park_passback_for(rule, a->subject->vehicle, a->subject->person_kind,
                               a->subject->tenant) ||
            !park_passback_at(a->view->park, rule, a->lane)) {
            continue;
        }
        if (!read) {
            TRY(whereabouts_of(a->view, a->subject->holder, &past.at, fault));
            TRY(passback_forgiven(a->view->txn, a->subject->holder, &past.forgiven, fault));
            read = true;
        }
        TRY(judge(a, &past, rule, &says, fault));
        facts->passback = says < facts->passback ? says : facts->passback;
    }
    return ERR_OK;
}

/* --- R270 to R272: how many --- */

/* Is a of b a larger share than c of d? */
static bool is_fuller(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (uint64_t)a * d > (uint64_t)c * b;
}

static enum err room_in_zones(const struct asking *a, struct facts *facts, struct fault *fault)
{
    for (size_t i = 0; i < a->zone_count; i++) {
        const struct park_zone *zone = a->zones[i];
        uint32_t inside = 0;
        if (zone->capacity == 0) {
            continue;
        }
        TRY(zone_persons_get(a->view->txn, zone->name, &inside, fault));
        TRY(add_standing(a, zone->name, zone->capacity, &inside, fault));
        if (facts->zone_limit == 0 ||
            is_fuller(inside, zone->capacity, facts->zone_count, facts->zone_limit)) {
            facts->zone_count = inside;
            facts->zone_limit = zone->capacity;
        }
    }
    return ERR_OK;
}

static enum err crowd_in_zones(const struct asking *a, struct facts *facts, struct fault *fault)
{
    facts->crowd_admits = true;
    for (size_t i = 0; i < a->zone_count && facts->crowd_admits; i++) {
        const struct park_zone *zone = a->zones[i];
        uint32_t entered = 0;
        if (zone->crowd == 0) {
            continue;
        }
        TRY(crowd_count(a->view->txn, zone->name, a->when, zone->crowd, &entered, fault));
        TRY(add_standing(a, zone->name, zone->crowd, &entered, fault));
        facts->crowd_admits = entered < zone->crowd;
    }
    return ERR_OK;
}

static enum err tenant_of(const struct asking *a, struct handle holder, struct name home,
                          struct name *ret_tenant, struct fault *fault)
{
    struct counted_for counted;
    TRY(gather_attribution(a->view, holder, home, false, a->when, &counted, fault));
    *ret_tenant = counted.tenant;
    return ERR_OK;
}

/* Is this person, whose grant stands open, about to be present for `tenant`? Somebody may be. */
static enum err comes_for(const struct asking *a, struct handle holder, struct name tenant,
                          bool *ret_comes, struct fault *fault)
{
    struct whereabouts at;
    struct name his = {{0}};
    Parkgate__HolderRecord *record = NULL;
    *ret_comes = false;
    if (handle_equal(holder, standing_somebody())) {
        *ret_comes = true;
        return ERR_OK;
    }
    TRY(whereabouts_of(a->view, holder, &at, fault));
    enum err err = at.inside ? ERR_NOT_FOUND : people_holder(a->view->txn, holder, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = tenant_of(a, holder, name_or_none(record->tenant), &his, fault);
    parkgate__holder_record__free_unpacked(record, NULL);
    TRY(err);
    *ret_comes = name_equal(his, tenant);
    return ERR_OK;
}

static enum err add_tenants_standing(const struct asking *a, struct name tenant, uint32_t limit,
                                     uint32_t *count, struct fault *fault)
{
    struct waiting waiting;
    uint64_t bound = 0;
    TRY(standing_at_most(a->view->txn, &bound, fault));
    if (*count >= limit || *count + bound < limit) {
        return ERR_OK;
    }
    TRY(find_waiting(a->view, NULL, a->subject->holder, a->when, &waiting, fault));
    for (size_t i = 0; i < waiting.count; i++) {
        bool comes = false;
        TRY(comes_for(a, waiting.at[i].holder, tenant, &comes, fault));
        *count += comes;
    }
    return ERR_OK;
}

/* Asked of who comes from outside of the park; inside he is counted already. */
static enum err room_for_tenant(const struct asking *a, struct facts *facts, struct fault *fault)
{
    struct name name;
    if (a->lane->outer_zone.text[0] != '\0' || !a->view->park->limits_tenants) {
        return ERR_OK;
    }
    TRY(tenant_of(a, a->subject->holder, a->subject->tenant, &name, fault));
    const struct park_tenant *tenant = park_tenant(a->view->park, name);
    if (tenant == NULL || tenant->capacity == 0) {
        return ERR_OK;
    }
    facts->tenant_limit = tenant->capacity;
    TRY(tenant_persons_get(a->view->txn, name, &facts->tenant_count, fault));
    return add_tenants_standing(a, name, tenant->capacity, &facts->tenant_count, fault);
}

/* --- R275 interlock --- */

static enum err interlock(const struct asking *a, struct facts *facts, struct fault *fault)
{
    struct standing standing;
    const struct park_lane *other = park_lane(a->view->park, a->lane->interlock);
    facts->interlock_clear = true;
    if (other == NULL) {
        return ERR_OK;
    }
    TRY(standing_get(a->view->txn, other->name, &standing, fault));
    facts->interlock_clear = !standing.held;
    for (size_t i = 0; i < standing.count; i++) {
        facts->interlock_clear &= !standing_is_open(&standing.grants[i], a->when, other->pass_ms);
    }
    return ERR_OK;
}

/* --- the whole --- */

enum err gather_presence(const struct facts_view *view, const struct park_lane *lane,
                         const struct subject *subject, struct wall captured, struct facts *facts,
                         struct fault *fault)
{
    struct asking a = {.view = view, .lane = lane, .subject = subject, .when = captured};
    a.zone_count = park_zones_entered(view->park, lane, a.zones);
    TRY(first_person(&a, facts, fault));
    TRY(anti_passback(&a, facts, fault));
    TRY(interlock(&a, facts, fault));
    if (subject->vehicle) { /* limits are of persons */
        return ERR_OK;
    }
    TRY(room_in_zones(&a, facts, fault));
    TRY(crowd_in_zones(&a, facts, fault));
    return room_for_tenant(&a, facts, fault);
}

enum err gather_zone_marks(const struct facts_view *view, const struct park_lane *lane,
                           const struct subject *subject, struct wall captured,
                           struct zone_marks *ret, struct fault *fault)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(view->park, lane, zones);
    *ret = (struct zone_marks){.day = civil_of(view->tz, captured).day};
    for (size_t i = 0; i < count && !subject->vehicle; i++) {
        bool opens = false;
        if (zones[i]->crowd > 0) {
            ret->crowd[ret->crowd_count++] = field_text(zones[i]->name.text);
        }
        if (zones[i]->first_person) {
            TRY(holds_first(view, zones[i], subject, captured, &opens, fault));
        }
        if (opens) {
            ret->opened[ret->opened_count++] = field_text(zones[i]->name.text);
        }
    }
    return ERR_OK;
}
