/* Goal: the index of changes names what each entry touched and nothing else, reaches back as far as
 * it says, and the digest follows. Method: entries are projected into an empty store one by one. */
#include "tests/unit/controller/harness.h"

#include "common/facts/copy_class.h"
#include "controller/store/changes.h"
#include "controller/store/project.h"

struct seen {
    size_t count;
    enum table tables[64];
    uint8_t first_byte[64];
};

static enum err see(void *ctx, enum table table, struct bytes key, struct fault *fault)
{
    struct seen *seen = ctx;
    (void)fault;
    seen->tables[seen->count] = table;
    seen->first_byte[seen->count++] = key.data[0];
    return ERR_OK;
}

static struct seen changes_after(struct world *w, uint64_t after, size_t limit, uint64_t *ret_upto,
                                 bool *ret_more)
{
    struct seen seen = {0};
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(changes_walk(txn, after, limit, see, &seen, ret_upto, ret_more, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return seen;
}

static void record(struct world *w, uint64_t sequence, uint8_t person, bool removed)
{
    uint8_t packed[256];
    uint8_t handle[HANDLE_SIZE] = {person};
    struct store_txn *txn = NULL;
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    Parkgate__ClearanceRecord body = PARKGATE__CLEARANCE_RECORD__INIT;
    body.person = (ProtobufCBinaryData){.len = sizeof(handle), .data = handle};
    body.clearance = text_of("forklift");
    body.removed = removed;
    entry.sequence = sequence;
    entry.kind = ENTRY_CLEARANCE;
    entry.body =
        (ProtobufCBinaryData){.len = protobuf_c_message_pack(&body.base, packed), .data = packed};
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(project_entry(txn, &entry, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static struct copy_digest kept(struct world *w)
{
    struct copy_digests digests;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(txn, &digests, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_true(copy_digest_equal(&digests.of[COPY_PRESENCE], &digests.of[COPY_COUNTS]));
    return digests.of[COPY_PRESENCE]; /* nobody's place changed */
}

static void each_entry_names_what_it_touched(void **state)
{
    struct world *w = *state;
    uint64_t upto = 0;
    bool more = true;
    record(w, 901, 1, false);
    record(w, 902, 2, false);
    record(w, 903, 1, true);
    struct seen seen = changes_after(w, 900, 100, &upto, &more);
    assert_int_equal(seen.count, 3);
    assert_int_equal(upto, 903);
    assert_false(more);
    assert_int_equal(seen.tables[0], TABLE_CLEARANCE);
    assert_int_equal(seen.first_byte[0], 1);
    assert_int_equal(seen.first_byte[1], 2);
    seen = changes_after(w, 901, 1, &upto, &more);
    assert_int_equal(seen.count, 1);
    assert_int_equal(upto, 902);
    assert_true(more);
    seen = changes_after(w, 903, 1, &upto, &more);
    assert_int_equal(seen.count, 0);
    assert_int_equal(upto, 903);
}

static void what_changes_nothing_is_not_named(void **state)
{
    struct world *w = *state;
    uint64_t upto = 0;
    bool more = true;
    record(w, 901, 1, false);
    struct copy_digest before = kept(w);
    record(w, 902, 1, false); /* the same again */
    struct copy_digest after = kept(w);
    assert_true(before.rows == 1 && copy_digest_equal(&before, &after));
    struct seen seen = changes_after(w, 901, 100, &upto, &more);
    assert_int_equal(seen.count, 0);
    record(w, 903, 1, true);
    after = kept(w);
    assert_false(copy_digest_equal(&before, &after));
    record(w, 904, 1, false);
    after = kept(w);
    assert_true(copy_digest_equal(&before, &after)); /* as it was: the same sum */
}

static void the_index_reaches_back_so_far(void **state)
{
    struct world *w = *state;
    uint64_t upto = 0;
    uint64_t floor = 0;
    bool more = true;
    struct store_txn *txn = NULL;
    record(w, 5000001, 1, false);
    record(w, 5000002, 2, false);
    record(w, 5000001 + LIMIT_CHANGES_KEPT, 3, false); /* the first falls out */
    struct seen seen = changes_after(w, 5000000, 100, &upto, &more);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.first_byte[0], 2);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(changes_floor(txn, 100, &floor, NULL), ERR_OK);
    assert_int_equal(floor, 0);
    assert_int_equal(changes_floor(txn, LIMIT_CHANGES_KEPT + 77, &floor, NULL), ERR_OK);
    assert_int_equal(floor, 77);
    assert_int_equal(changes_set_floor(txn, 100, NULL), ERR_OK);
    assert_int_equal(changes_floor(txn, LIMIT_CHANGES_KEPT + 77, &floor, NULL), ERR_OK);
    assert_int_equal(floor, 100);
    store_txn_destroy(&txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_entry_names_what_it_touched),
        WORLD_TEST(what_changes_nothing_is_not_named),
        WORLD_TEST(the_index_reaches_back_so_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
