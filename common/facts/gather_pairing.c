/* Reads that belong together: a second credential, plate and driver, a partner, a host. */
#include "common/facts/agent_store.h"
#include "common/facts/expected_store.h"
#include "common/facts/field.h"
#include "common/facts/gather_parts.h"
#include "common/facts/lane_store.h"
#include "common/facts/pending_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/park/presence.h"
#include "common/store/keybuf.h"

static bool is_in_window(const struct gathering *g, int64_t other_us)
{
    int64_t apart_us = 0;
    return !__builtin_sub_overflow(g->captured.us, other_us, &apart_us) &&
           apart_us > -(int64_t)g->lane->pair_ms * 1000 &&
           apart_us < (int64_t)g->lane->pair_ms * 1000;
}

/* The read that waits here and is in the window; NULL: none. */
static enum err waiting(const struct gathering *g, enum pending_wait wait,
                        Parkgate__PendingRead **ret, struct fault *fault)
{
    TRY(pending_get(g->view->txn, g->lane->name, g->direction, wait, ret, fault));
    if (*ret != NULL &&
        ((*ret)->credential.len != HANDLE_SIZE || !is_in_window(g, (*ret)->captured_us))) {
        parkgate__pending_read__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return ERR_OK;
}

/* Credential and holder of the read that waits, as they are now. */
static enum err find_first(struct gathering *g, const Parkgate__PendingRead *pending,
                           struct fault *fault)
{
    Parkgate__CredentialRecord *record = NULL;
    enum err err = people_credential_by_handle(g->view->txn, people_handle(&pending->credential),
                                               &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = gather_holder_of(g->view, record, &g->first, fault);
    parkgate__credential_record__free_unpacked(record, NULL);
    return err;
}

/* --- a second credential --- */

/* The whole is decided with what is known of the badge. */
static void take_badge_of(struct gathering *g, const Parkgate__PendingRead *pending)
{
    g->facts.credential_class = (enum credential_class)pending->credential_class;
    g->facts.proof = (enum card_proof)pending->proof;
}

static void hold_against_first(struct gathering *g, const Parkgate__PendingRead *pending,
                               bool is_right)
{
    g->whole = &g->first;
    g->facts.credential = g->first.state;
    g->facts.second = is_right ? DEMAND_MET : DEMAND_WRONG;
    g->subject.first = g->first.credential;
    g->subject.completes = is_right;
    g->subject.doubted = pending->doubted;
    take_badge_of(g, pending);
}

/* Digits mean something only beside the holder of the badge. */
static enum err check_pin(struct gathering *g, bool *ret_right, struct fault *fault)
{
    Parkgate__CredentialRecord *record = NULL;
    struct gather_read pin = {0};
    *ret_right = false;
    if (g->event->credential.len == 0) {
        return ERR_OK; /* of a length that no PIN has */
    }
    struct seal_hash hash =
        g->view->pin_hash(g->view->ctx, g->first.holder, field_view(&g->event->credential));
    enum err err = people_credential(g->view->txn, BYTES_OF(hash.bytes), &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = gather_holder_of(g->view, record, &pin, fault);
    parkgate__credential_record__free_unpacked(record, NULL);
    *ret_right = pin.record != NULL && pin.state == CREDENTIAL_STATE_VALID;
    if (*ret_right) {
        g->read = pin; /* a PIN was no known read before */
    } else if (pin.record != NULL) {
        parkgate__holder_record__free_unpacked(pin.record, NULL);
    }
    return err;
}

static bool is_same_holder(const struct gathering *g)
{
    return g->read.record != NULL && g->first.record != NULL &&
           handle_equal(g->read.holder, g->first.holder);
}

/* A face is a second of its own only where the lane takes faces; elsewhere it waits for nothing. */
static void judge_face(struct gathering *g, const Parkgate__PendingRead *badge)
{
    bool takes_faces = g->lane->second == SECOND_FACE_OR_PIN;
    if (takes_faces && badge != NULL) {
        hold_against_first(g, badge, is_same_holder(g) && g->read.state == CREDENTIAL_STATE_VALID);
        return;
    }
    g->facts.second = DEMAND_MISSING;
    g->subject.may_wait = takes_faces;
    g->class_waits = takes_faces;
}

static void judge_badge(struct gathering *g, const Parkgate__PendingRead *face)
{
    bool completes = g->lane->second == SECOND_FACE_OR_PIN && face != NULL && is_same_holder(g) &&
                     g->first.state == CREDENTIAL_STATE_VALID;
    g->facts.second = completes ? DEMAND_MET : DEMAND_MISSING;
    g->subject.may_wait = !completes;
    g->subject.completes = completes;
    if (completes) {
        g->subject.first = g->first.credential;
    }
}

static enum err judge_second(struct gathering *g, const Parkgate__PendingRead *pending,
                             struct fault *fault)
{
    bool face_waits = pending != NULL && pending->credential_kind == CREDENTIAL_KIND_FACE;
    const Parkgate__PendingRead *badge = face_waits ? NULL : pending;
    switch (g->event->credential_kind) {
    case CREDENTIAL_KIND_PIN:
        if (badge != NULL) { /* else it stays a credential that nobody holds */
            bool right = false;
            TRY(check_pin(g, &right, fault));
            hold_against_first(g, badge, right);
        }
        return ERR_OK;
    case CREDENTIAL_KIND_FACE:
        judge_face(g, badge);
        return ERR_OK;
    default:
        judge_badge(g, face_waits ? pending : NULL);
        return ERR_OK;
    }
}

/* --- plate and driver --- */

/* The vehicle is who passes; the class is that of the badge, which one of both reads was. */
static void pair_with(struct gathering *g, struct gather_read *vehicle, struct gather_read *driver)
{
    g->whole = vehicle;
    g->driver = driver;
    g->facts.credential = vehicle->state;
    g->subject.first = g->first.credential;
    if (driver->record != NULL) {
        g->subject.companion = driver->holder;
        g->subject.companion_kind = driver->record->kind;
        g->subject.companion_tenant = name_or_none(driver->record->tenant);
    }
}

static void judge_plate(struct gathering *g, const Parkgate__PendingRead *pending)
{
    if (pending != NULL && !pending->vehicle) {
        pair_with(g, &g->read, &g->first);
        g->subject.doubted = pending->doubted;
        take_badge_of(g, pending);
        return;
    }
    g->facts.driver = DEMAND_MISSING;
    g->subject.may_wait = true;
    g->class_waits = true;
}

static void judge_driver(struct gathering *g, const Parkgate__PendingRead *pending)
{
    if (pending != NULL && pending->vehicle) {
        pair_with(g, &g->first, &g->read);
        g->subject.doubted = pending->doubted;
        return;
    }
    g->facts.driver = DEMAND_MISSING;
    g->subject.may_wait = true;
    g->half = true;
}

static bool shows_a_person(const Parkgate__Event *event)
{
    return event->credential_kind == CREDENTIAL_KIND_BADGE ||
           event->credential_kind == CREDENTIAL_KIND_QR ||
           event->credential_kind == CREDENTIAL_KIND_FACE;
}

static void judge_vehicle_lane(struct gathering *g, const Parkgate__PendingRead *pending)
{
    bool is_vehicle = g->read.record != NULL && g->read.record->vehicle;
    if (is_vehicle) {
        judge_plate(g, pending);
    } else if (shows_a_person(g->event)) {
        judge_driver(g, pending);
    }
}

/* --- both --- */

/* Only an entry that is decided has a pair: here and now, or by a gate from its copy. */
static bool is_asked(const struct gathering *g)
{
    bool asks =
        g->lane->subject == SUBJECT_VEHICLES ? g->lane->driver : g->lane->second != SECOND_NONE;
    bool decided = g->event->outcome == 0 || g->event->offline;
    return asks && g->direction == LANE_IN && decided && !g->event->history &&
           g->facts.freshness != FRESHNESS_STALE;
}

enum err gather_pair(struct gathering *g, struct fault *fault)
{
    Parkgate__PendingRead *pending = NULL;
    if (!is_asked(g)) {
        return ERR_OK;
    }
    TRY(waiting(g, WAIT_PAIR, &pending, fault));
    enum err err = pending == NULL ? ERR_OK : find_first(g, pending, fault);
    const Parkgate__PendingRead *first = g->first.record == NULL ? NULL : pending;
    if (err == ERR_OK && g->lane->subject == SUBJECT_VEHICLES) {
        judge_vehicle_lane(g, first);
    } else if (err == ERR_OK) {
        err = judge_second(g, first, fault);
    }
    if (pending != NULL) {
        parkgate__pending_read__free_unpacked(pending, NULL);
    }
    return err;
}

/* --- a partner --- */

static enum err has_empty_zone_for_two(const struct gathering *g, bool *ret, struct fault *fault)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(g->view->park, g->lane, zones);
    *ret = false;
    for (size_t i = 0; i < count && !*ret; i++) {
        uint32_t inside = 0;
        if (zones[i]->two_person) {
            TRY(zone_persons_get(g->view->txn, zones[i]->name, &inside, fault));
            *ret = inside == 0 || !g->view->has_presence; /* then it is a bound: it may be empty */
        }
    }
    return ERR_OK;
}

static enum err ask_partner(struct gathering *g, struct fault *fault)
{
    bool asked = false;
    Parkgate__PendingRead *other = NULL;
    if (!g->whole->record->vehicle) {
        TRY(has_empty_zone_for_two(g, &asked, fault));
    }
    if (!asked) {
        return ERR_OK;
    }
    g->facts.partner = DEMAND_MISSING;
    TRY(waiting(g, WAIT_PARTNER, &other, fault));
    if (other != NULL && !handle_equal(people_handle(&other->holder), g->whole->holder)) {
        g->facts.partner = DEMAND_MET;
        g->subject.partner = people_handle(&other->holder);
    }
    if (other != NULL) {
        parkgate__pending_read__free_unpacked(other, NULL);
    }
    return ERR_OK;
}

/* --- a host --- */

/* One grant of the host's at this lane, in the window before: not left untaken, for then the host
 * did not go in. */
static enum err was_granted(const struct gathering *g, struct bytes credential, bool *ret,
                            struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err =
        store_get_message(g->view->txn, TABLE_GRANT,
                          agent_grant_key(&key, g->lane->name.text, g->direction, credential),
                          &parkgate__grant_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__GrantRecord *grant = (void *)message;
    *ret |= grant->end != GRANT_NOT_TAKEN && is_in_window(g, grant->captured_us);
    store_message_destroy(&message);
    return ERR_OK;
}

static enum err has_come_by(const struct gathering *g, struct handle host, bool *ret,
                            struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct keybuf prefix;
    struct bytes key, value;
    enum err err;
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, host);
    TRY(store_iter_prefix(g->view->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix), UINT64_MAX,
                          &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK && !*ret) {
        struct bytes credential = {.data = key.data + HANDLE_SIZE, .size = key.size - HANDLE_SIZE};
        TRY(was_granted(g, credential, ret, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err presence_of(struct store_txn *txn, struct handle holder,
                            Parkgate__PresenceRecord **ret, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_PRESENCE, BYTES_OF(holder.bytes),
                                     &parkgate__presence_record__descriptor, &message, fault);
    *ret = (void *)message;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err is_inside(const struct gathering *g, struct handle person, struct name zone,
                          bool *ret, struct fault *fault)
{
    struct zone_path path;
    Parkgate__PresenceRecord *presence = NULL;
    TRY(presence_of(g->view->txn, person, &presence, fault));
    *ret = g->view->has_presence && presence != NULL && presence->inside &&
           zone_path_from_text(presence->zone, &path) && zone_path_holds(&path, zone);
    if (presence != NULL) {
        parkgate__presence_record__free_unpacked(presence, NULL);
    }
    return ERR_OK;
}

/* Is the host of one of the visits with the visitor, for every zone with escort that is entered? */
static enum err is_escorted_by(const struct gathering *g, struct handle host, bool *ret,
                               struct fault *fault)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(g->view->park, g->lane, zones);
    *ret = false;
    TRY(has_come_by(g, host, ret, fault));
    bool everywhere = !*ret;
    for (size_t i = 0; i < count && everywhere; i++) {
        if (zones[i]->escort) {
            TRY(is_inside(g, host, zones[i]->name, &everywhere, fault));
        }
    }
    *ret |= everywhere;
    return ERR_OK;
}

static bool enters_escort_zone(const struct gathering *g)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(g->view->park, g->lane, zones);
    bool asks = false;
    for (size_t i = 0; i < count; i++) {
        asks |= zones[i]->escort;
    }
    return asks;
}

static enum err ask_host(struct gathering *g, struct fault *fault)
{
    const struct gather_read *person = g->whole->record->vehicle ? g->driver : g->whole;
    struct visits visits;
    if (person == NULL || person->record == NULL || person->record->kind != PERSON_VISITOR ||
        !enters_escort_zone(g)) {
        return ERR_OK;
    }
    TRY(visits_at(g->view->txn, person->holder, g->view->now, &visits, fault));
    bool escorted = false;
    enum err err = ERR_OK;
    for (size_t i = 0; i < visits.count && err == ERR_OK && !escorted; i++) {
        err = is_escorted_by(g, people_handle(&visits.items[i]->host), &escorted, fault);
    }
    visits_destroy(&visits);
    g->facts.escort = escorted ? DEMAND_MET : DEMAND_MISSING;
    return err;
}

enum err gather_company(struct gathering *g, struct fault *fault)
{
    TRY(ask_partner(g, fault));
    return ask_host(g, fault);
}

/* --- what becomes of those that wait --- */

uint32_t gather_pairing_effect(const struct subject *subject, struct verdict verdict)
{
    uint32_t effect = 0;
    switch (verdict.reason) {
    case REASON_SECOND_NEEDED:
    case REASON_DRIVER_NEEDED:
        return !subject->may_wait ? 0
               : subject->doubted ? PAIRING_WAITS | PAIRING_DOUBTED
                                  : PAIRING_WAITS;
    case REASON_SECOND_WRONG:
    case REASON_DRIVER_WRONG:
        return PAIRING_WRONG;
    case REASON_PARTNER_NEEDED:
        effect |= PAIRING_WAITS_PARTNER;
        break;
    default:
        break;
    }
    if (subject->completes) {
        effect |= PAIRING_ENDS;
    }
    if (verdict.outcome == OUTCOME_GRANT && !handle_is_none(subject->partner)) {
        effect |= PAIRING_MEETS_PARTNER;
    }
    return effect;
}

enum err gather_driver_inside(const struct facts_view *view, struct handle vehicle,
                              struct handle *ret, struct fault *fault)
{
    Parkgate__PresenceRecord *presence = NULL;
    *ret = (struct handle){{0}};
    TRY(presence_of(view->txn, vehicle, &presence, fault));
    if (presence == NULL) {
        return ERR_OK;
    }
    struct handle driver = people_handle(&presence->companion);
    int64_t vehicle_last_us = presence->last_us;
    parkgate__presence_record__free_unpacked(presence, NULL);
    if (handle_is_none(driver)) {
        return ERR_OK;
    }
    TRY(presence_of(view->txn, driver, &presence, fault));
    /* Who left on foot and came back since is inside, but not in this vehicle. */
    if (presence != NULL && presence->inside && presence->since_us <= vehicle_last_us) {
        *ret = driver;
    }
    if (presence != NULL) {
        parkgate__presence_record__free_unpacked(presence, NULL);
    }
    return ERR_OK;
}
