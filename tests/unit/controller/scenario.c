#include "tests/unit/controller/scenario.h"

enum { PERSONS = 12, GATES = 2 };

static const struct {
    const char *tenant, *name, *uid, *shift, *id_number, *phone;
} people[PERSONS] = {
    {"acme", "Zhuge Liang",     "04a1b2c3d4e5f6",       "day",   "11010519491231002X", "13800138001"},
    {"acme", "诸葛亮",       "04a1b2c3d4e5f7",       "night", "440308199901101512", "13800138002"},
    {"acme", "Sima Yi",         "7f3b9d21",             "day",   "",                   "13800138003"},
    {"acme", "司马懿",       "7f3b9d22",             "day",   "",                   "13800138004"},
    {"acme", "Ouyang Xiu",      "7f3b9d23",             NULL,    "",                   "13800138005"},
    {"beta", "欧阳修",       "0411223344556677aabb", "day",   "",                   "13800138006"},
    {"beta", "Shangguan Waner", "7f3b9d24",             "night", "",                   "13800138007"},
    {"beta", "上官婉儿",    "7f3b9d25",             "day",   "",                   "13800138008"},
    {"beta", "Huangfu Song",    "7f3b9d26",             "day",   "",                   "13800138009"},
    {"beta", "皇甫嵩",       "7f3b9d27",             "night", "",                   "13800138010"},
    {"solo", "Gongsun Zan",     "7f3b9d28",             "day",   "",                   "13800138011"},
    {"solo", "公孙瓒",       "7f3b9d29",             "day",   "",                   "13800138012"},
};

#define STRANGER  "5ec2e7ba11"
#define OUR_PLATE "浙A8K6Q2"
#define RAW_PLATE "浙A·8K6Q2"
#define NO_PLATE  "沪B77W31"

const char *const scenario_secrets[] = {
    "Zhuge Liang",
    "诸葛亮",
    "Sima Yi",
    "司马懿",
    "Ouyang Xiu",
    "欧阳修",
    "Shangguan",
    "上官婉儿",
    "Huangfu Song",
    "皇甫嵩",
    "Gongsun Zan",
    "公孙瓒",
    "11010519491231002X",
    "440308199901101512",
    "13800138001",
    "13800138012",
    "04a1b2c3d4e5f6",
    "04A1B2C3D4E5F6",
    "7f3b9d21",
    "7F3B9D22",
    "0411223344556677aabb",
    "5ec2e7ba",
    OUR_PLATE,
    RAW_PLATE,
    NO_PLATE,
    "8K6Q2",
    "77W31",
    "Import Worker",
    "face-subject-0042",
    "device-event-77",
};
const size_t scenario_secret_count = ARRAY_LEN(scenario_secrets);

struct scenario {
    struct world *w;
    uint64_t random;
    struct gate gates[GATES];
    struct link_key tenant_key, guard_key, security_key;
    char handles[PERSONS][HANDLE_TEXT_SIZE];
    uint64_t shown[GATES]; /* the last presentation of each gate */
    char lanes[GATES][16];
    size_t imports;
};

/* Below `bound`. */
static uint64_t pick(struct scenario *s, uint64_t bound)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random % bound;
}

static void hire(struct scenario *s)
{
    for (size_t i = 0; i < PERSONS; i++) {
        const Parkgate__Reply *reply =
            admin(s->w, "person.add", "tenant", people[i].tenant, "kind",
                  i % 3 == 0 ? "day" : "staff", "name", people[i].name, "id_number",
                  people[i].id_number, "phone", people[i].phone, NULL);
        (void)snprintf(s->handles[i], HANDLE_TEXT_SIZE, "%s", note(reply, "person"));
        (void)admin(s->w, "badge.add", "person", s->handles[i], "uid", people[i].uid, NULL);
        if (people[i].shift != NULL) {
            (void)admin(s->w, "assignment.add", "person", s->handles[i], "tenant", people[i].tenant,
                        "shift", people[i].shift, "from", "2026-03-01", "to", "2026-03-31", NULL);
        }
    }
    (void)admin(s->w, "vehicle.add", "tenant", "acme", "plate", OUR_PLATE, NULL);
    (void)admin(s->w, "face.attach", "person", s->handles[0], "subject", "face-subject-0042",
                "consent", "form 7", "purpose", "entry", NULL);
}

/* --- what gates do --- */

static const char *const lanes_of[GATES][8] = {
    {"a-in", "a-out", "a-hall", "a-bonded", "a-depot", "a-both", "a-bare", "a-in"},
    {"b-in", "b-out", "b-in",   "b-out",    "b-in",    "b-out",  "b-in",   "a-in"},
};

static void show(struct scenario *s, size_t g)
{
    uint8_t uid[BADGE_UID_MAX];
    char reader[48];
    const char *lane = lanes_of[g][pick(s, 8)];
    const char *hex = pick(s, 12) == 0 ? STRANGER "22334455" : people[pick(s, PERSONS)].uid;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    hex = hex[0] == '5' ? "5ec2e7ba" : hex;
    (void)snprintf(reader, sizeof(reader), "%s-%s", lane, pick(s, 2) == 0 ? "reader" : "exit");
    MUST(bytes_from_hex(hex, uid, strlen(hex) / 2));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential_class =
        pick(s, 4) == 0 ? CREDENTIAL_CLASS_AUTHENTICATED : CREDENTIAL_CLASS_UID_ONLY;
    event.credential = (ProtobufCBinaryData){.len = strlen(hex) / 2, .data = uid};
    event.device_event = text_of("device-event-77");
    event.history = pick(s, 15) == 0;
    event.offset_unknown = pick(s, 15) == 0;
    event.received_us =
        s->w->now.us - (int64_t)(pick(s, 10) == 0 ? pick(s, 4 * 3600) : 0) * SECOND_US;
    event.captured_us = event.received_us - (int64_t)pick(s, 7) * SECOND_US;
    if (pick(s, 12) == 0) {
        event.outcome = 1 + (uint32_t)pick(s, 2) * OUTCOME_GRANT;
        event.reason = REASON_CONTROLLER_SILENT;
        event.verdict_source = SOURCE_AGENT;
    }
    s->shown[g] = gate_event(s->w, &s->gates[g], &event);
    (void)snprintf(s->lanes[g], sizeof(s->lanes[g]), "%s", lane);
}

static void pass_through(struct scenario *s, size_t g)
{
    static const uint32_t kinds[] = {
        PASSAGE_PASSED,    PASSAGE_PASSED,    PASSAGE_PASSED, PASSAGE_PASSED, PASSAGE_UNSENSED,
        PASSAGE_NOT_TAKEN, PASSAGE_TAILGATED, PASSAGE_FORCED, PASSAGE_HELD,   PASSAGE_HELD_ENDED};
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PASSAGE;
    event.lane = s->lanes[g][0] == '\0' ? text_of(lanes_of[g][0]) : s->lanes[g];
    event.presentation = pick(s, 10) == 0 ? 0 : s->shown[g];
    event.passage = kinds[pick(s, ARRAY_LEN(kinds))];
    event.received_us =
        s->w->now.us - (int64_t)(pick(s, 6) == 0 ? pick(s, 8 * 3600) : 0) * SECOND_US;
    (void)gate_event(s->w, &s->gates[g], &event);
}

static void show_plate(struct scenario *s, size_t g)
{
    (void)g;
    bool ours = pick(s, 2) == 0;
    uint64_t shown =
        gate_plate(s->w, &s->gates[0], "a-truck", ours ? OUR_PLATE : NO_PLATE, RAW_PLATE);
    (void)gate_passage(s->w, &s->gates[0], "a-truck", shown, PASSAGE_PASSED);
}

static void say_something_else(struct scenario *s, size_t g)
{
    static const uint32_t kinds[] = {EVENT_BUTTON, EVENT_ACTED,  EVENT_COMMAND,
                                     EVENT_DEVICE, EVENT_TAMPER, 77};
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = kinds[pick(s, ARRAY_LEN(kinds))];
    event.lane = text_of(lanes_of[g][0]);
    event.reader = text_of("b-in-reader");
    event.presentation = s->shown[g];
    event.device_state = (uint32_t)pick(s, 4);
    event.outcome = 1 + (uint32_t)pick(s, 2) * OUTCOME_GRANT;
    event.verdict_source = SOURCE_BOARD;
    event.late = pick(s, 3) == 0;
    event.command_sequence = 1;
    event.command_result = COMMAND_DONE;
    (void)gate_event(s->w, &s->gates[g], &event);
}

static void say_it_again(struct scenario *s, size_t g)
{
    if (s->gates[g].last_size > 0) {
        gate_again(s->w, &s->gates[g]);
    }
}

/* Another content under a known number. */
static void lie(struct scenario *s, size_t g)
{
    if (s->gates[g].sequence > 1) {
        s->gates[g].sequence--;
        show(s, g);
    }
}

/* The box is restored from an image, or only says HELLO again. */
static void greet(struct scenario *s, size_t g)
{
    struct gate *gate = &s->gates[g];
    if (pick(s, 3) == 0) {
        gate->store_id[9]++;
    }
    Parkgate__Hello hello = gate_hello_message(s->w, gate);
    sent_forget(s->w);
    gate_send_hello(s->w, gate, &hello);
    const struct sent *sent = sent_last(s->w, MESSAGE_WELCOME);
    if (sent == NULL) { /* revoked: a new box */
        gate_join(s->w, gate, gate->name, (uint8_t)(gate->key.bytes[0] + GATES));
        s->shown[g] = 0;
        return;
    }
    const Parkgate__Welcome *welcome = (const void *)sent->body;
    if (welcome->epoch != gate->epoch) {
        gate->epoch = welcome->epoch;
        gate->sequence = 0;
        s->shown[g] = 0;
    }
}

/* --- what operators do --- */

static void suspend(struct scenario *s, size_t g)
{
    struct link_key key = g == 0 ? s->w->admin : s->tenant_key;
    (void)ask(s->w, key, pick(s, 2) == 0 ? "person.suspend" : "person.resume", "person",
              s->handles[pick(s, PERSONS)], "reason", "rules", NULL);
    (void)ask(s->w, s->w->admin, pick(s, 3) == 0 ? "tenant.suspend" : "tenant.resume", "name",
              pick(s, 2) == 0 ? "acme" : "solo", "reason", "rent", NULL);
}

static void rule_lane(struct scenario *s, size_t g)
{
    static const char *const verbs[] = {"lane.lock", "lane.free", "lane.normal", "lane.normal",
                                        "lane.open"};
    struct link_key keys[] = {s->w->admin, s->guard_key, s->security_key};
    (void)ask(s->w, keys[pick(s, ARRAY_LEN(keys))], verbs[pick(s, ARRAY_LEN(verbs))], "lane",
              lanes_of[g][pick(s, 8)], "reason", "works", NULL);
}

static void change_badge(struct scenario *s, size_t g)
{
    char uid[16];
    (void)g;
    size_t who = pick(s, PERSONS);
    if (pick(s, 3) == 0) {
        (void)ask(s->w, s->w->admin, "badge.revoke", "uid", people[who].uid, "reason", "lost",
                  NULL);
        return;
    }
    (void)snprintf(uid, sizeof(uid), "7f3b9d%02x", (unsigned)(0x40 + pick(s, 64)));
    (void)ask(s->w, s->w->admin, "badge.add", "person", s->handles[who], "uid",
              pick(s, 2) == 0 ? uid : people[who].uid, "until", "2026-03-20", NULL);
}

static void look(struct scenario *s, size_t g)
{
    static const char *const verbs[] = {"status",    "events",      "agent.list",
                                        "who",       "tenant.list", "journal.head",
                                        "park.show", "lane.list",   "headcount.show"};
    struct link_key keys[] = {s->w->admin, s->tenant_key, s->guard_key};
    (void)ask(s->w, keys[pick(s, ARRAY_LEN(keys))], verbs[pick(s, ARRAY_LEN(verbs))], NULL);
    (void)ask(s->w, g == 0 ? s->w->admin : s->tenant_key, "person.show", "person",
              s->handles[pick(s, PERSONS)], "reason", "a badge to give out", NULL);
    (void)ask(s->w, s->w->admin, "who", "names", "yes", "reason", "drill", NULL);
    (void)ask(s->w, s->w->admin, "backup", "dir", "/var/backups/park", NULL);
}

static void send_import(struct scenario *s, const char *number, const Parkgate__RosterRow *row)
{
    uint8_t packed[512];
    char hex[2 * SEAL_HASH_SIZE + 1];
    struct seal_hash digest = {{0}};
    ProtobufCBinaryData rows = {.len = parkgate__roster_row__pack(row, packed), .data = packed};
    (void)ask_rows(s->w, s->w->admin, "import.slice", &rows, 1, "import", number, "first", "0",
                   NULL);
    struct seal_hasher hasher;
    seal_hasher_begin(&hasher);
    seal_hasher_add(&hasher, BYTES_OF(digest.bytes));
    seal_hasher_add(&hasher, (struct bytes){.data = packed, .size = rows.len});
    digest = seal_hasher_end(&hasher);
    bytes_to_hex(BYTES_OF(digest.bytes), hex, sizeof(hex));
    uint64_t end = pick(s, 4); /* closed, cancelled, or left as it is */
    if (end < 2) {
        (void)ask(s->w, s->w->admin, "import.close", "import", number, "rows", "1", "digest", hex,
                  NULL);
    } else if (end == 2) {
        (void)ask(s->w, s->w->admin, "import.cancel", "import", number, NULL);
    }
}

static void import_somebody(struct scenario *s, size_t g)
{
    char number[24];
    char external[24];
    char badge[24];
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    (void)g;
    (void)snprintf(number, sizeof(number), "%s",
                   note(admin(s->w, "import.begin", "file", "r.csv", NULL), "import"));
    (void)snprintf(external, sizeof(external), "no-%zu", (size_t)pick(s, 6));
    (void)snprintf(badge, sizeof(badge), "7f3b9d%02x", (unsigned)(0x40 + pick(s, 64)));
    row.line = 2;
    row.tenant = text_of(pick(s, 2) == 0 ? "acme" : "beta");
    row.kind = text_of("day");
    row.person_name = text_of("Import Worker");
    row.external = external;
    row.badge = badge;
    row.shift = text_of(pick(s, 2) == 0 ? "day" : "night");
    row.from_date = TUESDAY;
    row.to_date = TUESDAY + (int32_t)pick(s, 10);
    send_import(s, number, &row);
}

static void change_park(struct scenario *s, size_t g)
{
    char stage[24];
    char version[24];
    char name[32];
    (void)g;
    (void)snprintf(name, sizeof(name), "extra-%u", (unsigned)pick(s, 4));
    (void)ask(s->w, s->w->admin, "tenant.add", "name", name, "title", "Extra", "zones", "yard",
              NULL);
    (void)snprintf(stage, sizeof(stage), "%s",
                   note(assert_done(ask_rows(s->w, s->w->admin, "park.stage", s->w->rows.row,
                                             s->w->rows.count, NULL)),
                        "stage"));
    (void)snprintf(version, sizeof(version), "%llu",
                   (unsigned long long)(s->w->ctl->park->config_version - pick(s, 2)));
    (void)ask(s->w, s->w->admin, "park.commit", "stage", stage, "config_version", version, NULL);
}

static void revoke_gate(struct scenario *s, size_t g)
{
    if (pick(s, 3) == 0) {
        (void)ask(s->w, s->security_key, "agent.revoke", "gate", s->gates[g].name, "reason",
                  "stolen", NULL);
        greet(s, g);
    }
}

static void wait_long(struct scenario *s, size_t g)
{
    (void)g;
    world_pass(s->w, (int64_t)pick(s, 5 * 3600) * SECOND_US);
    turn_tick(s->w->ctl);
}

static void crash(struct scenario *s, size_t g)
{
    (void)g;
    world_restart(s->w);
    for (size_t i = 0; i < GATES; i++) {
        greet(s, i);
    }
}

static void forgive(struct scenario *s, size_t g)
{
    if (g == 0) {
        (void)ask(s->w, s->w->admin, "passback.forgive", "all", "yes", "reason", "a drill", NULL);
    } else {
        (void)ask(s->w, s->security_key, "passback.forgive", "person",
                  s->handles[pick(s, PERSONS)], "reason", "sensor", NULL);
    }
}

typedef void step(struct scenario *s, size_t g);

static const struct {
    step *work;
    unsigned share;
} steps[] = {
    {show,               60},
    {pass_through,       60},
    {show_plate,         5 },
    {say_something_else, 12},
    {say_it_again,       8 },
    {lie,                4 },
    {greet,              4 },
    {suspend,            5 },
    {rule_lane,          6 },
    {change_badge,       5 },
    {look,               5 },
    {import_somebody,    6 },
    {change_park,        2 },
    {revoke_gate,        2 },
    {wait_long,          6 },
    {crash,              1 },
    {forgive,            2 },
};

static step *pick_step(struct scenario *s)
{
    unsigned all = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        all += steps[i].share;
    }
    unsigned at = (unsigned)pick(s, all);
    for (size_t i = 0;; i++) {
        if (at < steps[i].share) {
            return steps[i].work;
        }
        at -= steps[i].share;
    }
}

/* Every second scenario has limits, anti-passback and a first person of the day. */
static void rule_presence(struct scenario *s)
{
    static char *zones[] = {"yard"};
    static char *tenants[] = {"beta"};
    struct park_rows *rows = &s->w->rows;
    Parkgate__ParkPassback soft = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkPassback timed = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkPassback hard = PARKGATE__PARK_PASSBACK__INIT;
    Parkgate__ParkZone *yard =
        (void *)rows_get(rows, PARK_ZONE, "yard", &parkgate__park_zone__descriptor);
    Parkgate__ParkTenant *acme =
        (void *)rows_get(rows, PARK_TENANT, "acme", &parkgate__park_tenant__descriptor);
    yard->capacity = 5;
    yard->capacity_soft = 3;
    yard->alert_first = 40;
    yard->alert_second = 80;
    yard->crowd_per_minute = 3;
    acme->capacity = 4;
    rows_put(rows, PARK_ZONE, "yard", &yard->base);
    rows_put(rows, PARK_TENANT, "acme", &acme->base);
    parkgate__park_zone__free_unpacked(yard, NULL);
    parkgate__park_tenant__free_unpacked(acme, NULL);
    soft.mode = PASSBACK_MODE_SOFT;
    timed.mode = PASSBACK_MODE_TIMED;
    timed.minutes = 60;
    hard.mode = PASSBACK_MODE_HARD;
    hard.tenant = tenants;
    hard.n_tenant = 1;
    soft.zone = timed.zone = hard.zone = zones;
    soft.n_zone = timed.n_zone = hard.n_zone = 1;
    rows_put(rows, PARK_PASSBACK, "hard", &hard.base);
    rows_put(rows, PARK_PASSBACK, "soft", &soft.base);
    rows_put(rows, PARK_PASSBACK, "timed", &timed.base);
    park_apply(s->w);
}

struct world *scenario_run(uint64_t seed, size_t inputs)
{
    struct scenario s = {.w = world_open(&(struct world_options){.seed = seed}),
                         .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    hire(&s);
    s.tenant_key = operator_key(s.w, 150, "tenant", "acme", NULL, NULL);
    s.guard_key = operator_key(s.w, 151, "guard", NULL, "a-in,a-out", "07:00-19:00");
    s.security_key = operator_key(s.w, 152, "security", NULL, NULL, NULL);
    gate_join(s.w, &s.gates[0], "gate-a", 1);
    gate_join(s.w, &s.gates[1], "gate-b", 2);
    if (seed % 2 == 0) {
        rule_presence(&s);
    }
    for (size_t i = 0; i < inputs; i++) {
        pick_step (&s)(&s, pick(&s, GATES));
        if (pick(&s, 4) == 0) {
            world_turn(s.w);
        }
        world_pass(s.w, (int64_t)pick(&s, 20000) * MS_US);
        if (i % 64 == 63) {
            sent_forget(s.w);
        }
    }
    world_turn(s.w);
    return s.w;
}
