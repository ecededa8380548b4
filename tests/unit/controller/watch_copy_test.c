/* Goal: a gate gets of the watch list what makes it ask somebody to the guard's desk, and nothing
 * else; there it is found under the gate's own hashes and handles, and what ended is gone. Method:
 * a whole controller, entries as bundles put them, and a gate's half of the feed, which takes a
 * snapshot and then changes; its store is asked as a gate alone asks it. */
#include "tests/unit/controller/taker.h"
#include "tests/unit/controller/watch_fixture.h"

struct both {
    struct world *w;
    struct taker t;
    char li[HANDLE_TEXT_SIZE];
};

static struct both *begin(void **state)
{
    static struct both b;
    b = (struct both){.w = *state};
    person_with_badge(b.w, "acme", "Li Wei", LI, "day", b.li);
    watch_authority_is(b.w, "key-60", false);
    return &b;
}

static size_t count_of(struct taker *t, enum table table)
{
    uint64_t rows = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(t->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return (size_t)rows;
}

/* What a gate alone finds for a credential. */
static size_t found(struct both *b, uint32_t kind, struct bytes canonical)
{
    struct watch_finds finds = {.count = 0};
    struct store_txn *txn = NULL;
    struct seal_hash hash = copy_credential_hash(&b->t.key, kind, canonical);
    assert_int_equal(store_begin_read(b->t.store, &txn, NULL), ERR_OK);
    assert_int_equal(
        watch_find_match(txn,
                         kind == CREDENTIAL_KIND_PLATE ? WATCH_MATCHER_PLATE : WATCH_MATCHER_BADGE,
                         BYTES_OF(hash.bytes), b->w->now, &finds, NULL),
        ERR_OK);
    store_txn_destroy(&txn);
    return finds.count;
}

static size_t found_plate(struct both *b, const char *plate)
{
    return found(b, CREDENTIAL_KIND_PLATE, bytes_of_text(plate));
}

static size_t found_badge(struct both *b, const char *uid)
{
    uint8_t bytes[BADGE_UID_MAX];
    MUST(bytes_from_hex(uid, bytes, strlen(uid) / 2));
    return found(b, CREDENTIAL_KIND_BADGE, (struct bytes){.data = bytes, .size = strlen(uid) / 2});
}

static size_t found_person(struct both *b, const char *person)
{
    struct handle handle;
    struct watch_finds finds = {.count = 0};
    struct store_txn *txn = NULL;
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_read(b->t.store, &txn, NULL), ERR_OK);
    assert_int_equal(watch_find_target(txn, handle, b->w->now, &finds, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return finds.count;
}

static void a_gate_finds_what_asks_to_the_desk(struct both *b)
{
    assert_int_equal(found_plate(b, TRUCK), 1);
    assert_int_equal(found_badge(b, LI), 1);
    assert_int_equal(found_person(b, b->li), 1);
    assert_int_equal(found_plate(b, "浙B22222"), 0);         /* notify */
    assert_int_equal(count_of(&b->t, TABLE_WATCH_MATCH), 2); /* and no identity */
    assert_int_equal(count_of(&b->t, TABLE_WATCH_TARGET), 1);
    assert_int_equal(count_of(&b->t, TABLE_WATCH), 0);
    assert_int_equal(count_of(&b->t, TABLE_AUTHORITY), 0);
    assert_int_equal(count_of(&b->t, TABLE_WATCH_ALIKE), 0);
    assert_int_equal(count_of(&b->t, TABLE_WATCH_IDENTITY), 0);
}

static void list_all(struct both *b)
{
    (void)watch_list(b->w, 1, PLATE_ENTRY(TRUCK, REVIEW));
    (void)watch_list(b->w, 2, BADGE_ENTRY(LI, REVIEW));
    (void)watch_list(b->w, 3, PERSON_ENTRY(b->li, REVIEW));
    (void)watch_list(b->w, 4, PLATE_ENTRY("浙B22222", NOTIFY));
    /* nobody on the roster */
    (void)watch_list(b->w, 5,
                     &(struct listed){.matcher = WATCH_MATCHER_IDENTITY, .action = REVIEW});
}

static void a_snapshot_has_it(void **state)
{
    struct both *b = begin(state);
    list_all(b);
    taker_open(&b->t, b->w, "gate-a", 1);
    taker_have(&b->t, true);
    taker_rounds(&b->t, 2);
    a_gate_finds_what_asks_to_the_desk(b);
    assert_taken_whole(&b->t);
    taker_close(&b->t);
}

static void changes_bring_it_and_take_it(void **state)
{
    struct both *b = begin(state);
    taker_open(&b->t, b->w, "gate-a", 1);
    taker_have(&b->t, true);
    taker_rounds(&b->t, 2);
    assert_int_equal(found_plate(b, TRUCK), 0);
    list_all(b);
    taker_rounds(&b->t, 2);
    a_gate_finds_what_asks_to_the_desk(b);
    assert_taken_whole(&b->t);
    watch_authority_is(b->w, "key-60", true);
    taker_rounds(&b->t, 2);
    assert_int_equal(found_plate(b, TRUCK), 0); /* suspended */
    assert_int_equal(found_badge(b, LI), 0);
    assert_int_equal(found_person(b, b->li), 0);
    watch_authority_is(b->w, "key-60", false);
    taker_rounds(&b->t, 2);
    a_gate_finds_what_asks_to_the_desk(b);
    watch_swept(b->w, 1);
    watch_swept(b->w, 2);
    watch_swept(b->w, 3);
    taker_rounds(&b->t, 2);
    assert_int_equal(count_of(&b->t, TABLE_WATCH_MATCH), 0);
    assert_int_equal(count_of(&b->t, TABLE_WATCH_TARGET), 0);
    assert_int_equal(count_of(&b->t, TABLE_WATCH_ID), 0);
    assert_taken_whole(&b->t);
    taker_close(&b->t);
}

/* I6, at a gate alone: the term is read at the decision. */
static void a_term_ends_at_the_gate_by_itself(void **state)
{
    struct both *b = begin(state);
    struct listed ends = *PLATE_ENTRY(TRUCK, REVIEW);
    ends.until_us = b->w->now.us + 10 * MINUTE_US;
    (void)watch_list(b->w, 1, &ends);
    taker_open(&b->t, b->w, "gate-a", 1);
    taker_have(&b->t, true);
    taker_rounds(&b->t, 2);
    assert_int_equal(found_plate(b, TRUCK), 1);
    world_pass(b->w, 10 * MINUTE_US);
    assert_int_equal(found_plate(b, TRUCK), 0);
    taker_close(&b->t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_snapshot_has_it),
        WORLD_TEST(changes_bring_it_and_take_it),
        WORLD_TEST(a_term_ends_at_the_gate_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
