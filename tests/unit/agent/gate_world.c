#include "tests/unit/agent/gate_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tests/unit/agent/world_roster.h"

enum { PARK_ROWS = 8 };

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static struct wall wall_of(void *ctx)
{
    struct gate_world *world = ctx;
    return world->real_clock ? clock_system()->wall(clock_system()->ctx) : world->wall;
}

static struct mono mono_of(void *ctx)
{
    struct gate_world *world = ctx;
    return world->real_clock ? clock_system()->mono(clock_system()->ctx) : world->mono;
}

static void must(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        (void)fprintf(stderr, "gate_world: %s\n", fault->what);
        abort();
    }
}

/* --- the park --- */

struct park_rows {
    size_t count;
    struct bytes row[PARK_ROWS];
    uint8_t bytes[PARK_ROWS][256];
};

static void add_park_row(struct park_rows *rows, enum park_kind kind, const char *name,
                         const ProtobufCMessage *body)
{
    uint8_t packed[192];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    MUST(rows->count < PARK_ROWS && protobuf_c_message_get_packed_size(body) <= sizeof(packed));
    row.kind = (uint32_t)kind;
    row.name = text_of(name);
    row.body = (ProtobufCBinaryData){.len = protobuf_c_message_pack(body, packed), .data = packed};
    uint8_t *to = rows->bytes[rows->count];
    rows->row[rows->count++] =
        (struct bytes){.data = to, .size = parkgate__park_row__pack(&row, to)};
}

static void add_lane(struct park_rows *rows, const char *name, const char *reader_name,
                     enum lane_direction direction)
{
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    lane.gate = text_of("north");
    lane.direction = (uint32_t)direction;
    lane.subject = SUBJECT_PERSONS;
    lane.zone = text_of("yard");
    lane.open_ms = 3000;
    lane.pass_ms = 5000;
    lane.has_passage_input = true;
    add_park_row(rows, PARK_LANE, name, &lane.base);
    reader.lane = text_of(name);
    reader.driver = DRIVER_NFC;
    reader.device = text_of("any");
    add_park_row(rows, PARK_READER, reader_name, &reader.base);
}

static void make_park(struct park_rows *rows)
{
    char *zones[] = {text_of("yard")};
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    Parkgate__ParkZone zone = PARKGATE__PARK_ZONE__INIT;
    Parkgate__ParkTenant tenant = PARKGATE__PARK_TENANT__INIT;
    Parkgate__ParkShift shift = PARKGATE__PARK_SHIFT__INIT;
    site.time_zone = text_of("Asia/Shanghai");
    add_park_row(rows, PARK_SITE, "park", &site.base);
    zone.minimum_class = CREDENTIAL_CLASS_BEARER;
    add_park_row(rows, PARK_ZONE, "yard", &zone.base);
    tenant.zone = zones;
    tenant.n_zone = 1;
    add_park_row(rows, PARK_TENANT, "acme", &tenant.base);
    shift.start_minute = shift.end_minute = 0; /* all day */
    add_park_row(rows, PARK_SHIFT, "all", &shift.base);
    add_lane(rows, "in", "in-reader", LANE_IN);
    add_lane(rows, "out", "out-reader", LANE_OUT);
}

static enum err add_row(void *ctx, struct bytes row, struct fault *fault)
{
    struct gate *gate = ctx;
    return gate_park_add(gate->park, gate->settings.gate, row, fault);
}

static void load_park(struct gate *gate)
{
    struct fault fault = {0};
    memset(gate->park, 0, sizeof(*gate->park));
    must(park_copy_walk(gate->store, add_row, gate, &fault), &fault);
    must(gate_park_close(gate->park, &fault), &fault);
}

/* --- the copy --- */

static void take_copy(struct gate_world *world)
{
    world_roster_take(world->gate->copy.store, gate_wall(world->gate));
    alone_heard(world->gate, gate_wall(world->gate).us, gate_mono(world->gate));
    alone_renewed(world->gate);
}

/* --- beginning and end --- */

void gate_world_begin(struct gate_world *world)
{
    struct fault fault = {0};
    struct gate *gate = gate_create(world->dir, &world->clock, entropy_system(), NULL);
    MUST(name_from_text("north", &gate->settings.gate));
    gate->settings.outbox_events = LIMIT_OUTBOX_EVENTS;
    must(agent_store_open(gate->dir, gate->entropy, &gate->store, &fault), &fault);
    must(day_keys_open(gate->dir, gate->entropy, &gate->day_keys, &fault), &fault);
    must(vault_create(gate->day_keys, gate->entropy, &gate->vault, &fault), &fault);
    gate->park = calloc(1, sizeof(*gate->park));
    MUST(gate->park != NULL);
    load_park(gate);
    must(copy_begin(gate, &fault), &fault);
    must(loop_create(gate->clock, &gate->loop, &fault), &fault);
    link_state_begin(&gate->link_state, gate_mono(gate));
    world->gate = gate;
}

void gate_world_end(struct gate_world *world)
{
    struct gate *gate = world->gate;
    copy_end(gate);
    loop_destroy(&gate->loop);
    vault_destroy(&gate->vault);
    day_keys_destroy(&gate->day_keys);
    agent_store_destroy(&gate->store);
    free(gate->park);
    free(gate);
    world->gate = NULL;
}

struct gate_world *gate_world_open(bool real_clock)
{
    struct gate_world *world = calloc(1, sizeof(*world));
    struct fault fault = {0};
    struct park_rows rows = {0};
    MUST(world != NULL && seal_init(NULL) == ERR_OK);
    const char *where = getenv("TMPDIR");
    (void)snprintf(world->dir, sizeof(world->dir), "%s/gate-XXXXXX",
                   where == NULL || strlen(where) > 32 ? "/tmp" : where);
    MUST(mkdtemp(world->dir) != NULL);
    world->real_clock = real_clock;
    world->wall = (struct wall){.us = INT64_C(1767250800000000)};
    world->mono = (struct mono){.us = 1000000};
    world->clock = (struct clock){.wall = wall_of, .mono = mono_of, .ctx = world};
    gate_world_begin(world);
    world->gate->batch.new_epoch = 1;
    must(record_commit(world->gate, &fault), &fault);
    make_park(&rows);
    must(park_copy_replace(world->gate->store, 1, rows.row, rows.count, gate_wall(world->gate),
                           &fault),
         &fault);
    load_park(world->gate);
    copy_park_changed(world->gate);
    take_copy(world);
    return world;
}

void gate_world_restart(struct gate_world *world)
{
    gate_world_end(world);
    gate_world_begin(world);
    alone_heard(world->gate, gate_wall(world->gate).us,
                gate_mono(world->gate)); /* its clock is known */
}

void gate_world_close(struct gate_world **world)
{
    static const char *const files[] = {
        "/store/data.mdb", "/store/lock.mdb", "/store/owner",   "/store/ballast",
        "/store",          "/keys/data.mdb",  "/keys/lock.mdb", "/keys/owner",
        "/keys/ballast",   "/keys",           "/copy/data.mdb", "/copy/lock.mdb",
        "/copy/owner",     "/copy",           "/lease",         "",
    };
    if ((*world)->gate != NULL) {
        gate_world_end(*world);
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", (*world)->dir, files[i]);
        (void)remove(path);
    }
    free(*world);
    *world = NULL;
}

/* --- what happens at it --- */

struct draft gate_world_read(struct gate_world *world, const char *lane, unsigned person)
{
    struct draft draft = {.kind = EVENT_PRESENTATION,
                          .captured = gate_wall(world->gate),
                          .received = gate_wall(world->gate),
                          .credential_kind = CREDENTIAL_KIND_BADGE,
                          .credential_class = CREDENTIAL_CLASS_UID_ONLY,
                          .credential_size = WORLD_UID_SIZE};
    char reader[NAME_SIZE];
    world_uid(person, draft.credential);
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    MUST(name_from_text(lane, &draft.lane) && name_from_text(reader, &draft.reader));
    draft.direction = strcmp(lane, "out") == 0 ? LANE_OUT : LANE_IN;
    return draft;
}

/* Is granted alone and goes through. */
static void walk_at(struct gate_world *world, const char *lane, unsigned person, struct wall when)
{
    struct gate *gate = world->gate;
    struct fault fault = {0};
    struct grant_id id = {0};
    struct grant_id passed = {0};
    struct draft read = gate_world_read(world, lane, person);
    read.captured = read.received = when;
    read.has_verdict = true;
    read.outcome = OUTCOME_GRANT;
    read.reason = REASON_GRANTED;
    read.source = SOURCE_AGENT;
    must(record_event(gate, &read, false, NULL, &id, &fault), &fault);
    MUST(batch_add_acted(&gate->batch, id,
                         (struct acted){.outcome = OUTCOME_GRANT,
                                        .reason = REASON_GRANTED,
                                        .source = SOURCE_AGENT,
                                        .told = true}));
    struct draft passage = {.kind = EVENT_PASSAGE,
                            .lane = read.lane,
                            .captured = read.captured,
                            .received = read.received,
                            .presentation = id,
                            .passage = PASSAGE_PASSED,
                            .direction = read.direction};
    must(record_event(gate, &passage, false, NULL, &passed, &fault), &fault);
}

void gate_world_live(struct gate_world *world, size_t rounds)
{
    struct fault fault = {0};
    for (size_t i = 0; i < rounds; i++) {
        size_t shown = i / (2 * (WORLD_PERSONS - 1)); /* everybody in, everybody out, ... */
        struct wall when = gate_wall(world->gate);
        when.us -= INT64_C(3600000000) - (int64_t)(shown * 1000 + i);
        walk_at(world, i / (WORLD_PERSONS - 1) % 2 == 0 ? "in" : "out",
                1 + (unsigned)(i % (WORLD_PERSONS - 1)), when);
    }
    must(record_commit(world->gate, &fault), &fault);
}

void gate_world_walk(struct gate_world *world, const char *lane, unsigned person)
{
    struct fault fault = {0};
    walk_at(world, lane, person, gate_wall(world->gate));
    must(record_commit(world->gate, &fault), &fault);
}

bool gate_world_decide(struct gate_world *world, const char *lane, unsigned person,
                       struct verdict *ret_verdict)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    struct copy_stamp stamp;
    struct draft draft = gate_world_read(world, lane, person);
    size_t size = draft_pack(&draft, (struct grant_id){0}, packed);
    Parkgate__Event *event = parkgate__event__unpack(NULL, size, packed);
    MUST(event != NULL);
    bool decided = alone_decide(world->gate, event, ret_verdict, &stamp);
    parkgate__event__free_unpacked(event, NULL);
    return decided;
}
