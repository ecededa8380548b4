/* Goal: keys with rights of their own do nothing beyond them, and what they send cannot stop the
 * controller or take another's place. Method: a whole controller without its shell, asked by keys
 * of tenants and by gates as a hostile program would. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

/* --- events that cannot be recorded --- */

/* Gives the holder a tenant that no passage can be counted for. */
static void spoil_holder(struct world *w, const char *person)
{
    struct fault fault = {0};
    struct handle handle;
    ProtobufCMessage *found = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_write(w->store, &txn, &fault), ERR_OK);
    assert_int_equal(store_get_message(txn, TABLE_HOLDER, BYTES_OF(handle.bytes),
                                       &parkgate__holder_record__descriptor, &found, &fault),
                     ERR_OK);
    Parkgate__HolderRecord changed = *(Parkgate__HolderRecord *)(void *)found;
    changed.tenant = (char *)(uintptr_t) "";
    assert_int_equal(
        store_put_message(txn, TABLE_HOLDER, BYTES_OF(handle.bytes), &changed.base, &fault),
        ERR_OK);
    store_message_destroy(&found);
    assert_int_equal(store_commit(&txn, &fault), ERR_OK);
}

static void an_event_that_cannot_be_recorded_is_kept_aside(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    uint32_t error = 0;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, NULL, li);
    spoil_holder(w, li);
    uint64_t read = gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    uint64_t passage = gate_passage(w, &gate, "a-out", read, PASSAGE_PASSED);
    uint64_t next = gate_badge(w, &gate, "a-out", "04999999");
    world_turn(w);
    assert_int_equal(answer_of(w, passage, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_BAD);
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, before), 1);
    assert_int_equal(faults_of(w, "event-refused", before), 1);
    assert_int_equal(answer_of(w, next, NULL), ANSWER_APPLIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_event_that_cannot_be_recorded_is_kept_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
