#include "common/facts/gather_parts.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/expected_store.h"
#include "common/facts/people_store.h"

/* --- assignments as the rules want them --- */

/* Records and the plain values beside each other; a record whose tenant or shift is gone from the
 * park is left out. */
struct duties {
    struct people_assignments records;
    size_t count;
    struct assignment plain[ASSIGNMENTS_MAX];
    const struct park_tenant *tenant[ASSIGNMENTS_MAX];
    const struct park_shift *shift[ASSIGNMENTS_MAX];
};

static void add_duty(const struct facts_view *view, struct duties *duties,
                     const Parkgate__AssignmentRecord *record)
{
    const struct park_tenant *tenant = park_tenant(view->park, name_or_none(record->tenant));
    const struct park_shift *shift = park_shift(view->park, name_or_none(record->shift));
    if (tenant == NULL || shift == NULL || duties->count == ASSIGNMENTS_MAX) {
        return;
    }
    size_t at = duties->count++;
    duties->tenant[at] = tenant;
    duties->shift[at] = shift;
    duties->plain[at] = (struct assignment){.tenant = (uint32_t)at,
                                            .from_day = record->from_day,
                                            .to_day = record->to_day,
                                            .start_minute = shift->start_minute,
                                            .end_minute = shift->end_minute,
                                            .early_minutes = shift->early_minutes,
                                            .cut_minute = tenant->cut_minute};
}

/* A shift that began yesterday may still run, one of tomorrow may let in early. */
static enum err duties_of(const struct facts_view *view, struct handle person, struct wall when,
                          struct duties *ret, struct fault *fault)
{
    int32_t day = civil_of(view->tz, when).day;
    memset(ret, 0, sizeof(*ret));
    TRY(view->recalled
            ? people_assignments_told(view->txn, person, day - 1, day + 1, &ret->records, fault)
            : people_assignments(view->txn, person, day - 1, day + 1, &ret->records, fault));
    for (size_t i = 0; i < ret->records.count; i++) {
        add_duty(view, ret, ret->records.items[i]);
    }
    return ERR_OK;
}

static bool is_valid(const struct facts_view *view, const struct assignment *duty, struct wall when)
{
    return business_day_of(view->tz, when, duty, 1, (struct home_tenant){0}).row !=
           BUSINESS_DAY_UNDECLARED;
}

/* Nobody enters for a tenant that is suspended or has suspended him: such duties do not count. When
 * none that is valid is left (a lane set free lets everybody in) all of them speak. */
static enum err drop_suspended(const struct facts_view *view, struct handle person,
                               struct wall when, struct duties *duties, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    bool kept[ASSIGNMENTS_MAX] = {false};
    size_t count = 0;
    enum err err = people_holder(view->txn, person, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    for (size_t i = 0; err == ERR_OK && i < duties->count; i++) {
        bool suspended = false;
        err = people_tenant_suspended(view->txn, duties->tenant[i]->name, &suspended, fault);
        kept[i] = !suspended && !people_suspended_by(holder, duties->tenant[i]->name.text);
        count += kept[i] && is_valid(view, &duties->plain[i], when);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    TRY(err);
    size_t to = 0;
    for (size_t i = 0; count > 0 && i < duties->count; i++) {
        if (kept[i]) {
            duties->plain[to] = duties->plain[i];
            duties->tenant[to] = duties->tenant[i];
            duties->shift[to++] = duties->shift[i];
        }
    }
    duties->count = count > 0 ? to : duties->count;
    return ERR_OK;
}

/* Of several visits the one that began last; those of a tenant for which the visitor could not
 * enter speak only when there is no other. *ret_tenant stays as it was: no visit. */
static enum err visit_of(const struct facts_view *view, struct handle person, struct wall when,
                         struct name *ret_tenant, bool *ret_found, struct fault *fault)
{
    struct visits visits;
    Parkgate__HolderRecord *holder = NULL;
    enum err err = people_holder(view->txn, person, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool best_active = false;
    int64_t best_from = INT64_MIN;
    err = visits_at(view->txn, person, when, &visits, fault);
    for (size_t i = 0; err == ERR_OK && i < visits.count; i++) {
        const Parkgate__VisitRecord *visit = visits.items[i];
        bool suspended = false;
        err = people_tenant_suspended(view->txn, name_or_none(visit->tenant), &suspended, fault);
        bool active = !suspended && !people_suspended_by(holder, visit->tenant);
        if (active > best_active || (active == best_active && visit->from_us > best_from)) {
            best_active = active;
            best_from = visit->from_us;
            *ret_tenant = name_or_none(visit->tenant);
            *ret_found = true;
        }
    }
    if (err == ERR_OK) {
        visits_destroy(&visits);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

static enum err attribute(const struct facts_view *view, struct handle holder, struct name home,
                          bool invited, struct wall captured, struct duties *duties,
                          struct counted_for *ret, struct fault *fault)
{
    TRY(drop_suspended(view, holder, captured, duties, fault));
    TRY(visit_of(view, holder, captured, &home, &invited, fault));
    const struct park_tenant *tenant = park_tenant(view->park, home);
    struct home_tenant at_home = {.tenant = ASSIGNMENTS_MAX,
                                  .cut_minute = tenant == NULL ? 0 : tenant->cut_minute,
                                  .invited = invited};
    struct attribution found =
        business_day_of(view->tz, captured, duties->plain, duties->count, at_home);
    *ret = (struct counted_for){.tenant = home, .day = found.day, .row = found.row};
    if (found.assignment != NO_ASSIGNMENT) {
        ret->tenant = duties->tenant[found.assignment]->name;
        ret->shift = duties->shift[found.assignment]->name;
    }
    return ERR_OK;
}

enum err gather_attribution(const struct facts_view *view, struct handle holder, struct name home,
                            bool invited, struct wall captured, struct counted_for *ret,
                            struct fault *fault)
{
    struct duties duties;
    TRY(duties_of(view, holder, captured, &duties, fault));
    enum err err = attribute(view, holder, home, invited, captured, &duties, ret, fault);
    people_assignments_destroy(&duties.records);
    return err;
}

/* --- permission --- */

/* What one tenant lets its people do at this zone now. */
struct leave {
    bool active, zone, open, holiday;
};

static enum schedule_state schedule_now(const struct facts_view *view, struct name name,
                                        struct civil when)
{
    const struct park_schedule *schedule = park_schedule(view->park, name);
    if (name.text[0] == '\0') {
        return SCHEDULE_OPEN;
    }
    return schedule == NULL || view->clock_unknown
               ? SCHEDULE_CLOSED
               : schedule_state(&schedule->weekly, &view->park->holidays, when);
}

static enum err leave_of(const struct facts_view *view, const struct park_tenant *tenant,
                         struct name zone, struct leave *ret, struct fault *fault)
{
    bool suspended = false;
    const struct park_zone *inside = park_zone(view->park, zone);
    struct civil when = civil_of(view->tz, view->now);
    TRY(people_tenant_suspended(view->txn, tenant->name, &suspended, fault));
    enum schedule_state hours = schedule_now(view, tenant->schedule, when);
    enum schedule_state zone_hours =
        inside == NULL ? SCHEDULE_OPEN : schedule_now(view, inside->schedule, when);
    *ret = (struct leave){
        .active = !suspended,
        .zone = park_tenant_may_enter(view->park, tenant, zone),
        .open = hours == SCHEDULE_OPEN && zone_hours == SCHEDULE_OPEN,
        .holiday = hours != SCHEDULE_CLOSED && zone_hours != SCHEDULE_CLOSED &&
                   (hours == SCHEDULE_HOLIDAY || zone_hours == SCHEDULE_HOLIDAY),
    };
    return ERR_OK;
}

/* --- over all tenants for whom one could enter --- */

/* How many there are, how many of them are active, and how many have not suspended the holder. */
struct tenants {
    size_t valid, active, own;
};

/* The most lenient tenant that is active and has not suspended the holder speaks. `zone`: what the
 * permission itself says of it. */
static void add_leave(struct facts *facts, struct tenants *tenants, const struct leave *leave,
                      bool zone, bool suspended)
{
    tenants->valid++;
    tenants->active += leave->active;
    tenants->own += leave->active && !suspended;
    if (leave->active && !suspended) {
        facts->zone_allowed |= zone;
        facts->in_schedule |= zone && leave->open;
        facts->holiday_closed |= zone && leave->holiday;
    }
}

static void conclude(struct facts *facts, const struct tenants *tenants,
                     const Parkgate__HolderRecord *holder)
{
    facts->has_assignment = tenants->valid > 0;
    facts->tenant_suspended = tenants->valid > 0 && tenants->active == 0;
    facts->person_suspended = tenants->valid > 0 ? tenants->active > 0 && tenants->own == 0
                                                 : people_suspended_by(holder, holder->tenant);
    facts->holiday_closed &= !facts->in_schedule;
}

/* --- a person: assignments and visits --- */

static enum err add_duties(struct gathering *g, const Parkgate__HolderRecord *holder,
                           const struct duties *duties, struct tenants *tenants,
                           struct fault *fault)
{
    for (size_t i = 0; i < duties->count; i++) {
        struct leave leave;
        if (!is_valid(g->view, &duties->plain[i], g->view->now)) {
            continue;
        }
        TRY(leave_of(g->view, duties->tenant[i], g->lane->zone, &leave, fault));
        add_leave(&g->facts, tenants, &leave, leave.zone,
                  people_suspended_by(holder, duties->tenant[i]->name.text));
    }
    return ERR_OK;
}

static enum err add_visits(struct gathering *g, const Parkgate__HolderRecord *holder,
                           const struct visits *visits, struct tenants *tenants,
                           struct fault *fault)
{
    for (size_t i = 0; i < visits->count; i++) {
        struct leave leave;
        const char *tenant = visits->items[i]->tenant;
        const struct park_tenant *host = park_tenant(g->view->park, name_or_none(tenant));
        if (host != NULL) {
            TRY(leave_of(g->view, host, g->lane->zone, &leave, fault));
            add_leave(&g->facts, tenants, &leave, leave.zone, people_suspended_by(holder, tenant));
        }
    }
    return ERR_OK;
}

static enum err permission_of_person(struct gathering *g, struct fault *fault)
{
    const struct gather_read *person = g->whole;
    struct duties duties;
    struct visits visits = {0};
    struct tenants tenants = {0};
    TRY(duties_of(g->view, person->holder, g->view->now, &duties, fault));
    enum err err = add_duties(g, person->record, &duties, &tenants, fault);
    people_assignments_destroy(&duties.records);
    TRY(err);
    TRY(visits_at(g->view->txn, person->holder, g->view->now, &visits, fault));
    err = add_visits(g, person->record, &visits, &tenants, fault);
    visits_destroy(&visits);
    TRY(err);
    conclude(&g->facts, &tenants, person->record);
    return ERR_OK;
}

/* --- a vehicle: its standing permission and its bookings --- */

/* What lets a vehicle in, and with whom. */
struct permit {
    const struct park_tenant *tenant;
    bool is_booking;
    bool names_driver; /* the one who is here */
};

static bool vehicle_zone_allowed(const struct facts_view *view,
                                 const Parkgate__HolderRecord *holder, struct name zone,
                                 bool tenant_allows)
{
    struct park_tenant own = {.zone_count = 0};
    if (holder->n_zone == 0) {
        return tenant_allows;
    }
    for (size_t i = 0; i < holder->n_zone && i < LIMIT_ZONES_PER_TENANT; i++) {
        own.zones[own.zone_count++] = name_or_none(holder->zone[i]);
    }
    return park_tenant_may_enter(view->park, &own, zone);
}

/* Named, or of the vehicle's tenant where it names nobody; never one whom that tenant suspended. */
static bool standing_names(const Parkgate__HolderRecord *vehicle, const struct gather_read *driver)
{
    bool named = vehicle->n_driver == 0 && strcmp(driver->record->tenant, vehicle->tenant) == 0;
    for (size_t i = 0; i < vehicle->n_driver; i++) {
        named |= handle_equal(people_handle(&vehicle->driver[i]), driver->holder);
    }
    return named && !people_suspended_by(driver->record, vehicle->tenant);
}

static bool booking_names(const Parkgate__BookingRecord *booking, const struct gather_read *driver)
{
    return handle_equal(people_handle(&booking->driver), driver->holder) &&
           !people_suspended_by(driver->record, booking->tenant);
}

/* Is `zone` the booked one, or inside it? */
static bool is_booked_zone(const struct facts_view *view, const Parkgate__BookingRecord *booking,
                           struct name zone)
{
    struct park_tenant booked = {.zone_count = 1, .zones = {name_or_none(booking->zone)}};
    return park_tenant_may_enter(view->park, &booked, zone);
}

/* A driver who may drive: else no permit names him. */
static const struct gather_read *fit_driver(const struct gathering *g)
{
    const struct gather_read *driver = g->driver;
    bool fit = driver != NULL && driver->record != NULL && !driver->record->vehicle &&
               driver->state == CREDENTIAL_STATE_VALID && !driver->banned;
    return fit ? driver : NULL;
}

enum { PERMITS_MAX = LIMIT_BOOKINGS_PER_VEHICLE + 1 };

static size_t permits_of(const struct gathering *g, const struct bookings *bookings,
                         struct permit ret[PERMITS_MAX])
{
    const Parkgate__HolderRecord *vehicle = g->whole->record;
    const struct gather_read *driver = fit_driver(g);
    const struct park_tenant *home = park_tenant(g->view->park, name_or_none(vehicle->tenant));
    size_t count = 0;
    if (home != NULL && g->view->now.us >= vehicle->from_us &&
        (vehicle->until_us == 0 || g->view->now.us < vehicle->until_us)) {
        ret[count++] = (struct permit){
            .tenant = home, .names_driver = driver != NULL && standing_names(vehicle, driver)};
    }
    for (size_t i = 0; i < bookings->count; i++) {
        const Parkgate__BookingRecord *booking = bookings->items[i];
        const struct park_tenant *tenant =
            park_tenant(g->view->park, name_or_none(booking->tenant));
        if (tenant != NULL && is_booked_zone(g->view, booking, g->lane->zone)) {
            ret[count++] =
                (struct permit){.tenant = tenant,
                                .is_booking = true,
                                .names_driver = driver != NULL && booking_names(booking, driver)};
        }
    }
    return count;
}

/* With a driver only the permits that name him speak; when none does, he is the wrong one, and the
 * vehicle is judged by all. */
static void judge_driver(struct gathering *g, const struct permit *permits, size_t count,
                         bool *ret_named_only)
{
    *ret_named_only = false;
    if (g->driver == NULL) {
        return;
    }
    for (size_t i = 0; i < count && !*ret_named_only; i++) {
        *ret_named_only = permits[i].names_driver;
        if (permits[i].names_driver) {
            g->subject.companion_tenant = permits[i].tenant->name;
        }
    }
    g->facts.driver = *ret_named_only ? DEMAND_MET : DEMAND_WRONG;
    g->subject.completes = *ret_named_only;
}

static enum err permission_of_vehicle(struct gathering *g, struct fault *fault)
{
    const Parkgate__HolderRecord *vehicle = g->whole->record;
    struct bookings bookings;
    struct permit permits[PERMITS_MAX];
    struct tenants tenants = {0};
    bool named_only = false;
    TRY(bookings_at(g->view->txn, g->whole->holder, g->view->now, &bookings, fault));
    size_t count = permits_of(g, &bookings, permits);
    bookings_destroy(&bookings);
    judge_driver(g, permits, count, &named_only);
    for (size_t i = 0; i < count; i++) {
        struct leave leave;
        if (named_only && !permits[i].names_driver) {
            continue;
        }
        TRY(leave_of(g->view, permits[i].tenant, g->lane->zone, &leave, fault));
        bool zone = permits[i].is_booking
                        ? leave.zone
                        : vehicle_zone_allowed(g->view, vehicle, g->lane->zone, leave.zone);
        add_leave(&g->facts, &tenants, &leave, zone,
                  people_suspended_by(vehicle, permits[i].tenant->name.text));
    }
    conclude(&g->facts, &tenants, vehicle);
    return ERR_OK;
}

/* Of a driver's badge alone nothing is asked yet: the plate says what for. */
static void ask_no_permission(struct facts *facts)
{
    facts->has_assignment = facts->zone_allowed = facts->in_schedule = true;
}

enum err gather_permission(struct gathering *g, struct fault *fault)
{
    if (g->half) {
        ask_no_permission(&g->facts);
        return ERR_OK;
    }
    return g->whole->record->vehicle ? permission_of_vehicle(g, fault)
                                     : permission_of_person(g, fault);
}
