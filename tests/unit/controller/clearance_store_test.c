/* Goal: what a person holds of a clearance follows the newest record, to the microsecond at both
 * ends. Method: entries of kind clearance are projected into an empty store and read back. */
#include "tests/unit/controller/harness.h"

#include "common/facts/clearance_store.h"
#include "controller/store/project.h"

static const struct handle MA = {{1}};
static const struct handle LI = {{2}};
static const struct name FORKLIFT = {"forklift"};

static void record(struct world *w, struct handle person, int64_t from, int64_t until, bool removed)
{
    uint8_t packed[256];
    struct store_txn *txn = NULL;
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    Parkgate__ClearanceRecord body = PARKGATE__CLEARANCE_RECORD__INIT;
    body.person = (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = person.bytes};
    body.clearance = text_of(FORKLIFT.text);
    body.from_us = from;
    body.until_us = until;
    body.removed = removed;
    entry.sequence = 1;
    entry.kind = ENTRY_CLEARANCE;
    entry.body =
        (ProtobufCBinaryData){.len = protobuf_c_message_pack(&body.base, packed), .data = packed};
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(project_entry(txn, &entry, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static enum clearance_held held(struct world *w, struct handle person, int64_t when)
{
    enum clearance_held got = CLEARANCE_HELD;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(
        clearance_state_of(txn, person, FORKLIFT, (struct wall){.us = when}, &got, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return got;
}

static void from_is_included_and_until_is_not(void **state)
{
    struct world *w = *state;
    assert_int_equal(held(w, MA, 1500), CLEARANCE_MISSING);
    record(w, MA, 1000, 2000, false);
    assert_int_equal(held(w, MA, 999), CLEARANCE_MISSING);
    assert_int_equal(held(w, MA, 1000), CLEARANCE_HELD);
    assert_int_equal(held(w, MA, 1999), CLEARANCE_HELD);
    assert_int_equal(held(w, MA, 2000), CLEARANCE_EXPIRED);
    assert_int_equal(held(w, LI, 1500), CLEARANCE_MISSING);
}

static void an_open_end_never_ends(void **state)
{
    struct world *w = *state;
    record(w, MA, 1000, 0, false);
    assert_int_equal(held(w, MA, INT64_MAX), CLEARANCE_HELD);
}

static void the_newest_record_holds_and_removed_is_missing(void **state)
{
    struct world *w = *state;
    record(w, MA, 1000, 2000, false);
    record(w, MA, 1000, 3000, false);
    assert_int_equal(held(w, MA, 2500), CLEARANCE_HELD);
    record(w, MA, 1000, 3000, true);
    assert_int_equal(held(w, MA, 1500), CLEARANCE_MISSING);
    assert_int_equal(held(w, MA, 3500), CLEARANCE_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(from_is_included_and_until_is_not),
        WORLD_TEST(an_open_end_never_ends),
        WORLD_TEST(the_newest_record_holds_and_removed_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
