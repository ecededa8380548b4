/* Goal: a bundle that a station pushes is applied whole or refused whole, with the exact change and
 * reason; it can be gone on with after a kill, and nothing of it acts before. Method: a whole
 * controller, bundles made and signed as the station's program does, then spoiled one at a time. */
#include "tests/unit/controller/station_fixture.h"

#include "common/facts/field.h"
#include "common/watch/watch_form.h"
#include "schema/watch.pb-c.h"

#define PLATE "浙A12345"

static void a_plate_acts_with_its_bundle(void **state)
{
    struct station s = station_join(*state);
    struct watch_entry entry = entry_of_plate(&s, PLATE);
    int64_t since = 0;
    put_add(&s, &entry);
    make_bundle(&s);
    assert_done(say_begin(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 0);
    int64_t now_us = s.w->now.us;
    assert_done(push_made(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    assert_int_equal(acting_on_plate(&s, "浙A12346"), 0);
    assert_int_equal(receipt_state(&s, 1, "e0001", &since, NULL), WATCH_STATE_ACTING);
    assert_true(since >= now_us && since <= s.w->now.us);
    const Parkgate__Reply *status = assert_done(ask(s.w, s.key, "watch.status", NULL));
    assert_string_equal(note(status, "number"), "1");
    assert_string_equal(note(status, "vehicles"), "1");
    put_withdraw(&s, "e0001");
    assert_done(push(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 0);
    assert_int_equal(receipt_state(&s, 1, "e0001", NULL, NULL), WATCH_STATE_WITHDRAWN);
    assert_int_equal(receipt_state(&s, 2, "e0001", NULL, NULL), WATCH_STATE_WITHDRAWN);
    (void)assert_replays(s.w);
    station_end(&s);
}

/* An empty bundle says that the list is as it was. */
static void an_empty_bundle_is_applied(void **state)
{
    struct station s = station_join(*state);
    assert_done(push(&s));
    assert_done(push(&s));
    assert_string_equal(note(ask(s.w, s.key, "watch.status", NULL), "number"), "2");
    assert_int_equal(row_count(ask(s.w, s.key, "watch.receipt", "number", "2", NULL)), 1);
    (void)assert_replays(s.w);
    station_end(&s);
}

static void refuse_begin(struct station *s, uint32_t error)
{
    uint64_t before = head_of(s->w).sequence;
    assert_refused(say_begin(s), error);
    assert_int_equal(entries_of(s->w, ENTRY_REFUSAL, before), 1); /* and is remembered */
    assert_int_equal(head_of(s->w).sequence, before + 1);
    assert_int_equal(acting_on_plate(s, PLATE), 0);
}

static void refuse_begin_of_applied(struct station *s)
{
    assert_refused(say_begin(s), ERROR_WATCH_SIGNATURE);
}

static struct seal_hash manifest_digest(const struct watch_bundle *bundle)
{
    static struct watch_manifest read;
    struct complaint c = {0};
    assert_true(watch_manifest_read(bundle->manifest, &read, &c));
    return read.digest;
}

static void what_is_not_the_next_bundle_of_that_key_is_refused(void **state)
{
    struct station s = station_join(*state);
    struct sign_key other = {{9}};
    struct watch_entry entry = entry_of_plate(&s, "浙A99999");
    put_add(&s, &entry);
    assert_done(push(&s));
    entry = entry_of_plate(&s, PLATE);
    s.number = 1;
    put_add(&s, &entry);
    make_bundle(&s);
    refuse_begin(&s, ERROR_WATCH_NUMBER); /* repeated, with other words */
    s.number = 3;
    put_add(&s, &entry);
    make_bundle(&s);
    refuse_begin(&s, ERROR_WATCH_NUMBER); /* a gap */
    struct seal_hash good = s.previous;
    s.number = 2;
    s.previous.bytes[0] ^= 1;
    put_add(&s, &entry);
    make_bundle(&s);
    refuse_begin(&s, ERROR_WATCH_BASE);
    s.previous = good;
    put_add(&s, &entry);
    make_bundle(&s);
    s.bundle.signature.bytes[5] ^= 1;
    refuse_begin(&s, ERROR_WATCH_SIGNATURE);
    sign_again(&s, &other);
    refuse_begin(&s, ERROR_WATCH_SIGNATURE);
    sign_again(&s, &s.sign);
    assert_done(push_made(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    (void)assert_replays(s.w);
    station_end(&s);
}

/* The park's last answer was lost, or the park itself stopped: whoever says it once more hears that
 * it acts, and since when. */
static void one_that_acts_already_is_told_so(void **state)
{
    struct station s = station_join(*state);
    struct watch_entry entry = entry_of_plate(&s, PLATE);
    put_add(&s, &entry);
    make_bundle(&s);
    assert_done(say_begin(&s));
    assert_done(say_chunk(&s, 0));
    world_restart(s.w);
    uint64_t head = head_of(s.w).sequence;
    const Parkgate__Reply *reply = assert_done(say_begin(&s));
    assert_string_equal(note(reply, "number"), "1");
    assert_string_equal(note(reply, "state"), "applied");
    assert_string_equal(note(reply, "next"), "0");
    assert_string_equal(note(reply, "already"), "yes");
    assert_true(atoll(note(reply, "applied_us")) > MORNING);
    assert_string_equal(note(reply, "gates_online"), "0");
    assert_int_equal(receipt_state(&s, 1, "e0001", NULL, NULL), WATCH_STATE_ACTING);
    assert_int_equal(head_of(s.w).sequence, head);
    s.bundle.signature.bytes[5] ^= 1;
    refuse_begin_of_applied(&s);
    s.bundle.signature.bytes[5] ^= 1;
    struct watch_bundle kept = s.bundle; /* also when another one came after it */
    s.bundle = (struct watch_bundle){0};
    s.previous = manifest_digest(&kept);
    s.number = 2;
    assert_done(push(&s));
    watch_bundle_destroy(&s.bundle);
    s.bundle = kept;
    reply = assert_done(say_begin(&s));
    assert_string_equal(note(reply, "number"), "1");
    assert_string_equal(note(reply, "already"), "yes");
    (void)assert_replays(s.w);
    station_end(&s);
}

/* Of two chunks. */
static void make_long(struct station *s)
{
    for (unsigned i = 0; i < LIMIT_WATCH_CHANGES_PER_CHUNK + 5; i++) {
        char plate[16];
        (void)snprintf(plate, sizeof(plate), "浙B%05u", 10000 + i);
        struct watch_entry entry = entry_of_plate(s, plate);
        put_add(s, &entry);
    }
    make_bundle(s);
    assert_true(s->bundle.chunk_count >= 2);
}

static void bundles_of_a_day_are_numbered(void **state)
{
    struct station s = station_join(*state);
    for (unsigned i = 0; i < LIMIT_WATCH_BUNDLES_DAY - 1; i++) {
        assert_done(push(&s));
    }
    make_long(&s);
    assert_done(say_begin(&s)); /* the last one of the day is gone on with */
    assert_int_equal(faults_of(s.w, "watch-pushes", 0), 0);
    assert_done(push_made(&s));
    for (unsigned i = 0; i < 3; i++) {
        const Parkgate__Reply *reply = push(&s);
        assert_refused(reply, ERROR_WATCH_A_DAY);
        assert_string_equal(reply->error_arg[0], STATION);
        assert_string_equal(reply->error_arg[1], "1000");
    }
    assert_int_equal(faults_of(s.w, "watch-pushes", 0), 1); /* told once */
    assert_int_not_equal(row_with(admin(s.w, "status", NULL), "fault", "watch-pushes"), SIZE_MAX);
    world_pass(s.w, DAY_US);
    let_tick(s.w, 2 * SECOND_US);
    assert_int_equal(row_with(admin(s.w, "status", NULL), "fault", "watch-pushes"), SIZE_MAX);
    assert_done(push(&s));
    station_end(&s);
}

static void a_bundle_is_gone_on_with_after_a_kill(void **state)
{
    struct station s = station_join(*state);
    make_long(&s);
    assert_done(say_begin(&s));
    assert_done(say_chunk(&s, 0));
    world_restart(s.w);
    assert_int_equal(acting_on_plate(&s, "浙B10000"), 0);
    const Parkgate__Reply *reply = assert_done(say_begin(&s));
    assert_string_equal(note(reply, "state"), "open");
    assert_string_equal(note(reply, "next"), "2");
    assert_refused(say_chunk(&s, 2 < s.bundle.chunk_count ? 2 : 0),
                   s.bundle.chunk_count > 2 ? ERROR_WATCH_CHUNK : 0);
    assert_done(say_chunk(&s, 0)); /* again: its answer was lost */
    for (size_t i = 1; i < s.bundle.chunk_count; i++) {
        assert_int_equal(acting_on_plate(&s, "浙B10000"), 0);
        reply = assert_done(say_chunk(&s, i));
    }
    assert_string_equal(note(reply, "state"), "applied");
    assert_int_equal(acting_on_plate(&s, "浙B10000"), 1);
    assert_int_equal(acting_on_plate(&s, "浙B10204"), 1);
    assert_string_equal(note(ask(s.w, s.key, "watch.status", NULL), "vehicles"), "205");
    (void)assert_replays(s.w);
    station_end(&s);
}

static void another_bundle_takes_the_place_of_one_that_was_left(void **state)
{
    struct station s = station_join(*state);
    make_long(&s);
    assert_done(say_begin(&s));
    assert_done(say_chunk(&s, 0));
    struct watch_entry entry = entry_of_plate(&s, PLATE);
    put_add(&s, &entry);
    assert_done(push(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    assert_int_equal(acting_on_plate(&s, "浙B10000"), 0);
    make_long(&s);
    assert_done(say_begin(&s));
    assert_done(say_chunk(&s, 0));
    world_pass(s.w, LIMIT_WATCH_OPEN_S * SECOND_US);
    let_tick(s.w, 3 * SECOND_US);
    assert_refused(say_chunk(&s, 1), ERROR_WATCH_NOT_OPEN);
    assert_done(push_made(&s)); /* begun anew */
    (void)assert_replays(s.w);
    station_end(&s);
}

static void chunks_that_the_manifest_does_not_name_are_refused(void **state)
{
    struct station s = station_join(*state);
    make_long(&s);
    assert_done(say_begin(&s));
    struct bytes first = s.bundle.chunks[0];
    s.bundle.chunks[0] = s.bundle.chunks[1];
    assert_refused(say_chunk(&s, 0), ERROR_WATCH_CHUNK); /* reordered */
    s.bundle.chunks[0] = first;
    s.bundle.chunks[0].size -= 1;
    assert_refused(say_chunk(&s, 0), ERROR_WATCH_CHUNK); /* trimmed */
    s.bundle.chunks[0] = first;
    assert_refused(say_chunk(&s, 1), ERROR_WATCH_CHUNK); /* not the next one */
    assert_done(push_made(&s));
    assert_int_equal(acting_on_plate(&s, "浙B10000"), 1);
    (void)assert_replays(s.w);
    station_end(&s);
}

/* --- one spoiled entry among good ones --- */

struct forged {
    uint8_t manifest[4096], chunk[4096], entry[2][1024], change[2][1024];
};

/* A bundle of two plates whose second one was spoiled by `spoil`, signed all the same. */
static void forge(struct station *s, struct forged *f, void (*spoil)(Parkgate__WatchEntry *entry))
{
    Parkgate__WatchManifest manifest = PARKGATE__WATCH_MANIFEST__INIT;
    Parkgate__WatchChunk chunk = PARKGATE__WATCH_CHUNK__INIT;
    ProtobufCBinaryData changes[2];
    for (size_t i = 0; i < 2; i++) {
        struct watch_entry good = entry_of_plate(s, i == 0 ? PLATE : "浙A54321");
        Parkgate__WatchEntry entry = PARKGATE__WATCH_ENTRY__INIT;
        Parkgate__WatchChange change = PARKGATE__WATCH_CHANGE__INIT;
        entry.id = good.id;
        entry.category = good.category;
        entry.matcher = good.matcher;
        entry.match = (ProtobufCBinaryData){.data = good.match, .len = good.match_size};
        entry.applicant = good.applicant;
        entry.case_number = good.case_number;
        entry.legal_basis = good.legal_basis;
        entry.begin_us = good.begin.us;
        entry.end_us = good.end.us;
        entry.action = good.action;
        entry.contact = good.contact;
        entry.instruction = good.instruction;
        if (i == 1) {
            spoil(&entry);
        }
        change.kind = WATCH_CHANGE_ADD;
        change.entry = (ProtobufCBinaryData){
            .data = f->entry[i], .len = parkgate__watch_entry__pack(&entry, f->entry[i])};
        changes[i] = (ProtobufCBinaryData){
            .data = f->change[i], .len = parkgate__watch_change__pack(&change, f->change[i])};
    }
    chunk.index = 1;
    chunk.n_change = 2;
    chunk.change = changes;
    size_t size = parkgate__watch_chunk__pack(&chunk, f->chunk);
    struct seal_hash digest = seal_hash_of((struct bytes){.data = f->chunk, .size = size});
    ProtobufCBinaryData digests[1] = {field_of(BYTES_OF(digest.bytes))};
    struct name park = name_or_none(note(ask(s->w, s->key, "watch.status", NULL), "park"));
    manifest.version = 1;
    manifest.authority = text_of(STATION);
    manifest.park = park.text;
    manifest.number = s->number;
    if (s->number > 1) {
        manifest.previous = field_of(BYTES_OF(s->previous.bytes));
    }
    manifest.made_us = s->w->now.us;
    manifest.changes = manifest.adds = 2;
    manifest.n_chunk = 1;
    manifest.chunk = digests;
    s->bundle.manifest = (struct bytes){
        .data = f->manifest, .size = parkgate__watch_manifest__pack(&manifest, f->manifest)};
    s->bundle.chunk_count = 1;
    s->bundle.chunks[0] = (struct bytes){.data = f->chunk, .size = size};
    sign_again(s, &s->sign);
}

static void spoil_basis(Parkgate__WatchEntry *entry)
{
    entry->legal_basis = text_of("");
}
static void spoil_applicant(Parkgate__WatchEntry *entry)
{
    entry->applicant = text_of("");
}
static void spoil_case(Parkgate__WatchEntry *entry)
{
    entry->case_number = text_of("");
}
static void spoil_category(Parkgate__WatchEntry *entry)
{
    entry->category = WATCH_CATEGORY_COUNT;
}
static void spoil_action(Parkgate__WatchEntry *entry)
{
    entry->action = WATCH_ACTION_COUNT;
}
static void spoil_term(Parkgate__WatchEntry *entry)
{
    entry->end_us = entry->begin_us + (LIMIT_WATCH_VEHICLE_DAYS + 1) * DAY_US;
}
static void spoil_person_term(Parkgate__WatchEntry *entry)
{
    static uint8_t uid[] = {1, 2, 3, 4};
    entry->category = WATCH_CATEGORY_WARRANT;
    entry->matcher = WATCH_MATCHER_BADGE;
    entry->match = (ProtobufCBinaryData){.data = uid, .len = sizeof(uid)};
    entry->end_us = entry->begin_us + (LIMIT_WATCH_PERSON_DAYS + 1) * DAY_US;
}
static void spoil_identity(Parkgate__WatchEntry *entry)
{
    static uint8_t number[] = "330102199003070014";
    entry->category = WATCH_CATEGORY_WARRANT;
    entry->matcher = WATCH_MATCHER_IDENTITY;
    entry->match = (ProtobufCBinaryData){.data = number, .len = sizeof(number) - 1};
}

static void one_bad_entry_refuses_the_whole_bundle(void **state)
{
    static const struct {
        void (*spoil)(Parkgate__WatchEntry *entry);
        uint32_t error;
        const char *what;
    } cases[] = {
        {spoil_basis,       ERROR_WATCH_MISSING, "legal basis"},
        {spoil_applicant,   ERROR_WATCH_MISSING, "applicant"  },
        {spoil_case,        ERROR_WATCH_MISSING, "case number"},
        {spoil_category,    ERROR_WATCH_UNKNOWN, "category"   },
        {spoil_action,      ERROR_WATCH_UNKNOWN, "action"     },
        {spoil_term,        ERROR_WATCH_TERM,    "365"        },
        {spoil_person_term, ERROR_WATCH_TERM,    "90"         },
        {spoil_identity,    ERROR_WATCH_MATCH,   "identity"   },
    };
    static struct forged forged;
    struct station s = station_join(*state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[16];
        forge(&s, &forged, cases[i].spoil);
        (void)snprintf(id, sizeof(id), "e%04u", s.ids);
        assert_done(say_begin(&s));
        const Parkgate__Reply *reply = say_chunk(&s, 0);
        assert_refused(reply, cases[i].error);
        assert_string_equal(reply->error_arg[0], "2"); /* the exact one */
        assert_string_equal(reply->error_arg[1], id);
        assert_string_equal(reply->error_arg[2], cases[i].what);
        assert_int_equal(acting_on_plate(&s, PLATE), 0); /* the good one neither */
        assert_refused(say_chunk(&s, 0), ERROR_WATCH_NOT_OPEN);
        const Parkgate__Reply *status = assert_done(ask(s.w, s.key, "watch.status", NULL));
        assert_string_equal(note(status, "refused"), "1");
        assert_non_null(strstr(note(status, "refused_why"), id));
        assert_string_equal(note(status, "number"), "0");
    }
    memset(&s.bundle, 0, sizeof(s.bundle));
    (void)assert_replays(s.w);
    station_end(&s);
}

/* --- what only the park can know --- */

static void ids_mean_what_is_live(void **state)
{
    struct station s = station_join(*state);
    struct watch_entry entry = entry_of_plate(&s, PLATE);
    put_renew(&s, "e0001", "B2026-1", s.w->now.us + 20 * DAY_US);
    assert_refused(push(&s), ERROR_WATCH_ID_UNKNOWN);
    put_withdraw(&s, "e0001");
    assert_refused(push(&s), ERROR_WATCH_ID_UNKNOWN);
    put_add(&s, &entry);
    assert_done(push(&s));
    put_add(&s, &entry);
    const Parkgate__Reply *reply = push(&s);
    assert_refused(reply, ERROR_WATCH_ID_TAKEN);
    assert_string_equal(reply->error_arg[0], "1");
    assert_string_equal(reply->error_arg[1], "e0001");
    put_withdraw(&s, "e0001");
    assert_done(push(&s));
    put_add(&s, &entry); /* its id is free again */
    assert_done(push(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    (void)assert_replays(s.w);
    station_end(&s);
}

static void a_target_is_listed_so_often_and_no_more(void **state)
{
    struct station s = station_join(*state);
    for (unsigned i = 0; i < WATCH_ALIKE_MAX; i++) {
        struct watch_entry entry = entry_of_plate(&s, PLATE);
        put_add(&s, &entry);
    }
    assert_done(push(&s));
    struct watch_entry entry = entry_of_plate(&s, PLATE);
    put_add(&s, &entry);
    assert_refused(push(&s), ERROR_WATCH_ALIKE);
    assert_int_equal(acting_on_plate(&s, PLATE), WATCH_ALIKE_MAX);
    station_end(&s);
}

static void put_persons(struct station *s, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char uid[16];
        (void)snprintf(uid, sizeof(uid), "04%06x", i);
        struct watch_entry entry = entry_of_badge(s, uid);
        put_add(s, &entry);
    }
}

static void at_most_two_hundred_persons_are_listed(void **state)
{
    struct station s = station_join(*state);
    put_persons(&s, 0, 150);
    assert_done(push(&s));
    put_persons(&s, 1000, 51); /* e0151 to e0201 */
    const Parkgate__Reply *reply = push(&s);
    assert_refused(reply, ERROR_WATCH_CAP);
    assert_string_equal(reply->error_arg[0], "51"); /* the exact one */
    assert_string_equal(reply->error_arg[1], "e0201");
    assert_string_equal(reply->error_arg[3], "200");
    assert_string_equal(note(ask(s.w, s.key, "watch.status", NULL), "waiting"), "150");
    put_withdraw(&s, "e0001"); /* with one less there is room */
    put_persons(&s, 1000, 51);
    assert_done(push(&s));
    assert_string_equal(note(ask(s.w, s.key, "watch.status", NULL), "waiting"), "200");
    struct watch_entry vehicle = entry_of_plate(&s, PLATE); /* vehicles do not count */
    put_add(&s, &vehicle);
    assert_done(push(&s));
    put_persons(&s, 2000, 1);
    assert_refused(push(&s), ERROR_WATCH_CAP);
    world_pass(s.w, 31 * DAY_US); /* what is over does not count */
    put_persons(&s, 3000, 200);
    assert_done(push(&s));
    put_persons(&s, 4000, 401); /* more than any withdrawal could make room for */
    assert_refused(push(&s), ERROR_WATCH_CAP);
    (void)assert_replays(s.w);
    station_end(&s);
}

static uint64_t rows_of(struct store *store, size_t table)
{
    uint64_t rows = 99;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

/* Its handles exist nowhere, so nothing would ever find the keys. */
static void a_bundle_refused_at_its_last_chunk_leaves_no_keys(void **state)
{
    struct station s = station_join(*state);
    put_persons(&s, 0, 150);
    assert_done(push(&s));
    world_turn(s.w);
    uint64_t keys = rows_of(s.w->keys, KEY_TABLE_WATCH);
    assert_int_equal(keys, 150);
    for (unsigned i = 0; i < 3; i++) {
        put_persons(&s, 1000, 51);
        assert_refused(push(&s), ERROR_WATCH_CAP);
    }
    world_turn(s.w);
    assert_int_equal(rows_of(s.w->keys, KEY_TABLE_WATCH), keys);
    put_persons(&s, 1000, 50); /* and what is taken later has its own */
    assert_done(push(&s));
    world_turn(s.w);
    assert_int_equal(rows_of(s.w->keys, KEY_TABLE_WATCH), 200);
    station_end(&s);
}

/* Within one bundle as over several. */
static void one_bundle_lists_nobody_too_often(void **state)
{
    struct station s = station_join(*state);
    struct watch_entry entry;
    for (unsigned i = 0; i <= WATCH_ALIKE_MAX; i++) {
        entry = entry_of_plate(&s, PLATE);
        put_add(&s, &entry);
    }
    assert_refused(push(&s), ERROR_WATCH_ALIKE);
    for (unsigned i = 0; i < 3; i++) {
        entry = entry_of_badge(&s, "04a1b2c3");
        put_add(&s, &entry);
    }
    const Parkgate__Reply *reply = push(&s);
    assert_refused(reply, ERROR_WATCH_RENEWAL);
    assert_string_equal(reply->error_arg[0], "3");
    (void)assert_replays(s.w);
    station_end(&s);
}

/* What nobody ever signed leaves nothing to be counted, however often it comes and goes. */
static void who_comes_and_goes_unsigned_leaves_no_rows(void **state)
{
    struct station s = station_join(*state);
    for (unsigned round = 0; round < 5; round++) {
        unsigned first = s.ids + 1;
        put_persons(&s, 0, 100); /* the same ones under the same case number */
        assert_done(push(&s));
        assert_int_equal(rows_of(s.w->store, TABLE_WATCH_LIVE), 100);
        assert_int_equal(rows_of(s.w->store, TABLE_WATCH_PERSON), 100);
        for (unsigned i = first; i < first + 100; i++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "e%04u", i);
            put_withdraw(&s, id);
        }
        assert_done(push(&s));
        world_turn(s.w);
        assert_int_equal(rows_of(s.w->store, TABLE_WATCH_LIVE), 0);
        assert_int_equal(rows_of(s.w->store, TABLE_WATCH_PERSON), 0);
    }
    put_persons(&s, 0, 100); /* nor does one that was begun, and then left */
    make_bundle(&s);
    assert_done(say_begin(&s));
    if (s.bundle.chunk_count > 1) {
        assert_done(say_chunk(&s, 0));
        world_turn(s.w);
        assert_true(rows_of(s.w->store, TABLE_WATCH_PERSON) > 0);
    }
    assert_done(push(&s));
    world_turn(s.w);
    assert_int_equal(rows_of(s.w->store, TABLE_WATCH_PERSON), 0);
    assert_string_equal(note(ask(s.w, s.key, "watch.status", NULL), "waiting"), "0");
    (void)assert_replays(s.w);
    station_end(&s);
}

/* Bundles and their changes end, in slices, when nothing of them is asked for any more. */
static void bundles_of_long_ago_are_put_away(void **state)
{
    struct station s = station_join(*state);
    make_long(&s);
    assert_done(push_made(&s));
    assert_done(push(&s));
    world_turn(s.w);
    assert_int_equal(rows_of(s.w->store, TABLE_WATCH_BUNDLE), 2);
    assert_true(rows_of(s.w->store, TABLE_WATCH_CHANGE) > WATCH_PUT_AWAY_ROWS);
    let_tick(s.w, 70 * SECOND_US);
    world_pass(s.w, (LIMIT_WATCH_TERMS_DAYS - 1) * DAY_US);
    assert_done(push(&s)); /* of today */
    let_tick(s.w, 10 * SECOND_US);
    assert_int_equal(rows_of(s.w->store, TABLE_WATCH_BUNDLE), 3);
    world_pass(s.w, 2 * DAY_US);
    let_tick(s.w, 10 * SECOND_US);
    assert_int_equal(rows_of(s.w->store, TABLE_WATCH_BUNDLE), 1);
    assert_int_equal(rows_of(s.w->store, TABLE_WATCH_CHANGE), 0);
    assert_done(push(&s));
    (void)assert_replays(s.w);
    station_end(&s);
}

static void a_test_entry_is_of_nobody(void **state)
{
    struct station s = station_join(*state);
    struct watch_entry entry = entry_of_plate(&s, "浙A00000");
    put_add(&s, &entry);
    assert_done(push(&s));
    assert_int_equal(acting_on_plate(&s, "浙A00000"), 1);
    struct link_key officer = operator_key(s.w, 61, "security", NULL, NULL, NULL);
    assert_string_equal(cell(assert_done(ask(s.w, officer, "watch.list", NULL)), 0, "test"), "yes");
    station_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_plate_acts_with_its_bundle),
        WORLD_TEST(an_empty_bundle_is_applied),
        WORLD_TEST(what_is_not_the_next_bundle_of_that_key_is_refused),
        WORLD_TEST(a_bundle_is_gone_on_with_after_a_kill),
        WORLD_TEST(another_bundle_takes_the_place_of_one_that_was_left),
        WORLD_TEST(chunks_that_the_manifest_does_not_name_are_refused),
        WORLD_TEST(one_bad_entry_refuses_the_whole_bundle),
        WORLD_TEST(ids_mean_what_is_live),
        WORLD_TEST(a_target_is_listed_so_often_and_no_more),
        WORLD_TEST(at_most_two_hundred_persons_are_listed),
        WORLD_TEST(a_test_entry_is_of_nobody),
        WORLD_TEST(one_that_acts_already_is_told_so),
        WORLD_TEST(bundles_of_a_day_are_numbered),
        WORLD_TEST(a_bundle_refused_at_its_last_chunk_leaves_no_keys),
        WORLD_TEST(one_bundle_lists_nobody_too_often),
        WORLD_TEST(who_comes_and_goes_unsigned_leaves_no_rows),
        WORLD_TEST(bundles_of_long_ago_are_put_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
