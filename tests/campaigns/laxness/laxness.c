/* The laxness campaign: a gate alone is never laxer than its controller.
 *
 *     laxness [--cases N] [--seconds S] [--seed N]
 *
 * A real controller lives through random changes (harness.h); a gate's copy of it is made as the
 * feed makes it, by copy_rows.h: whole, later than it was read, cut short, wrong, or with a flipped
 * byte in its file. Then both see the gate's own events, and random reads are judged by both: whom
 * the gate lets in, the controller with the tables of the copy's sequence and the gate's own events
 * must let in too. After the lease, and without knowing the time, only known people of the
 * strongest class may enter. A case is one read that both judged.
 *
 * In every second world the gate's lanes ask how many are where, and not who: its copy holds counts
 * only. Rules that ask for more come and go, and reach the gate before their copy does.
 */
#include <getopt.h>
#include <time.h>
#include <unistd.h>

#include "tests/campaigns/laxness/laxness.h"

#include "common/facts/copy_rows.h"
#include "common/facts/field.h"
#include "common/facts/gather.h"
#include "common/store/keybuf.h"

/* --- reads --- */

struct read {
    Parkgate__Event event;
    uint8_t uid[BADGE_UID_MAX];
    char reader[32];
};

static void make_read(struct campaign *c, struct read *read)
{
    const char *lane = c->limits && pick(c, 4) == 0 ? "a-out" : lanes[pick(c, LANES)];
    const char *hex = pick(c, 14) == 0 ? "5ec2e7ba" : uids[pick(c, PERSONS)];
    parkgate__event__init(&read->event);
    MUST(bytes_from_hex(hex, read->uid, strlen(hex) / 2));
    (void)snprintf(read->reader, sizeof(read->reader), "%s-%s", lane,
                   strcmp(lane, "a-both") == 0 && pick(c, 2) == 0 ? "exit" : "reader");
    read->event.kind = EVENT_PRESENTATION;
    read->event.lane = text_of(lane);
    read->event.reader = read->reader;
    read->event.credential_kind = CREDENTIAL_KIND_BADGE;
    read->event.credential_class =
        pick(c, 3) == 0 ? CREDENTIAL_CLASS_AUTHENTICATED : CREDENTIAL_CLASS_UID_ONLY;
    read->event.proof = read->event.credential_class == CREDENTIAL_CLASS_AUTHENTICATED
                            ? CARD_PROOF_GIVEN
                            : CARD_PROOF_NONE;
    read->event.credential = (ProtobufCBinaryData){.len = strlen(hex) / 2, .data = read->uid};
    read->event.received_us = c->w->now.us;
    read->event.captured_us = read->event.received_us - (int64_t)pick(c, 3) * SECOND_US;
    read->event.epoch = c->a.epoch;
    read->event.sequence = c->a.sequence + 1;
}

static bool is_entry(const struct campaign *c, const struct read *read)
{
    const struct park_lane *lane = park_lane(c->w->ctl->park, name_or_none(read->event.lane));
    const struct park_reader *reader =
        park_reader(c->w->ctl->park, name_or_none(read->event.reader));
    return lane->direction == LANE_IN ||
           (lane->direction == LANE_BOTH && reader != NULL && reader->direction == LANE_IN);
}

/* The controller's verdict, and the facts behind it. */
static struct verdict controller_judges(struct campaign *c, const struct read *read,
                                        struct facts *ret_facts)
{
    struct subject subject;
    struct fault fault = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct facts_view view = controller_view(c->w->ctl);
    const struct park_lane *lane = park_lane(view.park, name_or_none(read->event.lane));
    assert_int_equal(store_begin_read(c->w->store, &txn, &fault), ERR_OK);
    view.txn = txn;
    view.now = c->w->now;
    enum lane_direction direction = is_entry(c, read) ? LANE_IN : LANE_OUT;
    assert_int_equal(
        gather_facts(&view, &read->event, lane, direction, ret_facts, &subject, &fault), ERR_OK);
    return decide(ret_facts);
}

static void too_lax(struct campaign *c, const struct read *read, const char *state, uint32_t ours,
                    struct verdict theirs)
{
    fail_msg("laxer than the controller (%s): lane %s reader %s class %u: the gate %s, the "
             "controller says %s; replay with --seed %llu",
             state, read->event.lane, read->event.reader, read->event.credential_class,
             reason_text((enum reason)ours)->name, reason_text(theirs.reason)->name,
             (unsigned long long)c->seed);
}

/* One case. */
static uint32_t judge(struct campaign *c, const struct read *read, const char *state,
                      struct verdict *ret_theirs, uint32_t *ret_reason)
{
    struct facts facts;
    bool offline = false;
    uint32_t outcome = side_decide(c->side, &read->event, ret_reason, &offline);
    *ret_theirs = controller_judges(c, read, &facts);
    c->cases++;
    c->granted += outcome == OUTCOME_GRANT && is_entry(c, read);
    c->offline += offline;
    c->counted += offline && c->class == COPY_COUNTS;
    c->counted_granted +=
        offline && c->class == COPY_COUNTS && outcome == OUTCOME_GRANT && is_entry(c, read);
    if (outcome == OUTCOME_GRANT && ret_theirs->outcome != OUTCOME_GRANT) {
        too_lax(c, read, state, *ret_reason, *ret_theirs);
    }
    return outcome;
}

static void probe(struct campaign *c, const char *name, int state, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct read read;
        struct verdict theirs;
        uint32_t reason = 0;
        make_read(c, &read);
        (void)judge(c, &read, name, &theirs, &reason);
    }
    c->states[state] += count;
}

/* --- copies --- */

struct reading {
    struct campaign *c;
    struct tables *tables;
};

/* The canonical bytes of the badge that stands under this hash of the controller's. */
static bool find_uid(struct campaign *c, struct bytes hash, uint8_t uid[BADGE_UID_MAX],
                     size_t *ret_size)
{
    for (size_t i = 0; i < PERSONS; i++) {
        *ret_size = strlen(uids[i]) / 2;
        MUST(bytes_from_hex(uids[i], uid, *ret_size));
        struct seal_hash theirs = controller_credential_hash(
            c->w->ctl, CREDENTIAL_KIND_BADGE, (struct bytes){.data = uid, .size = *ret_size});
        if (bytes_equal(BYTES_OF(theirs.bytes), hash)) {
            return true;
        }
    }
    return false;
}

static enum err keep_row(void *ctx, const struct copy_row *row, struct bytes stored_key,
                         struct fault *fault)
{
    struct reading *r = ctx;
    static struct copy_row told;
    (void)fault;
    if (!copy_class_row(r->c->class, row, &told)) {
        return ERR_OK;
    }
    MUST(r->tables->count < ROWS_MAX);
    struct told *keep = &r->tables->rows[r->tables->count++];
    if (row->table == TABLE_CREDENTIAL) {
        uint8_t uid[BADGE_UID_MAX];
        size_t size = 0;
        if (find_uid(r->c, stored_key, uid, &size)) {
            struct seal_hash hash = copy_credential_hash(&r->c->key, CREDENTIAL_KIND_BADGE,
                                                         (struct bytes){.data = uid, .size = size});
            copy_row_add_hash(&told, &hash);
        }
    }
    MUST(told.value_size <= sizeof(keep->value));
    *keep = (struct told){
        .table = told.table, .key_size = told.key_size, .value_size = told.value_size};
    memcpy(keep->key, told.key, told.key_size);
    memcpy(keep->value, told.value, told.value_size);
    return ERR_OK;
}

static void read_tables(struct campaign *c, struct tables *ret, struct copy_digest *ret_digest)
{
    struct reading r = {.c = c, .tables = ret};
    struct copy_place place = {0};
    struct copy_place again = {0};
    struct copy_digests digests = {0};
    bool more = true;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(c->w->store, &txn, NULL), ERR_OK);
    ret->count = 0;
    while (more) {
        assert_int_equal(copy_walk(txn, &place, 1000, keep_row, &r, &more, NULL), ERR_OK);
    }
    more = true;
    while (more) {
        assert_int_equal(copy_walk(txn, &again, 1000, copy_visit_digests, &digests, &more, NULL),
                         ERR_OK);
    }
    *ret_digest = digests.of[c->class];
}

static const struct told *find_row(const struct tables *tables, const struct told *row)
{
    for (size_t i = 0; i < tables->count; i++) {
        const struct told *at = &tables->rows[i];
        if (at->table == row->table && at->key_size == row->key_size &&
            memcmp(at->key, row->key, row->key_size) == 0) {
            return at;
        }
    }
    return NULL;
}

/* A part on its way. */
struct parcel {
    Parkgate__CopyPart part;
    size_t count;
    uint8_t digest[SEAL_HASH_SIZE];
    uint64_t covered[2];
    struct tables now;
    ProtobufCBinaryData rows[ROWS_MAX];
    uint8_t bytes[1 << 20];
    size_t used;
};

static void pack_row(struct parcel *p, const struct told *row, bool gone)
{
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    wire.table = row->table;
    wire.key = (ProtobufCBinaryData){.len = row->key_size, .data = (uint8_t *)(uintptr_t)row->key};
    wire.gone = gone;
    if (!gone) {
        wire.value =
            (ProtobufCBinaryData){.len = row->value_size, .data = (uint8_t *)(uintptr_t)row->value};
    }
    MUST(p->used + parkgate__copy_row__get_packed_size(&wire) <= sizeof(p->bytes));
    size_t size = parkgate__copy_row__pack(&wire, p->bytes + p->used);
    p->rows[p->count++] = (ProtobufCBinaryData){.len = size, .data = p->bytes + p->used};
    p->used += size;
}

static enum copy_class class_now(const struct campaign *c)
{
    return park_gate_asks_presence(c->w->ctl->park, name_or_none(c->a.name)) ? COPY_PRESENCE
                                                                             : COPY_COUNTS;
}

/* What the gate would be told now: a snapshot, or what changed since the last time. */
static void make_parcel(struct campaign *c, struct parcel *p, bool snapshot)
{
    struct copy_digest digest;
    p->count = p->used = 0;
    parkgate__copy_part__init(&p->part);
    if (snapshot) {
        c->class = class_now(c);
        c->generation++;
        c->key = (struct seal_key){
            {(uint8_t)c->generation, 7}
        };
    }
    read_tables(c, &p->now, &digest);
    for (size_t i = 0; i < p->now.count; i++) {
        const struct told *row = &p->now.rows[i];
        const struct told *was = snapshot ? NULL : find_row(&c->told, row);
        if (was == NULL || was->value_size != row->value_size ||
            memcmp(was->value, row->value, row->value_size) != 0) {
            pack_row(p, row, false);
        }
    }
    for (size_t i = 0; !snapshot && i < c->told.count; i++) {
        if (find_row(&p->now, &c->told.rows[i]) == NULL) {
            pack_row(p, &c->told.rows[i], true);
        }
    }
    struct seal_hash sum = copy_digest_bytes(&digest);
    memcpy(p->digest, sum.bytes, sizeof(p->digest));
    p->covered[0] = 1;
    p->covered[1] = c->a.sequence;
    p->part.generation = c->generation;
    p->part.snapshot = snapshot;
    p->part.from = snapshot ? 0 : side_sequence(c->side);
    p->part.to = head_of(c->w).sequence;
    p->part.complete = true;
    p->part.number = 1;
    p->part.n_row = p->count;
    p->part.row = p->rows;
    p->part.digest = (ProtobufCBinaryData){.len = sizeof(p->digest), .data = p->digest};
    p->part.rows = digest.rows;
    p->part.covered_epoch = c->a.epoch;
    p->part.n_covered = c->a.sequence > 0 ? 2 : 0;
    p->part.covered = p->covered;
    p->part.config_version = c->w->ctl->park->config_version;
    p->part.wall_us = c->w->now.us;
    p->part.counts_only = c->class == COPY_COUNTS;
    if (snapshot) {
        p->part.credential_key = (ProtobufCBinaryData){.len = SEAL_KEY_SIZE, .data = c->key.bytes};
    }
}

static void deliver(struct campaign *c, struct parcel *p)
{
    side_hear(c->side, &p->part);
    assert_true(side_generation(c->side) == c->generation);
    c->told = p->now;
}

/* --- own events, seen by both --- */

/* What the gate has said of itself meanwhile takes its places with the controller, too. */
static void catch_up(struct campaign *c)
{
    while (c->a.sequence < side_last(c->side)) {
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = EVENT_DEVICE;
        event.reader = text_of("gate-a.copy");
        event.device_state = DEVICE_UP;
        (void)gate_event(c->w, &c->a, &event);
    }
    world_turn(c->w);
}

/* `judged`: nothing but own events has come since the copy's sequence. */
static void own_read(struct campaign *c, bool judged)
{
    struct read read;
    struct verdict theirs;
    uint32_t reason = 0;
    bool offline = false;
    make_read(c, &read);
    uint32_t outcome = judged ? judge(c, &read, "an own event", &theirs, &reason)
                              : side_decide(c->side, &read.event, &reason, &offline);
    bool by_gate = pick(c, 3) == 0;
    catch_up(c);
    if (by_gate) { /* it was alone, and says what it did */
        read.event.outcome = outcome + 1;
        read.event.reason = reason;
        read.event.verdict_source = SOURCE_AGENT;
        read.event.offline = true;
    }
    uint64_t sequence = gate_event(c->w, &c->a, &read.event);
    world_turn(c->w);
    assert_true(side_read(c->side, &read.event) == sequence);
    if (!by_gate) {
        uint32_t said = 0;
        uint32_t why = verdict_of(c->w, sequence, &said);
        side_acted(c->side, sequence, said, why);
    }
    c->shown = sequence;
    (void)snprintf(c->shown_lane, sizeof(c->shown_lane), "%s", read.event.lane);
}

static void own_passage(struct campaign *c)
{
    static const uint32_t kinds[] = {PASSAGE_PASSED,    PASSAGE_PASSED, PASSAGE_UNSENSED,
                                     PASSAGE_NOT_TAKEN, PASSAGE_HELD,   PASSAGE_HELD_ENDED,
                                     PASSAGE_TAILGATED};
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    if (c->shown == 0) {
        return;
    }
    catch_up(c);
    event.kind = EVENT_PASSAGE;
    event.lane = c->shown_lane;
    event.presentation = c->shown;
    event.passage = kinds[pick(c, ARRAY_LEN(kinds))];
    event.received_us = event.captured_us = c->w->now.us;
    uint64_t sequence = gate_event(c->w, &c->a, &event);
    world_turn(c->w);
    assert_true(side_other(c->side, &event) == sequence);
}

static void own_events(struct campaign *c, uint64_t most, bool judged)
{
    for (uint64_t n = pick(c, most + 1); n > 0; n--) {
        world_pass(c->w, (int64_t)pick(c, 5) * SECOND_US);
        own_read(c, judged);
        if (pick(c, 5) != 0) {
            world_pass(c->w, (int64_t)pick(c, 3) * SECOND_US);
            own_passage(c);
        }
    }
}

/* --- copies that are not as they should be --- */

static void cut(struct campaign *c, struct parcel *p)
{
    make_parcel(c, p, pick(c, 2) == 0);
    if (p->part.snapshot) {
        c->generation--; /* it was never taken */
    }
    p->part.complete = false;
    p->part.n_row = p->count / 2;
    side_hear(c->side, &p->part);
    side_link_lost(c->side);
    if (pick(c, 3) == 0) {
        side_restart(c->side);
    }
    probe(c, "news cut short", STATE_CUT, PROBES);
}

/* Afterwards the gate has none, and must let nobody in. */
static void wrong(struct campaign *c, struct parcel *p)
{
    make_parcel(c, p, false);
    p->digest[pick(c, sizeof(p->digest))] ^= 1;
    side_hear(c->side, &p->part);
    assert_true(side_generation(c->side) == 0);
    uint64_t granted = c->granted;
    probe(c, "a wrong digest", STATE_WRONG, PROBES / 4);
    assert_true(c->granted == granted);
}

/* Where a value of the copy stands in its file. */
static bool flip_row(struct campaign *c, FILE *file, off_t *ret_at)
{
    static uint8_t page[1 << 16];
    const struct told *row = &c->told.rows[pick(c, c->told.count)];
    size_t size = row->value_size < 24 ? row->value_size : 24;
    off_t base = 0;
    size_t got;
    if (size < 8) {
        return false;
    }
    rewind(file);
    while ((got = fread(page, 1, sizeof(page), file)) > size) {
        for (size_t i = 0; i + size <= got; i++) {
            if (memcmp(page + i, row->value, size) == 0) {
                *ret_at = base + (off_t)(i + pick(c, size));
                return true;
            }
        }
        base += (off_t)(got - size);
        if (fseeko(file, base, SEEK_SET) != 0) {
            return false;
        }
    }
    return false;
}

static void flip(struct campaign *c)
{
    char path[96];
    off_t at = 0;
    (void)snprintf(path, sizeof(path), "%s/copy/data.mdb", c->dir);
    FILE *file = fopen(path, "r+be");
    assert_non_null(file);
    if (flip_row(c, file, &at)) {
        int was = 0;
        assert_true(fseeko(file, at, SEEK_SET) == 0 && (was = fgetc(file)) != EOF);
        assert_true(fseeko(file, at, SEEK_SET) == 0 &&
                    fputc(was ^ (1 << pick(c, 8)), file) != EOF && fflush(file) == 0);
        probe(c, "a flipped byte", STATE_FLIPPED, PROBES);
    }
    assert_int_equal(fclose(file), 0);
}

/* --- alone for too long, or without the time --- */

static void alone(struct campaign *c, const char *name, int state, int64_t spent_us,
                  bool clock_known)
{
    side_set_alone(c->side, spent_us, clock_known);
    for (size_t i = 0; i < PROBES / 2; i++) {
        struct read read;
        struct verdict theirs;
        uint32_t reason = 0;
        make_read(c, &read);
        bool risk = strcmp(read.event.lane, "a-bonded") == 0;
        bool over = spent_us >= (risk ? 60 : 24 * 60) * MINUTE_US;
        bool may = strcmp(read.event.lane, "a-in") == 0; /* lease_over: authenticated */
        bool strong = read.event.credential_class == CREDENTIAL_CLASS_AUTHENTICATED;
        uint32_t outcome = judge(c, &read, name, &theirs, &reason);
        bool entered = outcome == OUTCOME_GRANT && is_entry(c, &read);
        if (entered && ((over && !(may && strong)) || (!clock_known && !strong))) {
            too_lax(c, &read, name, reason, (struct verdict){.reason = REASON_LEASE_OVER});
        }
        if (entered && !clock_known && strcmp(read.event.lane, "a-depot") == 0) {
            too_lax(c, &read, name, reason, (struct verdict){.reason = REASON_OUT_OF_SCHEDULE});
        }
    }
    c->states[state] += PROBES / 2;
    side_set_alone(c->side, 0, true);
}

/* --- rules that come before their copy --- */

static void send_rows_of_park(struct campaign *c)
{
    side_park(c->side, c->w->ctl->park->config_version, c->w->rows.row, c->w->rows.count);
}

static void rules_change(struct campaign *c)
{
    life_change_rules(c);
    send_rows_of_park(c);
    probe(c, "rules before their copy", STATE_RULES, PROBES);
}

/* --- a round --- */

static void round_of(struct campaign *c, struct parcel *p)
{
    life_go_on(c);
    catch_up(c);
    bool snapshot = side_generation(c->side) == 0 || pick(c, 12) == 0 || class_now(c) != c->class;
    make_parcel(c, p, snapshot);
    bool later = pick(c, 2) == 0 && side_generation(c->side) != 0;
    if (later) {
        /* Read now, and delivered when more has happened here: that is laid on top again. */
        uint64_t sequence = p->part.from;
        own_events(c, 4, false);
        p->part.from = sequence;
    }
    deliver(c, p);
    probe(c, later ? "a copy behind own events" : "a copy of now",
          later ? STATE_LATER : STATE_WHOLE, PROBES);
    own_events(c, 6, true);
    if (c->limits && pick(c, 2) == 0) {
        world_pass(c->w, 5 * MINUTE_US); /* no grant stands open any more */
    }
    probe(c, "own events on top", STATE_WHOLE, PROBES);
    alone(c, "after the lease", STATE_LEASE, (int64_t)pick(c, 30 * 60) * MINUTE_US, true);
    alone(c, "no time", STATE_CLOCK, (int64_t)pick(c, 60) * MINUTE_US, false);
    uint64_t next = pick(c, 10);
    if (next < 2) {
        cut(c, p);
    } else if (next == 2) {
        side_restart(c->side);
        probe(c, "after a restart", STATE_WHOLE, PROBES);
    } else if (next == 3) {
        wrong(c, p);
    } else if (next >= 8 && c->limits) {
        rules_change(c);
    } else if (next == 4) {
        flip(c);
        if (side_check(c->side)) {
            return; /* what was flipped was no row any more */
        }
        p->digest[0] ^= 1; /* what the daemon does then: the copy is refused */
        p->part.snapshot = false;
        p->part.from = side_sequence(c->side);
        p->part.n_row = 0;
        side_hear(c->side, &p->part);
        assert_true(side_generation(c->side) == 0);
    }
}

static void one_world(struct campaign *c, uint64_t seed, const uint64_t *left, time_t until)
{
    static struct parcel parcel;
    const struct world_options options = {.seed = seed};
    c->seed = seed;
    c->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    c->shown = c->shown_b = 0;
    c->told.count = 0;
    c->generation = 0;
    c->limits = seed % 2 == 0;
    c->w = world_open(&options);
    life_begin(c);
    gate_join(c->w, &c->a, "gate-a", 1);
    gate_join(c->w, &c->b, "gate-b", 2);
    (void)snprintf(c->dir, sizeof(c->dir), "/tmp/laxness-XXXXXX");
    MUST(mkdtemp(c->dir) != NULL);
    c->side = side_open(c->dir, "gate-a", c->a.epoch, &c->w->now.us, &c->w->mono.us);
    send_rows_of_park(c);
    for (int i = 0; i < ROUNDS_A_WORLD && c->cases < *left && time(NULL) < until; i++) {
        round_of(c, &parcel);
        sent_forget(c->w);
    }
    side_close(&c->side);
    remove_tree(c->dir);
    world_close(c->w);
}

static uint64_t arg_cases = UINT64_MAX, arg_seed = 1;
static time_t arg_seconds = 20;

static void run(void **state)
{
    static struct campaign c;
    (void)state;
    time_t until = time(NULL) + arg_seconds;
    uint64_t seed = arg_seed;
    uint64_t worlds = 0;
    while (c.cases < arg_cases && time(NULL) < until) {
        one_world(&c, seed++, &arg_cases, until);
        worlds++;
    }
    printf("cases=%llu\n", (unsigned long long)c.cases);
    printf(
        "worlds=%llu entries granted=%llu from the copy=%llu: whole %llu, behind own events %llu, "
        "cut %llu, wrong %llu, flipped %llu, lease %llu, clock %llu, new rules %llu; by counts "
        "only %llu, "
        "of these entries granted %llu\n",
        (unsigned long long)worlds, (unsigned long long)c.granted, (unsigned long long)c.offline,
        (unsigned long long)c.states[STATE_WHOLE], (unsigned long long)c.states[STATE_LATER],
        (unsigned long long)c.states[STATE_CUT], (unsigned long long)c.states[STATE_WRONG],
        (unsigned long long)c.states[STATE_FLIPPED], (unsigned long long)c.states[STATE_LEASE],
        (unsigned long long)c.states[STATE_CLOCK], (unsigned long long)c.states[STATE_RULES],
        (unsigned long long)c.counted, (unsigned long long)c.counted_granted);
    assert_true(worlds < 3 || c.counted_granted > 0);
    assert_true(c.cases > 0 && c.granted > 0 && c.offline > c.cases / 2);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"cases",   required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 't'},
        {"seed",    required_argument, NULL, 's'},
        {NULL,      0,                 NULL, 0  },
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint64_t value = option == '?' ? 0 : strtoull(optarg, NULL, 10);
        switch (option) {
        case 'c':
            arg_cases = value;
            arg_seconds = 1000000;
            break;
        case 't':
            arg_seconds = (time_t)value;
            break;
        case 's':
            arg_seed = value;
            break;
        default:
            return 2;
        }
    }
    static const struct CMUnitTest tests[] = {cmocka_unit_test(run)};
    return cmocka_run_group_tests_name("laxness", tests, NULL, NULL);
}
