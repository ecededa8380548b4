#include "common/facts/gather_clearance.h"
#include "common/facts/gather_parts.h"
#include "common/facts/gather_presence.h"

#include <string.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/ban_store.h"
#include "common/facts/emergency_store.h"
#include "common/facts/lane_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"

/* --- the credential --- */

/* What a gate alone gave back of holder or credential is not valid before it is confirmed. */
static enum credential_state state_of(const Parkgate__CredentialRecord *record,
                                      const Parkgate__HolderRecord *holder, struct wall when)
{
    bool waits = record->told_by[0] != '\0' || holder->told_by[0] != '\0';
    if (record->revoked_us != 0) {
        return CREDENTIAL_STATE_REVOKED;
    }
    if (waits || when.us < record->from_us) {
        return CREDENTIAL_STATE_NOT_YET_VALID;
    }
    if (record->until_us != 0 && when.us >= record->until_us) {
        return CREDENTIAL_STATE_EXPIRED;
    }
    return CREDENTIAL_STATE_VALID;
}

enum err gather_holder_of(const struct facts_view *view, const Parkgate__CredentialRecord *record,
                          struct gather_read *ret, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    enum err err = people_holder(view->txn, people_handle(&record->holder), &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (holder->removed) {
        parkgate__holder_record__free_unpacked(holder, NULL);
        return ERR_OK;
    }
    *ret = (struct gather_read){.state = state_of(record, holder, view->now),
                                .credential = people_handle(&record->credential),
                                .holder = people_handle(&record->holder),
                                .record = holder};
    return ban_holds(view->txn, ret->holder, view->now, &ret->banned, fault);
}

/* A PIN names nobody: it is looked up beside a badge (gather_pairing.c). */
static enum err find_credential(struct gathering *g, struct fault *fault)
{
    const Parkgate__Event *event = g->event;
    Parkgate__CredentialRecord *record = NULL;
    if (event->credential.len == 0 || event->credential_kind == CREDENTIAL_KIND_PIN) {
        return ERR_OK;
    }
    struct seal_hash hash = g->view->credential_hash(g->view->ctx, event->credential_kind,
                                                     field_view(&event->credential));
    enum err err = people_credential(g->view->txn, BYTES_OF(hash.bytes), &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = gather_holder_of(g->view, record, &g->read, fault);
    parkgate__credential_record__free_unpacked(record, NULL);
    return err;
}

/* A reading of theirs without a credential is a vehicle's. The plain JSON names no kind when
 * nothing could be read: at a lane for vehicles that was a plate, elsewhere a keypad perhaps. */
static bool saw_a_vehicle(const struct park_reader *reader, const struct park_lane *lane,
                          const Parkgate__Event *event)
{
    switch (reader->driver) {
    case DRIVER_HIK_ANPR:
    case DRIVER_VZENITH:
    case DRIVER_DAHUA:
        return true;
    case DRIVER_JSON:
        return lane->subject == SUBJECT_VEHICLES && event->credential_kind == CREDENTIAL_KIND_NONE;
    default:
        return false;
    }
}

/* A camera that saw a vehicle and no plate, or could not read it. */
static enum credential_state state_without_credential(const struct gathering *g)
{
    struct plate plate;
    const Parkgate__Event *event = g->event;
    const struct park_reader *reader = park_reader(g->view->park, name_or_none(event->reader));
    if (reader == NULL || !saw_a_vehicle(reader, g->lane, event)) {
        return CREDENTIAL_STATE_UNKNOWN;
    }
    return plate_read(field_view(&event->raw), PLATE_SOURCE_TEXT, &plate) == PLATE_NONE
               ? CREDENTIAL_STATE_NO_PLATE
               : CREDENTIAL_STATE_NOT_READ;
}

static enum err find_read(struct gathering *g, struct fault *fault)
{
    TRY(find_credential(g, fault));
    if (g->event->credential.len == 0) {
        g->read.state = state_without_credential(g);
    }
    g->facts.credential = g->read.state;
    g->whole = &g->read;
    return ERR_OK;
}

/* --- the lane and the zone behind it --- */

/* The least class that the zones newly entered accept. */
static enum credential_class class_behind(const struct gathering *g)
{
    enum credential_class least = CREDENTIAL_CLASS_BEARER;
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(g->view->park, g->lane, zones);
    for (size_t i = 0; i < count && !g->class_waits; i++) {
        least = zones[i]->minimum_class > least ? zones[i]->minimum_class : least;
    }
    return least;
}

static enum err repeat_of(struct gathering *g, struct fault *fault)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    const struct park_lane *lane = g->lane;
    if (g->read.record == NULL) {
        return ERR_OK;
    }
    enum err err = store_get_message(
        g->view->txn, TABLE_GRANT,
        agent_grant_key(&key, lane->name.text, g->direction, BYTES_OF(g->read.credential.bytes)),
        &parkgate__grant_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    const Parkgate__GrantRecord *grant = (void *)message;
    bool late = grant->opened_us != 0;
    const struct granted granted = {
        .captured.us = grant->captured_us,
        .acted.us = late ? grant->opened_us : grant->captured_us,
        .end = (enum grant_end)grant->end,
    };
    g->facts.repeat = decide_repeat(&granted, g->captured,
                                    lane->passage.given ? REPEAT_WINDOW_MS : lane->open_ms);
    store_message_destroy(&message);
    return ERR_OK;
}

/* --- the event --- */

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

struct wall gather_captured(const Parkgate__Event *event, struct wall now)
{
    bool known = event->captured_us > 0 && !event->offset_unknown;
    int64_t captured_us = known ? event->captured_us : event->received_us;
    return (struct wall){captured_us < now.us ? captured_us : now.us};
}

/* One of both was misread, or the plate is false. */
static bool has_wrong_colour(const Parkgate__Event *event)
{
    struct plate plate;
    if (event->credential_kind != CREDENTIAL_KIND_PLATE ||
        event->plate_colour == PLATE_COLOUR_UNKNOWN) {
        return false;
    }
    return plate_read(field_view(&event->credential), PLATE_SOURCE_TEXT, &plate) == PLATE_OK &&
           plate_colour_check(plate.kind, (enum plate_colour)event->plate_colour) ==
               PLATE_COLOUR_MISFIT;
}

static void fill_subject(struct gathering *g)
{
    struct subject *subject = &g->subject;
    subject->doubted = subject->doubted || has_wrong_colour(g->event);
    if (g->read.record != NULL) {
        subject->credential = g->read.credential;
        subject->owner = g->read.holder;
    }
    if (g->whole->record != NULL) {
        subject->holder = g->whole->holder;
        subject->vehicle = g->whole->record->vehicle;
        subject->person_kind = g->whole->record->kind;
        subject->tenant = name_or_none(g->whole->record->tenant);
    }
}

/* Of an unknown credential nothing more is asked: the rules never get so far. */
static enum err ask_of_holder(struct gathering *g, struct fault *fault)
{
    if (g->whole->record == NULL) {
        return ERR_OK;
    }
    g->facts.park_ban = g->whole->banned;
    TRY(repeat_of(g, fault));
    TRY(gather_permission(g, fault));
    if (g->direction == LANE_IN && !g->whole->record->vehicle && !g->lane->driver) {
        TRY(gather_clearance(g->view, g->lane, g->whole->holder, &g->facts.clearance, fault));
    }
    if (g->half || g->direction != LANE_IN) {
        return ERR_OK;
    }
    TRY(gather_company(g, fault));
    return gather_presence(g->view, g->lane, &g->subject, g->captured, &g->facts, fault);
}

static void release(struct gathering *g)
{
    struct gather_read *reads[] = {&g->read, &g->first};
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        if (reads[i]->record != NULL) {
            parkgate__holder_record__free_unpacked(reads[i]->record, NULL);
        }
    }
}

static enum err gather(struct gathering *g, struct fault *fault)
{
    TRY(lane_mode_get(g->view->txn, g->lane->name, g->lane->mode, &g->facts.mode, fault));
    TRY(emergency_at_lane(g->view->txn, g->view->park, g->lane, &g->facts.emergency,
                          &g->facts.emergency_admits, fault));
    TRY(find_read(g, fault));
    TRY(gather_pair(g, fault));
    fill_subject(g);
    g->facts.zone_class = class_behind(g);
    return ask_of_holder(g, fault);
}

enum credential_class gather_class_of(const Parkgate__Event *event)
{
    bool unproved = event->credential_kind == CREDENTIAL_KIND_BADGE &&
                    event->credential_class > CREDENTIAL_CLASS_UID_ONLY &&
                    event->proof != CARD_PROOF_GIVEN;
    return unproved ? CREDENTIAL_CLASS_UID_ONLY : (enum credential_class)event->credential_class;
}

enum err gather_facts(const struct facts_view *view, const Parkgate__Event *event,
                      const struct park_lane *lane, enum lane_direction direction,
                      struct facts *ret_facts, struct subject *ret_subject, struct fault *fault)
{
    struct gathering g = {
        .view = view,
        .event = event,
        .lane = lane,
        .direction = direction,
        .captured = gather_captured(event, view->now),
        .facts = {.presentation = PRESENTATION_READ,
                  .direction = direction == LANE_OUT ? DIRECTION_OUT : DIRECTION_IN,
                  .history = event->history,
                  .freshness = freshness_of(event),
                  .admits_unknown_clock = lane->unknown_clock_grants,
                  .credential_class = gather_class_of(event),
                  .proof = (enum card_proof)event->proof},
    };
    facts_ask_nothing(&g.facts);
    enum err err = gather(&g, fault);
    release(&g);
    TRY(err);
    *ret_facts = g.facts;
    *ret_subject = g.subject;
    return ERR_OK;
}
