/* pairing_fixture: the standard park with lanes that want two reads.
 *
 * Gate gate-a has also: p-pin (badge and PIN), p-face (badge and face or PIN), p-other (badge and
 * PIN, another lane), p-both (badge and PIN, in and out), p-truck (plate and driver), p-vault (into
 * the two-person zone vault of the yard), p-lab (into zone lab: visitors with their host), p-safe
 * (badge and PIN into vault), p-strong (badge and face into bonded). The window is 10 s, at p-other
 * 2 s. Li and Wang of acme, Zhao of beta, as in day_fixture.h.
 */
#pragma once

#include "tests/unit/controller/day_fixture.h"

struct pair_lane {
    const char *name, *zone, *outer;
    uint32_t direction, subject, second, pair_ms;
    bool driver;
};

static const struct pair_lane pair_lanes[] = {
    {"p-pin",    "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  SECOND_PIN,         0,    false},
    {"p-face",   "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  SECOND_FACE_OR_PIN, 0,    false},
    {"p-other",  "yard",   "",     LANE_IN,   SUBJECT_PERSONS,  SECOND_PIN,         2000, false},
    {"p-both",   "yard",   "",     LANE_BOTH, SUBJECT_PERSONS,  SECOND_PIN,         0,    false},
    {"p-truck",  "yard",   "",     LANE_IN,   SUBJECT_VEHICLES, SECOND_NONE,        0,    true },
    {"p-leave",  "yard",   "",     LANE_OUT,  SUBJECT_VEHICLES, SECOND_NONE,        0,    false},
    {"p-vault",  "vault",  "yard", LANE_IN,   SUBJECT_PERSONS,  SECOND_NONE,        0,    false},
    {"p-vault2", "vault",  "yard", LANE_OUT,  SUBJECT_PERSONS,  SECOND_NONE,        0,    false},
    {"p-lab",    "lab",    "yard", LANE_IN,   SUBJECT_PERSONS,  SECOND_NONE,        0,    false},
    {"p-safe",   "vault",  "yard", LANE_IN,   SUBJECT_PERSONS,  SECOND_PIN,         0,    false},
    {"p-strong", "bonded", "yard", LANE_IN,   SUBJECT_PERSONS,  SECOND_FACE_OR_PIN, 0,    false},
};

static inline void add_pair_zones(struct park_rows *rows)
{
    static const char *const names[] = {"vault", "lab"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
        zone.parent = text_of("yard");
        zone.title = text_of(names[i]);
        zone.two_person = i == 0;
        zone.escort = i == 1;
        rows_add(rows, PARK_ZONE, names[i], &zone.base);
    }
}

static inline void add_pair_readers(struct park_rows *rows, const struct pair_lane *lane)
{
    static const char *const suffixes[] = {"reader", "exit"};
    for (size_t i = 0; i < (lane->direction == LANE_BOTH ? 2U : 1U); i++) {
        char name[48];
        Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
        reader.lane = text_of(lane->name);
        reader.driver = DRIVER_JSON;
        reader.device = text_of("any");
        reader.path = text_of("/json/x");
        reader.direction = lane->direction != LANE_BOTH ? LANE_NO_DIRECTION
                           : i == 0                     ? LANE_IN
                                                        : LANE_OUT;
        (void)snprintf(name, sizeof(name), "%s-%s", lane->name, suffixes[i]);
        rows_add(rows, PARK_READER, name, &reader.base);
    }
}

static inline void add_pair_lanes(struct park_rows *rows)
{
    for (size_t i = 0; i < ARRAY_LEN(pair_lanes); i++) {
        const struct pair_lane *from = &pair_lanes[i];
        Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
        lane.gate = text_of("gate-a");
        lane.zone = text_of(from->zone);
        lane.outer_zone = text_of(from->outer);
        lane.direction = from->direction;
        lane.subject = from->subject;
        lane.second = from->second;
        lane.pair_ms = from->pair_ms;
        lane.driver = from->driver;
        lane.board = text_of("board-a");
        lane.open_coil = (uint32_t)(20 + i);
        lane.open_ms = 3000;
        lane.pass_ms = 5000;
        lane.has_passage_input = true;
        lane.passage_input = (uint32_t)(20 + i);
        rows_add(rows, PARK_LANE, from->name, &lane.base);
        add_pair_readers(rows, from);
    }
}

/* acme may enter everything but the yard is all that solo has. */
static inline void add_pair_tenant(struct park_rows *rows)
{
    static char *zones[] = {(char *)(uintptr_t) "yard", (char *)(uintptr_t) "bonded"};
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    tenant.title = text_of("gamma");
    tenant.zone = zones;
    tenant.n_zone = ARRAY_LEN(zones);
    tenant.cut_minute = 360;
    rows_add(rows, PARK_TENANT, "gamma", &tenant.base);
}

static inline void commit_park(struct world *w, const struct park_rows *rows)
{
    char version[24], stage[24];
    (void)snprintf(
        stage, sizeof(stage), "%s",
        note(assert_done(ask_rows(w, w->admin, "park.stage", rows->row, rows->count, NULL)),
             "stage"));
    (void)snprintf(version, sizeof(version), "%s",
                   note(admin(w, "park.show", NULL), "config_version"));
    (void)admin(w, "park.commit", "stage", stage, "config_version", version, NULL);
}

static inline int pairs_setup(void **state)
{
    static struct park_rows rows;
    (void)day_setup(state);
    struct park_day *d = *state;
    rows_of_park(&rows, "Asia/Shanghai");
    add_pair_zones(&rows);
    add_pair_lanes(&rows);
    add_pair_tenant(&rows);
    commit_park(d->w, &rows);
    return 0;
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pairs_setup, day_teardown)

/* A read of any kind at a lane, captured `ago_us` before now. `refused_alone`: a gate that was
 * alone refused it. */
static inline uint64_t gate_read_as(struct park_day *d, const char *lane, uint32_t kind,
                                    const char *text, int64_t ago_us, bool refused_alone)
{
    char reader[48];
    uint8_t uid[BADGE_UID_MAX];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = kind;
    event.credential = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text_of(text)};
    if (kind == CREDENTIAL_KIND_BADGE) {
        event.credential = (ProtobufCBinaryData){.len = strlen(text) / 2, .data = uid};
        MUST(bytes_from_hex(text, uid, strlen(text) / 2));
    }
    event.credential_class = credential_class_of((enum credential_kind)kind);
    event.captured_us = d->w->now.us - ago_us;
    event.received_us = d->w->now.us;
    if (refused_alone) {
        event.offline = true;
        event.outcome = OUTCOME_DENY + 1;
        event.reason = kind == CREDENTIAL_KIND_PIN ? REASON_SECOND_WRONG : REASON_SECOND_NEEDED;
        event.verdict_source = SOURCE_AGENT;
    }
    return gate_event(d->w, &d->a, &event);
}

static inline uint64_t gate_read(struct park_day *d, const char *lane, uint32_t kind,
                                 const char *text, int64_t ago_us)
{
    return gate_read_as(d, lane, kind, text, ago_us, false);
}

#define badge(d, lane, uid)    gate_read(d, lane, CREDENTIAL_KIND_BADGE, uid, 0)
#define face(d, lane, subject) gate_read(d, lane, CREDENTIAL_KIND_FACE, subject, 0)
#define pin(d, lane, digits)   gate_read(d, lane, CREDENTIAL_KIND_PIN, digits, 0)
#define plate(d, lane, text)   gate_read(d, lane, CREDENTIAL_KIND_PLATE, text, 0)
#define later(d, us)           world_pass((d)->w, us)
#define granted(d, read, why)  assert_granted((d)->w, read, why)
#define denied(d, read, why)   assert_denied((d)->w, read, why)

#define LI_PIN   "8306"
#define WANG_PIN "5271"

static inline void give_pins(struct park_day *d)
{
    (void)admin(d->w, "pin.set", "person", d->li, "pin", LI_PIN, NULL);
    (void)admin(d->w, "pin.set", "person", d->wang, "pin", WANG_PIN, NULL);
}

/* Of the journal; the caller frees it. */
static inline Parkgate__EventEntry *newest_event(struct park_day *d)
{
    world_turn(d->w);
    return (void *)newest_entry(d->w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
}

#define TRUCK "浙A12345"

static inline void book(struct park_day *d, const char *driver, const char *from, const char *until)
{
    (void)admin(d->w, "booking.add", "tenant", "acme", "plate", TRUCK, "driver", driver, "zone",
                "yard", "from", from, "until", until, NULL);
}
