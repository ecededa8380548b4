#include "controller/app/gather.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "controller/app/gather_presence.h"
#include "controller/store/agent_store.h"
#include "controller/store/ban_store.h"
#include "controller/store/lane_store.h"
#include "controller/store/people_store.h"
#include "controller/store/tables.h"

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

static void add_duty(struct controller *ctl, struct duties *duties,
                     const Parkgate__AssignmentRecord *record)
{
    const struct park_tenant *tenant = park_tenant(ctl->park, name_or_none(record->tenant));
    const struct park_shift *shift = park_shift(ctl->park, name_or_none(record->shift));
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
static enum err duties_of(struct controller *ctl, struct handle person, struct wall when,
                          struct duties *ret, struct fault *fault)
{
    int32_t day = civil_of(&ctl->tz, when).day;
    memset(ret, 0, sizeof(*ret));
    TRY(people_assignments(ctl->txn, person, day - 1, day + 1, &ret->records, fault));
    for (size_t i = 0; i < ret->records.count; i++) {
        add_duty(ctl, ret, ret->records.items[i]);
    }
    return ERR_OK;
}

/* Nobody enters for a tenant that is suspended or has suspended him: such duties do not count. When
 * none is left (a lane set free lets everybody in) all of them speak. */
static enum err drop_suspended(struct controller *ctl, struct handle person, struct duties *duties,
                               struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    bool kept[ASSIGNMENTS_MAX] = {false};
    size_t count = 0;
    enum err err = people_holder(ctl->txn, person, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    for (size_t i = 0; err == ERR_OK && i < duties->count; i++) {
        bool suspended = false;
        err = people_tenant_suspended(ctl->txn, duties->tenant[i]->name, &suspended, fault);
        kept[i] = !suspended && !people_suspended_by(holder, duties->tenant[i]->name.text);
        count += kept[i];
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
    duties->count = count > 0 ? count : duties->count;
    return ERR_OK;
}

enum err gather_attribution(struct controller *ctl, struct handle holder, struct name home,
                            struct wall captured, struct counted_for *ret, struct fault *fault)
{
    struct duties duties;
    const struct park_tenant *home_tenant = park_tenant(ctl->park, home);
    struct home_tenant at_home = {.tenant = ASSIGNMENTS_MAX,
                                  .cut_minute = home_tenant == NULL ? 0 : home_tenant->cut_minute};
    TRY(duties_of(ctl, holder, captured, &duties, fault));
    enum err err = drop_suspended(ctl, holder, &duties, fault);
    if (err != ERR_OK) {
        people_assignments_destroy(&duties.records);
        return err;
    }
    struct attribution found =
        business_day_of(&ctl->tz, captured, duties.plain, duties.count, at_home);
    *ret = (struct counted_for){.tenant = home, .day = found.day, .row = found.row};
    if (found.assignment != NO_ASSIGNMENT) {
        ret->tenant = duties.tenant[found.assignment]->name;
        ret->shift = duties.shift[found.assignment]->name;
    }
    people_assignments_destroy(&duties.records);
    return ERR_OK;
}

/* --- the credential --- */

static enum credential_state state_of(const Parkgate__CredentialRecord *record, struct wall when)
{
    if (record->revoked_us != 0) {
        return CREDENTIAL_STATE_REVOKED;
    }
    if (when.us < record->from_us) {
        return CREDENTIAL_STATE_NOT_YET_VALID;
    }
    if (record->until_us != 0 && when.us >= record->until_us) {
        return CREDENTIAL_STATE_EXPIRED;
    }
    return CREDENTIAL_STATE_VALID;
}

static enum err find_credential(struct controller *ctl, const Parkgate__Event *event,
                                struct facts *facts, struct subject *subject,
                                Parkgate__HolderRecord **ret_holder, struct fault *fault)
{
    Parkgate__CredentialRecord *record = NULL;
    struct seal_hash hash =
        controller_credential_hash(ctl, event->credential_kind, field_view(&event->credential));
    enum err err = people_credential(ctl->txn, BYTES_OF(hash.bytes), &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = people_holder(ctl->txn, people_handle(&record->holder), ret_holder, fault);
    if (err == ERR_OK && !(*ret_holder)->removed) {
        facts->credential = state_of(record, ctl->now);
        subject->credential = people_handle(&record->credential);
        subject->holder = people_handle(&record->holder);
        subject->vehicle = (*ret_holder)->vehicle;
        subject->person_kind = (*ret_holder)->kind;
        subject->tenant = name_or_none((*ret_holder)->tenant);
    }
    parkgate__credential_record__free_unpacked(record, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- permission --- */

/* What one tenant lets its people do at this zone now. */
struct leave {
    bool active, zone, open, holiday;
};

static enum schedule_state schedule_now(const struct controller *ctl, struct name name,
                                        struct civil when)
{
    const struct park_schedule *schedule = park_schedule(ctl->park, name);
    return schedule == NULL ? SCHEDULE_OPEN
                            : schedule_state(&schedule->weekly, &ctl->park->holidays, when);
}

static enum err leave_of(struct controller *ctl, const struct park_tenant *tenant, struct name zone,
                         struct leave *ret, struct fault *fault)
{
    bool suspended = false;
    const struct park_zone *inside = park_zone(ctl->park, zone);
    struct civil when = civil_of(&ctl->tz, ctl->now);
    TRY(people_tenant_suspended(ctl->txn, tenant->name, &suspended, fault));
    enum schedule_state hours = schedule_now(ctl, tenant->schedule, when);
    enum schedule_state zone_hours =
        inside == NULL ? SCHEDULE_OPEN : schedule_now(ctl, inside->schedule, when);
    *ret = (struct leave){
        .active = !suspended,
        .zone = park_tenant_may_enter(ctl->park, tenant, zone),
        .open = hours == SCHEDULE_OPEN && zone_hours == SCHEDULE_OPEN,
        .holiday = hours == SCHEDULE_HOLIDAY || zone_hours == SCHEDULE_HOLIDAY,
    };
    return ERR_OK;
}

/* The facts that hold over all tenants a person could enter for: the most lenient tenant that is
 * active and has not suspended the person speaks. */
static enum err permission_of_person(struct controller *ctl, const Parkgate__HolderRecord *holder,
                                     struct handle handle, struct name zone, struct facts *facts,
                                     struct fault *fault)
{
    struct duties duties;
    size_t valid = 0;
    size_t active = 0;
    size_t own = 0; /* active, and the person is not suspended there */
    TRY(duties_of(ctl, handle, ctl->now, &duties, fault));
    for (size_t i = 0; i < duties.count; i++) {
        struct leave leave;
        struct attribution alone =
            business_day_of(&ctl->tz, ctl->now, &duties.plain[i], 1, (struct home_tenant){0});
        if (alone.row == BUSINESS_DAY_UNDECLARED) {
            continue;
        }
        enum err err = leave_of(ctl, duties.tenant[i], zone, &leave, fault);
        if (err != ERR_OK) {
            people_assignments_destroy(&duties.records);
            return err;
        }
        bool suspended = people_suspended_by(holder, duties.tenant[i]->name.text);
        valid++;
        active += leave.active;
        own += leave.active && !suspended;
        if (leave.active && !suspended) {
            facts->zone_allowed |= leave.zone;
            facts->in_schedule |= leave.zone && leave.open;
            facts->holiday_closed |= leave.zone && leave.holiday;
        }
    }
    people_assignments_destroy(&duties.records);
    facts->has_assignment = valid > 0;
    facts->tenant_suspended = valid > 0 && active == 0;
    facts->person_suspended =
        valid > 0 ? active > 0 && own == 0 : people_suspended_by(holder, holder->tenant);
    facts->holiday_closed &= !facts->in_schedule;
    return ERR_OK;
}

static bool vehicle_zone_allowed(const struct controller *ctl, const Parkgate__HolderRecord *holder,
                                 struct name zone, bool tenant_allows)
{
    struct park_tenant own = {.zone_count = 0};
    if (holder->n_zone == 0) {
        return tenant_allows;
    }
    for (size_t i = 0; i < holder->n_zone && i < LIMIT_ZONES_PER_TENANT; i++) {
        own.zones[own.zone_count++] = name_or_none(holder->zone[i]);
    }
    return park_tenant_may_enter(ctl->park, &own, zone);
}

/* A vehicle's standing permission stands for an assignment. */
static enum err permission_of_vehicle(struct controller *ctl, const Parkgate__HolderRecord *holder,
                                      struct name zone, struct facts *facts, struct fault *fault)
{
    struct leave leave = {0};
    const struct park_tenant *tenant = park_tenant(ctl->park, name_or_none(holder->tenant));
    facts->has_assignment = tenant != NULL && ctl->now.us >= holder->from_us &&
                            (holder->until_us == 0 || ctl->now.us < holder->until_us);
    facts->person_suspended = people_suspended_by(holder, holder->tenant);
    if (tenant != NULL) {
        TRY(leave_of(ctl, tenant, zone, &leave, fault));
    }
    facts->tenant_suspended = tenant != NULL && !leave.active;
    facts->zone_allowed = vehicle_zone_allowed(ctl, holder, zone, leave.zone);
    facts->in_schedule = leave.open;
    facts->holiday_closed = leave.holiday && !leave.open;
    return ERR_OK;
}

/* --- the lane and the zone behind it --- */

/* The least class that the zone behind the lane and those around it accept. */
static enum credential_class class_behind(const struct controller *ctl,
                                          const struct park_lane *lane)
{
    enum credential_class least = CREDENTIAL_CLASS_BEARER;
    size_t depth = 0;
    for (const struct park_zone *zone = park_zone(ctl->park, lane->zone);
         zone != NULL && !name_equal(zone->name, lane->outer_zone) && depth < PARK_ZONE_DEPTH_MAX;
         zone = park_zone(ctl->park, zone->parent), depth++) {
        least = zone->minimum_class > least ? zone->minimum_class : least;
    }
    return least;
}

static enum err repeat_of(struct controller *ctl, const struct park_lane *lane,
                          enum lane_direction direction, struct handle credential,
                          struct wall captured, enum repeat *ret, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(
        ctl->txn, TABLE_GRANT,
        agent_grant_key(&key, lane->name.text, direction, BYTES_OF(credential.bytes)),
        &parkgate__grant_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    const Parkgate__GrantRecord *grant = (void *)message;
    *ret = decide_repeat((struct wall){.us = grant->captured_us}, (enum grant_end)grant->end,
                         captured, lane->passage.given ? REPEAT_WINDOW_MS : lane->open_ms);
    store_message_destroy(&message);
    return ERR_OK;
}

struct wall gather_captured(const Parkgate__Event *event, struct wall now)
{
    bool known = event->captured_us > 0 && !event->offset_unknown;
    int64_t captured_us = known ? event->captured_us : event->received_us;
    return (struct wall){.us = captured_us < now.us ? captured_us : now.us};
}

static enum freshness freshness_of(const Parkgate__Event *event)
{
    static const int64_t corrected = 0; /* the agent took the offset out already */
    if (event->captured_us == 0) {
        return FRESHNESS_UNKNOWN;
    }
    return decide_freshness((struct wall){.us = event->captured_us},
                            (struct wall){.us = event->received_us},
                            event->offset_unknown ? NULL : &corrected);
}

/* A camera that saw a vehicle and no plate, or could not read it. */
static enum credential_state state_without_credential(const struct controller *ctl,
                                                      const Parkgate__Event *event)
{
    struct plate plate;
    const struct park_reader *reader = park_reader(ctl->park, name_or_none(event->reader));
    if (reader == NULL || reader->driver != DRIVER_HIK_ANPR) {
        return CREDENTIAL_STATE_UNKNOWN;
    }
    return plate_read(field_view(&event->raw), PLATE_SOURCE_TEXT, &plate) == PLATE_NONE
               ? CREDENTIAL_STATE_NO_PLATE
               : CREDENTIAL_STATE_NOT_READ;
}

enum err gather_facts(struct controller *ctl, const Parkgate__Event *event,
                      const struct park_lane *lane, enum lane_direction direction,
                      struct facts *ret_facts, struct subject *ret_subject, struct fault *fault)
{
    struct facts facts = {
        .presentation = PRESENTATION_READ,
        .direction = direction == LANE_OUT ? DIRECTION_OUT : DIRECTION_IN,
        .history = event->history,
        .freshness = freshness_of(event),
        .admits_unknown_clock = lane->unknown_clock_grants,
        .credential_class = (enum credential_class)event->credential_class,
        .proof = (enum card_proof)event->proof,
    };
    facts_ask_nothing(&facts);
    struct subject subject = {0};
    Parkgate__HolderRecord *holder = NULL;
    struct wall captured = {event->captured_us != 0 ? event->captured_us : event->received_us};
    TRY(lane_mode_get(ctl->txn, lane->name, lane->mode, &facts.mode, fault));
    facts.zone_class = class_behind(ctl, lane);
    if (event->credential.len == 0) {
        facts.credential = state_without_credential(ctl, event);
    } else {
        TRY(find_credential(ctl, event, &facts, &subject, &holder, fault));
    }
    enum err err = ERR_OK;
    if (holder != NULL && !handle_is_none(subject.holder)) {
        err = ban_holds(ctl->txn, subject.holder, ctl->now, &facts.park_ban, fault);
    }
    if (err == ERR_OK && holder != NULL && !handle_is_none(subject.holder)) {
        err = holder->vehicle
                  ? permission_of_vehicle(ctl, holder, lane->zone, &facts, fault)
                  : permission_of_person(ctl, holder, subject.holder, lane->zone, &facts, fault);
        if (err == ERR_OK) {
            err =
                repeat_of(ctl, lane, direction, subject.credential, captured, &facts.repeat, fault);
        }
        if (err == ERR_OK && facts.direction == DIRECTION_IN) {
            err = gather_presence(ctl, lane, &subject, gather_captured(event, ctl->now), &facts,
                                  fault);
        }
    }
    if (holder != NULL) {
        parkgate__holder_record__free_unpacked(holder, NULL);
    }
    TRY(err);
    *ret_facts = facts;
    *ret_subject = subject;
    return ERR_OK;
}
