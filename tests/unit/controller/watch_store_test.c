/* Goal: what a bundle of the watch list wrote is inert until its closing entry and acts as a whole
 * from then on; withdrawals, countersignatures, ends and suspension are read at the decision; a
 * replay gives the same tables. Method: entries recorded by hand into a whole controller's store,
 * and the readers asked at chosen moments. */
#include "tests/unit/controller/harness.h"

#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/watch_store.h"
#include "schema/watch.h"

#define STATION "hz-police"
#define DAY_US  (INT64_C(86400) * SECOND_US)

struct list {
    struct world *w;
    struct store_txn *txn;
    uint64_t number, stage;
};

/* Entries of one commit. */
static void open_list(struct list *l)
{
    assert_int_equal(store_begin_write(l->w->store, &l->txn, NULL), ERR_OK);
    l->w->ctl->txn = l->txn;
}

static void close_list(struct list *l)
{
    l->w->ctl->txn = NULL;
    assert_int_equal(store_commit(&l->txn, NULL), ERR_OK);
}

static void record(struct list *l, uint32_t kind, const ProtobufCMessage *body)
{
    struct fault fault = {0};
    open_list(l);
    if (controller_record(l->w->ctl, kind, STATION, body, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    close_list(l);
}

static void set_authority(struct list *l, uint32_t generation, bool suspended)
{
    Parkgate__AuthorityRecord authority = PARKGATE__AUTHORITY_RECORD__INIT;
    Parkgate__AuthorityRecord *known = NULL;
    open_list(l);
    if (watch_authority(l->txn, STATION, &known, NULL) == ERR_OK) {
        authority = *known;
    }
    authority.name = text_of(STATION);
    authority.generation = generation;
    authority.suspended = suspended;
    assert_int_equal(controller_record(l->w->ctl, ENTRY_AUTHORITY, "root", &authority.base, NULL),
                     ERR_OK);
    close_list(l);
    if (known != NULL) {
        parkgate__authority_record__free_unpacked(known, NULL);
    }
}

static struct list begin(void **state)
{
    struct list l = {.w = *state};
    set_authority(&l, 1, false);
    return l;
}

static void begin_bundle(struct list *l, uint64_t number)
{
    Parkgate__WatchBundle bundle = PARKGATE__WATCH_BUNDLE__INIT;
    l->number = number;
    l->stage = number + 1000000;
    bundle.authority = text_of(STATION);
    bundle.number = number;
    bundle.stage = l->stage;
    record(l, ENTRY_WATCH_BEGIN, &bundle.base);
}

static void end_bundle(struct list *l, bool cancelled)
{
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    close.authority = text_of(STATION);
    close.number = l->number;
    close.cancelled = cancelled;
    record(l, ENTRY_WATCH_CLOSE, &close.base);
}

static struct seal_hash hash_of(uint8_t number)
{
    struct seal_hash hash;
    memset(hash.bytes, number, sizeof(hash.bytes));
    return hash;
}

static struct handle handle_of(uint8_t number)
{
    struct handle handle;
    memset(handle.bytes, number, sizeof(handle.bytes));
    return handle;
}

/* Entry `number` of target `number`; each of them with a hash and a handle of that. */
static void change(struct list *l, uint32_t kind, uint8_t number, uint32_t matcher, uint32_t state,
                   int64_t until_us)
{
    uint8_t packed[1024];
    struct handle entry = handle_of(number);
    struct seal_hash hash = hash_of(number);
    Parkgate__WatchRecord one = PARKGATE__WATCH_RECORD__INIT;
    Parkgate__WatchSlice slice = PARKGATE__WATCH_SLICE__INIT;
    one.entry = people_field(&entry);
    one.authority = text_of(STATION);
    one.matcher = matcher;
    one.action = WATCH_ACTION_REVIEW;
    one.instruction = WATCH_INSTRUCTION_CALL;
    one.from_us = MORNING;
    one.until_us = until_us;
    one.state = state;
    one.hash = field_of(BYTES_OF(hash.bytes));
    one.id_hash = one.hash;
    if (matcher != WATCH_MATCHER_PLATE) {
        one.term_hash = one.hash;
    }
    one.stage = l->stage;
    ProtobufCBinaryData row = {.data = packed, .len = parkgate__watch_record__pack(&one, packed)};
    slice.authority = text_of(STATION);
    slice.number = l->number;
    slice.n_kind = slice.n_record = 1;
    slice.kind = &kind;
    slice.record = &row;
    slice.first = number;
    record(l, ENTRY_WATCH_SLICE, &slice.base);
}

static void step(struct list *l, uint32_t what, uint8_t number, bool all)
{
    struct handle entry = handle_of(number);
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    ProtobufCBinaryData handle = people_field(&entry);
    step.step = what;
    step.authority = text_of(STATION);
    step.by = text_of("Sun Li");
    step.entry = handle;
    step.n_handle = all;
    step.handle = &handle;
    record(l, ENTRY_WATCH_STEP, &step.base);
}

static size_t acting_at(struct list *l, uint32_t matcher, uint8_t number, int64_t when_us)
{
    struct watch_finds finds = {0};
    struct store_txn *txn = NULL;
    struct seal_hash hash = hash_of(number);
    assert_int_equal(store_begin_read(l->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(
        watch_find_match(txn, matcher, BYTES_OF(hash.bytes), (struct wall){when_us}, &finds, NULL),
        ERR_OK);
    store_txn_destroy(&txn);
    if (finds.count > 0) {
        assert_true(handle_equal(finds.items[0].entry, handle_of(number)));
        assert_string_equal(finds.items[0].authority.text, STATION);
        assert_int_equal(finds.items[0].action, WATCH_ACTION_REVIEW);
        assert_int_equal(finds.items[0].instruction, WATCH_INSTRUCTION_CALL);
    }
    return finds.count;
}

static size_t acting(struct list *l, uint32_t matcher, uint8_t number)
{
    return acting_at(l, matcher, number, MORNING);
}

static size_t targets(struct list *l, struct handle holder)
{
    struct watch_finds finds = {0};
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(l->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(watch_find_target(txn, holder, (struct wall){MORNING}, &finds, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return finds.count;
}

static Parkgate__AuthorityRecord *authority(struct list *l)
{
    struct store_txn *txn = NULL;
    Parkgate__AuthorityRecord *known = NULL;
    assert_int_equal(store_begin_read(l->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(watch_authority(txn, STATION, &known, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return known;
}

static void a_bundle_acts_from_its_closing_entry_on(void **state)
{
    struct list l = begin(state);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 1, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 0);
    end_bundle(&l, false);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 1);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 2), 0);
    assert_int_equal(acting(&l, WATCH_MATCHER_BADGE, 1), 0);
    assert_int_equal(acting_at(&l, WATCH_MATCHER_PLATE, 1, MORNING - 1), 0);
    assert_int_equal(acting_at(&l, WATCH_MATCHER_PLATE, 1, MORNING + DAY_US - 1), 1);
    assert_int_equal(acting_at(&l, WATCH_MATCHER_PLATE, 1, MORNING + DAY_US), 0);
    Parkgate__AuthorityRecord *known = authority(&l);
    assert_int_equal(known->number, 1);
    assert_int_equal(known->vehicles, 1);
    assert_int_equal(known->open_number, 0);
    parkgate__authority_record__free_unpacked(known, NULL);
    (void)assert_replays(l.w);
}

static void a_cancelled_bundle_leaves_all_as_it_was(void **state)
{
    struct list l = begin(state);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 1, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    end_bundle(&l, false);
    begin_bundle(&l, 2);
    change(&l, WATCH_CHANGE_WITHDRAW, 1, WATCH_MATCHER_PLATE, WATCH_STATE_WITHDRAWN,
           MORNING + DAY_US);
    change(&l, WATCH_CHANGE_ADD, 2, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 1);
    end_bundle(&l, true);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 1);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 2), 0);
    Parkgate__AuthorityRecord *known = authority(&l);
    assert_int_equal(known->number, 1);
    assert_int_equal(known->vehicles, 1);
    parkgate__authority_record__free_unpacked(known, NULL);
    begin_bundle(&l, 2);
    change(&l, WATCH_CHANGE_WITHDRAW, 1, WATCH_MATCHER_PLATE, WATCH_STATE_WITHDRAWN,
           MORNING + DAY_US);
    end_bundle(&l, false);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 0);
    (void)assert_replays(l.w);
}

static void a_suspended_authority_matches_nothing(void **state)
{
    struct list l = begin(state);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 1, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    end_bundle(&l, false);
    set_authority(&l, 1, true);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 0);
    set_authority(&l, 1, false);
    assert_int_equal(acting(&l, WATCH_MATCHER_PLATE, 1), 1);
    (void)assert_replays(l.w);
}

static void a_person_acts_after_the_countersignature(void **state)
{
    struct list l = begin(state);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 1, WATCH_MATCHER_BADGE, WATCH_STATE_WAITING, MORNING + DAY_US);
    change(&l, WATCH_CHANGE_ADD, 2, WATCH_MATCHER_BADGE, WATCH_STATE_WAITING, MORNING + DAY_US);
    end_bundle(&l, false);
    assert_int_equal(acting(&l, WATCH_MATCHER_BADGE, 1), 0);
    step(&l, WATCH_COUNTERSIGNED, 1, false);
    step(&l, WATCH_REFUSED, 2, false);
    assert_int_equal(acting(&l, WATCH_MATCHER_BADGE, 1), 1);
    assert_int_equal(acting(&l, WATCH_MATCHER_BADGE, 2), 0);
    step(&l, WATCH_ENDED, 1, true);
    assert_int_equal(acting(&l, WATCH_MATCHER_BADGE, 1), 0);
    (void)assert_replays(l.w);
}

/* Whoever is added first, the entry or the person. */
static void an_identity_finds_its_holder(void **state)
{
    struct list l = begin(state);
    struct seal_hash two = hash_of(2);
    struct seal_hash three = hash_of(3);
    struct handle early = handle_of(20);
    struct handle late = handle_of(30);
    Parkgate__HolderRecord person = PARKGATE__HOLDER_RECORD__INIT;
    ProtobufCBinaryData hash = field_of(BYTES_OF(two.bytes));
    person.holder = people_field(&early);
    person.tenant = text_of("acme");
    person.n_watch_hash = 1;
    person.watch_hash = &hash;
    record(&l, ENTRY_HOLDER, &person.base);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 2, WATCH_MATCHER_IDENTITY, WATCH_STATE_WAITING, MORNING + DAY_US);
    change(&l, WATCH_CHANGE_ADD, 3, WATCH_MATCHER_IDENTITY, WATCH_STATE_WAITING, MORNING + DAY_US);
    end_bundle(&l, false);
    assert_int_equal(targets(&l, early), 0);
    step(&l, WATCH_COUNTERSIGNED, 2, false);
    step(&l, WATCH_COUNTERSIGNED, 3, false);
    assert_int_equal(targets(&l, early), 1);
    assert_int_equal(targets(&l, late), 0);
    person.holder = people_field(&late);
    hash = field_of(BYTES_OF(three.bytes));
    record(&l, ENTRY_HOLDER, &person.base);
    assert_int_equal(targets(&l, late), 1);
    begin_bundle(&l, 2);
    change(&l, WATCH_CHANGE_WITHDRAW, 2, WATCH_MATCHER_IDENTITY, WATCH_STATE_WITHDRAWN, 0);
    assert_int_equal(targets(&l, early), 1);
    end_bundle(&l, false);
    assert_int_equal(targets(&l, early), 0);
    assert_int_equal(targets(&l, late), 1);
    set_authority(&l, 2, false); /* another matching key: what was hashed under the old one ends */
    assert_int_equal(targets(&l, late), 0);
    (void)assert_replays(l.w);
}

static void what_came_to_nothing_is_swept_away(void **state)
{
    struct list l = begin(state);
    Parkgate__WatchRecord *record = NULL;
    struct store_txn *txn = NULL;
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 1, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    end_bundle(&l, true);
    begin_bundle(&l, 1);
    change(&l, WATCH_CHANGE_ADD, 2, WATCH_MATCHER_PLATE, WATCH_STATE_ACTING, MORNING + DAY_US);
    change(&l, WATCH_CHANGE_ADD, 3, WATCH_MATCHER_BADGE, WATCH_STATE_WAITING, MORNING + DAY_US);
    change(&l, WATCH_CHANGE_ADD, 4, WATCH_MATCHER_BADGE, WATCH_STATE_WAITING, MORNING + DAY_US);
    end_bundle(&l, false);
    step(&l, WATCH_COUNTERSIGNED, 3, false);
    for (uint8_t number = 1; number <= 4; number++) {
        step(&l, WATCH_ENDED, number, true);
    }
    assert_int_equal(store_begin_read(l.w->store, &txn, NULL), ERR_OK);
    static const enum table empty[] = {TABLE_WATCH_MATCH, TABLE_WATCH_TARGET};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        uint64_t rows = 1;
        assert_int_equal(store_count(txn, empty[i], &rows, NULL), ERR_OK);
        assert_int_equal(rows, 0);
    }
    assert_int_equal(watch_entry(txn, handle_of(2), &record, NULL), ERR_NOT_FOUND);
    assert_int_equal(watch_entry(txn, handle_of(4), &record, NULL),
                     ERR_NOT_FOUND); /* never acted */
    assert_int_equal(watch_entry(txn, handle_of(3), &record, NULL), ERR_OK);
    assert_int_equal(record->state, WATCH_STATE_ENDED); /* its terms count on */
    store_txn_destroy(&txn);
    parkgate__watch_record__free_unpacked(record, NULL);
    Parkgate__AuthorityRecord *known = authority(&l);
    assert_int_equal(known->vehicles, 0);
    parkgate__authority_record__free_unpacked(known, NULL);
    (void)assert_replays(l.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_bundle_acts_from_its_closing_entry_on),
        WORLD_TEST(a_cancelled_bundle_leaves_all_as_it_was),
        WORLD_TEST(a_suspended_authority_matches_nothing),
        WORLD_TEST(a_person_acts_after_the_countersignature),
        WORLD_TEST(an_identity_finds_its_holder),
        WORLD_TEST(what_came_to_nothing_is_swept_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
